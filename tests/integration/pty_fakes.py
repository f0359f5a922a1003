"""Instruments behind a pseudo-terminal, for test_codecs.py: they speak as the makers' manuals say, and have faults on demand.

`serial:` of a bench is the path of a symbolic link to the terminal, as udev makes one for an adapter; the line needs parity N.
"""
import contextlib
import os
import pathlib
import select
import struct
import threading
import time
import tty

CONTINUOUS_S = 0.05  # between two lines that nobody has asked for


class Port:
    """A pseudo-terminal with an instrument behind it: `with Gauges(folder / "port") as gauges`.

    asked: every question, in order, in the instrument's own words. quiet: it takes questions and says nothing.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.asked = []
        self.quiet = False
        self.is_over = False
        self.later = []  # (time, bytes) that are still to be sent
        self.lock = threading.Lock()

    def __enter__(self):
        self.is_over = False
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.path.symlink_to(os.ttyname(self.slave))
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        """The adapter is pulled out: its path goes, then the port."""
        self.is_over = True
        self.thread.join(5)
        self.path.unlink()
        os.close(self.slave)
        os.close(self.master)

    def _run(self):
        while not self.is_over:
            ready, _, _ = select.select([self.master], [], [], 0.01)
            if ready:
                with contextlib.suppress(OSError):
                    self.take(os.read(self.master, 4096))
            now = time.monotonic()
            with self.lock:
                due = [data for at, data in self.later if at <= now]
                self.later = [(at, data) for at, data in self.later if at > now]
            for data in due:
                self.put(data)
            self.idle(now)

    def put(self, data):
        if not self.quiet:
            with contextlib.suppress(BlockingIOError):  # nobody reads: a real line would lose it too
                os.write(self.master, data)

    def send(self, data, after_s=0.0):
        with self.lock:
            self.later.append((time.monotonic() + after_s, data))

    def take(self, data):
        """Bytes have come."""

    def idle(self, now):
        """Many times a second."""


class Gauges(Port):
    """Pfeiffer TPG. lines: mnemonic -> what it answers. talks: sends lines of gauge 1 until it receives a character.
    n_before_ack: so many of the next questions find it in the middle of a line that nobody has asked for.
    late_s: delays of the next acknowledgements and of the next lines, used up one by one."""

    def __init__(self, path, lines, talks=False):
        super().__init__(path)
        self.lines = dict(lines)
        self.talks = talks
        self.n_unasked = 0
        self.n_before_ack = 0
        self.late_s = {"ack": [], "line": []}
        self.received = b""
        self.question = ""
        self.next = 0.0

    def delay(self, kind):
        return self.late_s[kind].pop(0) if self.late_s[kind] else 0.0

    def take(self, data):
        self.talks = False
        self.received += data
        while self.received:
            if self.received[0] == 0x05:
                self.received = self.received[1:]
                self.asked.append("ENQ")
                self.send(self.lines.get(self.question, "").encode() + b"\r\n", self.delay("line"))
                continue
            line, end, rest = self.received.partition(b"\r\n")
            if not end:
                return
            self.received = rest
            self.question = line.decode("ascii", "replace")
            self.asked.append(self.question)
            if self.n_before_ack > 0:
                self.n_before_ack -= 1
                self.send(self.lines["PR1"].encode() + b"\r\n")
            self.send(b"\x06\r\n" if self.question in self.lines else b"\x15\r\n", self.delay("ack"))

    def idle(self, now):
        if self.talks and now >= self.next:
            self.next = now + CONTINUOUS_S
            self.n_unasked += 1
            self.put(self.lines["PR1"].encode() + b"\r\n")


class Flow(Port):
    """Bronkhorst ProPar. parameters: (node, process, parameter) -> (wire type, bytes). asked: (node, [(process, parameter), ..])."""

    def __init__(self, path, parameters):
        super().__init__(path)
        self.parameters = dict(parameters)
        self.received = b""

    def take(self, data):
        self.received += data
        while b"\x10\x02" in self.received:
            content, at = bytearray(), self.received.index(b"\x10\x02") + 2
            while at + 1 < len(self.received) and self.received[at : at + 2] != b"\x10\x03":
                content.append(self.received[at])
                at += 2 if self.received[at] == 0x10 else 1
            if self.received[at : at + 2] != b"\x10\x03":
                return
            self.received = self.received[at + 2 :]
            self.answer(content[0], content[1], bytes(content[3:]))

    def frame(self, sequence, node, data):
        content = bytes([sequence, node, len(data)]) + data
        self.send(b"\x10\x02" + content.replace(b"\x10", b"\x10\x10") + b"\x10\x03")

    def answer(self, sequence, node, data):
        if not any(known == node for known, _, _ in self.parameters):
            self.frame(sequence, node, b"\x05")
            return
        at, more, wanted, answer = 2, True, [], bytearray((0x02, data[1]))
        while more:
            label, process, parameter = data[at : at + 3]
            at += 4 if parameter & 0x60 == 0x60 else 3
            more = label & 0x80
            wanted.append((process, parameter & 0x1F))
            kind, value = self.parameters.get((node, *wanted[-1]), (None, b""))
            if kind != parameter & 0x60:
                answer = bytes((0x00, 4 if kind is None else 5, at))
                break
            answer += bytes([label]) + (bytes([len(value)]) if kind == 0x60 else b"") + value
        self.asked.append((node, wanted))
        self.frame(sequence, node, bytes(answer))


def number(code, value):
    """A parameter of ProPar by its code of `struct`: its type on the wire, its bytes."""
    return {"B": 0x00, "H": 0x20, "I": 0x40, "f": 0x40}[code], struct.pack(">" + code, value)


def text(value):
    return 0x60, value.encode()


class Relays(Port):
    """Velleman K8090: relays on and off as bits of `state`; push() is a finger on its buttons."""

    def __init__(self, path, state=0):
        super().__init__(path)
        self.state = state
        self.received = b""

    def telegram(self, command, mask=0, first=0, second=0):
        head = bytes((0x04, command, mask, first, second))
        self.send(head + bytes((-sum(head) & 0xFF, 0x0F)))

    def push(self, mask):
        before, self.state = self.state, self.state ^ mask
        self.telegram(0x51, before, self.state)

    def take(self, data):
        self.received += data
        while len(self.received) >= 7:
            command = self.received[1]
            self.received = self.received[7:]
            self.asked.append(command)
            if command == 0x18:
                self.telegram(0x51, self.state, self.state)
            elif command == 0x71:
                self.telegram(0x71, 0, 10, 1)
