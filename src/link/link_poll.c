/* link_poll.c - what is asked next, and what happens when nobody answers
 *
 * Earliest deadline first over all units. The grid of a poll moves on when it is sent, over the places that have been
 * missed: those are counted and never made up for, so a line that was busy or dead is not hit by a burst.
 */
#include "link/link_engine.h"

#include <string.h>

#include "base/clock.h"

/* ---- choosing -------------------------------------------------------------------------------------------------- */

static void
find_next(struct unit *u)
{
	u->is_stirred = false;
	u->next_ns = NEVER;
	u->next = 0;
	if (u->n_polls == 0)
		return;
	if (u->state.state == INSTRUMENT_DOWN) {
		if (u->polls[0].ask_ns != NEVER)
			u->next_ns = u->probe_ns;
		return;
	}
	if (u->retry > 0) {
		u->next = u->retry - 1;
		u->next_ns = u->polls[u->next].ask_ns;
		return;
	}
	for (size_t i = 0; i < u->n_polls; i++)
		if (u->polls[i].ask_ns < u->next_ns) {
			u->next_ns = u->polls[i].ask_ns;
			u->next = i;
		}
}

static struct unit *
earliest(struct link *l)
{
	struct unit *best = NULL;

	for (size_t i = 0; i < l->n_units; i++) {
		struct unit *u = &l->units[i];

		if (u->is_stirred)
			find_next(u);
		if (u->next_ns != NEVER && (best == NULL || u->next_ns < best->next_ns))
			best = u;
	}
	return best;
}

static struct unit *
nameless(const struct link *l)
{
	struct unit *best = NULL;

	for (size_t i = 0; i < l->n_units; i++) {
		struct unit *u = &l->units[i];

		if (u->identify_ns != NEVER && u->state.state == INSTRUMENT_UP &&
			(best == NULL || u->identify_ns < best->identify_ns))
			best = u;
	}
	return best;
}

/* Those of one unit keep their order: only its first may go. */
static bool
is_first_write(const struct link *l, size_t i)
{
	size_t before = 0;

	while (l->writes[before].unit != l->writes[i].unit)
		before++;
	return before == i;
}

static size_t
ready_write(const struct link *l, int64_t now_ns)
{
	for (size_t i = 0; i < l->n_writes; i++)
		if (l->writes[i].ask_ns <= now_ns && is_first_write(l, i))
			return i;
	return l->n_writes;
}

static void
copy_request(struct request *out, const struct request *req)
{
	memcpy(out, req, offsetof(struct request, write) + req->n_write);
}

static void
start_write(struct link *l, struct flight *f, size_t i)
{
	f->kind = FLIGHT_WRITE;
	f->write = l->writes[i];
	f->unit = f->write.unit;
	copy_request(&f->req, &f->write.req);
	link_meaning(f->meaning, &f->req);
	l->n_writes--;
	memmove(&l->writes[i], &l->writes[i + 1], (l->n_writes - i) * sizeof(l->writes[0]));
	l->writes_row++;
}

static void
start_poll(struct link *l, struct flight *f, struct unit *u, int64_t now_ns)
{
	struct poll *p = &u->polls[u->next];

	f->kind = FLIGHT_POLL;
	f->unit = u;
	f->at = u->next;
	copy_request(&f->req, &u->reqs[f->at]);
	memcpy(f->meaning, u->meanings[f->at], LINK_MEANING);
	if (!p->is_again && u->state.state != INSTRUMENT_DOWN) {
		int64_t missed = MAX(now_ns - p->due_ns, 0) / p->every_ns;

		u->state.skipped += (uint64_t)missed;
		p->due_ns += (missed + 1) * p->every_ns;
	}
	p->ask_ns = NEVER;
	u->is_stirred = true;
	l->writes_row = 0;
}

static bool
start_identify(struct flight *f, struct unit *u)
{
	u->identify_ns = NEVER;
	memset(&f->req, 0, sizeof(f->req));
	if (u->codec->identify(&u->ins, &f->req) <= 0)
		return false;
	f->kind = FLIGHT_IDENTIFY;
	f->unit = u;
	u->vars.identity[0] = '\0';
	link_meaning(f->meaning, &f->req);
	return true;
}

/* Fill f with the next question; false: none before l->wake_ns. */
static bool
choose(struct link *l, struct flight *f, int64_t now_ns)
{
	struct unit *u = earliest(l), *who = nameless(l);
	bool is_late = u != NULL && u->next_ns <= now_ns;
	size_t w = ready_write(l, now_ns);

	if (w < l->n_writes && (l->writes_row < LINK_WRITES_ROW || !is_late)) {
		start_write(l, f, w);
		return true;
	}
	if (who != NULL && (!is_late || who->identify_ns <= u->next_ns) && start_identify(f, who))
		return true;
	if (!is_late)
		return false;
	start_poll(l, f, u, now_ns);
	return true;
}

/* ---- sending --------------------------------------------------------------------------------------------------- */

/* A question that cannot be written down: nobody is at fault but its settings. */
static void
cannot_send(struct link *l, struct flight *f, const struct err *err, int64_t now_ns)
{
	f->is_used = false;
	link_note(l, f->unit, Q_BAD_REQUEST, now_ns, "not sent: %s", err->msg);
	if (f->kind == FLIGHT_WRITE)
		link_written(l, &f->write, Q_BAD_REQUEST, 0);
	else if (f->kind == FLIGHT_POLL) {
		link_unit_say(l, f->unit, f->req.first, f->req.n, Q_BAD_REQUEST, 0, now_ns);
		if (f->unit->state.state == INSTRUMENT_DOWN)
			f->unit->probe_ns = now_ns + LINK_PROBE_WAIT_MAX;
		link_poll_settle(f->unit, f->at);
	}
}

static void
transmit(struct link *l, struct flight *f, int64_t now_ns)
{
	struct unit *u = f->unit;
	struct err err = { .msg = "the codec wrote nothing" };
	uint8_t *out = l->tx + l->n_tx;
	int n = u->codec->encode(
		&u->ins, &f->req, ++l->tag, &u->vars, out, sizeof(l->tx) - l->n_tx, &err);

	f->is_held = false;
	if (n <= 0) {
		cannot_send(l, f, &err, now_ns);
		return;
	}
	if (!u->codec->has_tag)
		l->n_rx = 0; /* what came before the question is no answer to it */
	f->is_used = true;
	f->tag = l->tag;
	f->sent_ns = now_ns;
	f->deadline_ns = now_ns + u->timeout_ns;
	l->last = u;
	l->n_tx += (size_t)n;
	u->state.requests++;
	u->state.bytes_out += (uint64_t)n;
	link_trace(l, u, TRACE_SENT, Q_GOOD, 0, f->meaning, out, (size_t)n, now_ns);
}

bool
link_send_next(struct link *l, int64_t now_ns)
{
	struct flight *f = NULL;

	for (size_t i = 0; i < l->window && f == NULL; i++)
		if (!l->flights[i].is_used || l->flights[i].is_held)
			f = &l->flights[i];
	if (f == NULL || now_ns < MAX(l->quarantine_ns, l->pause_ns) || l->n_tx > LINK_TX_MAX / 2)
		return false;
	if (!f->is_held && !choose(l, f, now_ns))
		return false;
	transmit(l, f, now_ns);
	return true;
}

static int64_t
next_question_ns(const struct link *l)
{
	int64_t at_ns = NEVER;

	for (size_t i = 0; i < l->n_units; i++) {
		struct unit *u = &l->units[i];

		if (u->is_stirred)
			find_next(u);
		at_ns = MIN(at_ns, u->next_ns);
	}
	for (size_t i = 0; i < l->n_writes; i++)
		if (is_first_write(l, i))
			at_ns = MIN(at_ns, l->writes[i].ask_ns);
	if (nameless(l) != NULL)
		at_ns = 0; /* at once */
	return at_ns == NEVER ? NEVER : MAX(at_ns, MAX(l->quarantine_ns, l->pause_ns));
}

int64_t
link_next_ns(const struct link *l)
{
	int64_t at_ns = NEVER;
	bool is_free = false;

	for (size_t i = 0; i < l->window; i++) {
		const struct flight *f = &l->flights[i];

		if (!f->is_used)
			is_free = true;
		else if (f->is_held)
			at_ns = MIN(at_ns, MAX(l->quarantine_ns, l->pause_ns));
		else
			at_ns = MIN(at_ns, f->deadline_ns);
	}
	return is_free ? MIN(at_ns, next_question_ns(l)) : at_ns;
}

/* ---- no answer ------------------------------------------------------------------------------------------------- */

void
link_poll_settle(struct unit *u, size_t at)
{
	struct poll *p = &u->polls[at];

	p->ask_ns = p->due_ns;
	p->is_again = false;
	p->n_busy = 0;
	u->is_stirred = true;
}

void
link_written(struct link *l, const struct write *w, enum quality verdict, uint16_t code)
{
	if (l->sink.written != NULL)
		l->sink.written(l->sink.ctx, w->unit->points[w->at].id, w->tag, verdict, code);
}

/* Back to the head of the queue: a later write must not overtake it. */
void
link_write_again(struct link *l, const struct flight *f, int64_t ask_ns)
{
	memmove(&l->writes[1], &l->writes[0], l->n_writes * sizeof(l->writes[0]));
	l->n_writes++;
	l->writes[0] = f->write;
	l->writes[0].ask_ns = ask_ns;
}

/* Those that wait for a unit that does not answer would cost its neighbours a timeout each. */
static void
drop_writes(struct link *l, const struct unit *u, enum quality reason, uint16_t code)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_writes; i++)
		if (l->writes[i].unit == u)
			link_written(l, &l->writes[i], reason, code);
		else
			l->writes[n++] = l->writes[i];
	l->n_writes = n;
}

void
link_unanswered(
	struct link *l, struct flight *f, enum quality reason, uint16_t code, int64_t now_ns)
{
	struct unit *u = f->unit;
	bool is_down = u->state.state == INSTRUMENT_DOWN;

	f->is_used = false;
	if (f->kind == FLIGHT_IDENTIFY)
		return; /* many devices ignore what they do not know; it is asked again after a reconnection */
	u->fails++;
	if (f->kind == FLIGHT_WRITE) {
		if (!is_down && f->write.n_tries++ < u->retries) {
			link_write_again(l, f, now_ns);
			return;
		}
		link_written(l, &f->write, reason, code);
		drop_writes(l, u, reason, code);
	} else {
		struct poll *p = &u->polls[f->at];

		link_poll_settle(u, f->at);
		if (!is_down && u->fails <= u->retries) {
			p->ask_ns = now_ns; /* behind the neighbours that are late because of it */
			p->is_again = true;
			u->retry = f->at + 1;
			return;
		}
	}
	link_unit_give_up(l, u, reason, code, now_ns);
}

static bool
all_silent(const struct link *l)
{
	for (size_t i = 0; i < l->n_units; i++)
		if (l->units[i].n_polls > 0 && l->units[i].state.state != INSTRUMENT_DOWN)
			return false;
	return true;
}

void
link_expire(struct link *l, int64_t now_ns)
{
	for (size_t i = 0; i < l->window && l->line == LINE_OPEN; i++) {
		struct flight *f = &l->flights[i];
		struct unit *u = f->unit;
		char span[CLOCK_TEXT_SIZE];

		if (!f->is_used || f->is_held || now_ns < f->deadline_ns)
			continue;
		u->state.timeouts++;
		l->silence++;
		if (!u->codec->has_tag)
			l->quarantine_ns = now_ns + 2 * u->timeout_ns;
		clock_span(span, u->timeout_ns);
		link_note(l, u, Q_NO_ANSWER, now_ns, "no answer in %s", span);
		link_unanswered(l, f, Q_NO_ANSWER, 0, now_ns);
		if (l->kind == LINK_TCP && l->silence >= LINK_SILENCE_MAX && all_silent(l))
			link_drop(l, NULL, "nobody answers", now_ns);
	}
}
