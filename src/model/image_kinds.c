/* image_kinds.c - outputs that are more than one place on a wire: their parts, and polynomials */
#include <math.h>

#include "model/image.h"

bool
image_output_uses(const struct image *img, const struct image_output *o, uint32_t instrument)
{
	if (o->n_parts == 0)
		return image_channel_at(img, o->at)->instrument == instrument;
	for (uint32_t i = o->first_part; i < o->first_part + o->n_parts; i++)
		if (image_channel_at(img, image_part_at(img, i)->at)->instrument == instrument)
			return true;
	return false;
}

uint32_t
image_find_part(const struct image *img, uint32_t channel, uint32_t *out_output)
{
	for (uint32_t i = 0; i < img->outputs.n; i++) {
		const struct image_output *o = image_output_at(img, i);

		for (uint32_t k = o->first_part; k < o->first_part + o->n_parts; k++)
			if (image_part_at(img, k)->at == channel) {
				*out_output = i;
				return k;
			}
	}
	return IMAGE_NONE;
}

double
image_poly_value(const struct image *img, const struct image_output *o, double x)
{
	const double *c = image_numbers(img, o->first_coefficient);
	double v = 0;

	for (uint32_t i = o->n_coefficients; i-- > 0;)
		v = v * x + c[i];
	return v;
}

double
image_poly_place(const struct image *img, const struct image_output *o, double value)
{
	double low = o->poly_low, high = o->poly_high, middle;
	bool rises = image_poly_value(img, o, high) > image_poly_value(img, o, low);

	/* Each step halves the way: after 1100 there is no double between any two ends. */
	for (int i = 0; i < 1100; i++) {
		middle = low + (high - low) / 2;
		if (!(middle > low && middle < high))
			break;
		if ((image_poly_value(img, o, middle) < value) == rises)
			low = middle;
		else
			high = middle;
	}
	return fabs(image_poly_value(img, o, low) - value) <
			       fabs(image_poly_value(img, o, high) - value)
		       ? low
		       : high;
}
