/* runs_read.h - runs and notes out of the files of a store */
#ifndef HISTORY_RUNS_READ_H
#define HISTORY_RUNS_READ_H

#include "history/reader.h"
#include "msg/wire.h"

struct run_row {
	uint32_t run;
	bool is_open;
	int64_t begin_ns,
		end_ns; /* wall time; of one that is open: until when the record is whole */
	char title[WIRE_TITLE_MAX + 1], who[64], who1[64]; /* who1: who ended it */
	char bench[24];                                    /* hash of its bench file */
	char fields[WIRE_FIELDS_MAX + 1];                  /* an object of JSON */
};

/* All runs that are known, oldest first. */
typedef void (*runs_fn)(void *ctx, const struct run_row *run);
int runs_list(struct reader *r, runs_fn fn, void *ctx, struct err *err) MUST_CHECK;

/* One of them; ERR_CONF, sys 404: there is none of this number. */
int runs_find(struct reader *r, uint32_t run, struct run_row *out, struct err *err) MUST_CHECK;

struct run_note {
	int64_t wall_ns;
	char who[64], text[WIRE_NOTE_MAX + 1];
};

/* Notes of a run, in the order in which they were written. */
typedef void (*notes_fn)(void *ctx, const struct run_note *note);
int runs_notes(struct reader *r, uint32_t run, notes_fn fn, void *ctx, struct err *err) MUST_CHECK;

/* The names and values of an object of texts. */
typedef void (*fields_fn)(void *ctx, const char *name, const char *value);
int runs_fields(struct reader *r, const struct run_row *run, fields_fn fn, void *ctx,
	struct err *err) MUST_CHECK;

/* The text of a bench file by its hash, appended to `out`; ERR_CONF: it is in no file any more. */
int runs_bench(struct reader *r, const char *hash, struct buf *out, struct err *err) MUST_CHECK;

#endif
