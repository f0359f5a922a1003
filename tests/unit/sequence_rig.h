/* sequence_rig.h - the bench of hand_bench.h with one sequence, "t"
 *
 * `needs T P N2 H2 V bed d1.lel` is said already; what follows is the rest of its file.
 */
#ifndef TESTS_SEQUENCE_RIG_H
#define TESTS_SEQUENCE_RIG_H

#include "hand_bench.h"

void sequence_begin(struct hand_rig *r, const char *text);
/* more: further lines of the bench file; d0_keys: of the furnace. */
void sequence_begin_with(
	struct hand_rig *r, const char *text, const char *more, const char *d0_keys);
/* A command that says more than a button does. */
enum verdict sequence_ask_for(struct hand_rig *r, struct command *c, const char **out_text);
/* A command of a person; *out_text, when not NULL: what it was told. */
enum verdict sequence_press(struct hand_rig *r, enum command_kind kind, const char *subject,
	const char *value, const char **out_text);
void sequence_start(struct hand_rig *r);
int16_t sequence_held(const struct hand_rig *r, int device, int reg);
/* Time goes on, and what is asked of the furnace is measured in it and in the bed. */
void sequence_follow(struct hand_rig *r, int64_t span_ns);
void sequence_is_state(struct hand_rig *r, const char *state);

#endif
