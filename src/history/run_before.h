/* run_before.h - what `record: before_injection:` asks for: mean and spread of channels over the time before each injection; in steps */
#ifndef HISTORY_RUN_BEFORE_H
#define HISTORY_RUN_BEFORE_H

#include "history/injections.h"
#include "history/story_text.h"

#define BEFORE_COLUMNS_MAX 60

struct run_before;

/* The injections stay the caller's, for as long as it lives. NULL, err->code 0: nothing is asked for. */
struct run_before *run_before_new(const struct story *s, const struct injection *in, size_t n,
	const char *zone, struct err *err);
void run_before_free(struct run_before *b);

/* Read on: 1, or 0 when all is known. */
int run_before_step(struct run_before *b, struct err *err) MUST_CHECK;

/* Columns: heads in the caller's room of 128 bytes each; cells of injection i, INJECTION_NONE: empty ones. b may be NULL. */
size_t run_before_columns(const struct run_before *b);
void run_before_head(const struct run_before *b, size_t column, char out[128]);
void run_before_cells(const struct run_before *b, struct cells *cells, size_t i);

#endif
