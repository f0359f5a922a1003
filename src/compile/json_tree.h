/* json_tree.h - JSON as the tree that YAML becomes, so that it has places, too
 *
 * Strict RFC 8259: no comments, no trailing commas, a key twice is refused. Texts, numbers, true, false and null are scalars; texts are
 * quoted ones. Depth and nodes are bounded.
 */
#ifndef COMPILE_JSON_TREE_H
#define COMPILE_JSON_TREE_H

#include "compile/diag.h"

#define JSON_TREE_DEPTH_MAX 96

/* NULL: that was told. */
struct node *json_tree(struct tree *t, struct diag *d, uint16_t file, const char *bytes, size_t n);

#endif
