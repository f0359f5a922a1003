/* http_orders.c - commands over HTTP as libmicrohttpd takes them */
#include "serve/http_orders.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/seal.h"
#include "serve/body.h"
#include "serve/file_body.h"
#include "serve/http_session.h"
#include "serve/reply.h"
#include "serve/wish.h"

struct http_order {
	struct MHD_Connection *connection;
	struct orders *orders;
	struct order *order; /* NULL: not asked yet, or not at all */
	bool is_question;    /* what became of one */
	bool is_rehearsal;
	bool is_errand;             /* the bench file, the audit */
	size_t max;                 /* bytes of its body */
	bool is_hold;               /* who holds the bench */
	bool is_trial;              /* an errand that asks an instrument */
	bool is_admin;              /* an errand about a certificate or a backup */
	bool is_run;                /* one about a run */
	char name[TARGET_NAME_MAX]; /* of the backup whose bytes are asked for */
	bool is_asked;
	bool is_asleep; /* its connection is suspended */
	struct err err; /* it could not be asked */
	enum problem problem;
	struct buf body;
	bool is_too_long;
	int64_t begun_ns;
};

#define BODY_NS (15 * NS_PER_S) /* for the whole of it */
#define SEQUENCE_BODY_MAX (2u * ERRAND_SEQUENCE_MAX + 4096)
#define FILE_BODY_NS (60 * NS_PER_S) /* with a bench file in it */

static const struct http_order *with_file; /* whose body may be long: one at a time */

/* ---- the head ------------------------------------------------------------------------------------------------------------- */

static bool
has_json_body(struct MHD_Connection *c)
{
	const char *type = reply_asked(c, MHD_HTTP_HEADER_CONTENT_TYPE);
	const char *length = reply_asked(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	bool has_body = reply_asked(c, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ||
			(length != NULL && strcmp(length, "0") != 0);
	size_t n = type == NULL ? 0 : strcspn(type, "; ");

	return !has_body ||
	       (n == strlen("application/json") && strncasecmp(type, "application/json", n) == 0);
}

static bool
has_file(enum target_order order)
{
	return order == ORDER_FILE_CHECK || order == ORDER_FILE_PUT ||
	       order == ORDER_SEQUENCE_CHECK || order == ORDER_CERTIFICATE_PUT;
}

/* Bytes of a body of it, by those who may. */
static size_t
longest(enum target_order order)
{
	return order == ORDER_SEQUENCE_CHECK || order == ORDER_CERTIFICATE_PUT ? SEQUENCE_BODY_MAX
									       : FILE_BODY_MAX;
}

/* Pages of strangers in a browser on this computer: they come with their Origin, cannot set these headers unasked, and a name that has been bent to this
 * address stands in Host. */
bool
http_order_judge(struct MHD_Connection *c, enum target_order order, bool may_be_long,
	enum problem *out_problem, const char **out_detail)
{
	const char *host = reply_asked(c, MHD_HTTP_HEADER_HOST);
	const char *origin = reply_asked(c, MHD_HTTP_HEADER_ORIGIN);
	const char *length = reply_asked(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	char token[COMMAND_TOKEN];
	bool is_cookie;

	bool is_tls = reply_is_tls(c); /* its Host has been looked at before */

	may_be_long = may_be_long && has_file(order);
	if (host == NULL || !wish_is_ours(origin, host, is_tls) ||
		(!is_tls && (!reply_is_near(c) || !wish_is_loopback(host)))) {
		*out_problem = PROBLEM_FOREIGN;
		*out_detail = "without TLS commands are taken over loopback alone, with localhost "
			      "or 127.0.0.1 in the header Host; and in any case from no page of "
			      "another origin";
		return false;
	}
	if (!http_session_token(c, token, &is_cookie)) {
		*out_problem = PROBLEM_NO_TOKEN;
		*out_detail =
			"send the header 'Authorization: Bearer TOKEN'; 'mbc token add NAME' "
			"makes a token, and 'serve: {commands: [...]}' in the bench file says "
			"what tokens may ask; or sign in";
		return false;
	}
	explicit_bzero(token, sizeof(token));
	if (!http_session_is_own(c, is_cookie)) {
		*out_problem = PROBLEM_STRANGER;
		*out_detail = http_session_wants;
		return false;
	}
	if (length != NULL &&
		strtoull(length, NULL, 10) > (may_be_long ? longest(order) : BODY_MAX)) {
		*out_problem = PROBLEM_BODY_LONG;
		*out_detail =
			order == ORDER_SEQUENCE_CHECK
				? "a sequence has at most 256 kB, and comes from who may start "
				  "sequences, or has the grant 'configure'"
			: has_file(order) ? "a bench file has at most 4 MB, and comes from who "
					    "has signed in with the grant 'configure'"
					  : "a body has at most 4096 bytes";
		return false;
	}
	if (may_be_long && with_file != NULL) {
		*out_problem = PROBLEM_ONE_AT_A_TIME;
		*out_detail = "another bench file is on its way; ask again in a few seconds";
		return false;
	}
	if (!has_json_body(c)) {
		*out_problem = PROBLEM_BODY_TYPE;
		*out_detail = "send the body as JSON, with 'Content-Type: application/json'";
		return false;
	}
	return true;
}

/* ---- life ----------------------------------------------------------------------------------------------------------------- */

static void
on_news(void *user)
{
	struct http_order *x = user;

	if (!x->is_asleep)
		return;
	x->is_asleep = false;
	MHD_resume_connection(x->connection);
}

struct http_order *
http_order_new(struct orders *o, struct MHD_Connection *c, int64_t now_ns)
{
	struct http_order *x = mem_zero(1, sizeof(*x));

	x->orders = o;
	x->connection = c;
	x->problem = PROBLEM_NO_GATE;
	x->begun_ns = now_ns;
	x->max = BODY_MAX;
	return x;
}

bool
http_order_is_errand(enum target_order order)
{
	return has_file(order) || order == ORDER_UNDO || order == ORDER_DISCARD ||
	       order == ORDER_REASON || order == ORDER_TRY || order == ORDER_SCAN ||
	       wish_is_run(order) || wish_is_admin(order);
}

struct http_order *
http_order_errand_order(struct orders *o, struct MHD_Connection *c, enum target_order order,
	bool may_be_long, int64_t now_ns)
{
	struct http_order *x = http_order_new(o, c, now_ns);

	x->is_errand = true;
	if (has_file(order) && may_be_long) {
		x->max = longest(order);
		with_file = x;
	}
	/* A key or a passphrase: where it moves as it grows, copies stay behind that nobody wipes. */
	if (order == ORDER_CERTIFICATE_PUT || wish_is_admin(order))
		buf_room(&x->body, x->max + 1);
	return x;
}

struct http_order *
http_order_rehearse(struct orders *o, struct MHD_Connection *c, int64_t now_ns)
{
	struct http_order *x = http_order_new(o, c, now_ns);

	x->is_rehearsal = true;
	return x;
}

struct http_order *
http_order_about(struct orders *o, struct MHD_Connection *c, const char *id, int64_t now_ns)
{
	struct http_order *x = http_order_new(o, c, now_ns);
	char token[COMMAND_TOKEN] = "";
	bool is_cookie;

	x->is_question = x->is_asked = true;
	if (!http_session_token(c, token, &is_cookie))
		token[0] = '\0'; /* the bench is open for reading */
	if (command_id_is_good(id)) {
		x->order = order_ask(o, token, id, on_news, x, now_ns, &x->err);
	} else {
		x->problem = PROBLEM_NO_COMMAND;
		err_set(&x->err, ERR_CONF, 404, "this is no id of a command");
	}
	explicit_bzero(token, sizeof(token));
	return x;
}

static void
wipe_body(struct http_order *x)
{
	if (x->body.data != NULL)
		explicit_bzero(x->body.data, x->body.cap);
	buf_done(&x->body);
}

void
http_order_free(struct http_order *x)
{
	if (x == NULL)
		return;
	if (with_file == x)
		with_file = NULL;
	order_free(x->order);
	wipe_body(x);
	free(x);
}

bool
http_order_body(struct http_order *x, const char *data, size_t n, int64_t now_ns)
{
	x->is_too_long = x->is_too_long || n > x->max - x->body.n;
	if (!x->is_too_long)
		buf_put(&x->body, data, n);
	return now_ns - x->begun_ns < (x->max > BODY_MAX ? FILE_BODY_NS : BODY_NS);
}

static int
name_it(char id[COMMAND_ID], struct err *err)
{
	uint8_t random[10];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_set(err, ERR_IO, 503, "this computer has no random numbers yet");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(id + 2 * i, 3, "%02x", random[i]);
	return 0;
}

struct http_order *
http_order_hold(struct orders *o, struct MHD_Connection *c, int64_t now_ns)
{
	struct http_order *x = http_order_new(o, c, now_ns);
	char id[COMMAND_ID];

	x->is_question = x->is_asked = x->is_hold = true;
	if (name_it(id, &x->err) == 0)
		x->order = order_ask_hold(o, id, on_news, x, now_ns, &x->err);
	return x;
}

static void
ask_rehearsal(struct http_order *x, const struct target *t, int64_t now_ns)
{
	static struct rehearse_ask a;
	char token[COMMAND_TOKEN];
	bool is_cookie;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (wish_rehearse(&a, t, x->body.data, x->body.n, &x->err) < 0)
		return;
	x->problem = PROBLEM_NO_GATE;
	if (name_it(a.id, &x->err) < 0)
		return;
	if (!http_session_token(x->connection, token, &is_cookie))
		token[0] = '\0'; /* it was there when the head was judged */
	x->order =
		order_rehearse(x->orders, token, &a, info->connect_fd, on_news, x, now_ns, &x->err);
	explicit_bzero(token, sizeof(token));
	if (x->order == NULL && x->err.sys == 413)
		x->problem = PROBLEM_BODY_LONG;
}

/* With its id, on its way. text: -1: none */
static void
send_errand(struct http_order *x, struct errand_ask *a, int text, int64_t now_ns)
{
	char token[COMMAND_TOKEN];
	bool is_cookie;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	x->problem = PROBLEM_NO_TOKEN;
	err_set(&x->err, ERR_REFUSED, 401, "sign in first");
	if (!http_session_token(x->connection, token, &is_cookie))
		return;
	x->problem = PROBLEM_NO_GATE;
	if (name_it(a->id, &x->err) == 0) {
		/* Its own id is nobody's but ours: two may give the same one. */
		if (a->request[0] == '\0')
			text_copy(a->request, sizeof(a->request), a->id);
		x->order = order_errand(
			x->orders, token, a, text, info->connect_fd, on_news, x, now_ns, &x->err);
	}
	explicit_bzero(token, sizeof(token));
}

static void
ask_with_file(struct http_order *x, const struct target *t, int64_t now_ns)
{
	struct errand_ask a;
	struct file_body b;
	int text, rc = file_body_read(&b, x->body.data, x->body.n, &x->err);

	if (rc == 0)
		rc = wish_errand_file(&a, t, &b, &x->err);
	if (rc < 0 && x->err.sys == 413)
		x->problem = PROBLEM_BODY_LONG;
	if (rc < 0)
		return;
	x->problem = PROBLEM_BUSY;
	text = seal_text("mbc-bench-file", b.text, b.n, &x->err);
	wipe_body(x); /* there may be a key in it */
	if (text < 0)
		return;
	send_errand(x, &a, text, now_ns);
	close(text);
	if (with_file == x)
		with_file = NULL; /* its memory is not ours any more */
}

/* A passphrase goes along as a text does: in no packet, and in no words of a program. */
static void
ask_admin(struct http_order *x, const struct target *t, int64_t now_ns)
{
	struct errand_ask a;
	struct buf line = { 0 };
	int text = -1, rc = wish_errand_admin(&a, t, x->body.data, x->body.n, &line, &x->err);

	wipe_body(x);
	if (rc == 0 && line.n > 0) {
		text = seal_text("mbc-passphrase", line.data, line.n, &x->err);
		x->problem = text < 0 ? PROBLEM_BUSY : x->problem;
		rc = text < 0 ? ERR_IO : 0;
	}
	if (line.data != NULL)
		explicit_bzero(line.data, line.cap);
	buf_done(&line);
	if (rc == 0)
		send_errand(x, &a, text, now_ns);
	if (text >= 0)
		close(text);
}

static void
ask_errand(struct http_order *x, const struct target *t, int64_t now_ns)
{
	struct errand_ask a;

	x->is_admin = wish_is_admin(t->order) || t->order == ORDER_CERTIFICATE_PUT;
	x->is_run = wish_is_run(t->order);
	x->is_trial = t->order == ORDER_TRY || t->order == ORDER_SCAN;
	if (has_file(t->order))
		ask_with_file(x, t, now_ns);
	else if (t->order == ORDER_SCAN) {
		if (wish_errand_scan(&a, x->body.data, x->body.n, &x->err) == 0)
			send_errand(x, &a, -1, now_ns);
	} else if (wish_is_admin(t->order))
		ask_admin(x, t, now_ns);
	else if (x->is_run) {
		if (wish_errand_run(&a, t, x->body.data, x->body.n, &x->err) == 0)
			send_errand(x, &a, -1, now_ns);
	} else if ((t->order == ORDER_TRY ? wish_errand_try : wish_errand_order)(
			   &a, t, x->body.data, x->body.n, &x->err) == 0)
		send_errand(x, &a, -1, now_ns);
}

struct http_order *
http_order_errand(
	struct orders *o, struct MHD_Connection *c, const struct target *t, int64_t now_ns)
{
	struct http_order *x = http_order_new(o, c, now_ns);
	struct errand_ask a;

	x->is_errand = x->is_asked = true;
	x->is_admin = t->route == ROUTE_CERTIFICATE || t->route == ROUTE_BACKUPS ||
		      t->route == ROUTE_BACKUP_FILE;
	text_copy(x->name, sizeof(x->name), t->name);
	x->problem = PROBLEM_BAD_REQUEST;
	if (wish_errand(&a, t, &x->err) == 0)
		send_errand(x, &a, -1, now_ns);
	return x;
}

static void
ask(struct http_order *x, const struct target *t, int64_t now_ns)
{
	char token[COMMAND_TOKEN];
	bool is_cookie;
	struct command c;
	int64_t wait_ns;
	int rc;

	x->is_asked = true;
	x->problem = PROBLEM_BODY_LONG;
	if (x->is_too_long) {
		err_set(&x->err, ERR_CONF, 413, "a body has at most %zu bytes", x->max);
		return;
	}
	x->problem = PROBLEM_BAD_REQUEST;
	if (x->is_rehearsal || x->is_errand) {
		(x->is_errand ? ask_errand : ask_rehearsal)(x, t, now_ns);
		return;
	}
	rc = wish_make(&c, &wait_ns, t, x->body.data, x->body.n, now_ns, &x->err);
	if (rc < 0)
		return;
	x->problem = PROBLEM_NO_GATE;
	if (c.id[0] == '\0' && name_it(c.id, &x->err) < 0)
		return;
	if (!http_session_token(x->connection, token, &is_cookie))
		token[0] = '\0'; /* it was there when the head was judged */
	x->order = order_send(x->orders, token, &c, wait_ns, on_news, x, now_ns, &x->err);
	explicit_bzero(token, sizeof(token));
}

/* ---- answers -------------------------------------------------------------------------------------------------------------- */

static enum MHD_Result
send_verdict(struct http_order *x, const struct verdict_told *v, size_t *live_bytes)
{
	unsigned status =
		v->verdict == VERDICT_PENDING && !x->is_question ? MHD_HTTP_ACCEPTED : MHD_HTTP_OK;
	struct buf body = { 0 };
	struct json j;

	json_open(&j, &body);
	json_object(&j, NULL);
	json_text(&j, "id", v->id);
	json_text(&j, "verdict", verdict_text(v->verdict));
	json_text(&j, "text", v->text);
	if (v->event != 0)
		json_uint(&j, "event", v->event);
	else
		json_null(&j, "event");
	json_end(&j);
	buf_putc(&body, '\n');
	return reply_body(x->connection, status, &body, "application/json", live_bytes);
}

/* The text is a time and a principal, or nothing. */
static enum MHD_Result
send_hold(struct http_order *x, const struct verdict_told *v, size_t *live_bytes)
{
	const char *space = strchr(v->text, ' ');
	char since[COMMAND_VALUE] = "";
	struct buf body = { 0 };
	struct json j;

	if (space != NULL)
		snprintf(since, sizeof(since), "%.*s", (int)(space - v->text), v->text);
	json_open(&j, &body);
	json_object(&j, NULL);
	if (space != NULL) {
		json_text(&j, "holder", space + 1);
		json_text(&j, "since", since);
	} else {
		json_null(&j, "holder");
		json_null(&j, "since");
	}
	json_end(&j);
	buf_putc(&body, '\n');
	return reply_body(x->connection, MHD_HTTP_OK, &body, "application/json", live_bytes);
}

static enum MHD_Result
send_problem(struct http_order *x, enum problem p, const char *detail, const char *uri,
	const struct verdict_told *v, const char *verdict, size_t *live_bytes)
{
	struct buf body = { 0 };
	struct MHD_Response *r;
	enum MHD_Result rc;

	problem_write_command(&body, p, detail, uri, v->id[0] != '\0' ? v->id : NULL, verdict);
	r = reply_make(&body, "application/problem+json", live_bytes);
	if (r == NULL)
		return MHD_NO;
	reply_problem_headers(r, p);
	rc = MHD_queue_response(x->connection, problem_status(p), r);
	MHD_destroy_response(r);
	return rc;
}

static enum problem
problem_of_status(unsigned status)
{
	switch (status) {
	case 400:
		return PROBLEM_BAD_REQUEST;
	case 401:
		return PROBLEM_NO_TOKEN;
	case 403:
		return PROBLEM_FORBIDDEN;
	case 404:
		return PROBLEM_NO_COMMAND;
	case 409:
		return PROBLEM_CONFLICT;
	default:
		return PROBLEM_NO_GATE;
	}
}

/* A question is answered whatever the verdict is; a command that was not done is a problem. */
static enum MHD_Result
send_told(struct http_order *x, const struct verdict_told *v, const char *uri, size_t *live_bytes)
{
	enum problem p = v->verdict == VERDICT_REFUSED  ? PROBLEM_REFUSED
			 : v->verdict == VERDICT_FAILED ? PROBLEM_FAILED
							: PROBLEM_UNKNOWN;
	bool is_good = v->verdict == VERDICT_PENDING || v->verdict == VERDICT_VERIFIED ||
		       v->verdict == VERDICT_ACCEPTED;

	if (x->is_hold)
		return send_hold(x, v, live_bytes);
	if (is_good || x->is_question)
		return send_verdict(x, v, live_bytes);
	return send_problem(x, p, v->text, uri, v, verdict_text(v->verdict), live_bytes);
}

static enum problem
problem_of_rehearsal(unsigned status)
{
	return status == 404   ? PROBLEM_NO_SEQUENCE
	       : status == 422 ? PROBLEM_NOT_REHEARSED
	       : status == 429 ? PROBLEM_REHEARSING
	       : status == 500 ? PROBLEM_REHEARSAL_FAILED
			       : problem_of_status(status);
}

static enum problem
problem_of_errand(const struct http_order *x, const struct target *t, unsigned status)
{
	if (x->is_run && (status == 403 || status == 404 || status == 409 || status == 504))
		return status == 403   ? PROBLEM_FORBIDDEN
		       : status == 404 ? PROBLEM_NOT_FOUND
		       : status == 409 ? PROBLEM_NOT_NOW
				       : PROBLEM_UNKNOWN;
	if (x->is_admin && (status == 403 || status == 404 || status == 409 || status == 422))
		return status == 403   ? PROBLEM_NOT_MANAGER
		       : status == 404 ? PROBLEM_NOT_KEPT
		       : status == 409 ? PROBLEM_NOT_NOW
				       : PROBLEM_NOT_GOOD;
	if (x->is_trial && (status == 404 || status == 409))
		return status == 404 ? PROBLEM_NOT_FOUND : PROBLEM_NOT_NOW;
	return status == 403 ? PROBLEM_NOT_GRANTED
	       : status == 404
		       ? (t->route == ROUTE_CATALOGUE_ONE ? PROBLEM_NOT_FOUND : PROBLEM_NO_VERSION)
	       : status == 409 ? PROBLEM_FILE_CONFLICT
	       : status == 422 ? PROBLEM_FILE_ERRORS
	       : status == 429 ? PROBLEM_ONE_AT_A_TIME
	       : status == 500 ? PROBLEM_ERRAND_FAILED
	       : status == 507 ? PROBLEM_NO_ROOM
	       : status == 503 ? PROBLEM_NOT_DONE
			       : problem_of_status(status);
}

/* ---- bytes of a backup: read from the disk as they go out, so that memory does not grow with them ------------------------ */

#define FILE_PIECE (64u << 10)

static ssize_t
read_piece(void *ctx, uint64_t at, char *out, size_t max)
{
	const int *fd = ctx;
	ssize_t n = pread(*fd, out, max, (off_t)at);

	reply_block();
	return n > 0    ? n
	       : n == 0 ? MHD_CONTENT_READER_END_OF_STREAM
			: MHD_CONTENT_READER_END_WITH_ERROR;
}

static void
close_file(void *ctx)
{
	int *fd = ctx;

	close(*fd);
	free(fd);
}

static enum MHD_Result
send_file(struct http_order *x, int file, const char *type, uint64_t size)
{
	int *fd = mem_zero(1, sizeof(*fd));
	struct MHD_Response *r;
	enum MHD_Result rc;
	char how[TARGET_NAME_MAX + 40];

	*fd = file;
	r = MHD_create_response_from_callback(size, FILE_PIECE, read_piece, fd, close_file);
	if (r == NULL) {
		close_file(fd);
		return MHD_NO;
	}
	snprintf(how, sizeof(how), "attachment; filename=\"%s\"", x->name);
	reply_headers(r, type, "no-store");
	reply_header(r, MHD_HTTP_HEADER_CONTENT_DISPOSITION, how);
	rc = MHD_queue_response(x->connection, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result
send_answer(struct http_order *x, unsigned status, const char *uri, size_t *live_bytes)
{
	struct buf body = { 0 };
	const char *type;
	uint64_t size;
	struct err err;
	int file = order_take_file(x->order, &type, &size);

	if (file >= 0)
		return send_file(x, file, type, size);
	if (order_answer(x->order, &body, &type, &err) < 0) {
		buf_done(&body);
		return reply_problem(x->connection,
			x->is_errand ? PROBLEM_ERRAND_FAILED : PROBLEM_REHEARSAL_FAILED, err.msg,
			uri, live_bytes);
	}
	return reply_body(x->connection, status, &body, type, live_bytes);
}

enum MHD_Result
http_order_answer(struct http_order *x, const struct target *t, const char *uri, size_t *live_bytes,
	int64_t now_ns)
{
	struct verdict_told v = { .verdict = VERDICT_UNKNOWN };
	unsigned status = 0;

	if (!x->is_asked)
		ask(x, t, now_ns);
	if (x->order == NULL)
		return send_problem(x, x->problem, x->err.msg, uri, &v, NULL, live_bytes);
	switch (order_state(x->order, &v, &status)) {
	case ORDER_WAITS:
		x->is_asleep = true;
		MHD_suspend_connection(x->connection);
		return MHD_YES;
	case ORDER_TOLD:
		return send_told(x, &v, uri, live_bytes);
	case ORDER_ANSWERED:
		return send_answer(x, status, uri, live_bytes);
	case ORDER_GONE:
		return MHD_NO;
	case ORDER_TURNED_AWAY:
		if (x->is_rehearsal || x->is_errand)
			return reply_problem(x->connection,
				x->is_errand ? problem_of_errand(x, t, status)
					     : problem_of_rehearsal(status),
				order_said(x->order), uri, live_bytes);
		return send_problem(
			x, problem_of_status(status), v.text, uri, &v, NULL, live_bytes);
	case ORDER_LOST:
		break;
	}
	if (x->is_rehearsal || x->is_errand)
		return reply_problem(x->connection, PROBLEM_NO_GATE,
			"the processes that take the question do not answer; ask again in a second",
			uri, live_bytes);
	return send_problem(x, PROBLEM_UNKNOWN,
		"the process that takes commands did not answer; ask again with the same id, which "
		"is not done twice",
		uri, &v, NULL, live_bytes);
}
