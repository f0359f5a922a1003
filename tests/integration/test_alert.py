"""People are told of alarms: by a real mail server (aiosmtpd) and receivers of pushes; whatever fails or is killed."""
import contextlib
import email
import email.policy
import http.server
import json
import os
import pathlib
import re
import signal
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True
from aiosmtpd.controller import Controller  # noqa: E402
from harness import PATIENCE_S, Bench, Device, free_port, wait_for  # noqa: E402


class Mailbox:
    """What aiosmtpd was given. `answers`: what it says next behind DATA, in place of 250."""

    def __init__(self):
        self.mails, self.answers, self.recipients = [], [], []

    async def handle_RCPT(self, server, session, envelope, address, options):
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answers:
            return self.answers.pop(0)
        self.recipients += envelope.rcpt_tos
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"

    def subjects(self, to=None):
        return [m["Subject"] for m in self.mails if to is None or to in m["To"]]


@contextlib.contextmanager
def mail_server(port=0):
    box = Mailbox()
    box.port = port or free_port()
    server = Controller(box, hostname="127.0.0.1", port=box.port)
    server.start()
    try:
        yield box
    finally:
        server.stop()


class Pushes:
    """Takes POSTs, as ntfy does. `answers`: statuses of the next ones."""

    def __enter__(self):
        self.got, self.answers = [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = outer.answers.pop(0) if outer.answers else 200
                if status == 200:
                    outer.got.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b'{"id":"x"}')

            def do_GET(self):
                outer.got.append((self.path, dict(self.headers), None))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def bench_text(device, mail_port, push_port, more="", alert="", warm="warm: {when: d.a > 300 degC, title: Above what is usual}"):
    return f"""tick: 50 ms
links:
  l: {{tcp: "127.0.0.1:{device}"}}
instruments:
  d: {{use: modbus, link: l, every: 50 ms, channels: {{a: {{read: {{holding: 0}}, unit: degC}}, b: {{read: {{holding: 1}}}}}}}}
notify:
  anna:
    title: Anna
    language: fr
    mail: [anna@lab.example]
    push: [ntfy/anna-4f81]
    by: {{low: [mail], medium: [mail], high: [push, mail], critical: [push, mail]}}
  ben:
    mail: [ben@lab.example]
    by: {{low: [mail], medium: [mail], high: [mail], critical: [mail]}}
  team: {{to: [anna, ben]}}
  night:
    steps:
      - {{to: [anna]}}
      - {{to: [ben], after: 2 s}}
alert:
  site: Building 12
  alarms: {{medium: [team], high: [night]}}
  again: 1 s
  mail: {{server: "smtp://127.0.0.1:{mail_port}", tls: no, from: bench@lab.example}}
  push:
    ntfy: {{kind: ntfy, url: "http://127.0.0.1:{push_port}"}}
{alert}
alarms:
  hot: {{when: d.a > 640 degC, priority: high, do: Cut the heater at the wall}}
  {warm}
{more}
"""


class Rig(contextlib.ExitStack):
    def __init__(self, name, **words):
        super().__init__()
        self.name, self.words = name, words

    def __enter__(self):
        super().__enter__()
        self.device = self.enter_context(Device({0: 20, 1: 0}))
        self.mail = self.enter_context(mail_server())
        self.push = self.enter_context(Pushes())
        self.bench = self.enter_context(Bench(self.name, bench_text(self.device.port, self.mail.port, self.push.port, **self.words)))
        self.bench.wait_good("d.a")
        return self

    def ledger(self):
        done = self.bench.mbc("alert", "ledger", "--json", "--last", "100000")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def is_told(self, text, to="anna"):
        return any(text in s for s in self.mail.subjects(to))

    def alert_pid(self):
        return self.bench.pids()["alert"]


class Telling(unittest.TestCase):
    def test_an_alarm_by_mail_and_push(self):
        with Rig("alert-one") as rig:
            rig.device.holding[0] = 650
            wait_for("the mail", lambda: rig.is_told("hot"))
            wait_for("the push", lambda: rig.push.got)
            mail = next(m for m in rig.mail.mails if "anna" in m["To"] and "hot" in m["Subject"])
            text = mail.get_content()
            self.assertIn("alarme hot (haute)", text)  # in her language
            self.assertIn("À faire: Cut the heater at the wall", text)
            self.assertIn("d.a = 650 degC", text)
            self.assertIn("Building 12", text)
            path, _, body = rig.push.got[0]
            self.assertEqual(body["topic"], "anna-4f81")
            wait_for("the other one", lambda: rig.is_told("warm", "ben"))
            self.assertEqual(rig.bench.mbc("alarm", "ack", "hot").returncode, 0)
            wait_for("who acknowledged", lambda: any("acquittée" in s for s in rig.mail.subjects("anna")))
            self.assertFalse(rig.is_told("hot", "ben") and not any("acknowledged" in s for s in rig.mail.subjects("ben")))
            shown = rig.bench.mbc("alert")
            self.assertIn("alarm hot (high), acknowledged", shown.stdout)
            self.assertIn("anna by mail: sent", shown.stdout)
            rig.device.holding[0] = 20
            wait_for("that it is over", lambda: any("terminée" in s for s in rig.mail.subjects("anna")))

    def test_the_next_one_when_nobody_answers(self):
        with Rig("alert-chain") as rig:
            rig.device.holding[0] = 650
            wait_for("anna", lambda: rig.is_told("hot"))
            wait_for("ben", lambda: rig.is_told("hot", "ben"))
            kinds = [e["kind"] for e in rig.ledger()]
            self.assertEqual(kinds.count("step"), 2)

    def test_a_server_that_refuses_and_comes_back(self):
        with Rig("alert-refused") as rig:
            rig.mail.answers[:] = ["451 later", "451 later"]
            rig.push.answers[:] = [503]
            rig.device.holding[0] = 650
            wait_for("ben at once, as anna cannot be reached", lambda: rig.is_told("hot", "ben"))
            wait_for("anna in the end", lambda: rig.is_told("hot", "anna"))
            results = [e["result"] for e in rig.ledger() if e["kind"] == "result"]
            self.assertIn("temporary", results)
            self.assertIn("sent", results)

    def test_nobody_can_be_reached(self):
        with Rig("alert-nobody") as rig:
            rig.mail.answers[:] = ["554 no"] * 50
            rig.push.answers[:] = [404] * 50
            rig.device.holding[0] = 650
            wait_for("the event", lambda: "alert_reached_nobody" in rig.bench.mbc("log", "--kind", "alert_reached_nobody", "--json").stdout)
            wait_for("what is open", lambda: "NOBODY COULD BE TOLD" in rig.bench.mbc("alert").stdout)

    def test_a_test(self):
        with Rig("alert-test") as rig:
            self.assertEqual(rig.bench.mbc("alert", "test", "ben").returncode, 0)
            wait_for("the mail", lambda: any("test" in s for s in rig.mail.subjects("ben")))
            done = rig.bench.mbc("alert", "test", "nobody")
            self.assertEqual(done.returncode, 1)
            self.assertIn("nobody is named 'nobody'", done.stderr)
            duty = rig.bench.mbc("alert", "duty").stdout
            self.assertRegex(duty, r"team +group +anna ben")

    def test_a_note_of_a_rule(self):
        with Rig("alert-rule", more='rules:\n  button: {when: rises(d.b > 0), do: [\'notify ben "The button was pressed"\']}\n') as rig:
            rig.device.holding[1] = 1
            wait_for("the note", lambda: any("The button was pressed" in s for s in rig.mail.subjects("ben")))
            self.assertEqual(rig.mail.subjects("anna"), [])

    def test_a_template_with_a_wrong_word(self):
        """It is told in the log when the bench starts, not found out by who reads the message."""
        hook = "    hook: {kind: webhook, url: \"http://127.0.0.1:9/\", template: '{\"a\": \"{txet}\"}'}\n"
        with Rig("alert-words", alert=hook) as rig:
            self.assertIn("txet", rig.bench.process.wait_line("'template' of 'hook'"))

    def test_a_heartbeat(self):
        with Pushes() as outside, Rig("alert-beat", alert=f'  heartbeat: {{url: "http://127.0.0.1:{outside.port}/ping", every: 10 s}}\n'):
            wait_for("a sign of life", lambda: any(p == "/ping" for p, _, _ in outside.got))


class Ends(unittest.TestCase):
    """Killed at any moment: everybody who was to be told is told, and at most once more."""

    def test_killed_again_and_again(self):
        with Rig("alert-kills", more="#", warm="") as rig:
            for round_ in range(6):
                rig.device.holding[0] = 650
                time.sleep(0.05 * round_)
                with contextlib.suppress(ProcessLookupError, KeyError):
                    os.kill(rig.alert_pid(), signal.SIGKILL)
                before = len(rig.mail.subjects("anna"))
                wait_for("a message of hot", lambda: rig.is_told("hot"))
                rig.bench.mbc("alarm", "ack", "hot")
                rig.device.holding[0] = 20
                wait_for("it is over for all", lambda: "alarm hot" not in rig.bench.mbc("alert").stdout)
                raised = [s for s in rig.mail.subjects("anna")[before:] if "hot" in s and "acquittée" not in s and "terminée" not in s]
                self.assertLessEqual(len(raised), 2)
                rig.mail.mails.clear()

    def test_an_alarm_while_it_is_away(self):
        with Rig("alert-away") as rig:
            os.kill(rig.alert_pid(), signal.SIGSTOP)
            try:
                rig.device.holding[0] = 650
                wait_for("the alarm", lambda: rig.bench.get("/api/v1/alarms"))
                wait_for("the event", lambda: "alarm_on" in rig.bench.mbc("log", "--kind", "alarm_on", "--json").stdout)
            finally:
                os.kill(rig.alert_pid(), signal.SIGKILL)
            wait_for("the mail", lambda: rig.is_told("hot"))

    def test_a_reload_goes_on(self):
        with Rig("alert-reload") as rig:
            rig.device.holding[0] = 350
            wait_for("the mail", lambda: rig.is_told("warm"))
            text = bench_text(rig.device.port, rig.mail.port, rig.push.port).replace("Building 12", "Building 13")
            rig.bench.reload(text)
            rig.device.holding[0] = 650
            wait_for("the next one, of the new file", lambda: any("Building 13" in m.get_content() for m in rig.mail.mails))
            self.assertEqual(len([s for s in rig.mail.subjects("anna") if "warm" in s]), 1)

    def test_what_was_before_is_told_to_nobody(self):
        with Device({0: 350, 1: 0}) as device, mail_server() as mail, Pushes() as push:
            plain = re.sub(r"notify:\n.*?(?=alarms:\n)", "", bench_text(device.port, mail.port, push.port), flags=re.S)
            with Bench("alert-new", plain) as bench:
                bench.wait_good("d.a")
                wait_for("the alarm", lambda: "alarm_on" in bench.mbc("log", "--kind", "alarm_on", "--json").stdout)
                self.assertEqual(bench.mbc("alarm", "ack", "warm").returncode, 0)
                bench.reload(bench_text(device.port, mail.port, push.port))
                device.holding[0] = 650
                wait_for("what comes now", lambda: any("hot" in s for s in mail.subjects("anna")))
                self.assertFalse(any("warm" in s for s in mail.subjects("anna")))


if __name__ == "__main__":
    unittest.main()
