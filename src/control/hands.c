/* hands.c - outputs, safe states, trips and commands together */
#include "control/hands_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "control/change.h"

/* ---- what the parts ask for ---------------------------------------------------------------------------------------------- */

static uint64_t
on_event(void *ctx, struct event *e)
{
	struct hands *h = ctx;

	return h->sink.event(h->sink.ctx, e);
}

static uint64_t
on_intent(void *ctx, struct event *e)
{
	struct hands *h = ctx;

	return h->sink.intent(h->sink.ctx, e);
}

static enum command_record
on_recorded(void *ctx, uint64_t id, int64_t asked_ns, int64_t now_ns)
{
	struct hands *h = ctx;

	return h->sink.recorded(h->sink.ctx, id, asked_ns, now_ns);
}

static void
on_verdict(void *ctx, const struct verdict_told *v)
{
	struct hands *h = ctx;

	h->sink.verdict(h->sink.ctx, v);
}

static void
on_state(void *ctx, uint32_t channel, double number, enum quality quality, int64_t stamp_ns)
{
	struct hands *h = ctx;
	uint32_t kind = image_channel_at(h->img, channel)->source;

	h->must_keep = h->must_keep || kind == STATE_TRIP || kind == STATE_SAFE;
	channels_set(h->channels, channel, number, quality, stamp_ns);
}

static void
on_look(void *ctx, uint32_t channel, struct output_reading *out)
{
	struct hands *h = ctx;

	channels_look(h->channels, channel, &out->number, &out->quality, &out->stamp_ns);
}

static void
on_measured(void *ctx, uint32_t channel, double number, enum quality quality, int64_t stamp_ns)
{
	struct hands *h = ctx;
	struct sample s = { .stamp_ns = stamp_ns, .quality = (uint16_t)quality };

	if (!quality_is_bad(quality))
		s.v.i = llround(number);
	channels_accept(h->channels, channel, VALUE_INT, &s, NULL);
}

static int
on_write(void *ctx, uint32_t point, uint32_t tag, union value v, struct err *err)
{
	struct hands *h = ctx;

	return h->sink.write(h->sink.ctx, point, tag, v, err);
}

static void
on_ask(void *ctx, uint32_t point)
{
	struct hands *h = ctx;

	h->sink.ask(h->sink.ctx, point);
}

static void
on_make_way(void *ctx)
{
	struct hands *h = ctx;

	h->sink.make_way(h->sink.ctx);
}

static int
on_allow(void *ctx, uint32_t output, double value, struct err *err)
{
	struct hands *h = ctx;

	return trips_allow(h->trips, output, value, err);
}

static int
on_write_once(
	void *ctx, uint32_t point, uint32_t tag, union value v, const char *text, struct err *err)
{
	struct hands *h = ctx;

	if (h->img->is_observed)
		return err_set(err, ERR_REFUSED, 0,
			"this bench only observes; write 'mode: control' in its file");
	return h->sink.write_once(h->sink.ctx, point, tag, v, text, err);
}

static bool
on_sure(void *ctx, uint32_t instrument, int64_t since_ns)
{
	return power_is_sure(ctx, instrument, since_ns);
}

static int
on_ready(void *ctx, uint32_t output, enum output_owner owner, struct err *err)
{
	struct hands *h = ctx;

	return loops_ready(h->loops, output, owner, err);
}

static void
on_settled(void *ctx, uint32_t output, uint64_t cause, enum verdict verdict, const char *text)
{
	struct hands *h = ctx;

	h->has_settled = true;
	/* What a loop writes has the cause of its setpoint, whose order is settled by itself. */
	if (outputs_owner(h->outputs, output) == OWNER_PID)
		return;
	commands_settled(h->commands, cause, verdict, text);
	if (h->sequencer != NULL)
		sequencer_settled(h->sequencer, output, cause, verdict, text, h->now_ns);
}

static enum truth
on_truth(void *ctx, const struct image_cond *cond)
{
	struct hands *h = ctx;

	return channels_judge(h->channels, cond, h->now_ns, NULL, NULL, NULL);
}

static enum truth
on_suppose(void *ctx, const struct image_cond *cond,
	bool (*fn)(void *fn_ctx, uint32_t channel, double *out), void *fn_ctx)
{
	struct hands *h = ctx;

	return channels_judge(h->channels, cond, h->now_ns, fn, fn_ctx, NULL);
}

/* A stop that leaves the outputs as they are: the next start finds the announcement in the journal. */
static int
plan(struct hands *h, const struct command *c, int64_t now_ns, struct err *err)
{
	if (c->span_ns > HANDS_PLAN_MAX_NS)
		return err_set(err, ERR_REFUSED, 0,
			"a planned stop lasts an hour at most; make the bench safe and stop it");
	if (trips_any(h->trips) || safe_held(h->safe) != IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0,
			"the bench is in a safe state, and stays so; stop it without a plan");
	h->plan_ns = c->span_ns;
	h->plan_until_ns = now_ns + HANDS_PLAN_NS;
	return 0;
}

static int
on_other(void *ctx, const struct command *c, uint64_t cause, int64_t now_ns, char *out_text,
	struct err *err)
{
	struct hands *h = ctx;
	int rc;

	if (c->kind == COMMAND_RESTORE)
		return restore_command(h, c, cause, now_ns, err);
	if (c->kind >= COMMAND_SEQ_PREPARE)
		return hands_sequence_command(h, c, cause, now_ns, out_text, err);
	if (c->kind == COMMAND_PLAN)
		return plan(h, c, now_ns, err);
	rc = alarms_command(h->alarms, c, now_ns, err);
	if (rc == 0 && c->kind == COMMAND_ALARM_ACK && c->subject[0] == '\0' &&
		alarms_unseen(h->alarms) > 0)
		snprintf(out_text, VERDICT_TEXT,
			"%u have come since they were looked at, and wait still",
			alarms_unseen(h->alarms));
	return rc;
}

static int
on_locked(void *ctx, struct err *err)
{
	struct hands *h = ctx;

	return lock_check(h->img, h->channels, err);
}

static void
on_alarm_state(void *ctx, uint32_t channel, int64_t number, enum quality quality, int64_t stamp_ns)
{
	struct hands *h = ctx;

	channels_set(h->channels, channel, (double)number, quality, stamp_ns);
}

static enum truth
on_alarm_truth(void *ctx, const struct image_cond *cond, enum quality *out_reason)
{
	struct hands *h = ctx;

	return channels_judge(h->channels, cond, h->now_ns, NULL, NULL, out_reason);
}

/* A rule asks like anybody: refused by owner, limits and interlocks, and that is told. */
static void
on_act(void *ctx, uint32_t rule, const struct image_action *a, double value, uint64_t cause)
{
	struct hands *h = ctx;
	struct output_order order = {
		.value = value, .ramp = -1, .owner = OWNER_RULE, .cause = cause
	};
	struct event e = { .kind = EVENT_COMMAND_REFUSED, .stamp_ns = h->now_ns, .cause = cause };
	const struct image_output *d = image_output_at(h->img, a->output);
	struct err err;

	if (outputs_set(h->outputs, a->output, &order, h->now_ns, &err) == 0)
		return;
	text_copy(e.subject, sizeof(e.subject),
		image_text(h->img, image_channel_at(h->img, d->channel)->name));
	text_copy(e.principal, sizeof(e.principal),
		rule == IMAGE_NONE ? "rule"
				   : image_text(h->img, image_rule_at(h->img, rule)->name));
	text_copy(e.text, sizeof(e.text), err.msg);
	h->sink.event(h->sink.ctx, &e);
}

static bool
on_target(void *ctx, uint32_t output, double *out)
{
	struct hands *h = ctx;

	return outputs_target(h->outputs, output, out);
}

/* ---- all of it ----------------------------------------------------------------------------------------------------------- */

bool
hands_are_wanted(const struct image *img)
{
	return img->outputs.n > 0 || img->trips.n > 0 || img->alarms.n > 0 || img->rules.n > 0 ||
	       img->heartbeat.every_ns > 0 || img->watchdogs.n > 0 || img->uptimes.n > 0 ||
	       img->power.is_watched || img->has_lock || img->sequences.n > 0;
}

static bool
is_calculated(const struct image *img, uint32_t channel)
{
	const struct image_channel *ch = image_channel_at(img, channel);

	while (ch->source_kind == SOURCE_CHANNEL)
		ch = image_channel_at(img, ch->source);
	return ch->source_kind == SOURCE_CALC;
}

static void
make_parts(struct hands *h, int64_t now_ns)
{
	const struct outputs_sink outputs = { .ctx = h,
		.event = on_event,
		.state = on_state,
		.read = on_look,
		.write = on_write,
		.ask = on_ask,
		.measured = on_measured,
		.allow = on_allow,
		.is_sure = on_sure,
		.ready = on_ready,
		.settled = on_settled };
	const struct safe_sink safe = {
		.ctx = h, .event = on_event, .state = on_state, .make_way = on_make_way
	};
	const struct trips_sink trips = { .ctx = h,
		.event = on_event,
		.state = on_state,
		.truth = on_truth,
		.suppose = on_suppose };
	const struct commands_sink commands = { .ctx = h,
		.event = on_event,
		.intent = on_intent,
		.recorded = on_recorded,
		.verdict = on_verdict,
		.locked = on_locked,
		.other = on_other };
	const struct alarms_sink alarms = {
		.ctx = h, .event = on_event, .state = on_alarm_state, .truth = on_alarm_truth
	};
	const struct rules_sink rules = {
		.ctx = h, .event = on_event, .act = on_act, .truth = on_truth, .target = on_target
	};
	const struct heartbeat_sink heartbeat = {
		.ctx = h, .event = on_event, .state = on_state, .read = on_look, .write = on_write
	};
	const struct watchdogs_sink watchdogs = {
		.ctx = h, .event = on_event, .state = on_state, .read = on_look
	};
	const struct loops_sink loops = { .ctx = h, .event = on_event, .read = on_look };
	struct command_parts parts = { .img = h->img };

	h->outputs = outputs_new(h->img, &outputs);
	h->loops = loops_new(h->img, h->outputs, &loops);
	h->safe = safe_new(h->img, h->outputs, &safe);
	h->trips = trips_new(h->img, h->safe, h->outputs, &trips, now_ns);
	h->alarms = alarms_new(h->img, &alarms);
	h->rules = rules_new(h->img, &rules);
	parts.outputs = h->outputs;
	parts.safe = h->safe;
	parts.trips = h->trips;
	h->commands = commands_new(&parts, &commands);
	h->heartbeat = heartbeat_new(h->img, &heartbeat, now_ns);
	h->watchdogs = watchdogs_new(h->img, h->outputs, &watchdogs, now_ns);
	h->power = power_new(h);
	h->restore = restore_new(h);
	h->sequencer = sequencer_new(&(const struct sequencer_parts){ h->img, h->channels,
					     h->outputs, h->safe, h->trips },
		&(const struct sequencer_sink){
			h, on_event, on_intent, on_recorded, on_write_once },
		now_ns);
}

struct hands *
hands_new(const struct image *img, struct channels *channels, const struct hands_sink *sink,
	int64_t now_ns)
{
	struct hands *h = mem_zero(1, sizeof(*h));

	h->img = img;
	h->channels = channels;
	h->sink = *sink;
	h->now_ns = now_ns;
	make_parts(h, now_ns);
	outputs_show(h->outputs, now_ns);
	safe_show(h->safe, now_ns);
	trips_show(h->trips, now_ns);
	hands_keep_new(h);
	for (uint32_t i = 0; i < img->channels.n; i++)
		h->needs_calcs =
			h->needs_calcs || (trips_reads(h->trips, i) && is_calculated(img, i));
	return h;
}

void
hands_free(struct hands *h)
{
	if (h == NULL)
		return;
	sequencer_free(h->sequencer);
	commands_free(h->commands);
	rules_free(h->rules);
	alarms_free(h->alarms);
	hands_keep_free(h);
	restore_free(h->restore);
	power_free(h->power);
	watchdogs_free(h->watchdogs);
	heartbeat_free(h->heartbeat);
	trips_free(h->trips);
	safe_free(h->safe);
	loops_free(h->loops);
	outputs_free(h->outputs);
	free(h);
}

void
hands_read(struct hands *h, uint32_t channel, int64_t now_ns)
{
	h->now_ns = now_ns;
	h->has_read = true;
	heartbeat_read(h->heartbeat, channel, now_ns);
	watchdogs_read(h->watchdogs, channel, now_ns);
	power_read(h, channel, now_ns);
	outputs_read(h->outputs, channel, now_ns);
}

void
hands_written(struct hands *h, uint32_t tag, enum quality verdict, uint16_t code, int64_t now_ns)
{
	h->now_ns = now_ns;
	if (tag == HEARTBEAT_TAG) {
		heartbeat_written(h->heartbeat, verdict, now_ns);
		return;
	}
	h->has_settled = true;
	outputs_written(h->outputs, tag, verdict, code, now_ns);
}

void
hands_once(struct hands *h, uint32_t tag, enum link_once once, enum quality verdict, int64_t now_ns)
{
	h->now_ns = now_ns;
	if (h->sequencer != NULL)
		sequencer_once(h->sequencer, tag, once, verdict, now_ns);
}

void
hands_lost(struct hands *h, uint32_t instrument, int64_t now_ns)
{
	h->now_ns = now_ns;
	h->has_read = true;
	heartbeat_state(h->heartbeat, instrument, false);
	power_lost(h, instrument, now_ns);
	outputs_lost(h->outputs, instrument, now_ns);
}

void
hands_back(struct hands *h, uint32_t instrument, int64_t now_ns)
{
	h->now_ns = now_ns;
	heartbeat_state(h->heartbeat, instrument, true);
	power_back(h, instrument, now_ns);
	outputs_back(h->outputs, instrument, now_ns);
}

void
hands_opened(struct hands *h, uint32_t instrument, int64_t now_ns)
{
	h->now_ns = now_ns;
	outputs_opened(h->outputs, instrument, now_ns);
}

/* What has tripped between two ticks is in the journal before the next: a kill in between does not undo it. */
static void
keep_at_once(struct hands *h, int64_t now_ns)
{
	struct keep_time now = h->time;

	if (!h->must_keep || now.stamp_ns == 0)
		return;
	h->must_keep = false;
	now.stamp_ns = now_ns;
	restore_step(h, now_ns);
	hands_keep(h, &now);
}

void
hands_step(struct hands *h, int64_t now_ns)
{
	h->now_ns = now_ns;
	if (h->has_read || now_ns >= trips_wake(h->trips)) {
		h->has_read = false;
		if (h->needs_calcs)
			channels_calculate(h->channels, now_ns);
		trips_step(h->trips, now_ns);
	}
	if (h->has_settled || now_ns >= safe_wake(h->safe)) {
		h->has_settled = false;
		safe_step(h->safe, now_ns);
		commands_step(h->commands, now_ns);
	}
	if (now_ns >= outputs_wake(h->outputs))
		outputs_step(h->outputs, now_ns);
	keep_at_once(h, now_ns);
}

int64_t
hands_wake(const struct hands *h)
{
	return MIN(trips_wake(h->trips), MIN(safe_wake(h->safe), outputs_wake(h->outputs)));
}

static void
show_bench(struct hands *h, int64_t now_ns)
{
	enum bench_state state = h->img->is_observed                ? BENCH_OBSERVING
				 : trips_any(h->trips)              ? BENCH_TRIPPED
				 : safe_held(h->safe) != IMAGE_NONE ? BENCH_SAFE
				 : restore_is_open(h->restore) || !trips_are_ready(h->trips)
					 ? BENCH_STARTING
					 : BENCH_AUTOMATIC;

	for (uint32_t i = 0; i < h->img->outputs.n && state == BENCH_AUTOMATIC; i++)
		if (outputs_mode_of(h->outputs, i) == MODE_MANUAL)
			state = BENCH_MANUAL;
	if (h->img->bench_state != IMAGE_NONE)
		channels_set(h->channels, h->img->bench_state, state, Q_GOOD, now_ns);
}

/* The event of a trip that has fired. */
static uint64_t
cause_of_trip(const struct hands *h)
{
	for (uint32_t i = 0; i < h->img->trips.n; i++) {
		struct trip_past past;

		trips_past(h->trips, i, &past);
		if (past.state == TRIP_TRIPPED)
			return past.cause;
	}
	return 0;
}

static void
beat(struct hands *h, int64_t now_ns)
{
	const struct heartbeat_now now = { .now_ns = now_ns,
		.late_ns = h->late_ns,
		.is_tripped = trips_any(h->trips),
		.trip = cause_of_trip(h) };

	heartbeat_tick(h->heartbeat, &now);
}

void
hands_late(struct hands *h, int64_t late_ns)
{
	h->late_ns = late_ns;
}

void
hands_tick(struct hands *h, const struct keep_time *now)
{
	int64_t now_ns = now->stamp_ns;

	h->now_ns = now_ns;
	h->time = *now;
	h->has_read = h->has_settled = h->must_keep = false;
	trips_step(h->trips, now_ns);
	alarms_tick(h->alarms, now_ns);
	if (h->img->horn != IMAGE_NONE) {
		channels_set(h->channels, h->img->horn, alarms_horn(h->alarms), Q_GOOD, now_ns);
		/* Behind the alarms themselves: who reads it first sees none that came later as one of before. */
		channels_set(h->channels, h->img->last_alarm, (double)alarms_last(h->alarms),
			Q_GOOD, now_ns);
	}
	if (h->img->has_lock)
		lock_tick(&h->lock, h->img, h->channels, h->sink.event, h->sink.ctx, now_ns);
	commands_step(h->commands, now_ns);
	if (!h->img->is_observed)
		rules_tick(h->rules, now_ns);
	hands_resume_sequence(h, now_ns);
	sequencer_tick(h->sequencer, now_ns);
	if (h->plan_ns > 0 && now_ns > h->plan_until_ns)
		h->plan_ns = 0; /* it did not come */
	watchdogs_tick(h->watchdogs, now_ns);
	power_tick(h, now_ns);
	restore_step(h, now_ns);
	if (!restore_is_open(h->restore) && !h->img->is_observed)
		loops_tick(h->loops, now_ns);
	outputs_tick(h->outputs, now_ns);
	safe_step(h->safe, now_ns);
	beat(h, now_ns);
	show_bench(h, now_ns);
	hands_keep(h, now);
}

void
hands_command(struct hands *h, const struct command *c, int64_t now_ns)
{
	h->now_ns = now_ns;
	commands_take(h->commands, c, now_ns);
}

void
hands_command_ask(struct hands *h, const char *id)
{
	commands_ask(h->commands, id);
}

void
hands_recorded(struct hands *h, int64_t now_ns)
{
	h->now_ns = now_ns;
	commands_step(h->commands, now_ns);
}

int
hands_may_be_bypassed(const struct hands *h, struct err *err)
{
	if (trips_any(h->trips))
		return err_set(err, ERR_REFUSED, 0, "a trip holds the bench; reset it first");
	if (safe_held(h->safe) != IMAGE_NONE || h->stop_ns != 0)
		return err_set(err, ERR_REFUSED, 0,
			"the bench is in a safe state, or on its way to one; release it first");
	if (restore_is_open(h->restore))
		return err_set(err, ERR_REFUSED, 0,
			"the bench has just started and decides how it goes on; ask again in a "
			"moment");
	return 0;
}

/* ---- the end ------------------------------------------------------------------------------------------------------------- */

/* Could an output hurt where it is? */
static bool
is_away_from_safe(const struct hands *h)
{
	for (uint32_t i = 0; i < h->img->outputs.n; i++) {
		const struct image_output *o = image_output_at(h->img, i);
		double working;

		/* A loop hurts by what it writes, and that is an output. */
		if (o->hazard == HAZARD_NONE || h->img->on_stop == IMAGE_NONE || o->loop != 0)
			continue;
		if (!outputs_working(h->outputs, i, &working) ||
			!safe_wants(h->img, h->img->on_stop, i, working) ||
			!outputs_is_confirmed(h->outputs, i))
			return true;
	}
	return false;
}

bool
hands_are_safe(const struct hands *h)
{
	return !is_away_from_safe(h);
}

bool
hands_stop(struct hands *h, int64_t now_ns)
{
	if (h->img->is_observed || h->img->on_stop == IMAGE_NONE || h->plan_ns > 0)
		return true;
	if (h->stop_ns == 0) {
		if (!is_away_from_safe(h))
			return true;
		h->stop_ns = now_ns;
		safe_begin(h->safe, h->img->on_stop, OWNER_SAFE_STATE, 0, "the bench is stopped",
			now_ns);
	}
	return safe_phase_of(h->safe, h->img->on_stop) == SAFE_REACHED ||
	       now_ns - h->stop_ns >= HANDS_STOP_NS;
}

/* One that is tripped, bypassed or held has to be there afterwards. */
static bool
keeps_state(const struct hands *h, const struct image *next, uint32_t channel)
{
	const char *name = image_text(h->img, image_channel_at(h->img, channel)->name);
	double number;
	enum quality quality;
	int64_t stamp_ns;

	channels_look(h->channels, channel, &number, &quality, &stamp_ns);
	return quality_is_bad(quality) || !(number > 0) ||
	       image_find_channel(next, name) != IMAGE_NONE;
}

static const char *
find_lost(const struct hands *h, const struct image *next)
{
	for (uint32_t i = 0; i < h->img->trips.n; i++) {
		const struct image_trip *t = image_trip_at(h->img, i);

		if (!keeps_state(h, next, t->state))
			return image_text(h->img, t->name);
	}
	for (uint32_t i = 0; i < h->img->safe_states.n; i++) {
		const struct image_safe_state *s = image_safe_state_at(h->img, i);

		if (!keeps_state(h, next, s->state))
			return image_text(h->img, s->name);
	}
	return NULL;
}

int
hands_may_adopt(const struct hands *h, const struct image *next, bool is_run, struct err *err)
{
	const char *lost = find_lost(h, next);
	struct buf what = { 0 };
	int rc = 0;

	if (lost != NULL)
		return err_set(err, ERR_REFUSED, 0,
			"'%.60s' is tripped, bypassed or held and is not in the new bench file; "
			"bring that to an end first",
			lost);
	if ((rc = sequencer_may_adopt(h->sequencer, next, err)) < 0)
		return rc;
	if (change_describe(h->img, next, &what) > 0 && (is_run || is_away_from_safe(h)))
		rc = err_set(err, ERR_REFUSED, 0, "protection changes (%.140s) while %s",
			buf_text(&what),
			is_run ? "a run is active; end it"
			       : "outputs that can hurt are not safe; 'mbc safe'");
	buf_done(&what);
	return rc;
}

void
hands_adopt(struct hands *h, struct hands *from, int64_t now_ns)
{
	h->now_ns = now_ns;
	outputs_adopt(h->outputs, from->outputs, now_ns);
	loops_adopt(h->loops, from->loops, now_ns);
	trips_adopt(h->trips, from->trips, now_ns);
	safe_adopt(h->safe, from->safe, now_ns);
	alarms_adopt(h->alarms, from->alarms);
	rules_adopt(h->rules, from->rules);
	commands_adopt(h->commands, from->commands);
	h->lock = from->lock;
	sequencer_adopt(h->sequencer, from->sequencer, now_ns);
	h->restored = from->restored;
	h->stop_ns = from->stop_ns;
	h->outage_ns = from->outage_ns;
	h->has_restarted = from->has_restarted;
	h->late_ns = 0;
	heartbeat_adopt(h->heartbeat, from->heartbeat);
	watchdogs_adopt(h->watchdogs, from->watchdogs, now_ns);
	power_adopt(h, from);
	restore_adopt(h, from, now_ns);
	hands_keep_adopt(h, from);
}
