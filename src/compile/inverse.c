/* inverse.c - from what people see back to what is written
 *
 * A bench channel shows value = raw * factor + offset, or the table of its scale. What is written goes the other way, and from
 * unit to unit where the channel that is written has another one than the channel that is read. How the instrument's own channel
 * becomes bytes is the controller's work; here it is proved that it can be.
 */
#include <math.h>
#include <string.h>

#include "compile/bench.h"
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

/* ---- tables ---------------------------------------------------------------------------------------------------------------- */

/* Only a curve that never turns and is nowhere flat has one place for each value. */
static bool
is_monotonic(const struct bench *b, const struct bench_channel *ch)
{
	const struct image_knot *k = b->knots.at + ch->first_knot;
	bool rises = ch->n_knots > 1 && k[1].to > k[0].to;

	for (uint32_t i = 1; i < ch->n_knots; i++)
		if (rises ? !(k[i].to > k[i - 1].to) : !(k[i].to < k[i - 1].to))
			return false;
	return true;
}

static bool
check_table(struct bench *b, const struct bench_channel *ch, struct place at)
{
	if (ch->n_knots == 0 || is_monotonic(b, ch))
		return true;
	diag_error(&b->diag, at, "conflict",
		"the table of '%s' has several places for one value, so nothing can be written "
		"through it; write a table that only rises or only falls",
		ch->name);
	return false;
}

/* value = table(x) * factor + offset as a table. */
static void
take_table(struct bench *b, struct bench_output *o, const struct bench_channel *ch)
{
	uint32_t first = ch->first_knot;

	o->is_inverted_table = true;
	o->n_knots = ch->n_knots;
	o->first_knot = first;
	if (ch->offset == 0 && ch->factor == 1)
		return;
	o->first_knot = b->knots.n;
	for (uint32_t i = 0; i < o->n_knots; i++) {
		struct image_knot k = b->knots.at[first + i];

		k.to = k.to * ch->factor + ch->offset;
		*BENCH_ADD(b->knots) = k;
	}
}

bool
inverse_table(
	struct bench *b, struct bench_output *o, const struct bench_channel *ch, struct place at)
{
	if (!check_table(b, ch, at))
		return false;
	take_table(b, o, ch);
	return true;
}

/* ---- numbers --------------------------------------------------------------------------------------------------------------- */

static bool
is_convertible(const struct bench_channel *a, const struct bench_channel *b)
{
	return unit_same_dim(&a->unit, &b->unit) && a->unit.is_point == b->unit.is_point;
}

/* Back through the channel's own scale to what it reads, and from there to what is written, which has to be of the same kind. */
static bool
through_scale(struct bench *b, struct bench_output *o, const struct bench_channel *ch,
	const struct bench_channel *at, const struct node *scale)
{
	const struct bench_channel *from = &b->channels.at[ch->source];
	double factor = 1, offset = 0;

	if (from != at && !is_convertible(from, at)) {
		diag_error(&b->diag, scale->key_at, "unit",
			"'%s' says how '%s' (unit %s) is shown, and '%s' (unit %s) is no such "
			"quantity; put the scale where '%s' is described",
			scale->key, from->name, unit_name(from), at->name, unit_name(at),
			from->name);
		return false;
	}
	if (!check_table(b, ch, scale->at))
		return false;
	unit_conversion(&from->unit, &at->unit, &factor, &offset);
	if (ch->n_knots > 0) {
		take_table(b, o, ch);
	} else {
		offset -= ch->offset / ch->factor * factor;
		factor /= ch->factor;
	}
	o->factor = factor;
	o->offset = offset;
	return true;
}

static bool
find_raw_way(struct bench *b, struct bench_output *o, const struct bench_channel *ch,
	const struct bench_channel *at)
{
	const struct node *n = b->channels.at[o->channel].keys[BENCH_CH_WRITE],
			  *scale = ch->keys[CH_SCALE];

	if (scale == NULL)
		scale = ch->keys[CH_OFFSET];
	if (scale != NULL)
		return through_scale(b, o, ch, at, scale);
	if (!is_convertible(ch, at)) {
		diag_error(&b->diag, n->at, "unit",
			"'%s' has the unit %s and '%s' the unit %s, which is of another kind; "
			"write a channel of the same kind, or say how one becomes the other: "
			"scale: ...",
			ch->name, unit_name(ch), at->name, unit_name(at));
		return false;
	}
	unit_conversion(&ch->unit, &at->unit, &o->factor, &o->offset);
	if (ch->gas_factor > 0)
		o->factor /= ch->gas_factor;
	return true;
}

/* What is calibrated goes back to its raw channel first. */
static bool
find_way(struct bench *b, struct bench_output *o, const struct bench_channel *ch,
	const struct bench_channel *at)
{
	if (ch->calibration == 0)
		return find_raw_way(b, o, ch, at);
	return find_raw_way(
		       b, o, &b->channels.at[b->calibrations.at[ch->calibration - 1].raw], at) &&
	       calibrations_invert(b, o);
}

/* What the output shows for a value of the channel that it writes. */
static double
shown(const struct bench *b, const struct bench_output *o, double v)
{
	v = (v - o->offset) / o->factor;
	if (o->n_coefficients > 0)
		return calibrations_value(b, o, v);
	return o->is_inverted_table ? image_table_value(b->knots.at + o->first_knot, o->n_knots, v)
				    : v;
}

/* Its own range, and no more than the device takes. */
static bool
find_limits(struct bench *b, struct bench_output *o, const struct bench_channel *ch,
	const struct bench_channel *at)
{
	double ends[2];

	if (!at->has_range && !ch->has_range)
		return true;
	o->has_limits = true;
	o->min = ch->has_range ? ch->min : -HUGE_VAL;
	o->max = ch->has_range ? ch->max : HUGE_VAL;
	if (at->has_range) {
		ends[0] = shown(b, o, at->min);
		ends[1] = shown(b, o, at->max);
		o->min = fmax(o->min, fmin(ends[0], ends[1]));
		o->max = fmin(o->max, fmax(ends[0], ends[1]));
	}
	if (o->min < o->max)
		return true;
	o->has_limits = false; /* nothing is measured by them */
	diag_error(&b->diag, ch->keys[CH_RANGE]->at, "out-of-range",
		"'%s' takes %.9g to %.9g %s, and nothing of that lies in this range; correct one "
		"of them",
		at->name, at->min, at->max, at->unit_text == NULL ? "" : at->unit_text);
	return false;
}

/* ---- truths and choices ---------------------------------------------------------------------------------------------------- */

static bool
has_number(const struct bench *b, const struct bench_channel *at, int64_t number)
{
	if (at->type == VALUE_BOOL)
		return number == 0 || number == 1;
	for (uint32_t i = 0; i < at->n_choices && at->type == VALUE_CHOICE; i++)
		if (b->choices.at[at->first_choice + i].number == number)
			return true;
	return at->type != VALUE_CHOICE;
}

/* Each number that can be asked for has to be one that can be written. */
static bool
check_choices(struct bench *b, const struct bench_channel *ch, const struct bench_channel *at)
{
	const struct node *n =
		ch->keys[CH_CHOICES] != NULL ? ch->keys[CH_CHOICES] : ch->keys[BENCH_CH_WRITE];
	const char *word = NULL;
	int64_t number = 0;

	if (ch->type == VALUE_BOOL) {
		for (; number <= 1 && has_number(b, at, number); number++)
			;
		if (number > 1)
			return true;
		word = number == 0 ? "no" : "yes";
	} else {
		for (uint32_t i = 0; i < ch->n_choices && word == NULL; i++) {
			number = b->choices.at[ch->first_choice + i].number;
			if (!has_number(b, at, number))
				word = b->words.at[ch->first_choice + i];
		}
		if (word == NULL)
			return true;
	}
	diag_error(&b->diag, n->at, "choices",
		"'%.63s' of '%s' is the number %lld, which '%s' does not have; give both the same "
		"numbers",
		word, ch->name, (long long)number, at->name);
	return false;
}

bool
inverse_find(struct bench *b, struct bench_output *o)
{
	const struct bench_channel *ch = &b->channels.at[o->channel], *at = &b->channels.at[o->at];
	const struct node *n = ch->keys[BENCH_CH_WRITE];

	o->factor = 1;
	o->offset = 0;
	if (ch->type == VALUE_TEXT || (is_number(ch) && !is_number(at))) {
		diag_error(&b->diag, n->at, "conflict",
			"'%s' is a %s and '%s' is a %s; read a channel of the same kind, or leave "
			"out 'read'",
			ch->name, is_number(ch) ? "number" : value_type_text(ch->type), at->name,
			value_type_text(at->type));
		return false;
	}
	if (!check_table(b, at, n->at))
		return false;
	if (is_number(ch))
		return find_way(b, o, ch, at) && find_limits(b, o, ch, at);
	if (ch->type == VALUE_BOOL) {
		o->has_limits = true;
		o->max = 1;
	}
	return check_choices(b, ch, at);
}
