/* public.c - the server for everybody: it has the public board, its certificate and the links of guests, and nothing else
 *
 * It is never given an image, an end of the gate's or the history's, or a descriptor of the full board: what it was not handed it
 * cannot lose. What it says of itself is printed; it is no part of the bench's health.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "io/now.h"
#include "io/seal.h"
#include "io/sock.h"
#include "msg/tokens.h"
#include "supervise/supervise.h"

#define ENDING_NS (2 * NS_PER_S)

void
public_init(struct supervise *s)
{
	s->public.board = -1;
	s->public.kill_ns = NEVER;
	child_init(&s->public.child, "public", SANDBOX_PUBLIC);
}

bool
public_is_wanted(const struct supervise *s)
{
	return s->img != NULL && image_text(s->img, s->img->shown.listen)[0] != '\0';
}

static void
send_fd(struct supervise *s, enum wire_kind kind, uint32_t number, bool is_short, int fd)
{
	struct buf packet = { 0 };
	struct err err;

	if (s->public.child.sock < 0 || fd < 0)
		return;
	wire_begin(&packet, kind);
	if (is_short)
		wire_u16(&packet, (uint16_t)number);
	else
		wire_u32(&packet, number);
	wire_end(&packet);
	if (sock_send(s->public.child.sock, &packet, fd, &err) < 0)
		log_warn("process 'public': %s", err.msg);
	buf_done(&packet);
}

/* ---- links of guests ------------------------------------------------------------------------------------------------------ */

static int
read_links(int fd, const struct stat *st, const char *path, struct buf *out, struct err *err)
{
	ssize_t n;

	if (!S_ISREG(st->st_mode) || (st->st_uid != geteuid() && st->st_uid != 0) ||
		(st->st_mode & 077) != 0)
		return err_set(err, ERR_CONF, 0,
			"'%s' is not for its owner alone; 'chmod 600' it. Until then no link opens "
			"anything",
			path);
	n = read(fd, buf_room(out, TOKENS_BYTES_MAX + 1), TOKENS_BYTES_MAX + 1);
	if (n < 0 || n > TOKENS_BYTES_MAX)
		return err_set(err, ERR_CONF, 0, "'%s' cannot be read, or has over %d bytes", path,
			TOKENS_BYTES_MAX);
	out->n = (size_t)n;
	return 0;
}

static void
send_links(struct supervise *s, const struct buf *bytes)
{
	struct err err;
	int fd = seal_bytes(
		"mbc-links", bytes->n > 0 ? bytes->data : "\n", bytes->n > 0 ? bytes->n : 1, &err);

	if (fd < 0) {
		log_warn("links: %s", err.msg);
		s->public.is_sent = false;
		return;
	}
	send_fd(s, WIRE_LINKS, s->img->shown.needs_link | s->img->shown.flat_off << 1, true, fd);
	close(fd);
}

/* Once a second: a link that is taken away opens nothing any more. A file that cannot be read opens nothing either. */
void
public_look(struct supervise *s)
{
	struct stat st = { 0 };
	char path[PLACE_MAX + 16];
	struct buf bytes = { 0 };
	struct err err;
	int fd;

	if (s->public.child.sock < 0 || !public_is_wanted(s))
		return;
	snprintf(path, sizeof(path), "%s/links", s->state_dir);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) < 0)
		st.st_ino = 0;
	if (s->public.is_sent && s->public.inode == st.st_ino &&
		s->public.changed.tv_sec == st.st_ctim.tv_sec &&
		s->public.changed.tv_nsec == st.st_ctim.tv_nsec) {
		if (fd >= 0)
			close(fd);
		return;
	}
	s->public.is_sent = true;
	s->public.inode = st.st_ino;
	s->public.changed = st.st_ctim;
	if (fd >= 0 && read_links(fd, &st, path, &bytes, &err) < 0) {
		log_warn("links: %s", err.msg);
		buf_clear(&bytes);
	}
	send_links(s, &bytes);
	buf_done(&bytes);
	if (fd >= 0)
		close(fd);
}

/* ---- the process ---------------------------------------------------------------------------------------------------------- */

/* All that it is started with. */
static uint64_t
settings(const struct supervise *s)
{
	const char *listen = image_text(s->img, s->img->shown.listen);

	return text_hash(listen, strlen(listen)) * 4 +
	       certificate_is_wanted(s, CERTIFICATE_PUBLIC) * 2u + s->img->shown.needs_link;
}

int
public_start(struct supervise *s, int64_t now_ns, struct err *err)
{
	const char *listen = image_text(s->img, s->img->shown.listen);
	bool has_tls = certificate_is_wanted(s, CERTIFICATE_PUBLIC);
	const char *const args[] = { "--listen",
		s->public.listening[0] != '\0' ? s->public.listening : listen, "--bench", s->bench,
		"--tls", has_tls ? "yes" : "no", NULL };
	int rc = child_start(&s->public.child, args, NULL, 0, now_ns, err);

	if (rc < 0)
		return rc;
	if (s->public.child.last_event != 0)
		events_tell(s, EVENT_PROCESS_STARTED, "public", 0, s->public.child.last_event);
	s->public.child.last_event = 0;
	s->public.has_tls = has_tls;
	s->public.settings = settings(s);
	s->public.is_sent = false;
	certificate_serve_started(s, CERTIFICATE_PUBLIC);
	public_look(s);
	send_fd(s, WIRE_BOARD, s->public.generation, false, s->public.board);
	return 0;
}

void
public_tell_serve(struct supervise *s)
{
	bool is_wanted = public_is_wanted(s);
	struct buf packet = { 0 };
	char url[400] = "";
	struct err err;

	if (s->serve.sock < 0)
		return;
	if (is_wanted && s->public.listening[0] != '\0')
		processes_address(s->public.listening, s->public.has_tls, url, sizeof(url));
	wire_begin(&packet, WIRE_SHOWN);
	wire_u16(&packet, is_wanted);
	wire_u16(&packet, is_wanted && s->img->shown.needs_link);
	wire_text(&packet, url);
	wire_end(&packet);
	if (sock_send(s->serve.sock, &packet, is_wanted ? s->public.board : -1, &err) < 0)
		log_warn("process 'serve': %s", err.msg);
	buf_done(&packet);
}

/* Taken. */
void
public_board(struct supervise *s, int fd, uint32_t generation)
{
	if (s->public.board >= 0)
		close(s->public.board);
	s->public.board = fd;
	s->public.generation = generation;
	send_fd(s, WIRE_BOARD, generation, false, fd);
	public_tell_serve(s);
}

void
public_adjust(struct supervise *s, int64_t now_ns)
{
	bool is_wanted = public_is_wanted(s);

	if (!is_wanted && s->public.board >= 0) {
		close(s->public.board);
		s->public.board = -1;
	}
	public_tell_serve(s);
	if (is_wanted && s->public.child.pid != 0 && s->public.settings == settings(s)) {
		s->public.is_sent = false; /* which flat pages it has comes with the links */
		public_look(s);
		return;
	}
	s->public.listening[0] = '\0';
	if (s->public.child.pid == 0) {
		s->public.child.next_start_ns = is_wanted ? now_ns : NEVER;
		return;
	}
	kill(s->public.child.pid, SIGTERM); /* and again, when it has ended */
	s->public.kill_ns = MIN(s->public.kill_ns, now_ns + ENDING_NS);
}

int64_t
public_step(struct supervise *s, int64_t now_ns)
{
	if (now_ns >= s->public.kill_ns) {
		log_warn("process 'public': did not end in 2 s; it is killed");
		kill(s->public.child.pid, SIGKILL);
		s->public.kill_ns = NEVER;
	}
	return s->public.kill_ns;
}

/* Its address: of one that has been asked to end it is not wanted any more. */
void
public_told(struct supervise *s, struct wire_in *in)
{
	char text[sizeof(s->public.listening)], url[400];
	struct err err;
	size_t n = 0;

	wire_get_text(in, text, sizeof(text));
	while (text[n] > ' ' && text[n] <= '~')
		n++;
	if (wire_close(in, &err) < 0 || n == 0 || text[n] != '\0') {
		log_err("process 'public': tells an address that is none");
		return;
	}
	if (s->public.kill_ns != NEVER || strcmp(s->public.listening, text) == 0)
		return;
	text_copy(s->public.listening, sizeof(s->public.listening), text);
	processes_address(text, s->public.has_tls, url, sizeof(url));
	printf("bench '%s', public: %s\n", s->bench, url);
	fflush(stdout);
	public_tell_serve(s);
}

void
public_describe(const struct supervise *s, struct buf *out)
{
	char url[400];

	if (s->public.listening[0] == '\0')
		return;
	processes_address(s->public.listening, s->public.has_tls, url, sizeof(url));
	buf_printf(out, "public address: %s\n", url);
}
