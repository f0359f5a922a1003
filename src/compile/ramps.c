/* ramps.c - `ramp: {by: device}`: the device makes the ramp, and is told how fast and where to
 *
 *	T_furn: {read: furnace.pv, write: furnace.sp, range: [0, 700] degC, hazard: heat,
 *	         ramp: {max: 20 K/min, by: device, rate: furnace.ramp_rate, at_once: 0 K/min, working: furnace.wsp}}
 */
#include <math.h>
#include <string.h>

#include "compile/bench.h"
#include "compile/read.h"
#include "model/unit.h"

static bool
is_number(const struct bench_channel *ch)
{
	return ch->type != VALUE_BOOL && ch->type != VALUE_CHOICE && ch->type != VALUE_TEXT;
}

static const char *
unit_name(const struct bench_channel *ch)
{
	return ch->unit_text == NULL ? "none" : ch->unit_text;
}

/* A ramp in a device goes on when nobody is at the controls any more: something else has to end it then. */
static void
check_end(struct bench *b, const struct bench_output *o)
{
	const struct bench_instrument *ins = &b->instruments.at[b->channels.at[o->at].instrument];

	if (b->heartbeat.keys == NULL && ins->watchdog == NULL)
		diag_error(&b->diag, o->ramp_keys[RAMP_BY]->at, "missing",
			"a ramp of '%s' goes on when this computer dies, and nothing would end it; "
			"declare its watchdog: in the instrument, or write heartbeat: for the "
			"bench, or remove 'by'",
			ins->name);
}

/* Of the same instrument, so that no other wire decides when the second half of an order arrives. */
static bool
is_beside(struct bench *b, const struct bench_output *o, uint32_t channel, const struct node *n)
{
	if (b->channels.at[channel].instrument == b->channels.at[o->at].instrument)
		return true;
	diag_error(&b->diag, n->at, "conflict",
		"'%s' is of another instrument than '%s'; name a channel of that one",
		b->channels.at[channel].name, b->channels.at[o->at].name);
	return false;
}

static bool
is_free(struct bench *b, struct bench_output *o, uint32_t channel, const struct node *n,
	uint32_t *writer)
{
	if (writer[channel] == 0) {
		writer[channel] = (uint32_t)(o - b->outputs.at) + 1;
		return true;
	}
	diag_error(&b->diag, n->at, "conflict",
		"'%s' is written by something else already; the rate of a ramp is written by its "
		"output alone",
		b->channels.at[channel].name);
	return false;
}

/* Its unit is that of the output, for a time. */
static bool
find_factor(struct bench *b, struct bench_output *o, const struct bench_channel *rate,
	const struct node *n)
{
	const struct bench_channel *at = &b->channels.at[o->at];
	struct unit wanted;
	double factor, offset;

	if (o->is_inverted_table || o->n_coefficients > 0 || rate->n_knots > 0) {
		diag_error(&b->diag, n->at, "conflict",
			"through a table no rate stays the same; remove 'by', and the ramp is made "
			"here");
		return false;
	}
	if (!unit_combine(&at->unit, &unit_second, -1, &wanted) || rate->unit.is_point ||
		!unit_same_dim(&rate->unit, &wanted)) {
		diag_error(&b->diag, n->at, "unit",
			"'%s' has the unit %s, and a rate of '%s' is a change of %s for a time; "
			"give it such a unit, as K/min",
			rate->name, unit_name(rate), at->name, unit_name(at));
		return false;
	}
	unit_conversion(&wanted, &rate->unit, &factor, &offset);
	o->rate_factor = factor * fabs(o->factor);
	return true;
}

/* What the ramp may be at most has to be a rate that the device has. */
static void
check_most(struct bench *b, const struct bench_output *o, const struct bench_channel *rate,
	const struct node *n)
{
	double most = o->ramp * o->rate_factor, least = 2 * outputs_rounding(b, rate);

	if (rate->has_range && (most > rate->max || most < rate->min))
		diag_error(&b->diag, n->at, "out-of-range",
			"that is %.6g %s, and '%s' takes %.6g to %.6g; write a max within", most,
			unit_name(rate), rate->name, rate->min, rate->max);
	else if (most < least)
		diag_error(&b->diag, n->at, "out-of-range",
			"that is %.6g %s, and '%s' knows nothing below %.6g; write a larger max, "
			"or remove 'by'",
			most, unit_name(rate), rate->name, least);
	else if (!rate->has_range)
		diag_warn(&b->diag, n->at, "missing",
			"nothing says how fast '%s' can be; give it range: [low, high] where it is "
			"described",
			rate->name);
}

static bool
read_rate(struct bench *b, struct bench_output *o, const struct node *n, uint32_t *writer)
{
	uint32_t channel = outputs_place(b, o, n);
	const struct bench_channel *rate;
	struct image_part *p;

	if (channel == IMAGE_NONE)
		return false;
	rate = &b->channels.at[channel];
	if (rate->is_type_open || rate->is_unit_open)
		return false;
	if (!is_number(rate) || b->points.at[rate->source].codec_part.is_write_only) {
		diag_error(&b->diag, n->at, "conflict",
			"'%s' %s; name a number that can be written and read", rate->name,
			is_number(rate) ? "can only be written, and a rate is read back"
					: "is no number");
		return false;
	}
	if (channel == o->at) {
		diag_error(&b->diag, n->at, "conflict",
			"'%s' is what the output writes; name the channel that takes the rate of "
			"its ramp",
			rate->name);
		return false;
	}
	if (!is_beside(b, o, channel, n) || !is_free(b, o, channel, n, writer) ||
		!find_factor(b, o, rate, n))
		return false;
	p = BENCH_ADD(b->parts);
	p->at = channel;
	p->verify_within = fmax(rate->verify_within, outputs_rounding(b, rate));
	p->verify_after_ns = rate->verify_after_ns;
	p->verify_tries = rate->verify_tries > 0 ? (uint32_t)rate->verify_tries : 3;
	o->rate_part = b->parts.n;
	if (rate->max_writes > 0 && (o->max_writes == 0 || rate->max_writes < o->max_writes))
		o->max_writes = rate->max_writes;
	return true;
}

static void
read_at_once(struct bench *b, struct bench_output *o, const struct node *n)
{
	const struct bench_channel *rate = &b->channels.at[b->parts.at[o->rate_part - 1].at];

	o->has_at_once = read_quantity(b, n, rate, false, &o->at_once);
	if (!o->has_at_once || !rate->has_range ||
		(o->at_once >= rate->min && o->at_once <= rate->max))
		return;
	diag_error(&b->diag, n->at, "out-of-range",
		"'%s' takes %.6g to %.6g %s; write a value within, or a wider range where it is "
		"described",
		rate->name, rate->min, rate->max, unit_name(rate));
}

/* Where the device's own ramp is: in the unit of what is written, and from there as the output's. */
static void
read_working(struct bench *b, struct bench_output *o, const struct node *n)
{
	const char *name = read_text(b, n);
	uint32_t i = name == NULL ? NAMES_NONE : names_get(&b->channel_names, name);
	const struct bench_channel *ch, *at = &b->channels.at[o->at];
	double factor, offset, most = fmax(fabs(o->min), fabs(o->max));

	if (name == NULL || (i == NAMES_NONE && channels_is_of_open(b, name)))
		return;
	if (i == NAMES_NONE || b->channels.at[i].source_kind != SOURCE_POINT ||
		b->channels.at[i].keys != NULL) {
		diag_error(&b->diag, n->at, "unknown-channel",
			"'%.127s' is no channel of an instrument; name the one that shows where "
			"the ramp of the device is: INSTRUMENT.CHANNEL",
			name);
		return;
	}
	ch = &b->channels.at[i];
	if (ch->is_type_open || ch->is_unit_open || !is_beside(b, o, i, n))
		return;
	if (!is_number(ch) || !unit_same_dim(&ch->unit, &at->unit) ||
		ch->unit.is_point != at->unit.is_point || i == o->at ||
		b->points.at[ch->source].codec_part.is_write_only) {
		diag_error(&b->diag, n->at, "unit",
			"'%s' (unit %s) does not show where a ramp to '%s' (unit %s) is; name a "
			"channel that is read, of the same kind",
			ch->name, unit_name(ch), at->name, unit_name(at));
		return;
	}
	unit_conversion(&ch->unit, &at->unit, &factor, &offset);
	o->progress = i;
	o->progress_factor = factor / o->factor;
	o->progress_offset = (offset - o->offset) / o->factor;
	o->progress_within = (fmax(o->verify_within, outputs_rounding(b, at)) +
				     outputs_rounding(b, ch) * fabs(factor)) /
				     fabs(o->factor) +
			     (o->has_limits ? most * 1e-6 : 0);
}

/* Is what is measured something else than what was written? */
static bool
is_measured(const struct bench *b, const struct bench_output *o)
{
	const struct node *n = b->channels.at[o->channel].keys[CH_READ];

	return n != NULL && n->kind == NODE_SCALAR &&
	       names_get(&b->channel_names, n->text) != o->at;
}

void
ramps_resolve(struct bench *b, struct bench_output *o, uint32_t *writer)
{
	const struct node *const *keys = o->ramp_keys;
	const struct bench_channel *rate;

	if (!o->is_ramp_devices || !(o->ramp > 0))
		return;
	check_end(b, o);
	if (keys[RAMP_RATE] == NULL) {
		diag_error(&b->diag, keys[RAMP_BY]->at, "missing",
			"nothing says where the device takes the rate of its ramp; add rate: "
			"INSTRUMENT.CHANNEL");
		return;
	}
	if (!read_rate(b, o, keys[RAMP_RATE], writer))
		return;
	rate = &b->channels.at[b->parts.at[o->rate_part - 1].at];
	check_most(b, o, rate, keys[RAMP_MAX]);
	if (keys[RAMP_AT_ONCE] != NULL)
		read_at_once(b, o, keys[RAMP_AT_ONCE]);
	if (keys[RAMP_WORKING] != NULL)
		read_working(b, o, keys[RAMP_WORKING]);
	o->has_measured = is_measured(b, o);
}

void
ramps_read(struct bench *b, struct bench_output *o, const struct node *n)
{
	static const int rows[] = { RAMP_RATE, RAMP_AT_ONCE, RAMP_WORKING };
	const struct bench_channel *ch = &b->channels.at[o->channel];

	o->ramp_keys = protect_keys_of(b, n, schema_ramp);
	if (o->ramp_keys[RAMP_MAX] != NULL)
		outputs_change(b, ch, o->ramp_keys[RAMP_MAX], &o->ramp);
	if (o->ramp_keys[RAMP_BY] != NULL) {
		o->is_ramp_devices =
			read_word(b, o->ramp_keys[RAMP_BY], &schema_ramp[RAMP_BY]) != NULL;
		if (ch->keys[BENCH_CH_WRITE] == NULL)
			diag_error(&b->diag, o->ramp_keys[RAMP_BY]->at, "conflict",
				"'%s' is written to no single place of a device that could make "
				"its ramp; remove 'by'",
				ch->name);
		return;
	}
	for (size_t i = 0; i < NELEM(rows); i++)
		if (o->ramp_keys[rows[i]] != NULL)
			diag_error(&b->diag, o->ramp_keys[rows[i]]->key_at, "conflict",
				"'%s' belongs to a ramp of the device; add by: device, or remove "
				"it",
				o->ramp_keys[rows[i]]->key);
}

/* A loop moves its output at each of its steps, and a ramp behind that would be a second one in its way. */
void
ramps_check_loops(struct bench *b)
{
	for (uint32_t i = 0; i < b->loops.n; i++) {
		const struct bench_output *o = &b->outputs.at[b->loops.at[i].output];

		if (o->rate_part != 0)
			diag_error(&b->diag, o->ramp_keys[RAMP_BY]->at, "conflict",
				"'%s' is moved by the loop '%s', step by step; remove 'by', and "
				"the ramp is made here",
				o->name, b->outputs.at[b->loops.at[i].of].name);
	}
}

bool
ramps_safe(struct bench *b, const struct bench_output *o, const struct node *set,
	const struct node *ramp, double *out)
{
	const struct bench_channel *ch = &b->channels.at[o->channel];

	if (ramp == NULL && (o->rate_part == 0 || o->has_at_once))
		return true;
	if (ramp == NULL) {
		diag_error(&b->diag, set->at, "missing",
			"'%s' goes by a ramp in its device, which nothing takes away; say at its "
			"ramp: at_once: the rate that means no ramp, or give this row its own "
			"ramp: 20 K/min",
			o->name);
		return false;
	}
	if (o->rate_part == 0) {
		diag_error(&b->diag, ramp->key_at, "conflict",
			"'%s' goes to its safe value at once; only a ramp that its device makes "
			"(by: device) can be kept; remove 'ramp'",
			o->name);
		return false;
	}
	if (!outputs_change(b, ch, ramp, out))
		return false;
	if (*out * o->rate_factor <
		2 * outputs_rounding(b, &b->channels.at[b->parts.at[o->rate_part - 1].at])) {
		diag_error(&b->diag, ramp->at, "out-of-range",
			"the device of '%s' has no ramp as slow as '%.40s'; write a faster one",
			o->name, ramp->text);
		return false;
	}
	if (*out <= o->ramp * (1 + 1e-9))
		return true;
	diag_error(&b->diag, ramp->at, "out-of-range",
		"'%.40s' is faster than the ramp of '%s' may be; write at most its max", ramp->text,
		o->name);
	return false;
}
