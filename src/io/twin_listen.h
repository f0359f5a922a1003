/* twin_listen.h - where simulated instruments are reached: a socket at an address of this machine */
#ifndef IO_TWIN_LISTEN_H
#define IO_TWIN_LISTEN_H

#include "base/err.h"

/* Not blocking; SOCK_STREAM listens. Returns the descriptor. ERR_CONF: there is no such address. */
int twin_listen(const char *host, uint16_t port, int type, struct err *err) MUST_CHECK;

#endif
