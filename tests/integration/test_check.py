"""`mbc check`, `mbc schema` and the command line without a bench: messages with place and remedy, exit codes 0, 1, 2."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import jsonschema
import yaml

from harness import BUILD, MBC, PATIENCE_S

GOOD = """bench: good-1
title: A bench
links: {io: {tcp: "127.0.0.1:502"}}
instruments:
  dev:
    use: modbus
    link: io
    every: 200 ms
    channels:
      a: {read: {holding: 3, type: uint16}, unit: degC}
channels:
  T: {read: dev.a}
  twice: {calc: T + 5 K, unit: degC}
serve: {listen: "127.0.0.1:0"}
"""

WRONG = {  # what is changed in GOOD: (from, to, line that must be named, words that must be there)
    "unknown key": ("    every: 200 ms", "    evry: 200 ms", 8, ["evry", "every"]),
    "unknown codec": ("use: modbus", "use: modbuss", 6, ["modbuss"]),
    "unknown link": ("link: io", "link: iop", 7, ["iop"]),
    "unknown channel": ("read: dev.a}", "read: dev.b}", 12, ["dev.b"]),
    "unknown type": ("type: uint16", "type: uint17", 10, ["uint17"]),
    "wrong unit": ("unit: degC}\nchannels", "unit: degQ}\nchannels", 10, ["degQ"]),
    "unit that does not fit": ("T: {read: dev.a}", "T: {read: dev.a, unit: bar}", 12, ["bar"]),
    "point plus point": ("calc: T + 5 K", "calc: T + 5 degC", 13, ["K"]),
    "cycle": ("calc: T + 5 K", "calc: twice + 5 K", 13, ["twice"]),
    "split expression": ("calc: T + 5 K", "calc: max(T, twice)", 13, ['"max(T, twice)"']),
    "duplicate name": ("  T: {read: dev.a}", "  T: {read: dev.a}\n  T: {read: dev.a}", 13, ["T", "12"]),
    "not available yet": ("serve:", "share: x\nserve:", 14, ["not available yet"]),
    "no folder of sequences": ("serve:", "sequences: x/\nserve:", 14, ["make the folder"]),
    "not on loopback": ("127.0.0.1:0", "0.0.0.0:80", 14, ["127.0.0.1"]),
    "number for a duration": ("every: 200 ms", "every: 200", 8, ["ms"]),
    "Modicon number": ("holding: 3", "holding: 400108", 10, ["107"]),
    "anchor": ("title: A bench", "title: &x A bench", 2, ["anchor"]),
    "syntax": ("title: A bench", "title: A: bench", 2, []),
}


def mbc(*words, **options):
    return subprocess.run([str(MBC), *map(str, words)], capture_output=True, text=True, timeout=PATIENCE_S, **options)


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        self.file = self.folder / "bench.yaml"

    def check(self, text, *options):
        if isinstance(text, bytes):
            self.file.write_bytes(text)
        else:
            self.file.write_text(text)
        return mbc("check", *options, self.file)

    def test_good_file(self):
        done = self.check(GOOD)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("good-1", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_each_error_names_its_place(self):
        for name, (old, new, line, words) in WRONG.items():
            with self.subTest(name):
                self.assertIn(old, GOOD)
                done = self.check(GOOD.replace(old, new, 1))
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertRegex(done.stderr, rf"bench\.yaml:{line}:\d+: error: .+")
                for word in words:
                    self.assertIn(word, done.stderr)

    def test_all_errors_at_once(self):
        done = self.check(GOOD.replace("use: modbus", "use: nope").replace("read: dev.a", "read: dev.zz"))
        self.assertGreaterEqual(done.stderr.count(": error: "), 2)

    def test_rubbish(self):
        for name, rubbish in {"bytes": os.urandom(4096), "NUL": b"bench: a\0b\n", "empty": b"", "not UTF-8": b"bench: \xff\xfe\n",
                              "deep": b"a: " + b"[" * 5000, "directive": b"%YAML 1.2\n---\nbench: a\n",
                              "too large": b"# " + b"x" * (5 << 20)}.items():
            with self.subTest(name):
                began = time.monotonic()
                done = self.check(rubbish)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("error", done.stderr)
                self.assertLess(time.monotonic() - began, 4)

    def test_no_such_file(self):
        done = mbc("check", self.folder / "none.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.yaml", done.stderr)

    def test_merged_checks_and_gives_itself(self):
        (self.folder / "base.yaml").write_text(GOOD.replace("bench: good-1\n", ""))
        done = self.check("bench: rig-7\nextends: base.yaml\ninstruments: {dev: {every: 1 s}}\n", "--merged")
        self.assertEqual(done.returncode, 0, done.stderr)
        merged = yaml.safe_load(done.stdout)
        self.assertEqual(merged["bench"], "rig-7")
        self.assertEqual(merged["instruments"]["dev"]["every"], "1 s")
        self.assertEqual(merged["instruments"]["dev"]["link"], "io")
        again = self.check(done.stdout, "--merged")
        self.assertEqual(again.stdout, done.stdout)

    def test_schema_accepts_the_good_and_refuses_the_wrong(self):
        schema = json.loads(mbc("schema").stdout)
        jsonschema.validators.validator_for(schema).check_schema(schema)
        jsonschema.validate(yaml.safe_load(GOOD), schema)
        for old, new in (("every:", "evry:"), ("bench: good-1", "bench: [1]")):
            with self.subTest(new), self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate(yaml.safe_load(GOOD.replace(old, new)), schema)

    def test_ten_thousand_channels(self):
        lines = "".join(f"      c{n}: {{read: {{holding: {n}}}}}\n" for n in range(10000))
        done = self.check(GOOD.replace("channels:\n  T:", lines + "channels:\n  T:"))
        self.assertEqual(done.returncode, 0, done.stderr[:2000])


class Rooms(unittest.TestCase):
    """A process links only what its room needs: what it does not link cannot stall it or be attacked in it."""

    SYSTEM = {"libc", "libm", "libgcc_s", "ld-linux-x86-64", "ld-linux-aarch64", "ld-linux-armhf", "libasan", "libubsan"}
    LINKED = {"mbc": {"libargon2"}, "mbc-hash": {"libargon2", "libseccomp"}, "mbc-gate": {"libseccomp"}, "mbc-supervise": {"libseccomp"}, "mbc-control": {"libseccomp"}, "mbc-twin": {"libseccomp"}, "mbc-rehearse": {"libseccomp"}, "mbc-errand": {"libseccomp"}, "mbc-alert": {"libcurl", "libjansson", "libseccomp"},
              "mbc-serve": {"libmicrohttpd", "libgnutls", "libseccomp"}, "mbc-public": {"libmicrohttpd", "libgnutls", "libseccomp"}, "mbc-certificate": {"libgnutls", "libseccomp"}, "mbc-top": {"libncursesw", "libtinfo"}, "mbc-curl": {"libcurl", "libjansson", "libseccomp"}, "mbc-compile": {"libfyaml", "libudunits2", "libseccomp"}}

    def test_libraries(self):
        for program, expected in self.LINKED.items():
            with self.subTest(program):
                shown = subprocess.run(["readelf", "-d", BUILD / program], capture_output=True, text=True, check=True).stdout
                linked = {name.partition(".so")[0] for name in re.findall(r"NEEDED.*\[(.*)\]", shown)}
                self.assertIn("libc", linked)
                if "libasan" in linked:  # a sanitizer needs calls that the filter forbids: it is left out
                    expected = expected - {"libseccomp"}
                self.assertEqual(linked - self.SYSTEM, expected)


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-"))
        self.environment = dict(os.environ, MBC_RUN_DIR=folder, MBC_STATE_DIR=folder)

    def test_help_teaches(self):
        done = mbc("--help")
        self.assertEqual(done.returncode, 0)
        for command in ("run", "stop", "check", "twin", "demo", "rehearse", "get", "watch", "top", "trace", "schema", "doctor"):
            with self.subTest(command):
                self.assertIn(command, done.stdout)
                of_command = mbc(command, "--help")
                self.assertEqual(of_command.returncode, 0, of_command.stderr)
                self.assertIn(f"mbc {command}", of_command.stdout)

    def test_unknown_command(self):
        done = mbc("runn", "x")
        self.assertEqual(done.returncode, 1)
        self.assertIn("run", done.stderr)

    def test_no_bench_runs(self):
        for words in (["get"], ["stop"], ["watch"], ["top"], ["top", "none"], ["trace", "dev"]):
            with self.subTest(words[0]):
                done = mbc(*words, env=self.environment)
                self.assertIn(done.returncode, (1, 2))
                self.assertIn("mbc run", done.stderr)


if __name__ == "__main__":
    unittest.main()
