"""Each process can do only its own work: what confines it, what a data server that was taken over can still do, who runs as whom."""
import contextlib
import fcntl
import http.server
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import threading
import unittest
import urllib.request

from harness import BUILD, PATIENCE_S, ROOT, Device, Process, children, copy_programs, need_peer, wait_for
from test_accounts import PASSWORD, Client

USERS = ("mbc-compile", "mbc-control", "mbc-serve", "mbc-query", "mbc-gate", "mbc-history", "mbc-helper")  # who is in a group goes before it
IS_ROOT = os.geteuid() == 0
IS_SANITIZED = "libasan" in subprocess.run(["ldd", str(BUILD / "mbc-control")], capture_output=True, text=True).stdout \
    or b"__asan_init" in (BUILD / "mbc-control").read_bytes()
ATTEMPTS = 51  # at least so many are made

LOCK = "/tmp/mbc-test-users.lock"

made = []


def setUpModule():
    """The users of an installation; those that are not there are made for the time of these tests, of one run at a time."""
    if not IS_ROOT:
        return
    lock = open(LOCK, "w")  # noqa: SIM115 (held until this process ends)
    fcntl.flock(lock, fcntl.LOCK_EX)
    made.append(lock)
    missing = [name for name in USERS if not has_user(name)]
    subprocess.run([ROOT / "tools/users.sh"], check=True, stdout=subprocess.DEVNULL)
    made.extend(missing)


def tearDownModule():
    for name in made[1:]:  # by force: benches of other tests that run beside these have taken them up
        subprocess.run(["userdel", "--force", name], check=True, stderr=subprocess.DEVNULL)


def has_user(name):
    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(name))
    return False


def status(pid):
    """What the kernel tells about a process."""
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


class Place:
    """A folder of programs that every user may run, and a bench in it."""

    def __init__(self, case, serve="mbc-serve", victim="mbc-serve"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mbc-test-"))
        case.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        copy_programs(self.folder)
        self.public = ', public: {listen: "127.0.0.1:0", channels: [dev.a]}' if victim == "mbc-public" else ""
        if serve != "mbc-serve":
            shutil.copy(BUILD / "tests/integration" / serve, self.folder / victim)
        for name in ("run", "state"):
            (self.folder / name).mkdir(mode=0o755)  # as /var/lib/mbc: the bench's own folder in it is closed
        self.environment = dict(os.environ, MBC_RUN_DIR=str(self.folder / "run"), MBC_STATE_DIR=str(self.folder / "state"))
        self.environment.pop("MBC_USERS", None)
        self.file = self.folder / "bench.yaml"
        self.device = case.enterContext(Device({3: 7}))
        self.write()
        self.case = case

    def write(self, mode=0o644, title="first", more=""):
        self.file.write_text(f"""bench: cell
title: {title}
serve: {{listen: "127.0.0.1:0"{self.public}}}
links: {{io: {{tcp: "localhost:{self.device.port}"}}}}
instruments:
  pc: {{use: system}}
  dev: {{use: modbus, link: io, every: 100 ms, channels: {{a: {{read: {{holding: 3}}, unit: degC}}}}}}
{more}
""")
        self.file.chmod(mode)

    def start(self, **more):
        process = Process([self.folder / "mbc", "run", self.file], env=self.environment | more, cwd=self.folder)
        self.case.addCleanup(process.stop)
        process.wait_line("bench 'cell': http://", "out")
        wait_for("a value", lambda: self.mbc("get", "dev.a").stdout.strip() == "7 degC")
        return process

    def mbc(self, *words):
        return subprocess.run([str(self.folder / "mbc"), *words], env=self.environment, capture_output=True, text=True,
                              timeout=PATIENCE_S, cwd=self.folder)


def pids(supervise):
    found = {"supervise": supervise}
    for child in children(supervise):
        found[pathlib.Path(f"/proc/{child}/comm").read_text().strip().removeprefix("mbc-")] = child
    return found


def told_by_doctor(place, *names):
    """What doctor says, when each of these processes has said what confines it: one that has just started has not yet."""
    def look():
        text = place.mbc("doctor").stdout
        return all(re.search(rf"^  (good|MIND)  {name}: user ", text, re.M) for name in names) and text
    return wait_for("they say what confines them", look)


class Confined(unittest.TestCase):
    def test_who_copies_runs_is_confined_too(self):
        place = Place(self)
        share = place.folder / "share"
        place.write(more=f"record: {{copy_to: '{share}'}}")
        supervise = place.start().pid
        wait_for("it runs", lambda: "copy" in pids(supervise))
        told_by_doctor(place, "copy")
        told = status(pids(supervise)["copy"])
        self.assertEqual((int(told["CapEff"], 16), told["NoNewPrivs"], told["Seccomp"]), (0, "1", "0" if IS_SANITIZED else "2"))
        if IS_ROOT:
            self.assertEqual({int(uid) for uid in told["Uid"].split()}, {pwd.getpwnam("mbc-history").pw_uid})
        doctor = place.mbc("doctor").stdout
        self.assertRegex(doctor, r"(?m)^  (good|MIND)  copy: user \S+, .*capabilities none")
        for words in (("start",), ("stop",)):
            wait_for(" ".join(words), lambda words=words: place.mbc("record", *words).returncode == 0)
        share.mkdir()
        share.chmod(0o777)
        wait_for("the run is there", lambda: os.listdir(share) == ["run-1"])
        self.assertIn("values.csv", os.listdir(share / "run-1"))

    def test_who_writes_to_an_influxdb_is_confined_too(self):
        """It may talk and read, and keeps its place; an import is made by nobody's rights and belongs to the recorder."""
        got = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                got.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = Place(self)
        place.write(more=f"history: {{influx: {{url: 'http://localhost:{server.server_port}', database: lab}}}}")
        supervise = place.start().pid
        wait_for("lines come", lambda: any(b"dev.a," in body for body in got))
        told = status(pids(supervise)["influx"])
        self.assertEqual((int(told["CapEff"], 16), told["NoNewPrivs"], told["Seccomp"]), (0, "1", "0" if IS_SANITIZED else "2"))
        if IS_ROOT:
            self.assertEqual({int(uid) for uid in told["Uid"].split()}, {pwd.getpwnam("mbc-history").pw_uid})
        self.assertRegex(place.mbc("doctor").stdout, r"(?m)^  (good|MIND)  influx: user \S+, .*capabilities none")
        history = place.folder / "state/cell/history"
        wait_for("its place is kept", lambda: (history / "influx.place2").stat().st_size > 0)
        (place.folder / "old.lp").write_text("old value=1 1700000000000000000\n")
        done = place.mbc("history", "import", "old.lp")
        self.assertEqual(done.returncode, 0, done.stderr)
        if IS_ROOT:
            self.assertEqual({path.stat().st_uid for path in history.glob("import-*")}, {pwd.getpwnam("mbc-history").pw_uid})
        self.assertIn("1", place.mbc("export", "old").stdout)

    def test_every_process_is_confined_and_doctor_says_so(self):
        place = Place(self)
        running = pids(place.start().pid)
        wait_for("all of them", lambda: {"history", "query"} <= set(pids(running["supervise"])))
        told_by_doctor(place, "compile", "control", "serve", "history", "query")
        running = pids(running["supervise"])
        for name in ("control", "serve", "history", "query"):
            with self.subTest(name):
                told = status(running[name])
                self.assertEqual({key: int(told[key], 16) for key in ("CapEff", "CapPrm", "CapInh", "CapAmb")},
                                 dict.fromkeys(("CapEff", "CapPrm", "CapInh", "CapAmb"), 0))
                self.assertEqual(told["NoNewPrivs"], "1")
                self.assertEqual(os.getsid(running[name]), running[name], "it has the terminal of its supervisor")
                if os.access(f"/proc/{running[name]}/fd", os.R_OK | os.X_OK):
                    self.assertEqual({os.readlink(f"/proc/{running[name]}/fd/{n}") for n in (0, 1)}, {"/dev/null"})
                self.assertEqual(told["Seccomp"], "0" if IS_SANITIZED else "2")
                if IS_ROOT:
                    self.assertEqual(int(told["CapBnd"], 16), 0)
                    self.assertEqual({int(uid) for uid in told["Uid"].split()}, {pwd.getpwnam(f"mbc-{name}").pw_uid})
        if IS_ROOT:
            wanted = sum(1 << bit for bit in (5, 6, 7, 8, 23))  # kill, setgid, setuid, setpcap, sys_nice
            self.assertEqual(int(status(running["supervise"])["CapPrm"], 16) & ~wanted, 0)
        doctor = place.mbc("doctor")
        self.assertEqual(doctor.returncode, 0, doctor.stderr)
        for name in ("compile", "control", "serve", "history", "query"):
            line = re.search(rf"^  (good|MIND)  {name}: user (\S+), (.*)$", doctor.stdout, re.M)
            self.assertIsNotNone(line, doctor.stdout)
            self.assertIn("capabilities none", line[3])
            self.assertIn("seccomp off (sanitizer build)" if IS_SANITIZED else "seccomp on", line[3])
            if IS_ROOT:
                self.assertEqual(line[2], f"mbc-{name}")
        self.assertEqual("good  users:" in doctor.stdout, IS_ROOT, doctor.stdout)
        self.assertNotIn("sandbox:", doctor.stdout)

    def test_what_one_process_recorded_another_one_reads(self):
        place = Place(self)
        process = place.start()
        port = int(re.search(r":(\d+)/", process.find("http://", "out")[0])[1])

        def ask():
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/history/dev.a?raw=1&zone=Europe/Paris") as answer:
                return json.load(answer)["channels"][0]["samples"]
        self.assertEqual(wait_for("an answer", ask)[-1][1], 7)
        store = place.folder / "state/cell/history"
        if IS_ROOT:
            self.assertEqual({path.owner() for path in store.iterdir()}, {"mbc-history"})
            self.assertEqual({path.stat().st_mode & 0o7 for path in (store, *store.iterdir())}, {0})
        done = place.mbc("export", "dev.a")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1].split(",")[1]), (0, "7"), done.stderr)
        process.stop()
        if IS_ROOT:
            self.assertEqual({path.owner() for path in store.iterdir()}, {"mbc-history"}, "who read has left files")

    @unittest.skipUnless(IS_ROOT, "only root can start processes as other users")
    def test_file_that_is_closed_to_the_compiler_is_read_as_its_owner(self):
        place = Place(self)
        place.write(mode=0o600)
        place.start()
        doctor = place.mbc("doctor")
        self.assertRegex(doctor.stdout, r"compile: user root, ")
        self.assertIn("chmod o+r", doctor.stdout)
        place.write(mode=0o644, title="second")
        answer = place.mbc("reload")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertRegex(place.mbc("doctor").stdout, r"compile: user mbc-compile, ")

    @unittest.skipUnless(IS_ROOT, "only root can start processes as other users")
    def test_link_of_another_to_a_closed_file_is_not_read_as_its_owner(self):
        place = Place(self)
        secret = place.folder / "secret"
        secret.write_text("root: hash-of-root\n")
        secret.chmod(0o600)
        good = place.file.read_text()
        process = place.start()
        place.file.unlink()
        place.file.symlink_to(secret)
        os.chown(place.file, 65534, 65534, follow_symlinks=False)
        answer = place.mbc("reload")
        self.assertNotEqual(answer.returncode, 0)
        process.wait_line("chmod o\\+r", "err")
        self.assertEqual(place.mbc("get", "dev.a").stdout.strip(), "7 degC")
        done = subprocess.run([str(place.folder / "mbc"), "run", place.file], env=place.environment, capture_output=True, text=True,
                              timeout=PATIENCE_S, cwd=place.folder)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("chmod o+r", done.stderr)
        self.assertNotIn("hash-of-root", done.stderr + process.text())
        secret.write_text(good.replace("first", "second"))
        os.chown(place.file, 0, 0, follow_symlinks=False)  # root's own link
        self.assertEqual(place.mbc("reload").returncode, 0)

    @unittest.skipUnless(IS_ROOT, "only root can start processes as other users")
    def test_programs_in_a_closed_folder_run_as_one_user(self):
        place = Place(self)
        place.folder.chmod(0o700)
        process = place.start()
        process.wait_line("process 'control': the user 'mbc-control' cannot run", "err")
        doctor = place.mbc("doctor")
        self.assertRegex(doctor.stdout, r"MIND  users: .*taken over")
        self.assertRegex(doctor.stdout, r"control: user root, ")


    @unittest.skipUnless(IS_ROOT, "only root can start processes as other users")
    def test_helper_has_a_user_of_its_own_and_no_rights(self):
        place = Place(self)
        program = place.folder / "helper.py"
        program.write_text("#!/usr/bin/python3\nfor line in open(0):\n    print('ok 5')\n")
        program.chmod(0o755)
        place.file.write_text(place.file.read_text().replace("}}\ninstr", "}, h: {helper: [helper.py]}}\ninstr").replace(
            "\n  dev:", "\n  h: {use: helper, link: h, channels: {a: {read: {channel: a}}}}\n  dev:"))
        process = place.start()
        wait_for("its value", lambda: place.mbc("get", "h.a").stdout.strip() == "5")
        pid = next(child for child in children(process.pid) if b"helper.py" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes())
        told = status(pid)
        self.assertEqual({int(uid) for uid in told["Uid"].split()}, {pwd.getpwnam("mbc-helper").pw_uid})
        self.assertNotIn(0, [int(gid) for gid in told["Groups"].split()])
        self.assertEqual([int(told[key], 16) for key in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd")], [0] * 5)
        self.assertEqual(told["NoNewPrivs"], "1")
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        self.assertRegex(limits, r"Max realtime priority +0 +0")
        self.assertRegex(limits, r"Max core file size +0 +0")
        self.assertEqual(pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text().strip(), "300")
        program.chmod(0o700)  # its user is told, not ours taken
        os.kill(pid, signal.SIGKILL)
        process.wait_line("helper 'h': the user 'mbc-helper' cannot run", "err")

    def test_backup_over_http_has_the_history_of_the_recorder(self):
        """Its files are another user's, and the supervisor has no right over them: who makes the backup is in its group."""
        place = Place(self)
        process = place.start()
        store = place.folder / "state/cell/history"
        wait_for("something is recorded", lambda: any(f.suffix == ".sqlite" for f in store.iterdir()))
        done = subprocess.run([str(place.folder / "mbc"), "user", "add", "--role", "root", "maria"], input=PASSWORD + "\n", env=place.environment, text=True, capture_output=True,
                              timeout=PATIENCE_S, cwd=place.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        maria = Client(int(re.search(r":(\d+)/", process.find("http://", "out")[0])[1]))
        wait_for("she signs in", lambda: maria.sign_in("maria") == 200, pause=0.2)
        status, begun = wait_for("it begins", lambda: (a := maria.ask("POST", "/api/v1/backups", {"history": True, "passphrase": PASSWORD}))[0] == 202 and a, pause=0.5)
        last = wait_for("its end", lambda: (a := maria.ask("GET", "/api/v1/backups"))[0] == 200 and a[1]["busy"] is None and a[1]["last"], pause=0.5)
        self.assertEqual((last["name"], last["good"]), (begun["name"], True), last)
        file = place.folder / "state/cell/backups" / begun["name"]
        with tarfile.open(file) as tar:
            names = tar.getnames()
        self.assertTrue(any(name.startswith("history/") and name.endswith(".sqlite") for name in names), names)
        self.assertIn("sealed.bin", names)
        self.assertEqual([path.name for path in file.parent.iterdir()], [file.name])
        (place.folder / "phrase").write_text(PASSWORD + "\n")
        (place.folder / "phrase").chmod(0o600)
        done = place.mbc("backup", "verify", str(file), "--passphrase-file", str(place.folder / "phrase"))
        self.assertEqual(done.returncode, 0, done.stderr)

    @unittest.skipUnless(IS_ROOT, "only root can start processes as other users")
    def test_one_user_when_the_environment_says_so(self):
        place = Place(self)
        place.environment["MBC_USERS"] = "one"
        process = place.start()
        self.assertEqual(len(process.find("users: all processes run as one, as MBC_USERS says")), 1)
        self.assertRegex(place.mbc("doctor").stdout, r"control: user root, seccomp o")


class RealTime(unittest.TestCase):
    @unittest.skipUnless(IS_ROOT, "only root may always have a real-time class")
    def test_controller_is_first_and_its_threads_are_not(self):
        place = Place(self)
        place.write(more="realtime: yes")
        process = place.start()
        control = pids(process.pid)["control"]
        if process.find("is refused"):  # a machine that gives it to nobody, or not the memory: that was told
            self.assertRegex(place.mbc("doctor").stdout, "MIND  control: .*realtime (refused|without memory).*LimitMEMLOCK")
        else:
            self.assertIn("realtime on", place.mbc("doctor").stdout)
            self.assertGreater(int(status(control)["VmLck"].split()[0]), 0)
        if process.find("is refused by this system"):
            return
        self.assertEqual(os.sched_getscheduler(control) & ~os.SCHED_RESET_ON_FORK, os.SCHED_FIFO)
        self.assertEqual(os.sched_getparam(control).sched_priority, 50)
        threads = [int(task) for task in os.listdir(f"/proc/{control}/task") if int(task) != control]
        self.assertEqual({os.sched_getscheduler(thread) for thread in threads}, {os.SCHED_OTHER})
        self.assertEqual({os.sched_getscheduler(pid) & ~os.SCHED_RESET_ON_FORK for name, pid in pids(process.pid).items()
                          if name != "control"}, {os.SCHED_OTHER})
        place.write(more="realtime: yes", title="second")
        self.assertIn("runs", place.mbc("reload").stdout)

    def test_refusal_is_told_once_with_its_remedy(self):
        place = Place(self)
        place.write(more="realtime: yes")
        options = {}
        if IS_ROOT:  # as a user who may not
            nobody = 65534
            for path in (place.folder / "run", place.folder / "state", place.file):
                os.chown(path, nobody, nobody)
            options = {"user": nobody, "group": nobody, "extra_groups": []}
        limits = ["/bin/sh", "-c", 'ulimit -r 0; exec "$0" run "$1"', place.folder / "mbc", place.file]
        process = Process(limits, env=place.environment, cwd=place.folder, **options)
        self.addCleanup(process.stop)
        process.wait_line("bench 'cell': http://", "out")
        line = process.wait_line("'realtime: yes' is refused", "err")
        self.assertIn("LimitRTPRIO=50", line)
        doctor = subprocess.run([str(place.folder / "mbc"), "doctor"], env=place.environment, capture_output=True, text=True,
                                timeout=PATIENCE_S, cwd=place.folder, **options)
        self.assertRegex(doctor.stdout, "MIND  control: .*LimitRTPRIO=50")
        self.assertEqual(len(process.find("is refused")), 1)


class Compromised(unittest.TestCase):
    """A data server with an attacker inside."""

    def attack(self, serve, victim="mbc-serve"):
        place = Place(self, serve, victim)
        serial = place.folder / "ttyBench"
        socat = Process([need_peer("socat"), f"pty,raw,echo=0,mode=666,link={serial}", "pty,raw,echo=0"])
        self.addCleanup(socat.stop)
        wait_for("the serial line", serial.exists)
        port = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        self.mark = pathlib.Path(f"/tmp/mbc-was-here-{os.getpid()}-{id(self)}")  # where everybody may write
        self.addCleanup(shutil.rmtree, self.mark, ignore_errors=True)
        self.addCleanup(self.mark.unlink, missing_ok=True)
        # The files of another bench, or of another gateway; most of them as careless as can be.
        state = place.folder / "state/other"
        for name in ("accounts", "tokens", "history/store.db", "outbox/other.db", "secrets/mqtt"):
            (state / name).parent.mkdir(parents=True, exist_ok=True)
            (state / name).write_text("# nothing\n")
            (state / name).chmod(0o644 if name != "accounts" and name != "tokens" else 0o600)
        for path in (state, *state.iterdir()):
            if path.is_dir():
                path.chmod(0o755)
        files = {f"read-{name.partition('/')[0]}": state / name for name in ("accounts", "tokens", "history/store.db", "outbox/other.db", "secrets/mqtt")}
        process = place.start(MBC_ATTACK_FILES=" ".join(f"{name}={path}" for name, path in files.items()), MBC_ATTACK_PORT=str(port.getsockname()[1]), MBC_ATTACK_DOOR=str(place.folder / "run/cell.sock"),
                              MBC_ATTACK_MARK=str(self.mark), MBC_ATTACK_BENCH=str(place.file), MBC_ATTACK_STATE=str(place.folder / "state/cell/ids"),
                              MBC_ATTACK_SERIAL=str(serial))
        process.wait_line("attempt (exec: SUCC|end)", "err")
        lines = [re.search(r"attempt ([\w/-]+): (\S+)", line) for line in process.find("attempt (?!on)", "err")]
        found = {line[1]: line[2] for line in lines}
        port.setblocking(False)
        return place, process, found, port

    @unittest.skipIf(IS_SANITIZED, "a sanitizer build goes without seccomp")
    def test_the_kernel_stops_every_attempt(self):
        place, process, found, port = self.attack("compromised-serve")
        self.assertGreaterEqual(len(found), ATTEMPTS)
        self.assertEqual({name: how for name, how in found.items() if how == "SUCCEEDED"}, {})
        for line in ("board-map", "board-reopen", "serial", "exec", "spawn", "fork", "control-mem", "control-ptrace", "connect",
                     "write-tmp", "control-kill"):
            self.assertIn(found[line], ("EPERM", "EACCES", "ESRCH"), line)
        with self.assertRaises(BlockingIOError):
            port.accept()
        self.assertFalse(self.mark.exists())
        wait_for("the bench goes on", lambda: place.mbc("get", "dev.a").stdout.strip() == "7 degC")
        self.assertLessEqual({"control", "serve"}, set(pids(process.pid)))
        wait_for("it still serves", lambda: place.mbc("get", "mbc.serve.cpu").returncode == 0)

    @unittest.skipIf(IS_SANITIZED, "a sanitizer build goes without seccomp")
    def test_nor_does_a_gateway_to_other_systems(self):
        """Its work is on the network, so it may connect; of the bench it gets what everybody may see, and nothing else."""
        place, process, found, port = self.attack("compromised-share", "mbc-public")
        self.assertGreaterEqual(len(found), ATTEMPTS)
        self.assertEqual({name for name, how in found.items() if how == "SUCCEEDED"}, {"connect", "udp"})
        for name in ("read-bench", "read-state", "read-accounts", "read-tokens", "read-history", "read-outbox", "read-secrets", "read-passwd", "door", "serial", "write-tmp"):
            self.assertIn(found[name], ("EPERM", "EACCES"), name)
        port.accept()[0].close()
        self.assertFalse(self.mark.exists())
        self.assertLessEqual({"control", "serve", "public"}, set(pids(process.pid)))
        wait_for("the bench goes on", lambda: place.mbc("get", "dev.a").stdout.strip() == "7 degC")

    @unittest.skipIf(IS_SANITIZED, "a sanitizer build goes without seccomp")
    def test_nor_does_the_server_for_everybody_get_anywhere(self):
        place, process, found, port = self.attack("compromised-public", "mbc-public")
        self.assertGreaterEqual(len(found), ATTEMPTS)
        self.assertEqual({name: how for name, how in found.items() if how == "SUCCEEDED"}, {})
        with self.assertRaises(BlockingIOError):
            port.accept()
        self.assertFalse(self.mark.exists())
        running = pids(process.pid)
        self.assertLessEqual({"control", "serve", "public"}, set(running))
        if IS_ROOT and status(running["serve"])["Uid"].split()[0] != "0":  # each is its own user
            self.assertEqual(len({status(running[name])["Uid"] for name in ("control", "serve", "public")}), 3)
        self.assertRegex(place.mbc("doctor").stdout, r"good +public: user ")

    def test_without_a_sandbox_they_would_succeed(self):
        """The attempts are real ones: the same attacker, not confined, gets through where only the sandbox stands."""
        _, _, found, port = self.attack("compromised-open-serve")
        for name in ("connect", "fork", "spawn", "exec", "write-tmp", "serial", "read-passwd", "udp", "memfd", "dumpable", "pair"):
            self.assertEqual(found[name], "SUCCEEDED", name)
        port.accept()[0].close()
        for name in ("board-map", "board-pwrite", "board-reopen-map", "board-ftruncate"):  # the glass stands by itself
            self.assertNotEqual(found.get(name), "SUCCEEDED", name)


if __name__ == "__main__":
    unittest.main()
