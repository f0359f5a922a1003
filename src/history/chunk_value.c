/* chunk_value.c - values as whole numbers, with the few that are none beside them
 *
 *	byte      kind (enum chunk_kind) | 0x08 when there are odd values | digits s << 4
 *	walk      the numbers k
 *	list      odd values, each: varint samples since the one before (since the beginning), 8 bytes of the value
 *
 * ORDER: the bits b of a float with its exponent and mantissa inverted where it is negative, so that neighbours differ by 1.
 *
 * Texts: list of the different texts, each ended by a NUL, in the order in which they come; walk of their numbers from 0.
 */
#include "history/chunk_parts.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "base/text.h"

#define ODD 0x08
#define DIGITS_SHIFT 4
#define COARSE_BYTES(n) ((n)*5 / 2) /* decimals that take more are compared with plain bits */
#define SEEN (2 * CHUNK_SAMPLES_MAX)

/* The numbers of decimals into c->k, odd values into c->bytes. */
static void
to_decimals(struct chunk_coder *c, const struct chunk_decimal *d, const union value *v, size_t n)
{
	int64_t k = 0;
	size_t since = 0;

	for (size_t i = 0; i < n && d->n_odd > 0;
		i++) /* odd ones at the beginning take the first number */
		if (chunk_to_decimal(d, v[i].f, &k))
			break;
	buf_clear(&c->bytes);
	for (size_t i = 0; i < n; i++) {
		if (chunk_to_decimal(d, v[i].f, &k)) {
			since++;
		} else {
			chunk_put_varint(&c->bytes, since);
			put_u64le((uint8_t *)buf_room(&c->bytes, 8), v[i].u);
			c->bytes.n += 8;
			since = 0;
		}
		c->k[i] = k;
	}
}

static void
put_decimals(struct chunk_coder *c, const struct chunk_decimal *d, const union value *v, size_t n,
	enum chunk_form form, struct buf *out)
{
	buf_putc(out, (char)(d->kind | (d->n_odd > 0 ? ODD : 0) | d->digits << DIGITS_SHIFT));
	to_decimals(c, d, v, n);
	chunk_put_walk(c, c->k, n, false, form, out);
	if (d->n_odd == 0)
		return;
	to_decimals(c, d, v, n); /* once more: a walk uses c->bytes for its own */
	chunk_put_list(c, &c->bytes, form, out);
}

static bool
is_float32(union value v)
{
	union value back = { .f = (double)(float)v.f };

	return back.u == v.u;
}

static void
put_float_bits(struct chunk_coder *c, const union value *v, size_t n, enum chunk_form form,
	struct buf *out)
{
	bool is_narrow = true;

	for (size_t i = 0; i < n && is_narrow; i++)
		is_narrow = is_float32(v[i]);
	for (size_t i = 0; i < n; i++) {
		float f = is_narrow ? (float)v[i].f : 0;
		int32_t bits;

		memcpy(&bits, &f, sizeof(bits));
		if (is_narrow)
			c->k[i] = bits ^ (int32_t)((uint32_t)(bits >> 31) >> 1);
		else
			c->k[i] = v[i].i ^ (int64_t)((uint64_t)(v[i].i >> 63) >> 1);
	}
	buf_putc(out, is_narrow ? KIND_ORDER32 : KIND_ORDER64);
	chunk_put_walk(c, c->k, n, true, form, out);
}

void
chunk_put_values(struct chunk_coder *c, enum value_type type, const union value *v, size_t n,
	enum chunk_form form, struct buf *out)
{
	struct chunk_decimal d;
	size_t begin = out->n;

	if (type != VALUE_FLOAT && type != VALUE_FLOAT32) {
		buf_putc(out, KIND_BITS64);
		for (size_t i = 0; i < n; i++)
			c->k[i] = v[i].i;
		chunk_put_walk(c, c->k, n, false, form, out);
		return;
	}
	if (!chunk_find_decimal(v, n, type == VALUE_FLOAT32, &d)) {
		put_float_bits(c, v, n, form, out);
		return;
	}
	put_decimals(c, &d, v, n, form, out);
	if (out->n - begin <= COARSE_BYTES(n))
		return;
	buf_clear(&c->part_try);
	put_float_bits(c, v, n, form, &c->part_try);
	if (c->part_try.n < out->n - begin) {
		out->n = begin;
		buf_put(out, c->part_try.data, c->part_try.n);
	}
}

static void
get_odd(struct chunk_coder *c, struct chunk_in *in, union value *v, size_t n)
{
	struct chunk_in list = chunk_get_list(c, in, n * 11);
	size_t at = 0;

	while (list.p < list.end && !list.is_bad) {
		uint64_t since = chunk_get_varint(&list);
		const uint8_t *p = chunk_get_bytes(&list, 8);

		if (p == NULL || since >= n - at) {
			in->is_bad = true;
			return;
		}
		at += (size_t)since;
		v[at++].u = get_u64le(p);
	}
	in->is_bad |= list.is_bad;
}

void
chunk_get_values(struct chunk_coder *c, struct chunk_in *in, union value *v, size_t n)
{
	const uint8_t *head = chunk_get_bytes(in, 1);
	unsigned kind = head == NULL ? KINDS : *head & (ODD - 1);
	unsigned digits = head == NULL ? 0 : *head >> DIGITS_SHIFT;

	if (kind >= KINDS || digits > DIGITS_MAX) {
		in->is_bad = true;
		return;
	}
	chunk_get_walk(c, in, c->k, n);
	chunk_from_numbers(kind, digits, c->k, v, n);
	if ((*head & ODD) != 0)
		get_odd(c, in, v, n);
}

/* The number of a text among the different ones, whose places in c->bytes stand in c->r. */
static size_t
number_of(struct chunk_coder *c, const char *text, size_t *n_texts)
{
	size_t slot = (size_t)text_hash(text, strlen(text)) % SEEN;

	for (; c->seen[slot] != 0; slot = (slot + 1) % SEEN)
		if (strcmp(c->bytes.data + c->r[c->seen[slot] - 1], text) == 0)
			return c->seen[slot] - 1;
	c->r[*n_texts] = (int64_t)c->bytes.n;
	buf_put(&c->bytes, text, strlen(text) + 1);
	c->seen[slot] = (uint32_t)++ * n_texts;
	return *n_texts - 1;
}

void
chunk_put_texts(struct chunk_coder *c, const struct series *s, const uint32_t *at, size_t n,
	enum chunk_form form, struct buf *out)
{
	size_t n_texts = 0;

	if (c->seen == NULL)
		c->seen = mem_zero(SEEN, sizeof(*c->seen));
	memset(c->seen, 0, SEEN * sizeof(*c->seen));
	buf_clear(&c->bytes);
	for (size_t i = 0; i < n; i++)
		c->k[i] = (int64_t)number_of(c, s->texts.data + at[i], &n_texts);
	chunk_put_list(c, &c->bytes, form, out);
	chunk_put_walk(c, c->k, n, false, form, out);
}

/* Where the texts of a list begin, into c->r; returns how many, or 0 for a list that holds anything else. */
static size_t
find_texts(struct chunk_coder *c, struct chunk_in list, size_t most)
{
	const uint8_t *begin = list.p, *end;
	size_t n = 0;

	for (; list.p < list.end; list.p = end + 1) {
		end = memchr(list.p, '\0', MIN((size_t)(list.end - list.p), VALUE_TEXT_MAX + 1u));
		if (end == NULL || n == most)
			return 0;
		c->r[n++] = list.p - begin;
	}
	return n;
}

void
chunk_get_texts(
	struct chunk_coder *c, struct chunk_in *in, struct buf *texts, uint32_t *at, size_t n)
{
	struct chunk_in list = chunk_get_list(c, in, TEXT_BYTES_MAX);
	size_t n_texts = find_texts(c, list, n), base = texts->n;

	buf_put(texts, list.p, (size_t)(list.end - list.p));
	chunk_get_walk(c, in, c->k, n);
	for (size_t i = 0; i < n; i++) {
		if ((uint64_t)c->k[i] >= n_texts) {
			in->is_bad = true;
			return;
		}
		at[i] = (uint32_t)(base + (size_t)c->r[c->k[i]]);
	}
}
