"""What the integration tests share: benches, servers that behave, servers that do not, and their orderly end.

Everything listens on loopback, on free ports, lives in a temporary folder and ends with the test that started it.
"""
import contextlib
import http.client
import json
import os
import pathlib
import random
import queue
import re
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

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("MBC_BUILD", ROOT / "build"))
MBC = BUILD / "mbc"
PROGRAMS = ("mbc", "mbc-supervise", "mbc-compile", "mbc-control", "mbc-serve", "mbc-history", "mbc-query", "mbc-copy", "mbc-influx", "mbc-tiers", "mbc-postgres", "mbc-gate", "mbc-twin", "mbc-curl", "mbc-rehearse", "mbc-errand", "mbc-certificate", "mbc-backup", "mbc-hash", "mbc-public", "mbc-top", "mbc-alert")
HERE = pathlib.Path(__file__).resolve().parent
PATIENCE_S = 60  # how long anything may take on a busy machine before a test calls it broken


GIVEN = set()  # by free_port(), in this process


def free_port():
    """A port that nobody has. Below those that the kernel gives to connections, which would take it again before it is used."""
    while True:
        port = random.SystemRandom().randrange(10000, 32000)
        if port in GIVEN:
            continue
        with contextlib.suppress(OSError), socket.socket() as probe, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            probe.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port))
            GIVEN.add(port)
            return port


def wait_for(what, check, limit=PATIENCE_S, pause=0.02):
    """Ask until check() gives something true, and return it; what: for the message when it does not."""
    end = time.monotonic() + limit
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"after {limit} s still not: {what} (last answer {answer!r})")
        time.sleep(pause)


def need_peer(program):
    """The path of a program that a test talks to; its absence fails the run, since `make test` installs it."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path is None:
        raise unittest.SkipTest(f"peer {program} is missing: run `make test`, which installs it")
    return path


def recent_output(lines=30):
    """The last lines of every process that the running test has started."""
    return "".join(f"\n--- {' '.join(str(word)[-60:] for word in process.popen.args[:3])}\n" + "\n".join(process.text().splitlines()[-lines:])
                   for process in Process.recent if hasattr(process, "popen"))


def is_running(pid):
    """A process that has ended and was not yet collected by its parent does not run."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


class Process:
    """A program whose lines of output are kept as they come."""

    recent = []  # all that were started since the test began, for the report of a failure

    def __init__(self, command, **options):
        Process.recent.append(self)
        self.lines = {"out": [], "err": []}
        self.news = threading.Condition()
        options.setdefault("stdin", subprocess.DEVNULL)
        self.popen = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                      errors="replace", **options)
        self.readers = [threading.Thread(target=self._read, args=(name, pipe), daemon=True)
                        for name, pipe in (("out", self.popen.stdout), ("err", self.popen.stderr))]
        for reader in self.readers:
            reader.start()

    def _read(self, name, pipe):
        for line in pipe:
            with self.news:
                self.lines[name].append(line.rstrip("\n"))
                self.news.notify_all()
        pipe.close()

    @property
    def pid(self):
        return self.popen.pid

    def text(self):
        return "\n".join(self.lines["out"] + self.lines["err"])

    def find(self, pattern, stream=None):
        """Lines that hold the pattern."""
        streams = [stream] if stream else ["out", "err"]
        return [line for name in streams for line in list(self.lines[name]) if re.search(pattern, line)]

    def wait_line(self, pattern, stream=None, limit=PATIENCE_S, count=1):
        """The count-th line that holds the pattern."""
        end = time.monotonic() + limit
        with self.news:
            while len(self.find(pattern, stream)) < count:
                if self.popen.poll() is not None and not any(reader.is_alive() for reader in self.readers):
                    raise AssertionError(f"ended with {self.popen.returncode} before it printed {pattern!r}:\n{self.text()}")
                if time.monotonic() > end:
                    raise AssertionError(f"after {limit} s no line with {pattern!r}:\n{self.text()}")
                self.news.wait(0.1)
            return self.find(pattern, stream)[count - 1]

    def stop(self, limit=PATIENCE_S):
        """SIGTERM, SIGKILL when that is not enough; the exit code."""
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(limit)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        for reader in self.readers:
            reader.join(2)
        return self.popen.returncode


class Bench:
    """A running bench: `with Bench(name, text) as bench`. text: YAML without `bench:` and `serve:`.

    programs: the folder of the programs, when it is not the build's own (copy_programs).
    """

    def __init__(self, name, text, serve=True, programs=BUILD):
        self.name = name
        self.program = programs / "mbc"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mbc-test-"))
        self.file = self.folder / "bench.yaml"
        self.environment = dict(os.environ, MBC_RUN_DIR=str(self.folder / "run"), MBC_STATE_DIR=str(self.folder / "state"),
                                MBC_USERS="one")  # folders and lines of a test are its user's own
        for sub in ("run", "state"):
            (self.folder / sub).mkdir(mode=0o700)
        self.has_serve = serve
        self.write(text)
        self.process = None

    def write(self, text):
        serve = 'serve: {listen: "127.0.0.1:0"}\n' if self.has_serve else "serve: no\n"
        self.file.write_text(f"bench: {self.name}\n{serve}{text}\n")

    def __enter__(self):
        try:
            self.process = Process([self.program, "run", self.file], env=self.environment, cwd=self.folder)
            line = self.process.wait_line(rf"bench '{self.name}': https?://", "out")
            self.port = int(re.search(r":(\d+)/", line)[1])
            wait_for("the first picture", lambda: self.ask("/api/v1/bench", expect=None))
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, error, trace):
        if self.process is not None:
            pids = self.pids()
            self.process.stop()
            for pid in pids.values():  # a supervisor that was killed leaves none behind; make sure
                if is_running(pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, path, expect=200):
        """An answer of the API: its body and the type of it. expect: its status; None: nothing while it is not 200.

        A data server that has just started again has no picture yet, and says so: it is asked again."""
        end = time.monotonic() + PATIENCE_S
        while True:
            status, body, kind = self.ask_once(path)
            if expect != 200 or status != 503 or b"problem:no-board" not in body or time.monotonic() > end:
                break
            time.sleep(0.05)
        if expect is None and status != 200:
            return None
        if status != (expect or 200):
            raise AssertionError(f"GET {path}: {status} {body[:500]}")
        return body, kind

    def ask_once(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.getheader("Content-Type", "")

    def body(self, path):
        return self.ask(path)[0]

    def get(self, path, expect=200):
        """A decoded answer of the API (JSON), or its text for other types."""
        body, kind = self.ask(path, expect)
        return json.loads(body) if "json" in kind else body.decode()

    def channels(self):
        return {channel["name"]: channel for channel in self.get("/api/v1/channels")["channels"]}

    def channel(self, name):
        return self.get("/api/v1/channels/" + name)

    def value(self, name):
        return self.channel(name)["value"]

    def wait_value(self, name, value, limit=PATIENCE_S):
        wait_for(f"{name} = {value}", lambda: self.value(name) == value, limit)

    def wait_good(self, *names, limit=PATIENCE_S):
        wait_for(f"{names} good", lambda: all(self.channel(name)["quality"] == "good" for name in names), limit)

    def wait_reason(self, name, *reasons, limit=PATIENCE_S):
        """Wait until a channel is bad for one of these reasons; the reason."""
        def look():
            channel = self.channel(name)
            return channel["quality"] == "bad" and channel["reason"] in reasons and channel["reason"]
        return wait_for(f"{name} bad: {reasons}", look, limit)

    @contextlib.contextmanager
    def stream(self, names=()):
        """An open event stream: a queue of (event, data) that ends with None when the server closes it."""
        events = queue.Queue()
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        query = "?channels=" + ",".join(names) if names else ""
        sock.sendall(f"GET /api/v1/stream{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        reader = threading.Thread(target=read_events, args=(sock, events), daemon=True)
        reader.start()
        try:
            yield events
        finally:
            sock.shutdown(socket.SHUT_RDWR) if sock.fileno() >= 0 else None
            reader.join(5)
            sock.close()

    def mbc(self, *words, limit=PATIENCE_S):
        """Run the command line against this bench: the finished process."""
        return subprocess.run([str(self.program), *words], env=self.environment, capture_output=True, text=True, timeout=limit, cwd=self.folder)

    def pids(self):
        """Process id of each of the bench's own processes by its short name, as the kernel tells them."""
        found = {"supervise": self.process.pid}
        for child in children(self.process.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found[pathlib.Path(f"/proc/{child}/comm").read_text().strip().removeprefix("mbc-")] = child
        return found

    def reload(self, text):
        self.write(text)
        os.kill(self.process.pid, signal.SIGHUP)


def copy_programs(folder):
    """The programs of mbc in a folder of the test's own, which every user may enter; the folder."""
    folder.chmod(0o755)
    for name in PROGRAMS:
        shutil.copy2(BUILD / name, folder / name)
        (folder / name).chmod(0o755)
    return folder


@contextlib.contextmanager
def hung_successors(bench, programs):
    """Kill the controller of a bench whose programs are copies, and let every successor hang; gives the time of the death."""
    control, aside = programs / "mbc-control", programs / "real-control"
    control.rename(aside)
    control.write_text("#!/bin/sh\nexec sleep 1000\n")
    control.chmod(0o755)
    victim, began = bench.pids()["control"], time.monotonic()
    os.kill(victim, signal.SIGKILL)
    try:
        yield began
    finally:
        aside.replace(control)
        for pid in children(bench.process.pid):  # supervise would wait 5 s for its first tick
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "sleep":
                    os.kill(pid, signal.SIGKILL)


def children(pid):
    """Process ids of the children of all threads of a process."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in os.listdir(f"/proc/{pid}/task"):
            found += [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split()]
    return found


def read_events(sock, events):
    """Take server-sent events from a connection, whatever way its bytes are framed."""
    kind, data = "message", []
    with contextlib.suppress(OSError, ValueError), sock.makefile("rb") as stream:
        for raw in stream:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if line.startswith("event:"):
                kind = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].strip())
            elif line == "" and data:
                events.put((kind, json.loads("\n".join(data))))
                kind, data = "message", []
    events.put(None)


class Twin(Process):
    """`mbc twin FILE` for a bench file, waited for until its ports answer."""

    def __init__(self, file, ports, environment):
        super().__init__([MBC, "twin", file], env=environment)
        try:
            for port in ports:
                wait_for(f"port {port} of the twin", lambda port=port: self.popen.poll() is not None or can_connect(port))
            if self.popen.poll() is not None:
                raise AssertionError("the twin ended: " + self.text())
        except BaseException:
            self.stop()
            raise


def can_connect(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


NGINX = """
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    {http}
}}
"""


def start_nginx(test, folder, port, http):
    """nginx with `http` in its block of this name, once it listens, until the test ends. It keeps all it writes in the folder."""
    folder.chmod(0o755)  # the worker of a root nginx is another user
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, http=http))
    server = Process([need_peer("nginx"), "-c", config, "-e", folder / "error.log"])
    test.addCleanup(server.stop)
    wait_for("nginx listens", lambda: server.popen.poll() is not None or can_connect(port))
    if server.popen.poll() is not None:
        raise AssertionError("nginx ended: " + server.text())


class Device:
    """A Modbus TCP server on a thread, whose manners a test may spoil while it runs.

    holding: dict of register -> word; others give exception 2. faults, read before each answer:
        silent: never answers; half: cuts the answer in the middle and goes on; foreign: another transaction id;
        close: closes at once; accept_only: takes connections and reads nothing; refuse: set of bad registers.
    log: (time, unit, function, address, count) of every request.
    """

    def __init__(self, holding=None, port=0):
        self.holding = dict(holding or {})
        self.fault = ""
        self.refuse = set()
        self.log = []
        self.connects = 0
        self.is_over = False
        self.open = set()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_over = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in list(self.open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(5)

    def _accept(self):
        while not self.is_over:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connects += 1
            self.open.add(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with contextlib.suppress(OSError), sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not self.is_over:
                if self.fault == "close":
                    break
                head = read_exactly(sock, 7)
                if head is None:
                    break
                tid, _, length, unit = struct.unpack(">HHHB", head)
                pdu = read_exactly(sock, length - 1)
                if pdu is None:
                    break
                self._answer(sock, tid, unit, pdu)
        self.open.discard(sock)

    def _answer(self, sock, tid, unit, pdu):
        function, address, count = pdu[0], *(struct.unpack(">HH", pdu[1:5]) if len(pdu) >= 5 else (0, 0))
        self.log.append((time.monotonic(), unit, function, address, count))
        wanted = range(address, address + count)
        if self.fault == "silent":
            return
        if function != 3:
            answer = bytes([function | 0x80, 1])
        elif any(register in self.refuse or register not in self.holding for register in wanted):
            answer = bytes([function | 0x80, 2])
        else:
            answer = bytes([function, 2 * count]) + b"".join(struct.pack(">H", self.holding[register]) for register in wanted)
        if self.fault == "foreign":
            tid = (tid + 77) & 0xFFFF
        frame = struct.pack(">HHHB", tid, 0, len(answer) + 1, unit) + answer
        sock.sendall(frame[: len(frame) // 2] if self.fault == "half" else frame)

    def reads(self, since=0.0):
        """Times of the reads since a moment."""
        return [stamp for stamp, _, function, _, _ in list(self.log) if function == 3 and stamp >= since]


def read_exactly(sock, n):
    """n bytes, or None when the connection ends before."""
    parts = b""
    while len(parts) < n:
        part = sock.recv(n - len(parts))
        if not part:
            return None
        parts += part
    return parts


def widest_gap(stamps):
    """The longest time between two neighbours of a list of times."""
    return max((later - earlier for earlier, later in zip(stamps, stamps[1:])), default=float("inf"))


class Silent:
    """A port whose connections the kernel accepts and nobody ever reads."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        return self

    def __exit__(self, *_):
        self.listener.close()


class Full:
    """A port whose queue of connections is full: the kernel drops every further attempt, as a dead host does."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port = self.listener.getsockname()[1]
        self.waiting = []
        for _ in range(8):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", self.port))
            self.waiting.append(sock)
        return self

    def __exit__(self, *_):
        for sock in (*self.waiting, self.listener):
            sock.close()
