/* seq_check_flow.c - a sequence in the order in which it runs: what it has written, against interlocks and shut-offs; and whether a
 * condition can come true at all
 *
 * Only what is certain is told: values that the sequence itself has written. What anybody else may have done is unknown, and an
 * unknown condition is none that is violated.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compile/seq_checker.h"
#include "msg/quality.h"

/* ---- can it come true? ---------------------------------------------------------------------------------------- */

/* What a value of the stack may be: numbers between, truths that can be; `channel`: it is simply that one. */
struct guess {
	double low, high;
	uint32_t channel;
	bool can, cannot; /* be true, be false */
	struct {
		uint32_t channel;
		double low, high;
	} bound[4]; /* what it takes to be true, all of them together */
	uint32_t n_bounds;
};

static struct guess
anything(void)
{
	return (struct guess){ .low = -HUGE_VAL,
		.high = HUGE_VAL,
		.channel = UINT32_MAX,
		.can = true,
		.cannot = true };
}

static struct guess
guess_load(const struct seq_checker *c, uint32_t place)
{
	struct guess g = anything();
	const struct bench_channel *ch;

	if (place >= c->b->channels.n) {
		for (uint32_t i = 0; i < c->s.symbols.n; i++) {
			const struct seq_symbol *y = &c->s.symbols.at[i];

			if (!y->is_open && y->kind >= SEQ_SYMBOL_PARAM &&
				y->kind != SEQ_SYMBOL_FIELD && !y->is_list &&
				place - c->b->channels.n == y->number) {
				g.low = y->low;
				g.high = y->high;
			}
		}
		return g;
	}
	ch = &c->b->channels.at[c->b->order[place]];
	g.channel = place;
	if (ch->has_range && channels_kind(ch) == EXPR_NUMBER) {
		g.low = ch->min;
		g.high = ch->max;
	}
	return g;
}

static struct guess
guess_sum(const struct guess *l, const struct guess *r, uint32_t code)
{
	struct guess g = anything();

	if (code == EXPR_OP_ADD) {
		g.low = l->low + r->low;
		g.high = l->high + r->high;
	} else if (code == EXPR_OP_SUB) {
		g.low = l->low - r->high;
		g.high = l->high - r->low;
	} else if (code == EXPR_OP_MIN) {
		g.low = MIN(l->low, r->low);
		g.high = MIN(l->high, r->high);
	} else if (code == EXPR_OP_MAX) {
		g.low = MAX(l->low, r->low);
		g.high = MAX(l->high, r->high);
	}
	return isnan(g.low) || isnan(g.high) ? anything() : g;
}

/* Channel compared with what lies between low and high. */
static void
add_bound(struct guess *g, uint32_t channel, uint32_t code, const struct guess *v)
{
	double low = -HUGE_VAL, high = HUGE_VAL;

	if (code == EXPR_OP_LT || code == EXPR_OP_LE)
		high = v->high;
	else if (code == EXPR_OP_GT || code == EXPR_OP_GE)
		low = v->low;
	else if (code == EXPR_OP_EQ)
		low = v->low, high = v->high;
	else
		return;
	if (g->n_bounds < NELEM(g->bound)) {
		g->bound[g->n_bounds].channel = channel;
		g->bound[g->n_bounds].low = low;
		g->bound[g->n_bounds++].high = high;
	}
}

static struct guess
guess_compare(const struct guess *l, const struct guess *r, uint32_t code)
{
	struct guess g = anything();

	switch (code) {
	case EXPR_OP_LT:
		g.can = l->low < r->high;
		break;
	case EXPR_OP_LE:
		g.can = l->low <= r->high;
		break;
	case EXPR_OP_GT:
		g.can = l->high > r->low;
		break;
	case EXPR_OP_GE:
		g.can = l->high >= r->low;
		break;
	case EXPR_OP_EQ:
		g.can = l->low <= r->high && l->high >= r->low;
		break;
	default:
		break;
	}
	if (l->channel != UINT32_MAX && r->channel == UINT32_MAX)
		add_bound(&g, l->channel, code, r);
	return g;
}

static struct guess
guess_and(const struct guess *l, const struct guess *r)
{
	struct guess g = *l;

	g.channel = UINT32_MAX;
	g.can = l->can && r->can;
	for (uint32_t i = 0; i < r->n_bounds; i++) {
		for (uint32_t k = 0; k < l->n_bounds; k++)
			if (l->bound[k].channel == r->bound[i].channel &&
				(l->bound[k].low > r->bound[i].high ||
					l->bound[k].high < r->bound[i].low))
				g.can = false;
		if (g.n_bounds < NELEM(g.bound))
			g.bound[g.n_bounds++] = r->bound[i];
	}
	return g;
}

static struct guess
guess_or(const struct guess *l, const struct guess *r)
{
	struct guess g = anything();

	g.can = l->can || r->can;
	g.cannot = l->cannot && r->cannot;
	return g;
}

static struct guess
guess_affine(const struct guess *v, const struct expr_op *op)
{
	struct guess g = anything();
	double a = v->low * op->arg.f + op->arg2, b = v->high * op->arg.f + op->arg2;

	g.low = MIN(a, b);
	g.high = MAX(a, b);
	return isnan(a) || isnan(b) ? anything() : g;
}

static struct guess
guess_one(const struct seq_checker *c, const struct expr_op *op, const struct guess *top)
{
	struct guess g = anything();

	switch (op->code) {
	case EXPR_OP_CONST:
		g.low = g.high = op->arg.f;
		return g;
	case EXPR_OP_TRUTH:
		g.can = op->arg.i != 0;
		g.cannot = op->arg.i == 0;
		return g;
	case EXPR_OP_LOAD:
		return guess_load(c, (uint32_t)op->arg.i);
	case EXPR_OP_AFFINE:
		return guess_affine(top, op);
	case EXPR_OP_NEG:
		g.low = -top->high;
		g.high = -top->low;
		return g;
	case EXPR_OP_ABS:
	case EXPR_OP_SINCE:
	case EXPR_OP_HOURS:
	case EXPR_OP_AGE:
		g.low = 0;
		return g;
	case EXPR_OP_NOT:
		g.can = top->cannot;
		g.cannot = top->can;
		return g;
	case EXPR_OP_HOLDS:
		g = *top;
		g.channel = UINT32_MAX;
		g.cannot = true;
		return g;
	case EXPR_OP_MEAN:
		g.low = top->low;
		g.high = top->high;
		return g;
	default:
		return g;
	}
}

static struct guess
guess_two(const struct guess *l, const struct guess *r, uint32_t code)
{
	if (code >= EXPR_OP_EQ && code <= EXPR_OP_GE)
		return guess_compare(l, r, code);
	if (code == EXPR_OP_AND)
		return guess_and(l, r);
	if (code == EXPR_OP_OR)
		return guess_or(l, r);
	return guess_sum(l, r, code);
}

bool
seqc_can_be(const struct seq_checker *c, const struct seq_program *p)
{
	struct guess stack[EXPR_DEPTH_MAX];
	uint32_t depth = 0;

	if (p->is_open)
		return true;
	for (uint32_t i = 0; i < p->n; i++) {
		const struct expr_op *op = &p->ops[i];
		uint32_t pops = expr_pops(op);
		struct guess g;

		depth -= pops;
		if (pops == 2 && op->code != EXPR_OP_VOTE)
			g = guess_two(&stack[depth], &stack[depth + 1], op->code);
		else
			g = guess_one(c, op, &stack[depth]);
		stack[depth++] = g;
	}
	return depth != 1 || stack[0].can;
}

/* ---- what it has written -------------------------------------------------------------------------------------- */

struct known {
	const struct seq_checker *c;
};

/* A channel that shows an output, as target, as what is sent, or as what was read. */
static void
load_known(void *ctx, uint32_t place, double *out, unsigned *out_quality, int64_t *out_stamp_ns)
{
	const struct seq_checker *c = ((const struct known *)ctx)->c;
	uint32_t output = IMAGE_NONE;

	if (place < c->b->channels.n)
		output = c->b->channels.at[c->b->order[place]].of_output;
	*out_stamp_ns = 1;
	*out = output < c->b->outputs.n ? c->known[output] : (double)NAN;
	*out_quality = isnan(*out) ? Q_SOURCE_BAD : Q_GOOD;
}

static void
check_interlocks(struct seq_checker *c, struct place at)
{
	struct known known = { c };
	struct expr_input in = { .ctx = &known, .load = load_known, .now_ns = 1 };
	struct expr_result r;

	for (uint32_t i = 0; i < c->b->interlocks.n; i++) {
		const struct bench_interlock *lock = &c->b->interlocks.at[i];

		if (lock->forbid.n_ops == 0)
			continue;
		expr_run(&c->b->code.at[lock->forbid.first_op], lock->forbid.n_ops, &in, &r);
		if (r.truth == TRUTH_TRUE)
			diag_error(c->d, at, "interlock",
				"the interlock '%.63s' forbids this: %.120s; change the order of "
				"what is written",
				lock->name, lock->forbid.text);
	}
}

/* A flow whose shut-off is closed while its target is above 0. */
static void
check_shutoffs(struct seq_checker *c, uint32_t output, struct place at)
{
	for (uint32_t i = 0; i < c->b->outputs.n; i++) {
		const struct bench_output *o = &c->b->outputs.at[i];

		if (o->shutoff >= c->b->outputs.n || (output != i && output != o->shutoff) ||
			!(c->least[i] > 0) || c->known[o->shutoff] != (double)o->shutoff_is)
			continue;
		diag_error(c->d, at, "shutoff",
			"'%.63s' is asked to flow while its shut-off '%.63s' is closed; open it "
			"before, or set "
			"the flow to 0",
			o->name, c->b->outputs.at[o->shutoff].name);
	}
}

/* What a value is: its least one, NaN when it is not constant. *out_high: its greatest one. */
static double
value_of(struct seq_checker *c, const struct seq_ref *r, const struct seq_expr *e, double *out_high)
{
	const struct bench_channel *ch = &c->b->channels.at[r->channel];
	struct diag *d = c->s.d, quiet_room, *quiet = &quiet_room;
	struct seq_program p;
	double low = (double)NAN, high = (double)NAN;
	int64_t number;
	struct err err;
	const char *text = e->text;

	if (channels_kind(ch) == EXPR_CHOICE) {
		size_t n = strlen(text);

		if (n >= 2 && text[0] == '"')
			text = tree_text(&c->b->tree, text + 1, n - 2);
		return channels_choice(c->b, ch, text, &number, &err) == 0 ? (double)number
									   : (double)NAN;
	}
	if (channels_kind(ch) == EXPR_TRUTH) {
		if (strcmp(text, "on") == 0 || strcmp(text, "true") == 0 ||
			strcmp(text, "yes") == 0)
			return 1;
		return strcmp(text, "off") == 0 || strcmp(text, "false") == 0 ||
				       strcmp(text, "no") == 0
			       ? 0
			       : (double)NAN;
	}
	memset(quiet, 0, sizeof(*quiet)); /* its faults were told */
	c->s.d = quiet;
	if (seq_scope_number(&c->s, e, &ch->unit, ch->unit_text, &p) &&
		seq_scope_reads(&c->s, &p) == NULL)
		seq_scope_span(&c->s, &p, &low, &high);
	c->s.d = d;
	*out_high = high;
	return isfinite(low) ? low : (double)NAN;
}

static void
write_value(struct seq_checker *c, const struct seq_ref *r, const struct seq_expr *e)
{
	double high = (double)NAN, low;

	if (r->output >= c->b->outputs.n || e->text == NULL)
		return;
	low = value_of(c, r, e, &high);
	c->least[r->output] = low;
	c->known[r->output] = isnan(high) || low == high ? low : (double)NAN;
}

static void flow_stmts(struct seq_checker *c, const struct seq_stmt *s);

static void
flow_set(struct seq_checker *c, const struct seq_stmt *s)
{
	for (const struct seq_assign *a = s->set; a != NULL; a = a->next)
		write_value(c, &a->to, &a->value);
	for (const struct seq_assign *a = s->set; a != NULL; a = a->next)
		if (a->to.output < c->b->outputs.n)
			check_shutoffs(c, a->to.output, a->value.at);
	check_interlocks(c, s->at);
}

static double *
copy_known(struct seq_checker *c)
{
	double *copy = tree_alloc(&c->b->tree, (2 * c->b->outputs.n + 1) * sizeof(*copy));

	memcpy(copy, c->known, 2 * c->b->outputs.n * sizeof(*copy));
	return copy;
}

/* What holds on both ways. */
static void
join(struct seq_checker *c, const double *other)
{
	for (uint32_t i = 0; i < 2 * c->b->outputs.n; i++)
		if (!(c->known[i] == other[i]))
			c->known[i] = (double)NAN;
}

static void
flow_if(struct seq_checker *c, const struct seq_stmt *s)
{
	double *before = copy_known(c), *then;

	flow_stmts(c, s->branch.then);
	then = copy_known(c);
	memcpy(c->known, before, 2 * c->b->outputs.n * sizeof(*before));
	flow_stmts(c, s->branch.orelse);
	join(c, then);
}

/* Branches see what was before, but for what the others write. */
static void
flow_parallel(struct seq_checker *c, const struct seq_stmt *s)
{
	uint32_t n = 2 * c->b->outputs.n;
	double *before = copy_known(c), *after = copy_known(c);

	for (const struct seq_do *d = s->parallel.branches; d != NULL; d = d->next) {
		memcpy(c->known, before, n * sizeof(*before));
		flow_stmts(c, d->body);
		for (uint32_t i = 0; i < n; i++)
			if (!(c->known[i] == before[i]) &&
				!(isnan(c->known[i]) && isnan(before[i])))
				after[i] = c->known[i];
	}
	memcpy(c->known, after, n * sizeof(*after));
}

static void
flow_stmt(struct seq_checker *c, const struct seq_stmt *s)
{
	switch (s->kind) {
	case SEQ_SET:
		flow_set(c, s);
		return;
	case SEQ_RAMP:
		if (s->ramp.output.output >= c->b->outputs.n || s->ramp.to.text == NULL)
			return;
		write_value(c, &s->ramp.output, &s->ramp.to);
		check_shutoffs(c, s->ramp.output.output, s->ramp.to.at);
		check_interlocks(c, s->at);
		return;
	case SEQ_FOR:
	case SEQ_REPEAT:
		c->s.symbols.at[s->loop.symbol].is_active = true;
		flow_stmts(c, s->loop.body);
		c->s.symbols.at[s->loop.symbol].is_active = false;
		return;
	case SEQ_IF:
		flow_if(c, s);
		return;
	case SEQ_PARALLEL:
		flow_parallel(c, s);
		return;
	default:
		return;
	}
}

static void
flow_stmts(struct seq_checker *c, const struct seq_stmt *s)
{
	for (; s != NULL; s = s->next)
		flow_stmt(c, s);
}

void
seqc_flow(struct seq_checker *c)
{
	for (uint32_t i = 0; i < c->q->n_steps; i++)
		flow_stmts(c, c->q->steps[i]->body);
}
