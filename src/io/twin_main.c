/* twin_main.c - simulated instruments on real TCP ports and serial lines
 *
 * Started by `mbc twin` and `mbc demo`: mbc-twin --image-fd FD [--seed N]. Listens where the links of the bench file
 * point to, or makes the serial ports that they name (twin_line.h), so a controller with the same file finds the twins where it would find the instruments. Prints a line for each
 * link and runs until SIGTERM or SIGINT.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/loop.h"
#include "io/now.h"
#include "io/sandbox.h"
#include "io/seal.h"
#include "io/self.h"
#include "io/twin_line.h"
#include "twin/twin.h"

#define STEP_NS (50 * NS_PER_MS)
#define MASTERS_MAX 64 /* on one link; one more takes the place of the one that was idle longest */
#define REQUESTS 1024  /* bytes of requests that are kept: a few frames of at most 260 */
#define ANSWERS 4096   /* bytes of answers that wait for a slow reader; then its requests wait */
#define ANSWER_MAX 260

struct master {
	int fd;
	struct server *server;
	int64_t last_ns; /* when it sent something */
	unsigned watched;
	size_t n_in, n_out;
	uint8_t in[REQUESTS];
	uint8_t out[ANSWERS];
};

struct server {
	struct twin_program *program;
	uint32_t link;
	int fd;
	struct master *masters[MASTERS_MAX];
	size_t n_masters;
};

struct twin_program {
	const struct image *img;
	struct twin *twin;
	struct loop *loop;
	struct server *servers; /* [n_servers] */
	size_t n_servers;
	struct twin_line **lines; /* [n_lines] */
	size_t n_lines;
	bool is_ending;
};

/* ---- masters --------------------------------------------------------------------------------------------------------- */

static void
master_close(struct master *m)
{
	struct server *s = m->server;

	for (size_t i = 0; i < s->n_masters; i++)
		if (s->masters[i] == m)
			s->masters[i] = s->masters[--s->n_masters];
	loop_remove(s->program->loop, m->fd);
	close(m->fd);
	free(m);
}

/* Answer the requests that have arrived, as far as there is room for answers; false when the connection is lost. */
static bool
master_answer(struct master *m, enum wire wire)
{
	struct server *s = m->server;
	size_t at = 0;

	while (at < m->n_in && ANSWERS - m->n_out >= ANSWER_MAX) {
		int n = twin_cut(s->program->twin, s->link, m->in + at, m->n_in - at, wire);

		/* On a line behind a port, as on any: the next request is looked for. */
		if (n < 0 && !twin_is_strict(s->program->twin, s->link)) {
			at += (size_t)-n;
			continue;
		}
		if (n < 0) {
			log_info("link '%s': a master sent bytes that are no request; it was "
				 "disconnected",
				image_text(s->program->img,
					image_link_at(s->program->img, s->link)->name));
			return false;
		}
		if (n == 0)
			break;
		m->n_out += (size_t)twin_answer(s->program->twin, s->link, m->in + at, (size_t)n,
			m->out + m->n_out, ANSWERS - m->n_out);
		at += (size_t)n;
	}
	memmove(m->in, m->in + at, m->n_in - at);
	m->n_in -= at;
	return true;
}

static bool
master_send(struct master *m)
{
	size_t done = 0;

	while (done < m->n_out) {
		ssize_t n = send(m->fd, m->out + done, m->n_out - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	memmove(m->out, m->out + done, m->n_out - done);
	m->n_out -= done;
	return true;
}

static bool
master_receive(struct master *m)
{
	ssize_t n;

	if (m->n_in == REQUESTS)
		return true;
	n = recv(m->fd, m->in + m->n_in, REQUESTS - m->n_in, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	m->n_in += (size_t)n;
	m->last_ns = now_boot();
	return true;
}

static void
on_master(void *ctx, int fd, unsigned events)
{
	struct master *m = ctx;
	unsigned wanted;

	/* Answers that find no room leave their requests where they are; both go on when the master reads. */
	if ((events & LOOP_READ && !master_receive(m)) || !master_answer(m, WIRE_OPEN) ||
		!master_send(m) ||
		(m->n_in > 0 && (!master_answer(m, WIRE_OPEN) || !master_send(m)))) {
		master_close(m);
		return;
	}
	wanted = (m->n_in < REQUESTS ? LOOP_READ : 0) | (m->n_out > 0 ? LOOP_WRITE : 0);
	if (wanted != m->watched) {
		loop_change(m->server->program->loop, fd, wanted);
		m->watched = wanted;
	}
}

/* On lines behind ports, half a request that is old is none. */
static void
forget_halves(const struct server *s, int64_t now_ns)
{
	if (!twin_is_rtu(s->program->img, s->link))
		return;
	for (size_t i = 0; i < s->n_masters; i++) {
		struct master *m = s->masters[i];

		if (m->n_in > 0 && m->n_out == 0 && now_ns - m->last_ns >= TWIN_LINE_SILENCE) {
			(void)master_answer(m, WIRE_SILENT);
			(void)master_send(m); /* whether it is lost shows at the next reading */
		}
	}
}

static void
drop_oldest(struct server *s)
{
	struct master *oldest = s->masters[0];

	for (size_t i = 1; i < s->n_masters; i++)
		if (s->masters[i]->last_ns < oldest->last_ns)
			oldest = s->masters[i];
	master_close(oldest);
}

static void
on_connection(void *ctx, int fd, unsigned events)
{
	struct server *s = ctx;
	struct master *m;
	struct err err;
	int one = 1, peer;

	peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (peer < 0) {
		/* Without room for one more descriptor the listener would stay ready for ever. */
		if ((errno == EMFILE || errno == ENFILE) && s->n_masters > 0)
			drop_oldest(s);
		return;
	}
	if (s->n_masters == MASTERS_MAX)
		drop_oldest(s);
	setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	m = mem_zero(1, sizeof(*m));
	m->fd = peer;
	m->server = s;
	m->last_ns = now_boot();
	m->watched = LOOP_READ;
	if (loop_add(s->program->loop, peer, LOOP_READ, on_master, m, &err) < 0) {
		log_err("%s", err.msg);
		close(peer);
		free(m);
		return;
	}
	s->masters[s->n_masters++] = m;
}

/* ---- listening ------------------------------------------------------------------------------------------------------- */

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

static int
listen_on(const char *host, const char *port, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(host, port, &hints, &found), one = 1, fd;

	if (rc != 0)
		return err_set(err, ERR_CONF, 0,
			"no such address: %s; correct it in the bench file", gai_strerror(rc));
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, 64) < 0) {
		rc = err_set(err, ERR_IO, errno, "%s: %s", strerror(errno), listen_remedy(errno));
		if (fd >= 0)
			close(fd);
	} else {
		rc = fd;
	}
	freeaddrinfo(found);
	return rc;
}

static int
server_open(struct server *s, struct err *err)
{
	struct twin_program *p = s->program;
	const struct image_link *link = image_link_at(p->img, s->link);
	const char *name = image_text(p->img, link->name), *host = image_text(p->img, link->host);
	const char *open = strchr(host, ':') != NULL ? "[" : "", *shut = *open != '\0' ? "]" : "";
	uint32_t n = twin_instruments(p->img, s->link);
	char port[8];
	int rc;

	snprintf(port, sizeof(port), "%u", link->port);
	s->fd = listen_on(host, port, err);
	if (s->fd < 0)
		return err_prefix(
			err, err->code, "link '%s': %s%s%s:%s", name, open, host, shut, port);
	rc = loop_add(p->loop, s->fd, LOOP_READ, on_connection, s, err);
	if (rc < 0)
		return rc;
	printf("link '%s': %s%s%s:%s, %u instrument%s\n", name, open, host, shut, port, n,
		n == 1 ? "" : "s");
	return 0;
}

static int
line_open(struct twin_program *p, uint32_t index, struct err *err)
{
	const struct image_link *link = image_link_at(p->img, index);
	const char *name = image_text(p->img, link->name);
	uint32_t n = twin_instruments(p->img, index);
	struct twin_line *line = twin_line_open(p->loop, p->img, index, p->twin, err);

	if (line == NULL)
		return err_prefix(err, err->code, "link '%s'", name);
	p->lines[p->n_lines++] = line;
	printf("link '%s': %s -> %s, %u instrument%s\n", name, image_text(p->img, link->host),
		twin_line_port(line), n, n == 1 ? "" : "s");
	return 0;
}

/* ---- the program ----------------------------------------------------------------------------------------------------- */

static int
open_image(struct twin_program *p, int fd, struct err *err)
{
	const void *bytes;
	size_t size;
	int rc;

	bytes = seal_map(fd, &size, err);
	if (bytes == NULL)
		return err_prefix(err, err->code, "image of the bench");
	rc = image_check(bytes, size, err);
	if (rc < 0)
		return err_prefix(err, rc, "image of the bench");
	p->img = bytes;
	return 0;
}

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct twin_program *p = ctx;

	if (loop_signal(fd) != 0)
		p->is_ending = true;
}

static int
start(struct twin_program *p, int image_fd, uint64_t seed, struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT };
	int sig, rc = open_image(p, image_fd, err);

	if (rc < 0)
		return rc;
	p->twin = twin_new(p->img, seed);
	p->loop = loop_new(err);
	if (p->loop == NULL)
		return ERR_IO;
	sig = loop_signals(signals, NELEM(signals), err);
	if (sig < 0 || loop_add(p->loop, sig, LOOP_READ, on_signal, p, err) < 0)
		return ERR_IO;
	p->servers = mem_zero(p->img->links.n, sizeof(*p->servers));
	p->lines = mem_zero(p->img->links.n, sizeof(struct twin_line *));
	for (uint32_t i = 0; i < p->img->links.n; i++) {
		struct server *s = &p->servers[p->n_servers];

		if (image_link_at(p->img, i)->kind == LINK_SERIAL) {
			rc = line_open(p, i, err);
			if (rc < 0)
				return rc;
		}
		if (image_link_at(p->img, i)->kind != LINK_TCP)
			continue;
		*s = (struct server){ .program = p, .link = i };
		rc = server_open(s, err);
		if (rc < 0)
			return rc;
		p->n_servers++;
	}
	if (p->n_servers + p->n_lines == 0)
		return err_set(err, ERR_CONF, 0,
			"the bench has no link 'tcp:', 'rtu:' or 'serial:', so there is nothing to "
			"play; add one");
	fflush(stdout);
	return 0;
}

static int
run(struct twin_program *p, struct err *err)
{
	int64_t next_ns = now_boot();

	while (!p->is_ending) {
		int64_t now = now_boot(), wake_ns;

		if (now >= next_ns) {
			twin_step(p->twin, now);
			for (size_t i = 0; i < p->n_servers; i++)
				forget_halves(&p->servers[i], now);
			next_ns = now + STEP_NS;
		}
		wake_ns = next_ns;
		for (size_t i = 0; i < p->n_lines; i++)
			wake_ns = MIN(wake_ns, twin_line_time(p->lines[i], now));
		if (loop_step(p->loop, wake_ns, err) < 0)
			return ERR_IO;
	}
	return 0;
}

static void
finish(struct twin_program *p)
{
	for (size_t i = 0; i < p->n_servers; i++) {
		while (p->servers[i].n_masters > 0)
			master_close(p->servers[i].masters[0]);
		close(p->servers[i].fd);
	}
	for (size_t i = 0; i < p->n_lines; i++)
		twin_line_close(p->lines[i]);
	free(p->servers);
	free(p->lines);
	loop_free(p->loop);
	twin_free(p->twin);
}

static int
usage(void)
{
	fputs("mbc-twin: not to be called by hand; write: mbc twin BENCH.yaml\n", stderr);
	return 1;
}

int
main(int argc, char **argv)
{
	struct twin_program p = { 0 };
	struct sandbox_report sandbox;
	struct err err = { 0 };
	int64_t fd = -1, seed = 1;
	int rc;

	log_setup("twin", LOG_LEVEL_INFO);
	for (int i = 1; i + 1 < argc; i += 2) {
		int64_t *value = strcmp(argv[i], "--image-fd") == 0 ? &fd
				 : strcmp(argv[i], "--seed") == 0   ? &seed
								    : NULL;

		if (value == NULL || !text_to_int(argv[i + 1], value))
			return usage();
	}
	if (argc % 2 == 0 || fd < 0 || fd > INT32_MAX)
		return usage();
	self_protect();
	sandbox_enter(SANDBOX_TWIN, &sandbox);
	rc = start(&p, (int)fd, (uint64_t)seed, &err);
	if (rc == 0)
		rc = run(&p, &err);
	if (rc < 0)
		log_err("%s", err.msg);
	finish(&p);
	return rc == 0 ? 0 : err.code == ERR_CONF ? 1 : 2;
}
