/* files.h - the files of a store: history-00012-2026-11-01.sqlite, in the order of their numbers */
#ifndef HISTORY_FILES_H
#define HISTORY_FILES_H

#include "base/err.h"

#define FILES_NAME_MAX 64

/* What came from elsewhere: import-00003-2025-01-31-0123456789abcdef.sqlite, the third, whose first value is of that day; of that hash. Their ordinals
 * and the numbers of their boots begin here, so that none is one of the recorder's. */
#define FILES_IMPORT 0x80000000u

struct history_file {
	uint32_t ordinal; /* 1, 2, ...; of an import FILES_IMPORT + 1, 2, ... */
	char name[FILES_NAME_MAX];
	uint64_t bytes; /* with its log */
};

/* All of a folder, oldest first; the caller frees *out. Returns how many, or ERR_IO. */
int files_list(const char *dir, struct history_file **out, struct err *err) MUST_CHECK;

/* The same of what was imported. */
int files_imports(const char *dir, struct history_file **out, struct err *err) MUST_CHECK;

bool files_is_name(const char *name); /* of such a file, or an import */

/* The name of file `ordinal`, dated by wall time (ns since 1970); out: FILES_NAME_MAX bytes. */
void files_name(char *out, uint32_t ordinal, int64_t wall_ns);

/* The name of import `number` (1, 2, ...); hash: its first 16 digits count. */
void files_import_name(char *out, uint32_t number, int64_t first_ns, const char *hash);

/* Unlink a file and what belongs to it. */
int files_remove(const char *dir, const struct history_file *f, struct err *err) MUST_CHECK;

#endif
