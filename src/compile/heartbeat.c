/* heartbeat.c - the sign of life for a relay that cuts heater and fuel without it */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "compile/bench.h"
#include "compile/read.h"

void
heartbeat_declare(struct bench *b, const struct node *n)
{
	struct bench_heartbeat *h = &b->heartbeat;

	h->channel = IMAGE_NONE;
	if (n == NULL || !read_is(b, n, NODE_MAP, "a map: {toggle: daq.do7, every: 500 ms}"))
		return;
	h->keys = protect_keys_of(b, n, schema_heartbeat);
	h->at = n->key_at;
	h->state = channels_add_state(b, "mbc.heartbeat", STATE_HEARTBEAT, NULL);
	h->toggles = channels_add_state(b, "mbc.heartbeat_toggles", STATE_TOGGLES, NULL);
	b->channels.at[h->state].at = b->channels.at[h->toggles].at = h->at;
	b->channels.at[h->toggles].type = VALUE_UINT;
	b->channels.at[h->toggles].record = RECORD_NONE;
}

/* The channel of an instrument that can be switched. */
void
heartbeat_find(struct bench *b)
{
	struct bench_heartbeat *h = &b->heartbeat;
	const struct node *n = h->keys == NULL ? NULL : h->keys[HEARTBEAT_TOGGLE];
	const char *name = n == NULL ? NULL : read_text(b, n);
	uint32_t i = name == NULL ? NAMES_NONE : names_get(&b->channel_names, name);
	const struct bench_channel *ch;
	char near[96];

	if (name == NULL || (i == NAMES_NONE && channels_is_of_open(b, name)))
		return;
	if (i == NAMES_NONE) {
		read_suggest(b, &b->channel_names, name, near);
		diag_error(&b->diag, n->at, "unknown-channel",
			"no channel is named '%.127s'; %swrite INSTRUMENT.CHANNEL", name, near);
		return;
	}
	ch = &b->channels.at[i];
	if (ch->is_type_open || ch->has_odd_keys)
		return;
	if (ch->source_kind != SOURCE_POINT || ch->keys != NULL || !ch->is_writable ||
		ch->type != VALUE_BOOL) {
		diag_error(&b->diag, n->at, "wrong-value",
			"'%s' cannot be switched on and off; name a channel of an instrument that "
			"is a bool and has write: in its description",
			ch->name);
		return;
	}
	if (ch->max_writes > 0)
		diag_error(&b->diag, n->at, "conflict",
			"the memory of '%s' stands %lld writes an hour, and a heartbeat makes "
			"thousands; name a channel that does not wear out",
			ch->name, (long long)ch->max_writes);
	h->channel = i;
}

static void
need(struct bench *b, uint32_t instrument)
{
	for (uint32_t i = 0; i < b->needs.n; i++)
		if (b->needs.at[i] == instrument)
			return;
	*BENCH_ADD(b->needs) = instrument;
}

static void
read_need(struct bench *b, const struct node *n)
{
	const char *name = read_text(b, n);
	uint32_t i = name == NULL ? NAMES_NONE : names_get(&b->instrument_names, name);
	char near[96];

	if (name == NULL)
		return;
	if (i != NAMES_NONE) {
		need(b, i);
		return;
	}
	read_suggest(b, &b->instrument_names, name, near);
	diag_error(&b->diag, n->at, "wrong-value",
		"no instrument is named '%.63s'; %sname one of instruments:", name, near);
}

/* Left out: the instruments of what can hurt, so that nothing is forgotten. */
static void
need_hazards(struct bench *b)
{
	for (uint32_t i = 0; i < b->outputs.n; i++) {
		const struct bench_output *o = &b->outputs.at[i];

		if (o->hazard != HAZARD_NONE && o->at != IMAGE_NONE)
			need(b, b->channels.at[o->at].instrument);
	}
}

static void
check_times(struct bench *b)
{
	const struct bench_heartbeat *h = &b->heartbeat;
	char every[CLOCK_TEXT_SIZE], tick[CLOCK_TEXT_SIZE];

	clock_span(every, h->every_ns);
	clock_span(tick, b->tick_ns);
	if (h->every_ns < b->tick_ns)
		diag_error(&b->diag, h->keys[HEARTBEAT_EVERY]->at, "out-of-range",
			"every is %s, and the controller looks each %s; write at least that", every,
			tick);
	if (h->drop_out_ns > 0 && h->drop_out_ns <= 2 * h->every_ns)
		diag_error(&b->diag, h->keys[HEARTBEAT_DROP_OUT]->at, "conflict",
			"the relay would fall between two beats; write a drop_out of more than "
			"twice every, which is %s",
			every);
}

void
heartbeat_resolve(struct bench *b)
{
	struct bench_heartbeat *h = &b->heartbeat;
	const struct node *n;

	if (h->keys == NULL)
		return;
	n = h->keys[HEARTBEAT_NEEDS];
	read_span(b, h->keys[HEARTBEAT_EVERY], &schema_heartbeat[HEARTBEAT_EVERY], &h->every_ns);
	if (h->keys[HEARTBEAT_DROP_OUT] != NULL)
		read_span(b, h->keys[HEARTBEAT_DROP_OUT], &schema_heartbeat[HEARTBEAT_DROP_OUT],
			&h->drop_out_ns);
	check_times(b);
	if (n == NULL)
		need_hazards(b);
	else if (n->kind == NODE_SCALAR)
		read_need(b, n);
	else if (read_is(b, n, NODE_LIST, "a list of instruments: [furnace, daq]"))
		for (const struct node *k = n->first; k != NULL; k = k->next)
			read_need(b, k);
	/* A beat that its own instrument does not take is none. */
	if (h->channel != IMAGE_NONE)
		need(b, b->channels.at[h->channel].instrument);
}
