/* tokens.h - programs that may ask over HTTP: lines "NAME SHA256-hex". Pure. */
#ifndef GATE_TOKENS_H
#define GATE_TOKENS_H

#include "base/err.h"
#include "base/sha256.h"

#define TOKENS_MAX 64
#define TOKENS_NAME 25 /* bytes with the NUL: "token:NAME" is a principal */
#define TOKENS_BYTES_MAX 8192

struct tokens {
	struct token {
		char name[TOKENS_NAME];
		uint8_t digest[SHA256_BYTES];
	} all[TOKENS_MAX];
	size_t n;
};

/* Letters, digits, '-', '_', '.'; at least one. */
bool tokens_name_is_good(const char *name);

/* Read a file of n bytes; blank lines and those with '#' in front are passed over. On ERR_CONF, with the line, `out` has none. */
int tokens_read(struct tokens *out, const char *bytes, size_t n, struct err *err) MUST_CHECK;

/* The name of who has this token, NULL when nobody has. How long it takes does not depend on how much of it is right. */
const char *tokens_find(const struct tokens *t, const char *token);

#endif
