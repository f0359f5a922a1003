/* expr_parse.c - the grammar of expressions
 *
 *	all     = or [ "for" time ]
 *	or      = and { "or" and }
 *	and     = not { "and" not }
 *	not     = "not" not | held
 *	held    = compare [ "for" time ]
 *	compare = sum [ ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) sum ]
 *	sum     = product { ( "+" | "-" ) product }
 *	product = sign { ( "*" | "/" ) sign }
 *	sign    = ( "-" | "+" ) sign | primary
 *	primary = number [ unit ] | "true" | "false" | name | "(" or ")" | function "(" ... ")"
 *
 * A `for` at the very end belongs to all of it, else to the comparison or bracket before it. Where one would read it in
 * both ways - behind a not, or at the end of brackets that hold an and, or an or - it is refused.
 *
 * One token ahead, one pass: the code is emitted while the text is read.
 */
#include "model/expr_parse.h"

#include <string.h>

#include "model/unit.h"

static int parse_sign(struct parser *p, struct operand *out);
static int parse_name(struct parser *p, struct operand *out);

int
parser_next(struct parser *p)
{
	struct token tok = p->tok;
	int quote = tok.kind == TOK_TEXT; /* its slice ends before the quote */

	return lex_next(tok.text.at + tok.text.n + quote, &p->tok, &p->code.place, p->code.err);
}

int
parser_enter(struct parser *p)
{
	if (++p->depth <= EXPR_DEPTH_MAX)
		return 0;
	return code_fail(&p->code, p->tok.text.at,
		"nested more than %d deep; split the expression into derived channels",
		EXPR_DEPTH_MAX);
}

bool
parser_copy(char *out, size_t cap, struct slice s)
{
	if (s.n >= cap)
		return false;
	memcpy(out, s.at, s.n);
	out[s.n] = '\0';
	return true;
}

/* What stands where something else was expected. */
int
parser_unexpected(struct parser *p, const char *wanted)
{
	const struct token *t = &p->tok;

	if (t->kind == TOK_END)
		return code_fail(&p->code, t->text.at,
			"the expression ends where %s is expected; complete it", wanted);
	return code_fail(&p->code, t->text.at, "'%.*s' where %s is expected; correct it",
		lex_shown(t->text), t->text.at, wanted);
}

int
parser_expect(struct parser *p, enum token_kind kind, const char *wanted)
{
	return p->tok.kind == kind ? parser_next(p) : parser_unexpected(p, wanted);
}

/* ---- names and numbers ---------------------------------------------------------------------------------------- */

static int
look_up_unit(struct parser *p, const char *place, struct slice text, struct unit *out)
{
	char word[64];
	int rc;

	if (!parser_copy(word, sizeof(word), text))
		return code_fail(&p->code, place,
			"a unit of %zu characters; a unit has at most %zu", text.n,
			sizeof(word) - 1);
	rc = p->env->unit(p->env->ctx, word, out, p->code.err);
	if (rc != 0)
		p->code.place = text.at;
	return rc;
}

static int
parse_number(struct parser *p, bool minus, struct operand *out)
{
	struct token t = p->tok;
	double v = minus ? -t.number : t.number;
	int rc;

	*out = (struct operand){ .kind = EXPR_NUMBER,
		.unit = unit_one,
		.unit_text = t.unit,
		.at = p->code.out->n,
		.is_const = true,
		.is_bare = t.unit.n == 0 };
	if (t.is_clock) {
		out->is_bare = false;
		out->unit = unit_second;
		out->unit.factor = 60;
		out->unit_text = (struct slice){ "min", 3 };
	} else if (t.unit.n > 0) {
		if ((rc = look_up_unit(p, t.text.at, t.unit, &out->unit)) != 0)
			return rc;
	}
	rc = code_emit(&p->code, t.text.at, (struct expr_op){ .code = EXPR_OP_CONST, .arg.f = v });
	return rc != 0 ? rc : parser_next(p);
}

static bool
is_owned(const struct parser *p, struct slice word)
{
	char name[NAME_BYTES];

	return p->env->owns != NULL && parser_copy(name, sizeof(name), word) &&
	       p->env->owns(p->env->ctx, name);
}

/* Find what the name at hand stands for. */
int
parser_find(struct parser *p, struct expr_name *out)
{
	const struct token *t = &p->tok;
	char name[NAME_BYTES];
	struct err ignored;
	char *dot;
	int rc;

	if (t->kind != TOK_NAME)
		return parser_unexpected(p, "a channel");
	if (lex_is_reserved(t->text) && !is_owned(p, t->text) &&
		!(p->env->has_last && lex_is(t, "outage")) &&
		!(p->env->has_step && lex_is(t, "step")))
		return code_fail(&p->code, t->text.at,
			"'%.*s' is a word of the language, not a channel; a value is missing here",
			lex_shown(t->text), t->text.at);
	if (!parser_copy(name, sizeof(name), t->text))
		return code_fail(&p->code, t->text.at,
			"a name of %zu characters; names have at most 63", t->text.n);
	rc = p->env->name(p->env->ctx, name, out, p->code.err);
	if (rc == 0)
		return 0;
	p->code.place = t->text.at;
	/* CHANNEL.target and CHANNEL.working, unless an instrument has a channel of that name. */
	dot = strrchr(name, '.');
	if (dot == NULL || (strcmp(dot, ".target") != 0 && strcmp(dot, ".working") != 0))
		return rc;
	*dot = '\0';
	if (p->env->name(p->env->ctx, name, out, &ignored) != 0)
		return rc;
	return code_fail(&p->code, t->text.at,
		"only a channel of the bench with 'write' has a '.%s'; read the instrument's own "
		"set point",
		dot + 1);
}

int
parser_load(struct parser *p, const struct expr_name *name, struct operand *out)
{
	struct token t = p->tok;
	int rc;

	*out = (struct operand){ .kind = name->kind,
		.unit = name->kind == EXPR_NUMBER ? name->unit : unit_one,
		.unit_text = { "", 0 },
		.source = t.text,
		.at = p->code.out->n,
		.choices = name->choices };
	if (name->unit_text != NULL)
		out->unit_text = (struct slice){ name->unit_text, strlen(name->unit_text) };
	if (name->kind == EXPR_TEXT)
		return code_need_number(&p->code, t.text.at, out);
	if ((rc = code_read(&p->code, t.text.at, name->channel)) != 0 ||
		(rc = code_emit(&p->code, t.text.at,
			 (struct expr_op){ .code = EXPR_OP_LOAD, .arg.i = name->channel })) != 0)
		return rc;
	if (name->kind == EXPR_TRUTH &&
		(rc = code_emit(&p->code, t.text.at, (struct expr_op){ .code = EXPR_OP_IS_TRUE })))
		return rc;
	return parser_next(p);
}

/* A name that is a number; stays at it. */
static int
emit_value(struct parser *p, const struct token *t, double v, struct operand *out)
{
	int rc = code_emit(
		&p->code, t->text.at, (struct expr_op){ .code = EXPR_OP_CONST, .arg.f = v });

	out->is_const = true;
	return rc != 0 ? rc : parser_next(p);
}

/* The element of a list, from the opening bracket on: T_rxn[1], T_rxn[n]. */
static int
parse_item(struct parser *p, const struct token *list, const struct expr_name *name,
	struct operand *out)
{
	struct token t;
	uint32_t k = 0;
	struct operand index = { 0 };
	int rc;

	if (p->tok.kind != TOK_OPEN_LIST)
		return code_fail(&p->code, list->text.at,
			"%.*s is a list of %u; write %.*s[1], or for x in %.*s",
			lex_shown(list->text), list->text.at, name->n_items, lex_shown(list->text),
			list->text.at, lex_shown(list->text), list->text.at);
	if ((rc = parser_next(p)) != 0)
		return rc;
	t = p->tok;
	if (t.kind == TOK_NUMBER) {
		if (t.unit.n > 0 || t.is_clock || !(t.number >= 1 && t.number <= name->n_items) ||
			t.number != (double)(uint32_t)t.number)
			return code_fail(&p->code, t.text.at,
				"%.*s[%.*s] is not there; the list has 1 to %u",
				lex_shown(list->text), list->text.at, lex_shown(t.text), t.text.at,
				name->n_items);
		k = (uint32_t)t.number - 1;
		rc = parser_next(p);
		if (rc == 0 && name->values != NULL && (name->is_const || p->is_time)) {
			rc = code_emit(&p->code, t.text.at,
				(struct expr_op){
					.code = EXPR_OP_CONST, .arg.f = name->values[k] });
			out->is_const = true;
		} else if (rc == 0 &&
			   (rc = code_read(&p->code, t.text.at, name->channel + k)) == 0) {
			rc = code_emit(&p->code, t.text.at,
				(struct expr_op){
					.code = EXPR_OP_LOAD, .arg.i = name->channel + k });
		}
	} else if ((rc = parser_enter(p)) == 0 && (rc = parse_name(p, &index)) == 0) {
		p->depth--;
		if ((index.kind != EXPR_NUMBER && index.kind != EXPR_UNKNOWN) ||
			!unit_is_plain(&index.unit))
			return code_fail(&p->code, t.text.at,
				"'%.*s' counts nothing; an index is a whole number or the counter "
				"of a "
				"repeat",
				lex_shown(t.text), t.text.at);
		rc = code_emit(&p->code, t.text.at,
			(struct expr_op){ .code = EXPR_OP_ITEM,
				.arg.i = name->channel,
				.arg2 = name->n_items });
	}
	return rc != 0 ? rc : parser_expect(p, TOK_CLOSE_LIST, "']'");
}

static int
parse_name(struct parser *p, struct operand *out)
{
	struct token t = p->tok;
	struct expr_name name = { 0 };
	int rc = parser_find(p, &name);
	bool is_value = name.values != NULL && (name.is_const || p->is_time);

	if (rc != 0)
		return rc;
	p->has_channel = p->has_channel || name.values == NULL;
	p->has_name = p->has_name || (name.values != NULL && !name.is_const);
	if (name.n_items == 0 && !is_value) {
		rc = parser_load(p, &name, out);
		if (rc == 0 && p->tok.kind == TOK_OPEN_LIST)
			return code_fail(&p->code, p->tok.text.at,
				"lists such as %.*s[1] belong to sequences; name a channel",
				lex_shown(t.text), t.text.at);
		return rc;
	}
	*out = (struct operand){
		.kind = name.kind, .unit = name.unit, .source = t.text, .at = p->code.out->n
	};
	out->unit_text = (struct slice){ name.unit_text, strlen(name.unit_text) };
	if (name.n_items == 0)
		return emit_value(p, &t, name.values[0], out);
	if (name.kind == EXPR_TEXT)
		return code_need_number(&p->code, t.text.at, out);
	rc = parser_next(p);
	return rc != 0 ? rc : parse_item(p, &t, &name, out);
}

static int
parse_truth(struct parser *p, struct operand *out)
{
	*out = (struct operand){ .kind = EXPR_TRUTH, .at = p->code.out->n };
	int rc = code_emit(&p->code, p->tok.text.at,
		(struct expr_op){ .code = EXPR_OP_TRUTH, .arg.i = lex_is(&p->tok, "true") });

	return rc != 0 ? rc : parser_next(p);
}

/* ---- the levels of the grammar -------------------------------------------------------------------------------- */

static int
parse_brackets(struct parser *p, struct operand *out)
{
	int rc = parser_enter(p);

	if (rc != 0 || (rc = parser_next(p)) != 0 || (rc = parser_value(p, out)) != 0)
		return rc;
	p->depth--;
	return parser_expect(p, TOK_CLOSE, "')'");
}

static int
parse_primary(struct parser *p, struct operand *out)
{
	const struct token *t = &p->tok;

	switch (t->kind) {
	case TOK_NUMBER:
		return parse_number(p, false, out);
	case TOK_OPEN:
		return parse_brackets(p, out);
	case TOK_NAME:
		if (lex_is(t, "true") || lex_is(t, "false"))
			return parse_truth(p, out);
		if (lex_is(t, "not"))
			return code_fail(&p->code, t->text.at,
				"'not' belongs before a whole condition; write not (a > b)");
		if (t->is_call && !lex_is_reserved(t->text)) /* not: step in (1, 2) */
			return parser_call(p, out);
		return parse_name(p, out);
	case TOK_TEXT:
		return code_fail(&p->code, t->text.at - 1,
			"a text where a value is expected; texts stand only behind CHOICE == and "
			"CHOICE !=");
	default:
		return parser_unexpected(p, "a value");
	}
}

static int
parse_sign(struct parser *p, struct operand *out)
{
	struct token sign = p->tok;
	int rc;

	if (sign.kind != TOK_MINUS && sign.kind != TOK_PLUS)
		return parse_primary(p, out);
	if ((rc = parser_enter(p)) != 0 || (rc = parser_next(p)) != 0)
		return rc;
	/* The sign of a number belongs to the number: -5 degC is a point. */
	if (p->tok.kind == TOK_NUMBER)
		rc = parse_number(p, sign.kind == TOK_MINUS, out);
	else if ((rc = parse_sign(p, out)) == 0)
		rc = sign.kind == TOK_MINUS ? code_negate(&p->code, &sign, out)
					    : code_need_number(&p->code, sign.text.at, out);
	p->depth--;
	return rc;
}

static int
parse_product(struct parser *p, struct operand *out)
{
	struct operand r;
	int rc = parse_sign(p, out);

	while (rc == 0 && (p->tok.kind == TOK_TIMES || p->tok.kind == TOK_OVER)) {
		struct token sign = p->tok;

		if ((rc = parser_next(p)) != 0 || (rc = parse_sign(p, &r)) != 0)
			return rc;
		rc = code_product(&p->code, &sign, out, &r);
	}
	return rc;
}

static int
parse_sum(struct parser *p, struct operand *out)
{
	struct operand r;
	int rc = parse_product(p, out);

	while (rc == 0 && (p->tok.kind == TOK_PLUS || p->tok.kind == TOK_MINUS)) {
		struct token sign = p->tok;

		if ((rc = parser_next(p)) != 0 || (rc = parse_product(p, &r)) != 0)
			return rc;
		rc = code_sum(&p->code, &sign, out, &r);
	}
	return rc;
}

static bool
is_comparison(enum token_kind kind)
{
	return kind >= TOK_EQ && kind <= TOK_GE;
}

/* CHANNEL == word: the word is one of the channel's own, also when it is reserved elsewhere. */
static int
compare_choice(struct parser *p, const struct token *sign, struct operand *l)
{
	struct token t = p->tok;
	char word[64];
	int64_t number;
	int rc;

	if (sign->kind != TOK_EQ && sign->kind != TOK_NE)
		return code_fail(&p->code, sign->text.at,
			"'%.*s' between choices, which have no order; use == or !=",
			lex_shown(sign->text), sign->text.at);
	if (t.kind != TOK_NAME && t.kind != TOK_TEXT)
		return code_fail(&p->code, t.text.at,
			"a choice is compared with one of its words; write %.*s %.*s WORD",
			lex_shown(l->source), l->source.at, lex_shown(sign->text), sign->text.at);
	if (!parser_copy(word, sizeof(word), t.text))
		return code_fail(&p->code, t.text.at,
			"a word of %zu characters; choices have at most 63", t.text.n);
	rc = p->env->choice(p->env->ctx, l->choices, word, &number, p->code.err);
	if (rc != 0) {
		p->code.place = t.text.at;
		return rc;
	}
	if ((rc = code_emit(&p->code, t.text.at,
		     (struct expr_op){ .code = EXPR_OP_CONST, .arg.f = (double)number })) != 0 ||
		(rc = code_emit(&p->code, sign->text.at,
			 (struct expr_op){
				 .code = sign->kind == TOK_EQ ? EXPR_OP_EQ : EXPR_OP_NE })) != 0)
		return rc;
	*l = (struct operand){ .kind = EXPR_TRUTH, .at = l->at };
	return parser_next(p);
}

/* CONDITION == true, which people write although the condition alone says it. */
static int
compare_truth(struct parser *p, const struct token *sign)
{
	bool is_true = lex_is(&p->tok, "true");
	int rc = 0;

	if ((!is_true && !lex_is(&p->tok, "false")) ||
		(sign->kind != TOK_EQ && sign->kind != TOK_NE))
		return code_fail(&p->code, sign->text.at,
			"'%.*s' after a condition; join conditions with and, or, not",
			lex_shown(sign->text), sign->text.at);
	if (is_true != (sign->kind == TOK_EQ))
		rc = code_emit(&p->code, sign->text.at, (struct expr_op){ .code = EXPR_OP_NOT });
	return rc != 0 ? rc : parser_next(p);
}

/* UNKNOWN == word: a choice's word, true, false, or a value. Whether the word is right cannot be said. */
static bool
is_word_of_unknown(struct parser *p, const struct token *sign)
{
	struct expr_name found;
	char name[NAME_BYTES];
	struct err ignored;

	if (sign->kind != TOK_EQ && sign->kind != TOK_NE)
		return false;
	if (p->tok.kind == TOK_TEXT)
		return true;
	return p->tok.kind == TOK_NAME && !p->tok.is_call &&
	       parser_copy(name, sizeof(name), p->tok.text) &&
	       p->env->name(p->env->ctx, name, &found, &ignored) != 0;
}

/* `step in (30, 50)`: compared with each of them. */
static int
parse_in(struct parser *p, struct operand *out)
{
	struct expr_op left = p->code.out->ops[p->code.out->n - 1];
	struct token sign = { .kind = TOK_EQ, .text = p->tok.text };
	struct operand one, r;
	bool is_first = true;
	int rc;

	if (out->at != p->code.out->n - 1 || left.code != EXPR_OP_LOAD)
		return code_fail(&p->code, p->tok.text.at,
			"'in' goes with a single name; write step in (10, 20)");
	if ((rc = parser_next(p)) != 0 || (rc = parser_expect(p, TOK_OPEN, "'('")) != 0)
		return rc;
	one = *out;
	do {
		if (!is_first && ((rc = parser_next(p)) != 0 ||
					 (rc = code_emit(&p->code, sign.text.at, left)) != 0))
			return rc;
		one.at = p->code.out->n - 1;
		if ((rc = parse_sum(p, &r)) != 0)
			return rc;
		*out = one;
		if ((rc = code_compare(&p->code, &sign, out, &r)) != 0)
			return rc;
		if (!is_first && (rc = code_emit(&p->code, sign.text.at,
					  (struct expr_op){ .code = EXPR_OP_OR })) != 0)
			return rc;
		is_first = false;
	} while (p->tok.kind == TOK_COMMA);
	return parser_expect(p, TOK_CLOSE, "')'");
}

static int
parse_compare(struct parser *p, struct operand *out)
{
	struct token sign;
	struct operand r;
	int rc = parse_sum(p, out);

	sign = p->tok;
	if (rc == 0 && p->env->has_step && lex_is(&sign, "in") && out->kind == EXPR_NUMBER)
		return parse_in(p, out);
	if (rc != 0 || !is_comparison(sign.kind))
		return rc;
	if ((rc = parser_next(p)) != 0)
		return rc;
	if (out->kind == EXPR_CHOICE)
		rc = compare_choice(p, &sign, out);
	else if (out->kind == EXPR_TRUTH)
		rc = compare_truth(p, &sign);
	else if (out->kind == EXPR_UNKNOWN && is_word_of_unknown(p, &sign)) {
		*out = (struct operand){ .kind = EXPR_TRUTH, .at = out->at };
		rc = parser_next(p);
	} else if ((rc = parse_sum(p, &r)) == 0)
		rc = code_compare(&p->code, &sign, out, &r);
	if (rc == 0 && is_comparison(p->tok.kind))
		return code_fail(&p->code, p->tok.text.at,
			"comparisons cannot be chained; write a < b and b < c");
	return rc;
}

int
parser_time(struct parser *p, int64_t *out_ns)
{
	const char *place = p->tok.text.at;
	struct operand time;
	bool was_time = p->is_time;
	int rc;

	p->is_time = true;
	p->has_name = false;
	rc = parse_sum(p, &time);
	p->is_time = was_time;
	if (rc == 0 && p->has_name)
		return code_fail(&p->code, place,
			"how much is remembered does not change with a run; write a number with "
			"its unit: 5 min");
	return rc != 0 ? rc : code_time(&p->code, place, &time, out_ns);
}

/* Is it worked out of parameters, loop names and numbers alone? */
static bool
is_of_names(const struct parser *p, const struct operand *time)
{
	for (uint32_t i = time->at; i < p->code.out->n; i++)
		if (p->code.out->ops[i].code == EXPR_OP_AGE || expr_has_cell(&p->code.out->ops[i]))
			return false;
	return !p->has_channel;
}

/* The time behind a `for`. One with names in it is taken out again: it is worked out each time, behind the condition. */
static int
parse_for(struct parser *p, struct for_time *out)
{
	const char *at;
	struct operand time;
	int rc;

	*out = (struct for_time){ .place = p->tok.text.at };
	if ((rc = parser_next(p)) != 0)
		return rc;
	at = p->tok.text.at;
	p->has_channel = false;
	if ((rc = parse_sum(p, &time)) != 0)
		return rc;
	if (time.is_const || !is_of_names(p, &time) || time.kind != EXPR_NUMBER ||
		!unit_same_dim(&time.unit, &unit_second))
		return code_time(&p->code, at, &time, &out->ns);
	if ((rc = code_convert(&p->code, at, &time, &unit_second)) != 0)
		return rc;
	out->n_ops = p->code.out->n - time.at;
	if (out->n_ops > FOR_OPS_MAX)
		return code_fail(&p->code, out->place,
			"a time of more than %d operations; give it a parameter of its own",
			FOR_OPS_MAX);
	memcpy(out->ops, &p->code.out->ops[time.at], out->n_ops * sizeof(*out->ops));
	p->code.out->n = time.at;
	p->code.stack--;
	return 0;
}

/* CONDITION for TIME, the condition being there. */
static int
emit_for(struct parser *p, const struct for_time *time, struct operand *out)
{
	int rc = code_need_truth(&p->code, time->place, out);

	*out = (struct operand){ .kind = EXPR_TRUTH, .at = out->at };
	if (rc != 0 || time->n_ops == 0)
		return rc != 0 ? rc
			       : code_emit_cell(&p->code, time->place, EXPR_OP_HOLDS, time->ns);
	for (uint32_t i = 0; i < time->n_ops && rc == 0; i++)
		rc = code_emit(&p->code, time->place, time->ops[i]);
	return rc != 0 ? rc : code_emit_cell(&p->code, time->place, EXPR_OP_HOLDS_FOR, 0);
}

static int
parse_held(struct parser *p, struct operand *out)
{
	struct for_time time;
	int rc = parse_compare(p, out);

	if (rc != 0 || !lex_is(&p->tok, "for"))
		return rc;
	if ((rc = parse_for(p, &time)) != 0)
		return rc;
	if (p->tok.kind == TOK_END) {
		p->last_for = time;
		return 0;
	}
	if (p->is_negated ||
		(p->is_joined && (p->tok.kind == TOK_CLOSE || p->tok.kind == TOK_COMMA)))
		return code_fail(&p->code, time.place,
			"it is not clear what this 'for' belongs to; put brackets around the "
			"condition that has to hold: (a and b) for 5 s, or a and (b for 5 s)");
	return emit_for(p, &time, out);
}

static int
parse_not(struct parser *p, struct operand *out)
{
	struct token word = p->tok;
	bool was_negated = p->is_negated;
	int rc;

	if (!lex_is(&word, "not"))
		return parse_held(p, out);
	p->is_negated = true;
	if ((rc = parser_enter(p)) != 0 || (rc = parser_next(p)) != 0 ||
		(rc = parse_not(p, out)) != 0 ||
		(rc = code_need_truth(&p->code, word.text.at, out)) != 0)
		return rc;
	p->is_negated = was_negated;
	p->depth--;
	out->kind = EXPR_TRUTH;
	return code_emit(&p->code, word.text.at, (struct expr_op){ .code = EXPR_OP_NOT });
}

/* left { word right }, all of them conditions */
static int
parse_logic(struct parser *p, struct operand *out, const char *word, enum expr_opcode op,
	int (*parse)(struct parser *p, struct operand *out))
{
	struct operand r;
	int rc = parse(p, out);

	while (rc == 0 && lex_is(&p->tok, word)) {
		const char *place = p->tok.text.at;

		p->is_joined = true;
		if ((rc = code_need_truth(&p->code, place, out)) != 0 ||
			(rc = parser_next(p)) != 0 || (rc = parse(p, &r)) != 0 ||
			(rc = code_need_truth(&p->code, place, &r)) != 0)
			return rc;
		out->kind = EXPR_TRUTH;
		rc = code_emit(&p->code, place, (struct expr_op){ .code = op });
	}
	return rc;
}

static int
parse_and(struct parser *p, struct operand *out)
{
	return parse_logic(p, out, "and", EXPR_OP_AND, parse_not);
}

int
parser_value(struct parser *p, struct operand *out)
{
	bool was_joined = p->is_joined, was_negated = p->is_negated;
	int rc;

	p->is_joined = p->is_negated = false;
	rc = parse_logic(p, out, "or", EXPR_OP_OR, parse_and);
	p->is_joined = was_joined;
	p->is_negated = was_negated;
	return rc;
}

/* Something is left behind a whole expression: most often an operator is missing. */
static int
refuse_rest(struct parser *p)
{
	const struct token *t = &p->tok;

	if (lex_is(t, "for"))
		return code_fail(&p->code, t->text.at,
			"a second 'for'; put brackets around what the first one belongs to");
	if (lex_is(t, "in"))
		return code_fail(&p->code, t->text.at,
			"'in' belongs to sequences; compare with each value and join by or");
	if (t->kind == TOK_NUMBER || t->kind == TOK_NAME || t->kind == TOK_OPEN)
		return code_fail(&p->code, t->text.at,
			"an operator is missing before '%.*s'; a unit stands directly behind its "
			"number or after one blank",
			lex_shown(t->text), t->text.at);
	if (t->kind == TOK_CLOSE)
		return code_fail(&p->code, t->text.at, "')' closes nothing; remove it or open one");
	return parser_unexpected(p, "an operator or the end");
}

/* Columns count characters. */
static int
column_of(const char *source, const char *place)
{
	int column = 1;

	for (const char *p = source; p < place; p++)
		column += ((unsigned char)*p & 0xC0) != 0x80;
	return column;
}

int
expr_parse(const char *source, const struct expr_env *env, struct expr *out, int *out_column,
	struct err *err)
{
	struct err spare;
	struct parser p = {
		.code = { .out = out, .place = source, .err = err != NULL ? err : &spare },
		.env = env,
	};
	struct operand result = { 0 };
	int rc;

	out->n = 0;
	out->n_reads = 0;
	out->n_cells = 0;
	if (strlen(source) > EXPR_SOURCE_MAX)
		rc = code_fail(&p.code, source,
			"an expression of more than %d bytes; split it into derived channels",
			EXPR_SOURCE_MAX);
	else
		rc = lex_next(source, &p.tok, &p.code.place, p.code.err);
	if (rc == 0)
		rc = parser_value(&p, &result);
	if (rc == 0 && p.tok.kind != TOK_END)
		rc = refuse_rest(&p);
	if (rc == 0 && p.last_for.place != NULL)
		rc = emit_for(&p, &p.last_for, &result);
	if (rc != 0) {
		*out_column = column_of(source, p.code.place);
		return rc;
	}
	out->kind = result.kind;
	out->unit = result.kind == EXPR_NUMBER ? result.unit : unit_one;
	return 0;
}

int
expr_convert(struct expr *e, const struct unit *unit, const char *unit_text, struct err *err)
{
	struct err spare;
	struct coder code = { .out = e, .stack = 1, .err = err != NULL ? err : &spare };
	struct operand result = { .kind = e->kind,
		.unit = e->unit,
		.is_const = e->n == 1 && e->ops[0].code == EXPR_OP_CONST };
	char is[96], wanted[96];
	int rc;

	if (e->kind != EXPR_NUMBER)
		return err_set(err, ERR_CONF, 0,
			"the expression gives a %s, not a number in '%s'; leave the unit away",
			e->kind == EXPR_TRUTH ? "condition" : "choice", unit_text);
	if (!unit_same_dim(&e->unit, unit) || e->unit.is_point != unit->is_point) {
		unit_describe(is, &e->unit);
		unit_describe(wanted, unit);
		return err_set(err, ERR_CONF, 0,
			"the expression gives a %s and '%s' is a %s; correct the unit or the "
			"expression",
			is, unit_text, wanted);
	}
	if ((rc = code_convert(&code, NULL, &result, unit)) != 0)
		return rc;
	e->unit = result.unit;
	return 0;
}
