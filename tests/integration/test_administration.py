"""What the page Administration does: links of guests, certificates, backups of the whole bench; with the real program."""
import datetime
import sys
import unittest

sys.dont_write_bytecode = True

from harness import wait_for  # noqa: E402
from test_accounts import Client, People  # noqa: E402
from test_door import API  # noqa: E402

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


if __name__ == "__main__":
    unittest.main()
