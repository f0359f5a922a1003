/* layout.h - a bench made by chance: links, units, points of all types in any order, with holes between them */
#ifndef SIMULATION_LAYOUT_H
#define SIMULATION_LAYOUT_H

#include "model/image.h"

#define LAYOUT_LATENCY_NS                                                                          \
	(4 * NS_PER_MS) /* of an exchange: no link is loaded above 0.4 of its time */

/* The bench of a seed, the same each time; the caller frees it with free(). */
struct image *layout_make(uint64_t seed);

#endif
