/* image_protect.c - proving the tables of what is written and of what must never happen; and the words of states */
#include "model/image_protect.h"

#include <math.h>
#include <string.h>

#include "model/expr.h"

#define LONGEST_NS (INT64_C(100000000) * NS_PER_S)

const char *const *
image_state_words(enum image_state state, uint32_t *n)
{
	static const char *const owners[] = { "none", "rule", "pid", "manual", "sequence",
		"safe_state", "trip" };
	static const char *const modes[] = { "manual", "automatic" };
	static const char *const phases[] = { "idle", "under_way", "reached", "not_confirmed" };
	static const char *const trips[] = { "ready", "pending", "tripped", "bypassed" };
	static const char *const interlocks[] = { "free", "holds", "bypassed" };
	static const char *const alarms[] = { "normal", "unacknowledged", "acknowledged",
		"returned", "latched_unacknowledged", "latched_acknowledged", "shelved",
		"suppressed", "out_of_service" };
	static const char *const benches[] = { "manual", "automatic", "safe", "tripped", "starting",
		"observing" };
	static const char *const beats[] = { "starting", "beating", "stopped_late",
		"stopped_tripped", "stopped_silent", "stopped_not_taken", "observing" };
	static const char *const watchdogs[] = { "unknown", "armed", "not_armed", "tripped" };
	static const char *const restores[] = { "idle", "power_out", "looking", "returning",
		"asking" };
	static const char *const locks[] = { "open", "locked" };
	static const char *const sequences[] = { "idle", "running", "holding", "held", "restarting",
		"stopping", "stopped", "aborting", "aborted", "complete" };
	static const struct {
		const char *const *words;
		uint32_t n;
	} all[STATE_KINDS] = {
		[STATE_OWNER] = { owners, OWNERS },
		[STATE_MODE] = { modes, MODES },
		[STATE_SAFE] = { phases, SAFE_PHASES },
		[STATE_TRIP] = { trips, TRIP_STATES },
		[STATE_INTERLOCK] = { interlocks, INTERLOCK_STATES },
		[STATE_ALARM] = { alarms, ALARM_STATES },
		[STATE_BENCH] = { benches, BENCH_STATES },
		[STATE_HORN] = { NULL, 0 },
		[STATE_HEARTBEAT] = { beats, HEARTBEAT_STATES },
		[STATE_TOGGLES] = { NULL, 0 },
		[STATE_WATCHDOG] = { watchdogs, WATCHDOG_STATES },
		[STATE_RESTORE] = { restores, RESTORE_STATES },
		[STATE_OUTAGE] = { NULL, 0 },
		[STATE_LAST] = { NULL, 0 },
		[STATE_MEASURED] = { NULL, 0 },
		[STATE_LOCK] = { locks, LOCK_STATES },
		[STATE_SEQUENCE] = { sequences, SEQUENCE_STATES },
	};

	*n = all[state].n;
	return all[state].words;
}

static bool
is_text(const struct image *img, uint32_t off)
{
	return off < img->strings.n;
}

static bool
is_time(int64_t ns)
{
	return ns >= 0 && ns <= LONGEST_NS;
}

static bool
is_range(uint32_t first, uint32_t n, uint32_t end)
{
	return first <= end && n <= end - first;
}

static bool
is_or_none(uint32_t i, uint32_t end)
{
	return i == IMAGE_NONE || i < end;
}

static bool
is_state(const struct image *img, uint32_t i, enum image_state kind)
{
	return i < img->channels.n && image_channel_at(img, i)->source_kind == SOURCE_STATE &&
	       image_channel_at(img, i)->source == (uint32_t)kind;
}

bool
image_cond_is_sound(
	const struct image *img, const struct image_cond *c, bool is_needed, uint32_t n_slots)
{
	const struct expr_op *ops;

	if (!is_text(img, c->text) || !is_range(c->first_op, c->n_ops, img->code.n))
		return false;
	if (c->n_ops == 0)
		return !is_needed;
	ops = (const struct expr_op *)image_at(img, &img->code) + c->first_op;
	return expr_is_sound(ops, c->n_ops, img->channels.n + n_slots, img->n_cells);
}

/* A condition of a table; it may read any channel. */
static bool
is_cond(const struct image *img, const struct image_cond *c, bool is_needed)
{
	return image_cond_is_sound(img, c, is_needed, 0);
}

static bool
is_written(const struct image *img, uint32_t channel)
{
	const struct image_channel *ch;

	if (channel >= img->channels.n)
		return false;
	ch = image_channel_at(img, channel);
	return ch->source_kind == SOURCE_POINT && ch->writable && ch->type != VALUE_TEXT &&
	       ch->source < img->points.n && image_point_at(img, ch->source)->write_space >= 0;
}

/* Numbers of the table that somebody reads. */
static bool
are_numbers(const struct image *img, uint32_t first, uint32_t n)
{
	if (!is_range(first, n, img->numbers.n))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!isfinite(image_numbers(img, first)[i]))
			return false;
	return true;
}

static bool
is_read_back(const struct image_part *p)
{
	return isfinite(p->verify_within) && p->verify_within >= 0 && is_time(p->verify_after_ns) &&
	       p->verify_tries <= 10;
}

/* Parts of an output of choices, which are numbered from 0. */
static bool
are_parts(const struct image *img, const struct image_output *o, uint32_t first, uint32_t n,
	bool is_pattern)
{
	const struct image_channel *ch = image_channel_at(img, o->channel);

	if (n > IMAGE_PARTS_MAX || !is_range(first, n, img->parts.n) ||
		!is_state(img, o->channel, STATE_MEASURED) || ch->type != VALUE_CHOICE ||
		!is_range(ch->first_choice, ch->n_choices, img->choices.n))
		return false;
	for (uint32_t i = 0; i < ch->n_choices; i++)
		if (image_choice_at(img, ch->first_choice + i)->number != i)
			return false;
	for (uint32_t i = first; i < first + n; i++) {
		const struct image_part *p = image_part_at(img, i);

		if (p->at >= img->channels.n || (is_pattern && !is_written(img, p->at)) ||
			!are_numbers(img, p->first_value, ch->n_choices) || !is_read_back(p))
			return false;
	}
	return true;
}

/* A ramp of the device: a number, with a rate that can be written beside it. */
static bool
is_device_ramp(const struct image *img, const struct image_output *o)
{
	const struct image_channel *ch = image_channel_at(img, o->channel);
	const double all[] = { o->rate_factor, o->at_once, o->progress_factor, o->progress_offset,
		o->progress_within };
	const struct image_part *p;

	if (o->rate_part > img->parts.n || o->n_parts > 0 || o->n_ends > 0 || o->loop != 0 ||
		o->is_inverted_table || o->n_coefficients > 0 || ch->type == VALUE_BOOL ||
		ch->type == VALUE_CHOICE)
		return false;
	for (size_t i = 0; i < NELEM(all); i++)
		if (!isfinite(all[i]))
			return false;
	p = image_part_at(img, o->rate_part - 1);
	return o->ramp > 0 && o->rate_factor > 0 && o->progress_within >= 0 &&
	       o->has_at_once <= 1 && o->has_progress <= 1 && o->has_measured <= 1 &&
	       is_written(img, p->at) && p->at != o->at && is_read_back(p) &&
	       (!o->has_progress || o->progress < img->channels.n);
}

static bool
is_kind(const struct image *img, const struct image_output *o)
{
	if (o->n_parts == 0 && !is_written(img, o->at))
		return false;
	if (o->n_parts > 0 && (o->at != o->channel || o->is_inverted_table ||
				      !are_parts(img, o, o->first_part, o->n_parts, true)))
		return false;
	if (o->n_ends > 0 && (o->n_parts > 0 || !are_parts(img, o, o->first_end, o->n_ends, false)))
		return false;
	if (o->rate_part != 0 && !is_device_ramp(img, o))
		return false;
	if (o->has_valve > 1 || (o->has_valve && o->valve >= img->outputs.n))
		return false;
	return o->n_coefficients == 0 ||
	       (!o->is_inverted_table && o->n_coefficients <= IMAGE_COEFFICIENTS_MAX &&
		       are_numbers(img, o->first_coefficient, o->n_coefficients) &&
		       isfinite(o->poly_low) && isfinite(o->poly_high) &&
		       o->poly_low < o->poly_high);
}

/* An output on no wire: its loop is there and knows it. */
static bool
is_led(const struct image *img, uint32_t i)
{
	const struct image_output *o = image_output_at(img, i);

	return o->at == o->channel && o->rate_part == 0 && o->loop <= img->loops.n &&
	       image_loop_at(img, o->loop - 1)->of == i && !o->is_inverted_table &&
	       o->refresh_ns == 0 && !o->has_verify;
}

static bool
is_number(const struct image *img, uint32_t output)
{
	uint8_t type = image_channel_at(img, image_output_at(img, output)->channel)->type;

	return type != VALUE_BOOL && type != VALUE_CHOICE && type != VALUE_TEXT;
}

/* Loops over loops come to an end: one that is written by another stands behind it. */
static bool
is_loop(const struct image *img, uint32_t i)
{
	const struct image_loop *l = image_loop_at(img, i);
	const double all[] = { l->gain, l->integral_s, l->derivative_s, l->filter, l->weight,
		l->min, l->max, l->on_bad, l->deadband };

	for (size_t k = 0; k < NELEM(all); k++)
		if (!isfinite(all[k]))
			return false;
	return l->of < img->outputs.n && image_output_at(img, l->of)->loop == i + 1 &&
	       l->output < img->outputs.n && is_number(img, l->of) && is_number(img, l->output) &&
	       (image_output_at(img, l->output)->loop == 0 ||
		       image_output_at(img, l->output)->loop > i + 1) &&
	       l->is_direct <= 1 && l->gain > 0 && l->integral_s >= 0 && l->derivative_s >= 0 &&
	       l->filter > 0 && l->weight >= 0 && l->weight <= 1 && l->min < l->max &&
	       l->deadband >= 0 && is_time(l->bad_after_ns) && is_time(l->every_ns) &&
	       l->every_ns > 0;
}

static bool
is_output(const struct image *img, uint32_t i)
{
	const struct image_output *o = image_output_at(img, i);
	bool has_numbers = isfinite(o->factor) && isfinite(o->offset) && isfinite(o->min) &&
			   isfinite(o->max) && isfinite(o->ramp) && isfinite(o->verify_within);

	return o->channel < img->channels.n && (o->loop == 0 ? is_kind(img, o) : is_led(img, i)) &&
	       image_channel_at(img, o->channel)->type != VALUE_TEXT &&
	       is_state(img, o->target, STATE_TARGET) && is_state(img, o->working, STATE_WORKING) &&
	       is_state(img, o->owner, STATE_OWNER) && is_state(img, o->mode, STATE_MODE) &&
	       o->hazard < HAZARDS && o->fails < FAILS_KINDS && has_numbers &&
	       fabs(o->factor) > 0 && o->ramp >= 0 && o->holdback >= 0 && o->verify_within >= 0 &&
	       o->min <= o->max && o->verify_tries <= 10 && is_time(o->verify_after_ns) &&
	       is_time(o->refresh_ns) && is_range(o->first_knot, o->n_knots, img->knots.n) &&
	       (!o->is_inverted_table || o->n_knots >= 2) && is_or_none(o->shutoff, img->outputs.n);
}

static bool
is_safe_state(const struct image *img, uint32_t i)
{
	const struct image_safe_state *s = image_safe_state_at(img, i);

	if (!is_text(img, s->name) || !is_text(img, s->title) ||
		!is_state(img, s->state, STATE_SAFE) ||
		!is_range(s->first_line, s->n_lines, img->safe_lines.n))
		return false;
	for (uint32_t k = s->first_line; k < s->first_line + s->n_lines; k++) {
		const struct image_safe_line *l = image_safe_line_at(img, k);

		if (l->output >= img->outputs.n || image_output_at(img, l->output)->loop != 0 ||
			!isfinite(l->value) || !isfinite(l->ramp) || l->ramp < 0 ||
			(l->ramp > 0 && image_output_at(img, l->output)->rate_part == 0) ||
			!is_time(l->within_ns) ||
			(l->after != IMAGE_NONE && (l->after < s->first_line || l->after >= k)) ||
			(l->otherwise != IMAGE_NONE &&
				(l->otherwise <= k || l->otherwise >= s->first_line + s->n_lines ||
					!image_safe_line_at(img, l->otherwise)->is_otherwise)))
			return false;
	}
	return true;
}

static bool
is_trip(const struct image *img, uint32_t i)
{
	const struct image_trip *t = image_trip_at(img, i);

	return is_text(img, t->name) && is_text(img, t->title) && is_text(img, t->protected_by) &&
	       is_text(img, t->tested) && is_cond(img, &t->when, true) && is_time(t->for_ns) &&
	       (is_time(t->on_bad_ns) || t->on_bad_ns == IMAGE_ON_BAD_ALARM) &&
	       is_time(t->reset_after_ns) && is_time(t->bypass_max_ns) && is_time(t->warmup_ns) &&
	       is_time(t->test_every_ns) && t->to < img->safe_states.n &&
	       is_or_none(t->interlock, img->interlocks.n) && is_state(img, t->state, STATE_TRIP);
}

static bool
is_interlock(const struct image *img, uint32_t i)
{
	const struct image_interlock *k = image_interlock_at(img, i);

	return is_text(img, k->name) && is_text(img, k->title) && is_cond(img, &k->forbid, true) &&
	       k->trip < img->trips.n && image_trip_at(img, k->trip)->interlock == i &&
	       is_state(img, k->state, STATE_INTERLOCK);
}

static bool
is_alarm(const struct image *img, uint32_t i)
{
	const struct image_alarm *a = image_alarm_at(img, i);

	return is_text(img, a->name) && is_text(img, a->title) && is_text(img, a->action) &&
	       is_state(img, a->state, STATE_ALARM) && is_cond(img, &a->when, true) &&
	       is_cond(img, &a->clear, false) && is_cond(img, &a->suppress, false) &&
	       is_time(a->for_ns) && is_time(a->off_for_ns) && is_time(a->on_bad_ns) &&
	       is_time(a->shelve_max_ns) && (a->parent == IMAGE_NONE || a->parent < i) &&
	       a->priority < PRIORITIES;
}

static bool
is_rule(const struct image *img, uint32_t i)
{
	const struct image_rule *r = image_rule_at(img, i);

	return is_text(img, r->name) && is_cond(img, &r->when, true) && is_time(r->for_ns) &&
	       is_range(r->first_action, r->n_actions, img->actions.n);
}

static bool
is_action(const struct image *img, uint32_t i)
{
	const struct image_action *a = image_action_at(img, i);

	return a->kind < ACTIONS && isfinite(a->value) && is_time(a->pulse_ns) &&
	       is_text(img, a->text) &&
	       (a->kind == ACTION_NOTIFY ? a->output == IMAGE_NONE : a->output < img->outputs.n);
}

static bool
is_gas(const struct image *img, uint32_t i)
{
	const struct image_gas *g = image_gas_at(img, i);

	return g->channel < img->channels.n && is_text(img, g->calibrated) &&
	       is_text(img, g->flowing) && is_text(img, g->reference) && isfinite(g->factor) &&
	       g->factor > 0;
}

static bool
is_calibration(const struct image *img, uint32_t i)
{
	const struct image_calibration *k = image_calibration_at(img, i);

	return k->channel < img->channels.n && k->raw < img->channels.n && is_text(img, k->date) &&
	       is_text(img, k->due) && is_text(img, k->certificate);
}

static bool
is_restored(const struct image *img, uint32_t i)
{
	return ((const uint32_t *)image_at(img, &img->restore))[i] < img->outputs.n;
}

/* ---- signs of life, and what happens when power was lost ------------------------------------------------------------------ */

/* A channel of an instrument that is not a text. */
static bool
is_of(const struct image *img, uint32_t channel, uint32_t instrument)
{
	const struct image_channel *ch;

	if (channel >= img->channels.n || instrument >= img->instruments.n)
		return false;
	ch = image_channel_at(img, channel);
	return ch->instrument == instrument && ch->type != VALUE_TEXT;
}

static bool
is_bool(const struct image *img, uint32_t channel)
{
	return channel < img->channels.n && image_channel_at(img, channel)->type == VALUE_BOOL;
}

static bool
is_heartbeat(const struct image *img)
{
	const struct image_heartbeat *h = &img->heartbeat;

	return h->every_ns == 0 ||
	       (is_time(h->every_ns) && is_time(h->drop_out_ns) && is_bool(img, h->channel) &&
		       is_written(img, h->channel) && is_state(img, h->state, STATE_HEARTBEAT) &&
		       is_state(img, h->toggles, STATE_TOGGLES));
}

static bool
is_power(const struct image *img)
{
	const struct image_power *p = &img->power;

	return p->is_watched == 0 ||
	       (p->is_watched == 1 && is_time(p->for_ns) && is_bool(img, p->mains) &&
		       (p->low == IMAGE_NONE || is_bool(img, p->low)));
}

static bool
is_power_loss(const struct image *img)
{
	return img->has_power_loss <= 1 && (img->has_power_loss == 1) == (img->power_rows.n > 0) &&
	       (img->has_power_loss == 0 || (is_state(img, img->restoring, STATE_RESTORE) &&
						    is_state(img, img->outage, STATE_OUTAGE)));
}

static bool
is_need(const struct image *img, uint32_t i)
{
	return ((const uint32_t *)image_at(img, &img->needs))[i] < img->instruments.n;
}

static bool
is_guard(const struct image *img, const struct image_guard *g, uint32_t instrument)
{
	return isfinite(g->is) && (g->channel == IMAGE_NONE || is_of(img, g->channel, instrument));
}

static bool
is_watchdog(const struct image *img, uint32_t i)
{
	const struct image_watchdog *w = image_watchdog_at(img, i);

	return w->instrument < img->instruments.n && is_state(img, w->state, STATE_WATCHDOG) &&
	       is_guard(img, &w->timeout, w->instrument) &&
	       is_guard(img, &w->armed, w->instrument) &&
	       is_guard(img, &w->tripped, w->instrument) &&
	       is_range(w->first_value, w->n_values, img->watchdog_values.n);
}

static bool
is_watchdog_value(const struct image *img, uint32_t i)
{
	const struct image_watchdog_value *v = image_watchdog_value_at(img, i);

	return v->channel < img->channels.n && isfinite(v->value);
}

static bool
is_uptime(const struct image *img, uint32_t i)
{
	const struct image_uptime *u = image_uptime_at(img, i);

	return is_of(img, u->channel, u->instrument) && isfinite(u->factor) && u->factor > 0;
}

static bool
is_power_row(const struct image *img, uint32_t i)
{
	const struct image_power_row *r = image_power_row_at(img, i);

	return is_cond(img, &r->when, i + 1 < img->power_rows.n) && r->what < POWER_DOS &&
	       is_or_none(r->to, img->safe_states.n) &&
	       (r->to != IMAGE_NONE || r->what != POWER_SAFE) &&
	       is_range(r->first_output, r->n_outputs, img->power_outputs.n);
}

static bool
is_power_output(const struct image *img, uint32_t i)
{
	const struct image_power_output *o = image_power_output_at(img, i);

	return o->output < img->outputs.n && o->is_named <= 1 && isfinite(o->ramp) && o->ramp >= 0;
}

static bool
is_last(const struct image *img, uint32_t i)
{
	const struct image_last *l = image_last_at(img, i);

	return l->channel < img->channels.n && is_state(img, l->state, STATE_LAST);
}

const char *
image_check_protection(const struct image *img, uint32_t *row)
{
	const struct {
		const char *what;
		uint32_t n;
		bool (*is_good)(const struct image *img, uint32_t i);
	} rows[] = {
		{ "output", img->outputs.n, is_output },
		{ "loop", img->loops.n, is_loop },
		{ "safe state", img->safe_states.n, is_safe_state },
		{ "trip", img->trips.n, is_trip },
		{ "interlock", img->interlocks.n, is_interlock },
		{ "alarm", img->alarms.n, is_alarm },
		{ "rule", img->rules.n, is_rule },
		{ "action", img->actions.n, is_action },
		{ "output that is restored", img->restore.n, is_restored },
		{ "needed instrument", img->needs.n, is_need },
		{ "watchdog", img->watchdogs.n, is_watchdog },
		{ "value of a watchdog", img->watchdog_values.n, is_watchdog_value },
		{ "uptime", img->uptimes.n, is_uptime },
		{ "row of power_loss", img->power_rows.n, is_power_row },
		{ "output of power_loss", img->power_outputs.n, is_power_output },
		{ "last value", img->lasts.n, is_last },
		{ "gas", img->gases.n, is_gas },
		{ "calibration", img->calibrations.n, is_calibration },
	};

	*row = 0;
	if (!is_heartbeat(img) || !is_power(img) || !is_power_loss(img))
		return "sign of life or power";
	if (!is_or_none(img->on_stop, img->safe_states.n) || img->is_observed > 1 ||
		img->commands > COMMANDS_ALL ||
		(img->bench_state != IMAGE_NONE && !is_state(img, img->bench_state, STATE_BENCH)) ||
		(img->horn != IMAGE_NONE &&
			(!is_state(img, img->horn, STATE_HORN) ||
				!is_state(img, img->last_alarm, STATE_LAST_ALARM))) ||
		img->has_lock > 1 ||
		(img->has_lock && (img->lock >= img->channels.n ||
					  !is_state(img, img->lock_state, STATE_LOCK))))
		return "state of the bench";
	for (size_t k = 0; k < NELEM(rows); k++)
		for (*row = 0; *row < rows[k].n; ++*row)
			if (!rows[k].is_good(img, *row))
				return rows[k].what;
	return NULL;
}
