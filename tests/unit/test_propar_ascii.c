/* test_propar_ascii.c - ProPar in hexadecimal digits: frames, and what nobody numbers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "codec_feed.h"
#include "drivers/propar_ascii.h"

extern const struct codec codec_propar_ascii;

enum { INT8, INT16, INT32, SINT16, MEASURE, FLOAT, STRING };

static const struct instrument ins = { .opts.num = { 128 }, .name = "flow" };
static const struct instrument third = { .opts.num = { 3 }, .name = "third" };
static const struct learned nothing;
static struct feed got;

static struct point
point(int64_t process, int64_t parameter, int64_t type)
{
	struct optvals v = { .num = { process, parameter, type } };
	struct point pt = { .id = 3 };

	assert_int_equal(codec_propar_ascii.point(&ins, &v, &pt, NULL), 0);
	return pt;
}

static struct request
plan(const struct point *pts, size_t n)
{
	struct request out[16];

	assert_int_equal(codec_propar_ascii.plan(&ins, pts, n, &nothing, out, n), 1);
	return out[0];
}

static void
assert_encodes(
	const struct instrument *to, const struct request *req, uint32_t tag, const char *want)
{
	uint8_t bytes[600];

	assert_int_equal(codec_propar_ascii.encode(to, req, tag, NULL, bytes, sizeof(bytes), NULL),
		(int)strlen(want));
	assert_memory_equal(bytes, want, strlen(want));
	feed_waits(&codec_propar_ascii, to, bytes, strlen(want));
	assert_int_equal(
		codec_propar_ascii.encode(to, req, tag, NULL, bytes, strlen(want) - 1, NULL),
		ERR_CONF);
}

static int
match(const struct instrument *from, const struct request *req, const char *frame)
{
	return (int)codec_propar_ascii.match(from, req, 7, (const uint8_t *)frame, strlen(frame));
}

static int
decode(const struct request *req, const struct point *pts, const char *frame, struct reading *r,
	struct readings *out, struct err *err)
{
	struct vars vars = { .identity = "" };

	*out = (struct readings){ .at = r, .cap = 16 };
	return codec_propar_ascii.decode(
		&ins, req, pts, (const uint8_t *)frame, strlen(frame), &vars, out, err);
}

/* The examples of the manual. */
static void
test_examples(void **state)
{
	struct point measure = point(1, 0, MEASURE), setpoint = point(1, 1, INT16),
		     counter = point(104, 1, FLOAT), ask = point(1, 0, INT16);
	struct request req = plan(&ask, 1), write;
	struct readings out;
	struct reading r[16];
	struct err err;

	assert_encodes(&ins, &req, 5, ":06800401200120\r\n");
	assert_int_equal(match(&ins, &req, ":06800201203E80\r\n"), MATCH_CANNOT_TELL);
	assert_int_equal(decode(&req, &ask, ":06800201203E80\r\n", r, &out, NULL), 0);
	assert_true(out.n == 1 && r[0].quality == Q_GOOD && r[0].v.u == 16000);
	req = plan(&measure, 1);
	assert_int_equal(decode(&req, &measure, ":0680020120FF9B\r\n", r, &out, NULL), 0);
	assert_true(out.n == 1 && r[0].quality == Q_GOOD && r[0].v.i == -100);

	assert_int_equal(codec_propar_ascii.write(&ins, &setpoint, (union value){ .u = 16000 },
				 NULL, NULL, &write, NULL),
		0);
	assert_encodes(&ins, &write, 5, ":06800101213E80\r\n");
	assert_int_equal(match(&ins, &write, ":0480000005\r\n"), MATCH_CANNOT_TELL);
	assert_int_equal(decode(&write, &setpoint, ":0480000005\r\n", r, &out, NULL), 0);
	assert_int_equal(decode(&write, &setpoint, ":0480000605\r\n", r, &out, &err), 0);
	assert_true(out.n == 1 && r[0].quality == Q_BAD_REQUEST);

	req = plan(&counter, 1);
	assert_encodes(&third, &req, 5, ":06030468416841\r\n");
	assert_int_equal(match(&third, &req, ":0803026841459CFFAE\r\n"), MATCH_CANNOT_TELL);
	assert_int_equal(decode(&req, &counter, ":0803026841459CFFAE\r\n", r, &out, NULL), 0);
	assert_float_equal(r[0].v.f, 5023.96, 1e-3);
}

/* An error on the way has one byte, with a node before it or, from older instruments, without. */
static void
test_errors_of_the_way(void **state)
{
	struct point pt = point(1, 0, INT16);
	struct request req = plan(&pt, 1);
	struct readings out;
	struct reading r[16];
	struct err err;

	assert_int_equal(match(&third, &req, ":0105\r\n"), MATCH_CANNOT_TELL);
	assert_int_equal(match(&third, &req, ":028005\r\n"), MATCH_CANNOT_TELL);
	assert_int_equal(decode(&req, &pt, ":0105\r\n", r, &out, &err), DECODE_SILENT);
	assert_int_equal(decode(&req, &pt, ":028009\r\n", r, &out, &err), DECODE_SILENT);
	assert_int_equal(decode(&req, &pt, ":0104\r\n", r, &out, &err), 0);
	assert_true(out.n == 1 && r[0].quality == Q_BAD_REQUEST);
	assert_int_equal(decode(&req, &pt, ":0480000005\r\n", r, &out, &err), DECODE_BAD);
}

static void
test_never_the_wrong_answer(void **state)
{
	static const char *const others[] = {
		":06030201203E80\r\n", /* of another node */
		":06800202203E80\r\n", /* another process */
		":06800201213E80\r\n", /* another parameter */
		":06800401200120\r\n", /* an echo */
		":05800201203E80\r\n", /* another length */
		":06800201203E8\r\n",  /* a digit is missing */
		":06800201203e80\r\n", /* no digits of this protocol */
		":06800201203E80\n\r",
		":06800201203E80\r\n\n",
		"!06800201203E80\r\n",
		":\r\n",
		":00\r\n",
		"",
	};
	struct point pt = point(1, 0, INT16);
	struct request req = plan(&pt, 1), write;
	struct readings out;
	struct reading r[16];
	struct err err;

	for (size_t i = 0; i < NELEM(others); i++)
		assert_int_equal(match(&ins, &req, others[i]), MATCH_NOT_MINE);
	assert_int_equal(match(&ins, NULL, ":06800201203E80\r\n"), MATCH_NOT_MINE);
	assert_int_equal(codec_propar_ascii.write(
				 &ins, &pt, (union value){ .u = 1 }, NULL, NULL, &write, NULL),
		0);
	assert_int_equal(match(&ins, &write, ":06800201203E80\r\n"), MATCH_NOT_MINE);
	assert_int_equal(decode(&req, &pt, ":0680020120 3E80\r\n", r, &out, &err), DECODE_BAD);
	assert_int_equal(out.n, 0);
	assert_null(codec_propar_ascii.alike); /* every late answer is waited for */
}

static void
feed_text(const char *text, enum wire end)
{
	feed_all_ways(&codec_propar_ascii, &ins, (const uint8_t *)text, strlen(text), end, &got);
}

static void
assert_frame(unsigned i, const char *want)
{
	assert_true(i < got.n_frames);
	assert_int_equal(got.n[i], strlen(want));
	assert_memory_equal(got.frame[i], want, got.n[i]);
}

static void
test_frames_among_noise(void **state)
{
	feed_text("\xFF"
		  "5\r\n:06800201203E80\r\n:0480000005\r\n",
		WIRE_OPEN);
	assert_int_equal(got.n_frames, 2);
	assert_frame(0, ":06800201203E80\r\n");
	assert_frame(1, ":0480000005\r\n");
	feed_text(":0680020120:06800201203E80\r\n", WIRE_OPEN); /* one breaks off */
	assert_int_equal(got.n_frames, 1);
	assert_frame(0, ":06800201203E80\r\n");
	feed_text(":0780020120\r\n:0480000005\r\n", WIRE_OPEN); /* a length that is wrong */
	assert_int_equal(got.n_frames, 1);
	assert_frame(0, ":0480000005\r\n");
	feed_text(":06800201203E80\n", WIRE_SILENT);
	assert_int_equal(got.n_frames, 0);
	feed_text("nobody speaks so\r\n", WIRE_SILENT);
	assert_int_equal(got.n_frames, 0);
}

/* The longest message there is goes through; digits without end are let go. */
static void
test_lengths(void **state)
{
	struct propar_message m = { .node = 3, .n = PROPAR_DATA_MAX - 1 }, back;
	uint8_t bytes[PROPAR_ASCII_MAX], digits[3 * PROPAR_ASCII_MAX];
	int n;

	for (unsigned i = 0; i < m.n; i++)
		m.data[i] = (uint8_t)(37 * i);
	n = propar_ascii_put(&m, bytes, sizeof(bytes), NULL);
	assert_int_equal(n, 1 + 2 * 256 + 2);
	assert_true(propar_ascii_take(bytes, (size_t)n, &back));
	assert_true(back.n == m.n && back.node == 3 && memcmp(back.data, m.data, m.n) == 0);
	feed_all_ways(&codec_propar_ascii, &ins, bytes, (size_t)n, WIRE_OPEN, &got);
	assert_true(got.n_frames == 1 && got.n[0] == (size_t)n);
	m.n++;
	assert_int_equal(propar_ascii_put(&m, bytes, sizeof(bytes), NULL), ERR_CONF);

	memset(digits, 'A', sizeof(digits));
	digits[0] = ':';
	memcpy(digits + sizeof(digits) - 13, ":0480000005\r\n", 13);
	feed_all_ways(&codec_propar_ascii, &ins, digits, sizeof(digits), WIRE_OPEN, &got);
	assert_int_equal(got.n_frames, 1);
	assert_frame(0, ":0480000005\r\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_errors_of_the_way),
		cmocka_unit_test(test_never_the_wrong_answer),
		cmocka_unit_test(test_frames_among_noise),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
