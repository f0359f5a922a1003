/* secret.c - words that stand on no command line */
#include "curl/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
check_file(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(
			err, ERR_CONF, 0, "'%.100s' is no file; write the secret into one", path);
	if (st.st_uid != geteuid() || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return err_set(err, ERR_CONF, EPERM,
			"'%.100s' is not for its owner alone; 'chmod 600' it, and 'chown %u' it",
			path, (unsigned)geteuid());
	return 0;
}

/* A line end behind it does not belong to it. */
static int
take(const char *bytes, ssize_t n, const char *path, char *out, struct err *err)
{
	while (n > 0 && (bytes[n - 1] == '\n' || bytes[n - 1] == '\r'))
		n--;
	if (n <= 0 || n > SECRET_MAX)
		return err_set(err, ERR_CONF, 0, "'%.100s' has not 1 to %d bytes; write it anew",
			path, SECRET_MAX);
	for (ssize_t i = 0; i < n; i++)
		if (bytes[i] < 0x20 || bytes[i] >= 0x7F)
			return err_set(err, ERR_CONF, 0,
				"'%.100s' is not one line of printed ASCII characters; write it "
				"anew",
				path);
	memcpy(out, bytes, (size_t)n);
	out[n] = '\0';
	return 0;
}

int
secret_read(const char *dir, const char *name, char *out, struct err *err)
{
	char path[512], bytes[SECRET_MAX + 3];
	int fd, rc;

	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL ||
		snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return err_set(err, ERR_CONF, 0,
			"'%.60s' is no name of a secret; name a file in the folder of --secrets",
			name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_set(err, ERR_CONF, errno, "opening the secret '%.100s': %s", path,
			strerror(errno));
	rc = check_file(fd, path, err);
	if (rc == 0)
		rc = take(bytes, read(fd, bytes, sizeof(bytes)), path, out, err);
	explicit_bzero(bytes, sizeof(bytes));
	close(fd);
	return rc;
}
