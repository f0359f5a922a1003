/* which.c - which bench is meant, and from when on */
#include "cli/which.h"

#include <string.h>
#include <time.h>

#include "base/span.h"
#include "base/text.h"
#include "io/now.h"
#include "io/place.h"

int
which_bench(const struct args *args, char *out, size_t cap)
{
	struct err err;

	if (args->bench != NULL) {
		if (!text_copy(out, cap, args->bench) || out[0] == '\0' || out[0] == '.' ||
			strchr(out, '/') != NULL)
			return cli_say(
				args, CLI_WRONG, "'%s' is not the name of a bench", args->bench);
		return CLI_GOOD;
	}
	if (place_only_bench(out, cap, &err) == 0)
		return CLI_GOOD;
	if (err.sys == 0 && place_only_journal(out, cap, &err) == 0)
		return CLI_GOOD;
	return cli_say(args, CLI_WRONG, "%s", err.msg);
}

/* A wall time as people write it, local unless it ends in Z. */
static bool
parse_time(const char *text, int64_t *out_ns)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
		"%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d" };

	for (size_t i = 0; i < NELEM(forms); i++) {
		struct tm when = { .tm_isdst = -1 };
		const char *end = strptime(text, forms[i], &when);

		if (end == NULL || (*end != '\0' && strcmp(end, "Z") != 0))
			continue;
		*out_ns = (int64_t)(*end == 'Z' ? timegm(&when) : mktime(&when)) * NS_PER_S;
		return true;
	}
	return false;
}

int
which_since(const struct args *args, const char *text, int64_t *out_ns)
{
	int64_t span;
	struct err err;

	if (span_parse(text, &span, &err) == 0) {
		*out_ns = now_boot() + now_wall_offset() - span;
		return CLI_GOOD;
	}
	if (parse_time(text, out_ns))
		return CLI_GOOD;
	return cli_say(args, CLI_WRONG,
		"'--since %s' is neither a span nor a time; write for example --since 1h, --since "
		"2026-03-01 or --since \"2026-03-01 14:30\"",
		text);
}

int
which_until(const struct args *args, const char *text, int64_t *out_ns)
{
	int64_t span, now = now_boot() + now_wall_offset();
	struct err err;

	if (span_parse(text, &span, &err) == 0 && span > 0 && span < INT64_MAX - now) {
		*out_ns = now + span;
		return CLI_GOOD;
	}
	if (parse_time(text, out_ns) && *out_ns > now)
		return CLI_GOOD;
	return cli_say(args, CLI_WRONG,
		"'--until %s' is neither a span nor a time to come; write for example --until 90d, "
		"--until 2027-03-01 or --until \"2027-03-01 14:30\"",
		text);
}
