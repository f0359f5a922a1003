/* seq_head.c - what stands around the steps: headers, guards, handlers; then a whole file */
#include <string.h>

#include "compile/seq_parser.h"
#include "model/expr_lex.h"

/* ---- headers -------------------------------------------------------------------------------------------------- */

static bool
parse_needs(struct seq_parser *p, struct seq_header *h)
{
	struct seq_ref **out = &h->needs;

	do {
		*out = seqp_new(p, sizeof(**out));
		if (!seqp_ref(p, *out))
			return false;
		out = &(*out)->next;
		seqp_take(p, ","); /* people write one */
	} while (!seqp_at_end(p));
	return true;
}

static bool
parse_list(struct seq_parser *p, struct seq_value *out)
{
	struct seq_value **next = &out->list;

	out->is_list = true;
	if (seqp_take(p, "]"))
		return true; /* which the checks refuse, with a better word */
	if (++p->depth > SEQ_DEPTH_MAX) {
		diag_error(p->d, seqp_place(p), "too-deep",
			"lists more than %d deep; write one list", SEQ_DEPTH_MAX);
		p->depth--;
		return false;
	}
	do {
		*next = seqp_new(p, sizeof(**next));
		if (!seqp_value(p, *next, false)) {
			p->depth--;
			return false;
		}
		next = &(*next)->next;
	} while (seqp_take(p, ","));
	p->depth--;
	return seqp_expect(p, "]", "a list as [1 K, 2 K]");
}

/* `450 degC (350 degC .. 600 degC)`: the bracket is no call of a function. Returns where it stands; SIZE_MAX: there is none. */
static size_t
find_range(const struct seq_parser *p)
{
	size_t opened = SIZE_MAX;
	uint32_t depth = 0;

	for (size_t i = p->i; i < p->lex.n_tokens; i++) {
		enum seq_token_kind kind = p->lex.tokens[i].kind;

		if (kind == SEQ_TOK_SEMI)
			break;
		if (kind == SEQ_TOK_OPEN && depth++ == 0)
			opened = i;
		else if (kind == SEQ_TOK_CLOSE && depth > 0)
			depth--;
		else if (kind == SEQ_TOK_RANGE && depth == 1)
			return opened;
	}
	return SIZE_MAX;
}

bool
seqp_value(struct seq_parser *p, struct seq_value *out, bool is_param)
{
	size_t range = is_param ? find_range(p) : SIZE_MAX;
	struct seq_token saved;
	bool is_good;

	out->at = seqp_place(p);
	if (seqp_tok(p)->kind == SEQ_TOK_TEXT)
		return seqp_text(p, &out->text);
	if (seqp_take(p, "["))
		return parse_list(p, out);
	if (range == SIZE_MAX || range <= p->i)
		return seqp_expr(p, SEQ_T_CONST, &out->number);
	saved = p->lex.tokens[range];
	p->lex.tokens[range].kind = SEQ_TOK_EOL;
	is_good = seqp_expr(p, SEQ_T_CONST, &out->number);
	p->lex.tokens[range] = saved;
	return is_good;
}

static bool
parse_param(struct seq_parser *p, struct seq_header *h)
{
	static const char shape[] = "param NAME = VALUE (LOWEST .. HIGHEST)";

	h->value = seqp_new(p, sizeof(*h->value));
	if (!seqp_name(p, &h->name) || !seqp_expect(p, "=", shape) ||
		!seqp_value(p, h->value, true))
		return false;
	if (!seqp_take(p, "("))
		return true;
	return seqp_expr(p, SEQ_T_CONST, &h->low) && seqp_expect(p, "..", shape) &&
	       seqp_expr(p, SEQ_T_CONST, &h->high) && seqp_expect(p, ")", shape);
}

static bool
parse_field(struct seq_parser *p, struct seq_field *f)
{
	static const char shape[] =
		"meta NAME text required ; NAME 10 mg .. 2 g ; NAME user ; NAME text = \"...\"";

	if (!seqp_name(p, &f->name))
		return false;
	if (seqp_take(p, "text"))
		f->kind = SEQ_FIELD_TEXT;
	else if (seqp_take(p, "user"))
		f->kind = SEQ_FIELD_USER;
	else if (f->kind = SEQ_FIELD_RANGE, !seqp_expr(p, SEQ_T_CONST, &f->low) ||
						    !seqp_expect(p, "..", shape) ||
						    !seqp_expr(p, SEQ_T_CONST, &f->high))
		return false;
	if (seqp_take(p, "=")) {
		f->value = seqp_new(p, sizeof(*f->value));
		if (!seqp_value(p, f->value, false))
			return false;
	}
	f->is_required = seqp_take(p, "required");
	return true;
}

/* A `;` separates fields here, also at the end of the line. */
static bool
parse_meta(struct seq_parser *p, struct seq_header *h)
{
	struct seq_field **out = &h->fields;

	do {
		*out = seqp_new(p, sizeof(**out));
		if (!parse_field(p, *out))
			return false;
		out = &(*out)->next;
		if (!seqp_at_end(p))
			return seqp_unexpected(p, "';' or the end of the line",
				"meta NAME text required ; NAME 10 mg .. 2 g");
	} while (seqp_take(p, ";"));
	return true;
}

static const char *const header_words[] = {
	[SEQ_NEEDS] = "needs", [SEQ_META] = "meta", [SEQ_PARAM] = "param", [SEQ_LIMIT] = "limit"
};

bool
seqp_header(struct seq_parser *p, struct seq_header *h)
{
	switch (h->kind) {
	case SEQ_NEEDS:
		return parse_needs(p, h);
	case SEQ_META:
		return parse_meta(p, h);
	case SEQ_PARAM:
		return parse_param(p, h);
	case SEQ_LIMIT:
		break;
	}
	return seqp_form(p, &seq_limit_form, h);
}

/* ---- steps ---------------------------------------------------------------------------------------------------- */

static bool
parse_step_line(struct seq_parser *p, struct seq_step *s)
{
	static const char shape[] = "step NUMBER \"NAME\", and behind it entry always, entry when "
				    "CONDITION, or nothing";
	struct seq_int number = { 0 };

	if (!seqp_int(p, &number))
		return false;
	s->number = number.v;
	s->number_at = number.at;
	if (!seqp_text(p, &s->title))
		return false;
	if (!seqp_take(p, "entry"))
		return true;
	if (seqp_take(p, "always")) {
		s->entry = SEQ_ENTRY_ALWAYS;
		return true;
	}
	s->entry = SEQ_ENTRY_WHEN;
	return seqp_expect(p, "when", shape) && seqp_expr(p, SEQ_T_COND, &s->when);
}

static void
parse_step(struct seq_parser *p, struct seq_item *item)
{
	struct seq_step *s = item->step = seqp_new(p, sizeof(*s));
	struct seq_stmt **last = &s->body;
	uint32_t line = p->lex.line;
	char opened[32];

	s->at = seqp_place(p);
	seqp_begin(p, &s->around);
	p->i++;
	if (!parse_step_line(p, s))
		seqp_recover(p);
	seqp_finish(p);
	snprintf(opened, sizeof(opened), "step %lld", (long long)s->number);
	while (seqp_body(p, opened, line, last)) {
		const struct seq_token *t = seqp_tok(p);

		if (seqp_is(p, "end")) {
			seqp_close(p, opened, line, &s->end, &s->end_at);
			seqp_finish(p);
			return;
		}
		diag_error(p->d, seqp_place(p), "syntax",
			"'%.*s' belongs to nothing in '%s' of line %u; remove it", (int)t->n, t->at,
			opened, line);
		seqp_recover(p);
		while (*last != NULL) /* the rest of the body is looked at, too */
			last = &(*last)->next;
	}
}

/* ---- handlers ------------------------------------------------------------------------------------------------- */

static const char row_shape[] = "CONDITION -> ACTION, -> ask, -> continue, or -> ramp back at RATE "
				"then continue";

static bool
parse_continue(struct seq_parser *p, struct seq_row *r)
{
	struct seq_ref **out = &r->with;

	r->kind = SEQ_ROW_CONTINUE;
	if (seqp_take(p, "ramp")) {
		if (!seqp_expect(p, "back at", row_shape) ||
			!seqp_expr(p, SEQ_T_CONST, &r->back_at) ||
			!seqp_expect(p, "then", row_shape))
			return false;
	}
	if (!seqp_expect(p, "continue", row_shape))
		return false;
	if (!seqp_take(p, "with"))
		return true;
	do {
		*out = seqp_new(p, sizeof(**out));
		if (!seqp_ref(p, *out))
			return false;
		out = &(*out)->next;
	} while (seqp_take(p, ","));
	return true;
}

static bool
parse_row(struct seq_parser *p, struct seq_row *r)
{
	r->is_otherwise = seqp_take(p, "otherwise");
	if (!r->is_otherwise && !seqp_expr(p, SEQ_T_COND, &r->when))
		return false;
	if (!seqp_expect(p, "->", row_shape))
		return false;
	if (seqp_is(p, "ramp") || seqp_is(p, "continue"))
		return parse_continue(p, r);
	if (seqp_take(p, "ask")) {
		r->kind = SEQ_ROW_ASK;
		return true;
	}
	r->kind = SEQ_ROW_ACTION;
	r->then = seqp_action(p);
	return r->then != NULL;
}

/* What can begin no row: the end of the table, when its `end` is left out. */
static bool
ends_rows(const struct seq_parser *p)
{
	static const char *const words[] = { "end", "on", "include", "guard", "param", "needs",
		"meta", "limit", "sequence" };
	const struct seq_token *t = seqp_tok(p);

	for (size_t i = 0; i < NELEM(words); i++)
		if (seqp_is(p, words[i]))
			return true;
	return seqp_is(p, "step") && t[1].kind == SEQ_TOK_NUMBER;
}

static void
parse_rows(struct seq_parser *p, struct seq_handler *h)
{
	struct seq_row **out = &h->rows;

	seqp_finish(p);
	p->is_row = true;
	while (seqp_item(p) && !ends_rows(p)) {
		struct seq_row *r = *out = seqp_new(p, sizeof(*r));

		out = &r->next;
		r->at = seqp_place(p);
		if (!seqp_begin(p, &r->around))
			break;
		if (!parse_row(p, r))
			seqp_recover(p);
		seqp_finish(p);
	}
	p->is_row = false;
	if (!p->is_end && !p->is_stopped && seqp_is(p, "end")) {
		h->has_end = true;
		seqp_begin(p, &h->end);
		p->i++;
	}
}

static bool
parse_handler(struct seq_parser *p, struct seq_handler *h)
{
	static const char shape[] =
		"on abort -> ACTION, on hold > TIME -> ACTION, or on power_loss";

	if (seqp_take(p, "power_loss")) {
		h->kind = SEQ_ON_POWER_LOSS;
		parse_rows(p, h);
		return true;
	}
	if (seqp_take(p, "hold")) {
		h->kind = SEQ_ON_HOLD;
		if (!seqp_expect(p, ">", shape) || !seqp_expr(p, SEQ_T_CONST, &h->time))
			return false;
	} else if (!seqp_take(p, "abort")) {
		return seqp_unexpected(p, "'abort', 'hold' or 'power_loss'", shape);
	}
	if (!seqp_expect(p, "->", shape))
		return false;
	h->then = seqp_action(p);
	return h->then != NULL;
}

/* ---- a file --------------------------------------------------------------------------------------------------- */

enum part { PART_HEADER, PART_GUARD, PART_STEP, PART_HANDLER };

struct ends {
	struct seq_header **header;
	struct seq_guard **guard;
	struct seq_item **item;
	struct seq_handler **handler;
	enum part reached;
	bool is_lost; /* the last line could not be placed */
};

static void
check_order(struct seq_parser *p, struct ends *e, enum part part)
{
	static const char *const names[] = { "headers", "guards", "steps", "handlers" };

	if (part < e->reached && e->reached <= PART_HANDLER)
		diag_error(p->d, seqp_place(p), "order", "%s stand before %s; move this line up",
			names[part], names[e->reached]);
	e->reached = MAX(e->reached, part);
}

static bool
parse_header_line(struct seq_parser *p, struct ends *e)
{
	for (size_t i = 0; i < NELEM(header_words); i++) {
		struct seq_header *h;

		if (!seqp_is(p, header_words[i]))
			continue;
		check_order(p, e, PART_HEADER);
		h = *e->header = seqp_new(p, sizeof(*h));
		e->header = &h->next;
		h->kind = (enum seq_header_kind)i;
		h->at = seqp_place(p);
		seqp_begin(p, &h->around);
		p->i++;
		if (!seqp_header(p, h))
			seqp_recover(p);
		return true;
	}
	return false;
}

static void
parse_guard_line(struct seq_parser *p, struct ends *e)
{
	struct seq_guard *g = *e->guard = seqp_new(p, sizeof(*g));

	check_order(p, e, PART_GUARD);
	e->guard = &g->next;
	g->at = seqp_place(p);
	seqp_begin(p, &g->around);
	p->i++;
	if (!seqp_form(p, &seq_guard_form, g))
		seqp_recover(p);
}

static void
parse_item(struct seq_parser *p, struct ends *e)
{
	struct seq_item *item = *e->item = seqp_new(p, sizeof(*item));

	check_order(p, e, PART_STEP);
	e->item = &item->next;
	item->at = seqp_place(p);
	if (seqp_is(p, "step")) {
		parse_step(p, item);
		p->is_unwinding = false;
		return;
	}
	seqp_begin(p, &item->around);
	p->i++;
	if (!seqp_text(p, &item->path))
		seqp_recover(p);
	seqp_finish(p);
}

static void
parse_handler_line(struct seq_parser *p, struct ends *e)
{
	struct seq_handler *h = *e->handler = seqp_new(p, sizeof(*h));

	check_order(p, e, PART_HANDLER);
	e->handler = &h->next;
	h->at = seqp_place(p);
	seqp_begin(p, &h->around);
	p->i++;
	if (!parse_handler(p, h))
		seqp_recover(p);
}

/* Told once for lines that follow each other: a forgotten `step` would be told for each statement. */
static void
refuse_line(struct seq_parser *p, struct ends *e)
{
	const struct seq_token *t = seqp_tok(p);
	struct slice s = { t->at, t->n };

	if (!e->is_lost && t->kind != SEQ_TOK_BAD)
		diag_error(p->d, seqp_place(p), "syntax",
			seqp_is(p, "end")
				? "'%.*s' closes nothing; remove it"
				: "'%.*s' cannot stand outside of a step; write step NUMBER "
				  "\"NAME\" before it, or needs, meta, param, limit, guard, "
				  "include or on",
			lex_shown(s), s.at);
	e->is_lost = true;
	seqp_recover(p);
}

static void
parse_line(struct seq_parser *p, struct ends *e)
{
	bool was_lost = e->is_lost;

	e->is_lost = false;
	if (parse_header_line(p, e)) {
	} else if (seqp_is(p, "guard")) {
		parse_guard_line(p, e);
	} else if (seqp_is(p, "step") || seqp_is(p, "include")) {
		parse_item(p, e);
		return;
	} else if (seqp_is(p, "on")) {
		parse_handler_line(p, e);
	} else {
		e->is_lost = was_lost;
		refuse_line(p, e);
		return;
	}
	seqp_finish(p);
}

static void
parse_first(struct seq_parser *p, struct seq *q)
{
	static const char shape[] = "sequence \"NAME\" version NUMBER";

	q->at = seqp_place(p);
	seqp_begin(p, &q->around);
	p->i++;
	if (!seqp_text(p, &q->name) || (seqp_take(p, "version") && !seqp_int(p, &q->version)))
		seqp_recover(p);
	if (q->name.text == NULL)
		q->name = (struct seq_word){ "", q->at };
	if (!seqp_at_end(p) && !p->is_end)
		seqp_unexpected(p, "the end of the line", shape), seqp_recover(p);
}

struct seq *
seq_parse(struct tree *t, struct diag *d, uint16_t file, const char *bytes, size_t n,
	bool is_included)
{
	struct seq_parser p = { .t = t, .d = d };
	struct seq *q = tree_alloc(t, sizeof(*q));
	struct ends e = { .header = &q->headers,
		.guard = &q->guards,
		.item = &q->items,
		.handler = &q->handlers };

	p.before_end = &p.before;
	q->at = (struct place){ file, 1, 1 };
	if (!seq_lex_open(&p.lex, t, d, file, bytes, n)) {
		seq_lex_done(&p.lex);
		return q;
	}
	p.lex.tokens[0].kind = SEQ_TOK_EOL;
	p.lex.n_tokens = 1;
	if (seqp_item(&p) && seqp_is(&p, "sequence"))
		parse_first(&p, q);
	else if (!is_included && (p.is_end || (!seqp_is(&p, "step") && !seqp_is(&p, "include"))))
		diag_error(d, p.is_end ? q->at : seqp_place(&p), "syntax",
			"a sequence begins otherwise; write on its first line: sequence \"NAME\"");
	while (seqp_item(&p))
		parse_line(&p, &e);
	q->end.before = p.before;
	seq_lex_done(&p.lex);
	return q;
}
