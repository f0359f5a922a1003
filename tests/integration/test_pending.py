"""A bench file that changes protection: what becomes weaker is named, needs a reason and waits; and a supervisor that is killed leaves a bench that is made safe."""
import json
import os
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
from test_door import Base, text  # noqa: E402

from harness import PATIENCE_S, is_running, wait_for  # noqa: E402


class Pending(Base):
    def begin(self, name="pending"):
        stack = super().begin(name)
        self.port = self.device.port
        return stack

    def put(self, **swaps):
        """The file with some texts swapped."""
        body = text(self.port)
        for was, becomes in swaps.values():
            self.assertIn(was, body)
            body = body.replace(was, becomes)
        self.bench.write(body)

    WEAKER = {"trip": ("T_furn > 650 degC", "T_furn > 690 degC")}
    STRONGER = {"trip": ("T_furn > 650 degC", "T_furn > 640 degC")}
    NEUTRAL = {"title": ("title: Furnace hot", "title: Furnace is hot")}

    def pending(self):
        return self.bench.get("/api/v1/bench")["pending"]

    def events(self, kind):
        return [json.loads(line) for line in self.bench.mbc("log", "--json", "--kind", kind).stdout.splitlines()]

    def test_a_weaker_file_needs_a_reason(self):
        self.begin()
        self.assertIsNone(self.pending())
        self.put(**self.WEAKER)
        done = self.bench.mbc("check", "--against-running", str(self.bench.file))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("weaker: condition of trip 'too_hot'", done.stdout)
        done = self.bench.mbc("reload")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("T_furn > 650 degC -> T_furn > 690 degC", done.stdout)
        self.assertIn("mbc reload --reason", done.stdout)
        wait_for("the API tells", lambda: self.pending() is not None)
        self.assertTrue(self.pending()["needs_reason"])
        self.assertEqual(len(self.pending()["weaker"]), 1)
        self.assertIn("read and runs", self.mbc("reload", "--reason", "new sensor"))
        wait_for("nothing waits", lambda: self.pending() is None)
        [event] = self.events("protection_changed")
        self.assertIn("new sensor", event["text"])
        self.assertTrue(event["principal"])
        parts = [part for part in self.events("protection_part") if part.get("cause") == event["id"]]
        self.assertIn("690", parts[0]["text"])

    def test_it_waits_until_all_is_safe(self):
        self.begin()
        self.set_value(120)
        self.put(**self.WEAKER, **self.NEUTRAL)
        generation = self.bench.get("/api/v1/bench")["generation"]
        self.assertIn("pending:", self.mbc("reload", "--reason", "new sensor"))
        wait_for("it waits", lambda: self.pending() is not None)
        self.assertEqual(self.pending()["reason"], "new sensor")
        time.sleep(3)  # it is tried again meanwhile, and not taken
        self.assertEqual(self.bench.get("/api/v1/bench")["generation"], generation)
        self.assertEqual(self.events("protection_changed"), [])
        self.assertIn("pending", self.mbc("doctor", code=self.bench.mbc("doctor").returncode) or "pending")
        # A controller that starts anew goes on with what nobody has changed yet.
        os.kill(self.bench.pids()["control"], signal.SIGKILL)
        wait_for("another controller", lambda: self.bench.get("/api/v1/bench")["generation"] > generation)
        self.assertIsNotNone(self.pending())
        self.assertEqual(self.events("protection_changed"), [])
        wait_for("it is safe", lambda: self.bench.mbc("safe").returncode == 0)
        wait_for("it is taken up by itself", lambda: self.pending() is None)
        [event] = self.events("protection_changed")
        self.assertIn("new sensor", event["text"])

    def test_without_a_person_it_waits(self):
        self.begin()
        self.put(**self.WEAKER)
        os.kill(self.bench.process.pid, signal.SIGHUP)
        self.bench.process.wait_line("weaker: condition of trip 'too_hot'")
        self.bench.process.wait_line("needs a reason: mbc reload --reason")
        wait_for("it waits", lambda: self.pending() is not None)
        self.assertIn("dropped", self.mbc("reload", "--discard"))
        wait_for("nothing waits", lambda: self.pending() is None)
        self.assertEqual(len(self.events("protection_discarded")), 1)
        self.assertEqual(self.bench.mbc("reload", "--discard").returncode, 1)

    def test_a_newer_file_replaces_it(self):
        self.begin()
        self.put(**self.WEAKER)
        self.assertEqual(self.bench.mbc("reload").returncode, 1)
        self.put(**self.NEUTRAL)
        self.assertIn("read and runs", self.mbc("reload"))
        wait_for("nothing waits", lambda: self.pending() is None)
        self.put(**self.WEAKER)
        self.assertEqual(self.bench.mbc("reload").returncode, 1)
        self.put(**self.NEUTRAL)
        self.assertIn("dropped", self.mbc("reload"))
        self.assertEqual(self.events("protection_changed"), [])

    def test_a_stronger_file_needs_none(self):
        self.begin()
        self.put(**self.STRONGER)
        self.assertIn("read and runs", self.mbc("reload"))
        self.assertEqual(len(self.events("protection_changed")), 1)

    def test_a_file_that_was_changed_while_the_bench_was_off(self):
        self.begin()
        self.assertEqual(self.bench.process.stop(), 0)
        self.put(**self.WEAKER)
        with self.bench:
            self.bench.wait_good("d.pv")
            wait_for("it is told", lambda: self.events("protection_changed_while_off"))
            self.assertIn("690", self.events("protection_part")[0]["text"])
            self.assertIsNone(self.pending())


class Orphan(Base):
    def test_a_supervisor_that_is_killed(self):
        self.begin("orphan")
        self.set_value(120)
        pids = self.bench.pids()
        seen = len(self.device.writes)
        os.kill(pids["supervise"], signal.SIGKILL)
        wait_for("the safe value", lambda: (1, 0) in self.device.writes[seen:])
        wait_for("the controller has ended", lambda: not is_running(pids["control"]))
        self.bench.process.wait_line("the supervisor was killed")
        self.assertEqual(self.device.holding[1], 0)
        with self.bench:  # the bench starts again, and says what happened
            events = wait_for("the event", lambda: self.bench.mbc("log", "--json", "--kind", "supervisor_lost").stdout)
            self.assertEqual(len(events.splitlines()), 1)

    def test_the_next_one_waits(self):
        self.begin("orphan")
        self.set_value(120)
        self.device.is_deaf = True  # its safe value is not taken: the controller has work until the end of its time
        pids = self.bench.pids()
        os.kill(pids["supervise"], signal.SIGKILL)
        began = time.monotonic()
        with self.bench:
            self.assertFalse(is_running(pids["control"]))
            self.assertGreater(time.monotonic() - began, 5)
            self.bench.process.wait_line("waiting for its end")
            self.device.is_deaf = False

    def test_a_controller_that_hangs_ends_all_the_same(self):
        self.begin("orphan")
        self.set_value(120)
        pids = self.bench.pids()
        os.kill(pids["control"], signal.SIGSTOP)
        os.kill(pids["supervise"], signal.SIGKILL)
        os.kill(pids["control"], signal.SIGCONT)
        wait_for("it has ended", lambda: not is_running(pids["control"]))


if __name__ == "__main__":
    unittest.main()
