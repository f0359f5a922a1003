/* value.h - a value is an atom: number or text, quality with a reason, time of acquisition */
#ifndef MSG_VALUE_H
#define MSG_VALUE_H

#include "base/buf.h"
#include "base/json.h"

enum value_type {
	VALUE_BOOL,
	VALUE_INT,     /* int64 */
	VALUE_UINT,    /* uint64 */
	VALUE_FLOAT,   /* float64 */
	VALUE_FLOAT32, /* float64 that holds a float32 exactly; printed as one */
	VALUE_CHOICE,  /* int64 that stands for a word */
	VALUE_TEXT,    /* up to VALUE_TEXT_MAX bytes of UTF-8 */
	VALUE_TYPES
};

#define VALUE_TEXT_MAX 63

union value {
	int64_t i;  /* BOOL (0 or 1), INT, CHOICE */
	uint64_t u; /* UINT */
	double f;   /* FLOAT, FLOAT32 */
};

/* A value as it is read from the board. */
struct sample {
	int64_t stamp_ns; /* CLOCK_BOOTTIME of the acquisition; 0 before the first */
	union value v;
	uint16_t quality; /* enum quality */
	uint16_t code;    /* the device's own code (Modbus exception), 0 where there is none */
	char text[VALUE_TEXT_MAX + 1]; /* VALUE_TEXT only */
};

const char *value_type_text(enum value_type
		type); /* "bool", "int", "uint", "float", "choice", "text"; a float32 is "float" */

/* Numeric view for expressions and plots; CHOICE and BOOL as their number, TEXT as 0. */
double value_double(enum value_type type, union value v);

/* True when both stand for the same value; two NaN are the same. */
bool value_same(enum value_type type, union value a, union value b);

/* Member `key` of type number, true/false, word or text. `choice` is the word of a CHOICE (NULL: its number).
 * Bad values are null: an old number is never shown as a good one. */
void value_json(struct json *j, const char *key, enum value_type type, const struct sample *s,
	const char *choice);

/* The same as text for programs; empty for a bad value. out: at least VALUE_TEXT_MAX + 1 bytes. */
void value_text(char *out, enum value_type type, const struct sample *s, const char *choice);

#endif
