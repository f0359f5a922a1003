/* datagram.c - a socket for datagrams that hears one peer alone */
#include "io/datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
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

void
datagram_forget(int fd)
{
	char byte;

	for (int i = 0; i < QUEUED_MAX && recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) >= 0; i++)
		;
}

/* An address of many is none to be connected with, or nobody answers from it. */
static bool
is_many(const struct sockaddr *peer)
{
	if (peer->sa_family == AF_INET6)
		return IN6_IS_ADDR_MULTICAST(&((const struct sockaddr_in6 *)peer)->sin6_addr);
	return IN_MULTICAST(ntohl(((const struct sockaddr_in *)peer)->sin_addr.s_addr));
}

/* Has the port here become the one that is asked? It would hear its own questions. */
static bool
is_itself(int fd, const struct sockaddr *peer, socklen_t len)
{
	struct sockaddr_storage own = { 0 };
	socklen_t own_len = sizeof(own);

	if (getsockname(fd, (struct sockaddr *)&own, &own_len) < 0 || own_len != len)
		return false;
	if (peer->sa_family == AF_INET6) {
		const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)(const void *)&own,
					  *b = (const struct sockaddr_in6 *)(const void *)peer;

		return a->sin6_port == b->sin6_port &&
		       IN6_ARE_ADDR_EQUAL(&a->sin6_addr, &b->sin6_addr);
	}
	return memcmp(&own, peer, offsetof(struct sockaddr_in, sin_zero)) == 0;
}

static int
name_peer(int fd, const struct sockaddr *peer, socklen_t len, struct err *err)
{
	if (!is_many(peer) && connect(fd, peer, len) == 0) {
		if (!is_itself(fd, peer, len))
			return 0;
		return err_set(
			err, ERR_IO, EADDRINUSE, "nobody listens at this port of this computer");
	}
	if (is_many(peer) || errno == EACCES)
		return err_set(err, ERR_IO, EACCES,
			"this is an address of many devices; write that of the one");
	return err_set(err, ERR_IO, errno, "%s", strerror(errno));
}

int
datagram_open(const struct sockaddr *peer, socklen_t len, uint16_t local_port, struct err *err)
{
	int fd = socket(peer->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc = 0;

	if (fd < 0)
		return err_set(err, ERR_IO, errno, "%s", strerror(errno));
	if (local_port != 0)
		rc = bind_port(fd, peer->sa_family, local_port, err);
	if (rc == 0)
		rc = name_peer(fd, peer, len, err);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	if (local_port != 0)
		datagram_forget(fd); /* until it was connected, anybody could send to it */
	return fd;
}
