/* runs_read.h - runs and notes out of the files of a store */
#ifndef HISTORY_RUNS_READ_H
#define HISTORY_RUNS_READ_H

#include "history/reader.h"
#include "msg/wire.h"

struct run_row {
	uint32_t run;
	bool is_open;
	int64_t begin_ns,
		end_ns;        /* wall time; of one that is open: until when the record is whole */
	uint32_t boot0, boot1; /* the same as times of boots; boot1 0: it is open */
	int64_t t0, t1;
	char title[WIRE_TITLE_MAX + 1], who[64], who1[64]; /* who1: who ended it */
	char bench[24];                                    /* hash of its bench file */
	char fields[WIRE_FIELDS_MAX + 1];                  /* an object of JSON */
};

/* All runs that are known, oldest first. */
typedef void (*runs_fn)(void *ctx, const struct run_row *run);
int runs_list(struct reader *r, runs_fn fn, void *ctx, struct err *err) MUST_CHECK;

/* The next ones behind a number. */
int runs_some(struct reader *r, uint32_t behind, size_t most, runs_fn fn, void *ctx,
	struct err *err) MUST_CHECK;

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
int runs_fields(
	struct reader *r, const char *fields, fields_fn fn, void *ctx, struct err *err) MUST_CHECK;

/* A sequence of a run. */
struct run_part {
	uint64_t start; /* event of its START */
	bool is_open;
	int64_t begin_ns, end_ns; /* as of a run */
	uint32_t version;         /* 0: none */
	char name[64], title[WIRE_TITLE_MAX + 1], who[64];
	char card[24];       /* hash of its card (store.h); "": not known */
	char how[16];        /* complete, stopped, aborted; unknown: nobody heard of its end */
	char *params, *meta; /* objects of JSON; runs_part_done() */
};
typedef void (*parts_fn)(void *ctx, struct run_part *part); /* takes it */
int runs_parts(struct reader *r, uint32_t run, parts_fn fn, void *ctx, struct err *err) MUST_CHECK;
void runs_part_done(struct run_part *part);

/* What is in a card: its rows as SQL has them, a call each. columns: texts, numbers as such. */
typedef void (*card_fn)(void *ctx, const char *const columns[3]);
enum card_rows { CARD_FILES, CARD_STEPS, CARD_RECORDS, CARD_OUTPUTS, CARD_BEFORE };
/* FILES: path, text; STEPS: number, title, comment; RECORDS: name, line, channel (a row each); OUTPUTS: channel; BEFORE: channel, seconds. */
int runs_card(struct reader *r, const char *card, enum card_rows rows, card_fn fn, void *ctx,
	struct err *err) MUST_CHECK;

/* The text of a bench file by its hash, appended to `out`; ERR_CONF: it is in no file any more. */
int runs_bench(struct reader *r, const char *hash, struct buf *out, struct err *err) MUST_CHECK;

#endif
