"""Programs of one's own that bring an instrument along: over pipes, over TCP, well and badly behaved, killed."""
import contextlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import helper_lines
from harness import BUILD, HERE, PATIENCE_S, ROOT, Bench, Device, children, is_running, need_peer, wait_for, widest_gap

CHANNELS = """    every: 100 ms
    timeout: 500 ms
    channels:
      a: {read: {channel: a, type: int}}
      b: {read: {channel: b, type: int}}
      T: {read: {channel: T, unit: degC}, unit: degC}
      text: {read: {channel: text, type: text}}
      on: {read: {channel: "on", type: bool}}
"""
MODBUS = """  dev:
    use: modbus
    link: io
    every: 100 ms
    timeout: 500 ms
    channels:
      a: {read: {holding: 3}}
"""


class Rig(unittest.TestCase):
    """A bench with a helper beside a device that shall not notice any of it."""

    def setUp(self):
        self.device = self.enterContext(Device({3: 7}))

    def start(self, name, way, more_links=""):
        bench = Bench(name, "")
        self.addCleanup(shutil.rmtree, bench.folder, ignore_errors=True)
        shutil.copy2(HERE / "helper_lines.py", bench.folder / "helper.py")
        (bench.folder / "helper.py").chmod(0o755)
        self.folder = bench.folder
        bench.write(self.text(way(bench) if callable(way) else way))
        self.bench = self.enterContext(bench)
        bench.wait_good("h.a", "h.b", "h.T", "h.text", "h.on", "dev.a")
        return bench

    def text(self, way, helper=True):
        links = f'  io: {{tcp: "127.0.0.1:{self.device.port}"}}\n'
        if helper:
            return f"links:\n{links}  h: {{{way}}}\ninstruments:\n  h:\n    use: helper\n    link: h\n{CHANNELS}{MODBUS}"
        return f"links:\n{links}instruments:\n{MODBUS}"

    def mood(self, word):
        (self.folder / "mood.new").write_text(word)
        (self.folder / "mood.new").rename(self.folder / "mood")

    def started(self):
        return [int(word) for word in (self.folder / "started").read_text().split()]

    def pid(self):
        """The helper that runs, as the supervisor tells."""
        running = [pid for pid in self.started() if is_running(pid)]
        return running[-1] if len(running) == 1 else None

    def trace(self):
        return json.dumps(self.bench.get("/api/v1/instruments/h/trace"))

    def assert_others_unaffected(self, began, polls=8):
        wait_for("some polls", lambda: len(self.device.reads(began)) > polls)
        self.assertLess(widest_gap(self.device.reads(began)), 1.0)
        self.assertEqual(self.bench.channel("dev.a")["quality"], "good")


class Manners:
    """What holds over pipes and over TCP."""

    def test_values(self):
        bench = self.bench
        self.assertEqual([bench.value("h." + name) for name in ("a", "b", "T", "text", "on")], [1, 2, 21.5, "all is well", True])

    def test_refusal_and_unit_are_told(self):
        self.mood("err")
        self.bench.wait_reason("h.a", "device_failure")
        wait_for("the reason in the trace", lambda: "sensor open" in self.trace())
        self.mood("unit")
        self.bench.wait_reason("h.T", "wrong_answer")
        wait_for("the units in the trace", lambda: "unit K; degC is expected" in self.trace())
        self.mood("")
        self.bench.wait_good("h.a", "h.T")

    def test_news(self):
        with self.bench.stream(["h.b"]) as events:
            self.mood("news")
            seen = set()
            end = time.monotonic() + 10
            while time.monotonic() < end and not {7, 3, 2, "bad"} <= seen:
                kind, data = events.get(timeout=10)
                if kind == "update":
                    text = json.dumps(data)
                    seen |= {number for number in (7, 3, 2) if f'"value": {number}' in text}
                    seen |= {"bad"} if '"bad"' in text else set()
        self.assertLessEqual({7, 3, 2, "bad"}, seen)

    def test_late_answer_is_not_that_to_the_next_question(self):
        self.mood("late")
        self.bench.wait_reason("h.a", "no_answer")
        wait_for("b has its own answer", lambda: self.bench.value("h.b") == 2)
        seen = self.watch_values(4)
        self.assertLessEqual(seen["h.a"], {1, None})
        self.assertLessEqual(seen["h.b"], {2, None})
        self.assertIn(2, seen["h.b"])

    def watch_values(self, seconds):
        """What was seen of a and b in this time."""
        end = time.monotonic() + seconds
        seen = {"h.a": set(), "h.b": set()}
        while time.monotonic() < end:
            for name in seen:
                seen[name].add(self.bench.value(name))
        return seen

    def test_an_answer_that_never_seems_to_come_is_not_that_to_another_question(self):
        self.mood("stall")
        wait_for("it is told", lambda: "out of step: an answer is missing" in self.trace())
        seen = self.watch_values(5)
        self.assertLessEqual(seen["h.a"], {1, None})
        self.assertLessEqual(seen["h.b"], {2, None})
        self.mood("")
        self.bench.wait_good("h.a", "h.b")

    def test_one_answer_too_many(self):
        self.mood("twice")
        wait_for("it is told", lambda: "out of step: an answer that fits no question" in self.trace())
        self.mood("")
        self.bench.wait_good("h.a", "h.b")

    def test_hang(self):
        began = time.monotonic()
        self.mood("hang")
        self.bench.wait_reason("h.a", "no_answer", "connection_lost", "stale")
        self.assert_others_unaffected(began, polls=20)
        self.mood("")
        self.bench.wait_good("h.a", "h.b")

    def test_line_without_end(self):
        began = time.monotonic()
        self.mood("endless")
        self.bench.wait_reason("h.a", "garbled_answer", "connection_lost")
        self.assert_others_unaffected(began)
        self.mood("")
        self.bench.wait_good("h.a", "h.b")

    def test_flood(self):
        began = time.monotonic()
        self.mood("flood")
        self.bench.wait_reason("h.a", "no_answer", "wrong_answer", "stale", "connection_lost")
        self.assert_others_unaffected(began, polls=30)
        self.mood("")
        self.bench.wait_good("h.a", "h.b")
        self.assertEqual(self.bench.value("h.a"), 1)


class Tcp(Manners, Rig):
    def setUp(self):
        super().setUp()

        def way(bench):
            self.server = self.enterContext(helper_lines.Server(bench.folder))
            return f'tcp: "127.0.0.1:{self.server.port}"'
        self.start("tcp", way)

    def test_comes_back(self):
        connects = self.server.connects
        self.server.drop()
        wait_for("a new connection", lambda: self.server.connects > connects)
        self.bench.wait_good("h.a")

    def test_kill_of_control(self):
        killed, connects = self.bench.pids()["control"], self.server.connects
        os.kill(killed, signal.SIGKILL)
        wait_for("a new connection", lambda: self.server.connects > connects)
        self.bench.wait_good("h.a")


class Pipes(Manners, Rig):
    def setUp(self):
        super().setUp()
        self.start("pipes", 'helper: [./helper.py, --card, "2"]')
        self.addCleanup(lambda: self.assertFalse((self.folder / "overlaps").exists(), "two helpers of one link ran at one time"))

    def test_what_it_is_given(self):
        seen = json.loads((self.folder / "seen").read_text())
        self.assertEqual(seen["arguments"], ["--card", "2"])
        self.assertEqual(set(seen["environment"]) - {"LC_CTYPE"}, {"PATH", "LANG", "HOME", "MBC_LINK", "PYTHONUNBUFFERED"})
        self.assertEqual(seen["environment"]["MBC_LINK"], "h")
        self.assertEqual(sorted(seen["descriptors"]), [0, 1, 2])
        self.assertTrue(seen["session"])
        self.bench.process.wait_line(r"helper 'h': said on standard error: é", "err")

    def test_one_that_mutters_is_made_to_wait(self):
        began = time.monotonic()
        self.mood("mutter")

        def muttered():
            with contextlib.suppress(FileNotFoundError):
                total, seconds = (self.folder / "muttered").read_text().split()
                return float(seconds) > 1.5 and (int(total), float(seconds))
            return None
        total, seconds = wait_for("what it has said in a while", muttered)
        # What the pipe holds, then at most 50 lines of 200 bytes a second, however they end.
        self.assertLess(total, (128 << 10) + (seconds + 2) * 11500)
        self.assert_others_unaffected(began)
        self.mood("")
        self.bench.wait_good("h.a", "h.b")

    def test_kill_of_the_helper(self):
        began, killed = time.monotonic(), self.pid()
        os.kill(killed, signal.SIGKILL)
        wait_for("another one", lambda: self.pid() not in (None, killed))
        self.bench.wait_good("h.a", "h.T")
        self.bench.process.wait_line(r"helper 'h': was ended by signal 9", "err")
        self.assert_others_unaffected(began)

    def test_one_that_always_ends_is_started_ever_more_slowly(self):
        self.mood("crash")
        before = len(self.started())
        os.kill(self.pid(), signal.SIGKILL)
        self.bench.process.wait_line(r"helper 'h': ended with exit code 3; it is started again in 4 s", "err")
        os.kill(self.bench.pids()["control"], signal.SIGKILL)  # the next one knows of nothing, and asks at once
        wait_for("control is told to wait", lambda: "ended with exit code 3, and is started again in" in self.trace())
        self.assertLess(len(self.started()) - before, 8)
        self.bench.wait_reason("h.a", "no_connection", "connection_lost")
        self.mood("")
        self.bench.wait_good("h.a")

    def test_one_that_hangs_is_replaced(self):
        hung = self.pid()
        self.mood("hang")
        wait_for("it is ended", lambda: not is_running(hung))
        self.mood("")
        self.bench.wait_good("h.a")

    def test_kill_of_control(self):
        began, before, control = time.monotonic(), self.pid(), self.bench.pids()["control"]
        os.kill(control, signal.SIGKILL)
        wait_for("a new control", lambda: self.bench.pids().get("control", control) != control)
        wait_for("the helper is another one", lambda: self.pid() not in (None, before))
        self.bench.wait_good("h.a", "h.T", "dev.a")
        self.assertFalse(is_running(before))
        self.assertLess(time.monotonic() - began, 15)

    def test_kill_of_control_with_a_helper_that_stays(self):
        self.mood("stays")
        before, control = self.pid(), self.bench.pids()["control"]
        os.kill(control, signal.SIGKILL)
        wait_for("it is killed", lambda: not is_running(before))
        self.mood("")
        self.bench.wait_good("h.a")

    def test_reload_keeps_it(self):
        before = self.started()
        self.bench.reload(self.text('helper: [./helper.py, --card, "2"]').replace("      on:", "      more: {read: {channel: b}}\n      on:"))
        wait_for("the new channel", lambda: "h.more" in self.bench.channels())
        self.bench.wait_good("h.more", "h.a")
        self.assertEqual(self.started(), before)

    def test_reload_with_other_words(self):
        before = self.pid()
        self.mood("stays")
        self.bench.reload(self.text('helper: [./helper.py, --card, "3"]'))
        wait_for("another one", lambda: self.pid() not in (None, before))
        self.mood("")
        self.bench.wait_good("h.a")
        self.assertEqual(json.loads((self.folder / "seen").read_text())["arguments"], ["--card", "3"])
        self.assertFalse(is_running(before))

    def test_reload_without_it(self):
        before, control = self.pid(), self.bench.pids()["control"]
        self.mood("stays")
        self.bench.reload(self.text("", helper=False))
        wait_for("its channels are gone", lambda: "h.a" not in self.bench.channels())
        wait_for("it ends", lambda: not is_running(before))
        self.assertEqual(self.bench.pids()["control"], control)
        self.assertEqual(self.bench.channel("dev.a")["quality"], "good")

    def test_stop(self):
        before = self.pid()
        self.assertEqual(self.bench.mbc("stop").returncode, 0)
        self.assertFalse(is_running(before))

    def test_stop_with_one_that_stays(self):
        self.mood("stays")
        before = self.pid()
        began = time.monotonic()
        self.assertEqual(self.bench.process.stop(), 0)
        self.assertFalse(is_running(before))
        self.assertLess(time.monotonic() - began, 6)

    def test_kill_of_supervise(self):
        before = self.pid()
        self.mood("stays")
        os.kill(self.bench.process.pid, signal.SIGKILL)
        wait_for("it ends with its supervisor", lambda: not is_running(before))


class Grandchildren(Rig):
    def test_what_it_starts_ends_with_it(self):
        self.start("grand", "helper: [./helper.py, --child]")
        child = int((self.folder / "child").read_text())
        self.assertTrue(is_running(child))
        os.kill(self.pid(), signal.SIGKILL)
        wait_for("it ends", lambda: not is_running(child))
        child = wait_for("another one", lambda: int((self.folder / "child").read_text()) != child and int((self.folder / "child").read_text()))
        self.bench.wait_good("h.a")
        self.assertEqual(self.bench.process.stop(), 0)
        self.assertFalse(is_running(child))


class Example(unittest.TestCase):
    def test_the_example_runs(self):
        bench = Bench("helper", "")
        example = ROOT / "benches/helper"
        for name in ("daq.py", "bench.yaml"):
            shutil.copy2(example / name, bench.folder / name)
        (bench.folder / "daq.py").chmod(0o755)
        with open(bench.file, "a") as file:
            file.write('serve: {listen: "127.0.0.1:0"}\n')
        self.enterContext(bench)
        bench.wait_good("T_bed", "daq.lamp")
        self.assertAlmostEqual(bench.value("T_bed"), 25, delta=1.1)
        self.assertIs(bench.value("daq.lamp"), False)


class Wrong(unittest.TestCase):
    def run_with(self, name, words, prepare=lambda folder: None):
        bench = Bench(name, f"links: {{h: {{helper: {words}}}}}\ninstruments: {{h: {{use: helper, link: h, channels: {{a: {{read: {{channel: a}}}}}}}}}}")
        prepare(bench.folder)
        return self.enterContext(bench)

    def test_no_such_program(self):
        bench = self.run_with("w1", "[./nothing]")
        bench.wait_reason("h.a", "no_connection")
        bench.process.wait_line(r"helper 'h': there is no program '.*/nothing'", "err")

    def test_not_to_be_run(self):
        bench = self.run_with("w2", "[./text]", lambda folder: (folder / "text").write_text("x"))
        bench.process.wait_line(r"helper 'h': the user '.*' cannot run '.*/text'; 'chmod", "err")
        bench.wait_reason("h.a", "no_connection")

    def test_script_without_interpreter(self):
        def prepare(folder):
            (folder / "script").write_text("#!/nowhere/python\n")
            (folder / "script").chmod(0o755)
        bench = self.run_with("w3", "[./script]", prepare)
        bench.process.wait_line(r"helper 'h': '.*/script' cannot be started: .*first line", "err")

    @unittest.skipIf(os.geteuid() != 0, "for root alone")
    def test_root_runs_only_what_is_roots_alone(self):
        def prepare(folder):
            (folder / "script").write_text("#!/bin/sh\ntouch ran\n")
            (folder / "script").chmod(0o777)
        bench = self.run_with("w4", "[./script]", prepare)
        bench.process.wait_line(r"helper 'h': '.*/script' is not root's alone, and would be run as root; make the user mbc-helper", "err")
        self.assertFalse((bench.folder / "ran").exists())

    @unittest.skipIf(os.geteuid() != 0, "for root alone")
    def test_the_owner_of_the_file_runs_it(self):
        def prepare(folder):
            shutil.copy2(HERE / "helper_lines.py", folder / "helper.py")
            (folder / "who").write_text("#!/bin/sh\nid -u >&2\nexec ./helper.py\n")
            for name in (".", "who", "helper.py", "bench.yaml"):
                (folder / name).chmod(0o755)
                os.chown(folder / name, 65534, 65534)
        bench = self.run_with("w5", "[./who]", prepare)
        bench.process.wait_line(r"helper 'h': 65534$", "err")
        bench.wait_good("h.a")


class Pages(http.server.BaseHTTPRequestHandler):
    """What the web server of Curl shows, and whom it has seen."""

    def do_GET(self):
        server = self.server
        server.seen.append((self.path, self.headers.get("Authorization")))
        body = json.dumps({"out": {"T": 21.5, "n": len(server.seen)}, "stations": [{"wind": 3}]}).encode()
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/now")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.path == "/large":
            body = b'{"a": "' + b"x" * (1 << 20) + b'"}'
        if self.path == "/slow":
            server.is_over.wait(20)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Curl(unittest.TestCase):
    """mbc-curl against a web server with a certificate of a test's own authority."""

    SECRET = "s3cret-0f-the-test"

    @classmethod
    def setUpClass(cls):
        need_peer("openssl")
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        cls.folder.chmod(0o755)
        for name in ("good", "other"):
            cls.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                        "-keyout", f"{name}.key", "-out", f"{name}.pem")
        cls.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key",
                    "-out", "server.csr")
        (cls.folder / "names").write_text("subjectAltName=DNS:localhost\n")
        cls.openssl("x509", "-req", "-in", "server.csr", "-CA", "good.pem", "-CAkey", "good.key", "-CAcreateserial", "-days", "2", "-extfile", "names",
                    "-out", "server.pem")
        (cls.folder / "TOKEN").write_text(cls.SECRET + "\n")
        (cls.folder / "TOKEN").chmod(0o600)

    @classmethod
    def openssl(cls, *words):
        subprocess.run(["openssl", *words], cwd=cls.folder, check=True, capture_output=True, timeout=60)

    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
        self.server.daemon_threads = True
        self.server.seen = []
        self.server.is_over = threading.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_address[1]}"
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()

        def end():
            self.server.is_over.set()
            self.server.shutdown()
            self.server.server_close()
            thread.join(5)
        self.addCleanup(end)

    def ask(self, *words, questions="get T\n"):
        """Its answers to the questions, one after the other."""
        done = subprocess.run([BUILD / "mbc-curl", *words], input=questions, capture_output=True, text=True, timeout=PATIENCE_S, cwd=self.folder,
                              env={"PATH": "/usr/bin:/bin"})
        self.errors = done.stderr
        return done.stdout.splitlines()

    def source(self, page="/now", name="T", path="out.T"):
        return f"{name}={self.url}{page}#json:{path}"

    def test_one_request_for_all_channels_of_a_page(self):
        answers = self.ask("--cacert", "good.pem", "--every", "1min", self.source(), self.source(name="wind", path="stations.0.wind"),
                           self.source("/else", "n", "out.n"), questions="get T\nget wind\nget T\nget n\r\nget n\n")
        self.assertEqual(answers, ["ok 21.5", "ok 3", "ok 21.5", "ok 2", "ok 2"], self.errors)
        self.assertEqual([path for path, _ in self.server.seen], ["/now", "/else"])

    def test_a_page_is_not_kept_for_longer(self):
        with subprocess.Popen([BUILD / "mbc-curl", "--cacert", "good.pem", "--every", "100ms", self.source(path="out.n")], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True, bufsize=1, cwd=self.folder) as curl:
            for n in (1, 2, 3):
                curl.stdin.write("get T\n")
                self.assertEqual(curl.stdout.readline(), f"ok {n}\n")
                time.sleep(0.15)
            curl.stdin.close()
            self.assertEqual(curl.wait(PATIENCE_S), 0)

    def test_certificates_are_checked(self):
        for words in (["--cacert", "other.pem"], []):
            with self.subTest(words):
                answers = self.ask(*words, self.source())
                self.assertRegex(answers[0], "^err .*certificate")
        answers = self.ask("--cacert", "good.pem", self.source().replace("localhost", "127.0.0.1"))
        self.assertRegex(answers[0], "^err .*(name|certificate)")
        self.assertEqual(self.server.seen, [])

    def test_what_is_no_page(self):
        words = ["--cacert", "good.pem", "--timeout", "700ms"]
        self.assertRegex(self.ask(*words, self.source("/moved"))[0], "^err HTTP status 302: redirections")
        self.assertRegex(self.ask(*words, self.source("/large", path="a"))[0], "^err the page has over 1048576 bytes")
        began = time.monotonic()
        answers = self.ask(*words, self.source("/slow"), self.source("/slow", name="u"), questions="get T\nget u\n")
        self.assertRegex(answers[0], "^err .*imed out")
        self.assertEqual(len(answers), 2)
        self.assertLess(time.monotonic() - began, 5)

    def test_secret(self):
        words = ["--cacert", "good.pem", "--secrets", ".", "--header-secret", "Authorization: Bearer TOKEN", self.source()]
        with subprocess.Popen([BUILD / "mbc-curl", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
                              cwd=self.folder) as curl:
            curl.stdin.write("get T\n")
            self.assertEqual(curl.stdout.readline(), "ok 21.5\n")
            shown = pathlib.Path(f"/proc/{curl.pid}/cmdline").read_bytes()
            out, errors = curl.communicate(timeout=PATIENCE_S)
        self.assertEqual(self.server.seen, [("/now", f"Bearer {self.SECRET}")])
        self.assertNotIn(self.SECRET, shown.decode() + out + errors)
        (self.folder / "TOKEN").chmod(0o644)
        self.assertEqual(self.ask(*words), [])
        self.assertIn("not for its owner alone", self.errors)
        self.assertNotIn(self.SECRET, self.errors)
        (self.folder / "TOKEN").chmod(0o600)

    def test_in_a_bench(self):
        words = json.dumps(["mbc-curl", "--cacert", str(self.folder / "good.pem"), "--timeout", "2s", self.source(), self.source("/moved", "m")])
        bench = self.enterContext(Bench("curl", f"""
links: {{web: {{helper: {words}}}}}
instruments:
  web:
    use: helper
    link: web
    every: 500 ms
    timeout: 5 s
    channels: {{T: {{read: {{channel: T}}, unit: degC}}, m: {{read: {{channel: m}}}}}}
"""))
        bench.wait_good("web.T")
        self.assertEqual(bench.value("web.T"), 21.5)
        bench.wait_reason("web.m", "device_failure")
        pid = next(child for child in children(bench.process.pid) if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "mbc-curl")
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        self.assertIn("NoNewPrivs:\t1", status)
        if b"__asan_init" not in (BUILD / "mbc-curl").read_bytes():
            self.assertIn("Seccomp:\t2", status)


if __name__ == "__main__":
    unittest.main()
