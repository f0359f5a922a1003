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

void
identify_read(struct bench *b, struct bench_instrument *ins, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	const char *text;

	if (n == NULL ||
		!read_is(b, n, NODE_MAP, "a map: {is: TEXT}, or {read: {...}, is: NUMBER}"))
		return;
	read_keys(b, n, schema_identify, NULL, found, NULL);
	if (found[IDENTIFY_KEY_IS] == NULL)
		return;
	if (found[IDENTIFY_KEY_READ] != NULL) {
		read_number(b, ins, found[IDENTIFY_KEY_READ], found[IDENTIFY_KEY_IS]);
		return;
	}
	text = read_text(b, found[IDENTIFY_KEY_IS]);
	if (text == NULL)
		return;
	if (ins->codec->identify == NULL) {
		diag_error(&b->diag, n->key_at, "point",
			"%s cannot ask a device what it is; add read: {...} with a number that "
			"tells it "
			"from others, or remove 'identify'",
			ins->codec->name);
		return;
	}
	if (text[strspn(text, " ")] == '\0') {
		diag_error(&b->diag, found[IDENTIFY_KEY_IS]->at, "wrong-value",
			"'is' is empty, and every device would pass; write a part of what this one "
			"says it is, or remove 'identify'");
		return;
	}
	ins->identify = IDENTIFY_TEXT;
	ins->identify_is = text;
}
