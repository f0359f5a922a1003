/* text.h - small help with strings and numbers as text, always in the "C" form */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/defs.h"

/* Copy with a NUL, cut to fit at a character's border; returns false when it was cut. */
bool text_copy(char *out, size_t cap, const char *text);

/* The length of the longest valid UTF-8 start of text[0..n); equals n when all of it is valid. */
size_t text_utf8(const char *text, size_t n);

/* True for [A-Za-z_][A-Za-z0-9_]*, 1 to 63 bytes: a name of a channel, instrument, link. */
bool text_is_name(const char *text);

/* Does all of `text` fit the n bytes of a pattern, in which '*' stands for any bytes? Takes at most n times the text's length. */
bool text_fits(const char *pattern, size_t n, const char *text);

/* Whole text as a number: sign, digits, '.', exponent; no blanks, no hex, no inf or nan. */
bool text_to_double(const char *text, double *out);
bool text_to_int(const char *text, int64_t *out); /* decimal, or 0x and hex digits */

/* The shortest decimal text that reads back as the same number (NaN and Inf: "null"); at least 32 bytes; returns its length. */
size_t text_from_double(char *out, double v);
size_t text_from_float(char *out, float v);

/* Nearest of n words by edit distance, NULL when none is near: for "did you mean". */
const char *text_nearest(const char *word, const char *const *words, size_t n);

/* A path that stays below where it begins: no "..", "." or empty part, nothing in front, no backslash or control character; less than `max` bytes. */
bool text_is_below(const char *path, size_t max);

uint64_t text_hash(const void *data, size_t n); /* FNV-1a, 64 bit */

#endif
