/* expr_lex.h - the words of an expression, one after the other; of this room, and of the language of sequences
 *
 * Bytes from outside: nothing is taken for granted but the NUL at the end.
 */
#ifndef MODEL_EXPR_LEX_H
#define MODEL_EXPR_LEX_H

#include "base/err.h"

enum token_kind {
	TOK_END,
	TOK_NUMBER, /* number, and unit: empty when there is none */
	TOK_NAME,   /* T_bed, furnace.pv, and, mean */
	TOK_TEXT,   /* "half open": the slice is without the quotes */
	TOK_PLUS,
	TOK_MINUS,
	TOK_TIMES,
	TOK_OVER,
	TOK_EQ,
	TOK_NE,
	TOK_LT,
	TOK_LE,
	TOK_GT,
	TOK_GE,
	TOK_OPEN,
	TOK_CLOSE,
	TOK_COMMA,
	TOK_OPEN_LIST, /* [ ]: of sequences */
	TOK_CLOSE_LIST,
};

/* Bytes of the source; borrowed. */
struct slice {
	const char *at;
	size_t n;
};

struct token {
	enum token_kind kind;
	struct slice text; /* all of it, for messages */
	double number;
	struct slice unit;
	bool is_call;  /* a name before '(' */
	bool is_clock; /* 1h30: the number is in minutes, and there is no unit to look up */
};

/* Read the token that begins at or after `at`; `at` lies inside a NUL-ended text. On failure *out_place is where. */
int lex_next(const char *at, struct token *out, const char **out_place, struct err *err) MUST_CHECK;

bool lex_is(const struct token *t, const char *word); /* a name that reads exactly so */
bool lex_is_reserved(struct slice word);              /* a word of the language of sequences */

/* For "%.*s": a slice's length, cut to what a message can hold. */
int lex_shown(struct slice s);

#endif
