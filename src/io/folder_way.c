/* folder_way.c - ways that lead into a folder and not out of it
 *
 * A path is walked name by name with O_NOFOLLOW. openat2() would do the same at one go, but its arguments lie in memory that a
 * filter of system calls cannot see: allowing it would allow the controller to make files.
 */
#include "io/folder_way.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define NAME_ROOM 256

static bool
is_on_sysfs(const char *path, int fd)
{
	const char *root = getenv("MBC_SYSFS"); /* for tests: another place than /sys */
	struct statfs fs;
	size_t n = root == NULL ? 0 : strlen(root);

	if (n > 0 && strncmp(path, root, n) == 0 && path[n] == '/')
		return true;
	return fstatfs(fd, &fs) == 0 && fs.f_type == SYSFS_MAGIC;
}

static int
open_folder(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
folder_way_enter(const struct folder_way *w, int at, const char *name)
{
	bool may_follow = at == w->fd && w->is_sysfs; /* its name may be a link of the kernel's */
	int fd = openat(
		at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (may_follow ? 0 : O_NOFOLLOW));

	if (fd >= 0 && may_follow && !is_on_sysfs(w->path, fd)) {
		close(fd);
		errno = ELOOP;
		return -1;
	}
	return fd;
}

int
folder_way_file(int at, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = ELOOP;
		return -1;
	}
	fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = ELOOP;
		return -1;
	}
	return fd;
}

bool
folder_way_leads_down(const char *name)
{
	return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

int
folder_way_below(const struct folder_way *w, int place, const char *path)
{
	char name[NAME_ROOM];
	int at = place, fd = -1;

	for (;;) {
		size_t n = strcspn(path, "/");
		int next;

		if (n >= sizeof(name)) {
			errno = ENAMETOOLONG;
			break;
		}
		memcpy(name, path, n);
		name[n] = '\0';
		if (!folder_way_leads_down(name)) {
			errno = ELOOP;
			break;
		}
		if (path[n] == '\0') {
			fd = folder_way_file(at, name);
			break;
		}
		next = folder_way_enter(w, at, name);
		if (next < 0)
			break;
		if (at != place)
			close(at);
		at = next;
		path += n + 1;
	}
	if (at != place) {
		int sys = errno;

		close(at);
		errno = sys;
	}
	return fd;
}

int
folder_way_open(struct folder_way *w, const char *path)
{
	*w = (struct folder_way){ .path = path, .fd = open_folder(path) };
	w->is_sysfs = w->fd >= 0 && is_on_sysfs(path, w->fd);
	return w->fd;
}

void
folder_way_close(struct folder_way *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

DIR *
folder_way_list(const struct folder_way *w)
{
	int again = open_folder(w->path); /* a list has a place of its own in the folder */
	DIR *dir = again < 0 ? NULL : fdopendir(again);

	if (dir == NULL && again >= 0)
		close(again);
	return dir;
}
