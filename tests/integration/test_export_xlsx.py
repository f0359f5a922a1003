"""A spreadsheet says what the CSV of the same question says, cell by cell; its reader is openpyxl."""
import csv
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile

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
        """They go on in a further sheet, under the same heads; nothing is lost or doubled between the two."""
        large = self.root / "large"
        large.mkdir()
        subprocess.run([STORE, "write", large, "1050000"], check=True, stdout=subprocess.DEVNULL)
        file = self.root / "large.xlsx"
        done = subprocess.run([BUILD / "mbc-query", "--dir", large, "export", "count", "--format", "xlsx", "--out", file],
                              env=dict(os.environ, MBC_USERS="one"), capture_output=True, text=True, timeout=3 * PATIENCE_S)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.check_two_sheets(file)

    def check_two_sheets(self, file):
        book = openpyxl.load_workbook(file, read_only=True)
        self.assertEqual(book.sheetnames, ["values", "values 2", "gaps"])
        first, second = (list(book[name].iter_rows(values_only=True)) for name in ("values", "values 2"))
        self.assertEqual(len(first), 1048576)
        self.assertEqual(second[:HEADS], first[:HEADS])
        self.assertEqual(len(first) + len(second) - 2 * HEADS, 1050000)
        step = first[HEADS + 1][1] - first[HEADS][1]
        self.assertEqual(second[HEADS][1] - first[-1][1], step)
        book.close()

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
                self.check_gaps(bench, file)
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

    def check_gaps(self, bench, file):
        """The sheet behind the values says when nothing was recorded, and why."""
        rows = list(openpyxl.load_workbook(file)["gaps"].iter_rows(values_only=True))
        self.assertEqual(rows[0][:3], ("from", "to", "cause"))
        gaps = bench.get("/api/v1/gaps")["gaps"]
        self.assertEqual([row[2] for row in rows[1:]], [gap["cause"] for gap in gaps])
        self.assertGreater(len(gaps), 0)
        self.assertIsInstance(rows[1][1], datetime.datetime)

    def test_over_http(self):
        """The same file out of the data server, as it comes: what openpyxl reads is what the CSV says."""
        with Device({0: 20, 1: 0}) as device, Bench("sheet", self.bench_text(device.port)) as bench:
            bench.wait_good("T", "V")
            device.holding[1] = 1
            wait_for("open is recorded", lambda: "open" in self.samples(bench, "V"))
            until = int(time.time() * 1000)
            question = f"/api/v1/history?channels=T,V&from={until - 600000}&to={until}"
            recorded = lambda: datetime.datetime.fromisoformat(bench.get(question + "&points=1")["recorded"].replace("Z", "+00:00")).timestamp()
            wait_for("all of it is recorded", lambda: recorded() * 1000 > until)  # or the second answer knows more than the first
            file = bench.folder / "http.xlsx"
            for words in ("&raw=1", "&points=7", "&raw=1&x=T", "&points=7&zone=Europe/Paris"):
                body, kind = bench.ask(question + words + "&format=xlsx")
                self.assertEqual(kind, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
                file.write_bytes(body)
                self.assertIsNone(zipfile.ZipFile(file).testzip())
                told = list(csv.reader(bench.body(question + words + "&format=csv").decode().splitlines()))
                self.check_rows(told, read(file))
                self.check_gaps(bench, file)
            file.write_bytes(bench.body(f"/api/v1/history/T?from={until - 600000}&to={until}&points=3&format=xlsx"))
            self.assertIn((self.TITLE, "s"), [(value, "s" if kind == "inlineStr" else kind) for value, kind in read(file)[HEADS - 1]])


if __name__ == "__main__":
    unittest.main()
