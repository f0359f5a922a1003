/* refusals.h - the answers by which an instrument can say no */
#ifndef SIMULATION_REFUSALS_H
#define SIMULATION_REFUSALS_H

#include "link/codec.h"
#include "model/image.h"

struct refusals;

/* img must outlive it. */
struct refusals *refusals_new(const struct image *img);
void refusals_free(struct refusals *r);
unsigned refusals_n(const struct refusals *r);
/* Number i of them as the answer to a question; its length. */
int refusals_say(struct refusals *r, unsigned i, const uint8_t *question, size_t n, uint8_t *out,
	size_t cap);
/* Does it only ask for patience? Then it is not told at once. */
bool refusals_is_busy(const struct refusals *r, unsigned i);

#endif
