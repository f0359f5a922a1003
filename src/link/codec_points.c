/* codec_points.c - the order of points that plan() is promised */
#include <stdlib.h>

#include "link/codec.h"

static int
by_place(const void *va, const void *vb)
{
	const struct point *a = va, *b = vb;

	if (a->is_write_only != b->is_write_only)
		return a->is_write_only ? 1 : -1;
	if (a->every_ns != b->every_ns)
		return a->every_ns < b->every_ns ? -1 : 1;
	if (a->space != b->space)
		return a->space < b->space ? -1 : 1;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->bit != b->bit)
		return a->bit < b->bit ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

size_t
codec_sort_points(struct point *pts, size_t n)
{
	if (n > 0)
		qsort(pts, n, sizeof(*pts), by_place);
	while (n > 0 && pts[n - 1].is_write_only)
		n--;
	return n;
}
