/* constant.c - numbers written as arithmetic
 *
 *	sum = product { (+|-) product };  product = sign { (*|/) sign };  sign = [+|-] power;  power = atom [ ^ sign ]
 */
#include "compile/constant.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

#define DEPTH_MAX 32

struct scan {
	const char *at;
	int depth;
	bool is_bad;
};

static double sum(struct scan *s);
static double sign(struct scan *s);

static void
skip_blanks(struct scan *s)
{
	while (*s->at == ' ')
		s->at++;
}

static bool
take(struct scan *s, char c)
{
	skip_blanks(s);
	if (*s->at != c)
		return false;
	s->at++;
	return true;
}

static double
number(struct scan *s)
{
	char digits[64];
	size_t n = strspn(s->at, "0123456789."), exponent;
	double v = 0;

	if (n > 0 && (s->at[n] == 'e' || s->at[n] == 'E')) {
		exponent = n + 1 + (s->at[n + 1] == '-' || s->at[n + 1] == '+');
		n = exponent + strspn(s->at + exponent, "0123456789");
	}
	if (n >= sizeof(digits)) {
		s->is_bad = true;
		return 0;
	}
	memcpy(digits, s->at, n);
	digits[n] = '\0';
	if (!text_to_double(digits, &v))
		s->is_bad = true;
	s->at += n;
	return v;
}

static double
atom(struct scan *s)
{
	double v;

	if (!take(s, '('))
		return number(s);
	if (++s->depth > DEPTH_MAX) {
		s->is_bad = true;
		return 0;
	}
	v = sum(s);
	s->depth--;
	if (!take(s, ')'))
		s->is_bad = true;
	return v;
}

static double
sign(struct scan *s)
{
	double base;

	if (s->is_bad)
		return 0;
	if (take(s, '-')) {
		/* Signs nest like brackets: "-----1" must not use up the stack. */
		if (++s->depth > DEPTH_MAX)
			s->is_bad = true;
		base = -sign(s);
		s->depth--;
		return base;
	}
	take(s, '+');
	skip_blanks(s);
	base = atom(s);
	if (!take(s, '^'))
		return base;
	if (++s->depth > DEPTH_MAX)
		s->is_bad = true;
	base = pow(base, sign(s));
	s->depth--;
	return base;
}

static double
product(struct scan *s)
{
	double v = sign(s);

	while (!s->is_bad) {
		if (take(s, '*'))
			v *= sign(s);
		else if (take(s, '/'))
			v /= sign(s);
		else
			break;
	}
	return v;
}

static double
sum(struct scan *s)
{
	double v = product(s);

	while (!s->is_bad) {
		if (take(s, '+'))
			v += product(s);
		else if (take(s, '-'))
			v -= product(s);
		else
			break;
	}
	return v;
}

int
constant_parse(const char *text, double *out, struct err *err)
{
	struct scan s = { .at = text };
	double v = sum(&s);

	skip_blanks(&s);
	if (*s.at == ',' && !s.is_bad)
		return err_set(
			err, ERR_CONF, 0, "'%.60s' has a decimal comma; write a point: 1.5", text);
	if (s.is_bad || *s.at != '\0')
		return err_set(err, ERR_CONF, 0,
			"'%.60s' is not a number; write one such as 0.1, 1/16 or 10^-1", text);
	if (!isfinite(v))
		return err_set(err, ERR_CONF, 0, "'%.60s' has no finite value; correct it", text);
	*out = v;
	return 0;
}
