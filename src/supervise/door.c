/* door.c - the command line's way in: a socket that only this user and root can open */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mask.h"
#include "base/text.h"
#include "io/now.h"
#include "io/seal.h"
#include "io/sock.h"
#include "supervise/supervise.h"

#define ORPHAN_NS (15 * NS_PER_S) /* a controller without supervisor ends within 12 s */

static void
send_kind(int fd, enum wire_kind kind, const char *text)
{
	struct buf packet = { 0 };

	wire_begin(&packet, kind);
	wire_text(&packet, text);
	wire_end(&packet);
	if (sock_send(fd, &packet, -1, NULL) < 0)
		log_debug("command line: gone before its answer");
	buf_done(&packet);
}

static void
send_text(int fd, bool is_good, const char *text)
{
	send_kind(fd, is_good ? WIRE_TEXT : WIRE_NO, text);
}

void
door_answer(struct supervise *s, enum wire_kind kind, const char *text)
{
	for (size_t i = 0; i < DOORS_MAX; i++)
		if (s->doors[i].is_waiting) {
			s->doors[i].is_waiting = false;
			send_kind(s->doors[i].fd, kind, text);
		}
}

static void
hang_up(struct supervise *s, size_t slot)
{
	loop_remove(s->loop, s->doors[slot].fd);
	close(s->doors[slot].fd);
	s->doors[slot].fd = -1;
	s->doors[slot].is_waiting = false;
	s->doors[slot].run.ticket = 0;
}

static size_t
slot_of(const struct supervise *s, int fd)
{
	size_t slot = 0;

	while (slot + 1 < DOORS_MAX && s->doors[slot].fd != fd)
		slot++;
	return slot;
}

void
door_user(uid_t uid, char *out, size_t cap)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd *pw;

	snprintf(out, cap, "uid %u", (unsigned)uid);
	while (f != NULL && (pw = fgetpwent(f)) != NULL)
		if (pw->pw_uid == uid) {
			text_copy(out, cap, pw->pw_name);
			break;
		}
	if (f != NULL)
		fclose(f);
}

static void
send_board(struct supervise *s, int fd)
{
	struct buf packet = { 0 };

	if (s->board < 0) {
		send_text(fd, false, "the controller has not started yet; try again in a moment");
		return;
	}
	wire_begin(&packet, WIRE_BOARD);
	wire_u32(&packet, s->board_generation);
	wire_end(&packet);
	if (sock_send(fd, &packet, s->board, NULL) < 0)
		log_debug("command line: gone before its answer");
	buf_done(&packet);
}

/* What runs, for those who show more of it than the board has. */
static void
send_image(struct supervise *s, int fd)
{
	struct buf packet = { 0 };
	struct err err;
	int image = s->img == NULL ? -1 : seal_bytes("mbc-image", s->img, s->img->size, &err);

	if (image < 0) {
		send_text(fd, false, "the bench has not started yet; try again in a moment");
		return;
	}
	wire_begin(&packet, WIRE_IMAGE);
	wire_u32(&packet, s->generation);
	wire_end(&packet);
	if (sock_send(fd, &packet, image, NULL) < 0)
		log_debug("command line: gone before its answer");
	buf_done(&packet);
	close(image);
}

static void
send_door(struct supervise *s, size_t slot, struct wire_in *in)
{
	char what[16] = "";
	struct err err;

	if (in->left > 0)
		wire_get_text(in, what, sizeof(what));
	if (commands_asked(s, slot, strcmp(what, "guest") == 0, &err) < 0)
		send_kind(
			s->doors[slot].fd, err.code == ERR_CONF ? WIRE_NO : WIRE_RUN_LOST, err.msg);
}

/* A part of the journal, read-only. */
static void
send_log(struct supervise *s, int fd, struct wire_in *in)
{
	struct buf packet = { 0 };
	char which[16];
	struct err err;
	int part;

	wire_get_text(in, which, sizeof(which));
	part = wire_close(in, &err) < 0 ? -1 : events_reader(s, which, &err);
	if (part < 0) {
		send_text(fd, false, err.msg);
		return;
	}
	wire_begin(&packet, WIRE_LOG);
	wire_end(&packet);
	if (sock_send(fd, &packet, part, NULL) < 0)
		log_debug("command line: gone before its answer");
	buf_done(&packet);
}

static void
describe_child(struct buf *out, const struct child *c, int64_t now)
{
	char life[CLOCK_TEXT_SIZE];

	clock_span(life, now - c->started_ns);
	if (c->pid != 0)
		buf_printf(out, "process: %s pid %d, for %s, restarts %u\n", c->name, (int)c->pid,
			life, c->restarts);
	else
		buf_printf(out, "process: %s not running, restarts %u\n", c->name, c->restarts);
}

/* For `mbc doctor`: "sandbox: control 123 mbc-control seccomp on, landlock 7, capabilities none" */
static void
describe_sandbox(struct buf *out, const char *name, pid_t pid, const struct sandbox_user *user,
	const char *report)
{
	if (report[0] != '\0')
		buf_printf(out, "sandbox: %s %d %s %s\n", name, (int)pid, user->name, report);
}

static void
send_status(struct supervise *s, int fd)
{
	char report[SANDBOX_TEXT];
	struct sandbox_user self;
	struct buf out = { 0 };
	int64_t now = now_boot();
	char url[400];

	processes_url(s, url, sizeof(url));
	buf_printf(&out, "bench: %s\nfile: %s\naddress: %s\ngeneration: %u\n", s->bench, s->file,
		url[0] != '\0' ? url : "none", s->board_generation);
	public_describe(s, &out);
	certificate_describe(s, &out);
	buf_printf(&out, "process: supervise pid %d\n", (int)getpid());
	describe_child(&out, &s->control, now);
	describe_child(&out, &s->serve, now);
	if (public_is_wanted(s))
		describe_child(&out, &s->public.child, now);
	if (s->img != NULL && !s->img->history.is_off)
		describe_child(&out, &s->history, now);
	if (s->query.pid != 0)
		describe_child(&out, &s->query, now);
	if (alerting_is_wanted(s))
		describe_child(&out, &s->alert, now);
	if (s->copy.pid != 0)
		describe_child(&out, &s->copy, now);
	if (s->postgres.pid != 0)
		describe_child(&out, &s->postgres, now);
	if (s->tiers.pid != 0)
		describe_child(&out, &s->tiers, now);
	if (s->influx.pid != 0 || recording_has_influx(s))
		describe_child(&out, &s->influx, now);
	if (s->gate.pid != 0 || commands_are_wanted(s))
		describe_child(&out, &s->gate, now);
	if (s->rehearsing.child.pid != 0)
		describe_child(&out, &s->rehearsing.child, now);
	helpers_describe(s, &out, now);
	events_describe(s, &out);
	if (pending_waits(s)) {
		buf_puts(&out, "pending: ");
		pending_describe(s, &out);
		buf_puts(&out, "\n");
	}
	if (s->errand.work.pid != 0)
		describe_child(&out, &s->errand.work, now);
	if (s->watchdog.device[0] != '\0')
		buf_printf(&out, "watchdog: %s, %s\n", s->watchdog.device,
			s->watchdog.fd >= 0 ? "armed" : "not open, see the log");
	sandbox_user_find(SANDBOX_SUPERVISE, &self);
	sandbox_text(&s->sandbox, report);
	describe_sandbox(&out, "supervise", getpid(), &self, report);
	describe_sandbox(&out, "compile", 0, &s->compile.user, s->compile.report);
	describe_sandbox(&out, "control", s->control.pid, &s->control.user, s->control.report);
	describe_sandbox(&out, "serve", s->serve.pid, &s->serve.user, s->serve.report);
	describe_sandbox(
		&out, "public", s->public.child.pid, &s->public.child.user, s->public.child.report);
	describe_sandbox(&out, "history", s->history.pid, &s->history.user, s->history.report);
	describe_sandbox(&out, "query", s->query.pid, &s->query.user, s->query.report);
	describe_sandbox(&out, "copy", s->copy.pid, &s->copy.user, s->copy.report);
	describe_sandbox(&out, "postgres", s->postgres.pid, &s->postgres.user, s->postgres.report);
	describe_sandbox(&out, "tiers", s->tiers.pid, &s->tiers.user, s->tiers.report);
	describe_sandbox(&out, "influx", s->influx.pid, &s->influx.user, s->influx.report);
	describe_sandbox(&out, "alert", s->alert.pid, &s->alert.user, s->alert.report);
	describe_sandbox(&out, "gate", s->gate.pid, &s->gate.user, s->gate.report);
	if (s->hash.pid != 0)
		describe_sandbox(&out, "hash", s->hash.pid, &s->hash.user, s->hash.report);
	buf_text(&out);
	mask_text(out.data); /* helpers are told with their words */
	send_text(fd, true, out.data);
	buf_done(&out);
}

/* Somebody is sent a test. */
static void
take_test(struct supervise *s, size_t slot, struct wire_in *in)
{
	char receiver[64], who[EVENT_PRINCIPAL], text[300];
	struct err err;
	bool is_good;

	wire_get_text(in, receiver, sizeof(receiver));
	door_user(s->doors[slot].uid, who, sizeof(who));
	is_good = wire_close(in, &err) == 0 &&
		  alerting_test(s, receiver, who, text, sizeof(text)) == 0;
	if (is_good)
		audit_tell(s, who, "alert-test", receiver, "");
	send_text(s->doors[slot].fd, is_good, text);
}

/* Read the file again, for this reason; or drop the one that waits. */
static void
take_reload(struct supervise *s, size_t slot, struct wire_in *in)
{
	char text[EVENT_TEXT] = "", who[EVENT_PRINCIPAL];
	bool is_waiting = pending_waits(s);

	door_user(s->doors[slot].uid, who, sizeof(who));
	if (in->left > 0)
		wire_get_text(in, text, sizeof(text));
	audit_tell(s, who, "reload", s->bench, text);
	if (strcmp(text, "discard") == 0) {
		pending_drop(s, who, "");
		send_text(s->doors[slot].fd, is_waiting && !pending_waits(s),
			!is_waiting ? "no bench file waits"
			: pending_waits(s)
				? "it is being taken up at this moment; too late"
				: "the bench file that waited is dropped; the bench goes on "
				  "as it was");
		return;
	}
	s->doors[slot].is_waiting = true;
	reload_ask(s, who, strncmp(text, "reason ", 7) == 0 ? text + 7 : "");
}

static void
on_question(void *ctx, int fd, unsigned events)
{
	struct supervise *s = ctx;
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	char who[EVENT_PRINCIPAL];
	int pass, n = sock_recv(fd, packet, &pass, &err);

	if (n == ERR_TIMEOUT)
		return;
	if (pass >= 0)
		close(pass);
	if (n <= 0) {
		hang_up(s, slot_of(s, fd));
		return;
	}
	switch (wire_open(&in, packet, (size_t)n, &err)) {
	case WIRE_LOOK:
		send_board(s, fd);
		break;
	case WIRE_LOG:
		send_log(s, fd, &in);
		break;
	case WIRE_IMAGE_ASK:
		send_image(s, fd);
		break;
	case WIRE_DOOR_ASK:
		send_door(s, slot_of(s, fd), &in);
		break;
	case WIRE_RUN_ASK:
		runs_asked(s, slot_of(s, fd), &in);
		break;
	case WIRE_STATUS:
		send_status(s, fd);
		break;
	case WIRE_STOP:
		door_user(s->doors[slot_of(s, fd)].uid, who, sizeof(who));
		audit_tell(s, who, "stop", s->bench, "");
		supervise_stop(s);
		break;
	case WIRE_RELOAD:
		take_reload(s, slot_of(s, fd), &in);
		break;
	case WIRE_ALERT_TEST:
		take_test(s, slot_of(s, fd), &in);
		break;
	default:
		send_text(fd, false,
			"a question that this version of mbc does not know; update all of mbc");
	}
}

/* A free place; when there is none, that of a caller who waits for nothing: nobody can keep others from `mbc stop`. */
static size_t
free_slot(struct supervise *s)
{
	size_t slot;

	for (slot = 0; slot < DOORS_MAX; slot++)
		if (s->doors[slot].fd < 0)
			return slot;
	for (unsigned tries = 0; tries < DOORS_MAX; tries++) {
		slot = s->next_eviction++ % DOORS_MAX;
		if (!s->doors[slot].is_waiting && s->doors[slot].run.ticket == 0)
			break;
	}
	hang_up(s, slot);
	return slot;
}

/* Out of descriptors: take the caller with the spare one and send it away, else it would be reported for ever. */
static void
turn_away(struct supervise *s, int fd)
{
	int caller;

	log_warn("command line: no descriptor left for a caller; raise the limit of open files");
	close(s->spare);
	caller = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (caller >= 0)
		close(caller);
	s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
on_caller(void *ctx, int fd, unsigned events)
{
	struct supervise *s = ctx;
	struct ucred who = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(who);
	struct err err;
	size_t slot;
	int caller = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (caller < 0) {
		if (errno == EMFILE || errno == ENFILE)
			turn_away(s, fd);
		return;
	}
	getsockopt(caller, SOL_SOCKET, SO_PEERCRED, &who, &len);
	if ((who.uid != 0 && who.uid != geteuid()) ||
		loop_add(s->loop, caller, LOOP_READ, on_question, s, &err) < 0) {
		close(caller);
		return;
	}
	slot = free_slot(s);
	s->doors[slot].fd = caller;
	s->doors[slot].uid = who.uid;
	s->doors[slot].is_waiting = false;
	s->doors[slot].run.ticket = 0;
}

/* Does a supervisor answer at the socket? */
static bool
is_answered(const char *path)
{
	int fd = sock_connect(path, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool
is_told_to_stop(void)
{
	sigset_t set;

	return sigpending(&set) == 0 &&
	       (sigismember(&set, SIGTERM) == 1 || sigismember(&set, SIGINT) == 1);
}

/* The lock is held and no supervisor answers: the controller of one that was killed makes the bench safe, and holds its wires. */
static int
wait_for_lock(const struct supervise *s, int fd, struct err *err)
{
	const struct timespec pause = { .tv_nsec = 100 * NS_PER_MS };
	int64_t until_ns = now_boot() + ORPHAN_NS;
	bool is_said = false;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (is_answered(s->door_path))
			return err_set(err, ERR_CONF, 0,
				"bench '%s' is running already; end it with 'mbc stop --bench %s', "
				"or give this one another name",
				s->bench, s->bench);
		if (!is_said)
			log_warn("bench '%s': the controller of a supervisor that was killed still "
				 "makes it "
				 "safe and holds its wires; waiting for its end, at most %d s",
				s->bench, (int)(ORPHAN_NS / NS_PER_S));
		is_said = true;
		if (now_boot() >= until_ns || is_told_to_stop())
			return err_set(err, ERR_CONF, 0,
				"bench '%s': the controller of a supervisor that was killed has "
				"not ended, and "
				"two would disturb each other; look for mbc-control with 'ps', end "
				"it, and "
				"start again",
				s->bench);
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* One supervisor a bench: whoever holds the lock may replace the socket that a killed one left behind. */
static int
lock_bench(struct supervise *s, struct err *err)
{
	char path[PLACE_MAX + 8];
	int fd;

	snprintf(path, sizeof(path), "%s.lock", s->door_path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(err, ERR_IO, errno, "opening '%s': %s", path, strerror(errno));
	if (wait_for_lock(s, fd, err) < 0) {
		close(fd);
		return ERR_CONF;
	}
	s->lock = fd; /* held until this process and its controller have ended */
	return 0;
}

int
door_open(struct supervise *s, struct err *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t n;

	if (place_socket(s->door_path, s->bench, err) < 0)
		return ERR_CONF;
	n = strlen(s->door_path);
	if (n >= sizeof(addr.sun_path))
		return err_set(err, ERR_CONF, 0,
			"'%s' is too long for a socket; set MBC_RUN_DIR to a shorter folder",
			s->door_path);
	if (lock_bench(s, err) < 0)
		return ERR_CONF;
	memcpy(addr.sun_path, s->door_path, n);
	unlink(s->door_path);
	s->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	s->door = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->door < 0 || bind(s->door, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		chmod(s->door_path, 0600) < 0 || listen(s->door, DOORS_MAX) < 0)
		return err_set(
			err, ERR_IO, errno, "opening '%s': %s", s->door_path, strerror(errno));
	return loop_add(s->loop, s->door, LOOP_READ, on_caller, s, err);
}

/* Who waits for a reload hears that there was none; the others that the bench has ended. */
void
door_close(struct supervise *s)
{
	door_answer(s, WIRE_NO,
		"the bench was stopped before it took up the file; start it with 'mbc run'");
	runs_lost(s);
	for (size_t i = 0; i < DOORS_MAX; i++)
		if (s->doors[i].fd >= 0) {
			send_text(s->doors[i].fd, true, "stopped");
			close(s->doors[i].fd);
		}
	if (s->door >= 0) {
		unlink(s->door_path);
		close(s->door);
	}
}
