/* safe_states.c - what safe means for the bench: which output is brought to which value, in which order
 *
 * A row of `order:` becomes a line an output; the line of its `else:` stands behind them. Within one safe state an output has one
 * value: it is held there as long as the state is held.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "compile/bench.h"
#include "compile/catalogue.h"
#include "compile/read.h"

void
safe_states_declare(struct bench *b, const struct node *map)
{
	for (const struct node *n = map == NULL ? NULL : map->first; n != NULL; n = n->next) {
		struct bench_safe_state *s;
		char full[80];
		int length = snprintf(full, sizeof(full), "safe.%.63s", n->key);

		if (!read_name(b, n->key, n->key_at, "a safe state"))
			continue;
		if (b->safe_states.n == IMAGE_SAFE_STATES_MAX) {
			diag_error(&b->diag, n->key_at, "too-large",
				"more than %d safe states; remove some", IMAGE_SAFE_STATES_MAX);
			return;
		}
		s = BENCH_ADD(b->safe_states);
		s->name = n->key;
		s->title = "";
		s->node = n;
		s->state = channels_add_state(
			b, tree_text(&b->tree, full, (size_t)length), STATE_SAFE, NULL);
		b->channels.at[s->state].at = n->key_at;
		names_put(&b->safe_state_names, s->name, b->safe_states.n - 1);
	}
}

/* ---- lines ----------------------------------------------------------------------------------------------------------------- */

/* Where the lines of one safe state are; 0: none yet. */
struct lines {
	uint32_t *of;      /* [output], 1 + line of its row */
	uint32_t *or_else; /* [output], 1 + line of an `else` */
};

/* An output that is held at two values is held at none. */
static bool
is_same(struct bench *b, uint32_t other, const struct image_safe_line *l, const struct node *n)
{
	const struct image_safe_line *known = other == 0 ? l : &b->safe_lines.at[other - 1];

	if (known->value >= l->value && known->value <= l->value)
		return true;
	diag_error(&b->diag, n->at, "conflict",
		"'%s' has two different values in this safe state; give it one",
		b->outputs.at[l->output].name);
	return false;
}

/* A safe state does not rely on anything that is measured. */
static void
refuse_loop(struct bench *b, const struct bench_output *o, const struct node *set)
{
	const char *output = o->loop == 0 ? "the output that it moves"
					  : b->outputs.at[b->loops.at[o->loop - 1].output].name;

	diag_error(&b->diag, set->at, "conflict",
		"'%s' is the setpoint of a loop, which needs its sensor to be safe; set its output "
		"in its place: %s",
		o->name, output);
}

static uint32_t
add_line(struct bench *b, struct lines *lines, const struct node *set, const struct node *to,
	const struct node *ramp, struct image_safe_line l)
{
	l.output = outputs_find(b, set);
	if (l.output != NAMES_NONE && loops_is_led(b, &b->outputs.at[l.output])) {
		refuse_loop(b, &b->outputs.at[l.output], set);
		return IMAGE_NONE;
	}
	if (l.output == NAMES_NONE || to == NULL || !outputs_value(b, l.output, to, &l.value))
		return IMAGE_NONE;
	if (!ramps_safe(b, &b->outputs.at[l.output], set, ramp, &l.ramp))
		return IMAGE_NONE;
	if (!l.is_otherwise && lines->of[l.output] != 0) {
		diag_error(&b->diag, set->at, "conflict",
			"'%s' is set twice in this safe state; keep one of the rows",
			b->outputs.at[l.output].name);
		return IMAGE_NONE;
	}
	if (!is_same(b, lines->of[l.output], &l, to) ||
		!is_same(b, lines->or_else[l.output], &l, to))
		return IMAGE_NONE;
	(l.is_otherwise ? lines->or_else : lines->of)[l.output] = b->safe_lines.n + 1;
	*BENCH_ADD(b->safe_lines) = l;
	return b->safe_lines.n - 1;
}

/* The line of an earlier row that has to be settled first. */
static uint32_t
find_after(struct bench *b, const struct lines *lines, const struct node *n)
{
	uint32_t output = n == NULL ? NAMES_NONE : outputs_find(b, n);

	if (output == NAMES_NONE)
		return IMAGE_NONE;
	if (lines->of[output] == 0) {
		diag_error(&b->diag, n->at, "wrong-value",
			"no earlier row sets '%s'; put that row before this one",
			b->outputs.at[output].name);
		return IMAGE_NONE;
	}
	return lines->of[output] - 1;
}

/* `else: {set: Z, to: V}`, for the lines from `first` on. */
static void
read_else(struct bench *b, struct lines *lines, const struct node *n, uint32_t first,
	int64_t within_ns)
{
	struct image_safe_line l = { .after = IMAGE_NONE,
		.otherwise = IMAGE_NONE,
		.is_otherwise = 1,
		.within_ns = within_ns };
	const struct node *found[SCHEMA_KEYS_MAX];
	uint32_t end = b->safe_lines.n, line;

	if (!read_is(b, n, NODE_MAP, "a map: {set: OUTPUT, to: VALUE}"))
		return;
	read_keys(b, n, schema_safe_else, NULL, found, NULL);
	if (found[SAFE_LINE_SET] == NULL)
		return;
	line = add_line(b, lines, found[SAFE_LINE_SET], found[SAFE_LINE_TO], NULL, l);
	for (uint32_t i = first; i < end && line != IMAGE_NONE; i++) {
		if (b->safe_lines.at[i].output == b->safe_lines.at[line].output)
			diag_error(&b->diag, found[SAFE_LINE_SET]->at, "circle",
				"'%s' is no second way for itself; name another output",
				b->outputs.at[b->safe_lines.at[i].output].name);
		b->safe_lines.at[i].otherwise = line;
	}
}

/* The first of one name or a list of them; NULL: there is none. */
static const struct node *
first_name(struct bench *b, const struct node *n)
{
	if (n == NULL || n->kind == NODE_LIST)
		return n == NULL ? NULL : n->first;
	if (n->kind == NODE_SCALAR)
		return n;
	return read_is(b, n, NODE_LIST, "a name, or a list of names") ? n : NULL;
}

static const struct node *
next_name(const struct node *list, const struct node *n)
{
	return n == list ? NULL : n->next;
}

static void
read_row(struct bench *b, struct lines *lines, const struct node *n)
{
	struct image_safe_line l = { .otherwise = IMAGE_NONE };
	const struct node *found[SCHEMA_KEYS_MAX], *set, *to;
	uint32_t first = b->safe_lines.n;

	if (!read_is(b, n, NODE_MAP, "a map: {set: OUTPUT, to: VALUE}"))
		return;
	read_keys(b, n, schema_safe_line, NULL, found, NULL);
	set = found[SAFE_LINE_SET];
	to = found[SAFE_LINE_TO];
	read_span(b, found[SAFE_LINE_WITHIN], &schema_safe_line[SAFE_LINE_WITHIN], &l.within_ns);
	l.after = find_after(b, lines, found[SAFE_LINE_AFTER]);
	for (const struct node *k = first_name(b, set); k != NULL; k = next_name(set, k))
		add_line(b, lines, k, to, found[SAFE_LINE_RAMP], l);
	if (set != NULL && set->kind != NODE_SCALAR && set->n == 0)
		diag_error(&b->diag, set->at, "no-value", "the list is empty; name an output");
	if (found[SAFE_LINE_ELSE] != NULL)
		read_else(b, lines, found[SAFE_LINE_ELSE], first, l.within_ns);
}

/* A setpoint of zero does not shut a valve that is held open: the override of a flow goes with it where no row says how. */
static void
add_valves(struct bench *b, struct lines *lines, uint32_t first)
{
	for (uint32_t i = first, end = b->safe_lines.n; i < end; i++) {
		struct image_safe_line l = b->safe_lines.at[i];
		uint32_t valve = b->outputs.at[l.output].valve;

		if (l.is_otherwise || valve == IMAGE_NONE || lines->of[valve] != 0 ||
			lines->or_else[valve] != 0 || !valves_safe(b, l.output, l.value, &l.value))
			continue;
		l.output = valve;
		l.ramp = 0;
		l.otherwise = IMAGE_NONE;
		*BENCH_ADD(b->safe_lines) = l;
		lines->of[valve] = b->safe_lines.n;
	}
}

/* Every output that can hurt has a safe value. */
static void
check_covered(struct bench *b, const struct bench_safe_state *s, const struct lines *lines)
{
	char all[160] = "";
	size_t used = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->outputs.n; i++) {
		/* A loop is covered by what it writes, which can hurt where it does; an override goes with its flow. */
		if (b->outputs.at[i].hazard == HAZARD_NONE || lines->of[i] != 0 ||
			b->channels.at[b->outputs.at[i].channel].is_valve ||
			loops_is_led(b, &b->outputs.at[i]))
			continue;
		if (used < 100)
			used += (size_t)snprintf(all + used, sizeof(all) - used, "%s'%.63s'",
				n == 0 ? "" : ", ", b->outputs.at[i].name);
		n++;
	}
	if (n > 0)
		diag_error(&b->diag, s->node->key_at, "missing",
			"the safe state '%s' leaves open %s%s, which can hurt; add a row for %s: "
			"{set: NAME, to: VALUE}",
			s->name, all, used < 100 ? "" : ", ...", n == 1 ? "it" : "each");
}

static void
read_state(struct bench *b, struct bench_safe_state *s, struct lines *lines)
{
	const struct node *found[SCHEMA_KEYS_MAX], *order;
	size_t errors = b->diag.n_errors;
	const char *title;

	s->first_line = b->safe_lines.n;
	if (!read_is(b, s->node, NODE_MAP, "a map: {order: [{set: OUTPUT, to: VALUE}]}"))
		return;
	read_keys(b, s->node, schema_safe_state, NULL, found, NULL);
	title = found[SAFE_TITLE] == NULL ? NULL : catalogue_texts(b, found[SAFE_TITLE]);
	s->title = title == NULL ? "" : title;
	order = found[SAFE_ORDER];
	if (order == NULL ||
		!read_is(b, order, NODE_LIST, "a list of rows: [{set: OUTPUT, to: VALUE}]"))
		return;
	if (order->n == 0)
		diag_error(&b->diag, order->at, "no-value",
			"the list is empty; write what is set: [{set: OUTPUT, to: VALUE}]");
	for (const struct node *n = order->first; n != NULL; n = n->next)
		read_row(b, lines, n);
	add_valves(b, lines, s->first_line);
	s->n_lines = b->safe_lines.n - s->first_line;
	if (b->diag.n_errors == errors)
		check_covered(b, s, lines);
}

void
safe_states_read(struct bench *b)
{
	struct lines lines;

	for (uint32_t i = 0; i < b->safe_states.n; i++) {
		lines.of = mem_zero(b->outputs.n, sizeof(*lines.of));
		lines.or_else = mem_zero(b->outputs.n, sizeof(*lines.or_else));
		read_state(b, &b->safe_states.at[i], &lines);
		free(lines.of);
		free(lines.or_else);
	}
}

/* ---- the end, and the way back --------------------------------------------------------------------------------------------- */

static const struct bench_output *
first_hazard(const struct bench *b)
{
	for (uint32_t i = 0; i < b->outputs.n; i++)
		if (b->outputs.at[i].hazard != HAZARD_NONE)
			return &b->outputs.at[i];
	return NULL;
}

uint32_t
safe_states_find(struct bench *b, const struct node *n)
{
	const char *name = read_text(b, n);
	uint32_t i = name == NULL ? NAMES_NONE : names_get(&b->safe_state_names, name);
	char near[96];

	if (name == NULL || i != NAMES_NONE)
		return i;
	read_suggest(b, &b->safe_state_names, name, near);
	diag_error(&b->diag, n->at, "wrong-value",
		"no safe state is named '%.63s'; %sname one of safe_states:", name, near);
	return NAMES_NONE;
}

void
safe_states_on_stop(struct bench *b, const struct node *n)
{
	const struct bench_output *hazard = first_hazard(b);
	struct place at;

	if (n != NULL) {
		b->on_stop = safe_states_find(b, n);
		return;
	}
	b->on_stop = b->safe_states.n == 1 ? 0 : IMAGE_NONE;
	if (hazard == NULL || b->on_stop != IMAGE_NONE || b->is_observed)
		return;
	at = b->channels.at[hazard->channel].at;
	if (b->safe_states.n > 1)
		diag_error(&b->diag, b->safe_states.at[1].node->key_at, "missing",
			"%u safe states, and nothing says which is the one at the end; add "
			"on_stop: %s",
			b->safe_states.n, b->safe_states.at[0].name);
	else
		diag_error(&b->diag, at, "missing",
			"'%s' can hurt, and nothing says what is safe; add safe_states: {NAME: "
			"{order: [{set: %s, to: VALUE}]}}",
			hazard->name, hazard->name);
}

/* Inert gas comes first and fuel last; what else there is between them. */
static int
rank(enum image_hazard hazard)
{
	return hazard == HAZARD_INERT ? 0 : hazard == HAZARD_FUEL ? 2 : 1;
}

static void
check_order(struct bench *b, uint32_t before, uint32_t output, const struct node *n)
{
	const struct bench_output *first = &b->outputs.at[before], *next = &b->outputs.at[output];

	if (rank(first->hazard) > rank(next->hazard))
		diag_warn(&b->diag, n->at, "restore",
			"'%s' (%s) comes back before '%s'; inert gas comes first and fuel last: "
			"change their order",
			first->name, schema_channel[BENCH_CH_HAZARD].words[first->hazard - 1],
			next->name);
}

void
safe_states_restore(struct bench *b, const struct node *n)
{
	uint32_t before = IMAGE_NONE;
	bool *is_there;

	if (n == NULL)
		return;
	is_there = mem_zero(b->outputs.n, sizeof(*is_there));
	for (const struct node *k = first_name(b, n); k != NULL; k = next_name(n, k)) {
		uint32_t output = outputs_find(b, k);

		if (output == NAMES_NONE)
			continue;
		if (is_there[output]) {
			diag_error(&b->diag, k->at, "conflict",
				"'%s' stands here twice; remove one of them",
				b->outputs.at[output].name);
			continue;
		}
		if (before != IMAGE_NONE)
			check_order(b, before, output, k);
		is_there[output] = true;
		*BENCH_ADD(b->restore) = before = output;
	}
	free(is_there);
}
