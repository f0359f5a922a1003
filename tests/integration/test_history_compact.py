"""Closed files of a history written anew: equal data, one that reads, one that writes, kills, full disks, places of a second store."""
import contextlib
import fcntl
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
from harness import BUILD, PATIENCE_S, Bench, Device, wait_for  # noqa: E402

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

    # ---- coarser ----

    def near(self, before, after):
        """The same rows, means but for rounding."""
        a, b = ([line.split(",") for line in text.splitlines()] for text in (before, after))
        self.assertEqual(len(a), len(b))
        for x, y in zip(a, b):
            if x == y:
                continue
            self.assertEqual([len(x), x[0]], [len(y), y[0]])
            for p, q in zip(x, y):
                if p != q:
                    self.assertAlmostEqual(float(p), float(q), delta=1e-9 * (1 + abs(float(p))))

    def hours(self, every="1h"):
        return self.query("export", "--every", every, "--to", "2026-02-03", "--zone", "UTC", "wave", "count")

    def narrow(self, form="csv", every="--every=1s"):
        return self.query("export", *every.split("="), "--from", "2026-01-29T10:00:00Z", "--to", "2026-01-29T10:05:00Z", "--format", form, "wave")

    def replace(self, every, *more, code=0, before="2030-01-01"):
        return self.query("compact", "--replace-by", every, "--before", before, *more, code=code)

    def test_coarser(self):
        tables, hours, minutes, size = rows(self.first), self.hours(), self.hours("1min"), self.first.stat().st_size
        second, first = self.second.read_bytes(), self.first.read_bytes()
        self.assertIn("--yes", self.replace("1 min", code=1))
        self.assertIn("it would be", self.replace("1 min", "--dry-run"))
        self.assertIn("not wholly before that", self.replace("1 min", "--yes", before="2026-01-30"))
        self.assertEqual(self.first.read_bytes(), first)
        self.assertIn("saved", self.replace("1 min", "--yes"))
        self.assertLess(self.first.stat().st_size * 3, size)
        self.assertEqual(self.parts(), [])
        self.assertEqual(self.second.read_bytes(), second)  # it is recorded into
        after = rows(self.first)
        self.assertEqual(after["meta"], sorted([*tables["meta"], ("tier", 60 * 10**9)], key=repr))
        self.assertEqual({name: after[name] for name in after if name != "meta"}, {name: tables[name] for name in tables if name != "meta"})
        self.query("verify")
        self.near(minutes, self.hours("1min"))
        self.near(hours, self.hours())
        self.assertIn("coarse already", self.replace("1 min", "--yes"))
        self.assertIn("as small as can be", self.query("compact"))
        self.assertIn("saved", self.replace("1 h", "--yes"))
        self.near(hours, self.hours())
        self.query("verify")

    def test_intervals_of_wall_time(self):
        """They begin where minutes do, not where the time of a boot does."""
        for file in (self.first, self.second):
            with contextlib.closing(sqlite3.connect(file)) as db:
                db.execute("UPDATE clock SET wall = wall + 17300000000, t = t - 7100000000")
                db.commit()
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        minutes = self.hours("1min")
        self.assertIn("saved", self.replace("1 min", "--yes"))
        self.assertNotIn("thinned", self.hours("1min"))
        self.near(minutes, self.hours("1min"))

    def test_what_a_coarser_file_says(self):
        whole = self.narrow()
        self.assertNotIn("thinned", whole)
        raw = self.query("export", "--raw", "--from", "2026-01-29T10:00:00Z", "--to", "2026-01-29T10:05:00Z", "wave").splitlines()[2:]
        self.replace("1 min", "--yes")
        lines = [line.split(",") for line in self.narrow().splitlines()[2:]]
        before = [line.split(",") for line in whole.splitlines()[2:]]
        self.assertEqual(len(lines), 300)
        ends = 0
        for at, (line, old) in enumerate(zip(lines, before)):
            self.assertEqual(line[0], old[0])
            self.assertTrue(float(line[2]) <= float(old[2]) and float(line[3]) >= float(old[3]), (line, old))
            ends += line[5] == ""
            self.assertIn(line[5], ("thinned", ""))
        self.assertLess(ends, 10)  # the last second of a minute holds one value
        thinned = self.query("export", "--raw", "--from", "2026-01-29T10:00:00Z", "--to", "2026-01-29T10:05:00Z", "wave").splitlines()[2:]
        self.assertEqual(len(thinned), 5)
        for line in thinned:
            time_, value, why = line.split(",")
            self.assertEqual(why, "thinned")
            self.assertIn(f"{time_},{value},", raw)

    def test_states_stay(self):
        """A number that stands for a choice has no mean."""
        for file in (self.first, self.second):
            with contextlib.closing(sqlite3.connect(file)) as db:
                db.execute("UPDATE channel SET choices = '0=shut' WHERE name = 'count'")
                db.commit()
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        count, wave = (self.query("export", "--raw", name) for name in ("count", "wave"))
        self.assertIn("saved", self.replace("1 min", "--yes"))
        self.assertEqual(self.query("export", "--raw", "count"), count)
        self.assertNotEqual(self.query("export", "--raw", "wave"), wave)

    def test_coarser_killed(self):
        hours = self.hours()
        chance = random.Random(9)
        killed = 0
        for _ in range(12):
            shutil.rmtree(self.store)
            shutil.copytree(self.made, self.store)
            run = subprocess.Popen(self.command("compact", "--replace-by", "10s", "--before", "now", "--yes"), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
            time.sleep(chance.uniform(0, 0.3))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
            killed += run.wait(PATIENCE_S) != 0
            self.near(hours, self.hours())
            self.query("verify")
            self.replace("10 s", "--yes")
            self.assertEqual(self.parts(), [])
            self.near(hours, self.hours())
            self.query("verify")
        self.assertGreater(killed, 0)

    def test_coarser_full_disk(self):
        before, first = self.values(), self.first.read_bytes()
        said = self.query("compact", "--replace-by", "1s", "--before", "now", "--yes", code=2,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000)))
        self.assertIn("free some room", said)
        self.check_as_before(before, first)

    def test_coarser_not_carried(self):
        before, first = self.values(), self.first.read_bytes()
        (self.store / "drain-postgres").write_text("id 0123456789abcdef0123456789abcdef files 1".ljust(63) + "\n")
        self.assertIn("carried", self.replace("1 min", "--yes"))
        self.check_as_before(before, first)

    def test_a_clock_that_was_not_set(self):
        """When its values were is known from the next file alone: they may be young."""
        with contextlib.closing(sqlite3.connect(self.first)) as db:
            db.execute("UPDATE clock SET good = 0, wall = 0")
            db.commit()
        first = self.first.read_bytes()
        self.assertIn("not known to be set", self.replace("1 h", "--yes"))
        self.assertEqual(self.first.read_bytes(), first)

    def test_no_multiple(self):
        self.replace("1 min", "--yes")
        first = self.first.read_bytes()
        self.assertIn("no multiple", self.replace("90 s", "--yes"))
        self.assertEqual(self.first.read_bytes(), first)

    def test_an_import_into_an_interval(self):
        """Where values stand that a tier has left as one nothing is imported, as before."""
        text = self.store.parent / "more.csv"
        text.write_text("time,wave\n2026-01-29T10:00:30Z,5\n2026-01-29T10:00:40Z,5\n")
        self.assertIn("has values already", self.query("import", text, code=1))
        self.replace("1 h", "--yes")
        self.assertIn("has values already", self.query("import", text, code=1))

    def test_a_damaged_file_keeps_nobody_waiting(self):
        files_ = [self.store / f"history-{n:05}-2026-01-29.sqlite" for n in (1, 2)]
        shutil.copy(self.second, self.store / "history-00003-2026-03-01.sqlite")
        self.second.unlink()
        shutil.copy(self.first, files_[1])
        self.first.write_bytes(self.first.read_bytes()[:30000])
        self.query("compact", "--replace-by", "1min", "--before", "now", "--yes", code=2)
        self.assertEqual(self.tier_of(files_[1]), 60)

    def test_a_backup_stays_fine(self):
        """What a backup has is not replaced by what a tier has left of it; what was not closed then is."""
        folder = self.store.parent / "backup"
        self.query("backup", folder)
        first = (folder / self.first.name).read_bytes()
        self.replace("1 min", "--yes")
        self.assertIn("or only coarser", self.query("backup", folder))
        self.assertEqual((folder / self.first.name).read_bytes(), first)
        self.query("backup", folder)
        with contextlib.closing(sqlite3.connect(folder / self.first.name)) as db:
            db.execute("DELETE FROM meta WHERE key = 'closed'")
            db.commit()
        self.query("backup", folder)
        self.assertEqual(self.tier_of(folder / self.first.name), 60)

    # ---- by itself ----

    def by_itself(self, tiers, seconds=0, clock=True):
        """mbc-tiers, by a clock that is said to be set; ended when it has looked once. What it said."""
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = dict(os.environ)
        if clock:
            environment["LD_PRELOAD"] = self.set_clock()
            environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        with near, far:
            said = pathlib.Path(self.store.parent) / "said"
            with said.open("w") as out:
                run = subprocess.Popen([BUILD / "mbc-tiers", "--socket", str(far.fileno()), "--dir", self.store, "--first", str(seconds), "--tiers", tiers],
                                       pass_fds=[far.fileno()], stderr=out, env=environment)
            self.addCleanup(run.kill)
            far.close()
            near.recv(1000)  # how it is confined
            yield run
            near.close()
            self.assertEqual(run.wait(PATIENCE_S), 0)
        yield said.read_text()

    def set_clock(self):
        source = self.store.parent / "clock.c"
        source.write_text("struct timex; int adjtimex(struct timex *t); int adjtimex(struct timex *t) { return 0; }\n")
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", source.with_suffix(".so"), source], check=True)
        return str(source.with_suffix(".so"))

    def tier_of(self, file):
        with contextlib.closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as db:
            return next(iter(db.execute("SELECT value FROM meta WHERE key = 'tier'").fetchall()), (0,))[0] // 10**9

    def test_by_itself(self):
        hours, day = self.hours(), 86400 * 10**9
        steps = self.by_itself(f"{day}:{60 * 10**9},{2 * day}:{600 * 10**9}")
        next(steps)
        wait_for("it is coarser", lambda: self.tier_of(self.first) == 600)
        said = next(steps)
        self.assertIn("samples by", said)
        self.assertEqual(self.parts(), [])
        self.near(hours, self.hours())
        self.query("verify")
        self.assertEqual(self.tier_of(self.second), 0)

    def test_by_itself_not_old_enough(self):
        day = 86400 * 10**9
        steps = self.by_itself(f"{day}:{60 * 10**9},{30000 * day}:{600 * 10**9}")
        next(steps)
        # The coarsest is looked at first: when the other one is there, nothing was old enough for it.
        wait_for("the other one is there", lambda: self.tier_of(self.first) != 0)
        next(steps)
        self.assertEqual(self.tier_of(self.first), 60)

    def test_by_itself_without_a_clock(self):
        first = self.first.read_bytes()
        steps = self.by_itself(f"{86400 * 10**9}:{60 * 10**9}", clock=False)
        next(steps)
        wait_for("it has looked", lambda: "clock" in (self.store.parent / "said").read_text() or self.tier_of(self.first) == 60)
        said = next(steps)
        if "clock" in said:  # else this computer's is set
            self.assertIn("set up NTP", said)
            self.assertEqual(self.first.read_bytes(), first)
        else:
            self.assertEqual(self.tier_of(self.first), 60)

    def test_wrong_tiers(self):
        for words, said in ((("--replace-by", "7 s", "--before", "now", "--yes"), "goes into a day"), (("--replace-by", "2 d", "--before", "now", "--yes"), "goes into a day"),
                            (("--replace-by", "x", "--before", "now", "--yes"), "--replace-by"), (("--replace-by", "1 min", "--before", "soon", "--yes"), "--before"),
                            (("--replace-by", "1 min"), "belong together"), (("--before", "now"), "belong together"), (("--yes",), "--replace-by")):
            self.assertIn(said, self.query("compact", *words, code=1))

    def test_wrong_words(self):
        for words in (("--dry",), ("a", "b"), ("--dry-run", "a")):
            self.assertIn("usage", self.query("compact", *words, code=1))
        lock = os.open(self.store, os.O_RDONLY)
        self.addCleanup(os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_EX)
        self.assertIn("under way", self.query("compact", code=1))


class OnABench(unittest.TestCase):
    def text(self, device, history):
        return (f"tick: 50 ms\n{history}links: {{l: {{tcp: '127.0.0.1:{device.port}'}}}}\n"
                "instruments: {d: {use: modbus, link: l, every: 50 ms, channels: {a: {read: {holding: 0}}}}}\n")

    def test_the_process_comes_and_goes(self):
        with Device({0: 20}) as device, Bench("one", self.text(device, "history: {tiers: [{after: 90 d, every: 1 min}]}\n")) as bench:
            pid = wait_for("it runs", lambda: bench.pids().get("tiers"))
            wait_for("it yields to everybody", lambda: os.getpriority(os.PRIO_PROCESS, pid) == 19)
            bench.reload(self.text(device, "history: {tiers: [{after: 90 d, every: 1 min}, {after: 400 d, every: 1 h}]}\n"))
            wait_for("another one runs", lambda: bench.pids().get("tiers") not in (None, pid))
            bench.reload(self.text(device, ""))
            wait_for("none runs", lambda: "tiers" not in bench.pids())


if __name__ == "__main__":
    unittest.main(verbosity=2)
