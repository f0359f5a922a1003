/* test_wires.c - wires with threads: ports are opened and closed in order, names do not hold them up, each folder has its own */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "compile/compile.h"
#include "io/folder_files.h"
#include "io/loop.h"
#include "io/now.h"
#include "io/wires.h"

#define PATIENCE_NS (10 * NS_PER_S)
#define LINKS 5
#define SLOW 3
#define FAST 4

static volatile bool is_slow; /* names are being looked up */

/* In place of the C library's: addresses are none, and a name takes longer than any test. */
int
getaddrinfo(
	const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	is_slow = true;
	for (;;)
		pause();
}

static _Atomic bool is_held; /* the folder /srv/slow: its file takes as long */
static _Atomic unsigned n_asked;
static _Atomic char asked[16]; /* of /srv/slow, the first letters of questions */

/* In place of reading a folder: the question comes back. */
size_t
folder_files_answer(void *path, const uint8_t *request, size_t n, uint8_t *out)
{
	if (strcmp(path, "/srv/slow") == 0) {
		asked[n_asked % NELEM(asked)] = (char)request[0];
		n_asked++;
		while (is_held)
			usleep(1000);
	}
	memcpy(out, request, n);
	return n;
}

struct rig {
	struct loop *loop;
	struct wires *wires;
	struct image *img;
	int pty; /* the other side of the port */
	char port[64];
	unsigned opened[LINKS], closed[LINKS]; /* [link] */
	uint32_t ticket;                       /* of the helper that was asked for last */
	char why[120];
	char got[64];
	size_t n_got, n_bytes;
};

static void
on_opened(void *ctx, uint32_t link)
{
	((struct rig *)ctx)->opened[link]++;
}

static void
on_closed(void *ctx, uint32_t link, enum quality reason, const char *why)
{
	struct rig *r = ctx;

	r->closed[link]++;
	snprintf(r->why, sizeof(r->why), "%s", why);
}

static void
on_bytes(void *ctx, uint32_t link, const uint8_t *in, size_t n)
{
	struct rig *r = ctx;

	r->n_bytes += n;
	n = MIN(n, sizeof(r->got) - r->n_got);
	memcpy(r->got + r->n_got, in, n);
	r->n_got += n;
}

static bool
on_helper(void *ctx, uint32_t link, uint32_t ticket)
{
	struct rig *r = ctx;

	r->ticket = ticket;
	return link == 2;
}

static void
turn(struct rig *r)
{
	struct err err;
	int64_t now = now_boot();

	assert_int_equal(
		loop_step(r->loop, MIN(wires_time(r->wires, now), now + 20 * NS_PER_MS), &err), 0);
}

#define TURN_UNTIL(r, condition)                                                                   \
	for (int64_t limit_ = now_boot() + PATIENCE_NS; !(condition); turn(r))                     \
	assert_true(now_boot() < limit_)

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	const struct wires_sink sink = { .ctx = r,
		.opened = on_opened,
		.closed = on_closed,
		.bytes = on_bytes,
		.helper = on_helper };
	struct bench b;
	struct buf image = { 0 };
	struct err err;
	char text[900];

	r->pty = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	assert_true(r->pty >= 0 && grantpt(r->pty) == 0 && unlockpt(r->pty) == 0);
	assert_int_equal(ptsname_r(r->pty, r->port, sizeof(r->port)), 0);
	snprintf(text, sizeof(text),
		"bench: b\nlinks:\n  p: {serial: %s, line: 9600 8N1, connect_timeout: 5 s}\n"
		"  n: {tcp: \"nowhere:502\"}\n"
		"  h: {helper: [./p], connect_timeout: 200 ms}\n"
		"  s: {folder: /srv/slow}\n  f: {folder: /srv/fast}\ninstruments:\n"
		"  a: {use: modbus, link: p, channels: {x: {read: {holding: 1}}}}\n"
		"  b: {use: modbus, link: n, channels: {x: {read: {holding: 1}}}}\n"
		"  c: {use: helper, link: h, channels: {x: {read: {channel: a}}}}\n"
		"  d: {use: folder, link: s, channels: {x: {read: {file: x}}}}\n"
		"  e: {use: folder, link: f, channels: {x: {read: {file: x}}}}\n",
		r->port);
	bench_init(&b, "test.yaml");
	assert_int_equal(compile_bytes(&b, text, strlen(text), &image, NULL, &err), 0);
	bench_done(&b);
	r->img = (struct image *)(void *)image.data;
	r->loop = loop_new(&err);
	r->wires = wires_new(r->loop, r->img, &sink, &err);
	assert_true(r->loop != NULL && r->wires != NULL);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	struct rig *r = *state;

	is_held = false;
	wires_free(r->wires);
	loop_free(r->loop);
	close(r->pty);
	free(r->img);
	free(r);
	return 0;
}

/* Descriptors of this process that are the port. */
static unsigned
count_open(const struct rig *r)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
		char target[64] = "";

		if (readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1) > 0)
			n += strcmp(target, r->port) == 0;
	}
	closedir(dir);
	return n;
}

static void
test_a_slow_name_holds_up_no_port(void **state)
{
	struct rig *r = *state;

	wires_open(r->wires, 1);
	TURN_UNTIL(r, is_slow);
	wires_open(r->wires, 0);
	TURN_UNTIL(r, r->opened[0] == 1);
	assert_int_equal(r->closed[0], 0);
}

/* The first answer is nobody's: its descriptor is closed before the port is opened again. */
static void
test_an_answer_that_comes_too_late(void **state)
{
	struct rig *r = *state;

	for (unsigned i = 0; i < 5; i++) {
		wires_open(r->wires, 0);
		wires_close(r->wires, 0);
	}
	wires_open(r->wires, 0);
	TURN_UNTIL(r, r->opened[0] + r->closed[0] > 0);
	assert_int_equal(r->closed[0], 0);
	TURN_UNTIL(r, count_open(r) == 1);
	assert_int_equal(write(r->pty, "abc", 3), 3);
	TURN_UNTIL(r, r->n_got == 3);
}

/* The lock goes from one opening to the next in order, whatever is still to be sent. */
static void
test_opened_again_at_once(void **state)
{
	struct rig *r = *state;
	int fd;

	for (unsigned i = 1; i <= 20; i++) {
		wires_open(r->wires, 0);
		TURN_UNTIL(r, r->opened[0] == i || r->closed[0] > 0);
		assert_int_equal(r->closed[0], 0);
		wires_send(r->wires, 0, (const uint8_t *)"unread", 6, 0);
		wires_close(r->wires, 0);
	}
	TURN_UNTIL(r, count_open(r) == 0);
	fd = open(r->port, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
}

/* A bench without the link: what was still being opened is closed, and a new link has the port at once. */
static void
test_a_reload_while_it_is_opened(void **state)
{
	static const uint32_t none_kept[] = { IMAGE_NONE, IMAGE_NONE, IMAGE_NONE, IMAGE_NONE,
		IMAGE_NONE };
	struct rig *r = *state;

	wires_open(r->wires, 0);
	wires_switch(r->wires, r->img, none_kept);
	wires_open(r->wires, 0);
	TURN_UNTIL(r, r->opened[0] + r->closed[0] > 0);
	assert_int_equal(r->closed[0], 0);
	TURN_UNTIL(r, count_open(r) == 1);
}

/* Ends of a socket pair: [0] for the wire, [1] in the place of the program. */
static void
make_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
}

static bool
is_ended(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void
test_helper(void **state)
{
	struct rig *r = *state;
	int pair[2];
	char got[8];

	wires_open(r->wires, 2);
	make_pair(pair);
	wires_helper(r->wires, r->ticket, pair[0], NULL);
	assert_int_equal(r->opened[2], 1);
	wires_send(r->wires, 2, (const uint8_t *)"get a\n", 6, 0);
	assert_int_equal(recv(pair[1], got, sizeof(got), 0), 6);
	assert_int_equal(send(pair[1], "ok 5\n", 5, 0), 5);
	TURN_UNTIL(r, r->n_got == 5);
	close(pair[1]);
	TURN_UNTIL(r, r->closed[2] == 1);
	assert_string_equal(r->why, "the helper has ended, or closed its output");
	wires_open(r->wires, 2);
	wires_helper(r->wires, r->ticket, -1, "it cannot be run");
	assert_int_equal(r->closed[2], 2);
	assert_string_equal(r->why, "it cannot be run");
	wires_open(r->wires, 2);
	TURN_UNTIL(r, r->closed[2] == 3);
	assert_string_equal(r->why, "no connection within 'connect_timeout'");
}

/* A connection for an opening that is over is closed: its program sees the end of its input. */
static void
test_helper_that_comes_too_late(void **state)
{
	struct rig *r = *state;
	uint32_t first;
	int pair[2], late[2];

	wires_open(r->wires, 2);
	first = r->ticket;
	wires_close(r->wires, 2);
	wires_open(r->wires, 2);
	make_pair(late);
	wires_helper(r->wires, first, late[0], NULL);
	assert_int_equal(r->opened[2], 0);
	assert_true(is_ended(late[1]));
	wires_helper(r->wires, first, -1, "too late");
	assert_int_equal(r->closed[2], 0);
	make_pair(pair);
	wires_helper(r->wires, r->ticket, pair[0], NULL);
	assert_int_equal(r->opened[2], 1);
	close(late[1]);
	make_pair(late);
	wires_helper(r->wires, r->ticket, late[0], NULL); /* one is enough */
	assert_int_equal(r->opened[2], 1);
	assert_true(is_ended(late[1]));
	wires_close(r->wires, 2);
	assert_true(is_ended(pair[1]));
	close(pair[1]);
	close(late[1]);
}

/* One that sends without end is made to wait; it is heard to the last byte all the same. */
static void
test_helper_that_floods(void **state)
{
	static char flood[65536];
	struct rig *r = *state;
	int64_t began = now_boot();
	size_t sent = 0;
	int pair[2];

	wires_open(r->wires, 2);
	make_pair(pair);
	assert_int_equal(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
	wires_helper(r->wires, r->ticket, pair[0], NULL);
	while (now_boot() - began < 450 * NS_PER_MS) {
		ssize_t n = send(pair[1], flood, sizeof(flood), 0);

		sent += (size_t)MAX(n, (ssize_t)0);
		turn(r);
	}
	/* At most five windows of 0.1 s have begun, each with one buffer too many. */
	assert_true(r->n_bytes >= 2 * 65536 && r->n_bytes <= 6 * (65536 + 16384));
	TURN_UNTIL(r, r->n_bytes == sent);
	close(pair[1]);
	TURN_UNTIL(r, r->closed[2] == 1);
}

static void
ask(struct rig *r, uint32_t link, const char *text)
{
	wires_send(r->wires, link, (const uint8_t *)text, strlen(text), 0);
}

static void
open_folders(struct rig *r)
{
	n_asked = 0;
	is_held = true;
	wires_open(r->wires, SLOW);
	wires_open(r->wires, FAST);
	TURN_UNTIL(r, r->opened[SLOW] > 0 && r->opened[FAST] > 0);
}

static void
test_a_slow_folder_holds_up_no_other(void **state)
{
	struct rig *r = *state;

	open_folders(r);
	ask(r, SLOW, "slow");
	TURN_UNTIL(r, n_asked == 1);
	for (unsigned i = 1; i <= 5; i++) {
		ask(r, FAST, "fast");
		TURN_UNTIL(r, r->n_got == 4 * i);
	}
	assert_memory_equal(r->got, "fastfast", 8);
	is_held = false;
	TURN_UNTIL(r, r->n_got == 24);
	assert_memory_equal(r->got + 20, "slow", 4);
}

/* What was asked while the kernel held it up is not made up for: only the last question is. */
static void
test_the_last_question_waits(void **state)
{
	struct rig *r = *state;

	open_folders(r);
	ask(r, SLOW, "a");
	TURN_UNTIL(r, n_asked == 1);
	for (unsigned i = 0; i < 1000; i++)
		ask(r, SLOW, i < 999 ? "b" : "c");
	is_held = false;
	TURN_UNTIL(r, r->n_got == 2);
	assert_memory_equal(r->got, "ac", 2);
	ask(r, SLOW, "d");
	TURN_UNTIL(r, r->n_got == 3);
	assert_true(n_asked == 3 && asked[0] == 'a' && asked[1] == 'c' && asked[2] == 'd');
}

/* The same thread goes on, and its answer to an earlier opening is nobody's. */
static void
test_a_folder_that_is_opened_again(void **state)
{
	struct rig *r = *state;

	open_folders(r);
	ask(r, SLOW, "a");
	TURN_UNTIL(r, n_asked == 1);
	for (unsigned i = 0; i < 20; i++) {
		wires_close(r->wires, SLOW);
		wires_open(r->wires, SLOW);
	}
	TURN_UNTIL(r, r->opened[SLOW] == 2);
	ask(r, SLOW, "b");
	turn(r);
	assert_int_equal(n_asked, 1);
	is_held = false;
	TURN_UNTIL(r, r->n_got > 0);
	assert_true(r->n_got == 1 && r->got[0] == 'b' && n_asked == 2);
}

/* A reload keeps the thread of a folder that stays, and its question, under its new number. */
static void
test_a_folder_over_a_reload(void **state)
{
	static const uint32_t kept[] = { 0, 1, 2, FAST, SLOW };
	struct rig *r = *state;

	open_folders(r);
	ask(r, SLOW, "a");
	TURN_UNTIL(r, n_asked == 1);
	wires_switch(r->wires, r->img, kept);
	ask(r, SLOW, "fast"); /* the number of the slow one is now that of the fast one */
	TURN_UNTIL(r, r->n_got == 4);
	is_held = false;
	TURN_UNTIL(r, r->n_got == 5);
	assert_memory_equal(r->got, "fasta", 5);
	assert_int_equal(n_asked, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_slow_name_holds_up_no_port, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_an_answer_that_comes_too_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_opened_again_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_reload_while_it_is_opened, setup, teardown),
		cmocka_unit_test_setup_teardown(test_helper, setup, teardown),
		cmocka_unit_test_setup_teardown(test_helper_that_comes_too_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_helper_that_floods, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_slow_folder_holds_up_no_other, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_last_question_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_folder_that_is_opened_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_folder_over_a_reload, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
