/* sequence_told.c - commands of instruments: started once, and what nobody knows is asked
 *
 *	READY --ready--> INTENT --on the disk--> NAMING --> STARTING --taken--> TAKEN --at work--> AT_WORK --done--> OVER
 *	  ^                 |  provably not started            |  nobody knows    |  not in time      |
 *	  +---- retry ------+--------> REFUSED                 +------> UNSURE <--+---- LATE <--------+
 *
 * The intent is asked for at the tick behind the one that has recorded the phase: so whoever comes after a crash finds the phase when the
 * intent is on the disk. From INTENT to STARTING it is not known to the next controller whether the start has left, and a person is asked.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "control/output_inside.h"
#include "control/sequence_inside.h"

static const struct image_ins_command *
command_of(const struct sequencer *s, const struct branch *b)
{
	return image_ins_command_at(s->img, image_instr_at(s->img, b->pc)->command);
}

static bool
is_command(const struct sequencer *s, const struct branch *b)
{
	return b->is_used && b->is_begun &&
	       image_instr_at(s->img, b->pc)->op == SEQUENCE_OP_COMMAND;
}

/* ---- what is told -------------------------------------------------------------------------------------------------------- */

static struct event
event_of(const struct sequencer *s, const struct branch *b, enum event_kind kind)
{
	struct event e = { .kind = kind,
		.stamp_ns = s->now_ns,
		.cause = b->event != 0 && kind != EVENT_SEQUENCE_COMMAND ? b->event : s->run };

	text_copy(e.subject, sizeof(e.subject), image_text(s->img, command_of(s, b)->name));
	text_copy(e.principal, sizeof(e.principal), s->principal);
	return e;
}

static void
tell(struct sequencer *s, const struct branch *b, enum event_kind kind, const char *text)
{
	struct event e = event_of(s, b, kind);

	text_copy(e.text, sizeof(e.text), text);
	s->sink.event(s->sink.ctx, &e);
}

static void
wish(struct sequencer *s, uint32_t branch, const char *what)
{
	const struct branch *b = &s->branches[branch];
	const struct image_instr *in = image_instr_at(s->img, b->pc);
	char why[EVENT_TEXT];

	snprintf(why, sizeof(why), "line %u: %.50s %.50s", in->line,
		image_text(s->img, command_of(s, b)->name), what);
	sequence_wish(s, in->action, branch, IMAGE_NONE, why);
}

/* ---- the start ----------------------------------------------------------------------------------------------------------- */

static void
to(struct sequencer *s, struct branch *b, enum told_phase phase)
{
	b->phase = (uint8_t)phase;
	b->at_ns = s->clock_ns; /* of its timeout */
	b->is_asked = false;
}

static void
wait_until_ready(struct sequencer *s, struct branch *b)
{
	channels_forget(s->p.channels, &command_of(s, b)->ready);
	to(s, b, TOLD_READY);
}

/* It provably was not started. */
static void
not_started(struct sequencer *s, struct branch *b, const char *why)
{
	tell(s, b, EVENT_SEQUENCE_COMMAND_FAILED, why);
	if (b->n_tries >= image_instr_at(s->img, b->pc)->retry) {
		to(s, b, TOLD_REFUSED);
		return;
	}
	b->n_tries++;
	wait_until_ready(s, b);
}

static int
put_name(const struct sequencer *s, const struct branch *b, const struct image_ins_command *c,
	union value *out, char text[VALUE_TEXT_MAX + 1], struct err *err)
{
	char name[EVENT_TEXT], *end;
	double v, at;

	sequence_text(s, image_instr_at(s->img, b->pc)->text, name, sizeof(name));
	if (image_channel_at(s->img, c->named)->type == VALUE_TEXT) {
		out->u = 0;
		return text_copy(text, VALUE_TEXT_MAX + 1, name)
			       ? 0
			       : err_set(err, ERR_REFUSED, 0,
					 "the name is longer than %d bytes; write a shorter one",
					 VALUE_TEXT_MAX);
	}
	text[0] = '\0';
	v = strtod(name, &end);
	if (end == name || *end != '\0' || !isfinite(v))
		return err_set(err, ERR_REFUSED, 0,
			"'%.40s' is no number, and its device takes one as the name", name);
	return output_raw_at(s->img, c->named, v, out, &at, err);
}

/* One write, of the name or of the start. What becomes of it may be told before the call is back. */
static void
send(struct sequencer *s, struct branch *b, enum told_phase phase)
{
	const struct image_ins_command *c = command_of(s, b);
	uint32_t channel = phase == TOLD_NAMING ? c->named : c->channel;
	char text[VALUE_TEXT_MAX + 1] = "";
	union value v = { 0 };
	struct err err;
	double at;
	int rc = phase == TOLD_NAMING ? put_name(s, b, c, &v, text, &err)
				      : output_raw_at(s->img, channel, c->value, &v, &at, &err);

	to(s, b, phase);
	b->tag = ++s->tag;
	if (rc >= 0)
		rc = s->sink.write_once(s->sink.ctx, image_channel_at(s->img, channel)->source,
			b->tag, v, text, &err);
	if (rc < 0)
		not_started(s, b, err.msg);
}

static void
start(struct sequencer *s, struct branch *b)
{
	const struct image_ins_command *c = command_of(s, b);
	struct err err;

	/* The bench may have changed while the disk was at work. */
	if (c->ready.n_ops > 0 && sequence_truth(s, &c->ready) != TRUTH_TRUE) {
		tell(s, b, EVENT_SEQUENCE_COMMAND_FAILED, "not ready any more; nothing was sent");
		wait_until_ready(s, b);
	} else if (trips_allow_channel(s->p.trips, c->channel, c->value, &err) < 0) {
		not_started(s, b, err.msg);
	} else {
		send(s, b,
			c->named != IMAGE_NONE && image_instr_at(s->img, b->pc)->text != 0
				? TOLD_NAMING
				: TOLD_STARTING);
	}
}

static enum pace
intend(struct sequencer *s, uint32_t branch, const struct image_instr *in)
{
	struct branch *b = &s->branches[branch];
	struct event e;

	if (!b->is_asked) {
		e = event_of(s, b, EVENT_SEQUENCE_COMMAND);
		sequence_text(s, in->text, e.text, sizeof(e.text));
		b->event = s->sink.intent(s->sink.ctx, &e);
		b->asked_ns = s->now_ns;
		b->is_asked = true;
	}
	switch (s->sink.recorded(s->sink.ctx, b->event, b->asked_ns, s->now_ns)) {
	case COMMAND_RECORD_WAITS:
		break;
	case COMMAND_RECORD_FAILED:
		to(s, b, TOLD_READY);
		return sequence_fail_at(s, branch, in,
			"it could not be recorded on the disk; make room on it, then RESUME");
	case COMMAND_RECORDED:
		start(s, b);
		break;
	}
	return PACE_STAYS;
}

static void
settle_start(struct sequencer *s, struct branch *b, enum link_once once, const char *why)
{
	if (once == LINK_ONCE_DONE) {
		tell(s, b, EVENT_SEQUENCE_COMMAND_SENT, "");
		channels_forget(s->p.channels, &command_of(s, b)->started);
		channels_forget(s->p.channels, &command_of(s, b)->done);
		to(s, b, TOLD_TAKEN);
	} else if (once == LINK_ONCE_NOT) {
		not_started(s, b, why);
	} else {
		char text[EVENT_TEXT];

		snprintf(text, sizeof(text), "nobody knows whether it was started: %.60s", why);
		tell(s, b, EVENT_SEQUENCE_COMMAND_FAILED, text);
		to(s, b, TOLD_UNSURE);
	}
}

void
sequencer_once(struct sequencer *s, uint32_t tag, enum link_once once, enum quality verdict,
	int64_t now_ns)
{
	const char *why = quality_row(verdict)->text_en;

	s->now_ns = now_ns;
	if (!sequencer_is_active(s))
		return;
	for (uint32_t i = 0; i < SEQUENCE_BRANCHES_MAX; i++) {
		struct branch *b = &s->branches[i];

		if (!is_command(s, b) || b->tag != tag)
			continue;
		if (b->phase == TOLD_STARTING)
			settle_start(s, b, once, why);
		else if (b->phase == TOLD_NAMING && once != LINK_ONCE_DONE)
			not_started(s, b, why);
		else if (b->phase == TOLD_NAMING && sequence_is_going(s))
			send(s, b, TOLD_STARTING);
		else if (b->phase == TOLD_NAMING)
			not_started(s, b, "it was held before it was started");
		return;
	}
}

/* ---- its end ------------------------------------------------------------------------------------------------------------- */

static void
watch(struct sequencer *s, struct branch *b)
{
	const struct image_ins_command *c = command_of(s, b);
	enum truth done = sequence_truth(s, &c->done);
	bool is_seen = c->started.n_ops > 0 && sequence_truth(s, &c->started) == TRUTH_TRUE;

	if (b->phase == TOLD_TAKEN && (is_seen || done == TRUTH_FALSE))
		b->phase = TOLD_AT_WORK; /* its timeout goes on */
	if (b->phase != TOLD_AT_WORK || done != TRUTH_TRUE)
		return;
	b->phase = TOLD_OVER;
	tell(s, b, EVENT_SEQUENCE_COMMAND_DONE, "");
}

void
sequence_watch_commands(struct sequencer *s)
{
	for (uint32_t i = 0; i < SEQUENCE_BRANCHES_MAX; i++) {
		struct branch *b = &s->branches[i];

		if (is_command(s, b) && (b->phase == TOLD_TAKEN || b->phase == TOLD_AT_WORK))
			watch(s, b);
	}
}

/* ---- what nobody knows --------------------------------------------------------------------------------------------------- */

static enum pace
take_answer(struct sequencer *s, struct branch *b, const struct image_instr *in)
{
	char answer[COMMAND_VALUE];

	sequence_take_reply(s, in, answer);
	if (strcmp(answer, "abort") == 0) {
		sequence_abort(s, "the answer was abort", s->run);
		return PACE_STAYS;
	}
	if (strcmp(answer, "done") == 0) {
		tell(s, b, EVENT_SEQUENCE_COMMAND_DONE, "a person says so");
		b->phase = TOLD_READY;
		return PACE_NEXT;
	}
	b->n_tries = 0;
	wait_until_ready(s, b);
	return PACE_STAYS;
}

void
sequence_command_question(const struct sequencer *s, const struct branch *b, char *out, size_t cap)
{
	char name[EVENT_TEXT];

	sequence_text(s, image_instr_at(s->img, b->pc)->text, name, sizeof(name));
	snprintf(out, cap, "%.60s%s%.50s: was it done?", image_text(s->img, command_of(s, b)->name),
		name[0] == '\0' ? "" : " ", name);
}

void
sequence_command_waiting(const struct sequencer *s, const struct branch *b, char *out, size_t cap)
{
	static const char *const until[TOLD_PHASES] = { [TOLD_READY] = "until it is ready",
		[TOLD_INTENT] = "until its start is recorded",
		[TOLD_NAMING] = "until it has its name",
		[TOLD_STARTING] = "until it takes the start",
		[TOLD_TAKEN] = "until it is at work",
		[TOLD_AT_WORK] = "until it is done",
		[TOLD_OVER] = "it is done",
		[TOLD_REFUSED] = "it could not be started",
		[TOLD_LATE] = "it was not done in time",
		[TOLD_UNSURE] = "was it done?" };
	char name[EVENT_TEXT];

	sequence_text(s, image_instr_at(s->img, b->pc)->text, name, sizeof(name));
	snprintf(out, cap, "%.30s%s%.30s: %s", image_text(s->img, command_of(s, b)->name),
		name[0] == '\0' ? "" : " ", name, until[b->phase]);
}

static enum pace
ask(struct sequencer *s, uint32_t branch, const struct image_instr *in)
{
	struct branch *b = &s->branches[branch];

	if (s->asking == IMAGE_NONE) {
		b->at_ns = s->clock_ns;
		s->asking = b->pc;
		s->reply[0] = '\0';
		sequence_command_question(s, b, s->reason, sizeof(s->reason));
		s->asked = sequence_tell(
			s, EVENT_SEQUENCE_ASKS, b->event != 0 ? b->event : s->run, "%s", s->reason);
	}
	if (s->asking != b->pc) {
		b->at_ns = s->clock_ns; /* one question at a time */
		return PACE_STAYS;
	}
	if (s->reply[0] != '\0')
		return take_answer(s, b, in);
	if (s->clock_ns - b->at_ns < b->span_ns)
		return PACE_STAYS;
	s->asking = IMAGE_NONE;
	wish(s, branch, "is not known to be done, and nobody answered");
	return PACE_STAYS;
}

void
sequence_command_left(struct sequencer *s, uint32_t branch)
{
	struct branch *b = &s->branches[branch];

	if (!is_command(s, b))
		return;
	if (s->asking == b->pc)
		s->asking = IMAGE_NONE;
	if (b->phase >= TOLD_NAMING && b->phase <= TOLD_AT_WORK)
		tell(s, b, EVENT_SEQUENCE_COMMAND_FAILED,
			"the sequence does not wait for its end any more");
	else if (b->phase == TOLD_INTENT && b->is_asked)
		tell(s, b, EVENT_SEQUENCE_COMMAND_FAILED, "the sequence left it; nothing was sent");
	b->phase = TOLD_READY;
}

bool
sequence_command_resumed(struct sequencer *s, uint32_t branch)
{
	struct branch *b = &s->branches[branch];

	if (!is_command(s, b))
		return false;
	if (b->phase == TOLD_READY || b->phase == TOLD_REFUSED) {
		b->phase = TOLD_READY;
		return false;
	}
	if (b->phase == TOLD_LATE || b->phase == TOLD_UNSURE)
		to(s, b, TOLD_UNSURE);
	return true;
}

void
sequence_commands_restored(struct sequencer *s)
{
	for (uint32_t i = 0; i < SEQUENCE_BRANCHES_MAX; i++) {
		struct branch *b = &s->branches[i];

		if (!is_command(s, b) || b->phase < TOLD_INTENT || b->phase > TOLD_STARTING)
			continue;
		tell(s, b, EVENT_SEQUENCE_COMMAND_FAILED,
			"nobody knows whether it was started: the controller died");
		to(s, b, TOLD_UNSURE);
	}
}

/* ---- the statement ------------------------------------------------------------------------------------------------------- */

static bool
begin(struct sequencer *s, uint32_t branch, const struct image_instr *in)
{
	struct branch *b = &s->branches[branch];

	if (!sequence_begin_wait(s, branch, in))
		return false;
	b->n_tries = 0;
	b->event = 0;
	wait_until_ready(s, b);
	return true;
}

static void
wait_for_start(struct sequencer *s, uint32_t branch)
{
	struct branch *b = &s->branches[branch];
	const struct image_ins_command *c = command_of(s, b);

	if (c->ready.n_ops == 0 || sequence_truth(s, &c->ready) == TRUTH_TRUE)
		to(s, b, TOLD_INTENT); /* which is asked for once this is recorded */
	else if (s->clock_ns - b->at_ns >= b->timeout_ns)
		wish(s, branch, "was not ready in time");
}

static void
wait_for_end(struct sequencer *s, uint32_t branch)
{
	struct branch *b = &s->branches[branch];

	if (s->clock_ns - b->at_ns < b->span_ns)
		return;
	tell(s, b, EVENT_SEQUENCE_COMMAND_FAILED,
		b->phase == TOLD_TAKEN ? "it was taken, and was not seen at work in time"
				       : "it was not done in time");
	to(s, b, TOLD_LATE);
	wish(s, branch, "was not done in time");
}

enum pace
sequence_command(struct sequencer *s, uint32_t branch, const struct image_instr *in)
{
	struct branch *b = &s->branches[branch];

	if (!b->is_begun && !begin(s, branch, in))
		return sequence_fail_at(s, branch, in, "its time has no value now");
	switch ((enum told_phase)b->phase) {
	case TOLD_READY:
		wait_for_start(s, branch);
		break;
	case TOLD_INTENT:
		return intend(s, branch, in);
	case TOLD_TAKEN:
	case TOLD_AT_WORK:
		wait_for_end(s, branch);
		break;
	case TOLD_OVER:
		b->phase = TOLD_READY;
		return PACE_NEXT;
	case TOLD_REFUSED:
		wish(s, branch, "could not be started");
		break;
	case TOLD_LATE:
		wish(s, branch, "was not done in time");
		break;
	case TOLD_UNSURE:
		return ask(s, branch, in);
	case TOLD_NAMING: /* sequencer_once(); a link that a reload has replaced may have had no word for it */
	case TOLD_STARTING:
		if (s->clock_ns - b->at_ns >= b->span_ns)
			settle_start(s, b, LINK_ONCE_UNKNOWN, "nothing was heard of it");
		break;
	case TOLD_PHASES:
		break;
	}
	return PACE_STAYS;
}
