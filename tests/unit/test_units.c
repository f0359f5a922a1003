/* test_units.c - what the words for units mean */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/units.h"
#include "model/expr_lex.h"
#include "model/unit.h"

static struct unit
unit(const char *text)
{
	struct unit u;
	struct err err;

	if (units_parse(text, &u, &err) != 0)
		fail_msg("%s: %s", text, err.msg);
	return u;
}

static void
assert_near(double got, double wanted, const char *what)
{
	if (fabs(got - wanted) > 1e-13 * fabs(wanted))
		fail_msg("%s: %.17g, not %.17g", what, got, wanted);
}

/* One of `a` is `factor` of `b`, and both can be compared. */
static void
test_meanings(void **state)
{
	static const struct {
		const char *a;
		double factor;
		const char *b;
	} cases[] = {
		{ "bar", 1000, "mbar" },
		{ "mL/min", 0.06, "L/h" },
		{ "kPa", 10, "mbar" },
		{ "hPa", 1, "mbar" },
		{ "atm", 760, "Torr" },
		{ "mTorr", 1e-3, "torr" },
		{ "psi", 6894.757293168361, "Pa" },
		{ "psia", 1, "psi" },
		{ "bara", 1, "bar" },
		{ "mbara", 1, "mbar" },
		{ "mmHg", 133.322387415, "Pa" },
		{ "cmHg", 10, "mmHg" },
		{ "inHg", 3386.389, "Pa" },
		{ "mmH2O", 9.80665, "Pa" },
		{ "cmH2O", 10, "mmH2O" },
		{ "inH2O", 249.08891, "Pa" },
		{ "barg", 1000, "mbarg" },
		{ "bar_g", 1, "barg" },
		{ "kPag", 10, "mbarg" },
		{ "psig", 6894.757293168361, "Pag" },
		{ "L_n", 1000, "mL_n" },
		{ "l_n", 1, "L_n" },
		{ "m3_n", 1000, "L_n" },
		{ "Nm3/h", 1000, "NL/h" },
		{ "NmL", 1, "mL_n" },
		{ "Nml", 1, "mL_n" },
		{ "Nl", 1, "NL" },
		{ "Ncm3", 1, "mL_n" },
		{ "mln/min", 1, "mL_n/min" },
		{ "ln", 1, "L_n" },
		{ "scc", 1, "mL_n" },
		{ "sccm", 1, "mL_n/min" },
		{ "SCCM", 1, "sccm" },
		{ "sccs", 60, "sccm" },
		{ "slm", 1000, "sccm" },
		{ "slpm", 1, "slm" },
		{ "SLM", 1, "slm" },
		{ "SLPM", 1, "slm" },
		{ "ccm", 1, "mL/min" },
		{ "cc", 1, "mL" },
		{ "lpm", 1, "L/min" },
		{ "LPM", 1, "L/min" },
		{ "gpm", 3.785411784, "L/min" },
		{ "rpm", 1, "1/min" },
		{ "rev", 1, "1" },
		{ "rev/min", 1, "rpm" },
		{ "rps", 60, "rpm" },
		{ "cps", 1, "counts/s" },
		{ "count", 1, "1" },
		{ "mph", 0.44704, "m/s" },
		{ "%", 0.01, "1" },
		{ "pct", 1, "%" },
		{ "vol%", 1, "%" },
		{ "mol%", 1, "%" },
		{ "wt%", 1, "%" },
		{ "%vol", 1, "%" },
		{ "%FS", 1, "%" },
		{ "‰", 0.1, "%" },
		{ "%", 10000, "ppm" },
		{ "ppm", 1000, "ppb" },
		{ "ppmv", 1, "ppm" },
		{ "ppbv", 1, "ppb" },
		{ "%rH", 1, "%RH" },
		{ "kWh", 3.6, "MJ" },
		{ "mAh", 3.6, "coulomb" },
		{ "kVA", 1, "kW" },
		{ "var", 1, "W" },
		{ "cal", 4.184, "J" },
		{ "kcal", 1000, "cal" },
		{ "Nm", 1, "J" },
		{ "kgf", 9.80665, "N" },
		{ "Ohm", 1, "Ω" },
		{ "ohm", 1, "Ω" },
		{ "kΩ", 1000, "Ω" },
		{ "µm", 1e-6, "m" },
		{ "μm", 1, "µm" },
		{ "um", 1, "µm" },
		{ "µA", 1e-3, "mA" },
		{ "µS/cm", 1e-4, "S/m" },
		{ "µF", 1e6, "pF" },
		{ "uF", 1, "µF" },
		{ "mF", 1e3, "µF" },
		{ "nF", 1e-9, "farad" },
		{ "mPas", 1, "cP" },
		{ "P", 100, "cP" },
		{ "cSt", 1, "mm2/s" },
		{ "St", 100, "cSt" },
		{ "mM", 1, "mol/m3" },
		{ "mAU", 1e-3, "AU" },
		{ "NTU", 1, "1" },
		{ "FNU", 1, "1" },
		{ "FTU", 1, "1" },
		{ "h", 60, "min" },
		{ "hr", 1, "h" },
		{ "hour", 1, "h" },
		{ "d", 24, "h" },
		{ "day", 1, "d" },
		{ "week", 7, "d" },
		{ "sec", 1, "s" },
		{ "ms", 1000, "us" },
		{ "kHz", 1000, "s-1" },
		{ "K/min", 60, "K/h" },
		{ "degC/min", 1, "K/min" },
		{ "m3", 1000, "L" },
		{ "m^3", 1, "m3" },
		{ "m³", 1, "m3" },
		{ "s⁻¹", 1, "Hz" },
		{ "l", 1, "L" },
		{ "cm2", 1e-4, "m2" },
		{ "W/m2/K", 1, "W/m^2/degC" },
		{ "mol/m-2", 1, "mol/m-2" },
		{ "t", 1000, "kg" },
		{ "lb", 0.45359237, "kg" },
		{ "kDa", 1000, "Da" },
		{ "ha", 1e4, "m2" },
		{ "inch", 25.4, "mm" },
		{ "ft", 12, "inch" },
		{ "Å", 0.1, "nm" },
		{ "gallon", 3.785411784, "L" },
		{ "°", 1, "deg" },
		{ "keV", 1000, "eV" },
		{ "B", 8, "bit" },
		{ "KiB", 1.024, "kB" },
		{ "MiB", 1024, "KiB" },
		{ "GiB", 1024, "MiB" },
		{ "millibar", 1, "mbar" },
		{ "Wb", 1, "V/s-1" },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct unit a = unit(cases[i].a), b = unit(cases[i].b);

		if (!unit_same_dim(&a, &b))
			fail_msg("%s and %s differ", cases[i].a, cases[i].b);
		assert_near(unit_change(1, &a, &b), cases[i].factor, cases[i].a);
	}
}

static void
test_own_dimensions(void **state)
{
	static const char *const pairs[][2] = { { "barg", "bar" }, { "mL_n", "mL" },
		{ "sccm", "mL/min" }, { "%LEL", "%" }, { "pH", "1" }, { "%RH", "%" },
		{ "barg/s", "bar/s" }, { "pH", "%RH" }, { "m", "kg" } };

	for (size_t i = 0; i < NELEM(pairs); i++) {
		struct unit a = unit(pairs[i][0]), b = unit(pairs[i][1]);

		assert_false(unit_same_dim(&a, &b));
	}
	assert_int_equal(unit("Nm3/h").dim[UNIT_STANDARD], 1);
	assert_int_equal(unit("Nm3/h").dim[UNIT_TIME], -1);
	assert_int_equal(unit("barg/s").dim[UNIT_GAUGE], 1);
	assert_int_equal(unit("V").dim[UNIT_CURRENT], -1);
	assert_int_equal(unit("cd").dim[UNIT_LUMINOUS], 1);
	assert_int_equal(unit("mol/L").dim[UNIT_AMOUNT], 1);
}

static void
test_points(void **state)
{
	static const char *const points[] = { "degC", "°C", "℃", "celsius", "degF", "°F",
		"fahrenheit" };
	struct unit c = unit("degC"), f = unit("degF");
	const char *name;
	size_t n = 0;

	for (size_t i = 0; i < NELEM(points); i++)
		assert_true(unit(points[i]).is_point);
	assert_false(unit("degC/min").is_point);
	assert_false(unit("degC2").is_point);
	for (size_t i = 0; (name = units_list(i)) != NULL; i++) {
		struct unit u = unit(name);

		assert_true(u.is_point == (u.offset != 0));
		assert_true(isnormal(u.factor));
		assert_false(lex_is_reserved((struct slice){ name, strlen(name) }));
		n += u.is_point;
	}
	assert_int_equal(n, 6); /* all above but the word of udunits2 itself */
	assert_true(unit_change(100, &c, &f) == 212);
	assert_true(fabs(unit_change(32, &f, &c)) < 1e-12);
	assert_near(unit_change(-40, &f, &c), -40, "-40 degF");
}

static void
test_refusals(void **state)
{
	static const char *const cases[][2] = {
		{ "xyz", "unknown unit 'xyz'" },
		{ "barrg", "did you mean barg?" },
		{ "mL/mim", "unknown unit 'mim'" },
		{ "C", "degC" },
		{ "F", "degF" },
		{ "a", "ha" },
		{ "at", "atm" },
		{ "in", "inch" },
		{ "degK", "write K" },
		{ "h2", "no gas in its name" },
		{ "mL/min/N2", "no gas in its name" },
		{ "ppt", "trillion" },
		{ "oz", "write g" },
		{ "year", "365" },
		{ "dB", "plain number" },
		{ "Gs", "unknown unit" },
		{ "u", "unknown unit" },
		{ "mL /min", "blank in the unit" },
		{ "kg.m", "only '/' joins units" },
		{ "kg·m", "only '/' joins units" },
		{ "/min", "name is missing" },
		{ "mL//min", "name is missing" },
		{ "mL/", "name is missing" },
		{ "m0", "exponent" },
		{ "2", "unknown unit" },
		{ "-1", "unknown unit" },
		{ "\xFF", "UTF-8" },
		{ "lg", "unknown unit" },
		{ "since", "unknown unit" },
		{ "decibel", "unknown unit" },
		{ "m9/m-9/m-9/m-9/m-9/m-9/m-9/m-9/m-9/m-9/m-9/m-9", "out of range" },
		{ "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm",
			"at most 63" },
	};
	struct unit u;
	struct err err;

	for (size_t i = 0; i < NELEM(cases); i++) {
		if (units_parse(cases[i][0], &u, &err) == 0)
			fail_msg("'%s' was taken", cases[i][0]);
		if (strstr(err.msg, cases[i][1]) == NULL)
			fail_msg("'%s': %s", cases[i][0], err.msg);
	}
}

/* More units than the cache holds are still understood, and the same each time. */
static void
test_cache_is_bounded(void **state)
{
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 3000; i++) {
			char text[64];

			snprintf(text, sizeof(text), "m%d/s%d/K%d/A%d", 1 + i % 9, 1 + i / 9 % 9,
				1 + i / 81 % 9, 1 + i / 729);
			assert_int_equal(unit(text).dim[UNIT_LENGTH], 1 + i % 9);
			assert_int_equal(unit(text).dim[UNIT_CURRENT], -(1 + i / 729));
		}
	}
}

static void
test_missing_database(void **state)
{
	struct err err;

	units_close();
	setenv("UDUNITS2_XML_PATH", "/nonexistent/udunits2.xml", 1);
	assert_int_equal(units_open(&err), ERR_IO);
	assert_non_null(strstr(err.msg, "/nonexistent/udunits2.xml"));
	assert_non_null(strstr(err.msg, "install the package"));
	unsetenv("UDUNITS2_XML_PATH");
	assert_int_equal(units_open(&err), 0);
	assert_near(unit("mbar").factor, 100, "mbar");
}

static int
setup(void **state)
{
	return units_open(NULL);
}

static int
teardown(void **state)
{
	units_close();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meanings),
		cmocka_unit_test(test_own_dimensions),
		cmocka_unit_test(test_points),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_cache_is_bounded),
		cmocka_unit_test(test_missing_database),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
