/* catalogue.h - instrument files: described once, used by any number of instruments */
#ifndef COMPILE_CATALOGUE_H
#define COMPILE_CATALOGUE_H

#include "compile/bench.h"

/* The instrument that `use: name` makes of a file: its description with the params that `instrument` gives, and what else stands there laid
 * over it. NULL: there is no file of this name. `instrument` itself: the file cannot be used, and that was told.
 * *out_line: the file's `line:`, NULL when it has none; *out_params: what it was made with, for as long as the tree lives. */
const struct node *catalogue_instance(struct bench *b, const char *name, const struct node *use,
	const struct node *instrument, const struct node **out_line,
	const struct params **out_params);

/* The same for one that names a protocol: channels NAME{0..7} are eight. NULL: that was told. */
const struct node *catalogue_plain(struct bench *b, const struct node *instrument);

/* Can a file be called so? Letters, digits, '-' and '_': it becomes part of a path. */
bool catalogue_is_name(const char *name);

/* Is the head of an instrument file right? name: that of its file, NULL: not known. Reports what is wrong. */
bool catalogue_check_head(struct bench *b, const char *name, const struct node *root);

/* The codec with this name, NULL: there is none. */
const struct codec *catalogue_codec(const char *name);

/* A text, or the one in the bench's language of {en: TEXT, fr: TEXT}. */
const char *catalogue_text(struct bench *b, const struct node *n);
/* The same, and reports languages that are none. */
const char *catalogue_texts(struct bench *b, const struct node *n);

#endif
