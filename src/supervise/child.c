/* child.c - one process of the bench */
#include "supervise/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "io/place.h"
#include "io/sock.h"

#define LONG_LIFE_NS (30 * NS_PER_S)
#define BACKOFF_FIRST_NS (500 * NS_PER_MS)
#define REALTIME_PRIORITY 50 /* above ordinary programs, below the kernel's own threads */
#define BACKOFF_MAX_NS (10 * NS_PER_S)
#define BACKOFF_CONTROL_NS (2 * NS_PER_S) /* nobody holds its outputs meanwhile */

void
child_init(struct child *c, const char *name, enum sandbox_role role)
{
	*c = (struct child){ .name = name, .sock = -1, .errors = -1, .next_start_ns = NEVER };
	c->backoff_max_ns = role == SANDBOX_CONTROL ? BACKOFF_CONTROL_NS : BACKOFF_MAX_NS;
	c->is_lasting = role != SANDBOX_COMPILE;
	c->outlives = role == SANDBOX_CONTROL;
	sandbox_user_find(role, &c->user);
}

/* While there is still the right to. Its threads do what may wait, and go back to the ordinary class. When it is refused
 * the controller sees it, and says so. */
static void
ask_realtime(void)
{
	const struct sched_param param = { .sched_priority = REALTIME_PRIORITY };

	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param);
	prctl(PR_SET_TIMERSLACK, 1);
}

/* No terminal of ours, to type into or to read from: it talks over its socket and logs to its standard error. */
static void
leave_terminal(const int *keep, size_t n_keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++) {
		bool is_kept =
			false; /* we were started without it, and something else has the number */

		for (size_t i = 0; i < n_keep; i++)
			is_kept = is_kept || keep[i] == fd;
		if (!is_kept && (null < 0 || (null != fd && dup2(null, fd) < 0)))
			close(fd);
		if (null == fd)
			fcntl(fd, F_SETFD, 0);
	}
}

void
child_become(const struct sandbox_user *user, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	if (sandbox_user_enter(user) < 0)
		_exit(2);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(2); /* the supervisor died in between */
}

/* Between fork and exec, in the child: its own user, only the descriptors it shall have. */
static void
enter(const struct child *c, const char *program, char *const *argv, const int *keep, size_t n_keep,
	pid_t parent)
{
	if (c->is_realtime)
		ask_realtime();
	child_become(&c->user, parent);
	if (c->outlives && (prctl(PR_SET_PDEATHSIG, SIGUSR1) < 0 || getppid() != parent))
		_exit(2);
	for (size_t i = 0; i < n_keep; i++)
		fcntl(keep[i], F_SETFD, 0);
	if (c->is_lasting) {
		leave_terminal(keep, n_keep);
		dup2(log_descriptor(),
			STDERR_FILENO); /* what it cannot open again, its file being ours */
	}
	if (c->errors >= 0 && dup2(c->errors, STDERR_FILENO) < 0)
		_exit(2);
	execv(program, argv);
	_exit(2);
}

/* A build in a folder that is closed to others: the process runs as we do. */
static void
check_user(struct child *c, const char *program)
{
	if (!c->user.is_other || sandbox_user_can(&c->user, program, X_OK))
		return;
	log_warn("process '%s': the user '%s' cannot run '%s', so it runs as the user of its "
		 "supervisor; open the folder to others, or use 'make install'",
		c->name, c->user.name, program);
	c->user = (struct sandbox_user){ .uid = geteuid(), .gid = getegid() };
	text_copy(c->user.name, sizeof(c->user.name), geteuid() == 0 ? "root" : "itself");
}

static int
launch(struct child *c, char *const *argv, const int *keep, size_t n_keep, struct err *err)
{
	char program[PLACE_MAX];
	pid_t parent = getpid(), pid;

	if (place_program(program, c->name, err) < 0)
		return ERR_IO;
	check_user(c, program);
	c->report[0] = '\0';
	pid = fork();
	if (pid < 0)
		return err_set(err, ERR_IO, errno, "starting mbc-%s: %s", c->name, strerror(errno));
	if (pid == 0)
		enter(c, program, argv, keep, n_keep, parent);
	c->pid = pid;
	return 0;
}

/* execv wants writable pointers and promises not to write. */
static char *
loosen(const char *text)
{
	union {
		const char *c;
		char *v;
	} p = { .c = text };

	return p.v;
}

int
child_start(struct child *c, const char *const *args, const int *keep, size_t n_keep,
	int64_t now_ns, struct err *err)
{
	char number[16], program[32];
	char *argv[CHILD_ARGS + 4];
	int pair[2], all[8], n = 0, rc;

	if (sock_pair(pair, err) < 0)
		return ERR_IO;
	snprintf(number, sizeof(number), "%d", pair[1]);
	snprintf(program, sizeof(program), "mbc-%s", c->name);
	argv[n++] = program;
	argv[n++] = loosen("--socket");
	argv[n++] = number;
	while (*args != NULL && n < CHILD_ARGS + 3)
		argv[n++] = loosen(*args++);
	argv[n] = NULL;
	all[0] = pair[1];
	for (size_t i = 0; i < n_keep && i + 1 < NELEM(all); i++)
		all[i + 1] = keep[i];
	rc = launch(c, argv, all, n_keep + 1, err);
	close(pair[1]);
	if (rc < 0) {
		close(pair[0]);
		return ERR_IO;
	}
	c->sock = pair[0];
	c->started_ns = now_ns;
	c->next_start_ns = NEVER;
	return 0;
}

void
child_how(char *out, int status)
{
	if (WIFSIGNALED(status))
		snprintf(out, CHILD_HOW, "was ended by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		snprintf(out, CHILD_HOW, "ended with exit code %d", WEXITSTATUS(status));
}

void
child_ended(struct child *c, int status, int64_t now_ns)
{
	char how[CHILD_HOW], wait[CLOCK_TEXT_SIZE];

	if (c->sock >= 0)
		close(c->sock);
	c->sock = -1;
	c->pid = 0;
	c->restarts++;
	if (now_ns - c->started_ns > LONG_LIFE_NS)
		c->backoff_ns = 0;
	c->next_start_ns = now_ns + c->backoff_ns;
	clock_span(wait, c->backoff_ns);
	c->backoff_ns =
		c->backoff_ns == 0 ? BACKOFF_FIRST_NS : MIN(c->backoff_ns * 2, c->backoff_max_ns);
	child_how(how, status);
	log_warn("process '%s': %s; it is started again in %s", c->name, how, wait);
}

int
child_compile(struct child *c, const char *file, int memfd, int report, int kept, struct err *err)
{
	const int keep[] = { memfd, report, kept };
	char number[3][16];
	char *argv[] = { loosen("mbc-compile"), loosen("--out-fd"), number[0],
		loosen("--report-fd"), number[1], loosen("--keep-fd"), number[2], loosen(file),
		NULL };

	snprintf(number[0], sizeof(number[0]), "%d", memfd);
	snprintf(number[1], sizeof(number[1]), "%d", report);
	snprintf(number[2], sizeof(number[2]), "%d", kept);
	return launch(c, argv, keep, NELEM(keep), err);
}

int
child_certificate(struct child *c, const char *file, struct err *err)
{
	char *argv[] = { loosen("mbc-certificate"), loosen("make"), loosen(file), NULL };

	return launch(c, argv, NULL, 0, err);
}

int
child_run(struct child *c, const char *const *args, const int *keep, size_t n_keep, struct err *err)
{
	char program[32];
	char *argv[CHILD_REHEARSE_ARGS + 2] = { program };

	snprintf(program, sizeof(program), "mbc-%s", c->name);

	for (size_t n = 1; *args != NULL && n <= CHILD_REHEARSE_ARGS; n++)
		argv[n] = loosen(*args++);
	return launch(c, argv, keep, n_keep, err);
}
