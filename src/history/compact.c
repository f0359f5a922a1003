/* compact.c - mbc history compact: files that are closed are written anew, one after the other, while the bench records
 *
 * The newest file is never touched, nor one that kept its log. Each is read by a confined child as it stands, and written beside its own name
 * (NAME.compact); the child proves that both have the same in them, and verifies the new one. Then, for some milliseconds, nobody may begin to write to the old
 * one (its lock is the one of SQLite), and when nobody has meanwhile both change their names in one step: a reader in the middle of an answer goes on in the old one, which
 * is gone when it closes it. A kill at any moment leaves the old file, or the new one, and at most a NAME.compact, which the next time removes.
 *
 * `keep` of the bench may remove the file meanwhile: exchanging two names fails then, and nothing comes back.
 */
#include "history/compact.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/span.h"
#include "history/backup_parts.h"
#include "history/files.h"
#include "history/query_cli.h"
#include "history/query_inside.h"
#include "history/stamp.h"

#define PART ".compact" /* behind the name of what is not whole yet */
#define PART_MAX (FILES_NAME_MAX + 16)
#define ROOM_LEFT (UINT64_C(256) << 20) /* of the disk: the recorder needs it more */
#define LEAST_GAIN 100 /* a file is left as it is for less than a part of so many */
#define RESERVED_BYTE                                                                              \
	0x40000001 /* sqlite.org/fileformat2.html 1.4, and os.h: who locks it is the only one who may begin to write */
#define LOCK_TRIES 100 /* times 20 ms: one who cleans a file is soon done */
#define MODES_AT 18    /* in its head: 1, 1 is a file without a log */
#define COUNTER_AT 24  /* to 27: each writing changes it */
#define HEAD_BYTES 28

struct compact {
	const char *dir;
	int at; /* the folder */
	bool is_dry;
	struct compact_tier tier; /* every_ns 0: the files stay as fine as they are */
	uint64_t before, after;
	int n_done, n_left, n_skipped, n_young;
	bool is_background; /* nobody waits for what is said: what was done is logged */
};

/* What a file looks like: has anybody written to it? */
struct look {
	struct stat st;
	uint8_t head[HEAD_BYTES];
};

/* ---- leftovers ------------------------------------------------------------------------------------------------------------- */

static bool
is_part(const char *name)
{
	char whole[FILES_NAME_MAX];
	size_t n = strlen(name), k = strlen(PART);

	if (n <= k || n - k >= sizeof(whole) || strcmp(name + n - k, PART) != 0)
		return false;
	memcpy(whole, name, n - k);
	whole[n - k] = '\0';
	return files_is_name(whole);
}

static int
remove_parts(const struct compact *c, struct err *err)
{
	DIR *d = opendir(c->dir);
	struct dirent *e;
	int rc = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (is_part(e->d_name) && unlinkat(c->at, e->d_name, 0) < 0 && errno != ENOENT)
			rc = err_set(err, ERR_IO, errno,
				"removing '%.60s', left by one that was cut off: %s; ask as root",
				e->d_name, strerror(errno));
	if (d != NULL)
		closedir(d);
	return rc;
}

/* ---- one file -------------------------------------------------------------------------------------------------------------- */

static bool
look_at(int fd, struct look *out)
{
	memset(out, 0, sizeof(*out));
	return fstat(fd, &out->st) == 0 && pread(fd, out->head, HEAD_BYTES, 0) == HEAD_BYTES;
}

static bool
is_same(const struct look *a, const struct look *b)
{
	return a->st.st_size == b->st.st_size && a->st.st_mtim.tv_sec == b->st.st_mtim.tv_sec &&
	       a->st.st_mtim.tv_nsec == b->st.st_mtim.tv_nsec &&
	       memcmp(a->head, b->head, HEAD_BYTES) == 0;
}

/* With something in it: an empty log is what the recorder leaves. */
static bool
has_beside(const struct compact *c, const char *name, const char *end)
{
	char path[PART_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s", name, end);
	return fstatat(c->at, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0;
}

/* A log has what the file itself lacks; a journal what somebody who was killed has to take back. */
static bool
is_still(const struct compact *c, const char *name, const struct look *l)
{
	return l->head[MODES_AT] == 1 && l->head[MODES_AT + 1] == 1 &&
	       !has_beside(c, name, "-wal") && !has_beside(c, name, "-journal");
}

static int
check_room(const struct compact *c, const struct look *l, struct err *err)
{
	uint64_t need = (uint64_t)l->st.st_size + ROOM_LEFT, room;
	struct statvfs st;

	if (fstatvfs(c->at, &st) < 0)
		return 0;
	room = (uint64_t)st.f_bavail * st.f_frsize;
	if (room >= need)
		return 0;
	return err_set(err, ERR_IO, ENOSPC,
		"a file of %.1f MB is written anew beside itself, and the bench needs room to "
		"record: "
		"%.1f MB are free, %.1f MB are needed; free some room",
		(double)l->st.st_size / 1e6, (double)room / 1e6, (double)need / 1e6);
}

static int
target_failed(const char *name, int sys, struct err *err)
{
	return err_set(err, ERR_IO, sys, "writing '%.60s" PART "': %s; %s", name, strerror(sys),
		sys == EACCES || sys == EPERM ? "ask as root, or as the user that records"
					      : "free some room there");
}

/* It belongs to whom the old one belongs to, and who may read that may read it. */
static int
like_old(int fd, const struct look *l)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if ((st.st_uid != l->st.st_uid || st.st_gid != l->st.st_gid) &&
		fchown(fd, l->st.st_uid, l->st.st_gid) < 0)
		return -1;
	return fchmod(fd, l->st.st_mode & 07777);
}

/* Nobody begins to write to it from here on until `fd` is closed. */
static bool
lock_out(int fd)
{
	const struct timespec pause = { .tv_nsec = 20 * NS_PER_MS };
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = RESERVED_BYTE, .l_len = 1
	};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (fcntl(fd, F_SETLK, &lock) == 0)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* 1: the file has gone meanwhile. Where names cannot be exchanged, the new one takes the old one's. */
static int
exchange(const struct compact *c, const char *part, const char *name, struct err *err)
{
	int rc = renameat2(c->at, part, c->at, name, RENAME_EXCHANGE);

	if (rc < 0 && (errno == EINVAL || errno == ENOSYS))
		rc = faccessat(c->at, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0
			     ? -1
			     : renameat(c->at, part, c->at, name);
	if (rc < 0 && errno != ENOENT)
		return target_failed(name, errno, err);
	if (rc == 0)
		(void)!fsync(c->at); /* some file systems cannot */
	return rc < 0;
}

static void
skip(struct compact *c, const char *name, const char *why)
{
	if (!c->is_background)
		printf("%s: left as it is: %s\n", name, why);
	c->n_skipped++;
}

static int
put_in_place(struct compact *c, const char *name, const char *part, int from, int to,
	const struct look *old, struct err *err)
{
	struct look now;

	if (like_old(to, old) < 0 || fsync(to) < 0)
		return target_failed(name, errno, err);
	if (!lock_out(from) || !look_at(from, &now) || !is_same(old, &now) ||
		!is_still(c, name, &now)) {
		skip(c, name, "the bench has removed old values from it meanwhile; try again");
		return 1;
	}
	if (backup_is_ended())
		return err_set(err, ERR_IO, 0, "it was ended");
	return exchange(c, part, name, err);
}

static void
tell_by_hand(const struct compact *c, const char *name, uint64_t before, uint64_t after,
	const struct compact_numbers *n)
{
	printf("%s: %.1f MB, %s %.1f MB; ", name, (double)before / 1e6,
		c->is_dry ? "it would be" : "now", (double)after / 1e6);
	if (c->tier.every_ns > 0)
		printf("%llu samples by %llu\n", (unsigned long long)n->samples,
			(unsigned long long)n->kept);
	else
		printf("%llu chunks of %llu, %llu samples\n", (unsigned long long)n->chunks_after,
			(unsigned long long)n->chunks_before, (unsigned long long)n->samples);
}

static void
tell(struct compact *c, const char *name, uint64_t before, uint64_t after,
	const struct compact_numbers *n)
{
	if (c->is_background)
		log_info("%s: %.1f MB, now %.1f MB; %llu samples by %llu", name,
			(double)before / 1e6, (double)after / 1e6, (unsigned long long)n->samples,
			(unsigned long long)n->kept);
	else
		tell_by_hand(c, name, before, after, n);
	c->before += before;
	c->after += after;
	c->n_done++;
}

static void
leave(struct compact *c, const char *name, const struct compact_numbers *n)
{
	if (n->is_coarse)
		c->n_left++;
	else if (n->is_young)
		c->n_young++;
	else if (n->is_undated)
		skip(c, name,
			"the clock of the computer was not known to be set while it was recorded, "
			"and nobody knows when that was");
	else
		skip(c, name,
			"it was made coarser by an interval of which this one is no multiple");
}

static int
rewrite(struct compact *c, const char *name, const char *part, int from, int to,
	const struct look *old, struct err *err)
{
	const struct backup_job job = {
		.work = c->tier.every_ns > 0 ? BACKUP_TIER : BACKUP_COMPACT,
		.name = name,
		.fd = to,
		.from = from,
		.tier = c->tier,
	};
	struct backup_found found;
	struct stat st;
	int rc = 0;

	if (backup_child(&job, &found) < 0) {
		*err = found.err;
		return found.target_sys != 0 ? target_failed(name, found.target_sys, err)
					     : err_prefix(err, err->code, "%s", name);
	}
	if (found.faults > 0)
		return err_set(err, ERR_CONF, 0,
			"%s: what was written anew has faults, told above; the file is as it was",
			name);
	if (compact_is_left(&found.compacted)) {
		leave(c, name, &found.compacted);
		return 0;
	}
	if (fstat(to, &st) < 0)
		return target_failed(name, errno, err);
	if (c->tier.every_ns == 0 && st.st_size >= old->st.st_size - old->st.st_size / LEAST_GAIN) {
		c->n_left++;
		return 0;
	}
	if (!c->is_dry)
		rc = put_in_place(c, name, part, from, to, old, err);
	if (rc == 0)
		tell(c, name, (uint64_t)old->st.st_size, (uint64_t)st.st_size, &found.compacted);
	return MIN(rc, 0);
}

static int
take_file(struct compact *c, const char *name, struct err *err)
{
	char part[PART_MAX];
	struct look old;
	int from = openat(c->at, name, (c->is_dry ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW),
	    to = -1, rc = 0;

	if (from < 0 && errno == ENOENT)
		return 0; /* 'keep' has removed it */
	if (from < 0)
		return target_failed(name, errno, err);
	snprintf(part, sizeof(part), "%s" PART, name);
	if (!look_at(from, &old) || !S_ISREG(old.st.st_mode))
		rc = err_set(err, ERR_IO, 0, "reading '%s'", name);
	else if (!is_still(c, name, &old))
		skip(c, name, "it has a log or a journal, which the recorder alone may use");
	else if ((rc = check_room(c, &old, err)) == 0) {
		to = openat(c->at, part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		rc = to < 0 ? target_failed(name, errno, err)
			    : rewrite(c, name, part, from, to, &old, err);
	}
	if (to >= 0) {
		close(to);
		unlinkat(c->at, part, 0);
	}
	close(from);
	return rc;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------- */

/* The last one that has tables is written to; one behind it is just being made. Returns its place in the list. */
static int
find_newest(const struct compact *c, const struct history_file *list, int n)
{
	for (int i = n - 1; i > 0; i--) {
		const struct backup_job job = {
			.work = BACKUP_BENCH, .dir = c->dir, .name = list[i].name, .fd = -1
		};
		struct backup_found found;

		if (backup_child(&job, &found) < 0 || !found.is_missing)
			return i;
	}
	return 0;
}

static int
compact(struct compact *c, struct err *err)
{
	uint32_t carried = compact_carried(c->dir);
	struct history_file *list;
	struct err first = { 0 }, one;
	int n, newest, rc = 0;

	c->at = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->at < 0)
		return err_set(err, ERR_IO, errno, "'%.100s': %s", c->dir, strerror(errno));
	if (flock(c->at, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return err_set(err, ERR_CONF, 0,
			"another 'mbc history compact' is under way here; wait for its end");
	if (remove_parts(c, err) < 0)
		return ERR_IO;
	n = files_list(c->dir, &list, err);
	newest = n < 0 ? n : find_newest(c, list, n);
	for (int i = 0; i < newest && rc == 0; i++) {
		if (list[i].ordinal >= carried)
			skip(c, list[i].name,
				"not all of it has been carried to the other store yet; one that "
				"is "
				"no longer used has left a file drain-... there, which may be "
				"removed then");
		else if (backup_is_ended())
			rc = err_set(err, ERR_IO, 0, "it was ended");
		else if (take_file(c, list[i].name, &one) < 0 && first.code == 0)
			first = one; /* the files behind it do not wait for it */
	}
	free(list);
	if (n >= 0 && rc == 0 && first.code != 0) {
		*err = first;
		rc = first.code;
	}
	return n < 0 ? n : rc;
}

static void
report(const struct compact *c)
{
	if (c->n_done > 0)
		printf("%d file%s: %.1f MB %s\n", c->n_done, c->n_done == 1 ? "" : "s",
			((double)c->before - (double)c->after) / 1e6,
			c->is_dry ? "could be saved" : "saved");
	if (c->n_left > 0)
		printf("%d file%s as %s\n", c->n_left, c->n_left == 1 ? " is" : "s are",
			c->tier.every_ns > 0 ? "coarse already" : "small as can be");
	if (c->n_young > 0)
		printf("%d file%s not wholly before that\n", c->n_young,
			c->n_young == 1 ? " is" : "s are");
	if (c->n_done + c->n_left + c->n_skipped + c->n_young == 0)
		printf("there is no closed file: the one that is recorded into is left as it is\n");
}

int
compact_background(const char *dir, const struct compact_tier *rule, struct err *err)
{
	struct compact c = { .dir = dir, .at = -1, .tier = *rule, .is_background = true };
	int rc = compact(&c, err);

	if (c.at >= 0)
		close(c.at);
	return rc;
}

/* ---- what is asked for ----------------------------------------------------------------------------------------------------- */

#define DAY_NS (INT64_C(86400) * NS_PER_S)

struct words {
	const char *every, *before;
	bool is_dry, is_sure;
};

static int
read_words(int argc, char **argv, struct words *w)
{
	for (int i = 0; i < argc; i++) {
		const char **value = strcmp(argv[i], "--replace-by") == 0 ? &w->every
				     : strcmp(argv[i], "--before") == 0   ? &w->before
									  : NULL;

		if (strcmp(argv[i], "--dry-run") == 0)
			w->is_dry = true;
		else if (strcmp(argv[i], "--yes") == 0)
			w->is_sure = true;
		else if (value != NULL && i + 1 < argc)
			*value = argv[++i];
		else
			return query_say(QUERY_WRONG, "usage: mbc history compact [--replace-by "
						      "INTERVAL --before TIME [--yes]] [--dry-run] "
						      "[--bench NAME]");
	}
	if ((w->every == NULL) != (w->before == NULL))
		return query_say(
			QUERY_WRONG, "--replace-by INTERVAL and --before TIME belong together");
	return QUERY_GOOD;
}

int
compact_check_every(int64_t every_ns, struct err *err)
{
	if (every_ns >= NS_PER_S && every_ns <= DAY_NS && DAY_NS % every_ns == 0)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"write an interval from 1 s to 1 day that goes into a day, such as 10 s, 1 min, 1 "
		"h");
}

/* What was recorded cannot be had back: it is said first what would be done. */
static int
take_words(struct compact *c, const struct words *w)
{
	struct timespec now;
	struct err err;
	int rc = 0;

	c->is_dry = w->is_dry;
	if (w->every == NULL)
		return w->is_sure ? query_say(QUERY_WRONG, "--yes belongs to --replace-by")
				  : QUERY_GOOD;
	clock_gettime(CLOCK_REALTIME, &now);
	if (span_parse(w->every, &c->tier.every_ns, &err) < 0 ||
		compact_check_every(c->tier.every_ns, &err) < 0)
		rc = err_prefix(&err, ERR_CONF, "--replace-by");
	else if (stamp_zone("local", &err) < 0 ||
		 stamp_parse(w->before, (int64_t)now.tv_sec * NS_PER_S, &c->tier.before_ns, &err) <
			 0)
		rc = err_prefix(&err, ERR_CONF, "--before");
	else if (!w->is_dry && !w->is_sure)
		rc = err_set(&err, ERR_CONF, 0,
			"of the values before that time only what they amount to in each interval "
			"would be left, and "
			"nothing brings them back; look with --dry-run, make a backup, then add "
			"--yes");
	return rc < 0 ? query_failed(&err) : QUERY_GOOD;
}

int
query_compact(const char *dir, int argc, char **argv)
{
	struct compact c = { .dir = dir, .at = -1 };
	struct words w = { 0 };
	struct err err;
	int rc = read_words(argc, argv, &w);

	if (rc == QUERY_GOOD)
		rc = take_words(&c, &w);
	if (rc != QUERY_GOOD)
		return rc;
	backup_signals();
	rc = compact(&c, &err);
	report(&c);
	if (c.at >= 0)
		close(c.at);
	return rc < 0 ? query_failed(&err) : QUERY_GOOD;
}
