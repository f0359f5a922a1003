/* unit.c - units as numbers: exponents, factor, offset */
#include "model/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct unit unit_one = { .factor = 1 };
const struct unit unit_second = { .dim = { [UNIT_TIME] = 1 }, .factor = 1 };

bool
unit_same_dim(const struct unit *a, const struct unit *b)
{
	return memcmp(a->dim, b->dim, sizeof(a->dim)) == 0;
}

bool
unit_is_plain(const struct unit *u)
{
	return unit_same_dim(u, &unit_one);
}

bool
unit_same(const struct unit *a, const struct unit *b)
{
	return unit_same_dim(a, b) && a->factor == b->factor && a->offset == b->offset &&
	       a->is_point == b->is_point;
}

bool
unit_combine(const struct unit *a, const struct unit *b, int power, struct unit *out)
{
	struct unit u = { .factor = a->factor * pow(b->factor, power) };

	for (size_t i = 0; i < EXPR_DIMS; i++) {
		int e = a->dim[i] + b->dim[i] * power;

		if (e < -99 || e > 99)
			return false;
		u.dim[i] = (int8_t)e;
	}
	if (!isnormal(u.factor))
		return false;
	*out = u;
	return true;
}

/* A factor is a product of several roundings. Where a number of twelve digits lies within their reach, that number was
 * meant: 3 bar is 3000 mbar, not 3000.0000000000005. */
static bool
is_round(double v, double *out)
{
	char text[32];
	double w;

	snprintf(text, sizeof(text), "%.12g", v);
	w = strtod(text, NULL);
	if (fabs(w - v) > 2e-15 * fabs(v))
		return false;
	*out = w;
	return true;
}

/* from/to as mul/div, one of them 1. */
static void
ratio(double from, double to, double *mul, double *div)
{
	*div = 1;
	if (is_round(from / to, mul))
		return;
	if (is_round(to / from, div))
		*mul = 1;
	else {
		*mul = from / to;
		*div = 1;
	}
}

/* The difference of two offsets near 273.15 has lost three digits before it is divided. */
static double
shift(const struct unit *from, const struct unit *to)
{
	char text[32];
	double v, w;

	if (!from->is_point || !to->is_point)
		return 0;
	v = (from->offset - to->offset) / to->factor;
	snprintf(text, sizeof(text), "%.12g", v);
	w = strtod(text, NULL);
	return fabs(w - v) < 1e-15 * (fabs(from->offset) + fabs(to->offset)) / fabs(to->factor) ? w
												: v;
}

void
unit_conversion(
	const struct unit *from, const struct unit *to, double *out_factor, double *out_offset)
{
	double mul, div;

	ratio(from->factor, to->factor, &mul, &div);
	*out_factor = mul / div;
	*out_offset = shift(from, to);
}

double
unit_change(double v, const struct unit *from, const struct unit *to)
{
	double mul, div;

	ratio(from->factor, to->factor, &mul, &div);
	return v * mul / div + shift(from, to);
}

/* Names that people have for products of base dimensions; in the order of enum unit_dim. */
static const struct {
	const char *name;
	int8_t dim[EXPR_DIMS];
} known[] = {
	{ "plain number", { 0 } },
	{ "area", { 2 } },
	{ "volume", { 3 } },
	{ "speed", { 1, 0, -1 } },
	{ "acceleration", { 1, 0, -2 } },
	{ "frequency", { 0, 0, -1 } },
	{ "volume flow", { 3, 0, -1 } },
	{ "mass flow", { 0, 1, -1 } },
	{ "molar flow", { 0, 0, -1, 0, 0, 1 } },
	{ "density", { -3, 1 } },
	{ "concentration", { -3, 0, 0, 0, 0, 1 } },
	{ "molar mass", { 0, 1, 0, 0, 0, -1 } },
	{ "force", { 1, 1, -2 } },
	{ "pressure", { -1, 1, -2 } },
	{ "pressure change per time", { -1, 1, -3 } },
	{ "energy", { 2, 1, -2 } },
	{ "power", { 2, 1, -3 } },
	{ "viscosity", { -1, 1, -1 } },
	{ "kinematic viscosity", { 2, 0, -1 } },
	{ "electric charge", { 0, 0, 1, 1 } },
	{ "voltage", { 2, 1, -3, -1 } },
	{ "electric resistance", { 2, 1, -3, -2 } },
	{ "electric conductance", { -2, -1, 3, 2 } },
	{ "electric conductivity", { -3, -1, 3, 2 } },
	{ "temperature change per time", { 0, 0, -1, 0, 1 } },
	{ "gauge pressure", { [UNIT_GAUGE] = 1 } },
	{ "standard volume", { [UNIT_STANDARD] = 1 } },
	{ "standard volume flow", { [UNIT_TIME] = -1, [UNIT_STANDARD] = 1 } },
};

static const char *const base_names[EXPR_DIMS] = { "length", "mass", "time", "electric current",
	"temperature", "amount", "luminous intensity", "gauge pressure", "standard volume",
	"share of the explosive limit", "pH", "relative humidity" };

/* "mass^2*time", of the exponents with this sign. */
static void
product(char *out, size_t cap, const struct unit *unit, int sign)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < EXPR_DIMS && n < cap; i++) {
		int e = unit->dim[i] * sign;

		if (e <= 0)
			continue;
		n += (size_t)snprintf(out + n, cap - n, "%s%s", n > 0 ? "*" : "", base_names[i]);
		if (e > 1 && n < cap)
			n += (size_t)snprintf(out + n, cap - n, "^%d", e);
	}
}

void
unit_describe(char *out, const struct unit *unit)
{
	char above[64], below[64];

	if (unit->dim[UNIT_TEMPERATURE] == 1) {
		struct unit rest = *unit;

		rest.dim[UNIT_TEMPERATURE] = 0;
		if (unit_is_plain(&rest)) {
			snprintf(out, 96, "%s",
				unit->is_point ? "point of temperature" : "temperature difference");
			return;
		}
	}
	for (size_t i = 0; i < NELEM(known); i++) {
		if (memcmp(known[i].dim, unit->dim, sizeof(unit->dim)) == 0) {
			snprintf(out, 96, "%s", known[i].name);
			return;
		}
	}
	product(above, sizeof(above), unit, 1);
	product(below, sizeof(below), unit, -1);
	if (below[0] == '\0')
		snprintf(out, 96, "%s", above);
	else
		snprintf(out, 96, "%.45s/%.45s", above[0] == '\0' ? "1" : above, below);
}
