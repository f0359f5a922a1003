/* clean.h - texts from anywhere, as texts that may go anywhere. Pure.
 *
 * What is not UTF-8 becomes '?', a control character a blank: none can end a line of a head, or order a terminal about.
 */
#ifndef ALERT_CLEAN_H
#define ALERT_CLEAN_H

#include "base/buf.h"

/* Append the text; NULL is "". */
void clean_line(struct buf *out, const char *text); /* as one line */
void clean_text(
	struct buf *out, const char *text); /* tabs stay; each kind of line end becomes '\n' */

enum clean_unit { CLEAN_BYTES, CLEAN_CHARACTERS, CLEAN_UTF16 };

/* Cut what stands in b from `from` on to `max` units, "…" at its end included when something was cut. max: at least 3. */
void clean_cut(struct buf *b, size_t from, size_t max, enum clean_unit unit);

/* Words of a server or a library for people: one line, without what stands behind the name of a password (mask.h), without blanks around it, cut to fit. */
void clean_told(char *out, size_t cap, const char *text, size_t n);

#endif
