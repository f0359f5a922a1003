/* file.h - an instrument file by itself: checked without a bench */
#ifndef COMPILE_FILE_H
#define COMPILE_FILE_H

#include "compile/bench.h"

/* Is this the tree of an instrument file, and not of a bench? */
bool file_is_one(struct bench *b, const struct node *root);

/* Check it, and go through its exchanges; problems are in b->diag. */
void file_check(struct bench *b, const struct node *root);

#endif
