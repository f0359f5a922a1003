/* utf8.h - one character of UTF-8, in and out */
#ifndef ALERT_UTF8_H
#define ALERT_UTF8_H

#include "base/defs.h"

#define UTF8_BAD '?' /* stands for bytes that are no character */

/* The character at text[0..n), n > 0; returns its bytes. Of bytes that are none one is taken, and it is UTF8_BAD. */
size_t utf8_get(const char *text, size_t n, uint32_t *out_rune);

/* Write a character, at most 4 bytes; returns their number, 0 when it does not fit into `cap`. What is no character is UTF8_BAD. */
size_t utf8_put(char *out, size_t cap, uint32_t rune);

#endif
