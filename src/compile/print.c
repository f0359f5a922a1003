/* print.c - a tree as YAML that parses to the same tree and prints to the same text */
#include "compile/print.h"

#include <string.h>

/* True when the text means the same to YAML without quotes, in a block and in brackets. */
static bool
is_safe(const char *text)
{
	static const char inside[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-*^()%=<>";
	static const char first[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./(";

	if (text[0] == '\0')
		return false;
	/* A minus belongs to a number here; before a blank it would begin a list. */
	if (strchr(first, text[0]) == NULL && (text[0] != '-' || text[1] < '0' || text[1] > '9'))
		return false;
	for (size_t i = 1; text[i] != '\0'; i++) {
		/* Beyond ASCII only quotes are certain: U+2028 is a line end to some parsers. */
		if (text[i] == ' ' && text[i + 1] != ' ' && text[i + 1] != '\0')
			continue;
		if (strchr(inside, text[i]) == NULL)
			return false;
	}
	/* "---" and "..." would end the document. */
	return strncmp(text, "...", 3) != 0;
}

static void
print_scalar(struct buf *out, const char *text, bool is_quoted)
{
	if (!is_quoted && is_safe(text)) {
		buf_puts(out, text);
		return;
	}
	buf_putc(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *text);
	}
	buf_putc(out, '"');
}

static void
print_value(struct buf *out, const struct node *n)
{
	const char *between = "";

	if (node_is_null(n)) { /* in quotes it would be a text */
		buf_putc(out, '~');
		return;
	}
	if (n->kind == NODE_SCALAR) {
		print_scalar(out, n->text, n->is_quoted);
		return;
	}
	buf_putc(out, n->kind == NODE_MAP ? '{' : '[');
	for (const struct node *child = n->first; child != NULL; child = child->next) {
		buf_puts(out, between);
		between = ", ";
		if (n->kind == NODE_MAP) {
			print_scalar(out, child->key, child->is_key_quoted);
			buf_puts(out, ": ");
		}
		print_value(out, child);
	}
	buf_putc(out, n->kind == NODE_MAP ? '}' : ']');
}

static void
print_map(struct buf *out, const struct node *map, int depth)
{
	for (const struct node *n = map->first; n != NULL; n = n->next) {
		for (int i = 0; i < depth; i++)
			buf_puts(out, "  ");
		print_scalar(out, n->key, n->is_key_quoted);
		buf_putc(out, ':');
		if (n->kind == NODE_MAP && n->n > 0) {
			buf_putc(out, '\n');
			print_map(out, n, depth + 1);
		} else {
			buf_putc(out, ' ');
			print_value(out, n);
			buf_putc(out, '\n');
		}
	}
}

void
print_tree(struct buf *out, const struct node *root)
{
	print_map(out, root, 0);
}
