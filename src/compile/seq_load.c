/* seq_load.c - a sequence from its file, with the files that it includes */
#include "compile/seq_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "compile/seq_json.h"
#include "compile/seq_parse.h"
#include "compile/source.h"

/* How deep, and through which files. */
struct chain {
	const struct chain *outer;
	uint64_t key[2];
	const char *path;
};

struct loader {
	struct tree *t;
	struct diag *d;
	struct seq *q;
	uint32_t cap;
};

static struct seq_file *
keep_text(struct tree *t, const char *path, const struct buf *bytes)
{
	struct seq_file *f = tree_alloc(t, sizeof(*f));

	f->path = tree_text(t, path, strlen(path));
	f->text = tree_text(t, bytes->n == 0 ? "" : (const char *)bytes->data, bytes->n);
	return f;
}

static bool
is_json(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && strcmp(path + n - 5, ".json") == 0;
}

static struct seq *
read_file(struct tree *t, struct diag *d, const char *path, bool is_included, uint64_t key[2],
	struct err *err)
{
	struct buf bytes = { 0 };
	struct seq *q = NULL;
	int file = diag_file(d, path);
	int rc = file < 0 ? err_set(err, ERR_CONF, 0, "more than %d files; split the sequence",
				    DIAG_FILES_MAX)
			  : source_read(path, &bytes, key, err);

	if (rc == 0 && is_json(path) && !is_included)
		q = seq_json_read(t, d, (uint16_t)file, (const char *)bytes.data, bytes.n);
	else if (rc == 0)
		q = seq_parse(t, d, (uint16_t)file, bytes.n == 0 ? "" : (const char *)bytes.data,
			bytes.n, is_included);
	if (q != NULL)
		q->files = keep_text(t, path, &bytes);
	buf_done(&bytes);
	return q;
}

struct seq *
seq_read(struct tree *t, struct diag *d, const char *path, struct err *err)
{
	uint64_t key[2];

	err_set(err, 0, 0, "%s", "");
	return read_file(t, d, path, false, key, err);
}

static void
add_step(struct loader *l, struct seq_step *s)
{
	struct seq *q = l->q;

	if (q->n_steps == SEQ_STEPS_MAX) {
		diag_error(l->d, s->at, "too-large", "more than %d steps; split the sequence",
			SEQ_STEPS_MAX);
		return;
	}
	q->steps[q->n_steps++] = s;
}

static const char *
path_beside(struct tree *t, const char *outer, const char *path)
{
	const char *slash = strrchr(outer, '/');
	char *text;
	size_t n = slash == NULL || path[0] == '/' ? 0 : (size_t)(slash - outer + 1);

	text = tree_alloc(t, n + strlen(path) + 1);
	memcpy(text, outer, n);
	memcpy(text + n, path, strlen(path) + 1);
	return text;
}

static void
check_is_steps(struct loader *l, const struct seq_item *item, const struct seq *q)
{
	if (q->name.text != NULL || q->headers != NULL || q->guards != NULL || q->handlers != NULL)
		diag_error(l->d, item->path.at, "include",
			"'%.120s' holds more than steps; put its steps into a file of their own",
			item->path.text);
}

/* One that is included twice is kept once. */
static void
add_file(struct loader *l, struct seq_file *file)
{
	struct seq_file **at = &l->q->files;

	for (; *at != NULL; at = &(*at)->next)
		if (strcmp((*at)->path, file->path) == 0)
			return;
	*at = file;
}

static void load_items(struct loader *l, struct seq_item *items, const struct chain *outer);

static void
include(struct loader *l, struct seq_item *item, const struct chain *outer)
{
	struct chain here = { .outer = outer };
	uint32_t depth = 1;
	struct seq *q;
	struct err err;

	here.path = path_beside(l->t, outer->path, item->path.text);
	q = read_file(l->t, l->d, here.path, true, here.key, &err);
	if (q == NULL) {
		diag_error(l->d, item->path.at, "include", "%s", err.msg);
		return;
	}
	for (const struct chain *c = outer; c != NULL; c = c->outer, depth++)
		if (c->key[0] == here.key[0] && c->key[1] == here.key[1]) {
			diag_error(l->d, item->path.at, "include-circle",
				"'%.120s' includes itself; remove this line", item->path.text);
			return;
		}
	if (depth > SEQ_INCLUDE_MAX) {
		diag_error(l->d, item->path.at, "include",
			"files that include each other more than %d deep; put steps together",
			SEQ_INCLUDE_MAX);
		return;
	}
	check_is_steps(l, item, q);
	add_file(l, q->files);
	item->items = q->items;
	load_items(l, q->items, &here);
}

static void
load_items(struct loader *l, struct seq_item *items, const struct chain *outer)
{
	for (struct seq_item *i = items; i != NULL; i = i->next) {
		if (i->step != NULL)
			add_step(l, i->step);
		else if (i->path.text != NULL)
			include(l, i, outer);
	}
}

void
seq_load(struct tree *t, struct diag *d, const char *path, struct seq *q)
{
	struct loader l = { .t = t, .d = d, .q = q };
	struct chain here = { .path = path };
	struct buf bytes = { 0 };
	struct err err;

	q->steps = tree_alloc(t, SEQ_STEPS_MAX * sizeof(*q->steps));
	if (source_read(path, &bytes, here.key, &err) != 0)
		here.key[0] = here.key[1] = 0;
	buf_done(&bytes);
	load_items(&l, q->items, &here);
}
