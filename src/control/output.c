/* output.c - outputs: who owns them, what is asked of them, and how they move there */
#include "control/output.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "control/output_inside.h"

#define AHEAD_NS (2 * NS_PER_S) /* a ramp moves on so long while a step is not acknowledged */

struct outputs *
outputs_new(const struct image *img, const struct outputs_sink *sink)
{
	struct outputs *all = mem_zero(1, sizeof(*all));

	all->img = img;
	all->sink = *sink;
	all->n = img->outputs.n;
	all->at = mem_zero(all->n, sizeof(*all->at));
	all->of_channel = mem_zero(img->channels.n, sizeof(*all->of_channel));
	all->wake_ns = NEVER;
	for (uint32_t i = 0; i < all->n; i++) {
		all->at[i].target = all->at[i].working = (double)NAN;
		all->at[i].sent = all->at[i].told = (double)NAN;
		all->at[i].trouble = Q_NOT_YET;
		output_device_new(all, i);
		if (image_output_at(img, i)->loop != 0)
			all->at[i].is_following = true;
		else if (image_output_at(img, i)->n_parts == 0) /* else its parts tell of it */
			all->of_channel[image_output_at(img, i)->at] = i + 1;
	}
	output_parts_new(all);
	return all;
}

void
outputs_free(struct outputs *all)
{
	if (all == NULL)
		return;
	free(all->at);
	free(all->of_channel);
	output_parts_free(all);
	free(all);
}

void
output_event(struct outputs *all, uint32_t i, struct event *e, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	const struct image_channel *ch = image_channel_at(all->img, d->channel);

	e->stamp_ns = now_ns;
	text_copy(e->subject, sizeof(e->subject), image_text(all->img, ch->name));
	all->sink.event(all->sink.ctx, e);
}

/* On the board, for everybody. */
void
output_show(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	const struct output *o = &all->at[i];
	const struct {
		uint32_t channel;
		double v;
	} rows[] = { { d->target, o->target },
		{ d->working, o->is_unknown ? (double)NAN : o->working }, { d->owner, o->owner },
		{ d->mode, o->mode } };

	for (size_t k = 0; k < NELEM(rows); k++)
		all->sink.state(all->sink.ctx, rows[k].channel, isfinite(rows[k].v) ? rows[k].v : 0,
			isfinite(rows[k].v) ? Q_GOOD : Q_NOT_YET, now_ns);
}

void
outputs_show(struct outputs *all, int64_t now_ns)
{
	for (uint32_t i = 0; i < all->n; i++)
		output_show(all, i, now_ns);
}

/* ---- orders -------------------------------------------------------------------------------------------------------------- */

static int
check_limits(struct outputs *all, uint32_t i, struct output_order *order, struct err *err)
{
	const struct image_output *d = image_output_at(all->img, i);
	char asked[64], low[64], high[64];

	if (!d->has_limits || (order->value >= d->min && order->value <= d->max))
		return 0;
	if (order->is_clamped) {
		order->value = order->value < d->min ? d->min : d->max;
		return 0;
	}
	outputs_text(all, i, order->value, asked, sizeof(asked));
	outputs_text(all, i, d->min, low, sizeof(low));
	outputs_text(all, i, d->max, high, sizeof(high));
	return err_set(err, ERR_REFUSED, 0,
		"%.40s is outside of its range; choose %.30s to %.30s, or ask for it to be cut",
		asked, low, high);
}

static int
check_owner(
	const struct outputs *all, uint32_t i, const struct output_order *order, struct err *err)
{
	const struct output *o = &all->at[i];
	uint32_t n;
	const char *const *words = image_state_words(STATE_OWNER, &n);

	if (order->owner < OWNER_MANUAL && o->mode == MODE_MANUAL && o->owner == OWNER_MANUAL)
		return err_set(err, ERR_REFUSED, 0,
			"it is in manual; put it in automatic to let the program have it");
	if (order->owner == OWNER_MANUAL && o->mode == MODE_AUTOMATIC && o->owner != OWNER_NONE &&
		o->owner != OWNER_MANUAL)
		return err_set(err, ERR_REFUSED, 0,
			"it is in automatic and belongs to the %s; put it in manual first",
			words[o->owner]);
	if (order->owner < o->owner && o->owner != OWNER_MANUAL)
		return err_set(err, ERR_REFUSED, 0, "it belongs to the %s; %s first",
			o->owner == OWNER_SAFE_STATE ? "safe state" : words[o->owner],
			o->owner == OWNER_TRIP         ? "reset the trip"
			: o->owner == OWNER_SAFE_STATE ? "release the safe state"
						       : "end that");
	return 0;
}

static int
check_device(const struct outputs *all, uint32_t i, int64_t now_ns, struct err *err)
{
	const struct image_output *d = image_output_at(all->img, i);
	const struct output *o = &all->at[i];

	if (d->max_writes > 0 && o->n_in_hour >= d->max_writes &&
		now_ns - o->hour_ns < 3600 * NS_PER_S)
		return err_set(err, ERR_REFUSED, 0,
			"its memory stands %u writes an hour, and those are used up; wait %lld min",
			d->max_writes,
			(long long)((3600 * NS_PER_S - (now_ns - o->hour_ns)) / (60 * NS_PER_S)) +
				1);
	return 0;
}

/* The ramp of an order: its own, and never faster than that of the bench. */
static double
own_ramp(const struct outputs *all, uint32_t i, const struct output_order *order)
{
	double most = image_output_at(all->img, i)->ramp;

	return !(order->ramp > 0) ? most : most > 0 ? fmin(order->ramp, most) : order->ramp;
}

/* A device that goes by itself, or waits, is told to stay whoever could not judge that, and however much its memory was written. */
static bool
is_to_stay(const struct outputs *all, uint32_t i, const struct output_order *order)
{
	double place;

	return output_is_devices(image_output_at(all->img, i)) &&
	       (output_device_moves(all, i) || all->at[i].is_stopped) &&
	       output_device_place(all, i, &place) && order->value >= place &&
	       order->value <= place;
}

int
outputs_check(struct outputs *all, uint32_t i, struct output_order *order, struct err *err)
{
	union value raw;
	double at;
	int rc;

	if (all->img->is_observed)
		return err_set(err, ERR_REFUSED, 0,
			"this bench only observes; write 'mode: control' in its file");
	if (all->at[i].is_away)
		return err_set(err, ERR_REFUSED, 0,
			"its device is in a safe mode of its own; see why, and clear that first");
	if (all->at[i].is_held_back)
		return err_set(err, ERR_REFUSED, 0,
			"after a start or an outage it is not decided yet how the bench goes on; "
			"wait");
	if (!isfinite(order->value))
		return err_set(err, ERR_REFUSED, 0, "it takes a number");
	if ((rc = check_owner(all, i, order, err)) < 0 ||
		(rc = check_limits(all, i, order, err)) < 0)
		return rc;
	if (output_raw(all->img, image_output_at(all->img, i), order->value, &raw, &at, err) < 0)
		return ERR_REFUSED;
	if (order->owner >= OWNER_SAFE_STATE || is_to_stay(all, i, order))
		return 0;
	if (output_is_devices(image_output_at(all->img, i)) &&
		output_rate_check(all->img, i, own_ramp(all, i, order), err) < 0)
		return ERR_REFUSED;
	rc = image_output_at(all->img, i)->loop == 0
		     ? 0
		     : all->sink.ready(all->sink.ctx, i, order->owner, err);
	return rc < 0 ? rc : all->sink.allow(all->sink.ctx, i, order->value, err);
}

static void
take(struct outputs *all, uint32_t i, const struct output_order *order, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	struct output *o = &all->at[i];
	bool is_at_once = order->owner >= OWNER_SAFE_STATE || order->is_at_once;
	/* A loop goes on with what it does: its ramp moves, and what was told is not told anew. */
	bool goes_on = order->owner == OWNER_PID && o->owner == OWNER_PID;
	double place = (double)NAN;

	if (output_is_devices(d) && (output_device_moves(all, i) || o->is_stopped))
		output_device_place(all, i, &place);
	output_settle(all, i, VERDICT_FAILED, "overtaken by a later order");
	o->target = order->value;
	o->ramp = own_ramp(all, i, order);
	o->holdback = order->holdback;
	o->is_waiting = false;
	o->owner = (uint8_t)order->owner;
	o->cause = order->cause;
	o->is_ordered = true;
	o->is_confirmed = false;
	o->told = (double)NAN;
	o->is_claimed = false;
	/* From where the device is, if that is somewhere else. */
	if (o->is_foreign && o->is_known && isfinite(o->shown) && !output_is_devices(d))
		o->working = o->shown;
	o->is_foreign = o->is_fought = o->is_between = o->is_following = false;
	if (order->owner != OWNER_PID)
		o->turn = ++all->turns;
	if (!goes_on) {
		o->is_forbidden = false;
		o->trouble = Q_NOT_YET;
		o->moved_ns = now_ns;
	}
	/* A new target bends the ramp where it is; from nowhere, or for protection, it goes there at once. */
	if (output_is_devices(d))
		output_device_take(all, i, order, place);
	else if (is_at_once || o->ramp <= 0 || !isfinite(o->working))
		o->working = o->target;
}

int
outputs_set(struct outputs *all, uint32_t i, struct output_order *order, int64_t now_ns,
	struct err *err)
{
	struct output *o = &all->at[i];
	bool is_jump;
	int rc = order->owner >= OWNER_SAFE_STATE ? 0 : outputs_check(all, i, order, err);

	if (rc < 0 ||
		(order->owner < OWNER_SAFE_STATE && !order->is_at_once &&
			!is_to_stay(all, i, order) && (rc = check_device(all, i, now_ns, err)) < 0))
		return rc;
	take(all, i, order, now_ns);
	is_jump = !(o->working < o->target) && !(o->working > o->target);
	if (is_jump || output_is_devices(image_output_at(all->img, i)))
		output_send(all, i, now_ns);
	output_show(all, i, now_ns);
	return 0;
}

/* Its ramp ends where it is. */
static void
stay(struct outputs *all, uint32_t i)
{
	struct output *o = &all->at[i];

	if (output_is_devices(image_output_at(all->img, i)))
		output_device_stay(all, i);
	else if (isfinite(o->working))
		o->target = o->working;
}

void
outputs_claim(struct outputs *all, uint32_t i, enum output_owner owner, int64_t now_ns)
{
	struct output *o = &all->at[i];

	output_settle(all, i, VERDICT_FAILED, "overtaken by a safe state");
	o->owner = (uint8_t)owner;
	o->is_claimed = true;
	o->is_foreign = o->is_fought = o->is_forbidden = false;
	stay(all, i);
	if (o->phase == OUTPUT_WAITING)
		o->phase = OUTPUT_IDLE;
	if (output_parts_busy(all, i) && output_is_devices(image_output_at(all->img, i))) {
		/* Of a rate that is on its way the answer does not count any more. */
		output_parts_stop(all, i);
		o->rate_sent = (double)NAN;
		if (o->is_rate_first)
			o->phase = OUTPUT_IDLE;
		o->is_rate_first = false;
	}
	if (o->phase == OUTPUT_WRITING && image_output_at(all->img, i)->n_parts > 0) {
		/* Its other parts stay where they are, too. */
		output_parts_stop(all, i);
		o->phase = OUTPUT_IDLE;
		o->sent = (double)NAN;
		o->is_confirmed = false;
	}
	output_show(all, i, now_ns);
}

void
outputs_release(struct outputs *all, uint32_t i, enum output_owner owner, int64_t now_ns)
{
	struct output *o = &all->at[i];

	if (o->owner == OWNER_NONE || o->owner > owner)
		return;
	/* Behind protection it is a person's: no rule takes it before it was put in automatic. */
	o->owner = o->owner >= OWNER_SAFE_STATE ? OWNER_MANUAL : OWNER_NONE;
	o->mode = MODE_MANUAL;
	o->is_claimed = false;
	if (isinf(o->rate))
		o->rate =
			(double)NAN; /* without a ramp is what protection wanted, and nobody else */
	if (o->phase == OUTPUT_WAITING)
		o->phase = OUTPUT_IDLE;
	output_show(all, i, now_ns);
}

void
outputs_mode(struct outputs *all, uint32_t i, enum output_mode mode, int64_t now_ns)
{
	struct output *o = &all->at[i];

	if (o->mode == mode)
		return;
	/* A hand-over moves nothing: the ramp ends where it is. */
	if (!output_is_protected(o)) {
		stay(all, i);
		o->owner = mode == MODE_MANUAL && !o->is_following ? OWNER_MANUAL : OWNER_NONE;
	}
	o->turn = ++all->turns;
	o->mode = (uint8_t)mode;
	o->is_foreign = false; /* it is looked at anew: manual takes over what the device holds */
	output_show(all, i, now_ns);
}

int
outputs_assign(
	struct outputs *all, uint32_t i, enum output_owner owner, int64_t now_ns, struct err *err)
{
	struct output *o = &all->at[i];

	if (output_is_protected(o))
		return err_set(err, ERR_REFUSED, 0, "it belongs to a safe state or trip");
	if (o->owner == (uint8_t)owner)
		return 0;
	output_settle(all, i, VERDICT_FAILED, "overtaken: it was handed over");
	stay(all, i);
	o->owner = (uint8_t)owner;
	o->mode = MODE_AUTOMATIC;
	o->is_foreign = false; /* it is looked at anew */
	output_show(all, i, now_ns);
	return 0;
}

/* ---- loops --------------------------------------------------------------------------------------------------------------- */

void
outputs_follow(struct outputs *all, uint32_t i, double measured, int64_t now_ns)
{
	struct output *o = &all->at[i];
	bool is_same = o->is_following && o->target <= measured && o->target >= measured;

	output_settle(all, i, VERDICT_FAILED, "its loop stands aside; see 'mbc log'");
	if (!o->is_following)
		o->turn = ++all->turns;
	o->is_following = true;
	o->target = o->working = o->sent = measured;
	o->moved_ns = now_ns;
	if (!is_same)
		output_show(all, i, now_ns);
}

bool
outputs_is_following(const struct outputs *all, uint32_t i)
{
	return all->at[i].is_following;
}

int
outputs_check_lead(const struct outputs *all, uint32_t i, struct err *err)
{
	const struct output *o = &all->at[i];

	if (!o->is_following)
		return 0;
	if (o->is_held_back || !isfinite(o->target))
		return err_set(err, ERR_REFUSED, 0, "what its loop measures is not known; wait");
	if (all->sink.ready(all->sink.ctx, i, OWNER_MANUAL, err) < 0)
		return ERR_REFUSED;
	return all->sink.allow(all->sink.ctx, i, o->target, err);
}

void
outputs_lead(struct outputs *all, uint32_t i, uint64_t cause, int64_t now_ns)
{
	struct output *o = &all->at[i];

	if (!o->is_following || !isfinite(o->target))
		return;
	o->is_following = false;
	o->turn = ++all->turns;
	o->cause = cause;
	o->moved_ns = now_ns;
}

void
outputs_begin_from(struct outputs *all, uint32_t i, double measured, int64_t now_ns)
{
	struct output *o = &all->at[i];

	o->working = o->ramp > 0 ? measured : o->target;
	o->sent = o->working;
	o->moved_ns = now_ns;
	output_show(all, i, now_ns);
}

/* ---- looking ------------------------------------------------------------------------------------------------------------- */

enum output_owner
outputs_owner(const struct outputs *all, uint32_t i)
{
	return (enum output_owner)all->at[i].owner;
}

enum output_mode
outputs_mode_of(const struct outputs *all, uint32_t i)
{
	return (enum output_mode)all->at[i].mode;
}

bool
outputs_target(const struct outputs *all, uint32_t i, double *out)
{
	if (!isfinite(all->at[i].target))
		return false;
	*out = all->at[i].target;
	return true;
}

bool
outputs_working(const struct outputs *all, uint32_t i, double *out)
{
	if (!isfinite(all->at[i].working))
		return false;
	*out = all->at[i].working;
	return true;
}

bool
outputs_where(const struct outputs *all, uint32_t i, double *out)
{
	return output_is_devices(image_output_at(all->img, i)) ? output_device_place(all, i, out)
							       : outputs_working(all, i, out);
}

bool
outputs_has_arrived(const struct outputs *all, uint32_t i)
{
	const struct output *o = &all->at[i];

	return o->working >= o->target && o->working <= o->target;
}

bool
outputs_is_waiting(const struct outputs *all, uint32_t i)
{
	return all->at[i].is_waiting;
}

bool
outputs_is_forbidden(const struct outputs *all, uint32_t i)
{
	return all->at[i].is_forbidden;
}

bool
outputs_held(const struct outputs *all, uint32_t i, double *out)
{
	const struct output *o = &all->at[i];
	double held = isfinite(o->sent) ? o->sent : o->is_known ? o->shown : (double)NAN;

	if (!isfinite(held))
		return false;
	*out = o->is_foreign && o->is_known && isfinite(o->shown) ? o->shown : held;
	return true;
}

uint64_t
outputs_cause(const struct outputs *all, uint32_t i)
{
	return all->at[i].cause;
}

bool
outputs_is_later(const struct outputs *all, uint32_t i, uint32_t other)
{
	return all->at[i].turn > all->at[other].turn;
}

bool
outputs_is_busy(const struct outputs *all, uint32_t i)
{
	return all->at[i].phase == OUTPUT_WRITING || all->at[i].phase == OUTPUT_WAITING;
}

bool
outputs_is_lost(const struct outputs *all, uint32_t i)
{
	return all->at[i].is_lost;
}

bool
outputs_is_confirmed(const struct outputs *all, uint32_t i)
{
	return all->at[i].is_confirmed;
}

enum quality
outputs_trouble(const struct outputs *all, uint32_t i)
{
	return (enum quality)all->at[i].trouble;
}

/* ---- time ---------------------------------------------------------------------------------------------------------------- */

/* How far `working` may go towards the target: with a holdback not farther ahead of the measured value than that, and never back. */
static double
edge(struct outputs *all, uint32_t i)
{
	struct output *o = &all->at[i];
	struct output_reading r;

	if (!(o->holdback > 0))
		return o->target;
	all->sink.read(all->sink.ctx, image_output_at(all->img, i)->channel, &r);
	if (quality_is_bad(r.quality))
		return o->working;
	return o->target > o->working ? fmin(o->target, fmax(o->working, r.number + o->holdback))
				      : fmax(o->target, fmin(o->working, r.number - o->holdback));
}

/* One step of the ramp. Late ticks do not make it jump: it moves by the time that has gone, and that is what a ramp is. */
static bool
move(struct outputs *all, uint32_t i, int64_t now_ns)
{
	struct output *o = &all->at[i];
	double most = o->ramp * (double)(now_ns - o->moved_ns) / 1e9, to = edge(all, i);
	double way = to - o->working;

	o->moved_ns = now_ns;
	o->is_waiting = (to < o->target || to > o->target) && fabs(way) < most;
	if (!isfinite(way) || !(fabs(way) > 0))
		return false;
	if (o->ramp <= 0 || fabs(way) <= most)
		o->working = to;
	else
		o->working += way > 0 ? most : -most;
	return true;
}

/* A step goes out when the wire shows a difference, and the one before has been acknowledged. */
static void
ramp(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	struct output *o = &all->at[i];
	union value now, before;
	double at;
	struct err err;
	bool has_moved;

	/* What the device holds is not known, or it is not in step: the ramp waits, so that nothing jumps later. */
	if (o->phase == OUTPUT_WRITING || o->phase == OUTPUT_WAITING)
		has_moved = now_ns - o->sent_ns < AHEAD_NS && move(all, i, now_ns);
	else
		has_moved = (isfinite(o->sent) || o->is_ordered) && move(all, i, now_ns);
	if (!has_moved) {
		o->moved_ns = now_ns;
		return;
	}
	output_show(all, i, now_ns);
	if (o->phase == OUTPUT_WRITING || o->phase == OUTPUT_WAITING)
		return;
	/* Memory that wears out: the steps are as far apart as its writes may be; the last one goes in any case. */
	if (d->max_writes > 0 && now_ns - o->sent_ns < 3600 * NS_PER_S / d->max_writes &&
		(o->working < o->target || o->working > o->target))
		return;
	if (isfinite(o->sent) && output_raw(all->img, d, o->working, &now, &at, &err) == 0 &&
		output_raw(all->img, d, o->sent, &before, &at, &err) == 0 && now.u == before.u &&
		(o->working < o->target || o->working > o->target))
		return;
	output_send(all, i, now_ns);
}

static void
refresh(struct outputs *all, uint32_t i, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	struct output *o = &all->at[i];

	if (d->refresh_ns == 0 || o->phase != OUTPUT_IDLE || !isfinite(o->sent) || o->is_foreign ||
		now_ns - o->sent_ns < d->refresh_ns || o->owner == OWNER_NONE)
		return;
	output_send(all, i, now_ns);
}

void
outputs_tick(struct outputs *all, int64_t now_ns)
{
	all->wake_ns = NEVER;
	for (uint32_t i = 0; i < all->n; i++) {
		struct output *o = &all->at[i];

		bool is_devices = output_is_devices(image_output_at(all->img, i));

		output_parts_show(all, i, now_ns);
		if (is_devices)
			output_device_tick(all, i, now_ns);
		if (o->is_held_back) {
			o->moved_ns = now_ns;
			output_step(all, i, now_ns);
			continue;
		}
		if (!is_devices)
			ramp(all, i, now_ns);
		/* The last step of a ramp that could not go while the one before was under way. */
		if (!is_devices && (o->phase == OUTPUT_IDLE || o->phase == OUTPUT_VERIFYING) &&
			(o->sent < o->working || o->sent > o->working) && o->working <= o->target &&
			o->working >= o->target)
			output_send(all, i, now_ns);
		refresh(all, i, now_ns);
		output_watch(all, i, now_ns);
		output_step(all, i, now_ns);
	}
}

void
outputs_step(struct outputs *all, int64_t now_ns)
{
	all->wake_ns = NEVER;
	for (uint32_t i = 0; i < all->n; i++)
		output_step(all, i, now_ns);
}

int64_t
outputs_wake(const struct outputs *all)
{
	return all->wake_ns;
}

/* ---- devices that go and come -------------------------------------------------------------------------------------------- */

static bool
is_of(const struct outputs *all, uint32_t i, uint32_t instrument)
{
	const struct image_output *d = image_output_at(all->img, i);

	return d->loop == 0 && image_output_uses(all->img, d, instrument);
}

void
outputs_lost(struct outputs *all, uint32_t instrument, int64_t now_ns)
{
	for (uint32_t i = 0; i < all->n; i++) {
		struct output *o = &all->at[i];

		if (!is_of(all, i, instrument))
			continue;
		o->sent = (double)NAN;
		o->is_lost = true;
		o->is_known = o->is_confirmed = false;
		o->trouble = Q_NO_ANSWER;
		o->rate_sent = (double)NAN;
		o->is_rate_known = false;
		if (o->phase == OUTPUT_WRITING || output_is_devices(image_output_at(all->img, i)))
			output_parts_lost(all, i, instrument, now_ns);
		if (o->phase == OUTPUT_VERIFYING) {
			o->phase = output_is_protected(o) && !o->is_claimed ? OUTPUT_WAITING
									    : OUTPUT_IDLE;
			o->due_ns = now_ns;
			output_settle(all, i, VERDICT_UNKNOWN,
				"the instrument was lost before it was read back; look at it");
		}
	}
}

static bool
is_pattern(const struct outputs *all, uint32_t i)
{
	return image_output_at(all->img, i)->n_parts > 0;
}

void
outputs_opened(struct outputs *all, uint32_t instrument, int64_t now_ns)
{
	all->opened = instrument;
	for (uint32_t i = 0; i < all->n; i++) {
		struct output *o = &all->at[i];

		/* What its link has already, or has delivered since, goes before all else as it is. */
		if (is_of(all, i, instrument) && output_is_protected(o) &&
			(o->phase != OUTPUT_WRITING || is_pattern(all, i)) && !isfinite(o->sent))
			output_send(all, i, now_ns);
	}
	all->opened = IMAGE_NONE;
}

void
outputs_back(struct outputs *all, uint32_t instrument, int64_t now_ns)
{
	for (uint32_t i = 0; i < all->n; i++)
		if (is_of(all, i, instrument)) {
			all->at[i].is_lost = false;
			all->at[i].back_ns = now_ns;
		}
	outputs_opened(all, instrument, now_ns);
}

/* ---- starting ------------------------------------------------------------------------------------------------------------ */

void
outputs_hold_back(struct outputs *all, uint32_t i, bool is_held_back)
{
	struct output *o = &all->at[i];

	/* What was found different is looked at anew, and taken over or told. */
	if (o->is_held_back && !is_held_back)
		o->is_foreign = false;
	o->is_held_back = is_held_back;
}

bool
outputs_is_held_back(const struct outputs *all, uint32_t i)
{
	return all->at[i].is_held_back;
}

enum output_match
outputs_match(const struct outputs *all, uint32_t i)
{
	const struct image_output *d = image_output_at(all->img, i);
	const struct output *o = &all->at[i];
	struct output_reading r;

	if (d->loop != 0 && isfinite(o->target) && !o->is_following) {
		all->sink.read(all->sink.ctx, d->channel, &r);
		return r.quality == Q_NOT_YET ? OUTPUT_NOT_READ : OUTPUT_SAME;
	}
	if (d->loop != 0 || image_is_write_only(all->img, d->at) || !isfinite(o->target))
		return OUTPUT_SAME;
	if (!o->is_known || (output_is_devices(d) && !o->is_rate_known))
		return OUTPUT_NOT_READ;
	/* On its way another rate is another way. */
	return o->is_foreign || o->is_away ||
			       (!output_rate_is_held(d, o) && output_device_moves(all, i))
		       ? OUTPUT_OTHER
		       : OUTPUT_SAME;
}

void
outputs_past(const struct outputs *all, uint32_t i, struct output_past *out)
{
	const struct output *o = &all->at[i];

	/* What only goes with what is measured is nothing to be kept. */
	*out = (struct output_past){ .target = o->is_following ? (double)NAN : o->target,
		.working = o->working,
		.ramp = o->ramp,
		.owner = (enum output_owner)o->owner,
		.mode = (enum output_mode)o->mode };
}

/* ---- restarts ------------------------------------------------------------------------------------------------------------ */

void
outputs_restore(struct outputs *all, uint32_t i, const struct output_past *past, int64_t now_ns)
{
	const struct image_output *d = image_output_at(all->img, i);
	struct output *o = &all->at[i];

	o->target = past->target;
	o->working = past->working;
	o->ramp = d->ramp > 0 && !(past->ramp > 0 && past->ramp < d->ramp) ? d->ramp : past->ramp;
	o->owner = (uint8_t)past->owner;
	o->mode = (uint8_t)past->mode;
	o->is_untold = true;
	if (output_is_devices(d)) {
		o->rate = output_rate_near(all->img, i, o->ramp);
		o->is_catching_up = isfinite(o->working);
	}
	if (d->loop != 0) {
		o->sent = o->working;
		o->is_following = false;
	}
	o->moved_ns = now_ns;
	output_show(all, i, now_ns);
}

void
outputs_resume(struct outputs *all, uint32_t i, const struct output_past *past, double start,
	double ramp, uint64_t cause, int64_t now_ns)
{
	struct output *o = &all->at[i];

	outputs_restore(all, i, past, now_ns);
	if (o->owner >= OWNER_SAFE_STATE)
		o->owner = OWNER_MANUAL;
	if (ramp > 0)
		o->ramp = o->ramp > 0 ? fmin(o->ramp, ramp) : ramp;
	o->working = start;
	if (output_is_devices(image_output_at(all->img, i)))
		o->rate = output_rate_near(all->img, i, o->ramp); /* written before the value */
	o->is_stopped = o->keeps_rate = o->is_insisting = o->is_catching_up = false;
	o->rate_sent = (double)NAN;
	o->sent = o->told = (double)NAN;
	o->cause = cause;
	o->is_held_back = o->is_foreign = o->is_fought = o->is_forbidden = false;
	o->is_claimed = o->is_confirmed = o->is_unknown = false;
	o->trouble = Q_NOT_YET;
	output_send(all, i, now_ns);
	output_show(all, i, now_ns);
}

bool
outputs_is_under_way(const struct outputs *all, uint32_t i)
{
	return all->at[i].phase != OUTPUT_IDLE;
}

/* ---- devices that act by themselves -------------------------------------------------------------------------------------- */

void
outputs_unknown(struct outputs *all, uint32_t instrument, int64_t now_ns)
{
	for (uint32_t i = 0; i < all->n; i++) {
		struct output *o = &all->at[i];

		if (!is_of(all, i, instrument))
			continue;
		o->sent = (double)NAN;
		o->is_known = o->is_confirmed = o->is_foreign = false;
		o->is_unknown = true;
		o->trouble = Q_NOT_YET;
		o->rate_sent = o->rate_there = o->goal_there = (double)NAN;
		o->is_rate_known = o->is_rate_first = o->is_insisting = false;
		if (output_is_devices(image_output_at(all->img, i)))
			output_parts_stop(all, i);
		if (o->phase != OUTPUT_IDLE)
			output_settle(all, i, VERDICT_UNKNOWN,
				"the device lost power before it was read back; look at it");
		/* Of what is on its way the verdict does not count any more. */
		o->phase = OUTPUT_IDLE;
		o->tag = 0;
		output_show(all, i, now_ns);
	}
	outputs_opened(all, instrument, now_ns);
}

void
outputs_away(struct outputs *all, uint32_t at, double value, int64_t now_ns)
{
	uint32_t i = all->of_channel[at];
	struct output *o;

	if (i == 0)
		return;
	o = &all->at[--i];
	o->is_away = isfinite(value);
	o->sent = o->told = (double)NAN;
	o->is_foreign = o->is_fought = false;
	o->is_confirmed = o->is_insisting = false;
	o->is_stopped = o->is_waiting =
		false; /* and of what it was told to wait for nothing is left */
	if (o->is_away) {
		o->away = output_from_at(all->img, image_output_at(all->img, i), value);
		if (!output_is_protected(o) || o->is_claimed)
			o->target = o->working = o->away;
		o->is_unknown = false;
		output_settle(all, i, VERDICT_FAILED, "the device has gone to its own safe mode");
		o->phase = OUTPUT_IDLE;
		o->is_confirmed = !(o->working < o->away) && !(o->working > o->away);
		o->trouble = o->is_confirmed ? Q_GOOD : Q_DEVICE_FAILED;
	} else {
		o->is_known = false;
	}
	output_show(all, i, now_ns);
	if (output_is_protected(o) && !o->is_claimed && !o->is_confirmed)
		output_send(all, i, now_ns);
}

bool
outputs_is_away(const struct outputs *all, uint32_t i)
{
	return all->at[i].is_away;
}

/* A ramp that was ours and is the device's now, or the other way round, begins where it is. */
static void
adopt_ramp(struct outputs *all, uint32_t i, const struct outputs *from, uint32_t k)
{
	struct output *o = &all->at[i];
	bool is = output_is_devices(image_output_at(all->img, i));

	if (is == output_is_devices(image_output_at(from->img, k)))
		return;
	output_device_new(all, i);
	o->is_stopped = o->keeps_rate = o->is_insisting = o->is_rate_first = false;
	o->is_rate_behind = o->is_value_again = false;
	o->goal_there = o->sent;
	if (is)
		o->rate = o->ramp > 0 ? o->ramp : image_output_at(all->img, i)->ramp;
}

void
outputs_adopt(struct outputs *all, struct outputs *from, int64_t now_ns)
{
	for (uint32_t i = 0; i < all->n; i++) {
		const struct image_channel *ch =
			image_channel_at(all->img, image_output_at(all->img, i)->channel);

		for (uint32_t k = 0; k < from->n; k++) {
			const struct image_channel *old =
				image_channel_at(from->img, image_output_at(from->img, k)->channel);

			if (old->id != ch->id || old->type != ch->type ||
				(image_output_at(all->img, i)->loop == 0) !=
					(image_output_at(from->img, k)->loop == 0))
				continue;
			all->at[i] = from->at[k];
			all->at[i].is_ordered = false;
			adopt_ramp(all, i, from, k);
			output_parts_adopt(all, i, from, k, now_ns);
			/* Its rate may be written elsewhere now: it is held once it has been read there. */
			if (all->at[i].phase == OUTPUT_IDLE && !output_is_protected(&all->at[i]))
				all->at[i].rate_sent = (double)NAN;
			/* The limits may be narrower now. What is under way stays with its link, and is answered there. */
			output_show(all, i, now_ns);
		}
	}
	all->tag = from->tag;
	all->turns = from->turns;
}
