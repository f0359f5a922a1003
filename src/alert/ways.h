/* ways.h - the ways out of this bench: its mail server, its push services */
#ifndef ALERT_WAYS_H
#define ALERT_WAYS_H

#include "alert/engine.h"
#include "base/err.h"
#include "base/secret.h"
#include "io/loop.h"

struct ways;

/* What became of the message `id`. */
typedef void (*ways_fn)(
	void *ctx, uint64_t id, enum alert_result result, int64_t wait_ns, const char *text);

/* One of them gets nothing through any more, or does again. */
typedef void (*ways_event_fn)(void *ctx, enum event_kind kind, const char *name, const char *why);

/* What is given is borrowed, and outlives it. NULL: libcurl cannot be used. */
struct ways *ways_new(struct loop *loop, const struct image *img, const struct secrets *secrets,
	ways_fn fn, ways_event_fn event, void *ctx, struct err *err) MUST_CHECK;
void ways_free(struct ways *w); /* what is under way is given up: nothing is told of it */

/* 0: it is on its way, ways_fn says what becomes of it. ERR_REFUSED: too much waits there already. ERR_CONF: this way is not there, or cannot send it. */
int ways_send(struct ways *w, const struct engine_message *m, const struct engine_notice *first,
	const char *subject, const char *text, int64_t wall_ns, struct err *err) MUST_CHECK;

/* `heartbeat:`: the bench lives. Its answer is told by `ways_fn` with id 0. */
void ways_beat(struct ways *w);

int64_t ways_run(struct ways *w, int64_t now_ns); /* returns when to come again */
unsigned ways_under_way(const struct ways *w);

#endif
