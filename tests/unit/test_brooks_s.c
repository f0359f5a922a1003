/* test_brooks_s.c - Brooks' S-protocol: frames, quantities, writes, questions by tag */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "codec_feed.h"
#include "drivers/brooks_frame.h"

extern const struct codec codec_brooks_s;

#define DEVICE UINT64_C(0x0A64010203)
#define READ_FLOW "FF FF FF FF FF 82 0A 64 01 02 03 01 00 ED"
#define FLOW "FF FF FF FF FF 86 0A 64 01 02 03 01 07 00 00 AB 41 48 00 00 4C"
#define SET_20 "FF FF FF FF FF 82 0A 64 01 02 03 EC 05 39 41 A0 00 00 DD"
#define IS_20 "FF FF FF FF FF 86 0A 64 01 02 03 EC 0C 00 00 39 41 A0 00 00 AB 41 20 00 00 1A"
#define WHO_HAS "FF FF FF FF FF 82 80 00 00 00 00 0B 06 CB 0E 70 CB 0C 31 4C"

enum what {
	FLOW_NOW,
	CURRENT,
	PERCENT,
	SETPOINT_PERCENT,
	SETPOINT,
	VALVE,
	OVERRIDE,
	FULL_SCALE,
	GAS_NAME,
	TAG,
	MESSAGE,
	DEVICE_STATUS
};
enum form { FLOAT, UINT8, UINT16, UINT24, ASCII, PACKED };

static const struct instrument ins = {
	.opts = { .num = { 0, OPT_ABSENT, 2, OPT_ABSENT }, .text = { "0A64010203" } }, .name = "mfc"
};
static const struct learned nothing;
static struct feed got;

/* ---- help ---- */

/* In the order of the options: what, gas, command, at, type, length, unit_code; -1: left out. */
static struct optvals
wanted(int what, int gas, int command, int at, int type, int length, int unit)
{
	const int given[] = { what, gas, command, at, type, length, unit };
	struct optvals v = { .num = { 0 } };

	for (size_t i = 0; i < NELEM(given); i++)
		v.num[i] = given[i] < 0 ? OPT_ABSENT : given[i];
	return v;
}

static struct point
point_of(struct optvals v)
{
	struct point pt = { .id = 3, .every_ns = 7 };

	assert_int_equal(codec_brooks_s.point(&ins, &v, &pt, NULL), 0);
	assert_true(pt.id == 3 && pt.every_ns == 7);
	return pt;
}

static struct point
point(enum what what)
{
	bool has_gas = what == FULL_SCALE || what == GAS_NAME;

	return point_of(wanted((int)what, has_gas ? 2 : -1, -1, -1, -1, -1, -1));
}

static struct request
plan(const struct point *pts, size_t n)
{
	struct request out[16];

	assert_int_equal(codec_brooks_s.plan(&ins, pts, n, &nothing, out, 16), 1);
	assert_int_equal(out[0].n, n);
	return out[0];
}

/* A sound frame around "command, count, data" of the text; the delimiter 0x86 makes it an answer. */
static size_t
frame(unsigned delimiter, uint64_t address, const char *rest, uint8_t *out)
{
	unsigned check = 0;
	size_t n = 2, from = n;

	out[0] = out[1] = 0xFF;
	out[n++] = (uint8_t)delimiter;
	for (int i = 4; i >= 0; i--)
		out[n++] = (uint8_t)(address >> 8 * i);
	n += feed_hex(rest, out + n, 300);
	for (size_t i = from; i < n; i++)
		check ^= out[i];
	out[n++] = (uint8_t)check;
	return n;
}

static int
decode(const struct request *req, const struct point *pts, const char *rest, struct reading *r,
	struct readings *out, struct err *err)
{
	struct vars vars = { .identity = "" };
	uint8_t bytes[400];
	size_t n = frame(0x86, DEVICE, rest, bytes);

	*out = (struct readings){ .at = r, .cap = 16 };
	return codec_brooks_s.decode(&ins, req, pts, bytes, n, &vars, out, err);
}

static void
assert_encodes(const struct instrument *to, const struct request *req, const struct vars *vars,
	const char *hex)
{
	uint8_t want[300], bytes[300];
	size_t n = feed_hex(hex, want, sizeof(want));

	assert_int_equal(
		codec_brooks_s.encode(to, req, 1, vars, bytes, sizeof(bytes), NULL), (int)n);
	assert_memory_equal(bytes, want, n);
	feed_waits(&codec_brooks_s, to, bytes, n);
	assert_int_equal(codec_brooks_s.encode(to, req, 1, vars, bytes, n - 1, NULL), ERR_CONF);
}

static void
assert_described(const struct instrument *of, const struct request *req, const char *want)
{
	char text[80];

	codec_brooks_s.describe(of, req, text, sizeof(text));
	assert_string_equal(text, want);
}

static int
match(const struct instrument *from, const struct request *req, const char *hex)
{
	uint8_t bytes[300];
	size_t n = feed_hex(hex, bytes, sizeof(bytes));

	return (int)codec_brooks_s.match(from, req, 1, bytes, n);
}

/* ---- options ---- */

static void
test_options(void **state)
{
	static const struct {
		const char *address, *tag;
		int wrong; /* option; -2: none */
	} rows[] = {
		{ "0A64010203", NULL, -2 },
		{ "0a64ffFF03", NULL, -2 },
		{ NULL, "20902001", -2 },
		{ NULL, "AB-C 1_2", -2 },
		{ NULL, NULL, -1 },
		{ "0A64010203", "20902001", 1 },
		{ "0A640102", NULL, 0 },
		{ "0A6401020304", NULL, 0 },
		{ "0x64010203", NULL, 0 },
		{ " A64010203", NULL, 0 },
		{ NULL, "2090200", 1 },
		{ NULL, "209020011", 1 },
		{ NULL, "2090200a", 1 },
		{ NULL, "2090200\xE9", 1 },
	};
	struct err err;

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct instrument it = { .opts.text = { rows[i].address, rows[i].tag } };

		err = (struct err){ .sys = -2 };
		assert_int_equal(
			codec_brooks_s.check(&it, &err), rows[i].wrong == -2 ? 0 : ERR_CONF);
		assert_int_equal(err.sys, rows[i].wrong);
	}
}

static void
test_points_that_are_none(void **state)
{
	enum { WHAT, GAS, COMMAND, AT, TYPE, LENGTH, UNIT };
	static const struct {
		int what, gas, command, at, type, length, unit;
		int wrong;
	} rows[] = {
		{ -1, -1, -1, -1, -1, -1, -1, -1 },
		{ FLOW_NOW, 1, -1, -1, -1, -1, -1, GAS },
		{ FULL_SCALE, -1, -1, -1, -1, -1, -1, WHAT },
		{ FLOW_NOW, -1, 1, -1, -1, -1, -1, COMMAND },
		{ FLOW_NOW, -1, -1, 1, -1, -1, -1, AT },
		{ FLOW_NOW, -1, -1, -1, UINT8, -1, -1, TYPE },
		{ TAG, -1, -1, -1, -1, 3, -1, LENGTH },
		{ CURRENT, -1, -1, -1, -1, -1, 57, UNIT },
		{ SETPOINT_PERCENT, -1, -1, -1, -1, -1, 171, UNIT },
		{ -1, -1, 1, -1, FLOAT, -1, -1, COMMAND },
		{ -1, -1, 1, 1, -1, -1, -1, COMMAND },
		{ -1, -1, 3, 5, FLOAT, 4, -1, LENGTH },
		{ -1, -1, 3, 0, FLOAT, -1, 171, UNIT },
		{ -1, -1, 3, 4, UINT8, -1, 171, UNIT },
	};
	struct point pt = { .id = 3 };
	struct err err;

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct optvals v = wanted(rows[i].what, rows[i].gas, rows[i].command, rows[i].at,
			rows[i].type, rows[i].length, rows[i].unit);

		assert_int_equal(codec_brooks_s.point(&ins, &v, &pt, &err), ERR_CONF);
		assert_int_equal(err.sys, rows[i].wrong);
		assert_true(pt.value == 0 && pt.address == 0);
	}
	/* nothing that sets, resets or zeroes is sent each period */
	static const int never[] = { 6, 11, 17, 18, 19, 34, 42, 43, 47, 231, 236 };
	for (size_t i = 0; i < NELEM(never); i++) {
		struct optvals v = wanted(-1, -1, never[i], 0, UINT8, -1, -1);

		assert_int_equal(codec_brooks_s.point(&ins, &v, &pt, &err), ERR_CONF);
		assert_int_equal(err.sys, COMMAND);
	}
}

/* ---- readings ---- */

static void
test_flow(void **state)
{
	struct point pts[2] = { point(FLOW_NOW), point(DEVICE_STATUS) };
	struct request req = plan(pts, 2);
	struct vars vars = { .identity = "" };
	struct reading r[16];
	struct readings out = { .at = r, .cap = 16 };
	uint8_t bytes[64];
	size_t n = feed_hex(FLOW, bytes, sizeof(bytes));

	assert_encodes(&ins, &req, NULL, READ_FLOW);
	assert_described(&ins, &req, "command 1: flow");
	assert_int_equal(match(&ins, &req, FLOW), MATCH_CANNOT_TELL);
	assert_int_equal(codec_brooks_s.decode(&ins, &req, pts, bytes, n, &vars, &out, NULL), 0);
	assert_int_equal(out.n, 2);
	assert_true(r[0].quality == Q_GOOD && r[0].v.f == 12.5 && r[1].v.u == 0);
	assert_int_equal(codec_brooks_s.next(&ins, &req, 0, &vars, &req), 0);
	assert_int_equal(decode(&req, pts, "01 07 00 48 AB 41 48 00 00", r, &out, NULL), 0);
	assert_true(r[0].v.f == 12.5 && r[1].v.u == 0x48);
	assert_int_equal(decode(&req, pts, "01 07 00 00 AB 7F C0 00 00", r, &out, NULL), 0);
	assert_int_equal(r[0].quality, Q_NOT_A_NUMBER);
	assert_int_equal(decode(&req, pts, "01 06 00 00 AB 41 48 00", r, &out, NULL), 0);
	assert_int_equal(r[0].quality, Q_MISSING);
	assert_int_equal(r[1].quality, Q_GOOD);
}

/* A number in another unit is never shown. */
static void
test_unit_code(void **state)
{
	struct point pts[2] = { point_of(wanted(FLOW_NOW, -1, -1, -1, -1, -1, 171)),
		point_of(wanted(-1, -1, 1, 1, FLOAT, -1, 17)) };
	struct request req = plan(pts, 2);
	struct readings out;
	struct reading r[16];

	assert_int_equal(decode(&req, pts, "01 07 00 00 AB 41 48 00 00", r, &out, NULL), 0);
	assert_true(r[0].quality == Q_GOOD && r[0].v.f == 12.5);
	assert_true(r[1].quality == Q_WRONG_ANSWER && r[1].code == 171 && r[1].v.f == 0);
	assert_int_equal(decode(&req, pts, "01 07 00 00 11 41 48 00 00", r, &out, NULL), 0);
	assert_true(r[0].quality == Q_WRONG_ANSWER && r[0].code == 17);
	assert_int_equal(r[1].quality, Q_GOOD);
	/* the percent of a setpoint has to be one */
	pts[0] = point(SETPOINT_PERCENT);
	req = plan(pts, 1);
	assert_int_equal(
		decode(&req, pts, "EB 0C 00 00 AB 41 A0 00 00 AB 41 20 00 00", r, &out, NULL), 0);
	assert_true(r[0].quality == Q_WRONG_ANSWER && r[0].code == 171);
}

static void
test_values(void **state)
{
	static const struct {
		enum what what;
		const char *question, *answer;
		union value v;
	} rows[] = {
		{ CURRENT, "02 00", "02 0A 00 00 41 40 00 00 42 48 00 00", { .f = 12 } },
		{ PERCENT, "02 00", "02 0A 00 00 41 40 00 00 42 48 00 00", { .f = 50 } },
		{ SETPOINT_PERCENT, "EB 00", "EB 0C 00 00 39 41 A0 00 00 AB 41 20 00 00",
			{ .f = 20 } },
		{ SETPOINT, "EB 00", "EB 0C 00 00 39 41 A0 00 00 AB 41 20 00 00", { .f = 10 } },
		{ VALVE, "ED 00", "ED 05 00 00 2F AF 08", { .u = 3125000 } },
		{ OVERRIDE, "E6 00", "E6 03 00 00 02", { .u = 2 } },
		{ FULL_SCALE, "98 01 02", "98 08 00 00 02 AB 42 48 00 00", { .f = 50 } },
	};
	struct readings out;
	struct reading r[16];
	uint8_t bytes[64], want[64];
	struct err err;

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct point pt = point(rows[i].what);
		struct request req = plan(&pt, 1);
		size_t n = frame(0x82, DEVICE, rows[i].question, want);

		assert_int_equal(
			codec_brooks_s.encode(&ins, &req, 1, NULL, bytes, sizeof(bytes), NULL),
			(int)n + 3);
		assert_memory_equal(bytes + 3, want, n);
		assert_int_equal(decode(&req, &pt, rows[i].answer, r, &out, NULL), 0);
		assert_true(out.n == 1 && r[0].quality == Q_GOOD && r[0].v.u == rows[i].v.u);
	}
	/* about another gas */
	struct point pt = point(FULL_SCALE);
	struct request req = plan(&pt, 1);
	assert_described(&ins, &req, "command 152: full scale of gas 2");
	assert_int_equal(
		decode(&req, &pt, "98 08 00 00 01 AB 42 48 00 00", r, &out, &err), DECODE_BAD);
	assert_int_equal(decode(&req, &pt, "98 02 00 00", r, &out, &err), DECODE_BAD);
	/* read SP, as it stands in the collection of exchanges */
	pt = point(SETPOINT);
	req = plan(&pt, 1);
	assert_encodes(&ins, &req, NULL, "FF FF FF FF FF 82 0A 64 01 02 03 EB 00 07");
}

static void
test_any_place(void **state)
{
	struct point pts[6] = { point_of(wanted(-1, -1, 3, 0, FLOAT, -1, -1)),
		point_of(wanted(-1, -1, 3, 5, FLOAT, -1, 171)),
		point_of(wanted(-1, -1, 3, 4, UINT8, -1, -1)),
		point_of(wanted(-1, -1, 3, 4, UINT16, -1, -1)),
		point_of(wanted(-1, -1, 3, 4, UINT24, -1, -1)),
		point_of(wanted(-1, -1, 3, 10, FLOAT, -1, -1)) };
	struct request req = plan(pts, 6);
	struct readings out;
	struct reading r[16];

	assert_described(&ins, &req, "command 3: dynamic variables");
	assert_int_equal(
		decode(&req, pts, "03 0B 00 00 41 40 00 00 AB 41 48 00 00", r, &out, NULL), 0);
	assert_true(r[0].v.f == 12 && r[1].v.f == 12.5 && r[2].v.u == 0xAB && r[3].v.u == 0xAB41 &&
		    r[4].v.u == 0xAB4148);
	assert_int_equal(r[5].quality, Q_MISSING); /* one that this device does not have */
	pts[0] = point_of(wanted(-1, 5, 190, 0, UINT8, -1, -1));
	req = plan(pts, 1);
	assert_true(req.n_write == 1 && req.write[0] == 5);
	assert_described(&ins, &req, "command 190 of gas 5");
}

static void
test_texts(void **state)
{
	static const struct {
		enum what what;
		const char *answer, *text;
		enum quality quality;
	} rows[] = {
		{ GAS_NAME, "96 07 00 00 02 4E 32 20 20", "N2", Q_GOOD },
		{ GAS_NAME, "96 07 00 00 02 41 72 00 FF", "Ar", Q_GOOD },
		{ GAS_NAME, "96 05 00 00 02 C0 41", "?A", Q_GOOD },
		{ TAG, "0D 08 00 00 CB 0E 70 CB 0C 31", "20902001", Q_GOOD },
	};
	struct readings out;
	struct reading r[16];
	char line[400] = "96 4A 00 00 02";

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct point pt = point(rows[i].what);
		struct request req = plan(&pt, 1);

		assert_int_equal(pt.write_space, -1);
		assert_int_equal(decode(&req, &pt, rows[i].answer, r, &out, NULL), 0);
		assert_int_equal(r[0].quality, rows[i].quality);
		assert_string_equal(r[0].text, rows[i].text);
	}
	struct point pt = point_of(wanted(-1, -1, 13, 3, PACKED, 3, -1));
	struct request req = plan(&pt, 1);
	assert_int_equal(decode(&req, &pt, "0D 08 00 00 CB 0E 70 CB 0C 31", r, &out, NULL), 0);
	assert_string_equal(r[0].text, "2001");
	pt = point(TAG);
	req = plan(&pt, 1);
	assert_int_equal(decode(&req, &pt, "0D 07 00 00 CB 0E 70 CB 0C", r, &out, NULL), 0);
	assert_int_equal(r[0].quality, Q_MISSING);
	pt = point(MESSAGE);
	req = plan(&pt, 1);
	assert_int_equal(decode(&req, &pt, "0C 02 00 00", r, &out, NULL), 0);
	assert_int_equal(r[0].quality, Q_MISSING);
	assert_int_equal(decode(&req, &pt, "0C 08 00 00 04 20 83 82 08 20", r, &out, NULL), 0);
	assert_string_equal(r[0].text, "ABBC"); /* trailing blanks are none of it */
	pt = point(GAS_NAME);
	req = plan(&pt, 1);
	for (int i = 0; i < 71; i++)
		strcat(line, " 41");
	assert_int_equal(decode(&req, &pt, line, r, &out, NULL), 0);
	assert_int_equal(r[0].quality, Q_TEXT_CUT);
	assert_int_equal(strlen(r[0].text), VALUE_TEXT_MAX);
}

/* Each character that can be packed comes back. */
static void
test_packed(void **state)
{
	char text[BROOKS_TAG + 1] = "", back[BROOKS_UNPACKED_MAX];
	uint8_t packed[BROOKS_TAG_BYTES];

	for (int c = ' '; c <= '_'; c++) {
		memset(text, c, BROOKS_TAG);
		text[3] = 'X';
		assert_true(brooks_tag_pack(text, packed));
		assert_int_equal(brooks_unpack(packed, sizeof(packed), back), BROOKS_TAG);
		assert_string_equal(back, text);
	}
	assert_int_equal(brooks_unpack(packed, 5, back), 4);
}

static void
test_plan(void **state)
{
	struct point pts[12] = { point(FLOW_NOW), point(FLOW_NOW), point(DEVICE_STATUS),
		point(FULL_SCALE), point(SETPOINT), point(SETPOINT_PERCENT) };
	struct request out[12];

	assert_int_equal(codec_brooks_s.plan(&ins, pts, 6, &nothing, out, 12), 3);
	assert_true(out[0].n == 3 && out[1].first == 3 && out[2].first == 4 && out[2].n == 2);
	assert_int_equal(codec_brooks_s.plan(&ins, pts, 6, &nothing, out, 2), 2);
	pts[1].every_ns = 8;
	assert_int_equal(codec_brooks_s.plan(&ins, pts, 2, &nothing, out, 12), 2);
	pts[0] = point_of(wanted(FULL_SCALE, 1, -1, -1, -1, -1, -1));
	pts[1] = point(FULL_SCALE);
	pts[2] = point_of(wanted(-1, -1, 152, 0, UINT8, -1, -1)); /* without a gas */
	assert_int_equal(codec_brooks_s.plan(&ins, pts, 3, &nothing, out, 12), 3);
	for (int i = 0; i < 12; i++)
		pts[i] = point(TAG);
	assert_int_equal(codec_brooks_s.plan(&ins, pts, 12, &nothing, out, 12), 2);
	assert_int_equal(out[0].n, 8);
}

/* ---- whose answer ---- */

static void
test_never_the_wrong_answer(void **state)
{
	struct point pt = point(FLOW_NOW);
	struct request req = plan(&pt, 1);
	uint8_t bytes[64];
	size_t n;

	assert_int_equal(match(&ins, NULL, FLOW), MATCH_NOT_MINE);
	assert_int_equal(match(&ins, &req, READ_FLOW), MATCH_NOT_MINE); /* an echo */
	assert_int_equal(match(&ins, &req, SET_20), MATCH_NOT_MINE);
	assert_int_equal(match(&ins, &req, IS_20), MATCH_NOT_MINE);
	for (int bit = 0; bit < 40; bit++) { /* another device, whichever */
		n = frame(0x86, DEVICE ^ UINT64_C(1) << bit, "01 07 00 00 AB 41 48 00 00", bytes);
		assert_int_equal(codec_brooks_s.match(&ins, &req, 1, bytes, n), MATCH_NOT_MINE);
	}
	/* an answer to the short address 03 */
	assert_int_equal(
		match(&ins, &req, "FF 06 03 01 07 00 00 AB 41 48 00 00 A1"), MATCH_NOT_MINE);
	assert_int_equal(match(&ins, &req, "FF 06 03 01"), MATCH_NOT_MINE);
	/* decode() looks again */
	struct vars vars = { .identity = "" };
	struct readings out = { .cap = 0 };
	n = frame(0x86, DEVICE + 1, "01 07 00 00 AB 41 48 00 00", bytes);
	assert_int_equal(
		codec_brooks_s.decode(&ins, &req, &pt, bytes, n, &vars, &out, NULL), DECODE_BAD);
}

static void
test_alike(void **state)
{
	struct instrument other = ins, tag_a = ins, tag_b = ins;
	struct vars vars_a = { .v = { UINT64_C(3) << 62 | DEVICE } }, vars_b = { .identity = "" };
	struct point flow = point(FLOW_NOW), setpoint = point(SETPOINT);
	struct request a = plan(&flow, 1), b = plan(&setpoint, 1), who;

	other.opts.text[0] = "0A64010204";
	assert_true(codec_brooks_s.alike(&ins, &a, &ins, &a));
	assert_false(codec_brooks_s.alike(&ins, &a, &ins, &b));
	assert_false(codec_brooks_s.alike(&ins, &a, &other, &a));
	tag_a.opts.text[0] = tag_b.opts.text[0] = NULL;
	tag_a.opts.text[1] = "20902001";
	tag_b.opts.text[1] = "20902002";
	tag_a.vars = &vars_a;
	tag_b.vars = &vars_b;
	assert_true(codec_brooks_s.alike(&ins, &a, &tag_a, &a)); /* it has the same address */
	assert_false(codec_brooks_s.alike(&tag_a, &a, &tag_b, &a));
	assert_int_equal(codec_brooks_s.identify(&tag_a, &who), 1);
	/* nothing in the answer says by which tag was asked */
	assert_true(codec_brooks_s.alike(&tag_a, &who, &tag_b, &a));
	assert_true(codec_brooks_s.alike(&tag_b, &b, &tag_a, &who));
	assert_false(codec_brooks_s.alike(&tag_a, &who, &tag_a, &a));
}

/* ---- status ---- */

static void
test_status(void **state)
{
	static const struct {
		const char *answer;
		int rc;
		enum quality quality;
		int code;
		const char *text;
	} rows[] = {
		{ "01 02 40 00", DECODE_REFUSED, Q_BAD_FUNCTION, 64, "does not know" },
		{ "01 02 02 00", DECODE_REFUSED, Q_BAD_REQUEST, 2, "invalid selection" },
		{ "01 02 03 00", DECODE_REFUSED, Q_BAD_REQUEST, 3, "too large" },
		{ "01 02 04 00", DECODE_REFUSED, Q_BAD_REQUEST, 4, "too small" },
		{ "01 02 05 00", DECODE_REFUSED, Q_BAD_REQUEST, 5, "data bytes" },
		{ "01 02 07 00", DECODE_REFUSED, Q_BAD_REQUEST, 7, "write protected" },
		{ "01 02 10 00", DECODE_REFUSED, Q_BAD_REQUEST, 16, "restricted" },
		{ "01 02 2A 00", DECODE_REFUSED, Q_DEVICE_FAILED, 42, "42" },
		{ "01 02 20 00", DECODE_LATER, Q_GOOD, 32, "busy" },
		{ "01 02 88 00", DECODE_BAD, Q_GOOD, 0x88, "88" },
		/* a refusal with values behind it is a refusal */
		{ "01 07 03 00 AB 41 48 00 00", DECODE_REFUSED, Q_BAD_REQUEST, 3, "too large" },
	};
	struct point pt = point(FLOW_NOW);
	struct request req = plan(&pt, 1), write;
	struct readings out;
	struct reading r[16];
	struct err err;

	for (size_t i = 0; i < NELEM(rows); i++) {
		assert_int_equal(decode(&req, &pt, rows[i].answer, r, &out, &err), rows[i].rc);
		assert_int_equal(err.sys, rows[i].code);
		assert_non_null(strstr(err.msg, rows[i].text));
		assert_int_equal(out.n, 0);
		if (rows[i].rc == DECODE_REFUSED) {
			assert_int_equal(out.refusal.quality, rows[i].quality);
			assert_int_equal(out.refusal.of, REFUSED_ALL);
		}
	}
	/* a write that arrived broken was not done: it goes again */
	pt = point(SETPOINT_PERCENT);
	assert_int_equal(
		codec_brooks_s.write(&ins, &pt, (union value){ .f = 20 }, NULL, NULL, &write, NULL),
		0);
	assert_int_equal(decode(&write, &pt, "EC 02 88 00", r, &out, &err), DECODE_LATER);
	assert_int_equal(decode(&write, &pt, "EC 02 07 00", r, &out, &err), DECODE_REFUSED);
}

/* ---- writes ---- */

static struct request
writing(enum what what, int unit, union value v)
{
	struct point pt = point_of(wanted((int)what, -1, -1, -1, -1, -1, unit));
	struct request req;

	assert_int_equal(codec_brooks_s.write(&ins, &pt, v, NULL, NULL, &req, NULL), 0);
	return req;
}

static void
test_set_setpoint(void **state)
{
	static const struct {
		enum what what;
		int unit;
		double v;
		const char *answer;
		int rc;
		enum quality quality;
	} rows[] = {
		{ SETPOINT_PERCENT, -1, 20, "39 41 A0 00 00 AB 41 20 00 00", 0, Q_GOOD },
		{ SETPOINT_PERCENT, -1, 20.09, "39 41 A0 00 00 AB 41 20 00 00", 0, Q_GOOD },
		{ SETPOINT_PERCENT, -1, 20.2, "39 41 A0 00 00 AB 41 20 00 00", DECODE_REFUSED,
			Q_BAD_REQUEST },
		{ SETPOINT_PERCENT, -1, 0, "39 41 A0 00 00 AB 41 20 00 00", DECODE_REFUSED,
			Q_BAD_REQUEST },
		{ SETPOINT_PERCENT, -1, 20, "AB 41 A0 00 00 AB 41 20 00 00", DECODE_REFUSED,
			Q_WRONG_ANSWER },
		{ SETPOINT_PERCENT, -1, 20, "39 7F C0 00 00 AB 41 20 00 00", DECODE_REFUSED,
			Q_BAD_REQUEST },
		{ SETPOINT_PERCENT, -1, 20, "39 41 A0 00 00", DECODE_BAD, Q_GOOD },
		{ SETPOINT, -1, 10, "39 41 A0 00 00 AB 41 20 00 00", 0, Q_GOOD },
		{ SETPOINT, -1, 10.04, "39 41 A0 00 00 AB 41 20 00 00", 0, Q_GOOD },
		{ SETPOINT, -1, 10.06, "39 41 A0 00 00 AB 41 20 00 00", DECODE_REFUSED,
			Q_BAD_REQUEST },
		{ SETPOINT, 171, 10, "39 41 A0 00 00 AB 41 20 00 00", 0, Q_GOOD },
		{ SETPOINT, 17, 10, "39 41 A0 00 00 AB 41 20 00 00", DECODE_REFUSED,
			Q_WRONG_ANSWER },
		{ SETPOINT, -1, 0, "39 00 00 00 00 AB 00 00 00 00", 0, Q_GOOD },
		{ SETPOINT, -1, 0.01, "39 00 00 00 00 AB 00 00 00 00", DECODE_REFUSED,
			Q_BAD_REQUEST },
		/* where it is not percent that comes first, nothing tells the full scale */
		{ SETPOINT, -1, 10.04, "AB 41 A0 00 00 AB 41 20 00 00", DECODE_REFUSED,
			Q_BAD_REQUEST },
	};
	struct readings out;
	struct reading r[16];
	struct request req;
	char answer[80];
	struct err err;

	req = writing(SETPOINT_PERCENT, -1, (union value){ .f = 20 });
	assert_encodes(&ins, &req, NULL, SET_20);
	assert_described(&ins, &req, "command 236: set setpoint");
	assert_int_equal(match(&ins, &req, IS_20), MATCH_CANNOT_TELL);
	assert_int_equal(match(&ins, &req, SET_20), MATCH_NOT_MINE);
	for (size_t i = 0; i < NELEM(rows); i++) {
		req = writing(rows[i].what, rows[i].unit, (union value){ .f = rows[i].v });
		strcpy(answer, strlen(rows[i].answer) < 20 ? "EC 07 00 00 " : "EC 0C 00 00 ");
		strcat(answer, rows[i].answer);
		assert_int_equal(decode(&req, NULL, answer, r, &out, &err), rows[i].rc);
		assert_int_equal(out.n, 0);
		if (rows[i].rc == DECODE_REFUSED)
			assert_int_equal(out.refusal.quality, rows[i].quality);
	}
	assert_int_equal(writing(SETPOINT, -1, (union value){ .f = 1 }).write[0], 250);
	assert_int_equal(writing(SETPOINT, 171, (union value){ .f = 1 }).write[0], 171);
}

static void
test_set_override(void **state)
{
	struct point pt = point(OVERRIDE);
	struct request req = writing(OVERRIDE, -1, (union value){ .u = 2 });
	struct readings out;
	struct reading r[16];
	struct err err;

	assert_int_equal(req.function, 231);
	assert_int_equal(decode(&req, NULL, "E7 03 00 00 02", r, &out, &err), 0);
	assert_int_equal(decode(&req, NULL, "E7 03 00 00 00", r, &out, &err), DECODE_REFUSED);
	assert_int_equal(out.refusal.quality, Q_BAD_REQUEST);
	assert_int_equal(decode(&req, NULL, "E7 02 00 00", r, &out, &err), DECODE_BAD);
	for (unsigned v = 0; v < 7; v++)
		assert_int_equal(codec_brooks_s.write(&ins, &pt, (union value){ .u = v }, NULL,
					 NULL, &req, &err),
			v < 3 || v == 4 ? 0 : ERR_CONF);
}

static void
test_what_cannot_be_written(void **state)
{
	static const enum what none[] = { FLOW_NOW, CURRENT, PERCENT, VALVE, FULL_SCALE, GAS_NAME,
		TAG, MESSAGE, DEVICE_STATUS };
	struct request req;
	struct point pt;
	struct err err;

	for (size_t i = 0; i < NELEM(none); i++) {
		pt = point(none[i]);
		assert_int_equal(pt.write_space, -1);
		pt.write_space = (int16_t)pt.space; /* as `compile` tries it */
		pt.write_address = pt.address;
		assert_int_equal(
			codec_brooks_s.write(&ins, &pt, (union value){ 0 }, "", NULL, &req, &err),
			ERR_CONF);
	}
	pt = point(SETPOINT);
	assert_int_equal(
		codec_brooks_s.write(&ins, &pt, (union value){ .f = 1e39 }, "", NULL, &req, &err),
		ERR_CONF);
	assert_int_equal(codec_brooks_s.write(&ins, &pt, (union value){ .f = (double)NAN }, "",
				 NULL, &req, &err),
		ERR_CONF);
}

/* ---- the address by tag ---- */

static struct instrument
tagged(const struct vars *vars, int64_t type_at, int64_t id_at)
{
	return (struct instrument){ .opts = { .num = { OPT_ABSENT, 0, type_at, id_at },
					    .text = { NULL, "20902001" } },
		.name = "mfc",
		.vars = vars };
}

static int
tell(const struct instrument *it, const struct request *req, const char *rest, struct vars *vars,
	struct err *err)
{
	struct readings out = { .cap = 0 };
	uint8_t bytes[64];
	size_t n = frame(0x86, UINT64_C(0x8000000000), rest, bytes);

	assert_int_equal(codec_brooks_s.match(it, req, 1, bytes, n), MATCH_CANNOT_TELL);
	return codec_brooks_s.decode(it, req, NULL, bytes, n, vars, &out, err);
}

#define IT_IS "0B 0E 00 00 FE 0A 64 05 05 01 02 03 00 01 02 03"
#define IT_IS_OTHER "0B 0E 00 00 FE 0A 64 05 05 01 02 03 00 01 02 04"

static void
test_by_tag(void **state)
{
	struct vars vars = { .identity = "" };
	struct instrument it = tagged(&vars, 2, OPT_ABSENT);
	struct point pt = point(FLOW_NOW);
	struct request req = plan(&pt, 1), step;
	struct err err;

	assert_encodes(&it, &req, &vars, WHO_HAS);
	assert_described(&it, &req, "command 1: flow, tag 20902001");
	assert_int_equal(match(&it, &req, WHO_HAS), MATCH_NOT_MINE);
	assert_int_equal(match(&it, &req, FLOW), MATCH_NOT_MINE); /* nobody asked for that yet */
	assert_int_equal(tell(&it, &req, IT_IS, &vars, &err), 0);
	assert_int_equal(codec_brooks_s.next(&it, &req, 0, &vars, &step), 1);
	step.step = 1;
	assert_encodes(&it, &step, &vars, WHO_HAS); /* one answer is not enough */
	assert_int_equal(tell(&it, &step, IT_IS, &vars, &err), 0);
	assert_int_equal(codec_brooks_s.next(&it, &step, 1, &vars, &step), 1);
	step.step = 2;
	assert_encodes(&it, &step, &vars, READ_FLOW);
	assert_int_equal(match(&it, &step, FLOW), MATCH_CANNOT_TELL);
	/* from now on at once */
	assert_encodes(&it, &req, &vars, READ_FLOW);
	assert_int_equal(match(&it, &req, "FF 86 0A 64 01 02 04 01 07 00 00 AB 41 48 00 00 4B"),
		MATCH_NOT_MINE);
	struct reading r[1];
	struct readings out = { .at = r, .cap = 1 };
	uint8_t bytes[64];
	size_t n = feed_hex(FLOW, bytes, sizeof(bytes));
	assert_int_equal(codec_brooks_s.decode(&it, &step, &pt, bytes, n, &vars, &out, &err), 0);
	assert_true(r[0].v.f == 12.5);
	assert_int_equal(codec_brooks_s.next(&it, &step, 2, &vars, &step), 0);
}

static void
test_by_tag_answers_differ(void **state)
{
	struct vars vars = { .identity = "" };
	struct instrument it = tagged(&vars, 2, OPT_ABSENT);
	struct point pt = point(FLOW_NOW);
	struct request req = plan(&pt, 1);
	struct err err;

	for (unsigned i = 0; i < 3; i++) {
		req.step = (uint16_t)i;
		assert_int_equal(tell(&it, &req, i % 2 ? IT_IS : IT_IS_OTHER, &vars, &err), 0);
		assert_encodes(&it, &req, &vars, WHO_HAS);
		assert_int_equal(codec_brooks_s.next(&it, &req, (int)i, &vars, &req), 1);
	}
	req.step = 3;
	assert_int_equal(tell(&it, &req, IT_IS, &vars, &err), DECODE_BAD);
	assert_non_null(strstr(err.msg, "different"));
	assert_int_equal(codec_brooks_s.next(&it, &req, 3, &vars, &req), 0);
	/* a late answer to another's tag, then the right ones */
	req.step = 0;
	assert_int_equal(tell(&it, &req, IT_IS_OTHER, &vars, &err), 0);
	req.step = 1;
	assert_int_equal(tell(&it, &req, IT_IS, &vars, &err), 0);
	req.step = 2;
	assert_int_equal(tell(&it, &req, IT_IS, &vars, &err), 0);
	assert_encodes(&it, &req, &vars, READ_FLOW);
}

static void
test_by_tag_places(void **state)
{
	static const struct {
		int64_t type_at, id_at;
		const char *answer;
		bool is_good;
	} rows[] = {
		{ 2, OPT_ABSENT, IT_IS, true },
		{ 2, 9, IT_IS, true },
		{ 4, 5, "0B 0C 00 00 FE 0A 00 05 64 01 02 03 00 00", true },
		{ 0, 1, "0B 06 00 00 64 01 02 03", true },
		{ 0, OPT_ABSENT, "0B 06 00 00 64 01 02 03", true },
		{ 4, OPT_ABSENT, "0B 06 00 00 64 01 02 03", false },
		{ 0, 2, "0B 06 00 00 64 01 02 03", false },
		{ 0, OPT_ABSENT, "0B 05 00 00 01 02 03", false },
		{ 0, OPT_ABSENT, "0B 02 00 00", false },
		{ 2, 250, IT_IS, false },
	};
	struct point pt = point(FLOW_NOW);
	struct request req = plan(&pt, 1);
	struct err err;

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct vars vars = { .identity = "" };
		struct instrument it = tagged(&vars, rows[i].type_at, rows[i].id_at);

		assert_int_equal(tell(&it, &req, rows[i].answer, &vars, &err),
			rows[i].is_good ? 0 : DECODE_BAD);
		assert_int_equal(codec_brooks_s.next(&it, &req, 0, &vars, &req), rows[i].is_good);
		tell(&it, &req, rows[i].answer, &vars, &err);
		assert_encodes(&it, &req, &vars, rows[i].is_good ? READ_FLOW : WHO_HAS);
	}
	/* refused: nothing more is asked */
	struct vars vars = { .identity = "" };
	struct instrument it = tagged(&vars, 2, OPT_ABSENT);
	assert_int_equal(tell(&it, &req, IT_IS, &vars, &err), 0);
	assert_int_equal(tell(&it, &req, "0B 02 40 00", &vars, &err), DECODE_REFUSED);
	assert_int_equal(codec_brooks_s.next(&it, &req, 0, &vars, &req), 0);
}

static void
test_identity(void **state)
{
	struct vars vars = { .identity = "" }, other = { .identity = "" };
	struct instrument it = tagged(&vars, 2, OPT_ABSENT);
	struct readings out = { .cap = 0 };
	struct request req;
	uint8_t bytes[64];
	struct err err;
	size_t n;

	assert_int_equal(codec_brooks_s.identify(&ins, &req), 1);
	assert_described(&ins, &req, "command 0: what is it?");
	assert_encodes(&ins, &req, NULL, "FF FF FF FF FF 82 0A 64 01 02 03 00 00 EC");
	n = frame(0x86, DEVICE, "00 0E 00 00 FE 0A 64 05 05 01 02 03 00 01 02 03", bytes);
	assert_int_equal(codec_brooks_s.match(&ins, &req, 1, bytes, n), MATCH_CANNOT_TELL);
	assert_int_equal(codec_brooks_s.decode(&ins, &req, NULL, bytes, n, &other, &out, &err), 0);
	assert_string_equal(other.identity, "Brooks type 64 id 010203");
	assert_int_equal(codec_brooks_s.next(&ins, &req, 0, &other, &req), 0);

	assert_int_equal(codec_brooks_s.identify(&it, &req), 1);
	assert_described(&it, &req, "command 11: what is it?, tag 20902001");
	assert_encodes(&it, &req, &vars, WHO_HAS);
	assert_int_equal(tell(&it, &req, IT_IS, &vars, &err), 0);
	assert_int_equal(codec_brooks_s.next(&it, &req, 0, &vars, &req), 1);
	assert_int_equal(tell(&it, &req, IT_IS, &vars, &err), 0);
	assert_int_equal(codec_brooks_s.next(&it, &req, 1, &vars, &req), 0);
	assert_string_equal(vars.identity, "Brooks type 64 id 010203");
	assert_true(vars.kind != 0 && vars.kind == other.kind);
	/* on a new wire it is asked again, by its tag: another one of the same type */
	assert_encodes(&it, &req, &vars, WHO_HAS);
	assert_int_equal(tell(&it, &req, IT_IS_OTHER, &vars, &err), 0);
	assert_int_equal(codec_brooks_s.next(&it, &req, 0, &vars, &req), 1);
	assert_int_equal(tell(&it, &req, IT_IS_OTHER, &vars, &err), 0);
	assert_string_equal(vars.identity, "Brooks type 64 id 010204");
	assert_true(vars.kind == other.kind);
	/* another type is another kind */
	assert_int_equal(
		tell(&it, &req, "0B 0E 00 00 FE 0A 65 05 05 01 02 03 00 01 02 03", &vars, &err), 0);
	assert_true(vars.kind != other.kind);
	/* another maker */
	struct instrument foreign = ins;
	foreign.opts.text[0] = "1164010203";
	n = frame(0x86, UINT64_C(0x1164010203), "00 02 00 00", bytes);
	codec_brooks_s.identify(&foreign, &req);
	assert_int_equal(
		codec_brooks_s.decode(&foreign, &req, NULL, bytes, n, &vars, &out, &err), 0);
	assert_string_equal(vars.identity, "maker 11 type 64 id 010203");
	assert_true(vars.kind != other.kind);
}

/* ---- frames ---- */

static void
test_cut(void **state)
{
	static const char *const garbage[] = { "00", "86", "FF", "FF FF 00", "06", "02", "86 0A 64",
		"FF 86 0A 64 01 02 03 01 07 00 00 AB 41 48 00 00 4D",
		"FF 86 0A 64 01 02 03 01 01 00 E8", "00 FF 7F FF FF", "82",
		"FF 06 03 01 01 00 05" };
	uint8_t line[128];
	size_t n_good = feed_hex(FLOW, line, sizeof(line));

	feed_waits(&codec_brooks_s, &ins, line, n_good);
	feed_waits(&codec_brooks_s, &ins, line + 5, n_good - 5); /* no preamble has come */
	for (size_t i = 0; i < NELEM(garbage); i++) {
		size_t n = feed_hex(garbage[i], line, sizeof(line));

		feed_all_ways(&codec_brooks_s, &ins, line, n, WIRE_SILENT, &got);
		assert_int_equal(got.n_frames, 0);
		n += feed_hex(FLOW, line + n, sizeof(line) - n);
		feed_all_ways(&codec_brooks_s, &ins, line, n, WIRE_SILENT, &got);
		assert_false(got.is_lost);
		assert_int_equal(got.n_frames, 1);
		assert_memory_equal(got.frame[0] + got.n[0] - 16, line + n - 16, 16);
	}
}

static void
test_cut_preamble_echo_short(void **state)
{
	uint8_t line[128];
	size_t n;

	/* any number of FF; of very many only the last belong to the frame */
	for (size_t pads = 0; pads < 60; pads++) {
		memset(line, 0xFF, pads);
		n = pads + feed_hex(FLOW, line + pads, sizeof(line) - pads);
		feed_all_ways(&codec_brooks_s, &ins, line, n, WIRE_OPEN, &got);
		assert_false(got.is_lost);
		assert_int_equal(got.n_frames, 1);
		assert_int_equal(got.n[0], MIN(n, 16 + 20));
	}
	memset(line, 0xFF, sizeof(line));
	feed_all_ways(&codec_brooks_s, &ins, line, sizeof(line), WIRE_SILENT, &got);
	assert_int_equal(got.n_frames, 0);
	/* an echo stands before the answer, and a question and answer of short form */
	n = feed_hex(READ_FLOW " " FLOW " FF 02 03 01 00 00 FF 06 03 01 02 00 00 06", line,
		sizeof(line));
	feed_all_ways(&codec_brooks_s, &ins, line, n, WIRE_OPEN, &got);
	assert_int_equal(got.n_frames, 4);
	assert_true(got.n[0] == 14 && got.n[1] == 21 && got.n[2] == 6 && got.n[3] == 8);
}

static void
test_longest(void **state)
{
	static uint8_t line[300];
	char rest[900] = "01 FF";
	size_t n;

	for (int i = 0; i < 255; i++)
		strcat(rest, i < 2 ? " 00" : " FF");
	n = frame(0x86, DEVICE, rest, line);
	feed(&codec_brooks_s, &ins, line, n, 1, WIRE_OPEN, &got);
	assert_int_equal(got.n_frames, 1);
	assert_int_equal(got.n[0], n);
}

/* The readings of all frames that are taken for the answer; each good one must be 12.5. */
static unsigned
good_readings(const struct request *req, const struct point *pt)
{
	unsigned n = 0;

	for (unsigned i = 0; i < got.n_frames; i++) {
		struct vars vars = { .identity = "" };
		struct reading r[1];
		struct readings out = { .at = r, .cap = 1 };

		if (codec_brooks_s.match(&ins, req, 1, got.frame[i], got.n[i]) == MATCH_NOT_MINE ||
			codec_brooks_s.decode(
				&ins, req, pt, got.frame[i], got.n[i], &vars, &out, NULL) != 0)
			continue;
		if (r[0].quality == Q_GOOD) {
			assert_true(r[0].v.f == 12.5);
			n++;
		}
	}
	return n;
}

/* Whatever one wrong byte does, it makes no value, and the answer behind it is found. */
static void
test_garbled_at_each_place(void **state)
{
	struct point pt = point(FLOW_NOW);
	struct request req = plan(&pt, 1);
	uint8_t good[32], line[64];
	size_t n = feed_hex(FLOW, good, sizeof(good));

	for (size_t at = 0; at < n; at++)
		for (unsigned wrong = 0; wrong < 256; wrong++) {
			if (wrong == good[at])
				continue;
			memcpy(line, good, n);
			memcpy(line + n, good, n);
			line[at] = (uint8_t)wrong;
			for (size_t piece = 0; piece < 2; piece++) {
				feed(&codec_brooks_s, &ins, line, 2 * n, piece, WIRE_SILENT, &got);
				/* where the preamble is broken, the frame is not */
				assert_int_equal(good_readings(&req, &pt), at < 5 ? 2 : 1);
			}
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_points_that_are_none),
		cmocka_unit_test(test_flow),
		cmocka_unit_test(test_unit_code),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_any_place),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_packed),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_never_the_wrong_answer),
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_set_setpoint),
		cmocka_unit_test(test_set_override),
		cmocka_unit_test(test_what_cannot_be_written),
		cmocka_unit_test(test_by_tag),
		cmocka_unit_test(test_by_tag_answers_differ),
		cmocka_unit_test(test_by_tag_places),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_preamble_echo_short),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_garbled_at_each_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
