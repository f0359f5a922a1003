"""Those who watch the supervisor: the service manager's protocol, and the hardware watchdog, played by a FIFO."""
import contextlib
import os
import pathlib
import select
import shutil
import signal
import socket
import tempfile
import time
import unittest

from harness import PATIENCE_S, Bench, Device, Process, copy_programs, hung_successors, is_running, wait_for

BEAT_S = 0.4  # half of what the manager's watchdog waits here
FEED_S = 2 / 3  # a third of the shortest timeout


def bench_text(port, more=""):
    return f"""links: {{io: {{tcp: "127.0.0.1:{port}"}}}}
instruments:
  dev: {{use: modbus, link: io, every: 100 ms, channels: {{a: {{read: {{holding: 3}}}}}}}}
{more}
"""


class Manager:
    """A service manager's socket: what it was told, with the time."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.told = []

    def listen(self, seconds=0.0):
        end = time.monotonic() + seconds
        while select.select([self.socket], [], [], max(0.0, end - time.monotonic()))[0]:
            text = self.socket.recv(4096).decode()
            self.told.append((time.monotonic(), text))
        return self.told

    def wait(self, word, after=0.0):
        return wait_for(word, lambda: [text for stamp, text in self.listen(0.05) if word in text and stamp > after])[-1]

    def beats(self, since):
        return [stamp for stamp, text in self.listen() if text == "WATCHDOG=1" and stamp > since]


class Base(unittest.TestCase):
    def setUp(self):
        self.device = self.enterContext(Device({3: 7}))
        self.programs = copy_programs(pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-"))))

    def control(self, bench, former=None):
        """Process id of control; another one than `former`."""
        return wait_for("control", lambda: (lambda pid: pid if pid != former else None)(bench.pids().get("control")), pause=0.005)


class ServiceManager(Base):
    def run_under(self, address, shown, watchdog_pid=True, listen="127.0.0.1:0"):
        """A bench that is told of a manager, in a process that knows its own id as a manager's child does."""
        manager = Manager(address)
        self.addCleanup(manager.socket.close)
        bench = Bench("unit", bench_text(self.device.port), programs=self.programs)
        self.addCleanup(shutil.rmtree, bench.folder, ignore_errors=True)
        bench.file.write_text(bench.file.read_text().replace("127.0.0.1:0", listen))
        bench.environment |= {"NOTIFY_SOCKET": shown, "WATCHDOG_USEC": str(int(2e6 * BEAT_S))}
        pid = "$$" if watchdog_pid else "1"
        bench.process = Process(["/bin/sh", "-c", f'WATCHDOG_PID={pid}; export WATCHDOG_PID; exec "$0" run "$1"', bench.program, bench.file],
                                env=bench.environment, cwd=bench.folder)
        self.addCleanup(bench.process.stop)
        return manager, bench

    def listen_on(self, bench, address):
        bench.write(bench_text(self.device.port))
        bench.file.write_text(bench.file.read_text().replace("127.0.0.1:0", address))
        os.kill(bench.process.pid, signal.SIGHUP)

    def path(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="mbc-test-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return str(folder / "notify")

    def test_life_of_a_service(self):
        path = self.path()
        manager, bench = self.run_under(path, path)
        self.assertIn("STATUS=bench 'unit': running", manager.wait("READY=1"))
        self.assertRegex(manager.wait("http://"), r"^STATUS=bench 'unit': http://127\.0\.0\.1:\d+")
        ready = time.monotonic()
        self.assertNotIn("RELOADING", "".join(text for _, text in manager.told))
        manager.listen(6 * BEAT_S)
        beats = manager.beats(ready)
        self.assertGreaterEqual(len(beats), 4)
        before = time.monotonic()
        bench.reload(bench_text(self.device.port, "title: second"))
        self.assertIn("MONOTONIC_USEC=", manager.wait("RELOADING=1", before))
        self.assertIn("runs", manager.wait("READY=1", before))
        before = time.monotonic()
        bench.reload("nonsense: 1")
        manager.wait("RELOADING=1", before)
        self.assertIn("has errors", manager.wait("READY=1", before))
        before = time.monotonic()
        bench.process.popen.terminate()
        manager.wait("STOPPING=1", before)
        self.assertEqual(bench.process.popen.wait(PATIENCE_S), 0)

    def test_bench_is_ready_without_its_data_server(self):
        """The address belongs to somebody else: at the start, and after a reload."""
        path = self.path()
        taken = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        manager, bench = self.run_under(path, path, listen=address)
        manager.wait("READY=1")
        self.assertNotIn("http://", "".join(text for _, text in manager.listen(0.5)))
        before = time.monotonic()
        self.listen_on(bench, "127.0.0.1:0")
        manager.wait("READY=1", before)
        manager.wait("http://", before)
        before = time.monotonic()
        self.listen_on(bench, address)
        manager.wait("RELOADING=1", before)
        manager.wait("READY=1", before)
        self.assertEqual(len([text for stamp, text in manager.listen(0.5) if stamp > before and "http://" in text]), 0)

    def test_children_hear_nothing_of_the_manager(self):
        path = self.path()
        manager, bench = self.run_under(path, path)
        manager.wait("READY=1")
        for name in ("control", "serve"):
            environment = pathlib.Path(f"/proc/{bench.pids()[name]}/environ")
            if os.access(environment, os.R_OK):
                self.assertNotIn(b"NOTIFY_SOCKET", environment.read_bytes())

    def test_abstract_socket(self):
        name = f"mbc-test-{os.getpid()}"
        manager, _ = self.run_under("\0" + name, "@" + name)
        manager.wait("READY=1")
        manager.wait("WATCHDOG=1")

    def test_watchdog_of_another_process_is_left_alone(self):
        path = self.path()
        manager, _ = self.run_under(path, path, watchdog_pid=False)
        manager.wait("READY=1")
        manager.listen(4 * BEAT_S)
        self.assertEqual(manager.beats(0), [])

    def test_no_beat_while_control_does_not_come_back(self):
        path = self.path()
        manager, bench = self.run_under(path, path)
        manager.wait("READY=1")
        with hung_successors(bench, self.programs) as began:
            manager.listen(7.5)
            beats = manager.beats(began + 5.0 + 2 * BEAT_S)
            self.assertEqual(beats, [], "it was told of a life that there was not")
            self.assertGreaterEqual(len(manager.beats(began)), 4, "a controller may be replaced without a restart of everything")
        now = time.monotonic()
        wait_for("beats again", lambda: manager.listen(0.1) and manager.beats(now))

    def test_manager_that_does_not_listen_blocks_nobody(self):
        path = self.path()
        manager, bench = self.run_under(path, path)
        manager.wait("READY=1")
        for n in range(200):  # far more than the socket's queue holds
            bench.reload(bench_text(self.device.port, f"title: t{n}"))
            time.sleep(0.005)
        wait_for("a value", lambda: bench.mbc("get", "dev.a").stdout.strip() == "7")
        self.assertEqual(bench.mbc("stop").returncode, 0)


class Hardware(Base):
    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mbc-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.fifo = self.folder / "watchdog"
        self.food = []

    def start(self, name):
        bench = self.enterContext(Bench(name, bench_text(self.device.port, f"watchdog: {{device: {self.fifo}, timeout: 2 s}}"),
                                        programs=self.programs))
        bench.wait_good("dev.a")
        return bench

    def open(self):
        """A reader: the device is there."""
        os.mkfifo(self.fifo)
        fd = os.open(self.fifo, os.O_RDONLY | os.O_NONBLOCK)
        return fd

    def eat(self, fd, seconds=0.0):
        """What came, with its time."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if not select.select([fd], [], [], max(0.0, left))[0]:
                return self.food
            data = os.read(fd, 4096)
            if not data:  # nobody has it open to write
                if left <= 0:
                    return self.food
                time.sleep(min(0.02, left))
                continue
            self.food += [(time.monotonic(), bytes([byte])) for byte in data]

    def test_fed_and_disarmed(self):
        fd = self.open()
        bench = self.start("dog")
        self.eat(fd, 5 * FEED_S)
        self.assertGreaterEqual(len(self.food), 4)
        self.assertEqual({byte for _, byte in self.food}, {b"f"})
        self.assertIn(f"watchdog: {self.fifo}, armed", bench.mbc("doctor").stdout)
        self.assertEqual(bench.mbc("stop").returncode, 0)
        self.eat(fd, 0.5)
        self.assertEqual([byte for _, byte in self.food].count(b"V"), 1)
        self.assertEqual(self.food[-1][1], b"V")
        os.close(fd)

    def test_killed_supervisor_does_not_disarm(self):
        fd = self.open()
        bench = self.start("dead")
        wait_for("food", lambda: self.eat(fd, 0.1))
        os.kill(bench.process.pid, signal.SIGKILL)
        self.eat(fd, 0.5)
        self.assertNotIn(b"V", [byte for _, byte in self.food])
        os.close(fd)

    def test_not_fed_while_control_stands_still(self):
        fd = self.open()
        bench = self.start("stuck")
        wait_for("food", lambda: self.eat(fd, 0.1))
        with hung_successors(bench, self.programs) as began:
            self.eat(fd, 8)
            late = [stamp - began for stamp, _ in self.food if stamp > began]
            self.assertLess(max(late), 5 + 2 * FEED_S, "it was fed though nothing ticked")
        now = time.monotonic()
        wait_for("food again", lambda: [stamp for stamp, _ in self.eat(fd, 0.1) if stamp > now])
        bench.wait_good("dev.a")
        os.close(fd)

    def test_fed_over_short_lives(self):
        """A controller that dies again and again, but ticks in between, is no reason to restart the computer."""
        fd = self.open()
        bench = self.start("short")
        wait_for("food", lambda: self.eat(fd, 0.1))
        began, control = time.monotonic(), None
        for _ in range(6):
            wait_for("a successor", lambda: self.eat(fd, 0.02) and bench.pids().get("control", control) != control)  # noqa: B023
            control = bench.pids()["control"]
            self.eat(fd, 0.7)
            os.kill(control, signal.SIGKILL)
        wait_for("the last one", lambda: self.eat(fd, 0.02) and bench.pids().get("control", control) != control)
        self.eat(fd, 1)
        stamps = [stamp for stamp, _ in self.food if stamp > began]
        self.assertGreater(stamps[-1] - began, 8)
        # On a busy machine a successor takes its time; what is wrong is a supervisor that does not feed although it ticks.
        self.assertLess(max(b - a for a, b in zip(stamps, stamps[1:])), 5 + 2 * FEED_S, "it would have restarted the computer")
        os.close(fd)

    def test_missing_device_is_told_once_and_nothing_waits(self):
        bench = self.start("none")
        line = bench.process.wait_line("watchdog", "err")
        self.assertIn("load the driver", line)
        time.sleep(1.5)
        self.assertEqual(len(bench.process.find("watchdog")), 1)
        self.assertEqual(bench.mbc("stop").returncode, 0)

    def test_what_is_no_watchdog_is_never_written_to(self):
        kept = self.folder / "kept"
        kept.write_bytes(b"precious")
        kept.chmod(0o666)
        for n, target in enumerate((kept, "/dev/null", kept)):
            with self.subTest(target=target, n=n):
                self.fifo.unlink(missing_ok=True)
                if n < 2:
                    self.fifo.symlink_to(target)
                else:
                    self.fifo.hardlink_to(target)
                bench = self.start(f"not{n}")
                line = bench.process.wait_line("watchdog", "err")
                self.assertIn("it is no watchdog", line)
                self.assertIn("'watchdog: device:'", line)
                time.sleep(2 * FEED_S)
                self.assertEqual(len(bench.process.find("watchdog")), 1)
                self.assertEqual(bench.mbc("stop").returncode, 0)
                self.assertEqual(kept.read_bytes(), b"precious")

    def test_reader_that_stops_reading_or_goes_blocks_nobody(self):
        fd = self.open()
        bench = self.start("full")
        wait_for("food", lambda: self.eat(fd, 0.1))
        writer = os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        time.sleep(3 * FEED_S)
        self.assertEqual(bench.mbc("get", "dev.a").stdout.strip(), "7")
        os.close(writer)
        os.close(fd)
        bench.process.wait_line("feeding it", "err")
        bench.wait_good("mbc.supervise.uptime")
        self.assertEqual(bench.mbc("get", "dev.a").stdout.strip(), "7")
        self.assertEqual(bench.mbc("stop").returncode, 0)


class Stall(Base):
    def test_successor_starts_when_the_stalled_one_is_gone(self):
        bench = self.enterContext(Bench("stall", bench_text(self.device.port)))
        bench.wait_good("dev.a")
        stalled, began = self.control(bench), time.monotonic()
        os.kill(stalled, signal.SIGSTOP)
        while True:  # at no moment are there two
            now = [pid for pid in all_controls(bench.process.pid) if is_running(pid)]
            self.assertLessEqual(len(now), 1, now)
            if now and now[0] != stalled:
                break
            self.assertLess(time.monotonic() - began, 6)
            time.sleep(0.001)
        took = time.monotonic() - began
        self.assertGreater(took, 1.9)
        self.assertLess(took, 4)
        self.assertFalse(pathlib.Path(f"/proc/{stalled}").exists(), "the stalled one was not reaped before its successor started")
        bench.wait_good("dev.a")


def all_controls(supervise):
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for pid in pathlib.Path(f"/proc/{supervise}/task/{supervise}/children").read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "mbc-control":
                    found.append(int(pid))
    return found


if __name__ == "__main__":
    unittest.main()
