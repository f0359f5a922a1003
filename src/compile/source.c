/* source.c - the bytes of one file, read and found fit for the YAML parser
 *
 * libfyaml 0.7.12 takes a NUL byte for the end of the file, loops for ever on a bad `%` directive, and takes a lone CR
 * for a line end that no editor shows. So all of them are refused before it sees the file.
 */
#include "compile/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "msg/version.h"

static int
read_all(int fd, const char *path, struct buf *out, struct err *err)
{
	for (;;) {
		ssize_t got = read(fd, buf_room(out, 65536), 65536);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(
				err, ERR_IO, errno, "cannot read '%s': %s", path, strerror(errno));
		if (got == 0)
			return 0;
		out->n += (size_t)got;
		if (out->n > SOURCE_MAX)
			return err_set(err, ERR_CONF, 0,
				"'%s' is larger than 4 MB; split the bench into several", path);
	}
}

/* ---- what was read, for who keeps it --------------------------------------------------------------------------------- */

static int keep_fd = -1;
static const char *keep_not; /* a folder; what came with the program is no part of a bench */

void
source_keep(int fd, const char *not_below)
{
	keep_fd = fd;
	keep_not = not_below;
}

static void
put_all(const void *bytes, size_t n)
{
	for (const char *at = bytes; n > 0;) {
		ssize_t done = write(keep_fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			keep_fd = -1; /* who reads it finds that it is not whole */
			return;
		}
		at += done;
		n -= (size_t)done;
	}
}

static void
keep(const char *path, const struct buf *bytes)
{
	size_t n = keep_not == NULL ? 0 : strlen(keep_not);
	struct buf head = { 0 };

	if (keep_fd < 0 || (n > 0 && strncmp(path, keep_not, n) == 0 && path[n] == '/'))
		return;
	buf_printf(&head, "%zu %s\n", bytes->n, path);
	put_all(head.data, head.n);
	if (keep_fd >= 0)
		put_all(bytes->data, bytes->n);
	buf_done(&head);
}

/* ---- what is read in place of files --------------------------------------------------------------------------------------- */

static struct version *instead; /* its files alone; NULL: none */
static char instead_folder[VERSION_PATH_MAX];
static char bench_folder[VERSION_PATH_MAX];

int
source_instead(char *bytes, size_t n, const char *bench, struct err *err)
{
	static struct version all;

	if (getcwd(instead_folder, sizeof(instead_folder)) == NULL)
		instead_folder[0] = '\0';
	if (!version_absolute(bench_folder, instead_folder, bench))
		return err_set(err, ERR_PROTO, 0, "the path of the bench file is too long");
	*strrchr(bench_folder, '/') = '\0';
	if (version_entries(&all, bytes, n, err) < 0)
		return ERR_PROTO;
	instead = &all;
	return 0;
}

static bool
is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && path[n] == '/';
}

static bool
has_our_name(const char *path)
{
	static const char *const ends[] = { ".yaml", ".yml", ".seq" };
	size_t n = strlen(path);

	for (size_t i = 0; i < NELEM(ends); i++)
		if (n > strlen(ends[i]) && strcmp(path + n - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

/* 1: it is one of those. */
static int
read_instead(const char *path, struct buf *out, uint64_t out_key[2], struct err *err)
{
	const struct version_file *f = NULL;
	char absolute[VERSION_PATH_MAX];

	if (instead == NULL)
		return 0;
	if (version_absolute(absolute, instead_folder, path))
		f = version_find(instead, absolute);
	else
		absolute[0] = '\0';
	if (f == NULL && has_our_name(absolute) &&
		(is_below(absolute, bench_folder) ||
			(keep_not != NULL && is_below(path, keep_not))))
		return 0;
	if (f == NULL)
		return err_set(err, ERR_CONF, 0,
			"'%s' is not in the folder of the bench file, or is no .yaml or .seq; over "
			"HTTP "
			"only those are read, and what the bench is made of already: edit it at "
			"this "
			"computer",
			path);
	if (f->n > SOURCE_MAX)
		return err_set(err, ERR_CONF, 0,
			"'%s' is larger than 4 MB; split the bench into several", path);
	buf_put(out, f->bytes, f->n);
	out_key[0] = UINT64_MAX; /* no device has this number */
	out_key[1] = (uint64_t)(f - instead->files);
	keep(path, out);
	return 1;
}

int
source_read(const char *path, struct buf *out, uint64_t out_key[2], struct err *err)
{
	int fd, rc = read_instead(path, out, out_key, err);
	struct stat st;

	if (rc != 0)
		return MIN(rc, 0);
	/* Not waiting: a named pipe in place of the file would hold the check for ever. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_set(err, ERR_IO, errno,
			"cannot open '%s': %s; check the path and who may read it", path,
			strerror(errno));
	if (fstat(fd, &st) < 0)
		rc = err_set(err, ERR_IO, errno, "cannot examine '%s': %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		rc = err_set(
			err, ERR_CONF, 0, "'%s' is not a regular file; name a YAML file", path);
	else
		rc = read_all(fd, path, out, err);
	close(fd);
	if (rc == 0)
		keep(path, out);
	out_key[0] = (uint64_t)st.st_dev;
	out_key[1] = (uint64_t)st.st_ino;
	return rc;
}

/* Why the byte at p must not go to the parser; NULL when it may. */
static const char *
fault_at(const char *p, const char *end, bool is_line_start)
{
	unsigned char c = (unsigned char)*p;

	if (c == '\0')
		return "a NUL byte; is this a text file? save it as UTF-8 text";
	if (c == '\r' && (p + 1 == end || p[1] != '\n'))
		return "a carriage return that does not end a line; save the file with LF or CRLF "
		       "line ends";
	if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
		return "a control character; remove it";
	if (c == 0xC2 && p + 1 < end && (unsigned char)p[1] < 0xA0)
		return "a control character (U+0080 to U+009F); remove it, and save the file as "
		       "UTF-8";
	if (c == '%' && is_line_start)
		return "a line that starts with '%' is a YAML directive, which is not allowed; "
		       "remove the line, or "
		       "put the text in quotes";
	return NULL;
}

bool
source_check(struct diag *d, uint16_t file, const char *bytes, size_t n, size_t *out_start)
{
	struct place at = { .file = file, .line = 1, .column = 1 };
	size_t valid = text_utf8(bytes, n), i = 0;
	const char *fault = NULL;

	if (valid >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
		i = 3;
	*out_start = i;
	for (; i < valid; i++) {
		fault = fault_at(bytes + i, bytes + n, at.column == 1);
		if (fault != NULL)
			break;
		if (bytes[i] == '\n') {
			at.line++;
			at.column = 1;
		} else if (((unsigned char)bytes[i] & 0xC0) != 0x80) {
			at.column++;
		}
	}
	if (fault == NULL && valid < n)
		fault = "bytes that are not UTF-8; save the file as UTF-8 text";
	if (fault == NULL)
		return true;
	diag_error(d, at, "bytes", "%s", fault);
	return false;
}
