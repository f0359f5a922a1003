/* span.c - durations as people write them: 500 ms, 2 s, 1.5 min, 1h30, 1 h 30 min */
#include "base/span.h"

#include <string.h>

#include "base/text.h"

struct span_unit {
	const char *name;
	double ns;
	double next_ns; /* what a bare number behind it counts: 1h30 has minutes; 0: none may follow */
};

static const struct span_unit units[] = {
	{ "ns", 1, 0 },
	{ "us", 1e3, 0 },
	{ "ms", 1e6, 0 },
	{ "s", 1e9, 0 },
	{ "min", 60e9, 1e9 },
	{ "h", 3600e9, 60e9 },
	{ "d", 86400e9, 3600e9 },
};

static const struct span_unit *
find_unit(const char *text, size_t n)
{
	for (size_t i = 0; i < NELEM(units); i++)
		if (strlen(units[i].name) == n && memcmp(units[i].name, text, n) == 0)
			return &units[i];
	return NULL;
}

/* One number with its unit at *p; `before` is the unit in front of it (NULL: it is the first). */
static const struct span_unit *
part(const char **p, const struct span_unit *before, double *sum)
{
	static const struct span_unit bare = { "", 0, 0 };
	const struct span_unit *unit;
	char number[32];
	size_t n = strspn(*p, "0123456789."), letters;
	double v;

	if (n == 0 || n >= sizeof(number))
		return NULL;
	memcpy(number, *p, n);
	number[n] = '\0';
	if (!text_to_double(number, &v))
		return NULL;
	*p += n;
	*p += **p == ' ' && (*p)[1] != '\0';
	letters = strspn(*p, "abcdefghijklmnopqrstuvwxyz");
	unit = find_unit(*p, letters);
	if (unit == NULL && letters == 0 && **p == '\0') {
		if (before != NULL && before->next_ns > 0)
			*sum += v * before->next_ns;
		else if (before != NULL || v != 0)
			return NULL;
		return &bare;
	}
	if (unit == NULL || (before != NULL && unit->ns >= before->ns))
		return NULL;
	*p += letters;
	*p += **p == ' ' && (*p)[1] != '\0';
	*sum += v * unit->ns;
	return unit;
}

int
span_parse(const char *text, int64_t *out, struct err *err)
{
	const struct span_unit *unit = NULL;
	const char *p = text;
	double sum = 0;

	do {
		unit = part(&p, unit, &sum);
		if (unit == NULL && strchr(text, ',') != NULL)
			return err_set(err, ERR_CONF, 0,
				"'%.40s' has a decimal comma; write a point: 1.5 s", text);
		if (unit == NULL)
			return err_set(err, ERR_CONF, 0,
				"'%.40s' is not a duration; write a number with its unit: 500 ms, "
				"2 s, 1.5 min, "
				"1h30",
				text);
	} while (*p != '\0');
	if (sum > 9e18)
		return err_set(err, ERR_CONF, 0, "'%.40s' is too long; write at most 24 h", text);
	*out = (int64_t)(sum + 0.5);
	return 0;
}
