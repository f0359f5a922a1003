/* test_restart.c - a controller that died, and how the next one goes on */
#include "hand_rig.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"

#define SECOND NS_PER_S

/* T: heat, ramp; V: a valve with fuel behind it; the safe state closes both. X is watched by a trip. */
static void
make(struct hand_rig *r)
{
	uint32_t p[2 * HAND_REGISTERS];
	struct image_builder *b = hand_builder(2, 4, p);
	const struct image_output t = { .has_limits = 1,
		.max = 700,
		.ramp = 1,
		.has_verify = 1,
		.verify_tries = 3,
		.hazard = HAZARD_HEAT };
	const struct image_output v = { .has_verify = 1, .verify_tries = 3, .hazard = HAZARD_FUEL };
	const struct image_trip trip = {
		.is_latched = 1, .on_bad_ns = 5 * SECOND, .bypass_max_ns = 3600 * SECOND
	};
	uint32_t out_t = image_builder_output(b, "T", p[0], &t, NULL);
	uint32_t out_v = image_builder_output(b, "V", p[HAND_REGISTERS], &v, NULL);
	const struct image_safe_line lines[] = {
		{ .output = out_t,
			.value = 0,
			.within_ns = SECOND,
			.after = IMAGE_NONE,
			.otherwise = IMAGE_NONE },
		{ .output = out_v,
			.value = 0,
			.within_ns = SECOND,
			.after = IMAGE_NONE,
			.otherwise = IMAGE_NONE },
	};
	struct image_cond hot;

	image_builder_on_stop(b, image_builder_safe_state(b, "cold", lines, NELEM(lines)));
	hot = image_builder_cond(b, image_builder_channel(b, p[2]), EXPR_OP_GT, 100);
	image_builder_trip(b, "hot", &hot, &trip);
	hand_init(r, image_builder_done(b), 2);
	r->device[0].held[0] = 20;
	hand_run(r, SECOND);
}

static void
test_short_outage_goes_on(void **state)
{
	struct hand_rig r;
	size_t writes;
	int16_t held;

	make(&r);
	assert_int_equal(hand_set(&r, "V", "1"), VERDICT_VERIFIED);
	assert_int_equal(hand_set(&r, "T", "60"), VERDICT_VERIFIED);
	hand_run(&r, 10 * SECOND);
	held = r.device[0].held[0];
	assert_in_range(held, 29, 31);
	writes = r.n_writes;
	hand_kill(&r, SECOND);
	hand_run(&r, 300 * NS_PER_MS);
	/* Nothing jumps, the ramp goes on from where it was. */
	assert_true(r.n_writes == writes || abs(r.writes[writes].value - held) <= 2);
	hand_run(&r, 5 * SECOND);
	assert_in_range(r.device[0].held[0], held + 3, held + 6);
	hand_run(&r, 60 * SECOND);
	assert_int_equal(r.device[0].held[0], 60);
	assert_int_equal(r.device[1].held[0], 1);
	assert_int_equal(hand_count(&r, EVENT_OUTAGE, NULL), 1);
	assert_string_equal(hand_word(&r, "T.owner"), "manual");
	for (size_t i = 1; i < r.n_writes; i++)
		if (r.writes[i].device == 0 && r.writes[i - 1].device == 0)
			assert_true(abs(r.writes[i].value - r.writes[i - 1].value) <= 2);
	hand_done(&r);
}

static void
goes_safe(struct hand_rig *r)
{
	hand_run(r, 10 * SECOND);
	assert_int_equal(r->device[0].held[0], 0);
	assert_int_equal(r->device[1].held[0], 0);
	assert_string_equal(hand_word(r, "safe.cold"), "reached");
	assert_string_equal(hand_word(r, "mbc.bench"), "safe");
	assert_int_equal(hand_count(r, EVENT_OUTAGE, NULL), 1);
	hand_done(r);
}

static void
start(struct hand_rig *r)
{
	make(r);
	assert_int_equal(hand_set(r, "V", "1"), VERDICT_VERIFIED);
	assert_int_equal(hand_set(r, "T", "25"), VERDICT_VERIFIED);
	hand_run(r, 10 * SECOND);
}

static void
test_long_outage_is_safe(void **state)
{
	struct hand_rig r;

	start(&r);
	hand_kill(&r, 11 * SECOND);
	goes_safe(&r);
	start(&r);
	hand_reboot(&r, 3600 * SECOND);
	goes_safe(&r);
}

/* The clock at 1970 after a cut, or one that was never right. */
static void
test_unknown_outage_is_safe(void **state)
{
	struct hand_rig r;

	start(&r);
	hand_reboot(&r, 5 * SECOND);
	hand_run(&r, 5 * SECOND);
	assert_int_equal(r.device[0].held[0], 25); /* a short one of which the time is known */
	hand_done(&r);
	start(&r);
	r.wall_is_bad = true;
	hand_reboot(&r, SECOND);
	goes_safe(&r);
	start(&r);
	hand_reboot(&r, -1000 * SECOND);
	goes_safe(&r);
}

static void
test_a_device_that_changed_is_safe(void **state)
{
	struct hand_rig r;

	start(&r);
	r.device[1].held[0] = 3;
	hand_kill(&r, SECOND);
	goes_safe(&r);
}

static void
test_a_silent_device_is_safe_in_the_end(void **state)
{
	struct hand_rig r;
	size_t writes;

	start(&r);
	r.device[1].is_silent = true;
	hand_kill(&r, SECOND);
	writes = r.n_writes;
	hand_run(&r, 30 * SECOND);
	assert_int_equal(r.n_writes, writes);
	assert_string_equal(hand_word(&r, "mbc.bench"), "starting");
	/* Nobody can begin something meanwhile. */
	assert_int_equal(hand_set(&r, "T", "100"), VERDICT_REFUSED);
	hand_run(&r, 40 * SECOND);
	assert_int_equal(r.device[0].held[0], 0);
	r.device[1].is_silent = false;
	hand_run(&r, 60 * SECOND);
	assert_int_equal(r.device[1].held[0], 0);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	hand_done(&r);
}

static void
test_a_trip_outlives_everything(void **state)
{
	struct command reset = {
		.kind = COMMAND_TRIP_RESET, .subject = "hot", .text = "found it", .is_person = true
	};
	struct hand_rig r;

	start(&r);
	r.device[0].held[2] = 101;
	hand_run(&r, SECOND);
	assert_string_equal(hand_word(&r, "trip.hot"), "tripped");
	assert_int_equal(r.device[1].held[0], 0);
	r.device[0].held[2] = 0;
	for (int i = 0; i < 6; i++) {
		if (i % 2 == 0)
			hand_kill(&r, i * SECOND);
		else
			hand_reboot(&r, 100 * SECOND);
		if (i == 3)
			r.device[1].held[0] = 1; /* somebody opens it meanwhile */
		hand_run(&r, 3 * SECOND);
		assert_string_equal(hand_word(&r, "trip.hot"), "tripped");
		assert_string_equal(hand_word(&r, "V.owner"), "trip");
		assert_int_equal(r.device[1].held[0], 0);
		assert_int_equal(hand_set(&r, "V", "1"), VERDICT_REFUSED);
	}
	hand_run(&r, 10 * SECOND);
	hand_command(&r, &reset);
	hand_run(&r, SECOND);
	assert_string_equal(hand_word(&r, "trip.hot"), "ready");
	assert_int_equal(hand_set(&r, "V", "1"), VERDICT_VERIFIED);
	assert_int_equal(hand_count(&r, EVENT_TRIP_FIRED, NULL), 1);
	hand_done(&r);
}

/* Killed behind the first byte, before the next tick: it has tripped all the same. */
static void
test_a_trip_between_two_ticks(void **state)
{
	struct hand_rig r;
	int steps = 0;

	start(&r);
	hand_run(&r, 20 * NS_PER_MS);
	r.device[0].held[2] = 101;
	while (hand_count(&r, EVENT_TRIP_FIRED, NULL) == 0 && steps++ < 500)
		hand_run(&r, NS_PER_MS);
	assert_int_equal(hand_count(&r, EVENT_TRIP_FIRED, NULL), 1);
	assert_true(r.next_tick_ns > r.now_ns);
	r.device[0].held[2] = 0;
	hand_kill(&r, SECOND);
	hand_run(&r, 3 * SECOND);
	assert_string_equal(hand_word(&r, "trip.hot"), "tripped");
	assert_int_equal(r.device[1].held[0], 0);
	hand_done(&r);
}

static void
test_a_bypass_ends_in_time(void **state)
{
	struct command bypass = { .kind = COMMAND_BYPASS,
		.subject = "hot",
		.text = "calibration",
		.is_person = true,
		.span_ns = 60 * SECOND };
	struct hand_rig r;

	start(&r);
	hand_command(&r, &bypass);
	hand_run(&r, 20 * SECOND);
	hand_kill(&r, 5 * SECOND);
	hand_run(&r, 30 * SECOND);
	assert_string_equal(hand_word(&r, "trip.hot"), "bypassed");
	hand_run(&r, 10 * SECOND);
	assert_string_equal(hand_word(&r, "trip.hot"), "ready");
	hand_done(&r);
}

/* A stop that was announced leaves the outputs, and the bench goes on within the time that was named. */
static void
test_a_planned_stop(void **state)
{
	struct command plan = { .kind = COMMAND_PLAN,
		.is_person = true,
		.span_ns = 300 * SECOND,
		.ramp_per_min = (double)NAN };
	struct command again = plan;
	struct hand_rig r;

	start(&r);
	hand_command(&r, &plan);
	hand_run(&r, SECOND);
	assert_int_equal(hand_verdict(&r, plan.id, NULL), VERDICT_VERIFIED);
	assert_true(bench_stop(r.bench, r.now_ns));
	assert_int_equal(r.device[0].held[0], 25);
	hand_reboot(&r, 200 * SECOND);
	hand_run(&r, 5 * SECOND);
	assert_int_equal(r.device[0].held[0], 25);
	assert_int_equal(r.device[1].held[0], 1);
	/* It holds for that one stop. */
	hand_kill(&r, 20 * SECOND);
	hand_run(&r, 10 * SECOND);
	assert_int_equal(r.device[0].held[0], 0);
	hand_done(&r);
	start(&r);
	hand_command(&r, &again);
	hand_run(&r, SECOND);
	hand_kill(&r, 301 * SECOND);
	goes_safe(&r);
	/* One that does not come is forgotten. */
	start(&r);
	again.id[0] = '\0';
	hand_command(&r, &again);
	hand_run(&r, 61 * SECOND);
	assert_false(bench_stop(r.bench, r.now_ns));
	hand_kill(&r, 20 * SECOND);
	goes_safe(&r);
}

/* Killed at any moment: what comes next is one of the two that are prescribed, and nothing jumps. */
static void
test_killed_at_any_moment(void **state)
{
	uint64_t chance = 7;

	for (int round = 0; round < 200; round++) {
		struct hand_rig r;
		int64_t outage_ns = (int64_t)rand_below(&chance, 20000) * NS_PER_MS;

		start(&r);
		hand_set(&r, "T", "100");
		hand_run(&r, (int64_t)rand_below(&chance, 90000) * NS_PER_MS);
		hand_kill(&r, outage_ns);
		hand_run(&r, 120 * SECOND);
		/* The last sign of life is up to a second older than the death. */
		if (outage_ns < 8 * SECOND) {
			assert_int_equal(r.device[0].held[0], 100);
			assert_int_equal(r.device[1].held[0], 1);
			for (size_t i = 1; i < r.n_writes; i++)
				if (r.writes[i].device == 0 && r.writes[i - 1].device == 0)
					assert_true(abs(r.writes[i].value -
							    r.writes[i - 1].value) <= 3);
		} else if (outage_ns > 10 * SECOND) {
			assert_int_equal(r.device[0].held[0], 0);
			assert_int_equal(r.device[1].held[0], 0);
		}
		hand_done(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_outage_goes_on),
		cmocka_unit_test(test_long_outage_is_safe),
		cmocka_unit_test(test_unknown_outage_is_safe),
		cmocka_unit_test(test_a_device_that_changed_is_safe),
		cmocka_unit_test(test_a_silent_device_is_safe_in_the_end),
		cmocka_unit_test(test_a_trip_outlives_everything),
		cmocka_unit_test(test_a_trip_between_two_ticks),
		cmocka_unit_test(test_a_bypass_ends_in_time),
		cmocka_unit_test(test_a_planned_stop),
		cmocka_unit_test(test_killed_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
