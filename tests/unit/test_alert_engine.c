/* test_alert_engine.c - who is told of what, when, by which way; and after an end at any entry of the ledger */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert_rig.h"

#define MINUTE (60 * NS_PER_S)

static struct rig *
open_rig(void)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	rig_open(r);
	return r;
}

static void
close_rig(struct rig *r)
{
	rig_close(r);
	free(r);
}

static void
test_one_alarm(void **state)
{
	struct rig *r = open_rig();

	rig_event(r, EVENT_ALARM_ON, "cold", "too cold", "");
	rig_pass(r, MINUTE);
	assert_int_equal(rig_sent_to(r, AT_ANNA_MAIL), 1);
	assert_int_equal(rig_sent_to(r, AT_BEN_MAIL), 1);
	assert_int_equal(r->n_sent, 2); /* medium: mail alone */
	assert_true(r->sent[0].now_ns - 1000000 * NS_PER_S <= 300 * NS_PER_MS);
	rig_event(r, EVENT_ALARM_ACKNOWLEDGED, "cold", "", "user:ben");
	rig_pass(r, MINUTE);
	assert_int_equal(r->n_sent, 4);
	assert_int_equal(r->sent[2].what, TELL_ACKED);
	rig_event(r, EVENT_ALARM_OFF, "cold", "", "");
	rig_pass(r, 10 * MINUTE);
	assert_int_equal(r->n_sent, 6);
	assert_int_equal(r->sent[4].what, TELL_OVER);
	assert_int_equal(engine_waiting(r->engine), 0);
	assert_int_equal(r->ledger[r->n_ledger - 1].kind, ENTRY_END);
	close_rig(r);
	(void)state;
}

static void
test_a_cable_is_one(void **state)
{
	struct rig *r = open_rig();
	char name[32];

	for (int i = A_MANY; i < A_MANY + MANY; i++) {
		snprintf(name, sizeof(name), "many_%d", i);
		rig_event(r, EVENT_ALARM_ON, name, "bad", "");
		rig_pass(r, NS_PER_MS);
	}
	rig_pass(r, MINUTE);
	assert_int_equal(rig_sent_to(r, AT_ANNA_MAIL), 1);
	assert_int_equal(rig_sent_to(r, AT_BEN_MAIL), 1);
	assert_int_equal(r->sent[0].n_notices + r->sent[0].n_more, MANY);
	close_rig(r);
	(void)state;
}

/* 10 Hz for an hour: told once, and once that it chatters. */
static void
test_chattering(void **state)
{
	struct rig *r = open_rig();

	for (int i = 0; i < 36000; i++) {
		rig_event(r, i % 2 == 0 ? EVENT_ALARM_ON : EVENT_ALARM_OFF, "cold", "", "");
		if (i % 600 == 599)
			rig_event(r, EVENT_ALARM_CHATTERS, "cold", "", "");
		rig_pass(r, 100 * NS_PER_MS);
	}
	rig_pass(r, NS_PER_S);
	assert_int_equal(rig_sent_to(r, AT_ANNA_MAIL), 2);
	assert_int_equal(rig_sent_to(r, AT_BEN_MAIL), 2);
	assert_int_equal(r->sent[3].what, TELL_CHATTERS);
	close_rig(r);
	(void)state;
}

static void
test_the_chain(void **state)
{
	struct rig *r = open_rig();

	rig_event(r, EVENT_ALARM_ON, "hot", "too hot", "");
	rig_pass(r, MINUTE);
	assert_int_equal(r->n_sent, 2); /* duty: anna, push and mail */
	rig_pass(r, 5 * MINUTE);
	assert_int_equal(rig_sent_to(r, AT_BEN_MAIL), 1);
	assert_int_equal(rig_sent_to(r, AT_ANNA_MAIL), 1); /* she has been told */
	rig_pass(r, 10 * MINUTE);
	assert_int_equal(rig_sent_to(r, AT_CARL_MAIL), 1);
	rig_pass(r, 30 * MINUTE); /* again, from the beginning, once */
	assert_int_equal(rig_sent_to(r, AT_ANNA_PUSH), 2);
	rig_pass(r, 600 * MINUTE);
	assert_int_equal(rig_sent_to(r, AT_ANNA_PUSH), 2);
	assert_int_equal(rig_sent_to(r, AT_CARL_MAIL), 2);
	close_rig(r);
	(void)state;
}

static void
test_an_answer_ends_the_chain(void **state)
{
	struct rig *r = open_rig();
	unsigned n;

	rig_event(r, EVENT_ALARM_ON, "hot", "", "");
	rig_pass(r, MINUTE);
	rig_event(r, EVENT_ALARM_ACKNOWLEDGED, "hot", "", "user:anna");
	rig_pass(r, MINUTE);
	n = r->n_sent;
	rig_pass(r, 60 * MINUTE);
	assert_int_equal(r->n_sent, n);
	assert_int_equal(rig_sent_to(r, AT_BEN_MAIL), 0);
	close_rig(r);
	(void)state;
}

/* One that ends when the alarm is over, and one that goes on until somebody acknowledges. */
static void
test_over_by_itself(void **state)
{
	struct rig *r = open_rig();

	rig_event(r, EVENT_ALARM_ON, "easy_one", "", "");
	rig_event(r, EVENT_ALARM_ON, "hot", "", "");
	rig_pass(r, MINUTE);
	rig_event(r, EVENT_ALARM_OFF, "easy_one", "", "");
	rig_event(r, EVENT_ALARM_OFF, "hot", "", "");
	rig_pass(r, 6 * MINUTE);
	assert_int_equal(rig_sent_to(r, AT_CARL_MAIL), 0);
	rig_pass(r, 20 * MINUTE);
	assert_int_equal(rig_sent_to(r, AT_CARL_MAIL), 1); /* of hot */
	close_rig(r);
	(void)state;
}

static void
test_ways_that_fail(void **state)
{
	for (unsigned result = ALERT_TEMPORARY; result <= ALERT_UNCERTAIN; result++) {
		struct rig *r = open_rig();

		/* Ben has mail for this, which fails: push is tried. */
		r->result[AT_BEN_MAIL] = r->result[AT_ANNA_MAIL] = result;
		rig_event(r, EVENT_ALARM_ON, "cold", "", "");
		rig_pass(r, MINUTE);
		assert_int_equal(rig_sent_to(r, AT_BEN_PUSH), 1);
		assert_int_equal(rig_sent_to(r, AT_ANNA_PUSH), 1);
		assert_int_equal(rig_sent_to(r, AT_BEN_MAIL), result == ALERT_PERMANENT ? 1 : 2);
		assert_int_equal(r->n_nobody, 0);
		close_rig(r);
	}
	(void)state;
}

/* All ways to who is on duty fail: the next ones are not waited for. */
static void
test_the_next_at_once(void **state)
{
	struct rig *r = open_rig();

	r->result[AT_ANNA_MAIL] = r->result[AT_ANNA_PUSH] = ALERT_TEMPORARY;
	rig_event(r, EVENT_ALARM_ON, "hot", "", "");
	rig_pass(r, 10 * NS_PER_S);
	assert_int_equal(rig_sent_to(r, AT_BEN_MAIL), 1);
	assert_int_equal(r->n_nobody, 0);
	close_rig(r);
	(void)state;
}

static void
test_nobody(void **state)
{
	struct rig *r = open_rig();
	unsigned n;

	for (unsigned i = 0; i < ADDRESSES; i++)
		r->result[i] = ALERT_TEMPORARY;
	rig_event(r, EVENT_ALARM_ON, "hot", "", "");
	rig_pass(r, 20 * NS_PER_S);
	assert_int_equal(r->n_nobody, 1);
	assert_string_equal(r->tried, "anna, ben, carl");
	n = r->n_sent;
	rig_pass(r, 30 * MINUTE);
	assert_true(r->n_sent > n + ADDRESSES);
	assert_int_equal(r->n_nobody, 1);
	for (unsigned i = 0; i < ADDRESSES; i++)
		r->result[i] = ALERT_SENT;
	rig_pass(r, 60 * MINUTE);
	n = r->n_sent;
	rig_pass(r, 30 * MINUTE);
	assert_true(r->n_sent <= n + 4);
	close_rig(r);
	(void)state;
}

static void
test_quiet_hours(void **state)
{
	struct rig *r = open_rig();

	r->wall_ns = 23 * 3600 * NS_PER_S;
	rig_event(r, EVENT_ALARM_ON, "cold", "", "");
	rig_pass(r, 10 * MINUTE);
	assert_int_equal(rig_sent_to(r, AT_ANNA_MAIL), 0);
	assert_int_equal(rig_sent_to(r, AT_BEN_MAIL), 1); /* who has none */
	rig_event(r, EVENT_ALARM_ON, "hot", "", "");
	rig_pass(r, MINUTE);
	assert_int_equal(rig_sent_to(r, AT_ANNA_PUSH), 1);
	rig_pass(r, 7 * 60 * MINUTE);
	assert_true(rig_sent_to(r, AT_ANNA_MAIL) >= 2);
	close_rig(r);
	(void)state;
}

/* More than his limit are one; what is critical is never kept back. */
static void
test_a_limit(void **state)
{
	struct rig *r = open_rig();
	struct engine_time t;
	unsigned n;

	for (int i = 0; i < 10; i++) {
		rig_pass(r, MINUTE);
		t = rig_time(r);
		assert_true(engine_test(r->engine, &t, R_CARL, "root") != 0);
	}
	rig_pass(r, MINUTE);
	assert_int_equal(rig_sent_to(r, AT_CARL_MAIL), 10); /* tests are as critical ones */
	rig_event(r, EVENT_ALARM_ON, "easy_one", "", "");
	rig_pass(r, 6 * MINUTE);
	n = rig_sent_to(r, AT_CARL_MAIL);
	assert_int_equal(n, 10);
	rig_pass(r, 60 * MINUTE);
	assert_int_equal(rig_sent_to(r, AT_CARL_MAIL), 11);
	close_rig(r);
	(void)state;
}

static void
test_nobody_wants_it(void **state)
{
	struct rig *r = open_rig();

	rig_event(r, EVENT_ALARM_ON, "quiet", "", "");
	rig_event(r, EVENT_RULE_NOTIFIES, "r", "The button was pressed", "");
	rig_event(r, EVENT_PROCESS_STARTED, "serve", "", "");
	rig_pass(r, MINUTE);
	assert_int_equal(r->n_sent, 0);
	assert_int_equal(r->n_ledger, 0);
	rig_event(r, EVENT_RULE_NOTIFIES, "r", "team: The button was pressed", "");
	rig_event(r, EVENT_SEQUENCE_NOTIFIES, "s", "carl: half way", "");
	rig_pass(r, MINUTE);
	assert_int_equal(r->n_sent, 3);
	rig_event(r, EVENT_PROCESS_KILLED, "serve", "", "");
	rig_pass(r, MINUTE);
	assert_int_equal(r->n_sent, 5);
	close_rig(r);
	(void)state;
}

/* The duty changes with the week. */
static void
test_duty(void **state)
{
	struct rig *r = open_rig();

	r->wall_ns = 8 * 24 * 3600 * NS_PER_S;
	rig_event(r, EVENT_ALARM_ON, "hot", "", "");
	rig_pass(r, MINUTE);
	assert_int_equal(rig_sent_to(r, AT_BEN_MAIL), 1);
	assert_int_equal(rig_sent_to(r, AT_ANNA_PUSH), 0);
	close_rig(r);
	(void)state;
}

static void
test_a_state_that_was_missed(void **state)
{
	struct rig *r = open_rig();
	struct engine_time t = rig_time(r);

	engine_state(r->engine, &t, A_HOT, ALARM_UNACKNOWLEDGED);
	engine_state(r->engine, &t, A_COLD, ALARM_NORMAL);
	rig_pass(r, MINUTE);
	assert_int_equal(r->n_sent, 2);
	t = rig_time(r);
	engine_state(r->engine, &t, A_HOT, ALARM_ACKNOWLEDGED);
	rig_pass(r, MINUTE);
	t = rig_time(r);
	engine_state(r->engine, &t, A_HOT, ALARM_NORMAL);
	rig_pass(r, 30 * MINUTE);
	assert_int_equal(rig_sent_to(r, AT_BEN_MAIL), 0);
	assert_int_equal(r->ledger[r->n_ledger - 1].kind, ENTRY_END);
	close_rig(r);
	(void)state;
}

/* How the alarms stand, as the bench shows it. */
struct stand {
	bool is_on[A_MANY], is_acked[A_MANY], was_on[A_MANY];
};

static void
take_stand(struct stand *s, enum event_kind kind, unsigned alarm)
{
	if (kind == EVENT_ALARM_ACKNOWLEDGED) {
		s->is_acked[alarm] = true;
		return;
	}
	s->is_on[alarm] = kind == EVENT_ALARM_ON;
	if (s->is_on[alarm]) {
		s->was_on[alarm] = true;
		s->is_acked[alarm] = false;
	}
}

/* What it looks at after an end, behind its ledger and the journal. */
static void
look(struct rig *r, const struct stand *s)
{
	struct engine_time t = rig_time(r);

	for (unsigned i = 0; i < A_MANY; i++)
		engine_state(r->engine, &t, i,
			s->is_on[i] && s->is_acked[i]     ? ALARM_ACKNOWLEDGED
			: s->is_on[i]                     ? ALARM_UNACKNOWLEDGED
			: s->was_on[i] && !s->is_acked[i] ? ALARM_RETURNED
							  : ALARM_NORMAL);
}

/* One that ends is started again at once. */
static void
pass(struct rig *r, const struct stand *s, int64_t ns)
{
	int64_t until = r->now_ns + ns;

	rig_pass(r, ns);
	while (r->is_dead) {
		rig_restart(r);
		look(r, s);
		rig_pass(r, until - r->now_ns);
	}
}

/* The story of one night, with a way that fails. */
static void
play(struct rig *r, unsigned stop_at)
{
	static const struct {
		int64_t after;
		enum event_kind kind;
		unsigned alarm;
		const char *subject, *who;
	} rows[] = {
		{ 0, EVENT_ALARM_ON, A_HOT, "hot", "" },
		{ MINUTE, EVENT_ALARM_ON, A_COLD, "cold", "" },
		{ 6 * MINUTE, EVENT_ALARM_ON, A_FLOW, "flow", "" },
		{ 2 * MINUTE, EVENT_ALARM_ACKNOWLEDGED, A_HOT, "hot", "user:ben" },
		{ MINUTE, EVENT_ALARM_OFF, A_HOT, "hot", "" },
		{ 10 * MINUTE, EVENT_ALARM_ACKNOWLEDGED, A_FLOW, "flow", "user:anna" },
		{ MINUTE, EVENT_ALARM_OFF, A_FLOW, "flow", "" },
		{ MINUTE, EVENT_ALARM_OFF, A_COLD, "cold", "" },
		{ MINUTE, EVENT_ALARM_ACKNOWLEDGED, A_COLD, "cold", "user:anna" },
	};
	struct stand s = { { false }, { false }, { false } };

	r->result[AT_ANNA_PUSH] = ALERT_TEMPORARY;
	r->stop_at = stop_at;
	for (size_t i = 0; i < NELEM(rows); i++) {
		pass(r, &s, rows[i].after);
		take_stand(&s, rows[i].kind, rows[i].alarm);
		r->event = i;
		rig_event(r, rows[i].kind, rows[i].subject, "", rows[i].who);
		if (r->is_dead) {
			rig_restart(r);
			r->event = i; /* what was not on record is read again from the journal */
			rig_event(r, rows[i].kind, rows[i].subject, "", rows[i].who);
			look(r, &s);
		}
	}
	pass(r, &s, 26 * 60 * MINUTE); /* what is tried again for a day has ended then */
}

/* Nobody who would have been told is told nothing, and nobody is told more than once more. */
static void
test_an_end_at_each_entry(void **state)
{
	struct rig *whole = open_rig();
	unsigned n_entries;

	play(whole, 0);
	n_entries = whole->n_ledger;
	assert_true(n_entries > 30);
	assert_int_equal(engine_waiting(whole->engine), 0);
	for (unsigned stop = 1; stop <= n_entries; stop++) {
		struct rig *r = open_rig();
		struct engine_notice n;

		play(r, stop);
		for (uint32_t a = 0; a < ADDRESSES; a++) {
			unsigned was = rig_sent_to(whole, a), is = rig_sent_to(r, a);

			assert_true((was == 0) == (is == 0));
			/* The wire that fails is tried by its own clock. */
			if (a != AT_ANNA_PUSH)
				assert_in_range(is, was > 1 ? was - 1 : was, was + 2);
		}
		assert_false(engine_open_notice(r->engine, 0, &n));
		close_rig(r);
	}
	close_rig(whole);
	(void)state;
}

/* Each entry as a line, and back; each line with a byte cut off or changed is known. */
static void
test_lines(void **state)
{
	struct rig *r = open_rig();
	struct buf text = { 0 };
	struct entry back;
	struct err err;

	play(r, 0);
	for (unsigned i = 0; i < r->n_ledger; i++) {
		buf_clear(&text);
		entry_put(&text, &r->ledger[i]);
		assert_true(text.n < ENTRY_LINE_MAX && text.data[text.n - 1] == '\n');
		assert_int_equal(entry_read(&back, text.data, text.n - 1, &err), 0);
		assert_memory_equal(&back.notices, &r->ledger[i].notices, sizeof(back.notices));
		assert_int_equal(back.kind, r->ledger[i].kind);
		assert_int_equal(back.id, r->ledger[i].id);
		assert_int_equal(back.wall_ns, r->ledger[i].wall_ns);
		assert_string_equal(back.name, r->ledger[i].name);
		assert_string_equal(back.to, r->ledger[i].to);
		assert_string_equal(back.text, r->ledger[i].text);
		for (size_t k = 0; i < 20 && k + 1 < text.n; k++) {
			assert_int_equal(entry_read(&back, text.data, k, &err), ERR_PROTO);
			text.data[k] ^= 1;
			assert_int_equal(entry_read(&back, text.data, text.n - 1, &err), ERR_PROTO);
			text.data[k] ^= 1;
		}
	}
	buf_done(&text);
	close_rig(r);
	(void)state;
}

static unsigned
told(const struct rig *r, enum telling_what what)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->n_sent; i++)
		n += r->sent[i % NELEM(r->sent)].what == what;
	return n;
}

/* Told as over, and on again hours later: as loud as the first time, whether anybody has acknowledged or not. */
static void
test_it_comes_again(void **state)
{
	for (int is_acked = 0; is_acked < 2; is_acked++) {
		struct rig *r = open_rig();

		for (int i = 1; i <= 3; i++) {
			rig_event(r, EVENT_ALARM_ON, "cold", "too cold", "");
			rig_pass(r, MINUTE);
			assert_int_equal(told(r, TELL_RAISED), 2 * i);
			if (is_acked)
				rig_event(r, EVENT_ALARM_ACKNOWLEDGED, "cold", "", "user:ben");
			rig_event(r, EVENT_ALARM_OFF, "cold", "", "");
			rig_pass(r, 10 * MINUTE);
			assert_int_equal(told(r, TELL_OVER), 2 * i);
			assert_int_equal(told(r, TELL_ACKED), is_acked ? 2 * i : 0);
		}
		close_rig(r);
	}
	(void)state;
}

/* Acknowledged, over for a moment, and on again: nobody has acknowledged that. It is told when it lasts; a contact that chatters after
 * the acknowledgement is no new message each time. */
static void
test_on_again_behind_an_acknowledgement(void **state)
{
	struct rig *r = open_rig();
	unsigned n_ledger;

	rig_event(r, EVENT_ALARM_ON, "cold", "", "");
	rig_pass(r, MINUTE);
	rig_event(r, EVENT_ALARM_ACKNOWLEDGED, "cold", "", "user:ben");
	rig_pass(r, MINUTE);
	n_ledger = r->n_ledger;
	for (int i = 0; i < 6000; i++) {
		rig_event(r, i % 2 == 0 ? EVENT_ALARM_OFF : EVENT_ALARM_ON, "cold", "", "");
		rig_pass(r, 100 * NS_PER_MS);
	}
	assert_int_equal(told(r, TELL_RAISED), 2);
	assert_true(r->n_ledger <= n_ledger + 2); /* nor is each a line of the ledger */
	rig_pass(r, 3 * MINUTE);
	assert_int_equal(told(r, TELL_RAISED), 4);
	close_rig(r);
	(void)state;
}

/* Put aside, and on again when that is over: at once. */
static void
test_on_again_behind_a_shelf(void **state)
{
	struct rig *r = open_rig();

	rig_event(r, EVENT_ALARM_ON, "cold", "", "");
	rig_pass(r, MINUTE);
	rig_event(r, EVENT_ALARM_SHELVED, "cold", "an hour", "user:ben");
	rig_pass(r, 60 * MINUTE);
	rig_event(r, EVENT_ALARM_ON, "cold", "", "");
	rig_pass(r, MINUTE);
	assert_int_equal(told(r, TELL_RAISED), 4);
	close_rig(r);
	(void)state;
}

/* A chain whose alarm is over for a second goes on when it is not. */
static void
test_a_flicker_stops_no_chain(void **state)
{
	struct rig *r = open_rig();

	rig_event(r, EVENT_ALARM_ON, "easy_one", "", "");
	rig_pass(r, 4 * MINUTE);
	rig_event(r, EVENT_ALARM_OFF, "easy_one", "", "");
	rig_pass(r, NS_PER_S);
	rig_event(r, EVENT_ALARM_ON, "easy_one", "", "");
	rig_pass(r, 60 * MINUTE);
	assert_int_equal(rig_sent_to(r, AT_CARL_MAIL), 1);
	close_rig(r);
	(void)state;
}

/* Ended behind the entry of a step, before the message: of the last one, and of the first of the next round. */
static void
test_an_end_behind_a_step(void **state)
{
	static const struct {
		int64_t before;
		uint32_t address;
		unsigned n;
	} rows[] = { { 14 * MINUTE, AT_CARL_MAIL, 1 }, { 44 * MINUTE, AT_ANNA_PUSH, 2 } };

	for (size_t i = 0; i < NELEM(rows); i++) {
		struct rig *r = open_rig();

		rig_event(r, EVENT_ALARM_ON, "hot", "", "");
		rig_pass(r, rows[i].before);
		r->stop_at = r->n_ledger + 1;
		rig_pass(r, 2 * MINUTE);
		assert_true(r->is_dead && r->ledger[r->n_ledger - 1].kind == ENTRY_STEP);
		r->stop_at = 0;
		rig_restart(r);
		rig_pass(r, 2 * MINUTE);
		assert_int_equal(rig_sent_to(r, rows[i].address), rows[i].n);
		close_rig(r);
	}
	(void)state;
}

static void
all_are(struct rig *r, unsigned result)
{
	for (unsigned i = 0; i < ADDRESSES; i++)
		r->result[i] = result;
}

/* A password that was wrong, and is right after an hour; the same with a new bench file, at once. */
static void
test_mended(void **state)
{
	for (int is_new = 0; is_new < 2; is_new++) {
		struct rig *r = open_rig();

		all_are(r, ALERT_PERMANENT);
		rig_event(r, EVENT_ALARM_ON, "cold", "", "");
		rig_pass(r, MINUTE);
		assert_int_equal(r->n_nobody, 1);
		all_are(r, ALERT_SENT);
		if (is_new)
			rig_restart(r);
		rig_pass(r, is_new ? MINUTE : 61 * MINUTE);
		assert_in_range(rig_sent_to(r, AT_BEN_MAIL), 2, 3);
		assert_in_range(rig_sent_to(r, AT_ANNA_MAIL), 2, 3);
		close_rig(r);
	}
	(void)state;
}

/* What was uncertain once does not count for another message. */
static void
test_under_way_at_an_end(void **state)
{
	struct rig *r = open_rig();
	unsigned n;

	all_are(r, ALERT_UNCERTAIN);
	rig_event(r, EVENT_ALARM_ON, "cold", "", "");
	rig_pass(r, 3 * MINUTE);
	all_are(r, ALERT_RESULTS);
	rig_event(r, EVENT_ALARM_ON, "many_7", "", "");
	rig_pass(r, MINUTE);
	n = rig_sent_to(r, AT_BEN_MAIL);
	all_are(r, ALERT_SENT);
	rig_restart(r);
	rig_pass(r, 10 * MINUTE);
	assert_true(rig_sent_to(r, AT_BEN_MAIL) > n);
	close_rig(r);
	(void)state;
}

/* An alarm stands for more than a day: what is told of it then is tried again as ever. */
static void
test_an_old_alarm(void **state)
{
	struct rig *r = open_rig();
	unsigned n;

	rig_event(r, EVENT_ALARM_ON, "cold", "", "");
	rig_pass(r, 25 * 60 * MINUTE);
	n = r->n_sent;
	r->result[AT_BEN_MAIL] = ALERT_TEMPORARY;
	rig_event(r, EVENT_ALARM_ACKNOWLEDGED, "cold", "", "user:anna");
	rig_pass(r, 5 * NS_PER_S);
	r->result[AT_BEN_MAIL] = ALERT_SENT;
	rig_pass(r, 10 * MINUTE);
	assert_int_equal(r->n_sent, n + 3);
	close_rig(r);
	(void)state;
}

/* A note to a chain: its first step; the next when that one cannot be reached, and only then. */
static void
test_a_note_to_a_chain(void **state)
{
	struct rig *r = open_rig();

	rig_event(r, EVENT_RULE_NOTIFIES, "r", "night: look", "");
	rig_pass(r, 60 * MINUTE);
	assert_int_equal(r->n_sent, rig_sent_to(r, AT_ANNA_MAIL) + rig_sent_to(r, AT_ANNA_PUSH));
	r->result[AT_ANNA_MAIL] = r->result[AT_ANNA_PUSH] = ALERT_TEMPORARY;
	rig_event(r, EVENT_RULE_NOTIFIES, "r", "night: look again", "");
	rig_pass(r, MINUTE);
	assert_int_equal(rig_sent_to(r, AT_BEN_MAIL), 1);
	close_rig(r);
	(void)state;
}

/* More than a line of the ledger holds: an end tells nobody twice. */
static void
test_an_end_behind_a_great_message(void **state)
{
	struct rig *r = open_rig();
	char name[32];
	unsigned n;

	for (int i = A_MANY; i < A_MANY + MANY; i++) {
		snprintf(name, sizeof(name), "many_%d", i);
		rig_event(r, EVENT_ALARM_ON, name, "bad", "");
	}
	rig_pass(r, MINUTE);
	n = r->n_sent;
	rig_restart(r);
	rig_pass(r, 10 * MINUTE);
	assert_int_equal(r->n_sent, n);
	for (int i = A_MANY; i < A_MANY + MANY; i++) {
		snprintf(name, sizeof(name), "many_%d", i);
		rig_event(r, EVENT_ALARM_ACKNOWLEDGED, name, "", "user:ben");
	}
	rig_pass(r, MINUTE);
	assert_int_equal(r->sent[r->n_sent - 1].n_notices + r->sent[r->n_sent - 1].n_more, MANY);
	close_rig(r);
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_alarm),
		cmocka_unit_test(test_a_cable_is_one),
		cmocka_unit_test(test_chattering),
		cmocka_unit_test(test_the_chain),
		cmocka_unit_test(test_an_answer_ends_the_chain),
		cmocka_unit_test(test_over_by_itself),
		cmocka_unit_test(test_ways_that_fail),
		cmocka_unit_test(test_the_next_at_once),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_quiet_hours),
		cmocka_unit_test(test_a_limit),
		cmocka_unit_test(test_nobody_wants_it),
		cmocka_unit_test(test_duty),
		cmocka_unit_test(test_a_state_that_was_missed),
		cmocka_unit_test(test_an_end_at_each_entry),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_it_comes_again),
		cmocka_unit_test(test_on_again_behind_an_acknowledgement),
		cmocka_unit_test(test_on_again_behind_a_shelf),
		cmocka_unit_test(test_a_flicker_stops_no_chain),
		cmocka_unit_test(test_an_end_behind_a_step),
		cmocka_unit_test(test_mended),
		cmocka_unit_test(test_under_way_at_an_end),
		cmocka_unit_test(test_an_old_alarm),
		cmocka_unit_test(test_a_note_to_a_chain),
		cmocka_unit_test(test_an_end_behind_a_great_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
