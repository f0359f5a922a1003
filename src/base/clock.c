/* clock.c - times and durations as text */
#include "base/clock.h"

#include <stdio.h>

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
