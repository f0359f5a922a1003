/* body.c - the body of a request that commands
 *
 * The reader is our own: what is asked is flat and small, and the names of the usual library are those of base/json.h.
 */
#include "serve/body.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "serve/escape.h"

struct reader {
	const char *text, *at, *end;
	struct err *err;
};

static int PRINTF(2, 3) wrong(struct reader *r, const char *fmt, ...)
{
	char what[160];
	int line = 1, column = 1;
	va_list ap;

	for (const char *p = r->text; p < r->at; p++) {
		column = *p == '\n' ? 1 : column + 1;
		line += *p == '\n';
	}
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	what[text_utf8(what, strlen(what))] = '\0';
	return err_set(r->err, ERR_CONF, 0, "body, line %d, column %d: %s", line, column, what);
}

static void
skip(struct reader *r)
{
	while (r->at < r->end && strchr(" \t\r\n", *r->at) != NULL && *r->at != '\0')
		r->at++;
}

static bool
is_next(struct reader *r, char c)
{
	skip(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool
takes_word(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
		return false;
	r->at += n;
	return true;
}

/* Behind a backslash; returns the bytes that it stands for, 0: refused. */
static size_t
take_escape(struct reader *r, char out[ESCAPE_UTF8])
{
	static const char from[] = "\"\\/", *at;
	uint32_t c;
	size_t n;

	if (r->at == r->end)
		return 0;
	at = strchr(from, *r->at);
	if (at != NULL && *at != '\0') {
		out[0] = *r->at++;
		return 1;
	}
	if (*r->at++ != 'u')
		return 0; /* the others are control characters */
	n = escape_read(r->at, r->end, &c);
	r->at += n;
	return n == 0 || c < 0x20 || c == 0x7F ? 0 : escape_put(out, c);
}

static int
take_text(struct reader *r, char *out, size_t cap)
{
	size_t n = 0;

	if (!is_next(r, '"'))
		return wrong(r, "a text in double quotes is expected here");
	while (r->at < r->end && *r->at != '"') {
		char bytes[ESCAPE_UTF8];
		size_t k = 1;

		bytes[0] = *r->at++;
		if ((unsigned char)bytes[0] < 0x20 || bytes[0] == 0x7F)
			return wrong(r, "a control character; write one line");
		if (bytes[0] == '\\')
			k = take_escape(r, bytes);
		if (k == 0)
			return wrong(
				r, "an escape that is none, or stands for a control character");
		if (n + k >= cap)
			return wrong(r, "a text over %zu bytes; write less", cap - 1);
		memcpy(out + n, bytes, k);
		n += k;
	}
	out[n] = '\0';
	if (!is_next(r, '"'))
		return wrong(r, "the text has no end");
	return text_utf8(out, n) == n ? 0 : wrong(r, "the text is not valid UTF-8");
}

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

static int
take_number(struct reader *r, double *out)
{
	char text[64];
	size_t n = 0;

	while (r->at + n < r->end && n + 1 < sizeof(text) && r->at[n] != '\0' &&
		strchr("+-.0123456789eE", r->at[n]) != NULL) {
		text[n] = r->at[n];
		n++;
	}
	text[n] = '\0';
	if (!is_json_number(text) || !text_to_double(text, out) || !isfinite(*out))
		return wrong(
			r, "a value is expected here: a text in quotes, a number, true or false");
	r->at += n;
	return 0;
}

/* "name": "value", or "name": 480, as "name=value". */
static int
take_named(struct reader *r, char out[BODY_TEXT_MAX])
{
	char name[BODY_TEXT_MAX], value[BODY_TEXT_MAX];
	double number;
	int rc = take_text(r, name, sizeof(name));

	if (rc < 0)
		return rc;
	if (name[0] == '\0' || strchr(name, '=') != NULL)
		return wrong(r, "'%.40s' is no name", name);
	if (!is_next(r, ':'))
		return wrong(r, "a colon is missing behind '%.40s'", name);
	skip(r);
	if (r->at < r->end && *r->at == '"') {
		rc = take_text(r, value, sizeof(value));
	} else {
		rc = take_number(r, &number);
		if (rc == 0)
			text_from_double(value, number);
	}
	if (rc == 0 && snprintf(out, BODY_TEXT_MAX, "%s=%s", name, value) >= BODY_TEXT_MAX)
		rc = wrong(r, "'%.40s' is too long with its value; write less", name);
	return rc;
}

static int
take_list(struct reader *r, struct body_member *m)
{
	struct body_list *l = m->list;
	char end = l->is_named ? '}' : ']';

	m->kind = BODY_LIST;
	if (!is_next(r, l->is_named ? '{' : '['))
		return wrong(r, "'%s' takes another kind of value: %s", m->name,
			l->is_named ? "an object of texts and numbers" : "a list of texts");
	if (is_next(r, end))
		return 0;
	do {
		int rc = l->n == BODY_ITEMS
				 ? wrong(r, "'%s' has over %d items", m->name, BODY_ITEMS)
			 : l->is_named ? take_named(r, l->items[l->n])
				       : take_text(r, l->items[l->n], BODY_TEXT_MAX);

		if (rc < 0)
			return rc;
		l->n++;
	} while (is_next(r, ','));
	return is_next(r, end) ? 0 : wrong(r, "a comma or the closing '%c' is missing", end);
}

static int
take_value(struct reader *r, struct body_member *m)
{
	int rc = 0;

	skip(r);
	if (m->list != NULL)
		return takes_word(r, "null") ? 0 : take_list(r, m);
	if (r->at < r->end && *r->at == '"') {
		m->kind = BODY_TEXT;
		rc = m->room != NULL ? take_text(r, m->room, m->room_size)
				     : take_text(r, m->text, sizeof(m->text));
	} else if (takes_word(r, "true") || takes_word(r, "false")) {
		m->kind = BODY_BOOL;
		m->is_true = r->at[-2] == 'u';
	} else if (takes_word(r, "null")) {
		return 0;
	} else {
		m->kind = BODY_NUMBER;
		rc = take_number(r, &m->number);
	}
	if (rc == 0 && (m->kinds & 1u << m->kind) == 0)
		return wrong(r, "'%s' takes another kind of value: %s%s%s", m->name,
			(m->kinds & 1u << BODY_TEXT) != 0 ? "a text " : "",
			(m->kinds & 1u << BODY_NUMBER) != 0 ? "a number " : "",
			(m->kinds & 1u << BODY_BOOL) != 0 ? "true or false" : "");
	return rc;
}

static int
take_member(struct reader *r, struct body_member *members, size_t n, bool *seen)
{
	struct buf known = { 0 };
	char name[BODY_TEXT_MAX];
	size_t i;
	int rc = take_text(r, name, sizeof(name));

	if (rc < 0)
		return rc;
	for (i = 0; i < n && strcmp(members[i].name, name) != 0; i++)
		buf_printf(&known, "%s%s", i > 0 ? ", " : "", members[i].name);
	if (i == n)
		rc = wrong(r, "'%.40s' is not known; known are: %s", name,
			n > 0 ? buf_text(&known) : "none");
	else if (seen[i])
		rc = wrong(r, "'%s' comes twice", name);
	else if (!is_next(r, ':'))
		rc = wrong(r, "a colon is missing behind '%s'", name);
	else
		rc = take_value(r, &members[i]);
	if (i < n)
		seen[i] = true;
	buf_done(&known);
	return rc;
}

int
body_read(
	const char *text, size_t n, struct body_member *members, size_t n_members, struct err *err)
{
	struct reader r = { text, text, text + n, err };
	bool seen[16] = { false };
	int rc = 0;

	skip(&r);
	if (r.at == r.end)
		return 0;
	if (!is_next(&r, '{'))
		return wrong(&r, "an object is expected: {\"...\": ...}");
	if (!is_next(&r, '}')) {
		do
			rc = take_member(&r, members, MIN(n_members, NELEM(seen)), seen);
		while (rc == 0 && is_next(&r, ','));
		if (rc < 0)
			return rc;
		if (!is_next(&r, '}'))
			return wrong(&r, "a comma or the closing '}' is missing");
	}
	skip(&r);
	return r.at == r.end ? 0 : wrong(&r, "there is more behind the object");
}
