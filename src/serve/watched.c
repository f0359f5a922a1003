/* watched.c - alarms and trips as documents: what they are from the image, how they are from the board */
#include <stdio.h>

#include "serve/allow.h"
#include "serve/picture.h"

/* The state of "alarm.NAME" or "trip.NAME"; NULL: this board has none, or it is not known. */
static const char *
look_state(const struct view *v, const char *kind, const char *name, struct sample *s)
{
	char channel[160];
	uint32_t i;

	snprintf(channel, sizeof(channel), "%s.%s", kind, name);
	i = board_find(v->board, channel);
	if (i == IMAGE_NONE || board_channel(v->board, i)->source_kind != SOURCE_STATE)
		return NULL;
	board_look(v->board, i, v->now_ns, s);
	return quality_is_bad(s->quality)
		       ? NULL
		       : board_choice(v->board, board_channel(v->board, i), s->v.i);
}

/* It names channels, which somebody who sees some alone may not see. */
static void
put_condition(struct doc *d, const struct view *v, uint32_t text)
{
	doc_text(d, "condition", allow_is_all(v->only) ? image_text(v->img, text) : NULL);
}

/* One of both: name, title, state and since when. False: it is at rest and not asked for. */
static bool
begin_row(struct doc *d, const struct view *v, const char *kind, uint32_t name, uint32_t title,
	bool wants_all)
{
	const char *name_text = image_text(v->img, name);
	struct sample s = { 0 };
	const char *state = look_state(v, kind, name_text, &s);

	if (!allow_name(v->only, name_text))
		return false;
	if (!wants_all && state != NULL && s.v.i == 0) /* ALARM_NORMAL, TRIP_READY */
		return false;
	doc_object(d, NULL);
	doc_text(d, "name", name_text);
	doc_text(d, "title", image_text(v->img, title));
	doc_text(d, "state", state);
	view_time(d, "since", v, state != NULL ? s.stamp_ns : 0);
	return true;
}

/* The newest alarm that was there, before any is looked at: whoever acknowledges says so. 0: nobody knows. */
static uint64_t
look_seen(const struct view *v)
{
	struct sample s;

	if (v->img->horn == IMAGE_NONE || v->img->last_alarm >= v->info.n_channels)
		return 0;
	board_look(v->board, v->img->last_alarm, v->now_ns, &s);
	return quality_is_bad(s.quality) ? 0 : s.v.u;
}

void
picture_alarms(struct buf *out, bool is_xml, const struct view *v, bool wants_all)
{
	static const char *const priorities[PRIORITIES] = { "low", "medium", "high", "critical" };
	uint64_t seen = look_seen(v);
	struct doc d;

	doc_open(&d, out, is_xml, "bench");
	view_time(&d, "time", v, v->now_ns);
	if (seen != 0)
		doc_uint(&d, "seen", seen);
	else
		doc_null(&d, "seen");
	doc_array(&d, "alarms", "alarm");
	for (uint32_t i = 0; i < v->img->alarms.n; i++) {
		const struct image_alarm *a = image_alarm_at(v->img, i);

		if (!begin_row(&d, v, "alarm", a->name, a->title, wants_all))
			continue;
		doc_text(&d, "priority", priorities[a->priority]);
		doc_text(&d, "do", image_text(v->img, a->action));
		put_condition(&d, v, a->when.text);
		doc_bool(&d, "latched", a->is_latched != 0);
		doc_bool(&d, "can_be_shelved", a->shelve_max_ns > 0);
		doc_end(&d);
	}
	doc_end(&d);
	doc_close(&d);
}

void
picture_trips(struct buf *out, bool is_xml, const struct view *v, bool wants_all)
{
	struct doc d;

	doc_open(&d, out, is_xml, "bench");
	view_time(&d, "time", v, v->now_ns);
	doc_array(&d, "trips", "trip");
	for (uint32_t i = 0; i < v->img->trips.n; i++) {
		const struct image_trip *t = image_trip_at(v->img, i);

		if (!begin_row(&d, v, "trip", t->name, t->title, wants_all))
			continue;
		put_condition(&d, v, t->when.text);
		doc_text(&d, "safe_state",
			image_text(v->img, image_safe_state_at(v->img, t->to)->name));
		doc_text(&d, "protected_by", image_text(v->img, t->protected_by));
		doc_bool(&d, "latched", t->is_latched != 0);
		doc_bool(&d, "can_be_bypassed", t->bypass_max_ns > 0);
		doc_end(&d);
	}
	doc_end(&d);
	doc_close(&d);
}
