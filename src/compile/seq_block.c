/* seq_block.c - statements, and what they hold */
#include <string.h>

#include "base/text.h"
#include "compile/seq_parser.h"
#include "model/expr_lex.h"

static bool parse_stmt(struct seq_parser *p, struct seq_stmt **out);

/* ---- blocks --------------------------------------------------------------------------------------------------- */

/* What cannot stand in a step: somebody forgot an `end`. */
static bool
begins_outside(const struct seq_parser *p)
{
	static const char *const words[] = { "on", "guard", "sequence", "needs", "meta", "param",
		"limit", "include" };
	const struct seq_token *t = seqp_tok(p);

	for (size_t i = 0; i < NELEM(words); i++)
		if (seqp_is(p, words[i]))
			return true;
	return seqp_is(p, "step") && t[1].kind == SEQ_TOK_NUMBER && t[2].kind == SEQ_TOK_TEXT;
}

static bool
closes(const struct seq_parser *p)
{
	return seqp_is(p, "end") || seqp_is(p, "else") || seqp_is(p, "do") || seqp_is(p, "join");
}

static bool
refuse_open(struct seq_parser *p, const char *opened, uint32_t line)
{
	const struct seq_token *t = seqp_tok(p);
	struct slice s = { t->at, t->n };

	if (p->is_stopped || p->is_unwinding)
		return false;
	p->is_unwinding = p->is_end || begins_outside(p);
	if (p->is_end)
		diag_error(p->d, seqp_place(p), "syntax",
			"the file ends inside '%s' of line %u; close it with %s", opened, line,
			strcmp(opened, "parallel") == 0 ? "join timeout TIME -> ACTION" : "end");
	else
		diag_error(p->d, seqp_place(p), "syntax",
			"'%.*s' cannot stand inside '%s' of line %u; close that with %s",
			lex_shown(s), s.at, opened, line,
			strcmp(opened, "parallel") == 0 ? "join timeout TIME -> ACTION" : "end");
	return false;
}

bool
seqp_body(struct seq_parser *p, const char *opened, uint32_t line, struct seq_stmt **out)
{
	if (++p->depth > SEQ_DEPTH_MAX) {
		diag_error(p->d, seqp_place(p), "too-deep",
			"blocks more than %d deep; split the step", SEQ_DEPTH_MAX);
		p->is_stopped = true;
	}
	while (seqp_item(p) && !closes(p) && !begins_outside(p)) {
		if (!parse_stmt(p, out) && !p->is_unwinding)
			seqp_recover(p);
		if (p->is_unwinding)
			break;
		if (*out != NULL)
			out = &(*out)->next;
		seqp_finish(p);
	}
	p->depth--;
	if (!p->is_end && !p->is_stopped && !p->is_unwinding && closes(p))
		return true;
	return refuse_open(p, opened, line);
}

bool
seqp_close(struct seq_parser *p, const char *opened, uint32_t line, struct seq_around *around,
	struct place *at)
{
	if (!seqp_is(p, "end"))
		return refuse_open(p, opened, line);
	*at = seqp_place(p);
	seqp_begin(p, around);
	p->i++;
	return true;
}

static bool
parse_loop(struct seq_parser *p, struct seq_stmt *s, const char *word)
{
	uint32_t line = p->lex.line;

	if (!seqp_form(p, &seq_stmt_forms[s->kind], s))
		seqp_recover(p);
	seqp_finish(p);
	return seqp_body(p, word, line, &s->loop.body) &&
	       seqp_close(p, word, line, &s->loop.end, &s->loop.end_at);
}

static bool
parse_if_block(struct seq_parser *p, struct seq_stmt *s, uint32_t line)
{
	seqp_finish(p);
	if (!seqp_body(p, "if", line, &s->branch.then))
		return false;
	if (seqp_is(p, "else")) {
		s->branch.has_else = true;
		seqp_begin(p, &s->branch.orelse_line);
		p->i++;
		if (!seqp_body(p, "if", line, &s->branch.orelse))
			return false;
	}
	return seqp_close(p, "if", line, &s->branch.end, &s->branch.end_at);
}

/* What has an `end` of its own does not fit on a line. */
static bool
parse_if_part(struct seq_parser *p, struct seq_stmt **out)
{
	static const char *const blocks[] = { "for", "repeat", "parallel" };

	for (size_t i = 0; i < NELEM(blocks); i++)
		if (seqp_is(p, blocks[i])) {
			diag_error(p->d, seqp_place(p), "syntax",
				"'%s' cannot stand on the line of an 'if'; end that line behind "
				"then, and "
				"close it with end",
				blocks[i]);
			return false;
		}
	return parse_stmt(p, out);
}

static bool
parse_if_line(struct seq_parser *p, struct seq_stmt *s)
{
	bool is_good, was_line = p->is_line;

	s->branch.is_line = true;
	if (++p->depth > SEQ_DEPTH_MAX) {
		diag_error(p->d, seqp_place(p), "too-deep",
			"conditions more than %d deep; split the step", SEQ_DEPTH_MAX);
		p->depth--;
		return false;
	}
	p->is_line = true;
	is_good = parse_if_part(p, &s->branch.then);
	if (is_good && seqp_take(p, "else")) {
		s->branch.has_else = true;
		if (seqp_at_end(p) && seqp_tok(p)->kind != SEQ_TOK_BAD)
			is_good = seqp_unexpected(p, "a statement", seq_stmt_forms[SEQ_IF].shape);
		else
			is_good = parse_if_part(p, &s->branch.orelse);
	}
	p->depth--;
	p->is_line = was_line;
	p->last = &s->around;
	return is_good;
}

static bool
parse_if(struct seq_parser *p, struct seq_stmt *s)
{
	const struct seq_form *form = &seq_stmt_forms[SEQ_IF];
	uint32_t line = p->lex.line;

	if (!seqp_form(p, form, s) || !seqp_expect(p, "then", form->shape)) {
		/* A block all the same? Its `end` comes. */
		if (p->lex.n_tokens < 2 ||
			!seq_is_word(&p->lex.tokens[p->lex.n_tokens - 2], "then"))
			return false;
		seqp_recover(p);
	}
	if (!seqp_at_end(p))
		return parse_if_line(p, s);
	if (p->is_line) {
		diag_error(p->d, seqp_place(p), "syntax",
			"an 'if' with 'end' cannot stand on the line of another one; end that line "
			"behind then, and close it with end");
		return false;
	}
	return parse_if_block(p, s, line);
}

static bool
parse_parallel(struct seq_parser *p, struct seq_stmt *s)
{
	struct seq_do **out = &s->parallel.branches;
	uint32_t line = p->lex.line;

	seqp_finish(p);
	while (seqp_item(p) && seqp_is(p, "do")) {
		struct seq_do *d = *out = seqp_new(p, sizeof(*d));

		out = &d->next;
		d->at = seqp_place(p);
		seqp_begin(p, &d->around);
		p->i++;
		if (!seqp_body(p, "parallel", line, &d->body))
			return false;
	}
	if (p->is_end || p->is_stopped || !seqp_is(p, "join"))
		return refuse_open(p, "parallel", line);
	s->parallel.join_at = seqp_place(p);
	seqp_begin(p, &s->parallel.join);
	p->i++;
	if (s->parallel.branches == NULL) {
		diag_error(p->d, s->parallel.join_at, "syntax",
			"'parallel' of line %u has no branch; write do, and what it does", line);
		return false;
	}
	return seqp_form(p, &seq_join_form, s);
}

/* ---- what a statement begins with ----------------------------------------------------------------------------- */

static const struct {
	const char *words;
	enum seq_stmt_kind kind;
} heads[] = {
	{ "set", SEQ_SET },
	{ "start ramp", SEQ_RAMP },
	{ "ramp", SEQ_RAMP },
	{ "dwell", SEQ_DWELL },
	{ "wait until", SEQ_WAIT_UNTIL },
	{ "wait stable", SEQ_WAIT_STABLE },
	{ "wait", SEQ_WAIT_TIME },
	{ "ask", SEQ_ASK },
	{ "for", SEQ_FOR },
	{ "repeat", SEQ_REPEAT },
	{ "if", SEQ_IF },
	{ "parallel", SEQ_PARALLEL },
	{ "record", SEQ_RECORD },
	{ "stop record", SEQ_STOP_RECORD },
	{ "result", SEQ_RESULT },
	{ "notify", SEQ_NOTIFY },
	{ "mark", SEQ_MARK },
	{ "hold", SEQ_DO },
	{ "skip", SEQ_DO },
	{ "abort", SEQ_DO },
	{ "trip", SEQ_DO },
	{ "step", SEQ_DO },
};

static bool
is_command(const struct seq_token *t)
{
	return t->kind == SEQ_TOK_NAME && memchr(t->at, '.', t->n) != NULL &&
	       t[1].kind != SEQ_TOK_ASSIGN;
}

static bool
refuse_stmt(struct seq_parser *p)
{
	const struct seq_token *t = seqp_tok(p);
	const char *words[NELEM(heads)], *near = NULL;
	struct slice s = { t->at, t->n };
	char word[64];

	if (t->kind == SEQ_TOK_BAD)
		return false;
	for (size_t i = 0; i < NELEM(heads); i++)
		words[i] = heads[i].words;
	if (t->kind == SEQ_TOK_NAME && t[1].kind == SEQ_TOK_ASSIGN)
		diag_error(p->d, seqp_place(p), "syntax",
			"'%.*s' cannot begin a statement; write set %.*s = ...", lex_shown(s), s.at,
			lex_shown(s), s.at);
	else {
		if (t->kind == SEQ_TOK_NAME && t->n < sizeof(word)) {
			memcpy(word, t->at, t->n);
			word[t->n] = '\0';
			near = text_nearest(word, words, NELEM(words));
		}
		diag_error(p->d, seqp_place(p), "syntax", "'%.*s' cannot begin a statement; %s%s",
			lex_shown(s), s.at,
			near != NULL
				? "did you mean "
				: "there are set, ramp, dwell, wait, ask, for, repeat, if, "
				  "parallel, record, result, notify, mark, INSTRUMENT.COMMAND and "
				  "actions",
			near != NULL ? near : "");
	}
	return false;
}

static bool
parse_command(struct seq_parser *p, struct seq_stmt *s)
{
	const struct seq_token *t = seqp_tok(p);
	char *name, *dot;

	s->kind = SEQ_COMMAND;
	if (!seqp_ref(p, &s->command.instrument))
		return false;
	name = tree_text(p->t, t->at, t->n);
	dot = strchr(name, '.');
	*dot = '\0';
	s->command.instrument.name = name;
	s->command.command = (struct seq_word){ dot + 1, s->command.instrument.at };
	s->command.command.at.column += (uint32_t)(dot + 1 - name);
	return seqp_form(p, &seq_stmt_forms[SEQ_COMMAND], s);
}

static bool
parse_rest(struct seq_parser *p, struct seq_stmt *s)
{
	switch (s->kind) {
	case SEQ_FOR:
	case SEQ_REPEAT:
		return parse_loop(p, s, seq_stmt_forms[s->kind].head);
	case SEQ_IF:
		return parse_if(p, s);
	case SEQ_PARALLEL:
		return parse_parallel(p, s);
	case SEQ_DO:
		s->action = seqp_action(p);
		return s->action != NULL;
	default:
		return seqp_form(p, &seq_stmt_forms[s->kind], s);
	}
}

/* *out stays NULL when nothing begins here. */
static bool
parse_stmt(struct seq_parser *p, struct seq_stmt **out)
{
	struct seq_stmt *s;
	bool is_instrument = is_command(seqp_tok(p));
	size_t i = 0, at = p->i;

	while (!is_instrument && i < NELEM(heads) && !seqp_take(p, heads[i].words))
		i++;
	if (i == NELEM(heads))
		return refuse_stmt(p);
	p->i = at;
	s = seqp_new(p, sizeof(*s));
	s->at = seqp_place(p);
	if (!seqp_begin(p, &s->around))
		return false;
	*out = s;
	if (is_instrument)
		return parse_command(p, s);
	s->kind = heads[i].kind;
	if (s->kind == SEQ_RAMP)
		s->ramp.is_background = seqp_is(p, "start");
	if (s->kind != SEQ_DO)
		seqp_take(p, heads[i].words);
	return parse_rest(p, s);
}
