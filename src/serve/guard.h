/* guard.h - who asks: what the gate says of tokens and sessions, remembered for as long as it holds
 *
 *	request --> is this token known? --> the gate --> it is anna, who may read N2_*, for 30 s
 *
 * Here nobody is known: the gate says who it is, and when it is no longer so. Without a gate nobody gets in. What is remembered has fixed places.
 */
#ifndef SERVE_GUARD_H
#define SERVE_GUARD_H

#include "base/sha256.h"
#include "msg/accounts.h"
#include "msg/command.h"
#include "msg/manage.h"
#include "serve/orders.h"

#define GUARD_PLACES 384
#define GUARD_HEX (SHA256_HEX + 1)

struct who {
	char principal[EVENT_PRINCIPAL]; /* "user:anna", "token:lims" */
	char role[8];                    /* of account_roles, or "token" */
	unsigned rights;                 /* bits of enum account_right */
	char reads[ACCOUNT_ONLY];        /* patterns of channels; "*": all */
	char hex[GUARD_HEX];             /* digest of the token */
	char proof
		[GUARD_HEX]; /* of a session: digest of what its page proves itself with besides; else "" */
	bool is_kiosk;
	char acting[ACCOUNT_NAME]; /* who acts at it; "": nobody */
	int64_t acting_end_ns;     /* until then, unless a command comes */
};

struct guard;
struct asking; /* one who waits for an answer */

/* changed: what was known is no longer so. The orders stay the caller's. */
struct guard *guard_new(struct orders *o, void (*changed)(void *ctx), void *ctx);
void guard_free(struct guard *g); /* nobody may be left who asks */

enum asking_state {
	ASKING_WAITS,
	ASKING_IN, /* who it is, or a new session: asking_says() is its token, and asking_proof() goes with it */
	ASKING_NOBODY, /* nobody's; of one who signs in: asking_says() is why not, asking_status() the status of HTTP */
	ASKING_LOST, /* there is no gate, or it does not answer */
};

/* group: of the address that asks (asks_group). fn is called once, when the state is no longer ASKING_WAITS and this has returned. */
struct asking *guard_ask(struct guard *g, const char *token, uint8_t group, void (*fn)(void *user),
	void *user, int64_t now_ns);
/* code: "", or that of the link for the first account. */
struct asking *guard_sign_in(struct guard *g, const char *name, const char *password,
	const char *address, const char *code, void (*fn)(void *user), void *user, int64_t now_ns);
/* A PIN, in the session of a kiosk, which has another token then: asking_says(). */
struct asking *guard_act(struct guard *g, const char *token, const char *name, const char *pin,
	const char *address, void (*fn)(void *user), void *user, int64_t now_ns);
/* A question about accounts or tokens, whose number is filled in: ASKING_IN whatever became of it, as asking_status() says. */
struct asking *guard_manage(struct guard *g, struct manage_ask *ask, void (*fn)(void *user),
	void *user, int64_t now_ns);
const char *asking_text(const struct asking *a); /* of guard_manage() */
unsigned asking_next(const struct asking *a);    /* where the list goes on; 0: it is whole */
void asking_free(struct asking *a);

enum asking_state asking_state(const struct asking *a);
const struct who *asking_who(const struct asking *a);
const char *asking_says(const struct asking *a);
const char *asking_proof(const struct asking *a);
unsigned asking_status(const struct asking *a);
unsigned asking_wait_s(const struct asking *a);

/* ERR_REFUSED: there is no gate, and nobody was signed out. */
enum guard_out { GUARD_OUT, GUARD_OUT_EVERYWHERE, GUARD_OUT_ACTING }; /* who acts at a kiosk */
int guard_sign_out(
	struct guard *g, const char *token, enum guard_out how, struct err *err) MUST_CHECK;
/* Called with the same context as changed(): a session has another token, and is the same one. */
void guard_moves(
	struct guard *g, void (*moved)(void *ctx, const char *from_hex, const char *to_hex));

/* Is it still so? What is about to end is asked anew; once a second for each stream. */
bool guard_still(struct guard *g, const struct who *who, int64_t now_ns);

/* From the gate: WIRE_WHO_IS, WIRE_FORGET, WIRE_SIGNED_IN, WIRE_MANAGED, WIRE_MOVED; false: none of them. */
bool guard_told(void *guard, int kind, struct wire_in *in);
void guard_gate_gone(void *guard);

int64_t guard_step(struct guard *g, int64_t now_ns); /* returns when to come again */

#endif
