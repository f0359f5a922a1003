/* sha256.h - the digest SHA-256 (FIPS 180-4): of tokens at once, of files piece by piece */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/defs.h"

#define SHA256_BYTES 32
#define SHA256_HEX (2 * SHA256_BYTES) /* characters, without a NUL */
#define SHA256_BLOCK 64

struct sha256 {
	uint32_t h[8]; /* of the whole blocks so far */
	uint8_t rest[SHA256_BLOCK];
	uint64_t n; /* bytes so far */
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t n);
void sha256_end(struct sha256 *s, uint8_t out[SHA256_BYTES]);
void sha256_end_hex(struct sha256 *s, char *out); /* as sha256_hex() */

void sha256(uint8_t out[SHA256_BYTES], const void *data, size_t n);

/* In lower case; out: SHA256_HEX + 1 bytes. */
void sha256_hex(char *out, const void *data, size_t n);

#endif
