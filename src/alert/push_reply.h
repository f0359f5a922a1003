/* push_reply.h - what a push service says to a message, and what follows from that. Pure. */
#ifndef ALERT_PUSH_REPLY_H
#define ALERT_PUSH_REPLY_H

#include "alert/message.h"
#include "alert/push_shape.h"

struct push_answer {
	long status;             /* of HTTP, at least 200 */
	const char *retry_after; /* its header, "" when there was none */
	int64_t wall_ns;         /* now: a Retry-After may be a date */
	const char *body;        /* n bytes of anything, perhaps not all of them */
	size_t n;
};

void push_judge(enum push_shape shape, const struct push_answer *a, struct alert_verdict *out);

#endif
