/* http_feed.h - points of the codec `http` as the compiler makes them */
#ifndef TESTS_HTTP_FEED_H
#define TESTS_HTTP_FEED_H

#include "drivers/http_key.h"

extern const struct codec codec_http;

/* Options of a point with nothing written. */
struct optvals http_feed_opts(void);

/* A point of these options, whose keys live until the end: under `read:`, and under `write:` too when that is not NULL. */
struct point http_feed_point(
	const struct instrument *ins, const struct optvals *read, const struct optvals *write);

/* The point that reads `selector` (which: HTTP_PT_TERMINAL, _JSON, _XML). */
struct point http_feed_read(const struct instrument *ins, enum http_point_opt which,
	const char *selector, int64_t type);

/* What the compiler would say: NULL when the options are good, else the message; *out_opt: the guilty one. */
const char *http_feed_fault(
	const struct instrument *ins, const struct optvals *vals, bool is_write, int *out_opt);

/* A page in an answer with this status, to the question for pts[0..n), which must be one; r has room for n. What decode() returns. */
int http_feed_page(const struct instrument *ins, const struct point *pts, size_t n, unsigned status,
	const char *body, size_t len, struct reading *r, struct readings *out, struct err *err);

#endif
