/* control_main.c - the shell around the controller: real wires, the real clock, the board in shared memory
 *
 * Started by `supervise`: mbc-control --socket FD --image FD --secrets FD --generation N --blackbox FD --journal0 FD --journal1 FD (-1:
 * there is no such file). It sends the board over the socket, takes up
 * new images from it. When it closes the supervisor was killed: a controller without one could not be stopped by anybody, so it makes the bench safe
 * as at SIGTERM and ends; SIGUSR1, the death of the supervisor, sees to it that it ends in any case. It holds the bench's lock meanwhile.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "control/bench.h"
#include "drivers/list.h"
#include "io/control_door.h"
#include "io/journal.h"
#include "io/loop.h"
#include "io/now.h"
#include "io/sandbox.h"
#include "io/seal.h"
#include "io/secrets.h"
#include "io/self.h"
#include "io/sock.h"
#include "io/wires.h"
#include "msg/told.h"

/* One configuration of the bench while it runs. */
struct setup {
	const struct image *img;
	size_t img_size;
	struct secrets *secrets;
	void *memory;
	size_t memory_size;
	struct bench *bench;
	uint32_t generation;
	int reader;   /* read-only descriptor of the board until it has been sent; -1 */
	void *public; /* the public board's; NULL: there is none */
	size_t public_size;
	int public_reader;
};

#define TOLD_KEPT 32
#define ORPHAN_S 12                 /* without a supervisor it lives no longer, safe or not */
#define ENDING_NS (200 * NS_PER_MS) /* for the journal; supervise writes what is left */

struct control {
	struct loop *loop;
	struct wires *wires;
	struct setup now;
	int supervisor;
	int secrets;      /* of the image that comes next; -1 */
	bool is_stopping; /* it ends when the bench may */
	bool is_ending;
	int64_t next_tick_ns;
	int64_t measured_ns;
	struct control_door *door; /* to the gate */
	struct journal *journal;
	uint64_t boot;
	struct keep_past *past;  /* how things were; of the start */
	bool is_journal_failing; /* and that is told */
	struct {
		uint64_t number, id;
	} told[TOLD_KEPT]; /* the last events of supervise: what comes next may be caused by one */
	unsigned next_told;
	bool is_told; /* the event that is being recorded is one of them */
	struct self self;
	char **folders;  /* what the sandbox lets it read for its links, ended by NULL */
	bool is_limited; /* to them */
	int told_rest;   /* what supervise heard last of bench_is_at_rest(); -1: nothing */
};

/* The line of an event; its room is taken once, so that a tick allocates nothing. */
static struct buf event_line;
#define EVENT_LINE_MAX 1024

static void
log_event(const struct control *c, const struct event *e)
{
	buf_clear(&event_line);
	event_text(&event_line, e, LANGUAGE_EN);
	if (c->is_told)
		log_debug("%s", buf_text(&event_line)); /* whoever told us has said so */
	else if (event_row(e->kind)->severity == EVENT_SEVERITY_INFO)
		log_info("%s", buf_text(&event_line));
	else
		log_warn("%s", buf_text(&event_line));
}

static uint64_t
on_event(void *ctx, struct event *e)
{
	struct control *c = ctx;

	log_event(c, e);
	return journal_event(c->journal, e);
}

static uint64_t
on_intent(void *ctx, struct event *e)
{
	struct control *c = ctx;

	log_event(c, e);
	return journal_intent(c->journal, e);
}

static enum command_record
on_recorded(void *ctx, uint64_t id, int64_t asked_ns, int64_t now_ns)
{
	struct control *c = ctx;

	switch (journal_verdict(c->journal, id, asked_ns, now_ns)) {
	case JOURNAL_DURABLE:
		return COMMAND_RECORDED;
	case JOURNAL_REFUSED:
		return COMMAND_RECORD_FAILED;
	case JOURNAL_WAIT:
		break;
	}
	return COMMAND_RECORD_WAITS;
}

static uint64_t
on_keep(void *ctx, const uint8_t *bytes, size_t n)
{
	struct control *c = ctx;

	return journal_keep(c->journal, bytes, n);
}

static void
on_clock(void *ctx, struct clock_record *r)
{
	struct control *c = ctx;

	journal_clock(c->journal, r);
}

static void
on_command(void *ctx, const struct command *command)
{
	struct control *c = ctx;

	bench_command(c->now.bench, command, now_boot());
}

static void
on_question(void *ctx, const char *id)
{
	struct control *c = ctx;

	bench_command_ask(c->now.bench, id);
}

static void
on_verdict(void *ctx, const struct verdict_told *v)
{
	struct control *c = ctx;

	control_door_verdict(c->door, v);
}

static void serve_links(struct control *c);

static void
on_guest(void *ctx, const struct guest_ask *ask)
{
	struct control *c = ctx;

	bench_guest(c->now.bench, ask, now_boot());
	serve_links(c);
}

static void
on_guest_told(void *ctx, const struct guest_told *t)
{
	struct control *c = ctx;

	control_door_guest(c->door, t);
}

/* ---- the journal ---- */

static void
tell(struct control *c, enum event_kind kind, double value, const char *text)
{
	struct event e = { .kind = kind,
		.stamp_ns = now_boot(),
		.n_values = event_has_value(kind),
		.values = { value } };

	text_copy(e.text, sizeof(e.text), text);
	bench_event(c->now.bench, &e);
}

/* A disk that fails, or is too slow, is itself an event: in the black box for as long as it does. */
static void
watch_journal(struct control *c, int64_t now)
{
	struct journal_state state;

	journal_step(c->journal, now);
	journal_state(c->journal, &state);
	if (state.missed > 0)
		tell(c, EVENT_JOURNAL_GAP, (double)state.missed, "");
	if (state.is_failing != c->is_journal_failing)
		tell(c, state.is_failing ? EVENT_JOURNAL_FAILED : EVENT_JOURNAL_RESUMED, 0,
			state.why);
	c->is_journal_failing = state.is_failing;
	bench_health(c->now.bench, HEALTH_CONTROL_journal_waiting, (double)state.waiting, now);
	bench_health(c->now.bench, HEALTH_CONTROL_journal_failing, state.is_failing, now);
}

static void
on_journal(void *ctx, int fd, unsigned events)
{
	struct control *c = ctx;

	journal_step(c->journal, now_boot());
	bench_recorded(c->now.bench, now_boot());
}

static uint64_t
told_id(const struct control *c, uint64_t number)
{
	for (size_t i = 0; number != 0 && i < TOLD_KEPT; i++)
		if (c->told[i].number == number)
			return c->told[i].id;
	return 0;
}

/* What supervise has seen. The controller before us may have recorded it already. */
static void
take_event(struct control *c, struct wire_in *in)
{
	struct told t;
	struct err err;

	if (told_get(&t, in, &err) < 0) {
		log_err("controller: %s", err.msg);
		return;
	}
	if (t.number <= journal_told(c->journal))
		return;
	t.event.cause = told_id(c, t.cause);
	journal_set_told(c->journal, t.number);
	c->told[c->next_told].number = t.number;
	c->is_told = true;
	c->told[c->next_told].id = bench_event(c->now.bench, &t.event);
	c->is_told = false;
	c->next_told = (c->next_told + 1) % TOLD_KEPT;
}

/* ---- wires to bench and back ---- */

/* Carry out all that the links want. */
static void
serve_links(struct control *c)
{
	struct link_wants wants;
	uint32_t link;

	while ((link = bench_take(c->now.bench, &wants)) != IMAGE_NONE) {
		if (wants.close)
			wires_close(c->wires, link);
		if (wants.flush)
			wires_flush(c->wires, link);
		if (wants.open)
			wires_open(c->wires, link);
		if (wants.n > 0)
			wires_send(c->wires, link, wants.bytes, wants.n, wants.answer_ns);
	}
}

static void
on_opened(void *ctx, uint32_t link)
{
	struct control *c = ctx;

	bench_opened(c->now.bench, link, now_boot());
	serve_links(c);
}

static void
on_closed(void *ctx, uint32_t link, enum quality reason, const char *why)
{
	struct control *c = ctx;

	bench_closed(c->now.bench, link, reason, why, now_boot());
	serve_links(c);
}

static void
on_bytes(void *ctx, uint32_t link, const uint8_t *in, size_t n)
{
	struct control *c = ctx;

	bench_bytes(c->now.bench, link, in, n, now_boot());
	serve_links(c);
}

/* The supervisor starts programs; which one, it knows itself: the words only say which bench file is meant. */
static bool
ask_helper(void *ctx, uint32_t link, uint32_t ticket)
{
	struct control *c = ctx;
	const struct image *img = c->now.img;
	const struct image_link *l = image_link_at(img, link);
	struct buf packet = { 0 };
	int rc;

	wire_begin(&packet, WIRE_HELPER_ASK);
	wire_u32(&packet, ticket);
	wire_text(&packet, image_text(img, l->name));
	wire_text(&packet, image_text(img, l->host));
	wire_end(&packet);
	rc = sock_send(c->supervisor, &packet, -1, NULL);
	buf_done(&packet);
	return rc == 0;
}

/* ---- images and boards ---- */

#define TRACE_MEMORY (4u << 20) /* bytes for the traces of all instruments together */

static uint32_t
trace_lines(const struct image *img)
{
	size_t lines = TRACE_MEMORY / sizeof(struct board_trace) / MAX(img->instruments.n, 1u);

	return (uint32_t)MIN(MAX(lines, (size_t)8), (size_t)32);
}

static int
open_image(int fd, struct setup *out, struct err *err)
{
	const void *bytes = seal_map(fd, &out->img_size, err);
	union {
		const void *c;
		void *v;
	} unmap = { .c = bytes };

	close(fd);
	if (bytes == NULL)
		return ERR_IO;
	if (image_check(bytes, out->img_size, err) < 0) {
		seal_done(unmap.v, out->img_size);
		return err_prefix(err, ERR_PROTO, "image of the bench");
	}
	out->img = bytes;
	return 0;
}

/* The board of those channels that everybody may see, where the bench file names some. */
static int
make_public(const struct board_setup *full, struct setup *s, struct err *err)
{
	struct board_setup setup = *full;

	if (s->img->shown_channels.n == 0)
		return 0;
	setup.is_public = true;
	setup.tape_records = board_tape_records_public(s->img);
	setup.trace_lines = 1;
	s->public_size = board_size(&setup);
	s->public = seal_make("mbc-public", s->public_size, &s->public_reader, err);
	if (s->public == NULL)
		return ERR_IO;
	bench_share(s->bench, board_make(s->public, &setup));
	return 0;
}

static int
make_board(struct control *c, uint32_t generation, struct setup *s, struct err *err)
{
	const struct bench_sink sink = {
		.ctx = c,
		.event = on_event,
		.clock = on_clock,
		.intent = on_intent,
		.recorded = on_recorded,
		.keep = on_keep,
		.boot = c->boot,
		.verdict = on_verdict,
		.guest = on_guest_told,
	};
	struct board_setup setup = {
		.image = s->img,
		.generation = generation,
		.tape_records = board_tape_records(s->img),
		.trace_lines = trace_lines(s->img),
		.now_ns = now_boot(),
	};

	now_boot_id(setup.boot_id);
	s->generation = generation;
	s->memory_size = board_size(&setup);
	s->memory = seal_make("mbc-board", s->memory_size, &s->reader, err);
	if (s->memory == NULL)
		return ERR_IO;
	s->bench =
		bench_new(s->img, board_make(s->memory, &setup), codec_find, &sink, setup.now_ns);
	bench_secrets(s->bench, s->secrets);
	return make_public(&setup, s, err);
}

static int
send_board(
	struct control *c, enum wire_kind kind, uint32_t generation, int *reader, struct err *err)
{
	struct buf packet = { 0 };
	int rc;

	wire_begin(&packet, kind);
	wire_u32(&packet, generation);
	wire_end(&packet);
	rc = sock_send(c->supervisor, &packet, *reader, err);
	close(*reader);
	*reader = -1;
	buf_done(&packet);
	return rc;
}

/* Show the board to the others: only once it has a picture, so that nobody takes a new one for a dead one. */
static int
show_board(struct control *c, struct setup *s, struct err *err)
{
	struct bench_clock clock = {
		.now_ns = now_boot(),
		.wall_ns = now_wall_offset(),
		.wall_is_good = now_wall_is_good(),
	};

	bench_tick(s->bench, &clock);
	if (s->public_reader >= 0 &&
		send_board(c, WIRE_PUBLIC_BOARD, s->generation, &s->public_reader, err) < 0)
		return ERR_IO;
	return send_board(c, WIRE_BOARD, s->generation, &s->reader, err);
}

static void
drop_setup(struct setup *s)
{
	union {
		const void *c;
		void *v;
	} unmap = { .c = s->img };

	bench_free(s->bench);
	if (s->reader >= 0)
		close(s->reader);
	if (s->public_reader >= 0)
		close(s->public_reader);
	seal_done(s->memory, s->memory_size);
	seal_done(s->public, s->public_size);
	if (s->img != NULL)
		seal_done(unmap.v, s->img_size);
	secrets_free(s->secrets);
	*s = (struct setup){ .reader = -1, .public_reader = -1 };
}

/* Tell the supervisor that the new image is not taken up. */
static void
refuse(struct control *c, const char *why)
{
	struct buf packet = { 0 };

	wire_begin(&packet, WIRE_NO);
	wire_text(&packet, why);
	wire_end(&packet);
	if (sock_send(c->supervisor, &packet, -1, NULL) < 0)
		log_warn("reload: the supervisor takes no answer");
	buf_done(&packet);
}

/* What the sandbox was made for is all that can be read until the controller starts again: a bench that needs more is not taken
 * up, so that nobody waits for values that cannot come. */
static int
check_folders(const struct control *c, const struct image *img, struct err *err)
{
	for (uint32_t i = 0; i < img->links.n; i++) {
		const struct image_link *l = image_link_at(img, i);
		const char *path = image_text(img, l->host);

		if (l->kind == LINK_FOLDER && c->is_limited &&
			!sandbox_may_read(SANDBOX_CONTROL, (const char *const *)c->folders, path))
			return err_set(err, ERR_REFUSED, 0,
				"link '%s': the controller may read no other folders than those "
				"of its start; restart the bench to add %s",
				image_text(img, l->name), path);
	}
	return 0;
}

/* The image, and the secrets that it names. Both descriptors are closed. */
static int
open_setup(int image_fd, int secrets_fd, struct setup *out, struct err *err)
{
	int rc = open_image(image_fd, out, err);

	if (rc < 0) {
		close(secrets_fd);
		return rc;
	}
	out->secrets = secrets_take(secrets_fd, out->img, err);
	return out->secrets == NULL ? err->code : 0;
}

/* Go over to a new image between two ticks: what has not changed goes on as if nothing had happened. */
static void
reload(struct control *c, int fd, uint32_t generation)
{
	struct setup next = { .reader = -1, .public_reader = -1 };
	int secrets = c->secrets;
	uint32_t *kept;
	struct err err;

	c->secrets = -1;
	if (open_setup(fd, secrets, &next, &err) < 0 || check_folders(c, next.img, &err) < 0 ||
		bench_may_adopt(c->now.bench, next.img, &err) < 0 ||
		make_board(c, generation, &next, &err) < 0) {
		log_err("reload: %s; the bench goes on as it was", err.msg);
		refuse(c, err.msg);
		drop_setup(&next);
		return;
	}
	kept = calloc(MAX(next.img->links.n, 1u), sizeof(*kept));
	if (kept == NULL) {
		log_err("reload: no memory left; the bench goes on as it was");
		refuse(c, "no memory left; the bench goes on as it was");
		drop_setup(&next);
		return;
	}
	bench_adopt(next.bench, c->now.bench, kept, now_boot());
	wires_switch(c->wires, next.img, kept);
	free(kept);
	drop_setup(&c->now);
	c->now = next;
	if (show_board(c, &c->now, &err) < 0)
		log_err("reload: %s", err.msg);
	serve_links(c);
	log_info("controller: runs generation %u of the bench file", generation);
}

/* ---- messages from the supervisor ---- */

static void
take_health(struct control *c, struct wire_in *in)
{
	int64_t now = now_boot();

	for (unsigned n = wire_get_u16(in); n > 0 && !in->is_bad; n--) {
		uint16_t row = wire_get_u16(in);
		double v = wire_get_f64(in);

		if (!in->is_bad && row < HEALTH_COUNT && health_rows[row].process != HEALTH_CONTROL)
			bench_health(c->now.bench, (enum health)row, v, now);
	}
}

/* Its program runs, and this (taken) is the connection to it; -1: it does not, for this reason. */
static void
take_helper(struct control *c, struct wire_in *in, int fd)
{
	uint32_t ticket = wire_get_u32(in);
	char why[200] = "there is no connection to the program";

	if (fd < 0 && in->left > 0)
		wire_get_text(in, why, sizeof(why));
	wires_helper(c->wires, ticket, fd, why);
	serve_links(c);
}

/* One that stops in order closes it when we are told to end, or have ended. */
static void
lose_supervisor(struct control *c)
{
	if (!c->is_stopping)
		tell(c, EVENT_SUPERVISOR_LOST, 0, "");
	c->is_stopping = true;
	alarm(ORPHAN_S);
}

static void
on_message(void *ctx, int fd, unsigned events)
{
	struct control *c = ctx;
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, n, kind;

	n = sock_recv(fd, packet, &pass, &err);
	if (n == ERR_TIMEOUT)
		return;
	if (n <= 0) {
		loop_remove(c->loop, fd);
		lose_supervisor(c);
		return;
	}
	kind = wire_open(&in, packet, (size_t)n, &err);
	if (kind == WIRE_HEALTH) {
		take_health(c, &in);
	} else if (kind == WIRE_HELPER || kind == WIRE_HELPER_NO) {
		take_helper(c, &in, kind == WIRE_HELPER ? pass : -1);
		pass = kind == WIRE_HELPER ? -1 : pass;
	} else if (kind == WIRE_EVENT) {
		take_event(c, &in);
	} else if (kind == WIRE_JOURNAL && pass >= 0) {
		uint32_t which = wire_get_u32(&in);

		if (wire_close(&in, &err) == 0 && which < JOURNAL_FILES) {
			journal_file(c->journal, (int)which, pass);
			pass = -1;
		}
	} else if (kind == WIRE_DOOR && pass >= 0 && wire_close(&in, &err) == 0) {
		control_door_connect(c->door, pass);
		pass = -1;
	} else if (kind == WIRE_SECRETS && pass >= 0) {
		if (c->secrets >= 0)
			close(c->secrets);
		c->secrets = pass;
		pass = -1;
	} else if (kind == WIRE_IMAGE && pass >= 0 && c->secrets >= 0) {
		uint32_t generation = wire_get_u32(&in);

		if (wire_close(&in, &err) == 0) {
			reload(c, pass, generation);
			pass = -1;
		}
	} else {
		log_err("controller: message that it does not know; is mbc partly updated?");
	}
	if (pass >= 0)
		close(pass);
}

static void
on_signal(void *ctx, int fd, unsigned events)
{
	struct control *c = ctx;

	if (loop_signal(fd) == 0)
		return;
	if (!c->is_stopping)
		tell(c, EVENT_CONTROLLER_STOPPED, 0, "");
	c->is_stopping = true;
}

static pid_t supervisor_pid;

/* The supervisor has died. A controller that stalls now would be killed by nobody: the clock of the kernel does it. */
static void
on_orphaned(int sig)
{
	if (getppid() != supervisor_pid)
		alarm(ORPHAN_S);
}

/* ---- the loop ---- */

/* For a new bench file that waits for it. */
static void
tell_rest(struct control *c)
{
	int rest = bench_is_at_rest(c->now.bench);
	struct buf packet = { 0 };

	if (rest == c->told_rest)
		return;
	wire_begin(&packet, WIRE_REST);
	wire_u16(&packet, (uint16_t)rest);
	wire_end(&packet);
	if (sock_send(c->supervisor, &packet, -1, NULL) == 0)
		c->told_rest = rest;
	buf_done(&packet);
}

static void
tick(struct control *c, int64_t now)
{
	int64_t period = c->now.img->tick_ns;
	struct bench_clock clock = {
		.now_ns = now,
		.wall_ns = now_wall_offset(),
		.wall_is_good = now_wall_is_good(),
		.late_ns = now - c->next_tick_ns,
	};

	clock.lost = (uint64_t)(clock.late_ns / period);
	if (now - c->measured_ns >= NS_PER_S) {
		self_measure(&c->self, now);
		bench_health(c->now.bench, HEALTH_CONTROL_cpu, c->self.cpu_percent, now);
		bench_health(c->now.bench, HEALTH_CONTROL_memory, c->self.memory_kib, now);
		c->measured_ns = now;
		watch_journal(c, now);
		tell_rest(c);
	}
	bench_tick(c->now.bench, &clock);
	c->next_tick_ns += ((int64_t)clock.lost + 1) * period;
}

static int
run(struct control *c, struct err *err)
{
	while (!c->is_ending) {
		int64_t now = now_boot(), wires = wires_time(c->wires, now), wake;
		int rc;

		bench_time(c->now.bench, now);
		serve_links(c);
		if (now >= c->next_tick_ns) {
			tick(c, now_boot()); /* what the wires cost has made it later */
			serve_links(c);
		}
		if (c->is_stopping) {
			c->is_ending = bench_stop(c->now.bench, now_boot());
			serve_links(c);
		}
		wake = MIN(MIN(bench_wake(c->now.bench), wires), c->next_tick_ns);
		rc = loop_step(c->loop, wake, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The class was asked for by the supervisor, before it gave up the right to; the memory is for us to hold. Without a limit
 * on it, since otherwise a larger bench could no longer be taken up. */
static void
report_class(char *out, size_t cap)
{
	struct rlimit limit = { 0 };
	bool is_first = (sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == SCHED_FIFO;
	bool is_held = getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY &&
		       mlockall(MCL_CURRENT | MCL_FUTURE) == 0;

	snprintf(out, cap, ", realtime %s",
		!is_first ? "refused"
		: is_held ? "on"
			  : "without memory");
	if (!is_first || !is_held)
		log_warn("controller: 'realtime: yes' is refused %s; start mbc as root, or with "
			 "LimitRTPRIO=50 and LimitMEMLOCK=infinity in its unit",
			is_first ? "in part: it has the class, but its memory cannot be held"
				 : "by this system");
}

/* The folders of links, ended by NULL: copies, as the sandbox outlives the image. */
static char **
folders_of(const struct image *img)
{
	char **folders = mem_zero(img->links.n + 1u, sizeof(*folders));
	size_t n = 0;

	for (uint32_t i = 0; i < img->links.n; i++) {
		const struct image_link *l = image_link_at(img, i);

		if (l->kind != LINK_FOLDER)
			continue;
		folders[n++] = mem_text(image_text(img, l->host));
		if (access(folders[n - 1], X_OK) < 0)
			log_warn("link '%s': the folder %s cannot be entered (%s); when it can, "
				 "restart the bench",
				image_text(img, l->name), folders[n - 1], strerror(errno));
	}
	return folders;
}

/* Before any thread: they inherit it. */
static void
confine(struct control *c)
{
	struct sandbox_report report;
	struct buf packet = { 0 };
	char text[SANDBOX_TEXT];

	c->folders = folders_of(c->now.img);
	sandbox_enter(SANDBOX_CONTROL, (const char *const *)c->folders, &report);
	c->is_limited = report.landlock > 0;
	sandbox_text(&report, text);
	if (c->now.img->is_realtime)
		report_class(text + strlen(text), sizeof(text) - strlen(text));
	wire_begin(&packet, WIRE_SANDBOX);
	wire_text(&packet, text);
	wire_end(&packet);
	if (sock_send(c->supervisor, &packet, -1, NULL) < 0)
		log_warn("controller: the supervisor takes no message");
	buf_done(&packet);
}

/* What was handed over at the start. */
struct handed {
	int64_t socket, image, secrets, generation, blackbox, journal[JOURNAL_FILES];
};

static void
on_past(void *ctx, const uint8_t *bytes, size_t n)
{
	struct control *c = ctx;

	keep_past_take(c->past, bytes, n);
}

/* How the bench was when a controller was alive last. */
static void
restore(struct control *c)
{
	const struct bench_clock clock = { .now_ns = now_boot(),
		.wall_ns = now_wall_offset(),
		.wall_is_good = now_wall_is_good() };

	bench_restore(c->now.bench, c->past, &clock);
	keep_past_free(c->past);
	c->past = NULL;
}

static int
start_journal(struct control *c, const struct handed *h, struct err *err)
{
	struct journal_setup setup = { .blackbox = (int)h->blackbox, .state = on_past, .ctx = c };
	char boot_id[40];

	for (int i = 0; i < JOURNAL_FILES; i++)
		setup.files[i] = (int)h->journal[i];
	now_boot_id(boot_id);
	setup.boot = c->boot = event_boot(boot_id);
	c->past = keep_past_new();
	c->journal = journal_open(&setup, err);
	return c->journal == NULL ? ERR_IO : 0;
}

static int
start(struct control *c, const struct handed *h, struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT };
	const struct control_door_sink door = {
		.ctx = c, .command = on_command, .ask = on_question, .guest = on_guest
	};
	const struct wires_sink sink = {
		.ctx = c,
		.opened = on_opened,
		.closed = on_closed,
		.bytes = on_bytes,
		.helper = ask_helper,
	};
	int sig;

	if (open_setup((int)h->image, (int)h->secrets, &c->now, err) < 0)
		return ERR_IO;
	confine(c);
	c->loop = loop_new(err);
	if (c->loop == NULL)
		return ERR_IO;
	c->door = control_door_new(c->loop, &door);
	if (start_journal(c, h, err) < 0 ||
		make_board(c, (uint32_t)h->generation, &c->now, err) < 0)
		return ERR_IO;
	restore(c);
	c->wires = wires_new(c->loop, c->now.img, &sink, err);
	sig = loop_signals(signals, NELEM(signals), err);
	if (c->wires == NULL || sig < 0 ||
		loop_add(c->loop, sig, LOOP_READ, on_signal, c, err) < 0 ||
		loop_add(c->loop, journal_fd(c->journal), LOOP_READ, on_journal, c, err) < 0 ||
		loop_add(c->loop, c->supervisor, LOOP_READ, on_message, c, err) < 0)
		return ERR_IO;
	if (show_board(c, &c->now, err) < 0)
		return ERR_IO;
	c->next_tick_ns = (now_boot() / c->now.img->tick_ns + 1) * c->now.img->tick_ns;
	return 0;
}

int
main(int argc, char **argv)
{
	struct control c = { .supervisor = -1,
		.secrets = -1,
		.told_rest = -1,
		.now.reader = -1,
		.now.public_reader = -1 };
	struct handed h = { -1, -1, -1, 1, -1, { -1, -1 } };
	struct err err;

	log_setup("control", LOG_LEVEL_INFO);
	log_never_wait();
	buf_room(&event_line, EVENT_LINE_MAX);
	self_protect();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on files is a full disk */
	supervisor_pid = getppid();
	signal(SIGUSR1, on_orphaned);
	for (int i = 1; i + 1 < argc; i += 2) {
		int64_t *to = strcmp(argv[i], "--socket") == 0       ? &h.socket
			      : strcmp(argv[i], "--image") == 0      ? &h.image
			      : strcmp(argv[i], "--secrets") == 0    ? &h.secrets
			      : strcmp(argv[i], "--generation") == 0 ? &h.generation
			      : strcmp(argv[i], "--blackbox") == 0   ? &h.blackbox
			      : strcmp(argv[i], "--journal0") == 0   ? &h.journal[0]
			      : strcmp(argv[i], "--journal1") == 0   ? &h.journal[1]
								     : NULL;

		if (to == NULL || !text_to_int(argv[i + 1], to))
			h.image = h.socket = -1;
	}
	if (h.image < 0 || h.secrets < 0 || h.socket < 0 || h.blackbox < 0) {
		log_err("this program is started by 'mbc run'; run that instead");
		return 1;
	}
	c.supervisor = (int)h.socket;
	if (start(&c, &h, &err) < 0 || run(&c, &err) < 0) {
		log_err("controller: %s", err.msg);
		return 2;
	}
	wires_free(c.wires);
	loop_remove(c.loop, journal_fd(c.journal));
	journal_close(c.journal, ENDING_NS);
	for (char **folder = c.folders; folder != NULL && *folder != NULL; folder++)
		free(*folder);
	free(c.folders);
	drop_setup(&c.now);
	control_door_free(c.door);
	loop_free(c.loop);
	return 0;
}
