/* body.h - the body of a request that commands: one JSON object, read strictly. Pure.
 *
 * Members are texts, numbers, true, false and null (as if it were not there); a list of texts, or an object of texts and numbers, where the caller gives room
 * for it; nothing else is nested. Refused, with line and column: what is no JSON
 * (RFC 8259), members that are not known or come twice, values of another kind, texts that are too long, hold control characters or are no UTF-8.
 */
#ifndef SERVE_BODY_H
#define SERVE_BODY_H

#include "base/err.h"

#define BODY_MAX 4096     /* bytes of a body */
#define BODY_TEXT_MAX 200 /* bytes of a text in it, with the NUL */

#define BODY_ITEMS 32 /* of a list */

enum body_kind { BODY_NONE, BODY_TEXT, BODY_NUMBER, BODY_BOOL, BODY_LIST };

struct body_list {
	bool is_named; /* an object: its items are "NAME=VALUE", NAME without '=' */
	size_t n;
	char items[BODY_ITEMS][BODY_TEXT_MAX];
};

struct body_member {
	const char *name;    /* given by the caller */
	unsigned kinds;      /* that it may be: 1 << BODY_TEXT ... */
	enum body_kind kind; /* BODY_NONE: it is not there */
	char text[BODY_TEXT_MAX];
	char *room; /* for a longer text than that: given by the caller; NULL: none */
	size_t room_size;
	double number;
	bool is_true;
	struct body_list *list; /* BODY_LIST: given by the caller */
};

/* Fill in the members that are there; an empty body is an empty object. */
int body_read(const char *text, size_t n, struct body_member *members, size_t n_members,
	struct err *err) MUST_CHECK;

#endif
