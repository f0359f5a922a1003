/* report.h - what a child says to `supervise` */
#ifndef IO_REPORT_H
#define IO_REPORT_H

#include "base/buf.h"
#include "msg/health.h"

/* End the packet, send it, and give its memory back. One that is not taken is logged: nobody waits for the supervisor. */
void report_send(int supervisor, struct buf *packet);

/* A row of a WIRE_HEALTH. */
void report_row(struct buf *packet, enum health row, double value);

#endif
