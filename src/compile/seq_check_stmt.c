/* seq_check_stmt.c - statements of a sequence, one by one */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compile/seq_checker.h"
#include "model/unit.h"

static const struct bench_channel *
channel_of(const struct seq_checker *c, const struct seq_ref *r)
{
	return r->channel < c->b->channels.n ? &c->b->channels.at[r->channel] : NULL;
}

static bool
is_number(const struct bench_channel *ch)
{
	return channels_kind(ch) == EXPR_NUMBER;
}

/* ---- what is written ------------------------------------------------------------------------------------------ */

/* A number within what bench and sequence allow, at each corner; a channel in it cannot be judged. */
static void
check_range(struct seq_checker *c, const struct seq_ref *r, const struct seq_expr *e,
	const struct seq_program *p)
{
	const struct bench_output *o = &c->b->outputs.at[r->output];
	const struct bench_channel *ch = &c->b->channels.at[o->channel];
	double low, high;

	if (seq_scope_reads(&c->s, p) != NULL)
		return;
	seq_scope_span(&c->s, p, &low, &high);
	if (low >= c->low[r->output] && high <= c->high[r->output])
		return;
	if (low > high) {
		diag_error(c->d, e->at, "expression", "'%.60s' has no result; correct it", e->text);
		return;
	}
	diag_error(c->d, e->at, "range",
		"%g %.20s for '%.63s', which has %g .. %g; change the value, or the range of its "
		"parameters",
		low < c->low[r->output] ? low : high, ch->unit_text == NULL ? "" : ch->unit_text,
		o->name, c->low[r->output], c->high[r->output]);
}

static bool
is_switch_word(const char *text)
{
	static const char *const words[] = { "on", "off", "true", "false", "yes", "no" };

	for (size_t i = 0; i < NELEM(words); i++)
		if (strcmp(words[i], text) == 0)
			return true;
	return false;
}

/* A word among the choices: as it is, in quotes, or a text of a parameter or loop. */
static void
check_choice(struct seq_checker *c, const struct bench_channel *ch, const struct seq_expr *e)
{
	const struct seq_symbol *y = seq_scope_find(&c->s, e->text);
	char word[SEQ_TEXT_MAX + 1];
	size_t n = strlen(e->text);
	struct err err;
	int64_t number;

	if (y != NULL && y->is_text) {
		for (uint32_t i = 0; i < MAX(y->n_items, 1u); i++)
			if (channels_choice(c->b, ch, y->texts[i], &number, &err) != 0) {
				diag_error(c->d, e->at, "unknown-choice", "%s", err.msg);
				return;
			}
		return;
	}
	if (n >= 2 && e->text[0] == '"' && n - 2 < sizeof(word)) {
		memcpy(word, e->text + 1, n - 2);
		word[n - 2] = '\0';
	} else {
		snprintf(word, sizeof(word), "%s", e->text);
	}
	if (channels_choice(c->b, ch, word, &number, &err) != 0)
		diag_error(c->d, e->at, "unknown-choice", "%s", err.msg);
}

static void
check_value(struct seq_checker *c, struct seq_ref *r, const struct seq_expr *e)
{
	const struct bench_channel *ch;
	struct seq_program p;

	if (e->text == NULL || !seqc_output(c, r))
		return;
	ch = channel_of(c, r);
	if (ch == NULL)
		return;
	if (channels_kind(ch) == EXPR_CHOICE) {
		check_choice(c, ch, e);
	} else if (channels_kind(ch) == EXPR_TRUTH) {
		if (!is_switch_word(e->text))
			seqc_condition(c, e, &p);
	} else if (is_number(ch)) {
		if (!seq_scope_number(&c->s, e, &ch->unit, ch->unit_text, &p))
			return;
		seqc_reads(c, e, &p);
		check_range(c, r, e, &p);
	} else if (channels_kind(ch) == EXPR_TEXT) {
		diag_error(c->d, r->at, "read-only", "'%.63s' is a text; a sequence writes none",
			ch->name);
	}
}

/* A difference in the channel's unit, or a percentage. */
static bool
check_band(struct seq_checker *c, const struct bench_channel *ch, const struct seq_expr *e)
{
	struct unit difference = ch->unit;
	const char *said = ch->unit_text;
	struct seq_program p;
	double low, high;

	difference.is_point = false;
	difference.offset = 0;
	if (ch->unit.is_point && ch->unit.factor == 1)
		said = "K";
	if (!seq_scope_read(&c->s, e, &p) || p.is_open)
		return false;
	if (!(p.kind == EXPR_NUMBER && !p.is_bare && unit_is_plain(&p.unit)) &&
		!seq_scope_number(&c->s, e, &difference, said, &p))
		return false;
	if (seq_scope_reads(&c->s, &p) != NULL) {
		diag_error(c->d, e->at, "constant",
			"a band that changes; write a number or a parameter");
		return false;
	}
	seq_scope_span(&c->s, &p, &low, &high);
	if (low > 0)
		return true;
	diag_error(c->d, e->at, "empty", "a band of 0; write how far it may be off");
	return false;
}

/* ---- ramps and waits ------------------------------------------------------------------------------------------ */

static void
check_rate(struct seq_checker *c, const struct seq_ref *r, const struct seq_expr *e)
{
	const struct bench_output *o = &c->b->outputs.at[r->output];
	const struct bench_channel *ch = &c->b->channels.at[o->channel];
	struct unit rate = ch->unit;
	struct seq_program p;
	char said[80];
	double low, high;

	rate.is_point = false;
	rate.offset = 0;
	if (!unit_combine(&rate, &unit_second, -1, &rate))
		return;
	snprintf(said, sizeof(said), "%.60s/min",
		ch->unit.is_point       ? "K"
		: ch->unit_text == NULL ? "1"
					: ch->unit_text);
	if (!seq_scope_number(&c->s, e, &rate, said, &p))
		return;
	if (seq_scope_reads(&c->s, &p) != NULL) {
		diag_error(c->d, e->at, "constant",
			"a rate that changes; write a number or a parameter");
		return;
	}
	seq_scope_span(&c->s, &p, &low, &high);
	if (low <= 0)
		diag_error(c->d, e->at, "empty",
			"a rate of %g; write one above 0, the target says where to", low);
	else if (o->ramp > 0 && high > o->ramp * (1 + 1e-9))
		diag_error(c->d, e->at, "rate",
			"%g %s for '%.63s', which changes by %g at most; use a lower rate",
			high * 60, said, o->name, o->ramp * 60);
}

static void
check_ramp(struct seq_checker *c, struct seq_stmt *s)
{
	const struct bench_channel *ch;
	struct seq_program p;

	check_value(c, &s->ramp.output, &s->ramp.to);
	ch = channel_of(c, &s->ramp.output);
	if (s->ramp.over.text != NULL)
		seqc_time(c, &s->ramp.over, &p);
	if (s->ramp.timeout.text != NULL)
		seqc_time(c, &s->ramp.timeout, &p);
	seqc_action(c, s->ramp.then);
	if (ch == NULL || s->ramp.output.output == NAMES_NONE)
		return;
	if (!is_number(ch)) {
		diag_error(c->d, s->ramp.output.at, "dimension",
			"'%.63s' is no number and cannot be ramped; use set", ch->name);
		return;
	}
	if (s->ramp.rate.text != NULL)
		check_rate(c, &s->ramp.output, &s->ramp.rate);
	if (s->ramp.holdback.text != NULL)
		check_band(c, ch, &s->ramp.holdback);
}

static void
check_dwell(struct seq_checker *c, struct seq_stmt *s)
{
	struct seq_program time, of, timeout;
	const struct bench_channel *ch;
	bool is_time = seqc_time(c, &s->dwell.time, &time);

	if (s->dwell.guaranteed.name == NULL)
		return;
	if (seqc_time(c, &s->dwell.timeout, &timeout) && is_time)
		seqc_fits(c, &time, &timeout, "the dwell");
	seqc_action(c, s->dwell.then);
	if (!seqc_channel(c, &s->dwell.guaranteed))
		return;
	ch = channel_of(c, &s->dwell.guaranteed);
	if (ch == NULL)
		return;
	if (!is_number(ch)) {
		diag_error(c->d, s->dwell.guaranteed.at, "dimension",
			"'%.63s' is no number and has no band; wait until it is what it should be",
			ch->name);
		return;
	}
	check_band(c, ch, &s->dwell.within);
	if (seq_scope_number(&c->s, &s->dwell.of, &ch->unit, ch->unit_text, &of))
		seqc_reads(c, &s->dwell.of, &of);
}

static void
check_wait(struct seq_checker *c, struct seq_stmt *s)
{
	struct seq_program p, time, timeout;
	const struct bench_channel *ch;
	double low, high;

	if (s->kind == SEQ_WAIT_TIME) {
		seqc_time(c, &s->wait.time, &p);
		return;
	}
	seqc_time(c, &s->wait.timeout, &timeout);
	seqc_action(c, s->wait.orelse);
	if (s->kind == SEQ_WAIT_UNTIL) {
		if (!seqc_condition(c, &s->wait.until, &p))
			return;
		if (!seqc_can_be(c, &p))
			diag_error(c->d, s->wait.until.at, "never",
				"this cannot come true, and the wait would end at its timeout; "
				"correct the "
				"condition");
		if (p.ops[p.n - 1].code == EXPR_OP_HOLDS && !timeout.is_open && timeout.n > 0) {
			seq_scope_span(&c->s, &timeout, &low, &high);
			if (p.ops[p.n - 1].arg2 / 1e9 > low)
				diag_error(c->d, s->wait.timeout.at, "time",
					"the condition has to hold for %g s and the timeout is %g "
					"s; make the "
					"timeout longer",
					p.ops[p.n - 1].arg2 / 1e9, low);
		}
		return;
	}
	if (seqc_time(c, &s->wait.time, &time))
		seqc_fits(c, &time, &timeout, "being stable");
	if (!seqc_channel(c, &s->wait.channel))
		return;
	ch = channel_of(c, &s->wait.channel);
	if (ch == NULL)
		return;
	if (!is_number(ch))
		diag_error(c->d, s->wait.channel.at, "dimension",
			"'%.63s' is no number and is never stable; wait until it is what it should "
			"be",
			ch->name);
	else
		check_band(c, ch, &s->wait.within);
}

static void
check_ask(struct seq_checker *c, struct seq_stmt *s)
{
	struct seq_program p;

	seqc_text(c, &s->ask.text);
	seqc_time(c, &s->ask.timeout, &p);
	seqc_action(c, s->ask.then);
	for (const struct seq_answer *a = s->ask.answers; a != NULL; a = a->next)
		for (const struct seq_answer *b = s->ask.answers; b != a; b = b->next)
			if (a->text != NULL && b->text != NULL && strcmp(a->text, b->text) == 0)
				diag_error(c->d, a->at, "name-twice",
					"the answer '%.63s' twice; remove one of them", a->text);
}

/* ---- blocks --------------------------------------------------------------------------------------------------- */

static void
check_loop(struct seq_checker *c, struct seq_stmt *s)
{
	struct seq_symbol *y = &c->s.symbols.at[s->loop.symbol];

	y->is_active = true;
	seqc_stmts(c, s->loop.body);
	c->s.symbols.at[s->loop.symbol].is_active = false;
}

static void
check_if(struct seq_checker *c, struct seq_stmt *s)
{
	struct seq_program p;

	if (s->branch.when.text != NULL)
		seqc_condition(c, &s->branch.when, &p);
	if (s->branch.is_line && s->next != NULL && s->next->around.is_joined)
		diag_warn(c->d, s->next->at, "joined-if",
			"this does not depend on the 'if' before it; put it on a line of its own, "
			"or write a "
			"block with end");
	seqc_stmts(c, s->branch.then);
	seqc_stmts(c, s->branch.orelse);
}

/* What each branch writes: [output] = 1 + number of the branch; behind outputs, commands of instruments. */
static void
note_write(struct seq_checker *c, const struct seq_ref *r, uint32_t *writer, uint32_t branch)
{
	if (r->output >= c->b->outputs.n)
		return;
	if (writer[r->output] != 0 && writer[r->output] != branch)
		diag_error(c->d, r->at, "two-writers",
			"another branch writes '%.63s', too; let one of them do it", r->name);
	else
		writer[r->output] = branch;
}

/* Two branches that start one device could not tell whose it is that ends. */
static void
note_command(struct seq_checker *c, const struct seq_stmt *s, uint32_t *writer, uint32_t branch)
{
	const struct bench_command *d;

	if (s->command.index >= c->b->commands_of.n)
		return;
	d = &c->b->commands_of.at[s->command.index];
	writer += c->b->outputs.n + d->instrument;
	if (*writer != 0 && *writer != branch)
		diag_error(c->d, s->at, "two-writers",
			"another branch commands '%.63s', too; let one of them do it",
			s->command.instrument.name);
	else
		*writer = branch;
}

static void
note_writes(struct seq_checker *c, const struct seq_stmt *s, uint32_t *writer, uint32_t branch)
{
	for (; s != NULL; s = s->next) {
		if (s->kind == SEQ_RAMP)
			note_write(c, &s->ramp.output, writer, branch);
		if (s->kind == SEQ_SET)
			for (const struct seq_assign *a = s->set; a != NULL; a = a->next)
				note_write(c, &a->to, writer, branch);
		if (s->kind == SEQ_COMMAND)
			note_command(c, s, writer, branch);
		if (s->kind == SEQ_FOR || s->kind == SEQ_REPEAT)
			note_writes(c, s->loop.body, writer, branch);
		if (s->kind == SEQ_IF) {
			note_writes(c, s->branch.then, writer, branch);
			note_writes(c, s->branch.orelse, writer, branch);
		}
		if (s->kind == SEQ_PARALLEL)
			for (const struct seq_do *d = s->parallel.branches; d != NULL; d = d->next)
				note_writes(c, d->body, writer, branch);
	}
}

static void
check_parallel(struct seq_checker *c, struct seq_stmt *s)
{
	uint32_t *writer = tree_alloc(
		&c->b->tree, (c->b->outputs.n + c->b->instruments.n + 1) * sizeof(*writer));
	struct seq_program p;
	uint32_t branch = 0;

	for (struct seq_do *d = s->parallel.branches; d != NULL; d = d->next) {
		seqc_stmts(c, d->body);
		note_writes(c, d->body, writer, ++branch);
	}
	seqc_time(c, &s->parallel.timeout, &p);
	seqc_action(c, s->parallel.then);
}

/* ---- records, results, commands ------------------------------------------------------------------------------- */

static uint32_t
find_record(const struct seq_checker *c, const char *name)
{
	for (uint32_t i = 0; i < c->n_records; i++)
		if (strcmp(c->records[i], name) == 0)
			return i;
	return NAMES_NONE;
}

static void
check_record(struct seq_checker *c, struct seq_stmt *s)
{
	struct seq_program p;
	double low, high, ticks;
	bool is_time = seqc_time(c, &s->record.every, &p);

	seqc_text(c, &s->record.name);
	if (is_time)
		seq_scope_span(&c->s, &p, &low, &high);
	for (struct seq_ref *r = s->record.channels; r != NULL; r = r->next) {
		const struct bench_channel *ch;

		if (!seqc_channel(c, r) || !is_time)
			continue;
		ch = channel_of(c, r);
		if (ch != NULL && low * 1e9 < (double)ch->period_ns)
			diag_error(c->d, r->at, "record-rate",
				"'%.63s' is read every %g s and recorded every %g s; record it "
				"less often",
				ch->name, (double)ch->period_ns / 1e9, low);
	}
	ticks = is_time && c->b->tick_ns > 0 ? low * 1e9 / (double)c->b->tick_ns : 1;
	if (fabs(ticks - round(ticks)) > 1e-6)
		diag_warn(c->d, s->record.every.at, "tick",
			"%g s is no multiple of the tick of %g s and is rounded up", low,
			(double)c->b->tick_ns / 1e9);
	if (s->record.name.text == NULL)
		return;
	if (find_record(c, s->record.name.text) != NAMES_NONE)
		diag_error(c->d, s->record.name.at, "name-twice",
			"the record '%.60s' is open already; stop it first", s->record.name.text);
	else if (c->n_records < 64)
		c->records[c->n_records++] = s->record.name.text;
}

static void
check_stop(struct seq_checker *c, struct seq_stmt *s)
{
	uint32_t i = s->record.name.text == NULL ? 0 : find_record(c, s->record.name.text);

	if (s->record.name.text == NULL)
		return;
	if (i == NAMES_NONE)
		diag_error(c->d, s->record.name.at, "unknown-name",
			"no record '%.60s' is open here; start it before, or correct its name",
			s->record.name.text);
	else
		c->records[i] = c->records[--c->n_records];
}

static void
check_result(struct seq_checker *c, struct seq_stmt *s)
{
	struct seq_program p, low, high;
	double from, to, ignored;

	if (!seq_scope_read(&c->s, &s->result.value, &p) || p.is_open)
		return;
	seqc_reads(c, &s->result.value, &p);
	if (p.kind != EXPR_NUMBER && s->result.low.text != NULL) {
		diag_error(
			c->d, s->result.low.at, "dimension", "only numbers have a band; remove it");
		return;
	}
	if (s->result.low.text == NULL || s->result.high.text == NULL)
		return;
	if (!seq_scope_number(&c->s, &s->result.low, &p.unit, "", &low) ||
		!seq_scope_number(&c->s, &s->result.high, &p.unit, "", &high))
		return;
	seq_scope_span(&c->s, &low, &from, &ignored);
	seq_scope_span(&c->s, &high, &ignored, &to);
	if (from > to)
		diag_error(c->d, s->result.low.at, "never",
			"no value lies in this band; write the lower value first");
}

static void
check_stmt(struct seq_checker *c, struct seq_stmt *s)
{
	char near[96];

	switch (s->kind) {
	case SEQ_SET:
		for (struct seq_assign *a = s->set; a != NULL; a = a->next)
			check_value(c, &a->to, &a->value);
		return;
	case SEQ_RAMP:
		check_ramp(c, s);
		return;
	case SEQ_DWELL:
		check_dwell(c, s);
		return;
	case SEQ_WAIT_TIME:
	case SEQ_WAIT_UNTIL:
	case SEQ_WAIT_STABLE:
		check_wait(c, s);
		return;
	case SEQ_ASK:
		check_ask(c, s);
		return;
	case SEQ_FOR:
	case SEQ_REPEAT:
		check_loop(c, s);
		return;
	case SEQ_IF:
		check_if(c, s);
		return;
	case SEQ_PARALLEL:
		check_parallel(c, s);
		return;
	case SEQ_RECORD:
		check_record(c, s);
		return;
	case SEQ_STOP_RECORD:
		check_stop(c, s);
		return;
	case SEQ_RESULT:
		check_result(c, s);
		return;
	case SEQ_COMMAND:
		seqc_command(c, s);
		return;
	case SEQ_NOTIFY:
		seqc_text(c, &s->message.text);
		if (s->message.group.text != NULL &&
			!notify_is_known(c->b, s->message.group.text, near))
			diag_error(c->d, s->message.group.at, "unknown-group",
				"the bench names nobody '%.63s' under notify:; %sadd it there, or "
				"use mark, which everybody sees",
				s->message.group.text, near);
		return;
	case SEQ_MARK:
		seqc_text(c, &s->message.text);
		return;
	case SEQ_DO:
		seqc_action(c, s->action);
		return;
	case SEQ_STMT_KINDS:
		return;
	}
}

void
seqc_stmts(struct seq_checker *c, struct seq_stmt *s)
{
	for (; s != NULL; s = s->next)
		check_stmt(c, s);
}
