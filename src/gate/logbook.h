/* logbook.h - what is asked of the bench goes on record before it is done
 *
 * The file comes from the supervisor, open to append to; its format is that of msg/audit.h. A record is in the file (in the kernel's hands, which a kill of this
 * process does not touch) when the call returns; a thread brings it onto the disk within a second. What is refused again and again in the same words
 * is one record with the first time and one a minute with their number.
 */
#ifndef GATE_LOGBOOK_H
#define GATE_LOGBOOK_H

#include "base/err.h"
#include "msg/audit.h"

#define LOGBOOK_ALIKE_NS (60 * NS_PER_S)
#define LOGBOOK_ALIKE 64 /* kinds of refusals that are counted at the same time */

struct logbook;

struct logbook *logbook_new(void);
/* What was counted is written. */
void logbook_free(struct logbook *l);

/* Go on with this file, which is taken: behind the one before it or, at the start, behind what stands in it. What its last line lacks or has too much is put on
 * record. ERR_IO, ERR_PROTO: it cannot be used, and nothing can be recorded. */
int logbook_take(struct logbook *l, int fd, int64_t wall_ns, struct err *err) MUST_CHECK;
bool logbook_is_open(const struct logbook *l);
bool logbook_is_full(const struct logbook *l); /* another file is due */
int64_t logbook_last(const struct logbook
		*l); /* wall time of the latest record that is known; INT64_MIN: of none */
uint64_t logbook_count(const struct logbook *l); /* records, over all files */

/* n and wall_ns are filled in. ERR_IO with what to do: it is not on record. */
int logbook_put(
	struct logbook *l, struct audit_record *r, int64_t wall_ns, struct err *err) MUST_CHECK;

/* One that may come again and again, also one that is not refused: counted when it is like one of the last minute. Not on record when that fails, and said in the log. */
void logbook_alike(
	struct logbook *l, const struct audit_record *r, int64_t now_ns, int64_t wall_ns);

/* What was counted and is due; returns when to come again. */
int64_t logbook_step(struct logbook *l, int64_t now_ns, int64_t wall_ns);

/* The descriptor to bring onto the disk, once for all records since the last call; -1: there is nothing. It stays the logbook's. */
int logbook_dirty(struct logbook *l);

#endif
