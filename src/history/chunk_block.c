/* chunk_block.c - bytes of a blob: numbers of variable length, and blocks that are stored, constant or a zstd frame
 *
 * A block of n bytes:
 *	varint 0, the n bytes | varint 1, one byte that is all of them | varint m, a zstd frame of m bytes without its magic
 */
#include "history/chunk_parts.h"

#include "base/bytes.h"
#include "base/mem.h"

#define BLOCK_STORED 0
#define BLOCK_CONSTANT 1
#define MAGIC_BYTES 4
#define NOISE_MATCH 7 /* bytes: the longest that zstd offers as a least */
#define SHORT_MATCH 4
#define REPETITIVE 4
#define WORTH_ZSTD 24 /* a frame takes about 10 bytes beside what it holds */

void
chunk_put_varint(struct buf *out, uint64_t v)
{
	uint8_t *p = (uint8_t *)buf_room(out, 10), *begin = p;

	for (; v >= 0x80; v >>= 7)
		*p++ = (uint8_t)(v | 0x80);
	*p++ = (uint8_t)v;
	out->n += (size_t)(p - begin);
}

uint64_t
chunk_get_varint(struct chunk_in *in)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && in->p < in->end; shift += 7) {
		uint8_t byte = *in->p++;

		v |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return v;
	}
	in->is_bad = true;
	return 0;
}

const uint8_t *
chunk_get_bytes(struct chunk_in *in, size_t n)
{
	const uint8_t *p = in->p;

	if (in->is_bad || (size_t)(in->end - p) < n) {
		in->is_bad = true;
		return NULL;
	}
	in->p += n;
	return p;
}

static bool
is_constant(const uint8_t *bytes, size_t n)
{
	return memcmp(bytes, bytes + 1, n - 1) == 0;
}

/* The frame in c->frame behind its magic number; 0: it is not smaller than the bytes themselves. */
static size_t
squeeze(struct chunk_coder *c, const uint8_t *bytes, size_t n, int least_match)
{
	size_t room = ZSTD_compressBound(n), m;

	buf_clear(&c->frame);
	buf_room(&c->frame, room);
	ZSTD_CCtx_setParameter(c->cctx, ZSTD_c_minMatch, least_match);
	m = ZSTD_compress2(c->cctx, c->frame.data, room, bytes, n);
	if (ZSTD_isError(m) || m <= MAGIC_BYTES)
		return 0; /* out of memory inside zstd: stored bytes are as good */
	m -= MAGIC_BYTES;
	return m + (m >= 0x80) < n ? m : 0;
}

/* In noise a short match takes more than its symbols would; where there is more to find than noise, short ones are tried. */
static size_t
squeeze_best(struct chunk_coder *c, const uint8_t *bytes, size_t n)
{
	size_t m = squeeze(c, bytes, n, NOISE_MATCH), other;

	if (m == 0 || m > n / REPETITIVE)
		return m;
	other = squeeze(c, bytes, n, SHORT_MATCH);
	if (other > 0 && other <= m)
		return other;
	return squeeze(c, bytes, n, NOISE_MATCH);
}

void
chunk_put_block(struct chunk_coder *c, const uint8_t *bytes, size_t n, enum chunk_form form,
	struct buf *out)
{
	size_t m;

	if (n > 1 && is_constant(bytes, n)) {
		chunk_put_varint(out, BLOCK_CONSTANT);
		buf_putc(out, (char)bytes[0]);
		return;
	}
	m = form == CHUNK_PACKED && n >= WORTH_ZSTD ? squeeze_best(c, bytes, n) : 0;
	if (m > BLOCK_CONSTANT) {
		chunk_put_varint(out, m);
		buf_put(out, c->frame.data + MAGIC_BYTES, m);
	} else {
		chunk_put_varint(out, BLOCK_STORED);
		buf_put(out, bytes, n);
	}
}

static bool
unsqueeze(struct chunk_coder *c, const uint8_t *frame, size_t m, uint8_t *out, size_t n)
{
	uint8_t *p;

	buf_clear(&c->frame);
	p = (uint8_t *)buf_room(&c->frame, m + MAGIC_BYTES);
	put_u32le(p, ZSTD_MAGICNUMBER);
	memcpy(p + MAGIC_BYTES, frame, m);
	return ZSTD_decompressDCtx(c->dctx, out, n, p, m + MAGIC_BYTES) == n;
}

void
chunk_get_block(struct chunk_coder *c, struct chunk_in *in, uint8_t *out, size_t n)
{
	uint64_t m = chunk_get_varint(in);
	const uint8_t *p;

	/* A frame that were not smaller than its bytes would have been stored. */
	if (m >= n && m > BLOCK_CONSTANT)
		in->is_bad = true;
	p = chunk_get_bytes(in, m == BLOCK_STORED ? n : (size_t)m);
	if (p == NULL) {
		memset(out, 0, n);
		return;
	}
	if (m == BLOCK_STORED)
		memcpy(out, p, n);
	else if (m == BLOCK_CONSTANT)
		memset(out, *p, n);
	else if (!unsqueeze(c, p, (size_t)m, out, n)) {
		in->is_bad = true;
		memset(out, 0, n);
	}
}

void
chunk_put_list(
	struct chunk_coder *c, const struct buf *bytes, enum chunk_form form, struct buf *out)
{
	chunk_put_varint(out, bytes->n);
	if (bytes->n > 0)
		chunk_put_block(c, (const uint8_t *)bytes->data, bytes->n, form, out);
}

struct chunk_in
chunk_get_list(struct chunk_coder *c, struct chunk_in *in, size_t most)
{
	uint64_t n = chunk_get_varint(in);
	struct chunk_in list = { 0 };

	if (n > most) {
		in->is_bad = true;
		n = 0;
	}
	buf_clear(&c->bytes);
	list.p = (uint8_t *)buf_room(&c->bytes, (size_t)n + 1);
	list.end = list.p + n;
	if (n > 0)
		chunk_get_block(c, in, (uint8_t *)c->bytes.data, (size_t)n);
	return list;
}
