/* test_change.c - a bench file that changes protection while the bench is in use */
#include "hand_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/change.h"

enum {
	RANGE = 1,
	RAMP,
	HAZARD,
	VERIFY,
	LINES,
	NO_TRIP,
	CONDITION,
	TIMES,
	NEW_TRIP,
	ON_STOP,
	TITLE,
	ALL
};

static struct image *
make(int change)
{
	uint32_t p[HAND_REGISTERS];
	struct image_builder *b = hand_builder(1, 4, p);
	const struct image_output t = { .has_limits = 1,
		.max = change == RANGE ? 701 : 700,
		.ramp = change == RAMP ? 100 : 50,
		.has_verify = change != VERIFY,
		.verify_tries = 2,
		.hazard = change == HAZARD ? HAZARD_NONE : HAZARD_HEAT };
	const struct image_trip trip = { .is_latched = 1,
		.on_bad_ns = (change == TIMES ? 50 : 5) * NS_PER_S };
	uint32_t out = image_builder_output(b, "T", p[0], &t, NULL);
	const struct image_safe_line line = { .output = out,
		.value = change == LINES ? 10 : 0,
		.within_ns = NS_PER_S,
		.after = IMAGE_NONE,
		.otherwise = IMAGE_NONE };
	uint32_t safe = image_builder_safe_state(b, "cold", &line, 1);
	struct image_cond hot =
		image_builder_cond(b, image_builder_channel(b, p[2]), EXPR_OP_GT, 100);

	if (change != ON_STOP)
		image_builder_on_stop(b, safe);
	if (change == CONDITION)
		hot.text = 0;
	if (change != NO_TRIP)
		image_builder_trip(b, "hot", &hot, &trip);
	if (change == NEW_TRIP)
		image_builder_trip(b, "hotter", &hot, &trip);
	return image_builder_done(b);
}

static void
test_each_change_is_named(void **state)
{
	static const char *const words[ALL] = { [RANGE] = "range of 'T'",
		[RAMP] = "ramp of 'T'",
		[HAZARD] = "hazard of 'T'",
		[VERIFY] = "reading back of 'T'",
		[LINES] = "lines of safe state 'cold'",
		[NO_TRIP] = "trip 'hot' is gone",
		[CONDITION] = "condition of trip 'hot'",
		[TIMES] = "times of trip 'hot'",
		[NEW_TRIP] = "'hotter' is new",
		[ON_STOP] = "on_stop" };
	struct image *was = make(0);

	for (int change = 0; change < ALL; change++) {
		struct image *is = make(change);
		struct buf out = { 0 };

		assert_int_equal(change_describe(was, is, &out), words[change] != NULL);
		if (words[change] != NULL)
			assert_non_null(strstr(buf_text(&out), words[change]));
		buf_done(&out);
		free(is);
	}
	free(was);
}

/* Only while what can hurt is safe; and nobody gets rid of a trip by a new file. */
static void
test_when_it_may_be_taken_up(void **state)
{
	struct image *same = make(0), *wider = make(RANGE), *less = make(NO_TRIP);
	struct hand_rig r;
	struct err err;

	hand_init(&r, make(0), 1);
	hand_run(&r, NS_PER_S);
	assert_int_equal(hand_set(&r, "T", "100"), VERDICT_VERIFIED);
	assert_int_equal(bench_may_adopt(r.bench, same, &err), 0);
	assert_int_equal(bench_may_adopt(r.bench, wider, &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "range of 'T'"));
	assert_non_null(strstr(err.msg, "mbc safe"));
	assert_int_equal(hand_set(&r, "T", "0"), VERDICT_VERIFIED);
	hand_run(&r, 5 * NS_PER_S);
	assert_int_equal(bench_may_adopt(r.bench, wider, &err), 0);
	assert_int_equal(bench_may_adopt(r.bench, less, &err), 0);
	r.device[0].held[2] = 200;
	hand_run(&r, NS_PER_S);
	assert_string_equal(hand_word(&r, "trip.hot"), "tripped");
	assert_int_equal(bench_may_adopt(r.bench, wider, &err), 0);
	assert_int_equal(bench_may_adopt(r.bench, less, &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "'hot'"));
	hand_done(&r);
	free(same);
	free(wider);
	free(less);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_change_is_named),
		cmocka_unit_test(test_when_it_may_be_taken_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
