"""Runs over each other, over HTTP and by the command line: seconds since each began, one that goes on, those that are not there."""
import contextlib
import csv
import http.client
import io
import json
import sys
import unittest
import zipfile

import jsonschema

sys.dont_write_bytecode = True
from harness import PATIENCE_S, ROOT, Bench, Device, wait_for  # noqa: E402

HISTORY = "/api/v1/history"


def text(port):
    return f"""tick: 50 ms
history: {{commit: 200 ms}}
links:
  l: {{tcp: "127.0.0.1:{port}"}}
instruments:
  d: {{use: modbus, link: l, every: 50 ms, channels: {{T: {{read: {{holding: 0}}, unit: degC, title: Bed}}}}}}
"""


class Over(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.device = cls.stack.enter_context(Device({0: 20}))
        cls.bench = cls.stack.enter_context(Bench("over", text(cls.device.port)))
        cls.bench.wait_good("d.T")
        for run in (1, 2, 3):  # the third one goes on
            cls.record("start", "--title", f"run {run}")
            for k in (1, 2, 3):
                cls.device.holding[0] = 100 * run + k
                wait_for(f"{100 * run + k} is recorded", lambda run=run, k=k: cls.last() == 100 * run + k)
            if run < 3:
                cls.record("stop")
            cls.device.holding[0] = 50
            wait_for("50 is recorded", lambda: cls.last() == 50)

    @classmethod
    def record(cls, *words):
        done = cls.bench.mbc("record", *words)
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    @classmethod
    def last(cls):
        samples = cls.bench.get(f"{HISTORY}/d.T?from=-10min&raw=1")["channels"][0]["samples"]
        return samples[-1][1] if samples else None

    def ask(self, words):
        answer = self.bench.get(f"{HISTORY}?channels=d.T&{words}")
        api = json.loads((ROOT / "src/serve/openapi.json").read_text())
        jsonschema.Draft202012Validator({"$ref": "#/components/schemas/" + ("HistoryOver" if isinstance(answer, dict) else "HistoryRows")},
                                        resolver=jsonschema.RefResolver("", api)).validate(answer)
        return answer

    def test_raw(self):
        answer = self.ask("since=run:2,run:1&raw=1")
        self.assertEqual([(run["run"], run["title"], run["step"], run["open"]) for run in answer["since"]],
                         [(2, "run 2", None, False), (1, "run 1", None, False)])
        self.assertEqual(answer["to"], max(run["seconds"] for run in answer["since"]))
        for channel, run in zip(answer["channels"], answer["since"]):
            self.assertEqual((channel["name"], channel["run"]), (f"d.T run {run['run']}", run["run"]))
            values = [value for _, value in channel["samples"]]
            self.assertTrue({100 * run["run"] + k for k in (1, 2, 3)} <= set(values) <= {100 * run["run"] + k for k in (1, 2, 3)} | {20, 50}, values)
            self.assertTrue(all(0 <= at <= run["seconds"] for at, _ in channel["samples"]), channel["samples"])
        rows = self.bench.body(f"{HISTORY}/d.T?since=run:2,run:1&raw=1&format=csv").decode()
        rows = list(csv.reader(io.StringIO(rows, newline="")))
        self.assertEqual(rows[0], ["seconds", "d.T run 2", "d.T run 2 quality", "d.T run 1", "d.T run 1 quality"])
        self.assertEqual(rows[1], ["s", "degC", "", "degC", ""])
        for column, channel in ((1, answer["channels"][0]), (3, answer["channels"][1])):
            self.assertEqual([[float(row[0]), float(row[column])] for row in rows[2:] if row[column]], channel["samples"])
        flat = self.ask("since=run:2,run:1&raw=1&format=flat")
        self.assertEqual([row["seconds"] for row in flat], [float(row[0]) for row in rows[2:]])
        done = self.bench.mbc("export", "--since", "run:2,run:1", "d.T")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(list(csv.reader(io.StringIO(done.stdout, newline=""))), rows)
        out = self.bench.folder / "over.xlsx"
        done = self.bench.mbc("export", "--since", "run:2,run:1", "--every", "1s", "--format", "xlsx", "--out", str(out), "d.T")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        with zipfile.ZipFile(out) as book:
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
            self.assertIn("d.T run 2 mean", sheet)
            self.assertIn('<c r="A4"><v>0</v></c>', sheet)  # a number of seconds, no date

    def test_intervals_and_one_that_goes_on(self):
        answer = self.ask("since=run:1,run:3&points=10")
        self.assertEqual([run["open"] for run in answer["since"]], [False, True])
        self.assertEqual((answer["time"][0], len(answer["time"])), (0, 10))
        self.assertGreater(sum(answer["channels"][1]["count"]), 0)
        self.assertGreaterEqual(max(v for v in answer["channels"][1]["max"] if v is not None), 303)
        later = self.ask("since=run:1,run:3&points=10&from=-1s&to=" + str(int(answer["to"]) + 3600) + "s")
        self.assertEqual((later["from"], later["channels"][0]["quality"][-1]), (-1, "run_over"))

    def test_wrong_questions(self):
        for words, status, *said in (("since=run:9", 404, "there is no run 9"), ("since=run:1/step:heat", 404, "no step is known of run 1"),
                                     ("since=12", 400, "run:12"), ("since=run:1&x=d.T", 400, "among the channels"),
                                     ("since=run:1&from=2026-01-01", 400, "since")):
            with self.subTest(words), contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=PATIENCE_S)) as connection:
                connection.request("GET", f"{HISTORY}/d.T?{words}")
                answer = connection.getresponse()
                problem = json.loads(answer.read())
                self.assertEqual(answer.status, status, problem)
                for word in said:
                    self.assertIn(word, problem["detail"])
        done = self.bench.mbc("export", "--since", "run:9", "d.T")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no run 9", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
