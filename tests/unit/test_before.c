/* test_before.c - mean and spread before an injection, of samples that are made up */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "history/before.h"

#define ROWS 8
#define S NS_PER_S
#define BAD (double)NAN
#define NEAR(a, b) (fabs((a) - (b)) < 1e-9)

struct table {
	const char *what;
	int64_t window[2]; /* s */
	struct {
		int64_t at;
		double v; /* NaN: a bad one */
	} samples[ROWS];
	size_t n;
	int64_t gap[2];             /* 0, 0: none */
	double mean, spread, share; /* NaN: not known */
};

static const struct table tables[] = {
	{ "one value all the time is its own mean", { 100, 200 },
		{ { 90, 0.1 }, { 130, 0.1 }, { 170, 0.1 } }, 3, { 0, 0 }, 0.1, 0, 100 },
	{ "weighted by time, not by samples", { 100, 200 },
		{ { 60, 10 }, { 175, 20 }, { 180, 20 }, { 190, 20 } }, 4, { 0, 0 }, 12.5,
		4.330127018922193, 100 },
	{ "what came behind the injection is no part of it", { 100, 200 },
		{ { 90, 1 }, { 200, 9 } }, 2, { 0, 0 }, 1, 0, 100 },
	{ "a bad one counts for nothing", { 100, 200 }, { { 90, 4 }, { 120, BAD }, { 150, 6 } }, 3,
		{ 0, 0 }, 5.428571428571429, 0.9035079029052513, 70 },
	{ "nothing is known before the first one", { 100, 200 }, { { 175, 3 } }, 1, { 0, 0 }, 3, 0,
		25 },
	{ "never", { 100, 200 }, { { 0, 0 } }, 0, { 0, 0 }, BAD, BAD, 0 },
	{ "bad all the time", { 100, 200 }, { { 50, BAD } }, 1, { 0, 0 }, BAD, BAD, 0 },
	{ "never confirmed again: it holds for 150 s", { 300, 400 }, { { 160, 7 } }, 1, { 0, 0 }, 7,
		0, 10 },
	{ "not over a gap", { 100, 200 }, { { 90, 2 }, { 180, 4 } }, 2, { 130, 180 }, 2.8,
		0.9797958971132712, 50 },
	{ "the injection itself is not known", { 100, 100 }, { { 90, 2 } }, 1, { 0, 0 }, BAD, BAD,
		BAD },
};

static void
check(const char *what, double is, double wanted)
{
	if (isnan(wanted) ? !isnan(is) : !NEAR(is, wanted))
		fail_msg("%s: %.17g, not %.17g", what, is, wanted);
}

static void
test_tables(void **state)
{
	for (size_t i = 0; i < NELEM(tables); i++) {
		const struct table *t = &tables[i];
		struct before_window w = { .from_ns = t->window[0] * S, .to_ns = t->window[1] * S };
		struct bucket_gap gap = { t->gap[0] * S, t->gap[1] * S };
		struct before b;

		before_init(&b, &w, 1, &gap, t->gap[1] > 0);
		for (size_t k = 0; k < t->n; k++)
			before_sample(&b, t->samples[k].at * S, isfinite(t->samples[k].v),
				t->samples[k].v);
		before_end(&b);
		check(t->what, before_mean(&w), t->mean);
		check(t->what, before_spread(&w), t->spread);
		check(t->what, before_share(&w), t->share);
	}
}

/* Windows that lie over each other, and one that no sample is in; each as if it were alone. */
static void
test_several(void **state)
{
	static const int64_t ends[] = { 0, 50, 70, 110, 5000 };
	struct before_window many[NELEM(ends)], alone[NELEM(ends)];
	struct before b;

	for (size_t i = 0; i < NELEM(ends); i++)
		many[i] = alone[i] = (struct before_window){ .from_ns = (ends[i] - 60) * S,
			.to_ns = ends[i] * S };
	before_init(&b, many, NELEM(ends), NULL, 0);
	for (int64_t t = 1; t < 120; t++)
		before_sample(&b, t * S, t % 7 != 0, (double)(t * t % 31));
	before_end(&b);
	for (size_t i = 0; i < NELEM(ends); i++) {
		before_init(&b, &alone[i], 1, NULL, 0);
		for (int64_t t = 1; t < 120; t++)
			before_sample(&b, t * S, t % 7 != 0, (double)(t * t % 31));
		before_end(&b);
		assert_memory_equal(&many[i], &alone[i], sizeof(alone[i]));
	}
	assert_true(many[2].known_s > 50);
	assert_true(many[4].known_s == 0);
}

/* The clock was set back: what comes again is counted with what was there, and nothing is negative. */
static void
test_set_back(void **state)
{
	struct before_window w[2] = { { .from_ns = 100 * S, .to_ns = 200 * S },
		{ .from_ns = 210 * S, .to_ns = 310 * S } };
	struct before b;

	before_init(&b, w, 2, NULL, 0);
	before_sample(&b, 250 * S, true, 1);
	before_sample(&b, 150 * S, true, 3);
	before_sample(&b, 200 * S, true, 5);
	before_end(&b);
	check("the first", before_mean(&w[0]), 3);
	check("its share", before_share(&w[0]), 50);
	check("the second", before_mean(&w[1]), 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_tables),
		cmocka_unit_test(test_several), cmocka_unit_test(test_set_back) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
