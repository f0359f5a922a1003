/* sequence_act.c - actions: hold, skip, abort, trip, step; the guards and handlers that ask for them */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/sequence_inside.h"

#define UNKNOWN_NS (5 * NS_PER_S) /* a guard whose condition is unknown for longer acts */

/* ---- of what is asked for in a tick the strongest is done ---- */

static int
strength(const struct sequencer *s, uint32_t action)
{
	static const int order[] = { [SEQUENCE_TRIP] = 5,
		[SEQUENCE_ABORT] = 4,
		[SEQUENCE_GOTO] = 3,
		[SEQUENCE_HOLD] = 2,
		[SEQUENCE_SKIP] = 1 };

	return order[image_seq_action_at(s->img, action)->kind];
}

void
sequence_wish(
	struct sequencer *s, uint32_t action, uint32_t branch, uint32_t guard, const char *why)
{
	struct wish *w = &s->wish;

	if (w->is_any && strength(s, action) <= strength(s, w->action))
		return;
	*w = (struct wish){ .is_any = true, .action = action, .branch = branch, .guard = guard };
	text_copy(w->why, sizeof(w->why), why);
}

/* ---- doing it ------------------------------------------------------------------------------------------------------------ */

void
sequence_hold_now(struct sequencer *s, enum held_by by, uint32_t branch, uint32_t action,
	const char *why, uint64_t cause)
{
	text_copy(s->reason, sizeof(s->reason), why);
	s->reason_event = sequence_tell(s, EVENT_SEQUENCE_HELD, cause, "%s", why);
	s->held_by = by;
	s->held_ns = s->now_ns;
	s->held_branch = branch;
	s->held_action = action;
	if (action != IMAGE_NONE)
		channels_forget(s->p.channels, &image_seq_action_at(s->img, action)->until);
	sequence_enter(s, SEQUENCE_HOLDING);
}

void
sequence_to_safe(struct sequencer *s, uint32_t state, enum output_owner owner, const char *why,
	uint64_t cause)
{
	text_copy(s->reason, sizeof(s->reason), why);
	s->reason_event = sequence_tell(s, EVENT_SEQUENCE_ABORTED, cause, "%s", why);
	sequence_drop_branches(s);
	if (state == IMAGE_NONE) {
		sequence_freeze(s);
		sequence_end(s, SEQUENCE_ABORTED);
		return;
	}
	s->aborting_to = state;
	sequence_enter(s, SEQUENCE_ABORTING);
	if (owner == OWNER_TRIP || !safe_is_held(s->p.safe, state))
		safe_begin(s->p.safe, state, owner, s->reason_event, why, s->now_ns);
}

bool
sequence_is_in_safe_state(const struct sequencer *s)
{
	for (uint32_t i = 0; i < s->img->outputs.n; i++)
		if (s->grips[i].is_used && outputs_owner(s->p.outputs, i) == OWNER_SAFE_STATE)
			return safe_held(s->p.safe) != IMAGE_NONE;
	return false;
}

void
sequence_abort(struct sequencer *s, const char *why, uint64_t cause)
{
	uint32_t action = s->seq->on_abort, step;
	char refusal[EVENT_TEXT];

	/* No step leads to anything safer, nor could it write what the safe state has. */
	if (sequence_is_in_safe_state(s)) {
		sequence_to_safe(s, safe_held(s->p.safe), OWNER_SAFE_STATE, why, cause);
		return;
	}
	if (s->state == SEQUENCE_ABORTING || s->used_abort || action == IMAGE_NONE ||
		image_seq_action_at(s->img, action)->kind != SEQUENCE_GOTO) {
		bool is_trip = action != IMAGE_NONE && !s->used_abort &&
			       image_seq_action_at(s->img, action)->kind == SEQUENCE_TRIP;

		sequence_to_safe(s,
			is_trip ? image_seq_action_at(s->img, action)->target : s->img->on_stop,
			is_trip ? OWNER_TRIP : OWNER_SAFE_STATE, why, cause);
		return;
	}
	s->used_abort = true;
	step = image_seq_action_at(s->img, action)->target;
	if (!sequence_may_enter(s, step, false, refusal, sizeof(refusal))) {
		sequence_to_safe(s, s->img->on_stop, OWNER_SAFE_STATE, refusal, cause);
		return;
	}
	text_copy(s->reason, sizeof(s->reason), why);
	s->reason_event = sequence_tell(s, EVENT_SEQUENCE_ABORTS, cause, "%s", why);
	sequence_enter(s, SEQUENCE_ABORTING);
	sequence_begin_step(s, step, s->reason_event);
	sequence_stay(s);
}

static void
go_to_step(struct sequencer *s, uint32_t step, const char *why, uint64_t cause)
{
	char refusal[EVENT_TEXT];

	sequence_freeze(s);
	cause = sequence_tell(s, EVENT_SEQUENCE_NOTE, cause, "leads on to step %u: %.90s",
		image_seq_step_at(s->img, step)->number, why);
	if (sequence_may_enter(s, step, false, refusal, sizeof(refusal))) {
		sequence_begin_step(s, step, cause);
		sequence_stay(s);
		return;
	}
	if (s->state == SEQUENCE_ABORTING) {
		sequence_to_safe(s, s->img->on_stop, OWNER_SAFE_STATE, refusal, cause);
		return;
	}
	s->goto_step = step;
	sequence_hold_now(s, HELD_BY_ACTION, NO_BRANCH, IMAGE_NONE, refusal, cause);
}

/* A `hold` that is a statement is done by holding: RESUME goes on behind it. */
static void
pass_statement(struct sequencer *s, uint32_t branch)
{
	struct branch *b = branch == NO_BRANCH ? NULL : &s->branches[branch];

	if (b == NULL || !b->is_used || !sequence_is_going(s) ||
		image_instr_at(s->img, b->pc)->op != SEQUENCE_OP_ACT)
		return;
	b->pc++;
	b->is_begun = b->is_asked = false;
	b->at_ns = s->clock_ns;
}

static void
hold(struct sequencer *s, const struct image_seq_action *a, uint32_t action, uint32_t branch,
	const char *why, uint64_t cause)
{
	char text[EVENT_TEXT], both[EVENT_TEXT];

	sequence_text(s, a->text, text, sizeof(text));
	snprintf(both, sizeof(both), "%.60s%s%.60s", text, text[0] == '\0' ? "" : " - ", why);
	pass_statement(s, branch);
	sequence_freeze(s);
	sequence_hold_now(
		s, HELD_BY_ACTION, branch, a->until.n_ops > 0 ? action : IMAGE_NONE, both, cause);
}

static void
skip(struct sequencer *s, const struct image_seq_action *a, uint32_t branch, const char *why,
	uint64_t cause)
{
	char text[EVENT_TEXT];

	sequence_text(s, a->text, text, sizeof(text));
	cause = sequence_tell(s, EVENT_SEQUENCE_SKIPPED, cause, "%.60s%s%.60s", text,
		text[0] == '\0' ? "" : " - ", why);
	sequence_skip(s, branch, cause);
}

void
sequence_act(struct sequencer *s, uint32_t action, uint32_t branch, const char *why, uint64_t cause)
{
	const struct image_seq_action *a = image_seq_action_at(s->img, action);

	switch ((enum image_seq_action_kind)a->kind) {
	case SEQUENCE_TRIP:
		sequence_to_safe(s, a->target, OWNER_TRIP, why, cause);
		break;
	case SEQUENCE_ABORT:
		sequence_abort(s, why, cause);
		break;
	case SEQUENCE_GOTO:
		go_to_step(s, a->target, why, cause);
		break;
	case SEQUENCE_HOLD:
		if (s->state == SEQUENCE_ABORTING)
			sequence_to_safe(s, s->img->on_stop, OWNER_SAFE_STATE, why, cause);
		else
			hold(s, a, action, branch, why, cause);
		break;
	case SEQUENCE_SKIP:
		skip(s, a, branch, why, cause);
		break;
	case SEQUENCE_ACTIONS:
		break;
	}
}

bool
sequence_do_wish(struct sequencer *s)
{
	struct wish w = s->wish;
	uint64_t cause = s->run;

	if (!w.is_any)
		return false;
	s->wish.is_any = false;
	if (w.guard != IMAGE_NONE) {
		s->watches[w.guard].has_fired = true;
		cause = sequence_tell(s, EVENT_SEQUENCE_GUARD, s->run, "%s", w.why);
	}
	sequence_act(s, w.action, w.branch, w.why, cause);
	return true;
}

/* ---- guards -------------------------------------------------------------------------------------------------------------- */

static bool
is_in(const struct sequencer *s, const struct image_seq_guard *g)
{
	for (uint32_t i = 0; i < g->n_in; i++)
		if (image_seq_number(s->img, g->first_in + i) == s->step)
			return true;
	return g->n_in == 0;
}

/* Those that hold or lead elsewhere do not act while a handler brings the bench down, and not on what is held already. */
static bool
may_act(const struct sequencer *s, const struct image_seq_guard *g)
{
	const struct image_seq_action *a = image_seq_action_at(s->img, g->action);

	if (a->kind == SEQUENCE_TRIP)
		return true;
	if (s->state == SEQUENCE_ABORTING || s->is_stopping)
		return a->kind == SEQUENCE_ABORT && s->state != SEQUENCE_ABORTING;
	if (a->kind == SEQUENCE_ABORT)
		return true;
	if (a->kind == SEQUENCE_GOTO && a->target <= s->step)
		return false;
	return s->state == SEQUENCE_RUNNING;
}

static void
look_at_guard(struct sequencer *s, uint32_t i)
{
	const struct image_seq_guard *g = image_seq_guard_at(s->img, i);
	struct watch *w = &s->watches[i];
	enum truth truth = sequence_truth(s, &g->when);
	char why[EVENT_TEXT];

	if (truth != TRUTH_UNKNOWN)
		w->unknown_ns = 0;
	else if (w->unknown_ns == 0)
		w->unknown_ns = s->now_ns;
	if (truth == TRUTH_FALSE)
		w->has_fired = false;
	if (truth == TRUTH_FALSE || w->has_fired || !is_in(s, g) || !may_act(s, g) ||
		(truth == TRUTH_UNKNOWN && s->now_ns - w->unknown_ns < UNKNOWN_NS))
		return;
	snprintf(why, sizeof(why), "guard %.40s%s: %.60s", image_text(s->img, g->name),
		truth == TRUTH_UNKNOWN ? " is unknown" : "", image_text(s->img, g->when.text));
	sequence_wish(s, g->action, NO_BRANCH, i, why);
}

void
sequence_look_at_guards(struct sequencer *s)
{
	if (s->state == SEQUENCE_ABORTING && s->aborting_to != IMAGE_NONE)
		return;
	for (uint32_t i = s->seq->first_guard; i < s->seq->first_guard + s->seq->n_guards; i++)
		look_at_guard(s, i);
}

/* ---- while it is held ---------------------------------------------------------------------------------------------------- */

static void
look_until(struct sequencer *s, const struct image_seq_action *a)
{
	uint32_t then = image_seq_action_at(s->img, a->then)->kind, branch = s->held_branch;
	int64_t timeout_ns;

	if (sequence_truth(s, &a->until) == TRUTH_TRUE) {
		sequence_tell(s, EVENT_SEQUENCE_RESUMED, s->reason_event, "%.90s",
			image_text(s->img, a->until.text));
		sequence_thaw(s, s->reason_event);
		return;
	}
	if (!sequence_span(s, &a->timeout, &timeout_ns) || s->now_ns - s->held_ns < timeout_ns)
		return;
	s->held_action = IMAGE_NONE;
	if (then == SEQUENCE_SKIP || then == SEQUENCE_GOTO)
		sequence_thaw(s, s->reason_event); /* these lead on */
	sequence_wish(s, a->then, branch, IMAGE_NONE, "it was held for too long");
	sequence_do_wish(s);
}

void
sequence_look_while_held(struct sequencer *s)
{
	const struct image_seq_action *a;

	if (s->held_action != IMAGE_NONE && s->state == SEQUENCE_HELD) {
		look_until(s, image_seq_action_at(s->img, s->held_action));
		if (s->state != SEQUENCE_HELD)
			return;
	}
	if (s->seq->on_hold == IMAGE_NONE || s->now_ns - s->held_ns <= s->seq->on_hold_ns)
		return;
	/* A second time, in the steps of the handler: nobody is there. */
	if (s->used_hold) {
		sequence_to_safe(s, s->img->on_stop, OWNER_SAFE_STATE, "it was held for too long",
			s->reason_event);
		return;
	}
	s->used_hold = true;
	if (sequence_is_in_safe_state(s)) {
		sequence_to_safe(s, safe_held(s->p.safe), OWNER_SAFE_STATE,
			"it was held for too long", s->reason_event);
		return;
	}
	a = image_seq_action_at(s->img, s->seq->on_hold);
	if (a->kind == SEQUENCE_GOTO) {
		char refusal[EVENT_TEXT];

		if (!sequence_may_enter(s, a->target, false, refusal, sizeof(refusal))) {
			sequence_to_safe(
				s, s->img->on_stop, OWNER_SAFE_STATE, refusal, s->reason_event);
			return;
		}
		s->is_stopping = true;
		s->reason_event = sequence_tell(
			s, EVENT_SEQUENCE_STOPS, s->reason_event, "it was held for too long");
		sequence_enter(s, SEQUENCE_STOPPING);
		sequence_begin_step(s, a->target, s->reason_event);
		sequence_stay(s);
		return;
	}
	sequence_act(s, s->seq->on_hold, NO_BRANCH, "it was held for too long", s->reason_event);
}
