/* http_value.c - what stands in a page to a value
 *
 * A number is a number only when it stands as one: "9" in quotes, a decimal comma, NaN, 1e999 are none. A truth is true, false, 1
 * or 0, or one of the two words that the point names; anything else is no truth, not even a false one.
 */
#include "drivers/http_value.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

#define HEX_DIGITS 8 /* of a float of 32 bits */

/* ---- texts ---- */

static size_t
put_utf8(char out[4], uint32_t c)
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

bool
http_text_put(struct http_text *t, uint32_t c)
{
	char utf8[4];
	size_t len;

	if (t->quality != Q_GOOD)
		return false;
	if (c == '\t' || c == '\r' || c == '\n')
		c = ' ';
	if (c < 0x20 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
		t->quality = Q_GARBLED;
		return false;
	}
	len = put_utf8(utf8, c);
	if (t->n + len > VALUE_TEXT_MAX) {
		t->quality = Q_TEXT_CUT;
		return false;
	}
	memcpy(t->text + t->n, utf8, len);
	t->n += len;
	t->text[t->n] = '\0';
	return true;
}

/* is_utf8 says that the whole page was found to be so; the bytes of a part of it are looked at all the same. */
uint32_t
http_text_char(const char *in, size_t n, bool is_utf8, size_t *out_n)
{
	const unsigned char first = (unsigned char)in[0];
	size_t len = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
	uint32_t c = first;

	*out_n = 1;
	if (!is_utf8 || len == 1 || len > n)
		return c;
	c &= 0x7Fu >> len;
	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)in[i] & 0x3F);
	*out_n = len;
	return c;
}

bool
http_text_is(const struct http_text *t, struct run word)
{
	return t->quality == Q_GOOD && t->n == word.n && memcmp(t->text, word.at, word.n) == 0;
}

/* ---- values ---- */

static enum quality
read_bool(const struct http_key *key, enum http_token token, const struct http_text *text,
	union value *out)
{
	static const struct run words[] = { { "true", 4 }, { "false", 5 } };
	static const struct run digits[] = { { "1", 1 }, { "0", 1 } };
	const struct run *pair = token == HTTP_TOKEN_WORD ? words : digits;
	const struct run own[] = { key->on, key->off };

	if (key->on.n > 0)
		pair = own;
	else if (token == HTTP_TOKEN_STRING && !key->is_quoted)
		return Q_NOT_A_NUMBER;
	out->i = http_text_is(text, pair[0]);
	return out->i || http_text_is(text, pair[1]) ? Q_GOOD : Q_NOT_A_NUMBER;
}

/* "0x41480000": the bits of a float of 32 bits, highest first. */
static bool
hex_float(const char *text, double *out)
{
	uint32_t bits = 0;
	float f;

	if (strlen(text) != 2 + HEX_DIGITS || text[0] != '0' || (text[1] | 0x20) != 'x')
		return false;
	for (const char *p = text + 2; *p != '\0'; p++) {
		char low = (char)(*p | 0x20);

		if (*p >= '0' && *p <= '9')
			bits = bits << 4 | (uint32_t)(*p - '0');
		else if (low >= 'a' && low <= 'f')
			bits = bits << 4 | (uint32_t)(low - 'a' + 10);
		else
			return false;
	}
	memcpy(&f, &bits, sizeof(f));
	*out = (double)f;
	return true;
}

static enum quality
read_number(const struct point *pt, const struct http_key *key, enum http_token token,
	const struct http_text *text, union value *out)
{
	bool is_hex = pt->type == HTTP_HEX_FLOAT;
	double v = 0;

	if (text->quality != Q_GOOD || token == HTTP_TOKEN_WORD)
		return Q_NOT_A_NUMBER;
	if (token == HTTP_TOKEN_STRING && !key->is_quoted && !is_hex)
		return Q_NOT_A_NUMBER;
	if (!(is_hex ? hex_float(text->text, &v) : text_to_double(text->text, &v)) || !isfinite(v))
		return Q_NOT_A_NUMBER;
	out->f = v;
	return Q_GOOD;
}

static void
read_text(enum http_token token, const struct http_text *text, struct reading *r,
	struct readings *out)
{
	char *room;

	if (token == HTTP_TOKEN_NUMBER || token == HTTP_TOKEN_WORD) {
		r->quality = Q_WRONG_ANSWER;
		return;
	}
	room = out->text[out->n_text++ % NELEM(out->text)];
	memcpy(room, text->text, sizeof(text->text));
	r->text = room;
}

void
http_value_settle(
	struct http_page *p, uint32_t i, enum http_token token, const struct http_text *text)
{
	const struct point *pt = &p->pts[p->req->first + i];
	struct reading *r = &p->at[i];
	struct http_key key;

	if (r->quality != Q_MISSING || token == HTTP_TOKEN_MANY) { /* two of it, or no single one */
		*r = (struct reading){ .at = r->at, .quality = Q_WRONG_ANSWER };
		return;
	}
	r->quality = (uint16_t)text->quality;
	if (quality_is_bad(text->quality))
		return;
	http_key_split(pt->key, &key);
	if (pt->type == HTTP_TEXT)
		read_text(token, text, r, p->out);
	else if (pt->type == HTTP_BOOL)
		r->quality = (uint16_t)read_bool(&key, token, text, &r->v);
	else
		r->quality = (uint16_t)read_number(pt, &key, token, text, &r->v);
	if (quality_is_bad((enum quality)r->quality))
		r->v = (union value){ 0 };
}
