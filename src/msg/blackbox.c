/* blackbox.c - the newest records in memory that outlives its writer */
#include "msg/blackbox.h"

#include <stdatomic.h>
#include <string.h>

#include "base/crc.h"

#ifndef BLACKBOX_STORED
#define BLACKBOX_STORED() /* behind each store: a test kills the writer there */
#endif

#define MAGIC UINT64_C(0x31584f424342424d) /* "MBBCBOX1" */
#define HEAD 64
#define FIRST 4 /* words of a slot before its bytes */
#define BYTE_WORDS (RECORD_BYTES / 8)

typedef _Atomic uint64_t word;

struct head {
	word magic;
	word next;
};

static struct head *
head_of(const struct blackbox *b)
{
	return b->memory;
}

static word *
slot_of(const struct blackbox *b, uint64_t seq)
{
	return (word *)((char *)b->memory + HEAD + seq % b->slots * BLACKBOX_SLOT);
}

static void
store(word *to, uint64_t v, memory_order order)
{
	atomic_store_explicit(to, v, order);
	BLACKBOX_STORED();
}

static uint64_t
load(const word *from)
{
	return atomic_load_explicit(from, memory_order_relaxed);
}

/* Over the words of a slot as they stand there: w[0] to w[2], the lower half of w[3], the bytes. */
static uint32_t
check_of(const uint64_t *w)
{
	uint64_t kind = w[3] & UINT32_MAX;
	uint32_t crc = crc32c(0, w, 3 * sizeof(*w));

	crc = crc32c(crc, &kind, sizeof(kind));
	return crc32c(crc, w + FIRST, BYTE_WORDS * sizeof(*w));
}

void
blackbox_format(void *memory)
{
	struct head *h = memory;

	store(&h->next, 1, memory_order_relaxed);
	store(&h->magic, MAGIC, memory_order_release);
}

/* The words of a record; false when it does not stand there whole. */
static bool
load_slot(const struct blackbox *b, uint64_t seq, uint64_t w[FIRST + BYTE_WORDS])
{
	const word *slot = slot_of(b, seq);

	w[0] = atomic_load_explicit(slot, memory_order_acquire);
	if (w[0] != seq || seq == 0)
		return false;
	for (size_t i = 1; i < FIRST + BYTE_WORDS; i++)
		w[i] = load(slot + i);
	atomic_thread_fence(memory_order_acquire);
	return load(slot) == seq && w[3] >> 32 == check_of(w);
}

int
blackbox_view(struct blackbox *b, void *memory, size_t n, struct err *err)
{
	*b = (struct blackbox){ .memory = memory, .next = 1 };
	if (n < HEAD + BLACKBOX_SLOT || load(&head_of(b)->magic) != MAGIC)
		return err_set(err, ERR_PROTO, 0,
			"black box that is none of this version; is mbc partly updated?");
	b->slots = (n - HEAD) / BLACKBOX_SLOT;
	return 0;
}

int
blackbox_open(struct blackbox *b, void *memory, size_t n, struct err *err)
{
	uint64_t w[FIRST + BYTE_WORDS];

	if (blackbox_view(b, memory, n, err) < 0)
		return ERR_PROTO;
	for (uint64_t i = 0; i < b->slots; i++) {
		uint64_t seq = load(slot_of(b, i));

		if (seq < b->next || seq % b->slots != i || !load_slot(b, seq, w))
			continue;
		b->next = seq + 1;
		b->told = w[1];
		b->last_id = w[2];
	}
	return 0;
}

uint64_t
blackbox_put(struct blackbox *b, enum record_type type, const uint8_t *bytes, size_t n)
{
	uint64_t w[FIRST + BYTE_WORDS] = { 0 };
	word *slot = slot_of(b, b->next);

	n = MIN(n, (size_t)RECORD_BYTES);
	w[0] = b->next;
	w[1] = b->told;
	w[2] = b->last_id + (type == RECORD_EVENT);
	w[3] = (uint64_t)type | (uint64_t)n << 16;
	memcpy(w + FIRST, bytes, n);
	w[3] |= (uint64_t)check_of(w) << 32;
	store(slot, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (size_t i = 1; i < FIRST + BYTE_WORDS; i++)
		store(slot + i, w[i], memory_order_relaxed);
	store(slot, w[0], memory_order_release);
	b->next++;
	b->last_id = w[2];
	store(&head_of(b)->next, b->next, memory_order_release);
	return w[0];
}

uint64_t
blackbox_head(const struct blackbox *b)
{
	uint64_t next = atomic_load_explicit(&head_of(b)->next, memory_order_acquire);

	/* Its writer may have died between the record and the head. */
	for (uint64_t i = 0; i < b->slots && next != 0 && load(slot_of(b, next)) == next; i++)
		next++;
	return next;
}

uint64_t
blackbox_told(const struct blackbox *b)
{
	uint64_t w[FIRST + BYTE_WORDS];

	return load_slot(b, blackbox_head(b) - 1, w) ? w[1] : 0;
}

bool
blackbox_get(const struct blackbox *b, uint64_t seq, struct record *out)
{
	uint64_t w[FIRST + BYTE_WORDS];

	if (!load_slot(b, seq, w))
		return false;
	out->seq = seq;
	out->last_id = w[2];
	out->type = (uint16_t)w[3];
	out->n = (uint16_t)(w[3] >> 16);
	memcpy(out->bytes, w + FIRST, RECORD_BYTES);
	return out->n <= RECORD_BYTES;
}

uint64_t
blackbox_oldest(const struct blackbox *b, uint64_t head)
{
	return head > b->slots ? head - b->slots : 1;
}
