/* chunk_sums.c - what samples of a blob stand for, when they stand for several: behind the values of a blob of version 2
 *
 *	varint    m, number of sums
 *	column    [m] samples between this one and the one with a sum before it
 *	column    [m] n - 2
 *	column    [m] t1 minus the time of the sample, ns
 *	5 values  [m] last; min; max; sum; area: float64, as chunk_value.c has them
 */
#include "history/chunk_parts.h"

#include "msg/quality.h"

#define MEMBERS 5

static double *
member(struct series_sum *sum, int i)
{
	double *const all[MEMBERS] = { &sum->last, &sum->min, &sum->max, &sum->sum, &sum->area };

	return all[i];
}

void
chunk_put_sums(struct chunk_coder *c, const struct series *s, size_t from, size_t n,
	enum chunk_form form, struct buf *out)
{
	size_t first = series_sum_behind(s, from), m = series_sum_behind(s, from + n) - first;
	struct series_sum *sums = s->sums + first;

	chunk_put_varint(out, m);
	for (size_t i = 0; i < m; i++)
		c->e[i] = sums[i].at - (i == 0 ? from : sums[i - 1].at + 1);
	chunk_put_column(c, c->e, m, form, out);
	for (size_t i = 0; i < m; i++)
		c->e[i] = sums[i].n - 2;
	chunk_put_column(c, c->e, m, form, out);
	for (size_t i = 0; i < m; i++)
		c->e[i] = (uint64_t)(sums[i].t1 - s->t[sums[i].at]);
	chunk_put_column(c, c->e, m, form, out);
	for (int k = 0; k < MEMBERS; k++) {
		for (size_t i = 0; i < m; i++)
			c->v[i].f = *member(&sums[i], k);
		chunk_put_values(c, VALUE_FLOAT, c->v, m, form, out);
	}
}

/* The samples of the blob begin at out->n. */
static bool
get_places(struct chunk_in *in, struct chunk_coder *c, struct series *out, struct series_sum *sums,
	size_t m, size_t n)
{
	uint64_t next = 0;

	chunk_get_column(c, in, c->e, m);
	for (size_t i = 0; i < m && !in->is_bad; i++) {
		next += c->e[i] > n ? n : c->e[i];
		if (next >= n)
			return false;
		sums[i] = (struct series_sum){ .at = (uint32_t)(out->n + next++) };
	}
	return !in->is_bad;
}

static bool
get_counts(struct chunk_in *in, struct chunk_coder *c, const struct series *out,
	struct series_sum *sums, size_t m)
{
	chunk_get_column(c, in, c->e, m);
	for (size_t i = 0; i < m && !in->is_bad; i++) {
		if (c->e[i] > UINT32_MAX - 2)
			return false;
		sums[i].n = (uint32_t)c->e[i] + 2;
	}
	if (in->is_bad)
		return false;
	chunk_get_column(c, in, c->e, m);
	for (size_t i = 0; i < m && !in->is_bad; i++)
		if (c->e[i] > INT64_MAX ||
			__builtin_add_overflow(out->t[sums[i].at], (int64_t)c->e[i], &sums[i].t1))
			return false;
	return !in->is_bad;
}

/* Only good numbers are summed up. */
static bool
is_sum(const struct series *out, const struct series_sum *sum)
{
	double first = value_double(out->type, out->v[sum->at]);

	return !quality_is_bad(series_quality(out, sum->at)) && first >= sum->min &&
	       first <= sum->max && sum->last >= sum->min && sum->last <= sum->max &&
	       sum->sum == sum->sum && sum->area == sum->area;
}

void
chunk_get_sums(struct chunk_coder *c, struct chunk_in *in, struct series *out, size_t n)
{
	uint64_t m = chunk_get_varint(in);
	struct series_sum *sums = c->sums;

	if (in->is_bad || m == 0 || m > n || out->type == VALUE_TEXT ||
		!get_places(in, c, out, sums, (size_t)m, n) ||
		!get_counts(in, c, out, sums, (size_t)m)) {
		in->is_bad = true;
		return;
	}
	for (int k = 0; k < MEMBERS && !in->is_bad; k++) {
		chunk_get_values(c, in, c->v, (size_t)m);
		for (size_t i = 0; i < m && !in->is_bad; i++)
			*member(&sums[i], k) = c->v[i].f;
	}
	for (size_t i = 0; i < m && !in->is_bad; i++)
		in->is_bad = !is_sum(out, &sums[i]);
	c->n_sums = in->is_bad ? 0 : (size_t)m;
}
