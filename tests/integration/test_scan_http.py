"""What is on a link that the bench does not use is asked over HTTP: who is found, who may, hostile wishes, links in use, a silent wire, a reload, kill -9; with the real program."""
import contextlib
import fcntl
import os
import pathlib
import pty
import signal
import socket
import sys
import threading
import unittest

sys.dont_write_bytecode = True

from harness import Device, free_port, wait_for  # noqa: E402
from test_bench_file import Files  # noqa: E402
from test_door import API, text  # noqa: E402
from test_try_http import trials  # noqa: E402

SCAN = API + "/scan"


class Scpi:
    """A device of a text protocol at a TCP port: it says what it is, and nothing to what it does not know."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heard = []
        self.open = []
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in self.open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                self.open.append(sock)
                threading.Thread(target=self.talk, args=(sock,), daemon=True).start()

    def talk(self, sock):
        with contextlib.suppress(OSError), sock:
            while data := sock.recv(4096):
                self.heard.append(data)
                if b"*IDN?" in data:
                    sock.sendall(b"ACME,Model 7,0,1.0\n")


class Base(Files):
    def begin(self, name, links="", **options):
        stack = super().begin(name, **options)
        self.maria = self.add("maria", "--role", "root")
        self.links(links)
        return stack

    def links(self, more):
        """The bench file with further links, taken up."""
        self.bench.reload(text(self.device.port).replace("links: {l: ", f"links: {{{more}l: "))

    def scan(self, wire, status=200):
        """Once the bench has the link."""
        def attempt():
            got, answer = self.ask(self.maria, "POST", SCAN, {"wire": wire})
            return None if got == 404 and status != 404 else (got, answer)
        got, answer = wait_for(f"scan {wire}", attempt, pause=0.3)
        self.assertEqual(got, status, answer)
        self.check_described("POST", SCAN, got, answer)
        return answer

    def hang(self):
        """A scan of a wire that is silent is under way."""
        told = []
        thread = threading.Thread(target=lambda: told.append(self.maria.ask("POST", SCAN, {"wire": "x"})))
        wait_for("the link", lambda: self.ask(self.maria, "POST", API + "/instruments/d/try", {})[0] == 200)
        thread.start()
        self.addCleanup(thread.join)
        [pid] = wait_for("a scan", lambda: trials(self.bench))
        return thread, told, pid


class Scan(Base):
    def test_found(self):
        with Scpi() as scpi, Device({0: 7}) as modbus:
            self.begin("scans", f'x: {{tcp: "127.0.0.1:{scpi.port}"}}, m: {{rtu: "127.0.0.1:{free_port()}"}}, y: {{tcp: "127.0.0.1:{modbus.port}"}}, ')
            answer = self.scan("x")
            self.assertIn({"words": "use: text", "says": "ACME,Model 7,0,1.0"}, answer["found"], answer)
            self.assertEqual(answer["asked"], answer["questions"])
            self.assertEqual(answer["why"], "")
            answer = self.scan("y")
            self.assertIn("use: modbus, unit: 1", [f["words"] for f in answer["found"]], answer)
            self.assertEqual({entry[2] for entry in modbus.log} - {3, 4, 43, 17}, set(), "reads alone")
            self.assertIn("refused", self.scan("m", 409)["detail"].lower())
        [record] = [r for r in self.records(who="user:maria", act="wire_scan") if r["subject"] == "x" and r["result"] == "asked"][:1]
        self.assertTrue(record)
        wait_for("nobody asks", lambda: not trials(self.bench))

    def test_a_serial_port(self):
        """At the speed of the link; one that somebody has locked is refused."""
        leader, follower = pty.openpty()
        self.addCleanup(os.close, leader)
        path = os.ttyname(follower)

        def talk():
            with contextlib.suppress(OSError):
                heard = b""
                while data := os.read(leader, 4096):
                    heard = (heard + data)[-64:]
                    if b"*IDN?" in heard:
                        heard = b""
                        os.write(leader, b"ACME,Model 7,0,1.0\n")
        threading.Thread(target=talk, daemon=True).start()
        self.begin("scan_port", f"p: {{serial: {path}, line: 115200 8N1}}, ")
        answer = self.scan("p")
        self.assertIn("ACME,Model 7,0,1.0", [f["says"] for f in answer["found"]], answer)
        os.chmod(path, 0o666)
        with open(path, "r+b", buffering=0, opener=lambda p, flags: os.open(p, flags | os.O_NOCTTY)) as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            self.scan("p", 409)
        os.close(follower)

    def test_links_in_use_and_none(self):
        self.begin("scan_used", f'z: {{tcp: "127.0.0.1:{free_port()}"}}, ')
        self.assertIn("'d'", self.scan("l", 409)["detail"])
        self.scan("nothing", 404)
        for body in ({}, {"wire": ""}, {"wire": 1}, {"wire": "x" * 300}, {"wire": "tcp:127.0.0.1:1"}, {"wire": "../l"}, {"wire": "--image-fd"}, {"wire": "l", "seconds": 9}, [], {"tcp": "127.0.0.1:1"}):
            status, answer = self.ask(self.maria, "POST", SCAN, body)
            self.assertIn(status, (400, 404), (body, answer))

    def test_the_same_wire_by_another_name_or_program(self):
        with Scpi() as scpi, socket.create_connection(("127.0.0.1", scpi.port)):
            self.begin("scan_same", f'x: {{tcp: "127.0.0.1:{scpi.port}"}}, ')
            self.links(f'x: {{tcp: "127.0.0.1:{scpi.port}"}}, same: {{tcp: "127.0.0.1:{self.device.port}"}}, ')
            self.assertIn("'d'", self.scan("same", 409)["detail"])
            self.assertIn("connected", self.scan("x", 409)["detail"])
            self.assertEqual(scpi.heard, [])

    def test_who_may(self):
        self.begin("scan_may")
        self.user("add", "--may", "read,operate,protect", "olga")
        olga = self.client("olga")
        self.assertEqual(wait_for("olga is known", lambda: (lambda status: status if status != 401 else None)(self.ask(olga, "POST", SCAN, {"wire": "l"})[0])), 403)
        self.assertIn(self.http("POST", "/scan", None, {"wire": "l"})[0], (401, 403))

    def test_killed_and_a_reload(self):
        with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
            more = f'x: {{tcp: "127.0.0.1:{silent.getsockname()[1]}"}}, '
            self.begin("scan_killed", more)
            wait_for("it runs", lambda: self.bench.mbc("reload").returncode == 0)
            thread, told, pid = self.hang()
            asker = wait_for("who asks", lambda: pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            os.kill(pid, signal.SIGKILL)
            thread.join()
            self.assertEqual(told[0][0], 500, told)
            self.assertIn("signal 9", told[0][1]["detail"])
            wait_for("who asks has gone, too", lambda: not any(pathlib.Path(f"/proc/{one}").exists() for one in asker))
            thread, told, pid = self.hang()
            self.links(more + f'more: {{tcp: "127.0.0.1:{free_port()}"}}, ')
            thread.join()
            self.assertEqual(told[0][0], 409, told)
            self.assertIn("taken up", told[0][1]["detail"])
            wait_for("it is ended", lambda: not trials(self.bench))
            self.assertEqual(self.ask(self.maria, "POST", API + "/instruments/d/try", {})[0], 200)


if __name__ == "__main__":
    unittest.main()
