/* units.h - what the words for units mean: an alias table, with udunits2 behind it
 *
 * A unit is one or more names joined by '/', each with an exponent if need be: mL_n/min, W/m2/K, m/s^2, 1/min. No
 * blanks. docs/units.md lists the names. Of the `compile` process only: at run time there are factors and offsets.
 * One static system; not for threads.
 */
#ifndef COMPILE_UNITS_H
#define COMPILE_UNITS_H

#include "model/expr.h"

/* Load the database of udunits2 (UDUNITS2_XML_PATH, or where its package puts it). */
int units_open(struct err *err) MUST_CHECK;
void units_close(void);

/* `text` as factor, offset and exponents; the empty text is a plain number. ERR_CONF: err->msg is "cause; remedy".
 * What was found once is remembered. */
int units_parse(const char *text, struct unit *out, struct err *err) MUST_CHECK;

/* The i-th name of the alias table, without prefixes; NULL behind the last: for schema, documents, completion. */
const char *units_list(size_t i);

#endif
