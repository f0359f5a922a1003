/* test_expr.c - the expression language: what is taken, what it means, what is refused */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rand.h"
#include "model/expr.h"
#include "model/unit.h"
#include "msg/quality.h"

/* ---- a small bench: units and channels ------------------------------------------------------------------------ */

static const struct {
	const char *name;
	struct unit unit;
} known_units[] = {
	{ "degC", { { 0, 0, 0, 0, 1 }, 1, 273.15, true } },
	{ "degF", { { 0, 0, 0, 0, 1 }, 1 / 1.8, 459.67 / 1.8, true } },
	{ "°C", { { 0, 0, 0, 0, 1 }, 1, 273.15, true } },
	{ "K", { { 0, 0, 0, 0, 1 }, 1, 0, false } },
	{ "K/min", { { 0, 0, -1, 0, 1 }, 1 / 60.0, 0, false } },
	{ "s", { { 0, 0, 1 }, 1, 0, false } },
	{ "s-1", { { 0, 0, -1 }, 1, 0, false } },
	{ "min", { { 0, 0, 1 }, 60, 0, false } },
	{ "h", { { 0, 0, 1 }, 3600, 0, false } },
	{ "kHz", { { 0, 0, -1 }, 1000, 0, false } },
	{ "bar", { { -1, 1, -2 }, 1e5, 0, false } },
	{ "mbar", { { -1, 1, -2 }, 1e5 * 1e-3, 0, false } },
	{ "barg", { { [UNIT_GAUGE] = 1 }, 1e5, 0, false } },
	{ "m2", { { 2 }, 1, 0, false } },
	{ "m^2", { { 2 }, 1, 0, false } },
	{ "mL", { { 3 }, 1e-6, 0, false } },
	{ "mL/min", { { 3, 0, -1 }, 1e-6 / 60, 0, false } },
	{ "L/h", { { 3, 0, -1 }, 1e-3 / 3600, 0, false } },
	{ "mL_n/min", { { 0, 0, -1, [UNIT_STANDARD] = 1 }, 1e-6 / 60, 0, false } },
	{ "%", { { 0 }, 0.01, 0, false } },
	{ "ppm", { { 0 }, 1e-6, 0, false } },
};

static const struct channel {
	const char *name;
	enum expr_kind kind;
	const char *unit;
	double v;
	unsigned quality;
	int64_t stamp_s;
} channels[] = {
	{ "T", EXPR_NUMBER, "degC", 21.5, Q_GOOD, 90 },
	{ "T_f", EXPR_NUMBER, "degF", 212, Q_GOOD, 91 },
	{ "dT", EXPR_NUMBER, "K", 8, Q_GOOD, 92 },
	{ "P", EXPR_NUMBER, "mbar", 3000, Q_GOOD, 93 },
	{ "P_g", EXPR_NUMBER, "barg", 2, Q_GOOD, 94 },
	{ "flow", EXPR_NUMBER, "mL/min", 50, Q_GOOD, 95 },
	{ "big", EXPR_NUMBER, "L/h", 6, Q_GOOD, 96 },
	{ "std", EXPR_NUMBER, "mL_n/min", 10, Q_GOOD, 97 },
	{ "share", EXPR_NUMBER, "%", 40, Q_GOOD, 98 },
	{ "n", EXPR_NUMBER, "", 7, Q_GOOD, 99 },
	{ "broken", EXPR_NUMBER, "degC", 1, Q_NO_ANSWER, 50 },
	{ "odd", EXPR_NUMBER, "degC", 900, Q_OUT_OF_RANGE, 80 },
	{ "never", EXPR_NUMBER, "degC", 0, Q_NOT_YET, 0 },
	{ "yes", EXPR_TRUTH, NULL, 1, Q_GOOD, 90 },
	{ "no", EXPR_TRUTH, NULL, 0, Q_GOOD, 90 },
	{ "maybe", EXPR_TRUTH, NULL, 1, Q_STALE, 40 },
	{ "V", EXPR_CHOICE, NULL, 2, Q_GOOD, 90 },
	{ "label", EXPR_TEXT, NULL, 0, Q_GOOD, 60 },
	{ "furnace.pv", EXPR_NUMBER, "degC", 300, Q_GOOD, 85 },
	{ "mbc.control.ticks_lost", EXPR_NUMBER, "", 0, Q_GOOD, 100 },
	{ "total", EXPR_NUMBER, "mL", 3, Q_GOOD, 100 },
	{ "x", EXPR_NUMBER, "", 1e308, Q_GOOD, 100 },
	{ "zero", EXPR_NUMBER, "", 0, Q_GOOD, 100 },
	{ "u", EXPR_UNKNOWN, NULL, 0, Q_GOOD, 100 },
};

static int
env_unit(void *ctx, const char *text, struct unit *out, struct err *err)
{
	for (size_t i = 0; i < NELEM(known_units); i++) {
		if (strcmp(known_units[i].name, text) == 0) {
			*out = known_units[i].unit;
			return 0;
		}
	}
	return err_set(err, ERR_CONF, 0, "unknown unit '%s'; see the list", text);
}

static int
env_name(void *ctx, const char *name, struct expr_name *out, struct err *err)
{
	for (uint32_t i = 0; i < NELEM(channels); i++) {
		if (strcmp(channels[i].name, name) != 0)
			continue;
		*out = (struct expr_name){ .kind = channels[i].kind,
			.channel = i,
			.unit = unit_one,
			.unit_text = channels[i].unit,
			.choices = &channels[i] };
		if (channels[i].unit != NULL && channels[i].unit[0] != '\0')
			return env_unit(NULL, channels[i].unit, &out->unit, err);
		return 0;
	}
	return err_set(err, ERR_CONF, 0, "unknown channel '%s'; see the list", name);
}

static int
env_choice(void *ctx, const void *choices, const char *word, int64_t *out, struct err *err)
{
	static const char *const words[] = { "closed", "half open", "open", "in" };

	assert_non_null(choices);
	for (size_t i = 0; i < NELEM(words); i++) {
		if (strcmp(words[i], word) == 0) {
			*out = (int64_t)i;
			return 0;
		}
	}
	return err_set(err, ERR_CONF, 0, "'%s' is no choice; see the list", word);
}

static const struct expr_env env = {
	.ctx = NULL, .unit = env_unit, .name = env_name, .choice = env_choice
};

static void
load(void *ctx, uint32_t channel, double *out, unsigned *out_quality, int64_t *out_stamp_ns)
{
	assert_true(channel < NELEM(channels));
	*out = channels[channel].v;
	*out_quality = channels[channel].quality;
	*out_stamp_ns = channels[channel].stamp_s * NS_PER_S;
}

static const struct expr_input input = { .load = load, .now_ns = 100 * NS_PER_S };
static struct expr parsed;

static void
parse(const char *source)
{
	struct err err;
	int column = 0;

	if (expr_parse(source, &env, &parsed, &column, &err) != 0)
		fail_msg("'%s': %d: %s", source, column, err.msg);
	if (!expr_is_sound(parsed.ops, parsed.n, NELEM(channels), parsed.n_cells))
		fail_msg("'%s': the program is not sound", source);
}

static struct expr_result
run(const char *source)
{
	struct expr_result r;

	parse(source);
	expr_run(parsed.ops, parsed.n, &input, &r);
	return r;
}

static void
refuse(const char *source, int wanted_column, const char *wanted)
{
	struct err err = { 0 };
	int column = 0;

	if (expr_parse(source, &env, &parsed, &column, &err) == 0)
		fail_msg("'%s' was taken", source);
	if (strstr(err.msg, wanted) == NULL)
		fail_msg("'%s': %s", source, err.msg);
	if (wanted_column > 0 && column != wanted_column)
		fail_msg("'%s': column %d, not %d: %s", source, column, wanted_column, err.msg);
	if (strstr(err.msg, "; ") == NULL)
		fail_msg("'%s': no remedy: %s", source, err.msg);
}

/* ---- tests ---------------------------------------------------------------------------------------------------- */

static void
test_numbers(void **state)
{
	static const struct {
		const char *source;
		double wanted;
		const char *unit; /* of the result; NULL: a plain number */
	} cases[] = {
		{ "1", 1, NULL },
		{ "-1.5e2", -150, NULL },
		{ ".5", 0.5, NULL },
		{ "+3", 3, NULL },
		{ "- - 3", 3, NULL },
		{ "2 + 3 * 4", 14, NULL },
		{ "(2 + 3) * 4", 20, NULL },
		{ "7 - 2 - 1", 4, NULL },
		{ "8 / 4 / 2", 1, NULL },
		{ "n * 2 - 1", 13, NULL },
		{ "-n", -7, NULL },
		{ "min(3, n, 5)", 3, NULL },
		{ "max(3, n, 5)", 7, NULL },
		{ "abs(2 - n)", 5, NULL },
		{ "abs(-4)", 4, NULL },
		/* points and differences */
		{ "T + 25 K", 46.5, "degC" },
		{ "25 K + T", 46.5, "degC" },
		{ "T + dT", 29.5, "degC" },
		{ "dT + T", 29.5, "degC" },
		{ "T - 1.5 K", 20, "degC" },
		{ "T - 20 degC", 1.5, "K" },
		{ "-5 degC", -5, "degC" },
		{ "T - -5 degC", 26.5, "K" },
		{ "T - T_f", -78.5, "K" },
		{ "T_f + 25 K", 257, "degF" },
		{ "9 K + T_f", 228.2, "degF" },
		{ "5 K-3 K", 2, "K" },
		{ "max(T, 25 degC)", 25, "degC" },
		{ "(T - 0 degC) * 2", 43, "K" },
		{ "abs(T - furnace.pv)", 278.5, "K" },
		{ "21.5°C", 21.5, "degC" },
		/* units */
		{ "flow + big", 150, "mL/min" },
		{ "flow + 6 L/h", 150, "mL/min" },
		{ "6 L/h + flow", 150, "mL/min" },
		{ "3 bar", 3, "bar" },
		{ "3bar", 3, "bar" },
		{ "P - 1 bar", 2000, "mbar" },
		{ "1 bar - P", -2000, "mbar" },
		{ "30 s + 1 min", 90, "s" },
		{ "1h30", 90, "min" },
		{ "1h30min + 30 s", 90.5, "min" },
		{ "10 min - 1h05", -55, "min" },
		{ "total / 3 min", 1, "mL/min" },
		{ "flow * 2 min", 100, "mL" },
		{ "flow * 50 %", 25, "mL/min" },
		{ "50 % * flow / 25 mL/min", 1, NULL },
		{ "flow / big", 0.5, NULL },
		{ "2 * flow", 100, "mL/min" },
		{ "flow / 2", 25, "mL/min" },
		{ "share + 10 %", 50, "%" },
		{ "share / 2", 20, "%" },
		{ "share / 10 %", 4, NULL },
		{ "2 kHz * 3 s", 6000, NULL },
		{ "5 s-1 * 2 s", 10, NULL },
		{ "4 m2 / 2 m^2", 2, NULL },
		{ "dT / 2 min", 4, "K/min" },
		{ "10 mL/min(2, 5)", 5, "mL" },
		{ "min(3 min, 100 s)", 100.0 / 60, "min" },
		{ "mbc.control.ticks_lost + 1", 1, NULL },
		{ "age(T)", 10, "s" },
		{ "age(label)", 40, "s" },
		{ "V", 2, NULL },
		{ "total", 3, "mL" },
		{ "2 *\n\tn\r\n", 14, NULL },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct expr_result r = run(cases[i].source);
		struct unit unit = unit_one;

		if (cases[i].unit != NULL)
			assert_int_equal(env_unit(NULL, cases[i].unit, &unit, NULL), 0);
		if (!unit_same_dim(&parsed.unit, &unit) || parsed.unit.is_point != unit.is_point ||
			fabs(parsed.unit.factor / unit.factor - 1) > 1e-12)
			fail_msg("'%s': result not in '%s'", cases[i].source,
				cases[i].unit != NULL ? cases[i].unit : "");
		if (r.quality != Q_GOOD || fabs(r.number - cases[i].wanted) > 1e-12 * 300)
			fail_msg("'%s': %.17g, quality %u", cases[i].source, r.number, r.quality);
	}
}

/* What people wrote as round numbers is compared as such. */
static void
test_exactness(void **state)
{
	assert_true(run("T + 25 K").number == 46.5);
	parse("P > 3 bar");
	assert_int_equal(parsed.n, 3);
	assert_true(parsed.ops[1].arg.f == 3000);
	assert_int_equal(run("P == 3 bar").truth, TRUTH_TRUE);
	assert_int_equal(run("3 bar == P").truth, TRUTH_TRUE);
	assert_int_equal(run("T == 21.5 degC").truth, TRUTH_TRUE);
	assert_true(run("30 s + 1 min").number == 90);
	assert_true(run("flow + 6 L/h").number == 150);
	assert_int_equal(run("T_f == 100 degC").truth, TRUTH_TRUE);
}

static void
test_truths(void **state)
{
	static const struct {
		const char *source;
		enum truth wanted;
	} cases[] = {
		{ "true", TRUTH_TRUE },
		{ "false", TRUTH_FALSE },
		{ "T > 20 degC", TRUTH_TRUE },
		{ "T < 20 degC", TRUTH_FALSE },
		{ "T >= 21.5 degC and T <= 21.5 degC", TRUTH_TRUE },
		{ "n != 7", TRUTH_FALSE },
		{ "T - 0 degC > 20 K", TRUTH_TRUE },
		{ "not n == 7", TRUTH_FALSE },
		{ "not no and yes", TRUTH_TRUE },
		{ "yes or no and no", TRUTH_TRUE },
		{ "(yes or no) and no", TRUTH_FALSE },
		{ "yes == true", TRUTH_TRUE },
		{ "yes != true", TRUTH_FALSE },
		{ "no == false", TRUTH_TRUE },
		{ "V == open", TRUTH_TRUE },
		{ "V != open", TRUTH_FALSE },
		{ "V == \"half open\"", TRUTH_FALSE },
		{ "V == in", TRUTH_FALSE },
		{ "V == open and n > 5", TRUTH_TRUE },
		{ "bad(T)", TRUTH_FALSE },
		{ "bad(broken)", TRUTH_TRUE },
		{ "bad(odd)", TRUTH_FALSE },
		{ "bad(label) or bad(V)", TRUTH_FALSE },
		/* Kleene */
		{ "broken > 5 degC", TRUTH_UNKNOWN },
		{ "not broken > 5 degC", TRUTH_UNKNOWN },
		{ "broken > 5 degC and no", TRUTH_FALSE },
		{ "no and broken > 5 degC", TRUTH_FALSE },
		{ "broken > 5 degC and yes", TRUTH_UNKNOWN },
		{ "yes and maybe", TRUTH_UNKNOWN },
		{ "broken > 5 degC or yes", TRUTH_TRUE },
		{ "yes or maybe", TRUTH_TRUE },
		{ "broken > 5 degC or no", TRUTH_UNKNOWN },
		{ "no or maybe", TRUTH_UNKNOWN },
		{ "maybe or maybe", TRUTH_UNKNOWN },
		{ "1 / zero > 1", TRUTH_UNKNOWN },
		{ "age(never) > 5 s", TRUTH_UNKNOWN },
		/* a bad input votes to trip */
		{ "vote(2, yes, no, no)", TRUTH_FALSE },
		{ "vote(2, yes, maybe, no)", TRUTH_TRUE },
		{ "vote(2, yes, yes, no)", TRUTH_TRUE },
		{ "vote(1, T > 600 degC, broken > 600 degC)", TRUTH_TRUE },
		{ "vote(3, yes, yes, no)", TRUTH_FALSE },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct expr_result r = run(cases[i].source);

		assert_int_equal(parsed.kind, EXPR_TRUTH);
		if (r.truth != cases[i].wanted)
			fail_msg("'%s': %d", cases[i].source, (int)r.truth);
		assert_true(r.number == (r.truth == TRUTH_TRUE));
	}
}

static void
test_quality_and_stamp(void **state)
{
	static const struct {
		const char *source;
		unsigned quality;
		int64_t stamp_s;
	} cases[] = {
		{ "T + dT", Q_GOOD, 90 },
		{ "5", Q_GOOD, 100 },
		{ "broken - T", Q_SOURCE_BAD, 50 },
		{ "T - broken", Q_SOURCE_BAD, 50 },
		{ "odd - T", Q_OUT_OF_RANGE, 80 },
		{ "odd - broken", Q_SOURCE_BAD, 50 },
		{ "n / zero", Q_UNDEFINED, 99 },
		{ "zero / zero", Q_UNDEFINED, 100 },
		{ "x * x", Q_UNDEFINED, 100 },
		{ "x * 10 - x * 10", Q_UNDEFINED, 100 },
		{ "min(T, broken)", Q_SOURCE_BAD, 50 },
		{ "bad(broken)", Q_GOOD, 100 },
		{ "age(broken)", Q_GOOD, 100 },
		{ "age(never)", Q_SOURCE_BAD, 100 },
		{ "odd > 5 degC", Q_OUT_OF_RANGE, 80 },
		{ "broken > 5 degC", Q_SOURCE_BAD, 50 },
		{ "broken > 5 degC and no", Q_GOOD, 50 },
		{ "odd < 5 degC and no", Q_GOOD, 80 },
		{ "odd > 5 degC and yes", Q_OUT_OF_RANGE, 80 },
		{ "maybe or odd > 5 degC", Q_OUT_OF_RANGE, 40 },
		{ "vote(1, yes, no)", Q_GOOD, 90 },
		{ "vote(1, yes, maybe)", Q_OUT_OF_RANGE, 40 },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct expr_result r = run(cases[i].source);

		if (r.quality != cases[i].quality || r.stamp_ns != cases[i].stamp_s * NS_PER_S)
			fail_msg("'%s': quality %u, stamp %lld", cases[i].source, r.quality,
				(long long)(r.stamp_ns / NS_PER_S));
		if (quality_is_bad(r.quality))
			assert_int_equal(r.truth, TRUTH_UNKNOWN);
	}
}

static void
test_refused_words(void **state)
{
	refuse("", 1, "the expression ends where a value");
	refuse("T +", 4, "the expression ends where a value");
	refuse("(n", 3, "ends where ')'");
	refuse("n)", 2, "closes nothing");
	refuse("n 5", 3, "operator is missing");
	refuse("5  K", 4, "one blank");
	refuse("5 x", 3, "unknown unit 'x'");
	refuse("T > 20 degX", 8, "unknown unit 'degX'");
	refuse("é + unknown", 1, "no meaning here");
	refuse("\"é\" == V", 1, "texts stand only behind");
	refuse("21 °C + 3 °X", 11, "unknown unit '°X'"); /* characters, not bytes */
	refuse("2,5 * n", 2, "write 2.5");
	refuse("min(2,5)", 6, "write 2.5");
	refuse("1.", 2, "write 1.0");
	refuse("1e999", 1, "too large");
	refuse("1h5", 2, "write 1h05");
	refuse("1h75", 2, "two digits below 60");
	refuse("n = 7", 3, "write ==");
	refuse("yes && no", 5, "write and");
	refuse("yes || no", 5, "write or");
	refuse("!yes", 1, "write not");
	refuse("n ^ 2", 3, "write x * x");
	refuse("n ≥ 2", 3, "write >=");
	refuse("n > 'a'", 5, "double quotes");
	refuse("\"open", 1, "text without end");
	refuse("n $ 2", 3, "'$' has no meaning");
	refuse("n \x01 2", 3, "no meaning");
	refuse("\xFF\xFE", 1, "no meaning");
	refuse("a.b.c.d", 1, "4 parts");
	refuse("T[1]", 2, "belong to sequences");
	refuse("nobody", 1, "unknown channel 'nobody'");
	refuse("and", 1, "word of the language");
	refuse("then > 1", 1, "word of the language");
	refuse("V == broken_word", 6, "no choice");
	refuse("V == 1", 6, "write V == WORD");
	refuse("V > open", 3, "no order");
	refuse("V + 1", 3, "V is a choice");
	refuse("V and yes", 3, "V is a choice");
	refuse("label == 1", 1, "label is a text");
	refuse("label", 1, "label is a text");
	refuse("1 < n < 9", 7, "cannot be chained");
	refuse("yes == no", 5, "join conditions");
	refuse("n > not yes", 5, "belongs before a whole condition");
	refuse("V == open == true", 11, "cannot be chained");
	refuse("max(1)", 6, "two or more values");
	refuse("abs(1, 2)", 6, "')'");
	refuse("abs()", 5, "a value");
	refuse("bad(1)", 5, "a channel");
	refuse("bad(T + dT)", 7, "one channel");
	refuse("vote(yes, no)", 6, "vote(2, a, b, c)");
	refuse("vote(3, yes, no)", 6, "3 of 2 conditions");
	refuse("vote(1.5, yes, no)", 6, "vote(2, a, b, c)");
	refuse("vote(1, T)", 9, "a number where a condition");
	refuse("abz(n)", 1, "did you mean abs");
	refuse("completely(n)", 1, "there are abs");
}

static void
test_refused_as_not_here(void **state)
{
	refuse("n + last(n)", 5, "'last' is not available here; ");
	refuse("step == 20", 1, "'step' is a word of the language");
	refuse("T[1] > 5 degC", 2, "lists such as T[1] belong to sequences");
	refuse("n in (1, 2)", 3, "belongs to sequences");
	refuse("T.target > 5 degC", 1, "only a channel of the bench with 'write' has a '.target'");
	refuse("furnace.pv.working", 1, "with 'write' has a '.working'");
	refuse("nobody.target", 1, "unknown channel 'nobody.target'");
	refuse("last(n) > 3", 1, "it belongs to the rows of power_loss");
}

static void
test_refused_units(void **state)
{
	refuse("T + 25 degC", 3, "point + point (degC + degC) has no meaning; write 25 K");
	refuse("T + 45 degF", 3, "write 25 K for a difference");
	refuse("25 degC + T", 9, "write 25 K for a difference");
	refuse("T + furnace.pv", 3, "write one side as a difference in K");
	refuse("25 K - T", 6, "difference - point has no meaning");
	refuse("T > 25 K", 3, "write 25 degC");
	refuse("T - 0 degC > 25 degC", 12, "write 25 K");
	refuse("T == dT", 3, "two points or two differences");
	refuse("T * 2", 3, "write (T - 0 degC)");
	refuse("2 * T", 3, "write (T - 0 degC)");
	refuse("20 degC / 2", 9, "write 20 K");
	refuse("-T", 1, "write (T - 0 degC)");
	refuse("abs(T)", 1, "write (T - 0 degC)");
	refuse("T > 25", 3, "write the number with its unit: 25 degC");
	refuse("5 < flow", 3, "write the number with its unit: 5 mL/min");
	refuse("flow + P", 6, "between volume flow and pressure");
	refuse("flow + std", 6, "standard and actual volume do not convert");
	refuse("P > P_g", 3, "gauge and absolute pressure do not convert");
	refuse("min(T, P)", 1, "between point of temperature and pressure");
	refuse("share > 50", 7, "write 50 %");
	refuse("share + 5", 7, "write 5 %");
	refuse("dT > 2 s-1", 4, "between temperature difference and frequency; both sides");
	refuse("yes + 1", 5, "a condition where a number is needed");
	refuse("n and yes", 3, "a number where a condition");
	refuse("not flow", 1, "for example with > 0 mL/min");
	refuse("1 / 0", 3, "division by zero");
	refuse("1e308 * 10", 7, "too large");
	refuse("flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*"
	       "flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*"
	       "flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow*flow",
		0, "out of range");
}

static void
repeat(struct buf *b, const char *text, int n)
{
	for (int i = 0; i < n; i++)
		buf_puts(b, text);
}

static void
test_bounds(void **state)
{
	struct buf b = { 0 };

	repeat(&b, "(", 64);
	buf_puts(&b, "1");
	repeat(&b, ")", 64);
	assert_true(run(buf_text(&b)).number == 1);

	buf_clear(&b);
	repeat(&b, "(", 65);
	refuse(buf_text(&b), 65, "nested more than 64");

	buf_clear(&b);
	repeat(&b, "- ", 3000 / 2);
	refuse(buf_text(&b), 0, "nested more than 64");

	buf_clear(&b);
	repeat(&b, "not ", 500);
	refuse(buf_text(&b), 0, "nested more than 64");

	buf_clear(&b);
	repeat(&b, "min(n,", 500);
	refuse(buf_text(&b), 0, "nested more than 64");

	buf_clear(&b);
	buf_puts(&b, "n");
	repeat(&b, "+n", 511);
	assert_true(run(buf_text(&b)).number == 7 * 512);
	buf_puts(&b, "+n");
	refuse(buf_text(&b), 0, "more than 1024 operations");

	buf_clear(&b);
	buf_puts(&b, "vote(1");
	repeat(&b, ", yes", 65);
	buf_puts(&b, ")");
	refuse(buf_text(&b), 0, "more than 64 values");

	buf_clear(&b);
	repeat(&b, " ", EXPR_SOURCE_MAX + 1);
	refuse(buf_text(&b), 1, "more than 4096 bytes");

	buf_clear(&b);
	buf_puts(&b, "5 ");
	repeat(&b, "k", 70);
	refuse(buf_text(&b), 0, "a unit of 70 characters");

	buf_clear(&b);
	repeat(&b, "k", 300);
	refuse(buf_text(&b), 1, "a name of 300 characters");
	buf_done(&b);
}

/* Channels without end, for the bound on what one expression reads. */
static int
env_any_name(void *ctx, const char *name, struct expr_name *out, struct err *err)
{
	*out = (struct expr_name){ .unit = unit_one,
		.channel = (uint32_t)strtoul(name + 1, NULL, 10) };
	return 0;
}

static void
test_reads(void **state)
{
	struct expr_env any = {
		.ctx = NULL, .unit = env_unit, .name = env_any_name, .choice = env_choice
	};
	struct buf b = { 0 };
	struct err err;
	int column;

	parse("T + dT > T and bad(label)");
	assert_int_equal(parsed.n_reads, 3);
	buf_puts(&b, "c0");
	for (int i = 1; i < 64; i++)
		buf_printf(&b, "+c%d", i);
	assert_int_equal(expr_parse(buf_text(&b), &any, &parsed, &column, &err), 0);
	assert_int_equal(parsed.n_reads, 64);
	buf_puts(&b, "+c64");
	assert_int_equal(expr_parse(buf_text(&b), &any, &parsed, &column, &err), ERR_CONF);
	assert_non_null(strstr(err.msg, "more than 64 channels"));
	buf_done(&b);
}

static double
converted(const char *source, const char *unit_text)
{
	struct expr_result r;
	struct unit unit = unit_one;
	struct err err;

	parse(source);
	if (unit_text[0] != '\0')
		assert_int_equal(env_unit(NULL, unit_text, &unit, NULL), 0);
	if (expr_convert(&parsed, &unit, unit_text, &err) != 0)
		fail_msg("'%s': %s", source, err.msg);
	assert_true(expr_is_sound(parsed.ops, parsed.n, NELEM(channels), parsed.n_cells));
	assert_true(unit_same(&parsed.unit, &unit));
	expr_run(parsed.ops, parsed.n, &input, &r);
	return r.number;
}

static void
test_convert(void **state)
{
	static const char *const refused[][3] = {
		{ "T", "K", "gives a point of temperature and 'K' is a temperature difference" },
		{ "T", "bar", "'bar' is a pressure" },
		{ "5", "mL/min", "gives a plain number and 'mL/min' is a volume flow" },
		{ "T > 5 degC", "K", "gives a condition" },
		{ "V", "K", "gives a choice" },
	};
	struct unit unit;
	struct err err;

	assert_true(converted("P", "bar") == 3);
	assert_true(converted("3 bar", "mbar") == 3000);
	assert_true(converted("flow / big", "%") == 50);
	assert_true(converted("flow + big", "mL/min") == 150);
	assert_true(fabs(converted("T_f", "degC") - 100) < 1e-12);
	assert_true(fabs(converted("dT + T_f", "degC") - 108) < 1e-12);
	assert_true(converted("T - 20 degC", "K") == 1.5);
	assert_true(converted("2 * n", "") == 14);
	for (size_t i = 0; i < NELEM(refused); i++) {
		parse(refused[i][0]);
		assert_int_equal(env_unit(NULL, refused[i][1], &unit, NULL), 0);
		assert_int_equal(expr_convert(&parsed, &unit, refused[i][1], &err), ERR_CONF);
		if (strstr(err.msg, refused[i][2]) == NULL)
			fail_msg("%s", err.msg);
	}
}

static void
test_describe(void **state)
{
	static const struct {
		struct unit unit;
		const char *wanted;
	} cases[] = {
		{ { .factor = 1 }, "plain number" },
		{ { { 3, 0, -1 }, 1, 0, false }, "volume flow" },
		{ { { [UNIT_TEMPERATURE] = 1 }, 1, 273.15, true }, "point of temperature" },
		{ { { [UNIT_TEMPERATURE] = 1 }, 1, 0, false }, "temperature difference" },
		{ { { 1, 0, 0, 1 }, 1, 0, false }, "length*electric current" },
		{ { { 0, 0, -1, 0, 0, 0, 2 }, 1, 0, false }, "luminous intensity^2/time" },
		{ { { 0, 0, -7 }, 1, 0, false }, "1/time^7" },
	};
	struct unit worst = { .factor = 1 };
	char out[96];

	for (size_t i = 0; i < NELEM(cases); i++) {
		unit_describe(out, &cases[i].unit);
		assert_string_equal(out, cases[i].wanted);
	}
	for (size_t i = 0; i < EXPR_DIMS; i++)
		worst.dim[i] = (int8_t)(i % 2 == 0 ? 99 : -99);
	unit_describe(out, &worst);
	assert_true(strlen(out) < sizeof(out));
}

/* Programs that expr_parse() would never make. */
static void
test_unsound(void **state)
{
	static const struct {
		uint32_t n;
		struct expr_op ops[4];
	} cases[] = {
		{ 0, { { 0 } } },
		{ 1, { { .code = EXPR_OP_ADD } } },
		{ 1, { { .code = EXPR_OP_FALLS + 1 } } },
		{ 1, { { .code = UINT32_MAX } } },
		{ 2, { { .code = EXPR_OP_CONST }, { .code = EXPR_OP_CONST } } },
		{ 2, { { .code = EXPR_OP_CONST }, { .code = EXPR_OP_NOT } } },
		{ 2, { { .code = EXPR_OP_TRUTH }, { .code = EXPR_OP_NEG } } },
		{ 3, { { .code = EXPR_OP_CONST }, { .code = EXPR_OP_TRUTH },
			     { .code = EXPR_OP_AND } } },
		{ 1, { { .code = EXPR_OP_LOAD, .arg.i = 4 } } },
		{ 1, { { .code = EXPR_OP_BAD, .arg.i = -1 } } },
		{ 1, { { .code = EXPR_OP_AGE, .arg.i = INT64_MAX } } },
		{ 1, { { .code = EXPR_OP_CONST, .arg.f = (double)NAN } } },
		{ 1, { { .code = EXPR_OP_TRUTH, .arg.i = 2 } } },
		{ 2, { { .code = EXPR_OP_TRUTH },
			     { .code = EXPR_OP_VOTE, .arg.i = 2, .arg2 = 1 } } },
		{ 2, { { .code = EXPR_OP_TRUTH },
			     { .code = EXPR_OP_VOTE, .arg.i = 1, .arg2 = 2 } } },
		{ 2, { { .code = EXPR_OP_TRUTH },
			     { .code = EXPR_OP_VOTE, .arg.i = 0, .arg2 = 1 } } },
		{ 2, { { .code = EXPR_OP_TRUTH },
			     { .code = EXPR_OP_VOTE, .arg.i = 257, .arg2 = 1 } } },
		{ 2, { { .code = EXPR_OP_TRUTH }, { .code = EXPR_OP_SINCE, .arg.i = 2 } } },
		{ 2, { { .code = EXPR_OP_TRUTH }, { .code = EXPR_OP_RISES, .arg.i = -1 } } },
		{ 2, { { .code = EXPR_OP_CONST }, { .code = EXPR_OP_FALLS } } },
		{ 2, { { .code = EXPR_OP_CONST }, { .code = EXPR_OP_SINCE } } },
		{ 2, { { .code = EXPR_OP_TRUTH }, { .code = EXPR_OP_HOLDS } } },
		{ 2, { { .code = EXPR_OP_TRUTH },
			     { .code = EXPR_OP_HOLDS, .arg2 = (double)NAN } } },
		{ 2, { { .code = EXPR_OP_TRUTH }, { .code = EXPR_OP_HOLDS, .arg2 = 1e18 } } },
		{ 2, { { .code = EXPR_OP_CONST }, { .code = EXPR_OP_FROZEN, .arg2 = -1 } } },
		{ 2, { { .code = EXPR_OP_TRUTH }, { .code = EXPR_OP_FROZEN, .arg2 = 1e9 } } },
	};
	struct expr_op deep[EXPR_DEPTH_MAX + 1];

	for (size_t i = 0; i < NELEM(cases); i++)
		if (expr_is_sound(cases[i].ops, cases[i].n, 4, 2))
			fail_msg("case %zu was taken", i);
	for (size_t i = 0; i < NELEM(deep); i++)
		deep[i] = (struct expr_op){ .code = EXPR_OP_CONST };
	assert_false(expr_is_sound(deep, NELEM(deep), 4, 2));
}

/* A name of unknown type fits everywhere; what is wrong without it is still refused. */
static void
test_unknown(void **state)
{
	static const struct {
		const char *source;
		enum expr_kind kind;
	} taken[] = {
		{ "u", EXPR_UNKNOWN },
		{ "-u + 1", EXPR_UNKNOWN },
		{ "u + 5 K", EXPR_UNKNOWN },
		{ "T - u", EXPR_UNKNOWN },
		{ "(u + 5 bar) * 2 - 3 s", EXPR_UNKNOWN },
		{ "2 * u / flow", EXPR_UNKNOWN },
		{ "max(u, T, 3 degC)", EXPR_UNKNOWN },
		{ "max(3, 4, u)", EXPR_UNKNOWN },
		{ "abs(u)", EXPR_UNKNOWN },
		{ "age(u)", EXPR_NUMBER },
		{ "bad(u) or u", EXPR_TRUTH },
		{ "not u", EXPR_TRUTH },
		{ "u > 3 degC and u == open and u != \"half open\"", EXPR_TRUTH },
		{ "u == true or u == n + 1 or u == 3", EXPR_TRUTH },
		{ "vote(1, u, T > u)", EXPR_TRUTH },
	};
	static const char *const refused[][2] = {
		{ "2 * u +", "the expression ends" },
		{ "u u", "an operator is missing" },
		{ "u + yes", "a condition where" },
		{ "u + (T + n)", "between" },
		{ "max(u)", "two or more" },
		{ "u < open", "unknown channel 'open'" },
		{ "u == open +", "where an operator or the end is expected" },
		{ "u > 3 > 4", "cannot be chained" },
		{ "u * (T + T)", "point + point" },
		{ "u + 1 furlong", "unknown unit" },
		{ "u and (n)", "a number where" },
	};
	struct err err;
	int column;

	for (size_t i = 0; i < NELEM(taken); i++) {
		if (expr_parse(taken[i].source, &env, &parsed, &column, &err) != 0)
			fail_msg("'%s': %s", taken[i].source, err.msg);
		assert_int_equal(parsed.kind, taken[i].kind);
	}
	for (size_t i = 0; i < NELEM(refused); i++)
		refuse(refused[i][0], 0, refused[i][1]);
}

/* ---- what expressions remember -------------------------------------------------------------------------------- */

/* One evaluation: T true, F false, ? unknown for a condition; a digit or ? for a value. */
struct moment {
	int64_t at_ns;
	char seen;
};

static void
load_moment(void *ctx, uint32_t channel, double *out, unsigned *out_quality, int64_t *out_stamp_ns)
{
	const struct moment *m = ctx;

	*out = m->seen == 'T' ? 1 : m->seen == 'F' ? 0 : m->seen - '0';
	*out_quality = m->seen == '?' ? Q_NO_ANSWER : Q_GOOD;
	*out_stamp_ns = m->at_ns / 2;
}

static char
letter(enum truth t)
{
	return "FT?"[t];
}

static struct expr_result
look(struct expr_cell *cells, const struct moment *m)
{
	struct moment copy = *m;
	const struct expr_input in = {
		.ctx = &copy, .load = load_moment, .now_ns = m->at_ns, .cells = cells
	};
	struct expr_result r;

	expr_run(parsed.ops, parsed.n, &in, &r);
	return r;
}

/* What a history of one evaluation a second says: seen and wanted, letter by letter. */
static void
test_memory(void **state)
{
	static const struct {
		const char *source, *seen, *wanted;
	} cases[] = {
		{ "yes for 2 s", "FTTTTF", "FFFTTF" },
		{ "yes for 2 s", "TTTFTTT", "FFTFFFT" },
		{ "yes for 2 s", "?TTT?TT", "?FFT?TT" },
		{ "yes for 2 s", "TT???TT", "FF???FT" }, /* does not count, does not break */
		{ "yes for 2 s", "TT?FTTT", "FF?FFFT" },
		{ "yes for 2 s", "T?T?T?TT", "F?F?F?FF" },
		{ "not yes for 2 s", "FFFFT", "FFTTF" },
		{ "since(yes) > 2.5 s", "FTTTTF", "FFFFTF" },
		{ "since(yes) > 0.5 s", "FTT?TTF", "FFT?FTF" }, /* breaks */
		{ "since(not yes) > 1.5 s", "FFFT", "FFTF" },
		{ "frozen(n, 2 s)", "11112", "FFTTF" },
		{ "frozen(n, 2 s)", "11?111", "FF?FTT" },
		{ "frozen(n, 2 s)", "11?2222", "FF?FFTT" },
		{ "frozen(yes, 2 s)", "TTTFFFT", "FFTFFTF" },
		{ "frozen(V, 1 s)", "2233", "FTFT" },
		{ "rises(yes)", "FTTFT", "FTFFT" },
		{ "rises(yes)", "TTFT", "FFFT" }, /* the first one is none */
		{ "rises(yes)", "F?TFT", "F?FFT" },
		{ "rises(yes)", "?TFT?T", "?FFT?F" },
		{ "rises(n > 3)", "1519", "FTFT" },
		{ "falls(yes)", "TFFTF", "FTFFT" },
		{ "falls(yes)", "FFTF", "FFFT" },
		{ "falls(yes)", "T?FTF", "F?FFT" },
		{ "rises(yes for 2 s)", "FTTTT", "FFFTF" },
		{ "rises(yes) or falls(yes)", "FTTF", "FTFT" },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct expr_cell cells[4] = { { 0 } };
		const char *wanted = cases[i].wanted;

		parse(cases[i].source);
		assert_in_range(parsed.n_cells, 1, NELEM(cells));
		for (size_t k = 0; cases[i].seen[k] != '\0'; k++) {
			struct moment m = { (int64_t)(k + 1) * NS_PER_S, cases[i].seen[k] };
			struct expr_result r = look(cells, &m);

			if (letter(r.truth) != wanted[k])
				fail_msg("'%s' over '%s': %c at %zu", cases[i].source,
					cases[i].seen, letter(r.truth), k);
			assert_int_equal(quality_is_bad(r.quality), wanted[k] == '?');
		}
	}
}

/* since() is a number of seconds; without memory nothing is known; a question changes nothing. */
static void
test_memory_forms(void **state)
{
	struct expr_cell cells[4] = { { 0 } }, before[4];
	struct moment m = { 5 * NS_PER_S, 'T' };
	struct expr_result r;

	parse("since(yes)");
	assert_int_equal(parsed.kind, EXPR_NUMBER);
	assert_true(unit_same(&parsed.unit, &unit_second));
	look(cells, &m);
	m.at_ns = 7500 * NS_PER_MS;
	r = look(cells, &m);
	assert_true(r.number == 2.5);
	assert_int_equal(r.stamp_ns, m.at_ns);
	assert_true(look(cells, &m).number == 2.5);
	m.seen = '?';
	assert_true(quality_is_bad(look(cells, &m).quality));
	m.seen = 'F';
	r = look(cells, &m);
	assert_true(r.number == 0 && r.quality == Q_GOOD);

	parse("since(yes) >= 0 s");
	assert_int_equal(look(NULL, &m).truth, TRUTH_UNKNOWN);
	parse("frozen(n, 1 s) or yes for 1 s or rises(yes)");
	assert_int_equal(parsed.n_cells, 3);
	assert_int_equal(parsed.n_reads, 2);
	m.seen = 'T';
	r = look(NULL, &m);
	assert_int_equal(r.truth, TRUTH_UNKNOWN);
	assert_true(quality_is_bad(r.quality));

	memset(cells, 0, sizeof(cells));
	look(cells, &m);
	memcpy(before, cells, sizeof(cells));
	m.at_ns += NS_PER_S;
	const struct expr_input trial = {
		.ctx = &m, .load = load_moment, .now_ns = m.at_ns, .cells = cells, .is_trial = true
	};
	expr_run(parsed.ops, parsed.n, &trial, &r);
	assert_int_equal(r.truth, TRUTH_TRUE);
	assert_memory_equal(before, cells, sizeof(cells));
	assert_int_equal(look(cells, &m).truth, TRUTH_TRUE);
}

/* What a `for` belongs to, as the program shows it: each operation by its letter. */
static void
test_for_belongs(void **state)
{
	static const struct {
		const char *source, *wanted;
	} cases[] = {
		{ "yes for 1 s", "y4" },
		{ "yes and no for 1 s", "yn&4" },
		{ "yes or no and maybe for 1 s", "ynm&|4" },
		{ "not yes for 1 s", "y!4" },
		{ "yes for 1 s and no", "y4n&" },
		{ "(yes and no) for 1 s or maybe", "yn&4m|" },
		{ "yes or no for 1 s and maybe", "yn4m&|" },
		{ "(no for 1 s) and yes", "n4y&" },
		{ "yes and (no for 1 s)", "yn4&" },
		{ "yes for 1 s and no for 1 s", "y4n&4" },
		{ "vote(1, yes for 1 s, no)", "y4nv" },
		{ "(yes for 1 s) for 1 s", "y44" },
		{ "since(yes for 0.5 min + 1 s - 30 s) > 3 s", "y4SC>" },
		{ "rises(yes) for 1h30", "yR4" },
		{ "n > 3 for 2 * 1 min", "nC>4" },
	};
	static const struct {
		uint32_t code;
		char letter;
	} letters[] = { { EXPR_OP_HOLDS, '4' }, { EXPR_OP_AND, '&' }, { EXPR_OP_OR, '|' },
		{ EXPR_OP_NOT, '!' }, { EXPR_OP_VOTE, 'v' }, { EXPR_OP_SINCE, 'S' },
		{ EXPR_OP_CONST, 'C' }, { EXPR_OP_GT, '>' }, { EXPR_OP_RISES, 'R' } };

	for (size_t i = 0; i < NELEM(cases); i++) {
		char is[32] = "";
		size_t n = 0;
		int64_t next_cell = 0;

		parse(cases[i].source);
		for (uint32_t k = 0; k < parsed.n; k++) {
			const struct expr_op *op = &parsed.ops[k];

			if (op->code == EXPR_OP_LOAD)
				is[n++] = channels[op->arg.i].name[0];
			for (size_t l = 0; l < NELEM(letters); l++)
				if (op->code == letters[l].code)
					is[n++] = letters[l].letter;
			if (expr_has_cell(op))
				assert_int_equal(op->arg.i, next_cell++);
		}
		if (strcmp(is, cases[i].wanted) != 0)
			fail_msg("'%s': %s", cases[i].source, is);
		assert_int_equal(parsed.n_cells, next_cell);
	}
	parse("n > 3 for 2 * 1 min");
	assert_true(parsed.ops[parsed.n - 1].arg2 == 120e9);
}

static void
test_refused_memory(void **state)
{
	refuse("(yes and no for 1 s)", 13, "put brackets around");
	refuse("(yes or no for 1 s) and yes", 12, "put brackets around");
	refuse("vote(1, yes or no for 1 s, yes)", 19, "put brackets around");
	refuse("not yes for 1 s and no", 9, "put brackets around");
	refuse("since(not yes for 1 s) > 1 s", 15, "put brackets around");
	refuse("yes for 1 s for 2 s", 0, "a second 'for'");
	refuse("n for 1 s", 3, "a number where a condition");
	refuse("yes and n for 1 s", 5, "a number where a condition");
	refuse("yes for", 8, "a value is expected");
	refuse("yes for 5", 9, "a time is needed");
	refuse("yes for 5 K", 9, "a time is needed");
	refuse("yes for age(n)", 9, "a time is needed");
	refuse("yes for no", 9, "a time is needed");
	refuse("yes for u", 9, "a time is needed");
	refuse("yes for 0 s", 9, "a time of 0 s");
	refuse("yes for -5 s", 9, "a time of -5 s");
	refuse("yes for 1e9 s", 9, "three years");
	refuse("yes for 1e-300 s", 9, "1 ms");
	refuse("frozen(n)", 9, "write frozen(n, 30 s)");
	refuse("frozen(n + 1, 30 s)", 10, "write frozen(n, 30 s)");
	refuse("frozen(n, 30)", 11, "a time is needed");
	refuse("frozen(n, 30 s, 2)", 15, "')'");
	refuse("frozen(label, 30 s)", 8, "label is a text");
	refuse("frozen(5, 30 s)", 8, "a channel");
	refuse("since(n)", 7, "a number where a condition");
	refuse("since()", 7, "a value");
	refuse("since(yes, 5 s)", 10, "')'");
	refuse("since(yes) > 5", 12, "5 s");
	refuse("rises(T)", 7, "for example with > 0 degC");
	refuse("falls(V)", 7, "V is a choice");
}

/* The same from the whole history, looked at backwards; m[n - 1] is now. */
static int64_t
naive_held(const struct moment *m, size_t n, bool unknown_breaks)
{
	int64_t held = 0;

	for (size_t k = n; k-- > 1 && m[k].seen != 'F';) {
		if (unknown_breaks && (m[k].seen == '?' || m[k - 1].seen == '?'))
			break;
		if (m[k].seen == 'T' && m[k - 1].seen == 'T')
			held += m[k].at_ns - m[k - 1].at_ns;
	}
	return held;
}

static char
naive_for(const struct moment *m, size_t n)
{
	char now = m[n - 1].seen;

	return now == 'T' ? letter(naive_held(m, n, false) >= 2 * NS_PER_S) : now;
}

static char
naive_since(const struct moment *m, size_t n)
{
	char now = m[n - 1].seen;

	return now == 'T' ? letter(naive_held(m, n, true) > 2 * NS_PER_S) : now;
}

static char
naive_frozen(const struct moment *m, size_t n)
{
	char now = m[n - 1].seen;
	int64_t held = 0;

	if (now == '?')
		return '?';
	for (size_t k = n; k-- > 1;) {
		if (m[k].seen != '?' && m[k].seen != now)
			break;
		if (m[k].seen == now && m[k - 1].seen == now)
			held += m[k].at_ns - m[k - 1].at_ns;
	}
	return letter(held >= 2 * NS_PER_S);
}

static char
naive_edge(const struct moment *m, size_t n, char from)
{
	char now = m[n - 1].seen;

	if (now == '?' || now == from)
		return now == '?' ? '?' : 'F';
	for (size_t k = n; k-- > 0;)
		if (m[k].at_ns != m[n - 1].at_ns)
			return letter(m[k].seen == from);
	return 'F';
}

static char
naive_rises(const struct moment *m, size_t n)
{
	return naive_edge(m, n, 'F');
}

static char
naive_falls(const struct moment *m, size_t n)
{
	return naive_edge(m, n, 'T');
}

#define HISTORY 60

/* Whatever is seen whenever, also several times at the same moment, and the same twice more at each. */
static void
test_memory_of_any_history(void **state)
{
	static const struct {
		const char *source;
		char (*naive)(const struct moment *m, size_t n);
	} cases[] = {
		{ "yes for 2 s", naive_for },
		{ "since(yes) > 2 s", naive_since },
		{ "frozen(yes, 2 s)", naive_frozen },
		{ "rises(yes)", naive_rises },
		{ "falls(yes)", naive_falls },
	};
	uint64_t random = 7;

	for (int round = 0; round < 4000; round++) {
		struct moment m[HISTORY];
		struct expr_cell cells[2] = { { 0 } };
		size_t c = (size_t)round % NELEM(cases);
		int64_t now_ns = NS_PER_S;
		uint64_t calm = 1 + (uint64_t)round % 7; /* changes are rarer */

		parse(cases[c].source);
		for (size_t n = 0; n < HISTORY; n++) {
			uint64_t r = rand_next(&random);
			char seen, naive;

			now_ns += (int64_t)(r % 5) * 200 * NS_PER_MS;
			m[n].at_ns = now_ns;
			m[n].seen = n > 0 && (r >> 8) % calm != 0 ? m[n - 1].seen
								  : "FT?"[(r >> 16) % 3];
			naive = cases[c].naive(m, n + 1);
			for (int again = 0; again < 3; again++) {
				seen = letter(look(cells, &m[n]).truth);
				if (seen != naive)
					fail_msg("'%s', round %d, moment %zu, look %d: %c, not %c",
						cases[c].source, round, n, again, seen, naive);
			}
		}
	}
}

/* A program damaged anywhere is refused or runs within its stack, channels and cells. */
static void
test_mutated(void **state)
{
	static const char *const sources[] = { "since(yes) > 5 s and frozen(n, 2 s)",
		"vote(2, rises(yes), falls(no), T > 5 degC) for 5 s",
		"min(age(T), since(n > 3)) + 5 s" };
	uint64_t random = 3;
	int taken = 0;

	for (int round = 0; round < 60000; round++) {
		struct expr_cell cells[8] = { { 0 } };
		struct expr_input in = input;
		struct expr_result r;
		struct expr_op *op;
		uint64_t x = rand_next(&random);

		if (round % 20 == 0)
			parse(sources[x % NELEM(sources)]);
		op = &parsed.ops[(x >> 4) % parsed.n];
		switch (x % 4) {
		case 0:
			op->code = (uint32_t)((x >> 12) % (EXPR_OP_FALLS + 2));
			break;
		case 1:
			op->arg.i = (int64_t)((x >> 12) % 40) - 3;
			break;
		case 2:
			op->arg2 = (double)((x >> 12) % 9) - 2;
			break;
		default:
			op->arg.u ^= UINT64_C(1) << (x >> 12) % 64;
			break;
		}
		if (!expr_is_sound(parsed.ops, parsed.n, NELEM(channels), parsed.n_cells))
			continue;
		taken++;
		in.cells = cells;
		expr_run(parsed.ops, parsed.n, &in, &r);
		for (size_t k = parsed.n_cells; k < NELEM(cells); k++)
			assert_true(cells[k].at_ns == 0 && cells[k].is == 0);
	}
	assert_in_range(taken, 1000, 59000);
}

/* ---- windows and sums ----------------------------------------------------------------------------------------- */

static double seen_v;
static unsigned seen_quality;
static int64_t seen_at_ns;

static void
load_seen(void *ctx, uint32_t channel, double *out, unsigned *out_quality, int64_t *out_stamp_ns)
{
	*out = seen_v;
	*out_quality = seen_quality;
	*out_stamp_ns = seen_at_ns;
}

/* One look more. */
static struct expr_result
see(struct expr_cell *cells, double s, double v, unsigned quality)
{
	struct expr_input in = { .load = load_seen, .now_ns = (int64_t)(s * 1e9), .cells = cells };
	struct expr_result r;

	seen_v = v;
	seen_quality = quality;
	seen_at_ns = in.now_ns;
	expr_run(parsed.ops, parsed.n, &in, &r);
	return r;
}

static bool
is_near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * (1 + fabs(b));
}

static void
test_windows(void **state)
{
	static struct expr_cell cells[200];
	struct expr_result r = { 0 };

	/* A slope of 0.5 K/s, exactly, and only once it has been watched for so long. */
	parse("slope(T, 1 min)");
	assert_true(parsed.n_cells <= NELEM(cells));
	memset(cells, 0, sizeof(cells));
	for (int i = 1; i <= 1000; i++) {
		r = see(cells, 1e6 + i * 0.5, 20 + i * 0.25, Q_GOOD);
		assert_int_equal(quality_is_bad(r.quality), i < 121);
	}
	assert_true(is_near(r.number, 0.5));
	assert_true(quality_is_bad(see(cells, 1e6 + 501, 0, Q_NO_ANSWER).quality));
	r = see(cells, 1e6 + 502, 20 + 1004 * 0.25, Q_GOOD);
	assert_int_equal(r.quality, Q_GOOD);
	assert_true(is_near(r.number, 0.5));
	/* Too long without values: there are not enough, and then there are again. */
	r = see(cells, 1e6 + 700, 100, Q_GOOD);
	assert_true(quality_is_bad(r.quality));

	parse("mean(T, 10 s)");
	memset(cells, 0, sizeof(cells));
	for (int i = 1; i <= 200; i++)
		r = see(cells, i * 0.1, i % 2 == 0 ? 10 : 20, Q_GOOD);
	assert_true(fabs(r.number - 15) < 0.01);
	for (int i = 201; i <= 400; i++)
		r = see(cells, i * 0.1, 300, Q_GOOD);
	assert_true(is_near(r.number, 300));

	parse("rsd(n, 3)");
	memset(cells, 0, sizeof(cells));
	assert_true(quality_is_bad(see(cells, 1, 9, Q_GOOD).quality));
	assert_true(quality_is_bad(see(cells, 2, 10, Q_GOOD).quality));
	assert_true(is_near(see(cells, 3, 11, Q_GOOD).number, 0.1));
	assert_true(quality_is_bad(see(cells, 4, 11, Q_NO_ANSWER).quality));
	assert_true(is_near(see(cells, 5, 12, Q_GOOD).number, 1.0 / 11));
}

static void
test_sums(void **state)
{
	static struct expr_cell cells[4];
	struct expr_result r = { 0 };

	parse("total(flow)");
	memset(cells, 0, sizeof(cells));
	for (int i = 0; i <= 60; i++)
		r = see(cells, 100 + i, 6, Q_GOOD);
	assert_true(is_near(r.number, 360)); /* mL/min times s */
	assert_int_equal(r.quality, Q_GOOD);
	assert_true(quality_is_bad(see(cells, 161, 6, Q_STALE).quality));
	see(cells, 162, 6, Q_GOOD);
	r = see(cells, 163, 6, Q_GOOD);
	assert_true(is_near(r.number, 366));
	assert_int_equal(r.quality, Q_OUT_OF_RANGE); /* something was missed */

	parse("hours(flow > 5 mL/min)");
	memset(cells, 0, sizeof(cells));
	for (int i = 0; i <= 10; i++)
		r = see(cells, 100 + i, i == 5 ? 0 : 6, Q_GOOD);
	assert_true(is_near(r.number, 8));
	assert_true(unit_same(&parsed.unit, &unit_second));
	refuse("total(T)", 1, "a point (degC)");
	refuse("rsd(T, 3)", 1, "depends on where its scale begins");
	refuse("mean(T)", 7, "write mean(x, 1 min)");
	refuse("rsd(n, 101)", 8, "2 to 100 acquisitions");
	refuse("slope(T, n)", 10, "a time is needed here");
	refuse("slope(T, 1 min) > 5 K", 17, "both sides need the same dimension");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_exactness),
		cmocka_unit_test(test_truths),
		cmocka_unit_test(test_quality_and_stamp),
		cmocka_unit_test(test_refused_words),
		cmocka_unit_test(test_refused_as_not_here),
		cmocka_unit_test(test_refused_units),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_convert),
		cmocka_unit_test(test_describe),
		cmocka_unit_test(test_unsound),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_memory_forms),
		cmocka_unit_test(test_for_belongs),
		cmocka_unit_test(test_refused_memory),
		cmocka_unit_test(test_memory_of_any_history),
		cmocka_unit_test(test_mutated),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
