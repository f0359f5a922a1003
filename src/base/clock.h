/* clock.h - wall time as text; the clocks themselves are read in src/io alone */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/defs.h"

#define CLOCK_TEXT_SIZE 32

/* How many whole intervals (b > 0) lie below a time, which may be before 1970. */
static inline int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Nanoseconds since 1970 UTC as "2026-03-01T12:34:56.789Z"; out has CLOCK_TEXT_SIZE bytes. */
void clock_text(char *out, int64_t wall_ns);

/* The other way round, fractions of a second up to nanoseconds, none needed; ends in Z. False: it is none. */
bool clock_parse(const char *text, int64_t *out_wall_ns);

/* A duration for people: "350 ms", "2.5 s", "3 min 20 s", "2 h 5 min", "4 d 3 h"; out has CLOCK_TEXT_SIZE bytes. */
void clock_span(char *out, int64_t span_ns);

#endif
