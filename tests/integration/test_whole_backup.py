"""A whole bench as one file: made while it runs, each byte watched over, secrets behind a passphrase, restored all or nothing; hostile files are refused."""
import contextlib
import datetime
import hashlib
import io
import itertools
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import termios
import time
import unittest

sys.dont_write_bytecode = True
from harness import MBC, PATIENCE_S, Bench, Process, wait_for  # noqa: E402

PLAIN = "channels:\n  T: {calc: 20}\n"
HISTORY = "history: {commit: 1s}\n"
PHRASE = "correct horse battery staple"
ALARM = "alarms: {hot: {when: T > 600, do: Look at it, priority: high, title: Hot}}  # so that there is something to ask for, and who did is on record\n"
SECRET = "Very-S3cret/wort"


def allowed():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))


class Whole(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mbc-whole-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.file = self.folder / "bench.mbc"
        self.phrase = self.folder / "phrase"
        self.phrase.write_text(PHRASE + "\n")
        self.phrase.chmod(0o600)

    def bench(self, name, text=PLAIN):
        bench = Bench(name, text)
        self.addCleanup(shutil.rmtree, bench.folder, ignore_errors=True)
        (bench.folder / "secrets").mkdir(mode=0o700)
        (bench.folder / "secrets/card").write_text(SECRET + "\n")
        (bench.folder / "secrets/card").chmod(0o600)
        return bench

    def run_mbc(self, *words, code=0, state=None, limit=PATIENCE_S * 2, **options):
        environment = dict(os.environ, MBC_RUN_DIR=str(self.folder / "run"), MBC_STATE_DIR=str(state or self.folder / "state"), MBC_USERS="one")
        done = subprocess.run([MBC, *map(str, words)], env=environment, capture_output=True, text=True, timeout=limit, cwd=self.folder, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def back_up(self, bench, *words, code=0):
        done = bench.mbc("backup", str(self.file), "--bench", bench.name, *map(str, words), limit=PATIENCE_S * 2)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def names(self):
        with tarfile.open(self.file) as tar:
            return tar.getnames()

    def restored_starts(self, into, name):
        environment = dict(os.environ, MBC_RUN_DIR=str(self.folder / "run"), MBC_STATE_DIR=str(self.folder / "state"), MBC_USERS="one")
        process = Process([MBC, "run", into / "bench.yaml"], env=environment, cwd=into)
        self.addCleanup(process.stop)
        process.wait_line(rf"bench '{name}': http://", "out")
        return process

    def test_there_and_back(self):
        """Made while it runs; restored on another computer it starts with its channels, runs, history and an audit that is whole."""
        body = HISTORY + PLAIN + "  U: {calc: \"21\"}\n" + ALARM
        bench = self.bench("there", body)
        with bench:
            bench.wait_good("T", "U")
            for words in (["record", "start", "--title", "ageing"], ["record", "note", "a note"], ["record", "stop"], ["reload"]):
                done = bench.mbc(*words)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            wait_for("it is on record", lambda: bench.mbc("audit", "--act", "reload").stdout)
            wait_for("something is recorded", lambda: "20" in bench.mbc("export", "--format", "csv", "--raw", "T").stdout)
            control = bench.pids()["control"]
            told = self.back_up(bench, "--with-history", "--passphrase-file", self.phrase)
            self.assertIn("read back and found good", told)
            self.assertEqual(bench.pids()["control"], control)
            ids = {channel["name"]: channel.get("id") for channel in bench.get("/api/v1/channels")["channels"]}
            exported = bench.mbc("export", "--format", "csv", "--raw", "T").stdout
            runs = bench.mbc("record", "list").stdout
            events = bench.mbc("log").stdout.splitlines()[:3]
        self.assertIn("ageing", runs)
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["bench.mbc", "phrase"])
        data = self.file.read_bytes()
        self.assertNotIn(SECRET.encode(), data)
        self.assertNotIn(PHRASE.encode(), data)
        self.assertIn("good", self.run_mbc("backup", "verify", self.file))
        self.assertIn("can be read", self.run_mbc("backup", "verify", self.file, "--passphrase-file", self.phrase))
        # Without mbc.
        out = self.folder / "by-hand"
        out.mkdir()
        subprocess.run(["tar", "xf", self.file, "-C", out], check=True)
        done = subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "manifest.txt"], cwd=out, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual((out / "bench/bench.yaml").read_text(), bench_text(bench.name, body))
        into = self.folder / "into"
        dry = self.run_mbc("restore", self.file, "--into", into, "--dry-run", "--passphrase-file", self.phrase)
        self.assertIn("nothing was written", dry)
        self.assertFalse(into.exists() or (self.folder / "state/there").exists())
        told = self.run_mbc("restore", self.file, "--into", into, "--passphrase-file", self.phrase)
        self.assertIn(f"mbc run {into}/bench.yaml", told)
        self.assertEqual((into / "secrets/card").read_text(), SECRET + "\n")
        self.assertEqual((into / "secrets/card").stat().st_mode & 0o777, 0o600)
        self.assertEqual((into / "secrets").stat().st_mode & 0o777, 0o700)
        self.assertIn("none changed, none missing", self.run_mbc("audit", "verify", "--bench", "there"))
        self.assertEqual(self.run_mbc("record", "list", "--bench", "there"), runs)
        self.assertIn(exported.splitlines()[-1], self.run_mbc("export", "--format", "csv", "--raw", "--bench", "there", "T"))
        self.assertEqual(self.run_mbc("log", "--bench", "there").splitlines()[:3], events)
        self.restored_starts(into, "there")
        said = self.run_mbc("get", "--json", "--bench", "there")
        self.assertIn('"U"', said)
        self.assertIn("none changed, none missing", self.run_mbc("audit", "verify", "--bench", "there"))
        for name, number in ids.items():
            if number is not None:
                self.assertIn(str(number), said)
        refused = self.run_mbc("restore", self.file, "--into", self.folder / "other", code=1)
        self.assertIn("is running", refused)

    def test_without_a_passphrase(self):
        bench = self.bench("open")
        with bench:
            told = self.back_up(bench)
        self.assertIn("with secrets, accounts or keys of certificates left out", told)
        self.assertIn("without its history", told)
        self.assertNotIn(SECRET.encode(), self.file.read_bytes())
        self.assertFalse([name for name in self.names() if "card" in name or name.startswith("history/")])
        self.assertIn("it has no secrets in it", self.run_mbc("backup", "verify", self.file, "--passphrase-file", self.phrase, code=1))
        into = self.folder / "into"
        told = self.run_mbc("restore", self.file, "--into", into)
        self.assertIn("it has no secrets", told)
        self.assertFalse((into / "secrets").exists())
        self.restored_starts(into, "open")

    def test_accounts_and_keys(self):
        """The keys of certificates and the passwords of accounts are in it behind the passphrase alone, and come back."""
        bench = self.bench("doors")
        bench.file.write_text(re.sub(r'listen: "?127.0.0.1:\d+"?', 'listen: "127.0.0.1:0", tls: own', bench.file.read_text()))
        state = bench.folder / "state/doors"
        process = Process([MBC, "run", bench.file], env=bench.environment, cwd=bench.folder)
        self.addCleanup(process.stop)
        wait_for("it has a certificate", lambda: (state / "certificate.pem").exists())
        done = subprocess.run([MBC, "user", "add", "--role", "root", "maria", "--bench", "doors"], input="correct horse battery\n", text=True, env=bench.environment,
                              cwd=bench.folder, capture_output=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.back_up(bench)
        for name in ("certificate.pem", "accounts"):
            self.assertNotIn((state / name).read_bytes().splitlines()[-2 if "pem" in name else 0], self.file.read_bytes(), name)
            self.assertNotIn("state/" + name, self.names())
        self.file.unlink()
        self.back_up(bench, "--passphrase-file", self.phrase)
        self.assertNotIn((state / "certificate.pem").read_bytes().splitlines()[-2], self.file.read_bytes())
        kept = {name: (state / name).read_bytes() for name in ("certificate.pem", "accounts")}
        process.stop()
        self.run_mbc("restore", self.file, "--into", self.folder / "into", "--passphrase-file", self.phrase)
        for name, data in kept.items():
            self.assertEqual((self.folder / "state/doors" / name).read_bytes(), data)
            self.assertEqual((self.folder / "state/doors" / name).stat().st_mode & 0o777, 0o600)

    def test_passphrases(self):
        bench = self.bench("phrases")
        with bench:
            self.phrase.chmod(0o644)
            self.assertIn("chmod 600", self.back_up(bench, "--passphrase-file", self.phrase, code=1))
            self.phrase.chmod(0o600)
            self.phrase.write_text("short\n")
            self.assertIn("longer one", self.back_up(bench, "--passphrase-file", self.phrase, code=1))
            self.assertFalse(self.file.exists())
            self.phrase.write_text(PHRASE)
            self.back_up(bench, "--passphrase-file", self.phrase)
        self.phrase.write_text(PHRASE + "x\n")
        for words in (["backup", "verify", self.file], ["restore", self.file, "--into", self.folder / "into"]):
            self.assertIn("passphrase is another one", self.run_mbc(*words, "--passphrase-file", self.phrase, code=1))
        self.assertFalse((self.folder / "into").exists() or (self.folder / "state/phrases").exists())
        self.assertIn("can be read", self.run_mbc("backup", "verify", self.file, "--passphrase-file", "-", input=PHRASE + "\n"))

    def test_each_byte(self):
        """Some hundred bytes, changed one at a time, a cut at some hundred places, and blocks that change places: all of it is found."""
        bench = self.bench("bytes")
        with bench:
            self.back_up(bench, "--passphrase-file", self.phrase)
        good = self.file.read_bytes()
        chance = random.Random(4)
        places = {chance.randrange(len(good)) for _ in range(60)} | set(range(0, 512, 37)) | {len(good) - 1, len(good) - 1024, len(good) - 1025}
        bad = self.folder / "bad.mbc"
        for at in sorted(places):
            bad.write_bytes(good[:at] + bytes([good[at] ^ (1 << chance.randrange(8))]) + good[at + 1:])
            told = self.run_mbc("backup", "verify", bad, code=1)
            self.assertRegex(told, r"damaged near byte \d+|newer mbc", at)
        for at in [0, 1, 511, 512, len(good) - 512, len(good) - 1] + [chance.randrange(len(good)) for _ in range(12)]:
            bad.write_bytes(good[:at])
            self.run_mbc("backup", "verify", bad, code=1)
        bad.write_bytes(good + b"\0" * 512)
        self.run_mbc("backup", "verify", bad, code=1)
        bad.write_bytes(good[:1024] + good[1536:2048] + good[1024:1536] + good[2048:])
        self.run_mbc("restore", bad, "--into", self.folder / "into", code=1)
        self.assertFalse((self.folder / "into").exists())

    def test_the_secrets_of_another_backup(self):
        """Everything else changed by who can make new sums, but has no passphrase."""
        bench = self.bench("forged")
        with bench:
            self.back_up(bench, "--passphrase-file", self.phrase)
        entries = self.entries()
        self.pack([(name, data.replace(b"calc: 20", b"calc: 99")) for name, data in entries])
        self.run_mbc("backup", "verify", self.file)
        told = self.run_mbc("restore", self.file, "--into", self.folder / "into", "--passphrase-file", self.phrase, code=1)
        self.assertIn("sealed for another backup", told)

    def entries(self):
        with tarfile.open(self.file) as tar:
            return [(member.name, tar.extractfile(member).read()) for member in tar if member.name != "manifest.txt"]

    def pack(self, entries, change=None, extra=(), manifest=None):
        """A backup as mbc writes it, by Python; change: of each head."""
        lines = "# mbc backup manifest 1\n" + "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in entries)
        lines += f"# sum {hashlib.sha256(lines.encode()).hexdigest()}\n"
        with open(self.file, "wb") as out:
            for name, data in [*entries, ("manifest.txt", (manifest or lines).encode())]:
                info = tarfile.TarInfo(name)
                info.size, info.mode, info.mtime = len(data), 0o600, 1_800_000_000
                if change is not None:
                    change(info)
                head = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
                # Python leaves out what we write: numbers of devices are empty with us.
                head[329:345] = bytes(16)
                head[148:156] = b" " * 8
                head[148:156] = b"%06o\0 " % sum(head)
                out.write(bytes(head) + data + bytes(-len(data) % 512))
            for piece in extra:
                out.write(piece)
            out.write(bytes(1024))

    def test_hostile_names(self):
        bench = self.bench("hostile")
        with bench:
            self.back_up(bench)
        good = self.entries()
        self.pack(good)
        self.run_mbc("backup", "verify", self.file)  # what follows is refused for what it is
        into = self.folder / "into"

        def refused(pattern):
            told = self.run_mbc("restore", self.file, "--into", into, code=1)
            self.assertRegex(told, pattern)
            self.assertFalse(into.exists() or (self.folder / "state/hostile").exists())

        for name in ("../x", "/etc/x", "bench/../../x", "bench/..", "bench//x", "bench/./x", "bench/a\\..\\x", "state/audit/../../../x", "bench/x/"):
            self.pack([*good, (name, b"x")])
            refused("leads out of the folder|not as 'mbc backup' writes it|folder")
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, b"x", b"L", b"7"):
            def change(info, kind=kind):
                if info.name == "bench/x":
                    info.type, info.linkname = kind, "/etc/passwd"
            self.pack([*good, ("bench/x", b"")], change)
            refused("is a link|is a device|is a folder|is a pipe|no plain file|the name 'bench/x/' leads out")
        for attribute, value in (("mode", 0o4755), ("uid", 1), ("uname", "root"), ("linkname", "x")):
            self.pack(good, lambda info, a=attribute, v=value: setattr(info, a, v))
            refused("not as 'mbc backup' writes it")
        self.pack([*good, ("bench/bench.yaml", b"again")])
        refused("twice")
        self.pack([*good, ("bench/bench.yaml/x", b"again")])
        refused("twice")
        # Found where it begins: what follows it is not looked at.
        self.pack([*good, ("sealed.bin", b"x"), ("sealed.bin", b"x"), *good[1:]], manifest="# mbc backup manifest 1\n")
        refused("'sealed.bin' stands in it twice")
        self.pack(good[1:])
        refused("its first file is another")
        self.pack([("about.txt", good[0][1].replace(b"mbc backup 1", b"mbc backup 2")), *good[1:]])
        refused("newer mbc")
        for was, becomes in ((b"bench hostile", b"bench ../../x"), (b"bench hostile", b"bench .x"), (b"file bench.yaml", b"file ../x"), (b"folder /", b"folder x/")):
            self.assertIn(was, good[0][1])
            self.pack([("about.txt", good[0][1].replace(was, becomes, 1)), *good[1:]])
            refused("does not tell what it is")
        self.pack(good, manifest="# mbc backup manifest 1\n")
        refused("manifest")
        for data in (b"", b"\0" * 1024, b"\0" * 10240, os.urandom(4096), b"mbc backup 1\n"):
            self.file.write_bytes(data)
            refused("damaged|no tar")

    def test_what_is_there_stays(self):
        """A target with something in it is refused; with --over it is moved aside."""
        bench = self.bench("stays")
        with bench:
            self.back_up(bench)
        into = self.folder / "into"
        into.mkdir()
        (into / "mine.txt").write_text("mine")
        self.assertIn("not empty", self.run_mbc("restore", self.file, "--into", into, code=1))
        self.assertEqual((into / "mine.txt").read_text(), "mine")
        (into / "mine.txt").unlink()
        self.run_mbc("restore", self.file, "--into", into)  # an empty one
        (into / "bench.yaml").write_text("changed")
        self.assertIn("not empty", self.run_mbc("restore", self.file, "--into", self.folder / "new", code=1))  # what it remembers
        told = self.run_mbc("restore", self.file, "--into", into, "--over")
        self.assertIn("lies in", told)
        [aside] = self.folder.glob("into.until-*")
        self.assertEqual((aside / "bench.yaml").read_text(), "changed")
        self.assertEqual(len(list((self.folder / "state").glob(".stays.until-*"))), 1)
        self.assertIn("T:", (into / "bench.yaml").read_text())
        self.assertNotIn("not in the backup", told)
        # Names of these seconds are taken: each gets another one. What is not the bench's own goes along, and is told.
        now = datetime.datetime.now(datetime.timezone.utc)
        for seconds in range(-2, 120):
            taken = self.folder / f"into.until-{now + datetime.timedelta(seconds=seconds):%Y-%m-%dT%H-%M-%SZ}"
            taken.mkdir(exist_ok=True)
            (taken / "taken").touch()
        (into / "mine.txt").write_text("mine")
        (into / "other").mkdir()
        for words in ([], ["--dry-run"]):
            told = self.run_mbc("restore", self.file, "--into", into, "--over", *words)
            self.assertRegex(told, r"until-\S+Z-[23]'")
            if not words:
                self.assertRegex(told, r"2 of that are not in the backup, '(mine.txt|other)' among them")
        [aside] = self.folder.glob("into.until-*Z-2")
        self.assertEqual((aside / "mine.txt").read_text(), "mine")
        self.restored_starts(into, "stays")  # the only bench of this user

    def test_versions_of_a_restored_bench(self):
        """What is restored elsewhere is a bench of its own: undo, secrets and backups leave the one that was copied alone."""
        bench = self.bench("copied")
        with bench:
            first = bench.file.read_text()
            bench.write(PLAIN + "  U: {calc: 1}\n")
            self.assertEqual(bench.mbc("reload").returncode, 0)
            second = bench.file.read_text()
            self.back_up(bench)
            into = self.folder / "into"
            self.run_mbc("restore", self.file, "--into", into)
            self.assertNotIn(str(bench.folder), self.run_mbc("bench", "versions", "--bench", "copied"))
            self.assertIn(f"{into}/bench.yaml", self.run_mbc("bench", "undo", "--bench", "copied"))
            self.assertEqual(bench.file.read_text(), second)
            self.assertEqual((into / "bench.yaml").read_text(), first)
            self.run_mbc("secret", "set", "card", "--bench", "copied", input="Another-S3cret\n")
            self.assertEqual((bench.folder / "secrets/card").read_text(), SECRET + "\n")
            self.assertEqual((into / "secrets/card").read_text(), "Another-S3cret\n")
            (into / "bench.yaml").write_text(first + "# of the copy\n")
            self.run_mbc("backup", self.folder / "second.mbc", "--bench", "copied")
            with tarfile.open(self.folder / "second.mbc") as tar:
                self.assertIn(b"# of the copy", tar.extractfile("bench/bench.yaml").read())
            # A version of another place is put nowhere.
            path = self.folder / "state/copied/versions/000001"
            path.write_bytes(path.read_bytes().replace(f"path {into}/bench.yaml".encode(), f"path {bench.file}".encode(), 1))
            self.assertIn("by hand", self.run_mbc("bench", "undo", "1", "--bench", "copied", code=1))
            self.assertEqual(bench.file.read_text(), second)

    def test_places_in_each_other(self):
        """A folder that has that of state in it, or lies in it, would move what was just restored aside."""
        bench = self.bench("nested")
        with bench:
            self.back_up(bench)
        home = self.folder / "home"
        state = home / "state"
        state.mkdir(parents=True)
        (home / "mine.txt").write_text("mine")
        (self.folder / "link").symlink_to(home)
        for into in (home, state, state / "nested", state / "nested/bench", self.folder / "link", self.folder / "link/state/nested/x", self.folder / "a/../home"):
            for words in ([], ["--over"], ["--over", "--dry-run"]):
                self.assertIn("one in the other", self.run_mbc("restore", self.file, "--into", into, *words, state=state, code=1))
        self.assertEqual(sorted(path.name for path in home.rglob("*")), ["mine.txt", "state"])
        self.run_mbc("restore", self.file, "--into", home / "state-of-mine", state=state)

    def test_other_benches_beside(self):
        """A bench that extends ../common.yaml: its backup begins where other benches are too, and those stay."""
        bench = self.bench("shared")
        inner = bench.folder / "benches/inner"
        inner.mkdir(parents=True)
        (bench.folder / "benches/common.yaml").write_text("channels: {C: {calc: 1}}\n")
        bench.file = inner / "bench.yaml"
        bench.write("extends: ../common.yaml\n" + PLAIN)
        with bench:
            self.back_up(bench)
        into = self.folder / "into"
        self.run_mbc("restore", self.file, "--into", into)
        self.assertEqual(sorted(str(path.relative_to(into)) for path in into.rglob("*")), ["common.yaml", "inner", "inner/bench.yaml"])
        (into / "inner/notes.txt").write_text("of the bench itself")
        self.run_mbc("restore", self.file, "--into", into, "--over")
        for other in ("other/bench.yaml", "readme.txt", "inner.txt"):
            (into / other).parent.mkdir(exist_ok=True)
            (into / other).write_text("of somebody else")
            told = self.run_mbc("restore", self.file, "--into", into, "--over", code=1)
            self.assertIn("is not in the backup", told)
            self.assertIn("--into", told)
            self.assertEqual((into / other).read_text(), "of somebody else")
            (into / other).unlink()
            if other.startswith("other"):
                (into / "other").rmdir()
        self.run_mbc("restore", self.file, "--into", into, "--over", "--dry-run")

    def test_edited_and_not_reloaded(self):
        """What an edited bench file newly names is not in the backup: that is told, with its name, until it is taken up."""
        bench = self.bench("edited")
        (bench.folder / "more.yaml").write_text("channels: {M: {calc: 1}}\n")
        with bench:
            self.assertNotIn("warning", self.back_up(bench))
            bench.write("extends: more.yaml\n" + PLAIN)
            told = self.back_up(bench)
            self.assertRegex(told, "'bench.yaml' has been edited since .*version 1.*'mbc reload' first")
            self.assertEqual(bench.mbc("reload").returncode, 0)
            self.assertNotIn("warning", self.back_up(bench))
            self.assertIn("bench/more.yaml", self.names())
            (bench.folder / "more.yaml").write_text("channels: {M: {calc: 2}}\n")
            self.assertRegex(self.back_up(bench), "'more.yaml' has been edited since")

    def test_the_terminal_after_a_signal(self):
        """Who gives up at the passphrase, or at a secret, has a terminal that shows what is typed."""
        bench = self.bench("hidden")
        with bench:
            self.back_up(bench, "--passphrase-file", self.phrase)
            commands = ([["backup", "verify", self.file, "--passphrase-file", "-"], "Passphrase: "], [["secret", "set", "card", "--file", bench.file], "card: "])
            for (words, prompt), number in itertools.product(commands, (signal.SIGINT, signal.SIGTERM)):
                ours, theirs = os.openpty()
                self.addCleanup(os.close, ours)
                before = termios.tcgetattr(theirs)
                process = subprocess.Popen([MBC, *map(str, words)], env=bench.environment, stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                self.addCleanup(process.stderr.close)
                self.addCleanup(process.kill)
                self.assertEqual(os.read(process.stderr.fileno(), 100).decode(), prompt)
                wait_for("no echo", lambda: not termios.tcgetattr(theirs)[3] & termios.ECHO)
                process.send_signal(number)
                self.assertEqual(process.wait(PATIENCE_S), -number)
                self.assertEqual(termios.tcgetattr(theirs), before)
                os.close(theirs)

    def test_the_mark_of_a_restore(self):
        """A kill leaves the mark: no bench starts with it, and no restore deletes what bears it."""
        bench = self.bench("marked")
        with bench:
            self.back_up(bench)
        into, state = self.folder / "into", self.folder / "state/marked"
        self.run_mbc("restore", self.file, "--into", into)
        (state / "restoring").write_text("")
        (state / "mine.txt").write_text("remembered since")
        environment = dict(os.environ, MBC_RUN_DIR=str(self.folder / "run"), MBC_STATE_DIR=str(self.folder / "state"), MBC_USERS="one")
        process = Process([MBC, "run", into / "bench.yaml"], env=environment, cwd=into)
        self.addCleanup(process.stop)
        process.wait_line("was broken off")
        self.assertNotEqual(process.popen.wait(PATIENCE_S), 0)
        self.run_mbc("restore", self.file, "--into", into, "--over")
        [aside] = (self.folder / "state").glob(".marked.until-*")
        self.assertEqual((aside / "mine.txt").read_text(), "remembered since")
        self.assertFalse((state / "restoring").exists())
        self.restored_starts(into, "marked")

    def test_a_full_disk(self):
        """What cannot be written leaves nothing, and a backup that is there as it was."""
        bench = self.bench("full")
        with bench:
            self.back_up(bench)
            good = self.file.read_bytes()
            done = subprocess.run([MBC, "backup", str(self.file), "--bench", "full"], env=bench.environment, capture_output=True, text=True, preexec_fn=allowed,
                                  timeout=PATIENCE_S * 2)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertIn("free some room", done.stderr)
        self.assertEqual(self.file.read_bytes(), good)
        into = self.folder / "into"
        told = self.run_mbc("restore", self.file, "--into", into, code=2, preexec_fn=allowed)
        self.assertIn("nothing was restored", told)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["bench.mbc", "phrase", "run", "state"])
        self.assertEqual(list((self.folder / "state").iterdir()), [])
        self.run_mbc("restore", self.file, "--into", into)

    def test_killed(self):
        """A kill at any moment: the backup that was there stays whole, and a restore is there or not; the next one goes through."""
        bench = self.bench("killed", HISTORY + PLAIN)
        chance = random.Random(9)
        with bench:
            self.back_up(bench)
            for _ in range(12):
                process = subprocess.Popen([MBC, "backup", str(self.file), "--with-history", "--bench", "killed"], env=bench.environment,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(chance.random() * 0.1)
                process.kill()
                process.wait()
                self.run_mbc("backup", "verify", self.file)
            wait_for("a backup", lambda: bench.mbc("backup", str(self.file), "--with-history", "--bench", "killed", limit=PATIENCE_S * 2).returncode == 0)
        environment = dict(os.environ, MBC_RUN_DIR=str(self.folder / "run"), MBC_STATE_DIR=str(self.folder / "state"), MBC_USERS="one")
        into = self.folder / "into"
        for _ in range(12):
            process = subprocess.Popen([MBC, "restore", str(self.file), "--into", str(into)], env=environment, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(chance.random() * 0.2)
            process.kill()
            process.wait()
            if into.exists():
                self.assertTrue((into / "bench.yaml").exists())
                break
        if not into.exists():
            self.run_mbc("restore", self.file, "--into", into)
        self.restored_starts(into, "killed")


def bench_text(name, text):
    return f'bench: {name}\nserve: {{listen: "127.0.0.1:0"}}\n{text}\n'


if __name__ == "__main__":
    unittest.main()
