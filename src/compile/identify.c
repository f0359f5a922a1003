/* identify.c - what an instrument must be before anything else is asked of it */
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"

static void
read_number(struct bench *b, struct bench_instrument *ins, const struct node *read,
	const struct node *is)
{
	const struct node *found_opts[IMAGE_OPTS_MAX];
	struct optvals vals;
	struct err err = { .sys = -1 };

	if (!points_opts(b, ins->codec, read, found_opts, &vals))
		return;
	if (points_make(b, ins, &vals, false, &ins->identify_point, &err) < 0) {
		diag_error(&b->diag, points_blame(read, found_opts, &err), "point", "%s", err.msg);
		return;
	}
	if (ins->identify_point.unit != NULL) {
		diag_error(&b->diag, read->at, "point",
			"no unit is looked at here; remove it: the number alone tells the device "
			"from others");
		return;
	}
	if (ins->identify_point.value == VALUE_TEXT) {
		diag_error(&b->diag, read->at, "point",
			"an identification compares numbers; read one, or leave out 'read' to "
			"compare "
			"what the device says it is");
		return;
	}
	if (read_constant(b, is, &ins->identify_number))
		ins->identify = IDENTIFY_POINT;
}

/* What it says it is must have this in it. */
static void
read_is_text(struct bench *b, struct bench_instrument *ins, const struct node *is)
{
	const char *text = read_text(b, is);

	if (text == NULL)
		return;
	if (text[strspn(text, " ")] == '\0') {
		diag_error(&b->diag, is->at, "wrong-value",
			"'is' is empty, and every device would pass; write a part of what this one "
			"says it is, or remove 'identify'");
		return;
	}
	ins->identify = IDENTIFY_TEXT;
	ins->identify_is = text;
}

/* The keys that are words of the schema; what else stands there is a condition on what the device says, and goes to `conditions`. */
static const struct node *
split(struct bench *b, const struct node *n, struct node *conditions)
{
	struct node *own = tree_node(&b->tree, NODE_MAP, n->at);

	for (const struct node *k = n->first; own != NULL && k != NULL; k = k->next) {
		struct node *copy = tree_node(&b->tree, (enum node_kind)k->kind, k->at);
		bool is_word = false;

		if (copy == NULL)
			return NULL;
		for (size_t i = 0; schema_identify[i].name != NULL; i++)
			is_word |= strcmp(schema_identify[i].name, k->key) == 0;
		*copy = *k;
		copy->next = NULL;
		tree_add(&b->tree, is_word ? own : conditions, copy);
	}
	return own;
}

static void
read_otherwise(struct bench *b, struct bench_instrument *ins, const struct node *n)
{
	const char *word =
		n == NULL ? NULL : read_word(b, n, &schema_identify[IDENTIFY_KEY_OTHERWISE]);

	ins->identify_warns = word != NULL && strcmp(word, "warn") == 0;
}

/* `identify: {firmware: ">= 5"}` */
static void
read_conditions(struct bench *b, struct bench_instrument *ins, const struct node *conditions)
{
	for (const struct node *k = conditions->first; k != NULL; k = k->next)
		if (captures_gate(b, ins, k, IMAGE_NONE))
			ins->identify = IDENTIFY_TEXT;
}

void
identify_read(struct bench *b, struct bench_instrument *ins, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX], *own;
	struct node *conditions;

	if (n == NULL ||
		!read_is(b, n, NODE_MAP, "a map: {is: TEXT}, or {read: {...}, is: NUMBER}"))
		return;
	conditions = tree_node(&b->tree, NODE_MAP, n->at);
	own = conditions == NULL ? NULL : split(b, n, conditions);
	if (own == NULL || !read_keys(b, own, schema_identify, NULL, found, NULL))
		return;
	read_otherwise(b, ins, found[IDENTIFY_KEY_OTHERWISE]);
	if (found[IDENTIFY_KEY_IS] == NULL &&
		(found[IDENTIFY_KEY_READ] != NULL || conditions->n == 0)) {
		diag_error(&b->diag, n->at, "missing", "'is' is missing; add it (%s)",
			schema_identify[IDENTIFY_KEY_IS].help);
		return;
	}
	if (found[IDENTIFY_KEY_READ] != NULL) {
		if (conditions->n > 0)
			diag_error(&b->diag, conditions->first->key_at, "conflict",
				"'read' asks for a number, and not what the device is: '%.60s' is "
				"not heard; remove one of them",
				conditions->first->key);
		else
			read_number(b, ins, found[IDENTIFY_KEY_READ], found[IDENTIFY_KEY_IS]);
		return;
	}
	if (ins->codec->identify == NULL) {
		diag_error(&b->diag, n->key_at, "point",
			"%s cannot ask a device what it is; add read: {...} with a number that "
			"tells it "
			"from others, or remove 'identify'",
			ins->codec->name);
		return;
	}
	if (found[IDENTIFY_KEY_IS] != NULL)
		read_is_text(b, ins, found[IDENTIFY_KEY_IS]);
	read_conditions(b, ins, conditions);
}
