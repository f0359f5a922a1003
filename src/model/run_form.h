/* run_form.h - what is written down about a run: the fields that a bench asks for, and those that are given */
#ifndef MODEL_RUN_FORM_H
#define MODEL_RUN_FORM_H

#include "base/buf.h"
#include "model/image.h"

#define RUN_FIELDS_MAX 64 /* of one run */

struct run_field {
	const char *name, *value;
};

/* Is this text that may be kept and shown: UTF-8 without control characters, at most `max` bytes? */
bool run_text_is_good(const char *text, size_t max);

/* The fields of a run against what the bench asks: ERR_CONF with "cause; remedy". They are appended to `out` as one object of JSON of at most
 * `max` bytes: those that the bench names in its order, then the others as they were given. */
int run_form(const struct image *img, const struct run_field *given, size_t n, size_t max,
	struct buf *out, struct err *err) MUST_CHECK;

#endif
