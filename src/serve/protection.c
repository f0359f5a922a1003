/* protection.c - what protects the bench, as one document: trips, interlocks, safe states, what comes back, and where outputs end up when something is lost
 *
 * What they are comes from the image, how they are from the board. For those who see all: it is full of the names of channels.
 */
#include <stdio.h>

#include "model/worst.h"
#include "serve/picture.h"

/* The state of "trip.NAME", "interlock.NAME" or "safe.NAME" and since when; null: it is not known. */
static void
put_state(struct doc *d, const struct view *v, uint32_t channel)
{
	const char *state = NULL;
	struct sample s = { 0 };
	uint32_t i =
		board_find(v->board, image_text(v->img, image_channel_at(v->img, channel)->name));

	if (i != IMAGE_NONE && board_channel(v->board, i)->source_kind == SOURCE_STATE) {
		board_look(v->board, i, v->now_ns, &s);
		if (!quality_is_bad(s.quality))
			state = board_choice(v->board, board_channel(v->board, i), s.v.i);
	}
	doc_text(d, "state", state);
	view_time(d, "since", v, state != NULL ? s.stamp_ns : 0);
}

/* Seconds; null: none. */
static void
put_span(struct doc *d, const char *key, int64_t ns)
{
	if (ns > 0)
		doc_double(d, key, (double)ns / (double)NS_PER_S);
	else
		doc_null(d, key);
}

static void
put_trip(struct doc *d, const struct view *v, const struct image_trip *t)
{
	const char *tested = image_text(v->img, t->tested);

	doc_text(d, "condition", image_text(v->img, t->when.text));
	put_span(d, "for_s", t->for_ns);
	put_span(d, "on_bad_s", t->on_bad_ns == IMAGE_ON_BAD_ALARM ? 0 : t->on_bad_ns);
	doc_text(d, "safe_state", image_text(v->img, image_safe_state_at(v->img, t->to)->name));
	doc_text(d, "protected_by", image_text(v->img, t->protected_by));
	doc_text(d, "tested", tested[0] != '\0' ? tested : NULL);
	put_span(d, "test_every_s", t->test_every_ns);
	doc_bool(d, "latched", t->is_latched != 0);
	put_span(d, "reset_after_s", t->reset_after_ns);
	put_span(d, "bypass_max_s", t->bypass_max_ns);
}

static void
put_trips(struct doc *d, const struct view *v)
{
	doc_array(d, "trips", "trip");
	for (uint32_t i = 0; i < v->img->trips.n; i++) {
		const struct image_trip *t = image_trip_at(v->img, i);

		if (t->interlock != IMAGE_NONE)
			continue;
		doc_object(d, NULL);
		doc_text(d, "name", image_text(v->img, t->name));
		doc_text(d, "title", image_text(v->img, t->title));
		put_state(d, v, t->state);
		put_trip(d, v, t);
		doc_end(d);
	}
	doc_end(d);
}

/* With the trip that each of them has: it fires when what is forbidden has come about all the same. */
static void
put_interlocks(struct doc *d, const struct view *v)
{
	doc_array(d, "interlocks", "interlock");
	for (uint32_t i = 0; i < v->img->interlocks.n; i++) {
		const struct image_interlock *k = image_interlock_at(v->img, i);
		const struct image_trip *t = image_trip_at(v->img, k->trip);

		doc_object(d, NULL);
		doc_text(d, "name", image_text(v->img, k->name));
		doc_text(d, "title", image_text(v->img, k->title));
		put_state(d, v, k->state);
		doc_text(d, "forbids", image_text(v->img, k->forbid.text));
		doc_object(d, "trip");
		put_state(d, v, t->state);
		put_trip(d, v, t);
		doc_end(d);
		doc_end(d);
	}
	doc_end(d);
}

static const char *
output_name(const struct view *v, uint32_t output)
{
	const struct image_output *o = image_output_at(v->img, output);

	return image_text(v->img, image_channel_at(v->img, o->channel)->name);
}

/* A number in the output's unit, or the word of its choice. */
static void
put_value(struct doc *d, const struct view *v, uint32_t output, double value)
{
	uint32_t channel = image_output_at(v->img, output)->channel;
	const struct image_channel *ch = image_channel_at(v->img, channel);
	uint32_t i = board_find(v->board, image_text(v->img, ch->name));
	const char *word = NULL;

	if (ch->type == VALUE_BOOL) {
		doc_bool(d, "value", value != 0);
		return;
	}
	if (ch->type == VALUE_CHOICE && i != IMAGE_NONE)
		word = board_choice(v->board, board_channel(v->board, i), (int64_t)value);
	if (word != NULL)
		doc_text(d, "value", word);
	else
		doc_double(d, "value", value);
}

static void
put_line(struct doc *d, const struct view *v, const struct image_safe_state *s, uint32_t index)
{
	const struct image_safe_line *l = image_safe_line_at(v->img, index);

	doc_object(d, NULL);
	doc_text(d, "output", output_name(v, l->output));
	put_value(d, v, l->output, l->value);
	/* Numbers of lines of this safe state, from 1. */
	if (l->after != IMAGE_NONE)
		doc_uint(d, "after", l->after - s->first_line + 1);
	else
		doc_null(d, "after");
	if (l->otherwise != IMAGE_NONE)
		doc_uint(d, "otherwise", l->otherwise - s->first_line + 1);
	else
		doc_null(d, "otherwise");
	doc_bool(d, "is_otherwise", l->is_otherwise != 0);
	put_span(d, "within_s", l->within_ns);
	if (l->ramp > 0)
		doc_double(d, "ramp_per_min", l->ramp * 60);
	else
		doc_null(d, "ramp_per_min");
	doc_end(d);
}

static void
put_safe_states(struct doc *d, const struct view *v)
{
	doc_array(d, "safe_states", "safe_state");
	for (uint32_t i = 0; i < v->img->safe_states.n; i++) {
		const struct image_safe_state *s = image_safe_state_at(v->img, i);

		doc_object(d, NULL);
		doc_text(d, "name", image_text(v->img, s->name));
		doc_text(d, "title", image_text(v->img, s->title));
		doc_bool(d, "is_on_stop", v->img->on_stop == i);
		put_state(d, v, s->state);
		doc_array(d, "lines", "line");
		for (uint32_t k = 0; k < s->n_lines; k++)
			put_line(d, v, s, s->first_line + k);
		doc_end(d);
		doc_end(d);
	}
	doc_end(d);
}

static void
put_restore(struct doc *d, const struct view *v)
{
	const uint32_t *listed = image_at(v->img, &v->img->restore);

	doc_array(d, "restore", "output");
	for (uint32_t i = 0; i < v->img->restore.n; i++)
		doc_text(d, NULL, output_name(v, listed[i]));
	doc_end(d);
}

/* The table of 'mbc doctor --losses': outputs that can hurt people. */
static void
put_losses(struct doc *d, const struct view *v)
{
	static const char *const hazards[HAZARDS] = { NULL, "heat", "fuel", "oxidant", "toxic",
		"pressure", "inert" };
	static const char *const losses[LOSSES] = { [LOSS_MAINS] = "mains",
		[LOSS_COMPUTER] = "computer",
		[LOSS_NETWORK] = "network",
		[LOSS_AIR] = "air",
		[LOSS_INSTRUMENT] = "instrument" };

	doc_array(d, "losses", "output");
	for (uint32_t i = 0; i < v->img->outputs.n; i++) {
		const struct image_output *o = image_output_at(v->img, i);

		if (o->hazard == HAZARD_NONE)
			continue;
		doc_object(d, NULL);
		doc_text(d, "name", output_name(v, i));
		doc_text(d, "hazard", hazards[o->hazard]);
		for (int loss = 0; loss < LOSSES; loss++)
			doc_text(d, losses[loss],
				worst_fate_word(worst_fate(v->img, i, (enum loss)loss)));
		doc_end(d);
	}
	doc_end(d);
}

void
picture_protection(struct buf *out, bool is_xml, const struct view *v)
{
	const struct image_heartbeat *h = &v->img->heartbeat;
	struct doc d;

	doc_open(&d, out, is_xml, "bench");
	view_time(&d, "time", v, v->now_ns);
	put_trips(&d, v);
	put_interlocks(&d, v);
	put_safe_states(&d, v);
	put_restore(&d, v);
	put_losses(&d, v);
	if (h->every_ns > 0)
		doc_text(&d, "heartbeat",
			image_text(v->img, image_channel_at(v->img, h->channel)->name));
	else
		doc_null(&d, "heartbeat");
	put_span(&d, "heartbeat_drop_out_s", h->drop_out_ns);
	doc_close(&d);
}
