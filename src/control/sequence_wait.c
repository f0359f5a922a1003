/* sequence_wait.c - statements that wait: for a time, a condition, a value that is quiet */
#include <math.h>
#include <stdio.h>

#include "control/sequence_inside.h"

static void
look(const struct sequencer *s, uint32_t channel, double *v, bool *is_good, int64_t *stamp_ns)
{
	enum quality quality;

	channels_look(s->p.channels, channel, v, &quality, stamp_ns);
	*is_good = !quality_is_bad(quality) && isfinite(*v);
}

/* The times of a statement as they are when it begins. */
bool
sequence_begin_wait(struct sequencer *s, uint32_t branch, const struct image_instr *in)
{
	struct branch *b = &s->branches[branch];

	b->span_ns = b->timeout_ns = b->inside_ns = 0;
	b->looked_ns = s->clock_ns;
	if ((in->span.n_ops > 0 && !sequence_span(s, &in->span, &b->span_ns)) ||
		(in->timeout.n_ops > 0 && !sequence_span(s, &in->timeout, &b->timeout_ns)) ||
		(in->within.n_ops > 0 && !sequence_number(s, &in->within, &b->low)))
		return false;
	if (in->op == SEQUENCE_OP_STABLE)
		stable_begin(&s->stables[branch], b->span_ns, s->now_ns);
	else if (in->cond.n_ops > 0)
		channels_forget(s->p.channels, &in->cond);
	b->is_begun = true;
	return true;
}

static bool
is_inside(struct sequencer *s, const struct branch *b, const struct image_instr *in)
{
	double v, of, band = b->low;
	bool is_good;
	int64_t stamp_ns;

	look(s, in->channel, &v, &is_good, &stamp_ns);
	if (!is_good || !sequence_number(s, &in->value, &of))
		return false;
	if (in->is_relative)
		band *= fabs(of);
	return fabs(v - of) <= band;
}

/* The mean has to be at the target, where the channel has one. */
static bool
is_at_target(const struct sequencer *s, const struct image_instr *in, double mean,
	const struct branch *b)
{
	double target;

	for (uint32_t i = 0; i < s->img->outputs.n; i++)
		if (image_output_at(s->img, i)->channel == in->channel)
			return outputs_target(s->p.outputs, i, &target) &&
			       fabs(mean - target) <=
				       (in->is_relative ? b->low * fabs(mean) : b->low);
	return true;
}

static bool
is_stable(struct sequencer *s, uint32_t branch, const struct image_instr *in)
{
	struct branch *b = &s->branches[branch];
	double v, mean;
	bool is_good;
	int64_t stamp_ns;

	look(s, in->channel, &v, &is_good, &stamp_ns);
	stable_see(&s->stables[branch], v, is_good, stamp_ns, s->now_ns);
	return stable_is(&s->stables[branch], b->low, in->is_relative != 0, s->now_ns, &mean) &&
	       is_at_target(s, in, mean, b);
}

static bool
is_over(struct sequencer *s, uint32_t branch, const struct image_instr *in)
{
	struct branch *b = &s->branches[branch];

	switch ((enum image_seq_op)in->op) {
	case SEQUENCE_OP_UNTIL:
		return sequence_truth(s, &in->cond) == TRUTH_TRUE;
	case SEQUENCE_OP_STABLE:
		return is_stable(s, branch, in);
	case SEQUENCE_OP_GUARANTEED:
		if (is_inside(s, b, in))
			b->inside_ns += s->clock_ns - b->looked_ns;
		b->looked_ns = s->clock_ns;
		return b->inside_ns >= b->span_ns;
	default: /* DWELL, WAIT */
		return s->clock_ns - b->at_ns >= b->span_ns;
	}
}

enum pace
sequence_wait(struct sequencer *s, uint32_t branch, const struct image_instr *in)
{
	struct branch *b = &s->branches[branch];
	char why[EVENT_TEXT];

	if (!b->is_begun && !sequence_begin_wait(s, branch, in))
		return sequence_fail_at(s, branch, in, "its time or band has no value now");
	if (is_over(s, branch, in))
		return PACE_NEXT;
	if (in->timeout.n_ops > 0 && s->clock_ns - b->at_ns >= b->timeout_ns) {
		snprintf(why, sizeof(why), "line %u: timeout of %.100s", in->line,
			image_text(s->img, in->said));
		sequence_wish(s, in->action, branch, IMAGE_NONE, why);
	}
	return PACE_STAYS;
}
