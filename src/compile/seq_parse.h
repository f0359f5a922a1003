/* seq_parse.h - text of the sequence language becomes a tree
 *
 * A fault on one line never hides those on others: the parser goes on behind the line, and keeps the blocks that it has opened.
 */
#ifndef COMPILE_SEQ_PARSE_H
#define COMPILE_SEQ_PARSE_H

#include "compile/diag.h"
#include "compile/seq_lex.h"
#include "compile/seq_syntax.h"

/* The tree of the bytes of one file; faults are told in d, and what could be read is there all the same. is_included: it holds steps
 * alone. */
struct seq *seq_parse(struct tree *t, struct diag *d, uint16_t file, const char *bytes, size_t n,
	bool is_included);

/* One part of a line by itself, for JSON: false when it is not exactly that, and that was told. `at`: where its text begins. */
bool seq_parse_expr(struct tree *t, struct diag *d, struct place at, const char *text,
	enum seq_type type, bool is_row, struct seq_expr *out);
bool seq_parse_value(
	struct tree *t, struct diag *d, struct place at, const char *text, struct seq_value *out);
bool seq_parse_name(struct diag *d, struct place at, const char *text, bool may_be_word,
	unsigned parts, const char **out);

#endif
