/* top.c - mbc top: the live table in a terminal; mbc-top draws it */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/language.h"
#include "io/place.h"

/* The bench that is meant: a word of its own here, as in other programs of this kind, or --bench. */
static int
find_bench(struct args *args, char *out, size_t cap)
{
	const char *said = args->n > 0 ? args->at[0] : args->bench;
	struct err err;

	if (said == NULL)
		return place_only_bench(out, cap, &err) < 0
			       ? cli_say(args, CLI_WRONG, "%s", err.msg)
			       : CLI_GOOD;
	if (!text_copy(out, cap, said) || out[0] == '\0' || out[0] == '.' ||
		strchr(out, '/') != NULL)
		return cli_say(args, CLI_WRONG, "'%s' is not the name of a bench", said);
	return CLI_GOOD;
}

int
cli_top(struct args *args)
{
	const char *filter = NULL, *sort = NULL;
	char bench[64], *argv[12] = { NULL };
	bool is_once = args_option(args, "--once", NULL),
	     only_problems = args_option(args, "--problems", NULL);
	int n = 2;

	args_option(args, "--filter", &filter);
	args_option(args, "--sort", &sort);
	if (args_count(args, 0, 1) != 0)
		return CLI_WRONG;
	if (sort != NULL && strcmp(sort, "name") != 0 && strcmp(sort, "age") != 0 &&
		strcmp(sort, "change") != 0 && strcmp(sort, "bench") != 0)
		return cli_say(args, CLI_WRONG,
			"'--sort %s' is no order; write name, age (oldest first), change (latest "
			"first) or bench (as the bench file)",
			sort);
	if (find_bench(args, bench, sizeof(bench)) != CLI_GOOD)
		return CLI_WRONG;
	argv[1] = bench;
	if (filter != NULL) {
		argv[n++] = mem_text("--filter");
		argv[n++] = mem_text(filter);
	}
	if (sort != NULL) {
		argv[n++] = mem_text("--sort");
		argv[n++] = mem_text(sort);
	}
	if (is_once)
		argv[n++] = mem_text("--once");
	if (only_problems)
		argv[n++] = mem_text("--problems");
	if (language_of_user() == LANGUAGE_FR)
		argv[n++] = mem_text("--french");
	return cli_exec(args, "top", argv);
}
