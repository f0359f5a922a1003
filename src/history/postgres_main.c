/* postgres_main.c - mbc-postgres: what is recorded, into a PostgreSQL data base
 *
 * Started by `supervise`: mbc-postgres --socket FD --dir FOLDER --bench NAME --settings FD. The store is the way out: what has been recorded waits in it, for
 * days if need be, until the server has acknowledged it. The settings, with the password, come on a sealed descriptor. Ended by a signal
 * at any moment: what the server has not committed is carried again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "history/away.h"
#include "history/postgres.h"
#include "io/now.h"
#include "io/report.h"
#include "io/sandbox.h"
#include "io/seal.h"
#include "io/self.h"
#include "msg/wire.h"

#define LOOK_NS NS_PER_S /* between two looks for what came */
#define WAIT_MIN_NS NS_PER_S
#define WAIT_MAX_NS (60 * NS_PER_S) /* between two attempts */

struct carrier {
	const char *dir, *bench;
	int supervisor;
	struct postgres_settings set;
	struct drain_state state;
	int state_fd;
	struct postgres *postgres;
	struct away away;
	int64_t wait_ns;
	char told[200]; /* trouble that was told; "": there is none */
};

static int
take_settings(struct carrier *c, int fd, struct err *err)
{
	size_t n;
	const char *bytes = seal_map(fd, &n, err);
	union {
		const char *c;
		void *v;
	} unmap = { .c = bytes };
	int rc;

	close(fd);
	if (bytes == NULL)
		return ERR_IO;
	rc = postgres_settings_read(bytes, n, &c->set, err);
	seal_done(unmap.v, n);
	return rc;
}

/* At most a third more or less: not all benches come at once when the server is back. */
static int64_t
about(int64_t ns)
{
	uint32_t chance = 0;

	if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
		chance = 0;
	return ns - ns / 3 + (int64_t)(chance % 1000) * (ns / 1500);
}

/* Returns how long to wait. */
static int64_t
failed(struct carrier *c, int rc, const struct err *err)
{
	if (strcmp(c->told, err->msg) != 0)
		log_warn("postgres: %s; what is recorded waits here", err->msg);
	text_copy(c->told, sizeof(c->told), err->msg);
	away_failed(&c->away, rc == ERR_CONF, err->msg, now_boot());
	c->wait_ns =
		rc == ERR_CONF ? WAIT_MAX_NS : MIN(MAX(2 * c->wait_ns, WAIT_MIN_NS), WAIT_MAX_NS);
	return about(c->wait_ns);
}

static void
note_file(struct carrier *c)
{
	struct err err;

	if (c->state.file == postgres_file(c->postgres))
		return;
	c->state.file = postgres_file(c->postgres);
	if (drain_state_write(c->state_fd, &c->state, &err) < 0)
		log_warn("postgres: %s", err.msg);
}

static int64_t
step(struct carrier *c)
{
	bool was_connected = postgres_is_connected(c->postgres);
	struct err err = { 0 };
	int rc = postgres_ready(c->postgres, &err);

	if (rc == 0)
		rc = postgres_carry(c->postgres, &err);
	if (rc < 0)
		return failed(c, rc, &err);
	if (!was_connected) {
		uint32_t files;
		uint64_t chunks;

		postgres_behind(c->postgres, &files, &chunks);
		log_info("postgres: connected to '%s'; %u files and %llu chunks wait",
			c->set.server, files, (unsigned long long)chunks);
	}
	c->told[0] = '\0';
	c->wait_ns = 0;
	away_over(&c->away, now_boot());
	note_file(c);
	return rc == 1 ? 0 : LOOK_NS;
}

/* Until the time has come; false: the supervisor is gone. */
static bool
wait_for(const struct carrier *c, int64_t wait_ns)
{
	struct pollfd p = { .fd = c->supervisor, .events = POLLIN };

	return poll(&p, 1, (int)(wait_ns / NS_PER_MS)) <= 0;
}

static void
confine(const struct carrier *c)
{
	const char *const folders[] = { c->dir, c->set.ca[0] != '\0' ? c->set.ca : NULL, NULL };
	struct sandbox_report report;
	struct buf packet = { 0 };
	char text[SANDBOX_TEXT];

	sandbox_enter(SANDBOX_POSTGRES, folders, &report);
	sandbox_text(&report, text);
	wire_begin(&packet, WIRE_SANDBOX);
	wire_text(&packet, text);
	report_send(c->supervisor, &packet);
}

int
main(int argc, char **argv)
{
	struct carrier c = { .supervisor = -1 };
	int64_t socket = -1, settings = -1;
	struct err err = { 0 };

	log_setup("postgres", LOG_LEVEL_INFO);
	self_protect();
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--dir") == 0)
			c.dir = argv[i + 1];
		else if (strcmp(argv[i], "--bench") == 0)
			c.bench = argv[i + 1];
		else if (strcmp(argv[i], "--socket") == 0 && !text_to_int(argv[i + 1], &socket))
			return 1;
		else if (strcmp(argv[i], "--settings") == 0 && !text_to_int(argv[i + 1], &settings))
			return 1;
	}
	c.supervisor = c.away.supervisor = (int)socket;
	if (c.dir == NULL || c.bench == NULL || c.supervisor < 0 || settings < 0 ||
		fcntl(c.supervisor, F_SETFD, FD_CLOEXEC) < 0) {
		log_err("this program is started by 'mbc run', with a socket, a folder and "
			"settings");
		return 1;
	}
	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the supervisor */
	signal(SIGPIPE, SIG_IGN);
	umask(027);
	if (take_settings(&c, (int)settings, &err) < 0) {
		log_err("%s", err.msg);
		return 1;
	}
	c.state_fd = drain_state_open(c.dir, "postgres", &c.state, &err);
	if (c.state_fd < 0) {
		log_err("%s", err.msg);
		return 1;
	}
	confine(&c);
	for (;;) {
		int64_t wait_ns = 0;

		if (c.postgres == NULL) {
			c.postgres = postgres_new(&c.set, c.bench, c.dir, &c.state, &err);
			if (c.postgres == NULL)
				wait_ns = failed(&c, ERR_IO, &err);
		}
		if (c.postgres != NULL)
			wait_ns = step(&c);
		if (!wait_for(&c, wait_ns))
			break;
	}
	postgres_free(c.postgres);
	close(c.state_fd);
	return 0;
}
