/* sequence_keep.c - the sequence under test as bytes, for restarts; and its way over a reload
 *
 * Piece 0 is the head, then one a branch, one an eighth of the slots, one a text, one an output, and who started it, with what tells this visit of its
 * step, and this question, from others.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "control/sequence_inside.h"

#define SLOTS_A_PIECE 7

struct layout {
	uint32_t branches, slots, texts, outputs, principal,
		end; /* the first piece of each, and behind all */
};

static struct layout
layout(const struct sequencer *s)
{
	struct layout l = { .branches = 1 };
	uint32_t n_slots = 0, n_texts = 0;

	for (uint32_t i = 0; i < s->img->sequences.n; i++)
		n_slots = MAX(n_slots, image_sequence_at(s->img, i)->n_slots);
	for (uint32_t i = 0; i < s->img->slots.n; i++)
		if (image_slot_at(s->img, i)->kind == SLOT_TEXT)
			n_texts = MAX(n_texts, image_slot_at(s->img, i)->number + 1);
	l.slots = l.branches + SEQUENCE_BRANCHES_MAX;
	l.texts = l.slots + (n_slots + SLOTS_A_PIECE - 1) / SLOTS_A_PIECE;
	l.outputs = l.texts + n_texts;
	l.principal = l.outputs + s->img->outputs.n;
	l.end = l.principal + 1;
	return l;
}

uint32_t
sequencer_pieces(const struct sequencer *s)
{
	return s->img->sequences.n == 0 ? 0 : layout(s).end;
}

static void
put_f64(uint8_t *out, double v)
{
	union value bits = { .f = v };

	put_u64le(out, bits.u);
}

static double
get_f64(const uint8_t *in)
{
	const union value bits = { .u = get_u64le(in) };

	return bits.f;
}

/* Places in the tables of the image are kept as places within the sequence: a reload may move that as a whole. */
static uint32_t
relative(uint32_t i, uint32_t first)
{
	return i == IMAGE_NONE ? IMAGE_NONE : i - first;
}

static uint32_t
absolute(uint32_t i, uint32_t first)
{
	return i == IMAGE_NONE ? IMAGE_NONE : i + first;
}

enum { HEAD_USED_ABORT = 1, HEAD_USED_HOLD = 2, HEAD_IS_STOPPING = 4, HEAD_IS_SAFE = 8 };

/* Outputs are known by their places: in which bench? */
static uint64_t
shape_of(const struct sequencer *s)
{
	struct layout l = layout(s);
	uint64_t h = UINT64_C(14695981039346656037) ^ l.end ^ (uint64_t)l.texts << 32;

	for (uint32_t i = 0; i < s->img->outputs.n; i++) {
		uint32_t channel = image_output_at(s->img, i)->channel;

		h = (h ^ image_channel_at(s->img, channel)->id) * UINT64_C(1099511628211);
	}
	return h;
}

void
sequence_know_shape(struct sequencer *s)
{
	s->shape = s->img->sequences.n == 0 ? 0 : shape_of(s);
}

static size_t
save_head(const struct sequencer *s, uint8_t *out)
{
	out[0] = (uint8_t)s->state;
	out[1] = (uint8_t)((s->used_abort ? HEAD_USED_ABORT : 0) |
			   (s->used_hold ? HEAD_USED_HOLD : 0) |
			   (s->is_stopping ? HEAD_IS_STOPPING : 0) |
			   (s->is_safe ? HEAD_IS_SAFE : 0));
	out[2] = (uint8_t)s->held_by;
	out[3] = (uint8_t)(s->held_branch == NO_BRANCH ? 255 : s->held_branch);
	put_u64le(out + 4, s->seq->hash);
	put_u32le(out + 12, relative(s->step, s->seq->first_step));
	put_u64le(out + 16, s->run);
	put_u64le(out + 24, (uint64_t)s->clock_ns);
	put_u64le(out + 32, (uint64_t)s->step_clock_ns);
	put_u32le(out + 40, relative(s->goto_step, s->seq->first_step));
	put_u32le(out + 44, relative(s->asking, s->seq->first_instr));
	put_u32le(out + 48, relative(s->held_action, s->seq->first_action));
	put_u64le(out + 52, s->shape);
	put_u16le(out + 60, (uint16_t)s->records);
	out[62] = (uint8_t)(s->records >> 16);
	return 63;
}

static size_t
save_branch(const struct sequencer *s, uint32_t i, uint8_t *out)
{
	const struct branch *b = &s->branches[i];
	uint32_t n = b->n_loops;

	_Static_assert(23 + 6 * SEQUENCE_LOOPS_MAX <= SEQUENCER_PIECE, "loops fit");
	_Static_assert(SEQUENCE_TURNS_MAX <= UINT16_MAX, "turns fit");
	if (!b->is_used)
		return 0;
	out[0] = (uint8_t)((b->is_begun ? 1 : 0) | (b->is_waiting ? 2 : 0) | (b->is_asked ? 4 : 0) |
			   b->phase << 4);
	out[1] = (uint8_t)(b->parent == NO_BRANCH ? 255 : b->parent);
	out[2] = (uint8_t)(n | (uint32_t)b->n_tries << 3);
	put_u32le(out + 3, relative(b->pc, s->seq->first_instr));
	put_u64le(out + 7, (uint64_t)b->at_ns);
	put_u64le(out + 15, b->phase != TOLD_READY ? b->event : (uint64_t)b->inside_ns);
	for (uint32_t k = 0; k < n; k++) {
		put_u32le(out + 23 + 6 * k, relative(b->loops[k].instr, s->seq->first_instr));
		put_u16le(out + 27 + 6 * k, (uint16_t)b->loops[k].turn);
	}
	return 23 + 6 * (size_t)n;
}

static size_t
save_slots(const struct sequencer *s, uint32_t first, uint8_t *out)
{
	size_t n = 0;

	for (uint32_t i = first; i < first + SLOTS_A_PIECE && i < s->seq->n_slots; i++, n += 8)
		put_f64(out + n, s->slots[i]);
	return n;
}

static size_t
save_grip(const struct sequencer *s, uint32_t i, uint8_t *out)
{
	const struct grip *g = &s->grips[i];

	if (!g->is_used)
		return 0;
	out[0] = (uint8_t)((g->is_moving ? 1 : 0) | (g->is_background ? 2 : 0));
	out[1] = (uint8_t)(g->branch == NO_BRANCH ? 255 : g->branch);
	put_f64(out + 2, g->target);
	put_f64(out + 10, g->ramp);
	put_f64(out + 18, g->holdback);
	put_f64(out + 26, g->paused);
	return 34;
}

/* Who reads it as a text alone finds that. */
static size_t
save_principal(const struct sequencer *s, uint8_t *out)
{
	size_t n = strlen(s->principal) + 1;

	_Static_assert(EVENT_PRINCIPAL + 16 <= SEQUENCER_PIECE, "both fit behind it");
	memcpy(out, s->principal, n);
	put_u64le(out + n, s->visit);
	put_u64le(out + n + 8, s->asked);
	return n + 16;
}

size_t
sequencer_save(const struct sequencer *s, uint32_t piece, uint8_t out[SEQUENCER_PIECE])
{
	struct layout l = layout(s);

	memset(out, 0, SEQUENCER_PIECE);
	if (!sequencer_is_active(s))
		return 0;
	if (piece < l.branches)
		return save_head(s, out);
	if (piece < l.slots)
		return save_branch(s, piece - l.branches, out);
	if (piece < l.texts)
		return save_slots(s, (piece - l.slots) * SLOTS_A_PIECE, out);
	if (piece == l.principal)
		return save_principal(s, out);
	if (piece < l.outputs) {
		const char *text = s->texts[piece - l.texts];
		size_t n = MIN(strlen(text), (size_t)SEQUENCER_PIECE);

		memcpy(out, text, n);
		return n;
	}
	return save_grip(s, piece - l.outputs, out);
}

bool
sequencer_is_same_but_clock(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, 24) == 0 && memcmp(a + 32, b + 32, SEQUENCER_PIECE - 32) == 0;
}

/* ---- and back ------------------------------------------------------------------------------------------------------------ */

static bool
load_head(struct sequencer *s, const uint8_t *in, size_t n, struct err *err)
{
	uint64_t hash;

	if (n < 60 || in[0] >= SEQUENCE_STATES)
		return false;
	if (get_u64le(in + 52) != s->shape) {
		err_set(err, ERR_REFUSED, 0,
			"a sequence was under test on a bench that is another one now");
		return false;
	}
	hash = get_u64le(in + 4);
	for (uint32_t i = 0; i < s->img->sequences.n && s->seq == NULL; i++)
		if (image_sequence_at(s->img, i)->hash == hash) {
			s->index = i;
			s->seq = image_sequence_at(s->img, i);
		}
	if (s->seq == NULL) {
		err_set(err, ERR_REFUSED, 0,
			"a sequence was under test whose file is another one now");
		return false;
	}
	s->state = (enum sequence_state)in[0];
	s->used_abort = (in[1] & HEAD_USED_ABORT) != 0;
	s->used_hold = (in[1] & HEAD_USED_HOLD) != 0;
	s->is_stopping = (in[1] & HEAD_IS_STOPPING) != 0;
	s->is_safe = (in[1] & HEAD_IS_SAFE) != 0;
	s->held_by = (enum held_by)in[2];
	s->held_branch = in[3] >= SEQUENCE_BRANCHES_MAX ? NO_BRANCH : in[3];
	s->step = absolute(get_u32le(in + 12), s->seq->first_step);
	s->run = get_u64le(in + 16);
	s->clock_ns = (int64_t)get_u64le(in + 24);
	s->step_clock_ns = (int64_t)get_u64le(in + 32);
	s->goto_step = absolute(get_u32le(in + 40), s->seq->first_step);
	s->asking = absolute(get_u32le(in + 44), s->seq->first_instr);
	s->held_action = absolute(get_u32le(in + 48), s->seq->first_action);
	s->records = n < 63 ? 0 : (uint32_t)get_u16le(in + 60) | (uint32_t)in[62] << 16;
	return s->step - s->seq->first_step < s->seq->n_steps;
}

static bool
is_instr(const struct sequencer *s, uint32_t i)
{
	return i >= s->seq->first_instr && i - s->seq->first_instr < s->seq->n_instrs;
}

static bool
load_branch(struct sequencer *s, uint32_t i, const uint8_t *in, size_t n)
{
	struct branch *b = &s->branches[i];
	uint32_t n_loops = n < 23 ? 0 : in[2] & 7;

	if (n < 23 || n_loops > SEQUENCE_LOOPS_MAX || n < 23 + 6 * (size_t)n_loops)
		return false;
	*b = (struct branch){ .is_used = true,
		.is_begun = (in[0] & 1) != 0,
		.is_waiting = (in[0] & 2) != 0,
		.phase = in[0] >> 4,
		.n_tries = in[2] >> 3,
		.event = in[0] >> 4 != TOLD_READY ? get_u64le(in + 15) : 0,
		.parent = in[1] >= SEQUENCE_BRANCHES_MAX ? NO_BRANCH : in[1],
		.pc = absolute(get_u32le(in + 3), s->seq->first_instr),
		.at_ns = (int64_t)get_u64le(in + 7),
		.inside_ns = (int64_t)get_u64le(in + 15),
		.looked_ns = s->clock_ns,
		.n_loops = n_loops };
	for (uint32_t k = 0; k < n_loops; k++) {
		b->loops[k].instr = absolute(get_u32le(in + 23 + 6 * k), s->seq->first_instr);
		b->loops[k].turn = get_u16le(in + 27 + 6 * k);
		if (!is_instr(s, b->loops[k].instr) ||
			b->loops[k].turn >= image_instr_at(s->img, b->loops[k].instr)->n)
			return false;
	}
	return is_instr(s, b->pc) &&
	       (b->phase == TOLD_READY ||
		       (b->phase < TOLD_PHASES &&
			       image_instr_at(s->img, b->pc)->op == SEQUENCE_OP_COMMAND));
}

/* Times of a statement under way are worked out anew; what it had counted stays. */
static void
begin_again(struct sequencer *s, uint32_t i)
{
	struct branch *b = &s->branches[i];
	const struct image_instr *in = image_instr_at(s->img, b->pc);

	if (!b->is_begun)
		return;
	if (in->span.n_ops > 0)
		(void)sequence_span(s, &in->span, &b->span_ns);
	if (in->timeout.n_ops > 0)
		(void)sequence_span(s, &in->timeout, &b->timeout_ns);
	if (in->within.n_ops > 0)
		(void)sequence_number(s, &in->within, &b->low);
	if (in->op == SEQUENCE_OP_STABLE)
		stable_begin(&s->stables[i], b->span_ns, s->now_ns);
}

static void
load_grip(struct sequencer *s, uint32_t i, const uint8_t *in, size_t n)
{
	if (n < 34)
		return;
	s->grips[i] = (struct grip){ .is_used = true,
		.is_moving = (in[0] & 1) != 0,
		.is_background = (in[0] & 2) != 0,
		.branch = in[1] >= SEQUENCE_BRANCHES_MAX ? NO_BRANCH : in[1],
		.target = get_f64(in + 2),
		.ramp = get_f64(in + 10),
		.holdback = get_f64(in + 18),
		.paused = get_f64(in + 26),
		.was = (double)NAN };
}

/* Of an mbc before it is a text alone. */
static void
load_principal(struct sequencer *s, const uint8_t *in, size_t n)
{
	size_t length = strnlen((const char *)in, n);

	snprintf(s->principal, sizeof(s->principal), "%.*s", (int)length, (const char *)in);
	s->visit = n < length + 17 ? 0 : get_u64le(in + length + 1);
	s->asked = n < length + 17 ? 0 : get_u64le(in + length + 9);
}

static bool
load(struct sequencer *s, sequencer_find_fn find, void *ctx, struct err *err)
{
	struct layout l = layout(s);
	const uint8_t *in;
	size_t n;

	for (uint32_t piece = 0; piece < l.end; piece++) {
		if ((in = find(ctx, piece, &n)) == NULL || n == 0) {
			if (piece == 0)
				return false;
			continue;
		}
		if (piece == 0 && !load_head(s, in, n, err))
			return false;
		if (piece >= l.branches && piece < l.slots &&
			!load_branch(s, piece - l.branches, in, n))
			return false;
		if (piece >= l.slots && piece < l.texts)
			for (size_t k = 0; k < n / 8; k++)
				s->slots[(piece - l.slots) * SLOTS_A_PIECE + k] =
					get_f64(in + 8 * k);
		if (piece >= l.texts && piece < l.outputs) {
			memcpy(s->texts[piece - l.texts], in, MIN(n, (size_t)SEQUENCE_TEXT - 1));
			s->texts[piece - l.texts][MIN(n, (size_t)SEQUENCE_TEXT - 1)] = '\0';
		}
		if (piece >= l.outputs && piece < l.principal)
			load_grip(s, piece - l.outputs, in, n);
		if (piece == l.principal)
			load_principal(s, in, n);
	}
	return true;
}

bool
sequencer_restore(
	struct sequencer *s, sequencer_find_fn find, void *ctx, int64_t now_ns, struct err *err)
{
	err->msg[0] = '\0';
	s->now_ns = s->ticked_ns = now_ns;
	if (s->img->sequences.n == 0 || !load(s, find, ctx, err)) {
		if (s->seq != NULL && err->msg[0] == '\0')
			err_set(err, ERR_REFUSED, 0,
				"what was recorded of the sequence is damaged");
		s->seq = NULL;
		s->state = SEQUENCE_IDLE;
		s->index = IMAGE_NONE;
		return false;
	}
	for (uint32_t i = 0; i < SEQUENCE_BRANCHES_MAX; i++)
		if (s->branches[i].is_used)
			begin_again(s, i);
	if (s->held_action - s->seq->first_action >= s->seq->n_actions)
		s->held_action = IMAGE_NONE;
	if (s->asking != IMAGE_NONE && !is_instr(s, s->asking))
		s->asking = IMAGE_NONE;
	if (s->goto_step - s->seq->first_step >= s->seq->n_steps)
		s->goto_step = IMAGE_NONE;
	s->held_ns = now_ns;
	s->is_standing = true;
	s->stood_ns = now_ns; /* until somebody says since when */
	s->stands_for = sequence_is_decided;
	return true;
}

/* ---- reloads ------------------------------------------------------------------------------------------------------------- */

static bool
is_same_step(const struct image_seq_step *a, const struct image_seq_step *b)
{
	return a->number == b->number && a->hash == b->hash && a->n_instrs == b->n_instrs;
}

/* An amendment concerns steps that have not begun: up to the one that is executed all is as it was. */
static int
may_amend(const struct sequencer *s, const struct image *next, const struct image_sequence *other,
	struct err *err)
{
	for (uint32_t i = 0; s->seq->first_step + i <= s->step; i++) {
		const struct image_seq_step *was =
			image_seq_step_at(s->img, s->seq->first_step + i);

		if (i >= other->n_steps ||
			!is_same_step(was, image_seq_step_at(next, other->first_step + i)))
			return err_set(err, ERR_REFUSED, 0,
				"the sequence '%.60s' is under test, and step %u, which has begun, "
				"is "
				"another in the new files; 'mbc reload' when it has ended",
				image_text(s->img, s->seq->name), was->number);
	}
	return 0;
}

int
sequencer_may_adopt(const struct sequencer *s, const struct image *next, struct err *err)
{
	const struct image_sequence *other;
	const char *name;
	uint32_t i;

	if (!sequencer_is_active(s))
		return 0;
	name = image_text(s->img, s->seq->name);
	i = image_find_sequence(next, name);
	if (i == IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0,
			"the sequence '%.60s' is under test, and the new files have none of that "
			"name; 'mbc reload' when it has ended",
			name);
	other = image_sequence_at(next, i);
	if (other->hash == s->seq->hash)
		return 0;
	if (other->frame != s->seq->frame)
		return err_set(err, ERR_REFUSED, 0,
			"the sequence '%.60s' is under test, and more than its steps is another in "
			"the new files: guards, handlers, parameters or outputs; 'mbc reload' when "
			"it has ended",
			name);
	if (s->held_action != IMAGE_NONE || s->goto_step != IMAGE_NONE)
		return err_set(err, ERR_REFUSED, 0,
			"the sequence '%.60s' is under test and held on its way; RESUME it, then "
			"'mbc reload'",
			name);
	return may_amend(s, next, other, err);
}

struct old_pieces {
	const struct sequencer *from;
	struct layout old, new;
	uint64_t shape, hash; /* of the new one */
	const struct image *img;
	uint8_t bytes[SEQUENCER_PIECE];
};

/* Outputs by the ids of their channels: they may stand elsewhere in the new image. */
static uint32_t
old_output(const struct old_pieces *o, uint32_t i)
{
	uint32_t id = image_channel_at(o->img, image_output_at(o->img, i)->channel)->id;
	const struct image *img = o->from->img;

	for (uint32_t k = 0; k < img->outputs.n; k++)
		if (image_channel_at(img, image_output_at(img, k)->channel)->id == id)
			return k;
	return IMAGE_NONE;
}

static const uint8_t *
find_old(void *ctx, uint32_t piece, size_t *out_n)
{
	struct old_pieces *o = ctx;
	uint32_t old = piece;

	if (piece == o->new.principal) {
		old = o->old.principal;
	} else if (piece >= o->new.outputs) {
		old = old_output(o, piece - o->new.outputs);
		old = old == IMAGE_NONE ? o->old.end : old + o->old.outputs;
	} else if (piece >= o->new.texts) {
		old = piece - o->new.texts + o->old.texts;
		old = old >= o->old.outputs ? o->old.end : old;
	} else if (piece >= o->new.slots && piece >= o->old.texts) {
		old = o->old.end;
	}
	*out_n = old >= o->old.end ? 0 : sequencer_save(o->from, old, o->bytes);
	if (piece == 0 && *out_n > 0)
		put_u64le(o->bytes + 4, o->hash); /* it may be amended */
	put_u64le(o->bytes + 52, o->shape);       /* places are told one by one */
	return *out_n == 0 ? NULL : o->bytes;
}

/* The one that ends it, in the new bench; without it the one of on_stop. */
static uint32_t
same_safe_state(const struct sequencer *s, const struct sequencer *from)
{
	const char *name;

	if (from->aborting_to == IMAGE_NONE)
		return IMAGE_NONE;
	name = image_text(from->img, image_safe_state_at(from->img, from->aborting_to)->name);
	for (uint32_t i = 0; i < s->img->safe_states.n; i++)
		if (strcmp(image_text(s->img, image_safe_state_at(s->img, i)->name), name) == 0)
			return i;
	return s->img->on_stop;
}

/* "40, 50" */
static void
list_amended(const struct sequencer *s, const struct sequencer *from, char *out, size_t cap)
{
	uint32_t n = MAX(s->seq->n_steps, from->seq->n_steps);
	size_t used = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < n && used + 1 < cap; i++) {
		const struct image_seq_step *is =
			i < s->seq->n_steps ? image_seq_step_at(s->img, s->seq->first_step + i)
					    : NULL;
		const struct image_seq_step *was =
			i < from->seq->n_steps
				? image_seq_step_at(from->img, from->seq->first_step + i)
				: NULL;

		if (is != NULL && was != NULL && is_same_step(is, was))
			continue;
		is = is != NULL ? is : was;
		if (is != NULL)
			used += (size_t)snprintf(
				out + used, cap - used, "%s%u", used == 0 ? "" : ", ", is->number);
	}
}

static void
tell_amendment(struct sequencer *s, const struct sequencer *from)
{
	char steps[80];

	if (s->seq->hash == from->seq->hash)
		return;
	list_amended(s, from, steps, sizeof(steps));
	sequence_tell(s, EVENT_SEQUENCE_AMENDED, s->run, "steps %s", steps);
}

void
sequencer_adopt(struct sequencer *s, struct sequencer *from, int64_t now_ns)
{
	struct old_pieces o = { .from = from,
		.old = layout(from),
		.new = layout(s),
		.shape = s->shape,
		.img = s->img };
	uint32_t same;
	struct err err;

	if (!sequencer_is_active(from))
		return;
	same = image_find_sequence(s->img, image_text(from->img, from->seq->name));
	if (same == IMAGE_NONE)
		return;
	o.hash = image_sequence_at(s->img, same)->hash;
	if (!sequencer_restore(s, find_old, &o, now_ns, &err))
		return;
	/* What is in memory alone goes on, too. */
	for (uint32_t i = 0; i < SEQUENCE_BRANCHES_MAX; i++) {
		s->branches[i].looked_ns = from->branches[i].looked_ns;
		s->branches[i].is_asked = from->branches[i].is_asked;
		s->branches[i].event = from->branches[i].event;
		s->branches[i].asked_ns = from->branches[i].asked_ns;
		s->branches[i].tag = from->branches[i].tag;
		s->branches[i].n_loops = from->branches[i].n_loops;
		for (uint32_t k = 0; k < from->branches[i].n_loops; k++)
			s->branches[i].loops[k] =
				(struct loop){ .instr = from->branches[i].loops[k].instr -
							from->seq->first_instr +
							s->seq->first_instr,
					.turn = from->branches[i].loops[k].turn };
		s->stables[i] = from->stables[i];
	}
	for (uint32_t i = 0; i < s->seq->n_guards; i++)
		s->watches[s->seq->first_guard + i] = from->watches[from->seq->first_guard + i];
	for (uint32_t i = 0; i < s->img->outputs.n; i++) {
		uint32_t old = old_output(&o, i);

		if (old == IMAGE_NONE)
			continue;
		s->grips[i].cause = from->grips[old].cause;
		s->grips[i].was = from->grips[old].was;
	}
	s->aborting_to = same_safe_state(s, from);
	s->is_standing = from->is_standing;
	s->held_ns = from->held_ns;
	s->stood_ns = from->stood_ns;
	s->stands_for = from->stands_for;
	s->lasts_ns = from->lasts_ns;
	memcpy(s->lasts, from->lasts, sizeof(s->lasts));
	s->order = from->order;
	s->tag = from->tag;
	s->reason_event = from->reason_event;
	s->ticked_ns = from->ticked_ns;
	memcpy(s->reason, from->reason, sizeof(s->reason));
	memcpy(s->reply, from->reply, sizeof(s->reply));
	memcpy(s->principal, from->principal, sizeof(s->principal));
	tell_amendment(s, from);
	sequence_plan(s);
}
