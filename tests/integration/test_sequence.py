"""Sequences of a bench: looked at and started, their writes at the device, their buttons, a controller that dies in the middle, HTTP, a file with errors."""
import contextlib
import json
import os
import signal
import sys
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True

from harness import wait_for  # noqa: E402
from test_door import Base, DoorBench, Writable  # noqa: E402

BED, T, F, V = range(4)  # registers
SAFE_T = 5  # 0.5 degC: not what the sequence itself ends at

SHORT = """sequence "A short one" version 3
needs T F V bed
meta sample text required
param hot = 50 degC (20 degC .. 100 degC)

step 10 "Purge"   # with nitrogen
  set V = open
  set F = 50 mL_n/min
  wait until bed > 30 degC timeout 100 h else abort
end
step 20 "Heat" entry when bed > 10 degC
  set T = hot
  mark "{sample} at {hot}"
  wait until bed > 60 degC timeout 100 h else abort
end
step 30 "Ask" entry always
  ask "Is {sample} out?" answers yes, no timeout 100 h -> abort
  set T = 20 degC
end
step 40 "Not to be jumped into"
  set F = 20 mL_n/min
end
step 90 "Down" entry always
  set F = 10 mL_n/min
  wait until bed < 5 degC timeout 100 h else abort
  set V = closed
end
on abort -> step 90
on hold > 4 h -> step 90
"""


def text(port):
    return f"""tick: 50 ms
history: no
links: {{l: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  d: {{use: modbus, link: l, every: 50 ms, timeout: 300 ms, channels: {{
    bed: {{read: {{holding: {BED}, type: int16}}, scale: 0.1, unit: degC}},
    t: {{read: {{holding: {T}, type: int16}}, write: {{holding: {T}}}, scale: 0.1, unit: degC}},
    f: {{read: {{holding: {F}, type: int16}}, write: {{holding: {F}}}, unit: mL_n/min}},
    v: {{read: {{holding: {V}, type: int16}}, write: {{holding: {V}}}, choices: {{closed: 0, open: 1}}}}}}}}
channels:
  bed: {{read: d.bed}}
  T: {{read: d.t, write: d.t, range: [0, 500], hazard: heat}}
  F: {{read: d.f, write: d.f, range: [0, 100]}}
  V: {{read: d.v, write: d.v}}
safe_states: {{cold: {{order: [{{set: T, to: {SAFE_T / 10} degC}}, {{set: F, to: 0 mL_n/min}}, {{set: V, to: closed}}]}}}}
on_stop: cold
sequences: seq
"""


class SequenceBench(DoorBench):
    files = {"short.seq": SHORT}
    commands = "[set]"

    def write(self, text):
        super().write(text)
        (self.folder / "seq").mkdir(exist_ok=True)
        for name, body in self.files.items():
            (self.folder / "seq" / name).write_text(body)


class Sequences(Base):
    def begin(self, name, files=None, commands="[set]"):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        kind = type("Bench", (SequenceBench,), {"files": files or SequenceBench.files, "commands": commands})
        self.device = stack.enter_context(Writable({BED: 200, T: 0, F: 0, V: 0}))
        self.bench = stack.enter_context(kind(name, text(self.device.port)))
        self.bench.wait_good("d.bed", "d.t", "d.f", "d.v", "mbc.control.ticks")

    def press(self, *words, code=0):
        return self.mbc("sequence", *words, code=code)

    def start(self):
        self.assertIn("verified", self.press("start", "short", "--set", "hot=40 degC", "--set", "sample=A12"))

    def now(self):
        status, told = self.http("GET", "/sequence")
        return told if status == 200 else {}

    def wait_now(self, **wanted):
        return wait_for(f"the sequence is {wanted}", lambda: all(self.now().get(key) == value for key, value in wanted.items()))

    def wait_ticks(self, n=10):
        """Enough for whatever would happen to have happened: ticks, not time."""
        def ticks():
            return self.bench.value("mbc.control.ticks") or 0  # a new board has none at first
        before = wait_for("a tick", ticks)
        wait_for(f"{n} ticks", lambda: ticks() >= before + n)

    def wait_writes(self, *wanted):
        """These arrive, in this order, and nothing else does."""
        wait_for(f"writes {wanted}, not {self.device.writes}", lambda: len(self.device.writes) >= len(wanted))
        self.assertEqual(self.device.writes, list(wanted))

    def events(self, kind):
        return [json.loads(line) for line in self.bench.mbc("log", "--json", "--kind", kind).stdout.splitlines()]

    PURGED = ((V, 1), (F, 50))
    HOT = (*PURGED, (T, 400))
    DOWN = ((F, 10), (V, 0))


class Person(Sequences):
    def test_it_is_looked_at_and_runs_to_its_end(self):
        self.begin("seqrun")
        self.assertIn("A short one", self.press("list"))
        shown = self.press("show", "short")
        for told in ("version 3", "sample", "has to be told", "hot", "50 degC", "20 to 100", "step 10", "Purge", "with nitrogen", "step 90"):
            self.assertIn(told, shown)
        self.assertIn("mbc sequence list", self.press("show", "shrot", code=1))
        self.assertIn("idle", self.press("status"))
        self.assertIn("sample", self.press("start", "short", code=1))
        self.assertIn("20 to 100", self.press("start", "short", "--set", "sample=A12", "--set", "hot=101 degC", code=1))
        self.assertIn("neither a parameter", self.press("start", "short", "--set", "smaple=A12", code=1))
        self.assertIn("refused", self.press("pause", code=1))
        self.assertEqual((self.device.writes, self.events("sequence_started")), ([], []))

        self.start()
        self.wait_writes(*self.PURGED)
        self.wait_now(state="running", name="short", step=10, title="Purge", comment="with nitrogen")
        self.assertIn("with nitrogen", self.press("status"))
        self.assertEqual(self.bench.channel("F")["owner"], "sequence")
        self.assertIn("under test", self.press("start", "short", "--set", "sample=B", code=1))
        self.device.holding[BED] = 310
        self.wait_writes(*self.HOT)
        self.device.holding[BED] = 610
        self.wait_now(step=30)
        wait_for("it asks", lambda: (self.now().get("question") or {}).get("answers") == ["yes", "no"])
        self.assertIn("Is A12 out?", self.events("sequence_asks")[0]["text"])
        self.assertIn("none of its answers", self.press("answer", "perhaps", code=1))
        self.press("answer", "yes")
        self.wait_now(step=90, question=None)
        self.device.holding[BED] = 40
        self.wait_now(state="complete", time_left=0)
        self.wait_writes(*self.HOT, (T, 200), (F, 20), *self.DOWN)
        self.assertEqual(self.bench.channel("F")["owner"], "none")
        [mark] = self.events("sequence_mark")
        self.assertIn("A12 at 40 degC", mark["text"])
        [started] = self.events("sequence_started")
        self.assertTrue(started["principal"])
        self.assertEqual([step["text"].partition("step: ")[2].split()[0] for step in self.events("sequence_step")], ["10", "20", "30", "40", "90"])

    def test_buttons(self):
        self.begin("seqbuttons")
        self.start()
        self.wait_writes(*self.PURGED)
        self.press("pause")
        self.wait_now(state="held", reason="paused")
        self.device.holding[BED] = 310  # what it waited for has come, and it does not go on
        wait_for("the bed", lambda: self.bench.value("bed") == 31)
        self.wait_ticks()
        self.assertEqual((self.now()["state"], self.now()["step"]), ("held", 10))
        self.wait_writes(*self.PURGED)
        self.press("resume")
        self.wait_writes(*self.HOT)

        self.assertIn("no step 25", self.press("goto", "25", code=1))
        self.assertIn("no entry", self.press("goto", "40", code=1))
        told = self.press("goto", "90")
        self.assertIn("F is 50", told)  # by the steps before it it would be 20
        self.wait_now(state="held", step=20)
        self.wait_ticks()
        self.wait_writes(*self.HOT)
        self.press("resume")
        self.wait_now(state="running", step=90)
        self.device.holding[BED] = 40
        self.wait_now(state="complete")
        self.wait_writes(*self.HOT, *self.DOWN)

    def test_an_entry_that_is_false_keeps_out(self):
        self.begin("seqentry")
        self.start()
        self.wait_writes(*self.PURGED)
        self.device.holding[BED] = 50
        wait_for("the bed", lambda: self.bench.value("bed") == 5)
        self.assertIn("entry of step 20", self.press("goto", "20", code=1))
        self.assertIn("entry of step 20", self.press("skip", code=1))
        self.device.holding[BED] = 150
        wait_for("the bed", lambda: self.bench.value("bed") == 15)
        self.press("skip")
        self.wait_writes(*self.HOT)

    def test_abort_by_its_steps_then_safe(self):
        self.begin("seqabort")
        self.start()
        self.device.holding[BED] = 310
        self.wait_writes(*self.HOT)
        self.press("abort")
        self.wait_now(state="aborting", step=90)
        self.wait_writes(*self.HOT, (F, 10))
        self.press("abort")
        self.wait_now(state="aborted")
        self.wait_writes(*self.HOT, (F, 10), (T, SAFE_T), (F, 0), (V, 0))
        self.assertEqual(self.bench.channel("T")["owner"], "safe_state")
        self.assertIn("safe state", self.press("start", "short", "--set", "sample=A13", code=1))
        self.mbc("safe", "--release", "cold")
        self.device.holding[BED] = 200
        wait_for("the bed", lambda: self.bench.value("bed") == 20)
        self.start()  # and the bench is there for the next one
        self.wait_now(state="running", step=10)

    def test_a_hand_on_its_output_is_refused_or_holds_it(self):
        self.begin("seqhand")
        self.start()
        self.wait_writes(*self.PURGED)
        self.assertIn("sequence", self.mbc("set", "F", "70", code=1))
        self.mbc("safe", "cold")
        self.wait_now(state="held")
        self.assertIn("safe state", self.now()["reason"])
        wait_for("safe", lambda: (self.device.holding[T], self.device.holding[F], self.device.holding[V]) == (SAFE_T, 0, 0))


class Deaths(Sequences):
    def test_the_controller_dies_in_the_middle(self):
        self.begin("seqkill")
        self.start()
        self.wait_writes(*self.PURGED)
        self.kill()
        self.wait_now(state="running", name="short", step=10)
        self.device.holding[BED] = 310
        self.wait_writes(*self.HOT)
        self.kill()
        self.wait_now(state="running", step=20)
        self.press("pause")
        self.kill()
        self.wait_now(state="held", step=20)
        self.press("resume")
        self.device.holding[BED] = 610
        self.wait_now(step=30)
        wait_for("it asks", lambda: self.now().get("question"))
        self.kill()
        wait_for("it asks still", lambda: self.now().get("question"))
        self.press("answer", "yes")
        self.wait_now(step=90)
        self.device.holding[BED] = 40
        self.wait_now(state="complete")
        self.wait_writes(*self.HOT, (T, 200), (F, 20), *self.DOWN)
        self.assertTrue(self.events("sequence_interrupted"))
        self.assertEqual(len(self.events("sequence_started")), 1)

    def kill(self):
        """When all that was written is read back and recorded; until the next one has its hands on the bench."""
        self.wait_ticks(40)
        before = self.bench.pids()["control"]
        os.kill(before, signal.SIGKILL)
        wait_for("another controller", lambda: self.bench.pids().get("control", before) != before)
        self.bench.wait_good("d.bed", "d.t", "d.f", "d.v", "mbc.control.ticks")
        self.wait_ticks()


class Http(Sequences):
    def test_only_what_is_opened(self):
        self.begin("seqshut")
        token = self.token()
        for button in ("prepare", "start"):
            self.assertEqual(self.http("POST", f"/sequence/{button}", token, {"name": "short"})[0], 403)
        self.assertEqual(self.http("POST", "/sequence/abort", token)[0], 403)
        self.assertEqual(self.http("POST", "/sequence/prepare", None, {"name": "short"})[0], 401)
        self.assertEqual(self.http("GET", "/sequence")[1]["state"], "idle")

    def test_a_program_starts_it(self):
        self.begin("seqhttp", commands="[sequence]")
        token = self.token()

        def post(button, body=None, status=200):
            done = self.http("POST", f"/sequence/{button}?wait=20s", token, body)
            self.assertEqual(done[0], status, done)
            return done[1]
        [sequence] = self.http("GET", "/sequences")[1]["sequences"]
        for path, word in (("/sequences", "short"), ("/sequence", "idle")):
            tree = xml.etree.ElementTree.fromstring(self.http("GET", path + ".xml")[1])
            self.assertIn(word, "".join(tree.itertext()), path)
        self.assertEqual((sequence["name"], sequence["version"]), ("short", 3))
        self.assertEqual([(p["name"], p["value"], p["min"], p["max"]) for p in sequence["parameters"]], [("hot", 50, 20, 100)])
        self.assertEqual([(f["name"], f["required"]) for f in sequence["fields"]], [("sample", True)])
        self.assertEqual([s["number"] for s in sequence["steps"]], [10, 20, 30, 40, 90])
        post("start", {"name": "short"}, status=409)  # nothing was prepared
        post("prepare", {"name": "shrot"}, status=409)
        post("prepare", {"name": "short"})
        self.assertIn("sample", post("start", {"name": "short"}, status=409)["detail"])
        post("form", {"name": "hot", "value": 40})
        post("form", {"name": "hot", "value": "90 K"}, status=409)  # what is refused leaves what was told before
        post("form", {"name": "hot", "value": "101 degC"}, status=409)
        post("form", {"name": "sample", "value": "A12"})
        post("start", {"name": "short"})
        self.wait_writes(*self.PURGED)
        [started] = self.events("sequence_started")
        self.assertEqual(started["principal"], "token:lims")
        post("pause")
        self.wait_now(state="held")
        self.assertEqual(self.now()["buttons"],
                         {"start": False, "pause": False, "safe_pause": True, "resume": True, "skip": True, "goto": True, "abort": True})
        post("resume")
        post("goto", {"step": 20})
        post("resume")
        self.wait_writes(*self.HOT)
        post("abort")
        self.wait_now(state="aborting")
        self.device.holding[BED] = 40
        self.wait_now(state="aborted")
        self.wait_writes(*self.HOT, *self.DOWN)


class Two(Sequences):
    """Two people at once: neither presses for what the other one sees, nor starts with what the other one told."""
    def post(self, button, body=None, status=200):
        done = self.http("POST", f"/sequence/{button}?wait=20s", self.bearer, body)
        self.assertEqual(done[0], status, done)
        return done[1].get("detail", "")

    def begin_two(self, name):
        self.begin(name, commands="[set, sequence]")
        self.bearer = self.token()
        self.post("start", {"name": "short", "values": {"sample": "A12", "hot": 40}})
        self.wait_now(state="running", step=10)
        self.device.holding[BED] = 150
        wait_for("the bed", lambda: self.bench.value("bed") == 15)

    def test_the_step_that_has_just_gone(self):
        self.begin_two("seqtwo")
        seen = wait_for("the step", lambda: self.now().get("step_id"))
        self.post("skip", {"step_id": seen})
        for button, body in (("skip", {}), ("goto", {"step": 90}), ("resume", {})):
            told = self.post(button, {**body, "step_id": seen}, status=409)
            self.assertIn("step 20 'Heat' executes now", told)
        self.assertIn("step 20 'Heat'", self.press("skip", "--step-id", str(seen), code=1))
        self.wait_now(state="running", step=20)
        self.assertIn(str(self.now()["step_id"]), self.press("status"))
        self.post("pause", {"step_id": seen}, status=400)  # what stops does not ask what was seen
        self.post("pause")
        self.wait_now(state="held")
        held = wait_for("what holds it", lambda: self.now().get("hold_id"))
        self.post("goto", {"step": 30, "step_id": self.now()["step_id"]})
        self.assertIn("where it goes on", self.post("resume", {"hold_id": held}, status=409))
        wait_for("held anew", lambda: self.now()["hold_id"] not in (None, held))
        self.press("resume", "--hold-id", str(self.now()["hold_id"]))
        self.wait_now(step=30)
        question = wait_for("it asks", lambda: self.now().get("question"))
        self.assertIn("it asks now", self.post("answer", {"value": "yes", "question_id": question["id"] - 1}, status=409))
        self.post("answer", {"value": "yes", "question_id": question["id"]})
        told = self.post("answer", {"value": "no", "question_id": question["id"]}, status=409)
        self.assertRegex(told, "asks nothing now|answered already")  # it may not have gone on yet
        self.wait_now(step=90, question=None)

    def test_started_as_a_whole_or_not_at_all(self):
        self.begin("seqwhole", commands="[set, sequence]")
        self.bearer = self.token()
        told = self.post("start", {"name": "short", "values": {"hot": 101, "smaple": "A"}}, status=409)
        for word in ("101", "smaple", "sample: it has to be told"):
            self.assertIn(word, told)
        told = self.press("start", "short", "--set", "hot=101 degC", "--set", "smaple=A", code=1)
        for word in ("101", "smaple", "sample: it has to be told"):
            self.assertIn(word, told)
        self.assertEqual(self.events("sequence_started"), [])
        self.post("prepare", {"name": "short"})  # somebody else is at it, one by one
        self.post("form", {"name": "hot", "value": 99})
        self.post("start", {"name": "short", "values": {"sample": "B = 7"}})
        self.wait_now(state="running", step=10)
        told = " ".join(e["text"] for e in self.events("sequence_form"))
        self.assertIn("hot = 50 degC", told)
        self.assertIn("sample = B = 7", told)
        audit = self.bench.mbc("audit").stdout
        self.assertIn("B = 7", audit)

    def test_a_page_of_an_older_bench_file(self):
        self.begin("seqolder", commands="[set, sequence]")
        self.bearer = self.token()

        def put(config, target=5, status=200):
            done = self.http("PUT", "/channels/F?wait=20s", self.bearer, {"target": target, "config": config})
            self.assertEqual(done[0], status, done)
            return done[1].get("detail", "")
        old = self.http("GET", "/channels")[1]["config"]
        self.assertEqual(old, self.http("GET", "/bench")[1]["config"])
        self.assertEqual(old, self.http("GET", "/sequences")[1]["config"])
        put(old)
        self.bench.write(text(self.device.port).replace("range: [0, 100]", "range: [0, 100], title: Argon"))
        self.mbc("reload")
        self.assertIn("taken up anew", put(old, 7, 409))
        self.assertIn("taken up anew", self.post("start", {"name": "short", "values": {"sample": "A"}, "config": old}, status=409))
        new = wait_for("the new one", lambda: (c := self.http("GET", "/channels")[1]["config"]) != old and c)
        put(new, 8)
        put("0123", 9, 400)
        wait_for("written", lambda: self.device.holding[F] == 8)
        self.assertNotIn((F, 7), self.device.writes)


class Files(Sequences):
    def test_a_broken_one_keeps_nothing_from_starting(self):
        broken = SHORT.replace("set F = 50 mL_n/min", "set F = 50")
        self.begin("seqbroken", files={"short.seq": SHORT, "broken.seq": broken, "noise.seq": "\0\1\2"})
        listed = self.press("list")
        self.assertIn("short", listed)
        self.assertNotIn("broken", listed)
        self.assertTrue(self.bench.process.find(r"broken\.seq:8:\d+: error: .*\[no-unit\]"), self.bench.process.text())
        self.assertTrue(self.bench.process.find(r"noise\.seq"), self.bench.process.text())
        self.assertTrue(self.bench.process.find("left out"), self.bench.process.text())
        self.assertIn("no sequence is named", self.press("start", "broken", code=1))
        checked = self.bench.mbc("check", str(self.bench.file))
        self.assertEqual(checked.returncode, 1, checked)
        self.assertIn("broken.seq:8:", checked.stderr)
        self.start()
        self.wait_writes(*self.PURGED)

    def test_the_one_under_test_can_be_amended_and_no_more(self):
        self.begin("seqreload")
        self.start()
        self.wait_writes(*self.PURGED)

        def reload(old, new, code):
            self.assertIn(old, SHORT)
            type(self.bench).files = {"short.seq": SHORT.replace(old, new), "other.seq": SHORT}
            self.bench.write(text(self.device.port))
            return self.mbc("reload", code=code)
        self.assertIn("step 10, which has begun", reload("set F = 50 mL_n/min", "set F = 51 mL_n/min", 1))
        self.assertIn("guards, handlers", reload("on hold > 4 h", "on hold > 3 h", 1))
        reload("set T = hot", "set T = 45 degC", 0)
        self.assertIn("amended: steps 20", self.mbc("log"))
        self.device.holding[BED] = 310
        self.wait_writes(*self.PURGED, (T, 450))


if __name__ == "__main__":
    unittest.main()
