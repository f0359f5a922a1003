/* outputs.c - what a device needs of those who write to it: again in time, read back, not too often, confirmed; and the outputs
 * of the bench: channels with `write:`
 */
#include <stdio.h>
#include <string.h>

#include "compile/bench.h"
#include "compile/catalogue.h"
#include "compile/read.h"

static void
read_verify(struct bench *b, struct bench_channel *ch, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	bool is_number =
		ch->type != VALUE_BOOL && ch->type != VALUE_TEXT && ch->type != VALUE_CHOICE;

	ch->verify_tries = 3;
	if (!read_is(b, n, NODE_MAP, "a map: {within: 0.5, after: 1 s}"))
		return;
	read_keys(b, n, schema_verify, NULL, found, NULL);
	if (found[VERIFY_WITHIN] != NULL && !is_number && !ch->is_type_open)
		diag_error(&b->diag, found[VERIFY_WITHIN]->key_at, "conflict",
			"'%s' is a %s and is read back as it was written; remove 'within'",
			ch->name, value_type_text(ch->type));
	else if (found[VERIFY_WITHIN] != NULL &&
		 read_quantity(b, found[VERIFY_WITHIN], ch, true, &ch->verify_within) &&
		 ch->verify_within < 0)
		diag_error(&b->diag, found[VERIFY_WITHIN]->at, "out-of-range",
			"a distance is not below 0; write 0 or more");
	if (found[VERIFY_AFTER] != NULL)
		read_span(
			b, found[VERIFY_AFTER], &schema_verify[VERIFY_AFTER], &ch->verify_after_ns);
	if (found[VERIFY_TRIES] != NULL)
		read_int(b, found[VERIFY_TRIES], &schema_verify[VERIFY_TRIES], &ch->verify_tries);
}

/* A text that is yes or no is the answer, any other the reason for it. */
static void
read_confirm(struct bench *b, struct bench_channel *ch, const struct node *n)
{
	static const char *const no[] = { "no", "false", "off" };
	static const char *const yes[] = { "yes", "true", "on" };
	const char *text = catalogue_texts(b, n);

	if (text == NULL)
		return;
	ch->confirm = text;
	for (size_t i = 0; i < NELEM(yes) && n->kind == NODE_SCALAR; i++)
		if (strcmp(text, no[i]) == 0)
			ch->confirm = NULL;
		else if (strcmp(text, yes[i]) == 0)
			ch->confirm = "";
}

void
outputs_read(struct bench *b, uint32_t channel, const struct node *const *keys)
{
	static const int all[] = { INS_CH_REFRESH, INS_CH_VERIFY, INS_CH_MAX_WRITES,
		INS_CH_CONFIRM };
	const struct key *rows = schema_instrument_channel;
	struct bench_channel *ch = &b->channels.at[channel];

	for (size_t i = 0; i < NELEM(all) && keys[INS_CH_WRITE] == NULL; i++)
		if (keys[all[i]] != NULL && !ch->has_odd_keys)
			diag_error(&b->diag, keys[all[i]]->key_at, "conflict",
				"'%s' is not written; add write:, or remove '%s'", ch->name,
				keys[all[i]]->key);
	if (keys[INS_CH_REFRESH] != NULL)
		read_span(b, keys[INS_CH_REFRESH], &rows[INS_CH_REFRESH], &ch->refresh_ns);
	if (keys[INS_CH_MAX_WRITES] != NULL)
		read_int(b, keys[INS_CH_MAX_WRITES], &rows[INS_CH_MAX_WRITES], &ch->max_writes);
	if (keys[INS_CH_VERIFY] != NULL)
		read_verify(b, ch, keys[INS_CH_VERIFY]);
	if (keys[INS_CH_CONFIRM] != NULL)
		read_confirm(b, ch, keys[INS_CH_CONFIRM]);
	if (keys[INS_CH_WRITE] != NULL && ch->refresh_ns > 0 && ch->max_writes > 0 &&
		(3600 * NS_PER_S) / ch->refresh_ns > ch->max_writes)
		diag_error(&b->diag, keys[INS_CH_REFRESH]->key_at, "conflict",
			"it is to be written again %lld times an hour, and its memory stands %lld; "
			"write a longer refresh, or a place that does not wear out",
			(long long)((3600 * NS_PER_S) / ch->refresh_ns), (long long)ch->max_writes);
}

/* ---- outputs of the bench -------------------------------------------------------------------------------------------------- */

/* "T_furn.target", of an output that was called otherwise once also under that name. */
static uint32_t
add_state(struct bench *b, uint32_t channel, const char *word, enum image_state kind)
{
	const struct bench_channel *ch = &b->channels.at[channel];
	bool is_alike = kind == STATE_TARGET || kind == STATE_WORKING;
	const char *was = ch->was;
	char full[270];
	int n = snprintf(full, sizeof(full), "%.63s.%s", ch->name, word);
	uint32_t i = channels_add_state(
		b, tree_text(&b->tree, full, (size_t)n), kind, is_alike ? ch : NULL);

	b->channels.at[i].at = b->channels.at[channel].at;
	if (was[0] != '\0') {
		n = snprintf(full, sizeof(full), "%.200s.%s", was, word);
		b->channels.at[i].was = tree_text(&b->tree, full, (size_t)n);
	}
	return i;
}

void
outputs_declare(struct bench *b)
{
	for (uint32_t i = 0, n = b->channels.n; i < n; i++) {
		const struct bench_channel *ch = &b->channels.at[i];
		struct bench_output *o;
		uint32_t k = names_get(&b->instrument_names, ch->name);

		if (ch->keys == NULL || ch->scope != NULL || ch->keys[BENCH_CH_WRITE] == NULL)
			continue;
		if (k != NAMES_NONE)
			diag_error(&b->diag, ch->at, "name",
				"'%s' is an instrument, too, and the output has channels such as "
				"'%s.target'; give one of them another name",
				ch->name, ch->name);
		o = BENCH_ADD(b->outputs);
		o->name = ch->name;
		o->channel = i;
		o->at = o->shutoff = IMAGE_NONE;
		names_put(&b->output_names, o->name, b->outputs.n - 1);
		o->target = add_state(b, i, "target", STATE_TARGET);
		o->working = add_state(b, i, "working", STATE_WORKING);
		o->owner = add_state(b, i, "owner", STATE_OWNER);
		o->mode = add_state(b, i, "mode", STATE_MODE);
	}
	if (b->outputs.n > 0)
		b->bench_state = channels_add_state(b, "mbc.bench", STATE_BENCH, NULL);
}

void
outputs_resolve(struct bench *b)
{
}
