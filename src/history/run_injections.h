/* run_injections.h - the injections of a run as one table, each with its result; in steps */
#ifndef HISTORY_RUN_INJECTIONS_H
#define HISTORY_RUN_INJECTIONS_H

#include "history/run_story.h"

struct run_injections;

bool run_injections_are(const struct story *s); /* has the run any? */

struct run_injections *run_injections_new(const struct story *s, bool is_french, const char *zone);
void run_injections_free(struct run_injections *i);

/* A part: 1, or 0 when that was the last one. */
int run_injections_step(struct run_injections *i, struct buf *out, struct err *err) MUST_CHECK;

#endif
