"""The modem behind a pseudo-terminal: gammu and smstools send and receive by it, so it is a modem; then our driver does, with its faults."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from fake_modem import FakeModem
from harness import BUILD, PATIENCE_S, Process, need_peer, wait_for

SHELL = BUILD / "tests/integration/modem-shell"
NUMBER = "+491701234567"

SMSD = """
devices = M
incoming = {0}/incoming
outgoing = {0}/outgoing
checked = {0}/checked
failed = {0}/failed
sent = {0}/sent
logfile = {0}/log
infofile = {0}/info
pidfile = {0}/pid
delaytime = 1
receive_before_send = no

[M]
device = {0}/modem
incoming = yes
baudrate = 115200
"""


class Modems(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def modem(self, *faults, **options):
        modem = FakeModem(self.folder / "modem", faults, **options)
        modem.__enter__()
        self.addCleanup(modem.__exit__)
        return modem


class Peers(Modems):
    """Programs that nobody here wrote."""

    def gammu(self, *words):
        (self.folder / "rc").write_text(f"[gammu]\ndevice = {self.folder / 'modem'}\nconnection = at115200\n")
        done = subprocess.run([need_peer("gammu"), "-c", self.folder / "rc", *words], capture_output=True, text=True, timeout=2 * PATIENCE_S,
                              env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_gammu(self):
        modem = self.modem()
        self.assertIn("490154203237518", self.gammu("identify"))
        self.gammu("sendsms", "TEXT", NUMBER, "-text", "Alarm 7 {high}")
        self.gammu("sendsms", "TEXT", NUMBER, "-unicode", "-text", "Тест")
        self.assertEqual(modem.sent, [(NUMBER, "Alarm 7 {high}"), (NUMBER, "Тест")])
        modem.receive("+491709999999", "hello there")
        self.assertIn("hello there", self.gammu("getallsms"))

    def test_smstools(self):
        modem = self.modem()
        for name in ("incoming", "outgoing", "checked", "failed", "sent"):
            (self.folder / name).mkdir()
        (self.folder / "conf").write_text(SMSD.format(self.folder))
        smsd = Process([need_peer("smsd"), "-c", self.folder / "conf", "-t"])
        self.addCleanup(smsd.stop)
        (self.folder / "new").write_text(f"To: {NUMBER[1:]}\n\nAlarm 7\n")
        (self.folder / "new").rename(self.folder / "outgoing/new")
        wait_for("smstools has sent", lambda: modem.sent)
        self.assertEqual([(number, text.strip()) for number, text in modem.sent], [(NUMBER, "Alarm 7")])
        modem.receive("+491709999999", "hello there")
        wait_for("smstools has received and deleted", lambda: not modem.store)
        wait_for("smstools has stored", lambda: any("hello there" in f.read_text(errors="replace") for f in (self.folder / "incoming").iterdir()))


class Driver(Modems):
    """Ours, in a shell of its own."""

    def shell(self, *words):
        shell = Process([SHELL, self.folder / "modem", *words], stdin=subprocess.PIPE)
        self.addCleanup(shell.stop)
        self.addCleanup(shell.popen.stdin.close)
        return shell

    def order(self, shell, ticket, text, number=NUMBER):
        shell.popen.stdin.write(f"{ticket} {number} {text}\n")
        shell.popen.stdin.flush()

    def test_send_and_receive(self):
        modem = self.modem()
        shell = self.shell()
        shell.wait_line("^state ready$")
        shell.wait_line("^signal -73$")
        self.order(shell, 1, "Störung {7} €")
        shell.wait_line("^delivered 1 ")
        self.order(shell, 2, "Тест " * 40)
        shell.wait_line("^delivered 2 ")
        self.assertEqual(modem.sent[0], (NUMBER, "Störung {7} €"))
        self.assertEqual("".join(text for _, text in modem.sent[1:]), "Тест " * 40)
        self.assertEqual([header[-2:] for header in modem.headers[1:]], [b"\x03\x01", b"\x03\x02", b"\x03\x03"])
        modem.receive("+491709999999", "/status ü")
        self.assertEqual(shell.wait_line("^received"), "received +491709999999 1795868431 0 /status ü")
        wait_for("it is deleted", lambda: not modem.store)

    def test_faults(self):
        """Each by itself: what is sent is sent once, what comes in is told."""
        for fault in ("echo", "noise", "urc", "late-prompt", "cms-41", "lost-cmti", "twice", "full", "no-report"):
            with self.subTest(fault):
                with FakeModem(self.folder / "modem", [fault]) as modem:
                    shell = self.shell()
                    shell.wait_line("^state ready$")
                    self.order(shell, 1, "x")
                    shell.wait_line("^sent 1 ")
                    self.assertEqual(modem.sent, [(NUMBER, "x")])
                    wait_for("there is room", lambda m=modem: m.store == {})
                    modem.receive("+491709999999", "/safe")
                    shell.wait_line("^received .* 0 /safe$")
                    wait_for("it is deleted", lambda m=modem: not m.store)
                    shell.stop()

    def test_uncertain(self):
        modem = self.modem("reset-on-text")
        shell = self.shell()
        shell.wait_line("^state ready$")
        self.order(shell, 1, "x")
        shell.wait_line("^uncertain 1 ")
        shell.wait_line("^state ready$", count=2)
        self.order(shell, 2, "y")
        shell.wait_line("^sent 2 ")
        self.assertEqual([text for _, text in modem.sent], ["x", "y"])

    def test_refused(self):
        modem = self.modem("cms-28")
        shell = self.shell()
        shell.wait_line("^state ready$")
        self.order(shell, 1, "x")
        self.assertIn("28", shell.wait_line("^failed 1 "))
        self.order(shell, 2, "x", "12x")
        shell.wait_line("^refused a phone number")
        self.assertEqual(modem.sent, [])

    def test_pin(self):
        modem = self.modem(pin="1234")
        shell = self.shell("--pin", "1234")
        shell.wait_line("^state ready$")
        shell.stop()
        modem.reset()
        shell = self.shell("--pin", "9999")
        shell.wait_line("^state the SIM card refused its PIN")
        modem.send(b"\r\nRDY\r\n")
        shell.wait_line("^state the SIM card refused its PIN", count=2)
        self.assertEqual(modem.pins, 2)

    def test_pulled_and_back(self):
        with FakeModem(self.folder / "modem") as modem:
            shell = self.shell()
            shell.wait_line("^state ready$")
        shell.wait_line("^state the line is closed$")
        with FakeModem(self.folder / "modem") as modem:
            shell.wait_line("^state ready$", count=2)
            self.order(shell, 1, "x")
            shell.wait_line("^sent 1 ")
            self.assertEqual(modem.sent, [(NUMBER, "x")])
            shell.stop()


if __name__ == "__main__":
    unittest.main()
