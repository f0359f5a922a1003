/* outputs.c - what a device needs of those who write to it: again in time, read back, not too often, confirmed */
#include <string.h>

#include "compile/bench.h"
#include "compile/catalogue.h"
#include "compile/read.h"

static void
read_verify(struct bench *b, struct bench_channel *ch, const struct node *n, const struct key *row)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	bool yes = true;
	bool is_number =
		ch->type != VALUE_BOOL && ch->type != VALUE_TEXT && ch->type != VALUE_CHOICE;

	ch->verify_tries = 3;
	if (row->kind == KEY_SWITCH && n->kind == NODE_SCALAR) {
		if (read_bool(b, n, &yes) && !yes)
			ch->verify_tries = 0;
		return;
	}
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

bool
outputs_check_wear(
	struct bench *b, const struct node *refresh, int64_t refresh_ns, int64_t max_writes)
{
	long long writes = refresh_ns == 0 ? 0 : (3600 * NS_PER_S) / refresh_ns;

	if (max_writes == 0 || writes <= max_writes)
		return true;
	diag_error(&b->diag, refresh->key_at, "conflict",
		"it is to be written again %lld times an hour, and its memory stands %lld; "
		"write a longer refresh, or a place that does not wear out",
		writes, (long long)max_writes);
	return false;
}

void
outputs_needs(struct bench *b, uint32_t channel, const struct node *const *keys,
	const struct output_rows *rows)
{
	const int all[] = { rows->refresh, rows->verify, rows->max_writes, rows->confirm };
	struct bench_channel *ch = &b->channels.at[channel];

	for (size_t i = 0; i < NELEM(all) && keys[rows->write] == NULL; i++)
		if (keys[all[i]] != NULL && !ch->has_odd_keys)
			diag_error(&b->diag, keys[all[i]]->key_at, "conflict",
				"'%s' is not written; add write:, or remove '%s'", ch->name,
				keys[all[i]]->key);
	if (keys[rows->refresh] != NULL)
		read_span(b, keys[rows->refresh], &rows->table[rows->refresh], &ch->refresh_ns);
	if (keys[rows->max_writes] != NULL)
		read_int(
			b, keys[rows->max_writes], &rows->table[rows->max_writes], &ch->max_writes);
	if (keys[rows->verify] != NULL)
		read_verify(b, ch, keys[rows->verify], &rows->table[rows->verify]);
	if (keys[rows->confirm] != NULL)
		read_confirm(b, ch, keys[rows->confirm]);
}

void
outputs_at_device(struct bench *b, uint32_t channel, const struct node *const *keys)
{
	static const struct output_rows rows = { schema_instrument_channel, INS_CH_WRITE,
		INS_CH_REFRESH, INS_CH_VERIFY, INS_CH_MAX_WRITES, INS_CH_CONFIRM };
	const struct bench_channel *ch;

	outputs_needs(b, channel, keys, &rows);
	ch = &b->channels.at[channel];
	if (keys[INS_CH_WRITE] != NULL && keys[INS_CH_REFRESH] != NULL)
		outputs_check_wear(b, keys[INS_CH_REFRESH], ch->refresh_ns, ch->max_writes);
}
