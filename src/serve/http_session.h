/* http_session.h - signing in and out over HTTP, as libmicrohttpd takes it
 *
 * Who signs in sends name and password as JSON; the answer bears a cookie that no script can read and no page of another origin has sent along,
 * and a proof for the page's own storage, which is of one origin. At each sign-in it is
 * a new one, and the one that came along ends.
 */
#ifndef SERVE_HTTP_SESSION_H
#define SERVE_HTTP_SESSION_H

#include <microhttpd.h>

#include "serve/guard.h"
#include "serve/problem.h"

#define SESSION_BODY_MAX 2048

struct http_session;

/* Is it a request with another method than GET of /api/v1/session? */
bool http_session_is(const char *method, const char *uri);

/* A look at the head: false with the problem. */
bool http_session_judge(struct MHD_Connection *c, bool is_out, const char *uri,
	enum problem *out_problem, const char **out_detail);

/* is_out: it signs out. */
struct http_session *http_session_new(
	struct guard *g, struct MHD_Connection *c, bool is_out, const char *uri, int64_t now_ns);
void http_session_free(struct http_session *x);
bool http_session_body(struct http_session *x, const char *data, size_t n, int64_t now_ns);
enum MHD_Result http_session_answer(
	struct http_session *x, const char *uri, size_t *live_bytes, int64_t now_ns);

/* GET: who one is. who NULL: nobody. */
enum MHD_Result http_session_tell(
	struct MHD_Connection *c, bool has_accounts, const struct who *who, size_t *live_bytes);

/* What a request proves itself with: of Authorization, else of the cookie. false: nothing. out: COMMAND_TOKEN bytes. */
bool http_session_token(struct MHD_Connection *c, char *out, bool *out_is_cookie);
/* Does a request that changes something, and bears a session's token, in a cookie or not, come from the page of this server that has signed in? It has the proof that
 * was told to that page alone. Tokens of programs need none. The one place that decides it; of use once who asks is known. */
bool http_session_is_own(struct MHD_Connection *c, bool is_cookie);
extern const char http_session_wants[]; /* why not, and what to do: of PROBLEM_STRANGER */
/* Where it comes from, as text; of IPv6 its network. */
void http_session_address(struct MHD_Connection *c, char *out, size_t cap);

#endif
