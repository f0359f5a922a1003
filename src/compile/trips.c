/* trips.c - trips, and interlocks: what is never allowed, and what brings the bench to a safe state */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "compile/bench.h"
#include "compile/catalogue.h"
#include "compile/read.h"

#define DAY_NS (24 * 3600 * NS_PER_S)
#define UNHURRIED_NS NS_PER_S /* a trip that acts at once has its inputs at least so often */

const struct node *const *
protect_keys_of(struct bench *b, const struct node *map, const struct key *table)
{
	const struct node *found[SCHEMA_KEYS_MAX], **keys;
	size_t rows = 0;

	read_keys(b, map, table, NULL, found, NULL);
	while (table[rows].name != NULL)
		rows++;
	keys = tree_alloc(&b->tree, rows * sizeof(*keys));
	memcpy(keys, found, rows * sizeof(*keys));
	return keys;
}

const struct node *const *
protect_keys(struct bench *b, const struct node *n, const struct key *table, const char *what,
	const char *wanted)
{
	if (!read_name(b, n->key, n->key_at, what) || !read_is(b, n, NODE_MAP, wanted))
		return NULL;
	return protect_keys_of(b, n, table);
}

uint32_t
protect_state(struct bench *b, const char *prefix, const char *name, const char *title,
	enum image_state kind, struct place at)
{
	char full[80];
	int n = snprintf(full, sizeof(full), "%s.%s", prefix, name);
	uint32_t i;

	if (names_get(&b->channel_names, full) != NAMES_NONE)
		diag_error(&b->diag, at, "name",
			"the state of '%.63s' would be the channel '%s', and there is one of that "
			"name; rename the instrument or output '%s'",
			name, full, prefix);
	i = channels_add_state(b, tree_text(&b->tree, full, (size_t)n), kind, NULL);
	b->channels.at[i].title = title;
	b->channels.at[i].at = at;
	return i;
}

/* A trip, or the one of an interlock. NULL: there are too many, and that was told. */
static struct bench_trip *
add_trip(struct bench *b, const struct node *n, const struct node *const *keys, uint32_t interlock)
{
	const char *title = keys[TRIP_TITLE] == NULL ? NULL : catalogue_texts(b, keys[TRIP_TITLE]);
	struct bench_trip *t;

	if (b->trips.n == IMAGE_TRIPS_MAX) {
		diag_error(&b->diag, n->key_at, "too-large",
			"'%.63s' is one more than the %d trips and interlocks that a bench can "
			"have; "
			"join some with 'or'",
			n->key, IMAGE_TRIPS_MAX);
		return NULL;
	}
	t = BENCH_ADD(b->trips);
	t->name = n->key;
	t->title = title == NULL ? "" : title;
	t->keys = keys;
	t->at = n->key_at;
	t->interlock = interlock;
	t->protected_by = t->tested = "";
	t->state = protect_state(b, "trip", t->name, t->title, STATE_TRIP, t->at);
	return t;
}

static void
name_interlock(struct bench *b, const struct node *n, const struct node *trips)
{
	const struct node *const *keys = protect_keys(b, n, schema_interlock, "an interlock",
		"a map: {forbid: CONDITION, to: SAFE_STATE}");
	const struct bench_trip *t;
	struct bench_interlock *k;

	if (keys == NULL)
		return;
	if (trips != NULL && tree_get(&b->tree, trips, n->key) != NULL) {
		diag_error(&b->diag, n->key_at, "conflict",
			"'%.63s' is a trip, too, and an interlock makes a trip of its own name; "
			"rename one "
			"of them",
			n->key);
		return;
	}
	t = add_trip(b, n, keys, b->interlocks.n);
	if (t == NULL)
		return;
	k = BENCH_ADD(b->interlocks);
	k->name = t->name;
	k->title = t->title;
	k->trip = b->trips.n - 1;
	k->state = protect_state(b, "interlock", k->name, k->title, STATE_INTERLOCK, t->at);
}

void
trips_name(struct bench *b, const struct node *trips, const struct node *interlocks)
{
	for (const struct node *n = trips == NULL ? NULL : trips->first; n != NULL; n = n->next) {
		const struct node *const *keys = protect_keys(
			b, n, schema_trip, "a trip", "a map: {when: CONDITION, to: SAFE_STATE}");

		if (keys != NULL && add_trip(b, n, keys, IMAGE_NONE) == NULL)
			return;
	}
	for (const struct node *n = interlocks == NULL ? NULL : interlocks->first; n != NULL;
		n = n->next)
		name_interlock(b, n, trips);
}

bool
protect_span_or(struct bench *b, const struct node *n, const struct key *row, int64_t *out,
	bool *out_is_word)
{
	const char *text = read_text(b, n);

	*out_is_word = false;
	if (text == NULL)
		return false;
	for (size_t i = 0; row->words[i] != NULL; i++)
		if (strcmp(text, row->words[i]) == 0) {
			*out_is_word = true;
			return true;
		}
	if (text[0] >= '0' && text[0] <= '9')
		return read_span(b, n, row, out);
	diag_error(&b->diag, n->at, "wrong-value",
		"%s cannot be '%.40s'; write a duration such as 5 min, or %s", row->name, text,
		row->words[0]);
	return false;
}

/* `on_bad: 5 s`, or alarm. Without it an unknown trip fires, and an unknown interlock only refuses. */
static void
read_on_bad(struct bench *b, struct bench_trip *t, const struct node *n)
{
	const struct key *rows = t->interlock == IMAGE_NONE ? schema_trip : schema_interlock;
	bool is_alarm = t->interlock != IMAGE_NONE;

	if (n != NULL)
		protect_span_or(b, n, &rows[TRIP_ON_BAD], &t->on_bad_ns, &is_alarm);
	else if (!is_alarm)
		read_span(b, NULL, &rows[TRIP_ON_BAD], &t->on_bad_ns);
	if (is_alarm)
		t->on_bad_ns = IMAGE_ON_BAD_ALARM;
	if (is_alarm && t->interlock == IMAGE_NONE)
		diag_warn(&b->diag, n->at, "on-bad",
			"'%s' does not fire while its condition is unknown: a broken sensor "
			"switches it off; write a time (on_bad: 5 s) unless something else "
			"protects then",
			t->name);
}

static void
read_to(struct bench *b, struct bench_trip *t, const struct node *n)
{
	t->to = n != NULL ? safe_states_find(b, n) : b->on_stop;
	if (n == NULL && b->on_stop == IMAGE_NONE && !b->is_on_stop_open)
		diag_error(&b->diag, t->at, "missing",
			b->safe_states.n == 0
				? "'%s' has no safe state to go to; describe one under "
				  "safe_states:"
				: "'%s' does not say which of the safe states it goes to; add to: "
				  "SAFE_STATE, or on_stop: SAFE_STATE for the bench",
			t->name);
}

/* A day of the calendar: "2026-03-01" */
bool
protect_is_date(const char *text)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int v[3] = { 0 };
	bool is_leap;

	if (strlen(text) != 10)
		return false;
	for (int i = 0; i < 10; i++) {
		bool is_dash = i == 4 || i == 7;

		if (is_dash ? text[i] != '-' : text[i] < '0' || text[i] > '9')
			return false;
		if (!is_dash)
			v[(i > 4) + (i > 7)] = v[(i > 4) + (i > 7)] * 10 + (text[i] - '0');
	}
	is_leap = (v[0] % 4 == 0 && v[0] % 100 != 0) || v[0] % 400 == 0;
	return v[0] >= 1970 && v[1] >= 1 && v[1] <= 12 && v[2] >= 1 &&
	       v[2] <= days[v[1] - 1] + (v[1] == 2 && is_leap);
}

static void
read_tested(struct bench *b, struct bench_trip *t, const struct node *n)
{
	const char *text = n == NULL ? NULL : read_text(b, n);

	if (text == NULL)
		return;
	t->tested = text;
	if (!protect_is_date(text))
		diag_error(&b->diag, n->at, "wrong-value",
			"'%.40s' is no date; write year, month and day: 2026-03-01", text);
}

/* "12 months": how long a test counts. */
static void
read_test_every(struct bench *b, struct bench_trip *t, const struct node *n)
{
	static const struct {
		const char *word;
		int64_t days;
	} units[] = { { "day", 1 }, { "days", 1 }, { "d", 1 }, { "week", 7 }, { "weeks", 7 },
		{ "month", 30 }, { "months", 30 }, { "year", 365 }, { "years", 365 } };
	const char *text = n == NULL ? NULL : read_text(b, n);
	size_t digits = text == NULL ? 0 : strspn(text, "0123456789");
	int64_t count = 0;

	if (text == NULL)
		return;
	for (size_t i = 0; i < digits && i < 6; i++)
		count = count * 10 + (text[i] - '0');
	for (size_t i = 0; i < NELEM(units) && digits > 0 && digits < 6; i++) {
		if (strcmp(text + digits + (text[digits] == ' '), units[i].word) != 0)
			continue;
		t->test_every_ns = count * units[i].days * DAY_NS;
		if (units[i].days == 30) /* twelve of them are a year */
			t->test_every_ns = count * 365 * DAY_NS / 12;
		if (count < 1 || t->test_every_ns > 3 * 365 * DAY_NS)
			diag_error(&b->diag, n->at, "out-of-range",
				"every is %.40s; write a time from 1 day to 3 years", text);
		return;
	}
	diag_error(&b->diag, n->at, "duration",
		"'%.40s' is not how often it is tested; write days, weeks, months or years: 12 "
		"months",
		text);
}

static void
read_bypass(struct bench *b, struct bench_trip *t, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX];

	if (n == NULL || !read_is(b, n, NODE_MAP, "a map: {max: 1 h}"))
		return;
	read_keys(b, n, schema_bypass, NULL, found, NULL);
	if (found[BYPASS_MAX] != NULL)
		read_span(b, found[BYPASS_MAX], &schema_bypass[BYPASS_MAX], &t->bypass_max_ns);
}

/* A condition cannot hold for less than the time between two answers of what it reads: a warning, for the condition at hand. */
static void
check_speed(struct bench *b, const struct bench_trip *t)
{
	char period[CLOCK_TEXT_SIZE], span[CLOCK_TEXT_SIZE];
	const struct bench_channel *ch;
	int64_t ns;

	ch = conditions_slowest(b, &ns);
	if (ch == NULL || ns <= (t->for_ns > 0 ? t->for_ns : UNHURRIED_NS))
		return;
	clock_span(period, ns);
	clock_span(span, t->for_ns);
	if (t->for_ns > 0)
		diag_warn(&b->diag, t->keys[TRIP_WHEN]->at, "slow-input",
			"'%s' is read each %s, and '%s' looks for %s: it cannot see more than one "
			"value; read it at least so often, or write a longer for",
			ch->name, period, t->name, span);
	else
		diag_warn(&b->diag, t->keys[TRIP_WHEN]->at, "slow-input",
			"'%s' is read each %s, so '%s' may come so late; read it at least each "
			"second",
			ch->name, period, t->name);
}

/* Does a command of an instrument write it, or what it shows as it is? */
static bool
is_commanded(const struct bench *b, uint32_t channel)
{
	while (b->channels.at[channel].source_kind == SOURCE_CHANNEL &&
		b->channels.at[channel].source < b->channels.n)
		channel = b->channels.at[channel].source;
	for (uint32_t i = 0; i < b->commands_of.n; i++)
		if (b->commands_of.at[i].channel == channel)
			return true;
	return false;
}

/* An interlock refuses writes, so what is written has to stand in it; what is computed from it is known only afterwards. */
static void
check_outputs(struct bench *b, const struct bench_trip *t)
{
	const struct bench_channel *behind = NULL;
	bool reads_output = false;

	for (uint32_t i = 0; i < b->expr->n_reads; i++) {
		uint32_t k = b->order[b->expr->reads[i]];
		const struct bench_channel *ch = &b->channels.at[k];

		if (ch->of_output != IMAGE_NONE || is_commanded(b, k))
			reads_output = true;
		else if (ch->from_output != IMAGE_NONE)
			behind = ch;
	}
	if (behind != NULL)
		(reads_output ? diag_warn : diag_error)(&b->diag, t->keys[TRIP_WHEN]->at,
			"interlock",
			"'%s' shows the output '%s' once it was written, so writes of that are "
			"not refused by it; write '%s' itself into the condition",
			behind->name, b->outputs.at[behind->from_output].name,
			b->outputs.at[behind->from_output].name);
	else if (!reads_output)
		diag_error(&b->diag, t->keys[TRIP_WHEN]->at, "interlock",
			"the condition reads no output, so there is no write that it could refuse; "
			"write it as a trip: trips: {%s: {when: ...}}",
			t->name);
}

static void
read_trip(struct bench *b, struct bench_trip *t)
{
	const struct node *const *keys = t->keys;
	const struct key *rows = schema_trip;

	read_span(b, keys[TRIP_FOR], &rows[TRIP_FOR], &t->for_ns);
	read_span(b, keys[TRIP_RESET_AFTER], &rows[TRIP_RESET_AFTER], &t->reset_after_ns);
	read_span(b, keys[TRIP_WARMUP], &rows[TRIP_WARMUP], &t->warmup_ns);
	read_on_bad(b, t, keys[TRIP_ON_BAD]);
	read_to(b, t, keys[TRIP_TO]);
	t->is_latched = true;
	if (keys[TRIP_LATCH] != NULL)
		read_bool(b, keys[TRIP_LATCH], &t->is_latched);
	if (keys[TRIP_PROTECTED_BY] != NULL)
		t->protected_by = read_text(b, keys[TRIP_PROTECTED_BY]);
	read_tested(b, t, keys[TRIP_TESTED]);
	read_test_every(b, t, keys[TRIP_EVERY]);
	read_bypass(b, t, keys[TRIP_BYPASS]);
	if (!conditions_read(b, keys[TRIP_WHEN], &t->when))
		return;
	check_speed(b, t);
	if (t->interlock == IMAGE_NONE)
		return;
	check_outputs(b, t);
	b->interlocks.at[t->interlock].forbid = t->when; /* with what it remembers, too */
}

void
trips_read(struct bench *b)
{
	for (uint32_t i = 0; i < b->trips.n; i++)
		read_trip(b, &b->trips.at[i]);
}
