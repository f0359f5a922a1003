/* held.c - what the devices of a simulated bench hold at each moment
 *
 * raw = base + (phase + milliseconds) mod modulo, where phase is the point's own. A modulo fits every encoding with the
 * same value type and size: a BCD number of one register goes to 9999.
 */
#include "held.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rand.h"

enum kind {
	NUMBER,
	SWITCH,
	WORD, /* one of the channel's choices, always the same */
	LEFT, /* as the twin shows it: texts, and what shares its registers with another point */
};

struct row {
	enum kind kind;
	uint64_t phase, modulo; /* NUMBER: ms; SWITCH: ms of a whole turn, on in its second half */
	double base;
	double factor, offset;
};

struct held {
	struct row *rows; /* [point] */
};

static uint64_t
modulo_of(const struct image_point *p)
{
	if (p->value == VALUE_FLOAT)
		return UINT64_C(1) << 40;
	if (p->value == VALUE_FLOAT32)
		return UINT64_C(1) << 23;
	return p->count == 1 ? 10000 : p->count == 2 ? 100000000 : UINT64_C(1) << 40;
}

/* Bits of one register go together, everything else has its registers to itself. */
static bool
shares_registers(const struct image *img, uint32_t point)
{
	const struct image_point *p = image_point_at(img, point);

	for (uint32_t i = image_instrument_at(img, p->instrument)->first_point; i < point; i++) {
		const struct image_point *q = image_point_at(img, i);

		if (q->space == p->space && q->address < p->address + p->count &&
			p->address < q->address + q->count &&
			(q->bit == p->bit || p->bit == 0xFF || q->bit == 0xFF))
			return true;
	}
	return false;
}

static enum kind
kind_of(const struct image *img, uint32_t point)
{
	const struct image_point *p = image_point_at(img, point);

	if (p->value == VALUE_TEXT || shares_registers(img, point))
		return LEFT;
	if (image_channel_at(img, p->channel)->n_choices > 0)
		return WORD;
	return p->value == VALUE_BOOL ? SWITCH : NUMBER;
}

struct held *
held_new(const struct image *img, uint64_t seed)
{
	struct held *t = mem_zero(1, sizeof(*t));

	t->rows = mem_zero(img->points.n, sizeof(*t->rows));
	for (uint32_t i = 0; i < img->points.n; i++) {
		const struct image_point *p = image_point_at(img, i);
		const struct image_channel *ch = image_channel_at(img, p->channel);
		struct row *r = &t->rows[i];
		uint64_t chance;

		r->factor = ch->has_scale ? ch->factor : 1;
		r->offset = ch->has_scale ? ch->offset : 0;
		r->kind = kind_of(img, i);
		chance =
			seed ^ (ch->id * UINT64_C(0x9e3779b97f4a7c15)); /* the same in each image */
		r->modulo = r->kind == SWITCH ? 4000 + rand_below(&chance, 8000) : modulo_of(p);
		r->phase = rand_below(&chance, r->modulo);
		r->base = p->value == VALUE_INT ? -(double)(r->modulo / 2) : 0;
		if (r->kind == WORD)
			r->base = (double)image_choice_at(img, ch->first_choice)->number;
	}
	return t;
}

void
held_free(struct held *t)
{
	if (t == NULL)
		return;
	free(t->rows);
	free(t);
}

static uint64_t
count_at(const struct row *r, int64_t now_ns)
{
	return (r->phase + (uint64_t)(now_ns / NS_PER_MS)) % r->modulo;
}

bool
held_value(const struct held *t, uint32_t point, int64_t now_ns, double *out)
{
	const struct row *r = &t->rows[point];
	uint64_t count = count_at(r, now_ns);

	if (r->kind == LEFT)
		return false;
	if (r->kind == SWITCH)
		*out = count >= r->modulo / 2;
	else if (r->kind == WORD)
		*out = r->base;
	else
		*out = (r->base + (double)count) * r->factor + r->offset;
	return true;
}

bool
held_shows(const struct held *t, uint32_t point, enum value_type type, union value v,
	int64_t from_ns, int64_t until_ns)
{
	const struct row *r = &t->rows[point];
	uint64_t first = count_at(r, from_ns), span;
	double raw = (value_double(type, v) - r->offset) / r->factor - r->base;
	double whole = round(raw);

	span = (uint64_t)(until_ns / NS_PER_MS - from_ns / NS_PER_MS);
	if (r->kind == LEFT || span >= r->modulo)
		return true;
	if (r->kind == WORD)
		return (double)v.i >= r->base && (double)v.i <= r->base;
	if (r->kind == SWITCH) {
		/* Held when it stood so at either end: a turn is longer than twice any window. */
		uint64_t last = (first + span) % r->modulo;

		return (first >= r->modulo / 2) == (v.i != 0) ||
		       (last >= r->modulo / 2) == (v.i != 0);
	}
	if (fabs(raw - whole) > 0.01 || whole < 0 || whole >= (double)r->modulo)
		return false;
	return ((uint64_t)whole + r->modulo - first) % r->modulo <= span;
}
