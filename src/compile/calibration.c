/* calibration.c - what stands between a device and people: `calibration:` and `gas:` of a channel
 *
 *	T_bed: {read: daq.ai0, calibration: {points: [[0, 0.2], [100, 99.7]]}}
 *
 *	daq.ai0 --unit, scale, filter--> T_bed.raw --calibration, x the factor of the gas--> T_bed
 *
 * The raw value is a channel of its own, with the keys that say how the device is read; those that say what people see stay.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"

#define SAMPLES 4096 /* places at which a polynomial is looked at */

/* ---- the raw channel ------------------------------------------------------------------------------------------------------- */

static const uint8_t raw_keys[] = { CH_READ, CH_UNIT, CH_SCALE, CH_OFFSET, CH_STALE, CH_FILTER };

static const struct node *
name_node(struct bench *b, const struct node *like, const char *text)
{
	struct node *n = tree_node(&b->tree, NODE_SCALAR, like->at);

	if (n == NULL)
		return NULL;
	n->key = "read";
	n->key_at = like->key_at;
	n->text = text;
	return n;
}

/* The keys of the channel as those of a raw one, and without what that has. */
static bool
split_keys(struct bench *b, struct bench_channel *ch, const char *raw_name,
	const struct node *const **out_raw)
{
	const struct node **raw = tree_alloc(&b->tree, BENCH_CH_ROWS * sizeof(*raw));
	const struct node **own = tree_alloc(&b->tree, BENCH_CH_ROWS * sizeof(*own));
	const struct node *read = name_node(b, ch->keys[BENCH_CH_CALIBRATION], raw_name);

	if (read == NULL)
		return false; /* too many nodes: that was told */
	memcpy(own, ch->keys, BENCH_CH_ROWS * sizeof(*own));
	for (size_t i = 0; i < NELEM(raw_keys); i++) {
		raw[raw_keys[i]] = own[raw_keys[i]];
		own[raw_keys[i]] = NULL;
	}
	raw[CH_HISTORY] = own[CH_HISTORY];
	own[CH_READ] = read;
	ch->keys = own;
	*out_raw = raw;
	return true;
}

static void
declare(struct bench *b, uint32_t channel)
{
	struct bench_channel *ch = &b->channels.at[channel], *raw;
	char full[80], was[270];
	int n = snprintf(full, sizeof(full), "%.63s.raw", ch->name);
	const char *name = tree_text(&b->tree, full, (size_t)n);
	const struct node *const *keys;
	struct bench_calibration *k;

	if (names_get(&b->channel_names, name) != NAMES_NONE ||
		names_get(&b->instrument_names, ch->name) != NAMES_NONE)
		diag_error(&b->diag, ch->at, "name",
			"'%s' is an instrument, too, and what is calibrated has the channel '%s'; "
			"give one of them another name",
			ch->name, name);
	if (!split_keys(b, ch, name, &keys))
		return;
	k = BENCH_ADD(b->calibrations);
	*k = (struct bench_calibration){
		.channel = channel, .raw = b->channels.n, .date = "", .due = "", .certificate = ""
	};
	ch->calibration = b->calibrations.n;
	raw = BENCH_ADD(b->channels);
	ch = &b->channels.at[channel];
	raw->name = name;
	raw->at = ch->at;
	raw->title = raw->was = "";
	if (ch->was[0] != '\0') {
		n = snprintf(was, sizeof(was), "%.200s.raw", ch->was);
		raw->was = tree_text(&b->tree, was, (size_t)n);
	}
	raw->unit.factor = raw->factor = 1;
	raw->instrument = IMAGE_NONE;
	raw->is_type_open = raw->is_unit_open = true;
	raw->has_odd_keys = ch->has_odd_keys;
	raw->keys = keys;
	names_put(&b->channel_names, name, b->channels.n - 1);
}

void
calibrations_declare(struct bench *b)
{
	static const uint8_t rows[] = { BENCH_CH_CALIBRATION, BENCH_CH_GAS };

	for (uint32_t i = 0, n = b->channels.n; i < n; i++) {
		const struct node *const *keys = b->channels.at[i].keys;

		if (keys == NULL || b->channels.at[i].scope != NULL ||
			keys[BENCH_CH_PATTERN] != NULL)
			continue;
		for (size_t k = 0; k < NELEM(rows); k++)
			if (keys[rows[k]] != NULL && keys[BENCH_CH_CALC] != NULL)
				diag_error(&b->diag, keys[rows[k]]->key_at, "conflict",
					"'%s' does not go with calc; give it to the channel that "
					"is calculated from",
					keys[rows[k]]->key);
		if (keys[BENCH_CH_CALIBRATION] != NULL && keys[CH_READ] != NULL &&
			keys[CH_READ]->kind == NODE_SCALAR)
			declare(b, i);
	}
}

/* ---- points and polynomials ------------------------------------------------------------------------------------------------ */

static bool
read_poly(struct bench *b, struct bench_calibration *k, const struct node *list)
{
	bool good = true;

	if (!read_is(b, list, NODE_LIST, "a list of numbers: [a0, a1, a2]"))
		return false;
	if (list->n < 2 || list->n > IMAGE_COEFFICIENTS_MAX) {
		diag_error(&b->diag, list->at, "wrong-value",
			"%u numbers stand here; write 2 to %d, the constant one first: [a0, a1, "
			"a2]",
			list->n, IMAGE_COEFFICIENTS_MAX);
		return false;
	}
	k->first_coefficient = b->numbers.n;
	for (const struct node *n = list->first; n != NULL; n = n->next) {
		double v = 0;

		good = read_constant(b, n, &v) && good;
		*BENCH_ADD(b->numbers) = v;
	}
	k->n_coefficients = good ? list->n : 0;
	return good;
}

static void
add_op(struct bench *b, struct bench_channel *ch, enum expr_opcode code, union value arg)
{
	*BENCH_ADD(b->code) = (struct expr_op){ .code = code, .arg = arg };
	ch->n_ops++;
}

/* ((a2 x + a1) x + a0), as a program that is run when x is known. */
static void
put_program(struct bench *b, struct bench_channel *ch, const struct bench_calibration *k)
{
	union value x = { .i = b->channels.at[k->raw].place }, none = { 0 };

	ch->source_kind = SOURCE_CALC;
	ch->source = b->code.n;
	ch->n_ops = 0;
	for (uint32_t i = k->n_coefficients; i-- > 0;) {
		union value a = { .f = b->numbers.at[k->first_coefficient + i] };

		add_op(b, ch, EXPR_OP_CONST, a);
		if (i + 1 < k->n_coefficients)
			add_op(b, ch, EXPR_OP_ADD, none);
		if (i > 0) {
			add_op(b, ch, EXPR_OP_LOAD, x);
			add_op(b, ch, EXPR_OP_MUL, none);
		}
	}
}

/* Days from 1970 to a date that is one. */
static int64_t
day_of(const char *text)
{
	int64_t y = 0, m, d;

	for (int i = 0; i < 4; i++)
		y = y * 10 + (text[i] - '0');
	m = (text[5] - '0') * 10 + (text[6] - '0');
	d = (text[8] - '0') * 10 + (text[9] - '0');
	/* Years that begin in March: the day that some have more is their last. */
	y -= m <= 2;
	m = (m + 9) % 12;
	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + d - 1 - 719468;
}

static const char *
read_date(struct bench *b, const struct node *n)
{
	const char *text = n == NULL ? NULL : read_text(b, n);

	if (text == NULL || protect_is_date(text))
		return text == NULL ? "" : text;
	diag_error(&b->diag, n->at, "wrong-value",
		"'%.40s' is no date; write year, month and day: 2027-01-10", text);
	return "";
}

static void
read_paper(struct bench *b, struct bench_calibration *k, const struct node *const *keys)
{
	const char *text = keys[CALIBRATION_CERTIFICATE] == NULL
				   ? NULL
				   : read_text(b, keys[CALIBRATION_CERTIFICATE]);

	k->date = read_date(b, keys[CALIBRATION_DATE]);
	k->due = read_date(b, keys[CALIBRATION_DUE]);
	k->due_s = k->due[0] == '\0' ? INT64_MAX : day_of(k->due) * 86400;
	k->certificate = text == NULL ? "" : text;
	if (k->date[0] != '\0' && k->due[0] != '\0' && day_of(k->due) <= day_of(k->date))
		diag_error(&b->diag, keys[CALIBRATION_DUE]->at, "out-of-range",
			"it is due on %s, and was done on %s; write a later day", k->due, k->date);
}

static void
calibrate(struct bench *b, struct bench_channel *ch)
{
	struct bench_calibration *k = &b->calibrations.at[ch->calibration - 1];
	const struct node *n = ch->keys[BENCH_CH_CALIBRATION];
	const struct node *const *keys;

	if (!read_is(b, n, NODE_MAP, "a map: {points: [[0, 0.2], [100, 99.7]], date: 2026-01-10}"))
		return;
	keys = protect_keys_of(b, n, schema_calibration);
	read_paper(b, k, keys);
	if ((keys[CALIBRATION_POINTS] == NULL) == (keys[CALIBRATION_POLY] == NULL)) {
		diag_error(&b->diag, n->at, keys[CALIBRATION_POLY] == NULL ? "missing" : "conflict",
			"a calibration is either points or poly; write points: [[raw, true], "
			"...], or poly: [a0, a1, ...]");
		return;
	}
	if (keys[CALIBRATION_POINTS] != NULL)
		values_table(b, ch, keys[CALIBRATION_POINTS]);
	else if (read_poly(b, k, keys[CALIBRATION_POLY]))
		put_program(b, ch, k);
	ch->has_scale = ch->source_kind != SOURCE_CALC;
	ch->type = VALUE_FLOAT;
}

/* ---- another gas ----------------------------------------------------------------------------------------------------------- */

static const char *
text_of(struct bench *b, const struct node *n)
{
	const char *text = n == NULL ? NULL : read_text(b, n);

	return text == NULL ? "" : text;
}

/* It stands behind all else: what flows is what the device shows, x the factor. */
static void
take_factor(struct bench *b, struct bench_channel *ch, double factor)
{
	const struct bench_calibration *k =
		ch->calibration == 0 ? NULL : &b->calibrations.at[ch->calibration - 1];

	if (k != NULL && k->n_coefficients > 0) {
		for (uint32_t i = 0; i < k->n_coefficients; i++)
			b->numbers.at[k->first_coefficient + i] *= factor;
		put_program(b, ch, k);
		return;
	}
	ch->factor *= factor;
	ch->offset *= factor;
	ch->has_scale = true;
	ch->type = VALUE_FLOAT;
}

static void
read_gas(struct bench *b, struct bench_channel *ch)
{
	const struct node *n = ch->keys[BENCH_CH_GAS];
	const struct node *const *keys;
	struct bench_gas *g;
	double factor;

	if (!read_is(b, n, NODE_MAP, "a map: {calibrated: N2, flowing: CO2, factor: 0.74}"))
		return;
	keys = protect_keys_of(b, n, schema_gas);
	if (keys[GAS_FACTOR] == NULL || !read_constant(b, keys[GAS_FACTOR], &factor))
		return;
	if (!(factor > 0) || !isfinite(factor)) {
		diag_error(&b->diag, keys[GAS_FACTOR]->at, "out-of-range",
			"a factor of %.9g makes no flow of one; write the maker's factor, above 0",
			factor);
		return;
	}
	g = BENCH_ADD(b->gases);
	g->channel = (uint32_t)(ch - b->channels.at);
	g->calibrated = text_of(b, keys[GAS_CALIBRATED]);
	g->flowing = text_of(b, keys[GAS_FLOWING]);
	g->reference = text_of(b, keys[GAS_REFERENCE]);
	g->factor = ch->gas_factor = factor;
	take_factor(b, ch, factor);
}

void
calibrations_apply(struct bench *b, struct bench_channel *ch)
{
	static const uint8_t rows[] = { BENCH_CH_CALIBRATION, BENCH_CH_GAS };

	for (size_t i = 0; i < NELEM(rows); i++) {
		const struct node *n = ch->keys[rows[i]];

		if (n == NULL)
			continue;
		if (!ch->is_type_open && (ch->type == VALUE_BOOL || ch->type == VALUE_TEXT ||
						 ch->type == VALUE_CHOICE)) {
			diag_error(&b->diag, n->key_at, "conflict",
				"'%s' is a %s and takes no %s; remove it", ch->name,
				value_type_text(ch->type), n->key);
			return;
		}
	}
	if (ch->keys[BENCH_CH_CALIBRATION] != NULL && ch->calibration > 0)
		calibrate(b, ch);
	if (ch->keys[BENCH_CH_GAS] != NULL)
		read_gas(b, ch);
}

/* ---- the way back ---------------------------------------------------------------------------------------------------------- */

static double
poly_value(const struct bench *b, const struct bench_output *o, double x)
{
	double v = 0;

	for (uint32_t i = o->n_coefficients; i-- > 0;)
		v = v * x + b->numbers.at[o->first_coefficient + i];
	return v;
}

double
calibrations_value(const struct bench *b, const struct bench_output *o, double x)
{
	return poly_value(b, o, x);
}

/* Does it only rise, or only fall, from poly_low to poly_high? */
static bool
is_one_way(const struct bench *b, const struct bench_output *o)
{
	double step = (o->poly_high - o->poly_low) / SAMPLES, last = poly_value(b, o, o->poly_low);
	bool rises = poly_value(b, o, o->poly_low + step) > last;

	for (int i = 1; i <= SAMPLES; i++) {
		double v = poly_value(b, o, o->poly_low + i * step);

		if (rises ? !(v > last) : !(v < last))
			return false;
		last = v;
	}
	return true;
}

static bool
invert_line(struct bench *b, struct bench_output *o, const struct bench_calibration *k,
	const struct node *n)
{
	double a0 = b->numbers.at[k->first_coefficient],
	       a1 = b->numbers.at[k->first_coefficient + 1];

	if (!(fabs(a1) > 0)) {
		diag_error(&b->diag, n->at, "conflict",
			"this calibration shows the same whatever is written, so nothing can be "
			"written through it; write a1 other than 0, or remove 'write'");
		return false;
	}
	o->offset -= a0 / a1 * o->factor;
	o->factor /= a1;
	return true;
}

static bool
invert_poly(struct bench *b, struct bench_output *o, const struct bench_calibration *k,
	const struct bench_channel *at, const struct node *n)
{
	double ends[2] = { (at->min - o->offset) / o->factor, (at->max - o->offset) / o->factor };

	if (k->n_coefficients == 2)
		return invert_line(b, o, k, n);
	if (!at->has_range) {
		diag_error(&b->diag, n->at, "missing",
			"a polynomial is written through within a range, and '%s' has none; add "
			"range: [low, high] where it is described, or calibrate with points",
			at->name);
		return false;
	}
	o->first_coefficient = k->first_coefficient;
	o->n_coefficients = k->n_coefficients;
	o->poly_low = fmin(ends[0], ends[1]);
	o->poly_high = fmax(ends[0], ends[1]);
	if (is_one_way(b, o))
		return true;
	o->n_coefficients = 0;
	diag_error(&b->diag, n->at, "conflict",
		"this polynomial turns between %.9g and %.9g, so that a value has several places "
		"and nothing can be written through it; narrow the range of '%s', calibrate with "
		"points that only rise or only fall, or remove 'write'",
		o->poly_low, o->poly_high, at->name);
	o->poly_low = o->poly_high = 0;
	return false;
}

bool
calibrations_invert(struct bench *b, struct bench_output *o)
{
	const struct bench_channel *ch = &b->channels.at[o->channel], *at = &b->channels.at[o->at];
	const struct bench_calibration *k = &b->calibrations.at[ch->calibration - 1];
	const struct node *n = ch->keys[BENCH_CH_CALIBRATION];

	if (o->is_inverted_table) {
		diag_error(&b->diag, n->key_at, "conflict",
			"the scale of '%s' is a table already, and nothing can be written through "
			"two of them; put both into one",
			ch->name);
		return false;
	}
	if (k->n_coefficients > 0)
		return invert_poly(b, o, k, at, n);
	return ch->n_knots > 0 && inverse_table(b, o, ch, n->at);
}
