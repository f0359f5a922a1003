/* import.h - what the parts of `mbc history import` share */
#ifndef HISTORY_IMPORT_H
#define HISTORY_IMPORT_H

#include "base/sha256.h"
#include "history/import_write.h"

enum import_format { IMPORT_GUESS, IMPORT_INFLUX, IMPORT_CSV };

struct import_job {
	const char *dir; /* of the history */
	int *fds;        /* of the files, to be read */
	char **names;
	size_t n;
	int out;         /* the file that is made: empty */
	uint32_t number; /* of it */
	enum import_format format;
	int64_t unit_ns;      /* of times that are numbers; 0: not said */
	const char *template; /* of names */
	const char *time;     /* column of CSV; NULL */
	const char *zone;
	const char *from, *to; /* NULL: all */
	bool may_skip;         /* bad lines */
	int64_t now_ns;        /* wall time */
};

struct import_found {
	int rc;
	struct err err;
	int target_sys; /* errno of the file that is made, when it was that which failed */
	char hash[SHA256_HEX + 1];
	uint64_t n, sum; /* samples */
	uint64_t lines, skipped, outside;
	int64_t first_ns, last_ns;
	size_t n_channels, n_new;
	bool has_means; /* an export in intervals: only they were taken */
};

/* In a confined child: read the files, and fill the one that is made. Returns out->rc. */
int import_fill(const struct import_job *job, struct import_found *out);

#endif
