"""kill -9 of every process at random moments: the bench comes back, and nothing leaks, changes or stays behind.

    test_kills.py --for SECONDS [--seed N]      the same for longer: `make soak`; prints its counts, its seed, the first failure
"""
import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
import unittest

from harness import Bench, Device, Process, children, copy_programs, hung_successors, is_running, wait_for

SAMPLE_S = 15  # in `make test`
AT_ONCE = 3  # benches of the soak
BOUND_S = 6.0  # from a kill to good values, without the waiting time of a process that is killed again and again
BACKOFF_S = (0, 0.5, 1, 2)  # before a process is started for the n-th time; more kills than that would only wait
EXTRA = 300  # channels that keep the compiler busy until it is seen


def bench_text(port, title="first"):
    more = "".join(f"  c{n}: {{calc: dev.a + {n}}}\n" for n in range(EXTRA))
    return f"""title: {title}
links: {{io: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  dev: {{use: modbus, link: io, every: 50 ms, timeout: 500 ms, channels: {{a: {{read: {{holding: 3}}}}}}}}
channels:
{more}"""


class Life:
    """One run of a supervisor, and what must stay as it was while its children are killed."""

    def __init__(self, storm):
        self.storm = storm
        self.bench = storm.bench
        self.bench.__enter__()
        self.kills = collections.Counter()
        self.descriptors = None

    def generation(self):
        return self.bench.get("/api/v1/bench")["generation"]

    def is_good(self, generation):
        """Values over HTTP, from a board that is not older than that: the last picture of a dead controller does not count."""
        with contextlib.suppress(OSError, AssertionError, KeyError):
            return self.generation() >= generation and self.bench.channel("dev.a")["quality"] == "good" \
                and self.bench.channel(f"c{EXTRA - 1}")["quality"] == "good"
        return False

    def recover(self, name, generation=1, times=0):
        wait_for(f"good values after the kill of {name}", lambda: self.is_good(generation),
                 BOUND_S + BACKOFF_S[min(times, len(BACKOFF_S) - 1)], 0.005)

    def check(self):
        supervise = self.bench.process.pid
        wait_for("no zombie", lambda: all(is_running(pid) for pid in children(supervise)))
        answer = self.bench.mbc("log", "--json")
        numbers = [json.loads(line)["id"] for line in answer.stdout.splitlines()]
        assert numbers == list(range(1, len(numbers) + 1)), f"events {numbers} {answer.stderr}"
        ids = (self.bench.folder / f"state/{self.bench.name}/ids").read_bytes()
        if self.storm.ids is None:
            self.storm.ids = ids
        assert ids == self.storm.ids, "a channel got another number"
        with contextlib.suppress(PermissionError):  # who is not root may not look into a process that is not dumpable
            self.check_descriptors(f"/proc/{supervise}/fd")

    def check_descriptors(self, folder):
        """A second board is kept from the first restart on: the count is taken from then."""
        if self.descriptors is None and self.kills["control"] > 0:
            self.descriptors = len(os.listdir(folder))
        elif self.descriptors is not None:
            wait_for(f"{self.descriptors} descriptors of supervise, as before", lambda: len(os.listdir(folder)) <= self.descriptors)

    def kill(self, *names):
        """SIGKILL, and what it may change: these processes are others then, and are counted. The time it took, without the
        time that supervise waits before it starts what has died again."""
        before, generation = self.bench.pids(), self.generation() + ("control" in names)
        began = time.monotonic()
        for name in names:
            os.kill(before[name], signal.SIGKILL)
            self.kills[name] += 1
        for name in names:
            wait_for(f"another {name}", lambda name=name: self.bench.pids().get(name, before[name]) != before[name],
                     BOUND_S + BACKOFF_S[min(self.kills[name] - 1, len(BACKOFF_S) - 1)], 0.002)
        self.recover(names, generation, self.kills[names[0]] - 1)
        took = time.monotonic() - began - BACKOFF_S[max(self.kills[name] for name in names) - 1]
        after = self.bench.pids()
        assert all(after[name] == before[name] for name in ("control", "serve") if name not in names), "a neighbour was started again"
        wanted = self.kills["control"] + self.kills["serve"]
        wait_for(f"{wanted} restarts counted", lambda: self.bench.value("mbc.supervise.restarts") == wanted, BOUND_S)
        self.check()
        return took

    def kill_compiler(self, title):
        """In the middle of a reload; None when it was done before it could be seen."""
        before = self.bench.pids()
        self.bench.reload(bench_text(self.storm.device.port, title))
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            pid = self.bench.pids().get("compile")
            if pid is not None:
                break
        else:
            return None
        time.sleep(self.storm.chance.random() * 0.01)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_for("the compiler is gone", lambda: "compile" not in self.bench.pids(), BOUND_S, 0.002)
        self.recover("compile")
        after = self.bench.pids()
        assert after["control"] == before["control"] and after["serve"] == before["serve"], "a reload that failed cost a process"
        self.check()
        return 0.0

    def kill_supervise(self):
        pids = self.bench.pids()
        os.kill(pids["supervise"], signal.SIGKILL)
        self.bench.process.popen.wait()
        self.storm.forget(self.bench.process)
        began = time.monotonic()
        life = Life(self.storm)  # at once: the others die with it, and hold nothing
        life.recover("supervise")
        took = time.monotonic() - began
        wait_for("all have died with their supervisor", lambda: not any(is_running(pid) for pid in pids.values()))
        life.check()
        return life, took


class Storm:
    """Kills at random, from a seed; counts them."""

    def __init__(self, name, seed):
        self.chance = random.Random(seed)
        self.device = Device({3: 7})
        self.bench = Bench(name, bench_text(self.device.port))
        self.count = collections.Counter()
        self.took = collections.defaultdict(list)
        self.ids = None

    @staticmethod
    def forget(process):
        """A soak starts thousands: their output is not kept."""
        with contextlib.suppress(ValueError):
            Process.recent.remove(process)

    def step(self, life):
        """One kill, of a process that is not worn out: what is killed again and again is waited for longer and longer."""
        time.sleep(self.chance.random() ** 3 * 0.5)
        worn = min(life.kills["control"], life.kills["serve"]) >= len(BACKOFF_S) - 1
        names = ("supervise",) if worn else self.chance.choices(
            (("control",), ("serve",), ("control", "serve"), ("compile",), ("supervise",)), (4, 3, 1, 4, 1))[0]
        if max(life.kills[name] for name in names) >= len(BACKOFF_S):
            names = ("compile",)
        if names == ("supervise",):
            life, took = life.kill_supervise()
        elif names == ("compile",):
            took = life.kill_compiler(f"title {self.chance.random()}")
        else:
            took = life.kill(*names)
        if took is not None:
            self.count.update(names)
            self.took[names[0]].append(took)
        return life

    def run(self, seconds):
        end = time.monotonic() + seconds
        life = None
        try:
            life = Life(self)
            life.recover("nothing")
            life.check()
            while time.monotonic() < end:
                life = self.step(life)
        finally:
            if life is not None:
                self.bench.__exit__(*sys.exc_info())
            self.device.__exit__()
            shutil.rmtree(self.bench.folder, ignore_errors=True)


def soak(seconds, seed):
    """Several storms at once; the exit code."""
    storms = [Storm(f"storm-{n}", seed + n) for n in range(AT_ONCE)]
    failures = []

    def run(storm):
        try:
            storm.run(seconds)
        except BaseException as error:  # noqa: BLE001 (told below, whatever it is)
            failures.append((storm, error, storm.bench.process.text()[-3000:] if storm.bench.process else ""))

    threads = [threading.Thread(target=run, args=(storm,)) for storm in storms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count = sum((storm.count for storm in storms), collections.Counter())
    print(f"kills: {count.total()} ({', '.join(f'{name} {n}' for name, n in sorted(count.items()))}), seed {seed}, "
          f"{len(failures)} failures")
    for name in sorted(count):
        took = sorted(one for storm in storms for one in storm.took[name])
        if any(took):
            print(f"  good values after a kill of {name}: p50 {statistics.median(took) * 1000:.0f} ms, slowest {took[-1] * 1000:.0f} ms")
    for storm, error, text in failures[:1]:
        print(f"first failure: {storm.bench.name}, after {storm.count.total()} kills: {error}\n{text}")
    return 1 if failures or not count else 0


class Kills(unittest.TestCase):
    def test_storm(self):
        seed = random.SystemRandom().randrange(1 << 32)
        storm = Storm("storm", seed)
        with self.subTest(seed=seed):
            storm.run(SAMPLE_S)
            self.assertGreater(storm.count.total(), 5)
            print(f"{storm.count}, seed {seed}")


class Boards(unittest.TestCase):
    def test_picture_outlives_its_controller_and_grows_old(self):
        """After the death of the controller the last picture stays, good only as long as it is young; then the next one comes."""
        programs = copy_programs(pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-"))))
        device = self.enterContext(Device({3: 7}))
        bench = self.enterContext(Bench("held", bench_text(device.port), programs=programs))
        bench.wait_good("dev.a", f"c{EXTRA - 1}")
        generation = bench.get("/api/v1/bench")["generation"]
        watch = Process([bench.program, "watch", "dev.a"], env=bench.environment)
        self.addCleanup(watch.stop)
        watch.wait_line(" 7")
        device.holding[3] = 8
        watch.wait_line(" 8")
        bench.wait_value("dev.a", 8)  # the tape tells a change as it arrives, the picture at the next tick
        with hung_successors(bench, programs) as began:
            young = bench.mbc("get", "dev.a")
            if time.monotonic() - began < 1.0:  # a busy machine may have been slower
                self.assertEqual(young.stdout.strip(), "8")
            bench.wait_reason("dev.a", "controller_down", "stale")
            bench.wait_reason(f"c{EXTRA - 1}", "controller_down")
            self.assertEqual(bench.get("/api/v1/bench")["state"], "controller_down")
            self.assertEqual(bench.get("/api/v1/bench")["generation"], generation)
            old = bench.mbc("get", "dev.a")
            self.assertEqual(old.returncode, 2)
            self.assertIn("controller", old.stdout + old.stderr)
            device.holding[3] = 9
        bench.wait_value("dev.a", 9)
        self.assertGreater(bench.get("/api/v1/bench")["generation"], generation)
        watch.wait_line(" 9")
        values = [line.split()[2] for line in watch.find("dev.a", "out") if "bad" not in line]
        self.assertEqual([value for n, value in enumerate(values) if n == 0 or values[n - 1] != value], ["7", "8", "9"])

    def test_last_changes_of_a_dead_controller_are_still_told(self):
        """What stands on the old tape comes before the new board: a change that arrived just before the kill is not lost."""
        device = self.enterContext(Device({3: 1}))
        bench = self.enterContext(Bench("tape", bench_text(device.port)))
        bench.wait_good("dev.a")
        with bench.stream(["dev.a"]) as events:
            for n in range(2, 12):
                device.holding[3] = n
                wait_for("read", lambda began=time.monotonic(): len(device.reads(began)) >= 2, pause=0.002)
            os.kill(bench.pids()["control"], signal.SIGKILL)
            bench.wait_value("dev.a", 11)
            device.holding[3] = 99
            seen = []
            while 99 not in seen:
                kind, data = events.get(timeout=20)
                if kind == "update" and data["value"] is not None:
                    seen.append(data["value"])
        self.assertEqual([n for n in range(1, 12) if n not in seen], [])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--for", type=int, dest="seconds", required=True)
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = arguments.parse_args()
    return soak(options.seconds, options.seed)


if __name__ == "__main__":
    sys.exit(main())
