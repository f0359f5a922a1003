"""Line protocol and CSV imported into the history of a bench, while it records and while it does not: all of it or nothing."""
import csv
import io
import os
import pathlib
import resource
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
from harness import PATIENCE_S, wait_for  # noqa: E402
import test_history_backup  # noqa: E402
from test_history_backup import HISTORY  # noqa: E402

# A sanitizer would keep freed memory for a while, and the memory that is measured here would be its own.
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"

START_S = 1_700_000_000  # 2023-11-14T22:13:20Z


def imports(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("import"))


class Import(test_history_backup.Recorded):
    def setUp(self):
        super().setUp()
        self.put(20)  # from here on the history knows its channels

    def put_in(self, name, content, *words, code=0, told=()):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self.check(self.bench.mbc("history", "import", str(path), *words), code, *told)

    def samples(self, channel, **query):
        """[[seconds, value], ...] by HTTP, as the running bench answers."""
        words = "&".join(f"{key}={value}" for key, value in {"from": START_S - 86400, "raw": 1, **query}.items())
        answer = self.bench.get(f"{HISTORY}/{channel}?{words}")
        return answer, answer["channels"][0]["samples"]

    def test_line_protocol(self):
        """A channel of the bench gets what was before it recorded, a new one is found by name; the bench records on."""
        lines = ["# old logger"]
        lines += [f"d.a value={k / 8} {(START_S + k) * 10**9}" for k in range(5000)]
        lines += [f"cpu,host=lab\\ 1 idle={k}i,up=true {(START_S + k) * 10**9}" for k in range(50)]
        # The channel is of whole numbers, and half a degree is none.
        self.put_in("x.lp", "\n".join(lines), code=1, told=["x.lp:3:", "'0.125'", "--skip-bad"])
        self.assertEqual(imports(self.history()), [])
        done = self.put_in("x.lp", "\n".join(lines), "--skip-bad", told=["import 1: 725 values of 3 channels, 2 of them new", "4375 lines of 5051 were left out"])
        self.assertIn(imports(self.history())[0], done.stdout)
        answer, found = self.samples("d.a", to=START_S + 10000)
        self.assertEqual(found, [[START_S + 8 * k, k] for k in range(625)])
        self.assertEqual(answer["gaps"][0]["cause"], "first_start")
        _, found = self.samples("cpu.lab_1.idle", to=START_S + 10000)
        self.assertEqual(found, [[START_S + k, k] for k in range(50)])
        _, found = self.samples("cpu.lab_1.up", to=START_S + 10000)
        self.assertEqual(found[0], [START_S, True])
        self.put(4711)  # it records
        _, found = self.samples("d.a")
        self.assertEqual(found[624], [START_S + 4992, 624])
        self.assertIn(4711, [value for _, value, *_ in found])
        self.assertEqual([t for t, *_ in found], sorted(t for t, *_ in found))
        self.put_in("again.lp", "\n".join(lines), "--skip-bad", code=1, told=["imported before, as import 1", "--remove 1"])
        self.check(self.bench.mbc("history", "verify"), 0, "import-00001", "725 samples")
        self.check(self.bench.mbc("history", "files"), 0, "import-00001")
        self.check(self.bench.mbc("history", "import", "--list"), 0, "725 values")
        # It goes along with a backup, and comes back.
        self.check(self.bench.mbc("history", "backup", str(self.backup)), 0, "2 files")
        self.check(self.elsewhere("history", "restore", str(self.backup)), 0)
        done = self.check(self.elsewhere("export", "cpu.lab_1.idle"), 0)
        rows = done.stdout.splitlines()
        self.assertEqual(sum(row.endswith(",") for row in rows[2:]), 50)  # and one that tells of the gap behind them
        self.check(self.bench.mbc("history", "import", "--remove", "1"), 0)
        self.check(self.bench.mbc("history", "import", "--remove", "1"), 1, "no import of that number")
        self.check(self.bench.mbc("export", "cpu.lab_1.idle"), 1, "nothing is recorded")
        self.check(self.bench.mbc("history", "backup", str(self.backup)), 0, "2 files", "no longer has")

    def test_csv_round_trip(self):
        """What `mbc export` writes, in each of its forms, comes back with the values that were in it."""
        for value in (100, 105, 99, 32000):
            self.put(value)
        self.bench.process.stop()
        for words in (["--raw"], ["--raw", "--format", "csv-fr"], ["--raw", "--zone", "Europe/Paris"], ["--every", "100ms"]):
            form = "-".join(word.strip("-").replace("/", "") for word in words)
            exported = self.check(self.bench.mbc("export", *words, "d.a", "d.b"), 0).stdout
            prefix = f"r{len(imports(self.history()))}."
            self.put_in(f"{form}.csv", exported, "--name", prefix + "{field}", told=["2 channels, 2 of them new"])
            again = self.check(self.bench.mbc("export", *words, *(prefix + name for name in ("d.a", "d.b"))), 0).stdout
            delimiter = ";" if "csv-fr" in words else ","
            was, now = (list(csv.reader(io.StringIO(text), delimiter=delimiter)) for text in (exported, again))
            self.assertEqual([[cell.replace(prefix, "") for cell in row] for row in now[:2]], was[:2])
            if "--every" in words:  # means became values of their own
                means = [(row[0], row[1]) for row in was[2:] if row[1]]
                raw = self.check(self.bench.mbc("export", "--raw", prefix + "d.a"), 0).stdout
                self.assertEqual([tuple(row[:2]) for row in csv.reader(io.StringIO(raw)) if row[0][0] == "2"], means)
            else:  # rows that tell of gaps are the bench's own
                keep = [row for row in was[2:] if row[1] or row[3] or "not_yet" in row[2]]
                self.assertEqual([row for row in now[2:] if row[1] or row[3] or "not_yet" in row[2]], keep)
        self.check(self.bench.mbc("history", "verify"), 0)
        # Into the very channels: they have these values.
        exported = self.check(self.bench.mbc("export", "--raw", "d.a"), 0).stdout
        self.put_in("same.csv", exported, code=1, told=["channel 'd.a' has values already", "--to"])

    def test_plain_csv(self):
        rows = "Date;T (degC);état\n" + "".join(f"2025-10-26 0{k // 60}:{k % 60:02};{k},5;ok {k}\n" for k in range(240))
        self.put_in("plain.csv", rows, "--zone", "Europe/Paris", told=["480 values of 2 channels"])
        found = self.samples("T")[1]
        self.assertEqual(found[0], [1761429600, 0.5])  # 00:00 is 22:00 UTC of the day before
        self.assertEqual(found[-1], [1761447540, 239.5])  # 03:59, after the hour that is there twice
        self.assertEqual(self.samples("_tat")[1][5][1], "ok 5")
        for unit, factor in (("s", 1), ("ms", 1000), ("us", 10**6), ("ns", 10**9)):
            self.put_in(f"{unit}.csv", f"time,{unit}\n" + "".join(f"{(START_S + k) * factor},{k}\n" for k in range(9)))
            self.assertEqual(self.samples(unit)[1], [[START_S + k, k] for k in range(9)])
        self.put_in("fraction.csv", f"t,fraction\n{START_S}.125,1\n")
        self.assertEqual(self.samples("fraction")[1], [[START_S + 0.125, 1]])

    def test_bad_input(self):
        """Told with file, line and column, and nothing of it is there."""
        good = f"time,q\n{START_S},1\n"
        for name, content, *told in (
                ("cells.csv", good + f"{START_S + 1},2,3\n", "cells.csv:3:1", "3 cells"),
                ("value.csv", good + f"{START_S + 1},two\n", "value.csv:3:12", "'two'", "--skip-bad"),
                ("time.csv", good + "yesterday,2\n", "time.csv:3:1", "is no time"),
                ("ahead.csv", good + "4000000000,2\n", "ahead.csv:3:1", "in the future"),
                ("head.csv", "q,r\n1,2\n", "--time"),
                ("quote.csv", good + f'{START_S + 1},"2\n', "quote.csv:3", "quote"),
                ("zero.lp", f"q value=1 {START_S}000000000\nq\0 value=2 {START_S}000000001\n", "zero.lp:2:2", "zero byte"),
                ("unit.lp", f"q value=1 {START_S}\n", "unit.lp:1:11", "--precision"),
                ("empty.lp", "", "nothing to import"),
                ("binary.lp", os.urandom(3_000_000).replace(b"\n", b"x").replace(b"\0", b"y"), "binary.lp:1"),
                ("name.lp", f"{'x' * 70} value=1 {START_S}000000000\n", "--name"),
                ("unitless.lp", f"d.a,unit=K value=1 {START_S}000000000\n", "unit 'degC'")):
            with self.subTest(name):
                self.put_in(name, content, code=1, told=told)
        self.put_in("word.lp", good, "--format", "xml", code=1, told=["influx or csv"])
        self.check(self.bench.mbc("history", "import", str(self.folder / "none.csv")), 1, "No such file")
        self.check(self.bench.mbc("history", "import", str(self.folder)), 1, "no file that can be read twice")
        self.check(self.bench.mbc("history", "import"), 1, "usage")
        self.assertEqual(imports(self.history()), [])
        self.check(self.bench.mbc("export", "q"), 1, "nothing is recorded")

    def test_own_shape(self):
        """As mbc-influx writes it: types, units, words, reasons."""
        t = START_S * 10**9
        self.put_in("own.lp", "\n".join([
            f"e.f,bench=rec,type=float32,unit=bar value=0.1 {t}",
            f"e.f,bench=rec,type=float32,unit=bar quality=\"no_answer\" {t + 1}",
            f"e.f,bench=rec,type=float32,unit=bar value=0.2,quality=\"out_of_range\" {t + 2}",
            f"e.v,bench=rec,type=choice value=1i,word=\"open\" {t}",
            f"e.v,bench=rec,type=choice value=0i,word=\"closed\" {t + 1}",
            f"e.u,bench=rec,type=uint value=7i {t}", ""]), told=["6 values of 3 channels"])
        answer, found = self.samples("e.f")
        self.assertEqual([row[1:] for row in found], [[0.1], [None, "no_answer"], [0.2, "out_of_range"]])
        self.assertEqual(answer["channels"][0]["unit"], "bar")
        answer, found = self.samples("e.v")
        self.assertEqual([row[1] for row in found], ["open", "closed"])
        with sqlite3.connect(f"file:{self.history() / imports(self.history())[0]}?mode=ro", uri=True) as db:
            self.assertEqual(dict(db.execute("SELECT name, type FROM channel")), {"e.f": "float32", "e.v": "choice", "e.u": "uint"})

    def test_from_to(self):
        lines = "".join(f"g value={k} {(START_S + k) * 10**9}\n" for k in range(100))
        self.put_in("part.lp", lines, "--to", str(START_S + 50), told=["50 values of 1 channels", "50 values outside"])
        self.put_in("rest.lp", lines, code=1, told=["has values already at 2023-11-14T22:13:20Z"])
        self.put_in("rest.lp", lines, "--from", str(START_S + 50), told=["50 values"])
        self.assertEqual(self.samples("g")[1], [[START_S + k, k] for k in range(100)])


    # ---- kills, full disks, size ----

    def big(self, n):
        path = self.folder / "big.lp"
        with path.open("w") as out:
            for k in range(n):
                out.write(f"big,unit=V value={k % 977 / 8},raw={k}i {START_S * 10**9 + k * 10**7}\n")
        return path

    def test_killed(self):
        """At any moment: no import is there, or all of it; the next one clears up."""
        path = self.big(200_000)
        command = [str(self.bench.program), "history", "import", str(path)]
        done = False
        for wait in (0.01, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6):
            process = subprocess.Popen(command, env=self.bench.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            time.sleep(wait)
            os.killpg(process.pid, signal.SIGKILL)
            done = process.wait(PATIENCE_S) == 0
            whole = [name for name in imports(self.history()) if name != "import.part"]
            if whole:
                break
            self.check(self.bench.mbc("export", "big.raw"), 1, "nothing is recorded")
        if not whole:
            wait_for("no other import is under way", lambda: self.bench.mbc("history", "import", str(path)).returncode == 0)
        self.assertEqual(len(imports(self.history())), 1)
        self.check(self.bench.mbc("history", "verify"), 0, "400000 samples")
        self.assertEqual(self.bench.value("mbc.history.stopped"), 0)

    def test_ended(self):
        path = self.big(300_000)
        process = subprocess.Popen([str(self.bench.program), "history", "import", str(path)], env=self.bench.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_for("it has begun", lambda: imports(self.history()))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE_S)
        if process.returncode != 0:
            self.assertIn("nothing was imported", err)
            self.assertEqual(imports(self.history()), [])

    def test_full_disk(self):
        """A limit on the size of files stands for it."""
        path = self.big(100_000)
        done = subprocess.run([str(self.bench.program), "history", "import", str(path)], env=self.bench.environment, capture_output=True, text=True, timeout=PATIENCE_S,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40960, 40960)))
        self.check(done, 2, "import.part", "Nothing was imported")
        self.assertEqual(imports(self.history()), [])
        self.put(17)
        self.check(self.bench.mbc("history", "import", str(path)), 0, "200000 values")

    def test_memory(self):
        """It does not grow with the input."""
        def peak(n):
            done = subprocess.run(["/usr/bin/env", "python3", "-c", "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
                                   "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)",
                                   str(self.bench.program), "history", "import", str(self.big(n))], env=self.bench.environment, capture_output=True, text=True, timeout=PATIENCE_S)
            self.check(done, 0, "values")
            self.check(self.bench.mbc("history", "import", "--remove", "1"), 0)
            return int(done.stdout.splitlines()[-1])
        small, large = peak(20_000), peak(600_000)
        self.assertLess(large, small + 8192)




for inherited in vars(test_history_backup.Recorded):
    if inherited.startswith("test_"):
        setattr(Import, inherited, None)


if __name__ == "__main__":
    unittest.main()
