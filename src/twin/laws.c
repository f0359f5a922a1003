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

static void
move_point(struct twin *t, const struct image_twin *law, double dt_s, double age_s)
{
	struct twin_point *p = twin_number(t, law->point);
	double target = law->start, shown;

	if (p == NULL || p->is_held || p->is_kept)
		return;
	if (law->follows != IMAGE_NONE)
		target = twin_acts(&t->points[law->follows]) * law->gain;
	p->x = law->tau_s > 0 ? p->x + (target - p->x) * -expm1(-dt_s / law->tau_s) : target;
	shown = p->x;
	if (law->period_s > 0)
		shown += law->wave * sin(TWO_PI * fmod(age_s / law->period_s, 1));
	if (law->noise > 0)
		shown += law->noise * normal(&t->chance);
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
		move_point(t, image_twin_at(t->img, i), dt_s, age_s);
}
