/* trail.c - the events of a run on a black box and a disk that both suffer */
#include "trail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"

/* The writer of the black box is killed when its time has come. */
static int stores_left;
static jmp_buf death;

static void
stored(void)
{
	if (stores_left > 0 && --stores_left == 0)
		longjmp(death, 1);
}

#define BLACKBOX_STORED() stored()
#include "../../src/msg/blackbox.c" /* with its stores counted */
#include "msg/journal.h"

#define BOX_SLOTS 60
#define BOX_SIZE (HEAD + BOX_SLOTS * BLACKBOX_SLOT)
#define FILE_SIZE 16384u
#define SECTOR 512

struct trail {
	uint64_t chance;
	bool has_power_cuts;
	void *memory;
	struct blackbox box;
	uint8_t now[JOURNAL_FILES][FILE_SIZE];  /* as a program reads them */
	uint8_t safe[JOURNAL_FILES][FILE_SIZE]; /* as the disk has them */
	int active;
	struct journal_place place;
	uint64_t durable; /* id that a power cut must leave */
	uint64_t *hashes; /* [id]: what was recorded */
	size_t n, cap;    /* n: the last id */
	uint64_t kills;
	char breach[200];
};

static void fail(struct trail *t, const char *fmt, ...) PRINTF(2, 3);

static void
fail(struct trail *t, const char *fmt, ...)
{
	va_list args;

	if (t->breach[0] != '\0')
		return;
	va_start(args, fmt);
	vsnprintf(t->breach, sizeof(t->breach), fmt, args);
	va_end(args);
}

/* ---- the thread and its files, as src/io/journal_files.c has them ---- */

static void
synchronise(struct trail *t)
{
	memcpy(t->safe[t->active], t->now[t->active], FILE_SIZE);
	t->durable = t->place.last_id;
}

static struct journal_place
end_of(const uint8_t *file)
{
	struct journal_place at = { 0 };
	struct record r;

	while (journal_take(file + at.offset, FILE_SIZE - at.offset, &at, &r) > 0)
		continue;
	return at;
}

static void
open_files(struct trail *t)
{
	struct journal_place a = end_of(t->now[0]), b = end_of(t->now[1]);

	t->active = b.seq > a.seq;
	t->place = t->active ? b : a;
}

/* Write what the files do not have, up to `last`, of which only a part when the thread dies over it. */
static void
follow(struct trail *t, uint64_t last, bool is_cut)
{
	while (t->place.seq < last) {
		uint8_t frame[JOURNAL_FRAME_MAX];
		struct journal_place next;
		struct record r;
		size_t n;

		if (!blackbox_get(&t->box, t->place.seq + 1, &r)) {
			fail(t, "journal: record %llu is not in the black box",
				(unsigned long long)t->place.seq + 1);
			return;
		}
		if (t->place.offset + JOURNAL_FRAME_MAX > FILE_SIZE) {
			synchronise(t);
			t->active = !t->active;
			t->place = (struct journal_place){ .seq = t->place.seq,
				.last_id = t->place.last_id };
		}
		next = t->place;
		n = journal_frame(frame, &r, &next);
		if (is_cut && r.seq == last) {
			memcpy(t->now[t->active] + t->place.offset, frame,
				(size_t)rand_below(&t->chance, n));
			return;
		}
		memcpy(t->now[t->active] + t->place.offset, frame, n);
		t->place = next;
	}
}

static void
work(struct trail *t)
{
	uint64_t behind = blackbox_head(&t->box) - 1 - t->place.seq;

	/* Not later than when the black box comes round. */
	if (behind > BOX_SLOTS / 2 || rand_below(&t->chance, 4) == 0)
		follow(t, t->place.seq + behind, false);
	if (rand_below(&t->chance, 10) == 0)
		synchronise(t);
}

/* ---- what happens to them ---- */

static void
open_box(struct trail *t)
{
	struct err err;

	if (blackbox_open(&t->box, t->memory, BOX_SIZE, &err) < 0)
		fail(t, "journal: %s", err.msg);
}

/* As src/io/journal.c does: a black box that holds nothing yet does not say how to go on. */
static void
open_all(struct trail *t)
{
	open_box(t);
	open_files(t);
	if (t->box.next > 1)
		return;
	t->box.next = t->place.seq + 1;
	t->box.last_id = t->place.last_id;
}

/* The controller is dead, its thread in the middle of something; another one goes on. */
static void
kill_controller(struct trail *t)
{
	t->kills++;
	follow(t, blackbox_head(&t->box) - 1, true);
	open_all(t);
}

/* Of each sector that was written since the disk was asked to keep it, the old or the new is there. */
static void
cut_power(struct trail *t)
{
	for (int f = 0; f < JOURNAL_FILES; f++) {
		for (size_t at = 0; at < FILE_SIZE; at += SECTOR)
			if (rand_below(&t->chance, 2) == 0)
				memcpy(t->now[f] + at, t->safe[f] + at, SECTOR);
		memcpy(t->safe[f], t->now[f], FILE_SIZE);
	}
	memset(t->memory, 0, BOX_SIZE);
	blackbox_format(t->memory);
	open_all(t);
	if (t->place.last_id < t->durable || t->place.last_id > t->n)
		fail(t, "journal: after a power cut the last event is %llu, %llu was on the disk",
			(unsigned long long)t->place.last_id, (unsigned long long)t->durable);
	t->n = t->place.last_id;
	t->durable = t->n;
	t->kills++;
}

static void
put(struct trail *t, enum record_type type, const uint8_t *bytes, size_t n)
{
	uint64_t before = t->box.next;

	stores_left = rand_below(&t->chance, 3) == 0 ? 1 + (int)rand_below(&t->chance, 50) : 0;
	if (setjmp(death) == 0) {
		blackbox_put(&t->box, type, bytes, n);
		stores_left = 0;
		return;
	}
	kill_controller(t);
	if (t->box.next == before) /* it never was: the next controller finds the same again */
		put(t, type, bytes, n);
}

/* ---- recording and checking ---- */

struct trail *
trail_new(uint64_t seed, bool has_power_cuts)
{
	struct trail *t = mem_zero(1, sizeof(*t));

	t->chance = seed ^ UINT64_C(0x7261696c);
	t->has_power_cuts = has_power_cuts;
	t->memory = mem_zero(BOX_SIZE, 1);
	blackbox_format(t->memory);
	open_box(t);
	return t;
}

void
trail_free(struct trail *t)
{
	if (t == NULL)
		return;
	free(t->memory);
	free(t->hashes);
	free(t);
}

uint64_t
trail_event(struct trail *t, struct event *e)
{
	uint8_t bytes[EVENT_BYTES];
	size_t n;

	if (t->has_power_cuts && rand_below(&t->chance, 40) == 0)
		cut_power(t);
	e->id = t->n + 1;
	e->boot = 1;
	n = event_encode(bytes, e);
	if (t->n + 1 >= t->cap) {
		t->cap = MAX(t->cap * 2, (size_t)256);
		t->hashes = mem_grow(t->hashes, t->cap, sizeof(*t->hashes));
	}
	t->hashes[++t->n] = text_hash(bytes, n);
	put(t, RECORD_EVENT, bytes, n);
	if (t->box.last_id != t->n)
		fail(t, "journal: event %llu is the last, %llu expected",
			(unsigned long long)t->box.last_id, (unsigned long long)t->n);
	work(t);
	return e->id;
}

void
trail_clock(struct trail *t, struct clock_record *c)
{
	uint8_t bytes[CLOCK_RECORD_BYTES];

	put(t, RECORD_CLOCK, bytes, clock_record_encode(bytes, c));
	work(t);
}

/* One record that is there: as it was recorded, and behind the one before. */
static void
check_record(struct trail *t, const struct record *r, uint64_t *seq, uint64_t *id)
{
	struct event e;
	struct err err;

	if (r->seq <= *seq)
		return; /* files and black box have the same */
	if (*seq != 0 && r->seq != *seq + 1)
		fail(t, "journal: record %llu behind %llu", (unsigned long long)r->seq,
			(unsigned long long)*seq);
	*seq = r->seq;
	if (r->type != RECORD_EVENT)
		return;
	if (event_decode(&e, r->bytes, r->n, &err) < 0)
		fail(t, "journal: %s", err.msg);
	else if ((*id != 0 && e.id != *id + 1) || e.id > t->n || e.id != r->last_id)
		fail(t, "journal: event %llu behind %llu", (unsigned long long)e.id,
			(unsigned long long)*id);
	else if (text_hash(r->bytes, r->n) != t->hashes[e.id])
		fail(t, "journal: event %llu is not what was recorded", (unsigned long long)e.id);
	*id = e.id;
}

const char *
trail_check(struct trail *t)
{
	uint64_t seq = 0, id = 0, head = blackbox_head(&t->box);
	struct record r;

	for (int i = 1; i <= JOURNAL_FILES; i++) {
		const uint8_t *file = t->now[(t->active + i) % JOURNAL_FILES];
		struct journal_place at = { 0 };

		while (journal_take(file + at.offset, FILE_SIZE - at.offset, &at, &r) > 0)
			check_record(t, &r, &seq, &id);
	}
	for (uint64_t at = MAX(blackbox_oldest(&t->box, head), seq + 1); at < head; at++)
		if (blackbox_get(&t->box, at, &r))
			check_record(t, &r, &seq, &id);
	if (id != t->n)
		fail(t, "journal: the last event is %llu, not %llu", (unsigned long long)id,
			(unsigned long long)t->n);
	return t->breach[0] != '\0' ? t->breach : NULL;
}

uint64_t
trail_kills(const struct trail *t)
{
	return t->kills;
}
