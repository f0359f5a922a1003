/* http_manage.c - accounts and tokens over HTTP */
#include "serve/http_manage.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "serve/body.h"
#include "serve/http_session.h"
#include "serve/problem.h"
#include "serve/reply.h"
#include "serve/wish_manage.h"

#define BODY_NS (15 * NS_PER_S)
#define LIST_MAX (256u << 10) /* bytes: more than all accounts are */

struct http_manage {
	struct MHD_Connection *connection;
	struct guard *guard;
	struct asking *asking; /* NULL: not asked yet */
	struct manage_ask ask;
	bool is_list, is_asleep, is_too_long;
	bool is_broken; /* its list does not end: what came of it is not shown as whole */
	size_t n;
	char body[BODY_MAX];
	struct buf list; /* pieces that came */
	int64_t begun_ns;
};

static void
on_news(void *user)
{
	struct http_manage *x = user;

	if (!x->is_asleep)
		return;
	x->is_asleep = false;
	MHD_resume_connection(x->connection);
}

struct http_manage *
http_manage_new(struct guard *g, struct MHD_Connection *c, int64_t now_ns)
{
	struct http_manage *x = mem_zero(1, sizeof(*x));

	x->guard = g;
	x->connection = c;
	x->begun_ns = now_ns;
	return x;
}

static void
ask(struct http_manage *x, int64_t now_ns)
{
	bool is_cookie;

	asking_free(x->asking);
	if (!http_session_token(x->connection, x->ask.token, &is_cookie))
		x->ask.token[0] = '\0'; /* of nobody */
	http_session_address(x->connection, x->ask.address, sizeof(x->ask.address));
	x->asking = guard_manage(x->guard, &x->ask, on_news, x, now_ns);
	explicit_bzero(x->ask.token, sizeof(x->ask.token));
}

struct http_manage *
http_manage_list(struct guard *g, struct MHD_Connection *c, enum route route, int64_t now_ns)
{
	struct http_manage *x = http_manage_new(g, c, now_ns);

	x->is_list = true;
	x->ask.act = route == ROUTE_ACCOUNTS ? MANAGE_LIST
		     : route == ROUTE_LINKS  ? MANAGE_LINKS
					     : MANAGE_TOKENS;
	buf_puts(&x->list, route == ROUTE_ACCOUNTS ? "{\"accounts\":["
			   : route == ROUTE_LINKS  ? "{\"links\":["
						   : "{\"tokens\":[");
	ask(x, now_ns);
	return x;
}

void
http_manage_free(struct http_manage *x)
{
	if (x == NULL)
		return;
	asking_free(x->asking);
	buf_done(&x->list);
	explicit_bzero(x, sizeof(*x));
	free(x);
}

bool
http_manage_body(struct http_manage *x, const char *data, size_t n, int64_t now_ns)
{
	x->is_too_long = x->is_too_long || n > sizeof(x->body) - x->n;
	if (!x->is_too_long) {
		memcpy(x->body + x->n, data, n);
		x->n += n;
	}
	return now_ns - x->begun_ns < BODY_NS;
}

/* ---- answers -------------------------------------------------------------------------------------------------------------- */

static enum problem
problem_of(unsigned status)
{
	switch (status) {
	case 400:
		return PROBLEM_BAD_REQUEST;
	case 401:
		return PROBLEM_SIGN_IN;
	case 403:
		return PROBLEM_NOT_MANAGER;
	case 404:
		return PROBLEM_NO_ACCOUNT;
	case 409:
		return PROBLEM_NOT_CHANGED;
	case 429:
		return PROBLEM_TOO_MANY_WRONG;
	default:
		return PROBLEM_NO_GATE;
	}
}

static enum MHD_Result
refuse(struct http_manage *x, enum problem p, const char *detail, const char *uri,
	size_t *live_bytes)
{
	return reply_problem_wait(x->connection, p, detail, uri,
		p == PROBLEM_TOO_MANY_WRONG ? asking_wait_s(x->asking) : 0, live_bytes);
}

/* The one time that it is shown: as `mbc user totp` prints it. */
static void
write_factor(struct buf *out, const char *name, const char *secret, const char *bench)
{
	struct buf address = { 0 };
	struct json j;

	buf_printf(&address,
		"otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=6&period=30", bench,
		name, secret, bench);
	json_open(&j, out);
	json_object(&j, NULL);
	json_text(&j, "secret", secret);
	json_text(&j, "otpauth", buf_text(&address));
	json_end(&j);
	explicit_bzero(address.data, address.n);
	buf_done(&address);
}

static enum MHD_Result
send_answer(struct http_manage *x, const char *bench, const char *uri, size_t *live_bytes)
{
	unsigned status = asking_status(x->asking);
	struct buf body = { 0 };

	if (status != 200 && status != 201 && status != 204)
		return refuse(x, problem_of(status), asking_text(x->asking), uri, live_bytes);
	if (x->ask.act == MANAGE_FACTOR)
		write_factor(&body, x->ask.change.name, asking_text(x->asking), bench);
	else
		buf_puts(&body, asking_text(x->asking));
	if (status != 204)
		buf_putc(&body, '\n');
	return reply_body(x->connection, status, &body, "application/json", live_bytes);
}

/* A piece of a list: true when another one is to come. */
static bool
take_piece(struct http_manage *x, int64_t now_ns)
{
	unsigned next = asking_next(x->asking);

	if (!x->is_list || asking_status(x->asking) != 200)
		return false;
	if (x->ask.from > 0)
		buf_putc(&x->list, ',');
	buf_puts(&x->list, asking_text(x->asking));
	if (next == 0)
		return false;
	x->is_broken = next <= x->ask.from || x->list.n > LIST_MAX;
	if (x->is_broken)
		return false;
	x->ask.from = next;
	ask(x, now_ns);
	return true;
}

static int
begin(struct http_manage *x, const struct target *t, int64_t now_ns, struct err *err)
{
	int rc = wish_manage(&x->ask, t, x->body, x->n, err);

	explicit_bzero(x->body, sizeof(x->body));
	if (rc < 0)
		return rc;
	ask(x, now_ns);
	explicit_bzero(x->ask.password, sizeof(x->ask.password));
	explicit_bzero(x->ask.old, sizeof(x->ask.old));
	explicit_bzero(x->ask.pin, sizeof(x->ask.pin));
	return 0;
}

enum MHD_Result
http_manage_answer(struct http_manage *x, const struct target *t, const char *bench,
	const char *uri, size_t *live_bytes, int64_t now_ns)
{
	struct err err;

	if (x->is_too_long)
		return refuse(
			x, PROBLEM_BODY_LONG, "a body has at most 4096 bytes", uri, live_bytes);
	if (x->asking == NULL && begin(x, t, now_ns, &err) < 0)
		return refuse(x, problem_of((unsigned)err.sys), err.msg, uri, live_bytes);
	while (asking_state(x->asking) == ASKING_IN && take_piece(x, now_ns))
		;
	switch (asking_state(x->asking)) {
	case ASKING_WAITS:
		x->is_asleep = true;
		MHD_suspend_connection(x->connection);
		return MHD_YES;
	case ASKING_IN:
		if (!x->is_list)
			return send_answer(x, bench, uri, live_bytes);
		if (x->is_broken)
			return refuse(x, PROBLEM_NO_GATE,
				"the list does not end; see the log of 'mbc run'", uri, live_bytes);
		if (asking_status(x->asking) != 200)
			break;
		buf_puts(&x->list, "]}\n");
		return reply_body(
			x->connection, MHD_HTTP_OK, &x->list, "application/json", live_bytes);
	case ASKING_NOBODY:
	case ASKING_LOST:
		return refuse(x, PROBLEM_NO_GATE,
			"the process that knows the accounts is not running, or does not answer; "
			"look "
			"at the list before you ask again",
			uri, live_bytes);
	}
	return refuse(
		x, problem_of(asking_status(x->asking)), asking_text(x->asking), uri, live_bytes);
}
