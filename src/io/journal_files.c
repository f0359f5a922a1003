/* journal_files.c - the two files of a journal */
#include "io/journal_files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading ---- */

void
journal_reader_init(struct journal_reader *r, int fd)
{
	r->fd = fd;
	r->place = (struct journal_place){ 0 };
	r->at = r->n = 0;
}

/* As much as there is room for, behind what is left. */
static int
fill(struct journal_reader *r, struct err *err)
{
	memmove(r->bytes, r->bytes + r->at, r->n - r->at);
	r->n -= r->at;
	r->at = 0;
	while (r->n < sizeof(r->bytes)) {
		ssize_t got = pread(r->fd, r->bytes + r->n, sizeof(r->bytes) - r->n,
			(off_t)(r->place.offset + r->n));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, ERR_IO, errno, "reading: %s", strerror(errno));
		if (got == 0)
			break;
		r->n += (size_t)got;
	}
	return 0;
}

int
journal_reader_next(struct journal_reader *r, struct record *out, struct err *err)
{
	size_t taken;

	if (r->n - r->at < JOURNAL_FRAME_MAX) {
		int rc = fill(r, err);

		if (rc < 0)
			return rc;
	}
	taken = journal_take(r->bytes + r->at, r->n - r->at, &r->place, out);
	r->at += taken;
	return taken > 0;
}

/* ---- writing ---- */

/* The place behind the last record of a file, in f->scan. */
static int
find_end(struct journal_files *f, int i, struct err *err)
{
	struct record r;
	struct stat st;
	int rc = 1;

	if (fstat(f->fd[i], &st) < 0)
		return err_set(err, ERR_IO, errno, "looking at it: %s", strerror(errno));
	f->size[i] = MIN((uint64_t)st.st_size, (uint64_t)JOURNAL_SIZE);
	journal_reader_init(f->scan, f->fd[i]);
	while (rc == 1)
		rc = journal_reader_next(f->scan, &r, err);
	return rc;
}

void
journal_files_open(
	struct journal_files *f, const int fd[JOURNAL_FILES], struct journal_reader *scan)
{
	*f = (struct journal_files){ .active = -1, .scan = scan };
	memcpy(f->fd, fd, sizeof(f->fd));
	for (int i = 0; i < JOURNAL_FILES; i++) {
		struct err err;

		if (fd[i] < 0)
			continue;
		if (find_end(f, i, &err) < 0) {
			f->fd[i] = -1;
			f->damage = err;
			err_prefix(&f->damage, err.code, "journal.%d", i);
		} else if (f->active < 0 || scan->place.seq > f->place.seq) {
			f->active = i;
			f->place = f->synced = scan->place;
		}
	}
}

int
journal_files_sync(struct journal_files *f, struct err *err)
{
	if (!f->is_dirty)
		return 0;
	if (fdatasync(f->fd[f->active]) < 0) {
		/* What did not reach the disk may be forgotten by the kernel all the same: it is written again. */
		f->place = f->synced;
		return err_set(err, ERR_IO, errno, "%s", strerror(errno));
	}
	f->synced = f->place;
	f->is_dirty = false;
	return 0;
}

static int
write_all(int fd, const uint8_t *bytes, size_t n, uint64_t offset, struct err *err)
{
	for (size_t done = 0; done < n;) {
		ssize_t w = pwrite(fd, bytes + done, n - done, (off_t)(offset + done));

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return err_set(err, ERR_IO, errno, "%s",
				w == 0 ? "nothing is written" : strerror(errno));
		done += (size_t)w;
	}
	return 0;
}

/* The older file is begun anew; what stands in this one must be safe before. */
static int
switch_files(struct journal_files *f, struct err *err)
{
	int next = (f->active + 1) % JOURNAL_FILES;

	if (journal_files_sync(f, err) < 0)
		return ERR_IO;
	if (f->fd[next] < 0)
		next = f->active;
	f->active = next;
	f->place = f->synced =
		(struct journal_place){ .seq = f->place.seq, .last_id = f->place.last_id };
	return 0;
}

int
journal_files_put(struct journal_files *f, const struct record *r, struct err *err)
{
	uint8_t frame[JOURNAL_FRAME_MAX];
	struct journal_place next;
	size_t n;

	if (f->active < 0)
		return err_set(err, ERR_IO, 0, "there is no file");
	if (f->place.offset + JOURNAL_FRAME_MAX > f->size[f->active] && switch_files(f, err) < 0)
		return ERR_IO;
	next = f->place;
	n = journal_frame(frame, r, &next);
	if (write_all(f->fd[f->active], frame, n, f->place.offset, err) < 0)
		return ERR_IO;
	f->place = next;
	f->is_dirty = true;
	return 0;
}

int
journal_files_follow(struct journal_files *f, const struct blackbox *box, uint64_t head,
	uint64_t *out_missed, struct err *err)
{
	uint64_t skipped = 0, seq = f->place.seq + 1;
	struct record r;

	*out_missed = 0;
	while (f->active >= 0 && seq < head) {
		uint64_t oldest = MIN(blackbox_oldest(box, blackbox_head(box)), head);

		if (seq < oldest) {
			skipped += oldest - seq;
			seq = oldest;
		} else if (!blackbox_get(box, seq, &r)) {
			skipped++;
			seq++;
		} else {
			if (journal_files_put(f, &r, err) < 0)
				return ERR_IO; /* what was skipped is skipped again next time */
			*out_missed += skipped;
			skipped = 0;
			seq++;
		}
	}
	if (f->active < 0)
		return err_set(err, ERR_IO, 0, "there is no file");
	*out_missed += skipped;
	f->place.seq = MAX(f->place.seq, seq - 1);
	return 0;
}
