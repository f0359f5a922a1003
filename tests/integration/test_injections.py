"""Injections of a sequence, and the result files that come behind them: one late, one missing, one that nobody asked for; and what the bed was like before."""
import contextlib
import csv
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from harness import wait_for  # noqa: E402
from test_door import Writable  # noqa: E402
from test_sequence import SequenceBench, Sequences  # noqa: E402

BED, INJECT, READY = range(3)  # registers
NAMES = "ABCDE"
SEQUENCE = "sequence \"Injections\"\nneeds go GC\n\nstep 10 \"Inject\"\n" + "".join(
    f'  GC.inject name "{name}" ready timeout 100 h done timeout 100 h else abort\n  wait until go > {i} timeout 100 h else abort\n'
    for i, name in enumerate(NAMES)) + "end\n"
GO = 3


def text(port, folder):
    return f"""tick: 50 ms
history: {{commit: 200 ms, leave_free: 0 MB}}
record: {{before_injection: {{over: 1 s, channels: [bed]}}}}
links:
  l: {{tcp: "127.0.0.1:{port}"}}
  results: {{folder: {folder}}}
instruments:
  GC:
    use: modbus
    link: l
    every: 50 ms
    channels:
      inject: {{read: {{holding: {INJECT}, type: int16}}, write: {{holding: {INJECT}}}}}
      ready: {{read: {{holding: {READY}, type: int16}}}}
      bed: {{read: {{holding: {BED}, type: int16}}, scale: 0.1, unit: degC}}
      go: {{read: {{holding: {GO}, type: int16}}}}
    commands:
      inject: {{write: inject, value: 1, ready: ready == 1, done: ready == 1}}
  table: {{use: gc-result-file, link: results, component1: CH4, component2: CO, every: 200 ms}}
channels:
  bed: {{read: GC.bed}}
  go: {{read: GC.go}}
alarms: {{hot: {{when: bed > 240 degC, do: Look at the bed, title: Bed hot}}}}
sequences: seq
"""


class Injections(Sequences):
    def begin_injections(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mbc-results-")))
        kind = type("Bench", (SequenceBench,), {"files": {"injections.seq": SEQUENCE}, "commands": "[set, sequence]"})
        self.device = stack.enter_context(Writable({BED: 2500, INJECT: 0, READY: 1, GO: 0}))
        self.result("old.csv", 1, 1)
        self.bench = stack.enter_context(kind("injections", text(self.device.port, self.folder)))
        self.bench.wait_good("bed", "go", "GC.ready", "table.fraction1", "mbc.control.ticks")

    def result(self, name, ch4, co):
        """Whole when it is there."""
        (self.folder / ".part").write_text(f"CH4,CO\n{ch4},{co}\n")
        os.rename(self.folder / ".part", self.folder / name)

    def put(self, name, ch4, co):
        self.result(name, ch4, co)
        self.bench.wait_value("table.file", name)
        self.bench.wait_value("table.fraction1", ch4)  # told when the file has not changed for 5 s

    def go_on(self, i):
        self.device.holding[GO] = i + 1

    def inject(self, i):
        """What the chromatograph does: it takes the start, is at work, and is ready again."""
        wait_for(f"injection {i}", lambda: self.device.holding[INJECT] == 1)
        self.device.holding[READY] = 0
        self.bench.wait_value("GC.ready", 0)
        self.device.holding.update({READY: 1, INJECT: 0})
        wait_for(f"the end of {i}", lambda: len(self.events("sequence_command_done")) == i + 1)

    def test_one_late_one_missing_one_too_many(self):
        self.begin_injections()
        self.press("start", "injections")
        self.inject(0)
        self.put("r1.csv", 11, 0.5)
        self.put("surplus.csv", 99, 0.5)
        self.go_on(0)
        self.inject(1)
        self.go_on(1)
        self.inject(2)
        self.put("r2.csv", 12, 0.5)  # behind the end of the third
        self.put("r3.csv", 13, 0.5)
        self.go_on(2)
        self.inject(3)  # its result never comes
        self.go_on(3)
        self.inject(4)
        self.put("r5.csv", 15, 0.5)
        self.go_on(4)
        wait_for("the end", lambda: self.now().get("state") == "complete")
        wait_for("the run has ended", lambda: json.loads(self.mbc("record", "show", "1", "--json"))["end"])
        out = self.bench.folder / "out"
        self.mbc("record", "export", "1", "--out", str(out))
        [alarm] = json.loads((out / "run.json").read_text())["alarms"]
        self.assertEqual((alarm["alarm"], alarm["end"], alarm["begin_seconds"] < 0), ("hot", None, True))  # since before the run
        with (out / "injections.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        told = [(row["name"], row["result"], row["file"], row["table.fraction1 [%]"]) for row in rows]
        self.assertEqual(told, [("A", "time", "r1.csv", "11"), ("B", "late", "r2.csv", "12"), ("C", "time", "r3.csv", "13"), ("D", "missing", "", ""),
                                ("E", "time", "r5.csv", "15"), ("", "surplus", "surplus.csv", "99")])
        for row in rows[:5]:
            self.assertEqual((row["outcome"], row["bed mean [degC]"], row["bed spread [K]"]), ("done", "250", "0"))
            self.assertGreater(float(row["bed known [%]"]), 0)
            self.assertLess(float(row["intent_seconds"]), float(row["acquisition_seconds"]))
            self.assertLess(float(row["acquisition_seconds"]), float(row["done_seconds"]))
            if row["file"]:
                self.assertGreater(float(row["file_seconds"]), float(row["done_seconds"]))
        self.assertEqual(rows[1]["table.fraction2 [%]"], "0.5")  # the same as before, and known
        self.assertEqual(rows[5]["bed mean [degC]"], "")


if __name__ == "__main__":
    unittest.main()
