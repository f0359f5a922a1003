"""Passwords and keys: said to instruments, and to nobody else. nginx asks for them, and says again what it is told."""
import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

from harness import MBC, Bench, Process, Twin, free_port, start_nginx, wait_for

PASSWORD = 'Pa55/w?rd+&"x'
KEY = "k3y%/&=+ z{}"
LINE = "line pa55word!"
ALL = (PASSWORD, KEY, LINE)

NGINX = """
    default_type application/json;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/pages;
        location /basic/ {{ auth_basic "bench"; auth_basic_user_file {folder}/users; }}
        location /said {{ return 200 '{{"a": 2, "ok": "yes", "head": "$http_authorization", "query": "$request_uri", "key": "$arg_key"}}'; }}
        location /header {{ if ($http_x_api_key != '{key}') {{ return 403; }} return 200 '{{"a": 3}}'; }}
    }}
"""


def bench_text(web, line, key="card", password="web"):
    return f"""
links:
  web: {{tcp: "127.0.0.1:{web}", gap: 10 ms}}
  line: {{tcp: "127.0.0.1:{line}"}}
instruments:
  basic: {{use: http, link: web, path: /basic/page, every: 50 ms, user: bench, password: {{secret: {password}}},
          channels: {{a: {{read: {{json: a}}}}}}}}
  said:
    use: http
    link: web
    path: "/said?Get=R"
    every: 50 ms
    user: bench
    password: {{secret: {password}}}
    key: {{secret: {key}}}
    key_query: key
    ok_json: ok
    ok_is: "yes"
    channels:
      a: {{read: {{json: a}}}}
      head: {{read: {{json: head, type: text}}}}
      query: {{read: {{json: query, type: text}}}}
      number: {{read: {{json: query}}}}
      refused: {{read: {{path: "/said", json: head, type: text}}}}
  header: {{use: http, link: web, path: /header, every: 50 ms, key: {{secret: {key}}}, key_header: X-Api-Key,
           channels: {{a: {{read: {{json: a}}}}}}}}
  line:
    use: text
    link: line
    end: '\\n'
    every: 50 ms
    password: {{secret: line}}
    init: [{{send: "PASSWORD {{password:secret}}", receive: "OK"}}]
    errors: [{{receive: "ERR {{..}}"}}]
    identity: {{send: "VER", receive: "{{identity:text}}"}}
    channels:
      a: {{read: {{send: "GET a", receive: "VAR {{a:num}}"}}}}
      wrong: {{read: {{send: "GET wrong", receive: "NEVER {{wrong:num}}"}}}}
"""


def spellings(secret):
    """As it stands, in a URL, in JSON, and in all three places that a word can have in Base64, without the digits that its neighbours share."""
    found = {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret), json.dumps(secret)[1:-1]}
    for before in range(3):
        word = base64.b64encode(b"x" * before + secret.encode()).decode().rstrip("=")
        found.add(word[(0, 2, 3)[before]:-1])
    return {text.encode() for text in found}


class Shouter:
    """A server of lines that asks for a password, and says it again in all it says."""

    def __init__(self, test, password):
        self.password, self.heard = password, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        test.addCleanup(self.socket.close)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                with contextlib.suppress(OSError), connection, connection.makefile("rw", newline="\n") as lines:
                    for line in lines:
                        lines.write(self.answer(line.rstrip("\n")) + "\n")
                        lines.flush()

    def answer(self, line):
        self.heard.append(line)
        if line.startswith("PASSWORD "):
            return "OK" if line == f"PASSWORD {self.password}" else f"ERR not {line}"
        if line == "VER":
            return f"shouter who knows {self.password}"
        return "VAR 4" if line == "GET a" else f"ERR you said {self.password}"


class Secrets(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        self.port = free_port()
        page = self.folder / "pages/basic/page"
        page.parent.mkdir(parents=True)
        page.write_text('{"a": 1}')
        self.users(PASSWORD)
        start_nginx(self, self.folder, self.port, NGINX.format(folder=self.folder, port=self.port, key=KEY))
        self.shouter = Shouter(self, LINE)

    def users(self, password):
        (self.folder / "users").write_text(f"bench:{{PLAIN}}{password}\n")

    def bench(self, name, **names):
        bench = Bench(name, bench_text(self.port, self.shouter.port, **names))
        self.keep(bench.folder, web=PASSWORD, card=KEY, line=LINE)
        return bench

    def keep(self, folder, **secrets):
        (folder / "secrets").mkdir(mode=0o700, exist_ok=True)
        for name, text in secrets.items():
            file = folder / "secrets" / name
            file.touch(mode=0o600)
            file.write_text(text + "\n")

    def check_absent(self, where, data):
        for secret in ALL:
            for text in spellings(secret):
                self.assertNotIn(text, data, where)

    def test_nobody_is_shown_a_secret(self):
        """All that a bench shows of itself, while instruments say again what they were told."""
        with self.bench("shown") as bench:
            bench.wait_good("basic.a", "said.a", "header.a", "line.a", "said.head", "said.query")
            self.assertEqual([bench.value(f"{name}.a") for name in ("basic", "said", "header", "line")], [1, 2, 3, 4])
            bench.wait_reason("line.wrong", "refused_request")
            self.assertIn(f"PASSWORD {LINE}", self.shouter.heard)
            self.assertIn("***", bench.value("said.head"))
            self.assertIn("***", bench.value("said.query"))
            names = ("basic", "said", "header", "line")
            wait_for("a trace with the password", lambda: "PASSWORD ***" in self.text_of(bench, "line"))
            wait_for("a trace with the key", lambda: "key=***&Get=R" in self.text_of(bench, "said"))
            self.assertIn("Basic ***", self.text_of(bench, "basic"))
            self.assertIn("X-Api-Key: ***", self.text_of(bench, "header"))
            with bench.stream() as events:
                stream = json.dumps([events.get(timeout=5) for _ in range(20)]).encode()
            shown = {"stream": stream, "log": bench.process.text().encode()}
            for path in ("/", "/api/v1/bench", "/api/v1/channels", "/api/v1/instruments", "/json", "/xml", "/metrics", "/api/v1/openapi.json",
                         *(f"/api/v1/instruments/{name}{part}" for name in names for part in ("", "/trace"))):
                shown[path] = bench.body(path)
            for name in names:
                shown["trace " + name] = self.traced(bench, name)
            for words in (("check", "bench.yaml"), ("check", "--merged", "bench.yaml"), ("get",), ("get", "--json"), ("doctor",)):
                done = bench.mbc(*words)
                shown[" ".join(words)] = (done.stdout + done.stderr).encode()
            for file in (bench.folder / "state", bench.folder / "run"):
                for path in file.rglob("*"):
                    if path.is_file():
                        shown[str(path)] = path.read_bytes()
            shown |= self.memory(bench)
            asked = (self.folder / "access.log").read_bytes()  # what is looked for is what goes over the wire
            self.assertTrue(any(text in asked for text in spellings(KEY)))
            for where, data in shown.items():
                self.check_absent(where, data)
            self.assertIn(b"secret: web", shown["check --merged bench.yaml"].replace(b"\n      ", b" "))

    def traced(self, bench, name):
        """The bytes of the trace, as they were on the wire, and what is told beside them."""
        out = b""
        for line in bench.get(f"/api/v1/instruments/{name}/trace")["lines"]:
            out += bytes.fromhex(line.get("bytes") or "") + json.dumps(line).encode() + b"\n"
        return out

    def text_of(self, bench, name):
        return self.traced(bench, name).decode("latin-1")

    def memory(self, bench, process="serve"):
        """What a process holds; of the network's side, the board above all. Closed to all but root."""
        pid, found = bench.pids()[process], {}
        if os.geteuid() != 0:
            with self.assertRaises(PermissionError):
                os.listdir(f"/proc/{pid}/fd")
            return found
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
                begin, end = (int(word, 16) for word in line.split()[0].split("-"))
                # Not what a sanitizer reserves for its own: terabytes.
                if "r" in line.split()[1] and "[v" not in line and end - begin < 1 << 28:
                    with contextlib.suppress(OSError, OverflowError):
                        memory.seek(begin)
                        found[f"{process}: {line}"] = memory.read(end - begin)
        self.assertTrue(process == "influx" or any("mbc-board" in name for name in found), found.keys())
        return found

    def test_the_command_line(self):
        """mbc secret: from standard input or a terminal, into a file for its owner alone; what it is is told to nobody."""
        bench = self.bench("cli")
        self.addCleanup(bench.__exit__, None, None, None)
        folder = bench.folder / "secrets"

        def secret(*words, value=None, code=0):
            done = subprocess.run([MBC, "secret", *words], env=bench.environment, cwd=bench.folder, input=value, capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            self.check_absent("secret", (done.stdout + done.stderr).encode())
            return done.stdout + done.stderr

        old = os.umask(0)
        self.addCleanup(os.umask, old)
        self.assertIn("{secret: fresh}", secret("set", "fresh", value=PASSWORD + "\n"))
        self.assertEqual((folder / "fresh").read_text(), PASSWORD + "\n")
        self.assertEqual((folder / "fresh").stat().st_mode & 0o777, 0o600)
        secret("set", "fresh", value=KEY)  # in its place; without a line end
        self.assertEqual((folder / "fresh").read_text(), KEY + "\n")
        for value in ("abc\n", "", "x" * 1001, "t\tab\n", "\u00e9t\u00e9\u00e9\n"):
            self.assertIn("nothing was written", secret("set", "fresh", value=value, code=1))
        for name in ("../x", ".x", "a/b", "", "x" * 64):
            secret("set", name, value=KEY, code=1)
        self.assertEqual((folder / "fresh").read_text(), KEY + "\n")
        self.assertEqual(secret("list").split(), ["card", "fresh", "line", "web"])
        (folder / "web").chmod(0o644)
        self.assertIn("chmod 600", secret("list", code=1))
        secret("remove", "fresh")
        self.assertFalse((folder / "fresh").exists())
        secret("remove", "fresh", code=1)
        secret("remove", "../bench.yaml", code=1)
        self.assertTrue(bench.file.exists())
        # Another bench file has a folder of its own, which is made.
        other = bench.folder / "other"
        other.mkdir()
        (other / "b.yaml").write_text("bench: b\n")
        secret("set", "first", "--file", "other/b.yaml", value=KEY + "\n")
        self.assertEqual((other / "secrets").stat().st_mode & 0o777, 0o700)
        (folder.parent / "elsewhere").mkdir()
        (other / "secrets/first").unlink()
        (other / "secrets").rmdir()
        (other / "secrets").symlink_to(folder.parent / "elsewhere")
        secret("set", "first", "--file", "other/b.yaml", value=KEY + "\n", code=1)
        self.assertEqual(list((folder.parent / "elsewhere").iterdir()), [])
        # On a terminal nothing of it is echoed.
        master, slave = os.openpty()
        process = subprocess.Popen([MBC, "secret", "set", "typed"], env=bench.environment, cwd=bench.folder, stdin=slave, stdout=slave, stderr=slave,
                                   start_new_session=True)
        os.close(slave)
        said = b""
        while b"typed: " not in said:
            said += os.read(master, 4096)
        os.write(master, LINE.encode() + b"\n")
        with contextlib.suppress(OSError):
            while data := os.read(master, 4096):
                said += data
        self.assertEqual(process.wait(20), 0, said)
        os.close(master)
        self.check_absent("terminal", said)
        self.assertEqual((folder / "typed").read_text(), LINE + "\n")

    def test_keys_that_nobody_told_us_of(self):
        """What a page has behind the name of a key is masked in the trace, though it is no secret of the bench."""
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            threading.Thread(target=self.answer_pages, args=(server, b'{"a": 1, "api_secret": "Hidden0123", "keys": "shown0123"}'), daemon=True).start()
            text = f'links: {{w: {{tcp: "127.0.0.1:{server.getsockname()[1]}"}}}}\n' \
                "instruments: {p: {use: http, link: w, path: /p, every: 50 ms, channels: {a: {read: {json: a}}}}}\n"
            bench = stack.enter_context(Bench("unknown", text))
            bench.wait_good("p.a")
            wait_for("it was read", lambda: "shown0123" in self.text_of(bench, "p"))
            said = self.text_of(bench, "p") + bench.mbc("trace", "p").stdout
            self.assertNotIn("Hidden0123", said)
            self.assertIn('"api_secret": "***"', said)

    def answer_pages(self, server, body):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with contextlib.suppress(OSError), connection:
                    while connection.recv(4096):
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def test_each_process_has_its_own(self):
        """The controller says passwords to instruments, and has none of a data base; what carries to that has no other. One name may serve both."""
        bench = self.bench("own")
        token, both = "T0ken-0f-the-store", KEY
        self.keep(bench.folder, store=token)
        for name, wants in (("store", token), ("card", both)):
            bench.file.write_text(re.sub(r"^history:.*\n", "", bench.file.read_text(), flags=re.M) +
                                  f'history: {{influx: {{url: "http://127.0.0.1:9", version: 2, org: o, bucket: b, token: {{secret: {name}}}}}}}\n')
            with self.subTest(name), contextlib.ExitStack() as stack:
                bench.process = None
                stack.callback(lambda: bench.process and bench.process.stop())
                bench.process = Process([MBC, "run", bench.file], env=bench.environment, cwd=bench.folder)
                bench.port = int(re.search(r":(\d+)/", bench.process.wait_line(r"bench 'own': http://", "out"))[1])
                bench.wait_good("basic.a", "header.a", "line.a")
                wait_for("influx runs", lambda: "influx" in bench.pids())
                if os.geteuid() != 0:
                    continue
                control, influx = (b"\n".join(self.memory(bench, process).values()) for process in ("control", "influx"))
                self.assertIn(KEY.encode(), control)
                self.assertEqual(token.encode() in control, False)
                self.assertIn(wants.encode(), influx)
                self.assertEqual(PASSWORD.encode() in influx or LINE.encode() in influx, False)
        shutil.rmtree(bench.folder, ignore_errors=True)

    def test_a_wrong_password(self):
        self.users("another")
        with self.bench("wrong") as bench:
            bench.wait_reason("basic.a", "refused_request")
            bench.wait_good("header.a")
            for name in ("basic", "header"):
                self.check_absent(name, self.traced(bench, name))

    def test_a_reload_takes_a_changed_secret(self):
        """The instruments that have it start anew; the others lose nothing. One that cannot be used changes nothing."""
        with self.bench("reload") as bench:
            bench.wait_good("basic.a", "header.a", "line.a")
            self.users("An0ther/pass")
            bench.wait_reason("basic.a", "refused_request")
            before = bench.get("/api/v1/instruments/line")["counters"]["connects"]
            self.keep(bench.folder, web="An0ther/pass")
            self.assertEqual(bench.mbc("reload").returncode, 0)
            bench.wait_good("basic.a", "line.a")
            self.assertEqual(bench.get("/api/v1/instruments/line")["counters"]["connects"], before)
            self.assertIn("nothing in the bench file has changed", bench.mbc("reload").stdout)
            (bench.folder / "secrets/web").chmod(0o644)
            self.assertNotEqual(bench.mbc("reload").returncode, 0)
            bench.process.wait_line(r"bench.yaml:\d+:\d+: error: .*chmod 600.* \[secret\]")
            os.kill(bench.pids()["control"], signal.SIGKILL)  # its successor has them from the supervisor
            bench.process.wait_line("process 'control': was ended by signal 9")
            bench.wait_good("basic.a", "header.a", "line.a")
            self.assertNotIn("An0ther/pass", bench.process.text())

    def test_a_bench_does_not_start_without(self):
        """All that is wrong is told at once, with its place; to check the file it need not be there."""
        bench = self.bench("missing", key="nothing")
        self.addCleanup(bench.__exit__, None, None, None)
        (bench.folder / "secrets/web").chmod(0o640)
        (bench.folder / "secrets/line").unlink()
        (bench.folder / "secrets/line").symlink_to("card")
        run = subprocess.run([MBC, "run", "bench.yaml"], env=bench.environment, cwd=bench.folder, capture_output=True, text=True, timeout=20)
        self.assertEqual(run.returncode, 1)
        found = re.findall(r"^bench.yaml:\d+:\d+: error: .*\[secret\]$", run.stderr, re.M)
        self.assertEqual(len(found), 3, run.stderr)
        self.assertRegex(run.stderr, r"secrets/web' is not for its owner alone; 'chmod 600' it")
        self.assertRegex(run.stderr, r"secrets/nothing': No such file")
        check = bench.mbc("check", "bench.yaml")
        self.assertEqual((check.returncode, check.stderr.count(": warning: ")), (0, 3), check.stderr)
        self.check_absent("messages", (run.stderr + check.stderr + check.stdout).encode())

    def test_twins_want_them_too(self):
        """Whoever does not know them is refused."""
        web, line = free_port(), free_port()
        bench = Bench("twin", bench_text(web, line))
        self.keep(bench.folder, web=PASSWORD, card=KEY, line=LINE)
        twin = Twin(bench.file, [web, line], bench.environment)
        self.addCleanup(twin.stop)

        def status(path, **headers):
            connection = http.client.HTTPConnection("127.0.0.1", web, timeout=10)
            with contextlib.closing(connection):
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()

        def basic(password):
            return "Basic " + base64.b64encode(f"bench:{password}".encode()).decode()

        self.assertEqual(status("/basic/page")[0], 401)
        self.assertEqual(status("/basic/page", Authorization=basic(PASSWORD[:-1]))[0], 401)
        self.assertEqual(status("/basic/page", Authorization=basic(PASSWORD))[0], 200)
        self.assertEqual(status("/header", **{"X-Api-Key": "x"})[0], 401)
        self.assertEqual(status("/header", **{"X-Api-Key": KEY})[0], 200)
        asked = "/said?key=" + urllib.parse.quote(KEY, safe="")
        self.assertIn('"ok":"yes"', status(asked + "&Get=R", Authorization=basic(PASSWORD))[1].replace(" ", ""))
        for path in ("/said?Get=R", "/said?key=x&Get=R", "/said?Get=R&key=" + urllib.parse.quote(KEY, safe="")):
            self.assertIn("Error", status(path, Authorization=basic(PASSWORD))[1])
        with socket.create_connection(("127.0.0.1", line), timeout=10) as connection, connection.makefile("rw", newline="\n") as lines:
            for password, answer in (("x", "ERR"), (LINE + "x", "ERR"), (LINE, "OK")):
                lines.write(f"PASSWORD {password}\n")
                lines.flush()
                self.assertTrue(lines.readline().startswith(answer))
        with bench:
            bench.wait_good("basic.a", "header.a", "line.a", "said.a")
        self.check_absent("twin", twin.text().encode())

    def test_try(self):
        """mbc try hides them as well; the file stands below the folder from which it is called."""
        bench = self.bench("try")
        self.addCleanup(bench.__exit__, None, None, None)
        (bench.folder / "card.yaml").write_text("""
instrument: card
title: a page behind a password
confidence: low
unproven: a test
protocol: http
path: "/said?Get=R"
key_query: key
params: {key: {type: secret}, password: {type: secret}}
channels: {a: {read: {json: a}}, query: {read: {json: query, type: text}}}
""")
        words = ["try", "--link", f"tcp:127.0.0.1:{self.port}", "--with", "user=bench", "--with", "password=secret:web", "./card.yaml"]
        tried = bench.mbc(*words, "--with", "key=secret:card")
        self.assertEqual(tried.returncode, 0, tried.stdout + tried.stderr)
        self.assertIn("key=***&Get=R", tried.stdout)
        self.check_absent("try", (tried.stdout + tried.stderr).encode())
        refused = bench.mbc(*words, "--with", f"key={PASSWORD[:4]}")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("[secret]", refused.stderr)


if __name__ == "__main__":
    unittest.main()
