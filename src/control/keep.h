/* keep.h - what outlives a controller: states as records of the journal, and what was found there; pure
 *
 *	u8 flags | u64 boot | i64 stamp | i64 wall offset | u8 is the wall clock good | entries...        little end first
 *	an entry: u32 id of the channel that shows it | u8 enum keep_kind | u8 n | n bytes
 *
 * A snapshot has all that is not as it is at a first start, in one or several records of which the first and the last are marked;
 * records between two snapshots have what has changed. So the newest whole snapshot and what came behind it tell how things
 * were, and the newest record when the controller was alive last.
 */
#ifndef CONTROL_KEEP_H
#define CONTROL_KEEP_H

#include "base/defs.h"
#include "msg/record.h"

#define KEEP_ENTRY_MAX 64
#define KEEP_HEAD 26

enum keep_kind {
	KEEP_OUTPUT,
	KEEP_TRIP,
	KEEP_SAFE,
	KEEP_ALARM,
	KEEP_PLAN,
	KEEP_WAS,      /* what an output was before an outage, while a person is asked */
	KEEP_VALUE,    /* what a channel was, for last() */
	KEEP_SEQUENCE, /* a piece of the sequence under test, by its number */
	KEEP_KINDS
};

/* ---- writing ---- */

struct keep_writer {
	uint8_t bytes[RECORD_BYTES];
	size_t n;
};

struct keep_time {
	uint64_t boot; /* event_boot() */
	int64_t stamp_ns, wall_ns;
	bool wall_is_good;
};

void keep_begin(struct keep_writer *w, const struct keep_time *t, bool is_first);
/* False: it does not fit any more; end this record and begin another. */
bool keep_put(
	struct keep_writer *w, uint32_t id, enum keep_kind kind, const uint8_t *bytes, size_t n);
void keep_end(struct keep_writer *w, bool is_last); /* of a snapshot */

/* ---- reading ---- */

struct keep_past;

struct keep_past *keep_past_new(void);
void keep_past_free(struct keep_past *p);
/* Records in their order; one that is damaged is passed over. */
void keep_past_take(struct keep_past *p, const uint8_t *bytes, size_t n);
/* Is there a whole snapshot? Then *out is when the controller was alive last; may be NULL. */
bool keep_past_is_known(const struct keep_past *p, struct keep_time *out);
/* An entry: its bytes, NULL when it is as at a first start. */
const uint8_t *keep_past_find(
	const struct keep_past *p, uint32_t id, enum keep_kind kind, size_t *out_n);

#endif
