#!/usr/bin/python3
"""Measure what the issues give figures for, each beside its limit: perf/run.py BUILD [NAME...]

Prints a table while it runs and a Markdown block for perf/RESULTS.md at the end. It never fails because of a figure:
figures belong to a machine and an hour. perf/README.md tells what each one means.
"""
import contextlib
import datetime
import fcntl
import http.client as http_client
import json
import sqlite3
import math
import os
import pathlib
import platform
import random
import re
import select
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
if len(sys.argv) < 2:
    sys.exit(__doc__)
BUILD = pathlib.Path(sys.argv[1]).resolve()
os.environ["MBC_BUILD"] = str(BUILD)
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/integration"))
from harness import Bench, Process, free_port, wait_for  # noqa: E402 (it reads MBC_BUILD)

ROUNDS = 5
KILLS = 20
TICK_S = 50  # the histogram is of the last one to two minutes
rows = []


def row(what, value, limit, note=""):
    rows.append((what, value, limit, note))
    print(f"{what:58} {value:>16}  limit {limit:14} {note}", flush=True)


def cpu_s(pid):
    """Processor time of all threads of a process, from the scheduler's own nanoseconds."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        total += int(pathlib.Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
    return total / 1e9


class Load(Process):
    """perf/modbus_load_server: its ports, and what it has answered so far."""

    def __init__(self, devices, delay_us):
        super().__init__([BUILD / "perf/modbus_load_server", devices, delay_us])
        self.ports = self.wait_line("^ports").split()[1:]
        self.asked = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def counts(self):
        self.asked += 1
        self.popen.send_signal(signal.SIGUSR1)
        words = self.wait_line("^requests", count=self.asked).split()
        return int(words[1]), int(words[3])


class Line(Process):
    """perf/line_emulator: a serial line on a pseudo-terminal with true character times. It hurries where it may."""

    def __init__(self, path, baud, *options):
        hurry = ["--realtime", 20] if may_hurry() else []
        super().__init__([BUILD / "perf/line_emulator", "--link", path, "--baud", baud, "--spin", 100, *hurry, *options])
        self.path, self.baud = path, baud
        self.ready_s = int(self.wait_line("^ready").split()[1]) / 1e9  # of time.monotonic()
        self.asked = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def counts(self):
        """What the line has seen since the last call."""
        self.asked += 1
        self.popen.send_signal(signal.SIGUSR1)
        return json.loads(self.wait_line("^{", count=self.asked))

    def counts_while(self, do):
        self.counts()
        do()
        return self.counts()

    def bare(self, registers, seconds):
        return self.counts_while(lambda: run_quietly("bare_line", self.path, self.baud, 1, registers, seconds))

    def libmodbus(self, registers, seconds, silence_us):
        return self.counts_while(lambda: run_quietly("libmodbus_loop", self.path, self.baud, "8E1", 1, registers, seconds, silence_us))


def run_quietly(program, *words):
    """One of the programs here, to its end."""
    file = BUILD / "perf" / program
    if not file.exists():
        raise SystemExit(f"perf: {program} is not built: install libmodbus-dev and set the build up anew")
    subprocess.run([str(word) for word in (file, *words)], stdout=subprocess.DEVNULL, check=True)


def may_hurry():
    """May programs that are started here ask for SCHED_FIFO?"""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return False
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return True


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory(prefix="mbc-perf-") as folder:
        yield pathlib.Path(folder)


def line_text(path, baud, units, blocks, per_block, every, timeout):
    """A bench with `units` instruments on one serial line, each with `blocks` groups of registers that no request can join."""
    lines = ["tick: 100 ms", "links:", f"  loop: {{serial: {path}, line: {baud} 8E1}}", "instruments:"]
    for unit in range(1, units + 1):
        lines += [f"  u{unit}:", "    use: modbus", "    link: loop", f"    unit: {unit}", f"    every: {every}", f"    timeout: {timeout}",
                  "    max_gap: 0", "    max_block: 125", "    channels:"]
        lines += [f"      r{1000 * block + r}: {{read: {{holding: {1000 * block + r}, type: uint16}}}}"
                  for block in range(blocks) for r in range(per_block)]
    return "\n".join(lines)


def bench_text(ports, blocks, per_block, every, tick="100 ms", spacing=1000, link=""):
    """A bench with an instrument for each port: `blocks` groups of `per_block` neighbouring registers, far apart."""
    lines = [f"tick: {tick}", "links:"]
    lines += [f"  l{n}: {{tcp: \"127.0.0.1:{port}\"{link}}}" for n, port in enumerate(ports)]
    lines += ["instruments:"]
    for n in range(len(ports)):
        lines += [f"  d{n}:", "    use: modbus", f"    link: l{n}", f"    every: {every}", "    timeout: 1 s", "    channels:"]
        lines += [f"      r{block * per_block + r}: {{read: {{holding: {block * spacing + r}, type: uint16}}}}"
                  for block in range(blocks) for r in range(per_block)]
    return "\n".join(lines)


def settle(bench, names, seconds=2.0):
    bench.wait_good(*names, limit=30)
    time.sleep(seconds)


def per_million():
    """Processor time per million values, mbc's control beside a bare loop, in turn."""
    ours, bare, lost = [], [], 0
    with Load(100, 0) as load:
        text = bench_text(load.ports, 1, 100, "100 ms")
        for n in range(ROUNDS):
            with Bench(f"perf-{n}", text) as bench:
                settle(bench, ["d0.r0", "d99.r99", "mbc.control.ticks_lost"])
                control = bench.pids()["control"]
                before, values = cpu_s(control), load.counts()[1]
                time.sleep(5)
                ours.append((cpu_s(control) - before) / (load.counts()[1] - values) * 1e9)
                lost += bench.value("mbc.control.ticks_lost")
            out = subprocess.run([BUILD / "perf/bare_loop", "100", "100", "3", *load.ports], capture_output=True, text=True, check=True)
            words = out.stdout.split()
            bare.append(int(words[3]) * 1e3 / int(words[1]))
    mine, least = statistics.median(ours), statistics.median(bare)
    row("processor time per million values, 100 x 100 / 100 ms", f"{mine:.0f} ms", "", f"ticks lost: {lost:.0f}")
    row("  the bare loop, same devices", f"{least:.0f} ms", "")
    row("  ratio", f"{mine / least:.2f} x", "<= 2 x")


def saturation():
    """30 devices that answer after 5 ms, one request under way on each: how near to 30 / 5 ms, beside a bare loop in turn."""
    ours, bare = [], []
    with Load(30, 5000) as load:
        text = bench_text(load.ports, 6, 1, "10 ms", link=", pipeline: no")
        for n in range(ROUNDS):
            with Bench(f"sat-{n}", text) as bench:
                settle(bench, ["d0.r0", "d29.r5"])
                ours.append(request_rate(load, lambda: time.sleep(3)))
            bare.append(request_rate(load, lambda: subprocess.run([BUILD / "perf/bare_loop", "1", "0", "3", *load.ports],
                                                                  stdout=subprocess.DEVNULL, check=True)))
    rate, most = statistics.median(ours), statistics.median(bare)
    row("30 devices answering after 5 ms", f"{rate:.0f} /s", "", "of 6000 /s")
    row("  share of what is possible", f"{rate / 6000 * 100:.1f} %", ">= 90 %", f"the bare loop, same devices: {most / 6000 * 100:.1f} %")


def request_rate(load, do):
    """Requests a second that the devices get while do() runs."""
    before, began = load.counts()[0], time.monotonic()
    do()
    return (load.counts()[0] - before) / (time.monotonic() - began)


def memory():
    """Proportional share of memory of all processes of a bench."""
    with Load(30, 1000) as load, Bench("mem", bench_text(load.ports, 1, 20, "1 s")) as bench:
        settle(bench, ["d0.r0", "d29.r19"])
        for path in ("/api/v1/channels", "/xml", "/json", "/metrics"):
            bench.get(path)
        parts = {name: pss_kib(pid) for name, pid in bench.pids().items()}
    row("memory (PSS), 30 instruments x 20 channels", f"{sum(parts.values()) / 1024:.1f} MB", "<= 10 MB",
        ", ".join(f"{name} {kib / 1024:.1f}" for name, kib in parts.items()))


def pss_kib(pid):
    return int(re.search(r"^Pss:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])


def start():
    """From the start of `mbc run` to the first answer over HTTP that shows a good value; 10 instruments, 1 000 channels."""
    times = []
    with Load(10, 0) as load:
        text = bench_text(load.ports, 1, 100, "100 ms")
        for n in range(2 * ROUNDS):
            bench = Bench(f"start-{n}", text)
            began = time.monotonic()
            with bench:
                wait_for("a good value", lambda bench=bench: bench.channel("d9.r99")["quality"] == "good", pause=0.001)
                times.append((time.monotonic() - began) * 1000)
    row("start to first good value over HTTP, 1 000 channels", f"{statistics.median(times):.0f} ms", "<= 150 ms",
        f"fastest {min(times):.0f}, slowest {max(times):.0f}")


@contextlib.contextmanager
def nginx(bodies, pem=None):
    """nginx with one worker and a static file for each body: its address. pem: with TLS, by this file of a certificate and its key."""
    port = free_port()
    tls = f"ssl_certificate {pem}; ssl_certificate_key {pem}; ssl_protocols TLSv1.2 TLSv1.3; ssl_ecdh_curve X25519;" if pem else ""
    with tempfile.TemporaryDirectory(prefix="mbc-perf-") as folder:
        os.chmod(folder, 0o755)  # the worker of a root nginx is another user
        for name, body in bodies.items():
            (pathlib.Path(folder) / name).write_bytes(body)
        config = pathlib.Path(folder) / "nginx.conf"
        config.write_text(f"""worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 256; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=16;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s; default_type application/json;
  server {{ listen 127.0.0.1:{port}{" ssl" if pem else ""}; {tls} root {folder}; }} }}
""")
        server = Process([shutil.which("nginx") or "/usr/sbin/nginx", "-c", config, "-e", f"{folder}/error"])
        try:
            wait_for("nginx listens", lambda: (pathlib.Path(folder) / "pid").exists())
            time.sleep(0.2)
            workers = subprocess.run(["ps", "--ppid", str(server.pid), "-o", "pid="], capture_output=True, text=True).stdout.split()
            yield f"http{'s' if pem else ''}://127.0.0.1:{port}/", int(workers[0])
        finally:
            server.stop()


def wrk(url, pid):
    """Requests a second and processor microseconds of the server's process for each."""
    before = cpu_s(pid)
    out = subprocess.run(["wrk", "-t1", "-c16", "-d2s", url], capture_output=True, text=True, check=True).stdout
    spent = cpu_s(pid) - before
    if "Non-2xx" in out:
        raise SystemExit(f"perf: {url} gave errors:\n{out}")
    return float(re.search(r"Requests/sec:\s*([\d.]+)", out)[1]), spent / int(re.search(r"(\d+) requests in", out)[1]) * 1e6


def http():
    """Our answers beside nginx's static files of the same size, 16 kept-alive connections, in turn."""
    with Load(1, 0) as load, Bench("http", bench_text(load.ports, 1, 100, "1 s")) as bench:
        settle(bench, ["d0.r0"])
        whole = bench.get("/api/v1/channels")["channels"]
        names = []  # as many channels as make a picture of 2 KB
        while len(names) < len(whole) and len(picture(bench, names)) < 2048:
            names.append(whole[len(names)]["name"])
        paths = {"one": "/api/v1/channels/d0.r0", "picture": "/api/v1/channels?names=" + ",".join(names)}
        bodies = {name: bench.body(path) for name, path in paths.items()}
        serve = bench.pids()["serve"]
        with nginx(bodies) as (base, worker):
            for name, title in (("one", "GET /channels/{name}"), ("picture", "GET of a picture")):
                ours, theirs = [], []
                for _ in range(ROUNDS):
                    ours.append(wrk(f"http://127.0.0.1:{bench.port}{paths[name]}", serve))
                    theirs.append(wrk(base + name, worker))
                rate, other = (statistics.median(pair[0] for pair in side) for side in (ours, theirs))
                cost, other_cost = (statistics.median(pair[1] for pair in side) for side in (ours, theirs))
                row(f"{title}, {len(bodies[name])} bytes, 16 connections", f"{rate:.0f} /s", "", f"nginx {other:.0f} /s")
                row("  ratio of requests a second", f"{rate / other:.2f} x", ">= 1.0 x")
                row("  processor time of a request", f"{cost:.1f} us", "", f"nginx {other_cost:.1f} us")


class Encrypted(Bench):
    """A bench whose data server speaks TLS, with a certificate of its own."""

    def write(self, text):
        self.file.write_text(f'bench: {self.name}\nserve: {{listen: "127.0.0.1:0", tls: own}}\n{text}\n')

    def ask_once(self, path):
        with contextlib.suppress(OSError):
            connection = http_client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=ssl._create_unverified_context())
            with contextlib.closing(connection):
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read(), answer.getheader("Content-Type", "")
        return 503, b"", ""


def tls():
    """The same answers through TLS 1.3 beside nginx with the same certificate; then a thousand streams at 10 Hz."""
    with Load(1, 0) as load, Encrypted("tls", bench_text(load.ports, 1, 100, "1 s")) as bench:
        wait_for("a value", lambda: bench.channel("d0.r0")["quality"] == "good")
        serve = bench.pids()["serve"]
        path = "/api/v1/channels/d0.r0"
        with nginx({"one": bench.body(path)}, bench.folder / "state/tls/certificate.pem") as (base, worker):
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(wrk(f"https://127.0.0.1:{bench.port}{path}", serve))
                theirs.append(wrk(base + "one", worker))
        rate, other = (statistics.median(pair[0] for pair in side) for side in (ours, theirs))
        cost, other_cost = (statistics.median(pair[1] for pair in side) for side in (ours, theirs))
        row("GET /channels/{name} through TLS, 16 connections", f"{rate:.0f} /s", "", f"nginx with TLS {other:.0f} /s")
        row("  ratio of requests a second", f"{rate / other:.2f} x", ">= 0.8 x")
        row("  processor time of a request", f"{cost:.1f} us", "", f"nginx {other_cost:.1f} us")
    streams()


def streams(clients=1000, seconds=10):
    """Clients of the event stream through TLS, each with ten changes a second."""
    with Load(1, 0) as load, Encrypted("streams", bench_text(load.ports, 1, 1, "100 ms") + "\nchannels:\n  v: {read: d0.r0, history: every}") as bench, contextlib.ExitStack() as stack:
        wait_for("a value", lambda: bench.channel("v")["quality"] == "good")
        serve = bench.pids()["serve"]
        before = pss_kib(serve)
        context = ssl._create_unverified_context()
        poll = select.epoll()
        socks = {}
        for _ in range(clients):
            sock = stack.enter_context(context.wrap_socket(socket.create_connection(("127.0.0.1", bench.port))))
            sock.sendall(b"GET /api/v1/stream?channels=v HTTP/1.1\r\nHost: localhost\r\n\r\n")
            sock.setblocking(False)
            socks[sock.fileno()] = [sock, 0]
            poll.register(sock.fileno(), select.EPOLLIN)

        def read(until):
            while time.monotonic() < until:
                for fd, _ in poll.poll(0.2):
                    with contextlib.suppress(ssl.SSLWantReadError):
                        while part := socks[fd][0].recv(65536):
                            socks[fd][1] += part.count(b"event: ")
        read(time.monotonic() + 2)
        for entry in socks.values():
            entry[1] = 0
        spent, lost = cpu_s(serve), bench.get("/api/v1/bench")["ticks_lost"]
        began = time.monotonic()
        read(began + seconds)
        took = time.monotonic() - began
        spent = cpu_s(serve) - spent
        events = sorted(entry[1] for entry in socks.values())
        row(f"{clients} event streams through TLS", f"{statistics.median(events) / took:.1f} events/s each", "all served",
            f"the least {events[0] / took:.1f}, the most {events[-1] / took:.1f}; {percent(spent / took)} of a core, "
            f"{(pss_kib(serve) - before) / clients:.1f} KiB each, {bench.get('/api/v1/bench')['ticks_lost'] - lost} ticks lost")


def picture(bench, names):
    return bench.body("/api/v1/channels?names=" + ",".join(names)) if names else b""


def check():
    """Processor and wall time of `mbc check` on a file of 10 000 channels."""
    with tempfile.TemporaryDirectory(prefix="mbc-perf-") as folder:
        file = pathlib.Path(folder) / "big.yaml"
        file.write_text("bench: big\n" + bench_text(range(10000, 10100), 1, 100, "1 s") + "\n")
        times = []
        for _ in range(ROUNDS):
            began = time.monotonic()
            subprocess.run([BUILD / "mbc", "check", file], check=True, stdout=subprocess.DEVNULL)
            times.append(time.monotonic() - began)
        row("bench file of 10 000 channels checked", f"{statistics.median(times):.2f} s", "<= 0.5 s", f"{file.stat().st_size // 1024} KiB")


def top():
    """`mbc top` on 10 000 channels that follow the load of the machine, in a terminal of 100 x 40."""
    from terminal import Terminal  # it needs pyte
    channels = "".join(f"  c{n}: {{calc: pc.load + {n}, range: [0, {n + 100}], title: Channel {n} of many}}\n" for n in range(10000))
    with Bench("many", f"instruments:\n  pc: {{use: system-monitor}}\nchannels:\n{channels}") as bench:
        for order in ("bench", "change"):
            with Terminal([BUILD / "mbc", "top", "--sort", order], dict(bench.environment, TERM="linux", LC_ALL="C.UTF-8"), 100, 40) as t:
                t.wait_text("running")
                time.sleep(5)
                cpu, sent, began = cpu_s(t.pid), len(t.raw), time.monotonic()
                time.sleep(20)
                span = time.monotonic() - began
                anon = re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{t.pid}/status").read_text())[1]
                row(f"mbc top on 10 000 channels, by {order}", percent((cpu_s(t.pid) - cpu) / span), "<= 5 %",
                    f"of a core; {(len(t.raw) - sent) / span:.0f} B/s to the terminal, {anon} KiB of its own")


def serial():
    """One unit on a line with true character times: mbc, the bare loop and libmodbus, beside what the characters allow."""
    for baud, registers, least in [(baud, n, 97) for baud in (9600, 19200) for n in (1, 10, 50, 125)] + [(115200, 10, 95)]:
        with scratch() as folder, Line(folder / "line", baud) as line:
            with Bench("serial", line_text(line.path, baud, 1, 4, registers, "10 ms", "1 s")) as bench:
                settle(bench, ["u1.r0", f"u1.r{3000 + registers - 1}"])
                ours = line.counts_while(lambda: time.sleep(6))
                check_words(bench)
            bare = line.bare(registers, 4)
            peer, hasty = line.libmodbus(registers, 4, int(ours["silence_us"]) + 1), line.libmodbus(registers, 1, 0)
        row(f"serial line, {baud} 8E1, {registers} registers", f"{ours['rate']:.2f} /s", "", f"of {ours['limit']:.2f} /s; libmodbus "
            f"and a sleep of t3.5: {peer['rate']:.2f} /s, without: {hasty['rate']:.2f} /s")
        row("  share of what the characters allow", percent(ours["share"]), f">= {least} %",
            f"by the median {percent(median_share(ours))}; the bare loop {percent(bare['share'])}, {percent(median_share(bare))}; "
            f"libmodbus and a sleep {percent(peer['share'])}, {percent(median_share(peer))}")
        row("  silences broken, collisions, bad requests", faults(ours), "0, 0, 0",
            f"of {ours['requests']}; libmodbus and a sleep {faults(peer)} of {peer['requests']}, without {faults(hasty)} of {hasty['requests']}")
        row("  overhead of a transaction, p50 and p99", overhead(ours), "",
            f"the bare loop {overhead(bare)}, libmodbus and a sleep {overhead(peer)}; of these the line's own lateness "
            f"{ours['late_last_p50_us']}, {ours['late_last_p99_us']} us")


def check_words(bench):
    """Registers of the line hold 1000 x unit + address: a figure of wrong values is none."""
    wrong = [channel["name"] for channel in bench.get("/api/v1/channels")["channels"]
             if channel["name"].startswith("u1.r") and channel["value"] != 1000 + int(channel["name"].removeprefix("u1.r"))]
    if wrong:
        raise SystemExit(f"perf: the line gave other values than {wrong} show")


def median_share(counts):
    """The share with the median overhead for all: what neighbours on the machine did to a few transactions does not count."""
    least_us = 1e6 / counts["limit"]
    return least_us / (least_us + counts["over_p50_us"])


def overhead(counts):
    return f"{counts['over_p50_us']}, {counts['over_p99_us']} us"


def percent(share):
    return f"{share * 100:.1f} %"


def faults(counts):
    return f"{counts['violations']}, {counts['collisions']}, {counts['bad_requests']}"


def dead():
    """One silent unit among 32 that share a line: the part of the wire's time that it takes once it is known to be dead."""
    silent, live = 17, [unit for unit in range(1, 33) if unit != 17]
    with scratch() as folder, Line(folder / "line", 19200, "--units", 32, "--dead", silent) as line, \
            Bench("dead", line_text(line.path, 19200, 32, 1, 10, "10 ms", "300 ms")) as bench:
        bench.wait_good(*(f"u{unit}.r0" for unit in live), limit=60)
        first = line.counts_while(lambda: time.sleep(20))
        time.sleep(50)  # the back-off grows to 30 s
        steady = line.counts_while(lambda: time.sleep(120))  # four of them
        row("one dead unit among 32, 19200 8E1: share of wire time", percent(steady["dead_share"]), "<= 2 %",
            f"asked {steady['dead']} times in {steady['seconds']:.0f} s; in the first 20 s {percent(first['dead_share'])}")
        shares = [steady["unit_share"][unit] for unit in live]
        row("  the live ones, least and most of the wire", f"{percent(min(shares))}, {percent(max(shares))}", "",
            f"{steady['transactions'] / steady['seconds']:.1f} transactions a second of {steady['limit']:.1f}; faults {faults(steady)}")
        line.popen.send_signal(signal.SIGUSR2)
        began = time.monotonic()
        bench.wait_good(f"u{silent}.r0", limit=120)
        row("  alive again to first good value", f"{time.monotonic() - began:.1f} s", "<= 30 s", "within the back-off")


def pipeline():
    """64 requests that cannot be joined to one device that answers each 5 ms after it came: one under way, and as many as it allows."""
    rates = {}
    with Load(1, 5000) as load:
        for mode in ("no", "auto"):
            with Bench(f"pipeline-{mode}", bench_text(load.ports, 64, 1, "10 ms", link=f", pipeline: {mode}")) as bench:
                settle(bench, ["d0.r0", "d0.r63"], seconds=5)
                rates[mode] = request_rate(load, lambda: time.sleep(3))
    row("one device answering after 5 ms, pipeline: no", f"{rates['no']:.0f} /s", "", "of 200 /s")
    row("  pipeline: auto", f"{rates['auto']:.0f} /s", "", "wanted: 6400 /s")
    row("  ratio", f"{rates['auto'] / rates['no']:.1f} x", ">= 8 x")


def comeback():
    """A serial adapter pulled and put back under its name: from there to a good value over HTTP."""
    times, chance = [], random.Random(1)
    with scratch() as folder:
        line = Line(folder / "line", 19200)
        try:
            with Bench("comeback", line_text(line.path, 19200, 1, 1, 1, "100 ms", "300 ms")) as bench:
                for _ in range(20):
                    bench.wait_good("u1.r0", limit=60)
                    line.stop()
                    wait_for("the loss is seen", lambda: bench.channel("u1.r0")["quality"] != "good")
                    time.sleep(chance.uniform(0.1, 6))  # at any moment of a back-off
                    line = Line(folder / "line", 19200)
                    wait_for("a good value", lambda: bench.channel("u1.r0")["quality"] == "good", limit=60, pause=0.002)
                    times.append(time.monotonic() - line.ready_s)
        finally:
            line.stop()
    times.sort()
    row("serial adapter put back to first good value, p50 of 20", f"{statistics.median(times) * 1000:.0f} ms", "<= 1000 ms",
        f"fastest {times[0] * 1000:.0f} ms")
    row("  p99", f"{times[-1] * 1000:.0f} ms", "<= 3000 ms", "the slowest of 20")


PROBE = """instrument: {name}
title: A probe
confidence: low
sources: [none]
unproven: it exists here only
protocol: text
line: {{serial: 9600 8N1, timeout: 300 ms}}
end: <0D>
channels:
  t: {{read: {{send: "{letter}?", receive: "{letter}={{t:num}}"}}, unit: degC, every: 200 ms}}
"""


def instrument():
    """A new instrument file and the bench that uses it are saved: from there to its first good value over HTTP, on a line that another
    instrument uses already."""
    times = []
    with scratch() as folder:
        (folder / "instruments").mkdir()
        line = folder / "line"
        head = f"links:\n  l: {{serial: {line}, line: 9600 8N1}}\ninstruments:\n  a: {{use: first, link: l}}\n"
        (folder / "instruments/first.yaml").write_text(PROBE.format(name="first", letter="A"))
        (folder / "instruments/second.yaml").write_text(PROBE.format(name="second", letter="B"))
        (folder / "both.yaml").write_text("bench: both\n" + head + "  b: {use: second, link: l}\n")
        environment = dict(os.environ, MBC_RUN_DIR=str(folder), MBC_STATE_DIR=str(folder), MBC_USERS="one")
        twin = Process([BUILD / "mbc", "twin", folder / "both.yaml"], env=environment)
        try:
            wait_for("the line", line.exists)
            for n in range(2 * ROUNDS):
                bench = Bench(f"new-{n}", head)
                own = bench.folder / "instruments"
                own.mkdir()
                shutil.copy(folder / "instruments/first.yaml", own)
                with bench:
                    bench.wait_good("a.t", limit=30)
                    began = time.monotonic()
                    shutil.copy(folder / "instruments/second.yaml", own)
                    bench.reload(head + "  b: {use: second, link: l}\n")
                    wait_for("a good value", lambda bench=bench: bench.channels().get("b.t", {}).get("quality") == "good", pause=0.002)
                    times.append((time.monotonic() - began) * 1000)
        finally:
            twin.stop()
    row("new instrument file saved to its first good value, p50", f"{statistics.median(times):.0f} ms", "<= 1000 ms",
        f"fastest {min(times):.0f}, slowest {max(times):.0f} of {len(times)}")


MIX = """links:
  l: {{serial: {line}, line: 9600 8N1}}
instruments:
  mfc: {{use: propar, node: 3, link: l, channels: {{m: {{read: {{process: 1, parameter: 0, type: measure}}, every: 10 ms}}}}}}
  furnace: {{use: modbus, unit: 1, link: l, channels: {{pv: {{read: {{holding: 1}}, every: 10 ms}}}}}}
"""


def mix():
    """ProPar and Modbus RTU (Eurotherm) on one simulated line of 9600 Bd, asked without a pause: transactions a second beside what the
    characters allow. Of the two: 24 and 15 characters, each with t3.5 before the answer and before the next question."""
    limit = 2 * 960 / (24 + 15 + 4 * 3.5)
    with scratch() as folder:
        text = MIX.format(line=folder / "line")
        (folder / "both.yaml").write_text("bench: both\n" + text)
        environment = dict(os.environ, MBC_RUN_DIR=str(folder), MBC_STATE_DIR=str(folder), MBC_USERS="one")
        twin = Process([BUILD / "mbc", "twin", folder / "both.yaml"], env=environment)
        try:
            wait_for("the line", (folder / "line").exists)
            with Bench("mix", text) as bench:
                settle(bench, ["mfc.m", "furnace.pv"], seconds=5)
                rates = []
                for _ in range(10):
                    rates.append(wait_value(bench, "mbc.control.values"))
                    time.sleep(1)
        finally:
            twin.stop()
    rate = statistics.mean(rates)
    row("ProPar and Modbus RTU on one line of 9600 8N1", f"{rate:.1f} /s", "", f"of {limit:.1f} /s")
    row("  share of what the characters allow", f"{100 * rate / limit:.1f} %", "")


def text():
    """Questions and answers of the text codec over a pseudo-terminal to a device that answers at once, beside a bare loop."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    with scratch() as folder:
        path = folder / "line"
        device = subprocess.Popen([BUILD / "perf/text_line", "answer", path], stdout=subprocess.PIPE, text=True)
        try:
            wait_for("the line", path.exists)

            def answered(seconds):
                for wait in (0.2, seconds):
                    time.sleep(wait)
                    device.send_signal(signal.SIGUSR1)
                    told = device.stdout.readline().split()
                return int(told[0]) / float(told[1])

            channels = "\n".join(f'      {name}: {{read: {{send: "T{name[1]}?", receive: "T{name[1]}={{{name}:num}}"}}, every: 10 ms}}'
                                 for name in ("c" + letter for letter in letters))
            bench_of = (f"links:\n  l: {{serial: {path}, line: 921600 8N1}}\ninstruments:\n  d:\n    use: text\n    link: l\n"
                        f"    timeout: 300 ms\n    end: <0D>\n    channels:\n{channels}\n")
            ours, bare = [], []
            for n in range(3):
                count, seconds = subprocess.run([BUILD / "perf/text_line", "ask", path, "3"], stdout=subprocess.PIPE, text=True,
                                                check=True).stdout.split()
                bare.append(int(count) / float(seconds))
                with Bench(f"text-{n}", bench_of) as bench:
                    settle(bench, ["d.cA", "d.c9"])
                    ours.append(answered(3))
        finally:
            device.kill()
            device.wait()
    row("text codec over a pseudo-terminal, 62 questions each 10 ms", f"{statistics.median(ours):.0f} /s", "", "the bare loop: "
        f"{statistics.median(bare):.0f} /s")
    row("  share of the bare loop", f"{100 * statistics.median(ours) / statistics.median(bare):.0f} %", "")


def restart():
    """From kill -9 of control to the first picture of its successor over HTTP, and to good values; a fresh bench each time,
    since a process that dies again soon is started later."""
    first, good = [], []
    with Load(10, 0) as load:
        text = bench_text(load.ports, 1, 100, "100 ms")
        for n in range(KILLS):
            with Bench(f"again-{n}", text) as bench:
                settle(bench, ["d9.r99"], seconds=0.2)
                generation = bench.get("/api/v1/bench")["generation"]
                began = time.monotonic()
                os.kill(bench.pids()["control"], signal.SIGKILL)
                wait_for("the next board", lambda bench=bench: bench.get("/api/v1/bench")["generation"] > generation, pause=0.0005)
                first.append((time.monotonic() - began) * 1000)
                wait_for("a good value", lambda bench=bench: bench.channel("d9.r99")["quality"] == "good", pause=0.001)
                good.append((time.monotonic() - began) * 1000)
    row("kill -9 of control to the first tick of the next, p50", f"{statistics.median(first):.0f} ms", "<= 1000 ms",
        f"slowest of {KILLS}: {max(first):.0f} ms")
    row("  to good values of 10 instruments, p50", f"{statistics.median(good):.0f} ms", "", f"slowest {max(good):.0f} ms")


@contextlib.contextmanager
def busy(n):
    """So many programs that never wait."""
    loops = [subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"]) for _ in range(n)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def tick():
    """Lateness of a 10 ms tick with 6 000 channels while every processor is busy, beside a loop that only sleeps, in the same class
    at the same time."""
    with Load(12, 0) as load, busy(os.cpu_count()):
        for words in ("no", "yes"):
            text = f"realtime: {words}\n" + bench_text(load.ports, 5, 100, "1 s", tick="10 ms")
            with Bench(f"tick-{words}", text) as bench:
                settle(bench, ["d0.r0", "d11.r499"])
                plain = subprocess.Popen([BUILD / "perf/timer_loop", "10", str(TICK_S), *(["fifo"] if words == "yes" else [])],
                                         stdout=subprocess.PIPE, text=True)
                lost = bench.value("mbc.control.ticks_lost") or 0
                theirs = plain.communicate()[0].split()
                refused = bool(bench.process.find("is refused by this system"))
                unheld = bool(bench.process.find("is refused in part"))
                ours = [wait_value(bench, f"mbc.control.lateness_{name}") for name in ("p50", "p99", "p999", "max")]
                lost = bench.value("mbc.control.ticks_lost") - lost
            name = "SCHED_FIFO (refused here)" if refused else "SCHED_FIFO, memory not held" if unheld else "SCHED_FIFO" if words == "yes" else "ordinary class"
            row(f"10 ms tick, 6 000 channels, all busy, {name}", " / ".join(f"{ms:.2f}" for ms in ours) + " ms", "",
                f"p50 / p99 / p99.9 / max; ticks lost: {lost:.0f} of {TICK_S * 100}")
            row("  a loop that only sleeps, same class, same time", " / ".join(theirs[n] for n in (5, 7, 9, 11)) + " ms", "",
                f"ticks lost: {theirs[3]} of {TICK_S * 100}")


def encoding():
    """Size and speed of the history encoding on data like that of a bench, in blobs of 1000 bytes; gorilla's bit stream beside it."""
    out = subprocess.run([BUILD / "perf/chunk_bench", "1000", "1000000"], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        name, _, per_blob, size, gorilla, plain, encode, decode, in_memory = line.split()
        row(f"history: {name.replace('_', ' ')}, bytes a sample", size, "<= 1.5" if "walk" not in name else "",
            f"gorilla {gorilla}; {per_blob} samples a blob; without zstd {plain}")
        row("  encoded, decoded, million samples a second", f"{encode}, {decode}", ">= 5, >= 100",
            f"1000 open samples take {in_memory} bytes of memory")


def alarms():
    """A tick with 10 000 alarms, beside their bare programs; the fastest of many."""
    for line in run_text(BUILD / "perf/alarms").splitlines():
        name, ms, ns, bare = line.split()
        row(f"a tick with 10 000 alarms, {name}", f"{ms} ms", "<= 2 ms", f"{ns} ns an alarm; its program alone {bare} ns")


def sequence():
    """A sequence of 1 000 lines, checked: less what its bench takes with one of a few lines; the fastest of ten. What a tick costs while one runs, less what it costs without."""
    bench = ROOT / "tests/sequences/bench.yaml"
    lines = ['sequence "long"', "needs N2_flow T_bed", "param f = 20 mL/min (10 mL/min .. 25 mL/min)"]
    for number in range(1, 101):
        lines += [f'step {number} "s" entry always', *2 * [
            "  set N2_flow = f + 5 mL/min", "  ramp N2_flow to f at 60 mL/min/min",
            "  wait until T_bed < 80 degC for 10 s timeout 1 h else hold",
            "  wait stable N2_flow within 2 % for 30 s timeout 5 min else hold"], "end"]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "long.seq"
        path.write_text("\n".join(lines) + "\n")

        def fastest(*args):
            best = math.inf
            for _ in range(10):
                start = time.monotonic()
                subprocess.run([BUILD / "mbc-compile", "--check", bench, *args], check=True, stdout=subprocess.DEVNULL)
                best = min(best, time.monotonic() - start)
            return best * 1e3

        short = pathlib.Path(folder) / "short.seq"
        short.write_text("\n".join(lines[:13]) + "\n")
        alone, both = fastest(short), fastest(path)
        row(f"a sequence of {len(lines)} lines, checked", f"{both - alone:.1f} ms", "<= 20 ms", f"with one step alone {alone:.1f} ms")
    idle, running = map(float, run_text(BUILD / "perf/sequence_tick", env=dict(os.environ, MBC_COMPILE=str(BUILD / "mbc-compile"))).split())
    row("a tick of a sequence with 10 branches and 20 guards", f"{running - idle:.2f} us", "<= 50 us", f"its bench alone {idle:.2f} us")


REHEARSED = """sequence "A day" version 1
needs T_furn T_bed N2_flow V_N2
step 10 "Day"
  set V_N2 = open
  ramp N2_flow to 30 mL_n/min at 100 mL_n/min/min
  repeat 8 as n
    ramp T_furn to 300 degC at 5 K/min
    dwell 1 h guaranteed T_bed within 5 K of 300 degC timeout 2 h -> abort
    ramp T_furn to 100 degC at 5 K/min
    wait until T_bed < 110 degC timeout 2 h else abort
    wait 40 min
  end
end
on hold > 1 h -> abort
"""


def rehearse():
    """A day of the demonstration bench, rehearsed: processor time of the fastest of three, with each of the two ways."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "day.seq"
        path.write_text(REHEARSED)
        for what, limit, words in (("by the values of channels", "<= 5 s", []), ("with the bytes of the wires", "", ["--bytes"])):
            told = [json.loads(run_text(BUILD / "mbc", "rehearse", ROOT / "benches/demo/bench.yaml", path, "--json", *words)) for _ in range(3)]
            took_s, cpu = told[0]["takes_s"], min(one["rehearsed_in_s"] for one in told)
            row(f"24 h rehearsed {what}", f"{cpu * 86400 / took_s:.2f} s", limit, f"{took_s / cpu:.0f} times as fast as the bench")


def store_line(*words):
    """What store_bench prints: samples, s of processor, s, bytes on disk, bytes written, KiB resident."""
    return [float(one) for one in run_text(BUILD / "perf/store_bench", *words).split()]


def hands():
    """Writes that devices do not take, and how soon what is safe is on the wire; in virtual time, devices that answer after 2 ms."""
    found = {line.split()[0]: line.split()[1:] for line in run_text(BUILD / "perf/hands").splitlines()}
    n, told, wrong = found["faults"]
    row(f"success told falsely, of {n} writes to faulty devices", wrong, "0", f"{told} told as not verified")
    row("from the deciding reading to the first safe byte, worst", f"{found['first_ms'][0]} ms", "<= 20 ms",
        f"to the first on each of three links {found['links_ms'][0]} ms; 1000 trips, wires in use")
    row("50 verified writes at once on 4 devices, p50, p99", "{}, {} ms".format(*found["verified_ms"]), "", "read back")
    quiet, ramps, bare = found["tick_us"]
    row("a tick with 200 outputs and 100 trips", f"{quiet} us", "", f"{ramps} us with all on a ramp; the same channels alone {bare} us")


def run_text(*words, **more):
    return subprocess.run([str(one) for one in words], capture_output=True, text=True, check=True, **more).stdout


def is_open(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def postgres(folder, samples, csv):
    """COPY of the same samples into a table with its index, by psql; a server of our own in a folder of the user postgres."""
    tools = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=None)
    if tools is None or os.geteuid() != 0:
        return None
    data = pathlib.Path(folder) / "postgres"
    data.mkdir()
    shutil.chown(data, "postgres")
    os.chmod(folder, 0o755)
    as_user = ["runuser", "-u", "postgres", "--"]
    run_text(*as_user, tools / "initdb", "-D", data / "db", "-A", "trust", cwd="/")
    run_text(*as_user, tools / "pg_ctl", "-w", "-D", data / "db", "-o", f"-k {data} -c listen_addresses=''", "-l", data / "log", "start", cwd="/")
    try:
        psql = [*as_user, "psql", "-h", data, "-d", "postgres", "-qAt", "-c"]
        run_text(*psql, "CREATE TABLE s(id int, t bigint, v double precision, PRIMARY KEY(id, t))", cwd="/")
        began = time.monotonic()
        with open(csv) as lines:
            subprocess.run([str(one) for one in psql] + ["COPY s FROM STDIN WITH (FORMAT csv)"], stdin=lines, check=True, cwd="/")
        took = time.monotonic() - began
        run_text(*psql, "CHECKPOINT", cwd="/")
        return samples / took, int(run_text(*psql, "SELECT pg_total_relation_size('s')", cwd="/")) / samples
    finally:
        run_text(*as_user, tools / "pg_ctl", "-D", data / "db", "-m", "immediate", "stop", cwd="/")


def influx(folder, samples, csv):
    """Line protocol in lots of 5000 over HTTP into InfluxDB 1.x, a server of our own."""
    if shutil.which("influxd") is None:
        return None
    home, port, rpc = pathlib.Path(folder) / "influx", free_port(), free_port()
    home.mkdir()
    conf = home / "conf"
    conf.write_text(f'reporting-disabled = true\nbind-address = "127.0.0.1:{rpc}"\n[meta]\ndir = "{home}/meta"\n[data]\ndir = "{home}/data"\nwal-dir = "{home}/wal"\n'
                    f'query-log-enabled = false\n[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\n[monitor]\nstore-enabled = false\n')
    server = subprocess.Popen(["influxd", "-config", str(conf)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def post(path, body):
            call = http_client.HTTPConnection("127.0.0.1", port, timeout=60)
            call.request("POST", path, body)
            answer = call.getresponse()
            answer.read()
            return answer.status
        wait_for("influxd", lambda: is_open(port))
        post("/query?q=CREATE%20DATABASE%20perf", "")
        rows = [line.rstrip("\n").split(",") for line in open(csv)]
        lots = ["\n".join(f"s,id={i} v={v} {t}000000" for i, t, v in rows[at:at + 5000]) for at in range(0, len(rows), 5000)]
        began = time.monotonic()
        for lot in lots:
            assert post("/write?db=perf", lot) == 204
        took = time.monotonic() - began
    finally:
        server.terminate()
        server.wait()
    size = sum(one.stat().st_size for one in home.rglob("*") if one.is_file())
    return samples / took, size / samples


def history():
    """The recorder's store: samples a second with each million on disk, bytes a sample and a day; SQLite rows, PostgreSQL and InfluxDB beside it."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("fill", "one", "ten"):
            (pathlib.Path(folder) / name).mkdir()
        n, cpu, wall, size, _, _ = store_line("fill", f"{folder}/fill", 10_000_000)
        row("history: samples stored a second, each million on the disk", f"{n / wall / 1e6:.2f} M", ">= 1 M", f"{n / cpu / 1e6:.2f} M for each second of one core; 1000 channels")
        row("  bytes a sample on the disk", f"{size / n:.2f}", "<= 1.5", "with indices and page ends")
        n, cpu, wall, size, _, _ = store_line("rows", f"{folder}/rows.db", 2_000_000)
        row("  SQLite, a row a sample, committed as often", f"{n / wall / 1e6:.2f} M", "", f"{size / n:.1f} bytes a sample")
        csv, n = f"{folder}/samples.csv", 1_000_000
        with open(csv, "w") as out:
            subprocess.run([str(BUILD / "perf/store_bench"), "print", str(n)], stdout=out, check=True)
        for name, peer in ("PostgreSQL, COPY", postgres), ("InfluxDB 1.6, 5000 a request", influx):
            found = peer(folder, n, csv)
            row(f"  {name}", f"{found[0] / 1e6:.2f} M" if found else "not here", "", f"{found[1]:.1f} bytes a sample{', its log included' if peer is influx else ''}" if found else "")
        for name, seconds in ("one", 1), ("ten", 10):
            n, cpu, wall, _, written, resident = store_line("day", f"{folder}/{name}", 1000, 1200, seconds)
            row(f"history: 1000 channels at 1 Hz, commits of {seconds} s: written a day", f"{written / 1200 * 86400 / 1e9:.2f} GB", "",
                f"{cpu / 12:.2f} % of a core; {resident / 1024:.1f} MB resident (<= 12 with the process around it)")


def history_read():
    """What was recorded, read again: a million samples decoded, the same as JSON over HTTP, a year at 1 Hz in 2 000 buckets. Warm files."""
    with scratch() as folder:
        for name, samples in (("million", 1_000_000), ("year", 365 * 86400)):
            (folder / name).mkdir()
            subprocess.run([BUILD / "perf/history_read", "write", folder / name, str(samples)], check=True)
        read = lambda *words: subprocess.run([BUILD / "perf/history_read", *words], capture_output=True, text=True, check=True).stdout.split()
        row("1 000 000 samples from a warm file, decoded", f"{float(read('raw', folder / 'million')[3]):.1f} ms", "<= 15 ms", "the fastest of ten")
        row("a year at 1 Hz in 2 000 buckets, as JSON", f"{float(read('buckets', folder / 'year', '2000')[3]):.0f} ms", "<= 100 ms", "the fastest of ten")
        with Load(1, 0) as load:
            bench = Bench("history", "history: {commit: 1 s}\n" + bench_text(load.ports, 1, 10, "1 s"))
            store = bench.folder / "state/history/history"
            store.parent.mkdir(mode=0o700)
            shutil.move(folder / "million", store)
            with bench:
                settle(bench, ["d0.r0"])
                times, before = [], {}
                for n in range(2 * ROUNDS):
                    if n == 1:
                        before = {name: high_kib(bench, name) for name in ("query", "serve")}
                    began = time.monotonic()
                    size = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{size_download}", f"http://127.0.0.1:{bench.port}/api/v1/history/"
                                           "wave?from=2026-01-01T00:00:00Z&to=2026-01-13T00:00:00Z&raw=1"], capture_output=True, text=True, check=True)
                    times.append((time.monotonic() - began) * 1000)
                grown = ", ".join(f"{name} {high_kib(bench, name) / 1024:.1f} MB, {high_kib(bench, name) - kib} KiB more than after the first"
                                  for name, kib in before.items())
    row("1 000 000 samples as JSON over HTTP", f"{min(times):.0f} ms", "<= 500 ms", f"median {statistics.median(times):.0f}; {int(size.stdout) / 1e6:.1f} MB")
    row("  most memory that it took", grown, "constant")


def tiers():
    """20 million samples of a thousand channels at 1 Hz made coarser, by minutes, beside reading them all once (verify): time and room."""
    with scratch() as folder:
        (folder / "store").mkdir()
        subprocess.run([BUILD / "perf/store_bench", "fill", folder / "store", "20000000"], check=True, stdout=subprocess.DEVNULL)
        first = next((folder / "store").glob("*.sqlite"))
        with contextlib.closing(sqlite3.connect(first)) as db:  # as one that is closed
            db.execute("PRAGMA journal_mode = DELETE")
        shutil.copy(first, first.with_name("history-00002-2023-12-01.sqlite"))  # the newest one is never taken
        query = lambda *words: run_text(BUILD / "mbc-query", "--dir", folder / "store", *words)
        seconds = {}
        for name, words in (("read", ("verify",)), ("coarser", ("compact", "--replace-by", "1min", "--before", "now", "--yes"))):
            began = time.monotonic()
            before, text = first.stat().st_size, query(*words)
            seconds[name] = time.monotonic() - began
        samples = int(re.search(r"(\d+) samples by", text)[1])
    row("20 million samples made coarser, by minutes", f"{samples / seconds['coarser'] / 1e6:.1f} M/s", "",
        f"{seconds['coarser'] / (seconds['read'] / 2):.1f} x the time of reading them once")
    row("  what is left of them", f"{float(re.search(r'now ([0-9.]+) MB', text)[1]) * 1e6 / before:.2f} of {before / 1e6:.1f} MB", "")


def postgres_carry():
    """A backlog of 4 million samples carried into PostgreSQL by mbc-postgres, and plain COPY of the same rows into the same table, by psql."""
    from postgres_rig import Server
    server = Server()
    with tempfile.TemporaryDirectory() as folder:
        try:
            server.fresh()
            subprocess.run([BUILD / "perf/history_read", "write", folder, "2000000"], check=True)
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            memory = os.memfd_create("settings", os.MFD_ALLOW_SEALING)
            os.write(memory, f"server={server.folder}:{server.port}\ndatabase=lab\nuser={server.admin}\nschema=mbc\ntls=\nca=\npartitions=month\nkeep=0\n".encode())
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
            began = time.time()
            carrier = subprocess.Popen([BUILD / "mbc-postgres", "--socket", str(theirs.fileno()), "--dir", folder, "--bench", "perf", "--settings", str(memory)],
                                       pass_fds=[theirs.fileno(), memory], stderr=subprocess.DEVNULL)
            ended = float(wait_for("all is carried", lambda: server.try_sql("SELECT extract(epoch FROM carried) FROM bench WHERE carried < now() - interval '3 s'"), 600, 0.5)[0][0])
            high = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{carrier.pid}/status").read_text())[1])
            cpu = sum(os.times()[2:4])
            carrier.kill()
            carrier.wait()
            cpu = sum(os.times()[2:4]) - cpu
            n = int(server.sql("SELECT count(*) FROM sample")[0][0])
            psql = ["psql", "-h", server.folder, "-p", str(server.port), "-U", server.admin, "-d", "lab", "-qAtXc"]
            columns = "mbc.sample(channel, time, ns, boot, boot_ns, value, exact, text, quality, code)"
            with open(f"{folder}/rows", "wb") as out:
                subprocess.run([*psql, f"COPY (SELECT * FROM mbc.sample) TO STDOUT (FORMAT binary)"], stdout=out, check=True)
            server.sql("TRUNCATE sample")
            plain = time.monotonic()
            with open(f"{folder}/rows", "rb") as rows_of:
                subprocess.run([*psql, f"COPY {columns} FROM STDIN (FORMAT binary)"], stdin=rows_of, check=True)
            plain = time.monotonic() - plain
        finally:
            server.close()
    took = ended - began
    row("PostgreSQL: samples carried a second, a backlog", f"{n / took / 1e3:.0f} k", ">= 0.7 x plain COPY",
        f"{plain / took:.2f} x; {n} samples, {cpu:.1f} s of processor, most memory {high / 1024:.1f} MB")
    row("  plain binary COPY of the same rows into the same table", f"{n / plain / 1e3:.0f} k", "", "psql, one transaction, same index, warm")


class Peaks(threading.Thread):
    """The most memory (VmHWM) that each process below `root` has had, by name: those that live for a moment, too, but for their last milliseconds."""

    def __init__(self, root):
        super().__init__(daemon=True)
        self.root, self.is_over, self.kib = root, False, {}

    def look(self, pid):
        with contextlib.suppress(OSError, TypeError):
            text = pathlib.Path(f"/proc/{pid}/status").read_text()
            name = re.search(r"^Name:\s+(.*)", text)[1]
            self.kib[name] = max(self.kib.get(name, 0), int(re.search(r"VmHWM:\s+(\d+)", text)[1]))
            for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                self.look(int(child))

    def run(self):
        while not self.is_over:
            self.look(self.root)
            time.sleep(0.003)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.join()

    def told(self):
        return ", ".join(f"{name.removeprefix('mbc-')} {kib / 1024:.1f}" for name, kib in sorted(self.kib.items(), key=lambda pair: -pair[1]))


def administration():
    """Most memory of each process while a bench file of the largest size is checked over HTTP, and while a backup with 1 GB of history is made, looked at and downloaded."""
    from test_accounts import PASSWORD, Client
    # Where it takes minutes the recorder writes samples under numbers of channels that store_bench has used for others: then the copy finds a fault, and says so.
    lines = "\n".join(f"  c{n}: {{calc: {n}, title: {'channel ' * 45}{n}}}" for n in range(10_000))
    text = f"bench: perf\nserve: {{listen: '127.0.0.1:0'}}\nchannels:\n{lines}\n"
    text += "#" * ((4 << 20) - len(text) - 1) + "\n"
    bench = Bench("perf", "channels:\n  T: {calc: 20}\nhistory: {commit: 1s}")
    store = bench.folder / "state/perf/history"  # as store_bench calls it
    store.mkdir(parents=True, mode=0o750)
    store.parent.chmod(0o700)
    subprocess.run([BUILD / "perf/store_bench", "fill", store, "20000000"], check=True, stdout=subprocess.DEVNULL)
    first = next(store.glob("*.sqlite"))
    with contextlib.closing(sqlite3.connect(first)) as db:  # as one that is closed
        db.execute("PRAGMA journal_mode = DELETE")
    for n in range(2, (1 << 30) // first.stat().st_size + 2):
        shutil.copy(first, first.with_name(f"history-{n:05}-2023-12-01.sqlite"))
    size = sum(file.stat().st_size for file in store.iterdir())
    with bench:
        subprocess.run([bench.program, "user", "add", "--role", "root", "maria", "--bench", "perf"], input=PASSWORD + "\n", text=True, env=bench.environment, cwd=bench.folder, check=True,
                       stdout=subprocess.DEVNULL)
        maria = Client(bench.port)
        wait_for("she signs in", lambda: maria.sign_in("maria") == 200, pause=0.2)
        supervise = bench.process.popen.pid
        with Peaks(supervise) as idle:
            time.sleep(2)
        row("most memory of each process at rest", f"{max(idle.kib.values()) / 1024:.1f} MB", "", idle.told())
        with Peaks(supervise) as peaks:
            began = time.monotonic()
            status, answer = maria.ask("POST", "/api/v1/bench/file/check", {"text": text})
            took = time.monotonic() - began
        row("a bench file of 4 MB checked over HTTP, most memory", f"{max(peaks.kib.values()) / 1024:.1f} MB", "", f"{peaks.told()}; {status}, {took:.1f} s, 10 000 channels")

        def end():
            status, body = maria.ask("GET", "/api/v1/backups")
            return status == 200 and body["busy"] is None and body["last"]
        with Peaks(supervise) as peaks:
            began = time.monotonic()
            status, begun = maria.ask("POST", "/api/v1/backups", {"history": True, "passphrase": PASSWORD})
            last = wait_for("its end", end, 1800, 1)
            took = time.monotonic() - began
        row(f"a backup with {size / 1e9:.1f} GB of history, most memory", f"{max(peaks.kib.values()) / 1024:.1f} MB", "constant", f"{peaks.told()}; good: {last['good']} {last['text']}, {took:.0f} s")
        with Peaks(supervise) as peaks:
            maria.ask("POST", f"/api/v1/backups/{begun['name']}/verify", {"passphrase": PASSWORD})
            last = wait_for("its end", end, 1800, 1)
        row("  looked at", f"{max(peaks.kib.values()) / 1024:.1f} MB", "constant", f"{peaks.told()}; good: {last['good']} {last['text']}")
        with Peaks(supervise) as peaks:
            began = time.monotonic()
            done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{size_download}", "-H", f"Cookie: {maria.cookie}", "-H", f"X-Mbc: {maria.proof}",
                                   f"http://127.0.0.1:{bench.port}/api/v1/backups/{begun['name']}/file"], capture_output=True, text=True, check=True)
            took = time.monotonic() - began
        row("  downloaded", f"{max(peaks.kib.values()) / 1024:.1f} MB", "constant", f"{peaks.told()}; {int(done.stdout) / 1e6:.0f} MB in {took:.1f} s")


def high_kib(bench, name):
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{bench.pids()[name]}/status").read_text())[1])


def wait_value(bench, name):
    return wait_for(name, lambda: bench.value(name) is not None and (bench.value(name),))[0]


def markdown():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    print(f"\n## {datetime.date.today()}: {model[1] if model else platform.machine()}, {os.cpu_count()} processors, "
          f"Linux {platform.release()}, load {os.getloadavg()[0]:.1f}\n")
    print("| what | measured | limit | |\n|---|---|---|---|")
    for what, value, limit, note in rows:
        print(f"| {what.strip()} | {value} | {limit} | {note} |")


MEASURES = {"per_million": per_million, "saturation": saturation, "memory": memory, "start": start, "http": http, "tls": tls, "check": check, "top": top,
            "serial": serial, "dead": dead, "pipeline": pipeline, "comeback": comeback,
            "instrument": instrument, "mix": mix, "text": text, "restart": restart, "tick": tick, "encoding": encoding, "history_read": history_read, "history": history, "postgres_carry": postgres_carry, "tiers": tiers,
            "administration": administration, "alarms": alarms, "hands": hands, "sequence": sequence, "rehearse": rehearse}
unknown = [name for name in sys.argv[2:] if name not in MEASURES]
if unknown:
    sys.exit(f"perf/run.py: no measure named {', '.join(unknown)}; there are {', '.join(MEASURES)}")
for name in sys.argv[2:] or MEASURES:
    MEASURES[name]()
markdown()
