"""Devices at USB that are spoken to in packets, without hardware: a pseudo-terminal stands for /dev/hidraw0, umockdev makes the /sys that is looked
through. The calls of /dev/usbtmc0 are played in tests/unit/test_usb_wire.c alone: nothing here has them."""
import contextlib
import os
import pathlib
import re
import select
import tempfile
import threading
import tty
import unittest

from harness import Bench, Process, need_peer, wait_for

MACHINE = r"""P: /devices/usb1/1-2/1-2:1.0/0003:10CF:5500.0001
E: SUBSYSTEM=hid
A: uevent=DRIVER=hid-generic\nHID_ID=0003:000010CF:00005500\nHID_NAME=Velleman K8055\nHID_UNIQ=A7\n

P: /devices/usb1/1-2/1-2:1.0/0003:10CF:5500.0001/hidraw/hidraw7713
N: hidraw7713
E: SUBSYSTEM=hidraw
L: device=../../../0003:10CF:5500.0001

P: /devices/usb1/1-3
E: SUBSYSTEM=usb
A: idVendor=2a8d\n
A: idProduct=0101\n
A: serial=MY57\n

P: /devices/usb1/1-3/1-3:1.0
E: SUBSYSTEM=usb
A: bInterfaceClass=fe\n

P: /devices/usb1/1-3/1-3:1.0/usbmisc/usbtmc7713
N: usbtmc7713
E: SUBSYSTEM=usbmisc
L: device=../../../1-3:1.0
"""

CARD = """
links:
  card: {hid: %s}
instruments:
  io:
    use: text
    link: card
    length: 4
    send_end: ''
    every: 100 ms
    timeout: 500 ms
    events: {moved: {receive: '<02>{counter:u8}{:u16}'}}
    messages: {look: {send: '<00 05>A', receive: '<01>{a:u8}{b:u16}'}}
    channels:
      a: {read: {ask: look, field: a}}
      b: {read: {ask: look, field: b}}
      counter: {read: {ask: moved, field: counter}, stale_after: 60 s}
"""

METER = """
links:
  meter: {usbtmc: %s}
instruments:
  meter: {use: text, link: meter, every: 200 ms, end: '\\n', channels: {v: {read: {send: "READ?", receive: "{v:num}"}}}}
"""


class Card:
    """A device whose reports go through a pseudo-terminal, one read and one write each."""

    def __init__(self):
        self.master, slave = os.openpty()
        self.path = os.ttyname(slave)
        tty.setraw(slave)
        self.slave = slave
        self.asked = []
        self.is_pulled = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while not self.is_pulled.is_set():
                if not select.select([self.master], [], [], 0.05)[0]:
                    continue
                report = os.read(self.master, 64)
                self.asked.append(report)
                os.write(self.master, b"\x01\x07\x01\x02")

    def say(self, report):
        os.write(self.master, report)

    def pull(self):
        """Once; and nobody reads from a number that is somebody else's by then."""
        if self.is_pulled.is_set():
            return
        self.is_pulled.set()
        self.thread.join()
        os.close(self.slave)
        os.close(self.master)


class Hid(unittest.TestCase):
    def test_reports(self):
        card = Card()
        self.addCleanup(card.pull)
        card.say(b"\x02\x63\x00\x00")  # it was meant for somebody before us, and may not be heard
        with Bench("usb", CARD % card.path) as bench:
            bench.wait_value("io.a", 7)
            bench.wait_value("io.b", 0x0102)
            self.assertEqual(set(card.asked), {b"\x00\x05A"})  # the number of the report is part of the message
            self.assertNotEqual(bench.value("io.counter"), 0x63)

            def heard():
                card.say(b"\x02\x09\x00\x00")
                return bench.value("io.counter") == 9
            wait_for("a report that nobody asked for", heard, pause=0.2)
            self.assertIn(f"hid {card.path}", bench.mbc("doctor").stdout)

            # It is ours alone.
            busy = bench.mbc("try", "--link", f"hid:{card.path}", "scpi-psu")
            self.assertIn("another program has it", busy.stdout + busy.stderr)

            card.pull()
            bench.wait_reason("io.a", "connection_lost", "no_connection", "stale")
            wait_for("the remedy", lambda: "is it plugged in?" in bench.mbc("trace", "io").stdout)


class Finding(unittest.TestCase):
    """By the numbers of a device, in a /sys as the kernel would make it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mbc-machine-")
        self.addCleanup(folder.cleanup)
        file = pathlib.Path(folder.name) / "machine.umockdev"
        file.write_text(MACHINE)
        keeper = Process([need_peer("umockdev-run"), "-d", file, "--", "sh", "-c", "echo root $UMOCKDEV_DIR; exec sleep 1000"])
        self.addCleanup(keeper.stop)
        os.environ["MBC_SYSFS"] = re.search(r"root (\S+)", keeper.wait_line("root ", "out"))[1] + "/sys"
        self.addCleanup(os.environ.pop, "MBC_SYSFS", None)

    def test_finding(self):
        """Its file in /dev is not there, which says that it was found."""
        for text, channel, says in ((CARD % '"10cf:5500"', "io", "(/dev/hidraw7713"),
                                    (CARD % '"10CF:5500:A7"', "io", "(/dev/hidraw7713"),
                                    (CARD % '"10cf:5501"', "io", "there are: 10cf:5500:A7"),
                                    (METER % '"2a8d:0101:MY57"', "meter", "(/dev/usbtmc7713"),
                                    (METER % '"2a8d:0102"', "meter", "there are: 2a8d:0101:MY57")):
            with self.subTest(says=says), Bench("usb", text) as bench:
                wait_for(says, lambda: says in bench.mbc("trace", channel).stdout)


if __name__ == "__main__":
    unittest.main()
