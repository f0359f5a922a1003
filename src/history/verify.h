/* verify.h - is a store as it should be? For people: each fault with its place */
#ifndef HISTORY_VERIFY_H
#define HISTORY_VERIFY_H

#include <stdio.h>

#include "base/err.h"

/* Look at all files of a folder: SQLite's own check, each blob, its numbers and times, clocks, places and gaps. A line to `out` for each file, and for
 * each fault. Returns how many faults there are, or ERR_*. */
int verify_store(const char *dir, FILE *out, struct err *err) MUST_CHECK;

#endif
