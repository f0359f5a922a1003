/* before.c - mean and spread of a channel over the time before each injection
 *
 * Source of the sums: D. H. D. West, Updating mean and variance estimates, Comm. ACM 22 (1979). A value that never changed is its own mean.
 */
#include "history/before.h"

#include <math.h>
#include <string.h>

void
before_init(struct before *b, struct before_window *windows, size_t n_windows,
	const struct bucket_gap *gaps, size_t n_gaps)
{
	*b = (struct before){
		.windows = windows, .n_windows = n_windows, .gaps = gaps, .n_gaps = n_gaps
	};
}

static void
add(struct before_window *w, int64_t from_ns, int64_t to_ns, double v)
{
	double s, far = v - w->mean;

	from_ns = MAX(from_ns, w->from_ns);
	to_ns = MIN(to_ns, w->to_ns);
	if (to_ns <= from_ns)
		return;
	s = (double)(to_ns - from_ns) / (double)NS_PER_S;
	w->known_s += s;
	w->mean += far * s / w->known_s;
	w->squares += s * far * (v - w->mean);
}

/* Where the first gap that ends behind t begins; INT64_MAX: there is none. */
static int64_t
next_gap(const struct before *b, int64_t t)
{
	size_t low = 0, high = b->n_gaps;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (b->gaps[middle].to_ns <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low < b->n_gaps ? b->gaps[low].from_ns : INT64_MAX;
}

static void
hold(struct before *b, int64_t until_ns)
{
	if (!b->has_value)
		return;
	until_ns = MIN(until_ns, b->since_ns + BUCKETS_HOLD_NS);
	until_ns = MIN(until_ns, next_gap(b, b->since_ns));
	while (b->first < b->n_windows && b->windows[b->first].to_ns <= b->since_ns)
		b->first++;
	for (size_t i = b->first; i < b->n_windows && b->windows[i].from_ns < until_ns; i++)
		add(&b->windows[i], b->since_ns, until_ns, b->value);
}

void
before_sample(struct before *b, int64_t wall_ns, bool is_number, double v)
{
	hold(b, wall_ns);
	if (wall_ns < b->since_ns)
		b->first = 0; /* the clock was set back */
	b->has_value = is_number;
	b->value = v;
	b->since_ns = wall_ns;
}

void
before_end(struct before *b)
{
	hold(b, INT64_MAX);
	b->has_value = false;
}

double
before_mean(const struct before_window *w)
{
	return w->known_s > 0 ? w->mean : (double)NAN;
}

double
before_spread(const struct before_window *w)
{
	return w->known_s > 0 ? sqrt(fmax(w->squares, 0) / w->known_s) : (double)NAN;
}

double
before_share(const struct before_window *w)
{
	double span_s = (double)(w->to_ns - w->from_ns) / (double)NS_PER_S;

	return span_s > 0 ? fmin(floor(1000 * w->known_s / span_s + 1e-6) / 10, 100) : (double)NAN;
}
