/* main.c - mbc-gate: the only way of commands to the controller
 *
 * Started by `supervise`: mbc-gate --socket FD. Over the socket come the ends of pairs with the controller and the data server, the
 * connections of command lines, and the tokens of programs. It ends when the socket closes or at SIGTERM.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "gate/desk.h"
#include "io/now.h"
#include "io/report.h"
#include "io/sandbox.h"
#include "io/seal.h"
#include "io/self.h"
#include "io/sock.h"
#include "msg/event.h"
#include "msg/health.h"

struct gate {
	struct loop *loop;
	struct desk *desk;
	int supervisor;
	bool is_ending;
	int64_t next_beat_ns;
	struct self self;
};

/* ---- the supervisor ------------------------------------------------------------------------------------------------------- */

/* A file that cannot be read opens nothing to anybody. */
static int
take_tokens(struct gate *g, int fd, uint32_t opened, struct err *err)
{
	struct tokens tokens;
	const void *bytes;
	size_t size;
	int rc;
	union {
		const void *c;
		void *v;
	} unmap;

	bytes = seal_map(fd, &size, err);
	if (bytes == NULL)
		return ERR_IO;
	unmap.c = bytes;
	rc = tokens_read(&tokens, bytes, size, err);
	seal_done(unmap.v, size);
	desk_tokens(g->desk, &tokens, opened);
	return rc < 0 ? err_prefix(err, rc, "the file of tokens") : 0;
}

static int
take_caller(struct gate *g, struct wire_in *in, int *pass, struct err *err)
{
	char name[EVENT_PRINCIPAL];

	wire_get_u32(in);
	wire_get_text(in, name, sizeof(name));
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	desk_caller(g->desk, *pass, name);
	*pass = -1;
	return 0;
}

/* The pair with the controller, or with the data server. */
static int
take_door(struct gate *g, struct wire_in *in, int *pass, struct err *err)
{
	bool is_serve = in->left > 0 && wire_get_u16(in) == 1;

	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	if (is_serve)
		desk_serve(g->desk, *pass);
	else
		desk_control(g->desk, *pass);
	*pass = -1;
	return 0;
}

static void
on_supervisor(void *ctx, int fd, unsigned events)
{
	struct gate *g = ctx;
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err), rc;

	if (n == ERR_TIMEOUT)
		return;
	if (n <= 0) {
		g->is_ending = true;
		return;
	}
	rc = wire_open(&in, packet, (size_t)n, &err);
	if (rc == WIRE_DOOR && pass >= 0)
		rc = take_door(g, &in, &pass, &err);
	else if (rc == WIRE_CALLER && pass >= 0)
		rc = take_caller(g, &in, &pass, &err);
	else if (rc == WIRE_TOKENS && pass >= 0)
		rc = take_tokens(g, pass, wire_get_u32(&in), &err);
	else if (rc >= 0)
		rc = err_set(&err, ERR_PROTO, 0,
			"a message of kind %d that is not for this process", rc);
	if (rc < 0)
		log_err("supervisor: %s", err.msg);
	if (pass >= 0)
		close(pass);
}

static void
tell_health(struct gate *g, int64_t now_ns)
{
	struct buf packet = { 0 };

	self_measure(&g->self, now_ns);
	wire_begin(&packet, WIRE_HEALTH);
	wire_u16(&packet, 3);
	report_row(&packet, HEALTH_GATE_cpu, g->self.cpu_percent);
	report_row(&packet, HEALTH_GATE_memory, g->self.memory_kib);
	report_row(&packet, HEALTH_GATE_pending, (double)desk_pending(g->desk));
	g->next_beat_ns = now_ns + NS_PER_S;
	report_send(g->supervisor, &packet);
}

/* ---- life ----------------------------------------------------------------------------------------------------------------- */

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct gate *g = ctx;

	while (loop_signal(fd) != 0)
		g->is_ending = true;
}

static int
set_up(struct gate *g, struct err *err)
{
	static const int signals[] = { SIGTERM };
	int fd, flags = fcntl(g->supervisor, F_GETFL);

	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the supervisor, which then ends us in order */
	signal(SIGPIPE, SIG_IGN);
	if (flags < 0 || fcntl(g->supervisor, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(g->supervisor, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(err, ERR_CONF, 0,
			"no socket of a supervisor; start the bench with 'mbc run'");
	g->loop = loop_new(err);
	if (g->loop == NULL)
		return ERR_IO;
	g->desk = desk_new(g->loop, g->supervisor);
	fd = loop_signals(signals, NELEM(signals), err);
	if (fd < 0 || loop_add(g->loop, fd, LOOP_READ, on_signal, g, err) < 0 ||
		loop_add(g->loop, g->supervisor, LOOP_READ, on_supervisor, g, err) < 0)
		return ERR_IO;
	self_measure(&g->self, now_boot());
	return 0;
}

static void
confine(struct gate *g)
{
	struct sandbox_report report;
	struct buf packet = { 0 };
	char text[SANDBOX_TEXT];

	sandbox_enter(SANDBOX_GATE, NULL, &report);
	sandbox_text(&report, text);
	wire_begin(&packet, WIRE_SANDBOX);
	wire_text(&packet, text);
	report_send(g->supervisor, &packet);
}

static int
run(struct gate *g, struct err *err)
{
	while (!g->is_ending) {
		int64_t now = now_boot(), next = desk_step(g->desk, now);

		if (now >= g->next_beat_ns)
			tell_health(g, now);
		if (loop_step(g->loop, MIN(next, g->next_beat_ns), err) < 0)
			return ERR_IO;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct gate g = { .supervisor = -1 };
	int64_t number;
	struct err err;
	int rc;

	log_setup("gate", LOG_LEVEL_INFO);
	self_protect();
	if (argc == 3 && strcmp(argv[1], "--socket") == 0 && text_to_int(argv[2], &number))
		g.supervisor = (int)number;
	if (g.supervisor < 0) {
		log_err("this program is started by 'mbc run'; run that instead");
		return 1;
	}
	rc = set_up(&g, &err);
	if (rc == 0) {
		confine(&g);
		rc = run(&g, &err);
	}
	if (rc < 0)
		log_err("%s", err.msg);
	desk_free(g.desk);
	loop_free(g.loop);
	close(g.supervisor);
	return rc == 0 ? 0 : rc == ERR_CONF ? 1 : 2;
}
