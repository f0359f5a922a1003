/* watchdogs.c - what devices do by themselves when they hear nothing, as it is declared; and how long they run */
#include <stdio.h>
#include <string.h>

#include "compile/bench.h"
#include "compile/read.h"
#include "model/unit.h"

void
watchdogs_declare(struct bench *b)
{
	for (uint32_t i = 0; i < b->instruments.n; i++) {
		const struct bench_instrument *ins = &b->instruments.at[i];
		struct bench_watchdog *w;

		if (ins->watchdog == NULL)
			continue;
		w = BENCH_ADD(b->watchdogs);
		w->instrument = i;
		w->timeout.channel = w->armed.channel = w->tripped.channel = IMAGE_NONE;
		w->state = protect_state(
			b, "watchdog", ins->name, "", STATE_WATCHDOG, ins->watchdog->key_at);
	}
}

/* A channel of the instrument, by its own name; NAMES_NONE: that was told. */
uint32_t
instrument_channel(
	struct bench *b, const struct bench_instrument *ins, const struct node *n, const char *name)
{
	char full[140], near[96];
	int length = snprintf(full, sizeof(full), "%.63s.%.63s", ins->name, name);
	uint32_t i = length < 0 ? NAMES_NONE : names_get(&b->channel_names, full);

	if (i != NAMES_NONE || ins->is_open)
		return i;
	read_suggest(b, &b->channel_names, full, near);
	diag_error(&b->diag, n->at, "unknown-channel",
		"'%s' has no channel '%.63s'; %sadd it under its channels:", ins->name, name, near);
	return NAMES_NONE;
}

static bool
choice_value(struct bench *b, const struct bench_channel *ch, const struct node *n,
	const char *text, double *out)
{
	for (uint32_t i = ch->first_choice; i < ch->first_choice + ch->n_choices; i++)
		if (strcmp(b->words.at[i], text) == 0) {
			*out = (double)b->choices.at[i].number;
			return true;
		}
	if (ch->n_choices > 0)
		diag_error(&b->diag, n->at, "wrong-value",
			"'%.40s' is no choice of '%s'; write one of its words", text, ch->name);
	return false;
}

/* What a channel has to show, or shows: in its unit, a word, on or off. */
bool
instrument_value(struct bench *b, uint32_t channel, const struct node *n, double *out)
{
	const struct bench_channel *ch = &b->channels.at[channel];
	const char *text = read_text(b, n);
	bool yes;

	if (text == NULL || ch->is_type_open)
		return false;
	switch (ch->type) {
	case VALUE_BOOL:
		if (!read_bool(b, n, &yes))
			return false;
		*out = yes;
		return true;
	case VALUE_CHOICE:
		return choice_value(b, ch, n, text, out);
	case VALUE_TEXT:
		diag_error(&b->diag, n->at, "conflict",
			"'%s' is a text; name a channel that is a number, a choice or a bool",
			ch->name);
		return false;
	default:
		return !ch->is_unit_open && read_quantity(b, n, ch, false, out);
	}
}

static void
read_guard(struct bench *b, const struct bench_instrument *ins, const struct node *n,
	struct image_guard *out)
{
	const struct node *found[SCHEMA_KEYS_MAX];
	const char *name;
	uint32_t channel;

	if (n == NULL || !read_is(b, n, NODE_MAP, "a map: {channel: NAME, is: VALUE}"))
		return;
	read_keys(b, n, schema_guard, NULL, found, NULL);
	name = found[GUARD_CHANNEL] == NULL ? NULL : read_text(b, found[GUARD_CHANNEL]);
	channel =
		name == NULL ? NAMES_NONE : instrument_channel(b, ins, found[GUARD_CHANNEL], name);
	if (channel == NAMES_NONE || found[GUARD_IS] == NULL ||
		!instrument_value(b, channel, found[GUARD_IS], &out->is))
		return;
	if (b->channels.at[channel].source_kind == SOURCE_POINT &&
		b->points.at[b->channels.at[channel].source].codec_part.is_write_only) {
		diag_error(&b->diag, found[GUARD_CHANNEL]->at, "no-reading",
			"'%s' can only be written, so nothing proves what stands there; name a "
			"channel that is read",
			b->channels.at[channel].name);
		return;
	}
	out->channel = channel;
}

static void
read_safe(struct bench *b, const struct bench_instrument *ins, const struct node *map)
{
	if (map == NULL || !read_is(b, map, NODE_MAP, "a map: {CHANNEL: VALUE}"))
		return;
	for (const struct node *n = map->first; n != NULL; n = n->next) {
		uint32_t channel = instrument_channel(b, ins, n, n->key);
		double v;

		if (channel == NAMES_NONE || !instrument_value(b, channel, n, &v))
			continue;
		*BENCH_ADD(b->watchdog_values) =
			(struct image_watchdog_value){ .channel = channel, .value = v };
	}
}

static void
read_watchdog(struct bench *b, struct bench_watchdog *w)
{
	const struct bench_instrument *ins = &b->instruments.at[w->instrument];
	const struct node *const *keys;

	if (!read_is(b, ins->watchdog, NODE_MAP, "a map: {armed: {channel: NAME, is: on}}"))
		return;
	keys = protect_keys_of(b, ins->watchdog, schema_device_watchdog);
	read_guard(b, ins, keys[DOG_TIMEOUT], &w->timeout);
	read_guard(b, ins, keys[DOG_ARMED], &w->armed);
	read_guard(b, ins, keys[DOG_TRIPPED], &w->tripped);
	w->first_value = b->watchdog_values.n;
	read_safe(b, ins, keys[DOG_SAFE]);
	w->n_values = b->watchdog_values.n - w->first_value;
	if (keys[DOG_SAFE] != NULL && keys[DOG_TRIPPED] == NULL)
		diag_error(&b->diag, keys[DOG_SAFE]->key_at, "missing",
			"nothing tells that '%s' is in its own safe mode; add tripped: {channel: "
			"NAME, is: VALUE}, or remove safe",
			ins->name);
}

/* `uptime: CHANNEL`: a time, or a plain number of seconds. */
static void
read_uptime(struct bench *b, uint32_t instrument)
{
	const struct bench_instrument *ins = &b->instruments.at[instrument];
	const char *name = read_text(b, ins->uptime);
	uint32_t channel =
		name == NULL ? NAMES_NONE : instrument_channel(b, ins, ins->uptime, name);
	const struct bench_channel *ch;

	if (channel == NAMES_NONE)
		return;
	ch = &b->channels.at[channel];
	if (ch->is_type_open || ch->is_unit_open)
		return;
	if (ch->type == VALUE_BOOL || ch->type == VALUE_CHOICE || ch->type == VALUE_TEXT ||
		!unit_same_dim(&ch->unit, &unit_second)) {
		diag_error(&b->diag, ins->uptime->at, "unit",
			"'%s' is no time; name a channel whose unit is one: unit: s, with the "
			"scale of its ticks",
			ch->name);
		return;
	}
	*BENCH_ADD(b->uptimes) = (struct image_uptime){
		.instrument = instrument, .channel = channel, .factor = ch->unit.factor
	};
}

void
watchdogs_resolve(struct bench *b)
{
	for (uint32_t i = 0; i < b->watchdogs.n; i++)
		read_watchdog(b, &b->watchdogs.at[i]);
	for (uint32_t i = 0; i < b->instruments.n; i++)
		if (b->instruments.at[i].uptime != NULL)
			read_uptime(b, i);
}
