/* twin_line.c - simulated instruments on a serial line */
#include "io/twin_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/now.h"
#include "io/twin_queue.h"

#define REQUESTS CODEC_FRAME_MAX
#define PORT_MAX 64
#define REMEDY "write a path such as /tmp/bench/line1 for a simulated line"

struct twin_line {
	struct loop *loop;
	const struct image *img;
	struct twin *twin;
	uint32_t link;
	int fd; /* the twin's end */
	int port; /* the other end, which a master opens too: kept open, so that its closing does not hang up */
	char name[PORT_MAX];
	const char *path; /* NULL: there is no symbolic link yet */
	int64_t last_ns;  /* when something was received */
	struct twin_queue queue;
	size_t n_in;
	uint8_t in[REQUESTS];
};

/* ---- bytes ----------------------------------------------------------------------------------------------------------- */

/* MODBUS over Serial Line V1.02, 2.5.1.1: a frame ends with 3.5 characters of silence, above 19 200 Bd with 1.75 ms. */
static int64_t
silence_ns(const struct image_link *link)
{
	return link->line.baud > 19200 ? 1750 * NS_PER_US : link->char_ns * 7 / 2;
}

/* Where frames need silence, an answer that is not on the line yet is ended by the next request: both would collide. */
static void
answer(struct twin_line *l, const uint8_t *request, size_t n)
{
	static struct twin_reply reply;
	const struct image_link *link = image_link_at(l->img, l->link);
	size_t n_prompt = 0;

	if (twin_needs_silence(l->twin, l->link))
		twin_queue_drop_prompt(&l->queue);
	if (!twin_queue_has_room(&l->queue))
		return;
	twin_reply(l->twin, l->link, request, n, &reply);
	if (reply.n_pieces > 0)
		n_prompt = reply.piece[0].n;
	twin_queue_reply(&l->queue, &reply, l->last_ns,
		l->last_ns + (int64_t)(n + n_prompt) * link->char_ns + silence_ns(link));
}

static void
take_requests(struct twin_line *l, enum wire wire)
{
	size_t at = 0;

	while (at < l->n_in) {
		int n = twin_cut(l->twin, l->link, l->in + at, l->n_in - at, wire);

		if (n == CUT_MORE)
			break;
		if (n > 0)
			answer(l, l->in + at, (size_t)n);
		at += (size_t)(n > 0 ? n : -n);
	}
	memmove(l->in, l->in + at, l->n_in - at);
	l->n_in -= at;
}

static void
on_line(void *ctx, int fd, unsigned events)
{
	struct twin_line *l = ctx;
	int64_t now_ns = now_boot();
	ssize_t n;

	if (l->n_in > 0 && now_ns - l->last_ns >= TWIN_LINE_SILENCE)
		take_requests(l, WIRE_SILENT);
	n = read(fd, l->in + l->n_in, sizeof(l->in) - l->n_in);
	if (n <= 0)
		return;
	l->last_ns = now_ns;
	l->n_in += (size_t)n;
	take_requests(l, l->n_in == sizeof(l->in) ? WIRE_SILENT : WIRE_OPEN);
}

int64_t
twin_line_time(struct twin_line *l, int64_t now_ns)
{
	uint8_t out[2 * CODEC_FRAME_MAX];
	int64_t next_ns = NEVER;
	size_t got;

	if (l->n_in > 0 && now_ns - l->last_ns >= TWIN_LINE_SILENCE)
		take_requests(l, WIRE_SILENT);
	got = twin_queue_take(&l->queue, now_ns, out, sizeof(out));
	/* Nobody listens when there is no room: so it goes on a real line. */
	if (got > 0)
		(void)!write(l->fd, out, got);
	if (l->n_in > 0)
		next_ns = l->last_ns + TWIN_LINE_SILENCE;
	return MIN(next_ns, twin_queue_due(&l->queue));
}

void
twin_line_tell(struct twin_line *l, int64_t now_ns)
{
	uint8_t said[CODEC_FRAME_MAX];

	twin_queue_add(
		&l->queue, now_ns, true, said, twin_tell(l->twin, l->link, said, sizeof(said)));
}

/* ---- the port ---------------------------------------------------------------------------------------------------------- */

static int
check_path(const char *path, struct err *err)
{
	char target[PORT_MAX];
	struct stat st;
	ssize_t n;

	if (strncmp(path, "usb:", 4) == 0 || strchr(path, '*') != NULL)
		return err_set(err, ERR_CONF, 0, "'%s' stands for a real port; " REMEDY, path);
	if (strncmp(path, "/dev/", 5) == 0)
		return err_set(err, ERR_CONF, 0, "'%s' is where real ports are; " REMEDY, path);
	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISLNK(st.st_mode))
		return err_set(err, ERR_CONF, 0,
			"'%s' exists and is not a twin's; remove it, or " REMEDY, path);
	n = readlink(path, target, sizeof(target) - 1);
	target[MAX(n, 0)] = '\0';
	if (stat(path, &st) == 0)
		return err_set(err, ERR_CONF, 0,
			"'%s' leads to '%s' already; end the twin that made it, or remove it", path,
			target);
	/* It leads nowhere: left by a twin that was killed. */
	if (unlink(path) < 0)
		return err_set(err, ERR_IO, errno, "removing '%s', which leads nowhere: %s", path,
			strerror(errno));
	return 0;
}

static int
open_port(struct twin_line *l, struct err *err)
{
	struct termios raw;

	l->fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (l->fd < 0 || grantpt(l->fd) < 0 || unlockpt(l->fd) < 0 ||
		ptsname_r(l->fd, l->name, sizeof(l->name)) != 0)
		return err_set(err, ERR_IO, errno, "making a pseudo-terminal: %s", strerror(errno));
	l->port = open(l->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (l->port < 0 || tcgetattr(l->port, &raw) < 0)
		return err_set(err, ERR_IO, errno, "'%s': %s", l->name, strerror(errno));
	cfmakeraw(&raw);
	if (tcsetattr(l->port, TCSANOW, &raw) < 0)
		return err_set(err, ERR_IO, errno, "'%s': %s", l->name, strerror(errno));
	return 0;
}

struct twin_line *
twin_line_open(struct loop *loop, const struct image *img, uint32_t link, struct twin *twin,
	struct err *err)
{
	const char *path = image_text(img, image_link_at(img, link)->host);
	struct twin_line *l = mem_zero(1, sizeof(*l));

	l->loop = loop;
	l->img = img;
	l->twin = twin;
	l->link = link;
	l->fd = l->port = -1;
	if (check_path(path, err) < 0 || open_port(l, err) < 0)
		goto fail;
	if (symlink(l->name, path) < 0) {
		err_set(err, errno == ENOENT ? ERR_CONF : ERR_IO, errno, "making '%s': %s%s", path,
			strerror(errno), errno == ENOENT ? "; make its folder first" : "");
		goto fail;
	}
	l->path = path;
	if (loop_add(loop, l->fd, LOOP_READ, on_line, l, err) < 0)
		goto fail;
	return l;
fail:
	twin_line_close(l);
	return NULL;
}

void
twin_line_close(struct twin_line *l)
{
	char target[PORT_MAX];
	ssize_t n;

	if (l == NULL)
		return;
	n = l->path == NULL ? -1 : readlink(l->path, target, sizeof(target));
	if (n > 0 && (size_t)n == strlen(l->name) && memcmp(target, l->name, (size_t)n) == 0)
		unlink(l->path);
	if (l->fd >= 0) {
		loop_remove(l->loop, l->fd);
		close(l->fd);
	}
	if (l->port >= 0)
		close(l->port);
	twin_queue_done(&l->queue);
	free(l);
}

const char *
twin_line_port(const struct twin_line *l)
{
	return l->name;
}
