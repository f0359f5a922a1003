/* try_open.c - who opens the one wire of a scan
 *
 * A serial port is locked by whoever has it. A TCP port is not: the kernel's list of connections tells whether any program of this computer, of any
 * user, has one to the same place.
 */
#include "io/try_open.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/serial.h"
#include "io/sock.h"

#define OPENINGS_MAX 1000
#define CONNECTED 0x01 /* states of /proc/net/tcp */
#define CONNECTING 0x02

struct try_opener {
	const struct image_link *link;
	const char *where;
	struct sockaddr_storage addr;
	socklen_t len;
};

/* ---- is it in use? ---------------------------------------------------------------------------------------------------------- */

static void
hex_bytes(char *out, const void *bytes, size_t n)
{
	const uint8_t *b = bytes;

	/* As the kernel prints them: words in the order of the machine. */
	for (size_t i = 0; i < n; i += 4) {
		uint32_t word;

		memcpy(&word, b + i, sizeof(word));
		snprintf(out + 2 * i, 9, "%08X", word);
	}
}

/* "0100007F:01F6", as the other side stands in the list. */
static void
name_peer(const struct sockaddr_storage *a, bool as_six, char out[48])
{
	static const uint8_t mapped[12] = { [10] = 0xFF, [11] = 0xFF };
	const struct sockaddr_in *four = (const struct sockaddr_in *)a;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)a;
	uint8_t bytes[16];
	size_t n = as_six ? 16 : 4;

	if (a->ss_family == AF_INET6) {
		memcpy(bytes, &six->sin6_addr, 16);
	} else if (as_six) {
		memcpy(bytes, mapped, sizeof(mapped));
		memcpy(bytes + 12, &four->sin_addr, 4);
	} else {
		memcpy(bytes, &four->sin_addr, 4);
	}
	hex_bytes(out, bytes, n);
	snprintf(out + 2 * n, 8, ":%04X",
		ntohs(a->ss_family == AF_INET6 ? six->sin6_port : four->sin_port));
}

static bool
is_in_list(const char *list, const char *peer)
{
	FILE *f = fopen(list, "re");
	char line[300], other[64];
	bool is_there = false;
	unsigned state;

	while (f != NULL && !is_there && fgets(line, sizeof(line), f) != NULL)
		is_there = sscanf(line, " %*d: %*63s %63s %x", other, &state) == 2 &&
			   strcmp(other, peer) == 0 && (state == CONNECTED || state == CONNECTING);
	if (f != NULL)
		fclose(f);
	return is_there;
}

static bool
is_in_use(const struct try_opener *o)
{
	char four[48], six[48];

	name_peer(&o->addr, true, six);
	if (is_in_list("/proc/net/tcp6", six))
		return true;
	if (o->addr.ss_family != AF_INET)
		return false;
	name_peer(&o->addr, false, four);
	return is_in_list("/proc/net/tcp", four);
}

/* ---- opening ---------------------------------------------------------------------------------------------------------------- */

struct try_opener *
try_opener_new(const struct image *img, uint32_t link, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct try_opener *o = mem_zero(1, sizeof(*o));
	struct addrinfo *found = NULL;
	char port[8];
	int rc;

	o->link = image_link_at(img, link);
	o->where = image_text(img, o->link->host);
	if (o->link->kind == LINK_SERIAL)
		return o;
	snprintf(port, sizeof(port), "%u", o->link->port);
	rc = getaddrinfo(o->where, port, &hints, &found);
	if (rc != 0 || found->ai_addrlen > sizeof(o->addr)) {
		err_set(err, ERR_IO, 0, "'%.80s': %s", o->where, gai_strerror(rc));
	} else {
		memcpy(&o->addr, found->ai_addr, found->ai_addrlen);
		o->len = found->ai_addrlen;
		rc = is_in_use(o) ? err_set(err, ERR_REFUSED, 0,
					    "a program of this computer is connected to %.80s:%s: "
					    "two that ask would disturb each other; end it first",
					    o->where, port)
				  : 0;
	}
	if (found != NULL)
		freeaddrinfo(found);
	if (rc == 0)
		return o;
	free(o);
	return NULL;
}

static int
connect_to(const struct try_opener *o, struct err *err)
{
	int fd = socket(o->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, error = 0;
	socklen_t n = sizeof(error);
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (fd < 0)
		return err_set(err, ERR_IO, errno, "%s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (const struct sockaddr *)&o->addr, o->len) < 0 && errno != EINPROGRESS)
		error = errno;
	else if (poll(&p, 1, (int)MIN(o->link->connect_timeout_ns / NS_PER_MS, 10000)) < 1)
		error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	if (error == 0)
		return fd;
	close(fd);
	return err_set(err, ERR_IO, error, "%s", strerror(error));
}

static int
open_one(const struct try_opener *o, struct err *err)
{
	char path[SERIAL_PATH_MAX];

	if (o->link->kind != LINK_SERIAL)
		return connect_to(o, err);
	if (serial_find(o->where, 0, path, err) < 0)
		return ERR_IO;
	return serial_open(path, &o->link->line, err);
}

static bool
hand_over(const struct try_opener *o, int sock)
{
	struct buf packet = { 0 };
	struct err err = { 0 };
	int fd = open_one(o, &err), rc;

	buf_puts(&packet, fd < 0 ? err.msg : "k");
	rc = sock_send(sock, &packet, fd < 0 ? -1 : fd, NULL);
	buf_done(&packet);
	if (fd >= 0)
		close(fd);
	return rc == 0;
}

int
try_opener_run(struct try_opener *o, int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };

	for (unsigned n = 0; n < OPENINGS_MAX;) {
		uint8_t packet[WIRE_MAX];
		int pass, got = sock_recv(sock, packet, &pass, NULL);

		if (got > 0 && pass >= 0)
			close(pass);
		if (got == ERR_TIMEOUT) {
			if (poll(&p, 1, -1) < 0 && errno != EINTR)
				break;
		} else if (got == 2 && packet[0] == 'x') {
			free(o);
			return packet[1];
		} else if (got != 1 || packet[0] != 'o' || !hand_over(o, sock)) {
			break;
		} else {
			n++;
		}
	}
	free(o);
	return 2;
}

int
try_opener_ask(int sock, struct err *err)
{
	struct buf packet = { 0 };
	int rc;

	buf_putc(&packet, 'o');
	rc = sock_send(sock, &packet, -1, err);
	buf_done(&packet);
	return rc;
}

void
try_opener_end(int sock, int code)
{
	struct buf packet = { 0 };

	buf_putc(&packet, 'x');
	buf_putc(&packet, (char)code);
	(void)!sock_send(sock, &packet, -1, NULL);
	buf_done(&packet);
}
