/* test_expiry.c - something ends at a day, and clocks are set meanwhile */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/expiry.h"

#define DAY INT64_C(86400)
#define END (1000 * DAY)

static enum expiry_level
at(struct expiry *e, int64_t left_s)
{
	return expiry_step(e, END, END - left_s);
}

static void
test_levels(void **state)
{
	assert_int_equal(expiry_level(END, END - 30 * DAY - 1), EXPIRY_FAR);
	assert_int_equal(expiry_level(END, END - 30 * DAY), EXPIRY_MONTH);
	assert_int_equal(expiry_level(END, END - 7 * DAY - 1), EXPIRY_MONTH);
	assert_int_equal(expiry_level(END, END - 7 * DAY), EXPIRY_WEEK);
	assert_int_equal(expiry_level(END, END - DAY), EXPIRY_DAY);
	assert_int_equal(expiry_level(END, END - 1), EXPIRY_DAY);
	assert_int_equal(expiry_level(END, END), EXPIRY_OVER);
	assert_int_equal(expiry_level(INT64_MIN, INT64_MAX), EXPIRY_OVER);
	assert_int_equal(expiry_level(INT64_MAX, INT64_MIN), EXPIRY_FAR);
	assert_int_equal(expiry_days(END, END - 30 * DAY), 30);
	assert_int_equal(expiry_days(END, END - DAY - 1), 2);
	assert_int_equal(expiry_days(END, END - 1), 1);
	assert_int_equal(expiry_days(END, END + 5), 0);
	assert_int_equal(expiry_days(INT64_MAX, INT64_MIN), INT64_MAX / DAY + 1);
}

static void
test_each_is_told_once(void **state)
{
	struct expiry e = { EXPIRY_FAR };
	unsigned told[EXPIRY_OVER + 1] = { 0 };

	for (int64_t left_s = 40 * DAY; left_s > -5 * DAY; left_s -= 1000)
		told[at(&e, left_s)]++;
	for (size_t i = EXPIRY_MONTH; i <= EXPIRY_OVER; i++)
		assert_int_equal(told[i], 1);
}

static void
test_a_clock_put_forward(void **state)
{
	struct expiry e = { EXPIRY_FAR };

	assert_int_equal(at(&e, 100 * DAY), EXPIRY_FAR);
	assert_int_equal(at(&e, DAY / 2), EXPIRY_DAY); /* not the ones before it, too */
	assert_int_equal(at(&e, DAY / 3), EXPIRY_FAR);
	assert_int_equal(at(&e, -100 * DAY), EXPIRY_OVER);
}

static void
test_a_clock_put_back(void **state)
{
	struct expiry e = { EXPIRY_FAR };

	assert_int_equal(at(&e, -DAY), EXPIRY_OVER);
	assert_int_equal(at(&e, 100 * DAY), EXPIRY_FAR);  /* what was told was wrong, */
	assert_int_equal(at(&e, 29 * DAY), EXPIRY_MONTH); /* and is told again when it is right */
	assert_int_equal(at(&e, 6 * DAY), EXPIRY_WEEK);
	assert_int_equal(at(&e, 29 * DAY), EXPIRY_FAR);
	assert_int_equal(at(&e, 6 * DAY), EXPIRY_WEEK);
}

static void
test_a_clock_that_wavers(void **state)
{
	struct expiry e = { EXPIRY_FAR };

	assert_int_equal(at(&e, 7 * DAY), EXPIRY_WEEK);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(at(&e, 7 * DAY + 3600), EXPIRY_FAR);
		assert_int_equal(at(&e, 7 * DAY - 3600), EXPIRY_FAR);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_each_is_told_once),
		cmocka_unit_test(test_a_clock_put_forward),
		cmocka_unit_test(test_a_clock_put_back),
		cmocka_unit_test(test_a_clock_that_wavers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
