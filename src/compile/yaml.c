/* yaml.c - YAML to our own tree, by the events of libfyaml
 *
 * The event interface alone: its document interface has no places for maps and lists and looks for duplicate keys in
 * quadratic time.
 */
#include "compile/yaml.h"

#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define SOURCES_MAX 1000 /* of a file; more than are shown */
#define SOURCE_BYTES 240 /* of each: what fits into a message */

struct build {
	struct tree *tree;
	struct diag *diag;
	const char *bytes;
	size_t n;
	uint16_t file;
	struct node *root;
	struct node *stack[YAML_DEPTH_MAX]; /* open maps and lists */
	int depth;
	const char *key; /* of the map on top, waiting for its value */
	struct place key_at;
	bool is_key_quoted;
	bool is_key_bad; /* a duplicate: its value is read and forgotten */
	int n_sources;
	int n_documents;
	bool stopped; /* an error after which the rest makes no sense */
};

static struct place
place_of(const struct build *b, struct fy_event *e)
{
	const struct fy_mark *m = fy_event_start_mark(e);
	struct place at = { .file = b->file, .line = 1, .column = 1 };

	/* A value that is left out has no mark: it stands where its key does. */
	if (m == NULL || m->line < 0)
		return b->key != NULL ? b->key_at : at;
	at.line = (uint32_t)m->line + 1;
	at.column = (uint32_t)m->column + 1;
	return at;
}

static void
stop(struct build *b, struct place at, const char *code, const char *text)
{
	diag_error(b->diag, at, code, "%s", text);
	b->stopped = true;
}

/* Refuse what YAML offers beyond plain data. */
static bool
is_plain_data(struct build *b, struct fy_event *e, struct place at)
{
	struct fy_token *anchor = NULL, *tag = NULL;

	if (e->type == FYET_ALIAS) {
		stop(b, at, "alias", "an alias (*name) is not allowed; write the value out");
		return false;
	}
	if (e->type == FYET_SCALAR) {
		anchor = e->scalar.anchor;
		tag = e->scalar.tag;
	} else if (e->type == FYET_MAPPING_START) {
		anchor = e->mapping_start.anchor;
		tag = e->mapping_start.tag;
	} else if (e->type == FYET_SEQUENCE_START) {
		anchor = e->sequence_start.anchor;
		tag = e->sequence_start.tag;
	}
	if (anchor != NULL)
		stop(b, at, "anchor",
			"an anchor (&name) is not allowed; remove it and write values out");
	else if (tag != NULL)
		stop(b, at, "tag",
			"a tag (!name) is not allowed; remove it, the type of a value follows from "
			"its key");
	return anchor == NULL && tag == NULL;
}

/* Is it written in quotes, not as a block? Then it is taken as it stands. */
static bool
is_in_quotes(struct fy_event *e)
{
	enum fy_scalar_style style =
		e->scalar.value == NULL ? FYSS_PLAIN : fy_token_scalar_style(e->scalar.value);

	return style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

/* A scalar's text: a block's line ends become blanks, since every value is one line. An escape in quotes does not become one: whoever
 * writes "\n" means it. */
static const char *
text_of(struct build *b, struct fy_event *e, struct place at)
{
	size_t n = 0;
	const char *p = e->scalar.value != NULL ? fy_token_get_text(e->scalar.value, &n) : NULL;
	char *text = tree_text(b->tree, p == NULL ? "" : p, p == NULL ? 0 : n);

	/* "\ud800" is an escape that no UTF-8 can hold. */
	if (text_utf8(text, n) != n) {
		stop(b, at, "bytes", "an escape that stands for no character; remove it");
		return NULL;
	}
	while (n > 0 && !is_in_quotes(e) && (text[n - 1] == '\n' || text[n - 1] == ' '))
		text[--n] = '\0';
	for (size_t i = 0; i < n; i++) {
		if ((text[i] == '\n' || text[i] == '\t') && !is_in_quotes(e))
			text[i] = ' ';
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f ||
			((unsigned char)text[i] == 0xC2 && (unsigned char)text[i + 1] < 0xA0)) {
			stop(b, at, "bytes",
				"an escape that stands for a control character; in what is sent "
				"and "
				"received write it in single quotes: '\\r\\n', or as <0D>; "
				"elsewhere remove "
				"it");
			return NULL;
		}
	}
	return text;
}

static bool
is_quoted(struct fy_event *e)
{
	return e->scalar.value != NULL && fy_token_scalar_style(e->scalar.value) != FYSS_PLAIN;
}

/* The mark of a quoted scalar is the character behind its quote. */
static struct place
scalar_place(const struct build *b, struct fy_event *e)
{
	struct place at = place_of(b, e);

	if (is_in_quotes(e) && at.column > 1)
		at.column--;
	return at;
}

static void
take_key(struct build *b, struct fy_event *e, struct place at)
{
	const struct node *other;
	const char *text;

	if (e->type != FYET_SCALAR) {
		stop(b, at, "key",
			"a map or a list stands where a key belongs; a key is a plain word: name: "
			"value");
		return;
	}
	at = scalar_place(b, e);
	text = text_of(b, e, at);
	if (text == NULL)
		return;
	if (strcmp(text, "<<") == 0 && !is_quoted(e)) {
		stop(b, at, "merge-key",
			"a merge key (<<) is not allowed; use `extends: FILE`, or write the values "
			"out");
		return;
	}
	if (text[0] == '\0') {
		stop(b, at, "key", "a key is missing before ':'; write name: value");
		return;
	}
	other = tree_get(b->tree, b->stack[b->depth - 1], text);
	b->is_key_bad = other != NULL;
	if (other != NULL)
		diag_error(b->diag, at, "duplicate-key",
			"'%.80s' stands here a second time, first in line %u; keep one of them",
			text, other->key_at.line);
	b->key = text;
	b->key_at = at;
	b->is_key_quoted = is_quoted(e);
}

/* Hang a node where the parser is. */
static void
hang(struct build *b, struct node *n)
{
	struct node *top = b->depth > 0 ? b->stack[b->depth - 1] : NULL;

	if (top == NULL) {
		b->root = n;
		return;
	}
	if (top->kind == NODE_MAP) {
		n->key = b->key;
		n->key_at = b->key_at;
		n->is_key_quoted = b->is_key_quoted;
		b->key = NULL;
		if (b->is_key_bad)
			return;
	}
	tree_add(b->tree, top, n);
}

/* An expression that stands without quotes inside { } ends for YAML at its first comma: keep what stands there, so that
 * the remedy can show it as it was written. */
static const char *
source_of(struct build *b, struct fy_event *e, const struct node *n)
{
	const struct fy_mark *m = fy_event_start_mark(e);

	if (n->is_quoted || m == NULL || m->input_pos >= b->n || strpbrk(n->text, "(\"") == NULL ||
		b->n_sources == SOURCES_MAX)
		return NULL;
	b->n_sources++;
	return tree_text(b->tree, b->bytes + m->input_pos, MIN(b->n - m->input_pos, SOURCE_BYTES));
}

static void
take_value(struct build *b, struct fy_event *e, struct place at)
{
	enum node_kind kind = e->type == FYET_SCALAR          ? NODE_SCALAR
			      : e->type == FYET_MAPPING_START ? NODE_MAP
							      : NODE_LIST;
	struct node *n;

	if (kind == NODE_SCALAR)
		at = scalar_place(b, e);
	n = tree_node(b->tree, kind, at);
	if (n == NULL) {
		stop(b, at, "too-large", "more than 250 000 values; split the bench into several");
		return;
	}
	if (kind == NODE_SCALAR) {
		n->text = text_of(b, e, at);
		n->is_quoted = is_quoted(e);
		if (n->text == NULL)
			return;
		n->source = source_of(b, e, n);
	}
	hang(b, n);
	if (kind == NODE_SCALAR)
		return;
	if (b->depth == YAML_DEPTH_MAX) {
		stop(b, at, "depth",
			"nested deeper than 32 levels; a bench file needs less than ten");
		return;
	}
	b->stack[b->depth++] = n;
}

static void
take(struct build *b, struct fy_event *e)
{
	struct place at = place_of(b, e);

	switch (e->type) {
	case FYET_DOCUMENT_START:
		if (++b->n_documents > 1)
			stop(b, at, "document",
				"a second document (---) begins; a bench file holds one: remove "
				"the rest");
		return;
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		b->depth--;
		return;
	case FYET_SCALAR:
	case FYET_ALIAS:
	case FYET_MAPPING_START:
	case FYET_SEQUENCE_START:
		if (!is_plain_data(b, e, at))
			return;
		if (b->depth > 0 && b->stack[b->depth - 1]->kind == NODE_MAP && b->key == NULL)
			take_key(b, e, at);
		else
			take_value(b, e, at);
		return;
	default:
		return;
	}
}

/* The bytes of line `line` (from 1). */
static const char *
find_line(const struct build *b, uint32_t line, size_t *out_n)
{
	const char *p = b->bytes, *end = b->bytes + b->n, *eol;

	for (uint32_t i = 1; i < line; i++) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (eol == NULL)
			break;
		p = eol + 1;
	}
	eol = memchr(p, '\n', (size_t)(end - p));
	*out_n = (size_t)((eol == NULL ? end : eol) - p);
	return p;
}

/* What to do about a syntax error, from what usually causes it. */
static const char *
syntax_remedy(const struct build *b, struct place at)
{
	size_t n, blanks = 0;
	const char *line = find_line(b, at.line, &n);

	while (blanks < n && (line[blanks] == ' ' || line[blanks] == '\t'))
		blanks++;
	if (memchr(line, '\t', blanks) != NULL)
		return "indent with blanks, not with tabs";
	if (memmem(line, n, ": %", 3) != NULL)
		return "put the unit in quotes: \"%\"";
	if (memmem(line, n, "calc:", 5) != NULL)
		return "put the whole expression in single quotes: calc: '...'";
	if (memchr(line, '[', n) != NULL || memchr(line, '{', n) != NULL)
		return "close every bracket, and put texts that hold [ ] { } , : or # in quotes";
	if (memchr(line, '"', n) != NULL || memchr(line, '\'', n) != NULL)
		return "close the quotes, and let nothing stand behind them";
	return "look at the indentation and the colons of this line and of the one before";
}

static void
report_syntax(struct build *b, struct fy_diag *diag)
{
	void *iter = NULL;
	struct fy_diag_error *e = fy_diag_errors_iterate(diag, &iter);
	struct place at = { .file = b->file, .line = 1, .column = 1 };

	if (e != NULL) { /* counted from 1 here, unlike the marks of events */
		at.line = (uint32_t)MAX(e->line, 1);
		at.column = (uint32_t)MAX(e->column, 1);
	}
	b->stopped = true;
	/* It ran out of memory: it keeps all of a bracket until its end is seen. */
	if (e == NULL || e->msg == NULL)
		diag_error(b->diag, at, "syntax",
			"more in one bracket than the YAML parser can hold; close every bracket, "
			"or write lists "
			"and maps as blocks");
	else
		diag_error(b->diag, at, "syntax", "not valid YAML: %s; %s", e->msg,
			syntax_remedy(b, at));
}

/* The parser tells its errors through the list that it collects; nothing goes to a terminal. */
static void
drop_output(struct fy_diag *diag, void *user, const char *text, size_t n)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)n;
}

static void
run(struct build *b, struct fy_parser *parser, struct fy_diag *diag)
{
	struct fy_event *e;

	if (fy_parser_set_string(parser, b->bytes, b->n) != 0) {
		report_syntax(b, diag);
		return;
	}
	while (!b->stopped && (e = fy_parser_parse(parser)) != NULL) {
		take(b, e);
		fy_parser_event_free(parser, e);
	}
	if (!b->stopped && fy_parser_get_stream_error(parser))
		report_syntax(b, diag);
}

struct node *
yaml_parse(struct tree *t, struct diag *d, uint16_t file, const char *bytes, size_t n)
{
	struct build b = { .tree = t, .diag = d, .file = file, .bytes = bytes, .n = n };
	struct place start = { .file = file, .line = 1, .column = 1 };
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET };
	struct fy_parser *parser = NULL;

	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.output_fn = drop_output;
	cfg.diag = fy_diag_create(&diag_cfg);
	if (cfg.diag != NULL) {
		fy_diag_set_collect_errors(cfg.diag, true);
		parser = fy_parser_create(&cfg);
	}
	if (parser != NULL)
		run(&b, parser, cfg.diag);
	else
		stop(&b, start, "memory", "no memory for the YAML parser; free some and try again");
	if (parser != NULL)
		fy_parser_destroy(parser);
	if (cfg.diag != NULL)
		fy_diag_destroy(cfg.diag);
	if (b.stopped)
		return NULL;
	if (b.root == NULL || node_is_null(b.root)) {
		diag_error(d, start, "empty", "the file says nothing; start with `bench: NAME`");
		return NULL;
	}
	if (b.root->kind != NODE_MAP) {
		diag_error(d, b.root->at, "wrong-type",
			"the file holds %s; a bench file is a map that starts with `bench: NAME`",
			node_kind_text(b.root));
		return NULL;
	}
	return b.root;
}
