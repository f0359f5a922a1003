/* log_read.c - the events of a bench, from its black box and the files of its journal */
#include "cli/log_read.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/seal.h"

const char *const log_part_names[LOG_PARTS] = { "journal.0", "journal.1", "blackbox" };

void
log_init(struct log_reader *r)
{
	r->memory = NULL;
	for (int i = 0; i < LOG_PARTS; i++)
		r->fd[i] = -1;
}

int
log_map(struct log_reader *r, struct err *err)
{
	size_t size;

	r->memory = seal_map(r->fd[LOG_BLACKBOX], &size, err);
	if (r->memory != NULL && size == BLACKBOX_SIZE)
		return 0;
	return r->memory == NULL ? ERR_IO : err_set(err, ERR_PROTO, 0, "black box of another size");
}

void
log_close(struct log_reader *r)
{
	union {
		const void *c;
		void *v;
	} unmap = { .c = r->memory };

	seal_done(unmap.v, BLACKBOX_SIZE);
	for (int i = 0; i < LOG_PARTS; i++)
		if (r->fd[i] >= 0)
			close(r->fd[i]);
	log_init(r);
}

void
log_free(struct log_reader *r)
{
	log_close(r);
	free(r->clocks);
	free(r->events);
	free(r);
}

/* ---- gathering ---- */

static void
take_record(struct log_reader *r, const struct record *from)
{
	struct err err;

	if (from->seq <= r->seen)
		return;
	if (from->type == RECORD_EVENT) {
		if (r->n_events == r->cap_events) {
			r->cap_events = MAX(r->cap_events * 2, (size_t)256);
			r->events = mem_grow(r->events, r->cap_events, sizeof(*r->events));
		}
		r->events[r->n_events].seq = from->seq;
		/* One of a newer version is passed over. */
		if (event_decode(&r->events[r->n_events].e, from->bytes, from->n, &err) == 0)
			r->n_events++;
	} else if (from->type == RECORD_CLOCK) {
		if (r->n_clocks == r->cap_clocks) {
			r->cap_clocks = MAX(r->cap_clocks * 2, (size_t)256);
			r->clocks = mem_grow(r->clocks, r->cap_clocks, sizeof(*r->clocks));
		}
		r->clocks[r->n_clocks].seq = from->seq;
		if (clock_record_decode(&r->clocks[r->n_clocks].at, from->bytes, from->n, &err) ==
			0)
			r->n_clocks++;
	}
}

static int
read_file(struct log_reader *r, int fd, struct err *err)
{
	struct record record;
	int rc;

	if (fd < 0)
		return 0;
	journal_reader_init(&r->scan, fd);
	while ((rc = journal_reader_next(&r->scan, &record, err)) > 0)
		take_record(r, &record);
	return rc;
}

/* Only what is left of it: a controller that has just begun has not written it yet. False: some of what is new is here no more. */
static int
read_box(struct log_reader *r, bool *out_is_whole, struct err *err)
{
	union {
		const void *c;
		void *v;
	} memory = { .c = r->memory };
	struct blackbox box;
	struct record record;
	uint64_t head, oldest;

	*out_is_whole = false;
	if (r->memory == NULL)
		return 0;
	if (blackbox_view(&box, memory.v, BLACKBOX_SIZE, err) < 0)
		return ERR_PROTO;
	head = blackbox_head(&box);
	oldest = blackbox_oldest(&box, head);
	*out_is_whole = true;
	for (uint64_t seq = MAX(oldest, r->seen + 1); seq < head; seq++) {
		if (blackbox_get(&box, seq, &record))
			take_record(r, &record);
		else if (seq > r->seen)
			*out_is_whole = false;
	}
	*out_is_whole = *out_is_whole && head > 1 && r->seen + 1 >= oldest;
	return 0;
}

static int
by_event(const void *a, const void *b)
{
	uint64_t x = ((const struct log_event *)a)->seq, y = ((const struct log_event *)b)->seq;

	return x < y ? -1 : x > y;
}

static int
by_clock(const void *a, const void *b)
{
	uint64_t x = ((const struct log_clock *)a)->seq, y = ((const struct log_clock *)b)->seq;

	return x < y ? -1 : x > y;
}

/* In order and each once: files and black box have the same. */
static void
sort(struct log_reader *r)
{
	size_t n = 0;

	if (r->n_events > 0)
		qsort(r->events, r->n_events, sizeof(*r->events), by_event);
	for (size_t i = 0; i < r->n_events; i++)
		if (n == 0 || r->events[i].seq != r->events[n - 1].seq)
			r->events[n++] = r->events[i];
	r->n_events = n;
	if (r->n_clocks > 0)
		qsort(r->clocks, r->n_clocks, sizeof(*r->clocks), by_clock);
	n = 0;
	for (size_t i = 0; i < r->n_clocks; i++)
		if (n == 0 || r->clocks[i].seq != r->clocks[n - 1].seq)
			r->clocks[n++] = r->clocks[i];
	r->n_clocks = n;
}

/* For each clock record the nearest of its boot that is synchronised. */
static void
link_clocks(struct log_reader *r)
{
	size_t good = 0;

	for (size_t i = 0; i < r->n_clocks; i++) {
		if (good != 0 && r->clocks[good - 1].at.boot != r->clocks[i].at.boot)
			good = 0;
		if (r->clocks[i].at.is_good)
			good = i + 1;
		r->clocks[i].good_before = good;
	}
	good = 0;
	for (size_t i = r->n_clocks; i-- > 0;) {
		if (good != 0 && r->clocks[good - 1].at.boot != r->clocks[i].at.boot)
			good = 0;
		if (r->clocks[i].at.is_good)
			good = i + 1;
		r->clocks[i].good_after = good;
	}
}

int
log_read(struct log_reader *r, struct err *err)
{
	uint64_t seen = r->seen;
	bool is_whole;

	r->n_events = 0;
	/* The black box first: what is overwritten there meanwhile is in the files. */
	if (read_box(r, &is_whole, err) < 0)
		return ERR_PROTO;
	if (!is_whole && (read_file(r, r->fd[LOG_FILE_0], err) < 0 ||
				 read_file(r, r->fd[LOG_FILE_1], err) < 0))
		return err_prefix(err, ERR_IO, "journal");
	sort(r);
	link_clocks(r);
	if (r->n_events > 0)
		seen = r->events[r->n_events - 1].seq;
	if (r->n_clocks > 0)
		seen = MAX(seen, r->clocks[r->n_clocks - 1].seq);
	r->seen = MAX(r->seen, seen);
	return 0;
}

/* ---- dating ---- */

bool
log_date(const struct log_reader *r, const struct log_event *e, int64_t *out_wall_ns)
{
	size_t lo = 0, hi = r->n_clocks;
	const struct log_clock *before, *after, *use;

	while (lo < hi) { /* the first clock record behind the event */
		size_t middle = (lo + hi) / 2;

		if (r->clocks[middle].seq < e->seq)
			lo = middle + 1;
		else
			hi = middle;
	}
	before = lo > 0 && r->clocks[lo - 1].at.boot == e->e.boot ? &r->clocks[lo - 1] : NULL;
	after = lo < r->n_clocks && r->clocks[lo].at.boot == e->e.boot ? &r->clocks[lo] : NULL;
	if (before != NULL && before->good_before != 0)
		use = &r->clocks[before->good_before - 1];
	else if (after != NULL && after->good_after != 0)
		use = &r->clocks[after->good_after - 1];
	else
		use = before != NULL ? before : after;
	if (use == NULL)
		return false;
	*out_wall_ns = e->e.stamp_ns + use->at.wall_ns;
	return true;
}
