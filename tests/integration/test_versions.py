"""Versions of the bench file: each that is taken up is kept with what it was made from, told apart, and brought back; a full disk keeps no bench from its file."""
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
from harness import MBC, PATIENCE_S, Bench, wait_for  # noqa: E402
from test_door import Base, text  # noqa: E402

PLAIN = "channels:\n  T:\n    calc: 20\n"


class Versions(unittest.TestCase):
    def folder(self, bench):
        return bench.folder / "state" / bench.name / "versions"

    def all(self, bench):
        done = bench.mbc("bench", "versions", "--json", "--bench", bench.name)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def good(self, bench, *words, code=0):
        done = bench.mbc(*words, "--bench", bench.name)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_kept_shown_undone(self):
        with Bench("versions", PLAIN) as bench:
            first = bench.file.read_text()
            [one] = self.all(bench)
            self.assertEqual((one["version"], one["path"], one["files"]), (1, str(bench.file), 1))
            self.assertEqual(self.folder(bench).stat().st_mode & 0o777, 0o700)
            self.assertEqual((self.folder(bench) / "000001").stat().st_mode & 0o777, 0o600)
            # The same file again is no new version; neither is one with errors.
            self.good(bench, "reload")
            bench.file.write_text("bench: [")
            self.assertEqual(bench.mbc("reload").returncode, 1)
            self.assertEqual(len(self.all(bench)), 1)
            self.assertEqual(sorted(path.name for path in self.folder(bench).iterdir()), ["000001"])
            bench.write(PLAIN + "  # warmer\n  U:\n    calc: 30\n")
            self.good(bench, "reload")
            both = self.all(bench)
            self.assertEqual([version["version"] for version in both], [1, 2])
            self.assertNotEqual(both[0]["hash"], both[1]["hash"])
            self.assertNotEqual(both[1]["who"], "-")
            self.assertEqual(bench.mbc("bench", "show", "1").stdout, first)
            told = self.good(bench, "bench", "diff", "1", "2")
            self.assertIn("\n+  U:\n", told)
            self.assertIn("channel 'U' is new", told)
            self.assertIn("the same", self.good(bench, "bench", "diff"))
            # What never ran is kept before it is overwritten.
            bench.file.write_text(bench.file.read_text() + "# scribbled\n")
            self.assertIn("+# scribbled", self.good(bench, "bench", "diff"))
            told = self.good(bench, "bench", "undo", "1")
            self.assertIn("kept as version 3", told)
            self.assertEqual(bench.file.read_text(), first)
            wait_for("it runs again", lambda: "U" not in bench.channels())
            self.assertIn("# scribbled", bench.mbc("bench", "show", "3").stdout)
            self.assertEqual([version["version"] for version in self.all(bench)], [1, 2, 3, 4])
            self.assertEqual(self.all(bench)[3]["hash"], one["hash"])
            for words in (("show", "99"), ("show", "x"), ("show", "1", "nothing.yaml"), ("diff", "0"), ("undo", "-1")):
                self.assertEqual(bench.mbc("bench", *words).returncode, 1, words)
        # (the folder is gone with the bench)

    def test_what_it_extends(self):
        """All that it was made from is kept, and comes back; a file outside of its folder is left to people."""
        with self.extending() as (bench, common, beside):
            [one] = self.all(bench)
            self.assertEqual(one["files"], 3)
            self.assertEqual(bench.mbc("bench", "show", "1", "../common.yaml").stdout, common.read_text())
            beside.write_text("channels: {B: {calc: 4}}\n")
            self.good(bench, "reload")
            wait_for("taken up", lambda: bench.value("B") == 4)
            told = self.good(bench, "bench", "diff", "1", "2")
            self.assertIn("+++ parts/beside.yaml", told)
            bench.process.stop()
            self.assertIn("does not run", self.good(bench, "bench", "undo"))
            self.assertEqual(beside.read_text(), "extends: ../../common.yaml\nchannels: {B: {calc: 2}}\n")
            was = common.read_text()
            common.write_text("channels: {C: {calc: 7}}\n")
            told = self.good(bench, "bench", "undo", "1", code=1)
            self.assertIn("mbc bench show 1 ../common.yaml", told)
            self.assertEqual(common.read_text(), "channels: {C: {calc: 7}}\n")
            common.write_text(was)
            # No link is followed.
            beside.unlink()
            beside.symlink_to(common)
            self.assertIn("is a link", self.good(bench, "bench", "undo", "1", code=1))
            self.assertEqual(common.read_text(), was)

    def extending(self):
        import contextlib

        @contextlib.contextmanager
        def run():
            bench = Bench("extending", PLAIN)
            inner = bench.folder / "inner"
            (inner / "parts").mkdir(parents=True)
            common, beside = bench.folder / "common.yaml", inner / "parts/beside.yaml"
            common.write_text("channels: {C: {calc: 1}}\n")
            beside.write_text("extends: ../../common.yaml\nchannels: {B: {calc: 2}}\n")
            bench.file = inner / "bench.yaml"
            bench.write("extends: parts/beside.yaml\n" + PLAIN)
            with bench:
                yield bench, common, beside
        return run()

    def test_a_damaged_version(self):
        with Bench("damaged", PLAIN) as bench:
            path = self.folder(bench) / "000001"
            good = path.read_bytes()
            for at in range(len(good)):
                if good[:at].count(b"\n") in (1, 2, 3, 4):  # time, bench, path, who: told as they are
                    continue
                path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
                if at % 7 == 0:
                    done = bench.mbc("bench", "show", "1")
                    self.assertEqual((done.returncode, done.stdout), (1, ""), at)
            path.write_bytes(good[:-1])
            self.assertIn("damaged", bench.mbc("bench", "show", "1").stderr)
            path.write_bytes(b"mbc bench version 2\n" + good.split(b"\n", 1)[1])
            self.assertIn("newer mbc", bench.mbc("bench", "show", "1").stderr)
            bench.write(PLAIN + "  U: {calc: 1}\n")
            self.good(bench, "reload")  # goes on beside it
            self.assertTrue((self.folder(bench) / "000002").exists())

    def test_no_room(self):
        """A folder that takes nothing: the bench takes its file up, and says so."""
        bench = Bench("noroom", PLAIN)
        (bench.folder / "state" / "noroom").mkdir(mode=0o700)
        (bench.folder / "state" / "noroom" / "versions").write_text("no folder\n")
        with bench:
            bench.process.wait_line("its version cannot be kept")
            wait_for("an event", lambda: "bench_version_lost" in bench.mbc("log", "--json").stdout)
            (bench.folder / "state" / "noroom" / "versions").unlink()
            self.good(bench, "reload")
            self.assertEqual(len(self.all(bench)), 1)

    def test_killed(self):
        """Whatever is left of a supervisor that was killed, the next one keeps its file."""
        with Bench("killed", PLAIN) as bench:
            (self.folder(bench) / "next").write_bytes(b"half of some")
            bench.write(PLAIN + "  U: {calc: 1}\n")
            self.good(bench, "reload")
            self.assertEqual(sorted(path.name for path in self.folder(bench).iterdir()), ["000001", "000002"])


class Protection(Base):
    def test_undo_asks_why(self):
        """Back to weaker protection: the same questions as for any file, and the version gets its number only when it is taken up."""
        self.begin("undo")
        port = self.device.port
        self.bench.write(text(port).replace("T_furn > 650 degC", "T_furn > 640 degC"))
        self.assertIn("read and runs", self.mbc("reload"))
        told = self.bench.mbc("bench", "diff", "1", "2").stdout
        self.assertIn("stronger: condition of trip 'too_hot'", told)
        done = self.bench.mbc("bench", "undo")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("weaker: condition of trip 'too_hot'", done.stdout)
        self.assertIn("T_furn > 650 degC", self.bench.file.read_text())
        count = len(self.bench.mbc("bench", "versions").stdout.splitlines())
        self.assertEqual(count, 2)  # it waits
        self.assertIn("read and runs", self.mbc("bench", "undo", "1", "--reason", "as it was"))
        self.assertEqual(len(self.bench.mbc("bench", "versions").stdout.splitlines()), 3)

    def test_undo_leaves_what_was_dropped(self):
        """A weaker file that was undone is kept, but it never ran: neither 'undo' nor 'diff' takes it for what runs."""
        self.begin("dropped")
        port = self.device.port
        first = self.bench.file.read_text()
        weak = text(port).replace("T_furn > 650 degC", "T_furn > 690 degC")
        self.bench.write(weak)
        self.assertNotEqual(self.bench.mbc("reload").returncode, 0)  # it waits for a reason
        done = self.bench.mbc("bench", "undo")
        self.assertIn("kept as version 2", done.stdout, done.stderr)
        self.assertEqual(self.bench.file.read_text(), first)
        self.assertIn("version 1 and now are the same", self.bench.mbc("bench", "diff").stdout)
        for _ in range(2):
            done = self.bench.mbc("bench", "undo")
            self.assertNotIn("690", self.bench.file.read_text(), done.stdout)
        said = self.bench.mbc("bench", "versions").stdout.splitlines()
        self.assertIn("(the newest)", said[0])
        self.assertIn("(never ran)", said[1])
        self.assertEqual(len(said), 2, said)
        # By its number it comes back, as any file that weakens protection: once there is a reason for it.
        done = self.bench.mbc("bench", "undo", "2")
        self.assertIn("weaker: condition of trip 'too_hot'", done.stdout, done.stderr)
        self.assertIn("690", self.bench.file.read_text())
        # Taken up, it is a version that ran, though its bytes are those of one that never did.
        self.assertIn("read and runs", self.mbc("reload", "--reason", "the oven is another"))
        said = self.bench.mbc("bench", "versions").stdout.splitlines()
        self.assertIn("(the newest)", said[2])
        self.assertEqual(self.bench.mbc("bench", "undo").returncode, 0)
        self.assertEqual(self.bench.file.read_text(), first)


del Base
if __name__ == "__main__":
    unittest.main()
