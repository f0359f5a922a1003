/* identities.c - instrument files by which a device can be recognised
 *
 * A file is one when it has `identity:`, the message that asks a device what it is, or `identify:`, what a quantity or that answer must
 * be. Both are questions that read; what prepares a device (`init:`) is no part of them. All its params need defaults, and the question is
 * one message: a row of them would be a procedure.
 */
#include "compile/identities.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "compile/catalogue.h"
#include "compile/file.h"
#include "compile/pages.h"

#define OWN_FOLDER "instruments"

struct list {
	const struct identities *wanted;
	const char *folder, *own;
	struct buf *out;
};

static const char *
text_of(struct bench *b, const struct node *map, const char *key)
{
	const struct node *n =
		map == NULL || map->kind != NODE_MAP ? NULL : tree_get(&b->tree, map, key);

	return n == NULL || n->kind != NODE_SCALAR ? NULL : n->text;
}

static bool
is_wanted(const struct list *l, const char *name)
{
	char path[1200];

	for (int i = 0; i < l->wanted->n_names; i++)
		if (strcmp(l->wanted->names[i], name) == 0)
			break;
		else if (i + 1 == l->wanted->n_names)
			return false;
	snprintf(path, sizeof(path), "%s/%s.yaml", l->own, name);
	return strcmp(l->folder, l->own) == 0 || access(path, F_OK) != 0;
}

/* Can its protocol be spoken there? A device that has a TCP port of its own is not looked for behind a serial one. */
static bool
fits_wire(struct bench *b, const struct node *root, const struct codec *codec, const char *wire)
{
	const struct node *line = tree_get(&b->tree, root, "line");
	bool is_tcp_alone = text_of(b, line, "tcp") != NULL && text_of(b, line, "serial") == NULL;
	const struct codec *on_line = codec->on_line != NULL ? codec->on_line : codec;

	if (strcmp(wire, "tcp") == 0)
		return codec->wires & CODEC_TCP;
	if (strcmp(wire, "udp") == 0)
		return codec->wires & CODEC_UDP;
	if (strcmp(wire, "hid") == 0)
		return codec->wires & CODEC_HID;
	if (strcmp(wire, "usbtmc") == 0)
		return codec->wires & CODEC_USBTMC;
	if (is_tcp_alone)
		return false;
	return strcmp(wire, "serial") == 0 ? on_line->wires & CODEC_SERIAL : on_line->needs_silence;
}

/* The question that tells what it is; NULL: there is none. */
static const struct node *
find_question(struct bench *b, const struct node *root, const struct codec *codec)
{
	const struct node *identity = tree_get(&b->tree, root, "identity");
	const struct node *identify = tree_get(&b->tree, root, "identify");

	if (identify != NULL && identify->kind == NODE_MAP &&
		tree_get(&b->tree, identify, "read") != NULL)
		return identify;
	if (codec->has_messages)
		return identity != NULL && identity->kind == NODE_MAP ? identity : NULL;
	return identify != NULL && codec->identify != NULL ? identify : NULL;
}

static bool
has_defaults(struct bench *b, const struct node *params)
{
	for (const struct node *k = params == NULL ? NULL : params->first; k != NULL; k = k->next)
		if (k->kind != NODE_MAP || tree_get(&b->tree, k, "default") == NULL)
			return false;
	return true;
}

/* Does a text below this node hold ${name} or ${name:form}? */
static bool
names_param(const struct node *n, const char *name)
{
	char mark[80];
	const char *at = n->text;
	int length = snprintf(mark, sizeof(mark), "${%s", name);

	for (const struct node *k = n->kind == NODE_SCALAR ? NULL : n->first; k != NULL;
		k = k->next)
		if (names_param(k, name))
			return true;
	if (n->kind != NODE_SCALAR || length <= 0 || (size_t)length >= sizeof(mark))
		return false;
	while (at != NULL && (at = strstr(at, mark)) != NULL) {
		at += length;
		if (*at == '}' || *at == ':')
			return true;
	}
	return false;
}

/* The param that says which device of a line is meant: a whole number with a range that the question holds, or an option of the codec has
 * the name of. NULL: there is none. */
static const struct node *
find_address(struct bench *b, const struct node *params, const struct node *question,
	const struct codec *codec)
{
	for (const struct node *k = params == NULL ? NULL : params->first; k != NULL; k = k->next) {
		const char *type = text_of(b, k, "type");
		bool is_used = names_param(question, k->key);

		for (size_t i = 0; codec->opts[i].name != NULL; i++)
			is_used |= strcmp(codec->opts[i].name, k->key) == 0;
		if (is_used && type != NULL && strcmp(type, "int") == 0 &&
			tree_get(&b->tree, k, "range") != NULL)
			return k;
	}
	return NULL;
}

static void
put_line(struct list *l, const char *line, const char *name, const char *address, int64_t value)
{
	buf_printf(l->out, "%s\tuse: %s", line, name);
	if (address != NULL)
		buf_printf(l->out, ", %s: %lld", address, (long long)value);
	buf_putc(l->out, '\n');
}

/* The default, and from the low end of the range on as many as are wanted. */
static void
put_addresses(struct list *l, struct bench *b, const char *line, const char *name,
	const struct node *param)
{
	const struct node *range = tree_get(&b->tree, param, "range");
	const struct node *from = range->first, *to = from == NULL ? NULL : from->next;
	const char *usual = text_of(b, param, "default");
	int64_t low, high, first, n = 0;

	if (usual == NULL || !text_to_int(usual, &first) || to == NULL || from->text == NULL ||
		to->text == NULL || !text_to_int(from->text, &low) || !text_to_int(to->text, &high))
		return;
	put_line(l, line, name, param->key, first);
	for (int64_t i = low; i <= high && n < l->wanted->n_addresses; i++, n++)
		if (i != first)
			put_line(l, line, name, param->key, i);
}

static void
list_one(void *ctx, struct bench *b, const struct node *root)
{
	struct list *l = ctx;
	const char *name = text_of(b, root, "instrument"), *protocol = text_of(b, root, "protocol");
	const char *line = text_of(b, tree_get(&b->tree, root, "line"), "serial");
	const struct codec *codec = protocol == NULL ? NULL : catalogue_codec(protocol);
	const struct node *params = tree_get(&b->tree, root, "params"), *question, *address;

	if (name == NULL || codec == NULL || !is_wanted(l, name) ||
		!fits_wire(b, root, codec, l->wanted->wire))
		return;
	question = find_question(b, root, codec);
	if (question == NULL)
		return;
	file_check(b, root);
	if (b->diag.n_errors > 0) {
		diag_print(&b->diag, stderr);
		return;
	}
	if (!has_defaults(b, params))
		return;
	address = find_address(b, params, question, codec);
	if (address == NULL)
		put_line(l, line == NULL ? "-" : line, name, NULL, 0);
	else
		put_addresses(l, b, line == NULL ? "-" : line, name, address);
}

int
identities_list(
	const char *catalogue, const struct identities *wanted, struct buf *out, struct err *err)
{
	const char *folder = wanted->own != NULL ? wanted->own : OWN_FOLDER;
	struct list own = { wanted, folder, folder, out }, all = { wanted, catalogue, folder, out };

	if (access(folder, F_OK) == 0 && pages_each(folder, list_one, &own, err) < 0)
		return err->code;
	return catalogue[0] == '\0' ? 0 : pages_each(catalogue, list_one, &all, err);
}

void
identities_bench(const char *wire, int n_units, const struct buf *list, struct buf *out)
{
	bool is_serial = strcmp(wire, "serial") == 0;
	const char *at = list->data, *end = at + list->n;
	unsigned n = 0;

	/* Nothing is ever opened there: the wire is handed over. */
	buf_printf(out, "bench: scan\nserve: no\nlinks:\n  wire: {%s: \"%s\"}\ninstruments:\n",
		wire, is_serial ? "/dev/null" : "127.0.0.1:9");
	for (int i = 1; i <= n_units; i++)
		buf_printf(out,
			"  any_modbus_%d: {use: modbus, link: wire, unit: %d, timeout: 200 ms, "
			"title: "
			"\"use: modbus, unit: %d\", identify: {read: {holding: 0, type: uint16}, "
			"is: "
			"65535}, channels: {x: {read: {holding: 0}}}}\n",
			i, i, i);
	if (strcmp(wire, "rtu") != 0)
		buf_puts(out,
			"  any_scpi: {use: text, link: wire, title: \"use: text\", timeout: 500 "
			"ms, end: "
			"'\\n', identity: {send: '*IDN?', receive: '{identity:text}'}, messages: "
			"{idn: "
			"{send: '*IDN?', receive: '{id:text}'}}, channels: {id: {read: idn}}}\n");
	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		const char *tab = line == NULL ? NULL : memchr(at, '\t', (size_t)(line - at));

		if (tab == NULL)
			break;
		buf_printf(out, "  i%u: {%.*s, link: wire, title: \"%.*s\"}\n", n++,
			(int)(line - tab - 1), tab + 1, (int)(line - tab - 1), tab + 1);
		at = line + 1;
	}
}
