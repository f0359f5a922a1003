/* loop.c - one event loop a process
 *
 * The timer is a timerfd with an absolute time: it is set again only when an earlier wake-up is wanted or the one that
 * was set has passed, so most turns of the loop cost no system call but epoll_wait.
 */
#include "io/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/now.h"

struct watch {
	loop_fn fn; /* NULL: not watched */
	void *ctx;
};

struct loop {
	int epoll, timer;
	int64_t armed_ns;      /* what the timer is set to; NEVER: not */
	struct watch *watches; /* [fd] */
	int n_watches;
};

struct loop *
loop_new(struct err *err)
{
	struct loop *l = mem_zero(1, sizeof(*l));
	struct epoll_event ev = { .events = EPOLLIN };

	l->armed_ns = NEVER;
	l->n_watches = 256;
	l->watches = mem_zero((size_t)l->n_watches, sizeof(*l->watches));
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->timer = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	ev.data.fd = l->timer;
	if (l->epoll < 0 || l->timer < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->timer, &ev) < 0) {
		err_set(err, ERR_IO, errno, "making the event loop: %s", strerror(errno));
		loop_free(l);
		return NULL;
	}
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	if (l->epoll >= 0)
		close(l->epoll);
	if (l->timer >= 0)
		close(l->timer);
	free(l->watches);
	free(l);
}

static uint32_t
to_epoll(unsigned events)
{
	return (events & LOOP_READ ? EPOLLIN : 0u) | (events & LOOP_WRITE ? EPOLLOUT : 0u);
}

int
loop_add(struct loop *l, int fd, unsigned events, loop_fn fn, void *ctx, struct err *err)
{
	struct epoll_event ev = { .events = to_epoll(events), .data.fd = fd };

	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		return err_set(err, ERR_IO, errno, "watching a descriptor: %s", strerror(errno));
	if (fd >= l->n_watches) {
		int n = MAX(fd + 1, l->n_watches * 2);

		l->watches = mem_grow(l->watches, (size_t)n, sizeof(*l->watches));
		memset(l->watches + l->n_watches, 0,
			(size_t)(n - l->n_watches) * sizeof(*l->watches));
		l->n_watches = n;
	}
	l->watches[fd] = (struct watch){ fn, ctx };
	return 0;
}

void
loop_change(struct loop *l, int fd, unsigned events)
{
	struct epoll_event ev = { .events = to_epoll(events), .data.fd = fd };

	epoll_ctl(l->epoll, EPOLL_CTL_MOD, fd, &ev);
}

void
loop_remove(struct loop *l, int fd)
{
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
	if (fd < l->n_watches)
		l->watches[fd].fn = NULL;
}

static void
arm(struct loop *l, int64_t until_ns)
{
	struct itimerspec spec = { 0 };

	if (until_ns == NEVER || l->armed_ns <= until_ns)
		return; /* one that fires too early only costs a turn */
	l->armed_ns = until_ns;
	until_ns = MAX(until_ns, 1); /* 0 would disarm it */
	spec.it_value.tv_sec = (time_t)(until_ns / NS_PER_S);
	spec.it_value.tv_nsec = (long)(until_ns % NS_PER_S);
	timerfd_settime(l->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

int
loop_step(struct loop *l, int64_t until_ns, struct err *err)
{
	struct epoll_event events[64];
	int n;

	arm(l, until_ns);
	n = epoll_wait(l->epoll, events, NELEM(events), -1);
	if (n < 0 && errno != EINTR)
		return err_set(err, ERR_IO, errno, "waiting for events: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;
		uint32_t e = events[i].events;
		unsigned what = (e & EPOLLIN ? LOOP_READ : 0) | (e & EPOLLOUT ? LOOP_WRITE : 0);

		if (fd == l->timer) {
			uint64_t expirations;

			if (read(l->timer, &expirations, sizeof(expirations)) > 0)
				l->armed_ns = NEVER;
			continue;
		}
		if (e & (EPOLLERR | EPOLLHUP))
			what = LOOP_READ | LOOP_WRITE;
		if (fd < l->n_watches && l->watches[fd].fn != NULL)
			l->watches[fd].fn(l->watches[fd].ctx, fd, what);
	}
	return 0;
}

int
loop_signals(const int *signals, size_t n, struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "watching signals: %s", strerror(errno));
	return fd;
}

int
loop_signal(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}
