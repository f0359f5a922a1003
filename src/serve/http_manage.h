/* http_manage.h - accounts and tokens over HTTP, as libmicrohttpd takes them
 *
 * Who may what is for the gate to say, which is asked here; a list comes from it in pieces.
 */
#ifndef SERVE_HTTP_MANAGE_H
#define SERVE_HTTP_MANAGE_H

#include <microhttpd.h>

#include "serve/guard.h"
#include "serve/target.h"

struct http_manage;

/* A change, whose body comes; or a list, of ROUTE_ACCOUNTS or ROUTE_TOKENS: then http_manage_answer() at once. */
struct http_manage *http_manage_new(struct guard *g, struct MHD_Connection *c, int64_t now_ns);
struct http_manage *http_manage_list(
	struct guard *g, struct MHD_Connection *c, enum route route, int64_t now_ns);
void http_manage_free(struct http_manage *x);
bool http_manage_body(struct http_manage *x, const char *data, size_t n, int64_t now_ns);
/* t: of a change. bench: its name, which a second factor bears. */
enum MHD_Result http_manage_answer(struct http_manage *x, const struct target *t, const char *bench,
	const char *uri, size_t *live_bytes, int64_t now_ns);

#endif
