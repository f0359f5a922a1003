/* chunk_stats.c - what a part of a series amounts to */
#include "history/chunk.h"

#include <math.h>

#include "msg/quality.h"

/* Can it be used? Notes in `flags` what is special about it. */
static bool
is_usable(const struct series *s, size_t i, unsigned *flags)
{
	unsigned quality = series_quality(s, i);

	if (quality_is_bad(quality))
		return false;
	if (isnan(value_double(s->type, s->v[i]))) {
		*flags |= CHUNK_NAN;
		return false;
	}
	if (quality_row(quality)->class == Q_CLASS_UNCERTAIN)
		*flags |= CHUNK_UNCERTAIN;
	return true;
}

static void
add_value(struct chunk_stats *st, double v)
{
	if (st->n_good++ == 0)
		st->min = st->max = st->first = v;
	st->min = MIN(st->min, v);
	st->max = MAX(st->max, v);
	st->sum += v;
	st->last = v;
}

void
chunk_stats(const struct series *s, size_t from, size_t n, struct chunk_stats *out)
{
	struct chunk_stats st = { .n = n, .t0 = s->t[from], .t1 = s->t[from + n - 1] };

	st.t_min = st.t_max = st.t0;
	for (size_t i = from; i < from + n; i++) {
		int64_t t = s->t[i], held = 0;
		double v;

		st.t_min = MIN(st.t_min, t);
		st.t_max = MAX(st.t_max, t);
		if (i > from && t < s->t[i - 1])
			st.flags |= CHUNK_TIME_BACK;
		if (!is_usable(s, i, &st.flags))
			continue;
		v = value_double(s->type, s->v[i]);
		add_value(&st, v);
		if (i + 1 == from + n || s->t[i + 1] <= t ||
			__builtin_sub_overflow(s->t[i + 1], t, &held))
			continue;
		st.area += v * ((double)held / (double)NS_PER_S);
		if (__builtin_add_overflow(st.held_ns, held, &st.held_ns))
			st.held_ns = INT64_MAX;
	}
	st.flags |= st.n_good == n ? CHUNK_ALL_GOOD : 0;
	*out = st;
}
