/* params.c - what differs from one instrument of a file to the next */
#include "compile/params.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/catalogue.h"
#include "compile/read.h"

const struct param *
params_find(const struct params *p, const char *name, size_t n)
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
		if (params_find(out, k->key, strlen(k->key)) != NULL) {
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

void
params_read(struct bench *b, const struct node *map, const struct node *instrument,
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
