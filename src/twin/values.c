/* values.c - quantities of simulated instruments: in the unit of the channel, and as the wire has them */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "twin/twin_inside.h"

#define ABOVE_INT 9223372036854775807.0   /* 2^63: the next double above what fits */
#define ABOVE_UINT 18446744073709551615.0 /* 2^64 */

/* What its type can hold, and then what its place on the wire can. */
static void
find_limits(const struct play_device *dev, const struct point *pt, double *out_min, double *out_max)
{
	switch (pt->value) {
	case VALUE_FLOAT:
		*out_max = DBL_MAX;
		break;
	case VALUE_FLOAT32:
		*out_max = (double)FLT_MAX;
		break;
	case VALUE_UINT:
		*out_max = ABOVE_UINT;
		break;
	default:
		*out_max = ABOVE_INT;
		break;
	}
	*out_min = pt->value == VALUE_UINT ? 0 : -*out_max;
	if (dev->player->limits != NULL)
		dev->player->limits(dev, pt, out_min, out_max);
}

union value
twin_fit(const struct twin_point *p, double value)
{
	const struct point *pt = &p->dev->pts[p->i].pt;
	double raw = (value - p->offset) / p->factor, min, max;
	union value v = { 0 };

	if (p->n_knots > 0)
		raw = image_table_place(p->knots, p->n_knots, raw);
	find_limits(p->dev, pt, &min, &max);
	raw = isnan(raw) ? 0 : fmin(fmax(raw, min), max);
	switch (pt->value) {
	case VALUE_FLOAT:
	case VALUE_FLOAT32:
		v.f = raw;
		break;
	case VALUE_BOOL:
		v.i = raw >= 0.5;
		break;
	case VALUE_UINT:
		raw = round(raw);
		v.u = raw >= ABOVE_UINT ? UINT64_MAX : (uint64_t)raw;
		break;
	default:
		raw = round(raw);
		v.i = raw >= ABOVE_INT ? INT64_MAX : (int64_t)raw;
		break;
	}
	return v;
}

static void
put(const struct twin_point *p)
{
	if (p->dev->player->put != NULL)
		p->dev->player->put(p->dev, p->i);
}

void
twin_show(struct twin_point *p, double value)
{
	p->dev->pts[p->i].v = twin_fit(p, value);
	put(p);
}

static double
from_wire(const struct twin_point *p, union value v)
{
	double raw = value_double(p->dev->pts[p->i].pt.value, v);

	if (p->n_knots > 0)
		raw = image_table_value(p->knots, p->n_knots, raw);
	return raw * p->factor + p->offset;
}

struct twin_point *
twin_number(struct twin *t, uint32_t point)
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
	struct twin_point *p = twin_number(t, point);

	if (p == NULL)
		return;
	p->is_held = true;
	p->there_ns = 0;
	p->x = value;
	twin_show(p, value);
}

void
twin_begin(struct twin *t, uint32_t point, double value)
{
	struct twin_point *p = twin_number(t, point);

	if (p == NULL)
		return;
	p->x = p->begin = value;
	p->has_begin = true;
	twin_show(p, value);
}

bool
twin_read(const struct twin *t, uint32_t point, union value *out, const char **out_text)
{
	const struct twin_point *p = &t->points[point];

	if (p->dev == NULL)
		return false;
	*out = p->dev->player->get != NULL ? p->dev->player->get(p->dev, p->i)
					   : p->dev->pts[p->i].v;
	*out_text = p->dev->pts[p->i].text;
	return true;
}

bool
twin_write(struct twin *t, uint32_t point, union value v, const char *text)
{
	struct twin_point *p = &t->points[point];

	if (p->dev == NULL)
		return false;
	play_write(p->dev, p->i, v, text);
	put(p);
	return true;
}

bool
twin_has_law(const struct image *img, uint32_t point)
{
	if (image_point_at(img, point)->write_space >= 0)
		return true;
	for (uint32_t i = 0; i < img->twins.n; i++)
		if (image_twin_at(img, i)->point == point)
			return image_twin_at(img, i)->follows != IMAGE_NONE;
	return false;
}

/* ---- what people keep ------------------------------------------------------------------------------------------------ */

void
twin_keep(struct twin *t, uint32_t point, double value, const char *text)
{
	struct twin_point *p = &t->points[point];

	if (p->dev == NULL)
		return;
	p->is_kept = true;
	p->kept = value;
	if (p->dev->pts[p->i].pt.value == VALUE_TEXT) {
		text_copy(p->dev->pts[p->i].text, sizeof(p->dev->pts[p->i].text), text);
		put(p);
	} else {
		twin_show(p, value);
	}
}

bool
twin_is_kept(const struct twin *t, uint32_t point)
{
	return t->points[point].is_kept;
}

/* What a master wrote meanwhile comes into force. */
void
twin_let_go(struct twin *t, uint32_t point)
{
	struct twin_point *p = &t->points[point];

	if (!p->is_kept)
		return;
	p->is_kept = false;
	if (twin_number(t, point) != NULL)
		twin_show(p, p->x);
}

/* ---- what masters write ---------------------------------------------------------------------------------------------- */

/* At once, or when the way there is done. */
static void
take(struct twin_point *p, double value)
{
	bool is_there = p->there_ns == 0 && fabs(value - p->x) <= 1e-9 * fabs(value);

	p->is_held = true;
	p->taken_ns = p->dev->now_ns;
	if (p->settle_ns > 0 && !p->is_kept && !is_there) {
		p->goal = value;
		p->there_ns = p->dev->now_ns + p->settle_ns;
	} else {
		p->x = value;
	}
}

bool
play_is_moving(const struct play_device *dev, uint32_t i)
{
	const struct twin_point *p = &dev->twin->points[dev->pts[i].pt.id];

	return p->there_ns > 0 && !p->is_kept && dev->now_ns < p->there_ns;
}

void
twin_arrive(struct twin_point *p, int64_t now_ns)
{
	if (p->there_ns == 0 || now_ns < p->there_ns)
		return;
	p->there_ns = 0;
	p->x = p->goal;
	if (!p->is_kept)
		twin_show(p, p->x);
}

void
play_write(struct play_device *dev, uint32_t i, union value v, const char *text)
{
	struct twin_point *p = &dev->twin->points[dev->pts[i].pt.id];
	struct play_point *pp = &dev->pts[i];

	if (!dev->is_deaf && pp->pt.value != VALUE_TEXT)
		take(p, from_wire(p, v));
	if (dev->is_deaf || p->is_kept || p->there_ns > 0) {
		put(p); /* over what the player may have put there already */
		return;
	}
	pp->v = v;
	if (pp->pt.value == VALUE_TEXT && text != NULL)
		text_copy(pp->text, sizeof(pp->text), text);
}

void
play_note(struct play_device *dev, uint32_t i, union value v)
{
	struct twin_point *p = &dev->twin->points[dev->pts[i].pt.id];

	if (dev->is_deaf || p->is_kept)
		return;
	dev->pts[i].v = v;
	p->is_held = true;
}
