/* stage.h - what a run plays on: a bench, its twin, the world between them, and a virtual clock
 *
 * The bench file may be changed while it runs: the stage then does what `control` does with a new image.
 */
#ifndef SIMULATION_STAGE_H
#define SIMULATION_STAGE_H

#include "control/bench.h"
#include "held.h"
#include "layout.h"
#include "run.h"
#include "trail.h"
#include "twin/twin.h"
#include "watch.h"

struct stage {
	struct layout *layout; /* NULL: the image was given, and only its own copy replaces it */
	const struct image *img;
	struct bench *bench;
	struct board *board;
	void *memory;
	size_t memory_size;
	struct twin *twin;
	struct world *world;
	struct held *held;
	struct watch *watch;
	struct trail *trail; /* where its events go */
	const struct codec *(*codec_of)(const char *name);
	uint64_t chance, held_seed;
	bool is_storm, is_edited; /* while it storms: faults come, and new images */
	int64_t start_ns, now_ns;
	int64_t next_tick_ns, last_tick_ns, next_trouble_ns, next_edit_ns;
	int64_t wall_ns;
	uint64_t missed;      /* ticks that the next one makes up for */
	uint64_t lost, stops; /* ticks lost, and how many times */
	uint64_t steps;       /* of the wall clock */
	uint64_t reloads;
	uint64_t faults_gone; /* of links that are no more */
	uint64_t digest;      /* of all boards before this one */
	int64_t slowest_ns;   /* longest period of a point */
};

void stage_start(struct stage *r, const struct run_setup *setup);
void stage_end(struct stage *r);

int64_t stage_span(struct stage *r, int64_t from_ns, int64_t to_ns); /* by chance */
void stage_advance(struct stage *r, int64_t until_ns);               /* or until a breach */

/* Go over to a new image, with up to `changes` changes. *out_kept: the old index of each link whose connection went on,
 * IMAGE_NONE for others. Returns the image from before. The caller frees both. */
struct image *stage_reload(struct stage *r, unsigned changes, uint32_t **out_kept);

uint64_t stage_faults(const struct stage *r); /* of all kinds, on all links, so far */
bool stage_plays(
	const struct stage *r, uint32_t instrument); /* this machine itself is not played */
uint32_t stage_any_instrument(struct stage *r);
uint32_t stage_any_point(struct stage *r, uint32_t instrument);
void stage_disturb(struct stage *r, enum world_fault fault, uint32_t instrument, uint32_t point,
	int64_t for_ns);

#endif
