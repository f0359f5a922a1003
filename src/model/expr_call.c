/* expr_call.c - the functions of expressions: one table, each read from its name to its closing bracket */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "model/expr_parse.h"
#include "model/unit.h"

static int
open_call(struct parser *p)
{
	int rc = parser_enter(p);

	if (rc == 0)
		rc = parser_next(p);          /* the name */
	return rc != 0 ? rc : parser_next(p); /* the bracket, which the lexer has seen */
}

static int
close_call(struct parser *p)
{
	p->depth--;
	return parser_expect(p, TOK_CLOSE, "')'");
}

static int
parse_extreme(struct parser *p, struct operand *out)
{
	struct token name = p->tok;
	enum expr_opcode op = lex_is(&name, "min") ? EXPR_OP_MIN : EXPR_OP_MAX;
	struct operand r;
	int rc = open_call(p);

	if (rc != 0 || (rc = parser_value(p, out)) != 0)
		return rc;
	if (p->tok.kind != TOK_COMMA)
		return code_fail(&p->code, p->tok.text.at,
			"'%.*s' takes two or more values; put a comma and the next one here",
			lex_shown(name.text), name.text.at);
	while (p->tok.kind == TOK_COMMA) {
		if ((rc = parser_next(p)) != 0 || (rc = parser_value(p, &r)) != 0 ||
			(rc = code_extreme(&p->code, &name, op, out, &r)) != 0)
			return rc;
	}
	return close_call(p);
}

static int
parse_abs(struct parser *p, struct operand *out)
{
	struct token name = p->tok;
	int rc = open_call(p);

	if (rc != 0 || (rc = parser_value(p, out)) != 0 ||
		(rc = code_abs(&p->code, &name, out)) != 0)
		return rc;
	return close_call(p);
}

/* bad(x) and age(x) take a channel of any type, and only a channel. */
static int
parse_state(struct parser *p, struct operand *out)
{
	struct token name = p->tok;
	bool is_bad = lex_is(&name, "bad");
	struct expr_name channel = { 0 };
	int rc = open_call(p);

	if (rc != 0 || (rc = parser_find(p, &channel)) != 0 ||
		(rc = code_read(&p->code, p->tok.text.at, channel.channel)) != 0)
		return rc;
	*out = (struct operand){ .kind = is_bad ? EXPR_TRUTH : EXPR_NUMBER,
		.unit = unit_second,
		.unit_text = { "s", 1 },
		.at = p->code.out->n };
	rc = code_emit(&p->code, name.text.at,
		(struct expr_op){
			.code = is_bad ? EXPR_OP_BAD : EXPR_OP_AGE, .arg.i = channel.channel });
	if (rc != 0 || (rc = parser_next(p)) != 0)
		return rc;
	if (p->tok.kind != TOK_CLOSE)
		return code_fail(&p->code, p->tok.text.at,
			"'%.*s' takes the name of one channel; close the bracket behind it",
			lex_shown(name.text), name.text.at);
	return close_call(p);
}

static int
parse_vote(struct parser *p, struct operand *out)
{
	struct token name = p->tok, need;
	struct operand o;
	int64_t n = 0;
	int rc = open_call(p);

	if (rc != 0)
		return rc;
	need = p->tok;
	if (need.kind != TOK_NUMBER || need.unit.n > 0 || need.is_clock || need.number < 1 ||
		need.number > EXPR_DEPTH_MAX || need.number != floor(need.number))
		return code_fail(&p->code, need.text.at,
			"'vote' begins with how many conditions must hold; write vote(2, a, b, c)");
	*out = (struct operand){ .kind = EXPR_TRUTH, .at = p->code.out->n };
	if ((rc = parser_next(p)) != 0)
		return rc;
	for (; p->tok.kind == TOK_COMMA; n++) {
		const char *place;

		if ((rc = parser_next(p)) != 0)
			return rc;
		place = p->tok.text.at;
		if ((rc = parser_value(p, &o)) != 0 ||
			(rc = code_need_truth(&p->code, place, &o)) != 0)
			return rc;
	}
	if ((double)n < need.number)
		return code_fail(&p->code, need.text.at,
			"'vote' asks for %g of %lld conditions; add conditions or lower the number",
			need.number, (long long)n);
	rc = code_emit(&p->code, name.text.at,
		(struct expr_op){ .code = EXPR_OP_VOTE, .arg.i = n, .arg2 = need.number });
	return rc != 0 ? rc : close_call(p);
}

/* frozen(x, t) takes a channel that has a number, a bool as well. */
static int
parse_frozen(struct parser *p, struct operand *out)
{
	struct token name = p->tok, x;
	struct expr_name channel = { 0 };
	uint32_t at = p->code.out->n;
	int64_t ns = 0;
	int rc = open_call(p);

	x = p->tok;
	if (rc != 0 || (rc = parser_find(p, &channel)) != 0)
		return rc;
	if (channel.kind == EXPR_TEXT)
		return code_fail(&p->code, x.text.at,
			"%.*s is a text; only bad() and age() take it", lex_shown(x.text),
			x.text.at);
	if ((rc = code_read(&p->code, x.text.at, channel.channel)) != 0 ||
		(rc = code_emit(&p->code, x.text.at,
			 (struct expr_op){ .code = EXPR_OP_LOAD, .arg.i = channel.channel })) !=
			0 ||
		(rc = parser_next(p)) != 0)
		return rc;
	if (p->tok.kind != TOK_COMMA)
		return code_fail(&p->code, p->tok.text.at,
			"'frozen' takes the name of one channel and a time; write frozen(%.*s, 30 "
			"s)",
			lex_shown(x.text), x.text.at);
	if ((rc = parser_next(p)) != 0 || (rc = parser_time(p, &ns)) != 0 ||
		(rc = code_emit_cell(&p->code, name.text.at, EXPR_OP_FROZEN, ns)) != 0)
		return rc;
	*out = (struct operand){ .kind = EXPR_TRUTH, .at = at };
	return close_call(p);
}

/* since(c), rises(c), falls(c) */
static int
parse_watch(struct parser *p, struct operand *out)
{
	struct token name = p->tok;
	bool is_since = lex_is(&name, "since");
	enum expr_opcode op = is_since                 ? EXPR_OP_SINCE
			      : lex_is(&name, "rises") ? EXPR_OP_RISES
						       : EXPR_OP_FALLS;
	const char *place;
	int rc = open_call(p);

	place = p->tok.text.at;
	if (rc != 0 || (rc = parser_value(p, out)) != 0 ||
		(rc = code_need_truth(&p->code, place, out)) != 0 ||
		(rc = code_emit_cell(&p->code, name.text.at, op, 0)) != 0)
		return rc;
	*out = (struct operand){ .kind = is_since ? EXPR_NUMBER : EXPR_TRUTH,
		.unit = unit_second,
		.unit_text = { "s", 1 },
		.at = out->at };
	return close_call(p);
}

static int
parse_count(struct parser *p, int64_t *out)
{
	const struct token *t = &p->tok;

	if (t->kind != TOK_NUMBER || t->unit.n > 0 || t->is_clock || t->number < EXPR_RSD_MIN ||
		t->number > EXPR_RSD_MAX || t->number != floor(t->number))
		return code_fail(&p->code, t->text.at,
			"'rsd' is of %d to %d acquisitions; write a whole number: rsd(x, 5)",
			EXPR_RSD_MIN, EXPR_RSD_MAX);
	*out = (int64_t)t->number;
	return parser_next(p);
}

/* The operation itself, behind its value. */
static int
code_window(struct parser *p, const struct token *name, int64_t over, struct operand *out)
{
	if (lex_is(name, "slope"))
		return code_over_time(&p->code, name, EXPR_OP_SLOPE, over, out);
	if (lex_is(name, "total"))
		return code_over_time(&p->code, name, EXPR_OP_TOTAL, 0, out);
	out->is_const = out->is_bare = false;
	out->source = (struct slice){ "", 0 };
	if (lex_is(name, "mean"))
		return code_emit_cell(&p->code, name->text.at, EXPR_OP_MEAN, over);
	if (out->unit.is_point)
		return code_fail(&p->code, name->text.at,
			"'rsd' of a point (%.*s) depends on where its scale begins; write rsd(x - "
			"0 "
			"%.*s, n)",
			lex_shown(out->unit_text), out->unit_text.at, lex_shown(out->unit_text),
			out->unit_text.at);
	out->unit = unit_one;
	out->unit_text = (struct slice){ "", 0 };
	return code_emit_cell(&p->code, name->text.at, EXPR_OP_RSD, over);
}

/* mean(x, TIME), slope(x, TIME), total(x), rsd(x, NUMBER): of any value, over what is remembered of it */
static int
parse_window(struct parser *p, struct operand *out)
{
	struct token name = p->tok;
	bool is_rsd = lex_is(&name, "rsd"), is_total = lex_is(&name, "total");
	const char *place;
	int64_t over = 0;
	int rc = open_call(p);

	place = p->tok.text.at;
	if (rc != 0 || (rc = parser_value(p, out)) != 0 ||
		(rc = code_need_number(&p->code, place, out)) != 0)
		return rc;
	if (!is_total && p->tok.kind != TOK_COMMA)
		return code_fail(&p->code, p->tok.text.at,
			"'%.*s' takes a value and %s; write %.*s(x, %s)", lex_shown(name.text),
			name.text.at, is_rsd ? "how many acquisitions of it" : "a time",
			lex_shown(name.text), name.text.at, is_rsd ? "5" : "1 min");
	if (!is_total && (rc = parser_next(p)) != 0)
		return rc;
	if (is_rsd)
		rc = parse_count(p, &over);
	else if (!is_total)
		rc = parser_time(p, &over);
	if (rc == 0)
		rc = code_window(p, &name, over, out);
	return rc != 0 ? rc : close_call(p);
}

/* hours(cond) */
static int
parse_hours(struct parser *p, struct operand *out)
{
	struct token name = p->tok;
	const char *place;
	int rc = open_call(p);

	place = p->tok.text.at;
	if (rc != 0 || (rc = parser_value(p, out)) != 0 ||
		(rc = code_need_truth(&p->code, place, out)) != 0 ||
		(rc = code_emit_cell(&p->code, name.text.at, EXPR_OP_HOURS, 0)) != 0)
		return rc;
	*out = (struct operand){
		.kind = EXPR_NUMBER, .unit = unit_second, .unit_text = { "s", 1 }, .at = out->at
	};
	return close_call(p);
}

/* last(x): the channel in which what x was is kept, of the same form. */
static int
parse_last(struct parser *p, struct operand *out)
{
	struct token name = p->tok;
	struct expr_name x = { 0 };
	char full[NAME_BYTES + sizeof(".last")];
	int rc;

	if (!p->env->has_last)
		return code_fail(&p->code, name.text.at,
			"'last' is not available here; it belongs to the rows of power_loss");
	if ((rc = open_call(p)) != 0 || (rc = parser_find(p, &x)) != 0)
		return rc;
	parser_copy(full, NAME_BYTES, p->tok.text); /* it has just fit */
	strcat(full, ".last");
	p->code.place = p->tok.text.at;
	rc = p->env->name(p->env->ctx, full, &x, p->code.err);
	if (rc != 0 || (rc = parser_load(p, &x, out)) != 0)
		return rc;
	if (p->tok.kind != TOK_CLOSE)
		return code_fail(&p->code, p->tok.text.at,
			"'last' takes the name of one channel; close the bracket behind it");
	return close_call(p);
}

static const struct function {
	const char *name;
	int (*parse)(struct parser *p, struct operand *out);
	const char *instead; /* of one that is not available yet */
} functions[] = {
	{ "abs", parse_abs, NULL },
	{ "age", parse_state, NULL },
	{ "bad", parse_state, NULL },
	{ "falls", parse_watch, NULL },
	{ "frozen", parse_frozen, NULL },
	{ "hours", parse_hours, NULL },
	{ "last", parse_last, NULL },
	{ "max", parse_extreme, NULL },
	{ "mean", parse_window, NULL },
	{ "min", parse_extreme, NULL },
	{ "rises", parse_watch, NULL },
	{ "rsd", parse_window, NULL },
	{ "since", parse_watch, NULL },
	{ "slope", parse_window, NULL },
	{ "total", parse_window, NULL },
	{ "vote", parse_vote, NULL },
};

int
parser_call(struct parser *p, struct operand *out)
{
	const char *names[NELEM(functions)], *near;
	char word[NAME_BYTES];
	const struct token *t = &p->tok;

	for (size_t i = 0; i < NELEM(functions); i++) {
		names[i] = functions[i].name;
		if (!lex_is(t, functions[i].name))
			continue;
		if (functions[i].parse != NULL)
			return functions[i].parse(p, out);
		return code_fail(&p->code, t->text.at, "'%s' is not available yet; %s",
			functions[i].name, functions[i].instead);
	}
	near = parser_copy(word, sizeof(word), t->text) ? text_nearest(word, names, NELEM(names))
							: NULL;
	return code_fail(&p->code, t->text.at, "unknown function '%.*s'; %s%s", lex_shown(t->text),
		t->text.at,
		near != NULL ? "did you mean "
			     : "there are abs, age, bad, falls, frozen, hours, "
			       "max, mean, min, rises, rsd, since, slope, total, vote",
		near != NULL ? near : "");
}
