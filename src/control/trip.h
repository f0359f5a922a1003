/* trip.h - trips and interlocks: what must never be, and what happens when it is; pure
 *
 *	READY --condition true for `for`, or unknown for `on_bad`--> TRIPPED --reset: false for `reset_after`, safe state reached--> READY
 *	  ^------------------- bypass over -------------------- BYPASSED <-- bypass, with an end
 *
 * An interlock refuses writes after which its condition would be true or unknown; that it became true all the same is its trip.
 */
#ifndef CONTROL_TRIP_H
#define CONTROL_TRIP_H

#include "control/safe.h"
#include "model/expr.h"

struct trips;

struct trips_sink {
	void *ctx;
	uint64_t (*event)(void *ctx, struct event *e);
	void (*state)(
		void *ctx, uint32_t channel, double number, enum quality quality, int64_t stamp_ns);
	enum truth (*truth)(void *ctx, const struct image_cond *cond);
	/* The same, if channels held other values: fn says which. */
	enum truth (*suppose)(void *ctx, const struct image_cond *cond,
		bool (*fn)(void *fn_ctx, uint32_t channel, double *out), void *fn_ctx);
};

/* All outlive it. */
struct trips *trips_new(const struct image *img, struct safe *safe, const struct outputs *outputs,
	const struct trips_sink *sink, int64_t now_ns);
void trips_free(struct trips *t);
void trips_show(struct trips *t, int64_t now_ns); /* all their states, once at the start */

/* A reading came for this channel: does a trip read it? Then call trips_step() at once. */
bool trips_reads(const struct trips *t, uint32_t channel);
void trips_step(struct trips *t, int64_t now_ns);
int64_t trips_wake(const struct trips *t); /* the earliest end of a `for` or `on_bad`; NEVER */

/* Every trip has known that all is well for its warm-up: outputs may leave their safe values. */
bool trips_are_ready(const struct trips *t);
/* Which one is not, for messages; "" when all are. */
const char *trips_not_ready(const struct trips *t);
int64_t trips_longest(const struct trips *t); /* warm-up */
bool trips_any(const struct trips *t);        /* is one tripped? */
bool trips_is_tripped(const struct trips *t, uint32_t i);

/* May an output be brought to `value`? Not by what the interlocks say, nor anywhere but to safe values while the bench is
 * starting and it is a hazard: ERR_TIMEOUT, not yet. ERR_REFUSED with cause; remedy. */
int trips_allow(struct trips *t, uint32_t output, double value, struct err *err) MUST_CHECK;
/* The same of a channel of an instrument that no output writes: a command. */
int trips_allow_channel(
	struct trips *t, uint32_t channel, double value, struct err *err) MUST_CHECK;

/* Refuse what is asked of an output that belongs to a safe state or trip: by the name of that. 0: it belongs to neither. */
int trips_check_owner(const struct trips *t, uint32_t output, struct err *err) MUST_CHECK;

/* COMMAND_TRIP_RESET, COMMAND_BYPASS, COMMAND_BYPASS_END; cause: its event. ERR_REFUSED with cause; remedy. */
int trips_command(struct trips *t, const struct command *c, uint64_t cause, int64_t now_ns,
	struct err *err) MUST_CHECK;

struct trip_past {
	enum trip_state state;
	uint64_t cause;
	int64_t bypass_until_ns; /* BYPASSED: CLOCK_BOOTTIME */
};
void trips_restore(struct trips *t, uint32_t i, const struct trip_past *past, int64_t now_ns);
void trips_past(const struct trips *t, uint32_t i, struct trip_past *out);
void trips_adopt(struct trips *t, const struct trips *from, int64_t now_ns);

#endif
