"""One channel against another, over HTTP and by the command line: pairs of one moment, holes, refusals."""
import bisect
import contextlib
import csv
import http.client
import io
import json
import sys
import time
import unittest

import jsonschema

sys.dont_write_bytecode = True
from harness import PATIENCE_S, ROOT, Bench, Device, wait_for  # noqa: E402

HISTORY = "/api/v1/history"
HOLD_S = 150


def text(port):
    return f"""tick: 50 ms
history: {{commit: 200 ms}}
links:
  l: {{tcp: "127.0.0.1:{port}"}}
instruments:
  d: {{use: modbus, link: l, every: 50 ms, channels: {{T: {{read: {{holding: 0}}, unit: degC, title: Bed}}, y: {{read: {{holding: 1}}, scale: 0.1, unit: mV}}}}}}
"""


class Against(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.device = cls.stack.enter_context(Device({0: 20, 1: 0}))
        cls.bench = cls.stack.enter_context(Bench("over", text(cls.device.port)))
        cls.bench.wait_good("d.T", "d.y")
        cls.start = time.time_ns()
        for k, value in enumerate([100, 200, 300, 200, 100]):  # up and down again
            cls.device.holding[0] = value
            wait_for(f"{value} is recorded", lambda value=value: cls.last("d.T") == value)
            cls.device.holding[1] = k + 1
            wait_for(f"{k + 1} is recorded", lambda k=k: cls.last("d.y") == (k + 1) / 10)
        cls.device.fault = "silent"  # no channel is known any more
        cls.bench.wait_reason("d.T", "no_answer", "stale", "connection_lost")
        wait_for("null is recorded", lambda: cls.last("d.T") is None and cls.last("d.y") is None)
        cls.range = f"&from={cls.start}&to={time.time_ns()}"

    @classmethod
    def last(cls, name):
        body = cls.bench.ask(f"{HISTORY}/{name}?from=-10min&raw=1", expect=None)
        samples = json.loads(body[0])["channels"][0]["samples"] if body else []
        return samples[-1][1] if samples else ""

    def ask(self, words):
        answer = self.bench.get(f"{HISTORY}?{words}{self.range}")
        api = json.loads((ROOT / "src/serve/openapi.json").read_text())
        jsonschema.Draft202012Validator({"$ref": "#/components/schemas/" + ("History" if isinstance(answer, dict) else "HistoryRows")},
                                        resolver=jsonschema.RefResolver("", api)).validate(answer)
        return answer

    def table(self, words):
        return list(csv.reader(io.StringIO(self.bench.body(f"{HISTORY}?{words}{self.range}").decode("utf-8-sig"), newline=""),
                               delimiter=";" if "csv-fr" in words else ","))

    def samples(self, name):
        """All of them, also those from before the range."""
        return self.bench.get(f"{HISTORY}/{name}?raw=1&from=first&to={self.range.rsplit('=', 1)[1]}")["channels"][0]["samples"]

    def expected(self, at, samples):
        """What the definition says, worked out from the plain answer."""
        k = bisect.bisect_right([sample[0] for sample in samples], at) - 1
        return samples[k][1] if k >= 0 and at - samples[k][0] <= HOLD_S else None

    def test_raw(self):
        bed = self.samples("d.T")
        answer = self.ask("channels=d.y&x=d.T&raw=1")
        self.assertEqual([answer["x"][key] for key in ("name", "title", "unit", "type")], ["d.T", "Bed", "degC", "uint"])
        self.assertNotIn("mean", answer["x"])
        samples = answer["channels"][0]["samples"]
        self.assertEqual([sample[3] for sample in samples], [self.expected(sample[0], bed) for sample in samples])
        self.assertEqual([sample[0] for sample in samples], sorted(sample[0] for sample in samples))
        last = {y: x for _, y, _, x in samples if y is not None}  # what stood beside each value at last
        self.assertEqual([last[k / 10] for k in range(1, 6)], [100, 200, 300, 200, 100])
        self.assertEqual([sample[:2] for sample in samples], [sample[:2] for sample in self.ask("channels=d.y&raw=1")["channels"][0]["samples"]])
        self.assertEqual((samples[-1][1], samples[-1][2] is None), (None, False))  # its own reason has its own place
        one = self.bench.get(f"{HISTORY}/d.y?x=d.T&raw=1{self.range}")
        self.assertEqual((one["x"], one["channels"]), (answer["x"], answer["channels"]))
        both = self.ask("channels=d.T,d.y&x=d.T&raw=1")["channels"]
        self.assertEqual(both[1], answer["channels"][0])
        self.assertTrue(all(sample[3] == sample[1] for sample in both[0]["samples"]))  # itself

    def test_raw_rows(self):
        samples = self.ask("channels=d.y&x=d.T&raw=1")["channels"][0]["samples"]
        pairs = [(sample[1], sample[3]) for sample in samples]
        rows = self.table("channels=d.y&x=d.T&raw=1&format=csv")
        self.assertEqual(rows[:2], [["time", "x d.T", "d.y", "d.y quality"], ["UTC", "degC", "mV", ""]])
        number = lambda cell: float(cell.replace(",", ".")) if cell else None  # noqa: E731
        self.assertEqual([(number(row[2]), number(row[1])) for row in rows[2:]], pairs)
        rows = self.table("channels=d.y&x=d.T&raw=1&format=csv-fr")
        self.assertEqual([(number(row[2]), number(row[1])) for row in rows[2:]], pairs)
        flat = self.ask("channels=d.y&x=d.T&raw=1&format=flat")
        self.assertEqual([(row["d.y"], row["x d.T"]) for row in flat], pairs)

    def test_intervals(self):
        answer = self.ask("channels=d.y&x=d.T&points=40")
        plain = self.ask("channels=d.y,d.T&points=40")
        self.assertEqual(answer["time"], plain["time"])
        self.assertEqual(answer["x"]["mean"], plain["channels"][1]["mean"])
        self.assertEqual(answer["channels"], plain["channels"][:1])
        self.assertEqual(len(answer["x"]["mean"]), 40)
        self.assertNotIn("x", plain)
        rows = self.table("channels=d.y&x=d.T&points=40&format=csv")
        self.assertEqual(rows[0], ["time", "x d.T mean", "d.y mean", "d.y min", "d.y max", "d.y count", "d.y quality"])
        self.assertEqual([float(row[1]) if row[1] else None for row in rows[2:]], answer["x"]["mean"])
        flat = self.ask("channels=d.y&x=d.T&points=40&format=flat")
        self.assertEqual([row["x d.T"] for row in flat], answer["x"]["mean"])
        self.assertEqual([row["d.y"] for row in flat], answer["channels"][0]["mean"])

    def test_a_hole_is_null(self):
        """Before the first value: no number is made up."""
        answer = self.bench.get(f"{HISTORY}?channels=d.y&x=d.T&points=4&from=1000000000&to=1000000100")
        self.assertEqual(answer["x"]["mean"], [None] * 4)
        answer = self.bench.get(f"{HISTORY}?channels=d.y&x=d.T&raw=1&from=1000000000&to=1000000100")
        self.assertEqual(answer["channels"][0]["samples"], [])

    def test_wrong_questions(self):
        hundred = ",".join(["d.y"] * 100)
        for words, status, *said in (("channels=d.y&x=d.TT", 400, "x: ", "did you mean 'd.T'"), ("channels=d.TT&x=d.T", 404, "did you mean"),
                                     ("channels=d.y&x=d.T,d.y", 400, "one channel"), ("channels=d.y&x=" + "n" * 200, 400, "names are shorter"),
                                     (f"channels={hundred}&x=d.T", 400, "101 channels", "100"), ("x=d.T", 400, "channels=")):
            with self.subTest(words[:60]), contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=PATIENCE_S)) as connection:
                connection.request("GET", f"{HISTORY}?{words}")
                answer = connection.getresponse()
                problem = json.loads(answer.read())
                self.assertEqual(answer.status, status, problem)
                for word in said:
                    self.assertIn(word, problem["detail"])
        self.bench.get(f"{HISTORY}?channels={hundred}")

    def test_command_line(self):
        words = ("--from", str(self.start), "--to", self.range.rsplit("=", 1)[1], "d.y")
        done = self.bench.mbc("export", "--x", "d.T", *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(list(csv.reader(io.StringIO(done.stdout))), self.table("channels=d.y&x=d.T&raw=1&format=csv"))
        done = self.bench.mbc("export", "--x", "d.T", "--points", "40", *words)
        self.assertEqual(list(csv.reader(io.StringIO(done.stdout))), self.table("channels=d.y&x=d.T&points=40&format=csv"))
        out = self.bench.folder / "x.xlsx"
        done = self.bench.mbc("export", "--x", "d.T", "--format", "xlsx", "--out", str(out), *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = self.bench.mbc("export", "--x", "d.TT", *words)
        self.assertEqual(done.returncode, 1)
        self.assertIn("did you mean 'd.T'", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
