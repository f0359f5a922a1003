"""What ends by the wall clock when that is moved: links of guests, accounts, grants and tokens, and streams that are open meanwhile; with the real program."""
import contextlib
import mmap
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True

from harness import PATIENCE_S, wait_for  # noqa: E402
from test_accounts import API, Client, People  # noqa: E402
from test_public import PublicBench  # noqa: E402

HOUR_S = 3600
# The clock of all processes of a bench: what is to be added to the wall time, and whether anybody keeps it right, from memory that they share with the test.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *told; /* seconds, 1: it is set */
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void
begin(void)
{
	int fd = open(getenv("MBC_TEST_CLOCK"), O_RDONLY | O_CLOEXEC);
	void *p = mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);

	close(fd);
	real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	told = p == MAP_FAILED ? NULL : p;
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	int rc;

	if (real == NULL)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	rc = real(id, t);
	if (id == CLOCK_REALTIME && told != NULL)
		t->tv_sec += told[0];
	return rc;
}

int
adjtimex(struct timex *t)
{
	return told != NULL && told[1] == 1 ? TIME_OK : TIME_ERROR;
}
"""


class Clock:
    """Made before its bench is started; moves the clock of all that is started in its environment."""

    def __init__(self, test):
        folder = pathlib.Path(test.enterContext(tempfile.TemporaryDirectory(prefix="mbc-test-")))
        (folder / "clock.c").write_text(SHIM)
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "clock.so", folder / "clock.c", "-ldl"], check=True)
        (folder / "told").write_bytes(bytes(16))
        with (folder / "told").open("r+b") as file:
            self.told = mmap.mmap(file.fileno(), 16)
        self.environment = {"LD_PRELOAD": str(folder / "clock.so"), "MBC_TEST_CLOCK": str(folder / "told"),
                            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def started(self):
        return mock.patch.dict(os.environ, self.environment)

    def step(self, seconds, is_set=False):
        self.told[:] = struct.pack("=qq", seconds, is_set)


def read_to_its_end(sock):
    sock.settimeout(PATIENCE_S)
    with contextlib.closing(sock), contextlib.suppress(ConnectionError):
        while sock.recv(65536):
            pass


class Ends(People):
    def test_links_of_guests(self):
        clock = Clock(self)
        with clock.started():
            bench = self.enterContext(PublicBench("steps", more=", links: required"))
        link = bench.mbc("link", "add", "--until", "1h", "guest").stdout.strip()
        later = bench.mbc("link", "add", "--until", "9h", "later").stdout.strip()
        ended, good = ({"headers": {"Authorization": f"Bearer {text}"}} for text in (link, later))
        bench.wait_public(**ended)
        bench.wait_public(**good)
        sock, _ = bench.first_events(1, f"Authorization: Bearer {link}\r\n")
        clock.step(2 * HOUR_S)
        read_to_its_end(sock)
        self.assertEqual(bench.visit("/json", **ended)[0], 401)
        self.assertEqual(bench.visit("/json", **good)[0], 200)
        for step, is_set in ((0, False), (-400 * 24 * HOUR_S, False), (0, True)):
            clock.step(step, is_set)
            self.assertEqual(bench.visit("/json", **ended)[0], 401, (step, is_set))
            self.assertEqual(bench.visit("/json", **good)[0], 200, (step, is_set))
        # Another one in the file brings none back; more time for this one does.
        another = bench.mbc("link", "add", "--until", "1h", "another").stdout.strip()
        bench.wait_public(headers={"Authorization": f"Bearer {another}"})
        self.assertEqual(bench.visit("/json", **ended)[0], 401)

    def test_accounts_grants_and_tokens(self):
        clock = Clock(self)
        with clock.started():
            self.begin("steps")
        anna = self.add("anna", "--until", "1h", "--role", "admin")
        bert = self.add("bert", "--may", "read")
        self.user("grant", "bert", "--may", "operate", "--until", "1h")
        wait_for("bert may operate", lambda: "operate" in bert.ask("GET", API + "/session")[1]["may"])
        program = Client(self.bench.port)
        program.cookie = None
        token = {"Authorization": "Bearer " + self.mbc("token", "add", "lims", "--until", "1h").strip()}
        wait_for("the token is taken up", lambda: program.ask("GET", API + "/channels", headers=token)[0] == 200)
        connection, stream = anna.stream()
        self.addCleanup(connection.close)
        stream.readline()
        others, still = bert.stream()
        self.addCleanup(others.close)
        still.readline()

        def are_over():
            self.assertEqual(anna.ask("GET", API + "/channels")[0], 401)
            self.assertEqual(program.ask("GET", API + "/channels", headers=token)[0], 401)
            self.assertEqual(bert.ask("GET", API + "/session")[1]["may"], ["read"])
            self.assertEqual(bert.ask("GET", API + "/channels")[0], 200)
            return True

        # Nothing is put on record between the steps, which would say how late it is: it is known all the same.
        clock.step(2 * HOUR_S)
        stream.read()
        wait_for("what the data server remembered is over", lambda: program.ask("GET", API + "/channels", headers=token)[0] == 401)
        wait_for("the grant is over", lambda: bert.ask("GET", API + "/session")[1]["may"] == ["read"])
        are_over()
        for step in (0, -400 * 24 * HOUR_S, HOUR_S):
            clock.step(step)
            self.assertTrue(still.readline())  # a stream of whoever is not concerned goes on
            are_over()
        self.assertEqual(program.ask("POST", API + "/safe", {}, headers=token)[0], 401)
        self.assertEqual(bert.ask("PUT", API + "/channels/T_furn", {"target": "1"})[0], 403)
        self.assertEqual(Client(self.bench.port).sign_in("anna"), 401)
        self.assertEqual(bert.ask("GET", API + "/channels")[0], 200)  # sessions know nothing of the wall clock

        # A clock that is kept right again says how late it is; what has ended by then begins anew, and the session does not come back.
        clock.step(0, is_set=True)
        self.assertEqual(anna.ask("GET", API + "/channels")[0], 401)
        wait_for("anna signs in", lambda: anna.sign_in("anna") == 200)
        self.assertEqual(anna.ask("GET", API + "/channels")[0], 200)
        clock.step(2 * HOUR_S, is_set=True)
        wait_for("it has ended once more", lambda: anna.ask("GET", API + "/channels")[0] == 401)


if __name__ == "__main__":
    unittest.main()
