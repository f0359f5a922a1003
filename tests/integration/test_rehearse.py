"""Rehearsals, with `mbc rehearse` and over HTTP: the sequences of the demonstration bench with and without wires, faults, files, what does not end; and whether a real run takes as long."""
import contextlib
import csv
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True

from harness import MBC, PATIENCE_S, ROOT, Bench, Twin, free_port, is_running, wait_for  # noqa: E402
from test_door import Base, DoorBench, Writable  # noqa: E402

DEMO = ROOT / "benches/demo/bench.yaml"
COLD = ("--begin", "furnace.sp=25", "--begin", "furnace.pv=25", "--begin", "daq.tc0=25")
TICK_S = 0.1

REAL = """tick: 50 ms
history: no
links: {{l: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  oven: {{use: modbus, link: l, every: 100 ms, timeout: 300 ms, channels: {{
    pv: {{read: {{holding: 0, type: int16}}, scale: 0.1, unit: degC}},
    sp: {{read: {{holding: 1, type: int16}}, write: {{holding: 1}}, scale: 0.1, unit: degC}}}},
    twin: {{sp: {{start: 20}}, pv: {{start: 20, follows: sp, tau: 2 s}}}}}}
channels:
  T: {{read: oven.pv, write: oven.sp, range: [0, 300], ramp: {{max: 600 K/min}}}}
sequences: seq
"""
REAL_SEQUENCE = """sequence "Real" version 1
needs T oven
step 10 "Up"
  ramp T to 60 degC at 300 K/min
  wait until T > 58 degC for 1 s timeout 1 min else abort
end
step 20 "Down"
  wait 4 s
  ramp T to 20 degC at 300 K/min
  wait until T < 22 degC timeout 1 min else abort
end
"""


def rehearse(*words, code=0):
    done = subprocess.run([MBC, "rehearse", *map(str, words)], capture_output=True, text=True, timeout=4 * PATIENCE_S)
    if done.returncode != code:
        raise AssertionError(f"exit code {done.returncode}, not {code}: {done.stdout}{done.stderr}")
    return done


def table(*words, code=0):
    return json.loads(rehearse(*words, "--json", code=code).stdout)


class Demo(unittest.TestCase):
    def sequence(self, name):
        return DEMO.parent / "sequences" / name

    def test_levels_agree(self):
        """The bytes of the wires lead to the same table, to a tick or two."""
        warm = (DEMO, self.sequence("purge-and-warm-up.seq"), *COLD)
        by_values, by_bytes = table(*warm), table(*warm, "--bytes")
        self.assertTrue(by_values["complete"] and by_bytes["complete"])
        self.assertEqual((by_values["level"], by_bytes["level"]), ("channels", "bytes"))
        self.assertEqual([step["number"] for step in by_values["steps"]], [10, 20, 900])
        for one, other in zip(by_values["steps"], by_bytes["steps"], strict=True):
            self.assertEqual((one["number"], one["ends"]), (other["number"], other["ends"]))
            self.assertAlmostEqual(one["takes_s"], other["takes_s"], delta=2 * TICK_S + 1e-6)
        for one, other in zip(by_values["gases"], by_bytes["gases"], strict=True):
            self.assertAlmostEqual(one["amount"], other["amount"], delta=0.01 * other["amount"] + 0.1)
        self.assertEqual(by_values["energy"], [])
        self.assertGreater(by_values["at_most_s"], by_values["takes_s"])

    def test_same_again(self):
        """The same command says the same, and the bench may be left out."""
        path = self.sequence("purge-and-warm-up.seq")
        one, other = table(DEMO, path, *COLD), table(path, *COLD)
        for told in (one, other):
            told.pop("rehearsed_in_s")
        self.assertEqual(one, other)

    def test_a_bench_that_is_hot(self):
        hot = [word for channel in ("furnace.sp", "furnace.pv", "daq.tc0") for word in ("--begin", f"{channel}=600")]
        told = table(self.sequence("methanation.seq"), *hot, code=1)
        self.assertEqual((told["ends"], told["where"]), ("aborted", 10))
        self.assertIn("over_T", told["why"])
        self.assertIn("safe_state_reached", [event["kind"] for event in told["events"]])

    def test_without_a_law(self):
        told = table(self.sequence("leak-test.seq"), code=1)
        self.assertIn("the twin has no law that would make this true: daq.ai0", told["why"])
        self.assertEqual(told["where"], 10)
        self.assertIn("sequence_answered", [event["kind"] for event in told["events"]])

    def test_faults(self):
        told = table(DEMO, self.sequence("purge-and-warm-up.seq"), *COLD, "--faults")
        rows = {(row["step"], row["instrument"]): row for row in told["faults"]}
        self.assertEqual(len(rows), 3 * 7)
        self.assertTrue(all(row["played"] for row in rows.values()))
        for step in (10, 20, 900):
            self.assertEqual(rows[step, "daq"]["ends"], "safe state cold_inert reached")  # an input of a trip
            self.assertEqual(rows[step, "GC"]["ends"], "complete")  # which it does not use
            self.assertTrue(rows[step, "daq"]["safe"] and rows[step, "GC"]["safe"])
        self.assertEqual(rows[10, "valves"]["ends"], "held")
        self.assertIn("V_H2 was not taken", rows[10, "valves"]["why"])

    def test_files(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-"))) / "out"
        done = rehearse(DEMO, self.sequence("purge-and-warm-up.seq"), *COLD, "--out", folder)
        self.assertEqual(done.stdout, (folder / "rehearsal.txt").read_text())
        self.assertIn("Shut down", done.stdout)
        told = json.loads((folder / "rehearsal.json").read_text())
        rows = list(csv.DictReader((folder / "trajectories.csv").read_text().splitlines()))
        self.assertAlmostEqual(float(rows[-1]["time [s]"]), told["takes_s"], delta=2)
        self.assertEqual(rows[-1]["N2_flow.working [mL_n/min]"], "20")
        self.assertAlmostEqual(max(float(row["T_furn.working [degC]"]) for row in rows), 120, delta=0.1)
        self.assertEqual({row["V_H2"] for row in rows}, {"open", "closed"})
        xml.etree.ElementTree.parse(folder / "trajectories.svg")


class Ends(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        shutil.copy(DEMO, self.folder)
        (self.folder / "sequences").mkdir()

    def write(self, body, name="x.seq"):
        path = self.folder / "sequences" / name
        path.write_text('sequence "X" version 1\nneeds N2_flow\n' + body)
        return path

    def test_no_end(self):
        """A month of waiting is bounded by its limit of virtual time, and by the processor's."""
        endless = self.write('step 10 "A"\n  repeat 1000 as n\n    repeat 1000 as m\n      wait 1 h\n    end\n  end\nend\n')
        told = table(endless, "--limit", "2 h", code=1)
        self.assertEqual(told["ends"], "no end")
        self.assertIn("--limit", told["why"])
        self.assertAlmostEqual(told["takes_s"], 7200, delta=1)
        told = table(endless, "--seconds", "1", code=1)
        self.assertIn("takes too long", told["why"])

    def test_a_flood(self):
        """Millions of statements that take no time neither hang nor fill the memory."""
        flood = self.write('step 10 "A"\n  repeat 1000 as n\n    repeat 1000 as m\n      mark "{n} {m}"\n    end\n  end\nend\n')
        told = table(flood, "--seconds", "20", "--limit", "1 h")
        self.assertEqual(len(told["events"]), 1000)
        self.assertGreaterEqual(told["events_left_out"], 10 ** 6 - 1000)  # the twin has alarms besides

    def test_mistakes(self):
        wrong = self.write('step 10 "A"\n  set N2_flow = 50\nend\n', "wrong.seq")
        self.assertIn("wrong.seq:4:", rehearse(wrong, code=1).stderr)
        good = self.write('step 10 "A"\n  wait 1 s\nend\n')
        self.assertIn("neither a parameter", rehearse(good, "--set", "a=1", code=1).stdout)
        self.assertIn("NAME=VALUE", rehearse(good, "--set", "a", code=1).stderr)
        self.assertIn("no channel of an instrument", rehearse(good, "--begin", "T_furn=3", code=1).stdout)
        self.assertIn("--limit", rehearse(good, "--limit", "soon", code=1).stderr)
        self.assertIn("ends in .seq", rehearse(self.folder / "bench.yaml", code=1).stderr)
        self.assertIn("steps alone", rehearse(self.steps(), code=1).stderr)
        rehearse(good, "--out", self.folder / "none" / "none", code=2)
        alone = self.folder / "sequences" / "alone.seq"
        shutil.move(good, alone)
        (self.folder / "bench.yaml").rename(self.folder / "other.yaml")
        self.assertIn("belongs to no bench", rehearse(alone, code=1).stderr)
        rehearse(self.folder / "other.yaml", alone)

    def steps(self):
        path = self.folder / "sequences" / "steps.seq"
        path.write_text('step 10 "A"\n  wait 1 s\nend\n')
        return path


class Real(unittest.TestCase):
    def test_a_run_takes_as_long(self):
        """A bench that runs, with its simulated instruments on a real port: within two in a hundred."""
        port = free_port()
        bench = Bench("real", REAL.format(port=port))
        self.addCleanup(shutil.rmtree, bench.folder, True)
        (bench.folder / "seq").mkdir()
        (bench.folder / "seq/real.seq").write_text(REAL_SEQUENCE)
        told = table(bench.file, bench.folder / "seq/real.seq")
        self.assertTrue(told["complete"], told)
        twin = Twin(bench.file, [port], bench.environment)
        self.addCleanup(twin.stop)
        with bench:
            bench.wait_good("oven.pv", "oven.sp")
            self.assertEqual(bench.mbc("sequence", "start", "real").returncode, 0)
            wait_for("the sequence ends", lambda: bench.value("sequence.state") in ("complete", "held", "aborted"))
            self.assertEqual(bench.value("sequence.state"), "complete")
            took_s = bench.value("sequence.time")
        self.assertAlmostEqual(told["takes_s"], took_s, delta=0.02 * took_s + 0.2)


FORM = """sequence "A form" version 2
needs T oven
meta sample text required
param hot = 60 degC (20 degC .. 100 degC)
step 10 "Up"
  ramp T to hot at 300 K/min
  ask "Is {sample} in?" answers yes, no timeout 1 h -> abort
  mark "{sample} at {hot}"
end
"""
ENDLESS = """sequence "Endless" version 1
needs T oven
step 10 "A"
  repeat 1000 as n
    repeat 1000 as m
      wait 1 h
    end
  end
end
"""


class HttpBench(DoorBench):
    commands = "[sequence]"

    def write(self, text):
        super().write(text)
        (self.folder / "seq").mkdir(exist_ok=True)
        for name, body in (("real", REAL_SEQUENCE), ("form", FORM), ("endless", ENDLESS)):
            (self.folder / "seq" / f"{name}.seq").write_text(body)


class Http(Base):
    def begin(self, name):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.device = stack.enter_context(Writable({0: 200, 1: 200}))
        self.bench = stack.enter_context(HttpBench(name, REAL.format(port=self.device.port)))
        self.bench.wait_good("oven.pv", "oven.sp")
        self.key = self.token()

    def rehearse(self, name, body=None, token=None, query=""):
        return self.http("POST", f"/sequences/{name}/rehearse{query}", token or self.key, body)

    def child(self):
        return self.bench.pids().get("rehearse")

    def ask_and_leave_open(self):
        """A rehearsal that does not end: its connection, and its process."""
        connection = http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=PATIENCE_S)
        self.addCleanup(connection.close)
        connection.request("POST", "/api/v1/sequences/endless/rehearse", headers={"Authorization": f"Bearer {self.key}"})
        return connection, wait_for("it is rehearsed", self.child)

    def test_results(self):
        self.begin("rehhttp")
        status, told = self.rehearse("real")
        self.assertEqual((status, told["complete"], told["sequence"], told["bench"]), (200, True, "real", "rehhttp"), told)
        alone = table(self.bench.file, self.bench.folder / "seq/real.seq")
        for one in (told, alone):
            one.pop("rehearsed_in_s")
        self.assertEqual(told, alone)

        status, told = self.rehearse("form", {"set": {"hot": 40, "sample": "A12"}, "begin": {"oven.pv": 30}, "answers": ["no"],
                                              "faults": True, "bytes": True})
        self.assertEqual((status, told["complete"], told["level"]), (200, True, "bytes"), told)
        self.assertEqual(told["parameters"], {"hot": 40, "sample": "A12"})
        events = {event["kind"]: event["text"] for event in told["events"]}
        self.assertIn("no", events["sequence_answered"])
        self.assertIn("A12", events["sequence_mark"])
        self.assertEqual([row["instrument"] for row in told["faults"]], ["oven"])

        status, plot = self.rehearse("real", query="?form=svg")
        self.assertEqual((status, self.headers.get_content_type()), (200, "image/svg+xml"))
        self.assertIn("svg", xml.etree.ElementTree.fromstring(plot).tag)
        self.assertEqual(self.device.writes, [])
        self.assertEqual(self.bench.value("sequence.state"), "idle")

    def test_what_runs_counts(self):
        """What was changed on the disk since is not rehearsed."""
        self.begin("rehruns")
        (self.bench.folder / "seq/real.seq").write_text(REAL_SEQUENCE.replace("version 1", "version 7"))
        self.assertEqual(self.rehearse("real")[1]["version"], 1)
        os.kill(self.bench.process.pid, signal.SIGHUP)
        wait_for("it is read again", lambda: self.rehearse("real")[1]["version"] == 7)

    def test_refusals(self):
        self.begin("rehno")
        for body, status, word in (({"set": {"hto": 40}}, 422, "neither a parameter"), ({"set": {"hot": 140}}, 422, "20 to 100"),
                                   ({"begin": {"T": 40}}, 422, "no channel of an instrument"), ({"set": {"hot": True}}, 400, "column 17"),
                                   ({"set": ["hot=40"]}, 400, "an object of texts and numbers"), ({"answers": "yes"}, 400, "a list of texts"),
                                   ({"set": {"a=b": 1}}, 400, "no name"), ({"answers": ["yes"] * 33}, 400, "over 32 items"),
                                   ({"sets": {}}, 400, "known are: set, begin, answers, faults, bytes"), ({"faults": 1}, 400, "true or false")):
            told = self.rehearse("form", body)
            self.assertEqual(told[0], status, told)
            self.assertIn(word, told[1]["detail"])
        self.assertIn("'json', or 'svg'", self.rehearse("form", query="?form=png")[1]["detail"])
        self.assertEqual(self.rehearse("form", {"faults": True}, query="?form=svg")[0], 400)
        self.assertEqual(self.rehearse("none")[0], 404)
        self.assertEqual(self.rehearse("real", token="x" * 40)[0], 401)
        self.assertEqual(self.http("POST", "/sequences/real/rehearse")[0], 401)
        self.bench.commands = "[set]"
        self.bench.reload(REAL.format(port=self.device.port))
        wait_for("closed by a reload", lambda: self.rehearse("real")[0] == 403)
        self.assertIsNone(self.child())

    def test_one_at_a_time_and_who_hangs_up(self):
        self.begin("rehone")
        connection, pid = self.ask_and_leave_open()
        wait_for("it steps back", lambda: os.getpriority(os.PRIO_PROCESS, pid) == 19)
        self.assertRegex(pathlib.Path(f"/proc/{pid}/limits").read_text(), r"Max cpu time +70 +80 ")  # set before
        status, told = self.rehearse("real")
        self.assertEqual((status, self.headers["Retry-After"]), (429, "10"), told)
        self.assertEqual(self.child(), pid)
        connection.close()
        wait_for("its process is gone", lambda: not is_running(pid))
        wait_for("there is room for the next", lambda: self.rehearse("real")[0] == 200)

    def test_who_dies(self):
        """Whoever of those that it needs dies, its process ends too, and the next one is answered."""
        self.begin("rehdie")
        for victim in ("serve", "rehearse", "supervise"):
            connection, pid = self.ask_and_leave_open()
            os.kill(self.bench.pids()[victim], signal.SIGKILL)
            if victim == "rehearse":
                answer = connection.getresponse()
                self.assertEqual((answer.status, json.loads(answer.read())["type"]), (500, "urn:mbc:problem:rehearsal-failed"))
            wait_for(f"without {victim} it is gone", lambda pid=pid: not is_running(pid))
            if victim != "supervise":
                wait_for("the next one", lambda: self.answers())

    def answers(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.rehearse("real")[0] == 200

    def test_the_gate_dies_and_it_goes_on(self):
        self.begin("rehgate")
        told = []
        asker = threading.Thread(target=lambda: told.append(self.rehearse("form", {"faults": True, "bytes": True})))
        asker.start()
        wait_for("it is rehearsed", lambda: self.child() or told)
        os.kill(self.bench.pids()["gate"], signal.SIGKILL)
        asker.join(4 * PATIENCE_S)
        self.assertEqual(told[0][0], 200)

    def test_the_bench_is_stopped_meanwhile(self):
        self.begin("rehstop")
        connection, pid = self.ask_and_leave_open()
        self.assertEqual(self.bench.mbc("stop").returncode, 0)
        self.assertFalse(is_running(pid))
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.assertEqual(connection.getresponse().status, 503)


if __name__ == "__main__":
    unittest.main(verbosity=2)
