/* restore.h - how outputs come back after an outage, or do not; pure
 *
 *	           all as it was, below 10 s: nothing is written
 *	LOOKING ------------------------------------------------------------> IDLE
 *	   | the first row of power_loss that holds                            ^
 *	   +-- continue, ramp back --> RETURNING: one after the other ---------+
 *	   +-- ask --> ASKING: the safe state, until a person says how ---> RETURNING, or IDLE
 *	   +-- a safe state; and whatever fails on the way -------------------> IDLE, in the safe state
 *
 * An outage is that of the controller, of mains, or of one device: then only its outputs are meant. Until it is decided they are held
 * back: nothing but protection writes them. What could feed a fire or poison people and is not named by the row goes to its safe value
 * first of all and waits for a person; then, once the inputs of all trips are known, the others come back in their order, each when
 * the one before it is verified.
 */
#ifndef CONTROL_RESTORE_H
#define CONTROL_RESTORE_H

#include "control/output.h"

struct hands;
struct restore;

struct restore *restore_new(struct hands *h);
void restore_free(struct restore *r);

/* What an output was before; its target is NaN when nothing was asked of it. */
void restore_past(struct restore *r, uint32_t output, const struct output_past *past);
const struct output_past *restore_past_of(const struct restore *r, uint32_t output);
/* What last() of row i of the image's lasts says: before an outage; NaN: nobody knows. */
void restore_last(struct hands *h, uint32_t i, double value, int64_t now_ns);

#define RESTORE_ALL IMAGE_NONE
/* An outage is over. A second one before the first is decided makes one of both. */
struct restore_outage {
	uint32_t instrument; /* whose outputs are meant; RESTORE_ALL */
	int64_t ns;          /* below 0: nobody knows how long it was */
	int64_t allowed_ns;  /* below that it goes on when all is as it was */
	uint64_t cause;      /* event */
};
void restore_begin(struct hands *h, const struct restore_outage *o, int64_t now_ns);
/* All outputs stay as they are until restore_begin(): mains is lost. What they are now is what comes back; of those that
 * are on their way back, what they were. */
void restore_hold(struct hands *h, int64_t now_ns);
/* They are made safe instead, and what they were is remembered until a person, or restore_begin(), says how it goes on. */
void restore_make_safe(struct hands *h, const char *why, int64_t now_ns);
/* After a restart: the safe state of an earlier question is held, and the answer is still open. */
void restore_ask_again(struct hands *h, int64_t now_ns);

/* COMMAND_RESTORE: a person says that all of it comes back. ERR_REFUSED with cause; remedy. */
int restore_command(struct hands *h, const struct command *c, uint64_t cause, int64_t now_ns,
	struct err *err) MUST_CHECK;

void restore_step(struct hands *h, int64_t now_ns); /* at each tick */
enum restore_state restore_state_of(const struct restore *r);

/* How the last outage ended, until it is asked once. */
enum restored {
	RESTORED_NOT, /* none did */
	RESTORED_AS_IT_WAS,
	RESTORED_BACK,
	RESTORED_PARTLY, /* what burns or poisons waits for a person */
	RESTORED_SAFE,   /* or something else has its outputs */
	RESTORED_ACTED   /* by an action of the sequence */
};
enum restored restore_take_end(struct restore *r);
/* An outage, or a question after one, is given up: all stays, or becomes, safe. */
void restore_give_up(struct hands *h, const char *why, int64_t now_ns);
/* Is it open how the whole bench goes on? Then nothing of it is recorded: the next controller decides anew, by the same record. */
bool restore_is_open(const struct restore *r);
void restore_adopt(struct hands *h, struct hands *from, int64_t now_ns);

#endif
