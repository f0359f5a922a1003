/* loop.c - control loops, with the owners and the outputs of a bench */
#include "control/loop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "control/output_inside.h"
#include "control/pid.h"

#define LOST_NS (10 * NS_PER_S) /* to an instrument that is down it is written so often */

struct loop {
	struct pid pid;
	bool has_output;   /* it has taken its output, or had it before a restart */
	bool is_on;        /* it regulates: pid is of use */
	bool is_blind;     /* the output is to be at on_bad: told */
	bool is_waiting;   /* what the output holds is not known: told */
	bool is_refused;   /* its last write was: told */
	enum pid_short at; /* a limit of its output */
	int64_t bad_ns;    /* since when what is measured is bad; NEVER */
	int64_t due_ns;
};

struct loops {
	const struct image *img;
	struct outputs *outputs;
	struct loops_sink sink;
	struct loop *at; /* [loop] */
	bool has_begun;  /* what was found after a start was looked at */
};

struct loops *
loops_new(const struct image *img, struct outputs *outputs, const struct loops_sink *sink)
{
	struct loops *all = mem_zero(1, sizeof(*all));

	all->img = img;
	all->outputs = outputs;
	all->sink = *sink;
	all->at = mem_zero(img->loops.n, sizeof(*all->at));
	for (uint32_t i = 0; i < img->loops.n; i++)
		all->at[i].bad_ns = NEVER;
	return all;
}

void
loops_free(struct loops *all)
{
	if (all == NULL)
		return;
	free(all->at);
	free(all);
}

static const char *
name_of(const struct loops *all, uint32_t output)
{
	const struct image_output *d = image_output_at(all->img, output);

	return image_text(all->img, image_channel_at(all->img, d->channel)->name);
}

static struct pid_form
form_of(const struct image_loop *d)
{
	return (struct pid_form){ .gain = d->gain,
		.integral_s = d->integral_s,
		.derivative_s = d->derivative_s,
		.filter = d->filter,
		.weight = d->weight,
		.min = d->min,
		.max = d->max,
		.is_direct = d->is_direct != 0 };
}

static void
tell(struct loops *all, uint32_t i, struct event *e, int64_t now_ns)
{
	const struct image_loop *d = image_loop_at(all->img, i);

	e->stamp_ns = now_ns;
	if (e->cause == 0)
		e->cause = outputs_cause(all->outputs, d->of);
	text_copy(e->subject, sizeof(e->subject), name_of(all, d->of));
	all->sink.event(all->sink.ctx, e);
}

/* What is measured; false: it is of no use. */
static bool
look(const struct loops *all, uint32_t i, struct output_reading *out)
{
	uint32_t of = image_loop_at(all->img, i)->of;

	all->sink.read(all->sink.ctx, image_output_at(all->img, of)->channel, out);
	return !quality_is_bad(out->quality) && isfinite(out->number);
}

/* ---- who has the output -------------------------------------------------------------------------------------------------- */

int
loops_ready(const struct loops *all, uint32_t output, enum output_owner owner, struct err *err)
{
	uint32_t i = image_output_at(all->img, output)->loop - 1, n;
	const struct image_loop *d = image_loop_at(all->img, i);
	const char *const *words = image_state_words(STATE_OWNER, &n);
	enum output_owner has = outputs_owner(all->outputs, d->output);
	struct output_reading r;

	if (!look(all, i, &r))
		return err_set(err, ERR_REFUSED, 0,
			"its loop cannot measure, %.60s; bring that in order first",
			quality_row(r.quality)->text_en);
	if (has > OWNER_PID && (owner < has || has >= OWNER_SAFE_STATE))
		return err_set(err, ERR_REFUSED, 0, "its output '%.60s' belongs to the %s; %s",
			name_of(all, d->output),
			has == OWNER_SAFE_STATE ? "safe state" : words[has],
			has == OWNER_TRIP         ? "reset the trip first"
			: has == OWNER_SAFE_STATE ? "release the safe state first"
						  : "end that first");
	if (image_output_at(all->img, d->output)->loop == 0)
		return 0;
	return loops_ready(all, d->output, owner, err);
}

static void
stand_aside(struct loops *all, uint32_t i, const char *why, int64_t now_ns)
{
	const struct image_loop *d = image_loop_at(all->img, i);
	struct loop *l = &all->at[i];
	struct event e = { .kind = EVENT_LOOP_ASIDE,
		.cause = outputs_cause(all->outputs, d->output) };
	struct output_reading r;

	text_copy(e.text, sizeof(e.text), why);
	tell(all, i, &e, now_ns);
	*l = (struct loop){ .bad_ns = NEVER };
	outputs_release(all->outputs, d->of, OWNER_SEQUENCE, now_ns);
	outputs_follow(all->outputs, d->of, look(all, i, &r) ? r.number : (double)NAN, now_ns);
}

/* Was it set after whoever has its output? It was asked then whether it may take that. */
static bool
is_later(const struct loops *all, const struct image_loop *d)
{
	return !all->at[image_output_at(all->img, d->of)->loop - 1].has_output ||
	       outputs_is_later(all->outputs, d->of, d->output);
}

/* Somebody else has what it writes; *out_why (EVENT_TEXT). */
static bool
is_taken_away(const struct loops *all, uint32_t i, char *out_why)
{
	const struct image_loop *d = image_loop_at(all->img, i);
	enum output_owner has = outputs_owner(all->outputs, d->output);
	uint32_t n;
	const char *const *words = image_state_words(STATE_OWNER, &n);

	if (has < OWNER_SAFE_STATE && is_later(all, d))
		return false;
	if (has > OWNER_PID) {
		snprintf(out_why, EVENT_TEXT, "'%.60s' belongs to %s", name_of(all, d->output),
			words[has]);
		return true;
	}
	if (image_output_at(all->img, d->output)->loop == 0 ||
		!outputs_is_following(all->outputs, d->output))
		return false;
	snprintf(out_why, EVENT_TEXT, "'%.60s' does not regulate", name_of(all, d->output));
	return true;
}

/* What was set by hand is the loop's from now on, and stays where it is until that acts; so is what stands behind a loop that stood
 * aside: it was asked for, too. */
static void
take_output(struct loops *all, uint32_t i, int64_t now_ns)
{
	uint32_t output = image_loop_at(all->img, i)->output, behind;

	if (all->at[i].has_output && outputs_owner(all->outputs, output) <= OWNER_PID)
		return;
	all->at[i].has_output = true;
	for (;;) {
		outputs_release(all->outputs, output, OWNER_SEQUENCE, now_ns);
		behind = image_output_at(all->img, output)->loop;
		if (behind == 0 || !outputs_is_following(all->outputs, output))
			return;
		output = image_loop_at(all->img, behind - 1)->output;
	}
}

/* ---- writing ------------------------------------------------------------------------------------------------------------- */

/* Not taken: once told until one is. */
static void
refused(struct loops *all, uint32_t i, const char *why, int64_t now_ns)
{
	const struct image_loop *d = image_loop_at(all->img, i);
	struct event e = { .kind = EVENT_COMMAND_REFUSED,
		.stamp_ns = now_ns,
		.cause = outputs_cause(all->outputs, d->of) };

	if (!all->at[i].is_refused) {
		text_copy(e.subject, sizeof(e.subject), name_of(all, d->output));
		text_copy(e.principal, sizeof(e.principal), name_of(all, d->of));
		text_copy(e.text, sizeof(e.text), why);
		all->sink.event(all->sink.ctx, &e);
	}
	all->at[i].is_refused = true;
}

static bool
order(struct loops *all, uint32_t i, double value, bool is_at_once, int64_t now_ns)
{
	const struct image_loop *d = image_loop_at(all->img, i);
	struct output_order o = { .value = value,
		.ramp = -1,
		.is_clamped = true,
		.is_at_once = is_at_once,
		.owner = OWNER_PID,
		.cause = outputs_cause(all->outputs, d->of) };
	struct err err;

	if (outputs_set(all->outputs, d->output, &o, now_ns, &err) < 0) {
		refused(all, i, err.msg, now_ns);
		return false;
	}
	all->at[i].is_refused = false;
	return true;
}

/* Is the last write not where it should be, as far as the device says? */
static bool
has_failed(const struct loops *all, uint32_t output)
{
	enum quality trouble = outputs_trouble(all->outputs, output);

	return trouble != Q_GOOD && trouble != Q_NOT_YET;
}

/* What keeps the output from following: its own ramp, or the limits of the loop behind it. */
static enum pid_short
kept_by(const struct loops *all, const struct image_loop *d)
{
	uint32_t behind = image_output_at(all->img, d->output)->loop;
	double target, working;

	if (outputs_target(all->outputs, d->output, &target) &&
		outputs_working(all->outputs, d->output, &working)) {
		if (working < target - d->deadband)
			return PID_BELOW;
		if (working > target + d->deadband)
			return PID_ABOVE;
	}
	if (behind == 0)
		return PID_FREE;
	return image_loop_at(all->img, behind - 1)->is_direct ? -all->at[behind - 1].at
							      : all->at[behind - 1].at;
}

/* ---- what it does -------------------------------------------------------------------------------------------------------- */

static void
follow(struct loops *all, uint32_t i, int64_t now_ns)
{
	const struct image_loop *d = image_loop_at(all->img, i);
	struct output_reading r;

	if (now_ns < all->at[i].due_ns)
		return;
	all->at[i].due_ns = now_ns + d->every_ns;
	outputs_follow(all->outputs, d->of, look(all, i, &r) ? r.number : (double)NAN, now_ns);
}

/* To on_bad, at once, and again until it is there. */
static void
be_blind(struct loops *all, uint32_t i, enum quality why, int64_t now_ns)
{
	const struct image_loop *d = image_loop_at(all->img, i);
	struct loop *l = &all->at[i];
	struct event e = {
		.kind = EVENT_LOOP_BLIND, .reason = why, .n_values = 1, .values = { d->on_bad }
	};
	double target;
	bool is_there = outputs_owner(all->outputs, d->output) == OWNER_PID &&
			outputs_target(all->outputs, d->output, &target) && !(target < d->on_bad) &&
			!(target > d->on_bad) && !has_failed(all, d->output);

	if (!l->is_blind) {
		outputs_text(all->outputs, d->output, d->on_bad, e.text, sizeof(e.text));
		tell(all, i, &e, now_ns);
		l->due_ns = now_ns;
	}
	take_output(all, i, now_ns);
	l->is_blind = true;
	l->is_on = l->is_waiting = false;
	l->at = PID_FREE;
	if (is_there || now_ns < l->due_ns)
		return;
	l->due_ns = now_ns + (outputs_is_lost(all->outputs, d->output) ? LOST_NS : d->every_ns);
	order(all, i, d->on_bad, true, now_ns);
}

/* What the output holds; false: nobody knows, and it is read again. One that is never read is taken to be at on_bad. */
static bool
find_held(const struct loops *all, const struct image_loop *d, double *out)
{
	const struct image_output *o = image_output_at(all->img, d->output);

	if (outputs_is_lost(all->outputs, d->output))
		return false;
	if (outputs_held(all->outputs, d->output, out))
		return isfinite(*out);
	*out = d->on_bad;
	return image_is_write_only(all->img, o->at);
}

static void
begin(struct loops *all, uint32_t i, const struct output_reading *r, int64_t now_ns)
{
	const struct image_loop *d = image_loop_at(all->img, i);
	const struct pid_form f = form_of(d);
	struct loop *l = &all->at[i];
	struct event e = { .kind = EVENT_LOOP_WAITS };
	double held, setpoint;

	text_copy(e.text, sizeof(e.text), name_of(all, d->output));
	if (!find_held(all, d, &held)) {
		if (!l->is_waiting)
			tell(all, i, &e, now_ns);
		l->is_waiting = true;
		return;
	}
	outputs_begin_from(all->outputs, d->of, r->number, now_ns);
	if (!outputs_working(all->outputs, d->of, &setpoint))
		return;
	pid_begin(&l->pid, &f, held, setpoint, r->number, r->stamp_ns, now_ns);
	l->is_on = true;
	l->is_blind = l->is_waiting = l->is_refused = false;
	l->due_ns = now_ns;
	e.kind = EVENT_LOOP_REGULATES;
	outputs_text(all->outputs, d->output, output_six_digits(held), e.text, sizeof(e.text));
	tell(all, i, &e, now_ns);
}

/* A change that matters is written; so is the way to a limit, and what was not taken. */
static void
act(struct loops *all, uint32_t i, int64_t now_ns)
{
	const struct image_loop *d = image_loop_at(all->img, i);
	const struct pid_form f = form_of(d);
	struct loop *l = &all->at[i];
	double u = pid_output(&l->pid, &f, &l->at), target, held;
	bool has_target = outputs_target(all->outputs, d->output, &target);

	if (now_ns < l->due_ns || outputs_is_busy(all->outputs, d->output))
		return;
	l->due_ns =
		now_ns - l->due_ns < d->every_ns ? l->due_ns + d->every_ns : now_ns + d->every_ns;
	if (has_target && outputs_owner(all->outputs, d->output) == OWNER_PID &&
		!has_failed(all, d->output) && fabs(u - target) <= d->deadband &&
		(l->at == PID_FREE || !(fabs(u - target) > 0)))
		return;
	if (!order(all, i, u, false, now_ns) && find_held(all, d, &held))
		pid_stays(&l->pid, &f, held);
}

static void
regulate(struct loops *all, uint32_t i, const struct output_reading *r, int64_t now_ns)
{
	const struct image_loop *d = image_loop_at(all->img, i);
	const struct pid_form f = form_of(d);
	struct loop *l = &all->at[i];
	double held, setpoint;

	if (l->is_on && (outputs_is_lost(all->outputs, d->output) || (!find_held(all, d, &held))))
		l->is_on = false;
	/* Its setpoint, or its output, is still on its way back after an outage: it begins from what they are then. */
	if (outputs_is_held_back(all->outputs, d->of) ||
		outputs_is_held_back(all->outputs, d->output)) {
		l->is_on = false;
		return;
	}
	if (!l->is_on) {
		begin(all, i, r, now_ns);
		if (!l->is_on)
			return;
	}
	pid_read(&l->pid, &f, r->number, r->stamp_ns, now_ns, kept_by(all, d));
	if (outputs_working(all->outputs, d->of, &setpoint))
		pid_setpoint(&l->pid, setpoint, now_ns);
	act(all, i, now_ns);
}

static void
step(struct loops *all, uint32_t i, int64_t now_ns)
{
	const struct image_loop *d = image_loop_at(all->img, i);
	struct loop *l = &all->at[i];
	struct output_reading r;
	char why[EVENT_TEXT];
	bool is_good;

	if (outputs_is_following(all->outputs, d->of)) {
		follow(all, i, now_ns);
		return;
	}
	if (is_taken_away(all, i, why)) {
		stand_aside(all, i, why, now_ns);
		return;
	}
	is_good = look(all, i, &r);
	if (is_good) {
		l->bad_ns = NEVER;
		take_output(all, i, now_ns);
		regulate(all, i, &r, now_ns);
		return;
	}
	l->bad_ns = MIN(l->bad_ns, now_ns);
	if (now_ns - l->bad_ns >= d->bad_after_ns)
		be_blind(all, i, r.quality, now_ns);
}

/* ---- starts and reloads -------------------------------------------------------------------------------------------------- */

/* A loop's output that no loop goes on with: nobody watches over it any more. */
static void
give_up(struct loops *all, uint32_t output, int64_t now_ns)
{
	for (uint32_t i = 0; i < all->img->loops.n; i++) {
		const struct image_loop *d = image_loop_at(all->img, i);

		if (d->output != output)
			continue;
		if (!outputs_is_following(all->outputs, d->of)) {
			all->at[i].has_output = true;
			return;
		}
		order(all, i, d->on_bad, true, now_ns);
		stand_aside(all, i, "its setpoint is not known any more", now_ns);
	}
	outputs_release(all->outputs, output, OWNER_PID, now_ns);
}

/* Who had what before this controller, or before the bench file changed. */
static void
look_around(struct loops *all, int64_t now_ns)
{
	for (uint32_t i = 0; i < all->img->outputs.n; i++)
		if (outputs_owner(all->outputs, i) == OWNER_PID)
			give_up(all, i, now_ns);
	all->has_begun = true;
}

void
loops_tick(struct loops *all, int64_t now_ns)
{
	if (!all->has_begun)
		look_around(all, now_ns);
	for (uint32_t i = 0; i < all->img->loops.n; i++)
		step(all, i, now_ns);
}

static bool
is_same(const struct image *img, const struct image_loop *a, const struct image *old,
	const struct image_loop *b)
{
	const uint32_t now[] = { a->of, a->output }, was[] = { b->of, b->output };

	for (size_t k = 0; k < NELEM(now); k++)
		if (image_channel_at(img, image_output_at(img, now[k])->channel)->id !=
			image_channel_at(old, image_output_at(old, was[k])->channel)->id)
			return false;
	return a->is_direct == b->is_direct;
}

void
loops_adopt(struct loops *all, const struct loops *from, int64_t now_ns)
{
	for (uint32_t i = 0; i < all->img->loops.n; i++) {
		const struct image_loop *d = image_loop_at(all->img, i);
		const struct pid_form f = form_of(d);
		struct loop *l = &all->at[i];
		double held;

		for (uint32_t k = 0; k < from->img->loops.n; k++)
			if (is_same(all->img, d, from->img, image_loop_at(from->img, k)))
				*l = from->at[k];
		/* With other settings, too, it goes on from where its output is. */
		if (l->is_on && outputs_held(all->outputs, d->output, &held))
			pid_stays(&l->pid, &f, held);
	}
}
