/* import_write.h - a history file of its own, filled with what is imported */
#ifndef HISTORY_IMPORT_WRITE_H
#define HISTORY_IMPORT_WRITE_H

#include "history/import_channels.h"

struct import_writer;

struct import_file {
	uint32_t number; /* 1, 2, ... */
	const char *bench, *hash, *source;
	int64_t made_ns; /* now, wall time */
};

/* Into `fd`, an empty file. errno of the file when it was that which failed: db_given_failure(). */
struct import_writer *import_writer_new(int fd, const struct import_file *file,
	const struct import_channels *channels, struct err *err) MUST_CHECK;
void import_writer_free(struct import_writer *w);

/* A sample of channel `i` of `channels`, in any order that does not go to and fro all the time: import_writer_end() looks at that. */
int import_writer_add(
	struct import_writer *w, size_t i, const struct sample *s, struct err *err) MUST_CHECK;

/* The rest. ERR_CONF: the times of a channel go to and fro. */
int import_writer_end(struct import_writer *w, uint64_t samples, int64_t first_ns, int64_t last_ns,
	struct err *err) MUST_CHECK;

/* What a file has, read back: how many samples, and their import_sum(). */
int import_read_back(
	int fd, const char *name, uint64_t *out_n, uint64_t *out_sum, struct err *err) MUST_CHECK;

#endif
