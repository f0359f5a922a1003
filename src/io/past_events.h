/* past_events.h - events that were on no tape: from the files of the journal and the black box
 *
 * A recorder that was away, or overrun, fetches them again by their ids. The descriptors come from the supervisor, for reading alone.
 */
#ifndef IO_PAST_EVENTS_H
#define IO_PAST_EVENTS_H

#include "base/err.h"
#include "msg/event.h"

struct past_events {
	int journal[2]; /* -1: there is none */
	int box;
};

/* wall_ns: CLOCK_REALTIME - CLOCK_BOOTTIME of its boot as far as the same file tells; has_wall false: it does not. */
typedef void (*past_event_fn)(void *ctx, const struct event *e, bool has_wall, int64_t wall_ns);

/* All whose id is higher than `behind`, in no order. Parts that cannot be read are passed over; ERR_IO: none could. */
int past_events_read(const struct past_events *p, uint64_t behind, past_event_fn fn, void *ctx,
	struct err *err) MUST_CHECK;

#endif
