/* seq_checker.h - the state of the checks; of seq_check*.c only */
#ifndef COMPILE_SEQ_CHECKER_H
#define COMPILE_SEQ_CHECKER_H

#include "compile/seq_check.h"
#include "compile/seq_scope.h"

struct seq_checker {
	struct bench *b;
	struct diag *d;
	struct seq *q;
	struct seq_scope s;
	const struct seq_step *step; /* at hand; NULL: headers, guards and handlers */
	bool is_handler;
	bool *is_needed;      /* by channel of the bench */
	bool *is_told;        /* the same: that it is missing in needs */
	double *low, *high;   /* by output: what `limit` says */
	bool writes_hot;      /* something that can hurt: heat or fuel */
	double *known;        /* by output: what the sequence itself has written; NaN: not known */
	double *least;        /* the same, at least; right behind known */
	const char **records; /* those that are open */
	uint32_t n_records;
};

/* The text of a place in an expression, for errors that concern a name in it. */
struct place seqc_place_of(const struct seq_expr *e, const char *name);

/* Constants: times in s, rates and bands in the unit of a channel. False when that was told. */
bool seqc_time(struct seq_checker *c, const struct seq_expr *e, struct seq_program *out);
/* `inner` has to fit into `outer`, at every corner. */
void seqc_fits(struct seq_checker *c, const struct seq_program *inner,
	const struct seq_program *outer, const char *what);
bool seqc_condition(struct seq_checker *c, const struct seq_expr *e, struct seq_program *out);
/* Can a condition come true at all? */
bool seqc_can_be(const struct seq_checker *c, const struct seq_program *p);
void seqc_reads(struct seq_checker *c, const struct seq_expr *e, const struct seq_program *p);

bool seqc_channel(struct seq_checker *c, struct seq_ref *r);
bool seqc_output(struct seq_checker *c, struct seq_ref *r);
void seqc_text(struct seq_checker *c, const struct seq_word *w);
void seqc_action(struct seq_checker *c, struct seq_action *a);
const struct seq_step *seqc_step(const struct seq_checker *c, int64_t number);

void seqc_command(struct seq_checker *c, struct seq_stmt *s);
void seqc_stmts(struct seq_checker *c, struct seq_stmt *s);

/* In the order in which it runs: what it writes against interlocks and shut-offs. */
void seqc_flow(struct seq_checker *c);

#endif
