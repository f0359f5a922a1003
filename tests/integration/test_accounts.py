"""Accounts: signing in and out, sessions, grants, what serve lets whom see, wrong passwords; with the real program."""
import base64
import contextlib
import fcntl
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True

import jsonschema  # noqa: E402
from harness import PATIENCE_S, ROOT, wait_for  # noqa: E402
from test_door import API, Base  # noqa: E402

PASSWORD = "correct horse battery"
DESCRIPTION = json.loads((ROOT / "src/serve/openapi.json").read_text())


class Client:
    """One browser: its cookies, and the headers that its page sends."""

    def __init__(self, port):
        self.port = port
        self.cookie = None
        self.proof = None  # what the page keeps in the storage of its origin

    def ask(self, method, path, body=None, headers=None, cookie=True, limit=PATIENCE_S):
        headers = dict({"X-Mbc": self.proof or "1"}, **(headers or {}))
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        if cookie and self.cookie:
            headers.setdefault("Cookie", self.cookie)
        headers = {name: value for name, value in headers.items() if value is not None}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=limit)
        with contextlib.closing(connection):
            connection.request(method, path if path.startswith("/") and not path.startswith("/-") else API + path[2:], body, headers)
            answer = connection.getresponse()
            self.headers = answer.headers
            data = answer.read()
        set_cookie = answer.getheader("Set-Cookie")
        if set_cookie:
            self.cookie = set_cookie.partition(";")[0]
        data = json.loads(data) if "json" in (answer.getheader("Content-Type") or "") and data else data
        if isinstance(data, dict) and "proof" in data:
            self.proof = data["proof"]
        return answer.status, data

    def sign_in(self, name, password=PASSWORD, **more):
        return self.ask("POST", API + "/session", {"name": name, "password": password, **more})[0]

    def stream(self, path=API + "/stream"):
        """An open stream: its socket's file."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request("GET", path, headers={"Cookie": self.cookie} if self.cookie else {})
        answer = connection.getresponse()
        return connection, answer


def totp(secret, step):
    """RFC 6238, in other words than the program's."""
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7fffffff) % 1000000:06d}"


class People(Base):
    def user(self, *words, code=0, password=PASSWORD):
        done = subprocess.run([str(self.bench.program), "user", *words, "--bench", self.bench.name], input=password + "\n", text=True,
                              env=self.bench.environment, cwd=self.bench.folder, capture_output=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        return done.stdout + done.stderr

    def add(self, name, *words):
        self.user("add", *words, name)
        return self.client(name)

    def client(self, name=None):
        client = Client(self.bench.port)
        if name is not None:
            wait_for(f"{name} can sign in", lambda: client.sign_in(name) == 200, pause=0.2)
        return client

    def records(self, **wanted):
        lines = self.mbc("audit", "--json").splitlines()
        records = [json.loads(line) for line in lines]
        return [r for r in records if all(r.get(key) == value for key, value in wanted.items())]


class Accounts(People):
    # ---- signing in ---------------------------------------------------------------------------------------------------------

    def test_signing_in_and_out(self):
        self.begin("accounts")
        nobody = Client(self.bench.port)
        self.assertEqual(nobody.ask("GET", API + "/session")[1], {"accounts": False, "name": None, "role": None, "may": [], "reads": None, "kiosk": False, "acting": None})
        self.assertEqual(nobody.ask("GET", API + "/channels")[0], 200)  # without accounts all is as it was
        self.assertEqual(nobody.sign_in("maria"), 503)
        connection, answer = nobody.stream()
        self.addCleanup(connection.close)
        answer.readline()
        maria = self.add("maria", "--role", "root")
        answer.read()  # it ends: nobody sees any more who has not signed in
        for path in ("/channels", "/bench", "/stream", "/events", "/openapi.json", "/commands/a"):
            status, body = nobody.ask("GET", API + path)
            self.assertEqual((path, status), (path, 401))
            self.assertEqual(body["type"], "urn:mbc:problem:sign-in")
        for path in ("/metrics", "/xml", "/json", "/grafana"):
            self.assertEqual(nobody.ask("GET", path)[0], 401, path)
        self.assertEqual(nobody.ask("POST", "/grafana/search", {})[0], 401)
        self.assertEqual(nobody.ask("POST", API + "/safe", {})[0], 401)
        self.assertEqual(nobody.ask("GET", "/nothing")[0], 404)
        self.assertEqual(nobody.ask("GET", "/")[0], 200)  # the page, in which one signs in
        self.assertEqual(nobody.ask("GET", API + "/session")[1]["name"], None)
        self.assertIs(nobody.ask("GET", API + "/session")[1]["accounts"], True)

        self.assertEqual(maria.ask("GET", API + "/channels")[0], 200)
        status, body = maria.ask("GET", API + "/session")
        self.assertEqual((status, body["name"], body["role"], body["reads"]), (200, "maria", "root", "*"))
        self.assertEqual(body["may"], ["read", "operate", "configure", "protect"])
        self.assertEqual(maria.sign_in("maria", "wrong horse battery"), 401)
        self.assertEqual(maria.sign_in("nobody", PASSWORD), 401)
        self.assertEqual(maria.ask("GET", API + "/channels")[0], 200)  # what one was does not end by a wrong password
        self.assertEqual(nobody.sign_in("x" * 60), 401)
        self.assertEqual(nobody.ask("POST", API + "/session", {"name": "maria"})[0], 400)
        self.assertEqual(nobody.ask("POST", API + "/session", "{" * 3000)[0], 413)

        # Who looks at passwords has a socket to the gate, one to the supervisor, and nothing else.
        hasher = self.bench.pids()["hash"]
        files = {os.readlink(link) for link in pathlib.Path(f"/proc/{hasher}/fd").iterdir()}
        self.assertEqual({f for f in files if not f.startswith(("socket:", "pipe:", "anon_inode:", "/dev/null"))}, set())
        self.assertEqual(len([f for f in files if f.startswith("socket:")]), 2)
        if "asan" not in str(self.bench.program):
            self.assertRegex(pathlib.Path(f"/proc/{hasher}/status").read_text(), r"Seccomp:\s+2\n")

        token = maria.cookie.partition("=")[2]
        self.assertRegex(maria.cookie, rf"^mbc-session-{self.bench.port}=[0-9a-f]{{64}}$")
        self.assertNotIn(token, "".join(self.bench.process.text()))
        other = self.client("maria")
        self.assertNotEqual(other.cookie, maria.cookie)
        connection, answer = maria.stream()
        self.addCleanup(connection.close)
        answer.readline()
        self.assertEqual(maria.ask("DELETE", API + "/session")[0], 204)
        self.assertIn("Max-Age=0", maria.headers["Set-Cookie"])
        answer.read()  # its stream ends with it
        self.assertEqual(maria.ask("GET", API + "/channels", headers={"Cookie": f"mbc-session-{self.bench.port}={token}"})[0], 401)
        self.assertEqual(other.ask("GET", API + "/channels")[0], 200)
        third = self.client("maria")
        self.assertEqual(third.ask("DELETE", API + "/session?everywhere=2")[0], 400)
        self.assertEqual(third.ask("DELETE", API + "/session?everywhere=1")[0], 204)
        wait_for("all of them end", lambda: other.ask("GET", API + "/channels")[0] == 401)
        self.assertEqual([r["who"] for r in self.records(act="sign_in", result="done")], ["user:maria"] * 3)
        self.assertEqual(len(self.records(act="sign_out", subject="everywhere")), 1)
        self.assertTrue(self.records(act="sign_in", result="refused", who="user:maria"))
        self.assertTrue(self.records(act="sign_in", result="refused", who="-"))
        self.assertTrue(self.records(act="user_add", subject="maria"))
        self.mbc("audit", "verify")

    def test_fixation_and_forgery(self):
        self.begin("fixation")
        maria = self.add("maria", "--role", "root")
        before = maria.cookie
        self.assertEqual(maria.sign_in("maria"), 200)
        self.assertNotEqual(maria.cookie, before)  # a new one each time, and the one before ends
        old = Client(self.bench.port)
        old.cookie = before
        wait_for("the session before has ended", lambda: old.ask("GET", API + "/channels")[0] == 401)
        planted = Client(self.bench.port)
        planted.cookie = f"mbc-session-{self.bench.port}=" + "a" * 64
        self.assertEqual(planted.sign_in("maria"), 200)
        self.assertNotIn("a" * 64, planted.cookie)
        port = self.bench.port
        safe = API + "/safe"
        # A web server on another port of this host hears the cookie, and knows nothing of the proof: it reads, and changes nothing.
        for said in (None, "1", "a" * 64, planted.proof):
            for method, path, body in (("POST", safe, None), ("POST", API + "/hold", {"take": True}), ("DELETE", API + "/session", None),
                                       ("DELETE", API + "/session?everywhere=1", None), ("PUT", API + "/channels/T_furn", {"value": 1})):
                status, told = maria.ask(method, path, body, headers={"X-Mbc": said})
                self.assertEqual((status, told["type"]), (403, "urn:mbc:problem:stranger"), (said, method, path))
        # Nor by sending what it heard as a program sends its token.
        heard = {"Authorization": "Bearer " + maria.cookie.partition("=")[2]}
        for said in (None, "1"):
            for method, path, body in (("POST", safe, None), ("DELETE", API + "/session", None), ("PUT", API + "/channels/T_furn", {"value": 1}),
                                       ("POST", API + "/accounts", {"name": "other", "password": PASSWORD})):
                status, told = Client(self.bench.port).ask(method, path, body, headers={"X-Mbc": said, **heard})
                self.assertEqual((status, told["type"]), (403, "urn:mbc:problem:stranger"), (said, method, path))
        self.assertEqual(maria.ask("GET", API + "/channels", headers={"X-Mbc": None})[0], 200)
        self.assertNotEqual(maria.proof, planted.proof)
        self.assertEqual(maria.ask("POST", API + "/hold", {"take": True})[0], 200)
        self.assertEqual(maria.ask("POST", API + "/hold", {"release": True})[0], 200)
        # A form can send neither the header nor JSON; a page of another origin has its Origin, and is another site.
        self.assertEqual(maria.ask("POST", safe, headers={"X-Mbc": None})[0], 403)
        self.assertEqual(maria.ask("POST", safe, headers={"Origin": "http://evil.example"})[0], 403)
        self.assertEqual(maria.ask("POST", safe, headers={"Origin": "null"})[0], 403)
        self.assertEqual(maria.ask("POST", safe, headers={"Sec-Fetch-Site": "cross-site"})[0], 403)
        self.assertEqual(maria.ask("POST", safe, headers={"Host": "evil.example"})[0], 421)
        self.assertEqual(maria.ask("POST", API + "/session", "name=maria", headers={"X-Mbc": None, "Content-Type": "application/x-www-form-urlencoded"})[0], 403)
        self.assertEqual(maria.ask("DELETE", API + "/session", headers={"X-Mbc": None})[0], 403)
        self.assertEqual(maria.ask("GET", API + "/channels", headers={"Cookie": f"{maria.cookie}; {maria.cookie}"})[0], 401)  # ambiguous
        self.assertEqual(maria.ask("GET", API + "/channels", headers={"Cookie": f"a=b; {maria.cookie}; c=d"})[0], 200)
        self.assertEqual(maria.ask("POST", safe, headers={"Origin": f"http://127.0.0.1:{port}"})[0] // 100, 2)

    def test_wrong_passwords(self):
        self.begin("wrong")
        maria = self.add("maria", "--role", "root")
        pid = self.bench.pids()["hash"]
        lost = maria.ask("GET", API + "/channels/mbc.control.ticks_lost")[1]["value"]
        statuses = [maria.sign_in("maria", f"wrong password {i}") for i in range(40)]
        self.assertEqual(statuses[:10], [401] * 10)
        self.assertEqual(set(statuses[10:]), {429})
        self.assertGreaterEqual(int(maria.headers["Retry-After"]), 1)
        begin = time.monotonic()
        for i in range(20):
            self.assertIn(maria.sign_in(f"nobody{i}", "x" * 20), (401, 429))
        self.assertEqual(maria.sign_in("maria"), 429)  # not the right one, either
        self.add("owner", "--role", "root")  # everybody may come over loopback: others are let in
        self.assertLess(time.monotonic() - begin, PATIENCE_S)
        self.assertEqual(maria.ask("GET", API + "/channels")[0], 200)  # who is in stays in
        self.assertEqual(self.bench.pids()["hash"], pid)
        peak = int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
        if "asan" not in str(self.bench.program):
            self.assertLess(peak, 40000)  # one at a time
        self.assertLess(len(self.records(act="sign_in", result="refused")), 20)  # alike ones are counted
        self.user("passwd", "maria")
        maria = self.client("maria")  # who may do that lets her in again
        if lost is not None:  # a busy machine loses some by itself: not because of this
            self.assertLess(maria.ask("GET", API + "/channels/mbc.control.ticks_lost")[1]["value"] - lost, 50)

    def test_the_first_account_by_a_link(self):
        self.begin("first")
        done = self.user("first")
        address, code = re.search(r"(http://\S+/)#first=([0-9a-f]{64})", done).groups()
        self.assertEqual(address, f"http://127.0.0.1:{self.bench.port}/")
        self.assertNotIn(code, (self.bench.folder / "state/first/accounts.first").read_text())
        client = Client(self.bench.port)
        ask = lambda **body: client.ask("POST", API + "/session", dict({"name": "maria", "password": PASSWORD, "code": code}, **body))[0]
        wait_for("the process that looks at passwords", lambda: ask(password="short") == 400)
        self.assertEqual(ask(code="0" * 64), 403)
        self.assertEqual(ask(name="a b"), 400)
        self.assertEqual(client.ask("GET", API + "/channels")[0], 200)  # nothing is closed by a link alone
        folder = os.open(self.bench.folder / "state/first", os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(folder, fcntl.LOCK_EX)  # as `mbc user` does for a moment: it waits, and is not lost
        statuses = []
        thread = threading.Thread(target=lambda: statuses.append(ask()))
        thread.start()
        try:
            wait_for("the bench goes on", lambda: client.ask("GET", API + "/bench")[0] == 200)
            thread.join(1.5)
            self.assertTrue(thread.is_alive(), statuses)
        finally:
            os.close(folder)
        thread.join(PATIENCE_S)
        self.assertEqual(statuses, [200])
        self.assertEqual(client.ask("GET", API + "/session")[1]["role"], "root")
        self.assertEqual(Client(self.bench.port).ask("GET", API + "/channels")[0], 401)
        self.assertEqual(ask(name="anna"), 403)  # once
        self.assertFalse((self.bench.folder / "state/first/accounts.first").exists())
        self.assertIn("already", self.user("first", code=1))
        self.assertIn("maria", self.user("list"))
        self.assertEqual((self.bench.folder / "state/first/accounts").stat().st_mode & 0o777, 0o600)

    # ---- second factor ------------------------------------------------------------------------------------------------------

    def second_factor(self, name):
        """Its secret; from its end on a running bench asks for it."""
        told = self.user("totp", name).splitlines()
        secret = told[0]
        self.assertRegex(secret, r"^[A-Z2-7]{32}$")
        self.assertEqual(told[1], f"otpauth://totp/{self.bench.name}:{name}?secret={secret}&issuer={self.bench.name}&algorithm=SHA1&digits=6&period=30")
        probe = Client(self.bench.port)
        wait_for("a code is needed", lambda: probe.sign_in(name) == 401, pause=0.2)
        return secret

    def use(self, client, name, secret, used):
        """Sign in with a code that is good now and was not used: a step may end at any time, so there are several tries."""
        def attempt():
            step = next(s for s in (int(time.time()) // 30 + k for k in (0, 1, -1)) if s not in used)
            status = client.sign_in(name, code=totp(secret, step))
            if status == 200:
                used.append(step)
            return status == 200
        wait_for("the code opens it", attempt, pause=0.5)

    def test_a_second_factor(self):
        self.begin("totp")
        maria = self.add("maria", "--role", "root")
        anna = self.add("anna")
        secret = self.second_factor("maria")
        # What was begun with a password alone is over; another account's is not.
        wait_for("its session has ended", lambda: maria.ask("GET", API + "/channels")[0] == 401)
        self.assertEqual(anna.ask("GET", API + "/channels")[0], 200)
        # The right password without a code: told, again and again, and it counts as no wrong one.
        ask = lambda **body: maria.ask("POST", API + "/session", {"name": "maria", "password": PASSWORD, **body})
        for _ in range(12):
            status, needed = ask()
            self.assertEqual((status, needed["type"]), (401, "urn:mbc:problem:code-needed"))
        # A wrong code and a wrong password are the same answer, with or without a code.
        wrong = maria.ask("POST", API + "/session", {"name": "maria", "password": "wrong horse battery"})
        far = totp(secret, int(time.time()) // 30 - 1000)
        for body in ({"code": far}, {"code": "abcdef"}, {"code": "1"}, {"password": "wrong horse battery", "code": totp(secret, int(time.time()) // 30)}):
            self.assertEqual(ask(**body), wrong, body)
        self.assertEqual(wrong[1]["type"], "urn:mbc:problem:wrong-password")
        used = []
        self.use(maria, "maria", secret, used)
        self.assertEqual(maria.ask("GET", API + "/channels")[0], 200)
        # Once used it is good no more, from nobody: neither in its own step nor in the next one.
        thief = Client(self.bench.port)
        for step in used:
            self.assertEqual(thief.sign_in("maria", code=totp(secret, step)), 401)
        self.assertIsNone(thief.cookie)
        self.use(maria, "maria", secret, used)  # the one before or after is
        # Whoever has none is not asked; the codes of another open nothing.
        self.assertEqual(anna.sign_in("anna", code="123456"), 200)
        # It is nowhere but in the file.
        path = self.bench.folder / "state" / self.bench.name / "accounts"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertIn(f" totp={secret}", path.read_text())
        said = "".join(self.bench.process.text()) + self.mbc("audit", "--json") + self.mbc("log") + self.user("list")
        self.assertNotIn(secret, said)
        for step in used:
            self.assertNotIn(f'"{totp(secret, step)}"', said)
        self.assertIn("maria  root  second factor", said)
        self.assertTrue(self.records(act="user_totp", subject="maria"))
        self.assertTrue(self.records(act="sign_in", result="refused", why="a wrong code"))
        # Another one: the secret before is worth nothing.
        other = self.second_factor("maria")
        self.assertNotEqual(other, secret)
        wait_for("its session has ended", lambda: maria.ask("GET", API + "/channels")[0] == 401)
        self.assertEqual(maria.sign_in("maria", code=totp(secret, int(time.time()) // 30)), 401)
        # Off: the password alone, as before.
        self.user("totp", "--off", "maria")
        wait_for("the password will do", lambda: maria.sign_in("maria") == 200, pause=0.2)
        self.assertNotIn("totp=", path.read_text())
        self.assertTrue(self.records(act="user_totp_off", subject="maria"))
        self.assertIn("no second factor", self.user("totp", "--off", "maria", code=1))
        self.assertIn("no account", self.user("totp", "nobody", code=1))
        self.mbc("audit", "verify")

    def test_wrong_codes_are_counted(self):
        self.begin("guess")
        maria = self.add("maria", "--role", "root")
        secret = self.second_factor("maria")
        far = int(time.time()) // 30 - 100000
        # Half sign-ins between them forget nothing.
        statuses = []
        for i in range(10):
            self.assertEqual(maria.sign_in("maria"), 401)
            statuses.append(maria.sign_in("maria", code=totp(secret, far + i)))
        self.assertEqual(statuses, [401] * 10)
        self.assertEqual(maria.sign_in("maria", code=totp(secret, int(time.time()) // 30)), 429)
        self.assertEqual(maria.sign_in("maria"), 429)
        self.assertGreaterEqual(int(maria.headers["Retry-After"]), 1)
        self.user("totp", "--off", "maria")  # the command line is always open

    def test_made_up_tokens(self):
        """Nobody gets in with them, and they take neither the place of those who are in nor the gate's time."""
        self.begin("made_up")
        maria = self.add("maria", "--role", "root")
        stranger = Client(self.bench.port)
        found = set()
        for i in range(1500):
            found.add(stranger.ask("GET", API + "/channels", headers={"Cookie": f"mbc-session-{self.bench.port}={i:064x}"})[0])
        self.assertLessEqual(found, {401, 503})
        self.assertIn(401, found)
        self.assertEqual(maria.ask("GET", API + "/channels")[0], 200)
        self.mbc("set", "T_furn", "20")  # and the gate has time for others

    def test_a_sign_in_answers_nobody_elses_client(self):
        """The data server dies while a password is looked at; its successor asks under the same numbers."""
        self.begin("numbers")
        maria = self.add("maria", "--role", "root")
        other = Client(self.bench.port)
        def answers():
            with contextlib.suppress(OSError, http.client.HTTPException):
                return other.ask("GET", API + "/session")[0] == 200
        def restart():
            serve = self.bench.pids()["serve"]
            os.kill(serve, signal.SIGKILL)
            wait_for("another data server", lambda: self.bench.pids().get("serve") not in (None, serve))
            wait_for("it answers", answers)
        def flood(password):
            """So many at once that one is told how many wait already: then the first of them is with the hasher."""
            clients, told = [Client(self.bench.port) for _ in range(5)], []
            def try_it(client):
                with contextlib.suppress(OSError, http.client.HTTPException):
                    told.append(client.ask("POST", API + "/session", {"name": "maria", "password": password}))
            threads = [threading.Thread(target=try_it, args=(client,)) for client in clients]
            for thread in threads:
                thread.start()
            wait_for("the queue is full", lambda: any("too many" in answer[1]["detail"] for answer in list(told)))
            return clients, threads, told
        def attempt():
            restart()  # from here on its next sign-in is its first one
            hasher = self.bench.pids()["hash"]
            os.kill(hasher, signal.SIGSTOP)
            try:
                _, before, _ = flood(PASSWORD)
                restart()
                clients, threads, told = flood("another password")
            finally:
                os.kill(hasher, signal.SIGCONT)
            for thread in before + threads:
                thread.join(PATIENCE_S)
            self.assertEqual(len(told), 5)
            self.assertLessEqual({status for status, _ in told}, {401, 503})
            self.assertEqual([client.cookie for client in clients], [None] * 5)
            return any(status == 401 for status, _ in told)  # else the hasher was given up meanwhile, and nothing was shown
        for _ in range(5):
            if attempt():
                return
            wait_for("the hasher is there again", lambda: maria.sign_in("maria") == 200, pause=0.5)
        self.skipTest("this machine is too busy: each time the hasher was given up before it could answer")

    # ---- what one may ----------------------------------------------------------------------------------------------------------

    def test_grants(self):
        self.begin("grants")
        maria = self.add("maria", "--role", "root")
        reader = self.add("reader", "--may", "read", "--only", "T_*")
        names = "T_furn%2CF_N2", "T_furn,F_N2", "T_furn%2Cmbc.control.ticks_lost"
        for name in names:  # a list in the place of a name
            self.assertEqual(reader.ask("GET", API + f"/history/{name}?raw=1")[0], 403, name)
        blind = self.add("blind", "--may", "operate", "--only", "T_furn")
        operator = self.add("operator", "--may", "read,operate")
        names = lambda client: [c["name"] for c in client.ask("GET", API + "/channels")[1]["channels"]]
        self.assertIn("d.pv", names(maria))
        self.assertEqual({n.partition(".")[0] for n in names(reader)}, {"T_furn"})
        self.assertEqual(reader.ask("GET", API + "/channels/d.pv")[0], 404)
        self.assertEqual(reader.ask("GET", API + "/channels?names=T_furn,d.pv")[0], 404)
        self.assertEqual(reader.ask("GET", API + "/channels/T_furn")[0], 200)
        self.assertEqual(reader.ask("GET", API + "/stream?channels=d.pv")[0], 404)
        for path in ("/metrics", "/xml", "/json"):
            body = json.dumps(reader.ask("GET", path)[1]) if path == "/json" else reader.ask("GET", path)[1].decode()
            self.assertIn("T_furn", body)
            self.assertNotIn("d.pv", body)
        self.assertNotIn("d.pv", json.dumps(reader.ask("POST", "/grafana/search", {})[1]))
        self.assertEqual(reader.ask("POST", "/grafana/annotations", {})[0], 403)
        for path in ("/instruments", "/events", "/runs", "/sequences", "/instruments/d/trace"):
            self.assertEqual((path, reader.ask("GET", API + path)[0]), (path, 403))
        connection, answer = reader.stream()
        self.addCleanup(connection.close)
        seen = set()
        for _ in range(60):
            line = answer.readline().decode()
            if line.startswith("data:") and '"name"' in line:
                seen.add(json.loads(line[5:])["name"].partition(".")[0])
            if line.startswith("event: heartbeat"):
                break
        self.assertEqual(seen, {"T_furn"})
        self.assertEqual(blind.ask("GET", API + "/channels")[0], 403)
        put = lambda client, value: client.ask("PUT", API + "/channels/T_furn?wait=5s", {"target": value})
        self.assertEqual(put(reader, 20)[0], 403)
        self.assertIn("operate", put(reader, 20)[1]["detail"])
        self.assertEqual(put(operator, 110)[0], 200)
        self.assertEqual(put(blind, 120)[0], 200)
        # What became of a command is told to who asked it and to who reads everything; to others it is one that never was.
        self.assertEqual(blind.ask("PUT", API + "/channels/T_furn?wait=5s", {"target": 125, "id": "of-blind"})[0], 200)
        for client, status in ((blind, 200), (maria, 200), (operator, 200), (reader, 404)):
            self.assertEqual(client.ask("GET", API + "/commands/of-blind")[0], status)
        never, not_told = reader.ask("GET", API + "/commands/never-was"), reader.ask("GET", API + "/commands/of-blind")
        self.assertEqual((never[0], never[1]["detail"]), (404, not_told[1]["detail"]))
        self.assertEqual(blind.ask("POST", API + "/silence")[0], 403)  # of the whole bench
        self.assertEqual(blind.ask("POST", API + "/safe?wait=5s")[0] // 100, 2)  # everybody who operates may
        self.assertEqual(reader.ask("POST", API + "/safe")[0], 403)
        self.assertTrue(self.records(who="user:operator", act="set", value="110"))
        token = self.mbc("token", "add", "lims").strip()
        program = Client(self.bench.port)
        bearer = {"Authorization": f"Bearer {token}", "X-Mbc": None}
        wait_for("the token is known", lambda: program.ask("GET", API + "/channels", headers=bearer)[0] == 200)
        # Taken away: what a stream shows is another thing, so it ends.
        self.user("revoke", "reader")
        answer.read()
        wait_for("no grant", lambda: reader.ask("GET", API + "/channels")[0] == 403)
        self.user("grant", "--may", "read", "--until", "2s", "reader")
        wait_for("a grant", lambda: reader.ask("GET", API + "/channels")[0] == 200)
        connection, answer = reader.stream()
        self.addCleanup(connection.close)
        answer.read()  # it ends while it is open
        self.assertEqual(reader.ask("GET", API + "/channels")[0], 403)

    def test_ends_are_told_before(self):
        self.begin("ends")
        self.user("add", "--until", "20d", "anna")
        self.user("add", "maria")
        self.user("grant", "--may", "operate", "--until", "12h", "maria")
        def told():
            lines = self.mbc("log", "--kind", "account_ends", "--json").splitlines()
            return sorted((e["subject"], e["text"].partition(",")[0]) for e in map(json.loads, lines))
        events = wait_for("both are told", lambda: len(told()) == 2 and told())
        self.assertEqual([name for name, _ in events], ["anna", "maria"])
        self.assertTrue(events[1][1].endswith("operate"), events)
        self.user("grant", "--may", "operate", "--until", "6d", "maria")
        wait_for("the new end, too", lambda: len(told()) == 3)

    def test_disabled_while_signed_in(self):
        self.begin("disabled")
        maria = self.add("maria", "--role", "root")
        anna = self.add("anna", "--may", "read")
        connection, answer = anna.stream()
        self.addCleanup(connection.close)
        answer.readline()
        self.user("disable", "anna")
        answer.read()
        self.assertEqual(anna.ask("GET", API + "/channels")[0], 401)
        self.assertEqual(anna.sign_in("anna"), 401)
        self.assertIn("never given to somebody else", self.user("add", "anna", code=1))
        self.user("enable", "anna")
        wait_for("open again", lambda: anna.sign_in("anna") == 200, pause=0.5)
        self.user("passwd", "anna", password="another password")
        wait_for("its sessions end", lambda: anna.ask("GET", API + "/channels")[0] == 401)
        self.assertEqual(anna.sign_in("anna", "another password"), 200)
        self.user("sign-out", "anna")
        wait_for("signed out", lambda: anna.ask("GET", API + "/channels")[0] == 401)
        # Sessions do not outlive the gate, and without one nobody gets in.
        gate = self.bench.pids()["gate"]
        os.kill(gate, signal.SIGKILL)
        wait_for("another gate", lambda: self.bench.pids().get("gate") not in (None, gate))
        self.assertIn(maria.ask("GET", API + "/channels")[0], (401, 503))
        wait_for("signed in again", lambda: maria.sign_in("maria") == 200, pause=0.2)
        os.kill(self.bench.pids()["serve"], signal.SIGKILL)
        def again():
            with contextlib.suppress(OSError, http.client.HTTPException):
                return maria.ask("GET", API + "/channels")[0] == 200
        wait_for("the session outlives serve", again)
        hasher = self.bench.pids()["hash"]
        os.kill(hasher, signal.SIGKILL)
        wait_for("another hasher", lambda: self.bench.pids().get("hash") not in (None, hasher))
        wait_for("signed in", lambda: maria.sign_in("maria") == 200, pause=0.2)
        (self.bench.folder / "state/disabled/accounts").unlink()
        wait_for("nobody is known", lambda: maria.ask("GET", API + "/channels")[0] == 401)  # it does not open by that


# What each operation of the description takes. Whoever has it is not refused: the status is then one of the others that are described.
OPEN, ANY, SOMETHING, READ, OPERATE, SESSION, HOLD, MANAGE, OWN, CONFIGURE, PROTECT, BOTH = (
    "open", "any", "something", "read", "operate", "session", "hold", "manage", "own", "configure", "protect", "configure and protect")
NEEDS = {
    ("get", "/api/v1/session"): OPEN, ("post", "/api/v1/session"): OPEN, ("delete", "/api/v1/session"): SESSION,
    ("get", "/api/v1/openapi.json"): ANY, ("get", "/api/v1/commands/{id}"): SOMETHING,
    ("get", "/api/v1/hold"): SOMETHING, ("post", "/api/v1/hold"): HOLD, ("patch", "/api/v1/session"): OWN,
    ("get", "/api/v1/audit"): CONFIGURE, ("get", "/api/v1/catalogue"): CONFIGURE, ("get", "/api/v1/catalogue/{name}"): CONFIGURE,
    ("post", "/api/v1/bench/reason"): BOTH, ("post", "/api/v1/instruments/{name}/try"): CONFIGURE, ("post", "/api/v1/scan"): CONFIGURE,
}
NEEDS |= {(method, path): MANAGE for path in DESCRIPTION["paths"] if path.startswith(("/api/v1/accounts", "/api/v1/tokens", "/api/v1/links"))
          for method in DESCRIPTION["paths"][path]}
WHOLE = "the role root"
NEEDS |= {(method, path): WHOLE for path in DESCRIPTION["paths"] if path.startswith(("/api/v1/certificates", "/api/v1/backups")) for method in DESCRIPTION["paths"][path]}
# A person with a session, and no token: HOLD is `operate` of one.
NEEDS |= {("post", f"/api/v1/{path}"): HOLD for path in ("alarms/{name}/reset", "alarms/{name}/in", "trips/{name}/reset", "trips/{name}/end", "record/start", "record/stop", "runs/{id}/notes")}
NEEDS |= {("post", f"/api/v1/{path}"): PROTECT for path in ("alarms/{name}/out", "trips/{name}/bypass")}
NEEDS |= {(method, path): CONFIGURE for path, methods in DESCRIPTION["paths"].items() if path.startswith("/api/v1/bench/") for method in methods
          if (method, path) not in NEEDS}
NEEDS |= {("get", path): READ for path in DESCRIPTION["paths"] if ("get", path) not in NEEDS and "get" in DESCRIPTION["paths"][path]}
NEEDS |= {("post", path): READ for path in DESCRIPTION["paths"] if path.startswith("/grafana/") and "post" in DESCRIPTION["paths"][path]}
PEOPLE = {  # what of it each of them has
    "nobody": {OPEN},
    "none": {OPEN, ANY, SESSION, OWN},
    "reader": {OPEN, ANY, SOMETHING, READ, SESSION, OWN},
    "operator": {OPEN, ANY, SOMETHING, READ, OPERATE, SESSION, HOLD, OWN},
    "admin": {OPEN, ANY, SOMETHING, READ, OPERATE, SESSION, HOLD, MANAGE, OWN, CONFIGURE},
    "root": {OPEN, ANY, SOMETHING, READ, OPERATE, SESSION, HOLD, MANAGE, OWN, CONFIGURE, PROTECT, BOTH, WHOLE},
    "protector": {OPEN, ANY, SOMETHING, SESSION, OWN, PROTECT},
    "token": {OPEN, ANY, SOMETHING, READ, OPERATE, SESSION},
    "kiosk": {OPEN, ANY, SOMETHING, READ, SESSION, OWN},
    "acting": {OPEN, ANY, SOMETHING, READ, OPERATE, SESSION, HOLD, OWN},  # root, by a PIN at a kiosk
}
PIN = "4711"
BODIES = {"/api/v1/scan": {"wire": "l"}, "/api/v1/channels/{name}": {"target": 20}, "/api/v1/alarms/{name}/shelve": {"for": "10min", "reason": "a test"},
          "/api/v1/alarms/{name}/out": {"reason": "a test"}, "/api/v1/trips/{name}/reset": {"reason": "a test"},
          "/api/v1/trips/{name}/bypass": {"for": "10min", "reason": "a test"},
          "/api/v1/sequence/prepare": {"name": "s"}, "/api/v1/sequence/form": {"name": "p", "value": "1"}, "/api/v1/sequence/start": {"name": "s"},
          "/api/v1/sequence/goto": {"step": 1}, "/api/v1/sequence/answer": {"value": "yes"}, "/api/v1/hold": {"release": True},
          "/api/v1/accounts": {"name": "made", "password": PASSWORD}, "/api/v1/accounts/{name}": {"until": None}, "/api/v1/tokens": {"name": "made"}, "/api/v1/links": {"name": "made", "until": "2099-01-01T00:00:00Z"},
          "/api/v1/bench/file": {"text": "bench: [", "sha256": "0" * 64}, "/api/v1/bench/file/check": {"text": "bench: ["}, "/api/v1/sequences/check": {"text": "sequence", "name": "s.seq"},
          "/api/v1/bench/undo": {"to": 999}, "/api/v1/runs/{id}/notes": {"text": "a test"},
          "/api/v1/bench/reason": {"reason": "a test"}, ("patch", "/api/v1/session"): {"password": PASSWORD}}
NAMES = {"/api/v1/channels": "T_furn", "/api/v1/history": "T_furn", "/api/v1/instruments": "d", "/api/v1/alarms": "hot", "/api/v1/trips": "too_hot", "/api/v1/sequences": "s",
         "/api/v1/runs": "1", "/api/v1/commands": "id1", "/api/v1/accounts": "made", "/api/v1/tokens": "made", "/api/v1/links": "made", "/api/v1/bench": "1", "/api/v1/catalogue": "alicat-m",
         "/api/v1/certificates": "serve", "/api/v1/backups": "made.mbc"}
BODIES["/api/v1/certificates/{name}"] = {"text": "no PEM"}
BODIES["post", "/api/v1/certificates/{name}"] = {}


DRAWING = "<svg xmlns='http://www.w3.org/2000/svg'><text data-channel='T_furn'>é</text></svg>\n"
PROTECTED = ("trips: {too_hot:", """synoptic: drawing.svg
interlocks: {no_heat: {forbid: T_furn > 690 degC and d.sp > 600 degC, to: cold, bypass: {max: 1 h}, title: No heat}}
trips: {odd: {when: T_furn > 680 degC, to: cold, bypass: {max: 1 h}, protected_by: a fuse, tested: 2026-01-01, every: 365 d}, too_hot:""")


class Protect(People):
    """What protects the bench, told and handled over HTTP."""

    def setUp(self):
        from test_door import DoorBench
        write = DoorBench.write
        self.addCleanup(setattr, DoorBench, "write", write)

        def write_with_drawing(bench, text):
            write(bench, text.replace(*PROTECTED))
            (bench.file.parent / "drawing.svg").write_text(DRAWING)
        DoorBench.write = write_with_drawing

    def test_what_protects_is_told_and_handled(self):
        self.begin("protect")
        self.set_value(100)
        maria = self.add("maria", "--role", "root")
        self.user("add", "--may", "read,operate", "anna")
        anna = self.client("anna")
        token = self.mbc("token", "add", "lims").strip()
        wait_for("the token is known", lambda: Client(self.bench.port).ask("GET", API + "/trips", None, {"Authorization": f"Bearer {token}"})[0] == 200)

        def ask(path):
            """The answer, once the server has the new accounts and asked the gate who anna is."""
            return wait_for(path, lambda: (lambda status, told: told if status == 200 else None)(*anna.ask("GET", API + path)))

        def order(client, path, body, headers=None):
            """The status of a command; one who asks too fast, or of a gate that reads its files, asks again."""
            return wait_for(path, lambda: (lambda status: None if status == 503 else status)(client.ask("POST", API + path + "?wait=5s", body, headers)[0]), pause=0.2)
        told = ask("/protection")
        jsonschema.Draft202012Validator(DESCRIPTION["components"]["schemas"]["Protection"], format_checker=jsonschema.FormatChecker()).validate(told)
        odd, too_hot = told["trips"]
        self.assertEqual({key: odd[key] for key in ("name", "protected_by", "tested", "test_every_s", "bypass_max_s", "safe_state")},
                         {"name": "odd", "protected_by": "a fuse", "tested": "2026-01-01", "test_every_s": 365 * 86400, "bypass_max_s": 3600, "safe_state": "cold"})
        self.assertEqual((too_hot["tested"], too_hot["bypass_max_s"], too_hot["latched"]), (None, None, True))
        [interlock] = told["interlocks"]
        self.assertEqual((interlock["name"], interlock["forbids"], interlock["trip"]["safe_state"]), ("no_heat", "T_furn > 690 degC and d.sp > 600 degC", "cold"))
        [cold] = told["safe_states"]
        self.assertEqual((cold["name"], cold["state"], cold["is_on_stop"]), ("cold", "idle", True))
        self.assertEqual([(line["output"], line["value"]) for line in cold["lines"]], [("T_furn", 0)])
        [loss] = told["losses"]
        self.assertEqual((loss["name"], loss["hazard"], loss["computer"]), ("T_furn", "heat", "stays_no_watchdog"))

        self.assertTrue(ask("/bench")["synoptic"])
        self.assertEqual(ask("/synoptic"), DRAWING.encode())
        self.assertEqual((anna.headers["Content-Type"], anna.headers["X-Content-Type-Options"]), ("text/plain; charset=utf-8", "nosniff"))

        def states(name):
            return {t["name"]: t["state"] for t in ask("/trips?all=1")["trips"]}[name]
        wait_for("ready", lambda: (states("too_hot"), states("odd")) == ("ready", "ready"))
        # A bypass takes the grant, a reason and an end; a token and whoever operates have none of it.
        bypass = {"for": "30min", "reason": "the sensor is replaced"}
        self.assertEqual(order(anna, "/trips/odd/bypass", bypass), 403)
        self.assertEqual(order(Client(self.bench.port), "/trips/odd/bypass", bypass, {"Authorization": f"Bearer {token}", "X-Mbc": None}), 403)
        self.assertEqual(order(maria, "/trips/odd/bypass", {"for": "30min"}), 400)
        self.assertEqual(order(maria, "/trips/odd/bypass", {"reason": "x"}), 400)
        self.assertEqual(order(maria, "/trips/odd/bypass", dict(bypass, **{"for": "2h"})), 409)
        self.assertEqual(order(maria, "/trips/too_hot/bypass", bypass), 409)  # the bench file does not allow it
        self.assertEqual(order(maria, "/trips/odd/bypass", bypass), 200)
        wait_for("bypassed", lambda: states("odd") == "bypassed")
        self.assertEqual(order(anna, "/trips/odd/end", {}), 200)
        wait_for("ended", lambda: states("odd") == "ready")
        # A trip is reset by whoever operates, with a comment, once its condition is gone; by no token.
        self.device.holding[0] = 6600
        wait_for("tripped", lambda: states("too_hot") == "tripped")
        reset = {"reason": "the fan was off"}
        self.assertEqual(order(anna, "/trips/too_hot/reset", reset), 409)
        self.assertEqual(order(Client(self.bench.port), "/trips/too_hot/reset", reset, {"Authorization": f"Bearer {token}", "X-Mbc": None}), 403)
        self.device.holding[0] = 200
        self.assertEqual(order(anna, "/trips/too_hot/reset", {}), 400)
        wait_for("reset", lambda: order(anna, "/trips/too_hot/reset", reset) == 200)
        wait_for("ready again", lambda: states("too_hot") == "ready")
        wait_for("it is on record", lambda: [r for r in self.records(who="user:anna") if "too_hot" in json.dumps(r)])
        # Out of service takes the grant, too; back in does not.
        self.assertEqual(order(anna, "/alarms/hot/out", {"reason": "x"}), 403)
        self.assertEqual(order(maria, "/alarms/hot/out", {"reason": "the oven is apart"}), 200)
        wait_for("out", lambda: [a["state"] for a in ask("/alarms?all=1")["alarms"]] == ["out_of_service"])
        self.assertEqual(order(anna, "/alarms/hot/in", {}), 200)
        self.assertIn(order(anna, "/alarms/ack", {}), (200, 409))
        self.user("add", "--may", "read", "--only", "d.*", "guest")
        guest = self.client("guest")
        wait_for("the guest is known", lambda: guest.ask("GET", API + "/channels")[0] == 200)
        self.assertEqual([guest.ask("GET", API + path)[0] for path in ("/protection", "/synoptic")], [403, 403])


class Matrix(People):
    """Every operation of the description, asked by everybody."""

    def setUp(self):
        from test_door import DoorBench
        before = DoorBench.commands
        DoorBench.commands = "[set, mode, safe, ack, shelve, sequence]"
        self.addCleanup(setattr, DoorBench, "commands", before)

    def ask_as(self, client, bearer, method, path, body):
        """The status; one who asks too fast is asked to wait, and does."""
        def attempt():
            headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
            status, answer = client.ask("HEAD" if path.endswith("/stream") else method, path, body, headers)
            told = json.dumps(answer) if isinstance(answer, dict) else ""
            return None if (status == 503 and "in a short time" in told) or (status == 429 and "one-at-a-time" in told) else status
        return wait_for(f"{method} {path}", attempt, pause=0.2)

    def test_everybody_asks_everything(self):
        self.begin("matrix")
        self.add("root", "--role", "root")
        self.user("add", "--role", "admin", "admin")
        for name in ("kiosk", "acting"):
            self.user("add", "--kiosk", name)
        self.user("pin", "root", password=PIN)
        for name, may in (("none", "read"), ("reader", "read"), ("operator", "read,operate"), ("protector", "protect")):
            self.user("add", "--may", may, name)
        self.user("revoke", "none")
        token = self.mbc("token", "add", "lims").strip()
        clients = {name: self.client(name) for name in PEOPLE if name not in ("nobody", "token")}
        clients |= {name: Client(self.bench.port) for name in ("nobody", "token")}
        wait_for("the token is known", lambda: self.ask_as(clients["token"], token, "GET", "/metrics", None) == 200)
        wait_for("no grant", lambda: self.ask_as(clients["none"], None, "GET", "/metrics", None) == 403)
        asked = 0
        for path, methods in DESCRIPTION["paths"].items():
            for method, operation in methods.items():
                if (method, path) == ("delete", "/api/v1/session"):
                    continue  # last: it ends what the others need
                for name in PEOPLE:
                    self.check(clients[name], token if name == "token" else None, name, method, path, operation)
                    asked += 1
        self.assertGreater(asked, 300)
        for name, client in clients.items():
            bearer = token if name == "token" else None
            for path in ("/api/v1/nothing", "/api/v2/bench", "/admin", "/api/v1/channels/T_furn/nothing", "/index.php", "/%2e%2e/etc/passwd"):
                self.assertEqual((name, path, self.ask_as(client, bearer, "GET", path, None)), (name, path, 404))
            self.assertEqual((name, self.ask_as(client, bearer, "PUT", "/api/v1/bench", {})), (name, 401 if name == "nobody" else 405))
        for name, client in clients.items():
            path = "/api/v1/session"
            self.check(client, token if name == "token" else None, name, "delete", path, DESCRIPTION["paths"][path]["delete"])

    def check(self, client, bearer, name, method, path, operation):
        needs = NEEDS.get((method, path), OPERATE)
        body = BODIES.get((method, path), BODIES.get(path, {})) if method in ("post", "put", "patch") else None
        if name == "acting" and needs in (OPERATE, HOLD):  # for two minutes: a busy machine takes longer
            self.assertEqual(client.ask("POST", API + "/session", {"name": "root", "pin": PIN})[0], 200)
        where = re.sub(r"{\w+}", lambda m: NAMES["/".join(path.split("/")[:4])], path)
        if needs == OPERATE and not path.endswith(("/rehearse", "/check")):
            where += "?wait=2s"
        status = self.ask_as(client, bearer, method.upper(), where, body)
        who = (name, method, path, status)
        self.assertIn(str(status), operation["responses"], who)
        if needs in PEOPLE[name]:
            self.assertNotIn(status, (401, 403), who)
        else:
            self.assertEqual(status, 401 if name == "nobody" else 403, who)


if __name__ == "__main__":
    unittest.main()
