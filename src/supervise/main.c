/* main.c - the supervisor of a bench: mbc-supervise BENCH.yaml
 *
 * Compiles the bench file, starts the processes, starts again what ends, hands out boards, answers the command line.
 * It touches neither instruments nor the network, so that it has little to die of.
 *
 *	SIGHUP   read the bench file again; a bad one is refused and the old one keeps running
 *	SIGTERM  end everything
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "io/now.h"
#include "supervise/supervise.h"

#define ENDING_NS (2 * NS_PER_S) /* what has not ended by then is killed */
#define SAFE_NS (12 * NS_PER_S)  /* for a controller that makes the bench safe first */

/* ---- signals ---- */

void
supervise_stop(struct supervise *s)
{
	if (s->is_ending)
		return;
	s->is_ending = true;
	notify_tell(&s->manager, "STOPPING=1\nSTATUS=bench '%s': stopping", s->bench);
	if (s->compile.pid != 0)
		kill(s->compile.pid, SIGKILL);
	rehearsals_stop(s);
	errands_stop(s);
	backups_stop(s, SIGTERM);
	/* With outputs that can hurt the controller makes the bench safe, at most for 10 s, and who records and shows that goes on. */
	s->is_control_first =
		s->control.pid != 0 && s->img != NULL && s->img->on_stop != IMAGE_NONE;
	if (s->is_control_first) {
		s->kill_ns = now_boot() + SAFE_NS;
		kill(s->control.pid, SIGTERM);
		return;
	}
	s->kill_ns = now_boot() + ENDING_NS;
	processes_signal(s, SIGTERM);
}

/* The controller has ended, or will not. */
static void
end_the_others(struct supervise *s, int64_t now)
{
	if (!s->is_control_first || (s->control.pid != 0 && now < s->kill_ns))
		return;
	s->is_control_first = false;
	s->kill_ns = now + ENDING_NS;
	processes_signal(s, SIGTERM);
}

/* A process that has ended and is not collected yet: its number, and that of its group, cannot be another's. */
static pid_t
next_ended(void)
{
	siginfo_t info = { .si_pid = 0 };

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ? info.si_pid : 0;
}

static void
reap(struct supervise *s)
{
	int status;
	pid_t pid;

	while ((pid = next_ended()) > 0) {
		helpers_before_reaping(s, pid);
		if (waitpid(pid, &status, WNOHANG) != pid)
			return;
		if (helpers_ended(s, pid, status, now_boot()))
			continue;
		if (pid == s->compile.pid && !s->is_ending)
			reload_compiled(s, status);
		else if (pid == s->compile.pid)
			s->compile.pid = 0;
		else if (certificate_ended(s, pid, status))
			continue;
		else if (errands_ended(s, pid, status))
			continue;
		else if (backups_ended(s, pid, status))
			continue;
		else if (pid == s->rehearsing.child.pid)
			rehearsals_ended(s, status);
		else
			processes_ended(s, pid, status, now_boot());
	}
}

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct supervise *s = ctx;
	int sig;

	while ((sig = loop_signal(fd)) != 0) {
		if (sig == SIGCHLD)
			reap(s);
		else if (sig == SIGHUP)
			reload_begin(s);
		else
			supervise_stop(s);
	}
}

/* ---- the loop ---- */

/* A disk or a share that does not answer holds a process that was killed, as long as it likes. The bench does not wait for one that writes nothing of it. */
static bool
has_work(const struct supervise *s, int64_t now)
{
	bool is_killed = s->kill_ns == NEVER; /* and so were errands, ENDING_NS before */
	bool is_over = is_killed && now - s->killed_ns >= ENDING_NS;

	return (is_killed ? errands_are_writing(s) : errands_are_running(s)) ||
	       (s->backup.child.pid != 0 && !is_over);
}

static bool
has_ended(const struct supervise *s, int64_t now)
{
	return s->is_ending && s->control.pid == 0 && s->serve.pid == 0 && s->history.pid == 0 &&
	       s->query.pid == 0 && s->gate.pid == 0 && s->compile.pid == 0 &&
	       s->rehearsing.child.pid == 0 && !has_work(s, now) && !certificate_is_made(s) &&
	       s->public.child.pid == 0 && s->alert.pid == 0 && !helpers_are_running(s);
}

/* Hearts: the controller's, and those that beat only while that one does. An orderly end needs no watchdog's help, as long
 * as it gets on: a controller that does not even die when it is killed may still hold its outputs. */
static int64_t
watch(struct supervise *s, int64_t now)
{
	int64_t wake = s->is_ending ? NEVER : processes_watch(s, now);
	bool is_alive = s->is_ending ? s->kill_ns != NEVER || s->control.pid == 0
				     : processes_are_alive(s, now);

	wake = MIN(wake, watchdog_step(&s->watchdog, is_alive, now));
	return MIN(wake, notify_beat(&s->manager, is_alive, now));
}

static int
run(struct supervise *s, struct err *err)
{
	while (!has_ended(s, now_boot())) {
		int64_t now = now_boot(), wake;
		int rc;

		end_the_others(s, now);
		if (s->is_ending && now >= s->kill_ns) {
			log_warn("supervise: not all processes ended in 2 s; they are killed");
			processes_signal(s, SIGKILL);
			helpers_end(s, SIGKILL);
			backups_stop(s, SIGKILL);
			s->kill_ns = NEVER;
			s->killed_ns = now;
		}
		reload_watch(s, now);
		processes_start(s, now);
		if (now - s->measured_ns >= NS_PER_S) {
			s->measured_ns = now;
			processes_health(s, now);
		}
		wake = MIN(processes_wake(s), s->measured_ns + NS_PER_S);
		wake = MIN(wake, watch(s, now));
		wake = MIN(wake, helpers_step(s, now));
		wake = MIN(wake, events_step(s, now));
		wake = MIN(wake, pending_step(s, now));
		wake = MIN(wake, certificate_step(s, now));
		wake = MIN(wake, public_step(s, now));
		wake = MIN(wake, runs_step(s, now));
		wake = MIN(wake, rehearsals_step(s, now));
		wake = MIN(wake, accounts_step(s, now));
		wake = MIN(wake, errands_step(s, now));
		wake = MIN(wake, backups_step(s));
		rc = loop_step(s->loop, s->is_ending ? MIN(wake, s->kill_ns) : wake, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A bench may have more links than the usual 1024 descriptors; its processes inherit this. */
static void
allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = MIN(limit.rlim_max, (rlim_t)65536);
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int
start(struct supervise *s, struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	int sig;

	s->loop = loop_new(err);
	if (s->loop == NULL)
		return ERR_IO;
	sig = loop_signals(signals, NELEM(signals), err);
	if (sig < 0)
		return sig;
	return loop_add(s->loop, sig, LOOP_READ, on_signal, s, err);
}

/* Who writes the bench file is looked at while we may still look into every folder. */
static void
confine(struct supervise *s)
{
	const struct rlimit no_limit = { RLIM_INFINITY, RLIM_INFINITY };

	sandbox_user_find(SANDBOX_SUPERVISE, &s->owner);
	if (geteuid() == 0)
		reload_find_owner(s);
	setrlimit(RLIMIT_MEMLOCK, &no_limit); /* of the controller, when it is a real-time one */
	sandbox_enter(SANDBOX_SUPERVISE, NULL, &s->sandbox);
	if (s->control.user.is_other && s->serve.user.is_other && s->compile.user.is_other)
		return;
	log_info("users: all processes run as one, %s; 'mbc doctor' says what that means",
		geteuid() != 0 ? "because mbc was not started by root"
		: getenv("MBC_USERS") != NULL
			? "as MBC_USERS says"
			: "because mbc-compile, mbc-control and mbc-serve do not exist");
}

int
main(int argc, char **argv)
{
	struct supervise s = {
		.board = -1,
		.previous_board = -1,
		.door = -1,
		.lock = -1,
		.rehearsing.answer = -1,
		.kept = -1,
		.serve_kill_ns = NEVER,
		.began_ns = now_boot(),
	};
	struct err err;

	log_setup("supervise", LOG_LEVEL_INFO);
	log_never_wait(); /* a log that nobody reads must not keep it from restarting and stopping */
	self_protect();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on files is a full disk */
	allow_descriptors();
	if (argc != 2) {
		log_err("this program is started by 'mbc run'; run that instead");
		return 1;
	}
	s.file = argv[1];
	if (getcwd(s.folder, sizeof(s.folder)) == NULL)
		s.folder[0] = '\0'; /* a path from "/" on needs none */
	for (size_t i = 0; i < DOORS_MAX; i++)
		s.doors[i].fd = -1;
	s.gone_ns = s.began_ns;
	events_init(&s.events);
	notify_open(&s.manager);
	watchdog_init(&s.watchdog);
	child_init(&s.control, "control", SANDBOX_CONTROL);
	child_init(&s.serve, "serve", SANDBOX_SERVE);
	child_init(&s.history, "history", SANDBOX_HISTORY);
	child_init(&s.query, "query", SANDBOX_QUERY);
	child_init(&s.copy, "copy", SANDBOX_COPY);
	child_init(&s.postgres, "postgres", SANDBOX_POSTGRES);
	child_init(&s.tiers, "tiers", SANDBOX_TIERS);
	child_init(&s.influx, "influx", SANDBOX_INFLUX);
	child_init(&s.alert, "alert", SANDBOX_ALERT);
	child_init(&s.gate, "gate", SANDBOX_GATE);
	child_init(&s.hash, "hash", SANDBOX_HASH);
	child_init(&s.compile, "compile", SANDBOX_COMPILE);
	certificate_init(&s);
	public_init(&s);
	child_init(&s.rehearsing.child, "rehearse", SANDBOX_REHEARSE);
	sandbox_user_find(SANDBOX_COMPILE, &s.rehearsing.child.user); /* it reads no more */
	errands_init(&s);
	backups_init(&s);
	confine(&s);
	if (start(&s, &err) < 0) {
		log_err("%s", err.msg);
		return 2;
	}
	reload_begin(&s);
	if (s.compile.pid == 0)
		return 2;
	if (run(&s, &err) < 0) {
		log_err("%s", err.msg);
		s.exit_code = 2;
	}
	watchdog_done(&s.watchdog);
	events_done(&s); /* before somebody hears that the bench has ended */
	door_close(&s);
	notify_done(&s.manager);
	helpers_done(&s);
	pending_done(&s);
	versions_done(&s);
	accounts_done(&s);
	loop_free(s.loop);
	free(s.img);
	secrets_free(s.secrets);
	return s.exit_code;
}
