/* escape.c - characters that JSON writes as \uXXXX */
#include "serve/escape.h"

#define HALF_BITS 10
#define IS_HIGH(c) ((c) >= 0xD800 && (c) <= 0xDBFF)
#define IS_LOW(c) ((c) >= 0xDC00 && (c) <= 0xDFFF)

/* Four hex digits; false: they are none. */
static bool
read_hex(const char *at, const char *end, uint32_t *out)
{
	if (end - at < 4)
		return false;
	*out = 0;
	for (int i = 0; i < 4; i++) {
		char c = at[i], low = (char)(c | 0x20);
		int digit = c >= '0' && c <= '9'       ? c - '0'
			    : low >= 'a' && low <= 'f' ? low - 'a' + 10
						       : -1;

		if (digit < 0)
			return false;
		*out = *out << 4 | (uint32_t)digit;
	}
	return true;
}

size_t
escape_read(const char *at, const char *end, uint32_t *out)
{
	uint32_t low;

	if (!read_hex(at, end, out) || IS_LOW(*out))
		return 0;
	if (!IS_HIGH(*out))
		return 4;
	if (end - at < 10 || at[4] != '\\' || at[5] != 'u' || !read_hex(at + 6, end, &low) ||
		!IS_LOW(low))
		return 0;
	*out = 0x10000 + ((*out - 0xD800) << HALF_BITS) + (low - 0xDC00);
	return 10;
}

size_t
escape_put(char out[ESCAPE_UTF8], uint32_t c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (n == 1) {
		out[0] = (char)c;
		return 1;
	}
	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3F));
	out[0] = (char)((n == 2 ? 0xC0 : n == 3 ? 0xE0 : 0xF0) | c);
	return n;
}
