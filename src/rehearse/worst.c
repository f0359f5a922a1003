/* worst.c - how long a sequence can take at most
 *
 * Its statements are walked turn by turn, as control/sequence_plan.c does for what is expected; here each wait takes its timeout, and
 * a ramp the whole way from where its output was asked to be, or the whole range where nobody knows.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rehearse/rehearsal.h"

#define WALK_MAX 2000000 /* statements */

struct walk {
	const struct rehearsal *r;
	const struct image *img;
	double *slots; /* [slot] */
	double *at;    /* [output]: where it was asked to be; NaN: not known */
	struct buf *notes;
	long left;
	bool has_told_ramp;
};

static void
load(void *ctx, uint32_t channel, double *out, unsigned *out_quality, int64_t *out_stamp_ns)
{
	const struct walk *w = ctx;
	uint32_t slot = channel - w->img->channels.n;
	bool is_known = channel >= w->img->channels.n && slot < w->r->seq->n_slots &&
			isfinite(w->slots[slot]);

	*out = is_known ? w->slots[slot] : 0;
	*out_quality = is_known ? Q_GOOD : Q_UNDEFINED;
	*out_stamp_ns = 0;
}

static double
number(struct walk *w, const struct image_cond *c)
{
	const struct expr_op *code = image_at(w->img, &w->img->code);
	const struct expr_input in = { .ctx = w, .load = load };
	struct expr_result out;

	if (c->n_ops == 0)
		return 0;
	expr_run(code + c->first_op, c->n_ops, &in, &out);
	return quality_is_bad(out.quality) ? (double)NAN : out.number;
}

static double
ramp_time(struct walk *w, const struct image_instr *in)
{
	const struct image_output *o = image_output_at(w->img, in->output);
	double to = number(w, &in->value), from = w->at[in->output], rate = number(w, &in->rate),
	       way = fabs(to - from);

	w->at[in->output] = to;
	if (in->is_background)
		return 0;
	if (in->span.n_ops > 0)
		return number(w, &in->span) + number(w, &in->timeout);
	if (!isfinite(way) && o->has_limits)
		way = o->max - o->min;
	if (!isfinite(way) && !w->has_told_ramp) {
		buf_printf(w->notes,
			"%s: nobody knows where its ramp begins, its time is left out\n",
			image_text(w->img, image_channel_at(w->img, o->channel)->name));
		w->has_told_ramp = true;
	}
	if (!isfinite(way))
		way = 0;
	if (o->ramp > 0)
		rate = rate > 0 ? fmin(rate, o->ramp) : o->ramp;
	return (rate > 0 ? way / rate : 0) + number(w, &in->timeout);
}

static double walk(struct walk *w, uint32_t from, uint32_t to);

static double
walk_loop(struct walk *w, uint32_t i, const struct image_instr *in)
{
	double before = w->slots[in->slot], sum = 0;

	for (uint32_t n = 0; n < in->n && w->left > 0; n++) {
		w->slots[in->slot] =
			in->op == SEQUENCE_OP_REPEAT ? (double)(n + 1) : w->slots[in->first + n];
		sum += walk(w, i + 1, in->to - 1);
	}
	w->slots[in->slot] = before;
	return sum;
}

static double
walk_fork(struct walk *w, const struct image_instr *in)
{
	double longest = 0, timeout = number(w, &in->timeout);

	for (uint32_t n = 0; n < in->n; n++) {
		uint32_t from = image_seq_number(w->img, in->first + n);
		uint32_t to = n + 1 < in->n ? image_seq_number(w->img, in->first + n + 1) : in->to;

		longest = fmax(longest, walk(w, from, to));
	}
	return timeout > 0 ? fmin(longest, timeout) : longest;
}

/* UNLESS c to=else, ..., JUMP to=end, else: the longer part. Returns where it goes on. */
static uint32_t
walk_if(struct walk *w, uint32_t i, const struct image_instr *in, double *sum)
{
	const struct image_instr *last = image_instr_at(w->img, in->to - 1);
	bool has_else = in->to - 1 > i && last->op == SEQUENCE_OP_JUMP && last->to >= in->to;
	double then = walk(w, i + 1, has_else ? in->to - 1 : in->to);

	*sum += has_else ? fmax(then, walk(w, in->to, last->to)) : then;
	return has_else ? last->to : in->to;
}

static double
walk(struct walk *w, uint32_t from, uint32_t to)
{
	double sum = 0;

	for (uint32_t i = from; i < to && w->left-- > 0; i++) {
		const struct image_instr *in = image_instr_at(w->img, i);

		switch ((enum image_seq_op)in->op) {
		case SEQUENCE_OP_WAIT:
		case SEQUENCE_OP_DWELL:
			sum += number(w, &in->span);
			break;
		case SEQUENCE_OP_COMMAND: /* until it is ready, as often as it is tried; until it is done */
			sum += (in->retry + 1.0) * number(w, &in->timeout) + number(w, &in->span);
			break;
		case SEQUENCE_OP_RAMP:
			sum += ramp_time(w, in);
			break;
		case SEQUENCE_OP_SET:
			w->at[in->output] =
				in->slot == IMAGE_NONE ? number(w, &in->value) : (double)NAN;
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
			i = walk_if(w, i, in, &sum) - 1;
			break;
		case SEQUENCE_OP_JUMP:
			i = in->to - 1;
			break;
		default: /* whatever waits for something has a timeout */
			sum += number(w, &in->timeout);
			break;
		}
	}
	return sum;
}

double
rehearsal_worst(const struct rehearsal *r, struct buf *notes)
{
	struct walk w = { .r = r, .img = r->img, .notes = notes, .left = WALK_MAX };
	double sum = 0;

	w.slots = mem_zero(r->seq->n_slots, sizeof(*w.slots));
	w.at = mem_zero(r->img->outputs.n, sizeof(*w.at));
	for (uint32_t i = 0; i < r->seq->n_slots; i++)
		w.slots[i] = rehearsal_slot(r, i);
	for (uint32_t i = 0; i < r->img->outputs.n; i++)
		w.at[i] = (double)NAN;
	for (uint32_t i = r->seq->first_step; i < r->seq->first_step + r->seq->n_steps; i++) {
		const struct image_seq_step *d = image_seq_step_at(r->img, i);

		sum += walk(&w, d->first_instr, d->first_instr + d->n_instrs);
	}
	free(w.slots);
	free(w.at);
	if (w.left <= 0) {
		buf_puts(notes, "too many turns of loops to count them all\n");
		return (double)NAN;
	}
	return sum;
}
