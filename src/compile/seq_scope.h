/* seq_scope.h - the names of a sequence: parameters, loop names, counters, fields; and its expressions on them
 *
 * An expression is read by expr_parse() with these names before those of the bench. What is no channel gets a number of its own: in the
 * program that results `channel` is b->channels.n + number. Numbers 0 and 1 are `step` and `outage` (s), then come parameters and loops in
 * the order of the file; a list has a number for each of its elements. Whoever runs the program loads them by that number.
 */
#ifndef COMPILE_SEQ_SCOPE_H
#define COMPILE_SEQ_SCOPE_H

#include "compile/bench.h"
#include "compile/seq_tree.h"

enum seq_symbol_kind {
	SEQ_SYMBOL_STEP,
	SEQ_SYMBOL_OUTAGE,
	SEQ_SYMBOL_PARAM,
	SEQ_SYMBOL_LOOP,    /* the name of a for */
	SEQ_SYMBOL_COUNTER, /* of a repeat */
	SEQ_SYMBOL_FIELD,   /* has no value in expressions */
	SEQ_SYMBOL_LAST     /* "T_bed.last": what a channel was before the outage */
};

struct seq_symbol {
	enum seq_symbol_kind kind;
	const char *name;
	struct place at;
	bool is_active; /* a loop: its body is at hand */
	bool is_open;   /* its value was wrong, and that was told */
	bool is_text;
	uint32_t number; /* its first one */
	uint32_t
		n_items; /* of a list, and of the values that a loop goes through; 0: a single value */
	bool is_list;
	struct unit unit;
	const char *unit_text;
	double *values; /* in `unit`: that of a parameter, of each element, of each turn; of a counter: 1 */
	const char **texts; /* the same of texts */
	double low,
		high; /* what it may be, in `unit`: the range of a parameter, the turns of a counter */
};

struct seq_scope {
	struct bench *b;
	struct seq *q;
	struct diag *d;
	BENCH_TABLE(struct seq_symbol) symbols;
	uint32_t n_numbers;
	bool is_row;
	const char *code; /* of the error that a name or unit caused; NULL */
	double *room;     /* for the values of all numbers */
	uint32_t n_room;
	bool is_baked; /* parameters are constants: their values are known */
};

/* A program on the stack of nobody: of one expression. */
struct seq_program {
	struct expr_op *ops; /* in the tree */
	uint32_t n, n_cells;
	enum expr_kind kind;
	struct unit unit;
	const void *choices;
	bool is_open; /* of no use: part of it is not known, and that was told */
	bool is_bare; /* a number without any unit */
	struct place at;
	const char *text;
};

/* The names of the headers and of all loops. Faults are told. */
void seq_scope_open(struct seq_scope *s, struct bench *b, struct diag *d, struct seq *q);
void seq_scope_done(struct seq_scope *s);

/* The symbol of a name that can be used here; NULL: there is none. */
struct seq_symbol *seq_scope_find(const struct seq_scope *s, const char *name);

/* An expression as a program; false when that was told. */
bool seq_scope_read(struct seq_scope *s, const struct seq_expr *e, struct seq_program *out);
/* And its result in this unit; a difference where it says so. */
bool seq_scope_number(struct seq_scope *s, const struct seq_expr *e, const struct unit *unit,
	const char *unit_text, struct seq_program *out);
bool seq_scope_condition(struct seq_scope *s, const struct seq_expr *e, struct seq_program *out);

/* Does a program read channels? The first one that it reads; NULL: it is constant, but for parameters and loops. */
const struct bench_channel *seq_scope_reads(const struct seq_scope *s, const struct seq_program *p);

/* The values of n constant programs at all corners of what parameters and loops may be; visit returns false to stop, which is what
 * comes back as false. */
bool seq_scope_corners(struct seq_scope *s, const struct seq_program *const *p, uint32_t n,
	bool (*visit)(void *ctx, const double *v), void *ctx);
/* The least and the greatest of one. */
void seq_scope_span(
	struct seq_scope *s, const struct seq_program *p, double *out_low, double *out_high);

#endif
