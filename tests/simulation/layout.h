/* layout.h - a bench made by chance, and changed by chance: links, units, points of all types in any order, with holes
 * between them
 */
#ifndef SIMULATION_LAYOUT_H
#define SIMULATION_LAYOUT_H

#include "model/image.h"

#define LAYOUT_LATENCY_NS                                                                          \
	(4 * NS_PER_MS) /* of an exchange: no link is loaded above 0.4 of its time */
#define LAYOUT_LINE_NS                                                                             \
	(12 * NS_PER_MS) /* the same on a line, with the silence and its characters */
#define LAYOUT_ECHO 1    /* 1: some lines repeat what is sent */
#define LAYOUT_GOES_ON                                                                             \
	1 /* 1: a late answer comes over a port that was closed and opened meanwhile */
#define LAYOUT_LATE_MS 1000 /* longest late_max that is written down */

struct layout;

/* The bench of a seed, the same each time; that of an odd one has TCP links where several questions may be under way. */
struct layout *layout_new(uint64_t seed);
void layout_free(struct layout *l);

/* Somebody edits the bench file: periods, points, instruments, links, names, or only the order. */
void layout_change(struct layout *l, uint64_t *chance);

/* Time of an exchange on a link. */
int64_t layout_exchange_ns(const struct image_link *link);

/* Compiled, with the numbers that `supervise` gives; the caller frees it with free(). */
struct image *layout_image(const struct layout *l);

#endif
