/* rehearse.c - mbc rehearse: a sequence on a virtual clock, against the twin of its bench */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/cli.h"

#define ARGUMENTS_MAX 800

struct line {
	char *at[ARGUMENTS_MAX + 1];
	int n;
};

static bool
add(struct line *line, const char *word)
{
	if (line->n == ARGUMENTS_MAX)
		return false;
	line->at[line->n++] = mem_text(word);
	return true;
}

/* What mbc-rehearse takes itself. False: too much of it. */
static bool
pass_on(struct args *args, struct line *line)
{
	static const char *const words[] = { "--set", "--begin", "--answer", "--limit", "--seconds",
		"--out" };
	static const char *const flags[] = { "--bytes", "--faults", "--json" };
	const char *value;

	for (size_t i = 0; i < NELEM(words); i++)
		while (args_option(args, words[i], &value))
			if (!add(line, words[i]) || !add(line, value))
				return false;
	for (size_t i = 0; i < NELEM(flags); i++)
		while (args_option(args, flags[i], NULL))
			if (!add(line, flags[i]))
				return false;
	return true;
}

int
cli_rehearse(struct args *args)
{
	struct line line = { .n = 1 }; /* the first one is the program */
	const char *bench, *sequence;
	struct image *img;
	char number[16];
	int fd, code;

	if (!pass_on(args, &line))
		return cli_say(args, CLI_WRONG, "too many options");
	if (args_count(args, 1, 2) != 0)
		return CLI_WRONG;
	bench = args->n == 2 ? args->at[0] : NULL;
	sequence = args->at[args->n - 1];
	img = cli_compile_sequence(args, bench, sequence, &fd, &code);
	if (img == NULL)
		return code;
	free(img);
	snprintf(number, sizeof(number), "%d", fd);
	if (!add(&line, "--image-fd") || !add(&line, number))
		return cli_say(args, CLI_WRONG, "too many options");
	return cli_exec(args, "rehearse", line.at);
}
