"""A PostgreSQL that lets mbc in or does not: passwords, TLS, sockets, tables of another version."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
from harness import Full, wait_for  # noqa: E402
from postgres_rig import Base, LONG_S, PASSWORD, text  # noqa: E402


class Access(Base):
    def test_wrong_password_and_its_correction(self):
        bench = self.bench("one", password="not it at all")
        bench.process.wait_line("password authentication failed.*correct 'user', or the file of the secret", limit=LONG_S)
        time.sleep(4)
        self.assertEqual(len(bench.process.find("password authentication failed")), 1)
        self.assertEqual(bench.value("d.a"), 20)
        away, = wait_for("it is an event", lambda: self.events(bench, "store_away"), LONG_S)
        self.assertEqual(away["subject"], "postgres")
        self.assertIn("password", away["text"])
        self.assertEqual(self.events(bench, "store_back"), [])
        (bench.folder / "secrets/lab-db").write_text(PASSWORD + "\n")
        bench.reload(text(self.device.port, f"127.0.0.1:{self.server.port}"))
        self.wait_more()
        self.check_same(bench)
        self.assertEqual(len(wait_for("its end is one, too", lambda: self.events(bench, "store_back"), LONG_S)), 1)

    @staticmethod
    def events(bench, kind):
        return [json.loads(line) for line in bench.mbc("log", "--json", "--kind", kind).stdout.splitlines()]

    def test_another_version_is_not_touched(self):
        bench = self.bench("one")
        self.wait_more()
        self.server.sql("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
        os.kill(self.pid(bench), signal.SIGKILL)
        bench.process.wait_line("are of version 99, this mbc writes 1; update mbc, or name another 'schema'", limit=LONG_S)
        had = self.count()
        time.sleep(2)
        self.assertEqual(self.count(), had)

    def test_hypertable(self):
        """What is asked of TimescaleDB where it is there, by functions of our own in its place: Debian has none."""
        self.server.sql("SET allow_system_table_mods = on; CREATE SCHEMA \"time scale\"; GRANT USAGE ON SCHEMA \"time scale\" TO lab; "
                        "INSERT INTO pg_extension SELECT 99999, 'timescaledb', 10, oid, false, '2.0', NULL, NULL FROM pg_namespace WHERE nspname = 'time scale';"
                        "CREATE TABLE \"time scale\".told(line text); GRANT ALL ON \"time scale\".told TO lab;"
                        "CREATE FUNCTION \"time scale\".create_hypertable(t regclass, c name, chunk_time_interval interval, create_default_indexes boolean) RETURNS void LANGUAGE sql AS "
                        "$$ INSERT INTO \"time scale\".told VALUES(format('%s %s %s %s', t::text, c, chunk_time_interval, create_default_indexes)) $$;"
                        "CREATE FUNCTION \"time scale\".drop_chunks(t regclass, older timestamptz) RETURNS void LANGUAGE sql AS "
                        "$$ INSERT INTO \"time scale\".told VALUES(format('%s %s', t::text, older < now() - interval '6 days')) $$")
        bench = self.bench("one", more=", partitions: week, keep: 7 d")
        bench.process.wait_line("as a hypertable of TimescaleDB", limit=LONG_S)
        self.wait_more()
        self.check_same(bench)
        self.assertEqual(self.server.sql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'sample'::regclass"), [["0"]])
        told = [row[0] for row in self.server.sql('SELECT line FROM "time scale".told ORDER BY line DESC')]
        self.assertEqual(told[-1], "sample time 7 days f")
        if len(told) > 1:  # by a clock that is not set nothing is removed
            self.assertEqual(told[0], "sample t")
        self.server.sql("SET allow_system_table_mods = on; DELETE FROM pg_extension WHERE extname = 'timescaledb'")
        os.kill(self.pid(bench), signal.SIGKILL)
        bench.process.wait_line("which this data base has no more; CREATE EXTENSION timescaledb", limit=LONG_S)

    def test_removed_from_the_file(self):
        bench = self.bench("one")
        self.wait_more()
        bench.reload(f"tick: 50 ms\nhistory: {{commit: 200 ms}}\nlinks: {{l: {{tcp: '127.0.0.1:{self.device.port}'}}}}\n"
                     "instruments: {d: {use: modbus, link: l, every: 50 ms, channels: {a: {read: {holding: 0}}}}}\n")
        wait_for("the process has ended", lambda: "postgres" not in bench.pids())

    def test_by_its_socket_as_others_are_refused(self):
        bench = self.bench("one", f"{self.server.folder}:{self.server.port}")
        self.wait_more()
        self.check_same(bench)

    def test_tls(self):
        """With the certificate that signed the server's; another one is refused with a remedy."""
        for name in ("own", "other"):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3", "-subj", "/CN=lab", "-addext", "subjectAltName=IP:127.0.0.1",
                            "-keyout", self.server.folder / f"{name}.key", "-out", self.server.folder / f"{name}.pem"], check=True, capture_output=True)
        if self.server.user:
            shutil.chown(self.server.folder / "own.key", self.server.user)
        (self.server.folder / "own.pem").chmod(0o644)
        (self.server.folder / "other.pem").chmod(0o644)
        self.server.stop()
        self.server.start("ssl=on", f"ssl_cert_file={self.server.folder}/own.pem", f"ssl_key_file={self.server.folder}/own.key")
        self.addCleanup(self.server.stop)
        bench = self.bench("one", more=f", tls: verify-full, ca: {self.server.folder}/other.pem")
        bench.process.wait_line("certificate verify failed; correct 'ca' or the name in 'server'", limit=LONG_S)
        bench.reload(text(self.device.port, f"127.0.0.1:{self.server.port}", more=f", tls: verify-full, ca: {self.server.folder}/own.pem"))
        self.wait_more()
        self.assertTrue(self.server.sql("SELECT 1 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'mbc' AND ssl"))
        self.check_same(bench)

    def test_tls_that_the_server_has_not(self):
        bench = self.bench("one", more=", tls: require")
        bench.process.wait_line("does not support SSL.*switch on ssl there, or write 'tls: off'", limit=LONG_S)

    def test_it_ends_promptly(self):
        full = self.stack.enter_context(Full())
        bench = self.bench("one", f"127.0.0.1:{full.port}")
        self.pid(bench)
        begun = time.monotonic()
        bench.process.stop()
        self.assertLess(time.monotonic() - begun, 20)


if __name__ == "__main__":
    unittest.main()
