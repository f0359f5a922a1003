"""Events: `mbc log` has each once, in order, whatever is killed, in both languages, also when the disk is full.

    test_events.py --for SECONDS [--seed N]     kills of the controller while instruments go up and down, for longer: `make soak`
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from harness import Bench, Device, Process, Twin, free_port, is_running, wait_for

AT_ONCE = 4  # benches: a controller that is killed again and again is waited for longer and longer
KILLS = 13  # of each: more than fifty together


def bench_text(port):
    return f"""links: {{io: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  one: {{use: modbus, link: io, unit: 1, every: 50 ms, timeout: 200 ms, channels: {{a: {{read: {{holding: 3}}}}}}}}
  two: {{use: modbus, link: io, unit: 2, every: 50 ms, timeout: 200 ms, channels: {{a: {{read: {{holding: 3}}}}}}}}
"""


def log(bench, *words):
    """The events that `mbc log` tells."""
    answer = bench.mbc("log", "--json", "--bench", bench.name, *words)
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


def check_whole(events, before=()):
    """Every id once and in order, and what was told before is still told."""
    assert [event["id"] for event in events] == list(range(1, len(events) + 1)), [event["id"] for event in events]
    assert events[:len(before)] == list(before), "what was told before is told differently"
    assert all(event["cause"] is None or event["cause"] < event["id"] for event in events)
    return events


class Storm:
    """A bench with its twin: faults come and go, and the controller is killed."""

    def __init__(self, name, seed):
        self.chance = random.Random(seed)
        port = free_port()
        self.bench = Bench(name, bench_text(port))
        self.twin = Twin(self.bench.file, [port], self.bench.environment)
        self.kills = 0
        self.events = []

    def fault(self):
        name, kind = self.chance.choice(("one", "two")), self.chance.choice(("dead", "none", "cut", "none"))
        self.bench.mbc("twin", str(self.bench.file), "--fault", f"{name}={kind}")

    def step(self):
        victim = self.bench.pids().get("control")
        self.fault()
        time.sleep(self.chance.random() * 0.4)
        if victim is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            self.kills += 1
        wait_for("another controller", lambda: self.bench.pids().get("control", victim) != victim, pause=0.001)
        time.sleep(self.chance.random() ** 3 * 0.3)  # often before it has done anything
        self.events = check_whole(log(self.bench), self.events)

    def run(self, is_over):
        with contextlib.ExitStack() as stack:
            stack.callback(self.twin.stop)
            stack.enter_context(self.bench)
            while not is_over(self):
                self.step()
            for kind, fault in (("instrument_up", "none"), ("instrument_down", "dead")):
                self.bench.mbc("twin", str(self.bench.file), "--fault", f"one={fault}")
                wait_for(kind, lambda kind=kind: [event for event in log(self.bench, "--kind", kind) if event["subject"] == "one"])
            # Each death is told, once, and that is why the next controller was started.
            def deaths():
                self.events = check_whole(log(self.bench), self.events)
                return [event["id"] for event in self.events if event["kind"] == "process_killed"]
            wait_for(f"{self.kills} deaths told", lambda: len(deaths()) == self.kills)
            wait_for("each death has a successor", lambda: {event["cause"] for event in check_whole(log(self.bench), self.events)
                                                            if event["kind"] == "controller_restarted"} == set(deaths()))
            self.bench.process.stop()
            rest = check_whole(log(self.bench), self.events)  # from the files
            assert rest[-1]["kind"] == "controller_stopped", rest[-1]


def storms(seed, is_over):
    """Several at once; gives the kills, and what failed first."""
    all_of_them = [Storm(f"events-{n}", seed + n) for n in range(AT_ONCE)]
    failures = []

    def run(storm):
        try:
            storm.run(is_over)
        except BaseException as error:  # noqa: BLE001 (told by who called, whatever it is)
            failures.append((storm.bench.name, repr(error)))

    threads = [threading.Thread(target=run, args=(storm,)) for storm in all_of_them]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(storm.kills for storm in all_of_them), failures


class Kills(unittest.TestCase):
    def test_fifty_kills_lose_and_double_nothing(self):
        seed = random.SystemRandom().randrange(1 << 32)
        kills, failures = storms(seed, lambda storm: storm.kills >= KILLS)
        self.assertEqual(failures, [], f"seed {seed}")
        self.assertGreaterEqual(kills, 50)

    def test_numbers_go_on_over_the_death_of_all(self):
        """Supervisor and black box are gone: the files say how to go on."""
        device = self.enterContext(Device({3: 7}))
        bench = self.enterContext(Bench("all", bench_text(device.port)))
        bench.wait_good("one.a", "two.a")
        before = wait_for("all written", lambda: bench.value("mbc.control.journal_waiting") == 0 and log(bench))
        pids = bench.pids()
        os.kill(bench.process.pid, signal.SIGKILL)
        wait_for("all are gone", lambda: not any(is_running(pid) for pid in pids.values()))
        left = check_whole(log(bench), before)  # the controller notices, says so, and ends
        self.assertEqual([event["kind"] for event in left[len(before):]], ["supervisor_lost"])
        with bench:
            bench.wait_good("one.a", "two.a")
            after = check_whole(log(bench), left)
            self.assertEqual(after[len(left)]["kind"], "controller_started")
            self.assertEqual({event["boot"] for event in after}, {before[0]["boot"]})


class Told(unittest.TestCase):
    def setUp(self):
        self.device = self.enterContext(Device({3: 7}))
        self.bench = self.enterContext(Bench("told", bench_text(self.device.port)))
        self.bench.wait_good("one.a", "two.a")

    def kinds(self, *words):
        return [event["kind"] for event in log(self.bench, *words)]

    def wait_kind(self, kind, count=1):
        return wait_for(f"{count} {kind}", lambda: len(found := log(self.bench, "--kind", kind)) >= count and found)

    def test_lost_link_is_the_cause(self):
        self.device.__exit__()
        down = self.wait_kind("instrument_down", 2)
        links = log(self.bench, "--kind", "link_down")
        self.assertEqual([event["subject"] for event in links], ["io"])
        self.assertEqual({event["cause"] for event in down}, {links[0]["id"]})
        self.assertEqual({event["subject"] for event in down}, {"one", "two"})

    def test_silent_instrument_has_no_cause(self):
        self.device.fault = "silent"
        down = self.wait_kind("instrument_down", 2)
        self.assertEqual({(event["cause"], event["reason"]) for event in down}, {(None, "no_answer")})
        self.assertEqual(self.kinds("--kind", "link_down"), [])

    def test_bench_file(self):
        self.bench.reload(bench_text(self.device.port) + "title: another\n")
        taken = self.wait_kind("bench_file_taken")
        self.assertEqual(taken[0]["values"], [2])
        self.bench.reload("links: 5\n")
        self.wait_kind("bench_file_refused")

    def test_data_server(self):
        os.kill(self.bench.pids()["serve"], signal.SIGKILL)
        started = self.wait_kind("process_started")
        killed = log(self.bench, "--kind", "process_killed")
        self.assertEqual([(event["subject"], event["values"]) for event in killed], [("serve", [9])])
        self.assertEqual(started[0]["cause"], killed[0]["id"])

    def test_hung_controller(self):
        victim = self.bench.pids()["control"]
        os.kill(victim, signal.SIGSTOP)
        restarted = self.wait_kind("controller_restarted")[0]
        events = {event["id"]: event for event in log(self.bench)}
        killed = events[restarted["cause"]]
        self.assertEqual(killed["kind"], "process_killed")
        self.assertEqual(events[killed["cause"]]["kind"], "process_hung")

    def test_two_languages(self):
        english = self.bench.mbc("log").stdout
        self.assertIn("instrument 'one': answers", english)
        for name in ("LANG", "LC_ALL", "LC_MESSAGES"):
            environment = {key: value for key, value in self.bench.environment.items() if not key.startswith(("LC_", "LANG"))}
            french = subprocess.run([self.bench.program, "log"], env=dict(environment, **{name: "fr_FR.UTF-8"}), capture_output=True,
                                    text=True, timeout=20).stdout
            self.assertIn("instrument 'one' : répond", french)
            self.assertEqual(len(french.splitlines()), len(english.splitlines()))

    def test_choosing(self):
        self.assertEqual(set(self.kinds("--kind", "instrument_up")), {"instrument_up"})
        self.assertEqual([event["kind"] for event in log(self.bench, "--subject", "two")], ["instrument_up"])
        everything = self.kinds()
        self.assertEqual(self.kinds("--since", "1h"), everything)
        self.assertEqual(self.kinds("--since", "2001-01-01"), everything)
        self.assertEqual(self.kinds("--since", "2001-01-01T10:00:00Z"), everything)
        later = time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + 3600))
        self.assertEqual(self.kinds("--since", later), [])
        stamp = log(self.bench)[0]["time"]
        self.assertLess(abs(time.time() - time.mktime(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")) + time.timezone), 3700)

    def test_what_is_wrong_is_said(self):
        for words, text in ((["--kind", "instrument_dwn"], "did you mean 'instrument_down'"), (["--since", "soon"], "neither a span nor a time"),
                            (["--bench", "other"], "does not run here, and has no journal"), (["--bench", "../x"], "not the name of a bench"),
                            (["word"], "usage: mbc log")):
            with self.subTest(words):
                answer = self.bench.mbc("log", *words)
                self.assertEqual(answer.returncode, 1)
                self.assertIn(text, answer.stderr)

    def test_follow(self):
        follow = Process([self.bench.program, "log", "--follow"], env=dict(self.bench.environment, LC_ALL="C"))
        self.addCleanup(follow.stop)
        follow.wait_line("instrument 'two': answers")
        self.device.fault = "silent"
        follow.wait_line("instrument 'one': down: no answer")
        os.kill(self.bench.pids()["control"], signal.SIGKILL)
        follow.wait_line("controller: started again, generation 2")
        for _ in range(20):  # callers that keep a place push it out: it comes back
            self.bench.mbc("doctor")
        self.device.fault = ""
        follow.wait_line("instrument 'one': answers", count=2)
        self.bench.process.stop()
        follow.wait_line("controller: stopped")
        self.assertEqual(follow.popen.wait(10), 0)
        numbers = [int(line.split()[2]) for line in follow.lines["out"]]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        answer = self.bench.mbc("log", "--follow")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("nothing to follow", answer.stderr)

    def test_stream_has_channels_alone(self):
        """Events and clock records are on the tape between the changes; who reads those passes over them, and misses nothing."""
        with self.bench.stream(["one.a"]) as events:
            self.device.fault = "silent"
            self.wait_kind("instrument_down", 2)
            self.device.fault = ""
            self.device.holding[3] = 8
            seen = []
            while not seen or seen[-1][1].get("value") != 8:
                seen.append(events.get(timeout=20))
        self.assertEqual({kind for kind, _ in seen} - {"heartbeat"}, {"update"})
        self.assertEqual({data["name"] for kind, data in seen if kind == "update"}, {"one.a"})


@unittest.skipUnless(os.geteuid() == 0, "only root can mount a small disk")
class FullDisk(unittest.TestCase):
    def mount(self, folder, size, *options):
        subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join((f"size={size}", *options)), "none", folder], check=True)

    def test_events_go_on_and_reach_the_disk_when_there_is_room(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-"))
        try:
            self.mount(folder, "1m")
        except subprocess.CalledProcessError:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        device = self.enterContext(Device({3: 7}))
        bench = Bench("full", bench_text(device.port))
        bench.environment["MBC_STATE_DIR"] = folder
        with bench:
            bench.wait_good("one.a", "two.a")
            wait_for("told", lambda: [event for event in log(bench) if event["kind"] == "journal_failed"])
            bench.wait_value("mbc.control.journal_failing", 1)
            self.assertIn("cannot be allocated", bench.mbc("doctor").stdout)
            os.kill(bench.pids()["control"], signal.SIGKILL)
            wait_for("another controller", lambda: [event for event in log(bench) if event["kind"] == "controller_restarted"])
            bench.wait_good("one.a", "two.a")
            before = check_whole(log(bench))
            self.mount(folder, "64m", "remount")
            wait_for("written again", lambda: [event for event in log(bench) if event["kind"] == "journal_resumed"])
            wait_for("all on the disk", lambda: bench.value("mbc.control.journal_waiting") == 0)
            self.assertEqual(bench.value("mbc.control.journal_failing"), 0)
            bench.process.stop()
            check_whole(log(bench), before)
            files = sorted(pathlib.Path(folder, "full").glob("journal.*"))
            self.assertEqual([(file.stat().st_size, file.stat().st_mode & 0o777) for file in files], [(8 << 20, 0o600)] * 2)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--for", type=int, dest="seconds", required=True)
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = arguments.parse_args()
    end = time.monotonic() + options.seconds
    kills, failures = storms(options.seed, lambda storm: time.monotonic() >= end)
    print(f"events: {kills} kills of controllers, seed {options.seed}, {len(failures)} failures")
    for name, text in failures[:1]:
        print(f"first failure: {name}: {text}")
    return 1 if failures or kills == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
