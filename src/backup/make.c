/* make.c - mbc backup: a whole bench into one file, while it runs
 *
 * Nothing is asked of the bench: its files are read as they lie there. Each is consistent in itself, because of how it is written: what is replaced as
 * a whole is read from one descriptor; the journal and the audit only ever grow, and are taken up to where they were when they were opened (the audit
 * up to a whole line); the history is copied by its own program. The file is made as FILE.part, synced, read back from the disk, and gets its name
 * then: what had the name before stays until there is something better.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "backup/parts.h"
#include "backup/sealed.h"
#include "base/clock.h"
#include "base/mem.h"
#include "io/place.h"
#include "io/sandbox.h"
#include "io/secret_file.h"
#include "io/versions.h"

#define PIECE 65536
#define NAMES_MAX 20000
#define STATE_MAX (1 << 20)           /* of a file of the state that is sealed */
#define ROOM_MIN ((uint64_t)64 << 20) /* bytes that stay free for the bench itself */
#define LOOK_BYTES                                                                                 \
	(8u << 20) /* written until they are brought to the disk, and the room is looked at again */

struct maker {
	const char *bench, *state, *to, *phrase_file;
	bool with_history, has_phrase, is_confined; /* is_confined: of supervise, over HTTP */
	int phrase_fd;                              /* -1: none */
	uint64_t
		leave; /* bytes of the disk that a confined one leaves free: below, nothing is recorded */
	size_t unseen; /* written since the room was looked at */
	char part[PARTS_PATH - 16], history[PARTS_PATH];
	char phrase[PASSPHRASE_MAX + 2];
	int fd;
	int64_t now_s;
	struct buf manifest;
	unsigned outside, secrets, unreadable;
	/* the newest version: which files the bench is made from */
	struct buf bytes;
	struct version v;
	unsigned version; /* its number */
	char root
		[VERSION_PATH_MAX]; /* the folder that has all of them; those below that of the bench file have `below` before their name */
	char below[VERSION_PATH_MAX + 8], folder[VERSION_PATH_MAX];
};

static int
failed(const struct maker *m, int sys, struct err *err)
{
	return err_set(err, ERR_IO, sys, "writing '%.120s': %s; %s", m->part, strerror(sys),
		sys == ENOSPC || sys == EDQUOT || sys == EFBIG
			? "free some room there, or name a file elsewhere"
			: "name a file elsewhere");
}

static int
ended(struct err *err)
{
	return err_set(
		err, ERR_IO, ECANCELED, "it was ended as asked for, and nothing of it is kept");
}

/* ---- the tar -------------------------------------------------------------------------------------------------------------- */

/* Others fill the disk meanwhile, and the recorder needs its room more than a backup that nobody waits for. What is brought to the disk piece by piece does
 * not keep those waiting who sync a little in between. */
static int
be_careful(struct maker *m, struct err *err)
{
	struct statvfs fs;
	uint64_t has;

	m->unseen = 0;
	if (fdatasync(m->fd) < 0)
		return failed(m, errno, err);
	if (fstatvfs(m->fd, &fs) < 0)
		return 0;
	has = (uint64_t)fs.f_bavail * fs.f_frsize;
	return has >= m->leave
		       ? 0
		       : err_set(err, ERR_IO, ENOSPC,
				 "the disk has %llu MB free, and the bench needs %llu MB of it to "
				 "record; free some room there",
				 (unsigned long long)(has >> 20),
				 (unsigned long long)(m->leave >> 20));
}

static int
put(struct maker *m, const void *bytes, size_t n, struct err *err)
{
	if (parts_is_ended())
		return ended(err);
	m->unseen += n;
	if (m->is_confined && m->unseen >= LOOK_BYTES && be_careful(m, err) < 0)
		return ERR_IO;
	for (const char *at = bytes; n > 0;) {
		ssize_t done = write(m->fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return failed(m, done < 0 ? errno : ENOSPC, err);
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

static int
begin_entry(struct maker *m, const char *name, uint64_t bytes, struct err *err)
{
	struct tar_entry e = { .bytes = bytes, .time_s = m->now_s };
	uint8_t head[TAR_BLOCK];

	if (snprintf(e.name, sizeof(e.name), "%s", name) >= (int)sizeof(e.name))
		return err_set(err, ERR_CONF, 0, "'%.100s' has too long a name for a backup", name);
	if (tar_write(head, &e, err) < 0)
		return ERR_CONF;
	return put(m, head, sizeof(head), err);
}

static int
end_entry(struct maker *m, const char *name, uint64_t bytes, struct sha256 *sum, struct err *err)
{
	static const uint8_t zeros[TAR_BLOCK];
	char sha[SHA256_HEX + 1];

	sha256_end_hex(sum, sha);
	buf_printf(&m->manifest, "%s  %s\n", sha, name);
	return put(m, zeros, tar_padding(bytes), err);
}

static int
put_bytes(struct maker *m, const char *name, const void *bytes, size_t n, struct err *err)
{
	struct sha256 sum;
	int rc = begin_entry(m, name, n, err);

	sha256_begin(&sum);
	sha256_add(&sum, bytes, n);
	if (rc == 0)
		rc = put(m, bytes, n, err);
	return rc == 0 ? end_entry(m, name, n, &sum, err) : rc;
}

static int
changed(const char *path, struct err *err)
{
	return err_set(err, ERR_IO, 0,
		"'%.120s' was being changed while it was read; make the backup again", path);
}

/* The first `bytes` of a file that is open. */
static int
put_file(struct maker *m, const char *name, const char *path, int in, uint64_t bytes,
	struct err *err)
{
	uint8_t piece[PIECE];
	struct sha256 sum;
	int rc = begin_entry(m, name, bytes, err);

	sha256_begin(&sum);
	for (uint64_t left = bytes; left > 0 && rc == 0;) {
		ssize_t n = read(in, piece, (size_t)MIN(left, (uint64_t)PIECE));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(
				err, ERR_IO, errno, "reading '%.120s': %s", path, strerror(errno));
		if (n == 0)
			return changed(path, err);
		sha256_add(&sum, piece, (size_t)n);
		rc = put(m, piece, (size_t)n, err);
		left -= (uint64_t)n;
	}
	return rc == 0 ? end_entry(m, name, bytes, &sum, err) : rc;
}

/* How far the lines of a file are whole. */
static off_t
whole_lines(int fd, off_t size)
{
	char end[8192];

	while (size > 0) {
		size_t n = (size_t)MIN(size, (off_t)sizeof(end));
		const char *lf;

		if (pread(fd, end, n, size - (off_t)n) != (ssize_t)n)
			return 0;
		lf = memrchr(end, '\n', n);
		if (lf != NULL)
			return size - (off_t)n + (lf + 1 - end);
		size -= (off_t)n;
	}
	return 0;
}

enum how { AS_IT_IS, WHOLE_LINES, UNCHANGED };

/* ENOENT is none: it has gone since it was listed. */
static int
put_path(struct maker *m, const char *name, const char *path, enum how how, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
				    (how == UNCHANGED ? 0 : O_NOFOLLOW)),
	    rc;
	struct stat st, after;

	if (fd < 0 && errno == ENOENT && how != UNCHANGED)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		rc = err_set(err, ERR_IO, errno,
			"reading '%.120s': %s; ask as the user of the bench", path,
			fd < 0 ? strerror(errno) : "it is no file");
		if (fd >= 0)
			close(fd);
		return rc;
	}
	if (how == WHOLE_LINES)
		st.st_size = whole_lines(fd, st.st_size);
	rc = put_file(m, name, path, fd, (uint64_t)st.st_size, err);
	if (rc == 0 && how == UNCHANGED &&
		(fstat(fd, &after) < 0 || after.st_size != st.st_size ||
			after.st_mtim.tv_sec != st.st_mtim.tv_sec ||
			after.st_mtim.tv_nsec != st.st_mtim.tv_nsec))
		rc = changed(path, err);
	close(fd);
	return rc;
}

/* ---- the bench's own files ------------------------------------------------------------------------------------------------ */

/* The folder that a path lies in, in its place. */
static void
cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		snprintf(path, VERSION_PATH_MAX, "/");
	else
		*slash = '\0';
}

/* How many folders above that of the bench file are needed for all of its files. */
static size_t
levels_up(const struct version *v)
{
	size_t up = 0;

	for (size_t i = 0; i < v->n; i++) {
		const char *at = v->files[i].path;
		size_t k = 0;

		for (; strncmp(at, "../", 3) == 0; at += 3)
			k++;
		up = MAX(up, k);
	}
	return up;
}

static int
find_files(struct maker *m, struct err *err)
{
	unsigned newest = versions_ran(m->state, 0);

	if (newest == 0)
		newest = versions_newest(m->state);
	if (newest == 0)
		return err_set(err, ERR_CONF, 0,
			"bench '%s' has not been started here yet, or this user may not read what "
			"it keeps; start it once, or ask as its user",
			m->bench);
	if (versions_read(m->state, newest, &m->bytes, &m->v, err) < 0)
		return err->code;
	m->version = newest;
	if (!version_absolute(m->root, "/", m->v.path))
		return err_set(err, ERR_CONF, 0, "the path of the bench file is too long");
	cut_last(m->root);
	snprintf(m->folder, sizeof(m->folder), "%s", m->root);
	for (size_t up = levels_up(&m->v); up > 0; up--)
		cut_last(m->root);
	if (strlen(m->folder) > strlen(m->root))
		snprintf(m->below, sizeof(m->below), "%s/",
			m->folder + strlen(m->root) + (m->root[1] != '\0'));
	return 0;
}

/* "../common.yaml" of a bench file in inner/ is "common.yaml" in the folder that has both. */
static bool
name_in_root(const struct maker *m, const char *path, char out[VERSION_PATH_MAX])
{
	char below[VERSION_PATH_MAX + 16], all[VERSION_PATH_MAX];

	if (path[0] == '/')
		return false;
	snprintf(below, sizeof(below), "/%s", m->below);
	if (!version_absolute(all, below, path))
		return false;
	snprintf(out, VERSION_PATH_MAX, "%s", all + 1);
	return true;
}

/* Which files are taken is known from the version alone: one that was edited since may name others. `line`: that of the file in the manifest. */
static void
tell_edited(struct maker *m, const struct version_file *f, size_t line)
{
	char sha[SHA256_HEX + 1];

	sha256_hex(sha, f->bytes, f->n);
	if (strncmp(buf_text(&m->manifest) + line, sha, SHA256_HEX) != 0)
		fprintf(stderr,
			"mbc backup: warning: '%s' has been edited since the bench took it up "
			"(version %u): it is in the backup as it is now, but a file that it newly "
			"names is not; 'mbc reload' first, then make the backup again\n",
			f->path, m->version);
}

static int
put_bench(struct maker *m, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < m->v.n && rc == 0; i++) {
		const struct version_file *f = &m->v.files[i];
		char name[VERSION_PATH_MAX + 16], in_root[VERSION_PATH_MAX],
			path[2 * VERSION_PATH_MAX];
		size_t line;

		if (name_in_root(m, f->path, in_root)) {
			snprintf(name, sizeof(name), "bench/%s", in_root);
			snprintf(path, sizeof(path), "%s/%s", m->root, in_root);
		} else {
			snprintf(name, sizeof(name), "outside%s", f->path);
			snprintf(path, sizeof(path), "%s", f->path);
			m->outside++;
		}
		line = m->manifest.n;
		/* One that has gone since: as it was when it was taken up. */
		rc = access(path, F_OK) < 0 && errno == ENOENT
			     ? put_bytes(m, name, f->bytes, f->n, err)
			     : put_path(m, name, path, UNCHANGED, err);
		if (rc == 0)
			tell_edited(m, f, line);
	}
	return rc;
}

/* ---- the folder of state --------------------------------------------------------------------------------------------------- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, sorted: that of the audit grows at its end. NULL: there is none. */
static char **
names_in(const char *folder, size_t *out_n)
{
	char **names = NULL;
	struct dirent *e;
	DIR *d = opendir(folder);
	size_t n = 0;

	while (d != NULL && n < NAMES_MAX && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		names = mem_grow(names, n + 1, sizeof(*names));
		names[n++] = mem_text(e->d_name);
	}
	if (d != NULL)
		closedir(d);
	if (n > 0)
		qsort(names, n, sizeof(*names), by_text);
	*out_n = n;
	return names;
}

static void
free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static bool
ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return n >= k && strcmp(name + n - k, end) == 0;
}

/* Not what is only half written, nor what has a place of its own in the backup. */
static bool
is_state(const char *name)
{
	return !ends_in(name, ".new") && !ends_in(name, ".part") && !backup_is_sealed(name) &&
	       strcmp(name, PLACE_RESTORING) != 0;
}

static int
put_folder(struct maker *m, const char *folder, const char *as, enum how how, struct err *err)
{
	char path[PARTS_PATH], name[TAR_NAME_MAX + 64];
	size_t n;
	char **names = names_in(folder, &n);
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		snprintf(name, sizeof(name), "%s/%s", as, names[i]);
		if (!is_state(names[i]) || lstat(path, &st) < 0 || !S_ISREG(st.st_mode) ||
			(strcmp(as, "state/versions") == 0 && strspn(names[i], "0123456789") != 6))
			continue;
		rc = put_path(m, name, path, how, err);
	}
	free_names(names, n);
	return rc;
}

static int
put_state(struct maker *m, struct err *err)
{
	char path[PARTS_PATH];
	int rc = put_folder(m, m->state, "state", AS_IT_IS, err);

	snprintf(path, sizeof(path), "%s/audit", m->state);
	if (rc == 0)
		rc = put_folder(m, path, "state/audit", WHOLE_LINES, err);
	snprintf(path, sizeof(path), "%s/" VERSIONS_FOLDER, m->state);
	return rc == 0 ? put_folder(m, path, "state/" VERSIONS_FOLDER, AS_IT_IS, err) : rc;
}

/* ---- the history -------------------------------------------------------------------------------------------------------------- */

/* Over HTTP nobody sees the disk fill: it is not begun where it does not fit, beside itself and with some room for the bench. */
static int
check_room(const struct maker *m, const char *folder, struct err *err)
{
	char path[2 * PARTS_PATH];
	uint64_t wanted = m->leave + ROOM_MIN, has;
	struct statvfs fs;
	struct stat st;
	size_t n;
	char **names = names_in(folder, &n);

	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		if (lstat(path, &st) == 0)
			wanted += 2 * (uint64_t)st.st_size;
	}
	free_names(names, n);
	if (fstatvfs(m->fd, &fs) < 0)
		return 0;
	has = (uint64_t)fs.f_bavail * fs.f_frsize;
	return has >= wanted
		       ? 0
		       : err_set(err, ERR_IO, ENOSPC,
				 "the disk has %llu MB free, and with the history %llu MB are "
				 "needed; free some room there, or make it without the history",
				 (unsigned long long)(has >> 20),
				 (unsigned long long)(wanted >> 20));
}

/* Its copy beside FILE; before this process is confined, since another program makes it. */
static int
copy_history(struct maker *m, struct err *err)
{
	char folder[PARTS_PATH];
	int rc;

	if (!m->with_history)
		return 0;
	snprintf(folder, sizeof(folder), "%s/history", m->state);
	m->with_history = access(folder, F_OK) == 0;
	if (!m->with_history) {
		printf("bench '%s' has no history yet\n", m->bench);
		return 0;
	}
	parts_remove(m->history); /* of one that was killed */
	if (m->is_confined && check_room(m, folder, err) < 0)
		return ERR_IO;
	if (m->is_confined) /* which has no right to be another user, not even as root */
		setenv("MBC_USERS", "one", 1);
	{
		const char *const words[] = { "--dir", folder, "backup", m->history, NULL };

		rc = parts_query(words, NULL);
	}
	if (rc == 0)
		return 0;
	return parts_is_ended()
		       ? ended(err)
		       : err_set(err, ERR_IO, 0,
				 "the history could not be copied, as told above; mend that, or "
				 "make the backup without --with-history");
}

static int
put_history(struct maker *m, struct err *err)
{
	return m->with_history ? put_folder(m, m->history, "history", AS_IT_IS, err) : 0;
}

/* ---- secrets ------------------------------------------------------------------------------------------------------------------ */

static void
pack_secrets(struct maker *m, struct buf *pack)
{
	char folder[VERSION_PATH_MAX + 16], name[SECRET_NAME_MAX + 16];
	size_t n;
	char **names;

	snprintf(folder, sizeof(folder), "%s/secrets", m->folder);
	names = names_in(folder, &n);
	for (size_t i = 0; i < n; i++) {
		struct secret s = { .n = 0 };
		struct err err;

		if (!secret_is_name(names[i]))
			continue;
		m->secrets++;
		if (!m->has_phrase)
			continue;
		snprintf(name, sizeof(name), "secrets/%s", names[i]);
		if (secret_read(folder, names[i], &s, &err) == 0) {
			backup_pack_put(pack, name, s.value, s.n);
		} else {
			fprintf(stderr, "mbc backup: warning: left out: %s\n", err.msg);
			m->unreadable++;
		}
		explicit_bzero(&s, sizeof(s));
	}
	free_names(names, n);
}

static int
pack_one(struct maker *m, const char *name, struct buf *pack, struct err *err)
{
	char path[PARTS_PATH], as[64];
	char *bytes;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", m->state, name);
	snprintf(as, sizeof(as), "state/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0
				       : err_set(err, ERR_IO, errno, "reading '%.120s': %s", path,
						 strerror(errno));
	m->secrets++;
	bytes = mem_zero(STATE_MAX + 1, 1);
	n = m->has_phrase ? read(fd, bytes, STATE_MAX + 1) : 0;
	close(fd);
	if (n > 0 && n <= STATE_MAX)
		backup_pack_put(pack, as, bytes, (size_t)n);
	explicit_bzero(bytes, STATE_MAX + 1);
	free(bytes);
	return n < 0 || n > STATE_MAX ? err_set(err, ERR_IO, 0, "'%.120s' cannot be read", path)
				      : 0;
}

static int
pack_state(struct maker *m, struct buf *pack, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; backup_sealed_state[i] != NULL && rc == 0; i++)
		rc = pack_one(m, backup_sealed_state[i], pack, err);
	return rc;
}

/* Bound to all that stands before it: the secrets of one backup do not pass for those of another. */
static int
put_sealed(struct maker *m, struct err *err)
{
	struct buf pack = { 0 }, sealed = { 0 };
	uint8_t salt[SEALED_SALT];
	char sum[SHA256_HEX + 1];
	int rc;

	buf_room(&pack, SECRETS_MAX * (SECRET_MAX + SECRET_NAME_MAX + 32) +
				BACKUP_SEALED_STATE * STATE_MAX);
	sha256_hex(sum, m->manifest.data, m->manifest.n);
	backup_pack_put(&pack, "binding", sum, SHA256_HEX);
	pack_secrets(m, &pack);
	rc = pack_state(m, &pack, err);
	if (rc == 0 && m->has_phrase) {
		if (getrandom(salt, sizeof(salt), 0) != (ssize_t)sizeof(salt))
			rc = err_set(err, ERR_IO, errno, "no random numbers: %s", strerror(errno));
		if (rc == 0)
			rc = sealed_write(
				&sealed, pack.data, pack.n, m->phrase, &sealed_cost, salt, err);
		if (rc == 0)
			rc = put_bytes(m, BACKUP_SEALED, sealed.data, sealed.n, err);
	}
	explicit_bzero(pack.data, pack.cap);
	buf_done(&pack);
	buf_done(&sealed);
	return rc;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------------ */

static int
put_about(struct maker *m, struct err *err)
{
	char when[CLOCK_TEXT_SIZE];
	struct buf text = { 0 };
	int rc;

	clock_text(when, m->now_s * NS_PER_S);
	buf_printf(&text,
		BACKUP_ABOUT_HEAD "bench %s\nmade %s\nmbc " MBC_VERSION
				  "\nfolder %s\nfile %s%s\nhistory %s\nsecrets %s\n\n",
		m->bench, when, m->root, m->below, m->v.files[0].path,
		m->with_history ? "yes" : "no", m->has_phrase ? "sealed" : "left out");
	buf_puts(&text,
		"A bench of mbc, the Modular Bench Controller. 'mbc restore FILE' brings it back, "
		"'mbc backup verify FILE'\n"
		"tells whether this file is whole. Without mbc: 'tar xf FILE', then 'sha256sum -c "
		"manifest.txt'.\n"
		"bench/ has the bench file with what belongs to it, state/ what the bench "
		"remembers (its journal, who asked\n"
		"what, versions of the bench file), history/ what was recorded (SQLite data "
		"bases), "
		"outside/ files that it\n"
		"names by their whole path. sealed.bin can be read with its passphrase alone.\n");
	rc = strlen(m->root) < BACKUP_TEXT_MAX
		     ? put_bytes(m, BACKUP_ABOUT, text.data, text.n, err)
		     : err_set(err, ERR_CONF, 0, "the path of the bench is too long");
	buf_done(&text);
	return rc;
}

static int
put_manifest(struct maker *m, struct err *err)
{
	static const uint8_t end[2 * TAR_BLOCK];
	char sum[SHA256_HEX + 1];
	struct buf text = { 0 };
	int rc;

	sha256_hex(sum, m->manifest.data, m->manifest.n);
	buf_put(&text, m->manifest.data, m->manifest.n);
	buf_printf(&text, BACKUP_MANIFEST_END "%s\n", sum);
	rc = put_bytes(m, BACKUP_MANIFEST, text.data, text.n, err);
	buf_done(&text);
	return rc == 0 ? put(m, end, sizeof(end), err) : rc;
}

static int
fill(struct maker *m, struct err *err)
{
	int rc;

	buf_puts(&m->manifest, BACKUP_MANIFEST_HEAD);
	rc = put_about(m, err);
	if (rc == 0)
		rc = put_bench(m, err);
	if (rc == 0)
		rc = put_state(m, err);
	if (rc == 0)
		rc = put_history(m, err);
	if (rc == 0)
		rc = put_sealed(m, err);
	return rc == 0 ? put_manifest(m, err) : rc;
}

/* What the disk has, not what memory still knows of it. */
static int
read_back(struct maker *m, struct backup *b, struct err *err)
{
	int rc;

	if (fsync(m->fd) < 0)
		return failed(m, errno, err);
	(void)!posix_fadvise(m->fd, 0, 0, POSIX_FADV_DONTNEED);
	if (lseek(m->fd, 0, SEEK_SET) < 0)
		return failed(m, errno, err);
	rc = backup_read(b, m->fd, err);
	return rc < 0 ? err_prefix(err, rc, "read back") : 0;
}

static int
open_part(struct maker *m, struct err *err)
{
	struct stat st;

	if (snprintf(m->part, sizeof(m->part), "%s.part", m->to) >= (int)sizeof(m->part))
		return err_set(err, ERR_CONF, 0, "the path of the backup is too long");
	snprintf(m->history, sizeof(m->history), "%s.history", m->part);
	if (lstat(m->to, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(err, ERR_CONF, 0, "'%.120s' is no file; name another one", m->to);
	m->fd = open(m->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (m->fd < 0)
		return failed(m, errno, err);
	if (flock(m->fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, ERR_CONF, 0,
			"another backup into '%.120s' is under way; wait for its end", m->to);
	if (ftruncate(m->fd, 0) < 0 || fchmod(m->fd, 0600) < 0)
		return failed(m, errno, err);
	return 0;
}

static void
folder_of(const struct maker *m, char *out, size_t cap)
{
	char *slash;

	snprintf(out, cap, "%s", m->to);
	slash = strrchr(out, '/');
	if (slash != NULL)
		*slash = '\0';
	if (slash == NULL || slash == out)
		snprintf(out, cap, "%s", slash == NULL ? "." : "/");
}

/* It reads what it may read anyway, and writes into the folder of backups alone. */
static void
confine(const struct maker *m)
{
	char folder[PARTS_PATH];
	const char *folders[] = { folder, "/", NULL };
	struct sandbox_report report;

	folder_of(m, folder, sizeof(folder));
	sandbox_enter(SANDBOX_COPY, folders, &report);
}

/* Of those that were killed: supervise starts one at a time, and nobody else writes into its folder. */
static void
remove_halves(const struct maker *m)
{
	char folder[PARTS_PATH], path[2 * PARTS_PATH];
	char **names;
	size_t n;

	folder_of(m, folder, sizeof(folder));
	names = names_in(folder, &n);
	for (size_t i = 0; i < n; i++) {
		if (!ends_in(names[i], ".part") && !ends_in(names[i], ".part.history"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		parts_remove(path);
	}
	free_names(names, n);
}

static int
make(struct maker *m, struct backup *b, struct err *err)
{
	char folder[PARTS_PATH], *slash;
	int rc = 0;

	if (m->phrase_file != NULL || m->phrase_fd >= 0) {
		rc = m->phrase_fd >= 0 ? parts_passphrase_fd(&m->phrase_fd, m->phrase, err)
				       : parts_passphrase(m->phrase_file, m->phrase, err);
		m->has_phrase = rc == 0;
	}
	if (m->is_confined) {
		parts_end_on_term();
		parts_be_humble();
	}
	if (rc == 0 && m->is_confined)
		remove_halves(m);
	if (rc == 0)
		rc = find_files(m, err);
	if (rc == 0)
		rc = open_part(m, err);
	if (rc < 0)
		return rc;
	rc = copy_history(m, err);
	if (m->is_confined)
		confine(m);
	if (rc == 0)
		rc = fill(m, err);
	if (rc == 0)
		rc = read_back(m, b, err);
	if (rc == 0 && parts_is_ended())
		rc = ended(err);
	if (rc == 0 && rename(m->part, m->to) < 0)
		rc = failed(m, errno, err);
	if (rc < 0)
		unlink(m->part);
	parts_remove(m->history);
	snprintf(folder, sizeof(folder), "%s", m->to);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	parts_sync_folder(slash == NULL ? "." : slash == folder ? "/" : folder);
	return rc;
}

static void
report(const struct maker *m, const struct backup *b)
{
	printf("'%s': bench '%s', %zu files, %llu bytes%s; read back and found good\n", m->to,
		m->bench, b->n, (unsigned long long)b->bytes,
		m->with_history ? "" : "; without its history (--with-history)");
	if (m->secrets > 0 && !m->has_phrase)
		printf("%u file%s with secrets, accounts or keys of certificates left out: they "
		       "are taken with a "
		       "passphrase alone (--passphrase-file)\n",
			m->secrets, m->secrets == 1 ? " is" : "s are");
	if (m->outside > 0)
		printf("%u file%s from outside of '%s' in it; put %s back by hand\n", m->outside,
			m->outside == 1 ? " is" : "s are", m->root,
			m->outside == 1 ? "it" : "them");
}

int
backup_make(int argc, char **argv)
{
	struct maker *m = mem_zero(1, sizeof(*m));
	struct backup b = { .n = 0 };
	struct err err;
	int rc, code;

	m->fd = m->phrase_fd = -1;
	m->now_s = (int64_t)time(NULL);
	m->unseen = LOOK_BYTES; /* the first write looks */
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--bench") == 0 && i + 1 < argc)
			m->bench = argv[++i];
		else if (strcmp(argv[i], "--state") == 0 && i + 1 < argc)
			m->state = argv[++i];
		else if (strcmp(argv[i], "--passphrase-file") == 0 && i + 1 < argc)
			m->phrase_file = argv[++i];
		else if (strcmp(argv[i], "--passphrase-fd") == 0 && i + 1 < argc)
			m->phrase_fd = atoi(argv[++i]);
		else if (strcmp(argv[i], "--leave-free") == 0 && i + 1 < argc)
			m->leave = strtoull(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--confined") == 0)
			m->is_confined = true;
		else if (strcmp(argv[i], "--with-history") == 0)
			m->with_history = true;
		else
			m->to = argv[i];
	}
	m->leave = MAX(m->leave, ROOM_MIN);
	rc = m->bench == NULL || m->state == NULL || m->to == NULL
		     ? err_set(&err, ERR_CONF, 0, "this program is started by 'mbc backup'")
		     : make(m, &b, &err);
	if (rc == 0)
		report(m, &b);
	code = rc < 0 ? parts_failed("backup", &err) : m->unreadable > 0 ? 1 : 0;
	backup_done(&b);
	buf_done(&m->bytes);
	buf_done(&m->manifest);
	if (m->fd >= 0)
		close(m->fd);
	explicit_bzero(m, sizeof(*m));
	free(m);
	return code;
}
