"""Runs: begun, noted, ended and taken home, over restarts, kills and full disks."""
import contextlib
import csv
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
from harness import Bench, Device, Process, wait_for  # noqa: E402

FILES = ["README.txt", "bench.yaml", "events.csv", "load.py", "plot.svg", "run.json", "values.csv"]


def text(port, record="record: {fields: {sample: {title: {en: Sample, fr: Échantillon}, needed: yes}, operator: {}}}"):
    return f"""# calibrated by hand
tick: 50 ms
history: {{commit: 200 ms, leave_free: 0 MB}}
{record}
links:
  l: {{tcp: "127.0.0.1:{port}"}}
instruments:
  d: {{use: modbus, link: l, every: 50 ms, channels: {{a: {{read: {{holding: 0}}, unit: degC, history: every}}, b: {{read: {{holding: 1}}, scale: 0.1, unit: bar}}}}}}
"""


def when(iso):
    """With the zone +HH:MM and any number of decimals."""
    return datetime.datetime.fromisoformat(iso[:19] + iso[-6:]).timestamp() + float("0" + iso[19:-6])


class Base(unittest.TestCase):
    def begin(self, name, record=None, state=None):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.device = self.stack.enter_context(Device({0: 20, 1: 215}))
        self.bench = Bench(name, text(self.device.port, *([record] if record is not None else [])))
        if state is not None:
            self.bench.environment["MBC_STATE_DIR"] = state
        self.stack.enter_context(self.bench)
        self.bench.wait_good("d.a", "d.b")

    def record(self, *words, code=0):
        done = self.bench.mbc("record", *words)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def runs(self):
        return json.loads(self.record("list", "--json"))

    def events(self, kind):
        return [json.loads(line) for line in self.bench.mbc("log", "--json", "--kind", kind).stdout.splitlines()]

    def until_works(self, *words):
        """While the recorder is being started again."""
        def attempt():
            done = self.bench.mbc("record", *words)
            return done.returncode == 0 and done.stdout
        return wait_for(" ".join(words), attempt)

    def export(self, run, *words):
        folder = self.bench.folder / f"out{len(list(self.bench.folder.glob('out*')))}"
        self.record("export", str(run), "--out", str(folder), *words)
        with open(folder / "values.csv", encoding="utf-8-sig", newline="") as f:
            rows = list(csv.DictReader(f, delimiter=";" if "--csv-fr" in words else ","))
        return folder, rows, json.loads((folder / "run.json").read_text())


class Run(Base):
    def test_from_start_to_pandas(self):
        self.begin("run")
        self.assertIn("run 1 'ageing': started", self.record("start", "--title", "ageing", "--set", "sample=Pt-12"))
        began = time.time()
        for value in (21, 22, 23):
            self.device.holding[0] = value
            self.bench.wait_value("d.a", value)
            time.sleep(0.3)
        self.assertIn("noted in run 1", self.record("note", "new \"gas\" bottle, 2"))
        self.record("stop")
        ended = time.time()
        [run] = self.runs()
        self.assertEqual((run["title"], run["fields"], run["bench_hash"] != ""), ("ageing", {"sample": "Pt-12"}, True))
        self.assertIn("new \"gas\" bottle, 2", self.record("show", "1"))
        self.assertIn("sample=Pt-12", self.record("list"))
        folder, rows, told = self.export(1, "--zone", "Europe/Paris")
        self.assertEqual(sorted(os.listdir(folder)), FILES)
        self.assertEqual(list(rows[0]), ["time", "seconds", "d.a [degC]", "d.b [bar]", "quality"])
        self.assertEqual((rows[0]["seconds"], rows[0]["d.a [degC]"], rows[0]["d.b [bar]"]), ("0", "20", "21.5"))  # what held
        values = [float(row["d.a [degC]"]) for row in rows if row["d.a [degC]"]]
        self.assertEqual(sorted(values), values)
        self.assertEqual(set(values), {20, 21, 22, 23})
        self.assertGreater(values.count(23), 3)  # up to the very end, though the commit is later
        seconds = [float(row["seconds"]) for row in rows]
        self.assertEqual(sorted(seconds), seconds)
        self.assertTrue(0 < seconds[-1] <= told["seconds"] <= ended - began + 5)
        for row in rows:
            self.assertAlmostEqual(when(row["time"]) - when(told["begin"]), float(row["seconds"]), places=5)
        self.assertEqual([channel["column"] for channel in told["channels"]], ["d.a [degC]", "d.b [bar]"])
        self.assertEqual([(note["text"], note["who"] != "") for note in told["notes"]], [("new \"gas\" bottle, 2", True)])
        self.assertEqual(told["gaps"], [])
        self.assertEqual((folder / "bench.yaml").read_text(), self.bench.file.read_text())
        self.assertIn("essai", (folder / "README.txt").read_text())
        self.assertIn("is there already", self.record("export", "1", "--out", str(folder), code=1))
        self.assertIn("--out", self.record("export", "1", code=1))
        _, french, _ = self.export(1, "--csv-fr", "*.b")
        self.assertEqual((list(french[0]), french[0]["d.b [bar]"]), (["time", "seconds", "d.b [bar]", "quality"], "21,5"))
        self.assertIn("nothing is recorded of a channel 'x*'", self.record("export", "1", "--out", "never", "x*", code=1))
        self.assertIn("there is no run 9", self.record("export", "9", "--out", "never", code=1))
        self.assertEqual([file.name for file in self.bench.folder.glob("never*")], [])
        kinds = [self.events("record_" + kind) for kind in ("started", "note", "stopped")]
        self.assertEqual([len(events) for events in kinds], [1, 1, 1])
        self.assertTrue(all(events[0]["principal"] for events in kinds), kinds)

    def test_load(self):
        self.begin("load")
        self.record("start", "--set", "sample=x")
        time.sleep(0.5)
        self.record("stop")
        for words in ((), ("--csv-fr",)):
            folder, rows, _ = self.export(1, *words)
            done = subprocess.run(["/usr/bin/python3", "load.py"], cwd=folder, capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            code = "from load import values; print(len(values), values['d.b [bar]'].ffill().iloc[-1], values.index[0].isoformat())"
            done = subprocess.run(["/usr/bin/python3", "-B", "-c", code], cwd=folder, capture_output=True, text=True, check=True)
            self.assertEqual(done.stdout.split()[:2], [str(len(rows)), "21.5"])
            self.assertEqual(done.stdout.split()[2][:19], rows[0]["time"][:19])

    def test_what_is_refused(self):
        self.begin("refused")
        self.assertIn("needs sample; add --set sample=...", self.record("start", code=1))
        self.assertIn("did you mean 'sample'?", self.record("start", "--set", "sampel=x", code=1))
        self.assertIn("write --set FIELD=VALUE", self.record("start", "--set", "sample", code=1))
        self.assertIn("no run is open", self.record("stop", code=1))
        self.assertIn("more than", self.record("start", "--title", "x" * 201, "--set", "sample=x", code=1))
        self.assertIn("bytes", self.record("start", "--set", "sample=" + "x" * 3100, code=1))
        self.assertIn("one line", self.record("note", "a\nb", code=1))
        self.assertIn("outside of runs", self.record("note", "hello"))
        self.assertEqual(self.runs(), [])
        self.assertIn("no run yet", self.record("list"))
        self.record("start", "--set", "sample=" + "x" * 2900)
        self.assertIn("run 1 is open", self.record("start", "--set", "sample=y", code=1))
        self.assertEqual(len(self.runs()), 1)
        self.bench.reload(text(self.device.port, "").replace("history: {commit: 200 ms, leave_free: 0 MB}", "history: no"))
        wait_for("no recorder", lambda: "this bench records nothing" in self.bench.mbc("record", "note", "x").stderr)


class Deaths(Base):
    def test_everything_ends_in_the_middle(self):
        self.begin("middle")
        self.record("start", "--title", "long", "--set", "sample=x")
        time.sleep(0.5)
        self.bench.process.stop()
        time.sleep(3)  # less is no gap
        self.bench.process = Process([self.bench.program, "run", self.bench.file], env=self.bench.environment, cwd=self.bench.folder)
        line = self.bench.process.wait_line(r"bench 'middle': http://", "out")
        self.bench.port = int(line.split(":")[-1].strip("/ ").split("/")[0])
        wait_for("the first picture", lambda: self.bench.ask("/api/v1/bench", expect=None))
        self.device.holding[0] = 33
        self.bench.wait_value("d.a", 33)
        self.until_works("note", "after")
        self.assertIn("run 1 'long' is open", self.record("start", "--set", "sample=y", code=1))
        self.assertIsNone(self.runs()[0]["end"])
        self.until_works("stop")
        _, rows, told = self.export(1)
        self.assertEqual([gap["cause"] for gap in told["gaps"]], ["bench_stopped"])
        self.assertEqual(len([row for row in rows if row["quality"] == "gap=bench_stopped"]), 1)
        self.assertEqual({row["d.a [degC]"] for row in rows} - {""}, {"20", "33"})
        self.assertEqual([note["text"] for note in told["notes"]], ["after"])
        self.until_works("start", "--set", "sample=z")
        self.assertEqual([run["run"] for run in self.runs()], [1, 2])

    def test_recorder_killed_while_a_run_begins(self):
        """Whenever it dies: the command says done, and it is; or says that nobody knows, and the same request ends in one run."""
        self.begin("killed")
        for round in range(8):
            pid = wait_for("a recorder", lambda: self.bench.pids().get("history"))
            starting = Process([self.bench.program, "record", "start", "--request", f"r{round}", "--set", f"sample={round}"], env=self.bench.environment,
                               cwd=self.bench.folder)
            time.sleep(0.004 * round)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            began = time.monotonic()
            code = starting.popen.wait(20)
            self.assertLess(time.monotonic() - began, 8)
            self.assertIn(code, (0, 2), starting.text())
            self.until_works("start", "--request", f"r{round}", "--set", f"sample={round}")
            self.until_works("stop", "--request", f"s{round}")
            self.assertEqual([run["fields"]["sample"] for run in self.runs()], [str(n) for n in range(round + 1)])
        self.assertEqual(len(self.events("record_started")), 8)

    def test_supervisor_killed_while_a_run_begins(self):
        self.begin("headless")
        starting = Process([self.bench.program, "record", "start", "--request", "r", "--set", "sample=x"], env=self.bench.environment, cwd=self.bench.folder)
        time.sleep(0.01)
        self.bench.process.popen.kill()
        self.assertIn(starting.popen.wait(20), (0, 1, 2))
        wait_for("all have ended", lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in self.bench.pids().values() if pid != self.bench.process.pid))
        self.bench.process.stop()
        self.bench.process = Process([self.bench.program, "run", self.bench.file], env=self.bench.environment, cwd=self.bench.folder)
        self.bench.process.wait_line(r"bench 'headless': http://", "out")
        self.until_works("start", "--request", "r", "--set", "sample=x")
        self.assertEqual(len(self.runs()), 1)

    def test_hung_recorder(self):
        self.begin("hung")
        pid = wait_for("a recorder", lambda: self.bench.pids().get("history"))
        os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            self.assertIn("has not answered", self.record("start", "--request", "h", "--set", "sample=x", code=2))
            self.assertLess(time.monotonic() - began, 7)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.until_works("start", "--request", "h", "--set", "sample=x")
        self.until_works("stop", "--request", "h")
        self.assertEqual(len(self.runs()), 1)
        self.assertEqual([len(self.events("record_" + kind)) for kind in ("started", "stopped")], [1, 1])  # though the first caller had gone

    def test_export_is_whole_or_not_there(self):
        self.begin("whole")
        self.record("start", "--set", "sample=x")
        self.record("stop")
        exporting = Process([self.bench.program, "record", "export", "1", "--out", "home"], env=self.bench.environment, cwd=self.bench.folder)
        exporting.popen.send_signal(signal.SIGTERM)
        exporting.popen.wait(20)
        found = sorted(file.name for file in self.bench.folder.glob("home*"))
        self.assertIn(found, ([], ["home"]))
        if found:
            self.assertEqual(sorted(os.listdir(self.bench.folder / "home")), FILES)


@unittest.skipUnless(os.geteuid() == 0, "only root can mount a small disk")
class FullDisk(Base):
    def mount(self, size, *options):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")) if not options else self.folder
        try:
            subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join((f"size={size}", *options)), "none", folder], check=True, capture_output=True)
        except subprocess.CalledProcessError:
            self.skipTest("nothing can be mounted here")
        if not options:
            self.folder = folder
            self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        return folder

    def fill(self):
        with open(pathlib.Path(self.folder, "filler"), "wb", buffering=0) as f, contextlib.suppress(OSError):
            while True:
                f.write(bytes(4096))

    def test_start_is_refused(self):
        self.begin("full", state=self.mount("40m"))
        self.until_works("note", "there is room")
        self.fill()
        def refusal():
            """Pages that are free already may take one more."""
            began = time.monotonic()
            done = self.bench.mbc("record", "start", "--title", "t" * 200, "--set", "sample=" + "x" * 2900)
            self.assertLess(time.monotonic() - began, 8)
            if done.returncode == 0:
                self.bench.mbc("record", "stop")
            return done.returncode != 0 and "is open" not in done.stderr and done.stderr
        why = wait_for("refused", refusal)
        self.assertRegex(why, "free some room|the log of 'mbc run'")
        before = len(self.runs())
        pathlib.Path(self.folder, "filler").unlink()
        if any(run["end"] is None for run in self.runs()):
            self.until_works("stop")
        self.until_works("start", "--request", "again", "--set", "sample=x")
        self.assertEqual(len(self.runs()), before + 1)

    def test_export_leaves_nothing(self):
        self.begin("home")
        self.record("start", "--set", "sample=x")
        time.sleep(1)
        self.record("stop")
        self.mount("8k")
        self.assertIn("No space left", self.record("export", "1", "--out", f"{self.folder}/run", code=2))
        self.assertEqual(os.listdir(self.folder), [])


class Copies(Base):
    """A share that comes and goes: each run is on it once, in the end."""

    def setUp(self):
        room = tempfile.TemporaryDirectory()
        self.addCleanup(room.cleanup)
        self.share = pathlib.Path(room.name) / "share"

    def run_once(self, title):
        self.record("start", "--title", title)
        self.record("stop")

    def events(self, kind):
        return [json.loads(line) for line in self.bench.mbc("log", "--json", "--kind", kind).stdout.splitlines()]

    def copies(self):
        return sorted(os.listdir(self.share))

    def title(self, name):
        return json.loads((self.share / name / "run.json").read_text())["title"]

    def test_away_and_back(self):
        self.begin("copyaway", f"record: {{copy_to: '{self.share}'}}")
        self.run_once("first")
        wait_for("it is told", lambda: self.events("run_copy_failed"))
        self.assertIn("mount the share", self.events("run_copy_failed")[0]["text"])
        self.run_once("second")
        self.share.mkdir()
        wait_for("both are there", lambda: self.copies() == ["run-1", "run-2"])
        wait_for("both are told", lambda: len(self.events("run_copied")) == 2)
        self.assertEqual(len(self.events("run_copy_failed")), 1)
        self.assertEqual([self.title("run-1"), self.title("run-2")], ["first", "second"])
        self.assertEqual(sorted(os.listdir(self.share / "run-1")), FILES)
        # what is there already is somebody else's
        (self.share / "run-3").mkdir()
        (self.share / "run-3" / "mine.txt").write_text("mine")
        self.run_once("third")
        wait_for("it has another name", lambda: "run-3 (2)" in self.copies())
        self.assertEqual(os.listdir(self.share / "run-3"), ["mine.txt"])
        self.assertEqual(self.title("run-3 (2)"), "third")

    def test_remembered(self):
        self.begin("copykill", f"record: {{copy_to: '{self.share}'}}")
        self.run_once("first")
        wait_for("it is told", lambda: self.events("run_copy_failed"))
        for process in ("copy", "history"):
            os.kill(self.pid_of(process), signal.SIGKILL)
        self.share.mkdir()
        wait_for("it is there", lambda: self.copies() == ["run-1"])
        wait_for("it is told", lambda: self.events("run_copied"))
        os.kill(self.pid_of("copy"), signal.SIGKILL)
        self.run_once("second")
        wait_for("it is there", lambda: self.copies() == ["run-1", "run-2"])

    def test_a_stopped_one_hurts_nobody(self):
        """As one that hangs on a dead share: it takes no signal."""
        self.share.mkdir()
        self.begin("copyhang", f"record: {{copy_to: '{self.share}'}}")
        pid = self.pid_of("copy")
        os.kill(pid, signal.SIGSTOP)
        self.run_once("first")
        before = time.monotonic()
        self.bench.__exit__(None, None, None)
        self.assertLess(time.monotonic() - before, 30)

    def mount(self, options):
        self.share.mkdir(exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "mbc-test", str(self.share)], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"a small file system cannot be mounted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "--lazy", str(self.share)], stderr=subprocess.DEVNULL)

    def remount(self, options):
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.share)], check=True)

    def test_full(self):
        self.mount("size=16k")
        self.begin("copyfull", f"record: {{copy_to: '{self.share}'}}")
        self.run_once("first")
        wait_for("it is told", lambda: self.events("run_copy_failed"))
        self.assertRegex(self.events("run_copy_failed")[0]["text"], "No space left on device; free some room there")
        wait_for("nothing of it is left", lambda: not self.copies())
        self.remount("size=8m")
        wait_for("it is there", lambda: self.copies() == ["run-1"])
        self.assertEqual(sorted(os.listdir(self.share / "run-1")), FILES)
        wait_for("it is told", lambda: self.events("run_copied"))
        self.assertEqual(len(self.events("run_copy_failed")), 1)

    def test_read_only(self):
        self.mount("size=8m,ro")
        self.begin("copyro", f"record: {{copy_to: '{self.share}'}}")
        self.run_once("first")
        wait_for("it is told", lambda: self.events("run_copy_failed"))
        self.assertIn("Read-only file system; the share cannot be written to; mount it otherwise", self.events("run_copy_failed")[0]["text"])
        self.remount("rw")
        wait_for("it is there", lambda: self.copies() == ["run-1"])
        wait_for("it is told", lambda: self.events("run_copied"))

    def test_no_folder(self):
        os.mkfifo(self.share)
        self.begin("copyfifo", f"record: {{copy_to: '{self.share}'}}")
        self.run_once("first")
        wait_for("it is told", lambda: self.events("run_copy_failed"))
        self.assertIn("Not a directory", self.events("run_copy_failed")[0]["text"])

    def pid_of(self, process):
        def find():
            for p in os.listdir("/proc"):
                try:
                    words = pathlib.Path(f"/proc/{p}/cmdline").read_bytes().split(b"\0")
                    status = pathlib.Path(f"/proc/{p}/status").read_text()
                except (OSError, ValueError):
                    continue
                if words[0].endswith(b"mbc-" + process.encode()) and f"PPid:\t{self.bench.process.pid}\n" in status:
                    return int(p)
        return wait_for(f"{process} runs", find)


if __name__ == "__main__":
    unittest.main()
