/* test_lateness.c - percentiles of how late ticks were */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/lateness.h"

static void
test_nothing_was_late(void **state)
{
	static const struct lateness none;

	assert_int_equal(lateness_share(&none, 0.99), 0);
	assert_int_equal(lateness_max(&none), 0);
}

static void
test_shares_of_a_known_row(void **state)
{
	struct lateness l = { 0 };

	for (int64_t us = 1; us <= 1000; us++)
		lateness_add(&l, us * NS_PER_US, NS_PER_S + us);
	for (int percent = 1; percent < 100; percent++) {
		int64_t exact = percent * 10 * NS_PER_US;
		int64_t found = lateness_share(&l, percent / 100.0);

		assert_true(found >= exact);
		assert_true(found <= exact + exact / 8 + NS_PER_US);
	}
	assert_int_equal(lateness_share(&l, 1.0), 1000 * NS_PER_US);
	assert_int_equal(lateness_max(&l), 1000 * NS_PER_US);
}

/* Each width of the scale: never below what was put in, never much above. */
static void
test_every_size(void **state)
{
	for (int64_t ns = 1; ns < 100 * NS_PER_S; ns += ns / 9 + 1) {
		struct lateness l = { 0 };
		int64_t found;

		lateness_add(&l, ns, NS_PER_S);
		lateness_add(&l, INT64_C(1000) * NS_PER_S,
			NS_PER_S); /* so that its own size is no bound */
		found = lateness_share(&l, 0.5);
		assert_true(found > ns || ns >= INT64_C(67) * NS_PER_S);
		assert_true(found <= ns + ns / 8 + NS_PER_US || found == lateness_max(&l));
	}
}

static void
test_late_ones_are_forgotten(void **state)
{
	struct lateness l = { 0 };
	int64_t now = NS_PER_S;

	lateness_add(&l, 5 * NS_PER_MS, now);
	for (int minute = 1; minute <= 2; minute++) {
		now += LATENESS_NS;
		lateness_add(&l, NS_PER_MS, now);
		assert_int_equal(lateness_max(&l), (minute == 1 ? 5 : 1) * NS_PER_MS);
	}
	assert_int_equal(lateness_share(&l, 0.999), NS_PER_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_was_late),
		cmocka_unit_test(test_shares_of_a_known_row),
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_late_ones_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
