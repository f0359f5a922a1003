/* shown.h - values and units as tables for people have them; the page does the same in web/src/format.ts */
#ifndef MSG_SHOWN_H
#define MSG_SHOWN_H

#include "msg/value.h"

/* As value_text(), but a float has as many digits as its range deserves: about five of the range, three where that spans more than three decades,
 * four without one. range: {min, max}; NULL: none. out: at least VALUE_TEXT_MAX + 1 bytes. */
void shown_value(char *out, enum value_type type, const struct sample *s, const char *choice,
	const double *range);

/* As value_text(), but a float has at most eight digits: more than an instrument has only hide the number. */
void shown_digits(char *out, enum value_type type, const struct sample *s, const char *choice);

/* "°C" for "degC"; a unit that is none of the few that people write otherwise stays as it is. */
const char *shown_unit(const char *unit);

/* The unit of a difference, as of a ramp: "K" for "degC", else as shown_unit(). */
const char *shown_step_unit(const char *unit);

#endif
