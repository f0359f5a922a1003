/* series_shapes.c - chance in many shapes */
#include "series_shapes.h"

#include <math.h>
#include <string.h>

#include "base/rand.h"
#include "msg/quality.h"

enum shape { CONSTANT, RAMP, NOISE, WALK, STEPS, WILD, SHAPES };

static int64_t
spread(uint64_t *seed, int64_t most)
{
	return (int64_t)rand_below(seed, (uint64_t)(2 * most + 1)) - most;
}

/* Whole numbers that behave like a shape. */
struct source {
	enum shape shape;
	int64_t at, step, width;
	unsigned shift; /* WILD: how many bits are random */
};

static struct source
source_make(uint64_t *seed)
{
	static const int64_t widths[] = { 1, 3, 10, 300, 40000, INT64_C(1) << 40 };
	struct source s = { .shape = rand_below(seed, SHAPES) };

	s.width = widths[rand_below(seed, NELEM(widths))];
	s.at = spread(seed, 1000000);
	s.step = spread(seed, s.width);
	s.shift = (unsigned)rand_below(seed, 64);
	return s;
}

static int64_t
source_next(struct source *s, uint64_t *seed)
{
	switch (s->shape) {
	case RAMP:
		return s->at += s->step;
	case NOISE:
		return s->at + spread(seed, s->width);
	case WALK:
		return s->at += spread(seed, s->width);
	case STEPS:
		return s->at += rand_below(seed, 100) == 0 ? spread(seed, 1000 * s->width) : 0;
	case WILD:
		return (int64_t)(rand_next(seed) >> s->shift);
	default:
		return s->at;
	}
}

static double
odd_double(uint64_t *seed)
{
	static const double odd[] = { (double)NAN, (double)INFINITY, -(double)INFINITY, -0.0, 0.0,
		5e-324, -2.2250738585072011e-308, 1.7976931348623157e308, 0.1, 1e15,
		4503599627370497.5 };

	return odd[rand_below(seed, NELEM(odd))];
}

/* How whole numbers become floating point ones. */
struct scale {
	unsigned way, digits, odd_in; /* one in odd_in is something else, 0: none */
};

static struct scale
scale_make(uint64_t *seed)
{
	static const unsigned odd_in[] = { 0, 0, 0, 500, 100, 10, 2 };

	return (struct scale){ (unsigned)rand_below(seed, 8), (unsigned)rand_below(seed, 7),
		odd_in[rand_below(seed, NELEM(odd_in))] };
}

static double
scale_apply(struct scale *s, uint64_t *seed, int64_t k)
{
	static const double power[] = { 1, 10, 100, 1000, 1e4, 1e5, 1e6 };
	static const double part[] = { 1, 0.1, 0.01, 0.001, 1e-4, 1e-5, 1e-6 };

	if (s->odd_in > 0 && rand_below(seed, s->odd_in) == 0)
		return odd_double(seed);
	switch (s->way) {
	case 0:
		return (double)k * part[s->digits];
	case 1:
		return (double)((float)k * (float)part[s->digits]);
	case 2:
		return (double)(float)((double)k / power[s->digits]);
	case 3: /* a mixture of digits */
		return (double)k / power[rand_below(seed, s->digits + 1)];
	case 4:
		return (double)k / 1024;
	case 5:
		return (double)k + rand_unit(seed);
	default:
		return (double)k / power[s->digits];
	}
}

static union value
value_next(struct source *source, struct scale *scale, uint64_t *seed, enum value_type type)
{
	int64_t k = source_next(source, seed);
	union value v = { .i = k };

	if (type == VALUE_BOOL)
		v.i = k & 1;
	else if (type == VALUE_FLOAT)
		v.f = scale_apply(scale, seed, k);
	else if (type == VALUE_FLOAT32)
		v.f = (double)(float)scale_apply(scale, seed, k);
	return v;
}

static void
text_next(struct source *source, uint64_t *seed, char *out)
{
	uint64_t n = (uint64_t)source_next(source, seed) % (VALUE_TEXT_MAX + 1);
	uint64_t letters = rand_below(seed, 20) == 0 ? rand_next(seed) : n;

	for (size_t i = 0; i < n; i++)
		out[i] = (char)('a' + rand_below(&letters, 26));
	out[n] = '\0';
}

struct clock_shape {
	int64_t t, period, jitter, unit;
	uint64_t skips, wild; /* one in so many */
};

static struct clock_shape
clock_make(uint64_t *seed)
{
	static const int64_t units[] = { 1, 1000, 1000000, 1000000000, 7 };
	static const int64_t jitters[] = { 0, 0, 2, 2, 40, 5000, 1000000 };
	static const unsigned chances[] = { 2, 10, 100, 1000000 };

	return (struct clock_shape){ .t = spread(seed, INT64_C(1) << 50),
		.period = 1 + (int64_t)rand_below(seed, 2000),
		.jitter = jitters[rand_below(seed, NELEM(jitters))],
		.unit = units[rand_below(seed, NELEM(units))],
		.skips = chances[rand_below(seed, NELEM(chances))],
		.wild = chances[1 + rand_below(seed, NELEM(chances) - 1)] };
}

static int64_t
clock_next(struct clock_shape *c, uint64_t *seed)
{
	uint64_t steps = 1;

	while (rand_below(seed, c->skips) == 0 && steps < 70)
		steps++;
	if (rand_below(seed, c->wild) == 0)
		steps = rand_below(seed, 3) == 0 ? rand_next(seed) >> rand_below(seed, 64)
						 : rand_below(seed, 5) - 2;
	c->t = (int64_t)((uint64_t)c->t + steps * (uint64_t)(c->period * c->unit));
	return (int64_t)((uint64_t)c->t + (uint64_t)(spread(seed, c->jitter) * c->unit));
}

/* A quality for the next run, and whether bad samples keep an old value. */
static void
quality_next(uint64_t *seed, struct sample *s)
{
	s->quality = (uint16_t)(rand_below(seed, 3) > 0 ? Q_GOOD : rand_below(seed, Q_COUNT));
	s->code = (uint16_t)(rand_below(seed, 5) == 0 ? rand_next(seed) : 0);
	if (rand_below(seed, 50) == 0)
		s->quality = (uint16_t)rand_next(seed);
}

void
shape_series(uint64_t *seed, enum value_type type, size_t n, struct series *out)
{
	struct source source = source_make(seed);
	struct scale scale = scale_make(seed);
	struct clock_shape clock = clock_make(seed);
	static const unsigned runs[] = { 1, 20, 300, 1000000, 1000000 };
	unsigned run = runs[rand_below(seed, NELEM(runs))];
	bool keeps = rand_below(seed, 4) == 0, changes = rand_below(seed, 3) == 0;
	struct sample s = { .quality = Q_GOOD };

	for (size_t i = 0; i < n; i++) {
		if (changes && rand_below(seed, 200) == 0) {
			source = source_make(seed);
			scale = scale_make(seed);
		}
		if (rand_below(seed, run) == 0 && run < 1000000)
			quality_next(seed, &s);
		s.stamp_ns = clock_next(&clock, seed);
		s.v = value_next(&source, &scale, seed, type);
		if (type == VALUE_TEXT)
			text_next(&source, seed, s.text);
		if (quality_is_bad(s.quality) && !keeps) {
			s.v.u = 0;
			s.text[0] = '\0';
		}
		series_add(out, &s);
	}
}
