/* link_poll.c - what is asked next, and what happens when nobody answers
 *
 * Earliest deadline first over all units, see consider(). The grid of a poll moves on when it is sent, over the places that have been
 * missed: those are counted and never made up for, so a line that was busy or dead is not hit by a burst.
 */
#include "link/link_engine.h"

#include <string.h>

#include "base/clock.h"

/* ---- choosing -------------------------------------------------------------------------------------------------- */

/* When the unit has something to ask next, as far as it alone is concerned. */
static void
find_next(struct unit *u)
{
	u->is_stirred = false;
	u->next_ns = NEVER;
	if (u->n_polls == 0 && u->is_known)
		return;
	if (u->state.state == INSTRUMENT_DOWN) {
		if (u->n_flying == 0)
			u->next_ns = u->probe_ns;
		return;
	}
	if (u->n_polls == 0) { /* only heard or written, it has to be prepared all the same */
		if (u->n_flying == 0)
			u->next_ns = 0;
		return;
	}
	if (u->retry > 0) {
		u->next_ns = u->polls[u->retry - 1].ask_ns;
		return;
	}
	for (size_t i = 0; i < u->n_polls; i++)
		u->next_ns = MIN(u->next_ns, u->polls[i].ask_ns);
}

static int64_t
next_of(struct unit *u)
{
	if (u->is_stirred)
		find_next(u);
	return u->next_ns;
}

/* One that is not well, or has still to prove what it is, is asked one question at a time; one whose exchange waits, nothing. */
static bool
is_engaged(const struct unit *u)
{
	if (u->n_waiting > 0)
		return true;
	return u->n_flying > 0 && (u->state.state != INSTRUMENT_UP || u->fails > 0 || !u->is_known);
}

/* What could be asked now. */
struct choice {
	struct unit *unit;
	size_t poll;
	int64_t deadline_ns; /* the earliest goes first */
	bool is_identify;
};

/* Is this poll a better choice? Its deadline is half a period, or half a second, behind its place on the grid: so quick ones go before slow ones on a
 * line that is too slow for all, and a slow one still does not lose its place. */
static void
consider(struct link *l, struct unit *u, size_t i, int64_t now_ns, struct choice *best)
{
	const struct poll *p = &u->polls[i];
	bool is_probe = u->state.state == INSTRUMENT_DOWN;
	int64_t ask_ns = is_probe ? u->probe_ns : p->ask_ns, deadline_ns;

	if (p->ask_ns == NEVER || ask_ns > now_ns)
		return;
	deadline_ns = (is_probe || p->is_again ? ask_ns : p->due_ns) +
		      MIN(p->every_ns / 2, LINK_DEADLINE_MAX);
	if (best->unit != NULL && best->deadline_ns <= deadline_ns)
		return;
	if ((u->is_known ? link_late_until(l, u, &u->reqs[i], now_ns)
			 : link_identify_until(l, u, now_ns)) > now_ns)
		return;
	*best = (struct choice){ u, i, deadline_ns, !u->is_known };
}

static struct choice
earliest(struct link *l, int64_t now_ns)
{
	struct choice best = { 0 };

	for (size_t i = 0; i < l->n_units; i++) {
		struct unit *u = &l->units[i];

		if (next_of(u) > now_ns || is_engaged(u))
			continue;
		if (u->n_polls == 0) {
			if (best.unit == NULL && link_identify_until(l, u, now_ns) <= now_ns)
				best = (struct choice){ u, 0, now_ns, true };
			continue;
		}
		if (u->state.state == INSTRUMENT_DOWN)
			consider(l, u, u->probe, now_ns, &best);
		else if (u->retry > 0)
			consider(l, u, u->retry - 1, now_ns, &best);
		else
			for (size_t k = 0; k < u->n_polls; k++)
				consider(l, u, k, now_ns, &best);
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
			u->n_waiting == 0 && (best == NULL || u->identify_ns < best->identify_ns))
			best = u;
	}
	return best;
}

/* Those of one unit keep their order: only its first may go, and only when the one before is settled. */
static bool
is_first_write(struct link *l, size_t i)
{
	const struct unit *u = l->writes[i].unit;
	size_t before = 0;

	while (l->writes[before].unit != u)
		before++;
	if (before != i)
		return false;
	LINK_FLIGHTS(l, f)
	{
		if (f->kind == FLIGHT_WRITE && f->unit == u)
			return false;
	}
	return true;
}

/* What goes in its place to one that has still to prove what it is, is the question for that. */
static int64_t
write_until(struct link *l, const struct write *w, int64_t now_ns)
{
	return w->unit->is_known ? link_late_until(l, w->unit, &w->req, now_ns)
				 : link_identify_until(l, w->unit, now_ns);
}

static size_t
ready_write(struct link *l, int64_t now_ns)
{
	for (size_t i = 0; i < l->n_writes; i++) {
		const struct write *w = &l->writes[i];

		if (w->ask_ns <= now_ns && !is_engaged(w->unit) && is_first_write(l, i) &&
			write_until(l, w, now_ns) <= now_ns)
			return i;
	}
	return l->n_writes;
}

static void
copy_request(struct request *out, const struct request *req)
{
	memcpy(out, req, offsetof(struct request, write) + req->n_write);
}

/* False: what it has to say along is not known any more; it is settled. */
static bool
start_write(struct link *l, struct flight *f, size_t i, int64_t now_ns)
{
	struct err err;

	f->kind = FLIGHT_WRITE;
	f->within_ns = 0;
	f->write = l->writes[i];
	f->unit = f->write.unit;
	l->n_writes--;
	memmove(&l->writes[i], &l->writes[i + 1], (l->n_writes - i) * sizeof(l->writes[0]));
	l->writes_row++;
	if (f->write.has_beside &&
		link_beside_write(l, &f->write, f->write.text, false, &err) < 0) {
		link_note(l, f->unit, Q_BAD_REQUEST, now_ns, "not sent: %s", err.msg);
		link_written(l, &f->write, Q_BAD_REQUEST, 0);
		return false;
	}
	if (f->unit->points[f->write.at].is_left_out) {
		link_written(l, &f->write, Q_NOT_OFFERED, 0);
		return false;
	}
	copy_request(&f->req, &f->write.req);
	link_meaning(f->meaning, f->unit, &f->req);
	return true;
}

static void
start_poll(struct link *l, struct flight *f, struct unit *u, size_t at, int64_t now_ns)
{
	struct poll *p = &u->polls[at];

	f->kind = FLIGHT_POLL;
	f->within_ns = 0;
	f->unit = u;
	f->at = at;
	f->plan = u->plan;
	copy_request(&f->req, &u->reqs[at]);
	memcpy(f->meaning, u->meanings[at], LINK_MEANING);
	if (!p->is_again && u->state.state != INSTRUMENT_DOWN) {
		int64_t missed = MAX(now_ns - p->due_ns, 0) / p->every_ns;

		u->state.skipped += (uint64_t)missed;
		p->due_ns += (missed + 1) * p->every_ns;
	}
	p->ask_ns = NEVER;
	u->is_stirred = true;
	l->writes_row = 0;
}

/* What a unit is asked in place of its poll; one that cannot be asked is never believed. */
static bool
start_identify(struct link *l, struct flight *f, struct unit *u, int64_t now_ns)
{
	l->writes_row = 0;
	u->is_stirred = true;
	if (link_identify_start(f, u))
		return true;
	if (!u->is_known)
		link_unit_give_up(l, u, Q_BAD_REQUEST, 0, now_ns);
	return false;
}

/* A write goes to nobody who has still to prove what it is: that is asked in its place. */
static bool
start_first(struct link *l, struct flight *f, size_t w, int64_t now_ns)
{
	struct unit *u = l->writes[w].unit;
	unsigned row = l->writes_row;

	if (u->is_known)
		return start_write(l, f, w, now_ns);
	if (!start_identify(l, f, u, now_ns))
		return false;
	l->writes_row = row + 1;
	return true;
}

/* Fill f with the next question; false: none before l->wake_ns. */
static bool
choose(struct link *l, struct flight *f, int64_t now_ns)
{
	struct choice best = earliest(l, now_ns);
	struct unit *who = nameless(l);
	size_t w = ready_write(l, now_ns);
	bool is_late = best.unit != NULL;

	if (w < l->n_writes && (l->writes_row < LINK_WRITES_ROW || !is_late) &&
		link_window_is_open(l, now_ns, true))
		return start_first(l, f, w, now_ns);
	if (l->n_writes > 0 && !link_window_is_open(l, now_ns, true))
		return false; /* a write waits until the wire is free */
	if (!link_window_is_open(l, now_ns, false))
		return false;
	if (who != NULL && l->n_flights == 0 && link_identify_until(l, who, now_ns) <= now_ns &&
		(!is_late || who->identify_ns <= who->next_ns) && start_identify(l, f, who, now_ns))
		return true;
	if (!is_late)
		return link_guest_start(l, f, now_ns);
	if (best.is_identify)
		return start_identify(l, f, best.unit, now_ns);
	start_poll(l, f, best.unit, best.poll, now_ns);
	return true;
}

/* ---- sending --------------------------------------------------------------------------------------------------- */

/* A question that cannot be written down: nobody is at fault but its settings. */
static void
cannot_send(struct link *l, struct flight *f, const struct err *err, int64_t now_ns)
{
	if (f->kind == FLIGHT_GUEST) {
		link_guest_lost(l, f, err->msg);
		return;
	}
	link_land(l, f);
	link_note(l, f->unit, Q_BAD_REQUEST, now_ns, "not sent: %s", err->msg);
	if (f->kind == FLIGHT_WRITE)
		link_written(l, &f->write, Q_BAD_REQUEST, 0);
	else if (f->kind == FLIGHT_POLL) {
		link_unit_say(l, f->unit, f->req.first, f->req.n, Q_BAD_REQUEST, 0, now_ns);
		link_poll_settle(f);
	} else if (!f->unit->is_known) { /* it stays one that nobody can ask anything else */
		link_unit_give_up(l, f->unit, Q_BAD_REQUEST, 0, now_ns);
	}
	if (f->unit->state.state == INSTRUMENT_DOWN)
		f->unit->probe_ns = now_ns + l->wire.probe_max_ns;
}

static void
take_off(struct link *l, struct flight *f, size_t n, int64_t now_ns)
{
	struct unit *u = f->unit;

	link_use(l, f, false);
	f->is_alone = l->n_flights == 0;
	f->is_garbled = f->is_foreign = false;
	f->tag = l->tag;
	f->sent_ns = now_ns;
	f->over_ns = now_ns + (int64_t)n * l->wire.char_ns +
		     (f->req.timeout_ms > 0 ? f->req.timeout_ms * NS_PER_MS : u->timeout_ns);
	/* What prepares it may take longer than any reading. */
	f->deadline_ns = (f->req.timeout_ms > 0 && u->state.state != INSTRUMENT_DOWN) ||
					 (f->kind == FLIGHT_IDENTIFY && f->at > 0)
				 ? f->over_ns
				 : now_ns + (int64_t)n * l->wire.char_ns + link_unit_patience(l, u);
	f->n_junk = 0;
	if (f->within_ns == 0)
		f->within_ns = now_ns + f->req.within_ms * NS_PER_MS;
	LINK_FLIGHTS(l, other)
	{
		other->is_alone = other == f && f->is_alone;
	}
	l->n_unasked = 0;
	l->held_ns = 0;
	l->n_flights++;
	u->n_flying++;
	u->n_probes += u->state.state == INSTRUMENT_DOWN;
	u->is_stirred = true;
	l->last = u;
	copy_request(&l->asked, &f->req);
	l->has_asked = true;
}

static void
transmit(struct link *l, struct flight *f, int64_t now_ns)
{
	struct unit *u = f->unit;
	struct err err = { .msg = "the codec wrote nothing" };
	uint8_t *out = l->tx + l->n_tx;
	uint32_t tag = link_late_tag(l, u, now_ns);
	size_t room = sizeof(l->tx) - l->n_tx;
	int n = f->kind == FLIGHT_GUEST
			? link_guest_encode(l, tag, out, room, &err)
			: u->codec->encode(&u->ins, &f->req, tag, &u->vars, out, room, &err);

	if (n <= 0) {
		cannot_send(l, f, &err, now_ns);
		return;
	}
	if (!u->codec->has_tag)
		l->n_rx = 0; /* what came before the question is no answer to it */
	if (l->silence > 0 && l->n_tx == 0)
		l->want_flush = l->kind == LINK_SERIAL;
	take_off(l, f, (size_t)n, now_ns);
	f->write.has_left = f->kind == FLIGHT_WRITE;
	if (l->wire.has_echo) {
		memcpy(l->echo, out, (size_t)n);
		l->n_echo = (size_t)n;
		l->at_echo = 0;
	}
	l->n_tx += (size_t)n;
	l->answer_ns = f->req.is_silent ? 0 : f->deadline_ns - now_ns;
	u->state.requests++;
	u->state.bytes_out += (uint64_t)n;
	link_trace(l, u, TRACE_SENT, Q_GOOD, 0, f->meaning, out, (size_t)n, now_ns);
	if (f->req.is_silent)
		link_silent(l, f, (size_t)n, now_ns);
}

/* When the next step of an exchange goes. Others may have been asked while it waited: not into what is still to come from them. */
static int64_t
held_ns(struct link *l, const struct flight *f, int64_t now_ns)
{
	if (!f->is_waiting)
		return 0;
	return MAX(f->hold_ns, link_late_until(l, f->unit, &f->req, now_ns));
}

/* It goes before anything else. */
static struct flight *
held(struct link *l, int64_t now_ns)
{
	LINK_FLIGHTS(l, f)
	{
		if (f->is_held && held_ns(l, f, now_ns) <= now_ns)
			return f;
	}
	return NULL;
}

static struct flight *
free_flight(struct link *l)
{
	size_t i = 0;

	while (i < l->flights_cap && l->flights[i].is_used)
		i++;
	return i < l->flights_cap ? &l->flights[i] : NULL;
}

bool
link_send_next(struct link *l, int64_t now_ns)
{
	struct flight *f = held(l, now_ns);

	if (now_ns < MAX(l->pause_ns, l->orphan_ns) ||
		l->n_tx > (l->has_borders ? 0 : LINK_TX_MAX / 2))
		return false;
	if (f != NULL && l->n_flights > 0 && !f->unit->codec->has_tag)
		return false;
	if (f == NULL) {
		f = free_flight(l);
		if (f == NULL || !link_window_is_open(l, now_ns, false) || !choose(l, f, now_ns))
			return false;
	}
	transmit(l, f, now_ns);
	return true;
}

/* The earliest time at which a unit may be asked what it has to ask, with the late answers that must be awaited first. */
static int64_t
unit_ready_ns(struct link *l, struct unit *u, int64_t now_ns)
{
	int64_t at_ns = NEVER;

	if (next_of(u) == NEVER || is_engaged(u))
		return NEVER;
	if (l->n_late == 0 || next_of(u) > now_ns)
		return u->next_ns;
	if (!u->is_known)
		return MAX(u->next_ns, link_identify_until(l, u, now_ns));
	for (size_t i = 0; i < u->n_polls; i++) {
		const struct poll *p = &u->polls[i];
		int64_t ask_ns = u->state.state == INSTRUMENT_DOWN ? u->probe_ns : p->ask_ns;

		if (p->ask_ns == NEVER || (u->retry > 0 && u->retry - 1 != i) ||
			(u->state.state == INSTRUMENT_DOWN && i != u->probe))
			continue;
		at_ns = MIN(at_ns, MAX(ask_ns, link_late_until(l, u, &u->reqs[i], now_ns)));
	}
	return at_ns;
}

static int64_t
next_question_ns(struct link *l, int64_t now_ns)
{
	const struct unit *who = nameless(l);
	int64_t at_ns = NEVER;

	for (size_t i = 0; i < l->n_units; i++)
		at_ns = MIN(at_ns, unit_ready_ns(l, &l->units[i], now_ns));
	for (size_t i = 0; i < l->n_writes; i++) {
		const struct write *w = &l->writes[i];

		if (!is_engaged(w->unit) && is_first_write(l, i))
			at_ns = MIN(at_ns, MAX(w->ask_ns, write_until(l, w, now_ns)));
	}
	if (who != NULL && l->n_flights == 0)
		at_ns = MIN(at_ns, link_identify_until(l, who, now_ns)); /* 0: at once */
	return at_ns == NEVER ? NEVER : MAX(at_ns, MAX(l->pause_ns, l->orphan_ns));
}

/* An answer that comes in at this moment is waited for, however slow the line is. */
static int64_t
deadline(const struct link *l, const struct flight *f)
{
	if (l->n_rx == 0 || l->idle_ns == 0 || l->rx_ns < f->sent_ns)
		return f->deadline_ns;
	return MAX(f->deadline_ns,
		MIN(l->rx_ns + l->idle_ns, f->deadline_ns + LINK_ANSWER_MAX * l->wire.char_ns));
}

int64_t
link_next_ns(struct link *l, int64_t now_ns)
{
	int64_t at_ns = NEVER;
	bool is_held = false;

	LINK_FLIGHTS(l, f)
	{
		int64_t goes_ns = f->is_held ? held_ns(l, f, now_ns) : NEVER;

		is_held |= goes_ns <= now_ns;
		if (!f->is_held)
			at_ns = MIN(at_ns, deadline(l, f));
		else if (l->n_flights == 0)
			at_ns = MIN(at_ns, MAX(goes_ns, MAX(l->pause_ns, l->orphan_ns)));
	}
	if (l->n_rx > 0 && l->idle_ns > 0 && !l->has_paused)
		at_ns = MIN(at_ns, l->rx_ns + l->idle_ns);
	if (!is_held && link_window_is_open(l, now_ns, l->n_writes > 0))
		at_ns = MIN(at_ns, next_question_ns(l, now_ns));
	return at_ns;
}

/* ---- no answer ------------------------------------------------------------------------------------------------- */

struct poll *
link_flight_poll(const struct flight *f)
{
	return f->kind == FLIGHT_POLL && f->plan == f->unit->plan ? &f->unit->polls[f->at] : NULL;
}

bool
link_flight_writes(const struct flight *f)
{
	return f->kind == FLIGHT_WRITE || (f->kind == FLIGHT_IDENTIFY && f->at > 0);
}

static void
end_waiting(struct flight *f)
{
	if (!f->is_waiting)
		return;
	f->is_waiting = false;
	f->unit->n_waiting--;
	f->unit->is_stirred = true;
}

void
link_land(struct link *l, struct flight *f)
{
	if (f->is_used && !f->is_held) {
		l->n_flights--;
		f->unit->n_flying--;
		f->unit->is_stirred = true;
	}
	end_waiting(f);
	f->is_used = f->is_held = false;
	while (l->n_top > 0 && !l->flights[l->n_top - 1].is_used)
		l->n_top--;
}

void
link_use(struct link *l, struct flight *f, bool is_held)
{
	end_waiting(f);
	f->is_used = true;
	f->is_held = is_held;
	l->n_top = MAX(l->n_top, (size_t)(f - l->flights) + 1);
}

void
link_hold(struct link *l, struct flight *f, int64_t wait_ns, int64_t now_ns)
{
	link_use(l, f, true);
	if (wait_ns <= 0)
		return;
	f->is_waiting = true;
	f->hold_ns = now_ns + wait_ns;
	f->unit->n_waiting++;
}

void
link_drop_waiting(
	struct link *l, struct unit *u, enum quality reason, uint16_t code, int64_t now_ns)
{
	LINK_FLIGHTS(l, f)
	{
		if (f->unit != u || !f->is_waiting)
			continue;
		if (f->kind == FLIGHT_WRITE) {
			link_land(l, f);
			link_written(l, &f->write, reason, code);
		} else {
			link_ask_again(l, f, now_ns);
		}
	}
}

/* The polls of the present plan that read what a question of an earlier one asked for. */
static void
ask_points(struct unit *u, const struct request *req, int64_t now_ns)
{
	for (size_t i = 0; i < u->n_polls; i++) {
		struct poll *p = &u->polls[i];

		if (u->reqs[i].first >= req->first + req->n ||
			u->reqs[i].first + u->reqs[i].n <= req->first || p->ask_ns == NEVER)
			continue;
		p->ask_ns = MIN(p->ask_ns, now_ns);
		p->is_again = true;
	}
	u->is_stirred = true;
}

void
link_ask_again(struct link *l, struct flight *f, int64_t now_ns)
{
	struct poll *p = link_flight_poll(f);

	link_land(l, f);
	if (f->kind == FLIGHT_WRITE) {
		link_write_again(l, f, now_ns);
	} else if (p != NULL) {
		link_poll_settle(f);
		p->ask_ns = now_ns;
		p->is_again = true;
	} else if (f->kind == FLIGHT_POLL) {
		ask_points(f->unit, &f->req, now_ns);
	} else if (f->kind == FLIGHT_GUEST) {
		link_guest_lost(l, f, "the wire was lost");
	}
}

void
link_poll_settle(struct flight *f)
{
	struct poll *p = link_flight_poll(f);

	f->unit->is_stirred = true;
	if (p == NULL)
		return;
	p->ask_ns = p->due_ns;
	p->is_again = false;
	p->n_busy = 0;
}

void
link_written(struct link *l, const struct write *w, enum quality verdict, uint16_t code)
{
	enum link_once once = verdict == Q_GOOD               ? LINK_ONCE_DONE
			      : !w->has_left || w->is_refused ? LINK_ONCE_NOT
							      : LINK_ONCE_UNKNOWN;

	if (w->is_once) {
		if (l->sink.once != NULL)
			l->sink.once(l->sink.ctx, w->unit->points[w->at].id, w->tag, once, verdict);
		return;
	}
	if (l->sink.written != NULL)
		l->sink.written(l->sink.ctx, w->unit->points[w->at].id, w->tag, verdict, code);
}

/* Back to the head of the queue: a later write must not overtake it. */
void
link_write_again(struct link *l, const struct flight *f, int64_t ask_ns)
{
	if (f->write.is_once && f->write.has_left) {
		link_written(l, &f->write, Q_LINK_LOST, 0);
		return;
	}
	memmove(&l->writes[1], &l->writes[0], l->n_writes * sizeof(l->writes[0]));
	l->n_writes++;
	l->writes[0] = f->write;
	l->writes[0].ask_ns = ask_ns;
}

void
link_drop_writes(struct link *l, const struct unit *u, enum quality reason, uint16_t code)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n_writes; i++)
		if (l->writes[i].unit == u)
			link_written(l, &l->writes[i], reason, code);
		else
			l->writes[n++] = l->writes[i];
	l->n_writes = n;
}

/* The other questions to a unit that is silent will not be answered either: it is asked again, one by one. */
static void
recall(struct link *l, const struct unit *u, int64_t now_ns)
{
	LINK_FLIGHTS(l, f)
	{
		if (f->unit == u && f->kind != FLIGHT_WRITE)
			link_ask_again(l, f, now_ns);
	}
}

/* Its silence says nothing of the device, as long as there is another question that would. */
static bool
is_mute(const struct flight *f)
{
	return f->kind == FLIGHT_POLL && link_mute_is(f->unit, &f->req) &&
	       !link_mute_is_all(f->unit);
}

void
link_unanswered(
	struct link *l, struct flight *f, enum quality reason, uint16_t code, int64_t now_ns)
{
	struct unit *u = f->unit;
	bool is_down = u->state.state == INSTRUMENT_DOWN;
	struct poll *p;

	if (f->kind == FLIGHT_GUEST) {
		link_guest_lost(l, f, "the wire was lost");
		return;
	}
	link_land(l, f);
	if (f->kind == FLIGHT_IDENTIFY && u->is_known)
		return; /* many devices ignore what they do not know; it is asked again after a reconnection */
	if (!is_down && is_mute(f)) {
		if (u->is_asking_witness)
			link_mute_again(l, f, reason, code, now_ns);
		else if (!link_mute_ask_witness(l, f, reason, code, now_ns))
			link_unit_give_up(l, u, reason, code, now_ns);
		return;
	}
	if (f->kind == FLIGHT_POLL && f->at + 1 != u->retry)
		u->is_asking_witness = false; /* that one was not the witness */
	recall(l, u, now_ns);
	u->fails++;
	if (f->kind == FLIGHT_WRITE) {
		if (!is_down && !f->write.is_once && f->write.n_tries++ < u->retries) {
			link_write_again(l, f, now_ns);
			return;
		}
		link_written(l, &f->write, reason, code);
		link_drop_writes(l, u, reason, code);
	} else {
		link_poll_settle(f);
		if (!is_down && u->fails <= u->retries) {
			p = link_flight_poll(f);
			if (p != NULL) {
				p->ask_ns =
					now_ns; /* behind the neighbours that are late because of it */
				p->is_again = true;
				u->retry = f->at + 1;
			}
			return;
		}
	}
	if (is_down || u->is_asking_witness || !link_mute_ask_witness(l, f, reason, code, now_ns))
		link_unit_give_up(l, u, reason, code, now_ns);
	link_identify_unsaid(l, u, f, now_ns);
}

static bool
all_silent(const struct link *l)
{
	for (size_t i = 0; i < l->n_units; i++)
		if (l->units[i].n_waiting > 0 || /* it answers, and takes its time */
			(l->units[i].n_polls > 0 && l->units[i].state.state != INSTRUMENT_DOWN))
			return false;
	return true;
}

/* What the operator reads of a question without an answer. */
static enum quality
reason_of(const struct flight *f)
{
	return f->is_garbled ? Q_GARBLED : f->is_foreign ? Q_WRONG_ANSWER : Q_NO_ANSWER;
}

/* Was what came the answer, broken on its way? Then none is to come. */
static bool
has_come(const struct flight *f)
{
	const struct codec *codec = f->unit->codec;

	return f->n_junk > 0 && codec->broken != NULL &&
	       codec->broken(&f->unit->ins, &f->req, f->junk,
		       MIN(f->n_junk, (uint32_t)sizeof(f->junk)), f->n_junk);
}

static void
expire(struct link *l, struct flight *f, int64_t now_ns)
{
	struct unit *u = f->unit;
	enum quality reason = reason_of(f);
	char span[CLOCK_TEXT_SIZE];

	if (f->kind == FLIGHT_GUEST) {
		link_guest_expired(l, f, now_ns);
		return;
	}
	clock_span(span, now_ns - f->sent_ns);
	link_note(l, u, reason, now_ns, "%s in %s",
		reason == Q_NO_ANSWER ? "no answer" : "no sound answer", span);
	/* One that is down is no sign of anything. */
	if (u->state.state != INSTRUMENT_DOWN && !is_mute(f) &&
		link_window_failed(l, f->is_alone, now_ns)) {
		LINK_FLIGHTS(l, other)
		{
			if (!other->is_held && !link_flight_writes(other))
				link_ask_again(l, other, now_ns);
		}
		if (!link_flight_writes(f))
			return; /* that one may have been acted on: it counts as a try */
	}
	u->state.timeouts++;
	l->silence++;
	l->want_flush = l->kind == LINK_SERIAL;
	if (!has_come(f))
		link_late_add(l, u, &f->req, f->tag, MAX(now_ns, f->over_ns), now_ns);
	link_unanswered(l, f, reason, 0, now_ns);
	if (l->kind == LINK_TCP && u->codec->closes) {
		link_renew(l, now_ns);
		l->goes_on = true;
	} else if ((l->kind == LINK_TCP || l->kind == LINK_UDP || l->kind == LINK_HELPER ||
			   l->is_search) &&
		   l->silence >= LINK_SILENCE_MAX && all_silent(l))
		link_drop(l, NULL, "nobody answers", now_ns);
}

/* What has come so far, once more, to a codec that is told why there is no more of it. */
static void
cut_again(struct link *l, enum wire wire, int64_t now_ns)
{
	size_t n = l->n_rx, used;

	l->n_rx = 0;
	used = link_frames(l, l->rx, n, wire, now_ns);
	if (used >= n || l->line != LINE_OPEN || wire == WIRE_CLOSED)
		return;
	memmove(l->rx, l->rx + used, n - used);
	l->n_rx = n - used;
}

void
link_fell_silent(struct link *l, int64_t now_ns)
{
	l->has_paused = true;
	cut_again(l, WIRE_SILENT, now_ns);
	/* The answer was there and is broken: nobody has to wait for it. Mere noise is no answer: that may still come. */
	LINK_FLIGHTS(l, f)
	{
		if (!f->is_held && has_come(f) && l->line == LINE_OPEN)
			expire(l, f, now_ns);
	}
}

void
link_expire(struct link *l, int64_t now_ns)
{
	if (l->n_rx > 0 && l->idle_ns > 0 && !l->has_paused && now_ns >= l->rx_ns + l->idle_ns)
		link_fell_silent(l, now_ns);
	LINK_FLIGHTS(l, f)
	{
		if (f->is_held || now_ns < deadline(l, f) || l->line != LINE_OPEN)
			continue;
		if (l->has_paused && l->n_rx > 0) /* half an answer: that is what was wrong */
			cut_again(l, WIRE_CLOSED, now_ns);
		if (f->is_used && !f->is_held && l->line == LINE_OPEN)
			expire(l, f, now_ns);
	}
}
