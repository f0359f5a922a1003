/* compact_carried.c - which files are wholly carried to another store */
#include "history/compact.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

uint32_t
compact_carried(const char *dir)
{
	uint32_t least = UINT32_MAX;
	struct dirent *e;
	DIR *d = opendir(dir);

	while (d != NULL && (e = readdir(d)) != NULL) {
		char text[65];
		unsigned file = 0;
		ssize_t n;
		int fd;

		/* "id 0123... files 12": all below 12 have been carried; one that says nothing yet may begin anywhere. */
		if (strncmp(e->d_name, "drain-", 6) != 0)
			continue;
		fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		if (fd >= 0)
			close(fd);
		text[MAX(n, (ssize_t)0)] = '\0';
		if (sscanf(text, "id %*s files %10u", &file) != 1)
			file = 0;
		least = MIN(least, (uint32_t)file);
	}
	if (d != NULL)
		closedir(d);
	return least;
}
