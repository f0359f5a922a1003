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
add_range(struct chunk_stats *st, double min, double max)
{
	if (st->n_good == 0) {
		st->min = min;
		st->max = max;
	}
	st->min = MIN(st->min, min);
	st->max = MAX(st->max, max);
}

/* A sample, and those that it stands for. */
static void
add_value(struct chunk_stats *st, double v, const struct series_sum *sum)
{
	add_range(st, v, v);
	if (sum != NULL)
		add_range(st, sum->min, sum->max);
	if (st->n_good == 0)
		st->first = v;
	st->n_good += sum == NULL ? 1 : sum->n;
	st->sum += sum == NULL ? v : sum->sum;
	st->last = sum == NULL ? v : sum->last;
}

static void
add_held(struct chunk_stats *st, double area, int64_t held)
{
	st->area += area;
	if (__builtin_add_overflow(st->held_ns, held, &st->held_ns))
		st->held_ns = INT64_MAX;
}

void
chunk_stats(const struct series *s, size_t from, size_t n, struct chunk_stats *out)
{
	struct chunk_stats st = { .n = n, .t0 = s->t[from] };
	size_t k = s->n_sums == 0 ? 0 : series_sum_behind(s, from);
	int64_t end = st.t0;

	st.t_min = st.t_max = st.t0;
	for (size_t i = from; i < from + n; i++) {
		const struct series_sum *sum =
			k < s->n_sums && s->sums[k].at == i ? &s->sums[k++] : NULL;
		int64_t t = s->t[i], held = 0;

		if (i > from && t < end)
			st.flags |= CHUNK_TIME_BACK;
		end = sum == NULL ? t : sum->t1;
		st.t_min = MIN(st.t_min, t);
		st.t_max = MAX(st.t_max, end);
		if (sum != NULL) {
			st.n += sum->n - 1;
			st.flags |= CHUNK_THINNED;
		}
		if (!is_usable(s, i, &st.flags))
			continue;
		add_value(&st, value_double(s->type, s->v[i]), sum);
		if (sum != NULL)
			add_held(&st, sum->area, sum->t1 - t);
		if (i + 1 == from + n || s->t[i + 1] <= end ||
			__builtin_sub_overflow(s->t[i + 1], end, &held))
			continue;
		add_held(&st, st.last * ((double)held / (double)NS_PER_S), held);
	}
	st.t1 = end;
	st.flags |= st.n_good == st.n ? CHUNK_ALL_GOOD : 0;
	*out = st;
}
