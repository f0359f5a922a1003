"""The bench file over HTTP: read and checked, by whom, and hostile texts; with the real program."""
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from harness import wait_for  # noqa: E402
from test_accounts import Client  # noqa: E402
from test_bench_file import FILE, Files, sha  # noqa: E402
from test_door import API  # noqa: E402


class Reading(Files):
    def test_read_and_check(self):
        self.begin("reads")
        maria = self.add("maria", "--role", "root")
        content = self.bench.file.read_text()
        self.assertEqual(self.good(maria, "GET", FILE), {"file": "bench.yaml", "sha256": sha(content), "text": content, "parts": []})
        for part in ("../../etc/passwd", "/etc/passwd", "nothing", "bench.yaml/../../x", "state/reads/accounts"):
            self.good(maria, "GET", f"{FILE}?part={part}", status=404)
        # The same, no better.
        answer = self.good(maria, "POST", FILE + "/check", {"text": content})
        self.assertEqual((answer["good"], answer["errors"], answer["diff"], answer["needs_reason"]), (True, [], "", False), answer)
        self.assertEqual(answer["changes"], {"new": [], "gone": [], "units": [], "programs": [], "weaker": [], "stronger": [], "changed": []})
        other = content.replace("T_furn > 650 degC", "T_furn > 690 degC").replace("channels:\n", "channels:\n  U_new: {calc: 3}\n", 1)
        answer = self.good(maria, "POST", FILE + "/check", {"text": other})
        self.assertTrue(answer["good"] and answer["needs_reason"], answer)
        self.assertEqual(answer["changes"]["new"], ["U_new"])
        self.assertIn("too_hot", answer["changes"]["weaker"][0])
        self.assertIn("\n+  U_new: {calc: 3}\n", answer["diff"])
        answer = self.good(maria, "POST", FILE + "/check", {"text": content + "\nnonsense: 3\n"})
        self.assertFalse(answer["good"])
        line = content.count("\n") + 2
        self.assertEqual([(e["file"], e["line"], e["column"], e["kind"]) for e in answer["errors"]], [("bench.yaml", line, 1, "error")], answer)
        self.assertIn("nonsense", answer["errors"][0]["text"])
        self.assertEqual(self.bench.file.read_text(), content)
        # Hostile ones are refused by the compiler, with what is wrong.
        bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{c}: &{c} [{','.join(['*' + p] * 9)}]\n" for p, c in zip("abcdefgh", "bcdefghi"))
        for hostile, said in (("bench: x\0\n", "NUL"), ("bench: [", ""), (bomb, ""), ("", ""), ("[" * 20000, ""), ("- " * 20000, ""),
                              ("bench: reads\nextends: /etc/shadow\n", ""), ("bench: reads\nextends: ../../../../dev/zero\n", "")):
            answer = self.good(maria, "POST", FILE + "/check", {"text": hostile})
            self.assertFalse(answer["good"], hostile[:40])
            self.assertTrue(answer["errors"], hostile[:40])
            self.assertIn(said, json.dumps(answer["errors"]))
        answer = self.good(maria, "POST", FILE + "/check", b'{"text": "bench: \xff\xfe"}')
        self.assertIn("UTF-8", json.dumps(answer["errors"]))
        # What the process that compiles may read is read for nobody from here: neither other folders nor other kinds of files.
        outside = pathlib.Path(tempfile.mkdtemp(prefix="mbc-test-"))
        self.addCleanup(shutil.rmtree, outside)
        (outside / "other.yaml").write_text("hidden_word: 1\n")
        (self.bench.folder / "notes.txt").write_text("hidden_word: 1\n")
        for name in (str(outside / "other.yaml"), "notes.txt", f"state/../../{outside.name}/other.yaml"):
            answer = self.good(maria, "POST", FILE + "/check", {"text": content.replace("\n", f"\nextends: {name}\n", 1)})
            self.assertFalse(answer["good"], name)
            self.assertNotIn("hidden_word", json.dumps(answer["errors"]))
            self.assertIn("over HTTP only those", json.dumps(answer["errors"]))
        (self.bench.folder / "notes.txt").unlink()
        big = "# " + "x" * 76 + "\n"
        answer = self.good(maria, "POST", FILE + "/check", {"text": content + big * ((4 << 20) // len(big) - 100)})
        self.assertTrue(answer["good"], str(answer["errors"])[:300])
        self.good(maria, "POST", FILE + "/check", {"text": big * ((4 << 20) // len(big) + 100)}, status=413)
        self.good(maria, "POST", FILE + "/check", b"{}", status=413, headers={"Content-Length": str(9 << 20)})
        for bad in (b"[]", b'{"text": 3}', b'{"text": "a", "text": "b"}', b'{"other": ""}', b'{"text": "\\ud800"}', b'{"text": "a"', b'{}', b''):
            self.good(maria, "POST", FILE + "/check", bad, status=400)
        self.assertEqual(self.rest(), ["bench.yaml"])

    def test_parts(self):
        self.begin("parts")
        maria = self.add("maria", "--role", "root")
        content = self.bench.file.read_text()
        (self.bench.folder / "more.yaml").write_text("channels: {Extra: {calc: 4}}\n")
        (self.bench.folder / "secret.txt").write_text("not for you\n")
        answer = self.put(maria, content.replace("\n", "\nextends: more.yaml\n", 1))
        self.assertEqual(answer["state"], "taken", answer)
        self.assertEqual(self.good(maria, "GET", FILE)["parts"], ["more.yaml"])
        part = self.good(maria, "GET", FILE + "?part=more.yaml")
        self.assertEqual((part["file"], part["text"]), ("more.yaml", "channels: {Extra: {calc: 4}}\n"))
        for name in ("secret.txt", "./more.yaml", "x/../more.yaml", "..", "", "more.yaml%00"):
            self.assertIn(self.ask(maria, "GET", f"{FILE}?part={name}")[0], (200,) if name == "" else (400, 404), name)

    def test_who_may_not(self):
        self.begin("mayn")
        maria = self.add("maria", "--role", "root")
        ada = self.add("ada", "--role", "admin")
        bob = self.add("bob", "--may", "read,operate")
        eve = self.add("eve", "--may", "read,configure", "--only", "T_*")
        carl = self.add("carl", "--may", "configure")
        token = self.mbc("token", "add", "lims").strip()
        nobody = Client(self.bench.port)
        content = self.bench.file.read_text()
        bearer = {"Authorization": f"Bearer {token}"}
        wait_for("the token is known", lambda: nobody.ask("GET", API + "/channels", headers=bearer)[0] == 200)
        body = {"text": content + "# mine\n", "sha256": sha(content)}
        for method, path, given in (("GET", FILE, None), ("GET", API + "/bench/versions", None), ("GET", API + "/bench/versions/1", None),
                                    ("GET", API + "/bench/versions/1/diff", None), ("POST", FILE + "/check", {"text": "a"}), ("PUT", FILE, body),
                                    ("POST", API + "/bench/undo", {"to": 1}), ("POST", API + "/bench/discard", {}),
                                    ("POST", API + "/bench/reason", {"reason": "x"}), ("GET", API + "/audit", None)):
            self.good(bob, method, path, given, status=403)
            self.good(eve, method, path, given, status=403)
            self.good(nobody, method, path, given, status=401)
            if given is None or len(json.dumps(given)) < 4000:
                self.good(nobody, method, path, given, status=403, headers=bearer)
        self.assertEqual(self.good(carl, "GET", FILE)["text"], content)
        self.good(carl, "GET", API + "/audit", status=403)  # for admin and root
        self.good(ada, "GET", API + "/audit")
        # A page of another origin cannot: neither the header nor JSON comes from a form.
        self.good(maria, "POST", FILE + "/check", {"text": "a"}, status=403, headers={"Origin": "http://evil.example"})
        # Nobody has a program started from here that the bench does not start already.
        program = content.replace("links: {", "links: {evil: {helper: [/bin/sh, -c, exit]}, ", 1)
        self.assertNotEqual(program, content)
        program = program.replace("instruments:\n", "instruments:\n  evil: {use: helper, link: evil, every: 1 s, channels: {x: {read: {channel: x, type: int}}}}\n", 1)
        answer = self.good(maria, "POST", FILE + "/check", {"text": program})
        self.assertEqual((answer["good"], (answer["changes"] or {}).get("programs")), (True, ["/bin/sh"]), answer["errors"])
        self.assertIn("program", self.put(maria, program, status=403)["detail"])
        # Who configures weakens nothing.
        weak = content.replace("T_furn > 650 degC", "T_furn > 690 degC")
        answer = self.put(ada, weak, status=403, reason="I like it")
        self.assertIn("protect", answer["detail"])
        self.assertEqual(self.bench.file.read_text(), content)
        refused = self.records(act="bench_put", result="refused", who="user:bob")
        self.assertTrue(refused, self.records())
        self.assertTrue(self.records(act="bench_put", result="asked", who="user:ada"))


if __name__ == "__main__":
    unittest.main()
