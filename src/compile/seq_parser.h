/* seq_parser.h - the parser's state; of seq_parse.c, seq_block.c and seq_head.c only
 *
 * What returns false has told why, and stands at the word that it could not take.
 */
#ifndef COMPILE_SEQ_PARSER_H
#define COMPILE_SEQ_PARSER_H

#include "compile/seq_parse.h"

struct seq_parser {
	struct seq_lexer lex;
	struct tree *t;
	struct diag *d;
	size_t i;        /* the word that is looked at */
	bool is_end;     /* behind the last line */
	bool is_row;     /* in power_loss: step and outage are values */
	bool is_stopped; /* too deep or too large: that was told, nothing more is read */
	bool is_unwinding; /* a block was left open: that was told, and what stands here begins something else */
	bool is_line;                             /* behind the `then` of an if on one line */
	bool is_used;                             /* a node begins on this line already */
	struct seq_comment *before, **before_end; /* that no node has taken yet */
	struct seq_around *last;                  /* of the last node that begins on this line */
	uint32_t depth, n_nodes;
};

const struct seq_token *seqp_tok(const struct seq_parser *p);
struct place seqp_place(const struct seq_parser *p);
bool seqp_is(const struct seq_parser *p, const char *word);
bool seqp_at_end(const struct seq_parser *p); /* of a line, or at a `;` */
/* Take these words, separated by a blank, if they stand here. */
bool seqp_take(struct seq_parser *p, const char *words);
/* What stands here where something else was expected. */
bool seqp_unexpected(struct seq_parser *p, const char *wanted, const char *shape);
bool seqp_expect(struct seq_parser *p, const char *words, const char *shape);

/* On to the next word that begins a line or stands behind a `;`; false behind the last one. */
bool seqp_item(struct seq_parser *p);
/* Behind the end of the statement: tells of what is left on its line. */
void seqp_finish(struct seq_parser *p);
void seqp_recover(struct seq_parser *p); /* to the end of the line */
/* A node begins at this word. False when there are too many. */
bool seqp_begin(struct seq_parser *p, struct seq_around *around);

void *seqp_new(struct seq_parser *p, size_t size);
bool seqp_name(struct seq_parser *p, struct seq_word *out);
bool seqp_text(struct seq_parser *p, struct seq_word *out);
bool seqp_int(struct seq_parser *p, struct seq_int *out);
bool seqp_ref(struct seq_parser *p, struct seq_ref *out);
bool seqp_expr(struct seq_parser *p, enum seq_type type, struct seq_expr *out);
bool seqp_form(struct seq_parser *p, const struct seq_form *form, void *base);
struct seq_action *seqp_action(struct seq_parser *p);

/* Statements to the word that closes them (end, else, do, join); false when something else comes first, and that was told. */
bool seqp_body(struct seq_parser *p, const char *opened, uint32_t line, struct seq_stmt **out);
/* `end` of what was opened. */
bool seqp_close(struct seq_parser *p, const char *opened, uint32_t line, struct seq_around *around,
	struct place *at);

/* A header, from its first word on. */
bool seqp_header(struct seq_parser *p, struct seq_header *h);
/* A number, text or list. */
bool seqp_value(struct seq_parser *p, struct seq_value *out, bool is_param);

#endif
