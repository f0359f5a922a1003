/* answer_events.c - what happened: first all that fit are counted and the newest ones noted, then those are written */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "history/answer_inside.h"
#include "msg/event.h"

#define EVENTS_A_STEP 512

/* The last `limit` that fit, by where they stand. */
static void
note_event(void *ctx, const struct reader_event *e)
{
	struct answer *a = ctx;

	a->spots[a->n_events++ % a->ask.points] = (struct event_spot){ e->file, e->row };
}

static void
put_event(void *ctx, const struct reader_event *e)
{
	struct answer *a = ctx;
	struct buf wall = { 0 };
	struct json j;

	if (a->n_written++ > 0)
		buf_putc(a->events_out, ',');
	if (e->has_wall)
		stamp_put(&a->stamp, &wall, e->wall_ns);
	json_open(&j, a->events_out);
	json_object(&j, NULL);
	json_text(&j, "time", e->has_wall ? buf_text(&wall) : NULL);
	event_json(&j, &e->event, a->ask.language);
	json_end(&j);
	buf_done(&wall);
}

/* From the oldest of those noted on; the head has been written. */
static int
write_events(struct answer *a, struct buf *out, struct err *err)
{
	size_t n = MIN(a->n_events, a->ask.points), first = a->n_events - n, at = a->n_read;

	a->events_out = out;
	for (; at < n && at - a->n_read < EVENTS_A_STEP && out->n < ANSWER_BYTES; at++) {
		const struct event_spot *spot = &a->spots[(first + at) % a->ask.points];

		if (reader_event_at(a->reader, spot->file, spot->row, put_event, a, err) < 0)
			return ERR_IO;
	}
	a->n_read = at;
	if (at < n)
		return 1;
	buf_puts(out, "]}\n");
	return 0;
}

int
answer_events(struct answer *a, struct buf *out, struct err *err)
{
	const struct reader_event_filter filter = { a->ask.from_ns, a->ask.to_ns, a->ask.kind,
		a->ask.subject };
	int rc;

	if (a->spots == NULL)
		a->spots = mem_zero(a->ask.points, sizeof(*a->spots));
	if (a->is_begun)
		return write_events(a, out, err);
	rc = reader_events(a->reader, &filter, &a->event_place, EVENTS_A_STEP, note_event, a, err);
	if (rc != 0)
		return rc < 0 ? rc : 1;
	a->is_begun = true;
	buf_puts(out, "{\"from\":");
	answer_time(a, out, a->ask.has_all ? INT64_MIN : a->ask.from_ns);
	buf_puts(out, ",\"to\":");
	answer_time(a, out, a->ask.to_ns);
	buf_printf(out, ",\"omitted\":%zu,\"events\":[",
		a->n_events > a->ask.points ? a->n_events - a->ask.points : 0);
	return 1;
}
