/* keep.c - states as records, and back */
#include "control/keep.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

struct entry {
	uint32_t id;
	uint8_t kind, n;
	uint8_t bytes[KEEP_ENTRY_MAX];
};

struct table {
	struct entry *at;
	size_t n, cap;
};

struct keep_past {
	struct table now;     /* as it was */
	struct table growing; /* the snapshot that is being read */
	bool is_growing, is_known;
	struct keep_time time;
};

void
keep_begin(struct keep_writer *w, const struct keep_time *t, bool is_first)
{
	w->bytes[0] = is_first ? RECORD_STATE_FIRST : 0;
	put_u64le(w->bytes + 1, t->boot);
	put_u64le(w->bytes + 9, (uint64_t)t->stamp_ns);
	put_u64le(w->bytes + 17, (uint64_t)t->wall_ns);
	w->bytes[25] = t->wall_is_good;
	w->n = KEEP_HEAD;
}

bool
keep_put(struct keep_writer *w, uint32_t id, enum keep_kind kind, const uint8_t *bytes, size_t n)
{
	if (n > KEEP_ENTRY_MAX || w->n + 6 + n > sizeof(w->bytes))
		return false;
	put_u32le(w->bytes + w->n, id);
	w->bytes[w->n + 4] = (uint8_t)kind;
	w->bytes[w->n + 5] = (uint8_t)n;
	memcpy(w->bytes + w->n + 6, bytes, n);
	w->n += 6 + n;
	return true;
}

void
keep_end(struct keep_writer *w, bool is_last)
{
	if (is_last)
		w->bytes[0] |= RECORD_STATE_LAST;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------- */

struct keep_past *
keep_past_new(void)
{
	return mem_zero(1, sizeof(struct keep_past));
}

void
keep_past_free(struct keep_past *p)
{
	if (p == NULL)
		return;
	free(p->now.at);
	free(p->growing.at);
	free(p);
}

static void
put(struct table *t, const struct entry *e)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->at[i].id == e->id && t->at[i].kind == e->kind) {
			t->at[i] = *e;
			return;
		}
	if (t->n == t->cap) {
		t->cap = MAX(2 * t->cap, (size_t)64);
		t->at = mem_grow(t->at, t->cap, sizeof(*t->at));
	}
	t->at[t->n++] = *e;
}

/* The entries of a record: only a record that is whole counts. */
static bool
is_whole(const uint8_t *bytes, size_t n)
{
	size_t at = KEEP_HEAD;

	if (n < KEEP_HEAD || bytes[25] > 1)
		return false;
	while (at + 6 <= n && bytes[at + 4] < KEEP_KINDS && bytes[at + 5] <= KEEP_ENTRY_MAX)
		at += 6 + (size_t)bytes[at + 5];
	return at == n;
}

static void
take_entries(struct table *t, const uint8_t *bytes, size_t n)
{
	for (size_t at = KEEP_HEAD; at < n; at += 6 + (size_t)bytes[at + 5]) {
		struct entry e = {
			.id = get_u32le(bytes + at), .kind = bytes[at + 4], .n = bytes[at + 5]
		};

		memcpy(e.bytes, bytes + at + 6, e.n);
		put(t, &e);
	}
}

void
keep_past_take(struct keep_past *p, const uint8_t *bytes, size_t n)
{
	if (!is_whole(bytes, n))
		return;
	if (bytes[0] & RECORD_STATE_FIRST) {
		p->growing.n = 0;
		p->is_growing = true;
	}
	if (p->is_growing)
		take_entries(&p->growing, bytes, n);
	else
		take_entries(&p->now, bytes, n);
	if (p->is_growing && (bytes[0] & RECORD_STATE_LAST)) {
		struct table t = p->now;

		p->now = p->growing;
		p->growing = t;
		p->is_growing = false;
		p->is_known = true;
	}
	p->time = (struct keep_time){ .boot = get_u64le(bytes + 1),
		.stamp_ns = (int64_t)get_u64le(bytes + 9),
		.wall_ns = (int64_t)get_u64le(bytes + 17),
		.wall_is_good = bytes[25] != 0 };
}

bool
keep_past_is_known(const struct keep_past *p, struct keep_time *out)
{
	if (p->is_known && out != NULL)
		*out = p->time;
	return p->is_known;
}

const uint8_t *
keep_past_find(const struct keep_past *p, uint32_t id, enum keep_kind kind, size_t *out_n)
{
	for (size_t i = 0; i < p->now.n; i++)
		if (p->now.at[i].id == id && p->now.at[i].kind == kind) {
			*out_n = p->now.at[i].n;
			return p->now.at[i].bytes;
		}
	return NULL;
}
