/* told.h - an event that `supervise` has seen and `control` records: the fields of WIRE_EVENT
 *
 *	u64 number | u64 number of its cause (0: none) | u64 stamp | u16 kind | u16 n | n x f64 value | text subject | text principal | text free
 *
 * Numbers grow by one in the life of a supervisor. One that a controller died without recording is sent to the next.
 */
#ifndef MSG_TOLD_H
#define MSG_TOLD_H

#include "msg/event.h"
#include "msg/wire.h"

struct told {
	uint64_t number, cause;
	struct event event; /* its id, boot and cause are for the controller to set */
};

void told_put(struct buf *out, const struct told *t); /* a whole message */
int told_get(struct told *out, struct wire_in *in, struct err *err) MUST_CHECK;

#endif
