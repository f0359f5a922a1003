/* safe.h - safe states: lists of lines that bring outputs to values, one after the other on each link; pure
 *
 * Lines of different links start at once, unless one waits for another (`after:`). A line that is not confirmed within its time
 * is told, gives way to the next one and to its second way (`else:`), and is tried again as long as the state is held. While a
 * state is held its outputs are asserted again whenever a device shows something else, or comes back.
 *
 * Two states that are held may want the same output: that of a trip has it, among equals the one that was begun last; when
 * that is left, the other takes it back.
 */
#ifndef CONTROL_SAFE_H
#define CONTROL_SAFE_H

#include "control/output.h"

struct safe;

struct safe_sink {
	void *ctx;
	uint64_t (*event)(void *ctx, struct event *e);
	void (*state)(
		void *ctx, uint32_t channel, double number, enum quality quality, int64_t stamp_ns);
	void (*make_way)(void *ctx); /* writes that wait for their wires go: these come first */
};

/* Both outlive it. */
struct safe *safe_new(
	const struct image *img, struct outputs *outputs, const struct safe_sink *sink);
void safe_free(struct safe *s);
void safe_show(struct safe *s, int64_t now_ns); /* all their states, once at the start */

/* Begin safe state `state`, or take it on for one more reason. owner: OWNER_SAFE_STATE, OWNER_TRIP. The first lines are handed to
 * their links before this returns. */
void safe_begin(struct safe *s, uint32_t state, enum output_owner owner, uint64_t cause,
	const char *why, int64_t now_ns);
/* It is given up: its outputs stay where they are, in manual. by: who; the event is the caller's. */
void safe_leave(struct safe *s, uint32_t state, int64_t now_ns);

bool safe_is_held(const struct safe *s, uint32_t state);
enum safe_phase safe_phase_of(const struct safe *s, uint32_t state);
/* Any; IMAGE_NONE. */
uint32_t safe_held(const struct safe *s);
/* Does every one of its outputs hold the value of its first line? False: of a reached one, some have it by a second way, or
 * belong to another safe state. */
bool safe_is_whole(const struct safe *s, uint32_t state);
/* The safe state that has an output; IMAGE_NONE. */
uint32_t safe_holder(const struct safe *s, uint32_t output);
/* Does a safe state, or the one given, want this output at this value? For interlocks: towards safe is always allowed. */
bool safe_wants(const struct image *img, uint32_t state, uint32_t output, double value);

/* The value that it wants for an output in the first place; false: none. */
bool safe_value(const struct image *img, uint32_t state, uint32_t output, double *out);

void safe_step(struct safe *s, int64_t now_ns); /* at each tick, and when a write is settled */
int64_t safe_wake(const struct safe *s);
enum output_owner safe_owner(const struct safe *s, uint32_t state); /* OWNER_NONE: it is not held */
uint64_t safe_cause(const struct safe *s, uint32_t state);
/* After a restart: it was held, and is asserted anew. */
void safe_restore(
	struct safe *s, uint32_t state, enum output_owner owner, uint64_t cause, int64_t now_ns);

/* After a reload: those of the same name go on; their lines are gone through anew. */
void safe_adopt(struct safe *s, const struct safe *from, int64_t now_ns);

#endif
