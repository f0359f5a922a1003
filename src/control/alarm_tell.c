/* alarm_tell.c - the events of alarms */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/alarm_inside.h"

/* With all of an event but its text, values and cause. */
static void
begin(struct alarms *a, uint32_t i, enum event_kind kind, uint64_t cause, struct event *e)
{
	*e = (struct event){ .kind = kind, .stamp_ns = a->now_ns, .cause = cause };
	text_copy(e->subject, sizeof(e->subject),
		image_text(a->img, image_alarm_at(a->img, i)->name));
}

uint64_t
alarm_tell(struct alarms *a, uint32_t i, enum event_kind kind, uint64_t cause,
	const struct command *by)
{
	struct event e;

	begin(a, i, kind, cause, &e);
	if (kind == EVENT_ALARM_UNKNOWN)
		e.reason = (enum quality)a->at[i].reason;
	if (kind == EVENT_ALARM_SHELVED) {
		e.n_values = 1;
		e.values[0] = (double)(a->at[i].shelf_ns - a->now_ns) / 1e9;
	}
	if (by != NULL) {
		text_copy(e.principal, sizeof(e.principal), by->principal);
		text_copy(e.text, sizeof(e.text), by->text);
	}
	return a->sink.event(a->sink.ctx, &e);
}

/* Told at most once a minute. The second time and later: how often it came since, as times a minute. */
static void
watch_chatter(struct alarms *a, uint32_t i, uint64_t cause)
{
	struct alarm *m = &a->at[i];
	bool is_often = m->n_chatter == CHATTER_N - 1 &&
			a->now_ns - m->came_ns[CHATTER_N - 2] <= ALARM_CHATTER_NS;
	int64_t told_ns = a->now_ns - m->chatter_ns;
	struct event e;

	for (unsigned k = CHATTER_N - 2; k > 0; k--)
		m->came_ns[k] = m->came_ns[k - 1];
	m->came_ns[0] = a->now_ns;
	m->n_chatter = (uint8_t)MIN(m->n_chatter + 1, CHATTER_N - 1);
	m->n_came++;
	if (!is_often || (m->chatter_ns != 0 && told_ns < ALARM_CHATTER_NS))
		return;
	begin(a, i, EVENT_ALARM_CHATTERS, cause, &e);
	e.n_values = 1;
	e.values[0] = CHATTER_N;
	if (m->chatter_ns != 0 && told_ns < 2 * ALARM_CHATTER_NS)
		e.values[0] = MAX(CHATTER_N, (double)(m->n_came * ALARM_CHATTER_NS / told_ns));
	a->sink.event(a->sink.ctx, &e);
	m->chatter_ns = a->now_ns;
	m->n_came = 0;
}

/* "first out; Oven too hot", or the condition where it has no title. */
static void
say_what(struct alarms *a, const struct image_alarm *d, bool is_first_out, struct event *e)
{
	const char *what = image_text(a->img, d->title != 0 ? d->title : d->when.text);
	const char *first = !is_first_out ? "" : what[0] == '\0' ? "first out" : "first out; ";
	size_t n = strlen(first);

	memcpy(e->text, first, n);
	text_copy(e->text + n, sizeof(e->text) - n, what);
}

uint64_t
alarm_tell_on(struct alarms *a, uint32_t i, bool is_first_out, uint64_t cause)
{
	struct alarm *m = &a->at[i];
	struct event e;
	uint64_t id;

	begin(a, i, EVENT_ALARM_ON, cause, &e);
	if (m->count < UINT32_MAX)
		m->count++;
	e.n_values = 1;
	e.values[0] = m->count;
	say_what(a, image_alarm_at(a->img, i), is_first_out, &e);
	id = a->sink.event(a->sink.ctx, &e);
	watch_chatter(a, i, id);
	return id;
}

uint64_t
alarm_tell_suppressed(struct alarms *a, uint32_t i)
{
	const struct image_alarm *d = image_alarm_at(a->img, i);
	struct event e;

	begin(a, i, EVENT_ALARM_SUPPRESSED, 0, &e);
	if ((a->at[i].overlays & OVER_CONDITION) != 0) {
		text_copy(e.text, sizeof(e.text), image_text(a->img, d->suppress.text));
	} else {
		const struct alarm *parent = &a->at[d->parent];

		snprintf(e.text, sizeof(e.text), "by '%.100s'",
			image_text(a->img, image_alarm_at(a->img, d->parent)->name));
		e.cause = alarm_is_active(parent) ? parent->on_event : parent->unknown_event;
	}
	return a->sink.event(a->sink.ctx, &e);
}
