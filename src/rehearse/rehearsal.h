/* rehearsal.h - one sequence from START to its end, on a virtual clock; pure
 *
 * The controller, its interpreter and its protection are those of the bench (dry.h). What people do is played: the form is filled,
 * questions are answered after a minute. What has happened is kept in tables of bounded size.
 */
#ifndef REHEARSE_REHEARSAL_H
#define REHEARSE_REHEARSAL_H

#include "base/plot.h"
#include "model/sequence.h"
#include "rehearse/dry.h"

#define REHEARSAL_STEPS 1000 /* kept; further ones are counted */
#define REHEARSAL_NEWS 1000  /* the same of what happened besides */
#define REHEARSAL_ROWS                                                                             \
	20000 /* of the trajectories: when they are full, each second one is left out */
#define REHEARSAL_COLUMNS 200 /* channels of the trajectories */
#define REHEARSAL_PAIRS 100

struct rehearsal_pair {
	const char *name, *value;
};

struct rehearsal_setup {
	const struct image *img;
	uint32_t sequence;
	bool is_bytes;
	int64_t wall_ns;
	int64_t limit_ns;                            /* of virtual time */
	struct rehearsal_pair sets[REHEARSAL_PAIRS]; /* parameters and fields */
	struct rehearsal_pair
		begins[REHEARSAL_PAIRS];      /* channels of instruments, and where they begin */
	const char *answers[REHEARSAL_PAIRS]; /* to the first, second, ... question */
	uint32_t n_sets, n_begins, n_answers;
	bool (*is_over)(
		void *ctx); /* has it taken too much time? Asked now and then; may be NULL */
	void *ctx;
};

enum rehearsal_end {
	REHEARSAL_COMPLETE,
	REHEARSAL_STOPPED, /* by `on hold` */
	REHEARSAL_ABORTED,
	REHEARSAL_HELD,    /* nobody would ever end that */
	REHEARSAL_LAWLESS, /* it waited in vain for something that the twin cannot make true */
	REHEARSAL_REFUSED, /* START */
	REHEARSAL_ENDLESS, /* of virtual time */
	REHEARSAL_SLOW,    /* of the processor's */
	REHEARSAL_ENDS
};
extern const char *const rehearsal_end_words[REHEARSAL_ENDS];

struct rehearsal_step {
	uint32_t step;          /* of the image's table */
	double at_s;            /* since START */
	double planned_s;       /* what the controller says when it begins */
	double took_s;          /* NaN: it has not ended */
	char ended[EVENT_TEXT]; /* "done", or why it did not go its way */
};

/* Something that a person would want to know. */
struct rehearsal_news {
	double at_s;
	uint32_t step; /* number; 0: none yet */
	enum event_kind kind;
	double value;
	char subject[EVENT_SUBJECT], text[EVENT_TEXT];
};

/* What flows through an output, or the energy of one that is a power. */
struct rehearsal_sum {
	uint32_t channel;
	char unit[32];
	bool is_energy;
	double factor; /* of value x seconds */
	double sum;
};

struct rehearsal {
	struct rehearsal_setup setup;
	const struct image *img;
	const struct image_sequence *seq;
	struct dry *dry;
	int64_t start_ns; /* START, 0: not yet */
	enum rehearsal_end end;
	bool is_ended;
	double took_s;
	char why[300];  /* it is not complete: why */
	uint32_t where; /* number of the step where that was; 0: before the first */
	struct rehearsal_step *steps;
	uint32_t n_steps, n_more_steps;
	struct rehearsal_news *news;
	uint32_t n_news, n_more_news;
	struct rehearsal_sum *sums;
	uint32_t n_sums;
	/* trajectories: [row][column], NaN: nothing is known */
	uint32_t columns[REHEARSAL_COLUMNS]; /* channels */
	uint32_t lines[REHEARSAL_COLUMNS];   /* of the plot */
	uint32_t n_columns;
	double *rows, *times;
	uint32_t n_rows, every; /* each `every`th second is kept */
	int64_t sample_ns;      /* the next one */
	uint64_t n_samples;
	struct plot *plot;
	/* while it runs */
	char state[EVENT_TEXT];
	int64_t held_ns, reply_ns; /* since when; when a question is answered; 0 */
	uint32_t n_questions;
	uint32_t question, step_time; /* channels */
	bool must_read_plan, is_lawless;
	int64_t guard_ns; /* the last time that a guard acted */
};

/* Everything up to START, which is the last that is done. */
void rehearsal_begin(struct rehearsal *r, const struct rehearsal_setup *setup);
/* One tick; false: it has ended. */
bool rehearsal_tick(struct rehearsal *r);
void rehearsal_done(struct rehearsal *r);

/* Seconds since START. */
double rehearsal_time(const struct rehearsal *r);

/* The value of a slot of its sequence as it was told, else as it is written; NaN: none, or it is a text. */
double rehearsal_slot(const struct rehearsal *r, uint32_t slot);
/* What is no UTF-8 any more, because it was cut, goes. */
void rehearsal_clean(char *text);
/* What a text slot says. */
const char *rehearsal_text(const struct rehearsal *r, uint32_t slot);

/* ---- worst.c ---- */
/* How long it can take at most when all goes its way: each wait until its timeout, each ramp with its holdback, of an `if` the longer
 * part. notes: what it leaves open, a line each. NaN: nobody can tell. */
double rehearsal_worst(const struct rehearsal *r, struct buf *notes);

/* ---- trace.c: trajectories and sums ---- */
void rehearsal_choose(struct rehearsal *r); /* which channels */
void rehearsal_sample(struct rehearsal *r); /* when it is time, and at the end */
void rehearsal_csv(const struct rehearsal *r, struct buf *out);
void rehearsal_svg(struct rehearsal *r, struct buf *out);
/* The points that a wait reads, by their names, when none of them has a law; the number of them, 0: something moves. */
uint32_t rehearsal_lawless(const struct image *img, const struct image_instr *in, struct buf *out);

#endif
