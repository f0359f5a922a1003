"""Accounts and tokens managed over HTTP, and people who act at a kiosk with a PIN; with the real program."""
import datetime
import fcntl
import hashlib
import json
import os
import signal
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True

from harness import PATIENCE_S, wait_for  # noqa: E402
from test_accounts import PASSWORD, Client, People  # noqa: E402
from test_door import API  # noqa: E402


class Managing(People):
    """Accounts and tokens over HTTP."""

    def bearer(self, token):
        return {"Authorization": f"Bearer {token}", "X-Mbc": None}

    def named(self, client, name):
        status, body = client.ask("GET", API + "/accounts")
        self.assertEqual(status, 200, body)
        return next((a for a in body["accounts"] if a["name"] == name), None)

    def refused(self, answer, status, word=""):
        self.assertEqual(answer[0], status, answer)
        self.assertIn(word, answer[1]["detail"])

    def test_root_manages(self):
        self.begin("manage")
        maria = self.add("maria", "--role", "root")
        status, made = maria.ask("POST", API + "/accounts", {"name": "anna", "password": PASSWORD, "grants": [
            {"may": "read"}, {"may": "operate", "only": "T_*", "until": "2126-01-01T00:00:00Z"}]})
        self.assertEqual((status, made), (201, {"name": "anna", "role": "user", "disabled": False, "until": None, "second_factor": False, "pin": False,
            "kiosk": False, "sessions": 0, "grants": [{"may": "read", "only": "*", "until": None},
                                                      {"may": "operate", "only": "T_*", "until": "2126-01-01T00:00:00.000Z"}]}))
        anna = Client(self.bench.port)
        self.assertEqual(anna.sign_in("anna"), 200)  # at once: the gate knows it before it is told
        self.assertEqual(self.named(maria, "anna")["sessions"], 1)
        self.assertEqual(anna.ask("GET", API + "/channels")[0], 200)
        path = self.bench.folder / "state/manage/accounts"
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        self.assertNotIn("argon2", json.dumps(maria.ask("GET", API + "/accounts")[1]))
        change = lambda client, whom, **body: client.ask("PATCH", API + f"/accounts/{whom}", body)
        # Each on its own, and what is not named stays.
        status, now = change(maria, "anna", grants=[{"may": "read", "only": "T_furn"}], until="2126-01-01T00:00:00Z")
        self.assertEqual((status, now["grants"], now["until"]), (200, [{"may": "read", "only": "T_furn", "until": None}], "2126-01-01T00:00:00.000Z"))
        self.assertEqual(anna.ask("GET", API + "/channels/d.pv")[0], 404)
        self.assertEqual(change(maria, "anna", until=None)[1]["until"], None)
        self.assertEqual(change(maria, "anna", pin="4711")[1]["pin"], True)
        self.assertEqual(change(maria, "anna", pin=None)[1]["pin"], False)
        self.assertEqual(change(maria, "anna", sign_out=True)[0], 200)
        wait_for("signed out", lambda: anna.ask("GET", API + "/channels")[0] == 401)
        self.assertEqual(change(maria, "anna", password="another password")[0], 200)
        self.assertEqual(anna.sign_in("anna"), 401)
        self.assertEqual(anna.sign_in("anna", "another password"), 200)
        self.assertEqual(change(maria, "anna", disabled=True)[1]["disabled"], True)
        wait_for("its session has ended", lambda: anna.ask("GET", API + "/channels")[0] == 401)
        self.assertEqual(change(maria, "anna", disabled=False, role="admin")[1]["role"], "admin")
        # What makes no sense.
        self.refused(maria.ask("POST", API + "/accounts", {"name": "anna", "password": PASSWORD}), 409, "never given")
        self.refused(maria.ask("POST", API + "/accounts", {"name": "a b", "password": PASSWORD}), 400, "letters")
        self.refused(maria.ask("POST", API + "/accounts", {"name": "carl", "password": "short"}), 400, "8 to")
        self.refused(maria.ask("POST", API + "/accounts", {"name": "carl"}), 400, "needs")
        self.refused(change(maria, "nobody", disabled=True), 404, "no account")
        self.refused(change(maria, "anna"), 400, "nothing")
        for body in ({"hash": "x"}, {"name": "x"}, {"role": "king"}, {"until": "tomorrow"}, {"pin": "12a4"}, {"pin": "123"}, {"password": "tab\there"},
                     {"grants": [{"may": "read"}, {"may": "read"}]}, {"grants": [{"only": "*"}]}, {"grants": {"read": "*"}}, {"grants": [{"may": "read", "only": "a b"}]}):
            self.refused(change(maria, "anna", **body), 400)
        self.refused(maria.ask("PATCH", API + "/accounts/anna", '{"disabled": true, "disabled": false}'), 400, "twice")
        self.assertEqual(maria.ask("PATCH", API + "/accounts/anna", {"role": "user"}, headers={"X-Mbc": None, "Content-Type": "text/plain"})[0], 403)
        self.assertEqual(maria.ask("PATCH", API + "/accounts/anna", {"role": "user"}, headers={"Origin": "http://evil.example"})[0], 403)
        self.assertEqual(maria.ask("PATCH", API + "/accounts/anna", "x" * 5000)[0], 413)
        # The last open root account stays.
        for body in ({"disabled": True}, {"role": "admin"}, {"until": "2126-01-01T00:00:00Z"}):
            self.refused(change(maria, "maria", **body), 409, "root")
        self.assertEqual(change(maria, "anna", role="root")[0], 200)
        self.assertEqual(change(maria, "maria", until="2126-01-01T00:00:00Z")[0], 200)
        # A second factor, shown once.
        status, factor = maria.ask("POST", API + "/accounts/anna/second-factor")
        self.assertEqual(status, 200, factor)
        self.assertEqual(factor["otpauth"], f"otpauth://totp/manage:anna?secret={factor['secret']}&issuer=manage&algorithm=SHA1&digits=6&period=30")
        self.assertIn(f" totp={factor['secret']}", path.read_text())
        self.assertEqual(anna.ask("POST", API + "/session", {"name": "anna", "password": "another password"})[1]["type"], "urn:mbc:problem:code-needed")
        self.assertTrue(self.named(maria, "anna")["second_factor"])
        self.assertEqual(maria.ask("DELETE", API + "/accounts/anna/second-factor")[0], 204)
        self.assertEqual(anna.sign_in("anna", "another password"), 200)
        # On record: before, and when it is so, with who asked.
        self.assertTrue(self.records(act="user_add", subject="anna", who="user:maria", result="asked"))
        self.assertTrue(self.records(act="user_add", subject="anna", who="user:maria", result="done"))
        self.assertTrue(self.records(act="user_password", subject="anna", who="user:maria", **{"from": "http"}))
        self.assertTrue(self.records(act="user_change", subject="maria", result="refused"))
        said = "".join(self.bench.process.text()) + self.mbc("audit", "--json") + self.mbc("log")
        for secret in (factor["secret"], "another password", "4711"):
            self.assertNotIn(secret, said)
        self.mbc("audit", "verify")
        # The command line sees the same file, and holds its lock for as long as somebody types.
        folder = os.open(self.bench.folder / "state/manage", os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        begun = time.monotonic()
        answers = []
        thread = threading.Thread(target=lambda: answers.append(change(maria, "anna", pin="12345")))
        thread.start()
        time.sleep(0.5)
        os.close(folder)
        thread.join(PATIENCE_S)
        self.assertEqual(answers[0][0], 200)
        self.assertGreaterEqual(time.monotonic() - begun, 0.5)
        folder = os.open(self.bench.folder / "state/manage", os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        self.refused(change(maria, "anna", pin="123456"), 503, "command line")
        os.close(folder)
        self.assertIn("anna  root  PIN", self.user("list"))

    def test_who_may_manage(self):
        self.begin("managers")
        maria = self.add("maria", "--role", "root")
        bert = self.add("bert", "--role", "admin")
        anna = self.add("anna", "--may", "read,operate,configure,protect")
        token = self.mbc("token", "add", "lims").strip()
        program = Client(self.bench.port)
        wait_for("the token is known", lambda: program.ask("GET", API + "/channels", headers=self.bearer(token))[0] == 200)
        self.assertEqual(program.ask("GET", API + "/accounts", headers=self.bearer(token))[0], 403)
        self.assertEqual(program.ask("POST", API + "/tokens", {"name": "x"}, headers=self.bearer(token))[0], 403)
        self.assertEqual(Client(self.bench.port).ask("GET", API + "/accounts")[0], 401)
        for method, path in (("GET", "/accounts"), ("GET", "/tokens"), ("POST", "/accounts/anna/second-factor"), ("DELETE", "/tokens/lims")):
            self.assertEqual((path, anna.ask(method, API + path)[0]), (path, 403))
        change = lambda client, whom, **body: client.ask("PATCH", API + f"/accounts/{whom}", body)
        self.refused(change(anna, "anna", role="root"), 403)
        self.assertEqual(bert.ask("POST", API + "/accounts", {"name": "carl", "password": PASSWORD, "grants": [{"may": "operate"}]})[0], 201)
        self.assertEqual(change(bert, "carl", disabled=True)[0], 200)
        self.assertEqual(change(bert, "carl", disabled=False, password="another password", grants=[{"may": "configure"}])[0], 200)
        for body in ({"role": "admin"}, {"role": "root"}, {"grants": [{"may": "protect"}]}):
            self.refused(change(bert, "carl", **body), 403)
        self.refused(bert.ask("POST", API + "/accounts", {"name": "dora", "password": PASSWORD, "role": "admin"}), 403)
        self.refused(bert.ask("POST", API + "/accounts", {"name": "dora", "password": PASSWORD, "grants": [{"may": "protect"}]}), 403)
        for name in ("maria", "bert"):
            self.refused(change(bert, name, disabled=False), 403, "role user")
            self.assertEqual(bert.ask("DELETE", API + f"/accounts/{name}/second-factor")[0], 403)
        # Who has 'protect' is not taken over by who may not give it.
        self.refused(change(bert, "anna", password="another password"), 403, "protect")
        self.assertEqual(bert.ask("POST", API + "/accounts/anna/second-factor")[0], 403)
        self.assertEqual(change(bert, "anna", sign_out=True)[0], 200)
        # One's own password and PIN, with the old one.
        wait_for("signed out", lambda: anna.ask("GET", API + "/channels")[0] == 401)
        self.assertEqual(anna.sign_in("anna"), 200)
        own = lambda **body: anna.ask("PATCH", API + "/session", body)
        self.refused(own(password="wrong horse battery", new_password="a new password"), 403, "old password")
        self.refused(own(new_password="a new password"), 400, "old")
        self.refused(own(password=PASSWORD), 400)
        self.refused(own(password=PASSWORD, new_password="short"), 400)
        self.refused(own(password=PASSWORD, new_password="a new password", role="root"), 400)
        self.assertEqual(own(password=PASSWORD, pin="0815")[0], 204)
        self.assertEqual(anna.ask("GET", API + "/channels")[0], 200)
        self.assertEqual(own(password=PASSWORD, new_password="a new password")[0], 204)
        self.assertEqual(anna.sign_in("anna"), 401)
        self.assertEqual(anna.sign_in("anna", "a new password"), 200)
        found = [own(password="wrong horse battery", pin="1234")[0] for _ in range(12)]
        self.assertEqual(found[-1], 429)
        self.assertTrue(self.named(maria, "anna")["pin"])
        self.assertEqual(self.records(act="user_pin", subject="anna")[-1]["who"], "user:anna")

    def test_tokens(self):
        self.begin("tokens")
        maria = self.add("maria", "--role", "root")
        status, made = maria.ask("POST", API + "/tokens", {"name": "lims", "may": ["set", "ack"], "only": "T_*", "reads": "T_furn"})
        self.assertEqual(status, 201, made)
        token = made.pop("token")
        self.assertRegex(token, r"^[0-9a-f]{64}$")
        self.assertEqual(made, {"name": "lims", "may": ["set", "ack"], "only": "T_*", "reads": "T_furn", "until": None})
        self.assertEqual(maria.ask("GET", API + "/tokens")[1], {"tokens": [made]})
        self.assertNotIn(token, (self.bench.folder / "state/tokens/tokens").read_text())
        program = Client(self.bench.port)
        ask = lambda path: program.ask("GET", path, headers=self.bearer(token))
        self.assertEqual(ask(API + "/channels/T_furn")[0], 200)
        # It reads what it may, as an account does.
        self.assertEqual(ask(API + "/channels/d.pv")[0], 404)
        self.assertEqual({c["name"].partition(".")[0] for c in ask(API + "/channels")[1]["channels"]}, {"T_furn"})
        self.assertEqual(ask(API + "/events")[0], 403)
        self.assertNotIn("d.pv", ask("/metrics")[1].decode())
        self.assertEqual(ask(API + "/session")[1]["reads"], "T_furn")
        self.refused(maria.ask("POST", API + "/tokens", {"name": "lims"}), 409, "already")
        for body in ({"name": "x y"}, {"name": "x", "may": []}, {"name": "x", "may": ["fly"]}, {"name": "x", "reads": "a b"}, {}):
            self.refused(maria.ask("POST", API + "/tokens", body), 400)
        self.refused(maria.ask("DELETE", API + "/tokens/nobody"), 404)
        # What others read goes on when there is another token, and is not cut.
        connection, answer = maria.stream()
        self.addCleanup(connection.close)
        answer.readline()
        other = self.mbc("token", "add", "--reads", "T_furn", "other").strip()
        wait_for("the other one", lambda: program.ask("GET", API + "/channels/T_furn", headers=self.bearer(other))[0] == 200)
        self.assertEqual(program.ask("GET", API + "/channels/d.pv", headers=self.bearer(other))[0], 404)
        self.assertEqual(maria.ask("DELETE", API + "/tokens/lims")[0], 204)
        self.assertEqual(ask(API + "/channels")[0], 401)
        for _ in range(3):  # the same stream, all the time
            line = answer.readline()
            while not line.startswith(b"event: heartbeat"):
                self.assertNotEqual(line, b"")
                line = answer.readline()
        self.assertIn("reads T_furn", self.mbc("token", "list"))
        self.assertTrue(self.records(act="token_add", subject="lims", who="user:maria", result="done"))
        self.assertTrue(self.records(act="token_remove", subject="lims", who="user:maria", result="done"))
        self.assertTrue(self.records(act="token_add", subject="other", result="done", **{"from": "cli"}))
        self.assertNotIn(token, self.mbc("audit", "--json") + "".join(self.bench.process.text()))

    def test_what_is_not_written_is_not_so(self):
        """The disk refuses; the gate is killed between question and answer."""
        self.begin("torn")
        maria = self.add("maria", "--role", "root")
        path = self.bench.folder / "state/torn/accounts"
        before = path.read_text()
        change = lambda **body: maria.ask("PATCH", API + "/accounts/maria", body)
        (self.bench.folder / "state/torn/accounts.new").mkdir()
        self.refused(change(pin="4711"), 503, "writing")
        self.assertEqual(path.read_text(), before)
        self.assertFalse(self.named(maria, "maria")["pin"])
        self.assertTrue(self.records(act="user_change", subject="maria", result="asked"))
        self.assertTrue(self.records(act="user_change", subject="maria", result="refused"))
        self.assertFalse(self.records(act="user_pin"))
        (self.bench.folder / "state/torn/accounts.new").rmdir()
        self.assertEqual(change(pin="4711")[0], 200)
        before = path.read_text()
        folder = os.open(self.bench.folder / "state/torn", os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(change(pin=None)))
        thread.start()
        wait_for("it is asked for", lambda: len(self.records(act="user_change", subject="maria", result="asked")) == 3)
        gate = self.bench.pids()["gate"]
        os.kill(gate, signal.SIGKILL)
        thread.join(PATIENCE_S)
        self.refused(answers[0], 503, "look at the list")
        os.close(folder)
        wait_for("another gate", lambda: self.bench.pids().get("gate") not in (None, gate))
        wait_for("signed in again", lambda: maria.sign_in("maria") == 200, pause=0.2)
        # It was done or not, and the list says which; the next change goes its way.
        has_pin = self.named(maria, "maria")["pin"]
        self.assertEqual("pin=" in path.read_text(), has_pin)
        self.assertEqual(change(pin="12345")[1]["pin"], True)
        self.mbc("audit", "verify")

    def test_another_password_meanwhile(self):
        """The old password is looked at while somebody sets another one: theirs stays."""
        self.begin("meanwhile")
        self.add("maria", "--role", "root")
        anna = self.add("anna")
        hasher = self.bench.pids()["hash"]
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            anna.ask("PATCH", API + "/session", {"password": PASSWORD, "new_password": "of somebody else"})))
        os.kill(hasher, signal.SIGSTOP)
        try:
            thread.start()
            time.sleep(0.5)  # sooner, and it were the new one that is looked at
            self.user("passwd", "anna", password="another password")
            wait_for("the gate knows it", lambda: self.records(act="user_password", subject="anna"))
        finally:
            os.kill(hasher, signal.SIGCONT)
        thread.join(PATIENCE_S)
        self.assertIn(answers[0][0], (401, 403, 503), answers)
        client = Client(self.bench.port)
        wait_for("the one of root", lambda: client.sign_in("anna", "another password") == 200, pause=0.5)

    def test_a_full_bench(self):
        """64 accounts of the utmost length: the list is whole, and one more is refused."""
        self.begin("full")
        maria = self.add("maria", "--role", "root")
        path = self.bench.folder / "state/full/accounts"
        line = path.read_text()
        only = ",".join(["N2_aaaaaaaaaaaaaa*"] * 8)
        more = "".join(f"a{i:023d} role=user hash={line.split('hash=')[1].split()[0]} " +
                       " ".join(f"{right}={only}@2126-01-01T00:00:00.000Z" for right in ("read", "operate", "configure", "protect")) + "\n" for i in range(63))
        path.write_text(line + "# a comment stays\n" + more)
        found = wait_for("all of them", lambda: len(maria.ask("GET", API + "/accounts")[1]["accounts"]) == 64 and maria.ask("GET", API + "/accounts")[1])
        self.assertEqual([a["name"] for a in found["accounts"]], ["maria"] + [f"a{i:023d}" for i in range(63)])
        self.refused(maria.ask("POST", API + "/accounts", {"name": "one-more", "password": PASSWORD}), 409, "64")
        self.assertEqual(maria.ask("PATCH", API + f"/accounts/a{5:023d}", {"grants": []})[1]["grants"], [])
        self.assertIn("# a comment stays", path.read_text())
        # Somebody changes it between: nothing of theirs is lost.
        path.write_text("this is no account\n")
        self.assertIn(maria.ask("POST", API + "/accounts", {"name": "one-more", "password": PASSWORD})[0], (401, 409, 503))
        self.assertEqual(path.read_text(), "this is no account\n")


class Kiosk(People):
    def test_somebody_acts_at_it(self):
        self.begin("kiosk")
        self.add("maria", "--role", "root")
        wall = self.add("wall", "--kiosk")
        anna = self.add("anna", "--may", "operate,protect", "--only", "T_*")
        self.add("reader", "--may", "read")
        for name, pin in (("anna", "4711"), ("reader", "0815"), ("maria", "123456")):
            self.user("pin", name, password=pin)
        self.assertIn("4 to 12", self.user("pin", "anna", password="12", code=1))
        self.assertIn("kiosk", self.user("pin", "wall", password="4711", code=1))
        self.assertIn("kiosk", self.user("grant", "--may", "operate", "wall", code=1))
        self.assertIn("wall  user  kiosk", self.user("list"))
        act = lambda client, name, pin: client.ask("POST", API + "/session", {"name": name, "pin": pin})
        put = lambda client, value: client.ask("PUT", API + "/channels/T_furn?wait=5s", {"target": value})
        who = lambda: wall.ask("GET", API + "/session")[1]
        self.assertEqual((who()["kiosk"], who()["acting"], who()["may"]), (True, None, ["read"]))
        self.assertEqual(put(wall, 100)[0], 403)
        # Nowhere else, and not with what is no right PIN of one who operates.
        wait_for("the PINs are known", lambda: self.records(act="user_pin", subject="maria"))
        self.assertEqual(act(anna, "anna", "4711")[0], 403)
        self.assertEqual(act(Client(self.bench.port), "anna", "4711")[0], 403)
        self.assertEqual(act(wall, "anna", "4712")[0], 401)
        self.assertEqual(act(wall, "nobody", "4711")[0], 401)
        self.assertEqual(act(wall, "wall", "4711")[0], 401)
        self.assertEqual(act(wall, "reader", "0815")[0], 403)
        self.assertEqual(wall.ask("POST", API + "/session", {"name": "anna", "pin": "4711", "password": PASSWORD})[0], 400)
        self.assertEqual(wall.sign_in("anna", "4711"), 401)  # it is no password
        connection, answer = wall.stream()
        self.addCleanup(connection.close)
        answer.readline()
        # Another cookie; the one before does nothing; the stream goes on.
        before = Client(self.bench.port)
        before.cookie = wall.cookie
        self.assertEqual(act(wall, "anna", "4711")[0], 200)
        self.assertNotEqual(wall.cookie, before.cookie)
        self.assertIn(put(before, 100)[0], (401, 403))  # it reads for some seconds still: requests were under way
        now = who()
        self.assertEqual((now["name"], now["kiosk"], now["acting"]["name"], now["may"]), ("wall", True, "anna", ["read", "operate"]))
        self.assertRegex(now["acting"]["until"], r"^20\d\d-.*Z$")
        self.assertEqual(put(wall, 110)[0], 200)
        self.assertTrue(self.records(who="user:anna", act="set", value="110"))
        self.assertEqual(wall.ask("GET", API + "/channels/d.pv")[0], 200)  # what it reads stays the kiosk's
        wait_for("the token of before is over", lambda: before.ask("GET", API + "/channels")[0] == 401, pause=0.5)
        # Operating, and no more.
        self.assertEqual(wall.ask("POST", API + "/silence")[0], 403)  # beyond her grant
        self.assertEqual(wall.ask("GET", API + "/accounts")[0], 403)
        self.assertEqual(act(wall, "maria", "123456")[0], 200)
        self.assertEqual(wall.ask("POST", API + "/silence?wait=5s")[0], 200)
        self.assertEqual(wall.ask("GET", API + "/accounts")[0], 403)
        self.assertEqual(wall.ask("PATCH", API + "/accounts/anna", {"disabled": True})[0], 403)
        self.assertEqual(wall.ask("POST", API + "/hold?wait=5s", {"take": True, "force": True, "reason": "x"})[0], 403)
        self.assertEqual(wall.ask("POST", API + "/hold?wait=5s", {"take": True})[0] // 100, 2)
        self.assertEqual(wall.ask("POST", API + "/hold?wait=5s", {"release": True})[0] // 100, 2)
        # What only asks makes it no longer.
        until = lambda: datetime.datetime.fromisoformat(who()["acting"]["until"].replace("Z", "+00:00"))
        before = until()
        time.sleep(2)
        self.assertEqual(wall.ask("GET", API + "/commands/never-was")[0], 404)  # of what others asked, nothing
        self.assertLess((until() - before).total_seconds(), 1.5)
        self.assertEqual(wall.ask("POST", API + "/silence?wait=5s")[0], 200)
        self.assertGreater((until() - before).total_seconds(), 1.5)
        # Not the bench file either, though she is root at a page of her own.
        content = self.bench.file.read_text()
        digest = hashlib.sha256(content.encode()).hexdigest()
        for method, path, body in (("GET", "/bench/file", None), ("PUT", "/bench/file", {"text": "bench: kiosk\n", "sha256": digest}),
                                   ("POST", "/bench/file/check", {"text": "bench: kiosk\n"}), ("GET", "/bench/versions", None),
                                   ("POST", "/bench/reason", {"reason": "x"}), ("POST", "/bench/undo", {"to": 1}), ("GET", "/audit", None)):
            status, told = wall.ask(method, API + path, body)
            self.assertEqual(status, 403, (method, path, told))
            self.assertIn("kiosk", told["detail"])
        self.assertEqual(self.bench.file.read_text(), content)
        # It ends when asked, and when the account is another one.
        cookie = wall.cookie
        self.assertEqual(wall.ask("DELETE", API + "/session?acting=1")[0], 204)
        self.assertEqual(wall.cookie, cookie)
        wait_for("nobody acts", lambda: who()["acting"] is None)
        self.assertEqual(put(wall, 100)[0], 403)
        self.assertEqual(act(wall, "anna", "4711")[0], 200)
        self.user("pin", "anna", password="2222")
        wait_for("it has ended", lambda: who()["acting"] is None)
        self.assertEqual(put(wall, 100)[0], 403)
        seen = []
        while len(seen) < 3:  # the same stream, all the time
            line = answer.readline().decode()
            self.assertNotEqual(line, "")
            if line.startswith("event: heartbeat"):
                seen.append(line)
        # Five wrong ones: then not the right one either, at the kiosk; the page of her own lets her in.
        found = [act(wall, "anna", "9999")[0] for _ in range(6)]
        self.assertEqual(found, [401] * 5 + [429])
        self.assertEqual(act(wall, "anna", "2222")[0], 429)
        self.assertGreater(int(wall.headers["Retry-After"]), 3000)
        self.assertEqual(act(wall, "maria", "123456")[0], 200)
        self.assertEqual(anna.sign_in("anna"), 200)
        self.user("pin", "anna", password="3333")
        wait_for("looked at again", lambda: act(wall, "anna", "3333")[0] == 200, pause=0.5)
        self.assertEqual({r["who"] for r in self.records(act="kiosk_act", result="done")}, {"user:anna", "user:maria"})
        self.assertTrue(self.records(act="kiosk_end", who="user:maria"))
        said = "".join(self.bench.process.text()) + self.mbc("audit", "--json")
        for pin in ("4711", "2222", "3333", "123456"):
            self.assertNotIn(f'"{pin}"', said)
        self.mbc("audit", "verify")


if __name__ == "__main__":
    unittest.main()
