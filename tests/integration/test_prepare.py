"""What is written to an instrument before anything else is asked of it: mbc against pymodbus and against its own twin."""
import contextlib
import json
import unittest

from harness import HERE, Bench, Process, Twin, can_connect, free_port, wait_for

BENCH = """
links: {{io: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  dev:
    use: modbus
    link: io
    every: 100 ms
    timeout: 300 ms
    init:
      - {{holding: 46, type: uint16, value: {mode}}}
      - {{holding: 50, type: float32, value: 1/4}}
    channels:
      pv: {{read: {{holding: 1, type: int16}}}}
      mode: {{read: {{holding: 46}}}}
      gain: {{read: {{holding: 50, type: float32}}}}
"""
TABLES = json.dumps({"holding": {1: 250, 46: 0, 50: 0, 51: 0}, "input": {}, "coil": {}, "discrete": {}})
# Function 6 is answered with what stands in the register by then, so pymodbus reads it, too.
PREPARED = ["write 46 [1]", "read 46 1", "write 50 [16000, 0]"]


@contextlib.contextmanager
def server(port):
    process = Process(["/usr/bin/python3", HERE / "pymodbus_server.py", port, TABLES, "tell"])
    try:
        wait_for("pymodbus listens", lambda: can_connect(port))
        yield process
    finally:
        process.stop()


def writes(process):
    return process.find("^write", "out")


class Pymodbus(unittest.TestCase):
    def test_once_before_the_first_read_and_after_a_restart(self):
        port = free_port()
        with contextlib.ExitStack() as stack:
            with server(port) as device:
                bench = stack.enter_context(Bench("prepared", BENCH.format(port=port, mode=1)))
                bench.wait_value("dev.mode", 1)
                bench.wait_value("dev.gain", 0.25)
                bench.wait_value("dev.pv", 250)
                self.assertEqual(device.lines["out"][:3], PREPARED)
                self.assertEqual(len(writes(device)), 2)
            bench.wait_reason("dev.pv", "no_connection", "connection_lost")
            with server(port) as device:
                bench.wait_value("dev.mode", 1)
                self.assertEqual(device.lines["out"][:3], PREPARED)
                # A reload that says the same writes nothing, one with another value writes it.
                self.assertEqual(bench.mbc("reload").returncode, 0)
                seen = len(device.lines["out"])
                wait_for("more reads", lambda: len(device.lines["out"]) > seen + 5)
                self.assertEqual(len(writes(device)), 2)
                bench.write(BENCH.format(port=port, mode=2))
                self.assertEqual(bench.mbc("reload").returncode, 0)
                bench.wait_value("dev.mode", 2)
                self.assertEqual(writes(device)[2:], ["write 46 [2]", "write 50 [16000, 0]"])

    def test_one_that_refuses_is_told_and_not_read(self):
        port = free_port()
        with server(port) as device, Bench("refused", BENCH.format(port=port, mode=1).replace("holding: 50, type: float32, value", "holding: 70, value")
                                           .replace("1/4", "3")) as bench:
            bench.wait_reason("dev.pv", "refused_address")
            self.assertIn("it refuses to be prepared: write holding 70 (function 6)", bench.mbc("trace", "dev").stdout)
            self.assertEqual([line for line in device.lines["out"] if line.startswith("read") and line != "read 46 1"], [])

    def test_try_asks_before_it_prepares(self):
        port = free_port()
        with server(port) as device:
            bench = Bench("file", BENCH.format(port=port, mode=1))
            file = bench.folder / "drive.yaml"
            file.write_text("instrument: drive\ntitle: A drive\nconfidence: low\nprotocol: modbus\nunproven: made up\n"
                            "init: [{holding: 46, value: 1}]\nchannels: {pv: {read: {holding: 1}}}\n")
            self.addCleanup(bench.__exit__, None, None, None)
            done = bench.mbc("try", "--link", f"tcp:127.0.0.1:{port}", str(file))
            self.assertEqual((done.returncode, device.lines["out"]), (1, []), done.stdout)
            self.assertIn("prepared before it is asked, by {holding: 46, value: 1}; add --prepare", done.stderr)
            done = bench.mbc("try", "--prepare", "--link", f"tcp:127.0.0.1:{port}", str(file))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(device.lines["out"][0], "write 46 [1]")
            self.assertRegex(done.stdout, r"device\.pv +250")


class Played(unittest.TestCase):
    def test_the_twin_is_prepared_and_again_when_it_is_started_anew(self):
        port = free_port()
        bench = Bench("played", BENCH.format(port=port, mode=1))
        twin = Twin(bench.file, [port], bench.environment)
        try:
            with bench:
                bench.wait_value("dev.mode", 1)
                bench.wait_value("dev.gain", 0.25)
                twin.stop()
                bench.wait_reason("dev.mode", "no_connection", "connection_lost")
                twin = Twin(bench.file, [port], bench.environment)
                bench.wait_value("dev.mode", 1)
                bench.wait_value("dev.gain", 0.25)
        finally:
            twin.stop()


if __name__ == "__main__":
    unittest.main()
