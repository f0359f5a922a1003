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
	uint8_t owner, mode, phase;
	bool is_untold;    /* after a restart: what was told last may never have left */
	bool is_ordered;   /* the last order has not been settled */
	bool is_confirmed; /* what was sent was read back, or acknowledged where it cannot be read */
	bool is_known;     /* a good reading was taken since the device is there */
	bool is_foreign;   /* it holds something that we have not written: told */
	bool is_claimed; /* protection has it, and its value comes later: nothing is written until then */
	bool is_lost;      /* its instrument is down */
	bool is_fought;    /* protection has written it anew because it held something else: told */
	bool is_forbidden; /* the ramp waits for an interlock: told */
	bool is_held_back; /* it is not decided yet how it goes on: written by protection alone, and nothing is adopted */
	bool is_unknown;  /* its device has lost power, and has not told since what it holds */
	bool is_away;     /* its device has it, in a safe mode of its own */
	uint8_t tries;    /* readings that showed something else */
	uint16_t trouble; /* enum quality: why it is not confirmed */
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
};

struct outputs {
	const struct image *img;
	struct outputs_sink sink;
	struct output *at; /* [output] */
	uint32_t n;
	uint32_t tag;
	uint32_t *of_channel; /* [channel] output that is written there + 1; 0: none */
	int64_t wake_ns;
};

static inline bool
output_is_protected(const struct output *o)
{
	return o->owner >= OWNER_SAFE_STATE;
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
