/* wakes.c - a heap of deadlines */
#include "control/wakes.h"

#include <stdlib.h>

#include "base/mem.h"

void
wakes_init(struct wakes *w, uint32_t n)
{
	w->n = n;
	w->heap = mem_zero(n, sizeof(*w->heap));
	w->place = mem_zero(n, sizeof(*w->place));
	w->at = mem_zero(n, sizeof(*w->at));
	for (uint32_t i = 0; i < n; i++) {
		w->heap[i] = w->place[i] = i;
		w->at[i] = NEVER;
	}
}

void
wakes_done(struct wakes *w)
{
	free(w->heap);
	free(w->place);
	free(w->at);
	*w = (struct wakes){ 0 };
}

/* Of equal deadlines the lower thing comes first, so that a replay is the same. */
static bool
is_before(const struct wakes *w, uint32_t a, uint32_t b)
{
	return w->at[a] != w->at[b] ? w->at[a] < w->at[b] : a < b;
}

static void
swap(struct wakes *w, uint32_t p, uint32_t q)
{
	uint32_t a = w->heap[p], b = w->heap[q];

	w->heap[p] = b;
	w->heap[q] = a;
	w->place[b] = p;
	w->place[a] = q;
}

void
wakes_set(struct wakes *w, uint32_t thing, int64_t at_ns)
{
	uint32_t p = w->place[thing];

	w->at[thing] = at_ns;
	while (p > 0 && is_before(w, w->heap[p], w->heap[(p - 1) / 2])) {
		swap(w, p, (p - 1) / 2);
		p = (p - 1) / 2;
	}
	for (;;) {
		uint32_t least = p;

		for (uint32_t child = 2 * p + 1; child <= 2 * p + 2 && child < w->n; child++)
			if (is_before(w, w->heap[child], w->heap[least]))
				least = child;
		if (least == p)
			return;
		swap(w, p, least);
		p = least;
	}
}

int64_t
wakes_first(const struct wakes *w, uint32_t *out_thing)
{
	if (w->n == 0)
		return NEVER;
	*out_thing = w->heap[0];
	return w->at[w->heap[0]];
}
