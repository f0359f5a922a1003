/* json_in.h - JSON of strangers (RFC 8259), read member by member: no tree, no allocation. Pure.
 *
 * A text is decoded where it stands: what is read once cannot be read again. What nobody asks for is passed over, but checked all the same; nothing is nested
 * deeper than JSON_IN_DEPTH. The first error ends it all: every function then returns it.
 */
#ifndef SERVE_JSON_IN_H
#define SERVE_JSON_IN_H

#include "base/err.h"

#define JSON_IN_DEPTH 32

struct json_in {
	char *at, *end;
	const char *begin;
	const char *what; /* it is called in messages */
	unsigned depth;
	struct err *err; /* what is wrong, with line and column */
};

/* Read `text`, n bytes that are overwritten. ERR_CONF when it is no UTF-8. */
int json_in_open(
	struct json_in *in, char *text, size_t n, const char *what, struct err *err) MUST_CHECK;
/* Nothing but blanks may follow. */
int json_in_close(struct json_in *in) MUST_CHECK;

/* What comes next: '{' '[' '"' '0' (a number) 't' 'f' 'n' (null); 0: nothing that is JSON. */
char json_in_next(struct json_in *in);

/* Call fn for each member or element; it must take its value, or pass over it. key: NULL in an array. A value of another kind: ERR_CONF. */
typedef int (*json_in_fn)(void *ctx, struct json_in *in, const char *key);
int json_in_object(struct json_in *in, json_in_fn fn, void *ctx) MUST_CHECK;
int json_in_array(struct json_in *in, json_in_fn fn, void *ctx) MUST_CHECK;

/* *out points into what is read; a text that holds control characters has blanks in their place. */
int json_in_text(struct json_in *in, char **out) MUST_CHECK;
int json_in_number(struct json_in *in, double *out) MUST_CHECK;
int json_in_bool(struct json_in *in, bool *out) MUST_CHECK;
int json_in_skip(struct json_in *in) MUST_CHECK;

/* Of the caller's own: the place, and what is wrong there. */
int json_in_wrong(struct json_in *in, const char *fmt, ...) PRINTF(2, 3);

#endif
