/* datagram.h - a socket for datagrams that hears one peer alone */
#ifndef IO_DATAGRAM_H
#define IO_DATAGRAM_H

#include <sys/socket.h>

#include "base/err.h"

/* What ECONNREFUSED means here: the peer's computer has answered in its place. */
#define DATAGRAM_REFUSED                                                                           \
	"nobody listens at this port there; is the device on, and is it the right port?"

/* Not blocking; local_port 0: any free one. What came to the port before the peer was named is dropped. Refused are addresses of many
 * devices, and the port itself as its peer, which would answer itself. Returns the descriptor. */
int datagram_open(const struct sockaddr *peer, socklen_t len, uint16_t local_port,
	struct err *err) MUST_CHECK;

/* What has come and has not been read is dropped. */
void datagram_forget(int fd);

#endif
