"""`mode: observe`: a tap on each wire between a bench that has all that writes, and its devices; nothing but reads crosses it, whatever happens and whoever asks."""
import contextlib
import os
import signal
import socket
import struct
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True
from harness import PATIENCE_S, Bench, Twin, free_port, wait_for  # noqa: E402

READS = {1, 2, 3, 4}  # functions of Modbus; 17 and 43 ask what a device is
ASKS = READS | {17, 43}
SECONDS = 4


class Tap:
    """A wire to a port of this computer that keeps what the master sends over it. It is listened to, not understood: as a tap does."""

    def __init__(self, port):
        self.to = port
        self.sent = {}  # connection -> bytes
        self.is_over = False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.cut()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def cut(self):
        """All connections end; the next ones are taken."""
        for pair in list(self.sent):
            for sock in pair:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while not self.is_over:
            master = None
            try:
                master, _ = self.listener.accept()
                device = socket.create_connection(("127.0.0.1", self.to), timeout=PATIENCE_S)
            except OSError:
                if master is not None:
                    master.close()
                continue
            for sock in (master, device):
                sock.settimeout(None)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = (master, device)
            self.sent[pair] = bytearray()
            threading.Thread(target=self._carry, args=(master, device, self.sent[pair]), daemon=True).start()
            threading.Thread(target=self._carry, args=(device, master, None), daemon=True).start()

    @staticmethod
    def _carry(here, there, record):
        with contextlib.suppress(OSError):
            while data := here.recv(4096):
                if record is not None:
                    record += data  # before it is there: what a device has got was seen
                there.sendall(data)
        for sock in (here, there):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        if record is None:
            here.close()

    def functions(self):
        """How often each function of Modbus was asked."""
        found = {}
        for data in list(self.sent.values()):
            at = 0
            while len(data) >= at + 8:
                length = struct.unpack(">H", data[at + 4:at + 6])[0]
                found[data[at + 7]] = found.get(data[at + 7], 0) + 1
                at += 6 + length
        return found

    def lines(self):
        return {line for data in list(self.sent.values()) for line in bytes(data).decode("ascii").splitlines()}


def text(mode, modbus, words, lel):
    """A bench with all that writes: init, outputs, refresh, ramp, pattern, loop, heartbeat, a safe state, trips, rules, power_loss. The rule
    acts each 2 s; the trip is true from the start with a lel above 10."""
    return f"""mode: {mode}
tick: 50 ms
history: no
links:
  io: {{tcp: "127.0.0.1:{modbus}"}}
  psu: {{tcp: "127.0.0.1:{words}"}}
instruments:
  d:
    use: modbus
    link: io
    every: 50 ms
    timeout: 300 ms
    init: [{{holding: 20, value: 7}}]
    watchdog: {{timeout: {{channel: wd, is: 60 s}}, armed: {{channel: armed, is: on}}}}
    uptime: up
    channels:
      pv: {{read: {{holding: 0, type: int16}}, unit: degC}}
      sp: {{read: {{holding: 1, type: int16}}, write: {{holding: 1}}, unit: degC}}
      n2: {{read: {{holding: 2, type: int16}}, write: {{holding: 2}}, unit: mL/min}}
      wd: {{read: {{holding: 3, type: int16}}, unit: s}}
      up: {{read: {{holding: 4, type: uint16}}, unit: s}}
      power: {{read: {{holding: 5, type: int16}}, write: {{holding: 5}}, unit: "%"}}
      armed: {{read: {{coil: 0}}}}
      beat: {{read: {{coil: 1}}, write: {{coil: 1}}}}
      a: {{read: {{coil: 2}}, write: {{coil: 2}}}}
      b: {{read: {{coil: 3}}, write: {{coil: 3}}}}
      lel: {{read: {{input: 0, type: int16}}}}
      spare: {{read: {{holding: 20, type: int16}}}}
    twin: {{sp: {{start: 300}}, pv: {{start: 200, wave: {{amplitude: 150, period: 2 s}}}}, power: {{start: 40}}, lel: {{start: {lel}}}, a: {{start: 1}}}}
  psu:
    use: text
    link: psu
    every: 100 ms
    end: '\\n'
    init: [{{send: "SYST:REM"}}]
    messages: {{volt: {{send: "VOLT?", receive: "{{v:num}}"}}}}
    channels: {{volt: {{read: {{ask: volt, field: v}}, write: {{send: "VOLT {{value:num}}"}}, unit: V}}}}
    twin: {{volt: {{start: 5}}}}
channels:
  T: {{read: d.pv, write: d.sp, range: [0, 700], ramp: 60 K/min, hazard: heat}}
  N2: {{read: d.n2, write: d.n2, range: [0, 200], hazard: inert, refresh: 200 ms}}
  P: {{read: d.power, write: d.power, range: [0, 100]}}
  U: {{read: psu.volt, write: psu.volt, range: [0, 10]}}
safe_states:
  cold: {{order: [{{set: T, to: 0 degC}}, {{set: P, to: 0 %}}, {{set: N2, to: 100 mL/min}}, {{set: U, to: 0 V}}]}}
on_stop: cold
heartbeat: {{toggle: d.beat, every: 200 ms, drop_out: 10 s, needs: [d]}}
restore: [N2, T]
power_loss: [{{otherwise: cold}}]
trips: {{leak: {{when: d.lel > 10, latch: yes, title: Leak}}}}
rules: {{hot: {{when: d.pv > 100 degC, do: [set U = 1 V]}}}}
"""


class Observe(unittest.TestCase):
    def begin(self, mode, lel):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        ports = (free_port(), free_port())
        self.taps = [stack.enter_context(Tap(port)) for port in ports]
        name = f"observe-{mode}"
        self.bench = Bench(name, text(mode, *(tap.port for tap in self.taps), lel))
        file = self.bench.folder / "twin.yaml"
        file.write_text(f"bench: {name}\n{text(mode, *ports, lel)}")
        twin = Twin(file, ports, dict(os.environ))
        self.addCleanup(twin.stop)
        stack.enter_context(self.bench)
        self.bench.wait_good("d.pv", "d.sp", "psu.volt")

    def ask_everything(self):
        """Each of them is refused; what they would do, a controlling bench does."""
        for words in (("set", "T", "20"), ("set", "U", "2"), ("safe",), ("mode", "bench", "automatic"), ("restore", "continue"),
                      ("trip", "reset", "leak", "--comment", "tap"), ("trip", "bypass", "leak", "--for", "10s", "--reason", "tap")):
            self.bench.mbc(*words)

    def test_nothing_but_reads(self):
        self.begin("observe", 50)
        modbus, words = self.taps
        end = time.monotonic() + SECONDS
        done = self.bench.mbc("set", "T", "20")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("observes", done.stderr)
        self.ask_everything()
        for tap in self.taps:
            tap.cut()  # what is prepared on each new connection
        self.bench.wait_good("d.pv", "psu.volt")
        os.kill(self.bench.pids()["control"], signal.SIGKILL)
        wait_for("another controller", lambda: self.bench.pids().get("control"))
        self.bench.wait_good("d.pv", "psu.volt")
        self.ask_everything()
        self.bench.mbc("reload")
        while time.monotonic() < end:
            time.sleep(0.1)
        self.bench.wait_good("d.pv", "d.sp", "psu.volt")
        self.assertEqual(self.bench.value("d.sp"), 300)
        self.assertEqual(self.bench.value("mbc.bench"), "observing")
        self.bench.mbc("stop")
        wait_for("its end", lambda: self.bench.process.popen.poll() is not None)
        self.assertLessEqual(set(modbus.functions()), ASKS, modbus.functions())
        self.assertGreater(sum(modbus.functions().get(function, 0) for function in READS), 20)
        self.assertEqual(words.lines(), {"VOLT?"})

    def test_the_tap_hears_writes(self):
        """The same bench when it controls: the taps and the bench are no dead ones."""
        self.begin("control", 0)
        modbus, words = self.taps
        wait_for("it takes a value", lambda: self.bench.mbc("set", "N2", "60").returncode == 0)
        wait_for("the heartbeat, the refresh and the rule", lambda: {5, 6} <= self.writes(modbus) and "VOLT 1" in words.lines())
        self.assertIn("SYST:REM", words.lines())
        self.bench.mbc("stop")
        wait_for("the safe state at its end", lambda: "VOLT 0" in words.lines())

    @staticmethod
    def writes(tap):
        return {6 if function == 16 else 5 if function == 15 else function for function in tap.functions()} - ASKS


if __name__ == "__main__":
    unittest.main()
