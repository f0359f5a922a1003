/* backups.c - the backups that are kept, and the room for another one */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "errand/errand.h"

#define ROOM_MIN                                                                                   \
	((uint64_t)64                                                                              \
		<< 20) /* bytes that stay free for the bench itself, and as many to begin with */
#define LISTED_MAX 64  /* somebody else may have put more there */

struct kept {
	char name[104];
	uint64_t bytes;
	int64_t made_ns;
};

static void
path_of(const struct work *w, const char *name, char out[VERSION_PATH_MAX + 160])
{
	snprintf(out, VERSION_PATH_MAX + 160, "%s/" ERRAND_BACKUPS_FOLDER "/%s", w->state, name);
}

static int
by_time(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return x->made_ns != y->made_ns ? (x->made_ns < y->made_ns ? 1 : -1)
					: strcmp(y->name, x->name);
}

/* The newest first. */
static size_t
list(const struct work *w, struct kept all[LISTED_MAX])
{
	char path[VERSION_PATH_MAX + 160];
	struct dirent *e;
	struct stat st;
	size_t n = 0;
	DIR *d;

	path_of(w, "", path);
	d = opendir(path);
	while (d != NULL && n < LISTED_MAX && (e = readdir(d)) != NULL) {
		if (!errand_backup_name_is_good(e->d_name))
			continue;
		path_of(w, e->d_name, path);
		if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		text_copy(all[n].name, sizeof(all[n].name), e->d_name);
		all[n].bytes = (uint64_t)st.st_size;
		all[n++].made_ns = st.st_mtim.tv_sec * NS_PER_S;
	}
	if (d != NULL)
		closedir(d);
	qsort(all, n, sizeof(all[0]), by_time);
	return n;
}

/* Bytes that are free for us on the disk of the folder. */
static uint64_t
room(const struct work *w)
{
	char path[VERSION_PATH_MAX + 160];
	struct statfs fs;

	path_of(w, "", path);
	if (statfs(path, &fs) < 0)
		return 0;
	return (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
}

static bool
ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return n >= k && strcmp(name + n - k, end) == 0;
}

static void
remove_in(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (d == NULL && fd >= 0)
		close(fd);
	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		closedir(d);
}

/* Of one that was killed, while none is made: they take the room that the next one needs. Its folder stays, empty, for mbc-backup. */
static void
remove_halves(const struct work *w)
{
	char path[VERSION_PATH_MAX + 160];
	struct dirent *e;
	DIR *d;

	path_of(w, "", path);
	d = opendir(path);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (ends_in(e->d_name, ".part"))
			unlinkat(dirfd(d), e->d_name, 0);
		else if (ends_in(e->d_name, ".part.history"))
			remove_in(dirfd(d), e->d_name);
	}
	if (d != NULL)
		closedir(d);
}

static void
put_busy(const struct work *w, struct json *j)
{
	char path[VERSION_PATH_MAX + 160], part[140];
	const char *name = w->busy == NULL ? NULL : strchr(w->busy, ' ');
	struct stat st;

	if (name == NULL) {
		json_null(j, "busy");
		return;
	}
	snprintf(part, sizeof(part), "%s.part", name + 1);
	path_of(w, part, path);
	json_object(j, "busy");
	put_text(j, "act", w->busy, (size_t)(name - w->busy));
	json_text(j, "name", name + 1);
	json_uint(j, "bytes", lstat(path, &st) == 0 ? (uint64_t)st.st_size : 0);
	json_end(j);
}

/* "1 make NAME" */
static void
put_last(const struct work *w, struct json *j)
{
	const char *name = w->last == NULL ? NULL : strrchr(w->last, ' ');

	if (name == NULL || name < w->last + 3) {
		json_null(j, "last");
		return;
	}
	json_object(j, "last");
	put_text(j, "act", w->last + 2, (size_t)(name - w->last - 2));
	json_text(j, "name", name + 1);
	json_bool(j, "good", w->last[0] == '1');
	put_text(j, "text", w->said == NULL ? "" : w->said, w->said == NULL ? 0 : strlen(w->said));
	json_end(j);
}

unsigned
step_backups(struct work *w)
{
	static struct kept all[LISTED_MAX];
	size_t n = list(w, all);
	char when[CLOCK_TEXT_SIZE];
	struct buf out = { 0 };
	unsigned status;
	struct json j;

	json_open(&j, &out);
	json_object(&j, NULL);
	json_array(&j, "backups");
	for (size_t i = 0; i < n; i++) {
		clock_text(when, all[i].made_ns);
		json_object(&j, NULL);
		json_text(&j, "name", all[i].name);
		json_uint(&j, "bytes", all[i].bytes);
		json_text(&j, "made", when);
		json_end(&j);
	}
	json_end(&j);
	json_uint(&j, "max", ERRAND_BACKUPS_MAX);
	json_uint(&j, "free", room(w));
	put_busy(w, &j);
	put_last(w, &j);
	json_end(&j);
	buf_putc(&out, '\n');
	status = work_write(w, ERRAND_ANSWER, &out);
	buf_done(&out);
	return status;
}

unsigned
step_backup_room(struct work *w)
{
	static struct kept all[LISTED_MAX];
	char path[VERSION_PATH_MAX + 160];
	size_t n = list(w, all);
	uint64_t wanted = MAX(ROOM_MIN, w->leave) + ROOM_MIN,
		 free_bytes; /* the recorder records on */
	struct stat st;

	if (n >= ERRAND_BACKUPS_MAX)
		return refuse(w, 409,
			"%zu backups are kept here, which are all that have room; "
			"take them away and remove one first",
			n);
	path_of(w, w->ask.name, path);
	if (lstat(path, &st) == 0)
		return refuse(w, 409, "there is one of this second already; ask again");
	remove_halves(w);
	free_bytes = room(w);
	if (n > 0) /* the next one is like the newest, or larger */
		wanted += all[0].bytes + all[0].bytes / 4;
	if (free_bytes < wanted)
		return refuse(w, 507,
			"the disk has %llu MB free, and a backup needs about %llu MB "
			"here; remove one, or make it at the computer: mbc backup "
			"--bench %.60s FILE",
			(unsigned long long)(free_bytes >> 20), (unsigned long long)(wanted >> 20),
			w->bench);
	return 0;
}

unsigned
step_backup_look(struct work *w)
{
	char path[VERSION_PATH_MAX + 160];
	struct stat st;

	path_of(w, w->ask.name, path);
	return errand_backup_name_is_good(w->ask.name) && lstat(path, &st) == 0 &&
			       S_ISREG(st.st_mode)
		       ? 0
		       : refuse(w, 404,
				 "there is no backup of this name; the list has those that are");
}

unsigned
step_backup_halves(struct work *w)
{
	remove_halves(w);
	return 0;
}

unsigned
step_backup_remove(struct work *w)
{
	char path[VERSION_PATH_MAX + 160];
	unsigned status = step_backup_look(w);
	int folder;

	if (status != 0)
		return status;
	remove_halves(w);
	path_of(w, w->ask.name, path);
	if (unlink(path) < 0)
		return refuse(w, 503, "removing it: %s", strerror(errno));
	path_of(w, "", path);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0) {
		(void)!fsync(folder); /* some file systems cannot */
		close(folder);
	}
	return step_backups(w);
}
