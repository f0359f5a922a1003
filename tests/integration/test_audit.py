"""The record of who asked what: there before it is done, bound line to line; kills, floods, a full folder, edits."""
import hashlib
import json
import os
import random
import resource
import signal
import stat
import sys
import time
import unittest

sys.dont_write_bytecode = True

from harness import wait_for  # noqa: E402
from test_door import Base  # noqa: E402


class Audited(Base):
    def folder(self):
        return self.bench.folder / "state" / self.bench.name / "audit"

    def files(self):
        return sorted(self.folder().glob("audit-*.log"))

    def lines(self):
        return [line for file in self.files() for line in file.read_text().splitlines()]

    def records(self, **wanted):
        records = [json.loads(line) for line in self.lines()]
        return [r for r in records if all(r.get(key) == value for key, value in wanted.items())]

    def verify(self, code=0):
        done = self.bench.mbc("audit", "verify")
        self.assertEqual(done.returncode, code, (done.stdout, done.stderr))
        return done.stdout

    def check_chain(self):
        """What `mbc audit verify` does, once more, by the words of docs/audit.md."""
        before = "0" * 64
        for number, line in enumerate(self.lines(), 1):
            head, _, rest = line.rpartition(',"hash":"')
            self.assertEqual(rest, hashlib.sha256((before + head).encode()).hexdigest() + '"}')
            self.assertEqual(json.loads(line)["n"], number)
            before = rest[:64]
        return before


class Records(Audited):
    def test_what_is_asked_stands_there(self):
        self.begin("audited")
        token = self.token("lims")
        self.set_value(120)
        self.mbc("set", "T_furn", "130", "--id", "mine")
        asked, verdict = self.records(id="mine")
        self.assertEqual([asked[k] for k in ("who", "from", "act", "subject", "value", "result")],
                         [asked["who"], "cli", "set", "T_furn", "130", "asked"])
        self.assertEqual([verdict[k] for k in ("act", "subject", "result")], ["set", "T_furn", "verified"])
        self.assertGreater(verdict["event"], 0)
        self.assertEqual(self.http("PUT", "/channels/T_furn?wait=20s", token, {"target": 140})[0], 200)
        self.assertEqual([r["result"] for r in self.records(who="token:lims", value="140")], ["asked", "verified"])
        # What is refused, by the gate and by the controller.
        self.assertEqual(self.http("PUT", "/channels/T_furn", "f" * 64, {"target": 150})[0], 401)
        refused, = self.records(who="-", act="set", value="150")
        self.assertEqual((refused["result"], refused["from"]), ("refused", "http"))
        self.mbc("set", "T_furn", "9000", "--id", "much", code=1)
        self.assertEqual([r["result"] for r in self.records(id="much")], ["asked", "refused"])
        # Changes that are no commands.
        self.assertEqual([r["subject"] for r in self.records(act="token_add")], ["lims"])
        self.mbc("token", "remove", "lims")
        wait_for("it is noticed", lambda: self.records(act="token_remove", subject="lims"))
        self.mbc("reload")
        self.assertEqual([r["subject"] for r in self.records(act="reload")], ["audited"])
        shown = self.mbc("audit", "--act", "set", "--who", "token:lims")
        self.assertIn("token:lims  http  set T_furn = 140: asked", shown)
        self.assertEqual(len(shown.splitlines()), 2)
        self.assertEqual(self.mbc("audit", "--since", "2035-01-01"), "")
        one = self.mbc("audit", "--json", "--act", "token_add").splitlines()
        self.assertEqual([json.loads(line)["subject"] for line in one], ["lims"])
        self.assertIn(self.check_chain(), self.verify())
        self.assertEqual(stat.S_IMODE(os.stat(self.files()[0]).st_mode), 0o600)
        self.assertNotIn(token, "".join(self.lines()))

    def test_the_end_of_the_bench_stands_there(self):
        self.begin("ended")
        self.set_value(120)
        self.mbc("stop")
        self.assertEqual(len(self.records(act="stop")), 1)
        self.verify()

    def test_a_flood_is_a_line_a_minute(self):
        self.begin("flood")
        self.set_value(10)
        before = len(self.records())
        for i in range(50):
            self.assertIn(self.http("PUT", "/channels/T_furn", "0" * 64, {"target": i})[0], (401, 503))
        self.assertLessEqual(len(self.records()) - before, 2)  # "nobody has this token", and perhaps "too many"
        os.kill(self.bench.pids()["gate"], signal.SIGTERM)  # what was counted is written at its end
        wait_for("the count", lambda: sum(r.get("times", 0) for r in self.records(who="-")) > 0)
        total = sum(r.get("times", 1) for r in self.records(who="-"))
        self.assertEqual(total, 50)
        self.verify()


class Kills(Audited):
    def test_the_gate_is_killed_at_any_moment(self):
        self.begin("killed")
        self.set_value(10)
        chance = random.Random(7)
        for i in range(8):
            pid = wait_for("a gate", lambda: self.bench.pids().get("gate"))
            self.bench.mbc("set", "T_furn", str(20 + i), "--id", f"n{i}")
            time.sleep(chance.random() / 50)
            os.kill(pid, signal.SIGKILL)
            wait_for("another gate", lambda: self.bench.pids().get("gate") not in (None, pid))
        self.set_value(200)
        # Nothing has reached the device that does not stand there before.
        asked = {r["value"] for r in self.records(act="set", result="asked")}
        for value in self.writes():
            self.assertIn(f"{value / 10:g}", asked)
        self.check_chain()
        self.verify()
        begun = len(self.records(act="begin"))
        self.assertGreaterEqual(begun, 9)

    def test_without_power(self):
        """The end of the last line is lost; and a file that was just begun is empty."""
        self.begin("torn")
        self.set_value(10)
        self.mbc("stop")
        file, = self.files()
        data = file.read_bytes()
        file.write_bytes(data[:-30])
        (self.folder() / "audit-00002.log").write_bytes(b"")
        self.bench.__enter__()
        wait_for("a command is taken", lambda: self.bench.mbc("safe").returncode == 0)
        self.assertEqual([f.name for f in self.files()], ["audit-00001.log", "audit-00002.log"])
        self.assertEqual(self.files()[1].stat().st_size, 0)
        self.assertEqual(len(self.records_of_good_lines("torn")), 1)
        self.assertIn("1 line was torn", self.verify())


    def test_a_full_disk(self):
        """Nothing is done that is not on record, but what makes the bench safer."""
        self.begin("full")
        self.set_value(100)
        pid = self.bench.pids()["gate"]
        file, = self.files()
        limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (file.stat().st_size + 50, limits[1]))
        written = self.writes()
        self.assertIn("cannot be put on record", self.mbc("set", "T_furn", "110", code=1))
        self.assertIn("cannot be put on record", self.mbc("set", "T_furn", "120", code=1))
        self.assertEqual(self.writes(), written)
        self.mbc("safe")
        self.assertEqual(self.writes()[-1], 0)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
        self.mbc("safe")
        self.assertEqual(self.bench.pids()["gate"], pid)
        self.assertEqual(len(self.records_of_good_lines("torn")), 1)
        self.assertIn("1 line was torn", self.verify())

    def test_no_file_at_first(self):
        """What stands in its way goes: from then on commands are taken, without a restart of anything."""
        self.begin("late")
        self.set_value(100)
        folder, aside = self.folder(), self.folder().with_name("aside")
        pid = self.bench.pids()["gate"]
        folder.rename(aside)
        folder.write_text("a file in the place of the folder")
        os.kill(pid, signal.SIGKILL)
        after = wait_for("another gate", lambda: self.bench.pids().get("gate") not in (None, pid) and self.bench.pids()["gate"])
        wait_for("it refuses", lambda: "put on record" in self.bench.mbc("set", "T_furn", "110").stderr)
        self.mbc("safe")
        folder.unlink()
        aside.rename(folder)
        wait_for("it goes on", lambda: self.bench.mbc("safe").returncode == 0 and self.records(act="safe"))
        self.assertEqual(self.bench.pids()["gate"], after)
        self.verify()

    def records_of_good_lines(self, act):
        return [line for line in self.lines() if line.startswith("{") and line.endswith('"}') and f'"act":"{act}"' in line]


class Edits(Audited):
    def test_edits_are_found(self):
        self.begin("edited")
        for value in (10, 20, 30):
            self.set_value(value)
        self.mbc("stop")
        file, = self.files()
        good = file.read_bytes()
        chance = random.Random(3)
        for _ in range(30):
            at = chance.randrange(len(good) - 1)
            file.write_bytes(good[:at] + bytes([good[at] ^ (1 << chance.randrange(8))]) + good[at + 1:])
            self.assertIn("fault", self.verify(code=1))
        lines = good.splitlines(keepends=True)
        for taken in range(len(lines) - 1):
            file.write_bytes(b"".join(lines[:taken] + lines[taken + 1:]))
            self.assertIn("fault", self.verify(code=1))
        swapped = [lines[1], lines[0], *lines[2:]]
        file.write_bytes(b"".join(swapped))
        self.verify(code=1)
        file.write_bytes(b"no record\n" + good)
        self.verify(code=1)
        file.write_bytes(good)
        self.verify()

    def test_a_changed_end_is_told_by_the_next_gate(self):
        self.begin("changed")
        self.set_value(10)
        pid = self.bench.pids()["gate"]
        os.kill(pid, signal.SIGKILL)
        file, = self.files()
        data = file.read_bytes()
        at = data.rindex(b'"act"')
        file.write_bytes(data[:at + 8] + bytes([data[at + 8] ^ 1]) + data[at + 9:])
        wait_for("another gate", lambda: self.bench.pids().get("gate") not in (None, pid))
        # It began either with the file as it was, or as it is now; the first cannot be told from the next kill.
        self.set_value(20)
        self.assertIn("fault", self.verify(code=1))


class Rotation(Audited):
    def test_the_next_file_is_bound_to_this_one(self):
        self.begin("large")
        self.set_value(10)
        file, = self.files()
        # So much stands there already that the file is full with the next record.
        pid = self.bench.pids()["gate"]
        os.kill(pid, signal.SIGSTOP)
        self.grow(file)
        os.kill(pid, signal.SIGKILL)
        wait_for("the file is left", lambda: len(self.files()) > 1)
        self.set_value(30)
        wait_for("the new file is used", lambda: self.files()[-1].stat().st_size > 0)
        os.kill(self.bench.pids()["gate"], signal.SIGKILL)
        self.set_value(40)
        self.check_chain()
        self.assertIn("2 files", self.verify())
        first = self.files()[0]
        first.rename(first.with_suffix(".gone"))
        self.assertIn("those before are not here", self.verify(code=1))

    @staticmethod
    def grow(file):
        """Good records behind those that are there, as the gate writes them."""
        lines = file.read_text().splitlines()
        before, number = json.loads(lines[-1])["hash"], json.loads(lines[-1])["n"]
        out = []
        size = file.stat().st_size
        while size < 4 << 20:
            number += 1
            head = f'{{"n":{number},"time":"2026-11-27T00:00:00.000Z","who":"test","from":"cli","act":"note","text":"{"x" * 900}"'
            before = hashlib.sha256((before + head).encode()).hexdigest()
            out.append(f'{head},"hash":"{before}"}}\n')
            size += len(out[-1])
        with open(file, "a") as stream:
            stream.write("".join(out))


if __name__ == "__main__":
    unittest.main()
