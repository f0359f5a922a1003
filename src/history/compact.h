/* compact.h - files of the history that nobody writes to any more, written anew: smaller, and the same to the bit */
#ifndef HISTORY_COMPACT_H
#define HISTORY_COMPACT_H

#include "base/err.h"

#define COMPACT_CHUNK_BYTES 1000 /* as large as the recorder makes them */

struct compact_numbers {
	uint64_t chunks_before, chunks_after, samples;
	uint64_t kept; /* of a tier: samples that stand for them */
	/* Of a tier: nothing was written, since it is as coarse already; is not old enough; is of intervals that do not go into the new ones; or nobody knows when its
	 * values were, for a clock that was not set. */
	bool is_coarse, is_young, is_odd, is_undated;
	int target_sys; /* errno of the file that is written, when it was that which failed */
};

/* Write the data base in `from`, which nobody changes meanwhile, into `to`, which is empty: its small chunks are merged, everything else is as it was, which
 * is proved by reading both. `name`: of it, for messages. Neither is closed or synced. ERR_PROTO: it is damaged. */
int compact_rewrite(int from, int to, const char *name, struct compact_numbers *out,
	struct err *err) MUST_CHECK;

/* The same, but coarser: docs/history-format.md, tiers. */
struct compact_tier {
	int64_t every_ns;  /* the interval; a day is a multiple of it */
	int64_t before_ns; /* wall time: files with later values stay as they are */
};

#define COMPACT_TIER_KEY "tier" /* in meta: the interval, ns */

bool compact_is_left(const struct compact_numbers *n); /* one of these */

/* ERR_CONF: it is no interval of a tier. */
int compact_check_every(int64_t every_ns, struct err *err) MUST_CHECK;

/* All files of a folder that are old enough, quietly: what was done is logged. backup_signals() first. */
int compact_background(
	const char *dir, const struct compact_tier *rule, struct err *err) MUST_CHECK;

int compact_tier(int from, int to, const char *name, const struct compact_tier *rule,
	struct compact_numbers *out, struct err *err) MUST_CHECK;

/* Which files of a folder may be written anew: those below this number; others are being carried elsewhere by the numbers of their chunks. UINT32_MAX: all. */
uint32_t compact_carried(const char *dir);

#endif
