"""Closed files of a history written anew: equal data, one that reads, one that writes, kills, full disks, places of a second store."""
import contextlib
import fcntl
import os
import pathlib
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
from harness import BUILD, PATIENCE_S, wait_for  # noqa: E402

STORE = BUILD / "perf/history_read"  # fills a store: see test_history.py
PART = ".compact"


def files(folder):
    return sorted(path for path in folder.iterdir() if path.suffix == ".sqlite")


def rows(file):
    """All rows of all tables that have to stay as they are, of a data base that nobody writes to."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as db:
        tables = [name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('chunk', 'span', 'tail')")]
        return {table: sorted(db.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr) for table in tables}


class Compact(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.made = pathlib.Path(cls.stack.enter_context(tempfile.TemporaryDirectory(prefix="mbc-test-"))) / "made"
        # From the end of a month on: two files.
        cls.made.mkdir()
        subprocess.run([STORE, "write", cls.made, "400000", "1769644800"], check=True, stdout=subprocess.DEVNULL)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mbc-test-")
        self.addCleanup(folder.cleanup)
        self.store = pathlib.Path(folder.name) / "history"
        shutil.copytree(self.made, self.store)
        self.first, self.second = files(self.store)

    def command(self, *words):
        return [BUILD / "mbc-query", "--dir", self.store, *words]

    def query(self, *words, code=0, **options):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=PATIENCE_S, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def values(self):
        return self.query("export", "--raw", "wave", "count")

    def buckets(self):
        return self.query("export", "--points", "50", "--to", "2026-03-01", "wave", "count")

    def parts(self):
        return [path.name for path in self.store.iterdir() if path.name.endswith(PART)]

    def check_as_before(self, before, first=None):
        self.assertEqual(self.values(), before)
        self.assertEqual(self.parts(), [])
        if first is not None:
            self.assertEqual(self.first.read_bytes(), first)
        self.query("verify")

    def test_same_values_less_room(self):
        before, tables, buckets = self.values(), rows(self.first), self.buckets()
        bytes_before = self.first.stat()
        second = self.second.read_bytes()
        self.assertIn("could be saved", self.query("compact", "--dry-run"))
        self.assertEqual((self.first.stat().st_ino, self.first.stat().st_size), (bytes_before.st_ino, bytes_before.st_size))
        self.assertIn("saved", self.query("compact"))
        self.assertLess(self.first.stat().st_size * 2, bytes_before.st_size)
        self.assertEqual((self.first.stat().st_mode, self.first.stat().st_uid), (bytes_before.st_mode, bytes_before.st_uid))
        self.check_as_before(before)
        self.assertEqual(rows(self.first), tables)
        self.assertEqual(self.second.read_bytes(), second)  # it is recorded into
        self.assertIn("as small as can be", self.query("compact"))
        self.assertEqual(self.buckets(), buckets)

    def test_reader_in_the_middle(self):
        before = self.values()
        reader = subprocess.Popen(self.command("export", "--raw", "wave", "count"), stdout=subprocess.PIPE, text=True)
        self.addCleanup(reader.kill)
        begin = reader.stdout.read(5000)  # then its pipe is full
        self.assertIn("saved", self.query("compact"))
        self.assertEqual(begin + reader.stdout.read(), before)
        self.assertEqual(reader.wait(PATIENCE_S), 0)
        reader.stdout.close()
        self.check_as_before(before)

    def test_while_it_is_written(self):
        shutil.rmtree(self.store)
        self.store.mkdir()
        writer = subprocess.Popen([STORE, "write", self.store, "600000", "1769644800"], stdout=subprocess.DEVNULL)
        self.addCleanup(writer.kill)
        while writer.poll() is None:
            if len(list(self.store.iterdir())) > 0:
                self.query("compact")
        self.assertEqual(writer.returncode, 0)
        self.query("compact")
        with tempfile.TemporaryDirectory(prefix="mbc-test-") as other:
            subprocess.run([STORE, "write", other, "600000", "1769644800"], check=True, stdout=subprocess.DEVNULL)
            self.assertEqual(self.values(), subprocess.run([BUILD / "mbc-query", "--dir", other, "export", "--raw", "wave", "count"], check=True,
                                                           capture_output=True, text=True).stdout)
        self.query("verify")

    def test_killed(self):
        before = self.values()
        chance = random.Random(8)
        killed = 0
        for _ in range(12):
            shutil.rmtree(self.store)
            shutil.copytree(self.made, self.store)
            run = subprocess.Popen(self.command("compact"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            time.sleep(chance.uniform(0, 0.5))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
            killed += run.wait(PATIENCE_S) != 0
            self.assertEqual(self.values(), before)
            self.query("verify")
            self.query("compact")
            self.check_as_before(before)
        self.assertGreater(killed, 0)

    def test_interrupted(self):
        before = self.values()
        for _ in range(4):
            shutil.rmtree(self.store)
            shutil.copytree(self.made, self.store)
            run = subprocess.Popen(self.command("compact"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            wait_for("it has begun", lambda run=run: self.parts() or run.poll() is not None)
            run.terminate()
            said = run.communicate(timeout=PATIENCE_S)
            self.assertIn(run.returncode, (0, 2), said)
            self.check_as_before(before)

    def test_leftover_goes(self):
        left = self.store / (self.first.name + PART)
        left.write_bytes(b"half of it")
        self.query("compact")
        self.assertFalse(left.exists())

    def test_full_disk(self):
        before, first = self.values(), self.first.read_bytes()
        said = self.query("compact", code=2, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000)))
        self.assertIn("free some room", said)
        self.check_as_before(before, first)

    def test_damaged(self):
        before = self.first.read_bytes()
        broken = bytearray(before)
        at = before.rindex(b"\x28\xb5\x2f\xfd") if b"\x28\xb5\x2f\xfd" in before else len(before) // 2
        broken[at + 8:at + 40] = bytes(32)
        self.first.write_bytes(broken)
        done = subprocess.run(self.command("compact"), capture_output=True, text=True, timeout=PATIENCE_S)
        if done.returncode != 0:  # else it hit what is nothing any more
            self.assertEqual(self.first.read_bytes(), bytes(broken))
            self.assertIn(self.first.name, done.stderr)
        self.assertEqual(self.parts(), [])

    def test_removed_meanwhile(self):
        """As `keep` does: nothing comes back, and nothing is left."""
        run = subprocess.Popen(self.command("compact"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for("it has begun", lambda: self.parts() or run.poll() is not None)
        self.first.unlink()
        said = run.communicate(timeout=PATIENCE_S)
        self.assertEqual(run.returncode, 0, said)
        self.assertEqual(self.parts(), [])
        self.assertFalse(self.first.exists())

    def test_cleaned_meanwhile(self):
        """As a channel's `keep` does: what was removed stays so."""
        removed = []

        def clean():
            with contextlib.closing(sqlite3.connect(self.first, timeout=PATIENCE_S)) as db:
                chunk, = db.execute("SELECT min(chunk) FROM chunk").fetchone()
                db.execute("DELETE FROM chunk WHERE chunk = ?", (chunk,))
                db.execute("DELETE FROM span WHERE chunk = ?", (chunk,))
                db.commit()
                removed.append(chunk)

        run = subprocess.Popen(self.command("compact"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for("it has begun", lambda: self.parts() or run.poll() is not None)
        with contextlib.suppress(sqlite3.OperationalError):  # the file moved under it: it would be tried again
            clean()
        said = run.communicate(timeout=PATIENCE_S)
        self.assertIn(run.returncode, (0, 2), said)
        self.assertEqual(self.parts(), [])
        self.query("verify")
        if removed and run.returncode == 0 and "try again" in said[0]:
            with contextlib.closing(sqlite3.connect(self.first)) as db:
                self.assertEqual(db.execute("SELECT count(*) FROM chunk WHERE chunk = ?", removed).fetchone(), (0,))

    def test_second_store(self):
        before, first = self.values(), self.first.read_bytes()
        state = self.store / "drain-postgres"
        state.write_text("id 0123456789abcdef0123456789abcdef files 1".ljust(63) + "\n")
        self.assertIn("carried", self.query("compact"))
        self.check_as_before(before, first)
        state.write_text("id 0123456789abcdef0123456789abcdef files 2".ljust(63) + "\n")
        self.assertIn("saved", self.query("compact"))
        self.check_as_before(before)

    def test_wrong_words(self):
        for words in (("--dry",), ("a", "b"), ("--dry-run", "a")):
            self.assertIn("usage", self.query("compact", *words, code=1))
        lock = os.open(self.store, os.O_RDONLY)
        self.addCleanup(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_EX)
        self.assertIn("under way", self.query("compact", code=1))


if __name__ == "__main__":
    unittest.main(verbosity=2)
