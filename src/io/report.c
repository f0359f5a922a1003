/* report.c - what a child says to `supervise` */
#include "io/report.h"

#include "base/log.h"
#include "io/sock.h"
#include "msg/wire.h"

void
report_send(int supervisor, struct buf *packet)
{
	struct err err;

	wire_end(packet);
	if (sock_send(supervisor, packet, -1, &err) < 0)
		log_warn("supervisor: %s", err.msg);
	buf_done(packet);
}

void
report_row(struct buf *packet, enum health row, double value)
{
	wire_u16(packet, (uint16_t)row);
	wire_f64(packet, value);
}
