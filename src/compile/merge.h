/* merge.h - a bench file with what it extends */
#ifndef COMPILE_MERGE_H
#define COMPILE_MERGE_H

#include "compile/diag.h"
#include "compile/tree.h"

#define MERGE_DEPTH_MAX 8 /* files that extend one another */

/* Read the file and, before it, what its `extends:` names (relative to itself), and merge: maps by key, single values and
 * lists replaced, a null takes a key out. Problems are reported in `d`. Returns the root without `extends`, or NULL when
 * a file cannot be used. *out_is_system: a file could not be read for a reason that is not its writer's. */
struct node *merge_files(struct tree *t, struct diag *d, const char *path, bool *out_is_system);

/* The same for a file that need not exist: *out_is_there tells. */
struct node *merge_file_if(struct tree *t, struct diag *d, const char *path, bool *out_is_there);

/* Lay `over` over `base`, both maps, as a file is laid over the one that it extends; the nodes of both are used up. */
void merge_over(struct tree *t, struct node *base, struct node *over);

/* The same for bytes that stand in memory under the name `path`; what they extend is read from files. */
struct node *merge_bytes(
	struct tree *t, struct diag *d, const char *path, const char *bytes, size_t n);

#endif
