/* gsm7.c - the alphabet of short messages
 *
 * Source: 3GPP TS 23.038, 6.1.2.1 (packing), 6.2.1 (default alphabet), 6.2.1.1 (its extension).
 */
#include "alert/gsm7.h"

#include "alert/utf8.h"

/* [septet]: its character. 1B is the escape. */
static const uint16_t alphabet[128] = {
	'@',
	0xA3,
	'$',
	0xA5,
	0xE8,
	0xE9,
	0xF9,
	0xEC,
	0xF2,
	0xC7,
	'\n',
	0xD8,
	0xF8,
	'\r',
	0xC5,
	0xE5,
	0x394,
	'_',
	0x3A6,
	0x393,
	0x39B,
	0x3A9,
	0x3A0,
	0x3A8,
	0x3A3,
	0x398,
	0x39E,
	0,
	0xC6,
	0xE6,
	0xDF,
	0xC9,
	' ',
	'!',
	'"',
	'#',
	0xA4,
	'%',
	'&',
	'\'',
	'(',
	')',
	'*',
	'+',
	',',
	'-',
	'.',
	'/',
	'0',
	'1',
	'2',
	'3',
	'4',
	'5',
	'6',
	'7',
	'8',
	'9',
	':',
	';',
	'<',
	'=',
	'>',
	'?',
	0xA1,
	'A',
	'B',
	'C',
	'D',
	'E',
	'F',
	'G',
	'H',
	'I',
	'J',
	'K',
	'L',
	'M',
	'N',
	'O',
	'P',
	'Q',
	'R',
	'S',
	'T',
	'U',
	'V',
	'W',
	'X',
	'Y',
	'Z',
	0xC4,
	0xD6,
	0xD1,
	0xDC,
	0xA7,
	0xBF,
	'a',
	'b',
	'c',
	'd',
	'e',
	'f',
	'g',
	'h',
	'i',
	'j',
	'k',
	'l',
	'm',
	'n',
	'o',
	'p',
	'q',
	'r',
	's',
	't',
	'u',
	'v',
	'w',
	'x',
	'y',
	'z',
	0xE4,
	0xF6,
	0xF1,
	0xFC,
	0xE0,
};

static const struct {
	uint8_t septet;
	uint16_t rune;
} extension[] = {
	{ 0x0A, '\f' },
	{ 0x14, '^' },
	{ 0x28, '{' },
	{ 0x29, '}' },
	{ 0x2F, '\\' },
	{ 0x3C, '[' },
	{ 0x3D, '~' },
	{ 0x3E, ']' },
	{ 0x40, '|' },
	{ 0x65, 0x20AC },
};

size_t
gsm7_of(uint32_t rune, uint8_t out[2])
{
	for (uint8_t i = 0; i < NELEM(alphabet); i++)
		if (alphabet[i] == rune && i != GSM7_ESCAPE) {
			out[0] = i;
			return 1;
		}
	for (size_t i = 0; i < NELEM(extension); i++)
		if (extension[i].rune == rune) {
			out[0] = GSM7_ESCAPE;
			out[1] = extension[i].septet;
			return 2;
		}
	return 0;
}

int
gsm7_cost(const char *text, size_t n)
{
	int cost = 0;

	while (n > 0) {
		uint8_t septets[2];
		uint32_t rune;
		size_t bytes = utf8_get(text, n, &rune), more = gsm7_of(rune, septets);

		if (more == 0)
			return -1;
		cost += (int)more;
		text += bytes;
		n -= bytes;
	}
	return cost;
}

static uint32_t
extended(uint8_t septet)
{
	for (size_t i = 0; i < NELEM(extension); i++)
		if (extension[i].septet == septet)
			return extension[i].rune;
	return ' ';
}

size_t
gsm7_text(const uint8_t *septets, size_t n, char *out, size_t cap)
{
	size_t made = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t rune = alphabet[septets[i] & 0x7F];
		size_t more;

		if ((septets[i] & 0x7F) == GSM7_ESCAPE) {
			rune = i + 1 < n ? extended(septets[i + 1] & 0x7F) : ' ';
			i++;
		}
		more = utf8_put(out + made, cap - 1 - made, rune);
		if (more == 0)
			break;
		made += more;
	}
	out[made] = '\0';
	return made;
}

size_t
gsm7_pack(const uint8_t *septets, size_t n, unsigned fill, uint8_t *out)
{
	size_t bytes = (fill + 7 * n + 7) / 8;

	for (size_t i = 0; i < bytes; i++)
		out[i] = 0;
	for (size_t i = 0; i < n; i++) {
		size_t bit = fill + 7 * i;
		unsigned two = (unsigned)(septets[i] & 0x7F) << bit % 8;

		out[bit / 8] |= (uint8_t)two;
		if (two > 0xFF)
			out[bit / 8 + 1] |= (uint8_t)(two >> 8);
	}
	return bytes;
}

bool
gsm7_unpack(const uint8_t *in, size_t bytes, unsigned fill, size_t n, uint8_t *out)
{
	if (n > 0 && (fill + 7 * n + 7) / 8 > bytes)
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t bit = fill + 7 * i;
		unsigned two = in[bit / 8];

		if (bit % 8 > 1)
			two |= (unsigned)in[bit / 8 + 1] << 8;
		out[i] = two >> bit % 8 & 0x7F;
	}
	return true;
}

const char *
gsm7_like(uint32_t rune)
{
	static const struct {
		uint16_t first, last;
		const char *like;
	} table[] = {
		{ 0x09, 0x09, " " },
		{ '`', '`', "'" },
		{ 0xA0, 0xA0, " " },
		{ 0xAB, 0xAB, "\"" },
		{ 0xAD, 0xAD, "" },
		{ 0xB0, 0xB0, "deg" },
		{ 0xB1, 0xB1, "+-" },
		{ 0xB2, 0xB2, "2" },
		{ 0xB3, 0xB3, "3" },
		{ 0xB4, 0xB4, "'" },
		{ 0xB5, 0xB5, "u" },
		{ 0xB7, 0xB7, "." },
		{ 0xB9, 0xB9, "1" },
		{ 0xBB, 0xBB, "\"" },
		{ 0xC0, 0xC3, "A" },
		{ 0xC8, 0xC8, "E" },
		{ 0xCA, 0xCB, "E" },
		{ 0xCC, 0xCF, "I" },
		{ 0xD2, 0xD5, "O" },
		{ 0xD7, 0xD7, "x" },
		{ 0xD9, 0xDB, "U" },
		{ 0xDD, 0xDD, "Y" },
		{ 0xE1, 0xE3, "a" },
		{ 0xE7, 0xE7, "c" },
		{ 0xEA, 0xEB, "e" },
		{ 0xED, 0xEF, "i" },
		{ 0xF3, 0xF5, "o" },
		{ 0xFA, 0xFB, "u" },
		{ 0xFD, 0xFD, "y" },
		{ 0xFF, 0xFF, "y" },
		{ 0x152, 0x152, "OE" },
		{ 0x153, 0x153, "oe" },
		{ 0x2BC, 0x2BC, "'" },
		{ 0x3B1, 0x3B1, "alpha" },
		{ 0x3B2, 0x3B2, "beta" },
		{ 0x3BC, 0x3BC, "u" },
		{ 0x2002, 0x200A, " " },
		{ 0x2010, 0x2015, "-" },
		{ 0x2018, 0x201B, "'" },
		{ 0x201C, 0x201F, "\"" },
		{ 0x2022, 0x2022, "*" },
		{ 0x2026, 0x2026, "..." },
		{ 0x202F, 0x202F, " " },
		{ 0x2032, 0x2032, "'" },
		{ 0x2082, 0x2082, "2" },
		{ 0x2126, 0x2126, "Ohm" },
		{ 0x2190, 0x2190, "<-" },
		{ 0x2192, 0x2192, "->" },
		{ 0x2206, 0x2206, "\u0394" },
		{ 0x2212, 0x2212, "-" },
		{ 0x2264, 0x2264, "<=" },
		{ 0x2265, 0x2265, ">=" },
	};

	for (size_t i = 0; i < NELEM(table); i++)
		if (rune >= table[i].first && rune <= table[i].last)
			return table[i].like;
	return "?";
}
