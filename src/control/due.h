/* due.h - calibrations that have run out; pure */
#ifndef CONTROL_DUE_H
#define CONTROL_DUE_H

#include "model/image.h"
#include "msg/event.h"

struct due;

/* For a checked image, which outlives it. */
struct due *due_new(const struct image *img);
void due_free(struct due *d);
/* What has been told of an earlier image, where it is the same, is not told again. */
void due_adopt(struct due *d, const struct due *from);
/* Once a second, while the clock is right: each calibration is told once when its day has come; at the start that is at once.
 * now_s: since 1970. */
void due_tick(struct due *d, int64_t now_s, int64_t now_ns,
	void (*event)(void *ctx, struct event *e), void *ctx);

#endif
