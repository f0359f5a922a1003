/* worker.h - a thread for what may block in the kernel: it shares nothing and trades packets
 *
 * Two bounded queues (a socket pair): requests to it, answers from it. The loop never waits for it: a request that does
 * not fit is refused, and the one who asked times out as if a device were silent.
 */
#ifndef IO_WORKER_H
#define IO_WORKER_H

#include "base/err.h"

#define WORKER_PACKET_MAX (17 << 10) /* the longest frame of any codec, and what stands around it */

/* Runs in the thread: a request to an answer of at most WORKER_PACKET_MAX bytes; returns its length. */
typedef size_t (*worker_fn)(void *ctx, const uint8_t *request, size_t n, uint8_t *out_answer);

/* What a thread does, and what it has for itself. */
struct worker_job {
	worker_fn fn;
	void *ctx;
	void (*done)(void *ctx); /* in the thread, at its end; NULL: nothing is to be done */
};

struct worker {
	int fd; /* readable when an answer is there; -1: not started */
};

/* Takes job->ctx, in any case. */
int worker_start(struct worker *w, const char *name, const struct worker_job *job,
	struct err *err) MUST_CHECK;
void worker_stop(
	struct worker *w); /* the thread ends by itself when it has done what it was doing */

int worker_ask(struct worker *w, const void *request, size_t n, struct err *err) MUST_CHECK;
/* The next answer; 0 when there is none. */
size_t worker_take(struct worker *w, uint8_t *out_answer);

#endif
