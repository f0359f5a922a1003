"""Instruments in datagrams: pymodbus and socat are read over UDP, pymodbus reads what `mbc twin` plays, sentences come to a port unasked."""
import json
import pathlib
import socket
import subprocess
import tempfile
import unittest

from harness import HERE, MBC, PATIENCE_S, Bench, Process, free_port, need_peer, wait_for

TABLES = json.dumps({"holding": {"3": 250, "4": 7}, "input": {}, "coil": {}, "discrete": {}})

MODBUS = """
links:
  plc: {udp: "127.0.0.1:%d"}
instruments:
  furnace: {use: modbus, link: plc, every: 100 ms, timeout: 500 ms, channels: {pv: {read: {holding: 3}, scale: 0.1}, n: {read: {holding: 4}}, none: {read: {holding: 9}}}}
"""

TEXT = """
links:
  meter: {udp: "127.0.0.1:%d"}
instruments:
  meter:
    use: text
    link: meter
    every: 100 ms
    timeout: 500 ms
    end: '\\n'
    channels:
      flow: {read: {send: "FLOW?", receive: "FLOW:{flow:num}"}}
      mass: {read: {send: "MASS?", receive: "{mass:num}"}}
      head: {read: {send: "HEAD?", receive: "{head:num}"}}
      void: {read: {send: "HALF?", receive: "{void:num}"}}
"""

# What socat runs for each datagram that comes: a line in, its answer out. HALF? is answered without an end.
DEVICE = r"""#!/bin/sh
read q; case "$q" in FLOW?) echo FLOW:1.5;; MASS?) echo 20;; HEAD?) echo 30;; HALF?) printf 40;; esac"""

SENTENCES = """
links:
  weather: {udp: "127.0.0.1:%d", local_port: %d}
instruments:
  station:
    use: text
    link: weather
    every: 100 ms
    timeout: 300 ms
    end: '\\r\\n'
    events: {wind: {receive: "$WIMWV,{angle:num},R,{speed:num},M"}}
    channels:
      angle: {read: {ask: wind, field: angle}, stale_after: 60 s}
      speed: {read: {ask: wind, field: speed}, stale_after: 60 s}
"""


def start_modbus(port):
    return Process(["/usr/bin/python3", HERE / "pymodbus_server.py", port, TABLES, "udp"])


class Peers(unittest.TestCase):
    def test_modbus_comes_and_goes(self):
        port = free_port()
        with Bench("udp", MODBUS % port) as bench:
            bench.wait_reason("furnace.pv", "no_connection")  # its computer says that nobody listens
            self.assertIn("nobody listens", bench.mbc("trace", "furnace").stdout)
            server = start_modbus(port)
            self.addCleanup(lambda: server.stop())
            bench.wait_value("furnace.pv", 25)
            bench.wait_value("furnace.n", 7)
            bench.wait_reason("furnace.none", "refused_address")
            server.stop()
            bench.wait_reason("furnace.pv", "no_connection")
            server = start_modbus(port)
            bench.wait_value("furnace.pv", 25)
            self.assertIn(f"udp 127.0.0.1:{port}", bench.mbc("doctor").stdout)
            busy = bench.mbc("scan", f"udp:127.0.0.1:{port}")
            self.assertIn("furnace", busy.stdout + busy.stderr)  # the bench has it
        found = subprocess.run([MBC, "scan", "--units", "2", f"udp:127.0.0.1:{port}"], capture_output=True, text=True, timeout=300)
        self.assertIn("unit_1", found.stdout)

    def test_text(self):
        port = free_port()
        folder = tempfile.TemporaryDirectory(prefix="mbc-device-")
        self.addCleanup(folder.cleanup)
        script = pathlib.Path(folder.name) / "device"
        script.write_text(DEVICE)
        script.chmod(0o700)
        device = Process([need_peer("socat"), f"UDP4-RECVFROM:{port},bind=127.0.0.1,fork", f"EXEC:{script}"])
        self.addCleanup(device.stop)
        with Bench("udp", TEXT % port) as bench:
            bench.wait_value("meter.flow", 1.5)
            bench.wait_value("meter.mass", 20)
            bench.wait_value("meter.head", 30)
            bench.wait_reason("meter.void", "no_answer", "garbled_answer")  # its end never comes, and no other datagram is its rest
            for _ in range(20):
                # What is without an answer holds up what could be mistaken for it, and never becomes it.
                self.assertIn(bench.value("meter.mass"), (20, None))
                self.assertIn(bench.value("meter.head"), (30, None))
                self.assertIsNone(bench.value("meter.void"))


class Unasked(unittest.TestCase):
    """A device that sends its sentences to a port of this computer, and others that do the same."""

    def test_sentences(self):
        here, there = free_port(), free_port()
        station, stranger = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self.addCleanup(station.close)
        self.addCleanup(stranger.close)
        station.bind(("127.0.0.1", there))
        with Bench("udp", SENTENCES % (there, here)) as bench:
            def tell(sock, text):
                sock.sendto(text.encode(), ("127.0.0.1", here))

            def heard():
                tell(stranger, "$WIMWV,1,R,1,M\r\n")
                tell(station, "$WIMWV,214.8,R,10.4,M\r\n")
                return bench.channel("station.speed")["quality"] == "good"

            wait_for("a sentence", heard)
            self.assertEqual((bench.value("station.angle"), bench.value("station.speed")), (214.8, 10.4))
            tell(station, "$WIMWV,2")  # it never goes on in the next
            tell(station, "2,R,2,M\r\n")
            tell(station, "")
            tell(station, "$WIMWV,90,R,3,M\r\n$WIMWV,91,R,4,M\r\n$WIM")
            bench.wait_value("station.speed", 4)
            self.assertEqual(bench.value("station.angle"), 91)
            self.assertIn("no frame", bench.mbc("trace", "station").stdout)

    def test_the_port_is_taken(self):
        here = free_port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("0.0.0.0", here))
            with Bench("udp", SENTENCES % (free_port(), here)) as bench:
                bench.wait_reason("station.speed", "no_connection")
                wait_for("the remedy", lambda: f"local_port {here}: " in bench.mbc("trace", "station").stdout)


class Twins(unittest.TestCase):
    def test_a_bench_and_its_twin(self):
        port = free_port()
        with Bench("udp", MODBUS % port) as bench:
            twin = Process([MBC, "twin", bench.file], env=bench.environment)
            self.addCleanup(twin.stop)
            twin.wait_line(f"udp 127.0.0.1:{port}, 1 instrument", "out")
            bench.wait_good("furnace.pv", "furnace.n")
            client = subprocess.run(["/usr/bin/python3", "-c", f"""
from pymodbus.client import ModbusUdpClient
client = ModbusUdpClient("127.0.0.1", port={port})
assert client.connect()
assert not client.write_register(4, 77, slave=1).isError()
print(client.read_holding_registers(4, 1, slave=1).registers)
"""], capture_output=True, text=True, timeout=PATIENCE_S)
            self.assertEqual(client.stdout, "[77]\n", client.stderr)
            bench.wait_value("furnace.n", 77)


if __name__ == "__main__":
    unittest.main()
