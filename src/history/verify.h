/* verify.h - is a store as it should be? For people: each fault with its place */
#ifndef HISTORY_VERIFY_H
#define HISTORY_VERIFY_H

#include <sqlite3.h>
#include <stdio.h>

#include "base/err.h"

/* Look at all files of a folder: SQLite's own check, each blob, its numbers and times, clocks, places and gaps. A line to `out` for each file, and for
 * each fault. Returns how many faults there are, or ERR_*. */
int verify_store(const char *dir, FILE *out, struct err *err) MUST_CHECK;

struct verify_numbers {
	uint64_t chunks,
		samples; /* in chunks and open; of the last commits some are in chunks already, and are not counted */
};

/* The same of one file that is open; `name`, `bytes`: of it, for the lines. It is not closed, and a transaction stays open in it. */
int verify_one(sqlite3 *db, const char *name, uint64_t bytes, FILE *out,
	struct verify_numbers *numbers) MUST_CHECK;

#endif
