/* file_body.c - the body of a request that brings a bench file along */
#include "serve/file_body.h"

#include <string.h>

#include "base/text.h"
#include "serve/escape.h"

struct reader {
	const char *begin;
	char *at, *end;
	struct err *err;
};

/* Lines and columns have no meaning where all of a file stands on one line. */
static int
wrong(const struct reader *r, const char *what)
{
	return err_set(
		r->err, ERR_CONF, 0, "body, byte %zu: %s", (size_t)(r->at - r->begin) + 1, what);
}

static void
skip(struct reader *r)
{
	while (r->at < r->end &&
		(*r->at == ' ' || *r->at == '\t' || *r->at == '\r' || *r->at == '\n'))
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

/* Behind a backslash: what it stands for, at *out. */
static bool
take_escape(struct reader *r, char **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	uint32_t c;
	size_t n;

	if (r->at == r->end)
		return false;
	if (*r->at == 'u') {
		n = escape_read(++r->at, r->end, &c);
		r->at += n;
		*out += n > 0 ? escape_put(*out, c) : 0;
		return n > 0;
	}
	at = *r->at == '\0' ? NULL : strchr(from, *r->at);
	if (at == NULL)
		return false;
	r->at++;
	*(*out)++ = to[at - from];
	return true;
}

/* Decoded where it stands: it only gets shorter. */
static int
take_text(struct reader *r, char **out, size_t *out_n)
{
	char *to;

	if (!is_next(r, '"'))
		return wrong(r, "a text in double quotes is expected here");
	*out = to = r->at;
	while (r->at < r->end && *r->at != '"') {
		char c = *r->at++;

		if ((unsigned char)c < 0x20)
			return wrong(r, "a control character; JSON has escapes for them");
		if (c != '\\')
			*to++ = c;
		else if (!take_escape(r, &to))
			return wrong(r, "an escape that is none");
	}
	*out_n = (size_t)(to - *out);
	return is_next(r, '"') ? 0 : wrong(r, "the text has no end");
}

static bool
is_name(const char *name, size_t n, const char *is)
{
	return n == strlen(is) && memcmp(name, is, n) == 0;
}

static int
put_short(struct reader *r, char *out, size_t cap, const char *text, size_t n)
{
	if (n >= cap || text_utf8(text, n) != n || memchr(text, '\0', n) != NULL)
		return wrong(r, "this text is too long, or is no UTF-8; write less");
	memcpy(out, text, n);
	out[n] = '\0';
	return 0;
}

static int
take_member(struct reader *r, struct file_body *out, unsigned *seen)
{
	char *name, *text;
	size_t n_name, n;
	unsigned which;
	int rc = take_text(r, &name, &n_name);

	if (rc < 0)
		return rc;
	which = is_name(name, n_name, "text")     ? 1u
		: is_name(name, n_name, "sha256") ? 2u
		: is_name(name, n_name, "reason") ? 4u
		: is_name(name, n_name, "name")   ? 8u
						  : 0u;
	if (which == 0)
		return wrong(
			r, "a member that is not known; known are: text, sha256, reason, name");
	if ((*seen & which) != 0)
		return wrong(r, "a member that comes twice");
	*seen |= which;
	if (!is_next(r, ':'))
		return wrong(r, "a colon is missing behind the name");
	rc = take_text(r, &text, &n);
	if (rc < 0)
		return rc;
	if (which == 2)
		return put_short(r, out->sha256, sizeof(out->sha256), text, n);
	if (which == 4)
		return put_short(r, out->reason, sizeof(out->reason), text, n);
	if (which == 8)
		return put_short(r, out->name, sizeof(out->name), text, n);
	if (n > FILE_BODY_TEXT_MAX)
		return err_set(r->err, ERR_CONF, 413,
			"a bench file has at most 4 MB; split it into several");
	out->text = text;
	out->n = n;
	return 0;
}

int
file_body_read(struct file_body *out, char *body, size_t n, struct err *err)
{
	struct reader r = { body, body, body + n, err };
	unsigned seen = 0;
	int rc = 0;

	*out = (struct file_body){ .text = NULL };
	if (n == 0)
		return 0;
	if (!is_next(&r, '{'))
		return wrong(&r, "an object is expected: {\"text\": ...}");
	if (!is_next(&r, '}')) {
		do
			rc = take_member(&r, out, &seen);
		while (rc == 0 && is_next(&r, ','));
		if (rc < 0)
			return rc;
		if (!is_next(&r, '}'))
			return wrong(&r, "a comma or the closing '}' is missing");
	}
	skip(&r);
	return r.at == r.end ? 0 : wrong(&r, "there is more behind the object");
}
