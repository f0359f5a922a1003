/* listen.c - the socket that the data server listens on */
#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

#define BACKLOG 511
#define SEND_BYTES (128 << 10) /* kernel memory for a reader that does not read */

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static bool
is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->four.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&a->six.sin6_addr);
}

static int
parse(const char *text, bool has_tls, union address *out, struct err *err)
{
	const char *colon = strrchr(text, ':');
	char host[64];
	int64_t port;
	size_t n;

	if (colon == NULL || !text_to_int(colon + 1, &port) || port < 0 || port > 65535)
		return err_set(err, ERR_CONF, 0,
			"listen '%s': no port at its end; write it like 127.0.0.1:8080", text);
	n = (size_t)(colon - text);
	if (n > 2 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (n >= sizeof(host))
		return err_set(err, ERR_CONF, 0,
			"listen '%s': not an address; write it like 127.0.0.1:8080", text);
	memcpy(host, text, n);
	host[n] = '\0';
	if (strcasecmp(host, "localhost") == 0)
		text_copy(host, sizeof(host), "127.0.0.1");
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, host, &out->four.sin_addr) == 1) {
		out->four.sin_family = AF_INET;
		out->four.sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, host, &out->six.sin6_addr) == 1) {
		out->six.sin6_family = AF_INET6;
		out->six.sin6_port = htons((uint16_t)port);
	} else {
		return err_set(err, ERR_CONF, 0,
			"listen: '%s' is not an address in figures; write 127.0.0.1 or [::1]",
			host);
	}
	if (!is_loopback(out) && !has_tls)
		return err_set(err, ERR_CONF, 0,
			"listen: '%s' is reachable from other machines, which needs encryption; "
			"write tls: own beside it, or 127.0.0.1, and reach it from elsewhere "
			"through ssh -L",
			host);
	return 0;
}

static void
describe(char *out, const union address *a)
{
	char host[INET6_ADDRSTRLEN];

	if (a->any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->four.sin_addr, host, sizeof(host));
		snprintf(out, LISTEN_TEXT, "%s:%u", host, ntohs(a->four.sin_port));
	} else {
		inet_ntop(AF_INET6, &a->six.sin6_addr, host, sizeof(host));
		snprintf(out, LISTEN_TEXT, "[%s]:%u", host, ntohs(a->six.sin6_port));
	}
}

int
listen_open(const char *address, bool has_tls, char *out_real, struct err *err)
{
	union address a;
	socklen_t n = sizeof(a);
	int fd, one = 1, bytes = SEND_BYTES, sys;

	if (parse(address, has_tls, &a, err) < 0)
		return ERR_CONF;
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "listen '%s': %s", address, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* Connections inherit both. Small answers go out at once. */
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (bind(fd, &a.any, a.any.sa_family == AF_INET ? sizeof(a.four) : sizeof(a.six)) < 0 ||
		listen(fd, BACKLOG) < 0 || getsockname(fd, &a.any, &n) < 0) {
		sys = errno;
		close(fd);
		return err_set(err, ERR_IO, sys, "listen '%s': %s%s", address, strerror(sys),
			sys == EADDRINUSE ? "; another program uses this port: choose another "
					    "under 'serve: listen:'"
			: sys == EACCES   ? "; ports below 1024 need root: choose a higher one"
					  : "");
	}
	describe(out_real, &a);
	return fd;
}
