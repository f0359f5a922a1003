/* test_injections.c - results find their injections, table by table */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "history/injections.h"

#define ROWS 6

struct table {
	const char *what;
	struct {
		const char *name;
		int64_t sent, done; /* s; 0: not */
	} in[ROWS];
	struct {
		int64_t at;
		const char *file;
	} results[ROWS];
	/* For each injection: n.h n of its result from 1 and how; "-": none. For each result that is nobody's: "+n". */
	const char *wanted;
};

static const struct table tables[] = {
	{ "one each", { { "a", 10, 20 }, { "b", 30, 40 } }, { { 25, "r1" }, { 45, "r2" } },
		"1.order 2.order" },
	{ "the first is missing", { { "a", 10, 20 }, { "b", 30, 40 } }, { { 45, "r" } },
		"- 1.time" },
	{ "the one in the middle is missing, and shifts none",
		{ { "a", 10, 20 }, { "b", 30, 40 }, { "c", 50, 60 } },
		{ { 25, "r1" }, { 65, "r2" } }, "1.time - 2.time" },
	{ "late, behind the end of the next", { { "a", 10, 20 }, { "b", 30, 40 } },
		{ { 41, "r1" }, { 45, "r2" } }, "1.order 2.order" },
	{ "late while another is missing", { { "a", 10, 20 }, { "b", 30, 40 }, { "c", 50, 60 } },
		{ { 41, "r1" }, { 45, "r2" } }, "1.late 2.time -" },
	{ "all come one turn late", { { "a", 10, 20 }, { "b", 30, 40 }, { "c", 50, 60 } },
		{ { 45, "r1" }, { 65, "r2" }, { 85, "r3" } }, "1.order 2.order 3.order" },
	{ "one too many", { { "a", 10, 20 }, { "b", 30, 40 } },
		{ { 25, "r1" }, { 28, "x" }, { 45, "r2" } }, "1.time 3.time +2" },
	{ "one from before", { { "a", 10, 20 } }, { { 5, "old" }, { 25, "r1" } }, "2.time +1" },
	{ "names win", { { "Pt-1", 10, 20 }, { "Pt-12", 30, 40 } },
		{ { 45, "Pt-12.csv" }, { 46, "Pt-1.csv" } }, "2.name 1.name" },
	{ "the same name twice tells nothing", { { "Pt", 10, 20 }, { "Pt", 30, 40 } },
		{ { 25, "Pt.csv" }, { 45, "Pt.csv" } }, "1.order 2.order" },
	{ "one that was never started has none", { { "a", 0, 0 }, { "b", 30, 40 } },
		{ { 45, "r" } }, "- 1.order" },
	{ "its end is not known", { { "a", 10, 0 }, { "b", 30, 40 } },
		{ { 25, "r1" }, { 45, "r2" } }, "1.order 2.order" },
	{ "none", { { "a", 10, 20 } }, { { 0, NULL } }, "-" },
};

static size_t
fill(const struct table *t, struct injection *in, struct injection_result *results,
	size_t *out_results)
{
	size_t n = 0, m = 0;

	for (; n < ROWS && t->in[n].name != NULL; n++) {
		in[n] = (struct injection){ .sent_ns = t->in[n].sent > 0 ? t->in[n].sent
									 : INJECTION_NO_TIME,
			.done_ns = t->in[n].done > 0 ? t->in[n].done : INJECTION_NO_TIME };
		snprintf(in[n].name, sizeof(in[n].name), "%s", t->in[n].name);
	}
	for (; m < ROWS && t->results[m].file != NULL; m++) {
		results[m] = (struct injection_result){ .wall_ns = t->results[m].at };
		snprintf(results[m].file, sizeof(results[m].file), "%s", t->results[m].file);
	}
	*out_results = m;
	return n;
}

static void
test_tables(void **state)
{
	for (size_t i = 0; i < NELEM(tables); i++) {
		struct injection in[ROWS];
		struct injection_result results[ROWS];
		char is[200] = "";
		size_t m, n = fill(&tables[i], in, results, &m);

		injections_match(in, n, results, m);
		for (size_t k = 0; k < n; k++) {
			size_t at = strlen(is);
			const char *space = at > 0 ? " " : "";

			if (in[k].result == INJECTION_NONE)
				snprintf(is + at, sizeof(is) - at, "%s-", space);
			else
				snprintf(is + at, sizeof(is) - at, "%s%zu.%s", space,
					in[k].result + 1, injection_match_text(in[k].match));
		}
		for (size_t r = 0; r < m; r++)
			if (results[r].injection == INJECTION_NONE)
				snprintf(is + strlen(is), sizeof(is) - strlen(is), " +%zu", r + 1);
		if (strcmp(is, tables[i].wanted) != 0)
			fail_msg("%s: '%s', not '%s'", tables[i].what, is, tables[i].wanted);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_tables) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
