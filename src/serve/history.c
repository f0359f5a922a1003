/* history.c - questions about the history, to the process that reads it */
#include "serve/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/sock.h"

#define PATIENCE_NS (15 * NS_PER_S) /* for the head of an answer */
#define AT_ONCE 1024                /* questions; connections are fewer */

struct question {
	struct history *history;
	struct question *prev, *next;
	uint32_t number;
	question_fn fn;
	void *user;
	int64_t asked_ns;
	enum question_state state;
	enum problem problem;
	char text[300];
	int pipe; /* -1: none */
	bool is_about_runs;
	bool is_whole;   /* the other side has written all of it */
	bool is_lost;    /* the other side is gone */
	bool waits;      /* fn is to be called when there is more */
	bool is_watched; /* the loop looks at the pipe: one that has ended would be ready for ever */
};

struct history {
	struct loop *loop;
	int sock; /* -1: nobody is there */
	bool is_ending;
	uint32_t number;
	struct question *first;
	size_t n;
	uint64_t moved;
};

/* ---- questions ----------------------------------------------------------------------------------------------------------- */

static void
unwatch(struct question *q)
{
	if (q->is_watched)
		loop_remove(q->history->loop, q->pipe);
	q->is_watched = false;
}

static void
wake(struct question *q)
{
	if (!q->waits)
		return;
	q->waits = false;
	unwatch(q);
	q->fn(q->user);
}

static void
refuse(struct question *q, enum problem problem, const char *text)
{
	q->state = QUESTION_REFUSED;
	q->problem = problem;
	text_copy(q->text, sizeof(q->text), text);
	wake(q);
}

static void
lose(struct question *q, const char *why)
{
	q->is_lost = true;
	if (q->state == QUESTION_WAITS)
		refuse(q, PROBLEM_NO_HISTORY, why);
	else
		wake(q);
}

static struct question *
find(const struct history *h, uint32_t number)
{
	struct question *q = h->first;

	while (q != NULL && q->number != number)
		q = q->next;
	return q;
}

static void
on_pipe(void *ctx, int fd, unsigned events)
{
	wake(ctx);
}

/* ---- what the other process tells ---------------------------------------------------------------------------------------- */

static enum problem
problem_of(unsigned status)
{
	switch (status) {
	case 400:
		return PROBLEM_BAD_REQUEST;
	case 404:
		return PROBLEM_UNKNOWN_CHANNEL;
	case 503:
		return PROBLEM_BUSY;
	default:
		return PROBLEM_HISTORY_DAMAGED;
	}
}

/* Takes the descriptor of a good one. */
static void
take_answer(struct history *h, struct wire_in *in, int *pass)
{
	uint32_t number = wire_get_u32(in);
	unsigned status = wire_get_u16(in);
	struct question *q = find(h, number);
	char text[300];
	struct err err;

	wire_get_text(in, text, sizeof(text));
	if (wire_close(in, &err) < 0 || q == NULL || q->state != QUESTION_WAITS)
		return; /* its reader has gone meanwhile */
	if (status != 200 || *pass < 0) {
		refuse(q,
			status == 404 && q->is_about_runs ? PROBLEM_NOT_FOUND : problem_of(status),
			text);
		return;
	}
	q->pipe = *pass;
	*pass = -1;
	q->state = QUESTION_ANSWERED;
	text_copy(q->text, sizeof(q->text), text);
	wake(q);
}

static void
take_end(struct history *h, struct wire_in *in)
{
	struct question *q = find(h, wire_get_u32(in));
	struct err err;

	if (wire_close(in, &err) < 0 || q == NULL)
		return;
	q->is_whole = true;
	wake(q);
}

static void
disconnect(struct history *h, const char *why)
{
	if (h->sock >= 0) {
		loop_remove(h->loop, h->sock);
		close(h->sock);
		h->sock = -1;
	}
	/* fn does not free: what it wakes is looked at later. */
	for (struct question *q = h->first; q != NULL; q = q->next)
		lose(q, why);
}

static void
on_socket(void *ctx, int fd, unsigned events)
{
	struct history *h = ctx;
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err), kind;

	if (n == ERR_TIMEOUT)
		return;
	if (n <= 0) {
		disconnect(h,
			"the process that reads the history has ended; it is started again, ask "
			"once more in a second");
		return;
	}
	kind = wire_open(&in, packet, (size_t)n, &err);
	if (kind == WIRE_ANSWER)
		take_answer(h, &in, &pass);
	else if (kind == WIRE_ANSWER_END)
		take_end(h, &in);
	else
		log_err("history: a message of kind %d that is no answer; is mbc partly updated?",
			kind);
	if (pass >= 0)
		close(pass);
}

void
history_connect(struct history *h, int fd)
{
	struct err err;

	disconnect(h, "the process that reads the history has been started again; ask once more");
	if (loop_add(h->loop, fd, LOOP_READ, on_socket, h, &err) < 0) {
		log_err("history: %s", err.msg);
		close(fd);
		return;
	}
	h->sock = fd;
}

/* ---- asking -------------------------------------------------------------------------------------------------------------- */

static bool
is_about_runs(enum route route)
{
	return route == ROUTE_RUNS || route == ROUTE_RUN || route == ROUTE_RUN_ZIP;
}

/* The parameters in the order of WIRE_ASK, as target.c has them for each route. */
static void
write_question(struct buf *out, uint32_t number, const struct target *t)
{
	bool is_gaps = t->route == ROUTE_GAPS, is_events = t->route == ROUTE_EVENTS;
	bool is_all = t->route == ROUTE_HISTORY_ALL || is_events;
	size_t k = is_all ? 1 : 0;

	wire_begin(out, WIRE_ASK);
	wire_u32(out, number);
	if (is_about_runs(t->route)) {
		wire_u16(out, t->route == ROUTE_RUNS ? 3 : t->route == ROUTE_RUN ? 4 : 5);
		wire_text(out, t->name);
		for (size_t i = 0; i < 8; i++)
			wire_text(out, i < 2 && t->params[i] != NULL ? t->params[i] : "");
		wire_end(out);
		return;
	}
	wire_u16(out, is_events ? 2 : is_gaps ? 1 : 0);
	if (is_all)
		wire_text(out, t->params[0] != NULL ? t->params[0] : "");
	else
		wire_text(out, is_gaps ? "" : t->name);
	for (size_t i = 0; i < 8; i++, k++) {
		bool is_there = k < TARGET_PARAMS && !(is_gaps && i >= 2);

		wire_text(out, is_there && t->params[k] != NULL ? t->params[k] : "");
	}
	wire_end(out);
}

/* Takes the packet. */
static struct question *
ask(struct history *h, struct buf *packet, bool is_about_runs, question_fn fn, void *user,
	int64_t now_ns, enum problem *out_problem, struct err *err)
{
	struct question *q;
	int rc;

	*out_problem = PROBLEM_NO_HISTORY;
	if (h->sock < 0 || h->n >= AT_ONCE) {
		err_set(err, ERR_REFUSED, 0,
			h->sock < 0
				? "the process that reads the history is not running: it is being "
				  "started, or the bench file says 'history: no'; ask again in a "
				  "second"
				: "too many questions about the history; ask again in a second");
		buf_done(packet);
		return NULL;
	}
	rc = packet->n > WIRE_MAX ? ERR_CONF : sock_send(h->sock, packet, -1, err);
	buf_done(packet);
	if (rc < 0) {
		*out_problem = PROBLEM_BUSY;
		err_set(err, ERR_REFUSED, 0,
			"too many questions about the history wait already; ask again in a second");
		return NULL;
	}
	q = mem_zero(1, sizeof(*q));
	*q = (struct question){ .history = h,
		.number = h->number,
		.fn = fn,
		.user = user,
		.asked_ns = now_ns,
		.pipe = -1,
		.is_about_runs = is_about_runs,
		.waits = true,
		.next = h->first };
	if (h->first != NULL)
		h->first->prev = q;
	h->first = q;
	h->n++;
	return q;
}

struct question *
history_ask(struct history *h, const struct target *t, question_fn fn, void *user, int64_t now_ns,
	enum problem *out_problem, struct err *err)
{
	struct buf packet = { 0 };

	write_question(&packet, ++h->number, t);
	return ask(h, &packet, is_about_runs(t->route), fn, user, now_ns, out_problem, err);
}

struct question *
history_ask_words(struct history *h, unsigned what, const char *const words[8], question_fn fn,
	void *user, int64_t now_ns, enum problem *out_problem, struct err *err)
{
	struct buf packet = { 0 };

	wire_begin(&packet, WIRE_ASK);
	wire_u32(&packet, ++h->number);
	wire_u16(&packet, (uint16_t)what);
	for (size_t i = 0; i < 9; i++)
		wire_text(&packet, i < 8 ? words[i] : "");
	wire_end(&packet);
	return ask(h, &packet, false, fn, user, now_ns, out_problem, err);
}

void
question_user(struct question *q, void *user)
{
	q->user = user;
}

void
question_free(struct question *q)
{
	struct history *h;

	if (q == NULL)
		return;
	h = q->history;
	unwatch(q);
	if (q->pipe >= 0) {
		close(q->pipe); /* the other side finds nobody there, and ends */
	}
	if (q->prev != NULL)
		q->prev->next = q->next;
	else
		h->first = q->next;
	if (q->next != NULL)
		q->next->prev = q->prev;
	h->n--;
	free(q);
}

enum question_state
question_state(const struct question *q, enum problem *out_problem, const char **out_text)
{
	*out_problem = q->problem;
	*out_text = q->text;
	return q->state;
}

/* The pipe ends when the other side has closed it, be it that it died: that all was written is told beside it, before. */
ssize_t
question_read(struct question *q, char *out, size_t max)
{
	struct err err;
	ssize_t n;

	do
		n = read(q->pipe, out, max);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		q->history->moved += (uint64_t)n;
		return n;
	}
	if (n == 0 && q->is_whole)
		return QUESTION_END;
	if (q->history->is_ending || (n == 0 && q->is_lost) || (n < 0 && errno != EAGAIN))
		return QUESTION_BROKEN;
	/* At its end the socket tells what that end means. */
	if (n < 0 && loop_add(q->history->loop, q->pipe, LOOP_READ, on_pipe, q, &err) < 0)
		return QUESTION_BROKEN;
	q->is_watched = n < 0;
	q->waits = true;
	return 0;
}

/* ---- life ---------------------------------------------------------------------------------------------------------------- */

struct history *
history_new(struct loop *loop)
{
	struct history *h = mem_zero(1, sizeof(*h));

	h->loop = loop;
	h->sock = -1;
	return h;
}

void
history_end(struct history *h)
{
	h->is_ending = true;
	disconnect(h, "the data server is ending");
}

void
history_free(struct history *h)
{
	if (h == NULL)
		return;
	history_end(h);
	free(h);
}

void
history_beat(struct history *h, int64_t now_ns)
{
	for (struct question *q = h->first; q != NULL; q = q->next)
		if (q->state == QUESTION_WAITS && now_ns - q->asked_ns > PATIENCE_NS)
			refuse(q, PROBLEM_BUSY,
				"the history has not answered in 15 s; ask for a shorter time, or "
				"again in a moment");
}

uint64_t
history_moved(const struct history *h)
{
	return h->moved;
}

size_t
history_questions(const struct history *h)
{
	return h->n;
}
