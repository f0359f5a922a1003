/* laws.c - how simulated quantities move */
#include <math.h>
#include <string.h>

#include "base/rand.h"
#include "twin/twin_inside.h"

#define TWO_PI 6.283185307179586

/* A number from the normal distribution: Box and Muller, 1958. */
static double
normal(uint64_t *chance)
{
	double u = 1 - rand_unit(chance), v = rand_unit(chance);

	return sqrt(-2 * log(u)) * cos(TWO_PI * v);
}

#define SLOT_NS (100 * NS_PER_MS)

static double
noise_of(struct twin *t, uint32_t law)
{
	uint64_t chance;

	if (!t->is_steady)
		return normal(&t->chance);
	chance = t->chance + (uint64_t)law * UINT64_C(0x9E3779B97F4A7C15) +
		 (uint64_t)((t->now_ns - t->start_ns) / SLOT_NS) * UINT64_C(0xD1B54A32D192ED03);
	rand_next(&chance);
	return normal(&chance);
}

void
twin_steady(struct twin *t)
{
	t->is_steady = true;
}

/* What was there lag_s ago; before that, what was there first. */
static double
delayed(struct twin_delay *d, double v, double lag_s, int64_t now_ns)
{
	int64_t lag_ns = (int64_t)(lag_s * 1e9);
	size_t newest = (d->first + d->n - 1) % TWIN_DELAYS;

	if (d->n == 0 ||
		(d->n < TWIN_DELAYS && now_ns - d->at_ns[newest] >= lag_ns / (TWIN_DELAYS - 4))) {
		newest = (d->first + d->n++) % TWIN_DELAYS;
		d->at_ns[newest] = now_ns;
		d->v[newest] = v;
	}
	while (d->n > 1 && d->at_ns[(d->first + 1) % TWIN_DELAYS] <= now_ns - lag_ns) {
		d->first = (d->first + 1) % TWIN_DELAYS;
		d->n--;
	}
	return d->v[d->first];
}

static double
summed_up(const struct image_channel *ch, double x, double each_s, double dt_s)
{
	x += each_s * dt_s;
	return ch->has_range ? fmin(fmax(x, ch->min), ch->max) : x;
}

/* rate: of its movement, each second; 0: no limit */
static double
moved(const struct image_twin *law, double x, double target, double rate, double dt_s)
{
	double tau_s = target < x && law->fall_s > 0 ? law->fall_s : law->tau_s;
	double way = target - x;

	if (rate > 0)
		return x + fmin(fmax(way, -rate * dt_s), rate * dt_s);
	return tau_s > 0 ? x + way * -expm1(-dt_s / tau_s) : target;
}

static void
move_point(struct twin *t, uint32_t index, double dt_s, double age_s)
{
	const struct image_twin *law = image_twin_at(t->img, index);
	const struct image_point *stored = image_point_at(t->img, law->point);
	struct twin_point *p = twin_number(t, law->point);
	double target = law->start, rate = law->rate, shown;

	if (p == NULL)
		return;
	if (p->has_begin)
		target = p->begin;
	if (law->follows != IMAGE_NONE)
		target = twin_acts(&t->points[law->follows]) * law->gain;
	if (law->is_unlike)
		target = fabs(twin_acts(&t->points[law->follows])) > 0 ? 0 : 1;
	if (law->paced > 0)
		rate = twin_acts(&t->points[law->paced - 1]) * law->pace;
	twin_arrive(p, t->now_ns);
	if (law->return_s > 0 && p->is_held &&
		(double)(t->now_ns - p->taken_ns) >= law->return_s * 1e9) {
		p->is_held = false;
		p->x = law->start;
	}
	if (law->lag_s > 0 && law->follows != IMAGE_NONE)
		target = delayed(t->delays[index], target, law->lag_s, t->now_ns);
	if (p->is_held || p->is_kept)
		return;
	if (law->is_integral)
		p->x = summed_up(image_channel_at(t->img, stored->channel), p->x, target, dt_s);
	else
		p->x = moved(law, p->x, target, rate, dt_s);
	shown = p->x;
	if (law->period_s > 0)
		shown += law->wave * sin(TWO_PI * fmod(age_s / law->period_s, 1));
	if (law->noise > 0)
		shown += law->noise * noise_of(t, index);
	twin_show(p, shown);
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
		move_point(t, i, dt_s, age_s);
}
