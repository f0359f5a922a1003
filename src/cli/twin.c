/* twin.c - mbc twin: start the simulated instruments of a bench, or tell those that run what is wrong with them */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/cli.h"
#include "io/place.h"
#include "io/sock.h"

static void
print_kinds(void)
{
	static const struct {
		const char *word, *help;
	} kinds[] = {
#define FAULT(name, word, span, help) { word, help },
#include "twin/fault.def"
#undef FAULT
	};

	puts("mbc twin BENCH.yaml --fault INSTRUMENT=KIND, where KIND is one of");
	for (size_t i = 0; i < NELEM(kinds); i++)
		printf("  %-15s %s\n", kinds[i].word, kinds[i].help);
	puts("Not every protocol has all of them; --for SPAN ends one by itself. In force now:");
}

/* "fault furnace=dead" and so on, in the order of their kinds; false: there is none on the command line. */
static bool
take_orders(struct args *args, struct buf *out, bool *out_list)
{
	static const char *const words[] = { "--for", "--fault", "--set", "--free" };
	const char *value;

	*out_list = args->n > 0 && strcmp(args->at[args->n - 1], "--fault") == 0;
	args->n -= *out_list;
	for (size_t i = 0; i < NELEM(words); i++)
		while (args_option(args, words[i], &value))
			buf_printf(out, "%s %s\n", words[i] + 2, value);
	if (*out_list)
		buf_puts(out, "list\n");
	return out->n > 0;
}

static int
tell(const struct args *args, const char *bench, const char *orders)
{
	char path[PLACE_MAX], text[WIRE_MAX] = "";
	struct err err;
	int fd, pass, rc;

	if (place_twin(path, bench, &err) < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	fd = sock_connect(path, NULL);
	if (fd < 0)
		return cli_say(args, CLI_WRONG,
			"no twin of bench '%s' is running here; start it with 'mbc twin %s'", bench,
			args->at[0]);
	rc = sock_ask(fd, WIRE_TWIN, orders, text, sizeof(text), &pass, 3000, &err);
	close(fd);
	if (rc < 0)
		return cli_say(args, CLI_FAILED, "%s", err.msg);
	if (rc != WIRE_TEXT)
		return cli_say(args, CLI_WRONG, "%s", text);
	printf("%s", text);
	return CLI_GOOD;
}

static int
start(const struct args *args, int image_fd, const char *bench, const char *seed)
{
	char option[] = "--image-fd", seed_option[] = "--seed", door_option[] = "--door";
	char number[16], path[PLACE_MAX];
	char *argv[] = { NULL, option, number, NULL, NULL, NULL, NULL, NULL };
	struct err err;
	int n = 3;

	snprintf(number, sizeof(number), "%d", image_fd);
	if (seed != NULL) {
		argv[n++] = seed_option;
		argv[n++] = mem_text(seed);
	}
	if (place_twin(path, bench, &err) == 0) {
		argv[n++] = door_option;
		argv[n++] = path;
	} else {
		cli_say(args, 0, "%s; faults on request are not possible", err.msg);
	}
	return cli_exec(args, "twin", argv);
}

int
cli_twin(struct args *args)
{
	const char *seed = NULL;
	struct buf orders = { 0 };
	bool has_orders, is_list;
	struct image *img;
	int fd, code;
	int64_t n;

	args_option(args, "--seed", &seed);
	has_orders = take_orders(args, &orders, &is_list);
	if (args_count(args, 1, 1) != 0)
		return CLI_WRONG;
	if (seed != NULL && !text_to_int(seed, &n))
		return cli_say(args, CLI_WRONG,
			"'--seed %s' is not a whole number; write for example --seed 7", seed);
	img = cli_compile(args, args->at[0], has_orders ? NULL : &fd, &code);
	if (img == NULL)
		return code;
	if (is_list)
		print_kinds();
	code = has_orders ? tell(args, image_text(img, img->bench), buf_text(&orders))
			  : start(args, fd, image_text(img, img->bench), seed);
	buf_done(&orders);
	free(img);
	return code;
}
