/* test_k8090.c - the telegrams of the relay board, asked for and not */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "codec_feed.h"

extern const struct codec codec_k8090;

static const struct instrument ins = { .name = "relays" };
static const struct learned nothing;
static struct feed got;

static const uint8_t on1[] = { 0x04, 0x11, 0x01, 0x00, 0x00, 0xEA, 0x0F };
static const uint8_t off1[] = { 0x04, 0x12, 0x01, 0x00, 0x00, 0xE9, 0x0F };
static const uint8_t ask[] = { 0x04, 0x18, 0x00, 0x00, 0x00, 0xE4, 0x0F };
static const uint8_t is_on1[] = { 0x04, 0x51, 0x00, 0x01, 0x00, 0xAA, 0x0F };
static const uint8_t is_off1[] = { 0x04, 0x51, 0x01, 0x00, 0x00, 0xAA, 0x0F };
static const uint8_t firmware[] = { 0x04, 0x71, 0x00, 0x0A, 0x01, 0x80, 0x0F };
static const uint8_t button[] = { 0x04, 0x50, 0x01, 0x01, 0x00, 0xAA, 0x0F };

static struct point
relay(int64_t number)
{
	struct optvals v = { .num = { number } };
	struct point pt = { .id = 3, .every_ns = 7 };

	assert_int_equal(codec_k8090.point(&ins, &v, &pt, NULL), 0);
	assert_true(pt.id == 3 && pt.every_ns == 7 && pt.value == VALUE_BOOL);
	return pt;
}

static struct request
write_to(int64_t number, int64_t on)
{
	struct point pt = relay(number);
	struct request req;

	assert_int_equal(
		codec_k8090.write(&ins, &pt, (union value){ .i = on }, NULL, NULL, &req, NULL), 0);
	return req;
}

static void
assert_described(const struct request *req, const char *want)
{
	char text[80];

	codec_k8090.describe(&ins, req, text, sizeof(text));
	assert_string_equal(text, want);
}

static int
match(const struct request *req, const uint8_t *frame)
{
	return (int)codec_k8090.match(&ins, req, 1, frame, 7);
}

static void
test_poll(void **state)
{
	struct point pts[3] = { relay(1), relay(3), relay(8) };
	struct request req[3];
	struct reading r[3];
	struct readings out = { .at = r, .cap = 3 };
	uint8_t bytes[14];
	static const uint8_t some[] = { 0x04, 0x51, 0x00, 0x84, 0x00, 0x27, 0x0F };

	assert_int_equal(codec_k8090.plan(&ins, pts, 3, &nothing, req, 3), 1);
	assert_int_equal(req[0].n, 3);
	assert_int_equal(codec_k8090.encode(&ins, req, 1, NULL, bytes, sizeof(bytes), NULL), 7);
	assert_memory_equal(bytes, ask, 7);
	assert_described(req, "query relays");
	assert_int_equal(match(req, is_on1), MATCH_CANNOT_TELL);
	assert_int_equal(match(req, firmware), MATCH_NOT_MINE);
	assert_int_equal(match(req, button), MATCH_NOT_MINE);
	assert_int_equal(match(req, ask), MATCH_NOT_MINE);
	assert_int_equal(codec_k8090.decode(&ins, req, pts, some, 7, NULL, &out, NULL), 0);
	assert_int_equal(out.n, 3);
	assert_true(r[0].v.i == 0 && r[1].v.i == 1 && r[2].v.i == 1);
	assert_true(r[1].at == 1 && r[1].quality == Q_GOOD);
	pts[2].every_ns = 8;
	assert_int_equal(codec_k8090.plan(&ins, pts, 3, &nothing, req, 3), 2);
	assert_int_equal(req[1].first, 2);
}

/* Switching and asking go together: a relay that is on already gives no answer to "on". */
static void
test_write(void **state)
{
	struct request on = write_to(1, 1), off = write_to(1, 0), other = write_to(2, 1);
	struct readings out = { .cap = 0 };
	uint8_t bytes[14];
	struct err err;
	struct point wrong = relay(1);

	assert_int_equal(codec_k8090.encode(&ins, &on, 1, NULL, bytes, 14, NULL), 14);
	assert_memory_equal(bytes, on1, 7);
	assert_memory_equal(bytes + 7, ask, 7);
	assert_described(&on, "relays on 01, then query");
	assert_described(&off, "relays off 01, then query");
	assert_described(&other, "relays on 02, then query");
	assert_int_equal(codec_k8090.encode(&ins, &off, 1, NULL, bytes, 14, NULL), 14);
	assert_memory_equal(bytes, off1, 7);
	assert_int_equal(codec_k8090.encode(&ins, &off, 1, NULL, bytes, 13, NULL), ERR_CONF);
	assert_int_equal(match(&on, is_on1), MATCH_MINE);
	assert_int_equal(match(&on, is_off1), MATCH_UNSOLICITED);
	assert_int_equal(match(&off, is_off1), MATCH_MINE);
	assert_int_equal(match(&off, is_on1), MATCH_UNSOLICITED);
	assert_int_equal(match(&other, is_on1), MATCH_UNSOLICITED);
	assert_int_equal(match(&on, firmware), MATCH_NOT_MINE);
	assert_int_equal(codec_k8090.decode(&ins, &on, NULL, is_on1, 7, NULL, &out, NULL), 0);
	assert_int_equal(out.n, 0);
	assert_int_equal(
		codec_k8090.decode(&ins, &on, NULL, is_off1, 7, NULL, &out, &err), DECODE_BAD);
	wrong.write_space = -1;
	assert_int_equal(
		codec_k8090.write(&ins, &wrong, (union value){ .i = 1 }, NULL, NULL, &on, &err),
		ERR_CONF);
}

static void
test_unasked(void **state)
{
	struct point pts[2] = { relay(1), relay(2) };
	struct reading r[2];
	struct readings out = { .at = r, .cap = 2 };

	assert_int_equal(match(NULL, is_on1), MATCH_UNSOLICITED);
	assert_int_equal(match(NULL, button), MATCH_NOT_MINE);
	assert_int_equal(match(NULL, firmware), MATCH_NOT_MINE);
	assert_int_equal(codec_k8090.heard(&ins, pts, 2, is_on1, 7, NULL, &out, NULL), 0);
	assert_int_equal(out.n, 2);
	assert_true(r[0].at == 0 && r[0].v.i == 1 && r[1].at == 1 && r[1].v.i == 0);
	out.n = 0;
	out.cap = 1;
	assert_int_equal(codec_k8090.heard(&ins, pts, 2, is_on1, 7, NULL, &out, NULL), 0);
	assert_int_equal(out.n, 1);
	assert_int_equal(codec_k8090.heard(&ins, pts, 2, button, 7, NULL, &out, NULL), DECODE_BAD);
}

static void
test_identity(void **state)
{
	struct vars vars = { .identity = "" };
	struct readings out = { .cap = 0 };
	struct request req;
	uint8_t bytes[14];

	assert_int_equal(codec_k8090.identify(&ins, &req), 1);
	assert_described(&req, "firmware?");
	assert_int_equal(codec_k8090.encode(&ins, &req, 1, NULL, bytes, 14, NULL), 7);
	assert_true(bytes[1] == 0x71 && bytes[5] == 0x8B);
	assert_int_equal(match(&req, firmware), MATCH_CANNOT_TELL);
	assert_int_equal(match(&req, is_on1), MATCH_UNSOLICITED);
	assert_int_equal(codec_k8090.decode(&ins, &req, NULL, firmware, 7, &vars, &out, NULL), 0);
	assert_string_equal(vars.identity, "Velleman K8090 firmware 10.1");
	assert_int_equal(
		codec_k8090.decode(&ins, &req, NULL, is_on1, 7, &vars, &out, NULL), DECODE_BAD);
}

static void
test_cut(void **state)
{
	static const uint8_t garbage[][3] = { { 0xFF }, { 0x04 }, { 0x04, 0x04 }, { 0x0F },
		{ 0x04, 0x51, 0x04 } };
	uint8_t line[10];

	feed_waits(&codec_k8090, &ins, is_on1, 7);
	for (size_t i = 0; i < NELEM(garbage); i++) {
		size_t n = garbage[i][2] ? 3 : garbage[i][1] ? 2 : 1;

		memcpy(line, garbage[i], n);
		memcpy(line + n, is_on1, 7);
		feed_all_ways(&codec_k8090, &ins, line, n + 7, WIRE_SILENT, &got);
		assert_false(got.is_lost);
		assert_int_equal(got.n_frames, 1);
		assert_memory_equal(got.frame[0], is_on1, 7);
		feed_all_ways(&codec_k8090, &ins, line, n + 6, WIRE_CLOSED, &got);
		assert_int_equal(got.n_frames, 0);
	}
}

/* No single wrong byte passes, and the telegram behind it is always found. */
static void
test_garbled_at_each_place(void **state)
{
	uint8_t line[14];

	for (size_t at = 0; at < 7; at++)
		for (unsigned wrong = 0; wrong < 256; wrong++) {
			memcpy(line, is_on1, 7);
			memcpy(line + 7, is_off1, 7);
			if (line[at] == wrong)
				continue;
			line[at] = (uint8_t)wrong;
			feed(&codec_k8090, &ins, line, 14, 0, WIRE_SILENT, &got);
			assert_int_equal(got.n_frames, 1);
			assert_memory_equal(got.frame[0], is_off1, 7);
			feed(&codec_k8090, &ins, line, 14, 1, WIRE_SILENT, &got);
			assert_int_equal(got.n_frames, 1);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_poll),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_unasked),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_garbled_at_each_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
