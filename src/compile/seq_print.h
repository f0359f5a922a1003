/* seq_print.h - the tree of a sequence as text in its one form
 *
 * Two blanks for each level, one blank between words, comments and `;` where they were, an empty line where there was one, and before
 * each step. Printing what was read of such a text gives the same text again.
 */
#ifndef COMPILE_SEQ_PRINT_H
#define COMPILE_SEQ_PRINT_H

#include "base/buf.h"
#include "compile/seq_tree.h"

void seq_print(struct tree *t, const struct seq *q, struct buf *out);

/* Without comments, to tell one from another: parameters, fields, limits, guards and handlers; a step. */
void seq_print_frame(struct tree *t, const struct seq *q, struct buf *out);
void seq_print_step(struct tree *t, const struct seq_step *s, struct buf *out);

/* An expression in its one form; lives in the tree. */
const char *seq_print_expr(struct tree *t, const char *text);

#endif
