/* secret.h - passwords and keys while a program holds them, and texts without them */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/defs.h"

#define SECRET_MIN                                                                                 \
	4 /* bytes: a shorter one would be hidden, and so shown, wherever its few characters stand */
#define SECRET_MAX 1000 /* bytes */
#define SECRET_NAME_MAX 63
#define SECRETS_MAX 32 /* of one bench */
#define SECRET_MASK "***"

/* Printed ASCII characters. */
struct secret {
	size_t n;
	char value[SECRET_MAX + 1];
};

/* In the order in which the image names them. */
struct secrets {
	size_t n;
	struct secret at[SECRETS_MAX];
};

/* Zeroed; the second wipes what it frees, and takes NULL. */
struct secrets *secrets_new(void);
void secrets_free(struct secrets *s);

bool secrets_same(const struct secrets *a, const struct secrets *b);

/* Can a file with a secret be called so? Letters, digits, '_', '-' and '.', not first. */
bool secret_is_name(const char *name);

/* in[0..n) with each secret in it as ***, however long it is: as it stands, in the escapes of URLs, JSON, XML and HTML, in Base64, and its
 * beginning where the bytes or a quotation end. The first `cap` bytes go to out, which may not be `in`; returns how many there would
 * be. Without secrets (s NULL or empty) it is a copy. */
size_t secret_mask(
	const struct secrets *s, const uint8_t *in, size_t n, uint8_t *out, size_t cap) MUST_CHECK;

/* The same for a text in its own room of `cap` bytes, which is cut where it becomes longer. */
void secret_mask_text(const struct secrets *s, char *text, size_t cap);

/* Base64 of in[0..n), RFC 4648, with its NUL; cap: at least SECRET_BASE64(n). Returns its length. */
#define SECRET_BASE64(n) (((n) + 2) / 3 * 4 + 1)
size_t secret_base64(const void *in, size_t n, char *out);

#endif
