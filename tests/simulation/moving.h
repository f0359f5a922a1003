/* moving.h - values of any instrument that tell when they were read: each has a row of them, and takes the next one each
 * time something is asked
 *
 * How far apart the values of a point are, and how they look behind its protocol, is found out on a wire where nothing
 * goes wrong (moving_learn): a row that fits its place on the wire, and what a master reads of each value of it.
 */
#ifndef SIMULATION_MOVING_H
#define SIMULATION_MOVING_H

#include "link/codec.h"
#include "model/image.h"
#include "twin/twin.h"

#define MOVING_ROW 48 /* values of a point; an older one than that looks new again */

enum moving_kind {
	MOVING_EXACT, /* what is read is what was set */
	MOVING_SHARED, /* it is something else, but always the same: it shares its place with others, or cannot be set */
	MOVING_NEVER, /* nothing good comes of it */
};

struct moving_row;

/* What the points of an image show; img must outlive it. */
struct moving_row *moving_row_new(const struct image *img);
void moving_row_free(struct moving_row *rows);
enum moving_kind moving_kind(const struct moving_row *rows, uint32_t point);
/* It shows not what it is set to alone, but also what others are. */
bool moving_is_bound(const struct moving_row *rows, uint32_t point);
const char *moving_kind_word(const struct moving_row *rows, uint32_t point);
unsigned moving_span(
	const struct moving_row *rows, uint32_t point); /* how many different values it may show */
/* It is told by the device itself, and not asked for. */
bool moving_is_told(const struct moving_row *rows, uint32_t point);
/* What a master reads of value k; text: NULL when it is none. */
union value moving_value(
	const struct moving_row *rows, uint32_t point, unsigned k, const char **out_text);

/* ---- finding the rows ---- */

/* Set all points of a twin to their value number k. */
void moving_set(const struct moving_row *rows, struct twin *twin, unsigned k);
/* A master has read this of value k. */
void moving_learn(
	struct moving_row *rows, uint32_t point, unsigned k, const struct reading *r, bool is_told);
/* Forget what was learned. A step down: rows that did not fit become shorter; false: none has to. */
void moving_forget(struct moving_row *rows);
bool moving_step_down(struct moving_row *rows, const unsigned *ks, size_t n);
void moving_settle(struct moving_row *rows); /* all values have been seen */

/* ---- what they show when ---- */

struct moving;

struct moving *moving_new(const struct moving_row *rows, struct twin *twin);
void moving_free(struct moving *m);
/* Something is asked: the next values. */
void moving_next(struct moving *m, int64_t now_ns);
unsigned moving_at(const struct moving *m, uint32_t point);
/* A point stays where it is, until it is let go. */
void moving_hold(struct moving *m, uint32_t point, bool is_held);
/* A master wrote it: it shows value k. */
void moving_put(struct moving *m, uint32_t point, unsigned k, int64_t now_ns);
/* Did the point show what was read at some time from from_ns to until_ns? */
bool moving_showed(const struct moving *m, uint32_t point, const struct reading *r, int64_t from_ns,
	int64_t until_ns);

#endif
