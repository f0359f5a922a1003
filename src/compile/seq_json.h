/* seq_json.h - the tree of a sequence as JSON, and back: docs/sequences.md lists the keys
 *
 * A JSON text and the text of the language say the same, comments and empty lines included.
 */
#ifndef COMPILE_SEQ_JSON_H
#define COMPILE_SEQ_JSON_H

#include "base/buf.h"
#include "compile/diag.h"
#include "compile/seq_tree.h"

/* has_lines: steps and statements tell on which lines of the text they stand, for programs that change some lines of it. That is no
 * JSON to be read back. */
void seq_json_write(struct tree *t, const struct seq *q, bool has_lines, struct buf *out);

/* Faults are told; NULL: there is nothing that could be used. */
struct seq *seq_json_read(
	struct tree *t, struct diag *d, uint16_t file, const char *bytes, size_t n);

#endif
