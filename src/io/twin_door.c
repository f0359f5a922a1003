/* twin_door.c - where `mbc twin --fault` reaches the twin that runs: a socket in the run folder
 *
 * A caller sends one WIRE_TWIN with orders (twin/fault.h) and hears what is then in force, or why nothing was done.
 */
#include "io/twin_door.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/sock.h"
#include "twin/fault.h"

#define CALLERS_MAX 8

struct caller {
	struct twin_door *door;
	int fd; /* -1: nobody */
};

struct twin_door {
	struct loop *loop;
	struct twin *twin;
	int fd;
	struct sockaddr_un addr;
	bool is_bound;
	struct caller callers[CALLERS_MAX];
};

static void
hang_up(struct caller *c)
{
	loop_remove(c->door->loop, c->fd);
	close(c->fd);
	c->fd = -1;
}

static void
log_orders(const char *orders)
{
	while (*orders != '\0') {
		size_t n = strcspn(orders, "\n");

		if (strncmp(orders, "list", n) != 0)
			log_info("on request: %.*s", (int)n, orders);
		orders += n + (orders[n] == '\n');
	}
}

static void
answer(struct caller *c, const char *orders)
{
	struct buf packet = { 0 }, text = { 0 };
	struct err err;
	bool is_done = fault_orders(c->door->twin, orders, &err) == 0;

	if (is_done)
		fault_print(c->door->twin, &text);
	else
		buf_printf(&text, "%s", err.msg);
	if (is_done)
		log_orders(orders);
	wire_begin(&packet, is_done ? WIRE_TEXT : WIRE_NO);
	wire_text(&packet, buf_text(&text));
	wire_end(&packet);
	if (sock_send(c->fd, &packet, -1, &err) < 0)
		log_debug("%s", err.msg);
	buf_done(&packet);
	buf_done(&text);
}

static void
on_caller(void *ctx, int fd, unsigned events)
{
	static uint8_t packet[WIRE_MAX];
	static char orders[WIRE_MAX];
	struct caller *c = ctx;
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err);

	if (n == ERR_TIMEOUT)
		return;
	if (pass >= 0)
		close(pass);
	if (n <= 0 || wire_open(&in, packet, (size_t)n, &err) != WIRE_TWIN) {
		hang_up(c);
		return;
	}
	wire_get_text(&in, orders, sizeof(orders));
	if (wire_close(&in, &err) == 0)
		answer(c, orders);
	hang_up(c);
}

static void
on_call(void *ctx, int fd, unsigned events)
{
	struct twin_door *d = ctx;
	struct caller *c = d->callers;
	struct err err;
	int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (peer < 0)
		return;
	while (c < d->callers + CALLERS_MAX && c->fd >= 0)
		c++;
	if (c == d->callers + CALLERS_MAX ||
		loop_add(d->loop, peer, LOOP_READ, on_caller, c, &err) < 0) {
		close(peer);
		return;
	}
	c->fd = peer;
}

/* Does another twin listen there? A socket that nobody listens at was left by one that was killed. */
static bool
is_taken(const char *path)
{
	int fd = sock_connect(path, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

struct twin_door *
twin_door_open(struct loop *loop, const char *path, struct twin *twin, struct err *err)
{
	struct twin_door *d = mem_zero(1, sizeof(*d));

	d->loop = loop;
	d->twin = twin;
	d->fd = -1;
	d->addr.sun_family = AF_UNIX;
	for (size_t i = 0; i < CALLERS_MAX; i++)
		d->callers[i] = (struct caller){ .door = d, .fd = -1 };
	if (strlen(path) >= sizeof(d->addr.sun_path)) {
		err_set(err, ERR_CONF, 0,
			"'%s' is too long for a socket; set MBC_RUN_DIR to a shorter folder", path);
		goto fail;
	}
	memcpy(d->addr.sun_path, path, strlen(path) + 1);
	if (is_taken(path)) {
		err_set(err, ERR_CONF, 0, "another twin of a bench with this name is running");
		goto fail;
	}
	unlink(path);
	d->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0 || bind(d->fd, (struct sockaddr *)&d->addr, sizeof(d->addr)) < 0) {
		err_set(err, ERR_IO, errno, "opening '%s': %s", path, strerror(errno));
		goto fail;
	}
	d->is_bound = true;
	if (listen(d->fd, CALLERS_MAX) < 0 ||
		loop_add(loop, d->fd, LOOP_READ, on_call, d, err) < 0) {
		err_set(err, ERR_IO, errno, "listening at '%s': %s", path, strerror(errno));
		goto fail;
	}
	return d;
fail:
	twin_door_close(d);
	return NULL;
}

void
twin_door_close(struct twin_door *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < CALLERS_MAX; i++)
		if (d->callers[i].fd >= 0)
			hang_up(&d->callers[i]);
	if (d->is_bound)
		unlink(d->addr.sun_path);
	if (d->fd >= 0) {
		loop_remove(d->loop, d->fd);
		close(d->fd);
	}
	free(d);
}
