/* stable.h - has a value been quiet for so long? pure
 *
 * The last `span` is kept as at most STABLE_PARTS parts, each with its least, greatest and mean value, so that its memory does not
 * grow with the span: what is looked at is never shorter than the span, and longer by less than one part.
 */
#ifndef CONTROL_STABLE_H
#define CONTROL_STABLE_H

#include <stdbool.h>
#include <stdint.h>

#define STABLE_PARTS 256
#define STABLE_FRESH 5 /* acquisitions that it takes at least */

struct stable_part {
	int64_t from_ns;
	double min, max, sum;
	uint32_t n;
};

struct stable {
	int64_t span_ns, part_ns;
	int64_t seen_ns; /* of the last acquisition */
	int64_t from_ns; /* since when all is known and good; 0: it is not */
	struct stable_part parts[STABLE_PARTS + 1]; /* a ring */
	uint32_t first, n;
};

void stable_begin(struct stable *s, int64_t span_ns, int64_t now_ns);
/* What is shown now: acquired at stamp_ns. A bad one begins anew. */
void stable_see(struct stable *s, double v, bool is_good, int64_t stamp_ns, int64_t now_ns);
/* Is it full, and is each value within `within` of the mean - is_relative: within that share of it? *out_mean: of the span. */
bool stable_is(
	const struct stable *s, double within, bool is_relative, int64_t now_ns, double *out_mean);

#endif
