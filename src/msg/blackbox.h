/* blackbox.h - the newest records in memory that outlives its writer
 *
 * One writer (`control`), readers in any process. The memory is the caller's: a memfd that `supervise` keeps, or an array.
 *
 *	head, 64 bytes: magic | number of the next record
 *	slot, 384 bytes: seq | told | last id | type, n, crc | bytes        record `seq` stands in slot seq % slots
 *
 * A slot under way has the number 0, and a CRC-32C guards all of it. So a writer that is killed behind any store leaves the records
 * before as they were, and at most one that never was. What stands last is found by looking at all slots: the number in the
 * head is only a hint for readers.
 *
 * told: the number of the last thing that `supervise` has told and that stands here. It comes with the record itself, so that what
 * a killed controller had been told is neither lost nor told twice.
 */
#ifndef MSG_BLACKBOX_H
#define MSG_BLACKBOX_H

#include "base/err.h"
#include "msg/record.h"

#define BLACKBOX_SIZE (1u << 20)
#define BLACKBOX_SLOT 384

struct blackbox {
	void *memory;
	uint64_t slots;
	/* the writer's own */
	uint64_t next;    /* number of the next record */
	uint64_t last_id; /* of events */
	uint64_t told;
};

/* Make zeroed memory, 8-byte aligned, a black box that holds nothing. */
void blackbox_format(void *memory);

/* Look at memory of n bytes as a reader, which does not need to know what stands last. */
int blackbox_view(struct blackbox *b, void *memory, size_t n, struct err *err) MUST_CHECK;
/* As its writer: what stands last, and so how to go on; next is 1 when nothing does. */
int blackbox_open(struct blackbox *b, void *memory, size_t n, struct err *err) MUST_CHECK;

/* Write a record: its bytes are there afterwards, whatever happens to the writer. An event is the next of its kind: its id is
 * b->last_id + 1. Returns its seq. */
uint64_t blackbox_put(struct blackbox *b, enum record_type type, const uint8_t *bytes, size_t n);

/* The number behind the newest record, for readers. */
uint64_t blackbox_head(const struct blackbox *b);
/* What supervise has told up to the newest record. */
uint64_t blackbox_told(const struct blackbox *b);
/* Copy one record; false: it is not there yet, not any more, or being written. */
bool blackbox_get(const struct blackbox *b, uint64_t seq, struct record *out);
/* The lowest number that can still be there. */
uint64_t blackbox_oldest(const struct blackbox *b, uint64_t head);

#endif
