/* http_auth.h - who asks: name and password, or a key; for the codec `http` alone, and its simulated servers */
#ifndef DRIVERS_HTTP_AUTH_H
#define DRIVERS_HTTP_AUTH_H

#include "base/secret.h"
#include "drivers/http_key.h"

#define HTTP_USER_MAX 64
#define HTTP_KEY_NAME_MAX 64

/* What proves it, as it stands in a request; empty where there is nothing. To be wiped: http_auth_done(). */
struct http_auth {
	char query[HTTP_KEY_NAME_MAX + 1 + 3 * SECRET_MAX +
		   1]; /* "key=..", the first member of the query of each page */
	char lines[2 * HTTP_KEY_NAME_MAX + SECRET_BASE64(HTTP_USER_MAX + SECRET_MAX) +
		   SECRET_MAX]; /* of the head, each with its end */
};

/* Are these options usable together? As codec->check. */
int http_auth_check(const struct instrument *ins, struct err *err);

/* ERR_CONF: a secret is not known. */
int http_auth_make(const struct instrument *ins, struct http_auth *out, struct err *err);
void http_auth_done(struct http_auth *a);

#endif
