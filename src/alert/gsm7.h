/* gsm7.h - the alphabet of short messages: 128 characters of seven bits, and ten more behind an escape
 *
 * A septet stands in a byte of its own here, and is packed only on its way out. Pure.
 */
#ifndef ALERT_GSM7_H
#define ALERT_GSM7_H

#include "base/defs.h"

#define GSM7_ESCAPE 0x1B

/* The septets of a character: 1, or 2 with an escape, written to `out`; 0 when the alphabet has none. */
size_t gsm7_of(uint32_t rune, uint8_t out[2]);

/* How many septets text[0..n) takes; -1 when a character is not in the alphabet. */
int gsm7_cost(const char *text, size_t n);

/* Septets as UTF-8 with a NUL, cut at a character's border to fit `cap` > 0; returns its bytes. An escape before nothing we know is a
 * blank, as the standard asks of who does not know a table. */
size_t gsm7_text(const uint8_t *septets, size_t n, char *out, size_t cap);

/* Pack n septets behind `fill` bits (0-6) of 0; returns the bytes written: (fill + 7 n + 7) / 8. */
size_t gsm7_pack(const uint8_t *septets, size_t n, unsigned fill, uint8_t *out);

/* Unpack n septets that begin `fill` bits after in[0]; false, and nothing written, when in[0..bytes) does not hold them. */
bool gsm7_unpack(const uint8_t *in, size_t bytes, unsigned fill, size_t n, uint8_t *out);

/* A character that is like `rune` and in the alphabet, for who would rather have more of the text in a message: "°" is "deg", "ê" is
 * "e", a curved quote is a straight one. NUL-ended; "?" when there is none like it. */
const char *gsm7_like(uint32_t rune);

#endif
