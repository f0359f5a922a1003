/* journal.h - records in a file, one behind the other; pure: the bytes are read and written elsewhere (src/io/journal_files.h)
 *
 *	u32 magic | u16 type | u16 n | u64 seq | u64 last id | n bytes | u32 crc           little end first
 *
 * The CRC-32C begins with that of the record before (0 for the first of a file), so the records of a file are a chain: what a file
 * held before it was begun anew, or what a power cut left behind a hole, never passes for the next one. The file ends
 * where the chain does. Two files take turns: when one is full the older one is begun anew.
 */
#ifndef MSG_JOURNAL_H
#define MSG_JOURNAL_H

#include "msg/record.h"

#define JOURNAL_FILES 2
#define JOURNAL_SIZE (8u << 20) /* of a file, allocated when it is made */
#define JOURNAL_FRAME_MAX (28 + RECORD_BYTES)

/* A place in a file: zeroed at its beginning. */
struct journal_place {
	uint64_t offset;
	uint32_t chain;   /* CRC of the record before */
	uint64_t seq;     /* of it; 0: there is none */
	uint64_t last_id; /* of events up to here */
};

/* Bytes of a record that goes to this place, which moves behind it; returns their number. */
size_t journal_frame(
	uint8_t out[JOURNAL_FRAME_MAX], const struct record *r, struct journal_place *place);

/* The record at a place; bytes: the n ones from there on, JOURNAL_FRAME_MAX of them when the file has so many. Moves the place
 * and returns how many bytes it took; 0: the chain ends here. */
size_t journal_take(
	const uint8_t *bytes, size_t n, struct journal_place *place, struct record *out);

#endif
