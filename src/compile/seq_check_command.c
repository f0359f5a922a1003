/* seq_check_command.c - commands of instruments: does the instrument have it, and can it be done in this time? */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/seq_checker.h"
#include "model/sequence.h"

/* `name "TEXT"` is all that a command takes. */
static void
check_args(struct seq_checker *c, const struct seq_arg *args)
{
	bool has_name = false;

	for (const struct seq_arg *a = args; a != NULL; a = a->next) {
		if (a->name.text == NULL || a->text.text == NULL)
			continue;
		if (strcmp(a->name.text, "name") != 0)
			diag_error(c->d, a->name.at, "command-argument",
				"a command takes no '%.63s'; write name \"TEXT\", or nothing",
				a->name.text);
		else if (has_name)
			diag_error(c->d, a->name.at, "command-argument",
				"it has a name already; remove one of them");
		else
			seqc_text(c, &a->text);
		has_name = true;
	}
}

static void
check_retry(struct seq_checker *c, const struct seq_int *retry)
{
	if (retry->is && (retry->v < 0 || retry->v > SEQUENCE_RETRIES_MAX))
		diag_error(c->d, retry->at, "command-argument",
			"it is started %lld times more; write at most %d, and see why the device "
			"refuses",
			(long long)retry->v, SEQUENCE_RETRIES_MAX);
}

static uint32_t
find(const struct bench *b, uint32_t instrument, const char *name)
{
	char full[2 * SEQ_NAME_MAX + 2];

	snprintf(full, sizeof(full), "%.63s.%.63s", b->instruments.at[instrument].name, name);
	for (uint32_t i = 0; i < b->commands_of.n; i++)
		if (strcmp(b->commands_of.at[i].name, full) == 0)
			return i;
	return IMAGE_NONE;
}

/* Those that the instrument has. */
static void
tell_unknown(struct seq_checker *c, const struct seq_stmt *s)
{
	uint32_t instrument = s->command.instrument.instrument;
	size_t skip = strlen(s->command.instrument.name) + 1, used = 0;
	char all[160] = "";

	for (uint32_t i = 0; i < c->b->commands_of.n && used < sizeof(all) - 70; i++)
		if (c->b->commands_of.at[i].instrument == instrument)
			used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%.63s",
				used == 0 ? "" : ", ", c->b->commands_of.at[i].name + skip);
	if (used == 0)
		diag_error(c->d, s->command.command.at, "unknown-command",
			"'%.63s' has no commands; describe it in the instrument: commands: {%.63s: "
			"{write: CHANNEL, ready: CONDITION, done: CONDITION}}",
			s->command.instrument.name, s->command.command.text);
	else
		diag_error(c->d, s->command.command.at, "unknown-command",
			"'%.63s' has no command '%.63s'; it has %s", s->command.instrument.name,
			s->command.command.text, all);
}

/* What usually takes longer than it is waited for never ends well. */
static void
check_done(struct seq_checker *c, const struct seq_stmt *s, const struct seq_program *done)
{
	double takes_s = (double)c->b->commands_of.at[s->command.index].takes_ns / 1e9, low, high;

	if (done->is_open || done->n == 0 || !(takes_s > 0))
		return;
	seq_scope_span(&c->s, done, &low, &high);
	if (low < takes_s)
		diag_error(c->d, s->command.done.at, "time",
			"it takes %g s and the timeout is %g s; make the timeout longer", takes_s,
			low);
}

static void
check_needs(struct seq_checker *c, const struct seq_stmt *s)
{
	uint32_t channel = c->b->commands_of.at[s->command.index].channel;

	if (c->is_needed[channel] || c->is_told[channel])
		return;
	c->is_told[channel] = true;
	diag_error(c->d, s->command.instrument.at, "needs",
		"'%.63s' is used and not named in needs; add it there", s->command.instrument.name);
}

void
seqc_command(struct seq_checker *c, struct seq_stmt *s)
{
	struct seq_ref *r = &s->command.instrument;
	struct seq_program ready, done;

	s->command.index = IMAGE_NONE;
	check_args(c, s->command.args);
	check_retry(c, &s->command.retry);
	seqc_time(c, &s->command.ready, &ready);
	seqc_time(c, &s->command.done, &done);
	seqc_action(c, s->command.orelse);
	if (r->name == NULL || s->command.command.text == NULL)
		return;
	r->instrument = names_get(&c->b->instrument_names, r->name);
	if (r->instrument == NAMES_NONE) {
		diag_error(c->d, r->at, "unknown-channel",
			"the bench has no instrument '%.63s'; correct the name", r->name);
		return;
	}
	s->command.index = find(c->b, r->instrument, s->command.command.text);
	if (s->command.index == IMAGE_NONE) {
		tell_unknown(c, s);
		return;
	}
	check_needs(c, s);
	check_done(c, s, &done);
}
