/* json_tree.c - JSON as the tree that YAML becomes */
#include "compile/json_tree.h"

#include <string.h>

#include "base/text.h"
#include "compile/source.h"

struct reader {
	struct tree *t;
	struct diag *d;
	const char *p, *end;
	const char *line_start;
	struct place at; /* column: see place_of */
	uint32_t depth;
};

static struct node *read_value(struct reader *r);

static struct place
place_of(const struct reader *r, const char *p)
{
	struct place at = r->at;

	at.column = 1;
	for (const char *q = r->line_start; q < p; q++)
		at.column += ((unsigned char)*q & 0xC0) != 0x80;
	return at;
}

static void *
fail(struct reader *r, const char *what)
{
	diag_error(r->d, place_of(r, r->p), "json", "%s%s", what,
		strstr(what, "; ") == NULL ? "; correct it" : "");
	return NULL;
}

static void
skip(struct reader *r)
{
	for (; r->p < r->end; r->p++) {
		if (*r->p == '\n') {
			r->at.line++;
			r->line_start = r->p + 1;
		} else if (*r->p != ' ' && *r->p != '\t' && *r->p != '\r') {
			return;
		}
	}
}

static bool
take(struct reader *r, char c)
{
	skip(r);
	if (r->p >= r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

static struct node *
new_node(struct reader *r, enum node_kind kind)
{
	struct node *n = tree_node(r->t, kind, place_of(r, r->p));

	return n != NULL ? n : fail(r, "too much in one file; split it");
}

/* ---- texts ---------------------------------------------------------------------------------------------------- */

/* Four hex digits at p; -1: there are none. */
static int
hex4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];

		v <<= 4;
		if (c >= '0' && c <= '9')
			v |= c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v |= (c | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return v;
}

static char *
put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xC0 | c >> 6);
	} else if (c < 0x10000) {
		*to++ = (char)(0xE0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3F));
	} else {
		*to++ = (char)(0xF0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3F));
		*to++ = (char)(0x80 | (c >> 6 & 0x3F));
	}
	*to++ = (char)(0x80 | (c & 0x3F));
	return to;
}

/* \u.... at r->p, which stands on the u. */
static char *
read_code(struct reader *r, char *to)
{
	int high = hex4(r->p + 1, r->end), low;
	uint32_t c = (uint32_t)high;

	if (high < 0)
		return fail(r, "four hex digits are missing behind \\u");
	if (high >= 0xD800 && high < 0xDC00 && r->end - r->p > 6 && r->p[5] == '\\' &&
		r->p[6] == 'u') {
		low = hex4(r->p + 7, r->end);
		if (low >= 0xDC00 && low < 0xE000) {
			c = 0x10000 + ((uint32_t)(high - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
			r->p += 6;
		}
	}
	if ((c < 0x20 && c != '\t') || c == 0x7F || (c >= 0xD800 && c < 0xE000))
		return fail(r, "a character that texts do not have; remove it");
	r->p += 5;
	return put_utf8(to, c);
}

static char *
read_escape(struct reader *r, char *to)
{
	r->p++;
	if (r->p < r->end && *r->p == 'u')
		return read_code(r, to);
	if (r->p < r->end && (*r->p == '"' || *r->p == '\\' || *r->p == '/')) {
		*to++ = *r->p++;
		return to;
	}
	if (r->p < r->end && *r->p == 't') {
		*to++ = '\t';
		r->p++;
		return to;
	}
	return fail(r, "texts of a sequence stand on one line, without control characters; use "
		       "\\\", \\\\ and "
		       "\\u.... alone");
}

/* r->p stands on the quote. */
static const char *
read_text(struct reader *r)
{
	const char *end = r->p + 1;
	char *text, *to;

	while (end < r->end && *end != '"' && *end != '\n')
		end += *end == '\\' && end + 1 < r->end ? 2 : 1;
	if (end >= r->end || *end != '"')
		return fail(r, "a text without end; close it with \"");
	text = to = tree_alloc(r->t, (size_t)(end - r->p) + 8);
	for (r->p++; r->p < end;) {
		if ((unsigned char)*r->p < 0x20 || *r->p == 0x7F)
			return fail(r, "a control character in a text; remove it");
		if (*r->p != '\\')
			*to++ = *r->p++;
		else if ((to = read_escape(r, to)) == NULL)
			return NULL;
	}
	r->p = end + 1;
	*to = '\0';
	return text;
}

/* ---- values --------------------------------------------------------------------------------------------------- */

static bool
read_member(struct reader *r, struct node *map)
{
	struct node *child;
	struct place at;
	const char *key;

	skip(r);
	at = place_of(r, r->p);
	if (r->p >= r->end || *r->p != '"')
		return fail(r, "a key in quotes is missing here") != NULL;
	key = read_text(r);
	if (key == NULL)
		return false;
	if (tree_get(r->t, map, key) != NULL) {
		diag_error(r->d, at, "json", "the key '%.60s' twice; remove one of them", key);
		return false;
	}
	if (!take(r, ':'))
		return fail(r, "':' is missing behind the key") != NULL;
	child = read_value(r);
	if (child == NULL)
		return false;
	child->key = key;
	child->key_at = at;
	tree_add(r->t, map, child);
	return true;
}

static struct node *
read_group(struct reader *r, bool is_map)
{
	struct node *n = new_node(r, is_map ? NODE_MAP : NODE_LIST), *child;
	char closing = is_map ? '}' : ']';

	if (n == NULL)
		return NULL;
	if (++r->depth > JSON_TREE_DEPTH_MAX)
		return fail(r, "brackets too deep in each other");
	r->p++;
	if (!take(r, closing)) {
		do {
			if (is_map && !read_member(r, n))
				return NULL;
			if (!is_map) {
				child = read_value(r);
				if (child == NULL)
					return NULL;
				tree_add(r->t, n, child);
			}
		} while (take(r, ','));
		if (!take(r, closing))
			return fail(r, is_map ? "',' or '}' is missing here"
					      : "',' or ']' is missing here");
	}
	r->depth--;
	return n;
}

static bool
is_literal(const char *text)
{
	double v;

	return strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ||
	       strcmp(text, "null") == 0 ||
	       ((text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) && text_to_double(text, &v));
}

static struct node *
read_scalar(struct reader *r)
{
	struct node *n = new_node(r, NODE_SCALAR);
	const char *start = r->p;

	if (n == NULL)
		return NULL;
	if (*r->p == '"') {
		n->is_quoted = true;
		n->text = read_text(r);
		return n->text == NULL ? NULL : n;
	}
	while (r->p < r->end && strchr(" \t\r\n,:]}[{\"", *r->p) == NULL)
		r->p++;
	n->text = tree_text(r->t, start, (size_t)(r->p - start));
	r->p = is_literal(n->text) ? r->p : start;
	return r->p > start ? n
			    : fail(r, "a value is missing here: a text in quotes, a number, true, "
				      "false, "
				      "null, [ or {");
}

static struct node *
read_value(struct reader *r)
{
	skip(r);
	if (r->p >= r->end)
		return fail(r, "the file ends where a value is expected");
	if (*r->p == '{' || *r->p == '[')
		return read_group(r, *r->p == '{');
	return read_scalar(r);
}

struct node *
json_tree(struct tree *t, struct diag *d, uint16_t file, const char *bytes, size_t n)
{
	struct reader r = { .t = t, .d = d, .p = bytes, .end = bytes + n, .at = { file, 1, 1 } };
	struct node *root;

	if (n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
		r.p += 3;
	r.line_start = r.p;
	if (n > SOURCE_MAX)
		return fail(&r, "the file is too large; split it");
	if (text_utf8(bytes, n) != n || memchr(bytes, 0, n) != NULL)
		return fail(&r, "a file that is no UTF-8 text; save it as UTF-8");
	root = read_value(&r);
	if (root == NULL)
		return NULL;
	skip(&r);
	return r.p < r.end ? fail(&r, "something behind the end; remove it") : root;
}
