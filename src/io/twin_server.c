/* twin_server.c - simulated instruments on a TCP port */
#include "io/twin_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/now.h"
#include "io/twin_line.h"
#include "io/twin_listen.h"
#include "io/twin_queue.h"

#define MASTERS_MAX 64 /* on one link; one more takes the place of the one that was idle longest */
#define REQUESTS CODEC_FRAME_MAX /* bytes of requests that are kept */
#define ANSWERS                                                                                    \
	(4 * CODEC_FRAME_MAX) /* bytes of answers that wait for a slow reader; then its requests wait */

struct master {
	int fd;
	struct twin_server *server;
	int64_t last_ns; /* when it sent something */
	unsigned watched;
	bool is_ending; /* once its answers have been sent; no request is answered any more */
	struct twin_queue queue; /* answers whose time has not come */
	size_t n_in, n_out;
	uint8_t in[REQUESTS];
	uint8_t out[ANSWERS];
};

struct twin_server {
	struct loop *loop;
	const struct image *img;
	struct twin *twin;
	uint32_t link;
	int fd;
	struct master *masters[MASTERS_MAX];
	size_t n_masters;
};

/* ---- masters --------------------------------------------------------------------------------------------------------- */

static void
master_close(struct master *m)
{
	struct twin_server *s = m->server;

	for (size_t i = 0; i < s->n_masters; i++)
		if (s->masters[i] == m)
			s->masters[i] = s->masters[--s->n_masters];
	loop_remove(s->loop, m->fd);
	close(m->fd);
	twin_queue_done(&m->queue);
	free(m);
}

/* Answer the requests that have arrived, as far as there is room for answers; false when the connection is to end. */
static bool
master_answer(struct master *m, enum wire wire)
{
	static struct twin_reply reply;
	struct twin_server *s = m->server;
	size_t at = 0;

	while (at < m->n_in && !m->is_ending && twin_queue_has_room(&m->queue)) {
		int n = twin_cut(s->twin, s->link, m->in + at, m->n_in - at, wire);

		/* On a line behind a port, as on any: the next request is looked for. */
		if (n < 0 && !twin_is_strict(s->twin, s->link)) {
			at += (size_t)-n;
			continue;
		}
		if (n < 0) {
			log_info("link '%s': a master sent bytes that are no request; it was "
				 "disconnected",
				image_text(s->img, image_link_at(s->img, s->link)->name));
			return false;
		}
		if (n == 0)
			break;
		twin_reply(s->twin, s->link, m->in + at, (size_t)n, &reply);
		twin_queue_reply(&m->queue, &reply, m->last_ns, 0);
		m->is_ending = reply.is_last;
		at += (size_t)n;
	}
	memmove(m->in, m->in + at, m->n_in - at);
	m->n_in -= at;
	return true;
}

static bool
master_send(struct master *m, int64_t now_ns)
{
	size_t done = 0;

	m->n_out += twin_queue_take(&m->queue, now_ns, m->out + m->n_out, ANSWERS - m->n_out);
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

/* Answers that find no room leave their requests where they are; both go on when the master reads. */
static void
master_go_on(struct master *m, enum wire wire)
{
	int64_t now_ns = now_boot();
	unsigned wanted;
	size_t before;

	do {
		before = m->n_in;
		if (!master_answer(m, wire) || !master_send(m, now_ns) ||
			(m->is_ending && m->queue.n == 0 && m->n_out == 0)) {
			master_close(m);
			return;
		}
	} while (m->n_in > 0 && m->n_in < before);
	wanted = (m->n_in < REQUESTS ? LOOP_READ : 0) | (m->n_out > 0 ? LOOP_WRITE : 0);
	if (wanted != m->watched) {
		loop_change(m->server->loop, m->fd, wanted);
		m->watched = wanted;
	}
}

static void
on_master(void *ctx, int fd, unsigned events)
{
	struct master *m = ctx;

	if (events & LOOP_READ && !master_receive(m))
		master_close(m);
	else
		master_go_on(m, WIRE_OPEN);
}

static void
drop_oldest(struct twin_server *s)
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
	struct twin_server *s = ctx;
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
	if (loop_add(s->loop, peer, LOOP_READ, on_master, m, &err) < 0) {
		log_err("%s", err.msg);
		close(peer);
		free(m);
		return;
	}
	s->masters[s->n_masters++] = m;
}

/* ---- listening ------------------------------------------------------------------------------------------------------- */

struct twin_server *
twin_server_open(struct loop *loop, const struct image *img, uint32_t link, struct twin *twin,
	struct err *err)
{
	const struct image_link *to = image_link_at(img, link);
	struct twin_server *s = mem_zero(1, sizeof(*s));

	s->loop = loop;
	s->img = img;
	s->twin = twin;
	s->link = link;
	s->fd = twin_listen(image_text(img, to->host), to->port, SOCK_STREAM, err);
	if (s->fd >= 0 && loop_add(loop, s->fd, LOOP_READ, on_connection, s, err) == 0)
		return s;
	twin_server_close(s);
	return NULL;
}

void
twin_server_close(struct twin_server *s)
{
	if (s == NULL)
		return;
	while (s->n_masters > 0)
		master_close(s->masters[0]);
	if (s->fd >= 0) {
		loop_remove(s->loop, s->fd);
		close(s->fd);
	}
	free(s);
}

/* ---- time ------------------------------------------------------------------------------------------------------------ */

void
twin_server_time(struct twin_server *s, int64_t now_ns)
{
	uint8_t said[CODEC_FRAME_MAX];
	size_t n = twin_tell(s->twin, s->link, said, sizeof(said));

	/* From the end: those that are lost go. */
	for (size_t i = s->n_masters; i-- > 0;) {
		struct master *m = s->masters[i];
		/* On lines behind ports, half a request that is old is none. */
		bool is_half = m->n_in > 0 && m->n_out == 0 && m->queue.n == 0 &&
			       !twin_is_strict(s->twin, s->link) &&
			       now_ns - m->last_ns >= TWIN_LINE_SILENCE;

		twin_queue_add(&m->queue, now_ns, true, said, n);
		if (m->queue.n > 0 || is_half)
			master_go_on(m, is_half ? WIRE_SILENT : WIRE_OPEN);
	}
}
