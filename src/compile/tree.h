/* tree.h - what a YAML file says, as our own tree in which every node knows its place
 *
 * A node is a scalar, a map or a list. Children of a map carry their key. Texts are as YAML gives them after its
 * quoting is undone; what they mean is decided by the schema, never here. One tree holds the nodes of all files of a
 * bench; all of its memory is freed at once. A hash over (map, key) answers look-ups and finds duplicates.
 */
#ifndef COMPILE_TREE_H
#define COMPILE_TREE_H

#include "base/defs.h"

#define TREE_NODES_MAX 250000 /* 20 000 channels of a dozen nodes each */

struct place {
	uint16_t file;         /* of struct diag */
	uint32_t line, column; /* from 1; columns count characters */
};

enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };

struct node {
	uint8_t kind;   /* enum node_kind */
	bool is_quoted; /* the scalar stands in quotes or as a block: never empty, never null */
	bool is_key_quoted;
	bool is_gone;   /* taken out by a merge */
	uint32_t n;     /* children */
	uint32_t map;   /* NODE_MAP: its number in this tree */
	uint32_t owner; /* number of the map that it is a child of */
	struct place at;
	struct place key_at;
	const char *key;  /* child of a map */
	const char *text; /* NODE_SCALAR */
	const char *
		source; /* how its file goes on from here, where YAML may have split an expression (yaml.c); NULL */
	struct node *first, *last, *next;
};

struct tree {
	struct chunk *chunks;
	size_t used;         /* of the first chunk */
	struct node **slots; /* hash of the children of maps */
	size_t n_slots, n_keys;
	uint32_t n_nodes, n_maps;
	char *outer; /* of a bench that extends nothing: its file as it is; NULL: not read yet */
};

void tree_done(struct tree *t);

/* Zeroed memory that lives as long as the tree. */
void *tree_alloc(struct tree *t, size_t n);
char *tree_text(struct tree *t, const char *text, size_t n); /* a copy with a NUL */

/* A new node, NULL when there are TREE_NODES_MAX already. */
struct node *tree_node(struct tree *t, enum node_kind kind, struct place at);

/* Put a child behind the last one; child->key is set for a map. */
void tree_add(struct tree *t, struct node *parent, struct node *child);

/* The child of a map with this key, NULL if there is none. */
struct node *tree_get(const struct tree *t, const struct node *map, const char *key);

/* True for `key:` without a value, `~` and `null`. */
bool node_is_null(const struct node *n);

/* "a map", "a list", "a text": for messages. */
const char *node_kind_text(const struct node *n);

#endif
