"""The full example of the language on the demonstration bench, over real wires and against its twin, in fewer seconds than it has minutes: a
controller that dies in the middle of it injects nothing twice, and leaves nothing out."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True

from harness import MBC, ROOT, read_exactly, wait_for  # noqa: E402
from test_sequence import Sequences, SequenceBench  # noqa: E402

DEMO = ROOT / "benches" / "demo"
LONG_S = 600  # for a run of some two minutes on a busy machine
GC_UNIT, INJECT = 2, 0

# Minutes become seconds, and the twin as much faster.
BENCH = [("tau: 20 s", "tau: 100 ms"), ("tau: 40 s", "tau: 100 ms"), ("tau: 3 s", "tau: 100 ms"),
         ("ramp: {max: 20 K/min}", "ramp: {max: 50 K/s}"), ("ramp: {max: 60 mL_n/min/min}", "ramp: {max: 60 mL_n/min/s}"),
         ("returns: 8 min", "returns: 3 s"), ("takes: 8 min", "takes: 3 s"), ("every: 500 ms", "every: 200 ms"), ("start: 180", "start: 40"),
         ("start: 182", "start: 40"), ("sp:    {start: 250}", "sp:    {start: 40}"), ("noise: 0.15", "noise: 0.01"), ("drop_out: 10 s", "drop_out: 30 s")]
SEQUENCE = [("wait 30 min", "wait 1 s"), ("for 60 s timeout", "for 2 s timeout"), ("for 5 min timeout", "for 2 s timeout"), ("dwell 2 h", "dwell 2 s"),
            ("for 20 min timeout", "for 2 s timeout"), ("mL_n/min/min", "mL_n/min/s"), ("K/min", "K/s"), ("within 1 K", "within 2 K"),
            ("T_rxn = [250 degC, 300 degC, 350 degC]", "T_rxn = [100 degC, 120 degC, 140 degC]"), ("T_red = 450 degC (350 degC", "T_red = 150 degC (100 degC")]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Tap:
    """Passes everything between the controller and the twin on, and counts what starts the chromatograph."""

    def __init__(self, to):
        self.to = to
        self.starts = []  # when
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.to), timeout=20)
                far.settimeout(None)
            except OSError:
                near.close()
                continue
            threading.Thread(target=self._serve, args=(near, far), daemon=True).start()

    def _serve(self, near, far):
        with near, far:
            back = threading.Thread(target=self._pass, args=(far, near, False), daemon=True)
            back.start()
            self._pass(near, far, True)
            back.join()

    def _pass(self, source, sink, is_question):
        with contextlib.suppress(OSError):
            while True:
                head = read_exactly(source, 7)
                if head is None:
                    break
                body = read_exactly(source, int.from_bytes(head[4:6], "big") - 1)
                if body is None:
                    break
                if is_question and head[6] == GC_UNIT and body[0] in (5, 15) and int.from_bytes(body[1:3], "big") == INJECT:
                    self.starts.append(time.monotonic())
                sink.sendall(head + body)
        for sock in (source, sink):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def changed(text, changes):
    for find, put in changes:
        if find not in text:
            raise ValueError(f"not in the file any more: {find}")
        text = text.replace(find, put)
    return text


def bench_text(ports):
    text = changed((DEMO / "bench.yaml").read_text(), BENCH)
    text = re.sub(r"furnace_line: \{.*?\}", "furnace_line: {tcp: \"127.0.0.1:%d\"}" % ports[15021], text)
    for port in (15022, 15023, 15024):
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{ports[port]}")
    text = re.sub(r"^serve:.*$", "", text, flags=re.M).replace("sequences: sequences ", "sequences: seq ")
    return "tick: 50 ms\nhistory: no\n" + re.sub(r"^bench: demo$", "", text, flags=re.M)


class Methanation(Sequences):
    def begin_demo(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        ports = {port: free_port() for port in (15021, 15022, 15023, 15024)}
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mbc-methanation-"))
        played = os.path.join(folder, "bench.yaml")
        with open(played, "w") as f:
            f.write("bench: played\n" + re.sub(r"^sequences:.*$", "", bench_text(ports), flags=re.M))
        twin = subprocess.Popen([str(MBC), "twin", played], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        stack.callback(twin.stderr.close)
        stack.callback(twin.wait, 20)
        stack.callback(twin.terminate)
        self.tap = stack.enter_context(Tap(ports[15023]))
        for port in ports.values():
            wait_for("the twin listens", lambda port=port: self.listens(port) or self.fail_if_over(twin))
        files = {name: changed((DEMO / "sequences" / name).read_text(), SEQUENCE if name.startswith("meth") else SEQUENCE[6:7])
                 for name in ("methanation.seq", "shut-down.seq")}
        kind = type("Bench", (SequenceBench,), {"files": files, "commands": "[set, sequence]"})
        self.bench = stack.enter_context(kind("methanation", bench_text({**ports, 15023: self.tap.port})))
        self.bench.wait_good("T_bed", "T_furn", "GC.ready", "TCD", "N2_flow", "mbc.control.ticks")

    @staticmethod
    def listens(port):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
        return False

    def fail_if_over(self, twin):
        if twin.poll() is not None:
            self.fail(twin.stderr.read())
        return False

    def kill(self):
        before = self.bench.pids()["control"]
        os.kill(before, signal.SIGKILL)
        wait_for("another controller", lambda: self.bench.pids().get("control", before) != before)

    def mind(self, now):
        """What a person does: answers questions, by what the chromatograph has done, and resumes what the deaths have held."""
        question = now.get("question")
        if question and "Cold trap" in question["text"]:
            self.press("answer", "ok")
        elif question and "GC.inject" in question["text"]:
            temperature, n = re.search(r"-(\d+) degC-(\d)", question["text"]).groups()
            number = (int(temperature) - 100) // 20 * 3 + int(n)
            if time.monotonic() - (self.tap.starts or [0])[-1] > 4:
                self.bench.mbc("sequence", "answer", "done" if len(self.tap.starts) >= number else "repeat")
        elif now.get("state") == "held":
            self.bench.mbc("sequence", "resume")

    def test_each_injection_once(self):
        self.begin_demo()
        self.press("start", "methanation", "--set", "sample=Pt12", "--set", "mass=100 mg", "--set", "beta=20 K/s")
        kills = [1, 4, 7]  # at these injections, in different moments of them
        until = time.monotonic() + LONG_S
        while time.monotonic() < until:
            now = self.now()
            if now.get("state") in ("complete", "aborted", "stopped"):
                break
            self.mind(now)
            if kills and len(self.tap.starts) >= kills[0]:
                time.sleep((0, 0.4, 3.3)[len(kills) - 1])
                self.kill()
                kills.pop(0)
            time.sleep(0.05)
        log = self.bench.mbc("log", "--json").stdout
        self.assertEqual((self.now().get("state"), kills), ("complete", []), log[-6000:])
        self.assertEqual(len(self.tap.starts), 9, log[-6000:])
        names = [event["text"] for event in self.events("sequence_command")]
        self.assertEqual(len(set(names)), 9, names)
        self.assertTrue(all("Pt12-" in name for name in names), names)
        self.assertGreaterEqual(len(self.events("sequence_command_done")), 9)


if __name__ == "__main__":
    unittest.main()
