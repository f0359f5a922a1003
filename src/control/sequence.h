/* sequence.h - the sequence under test: an interpreter of one program at a time; pure
 *
 *	IDLE --START--> RUNNING --------------------------------------------------------------------> COMPLETE
 *	                  |  ^                                                                 (the last step ended)
 *	      hold, PAUSE |  | RESUME (RESTARTING while outputs come back from their safe values)
 *	                  v  |
 *	         HOLDING, HELD --held for too long: its handler--> STOPPING --> STOPPED
 *	any of these --ABORT--> ABORTING (its handler, else the safe state) --> ABORTED;  --trip--> ABORTED
 *
 * States of ISA-88. What a sequence means: docs/sequences.md. Progress has a clock of its own, which stands while it is not
 * RUNNING, STOPPING or ABORTING: whatever waits for a time waits on that clock. What it does falls on ticks.
 *
 * While it is active the outputs that it writes are its own, in automatic. Whatever it asks of them goes through the same checks as
 * what people ask; a refusal holds it.
 */
#ifndef CONTROL_SEQUENCE_H
#define CONTROL_SEQUENCE_H

#include "control/channel.h"
#include "control/command.h"
#include "link/link.h"
#include "model/sequence.h"

struct sequencer;

struct sequencer_sink {
	void *ctx;
	uint64_t (*event)(void *ctx, struct event *e);
	uint64_t (*intent)(void *ctx, struct event *e);
	enum command_record (*recorded)(void *ctx, uint64_t id, int64_t asked_ns, int64_t now_ns);
	/* As link_write_once(), -> sequencer_once(), perhaps before the call is back. */
	int (*write_once)(void *ctx, uint32_t point, uint32_t tag, union value v, const char *text,
		struct err *err);
};

/* All outlive it. */
struct sequencer_parts {
	const struct image *img;
	struct channels *channels;
	struct outputs *outputs;
	struct safe *safe;
	struct trips *trips;
};

struct sequencer *sequencer_new(
	const struct sequencer_parts *parts, const struct sequencer_sink *sink, int64_t now_ns);
void sequencer_free(struct sequencer *s);

/* At each tick, behind trips, alarms, commands and rules; before ramps. */
void sequencer_tick(struct sequencer *s, int64_t now_ns);

/* Is one under test, held ones included? */
bool sequencer_is_active(const struct sequencer *s);
/* Which one; IMAGE_NONE: none was started since the beginning. */
uint32_t sequencer_current(const struct sequencer *s);
enum sequence_state sequencer_state(const struct sequencer *s);

/* COMMAND_SEQUENCE_*; cause: its event. ERR_REFUSED with cause; remedy. *out_text, VERDICT_TEXT bytes: what
 * to know when it is done; or all that is wrong, where that is more than err->msg takes. */
int sequencer_command(struct sequencer *s, const struct command *c, uint64_t cause, int64_t now_ns,
	char *out_text, struct err *err) MUST_CHECK;

/* Does what was looked at when it was asked still execute, ask, hold? ERR_REFUSED with what does now, and what to do. */
int sequencer_is_as_seen(
	const struct sequencer *s, const struct command *c, struct err *err) MUST_CHECK;

/* What event `cause` asked of an output is settled. */
void sequencer_settled(struct sequencer *s, uint32_t output, uint64_t cause, enum verdict verdict,
	const char *text, int64_t now_ns);

/* What became of a write that was to happen once. */
void sequencer_once(struct sequencer *s, uint32_t tag, enum link_once once, enum quality verdict,
	int64_t now_ns);

/* May an image be taken up now? One in which the sequence under test is another only if all but steps that have not begun is as it was. */
int sequencer_may_adopt(
	const struct sequencer *s, const struct image *next, struct err *err) MUST_CHECK;
void sequencer_adopt(struct sequencer *s, struct sequencer *from, int64_t now_ns);

/* What outlives the controller, in pieces of at most SEQUENCER_PIECE bytes; n 0: none. The first one has the clock. */
#define SEQUENCER_PIECE 63
uint32_t sequencer_pieces(const struct sequencer *s);
/* Do two first pieces differ in the clock alone? */
bool sequencer_is_same_but_clock(const uint8_t *a, const uint8_t *b);
size_t sequencer_save(const struct sequencer *s, uint32_t piece, uint8_t out[SEQUENCER_PIECE]);

/* After a restart: find(ctx, piece) gives what was saved, NULL: nothing. Outputs were restored before. It is as it was, and stands
 * still until sequencer_go_on(). False: none was active, or it is not the same any more: then err->msg says so, else it is empty. */
typedef const uint8_t *(*sequencer_find_fn)(void *ctx, uint32_t piece, size_t *out_n);
bool sequencer_restore(struct sequencer *s, sequencer_find_fn find, void *ctx, int64_t now_ns,
	struct err *err) MUST_CHECK;

/* ---- outages: of the controller, of mains, of a device (sequence_power.c) ---- */

/* Does it write this output? False when none is under test. */
bool sequencer_uses(const struct sequencer *s, uint32_t output);
/* An outage that began at from_ns (NEVER: nobody knows) is over, or has begun: it stands as it is until one of the following. Shown as held. After a
 * restart it stands already. */
void sequencer_stand(struct sequencer *s, int64_t from_ns, int64_t now_ns);
bool sequencer_is_standing(const struct sequencer *s);
/* What is shown as the reason meanwhile; text stays. */
void sequencer_stands_for(struct sequencer *s, const char *text);
/* Does SAFE PAUSE hold it, and the safe state is its own? */
bool sequencer_is_safe_paused(const struct sequencer *s);
/* Has it a table of power_loss? */
bool sequencer_has_rows(const struct sequencer *s);
/* The row that is taken, of the image's table; IMAGE_NONE: what it needs to know may still come. outage_ns below 0: unknown, the last one. */
uint32_t sequencer_pick_row(struct sequencer *s, int64_t outage_ns, bool may_come, int64_t now_ns);
uint32_t sequencer_first_row(const struct sequencer *s);
/* A second, in the unit of the output: how fast row's `ramp back` brings it back; 0: as it likes. */
double sequencer_back_rate(struct sequencer *s, uint32_t row, uint32_t output);
/* Safe state where a failure on the way back leads. */
uint32_t sequencer_fallback(const struct sequencer *s);
/* Do the action of a row. */
void sequencer_act(
	struct sequencer *s, uint32_t row, const char *why, uint64_t cause, int64_t now_ns);
/* It goes on as it was, and the run is told to have been interrupted. */
void sequencer_go_on(struct sequencer *s, int64_t now_ns);
/* What stands is held, for a reason; or, standing or not, it is given up, behind protection. */
void sequencer_hold(struct sequencer *s, const char *why, uint64_t cause, int64_t now_ns);
void sequencer_give_up(struct sequencer *s, const char *why, uint64_t cause, int64_t now_ns);

#endif
