/* test_modbus_plan.c - points from options, and how points become requests */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "drivers/modbus_master.h"
#include "drivers/modbus_value.h"

static const struct instrument ins = { .opts.num = { 1, 100, 800, 8, 0, 0 }, .name = "dev" };
static const struct learned nothing;

static struct point
at(unsigned space, uint32_t address, uint16_t count)
{
	return (struct point){ .space = (uint16_t)space,
		.address = address,
		.count = count,
		.bit = CODEC_BIT_NONE,
		.value = VALUE_UINT,
		.every_ns = 1 };
}

static int
plan(const struct point *pts, size_t n, const struct learned *learned, struct request *out)
{
	return codec_modbus.plan(&ins, pts, n, learned, out, n);
}

static void
test_holes_are_bridged_up_to_the_gap(void **state)
{
	struct point pts[] = { at(MODBUS_HOLDING, 0, 2), at(MODBUS_HOLDING, 10, 1),
		at(MODBUS_HOLDING, 20, 1) };
	struct request out[3];

	assert_int_equal(plan(pts, 3, &nothing, out), 2);
	assert_int_equal(out[0].count, 11);
	assert_int_equal(out[0].n, 2);
	assert_int_equal(out[1].first, 2);
	assert_int_equal(out[1].address, 20);
	for (int i = 0; i < 3; i++)
		pts[i].space = MODBUS_COIL;
	assert_int_equal(plan(pts, 3, &nothing, out), 1); /* bits: 8 times the gap */
	assert_int_equal(out[0].function, MODBUS_READ_COILS);
}

static void
test_what_never_shares_a_request(void **state)
{
	struct point pts[] = { at(MODBUS_HOLDING, 0, 1), at(MODBUS_HOLDING, 1, 1) };
	struct learned cut = { .n_cuts = 1, .cuts = { { MODBUS_HOLDING, 1, 1 } } };
	struct learned small = { .max_count = 1 };
	struct request out[9];
	struct point texts[9];

	assert_int_equal(plan(pts, 2, &nothing, out), 1);
	assert_int_equal(plan(pts, 2, &cut, out), 2);
	cut.cuts[0].space = MODBUS_INPUT;
	assert_int_equal(plan(pts, 2, &cut, out), 1);
	assert_int_equal(plan(pts, 2, &small, out), 2);
	pts[1].every_ns = 2;
	assert_int_equal(plan(pts, 2, &nothing, out), 2);
	pts[1].every_ns = 1;
	pts[1].space = MODBUS_INPUT;
	assert_int_equal(plan(pts, 2, &nothing, out), 2);
	for (uint32_t i = 0; i < 9; i++) {
		texts[i] = at(MODBUS_HOLDING, 2 * i, 2);
		texts[i].value = VALUE_TEXT;
	}
	assert_int_equal(plan(texts, 9, &nothing, out), 2);
	assert_int_equal(out[0].n, 8);
}

/* Every point is in exactly one request, whole, and no request is longer than allowed. */
static void
test_any_plan_covers_all(void **state)
{
	uint32_t seed = 1;

	for (unsigned round = 0; round < 2000; round++) {
		struct point pts[60];
		struct request out[60];
		uint32_t address = 0, next = 0;
		int n;

		for (size_t i = 0; i < NELEM(pts); i++) {
			seed = seed * 1664525 + 1013904223;
			address += seed >> 28;
			pts[i] = at(MODBUS_INPUT, address, (uint16_t)(1 + (seed >> 20 & 3)));
		}
		n = plan(pts, NELEM(pts), &nothing, out);
		for (int r = 0; r < n; r++) {
			assert_int_equal(out[r].first, next);
			assert_true(out[r].count <= 100);
			for (uint32_t i = next; i < next + out[r].n; i++) {
				assert_true(pts[i].address >= out[r].address);
				assert_true(pts[i].address + pts[i].count <=
					    out[r].address + out[r].count);
			}
			next += out[r].n;
		}
		assert_int_equal(next, NELEM(pts));
	}
}

static void
test_points_from_options(void **state)
{
	const int64_t none = OPT_ABSENT;
	const struct {
		int64_t num[8];
		int rc;
		const char *says;
	} all[] = {
		{ { none, none, none, 7, none, 0, none, none }, 0, "" },
		{ { none, none, none, 7, none, 0, 3, none }, 0, "" },
		{ { none, none, none, none, none, 0, none, none }, ERR_CONF, "no table" },
		{ { 1, none, none, 7, none, 0, none, none }, ERR_CONF, "two tables" },
		{ { none, none, none, 400108, none, 0, none, none }, ERR_CONF, "holding: 107" },
		{ { none, none, none, 70000, none, 0, none, none }, ERR_CONF, "0 to 65535" },
		{ { none, none, none, 65535, MODBUS_UINT32, 0, none, none }, ERR_CONF, "65535" },
		{ { 1, none, none, none, MODBUS_INT16, 0, none, none }, ERR_CONF, "bool" },
		{ { none, none, none, 1, MODBUS_STRING, 0, none, none }, ERR_CONF, "length" },
		{ { none, none, none, 1, MODBUS_BOOL, 0, none, none }, ERR_CONF, "bit" },
	};

	for (size_t i = 0; i < NELEM(all); i++) {
		struct optvals v = { .num = { 0 } };
		struct point pt = { 0 };
		struct err err = { 0 };

		memcpy(v.num, all[i].num, sizeof(all[i].num));
		assert_int_equal(codec_modbus.point(&ins, &v, &pt, &err), all[i].rc);
		assert_non_null(strstr(err.msg, all[i].says));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holes_are_bridged_up_to_the_gap),
		cmocka_unit_test(test_what_never_shares_a_request),
		cmocka_unit_test(test_any_plan_covers_all),
		cmocka_unit_test(test_points_from_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
