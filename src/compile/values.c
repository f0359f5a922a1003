/* values.c - what raw values mean beside their number: bits, markers, live zero, tables, conditions */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "compile/bench.h"
#include "compile/read.h"
#include "msg/quality.h"

#define KNOTS_MAX 256
#define MARKERS_MAX 64

/* ---- bits ------------------------------------------------------------------------------------------------------------------ */

/* "furnace.status" and "sensor_break": a channel "furnace.status.sensor_break". */
static void
add_bit(struct bench *b, uint32_t channel, const struct node *n, int64_t bit, const char *name)
{
	struct bench_channel *ch = BENCH_ADD(b->channels);
	const struct bench_channel *from = &b->channels.at[channel];
	char full[200];
	int length = snprintf(full, sizeof(full), "%s.%s", from->name, name);

	ch->name = tree_text(&b->tree, full, (size_t)length);
	ch->title = ch->was = "";
	ch->at = n->at;
	ch->unit.factor = ch->factor = 1;
	ch->type = VALUE_BOOL;
	ch->source_kind = SOURCE_CHANNEL;
	ch->source = channel;
	ch->instrument = from->instrument;
	ch->has_bit = true;
	ch->bit = (uint8_t)bit;
	names_put(&b->channel_names, ch->name, b->channels.n - 1);
}

static void
read_bits(struct bench *b, uint32_t channel, const struct node *map)
{
	const struct bench_channel *ch = &b->channels.at[channel];
	bool is_whole = ch->type == VALUE_INT || ch->type == VALUE_UINT;

	if (!read_is(b, map, NODE_MAP, "a map: {5: sensor_break}"))
		return;
	if (!is_whole && !ch->is_type_open) {
		diag_error(&b->diag, map->key_at, "conflict",
			"'%s' is a %s; only whole numbers without scale, choices and unit have "
			"bits",
			ch->name, value_type_text(ch->type));
		return;
	}
	for (const struct node *n = map->first; n != NULL; n = n->next) {
		const char *name = read_text(b, n);
		int64_t bit;

		if (!text_to_int(n->key, &bit) || bit < 0 || bit > 63) {
			diag_error(&b->diag, n->key_at, "wrong-type",
				"'%.40s' is no bit; write its number from 0 to 63, the lowest "
				"first",
				n->key);
			continue;
		}
		if (name == NULL || !read_name(b, name, n->at, "a bit"))
			continue;
		if (b->channels.n >= IMAGE_CHANNELS_MAX) {
			diag_error(&b->diag, n->at, "too-large",
				"more than %d channels; split the bench", IMAGE_CHANNELS_MAX);
			return;
		}
		add_bit(b, channel, n, bit, name);
	}
}

/* ---- markers --------------------------------------------------------------------------------------------------------------- */

/* A reason why a value is bad, by its token; -1: that was told. */
static int
read_reason(struct bench *b, const struct node *n)
{
	static const int reasons[] = { Q_UNDER_RANGE, Q_OVER_RANGE, Q_NOT_READY, Q_SENSOR_FAULT,
		Q_SWITCHED_OFF, Q_MISSING, Q_NOT_A_NUMBER, Q_DEVICE_FAILED, Q_LIVE_ZERO };
	const char *text = read_text(b, n);
	char all[200] = "";
	size_t used = 0;

	if (text == NULL)
		return -1;
	for (size_t i = 0; i < NELEM(reasons); i++) {
		const char *token = quality_row((unsigned)reasons[i])->token;

		if (strcmp(token, text) == 0)
			return reasons[i];
		if (used < sizeof(all))
			used += (size_t)snprintf(
				all + used, sizeof(all) - used, "%s%s", i == 0 ? "" : ", ", token);
	}
	diag_error(
		&b->diag, n->at, "wrong-value", "'%.60s' is no reason; write one of %s", text, all);
	return -1;
}

static void
read_markers(struct bench *b, uint32_t channel, const struct node *map)
{
	struct bench_channel *ch = &b->channels.at[channel];

	if (!read_is(b, map, NODE_MAP, "a map: {32767: under_range, OFF: switched_off}"))
		return;
	ch->first_marker = b->markers.n;
	for (const struct node *n = map->first; n != NULL; n = n->next) {
		int reason = read_reason(b, n);
		struct image_marker *m;
		int64_t whole;
		double number = 0;
		bool is_number;

		if (reason < 0)
			continue;
		if (ch->n_markers == MARKERS_MAX) {
			diag_error(&b->diag, n->key_at, "too-large",
				"more than %d markers; leave some out", MARKERS_MAX);
			return;
		}
		is_number = text_to_double(n->key, &number);
		if (!is_number && text_to_int(n->key, &whole)) { /* hexadecimal */
			number = (double)whole;
			is_number = true;
		}
		m = BENCH_ADD(b->markers);
		m->number = number;
		m->quality = (uint16_t)reason;
		*BENCH_ADD(b->marks) = is_number && !n->is_key_quoted ? "" : n->key;
		ch->n_markers++;
	}
}

/* ---- tables ---------------------------------------------------------------------------------------------------------------- */

bool
values_table(struct bench *b, struct bench_channel *ch, const struct node *n)
{
	if (!read_is(b, n, NODE_LIST, "a list of rows: [[0, 0], [5, 20]]"))
		return false;
	if (n->n < 2 || n->n > KNOTS_MAX) {
		diag_error(&b->diag, n->at, "wrong-type",
			"a table of %u rows stands here; write 2 to %d: [[raw, value], ...]", n->n,
			KNOTS_MAX);
		return false;
	}
	ch->first_knot = b->knots.n;
	for (const struct node *k = n->first; k != NULL; k = k->next) {
		const struct node *pair[2];
		struct image_knot row;

		if (!read_pair(b, k, pair) || !read_constant(b, pair[0], &row.from) ||
			!read_constant(b, pair[1], &row.to))
			return false;
		if (k != n->first && row.from <= b->knots.at[b->knots.n - 1].from) {
			diag_error(&b->diag, k->at, "out-of-range",
				"the rows of a table rise; write the lower raw values first");
			return false;
		}
		*BENCH_ADD(b->knots) = row;
	}
	ch->n_knots = n->n;
	return true;
}

/* ---- all of a channel ------------------------------------------------------------------------------------------------------- */

void
values_read(struct bench *b, uint32_t channel, const struct node *const *keys)
{
	struct bench_channel *ch = &b->channels.at[channel];

	if (keys[INS_CH_INVALID] != NULL)
		read_markers(b, channel, keys[INS_CH_INVALID]);
	if (keys[INS_CH_LIVE_ZERO] != NULL)
		ch->has_live_zero = read_constant(b, keys[INS_CH_LIVE_ZERO], &ch->live_zero);
	ch->bad_if = keys[INS_CH_BAD_IF];
	if (keys[INS_CH_BITS] != NULL)
		read_bits(b, channel, keys[INS_CH_BITS]);
}
