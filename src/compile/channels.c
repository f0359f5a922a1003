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
	struct bench_channel *ch;

	if (!read_name(b, n->key, n->key_at, "a channel"))
		return;
	ch = BENCH_ADD(b->channels);
	ch->name = n->key;
	ch->at = n->key_at;
	ch->title = ch->was = "";
	ch->unit.factor = ch->factor = 1;
	ch->instrument = IMAGE_NONE;
	names_put(&b->channel_names, ch->name, b->channels.n - 1);
	ch->is_type_open = ch->is_unit_open = true;
	if (!read_is(b, n, NODE_MAP, "a map: {read: INSTRUMENT.CHANNEL} or {calc: EXPRESSION}"))
		return;
	ch->has_odd_keys = !read_keys(b, n, schema_channel, NULL, found, NULL);
	keys = tree_alloc(&b->tree, BENCH_CH_ROWS * sizeof(*keys));
	memcpy(keys, found, BENCH_CH_ROWS * sizeof(*keys));
	ch->keys = keys;
	/* What is written is what is read, unless something else is. */
	if (found[BENCH_CH_PATTERN] != NULL) {
		keys[CH_READ] = keys[BENCH_CH_WRITE] = NULL;
		for (size_t i = 0; i < 2; i++) {
			const struct node *other =
				found[i == 0 ? (int)CH_READ : (int)BENCH_CH_WRITE];

			if (other != NULL)
				diag_error(&b->diag, other->key_at, "conflict",
					"a pattern is written and read by its parts; remove '%s'",
					other->key);
		}
	} else if (found[CH_READ] == NULL && found[BENCH_CH_CALC] == NULL)
		keys[CH_READ] = found[BENCH_CH_WRITE];
	if (found[CH_READ] != NULL && found[BENCH_CH_CALC] != NULL)
		diag_error(&b->diag, found[BENCH_CH_CALC]->key_at, "conflict",
			"a channel either reads another one or is calculated; keep one of read and "
			"calc");
	else if (keys[CH_READ] == NULL && found[BENCH_CH_CALC] == NULL &&
		 found[BENCH_CH_PATTERN] == NULL && !ch->has_odd_keys)
		diag_error(&b->diag, n->at, "missing",
			"the channel has no source; add read: INSTRUMENT.CHANNEL, or calc: "
			"EXPRESSION");
	if (found[BENCH_CH_WAS] != NULL) {
		const char *was = read_text(b, found[BENCH_CH_WAS]);

		ch->was = was == NULL ? "" : was;
	}
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

/* Where the words of a kind of state stand among the choices: they are there once. */
static uint32_t
state_choices(struct bench *b, enum image_state kind, uint32_t *out_n)
{
	const char *const *words = image_state_words(kind, out_n);

	if (b->state_choices[kind] == 0) {
		b->state_choices[kind] = b->choices.n + 1;
		for (uint32_t i = 0; i < *out_n; i++) {
			BENCH_ADD(b->choices)->number = i;
			*BENCH_ADD(b->words) = words[i];
		}
	}
	return b->state_choices[kind] - 1;
}

uint32_t
channels_add_state(
	struct bench *b, const char *name, enum image_state kind, const struct bench_channel *like)
{
	uint32_t index = b->channels.n,
		 from = like == NULL ? IMAGE_NONE : (uint32_t)(like - b->channels.at);
	struct bench_channel *ch = BENCH_ADD(b->channels);

	ch->name = name;
	ch->title = ch->was = "";
	ch->unit.factor = ch->factor = 1;
	ch->source_kind = SOURCE_STATE;
	ch->source = kind;
	ch->instrument = IMAGE_NONE;
	ch->like = from;
	if (from == IMAGE_NONE && image_state_words(kind, &ch->n_choices) == NULL) {
		ch->type = VALUE_BOOL;
	} else if (from == IMAGE_NONE) {
		ch->type = VALUE_CHOICE;
		ch->first_choice = state_choices(b, kind, &ch->n_choices);
	} else {
		ch->at = b->channels.at[from].at;
		ch->is_type_open = ch->is_unit_open = true;
	}
	names_put(&b->channel_names, ch->name, index);
	return index;
}

/* The form of the channel that a state is like, now that it is known. */
static void
take_form(struct bench_channel *ch, const struct bench_channel *like)
{
	ch->type = like->type;
	ch->unit = like->unit;
	ch->unit_text = like->unit_text;
	ch->first_choice = like->first_choice;
	ch->n_choices = like->n_choices;
	ch->is_type_open = like->is_type_open;
	ch->is_unit_open = like->is_unit_open;
	ch->record = like->record;
	ch->min_interval_ns = like->min_interval_ns;
	ch->keep_ns = like->keep_ns;
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

/* A channel whose source cannot be told: what does not depend on it. */
static void
check_alone(struct bench *b, struct bench_channel *ch)
{
	ch->is_type_open = ch->is_unit_open = true;
	channel_choices(b, ch, ch->keys);
	channel_unit(b, ch, ch->keys);
	channel_scale(b, ch, ch->keys);
	channel_common(b, ch, ch->keys);
}

bool
channels_is_of_open(const struct bench *b, const char *name)
{
	const char *dot = strchr(name, '.');
	char ins[64];
	uint32_t i;

	if (dot == NULL || (size_t)(dot - name) >= sizeof(ins))
		return false;
	memcpy(ins, name, (size_t)(dot - name));
	ins[dot - name] = '\0';
	i = names_get(&b->instrument_names, ins);
	return i != NAMES_NONE && b->instruments.at[i].is_open;
}

static void
follow_channel(struct bench *b, struct bench_channel *ch, uint32_t source)
{
	const struct bench_channel *from = &b->channels.at[source];
	bool inherits = ch->keys[CH_UNIT] == NULL && ch->keys[CH_SCALE] == NULL;

	ch->source_kind = SOURCE_CHANNEL;
	ch->source = source;
	ch->instrument = from->instrument;
	ch->type = from->type;
	ch->first_choice = from->first_choice;
	ch->n_choices = from->n_choices;
	ch->is_type_open = from->is_type_open;
	ch->is_unit_open = ch->has_odd_keys || (inherits && from->is_unit_open);
	channel_choices(b, ch, ch->keys);
	if (ch->is_valve)
		valves_choices(b, ch);
	if (inherits && ch->type != VALUE_CHOICE) {
		ch->unit = from->unit;
		ch->unit_text = from->unit_text;
	}
	channel_unit(b, ch, ch->keys);
	channel_scale(b, ch, ch->keys);
	if (ch->unit_text != NULL && ch->keys[CH_UNIT] != NULL && ch->keys[CH_SCALE] == NULL &&
		!ch->has_odd_keys && !from->is_type_open && !from->is_unit_open)
		convert_unit(b, ch, from);
	calibrations_apply(b, ch);
	channel_common(b, ch, ch->keys);
}

static void
follow(struct bench *b, struct bench_channel *ch)
{
	const struct node *n = ch->keys[CH_READ];
	const char *name = read_text(b, n);
	uint32_t source = name == NULL ? NAMES_NONE : names_get(&b->channel_names, name);
	char near[96];

	if (source != NAMES_NONE && b->channels.at[source].place < ch->place) {
		follow_channel(b, ch, source);
		return;
	}
	if (source == NAMES_NONE && name != NULL && !channels_is_of_open(b, name)) {
		read_suggest(b, &b->channel_names, name, near);
		diag_error(&b->diag, n->at, "unknown-channel",
			"no channel is named '%.127s'; %swrite INSTRUMENT.CHANNEL or the name of "
			"another channel",
			name, near);
	}
	check_alone(b, ch);
}

static int
env_unit(void *ctx, const char *text, struct unit *out, struct err *err)
{
	return units_parse(text, out, err);
}

uint32_t
channels_find(const struct bench *b, const char *scope, const char *word)
{
	char full[270];
	int n = scope == NULL ? 0 : snprintf(full, sizeof(full), "%s.%s", scope, word);
	uint32_t i =
		n > 0 && (size_t)n < sizeof(full) ? names_get(&b->channel_names, full) : NAMES_NONE;

	return i != NAMES_NONE ? i : names_get(&b->channel_names, word);
}

/* Who is being calculated, for the callbacks of the parser. */
struct calc {
	struct bench *b;
	const struct bench_channel *ch;
};

/* What a channel is in an expression. */
enum expr_kind
channels_kind(const struct bench_channel *ch)
{
	if (ch->is_type_open)
		return EXPR_UNKNOWN;
	switch (ch->type) {
	case VALUE_BOOL:
		return EXPR_TRUTH;
	case VALUE_CHOICE:
		return ch->n_choices == 0 ? EXPR_UNKNOWN
					  : EXPR_CHOICE; /* none: they have an error */
	case VALUE_TEXT:
		return EXPR_TEXT;
	default:
		return ch->is_unit_open ? EXPR_UNKNOWN : EXPR_NUMBER;
	}
}

static int
env_name(void *ctx, const char *name, struct expr_name *out, struct err *err)
{
	struct calc *c = ctx;
	uint32_t i = channels_find(c->b, c->ch->scope, name);
	const struct bench_channel *ch;
	char near[96];

	if (i == NAMES_NONE && channels_is_of_open(c->b, name)) {
		out->kind = EXPR_UNKNOWN;
		out->channel = c->ch->place; /* any that there is */
		return 0;
	}
	if (i == NAMES_NONE) {
		read_suggest(c->b, &c->b->channel_names, name, near);
		return err_set(err, ERR_CONF, 0,
			"no channel is named '%.60s'; %suse a channel or INSTRUMENT.CHANNEL", name,
			near);
	}
	ch = &c->b->channels.at[i];
	out->kind = ch->place < c->ch->place ? channels_kind(ch) : EXPR_UNKNOWN; /* a circle */
	out->channel = ch->place;
	out->unit = ch->unit;
	out->unit_text = ch->unit_text == NULL ? "" : ch->unit_text;
	out->choices = ch;
	return 0;
}

int
channels_choice(const struct bench *b, const struct bench_channel *ch, const char *word,
	int64_t *out, struct err *err)
{
	char all[120] = "";
	size_t used = 0;

	for (uint32_t i = ch->first_choice; i < ch->first_choice + ch->n_choices; i++) {
		if (strcmp(b->words.at[i], word) == 0) {
			*out = b->choices.at[i].number;
			return 0;
		}
		if (used < sizeof(all))
			used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
				i == ch->first_choice ? "" : ", ", b->words.at[i]);
	}
	return err_set(err, ERR_CONF, 0, "'%.40s' is no choice of '%.60s'; it has %.80s", word,
		ch->name, all);
}

static int
env_choice(void *ctx, const void *choices, const char *word, int64_t *out, struct err *err)
{
	const struct calc *c = ctx;

	return channels_choice(c->b, choices, word, out, err);
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
	ch->source = code_take(b, e);
	ch->n_ops = e->n;
}

/* Parse the expression into b->expr; its kind is EXPR_UNKNOWN when that was not possible, or when it is a word. */
/* A channel of the same instrument. */
static bool
env_owns(void *ctx, const char *word)
{
	const struct calc *c = ctx;
	char full[140];

	if (c->ch->scope == NULL)
		return false;
	snprintf(full, sizeof(full), "%.63s.%.63s", c->ch->scope, word);
	return names_get(&c->b->channel_names, full) != NAMES_NONE;
}

static void
parse(struct bench *b, const struct bench_channel *ch, const struct node *n)
{
	struct calc c = { .b = b, .ch = ch };
	struct expr_env env = { .ctx = &c,
		.unit = env_unit,
		.name = env_name,
		.choice = env_choice,
		.owns = env_owns,
		.has_last = ch->scope != NULL && strcmp(ch->scope, "restore") == 0 };
	struct err err;
	int column = 0;

	if (n->kind != NODE_SCALAR) {
		diag_error(&b->diag, n->at, "split-expression",
			"YAML reads [ ] and { } as %s; put the expression in quotes: %s: '...'",
			node_kind_text(n), n->key);
		b->expr->kind = EXPR_UNKNOWN;
	} else if (expr_parse(n->text, &env, b->expr, &column, &err) < 0) {
		diag_error(&b->diag, column_of(n, column), "expression", "%s", err.msg);
		b->expr->kind = EXPR_UNKNOWN;
	} else if (b->expr->kind == EXPR_CHOICE || b->expr->kind == EXPR_TEXT) {
		diag_error(&b->diag, n->at, "expression",
			"the result is a word; %scompare it: %.40s == ...",
			ch->keys == NULL ? "" : "use read: instead of calc:, or ", n->text);
		b->expr->kind = EXPR_UNKNOWN;
	}
}

/* The unit of a number: the result's own, or the one that is asked for. */
static void
calc_unit(struct bench *b, struct bench_channel *ch)
{
	const struct node *n = ch->keys[CH_UNIT];
	struct err err;

	if (ch->unit_text != NULL) {
		if (expr_convert(b->expr, &ch->unit, ch->unit_text, &err) == 0)
			return;
		diag_error(&b->diag, n->at, "unit", "%s", err.msg);
		ch->is_unit_open = true;
	} else if (n == NULL && !ch->has_odd_keys) {
		ch->is_unit_open = !name_unit(b, ch, b->expr, ch->keys[BENCH_CH_CALC]);
	}
}

static void
calculate(struct bench *b, struct bench_channel *ch)
{
	static const int no[] = { CH_SCALE, CH_OFFSET, CH_CHOICES };

	for (size_t i = 0; i < NELEM(no); i++)
		if (ch->keys[no[i]] != NULL)
			diag_error(&b->diag, ch->keys[no[i]]->key_at, "conflict",
				"'%s' does not go with calc; write it into the expression",
				ch->keys[no[i]]->key);
	parse(b, ch, ch->keys[BENCH_CH_CALC]);
	ch->type = b->expr->kind == EXPR_TRUTH ? VALUE_BOOL : VALUE_FLOAT;
	ch->is_type_open = b->expr->kind == EXPR_UNKNOWN;
	ch->is_unit_open = ch->is_type_open || ch->has_odd_keys;
	channel_unit(b, ch, ch->keys);
	if (b->expr->kind == EXPR_NUMBER)
		calc_unit(b, ch);
	if (b->expr->kind != EXPR_UNKNOWN)
		take_code(b, ch, b->expr);
	channel_common(b, ch, ch->keys);
}

static void
read_source(struct bench *b, struct bench_channel *ch)
{
	bool reads = ch->keys[CH_READ] != NULL, calculates = ch->keys[BENCH_CH_CALC] != NULL;

	if (ch->keys[BENCH_CH_PATTERN] != NULL) {
		patterns_channel(b, ch);
	} else if (reads && !calculates && ch->keys[CH_READ]->kind == NODE_MAP) {
		patterns_ends(b, ch);
	} else if (reads && !calculates) {
		follow(b, ch);
	} else if (calculates && !reads) {
		calculate(b, ch);
	} else {
		if (calculates)
			parse(b, ch, ch->keys[BENCH_CH_CALC]);
		check_alone(b, ch);
	}
	channel_close(ch, ch->keys);
}

/* A condition may read any channel: it is looked at each tick, when all of them are known. */
bool
channels_condition(struct bench *b, const struct node *n, const char *scope, uint32_t *first_op,
	uint32_t *n_ops)
{
	const struct bench_channel all = { .scope = scope, .place = UINT32_MAX };

	parse(b, &all, n);
	if (b->expr->kind == EXPR_UNKNOWN)
		return false;
	if (b->expr->kind != EXPR_TRUTH) {
		diag_error(&b->diag, n->at, "expression",
			"the condition is a number; compare it: %.40s > 0", n->text);
		return false;
	}
	*first_op = code_take(b, b->expr);
	*n_ops = b->expr->n;
	return true;
}

void
channels_declare(struct bench *b, const struct node *map)
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
	calibrations_declare(b);
	valves_declare(b);
	add_health(b);
	outputs_declare(b);
}

void
channels_resolve(struct bench *b)
{
	if (b->channels.n > IMAGE_CHANNELS_MAX)
		diag_error(&b->diag, b->channels.at[IMAGE_CHANNELS_MAX].at, "too-large",
			"more than %d channels with the states of outputs, trips and alarms; split "
			"the bench into several",
			IMAGE_CHANNELS_MAX);
	order_channels(b);
	for (uint32_t i = 0; i < b->channels.n; i++) {
		struct bench_channel *ch = &b->channels.at[b->order[i]];

		if (ch->keys != NULL)
			read_source(b, ch);
		else if (ch->source_kind == SOURCE_STATE && ch->like != IMAGE_NONE)
			take_form(ch, &b->channels.at[ch->like]);
	}
	for (uint32_t i = 0; i < b->channels.n; i++) {
		struct bench_channel *ch = &b->channels.at[i];

		if (ch->bad_if != NULL)
			channels_condition(b, ch->bad_if, ch->scope, &ch->bad_if_op, &ch->n_bad_if);
	}
}
