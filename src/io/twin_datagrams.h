/* twin_datagrams.h - simulated instruments on a UDP port: each request that came is answered by a datagram of its own */
#ifndef IO_TWIN_DATAGRAMS_H
#define IO_TWIN_DATAGRAMS_H

#include "io/loop.h"
#include "twin/twin.h"

struct twin_datagrams;

/* Where the LINK_UDP link points to. ERR_CONF: that is no address of this machine. All arguments must outlive it. */
struct twin_datagrams *twin_datagrams_open(struct loop *loop, const struct image *img,
	uint32_t link, struct twin *twin, struct err *err);
void twin_datagrams_close(struct twin_datagrams *s);

/* After each step of the twin: what instruments say by themselves, answers that were held back. */
void twin_datagrams_time(struct twin_datagrams *s, int64_t now_ns);

#endif
