/* try_wire.c - the wire of a trial: one of our own, or through the controller of the bench that has it */
#include "io/try_wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "io/now.h"
#include "io/serial.h"
#include "io/sock.h"
#include "io/try_open.h"
#include "msg/guest.h"

#define LINK 0
#define PACE_NS                                                                                    \
	(20 * NS_PER_MS) /* between two questions of one who is calm: half of what the gate lets pass in all */
#define PATIENCE_NS (30 * NS_PER_S) /* for what the controller says of a question */

struct try_wire {
	struct wires *wires; /* our own; NULL: through a controller */
	struct loop *loop;
	struct wires_sink sink;
	struct try_way way;
	bool must_open, is_open, is_asking;
	uint32_t number;    /* of the question */
	struct buf waiting; /* a question that goes out at due_ns; n 0: none */
	int64_t due_ns;
	int64_t sent_ns;       /* by now_boot() */
	int64_t answer_ns;     /* it is waited for so long */
	int64_t held_ns;       /* in all that clock has stood still for so long */
	char said[EVENT_TEXT]; /* why a question was not asked, the last that was printed */
	int handed;            /* the wire that was opened for us; -1: none is open */
	struct guest_told told;
};

/* ---- through a controller ------------------------------------------------------------------------------------------------- */

static void
say(struct try_wire *w, const char *why)
{
	if (strcmp(w->said, why) != 0 && !w->way.is_calm)
		printf("         -- not asked by the bench: %s\n", why);
	text_copy(w->said, sizeof(w->said), why);
	fflush(stdout);
}

/* The clock goes on, as if the question had gone out at once and had taken so long. */
static void
go_on(struct try_wire *w, int64_t took_ns)
{
	w->is_asking = false;
	w->held_ns += now_boot() - w->sent_ns - took_ns;
}

static void
hang_up(struct try_wire *w)
{
	if (w->way.fd < 0)
		return;
	loop_remove(w->loop, w->way.fd);
	close(w->way.fd);
	w->way.fd = -1;
	if (w->is_asking)
		go_on(w, 0);
}

static void
take_told(struct try_wire *w)
{
	const struct guest_told *t = &w->told;

	if (!w->is_asking || t->number != w->number)
		return;
	go_on(w, t->end == GUEST_ANSWERED ? t->reply_ns : w->answer_ns + NS_PER_MS);
	if (t->end == GUEST_ANSWERED && w->is_open)
		w->sink.bytes(w->sink.ctx, LINK, t->bytes, t->n);
	else if (t->end == GUEST_REFUSED || t->end == GUEST_LOST)
		say(w, t->why);
}

static void
on_packet(void *ctx, int fd, unsigned events)
{
	struct try_wire *w = ctx;
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err);

	if (n == ERR_TIMEOUT)
		return;
	if (n > 0 && pass >= 0)
		close(pass);
	if (n > 0 && wire_open(&in, packet, (size_t)n, &err) == WIRE_GUEST_TOLD &&
		guest_told_read(&w->told, &in, &err) == 0) {
		take_told(w);
		return;
	}
	hang_up(w);
}

static void
ask(struct try_wire *w, const char *codec, const uint8_t *bytes, size_t n, int64_t answer_ns)
{
	struct guest_ask a = { .may_write = w->way.may_write, .n = n };
	struct buf packet = { 0 };

	if (w->is_asking || w->way.fd < 0)
		return; /* as lost on its way: who asks hears nothing */
	if (n > sizeof(a.bytes)) {
		say(w, "it is too long");
		return;
	}
	a.number = ++w->number;
	a.timeout_ns = MIN(answer_ns, GUEST_TIMEOUT_MAX);
	text_copy(a.instrument, sizeof(a.instrument), w->way.instrument);
	text_copy(a.codec, sizeof(a.codec), codec);
	memcpy(a.bytes, bytes, n);
	w->is_asking = true;
	w->sent_ns = now_boot();
	w->answer_ns = answer_ns;
	guest_ask_write(&packet, &a);
	if (!w->way.is_calm) {
		if (sock_send(w->way.fd, &packet, -1, NULL) < 0)
			hang_up(w);
		buf_done(&packet);
		return;
	}
	buf_done(&w->waiting);
	w->waiting = packet;
	w->due_ns = MAX(w->due_ns + PACE_NS, w->sent_ns);
}

static void
send_due(struct try_wire *w, int64_t now)
{
	if (w->waiting.n == 0 || now < w->due_ns)
		return;
	if (w->way.fd >= 0 && sock_send(w->way.fd, &w->waiting, -1, NULL) < 0)
		hang_up(w);
	buf_done(&w->waiting);
	w->due_ns = now;
}

/* ---- handed over ---------------------------------------------------------------------------------------------------------- */

static void
shut_handed(struct try_wire *w)
{
	if (w->handed < 0)
		return;
	loop_remove(w->loop, w->handed);
	serial_close(w->handed); /* a connection has nothing of the kind, and is closed */
	w->handed = -1;
}

static void
on_handed_bytes(void *ctx, int fd, unsigned events)
{
	static uint8_t bytes[4096];
	struct try_wire *w = ctx;
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n > 0) {
		w->sink.bytes(w->sink.ctx, LINK, bytes, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		shut_handed(w);
		w->sink.closed(w->sink.ctx, LINK, Q_LINK_LOST,
			n == 0 ? "closed by the other side" : strerror(errno));
	}
}

/* What comes of the wish to open it. */
static void
on_opener(void *ctx, int fd, unsigned events)
{
	struct try_wire *w = ctx;
	uint8_t packet[WIRE_MAX];
	struct err err;
	char why[120];
	int pass, n = sock_recv(fd, packet, &pass, &err);

	if (n == ERR_TIMEOUT)
		return;
	if (n > 0 && pass >= 0 && w->handed < 0) {
		w->handed = pass;
		if (loop_add(w->loop, pass, LOOP_READ, on_handed_bytes, w, &err) == 0) {
			w->sink.opened(w->sink.ctx, LINK);
			return;
		}
		w->handed = -1;
	}
	if (n > 0 && pass >= 0)
		close(pass);
	if (n <= 0) {
		loop_remove(w->loop, w->way.fd);
		close(w->way.fd);
		w->way.fd = -1;
	}
	snprintf(why, sizeof(why), "%.*s", n > 0 ? n : 0, (const char *)packet);
	w->sink.closed(w->sink.ctx, LINK, Q_NO_LINK, n > 0 ? why : "who opens it has gone");
}

/* ---- either ---------------------------------------------------------------------------------------------------------------- */

struct try_wire *
try_wire_new(struct loop *loop, const struct image *img, const struct wires_sink *sink,
	const struct try_way *way, struct err *err)
{
	struct try_wire *w = mem_zero(1, sizeof(*w));

	w->loop = loop;
	w->sink = *sink;
	w->way = *way;
	w->handed = -1;
	if (way->fd < 0)
		w->wires = wires_new(loop, img, sink, err);
	if (way->fd < 0 ? w->wires != NULL
			: loop_add(loop, way->fd, LOOP_READ, way->is_handed ? on_opener : on_packet,
				  w, err) == 0)
		return w;
	free(w);
	return NULL;
}

void
try_wire_free(struct try_wire *w)
{
	if (w == NULL)
		return;
	if (w->wires != NULL)
		wires_free(w->wires);
	shut_handed(w);
	hang_up(w);
	buf_done(&w->waiting);
	free(w);
}

void
try_wire_open(struct try_wire *w, uint32_t link)
{
	if (w->wires != NULL)
		wires_open(w->wires, link);
	else if (w->way.is_handed)
		w->must_open = true; /* at the next turn, as others */
	else
		w->must_open = true;
}

void
try_wire_close(struct try_wire *w, uint32_t link)
{
	w->is_open = w->must_open = false;
	shut_handed(w);
	if (w->wires != NULL)
		wires_close(w->wires, link);
}

void
try_wire_flush(struct try_wire *w, uint32_t link)
{
	if (w->wires != NULL)
		wires_flush(w->wires, link);
	else if (w->handed >= 0)
		serial_flush(w->handed);
}

void
try_wire_send(struct try_wire *w, uint32_t link, const char *codec, const uint8_t *bytes, size_t n,
	int64_t answer_ns)
{
	if (w->wires != NULL)
		wires_send(w->wires, link, bytes, n, answer_ns);
	else if (w->way.is_handed)
		(void)!write(w->handed, bytes, n); /* what is lost is not answered */
	else
		ask(w, codec, bytes, n, answer_ns);
}

int64_t
try_wire_time(struct try_wire *w)
{
	int64_t now = now_boot();

	if (w->wires != NULL)
		return wires_time(w->wires, now);
	if (w->must_open) {
		w->must_open = false;
		if (w->way.is_handed) {
			if (w->way.fd < 0 || try_opener_ask(w->way.fd, NULL) < 0)
				w->sink.closed(
					w->sink.ctx, LINK, Q_NO_LINK, "who opens it has gone");
			return now;
		}
		w->is_open = true;
		w->sink.opened(w->sink.ctx, LINK);
		return now; /* who waits for that looks again at once */
	}
	send_due(w, now);
	if (w->is_asking && now - w->sent_ns > PATIENCE_NS) {
		go_on(w, w->answer_ns + NS_PER_MS);
		say(w, "the controller does not say what came of it");
	}
	if (w->waiting.n > 0)
		return w->due_ns;
	return w->must_open ? now : w->is_asking ? w->sent_ns + PATIENCE_NS : NEVER;
}

int64_t
try_wire_now(const struct try_wire *w)
{
	return (w->is_asking ? w->sent_ns : now_boot()) - w->held_ns;
}

int64_t
try_wire_real(const struct try_wire *w, int64_t now_ns)
{
	return w->is_asking || now_ns == NEVER ? NEVER : now_ns + w->held_ns;
}

bool
try_wire_is_asking(const struct try_wire *w)
{
	return w->is_asking;
}

bool
try_wire_is_through(const struct try_wire *w)
{
	return w->wires == NULL && !w->way.is_handed;
}

int64_t
try_wire_due(const struct try_wire *w)
{
	return w->waiting.n > 0 ? w->due_ns : NEVER;
}

const char *
try_wire_said(const struct try_wire *w)
{
	return w->said;
}

bool
try_wire_is_dead(const struct try_wire *w)
{
	return w->wires == NULL && w->way.fd < 0;
}
