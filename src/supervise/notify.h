/* notify.h - telling the service manager: the protocol of sd_notify(3), without its library
 *
 * A datagram to the socket that NOTIFY_SOCKET names. Where there is none, every call does nothing; none waits.
 */
#ifndef SUPERVISE_NOTIFY_H
#define SUPERVISE_NOTIFY_H

#include <sys/un.h>

#include "base/defs.h"

struct notify {
	int fd; /* -1: nobody to tell */
	struct sockaddr_un to;
	unsigned to_size;
	int64_t every_ns; /* half of what the manager's watchdog waits; 0: it has none for us */
	int64_t next_ns;
};

/* Take NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment: our children have nothing to tell. */
void notify_open(struct notify *n);
void notify_done(struct notify *n);

/* State as in sd_notify(3): "READY=1\nSTATUS=text" */
void notify_tell(const struct notify *n, const char *fmt, ...) PRINTF(2, 3);

/* The sign of life when it is due, and only when there is life; returns when to come again, NEVER. */
int64_t notify_beat(struct notify *n, bool is_alive, int64_t now_ns);

#endif
