/* catalogue.c - instrument files: described once, used by any number of instruments
 *
 * `use: NAME` takes NAME.yaml from the folder `instruments` beside the bench file, or from the catalogue. What stands in it is copied
 * for each instrument, with ${PARAM} replaced by the value that the bench gives, and what the bench says is laid over it. From there on it
 * is an instrument as any other, and each node still knows the file and line in which it was written.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "compile/catalogue.h"
#include "compile/copy.h"
#include "compile/merge.h"
#include "compile/read.h"
#include "drivers/list.h"

#define NAME_MAX_BYTES 80

/* ---- finding files -------------------------------------------------------------------------------------------------------- */

/* Letters, digits, '-' and '_': it becomes part of a path. */
bool
catalogue_is_name(const char *name)
{
	return name[0] != '\0' && strlen(name) <= NAME_MAX_BYTES &&
	       name[strspn(name,
		       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] == '\0';
}

static const struct node *
try_folder(struct bench *b, const char *folder, size_t n_folder, const char *more, const char *name,
	bool *out_is_there)
{
	char path[400];
	int n = snprintf(path, sizeof(path), "%.*s%s%s.yaml", (int)n_folder, folder, more, name);

	if (n <= 0 || (size_t)n >= sizeof(path))
		return NULL;
	return merge_file_if(
		&b->tree, &b->diag, tree_text(&b->tree, path, (size_t)n), out_is_there);
}

/* The tree of a file; NULL: there is none (nothing is told), or it cannot be read (that was told). */
static const struct node *
find_file(struct bench *b, const char *name, bool *out_is_there)
{
	const char *slash = b->path == NULL ? NULL : strrchr(b->path, '/');
	const struct node *root;

	for (uint32_t i = 0; i < b->files.n; i++)
		if (strcmp(b->files.at[i].name, name) == 0) {
			*out_is_there = true;
			return b->files.at[i].root;
		}
	*out_is_there = false;
	if (!catalogue_is_name(name))
		return NULL;
	root = try_folder(b, b->path == NULL ? "" : b->path,
		slash == NULL ? 0 : (size_t)(slash + 1 - b->path), "instruments/", name,
		out_is_there);
	if (!*out_is_there && b->catalogue != NULL)
		root = try_folder(b, b->catalogue, strlen(b->catalogue), "/", name, out_is_there);
	if (!*out_is_there)
		return NULL;
	if (root != NULL && !read_is(b, root, NODE_MAP, "a map: instrument: NAME ..."))
		root = NULL;
	*BENCH_ADD(b->files) = (struct bench_file){ .name = name, .root = root };
	if (root != NULL && !catalogue_check_head(b, name, root))
		b->files.at[b->files.n - 1].root = root = NULL;
	return root;
}

/* ---- its head ------------------------------------------------------------------------------------------------------------- */

static size_t
find_row(const char *key)
{
	size_t i = 0;

	while (schema_file[i].name != NULL && strcmp(schema_file[i].name, key) != 0)
		i++;
	return i;
}

/* A text, or one a language. */
const char *
catalogue_text(struct bench *b, const struct node *n)
{
	const struct node *own;

	if (n->kind != NODE_MAP)
		return read_text(b, n);
	own = tree_get(&b->tree, n, b->language);
	if (own == NULL)
		own = tree_get(&b->tree, n, "en");
	if (own == NULL)
		own = n->first;
	if (own != NULL)
		return read_text(b, own);
	diag_error(&b->diag, n->at, "no-value", "no text here; write {en: TEXT, fr: TEXT}");
	return NULL;
}

static void
check_texts(struct bench *b, const struct node *n)
{
	if (n->kind != NODE_MAP) {
		read_text(b, n);
		return;
	}
	for (const struct node *k = n->first; k != NULL; k = k->next)
		if (strlen(k->key) != 2)
			diag_error(&b->diag, k->key_at, "wrong-value",
				"'%.40s' is no language; write two letters, such as en and fr",
				k->key);
		else
			read_text(b, k);
}

const char *
catalogue_texts(struct bench *b, const struct node *n)
{
	if (n->kind == NODE_MAP)
		check_texts(b, n);
	return catalogue_text(b, n);
}

static void
check_words(struct bench *b, const struct node *n)
{
	if (!read_is(b, n, NODE_LIST, "a list: [one, two]"))
		return;
	for (const struct node *k = n->first; k != NULL; k = k->next)
		read_text(b, k);
}

static void
check_row(struct bench *b, const struct node *n, const struct key *row)
{
	int64_t v;

	if (node_is_null(n))
		diag_error(&b->diag, n->at, "no-value",
			"'%s' has no value; write one, or remove the key", n->key);
	else if (row->kind == KEY_TEXTS)
		check_texts(b, n);
	else if (row->kind == KEY_WORDS)
		check_words(b, n);
	else if (row->kind == KEY_CHOICE)
		read_word(b, n, row);
	else if (row->kind == KEY_INT)
		read_int(b, n, row, &v);
	else if (row->kind == KEY_TEXT || row->kind == KEY_WORD)
		read_text(b, n);
}

/* A file is used by many: which secret one of them has, its own bench alone says. */
static void
refuse_secrets(struct bench *b, const struct node *root, const struct codec *codec)
{
	for (size_t i = 0; codec->opts != NULL && codec->opts[i].name != NULL; i++) {
		const struct node *n = tree_get(&b->tree, root, codec->opts[i].name);

		if (n != NULL && codec->opts[i].type == OPT_SECRET)
			diag_error(&b->diag, n->key_at, "secret",
				"only the bench gives '%s'; remove it here, and write params: {%s: "
				"{type: secret}}",
				n->key, n->key);
	}
}

/* Which codec, and on which wire, is not for the file to say in the words of a bench. */
static void
refuse_bench_words(struct bench *b, const struct node *root)
{
	const struct node *use = tree_get(&b->tree, root, schema_instrument[INS_USE].name);
	const struct node *wire = tree_get(&b->tree, root, schema_instrument[INS_LINK].name);

	if (use != NULL)
		diag_error(&b->diag, use->key_at, "unknown-key",
			"a bench says 'use'; an instrument file says which protocol: write "
			"protocol: NAME");
	if (wire != NULL)
		diag_error(&b->diag, wire->key_at, "unknown-key",
			"which link it hangs on only the bench knows; remove 'link'");
}

bool
catalogue_check_head(struct bench *b, const char *name, const struct node *root)
{
	size_t before = b->diag.n_errors;
	const struct node *own = tree_get(&b->tree, root, "instrument");
	const struct node *protocol = tree_get(&b->tree, root, "protocol");
	const struct node *exchanges = tree_get(&b->tree, root, "exchanges");
	const char *text = own == NULL ? NULL : own->text;

	for (size_t i = 0; schema_file[i].name != NULL; i++) {
		const struct node *n = tree_get(&b->tree, root, schema_file[i].name);

		if (n != NULL)
			check_row(b, n, &schema_file[i]);
		else if (schema_file[i].is_needed)
			diag_error(&b->diag, root->at, "missing", "'%s' is missing; add it (%s)",
				schema_file[i].name, schema_file[i].help);
	}
	refuse_bench_words(b, root);
	if ((exchanges == NULL || (exchanges->kind == NODE_LIST && exchanges->n == 0)) &&
		tree_get(&b->tree, root, "unproven") == NULL)
		diag_error(&b->diag, root->at, "missing",
			"nothing proves this file; add exchanges: [{send: ..., receive: ..., "
			"expect: "
			"{...}}], or unproven: WHY NOT");
	if (name != NULL && text != NULL && strcmp(text, name) != 0)
		diag_error(&b->diag, own->at, "name",
			"the file is named '%.80s' and its instrument '%.80s'; give both the same "
			"name",
			name, text);
	if (protocol != NULL && protocol->text != NULL && catalogue_codec(protocol->text) == NULL)
		diag_error(&b->diag, protocol->at, "unknown-codec",
			"no protocol is named '%.60s'; write one of docs/drivers, such as text or "
			"modbus",
			protocol->text);
	else if (protocol != NULL && protocol->text != NULL)
		refuse_secrets(b, root, catalogue_codec(protocol->text));
	return before == b->diag.n_errors;
}

const struct codec *
catalogue_codec(const char *name)
{
	return codec_find(strcmp(name, "system-monitor") == 0 ? "system" : name);
}

/* ---- an instrument of a file ---------------------------------------------------------------------------------------------- */

static void
add_text(struct bench *b, struct node *map, const char *key, const char *text,
	const struct node *like)
{
	struct node *n = tree_node(&b->tree, NODE_SCALAR, like->at);

	if (n == NULL || tree_get(&b->tree, map, key) != NULL)
		return;
	n->key = key;
	n->key_at = like->at;
	n->text = text;
	n->is_quoted = true;
	tree_add(&b->tree, map, n);
}

static void
add_copy(struct bench *b, struct node *map, const struct node *from)
{
	struct copy plain = { b, NULL, NULL, NULL };
	struct node *child = copy_node(&plain, from, copy_where_below(IN_FILE, from->key));

	if (child != NULL)
		tree_add(&b->tree, map, child);
}

/* What the bench says, without what the file has taken: `use` and the params. */
static struct node *
own_part(struct bench *b, const struct node *instrument, const struct node *params)
{
	struct node *out = tree_node(&b->tree, NODE_MAP, instrument->at);

	for (const struct node *k = instrument->first; out != NULL && k != NULL; k = k->next) {
		if (strcmp(k->key, "use") == 0 ||
			(params != NULL && params->kind == NODE_MAP &&
				tree_get(&b->tree, params, k->key) != NULL))
			continue;
		add_copy(b, out, k);
	}
	return out;
}

/* The options of the codec that are params of the same name need not be written: unit. */
static void
pass_params(struct bench *b, struct node *out, const struct codec *codec,
	const struct params *params, const struct node *at)
{
	for (size_t i = 0; codec->opts != NULL && codec->opts[i].name != NULL; i++) {
		const struct param *p =
			params_find(params, codec->opts[i].name, strlen(codec->opts[i].name));

		if (p == NULL || tree_get(&b->tree, out, p->name) != NULL)
			continue;
		if (p->secret != NULL)
			add_copy(b, out, p->secret);
		else
			add_text(b, out, p->name, p->text, at);
	}
}

const struct node *
catalogue_plain(struct bench *b, const struct node *instrument)
{
	struct copy plain = { b, NULL, NULL, NULL };

	return copy_node(&plain, instrument, IN_FILE);
}

const struct node *
catalogue_instance(struct bench *b, const char *name, const struct node *use,
	const struct node *instrument, const struct node **out_line,
	const struct params **out_params)
{
	bool is_there;
	const struct node *root = find_file(b, name, &is_there), *map, *title;
	const struct node *protocol;
	struct params *params = tree_alloc(&b->tree, sizeof(*params));
	struct copy copy = { b, params, NULL, tree_node(&b->tree, NODE_MAP, instrument->at) };
	struct node *out;
	size_t before;

	*out_line = NULL;
	*out_params = params;
	if (root == NULL) {
		if (is_there)
			return instrument; /* told at the file */
		return NULL;
	}
	map = tree_get(&b->tree, root, "params");
	protocol = tree_get(&b->tree, root, "protocol");
	title = tree_get(&b->tree, root, "title");
	*out_line = tree_get(&b->tree, root, "line");
	before = b->diag.n_errors;
	params_read(b, map, instrument, catalogue_codec(protocol->text), params);
	if (b->diag.n_errors > before)
		return instrument; /* without them the file would be full of mistakes that are none */
	out = tree_node(&b->tree, NODE_MAP, instrument->at);
	if (out == NULL)
		return instrument;
	out->key = instrument->key;
	out->key_at = instrument->key_at;
	/* Channels first: the twins of those that do not exist are left out. */
	for (int i = 0; i < 2; i++)
		for (const struct node *k = root->first; k != NULL; k = k->next) {
			enum copy_where where = copy_where_below(IN_FILE, k->key);
			struct node *child;

			if (schema_file[find_row(k->key)].name != NULL ||
				(where == IN_CHANNELS) != (i == 0))
				continue;
			child = copy_node(&copy, k, where);
			if (child != NULL)
				tree_add(&b->tree, out, child);
		}
	add_text(b, out, "use", protocol->text, use);
	if (title != NULL)
		add_text(b, out, "title", catalogue_text(b, title), title);
	pass_params(b, out, catalogue_codec(protocol->text), params, use);
	merge_over(&b->tree, out, own_part(b, instrument, map));
	return out;
}
