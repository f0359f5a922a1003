/* span.h - durations as people write them: 500 ms, 2 s, 1.5 min, 1h30, 1 h 30 min */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include "base/err.h"

/* The text as nanoseconds. ERR_CONF: "cause; remedy". */
int span_parse(const char *text, int64_t *out, struct err *err) MUST_CHECK;

#endif
