/* image_sequence.c - proving the tables of sequences: whoever runs them indexes without looking again */
#include <math.h>
#include <string.h>

#include "model/image_protect.h"
#include "model/sequence.h"

struct check {
	const struct image *img;
	const struct image_sequence *seq;
};

static bool
is_text(const struct image *img, uint32_t off)
{
	return off < img->strings.n;
}

static bool
is_range(uint32_t first, uint32_t n, uint32_t end)
{
	return first <= end && n <= end - first;
}

static bool
is_of(uint32_t i, uint32_t first, uint32_t n)
{
	return i >= first && i - first < n;
}

/* A term of this sequence. */
static bool
is_term(const struct check *c, const struct image_cond *term, bool is_needed)
{
	return image_cond_is_sound(c->img, term, is_needed, c->seq->n_slots);
}

static bool
are_numbers(const struct check *c, uint32_t first, uint32_t n, uint32_t from, uint32_t end)
{
	if (!is_range(first, n, c->img->seq_numbers.n))
		return false;
	for (uint32_t i = first; i < first + n; i++) {
		uint32_t v = image_seq_number(c->img, i);

		if (v < from || v >= end)
			return false;
	}
	return true;
}

static bool
is_step_of(const struct check *c, uint32_t step)
{
	return is_of(step, c->seq->first_step, c->seq->n_steps);
}

static bool
is_instr_of(const struct check *c, uint32_t instr)
{
	return is_of(instr, c->seq->first_instr, c->seq->n_instrs);
}

/* ---- actions ------------------------------------------------------------------------------------------------------------- */

static bool
is_action_alone(const struct check *c, uint32_t i)
{
	const struct image_seq_action *a = image_seq_action_at(c->img, i);

	if (a->kind >= SEQUENCE_ACTIONS || !is_text(c->img, a->text) ||
		!is_term(c, &a->until, false) || !is_term(c, &a->timeout, a->until.n_ops > 0))
		return false;
	if (a->until.n_ops > 0 && (a->kind != SEQUENCE_HOLD || a->then == IMAGE_NONE))
		return false;
	if (a->kind == SEQUENCE_TRIP)
		return a->target < c->img->safe_states.n;
	return a->kind != SEQUENCE_GOTO || is_step_of(c, a->target);
}

/* An action and those behind it: each further on in the table, so that there is an end. */
static bool
is_action(const struct check *c, uint32_t i, bool is_needed)
{
	if (i == IMAGE_NONE)
		return !is_needed;
	while (is_of(i, c->seq->first_action, c->seq->n_actions) && is_action_alone(c, i)) {
		uint32_t then = image_seq_action_at(c->img, i)->then;

		if (then == IMAGE_NONE)
			return true;
		if (then <= i)
			return false;
		i = then;
	}
	return false;
}

/* ---- instructions -------------------------------------------------------------------------------------------------------- */

static bool
is_slot_of(const struct check *c, uint32_t slot, enum image_slot_kind kind)
{
	return slot < c->seq->n_slots &&
	       image_slot_at(c->img, c->seq->first_slot + slot)->kind == kind;
}

static bool
is_set(const struct check *c, const struct image_instr *in)
{
	bool is_by_text = in->slot != IMAGE_NONE;

	return in->output < c->img->outputs.n && is_term(c, &in->value, !is_by_text) &&
	       (!is_by_text || is_slot_of(c, in->slot, SLOT_TEXT));
}

static bool
is_ramp(const struct check *c, const struct image_instr *in)
{
	return in->output < c->img->outputs.n && is_term(c, &in->value, true) &&
	       is_term(c, &in->rate, in->span.n_ops == 0) && is_term(c, &in->span, false) &&
	       is_term(c, &in->within, false) && is_term(c, &in->timeout, in->within.n_ops > 0) &&
	       is_action(c, in->action, in->within.n_ops > 0);
}

static bool
is_wait(const struct check *c, const struct image_instr *in)
{
	switch ((enum image_seq_op)in->op) {
	case SEQUENCE_OP_DWELL:
	case SEQUENCE_OP_WAIT:
		return is_term(c, &in->span, true);
	case SEQUENCE_OP_UNTIL:
		return is_term(c, &in->cond, true) && is_term(c, &in->timeout, true) &&
		       is_action(c, in->action, true);
	case SEQUENCE_OP_ASK:
		return is_term(c, &in->timeout, true) && is_action(c, in->action, true) &&
		       in->n > 0 && are_numbers(c, in->first, in->n, 0, c->img->strings.n);
	default: /* GUARANTEED, STABLE */
		return in->channel < c->img->channels.n && is_term(c, &in->span, true) &&
		       is_term(c, &in->within, true) &&
		       is_term(c, &in->value, in->op == SEQUENCE_OP_GUARANTEED) &&
		       is_term(c, &in->timeout, true) && is_action(c, in->action, true);
	}
}

/* Jumps lead forward, but for NEXT, whose loop stands before it: so a tick comes to an end. */
static bool
is_jump(const struct check *c, uint32_t i, const struct image_instr *in)
{
	const struct image_instr *loop;

	if (in->op == SEQUENCE_OP_BRANCH_END)
		return true;
	if (!is_instr_of(c, in->to) || image_instr_at(c->img, in->to)->step != in->step)
		return false;
	if (in->op != SEQUENCE_OP_NEXT && in->to <= i)
		return false;
	switch ((enum image_seq_op)in->op) {
	case SEQUENCE_OP_FOR:
		return in->slot < c->seq->n_slots && is_range(in->first, in->n, c->seq->n_slots) &&
		       in->n > 0 && in->n <= SEQUENCE_TURNS_MAX;
	case SEQUENCE_OP_REPEAT:
		return is_slot_of(c, in->slot, SLOT_NUMBER) && in->n > 0 &&
		       in->n <= SEQUENCE_TURNS_MAX;
	case SEQUENCE_OP_NEXT:
		loop = image_instr_at(c->img, in->to);
		return in->to < i && loop->to == i + 1 &&
		       (loop->op == SEQUENCE_OP_FOR || loop->op == SEQUENCE_OP_REPEAT);
	case SEQUENCE_OP_UNLESS:
		return is_term(c, &in->cond, true);
	case SEQUENCE_OP_FORK:
		return in->n > 0 && in->n < SEQUENCE_BRANCHES_MAX &&
		       are_numbers(c, in->first, in->n, i + 1, in->to) &&
		       is_term(c, &in->timeout, true) && is_action(c, in->action, true);
	default: /* JUMP */
		return true;
	}
}

static bool
is_told(const struct check *c, const struct image_instr *in)
{
	return in->command < c->img->ins_commands.n && in->retry <= SEQUENCE_RETRIES_MAX &&
	       is_term(c, &in->timeout, true) && is_term(c, &in->span, true) &&
	       is_action(c, in->action, true) && in->n > 0 &&
	       are_numbers(c, in->first, in->n, 0, c->img->strings.n);
}

static bool
is_instr(const struct check *c, uint32_t i)
{
	const struct image_instr *in = image_instr_at(c->img, i);

	if (in->op >= SEQUENCE_OPS || !is_step_of(c, in->step) || !is_text(c->img, in->text) ||
		!is_text(c->img, in->name) || !is_text(c->img, in->said))
		return false;
	switch ((enum image_seq_op)in->op) {
	case SEQUENCE_OP_SET:
		return is_set(c, in);
	case SEQUENCE_OP_RAMP:
		return is_ramp(c, in);
	case SEQUENCE_OP_DWELL:
	case SEQUENCE_OP_WAIT:
	case SEQUENCE_OP_UNTIL:
	case SEQUENCE_OP_ASK:
	case SEQUENCE_OP_GUARANTEED:
	case SEQUENCE_OP_STABLE:
		return is_wait(c, in);
	case SEQUENCE_OP_RECORD:
		return is_term(c, &in->span, true) &&
		       are_numbers(c, in->first, in->n, 0, c->img->channels.n);
	case SEQUENCE_OP_RESULT:
		return is_term(c, &in->value, true) && is_term(c, &in->low, false) &&
		       is_term(c, &in->high, in->low.n_ops > 0);
	case SEQUENCE_OP_COMMAND:
		return is_told(c, in);
	case SEQUENCE_OP_ACT:
		return is_action(c, in->action, true);
	case SEQUENCE_OP_STOP_RECORD:
	case SEQUENCE_OP_NOTIFY:
	case SEQUENCE_OP_MARK:
	case SEQUENCE_OP_STEP_END:
		return true;
	default:
		return is_jump(c, i, in);
	}
}

/* ---- the rest of a sequence ---------------------------------------------------------------------------------------------- */

static bool
is_step(const struct check *c, uint32_t i)
{
	const struct image *img = c->img;
	const struct image_seq_step *s = image_seq_step_at(img, i);

	if (!is_text(img, s->title) || !is_text(img, s->comment) ||
		s->entry > SEQUENCE_ENTRY_WHEN ||
		!is_term(c, &s->when, s->entry == SEQUENCE_ENTRY_WHEN) || s->n_instrs == 0 ||
		!is_range(s->first_instr, s->n_instrs, img->instrs.n) ||
		!is_instr_of(c, s->first_instr) ||
		!is_instr_of(c, s->first_instr + s->n_instrs - 1) ||
		image_instr_at(img, s->first_instr + s->n_instrs - 1)->op != SEQUENCE_OP_STEP_END ||
		!is_range(s->first_expect, s->n_expects, img->seq_expects.n))
		return false;
	for (uint32_t k = s->first_instr; k < s->first_instr + s->n_instrs; k++)
		if (image_instr_at(img, k)->step != i)
			return false;
	for (uint32_t k = s->first_expect; k < s->first_expect + s->n_expects; k++) {
		const struct image_seq_expect *e = image_seq_expect_at(img, k);

		if (e->output >= img->outputs.n || !is_term(c, &e->value, true))
			return false;
	}
	return true;
}

static bool
is_slot(const struct check *c, uint32_t i)
{
	const struct image_slot *s = image_slot_at(c->img, i);

	return is_text(c->img, s->name) && is_text(c->img, s->unit) && is_text(c->img, s->text) &&
	       s->kind < SLOT_KINDS && s->role < SLOT_ROLES && isfinite(s->value) &&
	       isfinite(s->min) && isfinite(s->max) &&
	       (s->kind != SLOT_TEXT || s->number < SEQUENCE_TEXTS_MAX) &&
	       (s->role != SLOT_LAST || s->first < c->img->channels.n) &&
	       (s->kind != SLOT_LIST || is_range(s->first, s->n, c->seq->n_slots));
}

static bool
is_guard(const struct check *c, uint32_t i)
{
	const struct image_seq_guard *g = image_seq_guard_at(c->img, i);

	return is_text(c->img, g->name) && is_action(c, g->action, true) &&
	       is_term(c, &g->when, true) &&
	       are_numbers(c, g->first_in, g->n_in, c->seq->first_step,
		       c->seq->first_step + c->seq->n_steps);
}

static bool
is_row(const struct check *c, uint32_t i)
{
	const struct image *img = c->img;
	const struct image_seq_row *r = image_seq_row_at(img, i);
	bool is_last = i + 1 == c->seq->first_row + c->seq->n_rows;

	if (!is_term(c, &r->when, !is_last) || (is_last && r->when.n_ops != 0) ||
		r->kind >= SEQUENCE_ROWS ||
		!is_action(c, r->action, r->kind == SEQUENCE_ROW_ACTION) ||
		!is_range(r->first_back, r->n_back, img->seq_backs.n) ||
		!are_numbers(c, r->first_with, r->n_with, 0, img->outputs.n))
		return false;
	for (uint32_t k = r->first_back; k < r->first_back + r->n_back; k++) {
		const struct image_seq_back *b = image_seq_back_at(img, k);

		if (b->output >= img->outputs.n || !is_term(c, &b->rate, true))
			return false;
	}
	return true;
}

static bool
is_limit(const struct check *c, uint32_t i)
{
	const struct image_seq_limit *l = image_seq_limit_at(c->img, i);

	return l->output < c->img->outputs.n && is_term(c, &l->min, true) &&
	       is_term(c, &l->max, true);
}

static bool
is_head(const struct check *c)
{
	const struct image *img = c->img;
	const struct image_sequence *s = c->seq;

	return is_text(img, s->name) && is_text(img, s->title) && is_text(img, s->path) &&
	       s->n_steps > 0 && is_range(s->first_step, s->n_steps, img->seq_steps.n) &&
	       s->n_instrs > 0 && is_range(s->first_instr, s->n_instrs, img->instrs.n) &&
	       is_range(s->first_guard, s->n_guards, img->guards.n) &&
	       is_range(s->first_slot, s->n_slots, img->slots.n) &&
	       s->n_slots <= SEQUENCE_SLOTS_MAX &&
	       is_range(s->first_row, s->n_rows, img->seq_rows.n) &&
	       is_range(s->first_limit, s->n_limits, img->seq_limits.n) &&
	       is_range(s->first_action, s->n_actions, img->seq_actions.n) &&
	       is_range(s->first_cell, s->n_cells, img->n_cells) && s->on_hold_ns >= 0 &&
	       are_numbers(c, s->first_use, s->n_uses, 0, img->outputs.n) &&
	       is_action(c, s->on_abort, false) && is_action(c, s->on_hold, false) &&
	       is_range(s->first_file, s->n_files, img->seq_files.n);
}

static bool
is_file(const struct check *c, uint32_t i)
{
	const struct image_seq_file *f = image_seq_file_at(c->img, i);

	return is_text(c->img, f->path) && is_text(c->img, f->text);
}

static bool
is_sequence(const struct check *c)
{
	const struct image_sequence *s = c->seq;
	const struct {
		uint32_t first, n;
		bool (*is_good)(const struct check *c, uint32_t i);
	} rows[] = {
		{ s->first_slot, s->n_slots, is_slot },
		{ s->first_step, s->n_steps, is_step },
		{ s->first_instr, s->n_instrs, is_instr },
		{ s->first_guard, s->n_guards, is_guard },
		{ s->first_row, s->n_rows, is_row },
		{ s->first_limit, s->n_limits, is_limit },
		{ s->first_file, s->n_files, is_file },
	};

	if (!is_head(c))
		return false;
	for (size_t k = 0; k < NELEM(rows); k++)
		for (uint32_t i = rows[k].first; i < rows[k].first + rows[k].n; i++)
			if (!rows[k].is_good(c, i))
				return false;
	return true;
}

static bool
is_written(const struct image *img, uint32_t channel)
{
	const struct image_channel *ch =
		channel < img->channels.n ? image_channel_at(img, channel) : NULL;

	return ch != NULL && ch->writable && ch->source_kind == SOURCE_POINT &&
	       ch->source < img->points.n;
}

static bool
is_command(const struct image *img, uint32_t i)
{
	const struct image_ins_command *d = image_ins_command_at(img, i);

	return is_text(img, d->name) && is_text(img, d->title) &&
	       d->instrument < img->instruments.n && is_written(img, d->channel) &&
	       (d->named == IMAGE_NONE || is_written(img, d->named)) && isfinite(d->value) &&
	       image_cond_is_sound(img, &d->ready, false, 0) &&
	       image_cond_is_sound(img, &d->started, false, 0) &&
	       image_cond_is_sound(img, &d->done, true, 0) && d->takes_ns >= 0;
}

const char *
image_check_sequences(const struct image *img, uint32_t *row)
{
	static const uint8_t shown[IMAGE_SEQUENCE_SHOWN] = { VALUE_CHOICE, VALUE_TEXT, VALUE_UINT,
		VALUE_TEXT, VALUE_TEXT, VALUE_FLOAT, VALUE_FLOAT, VALUE_FLOAT, VALUE_FLOAT,
		VALUE_FLOAT, VALUE_TEXT, VALUE_UINT, VALUE_TEXT, VALUE_UINT, VALUE_UINT,
		VALUE_UINT };

	for (*row = 0; img->sequences.n > 0 && *row < IMAGE_SEQUENCE_SHOWN; ++*row) {
		uint32_t i = img->sequence[*row];
		const struct image_channel *ch =
			i < img->channels.n ? image_channel_at(img, i) : NULL;

		if (ch == NULL || ch->source_kind != SOURCE_STATE ||
			ch->source != STATE_SEQUENCE + *row || ch->type != shown[*row])
			return "channel of the sequence";
	}
	for (*row = 0; *row < img->ins_commands.n; ++*row)
		if (!is_command(img, *row))
			return "command of an instrument";
	if (img->sequences.n > SEQUENCES_MAX)
		return "sequences, too many:";
	for (*row = 0; *row < img->sequences.n; ++*row) {
		const struct check c = { img, image_sequence_at(img, *row) };

		if (!is_sequence(&c))
			return "sequence";
	}
	return NULL;
}

uint32_t
image_find_sequence(const struct image *img, const char *name)
{
	for (uint32_t i = 0; i < img->sequences.n; i++)
		if (strcmp(image_text(img, image_sequence_at(img, i)->name), name) == 0)
			return i;
	return IMAGE_NONE;
}
