/* moving.c - values of any instrument that tell when they were read */
#include "moving.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "msg/quality.h"

#define PAST 64 /* values of a point that are remembered */

/* How many numbers a row takes its values from, the most first: one that does not fit its place goes on to the next. The last:
 * it is left as its twin shows it. */
static const unsigned spans[] = { 9000, 900, 90, 9, 2, 0 };

struct view {
	bool is_seen, is_good;
	union value v;
	char text[VALUE_TEXT_MAX + 1];
};

struct point_row {
	unsigned span; /* which of spans */
	bool is_told;
	uint8_t kind; /* enum moving_kind */
	enum value_type type;
	struct view views[MOVING_ROW];
};

struct moving_row {
	const struct image *img;
	struct point_row *points; /* [point] */
};

/* ---- rows ---------------------------------------------------------------------------------------------------------------- */

/* What the bench looks at to see whether it is the device that is meant stays as it is. */
static bool
shows_who_it_is(const struct image *img, const struct image_point *p)
{
	const struct image_instrument *ins = image_instrument_at(img, p->instrument);

	return ins->identify == IDENTIFY_POINT && ins->identify_space == p->space &&
	       ins->identify_address == p->address;
}

struct moving_row *
moving_row_new(const struct image *img)
{
	struct moving_row *rows = mem_zero(1, sizeof(*rows));

	rows->img = img;
	rows->points = mem_zero(img->points.n, sizeof(*rows->points));
	for (uint32_t i = 0; i < img->points.n; i++) {
		rows->points[i].type = (enum value_type)image_point_at(img, i)->value;
		if (shows_who_it_is(img, image_point_at(img, i)))
			rows->points[i].span = NELEM(spans) - 1;
	}
	return rows;
}

void
moving_row_free(struct moving_row *rows)
{
	if (rows == NULL)
		return;
	free(rows->points);
	free(rows);
}

enum moving_kind
moving_kind(const struct moving_row *rows, uint32_t point)
{
	return (enum moving_kind)rows->points[point].kind;
}

bool
moving_is_bound(const struct moving_row *rows, uint32_t point)
{
	const struct point_row *row = &rows->points[point];

	return row->kind == MOVING_SHARED || (row->type != VALUE_BOOL && spans[row->span] == 2);
}

const char *
moving_kind_word(const struct moving_row *rows, uint32_t point)
{
	static const char *const words[] = { "as they were set", "shared", "never good" };

	return words[rows->points[point].kind];
}

unsigned
moving_span(const struct moving_row *rows, uint32_t point)
{
	return spans[rows->points[point].span];
}

bool
moving_is_told(const struct moving_row *rows, uint32_t point)
{
	return rows->points[point].is_told;
}

union value
moving_value(const struct moving_row *rows, uint32_t point, unsigned k, const char **out_text)
{
	const struct point_row *row = &rows->points[point];

	*out_text = row->type == VALUE_TEXT ? row->views[k].text : NULL;
	return row->views[k].v;
}

/* Neighbours begin elsewhere, and steps are wide: what comes from another place or another time is another number. */
static unsigned
number_of(uint32_t point, unsigned span, unsigned k)
{
	if (span == 2)
		return (k * 2654435761u >> 13 ^ (point + k) * 40503u >> 7) & 1;
	return 1 + (point * 411 + k * 37) % span;
}

static void
set_point(const struct moving_row *rows, struct twin *twin, uint32_t point, unsigned k)
{
	const struct image_channel *ch =
		image_channel_at(rows->img, image_point_at(rows->img, point)->channel);
	const struct point_row *row = &rows->points[point];
	unsigned number = spans[row->span] == 0 ? 0 : number_of(point, spans[row->span], k);
	char text[16];

	if (spans[row->span] == 0)
		return;
	if (row->type == VALUE_TEXT) {
		snprintf(text, sizeof(text), spans[row->span] > 900 ? "T%06u" : "%u", number);
		twin_keep(twin, point, 0, text);
		return;
	}
	twin_set(twin, point,
		(ch->n_knots > 0 ? image_table_value(image_knot_at(rows->img, ch->first_knot),
					   ch->n_knots, number)
				 : (double)number) *
				(ch->has_scale ? ch->factor : 1) +
			(ch->has_scale ? ch->offset : 0));
}

void
moving_set(const struct moving_row *rows, struct twin *twin, unsigned k)
{
	for (uint32_t i = 0; i < rows->img->points.n; i++)
		set_point(rows, twin, i, k);
}

void
moving_learn(
	struct moving_row *rows, uint32_t point, unsigned k, const struct reading *r, bool is_told)
{
	struct point_row *row = &rows->points[point];
	struct view *view = &row->views[k];

	row->is_told |= is_told && !quality_is_bad(r->quality);
	*view = (struct view){ .is_seen = true, .is_good = !quality_is_bad(r->quality), .v = r->v };
	if (view->is_good && row->type == VALUE_TEXT)
		text_copy(view->text, sizeof(view->text), r->text);
}

void
moving_forget(struct moving_row *rows)
{
	for (uint32_t i = 0; i < rows->img->points.n; i++)
		memset(rows->points[i].views, 0, sizeof(rows->points[i].views));
}

static bool
is_exact(const struct moving_row *rows, uint32_t point, unsigned k)
{
	const struct point_row *row = &rows->points[point];
	unsigned number = spans[row->span] == 0 ? 0 : number_of(point, spans[row->span], k);
	char text[16];

	if (!row->views[k].is_good || spans[row->span] == 0)
		return false;
	if (row->type != VALUE_TEXT)
		return fabs(value_double(row->type, row->views[k].v) - number) < 0.51;
	snprintf(text, sizeof(text), spans[row->span] > 900 ? "T%06u" : "%u", number);
	return strcmp(text, row->views[k].text) == 0;
}

bool
moving_step_down(struct moving_row *rows, const unsigned *ks, size_t n)
{
	bool any = false;

	for (uint32_t i = 0; i < rows->img->points.n; i++) {
		bool fits = true;

		for (size_t k = 0; k < n; k++)
			fits &= is_exact(rows, i, ks[k]);
		if (fits || spans[rows->points[i].span] == 0)
			continue;
		rows->points[i].span++;
		any = true;
	}
	return any;
}

void
moving_settle(struct moving_row *rows)
{
	for (uint32_t i = 0; i < rows->img->points.n; i++) {
		struct point_row *row = &rows->points[i];

		row->kind = MOVING_EXACT;
		for (unsigned k = 0; k < MOVING_ROW; k++) {
			if (!row->views[k].is_good)
				row->kind = MOVING_NEVER;
			else if (row->kind == MOVING_EXACT && !is_exact(rows, i, k))
				row->kind = MOVING_SHARED;
		}
	}
}

/* ---- time ---------------------------------------------------------------------------------------------------------------- */

struct past {
	int64_t at_ns[PAST]; /* a ring: since when */
	uint8_t k[PAST];
	size_t n; /* ever */
	bool is_held;
};

struct moving {
	const struct moving_row *rows;
	struct twin *twin;
	struct past *points; /* [point] */
	unsigned k;
};

struct moving *
moving_new(const struct moving_row *rows, struct twin *twin)
{
	struct moving *m = mem_zero(1, sizeof(*m));

	m->rows = rows;
	m->twin = twin;
	m->points = mem_zero(rows->img->points.n, sizeof(*m->points));
	return m;
}

void
moving_free(struct moving *m)
{
	if (m == NULL)
		return;
	free(m->points);
	free(m);
}

static void
note(struct moving *m, uint32_t point, unsigned k, int64_t now_ns)
{
	struct past *p = &m->points[point];

	p->at_ns[p->n % PAST] = now_ns;
	p->k[p->n % PAST] = (uint8_t)k;
	p->n++;
}

void
moving_next(struct moving *m, int64_t now_ns)
{
	m->k = (m->k + 1) % MOVING_ROW;
	for (uint32_t i = 0; i < m->rows->img->points.n; i++) {
		if (m->points[i].is_held)
			continue;
		set_point(m->rows, m->twin, i, m->k);
		note(m, i, m->k, now_ns);
	}
}

unsigned
moving_at(const struct moving *m, uint32_t point)
{
	const struct past *p = &m->points[point];

	return p->n == 0 ? 0 : p->k[(p->n - 1) % PAST];
}

void
moving_hold(struct moving *m, uint32_t point, bool is_held)
{
	m->points[point].is_held = is_held;
}

void
moving_put(struct moving *m, uint32_t point, unsigned k, int64_t now_ns)
{
	note(m, point, k, now_ns);
}

static bool
looks_so(const struct point_row *row, unsigned k, const struct reading *r)
{
	const struct view *view = &row->views[k];

	if (!view->is_good)
		return false;
	if (row->type == VALUE_TEXT)
		return strcmp(view->text, r->text) == 0;
	if (row->type == VALUE_FLOAT || row->type == VALUE_FLOAT32)
		return fabs(view->v.f - r->v.f) <= 1e-12 * fabs(r->v.f) ||
		       value_same(row->type, view->v, r->v);
	return value_same(row->type, view->v, r->v);
}

bool
moving_showed(const struct moving *m, uint32_t point, const struct reading *r, int64_t from_ns,
	int64_t until_ns)
{
	const struct past *p = &m->points[point];
	int64_t end_ns = NEVER;

	for (size_t i = p->n; i > 0 && i + PAST > p->n; i--) {
		size_t at = (i - 1) % PAST;

		if (p->at_ns[at] <= until_ns && looks_so(&m->rows->points[point], p->k[at], r))
			return true;
		end_ns = p->at_ns[at];
		if (end_ns <= from_ns)
			return false; /* what was before it ended then */
	}
	return p->n > PAST && end_ns > from_ns; /* too long ago to tell */
}
