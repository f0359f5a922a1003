/* escape.h - characters that JSON writes as \uXXXX. Pure.
 *
 * RFC 8259, 7: four hex digits, of UTF-16; what lies beyond the first plane is two of them. What a text may hold is for its reader to say.
 */
#ifndef SERVE_ESCAPE_H
#define SERVE_ESCAPE_H

#include "base/defs.h"

#define ESCAPE_UTF8 4 /* bytes of a character, at most */

/* The character behind "\u"; returns its bytes there, 4, or 10 with the second half. 0: it is none. */
size_t escape_read(const char *at, const char *end, uint32_t *out);

/* As UTF-8; returns its bytes, which are fewer than the escape had. */
size_t escape_put(char out[ESCAPE_UTF8], uint32_t c);

#endif
