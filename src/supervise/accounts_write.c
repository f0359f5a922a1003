/* accounts_write.c - a change of one line of the files of accounts and tokens, which the gate asks for
 *
 * Under the lock of the folder, as the command line does it, which may hold it for a moment: then it is tried again. The line must still be the one that the gate saw. The file is written
 * beside itself, onto the disk, and put in its place; the gate is told what came of it when it has the new file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/now.h"
#include "io/sock.h"
#include "msg/manage.h"
#include "supervise/supervise.h"

#define PATIENCE_NS (5 * NS_PER_S)
#define AGAIN_NS (50 * NS_PER_MS)
#define PAUSE_NS                                                                                   \
	(100 * NS_PER_MS) /* between two: each waits for the disk, and this process has other things to do */

struct account_writing {
	uint32_t number; /* 0: nothing is to be written */
	enum manage_file file;
	char before[ACCOUNT_LINE], after[ACCOUNT_LINE];
	int64_t until_ns, next_ns;
	int64_t pause_ns; /* not before */
};

static const struct {
	const char *name;
	size_t max;
	int (*replace)(struct buf *out, const char *bytes, size_t n, const char *before,
		const char *after, struct err *err);
} files[] = {
	[MANAGE_ACCOUNTS] = { "accounts", ACCOUNTS_BYTES_MAX, accounts_replace },
	[MANAGE_PROGRAMS] = { "tokens", TOKENS_BYTES_MAX, tokens_replace },
	[MANAGE_GUESTS] = { "links", TOKENS_BYTES_MAX, tokens_replace },
};

static void
answer(struct supervise *s, uint32_t number, unsigned status, const char *why)
{
	struct buf packet = { 0 };
	struct err err;

	wire_begin(&packet, WIRE_ACCOUNT_CHANGED);
	wire_u32(&packet, number);
	wire_u16(&packet, (uint16_t)status);
	wire_text(&packet, why);
	wire_end(&packet);
	if (s->gate.sock >= 0 && sock_send(s->gate.sock, &packet, -1, &err) < 0)
		log_warn("accounts: %s", err.msg);
	buf_done(&packet);
}

/* What is there; nothing when there is no file. */
static int
read_file(const char *path, char *bytes, size_t max, size_t *n, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), rc;
	struct stat st = { 0 };

	*n = 0;
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		rc = err_set(err, ERR_IO, 503, "'%s': %s", path, strerror(errno));
	else
		rc = commands_read(fd, &st, path, bytes, max, n, err);
	if (fd >= 0)
		close(fd);
	if (rc < 0)
		err->sys = 503;
	return rc;
}

static int
write_file(const char *path, int folder, const struct buf *text, struct err *err)
{
	char beside[PLACE_MAX + 24];
	int fd, rc = 0;

	snprintf(beside, sizeof(beside), "%s.new", path);
	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text->data, text->n) != (ssize_t)text->n || fsync(fd) < 0 ||
		rename(beside, path) < 0 || fsync(folder) < 0)
		rc = err_set(err, ERR_IO, 503, "writing '%s': %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (rc < 0)
		unlink(beside);
	return rc;
}

static int
change_file(struct supervise *s, const struct account_writing *w, int folder, struct err *err)
{
	static char bytes[ACCOUNTS_BYTES_MAX + 1];
	char path[PLACE_MAX + 16];
	struct buf text = { 0 };
	size_t n;
	int rc;

	snprintf(path, sizeof(path), "%s/%s", s->state_dir, files[w->file].name);
	rc = read_file(path, bytes, files[w->file].max, &n, err);
	if (rc == 0)
		rc = files[w->file].replace(&text, bytes, n, w->before, w->after, err);
	if (rc == 0)
		rc = write_file(path, folder, &text, err);
	explicit_bzero(bytes, sizeof(bytes));
	if (text.n > 0)
		explicit_bzero(text.data, text.n);
	buf_done(&text);
	return rc;
}

/* ERR_TIMEOUT: somebody else has the lock. */
static int
try_to_write(struct supervise *s, const struct account_writing *w, struct err *err)
{
	int folder = open(s->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (folder < 0)
		return err_set(err, ERR_IO, 503, "'%s': %s", s->state_dir, strerror(errno));
	if (flock(folder, LOCK_EX | LOCK_NB) == 0)
		rc = change_file(s, w, folder, err);
	else
		rc = err_set(err, ERR_TIMEOUT, 503,
			"a command line is changing accounts or tokens; try again when it has "
			"ended");
	close(folder);
	return rc;
}

int64_t
accounts_step(struct supervise *s, int64_t now_ns)
{
	struct account_writing *w = s->accounts.writing;
	struct err err;
	int rc;

	if (w == NULL || w->number == 0)
		return NEVER;
	if (now_ns < w->next_ns)
		return w->next_ns;
	rc = try_to_write(s, w, &err);
	if (rc == ERR_TIMEOUT && now_ns < w->until_ns) {
		w->next_ns = now_ns + AGAIN_NS;
		return w->next_ns;
	}
	if (rc == 0)
		commands_look(s); /* the gate has it before it hears that it is written */
	else
		log_warn("accounts: %s", err.msg);
	answer(s, w->number,
		rc == 0       ? 200
		: err.sys > 0 ? (unsigned)err.sys
			      : 503,
		rc == 0 ? "" : err.msg);
	explicit_bzero(w, sizeof(*w));
	w->pause_ns = now_boot() + PAUSE_NS;
	return NEVER;
}

void
accounts_change(struct supervise *s, struct wire_in *in)
{
	struct account_writing *w;
	struct err err;

	if (s->accounts.writing == NULL)
		s->accounts.writing = mem_zero(1, sizeof(*s->accounts.writing));
	w = s->accounts.writing;
	*w = (struct account_writing){
		.number = wire_get_u32(in), .next_ns = w->pause_ns, .pause_ns = w->pause_ns
	};
	w->file = wire_get_u16(in);
	wire_get_text(in, w->before, sizeof(w->before));
	wire_get_text(in, w->after, sizeof(w->after));
	w->until_ns = now_boot() + PATIENCE_NS;
	if (wire_close(in, &err) == 0 && (size_t)w->file < NELEM(files))
		return;
	log_err("process 'gate': a change of accounts that cannot be read");
	explicit_bzero(w, sizeof(*w));
}
