/* seq_check.h - what is wrong in a sequence, seen from its bench: docs/sequences.md lists the codes */
#ifndef COMPILE_SEQ_CHECK_H
#define COMPILE_SEQ_CHECK_H

#include "compile/bench.h"
#include "compile/seq_tree.h"

/* Needs a bench that was read without errors; fills in what the tree leaves to it (seq_tree.h). */
void seq_check(struct bench *b, struct diag *d, struct seq *q);

/* What a sequence holds at most at one time, when the bench does not say it. */
#define SEQ_HOLD_MAX_NS (4 * 3600 * NS_PER_S)

#endif
