/* http_xml.c - the XML of LabVIEW's web services
 *
 * Source: XML 1.0, of which this reads one form and rejects all else (comments, CDATA, DTDs, other elements):
 *
 *	<?xml ..?> <Response ..>
 *		<Terminal><Name>Sum</Name><Value>9.000000</Value></Terminal> ..
 *	</Response>
 *
 * Prefixes of namespaces and attributes are passed over. A value that holds elements is an array: nobody can want it here.
 */
#include "drivers/http_xml.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

#define DEPTH_MAX 16 /* of elements in a value that is no single one */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- elements ---- */

struct scan {
	const char *at, *end;
	const char *why; /* what is wrong; NULL: nothing yet */
};

struct tag {
	const char *name; /* without a prefix */
	size_t n;
	bool is_close, is_empty;
};

struct run {
	const char *at;
	size_t n;
};

static bool
fail(struct scan *s, const char *why)
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

static bool
take_blanks(struct scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && is_blank(*s->at))
		s->at++;
	return s->at > from;
}

static bool
take_char(struct scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static struct run
take_name(struct scan *s)
{
	const char *from = s->at;

	while (s->at < s->end &&
		((*s->at >= 'a' && *s->at <= 'z') || (*s->at >= 'A' && *s->at <= 'Z') ||
			is_digit(*s->at) || *s->at == '_' || *s->at == '-' || *s->at == '.' ||
			*s->at == ':'))
		s->at++;
	return (struct run){ from, (size_t)(s->at - from) };
}

/* name="value", behind a blank; what they say does not matter here. */
static bool
take_attributes(struct scan *s)
{
	while (take_blanks(s) && s->at < s->end && *s->at != '/' && *s->at != '>') {
		const char *quote;

		if (take_name(s).n == 0)
			return fail(s, "an attribute that is none");
		take_blanks(s);
		if (!take_char(s, '='))
			return fail(s, "an attribute that is none");
		take_blanks(s);
		if (s->at == s->end || (*s->at != '"' && *s->at != '\''))
			return fail(s, "an attribute that is none");
		quote = memchr(s->at + 1, *s->at, (size_t)(s->end - s->at - 1));
		if (quote == NULL)
			return fail(s, "it breaks off");
		s->at = quote + 1;
	}
	return true;
}

static bool
take_tag(struct scan *s, struct tag *out)
{
	const char *colon;
	struct run name;

	if (!take_char(s, '<'))
		return fail(s, s->at == s->end ? "it breaks off" : "text between elements");
	out->is_close = take_char(s, '/');
	name = take_name(s);
	if (name.n == 0)
		return fail(s, "something other than elements and text");
	colon = memchr(name.at, ':', name.n);
	out->name = colon == NULL ? name.at : colon + 1;
	out->n = name.n - (size_t)(out->name - name.at);
	if (out->is_close)
		take_blanks(s);
	else if (!take_attributes(s))
		return false;
	out->is_empty = !out->is_close && take_char(s, '/');
	return take_char(s, '>') || fail(s, "an element that has no end");
}

static bool
is_named(const struct tag *t, const char *name)
{
	return t->n == strlen(name) && memcmp(t->name, name, t->n) == 0;
}

/* The element `name` begins or ends here, perhaps behind blanks. */
static bool
expect(struct scan *s, const char *name, bool is_close)
{
	struct tag t;

	take_blanks(s);
	return take_tag(s, &t) && ((is_named(&t, name) && t.is_close == is_close && !t.is_empty) ||
					  fail(s, "another element than expected"));
}

static struct run
take_content(struct scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && *s->at != '<')
		s->at++;
	return (struct run){ from, (size_t)(s->at - from) };
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
	*out_n = i + 1;
	return i == n || (c >= 0xD800 && c < 0xE000) ? 0 : c;
}

static size_t
put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

/* Content as UTF-8, without blanks around it, cut at a character when it is longer than the room. Bytes that are not UTF-8 are
 * Latin-1. Q_GARBLED when XML does not allow it. */
static enum quality
plain_text(struct run from, char out[VALUE_TEXT_MAX + 1])
{
	bool is_utf8 = text_utf8(from.at, from.n) == from.n;
	size_t used = 0, step;

	out[0] = '\0';
	while (from.n > 0 && is_blank(from.at[from.n - 1]))
		from.n--;
	for (size_t i = 0; i < from.n; i += step) {
		unsigned char byte = (unsigned char)from.at[i];
		uint32_t c = byte;
		size_t len;
		char utf8[4];

		step = 1;
		if (is_blank(from.at[i])) {
			if (used == 0)
				continue;
			c = ' ';
		} else if (byte == '&') {
			c = entity(from.at + i, from.n - i, &step);
		}
		if (is_utf8 && byte >= 0xC0) {
			step = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
			len = step;
			memcpy(utf8, from.at + i, step);
		} else {
			if (c == '\t' || c == '\r' || c == '\n')
				c = ' ';
			if (c < 0x20)
				return Q_GARBLED;
			len = put_utf8(utf8, c);
		}
		if (used + len > VALUE_TEXT_MAX)
			return Q_TEXT_CUT;
		memcpy(out + used, utf8, len);
		used += len;
		out[used] = '\0';
	}
	return Q_GOOD;
}

/* ---- values ---- */

static void
read_value(const struct point *pt, struct run value, struct reading *r, struct readings *out)
{
	char text[VALUE_TEXT_MAX + 1];

	r->quality = (uint16_t)plain_text(value, text);
	if (quality_is_bad(r->quality))
		return;
	if (pt->type == HTTP_TEXT) {
		char *room = out->text[out->n_text++ % NELEM(out->text)];

		memcpy(room, text, sizeof(text));
		r->text = room;
	} else if (pt->type == HTTP_BOOL) {
		r->v.i = text[0] == '1';
		if ((text[0] != '0' && text[0] != '1') || text[1] != '\0')
			r->quality = Q_NOT_A_NUMBER;
	} else if (r->quality == Q_TEXT_CUT || !text_to_double(text, &r->v.f) ||
		   !isfinite(r->v.f)) {
		r->v.f = 0;
		r->quality = Q_NOT_A_NUMBER;
	}
}

/* All points of the request that want the terminal `name`; is_single: its value is one, no array. */
static void
settle(const struct request *req, const struct point *pts, struct run name, struct run value,
	bool is_single, struct reading *at, struct readings *out)
{
	char text[VALUE_TEXT_MAX + 1];

	if (plain_text(name, text) != Q_GOOD)
		return; /* no point has such a name */
	for (uint32_t i = 0; i < req->n; i++) {
		if (strcmp(pts[req->first + i].key, text) != 0)
			continue;
		if (!is_single || at[i].quality != Q_MISSING) /* an array, or there are two of it */
			at[i] = (struct reading){ .at = at[i].at, .quality = Q_WRONG_ANSWER };
		else
			read_value(&pts[req->first + i], value, &at[i], out);
	}
}

/* The rest of a value with elements in it, up to and with its end. */
static bool
pass_elements(struct scan *s)
{
	unsigned depth = 1;
	struct tag t;

	while (depth > 0) {
		take_content(s);
		if (!take_tag(s, &t))
			return false;
		if (t.is_close)
			depth--;
		else if (!t.is_empty && ++depth > DEPTH_MAX)
			return fail(s, "elements in elements without end");
	}
	return is_named(&t, "Value") || fail(s, "another element than expected");
}

/* Behind <Terminal>. */
static bool
take_terminal(struct scan *s, const struct request *req, const struct point *pts,
	struct reading *at, struct readings *out)
{
	struct run name, value = { "", 0 };
	bool is_single = true;
	struct tag t;

	if (!expect(s, "Name", false))
		return false;
	name = take_content(s);
	if (!expect(s, "Name", true))
		return false;
	take_blanks(s);
	if (!take_tag(s, &t))
		return false;
	if (!is_named(&t, "Value") || t.is_close)
		return fail(s, "another element than expected");
	if (!t.is_empty) {
		value = take_content(s);
		is_single = s->end - s->at > 1 && s->at[1] == '/';
		if (is_single ? !expect(s, "Value", true) : !pass_elements(s))
			return false;
	}
	if (!expect(s, "Terminal", true))
		return false;
	settle(req, pts, name, value, is_single, at, out);
	return true;
}

static bool
take_response(struct scan *s, const struct request *req, const struct point *pts,
	struct reading *at, struct readings *out)
{
	struct tag t;

	if (s->end - s->at >= 3 && memcmp(s->at, "\xEF\xBB\xBF", 3) == 0)
		s->at += 3;
	if (s->end - s->at >= 6 && memcmp(s->at, "<?xml ", 6) == 0) {
		const char *close = memchr(s->at, '>', (size_t)(s->end - s->at));

		if (close == NULL || close[-1] != '?')
			return fail(s, "it breaks off");
		s->at = close + 1;
	}
	take_blanks(s);
	if (!take_tag(s, &t))
		return false;
	if (!is_named(&t, "Response") || t.is_close)
		return fail(s, "it is no <Response>");
	while (!t.is_empty) {
		take_blanks(s);
		if (!take_tag(s, &t))
			return false;
		if (t.is_close && is_named(&t, "Response"))
			break;
		if (t.is_close || t.is_empty || !is_named(&t, "Terminal"))
			return fail(s, "another element than expected");
		if (!take_terminal(s, req, pts, at, out))
			return false;
	}
	take_blanks(s);
	return s->at == s->end || fail(s, "something behind </Response>");
}

bool
http_xml_read(const char *text, size_t n, const struct request *req, const struct point *pts,
	struct reading *at, struct readings *out, size_t *out_where, const char **out_why)
{
	struct scan s = { .at = text, .end = text + n };

	if (take_response(&s, req, pts, at, out))
		return true;
	*out_where = (size_t)(s.at - text);
	*out_why = s.why;
	return false;
}
