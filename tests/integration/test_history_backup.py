"""A history backed up while it is recorded, and restored: equal data, refusals, kills, full disks."""
import contextlib
import os
import pathlib
import random
import re
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
from harness import BUILD, PATIENCE_S, Bench, Device, wait_for  # noqa: E402

HISTORY = "/api/v1/history"
STORE = BUILD / "perf/history_read"  # fills a store: see test_history.py
MANIFEST = "manifest.txt"


def text(port):
    return f"""tick: 50 ms
history: {{commit: 200 ms}}
links:
  l: {{tcp: "127.0.0.1:{port}"}}
instruments:
  d: {{use: modbus, link: l, every: 50 ms, channels: {{a: {{read: {{holding: 0}}, unit: degC}}, b: {{read: {{holding: 1}}, scale: 0.1, unit: bar}}}}}}
"""


def rows(file):
    """All rows of all tables of a data base that nobody writes to."""
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        tables = [name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        return {table: sorted(db.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr) for table in tables}


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def files(folder):
    return sorted(path for path in folder.iterdir() if path.suffix == ".sqlite")


class Scratch(unittest.TestCase):
    def scratch(self):
        folder = tempfile.TemporaryDirectory(prefix="mbc-test-")
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def check(self, done, code, *words):
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stdout + done.stderr)
        return done


class Recorded(Scratch):
    """A bench that records a device."""

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.device = self.stack.enter_context(Device({0: 20, 1: 215}))
        self.bench = self.stack.enter_context(Bench("rec", text(self.device.port)))
        self.bench.wait_good("d.a", "d.b")
        self.folder = self.scratch()
        self.backup = self.folder / "backup"
        self.put(20)  # the recorder has begun

    def put(self, value):
        """The device shows another value; until it is recorded."""
        self.device.holding[0] = value

        def is_there():
            answer = self.bench.ask(f"{HISTORY}/d.a?from=-10min&raw=1&format=csv", expect=None)
            return answer and f",{value}," in answer[0].decode()
        wait_for(f"{value} is recorded", is_there)

    def elsewhere(self, *words):
        """The command line with another state folder, where no bench runs."""
        for sub in ("run", "state"):
            (self.folder / sub).mkdir(mode=0o700, exist_ok=True)
        environment = dict(self.bench.environment, MBC_RUN_DIR=str(self.folder / "run"), MBC_STATE_DIR=str(self.folder / "state"))
        return subprocess.run([str(self.bench.program), *words], env=environment, capture_output=True, text=True, timeout=PATIENCE_S, cwd=self.folder)

    def history(self):
        return self.bench.folder / "state/rec/history"

    def export(self, run):
        with contextlib.closing(sqlite3.connect(f"file:{files(self.backup)[-1]}?mode=ro", uri=True)) as db:
            names = sorted({name for name, in db.execute("SELECT name FROM channel")})
        return self.check(run("export", "--raw", *names), 0).stdout.splitlines()

    def test_a_running_bench(self):
        """It records on meanwhile; what was there at the beginning is in the backup, and comes back equal."""
        for value in range(100, 105):
            self.put(value)
        for value in range(105, 108):  # brought up to date, over and over
            done = self.bench.mbc("history", "backup", str(self.backup))
            self.check(done, 0, "good", "bench 'rec', 1 file")
            self.put(value)
        names = {path.name for path in self.backup.iterdir()}
        self.assertEqual(names, {files(self.backup)[0].name, MANIFEST})
        self.check(self.elsewhere("history", "restore", str(self.backup)), 0, "bench 'rec'")
        self.check(self.elsewhere("history", "verify"), 0, "good")
        restored = self.export(self.elsewhere)
        values = [line.split(",")[1] for line in self.check(self.elsewhere("export", "d.a"), 0).stdout.splitlines()]
        self.assertIn("106", values)
        self.assertNotIn("107", values)
        # The last moment may have got its other channels since.
        self.assertEqual(restored[:-1], self.export(self.bench.mbc)[:len(restored) - 1])
        restored_files = files(self.folder / "state/rec/history")
        self.assertEqual([f.read_bytes() for f in restored_files], [f.read_bytes() for f in files(self.backup)])
        self.put(200)
        self.assertEqual(self.bench.value("mbc.history.stopped"), 0)

    def test_equal_when_it_rests(self):
        """Of a bench that was ended: all channels, and the data bases row by row; then it records on into what was restored."""
        for value in (21, 900, 22):
            self.put(value)
        self.bench.process.stop()
        self.check(self.bench.mbc("history", "backup", str(self.backup)), 0)
        before = {path.name: rows(path) for path in files(self.history())}
        before_text = self.export(self.bench.mbc)
        first = files(self.backup)[0].stat()
        self.check(self.bench.mbc("history", "backup", str(self.backup)), 0, "0 written, 1 were there already")
        self.assertEqual(files(self.backup)[0].stat().st_ino, first.st_ino)
        self.check(self.elsewhere("history", "restore", str(self.backup)), 0)
        restored = {path.name: rows(path) for path in files(self.folder / "state/rec/history")}
        self.assertEqual(restored, before)
        self.assertGreater(sum(len(table) for table in before[min(before)].values()), 20)
        self.assertEqual(self.export(self.elsewhere), before_text)
        # Back into its own place: refused, then the old one is moved aside.
        self.check(self.bench.mbc("history", "restore", str(self.backup)), 1, "has a history already", "--replace")
        was = bytes_of(self.history())
        done = self.check(self.bench.mbc("history", "restore", str(self.backup), "--replace"), 0)
        aside = pathlib.Path(re.search(r"lies in '(.*)'", done.stdout)[1])
        self.assertEqual({n: b for n, b in bytes_of(aside).items() if n.endswith(".sqlite")}, {n: b for n, b in was.items() if n.endswith(".sqlite")})
        self.assertEqual({path.name: rows(path) for path in files(self.history())}, before)
        self.bench.__enter__()
        self.bench.wait_good("d.a")
        self.put(77)
        self.check(self.bench.mbc("history", "verify"), 0)
        self.assertTrue({21, 900, 22, 77} <= {sample[1] for sample in self.bench.get(f"{HISTORY}/d.a?from=-10min&raw=1")["channels"][0]["samples"]})

    def test_restore_while_it_runs(self):
        self.check(self.bench.mbc("history", "backup", str(self.backup)), 0)
        for more in ([], ["--replace"], ["--bench", "rec", "--replace"]):
            self.check(self.bench.mbc("history", "restore", str(self.backup), *more), 1, "is running", "mbc stop --bench rec")
        self.put(31)

    def test_another_history_spoils_no_backup(self):
        """A bench whose history was moved away begins anew, perhaps with the same names."""
        self.check(self.bench.mbc("history", "backup", str(self.backup)), 0)
        was = bytes_of(self.backup)
        self.bench.process.stop()
        self.history().rename(self.folder / "old")
        self.bench.__enter__()
        self.put(41)
        self.check(self.bench.mbc("history", "backup", str(self.backup)), 1, "another history")
        self.assertEqual(bytes_of(self.backup), was)

    def test_names(self):
        self.check(self.bench.mbc("history", "backup", str(self.backup)), 0)
        self.check(self.elsewhere("history", "restore", str(self.backup), "--bench", "other"), 1, "bench 'rec', not of 'other'")
        self.check(self.bench.mbc("history", "backup"), 1)
        self.check(self.bench.mbc("history", "restore"), 1)
        self.check(self.bench.mbc("history", "backup", str(self.backup), "--replace"), 1, "restore")
        self.check(self.bench.mbc("history", "backup", str(self.folder / "no/where")), 1, "make the folder")
        self.check(self.elsewhere("history", "restore", str(self.folder / "nothing")), 1, "name the folder of a backup")


class Files(Scratch):
    """A store without a bench, of two files."""

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.store = pathlib.Path(cls.stack.enter_context(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        # From the end of a month on: two files.
        subprocess.run([STORE, "write", cls.store, "600000", "1769644800"], check=True, stdout=subprocess.DEVNULL)

    def setUp(self):
        self.folder = self.scratch()
        self.backup = self.folder / "backup"
        self.environment = dict(os.environ, MBC_RUN_DIR=str(self.folder / "run"), MBC_STATE_DIR=str(self.folder / "state"), MBC_USERS="one")

    def command(self, *words, store=None):
        return [BUILD / "mbc-query", "--dir", store or self.store, *words]

    def query(self, *words, store=None, **options):
        return subprocess.run(self.command(*words, store=store), env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S, **options)

    def restore(self, *words):
        return subprocess.run([BUILD / "mbc", "history", "restore", self.backup, *words], env=self.environment, capture_output=True, text=True,
                              timeout=PATIENCE_S)

    def make(self):
        self.check(self.query("backup", self.backup), 0)
        self.assertEqual(len(files(self.backup)), 2)

    def test_store_comes_back(self):
        self.make()
        self.check(self.restore(), 0, "2 files")
        place = self.folder / "state/large/history"
        self.assertEqual({path.name: rows(path) for path in files(place)}, {path.name: rows(path) for path in files(self.store)})
        self.assertEqual(self.query("export", "--raw", "wave", "count", store=place).stdout, self.query("export", "--raw", "wave", "count").stdout)
        self.assertEqual([path.name for path in place.parent.iterdir()], ["history"])
        self.check(self.query("verify", store=place), 0)

    def test_replaced_over_and_over(self):
        """Several in a second: each moves another folder aside, and none of them is lost."""
        self.make()
        for _ in range(6):
            self.check(self.restore("--replace"), 0)
        folders = [path for path in (self.folder / "state/large").iterdir()]
        self.assertEqual(len(folders), 6)
        for folder in folders:
            self.assertEqual([path.read_bytes() for path in files(folder)], [path.read_bytes() for path in files(self.backup)])

    def test_a_changed_byte(self):
        self.make()
        names = [path.name for path in files(self.backup)] + [MANIFEST]
        for name in names:
            path = self.backup / name
            good = path.read_bytes()
            for at in (0, random.randrange(len(good)), len(good) - 1):
                with self.subTest(name=name, at=at):
                    path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
                    self.check(self.restore(), 1, name)
                    self.assertFalse((self.folder / "state/large/history").exists())
                    self.assertFalse((self.folder / "state/large/history.restoring").exists())
            for changed in (good[:-1], good + b"\0", b""):
                path.write_bytes(changed)
                self.check(self.restore(), 1, name)
            path.unlink()
            self.check(self.restore(), 1, name)
            path.write_bytes(good)
        self.check(self.restore(), 0)

    def test_a_damaged_copy_is_made_good(self):
        self.make()
        path = files(self.backup)[0]
        good = path.read_bytes()
        for bad in (good[:5000], good[:-1] + b"x", b"", os.urandom(9000)):
            path.write_bytes(bad)
            self.check(self.query("backup", self.backup), 0, "1 written, 1 were there already")
            self.assertEqual(path.read_bytes(), good)

    def test_killed_at_any_moment(self):
        """Each is whole, or has no manifest; the next one succeeds in the same folder."""
        began = time.monotonic()
        self.make()
        took = time.monotonic() - began
        is_broken = 0
        for k in range(12):
            if k % 2 == 0:
                shutil.rmtree(self.backup)
            else:  # and one that brings up to date, with a file that is to be replaced
                (self.backup / files(self.backup)[0].name).write_bytes(b"")
            process = subprocess.Popen(self.command("backup", self.backup), env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       start_new_session=True)
            time.sleep(random.uniform(0, took) if k > 0 else 0)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its own session: with its child
            process.wait()
            is_broken += process.returncode != 0
            is_whole = (self.backup / MANIFEST).exists() and all(path.stat().st_size > 0 for path in files(self.backup))
            self.check(self.restore("--replace"), 0 if is_whole else 1)
            # The lock goes with the last process of the one that was killed.
            wait_for("it is free", lambda: "under way" not in self.query("backup", self.backup).stderr)
            self.check(self.query("backup", self.backup), 0, "2 files")
            self.assertEqual({path.name for path in self.backup.iterdir()}, {MANIFEST, *(f.name for f in files(self.store))})
        self.assertGreater(is_broken, 0)
        self.check(self.restore("--replace"), 0)

    def test_ended_by_a_person(self):
        process = subprocess.Popen(self.command("backup", self.backup), env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for("it has begun", lambda: process.poll() is not None or self.backup.exists() and any(self.backup.iterdir()))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE_S)
        if process.returncode != 0:  # else it was faster
            self.assertEqual(process.returncode, 2, out + err)
            self.assertIn("ended", err)
            self.assertFalse(self.backup.exists())

    def limited(self, size):
        return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))}

    def test_a_limit_of_size(self):
        for size in (50, 10_000, 1_000_000):
            with self.subTest(size):
                self.check(self.query("backup", self.backup, **self.limited(size)), 2, "File too large", "another disk")
                self.assertFalse(self.backup.exists())
        self.make()
        was = bytes_of(self.backup)
        with contextlib.closing(sqlite3.connect(files(self.backup)[0])) as db:
            db.execute("UPDATE place SET dead = dead + 1")
            db.commit()
        changed = bytes_of(self.backup)
        self.check(self.query("backup", self.backup, **self.limited(1_000_000)), 2, "File too large")
        self.assertEqual(bytes_of(self.backup), changed)  # the one of before is as it was
        self.check(self.query("backup", self.backup), 0, "1 written")
        self.assertEqual({n: b for n, b in bytes_of(self.backup).items() if n != MANIFEST}, {n: b for n, b in was.items() if n != MANIFEST})

    def test_a_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True).returncode != 0:
            self.skipTest("no file system can be mounted here; test_a_limit_of_size stands for it")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        self.check(self.query("backup", disk / "backup"), 2, "No space left", "free some room")
        self.assertEqual(list(disk.iterdir()), [])
        self.check(self.query("backup", disk), 2, "No space left")
        self.assertEqual(list(disk.iterdir()), [])
        self.make()
        self.environment["MBC_STATE_DIR"] = str(disk)
        self.check(self.restore(), 2, "No space left", "free some room")
        self.assertEqual([str(path.relative_to(disk)) for path in disk.rglob("*")], ["large"])

    def test_folders_that_are_refused(self):
        self.backup.mkdir()
        (self.backup / "thesis.tex").write_text("mine")
        self.check(self.query("backup", self.backup), 1, "thesis.tex", "empty folder")
        self.assertEqual(bytes_of(self.backup), {"thesis.tex": b"mine"})
        (self.backup / "thesis.tex").unlink()
        shutil.copy(files(self.store)[0], self.backup)  # a history, but who says whose?
        self.check(self.query("backup", self.backup), 1, "of which nothing says")
        self.check(self.query("backup", self.store), 1)  # the history itself
        shutil.rmtree(self.backup)
        self.make()
        manifest = self.backup / MANIFEST
        good = manifest.read_bytes()
        manifest.write_bytes(good[:40])
        self.check(self.query("backup", self.backup), 1, MANIFEST, "damaged")
        manifest.write_bytes(good)
        other = self.folder / "other"
        shutil.copytree(self.store, other)
        with contextlib.closing(sqlite3.connect(files(other)[-1])) as db:
            db.execute("UPDATE meta SET value = 'other' WHERE key = 'bench'")
            db.commit()
        self.check(self.query("backup", self.backup, store=other), 1, "bench 'large'", "'other'")
        self.assertEqual(manifest.read_bytes(), good)

    def test_a_source_with_faults(self):
        store = self.folder / "store"
        shutil.copytree(self.store, store)
        with contextlib.closing(sqlite3.connect(files(store)[0])) as db:
            db.execute("UPDATE span SET max = max + 1 WHERE chunk = 2")
            db.commit()
        self.check(self.query("backup", self.backup, store=store), 1, "chunk 2", "cp -a")
        self.assertFalse(self.backup.exists())
        files(store)[0].write_bytes(os.urandom(20_000))
        self.check(self.query("backup", self.backup, store=store), 2, files(store)[0].name)
        self.assertFalse(self.backup.exists())
        for path in files(store):
            for part in store.glob(path.name + "*"):
                part.unlink()
        self.check(self.query("backup", self.backup, store=store), 1, "nothing is recorded")

    def test_what_the_bench_has_no_more_stays(self):
        self.make()
        store = self.folder / "store"
        shutil.copytree(self.store, store)
        for part in store.glob(files(store)[0].name + "*"):
            part.unlink()
        self.check(self.query("backup", self.backup, store=store), 0, "2 files", "no longer has")
        self.check(self.restore(), 0, "2 files")


if __name__ == "__main__":
    unittest.main(verbosity=2)
