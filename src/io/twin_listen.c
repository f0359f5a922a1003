/* twin_listen.c - where simulated instruments are reached */
#include "io/twin_listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *
listen_remedy(int sys)
{
	switch (sys) {
	case EADDRINUSE:
		return "another program, or another link of this bench, listens there: stop it or "
		       "choose another port";
	case EADDRNOTAVAIL:
		return "not an address of this machine: a twin stands in for links to local "
		       "addresses such as 127.0.0.1 only";
	case EACCES:
		return "ports below 1024 are for root: choose a higher one";
	default:
		return "see the link's address in the bench file";
	}
}

int
twin_listen(const char *host, uint16_t port, int type, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = type, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char service[8];
	int rc, one = 1, fd;

	snprintf(service, sizeof(service), "%u", port);
	rc = getaddrinfo(host, service, &hints, &found);
	if (rc != 0)
		return err_set(err, ERR_CONF, 0,
			"no such address: %s; correct it in the bench file", gai_strerror(rc));
	fd = socket(found->ai_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0 ||
		(type == SOCK_STREAM && listen(fd, 64) < 0)) {
		rc = err_set(err, ERR_IO, errno, "%s: %s", strerror(errno), listen_remedy(errno));
		if (fd >= 0)
			close(fd);
	} else {
		rc = fd;
	}
	freeaddrinfo(found);
	return rc;
}
