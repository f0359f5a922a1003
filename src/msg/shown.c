/* shown.c - values and units as tables for people have them */
#include "msg/shown.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "msg/quality.h"

static int
decimals(double size, const double *range)
{
	double span = size * 10;
	int digits;

	if (range != NULL && range[1] > range[0])
		span = range[0] > 0 && range[1] / range[0] > 1000 ? size * 100
								  : range[1] - range[0];
	if (!(span > 0) || !isfinite(span))
		return 1;
	digits = 4 - (int)floor(log10(span));
	return MAX(0, MIN(digits, 6));
}

void
shown_value(char *out, enum value_type type, const struct sample *s, const char *choice,
	const double *range)
{
	double size = fabs(s->v.f);

	value_text(out, type, s, choice);
	if ((type != VALUE_FLOAT && type != VALUE_FLOAT32) || quality_is_bad(s->quality) ||
		!isfinite(s->v.f))
		return;
	if (size != 0 && (size >= 1e9 || size < 1e-4))
		snprintf(out, VALUE_TEXT_MAX + 1, "%.3e", s->v.f);
	else
		snprintf(out, VALUE_TEXT_MAX + 1, "%.*f", decimals(size, range), s->v.f);
}

void
shown_digits(char *out, enum value_type type, const struct sample *s, const char *choice)
{
	value_text(out, type, s, choice);
	if (type == VALUE_FLOAT && !quality_is_bad(s->quality))
		snprintf(out, VALUE_TEXT_MAX + 1, "%.8g", s->v.f);
}

const char *
shown_unit(const char *unit)
{
	static const char *const signs[][2] = { { "degC", "°C" }, { "degF", "°F" }, { "ohm", "Ω" },
		{ "um", "µm" } };

	for (size_t i = 0; i < NELEM(signs); i++)
		if (strcmp(unit, signs[i][0]) == 0)
			return signs[i][1];
	return unit;
}

const char *
shown_step_unit(const char *unit)
{
	return strcmp(unit, "degC") == 0 || strcmp(unit, "°C") == 0 ? "K" : shown_unit(unit);
}
