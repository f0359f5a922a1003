/* query_serve.h - questions of the data server, each answered a step at a time, in turn
 *
 * At most QUERY_MAX at once; the body of an answer goes through a pipe of its own. One whose reader takes nothing for QUERY_PATIENCE_NS is cut off.
 */
#ifndef HISTORY_QUERY_SERVE_H
#define HISTORY_QUERY_SERVE_H

#include "io/loop.h"

#define QUERY_MAX 32
#define QUERY_PATIENCE_NS (60 * NS_PER_S)
/* Of all questions together: what memory they may take. */
#define QUERY_CHANNELS_MAX 256
#define QUERY_BUCKETS_MAX 400000

struct query_serve;

struct query_serve *query_serve_new(struct loop *loop, const char *dir); /* dir: borrowed */
void query_serve_free(struct query_serve *q);

/* The end of a new pair, which it takes: questions that came over the old one are dropped. */
int query_serve_connect(struct query_serve *q, int fd, struct err *err) MUST_CHECK;

/* A step of each question. Returns when to come again at the latest (CLOCK_BOOTTIME). */
int64_t query_serve_step(struct query_serve *q, int64_t now_ns);

size_t query_serve_count(const struct query_serve *q);

#endif
