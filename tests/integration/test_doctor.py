#!/usr/bin/env python3
"""mbc doctor on the bench of docs/safety.md: what is missing in its file, what holds now, how long safe takes, and losses."""
import datetime
import re
import subprocess
import unittest

from harness import MBC, ROOT, Bench, Device, Twin, free_port, wait_for

EXAMPLE = ROOT / "benches/safety/bench.yaml"


def change(text, old, new):
    if old not in text:
        raise AssertionError(f"the example has no {old!r} any more")
    return text.replace(old, new)


def example(ports):
    """The example on other ports, without the lines that Bench writes, and without its warm-up."""
    text = EXAMPLE.read_text()
    for i, port in enumerate(ports):
        text = change(text, f"127.0.0.1:{15031 + i}", f"127.0.0.1:{port}")
    for line in ("bench: reduction\n", 'serve: {listen: "127.0.0.1:8083"}\n', "    warmup: 2 min\n"):
        text = change(text, line, "")
    return text


class Doctor(unittest.TestCase):
    def start(self, text, ports):
        bench = Bench("reduction", text)
        twin = Twin(bench.file, ports, bench.environment)
        self.addCleanup(twin.stop)
        self.enterContext(bench)
        bench.wait_good("T_furn", "V_H2", "V_main", "N2_flow", "LEL", "T_bed")
        return bench

    def begin(self, *changes):
        ports = [free_port() for _ in range(4)]
        text = example(ports)
        for old, new in changes:
            text = change(text, old, new)
        return self.start(text, ports)

    def doctor(self, bench):
        done = bench.mbc("doctor")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("It is not a safety instrumented system"), 1)
        return done.stdout

    def wait_said(self, bench, pattern):
        return wait_for(pattern, lambda: re.search(pattern, self.doctor(bench), re.M), pause=0.3)

    def ask(self, bench, *words):
        done = bench.mbc(*words)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_what_is_good(self):
        bench = self.begin(("2026-03-01", datetime.date.today().isoformat()))
        said = self.doctor(bench)
        self.assertIn("good  each trip names what protects people", said)
        self.wait_said(bench, "good  the devices hold what was written to them")
        self.assertIn("Safe state 'cold_inert' takes at most 4 s", said)
        self.assertRegex(said, r"H2 +dead: the others within 4 s, of which 2 s is waiting for this one; NOT made safe: H2_flow\n")
        self.assertIn("After an outage the rows of power_loss: decide; not without a person: H2_flow, V_H2\n", said)
        self.assertRegex(said, r"hall +dead: the others within 4 s; NOT made safe: V_main\n")
        self.assertNotRegex(said, "MIND  (trip|interlock|safe state|output)")

    def test_while_it_starts(self):
        bench = self.begin(("    for: 400 ms\n", "    for: 400 ms\n    warmup: 2 min\n"))
        self.wait_said(bench, r"MIND  the bench is starting: what can hurt is refused, except towards safe, .*\(2 min 0 s at most\); wait")
        done = bench.mbc("set", "T_furn", "100")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the inputs of trip 'h2_leak' have to be good for 2 min 0 s first; wait", done.stdout + done.stderr)

    def test_what_is_missing_in_the_file(self):
        bench = self.begin(
            ("    protected_by: limiter F2 cuts the heater contactor at 650 °C\n    tested: 2026-03-01\n", "    on_bad: alarm\n"),
            ("flow switch FS1 in series with V_H2\n    tested: 2026-03-01\n", "flow switch FS1 in series with V_H2\n"),
            ("and the heater contactor\n    tested: 2026-03-01\n", "and the heater contactor\n    tested: 2020-02-29\n"),
            ("set: V_H2, to: closed, within: 1 s", "set: V_H2, to: closed, within: 12 s"))
        said = self.doctor(bench)
        self.assertRegex(said, "MIND  trip 'bed_hot': nothing says what protects people .*; name the wired device")
        self.assertRegex(said, "MIND  trip 'bed_hot': with on_bad: alarm it never fires while a sensor is bad; ")
        self.assertRegex(said, r"MIND  trip 'h2_leak': its test of 2020-02-29 is overdue by \d+ d.*; test it")
        self.assertRegex(said, "MIND  interlock 'inert_first': nobody has written down when .* last tested; test it")
        self.assertRegex(said, "MIND  safe state 'cold_inert' may take 12 s, and the end of the bench waits for it 10 s at most; ")
        self.assertNotIn("good  each trip names", said)

    def test_what_holds_now(self):
        bench = self.begin()
        self.ask(bench, "trip", "bypass", "bed_hot", "--for", "20min", "--reason", "a test")
        end = self.wait_said(bench, r"MIND  trip 'bed_hot' is BYPASSED until (\S+) and does nothing; .*mbc trip end bed_hot")[1]
        events = wait_for("the bypass is recorded", lambda: bench.get("/api/v1/events?kind=bypass_began")["events"])
        began = events[-1]["time"]
        self.assertEqual(seconds(end) - seconds(began), 20 * 60)
        self.ask(bench, "trip", "end", "bed_hot")
        self.ask(bench, "twin", str(bench.file), "--set", "relays.tc=700", "--fault", "hall=dead")
        self.wait_said(bench, r"MIND  trip 'bed_hot' has TRIPPED, \S+: T_bed > 620 degC; .*mbc trip reset bed_hot --comment TEXT")
        self.wait_said(bench, r"MIND  safe state 'cold_inert' is held since \S+ and is NOT CONFIRMED; ")
        self.wait_said(bench, r"MIND  output 'V_main': what the device holds is not known, no answer; ")
        self.ask(bench, "twin", str(bench.file), "--fault", "hall=none")
        self.wait_said(bench, r"good  safe state 'cold_inert' is held since \S+, and is confirmed")
        self.ask(bench, "twin", str(bench.file), "--set", "N2.flow=5", "--set", "relays.h2=1")
        self.wait_said(bench, r"MIND  interlock 'inert_first' holds since \S+: V_H2 == open and N2_flow < 20 mL_n/min is true")

    def test_a_device_that_shows_something_else(self):
        bench = self.begin()
        self.ask(bench, "mode", "bench", "automatic")
        self.ask(bench, "safe")
        self.ask(bench, "twin", str(bench.file), "--set", "N2.sp=40")
        self.wait_said(bench, "MIND  output 'N2_flow': the device shows something else than was written; ")

    def test_a_bench_that_only_reads_has_no_such_part(self):
        with Device({3: 7}) as device:
            text = (f'links: {{io: {{tcp: "127.0.0.1:{device.port}"}}}}\ninstruments: {{dev: {{use: modbus, link: io, unit: 1, '
                    "channels: {a: {read: {holding: 3}}}}}\n")
            with Bench("reads", text) as bench:
                said = self.doctor(bench)
                self.assertIn("dev", said)
                self.assertNotIn("Protection, as", said)
                losses = bench.mbc("doctor", "--losses")
                self.assertEqual(losses.returncode, 0, losses.stderr)
                self.assertIn("no output of this bench has a hazard; write 'hazard:'", losses.stdout)


class Losses(unittest.TestCase):
    def test_of_a_file(self):
        done = subprocess.run([MBC, "doctor", "--losses", EXAMPLE], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        kept = "stays, no watchdog"
        self.assertIn(row("T_furn", "heat", "closed", kept, kept, "closed if by air", "closed or stays"), squeezed(done.stdout))
        self.assertIn(row("H2_flow", "fuel", "UNKNOWN", kept, kept, "UNKNOWN", "UNKNOWN"), squeezed(done.stdout))
        self.assertIn("3 of 25 places are UNKNOWN.", done.stdout)
        self.assertIn("without the relay of the heartbeat ('hall.beat'), which falls 10 s after the last change", done.stdout)
        self.assertIn("It is not a safety instrumented system", done.stdout)

    def test_words_that_do_not_fit(self):
        for words, said in ((("doctor", "x.yaml"), "--losses"), (("doctor", "--losses", "nowhere.yaml"), "nowhere.yaml")):
            done = subprocess.run([MBC, *words], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn(said, done.stderr)


def row(*cells):
    return " ".join(cells)


def squeezed(text):
    return re.sub(" +", " ", text)


def seconds(text):
    """Of an hour and its day: 2026-03-01T12:34:56.789Z, to the second."""
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() + 0.5)


if __name__ == "__main__":
    unittest.main()
