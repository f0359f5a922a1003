/* pages.c - the catalogue for people: a list, and a page for each instrument */
#include "compile/pages.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "compile/catalogue.h"
#include "compile/file.h"
#include "compile/merge.h"

#define FILES_MAX 2000

/* ---- files ----------------------------------------------------------------------------------------------------------------- */

static int
is_yaml(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 5, ".yaml") == 0;
}

/* The head of one file, as texts that live in its tree; all "" where it does not say. */
struct head {
	char name[100];
	const char *maker, *title_en, *protocol, *confidence;
	char models[200], quantities[200];
};

static const char *
text_of(struct bench *b, const struct node *root, const char *key)
{
	const struct node *n = tree_get(&b->tree, root, key);

	return n == NULL || n->kind != NODE_SCALAR ? "" : n->text;
}

static void
join(char *out, size_t cap, const struct node *list)
{
	size_t used = 0;

	out[0] = '\0';
	for (const struct node *n = list == NULL || list->kind != NODE_LIST ? NULL : list->first;
		n != NULL; n = n->next)
		if (n->kind == NODE_SCALAR && used < cap)
			used += (size_t)snprintf(
				out + used, cap - used, "%s%s", used == 0 ? "" : ", ", n->text);
}

/* The text in a language, else whatever there is. */
static const char *
title_of(struct bench *b, const struct node *n, const char *language)
{
	const struct node *own = n;

	if (n != NULL && n->kind == NODE_MAP) {
		own = tree_get(&b->tree, n, language);
		own = own != NULL ? own : n->first;
	}
	return own == NULL || own->kind != NODE_SCALAR ? "" : own->text;
}

static void
read_head(struct bench *b, const struct node *root, struct head *h)
{
	text_copy(h->name, sizeof(h->name), text_of(b, root, "instrument"));
	h->maker = text_of(b, root, "maker");
	h->protocol = text_of(b, root, "protocol");
	h->confidence = text_of(b, root, "confidence");
	h->title_en = title_of(b, tree_get(&b->tree, root, "title"), "en");
	join(h->models, sizeof(h->models), tree_get(&b->tree, root, "models"));
	join(h->quantities, sizeof(h->quantities), tree_get(&b->tree, root, "quantities"));
}

int
pages_each(const char *folder, pages_fn fn, void *ctx, struct err *err)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_yaml, alphasort);

	if (n < 0)
		return err_set(
			err, ERR_IO, errno, "reading the folder '%s': %s", folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		struct bench *b = mem_zero(1, sizeof(*b));
		char path[500];
		struct node *root;
		bool is_system;

		bench_init(b, path);
		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		root = i < FILES_MAX ? merge_files(&b->tree, &b->diag, path, &is_system) : NULL;
		if (root != NULL && file_is_one(b, root))
			fn(ctx, b, root);
		bench_done(b);
		free(b);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

/* ---- list ------------------------------------------------------------------------------------------------------------------ */

struct list {
	char *const *words;
	int n_words;
	struct buf *out;
};

static void
list_one(void *ctx, struct bench *b, const struct node *root)
{
	const struct list *l = ctx;
	struct head h;
	char all[900];

	read_head(b, root, &h);
	snprintf(all, sizeof(all), "%s %s %s %s %s %s", h.name, h.maker, h.title_en, h.models,
		h.quantities, h.protocol);
	for (int i = 0; i < l->n_words; i++)
		if (strcasestr(all, l->words[i]) == NULL)
			return;
	buf_printf(l->out, "%-24s %s\n", h.name, h.title_en);
}

int
pages_list(const char *folder, char *const *words, int n_words, struct buf *out, struct err *err)
{
	struct list l = { words, n_words, out };

	return pages_each(folder, list_one, &l, err);
}

/* ---- index ----------------------------------------------------------------------------------------------------------------- */

struct entry {
	char key[80];
	char line[400];
};

struct index {
	struct entry *at;
	size_t n, cap;
	int by; /* 0: maker, 1: quantity, 2: protocol */
};

static void
index_add(struct index *x, const char *key, size_t n_key, const struct head *h)
{
	struct entry *e;

	if (n_key == 0)
		return;
	if (x->n == x->cap) {
		x->cap = x->cap == 0 ? 64 : x->cap * 2;
		x->at = mem_grow(x->at, x->cap, sizeof(*x->at));
	}
	e = &x->at[x->n++];
	snprintf(e->key, sizeof(e->key), "%.*s", (int)MIN(n_key, sizeof(e->key) - 1), key);
	snprintf(e->line, sizeof(e->line), "- [%s](%s.md): %s", h->name, h->name, h->title_en);
}

static void
index_one(void *ctx, struct bench *b, const struct node *root)
{
	struct index *x = ctx;
	const char *at;
	struct head h;

	read_head(b, root, &h);
	at = h.quantities;
	if (x->by == 0)
		index_add(x, h.maker[0] != '\0' ? h.maker : "Any maker",
			strlen(h.maker[0] != '\0' ? h.maker : "Any maker"), &h);
	if (x->by == 2)
		index_add(x, h.protocol, strlen(h.protocol), &h);
	while (x->by == 1 && *at != '\0') {
		size_t n = strcspn(at, ",");

		index_add(x, at, n, &h);
		at += n + strspn(at + n, ", ");
	}
}

static int
by_key(const void *va, const void *vb)
{
	const struct entry *a = va, *b = vb;
	int rc = strcasecmp(a->key, b->key);

	return rc != 0 ? rc : strcmp(a->line, b->line);
}

int
pages_index(const char *folder, struct buf *out, struct err *err)
{
	static const char *const heads[] = { "By maker", "By quantity", "By protocol" };

	buf_puts(out, "# Instruments of the catalogue\n\nMade from the files in `instruments/`; "
		      "`use: NAME` in a bench "
		      "file takes one. How such a file is\nwritten: "
		      "[instrument-file.md](../instrument-file.md).\n");
	for (int by = 0; by < 3; by++) {
		struct index x = { .by = by };
		int rc = pages_each(folder, index_one, &x, err);

		if (rc < 0) {
			free(x.at);
			return rc;
		}
		if (x.n > 0)
			qsort(x.at, x.n, sizeof(*x.at), by_key);
		buf_printf(out, "\n## %s\n", heads[by]);
		for (size_t i = 0; i < x.n; i++) {
			if (i == 0 || strcasecmp(x.at[i].key, x.at[i - 1].key) != 0)
				buf_printf(out, "\n**%s**\n\n", x.at[i].key);
			buf_printf(out, "%s\n", x.at[i].line);
		}
		free(x.at);
	}
	return 0;
}

/* ---- a page ---------------------------------------------------------------------------------------------------------------- */

static void
put_words(struct bench *b, struct buf *out, const struct node *root, const char *key,
	const char *before)
{
	char words[400];

	join(words, sizeof(words), tree_get(&b->tree, root, key));
	if (words[0] != '\0')
		buf_printf(out, "%s%s\n\n", before, words);
}

/* A bar would end the cell of a table. */
static void
put_cell(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '|')
			buf_putc(out, '\\');
		buf_putc(out, *text);
	}
}

static void
put_params(struct bench *b, struct buf *out, const struct node *params)
{
	if (params == NULL || params->kind != NODE_MAP || params->n == 0)
		return;
	buf_puts(out, "## Params\n\n| key | default | meaning |\n|---|---|---|\n");
	for (const struct node *n = params->first; n != NULL; n = n->next) {
		const struct node *def =
			n->kind == NODE_MAP ? tree_get(&b->tree, n, "default") : NULL;
		const struct node *title =
			n->kind == NODE_MAP ? tree_get(&b->tree, n, "title") : NULL;

		buf_printf(out, "| `%s` | %s | ", n->key,
			def == NULL || def->kind != NODE_SCALAR ? "needed" : def->text);
		put_cell(out, title_of(b, title, "en"));
		buf_puts(out, " |\n");
	}
	buf_putc(out, '\n');
}

static void
put_choices(const struct bench *b, struct buf *out, const struct bench_channel *ch)
{
	for (uint32_t i = 0; i < ch->n_choices; i++)
		buf_printf(out, "%s%s", i == 0 ? "" : ", ", b->words.at[ch->first_choice + i]);
}

/* "yes", and what its device needs of those who write. */
static void
put_writable(struct buf *out, const struct bench_channel *ch)
{
	char span[CLOCK_TEXT_SIZE];

	buf_puts(out, ch->is_writable ? "yes" : "");
	if (ch->refresh_ns > 0) {
		clock_span(span, ch->refresh_ns);
		buf_printf(out, ", again each %s", span);
	}
	if (ch->verify_tries > 0)
		buf_puts(out, ", read back");
	if (ch->verify_within > 0)
		buf_printf(out, " within %.6g", ch->verify_within);
	if (ch->verify_after_ns > 0) {
		clock_span(span, ch->verify_after_ns);
		buf_printf(out, " after %s", span);
	}
	if (ch->max_writes > 0)
		buf_printf(out, ", at most %lld an hour", (long long)ch->max_writes);
	if (ch->confirm != NULL) {
		buf_puts(out, ch->confirm[0] == '\0' ? ", to be confirmed" : ", to be confirmed: ");
		put_cell(out, ch->confirm);
	}
}

static void
put_channels(const struct bench *b, struct buf *out)
{
	buf_puts(
		out, "## Channels\n\n| channel | unit | writable | meaning |\n|---|---|---|---|\n");
	for (uint32_t i = 0; i < b->channels.n; i++) {
		const struct bench_channel *ch = &b->channels.at[i];

		if (ch->instrument != 0 || ch->source_kind == SOURCE_HEALTH)
			continue;
		buf_printf(out, "| `%s` | %s | ", strchr(ch->name, '.') + 1,
			ch->unit_text == NULL ? "" : ch->unit_text);
		put_writable(out, ch);
		buf_puts(out, " | ");
		put_cell(out, ch->title);
		if (ch->n_choices > 0 && ch->title[0] != '\0')
			buf_puts(out, ": ");
		put_choices(b, out, ch);
		buf_puts(out, " |\n");
	}
}

static void
put_line(struct bench *b, struct buf *out, const struct node *line)
{
	const struct node *n;

	if (line == NULL || line->kind != NODE_MAP)
		return;
	n = tree_get(&b->tree, line, "serial");
	if (n != NULL && n->kind == NODE_SCALAR)
		buf_printf(out, "Serial line: %s.\n\n", n->text);
	n = tree_get(&b->tree, line, "tcp");
	if (n != NULL && n->kind == NODE_SCALAR)
		buf_printf(out, "TCP port: %s.\n\n", n->text);
	n = tree_get(&b->tree, line, "udp");
	if (n != NULL && n->kind == NODE_SCALAR)
		buf_printf(out, "UDP port: %s.\n\n", n->text);
}

int
pages_write(const char *path, struct buf *out, struct err *err)
{
	struct bench *b = mem_zero(1, sizeof(*b));
	struct node *root;
	bool is_system;
	struct head h;
	int rc = 0;

	bench_init(b, path);
	root = merge_files(&b->tree, &b->diag, path, &is_system);
	if (root != NULL && file_is_one(b, root))
		file_check(b, root);
	if (root == NULL || b->diag.n_errors > 0 || !file_is_one(b, root)) {
		diag_print(&b->diag, stderr);
		rc = err_set(err, ERR_CONF, 0,
			"'%s' is no instrument file without errors; correct it", path);
	} else {
		read_head(b, root, &h);
		buf_printf(out, "# %s (`use: %s`)\n\n*%s*\n\n", h.title_en, h.name,
			title_of(b, tree_get(&b->tree, root, "title"), "fr"));
		if (h.maker[0] != '\0')
			buf_printf(out, "Maker: %s. ", h.maker);
		put_words(b, out, root, "models", "Models: ");
		buf_printf(out, "Protocol: [%s](../drivers/%s.md). ", h.protocol,
			strcmp(h.protocol, "brooks-s") == 0 ? "brooks_s" : h.protocol);
		put_line(b, out, tree_get(&b->tree, root, "line"));
		if (tree_get(&b->tree, root, "line") == NULL)
			buf_puts(out, "\n\n");
		if (text_of(b, root, "notes")[0] != '\0')
			buf_printf(out, "%s\n\n", text_of(b, root, "notes"));
		put_params(b, out, tree_get(&b->tree, root, "params"));
		put_channels(b, out);
		buf_printf(out, "\nConfidence: %s. ", h.confidence);
		if (b->n_exchanges > 0)
			buf_printf(out, "Proven by %u exchange%s, byte for byte.\n\n",
				b->n_exchanges, b->n_exchanges == 1 ? "" : "s");
		else
			buf_printf(out, "No exchange proves it: %s.\n\n",
				text_of(b, root, "unproven"));
		put_words(b, out, root, "sources", "Sources: ");
	}
	bench_done(b);
	free(b);
	return rc;
}
