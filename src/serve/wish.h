/* wish.h - from a request to the command that it means. Pure. */
#ifndef SERVE_WISH_H
#define SERVE_WISH_H

#include "base/sha256.h"
#include "msg/accounts.h"
#include "msg/command.h"
#include "msg/errand.h"
#include "msg/rehearse.h"
#include "serve/file_body.h"
#include "serve/target.h"

#define WISH_WAIT_MAX_NS (30 * NS_PER_S)

/* The command of t->order, from its path and the body of n bytes; its id is "" when the body gives none. *out_wait_ns: of the parameter `wait`. ERR_CONF
 * with what is wrong and where. */
int wish_make(struct command *out, int64_t *out_wait_ns, const struct target *t, const char *body,
	size_t n, int64_t now_ns, struct err *err) MUST_CHECK;

/* The rehearsal of t->name; its id and principal are left empty. */
int wish_rehearse(struct rehearse_ask *out, const struct target *t, const char *body, size_t n,
	struct err *err) MUST_CHECK;

/* What is asked of the bench file or the audit, by a route or (body of n bytes) by an order without a text; its id and principal are left empty. */
int wish_errand(struct errand_ask *out, const struct target *t, struct err *err) MUST_CHECK;
/* With a text, which stays in the body: err->sys 413 when it is too long. */
int wish_errand_file(struct errand_ask *out, const struct target *t, const struct file_body *body,
	struct err *err) MUST_CHECK;
/* A certificate, a backup: text is what goes along where the kind has one, wiped by the caller. */
bool wish_is_admin(enum target_order order);
int wish_errand_admin(struct errand_ask *out, const struct target *t, const char *body, size_t n,
	struct buf *text, struct err *err) MUST_CHECK;
/* A run is begun, ended or noted. */
bool wish_is_run(enum target_order order);
int wish_errand_run(struct errand_ask *out, const struct target *t, const char *body, size_t n,
	struct err *err) MUST_CHECK;
/* An instrument is asked; its channels, where they are named, in `reason` with commas between them. */
int wish_errand_try(struct errand_ask *out, const struct target *t, const char *body, size_t n,
	struct err *err) MUST_CHECK;
/* What is on a link is asked. */
int wish_errand_scan(
	struct errand_ask *out, const char *body, size_t n, struct err *err) MUST_CHECK;
int wish_errand_order(struct errand_ask *out, const struct target *t, const char *body, size_t n,
	struct err *err) MUST_CHECK;

/* Who wants to sign in: {"name": ..., "password": ..., "code": ...}, or to act at a kiosk: {"name": ..., "pin": ...}; the code is that of the link for the first account, or of a second factor. ERR_CONF with what is wrong and where,
 * which repeats nothing of it. */
struct wish_session {
	char name[ACCOUNT_NAME], password[ACCOUNT_PASSWORD], code[SHA256_HEX + 1];
	char pin[ACCOUNT_PIN]; /* "": it is a password */
};

int wish_session(struct wish_session *out, const char *body, size_t n, struct err *err) MUST_CHECK;

/* Authorization: the token of "Bearer TOKEN" into out (COMMAND_TOKEN bytes); false: there is none that could be one. */
bool wish_token(char *out, const char *authorization);

/* Origin (NULL: none came along): is it a page of this very server? host: of the request; is_tls: so it came. */
bool wish_is_ours(const char *origin, const char *host, bool is_tls);

/* Host: "localhost", 127.x.y.z or [::1], with or without a port. */
bool wish_is_loopback(const char *host);

#endif
