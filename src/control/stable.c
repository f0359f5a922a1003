/* stable.c - has a value been quiet for so long? */
#include "control/stable.h"

#include <math.h>
#include <string.h>

#include "base/defs.h"

void
stable_begin(struct stable *s, int64_t span_ns, int64_t now_ns)
{
	memset(s, 0, sizeof(*s));
	s->span_ns = span_ns;
	s->part_ns = MAX(span_ns / STABLE_PARTS, 1);
	s->from_ns = now_ns;
}

static struct stable_part *
part_at(struct stable *s, uint32_t i)
{
	return &s->parts[(s->first + i) % NELEM(s->parts)];
}

static void
add(struct stable *s, double v, int64_t stamp_ns)
{
	struct stable_part *p = s->n == 0 ? NULL : part_at(s, s->n - 1);

	if (p == NULL || stamp_ns - p->from_ns >= s->part_ns) {
		if (s->n == NELEM(s->parts)) {
			s->first = (s->first + 1) % NELEM(s->parts);
			s->n--;
		}
		p = part_at(s, s->n++);
		*p = (struct stable_part){ .from_ns = stamp_ns, .min = v, .max = v };
	}
	p->min = fmin(p->min, v);
	p->max = fmax(p->max, v);
	p->sum += v;
	p->n++;
}

void
stable_see(struct stable *s, double v, bool is_good, int64_t stamp_ns, int64_t now_ns)
{
	if (!is_good || !isfinite(v)) {
		stable_begin(s, s->span_ns, now_ns);
		return;
	}
	if (stamp_ns == s->seen_ns || stamp_ns < s->from_ns)
		return; /* what was acquired before it began does not count */
	s->seen_ns = stamp_ns;
	add(s, v, stamp_ns);
	/* A part is old when the one behind it begins at or before the beginning of the span. */
	while (s->n > 1 && part_at(s, 1)->from_ns <= now_ns - s->span_ns) {
		s->first = (s->first + 1) % NELEM(s->parts);
		s->n--;
	}
}

bool
stable_is(const struct stable *s, double within, bool is_relative, int64_t now_ns, double *out_mean)
{
	double min = (double)INFINITY, max = -(double)INFINITY, sum = 0, mean, band;
	uint32_t n = 0;

	if (s->n == 0 || now_ns - s->from_ns < s->span_ns)
		return false;
	for (uint32_t i = 0; i < s->n; i++) {
		const struct stable_part *p = &s->parts[(s->first + i) % NELEM(s->parts)];

		min = fmin(min, p->min);
		max = fmax(max, p->max);
		sum += p->sum;
		n += p->n;
	}
	mean = sum / n;
	band = is_relative ? fabs(mean) * within : within;
	*out_mean = mean;
	return n >= STABLE_FRESH && max - mean <= band && mean - min <= band;
}
