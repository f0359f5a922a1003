/* commands.c - the gate: when a bench has it, its connections, the file of tokens
 *
 * It has a pair with control and one with serve, made anew each time that one of them starts, and the connections of command lines
 * that want to command: those are made here too, so that the gate opens nothing and every name it hears comes from the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "io/now.h"
#include "io/seal.h"
#include "io/sock.h"
#include "msg/tokens.h"
#include "supervise/supervise.h"

static bool
has_commands(const struct image *img)
{
	return img->outputs.n > 0 || img->trips.n > 0 || img->alarms.n > 0 || img->sequences.n > 0;
}

bool
commands_are_wanted(const struct supervise *s)
{
	/* With TLS others than this computer may ask, and have to say who they are. */
	return s->img != NULL &&
	       (s->is_gate_asked || accounts_want_hash(s) ||
		       certificate_is_wanted(s, CERTIFICATE_SERVE) || has_commands(s->img));
}

/* ---- pairs ---------------------------------------------------------------------------------------------------------------- */

static int
make_pair(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0)
		return 0;
	log_warn("making a socket pair: %s; nothing can be commanded", strerror(errno));
	return ERR_IO;
}

static int
hand_out(int sock, int end, unsigned with)
{
	struct buf packet = { 0 };
	int rc;

	wire_begin(&packet, WIRE_DOOR);
	if (with != 0)
		wire_u16(&packet, (uint16_t)with);
	wire_end(&packet);
	rc = sock_send(sock, &packet, end, NULL);
	buf_done(&packet);
	return rc;
}

void
commands_pair(struct supervise *s, struct child *with)
{
	unsigned which = with == &s->serve ? 1 : with == &s->hash ? 2 : 0;
	int pair[2];

	if (s->gate.sock < 0 || with->sock < 0 || make_pair(pair) < 0)
		return;
	if (hand_out(s->gate.sock, pair[0], which) < 0 || hand_out(with->sock, pair[1], which) < 0)
		log_warn("process '%s': does not read its messages; it has no connection to the "
			 "gate",
			with->name);
	close(pair[0]);
	close(pair[1]);
}

/* ---- tokens --------------------------------------------------------------------------------------------------------------- */

/* Its bytes, *n of them; an error that is told once, when the file has changed. */
int
commands_read(int fd, const struct stat *st, const char *path, char *bytes, size_t max, size_t *n,
	struct err *err)
{
	ssize_t got;

	if (!S_ISREG(st->st_mode) || (st->st_uid != geteuid() && st->st_uid != 0) ||
		(st->st_mode & 077) != 0)
		return err_set(err, ERR_CONF, 0,
			"'%s' is not for its owner alone; 'chmod 600' it. Until then it opens "
			"nothing to anybody",
			path);
	got = read(fd, bytes, max + 1);
	if (got < 0 || (size_t)got > max)
		return err_set(
			err, ERR_CONF, 0, "'%s' cannot be read, or has over %zu bytes", path, max);
	*n = (size_t)got;
	return 0;
}

static void
send_tokens(struct supervise *s, const char *bytes, size_t n)
{
	struct buf packet = { 0 };
	struct err err;
	int fd = seal_bytes("mbc-tokens", n > 0 ? bytes : "\n", n > 0 ? n : 1, &err), rc = fd;

	if (fd >= 0) {
		wire_begin(&packet, WIRE_TOKENS);
		wire_u32(&packet, s->img->commands);
		wire_end(&packet);
		rc = sock_send(s->gate.sock, &packet, fd, &err);
		close(fd);
	}
	if (rc < 0) {
		log_warn("tokens: %s", err.msg);
		s->tokens.is_sent = false; /* again in a second */
	}
	buf_done(&packet);
}

/* They open nothing at the gate, which answers what links there are, and has them made and ended. */
static void
send_links(struct supervise *s, const char *bytes, size_t n)
{
	struct buf packet = { 0 };
	struct err err;
	int fd = seal_bytes("mbc-links", n > 0 ? bytes : "\n", n > 0 ? n : 1, &err), rc = fd;

	if (fd >= 0) {
		wire_begin(&packet, WIRE_LINKS);
		wire_u16(&packet, s->img->shown.needs_link);
		wire_end(&packet);
		rc = sock_send(s->gate.sock, &packet, fd, &err);
		close(fd);
	}
	if (rc < 0) {
		log_warn("links: %s", err.msg);
		s->links.is_sent = false; /* again in a second */
	}
	buf_done(&packet);
}

static void
look_at_links(struct supervise *s)
{
	char path[PLACE_MAX + 16], bytes[TOKENS_BYTES_MAX + 1];
	struct stat st = { 0 };
	struct err err;
	size_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/links", s->state_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0)
		(void)!fstat(fd, &st);
	if (!s->links.is_sent || st.st_ino != s->links.inode ||
		st.st_ctim.tv_sec != s->links.changed.tv_sec ||
		st.st_ctim.tv_nsec != s->links.changed.tv_nsec) {
		s->links.is_sent = true;
		s->links.inode = st.st_ino;
		s->links.changed = st.st_ctim;
		if (fd >= 0 && commands_read(fd, &st, path, bytes, TOKENS_BYTES_MAX, &n, &err) < 0)
			log_warn("links: %s", err.msg);
		send_links(s, bytes, n);
	}
	if (fd >= 0)
		close(fd);
}

void
commands_adjust_gate(struct supervise *s, int64_t now_ns)
{
	bool is_wanted = commands_are_wanted(s);

	if (is_wanted && s->gate.pid == 0 && s->gate.next_start_ns == NEVER)
		s->gate.next_start_ns = now_ns;
	else if (!is_wanted)
		s->gate.next_start_ns = NEVER;
	if (!is_wanted && s->gate.pid != 0)
		kill(s->gate.pid, SIGTERM);
}

/* Made or removed with `mbc token`: taken up within a second. */
void
commands_look(struct supervise *s)
{
	char path[PLACE_MAX + 16], bytes[TOKENS_BYTES_MAX + 1];
	struct stat st = { 0 };
	struct err err;
	size_t n = 0;
	int fd;

	accounts_look(s);
	if (s->gate.sock < 0 || s->img == NULL)
		return;
	snprintf(path, sizeof(path), "%s/tokens", s->state_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0)
		(void)!fstat(fd, &st);
	if (!s->tokens.is_sent || st.st_ino != s->tokens.inode ||
		st.st_ctim.tv_sec != s->tokens.changed.tv_sec ||
		st.st_ctim.tv_nsec != s->tokens.changed.tv_nsec ||
		s->tokens.opened != s->img->commands) {
		s->tokens.is_sent = true;
		s->tokens.inode = st.st_ino;
		s->tokens.changed = st.st_ctim;
		s->tokens.opened = s->img->commands;
		if (fd >= 0 && commands_read(fd, &st, path, bytes, TOKENS_BYTES_MAX, &n, &err) < 0)
			log_warn("tokens: %s", err.msg);
		send_tokens(s, bytes, n);
		explicit_bzero(bytes, sizeof(bytes));
	}
	if (fd >= 0)
		close(fd);
	look_at_links(s);
}

/* ---- life ----------------------------------------------------------------------------------------------------------------- */

int
commands_start(struct supervise *s, int64_t now_ns, struct err *err)
{
	const char *const args[] = { NULL };

	s->tokens.is_sent = s->links.is_sent = s->accounts.is_sent = false;
	s->accounts.first_sent[0] = '\0';
	return child_start(&s->gate, args, NULL, 0, now_ns, err);
}

/* A new bench file may need a gate, or none any more; and open other commands to tokens. */
void
commands_adjust(struct supervise *s, int64_t now_ns)
{
	commands_adjust_gate(s, now_ns);
	accounts_adjust_hash(s, accounts_want_hash(s), now_ns);
	commands_look(s);
}

/* ---- command lines -------------------------------------------------------------------------------------------------------- */

static int
introduce(struct supervise *s, uid_t uid, const char *name, bool only_reads, int end)
{
	struct buf packet = { 0 };
	int rc;

	wire_begin(&packet, WIRE_CALLER);
	wire_u32(&packet, (uint32_t)uid);
	wire_text(&packet, name);
	if (only_reads)
		wire_u16(&packet, 1);
	wire_end(&packet);
	rc = sock_send(s->gate.sock, &packet, end, NULL);
	buf_done(&packet);
	return rc;
}

int
commands_asked(struct supervise *s, size_t slot, bool is_guest, struct err *err)
{
	char name[EVENT_PRINCIPAL];
	int pair[2], rc;

	if (s->is_ending)
		return err_set(
			err, ERR_CONF, 0, "the bench is being stopped; start it again first");
	if (s->img == NULL)
		return err_set(err, ERR_TIMEOUT, 0,
			"the bench has not started yet; try again in a moment");
	if (is_guest &&
		!commands_are_wanted(s)) { /* it asks on a wire: that goes through the gate, too */
		s->is_gate_asked = true;
		commands_adjust(s, now_boot());
	}
	if (!is_guest && !has_commands(s->img))
		return err_set(err, ERR_CONF, 0,
			"this bench has nothing to command: no channel with 'write:', no trip, no "
			"alarm");
	if (s->gate.sock < 0)
		return err_set(err, ERR_TIMEOUT, 0,
			"the process that takes commands is not running; it is started again, try "
			"in a second");
	if (make_pair(pair) < 0)
		return err_set(err, ERR_IO, 0, "no connection can be made; try again");
	door_user(s->doors[slot].uid, name, sizeof(name));
	rc = introduce(s, s->doors[slot].uid, name, false, pair[0]);
	if (rc == 0)
		rc = hand_out(s->doors[slot].fd, pair[1], 0);
	close(pair[0]);
	close(pair[1]);
	return rc == 0 ? 0
		       : err_set(err, ERR_TIMEOUT, 0,
				 "the process that takes commands does not read its messages; try "
				 "again in a second");
}

int
commands_guest(struct supervise *s, const char *name, int *out, struct err *err)
{
	int pair[2], rc;

	if (s->gate.sock < 0)
		return err_set(err, ERR_TIMEOUT, 0,
			"the process that takes commands is not running; it is started again, try "
			"in a second");
	if (make_pair(pair) < 0)
		return err_set(err, ERR_IO, 0, "no connection can be made; try again");
	rc = introduce(s, geteuid(), name, true, pair[0]);
	close(pair[0]);
	if (rc < 0) {
		close(pair[1]);
		return err_set(err, ERR_TIMEOUT, 0,
			"the process that takes commands does not read its messages; try again in "
			"a second");
	}
	*out = pair[1];
	return 0;
}
