/* run_grid.h - what `record` of a sequence asked for, as one table: a row each period, in steps and in constant memory
 *
 *	time,seconds,step_seconds,step,T_bed [degC],TCD [mV],quality
 *	2026-11-26T14:30:00Z,120,0,20,21.5,3,
 *	2026-11-26T14:30:01Z,121,1,20,21.6,,TCD=NO_REPLY
 *
 * A cell has what held at that moment, out of the history, which has every change to its resolution; it is empty where that is bad or not known,
 * and `quality` says why.
 */
#ifndef HISTORY_RUN_GRID_H
#define HISTORY_RUN_GRID_H

#include "history/run_csv.h"
#include "history/run_story.h"

struct run_grid;

/* names: "a\0b\0", n of them, at most RUN_CHANNELS_MAX; borrowed. Of one that was never recorded the column is empty. */
struct run_grid *run_grid_new(const struct story *s, const struct story_record *record,
	const char *names, size_t n, bool is_french, const char *zone, struct err *err) MUST_CHECK;
void run_grid_free(struct run_grid *g);

/* Append a part: 1, or 0 when that was the last one. */
int run_grid_step(struct run_grid *g, struct buf *out, struct err *err) MUST_CHECK;

#endif
