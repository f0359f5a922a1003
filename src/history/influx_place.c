/* influx_place.c - up to where the history has been written
 *
 * A process that talks to the network may make no file; it may write to two that it has. A write that is cut off spoils one of them, and its hash says so: then
 * the other one holds, which is older, and lines that are written twice are the same points.
 */
#include "history/influx_place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"

#define MAGIC 0x31706C69u /* "ilp1" */
#define HEAD                                                                                       \
	36 /* magic, length, turn, where, hash of all that follows and of these; then the place */
#define PLACE_MAX (16u << 20)

static uint64_t
hash_of(const uint8_t *head, const void *place, size_t n)
{
	return text_hash(head, HEAD - 8) ^ (text_hash(place, n) * 3);
}

static bool
read_all(int fd, void *to, size_t n, off_t at)
{
	for (size_t done = 0; done < n;) {
		ssize_t k = pread(fd, (char *)to + done, n - done, at + (off_t)done);

		if (k == 0 || (k < 0 && errno != EINTR))
			return false;
		done += k > 0 ? (size_t)k : 0;
	}
	return true;
}

/* Its turn; 0: it holds nothing, or nothing of this target. */
static uint64_t
load(int fd, uint64_t where, struct buf *out)
{
	uint8_t head[HEAD];
	size_t n;

	buf_clear(out);
	if (!read_all(fd, head, HEAD, 0) || get_u32le(head) != MAGIC)
		return 0;
	n = get_u32le(head + 4);
	if (n > PLACE_MAX || get_u64le(head + 16) != where)
		return 0;
	if (!read_all(fd, buf_room(out, n + 1), n, HEAD) ||
		get_u64le(head + 28) != hash_of(head, out->data, n))
		return 0;
	out->n = n;
	return get_u64le(head + 8);
}

int
influx_place_open(
	struct influx_place *p, const char *dir, uint64_t where, struct buf *out, struct err *err)
{
	static const char *const names[2] = { "influx.place", "influx.place2" };
	struct buf places[2] = { 0 };
	uint64_t turns[2] = { 0 };

	*p = (struct influx_place){ .fds = { -1, -1 }, .where = where };
	for (int i = 0; i < 2; i++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof(path), "%s/%s", dir, names[i]) >= (int)sizeof(path))
			return err_set(err, ERR_CONF, 0, "'%.100s' is too long a path", dir);
		p->fds[i] = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_DSYNC, 0640);
		if (p->fds[i] < 0) {
			err_set(err, ERR_IO, errno, "opening '%.120s': %s", path, strerror(errno));
			influx_place_close(p);
			buf_done(&places[0]);
			return ERR_IO;
		}
		turns[i] = load(p->fds[i], where, &places[i]);
	}
	p->turn = MAX(turns[0], turns[1]);
	buf_clear(out);
	if (p->turn > 0) {
		const struct buf *newest = &places[turns[1] > turns[0]];

		buf_put(out, newest->data, newest->n);
	}
	buf_done(&places[0]);
	buf_done(&places[1]);
	return 0;
}

void
influx_place_close(struct influx_place *p)
{
	for (int i = 0; i < 2; i++)
		if (p->fds[i] >= 0)
			close(p->fds[i]);
	p->fds[0] = p->fds[1] = -1;
}

int
influx_place_put(struct influx_place *p, const void *place, size_t n, struct err *err)
{
	struct buf bytes = { 0 };
	uint8_t *head = (uint8_t *)buf_room(&bytes, HEAD + n + 1);
	int fd = p->fds[(p->turn + 1) % 2], rc = 0;

	if (n > PLACE_MAX)
		return err_set(err, ERR_CONF, 0, "the place is too long");
	put_u32le(head, MAGIC);
	put_u32le(head + 4, (uint32_t)n);
	put_u64le(head + 8, p->turn + 1);
	put_u64le(head + 16, p->where);
	put_u32le(head + 24, 0);
	if (n > 0)
		memcpy(head + HEAD, place, n);
	put_u64le(head + 28, hash_of(head, head + HEAD, n));
	for (size_t at = 0; at < HEAD + n && rc == 0;) {
		ssize_t k = pwrite(fd, head + at, HEAD + n - at, (off_t)at);

		if (k < 0 && errno != EINTR)
			rc = err_set(err, ERR_IO, errno,
				"writing 'influx.place' of the history: %s; what was sent is sent "
				"once "
				"more",
				strerror(errno));
		at += k > 0 ? (size_t)k : 0;
	}
	buf_done(&bytes);
	p->turn += rc == 0;
	return rc;
}
