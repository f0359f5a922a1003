/* watchdog.h - the hardware watchdog: the computer restarts when it is not fed
 *
 * Source: Documentation/watchdog/watchdog-api.rst of Linux. Any write feeds it; a 'V' before closing disarms it, closing
 * without one (our death) does not. A device that is missing or busy, or that does not answer as a watchdog does, is told once
 * and tried again every 10 s; nothing is written to the latter.
 */
#ifndef SUPERVISE_WATCHDOG_H
#define SUPERVISE_WATCHDOG_H

#include "io/place.h"

struct watchdog {
	int fd;                 /* -1: not open */
	char device[PLACE_MAX]; /* empty: none is wanted */
	int64_t timeout_ns;
	int64_t every_ns; /* a third of what the device has agreed to */
	int64_t next_ns;  /* to feed it, or to try to open it */
	bool is_told;     /* that it cannot be opened */
};

void watchdog_init(struct watchdog *w);

/* What the bench file wants; the same as before changes nothing, another device disarms the former one. */
void watchdog_set(struct watchdog *w, const char *device, int64_t timeout_ns);

/* Open and feed it when that is due, the latter only when there is life. Never waits. Returns when to come again, NEVER. */
int64_t watchdog_step(struct watchdog *w, bool is_alive, int64_t now_ns);

/* An orderly stop: disarm and close it. */
void watchdog_done(struct watchdog *w);

#endif
