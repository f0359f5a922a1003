/* expr_code.c - operations with types: the rules of units
 *
 *	point - point = difference      point +- difference = point      difference + point = point
 *
 * The right side is converted to the unit of the left one, a constant to that of the side that is measured, so that
 * numbers stay as people wrote them: 21.5 degC + 25 K is exactly 46.5 degC, P > 3 bar with P in mbar compares with 3000.
 */
#include "model/expr_code.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "model/unit.h"

static const struct slice nothing = { "", 0 };
static const struct slice kelvin = { "K", 1 };

int
code_fail(struct coder *c, const char *place, const char *fmt, ...)
{
	char text[sizeof(c->err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->place = place;
	return err_set(c->err, ERR_CONF, 0, "%s", text);
}

int
code_emit(struct coder *c, const char *place, struct expr_op op)
{
	if (c->out->n == EXPR_OPS_MAX)
		return code_fail(c, place,
			"the expression has more than %d operations; split it into derived "
			"channels",
			EXPR_OPS_MAX);
	c->stack -= expr_effect(&op).pops;
	if (c->stack == EXPR_DEPTH_MAX)
		return code_fail(c, place,
			"more than %d values wait for an operation; split the expression into "
			"derived channels",
			EXPR_DEPTH_MAX);
	c->stack++;
	c->out->ops[c->out->n++] = op;
	return 0;
}

int
code_emit_cell(struct coder *c, const char *place, enum expr_opcode code, int64_t ns)
{
	struct expr_op op = { .code = code, .arg.i = c->out->n_cells, .arg2 = (double)ns };
	int rc = code_emit(c, place, op);

	if (rc == 0)
		c->out->n_cells += expr_cells(&op);
	return rc;
}

int
code_time(struct coder *c, const char *place, const struct operand *o, int64_t *out_ns)
{
	double s;

	if (o->kind != EXPR_NUMBER || !o->is_const || !unit_same_dim(&o->unit, &unit_second))
		return code_fail(c, place,
			"a time is needed here; write one as a number with its unit: 5 s");
	s = unit_change(c->out->ops[o->at].arg.f, &o->unit, &unit_second);
	c->out->n = o->at;
	c->stack--;
	if (!(s >= EXPR_TIME_MIN_S && s <= EXPR_TIME_MAX_S))
		return code_fail(c, place,
			"a time of %g s; write one between 1 ms and 1e8 s, which is three years",
			s);
	*out_ns = llround(s * 1e9);
	return 0;
}

int
code_read(struct coder *c, const char *place, uint32_t channel)
{
	struct expr *e = c->out;

	for (uint32_t i = 0; i < e->n_reads; i++)
		if (e->reads[i] == channel)
			return 0;
	if (e->n_reads == NELEM(e->reads))
		return code_fail(c, place,
			"the expression reads more than %zu channels; split it into derived "
			"channels",
			NELEM(e->reads));
	e->reads[e->n_reads++] = channel;
	return 0;
}

int
code_need_number(struct coder *c, const char *place, const struct operand *o)
{
	switch (o->kind) {
	case EXPR_NUMBER:
	case EXPR_UNKNOWN:
		return 0;
	case EXPR_TRUTH:
		return code_fail(c, place,
			"a condition where a number is needed; compare numbers first, then join "
			"conditions with and, or, not");
	case EXPR_CHOICE:
		return code_fail(c, place,
			"%.*s is a choice, not a number; compare it with one of its words by == "
			"or !=",
			lex_shown(o->source), o->source.at);
	case EXPR_TEXT:
		break;
	}
	return code_fail(c, place, "%.*s is a text; only bad() and age() take it",
		lex_shown(o->source), o->source.at);
}

int
code_need_truth(struct coder *c, const char *place, const struct operand *o)
{
	if (o->kind == EXPR_TRUTH || o->kind == EXPR_UNKNOWN)
		return 0;
	if (o->kind == EXPR_NUMBER)
		return code_fail(c, place,
			"a number where a condition is needed; compare it, for example with > "
			"0%s%.*s",
			o->unit_text.n > 0 ? " " : "", lex_shown(o->unit_text), o->unit_text.at);
	return code_need_number(c, place, o);
}

/* ---- conversions ---------------------------------------------------------------------------------------------- */

int
code_convert(struct coder *c, const char *place, struct operand *o, const struct unit *to)
{
	double factor, offset;
	int rc = 0;

	unit_conversion(&o->unit, to, &factor, &offset);
	if (o->is_const) {
		double v = unit_change(c->out->ops[o->at].arg.f, &o->unit, to);

		if (!isfinite(v))
			return code_fail(c, place, "a constant too large; use a larger unit");
		c->out->ops[o->at].arg.f = v;
	} else if (!isfinite(factor) || !isfinite(offset)) {
		return code_fail(c, place, "units too far apart to be converted; use nearer ones");
	} else if (factor != 1 || offset != 0) {
		rc = code_emit(c, place,
			(struct expr_op){
				.code = EXPR_OP_AFFINE, .arg.f = factor, .arg2 = offset });
	}
	o->unit = *to;
	return rc;
}

/* Bring both sides to one unit, and say which: the left one's, or that of the right when only the left is a constant. */
static int
meet(struct coder *c, const char *place, struct operand *l, struct operand *r)
{
	if (l->is_const && !r->is_const) {
		l->unit_text = r->unit_text;
		return code_convert(c, place, l, &r->unit);
	}
	r->unit_text = l->unit_text;
	return code_convert(c, place, r, &l->unit);
}

/* Emit an operation of two numbers; two constants become one. */
static int
emit_pair(struct coder *c, const char *place, enum expr_opcode code, struct operand *l,
	const struct operand *r)
{
	struct expr_result result;
	struct expr_input none = { 0 };
	int rc = code_emit(c, place, (struct expr_op){ .code = code });

	if (rc != 0)
		return rc;
	l->source = nothing;
	l->is_bare = l->is_bare && r->is_bare;
	l->is_const = l->is_const && r->is_const;
	if (!l->is_const)
		return 0;
	expr_run(&c->out->ops[l->at], c->out->n - l->at, &none, &result);
	if (!isfinite(result.number))
		return code_fail(c, place, "%s; correct the numbers",
			code == EXPR_OP_DIV ? "a division by zero or a result too large"
					    : "a result too large");
	c->out->n = l->at + 1;
	c->out->ops[l->at] = (struct expr_op){ .code = EXPR_OP_CONST, .arg.f = result.number };
	return 0;
}

/* ---- messages ------------------------------------------------------------------------------------------------- */

static double
const_of(const struct coder *c, const struct operand *o)
{
	return c->out->ops[o->at].arg.f;
}

static bool
has(const struct unit *u, enum unit_dim dim)
{
	return u->dim[dim] != 0;
}

/* Two sides of different dimension: say what both are, and what is most likely meant. */
static int
refuse_dimensions(
	struct coder *c, const struct token *sign, const struct operand *l, const struct operand *r)
{
	const struct operand *bare = l->is_const && l->is_bare ? l : r;
	const struct operand *other = bare == l ? r : l;
	char left[96], right[96], number[32];
	int n = lex_shown(sign->text);

	unit_describe(left, &l->unit);
	unit_describe(right, &r->unit);
	if (bare->is_const && bare->is_bare && other->unit_text.n > 0) {
		text_from_double(number, const_of(c, bare));
		return code_fail(c, sign->text.at,
			"'%.*s' between %s and %s; write the number with its unit: %s %.*s", n,
			sign->text.at, left, right, number, lex_shown(other->unit_text),
			other->unit_text.at);
	}
	if (has(&l->unit, UNIT_STANDARD) != has(&r->unit, UNIT_STANDARD))
		return code_fail(c, sign->text.at,
			"'%.*s' between %s and %s; standard and actual volume do not convert: "
			"use mL_n on both sides, or mL on both",
			n, sign->text.at, left, right);
	if (has(&l->unit, UNIT_GAUGE) != has(&r->unit, UNIT_GAUGE))
		return code_fail(c, sign->text.at,
			"'%.*s' between %s and %s; gauge and absolute pressure do not convert: "
			"use barg on both sides, or bar on both",
			n, sign->text.at, left, right);
	return code_fail(c, sign->text.at,
		"'%.*s' between %s and %s; both sides need the same dimension", n, sign->text.at,
		left, right);
}

/* 5 beside a value in % could mean 5 % or 500 %. */
static int
check_bare(struct coder *c, const char *place, const struct operand *l, const struct operand *r)
{
	const struct operand *bare = l->is_bare ? l : r, *other = bare == l ? r : l;
	char number[32];

	if (!bare->is_bare || !bare->is_const || other->is_bare || other->unit.factor == 1 ||
		!unit_is_plain(&other->unit) || const_of(c, bare) == 0)
		return 0;
	text_from_double(number, const_of(c, bare));
	return code_fail(c, place, "a number without unit beside a value in %.*s; write %s %.*s",
		lex_shown(other->unit_text), other->unit_text.at, number,
		lex_shown(other->unit_text), other->unit_text.at);
}

/* The constant among two operands, as a difference in K: "25 K" for 25 degC, "25 K" for 45 degF. */
static bool
as_difference(char *out, size_t cap, const struct coder *c, const struct operand *o)
{
	struct unit scale = o->unit, k = { .dim = { [UNIT_TEMPERATURE] = 1 }, .factor = 1 };
	char number[32];

	if (!o->is_const || !unit_same_dim(&scale, &k))
		return false;
	scale.is_point = false;
	text_from_double(number, unit_change(const_of(c, o), &scale, &k));
	snprintf(out, cap, "%s K", number);
	return true;
}

static int
refuse_two_points(
	struct coder *c, const struct token *sign, const struct operand *l, const struct operand *r)
{
	char remedy[48];

	if (as_difference(remedy, sizeof(remedy), c, r) ||
		as_difference(remedy, sizeof(remedy), c, l))
		return code_fail(c, sign->text.at,
			"point + point (%.*s + %.*s) has no meaning; write %s for a difference",
			lex_shown(l->unit_text), l->unit_text.at, lex_shown(r->unit_text),
			r->unit_text.at, remedy);
	return code_fail(c, sign->text.at,
		"point + point (%.*s + %.*s) has no meaning; subtract them, or write one side as a "
		"difference in K",
		lex_shown(l->unit_text), l->unit_text.at, lex_shown(r->unit_text), r->unit_text.at);
}

static int
refuse_product_of_point(struct coder *c, const char *place, const struct operand *o)
{
	struct slice s = o->source.n > 0 ? o->source : (struct slice){ "x", 1 };
	int n = lex_shown(o->unit_text);
	char remedy[48];

	if (as_difference(remedy, sizeof(remedy), c, o))
		return code_fail(c, place,
			"a point (%.*s) cannot be used so, only a difference can; write %s", n,
			o->unit_text.at, remedy);
	return code_fail(c, place,
		"a point (%.*s) cannot be used so, only a difference can; write (%.*s - 0 %.*s)", n,
		o->unit_text.at, lex_shown(s), s.at, n, o->unit_text.at);
}

/* ---- what is not known ---------------------------------------------------------------------------------------- */

static bool
is_unknown(const struct operand *l, const struct operand *r)
{
	return l->kind == EXPR_UNKNOWN || r->kind == EXPR_UNKNOWN;
}

static int
emit_unknown(struct coder *c, const char *place, enum expr_opcode code, struct operand *l)
{
	*l = (struct operand){ .kind = EXPR_UNKNOWN,
		.at = l->at,
		.unit = unit_one,
		.unit_text = nothing,
		.source = nothing };
	return code_emit(c, place, (struct expr_op){ .code = code });
}

/* ---- operations ----------------------------------------------------------------------------------------------- */

/* The difference between two points, in the scale of the first. */
static void
make_difference(struct operand *o)
{
	o->unit.is_point = false;
	o->unit.offset = 0;
	o->unit_text = o->unit.factor == 1 ? kelvin : nothing;
}

int
code_sum(struct coder *c, const struct token *sign, struct operand *l, struct operand *r)
{
	enum expr_opcode op = sign->kind == TOK_PLUS ? EXPR_OP_ADD : EXPR_OP_SUB;
	const char *place = sign->text.at;
	struct unit to;
	int rc;

	if ((rc = code_need_number(c, place, l)) != 0 || (rc = code_need_number(c, place, r)) != 0)
		return rc;
	if (is_unknown(l, r))
		return emit_unknown(c, place, op, l);
	if (!unit_same_dim(&l->unit, &r->unit))
		return refuse_dimensions(c, sign, l, r);
	if ((rc = check_bare(c, place, l, r)) != 0)
		return rc;
	if (l->unit.is_point && r->unit.is_point && op == EXPR_OP_ADD)
		return refuse_two_points(c, sign, l, r);
	if (!l->unit.is_point && r->unit.is_point && op == EXPR_OP_SUB)
		return code_fail(c, place,
			"difference - point has no meaning; swap the sides, or write the left one "
			"as a point in %.*s",
			lex_shown(r->unit_text), r->unit_text.at);
	if (l->unit.is_point == r->unit.is_point) {
		bool are_points = l->unit.is_point;

		if ((rc = meet(c, place, l, r)) == 0)
			rc = emit_pair(c, place, op, l, r);
		if (are_points)
			make_difference(l);
		return rc;
	}
	to = l->unit;
	if (l->unit.is_point) {
		to.is_point = false;
		to.offset = 0;
	} else if (l->is_const) {
		struct unit scale = r->unit;

		scale.is_point = false;
		scale.offset = 0;
		to = r->unit;
		if ((rc = code_convert(c, place, l, &scale)) != 0)
			return rc;
	} else {
		to.is_point = true;
		to.offset = r->unit.offset;
	}
	if ((rc = code_convert(c, place, r, &to)) != 0 || (rc = emit_pair(c, place, op, l, r)) != 0)
		return rc;
	if (to.is_point) {
		l->unit = to;
		l->unit_text = r->unit_text;
	}
	return 0;
}

static int
refuse_overflow(struct coder *c, const struct token *sign)
{
	return code_fail(c, sign->text.at,
		"a unit with powers or factors out of range; split the expression");
}

/* Both sides without dimension: %, ppm and plain numbers. */
static int
plain_product(struct coder *c, const struct token *sign, struct operand *l, struct operand *r,
	struct unit *unit)
{
	bool is_ratio = sign->kind == TOK_OVER && l->unit.factor != 1 && r->unit.factor != 1;
	bool takes_right = sign->kind == TOK_TIMES && l->unit.factor == 1 && r->unit.factor != 1;

	*unit = takes_right ? r->unit : l->unit;
	if (takes_right)
		l->unit_text = r->unit_text;
	if (takes_right || r->unit.factor == 1)
		return 0;
	if (is_ratio) {
		*unit = unit_one;
		l->unit_text = nothing;
	}
	return code_convert(c, sign->text.at, r, is_ratio ? &l->unit : &unit_one);
}

/* The unit of a product or quotient; converts the right side where that keeps the numbers plain. */
static int
product_unit(struct coder *c, const struct token *sign, struct operand *l, struct operand *r,
	struct unit *unit)
{
	bool l_plain = unit_is_plain(&l->unit), r_plain = unit_is_plain(&r->unit);

	if (l_plain && r_plain)
		return plain_product(c, sign, l, r, unit);
	if (r_plain) {
		*unit = l->unit;
		return code_convert(c, sign->text.at, r, &unit_one);
	}
	if (l_plain && l->unit.factor == 1 && sign->kind == TOK_TIMES) {
		*unit = r->unit;
		l->unit_text = r->unit_text;
		return 0;
	}
	l->unit_text = nothing;
	if (sign->kind == TOK_OVER && unit_same_dim(&l->unit, &r->unit)) {
		*unit = unit_one;
		return code_convert(c, sign->text.at, r, &l->unit);
	}
	if (!unit_combine(&l->unit, &r->unit, sign->kind == TOK_TIMES ? 1 : -1, unit))
		return refuse_overflow(c, sign);
	return 0;
}

int
code_product(struct coder *c, const struct token *sign, struct operand *l, struct operand *r)
{
	enum expr_opcode op = sign->kind == TOK_TIMES ? EXPR_OP_MUL : EXPR_OP_DIV;
	bool were_plain = unit_is_plain(&l->unit) || unit_is_plain(&r->unit);
	const char *place = sign->text.at;
	struct unit unit = unit_one;
	int rc;

	if ((rc = code_need_number(c, place, l)) != 0 || (rc = code_need_number(c, place, r)) != 0)
		return rc;
	if (l->unit.is_point || r->unit.is_point)
		return refuse_product_of_point(c, place, l->unit.is_point ? l : r);
	if (is_unknown(l, r))
		return emit_unknown(c, place, op, l);
	if ((rc = product_unit(c, sign, l, r, &unit)) != 0 ||
		(rc = emit_pair(c, place, op, l, r)) != 0)
		return rc;
	l->unit = unit;
	/* kHz * s is a plain number again, in thousands. */
	if (!were_plain && unit_is_plain(&unit))
		return code_convert(c, place, l, &unit_one);
	return 0;
}

/* A comparison of a point with a difference: the number is most likely right and its unit is not. */
static int
refuse_mixed(
	struct coder *c, const struct token *sign, const struct operand *l, const struct operand *r)
{
	const struct operand *point = l->unit.is_point ? l : r;
	const struct operand *difference = point == l ? r : l;
	int n = lex_shown(sign->text);
	char number[32], remedy[48];

	if (as_difference(remedy, sizeof(remedy), c, point))
		return code_fail(c, sign->text.at,
			"'%.*s' between a difference and a point (%.*s); write %s", n,
			sign->text.at, lex_shown(point->unit_text), point->unit_text.at, remedy);
	if (!difference->is_const)
		return code_fail(c, sign->text.at,
			"'%.*s' between a point of temperature and a difference; compare two "
			"points or two differences",
			n, sign->text.at);
	text_from_double(number, const_of(c, difference));
	return code_fail(c, sign->text.at,
		"'%.*s' between a point (%.*s) and a difference (%.*s); write %s %.*s", n,
		sign->text.at, lex_shown(point->unit_text), point->unit_text.at,
		lex_shown(difference->unit_text), difference->unit_text.at, number,
		lex_shown(point->unit_text), point->unit_text.at);
}

/* Same dimension and same nature, brought to one unit. */
static int
meet_alike(struct coder *c, const struct token *sign, struct operand *l, struct operand *r)
{
	const char *place = sign->text.at;
	int rc;

	if ((rc = code_need_number(c, place, l)) != 0 || (rc = code_need_number(c, place, r)) != 0)
		return rc;
	if (is_unknown(l, r))
		return 0;
	if (!unit_same_dim(&l->unit, &r->unit))
		return refuse_dimensions(c, sign, l, r);
	if (l->unit.is_point != r->unit.is_point)
		return refuse_mixed(c, sign, l, r);
	if ((rc = check_bare(c, place, l, r)) != 0)
		return rc;
	return meet(c, place, l, r);
}

int
code_compare(struct coder *c, const struct token *sign, struct operand *l, struct operand *r)
{
	static const enum expr_opcode codes[] = { [TOK_EQ] = EXPR_OP_EQ,
		[TOK_NE] = EXPR_OP_NE,
		[TOK_LT] = EXPR_OP_LT,
		[TOK_LE] = EXPR_OP_LE,
		[TOK_GT] = EXPR_OP_GT,
		[TOK_GE] = EXPR_OP_GE };
	int rc = meet_alike(c, sign, l, r);

	if (rc != 0)
		return rc;
	*l = (struct operand){ .kind = EXPR_TRUTH, .at = l->at, .source = nothing };
	return code_emit(c, sign->text.at, (struct expr_op){ .code = codes[sign->kind] });
}

int
code_extreme(struct coder *c, const struct token *name, enum expr_opcode op, struct operand *l,
	struct operand *r)
{
	int rc = meet_alike(c, name, l, r);

	if (rc == 0 && is_unknown(l, r))
		return emit_unknown(c, name->text.at, op, l);
	return rc != 0 ? rc : emit_pair(c, name->text.at, op, l, r);
}

int
code_over_time(struct coder *c, const struct token *name, enum expr_opcode code, int64_t ns,
	struct operand *o)
{
	struct unit unit = o->unit;
	int rc = code_need_number(c, name->text.at, o);

	if (rc != 0)
		return rc;
	if (code == EXPR_OP_TOTAL && o->unit.is_point)
		return refuse_product_of_point(c, name->text.at, o);
	unit.is_point = false;
	unit.offset = 0;
	if (o->kind == EXPR_NUMBER &&
		!unit_combine(&unit, &unit_second, code == EXPR_OP_SLOPE ? -1 : 1, &unit))
		return refuse_overflow(c, name);
	o->unit = unit;
	o->unit_text = o->source = nothing;
	o->is_const = o->is_bare = false;
	return code_emit_cell(c, name->text.at, code, ns);
}

int
code_negate(struct coder *c, const struct token *sign, struct operand *o)
{
	int rc = code_need_number(c, sign->text.at, o);

	if (rc != 0)
		return rc;
	if (o->unit.is_point)
		return refuse_product_of_point(c, sign->text.at, o);
	if (o->is_const) {
		c->out->ops[o->at].arg.f = -c->out->ops[o->at].arg.f;
		return 0;
	}
	o->source = nothing;
	return code_emit(c, sign->text.at, (struct expr_op){ .code = EXPR_OP_NEG });
}

int
code_abs(struct coder *c, const struct token *name, struct operand *o)
{
	int rc = code_need_number(c, name->text.at, o);

	if (rc != 0)
		return rc;
	if (o->unit.is_point)
		return refuse_product_of_point(c, name->text.at, o);
	if (o->is_const) {
		c->out->ops[o->at].arg.f = fabs(c->out->ops[o->at].arg.f);
		return 0;
	}
	o->source = nothing;
	return code_emit(c, name->text.at, (struct expr_op){ .code = EXPR_OP_ABS });
}
