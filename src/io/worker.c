/* worker.c - a thread for what may block in the kernel */
#include "io/worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

struct start {
	int fd;
	struct worker_job job;
	char name[16];
};

static void
give_up(const struct worker_job *job)
{
	if (job->done != NULL)
		job->done(job->ctx);
}

static void *
run(void *arg)
{
	struct start *s = arg;
	uint8_t *request = mem_zero(WORKER_PACKET_MAX, 1), *answer = mem_zero(WORKER_PACKET_MAX, 1);
	ssize_t n;

	pthread_setname_np(pthread_self(), s->name);
	/* An empty packet or the end: the loop has let go of us. */
	while ((n = recv(s->fd, request, WORKER_PACKET_MAX, 0)) > 0 || (n < 0 && errno == EINTR)) {
		size_t len;

		if (n < 0)
			continue;
		len = s->job.fn(s->job.ctx, request, (size_t)n, answer);
		if (send(s->fd, answer, len, MSG_NOSIGNAL) < 0)
			break;
	}
	close(s->fd);
	free(request);
	free(answer);
	give_up(&s->job);
	free(s);
	return NULL;
}

int
worker_start(struct worker *w, const char *name, const struct worker_job *job, struct err *err)
{
	struct start *s;
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int pair[2], rc;

	w->fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		int sys = errno;

		give_up(job);
		return err_set(
			err, ERR_IO, sys, "starting the thread '%s': %s", name, strerror(sys));
	}
	s = mem_zero(1, sizeof(*s));
	s->fd = pair[1];
	s->job = *job;
	strncpy(s->name, name, sizeof(s->name) - 1);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 128 << 10); /* getaddrinfo needs some tens of KiB */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old); /* signals belong to the loop */
	rc = pthread_create(&thread, &attr, run, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (rc != 0) {
		close(pair[0]);
		close(pair[1]);
		give_up(job);
		free(s);
		return err_set(err, ERR_IO, rc, "starting the thread '%s': %s", name, strerror(rc));
	}
	w->fd = pair[0];
	return 0;
}

void
worker_stop(struct worker *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

int
worker_ask(struct worker *w, const void *request, size_t n, struct err *err)
{
	if (w->fd >= 0 && send(w->fd, request, n, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	return err_set(err, ERR_TIMEOUT, 0, "it is still busy with an earlier request");
}

size_t
worker_take(struct worker *w, uint8_t *out_answer)
{
	ssize_t n = recv(w->fd, out_answer, WORKER_PACKET_MAX, MSG_DONTWAIT);

	return n > 0 ? (size_t)n : 0;
}
