/* notify.c - who is told: names under `notify:`, groups and chains, and that nobody is told in a circle */
#include "compile/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "compile/bench.h"
#include "compile/catalogue.h"
#include "compile/read.h"

static const char *const kind_texts[] = { "a person", "a group", "a chain", "a duty" };
static const char *const kind_keys[] = { "mail or push", "to", "steps", "turns" };

/* ---- lists of names ------------------------------------------------------------------------------------------------------- */

const struct node *
notify_first(const struct node *list)
{
	return list->kind == NODE_LIST ? list->first : list;
}

const struct node *
notify_next(const struct node *list, const struct node *item)
{
	return item == list ? NULL : item->next;
}

bool
notify_is_known(struct bench *b, const char *name, char *near)
{
	near[0] = '\0';
	if (names_get(&b->receiver_names, name) != NAMES_NONE)
		return true;
	read_suggest(b, &b->receiver_names, name, near);
	return false;
}

static bool
stands_in(const struct bench *b, const struct image_list *list, uint32_t receiver)
{
	for (uint32_t i = list->first; i < list->first + list->n; i++)
		if (b->members.at[i] == receiver)
			return true;
	return false;
}

/* A receiver; NAMES_NONE: there is none of that name, and that was told. */
static uint32_t
find(struct bench *b, const struct node *n)
{
	const char *name = read_text(b, n);
	uint32_t i = name == NULL ? NAMES_NONE : names_get(&b->receiver_names, name);
	char near[96];

	if (name == NULL || i != NAMES_NONE || b->notices.is_open)
		return i;
	read_suggest(b, &b->receiver_names, name, near);
	diag_error(&b->diag, n->at, "unknown-receiver",
		"nobody is named '%.63s' under notify:; %swrite one of its names, or add it", name,
		near);
	return NAMES_NONE;
}

void
notify_list(struct bench *b, const struct node *n, struct image_list *out)
{
	*out = (struct image_list){ b->members.n, 0 };
	if (n == NULL)
		return;
	if (n->kind == NODE_LIST && n->n == 0) {
		diag_error(&b->diag, n->at, "no-value",
			"an empty list names nobody; write names, or remove the key");
		return;
	}
	for (const struct node *k = notify_first(n); k != NULL; k = notify_next(n, k)) {
		uint32_t receiver = find(b, k);

		if (receiver == NAMES_NONE)
			continue;
		if (stands_in(b, out, receiver)) {
			diag_error(&b->diag, k->at, "conflict",
				"'%.63s' stands here twice; remove one", k->text);
			continue;
		}
		if (b->members.n == MEMBERS_MAX) {
			diag_error(&b->diag, k->at, "too-large",
				"lists of people hold more than %d names in all; make groups of "
				"them",
				MEMBERS_MAX);
			return;
		}
		*BENCH_ADD(b->members) = receiver;
		out->n++;
	}
}

void
notify_of_alarm(struct bench *b, const struct node *n, struct bench_alarm *a)
{
	static const char *const words[] = { "no", "false", "off" };

	if (n == NULL)
		return;
	a->is_notified = true;
	for (size_t i = 0; n->kind == NODE_SCALAR && i < NELEM(words); i++)
		if (strcmp(n->text, words[i]) == 0)
			return;
	notify_list(b, n, &a->to);
}

/* ---- the names ------------------------------------------------------------------------------------------------------------ */

/* What its keys make of it. */
static enum receiver_kind
kind_of(const struct node *const *keys)
{
	return keys[RECEIVER_TURNS] != NULL   ? RECEIVER_DUTY
	       : keys[RECEIVER_STEPS] != NULL ? RECEIVER_CHAIN
	       : keys[RECEIVER_TO] != NULL    ? RECEIVER_GROUP
					      : RECEIVER_PERSON;
}

/* Whose key it is; the title is everybody's. */
static enum receiver_kind
owner_of(int key)
{
	return key >= RECEIVER_TURNS   ? RECEIVER_DUTY
	       : key >= RECEIVER_STEPS ? RECEIVER_CHAIN
	       : key == RECEIVER_TO    ? RECEIVER_GROUP
				       : RECEIVER_PERSON;
}

/* A duty without turns, a chain without steps, a person without addresses; false: it is all of one kind. */
static bool
lacks_itself(struct bench *b, const struct node *n, const struct node *const *keys)
{
	enum receiver_kind kind = RECEIVER_PERSON;

	if (keys[RECEIVER_MAIL] != NULL || keys[RECEIVER_PUSH] != NULL ||
		kind_of(keys) != RECEIVER_PERSON)
		return false;
	for (int i = RECEIVER_TO; i < RECEIVER_ROWS; i++)
		if (keys[i] != NULL)
			kind = owner_of(i);
	if (kind == RECEIVER_PERSON)
		diag_error(&b->diag, n->key_at, "missing",
			"nothing says how '%.63s' is reached; add mail: ADDRESS or push: NAME, or "
			"to: NAMES for a group, steps: for a chain, turns: for a duty",
			n->key);
	else
		diag_error(&b->diag, n->key_at, "missing",
			"'%.63s' would be %s, and '%s' is missing; add it", n->key,
			kind_texts[kind], kind_keys[kind]);
	return true;
}

static void
check_keys(struct bench *b, const struct node *n, const struct node *const *keys)
{
	enum receiver_kind kind = kind_of(keys);

	for (int i = RECEIVER_TITLE + 1; i < RECEIVER_ROWS; i++)
		if (keys[i] != NULL && owner_of(i) != kind)
			diag_error(&b->diag, keys[i]->key_at, "conflict",
				"'%s' belongs to %s, and '%.63s' is %s by its '%s'; remove one of "
				"them, or make two names of it",
				keys[i]->key, kind_texts[owner_of(i)], n->key, kind_texts[kind],
				kind == RECEIVER_PERSON && keys[RECEIVER_MAIL] == NULL ? "push"
				: kind == RECEIVER_PERSON                              ? "mail"
							  : kind_keys[kind]);
}

/* Is it a name that `notify:` of an alarm can tell from `no`, and an event from its text? */
static bool
is_name(struct bench *b, const struct node *n)
{
	static const char *const taken[] = { "no", "false", "off", "yes", "true", "on" };

	if (!read_name(b, n->key, n->key_at, "who is told"))
		return false;
	for (size_t i = 0; i < NELEM(taken); i++)
		if (strcmp(n->key, taken[i]) == 0) {
			diag_error(&b->diag, n->key_at, "name",
				"'%s' cannot name who is told: it means yes or no; take another "
				"name",
				n->key);
			return false;
		}
	if (strlen(n->key) <= RECEIVER_NAME_MAX)
		return true;
	diag_error(&b->diag, n->key_at, "name",
		"'%.63s' is too long to name who is told; take at most %d characters, and put the "
		"rest into title:",
		n->key, RECEIVER_NAME_MAX);
	return false;
}

static void
take_name(struct bench *b, const struct node *n)
{
	const struct node *const *keys;
	struct bench_receiver *r;
	const char *title;
	size_t n_errors;

	if (!is_name(b, n) || !read_is(b, n, NODE_MAP, "a map: {mail: ADDRESS}, or {to: NAMES}")) {
		b->notices.is_open = true;
		return;
	}
	if (b->receivers.n == RECEIVERS_MAX) {
		diag_error(&b->diag, n->key_at, "too-large",
			"'%.63s' is one more than the %d names that can stand under notify:; "
			"remove some",
			n->key, RECEIVERS_MAX);
		b->notices.is_open = true;
		return;
	}
	n_errors = b->diag.n_errors;
	keys = protect_keys_of(b, n, schema_receiver);
	title = keys[RECEIVER_TITLE] == NULL ? NULL : catalogue_texts(b, keys[RECEIVER_TITLE]);
	r = BENCH_ADD(b->receivers);
	r->name = n->key;
	r->title = title == NULL ? "" : title;
	r->at = n->key_at;
	r->keys = keys;
	r->d.kind = (uint8_t)kind_of(keys);
	r->is_open = b->diag.n_errors > n_errors;
	if (!r->is_open && lacks_itself(b, n, keys))
		r->is_open = true;
	else if (!r->is_open)
		check_keys(b, n, keys);
	names_put(&b->receiver_names, r->name, b->receivers.n - 1);
}

/* ---- groups and chains ---------------------------------------------------------------------------------------------------- */

static void
read_step(struct bench *b, struct bench_receiver *r, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	struct image_step s = { .by = 0 };
	uint8_t by = 0;

	if (!read_is(b, n, NODE_MAP, "a map: {to: NAMES, after: 5 min}"))
		return;
	read_keys(b, n, schema_chain_step, NULL, found, NULL);
	notify_list(b, found[CHAIN_STEP_TO], &s.to);
	if (found[CHAIN_STEP_BY] != NULL && notify_ways(b, found[CHAIN_STEP_BY], &by) && by == 0)
		diag_error(&b->diag, found[CHAIN_STEP_BY]->at, "no-value",
			"a step by no way tells nobody; write ways, or remove 'by'");
	s.by = by;
	if (!read_span(
		    b, found[CHAIN_STEP_AFTER], &schema_chain_step[CHAIN_STEP_AFTER], &s.after_ns))
		return;
	if (r->d.n_steps > 0 && s.after_ns <= b->steps.at[b->steps.n - 1].after_ns) {
		diag_error(&b->diag,
			found[CHAIN_STEP_AFTER] == NULL ? n->at : found[CHAIN_STEP_AFTER]->at,
			"conflict",
			"this step does not come after the one before it; 'after' counts from the "
			"alarm: write more than there");
		return;
	}
	if (b->steps.n == CHAIN_STEPS_MAX) {
		diag_error(&b->diag, n->at, "too-large",
			"chains have more than %d steps in all; leave some out", CHAIN_STEPS_MAX);
		return;
	}
	*BENCH_ADD(b->steps) = s;
	r->d.n_steps++;
}

static void
read_chain(struct bench *b, struct bench_receiver *r)
{
	const struct node *steps = r->keys[RECEIVER_STEPS], *again = r->keys[RECEIVER_AGAIN];
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	const char *until = NULL;
	int64_t times;

	r->d.first_step = b->steps.n;
	if (!read_is(
		    b, steps, NODE_LIST, "a list of steps: [{to: anna}, {to: team, after: 5 min}]"))
		return;
	if (steps->n == 0)
		diag_error(&b->diag, steps->at, "no-value",
			"a chain without steps tells nobody; write some: [{to: anna}, {to: team, "
			"after: 5 min}]");
	for (const struct node *n = steps->first; n != NULL; n = n->next)
		read_step(b, r, n);
	if (r->keys[RECEIVER_UNTIL] != NULL)
		until = read_word(b, r->keys[RECEIVER_UNTIL], &schema_receiver[RECEIVER_UNTIL]);
	r->d.is_until_over = until != NULL && strcmp(until, "over") == 0;
	if (again == NULL || !read_is(b, again, NODE_MAP, "a map: {after: 30 min, times: 3}"))
		return;
	read_keys(b, again, schema_chain_again, NULL, found, NULL);
	if (found[CHAIN_AGAIN_AFTER] == NULL ||
		!read_span(b, found[CHAIN_AGAIN_AFTER], &schema_chain_again[CHAIN_AGAIN_AFTER],
			&r->d.again_ns) ||
		!read_int(b, found[CHAIN_AGAIN_TIMES], &schema_chain_again[CHAIN_AGAIN_TIMES],
			&times))
		return;
	r->d.again = (uint8_t)times;
}

static void
read_receiver(struct bench *b, struct bench_receiver *r)
{
	size_t n_errors = b->diag.n_errors;

	switch ((enum receiver_kind)r->d.kind) {
	case RECEIVER_PERSON:
		notify_person(b, r);
		break;
	case RECEIVER_GROUP:
		notify_list(b, r->keys[RECEIVER_TO], &r->d.members);
		break;
	case RECEIVER_CHAIN:
		read_chain(b, r);
		break;
	case RECEIVER_DUTY:
		notify_duty(b, r);
		break;
	}
	r->is_open |= b->diag.n_errors > n_errors || b->notices.is_open;
}

/* ---- circles, and who is reached ------------------------------------------------------------------------------------------- */

/* The i-th list of those that a receiver names; NULL: there are no more. */
static const struct image_list *
list_of(const struct bench *b, const struct bench_receiver *r, uint32_t i)
{
	if (i == 0)
		return &r->d.members;
	i--;
	if (i < r->d.n_steps)
		return &b->steps.at[r->d.first_step + i].to;
	i -= r->d.n_steps;
	return i < r->d.n_shifts ? &b->shifts.at[r->d.first_shift + i].who : NULL;
}

/* Receivers that are being placed: each is named by the one before it. */
struct trail {
	struct bench *b;
	enum { NEW, OPEN, PLACED } state[RECEIVERS_MAX];
	uint32_t at[RECEIVERS_MAX];
	uint32_t n, n_placed;
};

static void
report_circle(const struct trail *t, uint32_t again)
{
	struct bench *b = t->b;
	struct buf text = { 0 };
	uint32_t i = 0;

	while (t->at[i] != again)
		i++;
	for (; i < t->n; i++)
		buf_printf(&text, "%s -> ", b->receivers.at[t->at[i]].name);
	buf_puts(&text, b->receivers.at[again].name);
	diag_error(&b->diag, b->receivers.at[again].at, "circle",
		"people are named in a circle: %.300s; leave one of these names out",
		buf_text(&text));
	buf_done(&text);
}

/* Where the i-th step of a chain stands, from 1; no step before it was left out. */
static struct place
place_of_step(const struct bench_receiver *r, uint32_t i)
{
	const struct node *n = r->keys[RECEIVER_STEPS]->first;

	while (--i > 0)
		n = n->next;
	return n->at;
}

static uint8_t
every_priority(bool is)
{
	return is ? (1u << PRIORITIES) - 1 : 0;
}

/* Those that it names have been placed. */
static void
sum_up(struct bench *b, struct bench_receiver *r)
{
	const struct image_list *list;
	bool was_open = r->is_open;

	if (r->d.kind == RECEIVER_PERSON)
		for (int p = 0; p < PRIORITIES; p++)
			r->told |= (uint8_t)((r->d.by[p] != 0) << p);
	for (uint32_t i = 0; (list = list_of(b, r, i)) != NULL; i++) {
		bool is_step = i >= 1 && i <= r->d.n_steps;
		uint32_t by = is_step ? b->steps.at[r->d.first_step + i - 1].by : 0;
		uint8_t ways = 0, told = 0;
		bool is_open = false;

		for (uint32_t k = list->first; k < list->first + list->n; k++) {
			const struct bench_receiver *m = &b->receivers.at[b->members.at[k]];

			ways |= m->ways;
			told |= m->told;
			is_open |= m->is_open;
		}
		r->is_open |= is_open;
		if (by != 0)
			told = every_priority((ways & by) != 0);
		if (by != 0 && (ways & by) == 0 && !is_open && !was_open)
			diag_error(&b->diag, place_of_step(r, i), "nobody",
				"this step of '%s' reaches nobody: none of those whom it names "
				"can be reached by these ways; write other ways, or remove 'by'",
				r->name);
		r->ways |= by != 0 ? (uint8_t)(ways & by) : ways;
		r->told |= told;
	}
}

/* At most RECEIVERS_MAX deep. */
static void
place(struct trail *t, uint32_t i)
{
	struct bench *b = t->b;
	struct bench_receiver *r = &b->receivers.at[i];
	const struct image_list *list;

	if (t->state[i] == OPEN) {
		report_circle(t, i);
		r->is_open = true;
	}
	if (t->state[i] != NEW)
		return;
	t->state[i] = OPEN;
	t->at[t->n++] = i;
	for (uint32_t k = 0; (list = list_of(b, r, k)) != NULL; k++)
		for (uint32_t m = list->first; m < list->first + list->n; m++)
			place(t, b->members.at[m]);
	t->n--;
	t->state[i] = PLACED;
	sum_up(b, r);
	r->place = t->n_placed;
	b->receiver_order[t->n_placed++] = i;
}

void
notify_read(struct bench *b, const struct node *people, const struct node *alert)
{
	struct trail t = { .b = b };

	b->notices.has_people = people != NULL;
	if (people != NULL &&
		!read_is(b, people, NODE_MAP, "a map of people: NAME: {mail: ADDRESS}"))
		b->notices.is_open = true;
	else if (people != NULL && people->n == 0)
		diag_error(&b->diag, people->at, "no-value",
			"nobody stands under notify:; add names, or remove the key");
	else
		for (const struct node *n = people == NULL ? NULL : people->first; n != NULL;
			n = n->next)
			take_name(b, n);
	notify_servers(b, alert);
	for (uint32_t i = 0; i < b->receivers.n; i++)
		if (!b->receivers.at[i].is_open)
			read_receiver(b, &b->receivers.at[i]);
	b->receiver_order = mem_zero(b->receivers.n + 1, sizeof(*b->receiver_order));
	for (uint32_t i = 0; i < b->receivers.n; i++)
		place(&t, i);
	notify_told(b);
}

/* Is somebody among these told of what has this priority? True also when that is not known. */
static bool
is_told(const struct bench *b, const struct image_list *list, enum image_priority priority)
{
	for (uint32_t i = list->first; i < list->first + list->n; i++) {
		const struct bench_receiver *r = &b->receivers.at[b->members.at[i]];

		if (r->is_open || (r->told & 1u << priority) != 0)
			return true;
	}
	return false;
}

void
notify_check(struct bench *b)
{
	static const char *const words[PRIORITIES] = { "low", "medium", "high", "critical" };

	if (!b->notices.has_people || b->notices.is_open)
		return;
	for (uint32_t i = 0; i < b->alarms.n; i++) {
		const struct bench_alarm *a = &b->alarms.at[i];
		bool is_no = a->is_notified && a->to.n == 0;

		if (a->priority < PRIORITY_HIGH || is_no ||
			is_told(b, a->is_notified ? &a->to : &b->notices.by_priority[a->priority],
				a->priority))
			continue;
		diag_warn(&b->diag, a->at, "nobody",
			"nobody is told of '%s', whose priority is %s; add notify: NAMES to it, or "
			"alert: {alarms: {%s: NAMES}}, or say notify: no",
			a->name, words[a->priority], words[a->priority]);
	}
}
