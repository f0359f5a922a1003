"""What is recorded, in a PostgreSQL of our own: once each, whatever is stopped, cut or killed."""
import contextlib
import csv
import datetime
import io
import json
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import struct
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True
from harness import PATIENCE_S, Bench, Device, Full, Process, free_port, wait_for  # noqa: E402

PASSWORD = "it's \"quoted\"; --\\x"
LONG_S = 2 * PATIENCE_S  # what waits for a server that comes back: attempts are up to a minute apart


def tools():
    found = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    if found is None:
        raise unittest.SkipTest("PostgreSQL is missing: run `make test`, which installs it")
    return found


class Server:
    """A PostgreSQL of our own: its folder, a socket in it, and a port of loopback."""

    def __init__(self):
        self.tools = tools()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mbc-pg-", dir="/tmp"))
        self.port = free_port()
        self.user = None
        if os.geteuid() == 0:  # it refuses to be root's
            self.user = "postgres"
            shutil.chown(self.folder, "postgres")
        self.folder.chmod(0o755)
        name = self.user or pwd.getpwuid(os.geteuid()).pw_name
        self.run("initdb", "-D", self.folder / "db", "-U", name, "-A", "scram-sha-256", "--auth-local=trust", "-N", "-E", "UTF8", "--locale=C.UTF-8")
        self.process = None
        self.admin = name
        self.start()
        quoted = PASSWORD.replace("'", "''")
        self.sql(f"CREATE ROLE lab LOGIN PASSWORD '{quoted}'", database="postgres")

    def run(self, program, *words):
        return subprocess.run([*self.prefix(), str(self.tools / program), *map(str, words)], check=True, capture_output=True, text=True, cwd="/")

    def prefix(self):
        return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", "--"] if self.user else []

    def start(self, *more):
        more = [word for one in more for word in ("-c", one)]
        self.process = Process([*self.prefix(), self.tools / "postgres", "-D", self.folder / "db", "-k", self.folder, "-p", str(self.port),
                                "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=30", *more], cwd="/")
        wait_for("the server is there", lambda: self.ask_once("SELECT 1", "postgres") == "1\n")

    def ask_once(self, text, database):
        done = subprocess.run(["psql", "-h", self.folder, "-p", str(self.port), "-U", self.admin, "-d", database, "-qAtX", "-F", "\t", "-v", "ON_ERROR_STOP=1",
                               "-c", text], capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else None

    def sql(self, text, database="lab"):
        done = subprocess.run(["psql", "-h", self.folder, "-p", str(self.port), "-U", self.admin, "-d", database, "-qAtX", "-F", "\t", "-v", "ON_ERROR_STOP=1",
                               "-c", "SET search_path = mbc", "-c", text] if database != "postgres" else
                              ["psql", "-h", self.folder, "-p", str(self.port), "-U", self.admin, "-d", database, "-qAtX", "-c", text], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"{text}: {done.stderr}")
        return [line.split("\t") for line in done.stdout.splitlines()]

    def try_sql(self, text):
        try:
            return self.sql(text)
        except AssertionError:
            return []

    def fresh(self):
        """An empty data base, the user's own."""
        self.sql("DROP DATABASE IF EXISTS lab WITH (FORCE)", database="postgres")
        self.sql("CREATE DATABASE lab OWNER lab", database="postgres")

    def stop(self, how=signal.SIGINT):
        """SIGINT: connections are cut, and it ends in order; SIGQUIT: as if it had died."""
        children = self.process.pid
        os.kill(children, how)
        self.process.popen.wait(PATIENCE_S)

    def close(self):
        if self.process.popen.poll() is None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Proxy:
    """Between mbc and the server: it can cut connections, behind so many bytes or before the answer to a COMMIT."""

    def __init__(self, port):
        self.to = port
        self.cut_behind = 0  # bytes of a connection to the server
        self.cuts = 0  # so many times
        self.swallow = 0  # so many answers to COMMIT
        self.swallowed = 0
        self.is_deaf = False  # nothing is passed on, and nothing is closed
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.socks = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.to), timeout=5)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            self.socks += [near, far]
            state = {"mute": False}
            threading.Thread(target=self.pump, args=(near, far, True, state), daemon=True).start()
            threading.Thread(target=self.pump, args=(far, near, False, state), daemon=True).start()

    def pump(self, a, b, to_server, state):
        passed = 0
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                while self.is_deaf:
                    time.sleep(0.05)
                if to_server and self.cuts > 0 and passed + len(data) > self.cut_behind:
                    self.cuts -= 1
                    b.sendall(data[:max(0, self.cut_behind - passed)])
                    break
                if to_server and self.swallow > 0 and b"COMMIT\0" in data:
                    self.swallow -= 1
                    state["mute"] = True
                if not to_server and state["mute"]:
                    self.swallowed += 1
                    break
                passed += len(data)
                b.sendall(data)
        for sock in (a, b):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def cut(self):
        for sock in self.socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.is_deaf = False
        self.listener.close()
        self.cut()


def text(port, server, more="", history=""):
    return f"""tick: 50 ms
history: {{commit: 200 ms, leave_free: 0 MB{history}, postgres: {{server: "{server}", database: lab, user: lab, password: {{secret: lab-db}}{more}}}}}
links:
  l: {{tcp: "127.0.0.1:{port}"}}
instruments:
  d:
    use: modbus
    link: l
    every: 50 ms
    channels:
      a: {{read: {{holding: 0}}, unit: degC, title: "it's \\"a\\"; DROP TABLE sample; --", history: every}}
      b: {{read: {{holding: 1}}, scale: 0.1, unit: bar, history: every}}
      c: {{read: {{holding: 2}}, choices: {{"shut; it's": 0, open: 1}}}}
      e: {{read: {{holding: 3, type: uint64}}}}
      f: {{read: {{holding: 7, type: float64}}}}
"""


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        if self.server.process.popen.poll() is not None:
            self.server.start()
        self.server.fresh()
        self.device = self.stack.enter_context(Device({0: 20, 1: 215, 2: 1, 3: 0xFFFF, 4: 0xFFFF, 5: 0xFFFF, 6: 0xFFFE, **dict(enumerate(struct.unpack(">4H", struct.pack(">d", 0.1 + 0.2)), 7))}))

    def bench(self, name, server=None, password=PASSWORD, state=None, **words):
        bench = Bench(name, text(self.device.port, server or f"127.0.0.1:{self.server.port}", **words))
        if state is not None:
            bench.environment["MBC_STATE_DIR"] = state
        secrets = bench.folder / "secrets"
        secrets.mkdir(mode=0o700)
        (secrets / "lab-db").write_text(password + "\n")
        (secrets / "lab-db").chmod(0o600)
        return self.stack.enter_context(bench)

    def count(self, bench="one"):
        rows = self.server.try_sql(f"SELECT count(*) FROM samples WHERE bench = '{bench}'")
        return int(rows[0][0]) if rows else 0

    def wait_more(self, bench="one", limit=LONG_S, more=20):
        had = self.count(bench)
        wait_for("more rows come", lambda: self.count(bench) >= had + more, limit, 0.2)

    def there(self, channel, until, bench):
        """Rows of a channel in the data base, before a time, in the order in which they were recorded."""
        rows = self.server.sql(f"""SELECT (extract(epoch FROM time) * 1000)::bigint, coalesce(value::text, ''), quality FROM samples
            WHERE bench = '{bench}' AND channel = '{channel}' AND time < to_timestamp({until + 1}) ORDER BY boot, boot_ns""")
        return [row for row in rows if int(row[0]) < until * 1000]  # rounded as in here()

    def here(self, bench, channel, until):
        done = bench.mbc("export", "--raw", channel)
        self.assertEqual(done.returncode, 0, done.stderr)
        out = []
        for row in list(csv.reader(io.StringIO(done.stdout))):
            if not row or not row[0][:1].isdigit():
                continue
            ms = round(datetime.datetime.fromisoformat(row[0].replace("Z", "+00:00")).timestamp() * 1000)
            if ms < until * 1000:
                out.append([str(ms), row[1], row[2] or "good"])
        return out

    def check_same(self, bench, limit=LONG_S):
        """All that was recorded until now stands on both sides, once."""
        until = round(time.time(), 3)
        for channel in ("d.a", "d.b"):
            wait_for(f"{channel} is there until now", lambda: self.server.try_sql(
                f"SELECT 1 FROM samples WHERE bench = '{bench.name}' AND channel = '{channel}' AND time >= to_timestamp({until}) LIMIT 1"), limit, 0.2)
            here, there = self.here(bench, channel, until), self.there(channel, until, bench.name)
            self.assertGreater(len(here), 20)
            self.assertEqual(len(here), len(there))
            for a, b in zip(here, there):
                self.assertEqual((a[0], a[2]), (b[0], b[2]))
                self.assertEqual(float(a[1] or "nan") if a[1] else None, float(b[1]) if b[1] else None)

    def pid(self, bench):
        return wait_for("mbc-postgres runs", lambda: bench.pids().get("postgres"))


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

    def test_wrong_password_and_its_correction(self):
        bench = self.bench("one", password="not it at all")
        bench.process.wait_line("password authentication failed.*correct 'user', or the file of the secret", limit=LONG_S)
        time.sleep(4)
        self.assertEqual(len(bench.process.find("password authentication failed")), 1)
        self.assertEqual(bench.value("d.a"), 20)
        away, = wait_for("it is an event", lambda: self.events(bench, "store_away"), LONG_S)
        self.assertEqual(away["subject"], "postgres")
        self.assertIn("password", away["text"])
        self.assertEqual(self.events(bench, "store_back"), [])
        (bench.folder / "secrets/lab-db").write_text(PASSWORD + "\n")
        bench.reload(text(self.device.port, f"127.0.0.1:{self.server.port}"))
        self.wait_more()
        self.check_same(bench)
        self.assertEqual(len(wait_for("its end is one, too", lambda: self.events(bench, "store_back"), LONG_S)), 1)

    @staticmethod
    def events(bench, kind):
        return [json.loads(line) for line in bench.mbc("log", "--json", "--kind", kind).stdout.splitlines()]

    def test_another_version_is_not_touched(self):
        bench = self.bench("one")
        self.wait_more()
        self.server.sql("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
        os.kill(self.pid(bench), signal.SIGKILL)
        bench.process.wait_line("are of version 99, this mbc writes 1; update mbc, or name another 'schema'", limit=LONG_S)
        had = self.count()
        time.sleep(2)
        self.assertEqual(self.count(), had)

    def test_removed_from_the_file(self):
        bench = self.bench("one")
        self.wait_more()
        bench.reload(f"tick: 50 ms\nhistory: {{commit: 200 ms}}\nlinks: {{l: {{tcp: '127.0.0.1:{self.device.port}'}}}}\n"
                     "instruments: {d: {use: modbus, link: l, every: 50 ms, channels: {a: {read: {holding: 0}}}}}\n")
        wait_for("the process has ended", lambda: "postgres" not in bench.pids())

    def test_by_its_socket_as_others_are_refused(self):
        bench = self.bench("one", f"{self.server.folder}:{self.server.port}")
        self.wait_more()
        self.check_same(bench)

    def test_tls(self):
        """With the certificate that signed the server's; another one is refused with a remedy."""
        for name in ("own", "other"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3", "-subj", "/CN=lab", "-addext", "subjectAltName=IP:127.0.0.1",
                            "-keyout", self.server.folder / f"{name}.key", "-out", self.server.folder / f"{name}.pem"], check=True, capture_output=True)
        if self.server.user:
            shutil.chown(self.server.folder / "own.key", self.server.user)
        (self.server.folder / "own.pem").chmod(0o644)
        (self.server.folder / "other.pem").chmod(0o644)
        self.server.stop()
        self.server.start("ssl=on", f"ssl_cert_file={self.server.folder}/own.pem", f"ssl_key_file={self.server.folder}/own.key")
        self.addCleanup(self.server.stop)
        bench = self.bench("one", more=f", tls: verify-full, ca: {self.server.folder}/other.pem")
        bench.process.wait_line("certificate verify failed; correct 'ca' or the name in 'server'", limit=LONG_S)
        bench.reload(text(self.device.port, f"127.0.0.1:{self.server.port}", more=f", tls: verify-full, ca: {self.server.folder}/own.pem"))
        self.wait_more()
        self.assertTrue(self.server.sql("SELECT 1 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'mbc' AND ssl"))
        self.check_same(bench)

    def test_tls_that_the_server_has_not(self):
        bench = self.bench("one", more=", tls: require")
        bench.process.wait_line("does not support SSL.*switch on ssl there, or write 'tls: off'", limit=LONG_S)

    def test_it_ends_promptly(self):
        full = self.stack.enter_context(Full())
        bench = self.bench("one", f"127.0.0.1:{full.port}")
        self.pid(bench)
        begun = time.monotonic()
        bench.process.stop()
        self.assertLess(time.monotonic() - begun, 20)

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
            self.assertEqual([row[0] for row in here[:len(there)]], [row[0] for row in there])
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
