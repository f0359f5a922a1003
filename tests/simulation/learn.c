/* learn.c - which values fit the instruments of an image, and how a master reads each
 *
 * Each value is read by a link of its own: an instrument that cannot say one does not keep the others waiting.
 */
#include "learn.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "drivers/list.h"
#include "link/link.h"

#define EVERY_NS (200 * NS_PER_MS)
#define REPLY_NS (NS_PER_MS)

struct lesson {
	const struct image *img;
	struct moving_row *rows;
	struct twin *twin;
	struct link *link;
	unsigned k;
	int64_t now_ns, wake_ns, opened_ns;
	bool *is_seen; /* [point] */
	uint32_t n_seen;
	size_t n;
	uint8_t bytes[2 * CODEC_FRAME_MAX];
	bool is_last;
};

static void
on_reading(void *ctx, uint32_t point, const struct reading *r, int64_t stamp_ns)
{
	struct lesson *l = ctx;

	if (!l->is_seen[point])
		l->n_seen++;
	l->is_seen[point] = true;
	moving_learn(l->rows, point, l->k, r, stamp_ns == l->now_ns);
}

static void
on_state(void *ctx, uint32_t instrument, enum instrument_state state, enum quality reason)
{
}

static void
on_trace(void *ctx, uint32_t instrument, const struct board_trace *line)
{
}

/* All that was asked is answered a moment later. */
static void
ask(struct lesson *l, const uint8_t *bytes, size_t n)
{
	static struct twin_reply reply;

	for (size_t at = 0; at < n;) {
		int got = twin_cut(l->twin, 0, bytes + at, n - at, WIRE_SILENT);
		size_t m = 0;

		if (got <= 0)
			return;
		twin_reply(l->twin, 0, bytes + at, (size_t)got, &reply);
		at += (size_t)got;
		for (size_t i = 0; i < reply.n_pieces; i++)
			m += reply.piece[i].n;
		if (l->n + m > sizeof(l->bytes))
			return;
		memcpy(l->bytes + l->n, reply.bytes, m);
		l->n += m;
		l->is_last |= reply.is_last;
	}
}

static void
serve(struct lesson *l)
{
	struct link_wants wants;

	do {
		link_take(l->link, &wants);
		l->wake_ns = wants.wake_ns;
		if (wants.n > 0)
			ask(l, wants.bytes, wants.n);
		if (wants.close)
			l->n = 0;
		if (wants.open)
			link_opened(l->link, l->now_ns);
	} while (wants.open);
}

/* It tells news: something else was so before. */
static void
tell(struct lesson *l)
{
	uint8_t said[CODEC_FRAME_MAX];
	size_t n;

	moving_set(l->rows, l->twin, (l->k + 1) % MOVING_ROW);
	twin_tell(l->twin, 0, said, sizeof(said));
	moving_set(l->rows, l->twin, l->k);
	n = twin_tell(l->twin, 0, said, sizeof(said));
	if (n == 0)
		return;
	link_bytes(l->link, said, n, l->now_ns);
	serve(l);
}

static void
answer(struct lesson *l)
{
	size_t n = l->n;
	bool is_last = l->is_last;

	l->n = 0;
	l->is_last = false;
	if (n > 0)
		link_bytes(l->link, l->bytes, n, l->now_ns);
	if (is_last)
		link_closed(l->link, Q_LINK_LOST, NULL, l->now_ns);
	serve(l);
}

/* What a master reads of value k of all points. */
static void
look(struct lesson *l, unsigned k, int64_t limit_ns)
{
	const struct link_sink sink = {
		.ctx = l, .reading = on_reading, .state = on_state, .trace = on_trace
	};
	int64_t until_ns = l->now_ns + limit_ns, tell_ns = until_ns - 4 * EVERY_NS;

	l->k = k;
	l->n = 0;
	l->n_seen = 0;
	memset(l->is_seen, 0, l->img->points.n);
	moving_set(l->rows, l->twin, k);
	l->link = link_new(l->img, 0, codec_find, &sink, l->now_ns);
	serve(l);
	while (l->now_ns < until_ns && l->n_seen < l->img->points.n) {
		l->now_ns = l->n > 0 ? l->now_ns + REPLY_NS
				     : MIN(MAX(l->wake_ns, l->now_ns + 1),
					       MIN(until_ns, MAX(tell_ns, l->now_ns)));
		if (l->n > 0)
			answer(l);
		if (l->now_ns >= tell_ns) {
			tell(l);
			tell_ns = l->now_ns + EVERY_NS;
		}
		link_time(l->link, l->now_ns);
		serve(l);
	}
	link_free(l->link);
}

/* Everything is asked for often. */
static struct image *
hurried(const struct image *img)
{
	struct image *copy = mem_zero(1, img->size);

	memcpy(copy, img, img->size);
	for (uint32_t i = 0; i < copy->points.n; i++)
		((struct image_point *)((char *)copy + copy->points.off))[i].every_ns = EVERY_NS;
	return copy;
}

static int64_t
limit_of(const struct image *img)
{
	int64_t limit_ns = 0;

	for (uint32_t i = 0; i < img->instruments.n; i++)
		limit_ns = MAX(limit_ns, image_instrument_at(img, i)->timeout_ns);
	return 3 * limit_ns + 2 * NS_PER_S;
}

/* Nothing is left in a twin of what points once showed that have been let go since. */
static void
look_at(struct lesson *l, const unsigned *ks, size_t n)
{
	moving_forget(l->rows);
	l->twin = twin_new(l->img, 1);
	twin_step(l->twin, 0);
	for (size_t i = 0; i < n; i++)
		look(l, ks[i], limit_of(l->img));
	twin_free(l->twin);
}

struct moving_row *
learn_rows(const struct image *img)
{
	static const unsigned trials[] = { 0, 11, 17, 29, 47 }; /* soon seen */
	unsigned all[MOVING_ROW];
	struct lesson *l = mem_zero(1, sizeof(*l));
	struct image *quick = hurried(img);
	struct moving_row *rows = moving_row_new(img);

	l->img = quick;
	l->rows = rows;
	l->is_seen = mem_zero(img->points.n, sizeof(bool));
	l->now_ns = NS_PER_S;
	for (unsigned k = 0; k < MOVING_ROW; k++)
		all[k] = k;
	do
		look_at(l, trials, NELEM(trials));
	while (moving_step_down(rows, trials, NELEM(trials)));
	do
		look_at(l, all, MOVING_ROW);
	while (moving_step_down(rows, all, MOVING_ROW));
	moving_settle(rows);
	free(l->is_seen);
	free(l);
	free(quick);
	return rows;
}
