/* sha256.c - SHA-256
 *
 * Source: FIPS 180-4, sections 4.1.2 (functions), 4.2.2 (constants), 5.1.1 (padding), 6.2.2 (computation).
 */
#include "base/sha256.h"

#include <string.h>

#include "base/bytes.h"

static const uint32_t constants[64] = { 0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b,
	0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6,
	0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d,
	0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585,
	0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
	0xa4506ceb, 0xbef9a3f7, 0xc67178f2 };

static uint32_t
turn(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

/* h: the eight words of the digest so far. */
static void
take_block(uint32_t h[8], const uint8_t block[SHA256_BLOCK])
{
	uint32_t w[64], v[8];

	for (size_t t = 0; t < 16; t++)
		w[t] = get_u32be(block + 4 * t);
	for (size_t t = 16; t < 64; t++)
		w[t] = (turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ w[t - 2] >> 10) + w[t - 7] +
		       (turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ w[t - 15] >> 3) + w[t - 16];
	memcpy(v, h, sizeof(v)); /* a b c d e f g h */
	for (size_t t = 0; t < 64; t++) {
		uint32_t t1 = v[7] + (turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)) +
			      ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[t] + w[t];
		uint32_t t2 = (turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)) +
			      ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (size_t i = 0; i < 8; i++)
		h[i] += v[i];
}

void
sha256_begin(struct sha256 *s)
{
	*s = (struct sha256){ .h = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
				      0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}

void
sha256_add(struct sha256 *s, const void *data, size_t n)
{
	size_t have = (size_t)(s->n % SHA256_BLOCK);
	const uint8_t *at = data;

	s->n += n;
	if (have > 0) {
		size_t take = MIN(n, SHA256_BLOCK - have);

		memcpy(s->rest + have, at, take);
		if (have + take < SHA256_BLOCK)
			return;
		take_block(s->h, s->rest);
		at += take;
		n -= take;
	}
	for (; n >= SHA256_BLOCK; at += SHA256_BLOCK, n -= SHA256_BLOCK)
		take_block(s->h, at);
	if (n > 0)
		memcpy(s->rest, at, n);
}

void
sha256_end(struct sha256 *s, uint8_t out[SHA256_BYTES])
{
	size_t left = (size_t)(s->n % SHA256_BLOCK), end;
	uint8_t last[2 * SHA256_BLOCK] = { 0 };

	memcpy(last, s->rest, left);
	last[left] = 0x80;
	end = left + 9 <= SHA256_BLOCK ? SHA256_BLOCK : 2 * SHA256_BLOCK;
	for (size_t i = 0; i < 8; i++)
		last[end - 1 - i] = (uint8_t)(s->n * 8 >> 8 * i);
	take_block(s->h, last);
	if (end > SHA256_BLOCK)
		take_block(s->h, last + SHA256_BLOCK);
	for (size_t i = 0; i < 8; i++)
		put_u32be(out + 4 * i, s->h[i]);
}

void
sha256(uint8_t out[SHA256_BYTES], const void *data, size_t n)
{
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, data, n);
	sha256_end(&s, out);
}

void
sha256_end_hex(struct sha256 *s, char *out)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[SHA256_BYTES];

	sha256_end(s, digest);
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[SHA256_HEX] = '\0';
}

void
sha256_hex(char *out, const void *data, size_t n)
{
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, data, n);
	sha256_end_hex(&s, out);
}
