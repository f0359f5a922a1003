/* http_json.c - JSON as it comes
 *
 * Source: RFC 8259. The page is walked once, with the way from the root to the present value in a table; nothing is built. What
 * the RFC does not allow makes the whole page unreadable: a page that breaks off, or is of another kind, must not give some of its
 * values. Two members of one name are allowed there, but which of them is meant nobody knows: see http_value_settle().
 */
#include "drivers/http_json.h"

#include <string.h>

struct walk {
	const char *at;
	struct http_json_place place;
	void (*found)(void *ctx, const struct http_json_place *place, enum http_token token,
		struct run raw);
	void *ctx;
	const char *why;
};

static bool take_value(struct walk *w);

static bool
fail(struct walk *w, const char *why)
{
	if (w->why == NULL)
		w->why = why;
	return false;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool
is_next(const struct walk *w, char c)
{
	return w->at < w->place.end && *w->at == c;
}

static bool
take_char(struct walk *w, char c)
{
	if (!is_next(w, c))
		return false;
	w->at++;
	return true;
}

static void
take_blanks(struct walk *w)
{
	while (is_next(w, ' ') || is_next(w, '\t') || is_next(w, '\r') || is_next(w, '\n'))
		w->at++;
}

/* ---- single values ---- */

static bool
take_escape(struct walk *w)
{
	w->at++;
	if (w->at == w->place.end)
		return fail(w, "it breaks off");
	if (*w->at != 'u')
		return strchr("\"\\/bfnrt", *w->at) != NULL && *w->at != '\0'
			       ? take_char(w, *w->at)
			       : fail(w, "an escape that is none");
	w->at++;
	for (int i = 0; i < 4; i++) {
		if (w->at == w->place.end)
			return fail(w, "it breaks off");
		if (!is_hex(*w->at))
			return fail(w, "an escape that is none");
		w->at++;
	}
	return true;
}

/* With its quotes. */
static bool
take_string(struct walk *w, struct run *out)
{
	const char *from = w->at;

	if (!take_char(w, '"'))
		return fail(w, w->at == w->place.end ? "it breaks off" : "a name is missing");
	while (w->at < w->place.end && *w->at != '"') {
		if ((unsigned char)*w->at < 0x20)
			return fail(w, "a control character in a text");
		if (*w->at != '\\')
			w->at++;
		else if (!take_escape(w))
			return false;
	}
	if (!take_char(w, '"'))
		return fail(w, "it breaks off");
	*out = (struct run){ from, (size_t)(w->at - from) };
	return true;
}

static bool
take_digits(struct walk *w)
{
	const char *from = w->at;

	while (w->at < w->place.end && is_digit(*w->at))
		w->at++;
	return w->at > from || fail(w, w->at == w->place.end ? "it breaks off" : "no number");
}

static bool
take_number(struct walk *w, struct run *out)
{
	const char *from = w->at;

	take_char(w, '-');
	if (!take_char(w, '0') && !take_digits(w))
		return false;
	if (take_char(w, '.') && !take_digits(w))
		return false;
	if (take_char(w, 'e') || take_char(w, 'E')) {
		if (!take_char(w, '+'))
			take_char(w, '-');
		if (!take_digits(w))
			return false;
	}
	*out = (struct run){ from, (size_t)(w->at - from) };
	return true;
}

static bool
take_word(struct walk *w, struct run *out)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < NELEM(words); i++) {
		size_t n = strlen(words[i]), left = (size_t)(w->place.end - w->at);

		if (*w->at != words[i][0])
			continue;
		if (memcmp(w->at, words[i], MIN(n, left)) != 0)
			break;
		if (left < n)
			return fail(w, "it breaks off");
		*out = (struct run){ w->at, n };
		w->at += n;
		return true;
	}
	return fail(w, "something that is no value");
}

static bool
take_single(struct walk *w)
{
	enum http_token token;
	struct run raw;
	bool good;

	if (*w->at == '"') {
		token = HTTP_TOKEN_STRING;
		good = take_string(w, &raw);
	} else if (*w->at == '-' || is_digit(*w->at)) {
		token = HTTP_TOKEN_NUMBER;
		good = take_number(w, &raw);
	} else {
		token = HTTP_TOKEN_WORD;
		good = take_word(w, &raw);
	}
	if (good)
		w->found(w->ctx, &w->place, token, raw);
	return good;
}

/* ---- objects, arrays ---- */

/* "name": in an object. */
static bool
take_name(struct walk *w, struct http_json_step *step)
{
	struct run name;

	if (!take_string(w, &name))
		return false;
	step->name = (struct run){ name.at + 1, name.n - 2 };
	take_blanks(w);
	return take_char(w, ':') ||
	       fail(w, w->at == w->place.end ? "it breaks off" : "a colon is missing");
}

/* Behind { or [; no deeper than HTTP_JSON_DEPTH. */
static bool
take_many(struct walk *w, char close)
{
	struct http_json_step *step = &w->place.step[w->place.n];

	if (w->place.n == HTTP_JSON_DEPTH)
		return fail(w, "objects in objects without end");
	take_blanks(w);
	if (take_char(w, close))
		return true;
	*step = (struct http_json_step){ .is_member = close == '}' };
	w->place.n++;
	do {
		take_blanks(w);
		if (step->is_member && !take_name(w, step))
			return false;
		if (!take_value(w))
			return false;
		take_blanks(w);
		step->index++;
	} while (take_char(w, ','));
	w->place.n--;
	return take_char(w, close) ||
	       fail(w, w->at == w->place.end ? "it breaks off" : "a comma is missing");
}

static bool
take_value(struct walk *w)
{
	struct run raw;

	take_blanks(w);
	if (w->at == w->place.end)
		return fail(w, "it breaks off");
	raw = (struct run){ w->at, 1 };
	if (w->place.n > 0)
		w->place.step[w->place.n - 1].from = w->at;
	if (*w->at != '{' && *w->at != '[')
		return take_single(w);
	w->found(w->ctx, &w->place, HTTP_TOKEN_MANY, raw);
	w->at++;
	return take_many(w, *raw.at == '{' ? '}' : ']');
}

bool
http_json_walk(struct http_page *p,
	void (*found)(void *ctx, const struct http_json_place *place, enum http_token token,
		struct run raw),
	void *ctx)
{
	struct walk w = { .at = p->text, .found = found, .ctx = ctx };

	w.place.end = p->text + p->n;
	w.place.is_utf8 = p->is_utf8;
	if (take_value(&w)) {
		take_blanks(&w);
		if (w.at == w.place.end)
			return true;
		fail(&w, "something behind its end");
	}
	p->where = (size_t)(w.at - p->text);
	p->why = w.why;
	return false;
}

/* ---- texts ---- */

static uint32_t
hex4(const char *in)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 4 | (uint32_t)(is_digit(in[i]) ? in[i] - '0' : (in[i] | 0x20) - 'a' + 10);
	return v;
}

/* The escape at in[0], a backslash; the walk has found it sound. */
static uint32_t
escape(const char *in, size_t n, size_t *out_n)
{
	static const char letters[] = "bfnrt", means[] = "\b\f\n\r\t";
	const char *letter;
	uint32_t c, low;

	*out_n = 2;
	if (n < 2)
		return 0;
	letter = strchr(letters, in[1]);
	if (in[1] != 'u')
		return (unsigned char)(letter != NULL ? means[letter - letters] : in[1]);
	if (n < 6)
		return 0;
	c = hex4(in + 2);
	*out_n = 6;
	if (c < 0xD800 || c >= 0xDC00 || n < 12 || in[6] != '\\' || in[7] != 'u')
		return c;
	low = hex4(in + 8);
	if (low < 0xDC00 || low >= 0xE000)
		return c;
	*out_n = 12;
	return 0x10000 + ((c - 0xD800) << 10 | (low - 0xDC00));
}

void
http_json_text(enum http_token token, struct run in, bool is_utf8, struct http_text *out)
{
	size_t step;

	if (token == HTTP_TOKEN_STRING)
		in = (struct run){ in.at + 1, in.n - 2 };
	*out = (struct http_text){ .quality = Q_GOOD };
	for (size_t i = 0; i < in.n; i += step) {
		uint32_t c = in.at[i] == '\\' ? escape(in.at + i, in.n - i, &step)
					      : http_text_char(in.at + i, in.n - i, is_utf8, &step);

		if (!http_text_put(out, c))
			return;
	}
}
