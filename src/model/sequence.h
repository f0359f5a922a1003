/* sequence.h - sequences as the controller runs them: tables of an image (docs/sequences.md says what they mean)
 *
 * A sequence is a list of steps, a step a run of instructions. Statements that hold others (for, if, parallel) are jumps:
 *
 *	for T in list      FOR slot, list, to=end   ...   NEXT to=FOR
 *	if c then else     UNLESS c, to=else   ...   JUMP to=end   ...
 *	parallel do do     FORK branches, to=join   ... BRANCH_END ... BRANCH_END   (the branch that forked waits at FORK)
 *
 * Its own names - parameters, answers, elements of lists, loop names, counters - are *slots*. In its expressions they are channels
 * behind those of the bench: slot i is channel img->channels.n + i.
 */
#ifndef MODEL_SEQUENCE_H
#define MODEL_SEQUENCE_H

#include "model/image.h"

#define SEQUENCES_MAX 200
#define SEQUENCE_BRANCHES_MAX 32 /* of a sequence at once, the first one included */
#define SEQUENCE_LOOPS_MAX 6     /* in each other, within one branch */
#define SEQUENCE_TURNS_MAX 60000
#define SEQUENCE_SLOTS_MAX 1024
#define SEQUENCE_TEXTS_MAX 64 /* slots that are texts */
#define SEQUENCE_TEXT 64      /* bytes of one, with the NUL */

/* A value, a condition, a time (in seconds) or a rate (a second) is a struct image_cond: a program in `code`. n_ops 0: there is none. */

/* What an instrument can be told to do. Conditions are those of the bench: no slots. */
struct image_ins_command {
	uint32_t name; /* "GC.inject" */
	uint32_t title;
	uint32_t instrument;
	uint32_t channel; /* of the instrument, which no output writes: what starts it */
	uint32_t named;   /* the same: takes the name first; IMAGE_NONE */
	uint32_t spare;
	double value;              /* in the unit of `channel` */
	struct image_cond ready;   /* n_ops 0: always */
	struct image_cond started; /* n_ops 0: once `done` is not true */
	struct image_cond done;
	int64_t takes_ns; /* 0: nobody said */
};

struct image_sequence {
	uint32_t name;  /* of its file, without .seq */
	uint32_t title; /* behind the word `sequence` */
	uint32_t path;
	uint32_t version; /* 0: none is given */
	uint64_t hash;    /* of its text, with what it includes */
	uint64_t frame;   /* hash of all but its steps */
	/* Each group is one range of its table. */
	uint32_t first_step, n_steps;
	uint32_t first_instr, n_instrs;
	uint32_t first_guard, n_guards;
	uint32_t first_slot, n_slots;
	uint32_t first_row, n_rows; /* power_loss, `otherwise` last */
	uint32_t first_use, n_uses; /* seq_numbers: outputs that it writes, each once */
	uint32_t first_limit, n_limits;
	uint32_t first_action, n_actions;
	uint32_t first_cell, n_cells; /* of what its expressions remember */
	uint32_t on_abort, on_hold;   /* actions; IMAGE_NONE */
	int64_t on_hold_ns;
	uint64_t
		text_hash; /* of its files as they are written, and of what the bench records of each injection */
	uint32_t first_file, n_files; /* seq_files: its own first, then those that it includes */
};

/* A file of a sequence, as it was when it was compiled. */
struct image_seq_file {
	uint32_t path, text;
};

enum image_seq_entry { SEQUENCE_ENTRY_NONE, SEQUENCE_ENTRY_ALWAYS, SEQUENCE_ENTRY_WHEN };

struct image_seq_step {
	uint32_t number;
	uint32_t title, comment;
	uint32_t entry; /* enum image_seq_entry */
	struct image_cond when;
	uint32_t first_instr, n_instrs; /* of the whole table; the last one is STEP_END */
	uint32_t first_expect, n_expects;
	uint64_t hash; /* of what it does */
};

/* What an output is at the beginning of a step that is reached by the steps before it. */
struct image_seq_expect {
	uint32_t output;
	uint32_t spare;
	struct image_cond value;
};

enum image_seq_op {
	SEQUENCE_OP_SET, /* output = value; those of one statement stand together, is_more: another one follows */
	SEQUENCE_OP_RAMP,       /* output to value; rate or span; within: holdback; is_background */
	SEQUENCE_OP_DWELL,      /* span */
	SEQUENCE_OP_GUARANTEED, /* span, channel within `within` of value */
	SEQUENCE_OP_WAIT,       /* span */
	SEQUENCE_OP_UNTIL,      /* cond */
	SEQUENCE_OP_STABLE,     /* channel within `within` for span */
	SEQUENCE_OP_ASK,        /* text, answers */
	SEQUENCE_OP_FOR,        /* slot takes the values of slots first..; to: behind NEXT */
	SEQUENCE_OP_REPEAT,     /* slot counts 1..n */
	SEQUENCE_OP_NEXT,       /* to: its FOR or REPEAT */
	SEQUENCE_OP_UNLESS,     /* cond is not true: to */
	SEQUENCE_OP_JUMP,       /* to */
	SEQUENCE_OP_FORK, /* branches: seq_numbers first..n, where they begin; to: behind them */
	SEQUENCE_OP_BRANCH_END,
	SEQUENCE_OP_RECORD,      /* text: its name; span: every; channels: seq_numbers first..n */
	SEQUENCE_OP_STOP_RECORD, /* text */
	SEQUENCE_OP_RESULT,      /* text: its name; value; low, high: a band */
	SEQUENCE_OP_NOTIFY,      /* text to group `name` */
	SEQUENCE_OP_MARK,        /* text */
	SEQUENCE_OP_COMMAND, /* command; text: the name; timeout: until ready; span: until done; retry; answers */
	SEQUENCE_OP_ACT, /* action */
	SEQUENCE_OP_STEP_END,
	SEQUENCE_OPS
};

struct image_instr {
	uint32_t op;      /* enum image_seq_op */
	uint32_t line;    /* in its file */
	uint32_t step;    /* of the image's table */
	uint32_t output;  /* SET, RAMP; IMAGE_NONE */
	uint32_t channel; /* GUARANTEED, STABLE; IMAGE_NONE */
	uint32_t
		slot; /* FOR, REPEAT: of its sequence; SET of a choice by a text: where it stands; IMAGE_NONE */
	uint32_t to;     /* an instruction of the image's table */
	uint32_t action; /* when the timeout is over, or it fails; ACT; IMAGE_NONE */
	uint32_t text, name;
	uint32_t first, n;
	uint8_t is_more, is_background, is_relative; /* is_relative: `within` is a share: 0.02 */
	uint8_t retry;
	uint8_t spare[4];
	struct image_cond value, rate, span, within, cond, timeout, low, high;
	uint32_t said;    /* as it was written, for people */
	uint32_t command; /* COMMAND; of the image's table */
};

enum image_seq_action_kind {
	SEQUENCE_HOLD, /* text; until, timeout, then */
	SEQUENCE_SKIP, /* text */
	SEQUENCE_ABORT,
	SEQUENCE_TRIP, /* target: a safe state */
	SEQUENCE_GOTO, /* target: a step of the image's table */
	SEQUENCE_ACTIONS
};

struct image_seq_action {
	uint32_t kind; /* enum image_seq_action_kind */
	uint32_t text;
	uint32_t target; /* IMAGE_NONE */
	uint32_t then;   /* an action further on in the table; IMAGE_NONE */
	struct image_cond until, timeout;
};

struct image_seq_guard {
	uint32_t name;
	uint32_t action;
	uint32_t first_in, n_in; /* seq_numbers: steps of the image's table; 0: all */
	struct image_cond when;
};

enum image_slot_kind { SLOT_NUMBER, SLOT_TEXT, SLOT_LIST, SLOT_KINDS };
enum image_slot_role {
	SLOT_PARAM,
	SLOT_META,
	SLOT_ELEMENT, /* of a list */
	SLOT_LOOP,
	SLOT_COUNTER,
	SLOT_STEP,   /* number of the step that is executed */
	SLOT_OUTAGE, /* of power_loss: s */
	SLOT_LAST,   /* of power_loss: what channel `first` was before */
	SLOT_ROLES
};

struct image_slot {
	uint32_t name; /* of an element: that of its list */
	uint32_t unit;
	uint32_t text;       /* SLOT_TEXT: without an answer */
	uint32_t first, n;   /* SLOT_LIST: its elements, slots of the same sequence */
	uint8_t kind, role;  /* enum image_slot_kind, image_slot_role */
	uint8_t is_required; /* SLOT_META: START asks for it */
	uint8_t is_user;     /* SLOT_META: who starts it, where nothing else is said */
	uint8_t has_range, has_value;
	uint8_t spare[2];
	double value, min, max; /* in its unit */
	uint32_t number;        /* of a text among the texts of its sequence */
	uint32_t spare2;
};

enum image_row_kind { SEQUENCE_ROW_ACTION, SEQUENCE_ROW_ASK, SEQUENCE_ROW_CONTINUE, SEQUENCE_ROWS };

/* A row of power_loss. */
struct image_seq_row {
	struct image_cond when; /* n_ops 0: otherwise */
	uint32_t kind;          /* enum image_row_kind */
	uint32_t action;
	uint32_t first_back, n_back; /* CONTINUE: ramped back; seq_backs */
	uint32_t first_with, n_with; /* CONTINUE: seq_numbers: outputs */
};

struct image_seq_back {
	uint32_t output;
	uint32_t spare;
	struct image_cond rate; /* a second, in its unit */
};

/* Tighter than the output's own. */
struct image_seq_limit {
	uint32_t output;
	uint32_t spare;
	struct image_cond min, max;
};

#define SEQUENCE_RETRIES_MAX 10

IMAGE_ACCESS(image_ins_command, ins_commands)
IMAGE_ACCESS(image_sequence, sequences)
IMAGE_ACCESS(image_seq_step, seq_steps)
IMAGE_ACCESS(image_seq_expect, seq_expects)
IMAGE_ACCESS(image_instr, instrs)
IMAGE_ACCESS(image_seq_action, seq_actions)
IMAGE_ACCESS(image_seq_guard, guards)
IMAGE_ACCESS(image_slot, slots)
IMAGE_ACCESS(image_seq_row, seq_rows)
IMAGE_ACCESS(image_seq_back, seq_backs)
IMAGE_ACCESS(image_seq_limit, seq_limits)
IMAGE_ACCESS(image_seq_file, seq_files)

static inline uint32_t
image_seq_number(const struct image *img, uint32_t i)
{
	return ((const uint32_t *)image_at(img, &img->seq_numbers))[i];
}

/* Prove the tables; NULL, or what is not sound, with its row. For image_check(). */
const char *image_check_sequences(const struct image *img, uint32_t *row);

/* Index of the sequence of this name; IMAGE_NONE. */
uint32_t image_find_sequence(const struct image *img, const char *name);

#endif
