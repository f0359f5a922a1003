/* test_trail.c - events over kills and power cuts, by chance: what the simulation does for its events, with the power failing too */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "../simulation/trail.h"

static void
play(bool has_power_cuts)
{
	uint64_t kills = 0;

	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct trail *t = trail_new(seed, has_power_cuts);

		for (int i = 0; i < 300; i++) {
			struct event e = { .kind = EVENT_RECORD_NOTE, .stamp_ns = i };
			struct clock_record c = { .stamp_ns = i };

			snprintf(e.text, sizeof(e.text), "%.*s %d", i % 100,
				"something of some length, so that records are of different "
				"lengths in "
				"their file, as they are",
				i);
			trail_event(t, &e);
			if (i % 9 == 0)
				trail_clock(t, &c);
			if (i % 20 == 0 && trail_check(t) != NULL)
				fail_msg("seed %d: %s", (int)seed, trail_check(t));
		}
		if (trail_check(t) != NULL)
			fail_msg("seed %d: %s", (int)seed, trail_check(t));
		kills += trail_kills(t);
		trail_free(t);
	}
	assert_true(kills > 1000);
}

static void
test_kills(void **state)
{
	play(false);
}

static void
test_power_cuts(void **state)
{
	play(true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kills),
		cmocka_unit_test(test_power_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
