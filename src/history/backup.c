/* backup.c - mbc history backup: the files of a history into a folder, while the bench records
 *
 * Each file is made beside its own name (NAME.part), synced and verified; when all are good the manifest goes, the files get their names, and the new
 * manifest comes last. So a backup that fails, on a full disk for instance, leaves the one of before as it was, and one that was killed has at no moment a
 * manifest that does not fit. Before it has one, `manifest.txt.part` says whose folder it is. What the bench no longer has, because 'keep' or
 * 'size' of its file took it away, stays in the backup.
 *
 * A file that is the same as the one that is there is found out by copying it: a year-old one costs its reading and a file's room for a while, and is not touched.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "history/backup_parts.h"
#include "history/query_cli.h"
#include "history/query_inside.h"

#define MARK_HEAD "mbc history backup, not whole\nbench "
#define NAME_PART_MAX (FILES_NAME_MAX + 8)

struct made {
	struct manifest_file file;
	bool is_new; /* it lies there as NAME.part, to be given its name */
};

struct backup {
	const char *dir, *to;
	int at; /* the folder */
	bool is_made;
	char bench[MANIFEST_BENCH_MAX];
	struct made *made;
	size_t n, n_kept;
};

static int
say_ended(struct err *err)
{
	return err_set(err, ERR_IO, 0, "it was ended before it was whole");
}

static int
target_failed(const struct backup *b, const char *name, int sys, struct err *err)
{
	return err_set(err, ERR_IO, sys, "writing '%.60s/%.50s': %s; %s", b->to, name,
		strerror(sys), backup_remedy(sys));
}

static void
part_name(char out[NAME_PART_MAX], const char *name)
{
	snprintf(out, NAME_PART_MAX, "%s" BACKUP_PART, name);
}

/* ---- the folder ------------------------------------------------------------------------------------------------------------ */

static bool
is_part(const char *name)
{
	char whole[FILES_NAME_MAX];
	size_t n = strlen(name), k = strlen(BACKUP_PART);

	if (n <= k || n - k >= sizeof(whole) || strcmp(name + n - k, BACKUP_PART) != 0)
		return false;
	memcpy(whole, name, n - k);
	whole[n - k] = '\0';
	return files_is_name(whole);
}

/* The bench that the mark of a backup that was broken off names; false: there is none, or it was itself broken off. */
static bool
read_mark(const struct backup *b, char out[MANIFEST_BENCH_MAX])
{
	static const char head[] = MARK_HEAD;
	char text[256], bench[MANIFEST_BENCH_MAX];
	int fd = openat(
		b->at, BACKUP_MANIFEST BACKUP_PART, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	/* It may already be the manifest that only lacks its name. */
	if ((strncmp(text, head, strlen(head)) != 0 ||
		    sscanf(text + strlen(head), "%63s", bench) != 1) &&
		sscanf(text, "mbc history backup 1 bench %63s made", bench) != 1)
		return false;
	memcpy(out, bench, sizeof(bench));
	return true;
}

struct contents {
	int files, parts, others;
	bool has_mark;
	char other[64];
};

static int
look_around(const struct backup *b, struct contents *c, struct err *err)
{
	int again = openat(b->at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	struct dirent *e;

	*c = (struct contents){ 0 };
	if (d == NULL) {
		if (again >= 0)
			close(again);
		return err_set(err, ERR_IO, errno, "reading '%.100s': %s", b->to, strerror(errno));
	}
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, BACKUP_MANIFEST) == 0 || strcmp(e->d_name, ".") == 0 ||
			strcmp(e->d_name, "..") == 0)
			continue;
		if (strcmp(e->d_name, BACKUP_MANIFEST BACKUP_PART) == 0)
			c->has_mark = true;
		else if (files_is_name(e->d_name))
			c->files++;
		else if (is_part(e->d_name))
			c->parts++;
		else if (c->others++ == 0)
			snprintf(c->other, sizeof(c->other), "%.60s", e->d_name);
	}
	closedir(d);
	return 0;
}

static int
refuse_bench(const struct backup *b, const char *bench, struct err *err)
{
	return err_set(err, ERR_CONF, 0,
		"'%.60s' has the backup of bench '%s', and this one is '%s'; name another folder",
		b->to, bench, b->bench);
}

/* Is it empty, or a backup of this bench? */
static int
check_folder(struct backup *b, struct contents *c, struct err *err)
{
	char bench[MANIFEST_BENCH_MAX];
	struct manifest m;
	int rc;

	if (look_around(b, c, err) < 0)
		return ERR_IO;
	if (c->others > 0)
		return err_set(err, ERR_CONF, 0,
			"'%.60s' has '%s' in it, which belongs to no backup; name an empty folder, "
			"or one that is not there yet",
			b->to, c->other);
	rc = backup_read_manifest(b->at, b->to, &m, err);
	if (rc == 0 && strcmp(m.bench, b->bench) != 0)
		rc = refuse_bench(b, m.bench, err);
	manifest_done(&m);
	if (rc == 0 || err->sys != ENOENT)
		return rc;
	if (read_mark(b, bench))
		return strcmp(bench, b->bench) == 0 ? 0 : refuse_bench(b, bench, err);
	if (c->files + c->parts > 0)
		return err_set(err, ERR_CONF, 0,
			"'%.60s' has files in it of which nothing says that they are a backup of "
			"bench '%s'; name another folder",
			b->to, b->bench);
	return 0;
}

static int
open_folder(struct backup *b, struct err *err)
{
	b->is_made = mkdir(b->to, 0777) == 0;
	if (!b->is_made && errno != EEXIST)
		return err_set(err, errno == ENOENT ? ERR_CONF : ERR_IO, errno,
			"making '%.100s': %s; %s", b->to, strerror(errno),
			errno == ENOENT ? "make the folder it is to be in" : backup_remedy(errno));
	b->at = open(b->to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->at < 0)
		return err_set(err, errno == ENOTDIR ? ERR_CONF : ERR_IO, errno,
			"'%.100s': %s; name a folder", b->to, strerror(errno));
	if (flock(b->at, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return err_set(err, ERR_CONF, 0,
			"another backup into '%.100s' is under way; wait for its end", b->to);
	return 0;
}

static int
remove_parts(const struct backup *b, struct err *err)
{
	int again = openat(b->at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *d = again < 0 ? NULL : fdopendir(again);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (is_part(e->d_name) && unlinkat(b->at, e->d_name, 0) < 0)
			rc = target_failed(b, e->d_name, errno, err);
	if (d != NULL)
		closedir(d);
	else if (again >= 0)
		close(again);
	return rc;
}

static int
put_mark(const struct backup *b, struct err *err)
{
	struct buf text = { 0 };
	int rc;

	buf_printf(&text, MARK_HEAD "%s\n", b->bench);
	rc = backup_write(b->at, BACKUP_MANIFEST BACKUP_PART, &text, err);
	buf_done(&text);
	return rc;
}

/* ---- files ----------------------------------------------------------------------------------------------------------------- */

static struct made *
add(struct backup *b, const char *name)
{
	b->made = mem_grow(b->made, b->n + 1, sizeof(*b->made));
	b->made[b->n] = (struct made){ 0 };
	memcpy(b->made[b->n].file.name, name, strlen(name) + 1);
	return &b->made[b->n++];
}

static int
hash(const char *name, int fd, struct manifest_file *f, struct err *err)
{
	int sys, rc = backup_pass(fd, -1, &f->bytes, f->sha, &sys, err);

	return rc < 0 ? err_prefix(err, rc, "%s", name) : 0;
}

static int
refuse_faults(const char *name, int faults, const char *where, struct err *err)
{
	return err_set(err, ERR_CONF, 0,
		"%s of %.60s has %d fault%s, told above; nothing was backed up. To save it as it "
		"is, "
		"end the bench and copy the folder with 'cp -a'",
		name, where, faults, faults == 1 ? "" : "s");
}

/* Is the file that has the name already this one? */
static bool
is_there(const struct backup *b, const struct manifest_file *f)
{
	int fd = openat(b->at, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct manifest_file old = { 0 };
	struct stat st;
	struct err err;
	bool is_same = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		       (uint64_t)st.st_size == f->bytes && hash(f->name, fd, &old, &err) == 0 &&
		       strcmp(old.sha, f->sha) == 0;

	if (fd >= 0)
		close(fd);
	return is_same;
}

static int
refuse_other(const struct backup *b, const char *name, struct err *err)
{
	return err_set(err, ERR_CONF, 0,
		"'%.60s/%s' is of another history of bench '%s', which a newer one would spoil; "
		"name another folder",
		b->to, name, b->bench);
}

/* A bench whose history was moved away begins to count anew, and may give the same name. A file there that cannot be read is one to be replaced. */
static int
check_begun(const struct backup *b, const char *name, struct backup_found *there, int64_t begun,
	struct err *err)
{
	int fd = openat(b->at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	const struct backup_job job = { .work = BACKUP_BEGUN, .name = name, .fd = fd, .from = -1 };
	bool is_read = fd >= 0 && backup_child(&job, there) == 0,
	     is_other = is_read && there->begun != begun;

	if (!is_read)
		*there = (struct backup_found){ 0 };
	if (fd >= 0)
		close(fd);
	return is_other ? refuse_other(b, name, err) : 0;
}

static int
fill_part(struct backup *b, const char *name, int fd, bool *out_finer, struct err *err)
{
	const struct backup_job job = {
		.work = BACKUP_COPY, .dir = b->dir, .name = name, .fd = fd, .from = -1
	};
	struct backup_found found, there;
	struct made *m;

	if (backup_child(&job, &found) < 0) {
		*err = found.err;
		return found.target_sys != 0 ? target_failed(b, name, found.target_sys, err)
					     : err->code;
	}
	if (found.is_missing)
		return 1;
	if (found.faults > 0)
		return refuse_faults(name, found.faults, b->dir, err);
	if (fsync(fd) < 0)
		return target_failed(b, name, errno, err);
	if (check_begun(b, name, &there, found.begun, err) < 0)
		return ERR_CONF;
	*out_finer = there.is_closed && there.tier_ns < found.tier_ns;
	if (*out_finer)
		return 1;
	m = add(b, name);
	m->file.chunks = found.numbers.chunks;
	m->file.samples = found.numbers.samples;
	m->is_new = true;
	return hash(name, fd, &m->file, err);
}

/* One of an earlier backup that the bench has no more, or only what a tier has left of it. */
static int
keep_file(struct backup *b, const char *name, struct err *err)
{
	int fd = openat(b->at, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), rc;
	const struct backup_job job = { .work = BACKUP_VERIFY, .name = name, .fd = fd, .from = -1 };
	struct backup_found found;
	struct made *m;

	if (fd < 0)
		return err_set(err, ERR_IO, errno, "reading '%s': %s", name, strerror(errno));
	rc = backup_child(&job, &found);
	if (rc < 0)
		*err = found.err;
	else if (found.faults > 0)
		rc = err_set(err, ERR_CONF, 0,
			"'%.60s/%s' of an earlier backup has %d faults, told above; move it away, "
			"or name another folder",
			b->to, name, found.faults);
	if (rc == 0) {
		m = add(b, name);
		m->file.chunks = found.numbers.chunks;
		m->file.samples = found.numbers.samples;
		rc = hash(name, fd, &m->file, err);
		b->n_kept++;
	}
	close(fd);
	return rc;
}

static int
take_file(struct backup *b, const char *name, struct err *err)
{
	char part[NAME_PART_MAX];
	bool is_finer = false;
	int fd, rc;

	part_name(part, name);
	fd = openat(b->at, part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return target_failed(b, part, errno, err);
	rc = fill_part(b, name, fd, &is_finer, err);
	close(fd);
	if (rc == 0 && is_there(b, &b->made[b->n - 1].file))
		b->made[b->n - 1].is_new = false;
	if (rc != 0 || !b->made[b->n - 1].is_new)
		unlinkat(b->at, part, 0);
	return is_finer ? keep_file(b, name, err) : MIN(rc, 0);
}

static bool
has(const struct backup *b, const char *name)
{
	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->made[i].file.name, name) == 0)
			return true;
	return false;
}

/* Is it one that this history had, or may have had? */
static bool
is_before(const struct history_file *old, const struct history_file *list, int n)
{
	uint32_t newest = 0;

	if (old->ordinal > FILES_IMPORT)
		return true; /* that was taken away since: its hash tells it from any other */
	for (int i = 0; i < n; i++) {
		if (list[i].ordinal == old->ordinal)
			return strcmp(list[i].name, old->name) == 0;
		if (list[i].ordinal < FILES_IMPORT)
			newest = MAX(newest, list[i].ordinal);
	}
	return old->ordinal < newest;
}

/* What was recorded, and behind it what was imported. */
static int
all_files(const char *dir, struct history_file **out, struct err *err)
{
	struct history_file *list, *imports;
	int n = files_list(dir, &list, err), more = n < 0 ? n : files_imports(dir, &imports, err);

	if (n < 0)
		return n;
	if (more < 0) {
		free(list);
		return more;
	}
	list = mem_grow(list, (size_t)(n + more) + 1, sizeof(*list));
	if (more > 0)
		memcpy(list + n, imports, (size_t)more * sizeof(*list));
	free(imports);
	*out = list;
	return n + more;
}

static int
take_files(struct backup *b, const struct history_file *list, int n, struct err *err)
{
	struct history_file *old = NULL;
	int rc = 0, n_old;

	for (int i = 0; i < n && rc == 0; i++)
		rc = backup_is_ended() ? say_ended(err) : take_file(b, list[i].name, err);
	if (rc < 0)
		return rc;
	n_old = all_files(b->to, &old, err);
	for (int i = 0; i < n_old && rc == 0; i++)
		if (!has(b, old[i].name))
			rc = is_before(&old[i], list, n) ? keep_file(b, old[i].name, err)
							 : refuse_other(b, old[i].name, err);
	free(old);
	return n_old < 0 ? n_old : rc;
}

/* ---- the end --------------------------------------------------------------------------------------------------------------- */

static int
put_manifest(const struct backup *b, struct err *err)
{
	struct manifest m = { 0 };
	struct buf text = { 0 };
	time_t now = time(NULL);
	struct tm tm;
	int rc;

	memcpy(m.bench, b->bench, sizeof(m.bench));
	if (gmtime_r(&now, &tm) == NULL ||
		strftime(m.made, sizeof(m.made), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		memcpy(m.made, "-", 2);
	for (size_t i = 0; i < b->n; i++)
		manifest_add(&m, &b->made[i].file);
	manifest_put(&m, &text);
	rc = backup_write(b->at, BACKUP_MANIFEST BACKUP_PART, &text, err);
	buf_done(&text);
	manifest_done(&m);
	return rc;
}

static int
move_in(const struct backup *b, const char *from, const char *to, struct err *err)
{
	return renameat(b->at, from, b->at, to) == 0 ? 0 : target_failed(b, to, errno, err);
}

/* From the first name on that is given there is no manifest, until all have theirs. */
static int
give_names(struct backup *b, struct err *err)
{
	char part[NAME_PART_MAX];
	bool is_first = true;
	int rc = 0;

	for (size_t i = 0; i < b->n && rc == 0; i++) {
		if (!b->made[i].is_new)
			continue;
		if (is_first && unlinkat(b->at, BACKUP_MANIFEST, 0) < 0 && errno != ENOENT)
			return target_failed(b, BACKUP_MANIFEST, errno, err);
		if (is_first)
			(void)!fsync(b->at); /* some file systems cannot */
		is_first = false;
		part_name(part, b->made[i].file.name);
		rc = move_in(b, part, b->made[i].file.name, err);
	}
	if (rc == 0)
		(void)!fsync(b->at);
	if (rc == 0)
		rc = move_in(b, BACKUP_MANIFEST BACKUP_PART, BACKUP_MANIFEST, err);
	if (rc == 0)
		(void)!fsync(b->at);
	return rc;
}

/* Nothing of it is left. The mark stays where files without a manifest need it, as after an earlier one that was killed. */
static void
undo(const struct backup *b)
{
	struct contents c;

	(void)!remove_parts(b, NULL);
	if (look_around(b, &c, NULL) == 0 &&
		(c.files == 0 || faccessat(b->at, BACKUP_MANIFEST, F_OK, 0) == 0))
		unlinkat(b->at, BACKUP_MANIFEST BACKUP_PART, 0);
	if (b->is_made)
		rmdir(b->to);
}

static void
report(const struct backup *b)
{
	uint64_t bytes = 0;
	size_t n_new = 0;

	for (size_t i = 0; i < b->n; i++) {
		bytes += b->made[i].file.bytes;
		n_new += b->made[i].is_new;
	}
	printf("'%s': bench '%s', %zu file%s, %.1f MB; %zu written, %zu were there already\n",
		b->to, b->bench, b->n, b->n == 1 ? "" : "s", (double)bytes / 1e6, n_new,
		b->n - n_new);
	if (b->n_kept > 0)
		printf("%zu of them the bench itself no longer has, or only coarser\n", b->n_kept);
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------- */

static int
find_bench(struct backup *b, const struct history_file *list, int n, struct err *err)
{
	struct backup_found found = { .is_missing = true };

	for (int i = n - 1; i >= 0 && found.is_missing; i--) {
		const struct backup_job job = { .work = BACKUP_BENCH,
			.dir = b->dir,
			.name = list[i].name,
			.fd = -1,
			.from = -1 };

		if (backup_child(&job, &found) < 0) {
			*err = found.err;
			return err->code;
		}
	}
	if (found.is_missing)
		return err_set(err, ERR_CONF, 0, "nothing is recorded in '%.100s'", b->dir);
	memcpy(b->bench, found.bench, sizeof(b->bench));
	return 0;
}

static int
fill_folder(struct backup *b, const struct history_file *list, int n, struct err *err)
{
	int rc = remove_parts(b, err);

	if (rc == 0)
		rc = put_mark(b, err);
	if (rc == 0)
		rc = take_files(b, list, n, err);
	if (rc == 0)
		rc = put_manifest(b, err);
	if (rc == 0 && backup_is_ended())
		rc = say_ended(err);
	if (rc == 0)
		rc = give_names(b, err);
	if (rc < 0)
		undo(b);
	return rc;
}

static int
backup(struct backup *b, struct err *err)
{
	struct history_file *list;
	struct contents c;
	int n = all_files(b->dir, &list, err), rc = MIN(n, 0);

	if (rc == 0)
		rc = find_bench(b, list, n, err);
	if (rc == 0)
		rc = open_folder(b, err);
	if (rc == 0)
		rc = check_folder(b, &c, err);
	if (rc == 0)
		rc = fill_folder(b, list, n, err);
	else if (b->is_made)
		rmdir(b->to);
	free(list);
	return rc;
}

int
query_backup(const char *dir, int argc, char **argv)
{
	struct backup b = { .dir = dir, .at = -1 };
	struct err err;
	int rc;

	if (argc != 1 || argv[0][0] == '\0' || argv[0][0] == '-')
		return query_say(QUERY_WRONG, "usage: mbc history backup FOLDER [--bench NAME]");
	b.to = argv[0];
	backup_signals();
	rc = backup(&b, &err);
	if (rc == 0)
		report(&b);
	if (b.at >= 0)
		close(b.at);
	free(b.made);
	return rc < 0 ? query_failed(&err) : QUERY_GOOD;
}
