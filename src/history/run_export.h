/* run_export.h - what those who export runs share */
#ifndef HISTORY_RUN_EXPORT_H
#define HISTORY_RUN_EXPORT_H

#include "base/err.h"

/* A folder that was made here, with its files; folders in it stay, and so does it then. */
void export_remove(int at, const char *path);

/* Give it its name, where none of that name is: 0, or -1 with errno (EEXIST). Where the file system cannot refuse to replace one, it is looked
 * for first. */
int export_rename(const char *from, const char *to);

#endif
