"""What is recorded, in an InfluxDB as well: a real one of version 1 that is stopped, killed and cut off, and the shape of version 2."""
import base64
import contextlib
import csv
import http.server
import io
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
from harness import PATIENCE_S, Bench, Device, wait_for  # noqa: E402

INFLUXD = shutil.which("influxd") or "/usr/sbin/influxd"
CONFIG = """reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
[http]
  bind-address = "127.0.0.1:{http}"
  auth-enabled = {auth}
  log-enabled = false
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def bench_text(port, influx):
    return f"""tick: 50 ms
history: {{commit: 200 ms, resolution: 1 ns, influx: {influx}}}
links:
  l: {{tcp: "127.0.0.1:{port}"}}
instruments:
  d: {{use: modbus, link: l, every: 50 ms, channels: {{a: {{read: {{holding: 0}}, unit: degC}}, b: {{read: {{holding: 1}}, scale: 0.1, unit: bar}}, on: {{read: {{holding: 2, bit: 0}}}}}}}}
channels:
  twice: {{calc: d.b * 2}}
"""


class Influxd:
    """An influxd of its own: loopback, free ports, a folder that goes."""

    def __init__(self, auth=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mbc-test-influx-"))
        self.port, self.rpc = free_port(), free_port()
        self.auth, self.user, self.process = auth, None, None

    def __enter__(self):
        (self.folder / "influxdb.conf").write_text(CONFIG.format(folder=self.folder, http=self.port, rpc=self.rpc, auth="true" if self.auth else "false"))
        self.start()
        return self

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([INFLUXD, "-config", str(self.folder / "influxdb.conf")], stdout=log, stderr=log, env=dict(os.environ, HOME=str(self.folder)))

        def is_up():
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=2).status == 204
        wait_for("influxd answers", is_up)

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        self.process.wait(PATIENCE_S)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def query(self, text, db="lab", post=False):
        words = urllib.parse.urlencode({"q": text, "db": db, "epoch": "ns"})
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/query" + ("" if post else "?" + words), data=words.encode() if post else None)
        if self.user:
            request.add_header("Authorization", "Basic " + base64.b64encode(":".join(self.user).encode()).decode())
        answer = json.load(urllib.request.urlopen(request, timeout=PATIENCE_S))["results"][0]
        self.assert_no_error(answer)
        return answer.get("series", [])

    @staticmethod
    def assert_no_error(answer):
        if "error" in answer:
            raise AssertionError(answer["error"])

    def values(self, channel):
        """{time: (value, quality)}"""
        series = self.query(f'SELECT * FROM "{channel}"')
        if not series:
            return {}
        rows = [dict(zip(series[0]["columns"], row)) for row in series[0]["values"]]
        return {row["time"]: (row.get("value"), row.get("quality") or "") for row in rows}


def ns(text):
    whole, fraction = re.fullmatch(r"(.*?)(?:\.(\d+))?Z", text).groups()
    seconds = int(time.mktime(time.strptime(whole + " UTC", "%Y-%m-%dT%H:%M:%S %Z"))) - time.timezone
    return seconds * 10**9 + int((fraction or "0").ljust(9, "0"))


class Written(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.device = self.stack.enter_context(Device({0: 20, 1: 215, 2: 1}))

    def bench(self, influx, secret=None):
        bench = Bench("lab", bench_text(self.device.port, influx))
        if secret:
            self.put_secret(bench, secret)
        self.stack.enter_context(bench)
        bench.wait_good("d.a", "d.b")
        return bench

    @staticmethod
    def put_secret(bench, secret):
        file = bench.folder / "secrets/influx"
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secret)

    def move(self, seconds, each=None):
        """The device shows new values for a while."""
        end, k = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            k += 1
            self.device.holding[0] = (self.device.holding[0] + 1) % 30000
            self.device.holding[2] = k % 2
            time.sleep(0.02)
            if each:
                each(k)

    def exported(self, bench, channel):
        done = bench.mbc("export", "--raw", channel)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = list(csv.reader(io.StringIO(done.stdout)))[2:]
        gaps = ("first_start", "recorder_away", "bench_stopped", "computer_off", "overrun", "disk_full", "budget")
        return {ns(row[0]): (row[1], row[2]) for row in rows if row[2] not in gaps}

    def same(self, bench, influx, channels=("d.a", "d.b", "d.on", "twice"), limit=PATIENCE_S):
        """Both sides have the same, as of some moment when nothing new comes: each sample once, its value, its reason."""
        def form(value):
            return "" if value is None else str(int(value)) if isinstance(value, bool) else format(value, ".15g")

        def is_same():
            for channel in channels:
                here = self.exported(bench, channel)
                there = {t: (form(v), q) for t, (v, q) in influx.values(channel).items()}
                here = {t: (format(float(v), ".15g") if v else "", q) for t, (v, q) in here.items()}
                self.difference = channel, sorted(set(here.items()) ^ set(there.items()))[:6], len(here), len(there)
                if here != there or not here:
                    return False
            return True
        try:
            wait_for("both sides are the same", is_same, limit)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.difference}") from None
        return self.difference[2]


@unittest.skipUnless(os.access(INFLUXD, os.X_OK), "no influxd; tools/install-deps.sh")
class One(Written):
    """Version 1."""

    def setUp(self):
        super().setUp()
        self.influx = self.stack.enter_context(Influxd())
        self.influx.query("CREATE DATABASE lab", post=True)

    def begin(self, port=None):
        return self.bench(f'{{url: "http://127.0.0.1:{port or self.influx.port}", database: lab}}')

    def test_stopped_and_killed(self):
        """The server ends in order, and by force, under load; then the writer is killed: all is there once, in the end."""
        bench = self.begin()
        self.move(2)
        self.same(bench, self.influx)
        self.influx.stop()
        self.move(2)
        self.influx.start()
        self.move(1)
        self.influx.stop(signal.SIGKILL)
        self.move(1)
        bench.process.wait_line("nothing is lost, and it is tried again", "err")
        self.influx.start()

        def kill(k):
            if k % 25 == 0 and "influx" in bench.pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(bench.pids()["influx"], signal.SIGKILL)
        self.move(3, kill)
        self.same(bench, self.influx, limit=2 * PATIENCE_S)
        series = self.influx.query('SHOW TAG KEYS FROM "d.a"')
        self.assertEqual([row[0] for row in series[0]["values"]], ["bench", "type", "unit"])
        self.assertEqual(bench.value("mbc.history.stopped"), 0)

    def test_bad_values(self):
        """A value that is none has its reason there."""
        bench = self.begin()
        self.move(1)
        self.device.__exit__(None, None, None)
        wait_for("the device is gone", lambda: any(q for _, q in self.influx.values("d.a").values()))
        reasons = {q for v, q in self.influx.values("d.a").values() if v is None}
        self.assertTrue(reasons & {"connection_lost", "no_connection", "no_answer"}, reasons)

    def test_cut(self):
        """Connections are cut in the middle of requests, and of answers."""
        with Proxy(self.influx.port) as proxy:
            bench = self.begin(proxy.port)
            self.move(2)
            proxy.cuts.extend([100, 400, 1000, 20, -1, 3000, -1])
            self.move(6)
            wait_for("all cuts were made", lambda: not proxy.cuts, 4 * PATIENCE_S)
            self.same(bench, self.influx, limit=2 * PATIENCE_S)

    def test_no_database(self):
        bench = self.bench(f'{{url: "http://127.0.0.1:{self.influx.port}", database: other}}')
        bench.process.wait_line("HTTP status 404: database not found.*make the data base there", "err")

    def test_conflict(self):
        """A measurement that has another type refuses its values; all others come, and the bench is told once."""
        urllib.request.urlopen(f"http://127.0.0.1:{self.influx.port}/write?db=lab", data=b'd.a,bench=lab,type=uint,unit=degC value="text"', timeout=PATIENCE_S)
        bench = self.begin()
        line = bench.process.wait_line("field type conflict.*had another type there", "err")
        self.assertIn("are left out", line)
        self.move(1)
        self.same(bench, self.influx, ("d.b", "d.on"))


@unittest.skipUnless(os.access(INFLUXD, os.X_OK), "no influxd; tools/install-deps.sh")
class Password(Written):
    def test_wrong_password(self):
        with Influxd(auth=True) as influx:
            influx.query("CREATE USER admin WITH PASSWORD 'adminpass' WITH ALL PRIVILEGES", post=True)
            influx.user = ("admin", "adminpass")
            influx.query("CREATE DATABASE lab", post=True)
            influx.query("CREATE USER bench WITH PASSWORD 'right one'", post=True)
            influx.query("GRANT WRITE ON lab TO bench", post=True)
            bench = self.bench(f'{{url: "http://127.0.0.1:{influx.port}/", database: lab, user: bench, password: {{secret: influx}}}}', "wrong one")
            line = bench.process.wait_line("HTTP status 401", "err")
            self.assertIn("correct user and password", line)
            self.assertNotIn("wrong one", bench.process.text())
            with open(f"/proc/{bench.pids()['influx']}/cmdline", "rb") as file:
                self.assertNotIn(b"wrong one", file.read())
            self.put_secret(bench, "right one")
            self.assertEqual(bench.mbc("reload").returncode, 0)
            self.move(1)
            self.same(bench, influx, limit=2 * PATIENCE_S)


class Proxy:
    """To a port of 127.0.0.1; each of `cuts` ends a connection: after so many bytes of requests, -1 before an answer. Between two of them one
    answer goes through, so that nobody waits longer and longer."""

    def __init__(self, to):
        self.to, self.cuts, self.is_armed = to, [], True
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, here):
        with contextlib.suppress(OSError), here, socket.create_connection(("127.0.0.1", self.to)) as there:
            threading.Thread(target=self.back, args=(there, here), daemon=True).start()
            seen = 0
            while data := here.recv(100):
                seen += len(data)
                if self.cuts and self.is_armed and (self.cuts[0] < 0 or seen >= self.cuts[0]):
                    self.is_armed = False
                    if self.cuts.pop(0) < 0:
                        there.sendall(data)
                        time.sleep(0.05)
                    here.shutdown(socket.SHUT_RDWR)
                    return
                there.sendall(data)

    def back(self, there, here):
        with contextlib.suppress(OSError):
            while data := there.recv(65536):
                here.sendall(data)
                self.is_armed = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


class Two(Written):
    """The shape of version 2, whose server is not in Debian: a small one that says what it is told to."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, answer = self.server.judge(self, body)
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.Handler)
        self.server.judge = self.judge
        self.stack.callback(self.server.server_close)
        self.stack.callback(self.server.shutdown)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.answers, self.lines, self.requests, self.posts = [], {}, [], 0

    def judge(self, request, body):
        self.requests.append((request.path, dict(request.headers)))
        self.posts += 1
        if self.answers:
            status, headers, text = self.answers[0](body) if callable(self.answers[0]) else self.answers.pop(0)
            if status != 204:
                return status, headers, text.encode()
        for line in body.decode().splitlines():
            start, _, t = line.rpartition(" ")
            self.lines[start.split(" ")[0], int(t)] = line
        return 204, {}, b""

    def begin(self):
        return self.bench(f'{{url: "http://127.0.0.1:{self.server.server_port}", version: 2, org: "the lab", bucket: "b&1", token: {{secret: influx}}}}', "tok-en-123")

    def there(self, channel):
        return {t: line for (start, t), line in self.lines.items() if start.split(",")[0] == channel}

    def wait_same(self, bench, channel="d.a"):
        wait_for("all is there", lambda: self.exported(bench, channel).keys() == self.there(channel).keys(), 2 * PATIENCE_S)

    def test_request(self):
        self.answers = [(503, {}, '{"code":"unavailable","message":"later"}'), (429, {"Retry-After": "1"}, "{}"), (401, {}, '{"code":"unauthorized","message":"unauthorized access"}'),
                        (404, {}, '{"code":"not found","message":"bucket \\"b&1\\" not found"}')]
        bench = self.begin()
        bench.process.wait_line("HTTP status 503: later", "err")
        self.move(1)
        self.wait_same(bench)
        path, headers = self.requests[0]
        self.assertEqual(path, "/api/v2/write?org=the%20lab&bucket=b%261&precision=ns")
        self.assertEqual(headers["Authorization"], "Token tok-en-123")
        self.assertNotIn("tok-en-123", bench.process.text())
        self.assertIn("correct the token", bench.process.wait_line("HTTP status 401", "err"))
        self.assertIn("make the bucket there", bench.process.wait_line("HTTP status 404", "err"))
        bench.process.wait_line("the server takes values again", "err")
        line = next(iter(self.there("d.a").values()))
        self.assertRegex(line, r"^d\.a,bench=lab,type=uint,unit=degC value=\d+u \d{19}$")
        # Into another history, and out of it: what it was.
        file = bench.folder / "lines.lp"
        file.write_text("\n".join(self.lines.values()))
        for sub in ("run2", "state2"):
            (bench.folder / sub).mkdir(mode=0o700)
        (bench.folder / "state2/lab/history").mkdir(parents=True)
        environment = dict(bench.environment, MBC_RUN_DIR=str(bench.folder / "run2"), MBC_STATE_DIR=str(bench.folder / "state2"))

        def run(*words):
            done = subprocess.run([str(bench.program), *words], env=environment, capture_output=True, text=True, timeout=PATIENCE_S)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return done.stdout
        run("history", "import", str(file))
        for channel in ("d.a", "d.b", "d.on", "twice"):
            rows = list(csv.reader(io.StringIO(run("export", "--raw", channel))))[2:]
            again = {ns(row[0]): (row[1], row[2]) for row in rows}
            here = self.exported(bench, channel)
            self.assertEqual(again, {t: here[t] for t in again})
            self.assertGreater(len(again), 2 if channel == "d.a" else 0)

    def test_too_much(self):
        """413 for more than some lines, and 400 for posts that have a certain one: it alone is left out, and told."""
        def judge(body):
            lines = body.splitlines()
            if len(lines) > 7:
                return 413, {}, '{"code":"request too large","message":"too large"}'
            if any(line.startswith(b"twice,") for line in lines):
                return 400, {}, '{"code":"invalid","message":"unable to parse that"}'
            return 204, {}, ""
        self.answers = [judge]
        bench = self.begin()
        self.move(1)
        self.wait_same(bench)
        self.assertEqual(self.there("twice"), {})
        bench.process.wait_line("were refused by the server, and are left out: HTTP status 400: unable to parse that", "err")

    def test_partial(self):
        """A partial write is done with: nothing is sent twice for it."""
        self.answers = [(422, {}, '{"code":"unprocessable entity","message":"failure writing points to database: partial write: field type conflict: dropped=2"}')]
        bench = self.begin()
        bench.process.wait_line("2 values were refused by the server", "err")
        self.move(1)
        wait_for("it goes on", lambda: self.lines)


if __name__ == "__main__":
    unittest.main()
