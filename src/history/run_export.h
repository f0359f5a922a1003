/* run_export.h - what those who export runs share */
#ifndef HISTORY_RUN_EXPORT_H
#define HISTORY_RUN_EXPORT_H

#include "history/run_pack.h"

/* A run as a folder or, by its name, an archive, at `out`. part: its name while it is made; NULL: beside `out`. Returns an exit code of query_inside.h;
 * err->msg is empty when the child that reads the store has said what is wrong. */
int export_run(const char *dir, const struct run_pack_words *words, const char *out,
	const char *part, struct err *err);

/* A folder that was made here, with its files; folders in it stay, and so does it then. */
void export_remove(int at, const char *path);

/* Give it its name, where none of that name is: 0, or -1 with errno (EEXIST). Where the file system cannot refuse to replace one, it is looked
 * for first. */
int export_rename(const char *from, const char *to);

#endif
