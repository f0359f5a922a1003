/* sha1.h - HMAC-SHA-1 (RFC 2104, FIPS 180-4): for codes of RFC 6238, which authenticators know with this digest alone. For nothing else: SHA-1 by itself is broken. */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include "base/defs.h"

#define SHA1_BYTES 20

void sha1_hmac(uint8_t out[SHA1_BYTES], const void *key, size_t n_key, const void *data, size_t n);

#endif
