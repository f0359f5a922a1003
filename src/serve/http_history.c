/* http_history.c - answers of the history as libmicrohttpd takes them */
#include "serve/http_history.h"

#include <stdlib.h>

#include "base/mem.h"
#include "serve/reply.h"

#define BLOCK 4096 /* bytes that are asked for at once; a connection has twice that */

struct http_question {
	struct MHD_Connection *connection;
	struct question *question; /* NULL: it could not be asked */
	enum problem problem;      /* why */
	struct err err;
	bool is_limited;
	bool is_asleep; /* its connection is suspended */
};

static void
on_news(void *user)
{
	struct http_question *q = user;

	if (!q->is_asleep)
		return;
	q->is_asleep = false;
	MHD_resume_connection(q->connection);
}

static void
sleep_until_news(struct http_question *q)
{
	q->is_asleep = true;
	MHD_suspend_connection(q->connection);
}

struct http_question *
http_history_ask(struct history *h, const struct target *t, struct MHD_Connection *c,
	bool is_limited, int64_t now_ns)
{
	struct http_question *q = mem_zero(1, sizeof(*q));

	q->connection = c;
	q->is_limited = is_limited;
	q->question = history_ask(h, t, on_news, q, now_ns, &q->problem, &q->err);
	return q;
}

struct http_question *
http_history_ask_words(struct history *h, unsigned what, const char *const words[8],
	struct MHD_Connection *c, int64_t now_ns)
{
	struct http_question *q = mem_zero(1, sizeof(*q));

	q->connection = c;
	q->question = history_ask_words(h, what, words, on_news, q, now_ns, &q->problem, &q->err);
	return q;
}

void
http_history_free(struct http_question *q)
{
	if (q == NULL)
		return;
	question_free(q->question);
	free(q);
}

static ssize_t
read_body(void *cls, uint64_t pos, char *out, size_t max)
{
	struct http_question *q = cls;
	ssize_t n = question_read(q->question, out, max);

	if (n == QUESTION_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == QUESTION_BROKEN)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n == 0)
		sleep_until_news(q);
	return n;
}

static void
free_body(void *cls)
{
	http_history_free(cls);
}

/* Takes the question. */
static enum MHD_Result
send_body(struct http_question *q, const char *type)
{
	struct MHD_Connection *c = q->connection;
	struct MHD_Response *r;
	enum MHD_Result rc;

	r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_body, q, free_body);
	if (r == NULL) {
		http_history_free(q);
		return MHD_NO;
	}
	reply_headers(r, type, "no-store");
	rc = MHD_queue_response(c, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return rc;
}

enum MHD_Result
http_history_answer(struct http_question **at, const char *uri, size_t *live_bytes)
{
	struct http_question *q = *at;
	const char *text = q->err.msg;
	enum problem problem = q->problem;
	enum question_state state = QUESTION_REFUSED;
	enum MHD_Result rc;

	if (q->question != NULL)
		state = question_state(q->question, &problem, &text);
	if (state == QUESTION_WAITS) {
		sleep_until_news(q);
		return MHD_YES;
	}
	*at = NULL;
	if (state == QUESTION_ANSWERED)
		return send_body(q, text);
	if (q->is_limited && problem == PROBLEM_UNKNOWN_CHANNEL)
		text = "nothing is recorded of a channel of this name that this account may see";
	rc = reply_problem(q->connection, problem, text, uri, live_bytes);
	http_history_free(q);
	return rc;
}
