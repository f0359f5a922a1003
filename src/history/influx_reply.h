/* influx_reply.h - what an InfluxDB says to lines that were written to it, and what follows from that. Pure. */
#ifndef HISTORY_INFLUX_REPLY_H
#define HISTORY_INFLUX_REPLY_H

#include "base/defs.h"

enum influx_next {
	INFLUX_GOOD, /* they are there */
	INFLUX_PART, /* all but `dropped`, which it will never take, are there */
	INFLUX_SPLIT, /* some of them it will not take: half of them at a time, down to one, which is left out */
	INFLUX_WAIT, /* none is known to be there; later again, the same ones */
};

struct influx_verdict {
	enum influx_next next;
	uint64_t dropped; /* INFLUX_PART */
	int64_t wait_ns;  /* INFLUX_WAIT: at least, as the server asked for; 0 */
	char text
		[200]; /* what is told: one line, with a remedy where there is one; "" for INFLUX_GOOD */
	char remedy[120];
};

/* status: of HTTP; body: n bytes of anything; retry_after: its header, "" when there was none; version 1 or 2. */
void influx_judge(int version, long status, const char *body, size_t n, const char *retry_after,
	struct influx_verdict *out);

#endif
