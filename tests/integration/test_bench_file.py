"""The bench file, its versions and the audit over HTTP: written and put back, links, kills, a full disk, the file of another user; with the real program."""
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True

from harness import copy_programs, wait_for  # noqa: E402
from test_accounts import People  # noqa: E402
from test_door import API, DoorBench, Writable, text  # noqa: E402

FILE = API + "/bench/file"


def sha(content):
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


class Files(People):
    def ask(self, client, method, path, body=None, patience=True, **more):
        """Asked again while another question of this kind is under way, or a process is being started."""
        def attempt():
            status, answer = client.ask(method, path, body, **more)
            kind = answer.get("type", "") if isinstance(answer, dict) else ""
            again = status == 429 or (status == 503 and kind.rpartition(":")[2] in ("no-gate", "busy", "not-done"))
            return None if again and patience else (status, answer)
        return wait_for(f"{method} {path}", attempt, pause=0.1)

    def good(self, client, method, path, body=None, status=200, **more):
        got, answer = self.ask(client, method, path, body, **more)
        self.assertEqual(got, status, (method, path, answer))
        self.headers = client.headers
        self.check_described(method, path, got, answer)
        return answer

    def put(self, client, content, status=200, reason=None, was=None):
        was = self.bench.file.read_text() if was is None else was
        body = {"text": content, "sha256": sha(was)}
        if reason is not None:
            body["reason"] = reason
        return self.good(client, "PUT", FILE, body, status)

    def versions(self, client):
        return self.good(client, "GET", API + "/bench/versions")["versions"]

    def rest(self):
        """Nothing half-written is left beside the file."""
        return sorted(path.name for path in self.bench.file.parent.iterdir() if path.name not in ("run", "state"))


class Writing(Files):
    def test_written_and_undone(self):
        self.begin("writes")
        maria = self.add("maria", "--role", "root")
        first = self.bench.file.read_text()
        os.chmod(self.bench.file, 0o640)
        second = first + "# käse \U0001F9C0\n"
        answer = self.put(maria, second, reason="a remark")
        self.assertEqual((answer["state"], answer["sha256"], answer["kept"], answer["written"]), ("taken", sha(second), None, 1), answer)
        self.assertEqual(self.bench.file.read_text(), second)
        self.assertEqual(self.bench.file.stat().st_mode & 0o777, 0o640)
        self.put(maria, first + "# a third\n", status=409, was=first)  # it was another by then
        self.assertEqual(self.bench.file.read_text(), second)
        answer = self.put(maria, second + "nonsense: 1\n", status=422)
        self.assertEqual(answer["type"], "urn:mbc:problem:bench-file-errors")
        self.assertEqual(answer["errors"][0]["line"], second.count("\n") + 1)
        answer = self.put(maria, second.replace("bench: writes", "bench: other"), status=409)
        self.assertEqual(self.bench.file.read_text(), second)
        all_ = self.versions(maria)
        self.assertEqual([(v["version"], v["who"], v["runs"]) for v in all_][0], (2, "user:maria", True), all_)
        self.assertEqual(self.good(maria, "GET", API + "/bench/versions/1")["files"], [{"path": "bench.yaml", "text": first}])
        diff = self.good(maria, "GET", API + "/bench/versions/1/diff")
        self.assertIn("+# käse", diff["diff"])
        self.assertEqual((diff["from"], diff["to"], diff["changes"]["gone"]), (1, None, []))
        self.assertEqual(self.good(maria, "GET", API + "/bench/versions/2/diff?to=1")["to"], 1)
        for path in ("99", "0", "x", "-1", "1/diff?to=99"):
            self.assertIn(self.ask(maria, "GET", API + "/bench/versions/" + path)[0], (400, 404), path)
        # What never ran is kept before it goes.
        self.bench.file.write_text(second + "# scribbled\n")
        answer = self.good(maria, "POST", API + "/bench/undo", {"to": 1, "reason": "back"})
        self.assertEqual((answer["state"], answer["kept"]), ("taken", 3), answer)
        self.assertEqual(self.bench.file.read_text(), first)
        all_ = self.versions(maria)
        self.assertEqual([(v["version"], v["never_ran"]) for v in all_[:2]], [(4, False), (3, True)], all_)
        self.good(maria, "POST", API + "/bench/undo", {"to": 77}, status=404)
        self.good(maria, "POST", API + "/bench/discard", {}, status=409)
        self.good(maria, "POST", API + "/bench/reason", {"reason": "why not"}, status=409)
        self.assertEqual(self.rest(), ["bench.yaml"])
        acts = [r["act"] for r in self.records(who="user:maria")]
        for act in ("bench_put", "bench_undo", "bench_written", "reload", "bench_read"):
            self.assertIn(act, acts)
        self.assertNotIn("käse", json.dumps(self.records(), ensure_ascii=False))

    def test_protection_waits(self):
        self.begin("waits")
        maria = self.add("maria", "--role", "root")
        first = self.bench.file.read_text()
        weak = first.replace("T_furn > 650 degC", "T_furn > 690 degC")
        answer = self.put(maria, weak)
        self.assertEqual(answer["state"], "needs_reason", answer)
        self.assertIn("too_hot", answer["text"])
        self.assertEqual(self.bench.file.read_text(), weak)
        answer = self.good(maria, "POST", API + "/bench/discard", {})
        self.assertEqual(answer["state"], "dropped")
        answer = self.good(maria, "POST", API + "/bench/undo", {"to": 1})  # what is in the file never ran
        self.assertEqual((answer["state"], answer["kept"], self.bench.file.read_text()), ("taken", 2, first), answer)
        self.assertEqual(self.put(maria, weak)["state"], "needs_reason")
        answer = self.good(maria, "POST", API + "/bench/reason", {"reason": "the oven is another"})
        self.assertIn(answer["state"], ("taken", "waits"), answer)
        wait_for("it runs", lambda: [v["version"] for v in self.versions(maria) if v["runs"]] == [3], pause=0.3)

    def test_two_editors(self):
        """All edit the same text at the same time: one of them writes it, the others hear that it is another by now."""
        self.begin("two")
        clients = [self.add(name, "--role", "root") for name in ("maria", "ida", "kim")]
        first = self.bench.file.read_text()
        got = {}

        def edit(i):
            got[i] = self.ask(clients[i], "PUT", FILE, {"text": first + f"# of {i}\n", "sha256": sha(first)})

        threads = [threading.Thread(target=edit, args=(i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(status for status, _ in got.values()), [200, 409, 409], got)
        [winner] = [i for i, (status, _) in got.items() if status == 200]
        self.assertEqual(self.bench.file.read_text(), first + f"# of {winner}\n")

    def test_places_that_are_not_written(self):
        self.begin("places")
        maria = self.add("maria", "--role", "root")
        first = self.bench.file.read_text()
        real = self.bench.folder / "real.yaml"
        self.bench.file.rename(real)
        self.bench.file.symlink_to(real)
        answer = self.put(maria, first + "# x\n", status=409)
        self.assertIn("link", answer["detail"])
        self.assertEqual((real.read_text(), self.bench.file.is_symlink()), (first, True))
        self.bench.file.unlink()
        real.rename(self.bench.file)
        # In the place of what is written beside it: a link is not followed there either.
        victim = self.bench.folder / "victim"
        victim.write_text("untouched\n")
        (self.bench.folder / "bench.yaml.part").symlink_to(victim)
        self.assertEqual(self.put(maria, first + "# y\n")["state"], "taken")
        self.assertEqual((victim.read_text(), self.bench.file.read_text()), ("untouched\n", first + "# y\n"))
        victim.unlink()
        # Nothing can be made there.
        (self.bench.folder / "bench.yaml.part").mkdir()
        ((self.bench.folder / "bench.yaml.part") / "x").write_text("")
        answer = self.put(maria, first + "# z\n", status=409)
        self.assertIn("nothing is changed", answer["detail"])
        self.assertEqual(self.bench.file.read_text(), first + "# y\n")
        # What is there cannot be kept.
        state = self.bench.folder / "state" / "places" / "versions"
        self.bench.file.write_text(first + "# never ran\n")
        state.rename(state.with_name("away"))
        state.write_text("no folder\n")
        answer = self.put(maria, first + "# z\n", status=507)
        self.assertIn("nothing is changed", answer["detail"])
        self.assertEqual(self.bench.file.read_text(), first + "# never ran\n")

    def test_kills(self):
        """kill -9 of each process at some moment: the old or the new file is there, whole, and the next one writes it."""
        self.begin("kills")
        maria = self.add("maria", "--role", "root")
        first = self.bench.file.read_text()
        filler = "# filler filler filler filler filler filler filler\n" * 20000
        texts = {first}

        def killer(name, stop):
            while not stop.is_set():
                for pid in pathlib.Path("/proc").iterdir():
                    try:
                        if pid.name.isdigit() and (pid / "comm").read_text().strip() == name[:15]:
                            if str(self.bench.file) in (pid / "cmdline").read_bytes().decode():
                                os.kill(int(pid.name), signal.SIGKILL)
                                return
                    except (FileNotFoundError, ProcessLookupError):
                        continue
                time.sleep(0.001)

        for n, name in enumerate(("mbc-errand", "mbc-errand", "mbc-errand", "mbc-compile", "serve", "gate")):
            content = first + filler + f"# {n}\n"
            texts.add(content)
            stop = threading.Event()
            if name.startswith("mbc-"):
                thread = threading.Thread(target=killer, args=(name, stop))
            else:
                pid = self.bench.pids()[name]
                thread = threading.Timer(0.05 * n, os.kill, (pid, signal.SIGKILL))
            was = self.bench.file.read_text()
            thread.start()
            try:
                status, answer = maria.ask("PUT", FILE, {"text": content, "sha256": sha(was)})
            except (OSError, ConnectionError, ValueError):
                status, answer = 0, None
            except Exception as e:  # http.client.RemoteDisconnected and its like
                status, answer = 0, str(e)
            stop.set()
            thread.join()
            now = self.bench.file.read_text()
            self.assertIn(now, (was, content), (name, status))
            if status == 200:
                self.assertEqual(now, content, (name, answer))

            def in_again():
                if name == "gate" or status == 0:
                    try:
                        maria.sign_in("maria")
                    except OSError:
                        return None
                try:
                    return maria.ask("GET", FILE)[0] == 200
                except OSError:
                    return None
            wait_for(f"after {name}", in_again, pause=0.2)
        last = first + "# the end\n"
        wait_for("it is written", lambda: self.ask(maria, "PUT", FILE, {"text": last, "sha256": sha(self.bench.file.read_text())})[0] == 200, pause=0.3)
        self.assertEqual(self.bench.file.read_text(), last)
        self.assertEqual(self.rest(), ["bench.yaml"])
        content = last + filler
        timer = threading.Timer(0.2, os.kill, (self.bench.pids()["supervise"], signal.SIGKILL))
        timer.start()
        with contextlib.suppress(OSError, http.client.HTTPException):
            maria.ask("PUT", FILE, {"text": content, "sha256": sha(last)})
        timer.join()
        self.assertIn(self.bench.file.read_text(), (last, content))


@unittest.skipUnless(os.geteuid() == 0, "only root can mount a small disk")
class FullDisk(Files):
    def test_a_full_disk(self):
        """The disk of the bench file takes no more: the file stays as it is, and there is no half of another."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.device = stack.enter_context(Writable({0: 200, 1: 0}))
        self.bench = DoorBench("fulldisk", text(self.device.port))
        self.addCleanup(shutil.rmtree, self.bench.folder, ignore_errors=True)
        inner = self.bench.folder / "inner"
        inner.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(inner)], capture_output=True).returncode != 0:
            self.skipTest("nothing can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(inner)], check=True)
        self.bench.file.unlink()
        self.bench.file = inner / "bench.yaml"
        self.bench.write(text(self.device.port))
        stack.enter_context(self.bench)
        maria = self.add("maria", "--role", "root")
        first = self.bench.file.read_text()
        answer = self.put(maria, first + "# filler filler filler filler filler\n" * 4000, status=507)
        self.assertIn("free some room", answer["detail"])
        self.assertEqual((self.bench.file.read_text(), self.rest()), (first, ["bench.yaml"]))
        self.assertEqual(self.put(maria, first + "# short\n")["state"], "taken")
        subprocess.run(["mount", "-o", "remount,ro", str(inner)], check=True)
        answer = self.put(maria, first + "# read-only\n", status=409)
        self.assertIn("only be read", answer["detail"])
        self.assertEqual(self.bench.file.read_text(), first + "# short\n")


def has_users():
    try:
        return os.geteuid() == 0 and all(pwd.getpwnam(name).pw_uid for name in ("mbc-compile", "mbc-control", "mbc-serve", "mbc-gate"))
    except KeyError:
        return False


@unittest.skipUnless(has_users(), "the users of mbc are not there")
class Owned(Files):
    def test_somebody_elses_file(self):
        """Started by root, each process as its own user: the file of somebody is read and written as that one, who owns it afterwards."""
        owner = 2001
        programs = pathlib.Path(tempfile.mkdtemp(prefix="mbc-test-"))
        self.addCleanup(shutil.rmtree, programs, ignore_errors=True)
        copy_programs(programs)
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.device = stack.enter_context(Writable({0: 200, 1: 0}))
        self.bench = DoorBench("owned", text(self.device.port), programs=programs)
        self.addCleanup(shutil.rmtree, self.bench.folder, ignore_errors=True)
        self.bench.environment.pop("MBC_USERS")
        for path in (programs, self.bench.folder, self.bench.folder / "run", self.bench.folder / "state"):
            path.chmod(0o755)
        inner = self.bench.folder / "inner"
        inner.mkdir(mode=0o755)
        self.bench.file.unlink()
        self.bench.file = inner / "bench.yaml"
        self.bench.write(text(self.device.port))
        for path in (inner, self.bench.file):
            os.chown(path, owner, owner)
        self.bench.file.chmod(0o600)  # closed to everybody else
        stack.enter_context(self.bench)
        maria = self.add("maria", "--role", "root")
        first = self.bench.file.read_text()
        self.assertEqual(self.good(maria, "GET", FILE)["text"], first)
        self.bench.file.write_text(first + "# scribbled\n")
        answer = self.put(maria, first + "# written\n")
        self.assertEqual((answer["state"], answer["kept"]), ("taken", 2), answer)
        st = self.bench.file.stat()
        self.assertEqual((st.st_uid, st.st_gid, st.st_mode & 0o777, self.bench.file.read_text()), (owner, owner, 0o600, first + "# written\n"))
        answer = self.good(maria, "POST", API + "/bench/undo", {"to": 1})
        self.assertEqual((answer["state"], self.bench.file.read_text()), ("taken", first), answer)
        os.chown(inner, 0, 0)  # its folder is not the owner's any more
        answer = self.put(maria, first + "# no\n", status=409)
        self.assertIn("another user", answer["detail"])
        self.assertEqual(self.bench.file.read_text(), first)
        self.assertTrue(self.good(maria, "GET", API + "/audit")["whole"])


class Audit(Files):
    def test_audit(self):
        self.begin("audits")
        maria = self.add("maria", "--role", "root")
        self.good(maria, "GET", FILE)
        answer = self.good(maria, "GET", API + "/audit")
        self.assertTrue(answer["whole"], answer["faults"])
        numbers = [r["n"] for r in answer["records"]]
        self.assertEqual(numbers, sorted(numbers, reverse=True))
        self.assertTrue(any(r["act"] == "bench_read" and r["who"] == "user:maria" for r in answer["records"]), answer)
        page, seen = None, []
        while page is None or page["next"] is not None:
            before = "" if page is None else f"&before={page['next']}"
            page = self.good(maria, "GET", f"{API}/audit?limit=2{before}")
            self.assertLessEqual(len(page["records"]), 2)
            seen += [r["n"] for r in page["records"]]
        self.assertEqual(seen, list(range(seen[0], 0, -1)))
        only = self.good(maria, "GET", API + "/audit?who=user:maria&act=sign_in")["records"]
        self.assertTrue(only and all(r["act"] == "sign_in" for r in only), only)
        self.assertEqual(self.good(maria, "GET", API + "/audit?since=2099-01-01T00:00:00Z")["records"], [])
        for bad in ("limit=0", "limit=1001", "limit=x", "before=-1", "since=yesterday", "nothing=1"):
            self.good(maria, "GET", f"{API}/audit?{bad}", status=400)
        # Somebody changes it.
        path = self.bench.folder / "state" / "audits" / "audit" / "audit-00001.log"
        content = path.read_bytes()
        at = content.index(b"maria")
        with path.open("r+b") as file:
            file.seek(at)
            file.write(b"mario")
        answer = self.good(maria, "GET", API + "/audit")
        self.assertFalse(answer["whole"])
        self.assertIn("not what was written", answer["faults"][0])


if __name__ == "__main__":
    unittest.main()
