/* seq_scope.c - the names of a sequence, and its expressions on them */
#include "compile/seq_scope.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "compile/read.h"
#include "compile/units.h"
#include "model/expr_lex.h"
#include "model/unit.h"
#include "msg/quality.h"

#define CORNERS_MAX 4096

struct seq_symbol *
seq_scope_find(const struct seq_scope *s, const char *name)
{
	for (uint32_t i = s->symbols.n; i-- > 0;) {
		struct seq_symbol *y = &s->symbols.at[i];
		bool is_loop = y->kind == SEQ_SYMBOL_LOOP || y->kind == SEQ_SYMBOL_COUNTER;

		if (strcmp(y->name, name) == 0 && (!is_loop || y->is_active))
			return y;
	}
	return NULL;
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

static int
env_unit(void *ctx, const char *text, struct unit *out, struct err *err)
{
	struct seq_scope *s = ctx;
	int rc = units_parse(text, out, err);

	if (rc != 0)
		s->code = "unknown-unit";
	return rc;
}

static void
name_symbol(const struct seq_scope *s, const struct seq_symbol *y, struct expr_name *out)
{
	out->kind = y->is_open ? EXPR_UNKNOWN : y->is_text ? EXPR_TEXT : EXPR_NUMBER;
	out->channel = s->b->channels.n + y->number;
	out->unit = y->unit;
	out->unit_text = y->unit_text == NULL ? "" : y->unit_text;
	out->n_items = y->is_list && !y->is_open ? y->n_items : 0;
	if (y->kind == SEQ_SYMBOL_PARAM && !y->is_open && !y->is_text) {
		out->values = y->values;
		out->is_const = s->is_baked;
	}
}

static struct seq_symbol *add(struct seq_scope *s, enum seq_symbol_kind kind, const char *name,
	struct place at, uint32_t n_numbers);

/* last(X) comes as X.last: what the channel was before the outage. Each has a number of its own. */
static const struct seq_symbol *
find_last(struct seq_scope *s, const char *name)
{
	const struct seq_symbol *y = seq_scope_find(s, name);
	size_t n = strlen(name);
	const struct bench_channel *ch;
	struct seq_symbol *made;
	char base[128];
	uint32_t i;

	if (y != NULL || n <= 5 || n - 5 >= sizeof(base) || strcmp(name + n - 5, ".last") != 0 ||
		channels_find(s->b, NULL, name) != NAMES_NONE)
		return y;
	memcpy(base, name, n - 5);
	base[n - 5] = '\0';
	i = channels_find(s->b, NULL, base);
	if (i == NAMES_NONE || channels_kind(&s->b->channels.at[i]) != EXPR_NUMBER)
		return NULL;
	ch = &s->b->channels.at[i];
	made = add(s, SEQ_SYMBOL_LAST, tree_text(&s->b->tree, name, n), ch->at, 1);
	made->unit = ch->unit;
	made->unit_text = ch->unit_text;
	made->low = -HUGE_VAL;
	made->high = HUGE_VAL;
	return made;
}

static int
env_name(void *ctx, const char *name, struct expr_name *out, struct err *err)
{
	struct seq_scope *s = ctx;
	struct bench *b = s->b;
	const struct seq_symbol *y = s->is_row ? find_last(s, name) : seq_scope_find(s, name);
	uint32_t i = y != NULL ? NAMES_NONE : channels_find(b, NULL, name);
	const struct bench_channel *ch;
	char near[96];

	if (y != NULL && y->kind == SEQ_SYMBOL_FIELD) {
		s->code = "unknown-name";
		return err_set(err, ERR_CONF, 0,
			"'%.60s' is a field that is asked for at START, and has no value in "
			"expressions; "
			"make it a param",
			name);
	}
	if (y != NULL) {
		name_symbol(s, y, out);
		return 0;
	}
	if (i == NAMES_NONE && channels_is_of_open(b, name)) {
		out->kind = EXPR_UNKNOWN;
		return 0;
	}
	if (i == NAMES_NONE) {
		s->code = "unknown-channel";
		read_suggest(b, &b->channel_names, name, near);
		return err_set(err, ERR_CONF, 0,
			"no channel, parameter or loop is named '%.60s' here; %suse a name of the "
			"bench",
			name, near);
	}
	ch = &b->channels.at[i];
	out->kind = channels_kind(ch);
	out->channel = ch->place;
	out->unit = ch->unit;
	out->unit_text = ch->unit_text == NULL ? "" : ch->unit_text;
	out->choices = ch;
	return 0;
}

static int
env_choice(void *ctx, const void *choices, const char *word, int64_t *out, struct err *err)
{
	struct seq_scope *s = ctx;
	int rc = channels_choice(s->b, choices, word, out, err);

	if (rc != 0)
		s->code = "unknown-choice";
	return rc;
}

/* The code of what expr_parse() says. */
static const char *
code_of(const struct seq_scope *s, const char *msg)
{
	static const struct {
		const char *part, *code;
	} parts[] = { { "with its unit", "no-unit" }, { "number without unit", "no-unit" },
		{ "same dimension", "dimension" }, { "do not convert", "dimension" },
		{ "' between ", "dimension" }, { "has no meaning; ", "dimension" },
		{ "a point (", "dimension" }, { "is not there; the list", "index" },
		{ "is a list of", "index" }, { "counts nothing", "index" } };

	if (s->code != NULL)
		return s->code;
	for (size_t i = 0; i < NELEM(parts); i++)
		if (strstr(msg, parts[i].part) != NULL)
			return parts[i].code;
	return "expression";
}

static bool
is_bare(const struct expr *e, const char *text)
{
	return e->kind == EXPR_NUMBER && unit_is_plain(&e->unit) && e->unit.factor == 1 &&
	       strchr(text, '%') == NULL;
}

static void
take(struct seq_scope *s, const struct expr *e, struct seq_program *out)
{
	out->ops = tree_alloc(&s->b->tree, e->n * sizeof(*out->ops));
	memcpy(out->ops, e->ops, e->n * sizeof(*out->ops));
	out->n = e->n;
	out->n_cells = e->n_cells;
	out->kind = e->kind;
	out->unit = e->unit;
	out->is_open = e->kind == EXPR_UNKNOWN;
}

/* Can an index of a list leave it? Then it is told, at the index. */
static bool
check_items(struct seq_scope *s, const struct seq_expr *e, const struct expr *x)
{
	for (uint32_t i = 1; i < x->n; i++) {
		const struct expr_op *op = &x->ops[i];
		int64_t number = x->ops[i - 1].arg.i - (int64_t)s->b->channels.n;
		char index[SEQ_NAME_MAX + 3];
		struct place at = e->at;
		const char *found;

		if (op->code != EXPR_OP_ITEM || x->ops[i - 1].code != EXPR_OP_LOAD)
			continue;
		for (uint32_t k = 0; k < s->symbols.n; k++) {
			const struct seq_symbol *y = &s->symbols.at[k];

			if ((int64_t)y->number != number || y->is_open || y->is_list ||
				y->kind == SEQ_SYMBOL_FIELD ||
				(y->low >= 1 && y->high <= op->arg2 && y->low == floor(y->low)))
				continue;
			snprintf(index, sizeof(index), "%s]", y->name);
			found = strstr(e->text, index);
			for (const char *p = e->text; found != NULL && p < found; p++)
				at.column += ((unsigned char)*p & 0xC0) != 0x80;
			diag_error(s->d, at, "index",
				"'%.63s' goes from %g to %g and the list from 1 to %g; turn less "
				"often, or make the "
				"list longer",
				y->name, y->low, y->high, op->arg2);
			return false;
		}
	}
	return true;
}

bool
seq_scope_read(struct seq_scope *s, const struct seq_expr *e, struct seq_program *out)
{
	struct expr_env env = { .ctx = s,
		.unit = env_unit,
		.name = env_name,
		.choice = env_choice,
		.has_last = s->is_row,
		.has_step = s->is_row };
	struct place at = e->at;
	struct err err;
	int column = 0;

	*out = (struct seq_program){ .at = e->at, .text = e->text, .is_open = true };
	if (e->text == NULL)
		return false;
	s->code = NULL;
	if (expr_parse(e->text, &env, s->b->expr, &column, &err) < 0) {
		at.column += column > 0 ? (uint32_t)column - 1 : 0;
		diag_error(s->d, at, code_of(s, err.msg), "%s", err.msg);
		return false;
	}
	if (!check_items(s, e, s->b->expr))
		return false;
	take(s, s->b->expr, out);
	out->is_bare = is_bare(s->b->expr, e->text);
	return true;
}

bool
seq_scope_number(struct seq_scope *s, const struct seq_expr *e, const struct unit *unit,
	const char *unit_text, struct seq_program *out)
{
	const char *said = unit_text == NULL ? "" : unit_text;
	bool needs_unit = !unit_is_plain(unit) || unit->factor != 1;
	struct err err;

	if (!seq_scope_read(s, e, out))
		return false;
	if (out->is_open)
		return false;
	if (out->kind != EXPR_NUMBER) {
		out->is_open = true;
		diag_error(s->d, e->at, "dimension", "'%.60s' is no number; write one%s%.40s",
			e->text, said[0] == '\0' ? "" : " in ", said);
		return false;
	}
	if (out->is_bare && needs_unit && unit_is_plain(&out->unit)) {
		out->is_open = true;
		diag_error(s->d, e->at, "no-unit", "'%.60s' has no unit; write %.60s %.40s",
			e->text, e->text, said);
		return false;
	}
	if (expr_convert(s->b->expr, unit, said, &err) < 0) {
		out->is_open = true;
		diag_error(s->d, e->at, "dimension", "%s", err.msg);
		return false;
	}
	take(s, s->b->expr, out);
	return true;
}

bool
seq_scope_condition(struct seq_scope *s, const struct seq_expr *e, struct seq_program *out)
{
	if (!seq_scope_read(s, e, out) || out->is_open)
		return false;
	if (out->kind == EXPR_TRUTH)
		return true;
	out->is_open = true;
	diag_error(s->d, e->at, "expression", "'%.60s' is no condition; compare it: %.60s > ...",
		e->text, e->text);
	return false;
}

const struct bench_channel *
seq_scope_reads(const struct seq_scope *s, const struct seq_program *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t channel = expr_op_reads(&p->ops[i]);

		if (channel < s->b->channels.n)
			return &s->b->channels.at[s->b->order[channel]];
	}
	return NULL;
}

/* ---- corners -------------------------------------------------------------------------------------------------- */

struct corners {
	uint32_t base;  /* channels of the bench */
	double *values; /* by number */
};

static void
load(void *ctx, uint32_t channel, double *out, unsigned *out_quality, int64_t *out_stamp_ns)
{
	const struct corners *c = ctx;

	*out_stamp_ns = 1;
	*out_quality = channel < c->base ? Q_SOURCE_BAD : Q_GOOD;
	*out = channel < c->base ? 0 : c->values[channel - c->base];
}

static bool
uses(const struct seq_scope *s, const struct seq_program *p, const struct seq_symbol *y)
{
	uint32_t from = s->b->channels.n + y->number, to = from + (y->is_list ? y->n_items : 1);

	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t channel = expr_op_reads(&p->ops[i]);

		if (channel != UINT32_MAX && channel >= from && channel < to)
			return true;
	}
	return false;
}

/* How many values it goes through; all: each of a loop, else the ends alone. */
static uint32_t
choices_of(const struct seq_symbol *y, bool all)
{
	if (y->is_open || y->is_text || y->is_list || y->kind == SEQ_SYMBOL_FIELD)
		return 1;
	if (y->kind == SEQ_SYMBOL_LOOP)
		return all ? y->n_items : MIN(y->n_items, 2);
	return y->low < y->high ? 2 : 1;
}

static double
choice_of(const struct seq_symbol *y, uint32_t k, bool all)
{
	if (y->kind == SEQ_SYMBOL_LOOP)
		return y->values[all || k == 0 ? k : y->n_items - 1];
	return k == 0 ? y->low : y->high;
}

static double *
room_of(struct seq_scope *s)
{
	if (s->n_room < s->n_numbers) {
		s->n_room = 2 * s->n_numbers;
		s->room = tree_alloc(&s->b->tree, s->n_room * sizeof(*s->room));
	}
	return s->room;
}

bool
seq_scope_corners(struct seq_scope *s, const struct seq_program *const *p, uint32_t n,
	bool (*visit)(void *ctx, const double *v), void *ctx)
{
	struct corners c = { .base = s->b->channels.n };
	struct expr_input in = { .ctx = &c, .load = load, .now_ns = 1 };
	uint32_t used[16], n_used = 0, k[16] = { 0 };
	struct expr_result r;
	double v[4], total = 1;
	bool all, goes_on = true;

	c.values = room_of(s);
	for (uint32_t i = 0; i < s->symbols.n; i++) {
		const struct seq_symbol *y = &s->symbols.at[i];
		bool is_used = false;

		for (uint32_t j = 0; j < n; j++)
			is_used = is_used || uses(s, p[j], y);
		for (uint32_t j = 0; y->values != NULL && j < (y->is_list ? y->n_items : 1); j++)
			c.values[y->number + j] = y->values[j];
		if (is_used && n_used < NELEM(used) && choices_of(y, true) > 1) {
			used[n_used++] = i;
			total *= choices_of(y, true);
		}
	}
	all = total <= CORNERS_MAX;
	for (uint32_t turn = 0; goes_on && turn < 16 * CORNERS_MAX; turn++) {
		uint32_t i = 0;

		for (uint32_t j = 0; j < n_used; j++) {
			const struct seq_symbol *y = &s->symbols.at[used[j]];

			c.values[y->number] = choice_of(y, k[j], all);
		}
		for (uint32_t j = 0; j < n; j++) {
			expr_run(p[j]->ops, p[j]->n, &in, &r);
			v[j] = quality_is_bad(r.quality) ? (double)NAN : r.number;
		}
		goes_on = visit(ctx, v);
		while (i < n_used && ++k[i] == choices_of(&s->symbols.at[used[i]], all))
			k[i++] = 0;
		if (i == n_used)
			break;
	}
	return goes_on;
}

struct span {
	double low, high;
};

static bool
widen(void *ctx, const double *v)
{
	struct span *span = ctx;

	if (!isnan(v[0])) {
		span->low = MIN(span->low, v[0]);
		span->high = MAX(span->high, v[0]);
	}
	return true;
}

void
seq_scope_span(struct seq_scope *s, const struct seq_program *p, double *out_low, double *out_high)
{
	struct span span = { HUGE_VAL, -HUGE_VAL };

	seq_scope_corners(s, &p, 1, widen, &span);
	*out_low = span.low;
	*out_high = span.high;
}

/* ---- the names ------------------------------------------------------------------------------------------------ */

/* What hides is told, and has no name any more: what is written further down means the channel. */
static const char *
check_new(struct seq_scope *s, const char *name, struct place at)
{
	const struct seq_symbol *old = seq_scope_find(s, name);

	if (old != NULL)
		diag_error(s->d, at, "name-twice",
			"'%.63s' is a name already, of line %u; use another one", name,
			old->at.line);
	else if (names_get(&s->b->channel_names, name) != NAMES_NONE ||
		 names_get(&s->b->instrument_names, name) != NAMES_NONE)
		diag_error(s->d, at, "name-hides",
			"'%.63s' would hide the channel or instrument of that name; use another "
			"name",
			name);
	else
		return name;
	return old != NULL ? name : "";
}

static struct seq_symbol *
add(struct seq_scope *s, enum seq_symbol_kind kind, const char *name, struct place at,
	uint32_t n_numbers)
{
	struct seq_symbol *y = BENCH_ADD(s->symbols);

	*y = (struct seq_symbol){
		.kind = kind, .name = name, .at = at, .number = s->n_numbers, .unit = unit_one
	};
	s->n_numbers += n_numbers;
	return y;
}

/* The unit that a number is written in, for messages and for what is computed with it. */
static const char *
unit_of(struct seq_scope *s, const char *text)
{
	struct token t;
	const char *place;
	struct err err;

	if (lex_next(text, &t, &place, &err) != 0)
		return NULL;
	while (t.kind == TOK_MINUS || t.kind == TOK_PLUS || t.kind == TOK_OPEN)
		if (lex_next(t.text.at + 1, &t, &place, &err) != 0)
			return NULL;
	if (t.is_clock)
		return "min";
	return t.kind == TOK_NUMBER && t.unit.n > 0 ? tree_text(&s->b->tree, t.unit.at, t.unit.n)
						    : NULL;
}

/* One number of a param into values[i]; the first one sets the unit. */
static bool
read_value(struct seq_scope *s, struct seq_symbol *y, const struct seq_value *v, uint32_t i)
{
	struct seq_program p;
	double high;

	if (v->is_list) {
		diag_error(s->d, v->at, "expression",
			"a list inside a list; write one list of values");
		return false;
	}
	if (v->text.text != NULL) {
		if (i > 0 && !y->is_text) {
			diag_error(
				s->d, v->at, "dimension", "a text among numbers; write one kind");
			return false;
		}
		y->is_text = true;
		y->texts[i] = v->text.text;
		return true;
	}
	if (i > 0 && y->is_text) {
		diag_error(s->d, v->at, "dimension", "a number among texts; write one kind");
		return false;
	}
	if (i == 0 ? !seq_scope_read(s, &v->number, &p)
		   : !seq_scope_number(s, &v->number, &y->unit, y->unit_text, &p))
		return false;
	if (p.is_open)
		return false;
	if (p.kind != EXPR_NUMBER || seq_scope_reads(s, &p) != NULL) {
		diag_error(s->d, v->at, "constant",
			"'%.60s' is no constant; write a number with its unit", v->number.text);
		return false;
	}
	if (i == 0) {
		y->unit = p.unit;
		y->unit_text = unit_of(s, v->number.text);
	}
	seq_scope_span(s, &p, &y->values[i], &high);
	return isfinite(y->values[i]);
}

/* A bound in the unit of the parameter. */
static bool
read_bound(struct seq_scope *s, const struct seq_symbol *y, const struct seq_expr *e, double *out)
{
	struct seq_program p;
	double high;

	if (!seq_scope_number(s, e, &y->unit, y->unit_text, &p))
		return false;
	if (seq_scope_reads(s, &p) != NULL) {
		diag_error(s->d, e->at, "constant",
			"'%.60s' is no constant; write a number with its unit", e->text);
		return false;
	}
	seq_scope_span(s, &p, out, &high);
	return isfinite(*out);
}

static void
read_range(struct seq_scope *s, struct seq_symbol *y, const struct seq_header *h)
{
	double low, high;

	if (y->is_list || y->is_text) {
		diag_error(s->d, h->low.at, "param-range", "a %s has no range; remove the brackets",
			y->is_list ? "list" : "text");
		return;
	}
	if (!read_bound(s, y, &h->low, &low) || !read_bound(s, y, &h->high, &high))
		return;
	if (low > high)
		diag_error(s->d, h->low.at, "param-range",
			"the range ends before it begins; write the lower value first");
	else if (y->values[0] < low || y->values[0] > high)
		diag_error(s->d, h->value->at, "param-range",
			"'%.60s' lies outside of its own range; correct one of them", h->name.text);
	else {
		y->low = low;
		y->high = high;
	}
}

static void
add_param(struct seq_scope *s, const struct seq_header *h)
{
	uint32_t n = 0, i = 0;
	struct seq_symbol *y;

	if (h->name.text == NULL || h->value == NULL)
		return;
	for (const struct seq_value *v = h->value->list; v != NULL; v = v->next)
		n++;
	if (n > SEQ_LIST_MAX) {
		diag_error(s->d, h->value->at, "too-large",
			"a list of more than %d values; write fewer", SEQ_LIST_MAX);
		n = SEQ_LIST_MAX;
	}
	y = add(s, SEQ_SYMBOL_PARAM, check_new(s, h->name.text, h->name.at), h->name.at,
		MAX(n, 1u));
	y->is_list = h->value->is_list;
	y->n_items = n;
	y->values = tree_alloc(&s->b->tree, MAX(n, 1u) * sizeof(*y->values));
	y->texts = tree_alloc(&s->b->tree, MAX(n, 1u) * sizeof(*y->texts));
	y->is_open = true; /* while its own value is read */
	if (h->value->is_list && n == 0) {
		diag_error(s->d, h->value->at, "empty", "an empty list; write at least one value");
		return;
	}
	if (!h->value->is_list) {
		if (!read_value(s, y, h->value, 0))
			return;
	} else {
		for (const struct seq_value *v = h->value->list; v != NULL && i < n; v = v->next)
			if (!read_value(s, y, v, i++))
				return;
	}
	y->is_open = false;
	y->low = y->high = y->values[0];
	if (h->low.text != NULL && h->high.text != NULL)
		read_range(s, y, h);
}

static void
add_fields(struct seq_scope *s, const struct seq_field *f)
{
	struct seq_program low, high, v;
	double from, to, at, ignored;

	for (; f != NULL; f = f->next) {
		if (f->name.text == NULL)
			continue;
		add(s, SEQ_SYMBOL_FIELD, check_new(s, f->name.text, f->name.at), f->name.at, 0);
		if (f->kind == SEQ_FIELD_RANGE && f->low.text != NULL && f->high.text != NULL) {
			if (!seq_scope_read(s, &f->low, &low) || low.kind != EXPR_NUMBER ||
				!seq_scope_number(
					s, &f->high, &low.unit, unit_of(s, f->low.text), &high))
				continue;
			seq_scope_span(s, &low, &from, &ignored);
			seq_scope_span(s, &high, &to, &ignored);
			if (from > to)
				diag_error(s->d, f->low.at, "param-range",
					"the range ends before it begins; write the lower value "
					"first");
			if (f->value == NULL)
				continue;
			if (f->value->number.text == NULL) {
				diag_error(s->d, f->value->at, "dimension",
					"a number with its unit belongs here");
				continue;
			}
			if (!seq_scope_number(
				    s, &f->value->number, &low.unit, unit_of(s, f->low.text), &v))
				continue;
			seq_scope_span(s, &v, &at, &ignored);
			if (at < from || at > to)
				diag_error(s->d, f->value->at, "param-range",
					"'%.60s' lies outside of its own range; correct one of "
					"them",
					f->name.text);
		} else if (f->value != NULL && f->value->text.text == NULL) {
			diag_error(
				s->d, f->value->at, "dimension", "a text in quotes belongs here");
		}
	}
}

/* ---- loops ---------------------------------------------------------------------------------------------------- */

static const char *
list_name(const struct seq_expr *e)
{
	return e->text != NULL && text_is_name(e->text) ? e->text : NULL;
}

static void
add_for(struct seq_scope *s, struct seq_stmt *stmt)
{
	const struct seq_symbol *list =
		list_name(&stmt->loop.in) == NULL ? NULL : seq_scope_find(s, stmt->loop.in.text);
	struct seq_symbol *y = &s->symbols.at[stmt->loop.symbol];

	y->is_open = true;
	if (stmt->loop.in.text == NULL)
		return;
	if (list == NULL || !list->is_list) {
		diag_error(s->d, stmt->loop.in.at, "no-list",
			"'%.60s' is no list; name one: param L = [1 K, 2 K], and for x in L",
			stmt->loop.in.text);
		return;
	}
	y->is_open = list->is_open;
	y->is_text = list->is_text;
	y->n_items = list->n_items;
	y->values = list->values;
	y->texts = list->texts;
	y->unit = list->unit;
	y->unit_text = list->unit_text;
	if (list->n_items > 0 && !list->is_text) {
		y->low = y->high = list->values[0];
		for (uint32_t i = 1; i < list->n_items; i++) {
			y->low = MIN(y->low, list->values[i]);
			y->high = MAX(y->high, list->values[i]);
		}
	}
}

static void
add_repeat(struct seq_scope *s, struct seq_stmt *stmt)
{
	struct seq_symbol *y = &s->symbols.at[stmt->loop.symbol];

	y->values = tree_alloc(&s->b->tree, sizeof(*y->values));
	y->values[0] = y->low = 1;
	y->high = (double)stmt->loop.count.v;
	y->is_open = !stmt->loop.count.is;
	if (stmt->loop.count.is && stmt->loop.count.v == 0)
		diag_error(s->d, stmt->loop.count.at, "empty",
			"a loop of no turns; write how often, or remove it");
	else if (stmt->loop.count.is && stmt->loop.count.v > SEQ_LIST_MAX)
		diag_error(s->d, stmt->loop.count.at, "too-large",
			"more than %d turns; write fewer, or a step that goes on", SEQ_LIST_MAX);
}

static void add_loops(struct seq_scope *s, struct seq_stmt *stmt);

static void
add_loop(struct seq_scope *s, struct seq_stmt *stmt)
{
	bool is_for = stmt->kind == SEQ_FOR;
	const char *name = "";

	stmt->loop.symbol = s->symbols.n;
	if (stmt->loop.name.text == NULL)
		stmt->loop.name = (struct seq_word){ "", stmt->at };
	else
		name = check_new(s, stmt->loop.name.text, stmt->loop.name.at);
	add(s, is_for ? SEQ_SYMBOL_LOOP : SEQ_SYMBOL_COUNTER, name, stmt->loop.name.at, 1);
	if (is_for)
		add_for(s, stmt);
	else
		add_repeat(s, stmt);
	s->symbols.at[stmt->loop.symbol].is_active = true;
	add_loops(s, stmt->loop.body);
	s->symbols.at[stmt->loop.symbol].is_active = false;
}

static void
add_loops(struct seq_scope *s, struct seq_stmt *stmt)
{
	for (; stmt != NULL; stmt = stmt->next) {
		if (stmt->kind == SEQ_FOR || stmt->kind == SEQ_REPEAT)
			add_loop(s, stmt);
		if (stmt->kind == SEQ_IF) {
			add_loops(s, stmt->branch.then);
			add_loops(s, stmt->branch.orelse);
		}
		if (stmt->kind == SEQ_PARALLEL)
			for (struct seq_do *d = stmt->parallel.branches; d != NULL; d = d->next)
				add_loops(s, d->body);
	}
}

void
seq_scope_open(struct seq_scope *s, struct bench *b, struct diag *d, struct seq *q)
{
	*s = (struct seq_scope){ .b = b, .q = q, .d = d };
	add(s, SEQ_SYMBOL_STEP, "step", q->at, 1);
	add(s, SEQ_SYMBOL_OUTAGE, "outage", q->at, 1)->unit = unit_second;
	for (const struct seq_header *h = q->headers; h != NULL; h = h->next) {
		if (h->kind == SEQ_META)
			add_fields(s, h->fields);
		if (h->kind == SEQ_PARAM)
			add_param(s, h);
	}
	for (uint32_t i = 0; i < q->n_steps; i++)
		add_loops(s, q->steps[i]->body);
}

void
seq_scope_done(struct seq_scope *s)
{
	free(s->symbols.at);
	memset(s, 0, sizeof(*s));
}
