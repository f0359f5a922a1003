"""Serial lines for tests: pairs of pseudo-terminals, and units of our own that behave badly on purpose."""
import contextlib
import errno
import os
import pathlib
import select
import shutil
import struct
import tempfile
import threading
import time
import tty

from harness import Process, need_peer, wait_for


def crc(data):
    """MODBUS over Serial Line V1.02, 6.2; low byte first."""
    word = 0xFFFF
    for byte in data:
        word ^= byte
        for _ in range(8):
            word = word >> 1 ^ 0xA001 if word & 1 else word >> 1
    return struct.pack("<H", word)


class Pair:
    """Two ends of a line, by socat: `bench` and `device` are paths. Bytes that nobody reads stay in it."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mbc-line-"))
        self.bench, self.device = self.folder / "bench", self.folder / "device"
        self.socat = Process([need_peer("socat"), f"pty,raw,echo=0,link={self.bench}", f"pty,raw,echo=0,link={self.device}"])
        wait_for("both ends of the line", lambda: self.bench.exists() and self.device.exists())
        return self

    def __exit__(self, *_):
        self.socat.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Unit:
    """Modbus RTU units on a pseudo-terminal of their own, whose manners a test may spoil while they run.

    units: {unit: {register: word}}, other registers give exception 2, other units no answer; a word may be a function without arguments.
    identity: what function 43/14 says (vendor, product, revision); None: exception 1. path: a link to the port.
    fault: silent; crc: a wrong one; unit: calls itself another unit; noise: bytes that are no frame, in place of answers;
        before: noise and a pause before each answer. log: (time, unit, function, address, count) of every request.
    """

    def __init__(self, units, path=None, identity=None):
        self.units = units
        self.identity = identity
        self.fault = ""
        self.log = []
        self.path = pathlib.Path(path) if path else None
        self.own = None
        if self.path is None:
            self.own = tempfile.mkdtemp(prefix="mbc-line-")
            self.path = pathlib.Path(self.own) / "port"
        self.master, self.slave = os.openpty()  # the other end stays open here: no hang-up when the bench closes it
        tty.setraw(self.master)
        tty.setraw(self.slave)
        self.port = os.ttyname(self.slave)
        self.path.symlink_to(self.port)
        self.waker = os.pipe()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pull()
        if self.own:
            shutil.rmtree(self.own, ignore_errors=True)

    def pull(self):
        """As an adapter that is taken off: the port hangs up and its path is gone."""
        if self.master is None:
            return
        os.write(self.waker[1], b".")
        self.thread.join(5)
        self.path.unlink(missing_ok=True)
        for fd in (self.slave, self.master, *self.waker):
            os.close(fd)
        self.master = None

    def say(self, data):
        os.write(self.master, data)

    def _serve(self):
        pending = b""
        while True:
            ready, _, _ = select.select([self.master, self.waker[0]], [], [])
            if self.waker[0] in ready:
                return
            try:
                pending += os.read(self.master, 4096)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                continue
            while len(pending) >= 2:
                length = self._length(pending)
                if len(pending) < length:
                    break
                if crc(pending[:length - 2]) == pending[length - 2:length]:
                    self._request(pending[:length])
                    pending = pending[length:]
                else:
                    pending = pending[1:]

    @staticmethod
    def _length(frame):
        if frame[1] == 43:
            return 7
        if frame[1] in (15, 16):
            return 9 + frame[6] if len(frame) > 6 else 9
        return 8

    def _request(self, frame):
        unit, function = frame[0], frame[1]
        address, count = struct.unpack(">HH", frame[2:6]) if function != 43 else (0, 0)
        self.log.append((time.monotonic(), unit, function, address, count))
        if unit not in self.units or self.fault == "silent":
            return
        body = bytes([self._name(unit)]) + self._answer(self.units[unit], function, address, count, frame)
        data = body + crc(body)
        if self.fault == "crc":
            data = data[:-1] + bytes([data[-1] ^ 0xFF])
        if self.fault == "noise":
            data = bytes(range(0xF0, 0xFF))
        if self.fault == "before":
            self.say(b"\xff\x00\x55")
        with contextlib.suppress(OSError):
            self.say(data)

    def _name(self, unit):
        return unit + 100 if self.fault == "unit" else unit

    def _answer(self, registers, function, address, count, frame):
        if function == 43:
            if self.identity is None:
                return bytes([0x80 | 43, 1])
            objects = b"".join(bytes([i, len(text)]) + text.encode() for i, text in enumerate(self.identity))
            return bytes([43, 14, 1, 1, 0, 0, len(self.identity)]) + objects
        if function in (6, 16):
            return frame[1:6]
        words = [registers.get(register) for register in range(address, address + count)]
        if function != 3 or None in words:
            return bytes([0x80 | function, 2 if function == 3 else 1])
        return bytes([3, 2 * count]) + b"".join(struct.pack(">H", word() if callable(word) else word) for word in words)

    def asked(self, unit=None, function=None, since=0.0):
        """The requests so far."""
        return [entry for entry in list(self.log) if unit in (None, entry[1]) and function in (None, entry[2]) and entry[0] >= since]
