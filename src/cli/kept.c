/* kept.c - a small file in the bench's folder of state that a command changes as a whole */
#include "cli/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/which.h"

static int
read_file(const struct args *args, struct kept *f)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	f->bytes[0] = '\0';
	if (fd < 0 && errno == ENOENT)
		return CLI_GOOD;
	n = fd < 0 ? -1 : read(fd, f->bytes, f->max + 1);
	if (fd >= 0)
		close(fd);
	if (n < 0 || (size_t)n > f->max)
		return cli_say(args, CLI_FAILED, "'%s' cannot be read: %s", f->path,
			n < 0 ? strerror(errno) : "it is too long");
	f->bytes[n] = '\0';
	return CLI_GOOD;
}

int
kept_open(const struct args *args, struct kept *f, const char *name, size_t max)
{
	char bench[64];
	struct err err;
	int code = which_bench(args, bench, sizeof(bench));

	f->lock = -1;
	f->max = MIN(max, (size_t)KEPT_MAX);
	if (code != CLI_GOOD)
		return code;
	if (place_state_dir(f->dir, bench, &err) < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, name);
	snprintf(f->beside, sizeof(f->beside), "%s/%s.new", f->dir, name);
	f->lock = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->lock < 0 || flock(f->lock, LOCK_EX) < 0)
		return cli_say(args, CLI_FAILED, "'%s': %s", f->dir, strerror(errno));
	return read_file(args, f);
}

void
kept_close(struct kept *f)
{
	if (f->lock >= 0)
		close(f->lock);
}

int
kept_write(const struct args *args, struct kept *f, const char *text, const char *too_long)
{
	size_t n = strlen(text);
	int fd;
	bool is_good;

	if ((size_t)n > f->max)
		return cli_say(args, CLI_WRONG, "%s", too_long);
	unlink(f->beside);
	fd = open(f->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	is_good = fd >= 0 && write(fd, text, n) == (ssize_t)n && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	if (is_good && rename(f->beside, f->path) == 0 && fsync(f->lock) == 0)
		return CLI_GOOD;
	cli_say(args, 0, "writing '%s': %s", f->path, strerror(errno));
	unlink(f->beside);
	return CLI_FAILED;
}
