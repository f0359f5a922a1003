/* twin_main.c - simulated instruments on real TCP and UDP ports and serial lines
 *
 * Started by `mbc twin` and `mbc demo`: mbc-twin --image-fd FD [--seed N] [--door PATH]. Listens where the links of the bench file
 * point to (twin_server.h, twin_datagrams.h), or makes the serial ports that they name (twin_line.h), so a controller with the same file finds the
 * twins where it would find the instruments; and at the door, for faults on request (twin_door.h). Prints a line for each link and
 * runs until SIGTERM or SIGINT.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/loop.h"
#include "io/now.h"
#include "io/sandbox.h"
#include "io/seal.h"
#include "io/secrets.h"
#include "io/self.h"
#include "io/twin_datagrams.h"
#include "io/twin_door.h"
#include "io/twin_line.h"
#include "io/twin_server.h"
#include "twin/twin.h"

#define STEP_NS (50 * NS_PER_MS)

struct twin_program {
	const struct image *img;
	struct secrets *secrets;
	struct twin *twin;
	struct loop *loop;
	struct twin_server **servers; /* [n_servers] */
	size_t n_servers;
	struct twin_datagrams **datagrams; /* [n_datagrams] */
	size_t n_datagrams;
	struct twin_line **lines; /* [n_lines] */
	size_t n_lines;
	struct twin_door *door; /* NULL: no faults on request */
	bool is_ending;
};

/* ---- links ----------------------------------------------------------------------------------------------------------- */

static int
server_open(struct twin_program *p, uint32_t index, struct err *err)
{
	const struct image_link *link = image_link_at(p->img, index);
	const char *name = image_text(p->img, link->name), *host = image_text(p->img, link->host);
	const char *open = strchr(host, ':') != NULL ? "[" : "", *shut = *open != '\0' ? "]" : "";
	uint32_t n = twin_instruments(p->img, index);
	bool is_udp = link->kind == LINK_UDP;
	struct twin_datagrams *datagrams =
		is_udp ? twin_datagrams_open(p->loop, p->img, index, p->twin, err) : NULL;
	struct twin_server *server =
		is_udp ? NULL : twin_server_open(p->loop, p->img, index, p->twin, err);

	if (server == NULL && datagrams == NULL)
		return err_prefix(
			err, err->code, "link '%s': %s%s%s:%u", name, open, host, shut, link->port);
	if (is_udp)
		p->datagrams[p->n_datagrams++] = datagrams;
	else
		p->servers[p->n_servers++] = server;
	printf("link '%s': %s%s%s%s:%u, %u instrument%s\n", name, is_udp ? "udp " : "", open, host,
		shut, link->port, n, n == 1 ? "" : "s");
	return 0;
}

static int
line_open(struct twin_program *p, uint32_t index, struct err *err)
{
	const struct image_link *link = image_link_at(p->img, index);
	const char *name = image_text(p->img, link->name);
	uint32_t n = twin_instruments(p->img, index);
	struct twin_line *line = twin_line_open(p->loop, p->img, index, p->twin, err);

	if (line == NULL)
		return err_prefix(err, err->code, "link '%s'", name);
	p->lines[p->n_lines++] = line;
	printf("link '%s': %s -> %s, %u instrument%s\n", name, image_text(p->img, link->host),
		twin_line_port(line), n, n == 1 ? "" : "s");
	return 0;
}

/* ---- the program ----------------------------------------------------------------------------------------------------- */

static int
open_image(struct twin_program *p, int fd, struct err *err)
{
	const void *bytes;
	size_t size;
	int rc;

	bytes = seal_map(fd, &size, err);
	if (bytes == NULL)
		return err_prefix(err, err->code, "image of the bench");
	rc = image_check(bytes, size, err);
	if (rc < 0)
		return err_prefix(err, rc, "image of the bench");
	p->img = bytes;
	return 0;
}

/* What the instruments want to be told, read while there is still the right to; then nothing but the work. */
static int
confine(struct twin_program *p, int image_fd, struct err *err)
{
	struct sandbox_report sandbox;
	int rc = open_image(p, image_fd, err);

	if (rc == 0) {
		p->secrets = secrets_load(p->img, NULL, "error", err);
		rc = p->secrets == NULL ? err->code : 0;
	}
	sandbox_enter(SANDBOX_TWIN, NULL, &sandbox);
	return rc;
}

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct twin_program *p = ctx;

	if (loop_signal(fd) != 0)
		p->is_ending = true;
}

static int
start(struct twin_program *p, uint64_t seed, const char *door, struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT };
	int sig, rc;

	p->twin = twin_new(p->img, seed);
	twin_secrets(p->twin, p->secrets);
	p->loop = loop_new(err);
	if (p->loop == NULL)
		return ERR_IO;
	sig = loop_signals(signals, NELEM(signals), err);
	if (sig < 0 || loop_add(p->loop, sig, LOOP_READ, on_signal, p, err) < 0)
		return ERR_IO;
	p->servers = mem_zero(p->img->links.n, sizeof(struct twin_server *));
	p->datagrams = mem_zero(p->img->links.n, sizeof(struct twin_datagrams *));
	p->lines = mem_zero(p->img->links.n, sizeof(struct twin_line *));
	for (uint32_t i = 0; i < p->img->links.n; i++) {
		uint32_t kind = image_link_at(p->img, i)->kind;

		rc = kind == LINK_SERIAL                    ? line_open(p, i, err)
		     : kind == LINK_TCP || kind == LINK_UDP ? server_open(p, i, err)
							    : 0;
		if (rc < 0)
			return rc;
	}
	if (p->n_servers + p->n_datagrams + p->n_lines == 0)
		return err_set(err, ERR_CONF, 0,
			"the bench has no link 'tcp:', 'rtu:', 'udp:' or 'serial:', so there is "
			"nothing to play; add one");
	/* Two benches of one name can be simulated at the same time: the first one has the door. */
	if (door != NULL)
		p->door = twin_door_open(p->loop, door, p->twin, err);
	if (door != NULL && p->door == NULL)
		log_warn("%s; 'mbc twin --fault' will not reach this one", err->msg);
	fflush(stdout);
	return 0;
}

static int
run(struct twin_program *p, struct err *err)
{
	int64_t next_ns = now_boot();

	while (!p->is_ending) {
		int64_t now = now_boot(), wake_ns;

		if (now >= next_ns) {
			twin_step(p->twin, now);
			for (size_t i = 0; i < p->n_servers; i++)
				twin_server_time(p->servers[i], now);
			for (size_t i = 0; i < p->n_datagrams; i++)
				twin_datagrams_time(p->datagrams[i], now);
			for (size_t i = 0; i < p->n_lines; i++)
				twin_line_tell(p->lines[i], now);
			next_ns = now + STEP_NS;
		}
		wake_ns = next_ns;
		for (size_t i = 0; i < p->n_lines; i++)
			wake_ns = MIN(wake_ns, twin_line_time(p->lines[i], now));
		if (loop_step(p->loop, wake_ns, err) < 0)
			return ERR_IO;
	}
	return 0;
}

static void
finish(struct twin_program *p)
{
	twin_door_close(p->door);
	for (size_t i = 0; i < p->n_servers; i++)
		twin_server_close(p->servers[i]);
	for (size_t i = 0; i < p->n_lines; i++)
		twin_line_close(p->lines[i]);
	for (size_t i = 0; i < p->n_datagrams; i++)
		twin_datagrams_close(p->datagrams[i]);
	free(p->servers);
	free(p->datagrams);
	free(p->lines);
	loop_free(p->loop);
	twin_free(p->twin);
	secrets_free(p->secrets);
}

static int
usage(void)
{
	fputs("mbc-twin: not to be called by hand; write: mbc twin BENCH.yaml\n", stderr);
	return 1;
}

int
main(int argc, char **argv)
{
	struct twin_program p = { 0 };
	struct err err = { 0 };
	int64_t fd = -1, seed = 1;
	const char *door = NULL;
	int rc;

	log_setup("twin", LOG_LEVEL_INFO);
	for (int i = 1; i + 1 < argc; i += 2) {
		int64_t *value = strcmp(argv[i], "--image-fd") == 0 ? &fd
				 : strcmp(argv[i], "--seed") == 0   ? &seed
								    : NULL;

		if (strcmp(argv[i], "--door") == 0)
			door = argv[i + 1];
		else if (value == NULL || !text_to_int(argv[i + 1], value))
			return usage();
	}
	if (argc % 2 == 0 || fd < 0 || fd > INT32_MAX)
		return usage();
	self_protect();
	rc = confine(&p, (int)fd, &err);
	if (rc == 0)
		rc = start(&p, (uint64_t)seed, door, &err);
	if (rc == 0)
		rc = run(&p, &err);
	if (rc < 0)
		log_err("%s", err.msg);
	finish(&p);
	return rc == 0 ? 0 : err.code == ERR_CONF ? 1 : 2;
}
