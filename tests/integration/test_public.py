"""The server for everybody: what was chosen and nothing else, on every path; links of guests; a server that was taken over.
What is not shared must not be found in any answer, neither by its name nor as a number."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess
import threading
import time
import unittest

from harness import PATIENCE_S, ROOT, Bench, children, need_peer, wait_for

DESCRIPTION = json.loads((ROOT / "src/serve/openapi.json").read_text())
OPEN = {"/api/v1/bench", "/api/v1/channels", "/api/v1/channels/{name}", "/api/v1/stream", "/json", "/xml", "/metrics"}
SECRETS = ("hidden", "inside", "second_pc", "pc.memory", "pc.load", "this computer", "system-monitor", "too_high", "mbc.control", "127.0.0.1", "percent_of_nothing")
BENCH = """
title: The inside title
instruments:
  pc: {use: system-monitor, every: 200 ms}
  second_pc: {use: system-monitor, every: 200 ms}
channels:
  shown_a: {read: pc.cpu, unit: "%", title: Load of it}
  hidden: {read: pc.memory, unit: "%", title: percent_of_nothing}
  shown_b: {calc: hidden / 2, unit: "%"}
alarms:
  too_high: {when: hidden > 99 %, do: look}
"""


class PublicBench(Bench):
    def __init__(self, name, text=BENCH, channels='[shown_a, "shown_?"]', more=""):
        self.channels_of, self.more = channels, more
        super().__init__(name, text)

    def write(self, text):
        self.file.write_text(f'bench: {self.name}\nserve: {{listen: "127.0.0.1:0", public: {{listen: "127.0.0.1:0", title: The outside title, '
                             f'channels: {self.channels_of}{self.more}}}}}\n{text}\n')

    def __enter__(self):
        super().__enter__()
        self.find_public()
        return self

    def find_public(self, count=1):
        line = self.process.wait_line(rf"bench '{self.name}', public: https?://", "out", count=count)
        self.public_port = int(re.search(r":(\d+)/", line)[1])

    def visit(self, path, method="GET", body=None, headers=None):
        """Status, body and headers, by the port for everybody."""
        make = http.client.HTTPConnection
        more = {}
        if "tls" in self.more:
            make, more = http.client.HTTPSConnection, {"context": ssl._create_unverified_context()}
        connection = make("127.0.0.1", self.public_port, timeout=PATIENCE_S, **more)
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), dict(answer.getheaders())

    def wait_public(self, **options):
        def look():
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.visit("/json", **options)[0] == 200
        wait_for("the public picture", look)

    def first_events(self, n, headers=""):
        import socket
        sock = socket.create_connection(("127.0.0.1", self.public_port), timeout=PATIENCE_S)
        sock.sendall(f"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode())
        text = ""
        while text.count("event: ") < n:
            part = sock.recv(65536)
            if not part:
                break
            text += part.decode()
        return sock, text


class Everybody(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bench = PublicBench("public")
        cls.bench.__enter__()
        cls.addClassCleanup(cls.bench.__exit__, None, None, None)
        cls.bench.wait_public()

    def assert_clean(self, text, what):
        for secret in SECRETS:
            self.assertNotIn(secret, text, what)

    def test_what_was_chosen_is_there(self):
        wait_for("good values", lambda: None not in json.loads(self.bench.visit("/json")[1]).values())
        self.assertEqual(set(json.loads(self.bench.visit("/json")[1])), {"shown_a", "shown_b"})
        bench = json.loads(self.bench.visit("/api/v1/bench")[1])
        self.assertEqual((bench["title"], bench["channels"], bench["instruments"], bench["history"], bench["ticks_lost"], bench["commands"]),
                         ("The outside title", 2, 0, False, 0, []))
        channels = json.loads(self.bench.visit("/api/v1/channels")[1])["channels"]
        self.assertEqual([(c["name"], c["unit"], c["title"], c["access"], c["instrument"]) for c in channels],
                         [("shown_a", "%", "Load of it", "read", None), ("shown_b", "%", "", "read", None)])
        self.assertEqual(self.bench.visit("/api/v1/channels/shown_a")[0], 200)

    def test_the_operators_see_what_everybody_sees(self):
        wait_for("its address", lambda: self.bench.get("/api/v1/shared")["address"])
        shared = self.bench.get("/api/v1/shared")
        self.assertEqual((shared["is_on"], shared["links_required"], shared["address"]), (True, False, f"http://127.0.0.1:{self.bench.public_port}/"))
        outside = json.loads(self.bench.visit("/api/v1/channels")[1])["channels"]
        now = ("value", "time", "age_ms", "quality", "reason", "reason_text", "remedy")
        self.assertEqual([{k: v for k, v in c.items() if k not in now} for c in shared["channels"]],
                         [{k: v for k, v in c.items() if k not in now} for c in outside])
        self.assert_clean(json.dumps(shared["channels"]), "what is said to be seen")

    def test_nothing_else_on_any_path(self):
        for path, methods in DESCRIPTION["paths"].items():
            for method in methods:
                if method == "parameters":
                    continue
                for name in ("hidden", "pc", "shown_a", "1", "nothing_of_the_kind"):
                    status, body, _ = self.bench.visit(path.replace("{name}", name).replace("{id}", name), method.upper(), body="{}" if method in ("put", "post") else None,
                                                       headers={"Content-Type": "application/json", "Authorization": "Bearer x"}) if path != "/api/v1/stream" else (200, "", {})
                    is_open = path in OPEN and method == "get" and (path != "/api/v1/channels/{name}" or name == "shown_a")
                    self.assertEqual(status, 200 if is_open else 404, (method, path, name, body))
                    self.assert_clean(body.replace(name, ""), (method, path, name))
        for path in ("/api/v1/instruments.xml", "/api/v1/channels.xml", "/xml?names=hidden", "/json?names=hidden", "/index.html", "/app.js", "/public.js", "/",
                     "/public/index.html", "/../etc/passwd", "/api/v1/nothing", "/api/v1/channels?names=hidden", "/metrics?x=1"):
            self.assert_clean(self.bench.visit(path)[1].replace("names=hidden", "").replace("'hidden'", ""), path)

    def test_what_is_not_there_is_as_what_never_was(self):
        """A name that exists and one that does not get the same answer."""
        for path in ("/api/v1/channels/%s", "/api/v1/channels?names=%s", "/json?names=%s", "/api/v1/stream?channels=%s"):
            answers = [(status, body.replace(name, "N")) for name in ("hidden", "nothing_of_the_kind", "pc.memory")
                       for status, body, _ in [self.bench.visit(path % name)]]
            self.assertEqual(len(set(answers)), 1, answers)
            self.assertNotEqual(answers[0][0], 200)

    def test_no_method_but_reading(self):
        for method in ("PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            status, body, _ = self.bench.visit("/api/v1/channels/shown_a", method, body="{}")
            self.assertEqual(status, 404, (method, body))
        self.assertEqual(self.bench.visit("/json", "HEAD")[0], 200)

    def test_the_stream(self):
        sock, text = self.bench.first_events(8)
        sock.close()
        self.assertEqual(set(re.findall(r'"name":"([^"]*)"', text)), {"shown_a", "shown_b"})
        self.assert_clean(text, "stream")
        kinds = set(re.findall(r"event: (\w+)", text))
        self.assertLessEqual(kinds, {"update", "heartbeat", "hello", "changed"}, kinds)

    def test_its_page_asks_only_for_what_it_may(self):
        page = self.bench.visit("/")[1]
        for name in re.findall(r'(?:src|href)="([^"]+)"', page):
            self.assertEqual(self.bench.visit("/" + name)[0], 200, name)
        self.assertNotIn("Load", page)

    def test_the_operators_server_does_not_have_its_page(self):
        self.assertEqual(self.bench.ask_once("/public/index.html")[0], 404)
        self.assertEqual(self.bench.ask_once("/public.js")[0], 404)

    def test_its_process_has_nothing_of_the_others(self):
        pid = self.bench.pids()["public"]
        held = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
        for name in ("mbc-board", "mbc-image", "mbc-blackbox", "journal"):
            self.assertFalse([link for link in held if name in link], held)
            self.assertNotIn(name, maps)
        self.assertIn("mbc-public", maps)
        wait_for("no socket but its supervisor's and where it listens", lambda: self.sockets(pid) <= 2)  # visitors of other tests are gone
        self.assertRegex(self.bench.mbc("doctor").stdout, r"(good|MIND) +public: user \S+,.*capabilities none")

    def sockets(self, pid):
        count = 0
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                count += "socket" in os.readlink(f"/proc/{pid}/fd/{fd}")
        return count

    def test_the_memory_that_it_has_names_nothing_else(self):
        """The board itself, byte by byte, as the process has it."""
        pid = self.bench.pids()["public"]
        board = b""
        with contextlib.suppress(PermissionError), open(f"/proc/{pid}/mem", "rb") as memory:
            for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
                if "mbc-public" in line and "memfd" in line:
                    begin, end = (int(word, 16) for word in line.split()[0].split("-"))
                    memory.seek(begin)
                    board += memory.read(end - begin)
        if not board:
            self.skipTest("only root may look into it")
        self.assertIn(b"shown_a", board)
        for secret in SECRETS:
            self.assertNotIn(secret.encode(), board)

    def test_it_comes_back_and_the_bench_does_not_mind(self):
        pids = self.bench.pids()
        os.kill(pids["public"], signal.SIGKILL)
        wait_for("another one", lambda: self.bench.pids().get("public", pids["public"]) != pids["public"])
        self.bench.wait_public()
        self.assertEqual(self.bench.pids()["control"], pids["control"])
        self.assertEqual(self.bench.pids()["serve"], pids["serve"])

    def test_a_flood_of_visitors_leaves_the_tick_alone(self):
        before = self.bench.get("/api/v1/bench")["ticks_lost"]
        stop = time.monotonic() + 3

        def visit():
            while time.monotonic() < stop:
                self.bench.visit("/api/v1/channels")
        threads = [threading.Thread(target=visit) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertLessEqual(self.bench.get("/api/v1/bench")["ticks_lost"] - before, 20)  # a busy machine; none is usual
        self.assertEqual(self.bench.visit("/json")[0], 200)


class Changes(unittest.TestCase):
    def test_a_reload_changes_what_is_shown(self):
        bench = self.enterContext(PublicBench("change"))
        bench.wait_public()
        serve = bench.pids()["public"]
        bench.channels_of = "[shown_b, hidden]"
        bench.reload(BENCH)
        wait_for("other channels", lambda: set(json.loads(bench.visit("/json")[1])) == {"shown_b", "hidden"})
        self.assertEqual(bench.pids()["public"], serve)
        shared = lambda: bench.get("/api/v1/shared")
        wait_for("the operators know", lambda: {c["name"] for c in shared()["channels"]} == {"shown_b", "hidden"})
        bench.file.write_text(bench.file.read_text().replace("public: {", "x_public: {"))
        self.assertIn("unknown key", bench.mbc("check", str(bench.file)).stderr + bench.mbc("check", str(bench.file)).stdout)
        bench.file.write_text(f'bench: {bench.name}\nserve: {{listen: "127.0.0.1:0"}}\n{BENCH}\n')
        self.assertEqual(bench.mbc("reload").returncode, 0)
        wait_for("it is gone", lambda: "public" not in bench.pids())
        wait_for("nothing is shown", lambda: (shared()["is_on"], shared()["address"], shared()["channels"]) == (False, None, []))

    def test_flat_pages_are_switched_off_for_both(self):
        bench = self.enterContext(PublicBench("flat"))
        bench.wait_public()
        self.assertEqual(bench.visit("/xml")[0], 200)
        shared = bench.get("/api/v1/shared")
        self.assertEqual((shared["has_json"], shared["has_xml"]), (True, True))
        bench.file.write_text(bench.file.read_text().replace("serve: {", "serve: {json: no, "))
        self.assertEqual(bench.mbc("reload").returncode, 0)
        wait_for("it is off", lambda: bench.visit("/json")[0] == 404)
        self.assertIn("switches /json off", json.loads(bench.visit("/json")[1])["detail"])
        self.assertEqual(bench.visit("/api/v1/channels")[0], 200)
        self.assertEqual(bench.visit("/xml")[0], 200)
        wait_for("the operators' is off", lambda: bench.ask_once("/json")[0] == 404)
        self.assertIn("switches /json off", json.loads(bench.ask_once("/json")[1])["detail"])
        self.assertEqual(bench.ask_once("/xml")[0], 200)
        wait_for("it says so", lambda: (lambda s: (s["has_json"], s["has_xml"]) == (False, True))(bench.get("/api/v1/shared")))

    def test_with_its_own_certificate(self):
        bench = self.enterContext(PublicBench("tls", more=", tls: own"))
        bench.wait_public()
        folder = bench.folder / "state" / "tls"
        self.assertTrue((folder / "certificate-public.pem").exists())
        self.assertFalse((folder / "certificate.pem").exists())
        self.assertIn("public certificate: ", bench.mbc("doctor").stdout)
        done = subprocess.run([need_peer("curl"), "-sS", "--cacert", str(folder / "certificate-public.pem"), f"https://localhost:{bench.public_port}/json"],
                              capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertIn("shown_a", done.stdout, done.stderr)


class Links(unittest.TestCase):
    def test_only_who_has_a_link(self):
        bench = self.enterContext(PublicBench("links", more=", links: required"))
        wait_for("its first answer", lambda: bench.visit("/json")[0] == 401)
        self.assertEqual(bench.visit("/")[0], 200)  # the page itself tells nothing
        for path in OPEN:
            status, body, headers = bench.visit(path.replace("{name}", "shown_a"))
            self.assertEqual(status, 401, path)
            self.assertNotIn("shown_", body.replace("/api/v1/channels/shown_a", ""))
        self.assertEqual(bench.mbc("link", "add", "visitors").returncode, 1)  # it has to end
        link = bench.mbc("link", "add", "--until", "7d", "visitors").stdout.strip()
        self.assertRegex(link, r"^[0-9a-f]{64}$")
        stored = (bench.folder / "state" / "links" / "links").read_text()
        self.assertNotIn(link, stored)
        with_it = {"headers": {"Authorization": f"Bearer {link}"}}
        bench.wait_public(**with_it)
        self.assertEqual(bench.visit("/json", headers={"Authorization": f"Bearer {link[:-1]}0"})[0] if not link.endswith("0") else 401, 401)
        self.assertEqual(bench.visit("/api/v1/instruments", **with_it)[0], 404)
        self.assertEqual(bench.ask_once("/json")[0], 200)  # the operators' server knows nothing of it
        self.assertIn("visitors", bench.mbc("link", "list").stdout)
        # a link of mbc is no token for commands
        self.assertEqual(bench.mbc("token", "list").stdout, "")

        sock, text = bench.first_events(2, f"Authorization: Bearer {link}\r\n")
        self.assertIn("200 OK", text)
        self.assertEqual(bench.mbc("link", "remove", "visitors").returncode, 0)
        began = time.monotonic()
        with contextlib.closing(sock), contextlib.suppress(ConnectionError):
            while sock.recv(65536):
                self.assertLess(time.monotonic() - began, PATIENCE_S)
        wait_for("refused again", lambda: bench.visit("/json", **with_it)[0] == 401)

    def test_a_link_ends_by_itself_and_so_do_its_streams(self):
        bench = self.enterContext(PublicBench("ends", more=", links: required"))
        link = bench.mbc("link", "add", "--until", "6s", "short").stdout.strip()
        with_it = {"headers": {"Authorization": f"Bearer {link}"}}
        bench.wait_public(**with_it)
        sock, _ = bench.first_events(1, f"Authorization: Bearer {link}\r\n")
        began = time.monotonic()
        with contextlib.closing(sock), contextlib.suppress(ConnectionError):
            while sock.recv(65536):
                self.assertLess(time.monotonic() - began, PATIENCE_S)
        wait_for("refused", lambda: bench.visit("/json", **with_it)[0] == 401)

    def test_a_file_that_others_may_read_opens_nothing(self):
        bench = self.enterContext(PublicBench("open", more=", links: required"))
        link = bench.mbc("link", "add", "--until", "1d", "guest").stdout.strip()
        with_it = {"headers": {"Authorization": f"Bearer {link}"}}
        bench.wait_public(**with_it)
        file = bench.folder / "state" / "open" / "links"
        file.chmod(0o644)
        bench.process.wait_line("links: .*chmod 600")
        wait_for("refused", lambda: bench.visit("/json", **with_it)[0] == 401)
        file.chmod(0o600)
        bench.wait_public(**with_it)


if __name__ == "__main__":
    unittest.main()
