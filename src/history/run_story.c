/* run_story.c - what happened in a run */
#include "history/run_story.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "history/buckets.h"

#define EVENTS_A_STEP 1000
#define STANDING_MAX 1000
/* Wall times of events are those of the moment at which they were recorded, and those of a run by all that is known: they differ by what clocks creep. */
#define MARGIN_NS (50 * NS_PER_MS)

struct story *
story_new(struct reader *r, const struct run_row *run)
{
	struct story *s = mem_zero(1, sizeof(*s));

	s->r = r;
	s->run = run;
	return s;
}

void
story_free(struct story *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_parts; i++)
		runs_part_done(&s->parts[i]);
	free(s->parts);
	free(s->events);
	free(s->standing);
	free(s->steps);
	free(s->spans);
	free(s->records);
	free(s);
}

/* Room doubles at powers of two. */
static void *
one_more(void *at, size_t n, size_t size)
{
	return (n & (n - 1)) == 0 ? mem_grow(at, MAX(2 * n, (size_t)1), size) : at;
}

/* ---- reading -------------------------------------------------------------------------------------------------------------- */

static void
add_part(void *ctx, struct run_part *part)
{
	struct story *s = ctx;

	s->parts = one_more(s->parts, s->n_parts, sizeof(*s->parts));
	s->parts[s->n_parts++] = *part;
}

/* Of what was before the run only alarms count, the last word about each. */
static void
add_earlier(struct story *s, const struct reader_event *e)
{
	size_t i = 0;

	if (e->event.kind != EVENT_ALARM_ON && e->event.kind != EVENT_ALARM_OFF)
		return;
	while (i < s->n_standing && strcmp(s->standing[i].e.subject, e->event.subject) != 0)
		i++;
	if (i < s->n_standing)
		s->standing[i] = s->standing[--s->n_standing];
	if (e->event.kind == EVENT_ALARM_OFF || s->n_standing == STANDING_MAX)
		return;
	if (s->standing == NULL)
		s->standing = mem_zero(STANDING_MAX, sizeof(*s->standing));
	s->standing[s->n_standing++] = (struct story_event){ e->event, e->wall_ns };
}

static void
add_event(void *ctx, const struct reader_event *e)
{
	struct story *s = ctx;

	if (!e->has_wall)
		return;
	if (e->wall_ns < s->run->begin_ns - MARGIN_NS) {
		add_earlier(s, e);
		return;
	}
	if (s->n_events == STORY_EVENTS_MAX) {
		s->n_left_out++;
		return;
	}
	s->events = one_more(s->events, s->n_events, sizeof(*s->events));
	s->events[s->n_events++] = (struct story_event){ e->event,
		MIN(MAX(e->wall_ns, s->run->begin_ns), s->run->end_ns) };
}

static int
compare_events(const void *a, const void *b)
{
	const struct story_event *x = a, *y = b;

	return (x->e.id > y->e.id) - (x->e.id < y->e.id);
}

const struct story_event *
story_find(const struct story *s, uint64_t id)
{
	const struct story_event want = { .e.id = id };

	return s->n_events == 0
		       ? NULL
		       : bsearch(&want, s->events, s->n_events, sizeof(*s->events), compare_events);
}

size_t
story_part_of(const struct story *s, const struct story_event *e)
{
	size_t at = s->n_parts;

	for (size_t i = 0; i < s->n_parts && s->parts[i].start <= e->e.id; i++)
		at = i;
	return at < s->n_parts && e->wall_ns <= s->parts[at].end_ns + MARGIN_NS ? at : s->n_parts;
}

/* ---- steps ---------------------------------------------------------------------------------------------------------------- */

static const char *
how_of(const struct story *s, const struct run_part *part, const struct event *next)
{
	const struct story_event *cause = story_find(s, next->cause);

	if (next->cause == part->start)
		return "complete";
	switch (cause == NULL ? EVENT_COUNT : cause->e.kind) {
	case EVENT_SEQUENCE_SKIPPED:
		return "skipped";
	case EVENT_SEQUENCE_GUARD:
		return "guard";
	case EVENT_SEQUENCE_ABORTS:
	case EVENT_SEQUENCE_ABORTED:
		return "aborted";
	case EVENT_SEQUENCE_STOPS:
		return "held_too_long";
	case EVENT_SEQUENCE_HELD:
		return "action";
	default:
		return cause != NULL && cause->e.principal[0] != '\0' ? "person" : "action";
	}
}

static void
end_step(struct story *s, int64_t end_ns, const char *how, size_t part)
{
	struct story_step *last = s->n_steps > 0 ? &s->steps[s->n_steps - 1] : NULL;

	if (last == NULL || last->part != part || last->end_ns != INT64_MAX)
		return;
	last->end_ns = end_ns;
	text_copy(last->how, sizeof(last->how), how);
}

static void
begin_step(struct story *s, const struct story_event *e, size_t part)
{
	struct story_step *step;
	const char *title = strchr(e->e.text, ' ');

	end_step(s, e->wall_ns, how_of(s, &s->parts[part], &e->e), part);
	s->steps = one_more(s->steps, s->n_steps, sizeof(*s->steps));
	step = &s->steps[s->n_steps++];
	*step = (struct story_step){ .part = part,
		.number = (uint32_t)strtoul(e->e.text, NULL, 10),
		.begin_ns = e->wall_ns,
		.end_ns = INT64_MAX,
		.planned_s = e->e.n_values > 0 ? e->e.values[0] : (double)NAN };
	text_copy(step->title, sizeof(step->title), title == NULL ? "" : title + 1);
}

static void
end_part(struct story *s, size_t part)
{
	const struct run_part *p = &s->parts[part];

	end_step(s, p->end_ns, p->is_open ? "" : p->how, part);
	if (p->is_open && s->n_steps > 0 && s->steps[s->n_steps - 1].part == part)
		s->steps[s->n_steps - 1].is_open = true;
}

const struct story_step *
story_step_at(const struct story *s, int64_t wall_ns)
{
	size_t low = 0, high = s->n_steps;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->steps[middle].begin_ns <= wall_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && wall_ns <= s->steps[low - 1].end_ns ? &s->steps[low - 1] : NULL;
}

/* What the text of the sequence has of a step: the whole title, and its comment. */
struct carding {
	struct story *s;
	size_t part;
};

static void
name_step(void *ctx, const char *const columns[3])
{
	struct carding *c = ctx;
	uint32_t number = (uint32_t)strtoul(columns[0], NULL, 10);

	for (size_t i = 0; i < c->s->n_steps; i++) {
		struct story_step *step = &c->s->steps[i];

		if (step->part != c->part || step->number != number)
			continue;
		text_copy(step->title, sizeof(step->title), columns[1]);
		text_copy(step->comment, sizeof(step->comment), columns[2]);
	}
}

static int
name_steps(struct story *s, struct err *err)
{
	for (size_t i = 0; i < s->n_parts; i++) {
		struct carding c = { s, i };
		struct buf card = { 0 };
		int rc = s->parts[i].card[0] == '\0'
				 ? ERR_CONF
				 : runs_bench(s->r, s->parts[i].card, &card, err);

		if (rc == 0)
			rc = runs_card(s->r, buf_text(&card), CARD_STEPS, name_step, &c, err);
		buf_done(&card);
		if (rc == ERR_IO)
			return rc;
		if (rc == ERR_CONF) /* its text is in no file any more: what its events say */
			s->parts[i].card[0] = '\0';
	}
	return 0;
}

/* ---- spans ---------------------------------------------------------------------------------------------------------------- */

static void
begin_span(
	struct story *s, enum story_span_kind kind, const struct story_event *e, const char *what)
{
	s->spans = one_more(s->spans, s->n_spans, sizeof(*s->spans));
	s->spans[s->n_spans++] = (struct story_span){ .kind = kind,
		.begin_ns = e->wall_ns,
		.end_ns = s->run->end_ns,
		.is_open = true,
		.what = what,
		.answer = "" };
}

/* what NULL: any. */
static struct story_span *
end_span(struct story *s, enum story_span_kind kind, const char *what, int64_t end_ns)
{
	for (size_t i = s->n_spans; i-- > 0;) {
		struct story_span *span = &s->spans[i];

		if (span->kind != kind || !span->is_open ||
			(what != NULL && strcmp(span->what, what) != 0))
			continue;
		span->is_open = false;
		span->end_ns = end_ns;
		return span;
	}
	return NULL;
}

static void
add_held(struct story *s)
{
	for (size_t i = 0; i < s->n_spans; i++)
		for (size_t k = 0; k < s->n_steps && s->spans[i].kind == STORY_HOLD; k++) {
			int64_t from = MAX(s->spans[i].begin_ns, s->steps[k].begin_ns);
			int64_t to = MIN(s->spans[i].end_ns, s->steps[k].end_ns);

			s->steps[k].held_ns += MAX(to - from, INT64_C(0));
		}
}

/* ---- records -------------------------------------------------------------------------------------------------------------- */

static void
begin_record(struct story *s, const struct story_event *e, size_t part)
{
	struct story_record *r;
	const char *every = NULL, *at = e->e.text;

	while ((at = strstr(at, " every ")) != NULL)
		every = at++;
	if (every == NULL || e->e.n_values < 2 || !(e->e.values[0] > 0))
		return;
	s->records = one_more(s->records, s->n_records, sizeof(*s->records));
	r = &s->records[s->n_records++];
	*r = (struct story_record){ .part = part,
		.line = (uint32_t)e->e.values[1],
		.every_s = e->e.values[0],
		.begin_ns = e->wall_ns,
		.end_ns = INT64_MAX };
	memcpy(r->name, e->e.text, MIN((size_t)(every - e->e.text), sizeof(r->name) - 1));
}

static void
end_records(struct story *s, size_t part, const char *name, int64_t end_ns, bool is_left_open)
{
	for (size_t i = 0; i < s->n_records; i++) {
		struct story_record *r = &s->records[i];

		if (r->part != part || r->end_ns != INT64_MAX ||
			(name != NULL && strcmp(r->name, name) != 0))
			continue;
		r->end_ns = end_ns;
		r->is_left_open = is_left_open;
	}
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------ */

static void
take_of_sequence(struct story *s, const struct story_event *e, size_t part)
{
	struct story_span *span;

	switch (e->e.kind) {
	case EVENT_SEQUENCE_STEP:
		end_span(s, STORY_HOLD, NULL, e->wall_ns);
		begin_step(s, e, part);
		break;
	case EVENT_SEQUENCE_HELD:
		begin_span(s, STORY_HOLD, e, e->e.text);
		break;
	case EVENT_SEQUENCE_RESUMED:
	case EVENT_SEQUENCE_STOPS:
	case EVENT_SEQUENCE_ABORTS:
	case EVENT_SEQUENCE_ABORTED:
		end_span(s, STORY_HOLD, NULL, e->wall_ns);
		break;
	case EVENT_SEQUENCE_ASKS:
		begin_span(s, STORY_QUESTION, e, e->e.text);
		break;
	case EVENT_SEQUENCE_ANSWERED:
		span = end_span(s, STORY_QUESTION, NULL, e->wall_ns);
		if (span != NULL)
			span->answer = strstr(e->e.text, ": ") == NULL
					       ? e->e.text
					       : strstr(e->e.text, ": ") + 2;
		break;
	case EVENT_SEQUENCE_RECORD_STARTED:
		begin_record(s, e, part);
		break;
	case EVENT_SEQUENCE_RECORD_STOPPED:
		end_records(s, part, e->e.text, e->wall_ns, false);
		break;
	default:
		break;
	}
}

static void
take(struct story *s, const struct story_event *e)
{
	size_t part = story_part_of(s, e);

	if (e->e.kind == EVENT_ALARM_ON)
		begin_span(s, STORY_ALARM, e, e->e.subject);
	else if (e->e.kind == EVENT_ALARM_OFF)
		end_span(s, STORY_ALARM, e->e.subject, e->wall_ns);
	else if (part < s->n_parts)
		take_of_sequence(s, e, part);
}

/* Does its bench still have the alarm? One that was taken out of the file never goes: its channel is not confirmed any more. 1, 0, ERR_IO. */
static int
is_watched(const struct story *s, const char *alarm, struct err *err)
{
	struct reader_channel ch;
	struct cursor *cursor;
	struct piece piece;
	char name[80];
	int rc;

	snprintf(name, sizeof(name), "alarm.%.70s", alarm);
	rc = reader_find(s->r, name, &ch, err);
	if (rc < 0)
		return rc == ERR_IO ? rc : 0;
	cursor = cursor_new(s->r, &ch, MAX(s->run->begin_ns - BUCKETS_HOLD_NS, INT64_C(0)),
		s->run->begin_ns + 1, false);
	rc = cursor_next(cursor, &piece, err);
	cursor_free(cursor);
	return rc;
}

/* Alarms that are on when the run begins. */
static int
take_standing(struct story *s, struct err *err)
{
	for (size_t i = 0; i < s->n_standing; i++) {
		int rc = is_watched(s, s->standing[i].e.subject, err);

		if (rc < 0)
			return rc;
		if (rc == 1)
			begin_span(s, STORY_ALARM, &s->standing[i], s->standing[i].e.subject);
	}
	return 0;
}

static int
settle(struct story *s, struct err *err)
{
	size_t part = 0;

	if (s->n_events > 0)
		qsort(s->events, s->n_events, sizeof(*s->events), compare_events);
	if (runs_parts(s->r, s->run->run, add_part, s, err) < 0 || take_standing(s, err) < 0)
		return ERR_IO;
	for (size_t i = 0; i < s->n_events; i++) {
		for (; part + 1 < s->n_parts && s->parts[part + 1].start <= s->events[i].e.id;
			part++)
			end_part(s, part);
		take(s, &s->events[i]);
	}
	for (; part < s->n_parts; part++)
		end_part(s, part);
	for (size_t i = 0; i < s->n_parts; i++) {
		end_records(s, i, NULL, s->parts[i].end_ns, !s->parts[i].is_open);
		for (size_t k = 0; k < s->n_spans; k++)
			if (s->spans[k].is_open && s->spans[k].kind != STORY_ALARM &&
				s->spans[k].begin_ns >= s->parts[i].begin_ns &&
				s->spans[k].begin_ns <= s->parts[i].end_ns)
				s->spans[k].end_ns = s->parts[i].end_ns;
	}
	add_held(s);
	return name_steps(s, err);
}

int
story_step(struct story *s, struct err *err)
{
	const struct reader_event_filter filter = { INT64_MIN, s->run->end_ns + MARGIN_NS, "", "",
		0 };
	int rc = reader_events(s->r, &filter, &s->place, EVENTS_A_STEP, add_event, s, err);

	return rc != 0 ? rc : settle(s, err);
}
