/* play_http_json.c - a JSON document that has all that some paths name
 *
 * The places are sorted by the first step of their paths, each group makes a member or an element, and so on with what is left of
 * the paths. An element picked by what a member says, `[aiIndex=0]`, has that member, and such elements stand in rising order, as devices
 * list their channels. Places of an array that nobody names are null.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "twin/play_http.h"

static void add_value(struct play_node **list, size_t n, unsigned depth,
	const struct http_json_want *where, struct play_page *out);

/* ---- single values ---- */

static void
add_string(const char *text, struct play_page *out)
{
	static const char hex[] = "0123456789abcdef";

	play_add_text(out, "\"");
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		const char escape[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15], '\0' };

		if (c == '"' || c == '\\')
			play_add_text(out, "\\");
		if (c < 0x20)
			play_add_text(out, escape);
		else
			play_add(out, (struct run){ text, 1 });
	}
	play_add_text(out, "\"");
}

static void
add_single(const struct play_node *node, struct play_page *out)
{
	char text[VALUE_TEXT_MAX + 1];

	if (play_node_text(node, text))
		add_string(text, out);
	else
		play_add_text(out, text);
}

/* A path holds names and texts as they stand between quotes. */
static void
add_quoted(struct run text, struct play_page *out)
{
	play_add_text(out, "\"");
	play_add(out, text);
	play_add_text(out, "\"");
}

/* ---- objects ---- */

static bool
is_same(const struct play_node *a, const struct play_node *b)
{
	const struct http_json_want *x = &a->want.json, *y = &b->want.json;

	return x->kind == y->kind && x->index == y->index && x->is_text == y->is_text &&
	       play_same(x->name, y->name) && play_same(x->value, y->value);
}

/* where: what makes this element the one that is meant, NULL: it is no such. */
static void
add_object(struct play_node **list, size_t n, unsigned depth, const struct http_json_want *where,
	struct play_page *out)
{
	bool has_member = where != NULL;

	play_add_text(out, "{");
	if (where != NULL) {
		add_quoted(where->name, out);
		play_add_text(out, ":");
		if (where->is_text)
			add_quoted(where->value, out);
		else
			play_add(out, where->value);
	}
	while (n > 0) {
		size_t front = play_front(list, n, 0, is_same);
		struct http_json_want want = list[0]->want.json;

		if (want.kind == HTTP_WANT_MEMBER &&
			(where == NULL || !play_same(want.name, where->name))) {
			play_add_text(out, has_member ? "," : "");
			has_member = true;
			add_quoted(want.name, out);
			play_add_text(out, ":");
			add_value(list, front, depth + 1, NULL, out);
		}
		list += front;
		n -= front;
	}
	play_add_text(out, "}");
}

/* ---- arrays ---- */

static double
rank(const struct http_json_want *want)
{
	char text[40];
	double v;

	if (want->is_text || want->value.n >= sizeof(text))
		return (double)INFINITY;
	memcpy(text, want->value.at, want->value.n);
	text[want->value.n] = '\0';
	return text_to_double(text, &v) ? v : (double)INFINITY;
}

/* What stands at a place of an array: what is named by it, else the next of those that are named otherwise; n: nothing. *out_more: there is
 * something for a later place. */
static size_t
find_element(struct play_node **list, size_t n, uint32_t place, bool *out_more)
{
	size_t best = n;

	*out_more = false;
	for (size_t i = 0; i < n; i++) {
		const struct http_json_want *want = &list[i]->want.json;

		if (want->kind == HTTP_WANT_INDEX && want->index == place)
			return i;
		*out_more |= want->kind == HTTP_WANT_INDEX && want->index > place;
		if (want->kind == HTTP_WANT_WHERE &&
			(best == n || rank(want) < rank(&list[best]->want.json)))
			best = i;
	}
	return best;
}

static void
add_array(struct play_node **list, size_t n, unsigned depth, struct play_page *out)
{
	play_add_text(out, "[");
	for (uint32_t place = 0; n > 0 && !out->is_full; place++) {
		bool has_more;
		size_t at = find_element(list, n, place, &has_more), front;
		struct http_json_want want;

		if (at == n && !has_more)
			break;
		play_add_text(out, place > 0 ? "," : "");
		if (at == n) {
			play_add_text(out, "null");
			continue;
		}
		front = play_front(list, n, at, is_same);
		want = list[0]->want.json;
		add_value(list, front, depth + 1, want.kind == HTTP_WANT_WHERE ? &want : NULL, out);
		list += front;
		n -= front;
	}
	play_add_text(out, "]");
}

/* ---- all of it ---- */

static void
add_value(struct play_node **list, size_t n, unsigned depth, const struct http_json_want *where,
	struct play_page *out)
{
	for (size_t i = 0; i < n && where == NULL; i++)
		if (list[i]->path.n == 0) {
			add_single(list[i], out);
			return;
		}
	for (size_t i = 0; i < n; i++)
		if (http_json_want(&list[i]->path, depth == 0, &list[i]->want.json) <= 0)
			list[i]->want.json.kind = HTTP_WANT_INDEX; /* an element itself: left out */
	if (where == NULL && list[0]->want.json.kind != HTTP_WANT_MEMBER)
		add_array(list, n, depth, out);
	else
		add_object(list, n, depth, where, out);
}

void
play_json_page(struct play_node **list, size_t n, struct play_page *out)
{
	add_value(list, n, 0, NULL, out);
}
