#!/usr/bin/python3
"""The lines of a helper whose manners a test may spoil while it runs: a program for `helper:`, a server for `tcp:`.

The file `mood` in the working folder says how it behaves; each start leaves its pid, its environment and its descriptors there.
"""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

VALUES = {"a": "1", "b": "2", "T": "21.5 degC", "text": "all is well", "on": "True"}


class Lines:
    def __init__(self, folder, send):
        self.mood_file = pathlib.Path(folder) / "mood"
        self.send = send
        self.began = {}  # when a mood was met first
        self.set = {}

    def mood(self):
        with contextlib.suppress(FileNotFoundError):
            return self.mood_file.read_text()
        return ""

    def while_mood(self, *moods):
        while self.mood() in moods:
            yield
            time.sleep(0.02)

    def answer(self, line):
        mood = self.mood()
        word, channel, *value = line.split()
        if mood == "hang":
            for _ in self.while_mood("hang"):
                pass
        elif mood == "flood":
            while self.mood() == "flood":
                self.send(b"noise that is no line of ours\n" * 1000)
        elif mood == "mutter":  # ends no line of its log
            total, began = 0, time.monotonic()
            while self.mood() == "mutter":
                total += os.write(2, b"\r" * 1000)
                pathlib.Path("muttered.new").write_text(f"{total} {time.monotonic() - began}")
                pathlib.Path("muttered.new").rename("muttered")
        elif mood == "endless":
            self.send(b"x" * 1500)
        elif mood == "err":
            self.send(b"err sensor open\n")
        elif mood == "unit":
            self.send(b"ok 294.65 K\n")
        elif mood == "news":
            self.send(b"ev b 7\nev nobody 5\nev b\n" if channel == "b" else b"ev b 3\r\n")
            self.send(f"ok {VALUES[channel]}\n".encode())
        else:
            if mood == "stall" and channel == "a":  # longer than anybody waits for a late answer
                time.sleep(2.5)
            if mood == "twice":
                self.send(f"ok {VALUES[channel]}\n".encode())
            if mood == "late" and channel == "a":
                time.sleep(1.1)
            if word == "set":
                self.set[channel] = value
                self.send(b"ok\n")
            else:
                self.send(f"ok {VALUES[channel]}\r\n".encode())


class Server:
    """The same over TCP, one connection after the other: `with Server(folder) as server`."""

    def __init__(self, folder):
        self.folder = folder
        self.connects = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.now = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                self.now, _ = self.listener.accept()
                self.connects += 1
                threading.Thread(target=self.serve, args=(self.now,), daemon=True).start()

    def serve(self, sock):
        with contextlib.suppress(OSError), sock, sock.makefile("r") as lines:
            speaker = Lines(self.folder, sock.sendall)
            for line in lines:
                speaker.answer(line)

    def drop(self):
        with contextlib.suppress(OSError):
            self.now.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.drop()
        self.thread.join(5)


def is_running(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def main():
    def send(data):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    with contextlib.suppress(FileNotFoundError):  # two of one link must never hold a device at one time
        overlaps = [pid for pid in pathlib.Path("started").read_text().split() if is_running(pid)]
        if overlaps:
            pathlib.Path("overlaps").write_text(" ".join(overlaps))
    with open("started", "a") as file:
        file.write(f"{os.getpid()}\n")
    with open("seen", "w") as file:
        descriptors = [int(name) for name in os.listdir("/proc/self/fd") if int(name) != file.fileno()]
        json.dump({"environment": dict(os.environ), "arguments": sys.argv[1:], "descriptors": descriptors[:-1],
                   "session": os.getsid(0) == os.getpid()}, file)
    print("said on standard error: é", file=sys.stderr)
    speaker = Lines(".", send)
    signal.signal(signal.SIGTERM, lambda *_: speaker.mood() == "stays" or os._exit(143))
    if speaker.mood() == "crash":
        sys.exit(3)
    if "--child" in sys.argv:
        child = subprocess.Popen(["/bin/sleep", "1000"])
        pathlib.Path("child").write_text(str(child.pid))
    for line in sys.stdin:
        speaker.answer(line)
    while speaker.mood() == "stays":  # it does not mind that its input ends, nor that it is told to
        time.sleep(0.1)


if __name__ == "__main__":
    main()
