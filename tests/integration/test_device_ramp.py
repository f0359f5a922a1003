"""A ramp that the device makes, over a wire: `mbc twin` plays a furnace with one; a controller that dies on the way; a safe state."""
import contextlib
import json
import os
import signal
import socket
import struct
import sys
import unittest

sys.dont_write_bytecode = True

from harness import PATIENCE_S, Twin, free_port, wait_for  # noqa: E402
from test_door import DoorBench  # noqa: E402

TEXT = """tick: 50 ms
history: no
links: {{l: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  f:
    use: modbus
    link: l
    every: 50 ms
    timeout: 300 ms
    watchdog: {{armed: {{channel: dog, is: 1}}}}
    channels:
      sp: {{read: {{holding: 0, type: int16}}, write: {{holding: 0}}, scale: 0.1, unit: degC, range: [0, 1000]}}
      rate: {{read: {{holding: 1, type: int16}}, write: {{holding: 1}}, unit: K/min, range: [0, 6000]}}
      wsp: {{read: {{holding: 2, type: int16}}, scale: 0.1, unit: degC}}
      pv: {{read: {{holding: 3, type: int16}}, scale: 0.1, unit: degC}}
      dog: {{read: {{holding: 4, type: int16}}}}
    twin: {{sp: {{start: 20}}, rate: {{start: 60}}, wsp: {{start: 20, follows: sp, ramp: rate}}, pv: {{start: 20, follows: wsp}}, dog: {{start: 1}}}}
channels:
  T: {{read: f.pv, write: f.sp, range: [0, 700], hazard: heat,
      ramp: {{max: 300 K/min, by: device, rate: f.rate, at_once: 0 K/min, working: f.wsp}}}}
safe_states: {{cold: {{order: [{{set: T, to: 10}}]}}}}
on_stop: cold
"""


class DeviceRamp(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.port = port = free_port()
        self.bench = DoorBench("ramp", TEXT.format(port=port))
        twin = Twin(self.bench.file, [port], self.bench.environment)
        stack.callback(twin.stop)
        stack.enter_context(self.bench)
        self.bench.wait_good("f.sp", "f.rate", "f.wsp", "f.pv")
        wait_for("the outputs are known", lambda: self.bench.channel("T.target")["quality"] == "good")

    def mbc(self, *words, code=0):
        done = self.bench.mbc(*words)
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        return done.stdout + done.stderr

    def turn(self, address, value):
        """Somebody else writes a register."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as sock:
            request = struct.pack(">HHHBBHH", 1, 0, 6, 1, 6, address, value)
            sock.sendall(request)
            self.assertEqual(sock.recv(64), request)

    def number(self, name):
        return float(self.bench.value(name))

    def becomes(self, **values):
        """What the page shows comes a moment after the verdict."""
        for name, value in values.items():
            name = name.replace("_", ".")
            wait_for(f"{name} = {value}", lambda name=name, value=value: self.number(name) == value)

    def test_there_and_back(self):
        self.assertIn("none so slow", self.mbc("set", "--ramp", "0.4 K/min", "T", "600", code=1))
        self.mbc("set", "T", "600")
        self.becomes(f_rate=300, f_sp=600)
        wait_for("it moves", lambda: 30 < self.number("T.working") < 500)
        self.assertEqual(self.number("T.target"), 600)
        # The controller dies, the device goes on, and its successor writes nothing.
        victim, before = self.bench.pids()["control"], self.number("T.working")
        os.kill(victim, signal.SIGKILL)
        wait_for("another controller", lambda: self.bench.pids().get("control") not in (None, victim))
        wait_for("it has gone on", lambda: self.bench.channel("T.working")["quality"] == "good" and self.number("T.working") > before + 5)
        self.becomes(f_rate=300, f_sp=600, T_target=600)
        log = self.mbc("log", "--json")
        self.assertEqual(log.count('"output_written"'), 1, log)
        # Handed over, it stays where it is.
        self.mbc("mode", "T", "automatic")
        wait_for("it stays", lambda: self.number("f.sp") < 600 and abs(self.number("f.sp") - self.number("T.working")) < 0.2)
        wait_for("and that is its target", lambda: self.number("T.target") == self.number("f.sp"))
        self.mbc("mode", "T", "manual")
        # Somebody at the front panel makes it faster than the bench allows.
        self.mbc("set", "T", "600")
        self.turn(1, 5000)
        wait_for("that is told", lambda: "output_rate_changed_at_device" in self.mbc("log", "--json"))
        self.becomes(f_rate=300)
        # Safe: the rate is taken away, and it is there at once.
        self.mbc("safe")
        wait_for("safe", lambda: self.bench.value("safe.cold") == "reached")
        wait_for("at once", lambda: self.number("f.wsp") == 10)
        self.becomes(f_rate=0)
        kinds = [(json.loads(line).get("kind"), json.loads(line).get("text", "")) for line in self.mbc("log", "--json").splitlines()]
        self.assertTrue(any(kind == "output_part_written" and "f.rate 0" in text for kind, text in kinds), kinds)


if __name__ == "__main__":
    unittest.main()
