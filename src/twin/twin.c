/* twin.c - simulated instruments, made from the same descriptions as the real ones
 *
 * The truth of a twin is its registers: one word for each register and bit that a point names, sorted by where it is, so
 * that a block that exists stands in one piece. A point's value is written into them at each step; a master's write changes
 * them, and whatever points lie there take their value from them.
 *
 *	place	= link << 28 | unit << 20 | space << 16 | address
 */
#include "twin/twin.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"
#include "drivers/list.h"
#include "drivers/modbus_pdu.h"
#include "drivers/modbus_server.h"
#include "drivers/modbus_value.h"
#include "twin/damage.h"

#define TWO_PI 6.283185307179586

struct twin_point {
	struct point pt; /* where it is read */
	bool is_played;
	bool is_held;        /* a master wrote it */
	uint32_t read_cell;  /* the first of its words */
	uint32_t write_cell; /* where masters write it; IMAGE_NONE: where it is read, or nowhere */
	double factor, offset;
	double x; /* in the channel's unit, without wave and noise */
};

struct twin {
	const struct image *img;
	struct twin_point *points; /* [point] */
	uint64_t *places;          /* [cell], sorted */
	uint16_t *words;           /* [cell] */
	uint32_t n_cells;
	uint64_t chance;
	bool is_started;
	int64_t start_ns, now_ns;
	bool *is_rtu; /* [link] */
};

static uint64_t
place_of(uint32_t link, unsigned unit, unsigned space, uint32_t address)
{
	return (uint64_t)link << 28 | (uint64_t)unit << 20 | (uint64_t)space << 16 | address;
}

static bool
speaks_rtu(const struct image *img, const struct image_instrument *ins)
{
	return strcmp(image_text(img, ins->codec), "modbus-rtu") == 0;
}

static bool
is_played(const struct image *img, const struct image_instrument *ins)
{
	return image_link_at(img, ins->link)->kind != LINK_SYSTEM &&
	       (speaks_rtu(img, ins) || strcmp(image_text(img, ins->codec), "modbus") == 0);
}

bool
twin_is_rtu(const struct image *img, uint32_t link)
{
	if (image_link_at(img, link)->is_line || image_link_at(img, link)->kind == LINK_SERIAL)
		return true;
	for (uint32_t i = 0; i < img->instruments.n; i++)
		if (image_instrument_at(img, i)->link == link &&
			speaks_rtu(img, image_instrument_at(img, i)))
			return true;
	return false;
}

uint32_t
twin_instruments(const struct image *img, uint32_t link)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(img, i);

		n += ins->link == link && is_played(img, ins);
	}
	return n;
}

unsigned
twin_unit(const struct image *img, uint32_t instrument)
{
	const struct opt *opts = codec_find("modbus")->opts; /* RTU has the same */
	const struct image_instrument *ins = image_instrument_at(img, instrument);

	for (int i = 0; opts[i].name != NULL; i++)
		if (strcmp(opts[i].name, "unit") == 0)
			return (unsigned)ins->opts[i] & 0xFF;
	return 1;
}

/* ---- values and words ------------------------------------------------------------------------------------------------ */

/* The nearest value that the point can hold: registers do not grow. */
static union value
fit(const struct point *pt, double raw)
{
	double top = ldexp(1, 16 * pt->count);
	union value v = { 0 };

	if (isnan(raw))
		raw = 0;
	switch (pt->value) {
	case VALUE_FLOAT:
		v.f = fmin(fmax(raw, -DBL_MAX), DBL_MAX);
		break;
	case VALUE_FLOAT32:
		v.f = fmin(fmax(raw, -(double)FLT_MAX), (double)FLT_MAX);
		break;
	case VALUE_BOOL:
		v.i = raw >= 0.5;
		break;
	case VALUE_UINT:
		if (pt->type == MODBUS_BCD16 || pt->type == MODBUS_BCD32)
			top = pt->count == 1 ? 1e4 : 1e8;
		raw = round(raw);
		v.u = raw <= 0         ? 0
		      : raw < top      ? (uint64_t)raw
		      : pt->count == 4 ? UINT64_MAX
				       : (uint64_t)top - 1;
		break;
	default:
		raw = round(raw);
		top /= 2;
		v.i = raw >= top   ? (pt->count == 4 ? INT64_MAX : (int64_t)top - 1)
		      : raw < -top ? (int64_t)-top
				   : (int64_t)raw;
		break;
	}
	return v;
}

/* What fit() gives can always be put. */
static void
put_value(struct twin *t, const struct twin_point *p, uint32_t cell, double value)
{
	(void)modbus_value_put(
		&p->pt, fit(&p->pt, (value - p->offset) / p->factor), NULL, t->words + cell);
}

static double
get_value(const struct twin *t, const struct twin_point *p, uint32_t cell)
{
	union value v;

	if (p->pt.value == VALUE_TEXT || modbus_value_get(&p->pt, t->words + cell, &v) != Q_GOOD)
		return 0;
	return value_double(p->pt.value, v) * p->factor + p->offset;
}

double
twin_value(const struct twin *t, uint32_t point)
{
	const struct twin_point *p = &t->points[point];

	return p->is_played ? get_value(t, p, p->read_cell) : 0;
}

void
twin_set(struct twin *t, uint32_t point, double value)
{
	struct twin_point *p = &t->points[point];

	if (!p->is_played || p->pt.value == VALUE_TEXT)
		return;
	p->is_held = true;
	p->x = value;
	put_value(t, p, p->read_cell, value);
}

/* ---- making ---------------------------------------------------------------------------------------------------------- */

static int
compare_places(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The cell of a place, IMAGE_NONE when no point names it. */
static uint32_t
find_cell(const struct twin *t, uint64_t place)
{
	const uint64_t *found =
		bsearch(&place, t->places, t->n_cells, sizeof(place), compare_places);

	return found != NULL ? (uint32_t)(found - t->places) : IMAGE_NONE;
}

static bool
has_write_place(const struct image_point *p)
{
	return p->write_space >= 0 &&
	       (p->write_space != p->space || p->write_address != p->address);
}

static void
collect_places(struct twin *t)
{
	const struct image *img = t->img;
	size_t room = 0;

	for (uint32_t i = 0; i < img->points.n; i++)
		room += 2u * image_point_at(img, i)->count;
	t->places = mem_zero(room, sizeof(*t->places));
	for (uint32_t i = 0; i < img->points.n; i++) {
		const struct image_point *p = image_point_at(img, i);
		const struct image_instrument *ins = image_instrument_at(img, p->instrument);
		unsigned unit;

		if (!is_played(img, ins))
			continue;
		unit = twin_unit(img, p->instrument);
		for (uint32_t k = 0; k < p->count; k++) {
			t->places[t->n_cells++] =
				place_of(ins->link, unit, p->space, p->address + k);
			if (has_write_place(p))
				t->places[t->n_cells++] = place_of(ins->link, unit,
					(unsigned)p->write_space, p->write_address + k);
		}
	}
	qsort(t->places, t->n_cells, sizeof(*t->places), compare_places);
	room = t->n_cells;
	t->n_cells = 0;
	for (size_t i = 0; i < room; i++)
		if (i == 0 || t->places[i] != t->places[i - 1])
			t->places[t->n_cells++] = t->places[i];
	t->words = mem_zero(t->n_cells, sizeof(*t->words));
}

/* A text shows whose it is, as far as there is room. */
static void
put_name(struct twin *t, const struct twin_point *p, const char *name)
{
	char text[64];

	text_copy(text, MIN(sizeof(text), 2u * p->pt.count + 1), name);
	(void)modbus_value_put(&p->pt, (union value){ 0 }, text, t->words + p->read_cell);
}

static void
make_point(struct twin *t, uint32_t index)
{
	const struct image_point *p = image_point_at(t->img, index);
	const struct image_instrument *ins = image_instrument_at(t->img, p->instrument);
	const struct image_channel *ch = image_channel_at(t->img, p->channel);
	unsigned unit = twin_unit(t->img, p->instrument);
	struct twin_point *out = &t->points[index];

	if (!is_played(t->img, ins))
		return;
	out->is_played = true;
	out->pt = (struct point){ .id = index,
		.space = p->space,
		.type = p->type,
		.address = p->address,
		.count = p->count,
		.order = p->order,
		.bit = p->bit,
		.value = p->value,
		.write_space = p->write_space,
		.write_address = p->write_address };
	out->factor = ch->has_scale && fabs(ch->factor) > 0 ? ch->factor : 1;
	out->offset = ch->has_scale ? ch->offset : 0;
	out->read_cell = find_cell(t, place_of(ins->link, unit, p->space, p->address));
	out->write_cell = IMAGE_NONE;
	if (has_write_place(p))
		out->write_cell = find_cell(
			t, place_of(ins->link, unit, (unsigned)p->write_space, p->write_address));
	if (p->value == VALUE_TEXT)
		put_name(t, out, image_text(t->img, ins->name));
	else
		put_value(t, out, out->read_cell, 0);
}

struct twin *
twin_new(const struct image *img, uint64_t seed)
{
	struct twin *t = mem_zero(1, sizeof(*t));

	t->img = img;
	t->chance = seed;
	t->points = mem_zero(img->points.n, sizeof(*t->points));
	t->is_rtu = mem_zero(img->links.n, sizeof(*t->is_rtu));
	for (uint32_t i = 0; i < img->links.n; i++)
		t->is_rtu[i] = twin_is_rtu(img, i);
	collect_places(t);
	for (uint32_t i = 0; i < img->points.n; i++)
		make_point(t, i);
	for (uint32_t i = 0; i < img->twins.n; i++) {
		const struct image_twin *law = image_twin_at(img, i);
		struct twin_point *p = &t->points[law->point];

		if (!p->is_played || p->pt.value == VALUE_TEXT)
			continue;
		p->x = law->start;
		put_value(t, p, p->read_cell, law->start);
		if (p->write_cell != IMAGE_NONE)
			put_value(t, p, p->write_cell, law->start);
	}
	return t;
}

void
twin_free(struct twin *t)
{
	if (t == NULL)
		return;
	free(t->points);
	free(t->places);
	free(t->words);
	free(t->is_rtu);
	free(t);
}

/* ---- time ------------------------------------------------------------------------------------------------------------- */

/* A number from the normal distribution: Box and Muller, 1958. */
static double
normal(uint64_t *chance)
{
	double u = 1 - rand_unit(chance), v = rand_unit(chance);

	return sqrt(-2 * log(u)) * cos(TWO_PI * v);
}

static void
move_point(struct twin *t, const struct image_twin *law, double dt_s, double age_s)
{
	struct twin_point *p = &t->points[law->point];
	double target = law->start, shown;

	if (!p->is_played || p->is_held || p->pt.value == VALUE_TEXT)
		return;
	if (law->follows != IMAGE_NONE)
		target = t->points[law->follows].x * law->gain;
	p->x = law->tau_s > 0 ? p->x + (target - p->x) * -expm1(-dt_s / law->tau_s) : target;
	shown = p->x;
	if (law->period_s > 0)
		shown += law->wave * sin(TWO_PI * fmod(age_s / law->period_s, 1));
	if (law->noise > 0)
		shown += law->noise * normal(&t->chance);
	put_value(t, p, p->read_cell, shown);
}

void
twin_step(struct twin *t, int64_t now_ns)
{
	double dt_s, age_s;

	if (!t->is_started) {
		t->is_started = true;
		t->start_ns = t->now_ns = now_ns;
	}
	if (now_ns <= t->now_ns)
		return;
	dt_s = (double)(now_ns - t->now_ns) / 1e9;
	age_s = (double)(now_ns - t->start_ns) / 1e9;
	t->now_ns = now_ns;
	for (uint32_t i = 0; i < t->img->twins.n; i++)
		move_point(t, image_twin_at(t->img, i), dt_s, age_s);
}

/* ---- masters ------------------------------------------------------------------------------------------------------------ */

/* Whom a request is for: what the server hands back to us. */
struct request_to {
	struct twin *t;
	uint32_t link;
};

/* The unit that answers as `unit`; -1: none. */
static int
find_unit(const struct request_to *to, unsigned unit)
{
	const struct image *img = to->t->img;
	int only = -1;

	for (uint32_t i = 0; i < img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(img, i);
		int its;

		if (ins->link != to->link || !is_played(img, ins))
			continue;
		its = (int)twin_unit(img, i);
		if (its == (int)unit)
			return its;
		only = only < 0 || only == its ? its : 256;
	}
	/* On a line these two numbers mean all and nobody. */
	return (unit == 0 || unit == 255) && only < 256 && !to->t->is_rtu[to->link] ? only : -1;
}

/* The first of `count` cells that stand side by side, or the exception. */
static int
find_block(const struct request_to *to, unsigned unit, unsigned space, uint32_t address,
	uint32_t count, uint32_t *out_cell)
{
	const struct twin *t = to->t;
	int its = find_unit(to, unit);
	uint64_t place;
	uint32_t cell;

	if (its < 0)
		return MODBUS_NO_TARGET;
	place = place_of(to->link, (unsigned)its, space, address);
	cell = find_cell(t, place);
	if (cell == IMAGE_NONE || count > t->n_cells - cell ||
		t->places[cell + count - 1] != place + count - 1)
		return MODBUS_ILLEGAL_ADDRESS;
	*out_cell = cell;
	return 0;
}

static int
on_read(void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count, uint16_t *out)
{
	const struct request_to *to = ctx;
	uint32_t cell;
	int exception = find_block(to, unit, space, address, count, &cell);

	if (exception == 0)
		memcpy(out, to->t->words + cell, count * sizeof(*out));
	return exception;
}

static bool
covers(uint32_t cell, uint32_t count, uint32_t first, uint32_t words)
{
	return first != IMAGE_NONE && first < cell + count && cell < first + words;
}

/* From where a point is written to where it is read, where both differ. */
static void
carry_over(struct twin *t, const struct twin_point *p)
{
	struct twin_point from = *p;

	if (p->pt.value != VALUE_BOOL) {
		memcpy(t->words + p->read_cell, t->words + p->write_cell,
			p->pt.count * sizeof(*t->words)); /* exact, whatever it is */
		return;
	}
	/* The other bits of the register where it is read stay as they are. */
	from.pt.space = (uint16_t)p->pt.write_space;
	if (from.pt.space == MODBUS_COIL)
		from.pt.bit = CODEC_BIT_NONE;
	put_value(t, p, p->read_cell, get_value(t, &from, p->write_cell));
}

static int
write_unit(const struct request_to *to, unsigned unit, unsigned space, uint32_t address,
	uint32_t count, const uint16_t *in)
{
	struct twin *t = to->t;
	uint32_t cell;
	int exception = find_block(to, unit, space, address, count, &cell);

	if (exception != 0)
		return exception;
	memcpy(t->words + cell, in, count * sizeof(*in));
	for (uint32_t i = 0; i < t->img->points.n; i++) {
		struct twin_point *p = &t->points[i];

		if (!p->is_played)
			continue;
		if (covers(cell, count, p->write_cell, p->pt.count))
			carry_over(t, p);
		else if (!covers(cell, count, p->read_cell, p->pt.count))
			continue;
		p->is_held = true;
		p->x = get_value(t, p, p->read_cell);
	}
	return 0;
}

/* Unit 0 on a line is everybody: each does what it can, and nobody answers. */
static int
on_write(void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count,
	const uint16_t *in)
{
	const struct request_to *to = ctx;
	const struct image *img = to->t->img;

	if (unit != 0 || !to->t->is_rtu[to->link])
		return write_unit(to, unit, space, address, count, in);
	for (uint32_t i = 0; i < img->instruments.n; i++)
		if (image_instrument_at(img, i)->link == to->link &&
			is_played(img, image_instrument_at(img, i)))
			(void)write_unit(to, twin_unit(img, i), space, address, count, in);
	return 0;
}

int
twin_cut(const struct twin *t, uint32_t link, const uint8_t *in, size_t n, enum wire wire)
{
	return t->is_rtu[link] ? modbus_server_rtu_cut(in, n, wire)
			       : modbus_tcp_cut(NULL, NULL, in, n, wire);
}

int
twin_answer(struct twin *t, uint32_t link, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	struct request_to to = { t, link };
	const struct modbus_server server = { .ctx = &to,
		.read = on_read,
		.write = on_write,
		.vendor = "mbc",
		.product = "twin",
		.revision = "1" };

	if (t->is_rtu[link]) {
		/* Those to whom it is not said are silent. */
		if (n > 0 && frame[0] != 0 && find_unit(&to, frame[0]) < 0)
			return 0;
		return modbus_server_rtu_answer(&server, frame, n, out, cap);
	}
	/* A gateway's word, whatever is asked. */
	if (n > MODBUS_HEAD && cap >= MODBUS_ADU_MAX && find_unit(&to, frame[6]) < 0)
		return (int)damage_refusal(&damage_mbap, frame, MODBUS_NO_TARGET, out);
	return modbus_server_answer(&server, frame, n, out, cap);
}
