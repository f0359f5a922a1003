/* processes.c - control and serve: images and boards between them, their health, their restarts */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "io/now.h"
#include "io/seal.h"
#include "io/secrets.h"
#include "io/sock.h"
#include "msg/health.h"
#include "supervise/supervise.h"

#define LOOK_NS (500 * NS_PER_MS)       /* at the heart of control */
#define LOOK_AGAIN_NS (100 * NS_PER_MS) /* when it was late */
#define FIRST_TICK_NS (5 * NS_PER_S)    /* from its start to its first board */
#define REPLACING_NS (5 * NS_PER_S)     /* from the first attempt to replace one to a tick */
#define ENDING_SERVE_NS (2 * NS_PER_S)

static void
send_or_log(const struct child *c, const struct buf *packet, int pass)
{
	struct err err;

	if (c->sock >= 0 && sock_send(c->sock, packet, pass, &err) < 0)
		log_warn("process '%s': %s", c->name, err.msg);
}

static void
send_fd(const struct child *c, enum wire_kind kind, int fd, uint32_t generation)
{
	struct buf packet = { 0 };

	wire_begin(&packet, kind);
	wire_u32(&packet, generation);
	wire_end(&packet);
	send_or_log(c, &packet, fd);
	buf_done(&packet);
}

/* ---- messages from the children ---- */

/* One that listens everywhere is reached under the name of this computer. */
void
processes_address(const char *listening, bool has_tls, char *out, size_t cap)
{
	const char *port = strrchr(listening, ':');
	char host[256] = "";

	out[0] = '\0';
	if (port == NULL)
		return;
	if ((strncmp(listening, "0.0.0.0:", 8) == 0 || strncmp(listening, "[::]:", 5) == 0) &&
		gethostname(host, sizeof(host) - 1) == 0 && host[0] != '\0')
		snprintf(out, cap, "https://%s%s/", host, port);
	else
		snprintf(out, cap, "http%s://%s/", has_tls ? "s" : "", listening);
}

void
processes_url(const struct supervise *s, char *out, size_t cap)
{
	processes_address(s->listening, s->is_serving_tls, out, cap);
}

/* The bench is ready when its controller is: a data server that has no address to listen on does not hold it up. Where to
 * look is told once there is something to see. */
static void
announce(struct supervise *s)
{
	bool is_served = s->img != NULL && image_text(s->img, s->img->listen)[0] != '\0';
	char url[400];

	if (s->board < 0)
		return;
	if (!s->is_ready)
		notify_tell(&s->manager, "READY=1\nSTATUS=bench '%s': running%s", s->bench,
			is_served ? "" : ", without a data server");
	s->is_ready = true;
	if (s->is_announced || (is_served && s->listening[0] == '\0'))
		return;
	s->is_announced = true;
	if (is_served) {
		processes_url(s, url, sizeof(url));
		notify_tell(&s->manager, "STATUS=bench '%s': %s", s->bench, url);
		printf("bench '%s': %s\n", s->bench, url);
	} else {
		printf("bench '%s': running, without a data server\n", s->bench);
	}
	fflush(stdout);
}

/* What the bench is, for the data server: before the board that shows how it is. */
static void
show_image(struct supervise *s)
{
	struct err err;
	int fd = s->serve.sock < 0 || s->img == NULL
			 ? -1
			 : seal_bytes("mbc-image", s->img, s->img->size, &err);

	if (fd < 0)
		return;
	send_fd(&s->serve, WIRE_IMAGE, fd, s->generation);
	close(fd);
}

static void
take_board(struct supervise *s, int fd, uint32_t generation)
{
	const struct board *map;
	const void *memory;
	struct err err;
	size_t size;
	union {
		const void *c;
		void *v;
	} old = { .c = s->map };

	memory = seal_map(fd, &size, &err);
	if (memory == NULL || board_check(memory, size, &map, &err) < 0) {
		log_err("board of control: %s", err.msg);
		close(fd);
		return;
	}
	seal_done(old.v, s->map_size);
	s->map = map;
	s->map_size = size;
	if (s->previous_board >= 0)
		close(s->previous_board);
	s->previous_board = s->board;
	s->board = fd;
	s->board_generation = generation;
	s->board_pid = s->control.pid;
	s->late_looks = 0;
	s->next_look_ns = 0;
	pending_taken(s, generation);
	if (s->is_applying && generation == s->generation) { /* not one from before */
		if (s->is_ready)                             /* not the one that it starts with */
			events_tell(s, EVENT_BENCH_FILE_TAKEN, "", generation, 0);
		reload_done(s, true, "the bench file has been read and runs");
	}
	show_image(s);
	send_fd(&s->serve, WIRE_BOARD, fd, generation);
	send_fd(&s->history, WIRE_BOARD, fd, generation);
	send_fd(&s->alert, WIRE_BOARD, fd, generation);
	announce(s);
}

/* serve talks to the network, and what it says here is printed and handed on. One that has been asked to end tells of an
 * address that is no longer wanted. */
static void
take_address(struct supervise *s, struct wire_in *in)
{
	char text[sizeof(s->listening)];
	struct err err;
	size_t n = 0;

	wire_get_text(in, text, sizeof(text));
	while (text[n] > ' ' && text[n] <= '~')
		n++;
	if (wire_close(in, &err) < 0 || n == 0 || text[n] != '\0') {
		log_err("process 'serve': tells an address that is none");
		return;
	}
	if (s->serve_kill_ns != NEVER)
		return;
	text_copy(s->listening, sizeof(s->listening), text);
	announce(s);
}

/* Who holds the bench is another one. */
static void
take_hold(struct supervise *s, struct wire_in *in)
{
	char subject[EVENT_SUBJECT], who[EVENT_PRINCIPAL], text[EVENT_TEXT];
	unsigned kind = wire_get_u16(in);
	struct err err;

	wire_get_text(in, subject, sizeof(subject));
	wire_get_text(in, who, sizeof(who));
	wire_get_text(in, text, sizeof(text));
	if (wire_close(in, &err) < 0 ||
		(kind != EVENT_BENCH_TAKEN && kind != EVENT_BENCH_HANDED_OVER))
		log_err("gate: tells who holds the bench in a way that is not known here");
	else
		events_tell_asked(s, (enum event_kind)kind, subject, who, text);
}

static void
on_message(void *ctx, int fd, unsigned events)
{
	struct supervise *s = ctx;
	struct child *c = fd == s->control.sock        ? &s->control
			  : fd == s->serve.sock        ? &s->serve
			  : fd == s->query.sock        ? &s->query
			  : fd == s->gate.sock         ? &s->gate
			  : fd == s->hash.sock         ? &s->hash
			  : fd == s->copy.sock         ? &s->copy
			  : fd == s->postgres.sock     ? &s->postgres
			  : fd == s->influx.sock       ? &s->influx
			  : fd == s->tiers.sock        ? &s->tiers
			  : fd == s->public.child.sock ? &s->public.child
			  : fd == s->alert.sock        ? &s->alert
						       : &s->history;
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, kind, n;

	n = sock_recv(fd, packet, &pass, &err);
	if (n == ERR_TIMEOUT)
		return;
	if (n <= 0) {
		loop_remove(s->loop, fd); /* it is ending; SIGCHLD says how */
		return;
	}
	kind = wire_open(&in, packet, (size_t)n, &err);
	if (kind == WIRE_BOARD && c == &s->control && pass >= 0) {
		take_board(s, pass, wire_get_u32(&in));
		pass = -1;
	} else if (kind == WIRE_NO && c == &s->control) {
		char why[300];

		wire_get_text(&in, why, sizeof(why));
		if (s->is_applying)
			pending_refused(s, why);
	} else if (kind == WIRE_PUBLIC_BOARD && c == &s->control && pass >= 0) {
		public_board(s, pass, wire_get_u32(&in));
		pass = -1;
	} else if (kind == WIRE_HEALTH && c != &s->control && c != &s->public.child) {
		struct buf copy = { .data = (char *)packet, .n = (size_t)n };

		send_or_log(&s->control, &copy, -1);
	} else if (kind == WIRE_REST && c == &s->control) {
		pending_rest(s, wire_get_u16(&in) == 1);
	} else if (kind == WIRE_HISTORY_EVENT && c == &s->history) {
		recording_told(s, &in);
	} else if (kind == WIRE_ALERT_EVENT && c == &s->alert) {
		alerting_told(s, &in);
	} else if (kind == WIRE_HELPER_ASK && c == &s->control) {
		helpers_asked(s, &in);
	} else if (kind == WIRE_RUN_DONE && c == &s->history) {
		runs_done(s, &in);
	} else if (kind == WIRE_RUN_COPIED && c == &s->copy) {
		recording_copied(s, &in);
	} else if (kind == WIRE_STORE_AWAY && (c == &s->postgres || c == &s->influx)) {
		recording_away(s, c->name, &in);
	} else if (kind == WIRE_REHEARSE && c == &s->gate) {
		rehearsals_asked(s, &in);
	} else if (kind == WIRE_ERRAND && c == &s->gate) {
		errands_asked(s, &in, &pass);
	} else if (kind == WIRE_HOLD_TOLD && c == &s->gate) {
		take_hold(s, &in);
	} else if (kind == WIRE_FIRST && c == &s->gate) {
		accounts_first(s, &in);
	} else if (kind == WIRE_ACCOUNT_CHANGE && c == &s->gate) {
		accounts_change(s, &in);
	} else if (kind == WIRE_AUDIT && c == &s->gate) {
		audit_open(s, wire_get_u16(&in) == 1);
	} else if (kind == WIRE_REHEARSE_GONE && c == &s->serve) {
		rehearsals_gone(s, &in);
	} else if (kind == WIRE_SANDBOX) {
		wire_get_text(&in, c->report, sizeof(c->report));
	} else if (kind == WIRE_CERTIFICATE_IS && c == &s->serve) {
		certificate_told(s, CERTIFICATE_SERVE, &in);
	} else if (kind == WIRE_CERTIFICATE_IS && c == &s->public.child) {
		certificate_told(s, CERTIFICATE_PUBLIC, &in);
	} else if (kind == WIRE_LISTENING && c == &s->public.child) {
		public_told(s, &in);
	} else if (kind == WIRE_LISTENING && c == &s->serve) {
		take_address(s, &in);
	} else {
		log_err("process '%s': sent a message that mbc does not know; is mbc partly "
			"updated?",
			c->name);
	}
	if (pass >= 0)
		close(pass);
}

/* ---- starting ---- */

static int
watch_child(struct supervise *s, struct child *c, struct err *err)
{
	return loop_add(s->loop, c->sock, LOOP_READ, on_message, s, err);
}

static int
start_control(struct supervise *s, int64_t now_ns, struct err *err)
{
	char image_number[16], secrets_number[16], generation[16], box[16],
		files[JOURNAL_FILES][16];
	const char *const args[] = { "--image", image_number, "--secrets", secrets_number,
		"--generation", generation, "--blackbox", box, "--journal0", files[0], "--journal1",
		files[1], NULL };
	int keep[4 + JOURNAL_FILES], n = 2, rc;

	keep[0] = seal_bytes("mbc-image", s->img, s->img->size, err);
	if (keep[0] < 0)
		return ERR_IO;
	keep[1] = secrets_send(s->secrets, s->img, err);
	if (keep[1] < 0) {
		close(keep[0]);
		return ERR_IO;
	}
	snprintf(image_number, sizeof(image_number), "%d", keep[0]);
	snprintf(secrets_number, sizeof(secrets_number), "%d", keep[1]);
	snprintf(generation, sizeof(generation), "%u", ++s->generation);
	snprintf(box, sizeof(box), "%d", s->events.box);
	keep[n++] = s->events.box;
	keep[n++] =
		s->lock; /* when we are killed no other has the bench before control has ended */
	for (int i = 0; i < JOURNAL_FILES; i++) {
		snprintf(files[i], sizeof(files[i]), "%d", s->events.files[i]);
		if (s->events.files[i] >= 0)
			keep[n++] = s->events.files[i];
	}
	s->control.is_realtime = s->img->is_realtime != 0;
	rc = child_start(&s->control, args, keep, (size_t)n, now_ns, err);
	close(keep[0]);
	close(keep[1]);
	if (rc < 0)
		return rc;
	events_send(s);
	events_tell(s,
		s->control.restarts > 0 ? EVENT_CONTROLLER_RESTARTED : EVENT_CONTROLLER_STARTED,
		"control", s->generation, s->control.last_event);
	s->control.last_event = 0;
	rc = watch_child(s, &s->control, err);
	if (rc == 0)
		commands_pair(s, &s->control);
	return rc;
}

static int
start_serve(struct supervise *s, int64_t now_ns, struct err *err)
{
	const char *listen = image_text(s->img, s->img->listen);
	const char *const args[] = { "--listen", s->listening[0] != '\0' ? s->listening : listen,
		"--bench", s->bench, "--tls",
		certificate_is_wanted(s, CERTIFICATE_SERVE) ? "yes" : "no", "--accounts",
		accounts_are_there(s) ? "1" : "0", NULL };
	int rc = child_start(&s->serve, args, NULL, 0, now_ns, err);

	if (rc == 0 && s->serve.last_event != 0)
		events_tell(s, EVENT_PROCESS_STARTED, "serve", 0, s->serve.last_event);
	s->serve.last_event = 0;
	s->is_serving_tls = certificate_is_wanted(s, CERTIFICATE_SERVE);
	if (rc == 0)
		rc = watch_child(s, &s->serve, err);
	if (rc == 0)
		certificate_serve_started(s, CERTIFICATE_SERVE);
	if (rc == 0)
		show_image(s);
	if (rc == 0)
		pending_show(s);
	if (rc == 0)
		public_tell_serve(s);
	if (rc == 0 && s->board >= 0)
		send_fd(&s->serve, WIRE_BOARD, s->board, s->board_generation);
	if (rc == 0)
		recording_pair(s);
	if (rc == 0)
		commands_pair(s, &s->serve);
	return rc;
}

/* The tape of the board before may hold what nobody has taken yet. */
static int
start_history(struct supervise *s, int64_t now_ns, struct err *err)
{
	int rc = recording_start(s, now_ns, err);

	if (rc == 0)
		rc = watch_child(s, &s->history, err);
	if (rc == 0)
		recording_texts(s);
	if (rc == 0 && s->previous_board >= 0)
		send_fd(&s->history, WIRE_BOARD, s->previous_board, s->board_generation);
	if (rc == 0 && s->board >= 0)
		send_fd(&s->history, WIRE_BOARD, s->board, s->board_generation);
	return rc;
}

static int
start_query(struct supervise *s, int64_t now_ns, struct err *err)
{
	int rc = recording_query(s, now_ns, err);

	if (rc == 0)
		rc = watch_child(s, &s->query, err);
	if (rc == 0)
		recording_pair(s);
	return rc;
}

static int
start_copy(struct supervise *s, int64_t now_ns, struct err *err)
{
	int rc = recording_copy(s, now_ns, err);

	return rc < 0 ? rc : watch_child(s, &s->copy, err);
}

static int
start_postgres(struct supervise *s, int64_t now_ns, struct err *err)
{
	int rc = recording_postgres(s, now_ns, err);

	return rc < 0 ? rc : watch_child(s, &s->postgres, err);
}

static int
start_influx(struct supervise *s, int64_t now_ns, struct err *err)
{
	int rc = recording_influx(s, now_ns, err);

	return rc < 0 ? rc : watch_child(s, &s->influx, err);
}

static int
start_tiers(struct supervise *s, int64_t now_ns, struct err *err)
{
	int rc = recording_tiers(s, now_ns, err);

	return rc < 0 ? rc : watch_child(s, &s->tiers, err);
}

static int
start_gate(struct supervise *s, int64_t now_ns, struct err *err)
{
	int rc = commands_start(s, now_ns, err);

	if (rc == 0 && s->gate.last_event != 0)
		events_tell(s, EVENT_PROCESS_STARTED, "gate", 0, s->gate.last_event);
	s->gate.last_event = 0;
	if (rc == 0)
		rc = watch_child(s, &s->gate, err);
	if (rc < 0)
		return rc;
	audit_start(s);
	commands_look(s);
	commands_pair(s, &s->control);
	commands_pair(s, &s->serve);
	commands_pair(s, &s->hash);
	return 0;
}

static int
start_hash(struct supervise *s, int64_t now_ns, struct err *err)
{
	const char *const args[] = { NULL };
	int rc = child_start(&s->hash, args, NULL, 0, now_ns, err);

	if (rc == 0 && s->hash.last_event != 0)
		events_tell(s, EVENT_PROCESS_STARTED, "hash", 0, s->hash.last_event);
	s->hash.last_event = 0;
	if (rc == 0)
		rc = watch_child(s, &s->hash, err);
	if (rc == 0)
		commands_pair(s, &s->hash);
	return rc;
}

static int
start_public(struct supervise *s, int64_t now_ns, struct err *err)
{
	int rc = public_start(s, now_ns, err);

	return rc < 0 ? rc : watch_child(s, &s->public.child, err);
}

static int
start_alert(struct supervise *s, int64_t now_ns, struct err *err)
{
	int rc = alerting_start(s, now_ns, err);

	if (rc == 0 && s->alert.last_event != 0)
		events_tell(s, EVENT_PROCESS_STARTED, "alert", 0, s->alert.last_event);
	s->alert.last_event = 0;
	if (rc == 0)
		rc = watch_child(s, &s->alert, err);
	if (rc == 0)
		alerting_show(s);
	if (rc == 0 && s->board >= 0)
		send_fd(&s->alert, WIRE_BOARD, s->board, s->board_generation);
	return rc;
}

void
processes_start(struct supervise *s, int64_t now_ns)
{
	struct child *const all[] = { &s->control, &s->serve, &s->history, &s->query, &s->gate,
		&s->copy, &s->postgres, &s->influx, &s->tiers, &s->hash, &s->public.child,
		&s->alert };
	int (*const starts[])(struct supervise * s, int64_t now_ns, struct err * err) = {
		start_control, start_serve, start_history, start_query, start_gate, start_copy,
		start_postgres, start_influx, start_tiers, start_hash, start_public, start_alert
	};

	if (now_ns >= s->serve_kill_ns) {
		log_warn("process 'serve': did not end in 2 s; it is killed");
		kill(s->serve.pid, SIGKILL);
		s->serve_kill_ns = NEVER;
	}
	for (size_t i = 0; i < NELEM(all); i++) {
		struct child *c = all[i];
		struct err err;

		if (s->is_ending || s->img == NULL || c->pid != 0 || c->next_start_ns > now_ns)
			continue;
		if (starts[i](s, now_ns, &err) < 0) {
			log_err("process '%s': %s", c->name, err.msg);
			c->next_start_ns = now_ns + 10 * NS_PER_S;
		}
	}
}

int64_t
processes_wake(const struct supervise *s)
{
	const struct child *const all[] = { &s->control, &s->history, &s->copy, &s->query, &s->gate,
		&s->postgres, &s->influx, &s->tiers, &s->hash, &s->public.child, &s->alert };
	int64_t next = s->serve.pid == 0 ? s->serve.next_start_ns : s->serve_kill_ns;

	if (s->img == NULL)
		return NEVER;
	for (size_t i = 0; i < NELEM(all); i++)
		if (all[i]->pid == 0)
			next = MIN(next, all[i]->next_start_ns);
	return next;
}

/* What hangs, or is stopped, must not keep the next one from its address. */
static void
end_serve(struct supervise *s, int64_t now_ns)
{
	kill(s->serve.pid, SIGTERM);
	s->serve_kill_ns = MIN(s->serve_kill_ns, now_ns + ENDING_SERVE_NS);
}

/* Another address, or none: the running data server is no longer right. */
static void
adjust_serve(struct supervise *s, const char *before, int64_t now_ns)
{
	const char *listen = image_text(s->img, s->img->listen);

	if (listen[0] == '\0') {
		s->serve.next_start_ns = NEVER;
		s->listening[0] = '\0';
		if (s->serve.pid != 0)
			end_serve(s, now_ns);
		announce(s);
		return;
	}
	if (before != NULL && strcmp(before, listen) == 0 &&
		s->is_serving_tls == certificate_is_wanted(s, CERTIFICATE_SERVE))
		return;
	s->listening[0] = '\0';
	s->is_announced = false;
	if (s->serve.pid != 0)
		end_serve(s, now_ns); /* started again, on the new address, when it has ended */
	else
		s->serve.next_start_ns = now_ns;
}

/* First the secrets, then the image that they belong to. */
uint32_t
processes_try_image(struct supervise *s, const struct image *img, const struct secrets *secrets,
	struct err *err)
{
	int image = seal_bytes("mbc-image", img, img->size, err);
	int named = image < 0 ? -1 : secrets_send(secrets, img, err);

	if (named >= 0) {
		send_fd(&s->control, WIRE_SECRETS, named, ++s->generation);
		send_fd(&s->control, WIRE_IMAGE, image, s->generation);
		close(named);
	}
	if (image >= 0)
		close(image);
	return named < 0 ? 0 : s->generation;
}

/* It is what the bench is from now on. */
static void
adopt(struct supervise *s, struct image *img, struct secrets *secrets, int64_t now)
{
	char *before = s->img != NULL ? strdup(image_text(s->img, s->img->listen)) : NULL;
	struct image_history history = { 0 }, *history_before = s->img != NULL ? &history : NULL;

	if (s->img != NULL)
		history = s->img->history;
	free(s->img);
	secrets_free(s->secrets);
	s->img = img;
	s->secrets = secrets;
	errands_took_image(s);
	watchdog_set(&s->watchdog, image_text(img, img->watchdog), img->watchdog_timeout_ns);
	if (s->control.pid != 0 && s->control.is_realtime != (img->is_realtime != 0))
		log_info(
			"reload: 'realtime:' is taken up when the controller starts the next time");
	if (s->control.pid == 0)
		s->control.next_start_ns = now;
	helpers_take_image(s);
	certificate_adjust(s);
	adjust_serve(s, before, now);
	public_adjust(s, now);
	recording_texts(s);
	recording_adjust(s, history_before, now);
	recording_adjust_copy(s, now);
	recording_adjust_postgres(s, now);
	recording_adjust_influx(s, now);
	recording_adjust_tiers(s, now);
	alerting_adjust(s, now);
	commands_adjust(s, now);
	free(before);
}

void
processes_take_image(struct supervise *s, struct image *img, struct secrets *secrets)
{
	bool is_first = s->img == NULL;
	int64_t now = now_boot();

	adopt(s, img, secrets, now);
	if (is_first)
		pending_compare(s);
	else
		pending_save(s);
	processes_start(s, now);
}

void
processes_took_image(struct supervise *s, struct image *img, struct secrets *secrets)
{
	adopt(s, img, secrets, now_boot());
}

/* ---- ending and health ---- */

/* Has the controller that runs shown a board of its own, and does it tick on it? */
static bool
ticks(const struct supervise *s, int64_t now_ns)
{
	return s->control.pid != 0 && s->map != NULL && s->board_pid == s->control.pid &&
	       board_is_alive(s->map, now_ns);
}

/* Since when it is missed: one that ticked until now, from when its successor is started. Those that never come as far
 * as to a board do not move it. To be asked before it is forgotten. */
static bool
was_there(const struct supervise *s, int64_t now_ns)
{
	return s->gone_ns == NEVER || ticks(s, now_ns);
}

void
processes_ended(struct supervise *s, pid_t pid, int status, int64_t now_ns)
{
	struct child *c = pid == s->control.pid        ? &s->control
			  : pid == s->serve.pid        ? &s->serve
			  : pid == s->history.pid      ? &s->history
			  : pid == s->query.pid        ? &s->query
			  : pid == s->gate.pid         ? &s->gate
			  : pid == s->hash.pid         ? &s->hash
			  : pid == s->copy.pid         ? &s->copy
			  : pid == s->postgres.pid     ? &s->postgres
			  : pid == s->influx.pid       ? &s->influx
			  : pid == s->tiers.pid        ? &s->tiers
			  : pid == s->public.child.pid ? &s->public.child
			  : pid == s->alert.pid        ? &s->alert
						       : NULL;
	bool is_wanted, is_missed, is_told;

	if (c == NULL)
		return;
	is_told = s->is_ending || (c == &s->public.child && s->public.kill_ns != NEVER) ||
		  (c == &s->serve && s->serve_kill_ns != NEVER) ||
		  (c == &s->history && s->is_history_told) ||
		  (c == &s->copy && (!recording_copies(s) ||
					    strcmp(s->copies_to,
						    image_text(s->img, s->img->copy_to)) != 0)) ||
		  (c == &s->postgres && !recording_is_postgres_same(s)) ||
		  (c == &s->influx && !recording_is_influx(s)) ||
		  (c == &s->tiers && !recording_is_tiers(s)) ||
		  (c == &s->gate && !commands_are_wanted(s)) ||
		  (c == &s->alert && !alerting_is_wanted(s)) ||
		  (c == &s->hash && !accounts_want_hash(s)) ||
		  (c == &s->query && s->is_query_told); /* to end */
	if (c == &s->history)
		s->is_history_told = false;
	else if (c == &s->query)
		s->is_query_told = false;
	if (c->sock >= 0)
		loop_remove(s->loop, c->sock);
	if (c == &s->serve) {
		rehearsals_stop(s);
		errands_stop(s);
	}
	if (c == &s->public.child)
		s->public.kill_ns = NEVER;
	if (c == &s->serve)
		s->serve_kill_ns = NEVER;
	else if (c == &s->control)
		helpers_end(s, SIGTERM); /* their connections are gone with it */
	if (c == &s->control)
		pending_control_ended(s);
	/* The recorder takes what the controller wrote last. */
	if (c == &s->control && s->is_ending && s->history.pid != 0)
		kill(s->history.pid, SIGTERM);
	is_missed = c == &s->control && was_there(s, now_ns);
	if (c->sock >= 0)
		close(c->sock);
	c->sock = -1;
	if (c == &s->history)
		runs_lost(s);
	if (!is_told)
		c->last_event = events_tell_end(s, EVENT_PROCESS_ENDED, EVENT_PROCESS_KILLED,
			c->name, status, c->last_event);
	is_wanted = !s->is_ending &&
		    (c == &s->control ||
			    (c == &s->serve && image_text(s->img, s->img->listen)[0] != '\0') ||
			    (c == &s->gate && commands_are_wanted(s)) ||
			    (c == &s->hash && accounts_want_hash(s)) ||
			    (c == &s->public.child && public_is_wanted(s)) ||
			    (c == &s->alert && alerting_is_wanted(s)) ||
			    (c == &s->copy && recording_copies(s)) ||
			    (c == &s->postgres && recording_has_postgres(s)) ||
			    (c == &s->influx && recording_has_influx(s)) ||
			    (c == &s->tiers && recording_has_tiers(s)) ||
			    ((c == &s->history || c == &s->query) && !s->img->history.is_off));
	if (is_wanted) {
		child_ended(c, status, now_ns);
		if (is_missed)
			s->gone_ns = c->next_start_ns;
		return;
	}
	c->pid = 0;
	c->next_start_ns = NEVER;
}

/* One that has no board yet is given the time to make it. */
static bool
is_late(const struct supervise *s, int64_t now_ns)
{
	if (s->control.pid == 0)
		return false;
	if (s->board_pid != s->control.pid)
		return now_ns - s->control.started_ns > FIRST_TICK_NS;
	return s->map != NULL && !board_is_alive(s->map, now_ns);
}

/* A controller that does not tick is dead, whatever its process says. Looked at twice: after a suspended computer wakes up
 * this process may be the first to run. Its successor starts when it has been reaped, not before. */
int64_t
processes_watch(struct supervise *s, int64_t now_ns)
{
	if (now_ns < s->next_look_ns)
		return s->next_look_ns;
	if (ticks(s, now_ns))
		s->gone_ns = NEVER;
	s->late_looks = is_late(s, now_ns) ? s->late_looks + 1 : 0;
	s->next_look_ns = now_ns + (s->late_looks == 1 ? LOOK_AGAIN_NS : LOOK_NS);
	if (s->late_looks == 2) {
		log_err("process 'control': no tick for over %d s; it is killed and started again",
			s->board_pid == s->control.pid ? 2 : (int)(FIRST_TICK_NS / NS_PER_S));
		s->control.last_event = events_tell(s, EVENT_PROCESS_HUNG, "control", 0, 0);
		kill(s->control.pid, SIGKILL);
	}
	return s->next_look_ns;
}

/* While one that died is replaced, however often, the computer need not be restarted, for a while. One that does not die when it is
 * killed was never gone, and does not tick. */
bool
processes_are_alive(const struct supervise *s, int64_t now_ns)
{
	return ticks(s, now_ns) || (s->gone_ns != NEVER && now_ns - s->gone_ns <= REPLACING_NS);
}

void
processes_health(struct supervise *s, int64_t now_ns)
{
	struct buf packet = { 0 };

	commands_look(s);
	public_look(s);
	self_measure(&s->self, now_ns);
	wire_begin(&packet, WIRE_HEALTH);
	wire_u16(&packet, 3);
	wire_u16(&packet, HEALTH_SUPERVISE_uptime);
	wire_f64(&packet, (double)((now_ns - s->began_ns) / NS_PER_S));
	wire_u16(&packet, HEALTH_SUPERVISE_restarts);
	wire_f64(&packet, s->control.restarts + s->serve.restarts + s->history.restarts +
				  s->query.restarts + s->gate.restarts + s->alert.restarts);
	wire_u16(&packet, HEALTH_SUPERVISE_memory);
	wire_f64(&packet, s->self.memory_kib);
	wire_end(&packet);
	send_or_log(&s->control, &packet, -1);
	buf_done(&packet);
}

void
processes_signal(struct supervise *s, int sig)
{
	if (s->control.pid != 0)
		kill(s->control.pid, sig);
	if (s->serve.pid != 0)
		kill(s->serve.pid, sig);
	if (s->query.pid != 0)
		kill(s->query.pid, sig);
	if (s->gate.pid != 0)
		kill(s->gate.pid, sig);
	if (s->hash.pid != 0)
		kill(s->hash.pid, sig);
	if (s->copy.pid != 0)
		kill(s->copy.pid, sig);
	if (s->postgres.pid != 0)
		kill(s->postgres.pid, sig);
	if (s->influx.pid != 0)
		kill(s->influx.pid, sig);
	if (s->tiers.pid != 0)
		kill(s->tiers.pid, sig);
	if (s->public.child.pid != 0)
		kill(s->public.child.pid, sig);
	if (s->alert.pid != 0)
		kill(s->alert.pid, sig);
	if (s->history.pid != 0 && (sig == SIGKILL || s->control.pid == 0))
		kill(s->history.pid, sig); /* else when the controller has ended */
}
