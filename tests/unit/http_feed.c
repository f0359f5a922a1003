/* http_feed.c - points of the codec `http` as the compiler makes them */
#include "http_feed.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 4096

static char keys[KEYS][CODEC_KEY_MAX];
static unsigned n_keys;

struct optvals
http_feed_opts(void)
{
	struct optvals v = { .num = { 0 } };

	for (size_t i = 0; http_point_opts[i].name != NULL; i++)
		v.num[i] = http_point_opts[i].def;
	return v;
}

static struct point
make(const struct instrument *ins, struct optvals v, bool is_write)
{
	struct point pt = { .id = 3, .every_ns = 7 };
	struct err err = { .msg = "" };

	v.room = keys[n_keys++ % KEYS];
	v.is_write = is_write;
	if (codec_http.point(ins, &v, &pt, &err) != 0)
		fail_msg("refused: %s", err.msg);
	return pt;
}

struct point
http_feed_point(
	const struct instrument *ins, const struct optvals *read, const struct optvals *write)
{
	struct point pt = make(ins, *read, false), to;

	if (write == NULL)
		return pt;
	to = make(ins, *write, true);
	assert_true(to.value == pt.value && to.type == pt.type && to.count == pt.count &&
		    to.order == pt.order && to.bit == pt.bit); /* the compiler demands it */
	pt.write_space = (int16_t)to.space;
	pt.write_address = to.address;
	pt.write_key = to.key;
	return pt;
}

struct point
http_feed_read(
	const struct instrument *ins, enum http_point_opt which, const char *selector, int64_t type)
{
	struct optvals v = http_feed_opts();

	v.text[which] = selector;
	v.num[HTTP_PT_TYPE] = type;
	return http_feed_point(ins, &v, NULL);
}

const char *
http_feed_fault(
	const struct instrument *ins, const struct optvals *vals, bool is_write, int *out_opt)
{
	static char room[CODEC_KEY_MAX];
	static struct err err;
	struct point pt = { 0 };
	struct optvals v = *vals;

	v.room = room;
	v.is_write = is_write;
	err = (struct err){ .sys = -2, .msg = "" };
	if (codec_http.point(ins, &v, &pt, &err) == 0)
		return NULL;
	*out_opt = err.sys;
	return err.msg;
}

/* The frame ends where its memory ends, so that a sanitizer sees a read beyond it. */
static int
decode_exact(const struct instrument *ins, const struct request *req, const struct point *pts,
	const uint8_t *frame, size_t n, struct readings *out, struct err *err)
{
	struct vars vars = { .identity = "" };
	uint8_t *exact = malloc(n);
	int rc;

	assert_non_null(exact);
	memcpy(exact, frame, n);
	rc = codec_http.decode(ins, req, pts, exact, n, &vars, out, err);
	free(exact);
	return rc;
}

int
http_feed_page(const struct instrument *ins, const struct point *pts, size_t n, unsigned status,
	const char *body, size_t len, struct reading *r, struct readings *out, struct err *err)
{
	static const struct learned nothing;
	static uint8_t frame[CODEC_FRAME_MAX];
	static struct request req[64];
	int head = snprintf((char *)frame, sizeof(frame),
		"HTTP/1.1 %u x\r\nContent-Length: %zu\r\n\r\n", status, len);

	assert_true(n <= NELEM(req) && (size_t)head + len <= sizeof(frame));
	memcpy(frame + head, body, len);
	assert_int_equal(codec_http.plan(ins, pts, n, &nothing, req, n), 1);
	assert_int_equal(
		codec_http.cut(ins, req, frame, (size_t)head + len, WIRE_OPEN), (size_t)head + len);
	*out = (struct readings){ .at = r, .cap = n };
	return decode_exact(ins, req, pts, frame, (size_t)head + len, out, err);
}
