/* image_notices.h - the part of image_check() that is about who is told, and how */
#ifndef MODEL_IMAGE_NOTICES_H
#define MODEL_IMAGE_NOTICES_H

#include "model/image.h"

/* What is wrong ("receiver") and which one, or NULL. Tables lie within the image, and strings end within theirs. */
const char *image_check_notices(const struct image *img, uint32_t *row);

#endif
