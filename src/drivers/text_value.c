/* text_value.c - values of messages: bytes to numbers and texts, and back
 *
 * Order of binary numbers, as in Modbus: 0 ABCD, 1 DCBA, 2 CDAB, 3 BADC, where A is the highest byte.
 */
#include "drivers/text_value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define PRINTED_MAX 208

enum value_type
text_value_type(const struct text_element *e)
{
	switch ((enum text_kind)e->kind) {
	case TEXT_NUM:
	case TEXT_EXP:
	case TEXT_EXPO:
	case TEXT_FIX:
		return VALUE_FLOAT;
	case TEXT_FLOAT:
		return e->width == 4 ? VALUE_FLOAT32 : VALUE_FLOAT;
	case TEXT_UINT:
		return e->width == 8 ? VALUE_UINT : VALUE_INT;
	case TEXT_HEX:
		return e->width == 16 && !e->order ? VALUE_UINT : VALUE_INT;
	case TEXT_TEXT:
	case TEXT_WORD:
	case TEXT_PACKED:
	case TEXT_BLOCK:
		return VALUE_TEXT;
	default:
		return VALUE_INT;
	}
}

/* ---- binary -------------------------------------------------------------------------------------------------------------- */

/* Where byte i of the wire stands in the number, 0: the highest. */
static unsigned
place(unsigned order, unsigned width, unsigned i)
{
	switch (order) {
	case 1:
		return width - 1 - i;
	case 2:
		return i ^ 2;
	case 3:
		return i ^ 1;
	default:
		return i;
	}
}

static int
nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
get_bits(const struct text_element *e, const uint8_t *in, uint64_t *out)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < e->width; i++) {
		unsigned byte = in[i];

		if (e->is_hex) {
			int high = nibble(in[2 * i]), low = nibble(in[2 * i + 1]);

			if (high < 0 || low < 0)
				return false;
			byte = (unsigned)(high * 16 + low);
		}
		bits |= (uint64_t)byte << 8 * (e->width - 1 - place(e->order, e->width, i));
	}
	*out = bits;
	return true;
}

static void
put_bits(const struct text_element *e, uint64_t bits, uint8_t *out)
{
	static const char digits[] = "0123456789ABCDEF";

	for (unsigned i = 0; i < e->width; i++) {
		unsigned byte = bits >> 8 * (e->width - 1 - place(e->order, e->width, i)) & 0xFF;

		if (e->is_hex) {
			out[2 * i] = (uint8_t)digits[byte >> 4];
			out[2 * i + 1] = (uint8_t)digits[byte & 15];
		} else {
			out[i] = (uint8_t)byte;
		}
	}
}

static int64_t
with_sign(uint64_t bits, unsigned n_bits)
{
	uint64_t sign = UINT64_C(1) << (n_bits - 1);

	return (int64_t)((bits ^ sign) - sign);
}

static enum quality
get_binary(const struct text_element *e, const uint8_t *in, union value *out)
{
	uint64_t bits;
	uint32_t half;
	float f;

	if (!get_bits(e, in, &bits))
		return Q_NOT_A_NUMBER;
	if (e->kind == TEXT_UINT) {
		out->u = bits;
	} else if (e->kind == TEXT_SINT) {
		out->i = with_sign(bits, 8u * e->width);
	} else if (e->width == 4) {
		half = (uint32_t)bits;
		memcpy(&f, &half, sizeof(f));
		out->f = (double)f;
	} else {
		memcpy(&out->f, &bits, sizeof(out->f));
	}
	return e->kind == TEXT_FLOAT && !isfinite(out->f) ? Q_NOT_A_NUMBER : Q_GOOD;
}

/* ---- printed ------------------------------------------------------------------------------------------------------------- */

/* Without blanks around it. */
static void
trim(const uint8_t **in, size_t *n)
{
	while (*n > 0 && ((*in)[0] == ' ' || (*in)[0] == '\t')) {
		++*in;
		--*n;
	}
	while (*n > 0 && ((*in)[*n - 1] == ' ' || (*in)[*n - 1] == '\t' || (*in)[*n - 1] == '\r' ||
				 (*in)[*n - 1] == '\n' || (*in)[*n - 1] == '\0'))
		--*n;
}

/* Bytes as UTF-8: what is none is taken for ISO 8859-1, and what cannot be shown for a point. */
static enum quality
show(const uint8_t *in, size_t n, char *out)
{
	bool is_utf8 = text_utf8((const char *)in, n) == n;
	size_t used = 0, i;

	for (i = 0; i < n; i++) {
		size_t width = in[i] >= 0x80 && !is_utf8 ? 2 : 1;

		if (used + width > VALUE_TEXT_MAX)
			break;
		if (in[i] < 0x20 || in[i] == 0x7F) {
			out[used++] = '.';
		} else if (width == 1) {
			out[used++] = (char)in[i];
		} else {
			out[used++] = (char)(0xC0 | in[i] >> 6);
			out[used++] = (char)(0x80 | (in[i] & 0x3F));
		}
	}
	used = text_utf8(out, used);
	out[used] = '\0';
	return i < n ? Q_TEXT_CUT : Q_GOOD;
}

static bool
get_hex(const struct text_element *e, const uint8_t *in, size_t n, union value *out)
{
	uint64_t v = 0;

	if (n == 0 || n > 16)
		return false;
	for (size_t i = 0; i < n; i++) {
		int d = nibble(in[i]);

		if (d < 0)
			return false;
		v = v << 4 | (unsigned)d;
	}
	/* Sixteen digits of any width may be more than a whole number holds. */
	if (!e->order && e->width != 16 && v > INT64_MAX)
		return false;
	if (e->order)
		out->i = with_sign(v, 4u * e->width);
	else
		out->u = v;
	return true;
}

static bool
get_int(const uint8_t *in, size_t n, int64_t *out)
{
	bool is_minus = n > 0 && in[0] == '-';
	int64_t v = 0;

	if (n > 0 && (in[0] == '-' || in[0] == '+')) {
		in++;
		n--;
	}
	if (n == 0 || n > 18)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (in[i] < '0' || in[i] > '9')
			return false;
		v = v * 10 + (in[i] - '0');
	}
	*out = is_minus ? -v : v;
	return true;
}

/* 100023: 1.000 x 10^(23 - 20). */
static bool
get_expo(const uint8_t *in, size_t n, double *out)
{
	unsigned digits = 0;

	if (n != 6)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (in[i] < '0' || in[i] > '9')
			return false;
		digits = digits * 10 + (in[i] - (unsigned)'0');
	}
	/* Rounded once: powers of ten are exact where they are small. */
	*out = digits % 100 >= 23 ? digits / 100 * pow(10, digits % 100 - 23.0)
				  : digits / 100 / pow(10, 23.0 - digits % 100);
	return true;
}

/* A sign may stand apart from its number: "+   123.56". */
static bool
get_num(const uint8_t *in, size_t n, double *out)
{
	char text[64];
	size_t used = 0, i = 0;

	if (n > 1 && (in[0] == '-' || in[0] == '+')) {
		text[used++] = (char)in[0];
		for (i = 1; i < n && in[i] == ' '; i++)
			;
	}
	if (n - i >= sizeof(text) - used)
		return false;
	memcpy(text + used, in + i, n - i);
	text[used + n - i] = '\0';
	return strlen(text) == used + n - i && text_to_double(text, out) && isfinite(*out);
}

/* A digit that is missing behind the others makes another number of those whose places are counted from the end: "023 " of hex4 is not 23. */
static bool
is_short(const struct text_element *e, const uint8_t *in, size_t n)
{
	return (e->kind == TEXT_HEX || e->kind == TEXT_FIX) && e->width > 0 && n > 0 &&
	       in[n - 1] == ' ';
}

static enum quality
get_printed(const struct text_element *e, const uint8_t *in, size_t n, union value *out, char *text)
{
	bool is_good, lacks_digit = is_short(e, in, n);

	trim(&in, &n);
	switch ((enum text_kind)e->kind) {
	case TEXT_HEX:
		is_good = get_hex(e, in, n, out);
		break;
	case TEXT_INT:
		is_good = get_int(in, n, &out->i);
		break;
	case TEXT_EXPO:
		is_good = get_expo(in, n, &out->f);
		break;
	case TEXT_FIX:
		is_good = get_int(in, n, &out->i);
		if (is_good)
			out->f = (double)out->i / pow(10, e->digits);
		break;
	default:
		is_good = get_num(in, n, &out->f);
		break;
	}
	if (is_good && !lacks_digit)
		return Q_GOOD;
	(void)show(in, n, text);
	return n == 0 ? Q_MISSING : Q_NOT_A_NUMBER;
}

static enum quality
get_bcd(const uint8_t *in, size_t n, union value *out)
{
	out->i = 0;
	for (size_t i = 0; i < n; i++) {
		if (in[i] >> 4 > 9 || (in[i] & 15) > 9)
			return Q_NOT_A_NUMBER;
		out->i = out->i * 100 + (in[i] >> 4) * 10 + (in[i] & 15);
	}
	return Q_GOOD;
}

/* HART: four characters in three bytes; bit 5 of each is turned round into bit 6. */
static enum quality
get_packed(const uint8_t *in, size_t n, char *out)
{
	uint8_t text[PRINTED_MAX];
	const uint8_t *from = text;
	size_t used = 0;

	for (size_t i = 0; i + 3 <= n && used + 4 <= sizeof(text); i += 3) {
		uint32_t bits = (uint32_t)in[i] << 16 | (uint32_t)in[i + 1] << 8 | in[i + 2];

		for (int k = 3; k >= 0; k--) {
			unsigned c = bits >> 6 * k & 0x3F;

			text[used++] = (uint8_t)(c | ((~c & 0x20) << 1));
		}
	}
	trim(&from, &used);
	return show(from, used, out);
}

static int
find_word(const struct text_element *e, const uint8_t *in, size_t n)
{
	size_t at = 0;
	int i = 0;

	for (;; i++) {
		size_t end = at;

		while (end < e->words.n && e->words.at[end] != '|')
			end++;
		if (end - at == n && memcmp(e->words.at + at, in, n) == 0)
			return i;
		if (end >= e->words.n)
			return -1;
		at = end + 1;
	}
}

/* The word of this number; n = 0: there is none. */
static struct text_slice
nth_word(const struct text_element *e, int64_t number)
{
	struct text_slice s = e->words;

	for (size_t end = 0; number >= 0; number--) {
		for (end = 0; end < s.n && s.at[end] != '|'; end++)
			;
		if (number == 0)
			return (struct text_slice){ s.at, end };
		if (end == s.n)
			break;
		s.at += end + 1;
		s.n -= end + 1;
	}
	return (struct text_slice){ 0 };
}

enum quality
text_value_get(
	const struct text_element *e, const uint8_t *in, size_t n, union value *out, char *out_text)
{
	size_t digits;

	out_text[0] = '\0';
	switch ((enum text_kind)e->kind) {
	case TEXT_UINT:
	case TEXT_SINT:
	case TEXT_FLOAT:
		return get_binary(e, in, out);
	case TEXT_BCD:
		return get_bcd(in, n, out);
	case TEXT_PACKED:
		return get_packed(in, n, out_text);
	case TEXT_WORDS:
		out->i = find_word(e, in, n);
		return out->i < 0 ? Q_NOT_A_NUMBER : Q_GOOD;
	case TEXT_TEXT:
	case TEXT_WORD:
		trim(&in, &n);
		return show(in, n, out_text);
	case TEXT_BLOCK:
		digits = n >= 2 ? (size_t)(in[1] - '0') + 2 : n;
		return n < digits ? Q_NOT_A_NUMBER : show(in + digits, n - digits, out_text);
	default:
		return get_printed(e, in, n, out, out_text);
	}
}

/* ---- writing ------------------------------------------------------------------------------------------------------------- */

static int
no_fit(struct err *err, const struct text_element *e, const char *what)
{
	return err_set(err, ERR_CONF, 0, "%s does not fit '%.*s'", what,
		(int)MIN(e->name.n, (size_t)40), e->name.n > 0 ? e->name.at : "");
}

static int64_t
whole(enum value_type type, union value v)
{
	if (type == VALUE_FLOAT || type == VALUE_FLOAT32)
		return fabs(v.f) < 9.2e18 ? llround(v.f) : INT64_MAX;
	return v.i;
}

/* The exponent with as few digits as the element asks for: printf writes two at least. */
static int
shorten_exponent(const struct text_element *e, char *text, int n)
{
	char *digits = strchr(text, 'E');

	if (digits == NULL)
		return n;
	digits += 2; /* behind the sign */
	while (text + n - digits > e->exponent && *digits == '0') {
		memmove(digits, digits + 1, (size_t)(text + n - digits));
		n--;
	}
	return n;
}

/* Four digits and the exponent of a number that is not below 0; false: it has no such form. */
static bool
split_expo(double f, int *out_mantissa, int *out_exponent)
{
	int exponent;
	long long mantissa;

	*out_mantissa = *out_exponent = 0;
	if (!(f >= 0) || f > 1e80 || (f > 0 && f < 1e-21))
		return false;
	if (!(f > 0))
		return true;
	exponent = (int)floor(log10(f));
	mantissa = llround(f * pow(10, 3 - exponent));
	if (mantissa < 1000 || mantissa > 9999) {
		exponent += mantissa < 1000 ? -1 : 1;
		mantissa = llround(f * pow(10, 3 - exponent));
	}
	*out_mantissa = (int)mantissa;
	*out_exponent = exponent + 20;
	return *out_exponent >= 0 && *out_exponent <= 99;
}

/* The sign in front, and what is missing between it and the number. */
static int
fill(const struct text_element *e, char *text, int n)
{
	int sign = text[0] == '-' || text[0] == '+', more = e->width - n;

	if (more <= 0 || e->width >= PRINTED_MAX)
		return n;
	if (e->has_blanks && !e->has_plus)
		sign = 0; /* the sign stays with its number */
	memmove(text + sign + more, text + sign, (size_t)(n - sign));
	memset(text + sign, e->has_blanks ? ' ' : '0', (size_t)more);
	return n + more;
}

static int
put_printed(const struct text_element *e, enum value_type type, union value v, uint8_t *out,
	size_t cap, struct err *err)
{
	char text[PRINTED_MAX];
	double f = value_double(type, v);
	int64_t limit = e->order && e->width < 16 ? INT64_C(1) << (4 * e->width - 1) : INT64_MAX;
	int n = 0, mantissa, exponent;

	switch ((enum text_kind)e->kind) {
	case TEXT_EXPO:
		if (!split_expo(f, &mantissa, &exponent))
			return no_fit(err, e, "the number");
		n = snprintf(text, sizeof(text), "%04d%02d", mantissa, exponent);
		break;
	case TEXT_INT:
		n = snprintf(text, sizeof(text), e->has_plus ? "%+lld" : "%lld",
			(long long)whole(type, v));
		break;
	case TEXT_FIX:
		f *= pow(10, e->digits);
		if (!(fabs(f) < 1e15))
			return no_fit(err, e, "the number");
		n = snprintf(text, sizeof(text), e->has_plus ? "%+lld" : "%lld", llround(f));
		break;
	case TEXT_HEX:
		if (e->order ? whole(type, v) >= limit || whole(type, v) < -limit
			     : type != VALUE_UINT && whole(type, v) < 0)
			return no_fit(err, e, "the number");
		n = snprintf(text, sizeof(text), "%llX",
			(unsigned long long)whole(type, v) &
				(e->order && e->width < 16 ? (1ULL << 4 * e->width) - 1 : ~0ULL));
		break;
	case TEXT_EXP:
		n = snprintf(text, sizeof(text), e->has_plus ? "%+.*E" : "%.*E",
			e->digits < 0 ? 4 : e->digits, f);
		n = shorten_exponent(e, text, n);
		break;
	default:
		if (!isfinite(f) || fabs(f) > 1e15)
			return no_fit(err, e, "the number");
		if (e->digits < 0) {
			size_t n_sign = e->has_plus && f >= 0;

			text[0] = '+';
			n = (int)(n_sign + text_from_double(text + n_sign, f));
		} else
			n = snprintf(
				text, sizeof(text), e->has_plus ? "%+.*f" : "%.*f", e->digits, f);
		break;
	}
	if (n <= 0 || n >= (int)sizeof(text))
		return no_fit(err, e, "the number");
	n = fill(e, text, n);
	if ((e->width > 0 && n > e->width) || (size_t)n > cap)
		return no_fit(err, e, "the number");
	memcpy(out, text, (size_t)n);
	return n;
}

static int
put_binary(const struct text_element *e, enum value_type type, union value v, uint8_t *out,
	struct err *err)
{
	unsigned n_bits = 8u * e->width;
	int64_t i = whole(type, v);
	uint64_t bits;
	uint32_t half;
	double f = value_double(type, v);
	float single;

	if (e->kind == TEXT_FLOAT && e->width == 8) {
		memcpy(&bits, &f, sizeof(bits));
	} else if (e->kind == TEXT_FLOAT) {
		if (!(fabs(f) <= 3.4028234e38))
			return no_fit(err, e, "the number");
		single = (float)f;
		memcpy(&half, &single, sizeof(half));
		bits = half;
	} else {
		bool is_out = e->kind == TEXT_UINT
				      ? (type != VALUE_UINT && i < 0) ||
						(n_bits < 64 && (uint64_t)i >> n_bits != 0)
				      : n_bits < 64 && (i >= INT64_C(1) << (n_bits - 1) ||
							       i < -(INT64_C(1) << (n_bits - 1)));

		if (is_out)
			return no_fit(err, e, "the number");
		bits = (uint64_t)i;
	}
	put_bits(e, bits, out);
	return (int)(e->width * (e->is_hex ? 2u : 1u));
}

static int
put_bcd(const struct text_element *e, int64_t v, uint8_t *out, struct err *err)
{
	if (v < 0)
		return no_fit(err, e, "the number");
	for (int i = e->width - 1; i >= 0; i--, v /= 100)
		out[i] = (uint8_t)(v % 100 / 10 << 4 | v % 10);
	return v > 0 ? no_fit(err, e, "the number") : e->width;
}

static int
put_packed(const struct text_element *e, const char *text, uint8_t *out, struct err *err)
{
	size_t n = strlen(text);

	if (n > (size_t)e->width / 3 * 4)
		return no_fit(err, e, "the text");
	for (size_t i = 0; i < n; i++) /* six bits hold ' ' to '_' */
		if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '_')
			return no_fit(err, e, "the text");
	for (size_t i = 0; i < e->width; i += 3) {
		uint32_t bits = 0;

		for (size_t k = 0; k < 4; k++) {
			size_t at = i / 3 * 4 + k;

			bits = bits << 6 | ((at < n ? (unsigned char)text[at] : ' ') & 0x3Fu);
		}
		out[i] = (uint8_t)(bits >> 16);
		out[i + 1] = (uint8_t)(bits >> 8);
		out[i + 2] = (uint8_t)bits;
	}
	return e->width;
}

static int
put_text(const struct text_element *e, const char *text, uint8_t *out, size_t cap, struct err *err)
{
	size_t n = strlen(text), width = MAX((size_t)e->width, n);

	if ((e->width > 0 && n > e->width) || width > cap)
		return no_fit(err, e, "the text");
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7E ||
			(e->kind == TEXT_WORD && text[i] == ' '))
			return no_fit(err, e, "the text");
	memcpy(out, text, n);
	memset(out + n, ' ', width - n);
	return (int)width;
}

int
text_value_put(const struct text_element *e, enum value_type type, union value v, const char *text,
	uint8_t *out, size_t cap, struct err *err)
{
	struct text_slice word;

	if (text_format_width(e) > cap)
		return no_fit(err, e, "the message");
	switch ((enum text_kind)e->kind) {
	case TEXT_UINT:
	case TEXT_SINT:
	case TEXT_FLOAT:
		return put_binary(e, type, v, out, err);
	case TEXT_BCD:
		return put_bcd(e, whole(type, v), out, err);
	case TEXT_PACKED:
		return put_packed(e, text == NULL ? "" : text, out, err);
	case TEXT_WORDS:
		word = nth_word(e, whole(type, v));
		if (word.n == 0 || word.n > cap)
			return no_fit(err, e, "the number");
		memcpy(out, word.at, word.n);
		return (int)word.n;
	case TEXT_TEXT:
	case TEXT_WORD:
		return put_text(e, text == NULL ? "" : text, out, cap, err);
	default:
		return put_printed(e, type, v, out, cap, err);
	}
}

bool
text_value_put_count(const struct text_element *e, uint64_t count, uint8_t *out)
{
	struct text_element form = *e;
	struct err err;

	form.kind = e->check;
	return text_value_put(&form, VALUE_INT, (union value){ .i = (int64_t)count }, NULL, out,
		       text_format_width(e), &err) == (int)text_format_width(e);
}

bool
text_value_get_count(const struct text_element *e, const uint8_t *in, uint64_t *out)
{
	struct text_element form = *e;
	char text[VALUE_TEXT_MAX + 1];
	union value v = { 0 };

	form.kind = e->check;
	form.order = form.kind == TEXT_HEX ? 0 : form.order;
	if (text_value_get(&form, in, text_format_width(e), &v, text) != Q_GOOD || v.i < 0)
		return false;
	*out = v.u;
	return true;
}
