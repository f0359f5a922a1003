/* listen.h - the socket that the data server listens on */
#ifndef SERVE_LISTEN_H
#define SERVE_LISTEN_H

#include "base/err.h"

#define LISTEN_TEXT 64

/* Listen on "127.0.0.1:8080", "[::1]:8080" or "localhost:8080"; port 0 takes any free one. Only loopback: without
 * encryption and accounts nothing may be read from elsewhere. out_real (LISTEN_TEXT bytes): the address in figures.
 * Returns the descriptor, non-blocking. */
int listen_open(const char *address, char *out_real, struct err *err) MUST_CHECK;

#endif
