/* hold.h - who holds the bench: at most one person, whose commands alone are taken. Pure.
 *
 * Nobody does at the start: the bench is everybody's who may. What only makes it safer or quieter is taken from everybody, always. Who holds is known by a
 * principal: the user of a command line, or "user:NAME" of who has signed in; never a token's.
 */
#ifndef GATE_HOLD_H
#define GATE_HOLD_H

#include "msg/command.h"

struct hold {
	char who[EVENT_PRINCIPAL]; /* "": nobody */
	int64_t since_ns;          /* wall time */
};

/* All: 0, or ERR_REFUSED with who holds it, since when, and what to do; err->sys: the status of HTTP. */

/* May this be asked by `who`? */
int hold_check(
	const struct hold *h, const char *who, enum command_kind kind, struct err *err) MUST_CHECK;

/* By force: with a reason, and by an administrator alone. Who holds it already goes on holding it. */
int hold_take(struct hold *h, const char *who, bool by_force, bool is_admin, const char *reason,
	int64_t wall_ns, struct err *err) MUST_CHECK;

/* to: a principal, "": nobody holds it any more. Only who holds it may. */
int hold_hand_over(struct hold *h, const char *who, const char *to, int64_t wall_ns,
	struct err *err) MUST_CHECK;

/* "2026-03-01T12:34:56Z user:anna", "" for nobody: out has HOLD_TEXT bytes. */
#define HOLD_TEXT (24 + EVENT_PRINCIPAL)
void hold_text(char *out, const struct hold *h);

#endif
