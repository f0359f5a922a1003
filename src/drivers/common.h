/* common.h - what several codecs do in the same way; pure */
#ifndef DRIVERS_COMMON_H
#define DRIVERS_COMMON_H

#include "link/codec.h"

/* The same verdict for all points of a request; returns 0, as decode() does. */
int common_verdict(
	const struct request *req, enum quality quality, unsigned code, struct readings *out);

/* Does a learned border lie inside of [start, end)? */
bool common_is_cut(const struct learned *learned, unsigned space, uint32_t start, uint32_t end);

#endif
