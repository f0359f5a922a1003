/* sign.c - HMAC-SHA-256 */
#include "alert/sign.h"

#include <string.h>

static void
begin(struct sha256 *s, const uint8_t key[SHA256_BLOCK], uint8_t pad)
{
	uint8_t block[SHA256_BLOCK];

	for (size_t i = 0; i < SHA256_BLOCK; i++)
		block[i] = key[i] ^ pad;
	sha256_begin(s);
	sha256_add(s, block, sizeof(block));
	explicit_bzero(block, sizeof(block));
}

void
sign_hex(char out[SHA256_HEX + 1], const char *key, size_t n_key, const void *first, size_t n_first,
	const void *second, size_t n_second)
{
	uint8_t block[SHA256_BLOCK] = { 0 }, inner[SHA256_BYTES];
	struct sha256 s;

	if (n_key > SHA256_BLOCK)
		sha256(block, key, n_key);
	else if (n_key > 0)
		memcpy(block, key, n_key);
	begin(&s, block, 0x36);
	if (n_first > 0)
		sha256_add(&s, first, n_first);
	if (n_second > 0)
		sha256_add(&s, second, n_second);
	sha256_end(&s, inner);
	begin(&s, block, 0x5C);
	sha256_add(&s, inner, sizeof(inner));
	sha256_end_hex(&s, out);
	explicit_bzero(block, sizeof(block));
	explicit_bzero(&s, sizeof(s));
}
