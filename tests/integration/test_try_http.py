"""An instrument of a running bench is asked over HTTP: values and exchanges, who may, hostile wishes, a device that hangs, a reload, kill -9; with the real program."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True

from harness import children, wait_for  # noqa: E402
from test_bench_file import Files  # noqa: E402
from test_door import API  # noqa: E402

TRY = API + "/instruments/{}/try"


def trials(bench):
    """Processes of mbc-try that the supervisor has started."""
    found = []
    for pid in children(bench.pids()["supervise"]):
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "mbc-try":
                found.append(pid)
    return found


class Try(Files):
    def begin(self, name, **options):
        stack = super().begin(name, **options)
        self.maria = self.add("maria", "--role", "root")
        return stack

    def try_it(self, name="d", body=None, status=200):
        return self.good(self.maria, "POST", TRY.format(name), {} if body is None else body, status)

    def is_good(self):
        return self.good(self.maria, "GET", API + "/channels/d.pv")["quality"] == "good"

    def hang(self):
        """The device answers nothing any more, and a trial is under way: its thread and what it is answered."""
        self.device.fault = "silent"
        told = []
        thread = threading.Thread(target=lambda: told.append(self.maria.ask("POST", TRY.format("d"), {})))
        thread.start()
        self.addCleanup(thread.join)
        [pid] = wait_for("a trial", lambda: trials(self.bench))
        return thread, told, pid

    def test_values_and_exchanges(self):
        self.begin("tries")
        connects = self.device.connects
        answer = self.try_it()
        self.assertEqual((answer["instrument"], answer["answers"], answer["complete"], answer["not_asked"]), ("d", True, True, ""), answer)
        points = {p["name"]: p for p in answer["points"]}
        self.assertEqual(set(points), {"d.pv", "d.sp"})
        self.assertEqual((points["d.pv"]["value"], points["d.pv"]["unit"], points["d.pv"]["quality"]), (20.0, "degC", "good"))
        kinds = [line["kind"] for line in answer["exchanges"]]
        self.assertIn("sent", kinds)
        self.assertIn("received", kinds)
        self.assertTrue(any("03 00 00 00 02" in line["bytes"] for line in answer["exchanges"]), answer["exchanges"])
        self.assertEqual(self.device.connects, connects, "no second master comes to the wire")
        self.assertEqual(self.device.writes, [])
        self.assertEqual(self.bench.mbc("log", "--json", "--kind", "guest_write").stdout, "")
        [record] = [r for r in self.records(who="user:maria") if r["act"] == "wire_try"]
        self.assertEqual(record["subject"], "d")
        self.assertEqual(trials(self.bench), [])

    def test_some_points(self):
        self.begin("points")
        for name in ("pv", "d.pv"):
            answer = self.try_it(body={"points": [name]})
            self.assertEqual([p["name"] for p in answer["points"]], ["d.pv"])
        self.device.refuse = {0, 1}
        answer = self.try_it()
        self.assertTrue(all(p["value"] is None and p["reason_text"] for p in answer["points"]), answer)

    def test_hostile_wishes(self):
        self.begin("hostile")
        for name in ("nothing", "..%2F..%2Fetc%2Fpasswd", "--answer-fd", "%2e%2e", "d%0a", "x" * 300, "T_furn"):
            status, answer = self.ask(self.maria, "POST", TRY.format(name), {})
            self.assertIn(status, (400, 404), (name, answer))
        for body in ({"points": []}, {"points": ["nothing"]}, {"points": ["T_furn"]}, {"points": ["pv,sp"]}, {"points": [""]}, {"points": ["--yes-write"]}, {"points": "pv"}, {"points": [1]},
                     {"points": {"pv": "1"}}, {"points": ["x" * 150]}, {"points": ["pv"] * 33}, {"points": ["d.pv"] * 31}, {"write": 1}, {"yes_write": True}, {"points": ["a\nb"]}, []):
            status, answer = self.ask(self.maria, "POST", TRY.format("d"), body)
            self.assertIn(status, (400, 404), (body, answer))
        self.assertEqual(self.device.writes, [])

    def test_who_may(self):
        self.begin("try_may")
        self.user("add", "--may", "read,operate,protect", "olga")
        olga = self.client("olga")
        self.assertEqual(wait_for("olga is known", lambda: (lambda status: status if status != 401 else None)(self.ask(olga, "POST", TRY.format("d"), {})[0])), 403)
        token = self.token()
        self.assertIn(self.http("POST", "/instruments/d/try", token, {})[0], (401, 403))
        self.assertIn(self.http("POST", "/instruments/d/try", None, {})[0], (401, 403))
        refused = [r for r in self.records(act="wire_try")]
        self.assertTrue(refused and all("configure" in json.dumps(r) or "sign" in json.dumps(r) or "token" in json.dumps(r) for r in refused), refused)

    def test_a_device_that_hangs(self):
        self.begin("hangs")
        self.device.fault = "silent"
        wait_for("it is down", lambda: not self.is_good())
        began = time.monotonic()
        answer = self.try_it()
        self.assertLess(time.monotonic() - began, 60)
        self.assertFalse(answer["answers"])
        self.assertTrue(all(p["value"] is None for p in answer["points"]))
        self.device.fault = ""
        wait_for("the bench goes on", lambda: self.is_good())
        self.assertTrue(self.try_it()["answers"])

    def test_killed(self):
        self.begin("try_killed")
        thread, told, pid = self.hang()
        os.kill(pid, signal.SIGKILL)
        thread.join()
        [(status, answer)] = told
        self.assertEqual(status, 500, answer)
        self.assertIn("signal 9", answer["detail"])
        self.device.fault = ""
        wait_for("the bench goes on", lambda: self.is_good())
        self.assertTrue(self.try_it()["answers"])

    def test_one_at_a_time_and_a_reload(self):
        self.begin("try_reload")
        thread, told, _ = self.hang()
        status, answer = self.ask(self.maria_too(), "POST", TRY.format("d"), {}, patience=False)
        self.assertEqual(status, 429, answer)
        done = self.bench.mbc("reload")
        self.assertEqual(done.returncode, 0, done.stderr)
        thread.join()
        self.assertIn(told[0][0], (200, 500, 503), told)
        self.device.fault = ""
        wait_for("the bench goes on", lambda: self.is_good())
        self.assertTrue(self.try_it()["answers"])

    def maria_too(self):
        return self.client("maria")

    def test_who_leaves_ends_it(self):
        self.begin("try_left")
        self.device.fault = "silent"
        body = b"{}"
        with socket.create_connection(("127.0.0.1", self.bench.port)) as sock:
            sock.sendall((f"POST {TRY.format('d')} HTTP/1.1\r\nHost: 127.0.0.1:{self.bench.port}\r\nCookie: {self.maria.cookie}\r\nX-Mbc: {self.maria.proof}\r\nContent-Type: application/json\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
            wait_for("a trial", lambda: trials(self.bench))
        wait_for("it is ended", lambda: not trials(self.bench))
        self.device.fault = ""
        self.assertTrue(self.try_it()["answers"])


if __name__ == "__main__":
    unittest.main()
