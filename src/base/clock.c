/* clock.c - times and durations as text */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Days since 1970-01-01 to year, month, day (proleptic Gregorian; eras of 400 years that begin in March). */
static void
civil(int64_t days, int *out_year, int *out_month, int *out_day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*out_day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*out_month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*out_year = (int)(yoe + era * 400 + (*out_month <= 2));
}

void
clock_text(char *out, int64_t wall_ns)
{
	int64_t ms = wall_ns / NS_PER_MS, day, in_day;
	char text[100];
	int y, m, d;

	if (wall_ns % NS_PER_MS < 0)
		ms--;
	day = ms / 86400000;
	in_day = ms % 86400000;
	if (in_day < 0) {
		in_day += 86400000;
		day--;
	}
	civil(day, &y, &m, &d);
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", y, m, d,
		(int)(in_day / 3600000), (int)(in_day / 60000 % 60), (int)(in_day / 1000 % 60),
		(int)(in_day % 1000));
	text_copy(out, CLOCK_TEXT_SIZE, text);
}

/* Days since 1970-01-01 of a date, the inverse of civil(). */
static int64_t
days_of(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
	int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* So many digits, which end where `end` stands; -1: something else. */
static int
digits(const char **at, int n, char end)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return -1;
		v = v * 10 + (**at - '0');
	}
	if (end != '\0' && *(*at)++ != end)
		return -1;
	return v;
}

bool
clock_parse(const char *text, int64_t *out_wall_ns)
{
	const char *at = text;
	int y, m, d, h, min, s, back_y, back_m, back_d;
	int64_t ns = 0, days;

	y = digits(&at, 4, '-');
	m = y < 0 ? -1 : digits(&at, 2, '-');
	d = m < 0 ? -1 : digits(&at, 2, 'T');
	h = d < 0 ? -1 : digits(&at, 2, ':');
	min = h < 0 ? -1 : digits(&at, 2, ':');
	s = min < 0 ? -1 : digits(&at, 2, '\0');
	if (s < 0 || y < 1678 || y > 2261 || h > 23 || min > 59 || s > 59)
		return false;
	if (*at == '.') {
		int64_t unit = NS_PER_S / 10;

		for (at++; *at >= '0' && *at <= '9' && unit > 0; at++, unit /= 10)
			ns += (*at - '0') * unit;
		if (unit == NS_PER_S / 10)
			return false;
	}
	if (strcmp(at, "Z") != 0)
		return false;
	days = days_of(y, m, d);
	civil(days, &back_y, &back_m, &back_d);
	if (back_y != y || back_m != m || back_d != d)
		return false; /* as the 31st of April */
	*out_wall_ns = (days * 86400 + h * 3600 + min * 60 + s) * NS_PER_S + ns;
	return true;
}

void
clock_span(char *out, int64_t span_ns)
{
	int64_t s = span_ns / NS_PER_S;

	if (span_ns < NS_PER_S)
		snprintf(out, CLOCK_TEXT_SIZE, "%lld ms", (long long)(span_ns / NS_PER_MS));
	else if (s < 60)
		snprintf(out, CLOCK_TEXT_SIZE, "%.3g s", (double)span_ns / 1e9);
	else if (s < 3600)
		snprintf(out, CLOCK_TEXT_SIZE, "%d min %d s", (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		snprintf(out, CLOCK_TEXT_SIZE, "%d h %d min", (int)(s / 3600), (int)(s / 60 % 60));
	else
		snprintf(out, CLOCK_TEXT_SIZE, "%lld d %d h", (long long)(s / 86400),
			(int)(s / 3600 % 24));
}
