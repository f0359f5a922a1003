/* seq_program.c - a sequence that was checked becomes steps and instructions */
#include "compile/seq_program.h"
#include "compile/seq_print.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "compile/seq_scope.h"
#include "model/unit.h"

struct maker {
	struct bench *b;
	struct seq_programs *p;
	struct diag *d;
	struct seq *q;
	struct seq_scope s;
	struct image_sequence *head; /* not while rows of sequences are added */
	uint32_t step;               /* of the table, at hand */
	uint32_t first_step;         /* of the sequence */
	struct image_cond *
		now; /* [output]: what it was set to last, on the way of the file; n_ops 0: not by this sequence, or not known */
	bool *is_used;    /* [output] */
	uint32_t loops;   /* around the statement at hand, in its branch */
	uint32_t n_texts; /* slots that are texts */
	bool has_failed;
};

/* ---- pieces -------------------------------------------------------------------------------------------------------------- */

static uint32_t
put_text(struct maker *m, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return 0;
	if (m->p->texts.n == 0)
		*BENCH_ADD(m->p->texts) = "";
	*BENCH_ADD(m->p->texts) = text;
	return m->p->texts.n - 1;
}

static uint32_t
put_number(struct maker *m, uint32_t v, bool is_text)
{
	*BENCH_ADD(m->p->numbers) = v;
	*BENCH_ADD(m->p->is_text) = is_text;
	return m->p->numbers.n - 1;
}

static void
fail(struct maker *m, struct place at, const char *what)
{
	m->has_failed = true;
	diag_error(m->d, at, "later", "%s", what);
}

static struct image_cond
take(struct maker *m, const struct seq_program *p)
{
	struct image_cond c = { .first_op = m->b->code.n, .n_ops = p->n };

	for (uint32_t i = 0; i < p->n; i++) {
		struct expr_op *op = BENCH_ADD(m->b->code);

		*op = p->ops[i];
		if (expr_has_cell(op))
			op->arg.i += m->b->n_cells;
	}
	m->b->n_cells += p->n_cells;
	c.text = put_text(m, p->text);
	return c;
}

static struct image_cond
number(struct maker *m, const struct seq_expr *e, const struct unit *unit, const char *unit_text)
{
	struct seq_program p;

	if (e->text == NULL || !seq_scope_number(&m->s, e, unit, unit_text, &p))
		return (struct image_cond){ 0 };
	return take(m, &p);
}

static struct image_cond
time_of(struct maker *m, const struct seq_expr *e)
{
	return number(m, e, &unit_second, "s");
}

static struct image_cond
condition(struct maker *m, const struct seq_expr *e)
{
	struct seq_program p;

	if (e->text == NULL || !seq_scope_condition(&m->s, e, &p))
		return (struct image_cond){ 0 };
	return take(m, &p);
}

static const struct bench_channel *
channel_at(const struct maker *m, const struct seq_ref *r)
{
	return &m->b->channels.at[r->channel];
}

/* A band: in the channel's unit, or a share where it is a percentage and the channel is in another unit. */
static struct image_cond
band(struct maker *m, const struct bench_channel *ch, const struct seq_expr *e,
	uint8_t *is_relative)
{
	struct unit difference = ch->unit;
	struct seq_program p;

	*is_relative = 0;
	if (e->text == NULL)
		return (struct image_cond){ 0 };
	difference.is_point = false;
	difference.offset = 0;
	if (!unit_is_plain(&ch->unit) && seq_scope_read(&m->s, e, &p) && p.kind == EXPR_NUMBER &&
		!p.is_bare && unit_is_plain(&p.unit)) {
		*is_relative = 1;
		return number(m, e, &unit_one, "");
	}
	return number(m, e, &difference, ch->unit_text);
}

static struct image_cond
rate_of(struct maker *m, const struct bench_channel *ch, const struct seq_expr *e)
{
	struct unit rate = ch->unit;

	rate.is_point = false;
	rate.offset = 0;
	if (e->text == NULL || !unit_combine(&rate, &unit_second, -1, &rate))
		return (struct image_cond){ 0 };
	return number(m, e, &rate, "");
}

/* ---- actions ------------------------------------------------------------------------------------------------------------- */

static uint32_t
step_at(const struct maker *m, int64_t number)
{
	for (uint32_t i = 0; i < m->q->n_steps; i++)
		if (m->q->steps[i]->number == number)
			return m->first_step + i;
	return IMAGE_NONE;
}

/* Each stands before what follows it. */
static uint32_t
put_action(struct maker *m, const struct seq_action *a)
{
	static const enum image_seq_action_kind kinds[] = { [SEQ_HOLD] = SEQUENCE_HOLD,
		[SEQ_SKIP] = SEQUENCE_SKIP,
		[SEQ_ABORT] = SEQUENCE_ABORT,
		[SEQ_TRIP] = SEQUENCE_TRIP,
		[SEQ_GOTO] = SEQUENCE_GOTO };
	struct image_seq_action row = { .target = IMAGE_NONE, .then = IMAGE_NONE };
	uint32_t at, then;

	if (a == NULL)
		return IMAGE_NONE;
	at = m->p->actions.n;
	(void)BENCH_ADD(m->p->actions);
	row.kind = kinds[a->kind];
	row.text = put_text(m, a->text.text);
	row.until = condition(m, &a->until);
	row.timeout = time_of(m, &a->timeout);
	if (a->kind == SEQ_TRIP)
		row.target = a->safe_state;
	if (a->kind == SEQ_GOTO)
		row.target = step_at(m, a->step.v);
	then = put_action(m, a->then);
	row.then = then;
	m->p->actions.at[at] = row;
	return at;
}

/* ---- statements ---------------------------------------------------------------------------------------------------------- */

static uint32_t
put_instr(struct maker *m, enum image_seq_op op, struct place at, const struct image_instr *row)
{
	struct image_instr *in = BENCH_ADD(m->p->instrs);

	*in = *row;
	in->op = op;
	in->line = at.line;
	in->step = m->step;
	return m->p->instrs.n - 1;
}

static struct image_instr
blank(void)
{
	return (struct image_instr){ .output = IMAGE_NONE,
		.channel = IMAGE_NONE,
		.slot = IMAGE_NONE,
		.action = IMAGE_NONE };
}

static const char *say(struct maker *m, const char *fmt, ...) PRINTF(2, 3);

static const char *
say(struct maker *m, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return tree_text(&m->b->tree, text, strlen(text));
}

static void
use(struct maker *m, uint32_t output, struct image_cond value)
{
	m->is_used[output] = true;
	m->now[output] = value;
}

static struct image_cond
constant(struct maker *m, double v, const char *text)
{
	struct image_cond c = { .first_op = m->b->code.n, .n_ops = 1 };

	*BENCH_ADD(m->b->code) = (struct expr_op){ .code = EXPR_OP_CONST, .arg.f = v };
	c.text = put_text(m, text);
	return c;
}

/* A word, in quotes or not, as the number of the choice; a text of the sequence as its slot. */
static struct image_cond
choice(struct maker *m, const struct bench_channel *ch, const struct seq_expr *e, uint32_t *slot)
{
	const struct seq_symbol *y = seq_scope_find(&m->s, e->text);
	char word[SEQ_TEXT_MAX + 1];
	size_t n = strlen(e->text);
	struct err err;
	int64_t v;

	*slot = IMAGE_NONE;
	if (y != NULL && y->is_text) {
		*slot = y->number;
		return (struct image_cond){ 0 };
	}
	if (n >= 2 && e->text[0] == '"') {
		memcpy(word, e->text + 1, n - 2);
		word[n - 2] = '\0';
	} else {
		snprintf(word, sizeof(word), "%s", e->text);
	}
	if (channels_choice(m->b, ch, word, &v, &err) != 0)
		return (struct image_cond){ 0 };
	return constant(m, (double)v, e->text);
}

static struct image_cond
switch_value(struct maker *m, const struct seq_expr *e)
{
	static const char *const on[] = { "on", "true", "yes" }, *const off[] = { "off", "false",
		"no" };

	for (size_t i = 0; i < NELEM(on); i++) {
		if (strcmp(e->text, on[i]) == 0)
			return constant(m, 1, e->text);
		if (strcmp(e->text, off[i]) == 0)
			return constant(m, 0, e->text);
	}
	return condition(m, e);
}

static struct image_cond
value_of(struct maker *m, const struct seq_ref *r, const struct seq_expr *e, uint32_t *slot)
{
	const struct bench_channel *ch = &m->b->channels.at[m->b->outputs.at[r->output].channel];

	*slot = IMAGE_NONE;
	if (channels_kind(ch) == EXPR_CHOICE)
		return choice(m, ch, e, slot);
	if (channels_kind(ch) == EXPR_TRUTH)
		return switch_value(m, e);
	return number(m, e, &ch->unit, ch->unit_text);
}

static void
put_set(struct maker *m, const struct seq_stmt *s)
{
	for (const struct seq_assign *a = s->set; a != NULL; a = a->next) {
		struct image_instr row = blank();

		row.output = a->to.output;
		row.value = value_of(m, &a->to, &a->value, &row.slot);
		row.is_more = a->next != NULL;
		row.said = put_text(m, say(m, "set %.60s = %.100s", a->to.name, a->value.text));
		use(m, a->to.output, row.value);
		put_instr(m, SEQUENCE_OP_SET, s->at, &row);
	}
}

static void
put_ramp(struct maker *m, const struct seq_stmt *s)
{
	struct image_instr row = blank();
	uint32_t output = s->ramp.output.output;
	const struct bench_channel *ch = &m->b->channels.at[m->b->outputs.at[output].channel];

	row.output = output;
	row.value = value_of(m, &s->ramp.output, &s->ramp.to, &row.slot);
	row.rate = rate_of(m, ch, &s->ramp.rate);
	row.span = time_of(m, &s->ramp.over);
	row.within = band(m, ch, &s->ramp.holdback, &row.is_relative);
	row.timeout = time_of(m, &s->ramp.timeout);
	row.action = put_action(m, s->ramp.then);
	row.is_background = s->ramp.is_background;
	row.said =
		put_text(m, say(m, "ramp %.60s to %.100s", s->ramp.output.name, s->ramp.to.text));
	use(m, output, row.value);
	put_instr(m, SEQUENCE_OP_RAMP, s->at, &row);
}

static void
put_dwell(struct maker *m, const struct seq_stmt *s)
{
	struct image_instr row = blank();
	const struct bench_channel *ch;

	row.span = time_of(m, &s->dwell.time);
	row.said = put_text(m, say(m, "dwell %.60s", s->dwell.time.text));
	if (s->dwell.guaranteed.name == NULL) {
		put_instr(m, SEQUENCE_OP_DWELL, s->at, &row);
		return;
	}
	ch = channel_at(m, &s->dwell.guaranteed);
	row.channel = ch->place;
	row.within = band(m, ch, &s->dwell.within, &row.is_relative);
	row.value = number(m, &s->dwell.of, &ch->unit, ch->unit_text);
	row.timeout = time_of(m, &s->dwell.timeout);
	row.action = put_action(m, s->dwell.then);
	put_instr(m, SEQUENCE_OP_GUARANTEED, s->at, &row);
}

static void
put_wait(struct maker *m, const struct seq_stmt *s)
{
	struct image_instr row = blank();
	const struct bench_channel *ch;

	row.span = time_of(m, &s->wait.time);
	if (s->kind == SEQ_WAIT_TIME) {
		row.said = put_text(m, say(m, "wait %.60s", s->wait.time.text));
		put_instr(m, SEQUENCE_OP_WAIT, s->at, &row);
		return;
	}
	row.timeout = time_of(m, &s->wait.timeout);
	row.action = put_action(m, s->wait.orelse);
	if (s->kind == SEQ_WAIT_UNTIL) {
		row.cond = condition(m, &s->wait.until);
		row.said = put_text(m, say(m, "wait until %.150s", s->wait.until.text));
		put_instr(m, SEQUENCE_OP_UNTIL, s->at, &row);
		return;
	}
	ch = channel_at(m, &s->wait.channel);
	row.channel = ch->place;
	row.within = band(m, ch, &s->wait.within, &row.is_relative);
	row.said = put_text(m, say(m, "wait stable %.60s within %.40s for %.40s", ch->name,
				       s->wait.within.text, s->wait.time.text));
	put_instr(m, SEQUENCE_OP_STABLE, s->at, &row);
}

static void
put_ask(struct maker *m, const struct seq_stmt *s)
{
	struct image_instr row = blank();

	row.text = put_text(m, s->ask.text.text);
	row.timeout = time_of(m, &s->ask.timeout);
	row.action = put_action(m, s->ask.then);
	row.first = m->p->numbers.n;
	for (const struct seq_answer *a = s->ask.answers; a != NULL; a = a->next, row.n++)
		put_number(m, put_text(m, a->text), true);
	put_instr(m, SEQUENCE_OP_ASK, s->at, &row);
}

static void put_stmts(struct maker *m, const struct seq_stmt *s);

/* What a block leaves is known only where it is the same before and behind it. */
static void
forget_outputs(struct maker *m, const struct image_cond *before)
{
	for (uint32_t i = 0; i < m->b->outputs.n; i++)
		if (memcmp(&m->now[i], &before[i], sizeof(before[i])) != 0)
			m->now[i] = (struct image_cond){ 0 };
}

static struct image_cond *
copy_outputs(struct maker *m)
{
	size_t n = (m->b->outputs.n + 1) * sizeof(*m->now);
	struct image_cond *copy = tree_alloc(&m->b->tree, n);

	memcpy(copy, m->now, n);
	return copy;
}

static void
put_loop(struct maker *m, const struct seq_stmt *s)
{
	struct seq_symbol *y = &m->s.symbols.at[s->loop.symbol];
	struct image_instr row = blank(), next = blank();
	struct image_cond *before = copy_outputs(m);
	uint32_t at;

	if (++m->loops > SEQUENCE_LOOPS_MAX)
		fail(m, s->at,
			"loops stand at most 6 deep in each other; put inner ones into a step of "
			"their own");
	row.slot = y->number;
	if (s->kind == SEQ_FOR) {
		const struct seq_symbol *list = seq_scope_find(&m->s, s->loop.in.text);

		row.first = list->number;
		row.n = list->n_items;
	} else {
		row.n = (uint32_t)s->loop.count.v;
	}
	at = put_instr(m, s->kind == SEQ_FOR ? SEQUENCE_OP_FOR : SEQUENCE_OP_REPEAT, s->at, &row);
	y->is_active = true;
	put_stmts(m, s->loop.body);
	m->s.symbols.at[s->loop.symbol].is_active = false;
	next.to = at;
	put_instr(m, SEQUENCE_OP_NEXT, s->loop.end_at, &next);
	m->p->instrs.at[at].to = m->p->instrs.n;
	m->loops--;
	forget_outputs(m, before);
}

static void
put_if(struct maker *m, const struct seq_stmt *s)
{
	struct image_instr row = blank(), jump = blank();
	struct image_cond *before = copy_outputs(m);
	uint32_t unless, over;

	row.cond = condition(m, &s->branch.when);
	unless = put_instr(m, SEQUENCE_OP_UNLESS, s->at, &row);
	put_stmts(m, s->branch.then);
	if (s->branch.orelse != NULL) {
		over = put_instr(m, SEQUENCE_OP_JUMP, s->at, &jump);
		m->p->instrs.at[unless].to = m->p->instrs.n;
		put_stmts(m, s->branch.orelse);
		m->p->instrs.at[over].to = m->p->instrs.n;
	} else {
		m->p->instrs.at[unless].to = m->p->instrs.n;
	}
	forget_outputs(m, before);
}

static void
put_parallel(struct maker *m, const struct seq_stmt *s)
{
	struct image_instr row = blank(), end = blank();
	uint32_t at, loops = m->loops, begins[SEQUENCE_BRANCHES_MAX], n = 0;

	row.timeout = time_of(m, &s->parallel.timeout);
	row.action = put_action(m, s->parallel.then);
	at = put_instr(m, SEQUENCE_OP_FORK, s->at, &row);
	for (const struct seq_do *d = s->parallel.branches; d != NULL; d = d->next) {
		if (n == SEQUENCE_BRANCHES_MAX - 1) {
			fail(m, d->at, "more than 31 branches at once; join some of them");
			break;
		}
		begins[n++] = m->p->instrs.n;
		m->loops = 0;
		put_stmts(m, d->body);
		put_instr(m, SEQUENCE_OP_BRANCH_END, d->at, &end);
	}
	m->loops = loops;
	m->p->instrs.at[at].to = m->p->instrs.n;
	m->p->instrs.at[at].first = m->p->numbers.n;
	m->p->instrs.at[at].n = n;
	for (uint32_t i = 0; i < n; i++)
		put_number(m, begins[i], false);
}

static void
put_record(struct maker *m, const struct seq_stmt *s)
{
	struct image_instr row = blank();

	row.text = put_text(m, s->record.name.text);
	row.first = m->p->numbers.n;
	if (s->kind == SEQ_RECORD) {
		row.span = time_of(m, &s->record.every);
		for (const struct seq_ref *r = s->record.channels; r != NULL; r = r->next, row.n++)
			put_number(m, m->b->channels.at[r->channel].place, false);
	}
	put_instr(m, s->kind == SEQ_RECORD ? SEQUENCE_OP_RECORD : SEQUENCE_OP_STOP_RECORD, s->at,
		&row);
}

static void
put_result(struct maker *m, const struct seq_stmt *s)
{
	struct image_instr row = blank();
	struct seq_program p;

	row.text = put_text(m, s->result.name.text);
	if (!seq_scope_read(&m->s, &s->result.value, &p)) {
		m->has_failed = true;
		return;
	}
	row.value = take(m, &p);
	if (p.kind == EXPR_NUMBER) {
		row.low = number(m, &s->result.low, &p.unit, "");
		row.high = number(m, &s->result.high, &p.unit, "");
	}
	put_instr(m, SEQUENCE_OP_RESULT, s->at, &row);
}

/* What a person answers when nobody knows whether it was started. */
static const char *const unsure[] = { "repeat", "done", "abort" };

static void
put_command(struct maker *m, const struct seq_stmt *s)
{
	struct image_instr row = blank();

	row.command = s->command.index;
	row.text = s->command.args == NULL ? 0 : put_text(m, s->command.args->text.text);
	row.timeout = time_of(m, &s->command.ready);
	row.span = time_of(m, &s->command.done);
	row.retry = s->command.retry.is ? (uint8_t)s->command.retry.v : 0;
	row.action = put_action(m, s->command.orelse);
	row.said = put_text(m, m->b->commands_of.at[row.command].name);
	row.first = m->p->numbers.n;
	for (; row.n < NELEM(unsure); row.n++)
		put_number(m, put_text(m, unsure[row.n]), true);
	put_instr(m, SEQUENCE_OP_COMMAND, s->at, &row);
}

static void
put_told(struct maker *m, const struct seq_stmt *s)
{
	struct image_instr row = blank();

	row.text = put_text(m, s->message.text.text);
	row.name = put_text(m, s->message.group.text);
	put_instr(m, s->kind == SEQ_NOTIFY ? SEQUENCE_OP_NOTIFY : SEQUENCE_OP_MARK, s->at, &row);
}

static void
put_stmt(struct maker *m, const struct seq_stmt *s)
{
	struct image_instr row = blank();

	switch (s->kind) {
	case SEQ_SET:
		put_set(m, s);
		return;
	case SEQ_RAMP:
		put_ramp(m, s);
		return;
	case SEQ_DWELL:
		put_dwell(m, s);
		return;
	case SEQ_WAIT_TIME:
	case SEQ_WAIT_UNTIL:
	case SEQ_WAIT_STABLE:
		put_wait(m, s);
		return;
	case SEQ_ASK:
		put_ask(m, s);
		return;
	case SEQ_FOR:
	case SEQ_REPEAT:
		put_loop(m, s);
		return;
	case SEQ_IF:
		put_if(m, s);
		return;
	case SEQ_PARALLEL:
		put_parallel(m, s);
		return;
	case SEQ_RECORD:
	case SEQ_STOP_RECORD:
		put_record(m, s);
		return;
	case SEQ_RESULT:
		put_result(m, s);
		return;
	case SEQ_COMMAND:
		put_command(m, s);
		return;
	case SEQ_NOTIFY:
	case SEQ_MARK:
		put_told(m, s);
		return;
	case SEQ_DO:
		row.action = put_action(m, s->action);
		put_instr(m, SEQUENCE_OP_ACT, s->at, &row);
		return;
	case SEQ_STMT_KINDS:
		return;
	}
}

static void
put_stmts(struct maker *m, const struct seq_stmt *s)
{
	for (; s != NULL && !m->has_failed; s = s->next)
		put_stmt(m, s);
}

/* ---- steps --------------------------------------------------------------------------------------------------------------- */

static const char *
comment_of(struct maker *m, const struct seq_step *d)
{
	const char *text = d->around.behind;

	if (text == NULL)
		return "";
	text += strspn(text, "# ");
	return tree_text(&m->b->tree, text, strlen(text));
}

#define HASH_BEGIN UINT64_C(0xcbf29ce484222325)

static uint64_t
mix(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < n; i++)
		h = (h ^ at[i]) * UINT64_C(0x100000001b3);
	return h;
}

static uint64_t
hash_of_step(const struct maker *m, const struct seq_step *d)
{
	struct buf text = { 0 };
	uint64_t h;

	seq_print_step(&m->b->tree, d, &text);
	h = mix(HASH_BEGIN, text.data, text.n);
	buf_done(&text);
	return h;
}

static void
put_step(struct maker *m, uint32_t i)
{
	static const enum image_seq_entry entries[] = { [SEQ_ENTRY_NONE] = SEQUENCE_ENTRY_NONE,
		[SEQ_ENTRY_ALWAYS] = SEQUENCE_ENTRY_ALWAYS,
		[SEQ_ENTRY_WHEN] = SEQUENCE_ENTRY_WHEN };
	const struct seq_step *d = m->q->steps[i];
	struct image_seq_step row = { .number = (uint32_t)d->number };
	struct image_instr end = blank();

	m->step = m->first_step + i;
	row.title = put_text(m, d->title.text);
	row.comment = put_text(m, comment_of(m, d));
	row.entry = entries[d->entry];
	row.when = condition(m, &d->when);
	row.first_expect = m->p->expects.n;
	for (uint32_t k = 0; k < m->b->outputs.n; k++)
		if (m->now[k].n_ops > 0)
			*BENCH_ADD(m->p->expects) =
				(struct image_seq_expect){ .output = k, .value = m->now[k] };
	row.n_expects = m->p->expects.n - row.first_expect;
	row.first_instr = m->p->instrs.n;
	put_stmts(m, d->body);
	put_instr(m, SEQUENCE_OP_STEP_END, d->end_at, &end);
	row.n_instrs = m->p->instrs.n - row.first_instr;
	row.hash = hash_of_step(m, d);
	m->p->steps.at[m->step] = row;
}

/* ---- headers, guards, handlers ------------------------------------------------------------------------------------------- */

static void
put_guards(struct maker *m)
{
	for (const struct seq_guard *g = m->q->guards; g != NULL; g = g->next) {
		struct image_seq_guard row = { .name = put_text(m, g->name.text) };

		row.first_in = m->p->numbers.n;
		for (const struct seq_number *k = g->in; k != NULL; k = k->next, row.n_in++)
			put_number(m, step_at(m, k->v), false);
		row.when = condition(m, &g->when);
		row.action = put_action(m, g->then);
		*BENCH_ADD(m->p->guards) = row;
	}
}

static void
put_backs(struct maker *m, const struct seq_row *r, struct image_seq_row *row)
{
	struct seq_program p;

	row->first_back = m->p->backs.n;
	if (r->back_at.text == NULL || !seq_scope_read(&m->s, &r->back_at, &p))
		return;
	for (uint32_t i = 0; i < m->b->outputs.n; i++) {
		const struct bench_channel *ch = &m->b->channels.at[m->b->outputs.at[i].channel];
		struct unit rate = ch->unit;

		rate.is_point = false;
		rate.offset = 0;
		if (!m->is_used[i] || channels_kind(ch) != EXPR_NUMBER ||
			!unit_combine(&rate, &unit_second, -1, &rate) ||
			memcmp(rate.dim, p.unit.dim, sizeof(rate.dim)) != 0)
			continue;
		*BENCH_ADD(m->p->backs) = (struct image_seq_back){ .output = i,
			.rate = number(m, &r->back_at, &rate, "") };
		row->n_back++;
	}
}

static void
put_rows(struct maker *m, const struct seq_row *r)
{
	m->s.is_row = true;
	for (; r != NULL; r = r->next) {
		struct image_seq_row row = { .action = IMAGE_NONE };

		row.kind = r->kind == SEQ_ROW_ACTION ? SEQUENCE_ROW_ACTION
			   : r->kind == SEQ_ROW_ASK  ? SEQUENCE_ROW_ASK
						     : SEQUENCE_ROW_CONTINUE;
		if (!r->is_otherwise)
			row.when = condition(m, &r->when);
		if (r->kind == SEQ_ROW_ACTION)
			row.action = put_action(m, r->then);
		put_backs(m, r, &row);
		row.first_with = m->p->numbers.n;
		for (const struct seq_ref *w = r->with; w != NULL; w = w->next, row.n_with++)
			put_number(m, w->output, false);
		*BENCH_ADD(m->p->rows) = row;
	}
	m->s.is_row = false;
}

static void
put_handlers(struct maker *m, struct image_sequence *head)
{
	struct seq_program p;
	double low, high;

	head->on_abort = head->on_hold = IMAGE_NONE;
	for (const struct seq_handler *h = m->q->handlers; h != NULL; h = h->next) {
		if (h->kind == SEQ_ON_ABORT)
			head->on_abort = put_action(m, h->then);
		if (h->kind == SEQ_ON_POWER_LOSS)
			put_rows(m, h->rows);
		if (h->kind != SEQ_ON_HOLD)
			continue;
		head->on_hold = put_action(m, h->then);
		if (seq_scope_number(&m->s, &h->time, &unit_second, "s", &p)) {
			seq_scope_span(&m->s, &p, &low, &high);
			head->on_hold_ns = (int64_t)(low * 1e9);
		}
	}
}

static void
put_limits(struct maker *m)
{
	for (const struct seq_header *h = m->q->headers; h != NULL; h = h->next) {
		const struct bench_channel *ch;

		if (h->kind != SEQ_LIMIT)
			continue;
		ch = &m->b->channels.at[m->b->outputs.at[h->limited.output].channel];
		*BENCH_ADD(m->p->limits) = (struct image_seq_limit){ .output = h->limited.output,
			.min = number(m, &h->low, &ch->unit, ch->unit_text),
			.max = number(m, &h->high, &ch->unit, ch->unit_text) };
	}
}

/* ---- slots --------------------------------------------------------------------------------------------------------------- */

static struct image_slot *
slot_at(struct maker *m, uint32_t first, uint32_t number)
{
	return &m->p->slots.at[first + number];
}

static void
fill_value(struct maker *m, struct image_slot *row, const struct seq_symbol *y, uint32_t i)
{
	row->has_value = y->kind == SEQ_SYMBOL_PARAM && !y->is_open;
	if (y->is_text) {
		row->kind = SLOT_TEXT;
		row->number = m->n_texts++;
		row->text = y->kind == SEQ_SYMBOL_PARAM ? put_text(m, y->texts[i]) : 0;
		return;
	}
	row->kind = SLOT_NUMBER;
	row->unit = put_text(m, y->unit_text);
	row->value = row->has_value ? y->values[i] : 0;
	row->has_range = y->kind == SEQ_SYMBOL_PARAM && y->low < y->high;
	row->min = row->has_range ? y->low : 0;
	row->max = row->has_range ? y->high : 0;
}

static void
put_symbol(struct maker *m, uint32_t first, const struct seq_symbol *y)
{
	static const enum image_slot_role roles[] = { [SEQ_SYMBOL_STEP] = SLOT_STEP,
		[SEQ_SYMBOL_OUTAGE] = SLOT_OUTAGE,
		[SEQ_SYMBOL_PARAM] = SLOT_PARAM,
		[SEQ_SYMBOL_LOOP] = SLOT_LOOP,
		[SEQ_SYMBOL_COUNTER] = SLOT_COUNTER,
		[SEQ_SYMBOL_FIELD] = SLOT_META,
		[SEQ_SYMBOL_LAST] = SLOT_LAST };
	uint32_t n = y->is_list ? y->n_items : 1;
	char base[128];

	if (y->kind == SEQ_SYMBOL_FIELD)
		return;
	for (uint32_t i = 0; i < n; i++) {
		struct image_slot row = { .name = put_text(m, y->name) };

		fill_value(m, &row, y, i);
		row.role = y->is_list ? SLOT_ELEMENT : (uint8_t)roles[y->kind];
		if (y->kind == SEQ_SYMBOL_LAST) {
			snprintf(base, sizeof(base), "%.*s", (int)(strlen(y->name) - 5), y->name);
			row.first = m->b->channels.at[channels_find(m->b, NULL, base)].place;
		}
		*slot_at(m, first, y->number + i) = row;
	}
	if (y->is_list) {
		struct image_slot row = { .name = put_text(m, y->name),
			.unit = put_text(m, y->unit_text),
			.first = y->number,
			.n = y->n_items,
			.kind = SLOT_LIST,
			.role = SLOT_PARAM,
			.has_value = 1 };

		*BENCH_ADD(m->p->slots) = row;
	}
}

static void
put_field(struct maker *m, const struct seq_field *f)
{
	struct image_slot row = { .name = put_text(m, f->name.text), .role = SLOT_META };
	struct seq_program low, high, v;
	double ignored;

	row.is_required = f->is_required;
	row.kind = f->kind == SEQ_FIELD_RANGE ? SLOT_NUMBER : SLOT_TEXT;
	row.is_user = f->kind == SEQ_FIELD_USER;
	if (row.kind == SLOT_TEXT) {
		row.number = m->n_texts++;
		row.has_value = f->value != NULL || row.is_user;
		row.text = f->value == NULL ? 0 : put_text(m, f->value->text.text);
	} else if (seq_scope_read(&m->s, &f->low, &low) &&
		   seq_scope_number(&m->s, &f->high, &low.unit, "", &high)) {
		struct seq_expr unit = f->low;
		const char *said = unit.text;

		while (*said != '\0' && strchr("+-.0123456789eE ", *said) != NULL)
			said++;
		row.unit = put_text(m, said);
		row.has_range = 1;
		seq_scope_span(&m->s, &low, &row.min, &ignored);
		seq_scope_span(&m->s, &high, &ignored, &row.max);
		if (f->value != NULL &&
			seq_scope_number(&m->s, &f->value->number, &low.unit, "", &v)) {
			row.has_value = 1;
			seq_scope_span(&m->s, &v, &row.value, &ignored);
		}
	}
	*BENCH_ADD(m->p->slots) = row;
}

static void
put_slots(struct maker *m, struct image_sequence *head)
{
	head->first_slot = m->p->slots.n;
	for (uint32_t i = 0; i < m->s.n_numbers; i++)
		(void)BENCH_ADD(m->p->slots);
	for (uint32_t i = 0; i < m->s.symbols.n; i++)
		put_symbol(m, head->first_slot, &m->s.symbols.at[i]);
	for (const struct seq_header *h = m->q->headers; h != NULL; h = h->next)
		for (const struct seq_field *f = h->fields; f != NULL; f = f->next)
			if (f->name.text != NULL)
				put_field(m, f);
	head->n_slots = m->p->slots.n - head->first_slot;
	if (head->n_slots > SEQUENCE_SLOTS_MAX || m->n_texts > SEQUENCE_TEXTS_MAX)
		fail(m, m->q->at,
			"more than 1024 names and values, or 64 texts; split the sequence");
}

/* ---- all of it ----------------------------------------------------------------------------------------------------------- */

/* Of all but the steps: guards, handlers, limits, names, and the outputs that it writes. While it runs these cannot change. */
static uint64_t
frame_of(const struct maker *m, const struct image_sequence *head)
{
	struct buf text = { 0 };
	uint64_t h;

	seq_print_frame(&m->b->tree, m->q, &text);
	h = mix(HASH_BEGIN, text.data, text.n);
	buf_done(&text);
	for (uint32_t i = head->first_slot; i < m->p->slots.n; i++) {
		const struct image_slot *slot = &m->p->slots.at[i];

		h = mix(h, &slot->role, 1);
		h = mix(h, &slot->kind, 1);
		h = mix(h, &slot->n, sizeof(slot->n));
		h = mix(h, &slot->value, sizeof(slot->value));
	}
	for (uint32_t i = 0; i < m->b->outputs.n; i++)
		if (m->is_used[i]) {
			const char *name = m->b->outputs.at[i].name;

			h = mix(h, name, strlen(name) + 1);
		}
	return h;
}

/* Of what the controller does, not of how the file is written: a comment more is the same sequence. */
static uint64_t
hash_of(const struct maker *m, const struct image_sequence *head)
{
	uint64_t h = head->frame;

	for (uint32_t i = 0; i < head->n_steps; i++)
		h = mix(h, &m->p->steps.at[head->first_step + i].hash, sizeof(uint64_t));
	return h;
}

/* Behind the hash of what it does: how it is written is no part of that. */
static void
put_files(struct maker *m, struct image_sequence *head)
{
	head->first_file = m->p->files.n;
	head->text_hash = HASH_BEGIN;
	for (const struct seq_file *f = m->q->files; f != NULL; f = f->next) {
		*BENCH_ADD(m->p->files) =
			(struct image_seq_file){ put_text(m, f->path), put_text(m, f->text) };
		head->text_hash = mix(head->text_hash, f->path, strlen(f->path) + 1);
		head->text_hash = mix(head->text_hash, f->text, strlen(f->text) + 1);
		head->n_files++;
	}
}

static const char *
stem(struct bench *b, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	return tree_text(&b->tree, name, strcspn(name, "."));
}

static void
make(struct maker *m, const char *path)
{
	struct seq_programs *p = m->p;
	struct image_sequence head = { .name = put_text(m, stem(m->b, path)),
		.title = put_text(m, m->q->name.text),
		.path = put_text(m, path),
		.version = m->q->version.is ? (uint32_t)m->q->version.v : 0 };

	head.first_step = m->first_step = p->steps.n;
	head.n_steps = m->q->n_steps;
	head.first_instr = p->instrs.n;
	head.first_guard = p->guards.n;
	head.first_row = p->rows.n;
	head.first_limit = p->limits.n;
	head.first_action = p->actions.n;
	head.first_cell = m->b->n_cells;
	for (uint32_t i = 0; i < head.n_steps; i++)
		(void)BENCH_ADD(p->steps);
	for (uint32_t i = 0; i < head.n_steps && !m->has_failed; i++)
		put_step(m, i);
	put_guards(m);
	put_handlers(m, &head);
	put_limits(m);
	head.first_use = p->numbers.n;
	for (uint32_t i = 0; i < m->b->outputs.n; i++)
		if (m->is_used[i]) {
			put_number(m, i, false);
			head.n_uses++;
		}
	put_slots(m, &head);
	head.n_instrs = p->instrs.n - head.first_instr;
	head.n_guards = p->guards.n - head.first_guard;
	head.n_rows = p->rows.n - head.first_row;
	head.n_limits = p->limits.n - head.first_limit;
	head.n_actions = p->actions.n - head.first_action;
	head.n_cells = m->b->n_cells - head.first_cell;
	head.frame = frame_of(m, &head);
	head.hash = hash_of(m, &head);
	put_files(m, &head);
	*BENCH_ADD(p->sequences) = head;
}

bool
seq_programs_add(struct bench *b, struct diag *d, struct seq *q, const char *path)
{
	struct seq_programs *p = b->programs;
	struct seq_programs was = *p;
	struct maker m = { .b = b, .p = p, .d = d, .q = q };

	m.now = tree_alloc(&b->tree, (b->outputs.n + 1) * sizeof(*m.now));
	m.is_used = tree_alloc(&b->tree, b->outputs.n + 1);
	seq_scope_open(&m.s, b, d, q);
	make(&m, path);
	seq_scope_done(&m.s);
	if (!m.has_failed && d->n_errors == 0)
		return true;
	/* What it has put there is nobody's; the rooms may have moved and stay. */
	p->sequences.n = was.sequences.n;
	p->steps.n = was.steps.n;
	p->expects.n = was.expects.n;
	p->instrs.n = was.instrs.n;
	p->actions.n = was.actions.n;
	p->guards.n = was.guards.n;
	p->slots.n = was.slots.n;
	p->rows.n = was.rows.n;
	p->backs.n = was.backs.n;
	p->limits.n = was.limits.n;
	p->files.n = was.files.n;
	p->numbers.n = was.numbers.n;
	p->is_text.n = was.is_text.n;
	p->texts.n = was.texts.n;
	return false;
}

void
seq_programs_declare(struct bench *b)
{
	static const struct {
		const char *name;
		enum value_type type;
		const char *unit;
	} rows[IMAGE_SEQUENCE_SHOWN] = { { "sequence.state", VALUE_CHOICE, NULL },
		{ "sequence.name", VALUE_TEXT, NULL }, { "sequence.step", VALUE_UINT, NULL },
		{ "sequence.title", VALUE_TEXT, NULL }, { "sequence.comment", VALUE_TEXT, NULL },
		{ "sequence.step_time", VALUE_FLOAT, "s" },
		{ "sequence.current_step_time", VALUE_FLOAT, "s" },
		{ "sequence.total_time", VALUE_FLOAT, "s" }, { "sequence.time", VALUE_FLOAT, "s" },
		{ "sequence.time_left", VALUE_FLOAT, "s" }, { "sequence.reason", VALUE_TEXT, NULL },
		{ "sequence.question", VALUE_UINT, NULL }, { "sequence.waiting", VALUE_TEXT, NULL },
		{ "sequence.step_id", VALUE_UINT, NULL }, { "sequence.hold_id", VALUE_UINT, NULL },
		{ "sequence.question_id", VALUE_UINT, NULL } };

	b->programs->is_any = b->sequences != NULL || b->only_sequence != NULL;
	for (uint32_t i = 0; b->programs->is_any && i < NELEM(rows); i++) {
		struct bench_channel *ch;

		b->programs->state[i] = channels_add_state(
			b, rows[i].name, (enum image_state)(STATE_SEQUENCE + i), NULL);
		ch = &b->channels.at[b->programs->state[i]];
		if (rows[i].type == VALUE_CHOICE)
			continue;
		ch->type = rows[i].type;
		if (rows[i].unit != NULL) {
			ch->unit = unit_second;
			ch->unit_text = rows[i].unit;
		}
	}
}

void
seq_programs_done(struct seq_programs *p)
{
	if (p == NULL)
		return;
	free(p->sequences.at);
	free(p->steps.at);
	free(p->expects.at);
	free(p->instrs.at);
	free(p->actions.at);
	free(p->guards.at);
	free(p->slots.at);
	free(p->rows.at);
	free(p->backs.at);
	free(p->limits.at);
	free(p->files.at);
	free(p->numbers.at);
	free(p->is_text.at);
	free(p->texts.at);
	free(p);
}
