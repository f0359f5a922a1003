/* audit.c - the files on which the gate puts on record who asked what, and what is asked of the supervisor itself
 *
 * They are opened here, so that the gate opens nothing. Room for a whole file is taken at once: a disk that gets full meanwhile keeps nobody from
 * commanding the bench.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "io/sock.h"
#include "msg/audit.h"
#include "supervise/supervise.h"

#define PATH_BYTES (PLACE_MAX + 40)

static void
path_of(const struct supervise *s, char out[PATH_BYTES], unsigned number)
{
	snprintf(out, PATH_BYTES, "%s/" AUDIT_FOLDER "/" AUDIT_NAME, s->state_dir, number);
}

/* The number of the newest file, 0: there is none. */
static unsigned
newest(const char *folder)
{
	unsigned most = 0;
	struct dirent *e;
	DIR *d = opendir(folder);

	while (d != NULL && (e = readdir(d)) != NULL) {
		char name[32];
		unsigned number;

		if (sscanf(e->d_name, AUDIT_NAME_SCAN, &number) != 1 || number >= 100000)
			continue;
		snprintf(name, sizeof(name), AUDIT_NAME, number);
		if (strcmp(name, e->d_name) == 0)
			most = MAX(most, number);
	}
	if (d != NULL)
		closedir(d);
	return most;
}

static void
sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!fsync(fd); /* some file systems cannot */
	close(fd);
}

static off_t
size_of(const struct supervise *s, unsigned number)
{
	char path[PATH_BYTES];
	struct stat st;

	path_of(s, path, number);
	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : 0;
}

/* Which file goes on. One that was begun when the computer lost its power has nothing in it: what its first record is bound to stands in the one
 * before. */
static unsigned
which(const struct supervise *s, const char *folder, bool is_full)
{
	unsigned number = MAX(newest(folder), 1u);

	if (number > 1 && size_of(s, number) == 0)
		number--;
	/* A gate that has just begun takes a full one first: it knows there what the next one is bound to. */
	return number + (is_full && size_of(s, number) >= (off_t)AUDIT_FILE_MAX);
}

static int
open_file(struct supervise *s, unsigned number, struct err *err)
{
	char path[PATH_BYTES], folder[PATH_BYTES];
	int fd;

	path_of(s, path, number);
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "'%s': %s", path, strerror(errno));
	/* A file system that cannot keep room has none kept; a full one tells when it matters. */
	(void)!fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, AUDIT_FILE_MAX + AUDIT_LINE_MAX);
	snprintf(folder, sizeof(folder), "%s/" AUDIT_FOLDER, s->state_dir);
	sync_folder(folder);
	return fd;
}

/* Said once, and again when another one could be opened between. */
static void
failed(struct supervise *s, const struct err *why)
{
	if (!s->audit.is_failing)
		log_err("audit: %s; until it can be opened nothing but a safe state can be asked "
			"for",
			why->msg);
	s->audit.is_failing = true;
}

void
audit_open(struct supervise *s, bool is_full)
{
	char folder[PATH_BYTES];
	struct buf packet = { 0 };
	struct err err;
	int fd;

	snprintf(folder, sizeof(folder), "%s/" AUDIT_FOLDER, s->state_dir);
	if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
		err_set(&err, ERR_IO, errno, "making '%s': %s", folder, strerror(errno));
		failed(s, &err);
		return;
	}
	fd = open_file(s, which(s, folder, is_full), &err);
	if (fd < 0) {
		failed(s, &err);
		return;
	}
	s->audit.is_failing = false;
	wire_begin(&packet, WIRE_AUDIT);
	wire_end(&packet);
	if (sock_send(s->gate.sock, &packet, fd, &err) < 0)
		log_warn("audit: %s", err.msg);
	close(fd);
	buf_done(&packet);
}

/* ---- what is asked of the supervisor -------------------------------------------------------------------------------------- */

static void
send_one(struct supervise *s, const struct audit_told *t)
{
	struct buf packet = { 0 };
	struct err err;

	wire_begin(&packet, WIRE_AUDIT_TELL);
	wire_text(&packet, t->who);
	wire_text(&packet, t->act);
	wire_text(&packet, t->subject);
	wire_text(&packet, t->text);
	wire_end(&packet);
	if (sock_send(s->gate.sock, &packet, -1, &err) < 0)
		log_warn("audit: '%s' of %s is not on record there: %s", t->act, t->who, err.msg);
	buf_done(&packet);
}

void
audit_tell(struct supervise *s, const char *who, const char *act, const char *subject,
	const char *text)
{
	struct audit_told t;

	text_copy(t.who, sizeof(t.who), who);
	text_copy(t.act, sizeof(t.act), act);
	text_copy(t.subject, sizeof(t.subject), subject);
	text_copy(t.text, sizeof(t.text), text);
	if (s->gate.sock >= 0) {
		send_one(s, &t);
		return;
	}
	/* For the next gate; the journal has all of them, too. */
	if (s->audit.n == AUDIT_KEPT) {
		memmove(s->audit.told, s->audit.told + 1, (AUDIT_KEPT - 1) * sizeof(t));
		s->audit.n--;
	}
	s->audit.told[s->audit.n++] = t;
}

void
audit_start(struct supervise *s)
{
	audit_open(s, false);
	for (size_t i = 0; i < s->audit.n; i++)
		send_one(s, &s->audit.told[i]);
	s->audit.n = 0;
}
