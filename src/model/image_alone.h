/* image_alone.h - a bench in which one instrument alone is asked, once, and nothing is written. Pure. */
#ifndef MODEL_IMAGE_ALONE_H
#define MODEL_IMAGE_ALONE_H

#include "model/image.h"

#define IMAGE_ALONE_EVERY (3600 * NS_PER_S)

/* A copy (the caller's to free) of an image that image_check() has found good: of all instruments this one alone is on its link, which
 * keeps its number. Its points are asked in the groups in which the bench asks them, an hour apart: the bytes on the wire are those that
 * the bench sends. Nothing prepares it, no channel grows old, and nothing of the bench protects, writes or runs. */
struct image *image_alone(const struct image *img, uint32_t instrument);

/* The instrument of this name; IMAGE_NONE. */
uint32_t image_find_instrument(const struct image *img, const char *name);

/* The channel is a quantity of this instrument on the wire. */
bool image_is_of(const struct image *img, uint32_t channel, uint32_t instrument);

#endif
