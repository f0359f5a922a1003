/* sequence_ask.c - questions to people */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "control/sequence_inside.h"

void
sequence_take_reply(struct sequencer *s, const struct image_instr *in, char out[COMMAND_VALUE])
{
	text_copy(out, COMMAND_VALUE, s->reply);
	s->reply[0] = '\0';
	s->asking = IMAGE_NONE;
	s->reason[0] = '\0';
	sequence_tell(s, EVENT_SEQUENCE_ANSWERED, s->run, "line %u: %.60s", in->line, out);
}

/* An answer that is the name of an action does it. */
static enum pace
take_answer(struct sequencer *s, uint32_t branch, const struct image_instr *in)
{
	char answer[COMMAND_VALUE];

	sequence_take_reply(s, in, answer);
	if (strcmp(answer, "abort") == 0) {
		sequence_abort(s, "the answer was abort", s->run);
		return PACE_STAYS;
	}
	if (strcmp(answer, "skip") == 0) {
		sequence_skip(s, branch, s->run);
		return PACE_STAYS;
	}
	if (strcmp(answer, "hold") == 0 && s->state == SEQUENCE_ABORTING) {
		sequence_to_safe(
			s, s->img->on_stop, OWNER_SAFE_STATE, "the answer was hold", s->run);
		return PACE_STAYS;
	}
	if (strcmp(answer, "hold") == 0) {
		s->branches[branch].pc++; /* RESUME goes on behind it */
		sequence_freeze(s);
		sequence_hold_now(
			s, HELD_BY_PERSON, NO_BRANCH, IMAGE_NONE, "the answer was hold", s->run);
		return PACE_JUMPED;
	}
	return PACE_NEXT;
}

enum pace
sequence_ask(struct sequencer *s, uint32_t branch, const struct image_instr *in)
{
	struct branch *b = &s->branches[branch];
	uint32_t me = b->pc;
	char why[EVENT_TEXT];

	if (!b->is_begun) {
		if (s->asking != IMAGE_NONE)
			return PACE_STAYS; /* one question at a time */
		if (!sequence_begin_wait(s, branch, in))
			return sequence_fail_at(s, branch, in, "its time has no value now");
		b->at_ns = s->clock_ns; /* another question may have been first */
		s->asking = me;
		s->reply[0] = '\0';
		sequence_text(s, in->text, s->reason, sizeof(s->reason));
		s->asked = sequence_tell(s, EVENT_SEQUENCE_ASKS, s->run, "%s", s->reason);
	}
	if (s->reply[0] != '\0' && s->asking == me)
		return take_answer(s, branch, in);
	if (s->reason[0] == '\0')
		sequence_text(s, in->text, s->reason,
			sizeof(s->reason)); /* behind a hold, or a restart */
	if (s->clock_ns - b->at_ns >= b->timeout_ns) {
		s->asking = IMAGE_NONE;
		snprintf(why, sizeof(why), "line %u: nobody answered", in->line);
		sequence_wish(s, in->action, branch, IMAGE_NONE, why);
	}
	return PACE_STAYS;
}
