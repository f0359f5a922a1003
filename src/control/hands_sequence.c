/* hands_sequence.c - the sequence under test and outages: while it is decided how the bench goes on it stands */
#include <stdio.h>
#include <string.h>

#include "control/hands_inside.h"

static void
give_up(struct hands *h, int64_t now_ns)
{
	sequencer_give_up(
		h->sequencer, "after an outage the bench is in its safe state", 0, now_ns);
}

void
hands_resume_sequence(struct hands *h, int64_t now_ns)
{
	enum restored ended = restore_take_end(h->restore);

	if (ended != RESTORED_NOT)
		h->restored = ended;
	if (!sequencer_is_standing(h->sequencer)) {
		h->restored = RESTORED_NOT;
		return;
	}
	if (restore_state_of(h->restore) != RESTORE_IDLE)
		return;
	if (sequencer_is_safe_paused(h->sequencer)) {
		sequencer_go_on(h->sequencer, now_ns); /* it is held, and stays so */
		return;
	}
	if (safe_held(h->safe) != IMAGE_NONE || trips_any(h->trips) ||
		h->restored == RESTORED_SAFE) {
		give_up(h, now_ns);
		return;
	}
	/* It writes what may not be written before the inputs of all trips are known to be good. */
	if (!trips_are_ready(h->trips))
		return;
	switch (h->restored) {
	case RESTORED_AS_IT_WAS:
	case RESTORED_BACK:
		sequencer_go_on(h->sequencer, now_ns);
		break;
	case RESTORED_PARTLY:
		sequencer_hold(h->sequencer,
			"what burns or poisons has stayed safe; look, then RESUME or ABORT", 0,
			now_ns);
		break;
	case RESTORED_NOT:
	case RESTORED_SAFE:
	case RESTORED_ACTED:
		sequencer_hold(h->sequencer, "nobody was at the controls", 0, now_ns);
		break;
	}
}

/* Of what stands only two things can be asked: that all comes back, and that it is over. */
static int
command_standing(struct hands *h, const struct command *c, uint64_t cause, int64_t now_ns,
	char *out_text, struct err *err)
{
	struct command go_on = *c;

	out_text[0] = '\0';
	if (c->kind == COMMAND_SEQ_ABORT) {
		restore_give_up(h, "ABORT", now_ns);
		sequencer_give_up(h->sequencer, "ABORT after an outage", cause, now_ns);
		return 0;
	}
	if (sequencer_is_as_seen(h->sequencer, c, err) < 0)
		return ERR_REFUSED;
	if (c->kind == COMMAND_SEQ_RESUME && restore_state_of(h->restore) == RESTORE_ASKING) {
		snprintf(go_on.value, sizeof(go_on.value), "continue");
		return restore_command(h, &go_on, cause, now_ns, err);
	}
	return err_set(err, ERR_REFUSED, 0,
		"after an outage it is decided how the bench goes on; wait for that, or ABORT");
}

int
hands_sequence_command(struct hands *h, const struct command *c, uint64_t cause, int64_t now_ns,
	char *out_text, struct err *err)
{
	if (sequencer_is_standing(h->sequencer) && c->kind > COMMAND_SEQ_START)
		return command_standing(h, c, cause, now_ns, out_text, err);
	return sequencer_command(h->sequencer, c, cause, now_ns, out_text, err);
}
