/* print.h - a tree as YAML that parses to the same tree and prints to the same text */
#ifndef COMPILE_PRINT_H
#define COMPILE_PRINT_H

#include "base/buf.h"
#include "compile/tree.h"

/* Maps as blocks, lists in brackets; what was quoted stays quoted. Comments are not kept. */
void print_tree(struct buf *out, const struct node *root);

#endif
