/* common.h - what several codecs do in the same way; pure */
#ifndef DRIVERS_COMMON_H
#define DRIVERS_COMMON_H

#include "link/codec.h"

/* The same verdict for all points of a request; returns 0, as decode() does. */
int common_verdict(
	const struct request *req, enum quality quality, unsigned code, struct readings *out);

/* The device refuses: DECODE_REFUSED with what it means, the device's own code and a text for the trace. */
int common_refuse(struct readings *out, enum quality quality, enum refused of, unsigned code,
	struct err *err, const char *fmt, ...) PRINTF(6, 7);

/* What the device says under this name is kept, if that is wanted, without blanks around it. text: printable UTF-8. */
void common_keep(const struct instrument *ins, const char *name, size_t n, const char *text,
	struct vars *vars);

/* Does a learned border lie inside of [start, end)? */
bool common_is_cut(const struct learned *learned, unsigned space, uint32_t start, uint32_t end);

/* A device's text, NUL-ended: printed characters of ASCII stay, all others are shown as '?'; false when it did not fit. */
bool common_text_show(char *out, size_t cap, const char *from, size_t n);

#endif
