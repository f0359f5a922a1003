/* people.h - accounts and sessions in the gate: who signs in, who is it that has this token
 *
 *	data server -- name, password --> may it be tried? --> a queue --> mbc-hash, one at a time
 *	            <-- a new token ----- a session <--------- is it right?
 *
 * Passwords are looked at by a process of its own, so that nothing here waits for it. Tokens are kept as digests. What is no longer so is told to the data
 * server at once, which forgets what it knew.
 */
#ifndef GATE_PEOPLE_H
#define GATE_PEOPLE_H

#include "gate/logbook.h"
#include "io/loop.h"
#include "msg/accounts.h"
#include "msg/tokens.h"
#include "msg/wire.h"

#define PEOPLE_QUEUE 16        /* sign-ins that wait */
#define PEOPLE_QUEUE_ADDRESS 4 /* of one address */

struct people;

/* tell: a packet for the data server, which it frees. tokens: of programs. supervisor: who writes the first account down. All stay the caller's. */
struct people *people_new(struct loop *loop, struct logbook *logbook, const struct tokens *tokens,
	int supervisor, void (*tell)(void *ctx, struct buf *packet), void *ctx);
void people_free(struct people *p);

/* The new accounts; sessions of those that are not as they were end. Nothing points into the old ones afterwards. */
void people_accounts(struct people *p, const struct accounts *all);
/* Whoever has the code of this digest makes the first account; hex "": nobody. */
void people_first(struct people *p, const struct account_first *first);
/* Others have tokens now: the data server forgets those that are not as they were before. */
void people_tokens(struct people *p, const struct tokens *before);
void people_forget(struct people *p);         /* it forgets all of them, and all sessions */
void people_hasher(struct people *p, int fd); /* takes it */
void people_serve_gone(struct people *p);

/* WIRE_SIGN_IN, WIRE_ACT, WIRE_SIGN_OUT, WIRE_WHO of the data server; false: not to be trusted. */
bool people_packet(struct people *p, int kind, struct wire_in *in);

/* Whose session has this token? NULL: nobody's, or its account is not open. */
const struct account *people_of_token(struct people *p, const char *token);

/* Are there accounts, so that who reads has to be somebody? */
bool people_are_there(const struct people *p);
/* The same of who acts when it is a kiosk's session; is_command: that goes on for longer by it. */
const struct account *people_acts(
	struct people *p, const char *token, bool is_command, bool *out_is_acting);

/* Another's secret is looked at, or hashed, in the queue of those who sign in: hash "": one is made. false: nobody does now. The callback comes later, once for each; PEOPLE_HASHED: right, or
 * `made`. ticket: not 0. */
enum people_hashed { PEOPLE_WRONG, PEOPLE_HASHED, PEOPLE_NOT_HASHED };
typedef void (*people_hashed_fn)(
	void *ctx, uint32_t ticket, enum people_hashed what, const char *made);
void people_on_hashed(struct people *p, people_hashed_fn fn, void *ctx);
bool people_hash(struct people *p, uint32_t ticket, const char *hash, const char *secret);
/* For how long no password of this account is looked at; and one was. */
int64_t people_wait(struct people *p, const char *name, const char *address);
void people_tried(struct people *p, const char *name, const char *address, bool is_good);

const struct accounts *people_all(const struct people *p);
size_t people_sessions(const struct people *p, const char *name);

/* NULL: nobody has this name. */
const struct account *people_account(const struct people *p, const char *name);

/* Wall time; while nobody has set the clock, at least as late as the record says and as this process has seen it. */
int64_t people_wall(const struct logbook *logbook);

/* What is due; returns when to come again. */
int64_t people_step(struct people *p, int64_t now_ns);

#endif
