/* seq_print.c - the tree of a sequence as text in its one form */
#include "compile/seq_print.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compile/seq_lex.h"
#include "compile/seq_syntax.h"
#include "model/expr_lex.h"

struct printer {
	struct tree *t;
	struct buf *out;
	uint32_t indent;
	bool is_open; /* something stands on this line */
	bool is_bare; /* without comments and empty lines, each node on a line of its own */
	const char *behind;
};

static void print_stmts(struct printer *p, const struct seq_stmt *s, const char *joint);
static void print_stmt(struct printer *p, const struct seq_stmt *s);

static void put(struct printer *p, const char *fmt, ...) PRINTF(2, 3);

static void
put(struct printer *p, const char *fmt, ...)
{
	char text[2 * SEQ_LINE_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_put(p->out, text, MIN((size_t)n, sizeof(text) - 1));
}

static void
put_text(struct printer *p, const char *text)
{
	put(p, "\"");
	for (; *text != '\0'; text++)
		put(p, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
	put(p, "\"");
}

/* ---- lines ---------------------------------------------------------------------------------------------------- */

static void
end_line(struct printer *p)
{
	if (!p->is_open)
		return;
	if (p->behind != NULL)
		put(p, "  %s", p->behind);
	put(p, "\n");
	p->is_open = false;
	p->behind = NULL;
}

static void
indent(struct printer *p)
{
	for (uint32_t i = 0; i < p->indent; i++)
		put(p, "  ");
}

static bool
ends_empty(const struct buf *b)
{
	return b->n == 0 || (b->n >= 2 && b->data[b->n - 1] == '\n' && b->data[b->n - 2] == '\n');
}

static void
print_comments(struct printer *p, const struct seq_comment *c)
{
	for (; c != NULL; c = c->next) {
		if (c->text[0] == '\0') {
			if (!ends_empty(p->out))
				put(p, "\n");
			continue;
		}
		indent(p);
		put(p, "%s\n", c->text);
	}
}

/* A node begins. joint: what stands before it when it goes on with the line. */
static void
begin(struct printer *p, const struct seq_around *around, const char *joint)
{
	if (p->is_bare) {
		end_line(p);
		indent(p);
		p->is_open = true;
		return;
	}
	if (around->is_joined && around->before == NULL && p->is_open && p->behind == NULL) {
		put(p, "%s", joint);
	} else {
		end_line(p);
		print_comments(p, around->before);
		indent(p);
	}
	p->is_open = true;
	p->behind = around->behind;
}

/* ---- expressions ---------------------------------------------------------------------------------------------- */

static bool
is_sign(const struct token *t)
{
	return t->kind == TOK_PLUS || t->kind == TOK_MINUS;
}

/* Does a sign behind this word belong to the value that follows it? */
static bool
leaves_open(const struct token *t, bool was_unary)
{
	switch (t->kind) {
	case TOK_NUMBER:
	case TOK_TEXT:
	case TOK_CLOSE:
	case TOK_CLOSE_LIST:
		return false;
	case TOK_NAME:
		return lex_is_reserved(t->text) && !lex_is(t, "true") && !lex_is(t, "false") &&
		       !lex_is(t, "step") && !lex_is(t, "outage");
	default:
		return !was_unary || !is_sign(t);
	}
}

static void
put_token(struct buf *out, const struct token *t)
{
	size_t n = t->text.n;

	if (t->kind == TOK_NUMBER && t->unit.n > 0) {
		n = (size_t)(t->unit.at - t->text.at);
		while (n > 0 && t->text.at[n - 1] == ' ')
			n--;
		buf_put(out, t->text.at, n);
		buf_put(out, " ", 1);
		buf_put(out, t->unit.at, t->unit.n);
		return;
	}
	if (t->kind == TOK_TEXT)
		buf_put(out, "\"", 1);
	buf_put(out, t->text.at, n);
	if (t->kind == TOK_TEXT)
		buf_put(out, "\"", 1);
}

/* Does a blank stand between the two? */
static bool
has_blank(const struct token *a, const struct token *b, bool is_unary)
{
	if (a->kind == TOK_END || a->kind == TOK_OPEN || a->kind == TOK_OPEN_LIST ||
		b->kind == TOK_CLOSE || b->kind == TOK_CLOSE_LIST || b->kind == TOK_COMMA)
		return false;
	if (b->kind == TOK_OPEN_LIST)
		return a->kind != TOK_NAME;
	if (b->kind == TOK_OPEN)
		return !(a->kind == TOK_NAME && !lex_is_reserved(a->text)) &&
		       !(is_unary && is_sign(a));
	return !(is_unary && is_sign(a));
}

const char *
seq_print_expr(struct tree *t, const char *text)
{
	struct token last = { .kind = TOK_END }, tok;
	const char *p = text, *place, *copy;
	struct buf out = { 0 };
	bool is_unary = false;
	struct err err;

	while (lex_next(p, &tok, &place, &err) == 0 && tok.kind != TOK_END) {
		if (has_blank(&last, &tok, is_unary))
			buf_put(&out, " ", 1);
		put_token(&out, &tok);
		is_unary = is_sign(&tok) && (last.kind == TOK_END || leaves_open(&last, false));
		last = tok;
		p = tok.text.at + tok.text.n + (tok.kind == TOK_TEXT);
	}
	copy = tok.kind == TOK_END ? tree_text(t, out.n == 0 ? "" : (char *)out.data, out.n) : text;
	buf_done(&out);
	return copy;
}

static void
put_expr(struct printer *p, const struct seq_expr *e)
{
	put(p, "%s", e->text == NULL ? "" : seq_print_expr(p->t, e->text));
}

/* ---- forms ---------------------------------------------------------------------------------------------------- */

static void print_form(struct printer *p, const struct seq_form *form, const void *base);

static void
print_action(struct printer *p, const struct seq_action *a)
{
	put(p, "%s", seq_action_forms[a->kind].head);
	print_form(p, &seq_action_forms[a->kind], a);
}

static void
print_refs(struct printer *p, const struct seq_ref *r, const char *joint)
{
	for (; r != NULL; r = r->next)
		put(p, "%s%s", r->name == NULL ? "" : r->name, r->next == NULL ? "" : joint);
}

static void
print_assigns(struct printer *p, const struct seq_assign *a)
{
	for (; a != NULL; a = a->next) {
		put(p, "%s = ", a->to.name);
		put_expr(p, &a->value);
		put(p, "%s", a->next == NULL ? "" : ", ");
	}
}

static void
print_lists(struct printer *p, enum seq_type type, const void *at)
{
	if (type == SEQ_T_NUMBERS)
		for (const struct seq_number *n = *(struct seq_number *const *)at; n != NULL;
			n = n->next)
			put(p, "%lld%s", (long long)n->v, n->next == NULL ? "" : ", ");
	else if (type == SEQ_T_ANSWERS)
		for (const struct seq_answer *a = *(struct seq_answer *const *)at; a != NULL;
			a = a->next)
			put(p, "%s%s", a->text, a->next == NULL ? "" : ", ");
	else
		for (const struct seq_arg *a = *(struct seq_arg *const *)at; a != NULL;
			a = a->next) {
			put(p, "%s ", a->name.text);
			put_text(p, a->text.text);
			put(p, "%s", a->next == NULL ? "" : " ");
		}
}

static void
print_part(struct printer *p, const struct seq_part *part, const void *at)
{
	switch ((enum seq_type)part->type) {
	case SEQ_T_EXPR:
	case SEQ_T_CONST:
	case SEQ_T_COND:
		put_expr(p, at);
		return;
	case SEQ_T_REF:
		put(p, "%s", ((const struct seq_ref *)at)->name);
		return;
	case SEQ_T_REFS:
		print_refs(p, *(struct seq_ref *const *)at, ", ");
		return;
	case SEQ_T_NAME:
		put(p, "%s", ((const struct seq_word *)at)->text);
		return;
	case SEQ_T_TEXT:
		put_text(p, ((const struct seq_word *)at)->text);
		return;
	case SEQ_T_INT:
		put(p, "%lld", (long long)((const struct seq_int *)at)->v);
		return;
	case SEQ_T_ACTION:
		print_action(p, *(struct seq_action *const *)at);
		return;
	case SEQ_T_ASSIGNS:
		print_assigns(p, *(struct seq_assign *const *)at);
		return;
	default:
		print_lists(p, (enum seq_type)part->type, at);
		return;
	}
}

static void
print_form(struct printer *p, const struct seq_form *form, const void *base)
{
	for (size_t i = 0; i < form->n; i++) {
		const struct seq_part *part = &form->parts[i];

		if (!seq_has(base, part))
			continue;
		put(p, "%s%s ", part->words[0] == ':' || part->words[0] == '\0' ? "" : " ",
			part->words);
		print_part(p, part, (const char *)base + part->offset);
	}
}

/* ---- statements ----------------------------------------------------------------------------------------------- */

static void
print_end(struct printer *p, const struct seq_around *end, const char *word)
{
	begin(p, end, " ; ");
	put(p, "%s", word);
}

static void
print_block(struct printer *p, const struct seq_stmt *body, const char *joint)
{
	p->indent++;
	print_stmts(p, body, joint);
	p->indent--;
}

static void
print_if(struct printer *p, const struct seq_stmt *s)
{
	put(p, " then");
	if (s->branch.is_line) {
		put(p, " ");
		print_stmt(p, s->branch.then);
		if (s->branch.has_else) {
			put(p, " else ");
			print_stmt(p, s->branch.orelse);
		}
		return;
	}
	print_block(p, s->branch.then, " ; ");
	if (s->branch.has_else) {
		begin(p, &s->branch.orelse_line, " ; ");
		put(p, "else");
		print_block(p, s->branch.orelse, " ");
	}
	print_end(p, &s->branch.end, "end");
}

static void
print_parallel(struct printer *p, const struct seq_stmt *s)
{
	p->indent++;
	for (const struct seq_do *d = s->parallel.branches; d != NULL; d = d->next) {
		begin(p, &d->around, " ; ");
		put(p, "do");
		print_block(p, d->body, " ");
	}
	p->indent--;
	print_end(p, &s->parallel.join, "join");
	print_form(p, &seq_join_form, s);
}

/* Without its place on a line. */
static void
print_stmt(struct printer *p, const struct seq_stmt *s)
{
	const struct seq_form *form = &seq_stmt_forms[s->kind];

	if (s->kind == SEQ_DO) {
		print_action(p, s->action);
		return;
	}
	if (s->kind == SEQ_COMMAND)
		put(p, "%s.%s", s->command.instrument.name, s->command.command.text);
	else
		put(p, "%s%s", s->kind == SEQ_RAMP && s->ramp.is_background ? "start " : "",
			form->head);
	print_form(p, form, s);
	if (s->kind == SEQ_FOR || s->kind == SEQ_REPEAT) {
		print_block(p, s->loop.body, " ; ");
		print_end(p, &s->loop.end, "end");
	} else if (s->kind == SEQ_IF) {
		print_if(p, s);
	} else if (s->kind == SEQ_PARALLEL) {
		print_parallel(p, s);
	}
}

/* joint: before the first one, where it goes on with the line. */
static void
print_stmts(struct printer *p, const struct seq_stmt *s, const char *joint)
{
	for (; s != NULL; s = s->next) {
		begin(p, &s->around, joint);
		print_stmt(p, s);
		joint = " ; ";
	}
}

/* ---- what stands around the steps ----------------------------------------------------------------------------- */

static void
print_value(struct printer *p, const struct seq_value *v)
{
	if (v->is_list) {
		put(p, "[");
		for (const struct seq_value *e = v->list; e != NULL; e = e->next) {
			print_value(p, e);
			put(p, "%s", e->next == NULL ? "" : ", ");
		}
		put(p, "]");
	} else if (v->text.text != NULL) {
		put_text(p, v->text.text);
	} else {
		put_expr(p, &v->number);
	}
}

static void
print_fields(struct printer *p, const struct seq_field *f)
{
	for (; f != NULL; f = f->next) {
		put(p, "%s ", f->name.text);
		if (f->kind == SEQ_FIELD_RANGE) {
			put_expr(p, &f->low);
			put(p, " .. ");
			put_expr(p, &f->high);
		} else {
			put(p, "%s", f->kind == SEQ_FIELD_TEXT ? "text" : "user");
		}
		if (f->value != NULL) {
			put(p, " = ");
			print_value(p, f->value);
		}
		put(p, "%s%s", f->is_required ? " required" : "", f->next == NULL ? "" : " ; ");
	}
}

static void
print_header(struct printer *p, const struct seq_header *h)
{
	begin(p, &h->around, " ; ");
	if (h->kind == SEQ_NEEDS) {
		put(p, "needs ");
		print_refs(p, h->needs, " ");
	} else if (h->kind == SEQ_META) {
		put(p, "meta ");
		print_fields(p, h->fields);
	} else if (h->kind == SEQ_LIMIT) {
		put(p, "limit");
		print_form(p, &seq_limit_form, h);
	} else {
		put(p, "param %s = ", h->name.text);
		print_value(p, h->value);
		if (h->low.text != NULL) {
			put(p, " (");
			put_expr(p, &h->low);
			put(p, " .. ");
			put_expr(p, &h->high);
			put(p, ")");
		}
	}
}

static void
print_step(struct printer *p, const struct seq_step *s)
{
	end_line(p);
	if (!p->is_bare && s->around.before == NULL && !s->around.is_joined && !ends_empty(p->out))
		put(p, "\n");
	begin(p, &s->around, " ; ");
	put(p, "step %lld ", (long long)s->number);
	put_text(p, s->title.text == NULL ? "" : s->title.text);
	if (s->entry == SEQ_ENTRY_ALWAYS)
		put(p, " entry always");
	if (s->entry == SEQ_ENTRY_WHEN) {
		put(p, " entry when ");
		put_expr(p, &s->when);
	}
	print_block(p, s->body, " ; ");
	print_end(p, &s->end, "end");
}

static void
print_row(struct printer *p, const struct seq_row *r)
{
	begin(p, &r->around, " ; ");
	if (r->is_otherwise)
		put(p, "otherwise");
	else
		put_expr(p, &r->when);
	put(p, " -> ");
	if (r->kind == SEQ_ROW_ACTION) {
		print_action(p, r->then);
		return;
	}
	if (r->back_at.text != NULL) {
		put(p, "ramp back at ");
		put_expr(p, &r->back_at);
		put(p, " then ");
	}
	put(p, "%s", r->kind == SEQ_ROW_ASK ? "ask" : "continue");
	if (r->with != NULL) {
		put(p, " with ");
		print_refs(p, r->with, ", ");
	}
}

static void
print_handler(struct printer *p, const struct seq_handler *h)
{
	begin(p, &h->around, " ; ");
	if (h->kind == SEQ_ON_POWER_LOSS) {
		put(p, "on power_loss");
		p->indent++;
		for (const struct seq_row *r = h->rows; r != NULL; r = r->next)
			print_row(p, r);
		p->indent--;
		print_end(p, &h->end, "end");
		return;
	}
	put(p, "%s", h->kind == SEQ_ON_ABORT ? "on abort" : "on hold > ");
	if (h->kind == SEQ_ON_HOLD)
		put_expr(p, &h->time);
	put(p, " -> ");
	print_action(p, h->then);
}

void
seq_print_frame(struct tree *t, const struct seq *q, struct buf *out)
{
	struct printer p = { .t = t, .out = out, .is_bare = true };

	for (const struct seq_header *h = q->headers; h != NULL; h = h->next)
		if (h->kind != SEQ_NEEDS)
			print_header(&p, h);
	for (const struct seq_guard *g = q->guards; g != NULL; g = g->next) {
		begin(&p, &g->around, "");
		put(&p, "guard");
		print_form(&p, &seq_guard_form, g);
	}
	for (const struct seq_handler *h = q->handlers; h != NULL; h = h->next)
		print_handler(&p, h);
	end_line(&p);
}

void
seq_print_step(struct tree *t, const struct seq_step *s, struct buf *out)
{
	struct printer p = { .t = t, .out = out, .is_bare = true };

	print_step(&p, s);
	end_line(&p);
}

void
seq_print(struct tree *t, const struct seq *q, struct buf *out)
{
	struct printer p = { .t = t, .out = out };

	if (q->name.text != NULL) {
		begin(&p, &q->around, "");
		put(&p, "sequence ");
		put_text(&p, q->name.text);
		if (q->version.is)
			put(&p, " version %lld", (long long)q->version.v);
	}
	for (const struct seq_header *h = q->headers; h != NULL; h = h->next) {
		print_header(&p, h);
		if (h->kind == SEQ_META)
			end_line(&p); /* a `;` would begin one more field */
	}
	for (const struct seq_guard *g = q->guards; g != NULL; g = g->next) {
		begin(&p, &g->around, " ; ");
		put(&p, "guard");
		print_form(&p, &seq_guard_form, g);
	}
	for (const struct seq_item *i = q->items; i != NULL; i = i->next) {
		if (i->step != NULL) {
			print_step(&p, i->step);
			continue;
		}
		begin(&p, &i->around, " ; ");
		put(&p, "include ");
		put_text(&p, i->path.text);
	}
	for (const struct seq_handler *h = q->handlers; h != NULL; h = h->next)
		print_handler(&p, h);
	end_line(&p);
	print_comments(&p, q->end.before);
	while (ends_empty(out) && out->n > 0)
		out->n--;
}
