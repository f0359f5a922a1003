"""One person holds the bench: take, hand over, by force; a command line against sessions against a token; with the real program."""
import os
import pwd
import signal
import sys
import unittest

sys.dont_write_bytecode = True

from harness import wait_for  # noqa: E402
from test_accounts import API, Client, People  # noqa: E402
from test_door import DoorBench  # noqa: E402
from test_guest import PREPARES  # noqa: E402

ME = pwd.getpwuid(os.getuid()).pw_name
PUT, HOLD = API + "/channels/T_furn?wait=10s", API + "/hold"


class Hold(People):
    def setUp(self):
        before = DoorBench.commands
        DoorBench.commands = "[set, safe, ack]"
        self.addCleanup(setattr, DoorBench, "commands", before)

    def who(self):
        return self.mbc("take", "--who").strip()

    def hold(self, client, **body):
        status, answer = client.ask("POST", HOLD, body)
        return status, answer.get("detail", answer.get("text"))

    def put(self, client, value, headers=None):
        status, answer = client.ask("PUT", PUT, {"target": value}, headers)
        return status, answer.get("detail", answer.get("text"))

    def events(self, kind):
        return self.mbc("log", "--kind", kind, "--json")

    def test_the_command_line_alone(self):
        self.begin("hold_cli")
        self.assertEqual(self.who(), "nobody holds the bench")
        self.assertIn("nobody holds the bench; take it first", self.mbc("hand-over", code=1))
        self.assertIn(f"take: verified: {ME} holds the bench", self.mbc("take", "--id", "one"))
        self.assertIn("verified", self.mbc("take", "--id", "one"))  # the same once more
        self.assertRegex(self.who(), rf"^{ME} holds the bench since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        since = self.who()
        self.mbc("take")  # who holds it goes on
        self.assertEqual(self.who(), since)
        self.set_value(10)
        token = self.token()
        bearer = {"Authorization": f"Bearer {token}", "X-Mbc": None}
        program = Client(self.bench.port)
        status, why = self.put(program, 20, bearer)
        self.assertEqual(status, 409, why)
        self.assertIn(f"{ME} holds the bench since 20", why)
        self.assertIn("ask for it; an admin may take it with a reason", why)
        self.assertEqual(self.http("GET", HOLD)[1]["holder"], ME)  # without accounts everybody reads; its form is that of the description
        self.assertEqual(program.ask("HEAD", HOLD)[0], 200)
        self.assertEqual(self.hold(program), (401, program.ask("POST", HOLD, {"take": True})[1]["detail"]))
        self.assertEqual(self.http("POST", HOLD, token, {"take": True})[0], 403)
        self.assertEqual(self.http("PUT", HOLD, token, {})[0], 405)
        self.assertEqual(self.headers["Allow"], "GET, HEAD, POST")
        # What only makes it safer or quieter is always taken.
        self.assertIn(program.ask("POST", API + "/safe?wait=20s", {}, bearer)[0], (200, 502))
        self.assertNotIn(program.ask("POST", API + "/alarms/hot/ack", {}, bearer)[0], (403, 409))
        self.assertIn("belong together", self.mbc("take", "--force", code=1))
        self.assertIn("no account 'nobody_at_all'", self.mbc("hand-over", "nobody_at_all", code=1))
        self.assertIn("hand-over: verified: nobody holds the bench any more", self.mbc("hand-over"))
        self.assertEqual(self.http("GET", HOLD)[1], {"holder": None, "since": None})
        self.mbc("safe", "--release")
        wait_for("the program commands again", lambda: self.put(program, 30, bearer)[0] == 200)
        self.mbc("take", "--force", "--reason", "a try")  # of nobody
        self.assertEqual(self.records(act="take", result="verified")[-1]["text"], "a try")
        self.assertTrue(self.records(act="set", result="refused", who="token:lims"))
        self.assertTrue(self.records(act="hand_over", result="verified", who=ME))
        wait_for("the events", lambda: "bench_taken" in self.events("bench_taken") and "to nobody" in self.events("bench_handed_over"))
        self.mbc("audit", "verify")

    def test_sessions_and_the_command_line(self):
        self.begin("hold_people")
        maria = self.add("maria", "--role", "admin")
        anna = self.add("anna", "--may", "read,operate")
        bert = self.add("bert", "--may", "read,operate")
        some = self.add("some", "--may", "read,operate", "--only", "T_*")
        reader = self.add("reader", "--may", "read")
        self.set_value(10)
        for body in ({}, {"take": False}, {"take": True, "release": True}, {"to": ""}, {"to": "anna", "force": True}, {"take": 1}):
            self.assertEqual((body, self.hold(anna, **body)[0]), (body, 400))
        self.assertEqual(self.hold(reader, take=True)[0], 403)
        self.assertEqual(self.hold(some, take=True)[0], 403)  # it would shut out those who operate the rest
        self.assertEqual(self.hold(anna, take=True)[0], 200)
        self.assertEqual(reader.ask("GET", HOLD)[1]["holder"], "user:anna")
        self.assertEqual(self.who().partition(" ")[0], "user:anna")
        self.assertEqual(self.put(anna, 20)[0], 200)
        for other in (bert, maria, some):
            self.assertEqual(self.put(other, 30)[0], 409)
        self.assertIn("user:anna holds the bench since", self.mbc("set", "T_furn", "30", code=1))
        self.assertIn("user:anna holds the bench since", self.mbc("take", code=1))
        self.assertEqual(self.hold(bert, take=True)[0], 409)
        self.assertEqual(self.hold(bert, release=True)[0], 409)
        self.assertEqual(self.hold(bert, take=True, force=True, reason="mine")[0], 403)
        self.assertEqual(self.hold(maria, take=True, force=True)[0], 400)  # without a reason
        self.assertNotIn(300, self.writes())
        self.assertIn(bert.ask("POST", API + "/safe?wait=20s", {})[0], (200, 502))
        self.assertEqual(anna.ask("GET", HOLD)[1]["holder"], "user:anna")  # that took nothing from her
        self.assertEqual(self.hold(anna, to="nobody_at_all")[0], 409)
        self.assertEqual(self.hold(anna, to="reader")[0], 409)
        self.assertEqual(self.hold(anna, to="bert")[0], 200)
        self.assertEqual(self.hold(anna, release=True)[0], 409)
        self.assertEqual(self.hold(maria, take=True, force=True, reason="a leak")[0], 200)
        self.assertEqual(reader.ask("GET", HOLD)[1]["holder"], "user:maria")
        wait_for("its event", lambda: "taken from user:bert: a leak" in self.events("bench_taken"))
        self.mbc("take", "--force", "--reason", "she has gone home")
        self.assertEqual(self.who().partition(" ")[0], ME)
        self.mbc("hand-over", "some")
        self.assertEqual(reader.ask("GET", HOLD)[1]["holder"], "user:some")
        self.assertEqual(self.hold(some, to="anna")[0], 200)  # and can hand it on
        self.assertTrue(self.records(act="take", result="verified", who="user:maria", text="a leak"))
        self.assertTrue(self.records(act="hand_over", result="verified", who="user:some", value="anna"))
        self.assertTrue(self.records(act="take", result="refused", who="user:bert"))
        # Whoever may operate nothing any more holds nothing either.
        self.user("disable", "anna")
        wait_for("nobody holds it", lambda: self.who() == "nobody holds the bench")
        self.mbc("safe", "--release")
        wait_for("others command", lambda: self.put(bert, 40)[0] == 200)
        wait_for("that is an event", lambda: "may operate nothing" in self.events("bench_handed_over"))

    def test_what_goes_around_commands(self):
        """A write on a wire from a command line, a planned stop: they are commands like others."""
        self.begin("hold_wire")
        anna = self.add("anna", "--may", "read,operate")
        self.set_value(10)
        self.assertEqual(self.hold(anna, take=True)[0], 200)
        (self.bench.folder / "furnace.yaml").write_text(PREPARES)
        link = f"tcp:127.0.0.1:{self.device.port}"
        done = self.bench.mbc("try", "--prepare", "--yes-write", "--link", link, "furnace.yaml")
        self.assertIn("user:anna holds the bench", done.stdout + done.stderr)
        self.assertNotIn((3, 5), self.device.writes)
        self.assertTrue(self.records(act="wire_write", result="refused", who=ME))
        self.assertIn("user:anna holds the bench", self.mbc("stop", "--planned", "1min", code=1))
        (self.bench.folder / "furnace.yaml").write_text(PREPARES.partition("init")[0])
        self.mbc("try", "--link", link, "furnace.yaml")  # it only reads
        self.assertEqual(self.hold(anna, release=True)[0], 200)
        (self.bench.folder / "furnace.yaml").write_text(PREPARES)
        self.mbc("try", "--prepare", "--yes-write", "--link", link, "furnace.yaml")
        self.assertIn((3, 5), self.device.writes)

    def test_the_gate_is_killed(self):
        self.begin("hold_killed")
        self.set_value(10)
        self.mbc("take")
        gate = self.bench.pids()["gate"]
        os.kill(gate, signal.SIGKILL)
        wait_for("another gate", lambda: self.bench.pids().get("gate") not in (None, gate))
        wait_for("nobody holds it", lambda: self.bench.mbc("take", "--who").stdout.strip() == "nobody holds the bench")
        self.set_value(20)
        # The controller's end takes it from nobody.
        wait_for("it is taken", lambda: self.bench.mbc("take").returncode == 0)
        control = self.bench.pids()["control"]
        os.kill(control, signal.SIGKILL)
        wait_for("another controller", lambda: self.bench.pids().get("control") not in (None, control))
        self.assertEqual(self.who().partition(" ")[0], ME)


if __name__ == "__main__":
    unittest.main()
