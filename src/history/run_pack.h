/* run_pack.h - a run as the files that are taken along, one behind the other, in steps
 *
 * Where they go is the caller's: a folder, an archive. Names have letters, digits, `-`, `_` and `.` alone, each once; none begins with a dot.
 */
#ifndef HISTORY_RUN_PACK_H
#define HISTORY_RUN_PACK_H

#include "history/runs_read.h"

struct run_pack;

struct run_pack_words {
	uint32_t run;
	const char *zone; /* as of stamp_zone() */
	bool is_french;
	char **patterns; /* of channels for values.csv; none: all but those of the program itself */
	int n_patterns;
};

struct run_pack_sink {
	void *ctx;
	int (*file)(void *ctx, const char *name, struct err *err); /* a new one begins */
	/* Bytes of it; afterwards `bytes` is empty. */
	int (*write)(void *ctx, struct buf *bytes, struct err *err);
};

/* The reader and what `words` points to stay the caller's. ERR_CONF, sys 404: there is no such run. */
struct run_pack *run_pack_new(
	struct reader *r, const struct run_pack_words *words, struct err *err) MUST_CHECK;
void run_pack_free(struct run_pack *p);

const struct run_row *run_pack_run(const struct run_pack *p);
size_t run_pack_channels(const struct run_pack *p); /* of values.csv: for those who count memory */

/* A part: 1, or 0 when that was the last one. */
int run_pack_step(struct run_pack *p, const struct run_pack_sink *sink, struct err *err) MUST_CHECK;

#endif
