/* expr_window.c - what expressions make of the last minutes: mean, slope, spread, sums
 *
 * A window would need as many places as there are looks in it. It is kept in parts instead, each with the sums from which mean and
 * slope are computed; the oldest part is given up as a whole. Slopes are those of the least squares through the acquisitions, means
 * those over time. Sums are counted from the start of a part and from the first value, so that no digits are lost after a year.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "model/expr_cell.h"

struct part {
	double good_s;          /* seen with good values */
	double area;            /* of v over that */
	double n, t, v, tt, tv; /* acquisitions and their sums, t from the start of the part */
	double spare;
};

struct head {
	int64_t at_ns;    /* of the last evaluation; 0: none yet */
	int64_t first_ns; /* of the first one */
	int64_t stamp_ns; /* of the last acquisition */
	int64_t part_ns;  /* start of the newest part */
	double v;         /* seen last, from v0 */
	double v0;        /* the first good value */
	uint32_t newest;
	uint32_t is_good; /* v was */
	uint32_t has_v0, spare;
};

struct window {
	struct head head;
	struct part parts[WINDOW_PARTS];
};

_Static_assert(
	sizeof(struct window) == WINDOW_CELLS * sizeof(struct expr_cell), "a window in cells");

/* ---- windows -------------------------------------------------------------------------------------------------- */

static void
begin_part(struct window *w, int64_t start_ns)
{
	w->head.newest = (w->head.newest + 1) % WINDOW_PARTS;
	w->head.part_ns = start_ns;
	memset(&w->parts[w->head.newest], 0, sizeof(w->parts[0]));
}

/* Give up the parts that the window has left. */
static void
advance(struct window *w, int64_t now_ns, int64_t part_ns)
{
	if (now_ns - w->head.part_ns >= part_ns * WINDOW_PARTS) {
		memset(w->parts, 0, sizeof(w->parts));
		w->head.part_ns = now_ns;
		return;
	}
	while (now_ns - w->head.part_ns >= part_ns)
		begin_part(w, w->head.part_ns + part_ns);
}

static void
see(struct window *w, const struct cell_look *look, int64_t part_ns)
{
	struct head *h = &w->head;
	struct part *p;
	double v, t;

	if (h->at_ns == 0)
		h->first_ns = h->part_ns = look->now_ns;
	advance(w, look->now_ns, part_ns);
	if (!look->is_bad && h->has_v0 == 0) {
		h->v0 = look->v;
		h->has_v0 = 1;
	}
	v = look->v - h->v0;
	p = &w->parts[h->newest];
	if (!look->is_bad && h->is_good != 0 && look->now_ns > h->at_ns) {
		double s = (double)(look->now_ns - h->at_ns) / 1e9;

		p->good_s += s;
		p->area += s * (v + h->v) / 2;
	}
	if (!look->is_bad && look->stamp_ns != h->stamp_ns) {
		t = (double)(look->stamp_ns - h->part_ns) / 1e9;
		p->n += 1;
		p->t += t;
		p->v += v;
		p->tt += t * t;
		p->tv += t * v;
		h->stamp_ns = look->stamp_ns;
	}
	h->at_ns = look->now_ns;
	h->is_good = !look->is_bad;
	h->v = v;
}

/* All parts together, times from the start of the newest one. */
static struct part
sum_up(const struct window *w, double part_s)
{
	struct part all = { 0 };

	for (uint32_t i = 0; i < WINDOW_PARTS; i++) {
		const struct part *p =
			&w->parts[(w->head.newest + WINDOW_PARTS - i) % WINDOW_PARTS];
		double d = -part_s * i;

		all.good_s += p->good_s;
		all.area += p->area;
		all.n += p->n;
		all.t += p->t + p->n * d;
		all.v += p->v;
		all.tt += p->tt + 2 * d * p->t + p->n * d * d;
		all.tv += p->tv + d * p->v;
	}
	return all;
}

bool
cell_window(struct expr_cell *cells, struct cell_look *look, int64_t ns, bool is_slope, double *out)
{
	int64_t part_ns = MAX(ns / WINDOW_PARTS, (int64_t)1);
	struct window w;
	struct part all;
	double spread;

	memcpy(&w, cells, sizeof(w));
	if (look->now_ns != w.head.at_ns)
		see(&w, look, part_ns);
	if (!look->is_trial)
		memcpy(cells, &w, sizeof(w));
	all = sum_up(&w, (double)part_ns / 1e9);
	if (look->is_bad || look->now_ns - w.head.first_ns < ns || all.good_s * 2e9 < (double)ns)
		return false;
	if (!is_slope) {
		*out = w.head.v0 + all.area / all.good_s;
		return true;
	}
	spread = all.n * all.tt - all.t * all.t;
	if (all.n < 2 || !(spread > 0))
		return false;
	*out = (all.n * all.tv - all.t * all.v) / spread;
	return true;
}

/* ---- the last acquisitions ------------------------------------------------------------------------------------ */

struct ring {
	int64_t stamp_ns;
	uint32_t n, next;
	double spare[2];
	double v[EXPR_RSD_MAX];
};

#define RING_HEAD offsetof(struct ring, v)

uint32_t
ring_cells(uint32_t n)
{
	return (uint32_t)((RING_HEAD + n * sizeof(double) + sizeof(struct expr_cell) - 1) /
			  sizeof(struct expr_cell));
}

bool
cell_rsd(struct expr_cell *cells, struct cell_look *look, uint32_t n, double *out)
{
	size_t size = RING_HEAD + n * sizeof(double);
	double sum = 0, squares = 0, mean;
	struct ring r;

	memcpy(&r, cells, size);
	if (!look->is_bad && look->stamp_ns != r.stamp_ns) {
		r.v[r.next % n] = look->v;
		r.next = (r.next + 1) % n;
		r.n = MIN(r.n + 1, n);
		r.stamp_ns = look->stamp_ns;
		if (!look->is_trial)
			memcpy(cells, &r, size);
	}
	if (look->is_bad || r.n < n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		sum += r.v[i];
	mean = sum / n;
	for (uint32_t i = 0; i < n; i++)
		squares += (r.v[i] - mean) * (r.v[i] - mean);
	*out = sqrt(squares / (n - 1)) / fabs(mean);
	return true;
}

/* ---- sums ----------------------------------------------------------------------------------------------------- */

struct sum {
	int64_t at_ns; /* 0: nothing yet */
	double all;
	double v; /* seen last */
	uint8_t was_good, is_partial, spare[6];
};

_Static_assert(sizeof(struct sum) == sizeof(struct expr_cell), "a sum in a cell");

/* rate: between the last look and this one. */
static bool
add_up(struct expr_cell *c, struct cell_look *look, double v, double rate_now, double *out)
{
	struct sum s;

	memcpy(&s, c, sizeof(s));
	if (s.at_ns != 0 && look->now_ns > s.at_ns) {
		if (s.was_good != 0 && !look->is_bad)
			s.all += (double)(look->now_ns - s.at_ns) / 1e9 * (s.v + rate_now) / 2;
		else
			s.is_partial = 1;
	}
	if (look->now_ns != s.at_ns) {
		s.v = v;
		s.was_good = !look->is_bad;
		s.at_ns = look->now_ns;
	}
	if (!look->is_trial)
		memcpy(c, &s, sizeof(s));
	look->is_partial = s.is_partial != 0;
	*out = s.all;
	return !look->is_bad;
}

bool
cell_total(struct expr_cell *c, struct cell_look *look, double *out)
{
	return add_up(c, look, look->v, look->v, out);
}

/* Counted while it was true at both looks, like since(). */
bool
cell_hours(struct expr_cell *c, struct cell_look *look, double *out)
{
	double is_true = look->truth == TRUTH_TRUE ? 1 : 0;
	struct sum s;

	look->is_bad = look->truth == TRUTH_UNKNOWN;
	memcpy(&s, c, sizeof(s));
	return add_up(c, look, is_true, s.v > 0 && is_true > 0 ? 1 : -s.v, out);
}
