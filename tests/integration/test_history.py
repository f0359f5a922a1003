"""What was recorded, asked for over HTTP and by the command line: true values, no hidden spike, hostile questions, deaths of both sides."""
import contextlib
import csv
import datetime
import http.client
import io
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import zipfile

import jsonschema

sys.dont_write_bytecode = True
from harness import BUILD, PATIENCE_S, ROOT, Bench, Device, wait_for  # noqa: E402
from test_accounts import Client, People  # noqa: E402

# A sanitizer would keep freed memory for a while, and the memory that is measured here would be its own.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
API = "/api/v1"
HISTORY = API + "/history"
# The store that a C program writes: 1 000 000 samples of `wave` and as many of `count`, a second apart, from FIRST_S on.
STORE = BUILD / "perf/history_read"
FIRST_S, SAMPLES = 1767225600, 1_000_000


def text(port):
    return f"""tick: 50 ms
history: {{commit: 200 ms}}
links:
  l: {{tcp: "127.0.0.1:{port}"}}
instruments:
  d: {{use: modbus, link: l, every: 50 ms, channels: {{a: {{read: {{holding: 0}}, unit: degC}}, b: {{read: {{holding: 1}}, scale: 0.1, unit: bar}}}}}}
"""


def seconds(iso):
    return datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp()


class Recorded(unittest.TestCase):
    """A bench that records a device."""

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.device = self.stack.enter_context(Device({0: 20, 1: 215}))
        self.bench = self.stack.enter_context(Bench("rec", text(self.device.port)))
        self.bench.wait_good("d.a", "d.b")
        wait_for("something is recorded", lambda: self.bench.ask(HISTORY + "/d.a?from=-1min", expect=None))

    def pid(self, name):
        return wait_for(f"process {name}", lambda: self.bench.pids().get(name))

    def put(self, value):
        """The device shows another value; until it is recorded."""
        self.device.holding[0] = value
        wait_for(f"{value} is recorded", lambda: value in self.raw())

    def raw(self, name="d.a"):
        channel = self.bench.get(f"{HISTORY}/{name}?from=-10min&raw=1")["channels"][0]
        return [sample[1] for sample in channel["samples"]]

    def problem(self, path, status, *words):
        connection = http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
            self.assertEqual(answer.status, status, body)
            self.assertEqual(answer.getheader("Content-Type"), "application/problem+json")
            for word in words:
                self.assertIn(word, json.loads(body)["detail"])
            return answer

    def check_schema(self, value, name):
        api = json.loads((ROOT / "src/serve/openapi.json").read_text())
        jsonschema.Draft202012Validator({"$ref": "#/components/schemas/" + name}, resolver=jsonschema.RefResolver("", api)).validate(value)

    def test_values_come_back(self):
        for value in (21, 900, 22):
            self.put(value)
        answer = self.bench.get(HISTORY + "/d.a?from=-10min&points=7")
        self.check_schema(answer, "History")
        channel = answer["channels"][0]
        self.assertEqual((channel["name"], channel["unit"], channel["type"]), ("d.a", "degC", "uint"))
        self.assertEqual(len(answer["time"]), 7)
        self.assertEqual(max(v for v in channel["max"] if v is not None), 900)  # the spike, in an interval of minutes
        self.assertEqual(channel["last"][-1], 22)
        self.assertEqual(channel["mean"][0], None)
        self.assertEqual(channel["quality"][0], "first_start")
        raw = self.bench.get(HISTORY + "/d.a?from=-10min&raw=1")
        self.check_schema(raw, "History")
        values = [sample[1] for sample in raw["channels"][0]["samples"]]
        self.assertEqual([v for k, v in enumerate(values) if k == 0 or v != values[k - 1]], [20, 21, 900, 22])
        self.assertEqual(sum(channel["count"]), len(values))
        two = self.bench.get(HISTORY + "?channels=d.a,d.b&from=-1min&points=3")
        self.check_schema(two, "History")
        self.assertEqual([c["name"] for c in two["channels"]], ["d.a", "d.b"])
        self.check_schema(self.bench.get(API + "/gaps"), "Gaps")

    def test_a_failure_has_its_reason(self):
        self.put(30)
        self.device.fault = "silent"
        self.bench.wait_reason("d.a", "no_answer", "stale", "connection_lost")
        wait_for("null is recorded", lambda: self.raw()[-1] is None)
        sample = self.bench.get(HISTORY + "/d.a?from=-1min&raw=1")["channels"][0]["samples"][-1]
        self.assertIn(sample[2], ("no_answer", "stale", "connection_lost"))
        rows = list(csv.reader(io.StringIO(self.bench.body(HISTORY + "/d.a?from=-1min&raw=1&format=csv").decode())))
        self.assertEqual(rows[-1][1:], ["", sample[2]])

    def events(self, words=""):
        answer = self.bench.get(API + "/events?from=-1h" + words)
        self.check_schema(answer, "Events")
        return answer["events"]

    def test_a_reader_that_holds_its_transaction(self):
        """Somebody reads the newest file with SQLite and leaves the transaction open: values are recorded all the same."""
        file = sorted(pathlib.Path(self.bench.environment["MBC_STATE_DIR"], "rec/history").glob("*.sqlite"))[-1]
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)) as other:
            other.execute("BEGIN")
            held = other.execute("SELECT count(*) FROM tail").fetchone()
            for value in range(300, 310):
                self.put(value)
            self.assertEqual(other.execute("SELECT count(*) FROM tail").fetchone(), held)
            self.assertEqual(self.bench.value("mbc.history.stopped"), 0)
        self.put(310)

    def test_events(self):
        wait_for("the device is said to answer", lambda: self.events("&kind=instrument_up&subject=d"))
        os.kill(self.pid("control"), signal.SIGKILL)
        self.bench.wait_good("d.a")
        wait_for("the kill is an event", lambda: self.events("&kind=process_killed&subject=control"))
        wait_for("and so is what came of it", lambda: self.events("&kind=controller_restarted"))
        ids = [event["id"] for event in self.events()]
        self.assertEqual(ids, list(range(1, len(ids) + 1)))
        last = self.bench.get(API + "/events?limit=2")
        self.assertEqual(([event["id"] for event in last["events"]], last["omitted"]), (ids[-2:], len(ids) - 2))
        self.assertIn("répond", self.events("&kind=instrument_up&language=fr")[0]["text"])
        self.problem(API + "/events?kind=nothing", 400, "nothing", "events.md")
        self.problem(API + "/events?limit=0", 400, "1 to 10000")
        self.problem(API + "/events?from=now&to=-1h", 400, "not before")

    def test_recorder_killed(self):
        """kill -9 of the recorder, over and over: nothing is missing, nothing doubled, and the store is whole."""
        for value in range(100, 112):
            self.put(value)
            os.kill(self.pid("history"), signal.SIGKILL)
        wait_for("it records again", lambda: self.bench.value("mbc.history.stopped") == 0)
        self.put(200)
        values = self.raw()
        self.assertEqual([v for k, v in enumerate(values) if k == 0 or v != values[k - 1]], [20, *range(100, 112), 200])
        self.assertEqual([gap["cause"] for gap in self.bench.get(API + "/gaps")["gaps"]], ["first_start"])
        verified = self.bench.mbc("history", "verify")
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def test_csv(self):
        self.put(25)
        body, kind = self.bench.ask(HISTORY + "?channels=d.a,d.b&from=-1min&points=4&format=csv")
        self.assertTrue(kind.startswith("text/csv"))
        self.assertTrue(body.endswith(b"\r\n"))
        rows = list(csv.reader(io.StringIO(body.decode(), newline="")))
        self.assertEqual(rows[0][:6], ["time", "d.a mean", "d.a min", "d.a max", "d.a count", "d.a quality"])
        self.assertEqual(rows[1][:3] + rows[1][6:7], ["UTC", "degC", "degC", "bar"])
        self.assertEqual(len(rows), 6)
        self.assertEqual({len(row) for row in rows}, {11})
        self.assertEqual(float(rows[-1][6]), 21.5)
        body = self.bench.body(HISTORY + "?channels=d.a,d.b&from=-1min&points=4&format=csv-fr")
        self.assertTrue(body.startswith(b"\xef\xbb\xbf"))
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=";"))
        self.assertEqual(rows[-1][6], "21,5")
        raw = list(csv.reader(io.StringIO(self.bench.body(HISTORY + "?channels=d.a,d.b&from=-1min&raw=1&format=csv").decode(), newline="")))
        self.assertEqual(raw[0], ["time", "d.a", "d.a quality", "d.b", "d.b quality"])
        times = [seconds(row[0]) for row in raw[2:]]
        self.assertEqual(times, sorted(times))

    def test_flat(self):
        """Rows for Grafana and its like: the same numbers as in the lists, times as JavaScript counts them."""
        for value in (25, 700, 26):
            self.put(value)
        until = int(time.time() * 1000)
        words = f"?channels=d.a,d.b&from={until - 60000}&to={until}"  # milliseconds
        lists = self.bench.get(HISTORY + words + "&points=7")
        body, kind = self.bench.ask(HISTORY + words + "&points=7&format=flat")
        rows = json.loads(body)
        self.assertEqual(kind, "application/json")
        self.check_schema(rows, "HistoryRows")
        self.assertEqual(len(rows), len(lists["time"]))
        self.assertEqual(lists["from"][:19], datetime.datetime.fromtimestamp((until - 60000) / 1000, datetime.timezone.utc).isoformat()[:19])
        for k, row in enumerate(rows):
            self.assertAlmostEqual(row["time"] / 1000, lists["time"][k], places=5)
            for channel in lists["channels"]:
                name = channel["name"]
                self.assertEqual([row[name], row[name + " min"], row[name + " max"], row.get(name + " quality")],
                                 [channel[column][k] for column in ("mean", "min", "max", "quality")])
        self.assertEqual(max(row["d.a max"] or 0 for row in rows), 700)
        samples = {channel["name"]: channel["samples"] for channel in self.bench.get(HISTORY + words + "&raw=1")["channels"]}
        rows = json.loads(self.bench.body(HISTORY + words + "&raw=1&format=flat"))
        self.check_schema(rows, "HistoryRows")
        self.assertEqual([row["time"] for row in rows], sorted(row["time"] for row in rows))
        for name, expected in samples.items():
            mine = [(row["time"] / 1000, row[name]) for row in rows if row.get(name) is not None]
            expected = [sample for sample in expected if sample[1] is not None]
            self.assertEqual([value for _, value in mine], [sample[1] for sample in expected])
            for (at, _), sample in zip(mine, expected):
                self.assertAlmostEqual(at, sample[0], places=5)
        self.assertEqual(json.loads(self.bench.body(HISTORY + "/d.a?from=10&to=20&raw=1&format=flat"))[1:], [])

    def test_wrong_questions(self):
        for path, status, word in (("/d.a?from=now&to=-1h", 400, "not before"), ("/d.a?points=0", 400, "100000"),
                                   ("/d.a?points=1000000", 400, "raw=1"), ("/d.aa", 404, "did you mean 'd.a'"), ("/d.a?from=soon", 400, "write 2026"),
                                   ("/d.a?format=xml", 400, "csv-fr"), ("/d.a?zone=Nowhere/At_all", 400, "Europe/Paris"), ("?from=-1h", 400, "channels="),
                                   ("/d.a?every=1s", 400, "known here"), ("?channels=" + ",".join(["d.a"] * 101), 400, "100")):
            with self.subTest(path):
                self.problem(HISTORY + path, status, word)

    def test_without_a_bench(self):
        self.put(26)
        self.bench.process.stop()
        done = self.bench.mbc("history", "verify")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        done = self.bench.mbc("export", "d.a")
        self.assertEqual(list(csv.reader(io.StringIO(done.stdout)))[-1][1], "26")

    def test_command_line(self):
        self.put(28)
        out = self.bench.folder / "out.csv"
        done = self.bench.mbc("export", "--every", "1 s", "--zone", "Europe/Paris", "--out", str(out), "d.a", "d.b")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        rows = list(csv.reader(io.StringIO(out.read_text())))
        self.assertEqual(rows[1][0], "Europe/Paris")
        self.assertRegex(rows[2][0], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00$")
        done = self.bench.mbc("export", "--out", str(out), "nothing")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(out.read_text().splitlines()[1].split(",")[0], "Europe/Paris")  # a wrong question spoils no file
        self.assertIn("first_start", self.bench.mbc("history", "gaps").stdout)
        self.assertIn(".sqlite", self.bench.mbc("history", "files").stdout)
        self.assertEqual(self.bench.mbc("history", "--bench", "other", "files").returncode, 1)

    def test_death_of_query(self):
        self.put(40)
        control, history, serve = (self.pid(name) for name in ("control", "history", "serve"))
        for value in (41, 42, 43):
            os.kill(self.pid("query"), signal.SIGKILL)
            self.device.holding[0] = value
            wait_for(f"{value} is told", lambda value=value: (lambda body: body and value in [s[1] for s in json.loads(body[0])["channels"][0]["samples"]])(
                self.bench.ask(HISTORY + "/d.a?from=-10min&raw=1", expect=None)))
        self.assertEqual([self.pid(name) for name in ("control", "history", "serve")], [control, history, serve])

    def test_death_of_serve(self):
        query = self.pid("query")
        os.kill(self.pid("serve"), signal.SIGKILL)

        def ask():
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.bench.ask(HISTORY + "/d.a?from=-10min", expect=None)
        wait_for("an answer of the next one", ask)
        self.assertEqual(self.pid("query"), query)

    def test_without_recording(self):
        self.bench.reload(text(self.device.port).replace("history: {commit: 200 ms}", "history: no"))
        wait_for("the reader ends", lambda: "query" not in self.bench.pids())
        answer = self.problem(HISTORY + "/d.a", 503, "history: no")
        wait_for("the bench says so", lambda: self.bench.get("/api/v1/bench")["history"] is False)
        self.assertIsNotNone(answer.getheader("Retry-After"))


class Files(unittest.TestCase):
    """A store without a bench."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mbc-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, samples, *first):
        subprocess.run([STORE, "write", self.folder, str(samples), *first], check=True, stdout=subprocess.DEVNULL)
        return next(self.folder.glob("*.sqlite"))

    def query(self, *words, **environment):
        return subprocess.run([BUILD / "mbc-query", "--dir", self.folder, *words], env=dict(os.environ, **environment), capture_output=True,
                              text=True, timeout=PATIENCE_S)

    def test_sqlite_reads_the_summary(self):
        file = self.write(50_000)
        shell = subprocess.run(["sqlite3", "-readonly", file, "SELECT sum(samples), min(min), max(max), min(\"from\"), max(\"to\") FROM summary "
                                "WHERE name = 'count'"], capture_output=True, text=True, check=True)
        self.assertEqual(shell.stdout.strip(), "50000|0.0|49999.0|2026-01-01T00:00:00.000Z|2026-01-01T13:53:19.000Z")

    def test_a_copy_alone_can_be_read(self):
        file = self.write(1000)
        for log in self.folder.glob("*-*m*"):
            if log != file:
                log.unlink()
        for log in self.folder.glob("*-wal"):
            log.unlink()
        self.assertEqual(self.query("verify").returncode, 0)
        self.assertEqual(len(self.query("export", "count").stdout.splitlines()), 1002)
        self.assertEqual([f.name for f in self.folder.iterdir()], [file.name])  # it writes nothing

    def test_verify_sees_damage(self):
        file = self.write(50_000)
        done = self.query("verify")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        with contextlib.closing(sqlite3.connect(file)) as db:
            db.execute("UPDATE span SET max = max + 1 WHERE chunk = 2")
            db.execute("UPDATE chunk SET data = substr(data, 1, length(data) - 3) WHERE chunk = 3")
            db.execute("DELETE FROM chunk WHERE chunk = 4")
            db.execute("DELETE FROM span WHERE chunk = 5")
            db.execute("INSERT INTO gap VALUES(NULL, 1, 20, 1, 10, 'overrun', 1)")
            db.commit()
        done = self.query("verify")
        self.assertEqual(done.returncode, 1)
        for word in ("chunk 2: its row tells other", "chunk 3:", "chunk 4: it is not there", "chunk 5: no row", "gap 1 (overrun): it ends before", "5 faults",
                     "backup"):
            self.assertIn(word, done.stdout)

    def test_verify_a_file_of_some_size(self):
        """More than SQLite sorts without a temporary file, which a confined process cannot make."""
        self.write(1_500_000)
        done = self.query("verify")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn("good", done.stdout)

    def test_garbage_is_told(self):
        self.write(1000).write_bytes(os.urandom(20_000))
        self.assertEqual(self.query("verify").returncode, 1)
        done = self.query("export", "wave")
        self.assertEqual(done.returncode, 2)
        self.assertIn(".sqlite", done.stderr)

    def test_the_hour_that_comes_twice(self):
        first = int(datetime.datetime(2026, 10, 24, 22, tzinfo=datetime.timezone.utc).timestamp())
        self.write(20_000, str(first))
        for zone, environment in (("Europe/Paris", {}), ("local", {"TZ": "Europe/Paris"})):
            done = self.query("export", "wave", "--every", "10 min", "--zone", zone, "--from", "2026-10-25T00:00:00Z", "--to", "2026-10-25T02:10:00Z",
                              **environment)
            self.assertEqual(done.stderr, "")
            times = [row[0] for row in csv.reader(io.StringIO(done.stdout))][2:]
            self.assertEqual(times[0], "2026-10-25T02:00:00+02:00")
            self.assertEqual([t for t in times if "T02:30" in t], ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"])
            self.assertEqual([seconds(b) - seconds(a) for a, b in zip(times, times[1:])], [600] * (len(times) - 1))


class Large(unittest.TestCase):
    """A bench whose history was filled before with two million samples."""

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        device = cls.stack.enter_context(Device({0: 20, 1: 215}))
        cls.bench = Bench("large", text(device.port))
        folder = cls.bench.folder / "state/large/history"
        folder.mkdir(parents=True)
        folder.parent.chmod(0o700)
        subprocess.run([STORE, "write", folder, str(SAMPLES)], check=True, stdout=subprocess.DEVNULL)
        cls.stack.enter_context(cls.bench)
        wait_for("the reader", lambda: cls.bench.ask(HISTORY + "/wave?from=first", expect=None))

    def setUp(self):
        self.pids = self.bench.pids()

    def rss(self, name):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.pids[name]}/status").read_text())[1])

    def high(self, name):
        return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{self.pids[name]}/status").read_text())[1])

    def range(self, **more):
        return "&".join([f"from={FIRST_S}000000000", f"to={FIRST_S + SAMPLES}000000000", *(f"{k}={v}" for k, v in more.items())])

    def test_a_million_points_in_constant_memory(self):
        before = self.rss("query"), self.rss("serve")
        answer = self.bench.get(f"{HISTORY}/wave?{self.range(raw=1)}")
        samples = answer["channels"][0]["samples"]
        self.assertEqual(len(samples), SAMPLES)
        self.assertEqual(samples[1][0] - samples[0][0], 1)
        body = self.bench.body(f"{HISTORY}?channels=wave,count&{self.range(raw=1, format='csv')}")
        self.assertEqual(body.count(b"\r\n"), SAMPLES + 2)
        book = zipfile.ZipFile(io.BytesIO(self.bench.body(f"{HISTORY}?channels=wave,count&{self.range(raw=1, format='xlsx')}")))
        self.assertIsNone(book.testzip())
        rows, rest = 0, b""
        with book.open("xl/worksheets/sheet1.xml") as sheet:
            while part := sheet.read(1 << 20):
                rest += part
                rows += rest.count(b"</row>")
                rest = rest.rpartition(b"</row>")[2]
        self.assertEqual(rows, SAMPLES + 3)
        self.assertLess(self.high("query") - before[0], 16 << 10)
        self.assertLess(self.high("serve") - before[1], 8 << 10)
        buckets = self.bench.get(f"{HISTORY}/wave?{self.range(points=100)}")["channels"][0]
        self.assertEqual(sum(buckets["count"]), SAMPLES)
        self.assertEqual(max(buckets["max"]), max(sample[1] for sample in samples))
        self.assertEqual(min(buckets["min"]), min(sample[1] for sample in samples))

    def test_five_hundred_readers(self):
        statuses, lock = [], threading.Lock()

        def read():
            connection = http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=120)
            with contextlib.closing(connection):
                connection.request("GET", f"{HISTORY}/wave?{self.range(points=2000)}")
                answer = connection.getresponse()
                body = answer.read()
                with lock:
                    statuses.append((answer.status, answer.getheader("Retry-After"), body if answer.status == 200 else None))
        threads = [threading.Thread(target=read) for _ in range(500)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(statuses), 500)
        good = [s for s in statuses if s[0] == 200]
        self.assertGreaterEqual(len(good), 32)
        self.assertEqual({s[0] for s in statuses} - {200, 503}, set())
        self.assertTrue(all(s[1] for s in statuses if s[0] == 503))
        self.assertEqual(len({re.sub(rb'"recorded":"[^"]*"', b"", s[2]) for s in good}), 1)
        self.assertLess(self.high("query"), 64 << 10)
        self.assertEqual(self.bench.pids()["query"], self.pids["query"])

    @contextlib.contextmanager
    def lazy_reader(self):
        """A client that asks for a million points and reads no more than the head."""
        with socket.create_connection(("127.0.0.1", self.bench.port), timeout=60) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            sock.sendall(f"GET {HISTORY}/wave?{self.range(raw=1)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            self.assertIn(b"200 OK", sock.recv(200))
            yield sock

    def test_a_client_that_stops_reading(self):
        with self.lazy_reader() as sock:
            for _ in range(3):  # others are answered meanwhile
                self.bench.get(f"{HISTORY}/count?{self.range(points=10)}")
            wait_for("it is counted", lambda: self.bench.value("mbc.query.questions"))
            wait_for("it is dropped", lambda: self.bench.value("mbc.query.questions") == 0, limit=90, pause=1)
            rest = b""
            with contextlib.suppress(OSError):
                while part := sock.recv(1 << 16):
                    rest += part
            self.assertFalse(rest.endswith(b"0\r\n\r\n"))

    def test_a_death_breaks_the_answer_off(self):
        with self.lazy_reader() as sock:
            os.kill(self.pids["query"], signal.SIGKILL)
            rest = b""
            with contextlib.suppress(OSError):
                while part := sock.recv(1 << 16):
                    rest += part
            self.assertFalse(rest.endswith(b"0\r\n\r\n"))  # no reader can take it for the whole
        wait_for("the next one answers", lambda: self.bench.ask(f"{HISTORY}/count?{self.range(points=10)}", expect=None))

    def export(self, *words):
        done = self.bench.mbc("export", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return list(csv.reader(io.StringIO(done.stdout)))

    def test_many_intervals_by_windows(self):
        rows = self.export("--every", "3 s", "--to", f"{FIRST_S + SAMPLES}000000000", "wave", "count")[2:]
        self.assertEqual(len(rows), (SAMPLES + 2) // 3)
        self.assertEqual(sum(int(row[4]) for row in rows), SAMPLES)
        self.assertEqual({row[5] for row in rows}, {""})
        times = [seconds(row[0]) for row in rows]
        self.assertEqual({b - a for a, b in zip(times, times[1:])}, {3})


@unittest.skipUnless(os.geteuid() == 0, "only root can mount a small disk")
class Ends(People):
    def test_a_history_under_way_ends_with_its_session(self):
        """It is cut, and no reader can take it for the whole: that of a session that ends, and those of nobody when there are accounts."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        device = stack.enter_context(Device({0: 20, 1: 215}))
        self.bench = Bench("ends", text(device.port))
        folder = self.bench.folder / "state/ends/history"
        folder.mkdir(parents=True)
        folder.parent.chmod(0o700)
        subprocess.run([STORE, "write", folder, str(SAMPLES)], check=True, stdout=subprocess.DEVNULL)
        stack.enter_context(self.bench)
        wait_for("the reader", lambda: self.bench.ask(HISTORY + "/wave?from=first", expect=None))
        path = f"{HISTORY}/wave?from={FIRST_S}000000000&to={FIRST_S + SAMPLES}000000000&raw=1"

        def begin(headers):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", self.bench.port), timeout=PATIENCE_S))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.bench.port}\r\n{headers}\r\n".encode())
            self.assertIn(b"200 OK", sock.recv(200))
            return sock

        def is_cut(sock):
            rest = b""
            with contextlib.suppress(ConnectionError):
                while part := sock.recv(1 << 16):
                    rest = rest[-100:] + part
            return not rest.endswith(b"0\r\n\r\n")

        def is_refused(client, path):
            with contextlib.suppress(http.client.HTTPException, ConnectionError):  # both may be cut at any moment
                sock.recv(4096)
                return client.ask("GET", path)[0] == 401

        sock = begin("")
        self.assertFalse(is_cut(begin("")))  # nothing ends it, but for what follows
        self.user("add", "maria", "--role", "root")
        wait_for("the bench is closed", lambda: is_refused(Client(self.bench.port), HISTORY + "/wave"))
        self.assertTrue(is_cut(sock))
        maria, other = self.client("maria"), self.client("maria")
        sock, still = begin(f"Cookie: {maria.cookie}\r\n"), begin(f"Cookie: {other.cookie}\r\n")
        self.assertEqual(maria.ask("DELETE", API + "/session")[0], 204)
        wait_for("the session has ended", lambda: is_refused(maria, API + "/channels"))
        self.assertTrue(is_cut(sock))
        self.assertFalse(is_cut(still))


class FullDisk(unittest.TestCase):
    """The disk fills up behind the recorder: the bench goes on, the recorder comes back by itself, and the ledger tells what is missing."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-"))
        try:  # the journal takes 16 MB of it when the bench starts
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", self.folder], check=True, capture_output=True)
        except subprocess.CalledProcessError:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", self.folder], check=True)
        self.device = self.enterContext(Device({0: 20, 1: 215}))

    def fill(self):
        filler = pathlib.Path(self.folder, "filler")
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as out:
            while True:
                out.write(bytes(4096))
        return filler

    def bench(self, history):
        bench = Bench("rec", text(self.device.port).replace("history: {commit: 200 ms}", f"history: {history}"))
        bench.environment["MBC_STATE_DIR"] = self.folder
        bench.environment["MBC_USERS"] = "one"
        return bench

    def gaps(self, bench):
        return [gap["cause"] for gap in bench.get(API + "/gaps")["gaps"]]

    def test_full(self):
        with self.bench("{commit: 200 ms, leave_free: 0 MB}") as bench:
            bench.wait_good("d.a", "d.b")
            wait_for("something is recorded", lambda: bench.ask(HISTORY + "/d.a?from=-1min", expect=None))
            filler = self.fill()
            wait_for("the recorder says so", lambda: self.tick(bench) and bench.value("mbc.history.stopped") == 1)
            wait_for("it is an event", lambda: "history_disk_full" in bench.mbc("log", "--json").stdout)
            self.device.holding[0] = 77
            bench.wait_value("d.a", 77)  # the bench goes on
            filler.unlink()
            wait_for("it records again", lambda: bench.value("mbc.history.stopped") == 0)
            wait_for("what waited is there", lambda: 77 in [sample[1] for sample in bench.get(HISTORY + "/d.a?from=-10min&raw=1")["channels"][0]["samples"]])
            wait_for("and that is an event", lambda: "history_resumed" in bench.mbc("log", "--json").stdout)
            self.assertEqual(self.gaps(bench), ["first_start"])  # it waited in memory
            self.assertEqual(bench.mbc("history", "verify").returncode, 0)

    def tick(self, bench):
        """Something to write: a value that moves."""
        self.device.holding[1] = 200 + (self.device.holding[1] + 1) % 50
        return True

    def test_less_room_than_is_left_to_others(self):
        with self.bench("{commit: 200 ms, leave_free: 200 MB}") as bench:
            bench.wait_good("d.a", "d.b")
            wait_for("the recorder waits", lambda: bench.value("mbc.history.stopped") == 1)
            self.assertIn("history_disk_full", bench.mbc("log", "--json").stdout)
            self.device.holding[0] = 78
            bench.wait_value("d.a", 78)


if __name__ == "__main__":
    unittest.main(verbosity=2)
