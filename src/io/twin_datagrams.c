/* twin_datagrams.c - simulated instruments on a UDP port
 *
 * Who has asked is a *master* until it is silent for long, or others need its place. What instruments say by themselves goes to all of
 * them; where the link has a local_port, that is one from the beginning.
 */
#include "io/twin_datagrams.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/now.h"
#include "io/twin_listen.h"
#include "io/twin_queue.h"

#define MASTERS_MAX 64
#define MASTER_SILENT_NS (60 * NS_PER_S) /* nothing is told any more to one that has gone */
#define REQUEST_MAX 65536
#define AT_ONCE 64 /* datagrams that are answered in one turn of the loop */

struct master {
	struct sockaddr_storage addr;
	socklen_t len;
	bool is_fixed; /* the link's local_port */
	int64_t last_ns;
	struct twin_queue queue; /* answers whose time has not come */
};

struct twin_datagrams {
	struct loop *loop;
	const struct image *img;
	struct twin *twin;
	uint32_t link;
	int fd;
	struct master *masters[MASTERS_MAX];
	size_t n_masters;
};

static void
forget(struct twin_datagrams *s, size_t i)
{
	twin_queue_done(&s->masters[i]->queue);
	free(s->masters[i]);
	s->masters[i] = s->masters[--s->n_masters];
}

static void
forget_oldest(struct twin_datagrams *s)
{
	size_t oldest = 0;

	for (size_t i = 1; i < s->n_masters; i++)
		if (s->masters[oldest]->is_fixed ||
			(!s->masters[i]->is_fixed &&
				s->masters[i]->last_ns < s->masters[oldest]->last_ns))
			oldest = i;
	forget(s, oldest);
}

static struct master *
add_master(struct twin_datagrams *s, const struct sockaddr_storage *addr, socklen_t len)
{
	struct master *m = mem_zero(1, sizeof(*m));

	if (s->n_masters == MASTERS_MAX)
		forget_oldest(s);
	m->addr = *addr;
	m->len = len;
	s->masters[s->n_masters++] = m;
	return m;
}

/* addr was all zero before the kernel wrote it, so that its bytes can be compared. */
static struct master *
master_at(struct twin_datagrams *s, const struct sockaddr_storage *addr, socklen_t len)
{
	for (size_t i = 0; i < s->n_masters; i++)
		if (s->masters[i]->len == len && memcmp(&s->masters[i]->addr, addr, len) == 0)
			return s->masters[i];
	return add_master(s, addr, len);
}

/* What cannot be sent is lost, as any datagram may be. */
static void
send_due(struct twin_datagrams *s, struct master *m, int64_t now_ns)
{
	static uint8_t out[CODEC_FRAME_MAX];

	while (twin_queue_due(&m->queue) <= now_ns) {
		size_t n = twin_queue_take(
			&m->queue, now_ns, out, MIN(m->queue.piece[0].n, sizeof(out)));

		if (n == 0)
			break;
		(void)sendto(
			s->fd, out, n, MSG_NOSIGNAL, (const struct sockaddr *)&m->addr, m->len);
	}
}

/* A datagram goes on in no other: what is no request in it is nothing. */
static void
answer(struct twin_datagrams *s, struct master *m, const uint8_t *in, size_t n)
{
	static struct twin_reply reply;
	size_t at = 0;

	while (at < n && twin_queue_has_room(&m->queue)) {
		int got = twin_cut(s->twin, s->link, in + at, n - at, WIRE_SILENT);

		if (got == CUT_MORE)
			break;
		if (got > 0) {
			twin_reply(s->twin, s->link, in + at, (size_t)got, &reply);
			twin_queue_reply(&m->queue, &reply, m->last_ns, 0);
		}
		at += (size_t)(got > 0 ? got : -got);
	}
}

static void
on_request(void *ctx, int fd, unsigned events)
{
	static uint8_t in[REQUEST_MAX];
	struct twin_datagrams *s = ctx;

	for (int i = 0; i < AT_ONCE; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, in, sizeof(in), 0, (struct sockaddr *)&from, &len);
		struct master *m;

		if (n < 0)
			return; /* nothing more; or one of our answers was for nobody, which is no matter */
		m = master_at(s, &from, len);
		m->last_ns = now_boot();
		answer(s, m, in, (size_t)n);
		send_due(s, m, m->last_ns);
	}
}

/* Where the controller listens: the same kind of address as ours, of this computer. */
static void
add_local_port(struct twin_datagrams *s, uint16_t port)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);
	struct master *m;

	if (getsockname(s->fd, (struct sockaddr *)&addr, &len) < 0)
		return;
	if (addr.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&addr)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)&addr)->sin_port = htons(port);
	m = add_master(s, &addr, len);
	m->is_fixed = true;
}

struct twin_datagrams *
twin_datagrams_open(struct loop *loop, const struct image *img, uint32_t link, struct twin *twin,
	struct err *err)
{
	const struct image_link *to = image_link_at(img, link);
	struct twin_datagrams *s = mem_zero(1, sizeof(*s));

	s->loop = loop;
	s->img = img;
	s->twin = twin;
	s->link = link;
	s->fd = twin_listen(image_text(img, to->host), to->port, SOCK_DGRAM, err);
	if (s->fd < 0 || loop_add(loop, s->fd, LOOP_READ, on_request, s, err) < 0) {
		twin_datagrams_close(s);
		return NULL;
	}
	if (to->local_port != 0)
		add_local_port(s, to->local_port);
	return s;
}

void
twin_datagrams_close(struct twin_datagrams *s)
{
	if (s == NULL)
		return;
	while (s->n_masters > 0)
		forget(s, 0);
	if (s->fd >= 0) {
		loop_remove(s->loop, s->fd);
		close(s->fd);
	}
	free(s);
}

void
twin_datagrams_time(struct twin_datagrams *s, int64_t now_ns)
{
	uint8_t said[CODEC_FRAME_MAX];
	size_t n = twin_tell(s->twin, s->link, said, sizeof(said));

	/* From the end: those that have gone leave their place to the last. */
	for (size_t i = s->n_masters; i-- > 0;) {
		struct master *m = s->masters[i];

		twin_queue_add(&m->queue, now_ns, true, said, n);
		send_due(s, m, now_ns);
		if (!m->is_fixed && m->queue.n == 0 && now_ns - m->last_ns >= MASTER_SILENT_NS)
			forget(s, i);
	}
}
