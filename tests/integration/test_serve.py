"""The data server alone, with a board that the test itself feeds: every path of the API against its description, the
stream in all its turns, and clients that mean no good."""
import contextlib
import gzip
import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import time
import unittest

import jsonschema
from prometheus_client.parser import text_string_to_metric_families

from harness import BUILD, PATIENCE_S, ROOT, Process, is_running, need_peer, wait_for

FEEDER = BUILD / "tests/integration/board_feeder"
SERVE = BUILD / "mbc-serve"
DESCRIPTION = ROOT / "src/serve/openapi.json"
API = "/api/v1"
EVENTS_KEPT = 4096  # of the stream, at least (src/serve/feed.c)
CONNECTIONS = 1024
IDLE_LIMIT_S = 15  # within which a request must be complete, too
ANSWER_S = 1.5  # within which a new client is answered, whatever others do
HALF_A_REQUEST = b"GET /json HTTP/1.1\r\nHost: localhost\r\nX-A: "
# A sanitizer would keep freed memory for a while, and the memory that is measured here would be its own.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1")


class Feeder(Process):
    """A board that changes on command, and the data server that shows it."""

    def __init__(self, extra=0, tick_ms=100, board=True):
        read, self.commands = os.pipe()
        with os.fdopen(read) as stdin:
            super().__init__([FEEDER, SERVE, str(extra), str(tick_ms)], stdin=stdin, env=ENVIRONMENT)
        self.serve_pid = int(self.wait_line(r"^pid \d+").split()[1])
        self.address = self.wait_line(r"^listening ").split()[1]
        self.port = int(self.address.rpartition(":")[2])
        self.told = 0
        if board:
            self.tell("go")

    def tell(self, *lines):
        os.write(self.commands, "".join(line + "\n" for line in lines).encode())
        self.told += len(lines)
        self.wait_line("^ok$", count=self.told)

    def stop(self, limit=PATIENCE_S, expect=0):
        """The feeder ends when its commands do, the server when the feeder does; the exit code is the server's."""
        os.close(self.commands)
        self.popen.wait(limit)
        code = super().stop(limit)
        if code != expect:
            raise AssertionError(f"ended with {code}:\n{self.text()[-3000:]}")

    def ask(self, path, method="GET", headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def get(self, path, expect=200):
        status, headers, body = self.ask(path)
        if status != expect:
            raise AssertionError(f"GET {path}: {status} {body[:300]}")
        return json.loads(body)

    def connect(self, text=b""):
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        sock.sendall(text)
        return sock

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.serve_pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_kib(self):
        return int(pathlib.Path(f"/proc/{self.serve_pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


class Stream:
    """An event stream as a list of (event, data, id) that is read on demand."""

    def __init__(self, feeder, path=API + "/stream", headers=""):
        self.sock = feeder.connect(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
        self.file = self.sock.makefile("rb")
        while self.file.readline().strip():
            pass
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.sock.close()

    def next(self):
        while b"\n\n" not in self.buffer:
            size = int(self.file.readline() or b"0", 16)
            if size == 0:
                raise EOFError("the stream has ended")
            self.buffer += self.file.read(size)
            self.file.readline()
        text, _, self.buffer = self.buffer.partition(b"\n\n")
        fields = dict(line.split(": ", 1) for line in text.decode().splitlines())
        return fields["event"], json.loads(fields["data"]), fields.get("id")

    def until(self, check, limit=PATIENCE_S):
        """The events up to the first one that passes, that one included."""
        seen, end = [], time.monotonic() + limit
        while time.monotonic() < end:
            seen.append(self.next())
            if check(*seen[-1]):
                return seen
        raise AssertionError(f"not within {limit} s; the last events: {seen[-5:]}")


def is_update(name, value=None):
    return lambda event, data, _: event == "update" and data["name"] == name and (value is None or data["value"] == value)


class WithFeeder(unittest.TestCase):
    def feed(self, *args, **options):
        feeder = Feeder(*args, **options)
        self.addCleanup(feeder.stop)
        return feeder


class Api(WithFeeder):
    @classmethod
    def setUpClass(cls):
        cls.feeder = Feeder()
        cls.feeder.tell("set T_bed 21.5", "set N2_flow 0.1", "set V_H2 1", "text label <ok> & \"é\"", "set ready 1",
                        "set total -9007199254740993", "set dev.raw 1.25", "trace garbled rubbish")
        cls.api = json.loads(DESCRIPTION.read_text())

    @classmethod
    def tearDownClass(cls):
        cls.feeder.stop()

    def validate(self, value, schema):
        resolver = jsonschema.RefResolver("", self.api)
        jsonschema.Draft202012Validator(schema, resolver=resolver, format_checker=jsonschema.FormatChecker()).validate(value)

    def example(self, path):
        return path.replace("{name}", "dev" if "instruments" in path else "T_bed")

    def questions(self):
        """The paths that are asked with GET, but for those that need a whole bench: test_bench_file.py, test_people.py, test_administration.py, test_door.py, test_hold.py, test_sequence.py and test_sequence_run.py ask them."""
        for path, methods in self.api["paths"].items():
            if "get" in methods and not path.startswith(("/api/v1/alarms", "/api/v1/trips", "/api/v1/protection", "/api/v1/synoptic", "/api/v1/commands", "/api/v1/hold", "/api/v1/sequence",
                                                         "/api/v1/runs", "/api/v1/bench/", "/api/v1/audit", "/api/v1/catalogue", "/api/v1/accounts", "/api/v1/tokens", "/api/v1/links",
                                                         "/api/v1/certificates", "/api/v1/backups")):
                yield path, methods

    def test_answers_are_as_described(self):
        for path, methods in self.questions():
            content = methods["get"]["responses"]["200"]["content"]
            if "text/event-stream" in content or path.startswith(("/api/v1/history", "/api/v1/gaps", "/api/v1/events")):
                continue  # the latter need a recorder: test_history.py
            with self.subTest(path):
                status, headers, body = self.feeder.ask(self.example(path))
                self.assertEqual(status, 200)
                kind = headers["Content-Type"].split(";")[0]
                self.assertIn(kind, content)
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                if kind == "application/json":
                    self.validate(json.loads(body), content[kind]["schema"])
                status, headers, nothing = self.feeder.ask(self.example(path), "HEAD")
                self.assertEqual((status, nothing), (200, b""))

    def test_the_description_is_valid_and_served(self):
        self.assertEqual(self.feeder.get(API + "/openapi.json"), self.api)
        for schema in self.api["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_schemas_notice_a_lie(self):
        channel = self.feeder.get(API + "/channels/T_bed")
        for broken in (dict(channel, quality="fine"), dict(channel, more=1), {"name": "T_bed"}):
            with self.assertRaises(jsonschema.ValidationError):
                self.validate(broken, {"$ref": "#/components/schemas/Channel"})

    def test_events_are_as_described(self):
        with Stream(self.feeder) as stream:
            for event, data, _ in stream.until(lambda event, *_: event == "heartbeat"):
                self.validate(data, {"$ref": f"#/components/schemas/{event.capitalize()}"})

    def test_xml_is_well_formed_wherever_it_is_offered(self):
        xmllint = need_peer("xmllint")
        for path, methods in self.questions():
            if "application/xml" not in methods["get"]["responses"]["200"]["content"]:
                continue
            asked = [(self.example(path), {"Accept": "application/xml"})]
            if path != "/xml":
                asked.append((self.example(path) + ".xml", {}))
            for address, accept in asked:
                with self.subTest(address):
                    status, headers, body = self.feeder.ask(address, headers=accept)
                    self.assertEqual((status, headers["Content-Type"]), (200, "application/xml"))
                    subprocess.run([xmllint, "--noout", "-"], input=body, check=True, timeout=PATIENCE_S)

    def test_browsers_and_everybody_else_get_json(self):
        browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        for accept in (browser, "*/*", "application/json, application/xml;q=0.5"):
            headers = self.feeder.ask(API + "/channels", headers={"Accept": accept})[1]
            self.assertEqual(headers["Content-Type"], "application/json")

    def test_values_keep_their_exact_form(self):
        values = {c["name"]: c["value"] for c in self.feeder.get(API + "/channels")["channels"]}
        values.pop("count")
        values.pop("dev.raw")
        self.assertEqual(values, {"T_bed": 21.5, "N2_flow": 0.1, "V_H2": "open", "label": "<ok> & \"é\"", "ready": True,
                                  "total": -9007199254740993})
        flat = self.feeder.ask("/xml")[2].decode()
        for name, value in (("T_bed", "21.500000"), ("N2_flow", "0.100000"), ("V_H2", "open"), ("ready", "1.000000"),
                            ("total", "-9007199254740993.000000"), ("label", "&lt;ok&gt; &amp; &quot;é&quot;")):
            self.assertIn(f"<Terminal><Name>{name}</Name><Value>{value}</Value></Terminal>", flat)

    def test_lists_can_be_narrowed(self):
        names = lambda query: [c["name"] for c in self.feeder.get(API + "/channels" + query)["channels"]]
        self.assertEqual(names("?names=count,T_bed"), ["count", "T_bed"])
        self.assertEqual({channel["name"]: channel["confirm"] for channel in self.feeder.get(API + "/channels?names=total,count,T_bed")["channels"]},
                         {"total": "Resets it", "count": "", "T_bed": None})
        self.assertEqual(names("?prefix=dev%2E"), ["dev.raw"])
        self.assertEqual(names("?prefix=nothing"), [])

    def test_problems_tell_what_and_what_to_do(self):
        cases = [("/api/v1/channels/T_bad", 404, "did you mean 'T_bed'"), ("/api/v1/channels?names=T_bed,T_bad", 404, "T_bad"),
                 ("/api/v1/stream?channels=T_bad", 404, "did you mean"), ("/api/v1/instruments/dew", 404, "did you mean 'dev'"),
                 ("/api/v1/instruments/x/trace", 404, "no instrument 'x'"), ("/api/v1/nothing", 404, "openapi.json"),
                 ("/api/v1/channels?name=T_bed", 400, "names, prefix"), ("/api/v1/bench?a=1", 400, "unknown parameter 'a'"),
                 ("/api/v1/channels?prefix=%zz", 400, "%25"), ("/api/v1/channels?prefix=%ff", 400, "UTF-8"),
                 ("/api/v1/channels?prefix=a&prefix=b", 400, "twice"), ("/api/v1/channels/%00", 400, "control"),
                 ("/api/v1/channels?prefix", 400, "no value"), ("/../etc/passwd", 404, "nothing is here"),
                 ("/api/v1/channels?names=" + "a," * 2100, 414, "fewer names")]
        for path, expected, word in cases:
            with self.subTest(path[:60]):
                status, headers, body = self.feeder.ask(path)
                problem = json.loads(body)
                self.validate(problem, {"$ref": "#/components/schemas/Problem"})
                self.assertEqual((status, problem["status"]), (expected, expected))
                self.assertEqual(headers["Content-Type"], "application/problem+json")
                self.assertIn(word, problem["detail"])

    def test_nothing_can_be_changed(self):
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "NONSENSE"):
            status, headers, _ = self.feeder.ask(API + "/instruments", method)
            self.assertEqual((status, headers.get("Allow")), (405, "GET, HEAD"), method)
        self.assertEqual(self.feeder.ask(API + "/channels/T_bed", "PUT")[0], 401)  # without a token, and there is nobody to ask
        self.assertEqual(self.feeder.ask(API + "/channels/T_bed", "PUT", {"Authorization": "Bearer x", "Content-Type": "application/json"},
                                         '{"target": 1}')[0], 503)
        self.assertEqual(self.feeder.ask(API + "/bench", body="x")[0], 413)
        self.assertEqual(self.feeder.ask(API + "/bench", headers={"Transfer-Encoding": "chunked"})[0], 413)

    def test_foreign_names_are_refused(self):
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.nip.example:80"):
            self.assertEqual(self.feeder.ask(API + "/bench", headers={"Host": host})[0], 421, host)
        for host in ("localhost", "127.0.0.1:1", "[::1]:8080"):
            self.assertEqual(self.feeder.ask(API + "/bench", headers={"Host": host})[0], 200, host)
        headers = self.feeder.ask(API + "/bench", headers={"Origin": "http://evil.example"})[1]
        self.assertFalse([name for name in headers if name.lower().startswith("access-control")])

    def test_pages_are_packed_and_kept_by_the_browser(self):
        for line in (ROOT / "web/dist/manifest").read_text().splitlines():
            name, kind = line.split(" ", 1)
            with self.subTest(name):
                status, headers, plain = self.feeder.ask("/" + name)
                self.assertEqual((status, headers["Content-Type"]), (200, kind))
                self.assertEqual(plain, (ROOT / "web/dist" / name).read_bytes())
                self.assertIn("default-src 'self'", headers["Content-Security-Policy"])
                status, headers, packed = self.feeder.ask("/" + name, headers={"Accept-Encoding": "gzip, br"})
                self.assertEqual(headers["Content-Encoding"], "gzip")
                self.assertEqual(gzip.decompress(packed), plain)
                again = {"Accept-Encoding": "gzip", "If-None-Match": headers["ETag"]}
                status, headers, body = self.feeder.ask("/" + name, headers=again)
                self.assertEqual((status, body), (304, b""))
        self.assertEqual(self.feeder.ask("/")[2], (ROOT / "web/dist/index.html").read_bytes())

    def test_metrics(self):
        text = self.feeder.ask("/metrics")[2].decode()
        self.assertIn('mbc_value{channel="T_bed",unit="°C"} 21.5\n', text)
        self.assertIn('mbc_quality{channel="T_bed",quality="good",reason=""} 1\n', text)
        self.assertIn('mbc_instrument_up{instrument="dev"} 1\n', text)
        self.assertRegex(text, r'mbc_instrument_requests_total{instrument="dev"} \d+\n')
        self.assertNotIn('mbc_value{channel="label"', text)
        # Prometheus' own reader in Python; every family has a name, a type and help, and is told once.
        families = list(text_string_to_metric_families(text))
        self.assertEqual(len({family.name for family in families}), len(families))
        for family in families:
            self.assertIn(family.type, ("gauge", "counter"), family.name)
            self.assertTrue(family.documentation, family.name)
        samples = {(sample.name, sample.labels.get("channel")): sample.value for family in families for sample in family.samples}
        self.assertEqual(samples["mbc_value", "T_bed"], 21.5)
        self.assertEqual(text.count("# HELP"), text.count("# TYPE"))
        self.assertTrue(text.endswith("\n"))
        channels = self.feeder.get(API + "/channels")["channels"]
        qualities = [sample.labels for family in families if family.name == "mbc_quality" for sample in family.samples]
        self.assertEqual([one["channel"] for one in qualities], [channel["name"] for channel in channels])
        for one, channel in zip(qualities, channels):
            self.assertEqual(one["quality"], channel["quality"])

    def test_ten_thousand_channels(self):
        """What lists all of them stays within some megabytes, and within a time in which nobody else waits."""
        feeder = Feeder(10000)
        self.addCleanup(feeder.stop)
        begin = time.monotonic()
        self.assertLess(len(feeder.ask("/metrics")[2]), 4 << 20)
        for path, most in (("search", 1 << 20), ("metrics", 4 << 20), ("variable", 2 << 20)):
            status, _, body = feeder.ask("/grafana/" + path, "POST", {"Content-Type": "application/json"}, "{}")
            self.assertEqual(status, 200)
            self.assertGreater(len(json.loads(body)), 10000)
            self.assertLess(len(body), most)
        stars = {"targets": [{"target": "|".join(["*e*x*z*"] * 20)}]}
        self.assertEqual(feeder.ask("/grafana/query", "POST", {"Content-Type": "application/json"}, json.dumps(stars))[2], b"[]\n")
        self.assertLess(time.monotonic() - begin, PATIENCE_S)

    def test_instrument_and_trace(self):
        dev = self.feeder.get(API + "/instruments/dev")
        self.assertEqual((dev["state"], dev["address"], dev["identity"]), ("up", "tcp 127.0.0.1:1502", "Maker Model 1.0"))
        histogram = dev["reply"].pop("histogram")
        self.assertEqual(dev["reply"], {"last_ms": 3, "max_ms": 9, "p50_ms": 8.192, "p99_ms": 8.192})
        self.assertEqual([bucket["below_ms"] for bucket in histogram], [8.192])
        self.assertGreater(histogram[0]["count"], 0)
        lines = self.feeder.get(API + "/instruments/dev/trace")["lines"]
        self.assertEqual((lines[0]["kind"], lines[0]["verdict"], lines[0]["truncated"]), ("received", "garbled_answer", True))
        self.assertTrue(lines[0]["bytes"].startswith("00 01 02 "))
        self.assertEqual((lines[1]["kind"], lines[1]["bytes"], lines[1]["truncated"]), ("sent", "00 ff", False))

    def test_curl_reads_the_stream(self):
        curl = subprocess.run([need_peer("curl"), "-sN", "--max-time", "2", f"http://{self.feeder.address}{API}/stream?channels=T_bed"],
                              capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(curl.returncode, 28)  # ended by curl's own limit
        self.assertIn('event: update\ndata: {"name":"T_bed","value":21.5,', curl.stdout)
        self.assertIn("event: heartbeat\n", curl.stdout)


class Board(WithFeeder):
    def test_before_the_first_board(self):
        feeder = self.feed(board=False)
        status, headers, body = feeder.ask(API + "/channels")
        self.assertEqual((status, headers["Retry-After"]), (503, "1"))
        self.assertIn("not started", json.loads(body)["detail"])
        self.assertEqual(feeder.ask("/")[0], 200)
        feeder.tell("set T_bed 1")
        wait_for("the board is shown", lambda: feeder.ask(API + "/channels")[0] == 200)

    def test_an_old_value_is_never_shown_as_good(self):
        feeder = self.feed()
        feeder.tell("set dev.raw 5", "set T_bed 20")
        with Stream(feeder, API + "/stream?channels=dev.raw,T_bed") as stream:
            stream.until(is_update("T_bed", 20))
            seen = stream.until(lambda event, data, _: event == "update" and data["name"] == "dev.raw" and data["reason"] == "stale")
            self.assertIsNone(seen[-1][1]["value"])
            self.assertEqual(feeder.get(API + "/channels/dev.raw")["reason"], "stale")
            feeder.tell("freeze")
            stream.until(lambda event, data, _: event == "update" and data["name"] == "T_bed" and data["reason"] == "controller_down")
            stream.until(lambda event, data, _: event == "heartbeat" and data["state"] == "controller_down")
            for channel in feeder.get(API + "/channels")["channels"]:
                self.assertEqual((channel["value"], channel["quality"], channel["reason"]), (None, "bad", "controller_down"))
            self.assertEqual(feeder.get(API + "/bench")["state"], "controller_down")
            self.assertEqual(feeder.get(API + "/instruments/dev")["state"], "down")
            self.assertNotRegex(feeder.ask("/xml")[2].decode(), "<Value>")
            feeder.tell("go")
            stream.until(is_update("T_bed", 20))

    def test_a_new_generation(self):
        feeder = self.feed()
        feeder.tell("set T_bed 20")
        with Stream(feeder, API + "/stream?channels=T_bed,count") as one, Stream(feeder) as all_of_them:
            one.until(is_update("count"))
            all_of_them.until(is_update("dev.raw"))
            feeder.tell("board T_new", "set T_new 300", "set T_bed 30")
            for stream, names in ((one, {"T_bed", "count"}), (all_of_them, None)):
                seen = stream.until(lambda event, *_: event == "changed")
                self.assertEqual(seen[-1][1], {"generation": 2})
                told = {}

                def is_complete(event, data, _):
                    if event == "update":
                        told[data["name"]] = data["value"]
                    return told.get("T_bed") == 30 and told.get("count") and (names or told.get("T_new") == 300)
                stream.until(is_complete)
                if names:
                    self.assertEqual(set(told), names)
        self.assertEqual(feeder.get(API + "/channels/T_new")["value"], 300)
        self.assertEqual(feeder.get(API + "/bench")["generation"], 2)

    def test_a_reader_comes_back(self):
        feeder = self.feed()
        path = API + "/stream?channels=T_bed"
        with Stream(feeder, path) as stream:
            last = stream.until(is_update("T_bed"))[-1][2]
        feeder.tell("set T_bed 1", "set T_bed 2", "set T_bed 3")
        with Stream(feeder, path, f"Last-Event-ID: {last}\r\n") as stream:
            values = [data["value"] for event, data, _ in stream.until(is_update("T_bed", 3)) if event == "update"]
            self.assertEqual(values, [1, 2, 3])
        for unusable in ("0-1", "nonsense", last.partition("-")[0] + "-999999999"):
            with Stream(feeder, path, f"Last-Event-ID: {unusable}\r\n") as stream:
                event, data, _ = stream.next()
                self.assertEqual((event, data["value"]), ("update", 3), unusable)

    def test_a_reader_that_lost_its_place_is_told(self):
        feeder = self.feed()
        path = API + "/stream?channels=T_bed"
        with Stream(feeder, path) as stream:
            last = stream.until(is_update("T_bed"))[-1][2]
        feeder.tell("burst 70000")  # more than the tape of this board keeps
        with Stream(feeder, path, f"Last-Event-ID: {last}\r\n") as stream:
            event, data, _ = stream.next()
            self.assertEqual(event, "gap")
            self.assertGreaterEqual(data["missed"], 70000 - 65536)
            stream.until(is_update("T_bed", 2))

    def test_a_slow_reader_is_told_what_it_missed(self):
        feeder = self.feed()
        with Stream(feeder, API + "/stream?channels=T_bed") as stream:
            stream.until(is_update("T_bed"))
            for _ in range(8):
                feeder.tell(f"burst {EVENTS_KEPT}")
                time.sleep(0.1)  # so that the server looks at the tape in between, and this reader does not
            feeder.tell("set T_bed 77")
            seen = stream.until(is_update("T_bed", 77))
            gaps = [data["missed"] for event, data, _ in seen if event == "gap"]
            self.assertTrue(gaps)
            self.assertGreater(sum(gaps), 0)

    def test_health_is_told_each_second(self):
        feeder = self.feed()
        with Stream(feeder) as stream:
            stream.next()
            feeder.wait_line("health mbc.serve.streams 1")
            feeder.wait_line("health mbc.serve.connections 1")
        feeder.wait_line(r"health mbc.serve.memory \d{3}")
        feeder.wait_line("health mbc.serve.streams 0", count=2)

    def test_it_ends_with_its_supervisor_or_by_signal(self):
        feeder = Feeder()
        with Stream(feeder) as stream:
            stream.next()
            os.kill(feeder.serve_pid, signal.SIGTERM)
            wait_for("it has ended", lambda: not is_running(feeder.serve_pid))
            with self.assertRaises((EOFError, ConnectionError, ValueError)):
                while True:
                    stream.next()
        feeder.stop(expect=2)  # the feeder complains
        other = Feeder()
        pid = other.serve_pid
        other.popen.kill()
        wait_for("it has ended", lambda: not is_running(pid))
        other.popen.wait()
        os.close(other.commands)

    def test_only_loopback(self):
        for address, word in (("0.0.0.0:0", "loopback|other machines"), ("[::]:0", "other machines"), ("nonsense", "no port"),
                              ("some.name:80", "in figures"), ("127.0.0.1:70000", "no port")):
            ended = subprocess.run([str(SERVE), "--socket", "0", "--listen", address, "--bench", "x"], capture_output=True,
                                   stdin=subprocess.DEVNULL, text=True, timeout=PATIENCE_S)
            self.assertEqual(ended.returncode, 1)
            self.assertRegex(ended.stderr, word)


class Hostile(WithFeeder):
    def cost(self, feeder, seconds):
        """Share of one processor that the server takes for so long."""
        before, began = feeder.cpu_s(), time.monotonic()
        time.sleep(seconds)
        return (feeder.cpu_s() - before) / (time.monotonic() - began)

    def test_half_requests_and_idle_connections_cost_nothing(self):
        feeder = self.feed()
        before = feeder.memory_kib()
        with contextlib.ExitStack() as stack:
            half = [stack.enter_context(feeder.connect(b"GET /api/v1/chan")) for _ in range(300)]
            head = [stack.enter_context(feeder.connect(b"GET /json HTTP/1.1\r\nHost: localhost\r\nX-A: ")) for _ in range(300)]
            idle = [stack.enter_context(feeder.connect()) for _ in range(400)]
            time.sleep(1)
            self.assertLessEqual(self.cost(feeder, 4), 0.02)
            self.assertLess(feeder.memory_kib() - before, 16 * 1024)
            self.assertEqual(feeder.ask(API + "/bench")[0], 200)
            wait_for("they are dropped", lambda: all(is_closed(sock) for sock in half[:5] + head[:5] + idle[:5]))

    def test_one_byte_a_second(self):
        feeder = self.feed()
        request = b"GET /api/v1/bench HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with contextlib.ExitStack() as stack:
            socks = [stack.enter_context(feeder.connect()) for _ in range(100)]
            before, began = feeder.cpu_s(), time.monotonic()
            for i in range(6):
                for sock in socks:
                    sock.sendall(request[i:i + 1])
                time.sleep(1)
            self.assertLessEqual((feeder.cpu_s() - before) / (time.monotonic() - began), 0.02)
            socks[0].sendall(request[6:])
            self.assertIn(b"200 OK", socks[0].recv(4096))

    def test_rubbish_is_refused_and_the_rest_served(self):
        feeder = self.feed()
        for rubbish in (b"\x16\x03\x01\x02\x00\x01\x00\x01", b"\x00" * 4096, b"GET / HTTP/9.9\r\n\r\n", b"A" * 20000 + b"\r\n\r\n",
                        b"GET /json HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n", b"GET http://evil.example/ HTTP/1.1\r\n\r\n",
                        b"GET /json HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n"):
            with feeder.connect() as sock, contextlib.suppress(ConnectionError):
                sock.sendall(rubbish)
                sock.settimeout(1)
                with contextlib.suppress(TimeoutError):
                    self.assertNotIn(b"200 OK", sock.recv(65536))
            self.assertEqual(feeder.ask(API + "/bench")[0], 200)
        self.assertLessEqual(self.cost(feeder, 2), 0.02)

    def ask_in_time(self, feeder):
        """The status that a new client gets."""
        began = time.monotonic()
        status = feeder.ask(API + "/bench")[0]
        self.assertLess(time.monotonic() - began, ANSWER_S)
        return status

    def drip(self, feeder, socks):
        """One byte for each; those that the server has closed are taken out."""
        for sock in list(socks):
            try:
                sock.send(b"a")
            except OSError:
                socks.remove(sock)

    def test_places_of_those_who_never_end_their_request(self):
        """More drippers than places, each of which begins anew when it is closed: who asks is answered all the time."""
        feeder = self.feed()
        self.assertEqual(feeder.ask(API + "/bench")[0], 200)
        before = feeder.memory_kib()
        with contextlib.ExitStack() as stack:
            socks = []
            began = time.monotonic()
            for second in range(IDLE_LIMIT_S + 5):
                while len(socks) < CONNECTIONS + 176:
                    socks.append(stack.enter_context(feeder.connect(HALF_A_REQUEST)))
                self.drip(feeder, socks)
                self.assertEqual(self.ask_in_time(feeder), 200)
                time.sleep(max(0.0, began + second + 1 - time.monotonic()))
            self.assertLess(feeder.memory_kib() - before, 24 * 1024)

    def test_a_request_that_takes_for_ever(self):
        """The idle limit is none for a client that sends a byte now and then; the whole request has a deadline."""
        feeder = self.feed()
        request = b"GET /api/v1/bench HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with contextlib.ExitStack() as stack:
            fresh = [stack.enter_context(feeder.connect(HALF_A_REQUEST)) for _ in range(200)]
            again = stack.enter_context(feeder.connect(request))
            self.assertIn(b"200 OK", again.recv(4096))
            kept = stack.enter_context(feeder.connect(request))
            self.assertIn(b"200 OK", kept.recv(4096))
            again.sendall(HALF_A_REQUEST)
            socks, began = [*fresh, again], time.monotonic()
            before = feeder.cpu_s()
            while socks and time.monotonic() < began + IDLE_LIMIT_S + 5:
                time.sleep(1)
                self.drip(feeder, socks)
                if time.monotonic() < began + IDLE_LIMIT_S - 5:
                    self.assertEqual(len(socks), 201, "closed too early")
                    kept.sendall(request)  # a connection between two requests has its time from the last one
                    self.assertIn(b"200 OK", kept.recv(4096))
            self.assertEqual(socks, [])
            self.assertLessEqual((feeder.cpu_s() - before) / (time.monotonic() - began), 0.02)
            kept.sendall(request)
            self.assertIn(b"200 OK", kept.recv(4096))

    def test_idle_connections_make_nobody_wait(self):
        feeder = self.feed()
        with contextlib.ExitStack() as stack:
            for _ in range(CONNECTIONS + 476):
                stack.enter_context(feeder.connect())
            for _ in range(5):
                self.assertEqual(self.ask_in_time(feeder), 200)
                time.sleep(0.2)
            self.assertLessEqual(self.cost(feeder, 3), 0.02)
            wait_for("no more than there may be", lambda: CONNECTIONS - 50 <= self.connections(feeder) <= CONNECTIONS)

    @staticmethod
    def connections(feeder):
        """As the server has told last."""
        return int(feeder.find("health mbc.serve.connections")[-1].split()[-1])

    def test_more_connections_than_there_may_be(self):
        """Nobody who is being answered is sent away for a newcomer, who is told so at once."""
        feeder = self.feed()
        with contextlib.ExitStack() as stack:
            request = b"GET /api/v1/stream?channels=T_bed HTTP/1.1\r\nHost: localhost\r\n\r\n"
            streams = [stack.enter_context(feeder.connect(request)) for _ in range(CONNECTIONS)]
            feeder.wait_line(f"health mbc.serve.streams {CONNECTIONS}")
            began = time.monotonic()
            status, headers, body = feeder.ask(API + "/bench")
            self.assertLess(time.monotonic() - began, ANSWER_S)
            self.assertEqual(status, 503)
            self.assertIn("connections", json.loads(body)["detail"])
            for _ in range(200):  # nor do idle ones over the limit keep that answer from anybody
                stack.enter_context(feeder.connect())
            self.assertEqual(self.ask_in_time(feeder), 503)
            streams.pop().close()
            wait_for("there is room again", lambda: feeder.ask(API + "/bench")[0] == 200)

    def test_a_stream_that_is_not_read_is_dropped(self):
        feeder = self.feed(500, 20)
        before = feeder.memory_kib()
        with contextlib.ExitStack() as stack:
            request = b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
            for _ in range(20):
                stack.enter_context(feeder.connect(request))
            feeder.wait_line("health mbc.serve.streams 20")
            feeder.wait_line("health mbc.serve.streams 0", limit=60, count=len(feeder.find("health mbc.serve.streams 0")) + 1)
            self.assertLess(feeder.memory_kib() - before, 16 * 1024)

    def test_readers_that_never_fetch_a_large_answer(self):
        feeder = self.feed(5000)
        before = feeder.memory_kib()
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                sock = socket.socket()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.connect(("127.0.0.1", feeder.port))
                stack.enter_context(sock)
                sock.sendall(b"GET /api/v1/channels HTTP/1.1\r\nHost: localhost\r\n\r\n")
                time.sleep(0.02)
            self.assertLess(feeder.memory_kib() - before, 96 * 1024)
            self.assertIn(feeder.ask(API + "/bench")[0], (200, 503))

    def test_a_quiet_stream_that_is_read_stays(self):
        feeder = self.feed()
        with Stream(feeder, API + "/stream?channels=T_bed") as stream:
            end = time.monotonic() + IDLE_LIMIT_S + 5
            stream.until(lambda event, *_: event == "heartbeat" and time.monotonic() > end, limit=IDLE_LIMIT_S + 10)

    def test_many_streams_get_every_change(self):
        feeder = self.feed()
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(Stream(feeder, API + "/stream?channels=T_bed")) for _ in range(200)]
            for stream in streams:  # each has its first picture: what comes now is a change
                stream.until(lambda event, *_: event == "update")
            feeder.tell(*[f"set T_bed {i}" for i in range(10, 30)])
            for stream in streams:
                seen = [data["value"] for event, data, _ in stream.until(is_update("T_bed", 29)) if event == "update"]
                self.assertEqual(seen[-20:], list(range(10, 30)))


def is_closed(sock):
    sock.setblocking(False)
    try:
        return sock.recv(4096) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def setUpModule():
    """Room for more connections than the server has places."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4096), hard), hard))


if __name__ == "__main__":
    sys.exit(unittest.main())
