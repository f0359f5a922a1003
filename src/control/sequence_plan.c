/* sequence_plan.c - how long a step and what is behind it will take, as far as that can be told before
 *
 * Waits and dwells take their times, ramps the way from where their output is then to where it goes at their rate; loops are walked
 * turn by turn. Of an `if` what is true now is taken, of branches the longest. What waits for a condition takes no time here.
 */
#include <math.h>
#include <string.h>

#include "control/sequence_inside.h"

#define WALK_MAX 20000 /* statements; what lies behind is not counted */

struct walk {
	struct sequencer *s;
	double at[64];       /* where outputs are then */
	uint32_t output[64]; /* which */
	uint32_t n;
	int left;
};

static double *
place_of(struct walk *w, uint32_t output)
{
	double v = (double)NAN;

	for (uint32_t i = 0; i < w->n; i++)
		if (w->output[i] == output)
			return &w->at[i];
	if (w->n == NELEM(w->at))
		return NULL;
	if (!outputs_working(w->s->p.outputs, output, &v))
		v = (double)NAN;
	w->output[w->n] = output;
	w->at[w->n] = v;
	return &w->at[w->n++];
}

static int64_t
ramp_time(struct walk *w, const struct image_instr *in)
{
	double *at = place_of(w, in->output), to, rate, from;
	int64_t span_ns;

	if (at == NULL || !sequence_number(w->s, &in->value, &to))
		return 0;
	from = *at;
	*at = to;
	if (in->is_background)
		return 0;
	if (in->span.n_ops > 0)
		return sequence_span(w->s, &in->span, &span_ns) ? span_ns : 0;
	if (!sequence_number(w->s, &in->rate, &rate) || !(rate > 0) || !isfinite(from))
		return 0;
	rate = fmin(rate, image_output_at(w->s->img, in->output)->ramp > 0
				  ? image_output_at(w->s->img, in->output)->ramp
				  : rate);
	return llround(fmin(fabs(to - from) / rate, 1e8) * 1e9);
}

static void
set_place(struct walk *w, const struct image_instr *in)
{
	double *at, v;

	if (in->slot != IMAGE_NONE || !sequence_number(w->s, &in->value, &v))
		return;
	if ((at = place_of(w, in->output)) != NULL)
		*at = v;
}

static int64_t walk(struct walk *w, uint32_t from, uint32_t to);

static int64_t
walk_loop(struct walk *w, uint32_t i, const struct image_instr *in)
{
	double *slot = &w->s->slots[in->slot], before = *slot;
	int64_t sum = 0;

	for (uint32_t n = 0; n < in->n && w->left > 0; n++) {
		*slot = in->op == SEQUENCE_OP_REPEAT ? (double)(n + 1) : w->s->slots[in->first + n];
		sum += walk(w, i + 1, in->to - 1);
	}
	*slot = before;
	return sum;
}

static int64_t
walk_fork(struct walk *w, const struct image_instr *in)
{
	int64_t longest = 0;

	for (uint32_t n = 0; n < in->n; n++) {
		uint32_t from = image_seq_number(w->s->img, in->first + n);
		uint32_t to =
			n + 1 < in->n ? image_seq_number(w->s->img, in->first + n + 1) : in->to;
		int64_t span = walk(w, from, to);

		longest = MAX(longest, span);
	}
	return longest;
}

static int64_t
walk(struct walk *w, uint32_t from, uint32_t to)
{
	int64_t sum = 0, span_ns;

	for (uint32_t i = from; i < to && w->left-- > 0; i++) {
		const struct image_instr *in = image_instr_at(w->s->img, i);

		switch ((enum image_seq_op)in->op) {
		case SEQUENCE_OP_WAIT:
		case SEQUENCE_OP_DWELL:
		case SEQUENCE_OP_GUARANTEED:
		case SEQUENCE_OP_STABLE:
			sum += sequence_span(w->s, &in->span, &span_ns) ? span_ns : 0;
			break;
		case SEQUENCE_OP_COMMAND:
			sum += image_ins_command_at(w->s->img, in->command)->takes_ns;
			break;
		case SEQUENCE_OP_RAMP:
			sum += ramp_time(w, in);
			break;
		case SEQUENCE_OP_SET:
			set_place(w, in);
			break;
		case SEQUENCE_OP_FOR:
		case SEQUENCE_OP_REPEAT:
			sum += walk_loop(w, i, in);
			i = in->to - 1;
			break;
		case SEQUENCE_OP_FORK:
			sum += walk_fork(w, in);
			i = in->to - 1;
			break;
		case SEQUENCE_OP_UNLESS:
			if (sequence_truth(w->s, &in->cond) != TRUTH_TRUE)
				i = in->to - 1;
			break;
		case SEQUENCE_OP_JUMP:
			i = in->to - 1;
			break;
		default:
			break;
		}
	}
	return sum;
}

void
sequence_plan(struct sequencer *s)
{
	struct walk w = { .s = s, .left = WALK_MAX };
	const struct image_seq_step *step = image_seq_step_at(s->img, s->step);

	s->step_plan_ns = walk(&w, step->first_instr, step->first_instr + step->n_instrs);
	s->rest_plan_ns = 0;
	for (uint32_t i = s->step + 1; i < s->seq->first_step + s->seq->n_steps; i++) {
		step = image_seq_step_at(s->img, i);
		s->rest_plan_ns += walk(&w, step->first_instr, step->first_instr + step->n_instrs);
	}
}
