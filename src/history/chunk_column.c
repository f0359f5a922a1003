/* chunk_column.c - whole numbers from 0 as one value, as bits, or as planes of bytes
 *
 * A column of n numbers begins with a byte:
 *	0         varint: the value that all of them have
 *	b 1..64   n numbers of b bits, the first in the lowest bits, the last byte filled with zeros
 *	64+w      w = 1..8 planes of n bytes, each a block: the lowest bytes of all numbers first
 *	+ 0x80    numbers of 2^b - 1 and more are not in there (b = 8w for planes): they stand there as 2^b - 1, and what they have
 *	          more follows as a list of varints, one for each in their order
 */
#include "history/chunk_parts.h"

#include "base/bytes.h"

#define CONSTANT 0
#define PLANES 64
#define ESCAPES 0x80
#define WIDTHS 66 /* bits of e + 1, which may be 65 */

/* How numbers are laid: their width, and how many do not fit into it. */
struct layout {
	unsigned bits;
	size_t n_escapes;
	float cost; /* bits */
};

static unsigned
width(uint64_t v)
{
	return v == 0 ? 0 : 64 - (unsigned)__builtin_clzll(v);
}

static uint64_t
ones(unsigned bits)
{
	return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

/* How many numbers e have so many bits in e + 1: those above b do not fit into b bits beside the mark. */
static void
count_widths(const uint64_t *e, size_t n, size_t count[WIDTHS])
{
	memset(count, 0, WIDTHS * sizeof(count[0]));
	for (size_t i = 0; i < n; i++)
		count[e[i] == UINT64_MAX ? 65 : width(e[i] + 1)]++;
}

/* The best width among those that are a multiple of `step` bits, when each bit of it costs `price` bits. */
static struct layout
choose_width(const size_t count[WIDTHS], uint64_t largest, size_t n, unsigned step, float price)
{
	struct layout best = { .bits = MAX((width(largest) + step - 1) / step, 1u) * step };
	size_t n_escapes = 0;
	float escapes = 0;

	best.cost = (float)n * (float)best.bits * price;
	for (unsigned w = 65; w-- > 1;) { /* the numbers of w + 1 bits are escaped from here on */
		float cost;

		n_escapes += count[w + 1];
		escapes += (float)(count[w + 1] * (8 + 8 * (w / 7)));
		cost = (float)n * (float)w * price + escapes + 16;
		if (w % step == 0 && n_escapes > 0 && cost < best.cost)
			best = (struct layout){ w, n_escapes, cost };
	}
	return best;
}

static uint64_t
largest(const uint64_t *e, size_t n)
{
	uint64_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= e[i];
	return all; /* at least as wide as the largest, and no wider */
}

/* Entropy of one plane and of what a table of its symbols takes; never more than its bytes. */
static float
plane_cost(const struct chunk_coder *c, const uint64_t *e, size_t n, unsigned shift, uint64_t limit)
{
	uint32_t count[256] = { 0 };
	float sum = c->weight[n], kinds = 0;

	for (size_t i = 0; i < n; i++)
		count[(MIN(e[i], limit) >> shift) & 0xff]++;
	for (size_t i = 0; i < 256; i++) {
		sum -= c->weight[count[i]];
		kinds += count[i] > 0 ? 1.0f : 0.0f;
	}
	return kinds <= 1 ? 16.0f
			  : MIN(MAX(sum, (float)n * 0.1f) + kinds * 4 + 80, (float)n * 8 + 8);
}

static float
planes_cost(const struct chunk_coder *c, const uint64_t *e, size_t n, const struct layout *wide)
{
	float cost = wide->cost - (float)(n * wide->bits) * 0.5f; /* the escapes */

	for (unsigned shift = 0; shift < wide->bits; shift += 8)
		cost += plane_cost(c, e, n, shift, ones(wide->bits));
	return cost;
}

float
chunk_column_cost(const struct chunk_coder *c, const uint64_t *e, size_t n, enum chunk_form form)
{
	size_t count[WIDTHS];
	uint64_t all = largest(e, n);
	struct layout narrow, wide;

	count_widths(e, n, count);
	narrow = choose_width(count, all, n, 1, 1.0f);
	if (form == CHUNK_PLAIN)
		return narrow.cost;
	wide = choose_width(count, all, n, 8, 0.5f);
	return MIN(narrow.cost, planes_cost(c, e, n, &wide));
}

static void
put_escapes(struct chunk_coder *c, const uint64_t *e, size_t n, const struct layout *l,
	enum chunk_form form, struct buf *out)
{
	uint64_t mark = ones(l->bits);

	if (l->n_escapes == 0)
		return;
	buf_clear(&c->bytes);
	for (size_t i = 0; i < n; i++)
		if (e[i] >= mark)
			chunk_put_varint(&c->bytes, e[i] - mark);
	chunk_put_list(c, &c->bytes, form, out);
}

static void
put_bits(struct chunk_coder *c, const uint64_t *e, size_t n, const struct layout *l,
	enum chunk_form form, struct buf *out)
{
	size_t size = (n * l->bits + 7) / 8;
	uint8_t *p;
	uint64_t held = 0, most = ones(l->bits);
	unsigned n_held = 0; /* bits, below 64 */

	buf_putc(out, (char)(l->bits | (l->n_escapes > 0 ? ESCAPES : 0)));
	p = (uint8_t *)buf_room(out, size + 8);
	for (size_t i = 0; i < n; i++) {
		uint64_t v = MIN(e[i], most);

		held |= v << n_held;
		n_held += l->bits;
		if (n_held < 64)
			continue;
		put_u64le(p, held);
		p += 8;
		n_held -= 64;
		held = n_held == 0 ? 0 : v >> (l->bits - n_held);
	}
	put_u64le(p, held);
	out->n += size;
	put_escapes(c, e, n, l, form, out);
}

static void
put_planes(
	struct chunk_coder *c, const uint64_t *e, size_t n, const struct layout *l, struct buf *out)
{
	uint64_t most = ones(l->bits);

	buf_putc(out, (char)((PLANES + l->bits / 8) | (l->n_escapes > 0 ? ESCAPES : 0)));
	for (unsigned shift = 0; shift < l->bits; shift += 8) {
		float cost = plane_cost(c, e, n, shift, most);

		for (size_t i = 0; i < n; i++)
			c->plane[i] = (uint8_t)(MIN(e[i], most) >> shift);
		chunk_put_block(c, c->plane, n,
			cost < (float)n * 8 * 0.97f ? CHUNK_PACKED : CHUNK_PLAIN, out);
	}
	put_escapes(c, e, n, l, CHUNK_PACKED, out);
}

void
chunk_put_column(
	struct chunk_coder *c, const uint64_t *e, size_t n, enum chunk_form form, struct buf *out)
{
	size_t count[WIDTHS], begin = out->n;
	struct buf *other = &c->column_try;
	struct layout narrow, wide;
	uint64_t all = largest(e, n);

	if (n == 0)
		return;
	if (memcmp(e, e + 1, (n - 1) * sizeof(e[0])) == 0) {
		buf_putc(out, CONSTANT);
		chunk_put_varint(out, e[0]);
		return;
	}
	count_widths(e, n, count);
	narrow = choose_width(count, all, n, 1, 1.0f);
	put_bits(c, e, n, &narrow, form, out);
	if (form == CHUNK_PLAIN)
		return;
	wide = choose_width(count, all, n, 8, 0.5f);
	buf_clear(other);
	put_planes(c, e, n, &wide, other);
	if (other->n < out->n - begin) {
		out->n = begin;
		buf_put(out, other->data, other->n);
	}
}

static uint64_t
load_le(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

/* One number of up to 64 bits that begin at bit `at`; nine bytes may be read. */
static uint64_t
bits_at(const uint8_t *p, size_t at, unsigned bits)
{
	unsigned shift = at % 8;
	uint64_t v = load_le(p + at / 8) >> shift;

	if (shift > 0)
		v |= (uint64_t)p[at / 8 + 8] << (64 - shift);
	return v & ones(bits);
}

static void
get_bits(struct chunk_coder *c, struct chunk_in *in, unsigned bits, uint64_t *e, size_t n)
{
	size_t size = (n * bits + 7) / 8;
	const uint8_t *p = chunk_get_bytes(in, size);
	uint8_t *copy;

	if (p == NULL) {
		memset(e, 0, n * sizeof(e[0]));
		return;
	}
	buf_clear(&c->bytes);
	copy = (uint8_t *)buf_room(&c->bytes, size + 9);
	memcpy(copy, p, size);
	memset(copy + size, 0, 9);
	if (bits <= 56) {
		for (size_t i = 0; i < n; i++)
			e[i] = load_le(copy + i * bits / 8) >> (i * bits % 8) & ones(bits);
	} else {
		for (size_t i = 0; i < n; i++)
			e[i] = bits_at(copy, i * bits, bits);
	}
}

static void
get_planes(struct chunk_coder *c, struct chunk_in *in, unsigned bits, uint64_t *e, size_t n)
{
	for (unsigned shift = 0; shift < bits; shift += 8) {
		chunk_get_block(c, in, c->plane, n);
		if (shift == 0)
			for (size_t i = 0; i < n; i++)
				e[i] = c->plane[i];
		else
			for (size_t i = 0; i < n; i++)
				e[i] |= (uint64_t)c->plane[i] << shift;
	}
}

static void
get_escapes(struct chunk_coder *c, struct chunk_in *in, unsigned bits, uint64_t *e, size_t n)
{
	uint64_t mark = ones(bits);
	struct chunk_in list = chunk_get_list(c, in, n * 10);

	for (size_t i = 0; i < n; i++)
		if (e[i] == mark)
			e[i] += chunk_get_varint(&list);
	in->is_bad |= list.is_bad || list.p != list.end;
}

void
chunk_get_column(struct chunk_coder *c, struct chunk_in *in, uint64_t *e, size_t n)
{
	const uint8_t *head = n == 0 ? NULL : chunk_get_bytes(in, 1);
	unsigned bits = head == NULL ? 0 : *head & ~ESCAPES;

	if (bits == CONSTANT) {
		uint64_t value = head == NULL || *head != CONSTANT ? 0 : chunk_get_varint(in);

		in->is_bad |= head != NULL && *head != CONSTANT;
		for (size_t i = 0; i < n; i++)
			e[i] = value;
		return;
	}
	if (bits > PLANES + 8) {
		in->is_bad = true;
		memset(e, 0, n * sizeof(e[0]));
		return;
	}
	if (bits > PLANES)
		get_planes(c, in, bits = (bits - PLANES) * 8, e, n);
	else
		get_bits(c, in, bits, e, n);
	if ((*head & ESCAPES) != 0)
		get_escapes(c, in, bits, e, n);
}
