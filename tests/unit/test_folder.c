/* test_folder.c - answers of the thread that reads a folder as readings */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "link/codec.h"

extern const struct codec codec_folder;

/* In the order of the options. */
enum {
	HWMON,
	IIO,
	DEVICE,
	NEWEST,
	COMPLETE,
	MAX_AGE,
	HEADER,
	OPEN_END,
	SEPARATOR,
	DECIMAL,
	ENCODING
};
enum { FILE_, W1, INPUT, CHANNEL, COLUMN, ABOUT, LINE, TYPE };
enum { AGE = 1, MODIFIED, NAME };

#define HOUR (3600 * NS_PER_S)
#define GARBLE(text) ((text)[0] == '#' ? ' ' : '#')

static const struct learned nothing;

static const struct instrument plain = { .name = "files",
	.opts.num = { [COMPLETE] = OPT_ABSENT,
		[MAX_AGE] = OPT_ABSENT,
		[HEADER] = OPT_ABSENT,
		[SEPARATOR] = OPT_ABSENT } };

static struct instrument
results(void)
{
	struct instrument ins = plain;

	ins.opts.text[NEWEST] = "*.csv";
	ins.opts.num[COMPLETE] = 5 * NS_PER_S;
	ins.opts.num[MAX_AGE] = HOUR;
	return ins;
}

static struct optvals
options(int text, const char *value)
{
	struct optvals v = {
		.num = { [ABOUT] = OPT_ABSENT, [LINE] = OPT_ABSENT, [TYPE] = OPT_ABSENT }
	};

	if (text >= 0)
		v.text[text] = value;
	return v;
}

static struct point
point_of(const struct instrument *ins, const struct optvals *v)
{
	struct point pt = { .every_ns = 1 };
	struct err err = { .msg = "" };

	if (codec_folder.point(ins, v, &pt, &err) != 0)
		fail_msg("%s", err.msg);
	return pt;
}

static struct point
point(const struct instrument *ins, int text, const char *value)
{
	struct optvals v = options(text, value);

	return point_of(ins, &v);
}

static struct point
about(const struct instrument *ins, int what)
{
	struct optvals v = options(-1, NULL);

	v.num[ABOUT] = what;
	return point_of(ins, &v);
}

static const char *
question(const struct instrument *ins, const struct request *req)
{
	static char text[CODEC_WRITE_MAX + 200];
	int n = codec_folder.encode(ins, req, 0xAB, NULL, (uint8_t *)text, sizeof(text) - 1, NULL);

	assert_true(n > 9);
	text[n] = '\0';
	assert_memory_equal(text, "000000ab\n", 9);
	return text + 9;
}

/* Answer the one request of these points; returns what decode() does. */
static int
answer_bytes(const struct instrument *ins, const struct point *pts, size_t n, const char *blocks,
	size_t n_blocks, struct vars *vars, struct reading *r, struct readings *out)
{
	struct request req[4];
	uint8_t frame[CODEC_FRAME_MAX];
	struct err err = { .msg = "" };

	assert_int_equal(codec_folder.plan(ins, pts, n, &nothing, req, 4), 1);
	assert_true(n_blocks + 9 <= sizeof(frame));
	memcpy(frame, "000000ab\n", 9);
	memcpy(frame + 9, blocks, n_blocks);
	n_blocks += 9;
	assert_int_equal(codec_folder.cut(ins, req, frame, n_blocks, WIRE_OPEN), n_blocks);
	assert_int_equal(codec_folder.match(ins, req, 0xAB, frame, n_blocks), MATCH_MINE);
	assert_int_equal(codec_folder.match(ins, req, 0xAC, frame, n_blocks), MATCH_NOT_MINE);
	assert_int_equal(codec_folder.match(ins, NULL, 0xAB, frame, n_blocks), MATCH_NOT_MINE);
	*out = (struct readings){ .at = r, .cap = n };
	return codec_folder.decode(ins, req, pts, frame, n_blocks, vars, out, &err);
}

static int
answer(const struct instrument *ins, const struct point *pts, size_t n, const char *blocks,
	struct vars *vars, struct reading *r)
{
	struct readings out;

	return answer_bytes(ins, pts, n, blocks, strlen(blocks), vars, r, &out) < 0 ? DECODE_BAD
										    : (int)out.n;
}

/* The one reading of one point. Texts are copied, as their room is gone by then. */
static struct reading
read_one(const struct instrument *ins, const struct point *pt, const char *blocks,
	struct vars *vars, char text[VALUE_TEXT_MAX + 1])
{
	struct reading r = { .at = 9 };
	struct readings out;

	assert_int_equal(answer_bytes(ins, pt, 1, blocks, strlen(blocks), vars, &r, &out), 0);
	assert_int_equal(out.n, 1);
	assert_int_equal(r.at, 0);
	if (r.text != NULL && text != NULL)
		memcpy(text, r.text, strlen(r.text) + 1);
	return r;
}

static const char *
ok_block(const char *content)
{
	static char text[CODEC_FRAME_MAX];

	snprintf(text, sizeof(text), "ok 0 %zu 0\n%s", strlen(content), content);
	return text;
}

/* ---- questions ---- */

static void
test_questions(void **state)
{
	struct instrument chip = plain, file = results();
	struct point pts[10];
	struct request req[10];

	pts[0] = point(&plain, W1, "28-0123456789ab");
	pts[1] = point(&plain, W1, "28-0123456789ab");
	pts[2] = point(&plain, FILE_, "a/b c");
	assert_int_equal(codec_folder.plan(&plain, pts, 3, &nothing, req, 10), 2);
	assert_string_equal(question(&plain, &req[0]), "w1 28-0123456789ab\n");
	assert_string_equal(question(&plain, &req[1]), "file a/b c\n");
	chip.opts.text[HWMON] = "core temp";
	for (int i = 0; i < 10; i++) {
		static const char *const names[] = { "in0", "in1", "in2", "in3", "in4", "in5",
			"in6", "in7", "in8", "in9" };

		pts[i] = point(&chip, INPUT, names[i]);
	}
	assert_int_equal(codec_folder.plan(&chip, pts, 10, &nothing, req, 10), 2);
	assert_int_equal(req[0].n, 8);
	assert_string_equal(
		question(&chip, &req[1]), "chip hwmon core temp\nhwmon in8\nhwmon in9\n");
	chip.opts.text[DEVICE] = "coretemp.1";
	assert_string_equal(question(&chip, &req[1]),
		"chip hwmon core temp\ndevice coretemp.1\nhwmon in8\nhwmon in9\n");
	assert_int_equal(codec_folder.plan(&chip, pts, 10, &nothing, req, 1), 1);
	pts[0] = point(&file, COLUMN, "CO");
	pts[1] = point(&file, COLUMN, "2");
	pts[2] = about(&file, AGE);
	assert_int_equal(codec_folder.plan(&file, pts, 3, &nothing, req, 10), 1);
	assert_int_equal(req[0].n, 3);
	assert_string_equal(question(&file, &req[0]), "newest *.csv\n");
	pts[1].every_ns = 2;
	assert_int_equal(codec_folder.plan(&file, pts, 2, &nothing, req, 10), 2);
}

static void
test_questions_hold_the_longest_names(void **state)
{
	static const char long_name[] =
		"123456789.123456789.123456789.123456789.123456789.123456789.123456789.123456789."
		"123456789.123456789.123456789.123456789.";
	struct instrument chip = plain;
	struct point pts[8];
	struct request req[8];
	uint8_t out[512];
	int made;

	pts[0] = point(&plain, FILE_, long_name);
	assert_int_equal(codec_folder.plan(&plain, pts, 1, &nothing, req, 8), 1);
	question(&plain, &req[0]);
	chip.opts.text[IIO] = "123456789.123456789.123456789.123456789.123456789.123456789.123";
	chip.opts.text[DEVICE] = chip.opts.text[IIO];
	assert_int_equal(codec_folder.check(&chip, NULL), 0);
	for (int i = 0; i < 8; i++)
		pts[i] = point(&chip, CHANNEL,
			i % 2 ? "humidityrelative-and-much-more-of-it-yes"
			      : "humidityrelative-and-much-more-of-it-noo");
	made = codec_folder.plan(&chip, pts, 8, &nothing, req, 8);
	assert_true(made > 1);
	for (int i = 0; i < made; i++)
		assert_true(
			codec_folder.encode(&chip, &req[i], 1, NULL, out, sizeof(out), NULL) > 0);
	assert_int_equal(codec_folder.encode(&chip, &req[0], 1, NULL, out, 100, NULL), ERR_CONF);
}

/* ---- small files ---- */

static void
test_file(void **state)
{
	static const struct {
		const char *blocks;
		enum quality quality;
		double v;
		int code;
	} cases[] = {
		{ "ok 0 3 0\n42\n", Q_GOOD, 42, 0 },
		{ "ok 0 2 0\n42", Q_GOOD, 42, 0 },
		{ "ok 0 6 0\n -1.5\n", Q_GOOD, -1.5, 0 },
		{ "ok 0 5 0\nx 42\n", Q_NOT_A_NUMBER, 0, 0 },
		{ "ok 0 4 0\nnan\n", Q_NOT_A_NUMBER, 0, 0 },
		{ "ok 0 0 0\n", Q_MISSING, 0, 0 },
		{ "ok 0 1 0\n\n", Q_MISSING, 0, 0 },
		{ "ok 0 2 1\n42", Q_GARBLED, 0, 0 }, /* it goes on: 421? */
		{ "ok 0 3 1\n42\n", Q_GOOD, 42, 0 },
		{ "missing\n", Q_MISSING, 0, 0 },
		{ "error 13\n", Q_DEVICE_FAILED, 0, 13 },
		{ "busy\n", Q_DEVICE_BUSY, 0, 0 },
	};
	struct point pt = point(&plain, FILE_, "x");
	struct vars vars = { 0 };

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct reading r = read_one(&plain, &pt, cases[i].blocks, &vars, NULL);

		assert_int_equal(r.quality, cases[i].quality);
		assert_int_equal(r.code, cases[i].code);
		assert_true(r.v.f == cases[i].v);
	}
}

static void
test_lines_and_columns(void **state)
{
	static const char content[] = "cpu  10 20\r\nintr 7\n\n  last line\n\n";
	static const struct {
		int line;
		const char *column, *text;
	} cases[] = {
		{ 1, "1", "cpu" },
		{ 1, "3", "20" },
		{ 2, "2", "7" },
		{ -1, "2", "line" },
		{ 4, "1", "last" },
		{ 3, "1", NULL },
		{ 1, "4", NULL },
		{ 9, "1", NULL },
	};
	struct vars vars = { 0 };

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct optvals v = options(FILE_, "x");
		char text[VALUE_TEXT_MAX + 1] = "";
		struct point pt;
		struct reading r;

		v.text[COLUMN] = cases[i].column;
		v.num[LINE] = cases[i].line;
		v.num[TYPE] = 1;
		pt = point_of(&plain, &v);
		r = read_one(&plain, &pt, ok_block(content), &vars, text);
		assert_int_equal(r.quality, cases[i].text != NULL ? Q_GOOD : Q_MISSING);
		assert_string_equal(text, cases[i].text != NULL ? cases[i].text : "");
	}
}

static void
test_long_text_is_cut(void **state)
{
	struct optvals v = options(FILE_, "x");
	char content[100], text[VALUE_TEXT_MAX + 1];
	struct vars vars = { 0 };
	struct point pt;

	v.num[TYPE] = 1;
	pt = point_of(&plain, &v);
	memset(content, 'a', sizeof(content));
	content[99] = '\0';
	assert_int_equal(read_one(&plain, &pt, ok_block(content), &vars, text).quality, Q_TEXT_CUT);
	assert_int_equal(strlen(text), VALUE_TEXT_MAX);
}

/* ---- chips ---- */

static void
test_hwmon(void **state)
{
	struct instrument chip = plain;
	struct point pts[3];
	struct vars vars = { 0 };
	struct reading r[3];

	chip.opts.text[HWMON] = "nct6775";
	pts[0] = point(&chip, INPUT, "temp1_input");
	pts[1] = pts[0];
	pts[2] = point(&chip, INPUT, "fan1_input");
	assert_int_equal(answer(&chip, pts, 3,
				 "ok 0 6 0\n45000\nok 0 2 0\n0\n"
				 "ok 0 5 0\n1200\nmissing\n",
				 &vars, r),
		3);
	assert_true(r[0].v.f == 45000 && r[1].v.f == 45000 && r[2].v.f == 1200);
	assert_true(r[0].quality == Q_GOOD && r[1].quality == Q_GOOD && r[2].quality == Q_GOOD);
	assert_int_equal(
		answer(&chip, pts, 3, "ok 0 6 0\n45000\nok 0 2 0\n1\nmissing\nmissing\n", &vars, r),
		3);
	assert_true(r[0].quality == Q_SENSOR_FAULT && r[2].quality == Q_MISSING);
	assert_int_equal(
		answer(&chip, pts, 3, "missing\nmissing\nerror 5\nmissing\n", &vars, r), 3);
	assert_true(r[0].quality == Q_MISSING && r[2].quality == Q_DEVICE_FAILED);
	assert_int_equal(r[2].code, 5);
	assert_int_equal(answer(&chip, pts, 3, "many\nmany\nmany\nmany\n", &vars, r), DECODE_BAD);
	assert_int_equal(
		answer(&chip, pts, 3, "ok 0 6 0\n45000\nok 0 2 0\n0\n", &vars, r), DECODE_BAD);
}

static void
test_iio(void **state)
{
	static const struct {
		const char *blocks;
		enum quality quality;
		double v;
	} cases[] = {
		{ "ok 0 4 0\n500\nok 0 3 0\n12\nok 0 4 0\n0.5\n", Q_GOOD, 256 },
		{ "ok 0 4 0\n500\nmissing\nok 1 4 0\n0.5\n", Q_GOOD, 250 },
		{ "ok 1 6 0\n21500\nmissing\nmissing\n", Q_GOOD, 21500 },
		{ "ok 0 4 0\n500\nmissing\nmissing\n", Q_MISSING, 0 },
		{ "ok 0 4 0\n500\nerror 5\nok 0 4 0\n0.5\n", Q_DEVICE_FAILED, 0 },
		{ "ok 0 4 0\n500\nmissing\nok 0 2 0\nx\n", Q_NOT_A_NUMBER, 0 },
		{ "missing\nmissing\nok 0 4 0\n0.5\n", Q_MISSING, 0 },
	};
	struct instrument chip = plain;
	struct vars vars = { 0 };
	struct point pt;

	chip.opts.text[IIO] = "mcp3422";
	pt = point(&chip, CHANNEL, "voltage0");
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct reading r = read_one(&chip, &pt, cases[i].blocks, &vars, NULL);

		assert_int_equal(r.quality, cases[i].quality);
		assert_true(r.v.f == cases[i].v);
	}
}

/* ---- 1-Wire ---- */

static const char *
slave(const char *verdict, int mdegc)
{
	static char text[200];

	snprintf(text, sizeof(text),
		"50 05 4b 46 7f ff 0c 10 1c : crc=1c %s\n50 05 4b 46 7f ff 0c 10 1c t=%d\n",
		verdict, mdegc);
	return ok_block(text);
}

static void
test_w1(void **state)
{
	static const char dead[] = "00 00 00 00 00 00 00 00 00 : crc=00 YES\n"
				   "00 00 00 00 00 00 00 00 00 t=0\n";
	static const char mixed[] = "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n"
				    "50 05 4b 46 7f ff 0c 10 1d t=21000\n";
	struct point pt = point(&plain, W1, "28-0123456789ab");
	struct vars vars = { 0 };
	struct reading r = read_one(&plain, &pt, slave("YES", 21062), &vars, NULL);

	assert_int_equal(r.quality, Q_GOOD);
	assert_true(r.v.f > 21.0619 && r.v.f < 21.0621);
	assert_true(read_one(&plain, &pt, slave("YES", -10125), &vars, NULL).v.f == -10.125);
	r = read_one(&plain, &pt, slave("NO", 21000), &vars, NULL);
	assert_true(r.quality == Q_GARBLED && r.v.f == 0);
	assert_int_equal(
		read_one(&plain, &pt, ok_block(dead), &vars, NULL).quality, Q_SENSOR_FAULT);
	assert_int_equal(read_one(&plain, &pt, ok_block(mixed), &vars, NULL).quality, Q_GARBLED);
	assert_int_equal(read_one(&plain, &pt, "missing\n", &vars, NULL).quality, Q_MISSING);
	r = read_one(&plain, &pt, "ok 1 6 0\n21062\n", &vars, NULL); /* the newer file */
	assert_true(r.quality == Q_GOOD && r.v.f == 21.062);
	assert_int_equal(
		read_one(&plain, &pt, "ok 1 6 0\n85000\n", &vars, NULL).quality, Q_SENSOR_FAULT);
}

static void
test_w1_cut_and_garbled(void **state)
{
	struct point pt = point(&plain, W1, "28-0123456789ab");
	char whole[200];
	size_t n;

	snprintf(whole, sizeof(whole), "%s", slave("YES", 21062) + strlen("ok 0 75 0\n"));
	n = strlen(whole);
	for (size_t i = 0; i < n; i++) {
		struct vars vars = { 0 };
		char text[200];
		struct reading r;

		snprintf(text, sizeof(text), "%.*s", (int)i, whole);
		r = read_one(&plain, &pt, ok_block(text), &vars, NULL);
		/* only the digits at the end may be fewer, and those end with the file of the kernel */
		assert_true(r.quality != Q_GOOD || i > n - 6);
		snprintf(text, sizeof(text), "%s", whole);
		text[i] = GARBLE(text + i);
		r = read_one(&plain, &pt, ok_block(text), &vars, NULL);
		assert_true(r.quality != Q_GOOD || r.v.f == 21.062);
	}
}

static void
test_power_up_value(void **state)
{
	struct point a = point(&plain, W1, "28-0123456789ab"),
		     b = point(&plain, W1, "28-0123456789ac");
	struct vars vars = { 0 };

#define READ(pt, mdegc) read_one(&plain, pt, slave("YES", mdegc), &vars, NULL).quality
	assert_int_equal(READ(&a, 85000), Q_SENSOR_FAULT); /* nothing was read before */
	assert_int_equal(READ(&a, 21000), Q_GOOD);
	assert_int_equal(READ(&b, 84000), Q_GOOD);
	assert_int_equal(READ(&a, 85000), Q_SENSOR_FAULT);
	assert_int_equal(READ(&a, 85000), Q_SENSOR_FAULT); /* once more is no proof */
	assert_int_equal(READ(&b, 85000), Q_GOOD);         /* another sensor */
	assert_int_equal(READ(&a, 85062), Q_GOOD);
	assert_int_equal(READ(&a, 85000), Q_GOOD);
	assert_int_equal(READ(&a, 90001), Q_GOOD);
	assert_int_equal(READ(&a, 85000), Q_SENSOR_FAULT);
	assert_int_equal(READ(&a, 90000), Q_GOOD);
	assert_int_equal(READ(&a, 85000), Q_GOOD);
#undef READ
}

/* So many that not all are remembered: none is mistaken for another. */
static void
test_more_sensors_than_are_remembered(void **state)
{
	struct vars vars = { 0 };
	char id[16];

	for (int i = 0; i < 40; i++) {
		struct point pt;

		snprintf(id, sizeof(id), "28-0123456789%02x", (unsigned)i);
		pt = point(&plain, W1, id);
		assert_int_equal(
			read_one(&plain, &pt, slave("YES", i < 39 ? 84500 : 20000), &vars, NULL)
				.quality,
			Q_GOOD);
	}
	for (int i = 0; i < 40; i++) {
		struct point pt;

		snprintf(id, sizeof(id), "28-0123456789%02x", (unsigned)i);
		pt = point(&plain, W1, id);
		assert_int_equal(read_one(&plain, &pt, slave("YES", 85000), &vars, NULL).quality,
			i < CODEC_VARS_MAX ? Q_GOOD : Q_SENSOR_FAULT);
	}
}

/* ---- result files ---- */

static const char *
result(int64_t now_ms, int64_t age_ms, int version, const char *content)
{
	static char text[CODEC_FRAME_MAX];

	snprintf(text, sizeof(text),
		"result %lld %lld %zu 0 1700000000500 11 %zu %d 5 run 1.csv\n%s", (long long)now_ms,
		(long long)age_ms, strlen(content), strlen(content), version, content);
	return text;
}

static const char csv[] = "Time,CO,CO2\n10:00,1.5,2.5\n10:10,3.5,4.5\n";

static void
test_result_is_told_when_it_is_complete(void **state)
{
	struct instrument ins = results();
	struct point pts[4] = { point(&ins, COLUMN, "CO"), point(&ins, COLUMN, "3"),
		about(&ins, AGE), about(&ins, MODIFIED) };
	struct vars vars = { 0 };
	struct reading r[4];

	assert_int_equal(answer(&ins, pts, 4, result(1000, 100, 1, csv), &vars, r), 2);
	assert_true(r[0].at == 2 && r[0].v.f == 0.1 && r[1].at == 3);
	assert_true(r[1].v.f == 1700000000.5);
	assert_int_equal(answer(&ins, pts, 4, result(5999, 5000, 1, csv), &vars, r), 2);
	assert_int_equal(answer(&ins, pts, 4, result(6000, 5001, 1, csv), &vars, r), 4);
	assert_true(r[0].v.f == 3.5 && r[1].v.f == 4.5 && r[0].quality == Q_GOOD);
	/* The same file again has the same values. */
	assert_int_equal(answer(&ins, pts, 4, result(16000, 15001, 1, csv), &vars, r), 4);
	assert_true(r[0].v.f == 3.5);
	/* It is written on. */
	assert_int_equal(answer(&ins, pts, 4, result(17000, 1, 2, csv), &vars, r), 2);
	assert_int_equal(answer(&ins, pts, 4, result(21999, 5000, 2, csv), &vars, r), 2);
	assert_int_equal(answer(&ins, pts, 4, "busy\n", &vars, r), 0);
	assert_int_equal(answer(&ins, pts, 4, result(22000, 5001, 2, csv), &vars, r), 2);
	assert_int_equal(answer(&ins, pts, 4, result(27000, 9999, 2, csv), &vars, r), 4);
	/* It goes, and comes back. */
	assert_int_equal(answer(&ins, pts, 4, "missing\n", &vars, r), 4);
	assert_int_equal(r[0].quality, Q_MISSING);
	assert_int_equal(answer(&ins, pts, 4, result(28000, 9999, 2, csv), &vars, r), 2);
	assert_int_equal(
		answer(&ins, pts, 4, result(20000, 9999, 2, csv), &vars, r), 2); /* restarted */
	assert_int_equal(answer(&ins, pts, 4, "error 13\n", &vars, r), 4);
	assert_true(r[0].quality == Q_DEVICE_FAILED && r[0].code == 13);
	assert_int_equal(answer(&ins, pts, 4, "ok 0 1 0\n1", &vars, r), DECODE_BAD);
}

static void
test_result_of_yesterday_is_too_old(void **state)
{
	struct instrument ins = results();
	struct point pts[2] = { point(&ins, COLUMN, "CO"), about(&ins, AGE) };
	struct vars vars = { 0 };
	struct reading r[2];

	ins.opts.num[COMPLETE] = 0;
	assert_int_equal(answer(&ins, pts, 2, result(1, 3600000, 1, csv), &vars, r), 2);
	assert_int_equal(r[0].quality, Q_GOOD);
	assert_int_equal(answer(&ins, pts, 2, result(1, 3600001, 1, csv), &vars, r), 2);
	assert_true(r[0].quality == Q_STALE && r[0].v.f == 0);
	assert_true(r[1].quality == Q_GOOD && r[1].v.f == 3600.001);
	assert_int_equal(answer(&ins, pts, 2, result(1, -60000, 1, csv), &vars, r), 2);
	assert_int_equal(r[0].quality, Q_GOOD);
	assert_int_equal(answer(&ins, pts, 2, result(1, -60001, 1, csv), &vars, r), 2);
	assert_true(r[0].quality == Q_WRONG_ANSWER && r[1].v.f == -60.001);
	/* Too old is told at once, also of a file that might not be complete. */
	ins.opts.num[COMPLETE] = HOUR;
	assert_int_equal(answer(&ins, pts, 2, result(1, 3600001, 2, csv), &vars, r), 2);
	assert_int_equal(r[0].quality, Q_STALE);
}

/* A file that was left in the middle of a number never has a value, however long it stays so. */
static void
test_row_without_end(void **state)
{
	struct instrument ins = results();
	struct point pt = point(&ins, COLUMN, "CO");
	struct vars vars = { 0 };
	size_t n = strlen(csv);

	ins.opts.num[COMPLETE] = 0;
	for (size_t i = 0; i <= n; i++) {
		char part[100];
		struct reading r;

		snprintf(part, sizeof(part), "%.*s", (int)i, csv);
		r = read_one(&ins, &pt, result(1, 1, 1, part), &vars, NULL);
		if (i == n)
			assert_true(r.quality == Q_GOOD && r.v.f == 3.5);
		else if (i == strlen("Time,CO,CO2\n10:00,1.5,2.5\n"))
			assert_true(r.quality == Q_GOOD && r.v.f == 1.5);
		else
			assert_true(r.quality != Q_GOOD && r.v.f == 0);
	}
	ins.opts.num[OPEN_END] = 1;
	assert_true(read_one(&ins, &pt, result(1, 1, 1, "CO\n3.5"), &vars, NULL).v.f == 3.5);
	assert_int_equal(
		read_one(&ins, &pt, result(1, 1, 1, "CO"), &vars, NULL).quality, Q_MISSING);
	ins.opts.num[HEADER] = 0;
	pt = point(&ins, COLUMN, "1");
	assert_true(read_one(&ins, &pt, result(1, 1, 1, "3.5"), &vars, NULL).v.f == 3.5);
}

static void
test_forms_of_results(void **state)
{
	static const struct {
		int header, separator, decimal, encoding;
		const char *column, *content;
		enum quality quality;
		double v;
	} cases[] = {
		{ -1, -1, 1, 0, "CO", "t;CO\n1;2,5\n", Q_GOOD, 2.5 },
		{ -1, -1, 1, 0, "CO", "t;CO\n1;1.234,5\n", Q_NOT_A_NUMBER, 0 },
		{ -1, -1, 1, 0, "CO", "t;CO\n1;1.234\n", Q_NOT_A_NUMBER, 0 },
		{ -1, -1, 0, 0, "CO", "t,CO\n1,2,5\n", Q_GOOD, 2 },
		{ -1, 2, 0, 0, "CO", "t;CO\n1;2,5\n", Q_NOT_A_NUMBER, 0 },
		{ -1, 3, 1, 0, "CO", "t\tCO\n\t2,5\n", Q_GOOD, 2.5 },
		{ -1, 0, 0, 0, "CO", "t   CO\n 1  2.5 \n", Q_GOOD, 2.5 },
		{ 3, -1, 0, 0, "CO", "GC 7\nrun 3\nt,CO\n1,2.5\n", Q_GOOD, 2.5 },
		{ 3, -1, 0, 0, "CO", "GC 7\nrun 3\nt,CO\n", Q_MISSING, 0 },
		{ -1, -1, 0, 0, "CO", "t,CO,CO\n1,2,3\n", Q_BAD_ADDRESS, 0 },
		{ -1, -1, 0, 0, "H2", "t,CO\n1,2\n", Q_MISSING, 0 },
		{ -1, -1, 0, 0, "co", "t,CO\n1,2\n", Q_MISSING, 0 },
		{ -1, -1, 0, 0, "CO", "t,CO\n1,\n", Q_NOT_A_NUMBER, 0 },
		{ -1, -1, 0, 0, "CO", "t,CO\n1\n", Q_MISSING, 0 },
		{ -1, -1, 0, 0, "CO", "t,CO\r\n1,2.5\r\n\r\n", Q_GOOD, 2.5 },
		{ -1, -1, 0, 0, "a \"b\", c", "t,\"a \"\"b\"\", c\"\n\"x,y\", \"2.5\" \n", Q_GOOD,
			2.5 },
		{ -1, -1, 0, 0, "CO", "t,CO\n\"1,2.5\n", Q_GARBLED, 0 },
		{ -1, -1, 0, 0, "CO", "t,CO\n\"1\"x,2.5\n", Q_GARBLED, 0 },
		{ -1, -1, 0, 0, "t", "\xEF\xBB\xBFt,CO\n1,2.5\n", Q_GOOD, 1 },
		{ -1, -1, 0, 1, "CO \xC2\xB5g", "t,CO \xB5g\n1,2.5\n", Q_GOOD, 2.5 },
		{ -1, -1, 0, 0, "CO \xC2\xB5g", "t,CO \xC2\xB5g\n1,2.5\n", Q_GOOD, 2.5 },
		{ -1, -1, 0, 0, "CO", "t,\xB5\x80,CO\n1,2,3\n", Q_MISSING, 0 },
		{ -1, -1, 0, 0, "2", "t,\xB5\x80,CO\n1,2,3\n", Q_GOOD, 2 },
		{ 0, -1, 0, 0, "2", "1,2.5\n", Q_GOOD, 2.5 },
	};
	struct vars vars = { 0 };

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct instrument ins = results();
		struct reading r;
		struct point pt;

		ins.opts.num[COMPLETE] = 0;
		ins.opts.num[HEADER] = cases[i].header < 0 ? OPT_ABSENT : cases[i].header;
		ins.opts.num[SEPARATOR] = cases[i].separator < 0 ? OPT_ABSENT : cases[i].separator;
		ins.opts.num[DECIMAL] = cases[i].decimal;
		ins.opts.num[ENCODING] = cases[i].encoding;
		assert_int_equal(codec_folder.check(&ins, NULL), 0);
		pt = point(&ins, COLUMN, cases[i].column);
		r = read_one(&ins, &pt, result(1, 1, 1, cases[i].content), &vars, NULL);
		if (r.quality != cases[i].quality || r.v.f != cases[i].v)
			fail_msg("case %zu: quality %u, %f", i, r.quality, r.v.f);
	}
}

/* Of a long file only its begin and its end are here. */
static void
test_long_result(void **state)
{
	struct instrument ins = results();
	struct point pt = point(&ins, COLUMN, "CO");
	struct vars vars = { 0 };
	struct reading r;

	ins.opts.num[COMPLETE] = 0;
	r = read_one(
		&ins, &pt, "result 1 1 9 8 1 1 99999 1 1 a.csv\nt,CO\n1,2.\n1,3.25\n", &vars, NULL);
	assert_true(r.quality == Q_GOOD && r.v.f == 3.25);
	r = read_one(
		&ins, &pt, "result 1 1 9 7 1 1 99999 1 1 a.csv\nt,CO\n1,2.1,3.25\n", &vars, NULL);
	assert_int_equal(r.quality, Q_GARBLED); /* where the row begins is not here */
	r = read_one(&ins, &pt, "result 1 1 4 8 1 1 99999 1 1 a.csv\nt,CO\n1,3.25\n", &vars, NULL);
	assert_int_equal(r.quality, Q_MISSING); /* the header may go on */
}

static void
test_name_of_a_result(void **state)
{
	struct instrument ins = results();
	struct point pt = about(&ins, NAME);
	char text[VALUE_TEXT_MAX + 1] = "";
	struct vars vars = { 0 };

	assert_int_equal(pt.value, VALUE_TEXT);
	assert_int_equal(read_one(&ins, &pt, result(1, 1, 1, csv), &vars, text).quality, Q_GOOD);
	assert_string_equal(text, "run 1.csv");
	assert_int_equal(
		read_one(&ins, &pt, "result 1 1 0 0 1 1 1 1 1 \xB5\n", &vars, NULL).quality,
		Q_GARBLED);
}

/* Answers that are cut or garbled anywhere have no value, or the right one in another place. */
static void
test_answers_cut_and_garbled(void **state)
{
	struct instrument ins = results();
	struct point pts[3] = { point(&ins, COLUMN, "CO"), about(&ins, AGE), about(&ins, NAME) };
	char whole[400], text[400];
	struct readings out;
	struct reading r[3];
	size_t n;

	ins.opts.num[COMPLETE] = 0;
	snprintf(whole, sizeof(whole), "%.399s", result(1000, 100, 1, csv));
	n = strlen(whole);
	for (size_t i = 0; i < n; i++) {
		struct vars vars = { 0 };

		assert_int_equal(answer_bytes(&ins, pts, 3, whole, i, &vars, r, &out), DECODE_BAD);
		memcpy(text, whole, n);
		text[i] = '\0';
		(void)answer_bytes(&ins, pts, 3, text, n, &vars, r, &out);
		text[i] = '\n';
		(void)answer_bytes(&ins, pts, 3, text, n, &vars, r, &out);
	}
	static const char *const wrong[] = { "", "\n", "ok\n", "ok 0 5 0\n42\n", "ok 0 -1 0\n",
		"ok 10 1 0\n1", "ok 0 1 2\n1", "okay\n", "error\n", "error x\n", "error 99999\n",
		"result 1 1 0 0 1 1 1 1 1\n", "result 1 1 0 0 1 1 1 1 1 \n",
		"result 1 1 99999999999 0 1 1 1 1 1 a\n", "missing" };
	for (size_t i = 0; i < NELEM(wrong); i++) {
		struct point pt = point(&plain, FILE_, "x");
		struct vars vars = { 0 };

		assert_int_equal(answer(&plain, &pt, 1, wrong[i], &vars, r), DECODE_BAD);
		assert_int_equal(answer(&ins, pts, 3, wrong[i], &vars, r), DECODE_BAD);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_questions_hold_the_longest_names),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_lines_and_columns),
		cmocka_unit_test(test_long_text_is_cut),
		cmocka_unit_test(test_hwmon),
		cmocka_unit_test(test_iio),
		cmocka_unit_test(test_w1),
		cmocka_unit_test(test_w1_cut_and_garbled),
		cmocka_unit_test(test_power_up_value),
		cmocka_unit_test(test_more_sensors_than_are_remembered),
		cmocka_unit_test(test_result_is_told_when_it_is_complete),
		cmocka_unit_test(test_result_of_yesterday_is_too_old),
		cmocka_unit_test(test_row_without_end),
		cmocka_unit_test(test_forms_of_results),
		cmocka_unit_test(test_long_result),
		cmocka_unit_test(test_name_of_a_result),
		cmocka_unit_test(test_answers_cut_and_garbled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
