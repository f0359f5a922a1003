/* answer_x.c - a channel in the place of time: one against the other
 *
 * Rows stay in the order of time: a curve that goes up and comes down again is two passes, and nobody may make one of them. In intervals the pair is
 * that of the two means of the same interval. Raw, the x of a sample is what held at its moment; nothing is interpolated.
 */
#include <stdio.h>

#include "history/answer_inside.h"
#include "history/files.h"
#include "msg/quality.h"

bool
x_is_asked(const struct answer *a)
{
	return a->ask.x[0] != '\0';
}

struct walk *
x_walk(struct answer *a)
{
	return &a->walks[a->ask.n_channels];
}

/* ---- what holds ---------------------------------------------------------------------------------------------------------- */

void
x_begin(struct answer *a)
{
	a->held = (struct answer_held){ 0 };
	if (x_is_asked(a))
		walk_begin(a, x_walk(a), MAX(a->ask.from_ns - BUCKETS_HOLD_NS, INT64_C(0)),
			a->ask.to_ns, true);
}

static void
take(struct answer *a, const struct walk *w)
{
	double v = walk_number(w);

	a->held = (struct answer_held){ .is_there = true,
		.is_number = !quality_is_bad(series_quality(&w->series, w->at)) && v == v,
		.boot = w->boot,
		.t_ns = w->series.t[w->at],
		.wall_ns = w->wall_ns,
		.v = v };
}

/* By boot and its time, not by the wall clock, which may have been set back between the two; what was imported has that clock alone. */
static bool
is_behind(const struct answer *a, const struct walk *w, uint32_t boot, int64_t t_ns)
{
	if (w->boot == boot)
		return w->series.t[w->at] > t_ns;
	if (MAX(w->boot, boot) >= FILES_IMPORT)
		return w->wall_ns > reader_wall(a->reader, boot, t_ns);
	return w->boot > boot;
}

int
x_go(struct answer *a, uint32_t boot, int64_t t_ns, unsigned *budget, struct err *err)
{
	struct walk *w = x_walk(a);

	for (;;) {
		int rc;

		if (w->has_sample) {
			if (is_behind(a, w, boot, t_ns))
				return 1;
			take(a, w);
		}
		rc = walk_next(a, w, budget, err);
		if (rc < 0 || (rc == 0 && !w->is_over))
			return rc;
		if (rc == 0)
			return 1;
	}
}

/* Is there a gap between two moments? */
static bool
has_gap(const struct walk *w, int64_t from_ns, int64_t to_ns)
{
	size_t low = 0, high = w->n_gaps;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w->gaps[middle].to_ns <= from_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low < w->n_gaps && w->gaps[low].from_ns < to_ns;
}

/* As in intervals: a bad value ends the one before it, and none holds over a gap or for longer than a value is confirmed. A sample that came late
 * finds a younger one here, and so nothing that is known to have held at its moment. */
bool
x_value(const struct answer *a, uint32_t boot, int64_t t_ns, int64_t wall_ns, double *out)
{
	const struct answer_held *h = &a->held;

	*out = h->v;
	return h->is_there && h->is_number && h->boot == boot && h->t_ns <= t_ns &&
	       t_ns - h->t_ns <= BUCKETS_HOLD_NS &&
	       !has_gap(&a->walks[a->ask.n_channels], h->wall_ns, wall_ns);
}

/* ---- as text ------------------------------------------------------------------------------------------------------------- */

void
x_put(const struct answer *a, struct buf *out, bool is_known, double v)
{
	const struct walk *w = &a->walks[a->ask.n_channels];

	if (is_known)
		form_number(out, w->ch.type == VALUE_FLOAT32 ? VALUE_FLOAT32 : VALUE_FLOAT, v);
	else
		buf_put(out, "null", 4);
}

void
x_column(const struct answer *a, const char *what, char out[X_COLUMN_MAX])
{
	snprintf(out, X_COLUMN_MAX, "x %s%s", a->walks[a->ask.n_channels].ch.name, what);
}

void
x_flat_key(const struct answer *a, struct buf *out)
{
	struct json j;
	char name[X_COLUMN_MAX];

	x_column(a, "", name);
	buf_putc(out, ',');
	json_open(&j, out);
	json_text(&j, NULL, name);
	buf_putc(out, ':');
}
