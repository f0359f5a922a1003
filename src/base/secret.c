/* secret.c - passwords and keys while a program holds them, and texts without them
 *
 * What goes over a wire is shown to people, and a device may say again what it was told in a spelling of its own. So a secret is looked for
 * in all spellings at one time, character by character, and words that can be Base64 are decoded in place. Nothing is allocated: this
 * stands in the way of each frame of a bench that has secrets.
 */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

struct secrets *
secrets_new(void)
{
	return mem_zero(1, sizeof(struct secrets));
}

void
secrets_free(struct secrets *s)
{
	if (s == NULL)
		return;
	explicit_bzero(s, sizeof(*s));
	free(s);
}

bool
secrets_same(const struct secrets *a, const struct secrets *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->at[i].value, b->at[i].value) != 0)
			return false;
	return true;
}

bool
secret_is_name(const char *name)
{
	static const char chars[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	return name[0] != '\0' && name[0] != '.' && strlen(name) <= SECRET_NAME_MAX &&
	       name[strspn(name, chars)] == '\0';
}

/* ---- spellings --------------------------------------------------------------------------------------------------------- */

static int
hex(uint8_t c)
{
	uint8_t low = c | 0x20;

	return c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* Of Base64, also in the alphabet for URLs; -1: no digit. */
static int
digit_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

static bool
is_hex(const uint8_t *in, char c)
{
	return hex(in[0]) >= 0 && hex(in[1]) >= 0 && hex(in[0]) * 16 + hex(in[1]) == (uint8_t)c;
}

#define REFERENCE_DIGITS 8 /* with the zeros before a number */

/* A numeric character reference of XML and HTML: "&#65;", "&#x41;", also without its end. */
static size_t
reference(const uint8_t *in, size_t n, char c)
{
	bool is_hex_number = n > 2 && (in[2] | 0x20) == 'x';
	size_t first = is_hex_number ? 3 : 2, at = first;
	const int base = is_hex_number ? 16 : 10;
	uint32_t v = 0;

	if (n < 2 || in[1] != '#')
		return 0;
	for (; at < n && at - first < REFERENCE_DIGITS; at++) {
		int digit = hex(in[at]);

		if (digit < 0 || digit >= base)
			break;
		v = v * (uint32_t)base + (uint32_t)digit;
	}
	if (at == first || v != (uint8_t)c)
		return 0;
	return at + (at < n && in[at] == ';');
}

static size_t
entity(const uint8_t *in, size_t n, char c)
{
	static const struct {
		char c;
		const char *text;
	} all[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" },
		{ '\'', "&apos;" } };

	for (size_t i = 0; i < NELEM(all); i++)
		if (all[i].c == c && strlen(all[i].text) <= n &&
			memcmp(in, all[i].text, strlen(all[i].text)) == 0)
			return strlen(all[i].text);
	return reference(in, n, c);
}

/* Bytes that spell c at in[0]; 0: something else stands there. */
static size_t
spells(const uint8_t *in, size_t n, char c)
{
	if (n >= 3 && in[0] == '%' && is_hex(in + 1, c))
		return 3;
	if (n >= 6 && memcmp(in, "\\u00", 4) == 0 && is_hex(in + 4, c))
		return 6;
	if (n >= 2 && in[0] == '\\' && in[1] == (uint8_t)c && strchr("\"\\/'", c) != NULL)
		return 2;
	if (n > 0 && in[0] == '&' && entity(in, n, c) > 0)
		return entity(in, n, c);
	return n > 0 && (in[0] == (uint8_t)c || (c == ' ' && in[0] == '+'));
}

/* The bytes end here, or within a spelling. */
static bool
ends_within(const uint8_t *in, size_t n)
{
	if (n == 0 || (in[0] == '%' && n < 3) || (in[0] == '\\' && n < 6))
		return true;
	if (in[0] != '&' || n > REFERENCE_DIGITS + 3)
		return false;
	for (size_t i = 1; i < n; i++)
		if (in[i] != '#' && digit_of(in[i]) < 0)
			return false;
	return true;
}

/* Bytes of the secret that begins at in[0]: all of it, or its beginning where the bytes or a quotation end. 0: none does. */
static size_t
length_at(const struct secret *s, const uint8_t *in, size_t n)
{
	size_t at = 0, k;

	if (n >= s->n && memcmp(in, s->value, s->n) == 0)
		return s->n;
	for (k = 0; k < s->n; k++) {
		size_t used = spells(in + at, n - at, s->value[k]);

		if (used == 0)
			break;
		at += used;
	}
	return k == s->n || (k >= SECRET_MIN && (ends_within(in + at, n - at) || in[at] == '\''))
		       ? at
		       : 0;
}

/* The end of the secret with which the bytes begin, where its beginning came before them. */
static size_t
rest_at(const struct secret *s, const uint8_t *in, size_t n)
{
	for (size_t k = 1; k + SECRET_MIN <= s->n; k++)
		if (s->n - k <= n && memcmp(in, s->value + k, s->n - k) == 0)
			return s->n - k;
	return 0;
}

static size_t
longest_at(const struct secrets *s, const uint8_t *in, size_t n, bool is_first)
{
	size_t longest = 0;

	for (size_t i = 0; i < s->n; i++) {
		longest = MAX(longest, length_at(&s->at[i], in, n));
		if (is_first)
			longest = MAX(longest, rest_at(&s->at[i], in, n));
	}
	return longest;
}

/* ---- Base64 ------------------------------------------------------------------------------------------------------------- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
secret_base64(const void *bytes, size_t n, char *out)
{
	const uint8_t *in = bytes;
	size_t used = 0;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t three = (uint32_t)in[i] << 16 |
				 (i + 1 < n ? (uint32_t)in[i + 1] << 8 : 0) |
				 (i + 2 < n ? in[i + 2] : 0);

		out[used++] = digits[three >> 18];
		out[used++] = digits[three >> 12 & 63];
		out[used++] = '=';
		out[used++] = '=';
		if (i + 1 < n)
			out[used - 2] = digits[three >> 6 & 63];
		if (i + 2 < n)
			out[used - 1] = digits[three & 63];
	}
	out[used] = '\0';
	return used;
}

/* Byte number k of what the digits stand for from bit `shift` on. */
static uint8_t
decoded(const uint8_t *in, size_t k, size_t shift)
{
	size_t at = (8 * k + shift) / 6, rest = (8 * k + shift) % 6;

	return (uint8_t)((digit_of(in[at]) << 6 | digit_of(in[at + 1])) >> (4 - rest));
}

/* Bytes in Base64: `n` of them, the first at bit `shift`. */
struct bytes {
	const uint8_t *digits;
	size_t shift, n;
};

/* Does the secret, without its first `lost` bytes, stand at `from`, or as much of it as there is before the end? */
static bool
stands_at(const struct secret *s, size_t lost, const struct bytes *b, size_t from)
{
	size_t most = MIN(s->n - lost, b->n - from), k = 0;

	while (k < most && decoded(b->digits, from + k, b->shift) == (uint8_t)s->value[lost + k])
		k++;
	return k == most && k >= SECRET_MIN;
}

static bool
hides(const struct secrets *s, const struct bytes *b)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t from = 0; from < b->n; from++)
			if (stands_at(&s->at[i], 0, b, from))
				return true;
		for (size_t lost = 1; lost < s->at[i].n && b->n > 0; lost++)
			if (stands_at(&s->at[i], lost, b, 0))
				return true;
	}
	return false;
}

/* Digits of Base64 from in[0] on that hide a secret, with what fills them up; 0: they hide none. Its first digits may be missing, so a byte
 * may begin at any even bit. */
static size_t
word_at(const struct secrets *s, const uint8_t *in, size_t n, bool is_basic)
{
	size_t length = 0;
	bool is_one = is_basic;

	while (length < n && digit_of(in[length]) >= 0)
		length++;
	for (size_t shift = 0; shift < 8 && !is_one && 6 * length > shift; shift += 2)
		is_one = hides(s, &(struct bytes){ in, shift, (6 * length - shift) / 8 });
	if (!is_one)
		return 0;
	while (length < n && in[length] == '=')
		length++;
	return length;
}

/* ---- masks -------------------------------------------------------------------------------------------------------------- */

/* Is this the first of some digits? */
static bool
is_word(const uint8_t *in, size_t at)
{
	return digit_of(in[at]) >= 0 && (at == 0 || digit_of(in[at - 1]) < 0);
}

/* Behind the word that says that a name and a password follow, RFC 7617. */
static bool
is_basic(const uint8_t *in, size_t at)
{
	return at >= 6 && strncasecmp((const char *)in + at - 6, "Basic ", 6) == 0;
}

size_t
secret_mask(const struct secrets *s, const uint8_t *in, size_t n, uint8_t *out, size_t cap)
{
	const size_t n_mask = strlen(SECRET_MASK);
	size_t made = 0, at = 0;

	if (s == NULL || s->n == 0) {
		if (n > 0)
			memcpy(out, in, MIN(n, cap));
		return n;
	}
	while (at < n) {
		size_t used = longest_at(s, in + at, n - at, at == 0);

		if (used == 0 && is_word(in, at))
			used = word_at(s, in + at, n - at, is_basic(in, at));
		if (used == 0) {
			if (made < cap)
				out[made] = in[at];
			made++;
			at++;
			continue;
		}
		if (made < cap)
			memcpy(out + made, SECRET_MASK, MIN(n_mask, cap - made));
		made += n_mask;
		at += used;
	}
	return made;
}

void
secret_mask_text(const struct secrets *s, char *text, size_t cap)
{
	uint8_t masked[512];
	size_t n;

	if (s == NULL || s->n == 0)
		return;
	n = secret_mask(s, (const uint8_t *)text, strlen(text), masked, sizeof(masked));
	n = MIN(MIN(n, sizeof(masked)), cap - 1);
	memcpy(text, masked, n);
	text[n] = '\0';
}
