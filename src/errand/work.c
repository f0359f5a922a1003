/* work.c - what all steps of an errand need */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diff.h"
#include "base/mem.h"
#include "base/text.h"
#include "control/change.h"
#include "errand/errand.h"

/* ---- memory ------------------------------------------------------------------------------------------------------------ */

unsigned PRINTF(3, 4) refuse(struct work *w, unsigned status, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = text_utf8(text, strlen(text));
	if (pwrite(w->fds[ERRAND_ANSWER], text, n, 0) != (ssize_t)n)
		return 500;
	return status;
}

void
work_read(const struct work *w, enum errand_memory which, struct buf *out)
{
	ssize_t n;

	if (w->fds[which] < 0)
		return;
	while ((n = pread(w->fds[which], buf_room(out, 65536), 65536, (off_t)out->n)) > 0 &&
		out->n < 2u * VERSION_BYTES_MAX)
		out->n += (size_t)n;
}

unsigned
work_write(struct work *w, enum errand_memory which, const struct buf *bytes)
{
	off_t at = lseek(w->fds[which], 0, SEEK_END);
	size_t done = 0;

	if (which == ERRAND_ANSWER && bytes->n > ERRAND_ANSWER_MAX - 4096)
		return refuse(w, 507,
			"the answer would have over 16 MB; ask at this computer: mbc bench, mbc "
			"audit");
	while (at >= 0 && done < bytes->n) {
		ssize_t n = pwrite(
			w->fds[which], bytes->data + done, bytes->n - done, at + (off_t)done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done == bytes->n ? 0 : refuse(w, 503, "no memory is left for it; ask again later");
}

unsigned
work_files(struct work *w, enum errand_memory which, struct buf *bytes, struct version *out)
{
	struct err err;

	out->n = 0;
	work_read(w, which, bytes);
	return version_entries(out, bytes->data, bytes->n, &err) == 0
		       ? 0
		       : refuse(w, 500, "%s", err.msg);
}

struct image *
work_image(const struct work *w, enum errand_memory which)
{
	struct buf bytes = { 0 };
	struct image *img;

	work_read(w, which, &bytes);
	img = mem_zero(MAX(bytes.n, sizeof(*img)), 1);
	if (bytes.n > 0)
		memcpy(img, bytes.data, bytes.n);
	if (bytes.n < sizeof(*img) || image_check(img, bytes.n, NULL) < 0) {
		free(img);
		img = NULL;
	}
	buf_done(&bytes);
	return img;
}

/* ---- files -------------------------------------------------------------------------------------------------------------- */

const char *
work_name(const struct work *w, const char *path)
{
	size_t n = strlen(w->parent);

	return strncmp(path, w->parent, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

bool
work_load(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), sys = 0;
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0)
		sys = errno;
	else if (!S_ISREG(st.st_mode))
		sys = EINVAL;
	while (sys == 0 && (n = read(fd, buf_room(out, 65536), 65536)) > 0) {
		out->n += (size_t)n;
		if (out->n > ERRAND_TEXT_MAX)
			sys = EFBIG;
	}
	if (sys == 0 && n < 0)
		sys = errno;
	close(fd);
	errno = sys;
	return sys == 0;
}

/* ---- JSON --------------------------------------------------------------------------------------------------------------- */

bool
is_text(const char *bytes, size_t n)
{
	return text_utf8(bytes, n) == n && (n == 0 || memchr(bytes, '\0', n) == NULL);
}

void
put_text(struct json *j, const char *key, const char *bytes, size_t n)
{
	struct buf out = { 0 };

	while (n > 0) {
		size_t good = text_utf8(bytes, n), end;
		const char *nul = good == 0 ? NULL : memchr(bytes, '\0', good);

		end = nul != NULL ? (size_t)(nul - bytes) : good;
		buf_put(&out, bytes, end);
		if (end < n) {
			buf_putc(&out, '?');
			end++;
		}
		bytes += end;
		n -= end;
	}
	json_text(j, key, buf_text(&out));
	buf_done(&out);
}

static const struct image_channel *
find_channel(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->channels.n; i++)
		if (strcmp(image_text(img, image_channel_at(img, i)->name), name) == 0)
			return image_channel_at(img, i);
	return NULL;
}

/* The names of channels that `img` has and `other` has not. */
static void
put_only(struct json *j, const char *key, const struct image *img, const struct image *other)
{
	json_array(j, key);
	for (uint32_t i = 0; i < img->channels.n; i++) {
		const char *name = image_text(img, image_channel_at(img, i)->name);

		if (find_channel(other, name) == NULL)
			put_text(j, NULL, name, strlen(name));
	}
	json_end(j);
}

static void
put_units(struct json *j, const struct image *was, const struct image *is)
{
	json_array(j, "units");
	for (uint32_t i = 0; i < was->channels.n; i++) {
		const struct image_channel *a = image_channel_at(was, i),
					   *c = find_channel(is, image_text(was, a->name));

		if (c == NULL || strcmp(image_text(was, a->unit), image_text(is, c->unit)) == 0)
			continue;
		json_object(j, NULL);
		json_text(j, "channel", image_text(was, a->name));
		json_text(j, "was", image_text(was, a->unit));
		json_text(j, "is", image_text(is, c->unit));
		json_end(j);
	}
	json_end(j);
}

static bool
has_program(const struct image *img, const char *words)
{
	for (uint32_t i = 0; i < img->links.n; i++) {
		const struct image_link *l = image_link_at(img, i);

		if (l->kind == LINK_HELPER && strcmp(image_text(img, l->host), words) == 0)
			return true;
	}
	return false;
}

size_t
put_programs(struct json *j, const char *key, const struct image *was, const struct image *is)
{
	size_t n = 0;

	if (j != NULL)
		json_array(j, key);
	for (uint32_t i = 0; i < is->links.n; i++) {
		const struct image_link *l = image_link_at(is, i);
		const char *words = image_text(is, l->host), *program = strchr(words, '\n');

		if (l->kind != LINK_HELPER || has_program(was, words))
			continue;
		n++;
		program = program == NULL ? words : program + 1; /* behind its folder */
		if (j != NULL)
			put_text(j, NULL, program, strcspn(program, "\n"));
	}
	if (j != NULL)
		json_end(j);
	return n;
}

/* Of the lines of change_list() those with this word in front. */
static void
put_lines(struct json *j, const char *key, struct buf *list)
{
	size_t word = strlen(key);

	json_array(j, key);
	for (const char *at = buf_text(list); *at != '\0';) {
		size_t n = strcspn(at, "\n");

		if (n > word + 2 && strncmp(at, key, word) == 0 && at[word] == ':')
			put_text(j, NULL, at + word + 2, n - word - 2);
		at += n + (at[n] == '\n');
	}
	json_end(j);
}

size_t
put_changes(struct json *j, const char *key, const struct image *was, const struct image *is)
{
	struct change_count count = { 0 };
	struct buf list = { 0 };

	change_list(was, is, &list, &count);
	json_object(j, key);
	put_only(j, "new", is, was);
	put_only(j, "gone", was, is);
	put_units(j, was, is);
	put_programs(j, "programs", was, is);
	put_lines(j, "weaker", &list);
	put_lines(j, "stronger", &list);
	put_lines(j, "changed", &list);
	json_end(j);
	buf_done(&list);
	return count.weaker;
}

static void
add_difference(struct buf *out, const struct work *w, const char *path, const struct version *was,
	const char *was_name, const struct version *is, const char *is_name)
{
	const struct version_file *a = version_find(was, path), *b = version_find(is, path);
	char names[2][VERSION_PATH_MAX + 64];
	struct buf one = { 0 };

	snprintf(names[0], sizeof(names[0]), "%s  %s", work_name(w, path), was_name);
	snprintf(names[1], sizeof(names[1]), "%s  %s", work_name(w, path), is_name);
	if (diff_unified(&one, names[0], a == NULL ? "" : a->bytes, a == NULL ? 0 : a->n, names[1],
		    b == NULL ? "" : b->bytes, b == NULL ? 0 : b->n))
		buf_put(out, one.data, one.n);
	buf_done(&one);
}

void
put_difference(struct work *w, struct json *j, const struct version *was, const char *was_name,
	const struct version *is, const char *is_name)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < is->n; i++)
		add_difference(&out, w, is->files[i].path, was, was_name, is, is_name);
	for (size_t i = 0; i < was->n; i++)
		if (version_find(is, was->files[i].path) == NULL)
			add_difference(&out, w, was->files[i].path, was, was_name, is, is_name);
	put_text(j, "diff", out.data, out.n);
	buf_done(&out);
}
