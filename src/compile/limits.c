/* limits.c - `alarm:` of a channel: the usual limits, each of them an alarm
 *
 *	T_bed: {alarm: {high: 640 degC, hysteresis: 2 K}}      T_bed_high: T_bed > 640 degC, over when T_bed < 638 degC
 *
 * Their conditions are put together as programs at once, since a limit is a number in the channel's unit.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"

#define RATE_NS (60 * NS_PER_S) /* over which a rate is taken: what is shorter is noise */
#define SHUT_NS (5 * NS_PER_S)  /* a valve and its flow may be set one after the other */

/* In the order of the rows of schema_limits. */
static const char *const suffixes[] = { "high", "low", "high_high", "low_low", "deviation",
	"rate" };

static bool
is_above(unsigned limit)
{
	return limit == LIMIT_HIGH || limit == LIMIT_HIGH_HIGH || limit == LIMIT_DEVIATION;
}

static void
name_limit(struct bench *b, uint32_t channel, const struct node *const *keys, unsigned limit)
{
	const struct bench_channel *ch = &b->channels.at[channel];
	char name[160];
	int n = snprintf(name, sizeof(name), "%s_%s", ch->name, suffixes[limit]);
	struct bench_alarm *a;

	if (!text_is_name(name)) {
		diag_error(&b->diag, keys[limit]->key_at, "name",
			"its alarm would be called '%.90s', and a name has at most 63 characters; "
			"give the channel a shorter one, or write the alarm under alarms:",
			name);
		return;
	}
	a = alarms_add(b, tree_text(&b->tree, name, (size_t)n), ch->title, keys[limit]->key_at);
	if (a == NULL)
		return;
	a->keys = keys;
	a->of = channel;
	a->limit = (uint8_t)limit;
}

/* row: BENCH_CH_SHUTOFF or BENCH_CH_VALVE */
static void
name_shutoff(struct bench *b, uint32_t channel, int row)
{
	const struct bench_channel *ch = &b->channels.at[channel];
	struct place at = ch->keys[row]->key_at;
	struct bench_alarm *a;
	char name[160];
	int n = snprintf(
		name, sizeof(name), "%s_%s", ch->name, row == BENCH_CH_VALVE ? "valve" : "shutoff");

	if (!text_is_name(name)) {
		diag_error(&b->diag, at, "name",
			"its alarm would be called '%.90s', and a name has at most 63 characters; "
			"give the channel a shorter one",
			name);
		return;
	}
	a = alarms_add(b, tree_text(&b->tree, name, (size_t)n), ch->title, at);
	if (a == NULL)
		return;
	a->of = channel;
	a->is_shutoff = row == BENCH_CH_SHUTOFF;
	a->is_valve = row == BENCH_CH_VALVE;
}

void
limits_name(struct bench *b)
{
	uint32_t n = b->channels.n; /* those of the alarms come behind them */

	for (uint32_t i = 0; i < n; i++) {
		const struct node *const *keys = b->channels.at[i].keys;
		const struct node *map = keys == NULL ? NULL : keys[BENCH_CH_ALARM];

		if (keys != NULL && b->channels.at[i].scope == NULL &&
			keys[BENCH_CH_SHUTOFF] != NULL && keys[BENCH_CH_WRITE] != NULL)
			name_shutoff(b, i, BENCH_CH_SHUTOFF);
		if (keys != NULL && b->channels.at[i].scope == NULL &&
			keys[BENCH_CH_VALVE] != NULL && keys[BENCH_CH_WRITE] != NULL)
			name_shutoff(b, i, BENCH_CH_VALVE);
		if (map == NULL || !read_is(b, map, NODE_MAP, "a map: {high: 640 degC}"))
			continue;
		keys = protect_keys_of(b, map, schema_limits);
		for (unsigned k = 0; k < NELEM(suffixes); k++)
			if (keys[k] != NULL)
				name_limit(b, i, keys, k);
	}
}

static void
put(struct bench *b, struct bench_cond *c, enum expr_opcode code, union value arg)
{
	*BENCH_ADD(b->code) = (struct expr_op){ .code = code, .arg = arg };
	c->n_ops++;
}

/* `channel > v` or `channel < v`; of a deviation, of its distance from the target. */
static void
put_condition(struct bench *b, const struct bench_alarm *a, uint32_t target, bool is_more, double v,
	struct bench_cond *out)
{
	const struct bench_channel *ch = &b->channels.at[a->of];
	bool is_distance = a->limit == LIMIT_DEVIATION;
	const char *unit = ch->unit_text;
	char number[32], text[320];
	int n;

	*out = (struct bench_cond){ .first_op = b->code.n };
	put(b, out, EXPR_OP_LOAD, (union value){ .i = ch->place });
	if (is_distance) {
		put(b, out, EXPR_OP_LOAD, (union value){ .i = b->channels.at[target].place });
		put(b, out, EXPR_OP_SUB, (union value){ 0 });
		put(b, out, EXPR_OP_ABS, (union value){ 0 });
	}
	put(b, out, EXPR_OP_CONST, (union value){ .f = v });
	put(b, out, is_more ? EXPR_OP_GT : EXPR_OP_LT, (union value){ 0 });
	text_from_double(number, v);
	if (is_distance && ch->unit.is_point && ch->unit.factor == 1)
		unit = "K"; /* of degC */
	n = snprintf(text, sizeof(text), "%s%s%s%s%s %c %s%s%s", is_distance ? "abs(" : "",
		ch->name, is_distance ? " - " : "", is_distance ? ch->name : "",
		is_distance ? ".target)" : "", is_more ? '>' : '<', number, unit == NULL ? "" : " ",
		unit == NULL ? "" : unit);
	out->text = tree_text(&b->tree, text, MIN((size_t)n, sizeof(text) - 1));
}

/* The word of a number among the choices of a channel; of a switch `off`. */
static const char *
word_of(const struct bench *b, const struct bench_channel *ch, int64_t number)
{
	for (uint32_t i = ch->first_choice; i < ch->first_choice + ch->n_choices; i++)
		if (b->choices.at[i].number == number)
			return b->words.at[i];
	return number == 0 ? "off" : "on";
}

void
limits_shutoff(struct bench *b, struct bench_alarm *a)
{
	const struct bench_channel *ch = &b->channels.at[a->of], *valve;
	uint32_t output = names_get(&b->output_names, ch->name);
	const struct bench_output *o;
	char text[320];
	int n;

	a->for_ns = SHUT_NS;
	if (output == NAMES_NONE || b->outputs.at[output].shutoff == IMAGE_NONE)
		return; /* that was told */
	o = &b->outputs.at[output];
	valve = &b->channels.at[b->outputs.at[o->shutoff].channel];
	a->when = (struct bench_cond){ .first_op = b->code.n };
	put(b, &a->when, EXPR_OP_LOAD, (union value){ .i = b->channels.at[o->target].place });
	put(b, &a->when, EXPR_OP_CONST, (union value){ .f = 0 });
	put(b, &a->when, EXPR_OP_GT, (union value){ 0 });
	put(b, &a->when, EXPR_OP_LOAD, (union value){ .i = valve->place });
	put(b, &a->when, EXPR_OP_CONST, (union value){ .f = (double)o->shutoff_is });
	put(b, &a->when, EXPR_OP_EQ, (union value){ 0 });
	put(b, &a->when, EXPR_OP_AND, (union value){ 0 });
	n = snprintf(text, sizeof(text), "%s.target > 0 and %s == %s", ch->name, valve->name,
		word_of(b, valve, o->shutoff_is));
	a->when.text = tree_text(&b->tree, text, MIN((size_t)n, sizeof(text) - 1));
}

/* `target > 0 and valve == number`, or `target <= 0 and ...` */
static void
put_held(struct bench *b, struct bench_cond *c, const struct bench_output *o, bool is_asked,
	const struct bench_channel *valve, int64_t number)
{
	put(b, c, EXPR_OP_LOAD, (union value){ .i = b->channels.at[o->target].place });
	put(b, c, EXPR_OP_CONST, (union value){ .f = 0 });
	put(b, c, is_asked ? EXPR_OP_GT : EXPR_OP_LE, (union value){ 0 });
	put(b, c, EXPR_OP_LOAD, (union value){ .i = valve->place });
	put(b, c, EXPR_OP_CONST, (union value){ .f = (double)number });
	put(b, c, EXPR_OP_EQ, (union value){ 0 });
	put(b, c, EXPR_OP_AND, (union value){ 0 });
}

void
limits_valve(struct bench *b, struct bench_alarm *a)
{
	const struct bench_channel *ch = &b->channels.at[a->of], *valve;
	uint32_t output = names_get(&b->output_names, ch->name);
	const struct bench_output *o;
	int64_t closed, open;
	char text[400];
	int n;

	a->for_ns = SHUT_NS;
	if (output == NAMES_NONE || b->outputs.at[output].valve == IMAGE_NONE)
		return; /* that was told */
	o = &b->outputs.at[output];
	valve = &b->channels.at[b->outputs.at[o->valve].channel];
	if (!valves_number(b, o->valve, false, &closed) || !valves_number(b, o->valve, true, &open))
		return;
	a->when = (struct bench_cond){ .first_op = b->code.n };
	put_held(b, &a->when, o, true, valve, closed);
	put_held(b, &a->when, o, false, valve, open);
	put(b, &a->when, EXPR_OP_OR, (union value){ 0 });
	n = snprintf(text, sizeof(text),
		"%s.target > 0 and %s == closed or %s.target <= 0 and %s == open", ch->name,
		valve->name, ch->name, valve->name);
	a->when.text = tree_text(&b->tree, text, MIN((size_t)n, sizeof(text) - 1));
}

/* What a limit and its neighbour, which lies farther out, have to be. */
static void
check_order(struct bench *b, const struct bench_alarm *a, double v)
{
	static const uint8_t inner_of[] = { [LIMIT_HIGH] = LIMIT_LOW,
		[LIMIT_HIGH_HIGH] = LIMIT_HIGH,
		[LIMIT_LOW_LOW] = LIMIT_LOW };
	const struct node *inner;
	double other;

	if (a->limit != LIMIT_HIGH && a->limit != LIMIT_HIGH_HIGH && a->limit != LIMIT_LOW_LOW)
		return;
	inner = a->keys[inner_of[a->limit]];
	if (inner != NULL && read_quantity(b, inner, &b->channels.at[a->of], false, &other) &&
		(is_above(a->limit) ? v <= other : v >= other))
		diag_error(&b->diag, a->keys[a->limit]->at, "out-of-range",
			"%s is not %s than %s; change one of them", suffixes[a->limit],
			is_above(a->limit) ? "more" : "less", suffixes[inner_of[a->limit]]);
}

/* How far a value has to come back; 1 % of the range when it is left out. */
static double
hysteresis(struct bench *b, const struct bench_channel *ch, const struct node *n)
{
	double v = ch->has_range ? (ch->max - ch->min) / 100 : 0;

	if (n != NULL && read_quantity(b, n, ch, true, &v) && v < 0)
		diag_error(&b->diag, n->at, "out-of-range",
			"a distance is not below 0; write 0 or more");
	return v;
}

/* abs(slope(channel, 1 min)) > v; over when it is a tenth less. */
static void
put_rate(struct bench *b, const struct bench_alarm *a, bool is_more, double v, const char *said,
	struct bench_cond *out)
{
	const struct bench_channel *ch = &b->channels.at[a->of];
	char text[320];
	int n;

	*out = (struct bench_cond){ .first_op = b->code.n };
	put(b, out, EXPR_OP_LOAD, (union value){ .i = ch->place });
	put(b, out, EXPR_OP_SLOPE, (union value){ .i = b->n_cells });
	b->code.at[b->code.n - 1].arg2 = RATE_NS;
	b->n_cells += expr_cells(&b->code.at[b->code.n - 1]);
	put(b, out, EXPR_OP_ABS, (union value){ 0 });
	put(b, out, EXPR_OP_CONST, (union value){ .f = v });
	put(b, out, is_more ? EXPR_OP_GT : EXPR_OP_LT, (union value){ 0 });
	n = snprintf(text, sizeof(text), "abs(slope(%s, 1 min)) %c %.60s%s", ch->name,
		is_more ? '>' : '<', said, is_more ? "" : " * 0.9");
	out->text = tree_text(&b->tree, text, MIN((size_t)n, sizeof(text) - 1));
}

static void
limits_rate(struct bench *b, struct bench_alarm *a, const struct node *n)
{
	const struct bench_channel *ch = &b->channels.at[a->of];
	const char *said = read_text(b, n);
	double v;

	if (said == NULL || ch->is_unit_open || !outputs_change(b, ch, n, &v))
		return;
	put_rate(b, a, true, v, said, &a->when);
	put_rate(b, a, false, v * 0.9, said, &a->clear);
}

void
limits_read(struct bench *b, struct bench_alarm *a)
{
	const struct bench_channel *ch = &b->channels.at[a->of];
	const struct node *n = a->keys[a->limit];
	bool is_distance = a->limit == LIMIT_DEVIATION, is_more = is_above(a->limit);
	uint32_t output = names_get(&b->output_names, ch->name), target = IMAGE_NONE;
	double v, back;

	if (!ch->is_type_open &&
		(ch->type == VALUE_BOOL || ch->type == VALUE_TEXT || ch->type == VALUE_CHOICE)) {
		diag_error(&b->diag, n->key_at, "conflict",
			"'%s' is a %s and has no limits; write a condition under alarms:", ch->name,
			value_type_text(ch->type));
		return;
	}
	if (is_distance && output == NAMES_NONE) {
		diag_error(&b->diag, n->key_at, "conflict",
			"'%s' has no target to deviate from; add write: or pid:, or remove "
			"'deviation'",
			ch->name);
		return;
	}
	if (a->limit == LIMIT_RATE) {
		limits_rate(b, a, n);
		return;
	}
	if (is_distance)
		target = b->outputs.at[output].target;
	back = hysteresis(b, ch, a->keys[LIMIT_HYSTERESIS]);
	if (!read_quantity(b, n, ch, is_distance, &v))
		return;
	if (is_distance && v <= 0)
		diag_error(&b->diag, n->at, "out-of-range",
			"a deviation is more than 0; write one such as 5 K");
	check_order(b, a, v);
	put_condition(b, a, target, is_more, v, &a->when);
	if (back > 0)
		put_condition(b, a, target, !is_more, is_more ? v - back : v + back, &a->clear);
}
