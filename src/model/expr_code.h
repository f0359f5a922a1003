/* expr_code.h - operations with types: the rules of units, written down as a program; inside the room only
 *
 * The parser hands over operands in the order in which their code stands; each function emits the operation with the
 * conversions that it needs, and turns the left operand into the result. Constants are computed at once.
 * All return 0, or ERR_CONF with a message and its place in the coder.
 */
#ifndef MODEL_EXPR_CODE_H
#define MODEL_EXPR_CODE_H

#include "model/expr.h"
#include "model/expr_lex.h"

/* What a time inside an expression may be. */
#define EXPR_TIME_MIN_S 1e-3

struct coder {
	struct expr *out;
	uint32_t stack;    /* values on the stack where the program has got to */
	const char *place; /* of the error, in the source */
	struct err *err;
};

struct operand {
	enum expr_kind kind;
	struct unit unit;
	struct slice unit_text; /* as somebody wrote it; empty: none, or computed */
	struct slice source;    /* name or number, for messages; empty for what is computed */
	uint32_t at;            /* its first op */
	bool is_const;          /* one single EXPR_OP_CONST */
	bool is_bare;           /* numbers without any unit */
	const void *choices;
};

int code_fail(struct coder *c, const char *place, const char *fmt, ...) PRINTF(3, 4);
int code_emit(struct coder *c, const char *place, struct expr_op op) MUST_CHECK;
/* An operation that remembers, with a cell of its own; ns: its time, 0 where it has none. */
int code_emit_cell(
	struct coder *c, const char *place, enum expr_opcode code, int64_t ns) MUST_CHECK;
/* The operand whose code comes last, changed over time: per second (SLOPE) or times seconds (TOTAL). */
int code_over_time(struct coder *c, const struct token *name, enum expr_opcode code, int64_t ns,
	struct operand *o) MUST_CHECK;
int code_read(struct coder *c, const char *place, uint32_t channel) MUST_CHECK;

int code_need_number(struct coder *c, const char *place, const struct operand *o) MUST_CHECK;
int code_need_truth(struct coder *c, const char *place, const struct operand *o) MUST_CHECK;

/* sign: the operator, for its kind and place. */
int code_sum(
	struct coder *c, const struct token *sign, struct operand *l, struct operand *r) MUST_CHECK;
int code_product(
	struct coder *c, const struct token *sign, struct operand *l, struct operand *r) MUST_CHECK;
int code_compare(
	struct coder *c, const struct token *sign, struct operand *l, struct operand *r) MUST_CHECK;
int code_extreme(struct coder *c, const struct token *name, enum expr_opcode op, struct operand *l,
	struct operand *r) MUST_CHECK;
int code_negate(struct coder *c, const struct token *sign, struct operand *o) MUST_CHECK;
int code_abs(struct coder *c, const struct token *name, struct operand *o) MUST_CHECK;

/* The operand whose code comes last as a constant time, which leaves the program. */
int code_time(
	struct coder *c, const char *place, const struct operand *o, int64_t *out_ns) MUST_CHECK;

/* Convert the operand whose code comes last. */
int code_convert(
	struct coder *c, const char *place, struct operand *o, const struct unit *to) MUST_CHECK;

/* How an operation changes the stack. */
struct expr_effect {
	uint8_t pops;     /* EXPR_OP_VOTE: arg.i */
	bool takes_truth; /* what it pops; else numbers */
	bool gives_truth; /* what it pushes, always one */
	bool is_known;
};
struct expr_effect expr_effect(const struct expr_op *op);

#endif
