/* rand.h - chance from a seed, the same on every machine (SplitMix64, public domain algorithm)
 *
 * Not for secrets. The state is the caller's, so a test can replay it.
 */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stdint.h>

static inline uint64_t
rand_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* A whole number in 0 .. n-1; n > 0. */
static inline uint64_t
rand_below(uint64_t *state, uint64_t n)
{
	return rand_next(state) % n;
}

/* A number in [0, 1). */
static inline double
rand_unit(uint64_t *state)
{
	return (double)(rand_next(state) >> 11) * 0x1p-53;
}

#endif
