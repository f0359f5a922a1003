/* wires.c - the real wires of a bench
 *
 *	CLOSED --open--> NAMING --address--> CONNECTING --writable--> OPEN
 *	   ^                |                     |                    |
 *	   +----------------+------- failed ------+----- peer gone ----+      each time: sink.closed()
 *
 * A serial port goes from NAMING to OPEN: a thread finds and opens it, and closes it (port.h). Of several that may be meant the next one
 * is taken when the engine has closed the last one, or when it could not be opened. One port is being opened at a time: a port that came
 * for nobody is closed before the next one is asked for.
 *
 * A helper, too, goes from NAMING to OPEN: its connection comes from the supervisor, with the ticket of this opening. It is
 * not trusted: one that sends without end is made to wait, so that the others are heard.
 *
 * A device at USB goes from NAMING to OPEN, too: the thread of its own opens it (usb_wire.h), and of several that may be meant the next
 * one is taken as with ports. Reports of HID are read here, from a descriptor that is a copy of the thread's.
 *
 * A socket for datagrams is open as soon as it is made, and tells nothing about the other side: that nobody listens there shows by
 * the answer of its computer to the first one that is sent. One is sent whole or is lost. Whoever sends without end waits as a helper does;
 * what has piled up meanwhile is dropped, since it may be older than any answer that is awaited.
 *
 * What fails at once (no descriptor left, unreachable network) is reported at the next turn of the loop, from
 * wires_time(), so that the engine is never called from within its own request.
 */
#include "io/wires.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/address.h"
#include "io/datagram.h"
#include "io/local_wire.h"
#include "io/now.h"
#include "io/port.h"
#include "io/serial.h"
#include "io/usb_wire.h"
#include "io/worker.h"

#define TALK_BYTES (64u << 10) /* of one helper, or one peer of datagrams, in TALK_WINDOW_NS */
#define DATAGRAM_HEAD 64       /* what one costs besides its bytes */
#define DATAGRAM_MAX 65536
#define STREAM_MAX                                                                                 \
	16384 /* bytes that are handed on at once: as the longest frame, CODEC_FRAME_MAX */
#define TALK_WINDOW_NS (100 * NS_PER_MS)
#define WIRE_TX 4096 /* bytes that wait for a slow peer: at least LINK_TX_MAX of the engine */

enum wire_state {
	WIRE_IS_CLOSED,
	WIRE_IS_NAMING,
	WIRE_IS_CONNECTING,
	WIRE_IS_OPEN,
	WIRE_IS_FAILED
};

struct wire {
	enum wire_state state;
	int fd;
	bool is_port;    /* fd is a serial port */
	uint32_t serial; /* counts openings: an answer of a thread to an earlier one is dropped */
	int64_t deadline_ns; /* of naming and connecting */
	int64_t window_ns;   /* of a helper, of datagrams: since when n_taken counts its bytes */
	size_t n_taken;
	bool is_held;        /* it is not read from until the window is over */
	unsigned nth;        /* which of the ports that may be meant */
	enum quality reason; /* why it FAILED */
	char why[120];
	size_t n_tx;
	uint8_t tx[WIRE_TX];
	struct local_wire
		local; /* of a part of this computer: its thread outlives closing and opening */
	struct usb_wire usb; /* the same of a device at USB */
};

struct wires {
	struct loop *loop;
	const struct image *img;
	struct wires_sink sink;
	struct wire *at; /* [link] */
	uint32_t n;
	uint32_t serial;
	bool has_failed;    /* some wire is FAILED */
	uint32_t n_opening; /* wires that are NAMING or CONNECTING */
	bool has_held;      /* some wire is held */
	struct worker names, ports;
	uint32_t port_asked; /* serial of the wire whose port is being opened; 0: none is */
	uint32_t *by_fd;     /* [descriptor] link */
	int n_by_fd;
};

/* ---- states ---- */

static void
set_state(struct wires *w, struct wire *wire, enum wire_state state)
{
	bool was = wire->state == WIRE_IS_NAMING || wire->state == WIRE_IS_CONNECTING;
	bool is = state == WIRE_IS_NAMING || state == WIRE_IS_CONNECTING;

	w->n_opening += is;
	w->n_opening -= was;
	wire->state = state;
}

static void
close_fd(struct wires *w, struct wire *wire)
{
	if (wire->is_port)
		port_close(&w->ports, wire->fd);
	else
		close(wire->fd);
	wire->fd = -1;
	wire->is_port = false;
}

static void
shut(struct wires *w, struct wire *wire)
{
	if (wire->fd >= 0) {
		loop_remove(w->loop, wire->fd);
		close_fd(w, wire);
	}
	if (wire->usb.worker.fd >= 0 && wire->state != WIRE_IS_CLOSED)
		usb_wire_close(&wire->usb);
	wire->n_tx = 0;
	wire->is_held = false;
	wire->serial = ++w->serial;
	set_state(w, wire, WIRE_IS_CLOSED);
}

/* To be reported at the next turn. */
static void
fail_later(struct wires *w, struct wire *wire, enum quality reason, const char *why)
{
	shut(w, wire);
	set_state(w, wire, WIRE_IS_FAILED);
	wire->reason = reason;
	text_copy(wire->why, sizeof(wire->why), why);
	w->has_failed = true;
}

/* From the loop: report at once. */
static void
fail_now(struct wires *w, uint32_t link, enum quality reason, const char *why)
{
	shut(w, &w->at[link]);
	w->sink.closed(w->sink.ctx, link, reason, why);
}

static void on_ready(void *ctx, int fd, unsigned events);

static void
note_fd(struct wires *w, uint32_t link, int fd)
{
	if (fd >= w->n_by_fd) {
		w->n_by_fd = MAX(fd + 1, w->n_by_fd * 2);
		w->by_fd = mem_grow(w->by_fd, (size_t)w->n_by_fd, sizeof(*w->by_fd));
	}
	w->by_fd[fd] = link;
}

static void
watch(struct wires *w, struct wire *wire, unsigned events)
{
	struct err err;

	note_fd(w, (uint32_t)(wire - w->at), wire->fd);

	if (loop_add(w->loop, wire->fd, events, on_ready, w, &err) < 0) {
		close_fd(w, wire);
		fail_later(w, wire, Q_NO_LINK, err.msg);
	}
}

static int
open_stream(const struct sockaddr *addr, socklen_t len, struct err *err)
{
	int on = 1, idle = 10, every = 5, times = 3;
	int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return err_set(err, ERR_IO, errno, "%s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
	if (connect(fd, addr, len) == 0 || errno == EINPROGRESS)
		return fd;
	rc = err_set(err, ERR_IO, errno, "%s", strerror(errno));
	close(fd);
	return rc;
}

/* Watch what has been opened; without a descriptor: why. */
static void
connected(struct wires *w, struct wire *wire, int fd, const char *why)
{
	wire->fd = MAX(fd, -1);
	if (fd < 0) {
		fail_later(w, wire, Q_NO_LINK, why);
		return;
	}
	set_state(w, wire, WIRE_IS_CONNECTING);
	watch(w, wire, LOOP_WRITE);
}

static void
connect_to(struct wires *w, struct wire *wire, const struct sockaddr *addr, socklen_t len)
{
	const struct image_link *l = image_link_at(w->img, (uint32_t)(wire - w->at));
	struct err err = { 0 };

	if (l->kind == LINK_UDP)
		connected(w, wire, datagram_open(addr, len, l->local_port, &err), err.msg);
	else
		connected(w, wire, open_stream(addr, len, &err), err.msg);
}

/* ---- what the loop reports ---- */

/* What an open wire is watched for. */
static void
watch_open(struct wires *w, const struct wire *wire)
{
	loop_change(w->loop, wire->fd,
		(wire->is_held ? 0 : LOOP_READ) | (wire->n_tx > 0 ? LOOP_WRITE : 0));
}

/* Count the bytes of one that is not trusted to end; after too many it waits. */
static void
count_bytes(struct wires *w, struct wire *wire, size_t n)
{
	int64_t now = now_boot();

	if (now - wire->window_ns >= TALK_WINDOW_NS) {
		wire->window_ns = now;
		wire->n_taken = 0;
	}
	wire->n_taken += n;
	if (wire->n_taken < TALK_BYTES || wire->is_held)
		return;
	wire->is_held = w->has_held = true;
	watch_open(w, wire);
}

static uint32_t
link_of(const struct wires *w, int fd)
{
	uint32_t link = fd < w->n_by_fd ? w->by_fd[fd] : IMAGE_NONE;

	return link < w->n && w->at[link].fd == fd ? link : IMAGE_NONE;
}

static void
on_connected(struct wires *w, uint32_t link)
{
	struct wire *wire = &w->at[link];
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int error = 0;
	socklen_t error_len = sizeof(error);

	getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
	if (error != 0) {
		fail_now(w, link, Q_NO_LINK, strerror(error));
		return;
	}
	if (getpeername(wire->fd, (struct sockaddr *)&peer, &len) < 0)
		return; /* an event of a descriptor that had this number before */
	set_state(w, wire, WIRE_IS_OPEN);
	loop_change(w->loop, wire->fd, LOOP_READ);
	w->sink.opened(w->sink.ctx, link);
}

static void
on_readable(struct wires *w, uint32_t link)
{
	static uint8_t bytes[DATAGRAM_MAX]; /* one thread reads the wires */
	const uint32_t kind = image_link_at(w->img, link)->kind;
	const bool is_port = kind == LINK_SERIAL || kind == LINK_HID, is_udp = kind == LINK_UDP;
	/* Of what has no borders the engine is shown no more at once than the longest frame. */
	size_t cap = is_udp ? sizeof(bytes) : STREAM_MAX;
	ssize_t n =
		is_port ? read(w->at[link].fd, bytes, cap) : recv(w->at[link].fd, bytes, cap, 0);

	if (n >= 0 && (kind == LINK_HELPER || is_udp))
		count_bytes(w, &w->at[link], (size_t)n + (is_udp ? DATAGRAM_HEAD : 0));
	if (n == 0 && is_udp)
		return; /* one with nothing in it */
	if (n < 0 && is_udp && errno == ECONNREFUSED)
		fail_now(w, link, Q_NO_LINK, DATAGRAM_REFUSED);
	else if (n > 0)
		w->sink.bytes(w->sink.ctx, link, bytes, (size_t)n);
	else if (n == 0 || (is_port && (errno == EIO || errno == ENODEV)))
		fail_now(w, link, Q_LINK_LOST,
			kind == LINK_HID      ? "the device is gone"
			: is_port             ? "the port is gone"
			: kind == LINK_HELPER ? "the helper has ended, or closed its output"
					      : "closed by the other side");
	else if (errno != EAGAIN && errno != EINTR)
		fail_now(w, link, Q_LINK_LOST, strerror(errno));
}

static ssize_t
put_bytes(const struct wires *w, uint32_t link, const uint8_t *bytes, size_t n)
{
	int fd = w->at[link].fd;

	return image_link_at(w->img, link)->kind == LINK_SERIAL ? write(fd, bytes, n)
								: send(fd, bytes, n, MSG_NOSIGNAL);
}

static void
flush(struct wires *w, uint32_t link)
{
	struct wire *wire = &w->at[link];
	ssize_t n = put_bytes(w, link, wire->tx, wire->n_tx);

	if (n < 0)
		return; /* a broken wire shows when it is read */
	memmove(wire->tx, wire->tx + n, wire->n_tx - (size_t)n);
	wire->n_tx -= (size_t)n;
	if (wire->n_tx == 0)
		watch_open(w, wire);
}

static void
on_ready(void *ctx, int fd, unsigned events)
{
	struct wires *w = ctx;
	uint32_t link = link_of(w, fd);

	if (link == IMAGE_NONE)
		return;
	if (w->at[link].state == WIRE_IS_CONNECTING) {
		on_connected(w, link);
		return;
	}
	if (events & LOOP_WRITE && w->at[link].n_tx > 0)
		flush(w, link);
	if (events & LOOP_READ)
		on_readable(w, link);
}

/* The wire that asked; NULL when it has been closed since. */
static struct wire *
ticket_wire(struct wires *w, uint32_t serial, uint32_t *out_link)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (w->at[i].serial == serial) {
			*out_link = i;
			return &w->at[i];
		}
	return NULL;
}

static void
on_address(struct wires *w, const struct address *a)
{
	struct wire *wire;
	uint32_t link;

	wire = ticket_wire(w, a->serial, &link);
	if (wire == NULL || wire->state != WIRE_IS_NAMING)
		return;
	if (a->error != 0)
		fail_now(w, link, Q_NO_LINK, gai_strerror(a->error));
	else
		connect_to(w, wire, (const struct sockaddr *)&a->addr, a->len);
}

static void
on_name(void *ctx, int fd, unsigned events)
{
	struct wires *w = ctx;
	struct address a;

	if (address_take(&w->names, &a))
		on_address(w, &a);
}

/* Nobody waits for it any more, or it is ours. */
static void
on_port(struct wires *w, const struct port *p)
{
	struct wire *wire;
	uint32_t link;

	wire = ticket_wire(w, p->serial, &link);
	if (wire == NULL || wire->state != WIRE_IS_NAMING) {
		if (p->fd >= 0)
			port_close(&w->ports, p->fd);
		return;
	}
	if (p->fd < 0) {
		wire->nth++;
		fail_now(w, link, Q_NO_LINK, p->why);
		return;
	}
	wire->fd = p->fd;
	wire->is_port = true;
	set_state(w, wire, WIRE_IS_OPEN);
	watch(w, wire, LOOP_READ);
	if (wire->state != WIRE_IS_OPEN)
		return;
	log_info("link '%s': port %s", image_text(w->img, image_link_at(w->img, link)->name),
		p->path);
	w->sink.opened(w->sink.ctx, link);
}

static void ask_ports(struct wires *w);

static void
on_errand(void *ctx, int fd, unsigned events)
{
	struct wires *w = ctx;
	struct port p;

	if (!port_take(&w->ports, &p))
		return; /* one has been closed */
	w->port_asked = 0;
	on_port(w, &p);
	ask_ports(w);
}

static void
on_local(void *ctx, int fd, unsigned events)
{
	struct wires *w = ctx;
	uint8_t answer[WORKER_PACKET_MAX];
	uint32_t link = fd < w->n_by_fd ? w->by_fd[fd] : IMAGE_NONE, serial;
	size_t n;

	if (link >= w->n || w->at[link].local.worker.fd != fd)
		return;
	n = local_wire_take(&w->at[link].local, &serial, answer);
	if (n > 0 && w->at[link].serial == serial && w->at[link].state == WIRE_IS_OPEN)
		w->sink.bytes(w->sink.ctx, link, answer, n);
}

static void
fail_usb(struct wires *w, uint32_t link, const struct usb_news *news)
{
	bool was_open = w->at[link].state == WIRE_IS_OPEN;

	w->at[link].nth++;
	fail_now(w, link, was_open ? Q_LINK_LOST : Q_NO_LINK, news->why);
}

/* Reports of HID are waited for here: by a copy, so that the thread's own stays open as long as the thread wants. */
static void
on_usb_opened(struct wires *w, uint32_t link, const struct usb_news *news)
{
	const struct image_link *l = image_link_at(w->img, link);
	struct wire *wire = &w->at[link];

	if (l->kind == LINK_HID) {
		wire->fd = fcntl(news->fd, F_DUPFD_CLOEXEC, 0);
		if (wire->fd < 0) {
			fail_now(w, link, Q_NO_LINK, strerror(errno));
			return;
		}
	}
	set_state(w, wire, WIRE_IS_OPEN);
	if (wire->fd >= 0)
		watch(w, wire, LOOP_READ);
	if (wire->state != WIRE_IS_OPEN)
		return;
	log_info("link '%s': device %s", image_text(w->img, l->name), news->path);
	w->sink.opened(w->sink.ctx, link);
}

static void
on_usb(void *ctx, int fd, unsigned events)
{
	struct wires *w = ctx;
	uint32_t link = fd < w->n_by_fd ? w->by_fd[fd] : IMAGE_NONE;
	uint8_t bytes[WORKER_PACKET_MAX];
	struct usb_news news;

	if (link >= w->n || w->at[link].usb.worker.fd != fd)
		return;
	usb_wire_take(&w->at[link].usb, &news, bytes);
	if (news.word == USB_NOTHING || news.serial != w->at[link].serial)
		return;
	if (news.word == USB_OPENED && w->at[link].state == WIRE_IS_NAMING)
		on_usb_opened(w, link, &news);
	else if (news.word == USB_NOT_OPENED || news.word == USB_LOST)
		fail_usb(w, link, &news);
	else if (news.word == USB_ANSWER && w->at[link].state == WIRE_IS_OPEN && news.n > 0)
		w->sink.bytes(w->sink.ctx, link, bytes, news.n);
}

/* ---- what the engine asks for ---- */

static int
start_thread(struct wires *w, struct worker *worker, const char *name, worker_fn fn,
	loop_fn on_answer, struct err *err)
{
	const struct worker_job job = { .fn = fn };

	if (worker->fd >= 0)
		return 0;
	if (worker_start(worker, name, &job, err) < 0)
		return err != NULL ? err->code : ERR_IO;
	if (loop_add(w->loop, worker->fd, LOOP_READ, on_answer, w, err) == 0)
		return 0;
	worker_stop(worker);
	return err != NULL ? err->code : ERR_IO;
}

static void
ask_port(struct wires *w, uint32_t link)
{
	const struct image_link *l = image_link_at(w->img, link);
	const char *where = image_text(w->img, l->host);
	struct wire *wire = &w->at[link];
	struct err err;

	if (start_thread(w, &w->ports, "mbc-ports", port_run, on_errand, &err) < 0 ||
		port_open(&w->ports, wire->serial, where, wire->nth, &l->line, &err) < 0)
		fail_later(w, wire, Q_NO_LINK, err.msg);
	else
		w->port_asked = wire->serial;
}

/* The one that has waited longest for its port; IMAGE_NONE when none does. */
static uint32_t
next_port(const struct wires *w)
{
	uint32_t next = IMAGE_NONE;

	for (uint32_t i = 0; i < w->n; i++)
		if (w->at[i].state == WIRE_IS_NAMING &&
			image_link_at(w->img, i)->kind == LINK_SERIAL &&
			(next == IMAGE_NONE || (int32_t)(w->at[i].serial - w->at[next].serial) < 0))
			next = i;
	return next;
}

static void
ask_ports(struct wires *w)
{
	uint32_t link;

	while (w->port_asked == 0 && (link = next_port(w)) != IMAGE_NONE)
		ask_port(w, link);
}

static int
start_local(struct wires *w, uint32_t link, struct err *err)
{
	const struct image_link *l = image_link_at(w->img, link);
	struct local_wire *local = &w->at[link].local;
	int rc;

	if (local->worker.fd >= 0)
		return 0;
	rc = local_wire_start(local, (enum link_kind)l->kind, image_text(w->img, l->host), err);
	if (rc < 0)
		return rc;
	note_fd(w, link, local->worker.fd);
	rc = loop_add(w->loop, local->worker.fd, LOOP_READ, on_local, w, err);
	if (rc < 0)
		local_wire_stop(local);
	return rc;
}

static void
stop_local(struct wires *w, struct wire *wire)
{
	if (wire->local.worker.fd >= 0)
		loop_remove(w->loop, wire->local.worker.fd);
	local_wire_stop(&wire->local);
}

static int
start_usb(struct wires *w, uint32_t link, struct err *err)
{
	const struct image_link *l = image_link_at(w->img, link);
	struct usb_wire *usb = &w->at[link].usb;
	int rc;

	if (usb->worker.fd >= 0)
		return 0;
	rc = usb_wire_start(usb, (enum link_kind)l->kind, image_text(w->img, l->host), NULL, err);
	if (rc < 0)
		return rc;
	note_fd(w, link, usb->worker.fd);
	rc = loop_add(w->loop, usb->worker.fd, LOOP_READ, on_usb, w, err);
	if (rc < 0)
		usb_wire_stop(usb);
	return rc;
}

static void
stop_usb(struct wires *w, struct wire *wire)
{
	if (wire->usb.worker.fd >= 0)
		loop_remove(w->loop, wire->usb.worker.fd);
	usb_wire_stop(&wire->usb);
}

static void
ask_usb(struct wires *w, uint32_t link)
{
	struct wire *wire = &w->at[link];
	struct err err;

	set_state(w, wire, WIRE_IS_NAMING);
	if (start_usb(w, link, &err) < 0 ||
		usb_wire_open(&wire->usb, wire->serial, wire->nth, &err) < 0)
		fail_later(w, wire, Q_NO_LINK, err.msg);
}

static void
ask_name(struct wires *w, uint32_t link)
{
	const struct image_link *l = image_link_at(w->img, link);
	struct wire *wire = &w->at[link];
	struct err err;

	set_state(w, wire, WIRE_IS_NAMING);
	if (start_thread(w, &w->names, "mbc-names", address_run, on_name, &err) < 0 ||
		address_ask(&w->names, wire->serial, image_text(w->img, l->host), l->port, &err) <
			0)
		fail_later(w, wire, Q_NO_LINK, err.msg);
}

static void
ask_helper(struct wires *w, uint32_t link)
{
	struct wire *wire = &w->at[link];

	set_state(w, wire, WIRE_IS_NAMING);
	if (w->sink.helper == NULL || !w->sink.helper(w->sink.ctx, link, wire->serial))
		fail_later(w, wire, Q_NO_LINK, "its program cannot be asked for");
}

void
wires_helper(struct wires *w, uint32_t ticket, int fd, const char *why)
{
	struct wire *wire;
	uint32_t link;

	wire = ticket_wire(w, ticket, &link);
	if (wire == NULL || wire->state != WIRE_IS_NAMING ||
		image_link_at(w->img, link)->kind != LINK_HELPER) {
		if (fd >= 0)
			close(fd); /* it sees the end of its input, and ends */
		return;
	}
	if (fd < 0) {
		fail_now(w, link, Q_NO_LINK, why);
		return;
	}
	wire->fd = fd;
	set_state(w, wire, WIRE_IS_OPEN);
	watch(w, wire, LOOP_READ);
	if (wire->state == WIRE_IS_OPEN)
		w->sink.opened(w->sink.ctx, link);
}

void
wires_open(struct wires *w, uint32_t link)
{
	const struct image_link *l = image_link_at(w->img, link);
	struct wire *wire = &w->at[link];
	struct sockaddr_storage addr;
	socklen_t len;
	struct err err;

	shut(w, wire);
	if (image_kind_is_local(l->kind)) {
		if (start_local(w, link, &err) < 0) {
			fail_later(w, wire, Q_NO_LINK, err.msg);
			return;
		}
		set_state(w, wire, WIRE_IS_CONNECTING); /* reported open at the next turn */
		w->has_failed = true;
		return;
	}
	wire->deadline_ns = now_boot() + l->connect_timeout_ns;
	if (l->kind == LINK_SERIAL) {
		set_state(w, wire, WIRE_IS_NAMING);
		ask_ports(w);
		return;
	}
	if (image_kind_is_usb(l->kind)) {
		ask_usb(w, link);
		return;
	}
	if (l->kind == LINK_HELPER) {
		ask_helper(w, link);
		return;
	}
	if (address_numeric(image_text(w->img, l->host), l->port, &addr, &len)) {
		connect_to(w, wire, (struct sockaddr *)&addr, len);
		return;
	}
	ask_name(w, link);
}

void
wires_close(struct wires *w, uint32_t link)
{
	w->at[link].nth++;
	shut(w, &w->at[link]);
}

void
wires_flush(struct wires *w, uint32_t link)
{
	struct wire *wire = &w->at[link];

	if (wire->state != WIRE_IS_OPEN || image_link_at(w->img, link)->kind != LINK_SERIAL)
		return;
	wire->n_tx = 0;
	loop_change(w->loop, wire->fd, LOOP_READ);
	serial_flush(wire->fd);
}

/* One for which there is no room now is lost, as any may be. */
static void
send_datagram(struct wires *w, uint32_t link, const uint8_t *bytes, size_t n)
{
	if (send(w->at[link].fd, bytes, n, MSG_NOSIGNAL) >= 0 || errno == EAGAIN ||
		errno == ENOBUFS || errno == EINTR)
		return;
	fail_later(w, &w->at[link], Q_NO_LINK,
		errno == ECONNREFUSED ? DATAGRAM_REFUSED : strerror(errno));
}

/* The thread is held up so long that its queue is full. */
static void
send_usb(struct wires *w, uint32_t link, const uint8_t *bytes, size_t n, int64_t answer_ns)
{
	struct wire *wire = &w->at[link];
	int64_t until_ns = answer_ns > 0 ? now_boot() + answer_ns : 0;
	struct err err;

	if (usb_wire_send(&wire->usb, wire->serial, bytes, n, until_ns, &err) < 0)
		fail_later(w, wire, Q_LINK_LOST, err.msg);
}

void
wires_send(struct wires *w, uint32_t link, const uint8_t *bytes, size_t n, int64_t answer_ns)
{
	struct wire *wire = &w->at[link];
	ssize_t sent = 0;

	if (wire->state != WIRE_IS_OPEN || n == 0)
		return;
	if (image_kind_is_local(image_link_at(w->img, link)->kind)) {
		local_wire_ask(&wire->local, wire->serial, bytes, n);
		return;
	}
	if (image_kind_is_usb(image_link_at(w->img, link)->kind)) {
		send_usb(w, link, bytes, n, answer_ns);
		return;
	}
	if (image_link_at(w->img, link)->kind == LINK_UDP) {
		send_datagram(w, link, bytes, n);
		return;
	}
	if (wire->n_tx == 0) {
		sent = put_bytes(w, link, bytes, n);
		if (sent < 0 && errno != EAGAIN)
			return; /* a broken wire shows when it is read */
		sent = MAX(sent, 0);
	}
	if ((size_t)sent == n)
		return;
	if (wire->n_tx + n - (size_t)sent > WIRE_TX) {
		fail_later(w, wire, Q_LINK_LOST, "the other side takes no bytes");
		return;
	}
	memcpy(wire->tx + wire->n_tx, bytes + sent, n - (size_t)sent);
	wire->n_tx += n - (size_t)sent;
	watch_open(w, wire);
}

/* A helper or a peer that had to wait is read from again; returns when, NEVER: now. */
static int64_t
release(struct wires *w, struct wire *wire, int64_t now_ns)
{
	if (now_ns - wire->window_ns < TALK_WINDOW_NS) {
		w->has_held = true;
		return wire->window_ns + TALK_WINDOW_NS;
	}
	wire->is_held = false;
	if (image_link_at(w->img, (uint32_t)(wire - w->at))->kind == LINK_UDP)
		datagram_forget(wire->fd);
	watch_open(w, wire);
	return NEVER;
}

int64_t
wires_time(struct wires *w, int64_t now_ns)
{
	int64_t next = NEVER;

	if (!w->has_failed && w->n_opening == 0 && !w->has_held)
		return NEVER;
	w->has_failed = w->has_held = false;
	for (uint32_t i = 0; i < w->n; i++) {
		struct wire *wire = &w->at[i];

		if (wire->state == WIRE_IS_FAILED) {
			set_state(w, wire, WIRE_IS_CLOSED);
			w->sink.closed(w->sink.ctx, i, wire->reason, wire->why);
		} else if (wire->state == WIRE_IS_CONNECTING &&
			   image_kind_is_local(image_link_at(w->img, i)->kind)) {
			set_state(w, wire, WIRE_IS_OPEN);
			w->sink.opened(w->sink.ctx, i);
		} else if (wire->state == WIRE_IS_NAMING || wire->state == WIRE_IS_CONNECTING) {
			if (wire->deadline_ns <= now_ns)
				fail_now(w, i, Q_NO_LINK, "no connection within 'connect_timeout'");
			else
				next = MIN(next, wire->deadline_ns);
		} else if (wire->is_held) {
			next = MIN(next, release(w, wire, now_ns));
		}
	}
	return w->has_failed ? now_ns : next;
}

/* ---- life ---- */

static struct wire *
new_table(uint32_t n)
{
	struct wire *at = mem_zero(n, sizeof(*at));

	for (uint32_t i = 0; i < n; i++)
		at[i].fd = at[i].local.worker.fd = at[i].usb.worker.fd = -1;
	return at;
}

struct wires *
wires_new(
	struct loop *loop, const struct image *img, const struct wires_sink *sink, struct err *err)
{
	struct wires *w = mem_zero(1, sizeof(*w));

	w->loop = loop;
	w->img = img;
	w->sink = *sink;
	w->n = img->links.n;
	w->at = new_table(w->n);
	w->names.fd = w->ports.fd = -1;
	w->n_by_fd = 64 + 2 * (int)w->n; /* enough for most; one that is higher makes it grow */
	w->by_fd = mem_zero((size_t)w->n_by_fd, sizeof(*w->by_fd));
	return w;
}

void
wires_switch(struct wires *w, const struct image *img, const uint32_t *kept)
{
	struct wire *at = new_table(img->links.n);

	for (uint32_t i = 0; i < img->links.n; i++) {
		if (kept[i] == IMAGE_NONE)
			continue;
		at[i] = w->at[kept[i]];
		if (at[i].fd >= 0)
			note_fd(w, i, at[i].fd);
		if (at[i].local.worker.fd >= 0)
			note_fd(w, i, at[i].local.worker.fd);
		if (at[i].usb.worker.fd >= 0)
			note_fd(w, i, at[i].usb.worker.fd);
		w->at[kept[i]] =
			(struct wire){ .fd = -1, .local.worker.fd = -1, .usb.worker.fd = -1 };
	}
	for (uint32_t i = 0; i < w->n; i++) {
		shut(w, &w->at[i]);
		stop_local(w, &w->at[i]);
		stop_usb(w, &w->at[i]);
	}
	free(w->at);
	w->at = at;
	w->n = img->links.n;
	w->img = img;
}

static void
let_go(struct wires *w, struct worker *worker)
{
	if (worker->fd >= 0)
		loop_remove(w->loop, worker->fd);
	worker_stop(worker);
}

void
wires_free(struct wires *w)
{
	if (w == NULL)
		return;
	let_go(w, &w->names);
	let_go(w, &w->ports);
	for (uint32_t i = 0; i < w->n; i++)
		stop_local(w, &w->at[i]);
	for (uint32_t i = 0; i < w->n; i++) {
		shut(w, &w->at[i]); /* ports as well: their thread has been let go */
		stop_usb(w, &w->at[i]);
	}
	free(w->by_fd);
	free(w->at);
	free(w);
}
