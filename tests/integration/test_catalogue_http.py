"""The catalogue over HTTP: who may read it, its own folder first, hostile names and files; with the real program."""
import json
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from harness import BUILD  # noqa: E402
from test_bench_file import Files  # noqa: E402
from test_door import API  # noqa: E402

CATALOGUE = API + "/catalogue"
OWN = """instrument: {name}
title: {{en: A pump of ours, fr: Une pompe à nous}}
protocol: modbus
line: {{tcp: 502}}
unproven: a test
params:
  speed: {{type: int, range: [1, 9], title: {{en: its speed, fr: sa vitesse}}}}
channels:
  x: {{read: {{holding: "${{speed}}"}}, unit: bar}}
"""


class Catalogue(Files):
    def test_all_and_one(self):
        self.begin("catalogue")
        own = self.bench.file.parent / "instruments"
        own.mkdir()
        (own / "our-pump.yaml").write_text(OWN.format(name="our-pump"))
        (own / "bronkhorst-elflow.yaml").write_text(OWN.format(name="bronkhorst-elflow"))
        (own / "broken.yaml").write_text("instrument: broken\nprotocol: modbus\nchannels: 7\n")
        (own / "no-yaml.yaml").write_bytes(b"\x00\xff{{{")
        maria = self.add("maria", "--role", "root")
        found = {i["name"]: i for i in self.good(maria, "GET", CATALOGUE)["instruments"]}
        self.assertGreater(len(found), 60)
        self.assertTrue(found["our-pump"]["own"])
        self.assertTrue(found["bronkhorst-elflow"]["own"], "the folder of the bench goes first")
        self.assertFalse(found["alicat-m"]["own"])
        param = found["our-pump"]["params"][0]
        self.assertEqual((param["name"], param["type"], param["min"], param["max"], param["needed"], param["title"]["fr"]), ("speed", "int", 1, 9, True, "sa vitesse"))
        self.assertIn("tcp", found["our-pump"]["wires"])
        one = self.good(maria, "GET", CATALOGUE + "/alicat-m")
        self.assertTrue(one["channels"])
        self.good(maria, "GET", CATALOGUE + "/broken", status=422)
        for name in ("nothing", "..%2F..%2Fetc%2Fpasswd", "%2e%2e", "no-yaml.yaml", "x" * 300, "a%0ab", "--help"):
            status, answer = self.ask(maria, "GET", CATALOGUE + "/" + name)
            self.assertIn(status, (400, 404), (name, answer))

    def test_each_file_of_the_catalogue(self):
        """As the errand asks for it, without a bench: one that has an answer in the list has one by itself."""
        def describe(*words):
            with tempfile.TemporaryFile() as out:
                code = subprocess.run([BUILD / "mbc-compile", "--out-fd", str(out.fileno()), "--describe", "/nowhere", *words], pass_fds=[out.fileno()], timeout=120).returncode
                out.seek(0)
                self.assertEqual(code, 0, (words, out.read()))
                out.seek(0)
                return json.load(out)
        for kind in describe()["instruments"]:
            one = describe(kind["name"])
            self.assertEqual({key: one[key] for key in kind}, kind)
            self.assertTrue(one["wires"] and one["channels"], kind["name"])

    def test_who_may(self):
        self.begin("catalogue_may")
        self.add("maria", "--role", "root")
        olga = self.add("olga")
        for path in (CATALOGUE, CATALOGUE + "/alicat-m"):
            self.assertEqual(self.ask(olga, "GET", path)[0], 403, path)


if __name__ == "__main__":
    unittest.main()
