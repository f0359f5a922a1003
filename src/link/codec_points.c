/* codec_points.c - the order of points that plan() is promised, and the places that an image has for writing alone */
#include <stdlib.h>

#include "link/codec.h"
#include "model/image.h"

static int
by_place(const void *va, const void *vb)
{
	const struct point *a = va, *b = vb;

	int way_a = a->is_write_only ? 2 : a->is_captured,
	    way_b = b->is_write_only ? 2 : b->is_captured;

	if (way_a != way_b)
		return way_a - way_b;
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
	while (n > 0 && (pts[n - 1].is_write_only || pts[n - 1].is_captured))
		n--;
	return n;
}

void
codec_preset_point(const struct image *img, uint32_t i, struct point *out)
{
	const struct image_preset *p = image_preset_at(img, i);
	const char *key = p->key == 0 ? NULL : image_text(img, p->key);

	*out = (struct point){
		.space = p->space,
		.type = p->type,
		.address = p->address,
		.count = p->count,
		.order = p->order,
		.bit = p->bit,
		.value = p->value,
		.write_space = (int16_t)p->space,
		.write_address = p->address,
		.key = key,
		.write_key = key,
		.every_ns = NS_PER_S,
	};
}
