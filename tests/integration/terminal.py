"""A program in a pseudo-terminal, seen through a terminal emulator (pyte): what a person would read there."""
import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
import threading
import time

import pyte

from harness import PATIENCE_S, wait_for


class Terminal:
    """`with Terminal([program, ...], environment) as t`: t.text() is the picture, t.type() presses keys.

    The program is the leader of its own session, and the pseudo-terminal is that session's."""

    def __init__(self, command, environment, columns=80, lines=24):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.lock = threading.Lock()
        self.raw = bytearray()
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            with contextlib.suppress(OSError):
                os.execvpe(str(command[0]), [str(word) for word in command], environment)
            os._exit(127)
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self.fd)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait()
        with contextlib.suppress(OSError):
            os.close(self.fd)

    def _read(self):
        with contextlib.suppress(OSError):
            while True:
                part = os.read(self.fd, 65536)
                if not part:
                    return
                with self.lock:
                    self.raw += part
                    self.stream.feed(part)

    def resize(self, columns, lines):
        with self.lock:
            self.screen.resize(lines, columns)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def lines(self):
        with self.lock:
            return [line.rstrip() for line in self.screen.display]

    def text(self):
        return "\n".join(self.lines())

    def find(self, word):
        """The line that holds a word; empty while none does."""
        return next((line for line in self.lines() if word in line), "")

    def wait_text(self, *words, limit=PATIENCE_S):
        """Until all of these stand there; the picture."""
        try:
            wait_for(f"{words} on the terminal", lambda: all(word in self.text() for word in words), limit)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.text()}") from None
        return self.text()

    def wait_gone(self, word, limit=PATIENCE_S):
        try:
            wait_for(f"{word} is not on the terminal", lambda: word not in self.text(), limit)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.text()}") from None

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait(self, limit=PATIENCE_S):
        """Until it has ended; the status of waitpid. What it wrote was read."""
        end = time.monotonic() + limit
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                self.status = status
            elif time.monotonic() > end:
                raise AssertionError(f"after {limit} s it still runs:\n{self.text()}")
            else:
                time.sleep(0.02)
        self.reader.join(5)
        return self.status
