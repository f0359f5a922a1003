/* policy.h - who may ask what of the controller. Pure.
 *
 * The whole table is in policy.c: a person at the command line may ask everything; a program with a token what the bench file opens
 * (`serve: commands:`), as far as the token itself goes, and never what weakens protection; a person who has signed in what their role and grants open.
 */
#ifndef GATE_POLICY_H
#define GATE_POLICY_H

#include "model/image.h"
#include "msg/accounts.h"
#include "msg/command.h"
#include "msg/tokens.h"

#define POLICY_EXPIRES_NS                                                                          \
	(10 * NS_PER_S) /* of a command that does not say how long it may take to get here */
#define POLICY_EXPIRES_MAX_NS (60 * NS_PER_S) /* of any */

/* May who asks have this kind done? opened: bits of image.commands, which count when it is not a person. */
bool policy_allows(bool is_person, uint32_t opened, enum command_kind kind);

/* May this token have it done, whatever the bench file opens? wall_ns: when. ERR_REFUSED with why; err->sys: 401 when it is over. */
int policy_check_token(const struct token *t, enum command_kind kind, const char *subject,
	int64_t wall_ns, struct err *err) MUST_CHECK;

/* May this account have it done? wall_ns: when. ERR_REFUSED with why; err->sys: 401 when it is over, 403. */
int policy_check_account(const struct account *a, enum command_kind kind, const char *subject,
	int64_t wall_ns, struct err *err) MUST_CHECK;

/* Does it take no more than the grant to operate? */
bool policy_is_operating(enum command_kind kind);

/* Does it only make the bench safer, or quieter? It is done although it cannot be put on record. */
bool policy_is_towards_safe(enum command_kind kind);

/* All that can be said of a command without knowing the bench: who, what, is it complete, is it late. Fills in when it expires.
 * ERR_REFUSED with why; err->sys: the status of HTTP. */
int policy_check(struct command *c, uint32_t opened, int64_t now_ns, struct err *err) MUST_CHECK;

#endif
