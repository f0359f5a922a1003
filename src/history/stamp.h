/* stamp.h - moments of wall time as people and programs write them, in a zone */
#ifndef HISTORY_STAMP_H
#define HISTORY_STAMP_H

#include "base/buf.h"
#include "base/err.h"

#define STAMP_ZONE_MAX 48
#define STAMP_ZONES "/usr/share/zoneinfo"

/* Take a zone for all that follows: "" or "UTC", "local" (that of the computer), or a name like "Europe/Paris". ERR_CONF: there is no such one here. */
int stamp_zone(const char *zone, struct err *err) MUST_CHECK;

/* Read "2026-10-25T02:30:00+01:00" (or Z; without a zone: that of stamp_zone(); a date alone: its beginning), s, ms, us or ns since 1970, "now", "-1h". */
int stamp_parse(const char *text, int64_t now_ns, int64_t *out_ns, struct err *err) MUST_CHECK;

/* Writes moments one behind the other: what is the same for many of them is worked out once. */
struct stamp {
	int64_t block;  /* quarter of an hour whose offset is known */
	int64_t offset; /* s */
	int64_t second; /* whose text is known */
	bool has_block, has_second;
	char text[24], zone[8];
};

/* "2026-10-25T02:30:00.125+01:00": with Z in UTC; with as many decimals of a second as are needed, in threes. */
void stamp_put(struct stamp *s, struct buf *out, int64_t wall_ns);

/* "1793019600.125": seconds since 1970, exact. */
void stamp_put_seconds(struct buf *out, int64_t wall_ns);

#endif
