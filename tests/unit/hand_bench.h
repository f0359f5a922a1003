/* hand_bench.h - the hand rig with a bench of the compiler
 *
 *	d0  furnace: 1 pv, 2 sp (int16, degC), 3 p (no hazard), 5 up (s)
 *	d1  gas: 0 n2, 4 h2 flow (int16), 8 h2 (coil), 6 bed (degC), 7 lel
 *	d2  outside: coils 9 beat, 10 mains, 11 low, 12 armed, 13 tripped, 14 ao; 0 wd_time (s), 1 clear (coil 15)
 *
 * Outputs T (heat, 60 K/min), P, N2 (inert), H2 and V (fuel), A (of d2); the trip `leak` reads lel; safe state cold.
 */
#ifndef TESTS_HAND_BENCH_H
#define TESTS_HAND_BENCH_H

#include "hand_rig.h"

/* The bench with `more` at its top; d2: further keys of the instrument d2, two levels deep. */
void hand_bench(struct hand_rig *r, const char *more, const char *d0_keys, const char *d2_keys);

/* Any bench file, compiled by the program that the environment's MBC_COMPILE names. */
struct image *hand_compile(const char *text);

#endif
