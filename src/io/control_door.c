/* control_door.c - the controller's end of the socket pair with the gate */
#include "io/control_door.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/sock.h"

#define AT_ONCE 8 /* packets in a step of the loop: the tick comes in between */

struct control_door {
	struct loop *loop;
	control_door_fn fn;
	void *ctx;
	int fd;         /* -1: no gate */
	struct buf out; /* room for a packet, taken once */
	struct {
		struct verdict_told told; /* id "": free */
		uint64_t order;
	} kept[COMMANDS_KEPT];
	uint64_t order; /* of the newest */
};

static struct verdict_told *
find(struct control_door *d, const char *id)
{
	for (size_t i = 0; i < COMMANDS_KEPT; i++)
		if (strcmp(d->kept[i].told.id, id) == 0)
			return &d->kept[i].told;
	return NULL;
}

/* A free place, or that of the oldest whose verdict is final; NULL: all are pending. */
static struct verdict_told *
make_place(struct control_door *d)
{
	size_t best = COMMANDS_KEPT;

	for (size_t i = 0; i < COMMANDS_KEPT; i++) {
		bool is_free = d->kept[i].told.id[0] == '\0';

		if (!is_free && d->kept[i].told.verdict == VERDICT_PENDING)
			continue;
		if (is_free || best == COMMANDS_KEPT || d->kept[i].order < d->kept[best].order)
			best = i;
		if (is_free)
			break;
	}
	if (best == COMMANDS_KEPT)
		return NULL;
	d->kept[best].order = ++d->order;
	return &d->kept[best].told;
}

static void
send_verdict(struct control_door *d, const struct verdict_told *v)
{
	struct err err;

	if (d->fd < 0)
		return;
	verdict_write(&d->out, v);
	if (sock_send(d->fd, &d->out, -1, &err) < 0)
		log_debug("gate: %s", err.msg);
}

void
control_door_verdict(struct control_door *d, const struct verdict_told *v)
{
	struct verdict_told *kept;

	if (v->id[0] == '\0')
		return; /* of a command of the bench's own */
	kept = find(d, v->id);
	if (kept != NULL)
		*kept = *v;
	send_verdict(d, v);
}

static void
answer(struct control_door *d, const char *id, enum verdict verdict, const char *text)
{
	struct verdict_told v = { .verdict = verdict };

	text_copy(v.id, sizeof(v.id), id);
	text_copy(v.text, sizeof(v.text), text);
	send_verdict(d, &v);
}

static void
take_command(struct control_door *d, const struct command *c)
{
	struct verdict_told *kept = find(d, c->id);

	if (kept != NULL) {
		send_verdict(d, kept);
		return;
	}
	kept = make_place(d);
	if (kept == NULL) {
		answer(d, c->id, VERDICT_REFUSED,
			"too many commands wait for their verdict; ask again in a moment");
		return;
	}
	*kept = (struct verdict_told){ .verdict = VERDICT_PENDING };
	memcpy(kept->id, c->id, sizeof(kept->id));
	d->fn(d->ctx, c);
}

static void
take_question(struct control_door *d, const char *id)
{
	const struct verdict_told *kept = find(d, id);

	if (kept != NULL)
		send_verdict(d, kept);
	else
		answer(d, id, VERDICT_UNKNOWN,
			"the controller does not know this command; look at the value");
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
		take_command(d, &c);
		return true;
	}
	if (kind != WIRE_VERDICT_ASK)
		return false;
	wire_get_text(&in, id, sizeof(id));
	if (wire_close(&in, &err) < 0 || !command_id_is_good(id))
		return false;
	take_question(d, id);
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
control_door_new(struct loop *loop, control_door_fn fn, void *ctx)
{
	struct control_door *d = mem_zero(1, sizeof(*d));

	*d = (struct control_door){ .loop = loop, .fn = fn, .ctx = ctx, .fd = -1 };
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
