/* tree.c - what a YAML file says, as our own tree in which every node knows its place */
#include "compile/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define CHUNK_SIZE 65000

struct chunk {
	struct chunk *next;
	size_t size;
	char at[];
};

void
tree_done(struct tree *t)
{
	while (t->chunks != NULL) {
		struct chunk *next = t->chunks->next;

		free(t->chunks);
		t->chunks = next;
	}
	free(t->slots);
	free(t->outer);
	memset(t, 0, sizeof(*t));
}

void *
tree_alloc(struct tree *t, size_t n)
{
	void *p;

	n = (n + 7) & ~(size_t)7;
	if (t->chunks == NULL || t->chunks->size - t->used < n) {
		size_t size = MAX(n, (size_t)CHUNK_SIZE);
		struct chunk *c = mem_zero(1, sizeof(*c) + size);

		c->size = size;
		c->next = t->chunks;
		t->chunks = c;
		t->used = 0;
	}
	p = t->chunks->at + t->used;
	t->used += n;
	return p;
}

char *
tree_text(struct tree *t, const char *text, size_t n)
{
	char *copy = tree_alloc(t, n + 1);

	memcpy(copy, text, n);
	return copy;
}

struct node *
tree_node(struct tree *t, enum node_kind kind, struct place at)
{
	struct node *n;

	if (t->n_nodes == TREE_NODES_MAX)
		return NULL;
	t->n_nodes++;
	n = tree_alloc(t, sizeof(*n));
	n->kind = (uint8_t)kind;
	n->at = at;
	if (kind == NODE_MAP)
		n->map = ++t->n_maps;
	return n;
}

/* The cell of (map, key): the node itself, or the free cell where it would go. */
static size_t
slot_of(const struct tree *t, uint32_t map, const char *key)
{
	uint64_t h = text_hash(key, strlen(key)) ^ map * UINT64_C(0x9e3779b97f4a7c15);
	size_t i;

	h ^= h >> 32;
	for (i = h & (t->n_slots - 1); t->slots[i] != NULL; i = (i + 1) & (t->n_slots - 1))
		if (t->slots[i]->owner == map && !t->slots[i]->is_gone &&
			strcmp(t->slots[i]->key, key) == 0)
			break;
	return i;
}

static void
grow(struct tree *t)
{
	struct node **old = t->slots;
	size_t n = t->n_slots;

	t->n_slots = n == 0 ? 256 : n * 2;
	t->slots = mem_zero(t->n_slots, sizeof(*t->slots));
	for (size_t i = 0; i < n; i++)
		if (old[i] != NULL && !old[i]->is_gone)
			t->slots[slot_of(t, old[i]->owner, old[i]->key)] = old[i];
	free(old);
}

void
tree_add(struct tree *t, struct node *parent, struct node *child)
{
	child->next = NULL;
	if (parent->last == NULL)
		parent->first = child;
	else
		parent->last->next = child;
	parent->last = child;
	parent->n++;
	if (parent->kind != NODE_MAP)
		return;
	child->owner = parent->map;
	if (2 * (t->n_keys + 1) > t->n_slots)
		grow(t);
	t->slots[slot_of(t, child->owner, child->key)] = child;
	t->n_keys++;
}

struct node *
tree_get(const struct tree *t, const struct node *map, const char *key)
{
	return t->n_slots == 0 ? NULL : t->slots[slot_of(t, map->map, key)];
}

bool
node_is_null(const struct node *n)
{
	return n->kind == NODE_SCALAR && !n->is_quoted &&
	       (n->text[0] == '\0' || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0);
}

const char *
node_kind_text(const struct node *n)
{
	return n->kind == NODE_MAP ? "a map" : n->kind == NODE_LIST ? "a list" : "a single value";
}
