"""Web pages in JSON and XML, as files of two servers that nobody here wrote, read by a bench: nginx, and Python's http.server."""
import json
import pathlib
import re
import tempfile
import unittest

from harness import Bench, Process, can_connect, free_port, start_nginx, wait_for

AI = "/api/slot/0/io/ai"
DI = "/api/slot/0/io/di"
STATUS = "/globalstatus.xml"

NGINX = """
    types {{ application/json json; text/xml xml; }}
    default_type application/json;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/pages;
        {manners}
        location /api/ {{ if ($http_accept != "vdn.dac.v1") {{ return 400; }} }}
    }}
"""
CHUNKED = "ssi on; ssi_types application/json text/xml;"  # nginx does not know the length of what it makes up
CLOSING = "keepalive_timeout 0;"


def bench_text(port, more=""):
    return f"""
links: {{web: {{tcp: "127.0.0.1:{port}", gap: 10 ms}}}}
instruments:
  io:
    use: http
    link: web
    accept: vdn.dac.v1
    path: {AI}
    every: 50 ms
    timeout: 1 s
    channels:
      a0: {{read: {{json: "io.ai[aiIndex=0].aiValueScaled"}}, unit: V}}
      a1: {{read: {{json: "io.ai[aiIndex=1].aiValueScaled"}}}}
      a2: {{read: {{json: "io.ai[2].aiValueScaled"}}}}
      d0: {{read: {{path: {DI}, json: "io.di[0].diStatus", type: bool}}}}
      d1: {{read: {{path: {DI}, json: "io.di[1].diStatus", type: bool}}}}
      n1: {{read: {{path: {DI}, json: "io.di[1].diCounterValue"}}}}
      led: {{read: {{path: {STATUS}, xml: response/led0, type: bool}}}}
      btn: {{read: {{path: {STATUS}, xml: response/btn0, type: bool, "on": dn, "off": up}}}}
      name: {{read: {{path: {STATUS}, xml: response/config_hostname, type: text}}}}
      v: {{read: {{path: {STATUS}, xml: 'response/V[@Name="EVID_0"]', type: hex_float}}}}
{more}"""


def channels(kind, *nodes):
    return json.dumps({"slot": 0, "io": {kind: nodes}}).encode()


def status(led="1", btn="dn ", name="Banc n°1 é"):
    return (f"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<response>\n<!-- relays --><led0>{led}</led0><btn0>{btn}</btn0>"
            f"<config_hostname>{name}</config_hostname><V Name=\"EVID_0\">0x41480000</V></response>\n").encode("latin-1")


class Pages(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        self.pages = self.folder / "pages"
        self.port = free_port()
        self.show(AI, channels("ai", {"aiIndex": 0, "aiMode": 0, "aiValueScaled": 2.0}, {"aiIndex": 1, "aiValueScaled": -3.000076}))
        self.show(DI, channels("di", {"diIndex": 0, "diMode": 0, "diStatus": 1}, {"diIndex": 1, "diMode": 1, "diCounterValue": 4711}))
        self.show(STATUS, status())

    def show(self, path, body):
        """A page is never seen half written."""
        file = self.pages / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_bytes(body)
        fresh.replace(file)

    def serve(self, manners=""):
        start_nginx(self, self.folder, self.port, NGINX.format(folder=self.folder, port=self.port, manners=manners))

    def counters(self, bench, answers):
        """Once there are so many answers."""
        def look():
            found = bench.get("/api/v1/instruments/io")["counters"]
            return found["answers"] >= answers and found
        return wait_for(f"{answers} answers", look)

    def requests(self):
        return (self.folder / "access.log").read_text().splitlines()

    def check(self, bench):
        bench.wait_good("io.a0", "io.a1", "io.d0", "io.n1", "io.led", "io.btn", "io.name", "io.v")
        self.assertEqual([bench.value(f"io.{name}") for name in ("a0", "a1", "d0", "n1", "led", "btn", "name", "v")],
                         [2, -3.000076, True, 4711, True, True, "Banc n°1 é", 12.5])
        bench.wait_reason("io.a2", "missing")
        bench.wait_reason("io.d1", "missing")  # a counter has no status; its neighbours are good

    def check_changes(self, bench):
        self.show(AI, channels("ai", {"aiIndex": 1, "aiValueScaled": 1e-3}, {"aiIndex": 0, "aiValueScaled": 5}))
        bench.wait_value("io.a0", 5)
        bench.wait_value("io.a1", 0.001)
        self.show(STATUS, status("0", "up", "x"))
        bench.wait_value("io.btn", False)
        bench.wait_value("io.led", False)
        bench.wait_value("io.name", "x")
        self.show(STATUS, status("0", "?"))
        bench.wait_reason("io.btn", "not_a_number")
        self.assertIs(bench.value("io.led"), False)
        self.show(AI, b'{"slot":0,"io":{"ai":[{"aiIndex":0,"aiValueScaled":7}')
        bench.wait_reason("io.a0", "wrong_answer")
        bench.wait_good("io.d0")
        (self.pages / DI[1:]).unlink()
        bench.wait_reason("io.d0", "refused_address")
        bench.wait_good("io.led")
        self.assertEqual(bench.get("/api/v1/instruments/io")["state"], "up")

    def test_nginx(self):
        """One connection, one question a page; the Accept line is there, or nginx would answer 400."""
        self.serve()
        with Bench("nginx", bench_text(self.port)) as bench:
            self.check(bench)
            self.check_changes(bench)
            counters = self.counters(bench, 60)
            self.assertEqual((counters["connects"], counters["timeouts"]), (1, 0))
        asked = [re.search(r'"GET (\S+) HTTP/1.1" (\d+)', line).groups() for line in self.requests() if "GET" in line]
        self.assertEqual({path for path, _ in asked}, {AI, DI, STATUS})
        self.assertEqual({code for _, code in asked}, {"200", "404"})
        count = {path: sum(1 for asked_for, _ in asked if asked_for == path) for path in (AI, DI, STATUS)}
        self.assertLess(max(count.values()), 1.5 * min(count.values()) + 10)  # not one a point

    def test_nginx_in_chunks(self):
        self.serve(CHUNKED)
        with Bench("chunks", bench_text(self.port)) as bench:
            self.check(bench)
            self.check_changes(bench)

    def test_nginx_that_closes(self):
        """Connection: close: each question over its own connection, and that is no fault."""
        self.serve(CLOSING)
        with Bench("closing", bench_text(self.port)) as bench:
            self.check(bench)
            self.check_changes(bench)
            counters = self.counters(bench, 60)
            self.assertGreaterEqual(counters["connects"] + 1, counters["requests"])
            self.assertEqual(counters["timeouts"], 0)
            self.assertEqual(len(bench.process.find("instrument 'io': down")), 0)

    def test_python(self):
        for protocol in ("HTTP/1.0", "HTTP/1.1"):
            with self.subTest(protocol):
                self.setUp()
                server = Process(["/usr/bin/python3", "-m", "http.server", self.port, "--bind", "127.0.0.1", "--directory", self.pages,
                                  "--protocol", protocol])
                self.addCleanup(server.stop)
                wait_for("the server listens", lambda: can_connect(self.port))
                with Bench("python", bench_text(self.port)) as bench:
                    self.check(bench)
                    self.check_changes(bench)

    def test_the_answer_says_of_itself(self):
        """IPX800 V4: an error has status 200."""
        self.serve()
        self.show("/x.json", b'{"product":"IPX800_V4","status":"Success","R1":1}')
        with Bench("ipx", f"""
links: {{web: {{tcp: "127.0.0.1:{self.port}"}}}}
instruments:
  ipx: {{use: http, link: web, path: "/x.json?Get=R", every: 50 ms, ok_json: status, ok_is: Success,
        channels: {{r1: {{read: {{json: R1, type: bool}}}}}}}}
""") as bench:
            bench.wait_value("ipx.r1", True)
            self.show("/x.json", b'{"product":"IPX800_V4","status":"Error","R1":0}')
            bench.wait_reason("ipx.r1", "refused_request")
            self.assertIsNone(bench.value("ipx.r1"))
            self.show("/x.json", b'{"product":"IPX800_V4","status":"Success","R1":0}')
            bench.wait_value("ipx.r1", False)

    def test_a_page_that_is_too_long(self):
        self.serve()
        self.show(AI, channels("ai", *({"aiIndex": n, "aiValueScaled": n, "text": "x" * 50} for n in range(150))))
        self.assertGreater((self.pages / AI[1:]).stat().st_size, 12000)
        with Bench("long", bench_text(self.port)) as bench:
            bench.wait_value("io.a2", 2)
            self.show(AI, channels("ai", *({"aiIndex": n, "aiValueScaled": n, "text": "x" * 50} for n in range(250))))
            bench.wait_reason("io.a2", "wrong_answer", "garbled_answer", "connection_lost", "no_answer")
            wait_for("the trace tells", lambda: "more than 16384 bytes" in bench.mbc("trace", "io").stdout)
            self.show(AI, channels("ai", {"aiIndex": 0, "aiValueScaled": 4}))
            bench.wait_value("io.a0", 4)


if __name__ == "__main__":
    unittest.main()
