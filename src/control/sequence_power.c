/* sequence_power.c - the sequence after an outage: it stands, and its rows of power_loss say how it goes on */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/sequence_inside.h"

#define NOTE_NS NS_PER_S /* the journal has what last() says so often */
#define GOOD_NS                                                                                    \
	(10 * NS_PER_S) /* what was good longer before an outage is not what a channel was */

const char sequence_is_decided[] = "after an outage: it is decided how the bench goes on";

/* ---- what channels were -------------------------------------------------------------------------------------------------- */

static bool
is_last(const struct sequencer *s, uint32_t i)
{
	return image_slot_at(s->img, s->seq->first_slot + i)->role == SLOT_LAST;
}

static void
fill_lasts(struct sequencer *s, int64_t from_ns)
{
	for (uint32_t i = 0; i < s->seq->n_slots; i++)
		if (is_last(s, i))
			s->slots[i] =
				s->lasts[i].good_ns != 0 && from_ns - s->lasts[i].good_ns <= GOOD_NS
					? s->lasts[i].number
					: (double)NAN;
}

void
sequence_note_lasts(struct sequencer *s)
{
	if (s->seq->n_rows == 0)
		return;
	for (uint32_t i = 0; i < s->seq->n_slots; i++) {
		uint32_t channel = image_slot_at(s->img, s->seq->first_slot + i)->first;
		enum quality quality;
		int64_t stamp_ns;
		double v;

		if (!is_last(s, i))
			continue;
		channels_look(s->p.channels, channel, &v, &quality, &stamp_ns);
		if (!quality_is_bad(quality) && isfinite(v))
			s->lasts[i] = (struct seq_last){ v, s->now_ns };
	}
	if (s->now_ns - s->lasts_ns < NOTE_NS)
		return;
	s->lasts_ns = s->now_ns;
	fill_lasts(s, s->now_ns);
}

/* ---- standing ------------------------------------------------------------------------------------------------------------ */

bool
sequencer_uses(const struct sequencer *s, uint32_t output)
{
	return sequencer_is_active(s) && s->grips[output].is_used;
}

void
sequencer_stand(struct sequencer *s, int64_t from_ns, int64_t now_ns)
{
	if (!sequencer_is_active(s))
		return;
	s->now_ns = now_ns;
	if (s->is_standing) {
		s->stood_ns = from_ns == NEVER || s->stood_ns == NEVER ? NEVER
								       : MIN(s->stood_ns, from_ns);
		return;
	}
	s->is_standing = true;
	s->stood_ns = from_ns;
	s->stands_for = sequence_is_decided;
	fill_lasts(s, from_ns);
	sequence_show(s);
}

bool
sequencer_is_standing(const struct sequencer *s)
{
	return sequencer_is_active(s) && s->is_standing;
}

void
sequencer_stands_for(struct sequencer *s, const char *text)
{
	if (sequencer_is_standing(s))
		s->stands_for = text;
}

bool
sequencer_is_safe_paused(const struct sequencer *s)
{
	return sequencer_is_active(s) && s->is_safe && s->img->on_stop != IMAGE_NONE &&
	       safe_is_held(s->p.safe, s->img->on_stop);
}

/* The exact window: it ends now. */
void
sequence_tell_interruption(struct sequencer *s, const char *what)
{
	struct event e = { .kind = EVENT_SEQUENCE_INTERRUPTED, .cause = s->run };

	if (s->stood_ns == NEVER) {
		snprintf(e.text, sizeof(e.text), "%.80s after an outage of unknown length", what);
	} else {
		e.n_values = 1;
		e.values[0] = (double)(s->now_ns - s->stood_ns) / 1e9;
		snprintf(e.text, sizeof(e.text), "%.80s after %.1f s", what, e.values[0]);
	}
	sequence_tell_event(s, &e);
}

void
sequencer_go_on(struct sequencer *s, int64_t now_ns)
{
	s->now_ns = s->ticked_ns = now_ns;
	if (!s->is_standing)
		return;
	s->is_standing = false;
	sequence_tell_interruption(s, "goes on");
	sequence_commands_restored(s);
	sequence_look_anew(s);
	/* Outputs go on by themselves; that a ramp waits for what is measured they do not know any more. */
	for (uint32_t i = 0; i < s->img->outputs.n && sequence_is_going(s); i++)
		if (s->grips[i].is_used && s->grips[i].holdback > 0 &&
			!outputs_has_arrived(s->p.outputs, i))
			sequence_move_on(s, i, s->run);
	sequence_plan(s);
	sequence_show(s);
}

void
sequencer_hold(struct sequencer *s, const char *why, uint64_t cause, int64_t now_ns)
{
	s->now_ns = s->ticked_ns = now_ns;
	if (!sequencer_is_active(s) || !s->is_standing)
		return;
	s->is_standing = false;
	sequence_tell_interruption(s, "held");
	sequence_commands_restored(s);
	if (s->state == SEQUENCE_HELD || s->state == SEQUENCE_ABORTING)
		return;
	sequence_freeze(s);
	sequence_hold_now(s, HELD_BY_FAILURE, NO_BRANCH, IMAGE_NONE, why, cause);
}

/* ---- rows ---------------------------------------------------------------------------------------------------------------- */

bool
sequencer_has_rows(const struct sequencer *s)
{
	return sequencer_is_active(s) && s->seq->n_rows > 0;
}

static void
set_words(struct sequencer *s, int64_t outage_ns)
{
	for (uint32_t i = 0; i < s->seq->n_slots; i++) {
		uint8_t role = image_slot_at(s->img, s->seq->first_slot + i)->role;

		if (role == SLOT_OUTAGE)
			s->slots[i] = outage_ns < 0 ? (double)NAN : (double)outage_ns / 1e9;
		else if (role == SLOT_STEP)
			s->slots[i] = image_seq_step_at(s->img, s->step)->number;
	}
}

uint32_t
sequencer_first_row(const struct sequencer *s)
{
	return s->seq->first_row;
}

uint32_t
sequencer_pick_row(struct sequencer *s, int64_t outage_ns, bool may_come, int64_t now_ns)
{
	uint32_t end = s->seq->first_row + s->seq->n_rows, taken = IMAGE_NONE;
	bool is_open = false;

	s->now_ns = now_ns;
	if (outage_ns < 0)
		return end - 1;
	set_words(s, outage_ns);
	/* Each at each tick: they may remember what was. */
	for (uint32_t i = s->seq->first_row; i < end; i++) {
		const struct image_seq_row *d = image_seq_row_at(s->img, i);
		enum truth truth = d->when.n_ops == 0 ? TRUTH_TRUE : sequence_truth(s, &d->when);

		if (taken != IMAGE_NONE || is_open)
			continue;
		if (truth == TRUTH_TRUE)
			taken = i;
		else if (truth == TRUTH_UNKNOWN && may_come)
			is_open = true;
	}
	return is_open ? IMAGE_NONE : taken;
}

double
sequencer_back_rate(struct sequencer *s, uint32_t row, uint32_t output)
{
	const struct image_seq_row *d = image_seq_row_at(s->img, row);
	double rate;

	for (uint32_t i = d->first_back; i < d->first_back + d->n_back; i++)
		if (image_seq_back_at(s->img, i)->output == output &&
			sequence_number(s, &image_seq_back_at(s->img, i)->rate, &rate))
			return fabs(rate);
	return 0;
}

uint32_t
sequencer_fallback(const struct sequencer *s)
{
	const struct image_seq_row *d =
		image_seq_row_at(s->img, s->seq->first_row + s->seq->n_rows - 1);

	if (d->kind == SEQUENCE_ROW_ACTION &&
		image_seq_action_at(s->img, d->action)->kind == SEQUENCE_TRIP)
		return image_seq_action_at(s->img, d->action)->target;
	return s->img->on_stop;
}

/* What it writes is its own again, at rest where it is. */
static void
take_again(struct sequencer *s, uint64_t cause)
{
	struct err err;

	for (uint32_t i = 0; i < s->img->outputs.n; i++)
		if (s->grips[i].is_used && outputs_owner(s->p.outputs, i) < OWNER_SAFE_STATE &&
			outputs_assign(s->p.outputs, i, OWNER_SEQUENCE, s->now_ns, &err) < 0)
			sequence_tell(s, EVENT_SEQUENCE_NOTE, cause, "%.100s", err.msg);
}

/* Nothing of what was comes back, nor by RESUME. */
static void
forget_places(struct sequencer *s)
{
	for (uint32_t i = 0; i < s->img->outputs.n; i++)
		if (s->grips[i].is_used)
			s->grips[i] = (struct grip){ .is_used = true,
				.branch = NO_BRANCH,
				.paused = (double)NAN,
				.was = (double)NAN };
}

void
sequencer_act(struct sequencer *s, uint32_t row, const char *why, uint64_t cause, int64_t now_ns)
{
	uint32_t kind = image_seq_action_at(s->img, image_seq_row_at(s->img, row)->action)->kind;

	s->now_ns = s->ticked_ns = now_ns;
	if (!s->is_standing)
		return;
	s->is_standing = false;
	sequence_tell_interruption(s, "taken up");
	sequence_commands_restored(s);
	take_again(s, cause);
	forget_places(s);
	if (s->state == SEQUENCE_HOLDING)
		sequence_enter(s, SEQUENCE_HELD);
	/* What leads on leads on whatever held it before. */
	if (kind == SEQUENCE_GOTO || kind == SEQUENCE_SKIP) {
		s->held_action = s->goto_step = IMAGE_NONE;
		s->held_branch = NO_BRANCH;
		s->is_safe = false;
		if (!sequence_is_going(s))
			sequence_enter(s, s->is_stopping ? SEQUENCE_STOPPING : SEQUENCE_RUNNING);
	}
	sequence_act(s, image_seq_row_at(s->img, row)->action, NO_BRANCH, why, cause);
	sequence_show(s);
}
