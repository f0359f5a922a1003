/* ids.c - numbers of channels and instruments */
#include "supervise/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

struct entry {
	char kind; /* 'c' or 'i'; 0: free cell */
	uint32_t id;
	char *name;
};

struct ids {
	struct entry *at; /* hash, open addressing */
	size_t cap, n;
	uint32_t next;
	bool is_changed;
};

static size_t
cell_of(const struct ids *ids, char kind, const char *name)
{
	size_t at = (size_t)(text_hash(name, strlen(name)) + (unsigned char)kind) & (ids->cap - 1);

	while (ids->at[at].kind != 0 &&
		(ids->at[at].kind != kind || strcmp(ids->at[at].name, name) != 0))
		at = (at + 1) & (ids->cap - 1);
	return at;
}

static void
put(struct ids *ids, char kind, const char *name, uint32_t id)
{
	struct entry *e;

	if (ids->n * 2 >= ids->cap) {
		struct ids bigger = { .cap = MAX(ids->cap * 2, (size_t)1024), .n = ids->n };

		bigger.at = mem_zero(bigger.cap, sizeof(*bigger.at));
		for (size_t i = 0; i < ids->cap; i++)
			if (ids->at[i].kind != 0)
				bigger.at[cell_of(&bigger, ids->at[i].kind, ids->at[i].name)] =
					ids->at[i];
		free(ids->at);
		ids->at = bigger.at;
		ids->cap = bigger.cap;
	}
	e = &ids->at[cell_of(ids, kind, name)];
	if (e->kind == 0) {
		*e = (struct entry){ kind, id, mem_text(name) };
		ids->n++;
	} else {
		e->id = id;
	}
	ids->next = MAX(ids->next, id + 1);
}

static uint32_t
get(const struct ids *ids, char kind, const char *name)
{
	const struct entry *e;

	if (ids->cap == 0)
		return 0;
	e = &ids->at[cell_of(ids, kind, name)];
	return e->kind != 0 ? e->id : 0;
}

static int
load(struct ids *ids, const char *path, struct err *err)
{
	char line[200];
	FILE *f = fopen(path, "re");
	int number = 0, rc = 0;

	ids->next = 1;
	if (f == NULL)
		return errno == ENOENT ? 0
				       : err_set(err, ERR_IO, errno,
						 "reading '%s': %s; let this user read it", path,
						 strerror(errno));
	while (rc == 0 && fgets(line, sizeof(line), f) != NULL) {
		char kind[16], name[160] = "";
		unsigned long id;

		number++;
		if (sscanf(line, "%15s %lu %159s", kind, &id, name) < 2 || id >= UINT32_MAX)
			rc = err_set(err, ERR_CONF, 0,
				"%s:%d: not a line of numbers; restore the file from a backup, or "
				"remove it to number all anew",
				path, number);
		else if (strcmp(kind, "next") == 0)
			ids->next = MAX(ids->next, (uint32_t)id);
		else
			put(ids, kind[0], name, (uint32_t)id);
	}
	if (rc == 0 && ferror(f)) /* half of the numbers would be given twice */
		rc = err_set(err, ERR_IO, errno,
			"reading '%s': %s; restore the file from a backup, or remove it to number "
			"all anew",
			path, strerror(errno));
	fclose(f);
	return rc;
}

/* A rename lasts only once its folder is on the disk. */
static int
sync_folder(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	return rc;
}

static int
save(const struct ids *ids, const char *dir, const char *path, struct err *err)
{
	struct buf out = { 0 };
	char fresh[300];
	size_t done = 0;
	int fd, rc = 0;

	buf_printf(&out, "next %u\n", ids->next);
	for (size_t i = 0; i < ids->cap; i++)
		if (ids->at[i].kind != 0)
			buf_printf(&out, "%s %u %s\n",
				ids->at[i].kind == 'c' ? "channel" : "instrument", ids->at[i].id,
				ids->at[i].name);
	snprintf(fresh, sizeof(fresh), "%s/ids.new", dir);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	/* A full disk cuts a write short without an error; the next one tells why. */
	while (fd >= 0 && done < out.n) {
		ssize_t n = write(fd, out.data + done, out.n - done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (fd < 0 || done < out.n || fsync(fd) < 0 || rename(fresh, path) < 0 ||
		sync_folder(dir) < 0) {
		rc = err_set(err, ERR_IO, errno,
			"writing '%s': %s; the numbers of channels must be kept: make room", path,
			strerror(errno));
		unlink(fresh);
	}
	if (fd >= 0)
		close(fd);
	buf_done(&out);
	return rc;
}

static uint32_t
give(struct ids *ids, char kind, const char *name, const char *was)
{
	uint32_t id = get(ids, kind, name);

	if (id != 0)
		return id;
	if (was[0] != '\0')
		id = get(ids, kind, was);
	if (id == 0)
		id = ids->next;
	put(ids, kind, name, id);
	ids->is_changed = true;
	return id;
}

/* Tables of the image for writing: it is still ours alone. */
static void *
table(struct image *img, const struct image_table *t)
{
	return (char *)img + t->off;
}

int
ids_give(const char *dir, struct image *img, struct err *err)
{
	struct image_channel *channels = table(img, &img->channels);
	struct image_instrument *instruments = table(img, &img->instruments);
	struct ids ids = { 0 };
	char path[300];
	int rc;

	snprintf(path, sizeof(path), "%s/ids", dir);
	rc = load(&ids, path, err);
	for (uint32_t i = 0; rc == 0 && i < img->channels.n; i++)
		channels[i].id = give(&ids, 'c', image_text(img, channels[i].name),
			image_text(img, channels[i].was));
	for (uint32_t i = 0; rc == 0 && i < img->instruments.n; i++)
		instruments[i].id = give(&ids, 'i', image_text(img, instruments[i].name), "");
	if (rc == 0 && ids.is_changed)
		rc = save(&ids, dir, path, err);
	for (size_t i = 0; i < ids.cap; i++)
		free(ids.at[i].name);
	free(ids.at);
	return rc;
}
