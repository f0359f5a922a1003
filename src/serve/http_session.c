/* http_session.c - signing in and out over HTTP */
#include "serve/http_session.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"
#include "io/now.h"
#include "serve/asks.h"
#include "serve/clients.h"
#include "serve/json_in.h"
#include "serve/reply.h"
#include "serve/target.h"
#include "serve/wish.h"

#define BODY_NS (15 * NS_PER_S) /* for the whole of it */
#define COOKIE_MAX 180
#define COOKIE_NAME 32
#define EVERYWHERE "?everywhere=1"
#define ACTING "?acting=1"
#define ADDRESS_MAX 48 /* bytes of an address as text */

const char http_session_wants[] =
	"with a cookie, send the 'proof' of the answer to signing in as the header X-Mbc, and from "
	"no page of another origin; who has lost it signs in again";

struct http_session {
	struct MHD_Connection *connection;
	struct guard *guard;
	struct asking *asking; /* NULL: not asked yet */
	bool is_out, is_asleep, is_too_long;
	bool is_pin; /* somebody wants to act at a kiosk */
	enum guard_out how;
	size_t n;
	char body[SESSION_BODY_MAX];
	int64_t begun_ns;
};

/* ---- headers --------------------------------------------------------------------------------------------------------------- */

/* Browsers keep cookies by host, not by port: each bench of a computer has a name of its own for it. With TLS it is one that no other host, and no page
 * without TLS, can set. */
static void
cookie_name(struct MHD_Connection *c, char *out, size_t cap)
{
	const char *host = reply_asked(c, MHD_HTTP_HEADER_HOST);
	const char *port = host != NULL ? strrchr(host, ':') : NULL;
	size_t n = port != NULL ? strspn(port + 1, "0123456789") : 0;

	bool has_port = n > 0 && n <= 5 && port[1 + n] == '\0';

	snprintf(out, cap, "%smbc-session%s%s", reply_is_tls(c) ? "__Host-" : "",
		has_port ? "-" : "", has_port ? port + 1 : "");
}

bool
http_session_token(struct MHD_Connection *c, char *out, bool *out_is_cookie)
{
	const char *cookies = reply_asked(c, MHD_HTTP_HEADER_COOKIE);
	char name[COOKIE_NAME];

	*out_is_cookie = false;
	if (wish_token(out, reply_asked(c, MHD_HTTP_HEADER_AUTHORIZATION)))
		return true;
	cookie_name(c, name, sizeof(name));
	*out_is_cookie = cookies != NULL && asks_cookie(cookies, name, out, COMMAND_TOKEN);
	return *out_is_cookie;
}

static bool
is_json(struct MHD_Connection *c)
{
	static const char json[] = "application/json";
	const char *type = reply_asked(c, MHD_HTTP_HEADER_CONTENT_TYPE);
	size_t n = type == NULL ? 0 : strcspn(type, "; ");

	return n == strlen(json) && strncasecmp(type, json, n) == 0;
}

/* No form and no page of another origin sends such a request unasked. */
static bool
is_of_page(struct MHD_Connection *c)
{
	const char *site = reply_asked(c, "Sec-Fetch-Site");

	return wish_is_ours(reply_asked(c, MHD_HTTP_HEADER_ORIGIN),
		       reply_asked(c, MHD_HTTP_HEADER_HOST), reply_is_tls(c)) &&
	       (site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0) &&
	       (is_json(c) || reply_asked(c, "X-Mbc") != NULL);
}

/* A cookie goes to every port of a host, so that another web server there may know it. What was told to the page alone no other origin can read, and no browser
 * sends unasked. */
static bool
has_proof(struct MHD_Connection *c)
{
	const struct client *client =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	const char *proof = reply_asked(c, "X-Mbc");
	char hex[GUARD_HEX];

	if (proof == NULL || client->proof == NULL)
		return false;
	sha256_hex(hex, proof, strlen(proof));
	return strcmp(hex, client->proof) == 0;
}

/* A session's token is one wherever it stands: who has found a cookie could send it as a program sends its own. */
bool
http_session_is_own(struct MHD_Connection *c, bool is_cookie)
{
	const struct client *client =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	bool is_session = client->proof != NULL && client->proof[0] != '\0';

	return (!is_cookie && !is_session) || (is_of_page(c) && has_proof(c));
}

bool
http_session_is(const char *method, const char *uri)
{
	const char *path = target_routes[ROUTE_SESSION].path;

	return strlen(path) == strcspn(uri, "?") && strncmp(uri, path, strlen(path)) == 0 &&
	       (strcmp(method, MHD_HTTP_METHOD_POST) == 0 ||
		       strcmp(method, MHD_HTTP_METHOD_DELETE) == 0);
}

bool
http_session_judge(struct MHD_Connection *c, bool is_out, const char *uri,
	enum problem *out_problem, const char **out_detail)
{
	const char *query = strchr(uri, '?');
	const char *length = reply_asked(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	char token[COMMAND_TOKEN];
	bool is_cookie;

	if (query != NULL &&
		(!is_out || (strcmp(query, EVERYWHERE) != 0 && strcmp(query, ACTING) != 0))) {
		*out_problem = PROBLEM_BAD_REQUEST;
		*out_detail = "the parameters here are everywhere=1, to sign out everywhere, and "
			      "acting=1, "
			      "to act no longer at a kiosk";
		return false;
	}
	/* Who signs in has no proof yet, whatever cookie is left from before. */
	if (!is_of_page(c)) {
		*out_problem = PROBLEM_STRANGER;
		*out_detail = "send 'Content-Type: application/json' or the header 'X-Mbc', and "
			      "from no page of another origin";
		return false;
	}
	if (is_out && http_session_token(c, token, &is_cookie) &&
		!http_session_is_own(c, is_cookie)) {
		*out_problem = PROBLEM_STRANGER;
		*out_detail = http_session_wants;
		return false;
	}
	explicit_bzero(token, sizeof(token));
	if (length != NULL && strtoull(length, NULL, 10) > SESSION_BODY_MAX) {
		*out_problem = PROBLEM_BODY_LONG;
		*out_detail = "a body has at most 2048 bytes here";
		return false;
	}
	return true;
}

/* An address as text; of IPv6 its network: who has one has all of it. */
void
http_session_address(struct MHD_Connection *c, char *out, size_t cap)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *peer = info != NULL ? info->client_addr : NULL;

	text_copy(out, cap, "?");
	if (peer != NULL && peer->sa_family == AF_INET) {
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)peer)->sin_addr, out,
			(socklen_t)cap);
	} else if (peer != NULL && peer->sa_family == AF_INET6) {
		struct in6_addr network =
			((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;

		if (!IN6_IS_ADDR_LOOPBACK(&network) && !IN6_IS_ADDR_V4MAPPED(&network))
			memset(network.s6_addr + 8, 0, 8);
		inet_ntop(AF_INET6, &network, out, (socklen_t)cap);
	}
}

/* ---- life ------------------------------------------------------------------------------------------------------------------ */

struct http_session *
http_session_new(
	struct guard *g, struct MHD_Connection *c, bool is_out, const char *uri, int64_t now_ns)
{
	struct http_session *x = mem_zero(1, sizeof(*x));
	const char *query = strchr(uri, '?');

	x->guard = g;
	x->connection = c;
	x->is_out = is_out;
	if (query != NULL)
		x->how = strcmp(query, EVERYWHERE) == 0 ? GUARD_OUT_EVERYWHERE : GUARD_OUT_ACTING;
	x->begun_ns = now_ns;
	return x;
}

void
http_session_free(struct http_session *x)
{
	if (x == NULL)
		return;
	asking_free(x->asking);
	explicit_bzero(x->body, sizeof(x->body));
	free(x);
}

bool
http_session_body(struct http_session *x, const char *data, size_t n, int64_t now_ns)
{
	x->is_too_long = x->is_too_long || n > sizeof(x->body) - x->n;
	if (!x->is_too_long) {
		memcpy(x->body + x->n, data, n);
		x->n += n;
	}
	return now_ns - x->begun_ns < BODY_NS;
}

static void
on_news(void *user)
{
	struct http_session *x = user;

	if (!x->is_asleep)
		return;
	x->is_asleep = false;
	MHD_resume_connection(x->connection);
}

/* ---- signing in ------------------------------------------------------------------------------------------------------------ */

static bool
begin_sign_in(struct http_session *x, int64_t now_ns, struct err *err)
{
	char address[ADDRESS_MAX], token[COMMAND_TOKEN];
	struct wish_session b;
	bool is_cookie;
	bool is_good = wish_session(&b, x->body, x->n, err) == 0;

	if (is_good) {
		http_session_address(x->connection, address, sizeof(address));
		x->is_pin = b.pin[0] != '\0';
		if (!x->is_pin || !http_session_token(x->connection, token, &is_cookie))
			token[0] = '\0'; /* of nobody */
		x->asking = x->is_pin ? guard_act(x->guard, token, b.name, b.pin, address, on_news,
						x, now_ns)
				      : guard_sign_in(x->guard, b.name, b.password, address, b.code,
						on_news, x, now_ns);
		explicit_bzero(token, sizeof(token));
	}
	explicit_bzero(&b, sizeof(b));
	explicit_bzero(x->body, sizeof(x->body));
	return is_good;
}

static enum MHD_Result
send_with_cookie(struct http_session *x, unsigned status, const char *token, const char *proof,
	size_t *live_bytes)
{
	char name[COOKIE_NAME], cookie[COOKIE_MAX];
	struct buf body = { 0 };
	struct MHD_Response *r;
	enum MHD_Result rc;
	struct json j;

	cookie_name(x->connection, name, sizeof(name));
	snprintf(cookie, sizeof(cookie), "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", name,
		token, reply_is_tls(x->connection) ? "; Secure" : "",
		token[0] == '\0' ? "; Max-Age=0" : "");
	if (status != MHD_HTTP_NO_CONTENT) {
		json_open(&j, &body);
		json_object(&j, NULL);
		json_bool(&j, "signed_in", true);
		if (proof[0] != '\0') /* who acts at a kiosk goes on with its own */
			json_text(&j, "proof", proof);
		json_end(&j);
		buf_putc(&body, '\n');
	}
	r = reply_make(&body, "application/json", live_bytes);
	if (r == NULL)
		return MHD_NO;
	reply_header(r, MHD_HTTP_HEADER_SET_COOKIE, cookie);
	explicit_bzero(cookie, sizeof(cookie));
	rc = MHD_queue_response(x->connection, status, r);
	MHD_destroy_response(r);
	return rc;
}

/* The session that the browser had is another one's now. */
static enum MHD_Result
signed_in(struct http_session *x, size_t *live_bytes)
{
	char before[COMMAND_TOKEN];
	struct err err;
	bool is_cookie;

	if (!x->is_pin && http_session_token(x->connection, before, &is_cookie) && is_cookie)
		(void)!guard_sign_out(x->guard, before, GUARD_OUT, &err);
	explicit_bzero(before, sizeof(before));
	return send_with_cookie(
		x, MHD_HTTP_OK, asking_says(x->asking), asking_proof(x->asking), live_bytes);
}

static enum MHD_Result
refuse_sign_in(struct http_session *x, const char *uri, size_t *live_bytes)
{
	unsigned status = asking_status(x->asking);
	enum problem p = status == 401   ? PROBLEM_WRONG_PASSWORD
			 : status == 428 ? PROBLEM_CODE_NEEDED
			 : status == 429 ? PROBLEM_TOO_MANY_WRONG
			 : status == 400 ? PROBLEM_BAD_REQUEST
			 : status == 403 ? PROBLEM_NOT_GRANTED
					 : PROBLEM_NO_GATE;

	return reply_problem_wait(x->connection, p, asking_says(x->asking), uri,
		p == PROBLEM_TOO_MANY_WRONG ? asking_wait_s(x->asking) : 0, live_bytes);
}

/* The kiosk keeps its cookie. */
static enum MHD_Result
send_nothing(struct http_session *x, size_t *live_bytes)
{
	struct buf body = { 0 };

	return reply_body(
		x->connection, MHD_HTTP_NO_CONTENT, &body, "application/json", live_bytes);
}

static enum MHD_Result
sign_out(struct http_session *x, const char *uri, size_t *live_bytes)
{
	char token[COMMAND_TOKEN];
	struct err err;
	bool is_cookie;
	int rc = 0;

	if (http_session_token(x->connection, token, &is_cookie))
		rc = guard_sign_out(x->guard, token, x->how, &err);
	explicit_bzero(token, sizeof(token));
	if (rc < 0)
		return reply_problem(x->connection, PROBLEM_NO_GATE, err.msg, uri, live_bytes);
	if (x->how == GUARD_OUT_ACTING)
		return send_nothing(x, live_bytes);
	return send_with_cookie(x, MHD_HTTP_NO_CONTENT, "", "", live_bytes);
}

enum MHD_Result
http_session_answer(struct http_session *x, const char *uri, size_t *live_bytes, int64_t now_ns)
{
	struct err err;

	if (x->is_out)
		return sign_out(x, uri, live_bytes);
	if (x->is_too_long)
		return reply_problem(x->connection, PROBLEM_BODY_LONG,
			"a body has at most 2048 bytes here", uri, live_bytes);
	if (x->asking == NULL && !begin_sign_in(x, now_ns, &err))
		return reply_problem(x->connection, PROBLEM_BAD_REQUEST, err.msg, uri, live_bytes);
	switch (asking_state(x->asking)) {
	case ASKING_WAITS:
		x->is_asleep = true;
		MHD_suspend_connection(x->connection);
		return MHD_YES;
	case ASKING_IN:
		return signed_in(x, live_bytes);
	case ASKING_NOBODY:
		return refuse_sign_in(x, uri, live_bytes);
	case ASKING_LOST:
		break;
	}
	return reply_problem(x->connection, PROBLEM_NO_GATE,
		"the process that knows the accounts is not running, or does not answer; try again "
		"in a second",
		uri, live_bytes);
}

/* ---- who one is ------------------------------------------------------------------------------------------------------------ */

/* Who acts at a kiosk, and until when, unless a command comes. */
static void
write_acting(struct json *j, const struct who *who)
{
	char when[CLOCK_TEXT_SIZE];

	if (who == NULL || who->acting[0] == '\0' || now_boot() >= who->acting_end_ns) {
		json_null(j, "acting");
		return;
	}
	clock_text(when, who->acting_end_ns + now_wall_offset());
	json_object(j, "acting");
	json_text(j, "name", who->acting);
	json_text(j, "until", when);
	json_end(j);
}

enum MHD_Result
http_session_tell(
	struct MHD_Connection *c, bool has_accounts, const struct who *who, size_t *live_bytes)
{
	struct buf body = { 0 };
	struct json j;

	json_open(&j, &body);
	json_object(&j, NULL);
	json_bool(&j, "accounts", has_accounts);
	json_text(
		&j, "name", who == NULL ? NULL : who->principal + strcspn(who->principal, ":") + 1);
	json_text(&j, "role", who == NULL ? NULL : who->role);
	json_array(&j, "may");
	for (int i = 0; who != NULL && i < RIGHTS; i++)
		if ((who->rights & 1u << i) != 0)
			json_text(&j, NULL, account_rights[i]);
	json_end(&j);
	json_text(&j, "reads", who == NULL ? NULL : who->reads);
	json_bool(&j, "kiosk", who != NULL && who->is_kiosk);
	write_acting(&j, who);
	json_end(&j);
	buf_putc(&body, '\n');
	return reply_body(c, MHD_HTTP_OK, &body, "application/json", live_bytes);
}
