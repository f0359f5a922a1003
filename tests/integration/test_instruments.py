"""Instruments that are described by their messages and by instrument files: from the file to the value, with peers that nobody here wrote."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from harness import MBC, Bench, Device, PATIENCE_S, Process, Twin, can_connect, free_port, need_peer, wait_for

DUMMY_UPS = "/lib/nut/dummy-ups"

PUMP = """instrument: test-pump
title: {{en: A pump, fr: Une pompe}}
maker: nobody
confidence: high
protocol: text
line: {{timeout: 300 ms}}
params:
  address: {{type: int, range: [1, 99], default: 7}}
end: '\\r'
init: [{{send: "${{address:int2}}REM", receive: "${{address:int2}}OK"}}]
identity: {{send: "${{address:int2}}ID", receive: "${{address:int2}}{{identity:text}}"}}
errors:
  - {{receive: "${{address:int2}}E{{code:int}}", means: {{3: not in remote}}}}
  - {{receive: "${{address:int2}}RESET", is: restarted}}
events:
  alarm: {{receive: "!${{address:int2}}A{{alarm:int}}"}}
channels:
  flow:   {{read: {{send: "${{address:int2}}F?", receive: "${{address:int2}}F{{flow:num}}"}}, scale: {scale}, unit: mL/min, every: 50 ms, invalid: {{"--": switched_off}}}}
  alarm:  {{read: alarm, bits: {{0: stall, 1: leak}}}}
unproven: a device of this test
"""

BENCH = """links: {{l: {{tcp: "127.0.0.1:{port}", late_max: 300 ms}}}}
instruments: {{pump: {{use: test-pump, link: l}}}}
channels: {{F: {{read: pump.flow}}}}
"""


class Pump:
    """A device on a thread: answers in lines ended by CR, and has to be put into remote control after power-up."""

    def __init__(self):
        self.flow, self.is_remote, self.is_silent, self.heard, self.restarts = "1.5", False, False, [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        held = b""
        with contextlib.suppress(OSError):
            while data := connection.recv(4096):
                *lines, held = (held + data).split(b"\r")
                for line in lines:
                    answer = self._answer(line.decode())
                    if answer is not None and not self.is_silent:
                        connection.sendall(answer.encode() + b"\r")

    def _answer(self, line):
        self.heard.append(line)
        if line == "07REM":
            self.is_remote = True
            return "07OK"
        if line == "07ID":
            return "07Acme P1 2.0"
        if not self.is_remote:
            return "07RESET" if self.restarts else "07E3"
        return f"07F{self.flow}" if line == "07F?" else "07E1"

    def power_cycle(self):
        self.is_remote, self.restarts = False, self.restarts + 1

    def say(self, text):
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.sendall(text.encode() + b"\r")


class Card:
    """An IPX800 V4 by M2M, with headers or without; nothing ends what is said to it. `heard` is what it was told, by connection."""

    def __init__(self, key):
        self.key, self.headers, self.heard = key, True, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.heard.append([])
                threading.Thread(target=self._serve, args=(connection, self.heard[-1]), daemon=True).start()

    def _serve(self, connection, heard):
        with contextlib.suppress(OSError), connection:
            while asked := connection.recv(4096).decode():
                heard.append(asked)
                if heard[0] == f"key={self.key}":  # else it is silent
                    connection.sendall(self._answer(asked).encode() + b"\r\n")

    def _answer(self, asked):
        bits = {"Get=D": ("D", "01000001"), "Get=R": ("R", "10000000")}.get(asked)
        if bits is not None:
            return "&".join(f"{bits[0]}{i:02}={bit}" for i, bit in enumerate(bits[1] + 48 * "0", 1)) if self.headers else bits[1] + 48 * "0"
        if asked == "Get=A":
            return "A1=65535&A2=0&A3=0&A4=0" if self.headers else "0&0&0&65535"
        return "Success"


class Echo:
    """A wire on which nobody is: it gives back what it gets."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, contextlib.suppress(OSError):
                    while data := connection.recv(4096):
                        connection.sendall(data)


def put_file(bench, text, name="test-pump"):
    folder = bench.folder / "instruments"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(text)


@contextlib.contextmanager
def pump_bench():
    with Pump() as pump:
        bench = Bench("described", BENCH.format(port=pump.port))
        put_file(bench, PUMP.format(scale=1))
        with bench:
            bench.wait_good("F")
            yield pump, bench


class Described(unittest.TestCase):
    def test_prepared_before_it_is_asked(self):
        with pump_bench() as (pump, bench):
            self.assertEqual(bench.value("F"), 1.5)
            self.assertEqual([line for line in pump.heard if line != "07F?"][:2], ["07ID", "07REM"])
            self.assertEqual(pump.heard[2], "07F?")
            self.assertIn("Acme P1 2.0", bench.get("/api/v1/instruments/pump")["identity"])

    def test_prepared_again_after_a_restart(self):
        with pump_bench() as (pump, bench):
            before = pump.heard.count("07REM")
            pump.flow = "2.5"
            pump.power_cycle()
            bench.wait_value("F", 2.5)
            self.assertGreater(pump.heard.count("07REM"), before)

    def test_prepared_again_after_silence(self):
        with pump_bench() as (pump, bench):
            pump.is_silent = True
            bench.wait_reason("F", "no_answer")
            before = pump.heard.count("07REM")
            pump.is_silent = False
            bench.wait_good("F")
            self.assertGreater(pump.heard.count("07REM"), before)

    def test_what_is_no_number_has_its_reason(self):
        with pump_bench() as (pump, bench):
            pump.flow = "--"
            bench.wait_reason("F", "switched_off")
            pump.flow = "x9"
            bench.wait_reason("F", "not_a_number")
            pump.flow = "3"
            bench.wait_value("F", 3)

    def test_told_without_being_asked(self):
        with pump_bench() as (pump, bench):
            self.assertEqual(bench.channel("pump.alarm")["quality"], "bad")
            wait_for("the alarm", lambda: pump.say("!07A2") or bench.channel("pump.alarm")["value"] == 2)
            self.assertIs(bench.value("pump.alarm.leak"), True)
            self.assertIs(bench.value("pump.alarm.stall"), False)
            wait_for("the next", lambda: pump.say("!07A1") or bench.value("pump.alarm.stall") is True)
            self.assertEqual(bench.value("F"), 1.5)

    def test_a_file_that_changes_is_taken_up(self):
        with pump_bench() as (pump, bench):
            put_file(bench, PUMP.format(scale=10))
            self.assertEqual(bench.mbc("reload").returncode, 0)
            bench.wait_value("F", 15)
            # One with an error leaves the bench as it was, and says where.
            put_file(bench, PUMP.format(scale="ten"))
            done = bench.mbc("reload")
            self.assertEqual(done.returncode, 1, done.stdout)
            bench.process.wait_line(r"instruments/test-pump\.yaml:18:\d+: error: 'ten' is not a number")
            self.assertEqual(bench.value("F"), 15)

    def test_try_and_scan_ask_through_the_bench_that_has_the_wire(self):
        with pump_bench() as (pump, bench):
            prepared = pump.heard.count("07REM")
            for host in ("127.0.0.1", "localhost"):
                # What prepares it is no question of the bench's own, and in this language nobody can tell what it does.
                done = bench.mbc("try", "--prepare", "--link", f"tcp:{host}:{pump.port}", "instruments/test-pump.yaml", limit=60)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn("bench 'described' has this wire (instrument 'pump')", done.stdout)
                self.assertIn("the bench itself does not ask this", done.stdout)
                done = bench.mbc("scan", "--use", "test-pump", f"tcp:{host}:{pump.port}", limit=60)
                self.assertIn("bench 'described' has this wire (instrument 'pump')", done.stdout)
            self.assertEqual(pump.heard.count("07REM"), prepared)
            self.assertEqual(bench.value("F"), 1.5)
            # Part of its port is another port.
            done = bench.mbc("try", "--prepare", "--seconds", "1", "--link", f"tcp:127.0.0.1:{pump.port // 10}", "instruments/test-pump.yaml")
            self.assertNotIn("has this wire", done.stdout)
            # A bench that does not answer may use any wire.
            os.kill(bench.process.pid, signal.SIGSTOP)
            try:
                done = bench.mbc("try", "--prepare", "--link", f"tcp:127.0.0.1:{pump.port}", "instruments/test-pump.yaml")
            finally:
                os.kill(bench.process.pid, signal.SIGCONT)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            self.assertIn("'described' does not say which wires it uses", done.stderr)
            self.assertEqual(len(pump.connections), 1)


class Cards(unittest.TestCase):
    def test_a_key_once_and_both_forms_of_answers(self):
        card = self.enterContext(Card("k3y of the card"))
        bench = Bench("card", f"""
links: {{l: {{tcp: "127.0.0.1:{card.port}"}}}}
instruments:
  card: {{use: ipx800-v4-m2m, link: l, every: 100 ms, password: {{secret: card}}}}
""")
        secret = bench.folder / "secrets/card"
        secret.parent.mkdir(mode=0o700)
        secret.touch(mode=0o600)
        secret.write_text(card.key)
        with bench:
            for bits, analogs in (("card.in2", "card.analog1"), ("card.in8", "card.analog4")):
                bench.wait_value(bits, True)
                bench.wait_value(analogs, 3.3)
                bench.wait_value("card.relay1", True)
                self.assertIs(bench.value("card.relay2"), False)
                card.headers = False
        self.assertEqual([words.count(f"key={card.key}") for words in card.heard], [1])
        self.assertEqual(set(card.heard[0][1:]), {"Get=D", "Get=R", "Get=A"})


class Tried(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        (self.folder / "run").mkdir(mode=0o700)
        self.environment = dict(os.environ, MBC_RUN_DIR=str(self.folder / "run"), MBC_STATE_DIR=str(self.folder / "run"))
        (self.folder / "test-pump.yaml").write_text(PUMP.format(scale=1))

    def mbc(self, *words):
        return subprocess.run([str(MBC), *words], env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S, cwd=self.folder)

    def test_single_exchanges_are_shown(self):
        with Pump() as pump:
            done = self.mbc("try", "--link", f"tcp:127.0.0.1:{pump.port}", "test-pump.yaml")
            self.assertEqual((done.returncode, pump.heard), (1, []), done.stdout)
            self.assertIn("prepared before it is asked, by '07REM'; add --prepare", done.stderr)
            done = self.mbc("try", "--link", f"tcp:127.0.0.1:{pump.port}", "--prepare", "test-pump.yaml")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, r"-> 30 37 46 3F 0D  '07F\?\\r'")
            self.assertRegex(done.stdout, r"<- 30 37 46 31 2E 35 0D  '07F1\.5\\r'")
            self.assertRegex(done.stdout, r"device\.flow +1\.5 mL/min")
            self.assertIn("Acme P1 2.0", done.stdout)

    def test_nobody_there(self):
        done = self.mbc("try", "--link", f"tcp:127.0.0.1:{free_port()}", "--seconds", "1", "--prepare", "test-pump.yaml")
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot connect", done.stdout)

    def test_bad_words_have_a_remedy(self):
        for words, wanted in ((["try", "test-pump.yaml"], "--link tcp:HOST:PORT"), (["try", "--link", "x", "test-pump.yaml"], "write tcp:HOST:PORT"),
                              (["try", "--link", "tcp:127.0.0.1:1", "nowhere"], "nothing known as 'nowhere'"),
                              (["try", "--link", "tcp:127.0.0.1:1", "--with", "address=x", "test-pump.yaml"], "write a whole number"),
                              (["try", "--link", "tcp:127.0.0.1:1", "moxa-iologik-e1242"], "is about this command: --with NAME=VALUE gives a param"),
                              (["scan", "--units", "0", "tcp:h:1"], "1 to 247"), (["scan", "h:1"], "write tcp:HOST:PORT")):
            done = self.mbc(*words)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn(wanted, done.stderr, words)

    def test_scan_finds_who_answers(self):
        port = free_port()
        (self.folder / "twin.yaml").write_text(f"""bench: scanned
serve: no
links: {{l: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  a: {{use: modbus, link: l, unit: 3, channels: {{x: {{read: {{holding: 1}}}}}}}}
""")
        twin = Twin(self.folder / "twin.yaml", [port], self.environment)
        try:
            done = self.mbc("scan", "--units", "4", f"tcp:127.0.0.1:{port}")
        finally:
            twin.stop()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"unit_3 +answers")
        self.assertNotRegex(done.stdout, r"unit_2 +answers")

    def test_scan_is_not_taken_in_by_an_echo(self):
        with Echo() as echo:
            done = self.mbc("scan", "--units", "2", f"tcp:127.0.0.1:{echo.port}")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("it echoes", done.stdout)
        self.assertNotIn("answers:", done.stdout)
        self.assertNotRegex(done.stdout, r"unit_\d +answers")

    def test_every_exchange_is_shown(self):
        channels = "".join(f"  v{i}: {{read: {{holding: {1000 * i}}}}}\n" for i in range(60))
        (self.folder / "wide.yaml").write_text("instrument: wide\ntitle: many questions\nconfidence: low\nsources: [none]\nprotocol: modbus\n"
                                               f"unproven: a device of this test\nmax_gap: 0\nchannels:\n{channels}")
        with Device({1000 * i: i for i in range(60)}) as device:
            done = self.mbc("try", "--link", f"tcp:127.0.0.1:{device.port}", "wide.yaml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for i in range(60):
            self.assertRegex(done.stdout, rf"-> .*read holding {1000 * i}\b")
            self.assertRegex(done.stdout, rf"device\.v{i} +{i}\b")
        self.assertNotIn("went by too fast", done.stdout)

    def test_the_catalogue_is_listed(self):
        done = self.mbc("instrument", "ALICAT", "flow")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^alicat-mc +Alicat MC")
        done = self.mbc("instrument", "no such thing")
        self.assertEqual(done.returncode, 1)
        self.assertIn("try fewer", done.stderr)


class Peers(unittest.TestCase):
    """Servers of others, started here, read by descriptions alone."""

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))

    def start(self, *command, **options):
        process = Process(command, **options)
        self.addCleanup(process.stop)
        return process

    def test_a_ups_behind_nut(self):
        need_peer("upsd")
        port = free_port()
        self.folder.chmod(0o755)
        (self.folder / "ups.conf").write_text("[rack]\n driver = dummy-ups\n port = rack.dev\n")
        (self.folder / "upsd.conf").write_text(f"LISTEN 127.0.0.1 {port}\n")
        (self.folder / "upsd.users").write_text("")
        device = self.folder / "rack.dev"
        device.write_text("ups.status: OL\nbattery.charge: 97\nbattery.runtime: 1200\nups.load: 23.5\nTIMER 1\n")
        environment = dict(os.environ, NUT_CONFPATH=str(self.folder), NUT_STATEPATH=str(self.folder), NUT_ALTPIDPATH=str(self.folder))
        self.start(DUMMY_UPS, "-a", "rack", "-F", "-u", "root", env=environment, cwd=self.folder)
        self.start("/lib/nut/upsd", "-F", "-u", "root", env=environment, cwd=self.folder)
        wait_for("upsd", lambda: can_connect(port))
        with Bench("ups", f"""links: {{net: {{tcp: "127.0.0.1:{port}"}}}}
instruments: {{power: {{use: nut-ups, ups: rack, link: net, every: 200 ms}}}}
""") as bench:
            bench.wait_value("power.charge", 97)
            self.assertEqual(bench.value("power.status"), "OL")
            self.assertEqual(bench.value("power.load"), 23.5)
            # What this UPS does not measure is bad, and its neighbours stay good.
            bench.wait_reason("power.voltage_in", "refused_request")
            device.write_text("ups.status: OB LB\nbattery.charge: 12\nbattery.runtime: 60\nups.load: 23.5\nTIMER 1\n")
            bench.wait_value("power.status", "OB LB")
            bench.wait_value("power.charge", 12)

    def test_a_receiver_behind_gpsd(self):
        need_peer("gpsfake")
        port = free_port()
        log = self.folder / "track.nmea"
        sentence = "GPRMC,120000,A,4545.1234,N,00452.5678,E,000.0,000.0,260526,,,A"
        check = 0
        for c in sentence:
            check ^= ord(c)
        log.write_text(f"${sentence}*{check:02X}\r\n" * 50)
        self.start("gpsfake", "-q", "-P", str(port), "-c", "0.05", str(log))
        wait_for("gpsd", lambda: can_connect(port))
        with Bench("gps", f"""links: {{net: {{tcp: "127.0.0.1:{port}", late_max: 300 ms}}}}
instruments:
  gps:
    use: text
    link: net
    end: '\\n'
    skip: '\\r'
    timeout: 1 s
    init: [{{send: '?WATCH=<7B>"enable":true,"json":true}};'}}]
    messages:
      version: {{send: "?VERSION;", receive: '<7B>"class":"VERSION","release":"{{release:text}}"{{..}}'}}
    events:
      devices: {{receive: '<7B>"class":"DEVICES"{{..}}'}}
      watch: {{receive: '<7B>"class":"WATCH"{{..}}'}}
      position: {{receive: '<7B>"class":"TPV"{{..}}"lat":{{lat:num}},"lon":{{lon:num}},{{..}}'}}
    channels:
      release: {{read: version}}
      lat: {{read: position, stale_after: 10 s}}
      lon: {{read: position, stale_after: 10 s}}
""") as bench:
            bench.wait_good("gps.lat", "gps.release")
            self.assertAlmostEqual(bench.value("gps.lat"), 45 + 45.1234 / 60, places=4)
            self.assertAlmostEqual(bench.value("gps.lon"), 4 + 52.5678 / 60, places=4)
            self.assertRegex(bench.value("gps.release"), r"^\d+\.\d+")


if __name__ == "__main__":
    unittest.main()
