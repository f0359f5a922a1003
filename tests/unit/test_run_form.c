/* test_run_form.c - what a bench asks about a run, and what it is given */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "model/run_form.h"

static const char strings[] = "\0sample\0operator\0gas";

/* The two places that run_form() reads of an image. */
static struct made {
	struct image img;
	struct image_field fields[3];
	char strings[sizeof(strings)];
} made;

static const struct image *
bench(bool has_free, uint32_t n_fields)
{
	made.img.fields = (struct image_table){ offsetof(struct made, fields), n_fields };
	made.img.strings = (struct image_table){ offsetof(struct made, strings), sizeof(strings) };
	made.img.has_free_fields = has_free;
	made.fields[0] = (struct image_field){ .name = 1, .is_needed = 1 };
	made.fields[1] = (struct image_field){ .name = 8 };
	made.fields[2] = (struct image_field){ .name = 17, .is_needed = 1 };
	memcpy(made.strings, strings, sizeof(strings));
	return &made.img;
}

static void
test_fields(void **state)
{
	static const struct {
		bool has_free;
		uint32_t n_fields;
		struct run_field given[3];
		const char *says; /* JSON, or a part of the refusal */
	} rows[] = {
		{ true, 0, { { 0 } }, "{}" },
		{ true, 0, { { "b", "1" }, { "a", "\"x\"" } },
			"{\"b\":\"1\",\"a\":\"\\\"x\\\"\"}" },
		{ false, 2, { { "operator", "AM" }, { "sample", "Pt" } },
			"{\"sample\":\"Pt\",\"operator\":\"AM\"}" },
		{ false, 2, { { "operator", "AM" } }, "needs sample; add --set sample=..." },
		{ false, 2, { { "sample", "" } }, "needs sample;" },
		{ false, 3, { { 0 } }, "needs sample, gas; add --set sample=... --set gas=..." },
		{ false, 2, { { "sampel", "Pt" } }, "did you mean 'sample'?" },
		{ false, 2, { { "weather", "rain" } }, "write 'free: yes'" },
		{ true, 2, { { "weather", "rain" }, { "sample", "Pt" } },
			"{\"sample\":\"Pt\",\"weather\":\"rain\"}" },
		{ true, 0, { { "a", "1" }, { "a", "2" } }, "'a' is given twice" },
		{ true, 0, { { "a b", "1" } }, "cannot name a field" },
		{ true, 0, { { "a", "1\n2" } }, "control characters" },
		{ true, 0, { { "a", "\xff" } }, "control characters or is no UTF-8" },
	};

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct buf out = { 0 };
		struct err err;
		size_t n = 0;
		int rc;

		while (n < 3 && rows[i].given[n].name != NULL)
			n++;
		rc = run_form(bench(rows[i].has_free, rows[i].n_fields), rows[i].given, n, 100,
			&out, &err);
		if (rows[i].says[0] == '{')
			assert_string_equal(rc == 0 ? buf_text(&out) : err.msg, rows[i].says);
		else if (rc != ERR_CONF || strstr(err.msg, rows[i].says) == NULL)
			fail_msg("row %zu: %d %s", i, rc, err.msg);
		buf_done(&out);
	}
}

/* Too much is refused, and what stood before stays alone. */
static void
test_bound(void **state)
{
	const struct run_field given[] = { { "a", "0123456789" } };
	struct buf out = { 0 };
	struct err err;

	buf_puts(&out, "x");
	assert_int_equal(run_form(bench(true, 0), given, 1, 17, &out, &err), ERR_CONF);
	assert_string_equal(buf_text(&out), "x");
	assert_int_equal(run_form(bench(true, 0), given, 1, 18, &out, &err), 0);
	assert_string_equal(buf_text(&out), "x{\"a\":\"0123456789\"}");
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
