/* fault.c - what becomes of a rehearsal in which an instrument dies */
#include "rehearse/fault.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define SETTLE_S 60 /* a safe state that has begun is reached within this, or is not confirmed */

/* The safe state that has gone farthest; its phase, SAFE_IDLE: none has begun. */
static enum safe_phase
phase_of(const struct rehearsal *r, uint32_t *out_state)
{
	enum safe_phase best = SAFE_IDLE;

	for (uint32_t i = 0; i < r->img->safe_states.n; i++) {
		struct sample s;

		board_read(dry_board(r->dry), image_safe_state_at(r->img, i)->state, &s);
		if (!quality_is_bad(s.quality) && s.v.i > SAFE_IDLE && s.v.i < SAFE_PHASES) {
			best = (enum safe_phase)s.v.i;
			*out_state = i;
		}
	}
	return best;
}

static void
tell(const struct rehearsal *r, struct fault_row *row, enum safe_phase phase, uint32_t state)
{
	static const char *const phases[SAFE_PHASES] = { [SAFE_UNDER_WAY] = "not reached",
		[SAFE_REACHED] = "reached",
		[SAFE_NOT_CONFIRMED] = "not confirmed" };

	row->is_played = 1;
	row->after_s = rehearsal_time(r) - row->at_s;
	text_copy(row->why, sizeof(row->why), r->why);
	row->is_safe = phase == SAFE_REACHED ||
		       (phase == SAFE_IDLE && r->is_ended && r->end <= REHEARSAL_ABORTED);
	if (phase != SAFE_IDLE)
		snprintf(row->outcome, sizeof(row->outcome), "safe state %.40s %s",
			image_text(r->img, image_safe_state_at(r->img, state)->name),
			phases[phase]);
	else if (r->is_ended)
		text_copy(row->outcome, sizeof(row->outcome), rehearsal_end_words[r->end]);
	else
		snprintf(row->outcome, sizeof(row->outcome), "%.30s",
			strcmp(r->state, "running") == 0 ? "still running" : r->state);
}

void
fault_play(struct rehearsal *r, struct fault_row *row)
{
	double end_s = rehearsal_time(r) + FAULT_AFTER_S, begun_s = (double)NAN;
	enum safe_phase phase = SAFE_IDLE;
	uint32_t state = 0;

	row->at_s = rehearsal_time(r);
	dry_kill(r->dry, row->instrument);
	r->why[0] = '\0';
	while (rehearsal_time(r) < end_s) {
		if (!rehearsal_tick(r) && r->end >= REHEARSAL_REFUSED)
			break; /* out of time */
		if (r->is_ended)
			dry_tick(r->dry);
		phase = phase_of(r, &state);
		if (phase == SAFE_REACHED || (phase == SAFE_IDLE && r->is_ended))
			break;
		if (phase != SAFE_IDLE && isnan(begun_s))
			begun_s = rehearsal_time(r);
		if (rehearsal_time(r) - begun_s > SETTLE_S)
			break;
	}
	tell(r, row, phase, state);
}
