/* expr_parse.h - the parser's state, shared by grammar and functions; inside the room only
 *
 * All return 0, or ERR_CONF with a message and its place in the coder.
 */
#ifndef MODEL_EXPR_PARSE_H
#define MODEL_EXPR_PARSE_H

#include "model/expr_code.h"
#include "model/expr_lex.h"

#define FOR_OPS_MAX 16 /* of the time behind a `for` */
#define NAME_BYTES 200 /* INSTRUMENT.CHANNEL.PART of 63 bytes each */

struct parser {
	struct coder code;
	const struct expr_env *env;
	struct token tok; /* the one that is looked at */
	uint32_t depth;   /* brackets, functions, not and signs around it */
	bool is_joined;   /* behind an and, or inside these brackets */
	bool is_negated;  /* behind a not */
	bool is_time;     /* a constant time is read */
	bool has_name;    /* it has a name in it whose value the run gives */
	bool has_channel; /* one was read, since somebody set it to false */
	struct for_time {
		const char *place; /* NULL: there is none */
		int64_t ns;        /* 0: what `ops` give, in seconds: it has names in it */
		struct expr_op ops[FOR_OPS_MAX];
		uint32_t n_ops;
	} last_for; /* at the very end: it belongs to the whole */
};

int parser_next(struct parser *p) MUST_CHECK; /* on to the next token */
int parser_enter(struct parser *p)
	MUST_CHECK; /* one level deeper; the caller takes 1 off p->depth when it is done */
int parser_unexpected(struct parser *p, const char *wanted);
int parser_expect(struct parser *p, enum token_kind kind, const char *wanted) MUST_CHECK;

/* With a NUL; false when it does not fit. */
bool parser_copy(char *out, size_t cap, struct slice s);

/* What the name at hand stands for; stays at it. */
int parser_find(struct parser *p, struct expr_name *out) MUST_CHECK;

/* Load what it stands for, and go on to the next token. */
int parser_load(struct parser *p, const struct expr_name *name, struct operand *out) MUST_CHECK;

/* A value or condition, as inside brackets. */
int parser_value(struct parser *p, struct operand *out) MUST_CHECK;

/* A time that is a constant: 5 s, 1h30, 2 * 3 min. */
int parser_time(struct parser *p, int64_t *out_ns) MUST_CHECK;

/* A function, from its name to the closing bracket (expr_call.c). */
int parser_call(struct parser *p, struct operand *out) MUST_CHECK;

#endif
