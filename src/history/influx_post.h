/* influx_post.h - lines to an InfluxDB over HTTP */
#ifndef HISTORY_INFLUX_POST_H
#define HISTORY_INFLUX_POST_H

#include "base/buf.h"
#include "base/err.h"
#include "history/influx_reply.h"

struct influx_target {
	int version;                 /* 1 or 2 */
	const char *url;             /* "http://influx.lab:8086" */
	const char *database, *user; /* 1; user "": nobody */
	const char *org, *bucket;    /* 2 */
	const char *secret;          /* password or token; "": none */
	const char *ca;              /* file of certificates; "": those of the system */
};

struct influx_post;

/* What `target` points to is borrowed. */
struct influx_post *influx_post_new(const struct influx_target *target, struct err *err) MUST_CHECK;
void influx_post_free(struct influx_post *p);

/* Post lines; *out says what came of it. A wire that is dead is INFLUX_WAIT. Takes a minute at most. */
void influx_post_lines(
	struct influx_post *p, const char *lines, size_t n, struct influx_verdict *out);

#endif
