/* listen.h - the socket that the data server listens on */
#ifndef SERVE_LISTEN_H
#define SERVE_LISTEN_H

#include "base/err.h"

#define LISTEN_TEXT 64

/* Listen on "127.0.0.1:8080", "[::1]:8080" or "localhost:8080"; port 0 takes any free one. Without
 * TLS only loopback: nothing may be read from elsewhere in the clear. out_real (LISTEN_TEXT bytes): the address in figures.
 * Returns the descriptor, non-blocking. */
int listen_open(const char *address, bool has_tls, char *out_real, struct err *err) MUST_CHECK;

#endif
