/* datagram.c - a socket for datagrams that hears one peer alone */
#include "io/datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define QUEUED_MAX 10000 /* datagrams: more than fit in any queue */

static int
bind_port(int fd, sa_family_t family, uint16_t port, struct err *err)
{
	const struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int rc = family == AF_INET6 ? bind(fd, (const struct sockaddr *)&v6, sizeof(v6))
				    : bind(fd, (const struct sockaddr *)&v4, sizeof(v4));

	if (rc == 0)
		return 0;
	return err_set(err, ERR_IO, errno, "local_port %u: %s%s", port, strerror(errno),
		errno == EADDRINUSE ? "; end the other program, or let the device send to another"
		: errno == EACCES   ? "; ports below 1024 are for root: choose a higher one"
				    : "");
}

/* Until it was connected, anybody could send to it. */
static void
drain(int fd)
{
	char byte;

	for (int i = 0; i < QUEUED_MAX && recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0; i++)
		;
}

int
datagram_open(const struct sockaddr *peer, socklen_t len, uint16_t local_port, struct err *err)
{
	int fd = socket(peer->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc = 0;

	if (fd < 0)
		return err_set(err, ERR_IO, errno, "%s", strerror(errno));
	if (local_port != 0)
		rc = bind_port(fd, peer->sa_family, local_port, err);
	if (rc == 0 && connect(fd, peer, len) < 0)
		rc = err_set(err, ERR_IO, errno, "%s", strerror(errno));
	if (rc < 0) {
		close(fd);
		return rc;
	}
	if (local_port != 0)
		drain(fd);
	return fd;
}
