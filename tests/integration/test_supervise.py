"""The supervisor under strain: storms of reloads, full pipes, stuck doors, damaged files, signals at bad moments."""
import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from harness import BUILD, MBC, PATIENCE_S, Bench, Device, Process, can_connect, children, is_running, wait_for, widest_gap

CONTROL_LINKS = {"linux-vdso", "libc", "libm", "ld-linux", "libpthread", "libseccomp"}  # the C library and its own sandbox
SANITIZERS = {"libasan", "libubsan", "libtsan", "libclang_rt", "libgcc_s", "libstdc++", "libdl", "librt"}
NOBODY = 65534
PIPE_OF_ONE_PAGE = 4096
MOMENTS_S = (None, 0.05, 0.5, 2)  # after which the demonstration is ended; None: as soon as its folder is there


def bench_text(port, title="first", host="127.0.0.1", more_links="", more_instruments=""):
    return f"""title: {title}
links:
  io: {{tcp: "{host}:{port}"}}
{more_links}instruments:
  dev:
    use: modbus
    link: io
    every: 100 ms
    timeout: 500 ms
    channels:
      a: {{read: {{holding: 3}}, unit: degC}}
{more_instruments}"""


def libraries(program):
    """Names of the libraries that a program loads, without versions."""
    text = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True).stdout
    return {re.split(r"\.so|-[0-9x]", pathlib.Path(line.split()[0]).name)[0] for line in text.splitlines() if line.strip()}


def has_sanitizer(program):
    return bool(libraries(BUILD / program) & {"libasan", "libubsan", "libtsan"})


def count_descriptors(pids):
    return {name: len(os.listdir(f"/proc/{pid}/fd")) for name, pid in pids.items()}


def resident_kib(pid):
    """Memory of its own: what it shares with its files grows by itself as pages of the program are first used."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return sum(int(re.search(rf"{kind}:\s+(\d+) kB", status)[1]) for kind in ("RssAnon", "RssShmem"))


class Base(unittest.TestCase):
    def setUp(self):
        self.device = self.enterContext(Device({3: 7}))

    def start(self, name, text=None):
        bench = self.enterContext(Bench(name, text or bench_text(self.device.port)))
        bench.wait_good("dev.a")
        return bench

    def folder(self):
        path = pathlib.Path(tempfile.mkdtemp(prefix="mbc-test-"))
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        return path

    def run_again(self, bench, limit=PATIENCE_S):
        """`mbc run` of the bench's file once more, for the cases in which it does not start: the finished process."""
        return bench.mbc("run", str(bench.file), limit=limit)


class Libraries(unittest.TestCase):
    def test_control_links_the_c_library_and_seccomp_only(self):
        found = libraries(BUILD / "mbc-control")
        if has_sanitizer("mbc-control"):
            found -= SANITIZERS  # a sanitizer brings its runtime along; the rest of the list still holds
        self.assertIn("libc", found)
        self.assertLessEqual(found, CONTROL_LINKS)

    def test_the_comparison_can_fail(self):
        """The compiler links YAML: a list that let it pass would prove nothing about the controller."""
        self.assertIn("libfyaml", libraries(BUILD / "mbc-compile"))


class Reloads(Base):
    def test_sixty_reloads_leak_nothing(self):
        bench = self.start("leak")
        for n in range(5):  # caches and tables reach their size
            self.reload_and_wait(bench, f"warm {n}")
        pids = bench.pids()
        before, memory = count_descriptors(pids), resident_kib(pids["control"])
        for n in range(60):
            self.reload_and_wait(bench, f"reload {n}")
        self.assertEqual(wait_for("the title", lambda: self.title(bench, "reload 59")), "reload 59")
        self.assertEqual(bench.pids(), pids, "a process was started again")
        wait_for("as many descriptors as before",
                 lambda: all(abs(n - before[name]) <= 2 for name, n in count_descriptors(pids).items()))
        if not has_sanitizer("mbc-control"):  # which keeps freed memory back on purpose
            self.assertLessEqual(resident_kib(pids["control"]), 1.2 * memory)
        self.assertEqual(bench.channel("dev.a")["quality"], "good")

    def reload_and_wait(self, bench, title):
        bench.write(bench_text(self.device.port, title))
        answer = bench.mbc("reload")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("runs", answer.stdout)

    @staticmethod
    def title(bench, wanted):
        found = bench.get("/api/v1/bench")["title"]
        return found if found == wanted else None

    def test_storm_of_signals_costs_no_tick(self):
        bench = self.start("storm")
        bench.wait_good("mbc.control.ticks", "mbc.control.ticks_lost")
        lost, began, generation = bench.value("mbc.control.ticks_lost"), time.monotonic(), bench.get("/api/v1/bench")["generation"]
        for n in range(50):
            bench.reload(bench_text(self.device.port, f"storm {n}"))
            self.assertEqual(bench.channel("dev.a")["quality"], "good")
            time.sleep(0.01)
        wait_for("the last title", lambda: self.title(bench, "storm 49"))
        self.assertGreater(bench.get("/api/v1/bench")["generation"], generation)
        bench.wait_good("dev.a", "mbc.control.ticks_lost")
        self.assertEqual(bench.value("mbc.control.ticks_lost"), lost)
        self.assertLess(widest_gap(self.device.reads(began)), 1.0)

    def test_callers_at_once_are_all_answered(self):
        bench = self.start("many")
        bench.write(bench_text(self.device.port, "asked by many"))
        callers = [subprocess.Popen([str(MBC), "reload"], env=bench.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    text=True) for _ in range(12)]
        for caller in callers:
            out, err = caller.communicate(timeout=PATIENCE_S)
            self.assertEqual(caller.returncode, 0, err)
            self.assertRegex(out, "runs|nothing in the bench file has changed")
        wait_for("the title", lambda: self.title(bench, "asked by many"))

    def test_bad_file_is_answered_and_the_old_bench_goes_on(self):
        bench = self.start("bad")
        control, began = bench.pids()["control"], time.monotonic()
        bench.write("title: second\nlinks: {io: {tcp: 5}}\n")
        answer = bench.mbc("reload")
        self.assertEqual(answer.returncode, 1, answer.stdout)
        self.assertIn("mbc check", answer.stderr)
        self.assertIn("goes on", answer.stderr)
        self.assertEqual(bench.get("/api/v1/bench")["title"], "first")
        self.assertEqual(bench.pids()["control"], control)
        wait_for("more polls", lambda: len(self.device.reads(began)) >= 5)
        self.assertLess(widest_gap(self.device.reads(began)), 1.0)

    def test_stop_during_a_reload(self):
        bench = self.start("late")
        pids = bench.pids()
        # A file of some size keeps the compiler busy until it is seen and held.
        many = "".join(f"  c{n}: {{calc: dev.a + {n} K}}\n" for n in range(4000))
        bench.write(bench_text(self.device.port, "second") + "channels:\n" + many)
        reload = subprocess.Popen([str(MBC), "reload"], env=bench.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        os.kill(wait_for("the compiler", lambda: bench.pids().get("compile"), pause=0.001), signal.SIGSTOP)
        stop = bench.mbc("stop")
        self.assertEqual(stop.returncode, 0, stop.stderr)
        _, err = reload.communicate(timeout=PATIENCE_S)
        self.assertEqual(reload.returncode, 1, "a reload that did not happen was called good")
        self.assertIn("stopped", err)
        self.assertEqual(bench.process.popen.wait(PATIENCE_S), 0)
        self.assertEqual([name for name, pid in pids.items() if is_running(pid)], [])


class Deaths(Base):
    def test_stopped_control_is_replaced(self):
        bench = self.start("stuck")
        stuck = bench.pids()["control"]
        os.kill(stuck, signal.SIGSTOP)
        bench.wait_reason("dev.a", "controller_down", "stale")
        self.assertIsNone(bench.value("dev.a"))
        wait_for("another control", lambda: bench.pids().get("control", stuck) != stuck)
        self.assertFalse(is_running(stuck))
        bench.wait_good("dev.a")
        self.assertEqual(len(bench.process.find("no tick for over 2 s")), 1)

    def test_second_run_is_refused_with_its_remedy(self):
        bench = self.start("twice")
        again = self.run_again(bench)
        self.assertEqual(again.returncode, 1, again.stderr)
        self.assertIn("mbc stop --bench twice", again.stderr)
        self.assertNotIn("http://", again.stdout)
        self.assertEqual(bench.mbc("get", "dev.a").returncode, 0, "the refused one took the door along")

    def test_socket_left_behind_keeps_nobody_out(self):
        bench = self.start("left")
        pids = bench.pids()
        os.kill(pids["supervise"], signal.SIGKILL)
        bench.process.popen.wait(PATIENCE_S)
        wait_for("all die with their supervisor", lambda: not any(is_running(pid) for pid in pids.values()))
        self.assertTrue((bench.folder / "run/left.sock").exists(), "nothing was left, so nothing was shown")
        with bench:  # started anew in the same folders
            bench.wait_good("dev.a")
            self.assertEqual(bench.mbc("get", "dev.a").returncode, 0)

    def test_idle_callers_keep_nobody_out(self):
        bench = self.start("crowd")
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                caller = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
                caller.connect(str(bench.folder / "run/crowd.sock"))
            self.assertEqual(bench.mbc("get", "dev.a").returncode, 0)
            stop = bench.mbc("stop")
            self.assertEqual(stop.returncode, 0, stop.stderr)
        self.assertEqual(bench.process.popen.wait(PATIENCE_S), 0)


class FullPipe(Base):
    def test_log_that_nobody_reads_stalls_nothing(self):
        bench = Bench("mute", bench_text(self.device.port))
        self.addCleanup(shutil.rmtree, bench.folder, ignore_errors=True)
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_OF_ONE_PAGE)
        popen = subprocess.Popen([str(MBC), "run", str(bench.file)], env=bench.environment, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=writer, text=True)
        self.addCleanup(end, popen)
        bench.port = int(re.search(r":(\d+)/", popen.stdout.readline())[1])
        wait_for("the first picture", lambda: bench.ask("/api/v1/bench", expect=None))
        bench.wait_good("dev.a", "mbc.control.ticks")
        for n in range(60):  # control and supervise tell of each reload; the flapping device tells of itself
            bench.write(bench_text(self.device.port, f"title {n}"))
            popen.send_signal(signal.SIGHUP)
            self.device.fault = "close" if n % 2 else ""
            time.sleep(0.05)
        self.device.fault = ""
        self.fill(writer)
        began, ticks = time.monotonic(), bench.value("mbc.control.ticks")
        for n in range(10):
            bench.write(bench_text(self.device.port, f"muted {n}"))
            popen.send_signal(signal.SIGHUP)
            time.sleep(0.02)
        serve = child_named(popen.pid, "mbc-serve")
        os.kill(serve, signal.SIGKILL)  # supervise wants to tell of it, and may not wait for a reader either
        wait_for("a new serve", lambda: child_named(popen.pid, "mbc-serve") not in (None, serve))
        wait_for("serve answers", lambda: can_connect(bench.port) and bench.ask("/api/v1/bench", expect=None))
        wait_for("ticks go on", lambda: (bench.value("mbc.control.ticks") or 0) >= (ticks or 0) + 10)
        wait_for("the last title", lambda: bench.get("/api/v1/bench")["title"] == "muted 9")
        bench.wait_good("dev.a", "mbc.supervise.uptime")
        wait_for("polls go on", lambda: len(self.device.reads(began)) > 5)
        stop = bench.mbc("stop")
        self.assertEqual(stop.returncode, 0, stop.stderr)
        self.assertEqual(popen.wait(PATIENCE_S), 0)

    @staticmethod
    def fill(writer):
        """Fill what room is left through another description of the same pipe: ours alone does not wait."""
        fd = os.open(f"/proc/self/fd/{writer}", os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(fd, b".")
        os.close(fd)
        os.close(writer)


def child_named(pid, name):
    """Process id of the child of that name; None: there is none."""
    for child in children(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == name:
                return child
    return None


def end(popen):
    """Our own process, whatever state the test has left it in."""
    if popen.poll() is None:
        popen.kill()
        popen.wait()
    if popen.stdout is not None:
        popen.stdout.close()


class StateFolder(Base):
    def bench(self, name):
        bench = Bench(name, bench_text(self.device.port))
        self.addCleanup(shutil.rmtree, bench.folder, ignore_errors=True)
        return bench

    def refused(self, bench, *words):
        done = self.run_again(bench)
        self.assertEqual(done.returncode, 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertNotIn("http://", done.stdout)

    def test_damaged_numbers(self):
        bench = self.bench("hurt")
        (bench.folder / "state/hurt").mkdir(mode=0o700)
        ids = bench.folder / "state/hurt/ids"
        ids.write_bytes(b"next 5\nchannel 1 dev.a\n\x00\xff\x01 rubbish\n")
        self.refused(bench, f"{ids}:3", "restore the file", "remove it")
        self.assertIn(b"rubbish", ids.read_bytes(), "the damaged file was overwritten")

    def test_folder_that_is_a_file(self):
        bench = self.bench("file")
        (bench.folder / "state/file").write_text("")
        self.refused(bench, str(bench.folder / "state/file"), "remove it or name another")

    def test_folder_that_cannot_be_made(self):
        """Nobody makes folders below a file, not even root: the place and the variable that moves it are named."""
        bench = self.bench("below")
        (bench.folder / "state").rmdir()
        (bench.folder / "state").write_text("")
        self.refused(bench, str(bench.folder / "state"), "MBC_STATE_DIR")

    def test_numbers_that_cannot_be_read(self):
        bench = self.bench("deaf")
        (bench.folder / "state/deaf").mkdir(mode=0o700)
        (bench.folder / "state/deaf/ids").mkdir()  # a folder opens and cannot be read, even by root
        self.refused(bench, str(bench.folder / "state/deaf/ids"), "restore")


class LogFile(Base):
    def test_lines_in_a_file_are_whole(self):
        """`mbc run bench.yaml > log 2>&1`: all processes, and both outputs of each, write to one place of one file."""
        bench = Bench("filed", bench_text(self.device.port))
        self.addCleanup(shutil.rmtree, bench.folder, ignore_errors=True)
        log = bench.folder / "log"
        with log.open("wb") as file:
            popen = subprocess.Popen([str(MBC), "run", str(bench.file)], env=bench.environment, stdin=subprocess.DEVNULL,
                                     stdout=file, stderr=subprocess.STDOUT)
        self.addCleanup(end, popen)
        bench.port = int(wait_for("the address", lambda: re.search(r"http://.*:(\d+)/", log.read_text()))[1])
        wait_for("the first picture", lambda: bench.ask("/api/v1/bench", expect=None))
        for n in range(10):  # the compiler, the supervisor and the controller tell of themselves in turn
            bench.write("title: broken\nlinks: {io: {tcp: 5}}\n" if n % 2 else bench_text(self.device.port, f"title {n}"))
            bench.mbc("reload")
            self.device.fault = "close" if n % 2 else ""
            time.sleep(0.1)
        self.assertEqual(bench.mbc("stop").returncode, 0)
        self.assertEqual(popen.wait(PATIENCE_S), 0)
        whole = re.compile(r"(supervise|control|serve|mbc|bench '\w+'): .+$|.*bench\.yaml:\d+:\d+: (error|warning): .+\]$|"
                           r".*bench\.yaml: \d+ errors?.*$")
        text = log.read_text()
        self.assertEqual([line for line in text.splitlines() if not whole.match(line)], [], text)
        self.assertGreaterEqual(text.count("error: "), 5, text)
        self.assertIn("http://", text)


class Unprivileged(Base):
    def plain_user(self, name):
        """A bench file in a home of nobody's; the program that may run it, and how it is started."""
        folder = self.folder()
        folder.chmod(0o755)
        for program in BUILD.glob("mbc*"):  # the build folder may be closed to others
            if program.is_file():
                shutil.copy2(program, folder)
        home = folder / "home"
        for path in (home, home / "run", home / "state"):
            path.mkdir(mode=0o700)
            os.chown(path, NOBODY, NOBODY)
        file = home / "bench.yaml"
        file.write_text(f"bench: {name}\nserve: {{listen: \"127.0.0.1:0\"}}\n{bench_text(self.device.port)}\n")
        os.chown(file, NOBODY, NOBODY)
        options = {"env": {"PATH": os.environ["PATH"], "MBC_RUN_DIR": str(home / "run"), "MBC_STATE_DIR": str(home / "state")},
                   "cwd": home, "user": NOBODY, "group": NOBODY, "extra_groups": []}
        return folder / "mbc", file, options

    @unittest.skipUnless(os.geteuid() == 0, "this run is unprivileged already: all other tests show it")
    def test_the_log_reaches_a_pipe_of_another_user(self):
        """Which cannot be opened again by its name in /proc: it is root's."""
        program, file, options = self.plain_user("heard")
        process = Process([program, "run", file], **options)
        self.addCleanup(process.stop)
        process.wait_line(r"bench 'heard': http://", "out")
        process.wait_line("^control: instrument 'dev': answers", "err")
        self.device.fault = "close"
        process.wait_line("^control: warning: instrument 'dev': down", "err")
        file.write_text("bench: heard\nlinks: {io: {tcp: 5}}\n")
        process.popen.send_signal(signal.SIGHUP)
        process.wait_line("^supervise: .*goes on", "err")
        self.assertEqual(process.stop(), 0, process.text())
        self.assertEqual(process.find("lines of this log were lost"), [])

    @unittest.skipUnless(os.geteuid() == 0, "this run is unprivileged already: all other tests show it")
    def test_everything_works_for_a_plain_user(self):
        program, file, options = self.plain_user("plain")
        home = file.parent
        process = Process([program, "run", file], **options)
        self.addCleanup(process.stop)
        process.wait_line(r"bench 'plain': http://", "out")

        def mbc(*words):
            return subprocess.run([str(program), *words], capture_output=True, text=True, timeout=PATIENCE_S, **options)

        wait_for("a value", lambda: mbc("get", "dev.a").stdout.strip() == "7 degC")
        text = file.read_text().replace("title: first", "title: second")
        file.write_text(text)
        answer = mbc("reload")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("runs", answer.stdout)
        for words in (("doctor",), ("trace", "dev"), ("get",)):
            done = mbc(*words)
            self.assertEqual(done.returncode, 0, (words, done.stderr))
        self.assertEqual(mbc("stop").returncode, 0)
        self.assertEqual(process.popen.wait(PATIENCE_S), 0, process.text())
        self.assertTrue((home / "state/plain/ids").exists())


class Addresses(Base):
    def test_name_that_does_not_resolve_delays_nobody(self):
        text = bench_text(self.device.port, more_links="  gone: {tcp: \"no-such-host.invalid:502\"}\n",
                          more_instruments="  lost:\n    use: modbus\n    link: gone\n    every: 100 ms\n    channels:\n"
                                           "      b: {read: {holding: 3}}\n")
        bench = self.start("names", text)
        began = time.monotonic()
        bench.wait_reason("lost.b", "no_connection")
        time.sleep(max(0.0, 1.5 - (time.monotonic() - began)))  # several further attempts
        self.assertEqual(bench.channel("dev.a")["quality"], "good")
        self.assertLess(widest_gap(self.device.reads(began)), 0.6)
        self.assertGreater(len(self.device.reads(began)), 8)

    def test_link_over_ipv6(self):
        try:
            listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            raise unittest.SkipTest("this machine has no ::1") from None
        threading.Thread(target=forward, args=(listener, self.device.port), daemon=True).start()
        self.addCleanup(listener.close)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)
        bench = self.start("six", bench_text(listener.getsockname()[1], host="[::1]"))
        self.assertEqual(bench.value("dev.a"), 7)
        self.device.holding[3] = 66
        bench.wait_value("dev.a", 66)


def forward(listener, port):
    """Carry one connection at a time on to an IPv4 port of loopback."""
    with contextlib.suppress(OSError):
        while True:
            here, _ = listener.accept()
            with here, socket.create_connection(("127.0.0.1", port)) as there:
                back = threading.Thread(target=pump, args=(there, here), daemon=True)
                back.start()
                pump(here, there)
                back.join(5)


def pump(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(4096):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


class Demo(Base):
    """Ended at any moment, the demonstration leaves nothing behind."""

    def end_after(self, delay_s, sig):
        folder = self.folder()
        environment = dict(os.environ, MBC_RUN_DIR=str(folder / "run"), MBC_STATE_DIR=str(folder / "state"))
        before = demo_folders()
        demo = subprocess.Popen([str(MBC), "demo"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, start_new_session=True)
        if delay_s is None:
            wait_for("its folder", lambda: demo_folders() - before or demo.poll() is not None, pause=0)
        else:
            time.sleep(delay_s)
        demo.send_signal(sig)
        _, err = demo.communicate(timeout=PATIENCE_S)
        self.assertIn(demo.returncode, (0, -sig), err)
        wait_for("its processes end", lambda: not session(demo.pid, folder))
        # A demonstration that somebody else started meanwhile is still in use, and goes before long or is theirs.
        left = {path for path in demo_folders() - before if not is_used(path)}
        self.assertEqual(left, set())

    def test_sigint(self):
        for delay_s in MOMENTS_S:
            with self.subTest(delay_s):
                self.end_after(delay_s, signal.SIGINT)

    def test_sigterm(self):
        for delay_s in MOMENTS_S:
            with self.subTest(delay_s):
                self.end_after(delay_s, signal.SIGTERM)


    def test_it_says_when_its_instruments_are_gone(self):
        folder = self.folder()
        environment = dict(os.environ, MBC_RUN_DIR=str(folder / "run"), MBC_STATE_DIR=str(folder / "state"))
        demo = Process([MBC, "demo"], env=environment, start_new_session=True)
        self.addCleanup(demo.stop)
        demo.wait_line(r"http://", "out")
        twin = next(pid for pid in children(demo.pid) if b"\0twin\0" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() or
                    pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "mbc-twin")
        os.kill(twin, signal.SIGKILL)
        demo.wait_line("^mbc demo: the simulated instruments have ended: killed by signal 9.*; start both again with 'mbc demo'$", "err")
        self.assertEqual(demo.popen.wait(PATIENCE_S), 2)
        wait_for("its processes end", lambda: not session(demo.pid, folder))


def demo_folders():
    return set(pathlib.Path("/tmp").glob("mbc-demo-*"))


def is_used(folder):
    """Some process was started on a file of this folder."""
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if str(folder).encode() in path.read_bytes():
                return True
    return False


def session(sid, folder):
    """Running processes of a session, and those that left it: their environment names the folder, where we may read it."""
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
            pid = int(entry)
            if (os.getsid(pid) == sid or str(folder) in environment_of(pid)) and is_running(pid):
                found.append(pid)
    return found


def environment_of(pid):
    with contextlib.suppress(PermissionError):
        return pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    return ""


if __name__ == "__main__":
    unittest.main()
