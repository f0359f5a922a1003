/* sha256.h - the digest SHA-256 (FIPS 180-4), for tokens: short texts, at once */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/defs.h"

#define SHA256_BYTES 32
#define SHA256_HEX (2 * SHA256_BYTES) /* characters, without a NUL */

void sha256(uint8_t out[SHA256_BYTES], const void *data, size_t n);

/* In lower case; out: SHA256_HEX + 1 bytes. */
void sha256_hex(char *out, const void *data, size_t n);

#endif
