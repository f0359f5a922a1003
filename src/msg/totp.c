/* totp.c - codes of the second factor
 *
 * Sources: RFC 6238, section 4 (time steps) and 5.2 (one step before and after; no code twice); RFC 4226, section 5.3 (digits of an HMAC); RFC 4648, section 6.
 */
#include "msg/totp.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/sha1.h"

#define BASE32_BITS 5
#define MODULUS 1000000u /* six digits */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void
totp_text(char out[TOTP_TEXT], const uint8_t secret[TOTP_BYTES])
{
	unsigned bits = 0, n_bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < TOTP_BYTES; i++) {
		bits = (bits << 8 | secret[i]) & 0xffff;
		for (n_bits += 8; n_bits >= BASE32_BITS; n_bits -= BASE32_BITS)
			out[n++] = letters[bits >> (n_bits - BASE32_BITS) & 31];
	}
	out[n] = '\0';
}

bool
totp_read(uint8_t out[TOTP_BYTES], const char *text)
{
	unsigned bits = 0, n_bits = 0;
	size_t n = 0;

	if (strlen(text) != TOTP_TEXT - 1 || strspn(text, letters) != TOTP_TEXT - 1)
		return false;
	for (size_t i = 0; i < TOTP_TEXT - 1; i++) {
		bits = (bits << BASE32_BITS | (unsigned)(strchr(letters, text[i]) - letters)) &
		       0xffff;
		n_bits += BASE32_BITS;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		out[n++] = (uint8_t)(bits >> n_bits);
	}
	return true;
}

void
totp_code(char out[TOTP_CODE], const uint8_t secret[TOTP_BYTES], int64_t step)
{
	uint8_t counter[8], hmac[SHA1_BYTES];
	uint32_t number;

	put_u32be(counter, (uint32_t)((uint64_t)step >> 32));
	put_u32be(counter + 4, (uint32_t)step);
	sha1_hmac(hmac, secret, TOTP_BYTES, counter, sizeof(counter));
	number = get_u32be(hmac + (hmac[SHA1_BYTES - 1] & 15)) & 0x7fffffff;
	snprintf(out, TOTP_CODE, "%06u", (unsigned)(number % MODULUS));
}

static bool
is_used(const struct totp_used *used, int64_t step)
{
	for (size_t i = 0; i < MIN(used->n, (size_t)TOTP_USED); i++)
		if (used->steps[i] == step)
			return true;
	return false;
}

/* How long it takes does not depend on how much of it is right. */
static bool
is_same(const char *a, const char b[TOTP_CODE])
{
	unsigned differs = 0;

	if (strlen(a) != TOTP_CODE - 1)
		return false;
	for (size_t i = 0; i < TOTP_CODE - 1; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return differs == 0;
}

bool
totp_take(struct totp_used *used, const char *secret, const char *code, int64_t wall_ns)
{
	int64_t now = wall_ns / TOTP_STEP_NS, found = -1;
	uint8_t bytes[TOTP_BYTES];
	char expected[TOTP_CODE];

	if (wall_ns < 0 || !totp_read(bytes, secret))
		return false;
	for (int64_t step = MAX(0, now - 1); step <= now + 1; step++) {
		totp_code(expected, bytes, step);
		if (is_same(code, expected) && !is_used(used, step))
			found = step;
	}
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(expected, sizeof(expected));
	if (found < 0)
		return false;
	used->steps[used->n++ % TOTP_USED] = found;
	return true;
}
