/* query_main.c - mbc-query: questions about the history of a bench; it reads, and never writes into it but for `restore`
 *
 * Started by `supervise`: mbc-query --socket FD --dir FOLDER. It gets the end of a pair with the data server over the socket, and ends when that
 * closes or at SIGTERM. Started by the command line: mbc-query --dir FOLDER COMMAND ...: see query_cli.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#ifdef MBC_HDF5
#include "history/export_hdf5.h"
#endif
#include "history/export_xlsx.h"
#include "history/query_cli.h"
#include "history/query_inside.h"
#include "history/query_serve.h"
#include "history/stamp.h"
#include "io/loop.h"
#include "io/now.h"
#include "io/report.h"
#include "io/sandbox.h"
#include "io/self.h"
#include "io/sock.h"
#include "msg/health.h"

struct query {
	struct loop *loop;
	struct query_serve *serve;
	int supervisor;
	bool is_ending;
	int64_t next_beat_ns;
	struct self self;
};

static void
on_supervisor(void *ctx, int fd, unsigned events)
{
	struct query *q = ctx;
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err), rc;

	if (n == ERR_TIMEOUT)
		return;
	if (n <= 0) {
		q->is_ending = true;
		return;
	}
	rc = wire_open(&in, packet, (size_t)n, &err);
	if (rc == WIRE_QUERY && pass >= 0) {
		rc = query_serve_connect(q->serve, pass, &err);
		pass = -1;
	} else if (rc >= 0) {
		rc = err_set(&err, ERR_PROTO, 0,
			"a message of kind %d that is not for this process", rc);
	}
	if (rc < 0)
		log_err("supervisor: %s", err.msg);
	if (pass >= 0)
		close(pass);
}

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct query *q = ctx;

	while (loop_signal(fd) != 0)
		q->is_ending = true;
}

static void
tell_health(struct query *q, int64_t now_ns)
{
	struct buf packet = { 0 };

	self_measure(&q->self, now_ns);
	wire_begin(&packet, WIRE_HEALTH);
	wire_u16(&packet, 3);
	report_row(&packet, HEALTH_QUERY_cpu, q->self.cpu_percent);
	report_row(&packet, HEALTH_QUERY_memory, q->self.memory_kib);
	report_row(&packet, HEALTH_QUERY_questions, (double)query_serve_count(q->serve));
	q->next_beat_ns = now_ns + NS_PER_S;
	report_send(q->supervisor, &packet);
}

static int
set_up(struct query *q, const char *dir, struct err *err)
{
	static const int signals[] = { SIGTERM };
	int fd, flags = fcntl(q->supervisor, F_GETFL);

	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the supervisor, which then ends us in order */
	signal(SIGPIPE, SIG_IGN);
	if (flags < 0 || fcntl(q->supervisor, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(q->supervisor, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(err, ERR_CONF, 0,
			"no socket of a supervisor; start the bench with 'mbc run'");
	q->loop = loop_new(err);
	if (q->loop == NULL)
		return ERR_IO;
	q->serve = query_serve_new(q->loop, dir);
	fd = loop_signals(signals, NELEM(signals), err);
	if (fd < 0 || loop_add(q->loop, fd, LOOP_READ, on_signal, q, err) < 0 ||
		loop_add(q->loop, q->supervisor, LOOP_READ, on_supervisor, q, err) < 0)
		return ERR_IO;
	self_measure(&q->self, now_boot());
	return 0;
}

static void
confine(struct query *q, const char *dir)
{
	const char *const folders[] = { dir, STAMP_ZONES, "/etc/localtime", NULL };
	struct sandbox_report report;
	struct buf packet = { 0 };
	char text[SANDBOX_TEXT];

	sandbox_enter(SANDBOX_QUERY, folders, &report);
	sandbox_text(&report, text);
	wire_begin(&packet, WIRE_SANDBOX);
	wire_text(&packet, text);
	report_send(q->supervisor, &packet);
}

static int
run(struct query *q, struct err *err)
{
	while (!q->is_ending) {
		int64_t now = now_boot(), next = query_serve_step(q->serve, now);

		if (now >= q->next_beat_ns)
			tell_health(q, now);
		if (loop_step(q->loop, MIN(next, q->next_beat_ns), err) < 0)
			return ERR_IO;
	}
	return 0;
}

static int
answer_server(int socket, const char *dir)
{
	struct query q = { .supervisor = socket };
	struct err err;
	int rc;

	rc = set_up(&q, dir, &err);
	if (rc == 0) {
		confine(&q, dir);
		rc = run(&q, &err);
	}
	if (rc < 0)
		log_err("%s", err.msg);
	query_serve_free(q.serve);
	loop_free(q.loop);
	close(q.supervisor);
	return rc == 0 ? 0 : rc == ERR_CONF ? 1 : 2;
}

int
main(int argc, char **argv)
{
	const char *dir = NULL;
	int64_t socket = -1;
	int at = 1;

	for (; at + 1 < argc; at += 2) {
		if (strcmp(argv[at], "--dir") == 0)
			dir = argv[at + 1];
		else if (strcmp(argv[at], "--socket") != 0 || !text_to_int(argv[at + 1], &socket))
			break;
	}
	log_setup("query", LOG_LEVEL_INFO);
	query_xlsx = export_xlsx;
#ifdef MBC_HDF5
	query_hdf5 = export_hdf5;
#endif
	self_protect();
	if (dir != NULL && socket >= 0)
		return answer_server((int)socket, dir);
	if (at < argc && (dir != NULL || strcmp(argv[at], "restore") == 0))
		return query_cli(dir, argc - at, argv + at);
	log_err("this program is started by 'mbc run', 'mbc export' and 'mbc history'");
	return 1;
}
