/* compact_inside.h - what the two ways to write a file anew share: as it was (compact_rewrite.c), or coarser (compact_tier.c) */
#ifndef HISTORY_COMPACT_INSIDE_H
#define HISTORY_COMPACT_INSIDE_H

#include "base/sha256.h"
#include "history/chunk.h"
#include "history/compact.h"
#include "history/db.h"

/* A chunk that becomes part of the one with the number `last`. */
struct part {
	int64_t last, chunk;
};

struct plan {
	struct part *parts; /* by `last`, then in the order of their samples */
	size_t n, cap;
	uint8_t *gone; /* a bit for each number: it is a part */
	int64_t most;
};

struct rewrite {
	sqlite3 *db; /* main: the new file; old: the other one */
	struct chunk_coder *coder;
	struct series series;
	struct buf blob;
	struct plan plan; /* of compact_rewrite.c */
	struct compact_numbers *out;
};

/* Both files; compact_end() in any case, which returns rc. */
int compact_begin(struct rewrite *w, int from, int to, const char *name,
	struct compact_numbers *out, struct err *err) MUST_CHECK;
int compact_end(struct rewrite *w, int rc) MUST_CHECK;

int compact_copy_tables(
	struct rewrite *w, struct err *err) MUST_CHECK; /* without the rows of chunk and span */
int compact_copy_views(
	struct rewrite *w, struct err *err) MUST_CHECK; /* and indexes, when all rows are there */

#define COMPACT_PUT_SPAN                                                                           \
	"INSERT INTO main.span VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)"
/* The row of a chunk with samples from .. from+n of s. */
int compact_put_span(sqlite3_stmt *put, int64_t channel, int64_t boot, int64_t chunk,
	const struct series *s, size_t from, size_t n, struct err *err) MUST_CHECK;

/* Is all that must be the same the same? with_chunks: each sample, too. ERR_PROTO: no. */
int compact_compare(struct rewrite *w, bool with_chunks, struct err *err) MUST_CHECK;
void compact_add_sample(struct sha256 *sha, const struct series *s, size_t i);

#endif
