/* helpers.c - programs of links: started for control, ended with their connection
 *
 *	         asked by control                 sent to control
 *	NOT RUNNING ----------> RUNNING, one end of a socket pair is its input and output, the other control's
 *	   ^  |  ^                 |
 *	   |  +--+ no: too soon    | asked again (control has closed its end), words changed, control gone, bench ends
 *	   |                       v
 *	   +------ reaped ----- ENDING: SIGTERM to its group, SIGKILL after 1 s; what it has started ends with it
 *
 * A connection is never handed on to another control: an answer to a question of the former one may be in it. So one
 * program lives as long as one connection.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/now.h"
#include "io/sock.h"
#include "supervise/supervise.h"

#define ENDING_NS (1 * NS_PER_S)
#define LONG_LIFE_NS (30 * NS_PER_S)
#define BACKOFF_FIRST_NS (500 * NS_PER_MS)
#define BACKOFF_MAX_NS (10 * NS_PER_S)
#define LOG_LINES 50 /* of a helper's standard error a second; then it waits */
#define LOG_LINE 200
#define OWN_NAME "curl"
#define OWN_PROGRAM "mbc-" OWN_NAME /* the one that is found without a path */

struct helper {
	char *link, *host; /* as in the image */
	pid_t pid;         /* 0: does not run */
	bool is_ending;    /* it was told to */
	bool is_killed;    /* and did not */
	int64_t kill_ns;   /* NEVER */
	bool is_gone;      /* no link names it: forgotten when it has ended */
	bool is_asked;     /* control waits for its successor, with this ticket */
	uint32_t ticket;
	uint32_t restarts;
	int64_t started_ns, next_start_ns, backoff_ns;
	char how[CHILD_HOW];                          /* it ended */
	char failure[sizeof(((struct err *)0)->msg)]; /* told why it cannot be started */
	int log;                                      /* its standard error; -1 */
	bool is_held; /* it said too much: not read from before held_ns */
	int64_t held_ns, window_ns;
	unsigned n_lines; /* in this window of a second */
	size_t n_bytes;   /* the same: what ends no line counts, too */
	size_t n_line;
	char line[LOG_LINE + 1];
};

struct helpers {
	struct helper **at;
	size_t n;
};

/* ---- its standard error ---- */

static void
say_line(struct helper *h)
{
	h->line[h->n_line] = '\0';
	if (h->n_line > 0)
		log_info("helper '%s': %s", h->link, h->line);
	h->n_lines++;
	h->n_line = 0;
}

static void
take_log(struct helper *h, const char *bytes, size_t n)
{
	h->n_bytes += n;
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n' || h->n_line == LOG_LINE)
			say_line(h);
		if (bytes[i] != '\n' && bytes[i] != '\r')
			h->line[h->n_line++] = bytes[i];
	}
}

static bool
said_too_much(const struct helper *h)
{
	return h->n_lines >= LOG_LINES || h->n_bytes >= (size_t)LOG_LINES * LOG_LINE;
}

static void
close_log(struct supervise *s, struct helper *h)
{
	if (h->log < 0)
		return;
	if (!h->is_held)
		loop_remove(s->loop, h->log);
	close(h->log);
	h->log = -1;
	h->is_held = false;
	if (h->n_line > 0)
		say_line(h);
}

static void
on_log(void *ctx, int fd, unsigned events)
{
	struct supervise *s = ctx;
	struct helper *h = NULL;
	char bytes[1024];
	ssize_t n;
	int64_t now = now_boot();

	for (size_t i = 0; i < s->helpers->n; i++)
		if (s->helpers->at[i]->log == fd)
			h = s->helpers->at[i];
	if (h == NULL)
		return;
	n = read(fd, bytes, sizeof(bytes));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_log(s, h);
		return;
	}
	if (now - h->window_ns >= NS_PER_S) {
		h->window_ns = now;
		h->n_lines = 0;
		h->n_bytes = 0;
	}
	take_log(h, bytes, (size_t)n);
	if (!said_too_much(h))
		return;
	loop_remove(s->loop, fd);
	h->is_held = true;
	h->held_ns = h->window_ns + NS_PER_S;
}

/* Its last words, which say why it ended. */
static void
drain_log(struct supervise *s, struct helper *h)
{
	char bytes[1024];
	ssize_t n;

	h->n_lines = 0;
	h->n_bytes = 0;
	while (h->log >= 0 && !said_too_much(h) && (n = read(h->log, bytes, sizeof(bytes))) > 0)
		take_log(h, bytes, (size_t)n);
	close_log(s, h);
}

/* Is it the program that comes with mbc? */
static bool
is_own(char *const *words)
{
	return strcmp(words[1], OWN_PROGRAM) == 0;
}

/* ---- who may be started, and as whom ---- */

/* Of root and for nobody else to change. */
static bool
is_roots(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_uid == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The folder that a path lies in. */
static void
folder_of(const char *path, char *out, size_t cap)
{
	const char *slash = strrchr(path, '/');

	if (!text_copy(out, cap, slash == NULL ? "." : path))
		out[0] = '\0';
	if (slash != NULL && out[0] != '\0')
		out[slash == path ? 1 : slash - path] = '\0';
}

/* A bench file of root may start programs as root: only what root alone can have written there. program: NULL, our own, which is as
 * good as we are. */
static int
check_roots(const struct supervise *s, const char *folder, const char *program, struct err *err)
{
	char of_program[PLACE_MAX * 4], of_file[PLACE_MAX * 4];
	const char *const paths[] = { s->file, of_file, folder, program, of_program };
	const size_t n_paths = program == NULL ? 3 : NELEM(paths);

	if (program != NULL)
		folder_of(program, of_program, sizeof(of_program));
	folder_of(s->file, of_file, sizeof(of_file));
	for (size_t i = 0; i < n_paths; i++)
		if (!is_roots(paths[i]))
			return err_set(err, ERR_CONF, EPERM,
				"'%s' is not root's alone, and would be run as root; make the user "
				"mbc-helper with tools/users.sh, or 'chown root' and 'chmod go-w' "
				"it",
				paths[i]);
	return 0;
}

/* mbc-helper; where there is none, who wrote the bench file. */
static int
pick_user(struct supervise *s, const char *folder, const char *program, bool is_own,
	struct sandbox_user *out, struct err *err)
{
	if (access(program, F_OK) < 0 && errno == ENOENT)
		return err_set(err, ERR_CONF, ENOENT, "there is no program '%s'", program);
	if (!sandbox_user_find(SANDBOX_HELPER, out) && geteuid() == 0) {
		reload_find_owner(s);
		if (!s->has_owner)
			return err_set(err, ERR_CONF, EPERM,
				"the bench file is not its owner's own, and there is no user "
				"mbc-helper to run it as; make that one with tools/users.sh");
		*out = s->owner;
		if (!out->is_other && check_roots(s, folder, is_own ? NULL : program, err) < 0)
			return ERR_CONF;
	}
	if (!sandbox_user_can(out, program, X_OK))
		return err_set(err, ERR_CONF, EACCES,
			"the user '%s' cannot run '%s'; 'chmod a+rx' it, and open its folders",
			out->name, program);
	return 0;
}

/* Where the program is that is called so in a file of this folder. */
static int
find_program(
	const char *folder, const char *word, bool is_own, char *out, size_t cap, struct err *err)
{
	int n;

	if (is_own)
		return place_program(out, OWN_NAME, err);
	word += strncmp(word, "./", 2) == 0 ? 2 : 0;
	n = snprintf(
		out, cap, "%s%s%s", word[0] == '/' ? "" : folder, word[0] == '/' ? "" : "/", word);
	return n > 0 && (size_t)n < cap
		       ? 0
		       : err_set(err, ERR_CONF, 0, "the path of the program is too long");
}

/* ---- starting ---- */

/* What the bench was given for itself: a real-time class, memory that is held, a late death when memory runs out. Those who may not
 * have it lowered for them (the file of the last is root's) keep the usual. */
static void
step_back(void)
{
	static const char first_to_go[] = "300";
	const struct rlimit none = { 0, 0 };
	struct rlimit limit;
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, first_to_go, sizeof(first_to_go) - 1) < 0)
		errno = 0;
	if (fd >= 0)
		close(fd);
	setrlimit(RLIMIT_RTPRIO, &none);
	setrlimit(RLIMIT_CORE, &none);
	limit = (struct rlimit){ 8 << 20, 8 << 20 };
	setrlimit(RLIMIT_MEMLOCK, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur =
			MIN(limit.rlim_max, (rlim_t)1024); /* for those that use select() */
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Between fork and exec, in the child. Nothing that can wait, nothing that allocates. */
static void
enter(const struct helper *h, const struct sandbox_user *user, const char *program,
	char *const *words, int wire, int log, pid_t parent)
{
	char link[80];
	char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", lang[] = "LANG=C.UTF-8",
	     home[] = "HOME=/", unbuffered[] = "PYTHONUNBUFFERED=1";
	char *const environment[] = { path, lang, home, unbuffered, link, NULL };

	snprintf(link, sizeof(link), "MBC_LINK=%.63s", h->link);
	setsid();
	step_back();
	child_become(user, parent);
	umask(022);
	if (dup2(wire, STDIN_FILENO) < 0 || dup2(wire, STDOUT_FILENO) < 0 ||
		dup2(log, STDERR_FILENO) < 0)
		_exit(2);
	/* Ours close at exec; these are what we were started with. */
	if (close_range(STDERR_FILENO + 1, ~0u, 0) < 0)
		for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
			close(fd);
	if (chdir(words[0]) == 0)
		execve(is_own(words) ? program : words[1], words + 1, environment);
	dprintf(STDERR_FILENO, "'%s' cannot be started: %s%s\n", program, strerror(errno),
		errno == ENOENT ? " (a script: see its first line)" : "");
	_exit(127);
}

/* Fork with both pipes made: wire[1] and log[1] are the program's. */
static int
launch(struct supervise *s, struct helper *h, const int wire[2], const int log[2], struct err *err)
{
	char room[IMAGE_WORDS_BYTES_MAX + 1], *words[IMAGE_WORDS_MAX + 2];
	char program[IMAGE_WORDS_BYTES_MAX + PLACE_MAX];
	struct sandbox_user user;
	pid_t parent = getpid(), pid;

	if (image_words(h->host, room, words) == 0)
		return err_set(err, ERR_CONF, 0, "it has no words");
	if (find_program(words[0], words[1], is_own(words), program, sizeof(program), err) < 0 ||
		pick_user(s, words[0], program, is_own(words), &user, err) < 0)
		return ERR_CONF;
	pid = fork();
	if (pid < 0)
		return err_set(err, ERR_IO, errno, "starting it: %s", strerror(errno));
	if (pid == 0)
		enter(h, &user, program, words, wire[1], log[1], parent);
	h->pid = pid;
	log_info("helper '%s': started, pid %d, as user '%s'", h->link, (int)pid, user.name);
	return 0;
}

static void
answer_no(struct supervise *s, struct helper *h, const char *why)
{
	struct buf packet = { 0 };

	h->is_asked = false;
	wire_begin(&packet, WIRE_HELPER_NO);
	wire_u32(&packet, h->ticket);
	wire_text(&packet, why);
	wire_end(&packet);
	if (s->control.sock >= 0 && sock_send(s->control.sock, &packet, -1, NULL) < 0)
		log_debug("helper '%s': control takes no answer", h->link);
	buf_done(&packet);
}

/* When control does not take it, the program sees the end of its input, and control asks again. */
static void
hand_over(struct supervise *s, struct helper *h, int fd)
{
	struct buf packet = { 0 };
	struct err err;

	h->is_asked = false;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	wire_begin(&packet, WIRE_HELPER);
	wire_u32(&packet, h->ticket);
	wire_end(&packet);
	if (s->control.sock >= 0 && sock_send(s->control.sock, &packet, fd, &err) < 0)
		log_warn("helper '%s': %s", h->link, err.msg);
	buf_done(&packet);
}

static void
start(struct supervise *s, struct helper *h, int64_t now_ns)
{
	int wire[2] = { -1, -1 }, log[2] = { -1, -1 };
	struct err err;
	int rc = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wire) < 0 ||
		pipe2(log, O_CLOEXEC) < 0)
		rc = err_set(&err, ERR_IO, errno, "making its pipes: %s", strerror(errno));
	if (rc == 0)
		rc = launch(s, h, wire, log, &err);
	if (rc == 0) {
		h->started_ns = now_ns;
		h->is_ending = h->is_killed = false;
		h->failure[0] = '\0';
		h->kill_ns = NEVER;
		h->log = log[0];
		log[0] = -1;
		fcntl(h->log, F_SETFL, O_NONBLOCK);
		if (loop_add(s->loop, h->log, LOOP_READ, on_log, s, &err) < 0) {
			close(h->log);
			h->log = -1;
		}
		hand_over(s, h, wire[0]);
	} else {
		if (strcmp(h->failure, err.msg) != 0)
			log_err("helper '%s': %s", h->link, err.msg);
		text_copy(h->failure, sizeof(h->failure), err.msg);
		answer_no(s, h, err.msg);
	}
	for (int i = 0; i < 2; i++) {
		if (wire[i] >= 0)
			close(wire[i]);
		if (log[i] >= 0)
			close(log[i]);
	}
}

/* ---- ending ---- */

static void
end(struct helper *h, int sig, int64_t now_ns)
{
	if (h->pid == 0)
		return;
	if (!h->is_ending)
		h->kill_ns = now_ns + ENDING_NS;
	h->is_ending = true;
	h->is_killed = h->is_killed || sig == SIGKILL;
	if (kill(-h->pid, sig) < 0)
		kill(h->pid, sig); /* it has not made its group yet */
}

static void
forget(struct helpers *all, size_t i)
{
	free(all->at[i]->link);
	free(all->at[i]->host);
	free(all->at[i]);
	all->at[i] = all->at[--all->n];
}

void
helpers_end(struct supervise *s, int sig)
{
	for (size_t i = 0; s->helpers != NULL && i < s->helpers->n; i++) {
		s->helpers->at[i]->is_asked = false;
		end(s->helpers->at[i], sig, now_boot());
	}
}

void
helpers_before_reaping(struct supervise *s, pid_t pid)
{
	for (size_t i = 0; s->helpers != NULL && i < s->helpers->n; i++)
		if (s->helpers->at[i]->pid == pid)
			kill(-pid, SIGKILL);
}

/* Did it end because we told it to? One that control has seen end before we do is told to when it is asked for again. */
static bool
was_told(const struct helper *h, int status)
{
	if (!h->is_ending)
		return false;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGTERM || (WTERMSIG(status) == SIGKILL && h->is_killed);
	return WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 128 + SIGTERM;
}

static void
plan_restart(struct helper *h, int status, int64_t now_ns)
{
	char wait[CLOCK_TEXT_SIZE];

	h->restarts++;
	if (now_ns - h->started_ns > LONG_LIFE_NS)
		h->backoff_ns = 0;
	h->next_start_ns = now_ns + h->backoff_ns;
	clock_span(wait, h->backoff_ns);
	h->backoff_ns =
		h->backoff_ns == 0 ? BACKOFF_FIRST_NS : MIN(h->backoff_ns * 2, BACKOFF_MAX_NS);
	child_how(h->how, status);
	log_warn("helper '%s': %s; it is started again in %s", h->link, h->how, wait);
}

/* One of the same link with other words that has not ended yet: two must not hold a device. */
static bool
has_predecessor(const struct supervise *s, const struct helper *h)
{
	for (size_t i = 0; i < s->helpers->n; i++) {
		const struct helper *other = s->helpers->at[i];

		if (other != h && other->pid != 0 && strcmp(other->link, h->link) == 0)
			return true;
	}
	return false;
}

/* Start it, or say why not yet. */
static void
serve(struct supervise *s, struct helper *h, int64_t now_ns)
{
	char why[CHILD_HOW + CLOCK_TEXT_SIZE + 40], wait[CLOCK_TEXT_SIZE];

	if (!h->is_asked || h->pid != 0 || has_predecessor(s, h))
		return;
	if (now_ns >= h->next_start_ns) {
		start(s, h, now_ns);
		return;
	}
	clock_span(wait, h->next_start_ns - now_ns);
	snprintf(why, sizeof(why), "it %s, and is started again in %s", h->how, wait);
	answer_no(s, h, why);
}

bool
helpers_ended(struct supervise *s, pid_t pid, int status, int64_t now_ns)
{
	size_t i = 0;
	struct helper *h;

	while (s->helpers != NULL && i < s->helpers->n && s->helpers->at[i]->pid != pid)
		i++;
	if (s->helpers == NULL || i == s->helpers->n)
		return false;
	h = s->helpers->at[i];
	h->pid = 0;
	h->kill_ns = NEVER;
	drain_log(s, h);
	if (was_told(h, status) || s->is_ending || h->is_gone) {
		log_info("helper '%s': ended", h->link);
	} else {
		events_tell_end(s, EVENT_HELPER_ENDED, EVENT_HELPER_KILLED, h->link, status, 0);
		plan_restart(h, status, now_ns);
	}
	if (h->is_gone)
		forget(s->helpers, i);
	for (i = 0; i < s->helpers->n && !s->is_ending; i++) /* it, or its successor */
		serve(s, s->helpers->at[i], now_ns);
	return true;
}

/* ---- what control and the bench file want ---- */

/* The link of this name in the image that runs; NULL: none that is a helper's. */
static const struct image_link *
find_link(const struct supervise *s, const char *name)
{
	for (uint32_t i = 0; s->img != NULL && i < s->img->links.n; i++) {
		const struct image_link *l = image_link_at(s->img, i);

		if (l->kind == LINK_HELPER && strcmp(image_text(s->img, l->name), name) == 0)
			return l;
	}
	return NULL;
}

/* A helper of that name whose words have changed is on its way out: it is another one. */
static struct helper *
find_helper(struct supervise *s, const char *link, const char *host)
{
	struct helpers *all = s->helpers;
	struct helper *h;

	for (size_t i = 0; all != NULL && i < all->n; i++)
		if (!all->at[i]->is_gone && strcmp(all->at[i]->link, link) == 0 &&
			strcmp(all->at[i]->host, host) == 0)
			return all->at[i];
	if (all == NULL)
		all = s->helpers = mem_zero(1, sizeof(*all));
	all->at = mem_grow(all->at, all->n + 1, sizeof(struct helper *));
	h = all->at[all->n++] = mem_zero(1, sizeof(*h));
	h->link = mem_text(link);
	h->host = mem_text(host);
	h->log = -1;
	h->kill_ns = NEVER;
	return h;
}

/* It has ended by itself and is only to be collected. */
static bool
has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

void
helpers_asked(struct supervise *s, struct wire_in *in)
{
	char link[64], host[IMAGE_WORDS_BYTES_MAX + 1];
	uint32_t ticket = wire_get_u32(in);
	const struct image_link *l;
	struct helper *h;
	struct err err;

	wire_get_text(in, link, sizeof(link));
	wire_get_text(in, host, sizeof(host));
	l = wire_close(in, &err) < 0 ? NULL : find_link(s, link);
	if (l == NULL || strcmp(image_text(s->img, l->host), host) != 0) {
		log_warn("process 'control': asks for a helper that the bench file does not name");
		return; /* of a bench file before this one, which control is about to take up */
	}
	h = find_helper(s, link, host);
	h->ticket = ticket;
	h->is_asked = true;
	if (h->pid != 0 && !has_ended(h->pid))
		end(h, SIGTERM, now_boot());
	serve(s, h, now_boot());
}

void
helpers_take_image(struct supervise *s)
{
	struct helpers *all = s->helpers;

	for (size_t i = all == NULL ? 0 : all->n; i-- > 0;) {
		struct helper *h = all->at[i];
		const struct image_link *l = find_link(s, h->link);

		if (l != NULL && strcmp(image_text(s->img, l->host), h->host) == 0)
			continue;
		h->is_gone = true;
		h->is_asked = false;
		if (h->pid == 0)
			forget(all, i);
		else
			end(h, SIGTERM, now_boot());
	}
}

int64_t
helpers_step(struct supervise *s, int64_t now_ns)
{
	int64_t wake = NEVER;

	for (size_t i = 0; s->helpers != NULL && i < s->helpers->n; i++) {
		struct helper *h = s->helpers->at[i];
		struct err err;

		if (h->pid != 0 && now_ns >= h->kill_ns) {
			log_warn("helper '%s': did not end in 1 s; it is killed", h->link);
			end(h, SIGKILL, now_ns);
			h->kill_ns = NEVER;
		}
		if (h->is_held && now_ns >= h->held_ns) {
			h->is_held = loop_add(s->loop, h->log, LOOP_READ, on_log, s, &err) < 0;
			h->held_ns = now_ns + NS_PER_S;
		}
		wake = MIN(wake, h->kill_ns);
		if (h->is_held)
			wake = MIN(wake, h->held_ns);
	}
	return wake;
}

bool
helpers_are_running(const struct supervise *s)
{
	for (size_t i = 0; s->helpers != NULL && i < s->helpers->n; i++)
		if (s->helpers->at[i]->pid != 0)
			return true;
	return false;
}

void
helpers_describe(const struct supervise *s, struct buf *out, int64_t now_ns)
{
	char life[CLOCK_TEXT_SIZE];

	for (size_t i = 0; s->helpers != NULL && i < s->helpers->n; i++) {
		const struct helper *h = s->helpers->at[i];

		clock_span(life, now_ns - h->started_ns);
		if (h->pid != 0)
			buf_printf(out, "helper: %s pid %d, for %s, restarts %u\n", h->link,
				(int)h->pid, life, h->restarts);
		else
			buf_printf(
				out, "helper: %s not running, restarts %u\n", h->link, h->restarts);
	}
}

void
helpers_done(struct supervise *s)
{
	while (s->helpers != NULL && s->helpers->n > 0) {
		close_log(s, s->helpers->at[0]);
		forget(s->helpers, 0);
	}
	if (s->helpers != NULL)
		free(s->helpers->at);
	free(s->helpers);
	s->helpers = NULL;
}
