/* lock.c - `local_lock:`, a switch that locks commands from elsewhere */
#include <stdio.h>
#include <string.h>

#include "compile/bench.h"
#include "compile/read.h"

void
lock_declare(struct bench *b, const struct node *n)
{
	if (n == NULL)
		return;
	b->lock_node = n;
	b->lock_state = channels_add_state(b, "mbc.local_lock", STATE_LOCK, NULL);
	b->channels.at[b->lock_state].at = n->key_at;
}

static uint32_t
find_switch(struct bench *b, const struct node *n)
{
	const char *name = n == NULL ? NULL : read_text(b, n);
	uint32_t i = name == NULL ? NAMES_NONE : names_get(&b->channel_names, name);
	char near[96];

	if (i != NAMES_NONE || name == NULL || channels_is_of_open(b, name))
		return i;
	read_suggest(b, &b->channel_names, name, near);
	diag_error(&b->diag, n->at, "unknown-channel",
		"no channel is named '%.127s'; %swrite the switch: INSTRUMENT.CHANNEL", name, near);
	return NAMES_NONE;
}

/* What it shows while it locks; n NULL: on. */
static bool
read_locked(struct bench *b, const struct bench_channel *ch, const struct node *n,
	const struct node *whole)
{
	double v = 1;

	if (ch->type != VALUE_BOOL && ch->type != VALUE_CHOICE) {
		diag_error(&b->diag, whole->at, "conflict",
			"'%s' is a %s, and a switch is on or off; name a channel that is, or has "
			"choices",
			ch->name, value_type_text(ch->type));
		return false;
	}
	if (n == NULL && ch->type == VALUE_CHOICE) {
		diag_error(&b->diag, whole->at, "missing",
			"'%s' has choices of its own; say which of them locks: {channel: %s, "
			"locked: CHOICE}",
			ch->name, ch->name);
		return false;
	}
	if (n != NULL && !outputs_value_of(b, NULL, ch, n, &v))
		return false;
	b->lock_is = (int64_t)v;
	if (b->lock_is >= 0 && b->lock_is < IMAGE_NONE)
		return true;
	diag_error(&b->diag, n->at, "out-of-range",
		"this choice has the number %lld; give it one that is not below 0",
		(long long)b->lock_is);
	return false;
}

void
lock_resolve(struct bench *b)
{
	const struct node *n = b->lock_node, *found[SCHEMA_KEYS_MAX] = { NULL };
	uint32_t i;

	if (n == NULL)
		return;
	if (n->kind == NODE_SCALAR)
		found[LOCK_CHANNEL] = n;
	else if (read_is(b, n, NODE_MAP, "the switch, or a map: {channel: daq.di3, locked: on}"))
		read_keys(b, n, schema_lock, NULL, found, NULL);
	i = find_switch(b, found[LOCK_CHANNEL]);
	if (i == NAMES_NONE || b->channels.at[i].is_type_open)
		return;
	if (b->channels.at[i].source_kind == SOURCE_STATE) {
		diag_error(&b->diag, found[LOCK_CHANNEL]->at, "conflict",
			"'%s' is made by the program itself, and a switch is something that people "
			"turn; name an input",
			b->channels.at[i].name);
		return;
	}
	if (read_locked(b, &b->channels.at[i], found[LOCK_LOCKED_AT], n))
		b->lock = i;
}
