/* children.c - each instrument dies once in each step */
#include "rehearse/children.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_A_TIME 2

struct child {
	pid_t pid; /* 0: none */
	int fd;
	uint32_t row;
};

/* Its row, or nothing when it was killed. */
static void
take(struct child *c, struct fault_row *rows)
{
	struct fault_row got;
	ssize_t n;

	do
		n = read(c->fd, &got, sizeof(got)); /* less than a pipe holds: in one piece */
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(got)) {
		got.outcome[sizeof(got.outcome) - 1] = got.why[sizeof(got.why) - 1] = '\0';
		rows[c->row] = got;
	}
	close(c->fd);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	c->pid = 0;
}

_Noreturn static void
play(struct rehearsal *r, struct fault_row *row, int fd, pid_t parent)
{
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	fault_play(r, row);
	n = write(fd, row, sizeof(*row));
	_exit(n == (ssize_t)sizeof(*row) ? 0 : 1);
}

static void
start(struct rehearsal *r, struct child *c, struct fault_row *rows, uint32_t row)
{
	pid_t parent = getpid();
	int fds[2];

	if (c->pid != 0)
		take(c, rows);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	c->pid = fork();
	if (c->pid == 0) {
		close(fds[0]);
		play(r, &rows[row], fds[1], parent);
	}
	close(fds[1]);
	if (c->pid < 0) {
		c->pid = 0;
		close(fds[0]);
		return;
	}
	c->fd = fds[0];
	c->row = row;
}

uint32_t
children_play(const struct rehearsal *r, struct fault_row *rows, uint32_t cap)
{
	struct child children[AT_A_TIME] = { 0 };
	struct rehearsal *again = calloc(1, sizeof(*again));
	uint32_t n = 0;

	if (again == NULL)
		return 0;
	rehearsal_begin(again, &r->setup);
	for (uint32_t k = 0; k < r->n_steps; k++) {
		const struct rehearsal_step *s = &r->steps[k];
		double at_s = s->at_s + (isfinite(s->took_s) ? s->took_s / 2 : 0);

		while (!again->is_ended && rehearsal_time(again) < at_s)
			rehearsal_tick(again);
		for (uint32_t i = 0; i < r->img->instruments.n && n < cap; i++) {
			if (!dry_plays(r->img, i))
				continue;
			rows[n] = (struct fault_row){ .step = k, .instrument = i, .at_s = at_s };
			if (!again->is_ended && !r->setup.is_over(r->setup.ctx))
				start(again, &children[n % AT_A_TIME], rows, n);
			n++;
		}
	}
	for (uint32_t i = 0; i < AT_A_TIME; i++)
		if (children[i].pid != 0)
			take(&children[i], rows);
	rehearsal_done(again);
	free(again);
	return n;
}
