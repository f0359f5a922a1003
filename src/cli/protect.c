/* protect.c - mbc trip, mbc alarm: what watches over the bench */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/span.h"
#include "cli/look.h"
#include "cli/order.h"
#include "io/now.h"

/* ---- lists ---------------------------------------------------------------------------------------------------------------- */

/* One line: name, state, since when, title. */
static void
print_state(const struct board *b, const char *kind, const char *name, const char *title)
{
	char channel[160], since[CLOCK_TEXT_SIZE] = "";
	const char *state = "not known";
	struct sample s = { 0 };
	uint32_t i;

	snprintf(channel, sizeof(channel), "%s.%s", kind, name);
	i = board_find(b, channel);
	if (i != IMAGE_NONE)
		board_look(b, i, now_boot(), &s);
	if (i != IMAGE_NONE && !quality_is_bad(s.quality)) {
		const char *word = board_choice(b, board_channel(b, i), s.v.i);

		state = word != NULL ? word : state;
		if (s.v.i != 0)
			clock_text(since, board_wall(b, s.stamp_ns));
	}
	printf("%-24s %-22s %-26s %s\n", name, state, since, title);
}

static int
list(struct args *args, bool is_trips)
{
	const struct image *img;
	const struct board *b;
	int code;

	if (args_count(args, 0, 0) != 0)
		return CLI_WRONG;
	img = look_image(args, &code);
	b = img == NULL ? NULL : look_open(args, &code);
	if (b == NULL)
		return code;
	for (uint32_t i = 0; is_trips && i < img->trips.n; i++) {
		const struct image_trip *t = image_trip_at(img, i);

		print_state(b, "trip", image_text(img, t->name), image_text(img, t->title));
	}
	for (uint32_t i = 0; !is_trips && i < img->alarms.n; i++) {
		const struct image_alarm *a = image_alarm_at(img, i);

		print_state(b, "alarm", image_text(img, a->name), image_text(img, a->title));
	}
	if ((is_trips ? img->trips.n : img->alarms.n) == 0)
		puts(is_trips ? "this bench has no trips" : "this bench has no alarms");
	return CLI_GOOD;
}

/* ---- orders --------------------------------------------------------------------------------------------------------------- */

struct verb {
	const char *name;
	enum command_kind kind;
	int min_names; /* 0: a name may be left out, 1: it is needed */
	int max_names;
	const char *reason; /* option of the text it needs; NULL: none */
	bool has_span;      /* --for */
};

static int
take_options(struct args *args, const struct verb *v, struct command *c)
{
	const char *word;
	struct err err;

	if (v->reason != NULL) {
		if (!args_option(args, v->reason, &word) || word[0] == '\0')
			return cli_say(args, CLI_WRONG,
				"%s \"TEXT\" is missing: say in a few words why, it is recorded",
				v->reason);
		if (order_word(args, c->text, sizeof(c->text), word, v->reason) != CLI_GOOD)
			return CLI_WRONG;
	}
	if (!v->has_span)
		return CLI_GOOD;
	if (!args_option(args, "--for", &word))
		return cli_say(args, CLI_WRONG, "--for SPAN is missing, for example --for 30min");
	if (span_parse(word, &c->span_ns, &err) < 0)
		return cli_say(args, CLI_WRONG, "--for: %s", err.msg);
	return CLI_GOOD;
}

static int
order(struct args *args, const char *what, const struct verb *v)
{
	char says[EVENT_SUBJECT + 60];
	struct command c;
	int64_t wait_ns;
	int code = order_begin(args, v->kind, &c, &wait_ns);

	if (code == CLI_GOOD)
		code = take_options(args, v, &c);
	if (code == CLI_GOOD)
		code = args_count(args, v->min_names, v->max_names);
	if (code == CLI_GOOD && args->n > 0)
		code = order_word(args, c.subject, sizeof(c.subject), args->at[0], "the name");
	if (code != CLI_GOOD)
		return code;
	snprintf(says, sizeof(says), "%s %s%s%s:", what, v->name, c.subject[0] != '\0' ? " " : "",
		c.subject);
	return order_run(args, &c, wait_ns, says);
}

static int
run(struct args *args, const char *what, bool is_trips, const struct verb *verbs, size_t n)
{
	for (size_t i = 0; args->n > 0 && i < n; i++)
		if (strcmp(args->at[0], verbs[i].name) == 0) {
			args->at++;
			args->n--;
			return order(args, what, &verbs[i]);
		}
	if (args->n > 0 && strcmp(args->at[0], "list") == 0) {
		args->at++;
		args->n--;
		return list(args, is_trips);
	}
	return cli_say(
		args, CLI_WRONG, "usage: mbc %s %s", args->command->name, args->command->usage);
}

int
cli_trip(struct args *args)
{
	static const struct verb verbs[] = {
		{ "reset", COMMAND_TRIP_RESET, 1, 1, "--comment", false },
		{ "bypass", COMMAND_BYPASS, 1, 1, "--reason", true },
		{ "end", COMMAND_BYPASS_END, 1, 1, NULL, false },
	};

	return run(args, "trip", true, verbs, NELEM(verbs));
}

int
cli_alarm(struct args *args)
{
	static const struct verb verbs[] = {
		{ "ack", COMMAND_ALARM_ACK, 0, 1, NULL, false },
		{ "shelve", COMMAND_ALARM_SHELVE, 1, 1, "--reason", true },
		{ "unshelve", COMMAND_ALARM_UNSHELVE, 1, 1, NULL, false },
		{ "reset", COMMAND_ALARM_RESET, 1, 1, NULL, false },
		{ "out", COMMAND_ALARM_OUT, 1, 1, "--reason", false },
		{ "in", COMMAND_ALARM_IN, 1, 1, NULL, false },
		{ "silence", COMMAND_SILENCE, 0, 0, NULL, false },
	};

	return run(args, "alarm", false, verbs, NELEM(verbs));
}
