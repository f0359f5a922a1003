/* seq_lex.h - a file of the sequence language, line by line, as words
 *
 * Numbers with their units and the signs of expressions are those of expressions (model/expr_lex.h); what is added here: texts
 * with escapes, `->`, `..`, `;`, `:`, `=`, `[` and `]`, comments, and ends of lines. The bytes are taken for what they are: a byte-order mark
 * is skipped, CRLF ends a line like LF, and other control characters are refused.
 */
#ifndef COMPILE_SEQ_LEX_H
#define COMPILE_SEQ_LEX_H

#include "compile/diag.h"

#define SEQ_LINE_MAX 4000 /* bytes of a line */

enum seq_token_kind {
	SEQ_TOK_EOL,
	SEQ_TOK_NUMBER, /* with its unit */
	SEQ_TOK_NAME,   /* T_bed, GC.CH4 */
	SEQ_TOK_WORD,   /* a word of the language */
	SEQ_TOK_TEXT,
	SEQ_TOK_ARROW,
	SEQ_TOK_RANGE,
	SEQ_TOK_SEMI,
	SEQ_TOK_COLON,
	SEQ_TOK_ASSIGN,
	SEQ_TOK_COMMA,
	SEQ_TOK_OPEN,
	SEQ_TOK_CLOSE,
	SEQ_TOK_OPEN_LIST,
	SEQ_TOK_CLOSE_LIST,
	SEQ_TOK_SIGN, /* + - * / and comparisons */
	SEQ_TOK_BAD,  /* was told already; nothing stands behind it */
};

struct seq_token {
	enum seq_token_kind kind;
	const char *at; /* in the line */
	size_t n;       /* bytes, of a text with its quotes */
	uint32_t column;
	double number; /* of a NUMBER */
	bool has_unit;
	bool is_call;
};

struct seq_lexer {
	struct tree *tree; /* where the lines stay */
	struct diag *diag;
	uint16_t file;
	const char *rest, *end;
	uint32_t line;            /* the one at hand, from 1; 0 before the first */
	const char *comment;      /* at its end: "# ..."; NULL: none */
	struct seq_token *tokens; /* the last one is an EOL or BAD */
	size_t n_tokens;
};

/* Bytes need no NUL at their end. False when they are no text at all, and that was told. */
bool seq_lex_open(struct seq_lexer *l, struct tree *t, struct diag *d, uint16_t file,
	const char *bytes, size_t n);
void seq_lex_done(struct seq_lexer *l);

/* On to the next line; false behind the last one. */
bool seq_lex_line(struct seq_lexer *l);

/* The words of one text that is an expression, a name or the like, for JSON: as if it were a line at `at`. */
void seq_lex_text(
	struct seq_lexer *l, struct tree *t, struct diag *d, struct place at, const char *text);

bool seq_is_word(const struct seq_token *t, const char *word);
struct place seq_place(const struct seq_lexer *l, const struct seq_token *t);

/* A text with its escapes undone. */
const char *seq_unquote(struct tree *tree, const struct seq_token *t);

#endif
