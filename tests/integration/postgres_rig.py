"""A PostgreSQL of our own, something between it and mbc that can cut, and benches that are carried there."""
import contextlib
import csv
import datetime
import io
import os
import pathlib
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True
from harness import PATIENCE_S, Bench, Device, Process, free_port, wait_for  # noqa: E402

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
