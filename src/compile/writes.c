/* writes.c - the outputs of the bench, which are its channels with `write:`: where they are written, how fast, what they can do */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "compile/bench.h"
#include "compile/read.h"
#include "compile/units.h"
#include "model/unit.h"

static const struct node *
key_of(const struct bench *b, const struct bench_output *o, int key)
{
	return b->channels.at[o->channel].keys[key];
}

static bool
is_number(const struct bench_channel *ch)
{
	return ch->type != VALUE_BOOL && ch->type != VALUE_CHOICE && ch->type != VALUE_TEXT;
}

static bool
is_open(const struct bench_channel *ch)
{
	return ch->is_type_open || ch->is_unit_open;
}

/* ---- names ----------------------------------------------------------------------------------------------------------------- */

/* "T_furn.target", of an output that was called otherwise once also under that name. */
static uint32_t
add_state(struct bench *b, uint32_t channel, const char *word, enum image_state kind)
{
	const struct bench_channel *ch = &b->channels.at[channel];
	bool is_alike = kind == STATE_TARGET || kind == STATE_WORKING;
	const char *was = ch->was;
	char full[270];
	int n = snprintf(full, sizeof(full), "%.63s.%s", ch->name, word);
	uint32_t i = channels_add_state(
		b, tree_text(&b->tree, full, (size_t)n), kind, is_alike ? ch : NULL);

	b->channels.at[i].at = b->channels.at[channel].at;
	if (was[0] != '\0') {
		n = snprintf(full, sizeof(full), "%.200s.%s", was, word);
		b->channels.at[i].was = tree_text(&b->tree, full, (size_t)n);
	}
	return i;
}

void
outputs_declare(struct bench *b)
{
	for (uint32_t i = 0, n = b->channels.n; i < n; i++) {
		const struct bench_channel *ch = &b->channels.at[i];
		struct bench_output *o;
		uint32_t k = names_get(&b->instrument_names, ch->name);

		if (ch->keys == NULL || ch->scope != NULL ||
			(ch->keys[BENCH_CH_WRITE] == NULL && ch->keys[BENCH_CH_PATTERN] == NULL &&
				ch->keys[BENCH_CH_PID] == NULL))
			continue;
		if (b->outputs.n == IMAGE_OUTPUTS_MAX) {
			diag_error(&b->diag, ch->at, "too-large",
				"more than %d outputs; split the bench into several",
				IMAGE_OUTPUTS_MAX);
			break;
		}
		if (k != NAMES_NONE)
			diag_error(&b->diag, ch->at, "name",
				"'%s' is an instrument, too, and the output has channels such as "
				"'%s.target'; give one of them another name",
				ch->name, ch->name);
		o = BENCH_ADD(b->outputs);
		o->name = ch->name;
		o->channel = i;
		o->at = o->shutoff = o->valve = o->progress = IMAGE_NONE;
		names_put(&b->output_names, o->name, b->outputs.n - 1);
		o->target = add_state(b, i, "target", STATE_TARGET);
		o->working = add_state(b, i, "working", STATE_WORKING);
		o->owner = add_state(b, i, "owner", STATE_OWNER);
		o->mode = add_state(b, i, "mode", STATE_MODE);
	}
	if (b->outputs.n == 0)
		return;
	b->bench_state = channels_add_state(b, "mbc.bench", STATE_BENCH, NULL);
	b->channels.at[b->bench_state].at = b->channels.at[b->outputs.at[0].channel].at;
}

uint32_t
outputs_find(struct bench *b, const struct node *n)
{
	const char *name = read_text(b, n);
	uint32_t i = name == NULL ? NAMES_NONE : names_get(&b->output_names, name);
	char near[96];

	if (i != NAMES_NONE || name == NULL)
		return i;
	if (names_get(&b->channel_names, name) != NAMES_NONE) {
		diag_error(&b->diag, n->at, "unknown-channel",
			"'%.127s' is a channel that is not written; name a channel of the bench "
			"with write: INSTRUMENT.CHANNEL",
			name);
		return NAMES_NONE;
	}
	read_suggest(b, &b->output_names, name, near);
	diag_error(&b->diag, n->at, "unknown-channel",
		"no output is named '%.63s'; %sname a channel of the bench with write: "
		"INSTRUMENT.CHANNEL",
		name, near);
	return NAMES_NONE;
}

/* The number of a choice; *out_words (100 bytes) lists all for who gave another word. */
static bool
find_choice(const struct bench *b, const struct bench_channel *ch, const char *word, int64_t *out,
	char *out_words)
{
	size_t used = 0;

	out_words[0] = '\0';
	for (uint32_t i = ch->first_choice; i < ch->first_choice + ch->n_choices; i++) {
		if (strcmp(b->words.at[i], word) == 0) {
			*out = b->choices.at[i].number;
			return true;
		}
		if (used < 100)
			used += (size_t)snprintf(out_words + used, 100 - used, "%s%s",
				i == ch->first_choice ? "" : ", ", b->words.at[i]);
	}
	return false;
}

static bool
number_value(struct bench *b, const struct bench_output *o, const struct bench_channel *ch,
	const struct node *n, double *out)
{
	if (ch->is_unit_open || !read_quantity(b, n, ch, false, out))
		return false;
	if (o == NULL || !o->has_limits || (*out >= o->min && *out <= o->max))
		return true;
	diag_error(&b->diag, n->at, "out-of-range",
		"'%.40s' lies outside of %.9g to %.9g%s%s, the limits of '%s'; write a value "
		"within",
		n->text, o->min, o->max, ch->unit_text == NULL ? "" : " ",
		ch->unit_text == NULL ? "" : ch->unit_text, ch->name);
	return false;
}

bool
outputs_value(struct bench *b, uint32_t output, const struct node *n, double *out)
{
	const struct bench_output *o = &b->outputs.at[output];

	return outputs_value_of(b, o, &b->channels.at[o->channel], n, out);
}

bool
outputs_value_of(struct bench *b, const struct bench_output *o, const struct bench_channel *ch,
	const struct node *n, double *out)
{
	const char *text = read_text(b, n);
	char words[100];
	int64_t number;
	bool yes;

	if (text == NULL || ch->is_type_open)
		return false;
	if (ch->type == VALUE_BOOL) {
		if (!read_bool(b, n, &yes))
			return false;
		*out = yes;
		return true;
	}
	if (ch->type != VALUE_CHOICE)
		return ch->type != VALUE_TEXT && number_value(b, o, ch, n, out);
	if (!find_choice(b, ch, text, &number, words)) {
		if (ch->n_choices > 0)
			diag_error(&b->diag, n->at, "wrong-value",
				"'%.40s' is no choice of '%s'; write one of %s", text, ch->name,
				words);
		return false;
	}
	*out = (double)number;
	return true;
}

/* ---- how fast -------------------------------------------------------------------------------------------------------------- */

/* "K/min" for a channel in degC: an example of what belongs there. */
static void
example_rate(char *out, size_t cap, const struct bench_channel *ch)
{
	snprintf(out, cap, "%.60s/min",
		ch->unit_text == NULL ? "1"
		: ch->unit.is_point   ? "K"
				      : ch->unit_text);
}

bool
outputs_rate(struct bench *b, const struct bench_channel *ch, const struct unit *per,
	const char *what, const char *example, const struct node *n, double *out)
{
	const char *text = read_text(b, n), *unit_text;
	struct unit unit, wanted;
	double v, factor, offset;
	struct err err;

	if (text == NULL)
		return false;
	if (!read_split(text, &v, &unit_text) || *unit_text == '\0') {
		diag_error(&b->diag, n->at, "unit",
			"'%.40s' is no %s; write a number and its unit: 20 %s", text, what,
			example);
		return false;
	}
	if (units_parse(unit_text, &unit, &err) < 0) {
		diag_error(&b->diag, n->at, "unit", "%s", err.msg);
		return false;
	}
	if (!unit_combine(&ch->unit, per, -1, &wanted) || unit.is_point ||
		!unit_same_dim(&unit, &wanted)) {
		diag_error(&b->diag, n->at, "unit",
			"'%.40s' does not fit '%s', whose unit is %s; write its %s: 20 %s", text,
			ch->name, ch->unit_text == NULL ? "none" : ch->unit_text, what, example);
		return false;
	}
	unit_conversion(&unit, &wanted, &factor, &offset);
	*out = v * factor;
	return true;
}

/* A change per time into the channel's unit a second. */
bool
outputs_change(struct bench *b, const struct bench_channel *ch, const struct node *n, double *out)
{
	char example[80];

	double v;

	example_rate(example, sizeof(example), ch);
	if (!outputs_rate(b, ch, &unit_second, "change per time", example, n, &v))
		return false;
	if (v > 0) {
		*out = v;
		return true;
	}
	diag_error(&b->diag, n->at, "out-of-range",
		"'%.40s' never arrives; write a change above 0, without a sign", n->text);
	return false;
}

static void
read_ramp(struct bench *b, struct bench_output *o)
{
	const struct bench_channel *ch = &b->channels.at[o->channel];
	const struct node *n = ch->keys[BENCH_CH_RAMP];

	if (n == NULL || is_open(ch))
		return;
	if (!is_number(ch)) {
		diag_error(&b->diag, n->key_at, "conflict",
			"'%s' is a %s and moves at once; remove 'ramp'", ch->name,
			value_type_text(ch->type));
		return;
	}
	if (n->kind == NODE_SCALAR && strcmp(n->text, "device") == 0) {
		diag_error(&b->diag, n->at, "missing",
			"nothing says how fast, and where the device takes that; write ramp: {max: "
			"20 K/min, by: device, rate: INSTRUMENT.CHANNEL}");
		return;
	}
	if (n->kind == NODE_SCALAR) {
		outputs_change(b, ch, n, &o->ramp);
	} else if (read_is(b, n, NODE_MAP, "a change per time, or a map: {max: 20 K/min}")) {
		ramps_read(b, o, n);
	}
}

/* ---- what it can do -------------------------------------------------------------------------------------------------------- */

static void
read_words(struct bench *b, struct bench_output *o)
{
	static const int rows[] = { BENCH_CH_HAZARD, BENCH_CH_FAILS };
	int found[NELEM(rows)] = { 0 };

	for (size_t i = 0; i < NELEM(rows); i++) {
		const struct key *row = &schema_channel[rows[i]];
		const struct node *n = key_of(b, o, rows[i]);
		const char *word = n == NULL ? NULL : read_word(b, n, row);

		for (int k = 0; word != NULL && row->words[k] != NULL; k++)
			if (row->words[k] == word)
				found[i] = k + 1; /* as the enums count, from "none" */
	}
	o->hazard = (enum image_hazard)found[0];
	o->fails = (enum image_fails)found[1];
}

/* The value at which a valve is shut: that of a choice, or 0. */
static bool
find_shut(struct bench *b, const struct bench_channel *valve, const struct node *n, int64_t *out)
{
	char words[100];

	*out = 0;
	if (valve->type != VALUE_CHOICE || valve->is_type_open || valve->n_choices == 0)
		return true;
	if ((find_choice(b, valve, "closed", out, words) ||
		    find_choice(b, valve, "off", out, words)) &&
		*out >= 0 && *out < IMAGE_NONE)
		return true;
	diag_error(&b->diag, n->at, "choices",
		"'%s' can be %.80s, and none of them is known as shut; call that choice closed or "
		"off",
		valve->name, words);
	return false;
}

static void
read_shutoff(struct bench *b, struct bench_output *o)
{
	const struct node *n = key_of(b, o, BENCH_CH_SHUTOFF);
	uint32_t valve = n == NULL ? NAMES_NONE : outputs_find(b, n);

	if (valve == NAMES_NONE)
		return;
	if (&b->outputs.at[valve] == o) {
		diag_error(&b->diag, n->at, "circle",
			"a flow is not shut off by itself; name the valve before or behind it");
		return;
	}
	if (find_shut(b, &b->channels.at[b->outputs.at[valve].channel], n, &o->shutoff_is))
		o->shutoff = valve;
}

/* Heat without a highest value is no setpoint but an accident. */
static void
check_limits(struct bench *b, const struct bench_output *o)
{
	const struct bench_channel *ch = &b->channels.at[o->channel];

	if (o->has_limits || !is_number(ch) || ch->keys[CH_RANGE] != NULL)
		return;
	if (o->hazard != HAZARD_NONE)
		diag_error(&b->diag, ch->at, "missing",
			"'%s' can hurt (hazard: %s) and takes any value; add range: [low, high]",
			ch->name, schema_channel[BENCH_CH_HAZARD].words[o->hazard - 1]);
	else
		diag_warn(&b->diag, ch->at, "missing",
			"'%s' takes any value; give it range: [low, high]", ch->name);
}

/* ---- where ----------------------------------------------------------------------------------------------------------------- */

/* The channel of an instrument that is written. */
uint32_t
outputs_place(struct bench *b, const struct bench_output *o, const struct node *n)
{
	const struct bench_channel *own = &b->channels.at[o->channel], *ch;
	const char *name = read_text(b, n);
	uint32_t i = name == NULL ? NAMES_NONE : names_get(&b->channel_names, name);
	char near[96];

	if (name == NULL || (i == NAMES_NONE && channels_is_of_open(b, name)))
		return IMAGE_NONE;
	if (i == NAMES_NONE) {
		read_suggest(b, &b->channel_names, name, near);
		if (own->keys[CH_READ] != n) /* else its reading has told it */
			diag_error(&b->diag, n->at, "unknown-channel",
				"no channel is named '%.127s'; %swrite INSTRUMENT.CHANNEL", name,
				near);
		return IMAGE_NONE;
	}
	ch = &b->channels.at[i];
	if (ch->source_kind == SOURCE_POINT && ch->keys == NULL && ch->is_writable &&
		ch->type != VALUE_TEXT)
		return i;
	if (ch->source_kind == SOURCE_POINT && ch->keys == NULL && !ch->is_writable &&
		(ch->has_odd_keys || b->points.at[ch->source].write_at.line > 0))
		return IMAGE_NONE; /* that was told */
	if (ch->source_kind == SOURCE_POINT && ch->keys == NULL && ch->is_writable)
		diag_error(&b->diag, n->at, "conflict",
			"'%s' is a text, and outputs are numbers, truths and choices; write "
			"another "
			"channel",
			ch->name);
	else
		diag_error(&b->diag, n->at, "unknown-channel",
			"'%s' cannot be written; name a channel of an instrument that has write: "
			"in "
			"its description",
			ch->name);
	return IMAGE_NONE;
}

/* Two outputs on one place would pull at it without end. */
static bool
is_alone(struct bench *b, const struct bench_output *o, uint32_t *writer)
{
	uint32_t index = (uint32_t)(o - b->outputs.at), *first = &writer[o->at];

	if (*first == 0) {
		*first = index + 1;
		return true;
	}
	if (*first == IMAGE_NONE)
		diag_error(&b->diag, key_of(b, o, BENCH_CH_WRITE)->at, "conflict",
			"'%s' is the heartbeat, and nothing else may move that; write another "
			"channel",
			b->channels.at[o->at].name);
	else if (b->outputs.at[*first - 1].n_parts > 0)
		diag_error(&b->diag, key_of(b, o, BENCH_CH_WRITE)->at, "conflict",
			"'%s' is a part of the pattern '%s' and is written by that alone; set "
			"'%s', or take it out of there",
			b->channels.at[o->at].name, b->outputs.at[*first - 1].name,
			b->outputs.at[*first - 1].name);
	else
		diag_error(&b->diag, key_of(b, o, BENCH_CH_WRITE)->at, "conflict",
			"'%s' is written by '%s' already; let one output write it",
			b->channels.at[o->at].name, b->outputs.at[*first - 1].name);
	return false;
}

/* What the device needs: as its channel says it, or as this bench does. */
static void
read_needs(struct bench *b, struct bench_output *o)
{
	static const struct output_rows rows = { schema_channel, BENCH_CH_WRITE, BENCH_CH_REFRESH,
		BENCH_CH_VERIFY, BENCH_CH_MAX_WRITES, BENCH_CH_CONFIRM };
	const struct node *refresh = key_of(b, o, BENCH_CH_REFRESH),
			  *most = key_of(b, o, BENCH_CH_MAX_WRITES);
	struct bench_channel *ch = &b->channels.at[o->channel];
	const struct bench_channel *at = &b->channels.at[o->at];

	outputs_needs(b, o->channel, ch->keys, &rows);
	o->refresh_ns = refresh != NULL ? ch->refresh_ns : at->refresh_ns;
	o->max_writes = most != NULL ? ch->max_writes : at->max_writes;
	o->confirm = ch->keys[BENCH_CH_CONFIRM] != NULL ? ch->confirm : at->confirm;
	ch->confirm = o->confirm;
	if (refresh != NULL || most != NULL)
		outputs_check_wear(
			b, refresh != NULL ? refresh : most, o->refresh_ns, o->max_writes);
}

/* By how much a step of one on the wire changes the channel, at most. */
static double
largest_step(const struct bench *b, const struct bench_channel *at)
{
	const struct image_knot *k = b->knots.at + at->first_knot;
	double most = 0;

	if (at->n_knots == 0)
		return at->has_scale ? fabs(at->factor) : 1;
	for (uint32_t i = 1; i < at->n_knots; i++)
		most = fmax(most, fabs((k[i].to - k[i - 1].to) / (k[i].from - k[i - 1].from)));
	return most;
}

double
outputs_rounding(const struct bench *b, const struct bench_channel *at)
{
	const struct point *p = &b->points.at[at->source].codec_part;

	return is_number(at) && (p->value == VALUE_INT || p->value == VALUE_UINT)
		       ? largest_step(b, at) / 2
		       : 0;
}

/* How far what is read back may lie from what was written by nothing but the rounding of the wire. */
static double
wire_rounding(const struct bench *b, const struct bench_output *o)
{
	const struct bench_channel *at = &b->channels.at[o->at];
	const struct point *p = &b->points.at[at->source].codec_part;
	double ends[2] = { o->min * o->factor + o->offset, o->max * o->factor + o->offset };

	if (!is_number(at))
		return 0;
	if (p->value == VALUE_INT || p->value == VALUE_UINT)
		return outputs_rounding(b, at);
	if (p->value == VALUE_FLOAT32 && o->has_limits && !o->is_inverted_table &&
		o->n_coefficients == 0)
		return fmax(fabs(ends[0]), fabs(ends[1])) * 1e-6;
	return 0;
}

/* What can be read is read back. */
static void
read_back(struct bench *b, struct bench_output *o)
{
	const struct bench_channel *ch = &b->channels.at[o->channel], *at = &b->channels.at[o->at];
	const struct point *p = &b->points.at[at->source].codec_part;
	const struct node *n = ch->keys[BENCH_CH_VERIFY];
	const struct bench_channel *from = n != NULL ? ch : at;

	o->has_verify = !p->is_write_only && (n == NULL || ch->verify_tries > 0);
	if (n != NULL && p->is_write_only && ch->verify_tries > 0)
		diag_error(&b->diag, n->key_at, "conflict",
			"'%s' can only be written, so nothing can be read back; remove 'verify'",
			at->name);
	if (!o->has_verify)
		return;
	o->verify_tries = from->verify_tries > 0 ? from->verify_tries : 3;
	o->verify_after_ns = from->verify_after_ns;
	o->verify_within = from->verify_within * (from == ch ? fabs(o->factor) : 1);
	if (from == ch && (o->is_inverted_table || o->n_coefficients > 0) && o->verify_within > 0)
		diag_error(&b->diag, n->key_at, "conflict",
			"through a table no distance stays the same; say 'within' where '%s' is "
			"described",
			at->name);
	o->verify_within = fmax(o->verify_within, wire_rounding(b, o));
}

static void
resolve(struct bench *b, struct bench_output *o, uint32_t *writer)
{
	const struct bench_channel *ch = &b->channels.at[o->channel];

	read_words(b, o);
	if (ch->keys[BENCH_CH_PATTERN] != NULL) {
		read_ramp(b, o);
		patterns_resolve(b, o, writer);
		return;
	}
	if (ch->keys[BENCH_CH_PID] != NULL) {
		read_ramp(b, o);
		loops_resolve_output(b, o);
		check_limits(b, o);
		return;
	}
	if (ch->keys[BENCH_CH_CALC] != NULL) {
		diag_error(&b->diag, ch->keys[BENCH_CH_WRITE]->key_at, "conflict",
			"what is calculated is not written; remove one of them, or calculate in a "
			"channel of its own");
		return;
	}
	o->at = outputs_place(b, o, ch->keys[BENCH_CH_WRITE]);
	read_ramp(b, o);
	if (o->at == IMAGE_NONE || !is_alone(b, o, writer) || is_open(ch) ||
		is_open(&b->channels.at[o->at]) || !inverse_find(b, o))
		return;
	read_needs(b, o);
	read_back(b, o);
	check_limits(b, o);
	ramps_resolve(b, o, writer);
	power_holdback(b, (uint32_t)(o - b->outputs.at));
	patterns_read_ends(b, o);
}

/* Keys of an output at a channel that is none. */
static void
check_others(struct bench *b, const struct bench_channel *ch)
{
	for (int row = BENCH_CH_RAMP; row < BENCH_CH_ROWS; row++)
		if (ch->keys[row] != NULL)
			diag_error(&b->diag, ch->keys[row]->key_at, "conflict",
				"'%s' is not written; add write:, or remove '%s'", ch->name,
				ch->keys[row]->key);
}

void
outputs_resolve(struct bench *b)
{
	uint32_t *writer = mem_zero(b->channels.n, sizeof(*writer)); /* [channel], 1 + output */

	if (b->heartbeat.keys != NULL && b->heartbeat.channel != IMAGE_NONE)
		writer[b->heartbeat.channel] = IMAGE_NONE;
	for (uint32_t i = 0; i < b->outputs.n; i++)
		resolve(b, &b->outputs.at[i], writer);
	loops_resolve(b);
	ramps_check_loops(b);
	for (uint32_t i = 0; i < b->outputs.n; i++)
		read_shutoff(b, &b->outputs.at[i]);
	valves_resolve(b);
	for (uint32_t i = 0; i < b->channels.n; i++) {
		const struct bench_channel *ch = &b->channels.at[i];

		if (ch->keys != NULL && ch->scope == NULL && ch->keys[BENCH_CH_WRITE] == NULL &&
			ch->keys[BENCH_CH_PATTERN] == NULL && ch->keys[BENCH_CH_PID] == NULL &&
			!ch->has_odd_keys)
			check_others(b, ch);
	}
	free(writer);
}
