/* layout.h - a bench made by chance, and changed by chance: links, units, points of all types in any order, with holes
 * between them
 */
#ifndef SIMULATION_LAYOUT_H
#define SIMULATION_LAYOUT_H

#include "model/image.h"

#define LAYOUT_LATENCY_NS                                                                          \
	(4 * NS_PER_MS) /* of an exchange: no link is loaded above 0.4 of its time */

struct layout;

/* The bench of a seed, the same each time. */
struct layout *layout_new(uint64_t seed);
void layout_free(struct layout *l);

/* Somebody edits the bench file: periods, points, instruments, links, names, or only the order. */
void layout_change(struct layout *l, uint64_t *chance);

/* Compiled, with the numbers that `supervise` gives; the caller frees it with free(). */
struct image *layout_image(const struct layout *l);

#endif
