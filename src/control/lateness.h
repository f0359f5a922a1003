/* lateness.h - how late the ticks of the last minutes were: a histogram with an end to its memory
 *
 * Two spans of a minute, this and the previous one, so what it says is of the last one to two minutes. A bucket is an
 * eighth of an octave: a percentile is at most 12.5 % too large, and never too small.
 */
#ifndef CONTROL_LATENESS_H
#define CONTROL_LATENESS_H

#include "base/defs.h"

#define LATENESS_NS (60 * NS_PER_S)
#define LATENESS_BUCKETS 216 /* up to 2^26 us, over a minute; the last one holds all longer ones */

struct lateness {                            /* begin with zeros */
	uint32_t count[2][LATENESS_BUCKETS]; /* [this span, the previous one][bucket] */
	int64_t max_ns[2];
	int64_t from_ns; /* of this span */
};

void lateness_add(struct lateness *l, int64_t late_ns, int64_t now_ns);

/* What `share` (0.99) of the ticks did not exceed; 0 when there were none. */
int64_t lateness_share(const struct lateness *l, double share);

int64_t lateness_max(const struct lateness *l);

#endif
