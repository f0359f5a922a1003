/* seq_load.h - a sequence from its file, with the files that it includes */
#ifndef COMPILE_SEQ_LOAD_H
#define COMPILE_SEQ_LOAD_H

#include "base/err.h"
#include "compile/diag.h"
#include "compile/seq_tree.h"

#define SEQ_SHOWN_MAX 20 /* faults that are told of a sequence */

/* One file, text or JSON (by its name: .json) alone. NULL: it cannot be read, err says why (ERR_IO, or ERR_CONF when it is no
 * readable file) or d does. */
struct seq *seq_read(struct tree *t, struct diag *d, const char *path, struct err *err);

/* The files that it includes, and q->steps. Faults are told. */
void seq_load(struct tree *t, struct diag *d, const char *path, struct seq *q);

#endif
