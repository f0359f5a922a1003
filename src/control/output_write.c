/* output_write.c - an output on its way to the device, and what comes back */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/output_inside.h"
#include "msg/quality.h"

#define AGAIN_NS NS_PER_S /* protection tries again so long after it was not taken */
#define LOST_NS                                                                                    \
	(10 * NS_PER_S) /* from an instrument that is down: it is probed, and each try may cost its neighbours a timeout */
#define FULL_NS (20 * NS_PER_MS) /* the queue of the link had no room */
#define HOUR_NS (3600 * NS_PER_S)
#define UNSURE_NS                                                                                  \
	(60 * NS_PER_S)          /* one whose uptime nobody can read any more shows what it shows */
#define UNSEEN_NS (2 * NS_PER_S) /* one reading that fails is no news */

static bool
is_read_back(const struct image *img, const struct image_output *d)
{
	return d->has_verify && !image_is_write_only(img, d->at);
}

static uint32_t
point_of(const struct image *img, const struct image_output *d) /* of a pattern: none */
{
	return image_channel_at(img, d->at)->source;
}

void
output_settle(struct outputs *all, uint32_t i, enum verdict verdict, const char *text)
{
	struct output *o = &all->at[i];

	if (!o->is_ordered)
		return;
	o->is_ordered = false;
	all->sink.settled(all->sink.ctx, i, o->cause, verdict, text);
}

/* Every change on the wire is an event; writing the same again is none. */
static void
tell_written(struct outputs *all, uint32_t i, double at, int64_t now_ns)
{
	struct output *o = &all->at[i];
	double value = output_from_at(all->img, image_output_at(all->img, i), at);
	struct event e = {
		.kind = EVENT_OUTPUT_WRITTEN, .cause = o->cause, .n_values = 1, .values = { value }
	};

	o->told = output_goal(image_output_at(all->img, i), o);
	o->is_untold = false;
	/* As the device gets it, with at most six digits for people. */
	outputs_text(all, i, output_six_digits(value), e.text, sizeof(e.text));
	output_event(all, i, &e, now_ns);
}

/* What has to be read back: the last value; in a ramp, and of a loop, any that was sent since the last one that was read back. */
static void
expect(const struct image_output *d, struct output *o, double at)
{
	bool is_last =
		output_is_devices(d) ||
		(!(o->working < o->target) && !(o->working > o->target) && o->owner != OWNER_PID);

	if (!is_last && (o->phase == OUTPUT_VERIFYING || o->phase == OUTPUT_WRITING)) {
		o->low = fmin(o->low, at);
		o->high = fmax(o->high, at);
	} else {
		o->low = o->high = at;
		o->is_fresh = true;
	}
}

static void
count_write(struct output *o, int64_t now_ns)
{
	if (now_ns - o->hour_ns >= HOUR_NS) {
		o->hour_ns = now_ns;
		o->n_in_hour = 0;
	}
	o->n_in_hour++;
}

/* The part of a pattern that was not taken; empty: none. */
static const char *
bad_part(const struct outputs *all, const struct output *o)
{
	const struct image_part *p;

	if (o->bad_part == 0)
		return "";
	p = image_part_at(all->img, o->bad_part - 1);
	return image_text(all->img, image_channel_at(all->img, p->at)->name);
}

void
output_fail(struct outputs *all, uint32_t i, enum quality why, double shown, int64_t now_ns)
{
	struct output *o = &all->at[i];
	struct event e = { .kind = EVENT_OUTPUT_NOT_TAKEN,
		.reason = why,
		.cause = o->cause,
		.n_values = 2,
		.values = { output_goal(image_output_at(all->img, i), o), shown } };
	bool is_news = o->trouble != why;
	const char *part = bad_part(all, o);
	char text[EVENT_TEXT];

	o->is_confirmed = false;
	o->trouble = (uint16_t)why;
	o->tries = 0;
	/* Protection does not give up; what people have asked for is theirs to ask again. */
	o->phase = output_is_protected(o) && !o->is_claimed ? OUTPUT_WAITING : OUTPUT_IDLE;
	o->due_ns = now_ns + (o->is_lost ? LOST_NS : AGAIN_NS);
	all->wake_ns = MIN(all->wake_ns, o->due_ns);
	text_copy(e.text, sizeof(e.text), part);
	if (is_news)
		output_event(all, i, &e, now_ns);
	snprintf(text, sizeof(text), "%.63s%s%s; %s", part, part[0] == '\0' ? "" : ": ",
		quality_row(why)->text_en, quality_row(why)->remedy_en);
	output_settle(all, i,
		why == Q_NO_ANSWER || why == Q_LINK_LOST || why == Q_GARBLED ? VERDICT_UNKNOWN
									     : VERDICT_FAILED,
		text);
}

void
output_confirm(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	struct output *o = &all->at[i];
	char text[64] = "", full[EVENT_TEXT] = "";

	o->phase = OUTPUT_IDLE;
	o->is_foreign = false;
	o->tries = 0;
	if (output_is_devices(d)) {
		o->is_insisting = false;
		if (!output_rate_is_held(d, o) && output_parts_busy(all, i)) {
			o->is_value_taken = true; /* the rate tells when it is there, too */
			return;
		}
		if (!output_rate_is_held(d, o)) {
			o->bad_part = d->rate_part;
			output_fail(all, i, (enum quality)o->rate_trouble, (double)NAN, now_ns);
			return;
		}
	}
	/* One that has acknowledged before and held something else has to show it. */
	if (is_read_back(all->img, d))
		o->is_fought = false;
	if (!o->is_fought) {
		o->is_confirmed = true;
		o->trouble = Q_GOOD;
	}
	if (o->working < o->target || o->working > o->target) {
		outputs_text(all, i, o->target, text, sizeof(text));
		snprintf(full, sizeof(full), "on its way to %s", text);
	}
	output_settle(all, i,
		d->loop != 0 || is_read_back(all->img, d) ? VERDICT_VERIFIED : VERDICT_ACCEPTED,
		full);
}

/* The interlocks look at each step; protection is never asked. */
bool
output_is_allowed(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	struct output *o = &all->at[i];
	double stays = (double)NAN;
	struct event e = { .kind = EVENT_OUTPUT_HELD, .cause = o->cause, .n_values = 1 };
	struct err err;

	/* What the device moves by itself is asked about where that leads. */
	int rc = output_is_protected(o)
			 ? 0
			 : all->sink.allow(all->sink.ctx, i,
				   output_is_devices(d) ? o->target : o->working, &err);

	if (rc == 0) {
		o->is_forbidden = false;
		return true;
	}
	outputs_held(all, i, &stays);
	if (output_is_devices(d) && output_device_moves(all, i))
		output_device_place(all, i, &stays);
	if (rc == ERR_TIMEOUT && output_is_devices(d))
		return false;
	if (rc == ERR_TIMEOUT) { /* the ramp waits */
		o->working = stays;
		output_show(all, i, now_ns);
		return false;
	}
	e.values[0] = stays;
	if (!o->is_forbidden) {
		text_copy(e.text, sizeof(e.text), err.msg);
		output_event(all, i, &e, now_ns);
		output_settle(all, i, VERDICT_REFUSED, err.msg);
	}
	o->is_forbidden = true;
	/* It goes no further; what was sent last stays. */
	if (!output_is_devices(d))
		o->target = o->working = stays;
	else if (output_device_moves(all, i))
		output_device_stay(all, i);
	else
		o->target = stays;
	output_show(all, i, now_ns);
	return false;
}

/* Its device has it, in a safe mode of its own: nothing is sent but what protection wants elsewhere. */
static bool
has_by_itself(const struct image_output *d, struct output *o)
{
	double goal = output_goal(d, o);

	if (!o->is_away)
		return false;
	o->is_confirmed = !(goal < o->away) && !(goal > o->away);
	o->trouble = o->is_confirmed ? Q_GOOD : Q_DEVICE_FAILED;
	if (o->phase == OUTPUT_WAITING)
		o->phase = OUTPUT_IDLE;
	return o->is_confirmed || !output_is_protected(o);
}

/* One that tells for how long it runs may have lost power while it was silent, and then a ramp would go on from where nothing is: until
 * it has told, nothing but protection goes there. One whose uptime nobody can read any more is not waited for. */
static bool
may_have_lost_power(const struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct output *o = &all->at[i];
	uint32_t instrument =
		image_channel_at(all->img, image_output_at(all->img, i)->at)->instrument;

	if (output_is_protected(o) || all->sink.is_sure == NULL ||
		(!o->is_lost && (o->back_ns == 0 || now_ns - o->back_ns >= UNSURE_NS)))
		return false;
	return !all->sink.is_sure(all->sink.ctx, instrument, o->is_lost ? now_ns : o->back_ns);
}

/* A setpoint: its loop has it from now on. */
static void
send_setpoint(struct outputs *all, uint32_t i, bool is_news, int64_t now_ns)
{
	struct output *o = &all->at[i];

	if (is_news && !output_is_allowed(all, i, now_ns))
		return;
	o->sent = o->working;
	output_confirm(all, i, now_ns);
}

void
output_send(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	struct output *o = &all->at[i];
	double goal = output_goal(d, o), before_sent = o->sent, at;
	bool is_news = !(o->sent <= goal && o->sent >= goal);
	union value raw;
	struct err err;
	int rc;

	if (d->loop != 0) {
		send_setpoint(all, i, is_news, now_ns);
		return;
	}
	/* To stay where it is needs nobody's leave. */
	if (all->img->is_observed || (o->is_claimed && !o->keeps_rate) || has_by_itself(d, o) ||
		(is_news && !o->keeps_rate && !output_is_allowed(all, i, now_ns)))
		return;
	goal = output_goal(d, o);
	if (may_have_lost_power(all, i, now_ns)) {
		o->is_untold = true;
		output_settle(all, i, VERDICT_FAILED,
			"nothing was sent: its device may have lost power; ask again when it "
			"answers");
		output_fail(all, i, Q_NOT_YET, (double)NAN, now_ns);
		return;
	}
	rc = output_raw(all->img, d, goal, &raw, &at, &err);
	if (rc == 0 && output_is_devices(d) && output_device_begin(all, i, now_ns))
		return; /* the value goes behind it */
	if (rc == 0) {
		/* The verdict may come before the call is back. */
		uint8_t before = o->phase;

		expect(d, o, at);
		o->phase = OUTPUT_WRITING;
		o->tag = ++all->tag;
		o->sent = goal;
		if (d->n_parts > 0)
			output_parts_begin(all, i, now_ns);
		else
			rc = all->sink.write(
				all->sink.ctx, point_of(all->img, d), o->tag, raw, &err);
		if (rc < 0)
			o->sent = before_sent;
		if (rc == ERR_REFUSED) {
			o->phase = before == OUTPUT_VERIFYING ? before : OUTPUT_WAITING;
			o->due_ns = now_ns + FULL_NS;
			all->wake_ns = MIN(all->wake_ns, o->due_ns);
			return;
		}
	}
	if (rc < 0) {
		output_fail(all, i, Q_BAD_REQUEST, (double)NAN, now_ns);
		return;
	}
	if (!isfinite(o->sent)) { /* it could not even be sent, and that is told */
		o->is_untold = true;
		return;
	}
	o->sent_ns = now_ns;
	count_write(o, now_ns);
	/* What protection has written is told once each time that it takes it, even where it was there already. */
	if (o->is_untold ||
		(output_is_protected(o) ? !(o->told <= goal && o->told >= goal) : is_news))
		tell_written(all, i, at, now_ns);
}

static int64_t
patience(const struct image *img, const struct image_output *d)
{
	const struct image_point *p = image_point_at(img, point_of(img, d));
	const struct image_instrument *ins = image_instrument_at(img, p->instrument);

	return d->verify_after_ns +
	       (int64_t)MAX(d->verify_tries, 1u) * (p->every_ns + 2 * ins->timeout_ns);
}

static void
not_taken(struct outputs *all, uint32_t i, enum quality verdict, int64_t now_ns)
{
	struct output *o = &all->at[i];

	o->sent = (double)NAN; /* nobody knows whether it was taken */
	if (verdict != Q_OVERTAKEN || !output_is_protected(o) || o->is_claimed) {
		output_fail(all, i, verdict, (double)NAN, now_ns);
		return;
	}
	/* It made way for another safe state, and goes behind that. */
	o->phase = OUTPUT_WAITING;
	o->due_ns = now_ns;
	all->wake_ns = MIN(all->wake_ns, now_ns);
}

/* Each part was read back as it was written. */
void
output_done(struct outputs *all, uint32_t i, enum quality verdict, int64_t now_ns)
{
	struct output *o = &all->at[i];

	o->last_ns = now_ns;
	o->is_between = verdict != Q_GOOD; /* that is told, and what they show now is no news */
	if (verdict != Q_GOOD)
		not_taken(all, i, verdict, now_ns);
	else
		output_confirm(all, i, now_ns);
}

void
outputs_written(
	struct outputs *all, uint32_t tag, enum quality verdict, uint16_t code, int64_t now_ns)
{
	uint32_t i = 0;
	struct output *o;
	const struct image_output *d;

	if (output_parts_written(all, tag, verdict, now_ns))
		return;
	while (i < all->n && (all->at[i].tag != tag || all->at[i].phase != OUTPUT_WRITING))
		i++;
	if (i == all->n)
		return; /* overtaken by a later order */
	o = &all->at[i];
	d = image_output_at(all->img, i);
	o->last_ns = now_ns;
	if (!quality_is_bad(verdict) && output_is_devices(d))
		output_device_taken(all, i, o->sent, now_ns);
	if (quality_is_bad(verdict)) {
		not_taken(all, i, verdict, now_ns);
	} else if (!is_read_back(all->img, d)) {
		output_confirm(all, i, now_ns);
	} else {
		o->phase = OUTPUT_VERIFYING;
		if (o->is_fresh) {
			o->is_fresh = false;
			o->acked_ns = now_ns;
			o->tries = 0;
			o->due_ns = now_ns + patience(all->img, d);
		}
		all->wake_ns = MIN(all->wake_ns, o->acked_ns + d->verify_after_ns);
		if (d->verify_after_ns == 0)
			all->sink.ask(all->sink.ctx, point_of(all->img, d));
	}
}

static void
verify(struct outputs *all, uint32_t i, double at, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	struct output *o = &all->at[i];
	double more = output_tolerance(all->img, d, at);

	if (at >= o->low - more && at <= o->high + more) {
		output_confirm(all, i, now_ns);
		return;
	}
	if (++o->tries < MAX(d->verify_tries, 1u)) {
		all->sink.ask(all->sink.ctx, point_of(all->img, d));
		return;
	}
	o->sent = (double)NAN; /* a ramp ends here, and what the device holds is looked at anew */
	output_fail(all, i, Q_DEVICE_FAILED, output_from_at(all->img, d, at), now_ns);
}

/* What the device holds is taken as it is: at the first start, after it came back, and when somebody has turned its knob. */
static void
adopt(struct outputs *all, uint32_t i, double value, enum event_kind kind, int64_t now_ns)
{
	struct output *o = &all->at[i];
	struct event e = { .kind = kind, .n_values = 2, .values = { value, o->sent } };

	if (kind == EVENT_OUTPUT_ADOPTED)
		e.n_values = 1;
	else if (!isfinite(o->sent))
		e.values[1] = output_goal(image_output_at(all->img, i), o);
	output_event(all, i, &e, now_ns);
	o->target = o->sent = value;
	/* A device that goes there by itself is not there yet. */
	if (!output_is_devices(image_output_at(all->img, i)) || !isfinite(o->working))
		o->working = value;
	o->is_stopped = o->keeps_rate = false;
	o->told = (double)NAN;
	o->is_confirmed = true;
	o->trouble = Q_GOOD;
	output_show(all, i, now_ns);
}

/* Something else has written it, and it is not ours to take that as asked for. */
static void
tell_foreign(struct outputs *all, uint32_t i, double value, int64_t now_ns)
{
	struct output *o = &all->at[i];
	struct event e = { .kind = EVENT_OUTPUT_CHANGED,
		.n_values = 2,
		.values = { value, output_goal(image_output_at(all->img, i), o) } };

	o->is_foreign = true;
	o->is_confirmed = false;
	o->trouble = Q_DEVICE_FAILED;
	output_event(all, i, &e, now_ns);
}

/* It is asserted again: at once, then now and then; told once until it holds. */
static void
fight(struct outputs *all, uint32_t i, double value, int64_t now_ns)
{
	struct output *o = &all->at[i];
	bool is_first = !o->is_fought;

	if (is_first)
		tell_foreign(all, i, value, now_ns);
	o->is_foreign = o->is_confirmed = false;
	o->is_fought = true;
	if (is_first || now_ns - o->sent_ns >= AGAIN_NS)
		output_send(all, i, now_ns);
}

/* What a device shows that has lost power nobody has set there: first it has to be known that it has not. */
static bool
is_sure(struct outputs *all, uint32_t i, int64_t now_ns)
{
	struct output *o = &all->at[i];
	uint32_t instrument =
		image_channel_at(all->img, image_output_at(all->img, i)->at)->instrument;

	if (all->sink.is_sure == NULL)
		return true;
	if (o->differs_ns == 0)
		o->differs_ns = now_ns;
	if (now_ns - o->differs_ns < UNSURE_NS &&
		!all->sink.is_sure(all->sink.ctx, instrument, o->differs_ns))
		return false;
	o->differs_ns = 0;
	return true;
}

/* Its parts stand together as none of its choices, and there is no such value that could be taken over. */
static void
find_between(struct outputs *all, uint32_t i, int64_t now_ns)
{
	struct output *o = &all->at[i];
	struct event e = { .kind = EVENT_OUTPUT_BETWEEN };

	if (o->is_claimed)
		return;
	if (o->is_held_back) {
		o->is_foreign = true;
		return;
	}
	if (!o->is_between)
		output_event(all, i, &e, now_ns);
	o->is_between = true;
	if (output_is_protected(o)) {
		o->is_confirmed = false;
		o->is_fought = true;
		if (now_ns - o->sent_ns >= AGAIN_NS)
			output_send(all, i, now_ns);
		return;
	}
	o->is_foreign = isfinite(o->target);
	o->is_confirmed = false;
	o->trouble = Q_NO_PATTERN;
}

/* Nothing is under way, and the device shows this. */
static void
compare(struct outputs *all, uint32_t i, double at, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	struct output *o = &all->at[i];
	double value = output_from_at(all->img, d, at), more, wanted;
	union value raw;
	struct err err;

	if (isnan(at)) {
		find_between(all, i, now_ns);
		return;
	}
	if (o->is_between)
		o->is_between = o->is_foreign = false;
	if (!isfinite(o->target)) {
		adopt(all, i, value, EVENT_OUTPUT_ADOPTED, now_ns);
		return;
	}
	if (output_is_devices(d))
		output_device_waited(all, i, value);
	if (output_raw(all->img, d, output_goal(d, o), &raw, &wanted, &err) < 0)
		return;
	more = output_tolerance(all->img, d, at);
	if (at >= wanted - more && at <= wanted + more) {
		o->is_foreign = o->is_fought = false;
		/* At rest a rate moves nothing. */
		o->is_confirmed = output_rate_is_held(d, o) ||
				  (!output_is_protected(o) && !output_device_moves(all, i));
		o->is_insisting = false;
		if (o->is_confirmed)
			o->trouble = Q_GOOD;
		o->differs_ns = 0;
		if (!isfinite(o->sent))
			o->sent = output_goal(d, o);
		return;
	}
	if (o->is_insisting)
		return; /* it was told to stay, or to go on, and is told again */
	if (o->is_claimed)
		return;
	if (output_is_protected(o)) {
		fight(all, i, value, now_ns);
		return;
	}
	if (o->is_foreign)
		return;
	if (!o->is_held_back && !is_sure(all, i, now_ns))
		return;
	if (o->is_held_back) {
		o->is_foreign = true;
		return;
	}
	if (o->mode == MODE_MANUAL) {
		adopt(all, i, value, EVENT_OUTPUT_CHANGED, now_ns);
		return;
	}
	tell_foreign(all, i, value, now_ns);
}

/* In a ramp the device is behind, and that is no news. */
static bool
may_compare(const struct image_output *d, const struct output *o, int64_t stamp_ns)
{
	double to = output_is_devices(d) ? output_goal(d, o) : o->target;

	return !isfinite(o->target) || !isfinite(o->sent) ||
	       (o->sent <= to && o->sent >= to && stamp_ns >= o->last_ns + d->verify_after_ns);
}

void
output_seen(struct outputs *all, uint32_t i, double choice, int64_t stamp_ns, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	struct output *o = &all->at[i];

	o->is_known = true;
	o->seen_ns = now_ns;
	o->shown = choice;
	if (o->phase == OUTPUT_IDLE && may_compare(d, o, stamp_ns) && stamp_ns >= o->last_ns)
		compare(all, i, choice, now_ns);
}

void
outputs_read(struct outputs *all, uint32_t channel, int64_t now_ns)
{
	uint32_t i = all->of_channel[channel];
	const struct image_output *d;
	struct output_reading r;
	struct output *o;

	if (all->of_part[channel] > 0)
		output_parts_read(all, all->of_part[channel] - 1, now_ns);
	if (i == 0)
		return;
	o = &all->at[--i];
	d = image_output_at(all->img, i);
	all->sink.read(all->sink.ctx, d->at, &r);
	if (quality_is_bad(r.quality))
		return;
	o->is_known = true;
	o->seen_ns = now_ns;
	o->shown = output_from_at(all->img, d, r.number);
	if (output_is_devices(d) && o->phase != OUTPUT_WRITING && r.stamp_ns >= o->last_ns)
		o->goal_there = o->shown;
	if (o->is_unknown) {
		o->is_unknown = false;
		output_show(all, i, now_ns);
	}
	if (o->is_away && o->phase == OUTPUT_IDLE) {
		has_by_itself(d, o);
		return; /* it is as its device has declared it, and not ours */
	}
	if (o->phase == OUTPUT_IDLE) {
		if (may_compare(d, o, r.stamp_ns))
			compare(all, i, r.number, now_ns);
	} else if (o->phase == OUTPUT_VERIFYING) {
		if (r.stamp_ns >= o->acked_ns + d->verify_after_ns)
			verify(all, i, r.number, now_ns);
		else if (now_ns >= o->acked_ns + d->verify_after_ns)
			all->sink.ask(all->sink.ctx, point_of(all->img, d));
	}
}

void
output_watch(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	struct output *o = &all->at[i];
	struct output_reading r;

	if (!output_is_protected(o) || !o->is_confirmed || o->phase != OUTPUT_IDLE ||
		now_ns - o->seen_ns < UNSEEN_NS || !is_read_back(all->img, d))
		return;
	all->sink.read(all->sink.ctx, d->at, &r);
	if (!quality_is_bad(r.quality))
		return;
	o->is_confirmed = false;
	o->trouble = (uint16_t)r.quality;
}

/* Between two ticks: what waits is tried again, what is not read back in time has failed. */
void
output_step(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	struct output *o = &all->at[i];
	int64_t wake_ns = NEVER;

	if (output_is_devices(d))
		output_parts_step(all, i, now_ns);
	if (o->phase == OUTPUT_WRITING && d->n_parts > 0) {
		output_parts_step(all, i, now_ns);
	} else if (o->phase == OUTPUT_WAITING) {
		if (now_ns >= o->due_ns)
			output_send(all, i, now_ns);
		else
			wake_ns = o->due_ns;
	} else if (o->phase == OUTPUT_VERIFYING) {
		if (now_ns >= o->due_ns) {
			output_fail(all, i, Q_NO_ANSWER, (double)NAN, now_ns);
		} else if (now_ns >= o->acked_ns + d->verify_after_ns) {
			if (d->verify_after_ns > 0 && o->tries == 0)
				all->sink.ask(all->sink.ctx, point_of(all->img, d));
			wake_ns = o->due_ns;
		} else {
			wake_ns = o->acked_ns + d->verify_after_ns;
		}
	}
	all->wake_ns = MIN(all->wake_ns, wake_ns);
}
