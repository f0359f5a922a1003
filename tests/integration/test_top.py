"""mbc top: the live table in a terminal, on a bench with simulated instruments."""
import contextlib
import fcntl
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
import unittest

from harness import MBC, Bench, Process, Twin, free_port, wait_for
from terminal import Terminal

BENCH = """
title: "Rig \u202e é"
tick: 50 ms
links:
  io: {{tcp: "127.0.0.1:{port}"}}
instruments:
  oven:
    use: modbus
    link: io
    every: 100 ms
    timeout: 1 s
    channels:
      pv: {{read: {{holding: 0, type: float32}}, unit: degC}}
      ai: {{read: {{holding: 4, type: float32}}, unit: mA, live_zero: 3.6}}
      sp: {{read: {{holding: 8, type: float32}}, write: {{holding: 8}}, unit: degC}}
    twin:
      pv: {{start: 20, wave: {{amplitude: 5, period: 2 s}}}}
      ai: {{start: 12}}
      sp: {{start: 21}}
channels:
  T_bed: {{read: oven.pv, range: [0, 800], title: Bed}}
  P_in:  {{read: oven.ai, title: Inlet}}
  T_set: {{read: oven.sp, write: oven.sp, range: [0, 100], ramp: {{max: 5 K/min}}}}
"""


class Top(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.bench = Bench("top-1", BENCH.format(port=cls.port))
        cls.addClassCleanup(cls.bench.__exit__, None, None, None)
        cls.twin = Twin(cls.bench.file, [cls.port], cls.bench.environment)
        cls.addClassCleanup(cls.twin.stop)
        cls.bench.__enter__()
        cls.bench.wait_good("T_bed", "P_in", "T_set")

    def environment(self, **more):
        return dict(self.bench.environment, **{"TERM": "linux", "LC_ALL": "C.UTF-8", "LANG": "", **more})

    def top(self, *words, columns=100, lines=24, **more):
        return self.enterContext(Terminal([MBC, "top", *words], self.environment(**more), columns, lines))

    def pipe(self, *words, **more):
        done = subprocess.run([MBC, "top", *words], env=self.environment(**more), capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def fault(self, kind):
        done = self.bench.mbc("twin", str(self.bench.file), "--fault", f"oven={kind}")
        self.assertEqual(done.returncode, 0, done.stderr)

    def check_sane(self, t, status=0):
        """It ended so, and the terminal is as it was."""
        self.assertEqual(os.waitstatus_to_exitcode(t.wait()), status)
        self.assertEqual(termios.tcgetattr(t.fd), t.before)
        self.assertFalse(t.screen.cursor.hidden)

    def test_values_change_and_quit_leaves_the_terminal_as_it_was(self):
        t = self.top()
        t.wait_text("● running", "T_bed", "Name", "q quit")
        wait_for("T_set", lambda: re.search(r"T_set +float +°C.* 21\.00 .*RW +✓ good", t.find("T_set")))
        seen = set()
        wait_for("T_bed moves", lambda: seen.add(t.find("T_bed")) or len(seen) > 3)
        self.assertIn("Rig \ufffd é", t.lines()[0])  # what would turn the line around is not in it
        t.type("q")
        self.check_sane(t)

    def test_a_cut_wire_is_told_and_comes_back(self):
        t = self.top("top-1")
        t.wait_text("● running", "1 of 1 up")
        self.addCleanup(self.fault, "none")
        self.fault("dead")
        wait_for("T_bed is bad", lambda: "✕" in t.find("T_bed"))
        self.assertIn("—", t.find("T_bed"))
        self.assertNotIn("good", t.find("T_bed"))
        t.wait_text("0 of 1 up")
        t.type("i")
        wait_for("the instrument is down", lambda: "✕ oven" in t.text() and "down" in t.find("oven"))
        t.type("i")
        t.type("\r")  # the first channel
        t.wait_text("What to do", "Quality")
        t.type("\x1b")
        self.fault("none")
        wait_for("T_bed is good", lambda: "✓ good" in t.find("T_bed"))
        t.type("q")
        self.check_sane(t)

    def test_below_the_live_zero(self):
        t = self.top()
        t.wait_text("P_in")
        self.bench.mbc("twin", str(self.bench.file), "--set", "oven.ai=0.1")
        self.addCleanup(self.bench.mbc, "twin", str(self.bench.file), "--free", "oven.ai")
        wait_for("P_in is bad", lambda: "below the live" in t.find("P_in"))
        t.type("l")
        wait_for("in French", lambda: "sous le zéro" in t.find("P_in"))

    def test_killed_controllers_are_told_and_it_goes_on(self):
        t = self.top()
        t.wait_text("● running", "T_bed")
        victim = self.bench.pids()["control"]
        os.kill(victim, signal.SIGKILL)
        t.wait_text("The bench began anew")
        wait_for("good again", lambda: "● running" in t.text() and "✓ good" in t.find("T_bed"))
        t.type("q")
        self.check_sane(t)

    def test_a_hanging_controller_is_told(self):
        t = self.top()
        t.wait_text("● running", "T_bed")
        victim = self.bench.pids()["control"]
        os.kill(victim, signal.SIGSTOP)
        try:
            wait_for("late", lambda: "STALE" in t.text() or "STOPPED" in t.text() or "began anew" in t.text())
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGCONT)
        wait_for("good again", lambda: "● running" in t.text() and "✓ good" in t.find("T_bed"))

    def test_filter_problems_and_order(self):
        t = self.top()
        t.wait_text("T_bed", "P_in")
        t.type("/bed")
        t.wait_text("Filter: bed_")
        t.wait_gone("P_in")
        self.assertIn("T_bed", t.text())
        t.type("\r")
        t.wait_text("1-1 of 1", "filter 'bed'")
        t.type("\x1b")
        t.wait_text("P_in")
        t.type("s")
        t.wait_text("by name")
        t.type("p")
        t.wait_text("problems only")

    def test_other_sizes(self):
        t = self.top(columns=80)
        t.wait_text("T_bed", "Quality")
        for columns, lines in ((40, 12), (140, 40), (20, 5), (3, 1), (80, 24)):
            t.resize(columns, lines)
            if columns >= 40:
                wait_for(f"drawn at {columns}x{lines}", lambda: "T_bed" in t.text() and ("Type" in t.text()) == (columns > 100))
                self.assertLessEqual(max(len(line) for line in t.lines()), columns)
        t.type("q")
        self.check_sane(t)

    def test_signals_leave_the_terminal_as_it_was(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            t = self.top()
            t.wait_text("T_bed")
            os.kill(t.pid, number)
            self.check_sane(t, -number)
        t = self.top()
        t.wait_text("T_bed")
        t.type("\x03")
        self.check_sane(t, -signal.SIGINT)

    def test_stopped_and_back(self):
        """A shell with job control: Ctrl-Z gives the terminal back, fg takes it again."""
        shell = ["bash", "--norc", "--noprofile", "-i"]
        t = self.enterContext(Terminal(shell, self.environment(PS1="ready> "), 80, 24))
        t.wait_text("ready>")
        t.type(f"{MBC} top\n")
        t.wait_text("● running", "T_bed")
        t.type("\x1a")
        t.wait_text("Stopped", "ready>")
        t.type("stty -a | tr ';' '\\n' | grep -o ' echo ' && echo was-$((40+2))\n")
        t.wait_text("was-42")
        t.type("clear\n")
        t.wait_gone("T_bed")
        t.resize(100, 30)
        t.type("fg\n")
        t.wait_text("● running", "T_bed", "q quit")
        t.type("q")
        t.wait_text("ready>")
        t.type("exit\n")
        t.wait()

    def test_a_terminal_that_is_gone_ends_it(self):
        t = self.top()
        t.wait_text("T_bed")
        os.close(t.fd)
        t.reader.join(60)
        t.wait()

    def test_on_a_pipe(self):
        for words in ([], ["--once"], ["top-1", "--sort", "name"]):
            text = wait_for("T_bed", lambda words=words: re.search(r"(?ms).*^T_bed +float +°C +0 +800 [^\n]*✓ good$.*", self.pipe(*words)))[0]
            self.assertIn("● running", text)
            self.assertNotIn("\x1b", text)
        text = wait_for("T_bed", lambda: re.search(r"(?ms).*^T_bed +float +degC [^\n]*\+ good$.*", self.pipe("--filter", "bed", LC_ALL="C")))[0]
        self.assertNotIn("P_in", text)
        self.assertTrue(text.isascii())
        self.assertIn("en marche", self.pipe(LC_ALL="fr_FR.UTF-8"))
        wait_for("T_bed is no problem", lambda: "T_bed" not in self.pipe("--problems"))

    def test_dumb_and_unknown_terminals(self):
        for term in ("dumb", "no-such-terminal", ""):
            t = self.top(TERM=term)
            self.assertEqual(os.waitstatus_to_exitcode(t.wait()), 0)
            self.assertIn(b"T_bed", bytes(t.raw))
            self.assertNotIn(b"\x1b", bytes(t.raw))

    def test_without_colours(self):
        t = self.top(NO_COLOR="1", TERM="xterm-256color")
        t.wait_text("T_bed")
        modes = {mode for one in re.findall(rb"\x1b\[([0-9;]*)m", bytes(t.raw)) for mode in one.split(b";")}
        self.assertEqual(modes - {b"", b"0", b"1", b"2", b"7", b"22", b"27"}, set())

    def test_what_is_wrong_is_said(self):
        for words, said in ((["--sort", "size"], "name, age"), (["none"], "mbc run"), (["--bogus"], "--help"), (["a", "b"], "usage")):
            done = subprocess.run([MBC, "top", *words], env=self.environment(), capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1)
            self.assertIn(said, done.stderr)

    def test_what_cannot_be_written_is_said(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([MBC, "top", "--once"], env=self.environment(), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot be written", done.stderr)

    def test_a_terminal_that_takes_nothing_does_not_keep_it(self):
        """Nobody reads: it waits in the kernel. The second signal ends it whatever the terminal does."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execvpe(str(MBC), [str(MBC), "top", "--sort", "change"], self.environment())
        self.addCleanup(os.close, fd)
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 200, 300, 0, 0))

        def ends():
            os.kill(pid, signal.SIGTERM)
            return os.waitpid(pid, os.WNOHANG)[0]
        wait_for("its first picture", lambda: pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "mbc-top"
                 and int(pathlib.Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")[2].split()[0], 16) & 1 << 14)
        wait_for("it ends", ends, pause=0.5)

    def test_it_costs_little(self):
        """Nothing is drawn between its looks, and only what changed is sent. No figure of speed: those are in perf/."""
        t = self.top("--filter", "T_set")
        t.wait_text("T_set")
        before, end = len(t.raw), time.monotonic() + 5
        while time.monotonic() < end:
            time.sleep(0.1)
        self.assertLess(len(t.raw) - before, 5000)


class Ended(unittest.TestCase):
    def test_a_bench_that_ends_and_comes_again(self):
        bench = Bench("top-2", "instruments:\n  pc: {use: system-monitor}\n")
        try:
            bench.__enter__()
            environment = dict(bench.environment, TERM="linux", LC_ALL="C.UTF-8")
            with Terminal([MBC, "top"], environment, 100, 24) as t:
                t.wait_text("● running")
                bench.process.stop()
                t.wait_text("STOPPED", "does not run here")
                self.assertNotIn("✓", t.text())
                bench.process = Process([MBC, "run", bench.file], env=bench.environment, cwd=bench.folder)
                t.wait_text("● running", "The bench began anew")
                t.type("q")
                self.assertEqual(os.waitstatus_to_exitcode(t.wait()), 0)
        finally:
            bench.__exit__(*sys.exc_info())


if __name__ == "__main__":
    unittest.main()
