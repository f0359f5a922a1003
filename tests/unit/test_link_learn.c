/* test_link_learn.c - what a device refuses is found, and no neighbour suffers from the search */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rand.h"
#include "link_rig.h"

#define PERIOD (100 * NS_PER_MS)

static struct rig rig;

/* n points of one register each, `step` registers apart, from register 0 on. */
static void
start(unsigned n, unsigned step)
{
	struct rig_point points[RIG_POINTS];

	for (unsigned i = 0; i < n; i++)
		points[i] = (struct rig_point){ 0, i * step, 1, PERIOD };
	rig_init(&rig, "tagged", 1, points, n);
}

/* Questions that one period takes when everything has been learned. */
static unsigned
questions_a_period(void)
{
	unsigned before = rig.device[0].n_questions;

	rig_run(&rig, rig.now_ns + 10 * PERIOD);
	return (rig.device[0].n_questions - before + 5) / 10;
}

static void
test_one_bad_register_anywhere(void **state)
{
	for (unsigned bad = 0; bad < 100; bad++) {
		start(100, 1);
		rig.device[0].bad[bad] = 2;
		rig_run(&rig, rig.now_ns + 10 * PERIOD);
		assert_int_equal(rig.last[bad].quality, Q_BAD_ADDRESS);
		assert_int_equal(rig.last[bad].code, 2);
		assert_int_equal(rig.n_bad[bad], 1);
		assert_int_equal(rig_bad(&rig, 0, 100), 1); /* no neighbour ever had a bad value */
		for (unsigned i = 0; i < 100; i++)
			assert_true(i == bad || rig.n_good[i] >= 9);
		assert_int_equal(questions_a_period(), bad == 0 || bad == 99 ? 1 : 2);
		assert_int_equal(rig.n_wrong, 0);
		rig_done(&rig);
	}
}

/* A quantity that fails (exception 4) is guilty alone, is asked again each period, and joins the others when it is well. */
static void
test_one_failing_register(void **state)
{
	start(20, 1);
	rig.device[0].bad[7] = 4;
	rig_run(&rig, rig.now_ns + 20 * PERIOD);
	assert_int_equal(rig.last[7].quality, Q_DEVICE_FAILED);
	assert_int_equal(rig.last[7].code, 4);
	assert_in_range(rig.n_bad[7], 18, 20);
	assert_int_equal(rig_bad(&rig, 0, 20), rig.n_bad[7]);
	rig.device[0].bad[7] = 0;
	rig_run(&rig, rig.now_ns + 2 * PERIOD);
	assert_int_equal(rig.last[7].quality, Q_GOOD);
	assert_int_equal(questions_a_period(), 1);
	rig_done(&rig);
}

static void
test_one_bad_register_in_a_long_row(void **state)
{
	/* A piece of the refused request may grow into the next one: the number of requests stays. */
	for (unsigned bad = 0; bad < 150; bad++) {
		start(150, 1);
		rig.device[0].bad[bad] = 2;
		rig_run(&rig, rig.now_ns + 9 * PERIOD);
		assert_int_equal(rig_bad(&rig, 0, 150), 1);
		assert_in_range(questions_a_period(), 2, 4);
		rig_done(&rig);
	}
}

static void
test_all_is_found_within_the_first_cycle(void **state)
{
	start(100, 1);
	rig.device[0].bad[37] = rig.device[0].bad[38] = rig.device[0].bad[90] = 2;
	rig_run(&rig, rig.now_ns + PERIOD - 1);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(rig.n_good[i] + rig.n_bad[i], 1);
	rig_done(&rig);
}

static void
test_refused_holes_are_avoided(void **state)
{
	/* Points at 0 2 4 .. 58: a hole between any two of them. */
	for (unsigned hole = 1; hole < 59; hole += 2) {
		start(30, 2);
		rig.device[0].is_hole[hole] = true;
		rig.device[0].is_hole[31] = true;
		rig_run(&rig, rig.now_ns + 20 * PERIOD);
		assert_int_equal(rig_bad(&rig, 0, 30), 0);
		for (unsigned i = 0; i < 30; i++)
			assert_true(rig.n_good[i] >= 19);
		assert_int_equal(questions_a_period(), hole == 31 ? 2 : 3);
		rig_done(&rig);
	}
}

static void
test_holes_and_registers_from_seeds(void **state)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		uint64_t chance = seed;
		unsigned n_bad = 0;

		start(60, 2);
		for (unsigned i = 0; i < 60; i++) {
			rig.device[0].is_hole[2 * i + 1] = rand_below(&chance, 8) == 0;
			rig.device[0].bad[2 * i] = rand_below(&chance, 10) == 0 ? 2 : 0;
			n_bad += rig.device[0].bad[2 * i] != 0;
		}
		rig_run(&rig, rig.now_ns + 50 * PERIOD);
		assert_int_equal(rig_bad(&rig, 0, 60), 3 * n_bad); /* again after 1 s and 3 s */
		for (unsigned i = 0; i < 60; i++)
			assert_int_equal(rig.last[i].quality,
				rig.device[0].bad[2 * i] != 0 ? Q_BAD_ADDRESS : Q_GOOD);
		rig_forget(&rig);
		rig_run(&rig, rig.now_ns + 10 * PERIOD); /* quiet: nothing is refused any more */
		assert_int_equal(rig_bad(&rig, 0, 60), 0);
		rig_done(&rig);
	}
}

static void
test_longest_request(void **state)
{
	for (unsigned most = 1; most < 100; most += 7) {
		start(200, 1);
		rig.delay_ns = 100 * NS_PER_US;
		rig.device[0].most = most;
		rig_run(&rig, rig.now_ns + 30 * PERIOD);
		assert_int_equal(rig_bad(&rig, 0, 200), 0);
		for (unsigned i = 0; i < 200; i++)
			assert_in_range(
				rig.n_good[i], 30, 31); /* one may be asked twice in the search */
		assert_in_range(questions_a_period(), 200 / most, 2 * (200 / most) + 4);
		rig_done(&rig);
	}
}

static void
test_bad_register_that_says_3(void **state)
{
	start(100, 1);
	rig.device[0].bad[63] = 3;
	rig_run(&rig, rig.now_ns + 10 * PERIOD);
	assert_int_equal(rig.last[63].quality, Q_BAD_REQUEST);
	assert_int_equal(rig_bad(&rig, 0, 100), 1);
	assert_int_equal(questions_a_period(), 2);
	rig_done(&rig);
}

static void
test_more_holes_than_can_be_remembered(void **state)
{
	start(100, 2);
	for (unsigned i = 0; i < 100; i++)
		rig.device[0].is_hole[2 * i + 1] = true;
	rig_run(&rig, rig.now_ns + 100 * PERIOD);
	assert_int_equal(rig_bad(&rig, 0, 100), 0);
	rig_forget(&rig);
	rig_run(&rig, rig.now_ns + 100 * PERIOD);
	for (unsigned i = 0; i < 100; i++)
		assert_true(rig.n_good[i] > 0);
	rig_done(&rig);
}

static void
test_refused_point_is_asked_again_and_joins(void **state)
{
	start(20, 1);
	rig.device[0].bad[7] = 2;
	rig_run(&rig, rig.now_ns + 62 * NS_PER_S);
	assert_int_equal(rig.n_bad[7], 6); /* after 1 s, 3 s, 7 s, 15 s, 31 s */
	rig_run(&rig, rig.now_ns + 10 * 60 * NS_PER_S);
	assert_int_equal(rig.n_bad[7], 6 + 10);
	rig.device[0].bad[7] = 0;
	rig_run(&rig, rig.now_ns + 60 * NS_PER_S);
	assert_int_equal(rig.last[7].quality, Q_GOOD);
	assert_int_equal(questions_a_period(), 1);
	assert_int_equal(rig_bad(&rig, 0, 20), 6 + 10);
	rig_done(&rig);
}

static void
test_a_mood_does_not_cost_a_minute(void **state)
{
	start(1, 1);
	rig_run(&rig, rig.now_ns + 10 * PERIOD);
	rig.device[0].bad[0] = 2;
	rig_run(&rig, rig.now_ns + 2 * PERIOD);
	assert_int_equal(rig.last[0].quality, Q_BAD_ADDRESS);
	rig.device[0].bad[0] = 0;
	rig_run(&rig, rig.now_ns + NS_PER_S);
	assert_int_equal(rig.last[0].quality, Q_GOOD);
	rig_done(&rig);
}

static void
test_moods_do_not_add_up(void **state)
{
	/* A device that refuses one request of a hundred registers every two minutes, and has all of them. */
	start(100, 1);
	rig.delay_ns = 100 * NS_PER_US;
	for (unsigned i = 0; i < 3 * LEARNED_MAX; i++) {
		rig.device[0].bad[i * 37 % 100] = 2;
		do
			rig_run(&rig, rig.now_ns + NS_PER_MS / 2);
		while (rig_state(&rig, 0).refused <= i);
		rig.device[0].bad[i * 37 % 100] = 0;
		rig_run(&rig, rig.now_ns + 120 * NS_PER_S);
		assert_in_range(questions_a_period(), 1, LEARNED_MAX + 1);
	}
	assert_int_equal(rig.last[0].quality, Q_GOOD);
	rig_done(&rig);
}

static void
test_device_that_refuses_all_while_it_starts(void **state)
{
	start(50, 1);
	rig.device[0].refuse_all = 2;
	rig_run(&rig, rig.now_ns + 10 * NS_PER_S);
	assert_int_equal(rig_bad(&rig, 0, 50), 4 * 50); /* at once, after 1 s, 3 s, 7 s */
	assert_int_equal(rig.state[0], INSTRUMENT_UP);  /* it answers */
	rig.device[0].refuse_all = 0;
	rig_run(&rig, rig.now_ns + 61 * NS_PER_S);
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(rig.last[i].quality, Q_GOOD);
	assert_int_equal(questions_a_period(), 1);
	rig_done(&rig);
}

static void
test_silence_in_the_middle_of_a_search(void **state)
{
	start(100, 1);
	rig.device[0].bad[40] = 2;
	rig_run(&rig, rig.now_ns + 7 * NS_PER_MS); /* three answers of the search */
	rig.device[0].mood = RIG_SILENT;
	rig_run(&rig, rig.now_ns + NS_PER_S);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	rig.device[0].mood = RIG_WELL;
	rig_run(&rig, rig.now_ns + 3 * NS_PER_S);
	assert_int_equal(rig.last[40].quality, Q_BAD_ADDRESS);
	assert_int_equal(rig.last[39].quality, Q_GOOD);
	assert_int_equal(questions_a_period(), 2);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_bad_register_anywhere),
		cmocka_unit_test(test_one_failing_register),
		cmocka_unit_test(test_one_bad_register_in_a_long_row),
		cmocka_unit_test(test_all_is_found_within_the_first_cycle),
		cmocka_unit_test(test_refused_holes_are_avoided),
		cmocka_unit_test(test_holes_and_registers_from_seeds),
		cmocka_unit_test(test_longest_request),
		cmocka_unit_test(test_bad_register_that_says_3),
		cmocka_unit_test(test_more_holes_than_can_be_remembered),
		cmocka_unit_test(test_refused_point_is_asked_again_and_joins),
		cmocka_unit_test(test_a_mood_does_not_cost_a_minute),
		cmocka_unit_test(test_moods_do_not_add_up),
		cmocka_unit_test(test_device_that_refuses_all_while_it_starts),
		cmocka_unit_test(test_silence_in_the_middle_of_a_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
