/* text_message.h - messages against their formats; pure */
#ifndef DRIVERS_TEXT_MESSAGE_H
#define DRIVERS_TEXT_MESSAGE_H

#include "drivers/text_format.h"

enum text_fit {
	TEXT_FITS,
	TEXT_FITS_NOT,
	TEXT_WRONG_CHECK, /* it has the form, but its checksum or length is another */
};

struct text_found {
	const struct text_element *e;
	const uint8_t *at; /* in the message; NULL: it is in a group that is missing */
	size_t n;
};

/* Does all of in[0..n) have this form? out: the values with a name, by their number. In time that grows with n times the elements. */
enum text_fit text_message_match(const struct text_format *f, const uint8_t *in, size_t n,
	struct text_found out[TEXT_FIELDS_MAX]);

/* Could some message have the form of both? False only when that is sure. */
bool text_message_alike(const struct text_format *a, const struct text_format *b);

/* What is written in the place of an element; text: for texts, "" else. */
struct text_written {
	enum value_type type;
	union value v;
	const char *text;
};
typedef struct text_written (*text_value_fn)(void *ctx, const struct text_element *e);

/* The bytes of a message; each value is asked for. Its length, or ERR_CONF: one of them does not fit, or the whole not into cap. */
int text_message_make(const struct text_format *f, text_value_fn value, void *ctx, uint8_t *out,
	size_t cap, struct err *err);

#endif
