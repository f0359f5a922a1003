/* test_change.c - a bench file that changes protection while the bench is in use */
#include "hand_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../simulation/image_builder_inside.h"
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

/* text: of the condition; NULL: any */
static struct image *
make_with(int change, const char *text)
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
	if (text != NULL)
		hot.text = image_builder_string(b, text);
	if (change != NO_TRIP)
		image_builder_trip(b, "hot", &hot, &trip);
	if (change == NEW_TRIP)
		image_builder_trip(b, "hotter", &hot, &trip);
	return image_builder_done(b);
}

static struct image *
make(int change)
{
	return make_with(change, NULL);
}

static struct image *
make_text(const char *text)
{
	return make_with(0, text);
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

/* What prevents less needs somebody who says why; what prevents more does not. */
static void
test_what_is_weaker(void **state)
{
	static const struct {
		int change;
		const char *line, *back; /* the way there, and the way back */
	} cases[] = {
		{ RANGE, "weaker: range of 'T' wider: 0 to 700 -> 0 to 701\n",
			"stronger: range of 'T': 0 to 701 -> 0 to 700\n" },
		{ RAMP, "weaker: ramp of 'T' faster: 3000 -> 6000 a minute\n",
			"stronger: ramp of 'T': 3000 a minute\n" },
		{ HAZARD, "weaker: hazard of 'T': heat -> none\n",
			"stronger: hazard of 'T': heat\n" },
		{ VERIFY, "weaker: reading back of 'T'\n", "stronger: reading back of 'T'\n" },
		{ LINES, "weaker: lines of safe state 'cold'\n",
			"weaker: lines of safe state 'cold'\n" },
		{ NO_TRIP, "weaker: trip 'hot' is gone\n",
			"stronger: 'hot' is new among trips and interlocks\n" },
		{ TIMES, "weaker: times of trip 'hot': on_bad ",
			"stronger: times of trip 'hot': on_bad " },
		{ ON_STOP, "weaker: on_stop: 'cold' -> ''\n", "stronger: on_stop: 'cold'\n" },
	};
	struct image *was = make(0);

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct image *is = make(cases[i].change);
		struct change_count count;
		struct buf there = { 0 }, back = { 0 };

		assert_int_equal(change_list(was, is, &there, &count), 1);
		assert_int_equal(count.weaker, 1);
		assert_memory_equal(buf_text(&there), cases[i].line, strlen(cases[i].line));
		assert_int_equal(change_list(is, was, &back, &count), 1);
		assert_memory_equal(buf_text(&back), cases[i].back, strlen(cases[i].back));
		assert_int_equal(count.weaker, strncmp(cases[i].back, "weaker", 6) == 0);
		buf_done(&there);
		buf_done(&back);
		free(is);
	}
	free(was);
}

/* Of conditions only one number that lets them become true sooner, where nothing turns it round, is known to be stronger. */
static void
test_conditions(void **state)
{
	static const struct {
		const char *was, *is;
		bool is_weaker;
	} cases[] = {
		{ "H2 > 20 %LEL", "H2 > 10 %LEL", false },
		{ "H2 > 10 %LEL", "H2 > 20 %LEL", true },
		{ "H2 >= 10", "H2 >= 9.5", false },
		{ "flow < 10 and T > 300", "flow < 20 and T > 300", false },
		{ "flow < 10 and T > 300", "flow < 5 and T > 300", true },
		{ "T > -20", "T > -30", false },
		{ "T > 300", "T > 30", false },
		{ "T > 30", "T > 300", true },
		{ "not T < 300", "not T < 310", true },
		{ "T - 300 > 20", "T - 290 > 20", true },
		{ "T > 300", "U > 300", true },
		{ "T1 > 300", "T2 > 300", true },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct image *was = make_text(cases[i].was), *is = make_text(cases[i].is);
		struct change_count count;
		struct buf out = { 0 };

		assert_int_equal(change_list(was, is, &out, &count), 1);
		if (count.weaker != cases[i].is_weaker)
			fail_msg("%s -> %s: %s", cases[i].was, cases[i].is, buf_text(&out));
		buf_done(&out);
		free(was);
		free(is);
	}
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
		cmocka_unit_test(test_what_is_weaker),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_when_it_may_be_taken_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
