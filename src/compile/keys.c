/* keys.c - the keys of a map against the rows of a table */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/read.h"

#define WORDS_MAX (SCHEMA_KEYS_MAX + 12)

static size_t
find_row(const struct key *table, const char *name)
{
	size_t i = 0;

	while (table[i].name != NULL && strcmp(table[i].name, name) != 0)
		i++;
	return i;
}

static size_t
find_opt(const struct opt *opts, const char *name)
{
	size_t i = 0;

	while (opts[i].name != NULL && strcmp(opts[i].name, name) != 0)
		i++;
	return i;
}

/* Name what could have been meant, or all that is possible. */
static void
report_unknown(
	struct bench *b, const struct node *n, const struct key *table, const struct opt *opts)
{
	const char *words[WORDS_MAX], *near;
	char all[240] = "";
	size_t count = 0, used = 0;

	for (size_t i = 0; table[i].name != NULL && count < WORDS_MAX; i++)
		if (table[i].kind != KEY_LATER)
			words[count++] = table[i].name;
	for (size_t i = 0; opts != NULL && opts[i].name != NULL && count < WORDS_MAX; i++)
		words[count++] = opts[i].name;
	near = text_nearest(n->key, words, count);
	if (near != NULL) {
		diag_error(&b->diag, n->key_at, "unknown-key",
			"unknown key '%.60s'; did you mean '%s'?", n->key, near);
		return;
	}
	for (size_t i = 0; i < count && used < sizeof(all); i++)
		used += (size_t)snprintf(
			all + used, sizeof(all) - used, "%s%s", i == 0 ? "" : ", ", words[i]);
	diag_error(&b->diag, n->key_at, "unknown-key", "unknown key '%.60s'; known here: %s",
		n->key, all);
}

/* What is still open behind a part of an expression. */
struct open {
	int brackets;
	bool is_text;
};

static void
go_on(struct open *o, char c)
{
	if (c == '"')
		o->is_text = !o->is_text;
	else if (!o->is_text)
		o->brackets += (c == '(') - (c == ')');
}

static bool
is_open(struct open *o, const char *part)
{
	for (; *part != '\0'; part++)
		go_on(o, *part);
	return o->is_text || o->brackets > 0;
}

/* `{scale: 0,1}` is the keys "scale" and "1" to YAML: a decimal comma. */
static bool
is_decimal_comma(struct bench *b, const struct node *before, const struct node *n)
{
	size_t digits = strspn(n->key, "0123456789");
	double v;

	if (before == NULL || before->kind != NODE_SCALAR || !node_is_null(n) || digits == 0 ||
		!text_to_double(before->text, &v))
		return false;
	diag_error(&b->diag, before->at, "decimal-comma",
		"a decimal comma; write a point: %s: %.40s.%.40s", before->key, before->text,
		n->key);
	return true;
}

static size_t
trim(const char *text, size_t n)
{
	while (n > 0 && text[n - 1] == ' ')
		n--;
	return n;
}

/* An expression as it stands in the file, up to the comma or bracket of YAML behind it; a line end with the blanks around it
 * becomes one blank. False when its end cannot be seen. */
static bool
copy_source(const char *p, char *out, size_t cap)
{
	struct open open = { 0 };
	size_t n = 0;

	for (; *p != '\0' && n + 1 < cap; p++) {
		if (!open.is_text && open.brackets <= 0 && strchr(",}]", *p) != NULL)
			break;
		go_on(&open, *p);
		if (*p != '\n' && *p != '\r') {
			out[n++] = *p;
			continue;
		}
		n = trim(out, n);
		out[n++] = ' ';
		p += strspn(p + 1, " \t\r\n");
	}
	out[trim(out, n)] = '\0';
	return *p != '\0' && n + 1 < cap;
}

/* In the quotes that leave it as it is. */
static void
put_in_quotes(char *out, size_t cap, const char *text)
{
	char quote = strpbrk(text, "\"\\") == NULL ? '"' : '\'';
	size_t n = 0;

	out[n++] = quote;
	for (; *text != '\0' && n + 3 < cap; text++) {
		out[n++] = *text;
		if (*text == quote)
			out[n++] = quote;
	}
	out[n++] = quote;
	out[n] = '\0';
}

static void
report_split(struct bench *b, const struct node *n)
{
	char text[200], quoted[sizeof(text) * 2 + 3] = "'...'";

	if (n->source != NULL && copy_source(n->source, text, sizeof(text)))
		put_in_quotes(quoted, sizeof(quoted), text);
	diag_error(&b->diag, n->at, "split-expression",
		"YAML has split this expression at its commas; put it in quotes: %s: %s", n->key,
		quoted);
}

/* `{calc: max(a, b)}` is the keys "calc" and "b)" to YAML. Report it with the quoted form; returns the last node that
 * belongs to the expression, `n` itself when it is whole. */
static const struct node *
rejoin(struct bench *b, const struct node *n)
{
	const struct node *last = n;
	struct open open = { 0 };
	bool goes_on;

	if (n->kind != NODE_SCALAR || n->is_quoted)
		return n;
	goes_on = is_open(&open, n->text);
	while (goes_on && last->next != NULL && node_is_null(last->next)) {
		last = last->next;
		goes_on = is_open(&open, last->key);
	}
	if (last != n)
		report_split(b, n);
	return last;
}

static void
report_missing(
	struct bench *b, const struct node *map, const struct key *table, const struct node **found)
{
	for (size_t i = 0; table[i].name != NULL; i++)
		if (table[i].is_needed && found[i] == NULL &&
			tree_get(&b->tree, map, table[i].name) == NULL)
			diag_error(&b->diag, map->at, "missing", "'%s' is missing; add it (%s)",
				table[i].name, table[i].help);
}

bool
read_keys(struct bench *b, const struct node *map, const struct key *table, const struct opt *opts,
	const struct node **found, const struct node **found_opts)
{
	bool unknown = false, all = true;

	memset(found, 0, SCHEMA_KEYS_MAX * sizeof(*found));
	if (found_opts != NULL)
		memset(found_opts, 0, IMAGE_OPTS_MAX * sizeof(*found_opts));
	for (const struct node *n = map->first, *before = NULL; n != NULL;
		before = n, n = n->next) {
		size_t row = find_row(table, n->key),
		       opt = opts == NULL ? 0 : find_opt(opts, n->key);
		const struct node *last = n;

		if (table[row].name != NULL &&
			(table[row].kind == KEY_EXPR || table[row].kind == KEY_SCALE))
			last = rejoin(b, n);
		if (last != n) {
			n = last;
			all = false;
		} else if (table[row].name != NULL && table[row].kind == KEY_LATER) {
			diag_error(&b->diag, n->key_at, "later",
				"'%s' (%s) is not available yet in this version; remove the key",
				n->key, table[row].help);
		} else if (table[row].name == NULL && (opts == NULL || opts[opt].name == NULL)) {
			unknown = true;
			if (!is_decimal_comma(b, before, n))
				report_unknown(b, n, table, opts);
			else if (table[find_row(table, before->key)].name != NULL)
				found[find_row(table, before->key)] = NULL;
		} else if (node_is_null(n)) {
			diag_error(&b->diag, n->at, "no-value",
				"'%s' has no value; write one, or remove the key", n->key);
			all = false;
		} else if (table[row].name != NULL) {
			found[row] = n;
		} else {
			found_opts[opt] = n;
		}
	}
	/* A key that was not recognised may be the one that is missing. */
	if (!unknown)
		report_missing(b, map, table, found);
	return all && !unknown;
}
