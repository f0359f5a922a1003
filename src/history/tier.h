/* tier.h - the good values of a channel in an interval as one sample, which stands for all of them. Pure.
 *
 * Told sample by sample, in their order. What is not good or not a finite number stays as it is, and so do a few values
 * alone in their interval. Samples that stand for several already become part of
 * larger ones. Buckets whose edges are edges of intervals have the same numbers before and afterwards (buckets.h), sums and means to 11 digits.
 */
#ifndef HISTORY_TIER_H
#define HISTORY_TIER_H

#include "history/series.h"

#define TIER_FEW 4 /* so many samples take less room than what would stand for them */

struct tier {
	struct series out; /* done: the caller's to take away */
	/* Those that belong together, as far as they have come. */
	struct series few; /* the first ones as they came */
	size_t n;          /* 0: there are none */
	int64_t interval;
	struct series_sum sum;
};

void tier_init(struct tier *t, enum value_type type);
void tier_done(struct tier *t);
void tier_clear(struct tier *t, enum value_type type);

/* Sample i of s, in this interval (a number that is the same in all of one). */
void tier_add(struct tier *t, const struct series *s, size_t i, int64_t interval);

/* What comes next does not belong together with what has come: a gap lies between them, or that was all. */
void tier_cut(struct tier *t);

#endif
