/* test_history_buckets.c - decimation beside a naive count: nothing is hidden, nothing holds over a gap */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "history/buckets.h"
#include "msg/quality.h"

#define T0 (INT64_C(1700000000) * NS_PER_S)
#define N_MAX 400
#define BUCKETS_MAX 64

struct point {
	int64_t t;
	unsigned quality;
	double v;
};

static struct point points[N_MAX];
static size_t n_points;
static struct bucket_gap gaps[8];
static size_t n_gaps;
static struct bucket at[BUCKETS_MAX];

/* Samples from a little before the range to a little behind it, and some gaps in which there are none. */
static void
make_points(uint64_t *r, int64_t from, int64_t to)
{
	int64_t t = from - 100 * NS_PER_S;

	n_points = n_gaps = 0;
	while (t < to + 100 * NS_PER_S && n_points < N_MAX) {
		points[n_points++] = (struct point){ .t = t,
			.quality = rand_below(r, 12) == 0   ? Q_NO_ANSWER
				   : rand_below(r, 12) == 0 ? Q_OUT_OF_RANGE
							    : Q_GOOD,
			.v = (double)rand_below(r, 1000) / 10 };
		if (rand_below(r, 30) == 0 && n_gaps < NELEM(gaps)) {
			int64_t end = t + NS_PER_S * (1 + (int64_t)rand_below(r, 200));

			gaps[n_gaps++] = (struct bucket_gap){ t + NS_PER_S / 3, end };
			t = end;
		}
		t += 1 + (int64_t)rand_below(r, 9000) * NS_PER_MS;
	}
}

/* Until when sample i holds. */
static int64_t
holds_until(size_t i, int64_t recorded)
{
	int64_t until =
		i + 1 < n_points ? points[i + 1].t : MIN(recorded, points[i].t + BUCKETS_HOLD_NS);

	for (size_t k = 0; k < n_gaps; k++)
		if (gaps[k].to_ns > points[i].t)
			until = MIN(until, MAX(gaps[k].from_ns, points[i].t));
	return until;
}

static void
check_bucket(const struct buckets *b, size_t k, int64_t recorded)
{
	int64_t from = buckets_edge(b, k), to = buckets_edge(b, k + 1), held = 0;
	double min = HUGE_VAL, max = -HUGE_VAL, area = 0;
	unsigned n = 0, n_good = 0, class = Q_CLASS_GOOD;

	for (size_t i = 0; i < n_points; i++) {
		const struct point *p = &points[i];
		bool is_inside = p->t >= from && p->t < to, is_good = !quality_is_bad(p->quality);
		int64_t a = MAX(p->t, from), z = MIN(holds_until(i, recorded), to);

		n += is_inside;
		n_good += is_inside && is_good;
		if (is_inside || z > a)
			class = MAX(class, (unsigned)quality_row(p->quality)->class);
		if (!is_good || (!is_inside && z <= a))
			continue;
		min = MIN(min, p->v);
		max = MAX(max, p->v);
		area += z > a ? p->v * (double)(z - a) / 1e9 : 0;
		held += z > a ? z - a : 0;
	}
	assert_int_equal(b->at[k].n, n);
	assert_int_equal(b->at[k].n_good, n_good);
	assert_int_equal(b->at[k].has_value, isfinite(min));
	assert_int_equal(quality_row(b->at[k].quality)->class, class);
	assert_int_equal(b->at[k].held_ns, held);
	if (!isfinite(min))
		return;
	assert_true(b->at[k].min == min && b->at[k].max == max);
	assert_true(fabs(b->at[k].area - area) <= 1e-9 * (1 + fabs(area)));
	assert_true(bucket_mean(&b->at[k]) >= min - 1e-9 && bucket_mean(&b->at[k]) <= max + 1e-9);
}

static void
tell_sample(struct buckets *b, const struct point *p)
{
	buckets_sample(b, p->t, p->quality, !quality_is_bad(p->quality), p->v);
}

/* Some of them together, as a chunk of the store is, where its numbers are enough. Returns how many. */
static size_t
tell_chunk(struct buckets *b, size_t first, size_t n)
{
	struct series s;
	struct chunk_stats stats;

	series_init(&s, VALUE_FLOAT);
	for (size_t i = first; i < first + n; i++) {
		struct sample sample = { .stamp_ns = points[i].t - T0 / 2,
			.v.f = quality_is_bad(points[i].quality) ? 0 : points[i].v,
			.quality = (uint16_t)points[i].quality };

		series_add(&s, &sample);
	}
	chunk_stats(&s, 0, n, &stats);
	series_done(&s);
	if (!buckets_takes(b, &stats, points[first].t, points[first + n - 1].t))
		return 0;
	buckets_chunk(b, &stats, points[first].t, points[first + n - 1].t);
	return n;
}

static void
test_as_a_naive_count(void **state)
{
	uint64_t r = 7;
	size_t chunks = 0;

	for (int round = 0; round < 2000; round++) {
		int64_t from = T0 + (int64_t)rand_below(&r, 1000), recorded;
		int64_t to = from + 1 + (int64_t)rand_below(&r, 900) * NS_PER_S;
		size_t n = 1 + rand_below(&r, BUCKETS_MAX);
		struct buckets b;

		n = (size_t)MIN((int64_t)n, to - from);
		make_points(&r, from, to);
		recorded = points[n_points - 1].t + (int64_t)rand_below(&r, 300) * NS_PER_S;
		buckets_init(&b, from, to, at, n, gaps, n_gaps);
		for (size_t i = 0, done; i < n_points; i += MAX(done, (size_t)1)) {
			size_t some = MIN(1 + rand_below(&r, 8), n_points - i);

			done = some > 1 ? tell_chunk(&b, i, some) : 0;
			chunks += done > 0;
			if (done == 0)
				tell_sample(&b, &points[i]);
		}
		buckets_end(&b, recorded);
		for (size_t k = 0; k < n; k++)
			check_bucket(&b, k, recorded);
	}
	assert_true(chunks > 1000);
}

/* However few the buckets: a single sample stands out in one of them. */
static void
test_a_spike_is_seen(void **state)
{
	for (size_t n = 1; n <= BUCKETS_MAX; n++) {
		struct buckets b;
		unsigned seen = 0;

		buckets_init(&b, T0, T0 + 1000 * NS_PER_S, at, n, NULL, 0);
		for (int i = 0; i < 1000; i++)
			buckets_sample(&b, T0 + i * NS_PER_S, Q_GOOD, true, i == 777 ? 1000 : 20);
		buckets_end(&b, T0 + 1000 * NS_PER_S);
		for (size_t k = 0; k < n; k++) {
			seen += b.at[k].max == 1000;
			assert_true(b.at[k].min == 20 || b.at[k].max == 1000);
		}
		assert_in_range(seen, 1, 2); /* it holds until the next one */
	}
}

static void
test_nothing_holds_over_a_gap(void **state)
{
	static const struct bucket_gap gap = { T0 + 15 * NS_PER_S, T0 + 35 * NS_PER_S };
	struct buckets b;

	buckets_init(&b, T0, T0 + 50 * NS_PER_S, at, 5, &gap, 1);
	buckets_sample(&b, T0, Q_GOOD, true, 1);
	buckets_sample(&b, T0 + 35 * NS_PER_S, Q_GOOD, true, 2);
	buckets_end(&b, T0 + 45 * NS_PER_S);
	assert_true(b.at[1].has_value && b.at[1].held_ns == 5 * NS_PER_S);
	assert_false(b.at[2].has_value);
	assert_true(b.at[3].has_value && b.at[3].min == 2 && b.at[3].held_ns == 5 * NS_PER_S);
	assert_true(b.at[4].has_value && b.at[4].n == 0 && b.at[4].held_ns == 5 * NS_PER_S);
}

static void
test_edges_meet(void **state)
{
	static const int64_t spans[] = { 1, 7, 1000, NS_PER_S + 1, INT64_MAX - 3 };

	for (size_t i = 0; i < NELEM(spans); i++)
		for (size_t n = 1; n <= BUCKETS_MAX && (int64_t)n <= spans[i]; n++) {
			struct buckets b;

			buckets_init(&b, 3, 3 + spans[i], at, n, NULL, 0);
			assert_int_equal(buckets_edge(&b, 0), 3);
			assert_true(buckets_edge(&b, n) == 3 + spans[i]);
			for (size_t k = 0; k < n; k++) {
				buckets_sample(&b, buckets_edge(&b, k), Q_GOOD, true, 1);
				buckets_sample(&b, buckets_edge(&b, k + 1) - 1, Q_GOOD, true, 1);
				assert_int_equal(b.at[k].n, 2);
			}
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_a_naive_count),
		cmocka_unit_test(test_a_spike_is_seen),
		cmocka_unit_test(test_nothing_holds_over_a_gap),
		cmocka_unit_test(test_edges_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
