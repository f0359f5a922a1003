/* sequence_inside.h - what the files of the sequencer share */
#ifndef CONTROL_SEQUENCE_INSIDE_H
#define CONTROL_SEQUENCE_INSIDE_H

#include "control/sequence.h"
#include "control/stable.h"

#define NO_BRANCH UINT32_MAX

/* What comes behind a statement. */
enum pace { PACE_NEXT, PACE_STAYS, PACE_JUMPED };

/* How far a command of an instrument has come. They are recorded: the numbers stay. */
enum told_phase {
	TOLD_READY,    /* nothing has happened yet: until it can be started */
	TOLD_INTENT,   /* from here on one who dies leaves behind that nobody knows */
	TOLD_NAMING,   /* the name is on its way */
	TOLD_STARTING, /* the start is */
	TOLD_TAKEN,    /* the device took it */
	TOLD_AT_WORK,  /* and was seen at work */
	TOLD_OVER,     /* and has ended */
	TOLD_REFUSED,  /* it provably was not started, and is not tried again */
	TOLD_LATE,     /* it was started, and has not ended in time */
	TOLD_UNSURE,   /* nobody knows whether it was started, or has ended: a person is asked */
	TOLD_PHASES
};

struct loop {
	uint32_t instr; /* FOR or REPEAT */
	uint32_t turn;  /* 0: the first */
};

/* One strand of statements. The first one is branch 0; the others were forked. */
struct branch {
	bool is_used;
	bool is_waiting;             /* it forked, and waits for those */
	bool is_begun;               /* the statement at pc has begun */
	bool is_asked;               /* its intent is recorded, or on its way there */
	uint32_t parent;             /* NO_BRANCH: none */
	uint32_t pc;                 /* instruction of the image's table */
	int64_t at_ns;               /* clock of progress: when its statement began */
	int64_t inside_ns;           /* GUARANTEED: time spent inside; RAMP: time held back */
	int64_t looked_ns;           /* clock at the last look */
	int64_t span_ns, timeout_ns; /* of its statement, as they were when it began */
	double low, high;            /* RESULT, GUARANTEED: within */
	uint64_t event;              /* SET, COMMAND: its intent */
	int64_t asked_ns;            /* when */
	uint8_t phase;               /* COMMAND: enum told_phase */
	uint8_t n_tries;             /* COMMAND: further ones */
	uint32_t tag;                /* COMMAND: of the write that is under way */
	struct loop loops[SEQUENCE_LOOPS_MAX];
	uint32_t n_loops;
};

/* What it asked of an output. */
struct grip {
	bool is_used; /* it writes this output */
	bool is_moving; /* on its way to `target`, or there: behind a hold it is brought there again */
	bool is_background; /* by `set` or `start ramp` */
	uint32_t branch;    /* whose statement waits for it; NO_BRANCH */
	double target, ramp, holdback;
	int64_t lost_ns; /* since when its device is silent, in the middle of a ramp; 0: it answers */
	double paused;   /* where `working` was before a safe state took it; NaN */
	double was;      /* `working`, while it was the sequence's; NaN */
	uint64_t cause; /* event of the last order that is not settled; 0: none */
};

enum held_by { HELD_BY_PERSON, HELD_BY_ACTION, HELD_BY_FAILURE, HELD_BY_PROTECTION };

/* Of what is asked for in a tick the strongest is done. */
struct wish {
	bool is_any;
	uint32_t action;
	uint32_t branch; /* NO_BRANCH: a guard's */
	uint32_t guard;  /* IMAGE_NONE */
	char why[EVENT_TEXT];
};

struct watch {
	bool has_fired;     /* and its condition has not been false since */
	int64_t unknown_ns; /* since when; 0: it is known */
};

/* What last() of a slot will say. */
struct seq_last {
	double number;
	int64_t good_ns; /* when it was so; 0: never */
};

struct sequencer {
	struct sequencer_parts p;
	struct sequencer_sink sink;
	const struct image *img;
	const struct image_sequence *seq; /* NULL: none was started */
	uint32_t index;
	enum sequence_state state;
	uint32_t step;  /* of the image's table */
	uint64_t run;   /* event of its start: the number of the run */
	uint64_t visit; /* event of its step: another one each time that a step is entered */
	char principal[EVENT_PRINCIPAL]; /* who started it */
	int64_t clock_ns;                /* of progress */
	int64_t ticked_ns;               /* the last tick */
	int64_t now_ns;
	int64_t began_ns;      /* START */
	int64_t step_clock_ns; /* clock when the step began */
	int64_t step_plan_ns,
		rest_plan_ns; /* of the step; of those behind it; as far as can be told */
	struct branch branches[SEQUENCE_BRANCHES_MAX];
	struct stable stables[SEQUENCE_BRANCHES_MAX];
	struct grip *grips;    /* [output] */
	struct watch *watches; /* [guard of the image's table] */
	double slots[SEQUENCE_SLOTS_MAX];
	char texts[SEQUENCE_TEXTS_MAX][SEQUENCE_TEXT];
	struct seq_last lasts[SEQUENCE_SLOTS_MAX]; /* of slots that are SLOT_LAST */
	int64_t lasts_ns;                          /* when they were noted in the slots */
	uint64_t shape;    /* of the bench, for what outlives the controller */
	struct seen *seen; /* expressions that remember */
	uint32_t n_seen;
	struct wish wish;
	/* while it is held */
	enum held_by held_by;
	int64_t held_ns;      /* since when */
	uint32_t held_action; /* a hold with `until`; IMAGE_NONE */
	uint32_t held_branch; /* whose statement is repeated at RESUME; NO_BRANCH */
	uint32_t goto_step;   /* RESUME leads there; IMAGE_NONE */
	bool is_safe;         /* by SAFE PAUSE: the safe state is ours */
	uint32_t order;       /* RESTARTING: outputs up to this hazard are on their way back */
	char reason[EVENT_TEXT];
	uint64_t reason_event;
	uint32_t asking; /* instruction of an open question; IMAGE_NONE */
	uint64_t asked;  /* its event: another one each time that it is asked */
	char reply[COMMAND_VALUE];
	uint32_t tag; /* of the last write to an instrument */
	uint32_t
		records; /* that nobody has stopped: bits, those of its `record` statements in their order */
	bool used_abort, used_hold; /* the handlers, each once in a run */
	bool is_stopping;           /* a handler of `on hold` runs */
	uint32_t aborting_to;       /* safe state that ends it; IMAGE_NONE */
	bool is_standing;           /* after an outage: it stands until it is told to go on */
	int64_t stood_ns;           /* since when; NEVER: nobody knows */
	const char *stands_for;     /* why, for people */
	/* what was told before START */
	struct form {
		uint32_t index; /* IMAGE_NONE: nothing */
		char principal[EVENT_PRINCIPAL];
		double slots[SEQUENCE_SLOTS_MAX];
		char texts[SEQUENCE_TEXTS_MAX][SEQUENCE_TEXT];
		bool has[SEQUENCE_SLOTS_MAX];
		bool is_told[SEQUENCE_SLOTS_MAX]; /* rightly or not */
	} form, whole; /* whole: what came with START is looked at here, and nobody's form is touched */
};

/* ---- sequence.c ---- */
struct channel_slots sequence_slots(const struct sequencer *s);
enum truth sequence_truth(struct sequencer *s, const struct image_cond *cond);
/* What holds it, as people tell one hold from another; 0: it is not held, or nobody knows. */
uint64_t sequence_hold(const struct sequencer *s);
/* False: it has no value now. */
bool sequence_number(struct sequencer *s, const struct image_cond *cond, double *out);
/* A time in seconds as nanoseconds, not below 0; false: it has no value. */
bool sequence_span(struct sequencer *s, const struct image_cond *cond, int64_t *out);
bool sequence_is_going(const struct sequencer *s); /* its clock runs */
void sequence_enter(struct sequencer *s, enum sequence_state state);
void sequence_end(struct sequencer *s, enum sequence_state state);
/* Begin a step. Its entry was looked at. */
void sequence_begin_step(struct sequencer *s, uint32_t step, uint64_t cause);
/* May a step be entered? false: why. */
bool sequence_may_enter(struct sequencer *s, uint32_t step, bool is_next, char *why, size_t cap);

/* ---- sequence_run.c ---- */
void sequence_run(struct sequencer *s);
void sequence_drop_branches(struct sequencer *s);
void sequence_stop_branch(struct sequencer *s, uint32_t branch, bool is_its_own);
/* End the innermost turn of a loop around the statement of a branch, else the step. */
void sequence_skip(struct sequencer *s, uint32_t branch, uint64_t cause);
void sequence_next_step(struct sequencer *s, uint64_t cause);
/* intent: event that was recorded for it; 0: one is told now. */
int sequence_order(struct sequencer *s, uint32_t output, double value, double ramp, double holdback,
	uint64_t intent, struct err *err) MUST_CHECK;

/* It could not do what it has to: it is held, and does it again at RESUME. */
enum pace sequence_fail(struct sequencer *s, uint32_t branch, const char *why, uint64_t cause);
enum pace sequence_fail_at(
	struct sequencer *s, uint32_t branch, const struct image_instr *in, const char *what);

/* ---- sequence_wait.c, sequence_ask.c, sequence_note.c: statements ---- */
/* The times of a statement as they are when it begins; false: one has no value. */
bool sequence_begin_wait(struct sequencer *s, uint32_t branch, const struct image_instr *in);
enum pace sequence_wait(struct sequencer *s, uint32_t branch, const struct image_instr *in);
enum pace sequence_ask(struct sequencer *s, uint32_t branch, const struct image_instr *in);
/* What a person answered; the question is not open any more. */
void sequence_take_reply(
	struct sequencer *s, const struct image_instr *in, char out[COMMAND_VALUE]);
enum pace sequence_mark(struct sequencer *s, const struct image_instr *in);
enum pace sequence_result(struct sequencer *s, const struct image_instr *in);
enum pace sequence_record(struct sequencer *s, const struct image_instr *in);
void sequence_tell_records(struct sequencer *s); /* at the end: those that nobody has stopped */

/* ---- sequence_told.c: commands of instruments ---- */
enum pace sequence_command(struct sequencer *s, uint32_t branch, const struct image_instr *in);
/* At each tick, held or not: which have begun, which have ended? */
void sequence_watch_commands(struct sequencer *s);
/* The statement of a branch is left: what it has started goes on without it. */
/* "GC.inject Pt-12: was it done?" */
void sequence_command_question(
	const struct sequencer *s, const struct branch *b, char *out, size_t cap);
/* What it waits for: "GC.inject Pt-12: until it is done". */
void sequence_command_waiting(
	const struct sequencer *s, const struct branch *b, char *out, size_t cap);
void sequence_command_left(struct sequencer *s, uint32_t branch);
/* RESUME, of the branch that held it: false: the statement begins anew. */
bool sequence_command_resumed(struct sequencer *s, uint32_t branch);
/* Behind a restart: what may have been started, and nobody knows. */
void sequence_commands_restored(struct sequencer *s);

/* ---- sequence_act.c ---- */
void sequence_wish(
	struct sequencer *s, uint32_t action, uint32_t branch, uint32_t guard, const char *why);
/* Do what was wished in this tick; true: something was. */
bool sequence_do_wish(struct sequencer *s);
void sequence_look_at_guards(struct sequencer *s);
void sequence_look_while_held(struct sequencer *s);
void sequence_hold_now(struct sequencer *s, enum held_by by, uint32_t branch, uint32_t action,
	const char *why, uint64_t cause);
void sequence_abort(struct sequencer *s, const char *why, uint64_t cause);
/* Has a safe state what it writes? */
bool sequence_is_in_safe_state(const struct sequencer *s);
/* Do an action now. */
void sequence_act(
	struct sequencer *s, uint32_t action, uint32_t branch, const char *why, uint64_t cause);
void sequence_to_safe(struct sequencer *s, uint32_t state, enum output_owner owner, const char *why,
	uint64_t cause);

/* ---- sequence_pause.c ---- */
void sequence_freeze(struct sequencer *s); /* what moves stops where it is */
void sequence_stay(struct sequencer *s); /* what stopped stays there: RESUME does not move it on */
void sequence_move_on(struct sequencer *s, uint32_t output, uint64_t cause);
void sequence_thaw(struct sequencer *s, uint64_t cause); /* it goes on */
/* What was seen before it stood does not count for what waits for quiet, or for a condition `for` a time. */
void sequence_look_anew(struct sequencer *s);
bool sequence_come_back(struct sequencer *s); /* RESTARTING: true when all outputs are back */

/* ---- sequence_power.c ---- */
extern const char sequence_is_decided[];       /* it stands for that */
void sequence_note_lasts(struct sequencer *s); /* at each tick that it does not stand */
void sequence_tell_interruption(struct sequencer *s, const char *what);

/* ---- sequence_keep.c ---- */
void sequence_know_shape(struct sequencer *s);

/* ---- sequence_see.c ---- */
void sequence_see_new(struct sequencer *s);
void sequence_see(struct sequencer *s); /* at each tick that it does not stand */
/* A turn begins: what its statements remember begins anew. */
void sequence_forget(struct sequencer *s, uint32_t from, uint32_t to);
void sequence_forget_all(struct sequencer *s);

/* ---- sequence_plan.c ---- */
void sequence_plan(struct sequencer *s);

/* ---- sequence_tell.c ---- */
uint64_t sequence_tell(struct sequencer *s, enum event_kind kind, uint64_t cause, const char *fmt,
	...) PRINTF(4, 5);
/* The same of one that has its kind, cause, text and values. */
uint64_t sequence_tell_event(struct sequencer *s, struct event *e);
/* A text with its {names} put in; out: EVENT_TEXT bytes at least. */
void sequence_text(const struct sequencer *s, uint32_t text, char *out, size_t cap);
void sequence_show(struct sequencer *s);

#endif
