/* restore.c - mbc history restore: a backup becomes the history of its bench, which does not run
 *
 * The lock of the bench is held meanwhile, so that none begins. The files are copied into a folder beside the history's, and each byte is counted into the
 * sum that the manifest tells, on the way; what was written is then read by a child that verifies it. The folder gets its name in one step:
 * at no moment there is half a history.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "history/backup_parts.h"
#include "history/query_cli.h"
#include "history/query_inside.h"
#include "history/run_export.h"
#include "io/place.h"
#include "io/sandbox.h"

#define PATH_CAP (PLACE_MAX + 64)
#define SAME_NAME_MAX 1000 /* in a second */

struct restore {
	const char *from, *bench; /* bench NULL: that of the manifest */
	bool may_replace;
	int at; /* the backup */
	int lock;
	struct manifest manifest;
	char state[PLACE_MAX];
	char history[PATH_CAP], part[PATH_CAP], aside[PATH_CAP];
	struct sandbox_user user; /* of the recorder */
	bool is_replacing;
};

/* ---- may it be? ------------------------------------------------------------------------------------------------------------ */

static int
open_backup(struct restore *r, struct err *err)
{
	int rc;

	r->at = open(r->from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->at < 0)
		return err_set(err, errno == ENOENT || errno == ENOTDIR ? ERR_CONF : ERR_IO, errno,
			"'%.100s': %s; name the folder of a backup", r->from, strerror(errno));
	rc = backup_read_manifest(r->at, r->from, &r->manifest, err);
	if (rc < 0 && err->sys == ENOENT)
		return err_set(err, ERR_CONF, 0,
			"'%.80s' is no backup, or one that was broken off: it has no "
			"'" BACKUP_MANIFEST "'; make it again with 'mbc history backup'",
			r->from);
	if (rc < 0)
		return rc;
	if (r->bench != NULL && strcmp(r->bench, r->manifest.bench) != 0)
		return err_set(err, ERR_CONF, 0,
			"'%.60s' is the backup of bench '%s', not of '%.60s'", r->from,
			r->manifest.bench, r->bench);
	r->bench = r->manifest.bench;
	return 0;
}

/* The same lock as that of a supervisor, who holds it until its controller has ended, too. */
static int
lock_bench(struct restore *r, struct err *err)
{
	char path[PLACE_MAX + 8], sock[PLACE_MAX];

	if (place_socket(sock, r->bench, err) < 0)
		return ERR_CONF;
	snprintf(path, sizeof(path), "%s.lock", sock);
	r->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (r->lock < 0)
		return err_set(err, ERR_IO, errno, "opening '%s': %s", path, strerror(errno));
	if (flock(r->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"bench '%s' is running, and records; end it with 'mbc stop --bench %s', then "
		"restore",
		r->bench, r->bench);
}

/* 1: something is in it, 0: nothing, or it is not there. */
static int
has_contents(const char *path, struct err *err)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int rc = 0;

	if (d == NULL)
		return errno == ENOENT ? 0
				       : err_set(err, ERR_IO, errno, "reading '%.100s': %s", path,
						 strerror(errno));
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = 1;
	closedir(d);
	return rc;
}

/* A name that nothing has, for what is moved aside. */
static int
name_aside(struct restore *r, struct err *err)
{
	time_t now = time(NULL);
	char text[32] = "";
	struct stat st;
	struct tm tm;

	if (gmtime_r(&now, &tm) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%dT%H-%M-%SZ", &tm);
	for (int k = 1; k < SAME_NAME_MAX; k++) {
		if (k == 1)
			snprintf(r->aside, sizeof(r->aside), "%s/history.until-%s", r->state, text);
		else
			snprintf(r->aside, sizeof(r->aside), "%s/history.until-%s-%d", r->state,
				text, k);
		if (lstat(r->aside, &st) < 0 && errno == ENOENT)
			return 0;
	}
	return err_set(err, ERR_IO, 0, "'%.100s' is there already; try again", r->aside);
}

static int
find_place(struct restore *r, struct err *err)
{
	int rc;

	if (place_state_dir(r->state, r->bench, err) < 0)
		return err->code;
	snprintf(r->history, sizeof(r->history), "%s/history", r->state);
	snprintf(r->part, sizeof(r->part), "%s/history.restoring", r->state);
	rc = has_contents(r->history, err);
	if (rc == 1 && !r->may_replace)
		return err_set(err, ERR_CONF, 0,
			"bench '%s' has a history already, in '%.80s'; --replace moves it aside",
			r->bench, r->history);
	r->is_replacing = rc == 1;
	return rc == 1 ? name_aside(r, err) : rc;
}

/* ---- the copy -------------------------------------------------------------------------------------------------------------- */

static void
remove_part(const char *path)
{
	int at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (at < 0)
		return;
	export_remove(at, path);
	close(at);
}

static int
failed(const struct restore *r, const char *name, int sys, struct err *err)
{
	return err_set(err, ERR_IO, sys, "writing '%.80s/%.50s': %s; %s", r->part, name,
		strerror(sys),
		sys == ENOSPC || sys == EDQUOT
			? "free some room there"
			: "look at that disk, and ask as the user of the bench");
}

/* As the recorder itself would have made it; it lies in a folder of the supervisor's with the recorder's group. */
static int
give(const struct restore *r, int fd, bool is_folder)
{
	bool is_other = r->user.is_other;

	if (is_other && fchown(fd, is_folder ? (uid_t)-1 : r->user.uid, r->user.gid) < 0)
		return -1;
	return fchmod(fd, !is_folder ? 0640 : is_other ? 0770 : 0750);
}

static int
open_part(const struct restore *r, struct err *err)
{
	int at = -1;

	remove_part(r->part); /* of one that was killed */
	if (mkdir(r->part, 0700) == 0)
		at = open(r->part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at >= 0 && give(r, at, true) == 0)
		return at;
	failed(r, "", errno, err);
	if (at >= 0)
		close(at);
	return ERR_IO;
}

static int
verify(const char *name, int fd, struct err *err)
{
	const struct backup_job job = { .work = BACKUP_VERIFY, .name = name, .fd = fd, .from = -1 };
	struct backup_found found;

	if (backup_child(&job, &found) < 0) {
		*err = found.err;
		return err->code;
	}
	return found.faults == 0 ? 0
				 : err_set(err, ERR_CONF, 0,
					   "%s has %d faults, told above; take another backup",
					   name, found.faults);
}

static int
fill_file(const struct restore *r, const struct manifest_file *f, int in, int out, struct err *err)
{
	char sha[SHA256_HEX + 1];
	uint64_t bytes;
	int sys;

	if (backup_pass(in, out, &bytes, sha, &sys, err) < 0)
		return sys != 0 ? failed(r, f->name, sys, err)
				: err_prefix(err, ERR_IO, "'%.80s/%s'", r->from, f->name);
	if (bytes != f->bytes || strcmp(sha, f->sha) != 0)
		return err_set(err, ERR_CONF, 0,
			"'%.60s/%s' is not as it was backed up: its bytes have changed; take "
			"another backup. Nothing was restored",
			r->from, f->name);
	if (give(r, out, false) < 0 || fsync(out) < 0)
		return failed(r, f->name, errno, err);
	return verify(f->name, out, err);
}

static int
take_file(const struct restore *r, const struct manifest_file *f, int part, struct err *err)
{
	int in = openat(r->at, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), out, rc;

	if (in < 0)
		return err_set(err, errno == ENOENT ? ERR_CONF : ERR_IO, errno,
			"'%.60s/%s', which the manifest tells of: %s; take another backup. Nothing "
			"was restored",
			r->from, f->name, strerror(errno));
	out = openat(part, f->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	rc = out < 0 ? failed(r, f->name, errno, err) : fill_file(r, f, in, out, err);
	if (out >= 0)
		close(out);
	close(in);
	return rc;
}

/* ---- the name -------------------------------------------------------------------------------------------------------------- */

static int
cannot_name(const char *path, struct err *err)
{
	return err_set(err, ERR_IO, errno, "giving '%.100s' its name: %s", path, strerror(errno));
}

static int
replace_by_steps(const struct restore *r, struct err *err)
{
	if (rename(r->history, r->aside) < 0)
		return cannot_name(r->aside, err);
	if (rename(r->part, r->history) == 0)
		return 0;
	cannot_name(r->history, err);
	(void)!rename(r->aside, r->history);
	return ERR_IO;
}

/* Both change places in one step where the file system can; else there is none for a moment, and both lie there under other names. What was has never
 * the name of a part, which the next one would remove. */
static int
replace(const struct restore *r, struct err *err)
{
	int sys;

	if (rename(r->part, r->aside) < 0)
		return cannot_name(r->aside, err);
	if (renameat2(AT_FDCWD, r->aside, AT_FDCWD, r->history, RENAME_EXCHANGE) == 0)
		return 0;
	sys = errno;
	if (rename(r->aside, r->part) < 0)
		return cannot_name(r->part, err);
	errno = sys;
	return sys == EINVAL || sys == ENOSYS ? replace_by_steps(r, err)
					      : cannot_name(r->history, err);
}

static void
sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!fsync(fd);
		close(fd);
	}
}

static int
give_name(const struct restore *r, struct err *err)
{
	int rc = 0;

	if (r->is_replacing)
		rc = replace(r, err);
	else if (rename(r->part, r->history) < 0) /* over an empty folder, or none */
		rc = cannot_name(r->history, err);
	if (rc == 0)
		sync_folder(r->state);
	return rc;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------- */

static int
fill(const struct restore *r, struct err *err)
{
	int part = open_part(r, err), rc = MIN(part, 0);

	for (size_t i = 0; i < r->manifest.n && rc == 0; i++)
		rc = take_file(r, &r->manifest.files[i], part, err);
	if (rc == 0 && fsync(part) < 0)
		rc = failed(r, "", errno, err);
	if (part >= 0)
		close(part);
	if (rc == 0 && backup_is_ended())
		rc = err_set(err, ERR_IO, 0, "it was ended before it was whole");
	if (rc == 0)
		rc = give_name(r, err);
	else
		remove_part(r->part);
	return rc;
}

static int
restore(struct restore *r, struct err *err)
{
	int rc = open_backup(r, err);

	if (rc == 0)
		rc = lock_bench(r, err);
	if (rc == 0)
		rc = find_place(r, err);
	sandbox_user_find(SANDBOX_HISTORY, &r->user);
	return rc == 0 ? fill(r, err) : rc;
}

static void
report(const struct restore *r)
{
	printf("bench '%s' has the history of %s: %zu file%s\n", r->bench, r->manifest.made,
		r->manifest.n, r->manifest.n == 1 ? "" : "s");
	if (r->is_replacing)
		printf("what it had lies in '%s'\n", r->aside);
}

static int
take_words(struct restore *r, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--replace") == 0)
			r->may_replace = true;
		else if (strcmp(argv[i], "--bench") == 0 && i + 1 < argc)
			r->bench = argv[++i];
		else if (r->from != NULL || argv[i][0] == '-' || argv[i][0] == '\0')
			return -1;
		else
			r->from = argv[i];
	}
	return r->from != NULL ? 0 : -1;
}

int
query_restore(int argc, char **argv)
{
	struct restore r = { .at = -1, .lock = -1 };
	struct err err;
	int rc;

	if (take_words(&r, argc, argv) < 0)
		return query_say(QUERY_WRONG,
			"usage: mbc history restore FOLDER [--replace] [--bench NAME]");
	backup_signals();
	rc = restore(&r, &err);
	if (rc == 0)
		report(&r);
	manifest_done(&r.manifest);
	if (r.at >= 0)
		close(r.at);
	if (r.lock >= 0)
		close(r.lock);
	return rc < 0 ? query_failed(&err) : QUERY_GOOD;
}
