/* backup_child.c - data bases for backup and restore, read by a child that can open nothing for writing
 *
 * As for `mbc export`: a damaged file is met by a process that has no rights, and neither needs nor gets those of root. What it writes is a file that the
 * parent has opened.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "history/backup_parts.h"
#include "history/db_copy.h"
#include "history/db_given.h"
#include "history/query_inside.h"

#define STEP_PAGES 256 /* 1 MB: no reader holds the log for longer than that takes */
#define RESTARTS 2
#define LOG_MAX (64u << 20) /* the recorder keeps 8 MB of it in any case */
#define STILL_TRIES 5

static volatile sig_atomic_t child, is_ended;

static void
on_end(int sig)
{
	is_ended = 1;
	if (child > 0)
		kill(child, SIGKILL);
}

void
backup_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < NELEM(ends); i++)
		signal(ends[i], on_end);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

bool
backup_is_ended(void)
{
	return is_ended != 0;
}

/* ---- the child ------------------------------------------------------------------------------------------------------------- */

static int
verify_to(const struct backup_job *job, struct backup_found *f, FILE *out)
{
	struct stat st;
	sqlite3 *db;
	int rc = db_given_open(&db, job->fd, job->name, false, &f->err);

	if (rc == 0 && fstat(job->fd, &st) < 0)
		rc = err_set(&f->err, ERR_IO, errno, "%s: %s", job->name, strerror(errno));
	if (rc == 0)
		f->faults = verify_one(db, job->name, (uint64_t)st.st_size, out, &f->numbers);
	db_close(db);
	return rc;
}

static int
verify_given(const struct backup_job *job, struct backup_found *f)
{
	return verify_to(job, f, stdout);
}

/* What is as it should be is told by who asked. */
static int
compact_given(const struct backup_job *job, struct backup_found *f)
{
	int rc = job->work == BACKUP_TIER
			 ? compact_tier(job->from, job->fd, job->name, &job->tier, &f->compacted,
				   &f->err)
			 : compact_rewrite(job->from, job->fd, job->name, &f->compacted, &f->err);
	char *text = NULL;
	size_t n = 0;
	FILE *said;

	f->target_sys = f->compacted.target_sys;
	if (rc < 0 || compact_is_left(&f->compacted))
		return rc;
	said = open_memstream(&text, &n);
	if (said == NULL)
		return err_set(&f->err, ERR_IO, errno, "%s", strerror(errno));
	rc = verify_to(job, f, said);
	fclose(said);
	if (f->faults > 0)
		fwrite(text, 1, n, stdout);
	free(text);
	return rc;
}

static int
read_begun(sqlite3 *db, struct backup_found *f)
{
	int64_t closed = 0;
	int rc = db_number(db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'begun'", 0,
		&f->begun, &f->err);

	if (rc == 0)
		rc = db_number(db,
			"SELECT CAST(value AS INTEGER) FROM meta WHERE key = '" COMPACT_TIER_KEY
			"'",
			0, &f->tier_ns, &f->err);
	if (rc == 0)
		rc = db_number(
			db, "SELECT count(*) FROM meta WHERE key = 'closed'", 0, &closed, &f->err);
	f->is_closed = closed != 0;
	return rc;
}

static int
look_at_given(const struct backup_job *job, struct backup_found *f)
{
	sqlite3 *db;
	int rc = db_given_open(&db, job->fd, job->name, false, &f->err);

	if (rc == 0)
		rc = read_begun(db, f);
	db_close(db);
	return rc;
}

static int
read_bench(sqlite3 *db, struct backup_found *f)
{
	sqlite3_stmt *st = db_prepare(db, "SELECT value FROM meta WHERE key = 'bench'", &f->err);
	int rc = st == NULL ? ERR_IO : db_row(st, &f->err);

	if (rc == 1)
		text_copy(f->bench, sizeof(f->bench), db_text(st, 0));
	sqlite3_finalize(st);
	if (rc < 0)
		return rc;
	return manifest_is_bench(f->bench)
		       ? 0
		       : err_set(&f->err, ERR_CONF, 0, "it does not say of which bench it is");
}

/* A file whose making was cut off, or that is just being made, has no version: nothing is in it. */
static int
look(sqlite3 *db, struct backup_found *f)
{
	int64_t version;
	int rc = db_number(db, "PRAGMA user_version", 0, &version, &f->err);

	f->is_missing = rc == 0 && version == 0;
	return rc < 0 || f->is_missing ? rc : read_begun(db, f);
}

static bool
is_gone(const char *path)
{
	return access(path, F_OK) < 0 && errno == ENOENT;
}

static int
copy(const struct backup_job *job, sqlite3 *db, struct backup_found *f)
{
	static const struct db_copy_rule rule = {
		.pages = STEP_PAGES, .restarts = RESTARTS, .log_max = LOG_MAX
	};
	struct db_copied copied;
	int rc = db_copy(db, job->fd, job->name, &rule, &copied, &f->err);

	f->target_sys = copied.target_sys;
	return rc;
}

/* 1: a file that was read as one that nobody writes to is written to now: once more. */
static int
work_once(const struct backup_job *job, const char *path, struct backup_found *f)
{
	char log[PATH_MAX + 8];
	bool is_still;
	sqlite3 *db;
	int rc = db_open_read(&db, path, &f->err);

	if (rc == 0)
		rc = look(db, f);
	if (rc == 0 && !f->is_missing)
		rc = job->work == BACKUP_BENCH ? read_bench(db, f) : copy(job, db, f);
	snprintf(log, sizeof(log), "%s-wal", path);
	is_still = db != NULL && db_is_still(db);
	db_close(db);
	return f->target_sys == 0 && is_still && !is_gone(log) ? 1 : rc;
}

static int
work(const struct backup_job *job, struct backup_found *f)
{
	char path[PATH_MAX];
	int rc = 1;

	if (job->work == BACKUP_VERIFY)
		return verify_given(job, f);
	if (job->work == BACKUP_COMPACT || job->work == BACKUP_TIER)
		return compact_given(job, f);
	if (job->work == BACKUP_BEGUN)
		return look_at_given(job, f);
	if (snprintf(path, sizeof(path), "%s/%s", job->dir, job->name) >= (int)sizeof(path))
		return err_set(&f->err, ERR_CONF, 0, "'%.100s' is too long a path", job->dir);
	for (int i = 0; i < STILL_TRIES && rc == 1; i++)
		rc = work_once(job, path, f);
	if (rc != 0 && is_gone(path)) { /* 'keep' or 'size' of the bench have removed it */
		f->is_missing = true;
		return 0;
	}
	if (rc == 1)
		return err_set(&f->err, ERR_IO, 0, "the recorder began to write to %s: try again",
			job->name);
	return rc < 0 || job->work == BACKUP_BENCH || f->is_missing ? rc : verify_given(job, f);
}

static int
run(const struct backup_job *job, int fd)
{
	static struct backup_found f;

	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	query_confine(job->dir != NULL ? job->dir : "/proc/self");
	f.rc = work(job, &f);
	fflush(stdout);
	return write(fd, &f, sizeof(f)) == sizeof(f) ? 0 : 1;
}

/* ---- the parent ------------------------------------------------------------------------------------------------------------ */

int
backup_child(const struct backup_job *job, struct backup_found *out)
{
	int ends[2];
	size_t n = 0;
	ssize_t k;
	pid_t pid;

	*out = (struct backup_found){ 0 };
	fflush(NULL);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return out->rc = err_set(
			       &out->err, ERR_IO, errno, "making a pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0)
		_exit(run(job, ends[1]));
	child = pid;
	close(ends[1]);
	while (n < sizeof(*out) && ((k = read(ends[0], (char *)out + n, sizeof(*out) - n)) > 0 ||
					   (k < 0 && errno == EINTR)))
		n += (size_t)MAX(k, (ssize_t)0);
	close(ends[0]);
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	child = 0;
	if (n == sizeof(*out) && !is_ended)
		return out->rc;
	*out = (struct backup_found){ 0 };
	return out->rc = err_set(&out->err, ERR_IO, 0,
		       is_ended ? "it was ended before it was whole"
				: "the process that reads %s died",
		       job->name);
}
