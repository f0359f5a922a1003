/* image_hands.h - images made in C: what is written, and what must never happen */
#ifndef SIMULATION_IMAGE_HANDS_H
#define SIMULATION_IMAGE_HANDS_H

#include "image_builder.h"
#include "model/expr.h"

/* A bench channel that follows the channel of `point`, which takes writes, and its states. `like` has all but the indices; factor 0: 1.
 * Returns the output; *out_channel: its channel, the states behind it: target, working, owner, mode. */
uint32_t image_builder_output(struct image_builder *b, const char *name, uint32_t point,
	const struct image_output *like, uint32_t *out_channel);

/* The same of a bench channel whose `working` is the setpoint of a loop that moves `output`; of loops over loops the one that moves
 * another is made last, and is put before it. `loop` has all but the indices. */
uint32_t image_builder_loop(struct image_builder *b, const char *name, uint32_t point,
	const struct image_output *like, const struct image_loop *loop, uint32_t output,
	uint32_t *out_channel);

/* The next output is a choice with these words, from 0; NULL: bool; its points can only be written: they are never asked. */
void image_builder_next_output(
	struct image_builder *b, const char *const *words, uint32_t n, bool is_write_only);

/* `lines` as in the image: after and otherwise count from the first of these. */
uint32_t image_builder_safe_state(
	struct image_builder *b, const char *name, const struct image_safe_line *lines, uint32_t n);
void image_builder_on_stop(struct image_builder *b, uint32_t safe_state);

/* "channel OP number"; a further one is joined by `and`. */
struct image_cond image_builder_cond(
	struct image_builder *b, uint32_t channel, enum expr_opcode op, double number);
struct image_cond image_builder_both(
	struct image_builder *b, const struct image_cond *one, const struct image_cond *other);

/* `like` has all but name, condition and state. */
uint32_t image_builder_trip(struct image_builder *b, const char *name,
	const struct image_cond *when, const struct image_trip *like);
/* With its trip, of the same name. */
uint32_t image_builder_interlock(struct image_builder *b, const char *name,
	const struct image_cond *forbid, const struct image_trip *like);

#endif
