/* token.c - mbc token: programs that may command over HTTP; mbc link: guests who may look at the public server
 *
 * The file holds names and digests: what it was made from is shown once, and is nowhere else. A running bench takes it up within a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "cli/kept.h"
#include "cli/which.h"
#include "io/now.h"
#include "msg/tokens.h"

#define RANDOM_BYTES 32

#define TOO_MANY "there are too many tokens; remove some with 'mbc token remove'"

/* ---- the file ------------------------------------------------------------------------------------------------------------- */

/* Length of the name on a line; 0: it is none of a token. */
static size_t
name_on(const char *line)
{
	size_t n = strcspn(line, " \n");

	return line[0] == '#' || line[n] != ' ' ? 0 : n;
}

static const char *
next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line == '\n' ? line + 1 : line;
}

static const char *
find_line(const struct kept *f, const char *name)
{
	for (const char *at = f->bytes; *at != '\0'; at = next_line(at))
		if (name_on(at) == strlen(name) && strncmp(at, name, strlen(name)) == 0)
			return at;
	return NULL;
}

/* ---- verbs ---------------------------------------------------------------------------------------------------------------- */

/* A token as people can copy it; its digest. */
static int
make(struct args *args, char out[2 * RANDOM_BYTES + 1], uint8_t digest[SHA256_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t random[RANDOM_BYTES];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return cli_say(
			args, CLI_FAILED, "this computer has no random numbers yet; try again");
	for (size_t i = 0; i < RANDOM_BYTES; i++) {
		out[2 * i] = digits[random[i] >> 4];
		out[2 * i + 1] = digits[random[i] & 15];
	}
	out[2 * RANDOM_BYTES] = '\0';
	sha256(digest, out, strlen(out));
	return CLI_GOOD;
}

static bool
is_link(const struct args *args)
{
	return strcmp(args->command->name, "link") == 0;
}

/* What it is for, by the options; a link is for looking, and ends. */
static int
read_scope(struct args *args, struct token *t)
{
	const char *may = NULL, *only = NULL, *reads = NULL, *until = NULL;
	struct err err;

	if (!is_link(args)) {
		args_option(args, "--may", &may);
		args_option(args, "--only", &only);
		args_option(args, "--reads", &reads);
	}
	args_option(args, "--until", &until);
	if (is_link(args) && until == NULL)
		return cli_say(args, CLI_WRONG,
			"say when it ends: --until 7d, or a date as in --until 2026-12-31");
	*t = (struct token){ .may = (1u << TOKENS_WORDS) - 1, .until_ns = INT64_MAX };
	if (may != NULL && tokens_read_may(may, &t->may, &err) < 0)
		return cli_say(args, CLI_WRONG, "--may: %s", err.msg);
	if (only != NULL && tokens_check_only(only, &err) < 0)
		return cli_say(args, CLI_WRONG, "--only: %s", err.msg);
	if (only != NULL)
		text_copy(t->only, sizeof(t->only), only);
	if (reads != NULL && tokens_check_only(reads, &err) < 0)
		return cli_say(args, CLI_WRONG, "--reads: %s", err.msg);
	if (reads != NULL)
		text_copy(t->reads, sizeof(t->reads), reads);
	return until == NULL ? CLI_GOOD : which_until(args, until, &t->until_ns);
}

static int
add(struct args *args, struct kept *f)
{
	char text[2 * RANDOM_BYTES + 1];
	const char *name;
	struct buf out = { 0 };
	struct token t;
	int code = read_scope(args, &t);

	if (code != CLI_GOOD || args_count(args, 1, 1) != 0)
		return CLI_WRONG;
	name = args->at[0];
	if (!tokens_name_is_good(name))
		return cli_say(args, CLI_WRONG,
			"a name has letters, digits, '-', '_' and '.', at most %d",
			TOKENS_NAME - 1);
	if (find_line(f, name) != NULL)
		return cli_say(args, CLI_WRONG,
			"there is a %s of '%s' already; 'mbc %s remove %s' makes room for a new "
			"one",
			args->command->name, name, args->command->name, name);
	text_copy(t.name, sizeof(t.name), name);
	code = make(args, text, t.digest);
	buf_puts(&out, f->bytes);
	if (out.n > 0 && out.data[out.n - 1] != '\n')
		buf_putc(&out, '\n');
	tokens_write(&out, &t);
	if (code == CLI_GOOD)
		code = kept_write(args, f, buf_text(&out), TOO_MANY);
	buf_done(&out);
	if (code == CLI_GOOD) {
		puts(text);
		fprintf(stderr, "%s",
			is_link(args)
				? "This is shown once. It goes behind a # to the address of the "
				  "public server: https://BENCH:8444/#LINK\n"
				: "This is shown once. What it may ask stands in the bench file: "
				  "serve: {commands: [...]}\n");
	}
	explicit_bzero(text, sizeof(text));
	return code;
}

static int
remove_one(struct args *args, struct kept *f)
{
	const char *line;
	struct buf text = { 0 };
	int code;

	if (args_count(args, 1, 1) != 0)
		return CLI_WRONG;
	line = find_line(f, args->at[0]);
	if (line == NULL)
		return cli_say(args, CLI_WRONG, "there is no %s of '%s'; 'mbc %s list' names them",
			args->command->name, args->at[0], args->command->name);
	buf_put(&text, f->bytes, (size_t)(line - f->bytes));
	buf_puts(&text, next_line(line));
	code = kept_write(args, f, buf_text(&text), TOO_MANY);
	buf_done(&text);
	if (code == CLI_GOOD)
		printf("removed: a running bench %s within a second\n",
			is_link(args) ? "shows it nothing any more"
				      : "takes nothing from it any more");
	return code;
}

/* "lims  may set,ack  only N2_*  until 2026-12-31 13:00:00, in 34 d" */
static void
show(const struct token *t)
{
	int64_t left_ns =
		t->until_ns == INT64_MAX ? 0 : t->until_ns - now_boot() - now_wall_offset();
	time_t until = (time_t)(t->until_ns / NS_PER_S);
	char when[CLOCK_TEXT_SIZE], span[CLOCK_TEXT_SIZE];
	struct tm local;
	const char *before = "  may ";

	printf("%s", t->name);
	for (unsigned i = 0; i < TOKENS_WORDS && t->may != (1u << TOKENS_WORDS) - 1; i++)
		if ((t->may & 1u << i) != 0) {
			printf("%s%s", before, tokens_words[i]);
			before = ",";
		}
	if (t->only[0] != '\0')
		printf("  only %s", t->only);
	if (t->reads[0] != '\0')
		printf("  reads %s", t->reads);
	if (t->until_ns != INT64_MAX) {
		localtime_r(&until, &local);
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &local);
		clock_span(span, left_ns);
		printf("  until %s, %s%s", when, left_ns > 0 ? "in " : "",
			left_ns > 0 ? span : "it has ended");
	}
	putchar('\n');
}

static int
list(struct args *args, struct kept *f)
{
	static struct tokens tokens;
	struct err err;

	if (args_count(args, 0, 0) != 0)
		return CLI_WRONG;
	if (tokens_read(&tokens, f->bytes, strlen(f->bytes), &err) < 0)
		return cli_say(args, CLI_WRONG, "'%s': %s", f->path, err.msg);
	for (size_t i = 0; i < tokens.n; i++)
		show(&tokens.all[i]);
	return CLI_GOOD;
}

static int
run(struct args *args, const char *name)
{
	static const struct {
		const char *name;
		int (*run)(struct args *args, struct kept *f);
	} verbs[] = { { "add", add }, { "list", list }, { "remove", remove_one } };
	static struct kept file;
	int code;

	for (size_t i = 0; args->n > 0 && i < NELEM(verbs); i++) {
		if (strcmp(args->at[0], verbs[i].name) != 0)
			continue;
		args->at++;
		args->n--;
		code = kept_open(args, &file, name, TOKENS_BYTES_MAX);
		if (code == CLI_GOOD)
			code = verbs[i].run(args, &file);
		kept_close(&file);
		return code;
	}
	return cli_say(
		args, CLI_WRONG, "usage: mbc %s %s", args->command->name, args->command->usage);
}

int
cli_token(struct args *args)
{
	return run(args, "tokens");
}

int
cli_link(struct args *args)
{
	return run(args, "links");
}
