/* test_repeat.c - channels alike, written once */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "compile/repeat.h"

static void
test_keys(void **state)
{
	static const struct {
		const char *key, *first, *last;
	} good[] = {
		{ "ai{0..3}", "ai0", "ai3" },
		{ "ch{08..11}_raw", "ch08_raw", "ch11_raw" },
		{ "x{5..5}", "x5", "x5" },
		{ "x{0..255}", "x0", "x255" },
	};
	static const char *const bad[] = { "a{", "a{}", "a{1}", "a{1..}", "a{..2}", "a{2..1}",
		"a{0..256}", "a{-1..2}", "a{0..1}{2..3}", "a{0x1..2}", "a{0..9999999999}",
		"a}..{1" };
	struct repeat r;
	struct err err;
	char out[32];

	assert_int_equal(repeat_parse("ai0", &r, &err), 0);
	for (size_t i = 0; i < NELEM(good); i++) {
		assert_int_equal(repeat_parse(good[i].key, &r, &err), 1);
		assert_true(repeat_key(&r, r.first, out, sizeof(out)) > 0);
		assert_string_equal(out, good[i].first);
		assert_true(repeat_key(&r, r.last, out, sizeof(out)) > 0);
		assert_string_equal(out, good[i].last);
		assert_int_equal(repeat_key(&r, r.last, out, strlen(good[i].last)), -1);
	}
	for (size_t i = 0; i < NELEM(bad); i++)
		assert_int_equal(repeat_parse(bad[i], &r, &err), ERR_CONF);
}

static void
test_changes(void **state)
{
	static const struct {
		const char *text;
		int64_t from, to;
	} good[] = { { "", 7, 7 }, { "+512", 7, 519 }, { "-1", 0, -1 }, { "*2", 7, 14 },
		{ "*2+512", 7, 526 }, { "*10-5", 1, 5 } };
	static const char *const bad[] = { "+", "*", "/2", "+1+1", "*2*2", "+1x", "* 2", "+-1" };
	int64_t out;

	for (size_t i = 0; i < NELEM(good); i++) {
		assert_true(repeat_change(good[i].text, strlen(good[i].text), good[i].from, &out));
		assert_int_equal(out, good[i].to);
	}
	for (size_t i = 0; i < NELEM(bad); i++)
		assert_false(repeat_change(bad[i], strlen(bad[i]), 1, &out));
	assert_false(repeat_change("*999999999", 10, INT64_MAX / 2, &out));
	assert_true(repeat_change("+5}", 2, 1, &out)); /* no further than it was told */
	assert_int_equal(out, 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
