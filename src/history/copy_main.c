/* copy_main.c - mbc-copy: runs that have ended onto a share, one behind the other
 *
 * Started by `supervise`: mbc-copy --socket FD --dir FOLDER --bench NAME --to FOLDER. Which runs are to be copied stands in the store, written by the recorder
 * in the transaction that ends them; it is told over the socket what has been copied. The share may be away for weeks, full, or hang: then this process
 * waits, or hangs, alone. The store is read by children that can open nothing for writing, and each attempt is made by one that can write nothing but the share
 * as it is then: what is mounted later is another one.
 *
 * A run is made under a name that begins with a dot, which a later attempt removes first, and gets its own when it is on the disk. One of that name that is there is never
 * touched: when it is the same run (a copy whose end nobody heard of) that is the copy, else this one is named `run-12 (2)`.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "history/query_inside.h"
#include "history/run_export.h"
#include "history/runs.h"
#include "history/stamp.h"
#include "io/now.h"
#include "io/report.h"
#include "io/sandbox.h"
#include "io/self.h"
#include "msg/wire.h"

#define LOOK_NS (5 * NS_PER_S) /* between two looks for runs that have ended */
#define WAIT_MIN_NS (2 * NS_PER_S)
#define WAIT_MAX_NS (3600 * NS_PER_S) /* between two attempts */
#define HEAD_BYTES 400                /* of run.json: number, title, begin, end stand there */
#define SAME_NAME_MAX 1000

struct copy {
	const char *dir, *bench, *to;
	int supervisor;
	int64_t wait_ns;
	uint32_t told_run; /* whose failure was told, and what */
	char told[200];
	uint32_t done_run; /* copied last, and where */
	char done_path[PATH_MAX];
};

static void
tell(const struct copy *c, uint32_t run, unsigned what, const char *text)
{
	struct buf packet = { 0 };

	wire_begin(&packet, WIRE_RUN_COPIED);
	wire_u32(&packet, run);
	wire_u16(&packet, (uint16_t)what);
	wire_text(&packet, text);
	report_send(c->supervisor, &packet);
}

/* ---- which run ------------------------------------------------------------------------------------------------------------ */

static int
look_child(const char *dir, int fd)
{
	uint32_t run;
	struct err err;

	query_confine(dir);
	if (runs_to_copy(dir, &run, &err) < 0)
		return 1; /* the recorder has not begun yet, or is just leaving a file */
	return write(fd, &run, sizeof(run)) == sizeof(run) ? 0 : 1;
}

/* 0: none, or nobody knows now. */
static uint32_t
look(const struct copy *c)
{
	uint32_t run = 0;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return 0;
	pid = fork();
	if (pid == 0)
		_exit(look_child(c->dir, ends[1]));
	close(ends[1]);
	if (read(ends[0], &run, sizeof(run)) != sizeof(run))
		run = 0;
	close(ends[0]);
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	return run;
}

/* ---- the share ------------------------------------------------------------------------------------------------------------ */

/* Up to the end of the run, which both have as their first lines. */
static size_t
read_head(const char *folder, char out[HEAD_BYTES])
{
	char path[PATH_MAX];
	char *end;
	ssize_t n;
	int fd;

	if (snprintf(path, sizeof(path), "%s/run.json", folder) >= (int)sizeof(path))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	n = fd < 0 ? -1 : read(fd, out, HEAD_BYTES - 1);
	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	end = strstr(out, ",\"seconds\":");
	return end == NULL ? 0 : (size_t)(end - out);
}

static bool
is_same_run(const char *a, const char *b)
{
	char x[HEAD_BYTES], y[HEAD_BYTES];
	size_t n = read_head(a, x);

	return n > 0 && read_head(b, y) == n && memcmp(x, y, n) == 0;
}

static void
remove_part(const char *part)
{
	int at = open(part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (at < 0)
		return;
	export_remove(at, part);
	close(at);
}

static const char *
remedy(int sys)
{
	switch (sys) {
	case ENOENT:
	case ENOTDIR:
		return "mount the share, or make the folder, or correct 'copy_to'";
	case EACCES:
	case EPERM:
		return "let the user of the recorder write there";
	case EROFS:
		return "the share cannot be written to; mount it otherwise";
	case ENOSPC:
	case EDQUOT:
		return "free some room there";
	default:
		return "look at the share and the network";
	}
}

static int
fail(struct err *err, const char *where, int sys)
{
	return err_set(err, ERR_IO, sys, "%.80s: %.40s; %s", where, strerror(sys), remedy(sys));
}

static int
check_share(const char *to, struct err *err)
{
	struct stat st;

	if (stat(to, &st) < 0)
		return fail(err, to, errno);
	if (!S_ISDIR(st.st_mode))
		return fail(err, to, ENOTDIR);
	return access(to, W_OK | X_OK) < 0 ? fail(err, to, errno) : 0;
}

/* The part becomes run-N, or run-N (2). */
static int
give_name(const char *part, const char *to, uint32_t run, char path[PATH_MAX], struct err *err)
{
	for (int k = 1; k < SAME_NAME_MAX; k++) {
		if (k == 1)
			snprintf(path, PATH_MAX, "%s/run-%u", to, run);
		else
			snprintf(path, PATH_MAX, "%s/run-%u (%d)", to, run, k);
		if (export_rename(part, path) == 0)
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
			return fail(err, path, errno);
		if (is_same_run(part, path)) {
			remove_part(part);
			return 0;
		}
	}
	return err_set(err, ERR_IO, 0, "%.80s: there are %d copies of run %u; remove some", to,
		SAME_NAME_MAX, run);
}

static void
sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!fsync(fd); /* some shares cannot: what is in it is there already */
		close(fd);
	}
}

static int
copy_run(struct copy *c, uint32_t run, char path[PATH_MAX], struct err *err)
{
	const struct run_pack_words words = { .run = run, .zone = "local" };
	char part[PATH_MAX], whole[PATH_MAX];

	if (check_share(c->to, err) < 0)
		return ERR_IO;
	if (snprintf(part, sizeof(part), "%s/.%s-run-%u.part", c->to, c->bench, run) >=
			(int)sizeof(part) - 8 ||
		snprintf(whole, sizeof(whole), "%s/.%s-run-%u.whole", c->to, c->bench, run) >=
			(int)sizeof(whole) - 8)
		return err_set(err, ERR_CONF, 0, "the path of the share is too long");
	remove_part(part);
	remove_part(whole);
	if (export_run(c->dir, &words, whole, part, err) != 0) {
		remove_part(part);
		return err->msg[0] != '\0' ? ERR_IO
					   : err_set(err, ERR_IO, 0,
						     "the run could not be read; the log of the "
						     "bench says why");
	}
	if (give_name(whole, c->to, run, path, err) < 0)
		return ERR_IO;
	sync_folder(c->to);
	return 0;
}

/* ---- one behind the other ------------------------------------------------------------------------------------------------- */

static void
failed(struct copy *c, uint32_t run, const struct err *err)
{
	if (c->told_run == run && strcmp(c->told, err->msg) == 0)
		return;
	c->told_run = run;
	text_copy(c->told, sizeof(c->told), err->msg);
	log_warn("run %u is not copied: %s; it is tried again", run, err->msg);
	tell(c, run, 0, err->msg);
}

/* What an attempt came to. */
struct outcome {
	int rc;
	struct err err;
	char path[PATH_MAX];
};

static int
attempt_child(struct copy *c, uint32_t run, pid_t parent, int fd)
{
	const char *const folders[] = { c->to, c->dir, STAMP_ZONES, "/etc/localtime", NULL };
	static struct outcome o;
	struct sandbox_report report;

	/* One that hangs on a dead share does nothing more once that lets it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		return 1;
	sandbox_enter(SANDBOX_COPY, folders, &report);
	o.rc = copy_run(c, run, o.path, &o.err);
	return write(fd, &o, sizeof(o)) == sizeof(o) ? 0 : 1;
}

static int
attempt(struct copy *c, uint32_t run, struct err *err)
{
	static struct outcome o;
	pid_t parent = getpid(), pid;
	int ends[2];
	size_t n = 0;
	ssize_t k;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, ERR_IO, errno, "making a pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0)
		_exit(attempt_child(c, run, parent, ends[1]));
	close(ends[1]);
	while (n < sizeof(o) && ((k = read(ends[0], (char *)&o + n, sizeof(o) - n)) > 0 ||
					(k < 0 && errno == EINTR)))
		n += (size_t)MAX(k, (ssize_t)0);
	close(ends[0]);
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	if (n < sizeof(o))
		return err_set(
			err, ERR_IO, 0, "the attempt broke off; the log of the bench says why");
	*err = o.err;
	text_copy(c->done_path, sizeof(c->done_path), o.path);
	return o.rc;
}

/* Returns how long to wait. */
static int64_t
step(struct copy *c)
{
	uint32_t run = look(c);
	struct err err;

	if (run == 0)
		return LOOK_NS;
	if (run == c->done_run) { /* the recorder has not heard of it */
		tell(c, run, 2, c->done_path);
		return LOOK_NS;
	}
	if (attempt(c, run, &err) < 0) {
		failed(c, run, &err);
		c->wait_ns = MIN(MAX(2 * c->wait_ns, WAIT_MIN_NS), WAIT_MAX_NS);
		return c->wait_ns;
	}
	c->done_run = run;
	c->told_run = 0;
	c->wait_ns = 0;
	log_info("run %u: copied to '%s'", run, c->done_path);
	tell(c, run, 1, c->done_path);
	return NS_PER_S; /* until the recorder has written it down */
}

/* Until the time has come; false: the supervisor is gone. */
static bool
wait_for(const struct copy *c, int64_t wait_ns)
{
	struct pollfd p = { .fd = c->supervisor, .events = POLLIN };

	return poll(&p, 1, (int)(wait_ns / NS_PER_MS)) <= 0;
}

/* For what waits: each attempt is confined more. */
static void
confine(const struct copy *c)
{
	struct sandbox_report report;
	struct buf packet = { 0 };
	char text[SANDBOX_TEXT];

	sandbox_enter(SANDBOX_COPY, NULL, &report);
	sandbox_text(&report, text);
	wire_begin(&packet, WIRE_SANDBOX);
	wire_text(&packet, text);
	report_send(c->supervisor, &packet);
}

int
main(int argc, char **argv)
{
	struct copy c = { .supervisor = -1 };
	int64_t socket = -1;

	log_setup("copy", LOG_LEVEL_INFO);
	self_protect();
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--dir") == 0)
			c.dir = argv[i + 1];
		else if (strcmp(argv[i], "--to") == 0)
			c.to = argv[i + 1];
		else if (strcmp(argv[i], "--bench") == 0)
			c.bench = argv[i + 1];
		else if (strcmp(argv[i], "--socket") == 0 && !text_to_int(argv[i + 1], &socket))
			return 1;
	}
	c.supervisor = (int)socket;
	if (c.dir == NULL || c.to == NULL || c.bench == NULL || c.supervisor < 0 ||
		fcntl(c.supervisor, F_SETFD, FD_CLOEXEC) < 0) {
		log_err("this program is started by 'mbc run', with a socket and two folders");
		return 1;
	}
	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the supervisor */
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	confine(&c);
	while (wait_for(&c, step(&c)))
		;
	return 0;
}
