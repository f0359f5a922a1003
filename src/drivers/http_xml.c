/* http_xml.c - the parts of XML: elements, attributes, text
 *
 * Source: XML 1.0; Namespaces in XML, whose prefixes are passed over. DTDs and instructions are refused.
 */
#include "drivers/http_xml.h"

#include <string.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- elements ---- */

bool
http_xml_fail(struct http_xml *s, const char *why)
{
	if (s->why == NULL)
		s->why = why;
	return false;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool
http_xml_blanks(struct http_xml *s)
{
	const char *from = s->at;

	while (s->at < s->end && is_blank(*s->at))
		s->at++;
	return s->at > from;
}

static bool
take_char(struct http_xml *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static struct run
take_name(struct http_xml *s)
{
	const char *from = s->at;

	while (s->at < s->end &&
		((*s->at >= 'a' && *s->at <= 'z') || (*s->at >= 'A' && *s->at <= 'Z') ||
			is_digit(*s->at) || *s->at == '_' || *s->at == '-' || *s->at == '.' ||
			*s->at == ':'))
		s->at++;
	return (struct run){ from, (size_t)(s->at - from) };
}

/* name="value" */
static bool
take_attribute(struct http_xml *s, struct run *out_name, struct run *out_value)
{
	const char *quote;

	*out_name = take_name(s);
	if (out_name->n == 0)
		return http_xml_fail(s, "an attribute that is none");
	http_xml_blanks(s);
	if (!take_char(s, '='))
		return http_xml_fail(s, "an attribute that is none");
	http_xml_blanks(s);
	if (s->at == s->end || (*s->at != '"' && *s->at != '\''))
		return http_xml_fail(s, "an attribute that is none");
	quote = memchr(s->at + 1, *s->at, (size_t)(s->end - s->at - 1));
	if (quote == NULL)
		return http_xml_fail(s, "it breaks off");
	*out_value = (struct run){ s->at + 1, (size_t)(quote - s->at - 1) };
	s->at = quote + 1;
	return true;
}

/* Each behind a blank. */
static bool
take_attributes(struct http_xml *s)
{
	struct run name, value;

	while (http_xml_blanks(s) && s->at < s->end && *s->at != '/' && *s->at != '>')
		if (!take_attribute(s, &name, &value))
			return false;
	return true;
}

bool
http_xml_attribute(const struct http_xml_tag *t, struct run wanted, struct run *out)
{
	struct http_xml s = { .at = t->attributes.at, .end = t->attributes.at + t->attributes.n };
	struct run name;

	while (http_xml_blanks(&s) && s.at < s.end && take_attribute(&s, &name, out))
		if (name.n == wanted.n && memcmp(name.at, wanted.at, name.n) == 0)
			return true;
	return false;
}

bool
http_xml_tag(struct http_xml *s, struct http_xml_tag *out)
{
	const char *colon;
	struct run name;

	if (!take_char(s, '<'))
		return http_xml_fail(
			s, s->at == s->end ? "it breaks off" : "text between elements");
	out->is_close = take_char(s, '/');
	name = take_name(s);
	if (name.n == 0)
		return http_xml_fail(s, "something other than elements and text");
	out->full = name;
	colon = memchr(name.at, ':', name.n);
	out->name.at = colon == NULL ? name.at : colon + 1;
	out->name.n = name.n - (size_t)(out->name.at - name.at);
	out->attributes = (struct run){ s->at, 0 };
	if (out->is_close)
		http_xml_blanks(s);
	else if (!take_attributes(s))
		return false;
	out->attributes.n = (size_t)(s->at - out->attributes.at);
	out->is_empty = !out->is_close && take_char(s, '/');
	return take_char(s, '>') || http_xml_fail(s, "an element that has no end");
}

struct run
http_xml_content(struct http_xml *s)
{
	const char *from = s->at;

	while (s->at < s->end && *s->at != '<')
		s->at++;
	return (struct run){ from, (size_t)(s->at - from) };
}

bool
http_xml_begin(struct http_xml *s)
{
	if (s->end - s->at >= 3 && memcmp(s->at, "\xEF\xBB\xBF", 3) == 0)
		s->at += 3;
	if (s->end - s->at >= 6 && memcmp(s->at, "<?xml ", 6) == 0) {
		const char *close = memchr(s->at, '>', (size_t)(s->end - s->at));

		if (close == NULL || close[-1] != '?')
			return http_xml_fail(s, "it breaks off");
		s->at = close + 1;
	}
	http_xml_blanks(s);
	return true;
}

/* ---- text ---- */

/* The character of "&lt;" or "&#233;" at from[0..n); 0 when it is not known. Its length to out_n. */
static uint32_t
entity(const char *from, size_t n, size_t *out_n)
{
	static const struct {
		const char *name;
		char c;
	} known[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' },
		{ "&apos;", '\'' } };
	uint32_t c = 0;
	bool is_hex = n > 2 && from[2] == 'x';
	size_t i = is_hex ? 3 : 2;

	for (size_t k = 0; k < NELEM(known); k++) {
		*out_n = strlen(known[k].name);
		if (n >= *out_n && memcmp(from, known[k].name, *out_n) == 0)
			return (uint32_t)known[k].c;
	}
	if (n < 4 || from[1] != '#')
		return 0;
	for (; i < n && from[i] != ';'; i++) {
		char low = (char)(from[i] | 0x20);

		if (is_digit(from[i]))
			c = c * (is_hex ? 16 : 10) + (uint32_t)(from[i] - '0');
		else if (is_hex && low >= 'a' && low <= 'f')
			c = c * 16 + (uint32_t)(low - 'a' + 10);
		else
			return 0;
		if (c > 0x10FFFF)
			return 0;
	}
	*out_n = MIN(i + 1, n);
	return i == n || (c >= 0xD800 && c < 0xE000) ? 0 : c;
}

void
http_xml_text(struct run from, bool is_utf8, struct http_text *out)
{
	size_t step;

	*out = (struct http_text){ .quality = Q_GOOD };
	while (from.n > 0 && is_blank(from.at[from.n - 1]))
		from.n--;
	for (size_t i = 0; i < from.n; i += step) {
		uint32_t c = http_text_char(from.at + i, from.n - i, is_utf8, &step);

		if (out->n == 0 && is_blank(from.at[i]))
			continue;
		if (c == '&')
			c = entity(from.at + i, from.n - i, &step);
		if (!http_text_put(out, c))
			return;
	}
}
