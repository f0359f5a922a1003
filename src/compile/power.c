/* power.c - what tells that mains is lost, and what happens after an outage: rows, of which the first that holds is taken */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "compile/bench.h"
#include "compile/read.h"
#include "compile/units.h"
#include "model/unit.h"

#define SCOPE "restore" /* its word `outage` is the channel restore.outage */
#define HOLDBACK_K 20

/* ---- names ----------------------------------------------------------------------------------------------------------------- */

static void
add_last(struct bench *b, const char *name, struct place at)
{
	uint32_t i = names_get(&b->channel_names, name), state;
	char full[270];
	int n = snprintf(full, sizeof(full), "%.250s.last", name);

	if (i == NAMES_NONE)
		return; /* its condition tells it */
	state = names_get(&b->channel_names, full);
	for (uint32_t k = 0; k < b->lasts.n; k++)
		if (b->lasts.at[k].state == state)
			return;
	if (state != NAMES_NONE) {
		diag_error(&b->diag, at, "name",
			"last(%.63s) would be the channel '%.80s', and there is one of that name; "
			"rename it",
			name, full);
		return;
	}
	state = channels_add_state(
		b, tree_text(&b->tree, full, (size_t)n), STATE_LAST, &b->channels.at[i]);
	*BENCH_ADD(b->lasts) = (struct image_last){ .channel = i, .state = state };
}

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* Each last(NAME) of a condition, before it can be read: the channels that it stands for have to be there first. */
static void
declare_lasts(struct bench *b, const struct node *when)
{
	const char *text = when->text, *p = text;

	while ((p = strstr(p, "last")) != NULL) {
		bool is_word = p == text || !is_name(p[-1]);
		const char *from = p + 4;
		char name[200];
		size_t n = 0;

		p = from;
		from += strspn(from, " \t\n");
		if (!is_word || *from != '(')
			continue;
		from++;
		from += strspn(from, " \t\n");
		while (is_name(from[n]) && n + 1 < sizeof(name))
			n++;
		memcpy(name, from, n);
		name[n] = '\0';
		add_last(b, name, when->at);
	}
}

void
power_declare(struct bench *b, const struct node *rows)
{
	if (rows == NULL)
		return;
	b->restoring = channels_add_state(b, "mbc.restore", STATE_RESTORE, NULL);
	b->outage = channels_add_state(b, SCOPE ".outage", STATE_OUTAGE, NULL);
	b->channels.at[b->restoring].at = b->channels.at[b->outage].at = rows->key_at;
	b->channels.at[b->outage].type = VALUE_FLOAT;
	b->channels.at[b->outage].unit = unit_second;
	b->channels.at[b->outage].unit_text = "s";
	for (const struct node *n = rows->first; n != NULL; n = n->next) {
		const struct node *when =
			n->kind == NODE_MAP ? tree_get(&b->tree, n, schema_power_row[ROW_WHEN].name)
					    : NULL;

		if (when != NULL && when->kind == NODE_SCALAR)
			declare_lasts(b, when);
	}
}

/* ---- mains ----------------------------------------------------------------------------------------------------------------- */

/* A channel that is on or off; IMAGE_NONE: that was told. */
static uint32_t
read_switch(struct bench *b, const struct node *n)
{
	const char *name = n == NULL ? NULL : read_text(b, n);
	uint32_t i = name == NULL ? NAMES_NONE : names_get(&b->channel_names, name);
	char near[96];

	if (name == NULL || (i == NAMES_NONE && channels_is_of_open(b, name)))
		return IMAGE_NONE;
	if (i == NAMES_NONE) {
		read_suggest(b, &b->channel_names, name, near);
		diag_error(&b->diag, n->at, "unknown-channel",
			"no channel is named '%.127s'; %swrite INSTRUMENT.CHANNEL or the name of "
			"a channel of the bench",
			name, near);
		return IMAGE_NONE;
	}
	if (b->channels.at[i].type == VALUE_BOOL || b->channels.at[i].is_type_open)
		return i;
	diag_error(&b->diag, n->at, "wrong-value",
		"'%s' is not on or off; name a bool, or make one of it: channels: {mains: {calc: "
		"%s == ...}}",
		b->channels.at[i].name, b->channels.at[i].name);
	return IMAGE_NONE;
}

void
power_resolve(struct bench *b, const struct node *n)
{
	const struct node *const *keys;

	b->power.mains = b->power.low = IMAGE_NONE;
	if (n == NULL || !read_is(b, n, NODE_MAP, "a map: {mains: ups.online, low: ups.low}"))
		return;
	keys = protect_keys_of(b, n, schema_power);
	b->power.mains = read_switch(b, keys[POWER_MAINS]);
	b->power.low = read_switch(b, keys[POWER_LOW]);
	read_span(b, keys[POWER_FOR], &schema_power[POWER_FOR], &b->power.for_ns);
	b->power.is_watched = 1;
	if (b->outputs.n == 0)
		diag_warn(&b->diag, n->key_at, "unused",
			"the bench writes nothing, so an outage changes nothing in it; remove "
			"power:, or warn people with an alarm");
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------ */

static struct image_power_output *
output_of(struct bench *b, struct bench_power_row *r, uint32_t output)
{
	struct image_power_output *o;

	for (uint32_t i = 0; i < r->n_outputs; i++)
		if (b->power_outputs.at[r->first_output + i].output == output)
			return &b->power_outputs.at[r->first_output + i];
	r->n_outputs++;
	o = BENCH_ADD(b->power_outputs);
	o->output = output;
	return o;
}

static void
read_named(struct bench *b, struct bench_power_row *r, const struct node *n)
{
	uint32_t output = outputs_find(b, n);

	if (output != NAMES_NONE)
		output_of(b, r, output)->is_named = 1;
}

static void
read_with(struct bench *b, struct bench_power_row *r, const struct node *n)
{
	if (n == NULL)
		return;
	if (r->what != POWER_CONTINUE && r->what != POWER_RAMP)
		diag_error(&b->diag, n->key_at, "conflict",
			"nothing comes back by this row, so 'with' says nothing; remove it");
	if (n->kind == NODE_SCALAR)
		read_named(b, r, n);
	else if (read_is(b, n, NODE_LIST, "a list of outputs: [V_H2]"))
		for (const struct node *k = n->first; k != NULL; k = k->next)
			read_named(b, r, k);
}

static bool
is_number(const struct bench_channel *ch)
{
	return ch->type != VALUE_BOOL && ch->type != VALUE_CHOICE && ch->type != VALUE_TEXT &&
	       !ch->is_type_open && !ch->is_unit_open;
}

/* `at: 5 K/min`: each output whose change per time is of that kind. */
static void
read_at(struct bench *b, struct bench_power_row *r, const struct node *n)
{
	const char *text = read_text(b, n), *unit_text;
	struct unit unit, wanted;
	double v, factor, offset;
	bool is_any = false;
	struct err err;

	if (text == NULL)
		return;
	if (!read_split(text, &v, &unit_text) || *unit_text == '\0' || !(v > 0)) {
		diag_error(&b->diag, n->at, "unit",
			"'%.40s' is no change per time; write a number above 0 and its unit: 5 "
			"K/min",
			text);
		return;
	}
	if (units_parse(unit_text, &unit, &err) < 0) {
		diag_error(&b->diag, n->at, "unit", "%s", err.msg);
		return;
	}
	for (uint32_t i = 0; i < b->outputs.n; i++) {
		const struct bench_channel *ch = &b->channels.at[b->outputs.at[i].channel];

		if (!is_number(ch) || !unit_combine(&ch->unit, &unit_second, -1, &wanted) ||
			!unit_same_dim(&unit, &wanted))
			continue;
		unit_conversion(&unit, &wanted, &factor, &offset);
		output_of(b, r, i)->ramp = v * factor;
		is_any = true;
	}
	if (!is_any)
		diag_error(&b->diag, n->at, "unit",
			"no output changes in %.40s; write the change per time of one: 5 K/min for "
			"one in degC",
			unit_text);
}

static void
read_do(struct bench *b, struct bench_power_row *r, const struct node *n)
{
	const char *text = read_text(b, n);

	r->what = POWER_SAFE;
	r->to = IMAGE_NONE;
	if (text == NULL)
		return;
	if (strcmp(text, "continue") == 0)
		r->what = POWER_CONTINUE;
	else if (strcmp(text, "ramp back") == 0)
		r->what = POWER_RAMP;
	else if (strcmp(text, "ask") == 0)
		r->what = POWER_ASK;
	else if (names_get(&b->safe_state_names, text) != NAMES_NONE)
		r->to = names_get(&b->safe_state_names, text);
	else
		diag_error(&b->diag, n->at, "wrong-value",
			"'%.40s' is nothing that can be done after an outage; write continue, "
			"ramp back, ask, or the name of a safe state",
			text);
}

static void
missing(struct bench *b, const struct node *n, const char *key, const char *example)
{
	diag_error(&b->diag, n->at, "missing", "'%s' is missing; add %s", key, example);
}

/* {when: CONDITION, do: continue} */
static void
read_row(struct bench *b, const struct node *n, const struct node *const *keys)
{
	struct bench_power_row *r = BENCH_ADD(b->power_rows);

	r->first_output = b->power_outputs.n;
	r->to = IMAGE_NONE;
	if (keys[ROW_WHEN] == NULL)
		missing(b, n, "when", "when: outage < 30 s, or write otherwise: SAFE_STATE");
	else if (channels_condition(b, keys[ROW_WHEN], SCOPE, &r->when.first_op, &r->when.n_ops))
		r->when.text = conditions_line(b, keys[ROW_WHEN]->text);
	if (keys[ROW_DO] == NULL) {
		missing(b, n, "do", "do: continue, ramp back, ask, or a safe state");
		return;
	}
	read_do(b, r, keys[ROW_DO]);
	if (r->what == POWER_RAMP && keys[ROW_AT] == NULL)
		missing(b, n, "at", "at: 5 K/min, how fast outputs come back");
	else if (r->what != POWER_RAMP && keys[ROW_AT] != NULL)
		diag_error(&b->diag, keys[ROW_AT]->key_at, "conflict",
			"'at' belongs to do: ramp back; remove it");
	else if (keys[ROW_AT] != NULL)
		read_at(b, r, keys[ROW_AT]);
	read_with(b, r, keys[ROW_WITH]);
}

/* {otherwise: SAFE_STATE} */
static void
read_otherwise(struct bench *b, const struct node *n, const struct node *const *keys)
{
	struct bench_power_row *r = BENCH_ADD(b->power_rows);

	r->first_output = b->power_outputs.n;
	r->what = POWER_SAFE;
	r->to = safe_states_find(b, keys[ROW_OTHERWISE]);
	for (size_t i = 0; i < ROW_OTHERWISE; i++)
		if (keys[i] != NULL)
			diag_error(&b->diag, keys[i]->key_at, "conflict",
				"'%s' does not go with otherwise, which holds in any case; remove "
				"it, or make two rows",
				keys[i]->key);
	if (n->next != NULL)
		diag_error(&b->diag, n->next->at, "unused",
			"no row behind 'otherwise' is ever looked at; put that last");
}

void
power_loss_read(struct bench *b, const struct node *rows)
{
	bool has_otherwise = false;
	uint32_t last;

	if (rows == NULL)
		return;
	if (rows->n > IMAGE_POWER_ROWS_MAX) {
		diag_error(&b->diag, rows->at, "too-large", "more than %d rows; remove some",
			IMAGE_POWER_ROWS_MAX);
		return;
	}
	for (const struct node *n = rows->first; n != NULL && !has_otherwise; n = n->next) {
		const struct node *const *keys;

		if (!read_is(b, n, NODE_MAP, "a map: {when: outage < 30 s, do: continue}"))
			continue;
		keys = protect_keys_of(b, n, schema_power_row);
		has_otherwise = keys[ROW_OTHERWISE] != NULL;
		if (has_otherwise)
			read_otherwise(b, n, keys);
		else
			read_row(b, n, keys);
	}
	if (!has_otherwise)
		diag_error(&b->diag, rows->key_at, "missing",
			"nothing says what happens when no row holds, or nobody knows; add a last "
			"row {otherwise: SAFE_STATE}");
	if (b->outputs.n == 0)
		diag_error(&b->diag, rows->key_at, "conflict",
			"the bench has no outputs, so nothing can come back; remove power_loss");
	/* What fails on the way back goes where the last row leads. */
	last = b->power_rows.n == 0 ? IMAGE_NONE : b->power_rows.at[b->power_rows.n - 1].to;
	for (uint32_t i = 0; i < b->power_rows.n; i++)
		if (b->power_rows.at[i].to == IMAGE_NONE)
			b->power_rows.at[i].to = last;
}

void
power_holdback(struct bench *b, uint32_t output)
{
	struct bench_output *o = &b->outputs.at[output];
	const struct bench_channel *ch = &b->channels.at[o->channel];
	const struct node *n = ch->keys[BENCH_CH_HOLDBACK];
	struct unit kelvin;
	struct err err;

	if (n != NULL && ch->type != VALUE_BOOL && ch->type != VALUE_CHOICE) {
		if (read_quantity(b, n, ch, true, &o->holdback) && !(o->holdback > 0))
			diag_error(&b->diag, n->at, "out-of-range",
				"a distance is above 0; write for example 20 K");
		return;
	}
	if (n != NULL)
		diag_error(&b->diag, n->key_at, "conflict",
			"'%s' is a %s and has no ramp to come back by; remove 'holdback'", ch->name,
			value_type_text(ch->type));
	else if (o->hazard == HAZARD_HEAT && is_number(ch) &&
		 units_parse("K", &kelvin, &err) == 0 && unit_same_dim(&ch->unit, &kelvin))
		o->holdback = HOLDBACK_K * kelvin.factor / ch->unit.factor;
}
