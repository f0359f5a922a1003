/* backup.c - mbc backup, mbc restore FILE: what mbc-backup does, on the bench that is meant */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/which.h"
#include "io/place.h"

/* Replace this process by mbc-backup with these words in front of what is left. */
static int
become(struct args *args, char *const *words, size_t n)
{
	char **argv = mem_zero((size_t)args->n + n + 2, sizeof(*argv));

	memcpy(argv + 1, words, n * sizeof(*argv));
	memcpy(argv + 1 + n, args->at, (size_t)args->n * sizeof(*argv));
	return cli_exec(args, "backup", argv);
}

/* A passphrase option in front, so that what is left is one word; 0 of them or 2 words. */
static size_t
take_passphrase(struct args *args, char **words)
{
	static char option[] = "--passphrase-file";
	const char *value;

	if (!args_option(args, option, &value))
		return 0;
	words[0] = option;
	words[1] = mem_text(value);
	return 2;
}

int
cli_backup(struct args *args)
{
	static char verify[] = "verify", make[] = "make", bench_option[] = "--bench",
		    state_option[] = "--state", history_option[] = "--with-history";
	static char bench[64], state[PLACE_MAX];
	char *words[8];
	size_t n = 0;
	struct err err;
	int code;

	if (args->n > 1 && strcmp(args->at[0], "verify") == 0) {
		args->at++;
		args->n--;
		words[n++] = verify;
		n += take_passphrase(args, words + n);
		return args_count(args, 1, 1) != 0 ? CLI_WRONG : become(args, words, n);
	}
	words[n++] = make;
	if (args_option(args, history_option, NULL))
		words[n++] = history_option;
	n += take_passphrase(args, words + n);
	if (args_count(args, 1, 1) != 0)
		return CLI_WRONG;
	code = which_bench(args, bench, sizeof(bench));
	if (code != CLI_GOOD)
		return code;
	if (place_state_path(state, bench, &err) < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	words[n++] = bench_option;
	words[n++] = bench;
	words[n++] = state_option;
	words[n++] = state;
	return become(args, words, n);
}

int
cli_restore_bench(struct args *args)
{
	static char restore[] = "restore", into_option[] = "--into", over[] = "--over",
		    dry[] = "--dry-run";
	char *words[8];
	const char *into;
	size_t n = 0;

	words[n++] = restore;
	n += take_passphrase(args, words + n);
	if (args_option(args, into_option, &into)) {
		words[n++] = into_option;
		words[n++] = mem_text(into);
	}
	if (args_option(args, over, NULL))
		words[n++] = over;
	if (args_option(args, dry, NULL))
		words[n++] = dry;
	return args_count(args, 1, 1) != 0 ? CLI_WRONG : become(args, words, n);
}
