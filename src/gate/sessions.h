/* sessions.h - who has signed in. Pure; nothing grows.
 *
 * A session is known by the digest of its token alone. It ends when nobody has used it for a while, and after a day in any case; times are those of
 * CLOCK_BOOTTIME, which no step of the clock moves. An account has a few: one more ends its oldest. That of a kiosk lasts; somebody else may act in it for a moment.
 */
#ifndef GATE_SESSIONS_H
#define GATE_SESSIONS_H

#include "base/sha256.h"
#include "msg/accounts.h"

#define SESSIONS_MAX 256
#define SESSIONS_EACH 16
#define SESSION_IDLE_NS (60 * 60 * NS_PER_S)
#define SESSION_LONGEST_NS (24 * 60 * 60 * NS_PER_S)
#define SESSION_ACT_IDLE_NS (2 * 60 * NS_PER_S)
#define SESSION_BEFORE_NS (10 * NS_PER_S) /* requests are under way with the token of before */
#define SESSION_ACT_LONGEST_NS (15 * 60 * NS_PER_S)

struct session {
	bool is_there;
	uint8_t digest[SHA256_BYTES]; /* of its token */
	uint8_t proof
		[SHA256_BYTES]; /* of what a page proves itself with besides, which no other web server of this host hears */
	char name[ACCOUNT_NAME]; /* whose */
	int64_t begun_ns, used_ns;
	bool is_lasting;           /* of a kiosk: it does not end by itself */
	char acting[ACCOUNT_NAME]; /* who acts at the kiosk for a moment; "": nobody */
	int64_t acting_begun_ns, acting_used_ns;
	uint8_t before[SHA256_BYTES]; /* what it was known by before that: it reads for a moment */
};

struct sessions {
	struct session all[SESSIONS_MAX];
};

/* A new one, in the place of *out_before, whose end is to be told (is_there false: the place was free). */
struct session *sessions_begin(struct sessions *s, const char *name,
	const uint8_t digest[SHA256_BYTES], const uint8_t proof[SHA256_BYTES], int64_t now_ns,
	struct session *out_before);

/* NULL: nobody's. How long it takes does not depend on how much of it is right. */
struct session *sessions_find(
	struct sessions *s, const uint8_t digest[SHA256_BYTES], int64_t now_ns);

/* Somebody acts from now on, and it has another token. */
void session_act(
	struct session *s, const char *name, const uint8_t digest[SHA256_BYTES], int64_t now_ns);
/* Who acts right now: without a command for SESSION_ACT_IDLE_NS nobody does any more. "": nobody. */
const char *session_acting(const struct session *s, int64_t now_ns);
int64_t session_acting_end_ns(const struct session *s);

/* That of a kiosk in which somebody has just begun to act, by its token of before; NULL: none. */
struct session *sessions_find_before(
	struct sessions *s, const uint8_t digest[SHA256_BYTES], int64_t now_ns);

/* When it ends unless it is used. */
int64_t session_end_ns(const struct session *s);

#endif
