/* http_orders.h - commands over HTTP as libmicrohttpd takes them: the head is judged, the body gathered, then a connection sleeps until there is news */
#ifndef SERVE_HTTP_ORDERS_H
#define SERVE_HTTP_ORDERS_H

#include <microhttpd.h>

#include "serve/orders.h"
#include "serve/problem.h"
#include "serve/target.h"

struct http_order;

/* A look at the head of a request that commands: may it be taken at all? False: *out_problem, *out_detail. */
/* may_configure: a long body may come where a bench file may be in it. */
bool http_order_judge(struct MHD_Connection *c, enum target_order order, bool may_configure,
	enum problem *out_problem, const char **out_detail);

/* A new one: a command, whose body comes in parts; or (http_order_about()) a question what became of one. */
struct http_order *http_order_new(struct orders *o, struct MHD_Connection *c, int64_t now_ns);
struct http_order *http_order_rehearse(
	struct orders *o, struct MHD_Connection *c, int64_t now_ns); /* its body comes, too */
/* The bench file, its versions, the audit: a question without a body (t), or an order whose body comes. */
struct http_order *http_order_errand(
	struct orders *o, struct MHD_Connection *c, const struct target *t, int64_t now_ns);
bool http_order_is_errand(enum target_order order);
struct http_order *http_order_errand_order(struct orders *o, struct MHD_Connection *c,
	enum target_order order, bool may_configure, int64_t now_ns);
struct http_order *http_order_hold(struct orders *o, struct MHD_Connection *c,
	int64_t now_ns); /* a question who holds the bench */
struct http_order *http_order_about(
	struct orders *o, struct MHD_Connection *c, const char *id, int64_t now_ns);
void http_order_free(struct http_order *x);

/* False: it takes too long to come, its connection is to be closed. */
bool http_order_body(struct http_order *x, const char *data, size_t n, int64_t now_ns);

/* Queue the answer, or send the connection to sleep until there is one: libmicrohttpd then asks again. t: the address, at the first call. */
enum MHD_Result http_order_answer(struct http_order *x, const struct target *t, const char *uri,
	size_t *live_bytes, int64_t now_ns);

#endif
