/* run.h - one seed: a bench by chance, its twin, a world of faults, and a virtual clock
 *
 *	storm      faults of all kinds; for every second seed the bench file is edited meanwhile
 *	calm       everything is good again within RUN_RECOVERY_NS, and stays so
 *	three times  a new image: what is the same in it goes on
 *	two times  one thing goes wrong: it is told once, those beside it go on; then calm again
 */
#ifndef SIMULATION_RUN_H
#define SIMULATION_RUN_H

#include "link/codec.h"
#include "model/image.h"
#include "twin/world.h"

struct run_setup {
	uint64_t seed;
	int64_t storm_ns;
	const struct image *img; /* NULL: one made from the seed */
	const struct codec *(*codec_of)(const char *name);
};

struct run_result {
	char breach[240]; /* empty: all was as it must be */
	uint64_t digest;  /* of tape and board: equal for equal runs */
	uint64_t exchanges, records, lost_ticks, clock_steps, reloads, kills, writes, good;
	uint64_t faults[WORLD_FAULTS];
	int64_t span_ns; /* of virtual time */
};

/* True when nothing was breached. */
bool run_seed(const struct run_setup *setup, struct run_result *out);

#endif
