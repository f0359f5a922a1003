/* pages.h - the catalogue for people: a list, and a page for each instrument */
#ifndef COMPILE_PAGES_H
#define COMPILE_PAGES_H

#include "base/buf.h"
#include "base/err.h"
#include "compile/bench.h"

/* All instrument files of a folder that can be read, by name; b and root are theirs until fn returns. ERR_IO: the folder cannot be read. */
typedef void (*pages_fn)(void *ctx, struct bench *b, const struct node *root);
int pages_each(const char *folder, pages_fn fn, void *ctx, struct err *err) MUST_CHECK;

/* A line for each instrument file in a folder whose name, maker, title, models or quantities hold all of the words (case does not
 * matter). ERR_IO: the folder cannot be read. */
int pages_list(const char *folder, char *const *words, int n_words, struct buf *out,
	struct err *err) MUST_CHECK;

/* The page of one file, in Markdown; ERR_CONF: it has errors, which `out` tells. */
int pages_write(const char *path, struct buf *out, struct err *err) MUST_CHECK;

/* The index of a folder of files: by maker, by quantity, by protocol. */
int pages_index(const char *folder, struct buf *out, struct err *err) MUST_CHECK;

#endif
