/* test_alarm.c - alarms: the table of states, and each rule around it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "alarm_rig.h"

#define S NS_PER_S

static struct rig r; /* large */

static void
expect(uint32_t alarm, enum alarm_state state)
{
	if (r.shown[alarm] != (int64_t)state || r.quality[alarm] != Q_GOOD)
		fail_msg("alarm %u: shows %d, quality %d; expected %d", alarm, (int)r.shown[alarm],
			(int)r.quality[alarm], (int)state);
}

static void
set(uint32_t alarm, enum truth t)
{
	r.is[alarm][WHEN] = t;
	rig_tick(&r, S);
}

static void
refuse(enum command_kind kind, const char *subject, const char *why)
{
	uint32_t n = r.n_events;

	if (rig_command(&r, kind, subject, 0, 0) != ERR_REFUSED)
		fail_msg("'%s' of '%s' was not refused", command_kind_text(kind), subject);
	if (strstr(r.err.msg, why) == NULL || strstr(r.err.msg, "; ") == NULL)
		fail_msg("refused otherwise: %s", r.err.msg);
	assert_int_equal(r.n_events, n);
}

static void
command(enum command_kind kind, const char *subject)
{
	if (rig_command(&r, kind, subject, 0, 0) != 0)
		fail_msg("%s", r.err.msg);
}

/* ---- the table of states ---- */

/* Bring alarm 0, which is normal, into a state; a latched one where the state needs it. */
static void
reach(enum alarm_state state)
{
	rig_init(&r, 1);
	r.image.alarms[0].is_latched =
		state == ALARM_LATCHED_UNACKNOWLEDGED || state == ALARM_LATCHED_ACKNOWLEDGED;
	rig_start(&r);
	rig_tick(&r, S);
	if (state != ALARM_NORMAL)
		set(0, TRUTH_TRUE);
	if (state == ALARM_ACKNOWLEDGED || state == ALARM_LATCHED_ACKNOWLEDGED)
		command(COMMAND_ALARM_ACK, "a0");
	if (state == ALARM_RETURNED || state == ALARM_LATCHED_UNACKNOWLEDGED ||
		state == ALARM_LATCHED_ACKNOWLEDGED)
		set(0, TRUTH_FALSE);
	expect(0, state);
}

static const struct {
	enum alarm_state from;
	enum { ON, OFF, ACK, RESET } what;
	enum alarm_state to;
	enum event_kind told; /* EVENT_COUNT: nothing */
	const char *refused;
} rows[] = {
	{ ALARM_NORMAL, ON, ALARM_UNACKNOWLEDGED, EVENT_ALARM_ON, NULL },
	{ ALARM_NORMAL, OFF, ALARM_NORMAL, EVENT_COUNT, NULL },
	{ ALARM_NORMAL, ACK, ALARM_NORMAL, EVENT_COUNT, "nothing to acknowledge" },
	{ ALARM_NORMAL, RESET, ALARM_NORMAL, EVENT_COUNT, "not latched" },
	{ ALARM_UNACKNOWLEDGED, ON, ALARM_UNACKNOWLEDGED, EVENT_COUNT, NULL },
	{ ALARM_UNACKNOWLEDGED, OFF, ALARM_RETURNED, EVENT_ALARM_OFF, NULL },
	{ ALARM_UNACKNOWLEDGED, ACK, ALARM_ACKNOWLEDGED, EVENT_ALARM_ACKNOWLEDGED, NULL },
	{ ALARM_UNACKNOWLEDGED, RESET, ALARM_UNACKNOWLEDGED, EVENT_COUNT, "not latched" },
	{ ALARM_ACKNOWLEDGED, ON, ALARM_ACKNOWLEDGED, EVENT_COUNT, NULL },
	{ ALARM_ACKNOWLEDGED, OFF, ALARM_NORMAL, EVENT_ALARM_OFF, NULL },
	{ ALARM_ACKNOWLEDGED, ACK, ALARM_ACKNOWLEDGED, EVENT_COUNT, "already" },
	{ ALARM_RETURNED, ON, ALARM_UNACKNOWLEDGED, EVENT_ALARM_ON, NULL },
	{ ALARM_RETURNED, OFF, ALARM_RETURNED, EVENT_COUNT, NULL },
	{ ALARM_RETURNED, ACK, ALARM_NORMAL, EVENT_ALARM_ACKNOWLEDGED, NULL },
	{ ALARM_LATCHED_UNACKNOWLEDGED, ON, ALARM_UNACKNOWLEDGED, EVENT_ALARM_ON, NULL },
	{ ALARM_LATCHED_UNACKNOWLEDGED, OFF, ALARM_LATCHED_UNACKNOWLEDGED, EVENT_COUNT, NULL },
	{ ALARM_LATCHED_UNACKNOWLEDGED, ACK, ALARM_LATCHED_ACKNOWLEDGED, EVENT_ALARM_ACKNOWLEDGED,
		NULL },
	{ ALARM_LATCHED_UNACKNOWLEDGED, RESET, ALARM_LATCHED_UNACKNOWLEDGED, EVENT_COUNT,
		"not acknowledged" },
	{ ALARM_LATCHED_ACKNOWLEDGED, ON, ALARM_UNACKNOWLEDGED, EVENT_ALARM_ON, NULL },
	{ ALARM_LATCHED_ACKNOWLEDGED, OFF, ALARM_LATCHED_ACKNOWLEDGED, EVENT_COUNT, NULL },
	{ ALARM_LATCHED_ACKNOWLEDGED, ACK, ALARM_LATCHED_ACKNOWLEDGED, EVENT_COUNT, "already" },
	{ ALARM_LATCHED_ACKNOWLEDGED, RESET, ALARM_NORMAL, EVENT_ALARM_RESET, NULL },
};

static void
test_table(void **state)
{
	for (size_t k = 0; k < NELEM(rows); k++) {
		enum command_kind kind =
			rows[k].what == ACK ? COMMAND_ALARM_ACK : COMMAND_ALARM_RESET;
		uint32_t n;

		reach(rows[k].from);
		n = r.n_events;
		if (rows[k].what == ON || rows[k].what == OFF)
			set(0, rows[k].what == ON ? TRUTH_TRUE : TRUTH_FALSE);
		else if (rows[k].refused != NULL)
			refuse(kind, "a0", rows[k].refused);
		else
			command(kind, "a0");
		expect(0, rows[k].to);
		if (rows[k].told == EVENT_COUNT)
			assert_int_equal(r.n_events, n);
		else
			assert_int_equal(r.events[n].kind, rows[k].told);
		assert_true(r.n_events <= n + 1);
		rig_done(&r);
	}
}

/* From any state: aside and back; what is on comes back as new, what is over is normal. */
static void
test_overlays_from_any_state(void **state)
{
	static const struct {
		enum command_kind in, out;
		enum alarm_state shows;
		enum event_kind told_in, told_out;
	} pairs[] = {
		{ COMMAND_ALARM_SHELVE, COMMAND_ALARM_UNSHELVE, ALARM_SHELVED, EVENT_ALARM_SHELVED,
			EVENT_ALARM_UNSHELVED },
		{ COMMAND_ALARM_OUT, COMMAND_ALARM_IN, ALARM_OUT_OF_SERVICE,
			EVENT_ALARM_OUT_OF_SERVICE, EVENT_ALARM_IN_SERVICE },
	};

	for (unsigned k = 0; k < NELEM(pairs) * 12; k++) {
		enum alarm_state from = k / 2 % 6;
		unsigned p = k / 12;
		bool is_on = k % 2 == 1;
		uint32_t n_on;

		reach(from);
		command(pairs[p].in, "a0");
		expect(0, pairs[p].shows);
		assert_string_equal(rig_last(&r, pairs[p].told_in, "a0")->principal, "ann");
		assert_string_equal(rig_last(&r, pairs[p].told_in, "a0")->text, "because");
		n_on = rig_count(&r, EVENT_ALARM_ON, "a0");
		refuse(COMMAND_ALARM_ACK, "a0", "bring it back");
		set(0, TRUTH_TRUE);
		set(0, TRUTH_FALSE);
		set(0, is_on ? TRUTH_TRUE : TRUTH_FALSE);
		expect(0, pairs[p].shows);
		assert_false(alarms_horn(r.alarms));
		assert_int_equal(rig_count(&r, EVENT_ALARM_ON, "a0"), n_on);
		command(pairs[p].out, "a0");
		expect(0, is_on ? ALARM_UNACKNOWLEDGED : ALARM_NORMAL);
		assert_int_equal(rig_count(&r, EVENT_ALARM_ON, "a0"), n_on + is_on);
		assert_int_equal(rig_last(&r, pairs[p].told_out, "a0")->cause,
			rig_last(&r, pairs[p].told_in, "a0")->id);
		if (is_on)
			assert_int_equal(rig_last(&r, EVENT_ALARM_ON, "a0")->cause,
				rig_last(&r, pairs[p].told_out, "a0")->id);
		refuse(pairs[p].out, "a0", "nothing is to be done");
		rig_done(&r);
	}
}

static void
test_no_ack_needed(void **state)
{
	rig_init(&r, 2);
	r.image.alarms[0].needs_ack = r.image.alarms[1].needs_ack = 0;
	r.image.alarms[1].is_latched = 1;
	rig_start(&r);
	r.is[1][WHEN] = TRUTH_TRUE;
	set(0, TRUTH_TRUE);
	expect(0, ALARM_ACKNOWLEDGED);
	expect(1, ALARM_ACKNOWLEDGED);
	assert_false(alarms_horn(r.alarms));
	r.is[1][WHEN] = TRUTH_FALSE;
	set(0, TRUTH_FALSE);
	expect(0, ALARM_NORMAL);
	expect(1, ALARM_LATCHED_ACKNOWLEDGED);
	set(1, TRUTH_TRUE);
	expect(1, ALARM_ACKNOWLEDGED);
	refuse(COMMAND_ALARM_RESET, "a1", "not over");
	set(1, TRUTH_FALSE);
	command(COMMAND_ALARM_RESET, "a1");
	expect(1, ALARM_NORMAL);
	rig_done(&r);
}

/* ---- conditions ---- */

static void
test_delays(void **state)
{
	rig_init(&r, 1);
	r.image.alarms[0].for_ns = 3 * S;
	r.image.alarms[0].off_for_ns = 2 * S;
	rig_start(&r);
	set(0, TRUTH_TRUE);
	set(0, TRUTH_TRUE);
	set(0, TRUTH_FALSE); /* breaks it */
	set(0, TRUTH_TRUE);
	set(0, TRUTH_TRUE);
	rig_tick(&r, S - 1);
	expect(0, ALARM_NORMAL);
	rig_tick(&r, 1 + S);
	expect(0, ALARM_UNACKNOWLEDGED);
	set(0, TRUTH_FALSE);
	set(0, TRUTH_FALSE);
	set(0, TRUTH_TRUE); /* breaks it */
	set(0, TRUTH_FALSE);
	set(0, TRUTH_FALSE);
	expect(0, ALARM_UNACKNOWLEDGED);
	set(0, TRUTH_FALSE);
	expect(0, ALARM_RETURNED);
	assert_int_equal(rig_count(&r, EVENT_ALARM_ON, ""), 1);
	rig_done(&r);
}

/* What is unknown now and then neither hides an alarm for ever nor ends one. */
static void
test_unknown_in_a_delay(void **state)
{
	rig_init(&r, 1);
	r.image.alarms[0].for_ns = r.image.alarms[0].off_for_ns = 3 * S;
	rig_start(&r);
	set(0, TRUTH_TRUE);
	for (int k = 0; k < 3; k++) {
		expect(0, ALARM_NORMAL);
		set(0, TRUTH_UNKNOWN);
		set(0, TRUTH_TRUE);
	}
	expect(0, ALARM_UNACKNOWLEDGED);
	for (int k = 0; k < 20; k++) {
		set(0, k % 3 == 2 ? TRUTH_UNKNOWN : TRUTH_FALSE);
		expect(0, ALARM_UNACKNOWLEDGED);
	}
	for (int k = 0; k < 4; k++)
		set(0, TRUTH_FALSE);
	expect(0, ALARM_RETURNED);
	rig_done(&r);
}

static void
test_clear(void **state)
{
	rig_init(&r, 1);
	rig_condition(&r, 0, CLEAR);
	rig_start(&r);
	set(0, TRUTH_TRUE);
	set(0, TRUTH_FALSE);
	expect(0, ALARM_UNACKNOWLEDGED); /* between the two */
	r.is[0][CLEAR] = TRUTH_UNKNOWN;
	rig_tick(&r, S);
	expect(0, ALARM_UNACKNOWLEDGED);
	rig_tick(&r, 10 * S);
	assert_int_equal(rig_count(&r, EVENT_ALARM_UNKNOWN, "a0"), 1);
	r.is[0][CLEAR] = TRUTH_TRUE;
	set(0, TRUTH_UNKNOWN);
	expect(0, ALARM_UNACKNOWLEDGED);
	set(0, TRUTH_TRUE); /* both: it is on */
	expect(0, ALARM_UNACKNOWLEDGED);
	set(0, TRUTH_FALSE);
	expect(0, ALARM_RETURNED);
	r.is[0][CLEAR] = TRUTH_FALSE;
	rig_tick(&r, S);
	expect(0, ALARM_RETURNED); /* "not clear" alone brings no alarm */
	rig_done(&r);
}

static void
test_unknown_is_told_once(void **state)
{
	const struct event *e;

	reach(ALARM_NORMAL);
	set(0, TRUTH_UNKNOWN);
	for (int k = 0; k < 4; k++) {
		rig_tick(&r, S);
		expect(0, ALARM_NORMAL);
		assert_false(alarms_horn(r.alarms));
	}
	for (int k = 0; k < 20; k++) {
		rig_tick(&r, S);
		assert_int_equal(r.quality[0], Q_STALE);
		assert_true(alarms_horn(r.alarms));
		assert_int_equal(rig_count(&r, EVENT_ALARM_UNKNOWN, "a0"), 1);
	}
	e = rig_last(&r, EVENT_ALARM_UNKNOWN, "a0");
	assert_int_equal(e->reason, Q_STALE);
	assert_int_equal(rig_command(&r, COMMAND_ALARM_ACK, "a0", 0, e->id), 0);
	assert_int_equal(rig_last(&r, EVENT_ALARM_ACKNOWLEDGED, "a0")->cause, e->id);
	assert_false(alarms_horn(r.alarms));
	assert_int_equal(r.quality[0], Q_STALE);
	refuse(COMMAND_ALARM_ACK, "a0", "already");
	r.reason = Q_OUT_OF_RANGE; /* not a bad one: never a value */
	rig_tick(&r, S);
	assert_int_equal(r.quality[0], Q_SOURCE_BAD);
	set(0, TRUTH_FALSE);
	expect(0, ALARM_NORMAL);
	assert_int_equal(rig_last(&r, EVENT_ALARM_OFF, "a0")->cause, e->id);
	/* A new spell is told anew. */
	set(0, TRUTH_UNKNOWN);
	rig_tick(&r, 5 * S);
	assert_int_equal(rig_count(&r, EVENT_ALARM_UNKNOWN, "a0"), 2);
	e = rig_last(&r, EVENT_ALARM_UNKNOWN, "a0");
	set(0, TRUTH_TRUE);
	expect(0, ALARM_UNACKNOWLEDGED);
	assert_int_equal(rig_last(&r, EVENT_ALARM_ON, "a0")->cause, e->id);
	assert_int_equal(rig_count(&r, EVENT_ALARM_OFF, "a0"), 1);
	rig_done(&r);
}

static void
test_unknown_holds_each_state(void **state)
{
	for (int from = ALARM_NORMAL + 1; from <= ALARM_LATCHED_ACKNOWLEDGED; from++) {
		reach((enum alarm_state)from);
		set(0, TRUTH_UNKNOWN);
		rig_tick(&r, 10 * S);
		expect(0, (enum alarm_state)from);
		assert_int_equal(rig_count(&r, EVENT_ALARM_UNKNOWN, "a0"), 1);
		if (from == ALARM_LATCHED_ACKNOWLEDGED)
			refuse(COMMAND_ALARM_RESET, "a0", "nobody knows");
		rig_done(&r);
	}
}

/* After it was unknown, a condition that is on but waits for its delay is not normal either. */
static void
test_unknown_then_delay(void **state)
{
	rig_init(&r, 1);
	r.image.alarms[0].for_ns = 3 * S;
	rig_start(&r);
	set(0, TRUTH_FALSE);
	set(0, TRUTH_UNKNOWN);
	rig_tick(&r, 5 * S);
	set(0, TRUTH_TRUE);
	assert_int_equal(r.quality[0], Q_STALE);
	rig_tick(&r, 3 * S);
	expect(0, ALARM_UNACKNOWLEDGED);
	rig_done(&r);
}

static void
test_nothing_is_normal_before_it_is_known(void **state)
{
	rig_init(&r, 1);
	rig_start(&r);
	set(0, TRUTH_UNKNOWN);
	assert_int_equal(r.shown[0], -1);
	rig_tick(&r, 5 * S);
	assert_int_equal(r.quality[0], Q_STALE);
	set(0, TRUTH_FALSE);
	expect(0, ALARM_NORMAL);
	rig_restart(&r, S, true);
	set(0, TRUTH_UNKNOWN);
	assert_int_equal(r.shown[0], -1);
	set(0, TRUTH_FALSE);
	expect(0, ALARM_NORMAL);
	rig_done(&r);
}

/* ---- events ---- */

static void
test_counts_and_causes(void **state)
{
	reach(ALARM_NORMAL);
	for (int k = 1; k <= 5; k++) {
		const struct event *on;

		rig_tick(&r, 60 * S);
		set(0, TRUTH_TRUE);
		on = rig_last(&r, EVENT_ALARM_ON, "a0");
		assert_int_equal(on->n_values, 1);
		assert_true(on->values[0] >= k && on->values[0] <= k);
		command(COMMAND_ALARM_ACK, "a0");
		assert_int_equal(rig_last(&r, EVENT_ALARM_ACKNOWLEDGED, "a0")->cause, on->id);
		set(0, TRUTH_FALSE);
		assert_int_equal(rig_last(&r, EVENT_ALARM_OFF, "a0")->cause, on->id);
	}
	rig_done(&r);
}

static void
test_chatter(void **state)
{
	reach(ALARM_NORMAL);
	for (int k = 0; k < 5; k++) { /* three in 62 s are not three a minute */
		set(0, TRUTH_TRUE);
		set(0, TRUTH_FALSE);
		rig_tick(&r, 29 * S);
	}
	assert_int_equal(rig_count(&r, EVENT_ALARM_CHATTERS, "a0"), 0);
	rig_tick(&r, 60 * S);
	for (int k = 0; k < 20; k++) { /* one each 2 s */
		set(0, TRUTH_TRUE);
		set(0, TRUTH_FALSE);
	}
	assert_int_equal(rig_count(&r, EVENT_ALARM_CHATTERS, "a0"), 1);
	assert_true(rig_last(&r, EVENT_ALARM_CHATTERS, "a0")->values[0] <= 3);
	for (int k = 0; k < 100; k++) {
		set(0, TRUTH_TRUE);
		set(0, TRUTH_FALSE);
	}
	assert_int_equal(rig_count(&r, EVENT_ALARM_CHATTERS, "a0"), 4); /* in 4 min */
	assert_true(rig_last(&r, EVENT_ALARM_CHATTERS, "a0")->values[0] >= 30);
	assert_true(rig_last(&r, EVENT_ALARM_CHATTERS, "a0")->values[0] <= 30);
	rig_done(&r);
}

static bool
is_first(const char *alarm)
{
	return strncmp(rig_last(&r, EVENT_ALARM_ON, alarm)->text, "first out", 9) == 0;
}

static void
test_first_out(void **state)
{
	rig_init(&r, 4);
	r.image.alarms[0].first_out = r.image.alarms[1].first_out = 7;
	r.image.alarms[2].first_out = 4000000000;
	strcpy(r.image.strings + 100, "Oven too hot");
	r.image.alarms[1].title = 100;
	rig_start(&r);
	r.is[2][WHEN] = r.is[3][WHEN] = TRUTH_TRUE;
	set(1, TRUTH_TRUE);
	set(0, TRUTH_TRUE);
	assert_true(is_first("a1") && is_first("a2"));
	assert_false(is_first("a0") || is_first("a3"));
	assert_string_equal(rig_last(&r, EVENT_ALARM_ON, "a1")->text, "first out; Oven too hot");
	/* The first is over, the group is not. */
	set(1, TRUTH_FALSE);
	command(COMMAND_ALARM_ACK, "a1");
	set(1, TRUTH_TRUE);
	assert_false(is_first("a1"));
	rig_restart(&r, S, true);
	command(COMMAND_ALARM_ACK, "");
	set(1, TRUTH_FALSE);
	set(1, TRUTH_TRUE);
	assert_false(is_first("a1"));
	/* All of it are normal. */
	r.is[0][WHEN] = TRUTH_FALSE;
	set(1, TRUTH_FALSE);
	command(COMMAND_ALARM_ACK, "");
	set(0, TRUTH_TRUE);
	assert_true(is_first("a0"));
	/* One that is shelved holds up nothing. */
	command(COMMAND_ALARM_SHELVE, "a0");
	set(1, TRUTH_TRUE);
	assert_true(is_first("a1"));
	command(COMMAND_ALARM_UNSHELVE, "a0");
	assert_false(is_first("a0"));
	rig_done(&r);
}

/* ---- parents, and `suppress` ---- */

static void
make_family(uint32_t n)
{
	rig_init(&r, n);
	for (uint32_t i = 1; i < n; i++) {
		r.image.alarms[i].parent = 0;
		r.image.alarms[i].for_ns = 2 * S;
	}
	rig_start(&r);
	rig_tick(&r, S);
}

static void
set_all(uint32_t first, uint32_t end, enum truth t)
{
	for (uint32_t i = first; i < end; i++)
		r.is[i][WHEN] = t;
}

static void
test_one_cable_is_one_alarm(void **state)
{
	make_family(41);
	set_all(1, 41, TRUTH_UNKNOWN);
	set(0, TRUTH_TRUE);
	for (int k = 0; k < 20; k++)
		rig_tick(&r, S);
	assert_int_equal(r.n_events, 1);
	expect(0, ALARM_UNACKNOWLEDGED);
	expect(40, ALARM_SUPPRESSED);
	set_all(1, 41, TRUTH_TRUE);
	rig_tick(&r, 60 * S);
	assert_int_equal(r.n_events, 1);
	/* It is mended; one channel is still too high after its delay, the others are well. */
	set_all(1, 40, TRUTH_FALSE);
	set(0, TRUTH_FALSE);
	expect(40, ALARM_SUPPRESSED);
	rig_tick(&r, S);
	expect(40, ALARM_SUPPRESSED);
	rig_tick(&r, S);
	expect(40, ALARM_UNACKNOWLEDGED);
	expect(1, ALARM_NORMAL);
	assert_int_equal(rig_count(&r, EVENT_ALARM_ON, ""), 2);
	assert_int_equal(rig_count(&r, EVENT_ALARM_UNSUPPRESSED, ""), 0);
	rig_done(&r);
}

/* The condition of the parent is not known either: it speaks first, and alone. */
static void
test_unknown_parent(void **state)
{
	make_family(4);
	set_all(0, 4, TRUTH_UNKNOWN);
	for (int k = 0; k < 20; k++)
		rig_tick(&r, S);
	assert_int_equal(rig_count(&r, EVENT_ALARM_UNKNOWN, "a0"), 1);
	assert_int_equal(r.n_events, 1);
	expect(2, ALARM_SUPPRESSED);
	set_all(1, 4, TRUTH_TRUE);
	rig_tick(&r, 10 * S);
	assert_int_equal(r.n_events, 1);
	set(0, TRUTH_FALSE);
	rig_tick(&r, 2 * S);
	expect(2, ALARM_UNACKNOWLEDGED);
	rig_done(&r);
}

/* A parent that is unknown for moments, again and again, does not keep its children from speaking. */
static void
test_flapping_parent(void **state)
{
	make_family(2);
	r.is[1][WHEN] = TRUTH_TRUE;
	for (int k = 0; k < 3; k++) {
		set(0, TRUTH_UNKNOWN);
		assert_int_equal(r.n_events, 0);
		set(0, TRUTH_FALSE);
	}
	expect(1, ALARM_UNACKNOWLEDGED);
	rig_done(&r);
}

/* One that people know of already is told to be suppressed, and by what; it comes back as new. */
static void
test_suppressed_while_it_stands(void **state)
{
	const struct event *e;

	make_family(3);
	set(1, TRUTH_TRUE);
	rig_tick(&r, 2 * S);
	expect(1, ALARM_UNACKNOWLEDGED);
	set(0, TRUTH_TRUE);
	expect(1, ALARM_SUPPRESSED);
	e = rig_last(&r, EVENT_ALARM_SUPPRESSED, "a1");
	assert_int_equal(e->cause, rig_last(&r, EVENT_ALARM_ON, "a0")->id);
	assert_string_equal(e->text, "by 'a0'");
	assert_null(rig_last(&r, EVENT_ALARM_SUPPRESSED, "a2"));
	rig_restart(&r, S, true);
	expect(1, ALARM_SUPPRESSED);
	set(0, TRUTH_FALSE);
	rig_tick(&r, 3 * S);
	expect(1, ALARM_UNACKNOWLEDGED);
	e = rig_last(&r, EVENT_ALARM_UNSUPPRESSED, "a1");
	assert_int_equal(rig_last(&r, EVENT_ALARM_ON, "a1")->cause, e->id);
	assert_int_equal(e->cause, rig_last(&r, EVENT_ALARM_SUPPRESSED, "a1")->id);
	rig_done(&r);
}

/* Who hides others has to be heard in their place, or to have been put aside by a person for a time. */
static void
test_parents_that_say_nothing(void **state)
{
	rig_init(&r, 3);
	r.image.alarms[1].parent = 0;
	r.image.alarms[2].parent = 1;
	rig_condition(&r, 0, SUPPRESS);
	rig_start(&r);
	set(0, TRUTH_TRUE);
	set_all(1, 3, TRUTH_TRUE);
	rig_tick(&r, S);
	expect(1, ALARM_SUPPRESSED);
	expect(2, ALARM_SUPPRESSED); /* by its grandparent */
	command(COMMAND_ALARM_SHELVE, "a0");
	rig_tick(&r, S);
	expect(1, ALARM_SUPPRESSED);
	command(COMMAND_ALARM_OUT, "a0");
	rig_tick(&r, S);
	expect(1, ALARM_UNACKNOWLEDGED);
	expect(2, ALARM_SUPPRESSED);
	command(COMMAND_ALARM_IN, "a0");
	rig_tick(&r, S);
	expect(1, ALARM_SUPPRESSED);
	r.is[0][SUPPRESS] = TRUTH_TRUE;
	rig_tick(&r, S);
	rig_tick(&r, S);
	expect(0, ALARM_SUPPRESSED);
	expect(1, ALARM_UNACKNOWLEDGED);
	rig_done(&r);
}

static void
test_suppress(void **state)
{
	rig_init(&r, 1);
	rig_condition(&r, 0, SUPPRESS);
	strcpy(r.image.strings + 100, "pump == off");
	r.image.alarms[0].suppress.text = 100;
	r.image.alarms[0].for_ns = 2 * S;
	rig_start(&r);
	r.is[0][SUPPRESS] = TRUTH_UNKNOWN; /* suppresses nothing that was not */
	set(0, TRUTH_TRUE);
	rig_tick(&r, 2 * S);
	expect(0, ALARM_UNACKNOWLEDGED);
	r.is[0][SUPPRESS] = TRUTH_TRUE;
	rig_tick(&r, S);
	expect(0, ALARM_SUPPRESSED);
	assert_string_equal(rig_last(&r, EVENT_ALARM_SUPPRESSED, "a0")->text, "pump == off");
	r.is[0][SUPPRESS] = TRUTH_UNKNOWN; /* for a while what is suppressed stays so */
	rig_tick(&r, 4 * S);
	expect(0, ALARM_SUPPRESSED);
	rig_tick(&r, S);
	rig_tick(&r, 2 * S);
	expect(0, ALARM_UNACKNOWLEDGED);
	assert_int_equal(rig_count(&r, EVENT_ALARM_UNSUPPRESSED, "a0"), 1);
	r.is[0][SUPPRESS] = TRUTH_TRUE;
	rig_tick(&r, S);
	r.is[0][SUPPRESS] = TRUTH_FALSE;
	set(0, TRUTH_FALSE);
	rig_tick(&r, 2 * S);
	expect(0, ALARM_NORMAL);
	rig_done(&r);
}

/* ---- shelves ---- */

static void
test_shelf_rules(void **state)
{
	struct command c = { .kind = COMMAND_ALARM_SHELVE, .subject = "a0", .text = "  " };

	rig_init(&r, 102);
	r.image.alarms[101].shelve_max_ns = 0;
	r.image.alarms[100].shelve_max_ns = 60 * S;
	rig_start(&r);
	rig_tick(&r, S);
	assert_int_equal(alarms_command(r.alarms, &c, r.now_ns, &r.err), ERR_REFUSED);
	assert_non_null(strstr(r.err.msg, "reason"));
	refuse(COMMAND_ALARM_SHELVE, "a101", "must not be shelved");
	refuse(COMMAND_ALARM_SHELVE, "a102", "no alarm");
	assert_int_equal(rig_command(&r, COMMAND_ALARM_SHELVE, "a100", 61 * S, 0), ERR_REFUSED);
	assert_non_null(strstr(r.err.msg, "60 s at most"));
	for (int k = 0; k < ALARMS_SHELVED_MAX; k++) {
		char name[8];

		snprintf(name, sizeof(name), "a%d", k);
		assert_int_equal(rig_command(&r, COMMAND_ALARM_SHELVE, name, S + k * S, 0), 0);
	}
	refuse(COMMAND_ALARM_SHELVE, "a100", "100 alarms are shelved");
	command(COMMAND_ALARM_SHELVE, "a99"); /* another end */
	command(COMMAND_ALARM_UNSHELVE, "a50");
	command(COMMAND_ALARM_SHELVE, "a100"); /* for its longest time, as none is said */
	assert_true(rig_last(&r, EVENT_ALARM_SHELVED, "a100")->values[0] <= 60);
	assert_true(rig_last(&r, EVENT_ALARM_SHELVED, "a99")->values[0] >= 3600);
	rig_done(&r);
}

static void
test_shelf_ends(void **state)
{
	reach(ALARM_UNACKNOWLEDGED);
	assert_int_equal(rig_command(&r, COMMAND_ALARM_SHELVE, "a0", 100 * S, 0), 0);
	rig_tick(&r, 100 * S - 1);
	expect(0, ALARM_SHELVED);
	rig_tick(&r, 1);
	expect(0, ALARM_UNACKNOWLEDGED);
	assert_string_equal(rig_last(&r, EVENT_ALARM_UNSHELVED, "a0")->principal, "");
	assert_int_equal(rig_count(&r, EVENT_ALARM_ON, "a0"), 2);
	assert_true(alarms_horn(r.alarms));
	rig_done(&r);
}

static void
test_shelf_over_restarts(void **state)
{
	reach(ALARM_UNACKNOWLEDGED);
	assert_int_equal(rig_command(&r, COMMAND_ALARM_SHELVE, "a0", 100 * S, 0), 0);
	rig_tick(&r, 20 * S);
	rig_restart(&r, 30 * S, true);
	expect(0, ALARM_SHELVED);
	rig_tick(&r, 49 * S);
	expect(0, ALARM_SHELVED);
	rig_tick(&r, S);
	expect(0, ALARM_UNACKNOWLEDGED);
	/* It is over before the end of the outage. */
	assert_int_equal(rig_command(&r, COMMAND_ALARM_SHELVE, "a0", 100 * S, 0), 0);
	rig_restart(&r, 200 * S, true);
	rig_tick(&r, S);
	expect(0, ALARM_UNACKNOWLEDGED);
	/* Nobody knows how long the outage was. */
	assert_int_equal(rig_command(&r, COMMAND_ALARM_SHELVE, "a0", 100 * S, 0), 0);
	rig_restart(&r, S, false);
	rig_tick(&r, S);
	expect(0, ALARM_UNACKNOWLEDGED);
	assert_int_equal(rig_count(&r, EVENT_ALARM_UNSHELVED, "a0"), 3);
	rig_done(&r);
}

static void
test_overlays_together(void **state)
{
	rig_init(&r, 1);
	rig_condition(&r, 0, SUPPRESS);
	rig_start(&r);
	set(0, TRUTH_TRUE);
	command(COMMAND_ALARM_SHELVE, "a0");
	expect(0, ALARM_SHELVED);
	r.is[0][SUPPRESS] = TRUTH_TRUE;
	rig_tick(&r, S);
	expect(0, ALARM_SUPPRESSED);
	command(COMMAND_ALARM_OUT, "a0");
	expect(0, ALARM_OUT_OF_SERVICE);
	command(COMMAND_ALARM_UNSHELVE, "a0");
	expect(0, ALARM_OUT_OF_SERVICE);
	r.is[0][SUPPRESS] = TRUTH_FALSE;
	rig_tick(&r, S);
	expect(0, ALARM_OUT_OF_SERVICE);
	refuse(COMMAND_ALARM_OUT, "a0", "already");
	assert_int_equal(rig_count(&r, EVENT_ALARM_ON, "a0"), 1);
	command(COMMAND_ALARM_IN, "a0");
	expect(0, ALARM_UNACKNOWLEDGED);
	assert_int_equal(rig_count(&r, EVENT_ALARM_ON, "a0"), 2);
	rig_done(&r);
}

/* ---- people ---- */

static void
test_only_what_was_seen(void **state)
{
	uint64_t seen;

	rig_init(&r, 3);
	rig_start(&r);
	set(0, TRUTH_TRUE);
	set(1, TRUTH_TRUE);
	seen = rig_last(&r, EVENT_ALARM_ON, "a1")->id;
	assert_true(alarms_last(r.alarms) >= seen);
	set(2, TRUTH_TRUE);
	assert_int_equal(rig_command(&r, COMMAND_ALARM_ACK, "a2", 0, seen), ERR_REFUSED);
	assert_non_null(strstr(r.err.msg, "come again"));
	set(0, TRUTH_FALSE); /* between look and answer: it is what was seen all the same */
	assert_int_equal(rig_command(&r, COMMAND_ALARM_ACK, "", 0, seen), 0);
	assert_int_equal(alarms_unseen(r.alarms), 1); /* which is told to who asked */
	expect(0, ALARM_NORMAL);
	expect(1, ALARM_ACKNOWLEDGED);
	expect(2, ALARM_UNACKNOWLEDGED);
	assert_int_equal(rig_command(&r, COMMAND_ALARM_ACK, "", 0, seen), ERR_REFUSED);
	assert_int_equal(rig_command(&r, COMMAND_ALARM_ACK, "", 0, 0), 0);
	expect(2, ALARM_ACKNOWLEDGED);
	assert_int_equal(rig_command(&r, COMMAND_ALARM_ACK, "", 0, 0), 0);
	assert_int_equal(rig_count(&r, EVENT_ALARM_ACKNOWLEDGED, ""), 3);
	assert_int_equal(rig_command(&r, COMMAND_SET, "a0", 0, 0), ERR_REFUSED);
	rig_done(&r);
}

static void
test_horn(void **state)
{
	rig_init(&r, 3);
	r.image.alarms[1].priority = PRIORITY_MEDIUM;
	rig_start(&r);
	set(1, TRUTH_TRUE);
	assert_false(alarms_horn(r.alarms));
	set(0, TRUTH_TRUE);
	assert_true(alarms_horn(r.alarms));
	set(0, TRUTH_FALSE); /* it came and went: somebody should know */
	assert_true(alarms_horn(r.alarms));
	command(COMMAND_SILENCE, "");
	assert_false(alarms_horn(r.alarms));
	expect(0, ALARM_RETURNED);
	rig_restart(&r, S, true);
	rig_tick(&r, S);
	assert_false(alarms_horn(r.alarms));
	set(1, TRUTH_FALSE);
	set(1, TRUTH_TRUE); /* new, but of low priority */
	assert_false(alarms_horn(r.alarms));
	set(2, TRUTH_TRUE);
	assert_true(alarms_horn(r.alarms));
	rig_restart(&r, S, true);
	assert_true(alarms_horn(r.alarms));
	command(COMMAND_ALARM_ACK, "a2");
	assert_false(alarms_horn(r.alarms));
	set(0, TRUTH_TRUE);
	assert_true(alarms_horn(r.alarms));
	command(COMMAND_ALARM_SHELVE, "a0");
	assert_false(alarms_horn(r.alarms));
	rig_done(&r);
}

/* ---- kept ---- */

static void
test_states_over_restarts(void **state)
{
	for (int from = ALARM_NORMAL + 1; from <= ALARM_LATCHED_ACKNOWLEDGED; from++) {
		uint32_t n;

		reach((enum alarm_state)from);
		n = r.n_events;
		rig_restart(&r, 100 * S, true);
		expect(0, (enum alarm_state)from);
		rig_tick(&r, S);
		expect(0, (enum alarm_state)from);
		assert_int_equal(r.n_events, n);
		rig_done(&r);
	}
}

static void
test_bytes_that_are_none(void **state)
{
	uint8_t good[ALARM_SAVE_MAX], bytes[ALARM_SAVE_MAX], after[ALARM_SAVE_MAX];
	size_t n;

	reach(ALARM_UNACKNOWLEDGED);
	n = alarms_save(r.alarms, 0, good);
	assert_false(alarms_load(r.alarms, 0, good, n - 1, r.now_ns, 0));
	assert_false(alarms_load(r.alarms, 0, good, 0, r.now_ns, 0));
	for (size_t at = 0; at < 4; at++) {
		memcpy(bytes, good, n);
		bytes[at] = 0xFF;
		assert_false(alarms_load(r.alarms, 0, bytes, n, r.now_ns, 0));
	}
	memcpy(bytes, good, n);
	bytes[n - 1] = 0x80; /* a shelf that ended before it began */
	assert_false(alarms_load(r.alarms, 0, bytes, n, r.now_ns, 0));
	assert_int_equal(alarms_save(r.alarms, 0, after), n);
	assert_memory_equal(good, after, n);
	rig_done(&r);
}

static uint32_t
take_all(void)
{
	uint32_t n = 0;

	while (alarms_take_changed(r.alarms) != IMAGE_NONE)
		n++;
	return n;
}

static void
test_changed(void **state)
{
	rig_init(&r, 3);
	rig_start(&r);
	set(0, TRUTH_FALSE);
	assert_int_equal(alarms_take_changed(r.alarms), IMAGE_NONE);
	set(1, TRUTH_TRUE);
	assert_int_equal(alarms_take_changed(r.alarms), 1);
	assert_int_equal(take_all(), 0);
	rig_tick(&r, S);
	assert_int_equal(take_all(), 0);
	command(COMMAND_SILENCE, "");
	set(2, TRUTH_UNKNOWN);
	assert_int_equal(take_all(), 1);
	rig_tick(&r, 5 * S);
	assert_int_equal(alarms_take_changed(r.alarms), 2);
	command(COMMAND_ALARM_ACK, "");
	assert_int_equal(take_all(), 2);
	rig_done(&r);
}

/* A reload with the alarms in another order, one gone, one new, and one that is not latched any more. */
static void
test_reload(void **state)
{
	static struct rig old;
	struct event *e;

	rig_init(&old, 4);
	old.image.alarms[2].is_latched = 1;
	old.image.alarms[3].for_ns = 3 * S;
	rig_start(&old);
	old.is[0][WHEN] = old.is[2][WHEN] = old.is[3][WHEN] = TRUTH_TRUE;
	rig_tick(&old, S);
	assert_int_equal(rig_command(&old, COMMAND_ALARM_ACK, "a2", 0, 0), 0);
	assert_int_equal(rig_command(&old, COMMAND_ALARM_SHELVE, "a1", 3600 * S, 0), 0);
	old.is[2][WHEN] = TRUTH_FALSE;
	rig_tick(&old, S);
	assert_int_equal(old.shown[2], ALARM_LATCHED_ACKNOWLEDGED);
	while (alarms_take_changed(old.alarms) != IMAGE_NONE)
		;
	rig_init(&r, 4);
	r.image.channels[0].id = 1003;
	r.image.channels[1].id = 1002;
	r.image.channels[2].id = 1001;
	r.image.channels[3].id = 5;
	r.image.alarms[0].for_ns = 3 * S;
	r.image.alarms[2].shelve_max_ns = 60 * S;
	rig_start(&r);
	r.now_ns = old.now_ns;
	r.n_events = old.n_events; /* their numbers go on */
	alarms_adopt(r.alarms, old.alarms);
	alarms_free(old.alarms);
	assert_int_equal(take_all(), 1); /* the latch is gone */
	assert_false(alarms_horn(r.alarms));
	expect(2, ALARM_SHELVED);
	r.is[0][WHEN] = TRUTH_TRUE;
	rig_tick(&r, S);
	expect(0, ALARM_NORMAL);
	expect(1, ALARM_NORMAL);
	expect(3, ALARM_NORMAL);
	rig_tick(&r, S); /* its delay has gone on */
	expect(0, ALARM_UNACKNOWLEDGED);
	rig_tick(&r, 58 * S);
	expect(2, ALARM_NORMAL);
	e = &r.events[r.n_events - 1];
	assert_int_equal(e->kind, EVENT_ALARM_UNSHELVED);
	rig_done(&r);
}

/* A child that waits for its parent to speak, and after the reload has none. */
static void
test_reload_without_the_parent(void **state)
{
	static struct rig old;

	rig_init(&old, 2);
	old.image.alarms[1].parent = 0;
	rig_start(&old);
	old.is[0][WHEN] = TRUTH_UNKNOWN;
	old.is[1][WHEN] = TRUTH_TRUE;
	rig_tick(&old, S);
	assert_int_equal(old.n_events, 0);
	rig_init(&r, 2);
	rig_start(&r);
	r.now_ns = old.now_ns;
	alarms_adopt(r.alarms, old.alarms);
	set(1, TRUTH_TRUE);
	expect(1, ALARM_UNACKNOWLEDGED);
	rig_done(&old);
	rig_done(&r);
}

/* Silenced, aside and back in service while its condition is unknown: it is heard again only when that is told anew. */
static void
test_silent_until_told(void **state)
{
	reach(ALARM_UNACKNOWLEDGED);
	command(COMMAND_ALARM_SHELVE, "a0");
	set(0, TRUTH_FALSE);
	r.is[0][WHEN] = TRUTH_UNKNOWN;
	rig_tick(&r, 10 * S);
	command(COMMAND_ALARM_UNSHELVE, "a0");
	assert_int_equal(r.quality[0], Q_STALE); /* and not normal */
	rig_tick(&r, 4 * S);
	assert_false(alarms_horn(r.alarms));
	rig_tick(&r, S);
	assert_true(alarms_horn(r.alarms));
	assert_int_equal(rig_count(&r, EVENT_ALARM_UNKNOWN, "a0"), 1);
	rig_done(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_overlays_from_any_state),
		cmocka_unit_test(test_no_ack_needed),
		cmocka_unit_test(test_delays),
		cmocka_unit_test(test_unknown_in_a_delay),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_unknown_is_told_once),
		cmocka_unit_test(test_unknown_holds_each_state),
		cmocka_unit_test(test_unknown_then_delay),
		cmocka_unit_test(test_nothing_is_normal_before_it_is_known),
		cmocka_unit_test(test_counts_and_causes),
		cmocka_unit_test(test_chatter),
		cmocka_unit_test(test_first_out),
		cmocka_unit_test(test_one_cable_is_one_alarm),
		cmocka_unit_test(test_unknown_parent),
		cmocka_unit_test(test_flapping_parent),
		cmocka_unit_test(test_suppressed_while_it_stands),
		cmocka_unit_test(test_parents_that_say_nothing),
		cmocka_unit_test(test_suppress),
		cmocka_unit_test(test_shelf_rules),
		cmocka_unit_test(test_shelf_ends),
		cmocka_unit_test(test_shelf_over_restarts),
		cmocka_unit_test(test_overlays_together),
		cmocka_unit_test(test_only_what_was_seen),
		cmocka_unit_test(test_horn),
		cmocka_unit_test(test_states_over_restarts),
		cmocka_unit_test(test_bytes_that_are_none),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_reload_without_the_parent),
		cmocka_unit_test(test_silent_until_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
