/* notify_duty.c - who is on duty: turns by the calendar of the place where the bench stands, and exceptions from them */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "compile/bench.h"
#include "compile/read.h"

#define MINUTE_NS (60 * NS_PER_S)
#define DAY_NS (24 * 60 * MINUTE_NS)
#define DAY_MINUTES (24 * 60)

bool
notify_time(struct bench *b, const struct node *n, uint16_t *out)
{
	const char *text = read_text(b, n);
	char whole[CLOCK_TEXT_SIZE];
	int64_t ns;

	if (text == NULL)
		return false;
	snprintf(whole, sizeof(whole), "1970-01-01T%.5s:00Z", text);
	if (strlen(text) == 5 && clock_parse(whole, &ns)) {
		*out = (uint16_t)(ns / MINUTE_NS);
		return true;
	}
	diag_error(&b->diag, n->at, "wrong-value",
		"'%.40s' is no time of the day; write hours and minutes: \"22:00\"", text);
	return false;
}

/* "2026-01-05 08:00" as minutes since 1970-01-01 00:00 of the same calendar. */
static bool
read_moment(struct bench *b, const struct node *n, int64_t *out)
{
	const char *text = read_text(b, n);
	char whole[CLOCK_TEXT_SIZE], day[11];
	int64_t ns;

	if (text == NULL)
		return false;
	snprintf(day, sizeof(day), "%.10s", text);
	if (strlen(text) == 16 && text[10] == ' ' && !protect_is_date(day)) {
		diag_error(&b->diag, n->at, "wrong-value",
			"there is no day '%s'; write year, month and day: 2026-03-01", day);
		return false;
	}
	snprintf(whole, sizeof(whole), "%sT%.5s:00Z", day, strlen(text) == 16 ? text + 11 : "");
	if (strlen(text) == 16 && text[10] == ' ' && clock_parse(whole, &ns)) {
		*out = ns / MINUTE_NS;
		return true;
	}
	diag_error(&b->diag, n->at, "wrong-value",
		"'%.40s' is no day and time; write both, as they are at the bench: \"2026-01-05 "
		"08:00\"",
		text);
	return false;
}

static void
read_turns(struct bench *b, struct bench_receiver *r)
{
	const struct node *since = r->keys[RECEIVER_SINCE], *every = r->keys[RECEIVER_EVERY];
	int64_t minutes, ns;

	if (since == NULL || every == NULL) {
		diag_error(&b->diag, r->at, "missing", "the duty '%s' does not say %s; add %s",
			r->name,
			since == NULL ? "when its first turn begins" : "how long a turn is",
			since == NULL ? "since: \"2026-01-05 08:00\"" : "every: 7 d");
		return;
	}
	if (read_moment(b, since, &minutes)) {
		r->d.turn_from = floor_div(minutes, DAY_MINUTES);
		r->d.turn_minute = (uint16_t)(minutes - r->d.turn_from * DAY_MINUTES);
	}
	if (!read_span(b, every, &schema_receiver[RECEIVER_EVERY], &ns))
		return;
	if (ns % DAY_NS != 0)
		diag_error(&b->diag, every->at, "wrong-value",
			"a turn is a number of whole days; write them: 1 d, 7 d");
	r->d.turn_days = (uint32_t)(ns / DAY_NS);
}

static void
read_shift(struct bench *b, struct bench_receiver *r, const struct node *n)
{
	const struct node *found[SCHEMA_KEYS_MAX] = { NULL };
	struct image_shift s = { .from = 0 };

	if (!read_is(b, n, NODE_MAP,
		    "a map: {from: \"2026-08-03 08:00\", to: \"2026-08-17 08:00\", to_whom: "
		    "NAMES}"))
		return;
	read_keys(b, n, schema_shift, NULL, found, NULL);
	notify_list(b, found[SHIFT_WHO], &s.who);
	if (found[SHIFT_FROM] == NULL || found[SHIFT_TO] == NULL ||
		!read_moment(b, found[SHIFT_FROM], &s.from) ||
		!read_moment(b, found[SHIFT_TO], &s.to))
		return;
	if (s.from >= s.to) {
		diag_error(&b->diag, found[SHIFT_TO]->at, "conflict",
			"this ends before it begins; write a later time here, or an earlier one in "
			"'from'");
		return;
	}
	if (b->shifts.n == SHIFTS_MAX) {
		diag_error(&b->diag, n->at, "too-large",
			"duties have more than %d exceptions in all; remove those that are over",
			SHIFTS_MAX);
		return;
	}
	*BENCH_ADD(b->shifts) = s;
	r->d.n_shifts++;
}

void
notify_duty(struct bench *b, struct bench_receiver *r)
{
	const struct node *shifts = r->keys[RECEIVER_EXCEPT];

	notify_list(b, r->keys[RECEIVER_TURNS], &r->d.members);
	read_turns(b, r);
	r->d.first_shift = b->shifts.n;
	if (shifts == NULL ||
		!read_is(b, shifts, NODE_LIST,
			"a list: [{from: \"2026-08-03 08:00\", to: \"2026-08-17 08:00\", to_whom: "
			"NAMES}]"))
		return;
	for (const struct node *n = shifts->first; n != NULL; n = n->next)
		read_shift(b, r, n);
}
