"""What happens when processes are told, killed or reloaded: the bench goes on."""
import contextlib
import json
import os
import signal
import subprocess
import time
import unittest

from harness import PATIENCE_S, Bench, Device, Process, is_running, need_peer, wait_for, widest_gap


def bench_text(device, more="", every="100 ms", extra=""):
    return f"""
links:
  io: {{tcp: "127.0.0.1:{device.port}"}}
{extra}instruments:
  dev:
    use: modbus
    link: io
    every: {every}
    timeout: 500 ms
    channels:
      a: {{read: {{holding: 3}}, unit: degC}}
{more}"""


class Processes(unittest.TestCase):
    def setUp(self):
        self.device = self.enterContext(Device({3: 7, 4: 8}))

    def start(self, name, **options):
        bench = self.enterContext(Bench(name, bench_text(self.device, **options)))
        bench.wait_good("dev.a")
        return bench

    def test_kill_of_serve_costs_control_no_tick(self):
        bench = self.start("k1")
        bench.wait_good("mbc.control.ticks", "mbc.control.ticks_lost")
        control = bench.pids()["control"]
        lost, ticks = bench.value("mbc.control.ticks_lost"), bench.value("mbc.control.ticks")
        began = time.monotonic()
        killed = bench.pids()["serve"]
        os.kill(killed, signal.SIGKILL)
        wait_for("a new serve", lambda: bench.pids().get("serve", killed) != killed)
        wait_for("serve answers", lambda: self.answers(bench))
        wait_for("health after the kill", lambda: (bench.value("mbc.control.ticks") or 0) > ticks)
        self.assertEqual(bench.pids()["control"], control, "control was started again")
        self.assertEqual(bench.value("mbc.control.ticks_lost"), lost)
        self.assertLess(widest_gap(self.device.reads(began)), 1.0)
        bench.wait_good("dev.a")
        wait_for("the restart is counted", lambda: (bench.value("mbc.supervise.restarts") or 0) >= 1)

    @staticmethod
    def answers(bench):
        """serve comes back on the port it had: who has the page open goes on."""
        try:
            return bench.get("/api/v1/bench")
        except OSError:
            return None

    def test_kill_of_control_shows_and_heals(self):
        bench = self.start("k2")
        killed = bench.pids()["control"]
        os.kill(killed, signal.SIGSTOP)  # dead but not gone, until supervise has had enough of it
        reason = bench.wait_reason("dev.a", "controller_down", "stale")
        self.assertIn(reason, ("controller_down", "stale"))
        self.assertIsNone(bench.value("dev.a"))
        with_state = bench.get("/api/v1/bench")["state"]
        self.assertIn(with_state, ("controller_down", "running"))
        with contextlib.suppress(ProcessLookupError):
            os.kill(killed, signal.SIGKILL)
        wait_for("a new control", lambda: bench.pids().get("control", killed) != killed)
        bench.wait_good("dev.a")
        self.assertEqual(bench.get("/api/v1/bench")["state"], "running")

    def test_sigterm_ends_within_bounds_and_leaves_nothing(self):
        bench = self.start("t1")
        pids = bench.pids()
        self.assertGreaterEqual(set(pids), {"supervise", "control", "serve"})
        began = time.monotonic()
        self.assertEqual(bench.process.stop(), 0, bench.process.text())
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual([name for name, pid in pids.items() if is_running(pid)], [])
        self.assertEqual(list((bench.folder / "run").glob("*.sock")), [])

    def test_mbc_stop(self):
        bench = self.start("t2")
        pids = bench.pids()
        answer = bench.mbc("stop")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual([name for name, pid in pids.items() if is_running(pid) and name != "supervise"], [])
        wait_for("supervise, which has answered, ends", lambda: not is_running(pids["supervise"]))
        again = bench.mbc("stop", "--bench", "t2")
        self.assertEqual(again.returncode, 1)
        self.assertIn("t2", again.stderr)

    def test_kill_of_supervise_leaves_no_orphan(self):
        bench = self.start("k3")
        pids = bench.pids()
        os.kill(pids["supervise"], signal.SIGKILL)
        wait_for("children end with their supervisor", lambda: not any(is_running(pid) for pid in pids.values()))

    def test_reload_of_a_bad_file_is_refused(self):
        bench = self.start("r1")
        began = time.monotonic()
        pids = bench.pids()
        bench.reload("links: {io: {tcp: 5}}\ninstruments: {dev: {use: nothing}}\n")
        bench.process.wait_line(r"bench\.yaml:\d+:\d+: error:", "err")
        refused = time.monotonic()
        wait_for("polls go on", lambda: len(self.device.reads(refused)) > 8)
        self.assertEqual(bench.channel("dev.a")["quality"], "good")
        self.assertEqual(bench.pids()["control"], pids["control"])
        self.assertLess(widest_gap(self.device.reads(began)), 2 * 0.1 + 0.5)

    def test_reload_keeps_what_is_unchanged(self):
        """A channel is added to a second instrument; the first one's polls go on over the same connection."""
        other = self.enterContext(Device({3: 70, 4: 80}))
        every_s = 0.25
        second = "  more:\n    use: modbus\n    link: io2\n    every: 100 ms\n    channels:\n      b: {read: {holding: 3}}\n"
        link = f"  io2: {{tcp: \"127.0.0.1:{other.port}\"}}\n"
        bench = self.start("r2", more=second, extra=link, every="250 ms")
        bench.wait_good("more.b")
        connects = self.device.connects
        began = time.monotonic()
        bench.reload(bench_text(self.device, more=second + "      c: {read: {holding: 4}}\n", extra=link, every="250 ms"))
        wait_for("the new channel", lambda: "more.c" in bench.channels())
        bench.wait_good("more.c", "dev.a")
        self.assertEqual(bench.value("more.c"), 80)
        changed = time.monotonic()
        wait_for("polls go on", lambda: len(self.device.reads(changed)) > 3)
        self.assertEqual(self.device.connects, connects, "the unchanged instrument was connected to again")
        self.assertLess(widest_gap(self.device.reads(began)), 2 * every_s, "the unchanged instrument lost a poll")
        self.assertGreaterEqual(bench.get("/api/v1/bench")["generation"], 2)

    def test_new_address_does_not_wait_for_a_server_that_hangs(self):
        bench = self.start("addr")
        hung, before = bench.pids()["serve"], len(bench.process.find("http://", "out"))
        os.kill(hung, signal.SIGSTOP)
        bench.write(bench_text(self.device))
        bench.file.write_text(bench.file.read_text().replace("127.0.0.1:0", "localhost:0"))
        os.kill(bench.process.pid, signal.SIGHUP)
        wait_for("the new address", lambda: len(bench.process.find("http://", "out")) > before)
        self.assertFalse(is_running(hung))

    def test_two_benches_side_by_side(self):
        other = self.enterContext(Device({3: 99}))
        one, two = self.start("one"), self.enterContext(Bench("two", bench_text(other)))
        two.wait_good("dev.a")
        self.assertEqual((one.value("dev.a"), two.value("dev.a")), (7, 99))
        self.assertEqual(one.process.stop(), 0)
        alone = time.monotonic()
        wait_for("the other one's polls go on", lambda: len(other.reads(alone)) > 4)
        self.assertEqual(two.value("dev.a"), 99)
        self.assertEqual(two.channel("dev.a")["quality"], "good")

    def test_the_same_bench_twice_is_refused(self):
        bench = self.start("once")
        again = subprocess.run([bench.process.popen.args[0], "run", str(bench.file)], env=bench.environment,
                               capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("once", again.stderr)
        self.assertEqual(bench.channel("dev.a")["quality"], "good")

    def test_stream_through_curl(self):
        bench = self.start("s1")
        curl = Process([need_peer("curl"), "-sN", "--max-time", "3",
                        f"http://127.0.0.1:{bench.port}/api/v1/stream?channels=dev.a"])
        curl.wait_line('"name"', "out")
        self.device.holding[3] = 1234
        curl.popen.wait(PATIENCE_S)
        curl.stop()  # its last lines have been read
        text = "\n".join(curl.lines["out"])
        updates = [json.loads(line[5:]) for line in text.splitlines() if line.startswith("data:") and '"name"' in line]
        self.assertEqual({update["name"] for update in updates}, {"dev.a"})
        self.assertEqual([update["value"] for update in updates][0], 7)
        self.assertEqual([update["value"] for update in updates][-1], 1234)
        self.assertGreaterEqual(text.count("event: heartbeat"), 2)

    def test_stream_tells_changes_in_order(self):
        bench = self.start("s2")
        seen, coming = [], [10, 20, 30]
        with bench.stream(["dev.a"]) as events:
            while 30 not in seen:
                event = events.get(timeout=PATIENCE_S)
                self.assertIsNotNone(event, "the stream ended")
                if event[0] == "update":
                    seen.append(event[1]["value"])
                    self.device.holding[3] = coming.pop(0) if coming else 30
        self.assertEqual(seen, [7, 10, 20, 30])

    def test_flat_xml_is_well_formed(self):
        bench = self.start("x1")
        xmllint = need_peer("xmllint")
        for path in ("/xml", "/api/v1/channels.xml", "/api/v1/bench.xml"):
            with self.subTest(path):
                body = bench.get(path)
                done = subprocess.run([xmllint, "--noout", "-"], input=body, capture_output=True, text=True, timeout=PATIENCE_S)
                self.assertEqual(done.returncode, 0, done.stderr)
        value = subprocess.run([xmllint, "--xpath", "string(//Terminal[Name='dev.a']/Value)", "-"], input=bench.get("/xml"),
                               capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(float(value.stdout), 7.0)

    def test_watch_trace_and_doctor(self):
        bench = self.start("c1")
        trace = bench.mbc("trace", "dev")
        self.assertEqual(trace.returncode, 0, trace.stderr)
        self.assertRegex(trace.stdout.lower(), r"00 03 00 01")
        doctor = bench.mbc("doctor")
        self.assertIn("c1", doctor.stdout)
        for pid in bench.pids().values():
            self.assertIn(str(pid), doctor.stdout)
        watch = Process([bench.process.popen.args[0], "watch", "dev.a"], env=bench.environment)
        self.addCleanup(watch.stop)
        watch.wait_line(r"\b7\b", "out")
        self.device.holding[3] = 4321
        watch.wait_line(r"\b4321\b", "out")
        watch.popen.send_signal(signal.SIGINT)
        watch.popen.wait(PATIENCE_S)


if __name__ == "__main__":
    unittest.main()
