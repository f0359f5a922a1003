/* expect.h - what the exchanges of an instrument file expect of its channels */
#ifndef COMPILE_EXPECT_H
#define COMPILE_EXPECT_H

#include "compile/bench.h"
#include "link/codec.h"

/* The channel that a key of `expect` or `set` names, and the point that it is read from; NULL: that was told. */
const struct bench_channel *expect_channel(struct bench *b, const struct bench_instrument *ins,
	const struct node *n, uint32_t *out_point);

/* A word of the channel's choices, yes or no, or a number; false: it is none of these. */
bool expect_number(
	const struct bench *b, const struct bench_channel *ch, const char *text, double *out);

/* Is this what was read? got: NULL when nothing was. Tells what differs. */
void expect_value(struct bench *b, const struct bench_channel *ch, uint32_t point,
	const struct node *n, const struct reading *got);

#endif
