/* layout.h - how the board's memory is divided; for the files of this room alone
 *
 * Everything that changes is made of relaxed atomic words, guarded by a sequence word: odd while it is written.
 * A record of a ring is guarded by its own number instead: 0 while it is written.
 */
#ifndef BOARD_LAYOUT_H
#define BOARD_LAYOUT_H

#include <stdatomic.h>

#include "board/board.h"

#define BOARD_MAGIC UINT64_C(0x3144524f4243424d) /* "MBCBORD1" */
#define BOARD_LINE 64                            /* bytes of a cache line: sections begin on one */
#define BOARD_CELL_WORDS 8 /* words of a text cell: VALUE_TEXT_MAX + 1 bytes */
#define TAPE_MORE                                                                                  \
	(UINT64_C(1) << 63) /* in the number of a record that carries on a text or an event */
#define TAPE_TEXT 24        /* bytes of it in one such record */

#define TAPE_EVENT_WORDS ((EVENT_BYTES + TAPE_TEXT - 1) / TAPE_TEXT * TAPE_TEXT / 8)

typedef _Atomic uint64_t word;

struct board {
	uint64_t magic;
	uint32_t layout;
	uint32_t generation;
	uint64_t size;
	uint64_t config_hash;
	int64_t tick_ns;
	int64_t made_ns;
	char boot_id[40];
	uint32_t bench, title; /* strings */
	uint32_t n_channels, n_instruments, n_choices, n_cells;
	uint32_t n_hash;    /* a power of two */
	uint32_t n_strings; /* bytes */
	uint32_t is_recorded, spare;
	uint64_t tape_records; /* a power of two */
	uint64_t trace_lines;
	/* offsets */
	uint64_t channels, instruments, choices, hash, strings;
	uint64_t heart, states, slots, cells, traces, tape;
};

struct board_slot {
	_Atomic uint32_t seq;
	_Atomic uint32_t quality; /* quality | code << 16 */
	word stamp;
	word value;
	word cell; /* 1 + text cell of a VALUE_TEXT, 0 for numbers; written once */
};

struct tape_head {
	word next; /* number of the next record */
};

struct tape_record {
	word seq; /* 0: being written */
	word stamp;
	word what; /* channel | quality << 32 | code << 48 */
	word value;
};

#define STATE_WORDS (sizeof(struct board_state) / 8)
#define HEART_WORDS (sizeof(struct board_heart) / 8)
#define TRACE_WORDS (sizeof(struct board_trace) / 8)

struct board_heart_cell {
	word tick; /* the sequence word of the whole picture: odd while a tick is published */
	_Atomic uint32_t seq;
	uint32_t spare;
	word words[HEART_WORDS];
};

struct board_state_cell {
	_Atomic uint32_t seq;
	uint32_t spare;
	word trace_next; /* number of the next line of its trace */
	word words[STATE_WORDS];
};

static inline void *
layout_at(const struct board *b, uint64_t off)
{
	union {
		const void *c;
		void *v;
	} p = { .c = (const char *)b +
		     off }; /* the writer's mapping is writable; readers only load */

	return p.v;
}

/* Section accessors. */
static inline struct board_slot *
layout_slot(const struct board *b, uint32_t i)
{
	return (struct board_slot *)layout_at(b, b->slots) + i;
}

static inline word *
layout_cell(const struct board *b, uint32_t i)
{
	return (word *)layout_at(b, b->cells) + (size_t)i * BOARD_CELL_WORDS;
}

static inline struct board_state_cell *
layout_state(const struct board *b, uint32_t i)
{
	return (struct board_state_cell *)layout_at(b, b->states) + i;
}

static inline word *
layout_trace(const struct board *b, uint32_t instrument, uint64_t seq)
{
	uint64_t line = instrument * b->trace_lines + seq % b->trace_lines;

	return (word *)layout_at(b, b->traces) + line * TRACE_WORDS;
}

static inline struct tape_record *
layout_tape(const struct board *b, uint64_t seq)
{
	return (struct tape_record *)layout_at(b, b->tape + BOARD_LINE) +
	       (seq & (b->tape_records - 1));
}

static inline struct tape_head *
layout_tape_head(const struct board *b)
{
	return layout_at(b, b->tape);
}

/* Bytes to words and back: the only place where shared memory is copied. */
static inline void
layout_store(word *to, const void *from, size_t n_words)
{
	for (size_t i = 0; i < n_words; i++) {
		uint64_t v;

		__builtin_memcpy(&v, (const char *)from + i * 8, 8);
		atomic_store_explicit(&to[i], v, memory_order_relaxed);
	}
}

static inline void
layout_load(void *to, const word *from, size_t n_words)
{
	for (size_t i = 0; i < n_words; i++) {
		uint64_t v = atomic_load_explicit(&from[i], memory_order_relaxed);

		__builtin_memcpy((char *)to + i * 8, &v, 8);
	}
}

/* The sequence lock, writer's side: one writer, so no compare and swap. */
static inline void
layout_lock(_Atomic uint32_t *seq)
{
	uint32_t s = atomic_load_explicit(seq, memory_order_relaxed);

	atomic_store_explicit(seq, s | 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

static inline void
layout_unlock(_Atomic uint32_t *seq)
{
	uint32_t s = atomic_load_explicit(seq, memory_order_relaxed);

	atomic_store_explicit(seq, s + 1, memory_order_release);
}

/* The reader's side: the number to compare with afterwards; odd means that it is being written. */
static inline uint32_t
layout_begin(const _Atomic uint32_t *seq)
{
	return atomic_load_explicit(seq, memory_order_acquire);
}

static inline bool
layout_held(const _Atomic uint32_t *seq, uint32_t begun)
{
	atomic_thread_fence(memory_order_acquire);
	return !(begun & 1) && atomic_load_explicit(seq, memory_order_relaxed) == begun;
}

#endif
