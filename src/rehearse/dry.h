/* dry.h - a bench on a virtual clock: the controller as it is, and its twin in place of the devices; pure
 *
 *	channels  values of the twin are readings, what is written goes straight to it: no wires, no bytes. A day takes seconds.
 *	bytes     links, codecs and the players of the twin speak over wires in memory, as in a bench that runs.
 *
 * Both read and write at the same times, within some milliseconds, and noise depends on the time alone: so the same happens in both.
 */
#ifndef REHEARSE_DRY_H
#define REHEARSE_DRY_H

#include "control/bench.h"
#include "twin/twin.h"

#define DRY_START_NS (1000 * NS_PER_S) /* of its clock */

struct dry;

struct dry_setup {
	const struct image *img; /* outlives it */
	bool is_bytes;
	uint64_t seed;
	int64_t wall_ns; /* CLOCK_REALTIME at its start */
	void (*event)(void *ctx, const struct event *e);
	void *ctx;
};

struct dry *dry_new(const struct dry_setup *setup);
void dry_free(struct dry *d);

struct twin *dry_twin(struct dry *d); /* before the first tick: to say how it begins */
const struct board *dry_board(const struct dry *d);
int64_t dry_now(const struct dry *d);

/* All that happens until the next tick, and that tick. */
void dry_tick(struct dry *d);

/* Filled in: id and principal. The verdict as far as it is known at once, PENDING else; *out_text is valid until the next one. */
enum verdict dry_command(struct dry *d, struct command *c, const char **out_text);

/* From now on this instrument answers nothing. */
void dry_kill(struct dry *d, uint32_t instrument);

/* Is it played at all? Not what is on this computer, nor what has no player. */
bool dry_plays(const struct image *img, uint32_t instrument);

#endif
