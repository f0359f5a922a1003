/* write.c - the writer's side: `control` alone */
#include <string.h>

#include "board/layout.h"

/* Bytes of a text that count, and its words with zeros behind. */
static size_t
pack_text(uint64_t out[BOARD_CELL_WORDS], const char *text)
{
	size_t n = strnlen(text, VALUE_TEXT_MAX);

	memset(out, 0, BOARD_CELL_WORDS * 8);
	memcpy(out, text, n);
	return n;
}

void
board_write(struct board *b, uint32_t channel, const struct sample *s)
{
	struct board_slot *slot = layout_slot(b, channel);
	uint64_t cell = atomic_load_explicit(&slot->cell, memory_order_relaxed);

	layout_lock(&slot->seq);
	atomic_store_explicit(&slot->quality, (uint32_t)s->quality | (uint32_t)s->code << 16,
		memory_order_relaxed);
	atomic_store_explicit(&slot->stamp, (uint64_t)s->stamp_ns, memory_order_relaxed);
	atomic_store_explicit(&slot->value, s->v.u, memory_order_relaxed);
	if (cell != 0) {
		uint64_t text[BOARD_CELL_WORDS];

		pack_text(text, s->text);
		layout_store(layout_cell(b, (uint32_t)cell - 1), text, BOARD_CELL_WORDS);
	}
	layout_unlock(&slot->seq);
}

static void
put_record(struct board *b, uint64_t seq, uint64_t mark, const uint64_t w[3])
{
	struct tape_record *r = layout_tape(b, seq);

	atomic_store_explicit(&r->seq, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&r->stamp, w[0], memory_order_relaxed);
	atomic_store_explicit(&r->what, w[1], memory_order_relaxed);
	atomic_store_explicit(&r->value, w[2], memory_order_relaxed);
	atomic_store_explicit(&r->seq, seq | mark, memory_order_release);
}

/* The text of a change goes on in records of three words each; returns the number behind the last. */
static uint64_t
put_text(struct board *b, uint64_t seq, const uint64_t *text, size_t n)
{
	for (size_t i = 0; i * 8 < n; i += TAPE_TEXT / 8)
		put_record(b, seq++, TAPE_MORE, text + i);
	return seq;
}

uint64_t
board_tape(struct board *b, uint32_t channel, const struct sample *s)
{
	struct tape_head *head = layout_tape_head(b);
	uint64_t first = atomic_load_explicit(&head->next, memory_order_relaxed), next = first + 1;
	uint64_t record[3] = {
		(uint64_t)s->stamp_ns,
		(uint64_t)channel | (uint64_t)s->quality << 32 | (uint64_t)s->code << 48,
		s->v.u,
	};

	if (atomic_load_explicit(&layout_slot(b, channel)->cell, memory_order_relaxed) != 0) {
		uint64_t text[BOARD_CELL_WORDS + 1] = { 0 };

		record[2] = pack_text(text, s->text);
		next = put_text(b, next, text, record[2]);
	}
	/* The reader goes by the head, so the order in which the records are filled does not matter. */
	put_record(b, first, 0, record);
	atomic_store_explicit(&head->next, next, memory_order_release);
	return first;
}

uint64_t
board_tape_event(struct board *b, int64_t stamp_ns, const uint8_t *bytes, size_t n)
{
	struct tape_head *head = layout_tape_head(b);
	uint64_t first = atomic_load_explicit(&head->next, memory_order_relaxed), next;
	uint64_t words[TAPE_EVENT_WORDS] = { 0 };
	uint64_t record[3] = { (uint64_t)stamp_ns, BOARD_TAPE_EVENT, MIN(n, (size_t)EVENT_BYTES) };

	memcpy(words, bytes, record[2]);
	next = put_text(b, first + 1, words, record[2]);
	put_record(b, first, 0, record);
	atomic_store_explicit(&head->next, next, memory_order_release);
	return first;
}

uint64_t
board_tape_clock(struct board *b, int64_t stamp_ns, int64_t wall_ns, bool is_good)
{
	struct tape_head *head = layout_tape_head(b);
	uint64_t seq = atomic_load_explicit(&head->next, memory_order_relaxed);
	const uint64_t record[3] = { (uint64_t)stamp_ns, BOARD_TAPE_CLOCK | (uint64_t)is_good << 48,
		(uint64_t)wall_ns };

	put_record(b, seq, 0, record);
	atomic_store_explicit(&head->next, seq + 1, memory_order_release);
	return seq;
}

static struct board_heart_cell *
heart_cell(struct board *b)
{
	return layout_at(b, b->heart);
}

void
board_tick_begin(struct board *b)
{
	struct board_heart_cell *h = heart_cell(b);
	uint64_t tick = atomic_load_explicit(&h->tick, memory_order_relaxed);

	atomic_store_explicit(&h->tick, tick | 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

void
board_tick_end(struct board *b, const struct board_heart *heart)
{
	struct board_heart_cell *h = heart_cell(b);
	uint64_t tick = atomic_load_explicit(&h->tick, memory_order_relaxed) + 1;
	struct board_heart next = *heart;

	next.tick = tick;
	layout_lock(&h->seq);
	layout_store(h->words, &next, HEART_WORDS);
	layout_unlock(&h->seq);
	atomic_store_explicit(&h->tick, tick, memory_order_release);
}

void
board_write_state(struct board *b, uint32_t instrument, const struct board_state *state)
{
	struct board_state_cell *cell = layout_state(b, instrument);

	layout_lock(&cell->seq);
	layout_store(cell->words, state, STATE_WORDS);
	layout_unlock(&cell->seq);
}

void
board_trace(struct board *b, uint32_t instrument, const struct board_trace *line)
{
	struct board_state_cell *cell = layout_state(b, instrument);
	uint64_t seq = atomic_load_explicit(&cell->trace_next, memory_order_relaxed);
	word *at = layout_trace(b, instrument, seq);
	size_t bytes = MIN((size_t)line->n, (size_t)BOARD_TRACE_BYTES);
	size_t used = (offsetof(struct board_trace, bytes) + bytes + 7) / 8;

	/* The number stands first; only the words that carry something are written. */
	atomic_store_explicit(&at[0], 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	layout_store(at + 1, (const char *)line + 8, used - 1);
	atomic_store_explicit(&at[0], seq, memory_order_release);
	atomic_store_explicit(&cell->trace_next, seq + 1, memory_order_release);
}
