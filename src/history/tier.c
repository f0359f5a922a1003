/* tier.c - the good values of a channel in an interval as one sample */
#include "history/tier.h"

#include <math.h>

#include "msg/quality.h"

#define LARGEST 1e200

void
tier_init(struct tier *t, enum value_type type)
{
	*t = (struct tier){ 0 };
	series_init(&t->out, type);
	series_init(&t->few, type);
}

void
tier_done(struct tier *t)
{
	series_done(&t->out);
	series_done(&t->few);
}

void
tier_clear(struct tier *t, enum value_type type)
{
	series_clear(&t->out, type);
	series_clear(&t->few, type);
	t->n = 0;
}

/* Numbers that add up: as many of them as can be do not leave the range of a double. */
static bool
adds_up(const struct series *s, size_t i, const struct series_sum *sum)
{
	if (quality_row(series_quality(s, i))->class != Q_CLASS_GOOD ||
		!(fabs(value_double(s->type, s->v[i])) <= LARGEST))
		return false;
	return sum == NULL || (sum->min >= -LARGEST && sum->max <= LARGEST && isfinite(sum->sum) &&
				      isfinite(sum->area));
}

/* sum: of sample i; NULL. */
static bool
belongs(const struct tier *t, const struct series *s, size_t i, int64_t interval,
	const struct series_sum *sum)
{
	int64_t span;

	return t->n > 0 && interval == t->interval && s->q[i] == t->few.q[0] &&
	       s->t[i] >= t->sum.t1 && (sum == NULL ? 1 : sum->n) <= UINT32_MAX - t->sum.n &&
	       !__builtin_sub_overflow(sum == NULL ? s->t[i] : sum->t1, t->few.t[0], &span);
}

static void
add_to_sum(struct tier *t, int64_t time, double v, const struct series_sum *sum)
{
	struct series_sum *all = &t->sum;

	all->area += all->last * ((double)(time - all->t1) / (double)NS_PER_S);
	all->min = fmin(all->min, sum == NULL ? v : sum->min);
	all->max = fmax(all->max, sum == NULL ? v : sum->max);
	all->sum += sum == NULL ? v : sum->sum;
	all->area += sum == NULL ? 0 : sum->area;
	all->last = sum == NULL ? v : sum->last;
	all->n += sum == NULL ? 1 : sum->n;
	all->t1 = sum == NULL ? time : sum->t1;
}

void
tier_add(struct tier *t, const struct series *s, size_t i, int64_t interval)
{
	const struct series_sum *sum = series_sum_of(s, i);
	double v = value_double(s->type, s->v[i]);
	bool is_one = adds_up(s, i, sum);

	if (!is_one || !belongs(t, s, i, interval, sum))
		tier_cut(t);
	if (!is_one) {
		series_append(&t->out, s, i, 1);
		return;
	}
	if (t->n <= TIER_FEW)
		series_append(&t->few, s, i, 1);
	if (t->n++ > 0) {
		add_to_sum(t, s->t[i], v, sum);
		return;
	}
	t->interval = interval;
	if (sum != NULL)
		t->sum = *sum;
	else
		t->sum = (struct series_sum){
			.n = 1, .t1 = s->t[i], .last = v, .min = v, .max = v, .sum = v
		};
}

/* To 12 digits: what adding up has left behind them takes more room than all the rest. */
static double
rounded(double v)
{
	double digits = 11 - floor(log10(fabs(v))), scale;

	if (!(digits > 0 && digits <= 22)) /* 10^22 is the last power that is a double */
		return v;
	scale = pow(10, digits);
	return round(v * scale) / scale;
}

void
tier_cut(struct tier *t)
{
	struct sample first;

	if (t->n == 1 || (t->n <= TIER_FEW && t->few.n_sums == 0)) {
		series_append(&t->out, &t->few, 0, t->few.n);
	} else if (t->n > 0) {
		series_sample(&t->few, 0, &first);
		series_add(&t->out, &first);
		t->sum.at = (uint32_t)t->out.n - 1;
		t->sum.sum = rounded(t->sum.sum);
		t->sum.area = rounded(t->sum.area);
		series_add_sum(&t->out, &t->sum);
	}
	series_clear(&t->few, t->few.type);
	t->n = 0;
}
