/* run_export.c - mbc record export: a run as a folder, or as an archive, that can be taken along
 *
 * It is made under another name beside its own, which it gets when all of it is on the disk: what has that name is whole. The store is read by a
 * child that can open nothing for writing: it has a pipe to the parent, and the files of the store. The parent, which makes and moves files, reads nothing
 * of it. Over the pipe comes, for a folder:
 *
 *	u32 n, low end first | n bytes		bytes of the present file; 0: there are no more files
 *	u32 NEXT_FILE | u32 n | n bytes		a new one, its name
 *
 * for an archive: its bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"
#include "history/query_inside.h"
#include "history/query_runs.h"
#include "history/run_export.h"
#include "history/run_pack.h"
#include "history/run_zip.h"

#define NEXT_FILE UINT32_MAX
#define NAME_MAX_BYTES 100
#define PIECE_MAX (8u << 20) /* of bytes that come at once: more is no export */

struct words {
	struct run_pack_words pack;
	const char *out;
};

/* ---- the child: reads the store ------------------------------------------------------------------------------------------- */

static int
send_bytes(int fd, struct buf *bytes, struct err *err)
{
	int rc = query_write(fd, bytes);

	return rc == 0 ? 0
		       : err_set(err, ERR_IO, -rc, "the export was given up: %s", strerror(-rc));
}

struct pipe_sink {
	int fd;
	struct buf head;
};

static int
send_name(void *ctx, const char *name, struct err *err)
{
	struct pipe_sink *p = ctx;
	uint8_t head[8];

	put_u32le(head, NEXT_FILE);
	put_u32le(head + 4, (uint32_t)strlen(name));
	buf_put(&p->head, head, sizeof(head));
	buf_puts(&p->head, name);
	return send_bytes(p->fd, &p->head, err);
}

static int
send_piece(void *ctx, struct buf *bytes, struct err *err)
{
	struct pipe_sink *p = ctx;
	uint8_t head[4];

	if (bytes->n == 0)
		return 0;
	put_u32le(head, (uint32_t)bytes->n);
	buf_put(&p->head, head, sizeof(head));
	return send_bytes(p->fd, &p->head, err) < 0 ? ERR_IO : send_bytes(p->fd, bytes, err);
}

static int
send_folder(struct run_pack *pack, int fd, struct err *err)
{
	struct pipe_sink p = { .fd = fd };
	const struct run_pack_sink sink = { &p, send_name, send_piece };
	static const uint8_t end[4] = { 0 };
	int rc = 1;

	while (rc == 1)
		rc = run_pack_step(pack, &sink, err);
	if (rc == 0) {
		buf_put(&p.head, end, sizeof(end));
		rc = send_bytes(fd, &p.head, err);
	}
	buf_done(&p.head);
	run_pack_free(pack);
	return rc;
}

static int
send_zip(struct run_pack *pack, int fd, struct err *err)
{
	struct run_zip *zip = run_zip_new(pack, err);
	struct buf out = { 0 };
	int rc = zip == NULL ? err->code : 1;

	while (rc == 1) {
		rc = run_zip_step(zip, &out, err);
		if (rc >= 0 && send_bytes(fd, &out, err) < 0)
			rc = ERR_IO;
	}
	run_zip_free(zip);
	buf_done(&out);
	return rc;
}

static int
run_child(const char *dir, const struct run_pack_words *w, bool is_zip, int fd)
{
	struct run_pack *pack = NULL;
	struct reader *r;
	struct err err;
	int rc;

	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	query_confine(dir);
	r = reader_open(dir, &err);
	rc = r == NULL ? err.code : 0;
	if (rc == 0) {
		pack = run_pack_new(r, w, &err);
		rc = pack == NULL ? err.code : (is_zip ? send_zip : send_folder)(pack, fd, &err);
	}
	reader_close(r);
	if (rc < 0 && err.sys == EPIPE)
		return QUERY_FAILED; /* the parent says why */
	return rc < 0 ? query_failed(&err) : QUERY_GOOD;
}

/* ---- the parent: makes what is taken along -------------------------------------------------------------------------------- */

struct making {
	char path[PATH_MAX]; /* under its other name */
	const char *out;
	bool is_zip;
	int at;   /* the folder, or the archive */
	int file; /* in the folder; -1 */
	char name[NAME_MAX_BYTES + 1];
};

static int
failed(const struct making *m, const char *doing, struct err *err)
{
	return err_set(err, ERR_IO, errno,
		"%s '%.100s': %s; free some room there, or export to "
		"another disk",
		doing, m->name[0] != '\0' ? m->name : m->path, strerror(errno));
}

static int
read_all(int fd, void *out, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t k = read(fd, (char *)out + at, n - at);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return at == 0 && k == 0 ? 0 : -1;
		at += (size_t)k;
	}
	return 1;
}

/* Names come from one who reads what others wrote: nothing but a plain name is taken. */
static bool
is_name(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.",
			    *c) == NULL)
			return false;
	return name[0] != '\0' && name[0] != '.';
}

static int
end_file(struct making *m, struct err *err)
{
	int rc = m->file < 0 || fsync(m->file) == 0 ? 0 : failed(m, "writing", err);

	if (m->file >= 0)
		close(m->file);
	m->file = -1;
	return rc;
}

static int
begin_file(struct making *m, int pipe, struct err *err)
{
	uint8_t head[4];
	uint32_t n;

	if (end_file(m, err) < 0)
		return ERR_IO;
	if (read_all(pipe, head, sizeof(head)) <= 0 || (n = get_u32le(head)) > NAME_MAX_BYTES ||
		read_all(pipe, m->name, n) <= 0)
		return err_set(err, ERR_PROTO, 0, "the export broke off");
	m->name[n] = '\0';
	if (!is_name(m->name))
		return err_set(err, ERR_PROTO, 0, "the export has a file whose name is none");
	m->file =
		openat(m->at, m->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	return m->file < 0 ? failed(m, "making", err) : 0;
}

/* n bytes of the pipe into a file. */
static int
pass_on(struct making *m, int pipe, int file, size_t n, struct err *err)
{
	static char room[64 << 10];

	while (n > 0) {
		ssize_t k = read(pipe, room, MIN(n, sizeof(room)));
		struct buf piece = { .data = room, .n = k > 0 ? (size_t)k : 0 };
		int rc;

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return err_set(err, ERR_PROTO, 0, "the export broke off");
		rc = query_write(file, &piece);
		errno = -rc;
		if (rc < 0)
			return failed(m, "writing", err);
		n -= (size_t)k;
	}
	return 0;
}

/* All that comes of a folder; the error of a child that gave up is told by the child: err->code ERR_PROTO. */
static int
take_folder(struct making *m, int pipe, struct err *err)
{
	uint8_t head[4];
	uint32_t n;
	int rc = 0;

	while (rc == 0) {
		if (read_all(pipe, head, sizeof(head)) <= 0)
			return err_set(err, ERR_PROTO, 0, "the export broke off");
		n = get_u32le(head);
		if (n == 0)
			return end_file(m, err);
		if (n == NEXT_FILE)
			rc = begin_file(m, pipe, err);
		else if (n > PIECE_MAX || m->file < 0)
			rc = err_set(err, ERR_PROTO, 0, "the export broke off");
		else
			rc = pass_on(m, pipe, m->file, n, err);
	}
	return rc;
}

static int
take_zip(struct making *m, int pipe, struct err *err)
{
	static char room[64 << 10];
	ssize_t k;

	while ((k = read(pipe, room, sizeof(room))) != 0) {
		struct buf piece = { .data = room, .n = k > 0 ? (size_t)k : 0 };
		int rc = k < 0 ? (errno == EINTR ? 0 : -errno) : query_write(m->at, &piece);

		errno = -rc;
		if (rc < 0)
			return failed(m, "writing", err);
	}
	return fsync(m->at) == 0 ? 0 : failed(m, "writing", err);
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), k = strlen(end);

	return n > k && strcmp(text + n - k, end) == 0;
}

static int
begin(struct making *m, const char *out, const char *part, struct err *err)
{
	struct stat st;
	size_t n = strlen(out);

	*m = (struct making){ .out = out, .is_zip = ends_with(out, ".zip"), .at = -1, .file = -1 };
	while (n > 1 && out[n - 1] == '/')
		n--;
	if (lstat(out, &st) == 0)
		return err_set(err, ERR_CONF, 0,
			"'%.100s' is there already, and nothing is written over; name another "
			"one with --out",
			out);
	if ((part != NULL ? snprintf(m->path, sizeof(m->path), "%s", part)
			  : snprintf(m->path, sizeof(m->path), "%.*s.part-%d", (int)n, out,
				    (int)getpid())) >= (int)sizeof(m->path))
		return err_set(err, ERR_CONF, 0, "the path of the folder is too long");
	if (!m->is_zip && mkdir(m->path, 0777) < 0)
		return err_set(err, ERR_IO, errno, "making '%.100s': %s", m->path, strerror(errno));
	m->at = m->is_zip ? open(m->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)
			  : open(m->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->at >= 0)
		return 0;
	err_set(err, ERR_IO, errno, "making '%.100s': %s", m->path, strerror(errno));
	if (!m->is_zip)
		rmdir(m->path);
	return ERR_IO;
}

/* What was made of it goes. */
static void
undo(struct making *m)
{
	if (m->file >= 0)
		close(m->file);
	if (m->is_zip)
		unlink(m->path);
	else
		export_remove(m->at, m->path);
	close(m->at);
}

/* It gets its name. Where the file system cannot refuse to replace one, an empty folder that came meanwhile may be. */
static int
finish(struct making *m, struct err *err)
{
	int rc = fsync(m->at);

	if (rc == 0)
		rc = export_rename(m->path, m->out);
	if (rc < 0) {
		err_set(err, ERR_IO, errno, "finishing '%.100s': %s", m->out, strerror(errno));
		undo(m);
		return ERR_IO;
	}
	close(m->at);
	return 0;
}

static volatile sig_atomic_t child;

/* The child ends, and what was made goes. */
static void
on_end(int sig)
{
	if (child > 0)
		kill(child, SIGTERM);
}

static int
wait_for_child(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	child = 0;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	return query_say(QUERY_FAILED, "the export was ended before it was whole; nothing is left "
				       "of it");
}

static int
fill(const char *dir, const struct run_pack_words *w, struct making *m, struct err *err)
{
	int ends[2], code, rc;
	pid_t pid;

	signal(SIGINT, on_end);
	signal(SIGTERM, on_end);
	signal(SIGHUP, on_end);
	fflush(NULL);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return query_say(QUERY_FAILED, strerror(errno));
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		_exit(run_child(dir, w, m->is_zip, ends[1]));
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return query_say(QUERY_FAILED, strerror(errno));
	}
	child = pid;
	rc = (m->is_zip ? take_zip : take_folder)(m, ends[0], err);
	close(ends[0]); /* a child whose bytes nobody takes gives up */
	code = wait_for_child(pid);
	if (rc < 0 && (err->code != ERR_PROTO || code == QUERY_GOOD))
		return QUERY_FAILED;
	err->msg[0] = '\0';
	return code;
}

int
export_run(const char *dir, const struct run_pack_words *words, const char *out, const char *part,
	struct err *err)
{
	struct making m;
	int code;

	if (begin(&m, out, part, err) < 0)
		return err->code == ERR_CONF ? QUERY_WRONG : QUERY_FAILED;
	code = fill(dir, words, &m, err);
	if (code != QUERY_GOOD)
		undo(&m);
	else if (finish(&m, err) < 0)
		code = QUERY_FAILED;
	return code;
}

/* ---- words ---------------------------------------------------------------------------------------------------------------- */

static int
take_words(struct words *w, int argc, char **argv)
{
	*w = (struct words){ .pack = { .zone = "", .patterns = argv } };
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--csv-fr") == 0)
			w->pack.is_french = true;
		else if (strcmp(argv[i], "--out") == 0 && i + 1 < argc)
			w->out = argv[++i];
		else if (strcmp(argv[i], "--zone") == 0 && i + 1 < argc)
			w->pack.zone = argv[++i];
		else if (argv[i][0] == '-')
			return -1;
		else if (w->pack.run != 0)
			argv[w->pack.n_patterns++] = argv[i]; /* never ahead of what is read */
		else if (!query_number(argv[i], &w->pack.run))
			return -1;
	}
	return w->pack.run != 0 && w->out != NULL && w->out[0] != '\0' ? 0 : -1;
}

int
query_run_export(const char *dir, int argc, char **argv)
{
	struct words w;
	struct err err;
	int code;

	if (take_words(&w, argc, argv) < 0)
		return query_say(QUERY_WRONG,
			"usage: mbc record export N --out FOLDER|FILE.zip [--zone ZONE] [--csv-fr] "
			"[CHANNEL...]; 'mbc record list' shows the numbers");
	code = export_run(dir, &w.pack, w.out, NULL, &err);
	if (code != QUERY_GOOD && err.msg[0] != '\0')
		query_say(code, err.msg);
	return code;
}
