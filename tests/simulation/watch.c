/* watch.c - what must hold at every moment of a simulated bench */
#include "watch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "model/expr.h"
#include "msg/health.h"

#define ROUND_NS (2 * NS_PER_MS)   /* what devices count are whole milliseconds */
#define CONFIRM_NS (61 * NS_PER_S) /* on the tape at least each 60 s, with a tick of 200 ms */

struct channel_watch {
	bool may_begin_anew; /* its device is another since the reload: until it is read there is no value */
	int64_t limit_ns; /* nothing older may be shown; NEVER: no limit */
	bool is_taped;
	struct sample taped; /* last record of the tape */
	int64_t patience_ns; /* longest timeout of those who read it */
	int64_t stamp_ns;    /* of the last reading that was seen on the board */
	/* since the mark */
	int64_t seen_ns;
	int64_t gap_ns;
	uint32_t updates, faults;
};

struct instrument_watch {
	enum instrument_state state; /* by the events */
	uint32_t ups, downs, all_downs;
};

struct watch {
	const struct image *img;
	const struct board *board;
	const struct held *held;
	struct channel_watch *channels;
	struct instrument_watch *instruments;
	uint32_t events[EVENT_COUNT];
	uint64_t records; /* on the tapes before this one */
	uint64_t place, digest;
	uint64_t last_event; /* on the tape: its id */
	uint64_t link_event; /* the last one of a link, and which link */
	char link[EVENT_SUBJECT];
	char breach[240];
};

static int64_t
standstill(const struct image *img)
{
	return MAX(2 * NS_PER_S, 20 * img->tick_ns);
}

/* A point has its own limit. What follows others is marked at the tick, so it may be as much older as the controller may
 * stand still before that shows. */
static int64_t
limit_of(const struct watch *w, uint32_t channel)
{
	const struct image_channel *ch = image_channel_at(w->img, channel);
	const struct expr_op *ops = image_at(w->img, &w->img->code);
	int64_t limit_ns = 0;

	if (ch->source_kind == SOURCE_CHANNEL)
		limit_ns = w->channels[ch->source].limit_ns;
	else if (ch->source_kind == SOURCE_POINT)
		return ch->stale_ns > 0 ? ch->stale_ns : NEVER;
	else if (ch->source_kind == SOURCE_CALC)
		for (uint32_t i = ch->source; i < ch->source + ch->n_ops; i++)
			if (ops[i].code == EXPR_OP_LOAD)
				limit_ns = MAX(limit_ns, w->channels[ops[i].arg.i].limit_ns);
	if (limit_ns == 0 || limit_ns == NEVER)
		return NEVER;
	return limit_ns + standstill(w->img);
}

struct watch *
watch_new(const struct image *img, const struct board *board, const struct held *held)
{
	struct watch *w = mem_zero(1, sizeof(*w));

	w->img = img;
	w->board = board;
	w->held = held;
	w->channels = mem_zero(img->channels.n, sizeof(*w->channels));
	w->instruments = mem_zero(img->instruments.n, sizeof(*w->instruments));
	w->place = 1;
	for (uint32_t i = 0; i < img->channels.n; i++) {
		const struct image_channel *ch = image_channel_at(img, i);

		w->channels[i].limit_ns = limit_of(w, i);
		if (ch->source_kind == SOURCE_POINT)
			w->channels[i].patience_ns =
				image_instrument_at(img, ch->instrument)->timeout_ns;
	}
	return w;
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	free(w->channels);
	free(w->instruments);
	free(w);
}

const char *
watch_breach(const struct watch *w)
{
	return w->breach[0] != '\0' ? w->breach : NULL;
}

void
watch_break(struct watch *w, const char *fmt, ...)
{
	va_list args;

	if (w->breach[0] != '\0')
		return;
	va_start(args, fmt);
	vsnprintf(w->breach, sizeof(w->breach), fmt, args);
	va_end(args);
}

static const char *
name_of(const struct watch *w, uint32_t channel)
{
	return image_text(w->img, image_channel_at(w->img, channel)->name);
}

/* ---- events ---------------------------------------------------------------------------------------------------------- */

/* One that went down with its link has that as its cause, and no other has one. (A link that the engine itself gives up is lost too, without
 * an event of its own.) */
static void
check_cause(struct watch *w, const struct event *e, const struct image_instrument *ins)
{
	const char *link = image_text(w->img, image_link_at(w->img, ins->link)->name);
	bool is_down = e->kind == EVENT_INSTRUMENT_DOWN;

	if (is_down && e->reason == Q_NO_LINK && e->cause == 0)
		watch_break(w, "event: '%s' is without its link, and that is no cause", e->subject);
	if (e->cause != 0 && (!is_down || (e->reason != Q_NO_LINK && e->reason != Q_LINK_LOST) ||
				     e->cause != w->link_event || strcmp(link, w->link) != 0))
		watch_break(w, "event: '%s' has the cause %llu", e->subject,
			(unsigned long long)e->cause);
}

void
watch_event(struct watch *w, const struct event *e)
{
	w->events[e->kind]++;
	if (e->kind == EVENT_LINK_DOWN) {
		w->link_event = e->id;
		text_copy(w->link, sizeof(w->link), e->subject);
	}
	if (e->kind != EVENT_INSTRUMENT_UP && e->kind != EVENT_INSTRUMENT_DOWN)
		return;
	for (uint32_t i = 0; i < w->img->instruments.n; i++) {
		struct instrument_watch *ins = &w->instruments[i];
		const char *name = image_text(w->img, image_instrument_at(w->img, i)->name);
		enum instrument_state now =
			e->kind == EVENT_INSTRUMENT_UP ? INSTRUMENT_UP : INSTRUMENT_DOWN;

		if (strcmp(name, e->subject) != 0)
			continue;
		if (ins->state == now)
			watch_break(w, "event: '%s' went %s twice in a row", name,
				now == INSTRUMENT_UP ? "up" : "down");
		check_cause(w, e, image_instrument_at(w->img, i));
		ins->state = now;
		ins->ups += now == INSTRUMENT_UP;
		ins->downs += now == INSTRUMENT_DOWN;
		ins->all_downs += now == INSTRUMENT_DOWN;
		return;
	}
	watch_break(w, "event: about '%s', which is no instrument", e->subject);
}

/* ---- values ---------------------------------------------------------------------------------------------------------- */

/* A text shows the name of its instrument, as far as there was room. */
static bool
is_name(const char *text, const char *name)
{
	return text[0] != '\0' && strncmp(text, name, strlen(text)) == 0;
}

static void
check_value(struct watch *w, uint32_t channel, const struct sample *s, const char *where)
{
	const struct image_channel *ch = image_channel_at(w->img, channel);
	const struct image_instrument *ins;
	int64_t half;

	if (ch->source_kind != SOURCE_POINT || ch->filter != FILTER_NONE ||
		quality_is_bad(s->quality))
		return;
	ins = image_instrument_at(w->img, ch->instrument);
	half = w->channels[channel].patience_ns / 2 + ROUND_NS;
	/* The stamp is the middle between question and answer, which are at most a timeout apart. */
	if (ch->type == VALUE_TEXT ? !is_name(s->text, image_text(w->img, ins->name))
				   : !held_shows(w->held, ch->source, ch->type, s->v,
					     s->stamp_ns - half, s->stamp_ns + half))
		watch_break(w,
			"%s: '%s' shows %.17g '%s' of t=%.3f s, which its device did not hold then",
			where, name_of(w, channel), value_double(ch->type, s->v), s->text,
			(double)s->stamp_ns / 1e9);
}

static bool
is_same(enum value_type type, const struct sample *a, const struct sample *b)
{
	return a->quality == b->quality && a->code == b->code && value_same(type, a->v, b->v) &&
	       (type != VALUE_TEXT || strcmp(a->text, b->text) == 0);
}

/* What is no channel's: an event is whole, a clock record says a clock. Returns how many records carry on. */
static uint64_t
read_special(struct watch *w, const struct board_change *c)
{
	uint8_t bytes[EVENT_BYTES];
	struct event e;
	struct err err;
	size_t n;

	if (c->channel == BOARD_TAPE_CLOCK) {
		if (c->sample.v.i == 0 || c->sample.code != 1)
			watch_break(w, "tape: a clock record that says nothing");
		return 0;
	}
	n = board_tape_event_read(w->board, c, bytes);
	if (event_decode(&e, bytes, n, &err) < 0)
		watch_break(w, "tape: %s", err.msg);
	else if (e.id <= w->last_event || e.stamp_ns != c->sample.stamp_ns)
		watch_break(w, "tape: event %llu after %llu", (unsigned long long)e.id,
			(unsigned long long)w->last_event);
	else
		w->last_event = e.id;
	return (n + 23) / 24;
}

static void
read_tape(struct watch *w, int64_t now_ns)
{
	struct board_change changes[64];
	uint64_t missed, expected = w->place, room = 0;
	size_t n;

	while ((n = board_tape_read(w->board, &w->place, changes, NELEM(changes), &missed)) > 0) {
		for (size_t i = 0; i < n; i++) {
			const struct board_change *c = &changes[i];
			struct channel_watch *ch;

			bool is_channel = c->channel < w->img->channels.n;

			if (missed > 0 || c->seq < expected || c->seq > expected + room ||
				(!is_channel && c->channel != BOARD_TAPE_EVENT &&
					c->channel != BOARD_TAPE_CLOCK)) {
				watch_break(w, "tape: record %llu after %llu, %llu missed",
					(unsigned long long)c->seq,
					(unsigned long long)expected - 1,
					(unsigned long long)missed);
				return;
			}
			expected = c->seq + 1;
			room = 0;
			if (!is_channel) {
				room = read_special(w, c);
				continue;
			}
			/* The bytes of a text are in numbered records behind its own. */
			room = image_channel_at(w->img, c->channel)->type == VALUE_TEXT ? 3 : 0;
			check_value(w, c->channel, &c->sample, "tape");
			if (c->sample.stamp_ns > now_ns)
				watch_break(w, "tape: '%s' has a stamp in the future",
					name_of(w, c->channel));
			ch = &w->channels[c->channel];
			ch->is_taped = true;
			ch->taped = c->sample;
			w->digest =
				text_hash(&c->sample.stamp_ns, 8) ^ (w->digest * 31 + c->channel);
			w->digest = w->digest * 31 + c->sample.v.u * 7 + c->sample.quality;
		}
	}
}

/* ---- reloads ------------------------------------------------------------------------------------------------------- */

void
watch_end(struct watch *w, int64_t now_ns)
{
	read_tape(w, now_ns);
}

static bool
is_kept(const struct image *a, const struct image_channel *x, const struct image *b,
	const struct image_channel *y)
{
	return x->id == y->id && x->type == y->type && x->source_kind == y->source_kind &&
	       strcmp(image_text(a, x->unit), image_text(b, y->unit)) == 0;
}

/* Asked on the same wire in the same way. */
static bool
is_same_device(const struct image *a, const struct image_channel *x, const struct image *b,
	const struct image_channel *y)
{
	if (x->instrument == IMAGE_NONE || y->instrument == IMAGE_NONE)
		return x->instrument == y->instrument;
	return image_instrument_at(a, x->instrument)->hash ==
	       image_instrument_at(b, y->instrument)->hash;
}

/* What the old board showed, or was about to show, the new one shows first. */
static void
adopt_channel(struct channel_watch *ch, const struct channel_watch *old)
{
	int64_t limit_ns = ch->limit_ns, patience_ns = MAX(ch->patience_ns, old->patience_ns);

	*ch = *old;
	ch->limit_ns = limit_ns;
	ch->patience_ns = patience_ns;
}

void
watch_adopt(struct watch *w, const struct watch *from)
{
	const struct image *img = w->img, *was = from->img;

	memcpy(w->events, from->events, sizeof(w->events));
	memcpy(w->breach, from->breach, sizeof(w->breach));
	w->digest = from->digest;
	w->last_event = from->last_event;
	w->link_event = from->link_event;
	memcpy(w->link, from->link, sizeof(w->link));
	w->records = from->records + from->place - 1;
	for (uint32_t i = 0; i < img->channels.n; i++) {
		for (uint32_t k = 0; k < was->channels.n; k++)
			if (is_kept(img, image_channel_at(img, i), was, image_channel_at(was, k))) {
				adopt_channel(&w->channels[i], &from->channels[k]);
				w->channels[i].may_begin_anew = !is_same_device(img,
					image_channel_at(img, i), was, image_channel_at(was, k));
			}
	}
	for (uint32_t i = 0; i < img->instruments.n; i++)
		for (uint32_t k = 0; k < was->instruments.n; k++) {
			const struct image_instrument *a = image_instrument_at(img, i),
						      *b = image_instrument_at(was, k);

			if (a->id != b->id)
				continue;
			w->instruments[i] = from->instruments[k];
			if (a->hash != b->hash)
				w->instruments[i].state = INSTRUMENT_STARTING;
		}
}

/* ---- channels ---------------------------------------------------------------------------------------------------- */

static void
check_derived(struct watch *w, uint32_t channel, const struct sample *s)
{
	const struct image_channel *ch = image_channel_at(w->img, channel);
	const struct expr_op *op =
		(const struct expr_op *)image_at(w->img, &w->img->code) + ch->source;
	struct sample a, b;

	if (ch->source_kind == SOURCE_CHANNEL && !ch->has_scale && !ch->has_range &&
		ch->filter == FILTER_NONE &&
		ch->type == image_channel_at(w->img, ch->source)->type) {
		board_read(w->board, ch->source, &a);
		if (!is_same(ch->type, s, &a))
			watch_break(w, "channel: '%s' differs from the one it follows",
				name_of(w, channel));
	} else if (ch->source_kind == SOURCE_CALC && ch->n_ops == 3 && op[2].code == EXPR_OP_ADD) {
		uint32_t one = (uint32_t)op[0].arg.i, other = (uint32_t)op[1].arg.i;
		double sum;

		board_read(w->board, one, &a);
		board_read(w->board, other, &b);
		if (quality_is_bad(s->quality) !=
			(quality_is_bad(a.quality) || quality_is_bad(b.quality)))
			watch_break(w, "channel: '%s' is %s, unlike its summands",
				name_of(w, channel), quality_class_text(s->quality));
		sum = value_double(image_channel_at(w->img, one)->type, a.v) +
		      value_double(image_channel_at(w->img, other)->type, b.v);
		if (!quality_is_bad(s->quality) && (s->v.f < sum || s->v.f > sum))
			watch_break(w, "channel: '%s' is not the sum of its summands",
				name_of(w, channel));
	}
}

/* A reading that was not there at the last tick. */
static void
note_update(struct watch *w, uint32_t channel, const struct sample *s, int64_t now_ns)
{
	struct channel_watch *ch = &w->channels[channel];

	if (s->stamp_ns < ch->stamp_ns)
		watch_break(w, "board: '%s' went back in time", name_of(w, channel));
	if (s->stamp_ns > now_ns)
		watch_break(w, "board: '%s' has a stamp in the future", name_of(w, channel));
	if (quality_is_bad(s->quality)) {
		ch->faults++;
	} else if (s->stamp_ns > ch->stamp_ns) {
		ch->updates++;
		ch->gap_ns = MAX(ch->gap_ns, s->stamp_ns - ch->seen_ns);
		ch->seen_ns = s->stamp_ns;
	}
	ch->stamp_ns = s->stamp_ns;
}

/* Once a second the controller tells how many are down. */
static void
check_count(struct watch *w, uint32_t n_down, int64_t now_ns)
{
	for (uint32_t i = 0; i < w->img->channels.n; i++) {
		const struct image_channel *d = image_channel_at(w->img, i);
		struct sample s;

		if (d->source_kind != SOURCE_HEALTH || d->source != HEALTH_CONTROL_instruments_down)
			continue;
		board_read(w->board, i, &s);
		if (s.stamp_ns == now_ns && (s.v.f < n_down || s.v.f > n_down))
			watch_break(w, "health: '%s' says %g, but it is %u", name_of(w, i), s.v.f,
				n_down);
	}
}

void
watch_tick(struct watch *w, int64_t now_ns)
{
	struct board_state state;
	uint32_t n_down = 0;

	read_tape(w, now_ns);
	for (uint32_t i = 0; i < w->img->channels.n; i++) {
		const struct image_channel *d = image_channel_at(w->img, i);
		struct channel_watch *ch = &w->channels[i];
		struct sample s;

		if (d->source_kind == SOURCE_HEALTH)
			continue;
		board_read(w->board, i, &s);
		if (ch->may_begin_anew && s.quality == Q_NOT_YET) {
			ch->is_taped = false;
			ch->stamp_ns = 0;
		}
		ch->may_begin_anew = false;
		if (ch->is_taped ? !is_same(d->type, &s, &ch->taped) : s.quality != Q_NOT_YET)
			watch_break(w, "board: '%s' is not what the tape says last", name_of(w, i));
		if (!quality_is_bad(s.quality) && s.stamp_ns - ch->taped.stamp_ns > CONFIRM_NS)
			watch_break(w, "tape: '%s' was not confirmed for 60 s", name_of(w, i));
		if (d->source_kind != SOURCE_POINT) {
			check_derived(w, i, &s);
			continue;
		}
		check_value(w, i, &s, "board");
		note_update(w, i, &s, now_ns);
	}
	for (uint32_t i = 0; i < w->img->instruments.n; i++) {
		board_read_state(w->board, i, &state);
		n_down += state.state == INSTRUMENT_DOWN;
		if (state.state != w->instruments[i].state)
			watch_break(w, "state: of '%s' is not what the events say",
				image_text(w->img, image_instrument_at(w->img, i)->name));
	}
	check_count(w, n_down, now_ns);
}

void
watch_look(struct watch *w, int64_t now_ns, int64_t last_tick_ns)
{
	for (uint32_t i = 0; i < w->img->channels.n; i++) {
		struct sample s;

		board_look(w->board, i, now_ns, &s);
		if (quality_is_bad(s.quality))
			continue;
		if (now_ns - s.stamp_ns > w->channels[i].limit_ns)
			watch_break(w, "age: '%s' is shown although it is older than its limit",
				name_of(w, i));
		if (now_ns - last_tick_ns > standstill(w->img))
			watch_break(w, "age: '%s' is shown although the controller stands still",
				name_of(w, i));
	}
}

/* ---- counts ------------------------------------------------------------------------------------------------------------ */

void
watch_mark(struct watch *w, int64_t now_ns)
{
	for (uint32_t i = 0; i < w->img->channels.n; i++) {
		struct channel_watch *ch = &w->channels[i];

		ch->seen_ns = now_ns;
		ch->gap_ns = 0;
		ch->updates = ch->faults = 0;
	}
	for (uint32_t i = 0; i < w->img->instruments.n; i++)
		w->instruments[i].ups = w->instruments[i].downs = 0;
}

/* What reads this machine itself stays closed. */
static bool
is_played(const struct image *img, uint32_t instrument)
{
	return !image_kind_is_local(
		image_link_at(img, image_instrument_at(img, instrument)->link)->kind);
}

uint32_t
watch_bad(const struct watch *w, uint32_t *out_first)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->img->channels.n; i++) {
		const struct image_channel *ch = image_channel_at(w->img, i);
		struct sample s;

		if (ch->source_kind != SOURCE_POINT || !is_played(w->img, ch->instrument))
			continue;
		board_read(w->board, i, &s);
		if (quality_is_bad(s.quality) && n++ == 0)
			*out_first = i;
	}
	return n;
}

uint32_t
watch_ups(const struct watch *w, uint32_t instrument)
{
	return w->instruments[instrument].ups;
}

uint32_t
watch_downs(const struct watch *w, uint32_t instrument)
{
	return w->instruments[instrument].downs;
}

uint32_t
watch_all_downs(const struct watch *w, uint32_t instrument)
{
	return w->instruments[instrument].all_downs;
}

uint32_t
watch_events(const struct watch *w, enum event_kind kind)
{
	return w->events[kind];
}

static const struct channel_watch *
of_point(const struct watch *w, uint32_t point)
{
	return &w->channels[image_point_at(w->img, point)->channel];
}

uint32_t
watch_updates(const struct watch *w, uint32_t point)
{
	return of_point(w, point)->updates;
}

int64_t
watch_gap_ns(const struct watch *w, uint32_t point, int64_t now_ns)
{
	return MAX(of_point(w, point)->gap_ns, now_ns - of_point(w, point)->seen_ns);
}

uint32_t
watch_faults(const struct watch *w, uint32_t point)
{
	return of_point(w, point)->faults;
}

uint64_t
watch_digest(const struct watch *w)
{
	return w->digest;
}

uint64_t
watch_records(const struct watch *w)
{
	return w->records + w->place - 1;
}
