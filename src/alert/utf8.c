/* utf8.c - one character of UTF-8, in and out */
#include "alert/utf8.h"

#include "base/text.h"

size_t
utf8_get(const char *text, size_t n, uint32_t *out_rune)
{
	static const uint8_t of_first[] = { 0x7F, 0x7F, 0x1F, 0x0F, 0x07 };
	size_t len = 1;
	uint32_t rune;

	/* A start that is valid to its first border is one character: text_utf8 knows which are. */
	while (len <= 4 && len <= n && text_utf8(text, len) != len)
		len++;
	if (len > 4 || len > n) {
		*out_rune = UTF8_BAD;
		return 1;
	}
	rune = (uint8_t)text[0] & of_first[len];
	for (size_t i = 1; i < len; i++)
		rune = rune << 6 | ((uint8_t)text[i] & 0x3F);
	*out_rune = rune;
	return len;
}

size_t
utf8_put(char *out, size_t cap, uint32_t rune)
{
	size_t len;

	if (rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF))
		rune = UTF8_BAD;
	len = rune < 0x80 ? 1 : rune < 0x800 ? 2 : rune < 0x10000 ? 3 : 4;
	if (len > cap)
		return 0;
	if (len == 1) {
		out[0] = (char)rune;
		return 1;
	}
	for (size_t i = len - 1; i > 0; i--, rune >>= 6)
		out[i] = (char)(0x80 | (rune & 0x3F));
	out[0] = (char)((0xF00u >> len & 0xF0) | rune);
	return len;
}
