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
#include "compile/merge.h"
#include "compile/read.h"
#include "compile/repeat.h"
#include "drivers/list.h"
#include "drivers/text_format.h"
#include "drivers/text_value.h"

#define NAME_MAX_BYTES 80
#define PARAMS_MAX 32
#define SPECIFIED_MAX 512 /* bytes of a text once its params are in it */

struct param {
	const char *name;
	const char *text;          /* its value as it was written */
	const struct node *secret; /* of type secret: what names it; NULL: of another type */
	struct place at;
};

struct params {
	struct param at[PARAMS_MAX];
	unsigned n;
};

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

/* ---- params --------------------------------------------------------------------------------------------------------------- */

static const struct param *
find_param(const struct params *p, const char *name, size_t n)
{
	for (unsigned i = 0; i < p->n; i++)
		if (strlen(p->at[i].name) == n && memcmp(p->at[i].name, name, n) == 0)
			return &p->at[i];
	return NULL;
}

static bool
check_number(struct bench *b, const struct node *from, const char *name, const char *text,
	bool is_whole, const struct node *range)
{
	const struct node *pair[2];
	double v, low, high;
	int64_t i;

	if (is_whole ? !text_to_int(text, &i) : !text_to_double(text, &v)) {
		diag_error(&b->diag, from->at, "wrong-type", "%s is '%.60s'; write a %snumber",
			name, text, is_whole ? "whole " : "");
		return false;
	}
	if (is_whole)
		v = (double)i;
	if (range == NULL)
		return true;
	if (!read_pair(b, range, pair) || !read_constant(b, pair[0], &low) ||
		!read_constant(b, pair[1], &high))
		return false;
	if (v >= low && v <= high)
		return true;
	diag_error(&b->diag, from->at, "out-of-range",
		"%s is %.40s; write a number from %.40s to %.40s", name, text, pair[0]->text,
		pair[1]->text);
	return false;
}

/* The word of a choice: of a list, or of a map, whose words bring further params along. NULL: it is none of them, that was told. */
static const struct node *
find_choice(struct bench *b, const struct node *from, const char *name, const char *text,
	const struct node *words)
{
	bool is_map = words != NULL && words->kind == NODE_MAP;
	char all[200] = "";
	size_t used = 0;

	for (const struct node *k = words == NULL ? NULL : words->first; k != NULL; k = k->next) {
		const char *word = is_map ? k->key : k->text;

		if (k->kind != (is_map ? NODE_MAP : NODE_SCALAR))
			continue;
		if (strcmp(word, text) == 0)
			return k;
		if (used < sizeof(all))
			used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
				used == 0 ? "" : ", ", word);
	}
	diag_error(&b->diag, from->at, "wrong-value", "%s cannot be '%.60s'; write one of %s", name,
		text, all);
	return NULL;
}

/* What a word brings along: {voltage: {low: 0, high: 10}}. */
static void
add_brought(struct bench *b, const struct node *word, struct params *out)
{
	for (const struct node *k = word->kind == NODE_MAP ? word->first : NULL; k != NULL;
		k = k->next) {
		const char *text = read_text(b, k);

		if (text == NULL || !read_name(b, k->key, k->key_at, "a param"))
			continue;
		if (find_param(out, k->key, strlen(k->key)) != NULL) {
			diag_error(&b->diag, k->key_at, "duplicate-key",
				"the param '%.63s' is there already; give it another name", k->key);
			continue;
		}
		if (out->n == PARAMS_MAX) {
			diag_error(&b->diag, k->key_at, "too-large",
				"more than %d params; leave some out", PARAMS_MAX);
			return;
		}
		out->at[out->n++] = (struct param){ .name = k->key, .text = text, .at = k->at };
	}
}

/* The bench gives it as a key of the instrument, so it cannot have the name of a key that means something else there. */
static bool
check_param_name(struct bench *b, const struct node *param)
{
	if (!read_name(b, param->key, param->key_at, "a param"))
		return false;
	for (size_t i = 0; schema_instrument[i].name != NULL; i++)
		if (strcmp(schema_instrument[i].name, param->key) == 0) {
			diag_error(&b->diag, param->key_at, "name",
				"'%s' is a key of every instrument and cannot name a param; choose "
				"another name",
				param->key);
			return false;
		}
	return true;
}

/* 0x10 is 16 where it is laid into a message. */
static const char *
in_decimal(struct bench *b, const char *text, bool is_int)
{
	char out[32];
	int64_t v;
	int n;

	if (!is_int || !text_to_int(text, &v))
		return text;
	n = snprintf(out, sizeof(out), "%lld", (long long)v);
	return tree_text(&b->tree, out, (size_t)n);
}

/* A password or key: it has no text, and goes to the option of the codec with its name. */
static void
read_secret(struct bench *b, const struct node *param, const struct node *given,
	const struct node *def, const struct codec *codec, struct params *out)
{
	bool is_option = false;

	for (size_t i = 0; codec->opts != NULL && codec->opts[i].name != NULL; i++)
		is_option |= codec->opts[i].type == OPT_SECRET &&
			     strcmp(codec->opts[i].name, param->key) == 0;
	if (!is_option)
		diag_error(&b->diag, param->key_at, "param",
			"%s has no secret with the name '%s'; give the param the name of one of "
			"its keys that takes {secret: NAME}",
			codec->name, param->key);
	else if (def != NULL && (def->text == NULL || strcmp(def->text, "none") != 0))
		diag_error(&b->diag, def->at, "secret",
			"a secret has no value here; write default: none, or remove it");
	else if (given != NULL)
		out->at[out->n++] = (struct param){
			.name = param->key, .text = "", .secret = given, .at = given->at
		};
}

/* One param of an instrument: what the bench says, or its default. */
static void
read_param(struct bench *b, const struct node *param, const struct node *given,
	const struct node *instrument, const struct codec *codec, struct params *out)
{
	const struct node *found[SCHEMA_KEYS_MAX], *from = given;
	const struct node *word = NULL;
	const char *type, *text;

	if (!check_param_name(b, param) ||
		!read_is(b, param, NODE_MAP, "a map: {type: int, range: [1, 247], default: 1}") ||
		!read_keys(b, param, schema_param, NULL, found, NULL) || found[PARAM_TYPE] == NULL)
		return;
	if (from == NULL)
		from = found[PARAM_DEFAULT];
	if (from == NULL) {
		diag_error(&b->diag, instrument->at, "missing", "'%s' is missing; add it%s%s%s",
			param->key, found[PARAM_TITLE] == NULL ? "" : " (",
			found[PARAM_TITLE] == NULL ? "" : catalogue_text(b, found[PARAM_TITLE]),
			found[PARAM_TITLE] == NULL ? "" : ")");
		return;
	}
	type = read_word(b, found[PARAM_TYPE], &schema_param[PARAM_TYPE]);
	if (type != NULL && strcmp(type, "secret") == 0) {
		read_secret(b, param, given, found[PARAM_DEFAULT], codec, out);
		return;
	}
	text = read_text(b, from);
	if (type == NULL || text == NULL)
		return;
	if (strcmp(type, "int") == 0 || strcmp(type, "number") == 0) {
		if (!check_number(b, from, param->key, text, type[0] == 'i', found[PARAM_RANGE]))
			return;
		text = in_decimal(b, text, type[0] == 'i');
	} else if (strcmp(type, "choice") == 0) {
		word = find_choice(b, from, param->key, text, found[PARAM_WORDS]);
		if (word == NULL)
			return;
	}
	out->at[out->n++] = (struct param){ .name = param->key, .text = text, .at = from->at };
	if (word != NULL)
		add_brought(b, word, out);
}

static void
read_params(struct bench *b, const struct node *map, const struct node *instrument,
	const struct codec *codec, struct params *out)
{
	out->n = 0;
	if (map == NULL || !read_is(b, map, NODE_MAP, "a map: NAME: {type: int, default: 1}"))
		return;
	for (const struct node *n = map->first; n != NULL; n = n->next) {
		if (out->n == PARAMS_MAX) {
			diag_error(&b->diag, n->key_at, "too-large",
				"more than %d params; leave some out", PARAMS_MAX);
			return;
		}
		read_param(b, n, tree_get(&b->tree, instrument, n->key), instrument, codec, out);
	}
}

/* ---- copies --------------------------------------------------------------------------------------------------------------- */

struct copy {
	struct bench *b;
	const struct params *params; /* NULL: the bench's own words, which have none */
	const struct param *number;  /* of the channel that is being made of NAME{0..7}; NULL */
	struct node *absent; /* names of channels that do not exist with these params; NULL */
};

static const struct param *
find_any(const struct copy *c, const char *name, size_t n)
{
	if (c->number != NULL && strlen(REPEAT_NAME) == n && memcmp(name, REPEAT_NAME, n) == 0)
		return c->number;
	return c->params == NULL ? NULL : find_param(c->params, name, n);
}

/* ${address+100}: the param with its value changed; NULL: that was told. */
static const struct param *
change_param(struct copy *c, const struct node *n, const struct param *p, const char *how,
	size_t n_how, struct param *room)
{
	char out[32];
	int64_t v;
	int length;

	if (n_how == 0)
		return p;
	if (!text_to_int(p->text, &v) || !repeat_change(how, n_how, v, &v)) {
		diag_error(&c->b->diag, n->at, "param",
			"'%.*s' cannot be done with %s, which is %.40s; write ${%s*2+512}, for a "
			"whole number",
			(int)MIN(n_how, (size_t)40), how, p->name, p->text, p->name);
		return NULL;
	}
	length = snprintf(out, sizeof(out), "%lld", (long long)v);
	*room = (struct param){ p->name, tree_text(&c->b->tree, out, (size_t)length), NULL, p->at };
	return room;
}

/* ${address:hex2}: the value in a form of its own. */
static int
put_value(struct copy *c, const struct node *n, const struct param *p, const char *kind,
	size_t n_kind, char *out, size_t cap)
{
	char format[64];
	struct text_format f;
	struct err err;
	union value v = { 0 };
	enum value_type type = VALUE_INT;
	int len;

	if (n_kind == 0) {
		len = snprintf(out, cap, "%s", p->text);
		return len < 0 || (size_t)len >= cap ? -1 : len;
	}
	len = snprintf(format, sizeof(format), "{value:%.*s}", (int)MIN(n_kind, (size_t)40), kind);
	if (len > 0 && text_format_parse(format, &f, &err) == 0 && f.n == 1 &&
		f.at[0].kind != TEXT_UINT && f.at[0].kind != TEXT_SINT &&
		f.at[0].kind != TEXT_FLOAT) {
		bool is_known = true;

		if (text_value_type(&f.at[0]) == VALUE_TEXT)
			type = VALUE_TEXT;
		else if (text_value_type(&f.at[0]) == VALUE_FLOAT && text_to_double(p->text, &v.f))
			type = VALUE_FLOAT;
		else
			is_known = text_to_int(p->text, &v.i);
		len = !is_known ? err_set(&err, ERR_CONF, 0, "this form is for whole numbers")
				: text_value_put(&f.at[0], type, v, p->text, (uint8_t *)out,
					  cap - 1, &err);
		if (len >= 0) {
			out[len] = '\0';
			return len;
		}
		diag_error(&c->b->diag, p->at, "param",
			"%s is %.40s and does not fit %.*s (%s); write another value or form",
			p->name, p->text, (int)n_kind, kind, err.msg);
		return -1;
	}
	diag_error(&c->b->diag, n->at, "param",
		"${%s:%.*s} has no form that can be written here; write int3, hex2, num.2 or "
		"nothing",
		p->name, (int)MIN(n_kind, (size_t)40), kind);
	return -1;
}

/* The text with the params in it; NULL: that was told. */
static const char *
specify(struct copy *c, const struct node *n, const char *text)
{
	char out[SPECIFIED_MAX];
	size_t used = 0;

	if ((c->params == NULL && c->number == NULL) || strstr(text, "${") == NULL)
		return text;
	while (*text != '\0') {
		const char *end, *colon;
		const struct param *p;
		struct param changed;
		size_t n_name, n_bare;
		int got;

		if (used + 2 >= sizeof(out)) {
			diag_error(&c->b->diag, n->at, "too-large",
				"the text is too long; shorten it");
			return NULL;
		}
		if (text[0] != '$' || text[1] != '{') {
			out[used++] = *text++;
			continue;
		}
		end = strchr(text, '}');
		if (end == NULL) {
			diag_error(&c->b->diag, n->at, "param",
				"'${' is not closed; write ${NAME}, or $<7B> for the characters");
			return NULL;
		}
		colon = memchr(text, ':', (size_t)(end - text));
		n_name = (size_t)((colon == NULL ? end : colon) - text) - 2;
		n_bare = MIN(strcspn(text + 2, "+-*:}"), n_name);
		p = find_any(c, text + 2, n_bare);
		if (p == NULL) {
			diag_error(&c->b->diag, n->at, "param",
				"no param is named '%.*s'; add it under params:",
				(int)MIN(n_bare, (size_t)40), text + 2);
			return NULL;
		}
		if (p->secret != NULL) {
			diag_error(&c->b->diag, n->at, "secret",
				"'%s' is a secret and has no text; the protocol sends it by its "
				"own key '%s'",
				p->name, p->name);
			return NULL;
		}
		p = change_param(c, n, p, text + 2 + n_bare, n_name - n_bare, &changed);
		if (p == NULL)
			return NULL;
		got = put_value(c, n, p, colon == NULL ? NULL : colon + 1,
			colon == NULL ? 0 : (size_t)(end - colon - 1), out + used,
			sizeof(out) - used);
		if (got < 0)
			return NULL;
		used += (size_t)got;
		text = end + 1;
	}
	return tree_text(&c->b->tree, out, used);
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* How long the number or the name is that begins here; 1 for anything else. The e of 1e-3 is no name. */
static size_t
word_length(const char *text)
{
	static const char digits[] = "0123456789";
	size_t n = strspn(text, "0123456789.");

	if (n > 0 && (text[n] == 'e' || text[n] == 'E')) {
		size_t sign = text[n + 1] == '+' || text[n + 1] == '-';
		size_t more = strspn(text + n + 1 + sign, digits);

		return more > 0 ? n + 1 + sign + more : n;
	}
	if (n > 0)
		return n;
	while (is_letter(text[n]) || (n > 0 && text[n] >= '0' && text[n] <= '9'))
		n++;
	return MAX(n, (size_t)1);
}

/* In a scale the names of params stand by themselves: 10^-decimals. NULL: that was told. */
static const char *
specify_number(struct copy *c, const struct node *n, const char *text)
{
	char out[SPECIFIED_MAX];
	size_t used = 0;

	while (*text != '\0') {
		size_t length = word_length(text), made;
		const struct param *p = find_any(c, text, length);
		const char *from = p == NULL ? text : p->text;

		made = p == NULL ? length : strlen(p->text);
		if (made >= sizeof(out) - used) {
			diag_error(&c->b->diag, n->at, "too-large",
				"the text is too long; shorten it");
			return NULL;
		}
		memcpy(out + used, from, made);
		used += made;
		text += length;
	}
	return tree_text(&c->b->tree, out, used);
}

/* Where a node stands: params stand by their bare names only in the scale of a channel, not in a message that is named so. */
enum where { IN_FILE, IN_CHANNELS, IN_CHANNEL, IN_SCALE, IN_TWINS, ELSEWHERE };

static enum where
where_below(enum where above, const char *key)
{
	switch (above) {
	case IN_FILE:
		return strcmp(key, "channels") == 0 ? IN_CHANNELS
		       : strcmp(key, "twin") == 0   ? IN_TWINS
						    : ELSEWHERE;
	case IN_CHANNELS:
		return IN_CHANNEL;
	case IN_CHANNEL:
		return strcmp(key, "scale") == 0 || strcmp(key, "offset") == 0 ? IN_SCALE
									       : ELSEWHERE;
	case IN_TWINS:
		return ELSEWHERE;
	default:
		return above;
	}
}

static struct node *copy_node(struct copy *c, const struct node *from, enum where where);

/* One that is there already is completed by it. */
static void
add_or_complete(struct copy *c, struct node *map, struct node *child)
{
	struct node *over;

	if (child == NULL)
		return;
	if (tree_get(&c->b->tree, map, child->key) == NULL) {
		tree_add(&c->b->tree, map, child);
		return;
	}
	over = tree_node(&c->b->tree, NODE_MAP, map->at);
	if (over == NULL)
		return;
	tree_add(&c->b->tree, over, child);
	merge_over(&c->b->tree, map, over);
}

/* Is the param's value this one? 0x10 is 16. */
static bool
is_value(const struct param *p, const struct node *n)
{
	int64_t a, b;

	if (n->kind != NODE_SCALAR)
		return false;
	return strcmp(p->text, n->text) == 0 ||
	       (text_to_int(p->text, &a) && text_to_int(n->text, &b) && a == b);
}

/* `only: {model: [E1240, E1242]}`: does the channel exist with the params of this instrument? */
static bool
exists(struct copy *c, const struct node *channel)
{
	const struct node *only =
		channel->kind == NODE_MAP ? tree_get(&c->b->tree, channel, "only") : NULL;
	bool is_there = true;

	if (only == NULL || c->params == NULL ||
		!read_is(c->b, only, NODE_MAP, "a map: {PARAM: VALUE} or {PARAM: [VALUE, VALUE]}"))
		return true;
	for (const struct node *k = only->first; k != NULL; k = k->next) {
		const struct param *p = find_param(c->params, k->key, strlen(k->key));
		bool is_one = false;

		if (p == NULL) {
			diag_error(&c->b->diag, k->key_at, "param",
				"no param is named '%.60s'; add it under params:", k->key);
			continue;
		}
		if (k->kind == NODE_LIST)
			for (const struct node *v = k->first; v != NULL; v = v->next)
				is_one |= is_value(p, v);
		is_there &= is_one || is_value(p, k);
	}
	return is_there;
}

static void
leave_out(struct copy *c, const char *key)
{
	struct node *n = tree_node(&c->b->tree, NODE_SCALAR, c->absent->at);

	if (n == NULL)
		return;
	n->key = key;
	n->text = "";
	tree_add(&c->b->tree, c->absent, n);
}

/* One channel, or the behaviour of one; key: its own. */
static void
copy_one(struct copy *c, struct node *map, const struct node *from, const char *key,
	enum where where)
{
	struct node *child;

	if (where == IN_CHANNEL && !exists(c, from)) {
		leave_out(c, key);
		return;
	}
	if (c->absent != NULL && tree_get(&c->b->tree, c->absent, key) != NULL)
		return;
	child = copy_node(c, from, where);
	if (child != NULL)
		child->key = key;
	add_or_complete(c, map, child);
}

/* A channel, or the behaviour of its twin; NAME{0..7} are eight. */
static void
copy_channel(struct copy *c, struct node *map, const struct node *from, enum where where)
{
	const struct param *above = c->number;
	struct repeat r;
	struct err err;
	char key[200], number[24];
	int rc = repeat_parse(from->key, &r, &err);

	if (rc == 0)
		copy_one(c, map, from, from->key, where);
	else if (rc < 0)
		diag_error(&c->b->diag, from->key_at, "name", "%s", err.msg);
	for (int64_t i = r.first; rc > 0 && i <= r.last; i++) {
		struct param p = { REPEAT_NAME, number, NULL, from->key_at };
		int n = repeat_key(&r, i, key, sizeof(key));

		snprintf(number, sizeof(number), "%lld", (long long)i);
		c->number = &p;
		if (n > 0)
			copy_one(c, map, from, tree_text(&c->b->tree, key, (size_t)n), where);
	}
	c->number = above;
}

/* NULL: no more nodes, or a text that cannot be made. */
static struct node *
copy_node(struct copy *c, const struct node *from, enum where where)
{
	struct node *n = tree_node(&c->b->tree, (enum node_kind)from->kind, from->at);

	if (n == NULL)
		return NULL;
	n->key = from->key;
	n->key_at = from->key_at;
	n->is_quoted = from->is_quoted;
	n->is_key_quoted = from->is_key_quoted;
	n->source = from->source;
	if (from->kind == NODE_SCALAR) {
		n->text = specify(c, from, from->text);
		if (n->text != NULL && where == IN_SCALE &&
			(c->params != NULL || c->number != NULL))
			n->text = specify_number(c, from, n->text);
		return n->text == NULL ? NULL : n;
	}
	for (const struct node *k = from->first; k != NULL; k = k->next) {
		enum where below = from->kind == NODE_MAP ? where_below(where, k->key) : where;
		struct node *child;

		if (from->kind == NODE_MAP && (where == IN_CHANNELS || where == IN_TWINS)) {
			copy_channel(c, n, k, below);
			continue;
		}
		if (where == IN_CHANNEL && c->params != NULL && strcmp(k->key, "only") == 0)
			continue;
		child = copy_node(c, k, below);
		if (child != NULL)
			tree_add(&c->b->tree, n, child);
	}
	return n;
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
	struct node *child = copy_node(&plain, from, where_below(IN_FILE, from->key));

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
			find_param(params, codec->opts[i].name, strlen(codec->opts[i].name));

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
	const struct node *instrument, const struct node **out_line)
{
	bool is_there;
	const struct node *root = find_file(b, name, &is_there), *map, *title;
	const struct node *protocol;
	struct params params;
	struct copy copy = { b, &params, NULL, tree_node(&b->tree, NODE_MAP, instrument->at) };
	struct node *out;
	size_t before;

	*out_line = NULL;
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
	read_params(b, map, instrument, catalogue_codec(protocol->text), &params);
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
			enum where where = where_below(IN_FILE, k->key);
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
	pass_params(b, out, catalogue_codec(protocol->text), &params, use);
	merge_over(&b->tree, out, own_part(b, instrument, map));
	return out;
}
