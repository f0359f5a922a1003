/* set.c - mbc set, mbc safe, mbc mode: outputs and the bench as a whole */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/look.h"
#include "cli/order.h"

/* "10 K/min" as a number a minute in the unit of the channel; "degC" changes by K. */
static int
take_ramp(struct args *args, const char *text, const char *unit, double *out)
{
	static const struct {
		const char *word;
		double a_minute;
	} times[] = { { "/min", 1 }, { "/s", 60 }, { "/h", 1.0 / 60 } };
	const char *step = strcmp(unit, "degC") == 0 ? "K" : unit, *at, *slash;
	char number[40];
	size_t n = strcspn(text, " ");

	at = text + n + strspn(text + n, " ");
	slash = strrchr(at, '/');
	if (n > 0 && n < sizeof(number) && slash != NULL) {
		memcpy(number, text, n);
		number[n] = '\0';
		for (size_t i = 0; i < NELEM(times); i++) {
			size_t k = (size_t)(slash - at);
			bool is_unit = (strlen(unit) == k && memcmp(at, unit, k) == 0) ||
				       (strlen(step) == k && memcmp(at, step, k) == 0);

			if (is_unit && strcmp(slash, times[i].word) == 0 &&
				text_to_double(number, out) && *out > 0) {
				*out *= times[i].a_minute;
				return CLI_GOOD;
			}
		}
	}
	return cli_say(args, CLI_WRONG,
		"--ramp '%s' is not a speed of this channel; write for example --ramp \"10 "
		"%s/min\" "
		"(or /s, /h)",
		text, step);
}

static void
say_value(char *out, size_t cap, const char *name, const char *value, const char *unit)
{
	double number;
	bool is_bare = text_to_double(value, &number) && unit[0] != '\0';

	snprintf(out, cap, "%s: %s%s%s", name, value, is_bare ? " " : "", is_bare ? unit : "");
}

/* VALUE may be two words: mbc set T_furn 120 degC */
static int
take_value(struct args *args, struct command *c)
{
	char joined[2 * COMMAND_VALUE];

	snprintf(joined, sizeof(joined), "%s%s%s", args->at[1], args->n > 2 ? " " : "",
		args->n > 2 ? args->at[2] : "");
	return order_word(args, c->value, sizeof(c->value), joined, "the value");
}

/* "-5" is a value, no option. */
static int
count_words(const struct args *args)
{
	double number;

	for (int i = 0; i < args->n; i++)
		if (args->at[i][0] == '-' && !text_to_double(args->at[i], &number))
			return cli_say(args, CLI_WRONG,
				"option '%s' is unknown or lacks its value; see 'mbc set --help'",
				args->at[i]);
	if (args->n == 2 || args->n == 3)
		return CLI_GOOD;
	return cli_say(args, CLI_WRONG, "usage: mbc set %s", args->command->usage);
}

int
cli_set(struct args *args)
{
	const char *ramp = NULL, *unit;
	char says[EVENT_SUBJECT + COMMAND_VALUE + 40];
	const struct board *b;
	struct command c;
	int64_t wait_ns;
	uint32_t i;
	int code = order_begin(args, COMMAND_SET, &c, &wait_ns);

	if (code != CLI_GOOD)
		return code;
	args_option(args, "--ramp", &ramp);
	c.is_clamped = args_option(args, "--clamp", NULL);
	c.is_confirmed = args_option(args, "--confirm", NULL);
	if (count_words(args) != CLI_GOOD)
		return CLI_WRONG;
	b = look_open(args, &code);
	if (b == NULL)
		return code;
	i = look_channel(args, b, args->at[0]);
	if (i == IMAGE_NONE)
		return CLI_WRONG;
	unit = board_text(b, board_channel(b, i)->unit);
	code = order_word(args, c.subject, sizeof(c.subject), args->at[0], "the channel");
	if (code == CLI_GOOD)
		code = take_value(args, &c);
	if (code == CLI_GOOD && ramp != NULL)
		code = take_ramp(args, ramp, unit, &c.ramp_per_min);
	if (code != CLI_GOOD)
		return code;
	say_value(says, sizeof(says), c.subject, c.value, unit);
	return order_run(args, &c, wait_ns, says);
}

int
cli_safe(struct args *args)
{
	bool is_release = args_option(args, "--release", NULL);
	char says[EVENT_SUBJECT + 40];
	struct command c;
	int64_t wait_ns;
	int code = order_begin(args, is_release ? COMMAND_RELEASE : COMMAND_SAFE, &c, &wait_ns);

	if (code == CLI_GOOD)
		code = args_count(args, 0, 1);
	if (code == CLI_GOOD && args->n == 1)
		code = order_word(args, c.subject, sizeof(c.subject), args->at[0], "the name");
	if (code != CLI_GOOD)
		return code;
	snprintf(says, sizeof(says), "safe state%s%s%s", c.subject[0] != '\0' ? " " : "", c.subject,
		is_release ? ": release" : ":");
	return order_run(args, &c, wait_ns, says);
}

int
cli_restore(struct args *args)
{
	struct command c;
	int64_t wait_ns;
	bool is_order = args->n == 0;
	int code;

	for (int i = 0; i < args->n; i++)
		is_order = is_order || strcmp(args->at[i], "continue") == 0;
	if (!is_order)
		return cli_restore_bench(args);
	code = order_begin(args, COMMAND_RESTORE, &c, &wait_ns);

	if (code == CLI_GOOD)
		code = args_count(args, 1, 1);
	if (code != CLI_GOOD)
		return code;
	if (strcmp(args->at[0], "continue") != 0)
		return cli_say(args, CLI_WRONG,
			"'%s' is not known here; write continue, or 'mbc safe' to stay safe",
			args->at[0]);
	code = order_word(args, c.value, sizeof(c.value), args->at[0], "the word");
	return code != CLI_GOOD ? code : order_run(args, &c, wait_ns, "restore: continue:");
}

int
cli_mode(struct args *args)
{
	char says[EVENT_SUBJECT + COMMAND_VALUE + 40];
	struct command c;
	int64_t wait_ns;
	int code = order_begin(args, COMMAND_MODE, &c, &wait_ns);

	if (code == CLI_GOOD)
		code = args_count(args, 2, 2);
	if (code != CLI_GOOD)
		return code;
	if (strcmp(args->at[1], "manual") != 0 && strcmp(args->at[1], "automatic") != 0)
		return cli_say(
			args, CLI_WRONG, "'%s' is no mode; write manual or automatic", args->at[1]);
	code = order_word(args, c.value, sizeof(c.value), args->at[1], "the mode");
	if (code == CLI_GOOD && strcmp(args->at[0], "bench") != 0)
		code = order_word(args, c.subject, sizeof(c.subject), args->at[0], "the channel");
	if (code != CLI_GOOD)
		return code;
	snprintf(says, sizeof(says), "%s: %s", args->at[0], c.value);
	return order_run(args, &c, wait_ns, says);
}
