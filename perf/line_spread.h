/* line_spread.h - percentiles of times, in bins of a microsecond up to 50 ms; what is longer is counted in the last */
#ifndef PERF_LINE_SPREAD_H
#define PERF_LINE_SPREAD_H

#include "base/defs.h"

#define LINE_SPREAD_BINS 50001

struct line_spread {
	uint64_t n;
	uint32_t bins[LINE_SPREAD_BINS];
};

static inline void
line_spread_add(struct line_spread *s, int64_t span_ns)
{
	int64_t us = span_ns / NS_PER_US;

	s->bins[MIN(MAX(us, 0), LINE_SPREAD_BINS - 1)]++;
	s->n++;
}

/* The time that a part (0..1) of them does not exceed, in microseconds; 0 when there are none. */
static inline unsigned
line_spread_us(const struct line_spread *s, double part)
{
	uint64_t seen = 0;

	for (unsigned us = 0; us < LINE_SPREAD_BINS; us++) {
		seen += s->bins[us];
		if (seen > 0 && (double)seen >= part * (double)s->n)
			return us;
	}
	return 0;
}

#endif
