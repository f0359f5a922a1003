/* account_change.h - a change of one account: what it may be, who may make it, what the file is afterwards. Pure.
 *
 *	command line ----------------------------------------> apply --> the whole file
 *	data server --> gate: may they, apply --> supervise: is the line still the one before? --> the whole file
 *
 * Nothing is half done: on an error all is as it was. err->sys: the status of HTTP.
 */
#ifndef MSG_ACCOUNT_CHANGE_H
#define MSG_ACCOUNT_CHANGE_H

#include "msg/accounts.h"
#include "msg/tokens.h"

/* What a change is about, as bits. */
enum {
	CHANGE_NEW = 1, /* there must be no such account yet; without it there must be one */
	CHANGE_ROLE = 2,
	CHANGE_UNTIL = 4,
	CHANGE_DISABLED = 8,
	CHANGE_HASH = 16,
	CHANGE_PIN = 32,
	CHANGE_TOTP = 64,
	CHANGE_KIOSK = 128,
	CHANGE_SIGN_OUT = 256,
	CHANGE_GRANTS = 512,
	CHANGE_ALL = 1023,
};

struct account_change {
	unsigned what;
	char name[ACCOUNT_NAME];
	enum account_role role;
	int64_t until_ns; /* INT64_MAX: without an end */
	bool is_disabled, is_kiosk;
	char hash[ACCOUNT_HASH], pin[ACCOUNT_HASH]; /* pin "": none any more */
	char totp[TOTP_TEXT];                       /* "": none any more */
	uint32_t rights;                            /* which grants become others: 1 << right */
	struct grant grants[RIGHTS];                /* of those; only "": none any more */
};

/* ERR_CONF, 400: it is too short, too long, or no UTF-8 that can be typed. */
int account_check_password(const char *password, struct err *err) MUST_CHECK;
/* 4 to 12 digits. */
int account_check_pin(const char *pin, struct err *err) MUST_CHECK;

/* ERR_CONF: 400 it makes no sense; 404 there is no such account; 409 there is one already, or there is no room. */
int account_change_apply(struct accounts *all, const struct account_change *c, int64_t wall_ns,
	struct err *err) MUST_CHECK;

/* May this account, one of `all`, make it over HTTP? root everything, admin what is of the role `user`; nobody leaves the bench without an open root account. ERR_REFUSED, 403,
 * 409; ERR_CONF as above. */
int account_change_may(const struct accounts *all, const struct account *asker,
	const struct account_change *c, int64_t wall_ns, struct err *err) MUST_CHECK;

/* What the change is about, for the record: "role until password". Nothing secret. */
void account_change_text(struct buf *out, const struct account_change *c);

/* The file, of n bytes, with the line `after` in the place of `before`, which has the same name; before "": it is new, after "": it goes. All other lines stay as they are. ERR_CONF, 409: the line is
 * another one meanwhile, or the file has no room; 500: the file cannot be read. */
int accounts_replace(struct buf *out, const char *bytes, size_t n, const char *before,
	const char *after, struct err *err) MUST_CHECK;
int tokens_replace(struct buf *out, const char *bytes, size_t n, const char *before,
	const char *after, struct err *err) MUST_CHECK;

#endif
