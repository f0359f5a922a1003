/* control_door.c - the controller's end of the socket pair with the gate */
#include "io/control_door.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/sock.h"

#define AT_ONCE 8 /* packets in a step of the loop: the tick comes in between */

struct control_door {
	struct loop *loop;
	struct control_door_sink sink;
	int fd;         /* -1: no gate */
	struct buf out; /* room for a packet, taken once */
	struct guest_ask guest;
};

/* A command of the bench's own has no id, and nobody waits for it. */
void
control_door_verdict(struct control_door *d, const struct verdict_told *v)
{
	struct err err;

	if (d->fd < 0 || v->id[0] == '\0')
		return;
	verdict_write(&d->out, v);
	if (sock_send(d->fd, &d->out, -1, &err) < 0)
		log_debug("gate: %s", err.msg);
}

void
control_door_guest(struct control_door *d, const struct guest_told *t)
{
	struct err err;

	if (d->fd < 0)
		return;
	guest_told_write(&d->out, t);
	if (sock_send(d->fd, &d->out, -1, &err) < 0)
		log_debug("gate: %s", err.msg);
}

/* False: not to be trusted. */
static bool
take_packet(struct control_door *d, const uint8_t *packet, size_t n)
{
	char id[COMMAND_ID];
	struct command c;
	struct wire_in in;
	struct err err;
	int kind = wire_open(&in, packet, n, &err);

	if (kind == WIRE_COMMAND && command_read(&c, &in, &err) == 0) {
		d->sink.command(d->sink.ctx, &c);
		return true;
	}
	if (kind == WIRE_GUEST_ASK && guest_ask_read(&d->guest, &in, &err) == 0) {
		d->sink.guest(d->sink.ctx, &d->guest);
		return true;
	}
	if (kind != WIRE_VERDICT_ASK)
		return false;
	wire_get_text(&in, id, sizeof(id));
	if (wire_close(&in, &err) < 0 || !command_id_is_good(id))
		return false;
	d->sink.ask(d->sink.ctx, id);
	return true;
}

static void
disconnect(struct control_door *d)
{
	if (d->fd < 0)
		return;
	loop_remove(d->loop, d->fd);
	close(d->fd);
	d->fd = -1;
}

static void
on_packet(void *ctx, int fd, unsigned events)
{
	struct control_door *d = ctx;
	uint8_t packet[WIRE_MAX];
	struct err err;

	for (int i = 0; i < AT_ONCE; i++) {
		int pass, n = sock_recv(fd, packet, &pass, &err);

		if (n == ERR_TIMEOUT)
			return;
		if (n > 0 && pass >= 0)
			close(pass);
		if (n > 0 && pass < 0 && take_packet(d, packet, (size_t)n))
			continue;
		if (n > 0)
			log_err("gate: sends what is no command; is mbc partly updated?");
		disconnect(d); /* it has gone, or is not to be trusted */
		return;
	}
}

void
control_door_connect(struct control_door *d, int fd)
{
	struct err err;

	disconnect(d);
	if (loop_add(d->loop, fd, LOOP_READ, on_packet, d, &err) < 0) {
		log_err("gate: %s", err.msg);
		close(fd);
		return;
	}
	d->fd = fd;
}

struct control_door *
control_door_new(struct loop *loop, const struct control_door_sink *sink)
{
	struct control_door *d = mem_zero(1, sizeof(*d));

	*d = (struct control_door){ .loop = loop, .sink = *sink, .fd = -1 };
	buf_room(&d->out, WIRE_MAX);
	return d;
}

void
control_door_free(struct control_door *d)
{
	if (d == NULL)
		return;
	disconnect(d);
	buf_done(&d->out);
	free(d);
}
