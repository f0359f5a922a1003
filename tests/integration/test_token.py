"""What a token is for: words, names, an end."""
import sys
import unittest

sys.dont_write_bytecode = True

from harness import wait_for  # noqa: E402
from test_door import Base  # noqa: E402


class Scope(Base):
    def scoped(self, name, *options):
        token = self.mbc("token", "add", *options, name).strip()
        wait_for("the token is taken up", lambda: "nobody has" not in str(self.put(token, 5)))
        return token

    def put(self, token, value, name="T_furn"):
        return self.http("PUT", f"/channels/{name}?wait=20s", token, {"target": value})

    def test_a_token_is_for_less_than_the_file_opens(self):
        self.begin("scoped")
        self.set_value(10)
        names = self.scoped("names", "--only", "N2_*,T_f*")
        words = self.scoped("words", "--may", "ack,safe")
        other = self.scoped("other", "--only", "N2_*")
        self.assertEqual(self.put(names, 20)[0], 200)
        status, told = self.put(other, 30)
        self.assertEqual(status, 403)
        self.assertIn("for N2_* alone", told["detail"])
        status, told = self.put(words, 30)
        self.assertEqual(status, 403)
        self.assertIn("--may set", told["detail"])
        # Acknowledging one alarm is about a name; all at once is the whole bench.
        self.assertEqual(self.http("POST", "/alarms/hot/ack", names)[0], 403)
        self.assertNotEqual(self.http("POST", "/alarms/hot/ack", words)[0], 403)
        self.assertNotIn(300, self.writes())
        # The safe state of the whole bench takes no name.
        self.assertIn(self.http("POST", "/safe?wait=20s", other, {})[0], (200, 502))
        shown = self.mbc("token", "list").splitlines()
        self.assertEqual(shown, ["names  only N2_*,T_f*", "words  may safe,ack", "other  only N2_*"])

    def test_a_token_ends(self):
        self.begin("ending")
        self.set_value(10)
        token = self.scoped("short", "--until", "3s")
        wait_for("its end", lambda: self.put(token, 20)[0] == 401)
        self.assertIn("ended at", self.put(token, 20)[1]["detail"])
        self.assertIn("it has ended", self.mbc("token", "list"))
        self.assertIn("refused", self.mbc("audit", "--who", "token:short"))
        long = self.scoped("long", "--until", "90d")
        self.assertEqual(self.put(long, 40)[0], 200)
        self.assertRegex(self.mbc("token", "list"), r"long  until 20\d\d-.*, in 89 d")

    def test_what_is_wrong_is_told(self):
        self.begin("wrong")
        for options, remedy in ((("--may", "reset"), "set, mode, safe, ack, shelve, sequence"), (("--only", "a b"), "with commas between"),
                                (("--until", "2020-01-01"), "to come"), (("--until", "soon"), "--until 90d"), (("--only", "x" * 200), "patterns")):
            self.assertIn(remedy, self.mbc("token", "add", *options, "name", code=1))
        self.assertEqual(self.mbc("token", "list"), "")


if __name__ == "__main__":
    unittest.main()
