/* alarms.c - alarms: what people are warned of, and which of them stand for others */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "compile/bench.h"
#include "compile/catalogue.h"
#include "compile/read.h"

#define SHELVE_NS (8 * 3600 * NS_PER_S)

void
alarms_name(struct bench *b, const struct node *alarms)
{
	for (const struct node *n = alarms == NULL ? NULL : alarms->first; n != NULL; n = n->next) {
		const struct node *const *keys = protect_keys(b, n, schema_alarm, "an alarm",
			"a map: {when: CONDITION, priority: medium}");
		struct bench_alarm *a;
		const char *title;

		if (keys == NULL)
			continue;
		title = keys[ALARM_TITLE] == NULL ? NULL : catalogue_texts(b, keys[ALARM_TITLE]);
		a = alarms_add(b, n->key, title == NULL ? "" : title, n->key_at);
		if (a != NULL)
			a->keys = keys;
	}
	limits_name(b);
}

struct bench_alarm *
alarms_add(struct bench *b, const char *name, const char *title, struct place at)
{
	uint32_t other = names_get(&b->alarm_names, name);
	struct bench_alarm *a;

	if (other != NAMES_NONE) {
		diag_error(&b->diag, at, "conflict",
			"there is an alarm '%.63s' already, under alarms: or as a limit of a "
			"channel; rename one of them",
			name);
		return NULL;
	}
	if (b->alarms.n == IMAGE_ALARMS_MAX) {
		diag_error(&b->diag, at, "too-large",
			"'%.63s' is one more than the %d alarms that a bench can have; join some "
			"with 'or'",
			name, IMAGE_ALARMS_MAX);
		return NULL;
	}
	if (b->horn == IMAGE_NONE) {
		b->horn = channels_add_state(b, "mbc.horn", STATE_HORN, NULL);
		b->channels.at[b->horn].at = at;
		b->channels.at[b->horn].title = "Horn";
		b->last_alarm = channels_add_state(b, "mbc.last_alarm", STATE_LAST_ALARM, NULL);
		b->channels.at[b->last_alarm].at = at;
		b->channels.at[b->last_alarm].type = VALUE_UINT;
	}
	a = BENCH_ADD(b->alarms);
	a->name = name;
	a->title = title;
	a->action = "";
	a->at = at;
	a->parent = a->first_out = a->of = IMAGE_NONE;
	a->needs_ack = true;
	a->state = protect_state(b, "alarm", name, title, STATE_ALARM, at);
	names_put(&b->alarm_names, name, b->alarms.n - 1);
	return a;
}

static void
read_priority(struct bench *b, struct bench_alarm *a, const struct node *n, const struct node *act)
{
	const struct key *row = &schema_alarm[ALARM_PRIORITY];
	const char *word = n == NULL ? row->def : read_word(b, n, row);
	const char *action = act == NULL ? NULL : catalogue_texts(b, act);

	a->action = action == NULL ? "" : action;
	for (int i = 0; word != NULL && row->words[i] != NULL; i++)
		if (strcmp(word, row->words[i]) == 0)
			a->priority = (enum image_priority)i;
	if (a->priority >= PRIORITY_HIGH && (act == NULL || (action != NULL && action[0] == '\0')))
		diag_error(&b->diag, a->at, "missing",
			"'%s' has the priority %s, and nothing says what a person does about it; "
			"add "
			"do: TEXT, or write a lower priority",
			a->name, word);
}

/* `shelve: 1 h`, or no. A critical one cannot be put aside unless that is written. */
static void
read_shelve(struct bench *b, struct bench_alarm *a, const struct node *n)
{
	bool is_no;

	if (n == NULL)
		a->shelve_max_ns = a->priority == PRIORITY_CRITICAL ? 0 : SHELVE_NS;
	else
		protect_span_or(b, n, &schema_alarm[ALARM_SHELVE], &a->shelve_max_ns, &is_no);
}

static void
read_parent(struct bench *b, struct bench_alarm *a, const struct node *n)
{
	const char *name = n == NULL ? NULL : read_text(b, n);
	char near[96];

	if (name == NULL)
		return;
	a->parent = names_get(&b->alarm_names, name);
	if (a->parent != NAMES_NONE)
		return;
	read_suggest(b, &b->alarm_names, name, near);
	diag_error(&b->diag, n->at, "unknown-alarm",
		"no alarm is named '%.63s'; %swrite one of alarms:", name, near);
}

/* Groups have numbers from 0 in the order in which they are named. */
static void
read_group(struct bench *b, struct bench_alarm *a, const struct node *n, struct names *groups)
{
	const char *name = n == NULL ? NULL : read_text(b, n);
	uint32_t known;

	if (name == NULL || !read_name(b, name, n->at, "a group"))
		return;
	known = names_put(groups, name, (uint32_t)groups->n);
	a->first_out = known != NAMES_NONE ? known : (uint32_t)groups->n - 1;
}

static void
read_alarm(struct bench *b, struct bench_alarm *a, struct names *groups)
{
	const struct node *const *keys = a->keys;
	const struct key *rows = schema_alarm;

	conditions_read(b, keys[ALARM_WHEN], &a->when);
	conditions_read(b, keys[ALARM_CLEAR], &a->clear);
	conditions_read(b, keys[ALARM_SUPPRESS], &a->suppress);
	read_span(b, keys[ALARM_FOR], &rows[ALARM_FOR], &a->for_ns);
	read_span(b, keys[ALARM_OFF_FOR], &rows[ALARM_OFF_FOR], &a->off_for_ns);
	read_span(b, keys[ALARM_ON_BAD], &rows[ALARM_ON_BAD], &a->on_bad_ns);
	read_priority(b, a, keys[ALARM_PRIORITY], keys[ALARM_DO]);
	read_shelve(b, a, keys[ALARM_SHELVE]);
	if (keys[ALARM_ACK] != NULL)
		read_bool(b, keys[ALARM_ACK], &a->needs_ack);
	if (keys[ALARM_LATCH] != NULL)
		read_bool(b, keys[ALARM_LATCH], &a->is_latched);
	notify_of_alarm(b, keys[ALARM_NOTIFY], a);
	read_parent(b, a, keys[ALARM_PARENT]);
	read_group(b, a, keys[ALARM_FIRST_OUT], groups);
}

/* One of `alarm:` of a channel. */
static void
read_limit(struct bench *b, struct bench_alarm *a)
{
	const struct node *const *keys = a->keys;
	const struct key *rows = schema_limits;

	limits_read(b, a);
	read_span(b, keys[LIMIT_FOR], &rows[LIMIT_FOR], &a->for_ns);
	read_span(b, NULL, &schema_alarm[ALARM_ON_BAD], &a->on_bad_ns);
	read_priority(b, a, keys[LIMIT_PRIORITY], keys[LIMIT_DO]);
	notify_of_alarm(b, keys[LIMIT_NOTIFY], a);
	read_shelve(b, a, NULL);
}

/* One of `shutoff:` or `valve:` of an output. */
static void
read_shutoff(struct bench *b, struct bench_alarm *a)
{
	if (a->is_valve)
		limits_valve(b, a);
	else
		limits_shutoff(b, a);
	read_span(b, NULL, &schema_alarm[ALARM_ON_BAD], &a->on_bad_ns);
	read_priority(b, a, NULL, NULL);
	read_shelve(b, a, NULL);
	a->action = a->is_valve ? "set the valve to auto, or the flow to what it is held at"
				: "open the valve, or set the flow to zero";
}

static void
report_circle(struct bench *b, uint32_t first)
{
	struct buf text = { 0 };
	uint32_t i = first;

	for (unsigned k = 0; k < 6 && (k == 0 || i != first); k++, i = b->alarms.at[i].parent)
		buf_printf(&text, "%s -> ", b->alarms.at[i].name);
	buf_puts(&text, i == first ? b->alarms.at[first].name : "...");
	diag_error(&b->diag, b->alarms.at[first].at, "circle",
		"alarms are one another's parents in a circle: %s; let one of them have another "
		"parent, or none",
		buf_text(&text));
	buf_done(&text);
}

/* A parent before its children. Each alarm is looked at twice: on the way up to one that has its place, and on the way back. */
static void
order_alarms(struct bench *b)
{
	enum { NEW, OPEN, PLACED };
	uint8_t *state = mem_zero(b->alarms.n + 1, 1);
	uint32_t *stack = mem_zero(b->alarms.n + 1, sizeof(*stack));

	b->alarm_order = mem_zero(b->alarms.n + 1, sizeof(*b->alarm_order));
	for (uint32_t i = 0, n_placed = 0; i < b->alarms.n; i++) {
		uint32_t depth = 0, at = i;

		for (; at != IMAGE_NONE && state[at] == NEW; at = b->alarms.at[at].parent) {
			state[at] = OPEN;
			stack[depth++] = at;
		}
		if (at != IMAGE_NONE && state[at] == OPEN)
			report_circle(b, at);
		while (depth > 0) {
			at = stack[--depth];
			state[at] = PLACED;
			b->alarms.at[at].place = n_placed;
			b->alarm_order[n_placed++] = at;
		}
	}
	free(state);
	free(stack);
}

void
alarms_read(struct bench *b)
{
	struct names groups = { 0 };

	for (uint32_t i = 0; i < b->alarms.n; i++)
		if (b->alarms.at[i].is_shutoff || b->alarms.at[i].is_valve)
			read_shutoff(b, &b->alarms.at[i]);
		else if (b->alarms.at[i].of != IMAGE_NONE)
			read_limit(b, &b->alarms.at[i]);
		else
			read_alarm(b, &b->alarms.at[i], &groups);
	order_alarms(b);
	names_done(&groups);
}
