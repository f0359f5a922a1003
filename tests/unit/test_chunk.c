/* test_chunk.c - the history encoding: every bit comes back, and damaged blobs do no harm */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "history/chunk.h"
#include "history/chunk_open.h"
#include "msg/quality.h"
#include "series_shapes.h"

#define SEED 7
#define SERIES 1500
#define MS(n) ((int64_t)(n)*NS_PER_MS)

static struct chunk_coder *coder;

static int
make(void **state)
{
	coder = chunk_coder_new();
	return 0;
}

static int
undo(void **state)
{
	chunk_coder_free(coder);
	return 0;
}

static size_t
some_length(uint64_t *seed)
{
	static const size_t most[] = { 3, 30, 64, 200, 1500, 1500, CHUNK_SAMPLES_MAX };

	return 1 + rand_below(seed, most[rand_below(seed, NELEM(most))]);
}

/* Samples of a are those of b from `from` on, bit for bit. */
static void
assert_same(const struct series *a, const struct series *b, size_t from, size_t n, uint64_t seed)
{
	if (a->n != n || a->type != b->type)
		fail_msg("seed %llu: %zu samples of %zu", (unsigned long long)seed, a->n, n);
	for (size_t i = 0; i < n; i++) {
		bool is_same = a->t[i] == b->t[from + i] && a->v[i].u == b->v[from + i].u &&
			       a->q[i] == b->q[from + i];

		if (a->type == VALUE_TEXT)
			is_same &= strcmp(series_text(a, i), series_text(b, from + i)) == 0;
		if (!is_same)
			fail_msg("seed %llu: sample %zu of %zu differs", (unsigned long long)seed,
				i, n);
	}
}

static void
round_trip(const struct series *s, size_t from, size_t n, enum chunk_form form, uint64_t seed)
{
	struct series back;
	struct buf blob = { 0 };
	struct chunk_head head;
	uint8_t *exact; /* a sanitizer sees a read beyond its end */

	chunk_encode(coder, s, from, n, form, &blob);
	exact = mem_grow(NULL, blob.n, 1);
	memcpy(exact, blob.data, blob.n);
	series_init(&back, VALUE_BOOL);
	assert_int_equal(chunk_decode(coder, exact, blob.n, &back, NULL), n);
	assert_same(&back, s, from, n, seed);
	assert_int_equal(chunk_head(exact, blob.n, &head, NULL), 0);
	assert_true(head.type == s->type && head.n == n && head.t0 == s->t[from]);
	series_done(&back);
	buf_done(&blob);
	free(exact);
}

static void
test_every_shape_comes_back(void **state)
{
	for (uint64_t i = 0; i < SERIES; i++) {
		uint64_t seed = SEED + i;
		struct series s;
		size_t from, n = some_length(&seed);

		series_init(&s, i % VALUE_TYPES);
		shape_series(&seed, s.type, n, &s);
		from = rand_below(&seed, n);
		round_trip(&s, 0, n, CHUNK_PLAIN, SEED + i);
		round_trip(&s, 0, n, CHUNK_PACKED, SEED + i);
		round_trip(&s, from, n - from, CHUNK_PACKED, SEED + i);
		series_done(&s);
	}
}

static void
test_values_of_every_kind_come_back(void **state)
{
	static const uint64_t bits[] = { 0, 1, UINT64_MAX, INT64_MAX, UINT64_C(1) << 63,
		UINT64_C(0x7ff8000000000000), UINT64_C(0x7ff0000000000001),
		UINT64_C(0xfff8dead0000beef), UINT64_C(0x7ff0000000000000),
		UINT64_C(0xfff0000000000000), UINT64_C(0x3fb999999999999a),
		UINT64_C(0x0010000000000000), UINT64_C(0x800fffffffffffff),
		UINT64_C(0x3fb99999a0000000) };

	for (size_t a = 0; a < NELEM(bits); a++)
		for (size_t b = 0; b < NELEM(bits) * (VALUE_TYPES - 1); b++) {
			struct series s;

			series_init(&s, b / NELEM(bits));
			for (size_t i = 0; i < 100; i++) {
				struct sample one = { .v.u = bits[i % 3 == 0 ? a : b % NELEM(bits)],
					.stamp_ns =
						(int64_t)bits[i % 7 == 0 ? a : b % NELEM(bits)] };

				series_add(&s, &one);
			}
			round_trip(&s, 0, 1, CHUNK_PACKED, 0);
			round_trip(&s, 0, 2, CHUNK_PACKED, 0);
			round_trip(&s, 0, 100, CHUNK_PLAIN, 0);
			round_trip(&s, 0, 100, CHUNK_PACKED, 0);
			series_done(&s);
		}
}

/* A channel as benches have them: see that decimals and the grid are found at all. */
static void
add_usual(uint64_t *seed, struct series *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sample one = { .stamp_ns = MS(1000) * (int64_t)i + MS(rand_below(seed, 5)) };

		one.v.f = (double)(200 + rand_below(seed, 7)) / 10;
		series_add(s, &one);
	}
}

static void
test_usual_data_becomes_small(void **state)
{
	uint64_t seed = SEED;
	struct buf packed = { 0 }, plain = { 0 };
	struct series s;

	series_init(&s, VALUE_FLOAT);
	add_usual(&seed, &s, 1000);
	chunk_encode(coder, &s, 0, 1000, CHUNK_PACKED, &packed);
	chunk_encode(coder, &s, 0, 1000, CHUNK_PLAIN, &plain);
	assert_true(packed.n < 750); /* 2.3 bits for the time and 2.8 for the value are 640 bytes */
	assert_true(plain.n < 850);
	buf_clear(&packed);
	s.v[500].f = (double)NAN; /* one that is no decimal takes its own bytes only */
	s.v[501].f = -0.0;
	chunk_encode(coder, &s, 0, 1000, CHUNK_PACKED, &packed);
	assert_true(packed.n < 790);
	buf_done(&packed);
	buf_done(&plain);
	series_done(&s);
}

static void
test_nothing_new_takes_nothing(void **state)
{
	struct buf blob = { 0 };
	struct series s;

	series_init(&s, VALUE_FLOAT);
	for (size_t i = 0; i < CHUNK_SAMPLES_MAX; i++) {
		struct sample one = { .stamp_ns = MS(60000) * (int64_t)i, .v.f = 0.1 };

		series_add(&s, &one);
	}
	chunk_encode(coder, &s, 0, s.n, CHUNK_PACKED, &blob);
	assert_true(blob.n < 24);
	buf_done(&blob);
	series_done(&s);
}

static void
test_blobs_of_another_type_or_version_are_refused(void **state)
{
	struct series s, other;
	struct sample one = { .v.i = 1 };
	struct buf blob = { 0 };
	struct err err;

	series_init(&s, VALUE_INT);
	series_init(&other, VALUE_BOOL);
	series_add(&s, &one);
	series_add(&other, &one);
	chunk_encode(coder, &s, 0, 1, CHUNK_PACKED, &blob);
	assert_int_equal(
		chunk_decode(coder, (uint8_t *)blob.data, blob.n, &other, &err), ERR_PROTO);
	assert_string_equal(err.msg, "a blob of history is of type int, not bool");
	assert_int_equal(other.n, 1);
	blob.data[0] = 3;
	assert_int_equal(chunk_decode(coder, (uint8_t *)blob.data, blob.n, &s, &err), ERR_PROTO);
	assert_non_null(strstr(err.msg, "version 3"));
	buf_done(&blob);
	series_done(&s);
	series_done(&other);
}

/* What is cut anywhere is refused; what is changed anywhere is refused or gives some samples. */
static void
test_damaged_blobs_do_no_harm(void **state)
{
	for (uint64_t i = 0; i < 150; i++) {
		uint64_t seed = SEED + i;
		size_t n = 1 + rand_below(&seed, 300);
		struct buf blob = { 0 };
		struct series s, back;

		series_init(&s, i % VALUE_TYPES);
		series_init(&back, s.type);
		shape_series(&seed, s.type, n, &s);
		chunk_encode(coder, &s, 0, n, i % 2 == 0 ? CHUNK_PLAIN : CHUNK_PACKED, &blob);
		for (size_t cut = 0; cut < blob.n; cut++)
			assert_int_equal(
				chunk_decode(coder, (uint8_t *)blob.data, cut, &back, NULL),
				ERR_PROTO);
		assert_int_equal(back.n, 0);
		for (int k = 0; k < 300; k++) {
			size_t at = rand_below(&seed, blob.n);
			char was = blob.data[at];
			int rc;

			blob.data[at] = (char)rand_next(&seed);
			series_clear(&back, s.type);
			rc = chunk_decode(coder, (uint8_t *)blob.data, blob.n, &back, NULL);
			assert_true(rc == ERR_PROTO ? back.n == 0 : back.n == (size_t)rc);
			for (size_t b = 0; b < back.n; b++) { /* each can be looked at */
				struct sample one;

				series_sample(&back, b, &one);
				assert_true(strlen(one.text) <= VALUE_TEXT_MAX);
			}
			blob.data[at] = was;
		}
		buf_done(&blob);
		series_done(&s);
		series_done(&back);
	}
}

/* The same numbers, in the plainest way. */
static void
assert_stats(const struct series *s, size_t from, size_t n, const struct chunk_stats *st)
{
	size_t good = 0;
	double min = (double)INFINITY, max = -(double)INFINITY, sum = 0, area = 0, size = 0;
	int64_t t_min = INT64_MAX, t_max = INT64_MIN;
	double held = 0; /* ns */

	for (size_t i = from; i < from + n; i++) {
		double v = value_double(s->type, s->v[i]);

		t_min = MIN(t_min, s->t[i]);
		t_max = MAX(t_max, s->t[i]);
		if (quality_row(s->q[i] & 0xffff)->class == Q_CLASS_BAD || v != v)
			continue;
		good++;
		min = v < min ? v : min;
		max = v > max ? v : max;
		sum += v;
		if (i + 1 < from + n && s->t[i + 1] > s->t[i]) {
			double d = (double)((uint64_t)s->t[i + 1] - (uint64_t)s->t[i]);

			held += d;
			area += v * d * 1e-9;
			size += fabs(v * d * 1e-9);
		}
	}
	assert_true(st->n == n && st->n_good == good && st->t_min == t_min && st->t_max == t_max);
	assert_true(st->t0 == s->t[from] && st->t1 == s->t[from + n - 1]);
	assert_true(((st->flags & CHUNK_ALL_GOOD) != 0) == (good == n));
	if (good == 0) {
		assert_true(st->min == 0 && st->max == 0 && st->sum == 0 && st->area == 0);
		return;
	}
	assert_true(st->min == min && st->max == max && (st->sum == sum || sum != sum));
	if (held > 9e18)
		return; /* times that are more than 292 years apart: no clock's */
	assert_true(fabs((double)st->held_ns - held) <= held * 1e-9);
	if (isfinite(size))
		assert_true(fabs(st->area - area) <= size * 1e-9);
}

static void
test_stats_are_those_of_a_plain_loop(void **state)
{
	for (uint64_t i = 0; i < 400; i++) {
		uint64_t seed = SEED + i;
		size_t n = 1 + rand_below(&seed, 300), from;
		struct chunk_stats st;
		struct series s;

		series_init(&s, i % VALUE_TYPES);
		shape_series(&seed, s.type, n, &s);
		from = rand_below(&seed, n);
		chunk_stats(&s, from, n - from, &st);
		assert_stats(&s, from, n - from, &st);
		series_done(&s);
	}
}

static void
test_stats_of_a_known_series(void **state)
{
	static const struct sample samples[] = {
		{ .stamp_ns = MS(1000), .v.f = 2 },
		{ .stamp_ns = MS(3000), .v.f = 4 },
		{ .stamp_ns = MS(4000), .quality = Q_NO_ANSWER },
		{ .stamp_ns = MS(9000), .v.f = -1, .quality = Q_OUT_OF_RANGE },
		{ .stamp_ns = MS(8500), .v.f = 6 },
		{ .stamp_ns = MS(9500), .v.f = (double)NAN },
		{ .stamp_ns = MS(9900), .v.f = 1 },
	};
	struct chunk_stats st;
	struct series s;

	series_init(&s, VALUE_FLOAT);
	for (size_t i = 0; i < NELEM(samples); i++)
		series_add(&s, &samples[i]);
	chunk_stats(&s, 0, s.n, &st);
	assert_true(st.n == 7 && st.n_good == 5 && st.min == -1 && st.max == 6 && st.sum == 12);
	assert_true(st.first == 2 && st.last == 1 &&
		    st.flags == (CHUNK_TIME_BACK | CHUNK_UNCERTAIN | CHUNK_NAN));
	assert_true(st.area == 2 * 2 + 4 * 1 + 6 * 1 && st.held_ns == MS(4000));
	series_done(&s);
}

/* Add all of s to an open chunk and seal where it can be: all blobs and the rest are s again. */
static void
seal_all(const struct series *s, size_t target, uint64_t seed)
{
	struct chunk_open *open = chunk_open_new(s->type);
	struct series back, peeked;
	struct buf blob = { 0 };

	series_init(&back, s->type);
	series_init(&peeked, s->type);
	for (size_t i = 0; i < s->n; i++) {
		struct sample one;
		size_t n;

		series_sample(s, i, &one);
		chunk_open_add(open, coder, &one);
		buf_clear(&blob);
		n = chunk_open_seal(open, coder, target, &blob);
		if (n == 0)
			continue;
		assert_true(blob.n <= target || n == 1);
		assert_int_equal(chunk_decode(coder, (uint8_t *)blob.data, blob.n, &back, NULL), n);
		assert_int_equal(back.n + chunk_open_count(open), i + 1);
	}
	chunk_open_peek(open, coder, &peeked);
	assert_same(&peeked, s, back.n, s->n - back.n, seed);
	buf_clear(&blob);
	chunk_open_tail(open, coder, CHUNK_PLAIN, &blob);
	if (back.n < s->n)
		assert_int_equal(
			chunk_decode(coder, (uint8_t *)blob.data, blob.n, &back, NULL), peeked.n);
	assert_same(&back, s, 0, s->n, seed);
	assert_int_equal(chunk_open_count(open), peeked.n);
	chunk_open_clear(open);
	assert_int_equal(chunk_open_count(open), 0);
	chunk_open_free(open);
	series_done(&back);
	series_done(&peeked);
	buf_done(&blob);
}

static void
test_open_chunks_give_all_back(void **state)
{
	for (uint64_t i = 0; i < 140; i++) {
		uint64_t seed = SEED + i;
		struct series s;

		series_init(&s, i % VALUE_TYPES);
		shape_series(&seed, s.type, 1 + rand_below(&seed, 3000), &s);
		seal_all(&s, 200 + rand_below(&seed, 4000), SEED + i);
		series_done(&s);
	}
}

static void
test_open_chunks_are_full_when_they_are_sealed(void **state)
{
	struct chunk_open *open = chunk_open_new(VALUE_FLOAT);
	uint64_t seed = SEED;
	struct buf blob = { 0 };
	struct series s;
	size_t sealed = 0, largest = 0;

	series_init(&s, VALUE_FLOAT);
	add_usual(&seed, &s, 20000);
	for (size_t i = 0; i < s.n; i++) {
		struct sample one;

		series_sample(&s, i, &one);
		chunk_open_add(open, coder, &one);
		largest = MAX(largest, chunk_open_bytes(open));
		buf_clear(&blob);
		if (chunk_open_seal(open, coder, 1000, &blob) == 0)
			continue;
		assert_in_range(blob.n, 850, 1000);
		sealed++;
	}
	assert_in_range(sealed, 10, 20);
	assert_true(largest < 4096); /* with up to 1500 samples */
	chunk_open_free(open);
	series_done(&s);
	buf_done(&blob);
}

/* What never changes never fills a blob: it is sealed when it has as many samples as it may. */
static void
test_constant_channels_are_sealed_by_count(void **state)
{
	struct chunk_open *open = chunk_open_new(VALUE_BOOL);
	struct buf blob = { 0 };
	size_t sealed = 0;

	for (size_t i = 0; i < 2 * CHUNK_SAMPLES_MAX; i++) {
		struct sample one = { .stamp_ns = MS(60000) * (int64_t)i };
		size_t n;

		chunk_open_add(open, coder, &one);
		n = chunk_open_seal(open, coder, 1000, &blob);
		assert_true(n == 0 || n == CHUNK_SAMPLES_MAX);
		sealed += n;
	}
	assert_int_equal(sealed, 2 * CHUNK_SAMPLES_MAX);
	chunk_open_free(open);
	buf_done(&blob);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_shape_comes_back),
		cmocka_unit_test(test_values_of_every_kind_come_back),
		cmocka_unit_test(test_usual_data_becomes_small),
		cmocka_unit_test(test_nothing_new_takes_nothing),
		cmocka_unit_test(test_blobs_of_another_type_or_version_are_refused),
		cmocka_unit_test(test_damaged_blobs_do_no_harm),
		cmocka_unit_test(test_stats_are_those_of_a_plain_loop),
		cmocka_unit_test(test_stats_of_a_known_series),
		cmocka_unit_test(test_open_chunks_give_all_back),
		cmocka_unit_test(test_open_chunks_are_full_when_they_are_sealed),
		cmocka_unit_test(test_constant_channels_are_sealed_by_count),
	};

	return cmocka_run_group_tests(tests, make, undo);
}
