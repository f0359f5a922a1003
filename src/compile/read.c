/* read.c - values out of the tree, by the type that the schema gives them */
#include "compile/read.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/span.h"
#include "base/text.h"
#include "compile/constant.h"
#include "compile/units.h"
#include "model/unit.h"

#define COMPARED_MAX                                                                               \
	200000 /* names that are compared for "did you mean" in one check: half a second */

bool
read_is(struct bench *b, const struct node *n, enum node_kind kind, const char *wanted)
{
	if (n->kind == kind)
		return true;
	if (node_is_null(n))
		diag_error(&b->diag, n->at, "no-value",
			"no value here; write %s, or remove the key", wanted);
	else
		diag_error(&b->diag, n->at, "wrong-type", "%s stands here; write %s",
			node_kind_text(n), wanted);
	return false;
}

const char *
read_text(struct bench *b, const struct node *n)
{
	if (n == NULL || !read_is(b, n, NODE_SCALAR, "a single value"))
		return NULL;
	return n->text;
}

bool
read_name(struct bench *b, const char *text, struct place at, const char *what)
{
	if (text_is_name(text))
		return true;
	diag_error(&b->diag, at, "name",
		"'%.80s' cannot name %s; use letters, digits and '_', a letter first, at most 63",
		text, what);
	return false;
}

bool
read_span(struct bench *b, const struct node *n, const struct key *row, int64_t *out)
{
	const char *text = n == NULL ? row->def : read_text(b, n);
	char low[CLOCK_TEXT_SIZE], high[CLOCK_TEXT_SIZE];
	struct err err;
	int64_t v;

	if (text == NULL)
		return false;
	if (span_parse(text, &v, &err) < 0) {
		diag_error(&b->diag, n == NULL ? (struct place){ 0 } : n->at, "duration", "%s: %s",
			row->name, err.msg);
		return false;
	}
	if (v >= row->min && v <= row->max) {
		*out = v;
		return true;
	}
	clock_span(low, row->min);
	clock_span(high, row->max);
	diag_error(&b->diag, n == NULL ? (struct place){ 0 } : n->at, "out-of-range",
		"%s is %.40s; write a duration from %s to %s", row->name, text, low, high);
	return false;
}

/* `help` (may be NULL) goes to the message: what the number counts. */
static bool
whole(struct bench *b, const struct node *n, const char *name, int64_t min, int64_t max,
	const char *help, int64_t *out)
{
	const char *text = read_text(b, n);
	int64_t v;

	if (text == NULL)
		return false;
	if (!text_to_int(text, &v)) {
		diag_error(&b->diag, n->at, "wrong-type", "%s is '%.60s'; write a whole number",
			name, text);
		return false;
	}
	if (v < min || v > max) {
		diag_error(&b->diag, n->at, "out-of-range",
			"%s is %lld; write a whole number from %lld to %lld%s%s%s", name,
			(long long)v, (long long)min, (long long)max, help == NULL ? "" : " (",
			help == NULL ? "" : help, help == NULL ? "" : ")");
		return false;
	}
	*out = v;
	return true;
}

bool
read_int(struct bench *b, const struct node *n, const struct key *row, int64_t *out)
{
	return n == NULL ? text_to_int(row->def, out)
			 : whole(b, n, row->name, row->min, row->max, NULL, out);
}

bool
read_bool(struct bench *b, const struct node *n, bool *out)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on" };
	const char *text = read_text(b, n);

	if (text == NULL)
		return false;
	for (size_t i = 0; i < NELEM(words); i++) {
		if (strcmp(text, words[i]) == 0) {
			*out = i % 2 == 1;
			return true;
		}
	}
	diag_error(&b->diag, n->at, "wrong-type", "'%.60s' is neither; write yes or no", text);
	return false;
}

const char *
read_word(struct bench *b, const struct node *n, const struct key *row)
{
	const char *text = read_text(b, n);
	char words[200] = "";
	size_t used = 0;

	if (text == NULL)
		return NULL;
	for (size_t i = 0; row->words[i] != NULL; i++) {
		if (strcmp(text, row->words[i]) == 0)
			return row->words[i];
		if (used < sizeof(words))
			used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%s",
				i == 0 ? "" : ", ", row->words[i]);
	}
	diag_error(&b->diag, n->at, "wrong-value", "%s cannot be '%.60s'; write one of %s",
		row->name, text, words);
	return NULL;
}

bool
read_constant(struct bench *b, const struct node *n, double *out)
{
	const char *text = read_text(b, n);
	struct err err;

	if (text == NULL)
		return false;
	if (constant_parse(text, out, &err) == 0)
		return true;
	diag_error(&b->diag, n->at, "number", "%s", err.msg);
	return false;
}

bool
read_split(const char *text, double *out_number, const char **out_unit)
{
	size_t n = strspn(text, "+-0123456789.");
	char number[64];

	if (n > 0 && (text[n] == 'e' || text[n] == 'E') && strspn(text + n + 1, "+-0123456789") > 0)
		n += 1 + strspn(text + n + 1, "+-0123456789");
	if (n == 0 || n >= sizeof(number))
		return false;
	memcpy(number, text, n);
	number[n] = '\0';
	*out_unit = text + n + (text[n] == ' ');
	return text_to_double(number, out_number) && **out_unit != ',';
}

/* A value that was written with a unit, in the unit of the channel. */
static bool
convert(struct bench *b, const struct node *n, const struct bench_channel *ch,
	const char *unit_text, bool is_difference, double *v)
{
	bool is_point = ch->unit.is_point && !is_difference;
	struct unit unit, own = ch->unit;
	struct err err;

	if (units_parse(unit_text, &unit, &err) < 0) {
		diag_error(&b->diag, n->at, "unit", "%s", err.msg);
		return false;
	}
	if (ch->is_unit_open)
		return true;
	if (!unit_same_dim(&unit, &ch->unit)) {
		diag_error(&b->diag, n->at, "unit",
			"'%.40s' does not fit '%s', whose unit is %s; give the value in that unit",
			n->text, ch->name, ch->unit_text == NULL ? "none" : ch->unit_text);
		return false;
	}
	if (unit.is_point != is_point) {
		diag_error(&b->diag, n->at, "unit",
			"'%.40s' is %s, and '%s' needs %s here; write it in %s", n->text,
			unit.is_point ? "a point" : "a difference", ch->name,
			is_point ? "a point" : "a difference", is_point ? "degC" : "K");
		return false;
	}
	own.is_point = is_point;
	*v = unit_change(*v, &unit, &own);
	return true;
}

bool
read_quantity(struct bench *b, const struct node *n, const struct bench_channel *ch,
	bool is_difference, double *out)
{
	const char *text = read_text(b, n), *unit_text;
	double v;

	if (text == NULL)
		return false;
	if (!read_split(text, &v, &unit_text)) {
		diag_error(&b->diag, n->at, "number",
			"'%.60s' is not a number; write one with a decimal point, with or without "
			"unit: 20.5 or "
			"20.5 degC",
			text);
		return false;
	}
	if (*unit_text != '\0' && !convert(b, n, ch, unit_text, is_difference, &v))
		return false;
	*out = v;
	return true;
}

bool
read_is_bare(const struct node *n)
{
	const char *unit_text;
	double v;

	return n->kind == NODE_SCALAR && read_split(n->text, &v, &unit_text) && *unit_text == '\0';
}

bool
read_pair(struct bench *b, const struct node *n, const struct node *out[2])
{
	if (!read_is(b, n, NODE_LIST, "a list of two: [low, high]"))
		return false;
	if (n->n != 2) {
		diag_error(&b->diag, n->at, "wrong-type",
			"a list of %u stands here; write two: [low, high]", n->n);
		return false;
	}
	out[0] = n->first;
	out[1] = n->last;
	return true;
}

/* One option; false when it was reported. */
static bool
read_opt(struct bench *b, const struct node *n, const struct opt *opt, int64_t *out,
	const char **out_text)
{
	char words[200] = "";
	size_t used = 0;
	const char *text;
	bool yes;

	switch (opt->type) {
	case OPT_INT:
		return whole(b, n, opt->name, opt->min, opt->max, opt->help, out);
	case OPT_BOOL:
		if (!read_bool(b, n, &yes))
			return false;
		*out = yes;
		return true;
	case OPT_TEXT:
		*out_text = read_text(b, n);
		return *out_text != NULL && secrets_are_absent(b, n, *out_text, true);
	case OPT_SECRET:
		return secrets_read(b, n, opt->name, out, out_text);
	case OPT_SPAN:
		return read_span(b, n,
			&(struct key){ .name = opt->name, .min = opt->min, .max = opt->max }, out);
	case OPT_CHOICE:
		break;
	}
	text = read_text(b, n);
	if (text == NULL)
		return false;
	for (int64_t i = 0; opt->choices[i] != NULL; i++) {
		if (strcmp(text, opt->choices[i]) == 0) {
			*out = i;
			return true;
		}
		if (used < sizeof(words))
			used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%s",
				i == 0 ? "" : ", ", opt->choices[i]);
	}
	diag_error(&b->diag, n->at, "wrong-value", "%s cannot be '%.60s'; write one of %s",
		opt->name, text, words);
	return false;
}

bool
read_opts(struct bench *b, const struct node *map, const struct opt *opts,
	const struct node *const *found_opts, struct optvals *out)
{
	bool good = true;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; opts != NULL && opts[i].name != NULL; i++) {
		out->num[i] = opts[i].def;
		if (found_opts[i] != NULL) {
			good &= read_opt(b, found_opts[i], &opts[i], &out->num[i], &out->text[i]);
		} else if (opts[i].def == OPT_NEEDED) {
			diag_error(&b->diag, map->at, "missing", "'%s' is missing; add it (%s)",
				opts[i].name, opts[i].help);
			good = false;
		}
	}
	return good;
}

void
read_suggest(struct bench *b, const struct names *names, const char *word, char *out)
{
	/* Looking through all names for each of thousands of errors would take minutes, and most of them are not shown. */
	bool is_worth = b->diag.n_errors < DIAG_MAX && b->diag.n_errors * names->n < COMPARED_MAX;
	const char *near = is_worth ? names_nearest(names, word) : NULL;

	out[0] = '\0';
	if (near != NULL)
		snprintf(out, 96, "did you mean '%.63s'? ", near);
}
