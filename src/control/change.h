/* change.h - a new bench file that changes protection: what, and may it be taken up now; pure */
#ifndef CONTROL_CHANGE_H
#define CONTROL_CHANGE_H

#include "base/buf.h"
#include "model/image.h"

/* What of the protection differs between two images, one after the other: "trip 'h2_leak' is gone, range of 'T_furn'". Ranges, ramps,
 * hazards and ways to the wire of outputs, interlocks, trips, safe states, on_stop and restore. Returns how many things. */
size_t change_describe(const struct image *was, const struct image *is, struct buf *out);

/* The same, a line each: "weaker: range of 'T_furn' wider: 0 to 700 -> 0 to 900". What prevents less than before is weaker, and so is what cannot be
 * judged; "stronger" what prevents more, "changed" the rest. */
#define CHANGE_LINE 256
struct change_count {
	size_t weaker, stronger, other;
};
size_t change_list(const struct image *was, const struct image *is, struct buf *out,
	struct change_count *out_count);

#endif
