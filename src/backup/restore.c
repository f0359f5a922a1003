/* restore.c - mbc restore, mbc backup verify: a bench comes back from one file
 *
 *	the file is read to its end and found good --> both places are looked at --> everything is laid out beside them, synced
 *	--> the folder of state gets its name, then the bench's folder
 *
 * Up to the last two steps nothing has changed. A kill between them leaves a folder of state with the file `restoring` in it: no bench starts with that, and
 * the next restore moves it aside, as it does with all that it finds. Nothing that has its name is ever deleted: the mark may also be left by a kill after
 * both names, and the bench may have run since. The lock of the bench is held from the first look on, so that none starts meanwhile.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "backup/parts.h"
#include "base/mem.h"
#include "io/place.h"
#include "io/sandbox.h"
#include "io/secret_file.h"
#include "io/versions.h"

#define VERSIONS "state/" VERSIONS_FOLDER "/"
#define SPARE_BYTES (16u << 20) /* that stay free */

struct restore {
	const char *from, *into, *phrase_file;
	bool may_replace, is_dry, has_phrase, is_confined;
	int phrase_fd; /* -1: none */
	int fd, lock;
	char phrase[PASSPHRASE_MAX + 2];
	struct backup b;
	char folder[PLACE_MAX], state[PLACE_MAX]; /* where they are to be */
	char folder_part[PLACE_MAX + 32],
		beside[PLACE_MAX + 96]; /* folder.restoring; a folder beside that of state */
	char state_part[PLACE_MAX + 192], history_from[PLACE_MAX + 112];
	char folder_aside[PLACE_MAX + 64], state_aside[PLACE_MAX + 128];
	bool has_folder, has_state; /* something is there */
	unsigned n_foreign; /* of what lies beside the bench file and is not in the backup */
	char foreign[256];  /* one of them */
	/* while it is laid out */
	int out;
	unsigned version; /* its number, when it is one of the bench file */
	char out_path[PARTS_PATH + TAR_NAME_MAX];
	unsigned outside, secrets;
};

/* ---- reading it -------------------------------------------------------------------------------------------------------------- */

static int
open_file(struct restore *r, struct err *err)
{
	struct stat st;
	int rc;

	r->fd = open(r->from, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		return err_set(err, errno == ENOENT ? ERR_CONF : ERR_IO, errno,
			"'%.120s': %s; name the file of a backup", r->from, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONF, 0, "'%.120s' is no file; name the file of a backup",
			r->from);
	rc = backup_read(&r->b, r->fd, err);
	return rc < 0 ? err_prefix(err, rc, "'%.60s'", r->from) : 0;
}

static int
take_phrase(struct restore *r, struct err *err)
{
	struct buf pack = { 0 };
	int rc = 0;

	if (r->phrase_file == NULL && r->phrase_fd < 0)
		return 0;
	if (r->b.sealed.n == 0)
		return err_set(
			err, ERR_CONF, 0, "it has no secrets in it; leave --passphrase-file out");
	rc = r->phrase_fd >= 0 ? parts_passphrase_fd(&r->phrase_fd, r->phrase, err)
			       : parts_passphrase(r->phrase_file, r->phrase, err);
	if (rc == 0)
		rc = backup_unseal(&r->b, r->phrase, &pack, err);
	if (pack.data != NULL)
		explicit_bzero(pack.data, pack.cap);
	buf_done(&pack);
	r->has_phrase = rc == 0;
	return rc;
}

/* ---- where it goes ----------------------------------------------------------------------------------------------------------- */

static int
lock_bench(struct restore *r, struct err *err)
{
	char path[PLACE_MAX + 8], sock[PLACE_MAX];

	if (place_socket(sock, r->b.bench, err) < 0)
		return ERR_CONF;
	snprintf(path, sizeof(path), "%s.lock", sock);
	r->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (r->lock < 0)
		return err_set(err, ERR_IO, errno, "opening '%s': %s", path, strerror(errno));
	if (flock(r->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"bench '%s' is running; end it with 'mbc stop --bench %s', then restore",
		r->b.bench, r->b.bench);
}

/* 1: something is there; 0: nothing, or an empty folder. */
static int
has_contents(const char *path, struct err *err)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int rc = 0;

	if (d == NULL && errno == ENOENT)
		return 0;
	if (d == NULL && errno == ENOTDIR)
		return 1;
	if (d == NULL)
		return err_set(err, ERR_IO, errno, "reading '%.120s': %s", path, strerror(errno));
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			rc = 1;
	closedir(d);
	return rc;
}

static bool
is_ours(const char *state)
{
	char path[PLACE_MAX + 16];

	snprintf(path, sizeof(path), "%s/" PLACE_RESTORING, state);
	return access(path, F_OK) == 0;
}

/* From "/" on: what is renamed must be named in full. */
static int
full_path(const char *path, char out[PLACE_MAX], struct err *err)
{
	char here[PLACE_MAX];
	size_t n = strlen(path);
	int made;

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (path[0] == '/')
		made = snprintf(out, PLACE_MAX, "%.*s", (int)n, path);
	else if (getcwd(here, sizeof(here)) != NULL)
		made = snprintf(out, PLACE_MAX, "%s/%.*s", here, (int)n, path);
	else
		made = PLACE_MAX;
	if (n == 0 || made >= PLACE_MAX || strcmp(out, "/") == 0)
		return err_set(
			err, ERR_CONF, 0, "'%.100s' cannot be restored into; name a folder", path);
	return 0;
}

static int
cannot(const char *path, struct err *err)
{
	return err_set(err, ERR_CONF, 0,
		"'%.120s' is not empty; name another folder, or --over, which moves what is there "
		"aside",
		path);
}

/* Without links as far as it is there. */
static void
real_path(const char *path, char out[PARTS_PATH])
{
	char at[PLACE_MAX], real[PATH_MAX], plain[VERSION_PATH_MAX], *slash;

	snprintf(at, sizeof(at), "%s", path);
	while (realpath(at, real) == NULL) {
		slash = strrchr(at, '/');
		if (slash == NULL || slash == at) {
			at[0] = real[0] = '\0';
			break;
		}
		*slash = '\0';
	}
	snprintf(out, PARTS_PATH, "%s%s", strcmp(real, "/") == 0 ? "" : real, path + strlen(at));
	if (version_absolute(plain, "/", out))
		snprintf(out, PARTS_PATH, "%s", plain);
}

static bool
has_below(const char *folder, const char *path)
{
	size_t n = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

	return strncmp(folder, path, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Each is moved aside as a whole: it must not take the other with it. */
static int
check_apart(const struct restore *r, struct err *err)
{
	char folder[PARTS_PATH], state[PARTS_PATH];

	real_path(r->folder, folder);
	real_path(r->state, state);
	if (!has_below(folder, state) && !has_below(state, folder))
		return 0;
	return err_set(err, ERR_CONF, 0,
		"'%.120s' and what the bench remembers, '%.120s', are one in the other; name "
		"another folder with --into",
		r->folder, r->state);
}

/* Has the backup the file "bench/<path>", or, as a folder, anything below it? */
static bool
is_in_backup(const struct restore *r, const char *path, bool is_folder)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < r->b.n; i++) {
		const char *name = r->b.files[i].name;

		if (strncmp(name, "bench/", 6) == 0 && strncmp(name + 6, path, n) == 0 &&
			name[6 + n] == (is_folder ? '/' : '\0'))
			return true;
	}
	return false;
}

/* The first thing in a folder above that of the bench file that the backup has not. `path` is seen from the root of the backup, "" being that itself; it
 * becomes that of what was found. */
static bool
find_foreign(const struct restore *r, char path[PARTS_PATH])
{
	char full[PLACE_MAX + PARTS_PATH];
	size_t n = strlen(path);
	bool is_found = false;
	struct dirent *e;
	struct stat st;
	DIR *d;

	/* The bench's own folder is moved aside with all that is in it, as ever. */
	if (n == (size_t)(strrchr(r->b.file, '/') - r->b.file) && strncmp(path, r->b.file, n) == 0)
		return false;
	snprintf(full, sizeof(full), "%s/%s", r->folder, path);
	d = opendir(full);
	if (d == NULL)
		return true;
	while (!is_found && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path + n, PARTS_PATH - n, "%s%s", n > 0 ? "/" : "", e->d_name);
		snprintf(full, sizeof(full), "%s/%s", r->folder, path);
		is_found = lstat(full, &st) < 0 || !is_in_backup(r, path, S_ISDIR(st.st_mode)) ||
			   (S_ISDIR(st.st_mode) && find_foreign(r, path));
	}
	closedir(d);
	if (!is_found)
		path[n] = '\0';
	return is_found;
}

/* With `extends: ../common.yaml` the backup begins above the bench's folder, where other benches may be: those are not moved aside. */
static int
check_others(const struct restore *r, struct err *err)
{
	char path[PARTS_PATH] = "";

	if (!r->has_folder || strchr(r->b.file, '/') == NULL || !find_foreign(r, path))
		return 0;
	return err_set(err, ERR_CONF, 0,
		"'%.100s' is above the folder of the bench file and has '%.80s', which is not in "
		"the backup and would be moved aside; restore with --into into an empty folder",
		r->folder, path);
}

/* What the bench's own folder has beside the bench goes aside with it: it is told, so that others who need it are not without. */
static void
count_foreign(struct restore *r)
{
	const char *slash = strrchr(r->b.file, '/');
	int n = slash != NULL ? (int)(slash - r->b.file) + 1 : 0;
	char full[PLACE_MAX + PARTS_PATH], path[PARTS_PATH];
	struct dirent *e;
	struct stat st;
	DIR *d;

	snprintf(full, sizeof(full), "%s/%.*s", r->folder, n, r->b.file);
	d = r->has_folder ? opendir(full) : NULL;
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%.*s%s", n, r->b.file, e->d_name);
		snprintf(full, sizeof(full), "%s/%s", r->folder, path);
		if (lstat(full, &st) == 0 && is_in_backup(r, path, S_ISDIR(st.st_mode)))
			continue;
		if (r->n_foreign++ == 0)
			snprintf(r->foreign, sizeof(r->foreign), "%s", e->d_name);
	}
	if (d != NULL)
		closedir(d);
}

/* Names that nothing has, not even what was moved aside within the same second. */
static void
name_asides(struct restore *r, const char *root, const char *now)
{
	char more[8] = "";
	struct stat st;

	for (int i = 2; i < 1000; i++) {
		snprintf(r->folder_aside, sizeof(r->folder_aside), "%s.until-%s%s", r->folder, now,
			more);
		/* No bench is looked for under a name that begins so. */
		snprintf(r->state_aside, sizeof(r->state_aside), "%s/.%s.until-%s%s", root,
			r->b.bench, now, more);
		if (lstat(r->folder_aside, &st) < 0 && lstat(r->state_aside, &st) < 0)
			return;
		snprintf(more, sizeof(more), "-%d", i);
	}
}

static int
find_places(struct restore *r, struct err *err)
{
	char now[32] = "", root[PLACE_MAX];
	time_t t = time(NULL);
	struct tm tm;
	int rc;

	if (full_path(r->into != NULL ? r->into : r->b.folder, r->folder, err) < 0 ||
		place_state_path(r->state, r->b.bench, err) < 0)
		return ERR_CONF;
	if (gmtime_r(&t, &tm) != NULL)
		strftime(now, sizeof(now), "%Y-%m-%dT%H-%M-%SZ", &tm);
	snprintf(root, sizeof(root), "%s", r->state);
	*MAX(strrchr(root, '/'), root + 1) = '\0';
	snprintf(r->folder_part, sizeof(r->folder_part), "%s.restoring", r->folder);
	snprintf(r->beside, sizeof(r->beside), "%s/.restoring-%s", root, r->b.bench);
	snprintf(r->state_part, sizeof(r->state_part), "%s/%s", r->beside, r->b.bench);
	snprintf(r->history_from, sizeof(r->history_from), "%s/.history", r->beside);
	name_asides(r, root, now);
	rc = check_apart(r, err);
	if (rc == 0)
		rc = has_contents(r->folder, err);
	if (rc < 0)
		return rc;
	r->has_folder = rc == 1;
	rc = has_contents(r->state, err);
	if (rc < 0)
		return rc;
	r->has_state = rc == 1;
	count_foreign(r);
	if (r->has_folder && !r->may_replace)
		return cannot(r->folder, err);
	if (r->has_state && !r->may_replace && !is_ours(r->state))
		return cannot(r->state, err);
	return check_others(r, err);
}

/* ---- is there room? ------------------------------------------------------------------------------------------------------------ */

/* Free bytes where `path` will be, of the nearest folder that there is. */
static uint64_t
free_at(const char *path)
{
	char at[PLACE_MAX];
	struct statvfs fs;

	snprintf(at, sizeof(at), "%s", path);
	while (statvfs(at, &fs) < 0) {
		char *slash = strrchr(at, '/');

		if (slash == NULL || slash == at)
			return statvfs("/", &fs) == 0 ? (uint64_t)fs.f_bavail * fs.f_frsize : 0;
		*slash = '\0';
	}
	return (uint64_t)fs.f_bavail * fs.f_frsize;
}

static int
check_room(const struct restore *r, struct err *err)
{
	uint64_t bench = SPARE_BYTES, state = SPARE_BYTES;

	for (size_t i = 0; i < r->b.n; i++) {
		const struct backup_file *f = &r->b.files[i];
		uint64_t on_disk = f->bytes + 4096;

		if (strncmp(f->name, "bench/", 6) == 0)
			bench += on_disk;
		else if (strncmp(f->name, "state/", 6) == 0)
			state += on_disk;
		else if (strncmp(f->name, "history/", 8) == 0)
			state += 2 *
				 on_disk; /* it is copied once, so that its program verifies it */
	}
	if (free_at(r->folder) < bench || free_at(r->state) < state)
		return err_set(err, ERR_IO, ENOSPC,
			"there is not enough room: %llu MB are needed in '%.60s', %llu MB in "
			"'%.60s'; "
			"free some",
			(unsigned long long)(state >> 20) + 1, r->state,
			(unsigned long long)(bench >> 20) + 1, r->folder);
	return 0;
}

/* ---- laid out beside ------------------------------------------------------------------------------------------------------------- */

static int
cannot_write(const char *path, struct err *err)
{
	return err_set(err, ERR_IO, errno, "writing '%.120s': %s; nothing was restored", path,
		strerror(errno));
}

static int
begin_file(struct restore *r, const char *folder, const char *name, unsigned folders, unsigned mode,
	struct err *err)
{
	snprintf(r->out_path, sizeof(r->out_path), "%s/%s", folder, name);
	if (!parts_make_folders(r->out_path, strlen(folder) + 1, folders))
		return cannot_write(r->out_path, err);
	r->out = open(r->out_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->out < 0 || fchmod(r->out, mode) < 0)
		return cannot_write(r->out_path, err);
	return 1;
}

/* What other folders hold is read by people alone. */
static int
sink_open(void *ctx, const struct backup_file *f, struct err *err)
{
	struct restore *r = ctx;

	if (strncmp(f->name, "bench/", 6) == 0)
		return begin_file(r, r->folder_part, f->name + 6, 0755, 0644, err);
	if (strncmp(f->name, VERSIONS, strlen(VERSIONS)) == 0 &&
		sscanf(f->name + strlen(VERSIONS), "%6u", &r->version) != 1)
		r->version = 0;
	if (strncmp(f->name, "state/", 6) == 0)
		return begin_file(r, r->state_part, f->name + 6, 0700, 0600, err);
	if (strncmp(f->name, "history/", 8) == 0)
		return begin_file(r, r->history_from, f->name + 8, 0700, 0600, err);
	r->outside += strncmp(f->name, "outside/", 8) == 0;
	return 0;
}

static int
sink_put(void *ctx, const void *bytes, size_t n, struct err *err)
{
	struct restore *r = ctx;

	for (const char *at = bytes; n > 0;) {
		ssize_t done = write(r->out, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return cannot_write(r->out_path, err);
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Where the bench file of a version is now. What was below the folder of the backup is below the new one; of another place the name alone counts: nothing
 * of what is restored may lead out of the new folder. */
static bool
path_here(const struct restore *r, const char *was, char out[VERSION_PATH_MAX])
{
	char here[PLACE_MAX + BACKUP_TEXT_MAX + 2], plain[VERSION_PATH_MAX],
		path[PLACE_MAX + BACKUP_TEXT_MAX + VERSION_PATH_MAX];
	size_t n = strcmp(r->b.folder, "/") == 0 ? 0 : strlen(r->b.folder);
	const char *slash;

	snprintf(here, sizeof(here), "%s/%s", r->folder, r->b.file);
	if (!version_absolute(plain, "/", was) || plain[1] == '\0')
		snprintf(path, sizeof(path), "%s", here);
	else if (strncmp(plain, r->b.folder, n) == 0 && plain[n] == '/')
		snprintf(path, sizeof(path), "%s%s", r->folder, plain + n);
	else {
		slash = strrchr(here, '/');
		snprintf(path, sizeof(path), "%.*s%s", (int)(slash - here), here,
			strrchr(plain, '/'));
	}
	return version_absolute(out, "/", path);
}

/* A version says where its files stand, and 'mbc bench undo' writes them there: into the new folder, not into that of the bench that was copied. One
 * that is damaged stays as it is; nobody reads it. */
static int
move_version(struct restore *r, struct err *err)
{
	struct version *v = mem_zero(1, sizeof(*v));
	struct buf was = { 0 }, is = { 0 };
	char path[VERSION_PATH_MAX];
	struct err why;
	int rc = 0;

	if (versions_read(r->state_part, r->version, &was, v, &why) == 0) {
		if (!path_here(r, v->path, path))
			rc = err_set(err, ERR_CONF, 0,
				"'%.100s' is too long for a path; name another folder", r->folder);
		v->path = path;
		if (rc == 0) {
			version_write(&is, v);
			r->out = open(r->out_path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
			rc = r->out < 0 ? cannot_write(r->out_path, err)
					: sink_put(r, is.data, is.n, err);
		}
		if (rc == 0 && fsync(r->out) < 0)
			rc = cannot_write(r->out_path, err);
		if (r->out >= 0)
			close(r->out);
		r->out = -1;
	}
	buf_done(&was);
	buf_done(&is);
	free(v);
	return rc;
}

static int
sink_close(void *ctx, struct err *err)
{
	struct restore *r = ctx;
	int rc = fsync(r->out) < 0 ? cannot_write(r->out_path, err) : 0;

	close(r->out);
	r->out = -1;
	if (rc == 0 && r->version > 0)
		rc = move_version(r, err);
	r->version = 0;
	return rc;
}

static int
put_secret(struct restore *r, const struct backup_pack *p, struct err *err)
{
	char name[PARTS_PATH], *slash;
	int rc;

	if (strncmp(p->name, "state/", 6) == 0 && backup_is_sealed(p->name + 6)) {
		rc = begin_file(r, r->state_part, p->name + 6, 0700, 0600, err);
	} else if (strncmp(p->name, "secrets/", 8) == 0 && secret_is_name(p->name + 8)) {
		snprintf(name, sizeof(name), "%s", r->b.file);
		slash = strrchr(name, '/');
		snprintf(slash == NULL ? name : slash + 1,
			sizeof(name) - (size_t)(slash == NULL ? 0 : slash + 1 - name), "%.80s",
			p->name);
		rc = begin_file(r, r->folder_part, name, 0755, 0600, err);
		slash = strrchr(r->out_path, '/');
		*slash = '\0';
		if (rc == 1 && chmod(r->out_path, 0700) < 0)
			rc = cannot_write(r->out_path, err);
		*slash = '/';
	} else {
		return 0; /* of a newer mbc of the same form: it tells no bench how to start */
	}
	if (rc == 1) {
		rc = sink_put(r, p->bytes, p->n, err);
		if (rc == 0 && strncmp(p->name, "secrets/", 8) == 0)
			rc = sink_put(r, "\n", 1, err);
		if (rc == 0)
			rc = sink_close(r, err);
		r->secrets += rc == 0;
	}
	return rc;
}

static int
put_secrets(struct restore *r, struct err *err)
{
	struct buf pack = { 0 };
	struct backup_pack p;
	bool is_bad;
	char *at;
	int rc;

	if (!r->has_phrase)
		return 0;
	rc = backup_unseal(&r->b, r->phrase, &pack, err);
	at = pack.data;
	while (rc == 0 && backup_pack_next(&at, pack.data + pack.n, &p, &is_bad))
		rc = put_secret(r, &p, err);
	if (rc == 0 && is_bad)
		rc = err_set(err, ERR_CONF, 0, "its sealed part is not as 'mbc backup' writes it");
	if (pack.data != NULL)
		explicit_bzero(pack.data, pack.cap);
	buf_done(&pack);
	return rc;
}

/* The program of the history verifies it, and gives it to its user. */
static int
put_history(struct restore *r, struct err *err)
{
	const char *const words[] = { "restore", r->history_from, "--bench", r->b.bench, NULL };
	char run[PLACE_MAX + 112];

	if (!r->b.has_history)
		return 0;
	snprintf(run, sizeof(run), "%s/run", r->beside);
	if (mkdir(run, 0700) < 0)
		return cannot_write(run, err);
	if (parts_query(words, r->beside) != 0)
		return err_set(err, ERR_CONF, 0,
			"its history could not be restored, as told above; nothing was restored");
	parts_remove(r->history_from);
	return 0;
}

static int
make_parts(struct restore *r, struct err *err)
{
	char mark[PLACE_MAX + 224], parents[PLACE_MAX + 112];
	int fd;

	parts_remove(r->folder_part); /* of one that was killed */
	parts_remove(r->beside);
	snprintf(parents, sizeof(parents), "%s", r->folder_part);
	if (!parts_make_folders(parents, 1, 0755) || mkdir(r->folder_part, 0700) < 0 ||
		chmod(r->folder_part, 0755) < 0)
		return cannot_write(r->folder_part, err);
	snprintf(parents, sizeof(parents), "%s", r->beside);
	if (!parts_make_folders(parents, 1, 0755) || mkdir(r->beside, 0700) < 0 ||
		mkdir(r->state_part, 0700) < 0 ||
		(r->b.has_history && mkdir(r->history_from, 0700) < 0))
		return cannot_write(r->beside, err);
	snprintf(mark, sizeof(mark), "%s/" PLACE_RESTORING, r->state_part);
	fd = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return cannot_write(mark, err);
	close(fd);
	return 0;
}

static int
lay_out(struct restore *r, struct err *err)
{
	const struct backup_sink sink = { r, sink_open, sink_put, sink_close };
	int rc = make_parts(r, err);

	if (rc == 0)
		rc = backup_extract(&r->b, r->fd, &sink, err);
	if (rc == 0)
		rc = put_secrets(r, err);
	if (r->out >= 0)
		close(r->out);
	r->out = -1;
	if (rc == 0)
		rc = put_history(r, err);
	if (rc == 0)
		sync(); /* names in all these folders */
	return rc;
}

/* ---- the names -------------------------------------------------------------------------------------------------------------------- */

static int
put_in_place(const char *part, const char *path, const char *aside, bool is_there, struct err *err)
{
	if (is_there && rename(path, aside) < 0)
		return err_set(err, ERR_IO, errno,
			"moving '%.120s' aside: %s; nothing was restored", path, strerror(errno));
	if (rename(part, path) == 0) /* over an empty folder, or none */
		return 0;
	cannot_write(path, err);
	if (is_there)
		(void)!rename(aside, path);
	return ERR_IO;
}

static int
give_names(struct restore *r, struct err *err)
{
	char mark[PLACE_MAX + 16], parent[PLACE_MAX];

	if (put_in_place(r->state_part, r->state, r->state_aside, r->has_state, err) < 0)
		return ERR_IO;
	if (put_in_place(r->folder_part, r->folder, r->folder_aside, r->has_folder, err) < 0) {
		(void)!rename(r->state, r->state_part);
		if (r->has_state)
			(void)!rename(r->state_aside, r->state);
		return ERR_IO;
	}
	snprintf(parent, sizeof(parent), "%s", r->folder);
	parts_sync_folder(dirname(parent));
	snprintf(mark, sizeof(mark), "%s/" PLACE_RESTORING, r->state);
	unlink(mark);
	parts_sync_folder(r->state);
	snprintf(parent, sizeof(parent), "%s", r->state);
	parts_sync_folder(dirname(parent));
	return 0;
}

/* ---- all of it -------------------------------------------------------------------------------------------------------------------- */

static void
tell(const struct restore *r)
{
	printf("bench '%s' of %s: '%s/%s' and '%s'%s\n", r->b.bench, r->b.made, r->folder,
		r->b.file, r->state, r->is_dry ? "; nothing was written (--dry-run)" : "");
	if (r->has_folder)
		printf("what was in '%s' %s '%s'\n", r->folder,
			r->is_dry ? "would lie in" : "lies in", r->folder_aside);
	if (r->n_foreign > 0)
		printf("%u of that %s not in the backup, '%s' among them: copy back what is still "
		       "needed\n",
			r->n_foreign, r->n_foreign == 1 ? "is" : "are", r->foreign);
	if (r->has_state)
		printf("what the bench remembered here %s '%s'\n",
			r->is_dry ? "would lie in" : "lies in", r->state_aside);
	if (!r->b.has_history)
		puts("it was made without the history (--with-history)");
	if (r->b.sealed.n > 0 && !r->has_phrase)
		puts("its secrets are left out: they need --passphrase-file");
	else if (r->b.sealed.n == 0)
		puts("it has no secrets: write those that the bench file names into the folder "
		     "'secrets' again");
	for (size_t i = 0; i < r->b.n; i++)
		if (strncmp(r->b.files[i].name, "outside/", 8) == 0)
			printf("put back by hand, it stood elsewhere: '%s' ('tar xf %s %s')\n",
				r->b.files[i].name + 7, r->from, r->b.files[i].name);
	if (!r->is_dry)
		printf("start it with: mbc run %s/%s\n", r->folder, r->b.file);
}

static int
restore(struct restore *r, struct err *err)
{
	int rc = open_file(r, err);

	if (rc == 0)
		rc = take_phrase(r, err);
	if (rc == 0)
		rc = lock_bench(r, err);
	if (rc == 0)
		rc = find_places(r, err);
	if (rc == 0)
		rc = check_room(r, err);
	if (rc < 0 || r->is_dry)
		return rc;
	rc = lay_out(r, err);
	if (rc == 0)
		rc = give_names(r, err);
	parts_remove(r->beside);
	if (rc < 0)
		parts_remove(r->folder_part);
	return rc;
}

static void
done(struct restore *r)
{
	backup_done(&r->b);
	if (r->fd >= 0)
		close(r->fd);
	if (r->lock >= 0)
		close(r->lock);
	explicit_bzero(r, sizeof(*r));
	free(r);
}

static struct restore *
begin(int argc, char **argv)
{
	struct restore *r = mem_zero(1, sizeof(*r));

	r->fd = r->lock = r->out = r->phrase_fd = -1;
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--into") == 0 && i + 1 < argc)
			r->into = argv[++i];
		else if (strcmp(argv[i], "--passphrase-file") == 0 && i + 1 < argc)
			r->phrase_file = argv[++i];
		else if (strcmp(argv[i], "--passphrase-fd") == 0 && i + 1 < argc)
			r->phrase_fd = atoi(argv[++i]);
		else if (strcmp(argv[i], "--confined") == 0)
			r->is_confined = true;
		else if (strcmp(argv[i], "--over") == 0)
			r->may_replace = true;
		else if (strcmp(argv[i], "--dry-run") == 0)
			r->is_dry = true;
		else
			r->from = argv[i];
	}
	return r;
}

int
backup_restore(int argc, char **argv)
{
	struct restore *r = begin(argc, argv);
	struct err err;
	int rc = r->from == NULL
			 ? err_set(&err, ERR_CONF, 0, "this program is started by 'mbc restore'")
			 : restore(r, &err),
	    code = 0;

	if (rc == 0)
		tell(r);
	else
		code = parts_failed("restore", &err);
	done(r);
	return code;
}

int
backup_verify(int argc, char **argv)
{
	struct restore *r = begin(argc, argv);
	struct err err;
	int rc = r->from == NULL
			 ? err_set(&err, ERR_CONF, 0, "this program is started by 'mbc backup'")
			 : 0,
	    code = 0;
	struct sandbox_report report;

	if (r->is_confined) { /* of supervise, over HTTP */
		parts_be_humble();
		sandbox_enter(SANDBOX_COMPILE, NULL, &report);
	}
	if (rc == 0)
		rc = open_file(r, &err);

	if (rc == 0)
		rc = take_phrase(r, &err);
	if (rc == 0)
		printf("'%s': bench '%s' of %s, %zu files, %llu bytes, %s history, secrets %s: "
		       "good\n",
			r->from, r->b.bench, r->b.made, r->b.n, (unsigned long long)r->b.bytes,
			r->b.has_history ? "with" : "without",
			r->b.sealed.n == 0 ? "left out"
			: r->has_phrase    ? "can be read"
					   : "sealed (not looked at without --passphrase-file)");
	else
		code = parts_failed("backup", &err);
	done(r);
	return code;
}
