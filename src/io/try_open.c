/* try_open.c - who opens the one wire of a scan
 *
 * A serial port is locked by whoever has it. A TCP port is not: the kernel's list of connections tells whether any program of this computer, of any
 * user, has one to the same place. Neither tells of a wire that the bench has lost for a moment, and would not get back: so the places that its
 * instruments are at are compared too, whatever their links call them.
 */
#include "io/try_open.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/loop.h"
#include "io/serial.h"
#include "io/sock.h"

#define OPENINGS_MAX 1000
#define LAST_WORD_MS 1000 /* of an asker that is to stop */
#define CONNECTED 0x01    /* states of /proc/net/tcp */
#define CONNECTING 0x02
#define PEER 48          /* bytes of an address as the kernel lists it */
#define ADDRESSES_MAX 16 /* of one name */
#define PORTS_MAX 64     /* that one serial link may mean */

struct try_opener {
	const struct image *img;
	const struct image_link *link;
	const char *where;
	struct sockaddr_storage addr;
	socklen_t len;
	int port; /* the serial port that was handed over last, to be emptied at the end; -1: none */
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
name_peer(const struct sockaddr_storage *a, bool as_six, char out[PEER])
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
	char four[PEER], six[PEER];

	name_peer(&o->addr, true, six);
	if (is_in_list("/proc/net/tcp6", six))
		return true;
	if (o->addr.ss_family != AF_INET)
		return false;
	name_peer(&o->addr, false, four);
	return is_in_list("/proc/net/tcp", four);
}

/* ---- is it the bench's? ----------------------------------------------------------------------------------------------------- */

struct places {
	char peers[ADDRESSES_MAX][PEER]; /* of a TCP link */
	dev_t ports[PORTS_MAX];          /* of a serial link, as far as they are there */
	size_t n;
};

/* This computer has many addresses for itself, and a server on it mostly listens at all of them. */
static void
name_place(const struct sockaddr_storage *a, char out[PEER])
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)a;
	const struct in6_addr *six = &((const struct sockaddr_in6 *)a)->sin6_addr;
	uint32_t word = 1;

	if (a->ss_family == AF_INET)
		word = ntohl(four->sin_addr.s_addr);
	else if (IN6_IS_ADDR_V4MAPPED(six))
		word = (uint32_t)six->s6_addr[12] << 24 | six->s6_addr[13] << 16 |
		       six->s6_addr[14] << 8 | six->s6_addr[15];
	else if (IN6_IS_ADDR_LOOPBACK(six) || IN6_IS_ADDR_UNSPECIFIED(six))
		word = 0;
	if (word == 0 || word >> 24 == 127)
		text_copy(out, PEER, "this computer");
	else
		name_peer(a, true, out);
}

/* 0, or as getaddrinfo(). */
static int
look_up(const char *host, uint16_t port, struct places *out)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char text[8];
	int rc;

	snprintf(text, sizeof(text), "%u", port);
	rc = getaddrinfo(host, text, &hints, &found);
	out->n = 0;
	for (const struct addrinfo *a = rc == 0 ? found : NULL; a != NULL; a = a->ai_next) {
		struct sockaddr_storage addr = { 0 };

		if (out->n == ADDRESSES_MAX || a->ai_addrlen > sizeof(addr))
			continue;
		memcpy(&addr, a->ai_addr, a->ai_addrlen);
		name_place(&addr, out->peers[out->n++]);
	}
	if (found != NULL)
		freeaddrinfo(found);
	return rc;
}

static void
find_ports(const char *where, struct places *out)
{
	char path[SERIAL_PATH_MAX], first[SERIAL_PATH_MAX];
	struct stat st;

	out->n = 0;
	for (unsigned i = 0; i < PORTS_MAX && serial_find(where, i, path, NULL) == 0; i++) {
		if (i == 0)
			text_copy(first, sizeof(first), path);
		else if (strcmp(path, first) == 0)
			break; /* around */
		if (stat(path, &st) == 0 && S_ISCHR(st.st_mode))
			out->ports[out->n++] = st.st_rdev;
	}
}

static bool
is_same_place(const struct places *a, const struct places *b, bool is_serial)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (is_serial ? a->ports[i] == b->ports[k]
				      : strcmp(a->peers[i], b->peers[k]) == 0)
				return true;
	return false;
}

static bool
is_like(const struct try_opener *o, const struct image_link *other)
{
	return other->kind == o->link->kind &&
	       (other->kind == LINK_SERIAL || other->port == o->link->port);
}

/* ERR_REFUSED: an instrument of the bench is on it. A name that is not known now is the place of nobody; but when nobody says whether it is known, the
 * first such name is waited for, and not all of them. */
static int
check_bench(const struct try_opener *o, struct err *err)
{
	bool is_serial = o->link->kind == LINK_SERIAL;
	const struct image_link *last = NULL;
	struct places ours, theirs;
	int rc;

	if (is_serial)
		find_ports(o->where, &ours);
	else if ((rc = look_up(o->where, o->link->port, &ours)) != 0)
		return err_set(err, ERR_IO, 0, "'%.80s': %s", o->where, gai_strerror(rc));
	for (uint32_t i = 0; i < o->img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(o->img, i);
		const struct image_link *l = image_link_at(o->img, ins->link);
		const char *name = image_text(o->img, ins->name), *host;

		if (l == last || !is_like(o, l))
			continue;
		last = l; /* those of a link mostly stand side by side */
		host = image_text(o->img, l->host);
		if (is_serial)
			find_ports(host, &theirs);
		else if (look_up(host, l->port, &theirs) == EAI_AGAIN)
			return err_set(err, ERR_REFUSED, 0,
				"whether '%.60s' is on this wire is not known: nobody says what "
				"address '%.60s' has; write the address into its link, or ask "
				"again later",
				name, host);
		if (is_same_place(&ours, &theirs, is_serial))
			return err_set(err, ERR_REFUSED, 0,
				"the bench itself asks on this wire, for '%.60s', whose link calls "
				"it '%.60s': try that one, or scan at the computer with 'mbc "
				"scan', which goes through the bench",
				name, host);
	}
	return 0;
}

/* ---- opening ---------------------------------------------------------------------------------------------------------------- */

static int
check_free(const struct try_opener *o, struct err *err)
{
	if (!is_in_use(o))
		return 0;
	return err_set(err, ERR_REFUSED, 0,
		"a program of this computer is connected to %.80s:%u: two that ask would disturb "
		"each other; end it first",
		o->where, o->link->port);
}

struct try_opener *
try_opener_new(const struct image *img, uint32_t link, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct try_opener *o = mem_zero(1, sizeof(*o));
	struct addrinfo *found = NULL;
	char port[8];
	int rc;

	o->img = img;
	o->port = -1;
	o->link = image_link_at(img, link);
	o->where = image_text(img, o->link->host);
	if (check_bench(o, err) < 0) {
		free(o);
		return NULL;
	}
	if (o->link->kind == LINK_SERIAL)
		return o;
	snprintf(port, sizeof(port), "%u", o->link->port);
	rc = getaddrinfo(o->where, port, &hints, &found);
	if (rc != 0 || found->ai_addrlen > sizeof(o->addr)) {
		err_set(err, ERR_IO, 0, "'%.80s': %s", o->where, gai_strerror(rc));
	} else {
		memcpy(&o->addr, found->ai_addr, found->ai_addrlen);
		o->len = found->ai_addrlen;
		rc = check_free(o, err);
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

	/* An address stays the same for the whole scan; what a serial port is called may be another one after each plugging in. */
	if (o->link->kind != LINK_SERIAL)
		return check_free(o, err) < 0 ? ERR_REFUSED : connect_to(o, err);
	if (check_bench(o, err) < 0 || serial_find(o->where, 0, path, err) < 0)
		return ERR_IO;
	return serial_open(path, &o->link->line, err);
}

static void
shut_port(struct try_opener *o)
{
	if (o->port >= 0)
		serial_close(o->port);
	o->port = -1;
}

static bool
hand_over(struct try_opener *o, int sock)
{
	struct buf packet = { 0 };
	struct err err = { 0 };
	int fd, rc;

	shut_port(o); /* its lock would keep us out */
	fd = open_one(o, &err);
	buf_puts(&packet, fd < 0 ? err.msg : "k");
	rc = sock_send(sock, &packet, fd < 0 ? -1 : fd, NULL);
	buf_done(&packet);
	if (o->link->kind == LINK_SERIAL)
		o->port = fd;
	else if (fd >= 0)
		close(fd);
	return rc == 0;
}

static int
run(struct try_opener *o, int sock)
{
	static const int signals[] = { SIGTERM };
	struct pollfd p[2] = { { .fd = sock, .events = POLLIN }, { .fd = -1, .events = POLLIN } };

	bool is_ending = false;

	p[1].fd = loop_signals(signals, NELEM(signals), NULL);
	for (unsigned n = 0; n < OPENINGS_MAX;) {
		uint8_t packet[WIRE_MAX];
		int pass, got = sock_recv(sock, packet, &pass, NULL);

		if (got > 0 && pass >= 0)
			close(pass);
		if (got == ERR_TIMEOUT) {
			int rc = poll(p, is_ending ? 1 : NELEM(p), is_ending ? LAST_WORD_MS : -1);

			if ((rc < 0 && errno != EINTR) || (rc == 0 && is_ending))
				break;
			if (rc > 0 && !is_ending && (p[1].revents & POLLIN) != 0) {
				/* The asker stops, or it would ask once more after the port was emptied. */
				is_ending = true;
				shutdown(sock, SHUT_WR);
			}
		} else if (got == 2 && packet[0] == 'x') {
			return is_ending ? 0 : packet[1];
		} else if (is_ending || got != 1 || packet[0] != 'o' || !hand_over(o, sock)) {
			break;
		} else {
			n++;
		}
	}
	return is_ending ? 0 : 2;
}

int
try_opener_run(struct try_opener *o, int sock)
{
	int code = run(o, sock);

	shut_port(o);
	free(o);
	return code;
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
