/* http_value.h - what stands in a page to a value; for the codec `http` alone */
#ifndef DRIVERS_HTTP_VALUE_H
#define DRIVERS_HTTP_VALUE_H

#include "drivers/http_key.h"

/* A text as it is made, character by character. */
struct http_text {
	char text[VALUE_TEXT_MAX + 1]; /* UTF-8, with a NUL */
	size_t n;
	enum quality
		quality; /* GOOD, TEXT_CUT when it was longer, GARBLED when it holds what no text holds */
};

/* A page, what is wanted of it, and where that goes. */
struct http_page {
	const char *text;
	size_t n;
	bool is_utf8; /* else: ISO 8859-1 */
	const struct request *req;
	const struct point *pts;
	struct reading *at; /* [req->n]: MISSING until something is found */
	struct readings *out;
	size_t where; /* when it cannot be read: which byte, and what is wrong (borrowed) */
	const char *why;
};

enum http_token {
	HTTP_TOKEN_TEXT,   /* XML does not tell words from numbers */
	HTTP_TOKEN_STRING, /* JSON: in quotes */
	HTTP_TOKEN_NUMBER,
	HTTP_TOKEN_WORD, /* true, false, null */
	HTTP_TOKEN_MANY, /* an object, an array, elements in an element */
};

/* One character more; a line's end or a tab is a blank. False when no more can be taken. */
bool http_text_put(struct http_text *t, uint32_t c);
/* The character at in[0..n), n > 0, and how many bytes it has. */
uint32_t http_text_char(const char *in, size_t n, bool is_utf8, size_t *out_n);
bool http_text_is(const struct http_text *t, struct run word);

/* The value of the request's point i has been found. A second one for the same point makes it WRONG_ANSWER. */
void http_value_settle(
	struct http_page *p, uint32_t i, enum http_token token, const struct http_text *text);

#endif
