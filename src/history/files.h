/* files.h - the files of a store: history-00012-2026-11-01.sqlite, in the order of their numbers */
#ifndef HISTORY_FILES_H
#define HISTORY_FILES_H

#include "base/err.h"

#define FILES_NAME_MAX 64

struct history_file {
	uint32_t ordinal; /* 1, 2, ... */
	char name[FILES_NAME_MAX];
	uint64_t bytes; /* with its log */
};

/* All of a folder, oldest first; the caller frees *out. Returns how many, or ERR_IO. */
int files_list(const char *dir, struct history_file **out, struct err *err) MUST_CHECK;

bool files_is_name(const char *name); /* of such a file */

/* The name of file `ordinal`, dated by wall time (ns since 1970); out: FILES_NAME_MAX bytes. */
void files_name(char *out, uint32_t ordinal, int64_t wall_ns);

/* Unlink a file and what belongs to it. */
int files_remove(const char *dir, const struct history_file *f, struct err *err) MUST_CHECK;

#endif
