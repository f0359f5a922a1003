/* manage.h - accounts and tokens as they are asked for and changed over HTTP: from the data server to the gate. Pure.
 *
 * A question has the token of who asks; what they may is for the gate to say. Passwords and PINs go as they are, over a socket pair; hashes never do. A list comes in pieces, each
 * of which is asked for.
 */
#ifndef MSG_MANAGE_H
#define MSG_MANAGE_H

#include "msg/account_change.h"
#include "msg/command.h"
#include "msg/tokens.h"
#include "msg/wire.h"

#define MANAGE_ADDRESS 48
#define MANAGE_TEXT 3200 /* bytes of an answer, with the NUL */

enum manage_act {
	MANAGE_LIST,         /* accounts, from `from` on */
	MANAGE_CHANGE,       /* change, password, pin */
	MANAGE_OWN,          /* the asker's own: old, and password or pin or both */
	MANAGE_FACTOR,       /* change.name: another second factor, which is shown once */
	MANAGE_FACTOR_OFF,   /* change.name */
	MANAGE_TOKENS,       /* the list, from `from` on */
	MANAGE_TOKEN_ADD,    /* program */
	MANAGE_TOKEN_REMOVE, /* program.name */
	MANAGE_LINKS,        /* of guests: the list, from `from` on */
	MANAGE_LINK_ADD,     /* program.name, program.until_ns */
	MANAGE_LINK_REMOVE,  /* program.name */
	MANAGE_ACTS
};

enum manage_file { MANAGE_ACCOUNTS, MANAGE_PROGRAMS, MANAGE_GUESTS };

struct manage_ask {
	uint32_t number;
	char token[COMMAND_TOKEN], address[MANAGE_ADDRESS];
	enum manage_act act;
	unsigned from;
	struct account_change
		change; /* without hash, pin and totp: CHANGE_HASH and CHANGE_PIN mean those below */
	char password[ACCOUNT_PASSWORD], old[ACCOUNT_PASSWORD];
	char pin[ACCOUNT_PIN]; /* "" with CHANGE_PIN: none any more */
	struct token program;  /* without its digest */
};

/* The whole packet. It holds secrets: wipe it. */
void manage_write(struct buf *out, const struct manage_ask *a);
/* Behind the head. ERR_PROTO. */
int manage_read(struct manage_ask *out, struct wire_in *in, struct err *err) MUST_CHECK;

/* As JSON: what is known of an account, and of a token; nothing secret. */
void manage_write_account(struct buf *out, const struct account *a, size_t n_sessions);
void manage_write_token(struct buf *out, const struct token *t,
	const char *shown); /* shown NULL: it is not told again */
void manage_write_link(struct buf *out, const struct token *t, const char *shown);

#endif
