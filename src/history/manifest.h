/* manifest.h - which files a backup of a history has, and what is in them: a text for people and for `restore`. Pure
 *
 *	mbc history backup 1
 *	bench rec
 *	made 2026-11-27T12:00:00Z
 *	file history-00001-2026-11-26.sqlite 45056 <SHA-256> chunks 12 samples 3456
 *	sum <SHA-256 of all bytes before this line>
 */
#ifndef HISTORY_MANIFEST_H
#define HISTORY_MANIFEST_H

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"
#include "history/files.h"

#define MANIFEST_BENCH_MAX 64
#define MANIFEST_MAX (1u << 20) /* bytes: some thousand files */

struct manifest_file {
	char name[FILES_NAME_MAX];
	uint64_t bytes;
	char sha[SHA256_HEX + 1];
	uint64_t chunks, samples;
};

struct manifest {
	char bench[MANIFEST_BENCH_MAX];
	char made[32];
	struct manifest_file *files; /* in the order of their names */
	size_t n;
};

/* Is it a bench's name that may stand in a line, and in a path? */
bool manifest_is_bench(const char *bench);

void manifest_add(struct manifest *m, const struct manifest_file *file);
void manifest_put(const struct manifest *m, struct buf *out);

/* Read a text; ERR_CONF when it is not byte for byte one that manifest_put() makes. `out` is begun anew; manifest_done() in any case. */
int manifest_read(struct manifest *out, const char *text, size_t n, struct err *err) MUST_CHECK;
void manifest_done(struct manifest *m);

#endif
