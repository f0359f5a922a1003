"""A spreadsheet says what the CSV of the same question says, cell by cell; its reader is openpyxl."""
import csv
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import openpyxl

sys.dont_write_bytecode = True
from harness import BUILD, PATIENCE_S, Bench, Device, wait_for  # noqa: E402

STORE = BUILD / "perf/history_read"
HEADS = 3  # rows: names, units, titles


def read(file):
    """The rows of its one sheet: cells as openpyxl reads them, and their kinds."""
    book = openpyxl.load_workbook(file)
    return [[(cell.value, cell.data_type) for cell in row] for row in book["values"].iter_rows()]


class Same(unittest.TestCase):
    def check_rows(self, rows, sheet):
        """rows: of the CSV, whose third row is the first of values."""
        self.assertEqual(len(sheet), len(rows) + 1)
        for at, (row, cells) in enumerate(zip(rows, sheet[:HEADS - 1] + sheet[HEADS:])):
            for column, text in enumerate(row):
                value, kind = cells[column] if column < len(cells) else (None, "n")
                self.assertNotEqual(kind, "f", value)
                self.same(text, value, at >= 2 and column == 0)

    def same(self, text, cell, is_time):
        if is_time:
            wanted = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).replace(tzinfo=None)
            self.assertLess(abs(cell - wanted), datetime.timedelta(milliseconds=2))
        elif isinstance(cell, (int, float)):
            self.assertLessEqual(abs(cell - float(text)), 1e-15 * abs(cell))  # libxlsxwriter writes 16 digits
        else:
            self.assertEqual(cell or "", text)


class Sheet(Same):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = pathlib.Path(temporary.name)
        self.folder = self.root / "store"
        self.folder.mkdir()
        subprocess.run([STORE, "write", self.folder, "5000"], check=True, stdout=subprocess.DEVNULL)

    def export(self, *words):
        return subprocess.run([BUILD / "mbc-query", "--dir", self.folder, "export", *words], env=dict(os.environ, MBC_USERS="one"),
                              capture_output=True, text=True, timeout=PATIENCE_S)

    def compare(self, *words):
        file = self.root / "out.xlsx"
        done = self.export("--format", "xlsx", "--out", file, *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(sorted(p.name for p in self.root.iterdir()), ["out.xlsx", "store"])
        rows = list(csv.reader(self.export(*words).stdout.splitlines()))
        self.check_rows(rows, read(file))

    def test_raw(self):
        self.compare("wave", "count")

    def test_every_in_a_zone(self):
        self.compare("wave", "count", "--every", "1 min", "--to", "2026-01-01T01:00:00Z", "--zone", "Europe/Paris")

    def test_a_wrong_question_leaves_what_was_there(self):
        file = self.root / "out.xlsx"
        file.write_text("old")
        self.assertEqual(self.export("nothing", "--format", "xlsx", "--out", file).returncode, 1)
        self.assertEqual(file.read_text(), "old")
        self.assertEqual(sorted(p.name for p in self.root.iterdir()), ["out.xlsx", "store"])

    def test_more_rows_than_a_sheet_has(self):
        large = self.root / "large"
        large.mkdir()
        subprocess.run([STORE, "write", large, "1050000"], check=True, stdout=subprocess.DEVNULL)
        file = self.root / "large.xlsx"
        done = subprocess.run([BUILD / "mbc-query", "--dir", large, "export", "count", "--format", "xlsx", "--out", file],
                              env=dict(os.environ, MBC_USERS="one"), capture_output=True, text=True, timeout=3 * PATIENCE_S)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("--every", done.stderr)
        self.assertEqual(sorted(p.name for p in self.root.iterdir()), ["large", "store"])

    def test_a_full_disk(self):
        file = self.root / "out.xlsx"
        file.write_text("old")
        done = subprocess.run(["sh", "-c", 'ulimit -f 8; trap "" XFSZ; exec "$0" "$@"', BUILD / "mbc-query", "--dir", self.folder, "export",
                               "wave", "count", "--format", "xlsx", "--out", file],
                              env=dict(os.environ, MBC_USERS="one"), capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(file.read_text(), "old")
        self.assertEqual(sorted(p.name for p in self.root.iterdir()), ["out.xlsx", "store"])

    def test_it_needs_a_file(self):
        done = self.export("wave", "--format", "xlsx")
        self.assertEqual(done.returncode, 1)
        self.assertIn("--out", done.stderr)


class Live(Same):
    """What a bench has recorded: words, bad values, gaps, and names that a spreadsheet could take for formulas."""

    TITLE = '=HYPERLINK("http://127.0.0.1/","é")'

    def bench_text(self, port):
        return f"""tick: 50 ms
history: {{commit: 200 ms}}
links: {{l: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  d: {{use: modbus, link: l, every: 50 ms, timeout: 300 ms, channels: {{
    a: {{read: {{holding: 0}}, unit: degC}}, v: {{read: {{holding: 1}}, choices: {{closed: 0, open: 1}}}}}}}}
channels:
  T: {{read: d.a, title: '{self.TITLE}'}}
  V: {{read: d.v}}
"""

    def samples(self, bench, name):
        answer = bench.ask(f"/api/v1/history/{name}?from=-10min&raw=1", expect=None)
        return [s[1] for s in json.loads(answer[0])["channels"][0]["samples"]] if answer else []

    def test_words_bad_values_and_hostile_titles(self):
        with Device({0: 20, 1: 0}) as device, Bench("sheet", self.bench_text(device.port)) as bench:
            bench.wait_good("T", "V")
            device.holding[1] = 1
            wait_for("open is recorded", lambda: "open" in self.samples(bench, "V"))
            device.fault = "silent"
            wait_for("a bad value is recorded", lambda: (self.samples(bench, "T") or [0])[-1] is None)
            file, now = bench.folder / "live.xlsx", datetime.datetime.now(datetime.timezone.utc)
            begin, until = (now - datetime.timedelta(minutes=10)).isoformat(), now.isoformat()
            for words in ([], ["--every", "1 min", "--zone", "Europe/Paris"]):
                words = ["export", "--from", begin, "--to", until, *words, "T", "V"]
                done = bench.mbc(*words, "--format", "xlsx", "--out", str(file))
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                sheet, told = read(file), list(csv.reader(bench.mbc(*words).stdout.splitlines()))
                self.assertIn((self.TITLE, "s"), sheet[HEADS - 1])
                if "--every" not in words:
                    self.check_rows(told, sheet)
                    words_of_v = {row[3][0] for row in sheet[HEADS:] if len(row) > 3 and row[3][0]}
                    self.assertEqual(words_of_v, {"closed", "open"})
                    self.assertIn("no_answer", {row[2][0] for row in sheet[HEADS:]} | {row[4][0] for row in sheet[HEADS:]})
                else:
                    self.assertEqual([cell[0] for cell in sheet[0][:3]], ["time", "T mean", "T min"])
                    self.assertEqual(sheet[1][0][0], "Europe/Paris")
            refused = bench.ask("/api/v1/history/T?format=xlsx", expect=400)
            self.assertIn("mbc export", json.loads(refused[0])["detail"])


if __name__ == "__main__":
    unittest.main()
