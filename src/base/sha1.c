/* sha1.c - HMAC-SHA-1
 *
 * Sources: FIPS 180-4, sections 4.1.1 (functions), 4.2.1 (constants), 5.1.1 (padding), 6.1.2 (computation); RFC 2104, section 2.
 */
#include "base/sha1.h"

#include <string.h>

#include "base/bytes.h"

#define BLOCK 64
#define ROUND_LENGTH 20

struct sha1 {
	uint32_t h[5]; /* of the whole blocks so far */
	uint8_t rest[BLOCK];
	uint64_t n; /* bytes so far */
};

static uint32_t
turn(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

/* What the twenty steps from t on mix of b, c and d. */
static uint32_t
mix(size_t t, uint32_t b, uint32_t c, uint32_t d)
{
	switch (t / ROUND_LENGTH) {
	case 0:
		return (b & c) ^ (~b & d);
	case 2:
		return (b & c) ^ (b & d) ^ (c & d);
	default:
		return b ^ c ^ d;
	}
}

static void
take_block(struct sha1 *s)
{
	static const uint32_t constants[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
	uint32_t w[80], v[5];

	for (size_t t = 0; t < 16; t++)
		w[t] = get_u32be(s->rest + 4 * t);
	for (size_t t = 16; t < 80; t++)
		w[t] = turn(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	memcpy(v, s->h, sizeof(v)); /* a b c d e */
	for (size_t t = 0; t < 80; t++) {
		uint32_t next = turn(v[0], 5) + mix(t, v[1], v[2], v[3]) + v[4] +
				constants[t / ROUND_LENGTH] + w[t];

		memmove(v + 1, v, 4 * sizeof(v[0]));
		v[2] = turn(v[2], 30);
		v[0] = next;
	}
	for (size_t i = 0; i < 5; i++)
		s->h[i] += v[i];
	explicit_bzero(w, sizeof(w)); /* a key may be in it */
}

static void
begin(struct sha1 *s)
{
	*s = (struct sha1){ .h = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 } };
}

static void
add(struct sha1 *s, const void *data, size_t n)
{
	const uint8_t *at = data;

	for (size_t i = 0; i < n; i++) {
		s->rest[s->n++ % BLOCK] = at[i];
		if (s->n % BLOCK == 0)
			take_block(s);
	}
}

static void
end(struct sha1 *s, uint8_t out[SHA1_BYTES])
{
	uint8_t length[8];

	put_u32be(length, (uint32_t)(s->n >> 29)); /* in bits */
	put_u32be(length + 4, (uint32_t)(s->n << 3));
	add(s, "\x80", 1);
	while (s->n % BLOCK != BLOCK - sizeof(length))
		add(s, "", 1);
	add(s, length, sizeof(length));
	for (size_t i = 0; i < 5; i++)
		put_u32be(out + 4 * i, s->h[i]);
	explicit_bzero(s, sizeof(*s));
}

/* H((key ^ pad) || data) */
static void
half(uint8_t out[SHA1_BYTES], const uint8_t key[BLOCK], uint8_t pad, const void *data, size_t n)
{
	uint8_t padded[BLOCK];
	struct sha1 s;

	for (size_t i = 0; i < BLOCK; i++)
		padded[i] = key[i] ^ pad;
	begin(&s);
	add(&s, padded, BLOCK);
	add(&s, data, n);
	end(&s, out);
	explicit_bzero(padded, sizeof(padded));
}

void
sha1_hmac(uint8_t out[SHA1_BYTES], const void *key, size_t n_key, const void *data, size_t n)
{
	uint8_t block[BLOCK] = { 0 }, inner[SHA1_BYTES];
	struct sha1 s;

	if (n_key > BLOCK) {
		begin(&s);
		add(&s, key, n_key);
		end(&s, block);
	} else if (n_key > 0) {
		memcpy(block, key, n_key);
	}
	half(inner, block, 0x36, data, n);
	half(out, block, 0x5c, inner, sizeof(inner));
	explicit_bzero(block, sizeof(block));
}
