/* thin.h - a channel that changes more often than it is to be recorded: dead band and shortest interval
 *
 * Never hides a change of quality, nor the last value of a movement. An unchanged value is recorded each minute all the same.
 */
#ifndef HISTORY_THIN_H
#define HISTORY_THIN_H

#include "msg/value.h"

struct thin;

/* NULL when each change is recorded; freed with free(). */
struct thin *thin_new(enum value_type type, double deadband, int64_t min_interval_ns);

/* What a sample means: bits. */
enum {
	THIN_BEFORE = 1, /* first *out_before, which waited */
	THIN_THIS = 2    /* then the sample itself */
};
unsigned thin_take(struct thin *t, const struct sample *s, struct sample *out_before);

/* A sample that waited and is to be recorded by now; false: none. */
bool thin_due(struct thin *t, int64_t now_ns, struct sample *out);

#endif
