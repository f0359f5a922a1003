/* test_propar.c - ProPar's binary frames */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "codec_feed.h"

extern const struct codec codec_propar;

enum { INT8, INT16, INT32, SINT16, MEASURE, FLOAT, STRING };

static const struct instrument ins = { .opts.num = { 128 }, .name = "flow" };
static const struct learned nothing;
static struct feed got;

static struct point
point(int64_t process, int64_t parameter, int64_t type)
{
	struct optvals v = { .num = { process, parameter, type } };
	struct point pt = { .id = 3, .every_ns = 7 };

	assert_int_equal(codec_propar.point(&ins, &v, &pt, NULL), 0);
	assert_true(pt.id == 3 && pt.every_ns == 7);
	return pt;
}

static struct request
plan(const struct point *pts, size_t n)
{
	struct request out[16];

	assert_int_equal(codec_propar.plan(&ins, pts, n, &nothing, out, n), 1);
	assert_int_equal(out[0].n, n);
	return out[0];
}

static void
assert_encodes(
	const struct instrument *to, const struct request *req, uint32_t tag, const char *hex)
{
	uint8_t want[600], bytes[600];
	size_t n = feed_hex(hex, want, sizeof(want));

	assert_int_equal(
		codec_propar.encode(to, req, tag, NULL, bytes, sizeof(bytes), NULL), (int)n);
	assert_memory_equal(bytes, want, n);
	feed_waits(&codec_propar, to, bytes, n);
}

static void
assert_described(const struct request *req, const char *want)
{
	char text[80];

	codec_propar.describe(&ins, req, text, sizeof(text));
	assert_string_equal(text, want);
}

static int
match(const struct instrument *from, const struct request *req, uint32_t tag, const char *hex)
{
	uint8_t bytes[600];
	size_t n = feed_hex(hex, bytes, sizeof(bytes));

	return (int)codec_propar.match(from, req, tag, bytes, n);
}

static int
decode(const struct request *req, const struct point *pts, const char *hex, struct reading *r,
	struct readings *out, struct err *err)
{
	struct vars vars = { .identity = "" };
	uint8_t bytes[600];
	size_t n = feed_hex(hex, bytes, sizeof(bytes));

	*out = (struct readings){ .at = r, .cap = 16 };
	return codec_propar.decode(&ins, req, pts, bytes, n, &vars, out, err);
}

static void
test_type_is_needed(void **state)
{
	struct optvals v = { .num = { 1, 0, OPT_ABSENT } };
	struct point pt = { .id = 3 };
	struct err err;

	assert_int_equal(codec_propar.point(&ins, &v, &pt, &err), ERR_CONF);
	assert_int_equal(err.sys, -1);
}

/* ---- one parameter ---- */

static void
test_measure(void **state)
{
	static const char answer[] = "10 02 01 80 05 02 01 20 3E 80 10 03";
	struct point pt = point(1, 0, INT16);
	struct request req = plan(&pt, 1);
	struct readings out;
	struct reading r[16];

	assert_encodes(&ins, &req, 1, "10 02 01 80 05 04 01 20 01 20 10 03");
	assert_int_equal(match(&ins, &req, 1, answer), MATCH_MINE);
	assert_int_equal(decode(&req, &pt, answer, r, &out, NULL), 0);
	assert_true(out.n == 1 && r[0].quality == Q_GOOD && r[0].v.u == 16000);
}

static void
test_values(void **state)
{
	static const struct {
		int type;
		const char *answer; /* of process 104, parameter 1 */
		union value v;
	} rows[] = {
		{ INT8, "10 02 01 80 04 02 68 01 FF 10 03", { .u = 255 } },
		{ INT16, "10 02 01 80 05 02 68 21 FF 9B 10 03", { .u = 65435 } },
		{ SINT16, "10 02 01 80 05 02 68 21 FF 9B 10 03", { .i = -101 } },
		{ MEASURE, "10 02 01 80 05 02 68 21 FF 9B 10 03", { .i = -100 } },
		{ MEASURE, "10 02 01 80 05 02 68 21 A3 D6 10 03", { .i = 41942 } },
		{ MEASURE, "10 02 01 80 05 02 68 21 A3 D7 10 03", { .i = -23592 } },
		{ MEASURE, "10 02 01 80 05 02 68 21 FF FF 10 03", { .i = 0 } },
		{ INT32, "10 02 01 80 07 02 68 41 FF FF FF FE 10 03", { .u = 4294967294 } },
		{ FLOAT, "10 02 01 80 07 02 68 41 45 9C FF AE 10 03",
			{ .f = (double)5023.9599609375f } },
		{ INT16, "10 02 01 80 05 02 68 21 10 10 10 10 10 03", { .u = 0x1010 } },
	};
	struct readings out;
	struct reading r[16];

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct point pt = point(104, 1, rows[i].type);
		struct request req = plan(&pt, 1);

		assert_int_equal(match(&ins, &req, 1, rows[i].answer), MATCH_MINE);
		assert_int_equal(decode(&req, &pt, rows[i].answer, r, &out, NULL), 0);
		assert_int_equal(r[0].quality, Q_GOOD);
		assert_true(r[0].v.u == rows[i].v.u);
	}
	struct point pt = point(104, 1, FLOAT);
	struct request req = plan(&pt, 1);

	assert_int_equal(
		decode(&req, &pt, "10 02 01 80 07 02 68 41 7F C0 00 00 10 03", r, &out, NULL), 0);
	assert_int_equal(r[0].quality, Q_NOT_A_NUMBER);
}

static void
test_other_node(void **state)
{
	static const struct instrument third = { .opts.num = { 3 } };
	static const struct instrument sixteenth = { .opts.num = { 16 } };
	struct point pt = point(104, 1, FLOAT);
	struct request req = plan(&pt, 1);

	assert_encodes(&third, &req, 1, "10 02 01 03 05 04 68 41 68 41 10 03");
	assert_encodes(&sixteenth, &req, 0x110, "10 02 10 10 10 10 05 04 68 41 68 41 10 03");
	assert_int_equal(
		match(&third, &req, 1, "10 02 01 03 07 02 68 41 45 9C FF AE 10 03"), MATCH_MINE);
	assert_int_equal(match(&third, &req, 1, "10 02 01 04 07 02 68 41 45 9C FF AE 10 03"),
		MATCH_NOT_MINE);
}

static void
test_never_the_wrong_answer(void **state)
{
	struct point pt = point(1, 0, INT16);
	struct request req = plan(&pt, 1), write;

	assert_int_equal(match(&ins, &req, 2, "10 02 01 80 05 02 01 20 3E 80 10 03"),
		MATCH_NOT_MINE); /* late */
	assert_int_equal(
		match(&ins, NULL, 1, "10 02 01 80 05 02 01 20 3E 80 10 03"), MATCH_NOT_MINE);
	assert_int_equal(match(&ins, &req, 1, "10 02 01 80 05 02 02 20 3E 80 10 03"),
		MATCH_NOT_MINE); /* 256 questions late */
	assert_int_equal(
		match(&ins, &req, 1, "10 02 01 80 05 02 01 21 3E 80 10 03"), MATCH_NOT_MINE);
	assert_int_equal(match(&ins, &req, 1, "10 02 01 80 05 04 01 20 01 20 10 03"),
		MATCH_NOT_MINE); /* an echo */
	assert_int_equal(match(&ins, &req, 257, "10 02 01 80 05 02 01 20 3E 80 10 03"), MATCH_MINE);
	assert_int_equal(
		codec_propar.write(&ins, &pt, (union value){ .u = 1 }, NULL, NULL, &write, NULL),
		0);
	assert_described(&write, "write 1/0 of node 128");
	assert_int_equal(
		match(&ins, &write, 1, "10 02 01 80 05 02 01 20 3E 80 10 03"), MATCH_NOT_MINE);
	assert_int_equal(match(&ins, &write, 1, "10 02 01 80 03 00 00 05 10 03"), MATCH_MINE);
	assert_int_equal(
		match(&ins, &write, 1, "10 02 01 80 04 00 00 05 05 10 03"), MATCH_NOT_MINE);
}

/* ---- several parameters of one process ---- */

static void
test_chain(void **state)
{
	static const char right[] = "10 02 01 80 0C 02 01 84 12 A0 3E 80 4D 3F 80 00 00 10 03";
	struct point pts[3] = { point(1, 4, INT8), point(1, 0, INT16), point(1, 13, FLOAT) };
	struct request req = plan(pts, 3);
	struct readings out;
	struct reading r[16];
	struct err err;

	assert_encodes(&ins, &req, 1, "10 02 01 80 0B 04 01 84 01 04 A0 01 20 4D 01 4D 10 03");
	assert_described(&req, "read 1/4, 1/0, 1/13 of node 128");
	assert_int_equal(match(&ins, &req, 1, right), MATCH_MINE);
	assert_int_equal(decode(&req, pts, right, r, &out, NULL), 0);
	assert_int_equal(out.n, 3);
	assert_true(r[0].v.u == 18 && r[1].v.u == 16000 && r[2].v.f == 1.0);
	/* one too few, one too many, another type, another order: no value at all */
	static const char *const wrong[] = { "10 02 01 80 07 02 01 84 12 20 3E 80 10 03",
		"10 02 01 80 0D 02 01 84 12 A0 3E 80 4D 3F 80 00 00 00 10 03",
		"10 02 01 80 0C 02 01 84 12 A0 3E 80 CD 3F 80 00 00 10 03",
		"10 02 01 80 0C 02 01 A0 3E 80 84 12 4D 3F 80 00 00 10 03",
		"10 02 01 80 0B 02 01 84 12 A0 3E 80 4D 3F 80 00 10 03" };
	for (size_t i = 0; i < NELEM(wrong); i++) {
		assert_int_equal(decode(&req, pts, wrong[i], r, &out, &err), DECODE_BAD);
		assert_int_equal(out.n, 0);
	}
}

static void
test_plan(void **state)
{
	struct learned learned = { .n_cuts = 1, .cuts = { { 0, 1, 1 << 8 | 2 } } };
	struct point pts[12];
	struct request out[12];

	for (int i = 0; i < 12; i++)
		pts[i] = point(1, i, INT8);
	assert_int_equal(codec_propar.plan(&ins, pts, 12, &nothing, out, 12), 2);
	assert_int_equal(out[0].n, 8);
	assert_int_equal(out[1].first, 8);
	assert_int_equal(codec_propar.plan(&ins, pts, 4, &learned, out, 12), 2);
	assert_int_equal(out[0].n, 2);
	learned = (struct learned){ .max_count = 1 };
	assert_int_equal(codec_propar.plan(&ins, pts, 4, &learned, out, 12), 4);
	pts[3] = point(33, 0, FLOAT);
	assert_int_equal(codec_propar.plan(&ins, pts, 4, &nothing, out, 12), 2);
	assert_int_equal(out[1].address, 33 << 8);
	pts[3].every_ns = pts[2].every_ns;
	pts[1].every_ns = 9;
	assert_int_equal(codec_propar.plan(&ins, pts, 2, &nothing, out, 12), 2);
	for (int i = 0; i < 8; i++)
		pts[i] = point(127, 31 - i, i == 3 ? STRING : INT8);
	assert_int_equal(codec_propar.plan(&ins, pts, 8, &nothing, out, 12), 1);
	assert_described(out, "read 127/31, 127/30, 127/29, 127/28, 127/27, 127/26, 127/25, "
			      "127/24 of node 128"); /* 79 characters: all there is room for */
	for (int i = 0; i < 8; i++)
		pts[i] = point(113, i, STRING);
	assert_int_equal(codec_propar.plan(&ins, pts, 8, &nothing, out, 12), 3); /* 255 bytes */
	assert_int_equal(codec_propar.plan(&ins, pts, 8, &nothing, out, 1), 1);
}

static void
test_strings(void **state)
{
	static const struct {
		const char *answer;
		enum quality quality;
		const char *text;
	} rows[] = {
		{ "10 02 01 80 09 02 71 63 05 4D 31 32 20 20 10 03", Q_GOOD, "M12" },
		{ "10 02 01 80 08 02 71 63 00 4D 31 32 00 10 03", Q_GOOD, "M12" },
		{ "10 02 01 80 08 02 71 63 04 4D 31 00 FF 10 03", Q_GOOD, "M1" },
		{ "10 02 01 80 05 02 71 63 00 00 10 03", Q_GOOD, "" },
		{ "10 02 01 80 07 02 71 63 03 10 10 B0 41 10 03", Q_GOOD, "??A" },
	};
	static const char *const senseless[] = { "10 02 01 80 07 02 71 63 00 4D 31 32 10 03",
		"10 02 01 80 07 02 71 63 04 4D 31 32 10 03", "10 02 01 80 03 02 71 63 10 03",
		"10 02 01 80 04 02 71 63 01 10 03" };
	struct point pt = point(113, 3, STRING);
	struct request req = plan(&pt, 1);
	struct readings out;
	struct reading r[16];
	char line[400] = "10 02 01 80 48 02 71 63 44";

	assert_int_equal(pt.write_space, -1);
	assert_encodes(&ins, &req, 1, "10 02 01 80 06 04 71 63 71 63 00 10 03");
	for (size_t i = 0; i < NELEM(rows); i++) {
		assert_int_equal(match(&ins, &req, 1, rows[i].answer), MATCH_MINE);
		assert_int_equal(decode(&req, &pt, rows[i].answer, r, &out, NULL), 0);
		assert_int_equal(r[0].quality, rows[i].quality);
		assert_string_equal(r[0].text, rows[i].text);
	}
	for (size_t i = 0; i < NELEM(senseless); i++)
		assert_int_equal(decode(&req, &pt, senseless[i], r, &out, NULL), DECODE_BAD);
	for (int i = 0; i < 68; i++)
		strcat(line, " 41");
	strcat(line, " 10 03");
	assert_int_equal(decode(&req, &pt, line, r, &out, NULL), 0);
	assert_int_equal(r[0].quality, Q_TEXT_CUT);
	assert_int_equal(strlen(r[0].text), VALUE_TEXT_MAX);
}

/* ---- writes, errors, identification ---- */

static void
test_writes(void **state)
{
	static const struct {
		int type;
		union value v;
		const char *bytes; /* NULL: it does not fit */
	} rows[] = {
		{ INT16, { .u = 16000 }, "10 02 01 80 05 01 01 21 3E 80 10 03" },
		{ INT8, { .u = 18 }, "10 02 01 80 04 01 01 01 12 10 03" },
		{ INT32, { .u = 0x10203040 }, "10 02 01 80 07 01 01 41 10 10 20 30 40 10 03" },
		{ FLOAT, { .f = 1 }, "10 02 01 80 07 01 01 41 3F 80 00 00 10 03" },
		{ SINT16, { .i = -2 }, "10 02 01 80 05 01 01 21 FF FE 10 03" },
		{ MEASURE, { .i = -100 }, "10 02 01 80 05 01 01 21 FF 9B 10 03" },
		{ MEASURE, { .i = 41942 }, "10 02 01 80 05 01 01 21 A3 D6 10 03" },
		{ INT8, { .u = 256 }, NULL },
		{ INT16, { .u = 65536 }, NULL },
		{ INT32, { .u = 4294967296 }, NULL },
		{ SINT16, { .i = 32768 }, NULL },
		{ MEASURE, { .i = 41943 }, NULL },
		{ MEASURE, { .i = -23593 }, NULL },
		{ FLOAT, { .f = 1e39 }, NULL },
	};
	struct readings out;
	struct reading r[16];
	struct request req;
	struct point pt;

	for (size_t i = 0; i < NELEM(rows); i++) {
		int rc;

		pt = point(1, 1, rows[i].type);
		rc = codec_propar.write(&ins, &pt, rows[i].v, NULL, NULL, &req, NULL);
		assert_int_equal(rc, rows[i].bytes == NULL ? ERR_CONF : 0);
		if (rows[i].bytes != NULL)
			assert_encodes(&ins, &req, 1, rows[i].bytes);
	}
	pt = point(1, 1, STRING);
	assert_int_equal(
		codec_propar.write(&ins, &pt, (union value){ 0 }, "", NULL, &req, NULL), ERR_CONF);
	pt = point(1, 1, INT16);
	assert_int_equal(
		codec_propar.write(&ins, &pt, (union value){ .u = 1 }, NULL, NULL, &req, NULL), 0);
	assert_int_equal(decode(&req, &pt, "10 02 01 80 03 00 00 05 10 03", r, &out, NULL), 0);
	assert_int_equal(out.n, 0);
	assert_int_equal(decode(&req, &pt, "10 02 01 80 03 00 0D 05 10 03", r, &out, NULL), 0);
	assert_true(out.n == 1 && r[0].quality == Q_BAD_FUNCTION && r[0].code == 0x0D);
	assert_int_equal(decode(&req, &pt, "10 02 01 80 05 02 01 21 00 00 10 03", r, &out, NULL),
		DECODE_BAD);
}

static void
test_errors(void **state)
{
	static const struct {
		const char *answer;
		int rc;
		enum quality quality;
		unsigned code;
	} rows[] = {
		{ "10 02 01 80 03 00 04 05 10 03", DECODE_REFUSED, Q_BAD_ADDRESS, 4 },
		{ "10 02 01 80 03 00 03 05 10 03", DECODE_REFUSED, Q_BAD_ADDRESS, 3 },
		{ "10 02 01 80 03 00 05 05 10 03", DECODE_REFUSED, Q_BAD_REQUEST, 5 },
		{ "10 02 01 80 03 00 11 05 10 03", DECODE_REFUSED, Q_BAD_FUNCTION, 17 },
		{ "10 02 01 80 03 00 07 05 10 03", DECODE_REFUSED, Q_GATEWAY_PATH, 7 },
		{ "10 02 01 80 03 00 77 05 10 03", DECODE_REFUSED, Q_DEVICE_FAILED, 0x77 },
		{ "10 02 01 80 03 00 01 05 10 03", DECODE_LATER, Q_GOOD, 1 },
		{ "10 02 01 80 03 00 19 05 10 03", DECODE_SILENT, Q_GOOD, 25 },
		{ "10 02 01 80 03 00 00 05 10 03", DECODE_BAD, Q_GOOD, 0 },
		{ "10 02 01 80 01 05 10 03", DECODE_SILENT, Q_GOOD, 5 },
		{ "10 02 01 80 01 09 10 03", DECODE_SILENT, Q_GOOD, 9 },
		{ "10 02 01 80 01 04 10 03", 0, Q_BAD_REQUEST, 4 },
		{ "10 02 01 80 01 08 10 03", 0, Q_DEVICE_FAILED, 8 },
	};
	struct point pts[2] = { point(1, 0, INT16), point(1, 1, INT16) };
	struct request req = plan(pts, 1), both = plan(pts, 2);
	struct readings out;
	struct reading r[16];
	struct err err = { .sys = 0 };

	for (size_t i = 0; i < NELEM(rows); i++) {
		assert_int_equal(match(&ins, &req, 1, rows[i].answer), MATCH_MINE);
		assert_int_equal(decode(&req, pts, rows[i].answer, r, &out, &err), rows[i].rc);
		if (rows[i].rc == 0)
			assert_true(out.n == 1 && r[0].quality == rows[i].quality &&
				    r[0].code == rows[i].code);
		else
			assert_true(err.sys == (int)rows[i].code && err.msg[0] != '\0');
		if (rows[i].rc == DECODE_REFUSED)
			assert_int_equal(out.refusal.quality, rows[i].quality);
	}
	/* one of two is guilty: the engine asks for them one by one */
	assert_int_equal(decode(&both, pts, rows[0].answer, r, &out, &err), DECODE_REFUSED);
	assert_int_equal(out.refusal.of, REFUSED_PART);
	assert_int_equal(err.sys, 4);
	assert_non_null(strstr(err.msg, "no such parameter"));
}

static void
test_identity(void **state)
{
	struct vars vars = { .identity = "" };
	struct readings out = { .cap = 0 };
	struct request req;
	uint8_t bytes[64];
	size_t n;

	assert_int_equal(codec_propar.identify(&ins, &req), 1);
	assert_described(&req, "what is it? (113/1, 113/2, 113/3 of node 128)");
	assert_encodes(
		&ins, &req, 1, "10 02 01 80 0E 04 71 E1 71 61 00 E2 71 62 00 63 71 63 00 10 03");
	n = feed_hex("10 02 01 80 16 02 71 E1 02 44 31 E2 03 46 2D 32 63 00 4D 31 32 33 34 35 36 "
		     "37 00 10 03",
		bytes, sizeof(bytes));
	assert_int_equal(codec_propar.match(&ins, &req, 1, bytes, n), MATCH_MINE);
	assert_int_equal(codec_propar.decode(&ins, &req, NULL, bytes, n, &vars, &out, NULL), 0);
	assert_string_equal(vars.identity, "Bronkhorst D1 F-2 M1234567");
	assert_true(vars.kind != 0);
	n = feed_hex("10 02 01 80 03 00 04 05 10 03", bytes, sizeof(bytes));
	assert_int_equal(
		codec_propar.decode(&ins, &req, NULL, bytes, n, &vars, &out, NULL), DECODE_REFUSED);
	n = feed_hex("10 02 01 80 05 02 71 E1 02 44 10 03", bytes, sizeof(bytes));
	assert_int_equal(
		codec_propar.decode(&ins, &req, NULL, bytes, n, &vars, &out, NULL), DECODE_BAD);
	assert_string_equal(vars.identity, "");
}

/* ---- frames ---- */

static const char good_hex[] = "10 02 01 80 05 02 01 20 10 10 80 10 03";

static void
test_cut(void **state)
{
	static const char *const garbage[] = { "00", "10", "10 10", "10 02", "10 02 01", "10 03",
		"10 02 01 80 05 02 01 20 3E 80 10", "10 02 01 80 05 02 01 20 10", "10 02 10 03",
		"10 02 01 80 00 10 03", "10 02 01 80 02 01 10 03", "02 01 80", "10 02 10 04 05" };
	uint8_t line[64];

	size_t n_good = feed_hex(good_hex, line, sizeof(line));
	feed_waits(&codec_propar, &ins, line, n_good);
	for (size_t i = 0; i < NELEM(garbage); i++) {
		size_t n = feed_hex(garbage[i], line, sizeof(line));

		feed_all_ways(&codec_propar, &ins, line, n, WIRE_SILENT, &got);
		assert_int_equal(got.n_frames, 0);
		n += feed_hex(good_hex, line + n, sizeof(line) - n);
		feed_all_ways(&codec_propar, &ins, line, n, WIRE_OPEN, &got);
		assert_false(got.is_lost);
		assert_int_equal(got.n_frames, 1);
		assert_int_equal(got.n[0], n_good);
	}
}

static void
test_longest(void **state)
{
	uint8_t line[540] = { 0x10, 0x02, 0x01, 0x80, 0xFF };
	size_t n = 5;

	for (int i = 0; i < 255; i++) {
		line[n++] = 0x10;
		line[n++] = 0x10;
	}
	line[n++] = 0x10;
	line[n++] = 0x03;
	feed(&codec_propar, &ins, line, n, 1, WIRE_OPEN, &got);
	assert_int_equal(got.n_frames, 1);
	assert_int_equal(got.n[0], n);
	line[n - 1] = 0x10; /* one byte more than a message can have */
	line[n++] = 0x10;
	line[n++] = 0x03;
	feed(&codec_propar, &ins, line, n, 0, WIRE_SILENT, &got);
	assert_int_equal(got.n_frames, 0);
}

/* Whatever one wrong byte does, the answer behind it is found. */
static void
test_garbled_at_each_place(void **state)
{
	uint8_t good[16], line[40];
	size_t n = feed_hex(good_hex, good, sizeof(good));

	for (size_t at = 0; at < n; at++)
		for (unsigned wrong = 0; wrong < 256; wrong++) {
			memcpy(line, good, n);
			memcpy(line + n, good, n);
			line[at] = (uint8_t)wrong;
			line[n + 2] = 0x02;
			feed(&codec_propar, &ins, line, 2 * n, 0, WIRE_SILENT, &got);
			assert_true(got.n_frames >= 1 && got.n_frames <= 2);
			assert_int_equal(got.n[got.n_frames - 1], n);
			assert_int_equal(got.frame[got.n_frames - 1][2], 2);
			feed(&codec_propar, &ins, line, 2 * n, 1, WIRE_SILENT, &got);
			assert_int_equal(got.frame[got.n_frames - 1][2], 2);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_type_is_needed),
		cmocka_unit_test(test_measure),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_other_node),
		cmocka_unit_test(test_never_the_wrong_answer),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_garbled_at_each_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
