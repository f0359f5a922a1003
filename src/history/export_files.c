/* export_files.c - what those who export runs share */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history/run_export.h"

void
export_remove(int at, const char *path)
{
	int again = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *e;

	while (dir != NULL && (e = readdir(dir)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			unlinkat(at, e->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	else if (again >= 0)
		close(again);
	rmdir(path);
}

int
export_rename(const char *from, const char *to)
{
	struct stat st;
	int rc = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);

	if (rc == 0 || (errno != EINVAL && errno != ENOSYS))
		return rc;
	if (lstat(to, &st) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}
