/* orders.c - writes of a scene, one at a time */
#include <math.h>
#include <string.h>

#include "base/rand.h"
#include "msg/quality.h"
#include "scene.h"

#define BUSY_TRIES 3 /* link_engine.h, LINK_BUSY_TRIES */
#define BETWEEN_NS (1500 * NS_PER_MS)

static bool
is_writable(const struct scene *s, uint32_t point)
{
	const struct image_point *p = image_point_at(s->img, point);

	return p->write_space >= 0 && p->value != VALUE_TEXT &&
	       moving_kind(s->rows, point) == MOVING_EXACT;
}

bool
order_is_possible(const struct scene *s, uint32_t *out_first)
{
	for (uint32_t i = 0; i < s->img->points.n; i++)
		if (is_writable(s, i)) {
			*out_first = i;
			return true;
		}
	return false;
}

static bool
choose(struct scene *s, struct order *o)
{
	const char *text;

	for (unsigned tries = 0; tries < 200; tries++) {
		o->point = (uint32_t)rand_below(&s->chance, s->img->points.n);
		if (!is_writable(s, o->point))
			continue;
		o->before_k = moving_at(s->moving, o->point);
		o->k = (unsigned)rand_below(&s->chance, MOVING_ROW);
		if (!value_same((enum value_type)image_point_at(s->img, o->point)->value,
			    moving_value(s->rows, o->point, o->k, &text),
			    moving_value(s->rows, o->point, o->before_k, &text)))
			return true;
	}
	return false;
}

/* Nothing that was said before it stood still is under way any more when it is written. */
static void
start(struct scene *s)
{
	struct order *o = &s->order;

	moving_hold(s->moving, o->point, false);
	*o = (struct order){ .from_ns = s->now_ns, .tag = ++s->n_orders, .is_under_way = true };
	s->next_write_ns = s->now_ns + BETWEEN_NS;
	if (!choose(s, o)) {
		*o = (struct order){ .is_under_way = false };
		return;
	}
	moving_hold(s->moving, o->point, true);
	o->write_ns = s->now_ns + scene_memory(s, o->point);
	twin_set(s->twin, o->point,
		twin_value(s->twin, o->point)); /* where the one before was still going, it stops */
}

/* Not all that can be read can be written: the number may be too long there. */
static void
write(struct scene *s)
{
	struct order *o = &s->order;
	const char *text;
	struct err err;

	o->write_ns = NEVER;
	if (link_write(s->link, o->point, o->tag, moving_value(s->rows, o->point, o->k, &text),
		    NULL, s->now_ns, &err) == 0) {
		s->totals.writes++;
		return;
	}
	moving_hold(s->moving, o->point, false);
	*o = (struct order){ .is_under_way = false };
	s->next_write_ns = s->now_ns + BETWEEN_NS / 10;
}

int64_t
order_time(struct scene *s)
{
	struct order *o = &s->order;

	if (o->tag > 0)
		s->blurred_ns = s->now_ns + 4 * scene_timeout(s);
	if (o->is_under_way && o->write_ns != NEVER) {
		if (s->now_ns >= o->write_ns)
			write(s);
		return o->write_ns;
	}
	if (o->is_under_way) {
		if (s->now_ns - o->from_ns > SCENE_RECOVERY_NS)
			scene_breach(s, "writes: no verdict on '%s' after %lld s",
				scene_name(s, o->point), (long long)(SCENE_RECOVERY_NS / NS_PER_S));
		return NEVER;
	}
	if (s->now_ns < s->next_write_ns)
		return s->next_write_ns;
	if (mishap_deals(s->kind) & MISHAP_WRITES) {
		start(s);
		return s->now_ns + 1;
	}
	if (o->tag > 0) {
		moving_hold(s->moving, o->point, false);
		o->tag = 0;
	}
	return NEVER;
}

bool
order_takes_time(const struct scene *s)
{
	for (uint32_t i = 0; i < s->img->twins.n && s->order.tag > 0; i++) {
		const struct image_twin *law = image_twin_at(s->img, i);

		if (law->point == s->order.point)
			return law->follows == IMAGE_NONE && law->lag_s > 0;
	}
	return false;
}

void
order_asked(struct scene *s, const struct question *q)
{
	struct order *o = &s->order;
	const struct image_instrument *ins = image_instrument_at(s->img, q->instrument);

	if (!o->is_under_way) {
		scene_breach(s, "writes: one is sent that has had its verdict");
		return;
	}
	o->has_silent |= q->req.is_silent;
	if (q->req.step == 0 && ++o->n_asked > 2 * (1 + ins->retries) + BUSY_TRIES)
		scene_breach(s, "writes: tried %u times with %u retries", o->n_asked, ins->retries);
}

static bool
holds(struct scene *s, const struct order *o)
{
	double want, has = twin_value(s->twin, o->point);

	moving_set(s->rows, s->judge, o->k);
	want = twin_value(s->judge, o->point);
	return fabs(want - has) <= 1e-9 * fmax(fabs(want), 1);
}

void
order_arrived(struct scene *s, const struct question *q)
{
	struct order *o = &s->order;

	if (q->req.kind != REQUEST_WRITE || o->tag == 0 || !holds(s, o))
		return;
	if (o->n_done++ == 0)
		moving_put(s->moving, o->point, o->k, s->now_ns);
}

static bool
is_refusal(enum quality verdict)
{
	return verdict == Q_BAD_REQUEST || verdict == Q_BAD_ADDRESS;
}

void
order_written(void *ctx, uint32_t point, uint32_t tag, enum quality verdict, uint16_t code)
{
	struct scene *s = ctx;
	struct order *o = &s->order;
	const char *name = scene_name(s, point);

	if (!o->is_under_way || o->tag != tag || o->point != point) {
		scene_breach(s, "writes: a verdict on '%s' that nobody waits for", name);
		return;
	}
	o->is_under_way = false;
	s->next_write_ns = s->now_ns + BETWEEN_NS;
	s->totals.written += verdict == Q_GOOD;
	if (verdict == Q_GOOD && !o->has_silent && (o->n_done == 0 || !holds(s, o)))
		scene_breach(s, "writes: '%s' is said to be written, and is not", name);
	if (is_refusal(verdict) && o->n_done > 0)
		scene_breach(s, "writes: '%s' is said to be refused, and was written", name);
	if (s->kind == MISHAP_WRITE && s->is_well && verdict != Q_GOOD)
		scene_breach(s, "writes: '%s' came to nothing (%s) although all is well", name,
			quality_row(verdict)->text_en);
}
