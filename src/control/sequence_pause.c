/* sequence_pause.c - outputs stop where they are, take their safe values, and come back */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "control/sequence_inside.h"

void
sequence_freeze(struct sequencer *s)
{
	struct err err;
	double working;

	for (uint32_t i = 0; i < s->img->outputs.n; i++) {
		struct grip g = s->grips[i];

		if (!g.is_used || !g.is_moving ||
			outputs_owner(s->p.outputs, i) != OWNER_SEQUENCE ||
			outputs_has_arrived(s->p.outputs, i) ||
			!outputs_where(s->p.outputs, i, &working))
			continue;
		if (sequence_order(s, i, working, -1, 0, 0, &err) < 0)
			sequence_tell(s, EVENT_SEQUENCE_NOTE, s->run, "%.100s", err.msg);
		s->grips[i] = g; /* where it is to go is kept for RESUME */
	}
}

static bool
is_there(const struct sequencer *s, uint32_t i)
{
	double target;

	return outputs_target(s->p.outputs, i, &target) && target >= s->grips[i].target &&
	       target <= s->grips[i].target && outputs_has_arrived(s->p.outputs, i) &&
	       outputs_is_confirmed(s->p.outputs, i);
}

/* It is asked once more for what it was on its way to; what is there, and read back, is not written again. */
void
sequence_move_on(struct sequencer *s, uint32_t i, uint64_t cause)
{
	struct grip *g = &s->grips[i];
	uint32_t branch = g->branch;
	struct err err;

	if (!g->is_moving || outputs_owner(s->p.outputs, i) != OWNER_SEQUENCE || is_there(s, i))
		return;
	if (sequence_order(s, i, g->target, g->ramp, g->holdback, 0, &err) < 0) {
		sequence_hold_now(s, HELD_BY_FAILURE, s->held_branch, IMAGE_NONE, err.msg, cause);
		return;
	}
	g->branch = branch;
}

void
sequence_stay(struct sequencer *s)
{
	double target;

	for (uint32_t i = 0; i < s->img->outputs.n; i++)
		if (s->grips[i].is_used && s->grips[i].is_moving &&
			outputs_target(s->p.outputs, i, &target))
			s->grips[i].target = target;
}

void
sequence_look_anew(struct sequencer *s)
{
	for (uint32_t i = 0; i < SEQUENCE_BRANCHES_MAX; i++) {
		const struct branch *b = &s->branches[i];
		const struct image_instr *in = b->is_used ? image_instr_at(s->img, b->pc) : NULL;

		if (in == NULL || !b->is_begun)
			continue;
		if (in->op == SEQUENCE_OP_STABLE)
			stable_begin(&s->stables[i], b->span_ns, s->now_ns);
		else if (in->op == SEQUENCE_OP_UNTIL)
			channels_forget(s->p.channels, &in->cond);
	}
}

/* The statement that held it begins anew, with fresh clocks; branches that are under way go on. */
static void
begin_anew(struct sequencer *s, uint32_t branch)
{
	struct branch *b = branch == NO_BRANCH ? NULL : &s->branches[branch];

	if (b == NULL || !b->is_used || sequence_command_resumed(s, branch))
		return;
	if (!b->is_waiting)
		b->is_begun = b->is_asked = false;
	b->at_ns = s->clock_ns;
}

void
sequence_thaw(struct sequencer *s, uint64_t cause)
{
	uint32_t step = s->goto_step, branch = s->held_branch;

	s->held_action = s->goto_step = IMAGE_NONE;
	s->held_branch = NO_BRANCH;
	s->is_safe = false;
	s->reason[0] = '\0';
	for (uint32_t i = 0; i < s->img->outputs.n; i++)
		s->grips[i].paused = (double)NAN;
	sequence_enter(s, s->is_stopping ? SEQUENCE_STOPPING : SEQUENCE_RUNNING);
	s->reason_event = 0;
	if (step != IMAGE_NONE) {
		bool is_next = step == s->step + 1;

		sequence_begin_step(s, step, cause);
		if (!is_next) {
			sequence_stay(s);
			return;
		}
	} else {
		begin_anew(s, branch);
		sequence_look_anew(s);
	}
	for (uint32_t i = 0; i < s->img->outputs.n && sequence_is_going(s); i++)
		sequence_move_on(s, i, cause);
}

/* The order in which outputs come back from their safe values: what makes inert first, what burns and poisons last. */
static uint32_t
turn_of(const struct sequencer *s, uint32_t output)
{
	static const uint8_t turns[HAZARDS] = { [HAZARD_INERT] = 0,
		[HAZARD_NONE] = 1,
		[HAZARD_PRESSURE] = 1,
		[HAZARD_OXIDANT] = 2,
		[HAZARD_HEAT] = 2,
		[HAZARD_FUEL] = 3,
		[HAZARD_TOXIC] = 3 };

	return turns[image_output_at(s->img, output)->hazard];
}

#define TURNS 4

static bool
is_back(const struct sequencer *s, uint32_t i)
{
	return isnan(s->grips[i].paused) ||
	       (outputs_has_arrived(s->p.outputs, i) && outputs_is_confirmed(s->p.outputs, i));
}

bool
sequence_come_back(struct sequencer *s)
{
	struct err err;

	for (;;) {
		for (uint32_t i = 0; i < s->img->outputs.n && s->order > 0; i++)
			if (s->grips[i].is_used && turn_of(s, i) < s->order && !is_back(s, i))
				return false;
		if (s->order == TURNS)
			return true;
		for (uint32_t i = 0; i < s->img->outputs.n; i++) {
			struct grip g = s->grips[i];

			if (!g.is_used || isnan(g.paused) || turn_of(s, i) != s->order)
				continue;
			if (sequence_order(s, i, g.paused, -1, 0, 0, &err) < 0) {
				sequence_hold_now(s, HELD_BY_FAILURE, s->held_branch, IMAGE_NONE,
					err.msg, s->reason_event);
				return false;
			}
			g.cause = s->grips[i].cause;
			s->grips[i] = g;
		}
		s->order++;
	}
}
