/* http_element.c - paths in an XML page
 *
 * Source: XML 1.0. The page is walked once, with the elements from the outermost to the present one in a table. Comments are passed over; a DTD, an
 * instruction and an end that does not fit its beginning make the page unreadable. An element with elements, comments
 * or CDATA inside has no single value.
 */
#include "drivers/http_element.h"

#include <string.h>

#include "drivers/http_xml.h"

struct level {
	struct http_xml_tag tag;
	struct run content;
	bool is_many;
};

struct walk {
	struct http_xml xml;
	struct level level[HTTP_XML_DEPTH];
	unsigned n;
};

/* ---- paths ---- */

static bool
is_name_char(char c)
{
	return (unsigned char)c > 0x20 && strchr("/@[]=\"'<>&:", c) == NULL;
}

static struct run
take_name(struct run *path)
{
	struct run out = { path->at, 0 };

	while (out.n < path->n && is_name_char(path->at[out.n]))
		out.n++;
	path->at += out.n;
	path->n -= out.n;
	return out;
}

static bool
take_text(struct run *path, const char *text)
{
	size_t n = strlen(text);

	if (path->n < n || memcmp(path->at, text, n) != 0)
		return false;
	path->at += n;
	path->n -= n;
	return true;
}

/* Behind [@ up to and with ]. */
static bool
take_condition(struct run *path, struct http_element_want *out)
{
	const char *quote;

	out->attribute = take_name(path);
	if (out->attribute.n == 0 || !take_text(path, "=\""))
		return false;
	quote = memchr(path->at, '"', path->n);
	if (quote == NULL)
		return false;
	out->value = (struct run){ path->at, (size_t)(quote - path->at) };
	path->n -= out->value.n;
	path->at = quote;
	return take_text(path, "\"]");
}

int
http_element_want(struct run *path, bool is_first, struct http_element_want *out)
{
	*out = (struct http_element_want){ .name = { "", 0 } };
	if (path->n == 0)
		return is_first ? -1 : 0;
	if (!is_first && !take_text(path, "/"))
		return -1;
	out->is_attribute = !is_first && take_text(path, "@");
	out->name = take_name(path);
	if (out->name.n == 0 || (out->is_attribute && path->n > 0))
		return -1;
	if (take_text(path, "[@") && (out->is_attribute || !take_condition(path, out)))
		return -1;
	return 1;
}

const char *
http_element_path(const char *path)
{
	struct run left = { path, strlen(path) };
	struct http_element_want step;
	unsigned n = 0;
	int rc;

	while ((rc = http_element_want(&left, n == 0, &step)) > 0) {
		if (step.value.n > VALUE_TEXT_MAX)
			return "what an attribute says is too long";
		if (++n > (step.is_attribute ? HTTP_XML_DEPTH + 1 : HTTP_XML_DEPTH))
			return "it goes too deep";
	}
	return rc < 0 ? "it does not end as it should" : NULL;
}

static bool
is_level(const struct level *level, const struct http_element_want *step, bool is_utf8)
{
	const struct run *name = &level->tag.name;
	struct http_text text;
	struct run value;

	if (name->n != step->name.n || memcmp(name->at, step->name.at, name->n) != 0)
		return false;
	if (step->attribute.n == 0)
		return true;
	if (!http_xml_attribute(&level->tag, step->attribute, &value))
		return false;
	http_xml_text(value, is_utf8, &text);
	return http_text_is(&text, step->value);
}

/* Does the path lead to the innermost element, or to an attribute of it? */
static bool
is_at(const struct walk *w, struct run path, bool is_utf8, struct run *out_attribute)
{
	struct http_element_want step;
	unsigned n = 0;

	*out_attribute = (struct run){ "", 0 };
	while (http_element_want(&path, n == 0, &step) > 0) {
		if (step.is_attribute) {
			*out_attribute = step.name;
			break;
		}
		if (n >= w->n || !is_level(&w->level[n], &step, is_utf8))
			return false;
		n++;
	}
	return n > 0 && n == w->n;
}

/* ---- the page ---- */

/* The innermost element is complete. */
static void
settle(const struct walk *w, struct http_page *p)
{
	const struct level *last = &w->level[w->n - 1];
	struct http_text text = { .quality = Q_GOOD };
	struct run attribute, value = last->content;

	for (uint32_t i = 0; i < p->req->n; i++) {
		const char *key = p->pts[p->req->first + i].key;
		struct run selector = { key + 2, strcspn(key + 2, "\x1F") };
		bool is_many = last->is_many;

		if (key[0] != HTTP_XML || !is_at(w, selector, p->is_utf8, &attribute))
			continue;
		value = last->content;
		if (attribute.n > 0) {
			if (!http_xml_attribute(&last->tag, attribute, &value))
				continue;
			is_many = false;
		}
		http_xml_text(value, p->is_utf8, &text);
		http_value_settle(p, i, is_many ? HTTP_TOKEN_MANY : HTTP_TOKEN_TEXT, &text);
	}
}

/* A comment, or CDATA, that begins here; false when there is none, or it has no end. */
static bool
take_other(struct http_xml *s, const char *open, const char *close)
{
	size_t n = strlen(open);
	const char *end;

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, open, n) != 0)
		return false;
	end = memmem(s->at + n, (size_t)(s->end - s->at) - n, close, strlen(close));
	if (end == NULL)
		return http_xml_fail(s, "it breaks off");
	s->at = end + strlen(close);
	return true;
}

static bool
take_comments(struct http_xml *s)
{
	http_xml_blanks(s);
	while (take_other(s, "<!--", "-->"))
		http_xml_blanks(s);
	return s->why == NULL;
}

/* The element `t` begins. */
static bool
push(struct walk *w, const struct http_xml_tag *t)
{
	if (w->n == HTTP_XML_DEPTH)
		return http_xml_fail(&w->xml, "elements in elements without end");
	if (w->n > 0)
		w->level[w->n - 1].is_many = true;
	w->level[w->n++] = (struct level){ .tag = *t, .content = { "", 0 } };
	return true;
}

static bool
pop(struct walk *w, const struct http_xml_tag *t, struct http_page *p)
{
	const struct run *open = &w->level[w->n - 1].tag.full;

	if (t->is_close && (t->full.n != open->n || memcmp(t->full.at, open->at, open->n) != 0))
		return http_xml_fail(&w->xml, "an end that does not fit its beginning");
	settle(w, p);
	w->n--;
	return true;
}

/* One element, one end, or something that has no value, inside of the outermost element. */
static bool
take_part(struct walk *w, struct http_page *p)
{
	struct level *last = &w->level[w->n - 1];
	struct run content = http_xml_content(&w->xml);
	struct http_xml_tag t;

	if (!last->is_many)
		last->content = content;
	if (take_other(&w->xml, "<!--", "-->") || take_other(&w->xml, "<![CDATA[", "]]>")) {
		last->is_many = true;
		return true;
	}
	if (w->xml.why != NULL || !http_xml_tag(&w->xml, &t))
		return false;
	if (t.is_close)
		return pop(w, &t, p);
	return push(w, &t) && (!t.is_empty || pop(w, &t, p));
}

static bool
take_page(struct walk *w, struct http_page *p)
{
	struct http_xml_tag t;

	if (!http_xml_begin(&w->xml) || !take_comments(&w->xml) || !http_xml_tag(&w->xml, &t))
		return false;
	if (t.is_close)
		return http_xml_fail(&w->xml, "an end without a beginning");
	if (!push(w, &t) || (t.is_empty && !pop(w, &t, p)))
		return false;
	while (w->n > 0)
		if (!take_part(w, p))
			return false;
	if (!take_comments(&w->xml))
		return false;
	return w->xml.at == w->xml.end || http_xml_fail(&w->xml, "something behind its end");
}

bool
http_element_read(struct http_page *p)
{
	struct walk w = { .xml = { .at = p->text, .end = p->text + p->n } };

	if (take_page(&w, p))
		return true;
	p->where = (size_t)(w.xml.at - p->text);
	p->why = w.xml.why;
	return false;
}
