/* seq_check.c - names, steps, handlers and the whole of a sequence */
#include "compile/seq_check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/read.h"
#include "compile/seq_checker.h"
#include "model/unit.h"

/* ---- names ---------------------------------------------------------------------------------------------------- */

struct place
seqc_place_of(const struct seq_expr *e, const char *name)
{
	struct place at = e->at;
	const char *found = strstr(e->text, name);

	for (const char *p = e->text; found != NULL && p < found; p++)
		at.column += ((unsigned char)*p & 0xC0) != 0x80;
	return at;
}

/* A channel is used: is it named in `needs`? Its own states and those of the program go with it. */
static void
use(struct seq_checker *c, uint32_t channel, struct place at)
{
	const struct bench_channel *ch = &c->b->channels.at[channel];

	if (c->is_needed[channel] || c->is_told[channel] || strncmp(ch->name, "mbc.", 4) == 0)
		return;
	c->is_told[channel] = true;
	diag_error(c->d, at, "needs", "'%.80s' is used and not named in needs; add it there",
		ch->name);
}

void
seqc_reads(struct seq_checker *c, const struct seq_expr *e, const struct seq_program *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t place = expr_op_reads(&p->ops[i]);

		if (place < c->b->channels.n) {
			uint32_t channel = c->b->order[place];

			use(c, channel, seqc_place_of(e, c->b->channels.at[channel].name));
		}
	}
}

bool
seqc_channel(struct seq_checker *c, struct seq_ref *r)
{
	uint32_t i = r->name == NULL ? NAMES_NONE : channels_find(c->b, NULL, r->name);
	char near[96];

	if (r->name == NULL)
		return false;
	if (i == NAMES_NONE) {
		read_suggest(c->b, &c->b->channel_names, r->name, near);
		diag_error(c->d, r->at, "unknown-channel",
			"no channel is named '%.80s'; %suse a name of the bench", r->name, near);
		return false;
	}
	r->channel = i;
	r->output = names_get(&c->b->output_names, r->name);
	use(c, i, r->at);
	return true;
}

bool
seqc_output(struct seq_checker *c, struct seq_ref *r)
{
	if (!seqc_channel(c, r))
		return false;
	if (r->output == NAMES_NONE) {
		diag_error(c->d, r->at, "read-only",
			"'%.80s' cannot be written; name a channel of the bench with 'write'",
			r->name);
		return false;
	}
	if (c->b->outputs.at[r->output].hazard == HAZARD_HEAT ||
		c->b->outputs.at[r->output].hazard == HAZARD_FUEL)
		c->writes_hot = true;
	return true;
}

/* `{name}` in a text; `{{` and `}}` are braces. */
void
seqc_text(struct seq_checker *c, const struct seq_word *w)
{
	char name[SEQ_NAME_MAX + 1];

	for (const char *p = w->text == NULL ? "" : w->text; *p != '\0'; p++) {
		struct place at = w->at;
		size_t n;

		if ((*p == '{' || *p == '}') && p[1] == *p) {
			p++;
			continue;
		}
		if (*p != '{' && *p != '}')
			continue;
		for (const char *q = w->text; q < p; q++)
			at.column += ((unsigned char)*q & 0xC0) != 0x80;
		at.column++; /* the quote */
		n = strcspn(p, "}");
		snprintf(name, sizeof(name), "%.*s", (int)MIN(n - (*p == '{'), sizeof(name) - 1),
			p + 1);
		if (*p == '}' || p[n] != '}') {
			diag_error(c->d, at, "text-name",
				"a single brace in a text; write {NAME}, or {{ and }} for braces");
			return;
		}
		if (seq_scope_find(&c->s, name) == NULL)
			diag_error(c->d, at, "text-name",
				"'{%.63s}' is no field, parameter, loop name or counter that holds "
				"here; "
				"write {{ for a brace",
				name);
		p += n;
	}
}

static void
need(struct seq_checker *c, const struct seq_ref *r)
{
	size_t n = strlen(r->name);
	bool is_known = names_get(&c->b->instrument_names, r->name) != NAMES_NONE;
	char near[96];

	for (uint32_t i = 0; i < c->b->channels.n; i++) {
		const char *name = c->b->channels.at[i].name;

		if (strncmp(name, r->name, n) == 0 && (name[n] == '\0' || name[n] == '.')) {
			c->is_needed[i] = true;
			is_known = true;
		}
	}
	if (is_known)
		return;
	read_suggest(c->b, &c->b->channel_names, r->name, near);
	diag_error(c->d, r->at, "unknown-channel",
		"the bench has no channel or instrument '%.80s'; %scorrect the name", r->name,
		near);
}

/* ---- constants and conditions --------------------------------------------------------------------------------- */

static bool
is_constant(struct seq_checker *c, const struct seq_expr *e, const struct seq_program *p)
{
	const struct bench_channel *ch = seq_scope_reads(&c->s, p);

	if (ch == NULL)
		return true;
	diag_error(c->d, seqc_place_of(e, ch->name), "constant",
		"'%.80s' changes while the sequence runs; write a number, a parameter or a loop "
		"name",
		ch->name);
	return false;
}

bool
seqc_time(struct seq_checker *c, const struct seq_expr *e, struct seq_program *out)
{
	double low, high;

	if (!seq_scope_number(&c->s, e, &unit_second, "s", out))
		return false;
	if (!is_constant(c, e, out))
		return false;
	seq_scope_span(&c->s, out, &low, &high);
	if (low > 0 && high <= EXPR_TIME_MAX_S)
		return true;
	if (low <= 0)
		diag_error(c->d, e->at, "empty", "a time of %g s; write one above 0 s", low);
	else
		diag_error(c->d, e->at, "range", "a time of %g s; write at most three years", high);
	out->is_open = true;
	return false;
}

static bool
is_inside(void *ctx, const double *v)
{
	double *worst = ctx;

	worst[0] = v[0];
	worst[1] = v[1];
	return !(v[0] > v[1]);
}

void
seqc_fits(struct seq_checker *c, const struct seq_program *inner, const struct seq_program *outer,
	const char *what)
{
	const struct seq_program *both[] = { inner, outer };
	double worst[2] = { 0, 0 };

	if (inner->is_open || outer->is_open || inner->n == 0 || outer->n == 0)
		return;
	if (!seq_scope_corners(&c->s, both, 2, is_inside, worst))
		diag_error(c->d, outer->at, "time",
			"%s takes %g s and the timeout is %g s; make the timeout longer", what,
			worst[0], worst[1]);
}

bool
seqc_condition(struct seq_checker *c, const struct seq_expr *e, struct seq_program *out)
{
	if (!seq_scope_condition(&c->s, e, out))
		return false;
	seqc_reads(c, e, out);
	return true;
}

/* ---- actions -------------------------------------------------------------------------------------------------- */

const struct seq_step *
seqc_step(const struct seq_checker *c, int64_t number)
{
	for (uint32_t i = 0; i < c->q->n_steps; i++)
		if (c->q->steps[i]->number == number)
			return c->q->steps[i];
	return NULL;
}

static void
check_goto(struct seq_checker *c, const struct seq_action *a)
{
	const struct seq_step *to = seqc_step(c, a->step.v);

	if (to == NULL)
		diag_error(c->d, a->step.at, "unknown-step",
			"there is no step %lld; correct the number", (long long)a->step.v);
	else if (to->entry == SEQ_ENTRY_NONE)
		diag_error(c->d, a->step.at, "no-entry",
			"step %lld has no entry, so that only the step before it leads there; "
			"write entry "
			"always or entry when CONDITION in its line",
			(long long)a->step.v);
	else if (!c->is_handler && c->step != NULL && to->number <= c->step->number)
		diag_error(c->d, a->step.at, "backward",
			"step %lld does not come after step %lld; a step leads forward only, but "
			"from "
			"handlers",
			(long long)to->number, (long long)c->step->number);
}

static void
check_trip(struct seq_checker *c, struct seq_action *a)
{
	uint32_t i = names_get(&c->b->safe_state_names, a->state.text);
	char near[96];

	if (i != NAMES_NONE) {
		a->safe_state = i;
		return;
	}
	read_suggest(c->b, &c->b->safe_state_names, a->state.text, near);
	diag_error(c->d, a->state.at, "unknown-safe-state",
		"the bench has no safe state '%.63s'; %sname one of safe_states:", a->state.text,
		near);
}

void
seqc_action(struct seq_checker *c, struct seq_action *a)
{
	struct seq_program until, timeout;

	if (a == NULL)
		return;
	if (a->text.text != NULL)
		seqc_text(c, &a->text);
	if (a->kind == SEQ_TRIP && a->state.text != NULL)
		check_trip(c, a);
	if (a->kind == SEQ_GOTO && a->step.is)
		check_goto(c, a);
	if (a->until.text == NULL)
		return;
	if (seqc_condition(c, &a->until, &until) && !seqc_can_be(c, &until))
		diag_error(
			c->d, a->until.at, "never", "this cannot come true; correct the condition");
	seqc_time(c, &a->timeout, &timeout);
	if (!until.is_open && until.n > 0 && until.ops[until.n - 1].code == EXPR_OP_HOLDS &&
		!timeout.is_open) {
		double low, high;

		seq_scope_span(&c->s, &timeout, &low, &high);
		if (until.ops[until.n - 1].arg2 / 1e9 > low)
			diag_error(c->d, a->timeout.at, "time",
				"the condition has to hold for %g s and the timeout is %g s; make "
				"the timeout "
				"longer",
				until.ops[until.n - 1].arg2 / 1e9, low);
	}
	seqc_action(c, a->then);
}

/* ---- headers and guards --------------------------------------------------------------------------------------- */

static void
check_limit(struct seq_checker *c, struct seq_header *h)
{
	const struct bench_output *o;
	const struct bench_channel *ch;
	struct seq_program low, high;
	double from, to, ignored;

	if (h->limited.name == NULL || !seqc_output(c, &h->limited))
		return;
	o = &c->b->outputs.at[h->limited.output];
	ch = &c->b->channels.at[o->channel];
	if (!seq_scope_number(&c->s, &h->low, &ch->unit, ch->unit_text, &low) ||
		!seq_scope_number(&c->s, &h->high, &ch->unit, ch->unit_text, &high) ||
		!is_constant(c, &h->low, &low) || !is_constant(c, &h->high, &high))
		return;
	seq_scope_span(&c->s, &low, &from, &ignored);
	seq_scope_span(&c->s, &high, &ignored, &to);
	if (from > to)
		diag_error(c->d, h->low.at, "range",
			"the limit ends before it begins; write the lower value first");
	else if (o->has_limits && (from < o->min || to > o->max))
		diag_error(c->d, from < o->min ? h->low.at : h->high.at, "limit-relax",
			"the bench limits '%.63s' to %g .. %g, and a sequence can only tighten "
			"that; write "
			"a limit inside of it",
			o->name, o->min, o->max);
	else {
		c->low[h->limited.output] = from;
		c->high[h->limited.output] = to;
	}
}

/* A condition with its own time is not judged on readings that come more slowly. */
static void
check_speed(struct seq_checker *c, const struct seq_guard *g, const struct seq_program *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->ops[i].code != EXPR_OP_HOLDS)
			continue;
		for (uint32_t k = 0; k < i; k++) {
			uint32_t place = expr_op_reads(&p->ops[k]);
			const struct bench_channel *ch =
				place < c->b->channels.n ? &c->b->channels.at[c->b->order[place]]
							 : NULL;

			if (ch == NULL || (double)ch->period_ns <= p->ops[i].arg2)
				continue;
			diag_error(c->d, seqc_place_of(&g->when, ch->name), "slow-guard",
				"'%.63s' is read every %g s and has to hold for %g s; make the "
				"time longer, or "
				"read it more often",
				ch->name, (double)ch->period_ns / 1e9, p->ops[i].arg2 / 1e9);
			return;
		}
	}
}

static void
check_guard(struct seq_checker *c, struct seq_guard *g)
{
	int64_t last = INT64_MIN;
	struct seq_program p;

	for (const struct seq_guard *other = c->q->guards; other != g; other = other->next)
		if (other->name.text != NULL && g->name.text != NULL &&
			strcmp(other->name.text, g->name.text) == 0)
			diag_error(c->d, g->name.at, "name-twice",
				"a guard '%.63s' is there already, in line %u; use another name",
				g->name.text, other->at.line);
	for (const struct seq_number *n = g->in; n != NULL; n = n->next) {
		if (seqc_step(c, n->v) == NULL)
			diag_error(c->d, n->at, "unknown-step",
				"there is no step %lld; correct the number", (long long)n->v);
		last = MAX(last, n->v);
	}
	if (seqc_condition(c, &g->when, &p)) {
		check_speed(c, g, &p);
		if (!seqc_can_be(c, &p))
			diag_warn(c->d, g->when.at, "never",
				"this cannot come true, so that the guard guards nothing; correct "
				"it");
	}
	seqc_action(c, g->then);
	if (g->then != NULL && g->then->kind == SEQ_GOTO && g->in != NULL &&
		last >= g->then->step.v)
		diag_error(c->d, g->then->step.at, "backward",
			"the guard watches step %lld and leads to step %lld; a step leads forward "
			"only",
			(long long)last, (long long)g->then->step.v);
}

/* ---- steps ---------------------------------------------------------------------------------------------------- */

/* Does the body never reach its end? */
static bool
leaves(const struct seq_stmt *s)
{
	for (; s != NULL; s = s->next) {
		if (s->kind == SEQ_DO && s->action != NULL && s->action->kind != SEQ_HOLD &&
			s->action->kind != SEQ_SKIP)
			return true;
		if (s->kind == SEQ_IF && s->branch.has_else && leaves(s->branch.then) &&
			leaves(s->branch.orelse))
			return true;
	}
	return false;
}

static void
check_step_line(struct seq_checker *c, struct seq_step *s, const struct seq_step *before)
{
	struct seq_program p;

	if (s->number > SEQ_STEP_NUMBER_MAX)
		diag_error(c->d, s->number_at, "step-order",
			"a step number above %d; use smaller ones", SEQ_STEP_NUMBER_MAX);
	if (before != NULL && s->number <= before->number)
		diag_error(c->d, s->number_at, "step-order",
			"step %lld stands behind step %lld; the numbers rise, and each is there "
			"once",
			(long long)s->number, (long long)before->number);
	if (before != NULL && s->entry == SEQ_ENTRY_NONE && leaves(before->body))
		diag_error(c->d, s->at, "unreachable",
			"nothing leads to step %lld: the one before it never reaches its end; give "
			"it an "
			"entry, or remove it",
			(long long)s->number);
	seqc_text(c, &s->title);
	if (s->entry == SEQ_ENTRY_WHEN && seqc_condition(c, &s->when, &p) && !seqc_can_be(c, &p))
		diag_error(
			c->d, s->when.at, "never", "this cannot come true; correct the condition");
}

/* ---- handlers ------------------------------------------------------------------------------------------------- */

static void
check_row(struct seq_checker *c, struct seq_row *r)
{
	struct seq_program p;

	c->s.is_row = true;
	if (!r->is_otherwise)
		seqc_condition(c, &r->when, &p);
	c->s.is_row = false;
	if (!r->is_otherwise && !p.is_open)
		for (uint32_t i = 0; i + 1 < p.n; i++)
			if (expr_op_reads(&p.ops[i]) == c->b->channels.n &&
				p.ops[i + 1].code == EXPR_OP_CONST &&
				seqc_step(c, (int64_t)p.ops[i + 1].arg.f) == NULL)
				diag_error(c->d, r->when.at, "unknown-step",
					"there is no step %g; correct the number",
					p.ops[i + 1].arg.f);
	seqc_action(c, r->then);
	for (struct seq_ref *o = r->with; o != NULL; o = o->next)
		seqc_output(c, o);
}

/* The rate of a ramp back: of outputs of any one dimension. */
static void
check_back(struct seq_checker *c, const struct seq_row *r)
{
	struct seq_program p;
	double low, high;

	if (r->back_at.text == NULL || !seq_scope_read(&c->s, &r->back_at, &p) || p.is_open)
		return;
	if (p.kind != EXPR_NUMBER || p.unit.dim[UNIT_TIME] >= 0) {
		diag_error(c->d, r->back_at.at, "dimension",
			"'%.60s' is no rate; write one, as 10 K/min", r->back_at.text);
		return;
	}
	if (!is_constant(c, &r->back_at, &p))
		return;
	seq_scope_span(&c->s, &p, &low, &high);
	if (low <= 0)
		diag_error(c->d, r->back_at.at, "empty", "a rate of 0; write one above 0");
}

static void
check_rows(struct seq_checker *c, struct seq_handler *h)
{
	bool is_last = false;

	for (struct seq_row *r = h->rows; r != NULL; r = r->next) {
		if (is_last)
			diag_error(c->d, r->at, "otherwise",
				"a row behind otherwise is never looked at; put it before");
		is_last = r->is_otherwise;
		check_row(c, r);
		check_back(c, r);
	}
	if (!is_last)
		diag_error(c->d, h->at, "otherwise",
			"the table has no last row for everything else; add: otherwise -> trip "
			"SAFE_STATE");
}

static void
check_on_hold(struct seq_checker *c, const struct seq_handler *h)
{
	struct seq_program p;
	double low, high;

	if (!seqc_time(c, &h->time, &p))
		return;
	seq_scope_span(&c->s, &p, &low, &high);
	if (c->writes_hot && high * 1e9 > (double)SEQ_HOLD_MAX_NS)
		diag_error(c->d, h->at, "hold-too-long",
			"the sequence writes heat or fuel and may hold for %g h; the bench allows "
			"at most "
			"%g h",
			high / 3600, (double)SEQ_HOLD_MAX_NS / 3600e9);
}

static void
check_handler(struct seq_checker *c, struct seq_handler *h)
{
	for (const struct seq_handler *other = c->q->handlers; other != h; other = other->next)
		if (other->kind == h->kind)
			diag_error(c->d, h->at, "name-twice",
				"this handler is there already, in line %u; remove one",
				other->at.line);
	if (h->kind == SEQ_ON_POWER_LOSS)
		check_rows(c, h);
	if (h->kind == SEQ_ON_HOLD)
		check_on_hold(c, h);
	if (h->kind == SEQ_ON_ABORT && h->then != NULL && h->then->kind == SEQ_ABORT)
		diag_error(c->d, h->then->at, "abort-loop",
			"'on abort' that aborts goes round in a circle; name a step or a safe "
			"state");
	else if (h->then != NULL && h->kind != SEQ_ON_POWER_LOSS &&
		 (h->then->kind == SEQ_HOLD || h->then->kind == SEQ_SKIP))
		diag_error(c->d, h->then->at, "wrong-action",
			"a handler that holds or skips ends nothing; name a step, abort or a safe "
			"state");
	seqc_action(c, h->then);
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

static void
prepare(struct seq_checker *c)
{
	struct tree *t = &c->b->tree;
	uint32_t n = c->b->channels.n, n_outputs = c->b->outputs.n;

	c->is_needed = tree_alloc(t, n + 1);
	c->is_told = tree_alloc(t, n + 1);
	c->low = tree_alloc(t, (n_outputs + 1) * sizeof(*c->low));
	c->high = tree_alloc(t, (n_outputs + 1) * sizeof(*c->high));
	c->known = tree_alloc(t, (2 * n_outputs + 1) * sizeof(*c->known));
	c->least = c->known + n_outputs;
	c->records = tree_alloc(t, 64 * sizeof(*c->records));
	for (uint32_t i = 0; i < n_outputs; i++) {
		const struct bench_output *o = &c->b->outputs.at[i];

		c->low[i] = o->has_limits ? o->min : -HUGE_VAL;
		c->high[i] = o->has_limits ? o->max : HUGE_VAL;
		c->known[i] = c->least[i] = (double)NAN;
	}
}

static void
check_whole(struct seq_checker *c)
{
	bool has_on_hold = false;

	for (const struct seq_handler *h = c->q->handlers; h != NULL; h = h->next)
		has_on_hold = has_on_hold || h->kind == SEQ_ON_HOLD;
	if (c->writes_hot && !has_on_hold)
		diag_error(c->d, c->q->at, "no-on-hold",
			"the sequence writes heat or fuel, and nothing ends a hold; add: on hold > "
			"2 h -> step "
			"NUMBER");
	if (c->q->n_steps == 0)
		diag_error(c->d, c->q->at, "empty", "a sequence without steps; write one");
	for (uint32_t i = 0; i < c->n_records; i++)
		diag_warn(c->d, c->q->at, "open-record",
			"the record '%.60s' is never stopped and ends with the run; add: stop "
			"record",
			c->records[i]);
}

void
seq_check(struct bench *b, struct diag *d, struct seq *q)
{
	struct seq_checker c = { .b = b, .d = d, .q = q };

	prepare(&c);
	for (const struct seq_header *h = q->headers; h != NULL; h = h->next)
		for (const struct seq_ref *r = h->needs; r != NULL; r = r->next)
			if (r->name != NULL)
				need(&c, r);
	seq_scope_open(&c.s, b, d, q);
	for (struct seq_header *h = q->headers; h != NULL; h = h->next)
		if (h->kind == SEQ_LIMIT)
			check_limit(&c, h);
	seqc_text(&c, &q->name);
	for (uint32_t i = 0; i < q->n_steps; i++) {
		c.step = q->steps[i];
		check_step_line(&c, q->steps[i], i == 0 ? NULL : q->steps[i - 1]);
		seqc_stmts(&c, q->steps[i]->body);
	}
	c.step = NULL;
	for (struct seq_guard *g = q->guards; g != NULL; g = g->next)
		check_guard(&c, g);
	c.is_handler = true;
	for (struct seq_handler *h = q->handlers; h != NULL; h = h->next)
		check_handler(&c, h);
	check_whole(&c);
	seqc_flow(&c);
	seq_scope_done(&c.s);
}
