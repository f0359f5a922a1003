/* folder_way.h - ways that lead into a folder and not out of it
 *
 * A symbolic link is followed only where the kernel's own folders are made of them: it stands in the folder itself, the folder is
 * on sysfs, and so is where it leads. What fails sets errno; ELOOP: it is a link, or no plain file.
 */
#ifndef IO_FOLDER_WAY_H
#define IO_FOLDER_WAY_H

#include <dirent.h>

#include "base/defs.h"

struct folder_way {
	const char *path; /* stays the caller's */
	int fd;           /* of the folder; -1: it could not be opened */
	bool is_sysfs;
};

/* Returns the folder's descriptor, or -1. */
int folder_way_open(struct folder_way *w, const char *path);
void folder_way_close(struct folder_way *w);

/* The folder's names; NULL: errno. The caller closes it with closedir(). */
DIR *folder_way_list(const struct folder_way *w);

/* Not empty, "." or "..". */
bool folder_way_leads_down(const char *name);

/* A folder in `at`, which is the folder or one in it: its descriptor, or -1. */
int folder_way_enter(const struct folder_way *w, int at, const char *name);

/* A plain file in `at`, opened for reading: a pipe or a device would be touched by that. */
int folder_way_file(int at, const char *name);

/* The same by its path below `place`. */
int folder_way_below(const struct folder_way *w, int place, const char *path);

#endif
