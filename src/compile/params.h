/* params.h - what differs from one instrument of a file to the next */
#ifndef COMPILE_PARAMS_H
#define COMPILE_PARAMS_H

#include "compile/bench.h"

#define PARAMS_MAX 32

struct param {
	const char *name;
	const char *text;          /* its value as it was written */
	const struct node *secret; /* of type secret: what names it; NULL: of another type */
	struct place at;
};

struct params {
	struct param at[PARAMS_MAX];
	unsigned n;
};

/* Those of a file's `params:` (NULL: none) with the values that the bench gives the instrument, or their defaults. Reports what is wrong. */
void params_read(struct bench *b, const struct node *map, const struct node *instrument,
	const struct codec *codec, struct params *out);

/* The one with this name, of n bytes; NULL: there is none. */
const struct param *params_find(const struct params *p, const char *name, size_t n);

#endif
