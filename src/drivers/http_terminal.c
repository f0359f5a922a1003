/* http_terminal.c - the XML of LabVIEW's web services
 *
 * Source: XML 1.0, of which this reads one form and rejects all else (comments, CDATA, DTDs, other elements):
 *
 *	<?xml ..?> <Response ..>
 *		<Terminal><Name>Sum</Name><Value>9.000000</Value></Terminal> ..
 *	</Response>
 *
 * Prefixes of namespaces and attributes are passed over. A value that holds elements is an array: nobody can want it here.
 */
#include "drivers/http_terminal.h"

#include <string.h>

#include "drivers/http_xml.h"

static bool
is_named(const struct http_xml_tag *t, const char *name)
{
	return t->name.n == strlen(name) && memcmp(t->name.at, name, t->name.n) == 0;
}

/* The element `name` begins or ends here, perhaps behind blanks. */
static bool
expect(struct http_xml *s, const char *name, bool is_close)
{
	struct http_xml_tag t;

	http_xml_blanks(s);
	return http_xml_tag(s, &t) &&
	       ((is_named(&t, name) && t.is_close == is_close && !t.is_empty) ||
		       http_xml_fail(s, "another element than expected"));
}

/* All points of the request that want the terminal `name`; is_single: its value is one, no array. */
static void
settle(struct http_page *p, struct run name, struct run value, bool is_single)
{
	struct http_text title, text;

	http_xml_text(name, p->is_utf8, &title);
	http_xml_text(value, p->is_utf8, &text);
	for (uint32_t i = 0; i < p->req->n; i++) {
		const char *key = p->pts[p->req->first + i].key;

		if (key[0] != HTTP_TERMINAL ||
			!http_text_is(&title, (struct run){ key + 2, strcspn(key + 2, "\x1F") }))
			continue;
		http_value_settle(p, i, is_single ? HTTP_TOKEN_TEXT : HTTP_TOKEN_MANY, &text);
	}
}

/* The rest of a value with elements in it, up to and with its end. */
static bool
pass_elements(struct http_xml *s)
{
	unsigned depth = 1;
	struct http_xml_tag t;

	while (depth > 0) {
		http_xml_content(s);
		if (!http_xml_tag(s, &t))
			return false;
		if (t.is_close)
			depth--;
		else if (!t.is_empty && ++depth > HTTP_XML_DEPTH)
			return http_xml_fail(s, "elements in elements without end");
	}
	return is_named(&t, "Value") || http_xml_fail(s, "another element than expected");
}

/* Behind <Terminal>. */
static bool
take_terminal(struct http_xml *s, struct http_page *p)
{
	struct run name, value = { "", 0 };
	bool is_single = true;
	struct http_xml_tag t;

	if (!expect(s, "Name", false))
		return false;
	name = http_xml_content(s);
	if (!expect(s, "Name", true))
		return false;
	http_xml_blanks(s);
	if (!http_xml_tag(s, &t))
		return false;
	if (!is_named(&t, "Value") || t.is_close)
		return http_xml_fail(s, "another element than expected");
	if (!t.is_empty) {
		value = http_xml_content(s);
		is_single = s->end - s->at > 1 && s->at[1] == '/';
		if (is_single ? !expect(s, "Value", true) : !pass_elements(s))
			return false;
	}
	if (!expect(s, "Terminal", true))
		return false;
	settle(p, name, value, is_single);
	return true;
}

static bool
take_response(struct http_xml *s, struct http_page *p)
{
	struct http_xml_tag t;

	if (!http_xml_begin(s))
		return false;
	if (!http_xml_tag(s, &t))
		return false;
	if (!is_named(&t, "Response") || t.is_close)
		return http_xml_fail(s, "it is no <Response>");
	while (!t.is_empty) {
		http_xml_blanks(s);
		if (!http_xml_tag(s, &t))
			return false;
		if (t.is_close && is_named(&t, "Response"))
			break;
		if (t.is_close || t.is_empty || !is_named(&t, "Terminal"))
			return http_xml_fail(s, "another element than expected");
		if (!take_terminal(s, p))
			return false;
	}
	http_xml_blanks(s);
	return s->at == s->end || http_xml_fail(s, "something behind </Response>");
}

bool
http_terminal_read(struct http_page *p)
{
	struct http_xml s = { .at = p->text, .end = p->text + p->n };

	if (take_response(&s, p))
		return true;
	p->where = (size_t)(s.at - p->text);
	p->why = s.why;
	return false;
}
