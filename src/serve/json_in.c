/* json_in.c - JSON of strangers, read member by member */
#include "serve/json_in.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "serve/escape.h"

int
json_in_wrong(struct json_in *in, const char *fmt, ...)
{
	char what[160];
	int line = 1, column = 1;
	va_list ap;

	for (const char *p = in->begin; p < in->at; p++) {
		column = *p == '\n' ? 1 : column + 1;
		line += *p == '\n';
	}
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	what[text_utf8(what, strlen(what))] = '\0';
	return err_set(
		in->err, ERR_CONF, 0, "%s, line %d, column %d: %s", in->what, line, column, what);
}

int
json_in_open(struct json_in *in, char *text, size_t n, const char *what, struct err *err)
{
	*in = (struct json_in){
		.at = text, .end = text + n, .begin = text, .what = what, .err = err
	};
	in->at += text_utf8(text, n);
	if (in->at < in->end)
		return json_in_wrong(in, "this is not valid UTF-8");
	in->at = text;
	return 0;
}

static void
skip_blanks(struct json_in *in)
{
	while (in->at < in->end &&
		(*in->at == ' ' || *in->at == '\t' || *in->at == '\r' || *in->at == '\n'))
		in->at++;
}

int
json_in_close(struct json_in *in)
{
	skip_blanks(in);
	return in->at == in->end ? 0 : json_in_wrong(in, "there is more behind the value");
}

char
json_in_next(struct json_in *in)
{
	char c;

	skip_blanks(in);
	c = in->at < in->end ? *in->at : '\0';
	if (c == '-' || (c >= '0' && c <= '9'))
		return '0';
	return c != '\0' && strchr("{[\"tfn", c) != NULL ? c : '\0';
}

/* ---- texts --------------------------------------------------------------------------------------------------------------- */

/* Behind a backslash; NULL: it is no escape. What it stands for is shorter than itself. */
static char *
take_escape(struct json_in *in, char *to)
{
	char c = in->at < in->end ? *in->at++ : '\0';
	uint32_t character;
	size_t n;

	if (c == '"' || c == '\\' || c == '/') {
		*to++ = c;
		return to;
	}
	if (c == 'b' || c == 'f' || c == 'n' || c == 'r' || c == 't') {
		*to++ = ' ';
		return to;
	}
	n = c == 'u' ? escape_read(in->at, in->end, &character) : 0;
	in->at += n;
	if (n == 0)
		return NULL;
	return to + escape_put(to, character < 0x20 || character == 0x7F ? ' ' : character);
}

int
json_in_text(struct json_in *in, char **out)
{
	char *to;

	if (json_in_next(in) != '"')
		return json_in_wrong(in, "a text in double quotes is expected here");
	to = *out = ++in->at;
	while (in->at < in->end && *in->at != '"') {
		char c = *in->at++;

		if ((unsigned char)c < 0x20)
			return json_in_wrong(in, "a control character in a text");
		if (c != '\\')
			*to++ = (char)(c == 0x7F ? ' ' : c);
		else if ((to = take_escape(in, to)) == NULL)
			return json_in_wrong(in, "an escape that is none");
	}
	if (in->at == in->end)
		return json_in_wrong(in, "the text has no end");
	in->at++;
	*to = '\0'; /* at its closing quote or before */
	return 0;
}

/* ---- others -------------------------------------------------------------------------------------------------------------- */

/* JSON knows no "+1", "01", ".5" or "1."; text_to_double() does. */
static bool
is_json_number(const char *t)
{
	size_t n;

	t += *t == '-';
	n = strspn(t, "0123456789");
	if (n == 0 || (n > 1 && t[0] == '0'))
		return false;
	t += n;
	if (*t == '.') {
		n = strspn(++t, "0123456789");
		if (n == 0)
			return false;
		t += n;
	}
	return *t == '\0' || *t == 'e' || *t == 'E';
}

int
json_in_number(struct json_in *in, double *out)
{
	char text[64];
	size_t n = 0;

	if (json_in_next(in) != '0')
		return json_in_wrong(in, "a number is expected here");
	while (in->at + n < in->end && n + 1 < sizeof(text) && in->at[n] != '\0' &&
		strchr("+-.0123456789eE", in->at[n]) != NULL) {
		text[n] = in->at[n];
		n++;
	}
	text[n] = '\0';
	if (!is_json_number(text) || !text_to_double(text, out) || !isfinite(*out))
		return json_in_wrong(in, "this is no number");
	in->at += n;
	return 0;
}

static bool
takes_word(struct json_in *in, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(in->end - in->at) < n || memcmp(in->at, word, n) != 0)
		return false;
	in->at += n;
	return true;
}

int
json_in_bool(struct json_in *in, bool *out)
{
	skip_blanks(in);
	*out = takes_word(in, "true");
	if (*out || takes_word(in, "false"))
		return 0;
	return json_in_wrong(in, "true or false is expected here");
}

static bool
is_next(struct json_in *in, char c)
{
	skip_blanks(in);
	if (in->at == in->end || *in->at != c)
		return false;
	in->at++;
	return true;
}

static int
take_items(struct json_in *in, char open, char close, json_in_fn fn, void *ctx)
{
	int rc;

	if (!is_next(in, open))
		return json_in_wrong(
			in, "%s is expected here", open == '{' ? "an object" : "a list");
	if (++in->depth > JSON_IN_DEPTH)
		return json_in_wrong(in, "more than %d levels", JSON_IN_DEPTH);
	if (!is_next(in, close)) {
		do {
			char *key = NULL;

			rc = open == '{' ? json_in_text(in, &key) : 0;
			if (rc == 0 && open == '{' && !is_next(in, ':'))
				rc = json_in_wrong(in, "a colon is missing");
			if (rc == 0)
				rc = fn(ctx, in, key);
			if (rc < 0)
				return rc;
		} while (is_next(in, ','));
		if (!is_next(in, close))
			return json_in_wrong(in, "a comma or the closing '%c' is missing", close);
	}
	in->depth--;
	return 0;
}

int
json_in_object(struct json_in *in, json_in_fn fn, void *ctx)
{
	return take_items(in, '{', '}', fn, ctx);
}

int
json_in_array(struct json_in *in, json_in_fn fn, void *ctx)
{
	return take_items(in, '[', ']', fn, ctx);
}

static int
skip_item(void *ctx, struct json_in *in, const char *key)
{
	return json_in_skip(in);
}

int
json_in_skip(struct json_in *in)
{
	double number;
	bool is_true;
	char *text;

	switch (json_in_next(in)) {
	case '{':
		return json_in_object(in, skip_item, NULL);
	case '[':
		return json_in_array(in, skip_item, NULL);
	case '"':
		return json_in_text(in, &text);
	case '0':
		return json_in_number(in, &number);
	case 't':
	case 'f':
		return json_in_bool(in, &is_true);
	case 'n':
		if (takes_word(in, "null"))
			return 0;
	}
	return json_in_wrong(in, "a value is expected here");
}
