/* ring.h - the last events of the stream, as bytes: written once, read by every stream
 *
 * Events have numbers 0, 1, 2, ... A reader keeps the number of the next one it wants; numbers below ring->oldest are
 * gone. An event is whole and contiguous in memory. Pure.
 */
#ifndef SERVE_RING_H
#define SERVE_RING_H

#include "base/defs.h"

/* What an event is about: the index of a channel, or one of these. */
#define RING_ALL UINT32_MAX           /* for every reader */
#define RING_RESTART (UINT32_MAX - 1) /* for every reader, and a fresh snapshot after it */

struct ring_entry {
	uint64_t at; /* position of its first byte since the start */
	uint32_t n;
	uint32_t about;
};

struct ring {
	struct ring_entry *entries; /* [number % n_entries] */
	char *bytes;                /* [position % n_bytes] */
	size_t n_entries, n_bytes;
	uint64_t oldest, head; /* numbers: oldest one kept, next one */
	uint64_t end;          /* position behind the last byte */
};

void ring_init(struct ring *r, size_t n_entries, size_t n_bytes);
void ring_done(struct ring *r); /* forgets all events, keeps counting their numbers */

/* Append n bytes, at most n_bytes / 2. */
void ring_put(struct ring *r, uint32_t about, const char *event, size_t n);

/* The event of this number, which must not be gone nor to come; *out_bytes stays valid until the next ring_put(). */
const struct ring_entry *ring_get(const struct ring *r, uint64_t number, const char **out_bytes);

#endif
