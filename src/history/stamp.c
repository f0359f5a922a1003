/* stamp.c - moments of wall time as text, and back
 *
 * Zones are the C library's: one at a time for the whole process. It reads its files when one is chosen that it does not have.
 */
#include "history/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/span.h"
#include "base/text.h"

#define BLOCK_S 900 /* offsets change at quarters of an hour */

static char current[STAMP_ZONE_MAX] = "UTC"; /* as asked for */
static char at_start[STAMP_ZONE_MAX];        /* TZ as we found it; "": none */
static bool is_begun, had_tz;

/* ---- zones --------------------------------------------------------------------------------------------------------------- */

static void
begin(void)
{
	const char *tz = getenv("TZ");

	if (is_begun)
		return;
	is_begun = true;
	had_tz = tz != NULL && text_copy(at_start, sizeof(at_start), tz);
	setenv("TZ", "UTC0", 1);
	tzset();
}

static bool
is_there(const char *zone)
{
	char path[STAMP_ZONE_MAX + sizeof(STAMP_ZONES) + 1];
	size_t n =
		strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/");

	if (zone[n] != '\0' || n == 0 || n >= STAMP_ZONE_MAX || zone[0] == '/' ||
		zone[n - 1] == '/')
		return false;
	snprintf(path, sizeof(path), "%s/%s", STAMP_ZONES, zone);
	return access(path, R_OK) == 0;
}

int
stamp_zone(const char *zone, struct err *err)
{
	const char *name = zone[0] == '\0' ? "UTC" : zone;

	begin();
	if (strcmp(name, current) == 0)
		return 0;
	if (strcmp(name, "UTC") == 0) {
		setenv("TZ", "UTC0", 1);
	} else if (strcmp(name, "local") == 0) {
		if (had_tz)
			setenv("TZ", at_start, 1);
		else
			unsetenv("TZ");
	} else if (is_there(name)) {
		setenv("TZ", name, 1);
	} else {
		return err_set(err, ERR_CONF, 0,
			"zone '%.40s' is not known here; write UTC, local, or a name of the time "
			"zone data base such as Europe/Paris",
			zone);
	}
	text_copy(current, sizeof(current), name);
	tzset();
	return 0;
}

static int64_t
offset_at(int64_t second)
{
	time_t t = (time_t)second;
	struct tm tm;

	begin();
	return localtime_r(&t, &tm) == NULL ? 0 : (int64_t)tm.tm_gmtoff;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------- */

static int
refuse(const char *text, struct err *err)
{
	return err_set(err, ERR_CONF, 0,
		"'%.40s' is not a moment; write 2026-11-26T14:30:00Z, with +01:00 for another zone "
		"(+ as %%2B in an address), nanoseconds since 1970, -1h, or now",
		text);
}

static bool
two(const char **p, int most, int *out)
{
	const char *s = *p;

	if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
		return false;
	*out = (s[0] - '0') * 10 + s[1] - '0';
	*p += 2;
	return *out <= most;
}

/* ".125" behind the seconds. */
static int64_t
fraction(const char **p)
{
	int64_t ns = 0, unit = 100000000;

	if (**p != '.' && **p != ',')
		return 0;
	for (++*p; **p >= '0' && **p <= '9'; ++*p, unit /= 10)
		ns += (**p - '0') * unit;
	return ns;
}

/* "14:30", "14:30:00.125". */
static bool
clock_time(const char **p, struct tm *tm, int64_t *out_ns)
{
	if (!two(p, 23, &tm->tm_hour) || *(*p)++ != ':' || !two(p, 59, &tm->tm_min))
		return false;
	if (**p != ':')
		return true;
	++*p;
	if (!two(p, 60, &tm->tm_sec))
		return false;
	*out_ns = fraction(p);
	return true;
}

/* "+01:00", "+0100", "+01" */
static bool
zone_of(const char **p, int64_t *out_s)
{
	int sign = **p == '-' ? -1 : 1, hours, minutes = 0;

	if (**p == 'Z' || **p == 'z') {
		++*p;
		*out_s = 0;
		return true;
	}
	/* In an address a plus sign is a blank. */
	if (**p != '+' && **p != '-' && **p != ' ')
		return false;
	++*p;
	if (!two(p, 23, &hours))
		return false;
	*p += **p == ':';
	if (**p != '\0' && !two(p, 59, &minutes))
		return false;
	*out_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool
date(const char **p, struct tm *tm)
{
	int high, low;

	if (!two(p, 99, &high) || !two(p, 99, &low) || *(*p)++ != '-' || !two(p, 12, &tm->tm_mon) ||
		*(*p)++ != '-' || !two(p, 31, &tm->tm_mday) || tm->tm_mon < 1 || tm->tm_mday < 1)
		return false;
	tm->tm_year = high * 100 + low - 1900;
	tm->tm_mon--;
	return tm->tm_year >= 70 && tm->tm_year < 360; /* what fits into 64 bits of ns */
}

static int
parse_iso(const char *text, int64_t *out_ns, struct err *err)
{
	struct tm tm = { .tm_isdst = -1 };
	int64_t ns = 0, offset = 0;
	const char *p = text;
	bool has_zone;

	if (!date(&p, &tm))
		return refuse(text, err);
	if ((*p == 'T' || *p == 't' || *p == ' ') && (p++, !clock_time(&p, &tm, &ns)))
		return refuse(text, err);
	has_zone = *p != '\0';
	if (has_zone && (!zone_of(&p, &offset) || *p != '\0'))
		return refuse(text, err);
	begin();
	*out_ns = (has_zone ? (int64_t)timegm(&tm) - offset : (int64_t)mktime(&tm)) * NS_PER_S + ns;
	return 0;
}

/* A number since 1970, as programs write it: seconds up to the year 5138, else milliseconds, microseconds, nanoseconds; by its size, since none of
 * these is a time that anybody asks for in the unit before it. Grafana and JavaScript count milliseconds. */
static int64_t
since_1970(int64_t number)
{
	if (number < INT64_C(100000000000)) /* beyond the year 2262 there are no nanoseconds */
		return MIN(number, INT64_MAX / NS_PER_S) * NS_PER_S;
	if (number < INT64_C(100000000000000))
		return MIN(number, INT64_MAX / NS_PER_MS) * NS_PER_MS;
	return number < INT64_C(100000000000000000) ? MIN(number, INT64_MAX / 1000) * 1000 : number;
}

int
stamp_parse(const char *text, int64_t now_ns, int64_t *out_ns, struct err *err)
{
	int64_t span, number;

	if (strcmp(text, "now") == 0) {
		*out_ns = now_ns;
		return 0;
	}
	if (text[0] != '-' && text[0] != '\0' && strspn(text, "0123456789") == strlen(text)) {
		if (!text_to_int(text, &number))
			return refuse(text, err);
		*out_ns = since_1970(number);
		return 0;
	}
	if (text[0] != '-')
		return parse_iso(text, out_ns, err);
	if (span_parse(text + 1, &span, err) < 0)
		return ERR_CONF;
	*out_ns = span > now_ns ? 0 : now_ns - span;
	return 0;
}

/* ---- writing ------------------------------------------------------------------------------------------------------------- */

static void
set_zone_text(struct stamp *s)
{
	int64_t minutes = (s->offset < 0 ? -s->offset : s->offset) / 60;

	if (strcmp(current, "UTC") == 0)
		text_copy(s->zone, sizeof(s->zone), "Z");
	else
		snprintf(s->zone, sizeof(s->zone), "%c%02d:%02d", s->offset < 0 ? '-' : '+',
			(int)(minutes / 60) % 100, (int)(minutes % 60));
}

static void
look_at(struct stamp *s, int64_t second)
{
	int64_t block = second / BLOCK_S - (second % BLOCK_S < 0);
	time_t shifted;
	struct tm tm;

	if (!s->has_block || s->block != block) {
		s->block = block;
		s->has_block = true;
		s->offset = strcmp(current, "UTC") == 0 ? 0 : offset_at(second);
		set_zone_text(s);
	}
	shifted = (time_t)(second + s->offset);
	if (gmtime_r(&shifted, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	strftime(s->text, sizeof(s->text), "%Y-%m-%dT%H:%M:%S", &tm);
	s->second = second;
	s->has_second = true;
}

/* ".125" or nothing: `digits` of them, unit the one behind the last. */
static void
put_fraction(struct buf *out, int64_t ns, int digits)
{
	char *to = buf_room(out, 10);

	to[0] = '.';
	for (int i = 9; i > 0; i--, ns /= 10)
		if (i <= digits)
			to[i] = (char)('0' + ns % 10);
	out->n += (size_t)digits + 1;
}

static int64_t
split(int64_t wall_ns, int64_t *out_ns)
{
	int64_t second = wall_ns / NS_PER_S;

	*out_ns = wall_ns % NS_PER_S;
	if (*out_ns < 0) {
		*out_ns += NS_PER_S;
		second--;
	}
	return second;
}

void
stamp_put(struct stamp *s, struct buf *out, int64_t wall_ns)
{
	int64_t ns, second = split(wall_ns, &ns);

	if (!s->has_second || s->second != second)
		look_at(s, second);
	buf_puts(out, s->text);
	if (ns != 0)
		put_fraction(out, ns, ns % NS_PER_MS == 0 ? 3 : ns % NS_PER_US == 0 ? 6 : 9);
	buf_puts(out, s->zone);
}

void
stamp_put_seconds(struct buf *out, int64_t wall_ns)
{
	int64_t ns, second = split(wall_ns, &ns);
	char digits[24];
	size_t n = sizeof(digits);
	int places = 9;

	if (second < 0) { /* before 1970: a clock that nobody ever set cannot be there */
		buf_puts(out, "0");
		return;
	}
	do
		digits[--n] = (char)('0' + second % 10);
	while ((second /= 10) > 0);
	buf_put(out, digits + n, sizeof(digits) - n);
	if (ns == 0)
		return;
	for (int64_t rest = ns; rest % 10 == 0; rest /= 10)
		places--;
	put_fraction(out, ns, places);
}
