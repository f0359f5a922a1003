"""The run that a sequence makes: opened and closed by itself, whatever dies meanwhile; taken home with all that belongs to it."""
import contextlib
import csv
import io
import json
import os
import pathlib
import re
import signal
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
import xml.dom.minidom
import zipfile

sys.dont_write_bytecode = True

from harness import wait_for  # noqa: E402
from test_door import Writable  # noqa: E402
from test_sequence import BED, F, Sequences, T, V, SequenceBench, text  # noqa: E402

MAIN = """sequence "TPR, short" version 4
needs T F V bed
meta sample text required ; note text = "none"
param hot = 50 degC (20 degC .. 100 degC)
param list = [10 degC, 20 degC]

step 10 "Purge"   # with nitrogen
  set V = open
  record "tpr run" every 100 ms: bed, T, F
  set F = 50 mL_n/min
  wait until bed > 30 degC timeout 100 h else abort
  stop record "tpr run"
end
step 20 "Ask" entry always
  mark "{sample} at {hot}"
  result bed_end = bed within 0 degC .. 40 degC
  record "left" every 1 s: bed
  ask "Is {sample} out?" answers yes, no timeout 100 h -> abort
end
include "parts/down.seq"
on abort -> step 90
on hold > 4 h -> step 90
"""
DOWN = """# steps alone
step 90 "Down" entry always
  set F = 10 mL_n/min
  wait until bed < 5 degC timeout 100 h else abort
  set V = closed
end
"""


def rows(data):
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


class Bench(SequenceBench):
    files = {"tpr.seq": MAIN}

    def write(self, text):
        (self.folder / "seq" / "parts").mkdir(parents=True, exist_ok=True)
        (self.folder / "seq" / "parts" / "down.seq").write_text(DOWN)
        super().write(text.replace("history: no", "history: {commit: 200 ms, leave_free: 0 MB}"))


class Runs(Sequences):
    def begin(self, name):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.device = stack.enter_context(Writable({BED: 200, T: 0, F: 0, V: 0}))
        self.bench = stack.enter_context(Bench(name, text(self.device.port)))
        self.bench.wait_good("d.bed", "d.t", "d.f", "d.v", "mbc.control.ticks")
        self.out = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))

    def begin_run(self):
        self.assertIn("verified", self.press("start", "tpr", "--set", "hot=40 degC", "--set", "sample=A12"))

    def runs(self):
        return json.loads(self.bench.mbc("record", "list", "--json").stdout)

    def wait_run(self, is_open, n=1):
        wait_for(f"run {n}, {'open' if is_open else 'closed'}",
                 lambda: len(self.runs()) == n and (self.runs()[-1]["end"] is None) == is_open)
        return self.runs()[-1]

    def kill(self, process):
        found = [int(p) for p in os.listdir("/proc") if p.isdigit() and self.is_ours(p, process)]
        self.assertEqual(len(found), 1)
        os.kill(found[0], signal.SIGKILL)

    def is_ours(self, pid, process):
        try:
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            parent = re.search(r"PPid:\s*(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]
        except OSError:
            return False
        return words[0].endswith(b"mbc-" + process.encode()) and int(parent) == self.bench.process.pid

    def export(self, n, name, *words):
        done = self.bench.mbc("record", "export", str(n), "--out", str(self.out / name), *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.out / name

    def test_it_is_a_record(self):
        self.begin("runseq")
        self.begin_run()
        run = self.wait_run(is_open=True)
        self.assertEqual((run["title"], run["fields"]["sample"], run["fields"]["hot"], run["fields"]["list"]),
                         ("TPR, short", "A12", "40 degC", "10 degC, 20 degC"))
        self.assertIn("open", self.bench.mbc("record", "start", "--title", "mine").stderr)
        self.wait_ticks(30)
        self.kill("history")
        self.wait_ticks(10)
        self.device.holding[BED] = 310
        self.wait_now(step=20)
        self.kill("history")
        wait_for("it asks", lambda: self.now().get("question"))
        self.wait_ticks(30)
        self.press("pause")
        self.wait_now(state="held")
        self.press("resume")
        self.press("answer", "yes")
        self.wait_now(step=90)
        # the text on the disk is another one now: what was started is what is kept
        (self.bench.folder / "seq" / "parts" / "down.seq").write_text(DOWN + "# later\n")
        self.device.holding[BED] = 20
        self.wait_now(state="complete")
        self.wait_run(is_open=False)

        folder = self.export(1, "run1")
        self.assertEqual(sorted(os.listdir(folder)), ["README.txt", "bench.yaml", "down.seq", "events.csv", "left.csv", "load.py", "plot.svg",
                                                      "results.csv", "run.json", "steps.csv", "tpr.seq", "tpr_run.csv", "values.csv"])
        self.assertEqual((folder / "tpr.seq").read_text(), MAIN)
        self.assertEqual((folder / "down.seq").read_text(), DOWN)
        self.check_json(json.loads((folder / "run.json").read_text()))
        self.check_tables(folder)
        xml.dom.minidom.parse(str(folder / "plot.svg"))
        self.assertIn("Purge", (folder / "plot.svg").read_text())
        self.assertIn('d="M80.0 ', (folder / "plot.svg").read_text())  # with what held when it began

        file = self.export(1, "run1.zip")
        with zipfile.ZipFile(file) as z:
            self.assertIsNone(z.testzip())
            self.assertEqual(sorted(n.split("/")[1] for n in z.namelist()), sorted(os.listdir(folder)))
            for name in ("values.csv", "tpr_run.csv", "tpr.seq", "steps.csv"):
                self.assertEqual(z.read("run-1/" + name), (folder / name).read_bytes())
        self.assertIn("is there already", self.bench.mbc("record", "export", "1", "--out", str(file)).stderr)
        self.check_http(folder)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.bench.port}/api/v1/{path}", timeout=60) as answer:
            return answer.headers["Content-Type"], answer.read()

    def check_http(self, folder):
        kind, data = self.get("runs")
        self.assertEqual([(r["run"], r["title"]) for r in json.loads(data)["runs"]], [(1, "TPR, short")])
        self.assertEqual(json.loads(self.get("runs/1")[1])["sequences"][0]["ended"], "complete")
        kind, data = self.get("runs/1.zip")
        self.assertEqual(kind, "application/zip")
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            self.assertIsNone(z.testzip())
            self.assertEqual(z.read("run-1/values.csv"), (folder / "values.csv").read_bytes())
        with zipfile.ZipFile(io.BytesIO(self.get("runs/1.zip?format=csv-fr&zone=Europe/Paris")[1])) as z:
            self.assertIn(b"time;seconds;", z.read("run-1/values.csv"))
        for path, status in (("runs/7", 404), ("runs/7.zip", 404), ("runs/x.zip", 404), ("runs/1.zip?format=xml", 400), ("runs/1.zip?zone=Nowhere", 400)):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.get(path)
            self.assertEqual(refused.exception.code, status, path)

    def check_json(self, run):
        self.assertEqual(len(run["sequences"]), 1)
        seq = run["sequences"][0]
        self.assertEqual((seq["name"], seq["version"], seq["ended"]), ("tpr", 4, "complete"))
        self.assertEqual((seq["metadata"], seq["parameters"]),
                         ({"sample": "A12", "note": "none"}, {"hot": "40 degC", "list": "10 degC, 20 degC"}))
        self.assertEqual([f["file"] for f in seq["files"]], ["tpr.seq", "down.seq"])
        self.assertTrue(all(len(f["sha256"]) == 64 for f in seq["files"]))
        self.assertEqual([s["number"] for s in seq["steps"]], [10, 20, 90])
        self.assertEqual(seq["marks"][0]["text"], "A12 at 40 degC")
        self.assertEqual((seq["results"][0]["name"], seq["results"][0]["judged"], seq["results"][0]["low"], seq["results"][0]["high"]),
                         ("bed_end", "inside", 0, 40))
        self.assertEqual((seq["questions"][0]["question"], seq["questions"][0]["answer"]), ("Is A12 out?", "yes"))
        self.assertEqual(seq["holds"][0]["why"], "paused")
        self.assertIsNotNone(seq["holds"][0]["end"])
        self.assertEqual([(r["name"], r["left_open"]) for r in seq["records"]], [("tpr run", False), ("left", True)])

    def check_tables(self, folder):
        steps = rows((folder / "steps.csv").read_bytes())
        self.assertEqual([(s["step"], s["title"], s["comment"], s["ended"]) for s in steps],
                         [("10", "Purge", "with nitrogen", "complete"), ("20", "Ask", "", "complete"), ("90", "Down", "", "complete")])
        self.assertEqual([s["begin"] for s in steps[1:]], [s["end"] for s in steps[:-1]])
        self.assertEqual(rows((folder / "results.csv").read_bytes())[0]["judged"], "inside")
        grid = rows((folder / "tpr_run.csv").read_bytes())
        seconds = [float(r["seconds"]) for r in grid]
        self.assertGreater(len(grid), 10)
        self.assertTrue(all(abs(b - a - 0.1) < 1e-3 for a, b in zip(seconds, seconds[1:])))
        self.assertEqual({r["step"] for r in grid}, {"10"})
        self.assertEqual(grid[5]["bed [degC]"], "20")
        self.assertEqual(grid[-1]["F [mL_n/min]"], "50")
        self.assertAlmostEqual(float(grid[-1]["step_seconds"]), float(grid[-1]["seconds"]) - float(steps[0]["begin_seconds"]), places=2)
        values = rows((folder / "values.csv").read_bytes())
        self.assertEqual(list(values[0])[:4], ["time", "seconds", "step_seconds", "step"])
        self.assertEqual({row["step"] for row in values} - {""}, {"10", "20", "90"})
        begins = {step["step"]: float(step["begin_seconds"]) for step in steps}
        for row in values:
            self.assertEqual(row["step"] == "", row["step_seconds"] == "", row)
            if row["step"]:
                self.assertAlmostEqual(float(row["seconds"]) - float(row["step_seconds"]), begins[row["step"]], places=2)

    def test_part_of_a_run_of_a_person(self):
        self.begin("runpart")
        self.assertEqual(self.bench.mbc("record", "start", "--title", "mine").returncode, 0)
        self.begin_run()
        self.press("abort")
        self.press("abort")
        self.wait_now(state="aborted")
        self.assertEqual(self.bench.mbc("record", "stop").returncode, 0)
        self.assertEqual([r["title"] for r in self.runs()], ["mine"])
        run = json.loads((self.export(1, "mine") / "run.json").read_text())
        self.assertEqual([(s["name"], s["ended"]) for s in run["sequences"]], [("tpr", "aborted")])
        self.assertEqual(run["fields"], {})

    def test_a_controller_that_dies(self):
        self.begin("runkill")
        self.begin_run()
        self.wait_run(is_open=True)
        self.wait_ticks(10)
        self.kill("control")
        wait_for("it goes on", lambda: self.events("sequence_interrupted"))
        self.wait_now(state="running")
        self.device.holding[BED] = 310
        self.wait_now(step=20)
        self.wait_run(is_open=True)
        self.press("abort")
        self.press("abort")
        self.wait_run(is_open=False)
        seq = json.loads((self.export(1, "run1") / "run.json").read_text())["sequences"][0]
        self.assertEqual(seq["ended"], "aborted")
        self.assertEqual([i["cause"] for i in seq["interruptions"]], ["controller_away"])
        self.assertGreater(seq["interruptions"][0]["end_seconds"], seq["interruptions"][0]["begin_seconds"])


if __name__ == "__main__":
    unittest.main()
