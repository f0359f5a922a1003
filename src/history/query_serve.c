/* query_serve.c - questions of the data server, in turn */
#include "history/query_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "history/answer.h"
#include "history/run_answer.h"
#include "io/now.h"
#include "io/sock.h"

#define IDLE_NS                                                                                    \
	(2 * NS_PER_S) /* after the last question files are closed: the recorder may leave one */
#define WORDS_MAX 4000

struct question {
	bool is_there;
	uint32_t number;
	struct answer *answer;
	struct run_answer *run; /* in its place: of a question about runs */
	struct buf out;
	size_t at;     /* of it, that is in the pipe */
	int pipe;      /* its writing end */
	bool is_full;  /* it takes nothing now */
	bool is_whole; /* nothing more comes from the answer */
	int64_t moved_ns;
};

struct query_serve {
	struct loop *loop;
	const char *dir;
	int sock;
	struct reader *reader;
	int64_t idle_ns; /* since when there is no question */
	struct question all[QUERY_MAX];
	size_t n;
};

/* ---- what is told -------------------------------------------------------------------------------------------------------- */

static int
send_packet(struct query_serve *q, struct buf *packet, int pass)
{
	struct err err;
	int rc;

	wire_end(packet);
	rc = q->sock < 0 ? ERR_IO : sock_send(q->sock, packet, pass, &err);
	buf_done(packet);
	return rc;
}

static int
tell(struct query_serve *q, uint32_t number, unsigned status, const char *text, int pass)
{
	struct buf packet = { 0 };

	wire_begin(&packet, WIRE_ANSWER);
	wire_u32(&packet, number);
	wire_u16(&packet, (uint16_t)status);
	wire_text(&packet, text);
	return send_packet(q, &packet, pass);
}

/* ---- questions ----------------------------------------------------------------------------------------------------------- */

static void
forget(struct query_serve *q, struct question *x)
{
	if (x->pipe >= 0) {
		loop_remove(q->loop, x->pipe);
		close(x->pipe);
	}
	answer_free(x->answer);
	run_answer_free(x->run);
	buf_done(&x->out);
	*x = (struct question){ .pipe = -1 };
	if (--q->n == 0)
		q->idle_ns = now_boot();
}

static void
on_pipe(void *ctx, int fd, unsigned events)
{
	struct query_serve *q = ctx;

	for (size_t i = 0; i < QUERY_MAX; i++)
		if (q->all[i].is_there && q->all[i].pipe == fd) {
			q->all[i].is_full = false;
			loop_change(q->loop, fd, 0);
		}
}

/* Is there memory for one more? */
static bool
has_room(const struct query_serve *q, size_t channels, size_t buckets)
{
	for (size_t i = 0; i < QUERY_MAX; i++)
		if (q->all[i].is_there && q->all[i].run != NULL) {
			channels += run_answer_channels(q->all[i].run);
		} else if (q->all[i].is_there) {
			channels += answer_channels(q->all[i].answer);
			buckets += answer_buckets(q->all[i].answer);
		}
	return channels <= QUERY_CHANNELS_MAX && buckets <= QUERY_BUCKETS_MAX;
}

static struct question *
free_place(struct query_serve *q)
{
	for (size_t i = 0; i < QUERY_MAX; i++)
		if (!q->all[i].is_there)
			return &q->all[i];
	return NULL;
}

/* The head goes out with the pipe's reading end. Takes the answer, also when that fails. */
static int
begin(struct query_serve *q, struct question *x, uint32_t number, struct answer *a,
	struct run_answer *run, struct err *err)
{
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		answer_free(a);
		run_answer_free(run);
		return err_set(err, ERR_IO, 503, "making a pipe: %s", strerror(errno));
	}
	*x = (struct question){ .is_there = true,
		.number = number,
		.answer = a,
		.run = run,
		.pipe = ends[1],
		.moved_ns = now_boot() };
	q->n++;
	rc = loop_add(q->loop, ends[1], 0, on_pipe, q, err);
	if (rc == 0)
		rc = tell(q, number, 200, run != NULL ? run_answer_type(run) : answer_type(a),
			ends[0]);
	close(ends[0]);
	if (rc < 0)
		forget(q, x);
	return 0; /* who cannot be told the head cannot be told the fault */
}

static int
no_room(struct err *err)
{
	return err_set(err, ERR_REFUSED, 503,
		"large questions about the history take all the memory for them; ask again in a "
		"moment, or for fewer channels or points");
}

/* Takes what is in *ask. */
static int
answer(struct query_serve *q, uint32_t number, struct ask *question, struct err *err)
{
	struct question *x = free_place(q);
	struct ask ask = *question;
	struct answer *a;

	if (x == NULL) {
		ask_done(&ask);
		return err_set(err, ERR_REFUSED, 503,
			"%d questions about the history are being answered; ask again in a moment",
			QUERY_MAX);
	}
	if (q->reader == NULL)
		q->reader = reader_open(q->dir, err);
	a = q->reader == NULL ? NULL : answer_new(q->reader, &ask, err);
	ask_done(&ask);
	if (a == NULL)
		return err->code;
	if (has_room(q, answer_channels(a), answer_buckets(a)))
		return begin(q, x, number, a, NULL, err);
	answer_free(a);
	return no_room(err);
}

/* 3 the list of runs, 4 one, 5 one as an archive. */
static int
answer_run(struct query_serve *q, uint32_t number, unsigned what, const char *run,
	const char *format, const char *zone, struct err *err)
{
	struct question *x = free_place(q);
	struct run_answer *a;

	if (x == NULL)
		return no_room(err);
	if (q->reader == NULL)
		q->reader = reader_open(q->dir, err);
	if (q->reader == NULL || reader_refresh(q->reader, err) < 0)
		return err->code;
	a = run_answer_new(q->reader,
		what == 3   ? RUN_ASK_LIST
		: what == 4 ? RUN_ASK_ONE
			    : RUN_ASK_ZIP,
		run, format, zone, err);
	if (a == NULL)
		return err->code;
	if (has_room(q, run_answer_channels(a), 0))
		return begin(q, x, number, NULL, a, err);
	run_answer_free(a);
	return no_room(err);
}

static unsigned
status_of(const struct err *err)
{
	if (err->code == ERR_CONF)
		return err->sys == 404 ? 404 : 400;
	return err->code == ERR_REFUSED || err->sys == 503 ? 503 : 500;
}

static const char *
or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* 6 and 7 */
static int
read_drawing(
	unsigned what, char words[9][WORDS_MAX], int64_t now_ns, struct ask *out, struct err *err)
{
	const struct ask_series series = { .channels = words[0],
		.columns = words[1],
		.from = or_null(words[2]),
		.to = or_null(words[3]),
		.points = or_null(words[4]),
		.width_ms = or_null(words[5]) };
	const struct ask_marks marks = { .kinds = or_null(words[0]),
		.from = or_null(words[1]),
		.to = or_null(words[2]),
		.limit = or_null(words[3]),
		.subjects = or_null(words[4]),
		.language = or_null(words[5]),
		.is_table = strcmp(words[6], "table") == 0,
		.echo = or_null(words[7]) };

	return what == 6 ? ask_read_series(&series, now_ns, out, err)
			 : ask_read_marks(&marks, now_ns, out, err);
}

static int
read_question(unsigned what, char words[9][WORDS_MAX], struct ask *out, struct err *err)
{
	int64_t now_ns = now_boot() + now_wall_offset();
	struct ask_words ask;

	if (what == 6 || what == 7)
		return read_drawing(what, words, now_ns, out, err);
	if (what == 2)
		ask = (struct ask_words){ .is_events = true,
			.kind = or_null(words[0]),
			.from = or_null(words[1]),
			.to = or_null(words[2]),
			.points = or_null(words[3]),
			.subject = or_null(words[4]),
			.language = or_null(words[5]),
			.zone = or_null(words[6]),
			.before = or_null(words[7]) };
	else
		ask = (struct ask_words){ .channels = what == 1 ? NULL : words[0],
			.from = or_null(words[1]),
			.to = or_null(words[2]),
			.points = or_null(words[3]),
			.format = or_null(words[4]),
			.raw = or_null(words[5]),
			.zone = or_null(words[6]),
			.x = or_null(words[7]),
			.since = or_null(words[8]) };
	return ask_read(&ask, now_ns, false, out, err);
}

static int
take_question(struct query_serve *q, struct wire_in *in, struct err *err)
{
	static char words[9][WORDS_MAX];
	uint32_t number = wire_get_u32(in);
	/* 0 samples, 1 gaps, 2 events, 3 .. 5 runs, 6 series, 7 marks */
	unsigned what = wire_get_u16(in);
	struct ask ask = { 0 };
	int rc;

	for (size_t i = 0; i < NELEM(words); i++)
		wire_get_text(in, words[i], sizeof(words[i]));
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	if (what >= 3 && what <= 5) {
		rc = answer_run(
			q, number, what, words[0], or_null(words[1]), or_null(words[2]), err);
	} else {
		rc = read_question(what, words, &ask, err);
		if (rc == 0)
			rc = answer(q, number, &ask, err);
		else
			ask_done(&ask);
	}
	if (rc < 0 && status_of(err) == 500)
		log_warn("a question: %s; 'mbc history verify' tells more", err->msg);
	if (rc < 0)
		(void)!tell(q, number, status_of(err), err->msg, -1);
	return 0;
}

/* ---- the socket ---------------------------------------------------------------------------------------------------------- */

static void
disconnect(struct query_serve *q)
{
	for (size_t i = 0; i < QUERY_MAX; i++)
		if (q->all[i].is_there)
			forget(q, &q->all[i]);
	if (q->sock < 0)
		return;
	loop_remove(q->loop, q->sock);
	close(q->sock);
	q->sock = -1;
}

static void
on_socket(void *ctx, int fd, unsigned events)
{
	struct query_serve *q = ctx;
	uint8_t packet[WIRE_MAX];
	struct wire_in in;
	struct err err;
	int pass, n = sock_recv(fd, packet, &pass, &err), rc;

	if (n == ERR_TIMEOUT)
		return;
	if (pass >= 0)
		close(pass);
	rc = n > 0 ? wire_open(&in, packet, (size_t)n, &err) : ERR_IO;
	if (n > 0 && rc == WIRE_ASK && take_question(q, &in, &err) == 0)
		return;
	if (n > 0)
		log_err("the data server sends what is no question; is mbc partly updated?");
	disconnect(q); /* it has gone, or is not to be trusted */
}

int
query_serve_connect(struct query_serve *q, int fd, struct err *err)
{
	disconnect(q);
	if (loop_add(q->loop, fd, LOOP_READ, on_socket, q, err) < 0) {
		close(fd);
		return ERR_IO;
	}
	q->sock = fd;
	return 0;
}

/* ---- steps --------------------------------------------------------------------------------------------------------------- */

/* What is ready into the pipe; false: its reader has gone. */
static bool
drain(struct query_serve *q, struct question *x, int64_t now_ns)
{
	while (x->at < x->out.n) {
		ssize_t n = write(x->pipe, x->out.data + x->at, x->out.n - x->at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			x->is_full = true;
			loop_change(q->loop, x->pipe, LOOP_WRITE);
			return true;
		}
		if (n < 0)
			return false;
		x->at += (size_t)n;
		x->moved_ns = now_ns;
	}
	buf_clear(&x->out);
	x->at = 0;
	return true;
}

static bool
end(struct query_serve *q, const struct question *x)
{
	struct buf packet = { 0 };
	int rc;

	wire_begin(&packet, WIRE_ANSWER_END);
	wire_u32(&packet, x->number);
	rc = send_packet(q, &packet, -1);
	return rc != ERR_TIMEOUT;
}

/* One step of one question; false: it is over. */
static bool
step(struct query_serve *q, struct question *x, int64_t now_ns)
{
	struct err err;
	int rc;

	if (now_ns - x->moved_ns > QUERY_PATIENCE_NS)
		return false;
	if (x->is_full)
		return true;
	if (!x->is_whole && x->out.n == 0) {
		rc = x->run != NULL ? run_answer_step(x->run, &x->out, &err)
				    : answer_step(x->answer, &x->out, &err);
		if (rc < 0) {
			log_warn("a question: %s; its answer is cut off, 'mbc history verify' "
				 "tells more",
				err.msg);
			return false;
		}
		x->is_whole = rc == 0;
		if (x->out.n == 0)
			x->moved_ns = now_ns; /* it is we who take the time */
	}
	if (!drain(q, x, now_ns))
		return false;
	return !x->is_whole || x->out.n > 0 || !end(q, x);
}

int64_t
query_serve_step(struct query_serve *q, int64_t now_ns)
{
	int64_t next = NEVER;

	for (size_t i = 0; i < QUERY_MAX; i++) {
		struct question *x = &q->all[i];

		if (!x->is_there)
			continue;
		if (!step(q, x, now_ns))
			forget(q, x);
		else
			next = MIN(next, x->is_full ? x->moved_ns + QUERY_PATIENCE_NS + 1 : now_ns);
	}
	if (q->n > 0 || q->reader == NULL)
		return next;
	if (now_ns - q->idle_ns < IDLE_NS)
		return q->idle_ns + IDLE_NS;
	reader_close(q->reader);
	q->reader = NULL;
	return NEVER;
}

/* ---- life ---------------------------------------------------------------------------------------------------------------- */

struct query_serve *
query_serve_new(struct loop *loop, const char *dir)
{
	struct query_serve *q = mem_zero(1, sizeof(*q));

	q->loop = loop;
	q->dir = dir;
	q->sock = -1;
	for (size_t i = 0; i < QUERY_MAX; i++)
		q->all[i].pipe = -1;
	return q;
}

void
query_serve_free(struct query_serve *q)
{
	if (q == NULL)
		return;
	disconnect(q);
	reader_close(q->reader);
	free(q);
}

size_t
query_serve_count(const struct query_serve *q)
{
	return q->n;
}
