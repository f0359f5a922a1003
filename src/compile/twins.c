/* twins.c - how simulated quantities behave */
#include <stdio.h>
#include <string.h>

#include "compile/bench.h"
#include "compile/read.h"
#include "model/unit.h"

static const struct bench_channel *
channel_of(const struct bench *b, const struct bench_point *p)
{
	return &b->channels.at[p->channel];
}

static uint32_t
find_point(const struct bench *b, const struct bench_instrument *ins, const char *name)
{
	char full[130];
	uint32_t channel;

	snprintf(full, sizeof(full), "%s.%.64s", ins->name, name);
	channel = names_get(&b->channel_names, strchr(name, '.') == NULL ? full : name);
	return channel == NAMES_NONE || b->channels.at[channel].source_kind != SOURCE_POINT
		       ? IMAGE_NONE
		       : b->channels.at[channel].source;
}

static void
read_follows(
	struct bench *b, const struct bench_instrument *ins, uint32_t index, const struct node *n)
{
	const char *name = read_text(b, n);
	uint32_t found;

	if (name == NULL)
		return;
	found = find_point(b, ins, name);
	if (found == IMAGE_NONE)
		diag_error(&b->diag, n->at, "unknown-channel",
			"'%s' has no channel '%.63s'; name one of its own, or one of an instrument "
			"before it as INSTRUMENT.CHANNEL",
			ins->name, name);
	else if (found == index)
		diag_error(&b->diag, n->at, "circle",
			"a channel cannot follow itself; name another one");
	else
		b->points.at[index].twin.follows = found;
}

/* How fast it moves is what another channel holds, as the ramp of a setpoint in a device. */
static void
read_pace(struct bench *b, const struct bench_instrument *ins, uint32_t index, const struct node *n)
{
	const struct bench_channel *ch = channel_of(b, &b->points.at[index]), *pace;
	struct bench_twin *t = &b->points.at[index].twin;
	const char *name = read_text(b, n);
	struct unit wanted;
	uint32_t found;
	double offset;

	if (name == NULL)
		return;
	found = find_point(b, ins, name);
	if (found == IMAGE_NONE || found == index) {
		diag_error(&b->diag, n->at, "unknown-channel",
			"'%.63s' is no other channel of '%s'; name the one that holds the rate",
			name, ins->name);
		return;
	}
	pace = channel_of(b, &b->points.at[found]);
	if (ch->is_unit_open || pace->is_unit_open)
		return;
	if (!unit_combine(&ch->unit, &unit_second, -1, &wanted) || pace->unit.is_point ||
		!unit_same_dim(&pace->unit, &wanted)) {
		diag_error(&b->diag, n->at, "unit",
			"'%s' (unit %s) is no rate of '%s' (unit %s); give it a unit for a time, "
			"as "
			"K/min",
			pace->name, pace->unit_text == NULL ? "none" : pace->unit_text, ch->name,
			ch->unit_text == NULL ? "none" : ch->unit_text);
		return;
	}
	unit_conversion(&pace->unit, &wanted, &t->pace, &offset);
	t->paced = found + 1;
}

static void
read_wave(
	struct bench *b, const struct bench_channel *ch, struct bench_twin *t, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];

	if (!read_is(b, n, NODE_MAP, "a map: {amplitude: 2, period: 60 s}"))
		return;
	read_keys(b, n, schema_wave, NULL, found, NULL);
	if (found[WAVE_AMPLITUDE] != NULL)
		read_quantity(b, found[WAVE_AMPLITUDE], ch, true, &t->wave);
	if (found[WAVE_PERIOD] != NULL)
		read_span(b, found[WAVE_PERIOD], &schema_wave[WAVE_PERIOD], &t->period_ns);
}

/* Two keys that say different things about one movement: the second one is blamed. */
static void
check_pair(struct bench *b, const struct node *const *found, int one, int other, const char *why)
{
	if (found[one] != NULL && found[other] != NULL)
		diag_error(&b->diag, found[other]->key_at, "conflict",
			"'%s' and '%s' do not go together: %s; remove one of them",
			schema_twin[one].name, schema_twin[other].name, why);
}

static void
read_movement(
	struct bench *b, struct bench_twin *t, const struct node *const *found, bool is_written)
{
	read_span(b, found[TWIN_RETURNS], &schema_twin[TWIN_RETURNS], &t->returns_ns);
	read_span(b, found[TWIN_LAG], &schema_twin[TWIN_LAG], &t->lag_ns);
	read_span(b, found[TWIN_TAU], &schema_twin[TWIN_TAU], &t->tau_ns);
	read_span(b, found[TWIN_TAU_DOWN], &schema_twin[TWIN_TAU_DOWN], &t->tau_down_ns);
	read_span(b, found[TWIN_TRAVEL], &schema_twin[TWIN_TRAVEL], &t->travel_ns);
	check_pair(b, found, TWIN_FOLLOWS, TWIN_INTEGRATES,
		"it moves towards a channel or sums it up");
	for (int key = TWIN_GAIN; key <= TWIN_TRAVEL; key++)
		if (key != TWIN_LAG)
			check_pair(b, found, TWIN_UNLIKE, key, "it is 0 or 1, at once");
	check_pair(b, found, TWIN_FOLLOWS, TWIN_UNLIKE, "it goes with a channel or against it");
	check_pair(
		b, found, TWIN_INTEGRATES, TWIN_UNLIKE, "it goes against a channel or sums it up");
	if (found[TWIN_RETURNS] != NULL && !is_written)
		diag_error(&b->diag, found[TWIN_RETURNS]->key_at, "missing",
			"only what is written can go back; add write: to the channel, or remove "
			"it");
	check_pair(b, found, TWIN_TAU, TWIN_TRAVEL, "it slows down or has a constant speed");
	for (int key = TWIN_TAU; key <= TWIN_TRAVEL; key++)
		check_pair(b, found, key, TWIN_RAMP, "another channel says how fast it moves");
	check_pair(b, found, TWIN_INTEGRATES, TWIN_RAMP, "a sum moves as what it sums up");
	check_pair(b, found, TWIN_TAU_DOWN, TWIN_TRAVEL, "it slows down or has a constant speed");
	for (int key = TWIN_TAU; key <= TWIN_TRAVEL; key++)
		check_pair(b, found, TWIN_INTEGRATES, key, "a sum moves as what it sums up");
	if (found[TWIN_LAG] != NULL && found[TWIN_FOLLOWS] == NULL && found[TWIN_UNLIKE] == NULL &&
		found[TWIN_INTEGRATES] == NULL && !is_written)
		diag_error(&b->diag, found[TWIN_LAG]->key_at, "missing",
			"a lag, and nothing to lag behind; add 'follows: CHANNEL', or remove it");
}

static void
read_twin(struct bench *b, const struct bench_instrument *ins, uint32_t index)
{
	struct bench_point *p = &b->points.at[index];
	const struct bench_channel *ch = channel_of(b, p);
	struct bench_twin *t = &p->twin;
	const struct node *found[SCHEMA_KEYS_MAX];

	t->gain = 1;
	if (t->node == NULL ||
		!read_is(b, t->node, NODE_MAP, "a map: {start: 20, follows: CHANNEL, tau: 60 s}"))
		return;
	read_keys(b, t->node, schema_twin, NULL, found, NULL);
	if (found[TWIN_START] != NULL && p->codec_part.value == VALUE_TEXT)
		t->text = read_text(b, found[TWIN_START]);
	else if (found[TWIN_START] != NULL)
		read_quantity(b, found[TWIN_START], ch, false, &t->start);
	if (found[TWIN_GAIN] != NULL)
		read_constant(b, found[TWIN_GAIN], &t->gain);
	if (found[TWIN_NOISE] != NULL)
		read_quantity(b, found[TWIN_NOISE], ch, true, &t->noise);
	if (t->noise < 0)
		diag_error(&b->diag, found[TWIN_NOISE]->at, "out-of-range",
			"noise is below 0; write a width");
	if (found[TWIN_WAVE] != NULL)
		read_wave(b, ch, t, found[TWIN_WAVE]);
	read_movement(
		b, t, found, p->codec_part.write_space >= 0 && p->codec_part.value != VALUE_TEXT);
	if (found[TWIN_FOLLOWS] != NULL)
		read_follows(b, ins, index, found[TWIN_FOLLOWS]);
	else if (found[TWIN_INTEGRATES] != NULL)
		read_follows(b, ins, index, found[TWIN_INTEGRATES]);
	else if (found[TWIN_UNLIKE] != NULL)
		read_follows(b, ins, index, found[TWIN_UNLIKE]);
	t->is_unlike = found[TWIN_UNLIKE] != NULL;
	t->is_integral = found[TWIN_INTEGRATES] != NULL;
	if (found[TWIN_RAMP] != NULL)
		read_pace(b, ins, index, found[TWIN_RAMP]);
}

void
twins_read(struct bench *b, const struct bench_instrument *ins, const struct node *map)
{
	for (const struct node *n = map == NULL ? NULL : map->first; n != NULL; n = n->next) {
		uint32_t point = find_point(b, ins, n->key);

		if (point == IMAGE_NONE)
			diag_error(&b->diag, n->key_at, "unknown-channel",
				"'%s' has no channel '%.63s'; name one of its channels", ins->name,
				n->key);
		else if (b->points.at[point].twin.node != NULL)
			diag_error(&b->diag, n->key_at, "duplicate-key",
				"'%s' has its twin at the channel already, in line %u; keep one of "
				"them",
				n->key, b->points.at[point].twin.node->key_at.line);
		else
			b->points.at[point].twin.node = n;
	}
	for (uint32_t i = 0; i < ins->n_points; i++)
		read_twin(b, ins, ins->first_point + i);
}
