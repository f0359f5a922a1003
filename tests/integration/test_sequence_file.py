"""Sequences over HTTP: the text of one checked against the bench as it is typed, and written by who may; hostile texts and names, links; with the real program."""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from harness import wait_for  # noqa: E402
from test_accounts import Client  # noqa: E402
from test_bench_file import FILE, Files, sha  # noqa: E402
from test_door import API, DoorBench  # noqa: E402

CHECK = API + "/sequences/check"
GOOD = """# heats
sequence "Heat" version 2
needs T_furn
step 10 "Warm" entry always
  set T_furn = 100 degC  # a remark
  wait 1 s
end
on hold > 2 h -> step 10
"""
WITH = GOOD.replace("on hold", 'include "cool.seq"\non hold')
STEPS = 'step 90 "Cool" entry always\n  set T_furn = 0 degC\nend\n'


class Sequences(Files):
    def begin(self, name, **options):
        write = DoorBench.write
        self.addCleanup(setattr, DoorBench, "write", write)

        def write_with_sequences(bench, text):
            write(bench, text.replace("history: no\n", "history: no\nsequences: seqs\n"))
            bench.file.write_text(bench.file.read_text().replace("commands: [set", "commands: [sequence, set"))
            self.seqs = bench.file.parent / "seqs"
            self.seqs.mkdir(exist_ok=True)
            (self.seqs / "heat.seq").write_text(GOOD)
        DoorBench.write = write_with_sequences
        return super().begin(name, **options)

    def check(self, client, text, name="heat.seq", status=200, **more):
        return self.good(client, "POST", CHECK, {"text": text, "name": name}, status, **more)

    def save(self, client, text, part="seqs/heat.seq", was=None, status=200, **more):
        body = {"text": text}
        if was is not None:
            body["sha256"] = sha(was)
        return self.good(client, "PUT", f"{FILE}?part={part}", body, status, **more)

    def listed(self, client):
        return {s["name"]: s for s in self.good(client, "GET", API + "/sequences")["sequences"]}


class Checking(Sequences):
    def test_checked_against_the_bench(self):
        self.begin("seqcheck")
        maria = self.add("maria", "--role", "root")
        answer = self.check(maria, GOOD)
        self.assertEqual(answer["errors"], [])
        [step] = answer["tree"]["steps"]
        self.assertEqual((step["step"], step["first_line"], step["last_line"]), (10, 4, 7))
        self.assertEqual([(s["do"], s["first_line"]) for s in step["body"]], [("set", 5), ("wait", 6)])
        # What the bench does not have: the words can be read, so there is a tree.
        answer = self.check(maria, GOOD.replace("set T_furn", "set T_nothing"))
        [error] = [e for e in answer["errors"] if e["line"] == 5]
        self.assertEqual((error["column"], error["kind"]), (7, "error"), error)
        self.assertIn("T_nothing", error["text"])
        self.assertIsNotNone(answer["tree"])
        # What is no sequence: no tree, and where.
        answer = self.check(maria, GOOD.replace("wait 1 s", "wiat 1 s"))
        self.assertIsNone(answer["tree"])
        self.assertEqual([e["line"] for e in answer["errors"]], [6], answer["errors"])
        # Another name, none, and one that is a path: all are looked at beside the others.
        for name in ("new.seq", "", "../../etc/passwd", "my file (2).seq", "x" * 120, "/etc/passwd"):
            self.assertEqual(self.check(maria, GOOD, name)["errors"], [], name)
        self.assertEqual(self.good(maria, "POST", CHECK, {"text": GOOD})["errors"], [])
        self.assertEqual(sorted(p.name for p in self.seqs.iterdir()), ["heat.seq"])
        # Steps alone are no sequence, and no mistake.
        self.assertEqual(self.check(maria, STEPS, "cool.seq")["errors"], [])
        # What it includes is found beside it; what is wrong there is told with its place.
        (self.seqs / "cool.seq").write_text(STEPS)
        self.assertEqual(self.check(maria, WITH)["errors"], [])
        (self.seqs / "cool.seq").write_text(STEPS.replace("set", "sett"))
        [error] = self.check(maria, WITH)["errors"]
        self.assertEqual((error["line"], error["column"]), (1, 1))
        self.assertRegex(error["text"], r"^seqs/cool\.seq:2: ")

    def test_hostile(self):
        self.begin("seqbad")
        maria = self.add("maria", "--role", "root")
        outside = pathlib.Path(tempfile.mkdtemp(prefix="mbc-test-"))
        self.addCleanup(shutil.rmtree, outside)
        (outside / "other.seq").write_text("hidden_word\n")
        for text in ("", "\0", "((((" * 20000, 'sequence "x"\n' + "step 1 \"a\"\nif T_furn > 1 then\n" * 3000, "#" * 200000, '"' * 5000,
                     WITH.replace("cool.seq", f"{outside}/other.seq"), WITH.replace("cool.seq", "heat.seq"), WITH.replace("cool.seq", "../bench.yaml"), "é" * 100, "\ufeff" + GOOD):
            answer = self.check(maria, text)
            self.assertIsInstance(answer["errors"], list, text[:40])
            self.assertNotIn("hidden_word", json.dumps(answer))
        answer = self.good(maria, "POST", CHECK, b'{"text": "sequence \xff"}')
        self.assertIsNone(answer["tree"])
        self.assertTrue(answer["errors"])
        long = GOOD + "# a line\n" * ((250 << 10) // 9)
        self.assertEqual(self.check(maria, long)["errors"], [])
        self.check(maria, GOOD + "# a line\n" * ((257 << 10) // 9), status=413)
        self.good(maria, "POST", CHECK, b"{}", status=413, headers={"Content-Length": str(1 << 20)})
        for bad in (b"[]", b'{"text": 3}', b'{"name": "x.seq"}', b'{"text": "a", "sha256": "b"}', b'{"text": "a", "reason": "b"}', b'{"text": "a", "name": "\\u0000"}', b""):
            self.good(maria, "POST", CHECK, bad, status=400)

    def test_who_may(self):
        self.begin("seqmay")
        maria = self.add("maria", "--role", "root")
        bob = self.add("bob", "--may", "read,operate")
        carl = self.add("carl", "--may", "read,configure")
        eve = self.add("eve", "--may", "read")
        nobody = Client(self.bench.port)
        token = {"Authorization": "Bearer " + self.mbc("token", "add", "lims").strip()}
        wait_for("the token is known", lambda: nobody.ask("GET", API + "/channels", headers=token)[0] == 200)
        for client in (maria, bob, carl):
            self.assertEqual(self.check(client, GOOD)["errors"], [])
        self.assertEqual(self.check(nobody, GOOD, headers=token)["errors"], [])
        self.check(eve, GOOD, status=403)
        self.check(nobody, GOOD, status=401)
        self.good(maria, "POST", CHECK, {"text": GOOD}, status=403, headers={"Origin": "http://evil.example"})
        # Long ones are taken from who may alone.
        long = GOOD + "# a line\n" * 10000
        self.assertEqual(self.check(bob, long)["errors"], [])
        self.check(eve, long, status=413)
        # Who may not read the bench file learns nothing of it by including it.
        for client, is_told in ((carl, True), (bob, False)):
            told = json.dumps(self.check(client, WITH.replace("cool.seq", "../bench.yaml"))["errors"])
            self.assertIn("bench.yaml", told)
            self.assertEqual("who may configure" not in told, is_told, told)
        # Saving takes the grant to configure, and no token has it.
        for client, more in ((bob, {}), (eve, {}), (nobody, {"headers": token})):
            self.save(client, GOOD + "# x\n", was=GOOD, status=403, **more)
        self.save(nobody, GOOD + "# x\n", was=GOOD, status=401)
        self.assertEqual((self.seqs / "heat.seq").read_text(), GOOD)
        self.assertTrue(self.records(act="sequence_check", result="refused"))
        self.assertTrue(self.records(act="sequence_put", result="refused", who="user:bob"))


class Saving(Sequences):
    def test_written_and_taken_up(self):
        self.begin("seqput")
        carl = self.add("carl", "--may", "read,configure")
        second = GOOD.replace('"Heat" version 2', '"Heat more" version 3')
        answer = self.save(carl, second, was=GOOD)
        self.assertEqual((answer["state"], answer["sha256"], answer["written"]), ("taken", sha(second), 1), answer)
        self.assertEqual((self.seqs / "heat.seq").read_text(), second)
        wait_for("it is taken up", lambda: self.listed(carl)["heat"]["version"] == 3)
        # Somebody else was faster.
        answer = self.save(carl, GOOD, was=GOOD, status=409)
        self.assertIn("another one by now", answer["detail"])
        # One with errors is not written.
        answer = self.save(carl, second.replace("set T_furn", "set T_nothing"), was=second, status=422)
        self.assertEqual((answer["type"], answer["errors"][0]["file"], answer["errors"][0]["line"]), ("urn:mbc:problem:bench-file-errors", "seqs/heat.seq", 5))
        self.assertEqual((self.seqs / "heat.seq").read_text(), second)
        # A new one, of a name that is free.
        self.assertEqual(self.save(carl, GOOD, "seqs/heat-2_new.seq")["state"], "taken")
        wait_for("the new one is there", lambda: "heat-2_new" in self.listed(carl))
        self.assertIn("already", self.save(carl, GOOD, "seqs/heat-2_new.seq", status=409)["detail"])
        self.assertIn("not there", self.save(carl, GOOD, "seqs/other.seq", was=GOOD, status=409)["detail"])
        part = self.good(carl, "GET", f"{FILE}?part=seqs/heat-2_new.seq")
        self.assertEqual((part["text"], part["sha256"]), (GOOD, sha(GOOD)))
        # It is a version like any other, and can be undone.
        versions = self.versions(carl)
        self.assertEqual(versions[0]["who"], "user:carl")
        self.assertIn(GOOD, [f["text"] for f in self.good(carl, "GET", f"{API}/bench/versions/1")["files"]])
        acts = [r["act"] for r in self.records(who="user:carl")]
        self.assertIn("sequence_put", acts)
        self.assertIn("sequence_written", acts)
        self.assertEqual(sorted(p.name for p in self.seqs.iterdir()), ["heat-2_new.seq", "heat.seq"])

    def test_without_a_good_one(self):
        """A bench none of whose sequences can be used: they are mended from here; one without any has no place for them."""
        self.begin("seqmend")
        maria = self.add("maria", "--role", "root")
        broken = GOOD.replace("wait", "wiat")
        (self.seqs / "heat.seq").write_text(broken)
        self.mbc("reload")
        self.assertEqual(self.listed(maria), {})
        self.assertEqual(self.check(maria, GOOD)["errors"], [])
        for part in ("bench.yaml", "heat.seq", "other/x.seq", "../x.seq", "seqs/a b.seq"):
            self.assertIn(self.ask(maria, "PUT", f"{FILE}?part={part.replace(' ', '%20')}", {"text": GOOD})[0], (404, 409), part)
        self.assertEqual(self.save(maria, GOOD, was=broken)["state"], "taken")
        wait_for("it is there", lambda: "heat" in self.listed(maria))
        (self.seqs / "heat.seq").unlink()
        self.mbc("reload")
        self.assertIn("first one at this computer", self.save(maria, GOOD, status=409)["detail"])
        self.assertEqual(list(self.seqs.iterdir()), [])

    def test_places_that_are_not_written(self):
        self.begin("seqplace")
        maria = self.add("maria", "--role", "root")
        before = {p: p.read_text() for p in (self.bench.file, self.seqs / "heat.seq")}
        for part in ("bench.yaml", "heat.seq", "../seqs/heat.seq", "seqs/../heat.seq", "seqs/../../x.seq", "/etc/x.seq", "seqs/sub/x.seq", "seqs/.x.seq", "seqs/x.yaml",
                     "seqs/%00.seq", "seqs/a%20b.seq", "seqs/" + "x" * 70 + ".seq", "seqs/.seq", "other/x.seq", "./seqs/x.seq", str(self.seqs / "x.seq")):
            self.assertIn(self.ask(maria, "PUT", f"{FILE}?part={part}", {"text": GOOD})[0], (400, 404), part)
        self.assertEqual({p: p.read_text() for p in before}, before)
        self.assertEqual([p.name for p in self.seqs.iterdir()], ["heat.seq"])
        victim = self.bench.folder / "victim.seq"
        victim.write_text("untouched\n")
        (self.seqs / "link.seq").symlink_to(victim)
        self.assertIn("link", self.save(maria, GOOD, "seqs/link.seq", was="untouched\n", status=409)["detail"])
        (self.seqs / "heat.seq.part").symlink_to(victim)  # where it is written beside
        self.assertEqual(self.save(maria, GOOD + "# x\n", was=GOOD)["state"], "taken")
        self.assertEqual(victim.read_text(), "untouched\n")
        real = self.bench.folder / "real"
        self.seqs.rename(real)
        self.seqs.symlink_to(real)
        self.assertIn("link", self.save(maria, GOOD, was=GOOD + "# x\n", status=409)["detail"])
        self.assertEqual((real / "heat.seq").read_text(), GOOD + "# x\n")
        self.seqs.unlink()
        real.rename(self.seqs)
        if os.geteuid() != 0:
            self.seqs.chmod(0o500)
            self.addCleanup(self.seqs.chmod, 0o700)
            self.assertIn("nothing is changed", self.save(maria, GOOD, was=GOOD + "# x\n", status=409)["detail"])
        self.good(maria, "PUT", f"{FILE}?part=seqs/heat.seq", {"text": GOOD, "sha256": "x"}, status=400)
        self.good(maria, "PUT", f"{FILE}?part=seqs/heat.seq", {"text": GOOD, "name": "x.seq"}, status=400)


if __name__ == "__main__":
    unittest.main()
