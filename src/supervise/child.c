/* child.c - one process of the bench */
#include "supervise/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "io/place.h"
#include "io/sock.h"

#define LONG_LIFE_NS (30 * NS_PER_S)
#define BACKOFF_FIRST_NS (500 * NS_PER_MS)
#define BACKOFF_MAX_NS (10 * NS_PER_S)

void
child_init(struct child *c, const char *name)
{
	*c = (struct child){ .name = name, .sock = -1, .next_start_ns = NEVER };
}

/* Between fork and exec, in the child: signals as they were before us, only the descriptors it shall have. */
static void
enter(const char *program, char *const *argv, const int *keep, size_t n_keep, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(2); /* the supervisor died in between */
	for (size_t i = 0; i < n_keep; i++)
		fcntl(keep[i], F_SETFD, 0);
	execv(program, argv);
	_exit(2);
}

static pid_t
launch(const char *name, char *const *argv, const int *keep, size_t n_keep, struct err *err)
{
	char program[PLACE_MAX];
	pid_t parent = getpid(), pid;

	if (place_program(program, name, err) < 0)
		return -1;
	pid = fork();
	if (pid < 0) {
		err_set(err, ERR_IO, errno, "starting mbc-%s: %s", name, strerror(errno));
		return -1;
	}
	if (pid == 0)
		enter(program, argv, keep, n_keep, parent);
	return pid;
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
	int pair[2], all[4], n = 0;

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
	c->pid = launch(c->name, argv, all, n_keep + 1, err);
	close(pair[1]);
	if (c->pid < 0) {
		c->pid = 0;
		close(pair[0]);
		return ERR_IO;
	}
	c->sock = pair[0];
	c->started_ns = now_ns;
	c->next_start_ns = NEVER;
	return 0;
}

void
child_ended(struct child *c, int status, int64_t now_ns)
{
	char how[64], wait[CLOCK_TEXT_SIZE];

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
		c->backoff_ns == 0 ? BACKOFF_FIRST_NS : MIN(c->backoff_ns * 2, BACKOFF_MAX_NS);
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was ended by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		snprintf(how, sizeof(how), "ended with exit code %d", WEXITSTATUS(status));
	log_warn("process '%s': %s; it is started again in %s", c->name, how, wait);
}

pid_t
child_compile(const char *file, int memfd, struct err *err)
{
	char number[16];
	char *argv[] = { loosen("mbc-compile"), loosen("--out-fd"), number, loosen(file), NULL };

	snprintf(number, sizeof(number), "%d", memfd);
	return launch("compile", argv, &memfd, 1, err);
}
