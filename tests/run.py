#!/usr/bin/python3
"""Run the tests and count them: tests/run.py [--build DIR] [--only KIND]... [--soak SECONDS]

Kinds: meson (unit, golden, simulation, fuzz corpora), integration (python unittest), browser (node --test).
Each result is printed as it comes. The last line is `N passed, N failed, N skipped`, counted from the cases that ran.
Up to AGAIN_MOST tests that failed beside others are run once more, alone: what fails again has failed; what passes counts as
passed, and is named as `unsteady` at the end, for somebody to mend. What both runs said stays in the output.
A peer that is missing is a failure, not a skip: `make test` has installed it.
"""
import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest

PYTHON = ["/usr/bin/python3"]
ROOT = pathlib.Path(__file__).resolve().parent.parent
INTEGRATION = ROOT / "tests/integration"
SIMULATION = ROOT / "tests/simulation"
BROWSER = ROOT / "tests/browser"
MODULE_LIMIT_S = 600  # of one integration module: one that hangs ends some time
BROWSER_LIMIT_S = 2400  # of all browser tests, one file after the other
AT_ONCE = 3  # integration modules: they wait more than they compute
AGAIN_MOST = 5  # more failures than that are no accident of a busy computer
PEERS = {  # what the tests talk to and nobody here wrote: how to see that it is there
    "pymodbus": lambda: subprocess.run(["/usr/bin/python3", "-c", "import pymodbus.server, jsonschema, yaml"],
                                       capture_output=True).returncode == 0,
    "pyvisa-py": lambda: subprocess.run(["/usr/bin/python3", "-c", "import pyvisa, pyvisa_py, serial"], capture_output=True).returncode == 0,
    "aiosmtpd": lambda: subprocess.run(["/usr/bin/python3", "-c", "import aiosmtpd"], capture_output=True).returncode == 0,
    "pandas, openpyxl": lambda: subprocess.run(["/usr/bin/python3", "-c", "import pandas, openpyxl"], capture_output=True).returncode == 0,
    "modbus-serial": lambda: (INTEGRATION / "node_modules/modbus-serial").is_dir(),
    "playwright-core": lambda: (BROWSER / "node_modules/playwright-core").is_dir(),
    "libmodbus": lambda: subprocess.run(["pkg-config", "--exists", "libmodbus"]).returncode == 0,
} | {name: lambda name=name: (shutil.which(name) or shutil.which(name, path="/usr/sbin")) is not None for name in ("mbpoll", "gammu", "nginx", "xmllint", "curl", "chromium", "node", "openssl", "umockdev-run", "upsd", "gpsfake", "owserver", "owhttpd", "owget", "sigrok-cli")}


class Tally:
    """Counts and prints; one for all kinds, used from several threads."""

    def __init__(self):
        self.count = {"passed": 0, "failed": 0, "skipped": 0}
        self.failures = []
        self.unsteady = []
        self.again = {}  # of a failure, by its name: what runs it alone and says whether it passed, and its cases
        self.lock = threading.Lock()

    def add(self, verdict, name, seconds=None, why="", cases=1, again=None):
        with self.lock:
            if verdict == "skipped" and "peer" in why:
                verdict = "failed"
            self.count[verdict] += cases
            time_text = "" if seconds is None else f"{seconds:.2f} s"
            many = f" ({cases} cases)" if cases > 1 else ""
            print(f"{verdict:8} {name}{many}  {time_text}" + (f"  [{why}]" if why and verdict == "skipped" else ""), flush=True)
            if verdict == "failed":
                self.failures.append(name)
                if again and name not in self.again:
                    self.again[name] = again, cases
                if why:
                    print("    " + why.rstrip().replace("\n", "\n    "), flush=True)

    def run_again(self):
        """Those that failed, alone."""
        if not 0 < len(self.failures) <= AGAIN_MOST:
            return
        for name in list(self.failures):
            again, cases = self.again.get(name, (None, 0))
            print(f"once more, alone: {name}" if again else f"cannot be run alone: {name}", flush=True)
            if again and again():
                self.failures.remove(name)
                self.unsteady.append(name)
                self.count["failed"] -= cases
                self.count["passed"] += cases

    def close(self):
        """Print the sum; the exit code."""
        for name in self.unsteady:
            print(f"unsteady {name}: failed beside others, passed alone; see above what it said, and mend it")
        for name in self.failures:
            print(f"FAILED: {name}")
        ran = sum(self.count.values())
        if ran == 0:
            print("no test ran: that is a failure too")
        print(", ".join(f"{n} {verdict}" for verdict, n in self.count.items()), flush=True)
        return 0 if ran and not self.count["failed"] else 1


def build(folder, options):
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", *options, str(folder)], cwd=ROOT, check=True)
    subprocess.run(["ninja", "-C", str(folder)], cwd=ROOT, check=True)


def count_tap(text):
    """Cases of a TAP text: passed, failed, skipped."""
    lines = re.findall(r"^(not ok|ok) \d+(.*)$", text, re.M)
    skipped = sum(1 for word, rest in lines if word == "ok" and re.search(r"# skip", rest, re.I))
    failed = sum(1 for word, rest in lines if word == "not ok")
    return len(lines) - skipped - failed, failed, skipped


def passes_alone(command, environment=None):
    """Run it, show what it says; did it pass?"""
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(textwrap.indent(done.stdout[-3000:], "    ") + f"    exit {done.returncode}", flush=True)
    return done.returncode == 0


def meson_result(tally, line, folder):
    """One line of meson's testlog.json, written when a test ends: a program with one case or, told as TAP, many."""
    test = json.loads(line)
    name, seconds = test["name"], test["duration"]
    text = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
    passed, failed, skipped = count_tap(text)
    if test["result"] == "SKIP":
        tally.add("skipped", name, seconds, why=text.strip()[-200:])
        return
    if test["result"] not in ("OK", "EXPECTEDFAIL"):
        tally.add("failed", name, seconds, why=f"{test['result']}: {' '.join(test.get('command', []))}\n{text.strip()[-3000:]}", cases=max(failed, 1),
                  again=lambda: passes_alone(["meson", "test", "-C", str(folder), "--no-rebuild", "--print-errorlogs", name.split(" / ")[-1]]))
    elif passed + skipped == 0:
        passed = 1
    if passed:
        tally.add("passed", name, seconds, cases=passed)
    if skipped:
        tally.add("skipped", name, seconds, why="one of its cases cannot run here", cases=skipped)


def run_meson(tally, folder, suites):
    """All tests that meson knows. Its log grows by a line for each test that has ended: that is what is printed."""
    log = folder / "meson-logs/testlog.json"
    log.unlink(missing_ok=True)
    environment = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
    command = ["meson", "test", "-C", str(folder), "--no-rebuild", "--quiet"]
    for suite in suites:
        command += ["--suite", suite]
    meson = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seen, is_over = 0, False
    while not is_over:
        is_over = meson.poll() is not None
        lines = log.read_text().splitlines(keepends=True) if log.exists() else []
        for line in lines[seen:]:
            if not line.endswith("\n") and not is_over:
                break
            meson_result(tally, line, folder)
            seen += 1
        time.sleep(0 if is_over else 0.2)
    output = meson.stdout.read()
    if seen == 0:
        tally.add("failed", "meson test", why="no test ran: " + output[-2000:])


class LineResult(unittest.TestResult):
    """In the child that runs one module: a line of JSON for each case."""

    def __init__(self, recent_output, forget_output):
        super().__init__()
        self.recent_output, self.forget_output = recent_output, forget_output

    def tell(self, verdict, test, why=""):
        if verdict == "failed":
            why += self.recent_output()
        seconds = time.monotonic() - getattr(self, "began", time.monotonic())
        sys.__stdout__.write("\x1e" + json.dumps([verdict, test.id(), seconds, why]) + "\n")
        sys.__stdout__.flush()

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        self.forget_output()

    def addSuccess(self, test):
        self.tell("passed", test)

    def addFailure(self, test, err):
        self.tell("failed", test, self._exc_info_to_string(err, test))

    addError = addFailure

    def addSkip(self, test, reason):
        self.tell("skipped", test, reason)

    def addExpectedFailure(self, test, err):
        self.tell("passed", test)

    def addUnexpectedSuccess(self, test):
        self.tell("failed", test, "was expected to fail")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.tell("failed", subtest, self._exc_info_to_string(err, subtest))


def run_module(name):
    """In the child: run one module of tests/integration."""
    sys.path.insert(0, str(INTEGRATION))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that cleanups run, and no peer is left
    import harness

    unittest.defaultTestLoader.loadTestsFromName(name).run(LineResult(harness.recent_output, harness.Process.recent.clear))


def end_group(child):
    """Ask a child and all that it started to end; insist after 5 s."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, sign)
        except ProcessLookupError:
            return
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            continue


def own_terminals():
    """The start of a command that gives it pseudo-terminals of its own, where that is allowed: a bench of one module that looks
    for its adapter by number again must not find the port of another module that got the same number."""
    mount = "mount -t devpts -o newinstance,ptmxmode=0666,mode=600 devpts /dev/pts"
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'{mount} && exec "$@"', "sh"]
    return command if subprocess.run([*command, "true"], capture_output=True).returncode == 0 else []


def watch_module(tally, name, folder, before, is_alone=False):
    """Run one module, or one test of it, in a child of its own group, with a limit."""
    environment = dict(os.environ, MBC_BUILD=str(folder), PYTHONDONTWRITEBYTECODE="1", PYTHONWARNINGS="ignore")
    child = subprocess.Popen([*before, "/usr/bin/python3", __file__, "--module", name], cwd=ROOT, env=environment, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    limit = threading.Timer(MODULE_LIMIT_S, end_group, [child])
    limit.start()
    other, ran = [], 0
    for line in child.stdout:
        if line.startswith("\x1e"):
            verdict, test, seconds, why = json.loads(line[1:])
            tally.add(verdict, "integration " + test, seconds, why, again=None if is_alone else lambda test=test: module_passes(test, name, folder, before))
            ran += 1
        else:
            other.append(line)
    child.wait()
    limit.cancel()
    if child.returncode != 0 or ran == 0:
        tally.add("failed", f"integration {name}", why=f"ended with {child.returncode} after {ran} cases (limit {MODULE_LIMIT_S} s)\n"
                  + "".join(other)[-3000:], again=None if is_alone else lambda: module_passes(name, name, folder, before))
    end_group(child)


def module_passes(test, module, folder, before):
    """One test of a module alone, or the module where it is none that can be named (what prepares a class, say)."""
    alone = Tally()
    name = test.split(" ")[0]
    watch_module(alone, name if name.startswith(module) else module, folder, before, is_alone=True)
    return not alone.failures


def run_integration(tally, folder, wanted):
    modules = sorted(path.stem for path in INTEGRATION.glob("test_*.py"))
    if wanted:
        modules = [name for name in modules if name in wanted]
    before = own_terminals()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for future in [pool.submit(watch_module, tally, name, folder, before) for name in modules]:
            future.result()


@contextlib.contextmanager
def demo(folder):
    """The demonstration bench, for the pages: its address, a token of it, and the folder of its state, for `mbc record`."""
    sys.path.insert(0, str(INTEGRATION))
    os.environ["MBC_BUILD"] = str(folder)
    sys.dont_write_bytecode = True
    import harness  # reads MBC_BUILD

    with tempfile.TemporaryDirectory(prefix="mbc-test-") as place:
        environment = dict(os.environ, MBC_RUN_DIR=place, MBC_STATE_DIR=place)
        running = harness.Process([folder / "mbc", "demo"], env=environment)
        try:
            url = re.search(r"http://[^ ]+", running.wait_line("http://", "out"))[0]
            made = subprocess.run([folder / "mbc", "token", "add", "page"], env=environment, capture_output=True, text=True, timeout=60)
            assert made.returncode == 0, made.stderr
            yield url, made.stdout.strip(), place
        finally:
            running.stop()


def run_browser(tally, folder):
    """node tells TAP; a subtest is indented under its parent, which is counted only when it has no children."""
    files = sorted(str(path) for path in BROWSER.glob("*.test.mjs"))
    if not files:
        tally.add("failed", "browser", why="no test found in tests/browser")
        return
    try:
        with demo(folder) as (url, token, place):
            watch_browser(tally, files, dict(os.environ, MBC_URL=url, MBC_TOKEN=token, MBC_RUN_DIR=place, MBC_STATE_DIR=place), folder)
    except AssertionError as error:
        tally.add("failed", "browser: mbc demo", why=str(error))


def browser_passes(file, folder):
    """One file of browser tests, with a demonstration bench of its own."""
    try:
        with demo(folder) as (url, token, place):
            return passes_alone(["node", "--test", "--test-reporter=tap", file],
                                dict(os.environ, MBC_URL=url, MBC_TOKEN=token, MBC_RUN_DIR=place, MBC_STATE_DIR=place))
    except AssertionError as error:
        print(textwrap.indent(str(error), "    "), flush=True)
        return False


def watch_browser(tally, files, environment, folder):
    child = subprocess.Popen(["node", "--test", "--test-concurrency=1", "--test-reporter=tap", *files], cwd=BROWSER, env=environment,
                             text=True, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    limit = threading.Timer(BROWSER_LIMIT_S, end_group, [child])
    limit.start()
    began, lines, deepest, ran = time.monotonic(), [], -1, 0
    failed = None  # its name and time, while what node says of it is read

    def tell_failed():
        why = textwrap.dedent("".join(failed[2]))
        file = re.search(r"^location: '(.*?\.mjs):", why, re.M)
        tally.add("failed", failed[0], failed[1], why=why[:3000] or "node says nothing of it",
                  again=file and (lambda: browser_passes(file[1], folder)))

    for line in child.stdout:
        lines.append(line)
        found = re.match(r"( *)(not ok|ok) \d+(?: - (.*))?$", line.rstrip())
        if failed and (found or line.strip() == "..."):
            tell_failed()
            failed = None
        elif failed and line.strip() != "---":
            failed[2].append(line)
        if not found:
            continue
        depth, is_parent = len(found[1]), len(found[1]) < deepest
        deepest = depth
        if is_parent:
            continue
        name = "browser " + (found[3] or "").split(" # ")[0]
        seconds, began = time.monotonic() - began, time.monotonic()
        ran += 1
        if found[2] == "not ok":
            failed = (name, seconds, [])
        else:
            is_skipped = re.search(r"# SKIP", found[3] or "")
            tally.add("skipped" if is_skipped else "passed", name, seconds, why=found[3] if is_skipped else "")
    if failed:
        tell_failed()
    child.wait()
    limit.cancel()
    if child.returncode != 0 or ran == 0:
        print("".join(lines)[-4000:])
        if not any(name.startswith("browser") for name in tally.failures):
            tally.add("failed", "browser", why=f"node ended with {child.returncode} after {ran} cases (limit {BROWSER_LIMIT_S} s)")
    end_group(child)


def run_soak(tally, folder, seconds):
    """The long count, side by side: the simulations compute, kills at random and those of controllers whose events are counted wait. With seeds from the clock; all print
    them, their counts and what failed. 10 000 controllers of what protects, and as many of sequences, are killed however short the time is, and the table of the demonstration bench is played whole."""
    began = time.monotonic()
    environment = dict(os.environ, MBC_BUILD=str(folder), MBC_COMPILE=str(folder / "mbc-compile"), PYTHONDONTWRITEBYTECODE="1")
    protect, trips, demo_bench = folder / "tests/simulation/protect", folder / "tests/simulation/demo_trips", ROOT / "benches/demo/bench.yaml"
    for name, command in (("protect kills", [protect, "--kills", "10000"]),
                          ("sequence kills", [folder / "tests/simulation/sequences", "--kills", "10000"]), ("demo trips", [trips, demo_bench])):
        code = subprocess.run(command, cwd=ROOT, env=environment).returncode
        tally.add("passed" if code == 0 else "failed", name, time.monotonic() - began, why=f"exit {code}")
    began = time.monotonic()
    beside = {name: subprocess.Popen(command, cwd=INTEGRATION, env=environment, start_new_session=True)
              for name, command in (("kills", [*PYTHON, str(INTEGRATION / "test_kills.py"), "--for", str(seconds)]),
                                    ("events", [*PYTHON, str(INTEGRATION / "test_events.py"), "--for", str(seconds)]),
                                    ("store", [*PYTHON, str(ROOT / "tests/soak_store.py"), str(folder), "--for", str(seconds)]),
                                    ("mishaps", [*PYTHON, str(SIMULATION / "mishaps.py"), str(folder), "--lines", "--udp", "--for", str(seconds)]),
                                    ("protect", [protect, "--for", str(seconds)]),
                                    ("outages", [folder / "tests/simulation/outages", "--for", str(seconds)]),
                                    ("sequences", [folder / "tests/simulation/sequences", "--for", str(seconds)]),
                                    ("trips", [trips, demo_bench, "--for", str(seconds)]))}
    code = subprocess.run([str(folder / "tests/simulation/sim"), "--for", str(seconds)], cwd=ROOT).returncode
    tally.add("passed" if code == 0 else "failed", "simulation", time.monotonic() - began, why=f"exit {code}")
    for name, child in beside.items():
        try:
            code = child.wait(max(began + seconds - time.monotonic(), 0) + 120)  # also when the simulation has ended early
        except subprocess.TimeoutExpired:
            code = "none: it did not end"
        end_group(child)
        tally.add("passed" if code == 0 else "failed", name, time.monotonic() - began, why=f"exit {code}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    arguments.add_argument("--setup", action="append", default=[], help="an option for meson setup")
    arguments.add_argument("--only", action="append", choices=["meson", "integration", "browser"])
    arguments.add_argument("--suite", action="append", default=[], help="of meson's tests")
    arguments.add_argument("--test", action="append", default=[], help="an integration module, test_...")
    arguments.add_argument("--soak", type=int, metavar="SECONDS")
    arguments.add_argument("--module", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    # A shell starts what it puts into the background deaf to it; the programs would inherit that, and some tests end them so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if options.module:
        run_module(options.module)
        return 0
    folder = options.build.resolve()
    kinds = options.only or ["meson", "integration", "browser"]
    tally = Tally()
    build(folder, options.setup)
    if options.soak:
        run_soak(tally, folder, options.soak)
        return tally.close()
    if options.only is None:
        for name, is_there in PEERS.items():
            if not is_there():
                tally.add("failed", f"peer {name}", why="it is missing; run `make test`, which installs it")
    if "meson" in kinds:
        run_meson(tally, folder, options.suite)
    if "integration" in kinds:
        run_integration(tally, folder, options.test)
    if "browser" in kinds:
        run_browser(tally, folder)
    tally.run_again()
    return tally.close()


if __name__ == "__main__":
    sys.exit(main())
