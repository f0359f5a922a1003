/* read.c - a backup is read, and each of its bytes found to be what was written
 *
 * Memory does not grow with the file: what is large is taken piece by piece. All of it is read before anything of it is believed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/backup.h"
#include "backup/sealed.h"
#include "base/mem.h"
#include "base/text.h"

#define PIECE 65536
#define ABOUT_MAX 8192
#define MANIFEST_MAX (16u << 20)
#define SEALED_FILE_MAX (SEALED_MAX + SEALED_MAX / 64)
#define FILES_MAX 100000

struct reader {
	int fd;
	uint64_t at; /* bytes read */
};

static int
damaged(const struct reader *r, struct err *err, const char *what)
{
	return err_set(err, ERR_CONF, 0, "damaged near byte %llu: %.120s; take another backup",
		(unsigned long long)r->at, what);
}

static int
take(struct reader *r, void *out, size_t n, struct err *err)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = read(r->fd, (char *)out + done, n - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, ERR_IO, errno, "reading near byte %llu: %s",
				(unsigned long long)r->at, strerror(errno));
		if (got == 0)
			return damaged(r, err, "it ends here, and more was written");
		done += (size_t)got;
		r->at += (uint64_t)got;
	}
	return 0;
}

static bool
are_zeros(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* ---- one entry ------------------------------------------------------------------------------------------------------------ */

struct body {
	struct buf *kept; /* NULL: it is not */
	const struct backup_sink *to;
};

static int
take_body(struct reader *r, const struct tar_entry *e, const struct body *b,
	char sha[SHA256_HEX + 1], struct err *err)
{
	uint8_t piece[PIECE];
	struct sha256 sum;
	int rc = 0;

	sha256_begin(&sum);
	for (uint64_t left = e->bytes; left > 0 && rc == 0;) {
		size_t n = (size_t)MIN(left, (uint64_t)PIECE);

		rc = take(r, piece, n, err);
		if (rc < 0)
			break;
		sha256_add(&sum, piece, n);
		if (b->kept != NULL)
			buf_put(b->kept, piece, n);
		if (b->to != NULL)
			rc = b->to->put(b->to->ctx, piece, n, err);
		left -= n;
	}
	sha256_end_hex(&sum, sha);
	if (rc == 0)
		rc = take(r, piece, tar_padding(e->bytes), err);
	if (rc == 0 && !are_zeros(piece, tar_padding(e->bytes)))
		return damaged(r, err, "there is something between two files");
	return rc;
}

/* 1: an entry, 0: the end, and nothing behind it. */
static int
take_head(struct reader *r, struct tar_entry *e, struct err *err)
{
	uint8_t block[TAR_BLOCK];
	struct err why;
	int rc = take(r, block, sizeof(block), err);

	if (rc < 0)
		return rc;
	rc = tar_read(e, block, &why);
	if (rc < 0)
		return damaged(r, err, why.msg);
	if (rc == 1)
		return 1;
	rc = take(r, block, sizeof(block), err);
	if (rc == 0 && !are_zeros(block, sizeof(block)))
		return damaged(r, err, "there is something behind its end");
	if (rc == 0 && read(r->fd, block, 1) != 0)
		return damaged(r, err, "there is something behind its end");
	return rc;
}

/* ---- about.txt -------------------------------------------------------------------------------------------------------------- */

static bool
take_value(const char *text, const char *key, char *out, size_t cap)
{
	char line[32];
	const char *at;
	size_t n;

	snprintf(line, sizeof(line), "\n%s ", key);
	at = strstr(text, line);
	if (at == NULL)
		return false;
	at += strlen(line);
	n = strcspn(at, "\n");
	if (n == 0 || n >= cap)
		return false;
	memcpy(out, at, n);
	out[n] = '\0';
	return true;
}

static int
read_about(struct backup *b, const struct reader *r, const char *text, struct err *err)
{
	char word[8];

	if (strncmp(text, "mbc backup ", 11) != 0)
		return damaged(r, err, "it does not begin as a backup does");
	if (strncmp(text, BACKUP_ABOUT_HEAD, strlen(BACKUP_ABOUT_HEAD)) != 0)
		return err_set(err, ERR_CONF, 0,
			"it was made by a newer mbc (form %.*s, this one knows " BACKUP_FORM
			"); update mbc here, then restore",
			(int)MIN(strcspn(text + 11, "\n"), (size_t)16), text + 11);
	if (!take_value(text, "bench", b->bench, sizeof(b->bench)) ||
		!take_value(text, "made", b->made, sizeof(b->made)) ||
		!take_value(text, "folder", b->folder, sizeof(b->folder)) ||
		!take_value(text, "file", b->file, sizeof(b->file)) ||
		!take_value(text, "history", word, sizeof(word)) || !tar_is_name(b->bench) ||
		b->bench[0] == '.' || strchr(b->bench, '/') != NULL || !tar_is_name(b->file) ||
		b->folder[0] != '/')
		return damaged(r, err, "'" BACKUP_ABOUT "' does not tell what it is");
	b->has_history = strcmp(word, "yes") == 0;
	return 0;
}

/* ---- all of it --------------------------------------------------------------------------------------------------------------- */

static void
put_line(struct buf *out, const struct backup_file *f)
{
	buf_printf(out, "%s  %s\n", f->sha, f->name);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
are_different(const struct backup *b)
{
	const char **names = mem_zero(b->n + 1, sizeof(*names));
	bool differ = true;

	for (size_t i = 0; i < b->n; i++)
		names[i] = b->files[i].name;
	qsort(names, b->n, sizeof(*names), by_name);
	for (size_t i = 1; i < b->n && differ; i++) {
		size_t n = strlen(names[i - 1]);

		/* Neither two of a name, nor one that is a file and a folder. */
		differ = strcmp(names[i - 1], names[i]) != 0 &&
			 !(strncmp(names[i - 1], names[i], n) == 0 && names[i][n] == '/');
	}
	free(names);
	return differ;
}

static int
check_manifest(const struct backup *b, const struct reader *r, struct buf *told, struct err *err)
{
	struct buf is = { 0 };
	char sum[SHA256_HEX + 1];
	int rc = 0;

	buf_puts(&is, BACKUP_MANIFEST_HEAD);
	for (size_t i = 0; i < b->n; i++)
		put_line(&is, &b->files[i]);
	sha256_hex(sum, is.data, is.n);
	buf_printf(&is, BACKUP_MANIFEST_END "%s\n", sum);
	if (is.n != told->n || memcmp(is.data, told->data, is.n) != 0) {
		const char *a = buf_text(&is), *line = a;
		char why[160];

		for (size_t i = 0; a[i] != '\0' && i < told->n && a[i] == told->data[i]; i++)
			if (a[i] == '\n')
				line = a + i + 1;
		snprintf(why, sizeof(why), "%.*s is not what its manifest tells",
			(int)MIN(strcspn(line, "\n"), (size_t)90) -
				(int)MIN(strcspn(line, "\n"), (size_t)SHA256_HEX + 2),
			line + MIN(strcspn(line, "\n"), (size_t)SHA256_HEX + 2));
		rc = damaged(r, err, why);
	}
	if (rc == 0 && !are_different(b))
		rc = damaged(r, err, "a name stands in it twice");
	buf_done(&is);
	return rc;
}

static int
room_for(const struct reader *r, const struct tar_entry *e, size_t n, struct err *err)
{
	uint64_t most = n == 0                                  ? ABOUT_MAX
			: strcmp(e->name, BACKUP_MANIFEST) == 0 ? MANIFEST_MAX
			: strcmp(e->name, BACKUP_SEALED) == 0   ? SEALED_FILE_MAX
								: UINT64_MAX / 4;

	if (n == 0 && strcmp(e->name, BACKUP_ABOUT) != 0)
		return damaged(r, err, "it is no backup of a bench: its first file is another");
	if (e->bytes > most || n > FILES_MAX)
		return damaged(r, err, "it has more in it than a backup can");
	return 0;
}

static int
add(struct backup *b, struct reader *r, const struct tar_entry *e, struct buf *manifest,
	struct err *err)
{
	bool is_manifest = strcmp(e->name, BACKUP_MANIFEST) == 0,
	     is_sealed = strcmp(e->name, BACKUP_SEALED) == 0;
	struct buf about = { 0 };
	struct body body = { .kept = is_manifest ? manifest : is_sealed ? &b->sealed : NULL };
	struct backup_file f = { .bytes = e->bytes };
	int rc = room_for(r, e, b->n, err);

	if (b->n == 0)
		body.kept = &about;
	/* Each costs the sum of all names before it, and there is one. */
	if (is_sealed && rc == 0 && b->binding[0] != '\0')
		rc = damaged(r, err, "'" BACKUP_SEALED "' stands in it twice");
	if (is_sealed && rc == 0) {
		struct buf lines = { 0 };

		buf_puts(&lines, BACKUP_MANIFEST_HEAD);
		for (size_t i = 0; i < b->n; i++)
			put_line(&lines, &b->files[i]);
		sha256_hex(b->binding, lines.data, lines.n);
		buf_done(&lines);
		b->sealed.n = 0;
	}
	if (rc == 0)
		rc = take_body(r, e, &body, f.sha, err);
	if (rc == 0 && b->n == 0)
		rc = read_about(b, r, buf_text(&about), err);
	buf_done(&about);
	if (rc < 0 || is_manifest)
		return rc;
	f.name = mem_text(e->name);
	if ((b->n & (b->n - 1)) == 0)
		b->files = mem_grow(b->files, b->n == 0 ? 1 : 2 * b->n, sizeof(f));
	b->files[b->n++] = f;
	b->bytes += f.bytes;
	return 0;
}

int
backup_read(struct backup *out, int fd, struct err *err)
{
	struct reader r = { .fd = fd };
	struct buf manifest = { 0 };
	struct tar_entry e;
	bool has_manifest = false;
	int rc;

	*out = (struct backup){ .n = 0 };
	while ((rc = take_head(&r, &e, err)) == 1) {
		if (has_manifest)
			rc = damaged(&r, err, "there is something behind its manifest");
		else
			rc = add(out, &r, &e, &manifest, err);
		has_manifest = strcmp(e.name, BACKUP_MANIFEST) == 0;
		if (rc < 0)
			break;
	}
	if (rc == 0 && !has_manifest)
		rc = damaged(&r, err, "it has no manifest");
	if (rc == 0)
		rc = check_manifest(out, &r, &manifest, err);
	buf_done(&manifest);
	return rc;
}

void
backup_done(struct backup *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->files[i].name);
	free(b->files);
	buf_done(&b->sealed);
	*b = (struct backup){ .n = 0 };
}

static int
extract_one(struct reader *r, const struct backup_file *f, const struct backup_sink *to,
	struct err *err)
{
	char sha[SHA256_HEX + 1];
	struct tar_entry e;
	struct body body = { .kept = NULL };
	int rc = take_head(r, &e, err), wanted;

	if (rc < 0)
		return rc;
	if (rc == 0 || strcmp(e.name, f->name) != 0 || e.bytes != f->bytes)
		return damaged(r, err, "it was changed while it was read");
	wanted = to->open(to->ctx, f, err);
	if (wanted < 0)
		return wanted;
	body.to = wanted == 1 ? to : NULL;
	rc = take_body(r, &e, &body, sha, err);
	if (wanted == 1) {
		struct err of_close;
		int closed = to->close(to->ctx, &of_close);

		if (rc == 0 && closed < 0) {
			*err = of_close;
			rc = closed;
		}
	}
	if (rc == 0 && strcmp(sha, f->sha) != 0)
		return damaged(r, err, "it was changed while it was read");
	return rc;
}

int
backup_extract(const struct backup *b, int fd, const struct backup_sink *to, struct err *err)
{
	struct reader r = { .fd = fd };
	int rc = lseek(fd, 0, SEEK_SET) == 0
			 ? 0
			 : err_set(err, ERR_IO, errno, "reading it again: %s", strerror(errno));

	for (size_t i = 0; i < b->n && rc == 0; i++)
		rc = extract_one(&r, &b->files[i], to, err);
	return rc;
}

/* ---- what is sealed ---------------------------------------------------------------------------------------------------------- */

const char *const backup_sealed_state[BACKUP_SEALED_STATE + 1] = { "accounts", "certificate.pem",
	"certificate-public.pem", NULL };

bool
backup_is_sealed(const char *name)
{
	for (size_t i = 0; backup_sealed_state[i] != NULL; i++)
		if (strcmp(name, backup_sealed_state[i]) == 0)
			return true;
	return false;
}

void
backup_pack_put(struct buf *out, const char *name, const void *bytes, size_t n)
{
	buf_printf(out, "%zu %s\n", n, name);
	buf_put(out, bytes, n);
}

bool
backup_pack_next(char **at, const char *end, struct backup_pack *out, bool *is_bad)
{
	char *lf = *at == end ? NULL : memchr(*at, '\n', (size_t)(end - *at)), *space;
	int64_t n;

	*is_bad = *at != end;
	if (lf == NULL)
		return false;
	*lf = '\0';
	space = strchr(*at, ' ');
	if (space == NULL)
		return false;
	*space = '\0';
	if (!text_to_int(*at, &n) || n < 0 || n > end - (lf + 1) || !tar_is_name(space + 1))
		return false;
	*out = (struct backup_pack){ space + 1, lf + 1, (size_t)n };
	*at = lf + 1 + n;
	*is_bad = false;
	return true;
}

int
backup_unseal(const struct backup *b, const char *passphrase, struct buf *out, struct err *err)
{
	int rc = sealed_read(out, b->sealed.data, b->sealed.n, passphrase, err);
	char head[SHA256_HEX + 32];

	if (rc < 0)
		return rc;
	snprintf(head, sizeof(head), "%d binding\n%s", SHA256_HEX, b->binding);
	if (out->n >= strlen(head) && memcmp(out->data, head, strlen(head)) == 0)
		return 0;
	return err_set(err, ERR_CONF, 0,
		"its secrets were sealed for another backup: somebody has changed it; take another "
		"backup");
}
