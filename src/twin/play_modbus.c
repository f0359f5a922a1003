/* play_modbus.c - Modbus, the slave's side: over TCP and as RTU
 *
 * The truth is registers: one word for each register and bit that a point names, sorted by where it is, so that a block that
 * exists stands in one piece, and registers that no point names are refused. A point's value is put into them as it moves; a
 * master's write changes them, and whatever points lie there take their value from them.
 *
 *	place	= link << 28 | unit << 20 | space << 16 | address
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/text.h"
#include "drivers/modbus_crc.h"
#include "drivers/modbus_master.h"
#include "drivers/modbus_server.h"
#include "drivers/modbus_value.h"
#include "twin/damage.h"
#include "twin/player.h"

struct cell_point {
	struct play_device *dev;
	uint32_t i;
	uint32_t read_cell;  /* the first of its words */
	uint32_t write_cell; /* where masters write it; IMAGE_NONE: where it is read, or nowhere */
};

struct store {
	uint64_t *places; /* [n_cells], sorted */
	uint16_t *words;  /* [n_cells] */
	uint32_t n_cells;
	struct cell_point *points; /* [n_points]; those of a device stand together */
	uint32_t n_points;
	uint32_t *first; /* [instrument of the image]: its points */
};

static unsigned
unit_of(const struct play_device *dev)
{
	return (unsigned)dev->ins.opts.num[MODBUS_OPT_UNIT] & 0xFF;
}

static uint32_t
link_of(const struct play_device *dev)
{
	return image_instrument_at(dev->img, dev->index)->link;
}

/* ---- registers ------------------------------------------------------------------------------------------------------- */

static uint64_t
place_of(const struct play_device *dev, unsigned space, uint32_t address)
{
	return (uint64_t)link_of(dev) << 28 | (uint64_t)unit_of(dev) << 20 | (uint64_t)space << 16 |
	       address;
}

static int
compare_places(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The cell of a place, IMAGE_NONE when no point names it. */
static uint32_t
find_cell(const struct store *s, uint64_t place)
{
	const uint64_t *found =
		bsearch(&place, s->places, s->n_cells, sizeof(place), compare_places);

	return found != NULL ? (uint32_t)(found - s->places) : IMAGE_NONE;
}

static bool
has_write_place(const struct point *pt)
{
	return pt->write_space >= 0 &&
	       (pt->write_space != pt->space || pt->write_address != pt->address);
}

static void
collect_places(struct store *s, struct play_device *const *devs, size_t n)
{
	size_t room = 0;

	for (size_t d = 0; d < n; d++)
		for (uint32_t i = 0; i < devs[d]->n_all; i++)
			room += 2u * devs[d]->pts[i].pt.count;
	s->places = mem_zero(room, sizeof(*s->places));
	for (size_t d = 0; d < n; d++)
		for (uint32_t i = 0; i < devs[d]->n_all; i++) {
			const struct point *pt = &devs[d]->pts[i].pt;

			for (uint32_t k = 0; k < pt->count; k++) {
				s->places[s->n_cells++] =
					place_of(devs[d], pt->space, pt->address + k);
				if (has_write_place(pt))
					s->places[s->n_cells++] = place_of(devs[d],
						(unsigned)pt->write_space, pt->write_address + k);
			}
		}
	qsort(s->places, s->n_cells, sizeof(*s->places), compare_places);
	room = s->n_cells;
	s->n_cells = 0;
	for (size_t i = 0; i < room; i++)
		if (i == 0 || s->places[i] != s->places[i - 1])
			s->places[s->n_cells++] = s->places[i];
	s->words = mem_zero(s->n_cells, sizeof(*s->words));
}

static uint64_t
modbus_address(const struct play_device *dev)
{
	return unit_of(dev);
}

/* ---- values ---------------------------------------------------------------------------------------------------------- */

static void
modbus_limits(
	const struct play_device *dev, const struct point *pt, double *out_min, double *out_max)
{
	double top = 1;

	for (unsigned i = 0; i < pt->count; i++)
		top *= 65536;
	if (pt->type == MODBUS_BCD16 || pt->type == MODBUS_BCD32)
		top = pt->count == 1 ? 1e4 : 1e8;
	if (pt->value == VALUE_UINT) {
		*out_min = 0;
		*out_max = top - 1;
	} else if (pt->value == VALUE_INT) {
		*out_min = -top / 2;
		*out_max = top / 2 - 1;
	}
}

static const struct cell_point *
cells_of(const struct play_device *dev, uint32_t i)
{
	const struct store *s = dev->store;

	return &s->points[s->first[dev->index] + i];
}

/* The point as it stands where masters write it. */
static struct point
written_point(const struct point *pt)
{
	struct point from = *pt;

	from.space = (uint16_t)pt->write_space;
	if (from.space == MODBUS_COIL)
		from.bit = CODEC_BIT_NONE;
	return from;
}

/* Values that limits() allows can always be put; a text goes as far as there is room. */
static void
put_words(struct store *s, const struct play_point *p, const struct point *pt, uint32_t cell)
{
	char text[VALUE_TEXT_MAX + 1];

	if (pt->is_captured)
		return; /* it stands in no register */
	text_copy(text, MIN(sizeof(text), 2u * pt->count + 1), p->text);
	(void)modbus_value_put(pt, p->v, text, s->words + cell);
}

/* Of several points on one place, the last one that changed is shown. */
static void
modbus_put(struct play_device *dev, uint32_t i)
{
	put_words(dev->store, &dev->pts[i], &dev->pts[i].pt, cells_of(dev, i)->read_cell);
}

static union value
get_value(const struct point *pt, const uint16_t *words)
{
	union value v = { 0 };

	if (pt->value == VALUE_TEXT || modbus_value_get(pt, words, &v) != Q_GOOD)
		return (union value){ 0 };
	return v;
}

static union value
modbus_get(const struct play_device *dev, uint32_t i)
{
	const struct store *s = dev->store;

	return get_value(&dev->pts[i].pt, s->words + cells_of(dev, i)->read_cell);
}

/* ---- making ---------------------------------------------------------------------------------------------------------- */

static void
make_point(struct store *s, struct play_device *dev, uint32_t i)
{
	const struct play_point *p = &dev->pts[i];
	struct cell_point *cells = &s->points[s->n_points++];
	struct point from = written_point(&p->pt);

	*cells = (struct cell_point){ .dev = dev,
		.i = i,
		.read_cell = find_cell(s, place_of(dev, p->pt.space, p->pt.address)),
		.write_cell = IMAGE_NONE };
	if (i < dev->n_pts) /* a place of init: holds 0, or what a channel there has */
		put_words(s, p, &p->pt, cells->read_cell);
	if (!has_write_place(&p->pt))
		return;
	cells->write_cell = find_cell(s, place_of(dev, from.space, from.write_address));
	put_words(s, p, &from, cells->write_cell);
}

static void *
modbus_open(struct play_device *const *devs, size_t n)
{
	struct store *s = mem_zero(1, sizeof(*s));
	size_t n_points = 0;

	for (size_t d = 0; d < n; d++)
		n_points += devs[d]->n_all;
	s->points = mem_zero(n_points, sizeof(*s->points));
	s->first = mem_zero(devs[0]->img->instruments.n, sizeof(*s->first));
	collect_places(s, devs, n);
	for (size_t d = 0; d < n; d++) {
		s->first[devs[d]->index] = s->n_points;
		for (uint32_t i = 0; i < devs[d]->n_all; i++)
			make_point(s, devs[d], i);
	}
	return s;
}

static void
modbus_close(void *store)
{
	struct store *s = store;

	if (s == NULL)
		return;
	free(s->places);
	free(s->words);
	free(s->points);
	free(s->first);
	free(s);
}

/* ---- requests -------------------------------------------------------------------------------------------------------- */

/* The first of `count` cells that stand side by side, or the exception. */
static int
find_block(const struct play_device *dev, unsigned space, uint32_t address, uint32_t count,
	uint32_t *out_cell)
{
	const struct store *s = dev->store;
	uint64_t place = place_of(dev, space, address);
	uint32_t cell = find_cell(s, place);

	if (cell == IMAGE_NONE || count > s->n_cells - cell ||
		s->places[cell + count - 1] != place + count - 1)
		return MODBUS_ILLEGAL_ADDRESS;
	*out_cell = cell;
	return 0;
}

static int
on_read(void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count, uint16_t *out)
{
	const struct play_device *dev = ctx;
	const struct store *s = dev->store;
	uint32_t cell;
	int exception = find_block(dev, space, address, count, &cell);

	if (exception == 0)
		memcpy(out, s->words + cell, count * sizeof(*out));
	return exception;
}

static bool
covers(uint32_t cell, uint32_t count, uint32_t first, uint32_t words)
{
	return first != IMAGE_NONE && first < cell + count && cell < first + words;
}

/* From where a point is written to where it is read, where both differ. */
static void
carry_over(struct store *s, const struct cell_point *cells, const struct point *pt)
{
	struct point from = written_point(pt);

	if (pt->value != VALUE_BOOL) {
		memcpy(s->words + cells->read_cell, s->words + cells->write_cell,
			pt->count * sizeof(*s->words)); /* exact, whatever it is */
		return;
	}
	/* The other bits of the register where it is read stay as they are. */
	(void)modbus_value_put(pt, get_value(&from, s->words + cells->write_cell), NULL,
		s->words + cells->read_cell);
}

static int
on_write(void *ctx, unsigned unit, unsigned space, uint32_t address, uint32_t count,
	const uint16_t *in)
{
	const struct play_device *dev = ctx;
	struct store *s = dev->store;
	char text[VALUE_TEXT_MAX + 1] = "";
	uint32_t cell;
	int exception = find_block(dev, space, address, count, &cell);

	if (exception != 0)
		return exception;
	memcpy(s->words + cell, in, count * sizeof(*in));
	for (uint32_t k = 0; k < s->n_points; k++) {
		const struct cell_point *p = &s->points[k];
		const struct point *pt = &p->dev->pts[p->i].pt;

		if (covers(cell, count, p->write_cell, pt->count))
			carry_over(s, p, pt);
		else if (!covers(cell, count, p->read_cell, pt->count))
			continue;
		if (pt->value == VALUE_TEXT)
			(void)modbus_text_get(pt, s->words + p->read_cell, text);
		play_write(p->dev, p->i, get_value(pt, s->words + p->read_cell), text);
	}
	return 0;
}

static struct modbus_server
server_of(struct play_device *dev)
{
	return (struct modbus_server){ .ctx = dev,
		.read = on_read,
		.write = on_write,
		.vendor = "mbc",
		.product = dev->called != NULL ? dev->called : "twin",
		.revision = "1" };
}

/* Units 0 and 255 stand for the one behind a gateway that has one. */
static int
tcp_answer(struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	const struct modbus_server server = server_of(dev);

	if (n <= MODBUS_HEAD)
		return 0;
	if (frame[6] != unit_of(dev) && !(dev->is_alone && (frame[6] == 0 || frame[6] == 255)))
		return PLAY_NOT_MINE;
	return modbus_server_answer(&server, frame, n, out, cap);
}

/* A gateway's word, whatever is asked. */
static int
tcp_nobody(const struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	if (n <= MODBUS_HEAD || cap < MODBUS_ADU_MAX)
		return 0;
	return (int)damage_refusal(&damage_mbap, frame, MODBUS_NO_TARGET, out);
}

/* On a line unit 0 is everybody: each does what it can, and nobody answers. */
static int
rtu_answer(struct play_device *dev, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	const struct modbus_server server = server_of(dev);
	int got;

	if (n == 0 || (frame[0] != 0 && frame[0] != unit_of(dev)))
		return PLAY_NOT_MINE;
	got = modbus_server_rtu_answer(&server, frame, n, out, cap);
	return frame[0] == 0 ? PLAY_ALL : got;
}

static int
tcp_cut(const struct play_device *dev, const uint8_t *in, size_t n, enum wire wire)
{
	return modbus_tcp_cut(NULL, NULL, in, n, wire);
}

static int
rtu_cut(const struct play_device *dev, const uint8_t *in, size_t n, enum wire wire)
{
	return modbus_server_rtu_cut(in, n, wire);
}

/* ---- faults ---------------------------------------------------------------------------------------------------------- */

static int
spoil(const struct damage_form *form, enum play_fault fault, const uint8_t *request,
	uint8_t *answer, size_t n)
{
	switch (fault) {
	case PLAY_REFUSE:
		return (int)damage_refusal(form, request, MODBUS_DEVICE_FAILURE, answer);
	case PLAY_WRONG_ADDRESS:
		answer[form->unit]++;
		break;
	case PLAY_WRONG_TAG:
		put_u16be(answer, (uint16_t)(get_u16be(answer) + 0x4000));
		return (int)n;
	case PLAY_WRONG_CHECKSUM:
		answer[n - 1] ^= 0xFF;
		return (int)n;
	default:
		return -1;
	}
	form->seal(answer, n);
	return (int)n;
}

static int
tcp_spoil(struct play_device *dev, enum play_fault fault, const uint8_t *request, size_t n_request,
	uint8_t *answer, size_t n)
{
	return n <= MODBUS_HEAD ? -1 : spoil(&damage_mbap, fault, request, answer, n);
}

static int
rtu_spoil(struct play_device *dev, enum play_fault fault, const uint8_t *request, size_t n_request,
	uint8_t *answer, size_t n)
{
	return n <= 3 ? -1 : spoil(&damage_rtu, fault, request, answer, n);
}

const struct player player_modbus = {
	.codec = "modbus",
	.cuts_alike = true,
	.is_strict = true,
	.faults = 1u << PLAY_REFUSE | 1u << PLAY_WRONG_ADDRESS | 1u << PLAY_WRONG_TAG,
	.open = modbus_open,
	.close = modbus_close,
	.address = modbus_address,
	.limits = modbus_limits,
	.cut = tcp_cut,
	.answer = tcp_answer,
	.nobody = tcp_nobody,
	.spoil = tcp_spoil,
	.put = modbus_put,
	.get = modbus_get,
};

const struct player player_modbus_rtu = {
	.codec = "modbus-rtu",
	.cuts_alike = true,
	.faults = 1u << PLAY_REFUSE | 1u << PLAY_WRONG_ADDRESS | 1u << PLAY_WRONG_CHECKSUM,
	.open = modbus_open,
	.close = modbus_close,
	.address = modbus_address,
	.limits = modbus_limits,
	.cut = rtu_cut,
	.answer = rtu_answer,
	.spoil = rtu_spoil,
	.put = modbus_put,
	.get = modbus_get,
};
