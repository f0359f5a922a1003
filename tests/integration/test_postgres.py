"""What is recorded, in a PostgreSQL of our own: once each, whatever is stopped, cut or killed."""
import contextlib
import datetime
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
from harness import wait_for  # noqa: E402
from postgres_rig import Base, LONG_S, PASSWORD, Proxy, text  # noqa: E402


class Carried(Base):
    def test_types_and_tables(self):
        bench = self.bench("one")
        bench.wait_good("d.a", "d.b", "d.c")
        self.device.holding[0] = 900
        self.wait_more()
        self.device.holding[2] = 0
        wait_for("the other choice", lambda: self.server.try_sql("SELECT 1 FROM samples WHERE channel = 'd.c' AND text = 'shut; it''s'"), LONG_S)
        self.check_same(bench)
        self.assertEqual(self.server.sql("SELECT DISTINCT exact FROM samples WHERE channel = 'd.e' AND quality = 'good'"), [["18446744073709551614"]])
        self.assertEqual(self.server.sql("SELECT DISTINCT value FROM samples WHERE channel = 'd.f' AND quality = 'good'"), [["0.30000000000000004"]])
        self.assertIn(["900", "degC", "good"], self.server.sql("SELECT DISTINCT value, unit, quality FROM samples WHERE channel = 'd.a'"))
        self.assertEqual(self.server.sql("SELECT title FROM channel WHERE name = 'd.a'"), [["it's \"a\"; DROP TABLE sample; --"]])
        self.assertEqual(self.server.sql("SELECT value, text FROM latest WHERE channel = 'd.c'"), [["0", "shut; it's"]])
        self.assertTrue(self.server.sql("SELECT 1 FROM minutes WHERE channel = 'd.a' AND samples > 0"))
        self.assertEqual(self.server.sql("SELECT count(*) FROM gap WHERE cause = 'first_start'"), [["1"]])
        wait_for("events", lambda: self.server.try_sql("SELECT 1 FROM event WHERE kind = 'instrument_up' AND subject = 'd'"))
        self.assertEqual(bench.mbc("record", "start", "--title", "it's; a \"run\"").returncode, 0)
        wait_for("the run", lambda: self.server.try_sql("SELECT 1 FROM run WHERE title = 'it''s; a \"run\"' AND ends IS NULL"), LONG_S)
        self.assertEqual(bench.mbc("record", "stop").returncode, 0)
        wait_for("its end", lambda: self.server.try_sql("SELECT 1 FROM run WHERE ends IS NOT NULL"), LONG_S)
        self.assertNotIn(PASSWORD, bench.process.text())
        commands = pathlib.Path(f"/proc/{self.pid(bench)}/cmdline").read_bytes()
        self.assertNotIn(b"quoted", commands)

    def test_the_server_goes_and_comes(self):
        bench = self.bench("one")
        self.wait_more()
        for how in (signal.SIGINT, signal.SIGQUIT):
            self.server.stop(how)
            bench.process.wait_line("postgres: .*; what is recorded waits here")
            time.sleep(2)
            self.server.start()
            self.wait_more()
        self.check_same(bench)

    def test_cut_and_swallowed(self):
        proxy = Proxy(self.server.port)
        self.stack.callback(proxy.close)
        bench = self.bench("one", f"127.0.0.1:{proxy.port}")
        self.wait_more()
        for _ in range(3):
            had = proxy.swallowed
            proxy.swallow = 1
            wait_for("an answer was swallowed", lambda: proxy.swallowed > had, LONG_S)
            self.wait_more()
        for behind in (6000, 9000, 13000):  # in the midst of a COPY, mostly
            proxy.cut_behind, proxy.cuts = behind, 2
            proxy.cut()
            wait_for("it was cut", lambda: proxy.cuts == 0, LONG_S)
            self.wait_more()
        self.check_same(bench)

    def test_kills(self):
        bench = self.bench("one")
        self.wait_more()
        chance = random.Random(3)
        for _ in range(6):
            time.sleep(chance.random())
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid(bench), signal.SIGKILL)
        os.kill(wait_for("the recorder", lambda: bench.pids().get("history")), signal.SIGKILL)
        self.wait_more()
        self.check_same(bench)

    def test_two_benches_and_one_name_twice(self):
        one, two = self.bench("one"), self.bench("two")
        self.wait_more("one")
        self.wait_more("two")
        self.check_same(one)
        self.check_same(two)
        again = self.bench("one")
        again.process.wait_line("another recorder is called 'one' there; rename this bench", limit=LONG_S)
        self.check_same(one)

    def test_a_clock_a_year_off(self):
        """What was carried by a clock that was not set is dated anew when it is: a year earlier, in other parts of the table."""
        state = tempfile.mkdtemp(prefix="mbc-test-state-")
        self.addCleanup(shutil.rmtree, state, ignore_errors=True)
        bench = self.bench("one", state=state)
        self.wait_more()
        bench.process.stop()
        year = 365 * 86400
        self.set_clock(pathlib.Path(state), 0, is_good=False)
        self.server.sql("UPDATE boot SET dated = false")  # this computer's clock may be set
        file = self.set_clock(pathlib.Path(state), -year, is_good=True)
        had = self.count()
        bench = self.bench("one", state=state)
        bench.process.wait_line("is dated anew", limit=LONG_S)
        wait_for("all are a year earlier", lambda: self.server.try_sql(
            f"SELECT 1 FROM samples HAVING count(*) > {had} AND max(time) < now() - interval '364 days'"), LONG_S, 0.2)
        bench.process.stop()
        for channel in ("d.a", "d.b"):
            here = self.here(bench, channel, time.time())
            there = wait_for("rows", lambda: self.there(channel, time.time(), "one"))
            self.assertGreater(len(there), 20)
            # That the bench stopped is told behind its last value, and dated by another record of the clock: perhaps a little before it.
            here, there = ([row[0] for row in rows if row[2] == "good"] for rows in (here, there))
            self.assertEqual(here[:len(there)], there)
        self.assertTrue(file.exists())

    def set_clock(self, state, by_s, is_good):
        """The clock records of the newest file, as if the clock had been set otherwise."""
        file = sorted(state.glob("one/history/*.sqlite"))[-1]
        with contextlib.closing(sqlite3.connect(file)) as db, db:
            db.execute("UPDATE clock SET good = ?, wall = wall + ?", (int(is_good), by_s * 10**9))
        return file

    def test_partitions(self):
        bench = self.bench("one", more=", partitions: day, keep: 7 d")
        self.wait_more()
        names = [row[0] for row in self.server.sql("SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'sample'::regclass ORDER BY 1")]
        today = datetime.datetime.now(datetime.timezone.utc)
        self.assertIn(today.strftime("sample_%Y_%m_%d"), names)
        self.assertIn((today + datetime.timedelta(days=1)).strftime("sample_%Y_%m_%d"), names)
        self.server.sql("CREATE TABLE sample_2020_01_02 PARTITION OF sample FOR VALUES FROM ('2020-01-02 00:00Z') TO ('2020-01-03 00:00Z'); "
                        "ALTER TABLE sample_2020_01_02 OWNER TO lab")
        if self.server.sql("SELECT 1 FROM boot WHERE dated"):  # nothing is dropped by a clock that is not set
            os.kill(self.pid(bench), signal.SIGKILL)
            bench.process.wait_line("sample_2020_01_02 is removed: it is older than 'keep'", limit=LONG_S)
        self.check_same(bench)


if __name__ == "__main__":
    unittest.main()
