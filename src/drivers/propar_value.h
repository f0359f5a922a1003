/* propar_value.h - parameters of ProPar: how each type stands on the wire, and what it says */
#ifndef DRIVERS_PROPAR_VALUE_H
#define DRIVERS_PROPAR_VALUE_H

#include "link/codec.h"

enum propar_type {
	PROPAR_INT8,
	PROPAR_INT16,
	PROPAR_INT32,
	PROPAR_SINT16,
	PROPAR_MEASURE, /* the int16 that bends to negative */
	PROPAR_FLOAT,
	PROPAR_STRING,
	PROPAR_TYPES
};

#define PROPAR_WIRE_STRING 0x60

struct propar_type_row {
	uint8_t wire;  /* bits 6-5 of a parameter byte */
	uint8_t bytes; /* 0: a length stands before it */
	enum value_type value;
};

extern const struct propar_type_row propar_types[PROPAR_TYPES];

/* The value as the wire has it; false when the type cannot hold it. */
bool propar_value_wire(unsigned type, union value v, uint32_t *out);

/* The value of pt at data[*at] to r, a text into the room of `out`; *at moves behind it. False when it breaks off. */
bool propar_value_take(const struct point *pt, const uint8_t *data, size_t n, size_t *at,
	struct reading *r, struct readings *out);

/* A string at data[*at], without its padding; *at moves behind it. False when it breaks off. */
bool propar_string_take(const uint8_t *data, size_t n, size_t *at, const char **out, size_t *out_n);

#endif
