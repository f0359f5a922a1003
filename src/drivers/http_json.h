/* http_json.h - JSON as it comes, and paths in it; for the codec `http` alone
 *
 * A path: members `io.ai`, places from 0 `[2]`, the element whose member says something `[aiIndex=2]`, `[name="x"]`, and members with odd
 * names `["a b"]`.
 */
#ifndef DRIVERS_HTTP_JSON_H
#define DRIVERS_HTTP_JSON_H

#include "drivers/http_value.h"

#define HTTP_JSON_DEPTH 16

/* From the root to a value: a member of an object, or an element of an array. */
struct http_json_step {
	bool is_member;
	struct run name;  /* between its quotes, as it stands there */
	uint32_t index;   /* of an element */
	const char *from; /* where its value begins */
};

struct http_json_place {
	struct http_json_step step[HTTP_JSON_DEPTH];
	unsigned n;
	const char *end; /* of the page */
	bool is_utf8;
};

/* Read the whole of a page; found() hears of each value, an object or array (HTTP_TOKEN_MANY) when it begins. `raw`: the value as it stands there,
 * a string with its quotes. False when it is no JSON: `where` and `why` of the page tell. */
bool http_json_walk(struct http_page *p,
	void (*found)(void *ctx, const struct http_json_place *place, enum http_token token,
		struct run raw),
	void *ctx);

/* One step of a path. */
struct http_json_want {
	enum { HTTP_WANT_MEMBER, HTTP_WANT_INDEX, HTTP_WANT_WHERE } kind;
	struct run name; /* may hold escapes where it stood in quotes */
	uint32_t index;
	struct run value; /* HTTP_WANT_WHERE: what the member says */
	bool is_text;     /* .. in quotes */
};

/* Take the first step off a path. 1: a step; 0: there is no more; -1: it is none. */
int http_json_want(struct run *path, bool is_first, struct http_json_want *out);
/* What is wrong with a path; NULL: nothing. */
const char *http_json_path(const char *path);
bool http_json_is_at(const struct http_json_place *place, struct run path);
/* A value that is no MANY as text. */
void http_json_text(enum http_token token, struct run raw, bool is_utf8, struct http_text *out);

/* All points of the request that stand in a JSON page; false as http_json_walk(). */
bool http_json_read(struct http_page *p);

/* The value at `path`: how many there are, of which `token` and `raw` are the last; -1: as http_json_walk(). */
int http_json_find(
	struct http_page *p, struct run path, enum http_token *out_token, struct run *out_raw);

#endif
