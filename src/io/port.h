/* port.h - the thread that finds, opens and closes serial ports
 *
 * Closing waits in the kernel until all bytes are out, so it is the same thread that does it: what closes a port comes before what opens
 * it again, and its lock is free by then.
 */
#ifndef IO_PORT_H
#define IO_PORT_H

#include "base/err.h"
#include "io/serial.h"
#include "io/worker.h"

struct port {
	uint32_t serial; /* of who asks */
	int fd;          /* -1: why */
	char path[SERIAL_PATH_MAX];
	char why[200];
};

/* What the thread runs: worker_fn. */
size_t port_run(void *ctx, const uint8_t *request, size_t n, uint8_t *out);
/* where, nth: as of serial_find(). Fails when the thread's queue is full. */
int port_open(struct worker *ports, uint32_t serial, const char *where, unsigned nth,
	const struct image_line *line, struct err *err) MUST_CHECK;
/* Takes fd, which the loop has let go of. When even the queue to the thread is full, or there is none, it waits. */
void port_close(struct worker *ports, int fd);
/* Call when ports->fd is readable; false: no port was opened. */
bool port_take(struct worker *ports, struct port *out);

#endif
