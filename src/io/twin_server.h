/* twin_server.h - simulated instruments on a TCP port */
#ifndef IO_TWIN_SERVER_H
#define IO_TWIN_SERVER_H

#include "io/loop.h"
#include "twin/twin.h"

struct twin_server;

/* Listen where the LINK_TCP link points to. ERR_CONF: that is no address of this machine. All arguments must outlive it. */
struct twin_server *twin_server_open(struct loop *loop, const struct image *img, uint32_t link,
	struct twin *twin, struct err *err);
void twin_server_close(struct twin_server *s);

/* After each step of the twin: what instruments say by themselves, answers that were held back, halves of requests that are old. */
void twin_server_time(struct twin_server *s, int64_t now_ns);

#endif
