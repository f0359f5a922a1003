"""Runs begun, ended and noted over HTTP: who may, hostile texts, repeats, and the recorder that dies, hangs, is not there, or has no room."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

sys.dont_write_bytecode = True

import jsonschema  # noqa: E402
from harness import PATIENCE_S, wait_for  # noqa: E402
from test_accounts import DESCRIPTION, PIN, Client, People  # noqa: E402
from test_door import API, DoorBench  # noqa: E402

RECORD = """history: {commit: 200 ms, leave_free: 0 MB}
record: {fields: {sample: {title: {en: Sample, fr: Échantillon}, needed: yes}, operator: {}}}"""


class Notes(People):
    record = RECORD

    def setUp(self):
        write = DoorBench.write
        self.addCleanup(setattr, DoorBench, "write", write)
        DoorBench.write = lambda bench, text: write(bench, text.replace("history: no", self.record))

    def ask(self, client, path, body, headers=None):
        """One that asks too often in a short time asks again."""
        def attempt():
            answer = client.ask("POST", API + path, body, headers)
            return answer if not (answer[0] == 503 and "in a short time" in json.dumps(answer[1])) else None
        return wait_for(path, attempt, pause=0.3)

    def done(self, client, path, body):
        """While the recorder is being started (again), the same is asked again: with an id it is done once."""
        def attempt():
            status, told = self.ask(client, path, body)
            return (status, told) if status not in (503, 504) else None
        status, told = wait_for(path, attempt, pause=0.2)
        self.assertEqual(status, 200, told)
        jsonschema.Draft202012Validator(DESCRIPTION["components"]["schemas"]["RunDone"]).validate(told)
        return told

    def refused(self, answer, status, word=""):
        self.assertEqual(answer[0], status, answer)
        self.assertIn(word, answer[1]["detail"])
        return answer[1]

    def notes(self, run):
        return [n["text"] for n in json.loads(self.mbc("record", "show", str(run), "--json"))["notes"]]

    def events(self, kind):
        return [json.loads(line) for line in self.mbc("log", "--json", "--kind", kind).splitlines()]

    def recorder(self):
        return wait_for("a recorder", lambda: self.bench.pids().get("history"))


class Runs(Notes):
    def test_begun_noted_and_ended(self):
        self.begin("noted")
        anna = self.add("anna", "--may", "read,operate")
        self.refused(self.ask(anna, "/record/start", {"title": "x"}), 409, "sample")
        self.refused(self.ask(anna, "/record/start", {"fields": {"sampel": "Pt"}}), 409, "did you mean 'sample'?")
        self.refused(self.ask(anna, "/record/stop", {}), 409, "no run is open")
        self.refused(self.ask(anna, "/runs/1/notes", {"text": "x"}), 404, "no run 1")
        told = self.done(anna, "/record/start", {"id": "begin", "title": "ageing é", "fields": {"sample": "Pt-12", "operator": 7}})
        self.assertEqual(told, {"run": 1, "title": "ageing é"})
        self.assertEqual(self.done(anna, "/record/start", {"id": "begin", "title": "ageing é", "fields": {"sample": "Pt-12", "operator": 7}}), told)  # once
        self.refused(self.ask(anna, "/record/start", {"id": "begin", "title": "another", "fields": {"sample": "x"}}), 409, "another run")
        self.refused(self.ask(anna, "/record/start", {"fields": {"sample": "x"}}), 409, "is open")
        long = "é" * 500
        self.assertEqual(self.done(anna, "/runs/1/notes", {"text": "new \"gas\" bottle, 2 <b>&amp;"})["run"], 1)
        self.done(anna, "/runs/1/notes", {"id": "n", "text": long})
        self.done(anna, "/runs/1/notes", {"id": "n", "text": long})
        self.refused(self.ask(anna, "/runs/1/notes", {"id": "n", "text": "something else"}), 409, "another note")
        self.done(anna, "/record/stop", {"id": "end"})
        self.done(anna, "/record/stop", {"id": "end"})
        # One that has ended.
        self.done(anna, "/runs/1/notes", {"text": "the bottle was empty"})
        self.refused(self.ask(anna, "/runs/2/notes", {"text": "x"}), 404, "no run 2")
        texts = ["new \"gas\" bottle, 2 <b>&amp;", long, "the bottle was empty"]
        self.assertEqual(self.notes(1), texts)
        status, run = anna.ask("GET", API + "/runs/1")
        self.assertEqual((status, [n["text"] for n in run["notes"]], {n["who"] for n in run["notes"]}), (200, texts, {"user:anna"}))
        self.assertEqual((run["fields"], run["started_by"], run["stopped_by"]), ({"sample": "Pt-12", "operator": "7"}, "user:anna", "user:anna"))
        # An event each, which is a mark on the plots; once.
        told = wait_for("events", lambda: (e := self.events("record_note")) if len(self.events("record_note")) >= 3 else None)
        self.assertEqual([(e["subject"], e["principal"]) for e in told], [("1", "user:anna")] * 3)
        self.assertEqual([len(self.events(kind)) for kind in ("record_started", "record_stopped")], [1, 1])
        # On record before it was done, with what was refused.
        self.assertTrue(self.records(act="run_start", subject="ageing é", who="user:anna", result="asked"))
        self.assertTrue(self.records(act="run_stop", who="user:anna", result="asked"))
        self.assertTrue([r for r in self.records(act="run_note", subject="1", who="user:anna", result="asked") if r["text"] == texts[2]])
        self.mbc("audit", "verify")
        # As from the command line, beside it.
        self.mbc("record", "start", "--set", "sample=2")
        self.assertEqual(self.done(anna, "/runs/2/notes", {"text": "of both"})["run"], 2)
        self.mbc("record", "note", "from here")
        self.mbc("record", "stop")
        self.assertEqual(self.notes(2), ["of both", "from here"])

    def test_hostile_texts(self):
        self.begin("hostile")
        anna = self.add("anna", "--may", "read,operate")
        self.done(anna, "/record/start", {"fields": {"sample": "x"}})
        for bad in ("", " ", "a\nb", "\x00", "a\x1b[31m", "\x7f", "x" * 1001, "é" * 501, 7, None, True, ["x"], {"a": "b"}):
            self.assertEqual((bad, self.ask(anna, "/runs/1/notes", {"text": bad})[0]), (bad, 400))
        for bad in (b'{"text": "\xff"}', b'{"text": "\xed\xa0\x80"}', b'{"text": "\\ud800"}', b'{"text": "\\u0000"}', b'{"text": "\\n"}', b"[]", b'{"text": "x"', b'{"text": "a", "text": "b"}',
                    b'{"text": "x", "run": 1}', b""):
            self.assertEqual((bad, self.ask(anna, "/runs/1/notes", bad)[0]), (bad, 400))
        self.assertEqual(self.ask(anna, "/runs/1/notes", {"text": "x", "id": "a b"})[0], 400)
        self.assertEqual(self.ask(anna, "/runs/1/notes", {"text": "x", "id": "a" * 41})[0], 400)
        self.assertEqual(self.ask(anna, "/runs/1/notes", b'{"text": "' + b"x" * 5000 + b'"}')[0], 413)
        self.assertEqual(self.ask(anna, "/runs/1/notes", "text=x", {"Content-Type": "application/x-www-form-urlencoded"})[0], 415)
        for run in ("0", "-1", "1.0", "x", "1e1", "4294967296", "99999999999999999999", "1%2f..", "1%00"):
            self.assertEqual((run, self.ask(anna, f"/runs/{run}/notes", {"text": "x"})[0] in (400, 404)), (run, True))
        for bad in ({"title": "a\nb"}, {"title": "x" * 201}, {"fields": {"a=b": "x"}}, {"fields": {"sample": "a\nb"}}, {"fields": {"sample": ["x"]}}, {"fields": "x"}, {"note": "x"},
                    {"fields": {f"f{n}": "x" for n in range(40)}}, {"fields": {f"f{n}": "x" * 150 for n in range(20)}}):
            self.assertEqual((bad, self.ask(anna, "/record/start", bad)[0]), (bad, 400))
        self.assertEqual(self.ask(anna, "/record/stop", {"title": "x"})[0], 400)
        for path in ("/runs/1/notes", "/record/start", "/record/stop"):
            status, _ = anna.ask("GET", API + path)
            self.assertEqual((path, status), (path, 404))
            self.assertEqual(anna.ask("PUT", API + path, {})[0], 405)
        # Another one's page, which has no proof; shown as text in what it becomes.
        self.assertEqual(self.ask(anna, "/runs/1/notes", {"text": "x"}, {"X-Mbc": None})[0], 403)
        self.assertEqual(self.ask(anna, "/runs/1/notes", {"text": "x"}, {"Origin": "http://evil.example"})[0], 403)
        self.assertEqual(self.notes(1), [])
        text = "<script>alert(1)</script> '); DROP TABLE note; -- =1+1 \u202e \U0001f525"
        self.done(anna, "/runs/1/notes", {"text": text})
        self.assertEqual(self.notes(1), [text])

    def test_who_may(self):
        self.begin("rights")
        anna = self.add("anna", "--may", "read,operate")
        bert = self.add("bert", "--may", "read,operate")
        reader = self.add("reader", "--may", "read")
        self.user("add", "--may", "read", "part")
        self.user("grant", "--may", "operate", "--only", "T_*", "part")
        part = self.client("part")
        token = self.mbc("token", "add", "lims").strip()
        program, nobody = Client(self.bench.port), Client(self.bench.port)
        bearer = {"Authorization": f"Bearer {token}", "X-Mbc": None}
        wait_for("the token is known", lambda: program.ask("GET", API + "/channels", headers=bearer)[0] == 200)
        self.done(anna, "/record/start", {"fields": {"sample": "x"}})
        for path in ("/runs/1/notes", "/record/start", "/record/stop"):
            body = {"text": "x"} if "notes" in path else {}
            self.refused(self.ask(reader, path, body), 403, "'operate'")
            self.refused(self.ask(part, path, body), 403, "for all channels")
            self.refused(self.ask(program, path, body, bearer), 403, "signed in")
            self.assertEqual(self.ask(nobody, path, body)[0], 401)
        # Who holds the bench says when it is recorded; what was seen may be written down by whoever operates.
        self.assertEqual(self.ask(anna, "/hold", {"take": True})[0], 200)
        self.refused(self.ask(bert, "/record/stop", {}), 409, "anna")
        self.done(bert, "/runs/1/notes", {"text": "a noise"})
        self.done(anna, "/record/stop", {})
        self.refused(self.ask(bert, "/record/start", {"fields": {"sample": "x"}}), 409, "anna")
        # At a kiosk nobody does, until somebody acts there.
        self.user("add", "--kiosk", "board")
        self.user("pin", "anna", password=PIN)
        board = self.client("board")
        self.refused(self.ask(board, "/runs/1/notes", {"text": "x"}), 403)
        wait_for("anna acts there", lambda: board.ask("POST", API + "/session", {"name": "anna", "pin": PIN})[0] == 200, pause=0.3)
        self.done(board, "/runs/1/notes", {"text": "with gloves"})
        self.assertEqual(self.notes(1), ["a noise", "with gloves"])
        self.user("revoke", "bert")
        wait_for("bert may no more", lambda: self.ask(bert, "/runs/1/notes", {"text": "late"})[0] in (401, 403))
        self.assertEqual(self.records(act="run_note", who="user:reader", result="refused")[0]["subject"], "1")


class Faults(Notes):
    def test_recorder_killed_in_between(self):
        """Whenever it dies: done is said of what is kept; else the same id, asked again, ends in one note and one event."""
        self.begin("killed")
        anna = self.add("anna", "--may", "read,operate")
        self.done(anna, "/record/start", {"fields": {"sample": "x"}})
        said = []
        for number in range(6):
            pid = self.recorder()
            asking = threading.Thread(target=lambda n=number: said.append(self.ask(anna, "/runs/1/notes", {"id": f"k{n}", "text": f"note {n}"})[0]))
            asking.start()
            if number % 2 == 1:
                asking.join(0.004 * number)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            asking.join(PATIENCE_S)
            self.assertIn(said[-1], (200, 503, 504), number)
            kept = self.notes(1)
            if said[-1] == 200:
                self.assertIn(f"note {number}", kept)
            self.done(anna, "/runs/1/notes", {"id": f"k{number}", "text": f"note {number}"})
        self.assertEqual(self.notes(1), [f"note {n}" for n in range(6)])
        wait_for("an event each", lambda: len(self.events("record_note")) == 6)

    def test_recorder_hangs(self):
        self.begin("hangs")
        anna = self.add("anna", "--may", "read,operate")
        self.done(anna, "/record/start", {"fields": {"sample": "x"}})
        pid = self.recorder()
        os.kill(pid, signal.SIGSTOP)
        try:
            problem = self.refused(self.ask(anna, "/runs/1/notes", {"id": "h", "text": "held up"}), 504, "same id")
            self.assertEqual(problem["type"], "urn:mbc:problem:unknown")
            # As many may wait as there are places; the others hear so, and the bench goes on.
            clients = [self.client("anna") for _ in range(10)]
            answers = []
            threads = [threading.Thread(target=lambda c=c, n=n: answers.append(self.ask(c, "/runs/1/notes", {"id": f"w{n}", "text": "w"})[0])) for n, c in enumerate(clients)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE_S)
            self.assertEqual(set(answers) | {503, 504}, {503, 504})
            self.set_value(100)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.done(anna, "/runs/1/notes", {"id": "h", "text": "held up"})
        self.assertEqual(self.notes(1).count("held up"), 1)

    def test_gate_and_supervisor_die(self):
        self.begin("headless")
        anna = self.add("anna", "--may", "read,operate")
        self.done(anna, "/record/start", {"fields": {"sample": "x"}})
        gate = self.bench.pids()["gate"]
        os.kill(gate, signal.SIGSTOP)
        said = []
        asking = threading.Thread(target=lambda: said.append(self.ask(anna, "/runs/1/notes", {"id": "g", "text": "through the gate"})[0]))
        asking.start()
        asking.join(0.3)
        os.kill(gate, signal.SIGKILL)
        asking.join(PATIENCE_S)
        self.assertIn(said[-1], (200, 401, 503, 504))  # sessions end with the gate
        anna = self.client("anna")
        self.done(anna, "/runs/1/notes", {"id": "g", "text": "through the gate"})
        self.assertEqual(self.notes(1), ["through the gate"])


class NothingRecorded(Notes):
    record = "history: no"

    def test_no_history(self):
        self.begin("nothing")
        anna = self.add("anna", "--may", "read,operate")
        for path, body in (("/runs/1/notes", {"text": "x"}), ("/record/start", {}), ("/record/stop", {})):
            self.refused(self.ask(anna, path, body), 409, "records nothing")


class Contacts(Notes):
    record = RECORD + """
contacts:
  - {name: Émile <b>Durand</b>, phone: "+33 1 23-45", role: adjoint}
  - {name: Fire brigade, phone: 18}"""

    def test_phone_numbers_are_for_people(self):
        self.begin("phones")
        nobody = Client(self.bench.port)
        bench = nobody.ask("GET", API + "/bench")[1]
        self.assertIsNone(bench["contacts"])  # without accounts nobody has signed in
        self.assertEqual(bench["record"], {"free": False, "fields": [{"name": "sample", "title": "Sample", "needed": True}, {"name": "operator", "title": "", "needed": False}]})
        anna = self.add("anna", "--may", "read,operate")
        self.user("add", "--may", "read", "--only", "T_*", "part")
        part = self.client("part")
        self.user("add", "--kiosk", "board")
        self.user("pin", "anna", password=PIN)
        board = self.client("board")
        token = self.mbc("token", "add", "lims").strip()
        program = Client(self.bench.port)
        bearer = {"Authorization": f"Bearer {token}", "X-Mbc": None}
        wait_for("the token is known", lambda: program.ask("GET", API + "/channels", headers=bearer)[0] == 200)
        phones = [{"name": "Émile <b>Durand</b>", "phone": "+33 1 23-45", "role": "adjoint"}, {"name": "Fire brigade", "phone": "18", "role": ""}]
        validator = jsonschema.Draft202012Validator(DESCRIPTION["components"]["schemas"]["Bench"], format_checker=jsonschema.FormatChecker())
        # One after the other, faster than the bench ticks: what is kept for some is not for others.
        for _ in range(5):
            for client, headers, wanted in ((anna, None, phones), (program, bearer, None), (part, None, phones), (board, None, None)):
                status, told = client.ask("GET", API + "/bench", headers=headers)
                self.assertEqual((status, told["contacts"]), (200, wanted))
                validator.validate(told)
        self.assertIsNone(part.ask("GET", API + "/bench")[1]["record"])
        self.assertEqual(nobody.ask("GET", API + "/bench")[0], 401)
        status, xml = anna.ask("GET", API + "/bench.xml")
        self.assertIn("+33 1 23-45", xml.decode())
        self.assertNotIn("<b>Durand", xml.decode())
        for path in ("/json", "/xml", "/metrics", API + "/channels", API + "/openapi.json"):
            status, told = anna.ask("GET", path)
            self.assertEqual(status, 200, path)
            self.assertNotIn("23-45", told.decode() if isinstance(told, bytes) else json.dumps(told), path)
        self.assertNotIn("23-45", program.ask("GET", API + "/bench.xml", headers=bearer)[1].decode())
        wait_for("anna acts there", lambda: board.ask("POST", API + "/session", {"name": "anna", "pin": PIN})[0] == 200, pause=0.3)
        wait_for("who acts sees them", lambda: board.ask("GET", API + "/bench")[1]["contacts"] == phones)
        self.assertEqual(board.ask("DELETE", API + "/session?acting=1")[0], 204)
        wait_for("and no longer", lambda: board.ask("GET", API + "/bench")[1]["contacts"] is None)


@unittest.skipUnless(os.geteuid() == 0, "only root can mount a small disk")
class FullDisk(Notes):
    def test_no_room(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-"))
        try:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "none", folder], check=True, capture_output=True)
        except subprocess.CalledProcessError:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        before = os.environ.get("MBC_STATE_DIR")
        write = DoorBench.write

        def write_there(bench, text):
            bench.environment["MBC_STATE_DIR"] = folder
            write(bench, text)
        self.addCleanup(setattr, DoorBench, "write", write)
        DoorBench.write = write_there
        self.begin("full")
        self.assertEqual(os.environ.get("MBC_STATE_DIR"), before)
        anna = self.add("anna", "--may", "read,operate")
        self.done(anna, "/record/start", {"fields": {"sample": "x"}})
        filler = pathlib.Path(folder, "filler")
        with open(filler, "wb", buffering=0) as f, contextlib.suppress(OSError):
            while True:
                f.write(bytes(4096))
        good = []
        number = 0

        def refused():
            """Pages that are free already take some more."""
            nonlocal number
            number += 1
            text = f"{number} " + "x" * 990
            status, told = self.ask(anna, "/runs/1/notes", {"id": f"f{number}", "text": text})
            self.assertIn(status, (200, 503, 504, 507), told)
            if status == 200:
                good.append(text)
            return status != 200 and (f"f{number}", text)
        name, text = wait_for("no room", refused)
        filler.unlink()
        self.done(anna, "/runs/1/notes", {"id": name, "text": text})
        self.assertEqual(self.notes(1), [*good, text])


if __name__ == "__main__":
    unittest.main()
