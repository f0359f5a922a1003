/* lock.h - `local_lock`: a switch at the bench that keeps commands from elsewhere out; pure
 *
 * It locks while it shows what locks, and while nobody knows what it shows.
 */
#ifndef CONTROL_LOCK_H
#define CONTROL_LOCK_H

#include "control/channel.h"

struct lock {
	bool is_told; /* that it locks */
};

/* May a command come in? ERR_REFUSED with cause; remedy. For an image that has one. */
int lock_check(
	const struct image *img, const struct channels *channels, struct err *err) MUST_CHECK;
/* At each tick: its channel, and an event when it has changed. */
void lock_tick(struct lock *l, const struct image *img, struct channels *channels,
	uint64_t (*event)(void *ctx, struct event *e), void *ctx, int64_t now_ns);

#endif
