/* chunk_walk.c - signed whole numbers as what is left of them after a prediction
 *
 *	varint    zigzag of the first number k[0]
 *	varint    g: all k[i] - k[0] are multiples of it, j[i] = (k[i] - k[0]) / g; 0: all are k[0], nothing follows
 *	byte      prediction
 *	  0       none: varint zigzag of the smallest j; column of j[i] - smallest, n numbers
 *	  1..7    mean of shift s = 0..6: with S = 0 and for i = 1 .. n-1: column of zigzag(j[i] - p), p = (S + 2^s / 2) >> s,
 *	          S += j[i] - p. An exponential mean; s = 0 is the difference to the one before. For s > 0 a varint T stands before
 *	          the column: where a number in it is T or more, S = j[i] << s instead: after a jump the mean begins anew.
 *	  8..12   line of shift s = 0..4, b = 2s + 1 (0 for s = 0): with L = 0, B = 0 and for i = 1 .. n-1: L += B; column of
 *	          zigzag(d), d = j[i] - p, p = (L + 2^b / 2) >> b; L += d << (b - s), B += d. A mean that also follows a slope;
 *	          s = 0 is the difference to the last difference. T as above: L = j[i] << b, B = 0.
 *	  13      bits: for i = 1 .. n-1: column of k[i] XOR k[i-1]; g is 1
 *
 * All of it is modulo 2^64, so that numbers of any size come back; >> keeps the sign.
 */
#include "history/chunk_parts.h"

#define NONE 0
#define MEAN 1
#define MEAN_SHIFTS 7
#define LINE (MEAN + MEAN_SHIFTS)
#define LINE_SHIFTS 5
#define XOR (LINE + LINE_SHIFTS)
#define PREDICTIONS (XOR + 1)
#define COARSE_BITS 16.0f /* a number; above that a better mean is worth nothing */

static uint64_t
magnitude(int64_t v)
{
	return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

static uint64_t
common_divisor(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

uint64_t
chunk_common_step(const int64_t *k, size_t n)
{
	uint64_t g = 0;

	for (size_t i = 1; i < n && g != 1; i++) {
		uint64_t d = magnitude((int64_t)((uint64_t)k[i] - (uint64_t)k[0]));

		if (g == 0 || (d != 0 && d % g != 0))
			g = common_divisor(d, g);
	}
	return g;
}

static void
steps(const int64_t *k, size_t n, uint64_t g, int64_t *j)
{
	if (g == 1) {
		for (size_t i = 0; i < n; i++)
			j[i] = (int64_t)((uint64_t)k[i] - (uint64_t)k[0]);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		int64_t d = (int64_t)((uint64_t)k[i] - (uint64_t)k[0]);
		uint64_t q = magnitude(d) / g;

		j[i] = (int64_t)(d < 0 ? 0 - q : q);
	}
}

static int64_t
smallest(const int64_t *j, size_t n)
{
	int64_t least = j[0];

	for (size_t i = 1; i < n; i++)
		least = MIN(least, j[i]);
	return least;
}

static void
mean_rest(const int64_t *j, size_t n, unsigned shift, uint64_t jump, uint64_t *e)
{
	uint64_t sum = 0, half = (UINT64_C(1) << shift) >> 1;

	for (size_t i = 1; i < n; i++) {
		uint64_t p = (uint64_t)((int64_t)(sum + half) >> shift), d = (uint64_t)j[i] - p;

		e[i - 1] = zigzag((int64_t)d);
		sum = e[i - 1] < jump ? sum + d
				      : (uint64_t)j[i] << shift; /* the same for shift 0 */
	}
}

static unsigned
slope_shift(unsigned shift)
{
	return shift == 0
		       ? 0
		       : 2 * shift + 1; /* near to critical damping: it neither swings nor lags */
}

static void
line_rest(const int64_t *j, size_t n, unsigned shift, uint64_t jump, uint64_t *e)
{
	unsigned b = slope_shift(shift);
	uint64_t level = 0, slope = 0, half = (UINT64_C(1) << b) >> 1;

	for (size_t i = 1; i < n; i++) {
		uint64_t p, d;

		level += slope;
		p = (uint64_t)((int64_t)(level + half) >> b);
		d = (uint64_t)j[i] - p;
		e[i - 1] = zigzag((int64_t)d);
		level += d << (b - shift);
		slope += d;
		if (shift > 0 && e[i - 1] >= jump) {
			level = (uint64_t)j[i] << b;
			slope = 0;
		}
	}
}

/* T: well above the differences of neighbours that are usual. Uses e. */
static uint64_t
find_jump(const int64_t *j, size_t n, uint64_t *e)
{
	size_t count[65] = { 0 }, below = 0;
	unsigned width = 0;

	mean_rest(j, n, 0, UINT64_MAX, e);
	for (size_t i = 0; i < n - 1; i++)
		count[e[i] == 0 ? 0 : 64 - __builtin_clzll(e[i])]++;
	while ((below += count[width]) * 10 < (n - 1) * 9)
		width++;
	return width >= 62 ? UINT64_MAX : UINT64_C(2) << width;
}

/* Has this prediction a T? */
static bool
has_jump(unsigned way)
{
	return (way > MEAN && way < LINE) || (way > LINE && way < XOR);
}

/* What the column holds under a prediction; returns how many numbers. */
static size_t
rest(unsigned way, const int64_t *k, const int64_t *j, size_t n, uint64_t jump, uint64_t *e)
{
	int64_t least;

	if (way == NONE) {
		least = smallest(j, n);
		for (size_t i = 0; i < n; i++)
			e[i] = (uint64_t)j[i] - (uint64_t)least;
		return n;
	}
	if (way == XOR)
		for (size_t i = 1; i < n; i++)
			e[i - 1] = (uint64_t)k[i] ^ (uint64_t)k[i - 1];
	else if (way >= LINE)
		line_rest(j, n, way - LINE, jump, e);
	else
		mean_rest(j, n, way - MEAN, jump, e);
	return n - 1;
}

static void
put_way(struct chunk_coder *c, unsigned way, const int64_t *k, size_t n, uint64_t g, uint64_t jump,
	enum chunk_form form, struct buf *out)
{
	size_t m = rest(way, k, c->j, n, jump, c->e);

	chunk_put_varint(out, way == XOR ? 1 : g);
	buf_putc(out, (char)way);
	if (way == NONE)
		chunk_put_varint(out, zigzag(smallest(c->j, n)));
	if (has_jump(way))
		chunk_put_varint(out, jump);
	chunk_put_column(c, c->e, m, form, out);
}

/* The two predictions that leave least, the best first. */
static void
rank(struct chunk_coder *c, const int64_t *k, size_t n, bool as_bits, uint64_t jump,
	enum chunk_form form, unsigned best[2])
{
	float cost[PREDICTIONS];

	best[0] = best[1] = NONE;
	for (unsigned way = NONE; way < PREDICTIONS; way++) {
		size_t m;

		if (way == XOR && !as_bits)
			continue;
		if (way > MEAN && way < XOR && cost[MEAN] > COARSE_BITS * (float)n && way != LINE)
			continue;
		m = rest(way, k, c->j, n, jump, c->e);
		cost[way] = chunk_column_cost(c, c->e, m, form);
		if (way == NONE)
			continue;
		if (cost[way] < cost[best[0]]) {
			best[1] = best[0];
			best[0] = way;
		} else if (best[1] == best[0] || cost[way] < cost[best[1]])
			best[1] = way;
	}
}

void
chunk_put_walk(struct chunk_coder *c, const int64_t *k, size_t n, bool as_bits,
	enum chunk_form form, struct buf *out)
{
	struct buf *tries = c->walk_try;
	uint64_t g = chunk_common_step(k, n), jump;
	unsigned best[2], n_tries = form == CHUNK_PACKED ? 2 : 1, chosen;

	chunk_put_varint(out, zigzag(k[0]));
	if (g == 0) {
		chunk_put_varint(out, 0);
		return;
	}
	steps(k, n, g, c->j);
	jump = find_jump(c->j, n, c->e);
	rank(c, k, n, as_bits, jump, form, best);
	for (unsigned i = 0; i < n_tries; i++) {
		buf_clear(&tries[i]);
		put_way(c, best[i], k, n, g, jump, form, &tries[i]);
	}
	chosen = n_tries > 1 && tries[1].n < tries[0].n;
	buf_put(out, tries[chosen].data, tries[chosen].n);
}

static void
from_least(const uint64_t *e, size_t n, int64_t least, uint64_t first, uint64_t g, int64_t *k)
{
	first += g * (uint64_t)least;
	for (size_t i = 0; i < n; i++)
		k[i] = (int64_t)(first + g * e[i]);
}

static void
from_mean(const uint64_t *e, size_t n, unsigned shift, uint64_t jump, uint64_t first, uint64_t g,
	int64_t *k)
{
	uint64_t sum = 0, half = (UINT64_C(1) << shift) >> 1;

	k[0] = (int64_t)first;
	for (size_t i = 1; i < n; i++) {
		uint64_t p = (uint64_t)((int64_t)(sum + half) >> shift),
			 d = (uint64_t)unzigzag(e[i - 1]);

		k[i] = (int64_t)(first + g * (p + d));
		sum = e[i - 1] < jump ? sum + d : (p + d) << shift;
	}
}

static void
from_line(const uint64_t *e, size_t n, unsigned shift, uint64_t jump, uint64_t first, uint64_t g,
	int64_t *k)
{
	unsigned b = slope_shift(shift);
	uint64_t level = 0, slope = 0, half = (UINT64_C(1) << b) >> 1;

	k[0] = (int64_t)first;
	for (size_t i = 1; i < n; i++) {
		uint64_t p, d = (uint64_t)unzigzag(e[i - 1]);

		level += slope;
		p = (uint64_t)((int64_t)(level + half) >> b);
		k[i] = (int64_t)(first + g * (p + d));
		level += d << (b - shift);
		slope += d;
		if (shift > 0 && e[i - 1] >= jump) {
			level = (p + d) << b;
			slope = 0;
		}
	}
}

static void
from_xor(const uint64_t *e, size_t n, uint64_t first, int64_t *k)
{
	k[0] = (int64_t)first;
	for (size_t i = 1; i < n; i++)
		k[i] = (int64_t)(first ^= e[i - 1]);
}

static void
get_way(struct chunk_coder *c, struct chunk_in *in, unsigned way, uint64_t first, uint64_t g,
	int64_t *k, size_t n)
{
	uint64_t jump = has_jump(way) ? chunk_get_varint(in) : UINT64_MAX;

	if (way == NONE) {
		int64_t least = unzigzag(chunk_get_varint(in));

		chunk_get_column(c, in, c->e, n);
		from_least(c->e, n, least, first, g, k);
		return;
	}
	chunk_get_column(c, in, c->e, n - 1);
	if (way == XOR)
		from_xor(c->e, n, first, k);
	else if (way >= LINE)
		from_line(c->e, n, way - LINE, jump, first, g, k);
	else
		from_mean(c->e, n, way - MEAN, jump, first, g, k);
}

void
chunk_get_walk(struct chunk_coder *c, struct chunk_in *in, int64_t *k, size_t n)
{
	int64_t first = unzigzag(chunk_get_varint(in));
	uint64_t g = chunk_get_varint(in);
	const uint8_t *way = g == 0 ? NULL : chunk_get_bytes(in, 1);

	if (way != NULL && *way < PREDICTIONS) {
		get_way(c, in, *way, (uint64_t)first, g, k, n);
		return;
	}
	in->is_bad |= g != 0;
	for (size_t i = 0; i < n; i++)
		k[i] = first;
}
