/* covers.c - gaps without what was imported */
#include "history/covers.h"

#include <stdlib.h>

#include "base/mem.h"

size_t
covers_join(struct reader_cover *covers, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		if (out > 0 && covers[i].from_ns <= covers[out - 1].to_ns)
			covers[out - 1].to_ns = MAX(covers[out - 1].to_ns, covers[i].to_ns);
		else
			covers[out++] = covers[i];
	}
	return out;
}

size_t
covers_meet(const struct reader_cover *a, size_t n_a, const struct reader_cover *b, size_t n_b,
	struct reader_cover **out)
{
	struct reader_cover *met = mem_zero(n_a + n_b + 1, sizeof(*met));
	size_t n = 0, i = 0, k = 0;

	while (i < n_a && k < n_b) {
		int64_t from = MAX(a[i].from_ns, b[k].from_ns), to = MIN(a[i].to_ns, b[k].to_ns);

		if (from <= to)
			met[n++] = (struct reader_cover){ a[i].import, from, to };
		if (a[i].to_ns < b[k].to_ns)
			i++;
		else
			k++;
	}
	*out = met;
	return n;
}

static int
compare(const void *a, const void *b)
{
	const struct reader_gap *x = a, *y = b;

	return (x->to_ns > y->to_ns) - (x->to_ns < y->to_ns);
}

static int64_t
add(int64_t t, int64_t more)
{
	int64_t sum;

	return !__builtin_add_overflow(t, more, &sum) ? sum : more < 0 ? INT64_MIN : INT64_MAX;
}

/* The last value of a cover still holds at its moment: what is left begins behind it. */
size_t
covers_cut(const struct reader_gap *gaps, size_t n, const struct reader_cover *covers,
	size_t n_covers, int64_t margin_ns, struct reader_gap **out)
{
	struct reader_gap *left = NULL;
	size_t cap = 0, n_left = 0;

	for (size_t i = 0; i < n; i++) {
		struct reader_gap rest = gaps[i];

		if (n_left + n_covers + 1 > cap) {
			cap = 2 * (n_left + n_covers + 1);
			left = mem_grow(left, cap, sizeof(*left));
		}
		for (size_t k = 0; k < n_covers && rest.from_ns < rest.to_ns; k++) {
			int64_t from = add(covers[k].from_ns, -margin_ns),
				to = add(covers[k].to_ns, margin_ns);

			if (to < rest.from_ns || from >= rest.to_ns)
				continue;
			if (from > rest.from_ns) {
				left[n_left] = rest;
				left[n_left++].to_ns = from;
			}
			rest.from_ns = add(to, 1);
		}
		if (rest.from_ns < rest.to_ns)
			left[n_left++] = rest;
	}
	if (n_left > 0)
		qsort(left, n_left, sizeof(*left), compare);
	*out = left;
	return n_left;
}
