"""`mbc scan`: instruments of the catalogue and of the folder `instruments` found on a wire by what identifies them, and nobody else."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from harness import MBC, PATIENCE_S, Device, Process, Twin, free_port

LIMIT_S = 4 * PATIENCE_S

OWN = """instrument: {name}
title: {{en: A pump, fr: Une pompe}}
confidence: high
sources: [nobody]
protocol: text
line: {{serial: 9600 8N1, timeout: 300 ms}}
params:
  address: {{type: int, range: [1, 3], default: 2}}
end: '\\r'
init: [{{send: "${{address:int2}}REM", receive: "${{address:int2}}OK"}}]
identity: {{send: "${{address:int2}}ID", receive: "${{address:int2}}{{identity:text}}"}}
channels:
  flow: {{read: {{send: "${{address:int2}}F?", receive: "${{address:int2}}F{{flow:num}}"}}}}
unproven: a device of this test
"""


class Server:
    """Takes connections and gives to each piece of bytes what answer() makes of it; `heard` has them all."""

    def __init__(self, answer):
        self.answer, self.heard = answer, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.link = f"tcp:127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(4096):
                self.heard.append(data)
                answer = self.answer(data)
                if answer is None:
                    return
                connection.sendall(answer)


class Scan(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        (self.folder / "run").mkdir(mode=0o700)
        self.environment = dict(os.environ, MBC_RUN_DIR=str(self.folder / "run"), MBC_STATE_DIR=str(self.folder / "run"))

    def scan(self, *words):
        return subprocess.run([str(MBC), "scan", *words], env=self.environment, capture_output=True, text=True, timeout=LIMIT_S,
                              cwd=self.folder)

    def own_file(self, name="own-pump"):
        (self.folder / "instruments").mkdir(exist_ok=True)
        (self.folder / "instruments" / f"{name}.yaml").write_text(OWN.format(name=name))

    def play(self, links, instruments):
        ports = [free_port() for wire in links.values() if wire == "tcp"]
        free = iter(ports)
        text = "".join(f"  {name}: {{tcp: \"127.0.0.1:{next(free)}\"}}\n" if wire == "tcp" else f"  {name}: {{serial: {self.folder / name}}}\n"
                       for name, wire in links.items())
        file = self.folder / "twin.yaml"
        file.write_text(f"bench: scanned\nserve: no\nlinks:\n{text}instruments:\n{instruments}")
        twin = Twin(file, ports, self.environment)
        self.addCleanup(twin.stop)
        twin.wait_line(f"link '{list(links)[-1]}'")
        return [f"tcp:127.0.0.1:{port}" for port in ports]

    def assert_found(self, done, *wanted):
        """These and no others, as the words that a bench takes."""
        found = [line.strip() for line in done.stdout.splitlines() if line.startswith("  use: ")]
        self.assertEqual([line.split("  ")[0] for line in found], list(wanted), done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0 if wanted or "says:" in done.stdout else 1, done.stdout + done.stderr)

    def test_instruments_of_a_tcp_port(self):
        meter, wago = self.play({"a": "tcp", "b": "tcp"}, "  dmm: {use: scpi-dmm, link: a}\n  io: {use: wago-750, link: b}\n")
        done = self.scan("--units", "2", meter)
        self.assert_found(done, "use: keysight-344xx", "use: scpi-dmm", "use: scpi-psu")  # they ask alike: each may be it
        self.assertRegex(done.stdout, r"SCPI +says: dmm")
        self.assertRegex(done.stdout, r"\d+ questions for \d+ instruments, at most \d+ s")
        self.assert_found(self.scan("--use", "adam-4017", "--use", "wago-750", "--units", "2", wago), "use: wago-750")

    def test_instruments_of_a_serial_line(self):
        self.play({"adam": "serial", "sics": "serial"},
                  "  a: {use: adam-4018, link: adam, address: 0}\n  b: {use: mettler-sics, link: sics}\n")
        for wire in (f"serial:{self.folder / 'adam'}", f"serial:{self.folder / 'adam'},9600 8N1"):
            self.assert_found(self.scan("--use", "adam-4018", "--units", "2", wire), "use: adam-4018, address: 0")
        done = self.scan("--use", "mettler-sics", "--use", "lauda", f"serial:{self.folder / 'sics'}")
        self.assertIn("Identifications of the catalogue at 9600 8N1:", done.stdout)
        self.assert_found(done, "use: mettler-sics")

    def test_who_is_something_else_is_not_told(self):
        with Device({0x2002: 4661}) as device:
            done = self.scan("--use", "wago-750", f"tcp:127.0.0.1:{device.port}")
            self.assert_found(done)
            self.assertEqual(len(device.log), 1)
        with Device({0x2002: 4660}) as device:
            self.assert_found(self.scan("--use", "wago-750", f"tcp:127.0.0.1:{device.port}"), "use: wago-750")

    def test_own_files_are_asked_and_prepared_by_nothing(self):
        self.own_file()
        self.own_file("same-pump")
        (self.folder / "instruments" / "broken.yaml").write_text(OWN.format(name="broken").replace("int2}ID", "nothing}ID"))
        with Server(lambda data: b"03Acme P1\r" if data == b"03ID\r" else b"") as server:
            done = self.scan(server.link)
        self.assert_found(done, "use: own-pump, address: 3", "use: same-pump, address: 3")
        self.assertIn("says: Acme P1", done.stdout)
        self.assertRegex(done.stderr, r"broken\.yaml:\d+:\d+: error")
        said = b"".join(server.heard)
        self.assertNotIn(b"REM", said)
        self.assertNotIn(b"F?", said)
        for question in (b"01ID\r", b"02ID\r", b"03ID\r", b"*IDN?\n", b"TYPE\r"):
            self.assertEqual(said.count(question), 1, question)

    def test_an_echo_is_no_answer(self):
        self.own_file()
        with Server(lambda data: data) as server:
            done = self.scan("--use", "own-pump", server.link)
        self.assert_found(done)
        self.assertIn("it echoes, and nobody answers", done.stdout)
        # A line that hears itself, with somebody on it.
        with Server(lambda data: data + b"02Acme P1\r" if data == b"02ID\r" else data) as server:
            done = self.scan("--use", "own-pump", server.link)
        self.assert_found(done, "use: own-pump, address: 2")
        self.assertNotIn("echoes", done.stdout)

    def test_the_same_answer_to_everything_tells_nothing(self):
        with Server(lambda data: b"what?\r\n") as server:
            done = self.scan("--use", "scpi-dmm", "--use", "lauda", server.link)
        self.assert_found(done)
        self.assertIn("says the same whatever it is asked", done.stdout)
        # To one question with either end it may.
        (self.folder / "instruments").mkdir()
        (self.folder / "instruments" / "own-meter.yaml").write_text(
            OWN.format(name="own-meter").replace("end: '\\r'", "end: '\\r\\n'").replace("${address:int2}ID", "*IDN?").replace(
                "${address:int2}{identity:text}", "{identity:text}"))
        with Server(lambda data: b"ACME,1\r\n" if data.strip() == b"*IDN?" else b"") as server:
            done = self.scan("--use", "scpi-dmm", "--use", "lauda", "--use", "own-meter", server.link)
        self.assert_found(done, "use: own-meter", "use: scpi-dmm")

    def test_who_hangs_up_is_asked_again(self):
        self.own_file()
        with Server(lambda data: b"03Acme P1\r" if data == b"03ID\r" else None) as server:
            self.assert_found(self.scan("--use", "own-pump", server.link), "use: own-pump, address: 3")

    def test_it_is_ended_by_a_key(self):
        self.own_file()
        with Server(lambda data: b"02Acme P1\r" if data == b"02ID\r" else b"") as server:
            scan = Process([MBC, "scan", "--use", "own-pump", "--use", "adam-4017", server.link], env=self.environment, cwd=self.folder,
                           start_new_session=True)
            self.addCleanup(scan.stop)
            scan.wait_line("questions for")
            while b"03ID\r" not in server.heard:
                self.assertIsNone(scan.popen.poll(), scan.text())
            os.killpg(scan.pid, signal.SIGINT)  # as a terminal does
            self.assertEqual(scan.popen.wait(PATIENCE_S), 1)
            scan.wait_line("^Stopped")
            self.assertTrue(scan.find("use: own-pump, address: 2 .*Acme P1"), scan.text())
            self.assertNotIn(b"$1FM\r", server.heard)

    def test_words_that_cannot_be(self):
        for words, wanted in ((["--use", "alicat-mc", "tcp:127.0.0.1:1"], "none of these files has an identification"),
                              (["--use", "nowhere", "tcp:127.0.0.1:1"], "none of these files has an identification"),
                              (["--use", "wago-750", "serial:/dev/null"], "on this wire"), (["--use", "wago-750", "h:1"], "write tcp:HOST:PORT"),
                              (["--use", "wago-750", f"tcp:127.0.0.1:{free_port()}"], "the wire cannot be opened: Connection refused")):
            done = self.scan(*words)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn(wanted, done.stderr, words)


if __name__ == "__main__":
    unittest.main()
