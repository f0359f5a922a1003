/* text.c - small help with strings and numbers as text */
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
text_copy(char *out, size_t cap, const char *text)
{
	size_t n = strlen(text);
	bool fits = n < cap;

	if (!fits) {
		n = cap - 1;
		while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
			n--;
	}
	memcpy(out, text, n);
	out[n] = '\0';
	return fits;
}

/* Length of the well-formed UTF-8 character at p, 0 if there is none (Unicode 15, table 3-7). */
static size_t
utf8_char(const unsigned char *p, size_t n)
{
	unsigned char lo = 0x80, hi = 0xBF;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xC2 && p[0] <= 0xDF)
		len = 2;
	else if (p[0] >= 0xE0 && p[0] <= 0xEF)
		len = 3;
	else if (p[0] >= 0xF0 && p[0] <= 0xF4)
		len = 4;
	else
		return 0;
	if (n < len)
		return 0;
	if (p[0] == 0xE0)
		lo = 0xA0;
	else if (p[0] == 0xED)
		hi = 0x9F;
	else if (p[0] == 0xF0)
		lo = 0x90;
	else if (p[0] == 0xF4)
		hi = 0x8F;
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return len;
}

size_t
text_utf8(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i = 0, len;

	while (i < n && (len = utf8_char(p + i, n - i)) > 0)
		i += len;
	return i;
}

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
text_is_name(const char *text)
{
	size_t i;

	if (!is_alpha(text[0]))
		return false;
	for (i = 1; text[i] != '\0'; i++)
		if (!is_alpha(text[i]) && !is_digit(text[i]))
			return false;
	return i < 64;
}

/* A star takes as little as it can; when what follows does not fit, the last star takes one byte more. */
bool
text_fits(const char *pattern, size_t n, const char *text)
{
	const char *end = pattern + n, *star = NULL, *from = NULL;

	while (*text != '\0') {
		if (pattern < end && *pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (pattern < end && *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

/* The programs stay in the "C" locale, so strtod reads '.' once the form has been checked here. */
bool
text_to_double(const char *text, double *out)
{
	const char *p = text;
	bool digits = false;
	double v;

	if (*p == '+' || *p == '-')
		p++;
	for (; is_digit(*p); p++)
		digits = true;
	if (*p == '.')
		for (p++; is_digit(*p); p++)
			digits = true;
	if (!digits)
		return false;
	if (*p == 'e' || *p == 'E') {
		p++;
		if (*p == '+' || *p == '-')
			p++;
		if (!is_digit(*p))
			return false;
		while (is_digit(*p))
			p++;
	}
	if (*p != '\0')
		return false;
	v = strtod(text, NULL);
	if (!isfinite(v))
		return false;
	*out = v;
	return true;
}

bool
text_to_int(const char *text, int64_t *out)
{
	const char *p = text;
	uint64_t v = 0;
	bool minus = false;
	unsigned base = 10;

	if (*p == '+' || *p == '-')
		minus = *p++ == '-';
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	}
	if (*p == '\0')
		return false;
	for (; *p != '\0'; p++) {
		unsigned d;

		if (is_digit(*p))
			d = (unsigned)(*p - '0');
		else if (base == 16 && ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'f'))
			d = (unsigned)((*p | 0x20) - 'a' + 10);
		else
			return false;
		if (v > ((uint64_t)INT64_MAX - d) / base)
			return false;
		v = v * base + d;
	}
	*out = minus ? -(int64_t)v : (int64_t)v;
	return true;
}

size_t
text_from_double(char *out, double v)
{
	int n = 0;

	if (!isfinite(v))
		return (size_t)snprintf(out, 32, "null");
	if (v == 0)
		return (size_t)snprintf(out, 32, signbit(v) ? "-0" : "0");
	/* Whole numbers are most of what counters and switches show. */
	if (fabs(v) < 1e15 && v == (double)(int64_t)v)
		return (size_t)snprintf(out, 32, "%lld", (long long)v);
	for (int digits = 15; digits <= 17; digits++) {
		n = snprintf(out, 32, "%.*g", digits, v);
		if (strtod(out, NULL) == v)
			break;
	}
	return (size_t)n;
}

size_t
text_from_float(char *out, float v)
{
	int n = 0;

	if (!isfinite(v))
		return (size_t)snprintf(out, 32, "null");
	for (int digits = 6; digits <= 9; digits++) {
		n = snprintf(out, 32, "%.*g", digits, (double)v);
		if (strtof(out, NULL) == v)
			break;
	}
	return (size_t)n;
}

static size_t
edit_distance(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	size_t row[65];

	if (na >= NELEM(row) || nb >= NELEM(row))
		return NELEM(row);
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t change = diagonal + ((a[i - 1] | 0x20) != (b[j - 1] | 0x20));

			diagonal = row[j];
			row[j] = MIN(MIN(row[j], row[j - 1]) + 1, change);
		}
	}
	return row[nb];
}

const char *
text_nearest(const char *word, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t best_distance = strlen(word) / 3 + 2;

	for (size_t i = 0; i < n; i++) {
		size_t d = edit_distance(word, words[i]);

		if (d < best_distance) {
			best_distance = d;
			best = words[i];
		}
	}
	return best;
}

bool
text_is_below(const char *path, size_t max)
{
	if (strlen(path) >= max)
		return false;
	for (const char *at = path; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7F || *at == '\\')
			return false;
	for (const char *at = path;;) {
		size_t part = strcspn(at, "/");

		if (part == 0 || (part == 1 && at[0] == '.') ||
			(part == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		if (at[part] == '\0')
			return true;
		at += part + 1;
	}
}

uint64_t
text_hash(const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}
