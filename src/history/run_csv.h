/* run_csv.h - the values of a run as one table, in steps and in constant memory
 *
 *	time,seconds,oven [degC],flow [l/min],quality
 *	2026-11-26T14:30:00Z,0,21.5,3,
 *	2026-11-26T14:30:00.5Z,0.5,21.6,,
 *	2026-11-26T14:30:01Z,1,,,flow=NO_REPLY
 *
 * Where the run has steps of sequences, `step_seconds` (since the step began) and `step` (its number) stand behind `seconds`; both are empty between two sequences.
 *
 * A row a moment at which something was measured; a cell is empty where nothing new came, or where it cannot be trusted: `quality` tells. The first
 * row has what held when the run began. A row with gap=CAUSE: from here on nothing was recorded.
 */
#ifndef HISTORY_RUN_CSV_H
#define HISTORY_RUN_CSV_H

#include "history/ask.h"
#include "history/reader.h"
#include "history/run_story.h"

#define RUN_CHANNELS_MAX 500 /* of one table: what is in memory of each is about 100 KB */

struct run_csv;

/* names: "a\0b\0", n of them; taken, also after an error. zone as of stamp_zone(). story: whole; stays the caller's, and outlives it. */
struct run_csv *run_csv_new(struct reader *r, const struct story *story, char *names, size_t n,
	int64_t begin_ns, int64_t end_ns, bool is_french, const char *zone,
	struct err *err) MUST_CHECK;
void run_csv_free(struct run_csv *c);

/* Append a part: 1, or 0 when that was the last one. */
int run_csv_step(struct run_csv *c, struct buf *out, struct err *err) MUST_CHECK;

/* Members "channels":[...],"gaps":[...] of JSON, when all of the table is written. */
void run_csv_describe(struct run_csv *c, struct buf *out);

#endif
