/* version.c - one version of a bench file, with the files that it was made from, as bytes of a file */
#include "msg/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define HEAD "mbc bench version "
#define FORM "1"

/* ---- paths ------------------------------------------------------------------------------------------------------------- */

bool
version_absolute(char out[VERSION_PATH_MAX], const char *folder, const char *path)
{
	char all[2 * VERSION_PATH_MAX];
	size_t n = 0;
	int length = path[0] == '/' ? snprintf(all, sizeof(all), "%s", path)
				    : snprintf(all, sizeof(all), "%s/%s", folder, path);

	if (length < 0 || (size_t)length >= sizeof(all) || (path[0] != '/' && folder[0] != '/') ||
		all[0] != '/')
		return false;
	for (const char *at = all; *at != '\0';) {
		size_t part;

		at += strspn(at, "/");
		part = strcspn(at, "/");
		if (part == 2 && at[0] == '.' && at[1] == '.') {
			while (n > 0 && out[--n] != '/')
				;
		} else if (part > 0 && !(part == 1 && at[0] == '.')) {
			if (n + part + 2 > VERSION_PATH_MAX)
				return false;
			out[n++] = '/';
			memcpy(out + n, at, part);
			n += part;
		}
		at += part;
	}
	if (n == 0)
		out[n++] = '/';
	out[n] = '\0';
	return true;
}

/* `path` as seen from `folder`, both from "/" on. What has nothing in common with it stays as it is. */
static void
put_relative(struct buf *out, const char *folder, const char *path)
{
	size_t same = 0, i = 0;

	for (; folder[i] != '\0' && folder[i] == path[i]; i++)
		if (path[i] == '/')
			same = i;
	if (folder[i] == '\0' && path[i] == '/')
		same = i;
	if (same == 0 && strcmp(folder, "/") != 0) {
		buf_puts(out, path);
		return;
	}
	for (const char *rest = folder + same; *rest != '\0'; rest++)
		if (*rest == '/' && rest[1] != '\0')
			buf_puts(out, "../");
	buf_puts(out, path + same + 1);
}

bool
version_is_below(const char *path)
{
	return text_is_below(path, VERSION_PATH_MAX);
}

const struct version_file *
version_find(const struct version *v, const char *path)
{
	for (size_t i = 0; i < v->n; i++)
		if (strcmp(v->files[i].path, path) == 0)
			return &v->files[i];
	return NULL;
}

/* ---- lines ---------------------------------------------------------------------------------------------------------------- */

struct lines {
	char *at, *end;
};

/* The next line, ended by a NUL in the place of its end; NULL: there is none. */
static char *
next_line(struct lines *in)
{
	char *line = in->at, *lf = memchr(line, '\n', (size_t)(in->end - line));

	if (lf == NULL || memchr(line, '\0', (size_t)(lf - line)) != NULL)
		return NULL;
	*lf = '\0';
	in->at = lf + 1;
	return line;
}

static const char *
next_value(struct lines *in, const char *key)
{
	size_t n = strlen(key);
	char *line = next_line(in);

	return line != NULL && strncmp(line, key, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

/* "1234 bench.yaml" */
static bool
take_entry(char *line, struct version_file *out)
{
	char *space = line == NULL ? NULL : strchr(line, ' ');
	int64_t n;

	if (space == NULL || space[1] == '\0' || line[0] < '0' || line[0] > '9')
		return false;
	*space = '\0';
	if (!text_to_int(line, &n) || n < 0 || n > (int64_t)VERSION_BYTES_MAX)
		return false;
	*out = (struct version_file){ .path = space + 1, .n = (size_t)n };
	return true;
}

static bool
read_files(struct version *out, struct lines *in)
{
	const char *number = next_value(in, "files");
	int64_t n;

	if (number == NULL || !text_to_int(number, &n) || n < 1 || n > VERSION_FILES_MAX)
		return false;
	for (int64_t i = 0; i < n; i++) {
		struct version_file file;

		if (!take_entry(next_line(in), &file) || version_find(out, file.path) != NULL)
			return false;
		out->files[out->n++] = file;
	}
	if (in->at == in->end || *in->at++ != '\n')
		return false;
	for (size_t i = 0; i < out->n; i++) {
		if (out->files[i].n > (size_t)(in->end - in->at))
			return false;
		out->files[i].bytes = in->at;
		in->at += out->files[i].n;
	}
	return in->at == in->end;
}

int
version_read(struct version *out, char *bytes, size_t n, struct err *err)
{
	struct lines in = { bytes, bytes + n };
	char hash[SHA256_HEX + 1];
	const char *head;

	out->n = 0;
	head = n == 0 ? NULL : next_line(&in);
	if (head == NULL || strncmp(head, HEAD, strlen(HEAD)) != 0)
		return err_set(err, ERR_CONF, 0, "it is no version of a bench file");
	if (strcmp(head + strlen(HEAD), FORM) != 0)
		return err_set(err, ERR_CONF, 0,
			"it is of a newer mbc; update this one, or look at it with an editor");
	out->time = next_value(&in, "time");
	out->bench = out->time == NULL ? NULL : next_value(&in, "bench");
	out->path = out->bench == NULL ? NULL : next_value(&in, "path");
	out->who = out->path == NULL ? NULL : next_value(&in, "who");
	out->hash = out->who == NULL ? NULL : next_value(&in, "hash");
	if (out->hash == NULL)
		return err_set(err, ERR_CONF, 0, "it is damaged: its head is not whole");
	sha256_hex(hash, in.at, (size_t)(in.end - in.at));
	if (strcmp(hash, out->hash) != 0 || !read_files(out, &in))
		return err_set(err, ERR_CONF, 0, "it is damaged: its bytes are not what was kept");
	return 0;
}

void
version_write(struct buf *out, const struct version *v)
{
	struct buf body = { 0 };
	char hash[SHA256_HEX + 1];

	buf_printf(&body, "files %zu\n", v->n);
	for (size_t i = 0; i < v->n; i++)
		buf_printf(&body, "%zu %s\n", v->files[i].n, v->files[i].path);
	buf_putc(&body, '\n');
	for (size_t i = 0; i < v->n; i++)
		buf_put(&body, v->files[i].bytes, v->files[i].n);
	sha256_hex(hash, body.data, body.n);
	buf_printf(out, HEAD FORM "\ntime %s\nbench %s\npath %s\nwho %s\nhash %s\n", v->time,
		v->bench, v->path, v->who, hash);
	buf_put(out, body.data, body.n);
	buf_done(&body);
}

/* ---- what the compiler read ------------------------------------------------------------------------------------------------ */

static int
add_path(struct version *out, const char *folder, const char *bench_folder, struct buf *paths,
	struct version_file file, struct err *err)
{
	char path[VERSION_PATH_MAX];
	size_t at = paths->n;

	if (!version_absolute(path, folder, file.path) || out->n == VERSION_FILES_MAX)
		return err_set(err, ERR_CONF, 0,
			"the bench is made from too many files, or their paths are too long");
	if (path[1] == '\0') /* the root of all, which is no file */
		return err_set(err, ERR_PROTO, 0, "the compiler did not tell which files it read");
	put_relative(paths, bench_folder, path);
	buf_putc(paths, '\0');
	file.path = paths->data + at;
	if (version_find(out, file.path) != NULL) {
		paths->n = at; /* read twice: as it was the first time */
		return 0;
	}
	out->files[out->n++] = file;
	return 0;
}

int
version_collect(struct version *out, const char *folder, char *kept, size_t n, struct buf *paths,
	struct err *err)
{
	struct lines in = { kept, kept + n };
	char bench[VERSION_PATH_MAX] = "";

	out->n = 0;
	/* Room for all of them at once: it must not move. */
	buf_room(paths, VERSION_FILES_MAX * VERSION_PATH_MAX * 2);
	while (in.at < in.end) {
		struct version_file file;

		if (!take_entry(next_line(&in), &file) || file.n > (size_t)(in.end - in.at))
			return err_set(
				err, ERR_PROTO, 0, "the compiler did not tell which files it read");
		file.bytes = in.at;
		in.at += file.n;
		if (bench[0] == '\0') {
			if (!version_absolute(bench, folder, file.path))
				return err_set(
					err, ERR_CONF, 0, "the path of the bench file is too long");
			*MAX(strrchr(bench, '/'), bench + 1) = '\0';
		}
		if (add_path(out, folder, bench, paths, file, err) < 0)
			return ERR_CONF;
	}
	if (out->n == 0)
		return err_set(err, ERR_PROTO, 0, "the compiler did not tell which files it read");
	return 0;
}

int
version_entries(struct version *out, char *bytes, size_t n, struct err *err)
{
	struct lines in = { bytes, bytes + n };

	out->n = 0;
	while (in.at < in.end) {
		struct version_file file;

		if (!take_entry(next_line(&in), &file) || file.n > (size_t)(in.end - in.at) ||
			out->n == VERSION_FILES_MAX)
			return err_set(err, ERR_PROTO, 0, "this is no list of files");
		file.bytes = in.at;
		in.at += file.n;
		if (version_find(out, file.path) == NULL)
			out->files[out->n++] = file;
	}
	return 0;
}

void
version_entry(struct buf *out, const char *path, const char *bytes, size_t n)
{
	buf_printf(out, "%zu %s\n", n, path);
	buf_put(out, bytes, n);
}
