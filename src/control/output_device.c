/* output_device.c - ramps that the device makes: it is told how fast and where to, and goes there by itself
 *
 *	people, sequences:  rate --> read back --> value --> read back        a rate that is refused leaves the value unwritten
 *	protection:         value --> no ramp --> value again                 a rate that is refused keeps no value from being safe, and where
 *	                                                                      the value is refused nothing jumps to where it was going
 *	  a ramp of the row: rate, value behind it --> both read back
 *	"stay":             value, where it is: no rate is needed for that
 *
 * The rate is a part beside the value (output_parts.c). `working` is what the device shows of its own ramp, or else worked out
 * from what it was told and since when. What would make a ramp of ours wait stops the device: it is told to stay where it
 * is, and to go on later. Nobody has ordered that, so it is tried until it is taken.
 */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "control/output_inside.h"
#include "msg/quality.h"

#define AGAIN_NS NS_PER_S /* what was not taken is tried again */
#define INSIDE                                                                                     \
	0.5 /* of a holdback: a device that waits goes on then, so that it is not told to and fro at each tick */

static const struct image_output *
output_of(const struct outputs *all, uint32_t i)
{
	return image_output_at(all->img, i);
}

static bool
is_same(double a, double b)
{
	return a <= b && a >= b;
}

/* ---- rates --------------------------------------------------------------------------------------------------------------- */

static const struct image_part *
part_of(const struct image *img, const struct image_output *d)
{
	return image_part_at(img, d->rate_part - 1);
}

double
output_rate_value(const struct image *img, const struct image_output *d, double rate)
{
	uint32_t channel = part_of(img, d)->at;
	const struct image_channel *ch = image_channel_at(img, channel);
	double wanted = rate * d->rate_factor, at, step = ch->has_scale ? fabs(ch->factor) : 1;
	union value raw;
	struct err err;

	if (isinf(rate))
		return d->at_once;
	if (output_raw_at(img, channel, wanted, &raw, &at, &err) < 0)
		return wanted;
	/* The next step of its register would be faster than that. */
	if (at > wanted * (1 + 1e-6) &&
		output_raw_at(img, channel, wanted - step / 2, &raw, &at, &err) < 0)
		return wanted;
	return at;
}

static bool
is_at_once(const struct image *img, const struct image_output *d, double value)
{
	const struct image_part *p = part_of(img, d);

	return d->has_at_once &&
	       fabs(value - d->at_once) <= output_tolerance_at(img, p->at, p->verify_within, value);
}

int
output_rate_check(const struct image *img, uint32_t output, double rate, struct err *err)
{
	const struct image_output *d = image_output_at(img, output);
	double value = output_rate_value(img, d, rate);

	if (value > 0 && !(d->has_at_once && is_same(value, d->at_once)))
		return 0;
	return err_set(err, ERR_REFUSED, 0,
		"its device makes the ramp, and has none so slow; ask for a faster one");
}

double
output_rate_near(const struct image *img, uint32_t output, double rate)
{
	const struct image_output *d = image_output_at(img, output);
	const struct image_channel *ch = image_channel_at(img, part_of(img, d)->at);
	double least = (ch->has_scale ? fabs(ch->factor) : 1) / d->rate_factor;
	struct err err;

	if (output_rate_check(img, output, rate, &err) == 0)
		return rate;
	return least < d->ramp && output_rate_check(img, output, least, &err) == 0 ? least
										   : d->ramp;
}

/* The rate that a value of its channel means. */
static double
rate_of(const struct image *img, const struct image_output *d, double value)
{
	return is_at_once(img, d, value) ? (double)INFINITY : fmax(value / d->rate_factor, 0);
}

bool
output_rate_is_held(const struct image_output *d, const struct output *o)
{
	return !output_is_devices(d) || o->keeps_rate || o->is_stopped || isnan(o->rate) ||
	       is_same(o->rate_sent, o->rate);
}

/* ---- orders -------------------------------------------------------------------------------------------------------------- */

void
output_device_new(struct outputs *all, uint32_t i)
{
	struct output *o = &all->at[i];

	o->rate = o->rate_sent = o->rate_asked = o->rate_there = (double)NAN;
	o->goal_there = o->stop = (double)NAN;
}

static bool
look_at(const struct outputs *all, uint32_t channel, double *out)
{
	struct output_reading r;

	all->sink.read(all->sink.ctx, channel, &r);
	if (quality_is_bad(r.quality) || !isfinite(r.number))
		return false;
	*out = r.number;
	return true;
}

void
output_device_take(struct outputs *all, uint32_t i, const struct output_order *order, double place)
{
	const struct image_output *d = output_of(all, i);
	struct output *o = &all->at[i];
	bool is_protection = order->owner >= OWNER_SAFE_STATE;
	bool now = is_protection ? !(order->ramp > 0) : order->is_at_once;

	o->is_stopped = o->is_rate_foreign = false;
	o->keeps_rate = o->is_insisting = !is_protection && is_same(order->value, place);
	if (!o->keeps_rate)
		o->rate = now && d->has_at_once ? (double)INFINITY
						: output_rate_near(all->img, i, o->ramp);
	if (!isfinite(o->working) && !(d->has_measured && look_at(all, d->channel, &o->working)))
		o->working = o->target;
}

/* In automatic a rate that was changed at the device is told, and stays until the next order: refreshing the value is none. */
static bool
is_left_to_the_device(const struct outputs *all, uint32_t i)
{
	const struct output *o = &all->at[i];

	return o->is_rate_foreign && !output_is_protected(o) && o->rate_there > 0 &&
	       o->rate_there <= output_of(all, i)->ramp * (1 + 1e-6);
}

bool
output_device_begin(struct outputs *all, uint32_t i, int64_t now_ns)
{
	struct output *o = &all->at[i];

	o->is_rate_first = o->is_value_taken = false;
	o->is_rate_behind = o->is_value_again = false;
	if (output_rate_is_held(output_of(all, i), o) || is_left_to_the_device(all, i))
		return false;
	o->rate_asked = o->rate;
	o->rate_sent = (double)NAN; /* what it held before is over, and this is not there yet */
	if (output_is_protected(o)) {
		/* Without a ramp it would jump to where it was going, if it did not take the value. */
		o->is_rate_behind = isinf(o->rate);
		if (o->is_rate_behind)
			output_parts_stop(all, i);
		else /* The link keeps their order; the value does not wait for what becomes of the rate. */
			output_parts_begin(all, i, now_ns);
		return false;
	}
	o->is_rate_first = true;
	o->phase = OUTPUT_WRITING;
	o->tag = 0;
	o->sent_ns = now_ns;
	output_parts_begin(all, i, now_ns);
	return true;
}

void
output_device_taken(struct outputs *all, uint32_t i, double goal, int64_t now_ns)
{
	struct output *o = &all->at[i];

	o->goal_there = goal;
	if (!o->is_rate_behind || !output_is_protected(o))
		return;
	o->is_rate_behind = false;
	o->is_value_again = true;
	output_parts_begin(all, i, now_ns);
}

void
output_rate_done(struct outputs *all, uint32_t i, enum quality verdict, int64_t now_ns)
{
	struct output *o = &all->at[i];
	bool is_good = verdict == Q_GOOD;

	o->rate_ns = now_ns;
	o->rate_sent = is_good ? o->rate_asked : (double)NAN;
	o->rate_trouble = (uint16_t)verdict;
	if (is_good)
		o->rate_there = o->rate_asked;
	if (o->is_rate_first) {
		o->is_rate_first = false;
		o->phase = OUTPUT_IDLE;
		if (is_good) {
			output_send(all, i, now_ns);
			return;
		}
		o->last_ns = now_ns;
		o->sent = (double)NAN; /* nothing goes there, and what it holds is looked at anew */
		output_fail(all, i, verdict, (double)NAN, now_ns);
		return;
	}
	/* One that looks at the rate when it is given a value is given that again. */
	if (is_good && o->is_value_again && output_is_protected(o) &&
		(o->phase == OUTPUT_IDLE || o->phase == OUTPUT_VERIFYING)) {
		output_send(all, i, now_ns);
		return;
	}
	if (o->phase != OUTPUT_IDLE || !o->is_value_taken)
		return;
	o->is_value_taken = false;
	output_confirm(all, i, now_ns);
}

/* ---- a rate that changes without us -------------------------------------------------------------------------------------- */

static void
tell_rate(struct outputs *all, uint32_t i, double shown, double wanted, int64_t now_ns)
{
	struct event e = {
		.kind = EVENT_OUTPUT_RATE_CHANGED, .n_values = 2, .values = { shown, wanted }
	};
	const struct image_part *p = part_of(all->img, output_of(all, i));

	text_copy(e.text, sizeof(e.text),
		image_text(all->img, image_channel_at(all->img, p->at)->name));
	output_event(all, i, &e, now_ns);
}

/* As for the value: protection asserts it, in manual it is taken over, in automatic it is told; never faster than the bench allows. */
static void
find_rate(struct outputs *all, uint32_t i, double shown, double wanted, int64_t now_ns)
{
	const struct image_output *d = output_of(all, i);
	struct output *o = &all->at[i];
	double rate = rate_of(all->img, d, shown);
	/* Below zero, or at it, it may mean anything to the device, and no ramp as well. */
	bool is_too_fast = rate > d->ramp * (1 + 1e-6) || !(rate > 0);
	bool is_first = !o->is_rate_foreign,
	     is_ours = isfinite(o->rate_sent) || isinf(o->rate_sent);

	o->rate_sent = (double)NAN;
	o->rate_trouble = Q_DEVICE_FAILED;
	/* At rest a rate moves nothing, and the next order writes its own: after a start it is no news. */
	if (!output_is_protected(o) && !output_device_moves(all, i)) {
		if (is_ours)
			tell_rate(all, i, shown, wanted, now_ns);
		return;
	}
	if (!is_first && now_ns - o->sent_ns < AGAIN_NS)
		return;
	if (is_first)
		tell_rate(all, i, shown, wanted, now_ns);
	o->is_rate_foreign = true;
	if (output_is_protected(o) || is_too_fast) {
		o->is_confirmed = false;
		output_send(all, i, now_ns);
	} else if (o->mode == MODE_MANUAL) {
		o->rate = o->ramp = o->rate_sent = o->rate_there = rate;
		o->is_rate_foreign = false;
	} else {
		o->is_confirmed = false;
		o->trouble = Q_DEVICE_FAILED;
	}
}

void
output_rate_read(struct outputs *all, uint32_t i, const struct output_reading *r, int64_t now_ns)
{
	const struct image_output *d = output_of(all, i);
	struct output *o = &all->at[i];
	double wanted, within;

	if (r->stamp_ns < o->rate_ns || !isfinite(r->number))
		return;
	o->is_rate_known = true;
	o->rate_there = rate_of(all->img, d, r->number);
	if (isnan(o->rate))
		return; /* nothing was asked yet: it has its own */
	wanted = output_rate_value(all->img, d, o->rate);
	within = output_tolerance_at(
		all->img, part_of(all->img, d)->at, part_of(all->img, d)->verify_within, r->number);
	if (fabs(r->number - wanted) <= within) {
		o->rate_sent = o->rate;
		o->is_rate_foreign = false;
	} else if (o->is_held_back || o->is_claimed || o->is_away) {
		o->rate_sent = (double)NAN;
	} else if (o->phase == OUTPUT_IDLE) {
		find_rate(all, i, r->number, wanted, now_ns);
	}
}

/* ---- where it is --------------------------------------------------------------------------------------------------------- */

/* Where the device goes. What is read of that is rounded as the wire is: it is the goal when that is the same there. */
static double
goal_there(const struct outputs *all, uint32_t i)
{
	const struct image_output *d = output_of(all, i);
	const struct output *o = &all->at[i];
	double goal = output_goal(d, o), there, at;
	union value raw;
	struct err err;

	if (!isfinite(o->goal_there) || !isfinite(goal) ||
		output_raw(all->img, d, goal, &raw, &at, &err) < 0)
		return o->goal_there;
	there = output_to_at(all->img, d, o->goal_there);
	return fabs(there - at) <= output_tolerance(all->img, d, at) ? goal : o->goal_there;
}

bool
output_device_moves(const struct outputs *all, uint32_t i)
{
	const struct output *o = &all->at[i];
	double goal = output_goal(output_of(all, i), o), there = goal_there(all, i);

	return isfinite(o->working) && isfinite(goal) &&
	       (!is_same(o->working, goal) || (isfinite(there) && !is_same(o->working, there)));
}

static double
within_limits(const struct image_output *d, double v)
{
	return d->has_limits ? fmin(fmax(v, d->min), d->max) : v;
}

/* What the device shows of its ramp; else what is measured, which needs nothing to be worked out; never past where it goes. */
bool
output_device_place(const struct outputs *all, uint32_t i, double *out)
{
	const struct image_output *d = output_of(all, i);
	const struct output *o = &all->at[i];
	double goal = output_goal(d, o), v = o->working;

	if (!is_same(o->working, goal_there(all, i))) {
		if (d->has_progress && look_at(all, d->progress, &v))
			v = v * d->progress_factor + d->progress_offset;
		else if (d->has_measured)
			look_at(all, d->channel, &v);
	}
	if (!isfinite(v))
		return false;
	if (isfinite(o->working) && isfinite(goal))
		v = o->working <= goal ? fmin(v, goal) : fmax(v, goal);
	*out = within_limits(d, v);
	return true;
}

void
output_device_stay(struct outputs *all, uint32_t i)
{
	struct output *o = &all->at[i];
	double place = o->stop;

	if (output_device_moves(all, i) ? !output_device_place(all, i, &place) : !o->is_stopped)
		return;
	o->target = place;
	o->holdback = 0;
	o->is_stopped = o->is_waiting = false;
	o->keeps_rate = o->is_insisting = true;
}

void
outputs_pause(struct outputs *all, uint32_t i)
{
	struct output *o = &all->at[i];

	if (!output_is_devices(output_of(all, i)) || output_is_protected(o) || o->is_stopped ||
		!output_device_moves(all, i) || !output_device_place(all, i, &o->stop))
		return;
	o->is_stopped = o->is_insisting = true;
}

#define WAITED_S                                                                                   \
	2 /* so much of its ramp may lie between where it was told to wait and what is kept of that */

void
output_device_waited(struct outputs *all, uint32_t i, double value)
{
	struct output *o = &all->at[i];

	if (!o->is_catching_up || o->is_stopped || is_same(o->working, o->target) ||
		!(fabs(value - o->working) <= o->ramp * WAITED_S) ||
		fabs(value - o->working) >= fabs(value - o->target))
		return;
	o->stop = value;
	o->is_stopped = true;
}

/* After a start it has gone on meanwhile: from where is told by what is measured, if that lies on its way. */
static void
catch_up(struct outputs *all, uint32_t i)
{
	const struct image_output *d = output_of(all, i);
	struct output *o = &all->at[i];
	double v;

	if (!isfinite(o->goal_there) || !d->has_measured || !look_at(all, d->channel, &v))
		return;
	o->is_catching_up = false;
	if ((v > o->working && v < o->goal_there) || (v < o->working && v > o->goal_there))
		o->working = v;
}

/* As the device goes: to what it was told last, as fast as it was told. */
static double
worked_out(const struct outputs *all, uint32_t i, double to, int64_t dt_ns)
{
	const struct output *o = &all->at[i];
	double rate = isnan(o->rate_there) ? o->rate : o->rate_there;
	double most = rate * ((double)dt_ns / 1e9), way = to - o->working;

	if (isinf(rate) || fabs(way) <= most)
		return to;
	return most > 0 ? o->working + (way > 0 ? most : -most) : o->working;
}

static void
progress(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = output_of(all, i);
	struct output *o = &all->at[i];
	double before = o->working, to = goal_there(all, i), v;
	int64_t dt_ns = now_ns - o->moved_ns;

	o->moved_ns = now_ns;
	if (o->is_catching_up)
		catch_up(all, i);
	if (d->has_progress && look_at(all, d->progress, &v)) {
		o->working = v * d->progress_factor + d->progress_offset;
		if (isfinite(to) && fabs(o->working - to) <= d->progress_within)
			o->working = to;
	} else if (isfinite(to) && isfinite(o->working)) {
		o->working = worked_out(all, i, to, dt_ns);
	}
	if (!is_same(o->working, before))
		output_show(all, i, now_ns);
}

/* ---- what makes it wait -------------------------------------------------------------------------------------------------- */

/* Is it farther ahead of what is measured than it may be, or is that not known? */
static bool
is_ahead(const struct outputs *all, uint32_t i)
{
	const struct output *o = &all->at[i];
	double v, most = o->is_stopped ? o->holdback * INSIDE : o->holdback;

	if (!(o->holdback > 0))
		return false;
	if (!look_at(all, output_of(all, i)->channel, &v))
		return true;
	return (o->target > o->working ? o->working - v : v - o->working) > most;
}

static void
look(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = output_of(all, i);
	struct output *o = &all->at[i];
	bool must_wait;

	/* Nor does it go where it was not told to go. */
	if (output_is_protected(o) || o->keeps_rate || !isfinite(o->working) ||
		!isfinite(o->sent) || is_same(o->working, o->target)) {
		o->is_waiting = false;
		return;
	}
	must_wait = is_ahead(all, i) || !output_is_allowed(all, i, now_ns);
	if (o->keeps_rate || (must_wait && o->is_stopped))
		return; /* it was forbidden for good, or waits already */
	if (must_wait)
		o->stop = within_limits(d, o->working);
	if (must_wait || o->is_stopped)
		o->is_insisting = true;
	o->is_stopped = o->is_waiting = must_wait;
}

void
output_device_tick(struct outputs *all, uint32_t i, int64_t now_ns)
{
	struct output *o = &all->at[i];
	double goal;
	bool is_news;

	progress(all, i, now_ns);
	if (!o->is_held_back)
		look(all, i, now_ns);
	goal = output_goal(output_of(all, i), o);
	is_news = (o->sent < goal || o->sent > goal) && (!o->is_held_back || o->is_insisting);
	if (o->is_insisting && !isfinite(o->sent))
		is_news = now_ns - o->sent_ns >= AGAIN_NS;
	if (is_news && !o->is_lost && (o->phase == OUTPUT_IDLE || o->phase == OUTPUT_VERIFYING))
		output_send(all, i, now_ns);
}
