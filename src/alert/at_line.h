/* at_line.h - one line that a modem says: its fields, its end, its stamps. Pure. */
#ifndef ALERT_AT_LINE_H
#define ALERT_AT_LINE_H

#include "base/defs.h"

#define AT_FIELDS 12

struct at_field {
	const char *at; /* in the line; without its quotes */
	size_t n;
	bool is_quoted;
};

enum at_final {
	AT_NOT_FINAL,
	AT_OK,
	AT_ERROR,     /* without a number */
	AT_CMS_ERROR, /* of messages */
	AT_CME_ERROR  /* of the modem */
};

/* Does the line begin with a name such as "+CREG:"? */
bool at_is(const char *line, const char *name);

/* The fields behind "+NAME:", by commas outside of quotes; those without anything count, too. Returns how many, AT_FIELDS at most. */
size_t at_fields(const char *line, struct at_field out[AT_FIELDS]);

/* A field as a whole number from 0 to 65535; -1 when it is none. */
int at_number(const struct at_field *f);

/* Does it end an answer? `out_code`: the number of an error, -1 without one. */
enum at_final at_final_of(const char *line, int *out_code);

/* "yy/MM/dd,hh:mm:ss+zz", zz in quarter hours, as Unix seconds; false when it is no date. */
bool at_stamp(const struct at_field *f, int64_t *out_s);

#endif
