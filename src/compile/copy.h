/* copy.h - a description made an instrument's own: params in their places, NAME{0..7} as eight channels */
#ifndef COMPILE_COPY_H
#define COMPILE_COPY_H

#include "compile/params.h"

struct copy {
	struct bench *b;
	const struct params *params; /* NULL: the bench's own words, which have none */
	const struct param *number;  /* of the channel that is being made of NAME{0..7}; NULL */
	struct node *absent; /* names of channels that do not exist with these params; NULL */
};

/* Where a node stands: params stand by their bare names only in the scale of a channel, not in a message that is named so. */
enum copy_where { IN_FILE, IN_CHANNELS, IN_CHANNEL, IN_SCALE, IN_TWINS, ELSEWHERE };

/* Where what stands under this key is. */
enum copy_where copy_where_below(enum copy_where above, const char *key);

/* A copy of a node and all below it; NULL: no more nodes, or a text that cannot be made, which was told. */
struct node *copy_node(struct copy *c, const struct node *from, enum copy_where where);

#endif
