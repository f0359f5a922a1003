/* twin_queue.h - answers of simulated instruments that wait for their moment */
#ifndef IO_TWIN_QUEUE_H
#define IO_TWIN_QUEUE_H

#include "twin/twin.h"

#define TWIN_QUEUE_MAX 32 /* pieces; when there is no room for an answer more, requests wait */

struct twin_queue_piece {
	int64_t due_ns;
	bool is_prompt; /* not held back by a fault */
	size_t n;
	uint8_t *bytes;
};

struct twin_queue {
	size_t n;
	struct twin_queue_piece piece[TWIN_QUEUE_MAX]; /* the first one due first */
};

static inline bool
twin_queue_has_room(const struct twin_queue *q)
{
	return q->n + TWIN_PIECES + 1 <= TWIN_QUEUE_MAX;
}

/* Copies the bytes; of pieces of the same moment the first one added comes first. Without room it is lost. */
void twin_queue_add(
	struct twin_queue *q, int64_t due_ns, bool is_prompt, const uint8_t *bytes, size_t n);

/* An answer to a question of asked_ns; what is prompt is due at prompt_ns. */
void twin_queue_reply(
	struct twin_queue *q, const struct twin_reply *reply, int64_t asked_ns, int64_t prompt_ns);

/* Bytes that are due to out[0..cap), a piece only whole; their number. */
size_t twin_queue_take(struct twin_queue *q, int64_t now_ns, uint8_t *out, size_t cap);

int64_t twin_queue_due(const struct twin_queue *q); /* NEVER: nothing waits */
void twin_queue_drop_prompt(struct twin_queue *q);
void twin_queue_done(struct twin_queue *q);

#endif
