/* sign.h - HMAC-SHA-256 (RFC 2104, FIPS 180-4): who receives a webhook can know that it is ours. Pure. */
#ifndef ALERT_SIGN_H
#define ALERT_SIGN_H

#include "base/sha256.h"

/* Of data[0..n), which may be in two pieces; in lower case hex, with its NUL. */
void sign_hex(char out[SHA256_HEX + 1], const char *key, size_t n_key, const void *first,
	size_t n_first, const void *second, size_t n_second);

#endif
