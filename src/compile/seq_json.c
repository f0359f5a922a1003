/* seq_json.c - the tree of a sequence as JSON */
#include "compile/seq_json.h"

#include "base/json.h"
#include "compile/seq_print.h"
#include "compile/seq_syntax.h"

struct writer {
	struct tree *t;
	struct json j;
	bool has_lines;
};

static void write_stmts(struct writer *w, const char *key, const struct seq_stmt *s);
static void write_form(struct writer *w, const struct seq_form *form, const void *base);

static void
write_line(struct writer *w, const char *key, const struct place *at)
{
	if (w->has_lines)
		json_int(&w->j, key, at->line);
}

static void
write_comments(struct writer *w, const char *key, const struct seq_comment *c)
{
	if (c == NULL)
		return;
	json_array(&w->j, key);
	for (; c != NULL; c = c->next)
		json_text(&w->j, NULL, c->text);
	json_end(&w->j);
}

static void
write_around(struct writer *w, const struct seq_around *a)
{
	write_comments(w, "before", a->before);
	if (a->behind != NULL)
		json_text(&w->j, "comment", a->behind);
	if (a->is_joined)
		json_bool(&w->j, "joined", true);
}

/* What stands around a closing line. */
static void
write_end(struct writer *w, const char *key, const struct seq_around *a)
{
	if (a->before == NULL && a->behind == NULL && !a->is_joined)
		return;
	json_object(&w->j, key);
	write_around(w, a);
	json_end(&w->j);
}

static void
write_expr(struct writer *w, const char *key, const struct seq_expr *e)
{
	if (e->text != NULL)
		json_text(&w->j, key, seq_print_expr(w->t, e->text));
}

static void
write_action(struct writer *w, const char *key, const struct seq_action *a)
{
	json_object(&w->j, key);
	json_text(&w->j, "do", seq_action_forms[a->kind].head);
	write_form(w, &seq_action_forms[a->kind], a);
	json_end(&w->j);
}

static void
write_refs(struct writer *w, const char *key, const struct seq_ref *r)
{
	json_array(&w->j, key);
	for (; r != NULL; r = r->next)
		json_text(&w->j, NULL, r->name);
	json_end(&w->j);
}

static void
write_list(struct writer *w, const struct seq_part *part, const void *at)
{
	json_array(&w->j, part->key);
	if (part->type == SEQ_T_NUMBERS)
		for (const struct seq_number *n = *(struct seq_number *const *)at; n != NULL;
			n = n->next)
			json_int(&w->j, NULL, n->v);
	if (part->type == SEQ_T_ANSWERS)
		for (const struct seq_answer *a = *(struct seq_answer *const *)at; a != NULL;
			a = a->next)
			json_text(&w->j, NULL, a->text);
	if (part->type == SEQ_T_ARGS)
		for (const struct seq_arg *a = *(struct seq_arg *const *)at; a != NULL;
			a = a->next) {
			json_object(&w->j, NULL);
			json_text(&w->j, "name", a->name.text);
			json_text(&w->j, "text", a->text.text);
			json_end(&w->j);
		}
	if (part->type == SEQ_T_ASSIGNS)
		for (const struct seq_assign *a = *(struct seq_assign *const *)at; a != NULL;
			a = a->next) {
			json_object(&w->j, NULL);
			json_text(&w->j, "output", a->to.name);
			write_expr(w, "value", &a->value);
			json_end(&w->j);
		}
	json_end(&w->j);
}

static void
write_part(struct writer *w, const struct seq_part *part, const void *at)
{
	switch ((enum seq_type)part->type) {
	case SEQ_T_EXPR:
	case SEQ_T_CONST:
	case SEQ_T_COND:
		write_expr(w, part->key, at);
		return;
	case SEQ_T_REF:
		json_text(&w->j, part->key, ((const struct seq_ref *)at)->name);
		return;
	case SEQ_T_REFS:
		write_refs(w, part->key, *(struct seq_ref *const *)at);
		return;
	case SEQ_T_NAME:
	case SEQ_T_TEXT:
		json_text(&w->j, part->key, ((const struct seq_word *)at)->text);
		return;
	case SEQ_T_INT:
		json_int(&w->j, part->key, ((const struct seq_int *)at)->v);
		return;
	case SEQ_T_ACTION:
		write_action(w, part->key, *(struct seq_action *const *)at);
		return;
	default:
		write_list(w, part, at);
		return;
	}
}

static void
write_form(struct writer *w, const struct seq_form *form, const void *base)
{
	for (size_t i = 0; i < form->n; i++)
		if (seq_has(base, &form->parts[i]))
			write_part(w, &form->parts[i], (const char *)base + form->parts[i].offset);
}

static void
write_parallel(struct writer *w, const struct seq_stmt *s)
{
	json_array(&w->j, "branches");
	for (const struct seq_do *d = s->parallel.branches; d != NULL; d = d->next) {
		json_object(&w->j, NULL);
		write_stmts(w, "body", d->body);
		write_around(w, &d->around);
		json_end(&w->j);
	}
	json_end(&w->j);
	write_form(w, &seq_join_form, s);
	write_end(w, "join", &s->parallel.join);
}

static void
write_if(struct writer *w, const struct seq_stmt *s)
{
	if (s->branch.is_line)
		json_bool(&w->j, "line", true);
	write_stmts(w, "then", s->branch.then);
	if (s->branch.has_else)
		write_stmts(w, "else", s->branch.orelse);
	write_end(w, "else line", &s->branch.orelse_line);
	write_end(w, "end", &s->branch.end);
}

static void
write_stmt(struct writer *w, const struct seq_stmt *s)
{
	const struct seq_form *form = &seq_stmt_forms[s->kind];

	json_object(&w->j, NULL);
	write_line(w, "first_line", &s->at);
	if (s->kind == SEQ_DO) {
		json_text(&w->j, "do", seq_action_forms[s->action->kind].head);
		write_form(w, &seq_action_forms[s->action->kind], s->action);
	} else {
		json_text(&w->j, "do", form->head);
		if (s->kind == SEQ_RAMP && s->ramp.is_background)
			json_bool(&w->j, "background", true);
		if (s->kind == SEQ_COMMAND) {
			json_text(&w->j, "instrument", s->command.instrument.name);
			json_text(&w->j, "command", s->command.command.text);
		}
		write_form(w, form, s);
	}
	if (s->kind == SEQ_FOR || s->kind == SEQ_REPEAT) {
		write_stmts(w, "body", s->loop.body);
		write_end(w, "end", &s->loop.end);
	} else if (s->kind == SEQ_IF) {
		write_if(w, s);
	} else if (s->kind == SEQ_PARALLEL) {
		write_parallel(w, s);
	}
	write_around(w, &s->around);
	json_end(&w->j);
}

static void
write_stmts(struct writer *w, const char *key, const struct seq_stmt *s)
{
	json_array(&w->j, key);
	for (; s != NULL; s = s->next)
		write_stmt(w, s);
	json_end(&w->j);
}

/* ---- what stands around the steps ----------------------------------------------------------------------------- */

static void
write_value(struct writer *w, const char *key, const struct seq_value *v)
{
	if (v->is_list) {
		json_array(&w->j, key);
		for (const struct seq_value *e = v->list; e != NULL; e = e->next)
			write_value(w, NULL, e);
		json_end(&w->j);
	} else if (v->text.text != NULL) {
		json_object(&w->j, key);
		json_text(&w->j, "text", v->text.text);
		json_end(&w->j);
	} else {
		write_expr(w, key, &v->number);
	}
}

static void
write_fields(struct writer *w, const struct seq_field *f)
{
	static const char *const kinds[] = { "text", "user", "range" };

	json_array(&w->j, "meta");
	for (; f != NULL; f = f->next) {
		json_object(&w->j, NULL);
		json_text(&w->j, "name", f->name.text);
		json_text(&w->j, "kind", kinds[f->kind]);
		write_expr(w, "low", &f->low);
		write_expr(w, "high", &f->high);
		if (f->value != NULL)
			write_value(w, "value", f->value);
		if (f->is_required)
			json_bool(&w->j, "required", true);
		json_end(&w->j);
	}
	json_end(&w->j);
}

static void
write_header(struct writer *w, const struct seq_header *h)
{
	json_object(&w->j, NULL);
	switch (h->kind) {
	case SEQ_NEEDS:
		write_refs(w, "needs", h->needs);
		break;
	case SEQ_META:
		write_fields(w, h->fields);
		break;
	case SEQ_PARAM:
		json_text(&w->j, "param", h->name.text);
		write_value(w, "value", h->value);
		write_expr(w, "low", &h->low);
		write_expr(w, "high", &h->high);
		break;
	case SEQ_LIMIT:
		write_form(w, &seq_limit_form, h);
		break;
	}
	write_around(w, &h->around);
	json_end(&w->j);
}

static void
write_item(struct writer *w, const struct seq_item *i)
{
	const struct seq_step *s = i->step;

	json_object(&w->j, NULL);
	if (s == NULL) {
		json_text(&w->j, "include", i->path.text);
		write_line(w, "first_line", &i->at);
		write_around(w, &i->around);
	} else {
		json_int(&w->j, "step", s->number);
		write_line(w, "first_line", &s->at);
		write_line(w, "last_line", &s->end_at);
		json_text(&w->j, "title", s->title.text);
		if (s->entry != SEQ_ENTRY_NONE)
			json_text(&w->j, "entry", s->entry == SEQ_ENTRY_ALWAYS ? "always" : "when");
		write_expr(w, "when", &s->when);
		write_stmts(w, "body", s->body);
		write_around(w, &s->around);
		write_end(w, "end", &s->end);
	}
	json_end(&w->j);
}

static void
write_row(struct writer *w, const struct seq_row *r)
{
	json_object(&w->j, NULL);
	if (r->is_otherwise)
		json_bool(&w->j, "otherwise", true);
	write_expr(w, "when", &r->when);
	if (r->kind == SEQ_ROW_ACTION)
		write_action(w, "then", r->then);
	else
		json_text(&w->j, "then", r->kind == SEQ_ROW_ASK ? "ask" : "continue");
	write_expr(w, "ramp back at", &r->back_at);
	if (r->with != NULL)
		write_refs(w, "with", r->with);
	write_around(w, &r->around);
	json_end(&w->j);
}

static void
write_handler(struct writer *w, const struct seq_handler *h)
{
	static const char *const kinds[] = { "abort", "hold", "power_loss" };

	json_object(&w->j, NULL);
	json_text(&w->j, "on", kinds[h->kind]);
	write_expr(w, "time", &h->time);
	if (h->then != NULL)
		write_action(w, "then", h->then);
	if (h->kind == SEQ_ON_POWER_LOSS) {
		json_array(&w->j, "rows");
		for (const struct seq_row *r = h->rows; r != NULL; r = r->next)
			write_row(w, r);
		json_end(&w->j);
		write_end(w, "end", &h->end);
	}
	write_around(w, &h->around);
	json_end(&w->j);
}

void
seq_json_write(struct tree *t, const struct seq *q, bool has_lines, struct buf *out)
{
	struct writer w = { .t = t, .has_lines = has_lines };

	json_open(&w.j, out);
	json_object(&w.j, NULL);
	if (q->name.text != NULL)
		json_text(&w.j, "sequence", q->name.text);
	if (q->version.is)
		json_int(&w.j, "version", q->version.v);
	write_around(&w, &q->around);
	json_array(&w.j, "headers");
	for (const struct seq_header *h = q->headers; h != NULL; h = h->next)
		write_header(&w, h);
	json_end(&w.j);
	json_array(&w.j, "guards");
	for (const struct seq_guard *g = q->guards; g != NULL; g = g->next) {
		json_object(&w.j, NULL);
		write_form(&w, &seq_guard_form, g);
		write_around(&w, &g->around);
		json_end(&w.j);
	}
	json_end(&w.j);
	json_array(&w.j, "steps");
	for (const struct seq_item *i = q->items; i != NULL; i = i->next)
		write_item(&w, i);
	json_end(&w.j);
	json_array(&w.j, "handlers");
	for (const struct seq_handler *h = q->handlers; h != NULL; h = h->next)
		write_handler(&w, h);
	json_end(&w.j);
	write_comments(&w, "after", q->end.before);
	json_end(&w.j);
	buf_put(out, "\n", 1);
}
