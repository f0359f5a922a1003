"""The door: commands from the command line and over HTTP, through the gate to the controller and back; who may, repeats, tokens, and each process dying."""
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
import jsonschema  # noqa: E402

from harness import PATIENCE_S, ROOT, Bench, Device, wait_for  # noqa: E402

API = "/api/v1"
JSON = {"Content-Type": "application/json"}
DESCRIPTION = json.loads((ROOT / "src/serve/openapi.json").read_text())


class Writable(Device):
    """A device that takes writes, and keeps them: (function, address, value)."""

    def __init__(self, *args, **options):
        self.writes = []
        self.is_deaf = False  # to writes: it does not answer them
        super().__init__(*args, **options)

    def _answer(self, sock, tid, unit, pdu):
        if pdu[0] not in (6, 16):
            super()._answer(sock, tid, unit, pdu)
            return
        address, value = struct.unpack(">HH", pdu[1:5])
        if pdu[0] == 16:
            value = struct.unpack(">H", pdu[6:8])[0]
        self.writes.append((address, value))
        if self.is_deaf:
            return
        self.holding[address] = value
        answer = pdu[:5]
        sock.sendall(struct.pack(">HHHB", tid, 0, len(answer) + 1, unit) + answer)


def text(port, commands="[set, ack, safe]", outputs=True):
    written = """  T_furn: {read: d.pv, write: d.sp, range: [0, 700], hazard: heat}
safe_states: {cold: {order: [{set: T_furn, to: 0 degC}]}}
on_stop: cold
trips: {too_hot: {when: T_furn > 650 degC, to: cold, latch: yes, title: Too hot}}
alarms: {hot: {when: T_furn > 600 degC, do: Look at the furnace, priority: high, title: Furnace hot}}
""" if outputs else "  T_furn: {read: d.pv}\n"
    return f"""tick: 50 ms
history: no
links: {{l: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  d: {{use: modbus, link: l, every: 50 ms, timeout: 300 ms, channels: {{
    pv: {{read: {{holding: 0, type: int16}}, scale: 0.1, unit: degC}},
    sp: {{read: {{holding: 1, type: int16}}, write: {{holding: 1}}, scale: 0.1, unit: degC}}}}}}
channels:
{written}"""


class DoorBench(Bench):
    commands = "[set, ack, safe]"

    def write(self, text):
        super().write(text)
        self.file.write_text(self.file.read_text().replace(
            'serve: {listen: "127.0.0.1:0"}', f'serve: {{listen: "127.0.0.1:0", commands: {self.commands}}}'))


class Base(unittest.TestCase):
    def begin(self, name, **options):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.device = stack.enter_context(Writable({0: 200, 1: 0}))
        self.bench = stack.enter_context(DoorBench(name, text(self.device.port, **options)))
        self.bench.wait_good("d.pv", "d.sp", "mbc.control.ticks", "mbc.control.ticks_lost")
        return stack

    def mbc(self, *words, code=0, limit=PATIENCE_S):
        done = self.bench.mbc(*words, limit=limit)
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        return done.stdout if code == 0 else done.stderr

    def set_value(self, value, *words):
        """Until the bench is in the state to take it: after its start, or that of one of its processes."""
        def attempt():
            done = self.bench.mbc("set", "T_furn", str(value), *words)
            return done.returncode == 0 and done.stdout
        return wait_for(f"set T_furn {value}", attempt)

    def token(self, name="lims"):
        token = self.mbc("token", "add", name).strip()
        wait_for("the token is taken up", lambda: self.http("POST", "/alarms/nothing/ack", token)[0] != 401)
        return token

    def http(self, method, path, token=None, body=None, headers=None):
        headers = dict(headers or {}, **({"Authorization": f"Bearer {token}"} if token else {}))
        if body is not None and "Content-Type" not in headers:
            headers["Content-Type"] = "application/json"
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=PATIENCE_S + 30)
        with contextlib.closing(connection):
            connection.request(method, path if path.startswith("/api") else API + path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
            self.headers = answer.headers
        decoded = json.loads(data) if "json" in (answer.getheader("Content-Type") or "") else data
        self.check_described(method, path, answer.status, decoded)
        return answer.status, decoded

    def check_described(self, method, path, status, body):
        """Every answer has the form that the description gives it."""
        path = (API + path if not path.startswith("/api") else path).partition("?")[0]
        for pattern, methods in DESCRIPTION["paths"].items():
            told = methods.get(method.lower())
            if told is None or not re.fullmatch(re.sub(r"{\w+}", "[^/]+", pattern), path):
                continue
            self.assertIn(str(status), told["responses"], (method, path))
            kinds = {kind: content for kind, content in told["responses"][str(status)]["content"].items() if kind != "application/xml"}
            content = kinds[self.headers.get_content_type()] if len(kinds) > 1 else next(iter(kinds.values()))
            body = body.decode() if isinstance(body, bytes) else body
            resolver = jsonschema.RefResolver("", DESCRIPTION)
            jsonschema.Draft202012Validator(content["schema"], resolver=resolver).validate(body)

    def writes(self):
        return [value for address, value in list(self.device.writes) if address == 1]


class CommandLine(Base):
    def test_values_are_set_once(self):
        self.begin("door")
        self.assertEqual(self.set_value(120), "T_furn: 120 degC verified\n")
        self.assertEqual(self.writes(), [1200])
        out = self.mbc("set", "T_furn", "130", "degC", "--id", "again")
        self.assertEqual(out, "T_furn: 130 degC verified\n")
        self.assertEqual(self.mbc("set", "T_furn", "130", "degC", "--id", "again"), out)
        self.assertEqual(self.writes(), [1200, 1300])
        self.assertIn("another command's", self.mbc("set", "T_furn", "140", "--id", "again", code=1))
        self.assertEqual(self.writes(), [1200, 1300])
        # What is shown changes with the tick.
        shown = ("write", 130, 130, "manual", "manual")
        keys = ("access", "target", "working", "owner", "mode")
        wait_for("it is shown", lambda: tuple(self.bench.channel("T_furn")[key] for key in keys) == shown)
        self.assertEqual(self.bench.channel("d.pv")["access"], "read")
        events = [json.loads(line) for line in self.bench.mbc("log", "--json", "--kind", "command").stdout.splitlines()]
        self.assertEqual([event["subject"] for event in events], ["T_furn", "T_furn"])
        self.assertTrue(all(event["principal"] for event in events))

    def test_what_is_refused_says_why(self):
        self.begin("refused")
        self.set_value(100)
        self.assertIn("refused", self.mbc("set", "T_furn", "900", code=1))
        self.assertIn("did you mean 'T_furn'", self.mbc("set", "T_frun", "9", code=1))
        self.assertIn("--ramp", self.mbc("set", "T_furn", "9", "--ramp", "10 bar/min", code=1))
        self.assertIn("--ramp", self.mbc("set", "T_furn", "9", "--ramp", "10", code=1))
        self.assertIn("--id takes", self.mbc("set", "T_furn", "9", "--id", "a b", code=1))
        self.assertIn("unknown", self.mbc("set", "T_furn", "9", "--force", code=1))
        self.assertIn("no mode", self.mbc("mode", "bench", "off", code=1))
        self.assertIn("--comment", self.mbc("trip", "reset", "too_hot", code=1))
        self.assertIn("--for", self.mbc("trip", "bypass", "too_hot", "--reason", "x", code=1))
        self.assertIn("refused", self.mbc("trip", "reset", "nothing", "--comment", "x", code=1))
        self.assertIn("usage", self.mbc("alarm", "explode", code=1))
        self.assertEqual(self.writes(), [1000])

    def test_a_bench_without_outputs_has_no_gate(self):
        stack = self.begin("plain", outputs=False)
        self.assertNotIn("gate", self.bench.pids())
        self.assertIn("nothing to command", self.mbc("set", "T_furn", "1", code=1))
        self.bench.reload(text(self.device.port))  # and gets one with a reload
        wait_for("a gate", lambda: "gate" in self.bench.pids())
        self.set_value(50)
        self.set_value(0)
        self.bench.write(text(self.device.port, outputs=False))  # that protects less: it wants a reason, and a bench that is cold
        self.mbc("reload", "--reason", "no outputs any more")
        wait_for("no gate", lambda: "gate" not in self.bench.pids())
        del stack

    def test_safe_states_trips_and_alarms(self):
        self.begin("watched")
        self.set_value(100)
        self.device.holding[0] = 6100
        wait_for("the alarm", lambda: "unacknowledged" in self.mbc("alarm", "list"))
        self.assertIn("Furnace hot", self.mbc("alarm", "list"))
        self.mbc("alarm", "ack", "hot")
        wait_for("acknowledged", lambda: " acknowledged" in self.mbc("alarm", "list"))
        self.device.holding[0] = 6600
        wait_for("the trip", lambda: "tripped" in self.mbc("trip", "list"))
        wait_for("safe", lambda: self.device.holding[1] == 0)
        self.assertIn("refused", self.mbc("set", "T_furn", "90", code=1))
        self.assertIn("refused", self.mbc("trip", "reset", "too_hot", "--comment", "still hot", code=1))
        self.device.holding[0] = 200

        def reset():
            return self.bench.mbc("trip", "reset", "too_hot", "--comment", "it is cold").returncode == 0
        wait_for("reset", reset)
        self.set_value(80)
        self.assertIn("verified", self.mbc("safe"))
        self.assertEqual(self.device.holding[1], 0)


class Deaths(Base):
    def test_the_gate_dies_and_nothing_is_done_twice(self):
        self.begin("gatedies")
        self.set_value(100)
        for i in range(3):
            ticks = self.bench.value("mbc.control.ticks")
            os.kill(self.bench.pids()["gate"], signal.SIGKILL)
            self.assertIn("verified", self.mbc("set", "T_furn", str(110 + i), "--id", f"g{i}"))
            os.kill(self.bench.pids()["gate"], signal.SIGKILL)
            self.assertIn("verified", self.mbc("set", "T_furn", str(110 + i), "--id", f"g{i}"))  # the controller knows it
            wait_for("control ticks on", lambda: self.bench.value("mbc.control.ticks") > ticks)
        self.assertEqual(self.writes(), [1000, 1100, 1110, 1120])

    def test_a_gate_that_hangs_disturbs_nobody(self):
        self.begin("gatehangs")
        self.set_value(100)
        token = self.token()
        gate = self.bench.pids()["gate"]
        os.kill(gate, signal.SIGSTOP)
        try:
            ticks = self.bench.value("mbc.control.ticks")
            self.assertIn("no verdict yet", self.mbc("set", "T_furn", "110", "--wait", "1s", code=2))
            status, body = self.http("PUT", "/channels/T_furn", token, {"target": 115, "expires_s": 1})
            self.assertEqual(status, 504)
            self.assertGreater(self.bench.value("mbc.control.ticks"), ticks)
        finally:
            time.sleep(1.1)  # what nobody waited for is over by then
            os.kill(gate, signal.SIGCONT)
        self.assertIn("verified", self.mbc("set", "T_furn", "120"))
        self.assertEqual(self.writes(), [1000, 1200])

    def test_the_controller_dies_and_nobody_knows(self):
        self.begin("controldies")
        self.set_value(100)
        self.device.is_deaf = True
        process = subprocess.Popen([str(self.bench.program), "set", "T_furn", "110", "--id", "c1"], env=self.bench.environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for("it is written", lambda: self.writes()[-1:] == [1100])
        os.kill(self.bench.pids()["control"], signal.SIGKILL)
        out, err = process.communicate(timeout=PATIENCE_S)
        self.assertEqual(process.returncode, 2, (out, err))
        self.assertIn("unknown", err)
        self.device.is_deaf = False
        self.assertIn("unknown", self.mbc("set", "T_furn", "110", "--id", "c1", code=2))  # and is not done on the quiet
        self.assertEqual(self.http("GET", "/commands/c1")[1]["verdict"], "unknown")

    def test_callers_that_mean_no_good(self):
        self.begin("hostile")
        self.set_value(100)
        path = str(self.bench.folder / "run" / "hostile.sock")
        kept = []
        for i in range(200):  # more than there are places; each with something that is no command
            with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)) as sock:
                sock.settimeout(PATIENCE_S)
                sock.connect(path)
                sock.send(struct.pack("<HHI", 1, self.kind("WIRE_DOOR_ASK"), 0))
                _, fds, _, _ = socket.recv_fds(sock, 4096, 1)
                end = socket.socket(fileno=fds[0])
                kept.append(end)
                with contextlib.suppress(OSError):  # the gate has closed one that was the oldest
                    end.send([b"", b"x", struct.pack("<HHI", 1, self.kind("WIRE_COMMAND"), 0), os.urandom(4000)][i % 4] or b"\0")
        memory = self.bench.value("mbc.gate.memory")
        self.assertIn("verified", self.mbc("set", "T_furn", "120"))
        self.assertLess(memory, 30000)
        for end in kept:
            end.close()
        self.assertEqual(self.writes(), [1000, 1200])

    @staticmethod
    def kind(name):
        source = (ROOT / "src/msg/wire.h").read_text()
        body = re.sub(r"/\*.*?\*/", "", source[source.index("enum wire_kind {"):], flags=re.S)
        return re.findall(r"WIRE_\w+", body[:body.index("}")]).index(name) + 1


class Http(Base):
    def test_tokens(self):
        self.begin("tokens")
        file = self.bench.folder / "state/tokens/tokens"
        self.assertEqual(self.http("PUT", "/channels/T_furn", None, {"target": 1})[0], 401)
        self.assertIn("Bearer", self.headers["WWW-Authenticate"])
        token = self.token()
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertNotIn(token, file.read_text())
        self.assertEqual(self.mbc("token", "list"), "lims\n")
        self.assertIn("already", self.mbc("token", "add", "lims", code=1))
        self.assertEqual(self.http("PUT", "/channels/T_furn", token[:-1] + "0", {"target": 1})[0], 401 if token[-1] != "0" else 202)
        file.chmod(0o644)  # nobody's secret any more: it opens nothing
        wait_for("closed", lambda: self.http("POST", "/alarms/nothing/ack", token)[0] == 401)
        file.chmod(0o600)
        wait_for("open", lambda: self.http("POST", "/alarms/nothing/ack", token)[0] != 401)
        self.mbc("token", "remove", "lims")
        wait_for("removed", lambda: self.http("POST", "/alarms/nothing/ack", token)[0] == 401)

    def test_a_value_is_set(self):
        self.begin("httpset")
        self.set_value(100)
        token = self.token()
        status, body = self.http("PUT", "/channels/T_furn", token, {"target": 120, "id": "h1"})
        self.assertEqual((status, body["id"], body["verdict"]), (202, "h1", "pending"))
        wait_for("verified", lambda: self.http("GET", "/commands/h1")[1]["verdict"] == "verified")
        self.assertEqual(self.http("PUT", "/channels/T_furn?wait=5s", token, {"target": 120, "id": "h1"})[1]["verdict"], "verified")
        self.assertEqual(self.http("PUT", "/channels/T_furn", token, {"target": 121, "id": "h1"})[0], 409)
        status, body = self.http("PUT", "/channels/T_furn?wait=5s", token, {"target": "130 degC"})
        self.assertEqual((status, body["verdict"]), (200, "verified"))
        self.assertEqual(self.writes(), [1000, 1200, 1300])
        status, body = self.http("PUT", "/channels/T_furn?wait=5s", token, {"target": 900})
        self.assertEqual((status, body["verdict"]), (409, "refused"))
        event = json.loads(self.bench.mbc("log", "--json", "--kind", "command").stdout.splitlines()[-1])
        self.assertEqual(event["principal"], "token:lims")
        self.device.is_deaf = True
        status, body = self.http("PUT", "/channels/T_furn?wait=20s", token, {"target": 140})
        self.assertIn(status, (502, 504))
        self.device.is_deaf = False

    def test_what_may_be_asked_is_told(self):
        self.begin("told")
        status, bench = self.http("GET", "/bench")
        self.assertEqual((status, bench["commands"], bench["safe_state"]), (200, ["set", "safe", "ack"], "cold"))
        status, furnace = self.http("GET", "/channels/T_furn")
        self.assertEqual(status, 200)
        self.assertEqual({k: furnace[k] for k in ("access", "set_min", "set_max", "ramp_per_min", "hazard", "asks_confirm")},
                         {"access": "write", "set_min": 0, "set_max": 700, "ramp_per_min": None, "hazard": "heat", "asks_confirm": False})
        self.assertNotIn("set_min", self.http("GET", "/channels/d.pv")[1])

    def test_who_may_not(self):
        self.begin("httpnot")
        self.set_value(100)
        token = self.token()
        value = {"target": 110}
        for headers in ({"Host": "10.0.0.1"}, {"Host": "127.0.0.1.evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
            self.assertIn(self.http("PUT", "/channels/T_furn", token, value, headers)[0], (403, 421))
        self.assertEqual(self.http("PUT", "/channels/T_furn", token, value, {"Content-Type": "text/plain"})[0], 415)
        self.assertEqual(self.http("PUT", "/channels/T_furn", token, "{" + " " * 5000 + "}")[0], 413)
        self.assertIn("column 12", self.http("PUT", "/channels/T_furn", token, '{"target":1')[1]["detail"])
        self.assertEqual(self.http("PUT", "/channels/T_furn?wait=1h", token, value)[0], 400)
        self.assertEqual(self.http("POST", "/alarms/hot/shelve", token, {"for": "1h", "reason": "x"})[0], 403)  # the bench does not open it
        self.assertEqual(self.http("PUT", "/channels/T_furn", token, {"mode": "automatic"})[0], 403)
        self.assertEqual(self.writes(), [1000])
        self.bench.commands = "[]"
        self.bench.reload(text(self.device.port))
        wait_for("closed by a reload", lambda: self.http("PUT", "/channels/T_furn?wait=2s", token, {"target": 100})[0] == 403)

    def test_alarms_and_trips_are_told(self):
        self.begin("httpalarm")
        self.set_value(100)
        token = self.token()
        self.assertEqual(self.http("GET", "/alarms")[1]["alarms"], [])
        [alarm] = self.http("GET", "/alarms?all=1")[1]["alarms"]
        self.assertEqual((alarm["name"], alarm["state"], alarm["do"], alarm["priority"]), ("hot", "normal", "Look at the furnace", "high"))
        self.device.holding[0] = 6100
        wait_for("active", lambda: [alarm["state"] for alarm in self.http("GET", "/alarms")[1]["alarms"]] == ["unacknowledged"])
        self.assertEqual(self.http("POST", "/alarms/hot/ack?wait=5s", token)[0], 200)
        self.device.holding[0] = 6600
        wait_for("tripped", lambda: [trip["state"] for trip in self.http("GET", "/trips")[1]["trips"]] == ["tripped"])
        [trip] = self.http("GET", "/trips?all=1")[1]["trips"]
        self.assertEqual((trip["condition"], trip["safe_state"], trip["latched"]), ("T_furn > 650 degC", "cold", True))
        self.assertEqual(self.http("GET", "/alarms?all=2")[0], 400)
        self.assertEqual(self.http("GET", "/commands/a%20b")[0], 404)
        self.assertEqual(self.http("POST", "/safe?wait=5s", token, {"name": "nothing"})[0], 409)

    def test_programs_are_bounded(self):
        """A program that floods is sent away at once; a person is still heard."""
        self.begin("flood")
        self.set_value(100)
        token = self.token()
        connection = http.client.HTTPConnection("127.0.0.1", self.bench.port, timeout=PATIENCE_S)
        statuses = []
        with contextlib.closing(connection):
            for i in range(300):
                connection.request("PUT", API + "/channels/T_furn", json.dumps({"target": 100 + i % 2}),
                                   {"Authorization": f"Bearer {token}", **JSON})
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
        self.assertIn(503, statuses)
        self.assertIn(202, statuses)
        self.assertIn("verified", self.mbc("set", "T_furn", "150"))


if __name__ == "__main__":
    unittest.main()
