/* modbus_value.h - registers to values and back
 *
 * Registers are words in the machine's order, coils one word each (0 or 1). 0x12345678 (A=12 B=34 C=56 D=78) stands as
 * ABCD 1234 5678 | CDAB 5678 1234 | BADC 3412 7856 | DCBA 7856 3412; four registers follow the same rule.
 */
#ifndef DRIVERS_MODBUS_VALUE_H
#define DRIVERS_MODBUS_VALUE_H

#include "link/codec.h"

enum modbus_type {
	MODBUS_UINT16,
	MODBUS_INT16,
	MODBUS_UINT32,
	MODBUS_INT32,
	MODBUS_UINT64,
	MODBUS_INT64,
	MODBUS_FLOAT32,
	MODBUS_FLOAT64,
	MODBUS_BCD16, /* 0x1234 is 1234 */
	MODBUS_BCD32,
	MODBUS_STRING, /* two characters a register, high byte first; padded with NUL or blanks */
	MODBUS_BOOL,   /* a coil, or a bit of a register */
	MODBUS_TYPES
};

enum modbus_order { MODBUS_ABCD, MODBUS_CDAB, MODBUS_BADC, MODBUS_DCBA };

/* Registers that a type takes; 0 for STRING, whose length is the point's own. */
unsigned modbus_type_words(unsigned type);
enum value_type modbus_type_value(unsigned type);

/* A number or bool out of pt->count words; NOT_A_NUMBER where there is none. Not for strings. */
enum quality modbus_value_get(const struct point *pt, const uint16_t *words, union value *out);

/* A string out of pt->count words: padding stripped, bytes that are no UTF-8 shown as '?'; TEXT_CUT when it was longer. */
enum quality modbus_text_get(
	const struct point *pt, const uint16_t *words, char out[VALUE_TEXT_MAX + 1]);

/* A value (text: strings) into pt->count words; a bit of a register leaves the others as they are. ERR_CONF when the type
 * cannot hold it; then the words are untouched. */
int modbus_value_put(const struct point *pt, union value v, const char *text, uint16_t *words);

#endif
