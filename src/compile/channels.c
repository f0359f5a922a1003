/* channels.c - the bench's own channels: those that follow another one, and those that are calculated */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"
#include "compile/units.h"
#include "model/unit.h"
#include "msg/health.h"

#define HEALTH_STALE (5 * NS_PER_S)

/* What can be seen before any channel is resolved: names and keys. */
static void
read_channel(struct bench *b, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX], **keys;
	size_t before = b->diag.n_errors;
	struct bench_channel *ch;

	if (!read_name(b, n->key, n->key_at, "a channel") ||
		!read_is(b, n, NODE_MAP, "a map: {read: INSTRUMENT.CHANNEL} or {calc: EXPRESSION}"))
		return;
	ch = BENCH_ADD(b->channels);
	ch->name = n->key;
	ch->at = n->key_at;
	ch->title = ch->was = "";
	ch->unit.factor = ch->factor = 1;
	ch->instrument = IMAGE_NONE;
	names_put(&b->channel_names, ch->name, b->channels.n - 1);
	read_keys(b, n, schema_channel, NULL, found, NULL);
	keys = tree_alloc(&b->tree, (BENCH_CH_WAS + 1) * sizeof(*keys));
	memcpy(keys, found, (BENCH_CH_WAS + 1) * sizeof(*keys));
	ch->keys = keys;
	if (found[CH_READ] != NULL && found[BENCH_CH_CALC] != NULL)
		diag_error(&b->diag, found[BENCH_CH_CALC]->key_at, "conflict",
			"a channel either reads another one or is calculated; keep one of read and "
			"calc");
	else if (found[CH_READ] == NULL && found[BENCH_CH_CALC] == NULL &&
		 before == b->diag.n_errors)
		diag_error(&b->diag, n->at, "missing",
			"the channel has no source; add read: INSTRUMENT.CHANNEL, or calc: "
			"EXPRESSION");
	if (found[BENCH_CH_WAS] != NULL) {
		const char *was = read_text(b, found[BENCH_CH_WAS]);

		ch->was = was == NULL ? "" : was;
	}
	ch->is_bad = before != b->diag.n_errors;
}

static void
add_health(struct bench *b)
{
	for (uint32_t i = 0; i < HEALTH_COUNT; i++) {
		struct bench_channel *ch = BENCH_ADD(b->channels);
		struct err err;

		ch->name = health_rows[i].channel;
		ch->title = health_rows[i].title;
		ch->was = "";
		ch->unit.factor = ch->factor = 1;
		ch->unit_text = health_rows[i].unit[0] == '\0' ? NULL : health_rows[i].unit;
		if (ch->unit_text != NULL && units_parse(ch->unit_text, &ch->unit, &err) < 0)
			ch->unit.factor = 1;
		ch->type = VALUE_FLOAT;
		ch->source_kind = SOURCE_HEALTH;
		ch->source = i;
		ch->instrument = IMAGE_NONE;
		ch->stale_ns = HEALTH_STALE;
		names_put(&b->channel_names, ch->name, b->channels.n - 1);
	}
}

/* The channel follows `from`: its value goes through unchanged, by the given scale, or from unit to unit. */
static void
convert_unit(struct bench *b, struct bench_channel *ch, const struct bench_channel *from)
{
	const struct node *n = ch->keys[CH_UNIT];
	char own[96], other[96];
	double factor, offset;

	if (!unit_same_dim(&ch->unit, &from->unit)) {
		unit_describe(own, &ch->unit);
		unit_describe(other, &from->unit);
		if (from->unit_text == NULL)
			diag_error(&b->diag, n->at, "unit",
				"'%s' has no unit, so it cannot be shown in %s; give it a unit "
				"where it is "
				"described, or say here what a raw value means: scale: 1",
				from->name, ch->unit_text);
		else
			diag_error(&b->diag, n->at, "unit",
				"'%s' is in %s (%s) and cannot be shown in %s (%s); use a unit of "
				"the same kind",
				from->name, from->unit_text, other, ch->unit_text, own);
		return;
	}
	if (ch->unit.is_point != from->unit.is_point) {
		diag_error(&b->diag, n->at, "unit",
			"'%s' is %s in %s and '%s' counts %s; say how one becomes the other: "
			"scale: 1, offset: ...",
			from->name, from->unit.is_point ? "a point" : "a difference",
			from->unit_text, ch->unit_text,
			ch->unit.is_point ? "points" : "differences");
		return;
	}
	unit_conversion(&from->unit, &ch->unit, &factor, &offset);
	if (factor == 1 && offset == 0)
		return;
	ch->has_scale = true;
	ch->factor = factor;
	ch->offset += offset; /* to what `offset:` adds */
	ch->type = VALUE_FLOAT;
}

static void
follow(struct bench *b, struct bench_channel *ch)
{
	const struct node *n = ch->keys[CH_READ];
	const char *name = read_text(b, n);
	uint32_t source = name == NULL ? NAMES_NONE : names_get(&b->channel_names, name);
	const struct bench_channel *from;
	char near[96];

	if (name == NULL)
		return;
	if (source == NAMES_NONE) {
		read_suggest(b, &b->channel_names, name, near);
		diag_error(&b->diag, n->at, "unknown-channel",
			"no channel is named '%.127s'; %swrite INSTRUMENT.CHANNEL or the name of "
			"another channel",
			name, near);
		return;
	}
	from = &b->channels.at[source];
	ch->source_kind = SOURCE_CHANNEL;
	ch->source = source;
	ch->instrument = from->instrument;
	ch->type = from->type;
	ch->first_choice = from->first_choice;
	ch->n_choices = from->n_choices;
	ch->is_bad |= from->is_bad;
	if (ch->is_bad)
		return;
	channel_choices(b, ch, ch->keys);
	if (ch->keys[CH_UNIT] == NULL && ch->keys[CH_SCALE] == NULL && ch->type != VALUE_CHOICE) {
		ch->unit = from->unit;
		ch->unit_text = from->unit_text;
	}
	channel_unit(b, ch, ch->keys);
	channel_scale(b, ch, ch->keys);
	if (ch->unit_text != NULL && ch->keys[CH_UNIT] != NULL && ch->keys[CH_SCALE] == NULL)
		convert_unit(b, ch, from);
	channel_common(b, ch, ch->keys);
}

static int
env_unit(void *ctx, const char *text, struct unit *out, struct err *err)
{
	return units_parse(text, out, err);
}

/* Who is being calculated, for the callbacks of the parser. */
struct calc {
	struct bench *b;
	const struct bench_channel *ch;
	bool reads_bad; /* a channel whose own error was told already */
};

static int
env_name(void *ctx, const char *name, struct expr_name *out, struct err *err)
{
	struct calc *c = ctx;
	uint32_t i = names_get(&c->b->channel_names, name);
	const struct bench_channel *ch;
	char near[96];

	if (i == NAMES_NONE) {
		read_suggest(c->b, &c->b->channel_names, name, near);
		return err_set(err, ERR_CONF, 0,
			"no channel is named '%.60s'; %suse a channel or INSTRUMENT.CHANNEL", name,
			near);
	}
	ch = &c->b->channels.at[i];
	c->reads_bad |= ch->is_bad || ch->place >= c->ch->place;
	if (c->reads_bad)
		return err_set(err, ERR_CONF, 0,
			"'%.60s' has an error of its own; correct it first", name);
	out->kind = ch->type == VALUE_BOOL     ? EXPR_TRUTH
		    : ch->type == VALUE_CHOICE ? EXPR_CHOICE
		    : ch->type == VALUE_TEXT   ? EXPR_TEXT
					       : EXPR_NUMBER;
	out->channel = ch->place;
	out->unit = ch->unit;
	out->unit_text = ch->unit_text == NULL ? "" : ch->unit_text;
	out->choices = ch;
	return 0;
}

static int
env_choice(void *ctx, const void *choices, const char *word, int64_t *out, struct err *err)
{
	const struct calc *c = ctx;
	const struct bench_channel *ch = choices;
	char all[120] = "";
	size_t used = 0;

	for (uint32_t i = ch->first_choice; i < ch->first_choice + ch->n_choices; i++) {
		if (strcmp(c->b->words.at[i], word) == 0) {
			*out = c->b->choices.at[i].number;
			return 0;
		}
		if (used < sizeof(all))
			used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
				i == ch->first_choice ? "" : ", ", c->b->words.at[i]);
	}
	return err_set(err, ERR_CONF, 0, "'%.40s' is no choice of '%.60s'; it has %.80s", word,
		ch->name, all);
}

/* The text of the result's unit: the one that was asked for, or that of a channel in the expression. */
static bool
name_unit(struct bench *b, struct bench_channel *ch, const struct expr *e, const struct node *n)
{
	char kind[96];

	ch->unit = e->unit;
	if (unit_is_plain(&e->unit) && e->unit.factor == 1 && e->unit.offset == 0)
		return true;
	for (uint32_t i = 0; i < e->n_reads; i++) {
		const struct bench_channel *from = &b->channels.at[b->order[e->reads[i]]];

		if (from->unit_text != NULL && unit_same(&from->unit, &e->unit)) {
			ch->unit_text = from->unit_text;
			return true;
		}
	}
	unit_describe(kind, &e->unit);
	diag_error(&b->diag, n->at, "unit",
		"the result is of the kind %s and needs a name; add unit: ...", kind);
	return false;
}

/* Where character `column` (from 1) of a value stands in its file; quotes and blocks shift it a little. */
static struct place
column_of(const struct node *n, int column)
{
	struct place at = n->at;

	if (column > 0)
		at.column += (uint32_t)column - 1 + n->is_quoted;
	return at;
}

static void
take_code(struct bench *b, struct bench_channel *ch, const struct expr *e)
{
	ch->source_kind = SOURCE_CALC;
	ch->source = b->code.n;
	ch->n_ops = e->n;
	for (uint32_t i = 0; i < e->n; i++)
		*BENCH_ADD(b->code) = e->ops[i];
}

static void
calculate(struct bench *b, struct bench_channel *ch)
{
	static const int no[] = { CH_SCALE, CH_OFFSET, CH_CHOICES };
	const struct node *n = ch->keys[BENCH_CH_CALC];
	struct calc c = { .b = b, .ch = ch };
	struct expr_env env = {
		.ctx = &c, .unit = env_unit, .name = env_name, .choice = env_choice
	};
	const char *text;
	struct err err;
	int column = 0;

	for (size_t i = 0; i < NELEM(no); i++)
		if (ch->keys[no[i]] != NULL)
			diag_error(&b->diag, ch->keys[no[i]]->key_at, "conflict",
				"'%s' does not go with calc; write it into the expression",
				ch->keys[no[i]]->key);
	if (n->kind != NODE_SCALAR) {
		diag_error(&b->diag, n->at, "split-expression",
			"YAML reads [ ] and { } as %s; put the expression in quotes: calc: '...'",
			node_kind_text(n));
		return;
	}
	text = n->text;
	if (expr_parse(text, &env, b->expr, &column, &err) < 0) {
		ch->is_bad = true;
		if (!c.reads_bad)
			diag_error(&b->diag, column_of(n, column), "expression", "%s", err.msg);
		return;
	}
	if (b->expr->kind == EXPR_CHOICE || b->expr->kind == EXPR_TEXT) {
		diag_error(&b->diag, n->at, "expression",
			"the result is a word; use read: instead of calc:, or compare it: %.40s == "
			"...",
			text);
		return;
	}
	ch->type = b->expr->kind == EXPR_TRUTH ? VALUE_BOOL : VALUE_FLOAT;
	channel_unit(b, ch, ch->keys);
	if (ch->unit_text != NULL && ch->type == VALUE_FLOAT) {
		if (expr_convert(b->expr, &ch->unit, ch->unit_text, &err) < 0)
			diag_error(&b->diag, ch->keys[CH_UNIT]->at, "unit", "%s", err.msg);
	} else if (ch->type == VALUE_FLOAT && ch->keys[CH_UNIT] == NULL) {
		name_unit(b, ch, b->expr, n);
	}
	take_code(b, ch, b->expr);
	channel_common(b, ch, ch->keys);
}

void
channels_read(struct bench *b, const struct node *map)
{
	for (const struct node *n = map == NULL ? NULL : map->first; n != NULL; n = n->next) {
		if (b->channels.n >= IMAGE_CHANNELS_MAX - HEALTH_COUNT) {
			diag_error(&b->diag, n->key_at, "too-large",
				"more than %d channels; split the bench into several",
				IMAGE_CHANNELS_MAX - HEALTH_COUNT);
			break;
		}
		read_channel(b, n);
	}
	add_health(b);
	order_channels(b);
	for (uint32_t i = 0; i < b->channels.n; i++) {
		struct bench_channel *ch = &b->channels.at[b->order[i]];
		size_t before = b->diag.n_errors;

		if (ch->keys == NULL || ch->is_bad)
			continue;
		if (ch->keys[CH_READ] != NULL)
			follow(b, ch);
		else
			calculate(b, ch);
		ch->is_bad |= before != b->diag.n_errors;
	}
}
