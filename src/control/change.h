/* change.h - a new bench file that changes protection: what, and may it be taken up now; pure */
#ifndef CONTROL_CHANGE_H
#define CONTROL_CHANGE_H

#include "base/buf.h"
#include "model/image.h"

/* What of the protection differs between two images, one after the other: "trip 'h2_leak' is gone, range of 'T_furn'". Ranges, ramps,
 * hazards and ways to the wire of outputs, interlocks, trips, safe states, on_stop and restore. Returns how many things. */
size_t change_describe(const struct image *was, const struct image *is, struct buf *out);

#endif
