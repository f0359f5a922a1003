/* file.c - an instrument file by itself: checked without a bench
 *
 * A bench is made around it with one instrument for each exchange, so all that is checked is what a bench would get.
 */
#include "compile/file.h"

#include <stdio.h>
#include <string.h>

#include "compile/catalogue.h"
#include "compile/exchanges.h"
#include "compile/read.h"

#define WIRE "wire"

static struct node *
add_map(struct tree *t, struct node *parent, const char *key, struct place at)
{
	struct node *n = tree_node(t, NODE_MAP, at);

	if (n == NULL)
		return NULL;
	n->key = key;
	n->key_at = at;
	if (parent != NULL)
		tree_add(t, parent, n);
	return n;
}

static void
add_text(struct tree *t, struct node *parent, const char *key, const char *text, struct place at)
{
	struct node *n = parent == NULL ? NULL : tree_node(t, NODE_SCALAR, at);

	if (n == NULL)
		return;
	n->key = key;
	n->key_at = at;
	n->text = text;
	tree_add(t, parent, n);
}

/* A wire that such an instrument can hang on. */
static void
add_link(struct bench *b, struct node *top, const struct codec *codec, const struct node *line,
	struct place at)
{
	struct node *link = add_map(&b->tree, add_map(&b->tree, top, "links", at), WIRE, at);
	bool has_serial = line != NULL && line->kind == NODE_MAP &&
			  tree_get(&b->tree, line, "serial") != NULL;
	unsigned wires = codec->wires | (codec->on_line != NULL ? codec->on_line->wires : 0);

	if (wires & CODEC_SERIAL && (has_serial || !(wires & CODEC_TCP)))
		add_text(&b->tree, link, "serial", "/dev/ttyS0", at);
	else if (wires & CODEC_TCP)
		add_text(&b->tree, link, "tcp", "127.0.0.1:502", at);
	else if (wires & CODEC_FOLDER)
		add_text(&b->tree, link, "folder", "/srv/results", at);
	else if (wires & CODEC_GPIO)
		add_text(&b->tree, link, "gpio", "/dev/gpiochip0", at);
	else
		add_text(&b->tree, link, "system", "local", at);
}

/* One of the instruments: with the params of an exchange. */
static struct node *
add_instrument(struct bench *b, struct node *instruments, const char *name, const struct node *with,
	unsigned nth, struct place at)
{
	char key[16];
	int n = snprintf(key, sizeof(key), "e%u", nth);
	struct node *ins = add_map(&b->tree, instruments, tree_text(&b->tree, key, (size_t)n), at);

	add_text(&b->tree, ins, "use", name, at);
	add_text(&b->tree, ins, "link", WIRE, at);
	for (const struct node *k = with == NULL ? NULL : with->first; k != NULL; k = k->next)
		if (k->kind == NODE_SCALAR)
			add_text(&b->tree, ins, k->key, k->text, k->at);
	return ins;
}

/* What a bench has to say about an instrument that no exchange shows: the first word of a choice, the low end of a range, or
 * a name. */
static void
add_needed_params(struct bench *b, struct node *ins, const struct node *params)
{
	for (const struct node *k = params == NULL || params->kind != NODE_MAP ? NULL
									       : params->first;
		k != NULL; k = k->next) {
		const struct node *type, *words, *range;

		if (k->kind != NODE_MAP || tree_get(&b->tree, k, "default") != NULL)
			continue;
		type = tree_get(&b->tree, k, "type");
		words = tree_get(&b->tree, k, "words");
		range = tree_get(&b->tree, k, "range");
		if (words != NULL && words->first != NULL)
			add_text(&b->tree, ins, k->key,
				words->kind == NODE_MAP ? words->first->key : words->first->text,
				k->at);
		else if (range != NULL && range->first != NULL && range->first->text != NULL)
			add_text(&b->tree, ins, k->key, range->first->text, k->at);
		else if (type != NULL && type->text != NULL && strcmp(type->text, "text") == 0)
			add_text(&b->tree, ins, k->key, k->key, k->at);
		else if (type != NULL && type->text != NULL && strcmp(type->text, "secret") == 0)
			add_text(&b->tree, ins, k->key, "made up", k->at);
		else
			add_text(&b->tree, ins, k->key, "1", k->at);
	}
}

static const struct node *
with_of(struct bench *b, const struct node *exchange)
{
	const struct node *with =
		exchange->kind == NODE_MAP ? tree_get(&b->tree, exchange, "with") : NULL;

	return with != NULL && with->kind == NODE_MAP ? with : NULL;
}

bool
file_is_one(struct bench *b, const struct node *root)
{
	return root->kind == NODE_MAP && tree_get(&b->tree, root, "instrument") != NULL &&
	       tree_get(&b->tree, root, "bench") == NULL;
}

/* The name that its path gives it; NULL: none, where it is read from something else than NAME.yaml. */
static const char *
own_name(struct bench *b)
{
	const char *slash = b->path == NULL ? NULL : strrchr(b->path, '/');
	const char *name = slash == NULL ? b->path : slash + 1;
	size_t n = name == NULL ? 0 : strlen(name);

	if (n <= 5 || strcmp(name + n - 5, ".yaml") != 0)
		return NULL;
	return tree_text(&b->tree, name, n - 5);
}

void
file_check(struct bench *b, const struct node *root)
{
	const struct node *name = tree_get(&b->tree, root, "instrument"), *exchanges;
	const struct codec *codec;
	struct node *top, *instruments;
	unsigned n = 0;

	if (!catalogue_check_head(b, own_name(b), root))
		return;
	codec = catalogue_codec(tree_get(&b->tree, root, "protocol")->text);
	exchanges = tree_get(&b->tree, root, "exchanges");
	if (exchanges != NULL && !read_is(b, exchanges, NODE_LIST, "a list of exchanges"))
		return;
	*BENCH_ADD(b->files) = (struct bench_file){ .name = name->text, .root = root };
	top = add_map(&b->tree, NULL, "", root->at);
	add_text(&b->tree, top, "bench", "check", root->at);
	add_link(b, top, codec, tree_get(&b->tree, root, "line"), root->at);
	instruments = add_map(&b->tree, top, "instruments", root->at);
	if (exchanges == NULL || exchanges->n == 0)
		add_needed_params(b, add_instrument(b, instruments, name->text, NULL, n, root->at),
			tree_get(&b->tree, root, "params"));
	for (const struct node *k = exchanges == NULL ? NULL : exchanges->first; k != NULL;
		k = k->next)
		add_instrument(b, instruments, name->text, with_of(b, k), n++, root->at);
	b->name = "";
	b->has_made_up_secrets = true;
	bench_read(b, top);
	b->name = "";
	if (b->diag.n_errors > 0)
		return;
	n = 0;
	for (const struct node *k = exchanges == NULL ? NULL : exchanges->first; k != NULL;
		k = k->next, n++)
		if (read_is(b, k, NODE_MAP, "a map: {send: ..., receive: ..., expect: {...}}")) {
			exchanges_run(b, &b->instruments.at[n], k);
			b->n_exchanges++;
		}
}
