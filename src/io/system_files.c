/* system_files.c - reading this computer's files and counters */
#include "io/system_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static ssize_t
read_file(const char *path, char *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t n = 0;
	ssize_t got = 0;

	if (fd < 0)
		return -1;
	while (n < SYSTEM_FILES_CONTENT && (got = read(fd, out + n, SYSTEM_FILES_CONTENT - n)) > 0)
		n += (size_t)got;
	if (got < 0) {
		int sys = errno;

		close(fd);
		errno = sys;
		return -1;
	}
	close(fd);
	return (ssize_t)n;
}

/* "blocks bavail frsize files favail" */
static ssize_t
read_statvfs(const char *path, char *out)
{
	struct statvfs st;

	if (statvfs(path, &st) < 0)
		return -1;
	return snprintf(out, SYSTEM_FILES_CONTENT, "%llu %llu %llu %llu %llu\n",
		(unsigned long long)st.f_blocks, (unsigned long long)st.f_bavail,
		(unsigned long long)st.f_frsize, (unsigned long long)st.f_files,
		(unsigned long long)st.f_favail);
}

size_t
system_files_answer(const uint8_t *request, size_t n, uint8_t *out)
{
	char path[300], content[SYSTEM_FILES_CONTENT];
	ssize_t len;
	int head;

	n = MIN(n, sizeof(path) - 1);
	memcpy(path, request, n);
	path[n] = '\0';
	path[strcspn(path, "\n")] = '\0';
	len = strncmp(path, "statvfs:", 8) == 0 ? read_statvfs(path + 8, content)
						: read_file(path, content);
	if (len < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return (size_t)snprintf((char *)out, sizeof(path) + 40, "%s missing\n", path);
	if (len < 0)
		return (size_t)snprintf(
			(char *)out, sizeof(path) + 40, "%s error %d\n", path, errno);
	head = snprintf((char *)out, sizeof(path) + 40, "%s ok\n", path);
	memcpy(out + head, content, (size_t)len);
	return (size_t)head + (size_t)len;
}
