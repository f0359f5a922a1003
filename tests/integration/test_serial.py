"""Serial lines: slaves that nobody here wrote, stale bytes, ports that are taken, pulled, exchanged, lines that lie; reload on a line."""
import contextlib
import fcntl
import json
import os
import pathlib
import queue
import signal
import tempfile
import time
import unittest

from harness import BUILD, HERE, PATIENCE_S, Bench, Process, can_connect, free_port, wait_for, widest_gap
from serial_lines import Pair, Unit

LINE = "19200 8N1"
QUICK = "every: 100 ms, timeout: 200 ms"


def link_text(**ports):
    return "links:\n" + "".join(f"  {name}: {{serial: \"{port}\", line: {LINE}}}\n" for name, port in ports.items())


def instrument_text(name, link, unit, channels, more=QUICK):
    """channels: {name: register}."""
    places = ", ".join(f"{channel}: {{read: {{holding: {register}}}}}" for channel, register in channels.items())
    return f"  {name}: {{use: modbus, link: {link}, unit: {unit}, {more}, channels: {{{places}}}}}\n"


def start_line(test, port, units):
    server = Process(["/usr/bin/python3", HERE / "pymodbus_line.py", port, json.dumps(units)])
    test.addCleanup(server.stop)
    return server


def start_libmodbus(test, port, unit):
    slave = Process([BUILD / "tests/integration/libmodbus_slave", port, unit])
    test.addCleanup(slave.stop)
    slave.wait_line("ready")
    return slave


def counters(bench, name):
    return bench.get("/api/v1/instruments/" + name)["counters"]


class Peers(unittest.TestCase):
    """pymodbus and libmodbus as units on a line."""

    def test_pymodbus_two_units_and_one_that_is_absent(self):
        with Pair() as line:
            start_line(self, line.device, {"1": {"3": 250, "4": 251, "90": 90}, "2": {"3": 333, "9": None}})
            text = link_text(loop=line.bench) + "instruments:\n" + instrument_text("one", "loop", 1, {"a": 3, "b": 4, "far": 90}) \
                + instrument_text("two", "loop", 2, {"a": 3, "n": 9, "lacks": 50}) + instrument_text("three", "loop", 3, {"a": 3})
            with Bench("pair", text) as bench:
                bench.wait_good("one.a", "one.b", "one.far", "two.a", "two.n")
                self.assertEqual([bench.value(name) for name in ("one.a", "one.b", "one.far", "two.a")], [250, 251, 90, 333])
                bench.wait_reason("three.a", "no_answer")
                bench.wait_reason("two.lacks", "refused_address")
                shown = bench.mbc("get", "one.a", "two.a")
                self.assertRegex(shown.stdout, r"one\.a\s.*\b250\b[\s\S]*two\.a\s.*\b333\b")
                shown = bench.mbc("get", "three.a")
                self.assertEqual(shown.returncode, 2)
                self.assertIn("no answer", shown.stdout + shown.stderr)
                # The absent one costs its neighbours little: they are polled and stay good.
                before = bench.value("two.n")
                wait_for("two.n goes on", lambda: (bench.value("two.n") or 0) >= before + 20)
                self.assertEqual(bench.get("/api/v1/instruments/one")["state"], "up")
                wait_for("an identity", lambda: "pymodbus" in bench.get("/api/v1/instruments/one")["identity"])
                trace = bench.mbc("trace", "three").stdout
                self.assertRegex(trace, r"03 03 00 03 00 01")
                self.assertIn("no answer", trace)

    def test_libmodbus(self):
        with Pair() as line:
            start_libmodbus(self, line.device, 17)
            with Bench("lm", link_text(loop=line.bench) + "instruments:\n" + instrument_text("dev", "loop", 17, {"a": 100, "b": 950})) as bench:
                bench.wait_good("dev.a", "dev.b")
                first = bench.value("dev.a")
                self.assertEqual((first // 1000, bench.value("dev.b") // 1000), (1, 9))
                wait_for("it counts", lambda: bench.value("dev.a") not in (None, first))

    def test_rtu_over_tcp(self):
        port = free_port()
        start_line(self, f"127.0.0.1:{port}", {"1": {"3": 42}, "2": {"3": None}})
        wait_for("pymodbus listens", lambda: can_connect(port))
        text = f"links: {{srv: {{rtu: \"127.0.0.1:{port}\"}}}}\ninstruments:\n" + instrument_text("one", "srv", 1, {"a": 3}) \
            + instrument_text("two", "srv", 2, {"n": 3}) + instrument_text("gone", "srv", 7, {"a": 3})
        with Bench("rtu-tcp", text) as bench:
            bench.wait_good("one.a", "two.n")
            self.assertEqual(bench.value("one.a"), 42)
            bench.wait_reason("gone.a", "no_answer")
            before = bench.value("two.n")
            wait_for("two.n goes on", lambda: (bench.value("two.n") or 0) >= before + 10)


class Stale(unittest.TestCase):
    """A pseudo-terminal keeps what nobody reads: questions of minutes ago are answered when the slave is there."""

    def watched(self, events, seconds=0.0, count=0):
        """All values that the stream tells for a while, or until there are so many of each, must be of the hundred that was asked."""
        counts = {"dev.a": 0, "dev.b": 0}
        end, limit = time.monotonic() + seconds, time.monotonic() + PATIENCE_S
        while time.monotonic() < (limit if min(counts.values()) < count else end):
            try:
                kind, data = events.get(timeout=0.02)
            except queue.Empty:
                continue
            for channel in data.get("channels", [data]) if kind == "update" else ():
                if channel["name"] in counts and channel["quality"] == "good":
                    counts[channel["name"]] += 1
                    self.assertEqual(channel["value"] // 1000, {"dev.a": 1, "dev.b": 9}[channel["name"]],
                                     f"{channel['name']} got the answer to another question")
        self.assertGreaterEqual(min(counts.values()), count, counts)

    @staticmethod
    def bench_text(line, of_link="", of_instrument=""):
        return f"links: {{loop: {{serial: \"{line.bench}\", line: {LINE}{of_link}}}}}\ninstruments:\n" \
            + instrument_text("dev", "loop", 5, {"a": 100, "b": 950}, QUICK + of_instrument)

    def test_a_slave_that_comes_late(self):
        """What was asked when nobody was there is answered first; late_max says that it may come as late as that."""
        with Pair() as line, Bench("late", self.bench_text(line, ", late_max: 2 s", ", retries: 0")) as bench:
            bench.wait_reason("dev.a", "no_answer")
            wait_for("the question is counted", lambda: counters(bench, "dev")["requests"] >= 1)
            with bench.stream(["dev.a", "dev.b"]) as events:
                start_libmodbus(self, line.device, 5)
                bench.wait_good("dev.a", "dev.b")
                self.watched(events, 0.5, count=4)
            self.assertGreaterEqual(counters(bench, "dev")["stray"], 1)  # the answer to the first question came, and was nobody's

    def test_a_slave_that_stops_for_a_while(self):
        for more, spans in (("", (0.25, 0.4)), (", late_max: 1500 ms", (0.55, 1.1))):
            with self.subTest(more), Pair() as line:
                slave = start_libmodbus(self, line.device, 5)
                with Bench("stop", self.bench_text(line, more)) as bench, bench.stream(["dev.a", "dev.b"]) as events:
                    self.watched(events, 0.3, count=6)  # libmodbus cannot cut 43/14, and loses the question after it as well
                    for away in spans:
                        timeouts = counters(bench, "dev")["timeouts"]
                        os.kill(slave.pid, signal.SIGSTOP)
                        self.watched(events, away)  # how long is the point here
                        os.kill(slave.pid, signal.SIGCONT)
                        since = time.monotonic()
                        self.watched(events, 0.3, count=2)
                        self.assertLess(time.monotonic() - since, 2)  # what is late has come, and nobody waits for it any longer
                        if away > 0.5:
                            wait_for("a timeout is counted", lambda: counters(bench, "dev")["timeouts"] > timeouts)


class Ports(unittest.TestCase):
    """Ports that are taken, pulled, exchanged."""

    def test_a_port_that_another_program_has(self):
        with Unit({1: {3: 7}}) as unit:
            fd = os.open(unit.path, os.O_RDWR | os.O_NOCTTY)
            self.addCleanup(lambda: fd is not None and os.close(fd))
            fcntl.flock(fd, fcntl.LOCK_EX)
            with Bench("taken", link_text(loop=unit.port) + "instruments:\n" + instrument_text("dev", "loop", 1, {"a": 3})) as bench:
                bench.wait_reason("dev.a", "no_connection")
                wait_for("the trace tells", lambda: "another program has it" in bench.mbc("trace", "dev").stdout)
                self.assertFalse(unit.log)
                fcntl.flock(fd, fcntl.LOCK_UN)
                bench.wait_value("dev.a", 7)

    def test_two_benches_on_one_port(self):
        with Unit({1: {3: 7}}) as unit:
            text = link_text(loop=unit.port) + "instruments:\n" + instrument_text("dev", "loop", 1, {"a": 3})
            with contextlib.ExitStack() as first:
                first.enter_context(Bench("first", text)).wait_value("dev.a", 7)
                with Bench("second", text) as second:
                    second.wait_reason("dev.a", "no_connection")
                    wait_for("the trace tells", lambda: "another program has it" in second.mbc("trace", "dev").stdout)
                    since = time.monotonic()
                    wait_for("the first goes on", lambda: len(unit.asked(function=3, since=since)) > 10)
                    self.assertLess(widest_gap([entry[0] for entry in unit.asked(function=3, since=since)]), 0.6)
                    first.close()
                    second.wait_value("dev.a", 7)

    def test_an_adapter_that_is_pulled_and_comes_back_under_another_name(self):
        with tempfile.TemporaryDirectory(prefix="mbc-line-") as folder:
            path = pathlib.Path(folder) / "by-path"
            with contextlib.ExitStack() as stack:
                first = stack.enter_context(Unit({1: {3: 7}}, path))
                bench = stack.enter_context(
                    Bench("pulled", link_text(loop=path) + "instruments:\n" + instrument_text("dev", "loop", 1, {"a": 3})))
                bench.wait_value("dev.a", 7)
                first.pull()
                bench.wait_reason("dev.a", "connection_lost", "no_connection")
                keeper = os.openpty()  # takes the number that is free now
                self.addCleanup(lambda: [os.close(fd) for fd in keeper])
                with Unit({1: {3: 8}}, path) as second:
                    self.assertNotEqual(second.port, first.port)
                    bench.wait_value("dev.a", 8)

    def test_a_pattern_finds_the_right_device(self):
        """The first port is another device: it is asked what it is, and nothing else."""
        with tempfile.TemporaryDirectory(prefix="mbc-line-") as folder:
            names = [pathlib.Path(folder) / name for name in ("port-a", "port-b", "port-c")]
            with Unit({1: {3: 66, 5: 66}}, names[0], ("Acme", "GX9", "1")) as wrong, \
                    Unit({1: {3: 7, 5: 8}}, names[1], ("Acme", "GW1", "2")) as right:
                text = link_text(loop=f"{folder}/port-*") + "instruments:\n" \
                    + instrument_text("dev", "loop", 1, {"a": 3, "b": 5}, QUICK + ", identify: {is: GW1}")
                with Bench("find", text) as bench:
                    bench.wait_value("dev.a", 7)
                    self.assertEqual([entry[2] for entry in wrong.log], [43])
                    self.assertIn("GW1", bench.get("/api/v1/instruments/dev")["identity"])
                    count = len(right.log)
                    wait_for("the right one is polled", lambda: len(right.log) > count + 10)
                    # It moves to a third name; the wrong one is asked again what it is, and only that.
                    right.pull()
                    bench.wait_reason("dev.a", "connection_lost", "no_connection", "wrong_device")
                    wait_for("the wrong one is asked again", lambda: len(wrong.log) > 2)
                    bench.wait_reason("dev.a", "wrong_device", "no_connection", "connection_lost")
                    with Unit({1: {3: 17, 5: 18}}, names[2], ("Acme", "GW1", "3")):
                        bench.wait_value("dev.a", 17)
                    self.assertEqual({entry[2] for entry in wrong.log}, {43})

    def test_identified_by_a_register(self):
        with Unit({1: {122: 3508, 3: 66}}) as unit:
            text = link_text(loop=unit.path) + "instruments:\n" \
                + instrument_text("dev", "loop", 1, {"a": 3}, QUICK + ", identify: {read: {holding: 122}, is: 3216}")
            with Bench("number", text) as bench:
                bench.wait_reason("dev.a", "wrong_device")
                self.assertIn("another device: 3508", bench.mbc("trace", "dev").stdout)
                self.assertEqual({(entry[2], entry[3]) for entry in unit.log}, {(3, 122)})
                shown = bench.mbc("get", "dev.a")
                self.assertIn("another device answers here", shown.stdout + shown.stderr)
                unit.units[1][122] = 3216
                bench.wait_value("dev.a", 66)

    def test_an_adapter_by_its_serial_number(self):
        name = f"mbc-test-{os.getpid()}"
        node = pathlib.Path("/dev") / name
        with tempfile.TemporaryDirectory(prefix="mbc-sys-") as folder, Unit({1: {3: 7}}) as unit:
            sys = pathlib.Path(folder)
            tty = sys / "devices/usb1/1-1/1-1:1.0/ttyUSB0"
            tty.mkdir(parents=True)
            (sys / "class/tty" / name).mkdir(parents=True)
            (sys / "class/tty" / name / "device").symlink_to(tty)
            (sys / "devices/usb1/1-1/serial").write_text("A10K\n")
            try:
                node.symlink_to(unit.port)  # devices stand in /dev, and nowhere else
            except OSError as error:
                self.skipTest(f"needs a name in /dev, and this user may not make one: {error}")
            self.addCleanup(node.unlink)
            os.environ["MBC_SYSFS"] = folder
            self.addCleanup(os.environ.pop, "MBC_SYSFS")
            text = link_text(loop="usb:A10K", other="usb:B7") + "instruments:\n" + instrument_text("dev", "loop", 1, {"a": 3}) \
                + instrument_text("none", "other", 1, {"a": 3})
            with Bench("usb", text) as bench:
                bench.wait_value("dev.a", 7)
                bench.wait_reason("none.a", "no_connection")
                wait_for("the trace tells", lambda: "no adapter with the serial number 'B7'" in bench.mbc("trace", "none").stdout)


class Faults(unittest.TestCase):
    """What the line says is broken or foreign: the operator reads why, and the neighbour goes on."""

    def spoiled(self, fault, token, text, in_trace):
        with Unit({1: {3: 7}, 2: {3: 8}}) as unit, Unit({1: {3: 9}}) as other:
            with Bench("f-" + fault, link_text(loop=unit.path, quiet=other.path) + "instruments:\n" + instrument_text("dev", "loop", 1, {"a": 3})
                       + instrument_text("far", "quiet", 1, {"a": 3})) as bench:
                bench.wait_value("dev.a", 7)
                bench.wait_value("far.a", 9)
                unit.fault = fault
                bench.wait_reason("dev.a", token)
                shown = bench.mbc("get", "dev.a")
                self.assertEqual(shown.returncode, 2)
                self.assertIn(text, shown.stdout + shown.stderr)
                self.assertRegex(bench.mbc("trace", "dev").stdout, in_trace)
                self.assertEqual(bench.channel("far.a")["quality"], "good")
                unit.fault = ""
                bench.wait_value("dev.a", 7)

    def test_noise(self):
        self.spoiled("noise", "garbled_answer", "answer not understood", "F0 F1 F2")

    def test_wrong_crc(self):
        self.spoiled("crc", "garbled_answer", "answer not understood", "no frame")

    def test_answers_of_another_unit(self):
        self.spoiled("unit", "wrong_answer", "answer does not fit the question", "belongs to no question")

    def test_silence(self):
        self.spoiled("silent", "no_answer", "no answer", "no answer in")

    def test_noise_before_each_answer_hides_none(self):
        with Unit({1: {3: 7}}) as unit:
            unit.fault = "before"
            with Bench("before", link_text(loop=unit.path) + "instruments:\n" + instrument_text("dev", "loop", 1, {"a": 3})) as bench:
                bench.wait_value("dev.a", 7)
                self.assertEqual(counters(bench, "dev")["timeouts"], 0)


class Life(unittest.TestCase):
    """kill -9 and reload on a line."""

    def test_kill_of_the_controller(self):
        counter = iter(range(1, 60000))
        with Unit({1: {3: lambda: next(counter)}}) as unit:
            with Bench("kill", link_text(loop=unit.path) + "instruments:\n" + instrument_text("dev", "loop", 1, {"n": 3})) as bench:
                bench.wait_good("dev.n")
                for _ in range(3):
                    killed = bench.pids()["control"]
                    os.kill(killed, signal.SIGKILL)
                    asked = len(unit.log)
                    wait_for("the next controller", lambda: bench.pids().get("control", killed) != killed)
                    wait_for("it asks", lambda: len(unit.log) > asked + 3)
                    bench.wait_good("dev.n")
                    self.assertEqual({entry[2] for entry in unit.log} - {3}, {43})

    def test_reload_of_one_instrument(self):
        """Added, changed, removed: at once, and the others notice nothing."""
        with Unit({unit: {3: unit * 10, 4: unit * 10 + 1} for unit in range(1, 5)}) as unit:
            links = link_text(loop=unit.path) + "instruments:\n"
            base = instrument_text("one", "loop", 1, {"a": 3}) + instrument_text("two", "loop", 2, {"a": 3})
            with Bench("reload", links + base) as bench:
                bench.wait_value("one.a", 10)
                bench.wait_value("two.a", 20)
                state = counters(bench, "one")
                steps = [
                    ("added", base + instrument_text("three", "loop", 3, {"a": 3}), lambda: self.is_value(bench, "three.a", 30)),
                    ("changed", base + instrument_text("three", "loop", 4, {"a": 4}), lambda: self.is_value(bench, "three.a", 41)),
                    ("removed", base, lambda: "three.a" not in bench.channels()),
                ]
                skipped = []
                ids = self.ids(bench)
                for _ in range(3):  # when the one that changes is being asked at that instant, its neighbours wait for a moment
                    before = counters(bench, "one")["skipped"]
                    for what, text, is_done in steps:
                        since = time.monotonic()
                        bench.reload(links + text)
                        wait_for(what, is_done)
                        done = time.monotonic()
                        wait_for("the next poll", lambda done=done: unit.asked(1, 3, done), pause=0.005)
                        self.assertLess(widest_gap([since, *(entry[0] for entry in unit.asked(1, 3, since))]), 1.2, what)
                        self.assertLessEqual(ids.items(), self.ids(bench).items())
                    skipped.append(counters(bench, "one")["skipped"] - before)
                self.assertEqual(min(skipped), 0, skipped)
                now = counters(bench, "one")
                self.assertEqual(now["connects"], state["connects"])
                self.assertEqual(now["timeouts"], state["timeouts"])
                self.assertGreater(now["requests"], state["requests"])
                self.assertEqual(bench.value("one.a"), 10)

    @staticmethod
    def ids(bench):
        """Numbers of channels and instruments, as the supervisor keeps them."""
        lines = (bench.folder / "state" / bench.name / "ids").read_text().splitlines()
        return {(kind, name): number for kind, number, name in (line.split(" ", 2) for line in lines if line.count(" ") >= 2)}

    @staticmethod
    def is_value(bench, name, value):
        return bench.channels().get(name, {}).get("value") == value


if __name__ == "__main__":
    unittest.main()
