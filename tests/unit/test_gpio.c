/* test_gpio.c - lines of a GPIO chip as readings, and writes to them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "link/codec.h"

extern const struct codec codec_gpio;

static const struct instrument ins = { .name = "io" };
static const struct learned nothing;

static int
make(const char *line, int active, int bias, int64_t debounce_ns, struct point *out)
{
	struct optvals v = { .num = { 0, active, bias, debounce_ns }, .text = { line } };

	*out = (struct point){ .id = 3, .every_ns = 7 };
	return codec_gpio.point(&ins, &v, out, NULL);
}

static struct point
input(const char *line, int active, int bias, int64_t debounce_ns)
{
	struct point pt;

	assert_int_equal(make(line, active, bias, debounce_ns, &pt), 0);
	pt.write_space = -1; /* as the compiler makes one that is only read */
	return pt;
}

static const char *
question(const struct request *req)
{
	static char text[600];
	int n = codec_gpio.encode(&ins, req, 7, NULL, (uint8_t *)text, sizeof(text) - 1, NULL);

	assert_true(n > 9);
	text[n] = '\0';
	assert_memory_equal(text, "00000007\n", 9);
	return text + 9;
}

static int
answer(const struct request *req, const struct point *pts, const char *text, struct reading *r,
	struct readings *out, struct err *err)
{
	struct vars vars = { 0 };
	char frame[300];
	int n = snprintf(frame, sizeof(frame), "00000007\n%s", text);

	assert_int_equal(codec_gpio.match(&ins, req, 7, (uint8_t *)frame, (size_t)n), MATCH_MINE);
	assert_int_equal(
		codec_gpio.match(&ins, req, 8, (uint8_t *)frame, (size_t)n), MATCH_NOT_MINE);
	*out = (struct readings){ .at = r, .cap = 16 };
	return codec_gpio.decode(&ins, req, pts, (uint8_t *)frame, (size_t)n, &vars, out, err);
}

static void
test_points(void **state)
{
	static const char *const wrong[] = { "", "-1", "0x10", "65536",
		"a-name-that-is-longer-than-the-k", "a\nb" };
	struct point pt;

	assert_int_equal(make("17", 1, 1, 5 * NS_PER_MS, &pt), 0);
	assert_true(pt.value == VALUE_BOOL && pt.id == 3 && pt.every_ns == 7);
	for (size_t i = 0; i < NELEM(wrong); i++)
		assert_int_equal(make(wrong[i], 0, 0, 0, &pt), ERR_CONF);
	assert_int_equal(make("1", 0, 0, NS_PER_MS / 2, &pt), ERR_CONF);
}

static void
test_questions(void **state)
{
	struct point pts[20] = { input("17", 0, 0, 0), input("READY 1", 1, 1, 5 * NS_PER_MS),
		input("3", 0, 3, 0), input("4", 0, 2, 0) };
	struct request req[20];

	pts[2].write_space = 0;
	assert_int_equal(codec_gpio.plan(&ins, pts, 4, &nothing, req, 20), 1);
	assert_string_equal(
		question(&req[0]), "get ih- 0 17\nget ilu 5 READY 1\nget -hn 0 3\nget ihd 0 4\n");
	for (int i = 0; i < 20; i++)
		pts[i] = input("a-name-as-long-as-the-kernel-kn", 0, 0, 0);
	int made = codec_gpio.plan(&ins, pts, 20, &nothing, req, 20);
	assert_true(made > 2);
	uint32_t n = 0;
	for (int i = 0; i < made; i++) {
		assert_int_equal(req[i].first, n);
		n += req[i].n;
		question(&req[i]);
	}
	assert_int_equal(n, 20);
	pts[1].every_ns = 8;
	assert_int_equal(codec_gpio.plan(&ins, pts, 2, &nothing, req, 20), 2);
	assert_int_equal(codec_gpio.plan(&ins, pts, 2, &nothing, req, 1), 1);
}

static void
test_levels(void **state)
{
	struct point pts[5] = { input("1", 0, 0, 0), input("2", 0, 0, 0), input("3", 0, 0, 0),
		input("4", 0, 0, 0), input("5", 0, 0, 0) };
	static const char whole[] = "1\n0\nmissing\nmany\nerror 16\n";
	struct request req;
	struct readings out;
	struct reading r[16];
	struct err err;

	assert_int_equal(codec_gpio.plan(&ins, pts, 5, &nothing, &req, 1), 1);
	assert_int_equal(answer(&req, pts, whole, r, &out, &err), 0);
	assert_int_equal(out.n, 5);
	assert_true(
		r[0].v.i == 1 && r[0].quality == Q_GOOD && r[1].v.i == 0 && r[1].quality == Q_GOOD);
	assert_true(r[2].quality == Q_MISSING && r[3].quality == Q_BAD_ADDRESS);
	assert_true(r[4].quality == Q_DEVICE_FAILED && r[4].code == 16 && r[4].v.i == 0);
	for (size_t i = 0; i < strlen(whole); i++) {
		char text[60];

		snprintf(text, sizeof(text), "%.*s", (int)i, whole);
		assert_int_equal(answer(&req, pts, text, r, &out, &err), DECODE_BAD);
	}
	for (size_t i = 0; i < strlen(whole); i++) {
		char text[60];

		snprintf(text, sizeof(text), "%s", whole);
		text[i] = 'x';
		(void)answer(&req, pts, text, r, &out, &err);
		for (size_t k = 0; k < out.n; k++)
			assert_true(r[k].quality != Q_GOOD || (k < 2 && r[k].v.i == (k == 0)));
	}
}

static void
test_writes(void **state)
{
	struct request req;
	struct readings out;
	struct reading r[16];
	struct err err;
	struct point pt, other;

	assert_int_equal(make("17", 1, 0, 0, &pt), 0);
	assert_int_equal(
		codec_gpio.write(&ins, &pt, (union value){ .i = 1 }, NULL, NULL, &req, &err), 0);
	assert_string_equal(question(&req), "set l 1 17\n");
	assert_int_equal(answer(&req, &pt, "1\n", r, &out, &err), 0);
	assert_int_equal(answer(&req, &pt, "0\n", r, &out, &err), DECODE_REFUSED);
	assert_int_equal(answer(&req, &pt, "error 16\n", r, &out, &err), DECODE_REFUSED);
	assert_int_equal(err.sys, 16);
	assert_int_equal(answer(&req, &pt, "", r, &out, &err), DECODE_BAD);
	assert_int_equal(
		codec_gpio.write(&ins, &pt, (union value){ .i = 0 }, NULL, NULL, &req, &err), 0);
	assert_string_equal(question(&req), "set l 0 17\n");
	assert_int_equal(answer(&req, &pt, "0\n", r, &out, &err), 0);
	assert_int_equal(answer(&req, &pt, "1\n", r, &out, &err), DECODE_REFUSED);
	/* The place of a write is that of another point: they are different lines. */
	assert_int_equal(make("18", 1, 0, 0, &other), 0);
	pt.write_address = other.address;
	assert_int_equal(
		codec_gpio.write(&ins, &pt, (union value){ .i = 1 }, NULL, NULL, &req, &err),
		ERR_CONF);
	assert_int_equal(make("17", 1, 1, 0, &pt), 0);
	assert_int_equal(
		codec_gpio.write(&ins, &pt, (union value){ .i = 1 }, NULL, NULL, &req, &err),
		ERR_CONF);
	assert_int_equal(make("17", 1, 0, NS_PER_MS, &pt), 0);
	assert_int_equal(
		codec_gpio.write(&ins, &pt, (union value){ .i = 1 }, NULL, NULL, &req, &err),
		ERR_CONF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_points),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
