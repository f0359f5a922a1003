/* versions.c - each bench file that is taken up is kept as a version, with all that it was made from
 *
 *	compiled --> its bytes to versions/next, synced --> control takes it up --> it gets its number
 *	                                                `-> it is refused, or dropped: forgotten
 *
 * They are the very bytes that were compiled. A disk that takes no more keeps no bench from its file: that is told.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/now.h"
#include "io/versions.h"
#include "supervise/supervise.h"

#define PART "next"

/* ---- what the compiler read ------------------------------------------------------------------------------------------------ */

static int
read_kept(int fd, struct buf *out, struct err *err)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(err, ERR_IO, errno, "the compiler did not tell what it read");
	if (st.st_size > (off_t)VERSION_BYTES_MAX)
		return err_set(err, ERR_CONF, 0, "its files have more than 32 MB");
	buf_room(out, (size_t)st.st_size + 1);
	while (out->n < (size_t)st.st_size) {
		ssize_t n =
			pread(fd, out->data + out->n, (size_t)st.st_size - out->n, (off_t)out->n);

		if (n <= 0)
			break;
		out->n += (size_t)n;
	}
	return 0;
}

/* 1: it is written and waits for its name; 0: it is as the newest. */
static int
write_next(struct supervise *s, const char *who, struct err *err)
{
	struct version *v = mem_zero(1, sizeof(*v));
	struct buf kept = { 0 }, paths = { 0 };
	char when[CLOCK_TEXT_SIZE], path[VERSION_PATH_MAX];
	int rc = read_kept(s->kept, &kept, err);

	clock_text(when, now_boot() + now_wall_offset());
	if (rc == 0)
		rc = version_collect(v, s->folder, kept.data, kept.n, &paths, err);
	if (rc == 0 && !version_absolute(path, s->folder, s->file))
		rc = err_set(err, ERR_CONF, 0, "the path of the bench file is too long");
	v->time = when;
	v->bench = s->bench;
	v->path = path;
	v->who = who[0] == '\0' ? "-" : who;
	if (rc == 0)
		rc = versions_write(s->state_dir, PART, v, err);
	buf_done(&kept);
	buf_done(&paths);
	free(v);
	return rc;
}

static void
lost(struct supervise *s, const struct err *why)
{
	log_warn("bench file: its version cannot be kept: %s", why->msg);
	events_tell_text(s, EVENT_BENCH_VERSION_LOST, why->msg);
}

/* ---- from the file to its number -------------------------------------------------------------------------------------------- */

bool
versions_begin(struct supervise *s, const char *who)
{
	struct err err;
	int rc = write_next(s, who, &err);

	if (rc < 0)
		lost(s, &err);
	return rc == 1;
}

void
versions_end(struct supervise *s, bool is_taken)
{
	struct err err;
	int rc;

	if (!is_taken) {
		versions_forget(s->state_dir, PART);
		return;
	}
	rc = versions_name(s->state_dir, PART, &err);
	if (rc < 0)
		lost(s, &err);
	else
		log_info("bench file: kept as version %d", rc);
}

void
versions_done(struct supervise *s)
{
	if (s->kept >= 0)
		close(s->kept);
	s->kept = -1;
}
