/* unit.h - what can be done with units that are already numbers: compare, combine, convert
 *
 * Words become `struct unit` in src/compile/units.h; here they are only exponents, factor and offset. Pure.
 */
#ifndef MODEL_UNIT_H
#define MODEL_UNIT_H

#include "model/expr.h"

/* Places in unit.dim. The first seven are those of the SI; the others convert only where the bench says how. */
enum unit_dim {
	UNIT_LENGTH,
	UNIT_MASS,
	UNIT_TIME,
	UNIT_CURRENT,
	UNIT_TEMPERATURE,
	UNIT_AMOUNT,
	UNIT_LUMINOUS,
	UNIT_GAUGE,    /* pressure above that of the room, in Pa */
	UNIT_STANDARD, /* gas counted as m3 at 0 degC and 1013.25 hPa */
	UNIT_LEL,      /* % of the lower explosive limit */
	UNIT_PH,
	UNIT_HUMIDITY, /* % of relative humidity */
};

extern const struct unit unit_one; /* a plain number */
extern const struct unit unit_second;

bool unit_same_dim(const struct unit *a, const struct unit *b);
bool unit_is_plain(const struct unit *u);                   /* no dimension: a ratio, %, ppm */
bool unit_same(const struct unit *a, const struct unit *b); /* same in everything */

/* out = a * b^power as a difference; false when an exponent or the factor leaves its range. out may be a or b. */
bool unit_combine(const struct unit *a, const struct unit *b, int power, struct unit *out);

/* Of the same dimension: value in `to` = value in `from` * factor + offset. Two points convert with their offsets,
 * anything else by its factor alone. Factors that are meant to be round (1000, 0.06, 1/60) come out round. */
void unit_conversion(
	const struct unit *from, const struct unit *to, double *out_factor, double *out_offset);

/* The same for one value, as exact as a double can be. */
double unit_change(double v, const struct unit *from, const struct unit *to);

#endif
