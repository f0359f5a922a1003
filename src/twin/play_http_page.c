/* play_http_page.c - what stands on a page of a simulated web server, and pages of LabVIEW's terminals */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "twin/play_http.h"

/* ---- text ---- */

void
play_add(struct play_page *p, struct run text)
{
	p->is_full |= text.n > sizeof(p->text) - p->n;
	if (p->is_full || text.n == 0)
		return;
	memcpy(p->text + p->n, text.at, text.n);
	p->n += text.n;
}

void
play_add_text(struct play_page *p, const char *text)
{
	play_add(p, play_run(text));
}

void
play_add_escaped(struct play_page *p, struct run text)
{
	for (size_t i = 0; i < text.n; i++) {
		switch (text.at[i]) {
		case '<':
			play_add_text(p, "&lt;");
			break;
		case '>':
			play_add_text(p, "&gt;");
			break;
		case '&':
			play_add_text(p, "&amp;");
			break;
		case '"':
			play_add_text(p, "&quot;");
			break;
		default:
			play_add(p, (struct run){ text.at + i, 1 });
		}
	}
}

/* ---- values ---- */

static void
literal_found(void *ctx, const struct http_json_place *place, enum http_token token, struct run raw)
{
	*(bool *)ctx = token == HTTP_TOKEN_NUMBER || token == HTTP_TOKEN_WORD;
}

bool
play_is_literal(struct run word)
{
	struct http_page page = { .text = word.at, .n = word.n, .is_utf8 = true };
	bool is_literal = false;

	return http_json_walk(&page, literal_found, &is_literal) && is_literal;
}

/* A truth without words of its own is 1 or 0, unless it is written as true and false. */
static struct run
word_of(const struct play_point *pp, const struct http_key *key)
{
	struct http_key write = { .on = { "", 0 } };
	bool is_on = pp->v.i != 0;

	if (key->on.n > 0)
		return is_on ? key->on : key->off;
	if (key->kind == HTTP_JSON && !key->is_quoted && pp->pt.write_key != NULL)
		http_key_split(pp->pt.write_key, &write);
	if (play_same(write.on, play_run("true")) && play_same(write.off, play_run("false")))
		return is_on ? write.on : write.off;
	return (struct run){ is_on ? "1" : "0", 1 };
}

bool
play_node_text(const struct play_node *node, char out[VALUE_TEXT_MAX + 1])
{
	const struct play_point *pp = node->fixed == NULL ? &node->dev->pts[node->i] : NULL;
	struct http_key key;
	struct run word;
	uint32_t bits;
	float f;

	if (pp == NULL) {
		text_copy(out, VALUE_TEXT_MAX + 1, node->fixed);
		return !play_is_literal(play_run(out));
	}
	http_key_split(node->key, &key);
	switch ((enum http_type)pp->pt.type) {
	case HTTP_TEXT:
		text_copy(out, VALUE_TEXT_MAX + 1, pp->text);
		return true;
	case HTTP_BOOL:
		word = word_of(pp, &key);
		snprintf(out, VALUE_TEXT_MAX + 1, "%.*s", (int)word.n, word.at);
		return key.is_quoted || !play_is_literal(word);
	case HTTP_HEX_FLOAT:
		f = (float)pp->v.f;
		memcpy(&bits, &f, sizeof(bits));
		snprintf(out, VALUE_TEXT_MAX + 1, "0x%08X", bits);
		return true;
	case HTTP_NUMBER:
		break;
	}
	if (key.kind == HTTP_TERMINAL)
		snprintf(out, VALUE_TEXT_MAX + 1, "%.6f", pp->v.f);
	else
		text_from_double(out, pp->v.f);
	return key.is_quoted;
}

/* ---- what a page has ---- */

/* Has the place that this key names the page's path? */
static bool
is_on_page(const struct play_device *dev, const char *text, struct run path, struct http_key *out)
{
	if (text == NULL)
		return false;
	http_key_split(text, out);
	return play_same(
		out->path.n > 0 ? out->path : play_run(dev->ins.opts.text[HTTP_OPT_PATH]), path);
}

static void
put_node(struct play_nodes *out, struct play_node node, enum http_kind kind)
{
	if (out->n == PLAY_NODES_MAX) {
		out->is_full = true;
		return;
	}
	if (out->n == 0)
		out->kind = kind;
	out->node[out->n++] = node;
}

/* Where it is read, and where it is written in a collection when that is another place. */
static void
put_point(struct play_device *dev, uint32_t i, struct run path, struct play_nodes *out)
{
	const struct point *pt = &dev->pts[i].pt;
	struct http_key read = { .kind = 0 }, write;
	struct play_node node = { .dev = dev, .i = i };
	bool is_read = is_on_page(dev, pt->key, path, &read);

	if (is_read) {
		node.key = pt->key;
		node.path = read.selector;
		put_node(out, node, (enum http_kind)read.kind);
	}
	if (!is_on_page(dev, pt->write_key, path, &write) || write.kind != 'c' ||
		(is_read && play_same(read.selector, write.selector)))
		return;
	node.key = pt->write_key;
	node.path = write.selector;
	put_node(out, node, HTTP_JSON);
}

void
play_gather(const struct play_device *dev, struct run path, struct play_nodes *out)
{
	const struct play_servers *all = dev->store;
	const char *ok_json = NULL, *ok_is = NULL;

	out->n = 0;
	out->is_full = false;
	for (size_t k = 0; k < all->n; k++) {
		struct play_device *d = all->dev[k];
		size_t before = out->n;

		if (!play_is_neighbour(dev, d))
			continue;
		for (uint32_t i = 0; i < d->n_pts; i++)
			put_point(d, i, path, out);
		if (out->n > before && ok_json == NULL) {
			ok_json = d->ins.opts.text[HTTP_OPT_OK_JSON];
			ok_is = d->ins.opts.text[HTTP_OPT_OK_IS];
		}
	}
	if (out->n > 0 && ok_json != NULL)
		put_node(out, (struct play_node){ .fixed = ok_is, .path = play_run(ok_json) },
			HTTP_JSON);
}

bool
play_has_page(const struct play_device *dev, struct run path)
{
	struct http_key key;

	for (uint32_t i = 0; i < dev->n_pts; i++)
		if (is_on_page(dev, dev->pts[i].pt.key, path, &key) ||
			(is_on_page(dev, dev->pts[i].pt.write_key, path, &key) && key.kind == 'c'))
			return true;
	return false;
}

/* ---- pages ---- */

size_t
play_front(struct play_node **list, size_t n, size_t at,
	bool (*same)(const struct play_node *a, const struct play_node *b))
{
	const struct play_node *first = list[at];
	size_t front = 0;

	for (size_t i = 0; i < n; i++) {
		struct play_node *node = list[i];

		if (!same(first, node))
			continue;
		memmove(list + front + 1, list + front, (i - front) * sizeof(struct play_node *));
		list[front++] = node;
	}
	return front;
}

static void
terminals_page(struct play_node **list, size_t n, struct play_page *out)
{
	char text[VALUE_TEXT_MAX + 1];

	play_add_text(out, "<Response>");
	for (size_t i = 0; i < n; i++) {
		if (list[i]->fixed != NULL)
			continue;
		play_add_text(out, "<Terminal><Name>");
		play_add_escaped(out, list[i]->path);
		play_add_text(out, "</Name><Value>");
		play_node_text(list[i], text);
		play_add_escaped(out, play_run(text));
		play_add_text(out, "</Value></Terminal>");
	}
	play_add_text(out, "</Response>");
}

/* Places of another kind than the first are left out: no page is of two. */
void
play_make_page(struct play_nodes *nodes, struct play_page *out)
{
	struct play_node *list[PLAY_NODES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < nodes->n; i++) {
		struct play_node *node = &nodes->node[i];
		char kind =
			node->fixed != NULL || node->key[0] == 'c' ? (char)HTTP_JSON : node->key[0];

		if (kind == (char)nodes->kind)
			list[n++] = node;
	}
	out->n = 0;
	out->is_full = nodes->is_full;
	out->type = nodes->kind == HTTP_JSON ? "application/json" : "text/xml";
	if (nodes->kind == HTTP_JSON)
		play_json_page(list, n, out);
	else if (nodes->kind == HTTP_XML)
		play_xml_page(list, n, out);
	else
		terminals_page(list, n, out);
}
