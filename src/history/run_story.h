/* run_story.h - what happened in a run: its sequences, their steps, holds, questions, results, records; out of the events of the store
 *
 * Read in steps, then whole in memory, up to STORY_EVENTS_MAX events; further ones are counted.
 */
#ifndef HISTORY_RUN_STORY_H
#define HISTORY_RUN_STORY_H

#include "history/runs_read.h"

#define STORY_EVENTS_MAX 20000

struct story_event {
	struct event e;
	int64_t wall_ns;
};

struct story_step {
	size_t part;
	uint32_t number;
	char title[128], comment[256];
	int64_t begin_ns, end_ns, held_ns;
	double planned_s; /* NaN: not known */
	bool is_open;
	char how[24]; /* complete; skipped, guard, aborted, held_too_long, person, action; of the last one as its sequence */
};

enum story_span_kind { STORY_HOLD, STORY_QUESTION, STORY_ALARM, STORY_SPANS };
struct story_span {
	enum story_span_kind kind;
	int64_t begin_ns, end_ns;
	bool is_open;       /* it was not over at the end */
	const char *what;   /* why; the question; which alarm */
	const char *answer; /* to a question; "" */
};

/* From `record` to `stop record`. */
struct story_record {
	char name[100];
	size_t part;
	uint32_t line;
	double every_s;
	int64_t begin_ns, end_ns;
	bool is_left_open; /* nobody stopped it: its sequence ended */
};

struct story {
	struct reader *r;
	const struct run_row *run;
	struct run_part *parts;
	size_t n_parts;
	struct story_event *events; /* by their ids */
	size_t n_events, n_left_out;
	struct story_event *standing; /* alarms that came before the run and had not gone */
	size_t n_standing;
	struct story_step *steps;
	size_t n_steps;
	struct story_span *spans;
	size_t n_spans;
	struct story_record *records;
	size_t n_records;
	struct reader_event_place place;
};

/* run stays the caller's and outlives it. Never NULL. */
struct story *story_new(struct reader *r, const struct run_row *run);
void story_free(struct story *s);

/* Read on: 1, or 0 when all of it is there. */
int story_step(struct story *s, struct err *err) MUST_CHECK;

/* The event of this id; NULL. */
const struct story_event *story_find(const struct story *s, uint64_t id);
/* The step that is executed at a moment; NULL. */
const struct story_step *story_step_at(const struct story *s, int64_t wall_ns);
/* Of which sequence an event is; n_parts: of none. */
size_t story_part_of(const struct story *s, const struct story_event *e);

#endif
