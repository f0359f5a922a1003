/* seq_tree.h - what a sequence says, as a tree in which every node knows its place
 *
 * Made by seq_parse.c of text or by seq_json.c of JSON, printed by seq_print.c, checked by seq_check.c. Lists are linked by `next`
 * in the order of the file. Texts and nodes live in a struct tree. What a sequence means: docs/sequences.md.
 *
 * Expressions and constants stay as they are written (struct seq_expr): they are read by expr_parse() with the names that hold
 * where they stand (seq_scope.h), so that there is one language of expressions everywhere.
 *
 * Comments: those on lines of their own stand before the node whose line comes next, one that ends a line belongs to the last
 * node that begins on this line. The closing lines - end, else, do, join - have room of their own for them.
 */
#ifndef COMPILE_SEQ_TREE_H
#define COMPILE_SEQ_TREE_H

#include "compile/tree.h"

#define SEQ_DEPTH_MAX 32    /* of for, repeat, if and parallel in each other */
#define SEQ_INCLUDE_MAX 8   /* of files that include each other */
#define SEQ_STEPS_MAX 1000  /* with those of included files */
#define SEQ_NODES_MAX 20000 /* statements and other lines */
#define SEQ_TEXT_MAX 255    /* characters of a text */
#define SEQ_NAME_MAX 63     /* characters of a name */
#define SEQ_LIST_MAX 1000   /* values of a list; turns of a loop */
#define SEQ_STEP_NUMBER_MAX 99999

/* A comment on a line of its own, "# ..." with its sign; an empty text is an empty line. */
struct seq_comment {
	const char *text;
	struct seq_comment *next;
};

/* What stands around a node and means nothing. */
struct seq_around {
	struct seq_comment *before; /* NULL: nothing */
	const char *behind;         /* "# ..." at the end of its line; NULL: none */
	bool is_joined; /* stands on the line of the node before, behind a `;` (or behind do, then, else) */
};

/* A name, a text, a number as it is written; text NULL: it is not there. */
struct seq_word {
	const char *
		text; /* of a text: its escapes undone, without the quotes; {{ and }} stay, since {x} is put in later */
	struct place at;
};

/* A whole number; `is` false: it is not there. */
struct seq_int {
	int64_t v;
	struct place at;
	bool is;
};

/* An expression, condition, quantity, time or rate, as it is written: one line, without blanks at its ends. text NULL: it is not
 * there. Its column i (from 1) stands at at.column + i - 1. */
struct seq_expr {
	const char *text;
	struct place at;
};

/* A channel, an output or an instrument: NAME or NAME.NAME. */
struct seq_ref {
	const char *name;
	struct place at;
	struct seq_ref *next; /* in a list of them */
	uint32_t
		channel; /* filled by seq_check.c: place in the bench's table of channels; IMAGE_NONE */
	uint32_t output;     /* in the bench's table of outputs; IMAGE_NONE: it is none */
	uint32_t instrument; /* in the bench's table of instruments; IMAGE_NONE */
};

enum seq_action_kind {
	SEQ_HOLD, /* text, until, timeout, then */
	SEQ_SKIP, /* text */
	SEQ_ABORT,
	SEQ_TRIP, /* state */
	SEQ_GOTO, /* step */
	SEQ_ACTION_KINDS
};

struct seq_action {
	enum seq_action_kind kind;
	struct place at;
	struct seq_word text; /* HOLD, SKIP: the reason; may be missing */
	struct seq_expr
		until; /* HOLD: condition, with its own `for`; missing: until a person resumes */
	struct seq_expr timeout; /* of until */
	struct seq_action *then; /* when that is over */
	struct seq_word state;   /* TRIP: a safe state */
	uint32_t safe_state;     /* filled by seq_check.c: in the bench's table */
	struct seq_int step;     /* GOTO */
};

enum seq_stmt_kind {
	SEQ_SET,         /* set */
	SEQ_RAMP,        /* ramp */
	SEQ_DWELL,       /* dwell */
	SEQ_WAIT_TIME,   /* wait.time */
	SEQ_WAIT_UNTIL,  /* wait: until, timeout, orelse */
	SEQ_WAIT_STABLE, /* wait: channel, within, time (the `for`), timeout, orelse */
	SEQ_ASK,         /* ask */
	SEQ_FOR,         /* loop: name, in */
	SEQ_REPEAT,      /* loop: name, count */
	SEQ_IF,          /* branch */
	SEQ_PARALLEL,    /* parallel */
	SEQ_RECORD,      /* record */
	SEQ_STOP_RECORD, /* record: name */
	SEQ_RESULT,      /* result */
	SEQ_COMMAND,     /* command */
	SEQ_NOTIFY,      /* message: group, text */
	SEQ_MARK,        /* message: text */
	SEQ_DO,          /* action */
	SEQ_STMT_KINDS
};

/* One NAME = expr of set. */
struct seq_assign {
	struct seq_ref to;
	struct seq_expr value; /* of a choice: one of its words, or a text parameter */
	struct seq_assign *next;
};

/* One `do` of parallel. */
struct seq_do {
	struct place at;
	struct seq_around around;
	struct seq_stmt *body;
	struct seq_do *next;
};

struct seq_answer {
	const char *text; /* a name; may be a word of the grammar */
	struct place at;
	struct seq_answer *next;
};

/* One NAME STRING of an instrument's command. */
struct seq_arg {
	struct seq_word name, text;
	struct seq_arg *next;
};

struct seq_stmt {
	enum seq_stmt_kind kind;
	struct place at;
	struct seq_around around;
	struct seq_stmt *next;
	union {
		struct seq_assign *set;
		struct {
			bool is_background; /* start ramp */
			struct seq_ref output;
			struct seq_expr to;
			struct seq_expr rate;              /* at; or */
			struct seq_expr over;              /* over */
			struct seq_expr holdback, timeout; /* both or none */
			struct seq_action *then; /* when the timeout of the holdback is over */
		} ramp;
		struct {
			struct seq_expr time;
			struct seq_ref guaranteed; /* name NULL: the clock simply runs */
			struct seq_expr within, of, timeout;
			struct seq_action *then;
		} dwell;
		struct {
			struct seq_expr time, until, within, timeout;
			struct seq_ref channel;
			struct seq_action *orelse;
		} wait;
		struct {
			struct seq_word text;
			struct seq_answer *answers;
			struct seq_expr timeout;
			struct seq_action *then;
		} ask;
		struct {
			struct seq_word name;
			struct seq_expr in;   /* FOR: a list */
			struct seq_int count; /* REPEAT */
			struct seq_stmt *body;
			struct seq_around end;
			struct place end_at;
			uint32_t symbol; /* filled by seq_check.c: its number among the symbols */
		} loop;
		struct {
			struct seq_expr when;
			bool is_line; /* if ... then ... else ... on one line */
			struct seq_stmt *then, *orelse;
			bool has_else;
			struct seq_around orelse_line, end;
			struct place end_at;
		} branch;
		struct {
			struct seq_do *branches;
			struct seq_around join;
			struct place join_at;
			struct seq_expr timeout;
			struct seq_action *then;
		} parallel;
		struct {
			struct seq_word name;
			struct seq_expr every;
			struct seq_ref *channels;
		} record;
		struct {
			struct seq_word name;
			struct seq_expr value, low, high; /* low and high: both or none */
		} result;
		struct {
			struct seq_ref instrument;
			struct seq_word command;
			struct seq_arg *args;
			struct seq_expr ready, done; /* timeouts */
			struct seq_int retry;
			struct seq_action *orelse;
			uint32_t
				index; /* filled by seq_check.c: in the bench's table; IMAGE_NONE */
		} command;
		struct {
			struct seq_word group, text;
		} message;
		struct seq_action *action;
	};
};

struct seq_number {
	int64_t v;
	struct place at;
	struct seq_number *next;
};

struct seq_guard {
	struct seq_word name;
	struct place at;
	struct seq_around around;
	struct seq_number *in; /* steps; NULL: all */
	struct seq_expr when;  /* with its `for` */
	struct seq_action *then;
	struct seq_guard *next;
};

enum seq_entry { SEQ_ENTRY_NONE, SEQ_ENTRY_ALWAYS, SEQ_ENTRY_WHEN };

struct seq_step {
	int64_t number;
	struct place at, number_at;
	struct seq_word title;
	enum seq_entry entry;
	struct seq_expr when;
	struct seq_stmt *body;
	struct seq_around around, end; /* around.behind is the comment that the operator sees */
	struct place end_at;
};

/* A step, or the file that stands for its steps. */
struct seq_item {
	struct seq_step *step; /* NULL: an include */
	struct place at;
	struct seq_around around; /* of the include; of a step see there */
	struct seq_word path;     /* relative to the file that names it */
	struct seq_item *items;   /* what the file holds; NULL until seq_load() has read it */
	struct seq_item *next;
};

struct seq_value {
	struct seq_expr number; /* one of these three: a quantity or number; */
	struct seq_word text;   /* a text; */
	bool is_list;
	struct seq_value *list; /* a list, of any length */
	struct place at;
	struct seq_value *next; /* in a list */
};

enum seq_field_kind { SEQ_FIELD_TEXT, SEQ_FIELD_USER, SEQ_FIELD_RANGE };

/* What is asked at START. */
struct seq_field {
	struct seq_word name;
	enum seq_field_kind kind;
	struct seq_expr low, high; /* RANGE */
	struct seq_value *value;   /* without an answer; NULL: none */
	bool is_required;
	struct seq_field *next;
};

enum seq_header_kind { SEQ_NEEDS, SEQ_META, SEQ_PARAM, SEQ_LIMIT };

struct seq_header {
	enum seq_header_kind kind;
	struct place at;
	struct seq_around around;
	struct seq_header *next;
	struct seq_ref *needs;     /* NEEDS */
	struct seq_field *fields;  /* META */
	struct seq_word name;      /* PARAM */
	struct seq_value *value;   /* PARAM */
	struct seq_ref limited;    /* LIMIT */
	struct seq_expr low, high; /* PARAM: may be missing; LIMIT */
};

enum seq_row_kind { SEQ_ROW_ACTION, SEQ_ROW_ASK, SEQ_ROW_CONTINUE };

/* A row of power_loss. */
struct seq_row {
	struct place at;
	struct seq_around around;
	bool is_otherwise;
	struct seq_expr when;
	enum seq_row_kind kind;
	struct seq_action *then; /* ACTION */
	struct seq_expr back_at; /* CONTINUE: ramp back at; may be missing */
	struct seq_ref *with;    /* CONTINUE: outputs that may come back without a person */
	struct seq_row *next;
};

enum seq_handler_kind { SEQ_ON_ABORT, SEQ_ON_HOLD, SEQ_ON_POWER_LOSS, SEQ_HANDLER_KINDS };

struct seq_handler {
	enum seq_handler_kind kind;
	struct place at;
	struct seq_around around, end;
	struct seq_expr time;    /* ON_HOLD */
	struct seq_action *then; /* ON_ABORT, ON_HOLD */
	struct seq_row *rows;    /* ON_POWER_LOSS */
	bool has_end;
	struct seq_handler *next;
};

/* A file: a sequence, or steps that others include (name.text NULL, and items alone). */
/* A file that was read, as it was then: the sequence's own first, then what it includes, each once. */
struct seq_file {
	const char *path, *text;
	struct seq_file *next;
};

struct seq {
	struct place at; /* of the word `sequence`; line 1 of steps to include */
	struct seq_word name;
	struct seq_int version;
	struct seq_around around, end; /* end.before: comments behind everything */
	struct seq_header *headers;
	struct seq_guard *guards;
	struct seq_item *items;
	struct seq_handler *handlers;
	struct seq_step **
		steps; /* all of them, included ones too, as they follow each other; filled by seq_load() */
	uint32_t n_steps;
	struct seq_file *files;
};

#endif
