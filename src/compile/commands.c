/* commands.c - what sequences can have an instrument do: how it is started, and how it shows that it can be and has ended */
#include <stdio.h>
#include <string.h>

#include "compile/bench.h"
#include "compile/catalogue.h"
#include "compile/read.h"

/* What of the bench writes it; NULL: nothing does. */
static const char *
writer_of(const struct bench *b, uint32_t channel)
{
	for (uint32_t i = 0; i < b->outputs.n; i++)
		if (b->outputs.at[i].at == channel)
			return b->outputs.at[i].name;
	for (uint32_t i = 0; i < b->outputs.n; i++)
		for (uint32_t k = 0; k < b->outputs.at[i].n_parts; k++)
			if (b->parts.at[b->outputs.at[i].first_part + k].at == channel)
				return b->outputs.at[i].name;
	return b->heartbeat.keys != NULL && b->heartbeat.channel == channel ? "heartbeat" : NULL;
}

/* A channel of the instrument that can be written, and that no output of the bench writes: a command is no setpoint. */
static uint32_t
find_written(struct bench *b, const struct bench_instrument *ins, const struct node *n)
{
	const char *name = n == NULL ? NULL : read_text(b, n);
	uint32_t i = name == NULL ? NAMES_NONE : instrument_channel(b, ins, n, name);
	const struct bench_channel *ch;

	if (i == NAMES_NONE)
		return IMAGE_NONE;
	ch = &b->channels.at[i];
	if (!ch->is_writable) {
		if (!ch->is_type_open)
			diag_error(&b->diag, n->at, "conflict",
				"'%s' cannot be written; name a channel with write:", ch->name);
		return IMAGE_NONE;
	}
	if (writer_of(b, i) == NULL)
		return i;
	diag_error(&b->diag, n->at, "conflict",
		"'%s' is written by '%s' of the bench, and a command is nobody's setpoint; name "
		"another channel, or remove that",
		ch->name, writer_of(b, i));
	return IMAGE_NONE;
}

static void
read_value(struct bench *b, const struct node *n, struct place at, struct bench_command *c)
{
	const struct bench_channel *ch = &b->channels.at[c->channel];

	c->value = 1;
	if (n != NULL)
		instrument_value(b, c->channel, n, &c->value);
	else if (ch->type != VALUE_BOOL && !ch->is_type_open)
		diag_error(&b->diag, at, "missing",
			"'%s' is no switch, so the command that writes it needs a value; add "
			"value:",
			ch->name);
}

/* The channel that takes the name: a text or a number. */
static void
read_named(struct bench *b, const struct bench_instrument *ins, const struct node *n,
	struct bench_command *c)
{
	const struct bench_channel *ch;

	c->named = n == NULL ? IMAGE_NONE : find_written(b, ins, n);
	if (c->named == IMAGE_NONE)
		return;
	ch = &b->channels.at[c->named];
	if (c->named == c->channel)
		diag_error(&b->diag, n->at, "conflict",
			"'%s' starts it already; the name goes to another channel", ch->name);
	else if (ch->type == VALUE_BOOL || ch->type == VALUE_CHOICE)
		diag_error(&b->diag, n->at, "conflict",
			"'%s' takes no name; write a channel that is a text or a number", ch->name);
}

static void
read_command(struct bench *b, uint32_t instrument, const struct node *n)
{
	const struct bench_instrument *ins = &b->instruments.at[instrument];
	const struct node *found[SCHEMA_KEYS_MAX];
	struct bench_command c = { .instrument = instrument, .title = "" };
	char name[140];
	const char *title;
	size_t n_errors = b->diag.n_errors;

	if (!read_name(b, n->key, n->key_at, "a command") ||
		!read_is(b, n, NODE_MAP,
			"a map: {write: CHANNEL, ready: CONDITION, done: CONDITION}"))
		return;
	read_keys(b, n, schema_command, NULL, found, NULL);
	snprintf(name, sizeof(name), "%.63s.%.63s", ins->name, n->key);
	c.name = tree_text(&b->tree, name, strlen(name));
	title = found[COMMAND_KEY_TITLE] == NULL ? NULL
						 : catalogue_texts(b, found[COMMAND_KEY_TITLE]);
	if (title != NULL)
		c.title = title;
	c.channel = find_written(b, ins, found[COMMAND_KEY_WRITE]);
	if (c.channel != IMAGE_NONE) {
		read_value(b, found[COMMAND_KEY_VALUE], n->key_at, &c);
		read_named(b, ins, found[COMMAND_KEY_NAME], &c);
	}
	conditions_read_in(b, found[COMMAND_KEY_READY], ins->name, &c.ready);
	conditions_read_in(b, found[COMMAND_KEY_STARTED], ins->name, &c.started);
	conditions_read_in(b, found[COMMAND_KEY_DONE], ins->name, &c.done);
	if (found[COMMAND_KEY_TAKES] != NULL)
		read_span(b, found[COMMAND_KEY_TAKES], &schema_command[COMMAND_KEY_TAKES],
			&c.takes_ns);
	if (b->diag.n_errors == n_errors && c.channel != IMAGE_NONE)
		*BENCH_ADD(b->commands_of) = c;
}

void
commands_read(struct bench *b)
{
	for (uint32_t i = 0; i < b->instruments.n; i++) {
		const struct node *map = b->instruments.at[i].commands;

		if (map == NULL || !read_is(b, map, NODE_MAP,
					   "a map: {inject: {write: CHANNEL, ready: CONDITION, "
					   "done: CONDITION}}"))
			continue;
		for (const struct node *n = map->first; n != NULL; n = n->next)
			read_command(b, i, n);
	}
}
