/* history.c - mbc export, mbc history: the folder of a bench's history for mbc-query, which reads it */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "io/place.h"

/* "<state>/<bench>/history"; false: it is not there, or cannot be looked into. */
static bool
folder_of(char *out, size_t cap, const char *bench)
{
	char state[PLACE_MAX];

	return bench[0] != '\0' && strchr(bench, '/') == NULL && bench[0] != '.' &&
	       place_state_path(state, bench, NULL) == 0 &&
	       snprintf(out, cap, "%s/history", state) < (int)cap && access(out, R_OK | X_OK) == 0;
}

/* The only bench of this computer that has recorded something. Returns how many there are. */
static int
only_recorded(char *out, size_t cap)
{
	char root[PLACE_MAX], folder[PLACE_MAX + 16];
	struct dirent *entry;
	int found = 0;
	DIR *d;

	if (place_state_path(root, ".", NULL) < 0)
		return 0;
	d = opendir(root);
	while (d != NULL && (entry = readdir(d)) != NULL)
		if (folder_of(folder, sizeof(folder), entry->d_name) && found++ == 0)
			text_copy(out, cap, entry->d_name);
	if (d != NULL)
		closedir(d);
	return found;
}

/* Returns an exit code; CLI_GOOD with the folder in `out`. */
static int
find_folder(const struct args *args, char *out, size_t cap)
{
	char bench[64] = "";
	int n;

	if (args->bench != NULL) {
		if (folder_of(out, cap, args->bench))
			return CLI_GOOD;
		return cli_say(args, CLI_WRONG,
			"nothing is recorded here of a bench '%s', or this user may not read it; "
			"name "
			"another with --bench NAME, or ask as root",
			args->bench);
	}
	if (place_only_bench(bench, sizeof(bench), NULL) == 0 && folder_of(out, cap, bench))
		return CLI_GOOD;
	n = only_recorded(bench, sizeof(bench));
	if (n == 1 && folder_of(out, cap, bench))
		return CLI_GOOD;
	return cli_say(args, CLI_WRONG,
		n == 0 ? "nothing is recorded here that this user may read; start a bench with "
			 "'mbc run "
			 "bench.yaml', or ask as root"
		       : "several benches have recorded here; name one with --bench NAME");
}

int
cli_query(struct args *args, const char *word)
{
	char folder[PLACE_MAX + 16], option[] = "--dir", command[16];
	char **argv;
	int code = find_folder(args, folder, sizeof(folder)), n = 3;

	if (code != CLI_GOOD)
		return code;
	text_copy(command, sizeof(command), word);
	argv = calloc((size_t)args->n + 5, sizeof(*argv));
	if (argv == NULL)
		return CLI_FAILED;
	argv[1] = option;
	argv[2] = folder;
	argv[n++] = command;
	for (int i = 0; i < args->n; i++)
		argv[n++] = args->at[i];
	code = cli_exec(args, "query", argv);
	free(argv);
	return code;
}

int
cli_export(struct args *args)
{
	if (args->n == 0)
		return args_count(args, 1, 1);
	return cli_query(args, "export");
}

/* There need be no history: mbc-query finds the place, by the bench that the backup is of. */
static int
restore(struct args *args, char *folder, bool is_replacing)
{
	char program[1] = "", command[] = "restore", replace[] = "--replace", option[] = "--bench",
	     bench[64] = "";
	char *argv[7] = { program, command, folder };
	int n = 3;

	if (is_replacing)
		argv[n++] = replace;
	if (args->bench != NULL) {
		text_copy(bench, sizeof(bench), args->bench);
		argv[n++] = option;
		argv[n++] = bench;
	}
	return cli_exec(args, "query", argv);
}

int
cli_history(struct args *args)
{
	static const char *const words[] = { "verify", "files", "gaps" };
	bool is_import = args->n > 0 && strcmp(args->at[0], "import") == 0;
	bool is_compact = args->n > 0 && strcmp(args->at[0], "compact") == 0;
	bool is_replacing;
	const char *word;

	if (is_import || is_compact) { /* their words are their own: mbc-query reads them */
		args->n--;
		args->at++;
		return cli_query(args, is_import ? "import" : "compact");
	}
	is_replacing = args_option(args, "--replace", NULL);
	if (args->n == 2 && strcmp(args->at[0], "backup") == 0 && !is_replacing &&
		args_count(args, 2, 2) == 0) {
		args->n = 1;
		args->at++;
		return cli_query(args, "backup");
	}
	if (args->n == 2 && strcmp(args->at[0], "restore") == 0 && args_count(args, 2, 2) == 0)
		return restore(args, args->at[1], is_replacing);
	if (is_replacing)
		return cli_say(
			args, CLI_WRONG, "--replace belongs to 'mbc history restore FOLDER'");
	if (args_count(args, 1, 1) != 0)
		return CLI_WRONG;
	word = args->at[0];
	for (size_t i = 0; i < NELEM(words); i++)
		if (strcmp(word, words[i]) == 0) {
			args->n = 0;
			return cli_query(args, words[i]);
		}
	return cli_say(args, CLI_WRONG, "'%s' is not known; usage: mbc history %s", word,
		args->command->usage);
}
