/* test_tier.c - what stands for several values answers as they did, also when it is thinned again; and nothing but such values goes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "base/rand.h"
#include "history/buckets.h"
#include "history/tier.h"
#include "msg/quality.h"

#define T0 (INT64_C(1700000040) * NS_PER_S) /* a multiple of a minute */
#define BUCKETS_MAX 64

static struct bucket_gap gaps[16];
static size_t n_gaps;

static void
add(struct series *s, int64_t t, double v, unsigned quality)
{
	struct sample sample = { .stamp_ns = t, .quality = (uint16_t)quality };

	sample.v.f = v;
	series_add(s, &sample);
}

/* Half an hour of values, mostly good ones, with gaps, repeated times, and times without many. */
static void
make(struct series *s, uint64_t *r)
{
	int64_t t = T0 - 200 * NS_PER_S;

	series_clear(s, VALUE_FLOAT);
	n_gaps = 0;
	while (t < T0 + 2000 * NS_PER_S) {
		double v = (double)rand_below(r, 1000) / 10;
		unsigned quality = rand_below(r, 60) == 0   ? Q_NO_ANSWER
				   : rand_below(r, 60) == 0 ? Q_OUT_OF_RANGE
							    : Q_GOOD;

		if (rand_below(r, 80) == 0)
			v = rand_below(r, 2) == 0 ? (double)NAN : (double)INFINITY;
		add(s, t, quality == Q_NO_ANSWER ? 0 : v, quality);
		if (rand_below(r, 200) == 0 && n_gaps < NELEM(gaps)) {
			int64_t end = t + NS_PER_S * (1 + (int64_t)rand_below(r, 100));

			gaps[n_gaps++] = (struct bucket_gap){ t + NS_PER_MS / 3, end };
			t = end;
		} else if (rand_below(r, 20) > 0) {
			t += (int64_t)rand_below(r, rand_below(r, 50) == 0 ? 60000 : 900) *
			     NS_PER_MS;
		}
	}
}

/* Cut where a gap lies between two. */
static void
thin_out(struct tier *t, const struct series *s, int64_t every)
{
	tier_clear(t, s->type);
	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = 0; k < n_gaps && i > 0; k++)
			if (gaps[k].from_ns < s->t[i] && gaps[k].to_ns > s->t[i - 1])
				tier_cut(t);
		tier_add(t, s, i, s->t[i] / every);
	}
	tier_cut(t);
}

static void
fill(struct buckets *b, const struct series *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct series_sum *sum = series_sum_of(s, i);
		double v = s->v[i].f;
		struct chunk_stats stats;

		if (sum == NULL) {
			buckets_sample(b, s->t[i], series_quality(s, i),
				!quality_is_bad(series_quality(s, i)) && v == v, v);
			continue;
		}
		chunk_stats(s, i, 1, &stats);
		if (buckets_takes(b, &stats, s->t[i], sum->t1))
			buckets_chunk(b, &stats, s->t[i], sum->t1);
		else
			buckets_spread(b, &stats, s->t[i], sum->t1);
	}
	buckets_end(b, INT64_MAX);
}

static void
assert_near(double a, double b)
{
	if (isfinite(a) && isfinite(b))
		assert_true(fabs(a - b) <= 1e-9 * (1 + fabs(a) + fabs(b)));
	else
		assert_true((a != a && b != b) || a == b);
}

static void
assert_same(const struct series *raw, const struct series *thinned, size_t n, int64_t width)
{
	static struct bucket a[BUCKETS_MAX], b[BUCKETS_MAX];
	struct buckets of_raw, of_thinned;

	buckets_init(&of_raw, T0, T0 + (int64_t)n * width, a, n, gaps, n_gaps);
	buckets_init(&of_thinned, T0, T0 + (int64_t)n * width, b, n, gaps, n_gaps);
	fill(&of_raw, raw);
	fill(&of_thinned, thinned);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(a[i].n, b[i].n);
		assert_int_equal(a[i].n_good, b[i].n_good);
		assert_int_equal(a[i].quality, b[i].quality);
		assert_int_equal(a[i].has_value, b[i].has_value);
		assert_int_equal(a[i].held_ns, b[i].held_ns);
		assert_false(b[i].is_thinned);
		assert_near(a[i].min, b[i].min);
		assert_near(a[i].max, b[i].max);
		assert_near(a[i].sum, b[i].sum);
		assert_near(a[i].area, b[i].area);
		if (a[i].n_good > 0) {
			assert_near(a[i].first, b[i].first);
			assert_near(a[i].last, b[i].last);
		}
	}
}

static void
test_buckets_are_the_same(void **state)
{
	uint64_t r = 7;
	struct series raw;
	struct tier once, twice;
	size_t before = 0, after = 0;

	series_init(&raw, VALUE_FLOAT);
	tier_init(&once, VALUE_FLOAT);
	tier_init(&twice, VALUE_FLOAT);
	for (int round = 0; round < 400; round++) {
		make(&raw, &r);
		thin_out(&once, &raw, 10 * NS_PER_S);
		thin_out(&twice, &once.out, 60 * NS_PER_S);
		assert_same(&raw, &once.out, 60, 10 * NS_PER_S);
		assert_same(&raw, &once.out, 17, 30 * NS_PER_S);
		assert_same(&raw, &twice.out, 25, 60 * NS_PER_S);
		assert_true(once.out.n <= raw.n && twice.out.n <= once.out.n);
		before += raw.n;
		after += twice.out.n;
	}
	assert_true(after * 2 < before);
	series_done(&raw);
	tier_done(&once);
	tier_done(&twice);
}

/* Narrower than the interval: no spike is lost, no time is counted twice, and it says so. */
static void
test_narrow_buckets(void **state)
{
	static struct bucket at[40];
	struct series s;
	struct tier t;
	struct buckets b;
	double area = 0;
	size_t n = 0;

	n_gaps = 0;
	series_init(&s, VALUE_FLOAT);
	for (int i = 0; i < 100; i++)
		add(&s, T0 + i * NS_PER_S, i == 57 ? 1000 : 1, Q_GOOD);
	tier_init(&t, VALUE_FLOAT);
	thin_out(&t, &s, 60 * NS_PER_S);
	assert_int_equal(t.out.n, 2);
	buckets_init(&b, T0, T0 + 120 * NS_PER_S, at, NELEM(at), NULL, 0);
	fill(&b, &t.out);
	for (size_t i = 0; i < 19; i++) {
		assert_true(at[i].is_thinned);
		assert_true(at[i].max == 1000 && at[i].min == 1);
		n += at[i].n;
	}
	for (size_t i = 0; i < NELEM(at); i++)
		area += at[i].area;
	assert_int_equal(n, 60);
	assert_int_equal(at[0].n, 60);
	assert_near(area, 1000 + 119);
	series_done(&s);
	tier_done(&t);
}

static void
test_what_stays(void **state)
{
	struct series s;
	struct tier t;

	n_gaps = 0;
	series_init(&s, VALUE_FLOAT);
	tier_init(&t, VALUE_FLOAT);
	for (int i = 0; i < TIER_FEW; i++)
		add(&s, T0 + i * NS_PER_S, i, Q_GOOD);
	for (int i = 0; i < 20; i++)
		add(&s, T0 + (60 + i) * NS_PER_S, i, i % 2 == 0 ? Q_NO_ANSWER : Q_OUT_OF_RANGE);
	for (int i = 0; i < 20; i++) /* times that go back belong to no run */
		add(&s, T0 + (200 - i) * NS_PER_S, i, Q_GOOD);
	thin_out(&t, &s, 60 * NS_PER_S);
	assert_int_equal(t.out.n, s.n);
	assert_int_equal(t.out.n_sums, 0);
	for (size_t i = 0; i < s.n; i++)
		assert_true(
			t.out.t[i] == s.t[i] && t.out.q[i] == s.q[i] && t.out.v[i].u == s.v[i].u);
	series_done(&s);
	tier_done(&t);
}

/* Of a blob with samples that stand for several each byte can be another one. */
static void
test_blobs(void **state)
{
	struct chunk_coder *coder = chunk_coder_new();
	struct series raw, back;
	struct tier t;
	struct buf blob = { 0 };
	struct err err;
	uint64_t r = 3;

	series_init(&raw, VALUE_FLOAT);
	series_init(&back, VALUE_FLOAT);
	tier_init(&t, VALUE_FLOAT);
	make(&raw, &r);
	thin_out(&t, &raw, 60 * NS_PER_S);
	assert_true(t.out.n_sums > 10);
	for (enum chunk_form form = CHUNK_PLAIN; form <= CHUNK_PACKED; form++) {
		buf_clear(&blob);
		chunk_encode(coder, &t.out, 3, t.out.n - 3, form, &blob);
		assert_int_equal(blob.data[0], 2);
		series_clear(&back, VALUE_FLOAT);
		assert_int_equal(
			chunk_decode(coder, (const uint8_t *)blob.data, blob.n, &back, &err),
			t.out.n - 3);
		for (size_t i = 0; i < back.n; i++) {
			const struct series_sum *a = series_sum_of(&t.out, i + 3),
						*b = series_sum_of(&back, i);

			assert_true((a == NULL) == (b == NULL));
			assert_true(back.t[i] == t.out.t[i + 3]);
			if (a != NULL)
				assert_true(a->n == b->n && a->t1 == b->t1 && a->last == b->last &&
					    a->min == b->min && a->max == b->max &&
					    a->sum == b->sum && a->area == b->area);
		}
		for (size_t i = 0; i < blob.n * 4; i++) {
			char kept = blob.data[i / 4];

			blob.data[i / 4] = (char)(kept ^ (1 << rand_below(&r, 8)));
			series_clear(&back, VALUE_FLOAT);
			if (chunk_decode(coder, (const uint8_t *)blob.data, blob.n, &back, &err) <
				0)
				assert_true(back.n == 0 && back.n_sums == 0);
			blob.data[i / 4] = kept;
		}
	}
	buf_done(&blob);
	series_done(&raw);
	series_done(&back);
	tier_done(&t);
	chunk_coder_free(coder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_are_the_same),
		cmocka_unit_test(test_narrow_buckets),
		cmocka_unit_test(test_what_stays),
		cmocka_unit_test(test_blobs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
