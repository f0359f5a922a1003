/* chunk_decimal.c - are these floating point numbers decimals? */
#include "history/chunk_parts.h"

#include <float.h>
#include <math.h>

/* A reader on another machine computes the same bits only where float and double are what they say. */
_Static_assert(FLT_EVAL_METHOD == 0, "values of a blob are computed in their own precision");

#define MAGNITUDE_MAX 0x1p51
#define ROUND                                                                                      \
	0x1.8p52     /* added and taken away: the nearest whole number, for magnitudes below 2^51 */
#define ODD_SHARE 16 /* up to one number of so many may be none */
#define ODD_BITS 80  /* what an odd one takes */
#define BITS_A_DIGIT 3.4

static const double power[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12 };
static const double part[] = { 1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10,
	1e-11, 1e-12 };
static const float part32[] = { 1e0f, 1e-1f, 1e-2f, 1e-3f, 1e-4f, 1e-5f, 1e-6f, 1e-7f, 1e-8f, 1e-9f,
	1e-10f, 1e-11f, 1e-12f };

_Static_assert(NELEM(power) == DIGITS_MAX + 1 && NELEM(part) == DIGITS_MAX + 1, "one a digit");

static inline double
value_of(enum chunk_kind kind, unsigned digits, int64_t k)
{
	switch (kind) {
	case KIND_DIV:
		return (double)k / power[digits];
	case KIND_MUL:
		return (double)k * part[digits];
	case KIND_DIV32:
		return (double)(float)((double)k / power[digits]);
	case KIND_MUL32:
		return (double)((float)k * part32[digits]);
	default:
		return 0;
	}
}

static bool
same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

bool
chunk_to_decimal(const struct chunk_decimal *d, double v, int64_t *out_k)
{
	double scaled = v * power[d->digits], whole;

	if (!(fabs(scaled) < MAGNITUDE_MAX))
		return false;
	whole = (scaled + ROUND) - ROUND;
	if (!same_bits(value_of(d->kind, d->digits, (int64_t)whole), v))
		return false;
	*out_k = (int64_t)whole;
	return true;
}

/* How many of v are none, or more than `most`. */
static size_t
count_odd(const struct chunk_decimal *d, const union value *v, size_t n, size_t most)
{
	size_t n_odd = 0;
	int64_t k;

	for (size_t i = 0; i < n && n_odd <= most; i++)
		n_odd += !chunk_to_decimal(d, v[i].f, &k);
	return n_odd;
}

bool
chunk_find_decimal(const union value *v, size_t n, bool is_float32, struct chunk_decimal *out)
{
	size_t most = n / ODD_SHARE;
	double best = (double)INFINITY;

	for (unsigned digits = 0; digits <= DIGITS_MAX; digits++) {
		for (unsigned i = 0; i < 2 && !(digits == 0 && i == 1); i++) {
			struct chunk_decimal d = { .digits = digits };
			double cost;

			d.kind = is_float32 ? (i == 0 ? KIND_DIV32 : KIND_MUL32)
					    : (i == 0 ? KIND_DIV : KIND_MUL);
			d.n_odd = count_odd(&d, v, n, most);
			cost = (double)d.n_odd * ODD_BITS + (double)(n * digits) * BITS_A_DIGIT;
			if (d.n_odd <= most && cost < best) {
				*out = d;
				best = cost;
			}
		}
		if (best <= (double)(n * (digits + 1)) * BITS_A_DIGIT)
			return true;
	}
	return best < (double)INFINITY;
}

static int64_t
from_order(int64_t k, unsigned sign)
{
	return k ^ (int64_t)((uint64_t)(k >> 63) >> (64 - sign));
}

void
chunk_from_numbers(
	enum chunk_kind kind, unsigned digits, const int64_t *k, union value *v, size_t n)
{
	switch (kind) {
	case KIND_BITS64:
	case KIND_ORDER64:
		for (size_t i = 0; i < n; i++)
			v[i].i = kind == KIND_BITS64 ? k[i] : from_order(k[i], 63);
		return;
	case KIND_ORDER32:
		for (size_t i = 0; i < n; i++) {
			int32_t bits = (int32_t)from_order((int32_t)k[i], 31);
			float f;

			memcpy(&f, &bits, sizeof(f));
			v[i].f = (double)f;
		}
		return;
	case KIND_DIV:
		for (size_t i = 0; i < n; i++)
			v[i].f = (double)k[i] / power[digits];
		return;
	case KIND_MUL:
		for (size_t i = 0; i < n; i++)
			v[i].f = (double)k[i] * part[digits];
		return;
	default:
		for (size_t i = 0; i < n; i++)
			v[i].f = value_of(kind, digits, k[i]);
		return;
	}
}
