/* image_protect.h - the part of image_check() that is about outputs and protection */
#ifndef MODEL_IMAGE_PROTECT_H
#define MODEL_IMAGE_PROTECT_H

#include "model/image.h"

/* What is wrong ("trip") and which one, or NULL. Tables lie within the image, channels and points were checked before. */
const char *image_check_protection(const struct image *img, uint32_t *row);

/* A condition of a table, or nothing where it is not needed: it reads channels and n_slots names behind them. */
bool image_cond_is_sound(
	const struct image *img, const struct image_cond *c, bool is_needed, uint32_t n_slots);

#endif
