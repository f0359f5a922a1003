/* run_answer.h - answers about runs for the data server: the list, what is known of one, one as an archive; in steps, as answer.h */
#ifndef HISTORY_RUN_ANSWER_H
#define HISTORY_RUN_ANSWER_H

#include "history/runs_read.h"

struct run_answer;

enum run_ask { RUN_ASK_LIST, RUN_ASK_ONE, RUN_ASK_ZIP };

/* run: its number as text; format: NULL or "csv", "csv-fr"; zone NULL: UTC. The reader stays the caller's. ERR_CONF, sys 404: no such run. */
struct run_answer *run_answer_new(struct reader *r, enum run_ask what, const char *run,
	const char *format, const char *zone, struct err *err) MUST_CHECK;
void run_answer_free(struct run_answer *a);

const char *run_answer_type(const struct run_answer *a); /* its content type */
size_t run_answer_channels(const struct run_answer *a);  /* cursors that it holds */

/* Append a part: 1, or 0 when that was the last one. */
int run_answer_step(struct run_answer *a, struct buf *out, struct err *err) MUST_CHECK;

#endif
