/* patterns.c - outputs of choices that are not one place on a wire: patterns of several parts, and end switches
 *
 *	V_mode: {pattern: {of: [daq.do0, daq.do1], choices: {vent: [off, off], react: [on, off]}}}
 *	V_H2: {read: {closed: daq.di0, open: daq.di1}, write: daq.do4}
 *
 * Their choices are numbered from 0 in the order in which they stand, so that a choice is a place in the table of its parts' values.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compile/bench.h"
#include "compile/read.h"

#define CHOICES_MAX 64

/* ---- the channel ----------------------------------------------------------------------------------------------------------- */

/* Keys that say how a raw value is shown: here there is none. */
static void
refuse_others(struct bench *b, const struct bench_channel *ch, const char *what)
{
	static const int no[] = { CH_UNIT, CH_SCALE, CH_OFFSET, CH_CHOICES, CH_RANGE, CH_STALE,
		CH_FILTER, BENCH_CH_CALC, BENCH_CH_GAS, BENCH_CH_CALIBRATION, BENCH_CH_SHUTOFF,
		BENCH_CH_VALVE };

	for (size_t i = 0; i < NELEM(no); i++)
		if (ch->keys[no[i]] != NULL)
			diag_error(&b->diag, ch->keys[no[i]]->key_at, "conflict",
				"'%s' does not go with %s; remove it", ch->keys[no[i]]->key, what);
}

static bool
add_choice(struct bench *b, struct bench_channel *ch, const struct node *n)
{
	if (n->key[0] == '\0' || strlen(n->key) > VALUE_TEXT_MAX) {
		diag_error(&b->diag, n->key_at, "choices",
			"a choice is a word of 1 to 63 bytes; shorten it");
		return false;
	}
	BENCH_ADD(b->choices)->number = ch->n_choices++;
	*BENCH_ADD(b->words) = n->key;
	return true;
}

/* A state that the controller makes of what it reads: its own choices, no unit. */
static void
begin_channel(struct bench *b, struct bench_channel *ch)
{
	ch->source_kind = SOURCE_STATE;
	ch->source = STATE_MEASURED;
	ch->like = IMAGE_NONE;
	ch->type = VALUE_CHOICE;
	ch->first_choice = b->choices.n;
	ch->n_choices = 0;
}

void
patterns_channel(struct bench *b, struct bench_channel *ch)
{
	const struct node *n = ch->keys[BENCH_CH_PATTERN], *choices;
	bool good = true;

	refuse_others(b, ch, "pattern");
	begin_channel(b, ch);
	if (!read_is(
		    b, n, NODE_MAP, "a map: {of: [daq.do0, daq.do1], choices: {vent: [off, off]}}"))
		return;
	ch->pattern = protect_keys_of(b, n, schema_pattern);
	choices = ch->pattern[PATTERN_CHOICES];
	if (choices == NULL ||
		!read_is(b, choices, NODE_MAP, "a map: {vent: [off, off], react: [on, off]}"))
		return;
	if (choices->n < 2 || choices->n > CHOICES_MAX) {
		diag_error(&b->diag, choices->at, "choices",
			"2 to %d choices belong here; write {vent: [off, off], react: [on, off]}",
			CHOICES_MAX);
		return;
	}
	for (const struct node *k = choices->first; k != NULL; k = k->next)
		good = add_choice(b, ch, k) && good;
	if (!good)
		ch->n_choices = 0;
	ch->is_type_open = ch->is_unit_open = !good;
	channel_common(b, ch, ch->keys);
}

/* closed and off are 0, open and on are 1: as they are written. */
static int
place_of_word(const char *word)
{
	return strcmp(word, "closed") == 0 || strcmp(word, "off") == 0 ? 0
	       : strcmp(word, "open") == 0 || strcmp(word, "on") == 0  ? 1
								       : -1;
}

void
patterns_ends(struct bench *b, struct bench_channel *ch)
{
	const struct node *n = ch->keys[CH_READ], *at[2] = { NULL };

	refuse_others(b, ch, "end switches");
	begin_channel(b, ch);
	for (const struct node *k = n->first; k != NULL; k = k->next) {
		int place = place_of_word(k->key);

		if (place >= 0)
			at[place] = k;
	}
	if (n->n != 2 || at[0] == NULL || at[1] == NULL) {
		diag_error(&b->diag, n->at, "choices",
			"two end switches belong here; write {closed: INSTRUMENT.CHANNEL, open: "
			"INSTRUMENT.CHANNEL}, or off and on");
		return;
	}
	if (ch->keys[BENCH_CH_WRITE] == NULL && !ch->has_odd_keys)
		diag_error(&b->diag, n->key_at, "missing",
			"end switches show where an output is; add write: INSTRUMENT.CHANNEL");
	ch->is_type_open = ch->is_unit_open =
		!add_choice(b, ch, at[0]) || !add_choice(b, ch, at[1]);
	channel_common(b, ch, ch->keys);
}

/* ---- parts ----------------------------------------------------------------------------------------------------------------- */

/* The least of what is not 0. */
static int64_t
least(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* What its device needs of those who write it holds for the whole, too. */
static void
take_needs(struct bench_output *o, const struct bench_channel *at)
{
	o->refresh_ns = least(o->refresh_ns, at->refresh_ns);
	o->max_writes = least(o->max_writes, at->max_writes);
	if (o->confirm == NULL)
		o->confirm = at->confirm;
}

static bool
add_part(struct bench *b, struct bench_output *o, const struct node *n, uint32_t *writer)
{
	uint32_t at = outputs_place(b, o, n), index = (uint32_t)(o - b->outputs.at);
	const struct bench_channel *ch;
	struct image_part *p;

	if (at == IMAGE_NONE)
		return false;
	ch = &b->channels.at[at];
	if (ch->is_type_open || ch->is_unit_open)
		return false;
	if (writer[at] != 0) {
		diag_error(&b->diag, n->at, "conflict",
			"'%s' is written by '%s' already; a part is written by its pattern alone",
			ch->name, b->outputs.at[writer[at] - 1].name);
		return false;
	}
	if (b->points.at[ch->source].codec_part.is_write_only) {
		diag_error(&b->diag, n->at, "conflict",
			"'%s' can only be written, and a pattern is read back from its parts; name "
			"a channel that can be read",
			ch->name);
		return false;
	}
	writer[at] = index + 1;
	p = BENCH_ADD(b->parts);
	p->at = at;
	p->verify_within = fmax(ch->verify_within, outputs_rounding(b, ch));
	p->verify_after_ns = ch->verify_after_ns;
	p->verify_tries = ch->verify_tries > 0 ? (uint32_t)ch->verify_tries : 3;
	o->n_parts++;
	take_needs(o, ch);
	return true;
}

static bool
read_parts(struct bench *b, struct bench_output *o, const struct node *list, uint32_t *writer)
{
	bool good = true;

	o->first_part = b->parts.n;
	if (!read_is(b, list, NODE_LIST, "a list: [daq.do0, daq.do1]"))
		return false;
	if (list->n < 1 || list->n > IMAGE_PARTS_MAX) {
		diag_error(&b->diag, list->at, "wrong-value",
			"1 to %d parts belong here; write [daq.do0, daq.do1]", IMAGE_PARTS_MAX);
		return false;
	}
	for (const struct node *n = list->first; n != NULL; n = n->next)
		good = add_part(b, o, n, writer) && good;
	return good;
}

/* ---- choices --------------------------------------------------------------------------------------------------------------- */

static double *
value_at(struct bench *b, const struct bench_output *o, uint32_t part, uint32_t choice)
{
	return &b->numbers.at[b->parts.at[o->first_part + part].first_value + choice];
}

static bool
read_choice(struct bench *b, struct bench_output *o, const struct node *n, uint32_t choice)
{
	uint32_t part = 0;
	bool good = true;

	if (!read_is(b, n, NODE_LIST, "a list with a value for each part: [off, on]"))
		return false;
	if (n->n != o->n_parts) {
		diag_error(&b->diag, n->at, "wrong-value",
			"%u values stand here for %u parts; write one for each, in the order of "
			"'of'",
			n->n, o->n_parts);
		return false;
	}
	for (const struct node *k = n->first; k != NULL; k = k->next, part++) {
		const struct bench_channel *at =
			&b->channels.at[b->parts.at[o->first_part + part].at];
		double v = 0;

		good = outputs_value_of(b, NULL, at, k, &v) && good;
		*value_at(b, o, part, choice) = v;
	}
	return good;
}

/* Two choices that look alike could not be told apart. */
static bool
check_twice(struct bench *b, const struct bench_output *o, const struct node *n, uint32_t choice)
{
	for (uint32_t c = 0; c < choice; c++) {
		uint32_t part = 0;

		while (part < o->n_parts &&
			fabs(*value_at(b, o, part, c) - *value_at(b, o, part, choice)) <=
				b->parts.at[o->first_part + part].verify_within)
			part++;
		if (part < o->n_parts)
			continue;
		diag_error(&b->diag, n->at, "conflict",
			"'%s' is the same as '%s' and could not be told from it; remove one of "
			"them, or make a part differ",
			n->key, b->words.at[b->channels.at[o->channel].first_choice + c]);
		return false;
	}
	return true;
}

static bool
read_choices(struct bench *b, struct bench_output *o, const struct node *map)
{
	uint32_t choice = 0, n_choices = b->channels.at[o->channel].n_choices;
	bool good = true;

	for (uint32_t part = 0; part < o->n_parts; part++) {
		b->parts.at[o->first_part + part].first_value = b->numbers.n;
		for (uint32_t c = 0; c < n_choices; c++)
			*BENCH_ADD(b->numbers) = 0;
	}
	for (const struct node *n = map->first; n != NULL; n = n->next, choice++)
		good = read_choice(b, o, n, choice) && good && check_twice(b, o, n, choice);
	return good;
}

/* ---- the output ------------------------------------------------------------------------------------------------------------ */

/* How it is read back: its own `verify:` for each of its parts, else as each part's instrument says. */
static void
read_verify(struct bench *b, struct bench_output *o)
{
	const struct bench_channel *ch = &b->channels.at[o->channel];
	const struct node *n = ch->keys[BENCH_CH_VERIFY];

	if (n != NULL && ch->verify_tries == 0)
		diag_error(&b->diag, n->key_at, "conflict",
			"a pattern is read back from its parts, always; remove 'verify: no'");
	o->has_verify = true;
	o->verify_tries = 1;
	for (uint32_t i = o->first_part; i < o->first_part + o->n_parts; i++) {
		struct image_part *p = &b->parts.at[i];

		if (n != NULL && ch->verify_tries > 0) {
			p->verify_tries = (uint32_t)ch->verify_tries;
			p->verify_after_ns = ch->verify_after_ns;
		}
		o->verify_after_ns = MAX(o->verify_after_ns, p->verify_after_ns);
	}
}

static void
read_own_needs(struct bench *b, struct bench_output *o)
{
	static const struct output_rows rows = { schema_channel, BENCH_CH_PATTERN, BENCH_CH_REFRESH,
		BENCH_CH_VERIFY, BENCH_CH_MAX_WRITES, BENCH_CH_CONFIRM };
	struct bench_channel *ch = &b->channels.at[o->channel];

	outputs_needs(b, o->channel, ch->keys, &rows);
	if (ch->keys[BENCH_CH_REFRESH] != NULL)
		o->refresh_ns = ch->refresh_ns;
	if (ch->keys[BENCH_CH_MAX_WRITES] != NULL)
		o->max_writes = ch->max_writes;
	if (ch->keys[BENCH_CH_CONFIRM] != NULL)
		o->confirm = ch->confirm;
	ch->confirm = o->confirm;
	if (ch->keys[BENCH_CH_REFRESH] != NULL || ch->keys[BENCH_CH_MAX_WRITES] != NULL)
		outputs_check_wear(b,
			ch->keys[BENCH_CH_REFRESH] != NULL ? ch->keys[BENCH_CH_REFRESH]
							   : ch->keys[BENCH_CH_MAX_WRITES],
			o->refresh_ns, o->max_writes);
}

void
patterns_resolve(struct bench *b, struct bench_output *o, uint32_t *writer)
{
	const struct bench_channel *ch = &b->channels.at[o->channel];
	const struct node *const *keys = ch->pattern;
	const char *order;

	o->is_off_first = true;
	o->factor = 1;
	if (keys == NULL || keys[PATTERN_OF] == NULL ||
		!read_parts(b, o, keys[PATTERN_OF], writer) || ch->n_choices == 0 ||
		!read_choices(b, o, keys[PATTERN_CHOICES]))
		return;
	if (keys[PATTERN_ORDER] != NULL) {
		order = read_word(b, keys[PATTERN_ORDER], &schema_pattern[PATTERN_ORDER]);
		o->is_off_first = order == NULL || strcmp(order, "off_first") == 0;
	}
	read_own_needs(b, o);
	read_verify(b, o);
	o->at = o->channel;
}

/* ---- end switches ---------------------------------------------------------------------------------------------------------- */

/* A word that is written as another one would be shown as its opposite. */
static bool
check_word(struct bench *b, const struct bench_output *o, const struct node *n, int place)
{
	const struct bench_channel *at = &b->channels.at[o->at];

	if (at->type != VALUE_CHOICE)
		return true;
	for (uint32_t i = at->first_choice; i < at->first_choice + at->n_choices; i++)
		if (b->choices.at[i].number == place && place_of_word(b->words.at[i]) != place) {
			diag_error(&b->diag, n->key_at, "choices",
				"'%s' is written as %d, which is '%s' to '%s'; give both the same "
				"words and numbers",
				n->key, place, b->words.at[i], at->name);
			return false;
		}
	return true;
}

static bool
add_end(struct bench *b, struct bench_output *o, const struct node *n, int place)
{
	const char *name = read_text(b, n);
	uint32_t at = name == NULL ? NAMES_NONE : names_get(&b->channel_names, name);
	struct image_part *p;
	char near[96];

	if (name == NULL || (at == NAMES_NONE && channels_is_of_open(b, name)))
		return false;
	if (at == NAMES_NONE) {
		read_suggest(b, &b->channel_names, name, near);
		diag_error(&b->diag, n->at, "unknown-channel",
			"no channel is named '%.127s'; %swrite INSTRUMENT.CHANNEL", name, near);
		return false;
	}
	if (b->channels.at[at].type != VALUE_BOOL && !b->channels.at[at].is_type_open) {
		diag_error(&b->diag, n->at, "conflict",
			"'%s' is a %s, and an end switch is on or off; name an input that is",
			b->channels.at[at].name, value_type_text(b->channels.at[at].type));
		return false;
	}
	p = BENCH_ADD(b->parts);
	p->at = at;
	p->first_value = b->numbers.n;
	*BENCH_ADD(b->numbers) = place == 0;
	*BENCH_ADD(b->numbers) = place == 1;
	o->n_ends++;
	return check_word(b, o, n, place);
}

void
patterns_read_ends(struct bench *b, struct bench_output *o)
{
	const struct node *n = b->channels.at[o->channel].keys[CH_READ];
	bool good = true;

	if (n == NULL || n->kind != NODE_MAP)
		return;
	o->first_end = b->parts.n;
	for (const struct node *k = n->first; k != NULL; k = k->next)
		good = add_end(b, o, k, place_of_word(k->key)) && good;
	if (!good)
		o->n_ends = 0;
}

void
patterns_mark(struct bench *b, uint32_t output)
{
	const struct bench_output *o = &b->outputs.at[output];
	struct bench_channel *shown = &b->channels.at[o->channel];
	uint32_t first = o->n_parts > 0 ? o->first_part : o->first_end;

	for (uint32_t i = first; i < first + MAX(o->n_parts, o->n_ends); i++) {
		struct bench_channel *at = &b->channels.at[b->parts.at[i].at];

		if (at->source_kind == SOURCE_POINT && at->source < b->points.n)
			shown->period_ns =
				MAX(shown->period_ns, b->points.at[at->source].codec_part.every_ns);
		if (o->n_parts > 0)
			at->of_output = at->from_output = output;
	}
}
