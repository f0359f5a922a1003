/* past_events.c - events that were on no tape */
#include "io/past_events.h"

#include <stdlib.h>

#include "base/mem.h"
#include "io/journal_files.h"
#include "io/seal.h"

struct reading {
	uint64_t behind;
	past_event_fn fn;
	void *ctx;
	struct clock_record clock; /* the last one; boot 0: none */
};

static void
take(struct reading *r, const struct record *from)
{
	struct event e;
	struct err err;

	if (from->type == RECORD_CLOCK)
		(void)!clock_record_decode(&r->clock, from->bytes, from->n, &err);
	else if (from->type == RECORD_EVENT && event_decode(&e, from->bytes, from->n, &err) == 0 &&
		 e.id > r->behind)
		r->fn(r->ctx, &e, r->clock.boot == e.boot, r->clock.wall_ns);
}

static int
read_file(struct reading *r, int fd, struct err *err)
{
	struct journal_reader *scan = mem_zero(1, sizeof(*scan));
	struct record record;
	int rc;

	journal_reader_init(scan, fd);
	while ((rc = journal_reader_next(scan, &record, err)) > 0)
		take(r, &record);
	free(scan);
	return rc;
}

static int
read_box(struct reading *r, int fd, struct err *err)
{
	struct blackbox box;
	struct record record;
	uint64_t head;
	size_t size;
	union {
		const void *c;
		void *v;
	} memory = { .c = seal_map(fd, &size, err) };
	int rc;

	if (memory.c == NULL)
		return ERR_IO;
	rc = blackbox_view(&box, memory.v, size, err);
	head = rc < 0 ? 0 : blackbox_head(&box);
	for (uint64_t seq = rc < 0 ? 0 : blackbox_oldest(&box, head); seq < head; seq++)
		if (blackbox_get(&box, seq, &record))
			take(r, &record);
	seal_done(memory.v, size);
	return rc;
}

int
past_events_read(
	const struct past_events *p, uint64_t behind, past_event_fn fn, void *ctx, struct err *err)
{
	bool has_read = false;

	err_set(err, ERR_IO, 0, "no part of the journal is there");
	for (int i = 0; i < 3; i++) {
		struct reading r = { .behind = behind, .fn = fn, .ctx = ctx };
		int fd = i < 2 ? p->journal[i] : p->box;

		if (fd >= 0)
			has_read |= (i < 2 ? read_file : read_box)(&r, fd, err) >= 0;
	}
	return has_read ? 0 : ERR_IO;
}
