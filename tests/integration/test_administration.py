"""What the page Administration does: links of guests, certificates, backups of the whole bench; with the real program."""
import contextlib
import ctypes
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

sys.dont_write_bytecode = True

from harness import MBC, PATIENCE_S, Process, wait_for  # noqa: E402
from test_accounts import Client, People  # noqa: E402
from test_door import API  # noqa: E402
from test_public import PublicBench  # noqa: E402
from test_tls import Authority  # noqa: E402

PTRACE_SEIZE = 0x4206
LATER = "2126-01-01T00:00:00Z"


class Administration(People):
    def bearer(self, token):
        return {"Authorization": f"Bearer {token}", "X-Mbc": None}

    def refused(self, answer, status, word=""):
        self.assertEqual(answer[0], status, answer)
        self.assertIn(word, answer[1]["detail"])


class Links(Administration):
    def test_links_of_guests(self):
        self.begin("guests")
        maria = self.add("maria", "--role", "root")
        bert = self.add("bert", "--role", "admin")
        anna = self.add("anna", "--may", "read,operate,configure,protect")
        self.assertEqual(maria.ask("GET", API + "/links"), (200, {"links": []}))
        status, made = bert.ask("POST", API + "/links", {"name": "visitors", "until": LATER})
        self.assertEqual(status, 201, made)
        link = made.pop("link")
        self.assertRegex(link, "^[0-9a-f]{64}$")
        self.assertEqual(made, {"name": "visitors", "until": "2126-01-01T00:00:00.000Z"})
        self.assertEqual(maria.ask("GET", API + "/links")[1], {"links": [made]})
        path = self.bench.folder / "state/guests/links"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertNotIn(link, path.read_text())
        self.assertIn("visitors", self.mbc("link", "list"))
        # It is no token of a program.
        self.assertEqual(Client(self.bench.port).ask("POST", API + "/links", {"name": "x", "until": LATER}, headers=self.bearer(link))[0], 401)
        # Who may not, and what makes no sense.
        for method, where in (("GET", "/links"), ("DELETE", "/links/visitors")):
            self.assertEqual(anna.ask(method, API + where)[0], 403)
        self.assertEqual(anna.ask("POST", API + "/links", {"name": "x", "until": LATER})[0], 403)
        self.assertEqual(Client(self.bench.port).ask("GET", API + "/links")[0], 401)
        token = self.mbc("token", "add", "lims").strip()
        program = Client(self.bench.port)
        wait_for("the token is known", lambda: program.ask("GET", API + "/channels", headers=self.bearer(token))[0] == 200)
        self.assertEqual(program.ask("GET", API + "/links", headers=self.bearer(token))[0], 403)
        self.refused(maria.ask("POST", API + "/links", {"name": "visitors", "until": LATER}), 409, "already")
        past = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for body in ({"name": "x"}, {"name": "x", "until": None}, {"name": "x", "until": past}, {"until": LATER}, {"name": "../x", "until": LATER}, {"name": "a b", "until": LATER},
                     {"name": "x" * 60, "until": LATER}, {"name": "x", "until": LATER, "may": ["set"]}, {"name": "x", "until": "tomorrow"}):
            self.refused(maria.ask("POST", API + "/links", body), 400)
        self.refused(maria.ask("DELETE", API + "/links/nobody"), 404)
        # Without the proof beside the cookie.
        self.assertEqual(maria.ask("DELETE", API + "/links/visitors", headers={"X-Mbc": None})[0], 403)
        self.assertEqual(maria.ask("DELETE", API + "/links/visitors")[0], 204)
        self.assertEqual(maria.ask("GET", API + "/links"), (200, {"links": []}))
        self.assertTrue(self.records(act="link_add", subject="visitors", who="user:bert", result="asked"))
        self.assertTrue(self.records(act="link_add", subject="visitors", who="user:bert", result="done", **{"from": "http"}))
        self.assertTrue(self.records(act="link_remove", subject="visitors", who="user:maria", result="done"))
        self.assertNotIn(link, "".join(self.bench.process.text()) + self.mbc("audit", "--json"))
        # One of the command line is seen, too.
        self.mbc("link", "add", "--until", "7d", "board")
        wait_for("it is in the list", lambda: [x["name"] for x in maria.ask("GET", API + "/links")[1]["links"]] == ["board"])
        wait_for("and on record", lambda: self.records(act="link_add", subject="board", **{"from": "cli"}))
        self.mbc("audit", "verify")


class Certificates(Administration):
    def begin_tls(self, name, tls="own"):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mbc-admin-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.bench = stack.enter_context(PublicBench(name, more=f", tls: {tls}"))
        self.own = self.bench.folder / "state" / name / "certificate-public.pem"

    def put(self, client, *files):
        text = "".join(pathlib.Path(file).read_text() for file in files)
        return client.ask("PUT", API + "/certificates/public", {"text": text})

    def test_certificates(self):
        self.begin_tls("papers")
        maria = self.add("maria", "--role", "root")
        bert = self.add("bert", "--role", "admin", "--may", "read,operate,configure,protect")
        anna = self.add("anna", "--may", "read,operate,configure,protect")
        look = lambda client=maria: client.ask("GET", API + "/certificates/public")
        first = wait_for("the first one", lambda: (answer := look())[0] == 200 and answer[1]["shown"] and answer[1])
        self.assertEqual((first["kind"], first["self_signed"], first["refused"], first["over"]), ("own", True, None, False))
        self.assertEqual(first["fingerprint"], first["shown"])
        self.assertIn("localhost", first["names"])
        self.assertEqual(first["file"], str(self.own))
        self.refused(maria.ask("GET", API + "/certificates/serve"), 404, "tls: own")
        self.refused(maria.ask("GET", API + "/certificates/other"), 400)
        # Who may: the role root alone, whatever else is granted; with the proof beside the cookie.
        for client in (bert, anna):
            self.refused(look(client), 403, "root")
            self.refused(client.ask("POST", API + "/certificates/public", {}), 403, "root")
            self.refused(self.put(client, self.own), 403, "root")
        self.assertEqual(Client(self.bench.port).ask("GET", API + "/certificates/public")[0], 401)
        self.assertEqual(maria.ask("POST", API + "/certificates/public", {}, headers={"X-Mbc": None})[0], 403)
        # Made anew.
        status, made = maria.ask("POST", API + "/certificates/public", {})
        self.assertEqual(status, 200, made)
        self.assertNotEqual(made["fingerprint"], first["fingerprint"])
        wait_for("it is shown", lambda: look()[1]["shown"] == made["fingerprint"])
        self.assertEqual(self.own.stat().st_mode & 0o777, 0o600)
        # Given by others: each wrong one leaves what is there.
        authority = Authority(self.folder / "it")
        cert, key = self.folder / "cert.pem", self.folder / "key.pem"
        before = self.own.read_bytes()
        authority.issue(cert, key, datetime.timedelta(days=-1), begins=datetime.timedelta(days=-9))
        self.refused(self.put(maria, cert, key), 422, "over")
        authority.issue(cert, key, datetime.timedelta(days=90), begins=datetime.timedelta(days=5))
        self.refused(self.put(maria, cert, key), 422, "not good yet")
        authority.issue(cert, key, datetime.timedelta(days=90))
        other = self.folder / "other.pem"
        other.write_bytes(key.read_bytes())
        authority.issue(cert, key, datetime.timedelta(days=90))
        self.refused(self.put(maria, cert, other), 422, "key")
        self.refused(self.put(maria, cert), 422, "key")
        self.refused(self.put(maria, key), 422)
        self.refused(maria.ask("PUT", API + "/certificates/public", {"text": "no PEM at all"}), 422)
        self.refused(maria.ask("PUT", API + "/certificates/public", {}), 400, "text")
        self.refused(maria.ask("PUT", API + "/certificates/public", {"text": "x" * 400000}), 422, "256 kB")
        with contextlib.suppress(OSError):  # it may be ended before all of it is read
            self.assertEqual(maria.ask("PUT", API + "/certificates/public", {"text": "x" * 2000000})[0], 413)
        self.assertEqual(self.own.read_bytes(), before)
        status, taken = self.put(maria, cert, key)
        self.assertEqual(status, 200, taken)
        self.assertEqual((taken["issuer"].split("=")[-1], taken["self_signed"]), ("test root", False))
        wait_for("it is shown", lambda: look()[1]["shown"] == taken["fingerprint"])
        # The key is nowhere else, and never read back.
        secret = key.read_text().splitlines()[1]
        self.assertIn(secret, self.own.read_text())
        said = "".join(self.bench.process.text()) + json.dumps(look()[1]) + self.mbc("audit", "--json") + self.mbc("log")
        self.assertNotIn(secret, said)
        for act in ("certificate_make", "certificate_put"):
            self.assertTrue(self.records(act=act, subject="public", who="user:maria", result="asked"))
            self.assertTrue(self.records(act=act, who="user:bert", result="refused"))
        self.mbc("audit", "verify")

    def mbc(self, *words, code=0, limit=PATIENCE_S):
        done = self.bench.mbc(*words, limit=limit)
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        return done.stdout if code == 0 else done.stderr


PHRASE = "correct horse battery staple"
PAUSE_S = 0.5  # the gate takes twenty questions a second, of all together, and answers 503 beyond that


class Backups(Administration):
    def wait_done(self, client, name):
        def look():
            status, body = client.ask("GET", API + "/backups")
            return status == 200 and body["busy"] is None and body["last"] and body["last"]["name"] == name and body["last"]
        return wait_for(f"the end of {name}", look, pause=PAUSE_S)

    def make(self, client, good=True, **body):
        def begin():  # a second has one
            status, answer = client.ask("POST", API + "/backups", body)
            self.assertIn(status, (202, 409, 429, 503), answer)
            return status == 202 and answer["name"]
        name = wait_for("it begins", begin, pause=PAUSE_S)
        last = self.wait_done(client, name)
        self.assertEqual(last["good"], good, last)
        return name, last

    def test_backups(self):
        self.begin("keeper")
        maria = self.add("maria", "--role", "root")
        bert = self.add("bert", "--role", "admin", "--may", "read,operate,configure,protect")
        anna = self.add("anna", "--may", "read,operate,configure,protect")
        for client in (bert, anna):
            for method, path in (("GET", "/backups"), ("POST", "/backups"), ("GET", "/backups/keeper.mbc/file"), ("DELETE", "/backups/keeper.mbc"), ("POST", "/backups/keeper.mbc/verify")):
                self.refused(client.ask(method, API + path), 403, "root")
        self.assertEqual(Client(self.bench.port).ask("GET", API + "/backups")[0], 401)
        self.assertEqual(maria.ask("POST", API + "/backups", {}, headers={"X-Mbc": None})[0], 403)
        status, empty = maria.ask("GET", API + "/backups")
        self.assertEqual((status, empty["backups"], empty["busy"], empty["last"], empty["max"]), (200, [], None, None, 5))
        self.assertGreater(empty["free"], 0)
        self.refused(maria.ask("POST", API + "/backups", {"passphrase": "short"}), 400, "10 characters")
        self.refused(maria.ask("POST", API + "/backups", {"pass": PHRASE}), 400)
        name, last = self.make(maria, passphrase=PHRASE)
        self.assertRegex(name, r"^keeper-\d{8}T\d{6}Z\.mbc$")
        kept = maria.ask("GET", API + "/backups")[1]["backups"]
        self.assertEqual([k["name"] for k in kept], [name])
        file = self.bench.folder / "state/keeper/backups" / name
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        # Whole, as one file; the command line restores it.
        status, data = maria.ask("GET", API + f"/backups/{name}/file")
        self.assertEqual((status, maria.headers["Content-Type"], len(data)), (200, "application/x-tar", kept[0]["bytes"]))
        self.assertIn(name, maria.headers["Content-Disposition"])
        self.assertEqual(data, file.read_bytes())
        with tempfile.TemporaryDirectory() as folder:
            away, phrase = pathlib.Path(folder) / "a.mbc", pathlib.Path(folder) / "phrase"
            away.write_bytes(data)
            phrase.write_text(PHRASE + "\n")
            phrase.chmod(0o600)
            with tarfile.open(away) as tar:
                self.assertIn("sealed.bin", tar.getnames())
            done = subprocess.run([MBC, "backup", "verify", str(away), "--passphrase-file", str(phrase)], capture_output=True, text=True, timeout=PATIENCE_S)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("can be read", done.stdout)
        # Looked at here.
        verify = lambda **body: (self.assertEqual(maria.ask("POST", API + f"/backups/{name}/verify", body)[0], 202), self.wait_verified(maria))[1]
        self.assertEqual(verify()["good"], True)
        self.assertEqual(verify(passphrase=PHRASE)["good"], True)
        wrong = verify(passphrase="another passphrase")
        self.assertEqual(wrong["good"], False)
        self.assertIn("passphrase", wrong["text"])
        bytes_of = bytearray(file.read_bytes())
        bytes_of[len(bytes_of) // 2] ^= 1
        file.write_bytes(bytes_of)
        self.assertEqual(verify()["good"], False)
        # Names that are none.
        for bad in ("..%2F..%2Faccounts", "accounts", ".mbc", "nothing.mbc", "..", "a%00b.mbc", "x" * 120 + ".mbc"):
            for method, path in (("GET", f"/backups/{bad}/file"), ("DELETE", f"/backups/{bad}"), ("POST", f"/backups/{bad}/verify")):
                self.assertIn(maria.ask(method, API + path)[0], (400, 404, 405), bad)
        (file.parent / "link.mbc").symlink_to(self.bench.folder / "state/keeper/accounts")
        self.assertEqual(maria.ask("GET", API + "/backups/link.mbc/file")[0], 404)
        (file.parent / "link.mbc").unlink()
        status, left = maria.ask("DELETE", API + f"/backups/{name}")
        self.assertEqual((status, left["backups"]), (200, []))
        self.refused(maria.ask("DELETE", API + f"/backups/{name}"), 404)
        # Without secrets.
        name, last = self.make(maria)
        with tarfile.open(file.parent / name) as tar:
            self.assertNotIn("sealed.bin", tar.getnames())
        # As many as may be; there is an end.
        for number in range(4):
            (file.parent / f"old{number}.mbc").write_bytes(b"x")
        self.refused(maria.ask("POST", API + "/backups", {}), 409, "5 backups")
        said = "".join(self.bench.process.text()) + self.mbc("audit", "--json") + self.mbc("log")
        self.assertNotIn(PHRASE, said)
        for act, result in (("backup_make", "asked"), ("backup_made", "done"), ("backup_file", "asked"), ("backup_remove", "asked"), ("backup_bad", "done")):
            self.assertTrue(self.records(act=act, who="user:maria", result=result), act)
        self.assertTrue(self.records(act="backup_make", who="user:bert", result="refused"))
        self.mbc("audit", "verify")

    def wait_verified(self, client):
        def look():
            status, body = client.ask("GET", API + "/backups")
            return status == 200 and body["busy"] is None and body["last"]["act"] == "verify" and body["last"]
        return wait_for("it has been looked at", look, pause=PAUSE_S)

    def test_killed_and_a_full_disk(self):
        self.begin("halves")
        maria = self.add("maria", "--role", "root")
        folder = self.bench.folder / "state/halves/backups"
        # One that is killed leaves nothing, and the next is whole. It is stopped first, so that it is there to be killed.
        (self.bench.folder / "state/halves/large").write_bytes(os.urandom(1 << 20) * 96)
        name, pid = self.stopped(maria, passphrase=PHRASE)
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() + pathlib.Path(f"/proc/{pid}/environ").read_bytes()
        self.assertNotIn(PHRASE.encode(), words)
        # A second one at the same time.
        self.refused(maria.ask("POST", API + "/backups", {}), 429, "wait")
        self.refused(maria.ask("POST", API + f"/backups/{name}/verify", {}), 429)
        self.refused(maria.ask("DELETE", API + "/backups/other.mbc"), 429)
        self.assertEqual(maria.ask("GET", API + "/backups")[1]["busy"]["name"], name)
        os.kill(pid, signal.SIGKILL)
        last = self.wait_done(maria, name)
        self.assertEqual((last["good"], maria.ask("GET", API + "/backups")[1]["backups"]), (False, []))
        self.assertEqual([p.name for p in folder.iterdir()], [])
        wait_for("on record", lambda: self.records(act="backup_failed", subject=name, who="user:maria"))
        os.truncate(self.bench.folder / "state/halves/large", 4 << 20)
        (folder / "old.mbc.part").write_bytes(b"half")  # of a bench that was killed
        (folder / "old.mbc.part.history").mkdir()
        (folder / "old.mbc.part.history/h-000001.db").write_bytes(b"half")
        name, last = self.make(maria)
        self.assertEqual([p.name for p in folder.iterdir()], [name])
        # No room: a file that cannot grow is a full disk.
        os.unlink(folder / name)
        supervisor = self.bench.process.popen.pid
        subprocess.run(["prlimit", f"--fsize={1 << 20}", "--pid", str(supervisor)], check=True)
        name, last = self.make(maria, good=False)
        self.assertIn("free some room", last["text"])
        self.assertEqual([p.name for p in folder.iterdir()], [])

    def test_ended_while_it_is_made(self):
        self.begin("ends")
        maria = self.add("maria", "--role", "root")
        bert = self.add("bert", "--role", "admin")
        folder = self.bench.folder / "state/ends/backups"
        (self.bench.folder / "state/ends/large").write_bytes(os.urandom(1 << 20) * 96)
        for history in (False, True):
            name, pid = self.stopped(maria, history=history)
            self.refused(bert.ask("DELETE", API + f"/backups/{name}"), 403)
            self.assertEqual(maria.ask("DELETE", API + f"/backups/{name}"), (202, {"name": name, "state": "ending"}))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
            last = self.wait_done(maria, name)
            self.assertEqual((last["act"], last["good"]), ("make", False))
            self.assertIn("ended as asked", last["text"])
            self.assertEqual([p.name for p in folder.iterdir()], [])
        # One that does not hear is killed when it is asked again.
        name, pid = self.stopped(maria)
        for _ in range(2):
            self.assertEqual(maria.ask("DELETE", API + f"/backups/{name}")[0], 202)
        self.assertEqual(self.wait_done(maria, name)["good"], False)
        self.assertEqual([p.name for p in folder.iterdir()], [])
        wait_for("on record", lambda: len(self.records(act="backup_remove", who="user:maria", result="asked")) == 4)
        (self.bench.folder / "state/ends/large").unlink()  # which takes a busy machine a while
        self.assertEqual(self.make(maria)[1]["good"], True)

    def test_the_recorder_keeps_its_room(self):
        self.begin("room")
        maria = self.add("maria", "--role", "root")
        folder = self.bench.folder / "state/room/backups"
        name, last = self.make(maria)
        # As supervise starts it, where less is free than the recorder needs: nothing is left of it.
        words = [str(self.bench.program.parent / "mbc-backup"), "make", "--confined", "--bench", "room", "--state", str(self.bench.folder / "state/room")]
        for more in ([], ["--with-history"]):
            done = subprocess.run([*words, "--leave-free", str(10 ** 18), *more, str(folder / "new.mbc")], capture_output=True, text=True, env=self.bench.environment,
                                  cwd=self.bench.folder, timeout=PATIENCE_S)
            self.assertNotEqual(done.returncode, 0, done)
            self.assertIn("free some room there", done.stderr)
            self.assertEqual([p.name for p in folder.iterdir()], [name])
        # Asked over HTTP it is not begun.
        bench = pathlib.Path(self.bench.file)
        bench.write_text(bench.read_text().replace("\nhistory: no\n", "\nhistory: {leave_free: 900000 TB}\n"))
        self.mbc("reload")
        def asked():
            status, answer = maria.ask("POST", API + "/backups", {})
            if status == 202:  # the old bench file ran still
                self.wait_done(maria, answer["name"])
            return status == 507 and answer
        self.assertIn("a backup needs about", wait_for("there is no room", asked, pause=PAUSE_S)["detail"])

    def test_what_its_copy_of_the_history_gets(self):
        """A program in the place of mbc-query, which tells what it was started with."""
        self.begin("copies")
        self.bench.process.stop()
        state, programs = self.bench.folder / "state/copies", self.bench.folder / "programs"
        (state / "history").mkdir(exist_ok=True)
        programs.mkdir()
        shutil.copy(self.bench.program.parent / "mbc-backup", programs)
        (programs / "mbc-query").write_text(f'#!/bin/sh\nreadlink /proc/$$/fd/* >{programs}/open\ncat /proc/$$/stat >{programs}/stat\nmkdir "$4"\n')
        (programs / "mbc-query").chmod(0o755)
        memory = os.memfd_create("passphrase", 0)
        self.addCleanup(os.close, memory)
        os.write(memory, PHRASE.encode() + b"\n")
        done = subprocess.run([str(programs / "mbc-backup"), "make", "--confined", "--passphrase-fd", str(memory), "--bench", "copies", "--state", str(state), "--with-history",
                               str(self.bench.folder / "one.mbc")], capture_output=True, text=True, env=self.bench.environment, cwd=self.bench.folder, pass_fds=[memory],
                              timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 0, done)
        self.assertNotIn("memfd", (programs / "open").read_text())
        self.assertIn("/", (programs / "open").read_text())
        stat = (programs / "stat").read_text().rsplit(")", 1)[1].split()  # from the third field on
        self.assertEqual(int(stat[19 - 3]), 10)  # nice

    def test_what_a_kill_leaves_is_removed(self):
        self.begin("kills")
        maria = self.add("maria", "--role", "root")
        folder = self.bench.folder / "state/kills/backups"
        files = lambda: [p.name for p in folder.glob("**/*") if p.is_file()]
        (self.bench.folder / "state/kills/large").write_bytes(os.urandom(1 << 20) * 96)
        # A copy of the history beside one that is killed; nobody asks for anything afterwards.
        name, pid = self.stopped(maria)
        (folder / f"{name}.part.history").mkdir()
        (folder / f"{name}.part.history/h-000001.db").write_bytes(b"copy")
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(self.wait_done(maria, name)["good"], False)
        wait_for("nothing is left", lambda: not files(), pause=0.1)
        # What a bench that was killed has left, when the next one has begun.
        self.bench.process.stop()
        (folder / "old.mbc.part.history").mkdir()
        (folder / "old.mbc.part.history/h-000001.db").write_bytes(b"copy")
        (folder / "old.mbc.part").write_bytes(b"half")
        self.start_again()
        wait_for("nothing is left", lambda: not files(), pause=0.1)
        # The end of the bench: one that stands still is killed, the bench waits for no longer.
        maria = self.client("maria")
        name, pid = self.stopped(maria)
        self.assertEqual(self.bench.process.stop(), 0)
        self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())
        # Asked to end it has the time to take away what it has.
        self.start_again()
        maria = self.client("maria")
        name, pid = self.stopped(maria)
        (folder / f"{name}.part.history").mkdir()
        os.kill(self.bench.process.popen.pid, signal.SIGTERM)
        wait_for("it is asked to end", lambda: self.is_asked_to_end(pid), pause=0.02)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        self.bench.process.stop()
        wait_for("all of it is gone", lambda: not files(), pause=0.1)

    def start_again(self):
        bench = self.bench
        bench.process = Process([bench.program, "run", bench.file], env=bench.environment, cwd=bench.folder)
        bench.port = int(re.search(r":(\d+)/", bench.process.wait_line(rf"bench '{bench.name}': https?://", "out"))[1])

    def is_asked_to_end(self, pid):
        try:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return True  # it has ended
        pending = int(re.search(r"^ShdPnd:\s*([0-9a-f]+)", status, re.M)[1], 16)
        return pending & (1 << (signal.SIGTERM - 1) | 1 << (signal.SIGKILL - 1)) != 0

    def test_one_that_cannot_be_killed(self):
        """As one that waits for a dead disk: who traces it has to be told of its end before its parent is."""
        self.begin("stuck")
        maria = self.add("maria", "--role", "root")
        (self.bench.folder / "state/stuck/large").write_bytes(os.urandom(1 << 20) * 96)
        _, pid = self.stopped(maria)
        if ctypes.CDLL(None, use_errno=True).ptrace(PTRACE_SEIZE, pid, None, None) < 0:
            os.kill(pid, signal.SIGKILL)
            self.skipTest("this user may trace nobody")
        try:
            self.bench.process.popen.terminate()
            self.assertEqual(self.bench.process.popen.wait(PATIENCE_S), 0)
            self.assertTrue(pathlib.Path(f"/proc/{pid}").exists())
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0x40000000)  # __WALL

    def test_a_verification_is_ended(self):
        self.begin("looks")
        maria = self.add("maria", "--role", "root")
        (self.bench.folder / "state/looks/large").write_bytes(os.urandom(1 << 20) * 96)
        name, _ = self.make(maria)
        def begun():
            self.assertIn(maria.ask("POST", API + f"/backups/{name}/verify", {})[0], (202, 429, 503))
            pid = self.find("mbc-backup", name)
            with contextlib.suppress(ProcessLookupError):
                if pid is not None:
                    os.kill(pid, signal.SIGSTOP)
            busy = pid is not None and maria.ask("GET", API + "/backups")[1].get("busy")
            return busy and busy["act"] == "verify"
        wait_for("one that is stopped", begun, pause=PAUSE_S)
        self.assertEqual(maria.ask("DELETE", API + f"/backups/{name}"), (202, {"name": name, "state": "ending"}))
        last = self.wait_done(maria, name)
        self.assertEqual((last["act"], last["good"]), ("verify", False))
        self.assertIn("ended as asked", last["text"])
        wait_for("on record", lambda: self.records(act="backup_failed", subject=name, who="user:maria"))
        self.assertEqual(self.records(act="backup_bad"), [])
        self.assertEqual([b["name"] for b in maria.ask("GET", API + "/backups")[1]["backups"]], [name])

    def stopped(self, client, **body):
        """One that is being made, and stands still: its name, its process."""
        def attempt():
            status, answer = client.ask("POST", API + "/backups", body)
            if status != 202:
                return None
            name = answer["name"]
            look = lambda: client.ask("GET", API + "/backups")[1].get("busy", 1)
            pid = wait_for("its process, or its end", lambda: self.find("mbc-backup", name) or (look() is None and -1), pause=0.1)
            with contextlib.suppress(ProcessLookupError):
                if pid > 0:
                    os.kill(pid, signal.SIGSTOP)
            if pid > 0 and look() is not None:
                return name, pid
            client.ask("DELETE", API + f"/backups/{name}")  # it was faster
            return None
        return wait_for("one that is stopped", attempt, pause=PAUSE_S)

    def find(self, program, word):
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = path.read_bytes().decode(errors="replace").split("\0")
                if words and words[0].endswith(program) and any(word in w for w in words):
                    return int(path.parent.name)
        return None


if __name__ == "__main__":
    unittest.main()
