/* alert.c - mbc alert: who was told what; a test to somebody */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/which.h"
#include "io/place.h"
#include "io/sock.h"

#define ANSWER_MS 10000

static int
ask_for_test(struct args *args, const char *receiver)
{
	char text[400];
	struct err err;
	int fd = cli_connect(args), pass = -1, kind;

	if (fd < 0)
		return -fd;
	kind = sock_ask(fd, WIRE_ALERT_TEST, receiver, text, sizeof(text), &pass, ANSWER_MS, &err);
	close(fd);
	if (kind < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	if (kind != WIRE_TEXT)
		return cli_say(args, CLI_WRONG, "%s", text);
	puts(text);
	return CLI_GOOD;
}

int
cli_alert(struct args *args)
{
	static const char *const words[] = { "open", "ledger", "duty", "test" };
	const char *last = NULL, *word;
	bool is_json = args_option(args, "--json", NULL), is_known = false;
	char bench[64], *argv[9] = { NULL };
	int code, n = 4;

	args_option(args, "--last", &last);
	word = args->n > 0 ? args->at[0] : "open";
	for (size_t i = 0; i < NELEM(words); i++)
		is_known = is_known || strcmp(words[i], word) == 0;
	if (!is_known)
		return cli_say(
			args, CLI_WRONG, "'%s' is none of open, ledger, duty and test", word);
	if (strcmp(word, "test") == 0)
		return args_count(args, 2, 2) != 0 ? CLI_WRONG : ask_for_test(args, args->at[1]);
	if (args_count(args, 0, 1) != 0)
		return CLI_WRONG;
	if ((is_json || last != NULL) && strcmp(word, "ledger") != 0)
		return cli_say(args, CLI_WRONG, "--json and --last belong to 'mbc alert ledger'");
	code = which_bench(args, bench, sizeof(bench));
	if (code != CLI_GOOD)
		return code;
	argv[1] = mem_text("show");
	argv[2] = bench;
	argv[3] = mem_text(word);
	if (is_json)
		argv[n++] = mem_text("--json");
	if (last != NULL) {
		argv[n++] = mem_text("--last");
		argv[n++] = mem_text(last);
	}
	return cli_exec(args, "alert", argv);
}
