/* hands_keep.c - what outlives a controller, and how a bench goes on after one */
#include "control/hands_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/text.h"

#define ALIVE_NS NS_PER_S            /* a sign of life is recorded so often at least */
#define SNAPSHOT_NS (300 * NS_PER_S) /* and all of it */
#define SNAPSHOT_SEQ 900 /* or after so many records: the black box holds three times as many */
#define GOOD_NS (10 * NS_PER_S) /* what was good longer ago is not what a channel was */
#define KEPT_MAX 30

struct kept {
	uint8_t n; /* 0: as at a first start */
	uint8_t bytes[KEPT_MAX];
};

struct kept_piece {
	uint8_t n;
	uint8_t bytes[SEQUENCER_PIECE];
};

void
hands_keep_new(struct hands *h)
{
	const struct image *img = h->img;

	h->kept = mem_zero(
		(size_t)img->outputs.n + img->trips.n + img->safe_states.n, sizeof(*h->kept));
	h->values = mem_zero(img->lasts.n, sizeof(*h->values));
	h->kept_pieces = mem_zero(sequencer_pieces(h->sequencer), sizeof(*h->kept_pieces));
}

void
hands_keep_free(struct hands *h)
{
	free(h->kept_pieces);
	free(h->kept);
	free(h->values);
}

/* ---- as bytes ------------------------------------------------------------------------------------------------------------ */

static void
put_double(uint8_t *out, double v)
{
	union value bits = { .f = v };

	put_u64le(out, bits.u);
}

static double
get_double(const uint8_t *in)
{
	const union value bits = { .u = get_u64le(in) };

	return bits.f;
}

static void
save_past(const struct output_past *past, struct kept *out)
{
	if (!isfinite(past->target))
		return;
	put_double(out->bytes, past->target);
	put_double(out->bytes + 8, past->working);
	put_double(out->bytes + 16, past->ramp);
	out->bytes[24] = (uint8_t)past->owner;
	out->bytes[25] = (uint8_t)past->mode;
	out->n = 26;
}

static void
save_output(const struct hands *h, uint32_t i, struct kept *out)
{
	struct output_past past;

	outputs_past(h->outputs, i, &past);
	save_past(&past, out);
}

static void
save_trip(const struct hands *h, uint32_t i, struct kept *out)
{
	struct trip_past past;

	trips_past(h->trips, i, &past);
	if (past.state != TRIP_TRIPPED && past.state != TRIP_BYPASSED)
		return;
	out->bytes[0] = (uint8_t)past.state;
	put_u64le(out->bytes + 1, past.cause);
	put_u64le(out->bytes + 9, (uint64_t)past.bypass_until_ns);
	out->n = 17;
}

static void
save_safe(const struct hands *h, uint32_t i, struct kept *out)
{
	if (safe_owner(h->safe, i) == OWNER_NONE)
		return;
	out->bytes[0] = (uint8_t)safe_owner(h->safe, i);
	put_u64le(out->bytes + 1, safe_cause(h->safe, i));
	out->n = 9;
}

/* Item k of all that has a place in `kept`, and the channel by whose id it is known. */
static void
save(const struct hands *h, uint32_t k, struct kept *out, enum keep_kind *kind, uint32_t *channel)
{
	const struct image *img = h->img;

	memset(out, 0, sizeof(*out));
	if (k < img->outputs.n) {
		*kind = KEEP_OUTPUT;
		*channel = image_output_at(img, k)->target;
		save_output(h, k, out);
	} else if (k - img->outputs.n < img->trips.n) {
		*kind = KEEP_TRIP;
		*channel = image_trip_at(img, k - img->outputs.n)->state;
		save_trip(h, k - img->outputs.n, out);
	} else {
		*kind = KEEP_SAFE;
		*channel = image_safe_state_at(img, k - img->outputs.n - img->trips.n)->state;
		save_safe(h, k - img->outputs.n - img->trips.n, out);
	}
}

/* ---- recording ----------------------------------------------------------------------------------------------------------- */

struct recording {
	struct hands *h;
	const struct keep_time *now;
	struct keep_writer w;
	bool is_snapshot;
	uint64_t first_seq;
};

static void
send(struct recording *r, bool is_last)
{
	uint64_t seq;

	keep_end(&r->w, r->is_snapshot && is_last);
	seq = r->h->sink.keep(r->h->sink.ctx, r->w.bytes, r->w.n);
	if (r->first_seq == 0)
		r->first_seq = seq;
}

static void
add(struct recording *r, uint32_t channel, enum keep_kind kind, const uint8_t *bytes, size_t n)
{
	uint32_t id = image_channel_at(r->h->img, channel)->id;

	if (keep_put(&r->w, id, kind, bytes, n))
		return;
	send(r, false);
	keep_begin(&r->w, r->now, false);
	keep_put(&r->w, id, kind, bytes, n);
}

/* Known by its number, which no channel has: the highest of all. */
#define PIECE_ID(piece) (UINT32_MAX - (piece))

static void
add_piece(struct recording *r, uint32_t piece, const uint8_t *bytes, size_t n)
{
	if (keep_put(&r->w, PIECE_ID(piece), KEEP_SEQUENCE, bytes, n))
		return;
	send(r, false);
	keep_begin(&r->w, r->now, false);
	keep_put(&r->w, PIECE_ID(piece), KEEP_SEQUENCE, bytes, n);
}

static bool
add_items(struct recording *r)
{
	struct hands *h = r->h;
	uint32_t n = h->img->outputs.n + h->img->trips.n + h->img->safe_states.n;
	bool has_any = false;

	for (uint32_t k = 0; k < n; k++) {
		struct kept now;
		enum keep_kind kind;
		uint32_t channel;

		save(h, k, &now, &kind, &channel);
		/* Of one that is held back it is what it was that counts. */
		if (k < h->img->outputs.n && outputs_is_held_back(h->outputs, k))
			now = h->kept[k];
		if (r->is_snapshot ? now.n == 0 : memcmp(&now, &h->kept[k], sizeof(now)) == 0)
			continue;
		h->kept[k] = now;
		add(r, channel, kind, now.bytes, now.n);
		has_any = true;
	}
	return has_any;
}

/* Behind the time at which it was saved: what is left of a shelf counts from there. */
static void
add_alarm(struct recording *r, uint32_t i)
{
	uint8_t bytes[8 + ALARM_SAVE_MAX];

	_Static_assert(sizeof(bytes) <= KEEP_ENTRY_MAX, "an alarm fits into an entry");
	put_u64le(bytes, (uint64_t)r->now->stamp_ns);
	add(r, image_alarm_at(r->h->img, i)->state, KEEP_ALARM, bytes,
		8 + alarms_save(r->h->alarms, i, bytes + 8));
}

static bool
add_alarms(struct recording *r)
{
	struct hands *h = r->h;
	bool has_any = false;
	uint32_t i;

	while ((i = alarms_take_changed(h->alarms)) != IMAGE_NONE) {
		if (r->is_snapshot)
			continue; /* it comes with all the others */
		add_alarm(r, i);
		has_any = true;
	}
	for (i = 0; r->is_snapshot && i < h->img->alarms.n; i++)
		if (alarms_is_worth(h->alarms, i))
			add_alarm(r, i);
	return has_any;
}

/* Known by the number 0, which no channel has. */
static bool
add_plan(struct recording *r)
{
	struct hands *h = r->h;
	uint8_t bytes[8];

	if (r->is_snapshot ? h->plan_ns == 0 : h->plan_ns == h->kept_plan_ns)
		return false;
	h->kept_plan_ns = h->plan_ns;
	put_u64le(bytes, (uint64_t)h->plan_ns);
	if (!keep_put(&r->w, 0, KEEP_PLAN, bytes, sizeof(bytes))) {
		send(r, false);
		keep_begin(&r->w, r->now, false);
		keep_put(&r->w, 0, KEEP_PLAN, bytes, sizeof(bytes));
	}
	return true;
}

/* The pieces of the sequence that have changed; its clock, which always has, with the sign of life. */
static bool
add_sequence(struct recording *r)
{
	struct hands *h = r->h;
	uint32_t n = sequencer_pieces(h->sequencer);
	bool has_any = false,
	     is_due = r->is_snapshot || r->now->stamp_ns - h->sequence_ns >= ALIVE_NS;

	for (uint32_t i = 0; i < n; i++) {
		struct kept_piece now = { 0 }, *was = &h->kept_pieces[i];

		now.n = (uint8_t)sequencer_save(h->sequencer, i, now.bytes);
		if (r->is_snapshot ? now.n == 0 : memcmp(&now, was, sizeof(now)) == 0)
			continue;
		/* Of the head the clock alone is different: that can wait. */
		if (i == 0 && !is_due && !has_any &&
			sequencer_is_same_but_clock(now.bytes, was->bytes))
			continue;
		if (i == 0)
			h->sequence_ns = r->now->stamp_ns;
		*was = now;
		add_piece(r, i, now.bytes, now.n);
		has_any = true;
	}
	return has_any;
}

/* While a person is asked: what outputs were. */
static bool
add_was(struct recording *r)
{
	struct hands *h = r->h;

	if (!r->is_snapshot || restore_state_of(h->restore) != RESTORE_ASKING)
		return false;
	for (uint32_t i = 0; i < h->img->outputs.n; i++) {
		struct kept was = { 0 };

		save_past(restore_past_of(h->restore, i), &was);
		if (was.n > 0)
			add(r, image_output_at(h->img, i)->target, KEEP_WAS, was.bytes, was.n);
	}
	return true;
}

/* ---- what channels were ---------------------------------------------------------------------------------------------------- */

/* The newest good value of each; while something is out what was before counts. */
static void
note_values(struct hands *h, int64_t now_ns)
{
	for (uint32_t i = 0; i < h->img->lasts.n; i++) {
		double number;
		enum quality quality;
		int64_t stamp_ns;

		channels_look(h->channels, image_last_at(h->img, i)->channel, &number, &quality,
			&stamp_ns);
		if (!quality_is_bad(quality) && isfinite(number))
			h->values[i] = (struct kept_value){ number, now_ns };
	}
}

static double
value_of(const struct hands *h, uint32_t i, int64_t now_ns)
{
	const struct kept_value *v = &h->values[i];

	return v->good_ns != 0 && now_ns - v->good_ns <= GOOD_NS ? v->number : (double)NAN;
}

void
hands_show_lasts(struct hands *h, int64_t now_ns)
{
	for (uint32_t i = 0; i < h->img->lasts.n; i++)
		restore_last(h, i, value_of(h, i, now_ns), now_ns);
}

/* With the sign of life, so at most once a second. */
static bool
add_values(struct recording *r)
{
	struct hands *h = r->h;
	int64_t now_ns = r->now->stamp_ns;

	if (h->img->lasts.n == 0 || (!r->is_snapshot && now_ns - h->values_ns < ALIVE_NS))
		return false;
	h->values_ns = now_ns;
	for (uint32_t i = 0; i < h->img->lasts.n; i++) {
		uint8_t bytes[8];

		put_double(bytes, value_of(h, i, now_ns));
		add(r, image_last_at(h->img, i)->channel, KEEP_VALUE, bytes, sizeof(bytes));
	}
	return true;
}

static void
restore_values(struct hands *h, const struct keep_past *past, int64_t now_ns)
{
	for (uint32_t i = 0; i < h->img->lasts.n; i++) {
		size_t n;
		const uint8_t *b = keep_past_find(past,
			image_channel_at(h->img, image_last_at(h->img, i)->channel)->id, KEEP_VALUE,
			&n);

		restore_last(h, i, b == NULL || n != 8 ? (double)NAN : get_double(b), now_ns);
	}
}

void
hands_keep_adopt(struct hands *h, const struct hands *from)
{
	for (uint32_t i = 0; i < h->img->lasts.n; i++) {
		uint32_t id = image_channel_at(h->img, image_last_at(h->img, i)->channel)->id;

		for (uint32_t k = 0; k < from->img->lasts.n; k++)
			if (image_channel_at(from->img, image_last_at(from->img, k)->channel)->id ==
				id)
				h->values[i] = from->values[k];
	}
}

void
hands_keep(struct hands *h, const struct keep_time *now)
{
	struct recording r = { .h = h, .now = now };
	bool has_any;

	/* How it was stays as it was until it is decided how it goes on. */
	if (h->sink.keep == NULL || restore_is_open(h->restore))
		return;
	if (restore_state_of(h->restore) == RESTORE_IDLE)
		note_values(h, now->stamp_ns);
	r.is_snapshot = h->snapshot_seq == 0 || now->stamp_ns - h->snapshot_ns >= SNAPSHOT_NS ||
			h->is_snapshot_due;
	keep_begin(&r.w, now, r.is_snapshot);
	has_any = add_items(&r);
	has_any = add_alarms(&r) || has_any || r.is_snapshot;
	has_any = add_plan(&r) || has_any;
	has_any = add_was(&r) || has_any;
	has_any = add_sequence(&r) || has_any;
	has_any = add_values(&r) || has_any;
	if (!has_any && now->stamp_ns - h->kept_ns < ALIVE_NS)
		return;
	send(&r, true);
	h->kept_ns = now->stamp_ns;
	if (r.is_snapshot) {
		h->snapshot_seq = r.first_seq;
		h->snapshot_ns = now->stamp_ns;
		h->is_snapshot_due = false;
	} else if (r.first_seq - h->snapshot_seq > SNAPSHOT_SEQ) {
		h->is_snapshot_due = true;
	}
}

/* ---- after a restart ----------------------------------------------------------------------------------------------------- */

static int64_t
outage(const struct keep_time *was, const struct keep_time *now)
{
	int64_t ns;

	if (was->boot == now->boot)
		return now->stamp_ns - was->stamp_ns;
	if (!was->wall_is_good || !now->wall_is_good)
		return -1;
	ns = (now->wall_ns + now->stamp_ns) - (was->wall_ns + was->stamp_ns);
	return ns < 0 ? -1 : ns;
}

/* How long an outage may be after which the bench goes on. */
static int64_t
allowed(const struct keep_past *past)
{
	size_t n;
	const uint8_t *b = keep_past_find(past, 0, KEEP_PLAN, &n);
	int64_t ns = b == NULL || n != 8 ? 0 : (int64_t)get_u64le(b);

	return MIN(MAX(ns, HANDS_OUTAGE_NS), HANDS_PLAN_MAX_NS);
}

/* What an output was; false: nothing is known, or it cannot be gone on with. */
static bool
read_past(const struct hands *h, const struct keep_past *past, uint32_t i, enum keep_kind kind,
	struct output_past *out)
{
	const struct image_output *d = image_output_at(h->img, i);
	size_t n;
	const uint8_t *b = keep_past_find(past, image_channel_at(h->img, d->target)->id, kind, &n);

	if (b == NULL || n != 26 || b[24] >= OWNERS || b[25] >= MODES)
		return false;
	*out = (struct output_past){ .target = get_double(b),
		.working = get_double(b + 8),
		.ramp = get_double(b + 16),
		.owner = (enum output_owner)b[24],
		.mode = (enum output_mode)b[25] };
	/* A range that was narrowed meanwhile holds for what is old, too: then it is not gone on with. */
	if (!isfinite(out->target) || !isfinite(out->working) || !(out->ramp >= 0) ||
		(d->has_limits && (out->target < d->min || out->target > d->max)))
		return false;
	if (out->owner >= OWNER_SAFE_STATE)
		out->owner = OWNER_NONE; /* the safe state takes it again */
	return true;
}

static bool
restore_output(struct hands *h, const struct keep_past *past, uint32_t i, int64_t now_ns)
{
	struct output_past was;

	if (!read_past(h, past, i, KEEP_OUTPUT, &was))
		return false;
	outputs_restore(h->outputs, i, &was, now_ns);
	restore_past(h->restore, i, &was);
	return true;
}

/* A person was asked, and has not answered yet. */
static bool
restore_asking(struct hands *h, const struct keep_past *past)
{
	bool is_asking = false;

	for (uint32_t i = 0; i < h->img->outputs.n; i++) {
		struct output_past was = { .target = (double)NAN };

		is_asking = read_past(h, past, i, KEEP_WAS, &was) || is_asking;
		restore_past(h->restore, i, &was);
	}
	return is_asking;
}

static void
restore_trip(struct hands *h, const struct keep_past *past, const struct keep_time *was, uint32_t i,
	int64_t now_ns)
{
	size_t n;
	const uint8_t *b = keep_past_find(
		past, image_channel_at(h->img, image_trip_at(h->img, i)->state)->id, KEEP_TRIP, &n);
	struct trip_past trip;

	if (b == NULL || n != 17 || (b[0] != TRIP_TRIPPED && b[0] != TRIP_BYPASSED))
		return;
	trip = (struct trip_past){ .state = (enum trip_state)b[0], .cause = get_u64le(b + 1) };
	/* What is left of a bypass runs on while nobody is there; of an unknown time nothing is left. */
	if (h->outage_ns >= 0)
		trip.bypass_until_ns =
			now_ns - h->outage_ns + ((int64_t)get_u64le(b + 9) - was->stamp_ns);
	trips_restore(h->trips, i, &trip, now_ns);
}

static bool
restore_safe(struct hands *h, const struct keep_past *past, uint32_t i, int64_t now_ns)
{
	size_t n;
	const uint8_t *b = keep_past_find(past,
		image_channel_at(h->img, image_safe_state_at(h->img, i)->state)->id, KEEP_SAFE, &n);

	if (b == NULL || n != 9 || (b[0] != OWNER_SAFE_STATE && b[0] != OWNER_TRIP))
		return false;
	safe_restore(h->safe, i, (enum output_owner)b[0], get_u64le(b + 1), now_ns);
	return true;
}

static void
restore_alarm(struct hands *h, const struct keep_past *past, const struct keep_time *was,
	uint32_t i, int64_t now_ns)
{
	size_t n;
	const uint8_t *b = keep_past_find(past,
		image_channel_at(h->img, image_alarm_at(h->img, i)->state)->id, KEEP_ALARM, &n);

	int64_t age_ns;

	if (b == NULL || n < 8)
		return;
	age_ns = was->stamp_ns - (int64_t)get_u64le(b);
	age_ns = h->outage_ns < 0 || age_ns < 0 ? -1 : age_ns + h->outage_ns;
	if (!alarms_load(h->alarms, i, b + 8, n - 8, now_ns, age_ns))
		return; /* of another version: it begins anew */
}

struct pieces {
	const struct keep_past *past;
};

static const uint8_t *
find_piece(void *ctx, uint32_t piece, size_t *out_n)
{
	const struct pieces *p = ctx;

	return keep_past_find(p->past, PIECE_ID(piece), KEEP_SEQUENCE, out_n);
}

/* False: one was under test, and cannot go on. */
static bool
restore_sequence(struct hands *h, const struct keep_past *past, int64_t now_ns)
{
	struct event e = { .kind = EVENT_SEQUENCE_ABORTED, .stamp_ns = now_ns };
	struct pieces pieces = { past };
	struct err err;

	if (sequencer_restore(h->sequencer, find_piece, &pieces, now_ns, &err)) {
		sequencer_stand(
			h->sequencer, h->outage_ns < 0 ? NEVER : now_ns - h->outage_ns, now_ns);
		return true;
	}
	if (err.msg[0] == '\0')
		return true;
	text_copy(e.subject, sizeof(e.subject), "sequence");
	text_copy(e.text, sizeof(e.text), err.msg);
	h->sink.event(h->sink.ctx, &e);
	return false;
}

void
hands_restore(struct hands *h, const struct keep_past *past, const struct keep_time *now)
{
	struct restore_outage o = { .instrument = RESTORE_ALL };
	struct keep_time was;
	bool has_output = false, is_held = false, is_whole;

	if (!keep_past_is_known(past, &was))
		return;
	h->now_ns = now->stamp_ns;
	h->outage_ns = outage(&was, now);
	for (uint32_t i = 0; i < h->img->alarms.n; i++)
		restore_alarm(h, past, &was, i, now->stamp_ns);
	restore_values(h, past, now->stamp_ns);
	if (h->img->is_observed)
		return;
	for (uint32_t i = 0; i < h->img->outputs.n; i++)
		has_output = restore_output(h, past, i, now->stamp_ns) || has_output;
	for (uint32_t i = 0; i < h->img->trips.n; i++)
		restore_trip(h, past, &was, i, now->stamp_ns);
	for (uint32_t i = 0; i < h->img->safe_states.n; i++)
		is_held = restore_safe(h, past, i, now->stamp_ns) || is_held;
	is_whole = restore_sequence(h, past, now->stamp_ns);
	if (is_held && restore_asking(h, past))
		restore_ask_again(h, now->stamp_ns);
	if (is_held || !has_output)
		return;
	h->has_restarted = true;
	o.ns = h->outage_ns;
	o.allowed_ns = allowed(past);
	restore_begin(h, &o, now->stamp_ns);
	/* Nobody would look after what it had begun. */
	if (!is_whole)
		restore_make_safe(
			h, "the sequence under test is not the same any more", now->stamp_ns);
}
