/* lateness.c - how late the ticks of the last minutes were */
#include "control/lateness.h"

#include <string.h>

#define PARTS 8 /* of an octave */

/* Below 8 us a bucket for each; then the position of the highest bit, and the three bits behind it. */
static unsigned
bucket_of(int64_t ns)
{
	uint64_t us = (uint64_t)MAX(ns, 0) / 1000;
	unsigned octave = 0;

	if (us < PARTS)
		return (unsigned)us;
	while (us >> octave >= 2 * PARTS)
		octave++;
	return MIN((octave + 1) * PARTS + (unsigned)(us >> octave) - PARTS, LATENESS_BUCKETS - 1u);
}

/* The end of a bucket. */
static int64_t
limit_of(unsigned bucket)
{
	unsigned octave = bucket / PARTS;

	if (octave < 2)
		return (int64_t)(bucket + 1) * 1000;
	return ((int64_t)(bucket % PARTS + PARTS + 1) << (octave - 1)) * 1000;
}

void
lateness_add(struct lateness *l, int64_t late_ns, int64_t now_ns)
{
	if (l->from_ns == 0)
		l->from_ns = now_ns;
	if (now_ns - l->from_ns >= LATENESS_NS) {
		memcpy(l->count[1], l->count[0], sizeof(l->count[1]));
		memset(l->count[0], 0, sizeof(l->count[0]));
		l->max_ns[1] = l->max_ns[0];
		l->max_ns[0] = 0;
		l->from_ns = now_ns;
	}
	l->count[0][bucket_of(late_ns)]++;
	l->max_ns[0] = MAX(l->max_ns[0], late_ns);
}

int64_t
lateness_share(const struct lateness *l, double share)
{
	uint64_t all = 0, below = 0;

	for (unsigned i = 0; i < LATENESS_BUCKETS; i++)
		all += l->count[0][i] + (uint64_t)l->count[1][i];
	for (unsigned i = 0; all > 0 && i < LATENESS_BUCKETS; i++) {
		below += l->count[0][i] + (uint64_t)l->count[1][i];
		if ((double)below >= share * (double)all)
			return MIN(limit_of(i), lateness_max(l));
	}
	return 0;
}

int64_t
lateness_max(const struct lateness *l)
{
	return MAX(l->max_ns[0], l->max_ns[1]);
}
