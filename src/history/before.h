/* before.h - mean and spread of a channel over the time before each injection. Pure.
 *
 * Told in the order of time: samples one by one. A value holds until the next sample, for BUCKETS_HOLD_NS at most, and never over a gap. Only
 * what is good counts.
 */
#ifndef HISTORY_BEFORE_H
#define HISTORY_BEFORE_H

#include "history/buckets.h"

struct before_window {
	int64_t from_ns, to_ns; /* wall time; the same: it is not known when the injection was */
	double known_s, mean, squares;
};

struct before {
	struct before_window *windows; /* by their times; the caller's */
	size_t n_windows, first;       /* those before `first` are over */
	const struct bucket_gap *gaps; /* by time; borrowed */
	size_t n_gaps;
	/* What holds. */
	bool has_value;
	double value;
	int64_t since_ns;
};

void before_init(struct before *b, struct before_window *windows, size_t n_windows,
	const struct bucket_gap *gaps, size_t n_gaps);
/* is_number: the quality is not bad and v is a number. */
void before_sample(struct before *b, int64_t wall_ns, bool is_number, double v);
void before_end(struct before *b);

/* Weighted by time; NaN: nothing was known. */
double before_mean(const struct before_window *w);
double before_spread(const struct before_window *w); /* standard deviation */
double before_share(const struct before_window *w);  /* of the time for which it was known, % */

#endif
