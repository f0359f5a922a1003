/* modbus_value.c - registers to values and back */
#include "drivers/modbus_value.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

static const struct {
	uint8_t words;
	uint8_t value; /* enum value_type */
} types[MODBUS_TYPES] = {
	[MODBUS_UINT16] = { 1, VALUE_UINT },
	[MODBUS_INT16] = { 1, VALUE_INT },
	[MODBUS_UINT32] = { 2, VALUE_UINT },
	[MODBUS_INT32] = { 2, VALUE_INT },
	[MODBUS_UINT64] = { 4, VALUE_UINT },
	[MODBUS_INT64] = { 4, VALUE_INT },
	[MODBUS_FLOAT32] = { 2, VALUE_FLOAT32 },
	[MODBUS_FLOAT64] = { 4, VALUE_FLOAT },
	[MODBUS_BCD16] = { 1, VALUE_UINT },
	[MODBUS_BCD32] = { 2, VALUE_UINT },
	[MODBUS_STRING] = { 0, VALUE_TEXT },
	[MODBUS_BOOL] = { 1, VALUE_BOOL },
};

unsigned
modbus_type_words(unsigned type)
{
	return type < MODBUS_TYPES ? types[type].words : 0;
}

enum value_type
modbus_type_value(unsigned type)
{
	return type < MODBUS_TYPES ? (enum value_type)types[type].value : VALUE_UINT;
}

static uint16_t
swap_bytes(uint16_t w)
{
	return (uint16_t)(w << 8 | w >> 8);
}

/* Words in the order of the wire to one number, most significant word first. */
static uint64_t
join(const struct point *pt, const uint16_t *words)
{
	bool words_swapped = pt->order == MODBUS_CDAB || pt->order == MODBUS_DCBA;
	bool bytes_swapped = pt->order == MODBUS_BADC || pt->order == MODBUS_DCBA;
	uint64_t v = 0;

	if (pt->count == 1)
		return bytes_swapped ? swap_bytes(words[0]) : words[0];
	for (unsigned i = 0; i < pt->count && i < 4; i++) {
		uint16_t w = words[words_swapped ? pt->count - 1u - i : i];

		v = v << 16 | (bytes_swapped ? swap_bytes(w) : w);
	}
	return v;
}

static void
split(const struct point *pt, uint64_t v, uint16_t *words)
{
	bool words_swapped = pt->order == MODBUS_CDAB || pt->order == MODBUS_DCBA;
	bool bytes_swapped = pt->order == MODBUS_BADC || pt->order == MODBUS_DCBA;

	for (unsigned i = 0; i < pt->count && i < 4; i++) {
		uint16_t w = (uint16_t)(v >> 16 * (pt->count - 1u - i));

		words[words_swapped ? pt->count - 1u - i : i] = bytes_swapped ? swap_bytes(w) : w;
	}
}

static enum quality
from_bcd(uint64_t digits, unsigned n, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned i = n; i-- > 0;) {
		unsigned digit = digits >> 4 * i & 15;

		if (digit > 9)
			return Q_NOT_A_NUMBER;
		v = v * 10 + digit;
	}
	*out = v;
	return Q_GOOD;
}

enum quality
modbus_value_get(const struct point *pt, const uint16_t *words, union value *out)
{
	uint64_t bits = join(pt, words);
	uint32_t half = (uint32_t)bits;
	float f;

	switch ((enum modbus_type)pt->type) {
	case MODBUS_UINT16:
	case MODBUS_UINT32:
	case MODBUS_UINT64:
		out->u = bits;
		return Q_GOOD;
	case MODBUS_INT16:
		out->i = (int16_t)(uint16_t)bits;
		return Q_GOOD;
	case MODBUS_INT32:
		out->i = (int32_t)half;
		return Q_GOOD;
	case MODBUS_INT64:
		out->i = (int64_t)bits;
		return Q_GOOD;
	case MODBUS_FLOAT32:
		memcpy(&f, &half, sizeof(f));
		out->f = (double)f;
		return isfinite(f) ? Q_GOOD : Q_NOT_A_NUMBER;
	case MODBUS_FLOAT64:
		memcpy(&out->f, &bits, sizeof(out->f));
		return isfinite(out->f) ? Q_GOOD : Q_NOT_A_NUMBER;
	case MODBUS_BCD16:
		return from_bcd(bits, 4, &out->u);
	case MODBUS_BCD32:
		return from_bcd(bits, 8, &out->u);
	case MODBUS_BOOL:
		out->i = pt->bit == CODEC_BIT_NONE ? words[0] != 0 : bits >> pt->bit & 1;
		return Q_GOOD;
	case MODBUS_STRING:
	case MODBUS_TYPES:
		break;
	}
	return Q_NOT_A_NUMBER;
}

enum quality
modbus_text_get(const struct point *pt, const uint16_t *words, char out[VALUE_TEXT_MAX + 1])
{
	char all[2 * 64 + 1];
	size_t n = 0, good;

	for (unsigned i = 0; i < pt->count && i < 64; i++) {
		uint16_t w = pt->order == MODBUS_BADC || pt->order == MODBUS_DCBA
				     ? swap_bytes(words[i])
				     : words[i];

		all[n++] = (char)(w >> 8);
		all[n++] = (char)w;
	}
	all[n] = '\0';
	n = strlen(all); /* NUL pads */
	while (n > 0 && all[n - 1] == ' ')
		n--;
	all[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)all[i] < 0x20 || all[i] == 0x7F)
			all[i] = '?';
	while ((good = text_utf8(all, n)) < n)
		all[good] = '?';
	return text_copy(out, VALUE_TEXT_MAX + 1, all) ? Q_GOOD : Q_TEXT_CUT;
}

static int
put_text(const struct point *pt, const char *text, uint16_t *words)
{
	size_t n = text != NULL ? strlen(text) : 0;

	if (n > 2u * pt->count)
		return ERR_CONF;
	for (size_t i = 0; i < pt->count; i++) {
		uint16_t hi = 2 * i < n ? (unsigned char)text[2 * i] : 0;
		uint16_t lo = 2 * i + 1 < n ? (unsigned char)text[2 * i + 1] : 0;
		uint16_t w = (uint16_t)(hi << 8 | lo);

		words[i] = pt->order == MODBUS_BADC || pt->order == MODBUS_DCBA ? swap_bytes(w) : w;
	}
	return 0;
}

/* Whole numbers: in range of n words? */
static int
put_unsigned(const struct point *pt, uint64_t v, uint16_t *words)
{
	if (pt->count < 4 && v >> 16 * pt->count != 0)
		return ERR_CONF;
	split(pt, v, words);
	return 0;
}

static int
put_signed(const struct point *pt, int64_t v, uint16_t *words)
{
	int64_t top = pt->count < 4 ? (int64_t)1 << (16 * pt->count - 1) : 0;

	if (pt->count < 4 && (v >= top || v < -top))
		return ERR_CONF;
	split(pt, (uint64_t)v, words);
	return 0;
}

static int
put_bcd(const struct point *pt, uint64_t v, uint16_t *words)
{
	uint64_t digits = 0;

	for (unsigned i = 0; i < 4u * pt->count; i++, v /= 10)
		digits |= v % 10 << 4 * i;
	if (v != 0)
		return ERR_CONF;
	split(pt, digits, words);
	return 0;
}

static int
put_float(const struct point *pt, double v, uint16_t *words)
{
	uint64_t bits = 0;
	uint32_t half;
	float f = (float)v;

	if (!isfinite(v) || (pt->type == MODBUS_FLOAT32 && !isfinite(f)))
		return ERR_CONF;
	if (pt->type == MODBUS_FLOAT32) {
		memcpy(&half, &f, sizeof(half));
		bits = half;
	} else {
		memcpy(&bits, &v, sizeof(bits));
	}
	split(pt, bits, words);
	return 0;
}

int
modbus_value_put(const struct point *pt, union value v, const char *text, uint16_t *words)
{
	uint64_t bits;

	switch ((enum modbus_type)pt->type) {
	case MODBUS_UINT16:
	case MODBUS_UINT32:
	case MODBUS_UINT64:
		return put_unsigned(pt, v.u, words);
	case MODBUS_INT16:
	case MODBUS_INT32:
	case MODBUS_INT64:
		return put_signed(pt, v.i, words);
	case MODBUS_FLOAT32:
	case MODBUS_FLOAT64:
		return put_float(pt, v.f, words);
	case MODBUS_BCD16:
	case MODBUS_BCD32:
		return put_bcd(pt, v.u, words);
	case MODBUS_BOOL:
		if (pt->bit == CODEC_BIT_NONE) {
			words[0] = v.i != 0;
			return 0;
		}
		bits = join(pt, words);
		split(pt,
			v.i != 0 ? bits | UINT64_C(1) << pt->bit : bits & ~(UINT64_C(1) << pt->bit),
			words);
		return 0;
	case MODBUS_STRING:
		return put_text(pt, text, words);
	case MODBUS_TYPES:
		break;
	}
	return ERR_CONF;
}
