/* test_wires_udp.c - links over datagrams on real sockets: who is heard, who is not, and what becomes of a peer that floods */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compile/compile.h"
#include "io/datagram.h"
#include "io/loop.h"
#include "io/now.h"
#include "io/wires.h"
#include "link/codec.h"

#define PATIENCE_NS (20 * NS_PER_S)
#define PIECE 1000

enum { V4, V6, LINKS };

struct rig {
	struct loop *loop;
	struct wires *wires;
	struct image *img;
	int peer[LINKS]; /* a device; -1: none listens */
	uint16_t port[LINKS];
	unsigned opened[LINKS], closed[LINKS], pieces[LINKS];
	size_t n_got; /* of the last piece */
	char got[64], why[120];
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

	r->pieces[link]++;
	r->n_got = n;
	memcpy(r->got, in, MIN(n, sizeof(r->got)));
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

static socklen_t
loopback(int family, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };

	memset(out, 0, sizeof(*out));
	if (family == AF_INET)
		memcpy(out, &v4, sizeof(v4));
	else
		memcpy(out, &v6, sizeof(v6));
	return family == AF_INET ? sizeof(v4) : sizeof(v6);
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof(at);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.ss_family == AF_INET ? ((struct sockaddr_in *)&at)->sin_port
					     : ((struct sockaddr_in6 *)&at)->sin6_port);
}

static int
device(int family, uint16_t port)
{
	struct sockaddr_storage at;
	socklen_t len = loopback(family, port, &at);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	return fd;
}

static uint16_t
free_port(void)
{
	int fd = device(AF_INET, 0);
	uint16_t port = port_of(fd);

	close(fd);
	return port;
}

static struct image *
make_image(const struct rig *r, uint16_t local_port)
{
	struct bench b;
	struct buf image = { 0 };
	struct err err;
	char text[600];

	snprintf(text, sizeof(text),
		"bench: b\nlinks:\n  u: {udp: \"127.0.0.1:%u\", local_port: %u}\n"
		"  v: {udp: \"[::1]:%u\"}\ninstruments:\n"
		"  a: {use: modbus, link: u, channels: {x: {read: {holding: 1}}}}\n"
		"  b: {use: modbus, link: v, channels: {x: {read: {holding: 1}}}}\n",
		r->port[V4], local_port, r->port[V6]);
	bench_init(&b, "test.yaml");
	assert_int_equal(compile_bytes(&b, text, strlen(text), &image, NULL, &err), 0);
	bench_done(&b);
	return (struct image *)(void *)image.data;
}

static int
setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));
	const struct wires_sink sink = {
		.ctx = r, .opened = on_opened, .closed = on_closed, .bytes = on_bytes
	};
	struct err err;

	r->peer[V4] = device(AF_INET, 0);
	r->peer[V6] = device(AF_INET6, 0);
	r->port[V4] = port_of(r->peer[V4]);
	r->port[V6] = port_of(r->peer[V6]);
	r->img = make_image(r, free_port());
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
	for (int i = 0; i < LINKS; i++)
		if (r->peer[i] >= 0)
			close(r->peer[i]);
	free(r->img);
	free(r);
	return 0;
}

static void
open_link(struct rig *r, uint32_t link)
{
	unsigned before = r->opened[link];

	wires_open(r->wires, link);
	TURN_UNTIL(r, r->opened[link] > before);
}

static void
ask(struct rig *r, uint32_t link)
{
	wires_send(r->wires, link, (const uint8_t *)"?", 1, NS_PER_S);
}

/* The device hears who asks, and speaks to that alone. */
static void
hear(struct rig *r, uint32_t link)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char byte;

	ask(r, link);
	assert_int_equal(recvfrom(r->peer[link], &byte, 1, 0, (struct sockaddr *)&from, &len), 1);
	assert_int_equal(connect(r->peer[link], (struct sockaddr *)&from, len), 0);
}

static void
say(struct rig *r, uint32_t link, const void *bytes, size_t n)
{
	assert_int_equal(send(r->peer[link], bytes, n, 0), n);
}

static void
test_both_kinds_of_address(void **state)
{
	struct rig *r = *state;

	for (uint32_t link = 0; link < LINKS; link++) {
		open_link(r, link);
		hear(r, link);
		say(r, link, "", 0); /* nothing in it: it is nothing, and no end */
		say(r, link, "one", 3);
		say(r, link, "two", 3);
		TURN_UNTIL(r, r->pieces[link] == 2);
		assert_memory_equal(r->got, "two", 3);
		assert_int_equal(r->closed[link], 0);
	}
}

/* A datagram is handed on whole, however long it is. */
static void
test_the_longest(void **state)
{
	static uint8_t bytes[65507];
	struct rig *r = *state;

	open_link(r, V4);
	hear(r, V4);
	say(r, V4, bytes, sizeof(bytes));
	TURN_UNTIL(r, r->pieces[V4] == 1);
	assert_int_equal(r->n_got, sizeof(bytes));
}

/* Each refusal closes once; a burst of them does not close what was opened behind. */
static void
test_nobody_listens(void **state)
{
	struct rig *r = *state;

	close(r->peer[V4]);
	r->peer[V4] = -1;
	for (unsigned i = 1; i <= 20; i++) {
		open_link(r, V4);
		for (unsigned k = 0; k < 10; k++)
			ask(r, V4);
		TURN_UNTIL(r, r->closed[V4] == i);
		assert_string_equal(r->why, DATAGRAM_REFUSED);
	}
	r->peer[V4] = device(AF_INET, r->port[V4]);
	open_link(r, V4);
	hear(r, V4);
	say(r, V4, "here", 4);
	TURN_UNTIL(r, r->pieces[V4] == 1);
	assert_int_equal(r->closed[V4], 20);
}

/* What a flood leaves behind is older than what is asked next, so it is dropped: of 70 in one go all would be handed on otherwise. A
 * machine that is slow enough reads them in two windows: then once more. */
static void
test_a_flood_leaves_nothing_behind(void **state)
{
	static uint8_t bytes[PIECE];
	struct rig *r = *state;
	bool is_dropped = false;

	open_link(r, V4);
	hear(r, V4);
	for (unsigned tries = 0; tries < 50 && !is_dropped; tries++) {
		int64_t until_ns = now_boot() + 400 * NS_PER_MS;

		r->pieces[V4] = 0;
		for (unsigned i = 0; i < 70; i++)
			say(r, V4, bytes, PIECE);
		while (now_boot() < until_ns)
			turn(r);
		is_dropped = r->pieces[V4] < 70;
	}
	assert_true(is_dropped);
	say(r, V4, "fresh", 5);
	TURN_UNTIL(r, r->n_got == 5);
	assert_memory_equal(r->got, "fresh", 5);
	assert_int_equal(r->closed[V4], 0);
}

static void
test_a_local_port_that_is_taken(void **state)
{
	struct rig *r = *state;
	uint16_t port = image_link_at(r->img, V4)->local_port;
	int other = device(AF_INET, port);

	wires_open(r->wires, V4);
	TURN_UNTIL(r, r->closed[V4] == 1);
	assert_non_null(strstr(r->why, "Address already in use"));
	assert_non_null(strstr(r->why, "end the other program"));
	close(other);
	open_link(r, V4);
}

/* A reload keeps the socket of a link that stays; one that goes leaves its port free for who comes. */
static void
test_a_reload(void **state)
{
	static const uint32_t kept[] = { V4, V6 }, none[] = { IMAGE_NONE, IMAGE_NONE };
	struct rig *r = *state;
	uint16_t port = image_link_at(r->img, V4)->local_port;
	struct image *next = make_image(r, port);

	open_link(r, V4);
	hear(r, V4);
	wires_switch(r->wires, next, kept);
	free(r->img);
	r->img = next;
	say(r, V4, "kept", 4);
	TURN_UNTIL(r, r->pieces[V4] == 1);
	next = make_image(r, port);
	wires_switch(r->wires, next, none);
	free(r->img);
	r->img = next;
	open_link(r, V4);
	assert_int_equal(r->closed[V4], 0);
	say(r, V4, "new", 3);
	TURN_UNTIL(r, r->pieces[V4] == 2);
}

/* A socket must not be connected to itself: its questions would come back as answers. */
static void
test_never_oneself(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < NELEM(families); i++) {
		struct sockaddr_storage at;
		uint16_t port = free_port();
		socklen_t len = loopback(families[i], port, &at);
		struct err err;

		assert_int_equal(datagram_open((struct sockaddr *)&at, len, port, &err), ERR_IO);
		assert_non_null(strstr(err.msg, "nobody listens"));
	}
}

static void
test_an_address_of_many(void **state)
{
	static const uint32_t hosts[] = { 0xEF000001, 0xFFFFFFFF }; /* 239.0.0.1, broadcast */
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct err err;

	for (size_t i = 0; i < NELEM(hosts); i++) {
		struct sockaddr_in at = { .sin_family = AF_INET,
			.sin_port = htons(9),
			.sin_addr.s_addr = htonl(hosts[i]) };

		assert_int_equal(
			datagram_open((struct sockaddr *)&at, sizeof(at), 0, &err), ERR_IO);
		assert_non_null(strstr(err.msg, "address of many"));
	}
	six.sin6_addr.s6_addr[0] = 0xFF;
	six.sin6_addr.s6_addr[1] = 2;
	assert_int_equal(datagram_open((struct sockaddr *)&six, sizeof(six), 0, &err), ERR_IO);
	assert_non_null(strstr(err.msg, "address of many"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_both_kinds_of_address, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_longest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_listens, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_flood_leaves_nothing_behind, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_local_port_that_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_reload, setup, teardown),
		cmocka_unit_test(test_never_oneself),
		cmocka_unit_test(test_an_address_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
