/* versions.c - the versions of a bench file that are kept in the bench's folder of state */
#include "io/versions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "io/place.h"

#define LIST_MAX (2 * VERSIONS_KEPT)
#define FILE_BYTES_MAX (VERSION_BYTES_MAX + VERSION_FILES_MAX * 2 * VERSION_PATH_MAX)
#define NAME_BYTES 16

static int
open_folder(const char *state_dir, bool is_made, struct err *err)
{
	char path[PLACE_MAX + 16];
	int fd;

	snprintf(path, sizeof(path), "%s/" VERSIONS_FOLDER, state_dir);
	if (is_made && mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(err, ERR_IO, errno, "making '%s': %s", path, strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(err, errno == ENOENT ? ERR_CONF : ERR_IO, errno, "'%s': %s", path,
			strerror(errno));
	return fd;
}

static int
by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

static bool
is_number(const char *name, unsigned *out)
{
	char again[NAME_BYTES];

	if (sscanf(name, "%6u", out) != 1 || *out == 0)
		return false;
	snprintf(again, sizeof(again), "%06u", *out);
	return strcmp(again, name) == 0;
}

static size_t
list_in(int folder, unsigned *out)
{
	int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	struct dirent *e;
	size_t n = 0;

	if (d == NULL && again >= 0)
		close(again);
	while (d != NULL && n < LIST_MAX && (e = readdir(d)) != NULL)
		n += is_number(e->d_name, &out[n]);
	if (d != NULL)
		closedir(d);
	qsort(out, n, sizeof(*out), by_number);
	return n;
}

size_t
versions_list(const char *state_dir, unsigned *out)
{
	int folder = open_folder(state_dir, false, NULL);
	size_t n;

	if (folder < 0)
		return 0;
	n = list_in(folder, out);
	close(folder);
	return n;
}

unsigned
versions_newest(const char *state_dir)
{
	unsigned *all = mem_zero(LIST_MAX, sizeof(*all));
	size_t n = versions_list(state_dir, all);
	unsigned newest = n == 0 ? 0 : all[n - 1];

	free(all);
	return newest;
}

static int
read_bytes(int folder, const char *name, struct buf *bytes, struct err *err)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), rc = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		rc = err_set(
			err, errno == ENOENT ? ERR_CONF : ERR_IO, errno, "%s", strerror(errno));
	} else if (!S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_BYTES_MAX) {
		rc = err_set(err, ERR_CONF, 0, "it is no version of a bench file");
	} else {
		buf_room(bytes, (size_t)st.st_size + 1);
		while (bytes->n < (size_t)st.st_size) {
			ssize_t n = read(fd, bytes->data + bytes->n, (size_t)st.st_size - bytes->n);

			if (n <= 0)
				break;
			bytes->n += (size_t)n;
		}
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

int
versions_read(const char *state_dir, unsigned number, struct buf *bytes, struct version *out,
	struct err *err)
{
	int folder = open_folder(state_dir, false, err), rc;
	char name[NAME_BYTES];

	if (folder < 0)
		return folder;
	snprintf(name, sizeof(name), "%06u", number);
	rc = read_bytes(folder, name, bytes, err);
	close(folder);
	if (rc == 0)
		rc = version_read(out, bytes->data, bytes->n, err);
	return rc < 0 ? err_prefix(err, rc, "version %u", number) : 0;
}

static bool
has_run(const char *state_dir, unsigned number)
{
	struct version *v = mem_zero(1, sizeof(*v));
	struct buf bytes = { 0 };
	bool has = versions_read(state_dir, number, &bytes, v, NULL) < 0 ||
		   strcmp(v->who, VERSIONS_NEVER_RAN) != 0;

	buf_done(&bytes);
	free(v);
	return has;
}

unsigned
versions_ran(const char *state_dir, unsigned below)
{
	unsigned *all = mem_zero(LIST_MAX, sizeof(*all)), found = 0;
	size_t n = versions_list(state_dir, all);

	while (n > 0 && found == 0) {
		unsigned number = all[--n];

		if ((below == 0 || number < below) && has_run(state_dir, number))
			found = number;
	}
	free(all);
	return found;
}

static bool
is_as_newest(const char *state_dir, const char *path, const char *hash)
{
	struct version *was = mem_zero(1, sizeof(*was));
	struct buf bytes = { 0 };
	unsigned newest = versions_ran(state_dir, 0);
	bool is_same = newest != 0 && versions_read(state_dir, newest, &bytes, was, NULL) == 0 &&
		       strncmp(was->hash, hash, SHA256_HEX) == 0 && strcmp(was->path, path) == 0;

	buf_done(&bytes);
	free(was);
	return is_same;
}

static int
write_part(int folder, const char *part, const struct buf *bytes, struct err *err)
{
	int fd, sys;
	size_t done = 0;

	unlinkat(folder, part, 0);
	fd = openat(folder, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	while (fd >= 0 && done < bytes->n) {
		ssize_t n = write(fd, bytes->data + done, bytes->n - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (fd >= 0 && done == bytes->n && fsync(fd) == 0) {
		close(fd);
		return 0;
	}
	sys = errno;
	if (fd >= 0)
		close(fd);
	unlinkat(folder, part, 0);
	return err_set(err, ERR_IO, sys, "writing it: %s", strerror(sys));
}

int
versions_write(const char *state_dir, const char *part, const struct version *v, struct err *err)
{
	int folder = open_folder(state_dir, true, err), rc = 0;
	struct buf bytes = { 0 };
	const char *hash;

	if (folder < 0)
		return ERR_IO;
	version_write(&bytes, v);
	hash = strstr(buf_text(&bytes), "\nhash ");
	if (!is_as_newest(state_dir, v->path, hash + strlen("\nhash ")))
		rc = write_part(folder, part, &bytes, err) < 0 ? ERR_IO : 1;
	buf_done(&bytes);
	close(folder);
	return rc;
}

/* The oldest go where there are too many, or too many bytes; the newest stays in any case. */
static void
prune(int folder, const unsigned *all, size_t n)
{
	off_t bytes = 0;
	size_t kept = 0;

	for (size_t i = n; i-- > 0;) {
		char name[NAME_BYTES];
		struct stat st;

		snprintf(name, sizeof(name), "%06u", all[i]);
		if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		bytes += st.st_size;
		if (++kept > 1 && (kept > VERSIONS_KEPT || bytes > VERSIONS_BYTES))
			unlinkat(folder, name, 0);
	}
}

int
versions_name(const char *state_dir, const char *part, struct err *err)
{
	int folder = open_folder(state_dir, true, err), rc;
	unsigned *all;
	char name[NAME_BYTES];
	size_t n;
	unsigned number;

	if (folder < 0)
		return ERR_IO;
	all = mem_zero(LIST_MAX + 1, sizeof(*all));
	n = list_in(folder, all);
	number = n == 0 ? 1 : all[n - 1] + 1;
	do {
		snprintf(name, sizeof(name), "%06u", number);
		rc = number > VERSIONS_NUMBER_MAX ? -1 : linkat(folder, part, folder, name, 0);
	} while (rc < 0 && number <= VERSIONS_NUMBER_MAX && errno == EEXIST && number++ > 0);
	/* A file system without links has renames. */
	if (rc < 0 && number <= VERSIONS_NUMBER_MAX && (errno == EPERM || errno == ENOTSUP))
		rc = renameat(folder, part, folder, name);
	if (rc < 0) {
		rc = err_set(err, ERR_IO, errno, "naming it: %s", strerror(errno));
	} else {
		rc = (int)number;
		all[n++] = number;
		prune(folder, all, n);
	}
	unlinkat(folder, part, 0);
	(void)!fsync(folder); /* some file systems cannot */
	free(all);
	close(folder);
	return rc;
}

void
versions_forget(const char *state_dir, const char *part)
{
	int folder = open_folder(state_dir, false, NULL);

	if (folder < 0)
		return;
	unlinkat(folder, part, 0);
	close(folder);
}
