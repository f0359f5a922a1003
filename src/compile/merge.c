/* merge.c - a bench file with what it extends
 *
 * The base is read first, then what extends it is laid over it. Each node keeps the place where it was written, so an
 * error in a merged bench names the file that it is in.
 */
#include "compile/merge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compile/source.h"
#include "compile/yaml.h"

struct merge {
	struct tree *tree;
	struct diag *diag;
	uint64_t keys[MERGE_DEPTH_MAX][2]; /* of the files being read: device and inode */
	int depth;
	bool is_system;
};

static struct node *read_file(struct merge *m, const char *path, const struct node *from);

/* Take out the children that are marked so, and those without a value that nothing below them could have replaced. */
static void
sweep(struct node *map)
{
	struct node *child = map->first, *next;

	map->first = map->last = NULL;
	map->n = 0;
	for (; child != NULL; child = next) {
		next = child->next;
		if (child->is_gone)
			continue;
		child->next = NULL;
		if (map->last == NULL)
			map->first = child;
		else
			map->last->next = child;
		map->last = child;
		map->n++;
	}
}

/* Lay `over` over `base`, both maps; the nodes of both are used up. */
static void
lay_over(struct tree *t, struct node *base, struct node *over)
{
	struct node *child, *next, *old, *place;

	for (child = over->first; child != NULL; child = next) {
		next = child->next;
		old = tree_get(t, base, child->key);
		if (node_is_null(child)) {
			if (old != NULL)
				old->is_gone = true;
		} else if (old == NULL) {
			tree_add(t, base, child);
		} else if (old->kind == NODE_MAP && child->kind == NODE_MAP) {
			old->at = child->at;
			old->key_at = child->key_at;
			lay_over(t, old, child);
		} else {
			/* In the old one's seat, so that the order of the base is kept. */
			place = old->next;
			child->owner = old->owner;
			*old = *child;
			old->next = place;
		}
	}
	sweep(base);
}

void
merge_over(struct tree *t, struct node *base, struct node *over)
{
	lay_over(t, base, over);
}

/* "../common/tpr.yaml" as seen from the file that names it. */
static char *
relative_path(struct tree *t, const char *from, const char *path)
{
	const char *slash = strrchr(from, '/');
	size_t folder = path[0] == '/' || slash == NULL ? 0 : (size_t)(slash + 1 - from);
	char *out = tree_alloc(t, folder + strlen(path) + 1);

	memcpy(out, from, folder);
	memcpy(out + folder, path, strlen(path));
	return out;
}

static struct node *
with_base(struct merge *m, const char *path, struct node *root)
{
	struct node *extends = tree_get(m->tree, root, "extends"), *base;

	if (extends == NULL)
		return root;
	extends->is_gone = true;
	sweep(root);
	if (extends->kind != NODE_SCALAR || node_is_null(extends)) {
		diag_error(m->diag, extends->at, "extends",
			"extends holds %s; name one file: extends: ../common/tpr.yaml",
			node_is_null(extends) ? "nothing" : node_kind_text(extends));
		return NULL;
	}
	if (m->depth == MERGE_DEPTH_MAX) {
		diag_error(m->diag, extends->at, "extends",
			"more than 8 files extend one another; merge some of them");
		return NULL;
	}
	base = read_file(m, relative_path(m->tree, path, extends->text), extends);
	if (base == NULL)
		return NULL;
	lay_over(m->tree, base, root);
	return base;
}

static struct node *
parse(struct merge *m, uint16_t file, const char *path, const char *bytes, size_t n)
{
	struct node *root;
	size_t start;

	if (!source_check(m->diag, file, bytes, n, &start))
		return NULL;
	root = yaml_parse(m->tree, m->diag, file, bytes + start, n - start);
	return root == NULL ? NULL : with_base(m, path, root);
}

static bool
is_being_read(const struct merge *m, const uint64_t key[2])
{
	for (int i = 0; i < m->depth; i++)
		if (m->keys[i][0] == key[0] && m->keys[i][1] == key[1])
			return true;
	return false;
}

/* Those of the first file that ends are taken, the others freed: a bench that extends nothing is its own text. */
static void
keep_outer(struct tree *t, struct buf *bytes)
{
	if (t->outer != NULL) {
		buf_done(bytes);
		return;
	}
	buf_text(bytes);
	t->outer = bytes->data;
}

/* Read one file; `from` is the `extends:` that names it, NULL for the first. */
static struct node *
read_file(struct merge *m, const char *path, const struct node *from)
{
	struct place at = { .line = 1, .column = 1 };
	struct buf bytes = { 0 };
	struct node *root = NULL;
	struct err err;
	int file, rc = source_read(path, &bytes, m->keys[m->depth], &err);

	file = from == NULL || rc == 0 ? diag_file(m->diag, path) : from->at.file;
	at.file = (uint16_t)MAX(file, 0);
	if (from != NULL && (rc < 0 || file < 0))
		at = from->at;
	if (rc == ERR_IO && err.sys != ENOENT && err.sys != EACCES && err.sys != ENOTDIR)
		m->is_system = true;
	if (rc < 0) {
		diag_error(m->diag, at, "file", "%s", err.msg);
	} else if (file < 0) {
		diag_error(m->diag, at, "extends", "too many files; merge some of them");
	} else if (is_being_read(m, m->keys[m->depth])) {
		diag_error(m->diag, from == NULL ? at : from->at, "extends",
			"'%.200s' extends itself, through the files that it names; break the "
			"circle",
			path);
	} else {
		m->depth++;
		root = parse(
			m, (uint16_t)file, path, bytes.data == NULL ? "" : bytes.data, bytes.n);
		m->depth--;
	}
	keep_outer(m->tree, &bytes);
	return root;
}

struct node *
merge_files(struct tree *t, struct diag *d, const char *path, bool *out_is_system)
{
	struct merge m = { .tree = t, .diag = d };
	struct node *root = read_file(&m, path, NULL);

	*out_is_system = m.is_system;
	return root;
}

struct node *
merge_file_if(struct tree *t, struct diag *d, const char *path, bool *out_is_there)
{
	bool is_system;

	*out_is_there = access(path, F_OK) == 0;
	return *out_is_there ? merge_files(t, d, path, &is_system) : NULL;
}

struct node *
merge_bytes(struct tree *t, struct diag *d, const char *path, const char *bytes, size_t n)
{
	struct merge m = { .tree = t, .diag = d, .depth = 1 };
	struct buf copy = { 0 };
	int file = diag_file(d, path);

	buf_put(&copy, bytes, n);
	keep_outer(t, &copy);
	return file < 0 ? NULL : parse(&m, (uint16_t)file, path, bytes, n);
}
