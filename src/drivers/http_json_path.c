/* http_json_path.c - paths in a JSON page, and what stands there
 *
 * Names are compared as what they mean: with escapes, and in the page's own coding.
 */
#include "drivers/http_json.h"

#include <string.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- paths ---- */

static bool
is_word_char(char c)
{
	return (unsigned char)c > 0x20 && strchr(".[]\"=\\", c) == NULL;
}

/* What a member says, without quotes: a number. */
static bool
is_value_char(char c)
{
	return (unsigned char)c > 0x20 && strchr("[]\"=\\", c) == NULL;
}

static struct run
take_run(struct run *path, bool (*is_part)(char c))
{
	struct run out = { path->at, 0 };

	while (out.n < path->n && is_part(path->at[out.n]))
		out.n++;
	path->at += out.n;
	path->n -= out.n;
	return out;
}

static bool
take_path_char(struct run *path, char c)
{
	if (path->n == 0 || path->at[0] != c)
		return false;
	path->at++;
	path->n--;
	return true;
}

/* Behind a quote, up to and with the next; inside are \" and \\. */
static bool
take_quoted(struct run *path, struct run *out)
{
	*out = (struct run){ path->at, 0 };
	while (out->n < path->n && path->at[out->n] != '"') {
		bool is_escape = path->at[out->n] == '\\';

		if (is_escape && (out->n + 1 >= path->n || (path->at[out->n + 1] != '"' &&
								   path->at[out->n + 1] != '\\')))
			return false;
		out->n += is_escape ? 2 : 1;
	}
	path->at += out->n;
	path->n -= out->n;
	return take_path_char(path, '"');
}

/* Behind [, up to and with ]. */
static bool
take_bracket(struct run *path, struct http_json_want *out)
{
	struct run digits;

	if (take_path_char(path, '"'))
		return take_quoted(path, &out->name) && take_path_char(path, ']');
	if (path->n > 0 && is_digit(path->at[0])) {
		out->kind = HTTP_WANT_INDEX;
		digits = take_run(path, is_digit);
		for (size_t i = 0; i < digits.n && i < 6; i++)
			out->index = 10 * out->index + (uint32_t)(digits.at[i] - '0');
		return digits.n <= 5 && take_path_char(path, ']');
	}
	out->kind = HTTP_WANT_WHERE;
	out->name = take_run(path, is_word_char);
	if (out->name.n == 0 || !take_path_char(path, '='))
		return false;
	out->is_text = take_path_char(path, '"');
	if (out->is_text && !take_quoted(path, &out->value))
		return false;
	if (!out->is_text)
		out->value = take_run(path, is_value_char);
	return (out->is_text || out->value.n > 0) && take_path_char(path, ']');
}

int
http_json_want(struct run *path, bool is_first, struct http_json_want *out)
{
	*out = (struct http_json_want){ .kind = HTTP_WANT_MEMBER };
	if (path->n == 0)
		return is_first ? -1 : 0;
	if (take_path_char(path, '['))
		return take_bracket(path, out) ? 1 : -1;
	if (!is_first && !take_path_char(path, '.'))
		return -1;
	out->name = take_run(path, is_word_char);
	return out->name.n > 0 ? 1 : -1;
}

const char *
http_json_path(const char *path)
{
	struct run left = { path, strlen(path) };
	struct http_json_want step;
	unsigned n = 0;
	int rc;

	while ((rc = http_json_want(&left, n == 0, &step)) > 0) {
		if (step.name.n > VALUE_TEXT_MAX || step.value.n > VALUE_TEXT_MAX)
			return "a name is too long";
		if (++n > HTTP_JSON_DEPTH)
			return "it goes too deep";
	}
	return rc < 0 ? "it does not end as it should" : NULL;
}

/* A name of the page, as it stands there, and one of a path. */
static bool
is_same(struct run found, bool is_utf8, struct run wanted)
{
	struct http_text a, b;

	if (found.n == wanted.n && memcmp(found.at, wanted.at, found.n) == 0 && is_utf8)
		return true;
	/* What stands there otherwise may still mean the same: escapes, Latin-1. */
	if (memchr(found.at, '\\', found.n) == NULL && memchr(wanted.at, '\\', wanted.n) == NULL &&
		is_utf8)
		return false;
	http_json_text(HTTP_TOKEN_NUMBER, found, is_utf8, &a);
	http_json_text(HTTP_TOKEN_NUMBER, wanted, true, &b);
	return b.quality == Q_GOOD && http_text_is(&a, (struct run){ b.text, b.n });
}

struct where {
	const struct http_json_want *step;
	bool is_utf8;
	bool is_found;
};

static void
where_found(void *ctx, const struct http_json_place *place, enum http_token token, struct run raw)
{
	struct where *w = ctx;

	if (place->n != 1 || !place->step[0].is_member || token == HTTP_TOKEN_MANY ||
		!is_same(place->step[0].name, w->is_utf8, w->step->name) ||
		(token == HTTP_TOKEN_STRING) != w->step->is_text)
		return;
	if (token == HTTP_TOKEN_STRING)
		raw = (struct run){ raw.at + 1, raw.n - 2 };
	w->is_found = is_same(raw, w->is_utf8, w->step->value);
}

/* Does the element that begins there have the member that the step asks for? What is behind it may not have been looked at yet. */
static bool
is_where(const struct http_json_place *place, const char *from, const struct http_json_want *step)
{
	struct where where = { .step = step, .is_utf8 = place->is_utf8 };
	struct http_page part = {
		.text = from, .n = (size_t)(place->end - from), .is_utf8 = place->is_utf8
	};

	if (*from == '{')
		http_json_walk(&part, where_found, &where); /* what is behind it is no matter */
	return where.is_found;
}

bool
http_json_is_at(const struct http_json_place *place, struct run path)
{
	struct http_json_want step;
	unsigned n = 0;

	while (http_json_want(&path, n == 0, &step) > 0) {
		const struct http_json_step *at = &place->step[n];

		if (n++ >= place->n || at->is_member != (step.kind == HTTP_WANT_MEMBER))
			return false;
		if (step.kind == HTTP_WANT_MEMBER ? !is_same(at->name, place->is_utf8, step.name)
			: step.kind == HTTP_WANT_INDEX ? at->index != step.index
						       : !is_where(place, at->from, &step))
			return false;
	}
	return n > 0 && n == place->n;
}

/* ---- what is wanted ---- */

static void
settle_found(void *ctx, const struct http_json_place *place, enum http_token token, struct run raw)
{
	struct http_page *p = ctx;
	struct http_text text = { .quality = Q_GOOD };
	bool is_text = false;

	for (uint32_t i = 0; i < p->req->n; i++) {
		const char *key = p->pts[p->req->first + i].key;
		struct run selector = { key + 2, strcspn(key + 2, "\x1F") };

		if (key[0] != HTTP_JSON || !http_json_is_at(place, selector))
			continue;
		if (!is_text && token != HTTP_TOKEN_MANY)
			http_json_text(token, raw, p->is_utf8, &text);
		is_text = true;
		http_value_settle(p, i, token, &text);
	}
}

bool
http_json_read(struct http_page *p)
{
	return http_json_walk(p, settle_found, p);
}

struct find {
	struct run path;
	int n;
	enum http_token token;
	struct run raw;
};

static void
find_found(void *ctx, const struct http_json_place *place, enum http_token token, struct run raw)
{
	struct find *f = ctx;

	if (!http_json_is_at(place, f->path))
		return;
	f->n++;
	f->token = token;
	f->raw = raw;
}

int
http_json_find(
	struct http_page *p, struct run path, enum http_token *out_token, struct run *out_raw)
{
	struct find f = { .path = path };

	if (!http_json_walk(p, find_found, &f))
		return -1;
	if (f.n > 0) {
		*out_token = f.token;
		*out_raw = f.raw;
	}
	return f.n;
}
