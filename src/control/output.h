/* output.h - outputs: what was asked, what is sent, what the device holds; pure
 *
 *	           set                     a step of the ramp             acknowledged            read back
 *	(target) ------> working moves ---------------------> WRITING --------------> VERIFYING -----------> IDLE
 *	                    ^  at its rate, within limits        | refused, silent        | another value     |
 *	                    +------------------------------------+---> not taken <--------+                   +-- changed at the device
 *
 * target: what was asked of it. working: what goes to the device, moving to the target at the ramp. All in the unit of
 * the output's channel; a choice or bool is its number. Where the ramp is the device's own, the target goes to the device, and working is
 * where its ramp is (output_device.c). An output of a loop is on no wire: its `working` is the setpoint. Who owns an output decides whose target counts: see enum output_owner,
 * a higher one is not disturbed by a lower one.
 */
#ifndef CONTROL_OUTPUT_H
#define CONTROL_OUTPUT_H

#include "model/image.h"
#include "msg/command.h"
#include "msg/event.h"

struct outputs;

/* A value as a condition or an output sees it. */
struct output_reading {
	double number;
	enum quality quality;
	int64_t stamp_ns;
};

struct outputs_sink {
	void *ctx;
	uint64_t (*event)(void *ctx, struct event *e); /* as bench_event() */
	/* Set a channel of SOURCE_STATE; quality GOOD or why there is no value. */
	void (*state)(
		void *ctx, uint32_t channel, double number, enum quality quality, int64_t stamp_ns);
	void (*read)(void *ctx, uint32_t channel, struct output_reading *out);
	/* Hand a raw value to the link of a point; ERR_REFUSED: its queue is full, ERR_CONF: the point takes no such value. May call
	 * outputs_written() at once. */
	int (*write)(void *ctx, uint32_t point, uint32_t tag, union value v, struct err *err);
	void (*ask)(void *ctx, uint32_t point); /* read it as soon as the wire is free */
	/* What an output of STATE_MEASURED shows. */
	void (*measured)(
		void *ctx, uint32_t channel, double number, enum quality quality, int64_t stamp_ns);
	/* May this output be brought to `value` (no step of a safe state)? ERR_REFUSED, ERR_TIMEOUT: not yet; with cause; remedy. */
	int (*allow)(void *ctx, uint32_t output, double value, struct err *err);
	/* Is it known that a device has not lost power since then? NULL: of none, and nobody asks. */
	bool (*is_sure)(void *ctx, uint32_t instrument, int64_t since_ns);
	/* May the loop behind an output regulate for this owner? ERR_REFUSED with cause; remedy. */
	int (*ready)(void *ctx, uint32_t output, enum output_owner owner, struct err *err);
	/* What became of the order that event `cause` was; never PENDING. */
	void (*settled)(
		void *ctx, uint32_t output, uint64_t cause, enum verdict verdict, const char *text);
};

/* For a checked image, which outlives them. */
struct outputs *outputs_new(const struct image *img, const struct outputs_sink *sink);
void outputs_free(struct outputs *o);
void outputs_show(struct outputs *o, int64_t now_ns); /* all their states, once at the start */

/* The value that a text means for an output: "120", "120 degC", "open", "on", "toggle". ERR_CONF with cause; remedy. */
int outputs_parse(const struct outputs *o, uint32_t output, const char *text, double *out,
	struct err *err) MUST_CHECK;
/* "120 degC", "open": at least 64 bytes. */
void outputs_text(const struct outputs *o, uint32_t output, double value, char *out, size_t cap);

/* What is asked of an output. */
struct output_order {
	double value;
	double ramp; /* a second; below 0: the output's own; never above that. Of protection: of a ramp in the device; 0: at once */
	double holdback; /* `working` is never farther ahead of the measured value; 0: it is not bound */
	bool is_clamped; /* cut to the limits, not refused */
	bool is_at_once; /* without a ramp, and however much its memory was written: what may not wait */
	enum output_owner owner;
	uint64_t cause; /* event */
};

/* Would it be taken now? Nothing is changed. ERR_REFUSED with cause; remedy. May cut order->value. */
int outputs_check(
	struct outputs *o, uint32_t output, struct output_order *order, struct err *err) MUST_CHECK;
/* Take it: what was under way for another order is settled as FAILED. Protection (OWNER_SAFE_STATE and above) is never refused
 * and goes to the wire at once, without a ramp. */
int outputs_set(struct outputs *o, uint32_t output, struct output_order *order, int64_t now_ns,
	struct err *err) MUST_CHECK;

/* Protection will set it, others of its link come first: from now on it is theirs, and stays where it is. */
void outputs_claim(struct outputs *o, uint32_t output, enum output_owner owner, int64_t now_ns);

/* `owner` and those below give it up: it stays where it is, in manual; behind protection it is a person's. */
void outputs_release(struct outputs *o, uint32_t output, enum output_owner owner, int64_t now_ns);
void outputs_mode(struct outputs *o, uint32_t output, enum output_mode mode, int64_t now_ns);

/* An output of a loop: the loop stands aside, and both target and working go with what is measured (NaN: that is not known). */
void outputs_follow(struct outputs *o, uint32_t output, double measured, int64_t now_ns);
bool outputs_is_following(const struct outputs *o, uint32_t output);
/* It is to regulate again, at what it follows: as an order of a person would have it, without one. Does nothing for others. */
int outputs_check_lead(const struct outputs *o, uint32_t output, struct err *err) MUST_CHECK;
void outputs_lead(struct outputs *o, uint32_t output, uint64_t cause, int64_t now_ns);
/* Its ramp begins anew, from what is measured. */
void outputs_begin_from(struct outputs *o, uint32_t output, double measured, int64_t now_ns);
/* In automatic, of this owner, at rest where it is: nothing moves. ERR_REFUSED: protection has it. */
int outputs_assign(struct outputs *o, uint32_t output, enum output_owner owner, int64_t now_ns,
	struct err *err) MUST_CHECK;
/* Where it stays when it is told to: where a ramp of ours is; where the device is on its own. False: nobody knows. */
bool outputs_where(const struct outputs *o, uint32_t output, double *out);
/* While it is held back a ramp of the device waits, too, and goes on after that. */
void outputs_pause(struct outputs *o, uint32_t output);
/* Has `working` come to the target? */
bool outputs_has_arrived(const struct outputs *o, uint32_t output);
/* Did the last step of its ramp wait for the measured value? */
bool outputs_is_waiting(const struct outputs *o, uint32_t output);
/* Has an interlock stopped it where it was? What it was asked for is not its target any more. */
bool outputs_is_forbidden(const struct outputs *o, uint32_t output);

enum output_owner outputs_owner(const struct outputs *o, uint32_t output);
enum output_mode outputs_mode_of(const struct outputs *o, uint32_t output);
/* What was asked last; false: nothing was, and nothing is known. */
bool outputs_target(const struct outputs *o, uint32_t output, double *out);
bool outputs_working(const struct outputs *o, uint32_t output, double *out);
uint64_t outputs_cause(const struct outputs *o, uint32_t output); /* event of the last order */
/* Was it set, or its mode changed, after that of another? What loops write does not count. */
bool outputs_is_later(const struct outputs *o, uint32_t output, uint32_t other);
/* Is a write of it under way, or waiting for its link? */
bool outputs_is_busy(const struct outputs *o, uint32_t output);
bool outputs_is_lost(const struct outputs *o, uint32_t output); /* its instrument is down */
/* What the device holds, as far as anybody knows: what was sent last, else what it showed. */
bool outputs_held(const struct outputs *o, uint32_t output, double *out);
/* Is what was sent last read back, or acknowledged where it cannot be? */
bool outputs_is_confirmed(const struct outputs *o, uint32_t output);
/* Why it is not. */
enum quality outputs_trouble(const struct outputs *o, uint32_t output);

/* A write is settled: verdict GOOD when the device acknowledged it. */
void outputs_written(
	struct outputs *o, uint32_t tag, enum quality verdict, uint16_t code, int64_t now_ns);
/* Something was read of a channel that is written. */
void outputs_read(struct outputs *o, uint32_t channel, int64_t now_ns);
/* An instrument is down: nobody knows what its outputs hold. */
void outputs_lost(struct outputs *o, uint32_t instrument, int64_t now_ns);
/* It is back: what protection holds is written before anything else is. */
void outputs_back(struct outputs *o, uint32_t instrument, int64_t now_ns);
/* It may be: there is a wire again. What protection holds is the first that goes over it. */
void outputs_opened(struct outputs *o, uint32_t instrument, int64_t now_ns);

/* Between two ticks: what waits is tried again, what is not read back in time has failed. */
void outputs_step(struct outputs *o, int64_t now_ns);
/* Ramps, refreshing, and the same. */
void outputs_tick(struct outputs *o, int64_t now_ns);
/* The earliest time at which outputs_tick() has something to do between two ticks of the bench; NEVER. */
int64_t outputs_wake(const struct outputs *o);

/* After a restart or an outage, until it is decided how it goes on: nothing is written but by protection, nothing is adopted. */
void outputs_hold_back(struct outputs *o, uint32_t output, bool is_held_back);
bool outputs_is_held_back(const struct outputs *o, uint32_t output);
/* Was it read since then, and held what was written last? Unreadable ones are taken as they were. */
enum output_match { OUTPUT_NOT_READ, OUTPUT_SAME, OUTPUT_OTHER };
enum output_match outputs_match(const struct outputs *o, uint32_t output);

/* What was known of an output before a restart; its target is NaN when nothing was asked. */
struct output_past {
	double target, working;
	double ramp; /* a second; 0: at once */
	enum output_owner owner;
	enum output_mode mode;
};
void outputs_past(const struct outputs *o, uint32_t output, struct output_past *out);
void outputs_restore(
	struct outputs *o, uint32_t output, const struct output_past *past, int64_t now_ns);
/* It comes back to what it was, from `start`, by `ramp` a second (0: its own) and never faster than its own: written at once, the
 * interlocks look at it; not held back any more. cause: event. */
void outputs_resume(struct outputs *o, uint32_t output, const struct output_past *past,
	double start, double ramp, uint64_t cause, int64_t now_ns);
/* Is something sent that has not been settled yet? */
bool outputs_is_under_way(const struct outputs *o, uint32_t output);

/* The device of these outputs has lost power: what they hold is not known until it is read. What protection holds is written anew. */
void outputs_unknown(struct outputs *o, uint32_t instrument, int64_t now_ns);

/* The device is in a safe mode of its own, in which it has declared the channel `at` to be `value`: the output is there, and is not
 * written, but by protection that wants it elsewhere. NaN: it is ours again, and is looked at anew. */
void outputs_away(struct outputs *o, uint32_t at, double value, int64_t now_ns);
bool outputs_is_away(const struct outputs *o, uint32_t output);
/* After a reload: outputs with the same channel id and type go on as they are; writes under way are settled by their links. */
void outputs_adopt(struct outputs *o, struct outputs *from, int64_t now_ns);

#endif
