/* db_copy.c - a data base that somebody writes to, copied as it is at one moment
 *
 * Source: sqlite.org/backup.html, sqlite.org/wal.html section 6 (checkpoint starvation).
 *
 * sqlite3_backup_step() reads in a transaction of its own each time, and begins again when another process has written meanwhile. A file of a month
 * that is over is copied so, and nobody notices. The one that is recorded into changes with each commit, so that a copy which takes longer
 * than a commit's period would begin again for ever: after some restarts it is copied in one transaction. While that is open the log cannot be
 * begun anew and grows by what is recorded, some 10 KB/s; it holds the recorder up by nothing. The time it is open is that of
 * writing a file into the kernel's memory (nothing is synced before its end), or, where that is full, that of the disk written to.
 * With one too slow the log would grow without a bound, so the bound is here: then the copy is given up.
 *
 * VACUUM INTO was considered: it is one such transaction always, reads and sorts each row anew, and knows no bound.
 */
#include "history/db_copy.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "history/db_given.h"

#define BUSY_MAX 200 /* times 10 ms */
#define MODE_AT 18   /* two bytes of the head: does one who writes, or reads, it use a log? */

struct copying {
	sqlite3 *from, *to;
	int fd;
	const char *name;
	const struct db_copy_rule *rule;
	struct db_copied *out;
};

static uint64_t
log_bytes(sqlite3 *db)
{
	const char *path = sqlite3_db_filename(db, "main");
	struct buf log = { 0 };
	struct stat st;
	bool is_there;

	buf_printf(&log, "%s-wal", path == NULL ? "" : path);
	is_there = stat(buf_text(&log), &st) == 0;
	buf_done(&log);
	return is_there ? (uint64_t)st.st_size : 0;
}

static int
fail(struct copying *c, int rc, struct err *err)
{
	c->out->target_sys = db_given_failure();
	return err_set(err, ERR_IO, rc & 0xFF, "copying: %s (%s)", sqlite3_errstr(rc), c->name);
}

static int
step(sqlite3_backup *b, int pages)
{
	const struct timespec pause = { .tv_nsec = 10 * NS_PER_MS };
	int rc = sqlite3_backup_step(b, pages);

	for (int i = 0;
		i < BUSY_MAX && ((rc & 0xFF) == SQLITE_BUSY || (rc & 0xFF) == SQLITE_LOCKED); i++) {
		nanosleep(&pause, NULL);
		rc = sqlite3_backup_step(b, pages);
	}
	return rc;
}

/* All steps: 0, 1 when it began again too often, or ERR_IO. */
static int
go(struct copying *c, sqlite3_backup *b, bool is_held, struct err *err)
{
	uint64_t log = log_bytes(c->from);
	int rc = SQLITE_OK, before = 0;

	while ((rc = step(b, c->rule->pages)) == SQLITE_OK) {
		int done = sqlite3_backup_pagecount(b) - sqlite3_backup_remaining(b);

		if (done <= before && !is_held && ++c->out->restarts > c->rule->restarts)
			return 1;
		before = done;
		if (is_held && log_bytes(c->from) > log + c->rule->log_max)
			return err_set(err, ERR_IO, 0,
				"the folder is written to too slowly for what is recorded "
				"meanwhile; make the backup on a disk of this computer, and copy "
				"it from there");
		if (c->rule->between != NULL)
			c->rule->between(c->rule->ctx);
	}
	return rc == SQLITE_DONE ? 0 : fail(c, rc, err);
}

/* From an empty file on. */
static int
pass(struct copying *c, bool is_held, struct err *err)
{
	sqlite3_backup *b;
	int rc, end;

	if (ftruncate(c->fd, 0) < 0)
		return err_set(err, ERR_IO, 0, "emptying the copy of %s", c->name);
	rc = db_given_open(&c->to, c->fd, c->name, true, err);
	if (rc == 0) {
		b = sqlite3_backup_init(c->to, "main", c->from, "main");
		rc = b == NULL ? fail(c, sqlite3_extended_errcode(c->to), err)
			       : go(c, b, is_held, err);
		end = sqlite3_backup_finish(b);
		if (rc == 0 && end != SQLITE_OK)
			rc = fail(c, end, err);
	}
	db_close(c->to);
	c->to = NULL;
	return rc;
}

static int
pass_held(struct copying *c, struct err *err)
{
	int rc = db_exec(c->from, "BEGIN; SELECT count(*) FROM sqlite_schema", err);

	c->out->was_held = true;
	if (rc == 0)
		rc = pass(c, true, err);
	(void)!db_exec(c->from, "ROLLBACK", NULL);
	return rc;
}

/* As the recorder leaves a file that is full: it can be read where nothing can be made beside it. */
static int
leave_without_log(struct copying *c, struct err *err)
{
	static const char none[2] = { 1, 1 };

	if (pwrite(c->fd, none, sizeof(none), MODE_AT) == sizeof(none))
		return 0;
	return err_set(err, ERR_IO, 0, "finishing the copy of %s", c->name);
}

int
db_copy(sqlite3 *from, int fd, const char *name, const struct db_copy_rule *rule,
	struct db_copied *out, struct err *err)
{
	struct copying c = { .from = from, .fd = fd, .name = name, .rule = rule, .out = out };
	int rc;

	*out = (struct db_copied){ 0 };
	rc = pass(&c, false, err);
	if (rc == 1)
		rc = pass_held(&c, err);
	return rc < 0 ? rc : leave_without_log(&c, err);
}
