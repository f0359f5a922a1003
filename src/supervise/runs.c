/* runs.c - runs and notes: from the command line or HTTP to the recorder, and back when it is on the disk
 *
 * A question waits in its place, at the door or among those of HTTP, until the recorder has answered, has ended, or has had its time. In the last two cases nobody knows
 * whether it was done: the caller sends the same request again, and the recorder knows it by its name.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "io/now.h"
#include "io/seal.h"
#include "io/sock.h"
#include "model/run_form.h"
#include "supervise/supervise.h"

#define ANSWER_NS (4 * NS_PER_S)

struct question {
	enum wire_run what;
	uint32_t run; /* of a note, 0: the one that is open */
	char request[WIRE_REQUEST_MAX + 1];
	char text[WIRE_NOTE_MAX + 1]; /* title, or note */
	size_t n;
	struct run_field fields[RUN_FIELDS_MAX + 1];
	char bytes[WIRE_MAX * 2]; /* what they point to */
};

/* ---- what is asked -------------------------------------------------------------------------------------------------------- */

static int
take_fields(struct question *q, struct wire_in *in, struct err *err)
{
	size_t at = 0;

	q->n = wire_get_u16(in);
	if (q->n > RUN_FIELDS_MAX)
		return err_set(
			err, ERR_CONF, 0, "more than %d fields; leave some out", RUN_FIELDS_MAX);
	for (size_t i = 0; i < q->n; i++) {
		/* All texts of a packet with their NULs fit: each has two bytes of length there. */
		q->fields[i].name = q->bytes + at;
		wire_get_text(in, q->bytes + at, sizeof(q->bytes) - at);
		at += strlen(q->bytes + at) + 1;
		q->fields[i].value = q->bytes + at;
		wire_get_text(in, q->bytes + at, sizeof(q->bytes) - at);
		at += strlen(q->bytes + at) + 1;
	}
	return 0;
}

static int
check_question(const struct question *q, struct err *err)
{
	if (q->request[0] == '\0' || !run_text_is_good(q->request, WIRE_REQUEST_MAX))
		return err_set(err, ERR_CONF, 0, "the request has no name, or none that is text");
	if (!run_text_is_good(q->text, q->what == RUN_NOTE ? WIRE_NOTE_MAX : WIRE_TITLE_MAX))
		return err_set(err, ERR_CONF, 0,
			"the text has control characters, is no UTF-8, or is longer than %d bytes; "
			"write one line",
			q->what == RUN_NOTE ? WIRE_NOTE_MAX : WIRE_TITLE_MAX);
	return 0;
}

static int
take_question(struct question *q, struct wire_in *in, struct err *err)
{
	unsigned what = wire_get_u16(in);

	wire_get_text(in, q->request, sizeof(q->request));
	wire_get_text(in, q->text, sizeof(q->text));
	if (take_fields(q, in, err) < 0 || wire_close(in, err) < 0)
		return err->code;
	if (what > RUN_NOTE)
		return err_set(err, ERR_PROTO, 0,
			"a question that this version of mbc does not know; update all of mbc");
	q->what = (enum wire_run)what;
	q->run = 0;
	return check_question(q, err);
}

/* ---- to the recorder ------------------------------------------------------------------------------------------------------ */

static int
send_run(struct supervise *s, const struct question *q, uint32_t ticket, const char *who,
	const char *fields, struct err *err)
{
	const char *source = image_text(s->img, s->img->source);
	struct buf packet = { 0 };
	int rc, bench = -1;

	if (q->what == RUN_START) {
		bench = seal_bytes("mbc-bench-file", source, strlen(source) + 1, err);
		if (bench < 0)
			return ERR_IO;
	}
	wire_begin(&packet, WIRE_RUN);
	wire_u32(&packet, ticket);
	wire_u16(&packet, (uint16_t)q->what);
	wire_u64(&packet, (uint64_t)now_boot());
	wire_u32(&packet, q->run);
	wire_text(&packet, q->request);
	wire_text(&packet, who);
	wire_text(&packet, q->text);
	wire_text(&packet, fields);
	wire_end(&packet);
	rc = sock_send(s->history.sock, &packet, bench, err);
	buf_done(&packet);
	if (bench >= 0)
		close(bench);
	return rc;
}

/* It can be asked now: 0; a refusal, or ERR_TIMEOUT: later perhaps. */
static int
look_at_recorder(const struct supervise *s, struct err *err)
{
	if (s->is_ending)
		return err_set(
			err, ERR_CONF, 0, "the bench is being stopped; start it again first");
	if (s->img == NULL)
		return err_set(err, ERR_TIMEOUT, 0,
			"the bench has not started yet; try again in a moment");
	if (s->img->history.is_off)
		return err_set(err, ERR_CONF, 0,
			"this bench records nothing; remove 'history: no' from its file, then 'mbc "
			"reload'");
	if (s->history.pid == 0 || s->history.sock < 0)
		return err_set(err, ERR_TIMEOUT, 0,
			"the recorder is not running: the log of 'mbc run' says why (a full disk, "
			"a "
			"folder that cannot be written to?); try again when that is mended");
	return 0;
}

static int
forward(struct supervise *s, struct run_wait *w, const struct question *q, const char *who,
	struct err *err)
{
	struct buf fields = { 0 };
	int rc = look_at_recorder(s, err);

	if (rc == 0 && q->what == RUN_START)
		rc = run_form(s->img, q->fields, q->n, WIRE_FIELDS_MAX, &fields, err);
	if (rc == 0) {
		*w = (struct run_wait){ ++s->run_ticket, now_boot() + ANSWER_NS };
		rc = send_run(s, q, w->ticket, who, buf_text(&fields), err);
		if (rc < 0)
			w->ticket = 0;
	}
	buf_done(&fields);
	return rc;
}

/* ---- answers -------------------------------------------------------------------------------------------------------------- */

static void
answer(struct supervise *s, size_t slot, enum wire_kind kind, uint32_t run, const char *text)
{
	struct buf packet = { 0 };

	s->doors[slot].run.ticket = 0;
	wire_begin(&packet, kind);
	if (kind == WIRE_RUN_IS)
		wire_u32(&packet, run);
	wire_text(&packet, text);
	wire_end(&packet);
	if (sock_send(s->doors[slot].fd, &packet, -1, NULL) < 0)
		log_debug("command line: gone before its answer");
	buf_done(&packet);
}

void
runs_asked(struct supervise *s, size_t slot, struct wire_in *in)
{
	static struct question q; /* 10 KB */
	char who[EVENT_PRINCIPAL];
	struct err err;
	int rc = s->doors[slot].run.ticket != 0
			 ? err_set(&err, ERR_PROTO, 0, "one question at a time")
			 : take_question(&q, in, &err);

	door_user(s->doors[slot].uid, who, sizeof(who));
	if (rc == 0)
		rc = forward(s, &s->doors[slot].run, &q, who, &err);
	if (rc < 0)
		answer(s, slot, rc == ERR_TIMEOUT || rc == ERR_IO ? WIRE_RUN_LOST : WIRE_NO, 0,
			err.msg);
}

/* ---- over HTTP ------------------------------------------------------------------------------------------------------------ */

static void
end_errand(struct supervise *s, struct run_errand *e, unsigned status, const char *text, int pass)
{
	e->wait.ticket = 0;
	answer_tell(s, e->id, status, text, pass);
}

/* "NAME=VALUE", a line each. */
static int
take_lines(struct question *q, const char *lines, struct err *err)
{
	size_t n = strlen(lines);

	q->n = 0;
	memcpy(q->bytes, lines, n + 1); /* an errand's text is shorter */
	for (char *at = q->bytes, *end; *at != '\0'; at = end + 1) {
		char *equals = strchr(at, '=');

		end = strchr(at, '\n');
		if (end == NULL || equals == NULL || equals > end || q->n == RUN_FIELDS_MAX)
			return err_set(err, ERR_CONF, 400, "fields that are none");
		*end = *equals = '\0';
		q->fields[q->n++] = (struct run_field){ at, equals + 1 };
	}
	return 0;
}

static int
take_errand(struct question *q, const struct errand_ask *a, struct err *err)
{
	static const enum wire_run whats[ERRAND_KINDS] = { [ERRAND_RUN_START] = RUN_START,
		[ERRAND_RUN_STOP] = RUN_STOP,
		[ERRAND_RUN_NOTE] = RUN_NOTE };
	const char *text = a->kind == ERRAND_RUN_NOTE ? a->text : a->name;

	q->what = whats[a->kind];
	q->run = a->kind == ERRAND_RUN_NOTE ? a->number : 0;
	q->n = 0;
	text_copy(q->request, sizeof(q->request), a->request);
	if (!text_copy(q->text, sizeof(q->text), text) || check_question(q, err) < 0)
		return err_set(err, ERR_CONF, 400,
			"the text has control characters, or is longer than %d bytes; write one "
			"line",
			q->what == RUN_NOTE ? WIRE_NOTE_MAX : WIRE_TITLE_MAX);
	return q->what == RUN_START ? take_lines(q, a->text, err) : 0;
}

void
runs_errand(struct supervise *s, const struct errand_ask *a)
{
	static struct question q;
	struct run_errand *e = NULL;
	struct err err;
	int rc;

	for (size_t i = 0; i < RUN_ERRANDS_MAX && e == NULL; i++)
		if (s->run_errands[i].wait.ticket == 0)
			e = &s->run_errands[i];
	if (e == NULL) {
		answer_tell(s, a->id, 503,
			"too many wait for the recorder; ask again in a few seconds", -1);
		return;
	}
	rc = take_errand(&q, a, &err);
	if (rc == 0) {
		text_copy(e->id, sizeof(e->id), a->id);
		rc = forward(s, &e->wait, &q, a->principal, &err);
		if (rc == ERR_CONF && err.sys == 0)
			err.sys = 409;
	}
	if (rc < 0)
		answer_tell(s, a->id, rc == ERR_CONF ? (unsigned)err.sys : 503, err.msg, -1);
	else
		answer_tell(s, a->id, 102, "", -1);
}

struct done {
	uint32_t ticket, run;
	unsigned status; /* of HTTP */
	bool is_good;
	char says[WIRE_NOTE_MAX + 1]; /* the title, or what is wrong */
	unsigned what;
	char request[WIRE_REQUEST_MAX + 1], who[EVENT_PRINCIPAL], text[WIRE_NOTE_MAX + 1];
};

static int
take_done(struct done *d, struct wire_in *in, struct err *err)
{
	d->ticket = wire_get_u32(in);
	d->status = wire_get_u16(in);
	d->is_good = d->status == 200;
	d->run = wire_get_u32(in);
	wire_get_text(in, d->says, sizeof(d->says));
	d->what = wire_get_u16(in);
	wire_get_text(in, d->request, sizeof(d->request));
	wire_get_text(in, d->who, sizeof(d->who));
	wire_get_text(in, d->text, sizeof(d->text));
	if (wire_close(in, err) < 0)
		return ERR_PROTO;
	return d->what > RUN_NOTE ? err_set(err, ERR_PROTO, 0, "an order that is none") : 0;
}

/* What is on the disk is told as an event, also when nobody waits for it any more; of an order that was repeated, when this process has not
 * told it. */
static void
tell(struct supervise *s, const struct done *d)
{
	static const enum event_kind kinds[] = { [RUN_START] = EVENT_RECORD_STARTED,
		[RUN_STOP] = EVENT_RECORD_STOPPED,
		[RUN_NOTE] = EVENT_RECORD_NOTE };
	char order[sizeof(s->run_told[0])], subject[16] = "";

	snprintf(order, sizeof(order), "%u %s", d->what, d->request);
	for (size_t i = 0; i < RUNS_TOLD; i++)
		if (strcmp(s->run_told[i], order) == 0)
			return;
	memcpy(s->run_told[s->next_told++ % RUNS_TOLD], order, sizeof(order));
	if (d->run > 0)
		snprintf(subject, sizeof(subject), "%u", d->run);
	events_tell_who(
		s, kinds[d->what], subject, d->who, d->what == RUN_NOTE ? d->text : d->says);
}

static void
tell_errand(struct supervise *s, struct run_errand *e, const struct done *d)
{
	struct buf out = { 0 };
	struct json j;
	struct err err;
	int fd = -1;

	if (d->is_good) {
		json_open(&j, &out);
		json_object(&j, NULL);
		json_uint(&j, "run", d->run);
		json_text(&j, "title", d->says);
		json_end(&j);
		buf_putc(&out, '\n');
		fd = seal_bytes("mbc-errand", out.data, out.n, &err);
		buf_done(&out);
	}
	if (d->is_good && fd < 0)
		end_errand(s, e, 504,
			"it is done, and no memory is left to say so; ask again with the same id, "
			"which is not done twice",
			-1);
	else
		end_errand(s, e, d->is_good ? 200 : d->status,
			d->is_good ? "application/json" : d->says, fd);
	if (fd >= 0)
		close(fd);
}

void
runs_done(struct supervise *s, struct wire_in *in)
{
	static struct done d;
	struct err err;

	if (take_done(&d, in, &err) < 0) {
		log_err("process 'history': %s", err.msg);
		return;
	}
	if (d.is_good)
		tell(s, &d);
	for (size_t i = 0; i < DOORS_MAX; i++)
		if (s->doors[i].fd >= 0 && d.ticket != 0 && s->doors[i].run.ticket == d.ticket)
			answer(s, i, d.is_good ? WIRE_RUN_IS : WIRE_NO, d.run, d.says);
	for (size_t i = 0; i < RUN_ERRANDS_MAX; i++)
		if (d.ticket != 0 && s->run_errands[i].wait.ticket == d.ticket)
			tell_errand(s, &s->run_errands[i], &d);
}

void
runs_lost(struct supervise *s)
{
	for (size_t i = 0; i < DOORS_MAX; i++)
		if (s->doors[i].fd >= 0 && s->doors[i].run.ticket != 0)
			answer(s, i, WIRE_RUN_LOST, 0,
				"the recorder ended before it answered, and is started again; "
				"'mbc record list' tells what it has");
	for (size_t i = 0; i < RUN_ERRANDS_MAX; i++)
		if (s->run_errands[i].wait.ticket != 0)
			end_errand(s, &s->run_errands[i], 504,
				"the recorder ended before it answered, and is started again; ask "
				"again with the same id, which is not done twice",
				-1);
}

int64_t
runs_step(struct supervise *s, int64_t now_ns)
{
	int64_t next = NEVER;

	for (size_t i = 0; i < DOORS_MAX; i++) {
		const struct run_wait *w = &s->doors[i].run;

		if (s->doors[i].fd < 0 || w->ticket == 0)
			continue;
		if (now_ns >= w->deadline_ns)
			answer(s, i, WIRE_RUN_LOST, 0,
				"the recorder has not answered for 4 s: see what holds up its "
				"disk; 'mbc record list' tells later whether it was done");
		else
			next = MIN(next, w->deadline_ns);
	}
	for (size_t i = 0; i < RUN_ERRANDS_MAX; i++) {
		struct run_errand *e = &s->run_errands[i];

		if (e->wait.ticket != 0 && now_ns >= e->wait.deadline_ns)
			end_errand(s, e, 504,
				"the recorder has not answered for 4 s: see what holds up its "
				"disk; ask again with the same id, which is not done twice",
				-1);
		else if (e->wait.ticket != 0)
			next = MIN(next, e->wait.deadline_ns);
	}
	return next;
}
