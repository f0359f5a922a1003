/* injections.c - which result belongs to which injection */
#include "history/injections.h"

#include <string.h>

const char *
injection_match_text(enum injection_match match)
{
	static const char *const words[] = { "missing", "name", "order", "time", "late" };

	return words[match];
}

/* When the result can have come at the earliest; INT64_MAX: it was never started, there is none. */
static int64_t
ready_ns(const struct injection *i)
{
	if (i->sent_ns == INJECTION_NO_TIME)
		return INT64_MAX;
	return i->done_ns != INJECTION_NO_TIME ? i->done_ns : i->sent_ns;
}

static void
match(struct injection *in, size_t i, struct injection_result *results, size_t r,
	enum injection_match how)
{
	in[i].result = r;
	in[i].match = how;
	results[r].injection = i;
}

static bool
is_letter(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Whole: "A-1" is not in "A-12.csv". */
static bool
has_name(const char *file, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = file; n > 0 && (at = strstr(at, name)) != NULL; at++)
		if ((at == file || !is_letter(at[-1])) && !is_letter(at[n]))
			return true;
	return false;
}

/* Names that stand twice tell nothing. */
static bool
is_alone(const struct injection *in, size_t n, size_t i)
{
	for (size_t k = 0; k < n; k++)
		if (k != i && strcmp(in[k].name, in[i].name) == 0)
			return false;
	return true;
}

static void
match_names(struct injection *in, size_t n_in, struct injection_result *results, size_t n_results)
{
	for (size_t i = 0; i < n_in; i++)
		for (size_t r = 0; r < n_results && in[i].result == INJECTION_NONE; r++)
			if (results[r].injection == INJECTION_NONE && is_alone(in, n_in, i) &&
				results[r].wall_ns >= in[i].sent_ns &&
				has_name(results[r].file, in[i].name))
				match(in, i, results, r, INJECTION_BY_NAME);
}

/* The next one behind `at` that has none yet. */
static size_t
next_injection(const struct injection *in, size_t n, size_t at)
{
	while (at < n && (in[at].result != INJECTION_NONE || ready_ns(&in[at]) == INT64_MAX))
		at++;
	return at;
}

static size_t
next_result(const struct injection_result *results, size_t n, size_t at)
{
	while (at < n && results[at].injection != INJECTION_NONE)
		at++;
	return at;
}

/* As many of both, and no result before its injection: true when all were matched. */
static bool
match_order(struct injection *in, size_t n_in, struct injection_result *results, size_t n_results)
{
	for (int pass = 0; pass < 2; pass++) {
		size_t i = next_injection(in, n_in, 0), r = next_result(results, n_results, 0);

		while (i < n_in && r < n_results && results[r].wall_ns >= ready_ns(&in[i])) {
			size_t this_i = i, this_r = r;

			i = next_injection(in, n_in, i + 1);
			r = next_result(results, n_results, r + 1);
			if (pass == 1)
				match(in, this_i, results, this_r, INJECTION_BY_ORDER);
		}
		if (i < n_in || r < n_results)
			return false;
	}
	return true;
}

/* Results between the end of one injection and that of the next. One is this injection's. Of two the first is the late one of the injection before,
 * where that has none, else the second is one too many. */
static void
match_slot(struct injection *in, size_t i, size_t before, struct injection_result *results,
	size_t first, size_t end)
{
	size_t n = 0, r[2] = { 0 };

	for (size_t k = first; k < end && n < 2; k++)
		if (results[k].injection == INJECTION_NONE)
			r[n++] = k;
	if (n == 2 && before != INJECTION_NONE && in[before].result == INJECTION_NONE) {
		match(in, before, results, r[0], INJECTION_LATE);
		match(in, i, results, r[1], INJECTION_BY_TIME);
	} else if (n > 0) {
		match(in, i, results, r[0], INJECTION_BY_TIME);
	}
}

static void
match_times(struct injection *in, size_t n_in, struct injection_result *results, size_t n_results)
{
	size_t before = INJECTION_NONE, r = 0;

	for (size_t i = next_injection(in, n_in, 0); i < n_in;) {
		size_t next = next_injection(in, n_in, i + 1);
		int64_t from_ns = ready_ns(&in[i]);
		int64_t to_ns = next < n_in ? ready_ns(&in[next]) : INT64_MAX;
		size_t end;

		while (r < n_results && results[r].wall_ns < from_ns)
			r++;
		for (end = r; end < n_results && results[end].wall_ns < to_ns;)
			end++;
		match_slot(in, i, before, results, r, end);
		before = i;
		r = end;
		i = next;
	}
}

void
injections_match(
	struct injection *in, size_t n_in, struct injection_result *results, size_t n_results)
{
	for (size_t i = 0; i < n_in; i++) {
		in[i].result = INJECTION_NONE;
		in[i].match = INJECTION_UNMATCHED;
	}
	for (size_t r = 0; r < n_results; r++)
		results[r].injection = INJECTION_NONE;
	match_names(in, n_in, results, n_results);
	if (!match_order(in, n_in, results, n_results))
		match_times(in, n_in, results, n_results);
}
