"""`mbc twin` for every protocol that it plays: bytes from sockets and curl, mbc against it, and faults on request while both run."""
import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import termios
import time
import tty
import unittest

from harness import MBC, PATIENCE_S, Bench, Process, Twin, free_port, need_peer, wait_for

BENCH = """
links:
  io: {{tcp: "127.0.0.1:{io}"}}
  flow: {{tcp: "127.0.0.1:{flow}"}}
  web: {{tcp: "127.0.0.1:{web}"}}
  rig: {{tcp: "127.0.0.1:{rig}"}}
  gauge: {{serial: "{folder}/gauge", line: 9600 8N1}}
  relay: {{serial: "{folder}/relay", line: 19200 8N1}}
  mfcs: {{serial: "{folder}/mfcs", line: 19200 8O1}}
instruments:
  furnace:
    {timing}
    use: modbus
    link: io
    unit: 3
    channels:
      sp: {{read: {{holding: 2, type: int16}}, write: {{holding: 2}}, scale: 0.1, unit: degC}}
      pv: {{read: {{holding: 1, type: int16}}, scale: 0.1, unit: degC}}
    twin:
      sp: {{start: 25}}
      pv: {{start: 20, follows: sp, tau: 100 ms}}
  mfc:
    {timing}
    use: propar
    link: flow
    channels:
      measure: {{read: {{process: 1, parameter: 0, type: measure}}}}
      setpoint: {{read: {{process: 1, parameter: 1, type: int16}}, write: {{process: 1, parameter: 1}}}}
    twin:
      measure: {{follows: setpoint}}
  page:
    {timing}
    use: http
    link: web
    path: /service/method
    channels:
      sum: {{read: {{terminal: Sum}}, twin: {{start: 9}}}}
  relays:
    {timing}
    use: http
    link: web
    accept: vdn.dac.v1
    channels:
      r3:
        read: {{path: /api/slot/0/io/relay, json: "io.relay[relayIndex=3].relayStatus", type: bool}}
        write: {{path: /api/slot/0/io/relay/3/relayStatus, body: '{{"slot":0,"io":{{"relay":{{"3":{{"relayStatus":{{value}}}}}}}}}}'}}
  tpg:
    {timing}
    use: tpg
    link: gauge
    channels:
      p: {{read: {{gauge: 1}}, unit: mbar, twin: {{start: 1013}}}}
  board:
    {timing}
    use: k8090
    link: relay
  brooks:
    {timing}
    use: brooks-s
    link: mfcs
    address: 0A64010203
    channels:
      flow: {{read: {{what: flow, unit_code: 171}}, unit: mL/min, twin: {{start: 12.5}}}}
      set: {{read: {{what: setpoint_percent}}, write: {{what: setpoint_percent}}, unit: "%"}}
  tagged:
    {timing}
    use: brooks-s
    link: mfcs
    tag: "20902001"
    channels:
      flow: {{read: {{what: flow}}, twin: {{start: 7}}}}
  card:
    {timing}
    use: helper
    link: rig
    channels:
      T: {{read: {{channel: T1, unit: degC}}, write: {{channel: T1}}, unit: degC, twin: {{start: 21.5}}}}
"""

GOOD = {"furnace.pv": "25 degC", "mfc.measure": "0", "page.sum": "9", "tpg.p": "1013 mbar", "board.relay1": "0",
        "brooks.flow": "12.5 mL/min", "tagged.flow": "7", "card.T": "21.5 degC"}


class Line:
    """The serial line at a path, raw: what a program that is not mbc would open."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)
        termios.tcflush(self.fd, termios.TCIOFLUSH)

    def send(self, data):
        os.write(self.fd, data)

    def receive(self, n):
        """At least n bytes."""
        got = b""
        until = time.monotonic() + PATIENCE_S
        while len(got) < n and time.monotonic() < until:
            with contextlib.suppress(BlockingIOError):
                got += os.read(self.fd, 4096)
            time.sleep(0.005)
        return got

    def close(self):
        os.close(self.fd)


class Playing(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        ports = {name: free_port() for name in ("io", "flow", "web", "rig")}
        self.ports = ports
        self.text = BENCH.format(**ports, folder=self.folder, timing="every: 100 ms\n    timeout: 300 ms")

    def start_twin(self, bench=None):
        """The twin of a running bench (None: of its own file), and how to call it."""
        if bench is None:
            self.file = self.folder / "bench.yaml"
            self.file.write_text(f"bench: played\n{self.text}")
            self.environment = dict(os.environ, MBC_RUN_DIR=str(self.folder / "run"), MBC_STATE_DIR=str(self.folder / "state"))
        else:
            self.file, self.environment = bench.file, bench.environment
        twin = Twin(self.file, self.ports.values(), self.environment)
        self.addCleanup(twin.stop)
        twin.wait_line(r"link 'mfcs'")
        wait_for("the door of the twin", lambda: self.twin("--fault").returncode == 0)
        return twin

    def twin(self, *words):
        return subprocess.run([MBC, "twin", str(self.file), *words], env=self.environment, capture_output=True, text=True,
                              timeout=PATIENCE_S)

    def ask(self, port, question, n):
        with socket.create_connection(("127.0.0.1", self.ports[port]), timeout=PATIENCE_S) as sock:
            got = b""
            for byte in question:  # as slowly as a wire can be
                sock.sendall(bytes([byte]))
            while len(got) < n and (more := sock.recv(4096)):
                got += more
            return got


class Vectors(Playing):
    """Bytes as the makers' manuals have them."""

    def setUp(self):
        super().setUp()
        self.start_twin()

    def test_propar_in_both_forms(self):
        self.assertEqual(self.ask("flow", b":06800101213E80\r\n", 13), b":0480000005\r\n")
        wait_for("the flow", lambda: self.ask("flow", b":06800401210120\r\n", 17) == b":06800201213E80\r\n")
        self.assertEqual(self.ask("flow", bytes.fromhex("10 02 01 80 05 04 01 20 01 20 10 03"), 12),
                         bytes.fromhex("10 02 01 80 05 02 01 20 3E 80 10 03"))
        self.assertEqual(self.ask("flow", b":06050401210120\r\n", 9), b":028005\r\n")

    def test_a_gauge_controller(self):
        line = Line(self.folder / "gauge")
        self.addCleanup(line.close)
        unasked = line.receive(27)  # until the first character
        self.assertIn(b"0,1.0130E+03,5,0.0000E+00\r\n", unasked)
        line.send(b"PR1\r\n")
        self.assertTrue(line.receive(3).endswith(b"\x06\r\n"))
        line.send(b"\x05")
        self.assertEqual(line.receive(14), b"0,1.0130E+03\r\n")
        line.send(b"XYZ\r\n")
        self.assertEqual(line.receive(3), b"\x15\r\n")

    def test_a_relay_board(self):
        line = Line(self.folder / "relay")
        self.addCleanup(line.close)
        line.send(bytes.fromhex("04 11 01 00 00 EA 0F 04 18 00 00 00 E4 0F"))
        self.assertEqual(line.receive(14), bytes.fromhex("04 51 00 01 00 AA 0F 04 51 01 01 00 A9 0F"))
        line.send(bytes.fromhex("04 11 01 00 00 EB 0F 04 12 01 00 00 E9 0F"))  # the first one's check is wrong
        self.assertEqual(line.receive(7), bytes.fromhex("04 51 01 00 00 AA 0F"))
        self.twin("--set", "board.relay2=1")  # somebody presses a button
        self.assertEqual(line.receive(7), bytes.fromhex("04 51 00 02 00 A9 0F"))

    def test_flow_controllers_on_one_line(self):
        line = Line(self.folder / "mfcs")
        self.addCleanup(line.close)
        line.send(bytes.fromhex("FF FF FF FF FF 82 0A 64 01 02 03 01 00 ED"))
        self.assertEqual(line.receive(22), bytes.fromhex("FF FF FF FF FF 86 0A 64 01 02 03 01 07 00 00 AB 41 48 00 00 4C"))
        line.send(bytes.fromhex("FF FF FF FF FF 82 0A 64 01 02 03 EC 05 39 41 A0 00 00 DD"))
        self.assertEqual(line.receive(26), bytes.fromhex("FF FF FF FF FF 86 0A 64 01 02 03 EC 0C 00 00 39 41 A0 00 00 AB 41 20 00 00 1A"))
        line.send(bytes.fromhex("FF FF FF FF FF 82 80 00 00 00 00 0B 06 CB 0E 70 CB 0C 31 4C"))  # who has this tag?
        self.assertTrue(line.receive(28).startswith(bytes.fromhex("FF FF FF FF FF 86 80 00 00 00 00 0B 0E 00 00 FE 0A 64")))

    def test_a_program_of_the_laboratory(self):
        self.assertEqual(self.ask("rig", b"get T1\n", 13), b"ok 21.5 degC\n")
        self.assertEqual(self.ask("rig", b"set T1 30\r\n", 3), b"ok\n")
        self.assertEqual(self.ask("rig", b"get T1\n", 11), b"ok 30 degC\n")
        self.assertEqual(self.ask("rig", b"get T2\n", 23), b"err unknown channel T2\n")

    def test_curl_reads_the_page(self):
        base = f"http://127.0.0.1:{self.ports['web']}"
        done = subprocess.run([need_peer("curl"), "-s", "-w", "%{http_code} %{num_connects}\n", base + "/service/method",
                               base + "/service/method", base + "/nothing"], capture_output=True, text=True, timeout=PATIENCE_S)
        page = "<Response><Terminal><Name>Sum</Name><Value>9.000000</Value></Terminal></Response>"
        self.assertEqual(done.stdout, f"{page}200 1\n{page}200 0\nNot Found404 0\n")  # one connection for all

    def test_mbpoll(self):
        done = subprocess.run([need_peer("mbpoll"), "-m", "tcp", "-a", "3", "-p", str(self.ports["io"]), "-0", "-1", "-r", "2", "-c",
                               "1", "127.0.0.1"], capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertIn("[2]: \t250", done.stdout, done.stdout + done.stderr)


class Faults(Playing):
    """mbc reads twins that go wrong: each channel shows why it has no value, the others go on, and it comes back."""

    def setUp(self):
        super().setUp()
        self.bench = Bench("played", self.text)
        self.start_twin(self.bench)
        self.enterContext(self.bench)

    def shown(self, name):
        return self.bench.mbc("get", name).stdout.strip()

    def wait_shown(self, name, pattern):
        wait_for(f"{name} shows {pattern!r}", lambda: re.search(pattern, self.shown(name)))

    def wait_all_good(self):
        for name, value in GOOD.items():
            self.wait_shown(name, f"^{value}$")

    def order(self, *words):
        done = self.twin(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def check(self, instrument, fault, pattern):
        """The channel of an instrument goes bad with its reason, no other does, and it is good again afterwards."""
        name = next(name for name in GOOD if name.startswith(instrument + "."))
        with self.subTest(f"{instrument}: {fault}"):
            self.assertIn(f"{instrument}: {fault.split(':')[0]}", self.order("--fault", f"{instrument}={fault}"))
            self.wait_shown(name, pattern)
            for other in GOOD:
                if other != name:
                    self.assertEqual(self.shown(other), GOOD[other])
            self.assertEqual(self.order("--fault", f"{instrument}=none"), "nothing is wrong, and no value is kept\n")
            self.wait_shown(name, f"^{GOOD[name]}$")

    def test_each_protocol(self):
        self.wait_all_good()
        for instrument in ("furnace", "mfc", "page", "tpg", "board", "brooks", "tagged", "card"):
            self.check(instrument, "dead", "^bad: (no answer|too old)")
        self.check("furnace", "late:1s", "^bad: (no answer|too old)")
        self.check("furnace", "refuse", "^bad: the device reports a failure")
        self.check("furnace", "wrong_tag", "^bad: ")
        self.check("mfc", "refuse", "^bad: ")
        self.check("mfc", "wrong_tag", "^bad: ")
        self.check("mfc", "wrong_address", "^bad: ")
        self.check("page", "refuse", "^bad: the device reports a failure")
        self.check("tpg", "refuse", "^bad: ")
        self.check("board", "wrong_checksum", "^bad: ")
        self.check("brooks", "refuse", "^bad: ")
        self.check("brooks", "wrong_checksum", "^bad: ")
        self.check("tagged", "wrong_address", "^bad: ")
        self.check("card", "refuse", "^bad: the device reports a failure")

    def test_what_does_no_harm(self):
        """Faults that a good master gets over."""
        self.wait_all_good()
        for instrument, fault in (("mfc", "garbage"), ("mfc", "echo"), ("board", "unsolicited"), ("board", "garbage"), ("page", "cut:100ms"),
                                  ("brooks", "echo"), ("brooks", "garbage"), ("card", "unsolicited")):
            with self.subTest(f"{instrument}: {fault}"):
                name = next(name for name in GOOD if name.startswith(instrument + "."))
                before = self.bench.get("/api/v1/instruments/" + instrument)["counters"]["answers"]
                self.order("--fault", f"{instrument}={fault}")
                wait_for("some answers", lambda: self.bench.get("/api/v1/instruments/" + instrument)["counters"]["answers"] > before + 5)
                self.assertEqual(self.shown(name), GOOD[name])
                self.order("--fault", f"{instrument}=none")

    def test_values_that_are_kept(self):
        self.wait_all_good()
        self.assertEqual(self.order("--set", "furnace.pv=300", "--set", "tpg.p=0.001"),
                         "furnace.pv is kept at 300 degC\ntpg.p is kept at 0.001 mbar\n")
        self.wait_shown("furnace.pv", "^300 degC$")
        self.wait_shown("tpg.p", "^0.001 mbar$")
        self.order("--free", "furnace.pv", "--free", "tpg.p")
        self.wait_all_good()

    def test_curl_switches_a_relay(self):
        """A page of an E1214 and a single node of it: what curl writes, mbc reads."""
        base = f"http://127.0.0.1:{self.ports['web']}/api/slot/0/io/relay"

        def curl(*words):
            return subprocess.run([need_peer("curl"), "-s", "-w", " %{http_code}", *words], capture_output=True, text=True,
                                  timeout=PATIENCE_S).stdout

        self.wait_shown("relays.r3", "^0$")
        self.assertEqual(curl(base), '{"error":{"message":"UnsupportedVersion","code":101}} 400')
        accept = ("-H", "Accept: vdn.dac.v1")
        node = '{"slot":0,"io":{"relay":{"3":{"relayStatus":1}}}}'
        self.assertEqual(curl(*accept, "-X", "PUT", "-d", node, base + "/3/relayStatus"), " 200")
        self.wait_shown("relays.r3", "^1$")
        self.assertEqual(curl(*accept, base), '{"io":{"relay":[{"relayIndex":3,"relayStatus":1}]}} 200')
        # The server ends the connection when it is asked to, and not before.
        self.assertIn(b"\r\nConnection: close\r\n\r\nNot Found", self.ask("web", b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n", 10**6))

    def test_a_fault_with_an_end(self):
        self.wait_all_good()
        self.assertRegex(self.order("--fault", "furnace=dead", "--for", "2 s"), r"^furnace: dead, for [\d.]+ m?s more\n$")
        self.wait_shown("furnace.pv", "^bad: ")
        self.wait_shown("furnace.pv", "^25 degC$")
        self.assertIn("nothing is wrong", self.order("--fault"))


class Catalogue(unittest.TestCase):
    """Files of the catalogue, as plain sockets see them."""

    def test_cards_by_m2m(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        v3, v4 = free_port(), free_port()
        (folder / "bench.yaml").write_text(f"""
bench: cards
links: {{a: {{tcp: "127.0.0.1:{v3}"}}, b: {{tcp: "127.0.0.1:{v4}"}}}}
instruments:
  v3: {{use: ipx800-v3-m2m, link: a, twin: {{analog1: {{start: 2.0026}}, in5: {{start: 1}}}}}}
  v4: {{use: ipx800-v4-m2m, link: b, twin: {{analog2: {{start: 3.3}}, in1: {{start: 1}}}}}}
""")
        twin = Twin(folder / "bench.yaml", (v3, v4), dict(os.environ, MBC_RUN_DIR=str(folder / "run"), MBC_STATE_DIR=str(folder / "state")))
        self.addCleanup(twin.stop)
        for port, asked, told in ((v3, b"GetInputs", b"GetInputs=00001000\r\n"), (v3, b"GetAn1", b"GetAn1=620\r\n"),
                                  (v3, b"Set021", b"OK\r\n"), (v3, b"GetOutputs", b"GetOutputs=01000000\r\n"),
                                  (v3, b"Set020", b"OK\r\n"), (v3, b"GetOutputs", b"GetOutputs=00000000\r\n"),
                                  (v3, b"GetCount8", b"GetCount8=0\r\n"),
                                  (v4, b"Get=D", b"D01=1&D02=0&D03=0&D04=0&D05=0&D06=0&D07=0&D08=0\r\n"),
                                  (v4, b"Get=A", b"A1=0&A2=65535&A3=0&A4=0\r\n"), (v4, b"SetR=08", b"Success\r\n"),
                                  (v4, b"Get=R", b"R01=0&R02=0&R03=0&R04=0&R05=0&R06=0&R07=0&R08=1\r\n"),
                                  (v4, b"ClearR=08", b"Success\r\n"), (v4, b"Get=R", b"R01=0&R02=0&R03=0&R04=0&R05=0&R06=0&R07=0&R08=0\r\n")):
            with self.subTest(asked=asked), socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as sock:
                sock.sendall(asked)
                got = b""
                while not got.endswith(b"\r\n") and (more := sock.recv(4096)):
                    got += more
                self.assertEqual(got, told)


class Names(unittest.TestCase):
    def test_they_are_what_identify_looks_for(self):
        """A bench that holds on to its devices can be tried without them."""
        ports = {name: free_port() for name in ("io", "flow", "lan")}
        bench = Bench("named", """
links:
  io: {tcp: "127.0.0.1:%(io)d"}
  flow: {tcp: "127.0.0.1:%(flow)d"}
  lan: {tcp: "127.0.0.1:%(lan)d"}
instruments:
  gateway: {use: modbus, link: io, identify: {is: GW1}, channels: {a: {read: {holding: 1}}}}
  mfc: {use: propar, link: flow, identify: {is: M2022}, channels: {a: {read: {process: 1, parameter: 0, type: measure}}}}
  meter: {use: scpi-dmm, link: lan, timeout: 500 ms, identify: {is: "34461A"}}
""" % ports)
        self.addCleanup(shutil.rmtree, bench.folder, ignore_errors=True)
        twin = Twin(bench.file, ports.values(), bench.environment)
        self.addCleanup(twin.stop)
        with bench:
            bench.wait_good("gateway.a", "mfc.a", "meter.reading")


class Orders(Playing):
    def test_what_cannot_be_is_said(self):
        self.start_twin()
        for words, text in (
                (["--fault", "furnace=sick"], "no fault is called 'sick'; there are none, late, dead, "),
                (["--fault", "page=wrong_checksum"], "http has no such thing as 'wrong_checksum'; it takes none, "),
                (["--fault", "oven=dead"], "the bench has no instrument 'oven'"),
                (["--set", "furnace.pv=warm"], "'warm' is no value for 'furnace.pv'; write a number in its unit, degC")):
            done = self.twin(*words)
            self.assertEqual(done.returncode, 1)
            self.assertTrue(done.stderr.startswith("mbc twin: " + text), done.stderr)

    def test_the_kinds_are_listed(self):
        twin = self.start_twin()
        done = self.twin("--fault")
        for word in ("late", "dead", "cut", "garbage", "echo", "stale", "refuse", "wrong_address", "wrong_tag", "wrong_checksum", "unsolicited",
                     "restart"):
            self.assertRegex(done.stdout, rf"(?m)^  {word} +\w")
        twin.stop()
        done = self.twin("--fault", "furnace=dead")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no twin of bench 'played' is running here; start it with 'mbc twin", done.stderr)
        self.assertFalse((self.folder / "run/played.twin").exists())

    def test_a_second_twin_leaves_the_door_to_the_first(self):
        self.start_twin()
        other = self.folder / "other.yaml"
        other.write_text(f"bench: played\n{BENCH}".format(io=free_port(), flow=free_port(), web=free_port(), rig=free_port(),
                                                        folder=self.folder / "other", timing="every: 1 s"))
        (self.folder / "other").mkdir()
        second = Process([MBC, "twin", other], env=self.environment)
        self.addCleanup(second.stop)
        second.wait_line("another twin of a bench with this name is running; 'mbc twin --fault' will not reach this one")
        self.assertEqual(self.twin("--fault", "furnace=dead").stdout, "furnace: dead\n")


if __name__ == "__main__":
    unittest.main()
