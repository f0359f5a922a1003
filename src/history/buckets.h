/* buckets.h - the values of one channel in a range of time, as n buckets of the same width: no spike is lost
 *
 * Told in the order of time: samples one by one, or a whole chunk by its numbers where it lies inside of one bucket. A value holds until
 * the next sample, but never over a gap of the ledger. Samples before the range tell what holds at its beginning, those behind it
 * how long the last one held. Pure.
 */
#ifndef HISTORY_BUCKETS_H
#define HISTORY_BUCKETS_H

#include "history/chunk.h"

/* A sample is confirmed each minute: without a next one it holds for so long at most. What a question looks at beside its range. */
#define BUCKETS_HOLD_NS (150 * NS_PER_S)

struct bucket {
	double min, max;    /* of what was good at any moment of it; has_value */
	double first, last; /* n_good > 0: of its samples */
	double sum;         /* of its good samples */
	double area;        /* value x seconds, over held_ns */
	int64_t held_ns;    /* time for which a good value was known */
	uint32_t n, n_good; /* samples */
	uint16_t quality;   /* the worst one of its samples, and of what held at its beginning */
	bool has_value;
	bool is_thinned; /* some of its numbers are those of a longer time than its own */
};

struct bucket_gap {
	int64_t from_ns, to_ns;
};

struct buckets {
	int64_t from_ns, to_ns; /* wall time */
	size_t n;
	struct bucket *at;             /* [n]; the caller's */
	const struct bucket_gap *gaps; /* by time; borrowed */
	size_t n_gaps;
	/* What holds. */
	bool has_value, has_quality;
	double value;
	uint16_t quality;
	int64_t since_ns;
	/* The bucket that was looked for last. */
	size_t last;
	int64_t last_from_ns, last_to_ns;
};

/* Clears at[0..n). from < to, 1 <= n. */
void buckets_init(struct buckets *b, int64_t from_ns, int64_t to_ns, struct bucket *at, size_t n,
	const struct bucket_gap *gaps, size_t n_gaps);

/* Where bucket i <= n begins. */
int64_t buckets_edge(const struct buckets *b, size_t i);

/* Where the bucket of a moment in the range ends. */
int64_t buckets_end_of(struct buckets *b, int64_t wall_ns);

/* Do its numbers answer for a chunk whose samples have wall times from .. to? */
bool buckets_takes(
	const struct buckets *b, const struct chunk_stats *stats, int64_t from_ns, int64_t to_ns);
void buckets_chunk(
	struct buckets *b, const struct chunk_stats *stats, int64_t from_ns, int64_t to_ns);

/* is_number: the quality is not bad and v is a number. */
void buckets_sample(struct buckets *b, int64_t wall_ns, unsigned quality, bool is_number, double v);

/* The same of numbers that it does not answer for alone: values that are known together only (series_sum). They count in the bucket in which they
 * begin; the least, the most and the mean hold in each that they touch. */
void buckets_spread(
	struct buckets *b, const struct chunk_stats *stats, int64_t from_ns, int64_t to_ns);

/* There are no more; the record is whole until `recorded_ns`. */
void buckets_end(struct buckets *b, int64_t recorded_ns);

/* The time-weighted mean; has_value. */
double bucket_mean(const struct bucket *b);

#endif
