/* sequence.c - mbc sequence: what is under test, and its buttons */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/look.h"
#include "cli/order.h"
#include "io/now.h"
#include "model/sequence.h"

/* ---- looking ------------------------------------------------------------------------------------------------------------- */

static int
open_both(struct args *args, const struct image **img, const struct board **b)
{
	int code = CLI_GOOD;

	*img = look_image(args, &code);
	*b = *img == NULL ? NULL : look_open(args, &code);
	return *b == NULL ? code : CLI_GOOD;
}

static int
list(struct args *args)
{
	const struct image *img;
	const struct board *b;
	int code = args_count(args, 0, 0);

	if (code == CLI_GOOD)
		code = open_both(args, &img, &b);
	if (code != CLI_GOOD)
		return code;
	for (uint32_t i = 0; i < img->sequences.n; i++) {
		const struct image_sequence *s = image_sequence_at(img, i);

		printf("%-24s %3u steps  %s\n", image_text(img, s->name), s->n_steps,
			image_text(img, s->title));
	}
	if (img->sequences.n == 0)
		puts("this bench has no sequences; write 'sequences: FOLDER' in its file");
	return CLI_GOOD;
}

static void
show_slot(const struct image *img, const struct image_slot *s)
{
	printf("  %-16s ", image_text(img, s->name));
	if (s->kind == SLOT_NUMBER && s->has_value)
		printf("%.10g %s", s->value, image_text(img, s->unit));
	else if (s->kind == SLOT_NUMBER)
		printf("a number in %s", image_text(img, s->unit));
	else if (s->kind == SLOT_LIST)
		printf("a list of %u", s->n);
	else
		printf("%s", s->is_user     ? "who starts it"
			     : s->text != 0 ? image_text(img, s->text)
					    : "a text");
	if (s->has_range)
		printf(", %.10g to %.10g", s->min, s->max);
	puts(s->is_required && !s->has_value ? ", has to be told" : "");
}

static int
show(struct args *args)
{
	const struct image *img;
	const struct board *b;
	const struct image_sequence *s;
	uint32_t i;
	int code = args_count(args, 1, 1);

	if (code == CLI_GOOD)
		code = open_both(args, &img, &b);
	if (code != CLI_GOOD)
		return code;
	i = image_find_sequence(img, args->at[0]);
	if (i == IMAGE_NONE)
		return cli_say(args, CLI_WRONG,
			"no sequence is named '%s'; 'mbc sequence list' shows them", args->at[0]);
	s = image_sequence_at(img, i);
	printf("%s\n%s, version %u\n", image_text(img, s->title), image_text(img, s->path),
		s->version);
	for (uint32_t k = s->first_slot; k < s->first_slot + s->n_slots; k++) {
		const struct image_slot *slot = image_slot_at(img, k);

		if (slot->role == SLOT_PARAM || slot->role == SLOT_META)
			show_slot(img, slot);
	}
	for (uint32_t k = s->first_step; k < s->first_step + s->n_steps; k++) {
		const struct image_seq_step *step = image_seq_step_at(img, k);

		printf("step %-5u %s%s%s\n", step->number, image_text(img, step->title),
			step->comment != 0 ? "  # " : "", image_text(img, step->comment));
	}
	return CLI_GOOD;
}

/* The fields of the panel, in its order. */
static int
status(struct args *args)
{
	static const struct {
		const char *says, *channel;
	} rows[] = { { "sequence under test", "sequence.name" }, { "state", "sequence.state" },
		{ "step executing", "sequence.step" }, { "", "sequence.title" },
		{ "comment", "sequence.comment" }, { "step time", "sequence.step_time" },
		{ "current step time", "sequence.current_step_time" }, { "time", "sequence.time" },
		{ "total time", "sequence.total_time" }, { "time left", "sequence.time_left" },
		{ "waits for", "sequence.waiting" }, { "reason", "sequence.reason" },
		{ "step id", "sequence.step_id" }, { "hold id", "sequence.hold_id" },
		{ "question id", "sequence.question_id" } };
	const struct board *b;
	int code = args_count(args, 0, 0);

	b = code == CLI_GOOD ? look_open(args, &code) : NULL;
	if (b == NULL)
		return code;
	if (board_find(b, rows[0].channel) == IMAGE_NONE) {
		puts("this bench has no sequences; write 'sequences: FOLDER' in its file");
		return CLI_GOOD;
	}
	for (size_t k = 0; k < NELEM(rows); k++) {
		uint32_t i = board_find(b, rows[k].channel);
		struct buf out = { 0 };
		struct sample s;

		if (i == IMAGE_NONE)
			continue;
		board_look(b, i, now_boot(), &s);
		look_value(&out, b, i, &s);
		printf("%-20s %s\n", rows[k].says, s.quality == Q_NOT_YET ? "" : buf_text(&out));
		buf_done(&out);
	}
	return CLI_GOOD;
}

/* ---- buttons ------------------------------------------------------------------------------------------------------------- */

static int
tell(struct args *args, struct command *c, const char *pair)
{
	char name[EVENT_SUBJECT], value[COMMAND_TOLD];
	const char *equals = strchr(pair, '=');
	size_t n = equals == NULL ? 0 : (size_t)(equals - pair);
	int code;

	while (n > 0 && pair[n - 1] == ' ')
		n--;
	if (n == 0)
		return cli_say(args, CLI_WRONG,
			"--set '%s' is not NAME=VALUE, for example --set \"T_red=480 degC\"", pair);
	if (n >= sizeof(name))
		return cli_say(args, CLI_WRONG, "--set '%.40s...' is too long", pair);
	snprintf(name, sizeof(name), "%.*s", (int)n, pair);
	equals++;
	while (*equals == ' ')
		equals++;
	code = order_word(args, value, sizeof(value), equals, "the value");
	if (code != CLI_GOOD)
		return code;
	if (!command_add_value(c, name, value))
		return cli_say(args, CLI_WRONG, "--set '%.40s...' is too much; tell less", pair);
	return CLI_GOOD;
}

/* All in one: it starts with just that, or not at all. */
static int
start(struct args *args)
{
	char says[EVENT_SUBJECT + 40];
	struct command c;
	const char *pair;
	int64_t wait_ns;
	int code = order_begin(args, COMMAND_SEQ_START, &c, &wait_ns);

	c.is_whole = true;
	while (code == CLI_GOOD && args_option(args, "--set", &pair))
		code = tell(args, &c, pair);
	if (code == CLI_GOOD)
		code = args_count(args, 1, 1);
	if (code == CLI_GOOD)
		code = order_word(args, c.subject, sizeof(c.subject), args->at[0], "the name");
	if (code != CLI_GOOD)
		return code;
	snprintf(says, sizeof(says), "START %s:", c.subject);
	return order_run(args, &c, wait_ns, says);
}

/* What was looked at, as `mbc sequence` numbers it: it is refused when something else is there by then. */
static int
take_seen(struct args *args, struct command *c)
{
	static const struct {
		const char *option;
		enum command_kind kinds[3];
	} rows[] = { { "--step-id", { COMMAND_SEQ_RESUME, COMMAND_SEQ_SKIP, COMMAND_SEQ_GOTO } },
		{ "--hold-id", { COMMAND_SEQ_RESUME, COMMAND_SEQ_RESUME, COMMAND_SEQ_RESUME } },
		{ "--question-id", { COMMAND_SEQ_REPLY, COMMAND_SEQ_REPLY, COMMAND_SEQ_REPLY } } };
	uint64_t *out[] = { &c->step, &c->hold, &c->question };
	const char *word;
	int64_t id;

	for (size_t i = 0; i < NELEM(rows); i++) {
		if (c->kind != rows[i].kinds[0] && c->kind != rows[i].kinds[1] &&
			c->kind != rows[i].kinds[2])
			continue;
		if (!args_option(args, rows[i].option, &word))
			continue;
		if (!text_to_int(word, &id) || id < 1)
			return cli_say(args, CLI_WRONG,
				"%s takes a number, as 'mbc sequence' shows it", rows[i].option);
		*out[i] = (uint64_t)id;
	}
	return CLI_GOOD;
}

static int
press(struct args *args, enum command_kind kind, const char *button, int words)
{
	char says[COMMAND_VALUE + 40];
	struct command c;
	int64_t wait_ns;
	int code = order_begin(args, kind, &c, &wait_ns);

	if (code == CLI_GOOD)
		code = take_seen(args, &c);
	if (code == CLI_GOOD)
		code = args_count(args, words, words);
	if (code == CLI_GOOD && words == 1)
		code = order_word(args, c.value, sizeof(c.value), args->at[0], "the value");
	if (code != CLI_GOOD)
		return code;
	snprintf(says, sizeof(says), "%s%s%s:", button, words == 1 ? " " : "", c.value);
	return order_run(args, &c, wait_ns, says);
}

int
cli_sequence(struct args *args)
{
	static const struct {
		const char *word;
		enum command_kind kind;
		const char *button;
		int words;
	} buttons[] = { { "pause", COMMAND_SEQ_PAUSE, "PAUSE", 0 },
		{ "safe-pause", COMMAND_SEQ_SAFE_PAUSE, "SAFE PAUSE", 0 },
		{ "resume", COMMAND_SEQ_RESUME, "RESUME", 0 },
		{ "skip", COMMAND_SEQ_SKIP, "SKIP STEP", 0 },
		{ "goto", COMMAND_SEQ_GOTO, "GO TO STEP", 1 },
		{ "abort", COMMAND_SEQ_ABORT, "ABORT", 0 },
		{ "answer", COMMAND_SEQ_REPLY, "answer", 1 } };
	const char *word = args->n > 0 ? args->at[0] : "status";

	if (strcmp(word, "format") == 0 || strcmp(word, "json") == 0 ||
		strcmp(word, "lines") == 0 || strcmp(word, "text") == 0)
		return cli_sequence_file(args);
	if (args->n > 0) {
		args->at++;
		args->n--;
	}
	if (strcmp(word, "status") == 0)
		return status(args);
	if (strcmp(word, "list") == 0)
		return list(args);
	if (strcmp(word, "show") == 0)
		return show(args);
	if (strcmp(word, "start") == 0)
		return start(args);
	for (size_t i = 0; i < NELEM(buttons); i++)
		if (strcmp(word, buttons[i].word) == 0)
			return press(args, buttons[i].kind, buttons[i].button, buttons[i].words);
	return cli_say(args, CLI_WRONG, "usage: mbc sequence %s", args->command->usage);
}
