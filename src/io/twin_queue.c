/* twin_queue.c - answers of simulated instruments that wait for their moment */
#include "io/twin_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
twin_queue_add(struct twin_queue *q, int64_t due_ns, bool is_prompt, const uint8_t *bytes, size_t n)
{
	size_t at = q->n;

	if (n == 0 || q->n == TWIN_QUEUE_MAX)
		return;
	for (; at > 0 && q->piece[at - 1].due_ns > due_ns; at--)
		q->piece[at] = q->piece[at - 1];
	q->piece[at] = (struct twin_queue_piece){
		.due_ns = due_ns, .is_prompt = is_prompt, .n = n, .bytes = mem_zero(n, 1)
	};
	memcpy(q->piece[at].bytes, bytes, n);
	q->n++;
}

void
twin_queue_reply(
	struct twin_queue *q, const struct twin_reply *reply, int64_t asked_ns, int64_t prompt_ns)
{
	size_t at = 0;

	for (size_t i = 0; i < reply->n_pieces; i++) {
		int64_t after_ns = reply->piece[i].after_ns;

		twin_queue_add(q, MAX(asked_ns + after_ns, prompt_ns), after_ns == 0,
			reply->bytes + at, reply->piece[i].n);
		at += reply->piece[i].n;
	}
}

static void
remove_piece(struct twin_queue *q, size_t i)
{
	free(q->piece[i].bytes);
	memmove(q->piece + i, q->piece + i + 1, (q->n - i - 1) * sizeof(*q->piece));
	q->n--;
}

size_t
twin_queue_take(struct twin_queue *q, int64_t now_ns, uint8_t *out, size_t cap)
{
	size_t n = 0;

	while (q->n > 0 && q->piece[0].due_ns <= now_ns && q->piece[0].n <= cap - n) {
		memcpy(out + n, q->piece[0].bytes, q->piece[0].n);
		n += q->piece[0].n;
		remove_piece(q, 0);
	}
	return n;
}

int64_t
twin_queue_due(const struct twin_queue *q)
{
	return q->n > 0 ? q->piece[0].due_ns : NEVER;
}

void
twin_queue_drop_prompt(struct twin_queue *q)
{
	for (size_t i = 0; i < q->n;)
		if (q->piece[i].is_prompt)
			remove_piece(q, i);
		else
			i++;
}

void
twin_queue_done(struct twin_queue *q)
{
	while (q->n > 0)
		remove_piece(q, 0);
}
