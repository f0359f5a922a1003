/* valves.c - `valve:` of a flow: the flow controller's own override, an output NAME.valve beside the flow
 *
 * It is an output as any other, of three words that the instrument has to know. In a safe state that sets the flow and says nothing of
 * the override the compiler puts a line for it: a setpoint of zero does not shut a valve that is held open. To `closed` where the
 * flow is to be zero, to `auto` where it is to flow.
 */
#include <stdio.h>
#include <string.h>

#include "compile/bench.h"
#include "compile/read.h"

static const char *const words[] = { "auto", "closed", "open" };
enum { WORD_AUTO, WORD_CLOSED, WORD_OPEN };

static void
declare(struct bench *b, uint32_t channel)
{
	const struct bench_channel *flow = &b->channels.at[channel];
	const struct node **keys = tree_alloc(&b->tree, BENCH_CH_ROWS * sizeof(*keys));
	struct bench_channel *ch;
	char full[270];
	int n = snprintf(full, sizeof(full), "%.63s.valve", flow->name);
	const char *name = tree_text(&b->tree, full, (size_t)n), *was = "";

	if (names_get(&b->channel_names, name) != NAMES_NONE)
		return; /* an instrument of the same name: that is told of outputs */
	if (flow->was[0] != '\0') {
		n = snprintf(full, sizeof(full), "%.200s.valve", flow->was);
		was = tree_text(&b->tree, full, (size_t)n);
	}
	keys[CH_READ] = keys[BENCH_CH_WRITE] = flow->keys[BENCH_CH_VALVE];
	keys[BENCH_CH_HAZARD] = flow->keys[BENCH_CH_HAZARD];
	ch = BENCH_ADD(b->channels);
	ch->name = name;
	ch->at = b->channels.at[channel].keys[BENCH_CH_VALVE]->key_at;
	ch->title = "";
	ch->was = was;
	ch->unit.factor = ch->factor = 1;
	ch->instrument = IMAGE_NONE;
	ch->is_type_open = ch->is_unit_open = true;
	ch->keys = keys;
	ch->is_valve = true;
	names_put(&b->channel_names, name, b->channels.n - 1);
}

void
valves_declare(struct bench *b)
{
	for (uint32_t i = 0, n = b->channels.n; i < n; i++) {
		const struct bench_channel *ch = &b->channels.at[i];

		if (ch->keys != NULL && ch->scope == NULL && ch->keys[BENCH_CH_VALVE] != NULL &&
			ch->keys[BENCH_CH_WRITE] != NULL && ch->keys[BENCH_CH_PATTERN] == NULL)
			declare(b, i);
	}
}

static bool
find_one(const struct bench *b, const struct bench_channel *ch, const char *word, int64_t *out)
{
	for (uint32_t i = ch->first_choice; i < ch->first_choice + ch->n_choices; i++)
		if (strcmp(b->words.at[i], word) == 0) {
			*out = b->choices.at[i].number;
			return true;
		}
	return false;
}

/* An override that is off beside closed and open is none: the controller has its valve. */
static bool
find_word(const struct bench *b, const struct bench_channel *ch, const char *word, int64_t *out)
{
	return find_one(b, ch, word, out) ||
	       (word == words[WORD_AUTO] && find_one(b, ch, "off", out));
}

/* Of what the instrument offers, the three that are known. */
void
valves_choices(struct bench *b, struct bench_channel *ch)
{
	const struct bench_channel from = *ch; /* it has taken over the instrument's */
	const struct node *n = ch->keys[BENCH_CH_WRITE];
	int64_t numbers[NELEM(words)];

	if (ch->is_type_open)
		return;
	if (ch->type != VALUE_CHOICE) {
		diag_error(&b->diag, n->at, "conflict",
			"'%.127s' is a %s, and an override is auto, closed or open; name a channel "
			"with these choices",
			n->text, value_type_text(ch->type));
		ch->is_type_open = true;
		return;
	}
	for (size_t i = 0; i < NELEM(words); i++) {
		if (find_word(b, &from, words[i], &numbers[i]))
			continue;
		if (from.n_choices > 0)
			diag_error(&b->diag, n->at, "choices",
				"'%.127s' has no choice '%s'; call its choices auto, closed and "
				"open where it is described",
				n->text, words[i]);
		ch->is_type_open = true;
		return;
	}
	ch->first_choice = b->choices.n;
	ch->n_choices = NELEM(words);
	for (size_t i = 0; i < NELEM(words); i++) {
		BENCH_ADD(b->choices)->number = numbers[i];
		*BENCH_ADD(b->words) = words[i];
	}
}

void
valves_resolve(struct bench *b)
{
	for (uint32_t i = 0; i < b->outputs.n; i++) {
		const struct bench_channel *ch = &b->channels.at[b->outputs.at[i].channel];
		char name[80];
		uint32_t valve;

		if (ch->keys[BENCH_CH_VALVE] == NULL)
			continue;
		if (!ch->is_type_open && (ch->type == VALUE_BOOL || ch->type == VALUE_CHOICE)) {
			diag_error(&b->diag, ch->keys[BENCH_CH_VALVE]->key_at, "conflict",
				"'%s' is a %s and no flow; remove 'valve'", ch->name,
				value_type_text(ch->type));
			continue;
		}
		snprintf(name, sizeof(name), "%.63s.valve", ch->name);
		valve = names_get(&b->output_names, name);
		if (valve != NAMES_NONE && b->outputs.at[valve].at != IMAGE_NONE)
			b->outputs.at[i].valve = valve;
	}
}

bool
valves_number(const struct bench *b, uint32_t valve, bool is_open, int64_t *out)
{
	return find_word(b, &b->channels.at[b->outputs.at[valve].channel],
		words[is_open ? WORD_OPEN : WORD_CLOSED], out);
}

/* The line of an override that a safe state does not name. */
bool
valves_safe(const struct bench *b, uint32_t flow, double value, double *out)
{
	uint32_t valve = b->outputs.at[flow].valve;
	int64_t number;

	if (valve == IMAGE_NONE || !find_word(b, &b->channels.at[b->outputs.at[valve].channel],
					   words[value > 0 ? WORD_AUTO : WORD_CLOSED], &number))
		return false;
	*out = (double)number;
	return true;
}
