/* local_wire.h - the wire to a part of this computer: a thread that reads its files or its lines
 *
 * One question is under way at a time, and one waits behind it: a later one takes its place, as the one who asked has given it
 * up by then. So a thread that was held up by the kernel has at most two questions to answer when it comes back. Each answer
 * comes with the number of the opening it belongs to.
 */
#ifndef IO_LOCAL_WIRE_H
#define IO_LOCAL_WIRE_H

#include "base/err.h"
#include "io/worker.h"
#include "model/image.h"

#define LOCAL_WIRE_REQUEST 520 /* bytes of the longest question */

struct local_wire {
	struct worker worker;
	bool is_asked;
	size_t n_waiting;
	uint8_t waiting[LOCAL_WIRE_REQUEST];
};

/* kind: LINK_SYSTEM, LINK_FOLDER, LINK_GPIO; host: as in image_link. */
int local_wire_start(
	struct local_wire *l, enum link_kind kind, const char *host, struct err *err) MUST_CHECK;
/* The thread ends by itself when it has done what it was doing. */
void local_wire_stop(struct local_wire *l);

void local_wire_ask(struct local_wire *l, uint32_t serial, const uint8_t *bytes, size_t n);
/* Call when l->worker.fd is readable. out: WORKER_PACKET_MAX bytes; returns how many there are, 0: none. */
size_t local_wire_take(struct local_wire *l, uint32_t *out_serial, uint8_t *out);

#endif
