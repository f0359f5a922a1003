/* play_http_xml.c - an XML document that has all elements and attributes that some paths name
 *
 * As play_http_json.c does it: by the first step of the paths. A document has one root, that of the first path.
 */
#include "twin/play_http.h"

static bool
is_same(const struct play_node *a, const struct play_node *b)
{
	const struct http_element_want *x = &a->want.xml, *y = &b->want.xml;

	return x->is_attribute == y->is_attribute && play_same(x->name, y->name) &&
	       play_same(x->attribute, y->attribute) && play_same(x->value, y->value);
}

static void
add_single(const struct play_node *node, struct play_page *out)
{
	char text[VALUE_TEXT_MAX + 1];

	play_node_text(node, text);
	play_add_escaped(out, play_run(text));
}

static void
open_attribute(struct run name, struct play_page *out)
{
	play_add_text(out, " ");
	play_add(out, name);
	play_add_text(out, "=\"");
}

/* What stands in the element's tag; what is left of the list is inside of it. */
static void
add_attributes(struct play_node ***list, size_t *n, const struct http_element_want *own,
	struct play_page *out)
{
	if (own->attribute.n > 0) {
		open_attribute(own->attribute, out);
		play_add_escaped(out, own->value);
		play_add_text(out, "\"");
	}
	for (size_t i = 0; i < *n;) {
		struct play_node *node = (*list)[i];
		size_t front;

		if (!node->want.xml.is_attribute) {
			i++;
			continue;
		}
		front = play_front(*list, *n, i, is_same);
		if (!play_same(node->want.xml.name, own->attribute)) {
			open_attribute(node->want.xml.name, out);
			add_single(node, out);
			play_add_text(out, "\"");
		}
		*list += front;
		*n -= front;
		i = 0;
	}
}

/* All nodes of the list have this element as their first step, which has been taken off their paths. */
static void
add_element(struct play_node **list, size_t n, struct play_page *out)
{
	const struct http_element_want own = list[0]->want.xml;
	const struct play_node *single = NULL;

	for (size_t i = 0; i < n; i++) {
		if (list[i]->path.n == 0 && single == NULL)
			single = list[i];
		http_element_want(&list[i]->path, false, &list[i]->want.xml);
	}
	play_add_text(out, "<");
	play_add(out, own.name);
	add_attributes(&list, &n, &own, out);
	play_add_text(out, ">");
	if (single != NULL)
		add_single(single, out);
	while (n > 0 && single == NULL) {
		size_t front = play_front(list, n, 0, is_same);

		add_element(list, front, out);
		list += front;
		n -= front;
	}
	play_add_text(out, "</");
	play_add(out, own.name);
	play_add_text(out, ">");
}

void
play_xml_page(struct play_node **list, size_t n, struct play_page *out)
{
	for (size_t i = 0; i < n; i++)
		http_element_want(&list[i]->path, true, &list[i]->want.xml);
	add_element(list, play_front(list, n, 0, is_same), out);
}
