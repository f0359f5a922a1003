/* test_wires.c - serial ports of the wires: a thread opens and closes them, in order, and names do not hold it up */
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
#include <time.h>
#include <unistd.h>

#include "compile/compile.h"
#include "io/loop.h"
#include "io/now.h"
#include "io/wires.h"

#define PATIENCE_NS (10 * NS_PER_S)

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

struct rig {
	struct loop *loop;
	struct wires *wires;
	struct image *img;
	int pty; /* the other side of the port */
	char port[64];
	unsigned opened[2], closed[2]; /* [link] */
	char why[120];
	char got[64];
	size_t n_got;
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

	n = MIN(n, sizeof(r->got) - r->n_got);
	memcpy(r->got + r->n_got, in, n);
	r->n_got += n;
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
	const struct wires_sink sink = {
		.ctx = r, .opened = on_opened, .closed = on_closed, .bytes = on_bytes
	};
	struct bench b;
	struct buf image = { 0 };
	struct err err;
	char text[400];

	r->pty = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	assert_true(r->pty >= 0 && grantpt(r->pty) == 0 && unlockpt(r->pty) == 0);
	assert_int_equal(ptsname_r(r->pty, r->port, sizeof(r->port)), 0);
	snprintf(text, sizeof(text),
		"bench: b\nlinks:\n  p: {serial: %s, line: 9600 8N1, connect_timeout: 5 s}\n"
		"  n: {tcp: \"nowhere:502\"}\ninstruments:\n"
		"  a: {use: modbus, link: p, channels: {x: {read: {holding: 1}}}}\n"
		"  b: {use: modbus, link: n, channels: {x: {read: {holding: 1}}}}\n",
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
		wires_send(r->wires, 0, (const uint8_t *)"unread", 6);
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
	static const uint32_t none_kept[] = { IMAGE_NONE, IMAGE_NONE };
	struct rig *r = *state;

	wires_open(r->wires, 0);
	wires_switch(r->wires, r->img, none_kept);
	wires_open(r->wires, 0);
	TURN_UNTIL(r, r->opened[0] + r->closed[0] > 0);
	assert_int_equal(r->closed[0], 0);
	TURN_UNTIL(r, count_open(r) == 1);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
