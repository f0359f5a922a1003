/* held.h - what the devices of a simulated bench hold at each moment
 *
 * Numbers count milliseconds, each point from a place of its own, so that a value tells where and when it was read: one
 * that comes late, from elsewhere, or out of the wrong bytes, shows.
 */
#ifndef SIMULATION_HELD_H
#define SIMULATION_HELD_H

#include "model/image.h"

struct held;

struct held *held_new(const struct image *img, uint64_t seed); /* img must outlive it */
void held_free(struct held *t);

/* What a point shows at a time, in its channel's unit; false: what the twin shows by itself, always the same. */
bool held_value(const struct held *t, uint32_t point, int64_t now_ns, double *out);

/* Could the point have shown v at any time from from_ns to until_ns? type: of its channel. */
bool held_shows(const struct held *t, uint32_t point, enum value_type type, union value v,
	int64_t from_ns, int64_t until_ns);

#endif
