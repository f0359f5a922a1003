"""The wire of a scan over HTTP, and its time: it is the same by any name, is left empty, and what the compiler takes is no time for questions; with the real program."""
import contextlib
import fcntl
import os
import pathlib
import pty
import signal
import socket
import struct
import sys
import termios
import threading
import time
import unittest

sys.dont_write_bytecode = True

from harness import children, free_port, wait_for  # noqa: E402
import test_scan_http  # noqa: E402
from test_door import text  # noqa: E402
from test_scan_http import SCAN  # noqa: E402
from test_try_http import trials  # noqa: E402


class Wire(test_scan_http.Base):
    def test_the_same_wire_spelled_differently(self):
        """What an instrument is on is not scanned by any other name, be the instrument there at this moment or not."""
        leader, follower = pty.openpty()
        self.addCleanup(os.close, leader)
        self.addCleanup(os.close, follower)
        self.begin("scan_spelled")
        port = self.bench.folder / "port0"
        port.symlink_to(os.ttyname(follower))
        links = f'host: {{tcp: "localhost:{self.device.port}"}}, zero: {{tcp: "0.0.0.0:{self.device.port}"}}, q: {{serial: {os.ttyname(follower)}, line: 9600 8N1}}, '
        links += f'by_id: {{serial: {port}, line: 9600 8N1}}, any: {{serial: "{self.bench.folder}/port*", line: 9600 8N1}}, '
        written = text(self.device.port).replace("links: {l: ", f"links: {{{links}l: ")
        self.bench.reload(written.replace("instruments:\n", "instruments:\n  e: {use: modbus, unit: 3, link: q, channels: {pv: {read: {holding: 0}}}}\n"))
        for wire, instrument in (("host", "'d'"), ("zero", "'d'"), ("q", "'e'"), ("by_id", "'e'"), ("any", "'e'")):
            self.assertIn(f"for {instrument}", self.scan(wire, 409)["detail"], wire)

    def compiler_or_trial(self):
        for pid in children(self.bench.pids()["supervise"]):
            with contextlib.suppress(OSError):
                name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
                if name in ("mbc-compile", "mbc-try"):
                    return name, pid
        return None

    def test_a_slow_compiler(self):
        """What its questions took to make is not asked away: what was found is told before the whole is ended."""
        with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
            self.begin("scan_slow", f'x: {{tcp: "127.0.0.1:{silent.getsockname()[1]}"}}, ')
            wait_for("the link", lambda: self.bench.mbc("reload").returncode == 0)
            is_caught, slept_s = False, 3
            while not is_caught:  # one that is too fast is asked again
                thread = threading.Thread(target=lambda: self.maria.ask("POST", SCAN, {"wire": "x"}))
                thread.start()
                name, pid = wait_for("its process", self.compiler_or_trial, pause=0.002)
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGSTOP if name == "mbc-compile" else signal.SIGKILL)
                    state = wait_for("it does not run", lambda: set("TZX") & set(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]))
                    is_caught = state == {"T"}
                if not is_caught:
                    for scan in [pid] if name == "mbc-try" else wait_for("the scan", lambda: trials(self.bench)):
                        with contextlib.suppress(OSError):
                            os.kill(scan, signal.SIGKILL)
                    thread.join()
            time.sleep(slept_s)
            os.kill(pid, signal.SIGCONT)
            [pid] = wait_for("the scan", lambda: trials(self.bench))
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            os.kill(pid, signal.SIGKILL)
            thread.join()
            self.assertLessEqual(int(words[words.index(b"--seconds") + 1]), 60 - slept_s - 8)

    def test_a_serial_port_is_left_empty(self):
        """What was not sent is forgotten, or closing it would wait; the other end of a pseudo-terminal is told of that."""
        leader, follower = pty.openpty()
        self.addCleanup(os.close, follower)
        fcntl.ioctl(leader, termios.TIOCPKT, struct.pack("i", 1))
        seen = []

        def listen():
            with contextlib.suppress(OSError):
                while data := os.read(leader, 4096):
                    if data[0] == termios.TIOCPKT_DATA:
                        seen.append("data")
                    elif data[0] & termios.TIOCPKT_FLUSHWRITE:
                        seen.append("emptied")
        threading.Thread(target=listen, daemon=True).start()
        more = f"x: {{serial: {os.ttyname(follower)}, line: 115200 8N1}}, "
        self.begin("scan_empty", more)
        wait_for("it runs", lambda: self.bench.mbc("reload").returncode == 0)
        thread, told, pid = self.hang()
        wait_for("questions", lambda: seen.count("data") > 1)
        self.links(more + f'more: {{tcp: "127.0.0.1:{free_port()}"}}, ')
        thread.join()
        self.assertEqual(told[0][0], 409, told)
        wait_for("it is ended", lambda: not trials(self.bench))
        wait_for("nothing is left", lambda: seen[-1] == "emptied")


if __name__ == "__main__":
    unittest.main()
