/* seq_parse.c - words and parts of lines; then the lines of a sequence from its first to its last */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "compile/seq_parser.h"
#include "model/expr_lex.h"

const struct seq_token *
seqp_tok(const struct seq_parser *p)
{
	return &p->lex.tokens[p->i];
}

struct place
seqp_place(const struct seq_parser *p)
{
	return seq_place(&p->lex, seqp_tok(p));
}

static bool
is_eol(const struct seq_token *t)
{
	return t->kind == SEQ_TOK_EOL || t->kind == SEQ_TOK_BAD;
}

bool
seqp_at_end(const struct seq_parser *p)
{
	return is_eol(seqp_tok(p)) || seqp_tok(p)->kind == SEQ_TOK_SEMI;
}

static bool
is_same(const struct seq_token *t, const char *word, size_t n)
{
	return t->kind != SEQ_TOK_TEXT && t->kind != SEQ_TOK_BAD && t->n == n && n > 0 &&
	       memcmp(t->at, word, n) == 0;
}

bool
seqp_is(const struct seq_parser *p, const char *word)
{
	return is_same(seqp_tok(p), word, strlen(word));
}

bool
seqp_take(struct seq_parser *p, const char *words)
{
	size_t i = p->i;

	for (const char *w = words; *w != '\0'; i++) {
		size_t n = strcspn(w, " ");

		if (!is_same(&p->lex.tokens[i], w, n))
			return false;
		w += n + (w[n] == ' ');
	}
	p->i = i;
	return true;
}

bool
seqp_unexpected(struct seq_parser *p, const char *wanted, const char *shape)
{
	const struct seq_token *t = seqp_tok(p);
	struct slice s = { t->at, t->n };

	if (t->kind == SEQ_TOK_BAD)
		return false; /* that was told */
	if (t->kind == SEQ_TOK_EOL)
		diag_error(p->d, seqp_place(p), "syntax",
			"the line ends where %s is expected; write %s", wanted, shape);
	else
		diag_error(p->d, seqp_place(p), "syntax", "'%.*s' where %s is expected; write %s",
			lex_shown(s), s.at, wanted, shape);
	return false;
}

bool
seqp_expect(struct seq_parser *p, const char *words, const char *shape)
{
	char wanted[64];
	size_t n;

	if (seqp_take(p, words))
		return true;
	n = strcspn(words, " ");
	if (words[n] == ' ' && is_same(seqp_tok(p), words, n)) { /* ready, and no timeout */
		p->i++;
		return seqp_expect(p, words + n + 1, shape);
	}
	if (strstr(words, "timeout") != NULL && seqp_tok(p)->kind != SEQ_TOK_BAD) {
		diag_error(p->d, seqp_place(p), "no-timeout",
			"a timeout is missing here, and everything that waits has one; write %s",
			shape);
		return false;
	}
	snprintf(wanted, sizeof(wanted), "'%s'", words);
	return seqp_unexpected(p, wanted, shape);
}

void *
seqp_new(struct seq_parser *p, size_t size)
{
	return tree_alloc(p->t, size);
}

/* ---- lines ---------------------------------------------------------------------------------------------------- */

static void
keep_comment(struct seq_parser *p, const char *text)
{
	struct seq_comment *c = tree_alloc(p->t, sizeof(*c));

	c->text = text;
	*p->before_end = c;
	p->before_end = &c->next;
}

/* Does an empty line stand right before here? */
static bool
is_after_empty(const struct seq_parser *p)
{
	const struct seq_comment *c = p->before;

	while (c != NULL && c->next != NULL)
		c = c->next;
	return c != NULL && c->text[0] == '\0';
}

static void
leave_line(struct seq_parser *p)
{
	if (p->lex.comment != NULL && p->last != NULL)
		p->last->behind = p->lex.comment;
	p->last = NULL;
	p->is_used = false;
}

static void
next_line(struct seq_parser *p)
{
	leave_line(p);
	while (seq_lex_line(&p->lex)) {
		p->i = 0;
		if (seqp_tok(p)->kind != SEQ_TOK_EOL)
			return;
		if (p->lex.comment != NULL)
			keep_comment(p, p->lex.comment);
		else if (!is_after_empty(p))
			keep_comment(p, "");
	}
	p->is_end = true;
}

bool
seqp_item(struct seq_parser *p)
{
	while (!p->is_end && !p->is_stopped) {
		if (is_eol(seqp_tok(p)))
			next_line(p);
		else if (seqp_tok(p)->kind == SEQ_TOK_SEMI)
			p->i++;
		else
			return true;
	}
	return false;
}

void
seqp_recover(struct seq_parser *p)
{
	p->i = p->lex.n_tokens - 1;
}

void
seqp_finish(struct seq_parser *p)
{
	if (p->is_end || p->is_stopped || seqp_at_end(p))
		return;
	if (seqp_is(p, "timeout"))
		diag_error(p->d, seqp_place(p), "syntax",
			"a timeout stands where nothing waits; remove it");
	else
		seqp_unexpected(
			p, "the end of the line", "one statement a line, or ';' between two");
	seqp_recover(p);
}

bool
seqp_begin(struct seq_parser *p, struct seq_around *around)
{
	if (p->n_nodes == SEQ_NODES_MAX) {
		diag_error(p->d, seqp_place(p), "too-large",
			"more than %d lines; split the sequence", SEQ_NODES_MAX);
		p->is_stopped = true;
		return false;
	}
	p->n_nodes++;
	around->before = p->before;
	around->is_joined = p->is_used;
	p->before = NULL;
	p->before_end = &p->before;
	p->is_used = true;
	p->last = around;
	return true;
}

/* ---- names, texts, numbers ------------------------------------------------------------------------------------ */

/* A name of at most so many parts. */
static bool
take_name(struct seq_parser *p, unsigned parts, const char *wanted, const char **out,
	struct place *out_at)
{
	const struct seq_token *t = seqp_tok(p);
	struct slice s = { t->at, t->n };
	char *text;

	*out_at = seqp_place(p);
	if (t->kind == SEQ_TOK_WORD) {
		diag_error(p->d, *out_at, "syntax",
			"'%.*s' where %s is expected, and it is a word of the language; use "
			"another "
			"name",
			lex_shown(s), s.at, wanted);
		return false;
	}
	if (t->kind != SEQ_TOK_NAME)
		return seqp_unexpected(p, wanted, "letters, digits and _");
	text = tree_text(p->t, t->at, t->n);
	if (!seq_parse_name(p->d, *out_at, text, false, parts, out))
		return false;
	p->i++;
	return true;
}

bool
seq_parse_name(struct diag *d, struct place at, const char *text, bool may_be_word, unsigned parts,
	const char **out)
{
	const char *rest = text;
	char part[SEQ_NAME_MAX + 2];
	unsigned n = 0;

	for (;; rest++) {
		size_t len = strcspn(rest, ".");
		struct slice s = { rest, len };

		memcpy(part, rest, MIN(len, sizeof(part) - 1));
		part[MIN(len, sizeof(part) - 1)] = '\0';
		if (!text_is_name(part)) {
			diag_error(d, at, "name",
				"'%.80s' is no name; use at most 63 letters, digits and _, a "
				"letter or _ first",
				text);
			return false;
		}
		if (!may_be_word && lex_is_reserved(s)) {
			diag_error(d, at, "syntax",
				"'%.63s' is a word of the language; use another name", part);
			return false;
		}
		n++;
		rest += len;
		if (*rest == '\0')
			break;
	}
	if (n > parts) {
		diag_error(d, at, "name", "'%.80s' has %u parts; %s", text, n,
			parts == 1 ? "write one name without dots" : "write NAME or NAME.NAME");
		return false;
	}
	*out = text;
	return true;
}

bool
seqp_name(struct seq_parser *p, struct seq_word *out)
{
	return take_name(p, 1, "a name", &out->text, &out->at);
}

bool
seqp_ref(struct seq_parser *p, struct seq_ref *out)
{
	*out = (struct seq_ref){
		.channel = UINT32_MAX, .output = UINT32_MAX, .instrument = UINT32_MAX
	};
	return take_name(p, 2, "a channel", &out->name, &out->at);
}

bool
seqp_text(struct seq_parser *p, struct seq_word *out)
{
	const struct seq_token *t = seqp_tok(p);

	out->at = seqp_place(p);
	if (t->kind != SEQ_TOK_TEXT)
		return seqp_unexpected(p, "a text", "\"...\" on one line");
	out->text = seq_unquote(p->t, t);
	p->i++;
	return true;
}

bool
seqp_int(struct seq_parser *p, struct seq_int *out)
{
	const struct seq_token *t = seqp_tok(p);

	out->at = seqp_place(p);
	if (t->kind != SEQ_TOK_NUMBER || t->has_unit || t->number != floor(t->number) ||
		t->number > 1e9)
		return seqp_unexpected(p, "a whole number", "digits alone");
	out->v = (int64_t)t->number;
	out->is = true;
	p->i++;
	return true;
}

/* ---- expressions ---------------------------------------------------------------------------------------------- */

/* Does a word of the language belong to the expression before it? */
static bool
is_inside(const struct seq_parser *p, enum seq_type type, size_t first)
{
	static const char *const always[] = { "and", "or", "not", "true", "false" };
	static const char *const in_row[] = { "step", "outage", "in" };
	const struct seq_token *t = seqp_tok(p), *last = t - 1;

	for (size_t i = 0; i < NELEM(always); i++)
		if (seqp_is(p, always[i]))
			return true;
	for (size_t i = 0; p->is_row && i < NELEM(in_row); i++)
		if (seqp_is(p, in_row[i]))
			return true;
	if (seqp_is(p, "for"))
		return type != SEQ_T_CONST && p->i > first;
	/* CHANNEL == word: a choice may be called as it likes. */
	return p->i > first && last->kind == SEQ_TOK_SIGN && last->n == 2 &&
	       (last->at[0] == '=' || last->at[0] == '!');
}

/* Is the word at hand part of the expression? Brackets are counted. */
static bool
goes_on(struct seq_parser *p, enum seq_type type, size_t first, uint32_t *depth)
{
	switch (seqp_tok(p)->kind) {
	case SEQ_TOK_NUMBER:
	case SEQ_TOK_NAME:
	case SEQ_TOK_TEXT:
	case SEQ_TOK_SIGN:
		return true;
	case SEQ_TOK_WORD:
		return is_inside(p, type, first);
	case SEQ_TOK_OPEN:
	case SEQ_TOK_OPEN_LIST:
		++*depth;
		return true;
	case SEQ_TOK_CLOSE:
	case SEQ_TOK_CLOSE_LIST:
		return (*depth)-- > 0;
	case SEQ_TOK_COMMA:
		return *depth > 0;
	default:
		return false;
	}
}

static void
cut(struct seq_parser *p, size_t first, struct seq_expr *out)
{
	const struct seq_token *from = &p->lex.tokens[first], *to = &p->lex.tokens[p->i - 1];

	out->at = seq_place(&p->lex, from);
	out->text = tree_text(p->t, from->at, (size_t)(to->at + to->n - from->at));
}

bool
seqp_expr(struct seq_parser *p, enum seq_type type, struct seq_expr *out)
{
	size_t first = p->i;
	uint32_t depth = 0;

	while (goes_on(p, type, first, &depth))
		p->i++;
	if (seqp_tok(p)->kind == SEQ_TOK_BAD)
		return false;
	if (p->i == first)
		return seqp_unexpected(p,
			type == SEQ_T_COND    ? "a condition"
			: type == SEQ_T_CONST ? "a number with its unit"
					      : "a value",
			type == SEQ_T_COND ? "one, such as T_bed > 100 degC"
					   : "one, such as 5 min");
	if (depth > 0 && depth != UINT32_MAX)
		return seqp_unexpected(
			p, "')'", "as many closing brackets as there are opening ones");
	cut(p, first, out);
	return true;
}

/* ---- forms ---------------------------------------------------------------------------------------------------- */

static bool
take_refs(struct seq_parser *p, struct seq_ref **out)
{
	do {
		*out = seqp_new(p, sizeof(**out));
		if (!seqp_ref(p, *out))
			return false;
		out = &(*out)->next;
	} while (seqp_take(p, ","));
	return true;
}

static bool
take_numbers(struct seq_parser *p, struct seq_number **out)
{
	struct seq_int v = { 0 };

	do {
		*out = seqp_new(p, sizeof(**out));
		if (!seqp_int(p, &v))
			return false;
		(*out)->v = v.v;
		(*out)->at = v.at;
		out = &(*out)->next;
	} while (seqp_take(p, ","));
	return true;
}

static bool
take_answers(struct seq_parser *p, struct seq_answer **out)
{
	do {
		const struct seq_token *t = seqp_tok(p);

		*out = seqp_new(p, sizeof(**out));
		(*out)->at = seqp_place(p);
		if (t->kind != SEQ_TOK_NAME && t->kind != SEQ_TOK_WORD)
			return seqp_unexpected(p, "an answer", "one word each: answers ok, abort");
		if (!seq_parse_name(
			    p->d, (*out)->at, tree_text(p->t, t->at, t->n), true, 1, &(*out)->text))
			return false;
		p->i++;
		out = &(*out)->next;
	} while (seqp_take(p, ","));
	return true;
}

static bool
take_assigns(struct seq_parser *p, struct seq_assign **out)
{
	do {
		struct seq_assign *a = *out = seqp_new(p, sizeof(**out));

		if (!seqp_ref(p, &a->to) || !seqp_expect(p, "=", "set NAME = VALUE"))
			return false;
		if (seqp_tok(p)->kind == SEQ_TOK_WORD && !seqp_is(p, "not")) {
			/* a choice, which may be called as a word of the language: on */
			p->i++;
			cut(p, p->i - 1, &a->value);
		} else if (!seqp_expr(p, SEQ_T_EXPR, &a->value)) {
			return false;
		}
		out = &a->next;
	} while (seqp_take(p, ","));
	return true;
}

static bool
take_args(struct seq_parser *p, struct seq_arg **out)
{
	while (seqp_tok(p)->kind == SEQ_TOK_NAME) {
		*out = seqp_new(p, sizeof(**out));
		if (!seqp_name(p, &(*out)->name) || !seqp_text(p, &(*out)->text))
			return false;
		out = &(*out)->next;
	}
	return true;
}

static bool
take_part(struct seq_parser *p, const struct seq_part *part, void *base)
{
	struct seq_action **action;

	switch ((enum seq_type)part->type) {
	case SEQ_T_EXPR:
	case SEQ_T_CONST:
	case SEQ_T_COND:
		return seqp_expr(p, (enum seq_type)part->type, SEQ_AT(base, part, struct seq_expr));
	case SEQ_T_REF:
		return seqp_ref(p, SEQ_AT(base, part, struct seq_ref));
	case SEQ_T_REFS:
		return take_refs(p, SEQ_AT(base, part, struct seq_ref *));
	case SEQ_T_NAME:
		return seqp_name(p, SEQ_AT(base, part, struct seq_word));
	case SEQ_T_TEXT:
		return seqp_text(p, SEQ_AT(base, part, struct seq_word));
	case SEQ_T_INT:
		return seqp_int(p, SEQ_AT(base, part, struct seq_int));
	case SEQ_T_NUMBERS:
		return take_numbers(p, SEQ_AT(base, part, struct seq_number *));
	case SEQ_T_ACTION:
		action = SEQ_AT(base, part, struct seq_action *);
		*action = seqp_action(p);
		return *action != NULL;
	case SEQ_T_ANSWERS:
		return take_answers(p, SEQ_AT(base, part, struct seq_answer *));
	case SEQ_T_ASSIGNS:
		return take_assigns(p, SEQ_AT(base, part, struct seq_assign *));
	case SEQ_T_ARGS:
		return take_args(p, SEQ_AT(base, part, struct seq_arg *));
	}
	return false;
}

/* Is a part there that nobody must write? Takes its words. */
static bool
is_there(struct seq_parser *p, const struct seq_part *part)
{
	if (part->words[0] != '\0')
		return seqp_take(p, part->words);
	return seqp_tok(p)->kind == (part->type == SEQ_T_TEXT ? SEQ_TOK_TEXT : SEQ_TOK_NAME);
}

bool
seqp_form(struct seq_parser *p, const struct seq_form *form, void *base)
{
	bool is_group = false;

	for (size_t i = 0; i < form->n; i++) {
		const struct seq_part *part = &form->parts[i];

		if (part->need == SEQ_WITH && !is_group)
			continue;
		if (part->need == SEQ_MAY) {
			is_group = is_there(p, part);
			if (!is_group)
				continue;
		} else if (part->need == SEQ_EITHER && !seqp_is(p, part->words)) {
			part = &form->parts[++i];
			if (!seqp_take(p, part->words))
				return seqp_unexpected(p, "'at' or 'over'", form->shape);
		} else if (part->need == SEQ_EITHER) {
			p->i++;
			i++;
		} else if (part->words[0] != '\0' && !seqp_expect(p, part->words, form->shape)) {
			return false;
		}
		if (!take_part(p, part, base))
			return false;
	}
	return true;
}

struct seq_action *
seqp_action(struct seq_parser *p)
{
	struct seq_action *a;

	for (size_t i = 0; i < SEQ_ACTION_KINDS; i++) {
		const struct seq_form *form = &seq_action_forms[i];

		if (!seqp_is(p, form->head))
			continue;
		if (++p->depth > SEQ_DEPTH_MAX) {
			diag_error(p->d, seqp_place(p), "too-deep",
				"actions of actions more than %d deep; write fewer", SEQ_DEPTH_MAX);
			p->depth--;
			return NULL;
		}
		a = seqp_new(p, sizeof(*a));
		a->kind = (enum seq_action_kind)i;
		a->at = seqp_place(p);
		a->safe_state = UINT32_MAX;
		p->i++;
		if (!seqp_form(p, form, a))
			a = NULL;
		p->depth--;
		return a;
	}
	seqp_unexpected(p, "an action", "hold, skip, abort, trip SAFE_STATE or step NUMBER");
	return NULL;
}

/* ---- parts by themselves -------------------------------------------------------------------------------------- */

static bool
open_text(struct seq_parser *p, struct tree *t, struct diag *d, struct place at, const char *text,
	struct seq_token *room)
{
	*p = (struct seq_parser){ .t = t, .d = d };
	p->lex.tokens = room;
	seq_lex_text(&p->lex, t, d, at, text);
	return p->lex.tokens[0].kind != SEQ_TOK_BAD;
}

static bool
is_whole(struct seq_parser *p)
{
	if (seqp_tok(p)->kind == SEQ_TOK_EOL && p->lex.comment == NULL)
		return true;
	if (seqp_tok(p)->kind == SEQ_TOK_EOL)
		diag_error(p->d, seqp_place(p), "syntax",
			"a comment inside a value; put it into \"comment\"");
	else
		seqp_unexpected(p, "the end of the text", "one value");
	return false;
}

bool
seq_parse_expr(struct tree *t, struct diag *d, struct place at, const char *text,
	enum seq_type type, bool is_row, struct seq_expr *out)
{
	struct seq_token *room = tree_alloc(t, (strlen(text) + 2) * sizeof(*room));
	struct seq_parser p;

	if (!open_text(&p, t, d, at, text, room))
		return false;
	p.is_row = is_row;
	if (type == SEQ_T_EXPR && seqp_tok(&p)->kind == SEQ_TOK_WORD && !seqp_is(&p, "not") &&
		p.lex.n_tokens == 2) {
		p.i++;
		cut(&p, 0, out);
		return is_whole(&p);
	}
	return seqp_expr(&p, type, out) && is_whole(&p);
}

bool
seq_parse_value(
	struct tree *t, struct diag *d, struct place at, const char *text, struct seq_value *out)
{
	struct seq_token *room = tree_alloc(t, (strlen(text) + 2) * sizeof(*room));
	struct seq_parser p;

	return open_text(&p, t, d, at, text, room) && seqp_value(&p, out, false) && is_whole(&p);
}
