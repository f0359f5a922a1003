/* output_inside.h - what the files of the outputs share */
#ifndef CONTROL_OUTPUT_INSIDE_H
#define CONTROL_OUTPUT_INSIDE_H

#include "control/output.h"

enum output_phase {
	OUTPUT_IDLE,      /* nothing is under way */
	OUTPUT_WAITING,   /* to be written: its link had no room, or the device cannot be reached */
	OUTPUT_WRITING,   /* handed to its link */
	OUTPUT_VERIFYING, /* acknowledged, to be read back */
};

struct output {
	double target, working; /* NaN: nothing was asked, and what the device holds is not known */
	double sent; /* the last that was handed to the link; NaN: none since the device was lost */
	double told; /* what the last OUTPUT_WRITTEN of this order told; NaN: none yet */
	double shown; /* the last that `at` showed; of use while is_known */
	double low,
		high; /* `at` has to show something between, widened by the tolerance: all that was sent since it was read back */
	double ramp;  /* a second; 0: at once */
	double holdback; /* 0: the ramp does not wait for the measured value */
	bool is_waiting; /* it did at the last step */
	uint8_t owner, mode, phase;
	bool is_untold; /* what was told last may never have left, or the last write has not: the next one is told */
	bool is_ordered;   /* the last order has not been settled */
	bool is_confirmed; /* what was sent was read back, or acknowledged where it cannot be read */
	bool is_known;     /* a good reading was taken since the device is there */
	bool is_foreign;   /* it holds something that we have not written: told */
	bool is_claimed; /* protection has it, and its value comes later: nothing is written until then */
	bool is_lost;      /* its instrument is down */
	int64_t back_ns;   /* when its instrument was not down any more; 0: it never was */
	uint64_t turn;     /* of all outputs: when somebody but a loop had a word in who owns it */
	bool is_following; /* its loop stands aside: it goes with what is measured */
	bool is_fought;    /* protection has written it anew because it held something else: told */
	bool is_forbidden; /* the ramp waits for an interlock: told */
	bool is_held_back; /* it is not decided yet how it goes on: written by protection alone, and nothing is adopted */
	bool is_unknown; /* its device has lost power, and has not told since what it holds */
	bool is_away;    /* its device has it, in a safe mode of its own */
	bool is_between; /* a pattern: its parts stand together as none of its choices: told, or of a change that failed */
	uint32_t bad_part; /* 1 + the part that was not taken; 0: none was */
	uint8_t tries;     /* readings that showed something else */
	uint16_t trouble;  /* enum quality: why it is not confirmed */
	uint32_t tag;
	int64_t seen_ns;    /* the last good reading */
	int64_t differs_ns; /* since when it shows something else, while nobody knows whether it has lost power; 0: it does not */
	int64_t moved_ns;   /* of `working` */
	int64_t sent_ns;    /* handed to the link */
	bool is_fresh; /* what low and high are about begins with the write that is under way */
	int64_t acked_ns; /* when that was acknowledged: a reading older than this and verify_after does not count */
	int64_t last_ns; /* when the last write was */
	int64_t due_ns;  /* WAITING: when it is tried again; VERIFYING: when it has failed */
	int64_t hour_ns; /* when the hour began in which writes are counted */
	uint32_t n_in_hour;
	uint64_t cause; /* event of the order */
	double away;    /* is_away: what it is there, as it was declared */
	/* its ramp is the device's (output_device.c); rates a second, INFINITY: at once, NaN: not known */
	double rate;       /* wanted; NaN: nothing was asked yet, and the device has its own */
	double rate_sent;  /* written and read back, or read as it is wanted */
	double rate_asked; /* the last that was handed to the link */
	double rate_there; /* what the device goes by, as far as anybody knows */
	double goal_there; /* where it goes, the same */
	double stop;       /* is_stopped: where it stays */
	bool is_stopped; /* for now: what is measured does not follow, an interlock is not known yet, mains is lost */
	bool is_catching_up; /* after a start: how far it has gone meanwhile is not known yet */
	bool keeps_rate; /* it was told to stay where it is: that needs no rate, and nobody's leave */
	bool is_insisting;  /* that, or to go on, is no order of anybody: tried until it is taken */
	bool is_rate_first; /* WRITING: the rate, and the value follows */
	bool is_value_taken; /* by protection both at once: the value is there, the rate is not yet */
	bool is_rate_behind;   /* the ramp is taken away once the value is taken */
	bool is_value_again;   /* and behind that the value is written again */
	bool is_rate_known;    /* a good reading of it was taken since the device is there */
	bool is_rate_foreign;  /* it holds another rate than was written: told */
	uint16_t rate_trouble; /* enum quality: why it was not taken */
	int64_t rate_ns;       /* when the last write of it was settled */
};

enum part_phase {
	PART_IDLE,
	PART_QUEUED,  /* others come first */
	PART_WAITING, /* its link had no room */
	PART_WRITING,
	PART_VERIFYING,
	PART_DONE,
	PART_FAILED,
};

/* A part of a pattern (output_parts.c). */
struct output_part {
	double told; /* what the last OUTPUT_PART_WRITTEN told; NaN: none since it was lost */
	uint32_t output;
	uint32_t tag;
	uint8_t phase, tries;
	uint16_t trouble; /* PART_FAILED: enum quality */
	int64_t acked_ns, due_ns;
};

struct outputs {
	const struct image *img;
	struct outputs_sink sink;
	struct output *at; /* [output] */
	uint32_t n;
	uint32_t tag;
	uint64_t turns;
	uint32_t *of_channel; /* [channel] output that is written there + 1; 0: none */
	int64_t wake_ns;
	struct output_part *parts; /* [part of the image] */
	uint32_t *
		of_part; /* [channel] part that is this channel + 1; 0: none. Of ends one of those that share it */
	uint32_t opened; /* instrument whose parts go first: it is back; IMAGE_NONE */
};

static inline bool
output_is_protected(const struct output *o)
{
	return o->owner >= OWNER_SAFE_STATE;
}

static inline bool
output_is_devices(const struct image_output *d)
{
	return d->rate_part != 0;
}

/* What `at` is to hold: where a ramp of ours is, or where that of the device leads. */
static inline double
output_goal(const struct image_output *d, const struct output *o)
{
	return !output_is_devices(d) ? o->working : o->is_stopped ? o->stop : o->target;
}

/* output_value.c: what a value of an output is on the wire, and what `at` will show of it. ERR_CONF: the point cannot hold it. */
int output_raw(const struct image *img, const struct image_output *d, double value,
	union value *out, double *out_at, struct err *err) MUST_CHECK;
/* What `at` will show of a value, where its point can hold any number. */
double output_to_at(const struct image *img, const struct image_output *d, double value);
/* The value of the output that `at` shows. */
double output_from_at(const struct image *img, const struct image_output *d, double at);
/* The nearest number of six digits. */
double output_six_digits(double v);
/* Within what two values of `at` are the same. */
double output_tolerance(const struct image *img, const struct image_output *d, double at);

/* output_value.c: the same of a channel of an instrument. */
int output_raw_at(const struct image *img, uint32_t channel, double at, union value *out,
	double *out_at, struct err *err) MUST_CHECK;
void output_at_text(const struct image *img, const struct image_channel *ch, double value,
	char *out, size_t cap);
double output_tolerance_at(const struct image *img, uint32_t channel, double within, double at);

/* output_parts.c: several channels of instruments as one output. part: counted within its output. */
double output_part_value(
	const struct image *img, const struct image_output *o, uint32_t part, double choice);
/* The place of a part in the order in which they are written for a choice. */
uint32_t output_part_order(
	const struct image *img, const struct image_output *o, uint32_t part, double choice);
void output_parts_new(struct outputs *all);
void output_parts_free(struct outputs *all);
/* Write what the output's `working` is; what comes of it is told by output_done(), perhaps before the call is back. */
void output_parts_begin(struct outputs *all, uint32_t i, int64_t now_ns);
/* Nothing more of it is written. */
void output_parts_stop(struct outputs *all, uint32_t i);
void output_parts_step(struct outputs *all, uint32_t i, int64_t now_ns);
/* Was it a write of a part? */
bool output_parts_written(struct outputs *all, uint32_t tag, enum quality verdict, int64_t now_ns);
void output_parts_read(struct outputs *all, uint32_t part, int64_t now_ns);
void output_parts_lost(struct outputs *all, uint32_t i, uint32_t instrument, int64_t now_ns);
/* On the board, for everybody: what its parts, or its ends, show together. */
void output_parts_show(struct outputs *all, uint32_t i, int64_t now_ns);
void output_parts_adopt(
	struct outputs *all, uint32_t i, struct outputs *from, uint32_t k, int64_t now_ns);

/* output_device.c: ramps that the device makes. */
/* What the rate's channel is to hold for a rate, never more than that. */
double output_rate_value(const struct image *img, const struct image_output *d, double rate);
/* Can the device go so slowly? ERR_REFUSED with cause; remedy. */
int output_rate_check(
	const struct image *img, uint32_t output, double rate, struct err *err) MUST_CHECK;
/* Where nobody can be refused: that rate, or the slowest that the device has; never none at all. */
double output_rate_near(const struct image *img, uint32_t output, double rate);
void output_device_new(struct outputs *all, uint32_t i);
/* An order was taken; `before`: what had been asked for until then. */
void output_device_take(
	struct outputs *all, uint32_t i, const struct output_order *order, double place);
/* Before the value is written: is it the rate's turn, and the value follows behind it? */
bool output_device_begin(struct outputs *all, uint32_t i, int64_t now_ns);
/* The value was handed to the device and taken, or read there. */
void output_device_taken(struct outputs *all, uint32_t i, double goal, int64_t now_ns);
bool output_rate_is_held(const struct image_output *d, const struct output *o);
/* The rate was written and read back: GOOD, or why not. */
void output_rate_done(struct outputs *all, uint32_t i, enum quality verdict, int64_t now_ns);
void output_rate_read(
	struct outputs *all, uint32_t i, const struct output_reading *r, int64_t now_ns);
/* Is it on its way? */
bool output_device_moves(const struct outputs *all, uint32_t i);
/* Where it would stay: false: nobody knows. */
bool output_device_place(const struct outputs *all, uint32_t i, double *out);
/* A hand-over moves nothing: it is told to stay where it is, at the next tick. */
void output_device_stay(struct outputs *all, uint32_t i);
/* After a start: it holds `value`. Was it told to wait there? */
void output_device_waited(struct outputs *all, uint32_t i, double value);
void output_device_tick(struct outputs *all, uint32_t i, int64_t now_ns);

/* output_parts.c: is a part of it under way? */
bool output_parts_busy(const struct outputs *all, uint32_t i);

/* output_write.c: may it go to where it is to go? False: told, and it stays where it is; or it waits. */
bool output_is_allowed(struct outputs *all, uint32_t i, int64_t now_ns);
/* What was sent is there. */
void output_confirm(struct outputs *all, uint32_t i, int64_t now_ns);
void output_fail(struct outputs *all, uint32_t i, enum quality why, double shown, int64_t now_ns);

/* output_write.c: a pattern is written: GOOD, or why not. */
void output_done(struct outputs *all, uint32_t i, enum quality verdict, int64_t now_ns);
/* All parts of it are known: the number of its choice, NaN for what is none. */
void output_seen(struct outputs *all, uint32_t i, double choice, int64_t stamp_ns, int64_t now_ns);

/* output_write.c */
void output_step(struct outputs *all, uint32_t i, int64_t now_ns);
/* What protection holds has to be seen to hold: where it cannot be read any more it is not confirmed any more. */
void output_watch(struct outputs *all, uint32_t i, int64_t now_ns);
void output_send(struct outputs *all, uint32_t i, int64_t now_ns);
void output_settle(struct outputs *all, uint32_t i, enum verdict verdict, const char *text);

/* output.c */
void output_show(struct outputs *all, uint32_t i, int64_t now_ns);
void output_event(struct outputs *all, uint32_t i, struct event *e, int64_t now_ns);

#endif
