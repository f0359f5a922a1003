/* wish_manage.h - from a request to the change of an account or of a token that it means. Pure. */
#ifndef SERVE_WISH_MANAGE_H
#define SERVE_WISH_MANAGE_H

#include "msg/manage.h"
#include "serve/target.h"

/* Is it one of these? */
bool wish_manages(enum target_order order);

/* The question of t->order, from its path and the body of n bytes, which are overwritten; number, token and address are left empty. It holds secrets: wipe it. ERR_CONF with what is wrong and
 * where, which repeats nothing of it. */
int wish_manage(struct manage_ask *out, const struct target *t, char *body, size_t n,
	struct err *err) MUST_CHECK;

#endif
