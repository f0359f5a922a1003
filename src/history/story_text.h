/* story_text.h - what happened in a run, as tables and as JSON */
#ifndef HISTORY_STORY_TEXT_H
#define HISTORY_STORY_TEXT_H

#include "history/form.h"
#include "history/run_story.h"
#include "history/stamp.h"

/* A table that is written from here on: its cells, and its moments. */
struct story_table {
	struct cells cells;
	struct stamp stamp;
	int64_t begin_ns; /* of the run */
};

/* The head of a table, with the mark of UTF-8 where a spreadsheet needs it. */
void story_head(struct story_table *t, struct buf *out, bool is_french, int64_t begin_ns,
	const char *const names[], size_t n);
/* The cells of a moment: time, and seconds since the run began. */
void story_put_time(struct story_table *t, int64_t wall_ns);
void story_put_seconds(struct story_table *t, double seconds); /* empty when it is no number */

void story_steps_csv(const struct story *s, bool is_french, struct buf *out);
void story_results_csv(const struct story *s, bool is_french, struct buf *out);
void story_events_csv(const struct story *s, bool is_french, struct buf *out);
bool story_has_results(const struct story *s);

/* Members of JSON: "sequences":[...],"alarms":[...]. file_of(ctx, part, i): under which name file i of its card is in the folder. */
typedef const char *(*story_file_fn)(void *ctx, size_t part, size_t i);
int story_json(const struct story *s, struct stamp *stamp, story_file_fn file_of, void *ctx,
	struct buf *out, struct err *err) MUST_CHECK;

#endif
