/* secret_file.c - files with secrets: one line a file, for its owner alone
 *
 * Who runs the bench gives his secrets away to those whom the bench file names, so nobody else may choose which file that is: neither by a link
 * nor by another folder in the place of ours.
 */
#include "io/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OTHERS (S_IWGRP | S_IWOTH)
#define NOT_OWNERS 07177 /* all bits but reading and writing for the owner */

static int
check_folder(int fd, const char *dir, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && (st.st_uid == geteuid() || st.st_uid == 0) &&
		(st.st_mode & OTHERS) == 0)
		return 0;
	return err_set(err, ERR_CONF, EPERM,
		"others may write into the folder '%.60s'; 'chmod 700' it, and 'chown %u' it", dir,
		(unsigned)geteuid());
}

static int
open_folder(const char *dir, struct err *err)
{
	int fd = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, ERR_CONF, errno,
			"opening the folder '%.60s': %s; make it there ('mkdir -m 700'), no link",
			dir, strerror(errno));
	if (check_folder(fd, dir, err) == 0)
		return fd;
	close(fd);
	return ERR_CONF;
}

static int
check_file(int fd, const char *dir, const char *name, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_CONF, 0, "'%.60s/%s' is no file; write the secret into one",
			dir, name);
	if (st.st_uid != geteuid() || (st.st_mode & NOT_OWNERS) != 0)
		return err_set(err, ERR_CONF, EPERM,
			"'%.60s/%s' is not for its owner alone; 'chmod 600' it, and 'chown %u' it",
			dir, name, (unsigned)geteuid());
	return 0;
}

/* One line end behind it does not belong to it. */
static int
take(const char *bytes, ssize_t n, const char *dir, const char *name, struct secret *out,
	struct err *err)
{
	if (n > 0 && bytes[n - 1] == '\n')
		n--;
	if (n > 0 && bytes[n - 1] == '\r')
		n--;
	if (n < SECRET_MIN || n > SECRET_MAX)
		return err_set(err, ERR_CONF, 0,
			"'%.60s/%s' has not %d to %d characters; write it anew", dir, name,
			SECRET_MIN, SECRET_MAX);
	for (ssize_t i = 0; i < n; i++)
		if (bytes[i] < 0x20 || bytes[i] >= 0x7F)
			return err_set(err, ERR_CONF, 0,
				"'%.60s/%s' is not one line of printed ASCII characters; write it "
				"anew",
				dir, name);
	memcpy(out->value, bytes, (size_t)n);
	out->value[n] = '\0';
	out->n = (size_t)n;
	return 0;
}

static int
read_file(int folder, const char *dir, const char *name, struct secret *out, struct err *err)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	char bytes[SECRET_MAX + 3];
	int rc;

	if (fd < 0)
		return err_set(err, ERR_CONF, errno,
			"'%.60s/%s': %s; write the secret into this file, no link, and "
			"'chmod 600' it",
			dir, name, strerror(errno));
	rc = check_file(fd, dir, name, err);
	if (rc == 0)
		rc = take(bytes, read(fd, bytes, sizeof(bytes)), dir, name, out, err);
	explicit_bzero(bytes, sizeof(bytes));
	close(fd);
	return rc;
}

int
secret_read(const char *dir, const char *name, struct secret *out, struct err *err)
{
	int folder, rc;

	if (!secret_is_name(name))
		return err_set(err, ERR_CONF, 0,
			"'%.60s' is no name of a secret; name a file in the folder of secrets",
			name);
	folder = open_folder(dir, err);
	if (folder < 0)
		return ERR_CONF;
	rc = read_file(folder, dir, name, out, err);
	close(folder);
	return rc;
}
