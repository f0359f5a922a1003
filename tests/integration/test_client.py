"""clients/mbc_read.py: what a bench has recorded, in pandas, equal to what the bench itself says."""
import contextlib
import importlib.util
import json
import math
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
from harness import ROOT, Bench, Device, wait_for  # noqa: E402

READER = ROOT / "clients/mbc_read.py"
HISTORY = "/api/v1/history"
# Debian's Python has Debian's pandas; the one that runs this may be another.
PYTHON = "/usr/bin/python3"


def text(port):
    return f"""tick: 50 ms
history: {{commit: 200 ms}}
links:
  l: {{tcp: "127.0.0.1:{port}"}}
instruments:
  d: {{use: modbus, link: l, every: 50 ms, timeout: 300 ms, channels: {{
    a: {{read: {{holding: 0}}, unit: degC}},
    b: {{read: {{holding: 1}}, scale: 0.1, unit: bar}},
    v: {{read: {{holding: 2}}, choices: {{closed: 0, open: 1}}}}}}}}
"""


class Reader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        spec = importlib.util.spec_from_file_location("mbc_read", READER)
        cls.reader = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(cls.reader)

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.device = self.stack.enter_context(Device({0: 20, 1: 215, 2: 1}))
        self.bench = self.stack.enter_context(Bench("client", text(self.device.port)))
        self.bench.wait_good("d.a", "d.b", "d.v")
        for value in (21, 900, 22):
            self.device.holding[0] = value
            wait_for(f"{value} is recorded", lambda: value in [s[1] for s in self.samples("d.a")])

    def samples(self, name):
        """What HTTP says of a channel; nothing while it has no answer, as right after the start."""
        answer = self.bench.ask(f"{HISTORY}/{name}?from=-10min&raw=1", expect=None)
        return json.loads(answer[0])["channels"][0]["samples"] if answer else []

    def check(self, frame, until):
        """Every value that HTTP gives as JSON up to a moment."""
        for name in ("d.a", "d.b", "d.v"):
            column = frame[name][frame[name].notna()]
            told = [s for s in self.samples(name) if s[1] is not None and s[0] <= until]
            mine = [(t.timestamp(), v) for t, v in column.items() if t.timestamp() <= until]
            self.assertEqual([v for _, v in mine], [s[1] for s in told])
            for (at, _), sample in zip(mine, told):
                self.assertAlmostEqual(at, sample[0], places=5)
        self.assertEqual(frame.attrs["units"], {"d.a": "degC", "d.b": "bar"})

    def test_exports_and_http(self):
        until = self.samples("d.a")[-1][0]
        for words in (("--format", "csv"), ("--format", "csv-fr"), ("--format", "csv", "--zone", "Europe/Paris")):
            file = self.bench.folder / "all.csv"
            done = self.bench.mbc("export", "--raw", *words, "--out", str(file), "d.a", "d.b", "d.v")
            self.assertEqual(done.returncode, 0, done.stderr)
            frame = self.reader.read(file)
            self.check(frame, until)
            self.assertEqual(str(frame.index.tz), "UTC")
            self.assertEqual(frame.attrs["zone"], "Europe/Paris" if "--zone" in words else "UTC")
            self.assertEqual(set(frame["d.v"].dropna()), {"open"})
        url = f"http://127.0.0.1:{self.bench.port}"
        self.check(self.reader.get(url, ["d.a", "d.b", "d.v"], start="-10min", raw=True), until)
        buckets = self.reader.get(url, ["d.a"], start="-10min", every="1min")
        self.assertEqual(len(buckets), 10)
        self.assertEqual(buckets["d.a max"].max(), 900)
        self.assertTrue(math.isnan(buckets["d.a mean"].iloc[0]))
        self.assertEqual(buckets["d.a quality"].iloc[0], "first_start")
        with self.assertRaisesRegex(ValueError, "d.zz"):
            self.reader.get(url, ["d.zz"])
        with self.assertRaisesRegex(ValueError, "needs its zone"):
            self.reader.get(url, ["d.a"], start=self.reader.pd.Timestamp("2026-11-26T10:00:00"))

    def test_a_bad_value_is_no_number(self):
        self.device.fault = "silent"
        self.bench.wait_reason("d.a", "no_answer", "stale", "connection_lost")
        wait_for("it is recorded", lambda: (self.samples("d.a") or [[0, 0]])[-1][1] is None)
        frame = self.reader.get(f"http://127.0.0.1:{self.bench.port}", ["d.a"], start="-10min", raw=True)
        self.assertTrue(math.isnan(frame["d.a"].iloc[-1]))
        self.assertIn(frame["d.a quality"].iloc[-1], ("no_answer", "stale", "connection_lost"))

    def test_runs(self):
        self.assertEqual(self.bench.mbc("record", "start", "--title", "essai é").returncode, 0)
        self.device.holding[0] = 33
        self.bench.wait_value("d.a", 33)
        self.assertEqual(self.bench.mbc("record", "stop").returncode, 0)
        for words, name in (((), "exported"), (("--csv-fr",), "exported.zip")):
            path = self.bench.folder / name
            done = self.bench.mbc("record", "export", "1", "--out", str(path), *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            frame = self.reader.read(path)
            self.assertEqual(frame.attrs["run"]["title"], "essai é")
            self.assertEqual(frame["d.a [degC]"].dropna().iloc[-1], 33)
            self.assertEqual(frame["d.b [bar]"].dropna().iloc[0], 21.5)
            self.assertEqual(frame.attrs["units"]["d.b [bar]"], "bar")
            self.assertEqual(frame["seconds"].iloc[0], 0)
        done = subprocess.run([PYTHON, "-B", str(READER), str(path)], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("d.b [bar]: bar", done.stdout)

    def test_what_is_no_table_is_said(self):
        file = self.bench.folder / "x.csv"
        for body in (b"", b"a,b\n1,2\n", "éè".encode()):
            file.write_bytes(body)
            done = subprocess.run([PYTHON, "-B", str(READER), str(file)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("does not begin with `time`", done.stderr)


if __name__ == "__main__":
    unittest.main()
