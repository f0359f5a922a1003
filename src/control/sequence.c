/* sequence.c - the sequence under test: states, steps, the tick */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "control/sequence_inside.h"

#define LOST_NS (5 * NS_PER_S) /* a device that is silent for longer holds a ramp */

struct sequencer *
sequencer_new(
	const struct sequencer_parts *parts, const struct sequencer_sink *sink, int64_t now_ns)
{
	struct sequencer *s = mem_zero(1, sizeof(*s));

	s->p = *parts;
	s->sink = *sink;
	s->img = parts->img;
	s->index = s->form.index = IMAGE_NONE;
	s->grips = mem_zero(s->img->outputs.n, sizeof(*s->grips));
	s->watches = mem_zero(s->img->guards.n, sizeof(*s->watches));
	sequence_see_new(s);
	sequence_know_shape(s);
	s->held_action = s->goto_step = s->asking = s->aborting_to = IMAGE_NONE;
	s->held_branch = NO_BRANCH;
	s->now_ns = s->ticked_ns = now_ns;
	sequence_show(s);
	return s;
}

void
sequencer_free(struct sequencer *s)
{
	if (s == NULL)
		return;
	free(s->grips);
	free(s->watches);
	free(s->seen);
	free(s);
}

bool
sequencer_is_active(const struct sequencer *s)
{
	return s->seq != NULL && s->state != SEQUENCE_IDLE && s->state != SEQUENCE_STOPPED &&
	       s->state != SEQUENCE_ABORTED && s->state != SEQUENCE_COMPLETE;
}

uint32_t
sequencer_current(const struct sequencer *s)
{
	return s->index;
}

enum sequence_state
sequencer_state(const struct sequencer *s)
{
	return sequencer_is_standing(s) ? SEQUENCE_HELD : s->state;
}

uint64_t
sequence_hold(const struct sequencer *s)
{
	return s->state == SEQUENCE_HELD && !s->is_standing ? s->reason_event : 0;
}

/* ---- terms --------------------------------------------------------------------------------------------------------------- */

struct channel_slots
sequence_slots(const struct sequencer *s)
{
	return (struct channel_slots){ s->slots, s->seq == NULL ? 0 : s->seq->n_slots };
}

enum truth
sequence_truth(struct sequencer *s, const struct image_cond *cond)
{
	struct channel_slots slots = sequence_slots(s);
	struct expr_result r;

	channels_evaluate(s->p.channels, cond, &slots, s->now_ns, &r);
	return r.truth;
}

bool
sequence_number(struct sequencer *s, const struct image_cond *cond, double *out)
{
	struct channel_slots slots = sequence_slots(s);
	struct expr_result r;

	if (cond->n_ops == 0)
		return false;
	channels_evaluate(s->p.channels, cond, &slots, s->now_ns, &r);
	*out = r.number;
	return !quality_is_bad(r.quality) && isfinite(r.number);
}

bool
sequence_span(struct sequencer *s, const struct image_cond *cond, int64_t *out)
{
	double v;

	if (!sequence_number(s, cond, &v))
		return false;
	*out = v <= 0 ? 0 : v > 1e9 ? INT64_C(1000000000) * NS_PER_S : llround(v * 1e9);
	return true;
}

/* ---- states -------------------------------------------------------------------------------------------------------------- */

bool
sequence_is_going(const struct sequencer *s)
{
	return !s->is_standing &&
	       (s->state == SEQUENCE_RUNNING || s->state == SEQUENCE_STOPPING ||
		       (s->state == SEQUENCE_ABORTING && s->aborting_to == IMAGE_NONE));
}

void
sequence_enter(struct sequencer *s, enum sequence_state state)
{
	uint32_t n;
	const char *const *words = image_state_words(STATE_SEQUENCE, &n);

	if (s->state == state)
		return;
	s->state = state;
	sequence_tell(s, EVENT_SEQUENCE_STATE, s->reason_event != 0 ? s->reason_event : s->run,
		"%s", words[state]);
}

/* It is over: what it had stays where it is, in manual; what protection has stays with that. */
void
sequence_end(struct sequencer *s, enum sequence_state state)
{
	sequence_drop_branches(s);
	for (uint32_t i = 0; i < s->img->outputs.n; i++) {
		if (!s->grips[i].is_used)
			continue;
		s->grips[i] = (struct grip){ .branch = NO_BRANCH };
		if (outputs_owner(s->p.outputs, i) == OWNER_SEQUENCE)
			outputs_release(s->p.outputs, i, OWNER_SEQUENCE, s->now_ns);
	}
	s->asking = s->held_action = s->goto_step = s->aborting_to = IMAGE_NONE;
	s->held_branch = NO_BRANCH;
	s->is_safe = s->is_stopping = s->is_standing = false;
	if (state == SEQUENCE_COMPLETE || state == SEQUENCE_STOPPED)
		sequence_tell_records(s); /* one that is aborted was to stop none */
	sequence_enter(s, state);
}

bool
sequence_may_enter(struct sequencer *s, uint32_t step, bool is_next, char *why, size_t cap)
{
	const struct image_seq_step *d = image_seq_step_at(s->img, step);

	if (d->entry == SEQUENCE_ENTRY_ALWAYS || (d->entry == SEQUENCE_ENTRY_NONE && is_next))
		return true;
	if (d->entry == SEQUENCE_ENTRY_NONE) {
		snprintf(why, cap,
			"step %u has no entry, it is reached from the one before it only",
			d->number);
		return false;
	}
	if (sequence_truth(s, &d->when) == TRUTH_TRUE)
		return true;
	snprintf(why, cap, "entry of step %u is not true: %.80s", d->number,
		image_text(s->img, d->when.text));
	return false;
}

void
sequence_begin_step(struct sequencer *s, uint32_t step, uint64_t cause)
{
	const struct image_seq_step *d = image_seq_step_at(s->img, step);
	struct event e = { .kind = EVENT_SEQUENCE_STEP, .cause = cause };

	sequence_drop_branches(s);
	s->step = step;
	s->step_clock_ns = s->clock_ns;
	s->branches[0] = (struct branch){
		.is_used = true, .parent = NO_BRANCH, .pc = d->first_instr, .at_ns = s->clock_ns
	};
	sequence_plan(s);
	e.n_values = 1;
	e.values[0] = (double)s->step_plan_ns / 1e9;
	snprintf(e.text, sizeof(e.text), "%u %.90s", d->number, image_text(s->img, d->title));
	s->visit = sequence_tell_event(s, &e);
}

void
sequence_next_step(struct sequencer *s, uint64_t cause)
{
	uint32_t next = s->step + 1;
	char why[EVENT_TEXT];

	sequence_drop_branches(s);
	if (next >= s->seq->first_step + s->seq->n_steps) {
		sequence_end(s, s->state == SEQUENCE_ABORTING ? SEQUENCE_ABORTED
				: s->is_stopping              ? SEQUENCE_STOPPED
							      : SEQUENCE_COMPLETE);
		return;
	}
	if (sequence_may_enter(s, next, true, why, sizeof(why))) {
		sequence_begin_step(s, next, cause);
		return;
	}
	/* An end that leads to nothing would be no end. */
	if (s->state == SEQUENCE_ABORTING) {
		sequence_to_safe(s, s->img->on_stop, OWNER_SAFE_STATE, why, cause);
		return;
	}
	s->goto_step = next;
	sequence_freeze(s);
	sequence_hold_now(s, HELD_BY_ACTION, NO_BRANCH, IMAGE_NONE, why, cause);
}

/* ---- the tick ------------------------------------------------------------------------------------------------------------ */

/* Where outputs are while they are its own: there they come back to when a safe state has taken them. */
static void
note_places(struct sequencer *s)
{
	double working;

	if (s->state == SEQUENCE_ABORTING && s->aborting_to != IMAGE_NONE)
		return;
	for (uint32_t i = 0; i < s->img->outputs.n; i++) {
		struct grip *g = &s->grips[i];
		enum output_owner owner = outputs_owner(s->p.outputs, i);

		if (!g->is_used)
			continue;
		if (owner == OWNER_SEQUENCE && outputs_working(s->p.outputs, i, &working)) {
			if (s->state == SEQUENCE_RESTARTING &&
				(working < g->was || working > g->was))
				s->held_ns = s->now_ns; /* it is on its way: that is no hold */
			g->was = working;
		}
		if (owner == OWNER_SAFE_STATE && isnan(g->paused))
			g->paused = g->was;
	}
}

/* Protection has taken something that it writes, or a person has. */
static void
look_at_owners(struct sequencer *s)
{
	char why[EVENT_TEXT];

	if (s->state == SEQUENCE_ABORTING && s->aborting_to != IMAGE_NONE)
		return;
	for (uint32_t i = 0; i < s->img->outputs.n; i++) {
		enum output_owner owner = outputs_owner(s->p.outputs, i);
		const char *name = image_text(s->img,
			image_channel_at(s->img, image_output_at(s->img, i)->channel)->name);

		if (!s->grips[i].is_used || owner == OWNER_SEQUENCE)
			continue;
		if (owner == OWNER_TRIP) {
			sequencer_give_up(s, "a trip has taken its outputs", 0, s->now_ns);
			return;
		}
		if (s->state == SEQUENCE_HELD || s->state == SEQUENCE_HOLDING ||
			s->state == SEQUENCE_RESTARTING)
			continue;
		snprintf(why, sizeof(why), "%.60s was taken by %s", name,
			owner == OWNER_SAFE_STATE ? "a safe state" : "a person");
		if (s->state == SEQUENCE_ABORTING || s->state == SEQUENCE_STOPPING) {
			uint32_t held = safe_held(s->p.safe);

			sequence_to_safe(s, held != IMAGE_NONE ? held : s->img->on_stop,
				OWNER_SAFE_STATE, why, 0);
			return;
		}
		sequence_freeze(s);
		sequence_hold_now(s,
			owner == OWNER_SAFE_STATE ? HELD_BY_PROTECTION : HELD_BY_FAILURE, NO_BRANCH,
			IMAGE_NONE, why, 0);
		return;
	}
}

/* A ramp whose device has gone would never come to its end, and nobody would hear of it. */
static void
look_at_devices(struct sequencer *s)
{
	char why[EVENT_TEXT];

	for (uint32_t i = 0; i < s->img->outputs.n && s->state == SEQUENCE_RUNNING; i++) {
		struct grip *g = &s->grips[i];

		if (!g->is_used || !g->is_moving || outputs_has_arrived(s->p.outputs, i) ||
			!outputs_is_lost(s->p.outputs, i)) {
			g->lost_ns = 0;
			continue;
		}
		if (g->lost_ns == 0)
			g->lost_ns = s->now_ns;
		if (s->now_ns - g->lost_ns < LOST_NS)
			continue;
		snprintf(why, sizeof(why), "%.60s does not answer, in the middle of its ramp",
			image_text(s->img,
				image_channel_at(s->img, image_output_at(s->img, i)->channel)
					->name));
		g->lost_ns = 0;
		sequence_freeze(s);
		sequence_hold_now(s, HELD_BY_FAILURE, NO_BRANCH, IMAGE_NONE, why, 0);
	}
}

/* What an interlock has stopped on its way stands still as if it had arrived, and its order was settled long before. */
static void
look_at_interlocks(struct sequencer *s)
{
	char why[EVENT_TEXT];

	for (uint32_t i = 0; i < s->img->outputs.n && sequence_is_going(s); i++) {
		const struct grip *g = &s->grips[i];
		double target;

		if (!g->is_used || !g->is_moving ||
			outputs_owner(s->p.outputs, i) != OWNER_SEQUENCE ||
			!outputs_is_forbidden(s->p.outputs, i) ||
			(outputs_target(s->p.outputs, i, &target) && target >= g->target &&
				target <= g->target))
			continue;
		snprintf(why, sizeof(why), "%.60s was stopped on its way by an interlock",
			image_text(s->img,
				image_channel_at(s->img, image_output_at(s->img, i)->channel)
					->name));
		(void)sequence_fail(s, NO_BRANCH, why, outputs_cause(s->p.outputs, i));
	}
}

static void
look_at_safe_state(struct sequencer *s)
{
	enum safe_phase phase = safe_phase_of(s->p.safe, s->aborting_to);

	if (phase == SAFE_REACHED || phase == SAFE_NOT_CONFIRMED || phase == SAFE_IDLE)
		sequence_end(s, SEQUENCE_ABORTED);
}

void
sequencer_tick(struct sequencer *s, int64_t now_ns)
{
	int64_t gone_ns = now_ns - s->ticked_ns;

	s->now_ns = s->ticked_ns = now_ns;
	if (!sequencer_is_active(s) || s->is_standing) {
		if (s->img->sequences.n > 0)
			sequence_show(s);
		return;
	}
	if (sequence_is_going(s))
		s->clock_ns += gone_ns;
	sequence_note_lasts(s);
	sequence_see(s);
	note_places(s);
	look_at_owners(s);
	look_at_devices(s);
	look_at_interlocks(s);
	if (s->state == SEQUENCE_HOLDING)
		sequence_enter(s, SEQUENCE_HELD);
	else if (s->state == SEQUENCE_RESTARTING && sequence_come_back(s))
		sequence_thaw(s, s->reason_event);
	if (sequencer_is_active(s)) {
		sequence_watch_commands(s);
		sequence_look_at_guards(s);
		if (!sequence_do_wish(s) && sequence_is_going(s)) {
			sequence_run(s);
			sequence_do_wish(s);
		} else if (s->state == SEQUENCE_HELD || s->state == SEQUENCE_RESTARTING) {
			sequence_look_while_held(s);
		} else if (s->state == SEQUENCE_ABORTING && s->aborting_to != IMAGE_NONE) {
			look_at_safe_state(s);
		}
	}
	sequence_show(s);
}

/* ---- what others say ----------------------------------------------------------------------------------------------------- */

void
sequencer_settled(struct sequencer *s, uint32_t output, uint64_t cause, enum verdict verdict,
	const char *text, int64_t now_ns)
{
	struct grip *g = &s->grips[output];
	char why[EVENT_TEXT];

	s->now_ns = now_ns;
	if (g->cause == 0 || cause != g->cause || !sequencer_is_active(s))
		return;
	g->cause = 0;
	if (verdict == VERDICT_VERIFIED || verdict == VERDICT_ACCEPTED || s->is_standing ||
		(!sequence_is_going(s) && s->state != SEQUENCE_RESTARTING))
		return;
	snprintf(why, sizeof(why), "%.40s was not taken: %.70s",
		image_text(s->img,
			image_channel_at(s->img, image_output_at(s->img, output)->channel)->name),
		text);
	if (s->state == SEQUENCE_ABORTING) {
		sequence_to_safe(s, s->img->on_stop, OWNER_SAFE_STATE, why, cause);
		return;
	}
	sequence_freeze(s);
	sequence_hold_now(s, HELD_BY_FAILURE,
		s->state == SEQUENCE_RESTARTING ? s->held_branch : NO_BRANCH, IMAGE_NONE, why,
		cause);
}

void
sequencer_give_up(struct sequencer *s, const char *why, uint64_t cause, int64_t now_ns)
{
	s->now_ns = now_ns;
	if (!sequencer_is_active(s))
		return;
	if (s->is_standing)
		sequence_tell_interruption(s, "given up");
	text_copy(s->reason, sizeof(s->reason), why);
	s->reason_event = sequence_tell(s, EVENT_SEQUENCE_ABORTED, cause, "%s", why);
	sequence_end(s, SEQUENCE_ABORTED);
}
