/* captures.c - what a device says it is, kept: channels that show it, and conditions on it
 *
 * A part of the answer to the question what it is has a name: a value of `identity:`, an object of a Modbus identification. Those that
 * something asks for are kept, at most CODEC_CAPTURES_MAX an instrument. `only: {firmware: ">= 6.2"}` gates a channel by one, and
 * `identify: {firmware: ">= 5"}` the whole instrument.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/params.h"
#include "compile/read.h"

#define ALTERNATIVES_MAX 16 /* of one key */
#define GROUPS_MAX 60000    /* of one instrument */

static const struct key schema_captured[] = {
	{ .name = "identity",
		.kind = KEY_TEXT,
		.is_needed = true,
		.help = "a value of the answer to the question what it is" },
	{ .name = NULL },
};

/* ---- what there is ---------------------------------------------------------------------------------------------------------- */

static void
add_word(char *all, size_t cap, const char *word)
{
	size_t used = strlen(all);

	if (used + 3 < cap)
		snprintf(all + used, cap - used, "%s%s", used == 0 ? "" : ", ", word);
}

/* Has the answer a value of this name? */
static bool
find(const struct bench_instrument *ins, const char *name, enum value_type *out_type)
{
	char own[64];

	for (unsigned i = 0; ins->codec->capture != NULL &&
			     ins->codec->capture(&ins->codec_part, i, own, out_type);
		i++)
		if (strcmp(own, name) == 0)
			return true;
	return false;
}

/* No value is named so: told with what there is. is_gate: a param would do as well. */
static void
report_unknown(struct bench *b, const struct bench_instrument *ins, const char *name,
	struct place at, bool is_gate)
{
	char said[120] = "", params[120] = "", own[64];
	enum value_type type;

	for (unsigned i = 0;
		ins->codec->capture != NULL && ins->codec->capture(&ins->codec_part, i, own, &type);
		i++)
		add_word(said, sizeof(said), own);
	for (unsigned i = 0; is_gate && ins->params != NULL && i < ins->params->n; i++)
		add_word(params, sizeof(params), ins->params->at[i].name);
	if (is_gate && ins->params != NULL)
		diag_error(&b->diag, at, "param",
			"'%.60s' is neither a param nor a value of what the device says it is; "
			"params: %s; values of its answer: %s",
			name, params[0] == '\0' ? "none" : params, said[0] == '\0' ? "none" : said);
	else if (ins->codec->capture == NULL)
		diag_error(&b->diag, at, "param",
			"%s keeps nothing of what a device says it is; remove '%.60s'",
			ins->codec->name, name);
	else if (said[0] == '\0')
		diag_error(&b->diag, at, "param",
			"nothing asks the device for '%.60s'; add identity: {send: ..., receive: "
			"\"{%.60s:text}\"}",
			name, name);
	else
		diag_error(&b->diag, at, "param",
			"the device does not say '%.60s' when it is asked what it is; write one of "
			"%s",
			name, said);
}

/* The number of a capture, which is kept from now on; -1: that was told. */
static int
want(struct bench *b, struct bench_instrument *ins, const char *name, struct place at, bool is_gate,
	enum value_type *out_type)
{
	if (!find(ins, name, out_type)) {
		report_unknown(b, ins, name, at, is_gate);
		return -1;
	}
	if (ins->identify == IDENTIFY_POINT) {
		diag_error(&b->diag, at, "conflict",
			"'identify' reads a number in place of asking what the device is, so "
			"nobody "
			"hears '%.60s'; compare what it says, identify: {is: TEXT}, or remove this",
			name);
		return -1;
	}
	if (ins->captures == NULL) {
		ins->captures = tree_alloc(&b->tree, CODEC_CAPTURES_MAX * sizeof(*ins->captures));
		ins->codec_part.captures = ins->captures;
	}
	for (int i = 0; i < ins->codec_part.n_captures; i++)
		if (strcmp(ins->captures[i], name) == 0)
			return i;
	if (ins->codec_part.n_captures == CODEC_CAPTURES_MAX) {
		diag_error(&b->diag, at, "too-large",
			"more than %d values of what it says it is are kept; use fewer",
			CODEC_CAPTURES_MAX);
		return -1;
	}
	ins->captures[ins->codec_part.n_captures] = tree_text(&b->tree, name, strlen(name));
	return ins->codec_part.n_captures++;
}

/* ---- channels that show it -------------------------------------------------------------------------------------------------- */

bool
captures_is_read(struct bench *b, const struct node *read)
{
	return read != NULL && read->kind == NODE_MAP &&
	       tree_get(&b->tree, read, schema_captured[0].name) != NULL;
}

static void
refuse_keys(struct bench *b, const struct node *const *keys)
{
	static const int no[] = { INS_CH_WRITE, INS_CH_EVERY, CH_STALE };

	for (size_t i = 0; i < NELEM(no); i++)
		if (keys[no[i]] != NULL)
			diag_error(&b->diag, keys[no[i]]->key_at, "conflict",
				"what a device says it is is heard once on each connection and "
				"only "
				"read; remove '%s'",
				keys[no[i]]->key);
}

bool
captures_point(struct bench *b, struct bench_instrument *ins, const struct node *const *keys,
	struct point *out)
{
	const struct node *found[SCHEMA_KEYS_MAX], *read = keys[CH_READ];
	enum value_type type;
	const char *name;
	int at;

	refuse_keys(b, keys);
	if (!read_keys(b, read, schema_captured, NULL, found, NULL))
		return false;
	name = found[0] == NULL ? NULL : read_text(b, found[0]);
	at = name == NULL ? -1 : want(b, ins, name, found[0]->at, false, &type);
	if (at < 0)
		return false;
	*out = (struct point){ .address = (uint32_t)at,
		.bit = CODEC_BIT_NONE,
		.value = VALUE_TEXT,
		.is_captured = true,
		.write_space = -1,
		.key = ins->captures[at],
		.every_ns = ins->every_ns };
	return true;
}

/* ---- conditions ------------------------------------------------------------------------------------------------------------- */

/* One alternative of a condition. */
static bool
read_condition(struct bench *b, struct bench_instrument *ins, const struct node *n,
	const char *name, const struct bench_gate *like)
{
	const char *text = read_text(b, n), *rest;
	struct bench_gate *g;
	enum gate_op op;
	double number;

	if (text == NULL)
		return false;
	op = gate_parse(text, &rest);
	if (rest[0] == '\0' || strchr("=!<>", rest[0]) != NULL) {
		diag_error(&b->diag, n->at, "wrong-value",
			"'%.60s' is no condition; write one of = != < <= > >= and what '%.40s' is "
			"compared with: \">= 6.2\"",
			text, name);
		return false;
	}
	if (strlen(rest) > CODEC_CAPTURE_MAX) {
		diag_error(&b->diag, n->at, "too-large",
			"'%.60s' is longer than the %d bytes that are kept of '%.40s'; shorten it",
			rest, CODEC_CAPTURE_MAX, name);
		return false;
	}
	if (like->is_number && !text_to_double(rest, &number)) {
		diag_error(&b->diag, n->at, "number",
			"'%.40s' is a number, and '%.60s' is none; write one", name, rest);
		return false;
	}
	g = BENCH_ADD(b->gates);
	*g = *like;
	g->op = op;
	g->text = tree_text(&b->tree, rest, strlen(rest));
	ins->n_gates++;
	return true;
}

bool
captures_gate(
	struct bench *b, struct bench_instrument *ins, const struct node *condition, uint32_t point)
{
	enum value_type type;
	int at = want(b, ins, condition->key, condition->key_at, point != IMAGE_NONE, &type);
	struct bench_gate like = { .point = point, .capture = (uint16_t)at };
	bool is_good = at >= 0;

	if (at < 0)
		return false;
	like.is_number = type != VALUE_TEXT;
	like.group = ins->n_gates == 0 ? 0 : (uint16_t)(b->gates.at[b->gates.n - 1].group + 1);
	if (like.group >= GROUPS_MAX) {
		diag_error(&b->diag, condition->key_at, "too-large",
			"more than %d conditions; split the instrument", GROUPS_MAX);
		return false;
	}
	if (condition->kind != NODE_LIST)
		return read_condition(b, ins, condition, condition->key, &like);
	if (condition->n == 0 || condition->n > ALTERNATIVES_MAX) {
		diag_error(&b->diag, condition->at, "wrong-value",
			"a list of %u conditions, of which one has to hold; write 1 to %d",
			condition->n, ALTERNATIVES_MAX);
		return false;
	}
	for (const struct node *n = condition->first; n != NULL; n = n->next)
		is_good &= read_condition(b, ins, n, condition->key, &like);
	return is_good;
}

void
captures_only(
	struct bench *b, struct bench_instrument *ins, const struct node *only, uint32_t point)
{
	if (ins->codec == NULL ||
		!read_is(b, only, NODE_MAP, "a map: {PARAM: VALUE} or {PARAM: [VALUE, VALUE]}"))
		return;
	for (const struct node *k = only->first; k != NULL; k = k->next) {
		const struct param *p = ins->params == NULL
						? NULL
						: params_find(ins->params, k->key, strlen(k->key));

		if (p != NULL)
			diag_error(&b->diag, k->key_at, "conflict",
				"'%.60s' is a param, and the instrument file alone says for which "
				"of "
				"its values a channel exists; remove it here",
				k->key);
		else
			captures_gate(b, ins, k, point);
	}
}
