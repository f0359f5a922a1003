/* test_tpg.c - the handshake of Pfeiffer's gauge controllers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "codec_feed.h"

extern const struct codec codec_tpg;

static const struct instrument ins = { .name = "gauges" };
static const struct learned nothing;
static struct feed got;

static int
make(int64_t gauge, const char *ask, int64_t field, int64_t type, struct point *out)
{
	struct optvals v = { .num = { gauge, OPT_ABSENT, field, type }, .text = { [1] = ask } };

	*out = (struct point){ .id = 3, .every_ns = 7 };
	return codec_tpg.point(&ins, &v, out, NULL);
}

static struct request
plan(const struct point *pts, size_t n)
{
	struct request out[8];

	assert_int_equal(codec_tpg.plan(&ins, pts, n, &nothing, out, n), 1);
	assert_int_equal(out[0].n, n);
	return out[0];
}

static struct request
gauge(int64_t number, struct point *pt)
{
	assert_int_equal(make(number, NULL, OPT_ABSENT, OPT_ABSENT, pt), 0);
	return plan(pt, 1);
}

static void
assert_described(const struct request *req, const char *want)
{
	char text[80];

	codec_tpg.describe(&ins, req, text, sizeof(text));
	assert_string_equal(text, want);
}

static enum match
match(const struct request *req, const char *frame)
{
	return codec_tpg.match(&ins, req, 1, (const uint8_t *)frame, strlen(frame));
}

static int
decode(const struct request *req, const struct point *pts, const char *frame, struct reading *r,
	struct readings *out, struct err *err)
{
	struct vars vars = { .identity = "" };

	*out = (struct readings){ .at = r, .cap = 8 };
	return codec_tpg.decode(
		&ins, req, pts, (const uint8_t *)frame, strlen(frame), &vars, out, err);
}

/* ---- points ---- */

static void
test_points(void **state)
{
	struct point pt;

	assert_int_equal(make(2, NULL, OPT_ABSENT, OPT_ABSENT, &pt), 0);
	assert_int_equal(pt.value, VALUE_FLOAT);
	assert_int_equal(pt.id, 3);
	assert_true(pt.every_ns == 7 && pt.write_space == -1);
	assert_int_equal(make(OPT_ABSENT, "UNI", OPT_ABSENT, OPT_ABSENT, &pt), 0);
	assert_int_equal(pt.value, VALUE_TEXT);
	assert_int_equal(make(OPT_ABSENT, "UNI", 1, 1, &pt), 0);
	assert_int_equal(pt.value, VALUE_FLOAT);
	assert_int_equal(make(1, "UNI", OPT_ABSENT, OPT_ABSENT, &pt), ERR_CONF);
	assert_int_equal(make(OPT_ABSENT, NULL, OPT_ABSENT, OPT_ABSENT, &pt), ERR_CONF);
	assert_int_equal(make(1, NULL, 1, OPT_ABSENT, &pt), ERR_CONF);
	assert_int_equal(make(1, NULL, OPT_ABSENT, 0, &pt), ERR_CONF);
	static const char *const wrong[] = { "", "UN", "UNIT", "uni", "U\rI", "1AB", "U,1", "COM" };
	for (size_t i = 0; i < NELEM(wrong); i++)
		assert_int_equal(make(OPT_ABSENT, wrong[i], OPT_ABSENT, OPT_ABSENT, &pt), ERR_CONF);
}

static void
test_points_of_one_question_share_it(void **state)
{
	struct point pts[11];
	struct request out[11];

	for (int i = 0; i < 10; i++)
		assert_int_equal(make(OPT_ABSENT, "TID", i + 1, 0, &pts[i]), 0);
	assert_int_equal(make(1, NULL, OPT_ABSENT, OPT_ABSENT, &pts[10]), 0);
	assert_int_equal(codec_tpg.plan(&ins, pts, 11, &nothing, out, 11), 3);
	assert_int_equal(out[0].n, 8); /* rooms for texts */
	assert_int_equal(out[1].n, 2);
	assert_int_equal(out[2].first, 10);
	pts[1].every_ns = 8;
	assert_int_equal(codec_tpg.plan(&ins, pts, 2, &nothing, out, 2), 2);
	assert_int_equal(codec_tpg.plan(&ins, pts, 2, &nothing, out, 1), 1);
}

/* ---- the exchange ---- */

static void
test_exchange(void **state)
{
	static const uint8_t question[] = { 0x50, 0x52, 0x31, 0x0D, 0x0A };
	static const char ack[] = "\x06\r\n", line[] = "0,1.0130E+03\r\n";
	struct readings out;
	struct request next;
	struct reading r[8];
	struct point pt;
	struct request req = gauge(1, &pt);
	uint8_t bytes[8];

	assert_int_equal(codec_tpg.encode(&ins, &req, 1, NULL, bytes, sizeof(bytes), NULL), 5);
	assert_memory_equal(bytes, question, 5);
	assert_int_equal(codec_tpg.encode(&ins, &req, 1, NULL, bytes, 4, NULL), ERR_CONF);
	assert_described(&req, "PR1 (gauge 1)");
	assert_int_equal(match(&req, ack), MATCH_CANNOT_TELL);
	assert_int_equal(decode(&req, &pt, ack, r, &out, NULL), 0);
	assert_int_equal(out.n, 0);
	assert_int_equal(codec_tpg.next(&ins, &req, 0, NULL, &next), 1);
	next.step = 1;
	assert_int_equal(codec_tpg.encode(&ins, &next, 2, NULL, bytes, sizeof(bytes), NULL), 1);
	assert_int_equal(bytes[0], 0x05);
	assert_described(&next, "ENQ after PR1 (gauge 1)");
	assert_int_equal(match(&next, line), MATCH_CANNOT_TELL);
	assert_int_equal(decode(&next, &pt, line, r, &out, NULL), 0);
	assert_int_equal(out.n, 1);
	assert_int_equal(r[0].quality, Q_GOOD);
	assert_true(r[0].v.f == 1013.0);
	assert_int_equal(codec_tpg.next(&ins, &next, 1, NULL, &req), 0);
	assert_null(codec_tpg.alike); /* always */
}

static void
test_refusal(void **state)
{
	struct readings out;
	struct reading r[8];
	struct err err;
	struct point pt;
	struct request req = gauge(6, &pt);

	assert_int_equal(match(&req, "\x15\r\n"), MATCH_CANNOT_TELL);
	assert_int_equal(decode(&req, &pt, "\x15\r\n", r, &out, &err), DECODE_REFUSED);
	assert_int_equal(err.sys, 21); /* NAK */
	assert_int_equal(out.refusal.quality, Q_BAD_REQUEST);
	assert_int_equal(out.refusal.of, REFUSED_ALL);
}

/* Lines that nobody asked for, an ACK that is late: never an answer. */
static void
test_never_the_wrong_line(void **state)
{
	struct point pt, text;
	struct request req = gauge(1, &pt), line = req, ask;

	line.step = 1;
	assert_int_equal(match(&req, "0,1.0130E+03\r\n"), MATCH_NOT_MINE);
	assert_int_equal(match(&req, "0,1.0130E+03,5,0.0000E+00\r\n"), MATCH_NOT_MINE);
	assert_int_equal(match(&line, "\x06\r\n"), MATCH_NOT_MINE);
	assert_int_equal(match(&line, "\x15\r\n"), MATCH_NOT_MINE);
	assert_int_equal(match(&line, "0,1.0130E+03,5,0.0000E+00\r\n"), MATCH_NOT_MINE);
	assert_int_equal(match(&line, "TPR,noSE\r\n"), MATCH_NOT_MINE);
	assert_int_equal(match(NULL, "0,1.0130E+03\r\n"), MATCH_NOT_MINE);
	assert_int_equal(match(NULL, "\x06\r\n"), MATCH_NOT_MINE);
	assert_int_equal(make(OPT_ABSENT, "UNI", OPT_ABSENT, OPT_ABSENT, &text), 0);
	ask = plan(&text, 1);
	assert_described(&ask, "UNI");
	ask.step = 1;
	assert_int_equal(match(&ask, "0\r\n"), MATCH_CANNOT_TELL);
	assert_int_equal(match(&ask, "0,1.0130E+03\r\n"), MATCH_NOT_MINE);
	assert_int_equal(match(&ask, "0,1.0130E+03,5,0.0000E+00\r\n"), MATCH_NOT_MINE);
	assert_int_equal(make(OPT_ABSENT, "PRX", OPT_ABSENT, OPT_ABSENT, &text), 0);
	ask = plan(&text, 1);
	ask.step = 1;
	assert_int_equal(match(&ask, "0,1.0130E+03,5,0.0000E+00\r\n"), MATCH_CANNOT_TELL);
	assert_int_equal(match(&ask, "0\r\n"), MATCH_NOT_MINE);
}

static void
test_status(void **state)
{
	static const struct {
		const char *line;
		enum quality quality;
		unsigned code;
		double v;
	} rows[] = {
		{ "0,-1.5E-02\r\n", Q_GOOD, 0, -0.015 },
		{ "1,5.0000E-04\r\n", Q_OUT_OF_RANGE, 1, 0.0005 },
		{ "2,1.0000E+03\r\n", Q_OUT_OF_RANGE, 2, 1000 },
		{ "3,0.0000E+00\r\n", Q_SENSOR_FAULT, 3, 0 },
		{ "4,0.0000E+00\r\n", Q_SWITCHED_OFF, 4, 0 },
		{ "5,0.0000E+00\r\n", Q_MISSING, 5, 0 },
		{ "6,0.0000E+00\r\n", Q_SENSOR_FAULT, 6, 0 },
		{ "0,1.0000E+999\r\n", Q_NOT_A_NUMBER, 0, 0 },
	};
	static const char *const senseless[] = { "7,1.0E+00\r\n", "0;1.0E+00\r\n", "0,1.0\r\n",
		"0,1E+00\r\n", "0,1.0E+\r\n", "0,1.0E+00,\r\n", "0,\r\n", "0\r\n", "0,1,0E+00\r\n",
		"0,1.0E+00 \r\n", "0,+.5E+00\r\n" };
	struct readings out;
	struct reading r[8];
	struct point pt;
	struct request req = gauge(1, &pt);

	req.step = 1;
	for (size_t i = 0; i < NELEM(rows); i++) {
		assert_int_equal(decode(&req, &pt, rows[i].line, r, &out, NULL), 0);
		assert_int_equal(r[0].quality, rows[i].quality);
		assert_int_equal(r[0].code, rows[i].code);
		if (!quality_is_bad(r[0].quality))
			assert_true(r[0].v.f == rows[i].v);
	}
	for (size_t i = 0; i < NELEM(senseless); i++) {
		assert_int_equal(match(&req, senseless[i]), MATCH_NOT_MINE);
		assert_int_equal(decode(&req, &pt, senseless[i], r, &out, NULL), DECODE_BAD);
	}
}

static void
test_fields(void **state)
{
	char line[140] = "";
	struct readings out;
	struct reading r[8];
	struct point pts[5];
	struct request req;

	assert_int_equal(make(OPT_ABSENT, "TID", OPT_ABSENT, OPT_ABSENT, &pts[0]), 0);
	assert_int_equal(make(OPT_ABSENT, "TID", 1, 0, &pts[1]), 0);
	assert_int_equal(make(OPT_ABSENT, "TID", 2, 0, &pts[2]), 0);
	assert_int_equal(make(OPT_ABSENT, "TID", 3, 1, &pts[3]), 0);
	assert_int_equal(make(OPT_ABSENT, "TID", 4, 1, &pts[4]), 0);
	req = plan(pts, 5);
	req.step = 1;
	assert_int_equal(decode(&req, pts, "TPR, noSE ,12.5\r\n", r, &out, NULL), 0);
	assert_int_equal(out.n, 5);
	assert_string_equal(r[0].text, "TPR, noSE ,12.5");
	assert_string_equal(r[1].text, "TPR");
	assert_string_equal(r[2].text, "noSE");
	assert_true(r[3].quality == Q_GOOD && r[3].v.f == 12.5);
	assert_int_equal(r[4].quality, Q_MISSING);
	assert_int_equal(decode(&req, pts, "a,b,c,\r\n", r, &out, NULL), 0);
	assert_int_equal(r[3].quality, Q_NOT_A_NUMBER);
	assert_int_equal(r[4].quality, Q_NOT_A_NUMBER);
	memset(line, 'x', 128);
	strcpy(line + 128, "\r\n");
	assert_int_equal(decode(&req, pts, line, r, &out, NULL), 0);
	assert_int_equal(r[0].quality, Q_TEXT_CUT);
	assert_int_equal(strlen(r[0].text), VALUE_TEXT_MAX);
	assert_int_equal(decode(&req, pts, "\r\n", r, &out, NULL), DECODE_BAD);
}

static void
test_identity(void **state)
{
	static const char line[] = "302-510-A\r\n";
	struct vars vars = { .identity = "" };
	struct readings out = { .cap = 0 };
	struct request req;
	uint8_t bytes[8];

	assert_int_equal(codec_tpg.identify(&ins, &req), 1);
	assert_described(&req, "PNR (what is it?)");
	codec_tpg.encode(&ins, &req, 1, NULL, bytes, sizeof(bytes), NULL);
	assert_memory_equal(bytes, "PNR\r\n", 5);
	req.step = 1;
	assert_int_equal(match(&req, line), MATCH_CANNOT_TELL);
	assert_int_equal(codec_tpg.decode(&ins, &req, NULL, (const uint8_t *)line, sizeof(line) - 1,
				 &vars, &out, NULL),
		0);
	assert_string_equal(vars.identity, "Pfeiffer TPG, firmware 302-510-A");
	assert_true(vars.kind != 0);
}

/* ---- frames ---- */

static void
test_cut(void **state)
{
	static const char *const frames[] = { "\x06\r\n", "\x15\r\n", "0,1.0130E+03\r\n", "0\r\n" };
	static const char *const garbage[] = { "\x80", "\r", "\n", "\x06", "\x15\r", "abc\xFF",
		"abc\r", "\x06\x06", "\r\n\r\n", "\x03" };
	char line[64];

	for (size_t i = 0; i < NELEM(frames); i++) {
		feed_waits(&codec_tpg, &ins, (const uint8_t *)frames[i], strlen(frames[i]));
		for (size_t k = 0; k < NELEM(garbage); k++) {
			strcpy(line, garbage[k]);
			strcat(line, frames[i]);
			feed_all_ways(&codec_tpg, &ins, (const uint8_t *)line, strlen(line),
				WIRE_OPEN, &got);
			assert_false(got.is_lost);
			assert_int_equal(got.n_frames, 1);
			assert_memory_equal(got.frame[0], frames[i], strlen(frames[i]));
			feed_all_ways(&codec_tpg, &ins, (const uint8_t *)garbage[k],
				strlen(garbage[k]), WIRE_SILENT, &got);
			assert_int_equal(got.n_frames, 0);
		}
	}
	strcpy(line, "0,1.0E+00\r\n\x06\r\n0,2.0E+00\r\n");
	feed_all_ways(&codec_tpg, &ins, (const uint8_t *)line, strlen(line), WIRE_OPEN, &got);
	assert_int_equal(got.n_frames, 3);
}

/* Whatever one wrong byte does, the exchange behind it is found. */
static void
test_garbled_at_each_place(void **state)
{
	static const char good[] = "0,1.0130E+03\r\n";
	static const uint8_t wrong[] = { 0x00, 0x06, 0x0A, 0x0D, 0x15, 0x41, 0x7F, 0xFF };
	struct point pt;
	struct request req = gauge(1, &pt);
	struct readings out;
	struct reading r[8];
	char line[64];

	req.step = 1;
	for (size_t at = 0; at < sizeof(good) - 1; at++)
		for (size_t k = 0; k < NELEM(wrong); k++) {
			strcpy(line, good);
			strcat(line, "\x06\r\n");
			strcat(line, good);
			line[at] = (char)wrong[k];
			feed_all_ways(&codec_tpg, &ins, (const uint8_t *)line,
				2 * (sizeof(good) - 1) + 3, WIRE_OPEN, &got);
			assert_true(got.n_frames >= 2);
			assert_memory_equal(got.frame[got.n_frames - 1], good, sizeof(good) - 1);
			for (unsigned i = 0; i + 2 < got.n_frames; i++)
				if (codec_tpg.match(&ins, &req, 1, got.frame[i], got.n[i]) ==
					MATCH_CANNOT_TELL)
					assert_true(wrong[k] == good[at]);
		}
	assert_int_equal(decode(&req, &pt, good, r, &out, NULL), 0);
}

static void
test_a_line_without_end(void **state)
{
	uint8_t line[300];

	memset(line, 'x', sizeof(line));
	memcpy(line + 290, "\r\n\x06\r\n", 5);
	feed_all_ways(&codec_tpg, &ins, line, 295, WIRE_OPEN, &got);
	assert_int_equal(
		got.n_frames, 2); /* the rest of the line, which has no form, and the ACK */
	assert_int_equal(got.n[1], 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_points),
		cmocka_unit_test(test_points_of_one_question_share_it),
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_never_the_wrong_line),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_garbled_at_each_place),
		cmocka_unit_test(test_a_line_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
