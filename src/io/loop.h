/* loop.h - one event loop a process: readiness of descriptors, one absolute timer
 *
 * Level-triggered epoll. A callback may remove any descriptor, its own too.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/err.h"

#define LOOP_READ 1u
#define LOOP_WRITE 2u

struct loop;

/* events: LOOP_READ, LOOP_WRITE; errors and hang-ups are reported as both. */
typedef void (*loop_fn)(void *ctx, int fd, unsigned events);

struct loop *loop_new(struct err *err);
void loop_free(struct loop *l);

int loop_add(
	struct loop *l, int fd, unsigned events, loop_fn fn, void *ctx, struct err *err) MUST_CHECK;
void loop_change(struct loop *l, int fd, unsigned events);
void loop_remove(struct loop *l, int fd); /* before it is closed */

/* Wait until something is ready or CLOCK_BOOTTIME reaches until_ns (NEVER: no limit), call the callbacks, return. */
int loop_step(struct loop *l, int64_t until_ns, struct err *err) MUST_CHECK;

/* A descriptor that becomes readable at one of these signals, which are blocked from here on; loop_signal() reads the
 * next one, 0 when there is none. Children start with them unblocked only if their starter sees to it. */
int loop_signals(const int *signals, size_t n, struct err *err) MUST_CHECK;
int loop_signal(int fd);

#endif
