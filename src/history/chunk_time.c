/* chunk_time.c - times as steps of the poll grid and what is left beside it
 *
 * A byte tells how t[1] .. t[n-1] follow from t[0], which stands in the head of the blob:
 *	0  all are the same
 *	1  walk of t[i] - t[0], i = 0 .. n-1
 *	2  grid: varint unit u, ns; varint period P, units; varint zigzag K; column of k[i] - K; walk of r[i]; i = 1 .. n-1
 *	3  grid in one column: u, P as above; varint number of K[]; varint zigzag of each K; varint zigzag R; varint M; column of
 *	   s[i], i = 1 .. n-1; when some s are 0: a list with varint zigzag k, varint zigzag r for each of these. Else
 *	   s = 1 + a M + (r - R), with k = K[a], 0 <= r - R < M
 *
 * t[i] = t[0] + u (P G[i] + r[i]) with G[i] = k[1] + .. + k[i]; modulo 2^64. The grid begins at the first sample, so a jitter
 * of the polls does not add up. One column for both: a k that is nearly always 1 takes next to nothing there.
 */
#include "history/chunk_parts.h"

#include <stdlib.h>

#define ALL_SAME 0
#define WALK 1
#define SPLIT 2
#define FUSED 3

#define SYMBOLS 256
#define PROBES 128
#define WINDOW 256   /* of r, for finding where most of them are */
#define KINDS_MAX 64 /* different steps k that are told apart */
#define GRID_LIMIT (INT64_C(1) << 60)
#define PERIOD_MAX                                                                                 \
	(INT64_C(1) << 46) /* the sum of eight of it for each sample is a signed number */
#define ODD_SHARE 16
#define ODD_BITS 24
#define CHEAP_BITS 4.5f /* a sample: no other way is tried below */

/* k[i] in c->k, r[i] in c->r, i = 1 .. n-1 */
struct grid {
	uint64_t unit;
	int64_t period;       /* units */
	int64_t k[KINDS_MAX]; /* K[], the most frequent first */
	size_t n_k;
	int64_t r_first, r_count; /* R and M; M = 0: k and r do not fit into one column */
	float cost;               /* bits of the columns */
};

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Some of the distances that are above 0, sorted; returns how many. */
static size_t
probe(const int64_t *x, size_t n, int64_t out[PROBES])
{
	size_t step = 1 + (n - 1) / PROBES, found = 0;

	for (size_t i = 1; i < n && found < PROBES; i += step)
		if (x[i] > x[i - 1])
			out[found++] = x[i] - x[i - 1];
	qsort(out, found, sizeof(out[0]), compare);
	return found;
}

/* The mean distance, where each counts as the nearest multiple of `near`. */
static int64_t
refine(const int64_t *x, size_t n, int64_t near)
{
	int64_t sum = 0, count = 0;

	for (size_t i = 1; i < n; i++) {
		int64_t d = x[i] - x[i - 1];

		if (d < near / 2 || d >= near * 8)
			continue;
		sum += d;
		count += (d + near / 2) / near;
	}
	return count == 0 ? near : MAX((sum + count / 2) / count, 1);
}

static void
lay_grid(struct chunk_coder *c, const int64_t *x, size_t n, int64_t period)
{
	int64_t before = 0;

	for (size_t i = 1; i < n; i++) {
		int64_t shifted = x[i] + period / 2, at = shifted / period;

		at -= shifted % period < 0;
		c->k[i] = at - before;
		c->r[i] = x[i] - at * period;
		before = at;
	}
}

/* R and M: the smallest range that all but n / 100 of r are in; false when it is far from 0. */
static bool
find_range(const int64_t *r, size_t n, struct grid *g)
{
	size_t count[WINDOW] = { 0 }, inside = 1, left = n / 100, low = 0, high = WINDOW - 1;

	for (size_t i = 1; i < n; i++)
		if (r[i] >= -WINDOW / 2 && r[i] < WINDOW / 2) {
			count[r[i] + WINDOW / 2]++;
			inside++;
		}
	if (inside + n / ODD_SHARE < n)
		return false;
	while (low < high && MIN(count[low], count[high]) <= left) {
		if (count[low] <= count[high])
			left -= count[low++];
		else
			left -= count[high--];
	}
	g->r_first = (int64_t)low - WINDOW / 2;
	g->r_count = (int64_t)(high - low) + 1;
	return true;
}

static size_t
place_of(const int64_t *list, size_t n, int64_t k)
{
	size_t i = 0;

	while (i < n && list[i] != k)
		i++;
	return i;
}

/* K: the steps that come, the most frequent first; false when there are too many of them. */
static bool
find_steps(const int64_t *k, size_t n, struct grid *g)
{
	size_t count[KINDS_MAX] = { 0 }, n_odd = 0;

	g->n_k = 0;
	for (size_t i = 1; i < n; i++) {
		size_t at = place_of(g->k, g->n_k, k[i]);

		if (at == KINDS_MAX) {
			if (n_odd++ > n / ODD_SHARE)
				return false;
			continue;
		}
		if (at == g->n_k)
			g->k[g->n_k++] = k[i];
		count[at]++;
	}
	for (size_t i = 1; i < g->n_k; i++) /* insertion sort */
		for (size_t j = i; j > 0 && count[j] > count[j - 1]; j--) {
			size_t many = count[j];
			int64_t step = g->k[j];

			count[j] = count[j - 1];
			g->k[j] = g->k[j - 1];
			count[j - 1] = many;
			g->k[j - 1] = step;
		}
	return true;
}

/* Symbols into c->e; returns how many are none. */
static size_t
fuse(struct chunk_coder *c, size_t n, const struct grid *g)
{
	size_t n_odd = 0;

	for (size_t i = 1; i < n; i++) {
		size_t at = place_of(g->k, g->n_k, c->k[i]);
		int64_t r = c->r[i] - g->r_first;
		bool is_in = at < g->n_k && r >= 0 && r < g->r_count;

		c->e[i - 1] = is_in ? 1 + at * (size_t)g->r_count + (size_t)r : 0;
		n_odd += !is_in;
	}
	return n_odd;
}

/* Can k and r be one column? */
static bool
try_fused(struct chunk_coder *c, size_t n, enum chunk_form form, struct grid *g)
{
	size_t n_odd;

	if (!find_range(c->r, n, g) || !find_steps(c->k, n, g))
		return false;
	g->n_k = MIN(g->n_k, (size_t)((SYMBOLS - 1) / g->r_count));
	if (g->n_k == 0)
		return false;
	n_odd = fuse(c, n, g);
	g->cost = chunk_column_cost(c, c->e, n - 1, form) + (float)n_odd * ODD_BITS +
		  (float)g->n_k * 8;
	return n_odd <= n / ODD_SHARE;
}

static void
try_grid(struct chunk_coder *c, const int64_t *x, size_t n, enum chunk_form form, struct grid *g)
{
	lay_grid(c, x, n, g->period);
	if (try_fused(c, n, form, g))
		return;
	g->r_count = 0;
	for (size_t i = 1; i < n; i++)
		c->e[i - 1] = zigzag(c->k[i]);
	g->cost = chunk_column_cost(c, c->e, n - 1, form);
	for (size_t i = 1; i < n; i++)
		c->e[i - 1] = zigzag(c->r[i]);
	g->cost += chunk_column_cost(c, c->e, n - 1, form);
}

/* Keep the better one; true when it is a good one. */
static bool
take_better(struct chunk_coder *c, const int64_t *x, size_t n, enum chunk_form form, int64_t period,
	struct grid *best)
{
	struct grid g = { .unit = best->unit, .period = period };

	try_grid(c, x, n, form, &g);
	if (best->period == 0 || g.cost < best->cost)
		*best = g;
	return best->r_count > 0 && best->cost < CHEAP_BITS * (float)n;
}

/* The best of the periods that the distances x[i] - x[i-1] speak for, then of those that people choose; false: no grid. */
static bool
find_grid(struct chunk_coder *c, const int64_t *x, size_t n, enum chunk_form form, struct grid *out)
{
	static const unsigned places[] = { 50,
		10 }; /* percent: the median, and where most polls change nothing */
	static const uint64_t usual[] = { 1000000000, 100000000, 10000000 }; /* ns */
	int64_t probes[PROBES], tried = 0;
	size_t found;

	for (size_t i = 0; i < n; i++)
		if (x[i] > GRID_LIMIT || x[i] < -GRID_LIMIT)
			return false;
	found = probe(x, n, probes);
	if (found == 0)
		return false;
	for (size_t i = 0; i < NELEM(places); i++) {
		int64_t near = MIN(probes[found * places[i] / 100], PERIOD_MAX);
		int64_t period = refine(x, n, near);

		if (period != tried && take_better(c, x, n, form, period, out))
			return true;
		tried = period;
	}
	for (size_t i = 0; i < NELEM(usual); i++)
		if (usual[i] % out->unit == 0 && usual[i] / out->unit > 1 &&
			take_better(c, x, n, form, (int64_t)(usual[i] / out->unit), out))
			return true;
	return true;
}

static void
put_grid(unsigned mode, const struct grid *g, struct buf *out)
{
	buf_putc(out, (char)mode);
	chunk_put_varint(out, g->unit);
	chunk_put_varint(out, (uint64_t)g->period);
}

static void
put_fused(struct chunk_coder *c, const int64_t *x, size_t n, const struct grid *g,
	enum chunk_form form, struct buf *out)
{
	size_t n_odd;

	lay_grid(c, x, n, g->period);
	put_grid(FUSED, g, out);
	chunk_put_varint(out, g->n_k);
	for (size_t i = 0; i < g->n_k; i++)
		chunk_put_varint(out, zigzag(g->k[i]));
	chunk_put_varint(out, zigzag(g->r_first));
	chunk_put_varint(out, (uint64_t)g->r_count);
	n_odd = fuse(c, n, g);
	chunk_put_column(c, c->e, n - 1, form, out);
	if (n_odd == 0)
		return;
	buf_clear(&c->bytes);
	for (size_t i = 1; i < n; i++)
		if (c->e[i - 1] == 0) {
			chunk_put_varint(&c->bytes, zigzag(c->k[i]));
			chunk_put_varint(&c->bytes, zigzag(c->r[i]));
		}
	chunk_put_list(c, &c->bytes, form, out);
}

static void
put_split(struct chunk_coder *c, const int64_t *x, size_t n, const struct grid *g,
	enum chunk_form form, struct buf *out)
{
	int64_t least;

	lay_grid(c, x, n, g->period);
	least = c->k[1];
	for (size_t i = 2; i < n; i++)
		least = MIN(least, c->k[i]);
	put_grid(SPLIT, g, out);
	chunk_put_varint(out, zigzag(least));
	for (size_t i = 1; i < n; i++)
		c->e[i - 1] = (uint64_t)c->k[i] - (uint64_t)least;
	chunk_put_column(c, c->e, n - 1, form, out);
	chunk_put_walk(c, c->r + 1, n - 1, false, form, out);
}

static void
put_walk(struct chunk_coder *c, const int64_t *t, size_t n, enum chunk_form form, struct buf *out)
{
	buf_putc(out, WALK);
	for (size_t i = 0; i < n; i++)
		c->k[i] = (int64_t)((uint64_t)t[i] - (uint64_t)t[0]);
	chunk_put_walk(c, c->k, n, false, form, out);
}

/* x[i] = (t[i] - t[0]) / unit */
static void
to_units(const int64_t *t, size_t n, uint64_t unit, int64_t *x)
{
	for (size_t i = 0; i < n; i++) {
		int64_t d = (int64_t)((uint64_t)t[i] - (uint64_t)t[0]);

		x[i] = unit > INT64_MAX ? 0 : d / (int64_t)unit;
	}
}

/* What was written from `begin` on, or what stands in `other`. */
static void
keep_smaller(struct buf *out, size_t begin, const struct buf *other)
{
	if (out->n > begin && out->n - begin <= other->n)
		return;
	out->n = begin;
	buf_put(out, other->data, other->n);
}

void
chunk_put_times(
	struct chunk_coder *c, const int64_t *t, size_t n, enum chunk_form form, struct buf *out)
{
	struct buf *other = &c->part_try;
	size_t begin;
	struct grid g = { .unit = chunk_common_step(t, n) };

	if (g.unit == 0) {
		buf_putc(out, ALL_SAME);
		return;
	}
	to_units(t, n, g.unit, c->x);
	if (g.unit > INT64_MAX || !find_grid(c, c->x, n, form, &g)) {
		put_walk(c, t, n, form, out);
		return;
	}
	begin = out->n;
	if (g.r_count > 0) {
		put_fused(c, c->x, n, &g, form, out);
		if (g.cost < CHEAP_BITS * (float)n)
			return;
	}
	buf_clear(other);
	put_walk(c, t, n, form, other);
	keep_smaller(out, begin, other);
	buf_clear(other);
	put_split(c, c->x, n, &g, form, other);
	keep_smaller(out, begin, other);
}

static void
get_split(struct chunk_coder *c, struct chunk_in *in, uint64_t t0, int64_t *t, size_t n)
{
	uint64_t unit = chunk_get_varint(in), period = chunk_get_varint(in);
	uint64_t least = (uint64_t)unzigzag(chunk_get_varint(in));

	chunk_get_column(c, in, (uint64_t *)c->k, n - 1);
	chunk_get_walk(c, in, c->r, n - 1);
	t[0] = (int64_t)t0;
	for (size_t i = 1; i < n; i++) {
		t0 += unit * period * ((uint64_t)c->k[i - 1] + least);
		t[i] = (int64_t)(t0 + unit * (uint64_t)c->r[i - 1]);
	}
}

/* What a symbol adds to the place on the grid, and the rest beside it; ns. */
struct move {
	uint64_t step, rest;
};

static void
get_odd_times(struct chunk_coder *c, struct chunk_in *in, uint64_t t0, uint64_t unit,
	uint64_t period, const struct move *moves, int64_t *t, size_t n)
{
	struct chunk_in list = chunk_get_list(c, in, n * 20);

	for (size_t i = 1; i < n; i++) {
		struct move m = moves[c->e[i - 1]];

		if (c->e[i - 1] == 0) {
			m.step = unit * period * (uint64_t)unzigzag(chunk_get_varint(&list));
			m.rest = unit * (uint64_t)unzigzag(chunk_get_varint(&list));
		}
		t0 += m.step;
		t[i] = (int64_t)(t0 + m.rest);
	}
	in->is_bad |= list.is_bad || list.p != list.end;
}

/* The moves of all symbols; returns how many there are, 0 when something is wrong. */
static size_t
get_moves(struct chunk_in *in, uint64_t unit, uint64_t period, struct move *moves)
{
	uint64_t k[SYMBOLS], n_k = chunk_get_varint(in), r_first, r_count;

	if (n_k == 0 || n_k >= SYMBOLS)
		return 0;
	for (size_t i = 0; i < n_k; i++)
		k[i] = (uint64_t)unzigzag(chunk_get_varint(in));
	r_first = (uint64_t)unzigzag(chunk_get_varint(in));
	r_count = chunk_get_varint(in);
	if (in->is_bad || r_count == 0 || r_count > (SYMBOLS - 1) / n_k)
		return 0;
	for (size_t i = 0; i < n_k * r_count; i++) {
		moves[i + 1].step = unit * period * k[i / r_count];
		moves[i + 1].rest = unit * (r_first + i % r_count);
	}
	return (size_t)(n_k * r_count + 1);
}

static void
get_fused(struct chunk_coder *c, struct chunk_in *in, uint64_t t0, int64_t *t, size_t n)
{
	uint64_t unit = chunk_get_varint(in), period = chunk_get_varint(in), most = 0;
	struct move moves[SYMBOLS] = { 0 };
	size_t n_moves = get_moves(in, unit, period, moves);
	bool has_odd = false;

	chunk_get_column(c, in, c->e, n - 1);
	for (size_t i = 0; i < n - 1; i++) {
		most = MAX(most, c->e[i]);
		has_odd |= c->e[i] == 0;
	}
	if (most >= n_moves) {
		in->is_bad = true;
		return;
	}
	t[0] = (int64_t)t0;
	if (has_odd) {
		get_odd_times(c, in, t0, unit, period, moves, t, n);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		t0 += moves[c->e[i - 1]].step;
		t[i] = (int64_t)(t0 + moves[c->e[i - 1]].rest);
	}
}

void
chunk_get_times(struct chunk_coder *c, struct chunk_in *in, int64_t t0, int64_t *t, size_t n)
{
	const uint8_t *mode = chunk_get_bytes(in, 1);

	if (mode == NULL || *mode > FUSED || (n < 2 && *mode != ALL_SAME)) {
		in->is_bad = true;
		return;
	}
	if (*mode == SPLIT)
		get_split(c, in, (uint64_t)t0, t, n);
	else if (*mode == FUSED)
		get_fused(c, in, (uint64_t)t0, t, n);
	else if (*mode == WALK)
		chunk_get_walk(c, in, t, n);
	for (size_t i = 0; i < n && *mode <= WALK; i++)
		t[i] = (int64_t)((uint64_t)t0 + (*mode == WALK ? (uint64_t)t[i] : 0));
}
