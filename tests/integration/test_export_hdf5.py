"""An HDF5 file says what the CSV of the same question says; its reader is h5py. Only where mbc is built with HDF5 (-Dhdf5=enabled)."""
import csv
import datetime
import math
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
from harness import BUILD, PATIENCE_S  # noqa: E402

try:
    import h5py
except ImportError:
    h5py = None

STORE = BUILD / "perf/history_read"


class Hdf5(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="mbc-test-")
        self.addCleanup(temporary.cleanup)
        self.root = pathlib.Path(temporary.name)
        self.folder = self.root / "store"
        self.folder.mkdir()
        subprocess.run([STORE, "write", self.folder, "5000"], check=True, stdout=subprocess.DEVNULL)
        self.file = self.root / "out.h5"
        self.is_built = "built without" not in self.export("--format", "hdf5", "wave").stderr

    def export(self, *words, **options):
        return subprocess.run([BUILD / "mbc-query", "--dir", self.folder, "export", *words], env=dict(os.environ, MBC_USERS="one"),
                              capture_output=True, text=True, timeout=PATIENCE_S, **options)

    def need(self):
        if not self.is_built:
            self.skipTest("mbc is built without HDF5")
        if h5py is None:
            self.skipTest("python3-h5py is not installed")

    def compare(self, *words):
        done = self.export("--format", "hdf5", "--out", self.file, *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(sorted(p.name for p in self.root.iterdir()), ["out.h5", "store"])
        rows = list(csv.reader(self.export(*words).stdout.splitlines()))
        names, units, rows = rows[0], rows[1], rows[2:]
        with h5py.File(self.file) as book:
            self.assertEqual(sorted(book), sorted(names))
            for column, (name, unit) in enumerate(zip(names, units)):
                cells = book[name]
                self.assertEqual(len(cells), len(rows), name)
                if column == 0:
                    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
                    wanted = [(datetime.datetime.fromisoformat(row[0].replace("Z", "+00:00")) - epoch) // datetime.timedelta(microseconds=1) for row in rows]
                    self.assertEqual([int(cell) // 1000 for cell in cells[:]], wanted)
                elif name.endswith(" quality"):
                    self.assertEqual([cell.decode() for cell in cells[:]], [row[column] for row in rows])
                else:
                    self.assertEqual(cells.attrs["unit"], unit)
                    for cell, row in zip(cells[:], rows):
                        self.assertTrue(math.isnan(cell) if row[column] == "" else cell == float(row[column]), (cell, row))

    def test_raw(self):
        self.need()
        self.compare("wave", "count")

    def test_intervals_in_a_zone(self):
        self.need()
        self.compare("wave", "count", "--every", "1 min", "--to", "2026-01-01T03:00:00Z", "--zone", "Europe/Paris")

    def test_full_disk_and_wrong_questions(self):
        self.need()
        self.file.write_text("old")
        self.assertEqual(self.export("--format", "hdf5", "--out", self.file, "nothing").returncode, 1)
        done = self.export("--format", "hdf5", "--out", self.file, "wave",
                           preexec_fn=lambda: (resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)))
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("disk full", done.stderr)
        self.assertEqual(self.file.read_text(), "old")
        self.assertEqual(sorted(p.name for p in self.root.iterdir()), ["out.h5", "store"])
        self.assertIn("--out FILE.h5", self.export("--format", "hdf5", "wave").stderr)

    def test_built_without(self):
        if self.is_built:
            self.skipTest("mbc is built with HDF5")
        done = self.export("--format", "hdf5", "--out", self.file, "wave")
        self.assertEqual(done.returncode, 1)
        self.assertIn("meson option hdf5", done.stderr)
        self.assertFalse(self.file.exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
