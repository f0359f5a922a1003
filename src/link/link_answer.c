/* link_answer.c - whose frame is it, and what does it say
 *
 * A frame reaches a value only as the answer to a question that is on the wire at this moment: by its tag, or, where the
 * protocol has none, because the line was quiet for long enough before the question (quarantine after a timeout).
 */
#include "link/link_engine.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

static void
count_reply(struct link *l, struct unit *u, int64_t reply_ns, int64_t now_ns)
{
	struct board_state *s = &u->state;
	uint64_t units = (uint64_t)(MAX(reply_ns, 0) / (16 * NS_PER_US));
	int bucket = units == 0 ? 0 : 64 - __builtin_clzll(units);

	s->answers++;
	s->last_answer_ns = now_ns;
	s->reply_last_ns = reply_ns;
	s->reply_max_ns = MAX(s->reply_max_ns, reply_ns);
	s->reply[MIN(bucket, BOARD_HISTOGRAM - 1)]++;
	if (l->lost_ns == INT64_MIN || now_ns - l->lost_ns >= LINK_CALM)
		l->open_wait_ns = 0;
}

/* What a device says of a secret is told to nobody. */
void
link_tell(struct link *l, const struct unit *u, const struct reading *r, int64_t stamp_ns)
{
	char text[VALUE_TEXT_MAX + 1];
	struct reading masked = *r;

	if (r->text != NULL && l->secrets != NULL) {
		text_copy(text, sizeof(text), r->text);
		secret_mask_text(l->secrets, text, sizeof(text));
		masked.text = text;
	}
	l->sink.reading(l->sink.ctx, u->points[r->at].id, &masked, stamp_ns);
}

/* was_alone: no other question was under way, so no newer answer can have come before this one. */
static void
deliver(struct link *l, const struct unit *u, int64_t stamp_ns, bool was_alone)
{
	for (size_t i = 0; i < l->readings.n; i++) {
		const struct reading *r = &l->readings.at[i];

		if (r->at >= u->n_points)
			continue;
		if (!was_alone) {
			if (u->marks[r->at].told_ns > stamp_ns)
				continue;
			u->marks[r->at].told_ns = stamp_ns;
		}
		u->held[r->at].is_read = r->quality == Q_GOOD;
		u->held[r->at].read = r->v;
		link_tell(l, u, r, stamp_ns);
	}
}

/* The next step of an exchange of several; true when there is one: f goes on. */
static bool
go_on(struct link *l, struct flight *f, int64_t now_ns)
{
	const struct unit *u = f->unit;
	struct request req;

	if (u->codec->next == NULL || f->req.step >= LINK_STEPS_MAX)
		return false;
	req = f->req;
	if (u->codec->next(&u->ins, &f->req, f->req.step, &u->vars, &req) <= 0)
		return false;
	req.step = (uint16_t)(f->req.step + 1);
	f->req = req;
	f->within_ns = 0;
	link_hold(l, f, f->req.wait_ms * NS_PER_MS, now_ns);
	link_meaning(f->meaning, f->unit, &f->req);
	return true;
}

/* Has it just said that it is another one? Then it is not prepared. */
static bool
is_other(const struct link *l, const struct flight *f)
{
	const struct unit *u = f->unit;

	return f->kind == FLIGHT_IDENTIFY && f->at == 0 && u->demand == IDENTIFY_TEXT &&
	       !u->warns && (u->vars.is_said || u->vars.identity[0] != '\0') &&
	       !link_identify_is(u, &l->readings);
}

/* Does it say that nothing was done? */
static bool
is_no(enum quality quality)
{
	return quality == Q_BAD_FUNCTION || quality == Q_BAD_ADDRESS || quality == Q_BAD_REQUEST ||
	       quality == Q_GATEWAY_PATH;
}

/* The exchange is over, or goes on with its next step. */
static void
done(struct link *l, struct flight *f, int64_t now_ns)
{
	struct unit *u = f->unit;
	const struct reading *r = l->readings.at;

	if (!is_other(l, f) && go_on(l, f, now_ns)) {
		if (l->kind == LINK_UDP && !u->codec->has_tag)
			l->pause_ns = MAX(l->pause_ns, now_ns + LINK_TWICE);
		return;
	}
	switch (f->kind) {
	case FLIGHT_POLL:
		link_poll_settle(f);
		if (link_flight_poll(f) != NULL)
			link_learn_passed(l, u, f->at, now_ns);
		else if (link_learn_is_refused(u, &f->req)) /* the present plan has to hear of it */
			link_ask_again(l, f, now_ns);
		break;
	case FLIGHT_WRITE:
		if (l->readings.n == 0 || r->quality == Q_GOOD)
			link_beside_written(&f->write);
		f->write.is_refused =
			f->req.step == 0 && l->readings.n > 0 && is_no((enum quality)r->quality);
		link_written(l, &f->write, l->readings.n > 0 ? r->quality : Q_GOOD,
			l->readings.n > 0 ? r->code : 0);
		break;
	case FLIGHT_IDENTIFY:
		link_identify_settled(l, f, now_ns);
		break;
	case FLIGHT_GUEST: /* link_guest_answered() */
		break;
	}
}

static void
answered(struct link *l, struct flight *f, int64_t now_ns)
{
	if (f->kind != FLIGHT_IDENTIFY)
		link_unit_up(l, f->unit, now_ns);
	if (f->kind == FLIGHT_POLL)
		deliver(l, f->unit, f->sent_ns + (now_ns - f->sent_ns) / 2, f->is_alone);
	done(l, f, now_ns);
}

void
link_silent(struct link *l, struct flight *f, size_t n, int64_t now_ns)
{
	l->readings.n = l->readings.n_text = 0;
	l->pause_ns = MAX(l->pause_ns, now_ns + (int64_t)n * l->wire.char_ns + l->gap_ns);
	link_land(l, f);
	done(l, f, now_ns);
}

/* text: the codec's own words, which the quality and the code may fall short of; empty: none */
static void
refused(struct link *l, struct flight *f, const struct refusal *why, const char *text,
	int64_t now_ns)
{
	struct unit *u = f->unit;

	u->state.refused++;
	if (text[0] != '\0')
		link_note(l, u, (enum quality)why->quality, now_ns, "refused: %s", text);
	if (f->kind != FLIGHT_IDENTIFY)
		link_unit_up(l, u, now_ns);
	switch (f->kind) {
	case FLIGHT_POLL:
		if (link_flight_poll(f) ==
			NULL) { /* of an earlier plan: the present one finds out */
			link_ask_again(l, f, now_ns);
			break;
		}
		link_poll_settle(f);
		if (f->req.step == 0 && why->of != REFUSED_ALL)
			link_learn_refused(l, u, f->at, why, now_ns);
		else
			link_unit_say(l, u, f->req.first, f->req.n, (enum quality)why->quality,
				why->code, now_ns);
		break;
	case FLIGHT_WRITE:
		/* A failure may come in the middle of the work, a gateway's word behind it, and a later step behind one that was done. */
		f->write.is_refused = f->req.step == 0 && is_no((enum quality)why->quality);
		link_written(l, &f->write, (enum quality)why->quality, why->code);
		break;
	case FLIGHT_IDENTIFY:
		link_identify_refused(l, f, why, now_ns);
		break;
	case FLIGHT_GUEST:
		break;
	}
}

static int64_t
busy_wait(unsigned n_busy)
{
	return n_busy > 4 ? LINK_BUSY_WAIT_MAX
			  : MIN(LINK_BUSY_WAIT_MIN << (n_busy - 1), LINK_BUSY_WAIT_MAX);
}

/* Busy: asked again by and by, while the others go on. */
static void
later(struct link *l, struct flight *f, uint16_t code, int64_t now_ns)
{
	struct unit *u = f->unit;
	unsigned most = u->retries + LINK_BUSY_TRIES;
	struct poll *p = link_flight_poll(f);

	if (u->is_known)
		link_unit_up(l, u, now_ns);
	if (f->kind == FLIGHT_WRITE) {
		if (f->write.is_once || ++f->write.n_busy > most)
			link_written(l, &f->write, Q_DEVICE_BUSY, code);
		else
			link_write_again(l, f, now_ns + busy_wait(f->write.n_busy));
	} else if (f->kind == FLIGHT_IDENTIFY && !u->is_known) {
		link_unanswered(l, f, Q_DEVICE_BUSY, code, now_ns);
	} else if (p != NULL) {
		/* Told before its values grow too old for another reason. */
		if (++p->n_busy == LINK_BUSY_TOLD)
			link_unit_say(l, u, f->req.first, f->req.n, Q_DEVICE_BUSY, code, now_ns);
		if (p->n_busy > most) {
			link_poll_settle(f);
		} else {
			p->ask_ns = now_ns + busy_wait(p->n_busy);
			p->is_again = true;
			u->is_stirred = true;
		}
	}
}

/* The step waits for something that is not so yet: it is asked again, but not for ever. */
static void
not_yet(struct link *l, struct flight *f, uint16_t code, const struct err *err, int64_t now_ns)
{
	const struct refusal why = { .quality = Q_DEVICE_FAILED, .code = code, .of = REFUSED_ALL };
	int64_t wait_ns = f->req.again_ms * NS_PER_MS;
	char text[sizeof(err->msg) + CLOCK_TEXT_SIZE + 20], span[CLOCK_TEXT_SIZE];

	if (f->kind != FLIGHT_IDENTIFY)
		link_unit_up(l, f->unit, now_ns);
	if (now_ns + wait_ns <= f->within_ns) {
		link_hold(l, f, MAX(wait_ns, NS_PER_MS), now_ns);
		return;
	}
	clock_span(span, f->req.within_ms * NS_PER_MS);
	snprintf(text, sizeof(text), "not within %s: %s", span, err->msg);
	refused(l, f, &why, text, now_ns);
}

/* It has been started anew: before anything else it has to be prepared. */
static void
anew(struct link *l, struct flight *f, const struct err *err, int64_t now_ns)
{
	struct unit *u = f->unit;

	link_note(l, u, Q_DEVICE_BUSY, now_ns, "%s", err->msg);
	link_identify_lost(u);
	later(l, f, (uint16_t)err->sys, now_ns);
}

static void
senseless(struct link *l, struct flight *f, const struct err *err, int64_t now_ns)
{
	struct unit *u = f->unit;

	u->state.errors++;
	link_note(l, u, Q_WRONG_ANSWER, now_ns, "not understood: %s", err->msg);
	if (f->kind == FLIGHT_IDENTIFY && !u->is_known) {
		link_unanswered(l, f, Q_WRONG_ANSWER, 0, now_ns);
		return;
	}
	link_unit_up(l, u, now_ns);
	if (f->kind == FLIGHT_WRITE)
		link_written(l, &f->write, Q_WRONG_ANSWER, 0);
	else if (f->kind == FLIGHT_POLL) {
		link_unit_say(l, u, f->req.first, f->req.n, Q_WRONG_ANSWER, 0, now_ns);
		link_poll_settle(f);
	}
}

static enum quality
verdict(const struct link *l, int rc)
{
	switch (rc) {
	case DECODE_REFUSED:
		return (enum quality)l->readings.refusal.quality;
	case DECODE_LATER:
	case DECODE_ANEW:
	case DECODE_NOT_YET:
		return Q_DEVICE_BUSY;
	case DECODE_SILENT:
		return Q_GATEWAY_TARGET;
	default:
		if (rc < 0)
			return Q_WRONG_ANSWER;
		return l->readings.n > 0 ? l->readings.at[0].quality : Q_GOOD;
	}
}

/* An answer on a line that was not understood may be a part of one: its rest is not taken for the next. */
static void
mind_rest(struct link *l, enum quality verdict, int64_t now_ns)
{
	bool is_odd = verdict == Q_WRONG_ANSWER || verdict == Q_NOT_A_NUMBER ||
		      verdict == Q_MISSING || verdict == Q_GARBLED;

	if (is_odd && (l->kind == LINK_SERIAL || l->wire.is_line))
		l->pause_ns = MAX(l->pause_ns, now_ns + MAX(l->idle_ns, LINK_UNASKED_PAUSE));
}

/* The points that `first` of its request counts in. */
static const struct point *
points_of(const struct flight *f)
{
	const struct unit *u = f->unit;

	return f->kind == FLIGHT_IDENTIFY && f->at == 0 && u->demand == IDENTIFY_POINT
		       ? &u->demand_point
		       : u->points;
}

static void
conclude(struct link *l, struct flight *f, int rc, uint16_t code, const struct err *err,
	int64_t now_ns)
{
	struct unit *u = f->unit;

	if (rc == DECODE_SILENT) {
		u->state.timeouts++;
		link_unanswered(l, f, Q_GATEWAY_TARGET, code, now_ns);
		return;
	}
	count_reply(l, u, now_ns - f->sent_ns, now_ns);
	link_mute_answered(u, f);
	if (rc == DECODE_REFUSED)
		refused(l, f, &l->readings.refusal, err->msg, now_ns);
	else if (rc == DECODE_LATER) {
		f->write.is_refused =
			f->req.step == 0 && l->readings.refusal.quality != Q_DEVICE_FAILED;
		later(l, f, code, now_ns);
	} else if (rc == DECODE_ANEW)
		anew(l, f, err, now_ns);
	else if (rc == DECODE_NOT_YET)
		not_yet(l, f, code, err, now_ns);
	else if (rc < 0)
		senseless(l, f, err, now_ns);
	else
		answered(l, f, now_ns);
}

static void
settle(struct link *l, struct flight *f, const uint8_t *frame, size_t n, int64_t now_ns)
{
	struct unit *u = f->unit;
	struct err err = { .msg = "" };
	uint16_t code;
	int rc;

	if (f->kind == FLIGHT_GUEST) {
		link_guest_answered(l, f, frame, n, now_ns);
		return;
	}
	l->readings.n = l->readings.n_text = 0;
	l->readings.refusal = (struct refusal){ 0 };
	l->readings.is_end = false;
	rc = u->codec->decode(
		&u->ins, &f->req, points_of(f), frame, n, &u->vars, &l->readings, &err);
	code = (uint16_t)(rc < 0 ? err.sys : l->readings.n > 0 ? l->readings.at[0].code : 0);
	l->readings.refusal.code = code;
	if (l->readings.refusal.quality == Q_GOOD)
		l->readings.refusal.quality = Q_BAD_REQUEST;
	link_trace(l, u, TRACE_RECEIVED, verdict(l, rc), code, f->meaning, frame, n, now_ns);
	l->silence = 0;
	l->pause_ns = MAX(l->pause_ns, now_ns + l->gap_ns);
	mind_rest(l, verdict(l, rc), now_ns);
	link_window_answered(l, f, now_ns - f->sent_ns, now_ns);
	if (l->kind == LINK_UDP)
		link_late_twice(l, f, now_ns);
	link_land(l, f);
	conclude(l, f, rc, code, &err, now_ns);
	if (l->readings.is_end)
		link_end(l, now_ns);
}

/* What a device says without being asked. */
static bool
heard(struct link *l, const uint8_t *frame, size_t n, int64_t now_ns)
{
	static const char meaning[LINK_MEANING] = "said without being asked";
	struct err err;

	for (size_t i = 0; i < l->n_units; i++) {
		struct unit *u = &l->units[i];

		if (u->codec->heard == NULL || !u->is_known ||
			u->codec->match(&u->ins, NULL, 0, frame, n) != MATCH_UNSOLICITED)
			continue;
		l->readings.n = l->readings.n_text = 0;
		if (u->codec->heard(&u->ins, u->points, u->n_points, frame, n, &u->vars,
			    &l->readings, &err) < 0)
			continue;
		link_trace(l, u, TRACE_RECEIVED, Q_GOOD, 0, meaning, frame, n, now_ns);
		link_unit_up(l, u, now_ns); /* who speaks lives */
		deliver(l, u, now_ns, l->n_flights == 0);
		return true;
	}
	return false;
}

/* Nobody's: the late answer that was waited for, or somebody else's talk. */
static void
stray(struct link *l, const uint8_t *frame, size_t n, bool is_late, int64_t now_ns)
{
	static const char late[LINK_MEANING] = "a late answer";
	static const char foreign[LINK_MEANING] = "belongs to no question";

	l->n_unasked += n;
	l->last->state.stray++;
	link_trace(l, l->last, TRACE_RECEIVED, Q_WRONG_ANSWER, 0, is_late ? late : foreign, frame,
		n, now_ns);
	LINK_FLIGHTS(l, f)
	{
		f->is_foreign |= !is_late && !f->unit->codec->has_tag;
	}
	if (!is_late && l->last->codec->in_turn &&
		l->last->codec->match(&l->last->ins, NULL, 0, frame, n) == MATCH_CANNOT_TELL)
		link_drop(l, NULL, "out of step: an answer that fits no question", now_ns);
}

void
link_frame(struct link *l, const uint8_t *frame, size_t n, int64_t now_ns)
{
	bool is_late;

	LINK_FLIGHTS(l, f)
	{
		enum match whose = MATCH_MINE;

		if (f->is_held)
			continue;
		if (f->unit->codec->match != NULL)
			whose = f->unit->codec->match(&f->unit->ins, &f->req, f->tag, frame, n);
		/* Where the codec cannot tell, nothing alike was under way: see link_late.c. */
		if (whose == MATCH_MINE || whose == MATCH_CANNOT_TELL) {
			settle(l, f, frame, n, now_ns);
			return;
		}
	}
	is_late =
		link_late_take(l, frame, n, now_ns); /* what is awaited is as old as its question */
	if (is_late || !heard(l, frame, n, now_ns))
		stray(l, frame, n, is_late, now_ns);
}

void
link_skipped(struct link *l, const uint8_t *in, size_t n, int64_t now_ns)
{
	static const char meaning[LINK_MEANING] = "no frame";

	l->last->state.errors++;
	link_trace(l, l->last, TRACE_RECEIVED, Q_GARBLED, 0, meaning, in, n, now_ns);
	LINK_FLIGHTS(l, f)
	{
		if (f->is_held)
			continue;
		f->is_garbled = true;
		for (size_t i = 0; i < n; i++, f->n_junk++)
			if (f->n_junk < sizeof(f->junk))
				f->junk[f->n_junk] = in[i];
	}
}

size_t
link_frames(struct link *l, const uint8_t *in, size_t n, enum wire wire, int64_t now_ns)
{
	const bool resyncs =
		l->kind == LINK_SERIAL || l->has_borders || l->last->codec->wires & CODEC_SERIAL;
	size_t used = 0,
	       junk = 0; /* bytes before `used` that are no frame and have not been told */

	while (used < n && l->line == LINE_OPEN) {
		const struct unit *u = l->last;
		int got = u->codec->cut(
			&u->ins, l->has_asked ? &l->asked : NULL, in + used, n - used, wire);

		if (got == CUT_MORE)
			break;
		if (got > 0 && (size_t)got <= n - used) {
			if (junk > 0)
				link_skipped(l, in + used - junk, junk, now_ns);
			junk = 0;
			link_frame(l, in + used, (size_t)got, now_ns);
			used += (size_t)got;
		} else if (got < 0 && (size_t)-got <= n - used &&
			   (resyncs || (size_t)-got < n - used)) {
			used += (size_t)-got;
			junk += (size_t)-got;
		} else {
			if (wire !=
				WIRE_CLOSED) /* half a frame at the end of a wire is no garbage */
				link_garbage(l, in + used, n - used, now_ns);
			return n;
		}
	}
	if (junk > 0 && l->line == LINE_OPEN)
		link_skipped(l, in + used - junk, junk, now_ns);
	return l->line == LINE_OPEN ? used : n;
}
