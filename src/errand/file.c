/* file.c - the bench file: shown, made ready to be written, written
 *
 *	<file>.part beside it, with its owner and rights, synced --> rename --> its folder synced
 *
 * So that the old or the new one is there, whatever ends us. No link is followed: who made it may choose what is overwritten.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "errand/errand.h"
#include "io/versions.h"

#define PART_BYTES (VERSION_PATH_MAX + 8)

/* ---- it is shown --------------------------------------------------------------------------------------------------------- */

unsigned
list_parts(struct work *w, struct buf *bytes, struct version *all, struct buf *paths)
{
	unsigned status = work_files(w, ERRAND_KEPT, bytes, all);

	buf_room(paths, (all->n + 1) * VERSION_PATH_MAX); /* it must not move */
	for (size_t i = 0; i < all->n; i++) {
		char *path = paths->data + paths->n;

		if (!version_absolute(path, w->folder, all->files[i].path))
			path[0] = '\0';
		all->files[i].path = path;
		paths->n += strlen(path) + 1;
	}
	return status;
}

static unsigned
show(struct work *w, const char *path, const struct version *parts)
{
	struct buf bytes = { 0 }, out = { 0 };
	char hash[SHA256_HEX + 1];
	struct json j;
	unsigned status;

	if (!work_load(path, &bytes)) {
		buf_done(&bytes);
		return refuse(w, 503, "'%s' cannot be read: %s; look at it at this computer",
			work_name(w, path), strerror(errno));
	}
	if (!is_text(bytes.data, bytes.n)) {
		buf_done(&bytes);
		return refuse(w, 422,
			"'%s' is no UTF-8 text; mend it at this computer, 'mbc check' says where",
			work_name(w, path));
	}
	sha256_hex(hash, bytes.data, bytes.n);
	json_open(&j, &out);
	json_object(&j, NULL);
	put_text(&j, "file", work_name(w, path), strlen(work_name(w, path)));
	json_text(&j, "sha256", hash);
	put_text(&j, "text", bytes.data, bytes.n);
	json_array(&j, "parts");
	for (size_t i = 0; i < parts->n; i++) {
		const char *name = work_name(w, parts->files[i].path);

		if (strcmp(parts->files[i].path, w->path) != 0 && name[0] != '\0')
			put_text(&j, NULL, name, strlen(name));
	}
	json_end(&j);
	json_end(&j);
	buf_putc(&out, '\n');
	status = work_write(w, ERRAND_ANSWER, &out);
	buf_done(&out);
	buf_done(&bytes);
	return status;
}

unsigned
step_file(struct work *w)
{
	static struct version parts;
	struct buf bytes = { 0 }, paths = { 0 };
	unsigned status = list_parts(w, &bytes, &parts, &paths);
	const char *path = w->ask.name[0] == '\0' ? w->path : NULL;

	/* Names of the list alone: what is asked for is no path. */
	for (size_t i = 0; path == NULL && i < parts.n; i++)
		if (parts.files[i].path[0] != '\0' &&
			strcmp(work_name(w, parts.files[i].path), w->ask.name) == 0)
			path = parts.files[i].path;
	if (status == 0)
		status = path != NULL ? show(w, path, &parts)
				      : refuse(w, 404,
						"the bench is made of no such file; 'parts' of "
						"/api/v1/bench/file lists them");
	buf_done(&bytes);
	buf_done(&paths);
	return status;
}

/* ---- it is made ready ---------------------------------------------------------------------------------------------------- */

unsigned
check_place(struct work *w, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT
			       ? 0
			       : refuse(w, 503, "'%s': %s", work_name(w, path), strerror(errno));
	if (S_ISREG(st.st_mode))
		return 0;
	return refuse(w, 409,
		"'%s' is a link, or no file, and is never written from here; edit what it leads to "
		"at this computer, then 'mbc reload'",
		work_name(w, path));
}

static bool
is_among(const struct version *all, const char *path, const struct buf *bytes)
{
	const struct version_file *f = version_find(all, path);

	return f != NULL && f->n == bytes->n &&
	       (f->n == 0 || memcmp(f->bytes, bytes->data, f->n) == 0);
}

void
add_now(struct buf *out, const struct version *all, const struct version *but)
{
	for (size_t i = 0; i < all->n; i++) {
		struct buf one = { 0 };
		const char *path = all->files[i].path;

		if (path[0] != '\0' && (but == NULL || version_find(but, path) == NULL) &&
			work_load(path, &one))
			version_entry(out, path, one.data, one.n);
		buf_done(&one);
	}
}

/* Of an older version: which of its files differ, and may all of these be written? */
static unsigned
check_places(struct work *w, const struct version *next)
{
	unsigned status = 0;

	for (size_t i = 0; status == 0 && i < next->n; i++) {
		const char *path = next->files[i].path;
		struct buf now = { 0 };

		if (!work_load(path, &now) || !is_among(next, path, &now)) {
			status = check_place(w, path);
			if (status == 0 && work_name(w, path) == path)
				status = refuse(w, 409,
					"'%s' is above the folder of the bench file, where others "
					"may "
					"use it, and has changed since; put it back at this "
					"computer: "
					"mbc bench show %u",
					path, w->ask.number);
		}
		buf_done(&now);
	}
	return status;
}

static unsigned
check_digest(struct work *w, const struct buf *now)
{
	char hash[SHA256_HEX + 1];

	sha256_hex(hash, now->data, now->n);
	if (strcmp(hash, w->ask.sha256) == 0)
		return 0;
	return refuse(w, 409,
		"the bench file is another one by now: somebody has written it since it was read; "
		"read "
		"it again, and bring your changes into that one");
}

unsigned
step_prepare(struct work *w)
{
	static struct version parts, next;
	struct buf bytes = { 0 }, paths = { 0 }, now = { 0 }, text = { 0 }, all = { 0 },
		   wanted = { 0 };
	unsigned status = list_parts(w, &bytes, &parts, &paths);

	if (status == 0 && !work_load(w->path, &now))
		status = refuse(w, 503,
			"the bench file cannot be read: %s; look at it at this computer",
			strerror(errno));
	if (status == 0 && w->ask.kind == ERRAND_PUT)
		status = check_digest(w, &now);
	if (status == 0 && w->ask.kind != ERRAND_CHECK)
		status = check_place(w, w->path);
	if (status == 0 && w->ask.kind != ERRAND_UNDO) {
		work_read(w, ERRAND_TEXT, &text);
		version_entry(&all, w->path, text.data, text.n);
		status = work_write(w, ERRAND_NEXT, &all);
	}
	if (status == 0)
		status = work_files(w, ERRAND_NEXT, &wanted, &next);
	if (status == 0 && w->ask.kind == ERRAND_UNDO)
		status = check_places(w, &next);
	if (status == 0) {
		struct version first = { .n = 1, .files = { { .path = w->path } } };

		buf_clear(&all);
		version_entry(&all, w->path, now.data, now.n);
		for (size_t i = 0; i < next.n; i++)
			if (strcmp(next.files[i].path, w->path) == 0)
				next.files[i].path = "";
		for (size_t i = 0; i < parts.n; i++)
			if (version_find(&next, parts.files[i].path) != NULL)
				parts.files[i].path = "";
		add_now(&all, &parts, &first);
		add_now(&all, &next, &first);
		status = work_write(w, ERRAND_NOW, &all);
		/* What the bench is made of already, wherever it is, the compiler may read; as it is. */
		buf_clear(&all);
		add_now(&all, &parts, &first);
		if (status == 0)
			status = work_write(w, ERRAND_NEXT, &all);
	}
	buf_done(&bytes);
	buf_done(&paths);
	buf_done(&now);
	buf_done(&text);
	buf_done(&all);
	buf_done(&wanted);
	return status;
}

/* ---- it is kept ---------------------------------------------------------------------------------------------------------- */

/* Of the newest version, is it that? Then it is kept already. */
static bool
is_kept(const struct work *w, const struct version *now)
{
	static struct version newest;
	struct buf bytes = { 0 };
	struct err err;
	unsigned number = versions_newest(w->state);
	bool is_same = number > 0 && versions_read(w->state, number, &bytes, &newest, &err) == 0 &&
		       newest.n > 0;

	for (size_t i = 0; is_same && i < newest.n; i++) {
		char path[VERSION_PATH_MAX];
		const struct version_file *f = NULL;

		if (version_absolute(path, w->parent, newest.files[i].path))
			f = version_find(now, path);
		is_same = f != NULL && f->n == newest.files[i].n &&
			  (f->n == 0 || memcmp(f->bytes, newest.files[i].bytes, f->n) == 0);
	}
	buf_done(&bytes);
	return is_same;
}

unsigned
step_keep(struct work *w)
{
	static struct version now, kept;
	struct buf bytes = { 0 }, again = { 0 }, paths = { 0 }, out = { 0 };
	char when[CLOCK_TEXT_SIZE], part[32];
	unsigned status = work_files(w, ERRAND_NOW, &bytes, &now);
	struct json j;
	struct err err;
	int rc = 0;

	if (status == 0 && !is_kept(w, &now)) {
		work_read(w, ERRAND_NOW, &again);
		clock_text(when, (int64_t)time(NULL) * NS_PER_S);
		snprintf(part, sizeof(part), "edit-%d", (int)getpid());
		rc = version_collect(&kept, w->folder, again.data, again.n, &paths, &err);
		kept.time = when;
		kept.bench = w->bench;
		kept.path = w->path;
		kept.who = VERSIONS_NEVER_RAN;
		if (rc == 0)
			rc = versions_write(w->state, part, &kept, &err);
		if (rc == 1)
			rc = versions_name(w->state, part, &err);
	}
	if (rc < 0)
		status = refuse(w, 507,
			"the file as it is cannot be kept as a version (%.200s), so nothing is "
			"changed; free some room",
			err.msg);
	if (status == 0) {
		json_open(&j, &out);
		json_object(&j, NULL);
		if (rc > 0)
			json_uint(&j, "kept", (uint64_t)rc);
		else
			json_null(&j, "kept");
		status = work_write(w, ERRAND_ANSWER, &out); /* its end comes later */
	}
	buf_done(&bytes);
	buf_done(&again);
	buf_done(&paths);
	buf_done(&out);
	return status;
}

/* ---- it is written ------------------------------------------------------------------------------------------------------- */

static unsigned
cannot(struct work *w, const char *path, int sys)
{
	bool is_full = sys == ENOSPC || sys == EDQUOT || sys == EFBIG;
	const char *remedy =
		is_full ? "free some room on its disk"
		: sys == EROFS
			? "its disk can only be read: edit it where it comes from, then 'mbc "
			  "reload'"
			: "it belongs to another user, or its folder does: give both to the user "
			  "that may write them ('chown'), or edit it at this computer";

	return refuse(w, is_full ? 507 : 409,
		"'%s' cannot be written (%s), and nothing is changed; %s", work_name(w, path),
		strerror(sys), remedy);
}

static bool
put_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);

		if (done <= 0)
			return false;
		bytes += done;
		n -= (size_t)done;
	}
	return true;
}

static void
part_of(char out[PART_BYTES], const char *path)
{
	snprintf(out, PART_BYTES, "%s.part", path);
}

static unsigned
prepare_one(struct work *w, const struct version_file *f)
{
	struct stat st = { .st_mode = 0644 };
	char part[PART_BYTES];
	bool is_there = lstat(f->path, &st) == 0, is_good;
	int fd, sys;

	if (is_there && !S_ISREG(st.st_mode))
		return check_place(w, f->path);
	part_of(part, f->path);
	unlink(part);
	errno = 0;
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	is_good = fd >= 0 && put_all(fd, f->bytes, f->n) &&
		  (!is_there || (st.st_uid == geteuid() && st.st_gid == getegid()) ||
			  fchown(fd, st.st_uid, st.st_gid) == 0) &&
		  fchmod(fd, st.st_mode & 0777) == 0 && fsync(fd) == 0;
	sys = errno;
	if (fd >= 0)
		close(fd);
	if (is_good)
		return 0;
	if (fd >= 0)
		unlink(part);
	return cannot(w, f->path, sys == 0 ? EIO : sys);
}

static void
sync_folder_of(const char *path)
{
	char folder[VERSION_PATH_MAX];
	int fd;

	snprintf(folder, sizeof(folder), "%.*s", (int)MAX(strrchr(path, '/') - path, 1), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!fsync(fd); /* some file systems cannot */
	close(fd);
}

/* Is it still what it was when it was looked at? */
static unsigned
check_still(struct work *w, const char *path, const struct version *now)
{
	const struct version_file *was = version_find(now, path);
	struct buf is = { 0 };
	bool is_same = work_load(path, &is) ? is_among(now, path, &is) : was == NULL;

	buf_done(&is);
	return is_same ? 0
		       : refuse(w, 409,
				 "'%s' was written by somebody else at this moment; read it again",
				 work_name(w, path));
}

unsigned
step_write(struct work *w)
{
	static struct version now, next;
	static bool changes[VERSION_FILES_MAX];
	struct buf bytes[2] = { { 0 }, { 0 } }, out = { 0 };
	unsigned status = work_files(w, ERRAND_NOW, &bytes[0], &now);
	const struct version_file *edited;
	char hash[SHA256_HEX + 1], part[PART_BYTES];
	size_t n_written = 0;

	if (status == 0)
		status = work_files(w, ERRAND_NEXT, &bytes[1], &next);
	for (size_t i = 0; status == 0 && i < next.n; i++) {
		const struct buf b = { .data = bytes[1].data +
					       (next.files[i].bytes - bytes[1].data),
			.n = next.files[i].n };

		changes[i] = !is_among(&now, next.files[i].path, &b) &&
			     work_name(w, next.files[i].path) != next.files[i].path;
		if (changes[i])
			status = prepare_one(w, &next.files[i]);
		changes[i] = changes[i] && status == 0;
	}
	for (size_t i = 0; status == 0 && i < next.n; i++)
		if (changes[i])
			status = check_still(w, next.files[i].path, &now);
	/* The bench file, which is the first one, at last. */
	for (size_t i = next.n; i-- > 0;) {
		if (!changes[i])
			continue;
		part_of(part, next.files[i].path);
		if (status != 0) {
			unlink(part);
			continue;
		}
		if (rename(part, next.files[i].path) < 0) {
			status = cannot(w, next.files[i].path, errno);
			unlink(part);
			continue;
		}
		sync_folder_of(next.files[i].path);
		n_written++;
	}
	if (status == 0) {
		edited = version_find(
			&next, w->sequence_path[0] != '\0' ? w->sequence_path : w->path);
		sha256_hex(
			hash, edited == NULL ? "" : edited->bytes, edited == NULL ? 0 : edited->n);
		buf_printf(&out, ",\"sha256\":\"%s\",\"written\":%zu", hash, n_written);
		status = work_write(w, ERRAND_ANSWER, &out);
	}
	buf_done(&bytes[0]);
	buf_done(&bytes[1]);
	buf_done(&out);
	return status;
}
