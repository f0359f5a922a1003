"""TLS of the data server, with peers that nobody here wrote: curl, openssl, Python's ssl. Certificates of its own and of files,
new ones while streams go on, ends that come near, clients that say half of a hello or nothing at all."""
import contextlib
import datetime
import fcntl
import http.client
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from harness import PATIENCE_S, Bench, Process, need_peer, read_events, wait_for

BENCH = """
instruments:
  pc: {use: system-monitor, every: 200 ms}
"""
SHAKING_MAX = 32  # of clients.h
HANDSHAKE_LIMIT_S = 15


def openssl(*words, **options):
    done = subprocess.run([need_peer("openssl"), *map(str, words)], capture_output=True, text=True, timeout=PATIENCE_S, **options)
    if done.returncode != 0:
        raise AssertionError(f"openssl {words}: {done.stderr}")
    return done.stdout


CA = """
[ca]
default_ca = it
[it]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
[ext]
subjectAltName = DNS:localhost,DNS:bench.test,IP:127.0.0.1
basicConstraints = CA:FALSE
"""


class Authority:
    """A certificate authority by openssl, which dates as it is told."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "ca.cnf").write_text(CA.format(folder=folder))
        (folder / "index.txt").write_text("")
        (folder / "serial").write_text("1000\n")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test root", "-days", "30",
                "-keyout", folder / "ca.key", "-out", folder / "ca.pem")

    def issue(self, cert, key, ends, begins=datetime.timedelta(days=-2), name="bench.test", kind=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
        """A pair of files; `ends` and `begins` from now on."""
        request = self.folder / "request.pem"
        now = datetime.datetime.now(datetime.timezone.utc)
        openssl("req", "-newkey", *kind, "-nodes", "-subj", f"/CN={name}", "-keyout", self.folder / "new.key", "-out", request)
        openssl("ca", "-batch", "-notext", "-config", self.folder / "ca.cnf", "-cert", self.folder / "ca.pem", "-keyfile", self.folder / "ca.key",
                "-extensions", "ext", "-startdate", (now + begins).strftime("%y%m%d%H%M%SZ"), "-enddate", (now + ends).strftime("%y%m%d%H%M%SZ"),
                "-in", request, "-out", self.folder / "new.pem")
        os.chmod(self.folder / "new.key", 0o600)
        (self.folder / "new.key").replace(key)
        (self.folder / "new.pem").replace(cert)


class TlsBench(Bench):
    tls = "own"
    context = None

    def __init__(self, name, text=BENCH, tls="own", commands="[]", address="127.0.0.1"):
        self.tls, self.commands, self.address = tls, commands, address
        super().__init__(name, text)

    def write(self, text):
        self.file.write_text(f'bench: {self.name}\nserve: {{listen: "{self.address}:0", tls: {self.tls}, commands: {self.commands}}}\n{text}\n')

    @property
    def own(self):
        return self.folder / "state" / self.name / "certificate.pem"

    def ask_once(self, path):
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE_S, context=ssl._create_unverified_context())
            with contextlib.closing(connection):
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read(), answer.getheader("Content-Type", "")
        return 503, b"no certificate yet", ""

    def shown(self):
        """The certificate as PEM; None: no handshake."""
        with contextlib.suppress(OSError):
            return ssl.get_server_certificate(("127.0.0.1", self.port), timeout=PATIENCE_S)
        return None

    def wait_shown(self, pem):
        def normal(text):
            return "".join(re.search("-----BEGIN CERT.*?-----END CERTIFICATE-----", text, re.S)[0].split())
        wait_for("the new certificate", lambda: normal(self.shown() or "-----BEGIN CERT-----END CERTIFICATE-----") == normal(pem))

    def events(self, kind):
        done = self.mbc("log", "--json", "--kind", kind)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def wait_event(self, kind, count=1):
        return wait_for(f"{count} x {kind}", lambda: len(found := self.events(kind)) >= count and found)

    def tls_socket(self):
        return ssl._create_unverified_context().wrap_socket(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S))

    def serve_cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.pids()['serve']}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def serve_memory_kib(self):
        return int(pathlib.Path(f"/proc/{self.pids()['serve']}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


class Own(unittest.TestCase):
    """The certificate that mbc makes."""

    @classmethod
    def setUpClass(cls):
        cls.bench = TlsBench("own")
        cls.bench.__enter__()
        cls.addClassCleanup(cls.bench.__exit__, None, None, None)
        cls.root = cls.bench.folder / "trusted.pem"
        cls.root.write_text(cls.bench.mbc("certificate", "show", "--pem").stdout)

    def curl(self, *words):
        return subprocess.run([need_peer("curl"), "-sS", "--cacert", str(self.root), *map(str, words)], capture_output=True, text=True, timeout=PATIENCE_S)

    def test_it_is_made_at_the_first_start_for_its_owner_alone(self):
        self.assertEqual(self.bench.own.stat().st_mode & 0o777, 0o600)
        self.assertNotIn("PRIVATE", self.root.read_text())
        text = openssl("x509", "-in", self.bench.own, "-noout", "-text")
        for word in ("prime256v1", "DNS:localhost", "IP Address:127.0.0.1", f"DNS:{socket.gethostname()}", "CA:FALSE", "Digital Signature"):
            self.assertIn(word, text)
        told = self.bench.mbc("certificate", "show").stdout
        digest = openssl("x509", "-in", self.bench.own, "-noout", "-fingerprint", "-sha256").strip().rpartition("=")[2]
        self.assertIn(digest, told)
        self.assertIn(str(self.bench.own), told)
        self.assertIn(digest, self.bench.mbc("doctor").stdout)
        self.assertIn(f"https://127.0.0.1:{self.bench.port}/", self.bench.mbc("doctor").stdout)

    def test_who_trusts_it_reads(self):
        for host in ("localhost", "127.0.0.1"):
            done = self.curl(f"https://{host}:{self.bench.port}/json")
            self.assertIn("pc.load", json.loads(done.stdout), done.stderr)
        stranger = subprocess.run([need_peer("curl"), "-sS", f"https://localhost:{self.bench.port}/json"], capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(stranger.returncode, 60, stranger.stderr)

    def test_old_versions_and_weak_ciphers_are_refused(self):
        for version, good in (("-tls1", False), ("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
            text = self.hello(version, "-cipher", "ALL:@SECLEVEL=0")
            self.assertEqual("Cipher is (NONE)" not in text, good, (version, text))
        for cipher in ("AES128-SHA", "AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256", "NULL"):
            self.assertIn("(NONE)", self.hello("-tls1_2", "-cipher", cipher + ":@SECLEVEL=0"), cipher)
        for cipher in ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"):
            self.assertIn(f"Cipher is {cipher}", self.hello("-tls1_2", "-cipher", cipher))

    def hello(self, *words):
        done = subprocess.run([need_peer("openssl"), "s_client", "-connect", f"127.0.0.1:{self.bench.port}", *words], capture_output=True, text=True,
                              input="", timeout=PATIENCE_S)
        return done.stdout + done.stderr

    def test_http_1_1_is_what_is_agreed_on(self):
        self.assertIn("ALPN protocol: http/1.1", self.hello("-alpn", "h2,http/1.1"))
        self.assertIn("Cipher is TLS_AES", self.hello())

    def test_hosts(self):
        port = self.bench.port
        for host, status in (("localhost", 200), ("127.0.0.1", 200), (socket.gethostname(), 200), ("evil.example", 421), ("localhost.evil.example", 421)):
            done = self.curl("-o", "/dev/null", "-w", "%{http_code}", "-H", f"Host: {host}:{port}", f"https://localhost:{port}/json")
            self.assertEqual(done.stdout, str(status), host)

    def test_no_strict_transport_with_a_certificate_of_its_own(self):
        done = self.curl("-D", "-", "-o", "/dev/null", "-H", f"Host: {socket.gethostname()}", f"https://localhost:{self.bench.port}/")
        self.assertIn("200 OK", done.stdout)
        self.assertNotIn("strict", done.stdout.lower())

    def test_plain_http_gets_no_answer_and_does_no_harm(self):
        with socket.create_connection(("127.0.0.1", self.bench.port), timeout=PATIENCE_S) as sock:
            sock.sendall(b"GET /json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            with contextlib.suppress(ConnectionError):
                while part := sock.recv(4096):
                    answer += part
        self.assertNotIn(b"pc.load", answer)
        self.bench.get("/json")

    def test_a_head_that_is_too_long(self):
        with self.bench.tls_socket() as sock:
            sock.sendall(b"GET /json HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(40)) + b"\r\n")
            answer = b""
            with contextlib.suppress(OSError):
                while part := sock.recv(4096):
                    answer += part
        self.assertRegex(answer, rb"^(HTTP/1.1 (431|413|400) |$)")
        self.bench.get("/json")

    def test_slow_requests_end(self):
        """A byte each second is no request: its time is over like everybody's."""
        began = time.monotonic()
        with self.bench.tls_socket() as sock:
            sock.settimeout(1)
            with self.assertRaises((OSError, EOFError)):
                for byte in b"GET /json HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * 600:
                    sock.send(bytes([byte]))
                    with contextlib.suppress(TimeoutError, ssl.SSLWantReadError):
                        if sock.recv(1) == b"":
                            raise EOFError
                    self.assertLess(time.monotonic() - began, PATIENCE_S)
        self.assertGreater(time.monotonic() - began, HANDSHAKE_LIMIT_S - 2)

    def test_half_a_handshake_costs_nothing_and_ends(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        with contextlib.suppress(ssl.SSLWantReadError):
            ssl._create_unverified_context().wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
        hello = outgoing.read()
        seconds = 4

        def cost():
            before = self.bench.serve_cpu_s()
            time.sleep(seconds)
            return self.bench.serve_cpu_s() - before

        idle = cost()
        for part in (b"", hello[:8], hello[: len(hello) // 2], hello):
            with socket.create_connection(("127.0.0.1", self.bench.port), timeout=PATIENCE_S) as sock:
                sock.sendall(part)
                spent = cost()
                # 2 % of a core, and what two ticks of the kernel's clock, or a busy machine, make of it
                self.assertLess(spent - idle, 0.04 * seconds + 0.05, (len(part), idle))
        with contextlib.ExitStack() as stack:
            halves = []
            for part in (b"", hello[:8], hello[: len(hello) // 2], hello):
                halves.append(stack.enter_context(socket.create_connection(("127.0.0.1", self.bench.port), timeout=PATIENCE_S)))
                halves[-1].sendall(part)
            began = time.monotonic()
            for sock in halves:
                with contextlib.suppress(ConnectionError):
                    while sock.recv(65536):  # until the server ends it
                        pass
            self.assertLess(time.monotonic() - began, HANDSHAKE_LIMIT_S + PATIENCE_S / 2)

    def test_many_half_handshakes_do_not_keep_others_out(self):
        with contextlib.ExitStack() as stack:
            halves = [stack.enter_context(socket.create_connection(("127.0.0.1", self.bench.port), timeout=PATIENCE_S)) for _ in range(300)]
            for sock in halves:
                sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01")
                sock.setblocking(False)

            def ended():
                self.bench.get("/json")
                gone = 0
                for sock in halves:
                    with contextlib.suppress(BlockingIOError):
                        try:
                            gone += sock.recv(64) == b""
                        except ConnectionError:
                            gone += 1
                return gone >= len(halves) - SHAKING_MAX
            wait_for("most of them are ended", ended)
        self.bench.get("/json")

    def test_a_thousand_idle_connections_are_bounded(self):
        before = self.bench.serve_memory_kib()
        with contextlib.ExitStack() as stack:
            for _ in range(400):
                stack.enter_context(self.bench.tls_socket())
            grown = self.bench.serve_memory_kib() - before
            self.bench.get("/json")
        if "asan" not in os.environ.get("MBC_BUILD", ""):
            self.assertLess(grown, 400 * 64)

    def test_a_stream_comes_through(self):
        with self.bench.tls_socket() as sock:
            sock.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            seen = b""
            while b"event: heartbeat" not in seen or b"event: update" not in seen:
                seen += sock.recv(65536)

    def test_commands_need_the_right_origin(self):
        port = self.bench.port
        url = f"https://localhost:{port}/api/v1/channels/pc.load"
        for origin, status in ((f"https://localhost:{port}", "401"), (f"http://localhost:{port}", "403"), ("https://evil.example", "403")):
            done = self.curl("-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT", "-H", f"Origin: {origin}", "-H", "Content-Type: application/json", "-d", "{}", url)
            self.assertEqual(done.stdout, status, origin)


MANY = 3000
LARGE = "\n".join(["links: {io: {tcp: \"127.0.0.1:1\"}}", "instruments:", "  pc: {use: system-monitor, every: 200 ms}", "  dev:", "    use: modbus", "    link: io", "    channels:"]
                  + [f"      r{n}: {{read: {{holding: {n}}}}}" for n in range(MANY)])


class Large(unittest.TestCase):
    """Answers of many records: libmicrohttpd sends one in a turn of its loop, and nothing else says that there is more."""

    @classmethod
    def setUpClass(cls):
        cls.bench = TlsBench("large", LARGE)
        cls.bench.__enter__()
        cls.addClassCleanup(cls.bench.__exit__, None, None, None)

    def read(self, path, pause=0):
        with self.bench.tls_socket() as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while part := sock.recv(16384):
                answer += part
                time.sleep(pause)
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertIn(b" 200 ", head.split(b"\r\n")[0])
        return head, body

    def test_they_come_as_fast_as_they_can(self):
        began = time.monotonic()
        for _ in range(5):
            _, body = self.read("/api/v1/channels")
            self.assertGreaterEqual(len(json.loads(body)["channels"]), MANY)
        self.assertLess(time.monotonic() - began, PATIENCE_S / 4)  # 0.1 s each; as turns in vain they took 5 s

    def test_the_first_picture_of_a_stream_comes_at_once(self):
        began = time.monotonic()
        with self.bench.tls_socket() as sock:
            sock.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            seen = 0
            while seen < MANY:
                seen += sock.recv(65536).count(b"event: update")
        self.assertLess(time.monotonic() - began, PATIENCE_S / 4)

    def test_readers_of_one_answer_at_different_speeds(self):
        """The same bytes out of the cache, in blocks: each has its own place in them."""
        seen, threads = [], []

        def visit(pause):
            seen.append(self.read("/xml", pause)[1])
        for n in range(8):
            threads.append(threading.Thread(target=visit, args=(0.002 * (n % 4),)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(seen), 8)
        for body in seen:
            self.assertEqual(body.count(b"<Terminal>"), body.count(b"</Terminal>"))
            self.assertGreaterEqual(body.count(b"<Terminal>"), MANY)
            self.assertTrue(body.strip().endswith(b"</Response>"))

    def test_what_was_recorded_comes_through(self):
        wait_for("some history", lambda: len(self.bench.ask("/api/v1/history/pc.load?points=10", expect=None) or "") > 0)
        _, body = self.read("/api/v1/history?channels=pc.load,pc.memory&from=-1h&format=csv")
        self.assertIn(b"pc.load", body)


class Renewal(unittest.TestCase):
    def bench_of_files(self, name, ends, **more):
        folder = pathlib.Path(self.enterContext(contextlib.closing(Folder())).path)
        authority = Authority(folder / "ca")
        self.cert, self.key = folder / "cert.pem", folder / "key.pem"
        authority.issue(self.cert, self.key, ends, **more)
        bench = self.enterContext(TlsBench(name, tls=f"{{cert: {self.cert}, key: {self.key}}}"))
        return bench, authority

    def test_a_new_certificate_while_a_stream_goes_on(self):
        days = datetime.timedelta(days=100)
        bench, authority = self.bench_of_files("renewal", days)
        first = self.cert.read_text()
        bench.wait_shown(first)
        with bench.tls_socket() as sock:
            sock.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            events = queue.Queue()
            threading.Thread(target=read_events, args=(sock, events), daemon=True).start()
            serve = bench.pids()["serve"]
            events.get(timeout=PATIENCE_S)

            # A key that does not fit: the old one stays.
            authority.issue(self.cert, authority.folder / "other.key", days)
            self.assertEqual(bench.mbc("reload").returncode, 0)
            bench.wait_event("certificate_refused")
            bench.wait_shown(first)
            self.assertIn("does not belong", bench.mbc("doctor").stdout)

            # Nor one that is over, nor a file that others may read.
            authority.issue(self.cert, self.key, datetime.timedelta(days=-1))
            bench.mbc("reload")
            bench.wait_event("certificate_refused", 2)
            bench.wait_shown(first)
            authority.issue(self.cert, self.key, days)
            self.key.chmod(0o644)
            bench.mbc("reload")
            bench.wait_event("certificate_refused", 3)
            bench.wait_shown(first)
            self.assertIn("chmod 600", bench.mbc("doctor").stdout)

            # By itself, without a reload, once the files are good.
            self.key.chmod(0o600)
            bench.wait_shown(self.cert.read_text())
            bench.wait_event("certificate_taken", 2)
            self.assertNotIn("chmod 600", bench.mbc("doctor").stdout)
            while not events.empty():
                events.get()
            for _ in range(5):
                self.assertIsNotNone(events.get(timeout=PATIENCE_S), "the stream has ended")
            self.assertEqual(bench.pids()["serve"], serve)

        # A serve that is killed comes back with what it showed last.
        good = self.cert.read_text()
        self.cert.write_text("nothing of use\n")
        os.kill(serve, signal.SIGKILL)
        wait_for("another serve", lambda: bench.pids().get("serve", serve) != serve)
        wait_for("it answers", lambda: bench.shown())
        bench.wait_shown(good)

    def test_an_rsa_chain_with_strict_transport(self):
        bench, _ = self.bench_of_files("rsa", datetime.timedelta(days=100), kind=("rsa:2048",))
        bench.wait_shown(self.cert.read_text())
        for host, is_told in (("bench.test", True), ("localhost", False), ("127.0.0.1", False)):
            done = subprocess.run([need_peer("curl"), "-sSk", "-D", "-", "-o", "/dev/null", "-H", f"Host: {host}:{bench.port}", f"https://localhost:{bench.port}/"],
                                  capture_output=True, text=True, timeout=PATIENCE_S)
            self.assertIn("200 OK", done.stdout)
            self.assertEqual("strict-transport-security: max-age=" in done.stdout.lower(), is_told, host)

    def test_ends_are_told(self):
        for n, (ends, days) in enumerate((({"days": 29, "hours": 12}, 30), ({"days": 6, "hours": 12}, 7), ({"hours": 12}, 1))):
            bench, _ = self.bench_of_files(f"ends{n}", datetime.timedelta(**ends))
            self.assertEqual(bench.wait_event("certificate_ends")[0]["values"][0], days)
            bench.process.stop()
            self.assertEqual(len(bench.events("certificate_ends")), 1)

    def test_the_end_comes_while_it_is_shown(self):
        bench, authority = self.bench_of_files("over", datetime.timedelta(seconds=25))
        bench.wait_event("certificate_ends")
        bench.wait_event("certificate_over")
        bench.get("/json")  # it is shown all the same
        self.assertIn("it is over", bench.mbc("doctor").stdout)
        authority.issue(self.cert, self.key, datetime.timedelta(days=100))
        bench.wait_shown(self.cert.read_text())
        wait_for("doctor is content", lambda: "it is over" not in bench.mbc("doctor").stdout)

    def test_one_that_is_made_anew(self):
        bench = self.enterContext(TlsBench("anew"))
        before = bench.shown()
        done = bench.mbc("certificate", "make", "--name", "bench-7.lab.example", "--days", "90")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("bench-7.lab.example", done.stdout)
        wait_for("another one", lambda: bench.shown() not in (None, before))
        bench.wait_shown(bench.mbc("certificate", "show", "--pem").stdout)

    def test_without_a_usable_file_nothing_is_shown_and_it_says_why(self):
        folder = pathlib.Path(self.enterContext(contextlib.closing(Folder())).path)
        bench = TlsBench("none", tls=f"{{cert: {folder}/missing.pem}}")
        self.addCleanup(bench.__exit__, None, None, None)
        bench.process = Process([bench.program, "run", bench.file], env=bench.environment, cwd=bench.folder)
        line = bench.process.wait_line("bench 'none': https://", "out")
        bench.port = int(re.search(r":(\d+)/", line)[1])
        bench.process.wait_line("missing.pem.*No such file")
        self.assertIsNone(bench.shown())
        authority = Authority(folder / "ca")
        authority.issue(folder / "cert.pem", folder / "key.pem", datetime.timedelta(days=90))
        both = folder / "both.pem"
        both.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
        both.chmod(0o600)
        both.replace(folder / "missing.pem")
        bench.wait_shown((folder / "cert.pem").read_text())

    def test_a_file_on_another_computer_is_refused(self):
        """Its server may hang, and the supervisor with it. The kind of file system is another one here than fstatfs() says."""
        folder = pathlib.Path(self.enterContext(contextlib.closing(Folder())).path)
        authority = Authority(folder / "ca")
        authority.issue(folder / "cert.pem", folder / "key.pem", datetime.timedelta(days=90))
        (folder / "remote.c").write_text("#include <string.h>\n#include <sys/vfs.h>\nint fstatfs(int fd, struct statfs *s) "
                                         "{ (void)fd; memset(s, 0, sizeof(*s)); s->f_type = 0x6969; return 0; }\n"
                                         "int fstatfs64(int fd, struct statfs *s);\nint fstatfs64(int fd, struct statfs *s) { return fstatfs(fd, s); }\n")
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "remote.so", folder / "remote.c"], check=True)
        bench = TlsBench("remote", tls=f"{{cert: {folder}/cert.pem, key: {folder}/key.pem}}")
        self.addCleanup(bench.__exit__, None, None, None)
        environment = dict(bench.environment, LD_PRELOAD=str(folder / "remote.so"),
                           ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")
        bench.process = Process([bench.program, "run", bench.file], env=environment, cwd=bench.folder)
        bench.process.wait_line("cert.pem' is on another computer")


class Folder:
    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="mbc-test-")

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Far(unittest.TestCase):
    """From another computer: an address of a network of its own, in which there is nobody else."""
    ADDRESS = "10.77.0.1"

    @staticmethod
    def own_network():
        """This process is in one: its loopback is up, and has an address that is none of loopback's."""
        def request(name, value):
            return struct.pack("16s16s", name, value)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            address = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(Far.ADDRESS))
            fcntl.ioctl(sock, 0x8914, request(b"lo", struct.pack("H14x", 0x1 | 0x40)))  # SIOCSIFFLAGS: up, running
            fcntl.ioctl(sock, 0x8916, request(b"lo:far", address))  # SIOCSIFADDR

    def test_in_a_network_of_its_own(self):
        if os.environ.get("MBC_TEST_FAR") is None:
            done = subprocess.run(["unshare", "--net", "/usr/bin/python3", __file__, "Far"], capture_output=True, text=True, timeout=5 * PATIENCE_S,
                                  env=dict(os.environ, MBC_TEST_FAR="1"))
            if "unshare" in done.stderr.partition("\n")[0]:
                self.skipTest("only root may make a network for itself")
            self.assertEqual(done.returncode, 0, done.stderr)
            return
        self.own_network()
        with TlsBench("far", address="0.0.0.0") as bench:
            def ask(address, path="/api/v1/channels", method="GET", body=None, **headers):
                connection = http.client.HTTPSConnection(address, bench.port, timeout=PATIENCE_S, context=ssl._create_unverified_context())
                with contextlib.closing(connection):
                    connection.request(method, path, body, headers)
                    answer = connection.getresponse()
                    return answer.status, answer.read().decode(), answer.getheader("Set-Cookie") or ""
            wait_for("it shows its certificate", lambda: bench.ask_once("/api/v1/channels")[0] == 200)
            status, text, _ = ask(self.ADDRESS)  # nobody has an account yet
            self.assertEqual(status, 401)
            self.assertIn("mbc user first", text)
            self.assertEqual(ask(self.ADDRESS, "/metrics")[0], 401)
            self.assertEqual(ask(self.ADDRESS, "/api/v1/stream")[0], 401)
            self.assertEqual(ask("127.0.0.1")[0], 200)
            token = bench.mbc("token", "add", "lims").stdout.split()[-1]
            wait_for("a token is known", lambda: ask(self.ADDRESS, Authorization=f"Bearer {token}")[0] == 200)
            stream = http.client.HTTPSConnection(self.ADDRESS, bench.port, timeout=PATIENCE_S, context=ssl._create_unverified_context())
            stream.request("GET", "/api/v1/stream", headers={"Authorization": f"Bearer {token}"})
            answer = stream.getresponse()
            self.assertTrue(answer.readline())
            bench.mbc("token", "remove", "lims")
            while answer.readline():  # it ends: nobody knows this token any more
                pass
            stream.close()
            done = subprocess.run([bench.program, "user", "add", "--role", "root", "maria", "--bench", bench.name], input="correct horse battery\n", text=True,
                                  env=bench.environment, cwd=bench.folder, capture_output=True, timeout=PATIENCE_S)
            self.assertEqual(done.returncode, 0, done.stderr)
            body = json.dumps({"name": "maria", "password": "correct horse battery"})

            def sign_in():
                return ask(self.ADDRESS, "/api/v1/session", "POST", body, **{"Content-Type": "application/json"})
            wait_for("there is an account", lambda: sign_in()[0] == 200, pause=0.3)
            cookie = sign_in()[2]
            self.assertRegex(cookie, rf"^__Host-mbc-session-{bench.port}=[0-9a-f]{{64}}; Path=/; HttpOnly; SameSite=Strict; Secure$")
            self.assertEqual(ask(self.ADDRESS, Cookie=cookie.partition(";")[0])[0], 200)
            self.assertEqual(ask(self.ADDRESS, Cookie=cookie.partition(";")[0].removeprefix("__Host-"))[0], 401)
            self.assertEqual(ask("127.0.0.1")[0], 401)
            subprocess.run([bench.program, "user", "add", "--may", "read", "--only", "pc.l*", "reader", "--bench", bench.name], input="correct horse battery\n", text=True,
                           env=bench.environment, cwd=bench.folder, capture_output=True, timeout=PATIENCE_S, check=True)
            body = json.dumps({"name": "reader", "password": "correct horse battery"})
            wait_for("the reader is known", lambda: sign_in()[0] == 200, pause=0.3)
            cookie = sign_in()[2].partition(";")[0]
            wait_for("the history answers", lambda: ask(self.ADDRESS, "/api/v1/history/pc.load_one", Cookie=cookie)[0] == 404)
            told = ask(self.ADDRESS, "/api/v1/history/pc.load_one", Cookie=cookie)[1]
            self.assertIn("may see", told)
            self.assertNotIn("did you mean", told)  # it would name others'


if __name__ == "__main__":
    unittest.main()
