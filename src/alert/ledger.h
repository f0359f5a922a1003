/* ledger.h - the file of what was told to whom: lines of entry.h, on the disk before a message goes out
 *
 * Two files: `ledger` is written, `ledger.1` is the one before it. A file is left when it has LEDGER_BYTES. What was open so long ago that neither
 * has it is found anew from the states of the alarms.
 */
#ifndef ALERT_LEDGER_H
#define ALERT_LEDGER_H

#include "alert/entry.h"

#define LEDGER_BYTES (4u << 20)
#define LEDGER_WAITING                                                                             \
	(256u << 10) /* what waits in memory while the disk is full; then the oldest is lost */

struct ledger {
	int folder, file; /* -1: not open */
	size_t size;
	struct buf waiting; /* lines that are not on the disk yet */
	uint64_t lost;
};

/* The folder is there. Appends to a file whose last line is torn behind a line end of its own. */
int ledger_open(struct ledger *l, const char *dir, struct err *err) MUST_CHECK;
void ledger_close(struct ledger *l);

/* All lines in their order; those that are damaged are passed over and counted. */
int ledger_read(int folder, void (*fn)(void *ctx, const struct entry *e), void *ctx,
	uint64_t *out_damaged, struct err *err) MUST_CHECK;

void ledger_put(struct ledger *l, const struct entry *e);
/* Onto the disk. An error loses nothing: it is tried again with the next call. */
int ledger_sync(struct ledger *l, struct err *err) MUST_CHECK;

#endif
