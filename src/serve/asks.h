/* asks.h - what the headers of a request ask for. Pure. */
#ifndef SERVE_ASKS_H
#define SERVE_ASKS_H

#include "base/defs.h"

/* Accept: true when XML is wanted rather than JSON (RFC 9110, 12.5.1). NULL and browsers get JSON. */
bool asks_xml(const char *accept);

/* Accept-Encoding: true when gzip may be sent. */
bool asks_gzip(const char *accept_encoding);

/* Host: true when it names this machine itself: "localhost", or an address in figures (with or without a port). A page
 * of a stranger whose name suddenly resolves to 127.0.0.1 (DNS rebinding) comes with the stranger's name. */
bool asks_here(const char *host);

/* Is it an address of this computer's own, over which nobody else comes? */
struct sockaddr;
bool asks_is_near(const struct sockaddr *peer);
/* Which of 255 groups an address is of, 1 to 255: of IPv6 by its network of 64 bits, as one customer has; 0: it is near. */
uint8_t asks_group(const struct sockaddr *peer, uint64_t salt);

/* Cookie: the value of the cookie of this name, which must be there once, into out; false: there is none, it is ambiguous, or it is not printable ASCII of less than
 * `cap` bytes. */
bool asks_cookie(const char *header, const char *name, char *out, size_t cap);

/* If-None-Match: false when it holds this tag (with its quotes) or is "*": the reader has it already. */
bool asks_other_than(const char *if_none_match, const char *etag);

#endif
