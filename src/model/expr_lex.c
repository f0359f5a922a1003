/* expr_lex.c - the words of an expression
 *
 * A unit stands directly after its number or after one blank, has no blanks inside and only '/' between names, each
 * with an exponent if need be: m2, m^2, s-1. A reserved word is never a unit, nor is a word before '(':
 *
 *	3 min            a duration          min(a, b)         a function
 *	5 K and x > 2    K is the unit       10 mL/min(a, b)   mL is the unit, then a division
 */
#include "model/expr_lex.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

static const char *const reserved[] = { "abort", "always", "and", "answers", "ask", "as", "at",
	"back", "continue", "do", "done", "dwell", "else", "end", "entry", "every", "false", "for",
	"guaranteed", "guard", "hold", "holdback", "if", "in", "include", "join", "limit", "mark",
	"meta", "needs", "not", "notify", "of", "on", "or", "otherwise", "outage", "over",
	"parallel", "param", "power_loss", "ramp", "ready", "record", "repeat", "required",
	"result", "retry", "sequence", "set", "skip", "stable", "start", "step", "stop", "text",
	"then", "timeout", "to", "trip", "true", "until", "user", "version", "wait", "when", "with",
	"within" };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Beyond ASCII everything may be part of a unit (°C, µm, Ω, m³); who looks units up knows which ones are. */
static bool
is_unit_start(char c)
{
	return is_letter(c) || c == '%' || ((unsigned char)c & 0x80) != 0;
}

static const char *
skip_blanks(const char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

bool
lex_is(const struct token *t, const char *word)
{
	return t->kind == TOK_NAME && strlen(word) == t->text.n &&
	       memcmp(word, t->text.at, t->text.n) == 0;
}

bool
lex_is_reserved(struct slice word)
{
	for (size_t i = 0; i < NELEM(reserved); i++)
		if (strlen(reserved[i]) == word.n && memcmp(reserved[i], word.at, word.n) == 0)
			return true;
	return false;
}

int
lex_shown(struct slice s)
{
	size_t n = MIN(s.n, (size_t)40);

	while (n > 0 && n < s.n && ((unsigned char)s.at[n] & 0xC0) == 0x80)
		n--;
	return (int)n;
}

/* Behind a name of a unit: the end of "^-2" or "-1"; p itself when there is none. "5 K-3 K" is a subtraction that
 * somebody wrote without blanks, so -3 is an exponent only where no further word or digit follows. */
static const char *
exponent_end(const char *p)
{
	const char *q = p, *next;

	if (*q == '^') {
		q++;
		if (*q == '-')
			q++;
		if (!is_digit(*q))
			return p;
		while (is_digit(*q))
			q++;
		return q;
	}
	if (q[0] != '-' || !is_digit(q[1]) || is_digit(q[2]) || q[2] == '.' || is_unit_start(q[2]))
		return p;
	next = skip_blanks(q + 2);
	if (next > q + 2 && is_unit_start(*next)) {
		struct slice word = { next, 0 };

		while (is_letter(next[word.n]))
			word.n++;
		if (!lex_is_reserved(word))
			return p;
	}
	return q + 2;
}

/* One name of a unit at p, with its exponent; p itself when there is none. */
static const char *
unit_name_end(const char *p)
{
	struct slice word = { p, 0 };

	if (!is_unit_start(*p))
		return p;
	while (is_unit_start(p[word.n]) || is_digit(p[word.n]))
		word.n++;
	if (lex_is_reserved(word) || *skip_blanks(p + word.n) == '(')
		return p;
	return exponent_end(p + word.n);
}

static struct slice
unit_at(const char *p)
{
	const char *end = unit_name_end(p), *next;

	if (end == p)
		return (struct slice){ p, 0 };
	while (*end == '/' && (next = unit_name_end(end + 1)) > end + 1)
		end = next;
	return (struct slice){ p, (size_t)(end - p) };
}

/* 1h30 and 1h30min: hours and minutes. Returns the end, NULL when it is something else. */
static const char *
clock_end(const char *digits, const char *p, double *out_minutes)
{
	double hours = 0;

	if (p[0] != 'h' || !is_digit(p[1]) || !is_digit(p[2]) || p[1] > '5' || p - digits > 6)
		return NULL;
	for (const char *d = digits; d < p; d++) {
		if (!is_digit(*d))
			return NULL;
		hours = hours * 10 + (*d - '0');
	}
	*out_minutes = hours * 60 + (p[1] - '0') * 10 + (p[2] - '0');
	p += 3;
	if (strncmp(p, "min", 3) == 0)
		p += 3;
	return is_letter(*p) || is_digit(*p) ? NULL : p;
}

static const char *
digits_end(const char *p)
{
	while (is_digit(*p))
		p++;
	return p;
}

/* The end of 12, 1.5, .5, 2e-3; NULL with a message when it is not one. */
static const char *
number_end(const char *p, const char **out_place, struct err *err)
{
	const char *start = p;

	p = digits_end(p);
	if (p[0] == '.' && p[1] != '.') { /* 1..5 is a range of sequences */
		if (!is_digit(p[1])) {
			*out_place = p;
			err_set(err, ERR_CONF, 0,
				"a digit is missing behind the decimal point; write %.*s.0",
				lex_shown((struct slice){ start, (size_t)(p - start) }), start);
			return NULL;
		}
		p = digits_end(p + 1);
	}
	if ((*p == 'e' || *p == 'E') &&
		(is_digit(p[1]) || ((p[1] == '-' || p[1] == '+') && is_digit(p[2]))))
		p = digits_end(p + 2);
	if (*p == ',' && is_digit(p[1])) {
		struct slice whole = { start, (size_t)(p - start) };
		struct slice rest = { p + 1, (size_t)(digits_end(p + 1) - p - 1) };

		*out_place = p;
		err_set(err, ERR_CONF, 0,
			"a comma between digits; write %.*s.%.*s for a decimal number, or a blank "
			"behind the comma for two values",
			lex_shown(whole), whole.at, lex_shown(rest), rest.at);
		return NULL;
	}
	return p;
}

static int
lex_number(const char *p, struct token *t, const char **out_place, struct err *err)
{
	char digits[64];
	const char *end = number_end(p, out_place, err);
	const char *clock;
	size_t n;

	if (end == NULL)
		return ERR_CONF;
	*out_place = p;
	t->kind = TOK_NUMBER;
	clock = clock_end(p, end, &t->number);
	if (clock != NULL) {
		t->is_clock = true;
		t->text = (struct slice){ p, (size_t)(clock - p) };
		return 0;
	}
	n = (size_t)(end - p);
	if (n >= sizeof(digits))
		return err_set(err, ERR_CONF, 0, "a number of %zu characters; write it shorter", n);
	memcpy(digits, p, n);
	digits[n] = '\0';
	if (!text_to_double(digits, &t->number))
		return err_set(
			err, ERR_CONF, 0, "a number too large; numbers end at about 1.8e308");
	if (end[0] == 'h' && is_digit(end[1])) {
		*out_place = end;
		return err_set(err, ERR_CONF, 0,
			"minutes have two digits below 60; write %sh05, or %s min", digits, digits);
	}
	t->unit = unit_at(*end == ' ' ? end + 1 : end);
	if (t->unit.n > 0)
		end = t->unit.at + t->unit.n;
	t->text = (struct slice){ p, (size_t)(end - p) };
	return 0;
}

static int
lex_name(const char *p, struct token *t, const char **out_place, struct err *err)
{
	const char *start = p;
	int parts = 0;

	do {
		if (parts > 0)
			p++;
		while (is_letter(*p) || is_digit(*p))
			p++;
		parts++;
	} while (*p == '.' && is_letter(p[1]));
	t->kind = TOK_NAME;
	t->text = (struct slice){ start, (size_t)(p - start) };
	t->is_call = *skip_blanks(p) == '(';
	*out_place = start;
	if (parts > 3)
		return err_set(err, ERR_CONF, 0,
			"'%.*s' has %d parts; a channel is NAME or INSTRUMENT.CHANNEL",
			lex_shown(t->text), start, parts);
	return 0;
}

static int
lex_text(const char *p, struct token *t, const char **out_place, struct err *err)
{
	const char *end = p + 1;

	while (*end != '"' && *end != '\0' && *end != '\n')
		end++;
	*out_place = p;
	if (*end != '"')
		return err_set(err, ERR_CONF, 0, "a text without end; close it with \"");
	t->kind = TOK_TEXT;
	t->text = (struct slice){ p + 1, (size_t)(end - p - 1) };
	return 0;
}

/* What people bring along from other languages. */
static int
refuse_sign(const char *p, struct err *err)
{
	static const struct {
		const char *sign, *message;
	} known[] = {
		{ "=", "'=' alone does not compare; write ==" },
		{ "&", "'&' is not a word of the language; write and" },
		{ "|", "'|' is not a word of the language; write or" },
		{ "!", "'!' is not a word of the language; write not" },
		{ "^", "'^' is not an operator; write x * x for a square" },
		{ "%", "'%' without a number; write 2 % for two percent" },
		{ "'", "a text stands in double quotes; write \"...\"" },
		{ "≤", "'≤' is not a word of the language; write <=" },
		{ "≥", "'≥' is not a word of the language; write >=" },
		{ "≠", "'≠' is not a word of the language; write !=" },
		{ "×", "'×' is not a word of the language; write *" },
		{ "·", "'·' is not a word of the language; write *" },
		{ "÷", "'÷' is not a word of the language; write /" },
		{ "−", "a typographic minus; write the plain one: -" },
	};

	for (size_t i = 0; i < NELEM(known); i++)
		if (strncmp(p, known[i].sign, strlen(known[i].sign)) == 0)
			return err_set(err, ERR_CONF, 0, "%s", known[i].message);
	if (*p > ' ' && *p < 0x7F)
		return err_set(err, ERR_CONF, 0,
			"'%c' has no meaning here; expressions have names, numbers, + - * / ( ) , "
			"and comparisons",
			*p);
	return err_set(err, ERR_CONF, 0,
		"a character that has no meaning here; names have letters, digits and _ only");
}

static int
lex_sign(const char *p, struct token *t, const char **out_place, struct err *err)
{
	static const struct {
		const char *sign;
		enum token_kind kind;
	} signs[] = {
		{ "<=", TOK_LE },
		{ ">=", TOK_GE },
		{ "==", TOK_EQ },
		{ "!=", TOK_NE },
		{ "<", TOK_LT },
		{ ">", TOK_GT },
		{ "+", TOK_PLUS },
		{ "-", TOK_MINUS },
		{ "*", TOK_TIMES },
		{ "/", TOK_OVER },
		{ "(", TOK_OPEN },
		{ ")", TOK_CLOSE },
		{ ",", TOK_COMMA },
		{ "[", TOK_OPEN_LIST },
		{ "]", TOK_CLOSE_LIST },
	};

	for (size_t i = 0; i < NELEM(signs); i++) {
		size_t n = strlen(signs[i].sign);

		if (strncmp(p, signs[i].sign, n) == 0) {
			t->kind = signs[i].kind;
			t->text = (struct slice){ p, n };
			return 0;
		}
	}
	*out_place = p;
	return refuse_sign(p, err);
}

int
lex_next(const char *at, struct token *out, const char **out_place, struct err *err)
{
	const char *p = skip_blanks(at);

	*out = (struct token){ .kind = TOK_END, .text = { p, 0 } };
	if (*p == '\0')
		return 0;
	if (is_digit(*p) || (*p == '.' && is_digit(p[1])))
		return lex_number(p, out, out_place, err);
	if (is_letter(*p))
		return lex_name(p, out, out_place, err);
	if (*p == '"')
		return lex_text(p, out, out_place, err);
	return lex_sign(p, out, out_place, err);
}
