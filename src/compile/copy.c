/* copy.c - a description made an instrument's own: params in their places, NAME{0..7} as eight channels */
#include "compile/copy.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/merge.h"
#include "compile/read.h"
#include "compile/repeat.h"
#include "drivers/text_format.h"
#include "drivers/text_value.h"

#define SPECIFIED_MAX 512 /* bytes of a text once its params are in it */

static const struct param *
find_any(const struct copy *c, const char *name, size_t n)
{
	if (c->number != NULL && strlen(REPEAT_NAME) == n && memcmp(name, REPEAT_NAME, n) == 0)
		return c->number;
	return c->params == NULL ? NULL : params_find(c->params, name, n);
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

enum copy_where
copy_where_below(enum copy_where above, const char *key)
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

/* `only: {model: [E1240, E1242]}`: does the channel exist with the params of this instrument? What is no param is looked at later: the
 * device may say it (captures.c). */
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
		const struct param *p = params_find(c->params, k->key, strlen(k->key));
		bool is_one = false;

		if (p == NULL)
			continue;
		if (k->kind == NODE_LIST)
			for (const struct node *v = k->first; v != NULL; v = v->next)
				is_one |= is_value(p, v);
		is_there &= is_one || is_value(p, k);
	}
	return is_there;
}

/* The keys of `only:` that are no params; NULL: there are none. */
static struct node *
copy_rest(struct copy *c, const struct node *only)
{
	struct node *n = NULL;

	for (const struct node *k = only->kind == NODE_MAP ? only->first : NULL; k != NULL;
		k = k->next) {
		struct node *child;

		if (params_find(c->params, k->key, strlen(k->key)) != NULL)
			continue;
		if (n == NULL)
			n = tree_node(&c->b->tree, NODE_MAP, only->at);
		child = n == NULL ? NULL : copy_node(c, k, ELSEWHERE);
		if (child != NULL)
			tree_add(&c->b->tree, n, child);
	}
	if (n != NULL) {
		n->key = only->key;
		n->key_at = only->key_at;
		n->source = only->source;
	}
	return n;
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
	enum copy_where where)
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
copy_channel(struct copy *c, struct node *map, const struct node *from, enum copy_where where)
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

struct node *
copy_node(struct copy *c, const struct node *from, enum copy_where where)
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
		enum copy_where below =
			from->kind == NODE_MAP ? copy_where_below(where, k->key) : where;
		struct node *child;

		if (from->kind == NODE_MAP && (where == IN_CHANNELS || where == IN_TWINS)) {
			copy_channel(c, n, k, below);
			continue;
		}
		child = where == IN_CHANNEL && c->params != NULL && strcmp(k->key, "only") == 0
				? copy_rest(c, k)
				: copy_node(c, k, below);
		if (child != NULL)
			tree_add(&c->b->tree, n, child);
	}
	return n;
}
