/* accounts.c - the files of accounts and of the link for the first one, for the gate; who sees the bench depends on them
 *
 * As long as there is no account the bench is open for reading, as ever. From the first one on `serve` answers nobody unasked, the gate and the process that looks at
 * passwords run, and it stays so for the life of this process, whatever becomes of the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/expiry.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/now.h"
#include "io/seal.h"
#include "io/sock.h"
#include "supervise/supervise.h"

#define ENDS_NS (10 * NS_PER_S)      /* between looks at what ends */
#define FIRST_LOCK_NS (5 * NS_PER_S) /* the gate waits longer */

/* ---- what ends ------------------------------------------------------------------------------------------------------------ */

enum { OF_ACCOUNT = RIGHTS, OF_ALL }; /* ends of an account: its grants', then its own */

struct account_ends {
	struct accounts all;
	struct told_end {
		int64_t end_ns;
		struct expiry expiry;
	} told[ACCOUNTS_MAX][OF_ALL];
	int64_t next_ns;
};

static int64_t
end_of(const struct account *a, int which)
{
	if (a->is_disabled)
		return INT64_MAX;
	if (which == OF_ACCOUNT)
		return a->until_ns;
	return a->grants[which].only[0] != '\0' ? a->grants[which].until_ns : INT64_MAX;
}

static void
tell_end(struct supervise *s, const struct account *a, int which, int64_t end_ns)
{
	char text[EVENT_TEXT], when[CLOCK_TEXT_SIZE];

	clock_text(when, end_ns);
	if (which == OF_ACCOUNT)
		text_copy(text, sizeof(text), when);
	else
		snprintf(text, sizeof(text), "%s, %s", account_rights[which], when);
	events_tell_who(s, EVENT_ACCOUNT_ENDS, a->name, "", text);
}

/* Once each in the life of this process, unless the end is another one meanwhile. One that is over is told by nobody: it was told a day before. */
static void
look_at_ends(struct supervise *s)
{
	struct account_ends *e = s->accounts.ends;
	int64_t now = now_boot(), wall = now + now_wall_offset();

	if (e == NULL || now < e->next_ns)
		return;
	e->next_ns = now + ENDS_NS;
	for (size_t i = 0; i < e->all.n; i++)
		for (int k = 0; k < OF_ALL; k++) {
			struct told_end *told = &e->told[i][k];
			int64_t end = end_of(&e->all.all[i], k);
			enum expiry_level level;

			if (end != told->end_ns)
				*told = (struct told_end){ .end_ns = end };
			level = end == INT64_MAX ? EXPIRY_FAR
						 : expiry_step(&told->expiry, end / NS_PER_S,
							   wall / NS_PER_S);
			if (level != EXPIRY_FAR && level != EXPIRY_OVER)
				tell_end(s, &e->all.all[i], k, end);
		}
}

/* A name stays in its place: accounts are never taken out, and one that was is told anew. */
static void
note_ends(struct supervise *s, const char *bytes, size_t n)
{
	struct err err;

	if (s->accounts.ends == NULL)
		s->accounts.ends = mem_zero(1, sizeof(*s->accounts.ends));
	if (accounts_read(&s->accounts.ends->all, bytes, n, &err) < 0)
		log_warn("accounts: %s; nobody can sign in", err.msg);
	s->accounts.ends->next_ns = 0;
}

static void
drop_line(struct supervise *s)
{
	if (s->accounts.first_line != NULL)
		explicit_bzero(s->accounts.first_line, strlen(s->accounts.first_line));
	free(s->accounts.first_line);
	s->accounts.first_line = NULL;
}

void
accounts_done(struct supervise *s)
{
	drop_line(s);
	free(s->accounts.ends);
	free(s->accounts.writing);
}

/* ---- the files ------------------------------------------------------------------------------------------------------------ */

static void
send_accounts(struct supervise *s, const char *bytes, size_t n)
{
	struct buf packet = { 0 };
	struct err err;
	int fd = seal_bytes("mbc-accounts", n > 0 ? bytes : "\n", n > 0 ? n : 1, &err), rc = fd;

	if (fd >= 0) {
		wire_begin(&packet, WIRE_ACCOUNTS);
		wire_end(&packet);
		rc = sock_send(s->gate.sock, &packet, fd, &err);
		close(fd);
	}
	s->accounts.is_sent = rc >= 0; /* else again in a second */
	if (rc < 0)
		log_warn("accounts: %s", err.msg);
	buf_done(&packet);
}

/* The data server answers nobody unasked as long as there are accounts; without any as before. */
static void
tell_closed(struct supervise *s)
{
	struct buf packet = { 0 };
	struct err err;

	wire_begin(&packet, WIRE_ACCOUNTS);
	wire_u16(&packet, s->accounts.are_there);
	wire_end(&packet);
	if (s->serve.sock >= 0 && sock_send(s->serve.sock, &packet, -1, &err) < 0) {
		log_err("process 'serve': %s; it is ended, so that it does not answer whom it must "
			"not",
			err.msg);
		kill(s->serve.pid, SIGKILL);
	}
	buf_done(&packet);
}

void
accounts_adjust_hash(struct supervise *s, bool is_wanted, int64_t now_ns)
{
	if (is_wanted && s->hash.pid == 0 && s->hash.next_start_ns == NEVER)
		s->hash.next_start_ns = now_ns;
	else if (!is_wanted)
		s->hash.next_start_ns = NEVER;
	if (!is_wanted && s->hash.pid != 0)
		kill(s->hash.pid, SIGTERM);
}

/* The link that `mbc user first` has made: it holds for an hour, as long as there is no account. */
static void
look_at_first(struct supervise *s)
{
	char path[PLACE_MAX + 24], bytes[ACCOUNT_FIRST_BYTES + 1];
	int64_t wall = now_boot() + now_wall_offset();
	struct account_first first = { 0 };
	struct buf packet = { 0 };
	struct stat st = { 0 };
	struct err err;
	size_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/accounts.first", s->state_dir);
	fd = s->accounts.are_there ? -1
				   : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd >= 0 &&
		(fstat(fd, &st) < 0 ||
			commands_read(fd, &st, path, bytes, ACCOUNT_FIRST_BYTES, &n, &err) < 0 ||
			!account_first_read(&first, bytes, n) || wall >= first.until_ns))
		first.hex[0] = '\0';
	if (fd >= 0)
		close(fd);
	s->accounts.first = first;
	if (s->gate.sock < 0 || strcmp(s->accounts.first_sent, first.hex) == 0)
		return;
	wire_begin(&packet, WIRE_FIRST);
	wire_text(&packet, first.hex);
	wire_u64(&packet, (uint64_t)first.until_ns);
	wire_end(&packet);
	if (sock_send(s->gate.sock, &packet, -1, &err) == 0)
		memcpy(s->accounts.first_sent, first.hex, sizeof(first.hex));
	else
		log_warn("accounts: %s", err.msg); /* again in a second */
	buf_done(&packet);
}

/* Nobody else may have made one meanwhile: neither the command line, which holds the lock while it does, nor another link. ERR_TIMEOUT: the lock is held. */
static int
write_first(struct supervise *s, const char *line, struct err *err)
{
	char path[PLACE_MAX + 16], beside[PLACE_MAX + 24], first[PLACE_MAX + 24];
	size_t n = strlen(line);
	int rc = ERR_IO, fd = -1, lock = open(s->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	snprintf(path, sizeof(path), "%s/accounts", s->state_dir);
	snprintf(beside, sizeof(beside), "%s/accounts.new", s->state_dir);
	snprintf(first, sizeof(first), "%s/accounts.first", s->state_dir);
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0)
		rc = errno == EWOULDBLOCK ? ERR_TIMEOUT : ERR_IO;
	else if (lock >= 0) {
		unlink(beside);
		fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		/* link() takes no name that is taken. */
		if (fd >= 0 && write(fd, line, n) == (ssize_t)n && fsync(fd) == 0 &&
			link(beside, path) == 0)
			rc = fsync(lock) == 0 ? 0 : ERR_IO;
	}
	if (rc < 0)
		err_set(err, rc, errno, "writing '%s': %s", path, strerror(errno));
	if (rc == 0)
		unlink(first);
	if (fd >= 0) {
		close(fd);
		unlink(beside);
	}
	if (lock >= 0)
		close(lock);
	return rc;
}

/* `mbc user` holds its lock for a moment; nothing here waits for it. */
static void
try_first(struct supervise *s)
{
	struct err err;
	int rc;

	if (s->accounts.first_line == NULL)
		return;
	rc = write_first(s, s->accounts.first_line, &err);
	if (rc == ERR_TIMEOUT && now_boot() < s->accounts.first_until_ns)
		return;
	drop_line(s);
	if (rc < 0)
		log_warn("accounts: %s", err.msg);
}

void
accounts_first(struct supervise *s, struct wire_in *in)
{
	static struct accounts one;
	char line[ACCOUNT_ONLY + 2 * ACCOUNT_HASH];
	struct err err;

	wire_get_text(in, line, sizeof(line));
	if (wire_close(in, &err) < 0 || s->accounts.are_there || s->accounts.first.hex[0] == '\0' ||
		accounts_read(&one, line, strlen(line), &err) < 0 || one.n != 1)
		log_warn("accounts: the gate has a first account, and none is to be made");
	else if (s->accounts.first_line == NULL) {
		s->accounts.first_line = mem_zero(1, strlen(line) + 1);
		memcpy(s->accounts.first_line, line, strlen(line));
		s->accounts.first_until_ns = now_boot() + FIRST_LOCK_NS;
		try_first(s);
		commands_look(s);
	}
	explicit_bzero(line, sizeof(line));
}

/* What is there but cannot be read, or belongs to somebody else, closes the bench as accounts do: nobody gets in by damaging it. */
void
accounts_look(struct supervise *s)
{
	static char bytes[ACCOUNTS_BYTES_MAX + 1];
	char path[PLACE_MAX + 16];
	struct stat st = { 0 };
	struct err err;
	size_t n = 0;
	int fd;
	bool is_missing, are_there, was_wanted;

	try_first(s);
	snprintf(path, sizeof(path), "%s/accounts", s->state_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	is_missing = fd < 0 && errno == ENOENT;
	if (fd >= 0)
		(void)!fstat(fd, &st);
	/* Once there they are for as long as this process lives: a folder that goes away opens nothing. */
	are_there = s->accounts.are_there || !is_missing;
	was_wanted = accounts_want_hash(s);
	if (are_there != s->accounts.are_there) {
		s->accounts.are_there = are_there;
		tell_closed(s);
	}
	look_at_first(s);
	if (accounts_want_hash(s) != was_wanted) {
		accounts_adjust_hash(s, !was_wanted, now_boot());
		if (s->img != NULL)
			commands_adjust_gate(s, now_boot());
	}
	if (s->gate.sock >= 0 && (!s->accounts.is_sent || st.st_ino != s->accounts.inode ||
					 st.st_ctim.tv_sec != s->accounts.changed.tv_sec ||
					 st.st_ctim.tv_nsec != s->accounts.changed.tv_nsec)) {
		s->accounts.inode = st.st_ino;
		s->accounts.changed = st.st_ctim;
		if (fd >= 0 &&
			commands_read(fd, &st, path, bytes, ACCOUNTS_BYTES_MAX, &n, &err) < 0)
			log_warn("accounts: %s", err.msg);
		send_accounts(s, bytes, n);
		note_ends(s, bytes, n);
		explicit_bzero(bytes, sizeof(bytes));
	}
	if (fd >= 0)
		close(fd);
	look_at_ends(s);
}

bool
accounts_are_there(const struct supervise *s)
{
	return s->accounts.are_there;
}

bool
accounts_want_hash(const struct supervise *s)
{
	return s->accounts.are_there || s->accounts.first.hex[0] != '\0';
}
