/* repeat.h - several channels alike, written once: ai{0..3} */
#ifndef COMPILE_REPEAT_H
#define COMPILE_REPEAT_H

#include "base/defs.h"
#include "base/err.h"

#define REPEAT_MOST 256 /* channels of one key */
#define REPEAT_NAME "n" /* what stands for the number: ${n}, ${n*2+512} */

struct repeat {
	const char *key; /* borrowed */
	int n_before;    /* bytes of it before the brace */
	const char *behind;
	int64_t first, last;
	int digits; /* {00..15}: with leading zeros; 0: as short as may be */
};

/* Is the key such a one? 1: *out is filled; 0: a plain key; < 0: it wants to be one, and is none. */
int repeat_parse(const char *key, struct repeat *out, struct err *err);

/* The key of one of them into out; its length, -1: no room. */
int repeat_key(const struct repeat *r, int64_t number, char *out, size_t cap);

/* A whole number changed as its name goes on: "" , "+512", "*2", "*2+512", "-1". False: the text is no such change, or too large. */
bool repeat_change(const char *text, size_t n, int64_t from, int64_t *out);

#endif
