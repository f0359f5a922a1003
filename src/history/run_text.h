/* run_text.h - what is known of a run as JSON and as lines for people */
#ifndef HISTORY_RUN_TEXT_H
#define HISTORY_RUN_TEXT_H

#include "history/runs_read.h"
#include "history/stamp.h"

/* Members without braces, the first without a comma before it: number, title, begin, end, who, fields. */
void run_json(struct buf *out, struct stamp *stamp, const struct run_row *run);
/* "notes":[...] */
int run_json_notes(struct buf *out, struct reader *r, struct stamp *stamp,
	const struct run_row *run, struct err *err) MUST_CHECK;

/* "  3  2026-11-26T14:30:00+01:00  1:02:03  'ageing'  sample=Pt-12 operator=AM" */
int run_line(struct buf *out, struct reader *r, struct stamp *stamp, const struct run_row *run,
	struct err *err) MUST_CHECK;
/* Times, who, fields and notes, a line each. */
int run_page(struct buf *out, struct reader *r, struct stamp *stamp, const struct run_row *run,
	struct err *err) MUST_CHECK;

#endif
