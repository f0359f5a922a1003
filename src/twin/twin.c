/* twin.c - simulated instruments, made from the same descriptions as the real ones */
#include "twin/twin.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/text.h"
#include "drivers/list.h"
#include "twin/player.h"

#define TWO_PI 6.283185307179586

/* A quantity in the unit of its channel; how it stands on the wire is in dev->pts[i]. */
struct twin_point {
	struct play_device *dev; /* NULL: it is not played */
	uint32_t i;
	bool is_held; /* a master wrote it */
	double factor, offset;
	double x; /* without wave and noise */
};

struct twin {
	const struct image *img;
	struct twin_point *points;   /* [point] */
	struct play_point *pts;      /* [point]: what the devices have, in the order of the image */
	struct play_device *devices; /* [instrument]; player NULL: it is not played */
	struct play_device **heads;  /* [n_heads] the first of each device, by link */
	uint32_t n_heads;
	uint64_t chance;
	bool is_started;
	int64_t start_ns, now_ns;
};

/* ---- what is played -------------------------------------------------------------------------------------------------- */

bool
twin_is_rtu(const struct image *img, uint32_t link)
{
	if (image_link_at(img, link)->is_line || image_link_at(img, link)->kind == LINK_SERIAL)
		return true;
	for (uint32_t i = 0; i < img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(img, i);

		if (ins->link == link && strcmp(image_text(img, ins->codec), "modbus-rtu") == 0)
			return true;
	}
	return false;
}

static const struct player *
player_of(const struct image *img, const struct image_instrument *ins)
{
	if (image_link_at(img, ins->link)->kind == LINK_SYSTEM)
		return NULL;
	return player_find(image_text(img, ins->codec), twin_is_rtu(img, ins->link));
}

uint32_t
twin_instruments(const struct image *img, uint32_t link)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(img, i);

		n += ins->link == link && player_of(img, ins) != NULL;
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

/* ---- values ---------------------------------------------------------------------------------------------------------- */

/* The nearest value that the point can hold: a place on the wire does not grow. */
static union value
fit(const struct play_device *dev, const struct point *pt, double raw)
{
	double min = -DBL_MAX, max = DBL_MAX;
	union value v = { 0 };

	if (pt->value == VALUE_FLOAT32)
		max = (double)FLT_MAX;
	else if (pt->value == VALUE_UINT)
		max = 18446744073709551615.0;
	else if (pt->value != VALUE_FLOAT)
		max = 9223372036854775807.0;
	min = pt->value == VALUE_UINT ? 0 : -max;
	if (dev->player->limits != NULL)
		dev->player->limits(dev, pt, &min, &max);
	raw = isnan(raw) ? 0 : fmin(fmax(raw, min), max);
	switch (pt->value) {
	case VALUE_FLOAT:
	case VALUE_FLOAT32:
		v.f = raw;
		break;
	case VALUE_BOOL:
		v.i = raw >= 0.5;
		break;
	case VALUE_UINT: /* 2^64 is the next number above what fits */
		raw = round(raw);
		v.u = raw >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)raw;
		break;
	default:
		raw = round(raw);
		v.i = raw >= 9223372036854775807.0 ? INT64_MAX : (int64_t)raw;
		break;
	}
	return v;
}

/* To where masters read it. */
static void
show(struct twin_point *p, double value)
{
	struct play_point *pp = &p->dev->pts[p->i];

	pp->v = fit(p->dev, &pp->pt, (value - p->offset) / p->factor);
	if (p->dev->player->put != NULL)
		p->dev->player->put(p->dev, p->i);
}

static double
from_wire(const struct twin_point *p, union value v)
{
	return value_double(p->dev->pts[p->i].pt.value, v) * p->factor + p->offset;
}

/* The point that can be played as a number; NULL: there is none. */
static struct twin_point *
number_at(struct twin *t, uint32_t point)
{
	struct twin_point *p = &t->points[point];

	return p->dev == NULL || p->dev->pts[p->i].pt.value == VALUE_TEXT ? NULL : p;
}

double
twin_value(const struct twin *t, uint32_t point)
{
	const struct twin_point *p = &t->points[point];

	if (p->dev == NULL)
		return 0;
	return from_wire(p, p->dev->player->get != NULL ? p->dev->player->get(p->dev, p->i)
							: p->dev->pts[p->i].v);
}

void
twin_set(struct twin *t, uint32_t point, double value)
{
	struct twin_point *p = number_at(t, point);

	if (p == NULL)
		return;
	p->is_held = true;
	p->x = value;
	show(p, value);
}

void
play_write(struct play_device *dev, uint32_t i, union value v, const char *text)
{
	struct twin_point *p = &dev->twin->points[dev->pts[i].pt.id];
	struct play_point *pp = &dev->pts[i];

	pp->v = v;
	if (pp->pt.value == VALUE_TEXT)
		text_copy(pp->text, sizeof(pp->text), text);
	p->is_held = true;
	p->x = from_wire(p, v);
}

void
play_note(struct play_device *dev, uint32_t i, union value v)
{
	dev->pts[i].v = v;
	dev->twin->points[dev->pts[i].pt.id].is_held = true;
}

/* ---- making ---------------------------------------------------------------------------------------------------------- */

static const char *
text_or_null(const struct image *img, int64_t off)
{
	const char *text = off > 0 ? image_text(img, (uint32_t)off) : "";

	return *text == '\0' ? NULL : text;
}

static void
make_options(struct play_device *dev, const struct image_instrument *from)
{
	const struct codec *codec = codec_find(image_text(dev->img, from->codec));
	const struct opt *opt = codec == NULL ? NULL : codec->opts;

	for (size_t i = 0; i < IMAGE_OPTS_MAX && opt != NULL && opt[i].name != NULL; i++) {
		dev->ins.opts.num[i] = from->opts[i];
		if (opt[i].type == OPT_TEXT)
			dev->ins.opts.text[i] = text_or_null(dev->img, from->opts[i]);
	}
}

static void
make_point(struct twin *t, uint32_t index)
{
	const struct image_point *p = image_point_at(t->img, index);
	const struct image_channel *ch = image_channel_at(t->img, p->channel);
	struct play_device *dev = &t->devices[p->instrument];
	struct twin_point *out = &t->points[index];
	struct play_point *pp = &t->pts[index];

	pp->pt = (struct point){ .id = index,
		.space = p->space,
		.type = p->type,
		.address = p->address,
		.count = p->count,
		.order = p->order,
		.bit = p->bit,
		.value = p->value,
		.write_space = p->write_space,
		.write_address = p->write_address,
		.key = text_or_null(t->img, p->key),
		.every_ns = p->every_ns };
	if (dev->player == NULL)
		return;
	out->dev = dev;
	out->i = index - (uint32_t)(dev->pts - t->pts);
	out->factor = ch->has_scale && fabs(ch->factor) > 0 ? ch->factor : 1;
	out->offset = ch->has_scale ? ch->offset : 0;
	/* A text shows whose it is. */
	if (p->value == VALUE_TEXT)
		text_copy(pp->text, sizeof(pp->text), dev->ins.name);
	pp->v = fit(dev, &pp->pt, -out->offset / out->factor);
}

static void
start_point(struct twin *t, const struct image_twin *law)
{
	struct twin_point *p = number_at(t, law->point);

	if (p == NULL)
		return;
	p->x = law->start;
	p->dev->pts[p->i].v =
		fit(p->dev, &p->dev->pts[p->i].pt, (law->start - p->offset) / p->factor);
}

static uint32_t
link_of(const struct play_device *dev)
{
	return image_instrument_at(dev->img, dev->index)->link;
}

/* The first of the devices that is the same as this one, NULL: it is the first itself. */
static struct play_device *
find_head(const struct twin *t, const struct play_device *dev)
{
	for (uint32_t h = 0; dev->player->address != NULL && h < t->n_heads; h++) {
		struct play_device *head = t->heads[h];

		if (head->player == dev->player && link_of(head) == link_of(dev) &&
			dev->player->address(head) == dev->player->address(dev))
			return head;
	}
	return NULL;
}

static void
add_device(struct twin *t, struct play_device *dev)
{
	struct play_device *head = find_head(t, dev);

	dev->is_alone = true;
	if (head != NULL) {
		while (head->next != NULL)
			head = head->next;
		head->next = dev;
		return;
	}
	for (uint32_t h = 0; h < t->n_heads; h++)
		if (t->heads[h]->player == dev->player && link_of(t->heads[h]) == link_of(dev))
			t->heads[h]->is_alone = dev->is_alone = false;
	t->heads[t->n_heads++] = dev;
}

/* The devices of one player, for its store. */
static void
open_player(struct twin *t, const struct player *player)
{
	struct play_device **devs = mem_zero(t->img->instruments.n, sizeof(*devs));
	size_t n = 0;
	void *store;

	for (uint32_t i = 0; i < t->img->instruments.n; i++)
		if (t->devices[i].player == player)
			devs[n++] = &t->devices[i];
	store = player->open(devs, n);
	for (size_t i = 0; i < n; i++)
		devs[i]->store = store;
	free(devs);
}

static void
make_devices(struct twin *t)
{
	for (uint32_t i = 0; i < t->img->instruments.n; i++) {
		const struct image_instrument *ins = image_instrument_at(t->img, i);
		struct play_device *dev = &t->devices[i];

		*dev = (struct play_device){ .player = player_of(t->img, ins),
			.ins.name = image_text(t->img, ins->name),
			.img = t->img,
			.index = i,
			.pts = t->pts + ins->first_point,
			.n_pts = ins->n_points,
			.twin = t };
		make_options(dev, ins);
	}
}

struct twin *
twin_new(const struct image *img, uint64_t seed)
{
	struct twin *t = mem_zero(1, sizeof(*t));

	t->img = img;
	t->chance = seed;
	t->points = mem_zero(img->points.n, sizeof(*t->points));
	t->pts = mem_zero(img->points.n, sizeof(*t->pts));
	t->devices = mem_zero(img->instruments.n, sizeof(*t->devices));
	t->heads = mem_zero(img->instruments.n, sizeof(struct play_device *));
	make_devices(t);
	for (uint32_t i = 0; i < img->points.n; i++)
		make_point(t, i);
	for (uint32_t i = 0; i < img->twins.n; i++)
		start_point(t, image_twin_at(img, i));
	for (uint32_t i = 0; i < img->instruments.n; i++) {
		struct play_device *dev = &t->devices[i];

		if (dev->player == NULL)
			continue;
		add_device(t, dev);
		if (dev->player->open != NULL && dev->store == NULL)
			open_player(t, dev->player);
	}
	return t;
}

void
twin_free(struct twin *t)
{
	if (t == NULL)
		return;
	for (uint32_t i = 0; i < t->img->instruments.n; i++) {
		const struct player *player = t->devices[i].player;
		void *store = t->devices[i].store;

		if (store == NULL || player->close == NULL)
			continue;
		player->close(store);
		for (uint32_t k = i; k < t->img->instruments.n; k++)
			if (t->devices[k].store == store)
				t->devices[k].store = NULL;
	}
	free(t->points);
	free(t->pts);
	free(t->devices);
	free(t->heads);
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
	struct twin_point *p = number_at(t, law->point);
	double target = law->start, shown;

	if (p == NULL || p->is_held)
		return;
	if (law->follows != IMAGE_NONE)
		target = t->points[law->follows].x * law->gain;
	p->x = law->tau_s > 0 ? p->x + (target - p->x) * -expm1(-dt_s / law->tau_s) : target;
	shown = p->x;
	if (law->period_s > 0)
		shown += law->wave * sin(TWO_PI * fmod(age_s / law->period_s, 1));
	if (law->noise > 0)
		shown += law->noise * normal(&t->chance);
	show(p, shown);
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
	for (uint32_t i = 0; i < t->img->instruments.n; i++)
		t->devices[i].now_ns = now_ns;
	for (uint32_t i = 0; i < t->img->twins.n; i++)
		move_point(t, image_twin_at(t->img, i), dt_s, age_s);
}

/* ---- masters ------------------------------------------------------------------------------------------------------------ */

#define FOR_HEADS(t, link_, dev_)                                                                  \
	for (uint32_t h_ = 0; h_ < (t)->n_heads; h_++)                                             \
		for (struct play_device *dev_ = (t)->heads[h_]; dev_ != NULL; dev_ = NULL)         \
			if (link_of(dev_) == (link_))

bool
twin_is_strict(const struct twin *t, uint32_t link)
{
	if (image_link_at(t->img, link)->kind != LINK_TCP)
		return false;
	FOR_HEADS(t, link, dev)
	if (!dev->player->is_strict)
		return false;
	return true;
}

/* Whoever finds a request first has it. What is none for all of them is skipped as far as the first of them does. */
int
twin_cut(struct twin *t, uint32_t link, const uint8_t *in, size_t n, enum wire wire)
{
	const struct player *asked = NULL;
	int skip = 0;
	bool waits = false;

	FOR_HEADS(t, link, dev)
	{
		int got;

		dev->has_heard |= n > 0;
		if (dev->player == asked && asked->cuts_alike)
			continue;
		asked = dev->player;
		got = asked->cut(dev, in, n, wire);
		if (got > 0)
			return got;
		waits |= got == CUT_MORE;
		skip = skip == 0 ? got : MAX(skip, got);
	}
	return waits ? CUT_MORE : skip;
}

/* Is it a request as this device takes them? On a link of one kind, twin_cut() has seen to that. */
static bool
takes(const struct play_device *dev, bool is_mixed, const uint8_t *frame, size_t n)
{
	return !is_mixed || dev->player->cut(dev, frame, n, WIRE_SILENT) == CUT_FRAME(n);
}

static bool
is_mixed(const struct twin *t, uint32_t link)
{
	const struct player *first = NULL;

	FOR_HEADS(t, link, dev)
	{
		if (first == NULL)
			first = dev->player;
		if (dev->player != first || !first->cuts_alike)
			return true;
	}
	return false;
}

int
twin_answer(struct twin *t, uint32_t link, const uint8_t *frame, size_t n, uint8_t *out, size_t cap)
{
	bool mixed = is_mixed(t, link), is_done = false;

	FOR_HEADS(t, link, dev)
	{
		int got;

		if (!takes(dev, mixed, frame, n))
			continue;
		got = dev->player->answer(dev, frame, n, out, cap);
		if (got >= 0)
			return got;
		is_done |= got == PLAY_ALL;
	}
	if (is_done)
		return 0;
	FOR_HEADS(t, link, dev)
	{
		int got;

		if (dev->player->nobody == NULL || !takes(dev, mixed, frame, n))
			continue;
		got = dev->player->nobody(dev, frame, n, out, cap);
		if (got > 0)
			return got;
	}
	return 0;
}
