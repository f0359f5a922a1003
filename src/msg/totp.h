/* totp.h - codes of the second factor: RFC 6238 with SHA-1, 30 s and 6 digits, as all authenticators know it. Pure.
 *
 * A secret is kept as text, in base32 without padding (RFC 4648, section 6), as it is shown once and stands in the file of accounts.
 */
#ifndef MSG_TOTP_H
#define MSG_TOTP_H

#include "base/defs.h"

#define TOTP_BYTES 20 /* of a secret (RFC 4226, section 4) */
#define TOTP_TEXT 33  /* of it as text, with the NUL */
#define TOTP_CODE 7   /* bytes of a code with the NUL */
#define TOTP_STEP_NS (30 * NS_PER_S)
#define TOTP_USED 16 /* steps of which it is known that their code was used */

/* Codes that were good once. Steps rather than the last one: a clock that was set back must not shut anybody out until it is where it was. */
struct totp_used {
	int64_t steps[TOTP_USED];
	size_t n; /* all that ever were; the oldest make room */
};

void totp_text(char out[TOTP_TEXT], const uint8_t secret[TOTP_BYTES]);
bool totp_read(uint8_t out[TOTP_BYTES], const char *text); /* false: no secret */

/* The code of one step, which counts from 1970 on. */
void totp_code(char out[TOTP_CODE], const uint8_t secret[TOTP_BYTES], int64_t step);

/* Is it the code of now, of the step before or of the one after, and none that was used? It is from now on. secret: as text. */
bool totp_take(struct totp_used *used, const char *secret, const char *code, int64_t wall_ns);

#endif
