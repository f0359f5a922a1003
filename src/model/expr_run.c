/* expr_run.c - running a program, and proving that bytes are one
 *
 * Numbers and truths share a stack. A truth's number is 0 or 1 and has no meaning when it is unknown.
 * Source of the logic: Kleene's strong logic of three values.
 */
#include <math.h>

#include "model/expr_cell.h"
#include "model/expr_code.h"
#include "msg/quality.h"

struct slot {
	double v;
	enum truth truth;
	unsigned quality;
	int64_t stamp_ns;
};

struct expr_effect
expr_effect(const struct expr_op *op)
{
	switch ((enum expr_opcode)op->code) {
	case EXPR_OP_CONST:
	case EXPR_OP_LOAD:
	case EXPR_OP_AGE:
		return (struct expr_effect){ 0, false, false, true };
	case EXPR_OP_TRUTH:
	case EXPR_OP_BAD:
		return (struct expr_effect){ 0, false, true, true };
	case EXPR_OP_AFFINE:
	case EXPR_OP_NEG:
	case EXPR_OP_ABS:
		return (struct expr_effect){ 1, false, false, true };
	case EXPR_OP_ADD:
	case EXPR_OP_SUB:
	case EXPR_OP_MUL:
	case EXPR_OP_DIV:
	case EXPR_OP_MIN:
	case EXPR_OP_MAX:
		return (struct expr_effect){ 2, false, false, true };
	case EXPR_OP_EQ:
	case EXPR_OP_NE:
	case EXPR_OP_LT:
	case EXPR_OP_LE:
	case EXPR_OP_GT:
	case EXPR_OP_GE:
		return (struct expr_effect){ 2, false, true, true };
	case EXPR_OP_NOT:
		return (struct expr_effect){ 1, true, true, true };
	case EXPR_OP_AND:
	case EXPR_OP_OR:
		return (struct expr_effect){ 2, true, true, true };
	case EXPR_OP_MEAN:
	case EXPR_OP_SLOPE:
	case EXPR_OP_RSD:
	case EXPR_OP_TOTAL:
	case EXPR_OP_ITEM:
		return (struct expr_effect){ 1, false, false, true };
	case EXPR_OP_IS_TRUE:
	case EXPR_OP_FROZEN:
		return (struct expr_effect){ 1, false, true, true };
	case EXPR_OP_HOURS:
	case EXPR_OP_SINCE:
		return (struct expr_effect){ 1, true, false, true };
	case EXPR_OP_HOLDS:
	case EXPR_OP_RISES:
	case EXPR_OP_FALLS:
		return (struct expr_effect){ 1, true, true, true };
	case EXPR_OP_HOLDS_FOR: /* its second one is a number */
		return (struct expr_effect){ 2, true, true, true };
	case EXPR_OP_VOTE:
		if (op->arg.i < 1 || op->arg.i > EXPR_DEPTH_MAX)
			break;
		return (struct expr_effect){ (uint8_t)op->arg.i, true, true, true };
	}
	return (struct expr_effect){ 0, false, false, false };
}

bool
expr_has_cell(const struct expr_op *op)
{
	return (op->code >= EXPR_OP_FROZEN && op->code <= EXPR_OP_HOURS) ||
	       op->code == EXPR_OP_HOLDS_FOR;
}

uint32_t
expr_pops(const struct expr_op *op)
{
	return expr_effect(op).pops;
}

uint32_t
expr_cells(const struct expr_op *op)
{
	switch (op->code) {
	case EXPR_OP_MEAN:
	case EXPR_OP_SLOPE:
		return WINDOW_CELLS;
	case EXPR_OP_RSD:
		return op->arg2 >= EXPR_RSD_MIN && op->arg2 <= EXPR_RSD_MAX
			       ? ring_cells((uint32_t)op->arg2)
			       : 1;
	default:
		return expr_has_cell(op);
	}
}

static bool
operands_are_sound(const struct expr_op *op, uint32_t n_channels, uint32_t n_cells)
{
	if (expr_has_cell(op) &&
		(op->arg.i < 0 || op->arg.i > (int64_t)n_cells - (int64_t)expr_cells(op)))
		return false;
	switch (op->code) {
	case EXPR_OP_LOAD:
	case EXPR_OP_BAD:
	case EXPR_OP_AGE:
		return op->arg.i >= 0 && op->arg.i < (int64_t)n_channels;
	case EXPR_OP_CONST:
		return isfinite(op->arg.f);
	case EXPR_OP_AFFINE:
		return isfinite(op->arg.f) && isfinite(op->arg2);
	case EXPR_OP_TRUTH:
		return op->arg.i == 0 || op->arg.i == 1;
	case EXPR_OP_VOTE:
		return op->arg2 >= 1 && op->arg2 <= (double)op->arg.i;
	case EXPR_OP_RSD:
		return op->arg2 >= EXPR_RSD_MIN && op->arg2 <= EXPR_RSD_MAX &&
		       op->arg2 == floor(op->arg2);
	case EXPR_OP_ITEM:
		return op->arg2 >= 1 && op->arg2 <= (double)n_channels && op->arg.i >= 0 &&
		       op->arg.i <= (int64_t)n_channels - (int64_t)op->arg2;
	case EXPR_OP_FROZEN:
	case EXPR_OP_HOLDS:
	case EXPR_OP_MEAN:
	case EXPR_OP_SLOPE:
		return op->arg2 > 0 && op->arg2 <= EXPR_TIME_MAX_S * 1e9;
	default:
		return true;
	}
}

bool
expr_is_sound(const struct expr_op *ops, uint32_t n, uint32_t n_channels, uint32_t n_cells)
{
	bool is_truth[EXPR_DEPTH_MAX];
	uint32_t depth = 0;

	if (n == 0 || n > EXPR_OPS_MAX)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct expr_effect e = expr_effect(&ops[i]);

		if (!e.is_known || e.pops > depth ||
			!operands_are_sound(&ops[i], n_channels, n_cells))
			return false;
		for (uint32_t k = 0; k < e.pops; k++)
			if (is_truth[--depth] !=
				(e.takes_truth && !(k == 0 && ops[i].code == EXPR_OP_HOLDS_FOR)))
				return false;
		if (depth == EXPR_DEPTH_MAX)
			return false;
		is_truth[depth++] = e.gives_truth;
	}
	return depth == 1;
}

static bool
is_uncertain(unsigned quality)
{
	return quality != Q_GOOD && !quality_is_bad(quality);
}

/* What remains of the quality of two inputs: the first bad one, else uncertain, else good. */
static unsigned
worse(unsigned a, unsigned b)
{
	if (quality_is_bad(a))
		return a;
	if (quality_is_bad(b))
		return b;
	return is_uncertain(a) || is_uncertain(b) ? Q_OUT_OF_RANGE : Q_GOOD;
}

static void
set_number(struct slot *c, double v)
{
	c->v = v;
	if (!quality_is_bad(c->quality) && !isfinite(v))
		c->quality = Q_UNDEFINED;
}

static void
set_truth(struct slot *c, bool is_true)
{
	if (quality_is_bad(c->quality))
		c->truth = TRUTH_UNKNOWN;
	else
		c->truth = is_true ? TRUTH_TRUE : TRUTH_FALSE;
}

static struct slot
load(const struct expr_input *in, const struct expr_op *op)
{
	uint32_t channel = (uint32_t)op->arg.i;
	struct slot c = { 0 };
	double v = 0;
	unsigned quality = Q_GOOD;
	int64_t stamp_ns = 0;

	in->load(in->ctx, channel, &v, &quality, &stamp_ns);
	if (op->code == EXPR_OP_BAD) {
		c.truth = quality_is_bad(quality) ? TRUTH_TRUE : TRUTH_FALSE;
		c.stamp_ns = in->now_ns; /* known now, whatever the age of the value */
		return c;
	}
	if (op->code == EXPR_OP_AGE) {
		c.v = (double)(in->now_ns - stamp_ns) / 1e9;
		c.quality = stamp_ns == 0 ? Q_SOURCE_BAD : Q_GOOD;
		c.stamp_ns = in->now_ns;
		return c;
	}
	c.v = v;
	c.stamp_ns = stamp_ns;
	if (quality_is_bad(quality) || !isfinite(v))
		c.quality = Q_SOURCE_BAD;
	else if (quality != Q_GOOD)
		c.quality = Q_OUT_OF_RANGE;
	return c;
}

/* The element of a list; one that there is not has no value. */
static void
item(struct slot *s, const struct expr_op *op, const struct expr_input *in)
{
	struct expr_op one = { .code = EXPR_OP_LOAD };

	if (quality_is_bad(s->quality))
		return;
	if (!(s->v >= 1 && s->v <= op->arg2) || s->v != floor(s->v)) {
		s->quality = Q_UNDEFINED;
		return;
	}
	one.arg.i = op->arg.i + (int64_t)s->v - 1;
	*s = load(in, &one);
}

static void
arithmetic(struct slot *l, const struct slot *r, uint32_t code)
{
	switch (code) {
	case EXPR_OP_ADD:
		set_number(l, l->v + r->v);
		return;
	case EXPR_OP_SUB:
		set_number(l, l->v - r->v);
		return;
	case EXPR_OP_MUL:
		set_number(l, l->v * r->v);
		return;
	case EXPR_OP_DIV:
		set_number(l, r->v == 0 ? (double)NAN : l->v / r->v);
		return;
	case EXPR_OP_MIN:
		set_number(l, MIN(l->v, r->v));
		return;
	default: /* EXPR_OP_MAX */
		set_number(l, MAX(l->v, r->v));
		return;
	}
}

static bool
compare(double l, double r, uint32_t code)
{
	switch (code) {
	case EXPR_OP_EQ:
		return l == r;
	case EXPR_OP_NE:
		return l != r;
	case EXPR_OP_LT:
		return l < r;
	case EXPR_OP_LE:
		return l <= r;
	case EXPR_OP_GT:
		return l > r;
	default: /* EXPR_OP_GE */
		return l >= r;
	}
}

/* `decides` alone settles the result: false for and, true for or. A side that settles it does so whatever the other
 * side is, so its quality is the result's. */
static void
logic(struct slot *l, const struct slot *r, enum truth decides)
{
	bool by_l = l->truth == decides, by_r = r->truth == decides;

	if (by_l && by_r)
		l->quality = l->quality == Q_GOOD ? Q_GOOD : r->quality;
	else if (by_r)
		l->quality = r->quality;
	else if (!by_l)
		l->quality = worse(l->quality, r->quality);
	if (by_l || by_r)
		l->truth = decides;
	else if (r->truth == TRUTH_UNKNOWN)
		l->truth = TRUTH_UNKNOWN;
}

/* A bad input votes to trip. The result is always known; inputs that are not good make it uncertain. */
static void
vote(struct slot *slots, uint32_t n, double need)
{
	double votes = 0;
	unsigned quality = Q_GOOD;
	int64_t stamp_ns = slots[0].stamp_ns;

	for (uint32_t i = 0; i < n; i++) {
		votes += slots[i].truth != TRUTH_FALSE;
		if (slots[i].quality != Q_GOOD)
			quality = Q_OUT_OF_RANGE;
		stamp_ns = MIN(stamp_ns, slots[i].stamp_ns);
	}
	slots[0].quality = quality;
	slots[0].stamp_ns = stamp_ns;
	set_truth(&slots[0], votes >= need);
}

/* Those that make one number of what was: "not enough values yet" has no result. */
static void
run_window(struct slot *s, const struct expr_op *op, const struct expr_input *in)
{
	struct cell_look look = { .is_bad = quality_is_bad(s->quality),
		.truth = s->truth,
		.v = s->v,
		.stamp_ns = s->stamp_ns,
		.now_ns = in->now_ns,
		.is_trial = in->is_trial };
	bool is_known = in->cells != NULL;

	if (is_known && op->code == EXPR_OP_RSD)
		is_known = cell_rsd(&in->cells[op->arg.i], &look, (uint32_t)op->arg2, &s->v);
	else if (is_known && op->code == EXPR_OP_TOTAL)
		is_known = cell_total(&in->cells[op->arg.i], &look, &s->v);
	else if (is_known && op->code == EXPR_OP_HOURS)
		is_known = cell_hours(&in->cells[op->arg.i], &look, &s->v);
	else if (is_known)
		is_known = cell_window(&in->cells[op->arg.i], &look, (int64_t)op->arg2,
			op->code == EXPR_OP_SLOPE, &s->v);
	s->stamp_ns = in->now_ns;
	if (!is_known && !quality_is_bad(s->quality))
		s->quality = Q_UNDEFINED;
	else if (is_known && look.is_partial)
		s->quality = Q_OUT_OF_RANGE;
	set_number(s, s->v);
}

/* An operation that remembers. What it says is known now, whatever the age of its input; its quality is the input's. */
static void
run_cell(struct slot *s, const struct expr_op *op, const struct expr_input *in)
{
	struct expr_cell copy, *cell = in->cells == NULL ? NULL : &in->cells[op->arg.i];
	bool is_bad = quality_is_bad(s->quality);

	if (op->code >= EXPR_OP_MEAN) {
		run_window(s, op, in);
		return;
	}
	if (cell != NULL && in->is_trial) {
		copy = *cell;
		cell = &copy;
	}
	s->stamp_ns = in->now_ns;
	if (cell == NULL) {
		s->truth = TRUTH_UNKNOWN;
	} else if (op->code == EXPR_OP_FROZEN) {
		s->truth = cell_frozen(cell, is_bad, s->v, in->now_ns, (int64_t)op->arg2);
	} else if (op->code == EXPR_OP_SINCE) {
		s->v = (double)cell_since(cell, s->truth, in->now_ns) / 1e9;
	} else if (op->code == EXPR_OP_HOLDS) {
		s->truth = cell_holds(cell, s->truth, in->now_ns, (int64_t)op->arg2);
	} else {
		s->truth = cell_edge(cell, s->truth, in->now_ns, op->code == EXPR_OP_RISES);
	}
	if (s->truth == TRUTH_UNKNOWN && !is_bad)
		s->quality = Q_SOURCE_BAD;
}

/* For a time that is worked out: one that nobody knows is not over. */
static void
run_holds_for(struct slot *s, const struct slot *time, const struct expr_op *op,
	const struct expr_input *in)
{
	struct expr_op held = {
		.code = EXPR_OP_HOLDS, .arg.i = op->arg.i, .arg2 = EXPR_TIME_MAX_S * 1e9
	};
	bool is_known = !quality_is_bad(time->quality) && time->v >= 0;
	enum truth was = s->truth;

	if (is_known)
		held.arg2 = fmin(time->v, EXPR_TIME_MAX_S) * 1e9;
	run_cell(s, &held, in);
	if (is_known || was != TRUTH_TRUE)
		return;
	s->truth = TRUTH_UNKNOWN;
	s->quality = quality_is_bad(s->quality) ? s->quality : Q_SOURCE_BAD;
}

static void
run_unary(struct slot *c, const struct expr_op *op)
{
	switch (op->code) {
	case EXPR_OP_AFFINE:
		set_number(c, c->v * op->arg.f + op->arg2);
		return;
	case EXPR_OP_NEG:
		c->v = -c->v;
		return;
	case EXPR_OP_ABS:
		c->v = fabs(c->v);
		return;
	case EXPR_OP_IS_TRUE:
		set_truth(c, c->v != 0);
		return;
	default: /* EXPR_OP_NOT */
		if (c->truth != TRUTH_UNKNOWN)
			c->truth = c->truth == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
		return;
	}
}

static void
run_binary(struct slot *l, const struct slot *r, uint32_t code)
{
	l->stamp_ns = MIN(l->stamp_ns, r->stamp_ns);
	if (code == EXPR_OP_AND || code == EXPR_OP_OR) {
		logic(l, r, code == EXPR_OP_AND ? TRUTH_FALSE : TRUTH_TRUE);
		return;
	}
	l->quality = worse(l->quality, r->quality);
	if (code >= EXPR_OP_EQ && code <= EXPR_OP_GE)
		set_truth(l, compare(l->v, r->v, code));
	else
		arithmetic(l, r, code);
}

void
expr_run(
	const struct expr_op *ops, uint32_t n, const struct expr_input *in, struct expr_result *out)
{
	struct slot stack[EXPR_DEPTH_MAX];
	uint32_t depth = 0;
	struct slot *top;

	stack[0] = (struct slot){ .quality = Q_UNDEFINED };
	for (uint32_t i = 0; i < n; i++) {
		const struct expr_op *op = &ops[i];
		struct expr_effect e = expr_effect(op);

		depth -= e.pops;
		top = &stack[depth++];
		if (op->code == EXPR_OP_VOTE)
			vote(top, e.pops, op->arg2);
		else if (op->code == EXPR_OP_HOLDS_FOR)
			run_holds_for(top, top + 1, op, in);
		else if (e.pops == 2)
			run_binary(top, top + 1, op->code);
		else if (expr_has_cell(op))
			run_cell(top, op, in);
		else if (op->code == EXPR_OP_ITEM)
			item(top, op, in);
		else if (e.pops == 1)
			run_unary(top, op);
		else if (op->code == EXPR_OP_CONST)
			*top = (struct slot){ .v = op->arg.f, .stamp_ns = in->now_ns };
		else if (op->code == EXPR_OP_TRUTH)
			*top = (struct slot){ .truth = op->arg.i != 0 ? TRUTH_TRUE : TRUTH_FALSE,
				.stamp_ns = in->now_ns };
		else
			*top = load(in, op);
	}
	top = &stack[0];
	*out = (struct expr_result){ .number = top->v,
		.truth = top->truth,
		.quality = top->quality,
		.stamp_ns = top->stamp_ns };
	if (n > 0 && expr_effect(&ops[n - 1]).gives_truth)
		out->number = top->truth == TRUTH_TRUE;
	else if (quality_is_bad(top->quality))
		out->truth = TRUTH_UNKNOWN;
	else
		out->truth = top->v != 0 ? TRUTH_TRUE : TRUTH_FALSE;
}

uint32_t
expr_op_reads(const struct expr_op *op)
{
	bool reads = op->code == EXPR_OP_LOAD || op->code == EXPR_OP_BAD || op->code == EXPR_OP_AGE;

	return reads ? (uint32_t)op->arg.i : UINT32_MAX;
}
