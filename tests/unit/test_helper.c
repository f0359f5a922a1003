/* test_helper.c - the lines of helper programs */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "codec_feed.h"

extern const struct codec codec_helper;

enum { NUMBER, TEXT, BOOL, INT };

static const struct instrument ins = { .name = "daq" };
static const struct learned nothing;
static struct feed got;

static int
make(const char *name, int64_t type, const char *unit, struct point *out)
{
	struct optvals v = { .num = { 0, type, 0 }, .text = { name, NULL, unit } };

	*out = (struct point){ .id = 3, .every_ns = 7 };
	return codec_helper.point(&ins, &v, out, NULL);
}

static struct request
ask(const struct point *pt)
{
	struct request out;

	assert_int_equal(codec_helper.plan(&ins, pt, 1, &nothing, &out, 1), 1);
	return out;
}

static void
assert_sent(const struct request *req, const char *want)
{
	uint8_t bytes[512];
	char text[80];
	int n = codec_helper.encode(&ins, req, 1, NULL, bytes, sizeof(bytes), NULL);

	assert_int_equal(n, strlen(want));
	assert_memory_equal(bytes, want, (size_t)n);
	assert_int_equal(
		codec_helper.encode(&ins, req, 1, NULL, bytes, (size_t)n - 1, NULL), ERR_CONF);
	codec_helper.describe(&ins, req, text, sizeof(text));
	assert_memory_equal(text, want, MIN((size_t)n - 1, sizeof(text) - 1));
}

static enum match
match(const struct request *req, const char *frame)
{
	return codec_helper.match(&ins, req, 1, (const uint8_t *)frame, strlen(frame));
}

static struct reading readings[4];
static struct readings out;
static struct err err;

static int
decode_bytes(const struct point *pt, const struct request *req, const char *frame, size_t n)
{
	struct vars vars = { .identity = "" };

	out = (struct readings){ .at = readings, .cap = NELEM(readings) };
	memset(readings, 0, sizeof(readings));
	memset(&err, 0, sizeof(err));
	return codec_helper.decode(&ins, req, pt, (const uint8_t *)frame, n, &vars, &out, &err);
}

static int
decode(int64_t type, const char *unit, const char *frame)
{
	struct point pt;
	struct request req;

	assert_int_equal(make("t", type, unit, &pt), 0);
	req = ask(&pt);
	return decode_bytes(&pt, &req, frame, strlen(frame));
}

/* ---- points, questions ---- */

static void
test_points(void **state)
{
	static const char *const wrong[] = { "", "a b", "a\tb", "a\nget b", "\xC3\xA9", "a\x7F",
		"0123456789012345678901234567890123456789012345678901234567890123" };
	struct point pt;

	assert_int_equal(make("bed.T-1", NUMBER,
				 "\xC2\xB0"
				 "C",
				 &pt),
		0);
	assert_true(pt.id == 3 && pt.every_ns == 7 && pt.value == VALUE_FLOAT);
	assert_string_equal(pt.key, "bed.T-1");
	assert_int_equal(make("a", TEXT, NULL, &pt), 0);
	assert_int_equal(pt.value, VALUE_TEXT);
	assert_int_equal(make("a", BOOL, NULL, &pt), 0);
	assert_int_equal(pt.value, VALUE_BOOL);
	assert_int_equal(make("a", INT, "rpm", &pt), 0);
	assert_int_equal(pt.value, VALUE_INT);
	assert_int_equal(make("a", TEXT, "K", &pt), ERR_CONF);
	assert_int_equal(make("a", BOOL, "K", &pt), ERR_CONF);
	assert_int_equal(make("a", NUMBER, "", &pt), ERR_CONF);
	assert_int_equal(make("a", NUMBER, "a b", &pt), ERR_CONF);
	assert_int_equal(make("a", NUMBER, "\xB0", &pt), ERR_CONF);
	assert_int_equal(make(NULL, NUMBER, NULL, &pt), ERR_CONF);
	for (size_t i = 0; i < NELEM(wrong); i++)
		assert_int_equal(make(wrong[i], NUMBER, NULL, &pt), ERR_CONF);
}

static void
test_questions(void **state)
{
	struct point pts[3];
	struct request reqs[3];

	for (int i = 0; i < 3; i++)
		assert_int_equal(make(i == 2 ? "T" : "p", NUMBER, NULL, &pts[i]), 0);
	assert_int_equal(codec_helper.plan(&ins, pts, 3, &nothing, reqs, 2), 2);
	assert_int_equal(codec_helper.plan(&ins, pts, 3, &nothing, reqs, 3), 3);
	assert_int_equal(reqs[2].first, 2);
	assert_sent(&reqs[0], "get p\n");
	assert_sent(&reqs[2], "get T\n");
	assert_null(codec_helper.alike); /* always: no answer names its question */
	assert_false(codec_helper.has_tag);
	assert_null(codec_helper.identify);
}

static void
test_writes(void **state)
{
	static const char longest[] =
		"012345678901234567890123456789012345678901234567890123456789012";
	struct point pt;
	struct request req;
	char line[160];

	assert_int_equal(make("sp", NUMBER, NULL, &pt), 0);
	assert_int_equal(
		codec_helper.write(&ins, &pt, (union value){ .f = 0.1 }, NULL, NULL, &req, NULL),
		0);
	assert_sent(&req, "set sp 0.1\n");
	assert_int_equal(codec_helper.write(
				 &ins, &pt, (union value){ .f = -1e-300 }, NULL, NULL, &req, NULL),
		0);
	assert_sent(&req, "set sp -1e-300\n");
	assert_int_equal(codec_helper.write(&ins, &pt, (union value){ .f = (double)NAN }, NULL,
				 NULL, &req, NULL),
		ERR_CONF);
	pt.write_space = -1;
	assert_int_equal(
		codec_helper.write(&ins, &pt, (union value){ .f = 1 }, NULL, NULL, &req, NULL),
		ERR_CONF);
	assert_int_equal(make("on", BOOL, NULL, &pt), 0);
	assert_int_equal(
		codec_helper.write(&ins, &pt, (union value){ .i = 1 }, NULL, NULL, &req, NULL), 0);
	assert_sent(&req, "set on 1\n");
	assert_int_equal(make("n", INT, NULL, &pt), 0);
	assert_int_equal(codec_helper.write(&ins, &pt, (union value){ .i = INT64_MIN }, NULL, NULL,
				 &req, NULL),
		0);
	assert_sent(&req, "set n -9223372036854775808\n");
	assert_int_equal(make(longest, TEXT, NULL, &pt), 0);
	assert_int_equal(
		codec_helper.write(&ins, &pt, (union value){ 0 }, longest, NULL, &req, NULL), 0);
	snprintf(line, sizeof(line), "set %s %s\n", longest, longest);
	assert_sent(&req, line);
	static const char *const wrong[] = { "a\nset sp 5", "\x7F", "\xFF", "a\r" };
	for (size_t i = 0; i < NELEM(wrong); i++)
		assert_int_equal(codec_helper.write(
					 &ins, &pt, (union value){ 0 }, wrong[i], NULL, &req, NULL),
			ERR_CONF);
}

/* ---- answers ---- */

static void
test_values(void **state)
{
	static const struct {
		int type;
		const char *line;
		double v;
	} good[] = {
		{ NUMBER, "ok 25.5 degC\n", 25.5 },
		{ NUMBER, "ok 25.5\n", 25.5 },
		{ NUMBER, "ok 25.5 degC\r\n", 25.5 },
		{ NUMBER, "ok  -1e-05   degC  \n", -1e-05 },
		{ BOOL, "ok True\n", 1 },
		{ BOOL, "ok off\n", 0 },
		{ BOOL, "ok 1\n", 1 },
		{ INT, "ok -17 rpm\n", -17 },
	};
	static const struct {
		int type;
		const char *line;
	} no_number[] = { { NUMBER, "ok nan degC\n" }, { NUMBER, "ok inf\n" },
		{ NUMBER, "ok 25,5\n" }, { NUMBER, "ok 1e999\n" }, { NUMBER, "ok --\n" },
		{ BOOL, "ok 2\n" }, { INT, "ok 1.5\n" }, { INT, "ok 9223372036854775808\n" } };

	for (size_t i = 0; i < NELEM(good); i++) {
		assert_int_equal(decode(good[i].type, NULL, good[i].line), 0);
		assert_int_equal(out.n, 1);
		assert_int_equal(readings[0].quality, Q_GOOD);
		assert_true((good[i].type == NUMBER ? readings[0].v.f : (double)readings[0].v.i) ==
			    good[i].v);
	}
	for (size_t i = 0; i < NELEM(no_number); i++) {
		assert_int_equal(decode(no_number[i].type, NULL, no_number[i].line), 0);
		assert_int_equal(out.n, 1);
		assert_int_equal(readings[0].quality, Q_NOT_A_NUMBER);
		assert_true(readings[0].v.u == 0);
	}
}

static void
test_texts(void **state)
{
	char line[200] = "ok ";

	assert_int_equal(decode(TEXT, NULL, "ok  ready, 3 of 5 \r\n"), 0);
	assert_string_equal(readings[0].text, " ready, 3 of 5 ");
	assert_int_equal(decode(TEXT, NULL, "ok \n"), 0);
	assert_string_equal(readings[0].text, "");
	memset(line + 3, 'x', 100);
	strcpy(line + 103, "\n");
	assert_int_equal(decode(TEXT, NULL, line), 0);
	assert_int_equal(readings[0].quality, Q_TEXT_CUT);
	assert_int_equal(strlen(readings[0].text), VALUE_TEXT_MAX);
}

static void
test_senseless(void **state)
{
	static const char *const lines[] = { "ok \n", "ok\n", "ok 1 2 3\n", "ok 1 K K\n",
		"ok 1\tK\n", "ok 1 \xB0\n", "ok 1\x1B[2J\n", "1\n", "okay 1\n", "\n", "ok\t1\n",
		"ev t 1\n" };
	static const char zero[] = "ok 1\0 2\n";
	struct point pt;
	struct request req;

	for (size_t i = 0; i < NELEM(lines); i++) {
		assert_int_equal(decode(NUMBER, NULL, lines[i]), DECODE_BAD);
		assert_int_equal(out.n, 0);
		assert_true(err.msg[0] != '\0');
	}
	assert_int_equal(make("t", NUMBER, NULL, &pt), 0);
	req = ask(&pt);
	assert_int_equal(decode_bytes(&pt, &req, zero, sizeof(zero) - 1), DECODE_BAD);
}

static void
test_units(void **state)
{
	assert_int_equal(decode(NUMBER, "degC", "ok 20 degC\n"), 0);
	assert_int_equal(decode(NUMBER, "degC", "ok 20 K\n"), DECODE_BAD);
	assert_string_equal(err.msg, "unit K; degC is expected");
	assert_int_equal(decode(NUMBER, "degC", "ok 20\n"), DECODE_BAD);
	assert_string_equal(err.msg, "no unit; degC is expected");
	assert_int_equal(decode(NUMBER, "degC", "ok 20 degCx\n"), DECODE_BAD);
	assert_int_equal(decode(INT, "rpm", "ok 20 Hz\n"), DECODE_BAD);
}

static void
test_refusals(void **state)
{
	assert_int_equal(decode(NUMBER, "K", "err sensor open\r\n"), DECODE_REFUSED);
	assert_string_equal(err.msg, "sensor open");
	assert_int_equal(out.refusal.quality, Q_DEVICE_FAILED);
	assert_int_equal(out.refusal.of, REFUSED_ALL);
	assert_int_equal(out.n, 0);
	assert_int_equal(decode(NUMBER, NULL, "err\n"), DECODE_REFUSED);
	assert_string_equal(err.msg, "no reason given");
	assert_int_equal(decode(NUMBER, NULL,
				 "err capteur d\xE9"
				 "fait\x1B\n"),
		DECODE_REFUSED);
	assert_string_equal(err.msg, "capteur d?fait?");
	assert_int_equal(decode(NUMBER, NULL,
				 "err d\xC3\xA9"
				 "fait\n"),
		DECODE_REFUSED);
	assert_string_equal(err.msg, "d\xC3\xA9"
				     "fait");
}

static void
test_set_is_answered_by_a_bare_ok_alone(void **state)
{
	struct point pt;
	struct request get, set;

	assert_int_equal(make("sp", NUMBER, NULL, &pt), 0);
	get = ask(&pt);
	assert_int_equal(
		codec_helper.write(&ins, &pt, (union value){ .f = 1 }, NULL, NULL, &set, NULL), 0);
	assert_int_equal(match(&set, "ok\n"), MATCH_CANNOT_TELL);
	assert_int_equal(match(&set, "ok \r\n"), MATCH_CANNOT_TELL);
	assert_int_equal(match(&set, "err no\n"), MATCH_CANNOT_TELL);
	assert_int_equal(match(&set, "ok 5 K\n"), MATCH_NOT_MINE);
	assert_int_equal(match(&get, "ok\n"), MATCH_NOT_MINE);
	assert_int_equal(match(&get, "ok 5 K\n"), MATCH_CANNOT_TELL);
	assert_int_equal(match(&get, "err no\n"), MATCH_CANNOT_TELL);
	assert_int_equal(match(&get, "okay\n"), MATCH_NOT_MINE);
	assert_int_equal(match(&get, "5\n"), MATCH_NOT_MINE);
	assert_int_equal(match(NULL, "ok 5\n"), MATCH_CANNOT_TELL); /* an answer, whose ever */
	assert_int_equal(match(NULL, "err no\n"), MATCH_CANNOT_TELL);
	assert_int_equal(match(NULL, "starting\n"), MATCH_NOT_MINE);
	assert_int_equal(match(NULL, "ev sp 5\n"), MATCH_UNSOLICITED);
	assert_int_equal(match(&get, "ev sp 5\n"), MATCH_UNSOLICITED);
	assert_int_equal(decode_bytes(&pt, &set, "ok\n", 3), 0);
	assert_int_equal(decode_bytes(&pt, &set, "ok 5\n", 5), DECODE_BAD);
	assert_int_equal(decode_bytes(&pt, &set, "err no\n", 7), DECODE_REFUSED);
}

/* ---- news ---- */

static int
heard(const struct point *pts, size_t n, const char *line)
{
	struct vars vars = { .identity = "" };

	out = (struct readings){ .at = readings, .cap = NELEM(readings) };
	return codec_helper.heard(
		&ins, pts, n, (const uint8_t *)line, strlen(line), &vars, &out, NULL);
}

static void
test_news(void **state)
{
	struct point pts[3];

	assert_int_equal(make("T", NUMBER, "K", &pts[0]), 0);
	assert_int_equal(make("state", TEXT, NULL, &pts[1]), 0);
	assert_int_equal(make("T", INT, NULL, &pts[2]), 0);
	assert_int_equal(heard(pts, 3, "ev T 300 K\n"), 0);
	assert_int_equal(out.n, 2);
	assert_true(readings[0].at == 0 && readings[0].v.f == 300);
	assert_true(readings[1].at == 2 && readings[1].v.i == 300);
	assert_int_equal(heard(pts, 3, "ev state all is well\r\n"), 0);
	assert_int_equal(out.n, 1);
	assert_string_equal(readings[0].text, "all is well");
	/* What was known is no longer so. */
	assert_int_equal(heard(pts, 3, "ev T 27 degC\n"), 0);
	assert_int_equal(readings[0].quality, Q_WRONG_ANSWER);
	assert_int_equal(readings[1].quality, Q_GOOD);
	assert_int_equal(heard(pts, 3, "ev T\n"), 0);
	assert_int_equal(readings[0].quality, Q_WRONG_ANSWER);
	assert_int_equal(heard(pts, 3, "ev T open K\n"), 0);
	assert_int_equal(readings[0].quality, Q_NOT_A_NUMBER);
	static const char *const nobody[] = { "ev\n", "ev \n", "ev p 5\n", "ev Tx 5\n",
		"ev T\x01 5\n", "ok 5\n" };
	for (size_t i = 0; i < NELEM(nobody); i++)
		assert_int_equal(heard(pts, 3, nobody[i]), DECODE_BAD);
}

/* ---- lines ---- */

static void
test_cut(void **state)
{
	static const char *const frames[] = { "ok 25.5 degC\n", "ok\r\n", "err no sensor\n",
		"ev T 5\n", "\n" };
	char line[80];

	for (size_t i = 0; i < NELEM(frames); i++)
		feed_waits(&codec_helper, &ins, (const uint8_t *)frames[i], strlen(frames[i]));
	strcpy(line, "ok 1 K\nev T 2\r\n\nok\nerr x\n");
	feed_all_ways(&codec_helper, &ins, (const uint8_t *)line, strlen(line), WIRE_OPEN, &got);
	assert_int_equal(got.n_frames, 5);
	assert_int_equal(got.n[1], 8);
}

static void
test_a_line_has_at_most_1000_bytes(void **state)
{
	static uint8_t line[1010];

	memset(line, 'x', sizeof(line));
	line[999] = '\n';
	feed_all_ways(&codec_helper, &ins, line, sizeof(line), WIRE_OPEN, &got);
	assert_int_equal(got.n_frames, 1);
	assert_int_equal(got.n[0], 1000);
	assert_false(got.is_lost);
	line[999] = 'x';
	line[1000] = '\n';
	feed_all_ways(&codec_helper, &ins, line, sizeof(line), WIRE_OPEN, &got);
	assert_int_equal(got.n_frames, 0);
	assert_true(got.is_lost); /* the engine connects anew */
}

/* Whatever one wrong byte does, the lines behind it are found, and no other number is read without a mark of its own. */
static void
test_garbled_at_each_place(void **state)
{
	static const char good[] = "ok 25.5 degC\n";
	static const uint8_t wrong[] = { 0x00, 0x09, 0x0A, 0x0D, 0x1B, 0x7F, 0x80, 0xFF };
	struct point pt;
	struct request req;
	char line[64];

	assert_int_equal(make("t", NUMBER, "degC", &pt), 0);
	req = ask(&pt);
	for (size_t at = 0; at < sizeof(good) - 1; at++)
		for (size_t k = 0; k < NELEM(wrong); k++) {
			memcpy(line, good, sizeof(good) - 1);
			memcpy(line + sizeof(good) - 1, good, sizeof(good) - 1);
			line[at] = (char)wrong[k];
			feed_all_ways(&codec_helper, &ins, (const uint8_t *)line,
				2 * (sizeof(good) - 1), WIRE_OPEN, &got);
			if (at < sizeof(good) - 2)
				assert_memory_equal(
					got.frame[got.n_frames - 1], good, sizeof(good) - 1);
			for (unsigned i = 0; i < got.n_frames; i++) {
				bool is_whole = got.n[i] == sizeof(good) - 1 &&
						memcmp(got.frame[i], good, got.n[i]) == 0;

				if (decode_bytes(&pt, &req, (const char *)got.frame[i], got.n[i]) ==
						0 &&
					readings[0].quality == Q_GOOD)
					assert_true(is_whole);
			}
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_points),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_senseless),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_set_is_answered_by_a_bare_ok_alone),
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_a_line_has_at_most_1000_bytes),
		cmocka_unit_test(test_garbled_at_each_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
