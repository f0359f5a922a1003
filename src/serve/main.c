/* main.c - the data server: boards from the supervisor, HTTP to everybody on this machine
 *
 * Started by `supervise`: mbc-serve --socket FD --listen ADDRESS --bench NAME --tls yes|no --accounts 0|1. It receives boards and its certificate over
 * the socket, tells it the real address and its health, and ends when it closes or at SIGTERM. Built with SERVE_PUBLIC it is
 * mbc-public, the server for everybody.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "board/board.h"
#include "io/loop.h"
#include "io/now.h"
#include "io/report.h"
#include "io/sandbox.h"
#include "io/seal.h"
#include "io/self.h"
#include "io/sock.h"
#include "msg/health.h"
#ifdef SERVE_COMPROMISED
#include "serve/compromised.h"
#endif
#include "serve/http.h"
#include "serve/listen.h"
#include "serve/picture.h"
#include "serve/tls.h"

#define CONNECTIONS 1024
#define DESCRIPTORS                                                                                \
	(CONNECTIONS + 192) /* refusals, pipes of the history, and what is no connection */

/* The server for everybody is a program of its own: nothing can make one of the two do the other's work. */
#ifdef SERVE_PUBLIC
#define NAME "public"
#ifndef ROLE /* a test puts it into another sandbox */
#define ROLE SANDBOX_PUBLIC
#endif
#else
#define NAME "serve"
#define ROLE SANDBOX_SERVE
#endif

struct serve {
	struct loop *loop;
	struct http *http;
	struct tls *tls; /* NULL: without encryption */
	int supervisor;
	bool is_ending, is_http_ready;
	const void *memory; /* the mapping of the board that is shown */
	size_t memory_size;
	const void *image; /* the mapping of what the bench is */
	size_t image_size;
	const void *shown; /* the mapping of the public board */
	size_t shown_size;
	int64_t next_beat_ns;
	struct self self;
	uint64_t requests; /* at the last beat */
	int64_t beaten_ns;
};

/* ---- the supervisor ---- */

/* Undo a mapping of seal_map(). */
static void
unmap(const void *memory, size_t size)
{
	union {
		const void *c;
		void *v;
	} p = { .c = memory };

	seal_done(p.v, size);
}

static int
show_board(struct serve *s, int fd, struct err *err)
{
	const struct board *board;
	const void *memory;
	size_t size;

	memory = seal_map(fd, &size, err);
	if (memory == NULL)
		return err->code;
	if (board_check(memory, size, &board, err) < 0) {
		unmap(memory, size);
		return err->code;
	}
	http_show(s->http, board);
	unmap(s->memory, s->memory_size);
	s->memory = memory;
	s->memory_size = size;
	return 0;
}

/* The bytes hold a private key, and are given back at once. */
static int
take_certificate(struct serve *s, int fd, bool is_own, struct err *err)
{
	struct certificate_facts facts = { .from_s = 0 };
	struct buf packet = { 0 };
	int64_t now = now_boot();
	const void *pem;
	size_t size;
	int rc = ERR_CONF;

	pem = seal_map(fd, &size, err);
	if (pem == NULL)
		return err->code;
	if (s->tls != NULL)
		rc = tls_take(s->tls, pem, size, is_own, (now + now_wall_offset()) / NS_PER_S, now,
			&facts, err);
	unmap(pem, size);
	wire_begin(&packet, WIRE_CERTIFICATE_IS);
	wire_u16(&packet, rc == 0);
	wire_u64(&packet, (uint64_t)facts.from_s);
	wire_u64(&packet, (uint64_t)facts.until_s);
	wire_text(&packet, facts.subject);
	wire_text(&packet, facts.fingerprint);
	wire_text(&packet, rc == 0 ? "" : err->msg);
	report_send(s->supervisor, &packet);
	return 0; /* it has been told */
}

#ifdef SERVE_PUBLIC
static int
take_links(struct serve *s, int fd, uint32_t how, struct err *err)
{
	const void *bytes;
	size_t size;

	bytes = seal_map(fd, &size, err);
	if (bytes == NULL)
		return err->code;
	http_links(s->http, bytes, size, (how & 1) != 0, how >> 1);
	unmap(bytes, size);
	return 0;
}
#else
static int
take_image(struct serve *s, int fd, struct err *err)
{
	const void *image;
	size_t size;

	image = seal_map(fd, &size, err);
	if (image == NULL)
		return err->code;
	if (image_check(image, size, err) < 0) {
		unmap(image, size);
		return err->code;
	}
	http_image(s->http, image);
	unmap(s->image, s->image_size);
	s->image = image;
	s->image_size = size;
	return 0;
}

/* No descriptor: there is no such board, or none yet. */
static int
take_shown(struct serve *s, struct wire_in *in, int fd, struct err *err)
{
	const struct board *board = NULL;
	const void *memory = NULL;
	struct shown shown = { 0 };
	size_t size = 0;

	shown.is_there = wire_get_u16(in) == 1;
	shown.needs_link = wire_get_u16(in) == 1;
	wire_get_text(in, shown.address, sizeof(shown.address));
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	if (fd >= 0) {
		memory = seal_map(fd, &size, err);
		if (memory == NULL)
			return err->code;
		if (board_check(memory, size, &board, err) < 0) {
			unmap(memory, size);
			return err->code;
		}
	}
	shown.board = board;
	http_shown(s->http, &shown);
	unmap(s->shown, s->shown_size);
	s->shown = memory;
	s->shown_size = size;
	return 0;
}

static int
take_waiting(struct serve *s, struct wire_in *in, struct err *err)
{
	static struct waiting w;

	w.waits = wire_get_u16(in) == 1;
	w.needs_reason = wire_get_u16(in) == 1;
	wire_get_text(in, w.who, sizeof(w.who));
	wire_get_text(in, w.reason, sizeof(w.reason));
	wire_get_text(in, w.says, sizeof(w.says));
	wire_get_text(in, w.list, sizeof(w.list));
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	http_waiting(s->http, &w);
	return 0;
}

#endif

#ifdef SERVE_PUBLIC
/* Nothing else is for it; *pass: -1 when it was taken. */
static int
take(struct serve *s, int kind, struct wire_in *in, int *pass, struct err *err)
{
	uint32_t how; /* 1: only with a link; above that the flat pages that are switched off */

	if (kind != WIRE_LINKS || *pass < 0)
		return err_set(err, ERR_PROTO, 0,
			"a message of kind %d that is not for this process", kind);
	how = wire_get_u16(in);
	return wire_close(in, err) < 0 ? ERR_PROTO : take_links(s, *pass, how, err);
}
#else
static int
take(struct serve *s, int kind, struct wire_in *in, int *pass, struct err *err)
{
	int rc = 0;

	if (kind == WIRE_IMAGE && *pass >= 0) {
		wire_get_u32(in);
		rc = wire_close(in, err);
		return rc < 0 ? rc : take_image(s, *pass, err);
	}
	if (kind == WIRE_ACCOUNTS) {
		bool are_there = wire_get_u16(in) == 1;

		rc = wire_close(in, err);
		http_accounts(s->http, are_there || rc < 0); /* what cannot be read closes */
		return rc;
	}
	if (kind == WIRE_PENDING)
		return take_waiting(s, in, err);
	if (kind == WIRE_SHOWN)
		return take_shown(s, in, *pass, err);
	if (kind == WIRE_REHEARSED)
		return http_rehearsed(s->http, in, pass, err);
	if (kind == WIRE_DOOR && *pass >= 0) {
		wire_get_u16(in);
		rc = wire_close(in, err);
		if (rc == 0)
			http_gate(s->http, *pass);
	} else if (kind == WIRE_QUERY && *pass >= 0) {
		rc = wire_close(in, err);
		if (rc == 0)
			http_history(s->http, *pass);
	} else {
		return err_set(err, ERR_PROTO, 0,
			"a message of kind %d that is not for this process", kind);
	}
	if (rc == 0)
		*pass = -1;
	return rc;
}
#endif

static void
on_supervisor(void *ctx, int fd, unsigned events)
{
	struct serve *s = ctx;
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, n, rc;

	n = sock_recv(fd, packet, &pass, &err);
	if (n == ERR_TIMEOUT)
		return;
	if (n <= 0) {
		s->is_ending = true;
		return;
	}
	rc = wire_open(&in, packet, (size_t)n, &err);
	if (rc == WIRE_BOARD && pass >= 0) {
		wire_get_u32(&in);
		rc = wire_close(&in, &err);
		if (rc == 0)
			rc = show_board(s, pass, &err);
#ifdef SERVE_COMPROMISED
		if (rc == 0)
			compromised(pass);
#endif
	} else if (rc == WIRE_CERTIFICATE && pass >= 0) {
		bool is_own = wire_get_u16(&in) == IMAGE_TLS_OWN;

		rc = wire_close(&in, &err);
		if (rc == 0)
			rc = take_certificate(s, pass, is_own, &err);
	} else if (rc >= 0) {
		rc = take(s, rc, &in, &pass, &err);
	}
	if (rc < 0)
		log_err("supervisor: %s; the board before it stays", err.msg);
	if (pass >= 0)
		close(pass);
}

#ifndef SERVE_PUBLIC
static void
tell_health(struct serve *s, int64_t now_ns)
{
	struct http_figures figures;
	struct buf packet = { 0 };
	double seconds = (double)(now_ns - s->beaten_ns) / 1e9;

	http_figures(s->http, &figures);
	self_measure(&s->self, now_ns);
	wire_begin(&packet, WIRE_HEALTH);
	wire_u16(&packet, 5);
	report_row(&packet, HEALTH_SERVE_cpu, s->self.cpu_percent);
	report_row(&packet, HEALTH_SERVE_memory, s->self.memory_kib);
	report_row(&packet, HEALTH_SERVE_connections, figures.connections);
	report_row(&packet, HEALTH_SERVE_streams, figures.streams);
	report_row(&packet, HEALTH_SERVE_requests,
		seconds > 0 ? (double)(figures.requests - s->requests) / seconds : 0);
	s->requests = figures.requests;
	s->beaten_ns = now_ns;
	report_send(s->supervisor, &packet);
}

#endif

/* ---- life ---- */

static void
on_http(void *ctx, int fd, unsigned events)
{
	struct serve *s = ctx;

	s->is_http_ready = true;
}

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct serve *s = ctx;

	while (loop_signal(fd) != 0)
		s->is_ending = true;
}

/* A descriptor for each connection; the limit of a login shell is often below that. Returns how many connections fit: one
 * that is taken on without a descriptor for it would wait for another one's end. */
static unsigned
allow_connections(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS)
		return CONNECTIONS;
	limit.rlim_cur = MIN((rlim_t)DESCRIPTORS, limit.rlim_max);
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == DESCRIPTORS)
		return CONNECTIONS;
	log_warn("http: the system allows only %lu open files, %d would be needed; raise it with "
		 "ulimit -n or LimitNOFILE=",
		(unsigned long)limit.rlim_cur, DESCRIPTORS);
	return limit.rlim_cur > 2 * (DESCRIPTORS - CONNECTIONS)
		       ? (unsigned)limit.rlim_cur - (DESCRIPTORS - CONNECTIONS)
		       : DESCRIPTORS - CONNECTIONS;
}

static int
set_up(struct serve *s, const char *listen, bool has_accounts, struct err *err)
{
	static const int signals[] = { SIGTERM };
	struct buf packet = { 0 };
	char address[LISTEN_TEXT];
	unsigned connections;
	int fd, flags;

	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the supervisor, which then ends us in order */
	signal(SIGPIPE, SIG_IGN);
	flags = fcntl(s->supervisor, F_GETFL);
	if (flags < 0 || fcntl(s->supervisor, F_SETFL, flags | O_NONBLOCK) < 0 ||
		fcntl(s->supervisor, F_SETFD, FD_CLOEXEC) < 0)
		return err_set(err, ERR_CONF, 0,
			"no socket of a supervisor; start the bench with 'mbc run'");
	connections = allow_connections();
	s->loop = loop_new(err);
	if (s->loop == NULL)
		return ERR_IO;
	fd = listen_open(listen, s->tls != NULL, address, err);
	if (fd < 0)
		return fd;
	s->http = http_new(fd, connections, s->tls, s->loop, err);
	if (s->http == NULL)
		return ERR_IO;
#ifdef SERVE_PUBLIC
	http_public(s->http);
#else
	http_accounts(s->http, has_accounts);
	http_supervisor(s->http, s->supervisor);
#endif
	fd = loop_signals(signals, NELEM(signals), err);
	if (fd < 0 || loop_add(s->loop, fd, LOOP_READ, on_signal, s, err) < 0 ||
		loop_add(s->loop, http_fd(s->http), LOOP_READ, on_http, s, err) < 0 ||
		loop_add(s->loop, s->supervisor, LOOP_READ, on_supervisor, s, err) < 0)
		return ERR_IO;
	wire_begin(&packet, WIRE_LISTENING);
	wire_text(&packet, address);
	report_send(s->supervisor, &packet);
	return 0;
}

/* All sockets that it makes are there: from here on it can open nothing but what /proc says about itself. */
static void
confine(struct serve *s)
{
	struct sandbox_report report;
	struct buf packet = { 0 };
	char text[SANDBOX_TEXT];

	sandbox_enter(ROLE, NULL, &report);
	sandbox_text(&report, text);
	wire_begin(&packet, WIRE_SANDBOX);
	wire_text(&packet, text);
	report_send(s->supervisor, &packet);
}

static int
run(struct serve *s, struct err *err)
{
	int64_t next, now = now_boot();

	self_measure(&s->self, now);
	s->beaten_ns = now;
	s->next_beat_ns = now + NS_PER_S;
	while (!s->is_ending) {
		next = http_run(s->http, s->is_http_ready);
		s->is_http_ready = false;
		if (loop_step(s->loop, MIN(next, s->next_beat_ns), err) < 0)
			return ERR_IO;
		now = now_boot();
		if (now < s->next_beat_ns)
			continue;
		http_beat(s->http);
#ifndef SERVE_PUBLIC
		tell_health(s, now);
#endif
		s->next_beat_ns = MAX(s->next_beat_ns + NS_PER_S, now);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct serve s = { .supervisor = -1 };
	const char *listen = NULL;
	bool has_tls = false, has_accounts = false;
	int64_t number;
	struct err err;
	int rc;

	log_setup(NAME, LOG_LEVEL_INFO);
	self_protect();
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--listen") == 0)
			listen = argv[i + 1];
		else if (strcmp(argv[i], "--tls") == 0)
			has_tls = strcmp(argv[i + 1], "yes") == 0;
		else if (strcmp(argv[i], "--socket") == 0 && text_to_int(argv[i + 1], &number))
			s.supervisor = (int)number;
		else if (strcmp(argv[i], "--accounts") == 0)
			has_accounts = strcmp(argv[i + 1], "0") != 0;
	}
	if (listen == NULL || s.supervisor < 0) {
		log_err("this program is started by 'mbc run': mbc-serve --socket FD --listen "
			"ADDRESS --bench NAME");
		return 1;
	}
	if (has_tls)
		s.tls = tls_new();
	rc = set_up(&s, listen, has_accounts, &err);
	if (rc == 0) {
		confine(&s);
		rc = run(&s, &err);
	}
	if (rc < 0)
		log_err("%s", err.msg);
	http_free(s.http);
	tls_free(s.tls);
	unmap(s.memory, s.memory_size);
	unmap(s.shown, s.shown_size);
	unmap(s.image, s.image_size);
	loop_free(s.loop);
	close(s.supervisor);
	return rc == 0 ? 0 : rc == ERR_CONF ? 1 : 2;
}
