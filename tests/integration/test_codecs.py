"""The codecs beside Modbus, each from its wire to `mbc get`: web pages, and fakes behind a pseudo-terminal (pty_fakes.py)."""
import contextlib
import http.server
import pathlib
import re
import tempfile
import threading
import unittest

from harness import MBC, Bench, Process, can_connect, free_port, wait_for
from pty_fakes import Flow, Gauges, Relays, number, text

PATH = "/service/method"
TIMEOUT_S = 0.3  # of the instruments on pseudo-terminals


def shown(bench, name):
    """What `mbc get` prints for one channel: its value, or why it has none."""
    return bench.mbc("get", name).stdout.strip()


def wait_shown(bench, name, pattern):
    return wait_for(f"`mbc get {name}` shows {pattern!r}", lambda: re.search(pattern, shown(bench, name)))


def wait_trace(bench, instrument, pattern):
    return wait_for(f"`mbc trace {instrument}` says {pattern!r}",
                    lambda: re.search(pattern, bench.mbc("trace", instrument).stdout, re.M))


@contextlib.contextmanager
def followed(bench, instrument):
    """The trace as it grows: few lines are kept, so what happens seldom must be seen at its time."""
    trace = Process([MBC, "trace", "--follow", instrument], env=bench.environment)
    try:
        trace.wait_line("->")
        yield trace
    finally:
        trace.stop()


def counters(bench, instrument):
    return bench.get("/api/v1/instruments/" + instrument)["counters"]


def wait_answers(bench, instrument, more):
    """Wait for some more answers of an instrument."""
    until = counters(bench, instrument)["answers"] + more
    wait_for(f"{more} answers of {instrument}", lambda: counters(bench, instrument)["answers"] >= until)


def events(bench, instrument, what):
    return bench.process.find(f"instrument '{instrument}': {what}")


# ---- web pages ----


def page(total, title="Gas &lt;1&gt; &#233;", on=1):
    return ("<?xml version=\"1.0\"?>\n<Response>\n"
            f"<Terminal><Name>Sum</Name><Value>{total:f}</Value></Terminal>\n"
            f"<Terminal><Name>Title</Name><Value>{title}</Value></Terminal>\n"
            f"<Terminal><Name>On</Name><Value>{on}</Value></Terminal>\n"
            "</Response>\n")


def web_bench(port):
    return f"""
links: {{web: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  pc:
    use: http
    link: web
    path: {PATH}
    every: 50 ms
    timeout: 1 s
    channels:
      sum: {{read: {{terminal: Sum}}}}
      title: {{read: {{terminal: Title, type: text}}}}
      on: {{read: {{terminal: On, type: bool}}}}
      none: {{read: {{terminal: Nobody}}}}
"""


class HttpServer(unittest.TestCase):
    """Python's own server of files as the peer: a page is a file."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        self.file = self.folder / PATH[1:]
        self.file.parent.mkdir()
        self.port = free_port()

    def serve(self, protocol):
        server = Process(["/usr/bin/python3", "-m", "http.server", self.port, "--bind", "127.0.0.1", "--directory", self.folder,
                          "--protocol", protocol])
        self.addCleanup(server.stop)
        wait_for("the server listens", lambda: can_connect(self.port))
        return server

    def show(self, content):
        """A page is never seen half written."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(content)
        fresh.replace(self.file)

    def test_kept_open(self):
        self.show(page(9))
        self.serve("HTTP/1.1")
        with Bench("w1", web_bench(self.port)) as bench:
            wait_shown(bench, "pc.sum", r"^9$")
            self.assertEqual(bench.value("pc.title"), "Gas <1> é")
            self.assertIs(bench.value("pc.on"), True)
            bench.wait_reason("pc.none", "missing")
            self.show(page(-0.125, "", 0))
            wait_shown(bench, "pc.sum", r"^-0\.125$")
            bench.wait_value("pc.on", False)
            wait_answers(bench, "pc", 10)
            self.assertEqual(counters(bench, "pc")["connects"], 1)
            wait_trace(bench, "pc", rf"-> .*  GET {PATH}$")
            wait_trace(bench, "pc", rf"<- .*  GET {PATH}$")
            self.assertEqual((len(events(bench, "pc", "answers")), len(events(bench, "pc", "down"))), (1, 0))

    def test_closed_after_each_answer(self):
        """HTTP/1.0: each answer ends with its connection. That is no news, and no fault."""
        self.show(page(9))
        self.serve("HTTP/1.0")
        with Bench("w0", web_bench(self.port)) as bench:
            wait_shown(bench, "pc.sum", r"^9$")
            wait_answers(bench, "pc", 20)
            self.show(page(10))
            bench.wait_value("pc.sum", 10)
            self.assertGreater(counters(bench, "pc")["connects"], 20)
            self.assertEqual((len(events(bench, "pc", "answers")), len(events(bench, "pc", "down"))), (1, 0))
            self.assertEqual((counters(bench, "pc")["timeouts"], counters(bench, "pc")["errors"]), (0, 0))

    def test_page_that_is_not_there(self):
        self.serve("HTTP/1.1")
        with Bench("w404", web_bench(self.port)) as bench:
            bench.wait_reason("pc.sum", "refused_address")
            wait_shown(bench, "pc.sum", "bad: the device has no such address")
            self.assertEqual(bench.get("/api/v1/instruments/pc")["state"], "up")
            self.show(page(3))
            bench.wait_value("pc.sum", 3)
            self.file.unlink()
            bench.wait_reason("pc.sum", "refused_address")
            self.assertIsNone(bench.value("pc.sum"))
            self.assertEqual((len(events(bench, "pc", "answers")), len(events(bench, "pc", "down"))), (1, 0))

    def test_server_that_dies_and_comes_back(self):
        for protocol in ("HTTP/1.1", "HTTP/1.0"):
            with self.subTest(protocol):
                self.show(page(5))
                server = self.serve(protocol)
                with Bench("wd", web_bench(self.port)) as bench:
                    bench.wait_value("pc.sum", 5)
                    server.stop()
                    bench.wait_reason("pc.sum", "no_connection", "connection_lost")
                    wait_shown(bench, "pc.sum", "bad: (cannot connect|connection lost)")
                    self.show(page(6))
                    server = self.serve(protocol)
                    bench.wait_value("pc.sum", 6)
                    self.assertEqual((len(events(bench, "pc", "answers")), len(events(bench, "pc", "down"))), (2, 1))
                server.stop()


class Page(http.server.BaseHTTPRequestHandler):
    """One page in the form that the server's `form` says: a coding, and whether the connection ends with it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        form, body = self.server.form, self.server.body
        self.server.asked += 1
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.close_connection = "close" in form or "half" in form or "end" in form
        if "close" in form:
            self.send_header("Connection", "close")
        if "chunked" in form:
            self.send_header("Transfer-Encoding", "chunked")
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:100], body[100:])) + b"0\r\n\r\n"
        elif "end" not in form:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if "half" in form else body)

    def log_message(self, *_):
        pass


class Pages(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that leaves is no news."""


class HttpForms(unittest.TestCase):
    """All forms in which a server may send a page, and broken ones."""

    def setUp(self):
        self.server = Pages(("127.0.0.1", 0), Page)
        self.show("length", 1)
        thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        self.addCleanup(thread.join, 5)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def show(self, form, total):
        self.server.form, self.server.body, self.server.asked = form, page(total).encode(), 0

    def test_every_form(self):
        with Bench("forms", web_bench(self.server.server_port)) as bench:
            bench.wait_value("pc.sum", 1)
            for total, form in enumerate(("chunked", "length", "length close", "chunked close", "end", "chunked"), 2):
                self.show(form, total)
                bench.wait_value("pc.sum", total)
                wait_for("some more answers", lambda: self.server.asked > 5)
                self.assertEqual(bench.channel("pc.title")["value"], "Gas <1> é", form)
            self.assertEqual((len(events(bench, "pc", "answers")), len(events(bench, "pc", "down"))), (1, 0))
            self.assertEqual((counters(bench, "pc")["timeouts"], counters(bench, "pc")["errors"]), (0, 0))

    def test_body_that_breaks_off(self):
        with Bench("half", web_bench(self.server.server_port)) as bench:
            bench.wait_value("pc.sum", 1)
            for total, form in enumerate(("half length", "half chunked"), 2):
                with self.subTest(form):
                    self.show(form, 77)
                    bench.wait_reason("pc.sum", "connection_lost")
                    wait_shown(bench, "pc.sum", "bad: connection lost")
                    self.show("length", total)
                    bench.wait_value("pc.sum", total)
            with self.subTest("no length"):  # a whole answer as far as HTTP goes: the XML tells
                self.show("half end", 77)
                bench.wait_reason("pc.sum", "wrong_answer")
                wait_trace(bench, "pc", r"not understood: XML at byte \d+: ")
                self.show("end", 9)
                bench.wait_value("pc.sum", 9)


# ---- instruments behind a pseudo-terminal ----


class PtyCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        self.path = self.folder / "port"

    def bench(self, name, use, line, channels, more="", every="100 ms"):
        keys = f"use: {use}, link: io, timeout: {int(TIMEOUT_S * 1000)} ms"
        return Bench(name, f"""
links: {{io: {{serial: {self.path}, line: {line}}}}}
instruments:
  dev: {{{keys}, every: {every}, channels: {{{channels}}}}}
{more}""")


class Tpg(PtyCase):
    LINES = {"PR1": "0,1.0130E+03", "PR2": "4,0.0000E+00", "PR3": "1,5.0000E-04", "PR4": "5,0.0000E+00", "PR5": "0,5.0000E-04", "UNI": "0",
             "TID": "TPR,noSE", "PNR": "302-510-A"}
    CHANNELS = """p1: {read: {gauge: 1}, unit: mbar}, p2: {read: {gauge: 2}}, p3: {read: {gauge: 3}}, p4: {read: {gauge: 4}},
        unit: {read: {ask: UNI, type: number}}, kind: {read: {ask: TID, field: 1}}, odd: {read: {ask: XYZ}}"""

    def test_readings(self):
        """After power-up the controller talks without being asked: none of that is taken for an answer."""
        with Gauges(self.path, self.LINES, talks=True) as gauges:
            wait_for("it talks", lambda: gauges.n_unasked > 3)
            with self.bench("tpg", "tpg", "9600 8N1", self.CHANNELS) as bench:
                bench.wait_good("dev.p1", "dev.unit", "dev.kind")
                wait_shown(bench, "dev.p1", r"^1013 mbar$")
                wait_shown(bench, "dev.p2", "bad: the sensor is switched off")
                self.assertEqual(bench.channel("dev.p2")["reason"], "switched_off")
                wait_shown(bench, "dev.p3", r"^0\.0005  uncertain: outside its range")
                bench.wait_reason("dev.p4", "missing")
                self.assertEqual((bench.value("dev.unit"), bench.value("dev.kind")), (0, "TPR"))
                bench.wait_reason("dev.odd", "refused_request")  # NAK
                wait_shown(bench, "dev.odd", "bad: the device refused the request")
                wait_trace(bench, "dev", r"-> 50 52 31 0D 0A  PR1 \(gauge 1\)$")
                wait_trace(bench, "dev", r"-> 05  ENQ after PR1 \(gauge 1\)$")
                wait_for("identity", lambda: bench.get("/api/v1/instruments/dev")["identity"] == "Pfeiffer TPG, firmware 302-510-A")
                gauges.lines["PR2"] = "0,2.0000E-06"
                bench.wait_value("dev.p2", 2e-6)
                self.assertEqual((len(events(bench, "dev", "answers")), len(events(bench, "dev", "down"))), (1, 0))

    def test_lines_between_questions(self):
        """The controller is in the middle of a line when it is asked, as after a restart of its own."""
        with Gauges(self.path, self.LINES) as gauges, \
                self.bench("talk", "tpg", "9600 8N1", "p1: {read: {gauge: 1}}, p5: {read: {gauge: 5}}", every="300 ms") as bench:
            bench.wait_value("dev.p1", 1013)
            with followed(bench, "dev") as trace:
                gauges.n_before_ack = 5
                trace.wait_line(r"<- 30 .* belongs to no question", count=5)
            self.assertEqual((bench.value("dev.p1"), bench.value("dev.p5")), (1013, 5e-4))
            self.assertEqual(len(events(bench, "dev", "down")), 0)

    def test_late_answers(self):
        """What comes after its time is known for what it is; no gauge ever shows another one's pressure."""
        with Gauges(self.path, self.LINES) as gauges, \
                self.bench("late", "tpg", "9600 8N1", "p1: {read: {gauge: 1}}, p5: {read: {gauge: 5}}", every="300 ms") as bench:
            bench.wait_value("dev.p1", 1013)
            wait_for("p5", lambda: bench.value("dev.p5") == 5e-4)
            with bench.stream(["dev.p1", "dev.p5"]) as news, followed(bench, "dev") as trace:
                for count, kind in enumerate(("ack", "line"), 1):
                    gauges.late_s[kind] = [1.5 * TIMEOUT_S]
                    trace.wait_line("<- .* a late answer", count=count)
                    asked = len(gauges.asked)
                    wait_for("four more steps", lambda asked=asked: len(gauges.asked) >= asked + 4)
                    bench.wait_good("dev.p1", "dev.p5")
            seen = set()
            while (event := news.get(timeout=5)) is not None:
                if event[0] == "update":
                    seen.add((event[1]["name"], event[1]["value"]))
            self.assertLessEqual({("dev.p1", 1013), ("dev.p5", 5e-4)}, seen)
            self.assertLessEqual(seen, {("dev.p1", 1013), ("dev.p5", 5e-4), ("dev.p1", None), ("dev.p5", None)})
            self.assertEqual(len(events(bench, "dev", "down")), 0)


class ProPar(PtyCase):
    PARAMETERS = {
        (128, 1, 0): number("H", 0x1010), (128, 1, 1): number("H", 16000), (128, 1, 4): number("B", 16), (128, 1, 13): number("f", 0.5),
        (128, 1, 17): text("N2 "), (128, 1, 20): number("B", 0),
        (128, 33, 0): number("f", 12.25), (128, 33, 3): number("f", 10),
        (128, 113, 1): text("DMFC"), (128, 113, 2): text("F-201CV"), (128, 113, 3): text("M1234567A"),
        (16, 1, 0): number("H", 0xFFFF - 100),
    }
    CHANNELS = """raw: {read: {process: 1, parameter: 0, type: int16}}, set: {read: {process: 1, parameter: 1, type: int16}},
        mode: {read: {process: 1, parameter: 4, type: int8}}, full: {read: {process: 1, parameter: 13, type: float}},
        gas: {read: {process: 1, parameter: 17, type: string}},
        flow: {read: {process: 33, parameter: 0, type: float}, unit: mL/min}, wanted: {read: {process: 33, parameter: 3, type: float}}"""
    OTHERS = """
  bus: {use: propar, node: 16, link: io, every: 100 ms, timeout: 300 ms, channels: {m: {read: {process: 1, parameter: 0, type: measure}}}}
  lost: {use: propar, node: 7, link: io, every: 100 ms, timeout: 300 ms, channels: {m: {read: {process: 1, parameter: 0, type: measure}}}}"""

    def test_readings(self):
        """Chains, doubled bytes in values, in the node and in the sequence; a node that the bus does not have."""
        with Flow(self.path, self.PARAMETERS) as flow, \
                self.bench("flow", "propar", "38400 8N1", self.CHANNELS, self.OTHERS) as bench:
            names = ("raw", "set", "mode", "full", "gas", "flow", "wanted")
            bench.wait_good("bus.m", *("dev." + name for name in names))
            self.assertEqual([bench.value("dev." + name) for name in names], [0x1010, 16000, 16, 0.5, "N2", 12.25, 10])
            self.assertEqual(bench.value("bus.m"), -100)
            wait_shown(bench, "dev.flow", r"^12\.25 mL/min$")
            self.assertIn((128, [(1, 0), (1, 1), (1, 4), (1, 13), (1, 17)]), flow.asked)
            self.assertIn((128, [(33, 0), (33, 3)]), flow.asked)
            wait_trace(bench, "dev", r"-> 10 02 .* 10 03  read 33/0, 33/3 of node 128$")
            wait_trace(bench, "bus", r"-> 10 02 .* 10 10 .* 10 03  read 1/0 of node 16$")
            bench.wait_reason("lost.m", "gateway_no_answer")
            wait_for("identity", lambda: bench.get("/api/v1/instruments/dev")["identity"] == "Bronkhorst DMFC F-201CV M1234567A")
            wait_answers(bench, "dev", 20)
            for name in ("dev", "bus"):
                self.assertEqual((len(events(bench, name, "answers")), len(events(bench, name, "down"))), (1, 0))

    def test_one_parameter_that_is_not_there(self):
        for what, wanted in (("parameter: 30, type: int16", "refused_address"), ("parameter: 20, type: int16", "refused_request")):
            with self.subTest(what), Flow(self.path, self.PARAMETERS) as flow:
                channels = f"{self.CHANNELS}, odd: {{read: {{process: 1, {what}}}}}"
                with self.bench("odd", "propar", "38400 8N1", channels) as bench:
                    bench.wait_reason("dev.odd", wanted)
                    names = ("raw", "set", "mode", "full", "gas", "flow", "wanted")
                    bench.wait_good(*("dev." + name for name in names))
                    self.assertEqual([bench.value("dev." + name) for name in names], [0x1010, 16000, 16, 0.5, "N2", 12.25, 10])
                    wait_shown(bench, "dev.odd", r"^bad: ")
                    flow.parameters[128, 1, 1] = number("H", 32000)
                    bench.wait_value("dev.set", 32000)
                    self.assertEqual((len(events(bench, "dev", "answers")), len(events(bench, "dev", "down"))), (1, 0))

    def test_adapter_that_is_pulled_out(self):
        with contextlib.ExitStack() as stack:
            first = Flow(self.path, self.PARAMETERS)
            with first:
                bench = stack.enter_context(self.bench("pull", "propar", "38400 8N1", self.CHANNELS))
                bench.wait_value("dev.flow", 12.25)
                first.quiet = True
                bench.wait_reason("dev.flow", "no_answer")
                first.quiet = False
                bench.wait_good("dev.flow")
            bench.wait_reason("dev.flow", "no_connection", "connection_lost")
            wait_shown(bench, "dev.flow", "bad: (cannot connect|connection lost)")
            stack.enter_context(Flow(self.path, {**self.PARAMETERS, (128, 33, 0): number("f", 3.5)}))
            bench.wait_value("dev.flow", 3.5)


class K8090(PtyCase):
    def test_relays(self):
        """Asked once a minute: what a finger on the board does is shown long before that."""
        with Relays(self.path, 0b10000100) as relays, Bench("relays", f"""
links: {{io: {{serial: {self.path}, line: 19200 8N1}}}}
instruments: {{dev: {{use: k8090, link: io, every: 60 s, timeout: 300 ms}}}}
""") as bench:
            bench.wait_good(*(f"dev.relay{n}" for n in range(1, 9)))
            self.assertEqual([n for n in range(1, 9) if bench.value(f"dev.relay{n}")], [3, 8])
            for mask, on in ((0x01, [1, 3, 8]), (0x84, [1]), (0x02, [1, 2])):
                relays.push(mask)
                wait_for(f"relays {on}", lambda on=on: [n for n in range(1, 9) if bench.value(f"dev.relay{n}")] == on)
            wait_shown(bench, "dev.relay2", r"^(on|true|yes|1)")
            self.assertEqual(relays.asked.count(0x18), 1)
            wait_trace(bench, "dev", r"-> 04 18 00 00 00 E4 0F  query relays$")
            wait_trace(bench, "dev", r"<- 04 51 \w\w \w\w 00 \w\w 0F  said without being asked$")
            wait_for("identity", lambda: bench.get("/api/v1/instruments/dev")["identity"] == "Velleman K8090 firmware 10.1")
            self.assertEqual((len(events(bench, "dev", "answers")), len(events(bench, "dev", "down"))), (1, 0))
            self.assertEqual(counters(bench, "dev")["stray"], 0)


if __name__ == "__main__":
    unittest.main()
