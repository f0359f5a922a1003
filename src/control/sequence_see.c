/* sequence_see.c - what expressions of statements and entries remember: mean(x, t), rsd(x, n), `for` a time
 *
 * They have seen what was since the turn of their loop began, outside of loops since START: so they are looked at on each tick, not at
 * their statement alone. `wait until` begins anew by itself.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "control/sequence_inside.h"
#include "model/expr.h"

struct seen {
	const struct image_cond *cond;
	uint32_t sequence;
	uint32_t instr; /* IMAGE_NONE: an entry */
};

static bool
remembers(const struct image *img, const struct image_cond *cond)
{
	const struct expr_op *code =
		(const struct expr_op *)image_at(img, &img->code) + cond->first_op;

	for (uint32_t i = 0; i < cond->n_ops; i++)
		if (expr_has_cell(&code[i]))
			return true;
	return false;
}

static void
add(struct sequencer *s, const struct image_cond *cond, uint32_t sequence, uint32_t instr)
{
	if (!remembers(s->img, cond))
		return;
	if (s->seen != NULL)
		s->seen[s->n_seen] = (struct seen){ cond, sequence, instr };
	s->n_seen++;
}

static void
add_all(struct sequencer *s)
{
	s->n_seen = 0;
	for (uint32_t q = 0; q < s->img->sequences.n; q++) {
		const struct image_sequence *seq = image_sequence_at(s->img, q);

		for (uint32_t i = seq->first_step; i < seq->first_step + seq->n_steps; i++)
			add(s, &image_seq_step_at(s->img, i)->when, q, IMAGE_NONE);
		for (uint32_t i = seq->first_instr; i < seq->first_instr + seq->n_instrs; i++) {
			const struct image_instr *in = image_instr_at(s->img, i);

			if (in->op != SEQUENCE_OP_UNTIL)
				add(s, &in->cond, q, i);
			add(s, &in->value, q, i);
		}
	}
}

void
sequence_see_new(struct sequencer *s)
{
	add_all(s); /* how many? */
	s->seen = mem_zero(s->n_seen, sizeof(*s->seen));
	add_all(s);
}

void
sequence_see(struct sequencer *s)
{
	for (uint32_t i = 0; i < s->n_seen; i++)
		if (s->seen[i].sequence == s->index)
			(void)sequence_truth(s, s->seen[i].cond);
}

void
sequence_forget(struct sequencer *s, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < s->n_seen; i++)
		if (s->seen[i].sequence == s->index && s->seen[i].instr != IMAGE_NONE &&
			s->seen[i].instr >= from && s->seen[i].instr < to)
			channels_forget(s->p.channels, s->seen[i].cond);
}

void
sequence_forget_all(struct sequencer *s)
{
	for (uint32_t i = 0; i < s->n_seen; i++)
		if (s->seen[i].sequence == s->index)
			channels_forget(s->p.channels, s->seen[i].cond);
}
