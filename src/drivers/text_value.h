/* text_value.h - values of messages: bytes to numbers and texts, and back; pure */
#ifndef DRIVERS_TEXT_VALUE_H
#define DRIVERS_TEXT_VALUE_H

#include "drivers/text_format.h"

/* What an element holds: enum value_type. */
enum value_type text_value_type(const struct text_element *e);

/* The value in in[0..n), which is all of the element. Q_GOOD; Q_NOT_A_NUMBER (out_text holds what stands there), Q_TEXT_CUT, Q_MISSING (nothing
 * but blanks). out_text: VALUE_TEXT_MAX + 1 bytes, UTF-8. */
enum quality text_value_get(const struct text_element *e, const uint8_t *in, size_t n,
	union value *out, char *out_text);

/* A value as the element writes it; its length, or ERR_CONF: it does not fit. type: of v. text: for texts. */
int text_value_put(const struct text_element *e, enum value_type type, union value v,
	const char *text, uint8_t *out, size_t cap, struct err *err);

/* A length or other whole number in the form `kind` (TEXT_UINT, TEXT_HEX, TEXT_INT) of the element; false: it does not fit. */
bool text_value_put_count(const struct text_element *e, uint64_t count, uint8_t *out);
bool text_value_get_count(const struct text_element *e, const uint8_t *in, uint64_t *out);

#endif
