/* buckets.c - the values of one channel as n buckets */
#include "history/buckets.h"

#include <math.h>

#include <string.h>

#include "msg/quality.h"

void
buckets_init(struct buckets *b, int64_t from_ns, int64_t to_ns, struct bucket *at, size_t n,
	const struct bucket_gap *gaps, size_t n_gaps)
{
	*b = (struct buckets){
		.from_ns = from_ns, .to_ns = to_ns, .n = n, .at = at, .gaps = gaps, .n_gaps = n_gaps
	};
	memset(at, 0, n * sizeof(*at));
	b->last_from_ns = from_ns;
	b->last_to_ns = buckets_edge(b, 1);
}

int64_t
buckets_edge(const struct buckets *b, size_t i)
{
	uint64_t span = (uint64_t)b->to_ns - (uint64_t)b->from_ns;
	uint64_t whole = span / b->n, rest = span % b->n;

	return (int64_t)((uint64_t)b->from_ns + whole * i + rest * i / b->n);
}

/* By floating point, which is wrong by one at most where n is far below 2^53. */
static size_t
index_of(const struct buckets *b, int64_t t)
{
	double span = (double)((uint64_t)b->to_ns - (uint64_t)b->from_ns);
	double at = (double)((uint64_t)t - (uint64_t)b->from_ns) / span * (double)b->n;
	size_t i = MIN((size_t)at, b->n - 1);

	while (i > 0 && t < buckets_edge(b, i))
		i--;
	while (i + 1 < b->n && t >= buckets_edge(b, i + 1))
		i++;
	return i;
}

/* The bucket of a moment in the range, which becomes the last one. */
static struct bucket *
find(struct buckets *b, int64_t t)
{
	size_t i;

	if (t >= b->last_from_ns && t < b->last_to_ns)
		return &b->at[b->last];
	if (t >= b->last_to_ns && b->last + 1 < b->n && t < buckets_edge(b, b->last + 2))
		i = b->last + 1;
	else
		i = index_of(b, t);
	b->last = i;
	b->last_from_ns = buckets_edge(b, i);
	b->last_to_ns = buckets_edge(b, i + 1);
	return &b->at[i];
}

int64_t
buckets_end_of(struct buckets *b, int64_t wall_ns)
{
	find(b, wall_ns);
	return b->last_to_ns;
}

static void
add_range(struct bucket *to, double min, double max)
{
	if (!to->has_value || min < to->min)
		to->min = min;
	if (!to->has_value || max > to->max)
		to->max = max;
	to->has_value = true;
}

/* Of two qualities the worse one; of the same class the one that came first. */
static uint16_t
worse(uint16_t a, uint16_t b)
{
	return quality_row(b)->class > quality_row(a)->class ? b : a;
}

/* ---- what holds ---------------------------------------------------------------------------------------------------------- */

/* The first gap that ends behind t. */
static size_t
gap_behind(const struct buckets *b, int64_t t)
{
	size_t low = 0, high = b->n_gaps;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (b->gaps[middle].to_ns <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What holds does so until t, or the next gap. */
static void
hold(struct buckets *b, int64_t t)
{
	int64_t from = MAX(b->since_ns, b->from_ns), to = MIN(t, b->to_ns);
	size_t gap;

	if (!b->has_quality || to <= from)
		return;
	gap = b->n_gaps > 0 ? gap_behind(b, b->since_ns) : 0;
	if (gap < b->n_gaps)
		to = MIN(to, MAX(b->gaps[gap].from_ns, b->since_ns));
	while (from < to) {
		struct bucket *in = find(b, from);
		int64_t end = MIN(to, b->last_to_ns);

		if (b->quality != Q_GOOD)
			in->quality = worse(in->quality, b->quality);
		if (b->has_value) {
			add_range(in, b->value, b->value);
			in->area += b->value * ((double)(end - from) / (double)NS_PER_S);
			in->held_ns += end - from;
		}
		from = end;
	}
}

/* ---- what is told -------------------------------------------------------------------------------------------------------- */

void
buckets_sample(struct buckets *b, int64_t wall_ns, unsigned quality, bool is_number, double v)
{
	struct bucket *in;

	hold(b, wall_ns);
	b->has_quality = true;
	b->has_value = is_number;
	b->value = v;
	b->quality = (uint16_t)MIN(quality, (unsigned)Q_COUNT);
	b->since_ns = wall_ns;
	if (wall_ns < b->from_ns || wall_ns >= b->to_ns)
		return;
	in = find(b, wall_ns);
	if (b->quality != Q_GOOD)
		in->quality = worse(in->quality, b->quality);
	in->n++;
	if (!is_number)
		return;
	add_range(in, v, v);
	if (in->n_good++ == 0)
		in->first = v;
	in->last = v;
	in->sum += v;
}

/* One with gaps in it, or with values that are not good, has to be looked into: for how long they held and why they were not. A clock that was set
 * while it was filled has moved some of its samples. */
bool
buckets_takes(
	const struct buckets *b, const struct chunk_stats *stats, int64_t from_ns, int64_t to_ns)
{
	const unsigned not = CHUNK_TIME_BACK | CHUNK_UNCERTAIN | CHUNK_NAN;
	size_t gap = gap_behind(b, from_ns);
	struct buckets look = *b;

	if ((stats->flags & not ) != 0 || stats->n_good != stats->n ||
		to_ns - from_ns != stats->t_max - stats->t_min)
		return false;
	if (from_ns < b->from_ns || to_ns >= b->to_ns ||
		(gap < b->n_gaps && b->gaps[gap].from_ns < to_ns))
		return false;
	find(&look, from_ns);
	return to_ns < look.last_to_ns;
}

void
buckets_chunk(struct buckets *b, const struct chunk_stats *stats, int64_t from_ns, int64_t to_ns)
{
	struct bucket *in;

	hold(b, from_ns);
	in = find(b, from_ns);
	add_range(in, stats->min, stats->max);
	if (in->n_good == 0)
		in->first = stats->first;
	in->last = stats->last;
	in->n += (uint32_t)stats->n;
	in->n_good += (uint32_t)stats->n_good;
	in->sum += stats->sum;
	in->area += stats->area;
	in->held_ns += stats->held_ns;
	b->has_quality = b->has_value = true;
	b->value = stats->last;
	b->quality = Q_GOOD;
	b->since_ns = to_ns;
}

void
buckets_spread(struct buckets *b, const struct chunk_stats *stats, int64_t from_ns, int64_t to_ns)
{
	double mean = stats->held_ns > 0 ? stats->area / ((double)stats->held_ns / (double)NS_PER_S)
					 : stats->first;
	int64_t from = MAX(from_ns, b->from_ns), to = MIN(to_ns, b->to_ns);

	hold(b, from_ns);
	if (from_ns >= b->from_ns && from_ns < b->to_ns) {
		struct bucket *in = find(b, from_ns);

		if (in->n_good == 0)
			in->first = stats->first;
		in->last = stats->last;
		in->n += (uint32_t)stats->n;
		in->n_good += (uint32_t)stats->n_good;
		in->sum += stats->sum;
	}
	while (from < to) {
		struct bucket *in = find(b, from);
		int64_t end = MIN(to, b->last_to_ns);

		add_range(in, stats->min, stats->max);
		in->is_thinned = true;
		in->area += mean * ((double)(end - from) / (double)NS_PER_S);
		in->held_ns += end - from;
		from = end;
	}
	b->has_quality = b->has_value = true;
	b->value = stats->last;
	b->quality = Q_GOOD;
	b->since_ns = to_ns;
}

void
buckets_end(struct buckets *b, int64_t recorded_ns)
{
	int64_t until;

	if (__builtin_add_overflow(b->since_ns, BUCKETS_HOLD_NS, &until))
		until = INT64_MAX;
	hold(b, MIN(until, MAX(recorded_ns, b->since_ns)));
	b->has_quality = b->has_value = false;
}

/* Values that held for no time at all, such as a single one before a bad one at the same moment, have a plain mean. What rounding makes of it stays between
 * the least and the most: a value that never changed is its own mean. */
double
bucket_mean(const struct bucket *b)
{
	double mean = b->min;

	if (b->held_ns > 0)
		mean = b->area / ((double)b->held_ns / (double)NS_PER_S);
	else if (b->n_good > 0)
		mean = b->sum / (double)b->n_good;
	return fmin(fmax(mean, b->min), b->max);
}
