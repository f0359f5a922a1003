/* answer_events.c - what happened: first all that fit are counted and the newest ones noted, then those are written */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/answer_inside.h"
#include "msg/event.h"

#define EVENTS_A_STEP 512

/* Does a text fit one of the patterns of "a,b*"? No list fits all. */
static bool
fits_list(const char *list, const char *text)
{
	if (list[0] == '\0')
		return true;
	while (*list != '\0') {
		size_t n = strcspn(list, ",");

		if (n > 0 && text_fits(list, n, text))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

/* The last `limit` that fit, by where they stand. */
static void
note_event(void *ctx, const struct reader_event *e)
{
	struct answer *a = ctx;

	if (a->ask.events_as != ASK_EVENTS_JSON &&
		(!e->has_wall || !fits_list(a->ask.kinds, event_row(e->event.kind)->token) ||
			!fits_list(a->ask.subjects, e->event.subject)))
		return;
	a->spots[a->n_events++ % a->ask.points] = (struct event_spot){ e->file, e->row };
}

/* For plug-ins of Grafana: an annotation, or a row of a table of them. */
static void
put_mark(void *ctx, const struct reader_event *e)
{
	struct answer *a = ctx;
	const struct event_row *row = event_row(e->event.kind);
	bool is_table = a->ask.events_as == ASK_EVENTS_TABLE;
	struct buf text = { 0 }, tags = { 0 };
	struct json j;

	event_text(&text, &e->event, a->ask.language);
	if (a->n_written++ > 0)
		buf_puts(a->events_out, ",\n");
	json_open(&j, a->events_out);
	if (is_table) {
		buf_printf(&tags, "%s%s%s", row->token, e->event.subject[0] != '\0' ? "," : "",
			e->event.subject);
		json_array(&j, NULL);
	} else {
		json_object(&j, NULL);
		if (a->ask.echo[0] != '\0')
			json_raw(&j, "annotation", a->ask.echo);
	}
	json_int(&j, is_table ? NULL : "time", e->wall_ns / NS_PER_MS);
	json_text(&j, is_table ? NULL : "title", row->token);
	json_text(&j, is_table ? NULL : "text", buf_text(&text));
	if (is_table) {
		json_text(&j, NULL, buf_text(&tags));
		json_text(&j, NULL, e->event.subject);
		json_text(&j, NULL, event_severity_text(row->severity));
		json_text(&j, NULL, e->event.principal);
	} else {
		json_array(&j, "tags");
		json_text(&j, NULL, row->token);
		if (e->event.subject[0] != '\0')
			json_text(&j, NULL, e->event.subject);
		json_end(&j);
	}
	json_end(&j);
	buf_done(&text);
	buf_done(&tags);
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

		if (reader_event_at(a->reader, spot->file, spot->row,
			    a->ask.events_as == ASK_EVENTS_JSON ? put_event : put_mark, a, err) < 0)
			return ERR_IO;
	}
	a->n_read = at;
	if (at < n)
		return 1;
	buf_puts(out, a->ask.events_as == ASK_EVENTS_TABLE   ? "]}]\n"
		      : a->ask.events_as == ASK_EVENTS_MARKS ? "]\n"
							     : "]}\n");
	return 0;
}

static void
put_marks_head(const struct answer *a, struct buf *out)
{
	static const char *const columns[] = { "title", "text", "tags", "subject", "severity",
		"who" };

	if (a->ask.events_as == ASK_EVENTS_MARKS) {
		buf_putc(out, '[');
		return;
	}
	buf_puts(out, "[{\"type\":\"table\",\"columns\":[{\"text\":\"time\",\"type\":\"time\"}");
	for (size_t i = 0; i < NELEM(columns); i++)
		buf_printf(out, ",{\"text\":\"%s\",\"type\":\"string\"}", columns[i]);
	buf_puts(out, "],\"rows\":[");
}

int
answer_events(struct answer *a, struct buf *out, struct err *err)
{
	const struct reader_event_filter filter = { a->ask.from_ns, a->ask.to_ns, a->ask.kind,
		a->ask.subject, a->ask.before };
	int rc;

	if (a->spots == NULL)
		a->spots = mem_zero(a->ask.points, sizeof(*a->spots));
	if (a->is_begun)
		return write_events(a, out, err);
	rc = reader_events(a->reader, &filter, &a->event_place, EVENTS_A_STEP, note_event, a, err);
	if (rc != 0)
		return rc < 0 ? rc : 1;
	a->is_begun = true;
	if (a->ask.events_as != ASK_EVENTS_JSON) {
		put_marks_head(a, out);
		return 1;
	}
	buf_puts(out, "{\"from\":");
	answer_time(a, out, a->ask.has_all ? INT64_MIN : a->ask.from_ns);
	buf_puts(out, ",\"to\":");
	answer_time(a, out, a->ask.to_ns);
	buf_printf(out, ",\"omitted\":%zu,\"events\":[",
		a->n_events > a->ask.points ? a->n_events - a->ask.points : 0);
	return 1;
}
