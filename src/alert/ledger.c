/* ledger.c - the file of what was told to whom */
#include "alert/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static const char name[] = "ledger", before[] = "ledger.1";

static int
open_file(struct ledger *l, struct err *err)
{
	struct stat st;
	char last = '\n';

	l->file =
		openat(l->folder, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (l->file < 0 || fstat(l->file, &st) < 0)
		return err_set(
			err, ERR_IO, errno, "the ledger cannot be opened: %s", strerror(errno));
	l->size = (size_t)st.st_size;
	if (st.st_size > 0 && pread(l->file, &last, 1, st.st_size - 1) == 1 && last != '\n')
		buf_putc(&l->waiting, '\n');
	return 0;
}

int
ledger_open(struct ledger *l, const char *dir, struct err *err)
{
	*l = (struct ledger){ .folder = -1, .file = -1 };
	l->folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->folder < 0)
		return err_set(err, ERR_IO, errno, "'%s': %s", dir, strerror(errno));
	return open_file(l, err);
}

void
ledger_close(struct ledger *l)
{
	if (l->file >= 0)
		close(l->file);
	if (l->folder >= 0)
		close(l->folder);
	buf_done(&l->waiting);
	*l = (struct ledger){ .folder = -1, .file = -1 };
}

/* ---- reading -------------------------------------------------------------------------------------------------------------- */

static int
read_lines(FILE *f, void (*fn)(void *ctx, const struct entry *e), void *ctx, uint64_t *damaged)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, f)) > 0) {
		struct entry e;
		struct err err;

		/* A line without its end is one that was being written. */
		if (line[n - 1] == '\n' && entry_read(&e, line, (size_t)n - 1, &err) == 0)
			fn(ctx, &e);
		else if (n > 1)
			(*damaged)++;
	}
	free(line);
	return ferror(f) ? ERR_IO : 0;
}

int
ledger_read(int folder, void (*fn)(void *ctx, const struct entry *e), void *ctx,
	uint64_t *out_damaged, struct err *err)
{
	const char *const names[] = { before, name };

	*out_damaged = 0;
	for (size_t i = 0; i < NELEM(names); i++) {
		int fd = openat(folder, names[i], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
		int rc;

		if (f == NULL && fd < 0 && errno == ENOENT)
			continue;
		if (f == NULL) {
			err_set(err, ERR_IO, errno, "'%s': %s", names[i], strerror(errno));
			if (fd >= 0)
				close(fd);
			return ERR_IO;
		}
		rc = read_lines(f, fn, ctx, out_damaged);
		fclose(f);
		if (rc < 0)
			return err_set(err, ERR_IO, 0, "'%s' cannot be read", names[i]);
	}
	return 0;
}

/* ---- writing -------------------------------------------------------------------------------------------------------------- */

void
ledger_put(struct ledger *l, const struct entry *e)
{
	if (l->waiting.n > LEDGER_WAITING) {
		buf_clear(&l->waiting);
		l->lost++;
	}
	entry_put(&l->waiting, e);
}

static int
begin_another(struct ledger *l, struct err *err)
{
	if (renameat(l->folder, name, l->folder, before) < 0)
		return err_set(
			err, ERR_IO, errno, "the ledger cannot be renamed: %s", strerror(errno));
	close(l->file);
	(void)fsync(l->folder);
	return open_file(l, err);
}

int
ledger_sync(struct ledger *l, struct err *err)
{
	size_t done = 0;
	int rc = 0;

	if (l->waiting.n == 0)
		return 0;
	if (l->file < 0 && open_file(l, err) < 0)
		return ERR_IO;
	while (done < l->waiting.n) {
		ssize_t n = write(l->file, l->waiting.data + done, l->waiting.n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	l->size += done;
	if (done < l->waiting.n) {
		rc = err_set(
			err, ERR_IO, errno, "the ledger cannot be written: %s", strerror(errno));
		/* A part of a line stands there: its rest would be no line. All of it is written again, behind a line end. */
		if (done > 0) {
			while (done > 0 && l->waiting.data[done - 1] != '\n')
				done--;
			buf_room(&l->waiting, 1);
			memmove(l->waiting.data + 1, l->waiting.data + done, l->waiting.n - done);
			l->waiting.data[0] = '\n';
			l->waiting.n = l->waiting.n - done + 1;
		}
		return rc;
	}
	buf_clear(&l->waiting);
	if (fdatasync(l->file) < 0)
		return err_set(
			err, ERR_IO, errno, "the ledger cannot be written: %s", strerror(errno));
	return l->size >= LEDGER_BYTES ? begin_another(l, err) : 0;
}
