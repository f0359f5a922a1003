"""Questions of others on the wires of a running bench: mbc try and mbc scan go through its controller; what may change something only when it may."""
import contextlib
import json
import sys
import time
import unittest

sys.dont_write_bytecode = True
from test_door import Base, DoorBench, Writable, text  # noqa: E402

from harness import wait_for  # noqa: E402

FILE = """instrument: furnace
title: Furnace of tests
confidence: low
protocol: modbus
channels:
  wanted: {read: {holding: 1, type: int16}}
  other: {read: {holding: 7, type: int16}}
unproven: it is no device
"""
PREPARES = FILE + "init: [{holding: 3, value: 5}]\n"


class Guests(Base):
    def begin(self, name, **options):
        stack = super().begin(name, **options)
        self.device.holding[7] = 77
        self.link = f"tcp:127.0.0.1:{self.device.port}"
        return stack

    def try_it(self, body=FILE, *words, code=0):
        (self.bench.folder / "furnace.yaml").write_text(body)
        done = self.bench.mbc("try", *words, "--link", self.link, "furnace.yaml")
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def events(self, kind):
        return [json.loads(line) for line in self.bench.mbc("log", "--json", "--kind", kind).stdout.splitlines()]

    def test_try_goes_through_the_bench(self):
        self.begin("guest")
        out = self.try_it()
        self.assertIn("The running bench 'guest' has this wire (instrument 'd')", out)
        self.assertRegex(out, r"other +77 ")
        self.assertEqual(self.device.connects, 1)
        asked = [entry[3] for entry in self.device.log if entry[2] == 3 and entry[3] == 7]
        self.assertEqual(len(asked), 1, "the question is asked once")
        self.assertEqual(self.events("guest_write"), [])

    def test_what_is_asked_is_no_value_of_the_bench(self):
        self.begin("guest")
        before = self.bench.channel("d.pv")["value"]
        self.try_it(FILE.replace("holding: 7", "holding: 99"))
        self.assertEqual(self.bench.channel("d.pv")["value"], before)
        self.assertEqual(self.bench.channel("d.pv")["quality"], "good")
        self.assertEqual(self.device.connects, 1)

    def test_scan_goes_through_the_bench(self):
        self.begin("guest")
        done = self.bench.mbc("scan", "--units", "3", self.link, limit=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"unit_1 +answers")
        self.assertEqual(self.device.connects, 1)
        self.assertEqual({entry[1] for entry in self.device.log}, {1, 2, 3})

    def test_writes_need_a_word_and_leave_events(self):
        self.begin("guest")
        out = self.try_it(PREPARES, "--prepare", code=1)
        self.assertIn("--yes-write", out)
        self.assertEqual(self.device.writes, [])
        self.try_it(PREPARES, "--prepare", "--yes-write")
        self.assertEqual(self.device.writes, [(3, 5)])
        [event] = self.events("guest_write")
        self.assertIn("06 00 03 00 05", event["text"])
        self.assertNotEqual(event.get("principal", ""), "")
        ended = [e for e in self.events("guest_write_ended") if e.get("cause") == event["id"]]
        self.assertEqual(len(ended), 1, ended)
        self.assertIn("answered", ended[0]["text"])
        self.assertEqual(self.device.connects, 1)

    def test_nothing_is_written_in_a_safe_state(self):
        self.begin("guest")
        self.set_value(120)
        self.mbc("safe")
        writes = list(self.device.writes)
        out = self.try_it(PREPARES, "--prepare", "--yes-write", code=1)
        self.assertIn("safe state", out)
        self.assertNotIn((3, 5), self.device.writes[len(writes):])
        self.try_it()  # what reads is asked all the same

    def test_a_bench_that_only_reads_takes_guests_too(self):
        self.begin("guest", outputs=False)
        self.assertRegex(self.try_it(), r"other +77 ")
        self.assertEqual(self.device.connects, 1)

    def test_a_device_that_does_not_answer(self):
        self.begin("guest")
        seen = len(self.device.log)
        self.device.fault = "silent"
        out = self.try_it(FILE, "--seconds", "5", code=1)
        self.device.fault = ""
        self.assertIn("no answer", out)
        wait_for("the bench goes on", lambda: self.bench.channel("d.pv")["quality"] == "good")
        self.assertEqual(len([entry for entry in self.device.log[seen:] if entry[3] == 7 and entry[4] == 1]) <= 4, True)


if __name__ == "__main__":
    unittest.main()
