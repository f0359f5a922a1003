/* image_protect.h - the part of image_check() that is about outputs and protection */
#ifndef MODEL_IMAGE_PROTECT_H
#define MODEL_IMAGE_PROTECT_H

#include "model/image.h"

/* What is wrong ("trip") and which one, or NULL. Tables lie within the image, channels and points were checked before. */
const char *image_check_protection(const struct image *img, uint32_t *row);

#endif
