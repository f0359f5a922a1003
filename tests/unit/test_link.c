/* test_link.c - the link engine on a clock that the test moves: schedule, silence, wires, late answers, writes, reloads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "link_rig.h"

#define MS NS_PER_MS
#define S NS_PER_S

static struct rig rig;

/* n points a unit, from register 100 on, all with the same period. */
static void
start(const char *codec, unsigned n_units, unsigned n, int64_t every_ns)
{
	struct rig_point points[RIG_POINTS];

	for (unsigned i = 0; i < n_units * n; i++)
		points[i] = (struct rig_point){ i / n, 100 + i % n, 1, every_ns };
	rig_init(&rig, codec, n_units, points, n_units * n);
}

/* Nothing happens before the next wake-up, which is in `in_ns`. */
static void
assert_wakes_in(int64_t in_ns)
{
	struct link_wants wants;

	assert_int_equal(rig.wants.wake_ns - rig.now_ns, in_ns);
	link_time(rig.link, rig.wants.wake_ns - 1);
	link_take(rig.link, &wants);
	assert_false(wants.open || wants.close || wants.n > 0);
	assert_int_equal(wants.wake_ns, rig.wants.wake_ns);
}

/* Deliver bytes now. */
static void
deliver(const uint8_t *bytes, size_t n)
{
	link_bytes(rig.link, bytes, n, rig.now_ns);
	rig_take(&rig);
}

static void
step_to(int64_t now_ns)
{
	rig.now_ns = now_ns;
	link_time(rig.link, now_ns);
	rig_take(&rig);
}

/* ---- schedule -------------------------------------------------------------------------------------------------- */

static void
test_polls_keep_their_grid(void **state)
{
	int64_t start_ns;

	start("tagged", 1, 3, 100 * MS);
	start_ns = rig.now_ns;
	rig_run(&rig, start_ns + 50 * MS); /* the poll, then two steps of "what are you" */
	assert_string_equal(rig.order, "rii");
	assert_int_equal(rig.stamp[0], start_ns + 1 * MS); /* the middle of 2 ms */
	assert_wakes_in(50 * MS);
	rig_run(&rig, start_ns + 10 * S - 1);
	assert_int_equal(rig.n_good[0], 100);
	assert_int_equal(rig.n_good[2], 100);
	assert_int_equal(rig.n_states, 1);
	assert_int_equal(rig.state[0], INSTRUMENT_UP);
	assert_int_equal(rig_state(&rig, 0).skipped, 0);
	assert_int_equal(rig_state(&rig, 0).requests, 102);
	assert_int_equal(rig_state(&rig, 0).reply_last_ns, 2 * MS);
	assert_int_equal(rig_state(&rig, 0).reply[7], 102); /* 16 us << 7 = 2.048 ms */
	assert_string_equal(rig_state(&rig, 0).identity, "rig 1");
	rig_done(&rig);
}

static void
test_late_polls_are_skipped_not_made_up_for(void **state)
{
	int64_t start_ns;

	start("tagged", 1, 1, 10 * MS);
	start_ns = rig.now_ns;
	rig.delay_ns = 35 * MS;
	rig_run(&rig, start_ns + 10 * S - 1);
	/* Each place on the grid was either used or skipped, and none twice. */
	assert_in_range(rig_state(&rig, 0).requests + rig_state(&rig, 0).skipped, 999, 1003);
	assert_in_range(rig.n_good[0], 280, 286);
	rig.delay_ns = 1 * MS;
	rig_run(&rig, rig.now_ns + 100 * MS); /* past the last slow one */
	rig_forget(&rig);
	rig_run(&rig, rig.now_ns + 1 * S);
	assert_in_range(rig.n_good[0], 99, 101); /* no burst */
	rig_done(&rig);
}

static void
test_slow_polls_are_not_starved(void **state)
{
	static const struct rig_point points[] = {
		{ 0, 1, 1, 5 * MS },
		{ 0, 200, 1, 1 * S },
		{ 1, 1, 1, 5 * MS },
		{ 1, 300, 1, 1 * S },
	};

	rig_init(&rig, "tagged", 2, points, NELEM(points));
	rig.delay_ns = 10 * MS; /* 100 a second are possible, 402 are wanted */
	rig_run(&rig, rig.now_ns + 20 * S - 1);
	for (unsigned u = 0; u < 2; u++) {
		assert_in_range(rig.n_good[2 * u + 1], 19, 20);
		assert_in_range(rig.n_good[2 * u], 900, 1000); /* shared fairly */
	}
	rig_done(&rig);
}

/* ---- silence --------------------------------------------------------------------------------------------------- */

static void
test_silence_down_probe_up(void **state)
{
	int64_t t;

	start("tagged", 1, 2, 500 * MS);
	rig_run(&rig, rig.now_ns + 400 * MS);
	rig_forget(&rig);
	rig.device[0].mood = RIG_SILENT;
	rig_run(&rig, rig.now_ns + 100 * MS); /* asked now */
	t = rig.now_ns;
	assert_wakes_in(100 * MS);
	rig_run(&rig, t + 100 * MS); /* asked again */
	assert_int_equal(rig.n_states, 0);
	rig_run(&rig, t + 200 * MS - 1);
	assert_int_equal(rig.n_states, 0);
	rig_run(&rig, t + 200 * MS);
	assert_int_equal(rig.n_states, 1);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	assert_int_equal(rig.reason[0], Q_NO_ANSWER);
	assert_int_equal(rig_bad(&rig, 0, 2), 2);
	assert_string_equal(rig.order, "rr");
	assert_wakes_in(1 * S);
	rig_run(&rig, t + 1200 * MS); /* a probe */
	assert_string_equal(rig.order, "rrr");
	rig_run(&rig,
		t + 1300 * MS); /* the third timeout: the wire is made anew, the probes keep their pace */
	assert_int_equal(rig.n_closes, 1);
	assert_int_equal(rig.n_opens, 2);
	assert_wakes_in(2 * S);
	rig_run(&rig, t + 3300 * MS);
	assert_string_equal(rig.order, "rrrr");
	rig.device[0].mood = RIG_WELL;
	rig_run(&rig, t + 7400 * MS - 1);
	assert_int_equal(rig.n_states, 1);
	assert_int_equal(rig_bad(&rig, 0, 2), 2); /* told once */
	rig_run(&rig, t + 7402 * MS);
	assert_int_equal(rig.n_states, 2);
	assert_int_equal(rig.state[0], INSTRUMENT_UP);
	assert_int_equal(rig_good(&rig, 0, 2), 2);
	rig_run(&rig, t + 7402 * MS + 1 * S + 50 * MS);
	assert_int_equal(rig.n_good[0], 3);
	assert_int_equal(rig.n_twice, 0);
	rig_done(&rig);
}

static void
test_all_requests_are_due_when_it_comes_back(void **state)
{
	static const struct rig_point points[] = { { 0, 1, 1, 10 * S }, { 0, 500, 1, 60 * S },
		{ 1, 1, 1, 100 * MS } };

	rig_init(&rig, "tagged", 2, points, NELEM(points));
	rig_run(&rig, rig.now_ns + 5 * S);
	rig.device[0].mood = RIG_SILENT;
	rig_run(&rig, rig.now_ns + 6 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	rig.device[0].mood = RIG_WELL;
	rig_forget(&rig);
	rig_run(&rig, rig.now_ns + 4 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_UP);
	assert_int_equal(rig.n_good[0], 1);
	assert_int_equal(rig.n_good[1], 1);
	rig_done(&rig);
}

static void
test_dead_neighbour_costs_little(void **state)
{
	start("tagged", 3, 4, 50 * MS);
	rig_run(&rig, rig.now_ns + 1 * S);
	rig.device[1].mood = RIG_SILENT;
	rig_run(&rig, rig.now_ns + 1 * S);
	rig_forget(&rig);
	rig_run(&rig, rig.now_ns + 120 * S);
	/* Probes after 2 4 8 16 30 30 30 s: each costs its neighbours a timeout of two periods. */
	assert_in_range(rig.device[1].n_questions, 10, 40);
	assert_in_range(rig.n_good[0], 2400 - 8 * 2 - 2, 2401);
	assert_in_range(rig.n_good[8], 2400 - 8 * 2 - 2, 2401);
	assert_int_equal(rig_bad(&rig, 0, 4) + rig_bad(&rig, 8, 4), 0);
	assert_int_equal(rig.n_closes, 0); /* the others answer: the wire is fine */
	assert_int_equal(rig.n_states, 0);
	rig_done(&rig);
}

/* Somebody who speaks all the time costs the others much, and not all. */
static void
test_a_line_that_never_pauses_is_asked_all_the_same(void **state)
{
	static const struct rig_point points[] = { { 0, 100, 1, 100 * MS },
		{ 1, 100, 1, 100 * MS } };
	static const uint8_t talk[] = { 8, 0x55, 0x55, 9, 9, 1, 2, 3 };
	struct image_link *wire;
	int64_t end_ns;

	rig_init(&rig, "serial", 2, points, NELEM(points));
	link_free(rig.link);
	wire = (struct image_link *)(uintptr_t)image_link_at(rig.img, 0);
	wire->kind = LINK_SERIAL;
	wire->line.baud = 9600;
	wire->char_ns = 1041667;
	rig.link = link_new(rig.img, 0, rig_codec, &rig.sink, rig.now_ns);
	rig_take(&rig);
	rig_run(&rig, rig.now_ns + 5 * S);
	rig_forget(&rig);
	end_ns = rig.now_ns + 60 * S;
	while (rig.now_ns < end_ns) {
		deliver(talk, sizeof(talk));
		rig_run(&rig, rig.now_ns + 15 * MS);
	}
	assert_in_range(rig.n_good[0], 2, 600);
	assert_in_range(rig.n_good[1], 2, 600);
	assert_int_equal(rig.n_wrong, 0);
	rig_done(&rig);
}

/* One question without an answer costs the others of its device no value, and its neighbours little. */
static void
test_a_mute_question_takes_no_device_down(void **state)
{
	static const struct rig_point points[] = {
		{ 0, 1, 1, 100 * MS },
		{ 0, 200, 1, 100 * MS },
		{ 0, 400, 1, 100 * MS },
		{ 1, 1, 1, 100 * MS },
	};
	static const char *const codecs[] = { "tagged", "few", "plain" };

	for (size_t c = 0; c < NELEM(codecs); c++) {
		rig_init(&rig, codecs[c], 2, points, NELEM(points));
		rig_run(&rig, rig.now_ns + 2 * S);
		rig.device[0].is_mute[200] = true;
		rig_forget(&rig);
		rig_run(&rig, rig.now_ns + 120 * S);
		assert_int_equal(rig.n_states, 0);
		assert_int_equal(rig.last[1].quality, Q_NO_ANSWER);
		assert_int_equal(rig.n_good[1], 0);
		/* Two tries, then after 1 2 4 8 16 30 30 s: each costs a timeout of one period, and without a tag two more. */
		assert_in_range(rig.device[0].n_mute, 8, 9);
		assert_in_range(rig.n_good[0], 1200 - 9 * 4, 1201 + 9); /* as a witness, too */
		assert_in_range(rig.n_good[2], 1200 - 9 * 4, 1201 + 9);
		assert_in_range(rig.n_good[3], 1200 - 9 * 3, 1201);
		assert_int_equal(rig_bad(&rig, 0, 1) + rig_bad(&rig, 2, 2), 0);

		/* One that is silent as a whole goes down none the less, and comes back as it was. */
		rig.device[0].mood = RIG_SILENT;
		rig_run(&rig, rig.now_ns + 2 * S);
		assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
		assert_int_equal(rig.last[0].quality, Q_NO_ANSWER);
		assert_int_equal(rig.last[2].quality, Q_NO_ANSWER);
		rig.device[0].mood = RIG_WELL;
		rig_run(&rig, rig.now_ns + 10 * S);
		assert_int_equal(rig.state[0], INSTRUMENT_UP);
		assert_int_equal(rig.last[0].quality, Q_GOOD);
		assert_int_equal(rig.last[1].quality, Q_NO_ANSWER);

		rig.device[0].is_mute[200] = false;
		rig_run(&rig, rig.now_ns + 31 * S);
		rig_forget(&rig);
		rig_run(&rig, rig.now_ns + 10 * S);
		assert_in_range(rig.n_good[1], 99, 101);
		assert_int_equal(rig.n_wrong, 0);
		rig_done(&rig);
	}
}

/* The one question that is asked often is mute: that the device dies is seen long before the next one is due. */
static void
test_a_mute_question_hides_no_death(void **state)
{
	static const struct rig_point points[] = {
		{ 0, 1, 1, 100 * MS },
		{ 0, 200, 1, 600 * S },
	};

	rig_init(&rig, "tagged", 1, points, NELEM(points));
	rig.device[0].is_mute[1] = true;
	rig_run(&rig, rig.now_ns + 100 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_UP);
	assert_int_equal(rig.last[1].quality, Q_GOOD);
	rig.device[0].mood = RIG_SILENT;
	rig_run(&rig, rig.now_ns + 32 * S); /* probe_max */
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	assert_int_equal(rig.last[1].quality, Q_NO_ANSWER);
	rig_done(&rig);
}

/* The first question of all is mute: the device is found by another one. */
static void
test_mute_from_the_start(void **state)
{
	static const struct rig_point points[] = {
		{ 0, 1, 1, 100 * MS },
		{ 0, 200, 1, 100 * MS },
		{ 0, 400, 1, 100 * MS },
	};

	rig_init(&rig, "plain", 1, points, NELEM(points));
	rig.device[0].is_mute[1] = rig.device[0].is_mute[200] = true;
	rig_run(&rig, rig.now_ns + 10 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_UP);
	assert_int_equal(rig.last[0].quality, Q_NO_ANSWER);
	assert_int_equal(rig.last[1].quality, Q_NO_ANSWER);
	assert_int_equal(rig.last[2].quality, Q_GOOD);
	rig_forget(&rig);
	rig_run(&rig, rig.now_ns + 60 * S);
	assert_int_equal(rig.n_states, 0);
	assert_in_range(rig.n_good[2], 500, 601);
	rig_done(&rig);
}

static void
test_busy_gateway_and_nonsense(void **state)
{
	int64_t t;

	start("tagged", 1, 1, 10 * S);
	rig_run(&rig, rig.now_ns + 10 * S - 1);
	rig.device[0].mood = RIG_BUSY;
	rig_forget(&rig);
	t = rig.now_ns + 1;
	rig_run(&rig, t + 201 * MS);
	assert_string_equal(rig.order, "r");
	rig_run(&rig, t + 202 * MS);
	assert_string_equal(rig.order, "rr");
	rig_run(&rig, t + 5 * S);
	assert_string_equal(rig.order, "rrrrr"); /* + 200 400 800 1600 ms */
	assert_int_equal(rig.last[0].quality, Q_DEVICE_BUSY);
	assert_int_equal(rig.n_bad[0], 1);
	assert_int_equal(rig.n_states, 0); /* it answers */

	rig.device[0].mood = RIG_SENSELESS;
	rig_run(&rig, t + 11 * S);
	assert_int_equal(rig.last[0].quality, Q_WRONG_ANSWER);
	assert_int_equal(rig_state(&rig, 0).errors, 1);
	assert_int_equal(rig.n_states, 0);

	rig.device[0].mood = RIG_GATEWAY;
	rig_run(&rig, t + 21 * S);
	assert_int_equal(rig.last[0].quality, Q_GATEWAY_TARGET);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	rig_run(&rig, t + 200 * S);
	assert_int_equal(rig.n_closes, 0); /* the wire is fine */
	rig_done(&rig);
}

/* ---- wire ------------------------------------------------------------------------------------------------------ */

static void
test_open_backs_off(void **state)
{
	static const int64_t at_ms[] = { 0, 500, 1500, 3500, 7500, 15500, 25500, 35500 };
	int64_t start_ns;

	start("tagged", 2, 1, 1 * S);
	rig_run(&rig, rig.now_ns);
	start_ns = rig.now_ns;
	link_closed(rig.link, Q_LINK_LOST, "pulled", start_ns);
	rig.is_deaf = true;
	rig.n_opens = 0;
	rig_take(&rig); /* at once */
	for (size_t i = 1; i < NELEM(at_ms); i++) {
		rig_run(&rig, start_ns + at_ms[i] * MS - 1);
		assert_int_equal(rig.n_opens, i);
		rig_run(&rig, start_ns + at_ms[i] * MS);
		assert_int_equal(rig.n_opens, i + 1);
	}
	assert_int_equal(rig.n_states, 2);
	assert_int_equal(rig.reason[0], Q_LINK_LOST);
	assert_int_equal(rig_state(&rig, 0).reason, Q_NO_LINK);
	assert_int_equal(rig.n_bad[0], 2); /* lost, then: cannot connect; once each */
	assert_int_equal(rig.n_bad[1], 2);
	rig.is_deaf = false;
	rig_run(&rig, start_ns + 46 * S);
	assert_int_equal(rig.n_states, 4);
	assert_int_equal(rig.last[0].quality, Q_GOOD);
	rig_done(&rig);
}

static void
test_first_try_fails(void **state)
{
	int64_t start_ns;

	start("tagged", 1, 1, 1 * S);
	start_ns = rig.now_ns;
	rig.is_deaf = true;
	rig_run(&rig, start_ns + 500 * MS - 1);
	assert_int_equal(rig.n_opens, 1);
	assert_int_equal(rig.n_states, 1);
	assert_int_equal(rig.reason[0], Q_NO_LINK);
	rig_run(&rig, start_ns + 1500 * MS - 1);
	assert_int_equal(rig.n_opens, 2);
	rig_done(&rig);
}

static void
test_lost_wire_opens_at_once(void **state)
{
	start("tagged", 2, 2, 100 * MS);
	rig_run(&rig, rig.now_ns + 1 * S + 50 * MS);
	rig_forget(&rig);
	link_closed(rig.link, Q_LINK_LOST, "reset by peer", rig.now_ns);
	assert_int_equal(rig.n_states, 2);
	assert_int_equal(rig.reason[1], Q_LINK_LOST);
	assert_int_equal(rig_bad(&rig, 0, 4), 4);
	rig_take(&rig);
	assert_int_equal(rig.n_opens, 2);
	rig_run(&rig, rig.now_ns + 10 * MS);
	assert_int_equal(rig.n_states, 4);
	assert_int_equal(rig_good(&rig, 0, 4), 4);
	assert_int_equal(rig_state(&rig, 0).connects, 2);
	rig_done(&rig);
}

static void
test_half_a_frame_then_the_end(void **state)
{
	static const uint8_t half[] = { 9, 0 };

	start("tagged", 1, 2, 100 * MS);
	rig_run(&rig, rig.now_ns + 1 * S + 50 * MS);
	deliver(half, sizeof(half));
	link_closed(rig.link, Q_LINK_LOST, "closed by peer", rig.now_ns);
	assert_int_equal(rig.reason[0], Q_LINK_LOST);
	assert_int_equal(rig_state(&rig, 0).errors, 0);
	rig_take(&rig);
	rig_run(&rig, rig.now_ns + 10 * MS);
	assert_int_equal(rig.last[0].quality, Q_GOOD); /* the half was forgotten */
	rig_done(&rig);
}

static void
test_garbage_starts_the_wire_anew(void **state)
{
	static const uint8_t garbage[] = { 0, 1, 2, 3, 4, 5, 6, 7 };

	start("tagged", 2, 2, 100 * MS);
	rig_run(&rig, rig.now_ns + 1 * S + 50 * MS);
	rig.is_manual = true;
	rig_run(&rig, rig.now_ns + 60 * MS); /* unit 0 was asked */
	rig_forget(&rig);
	rig.is_manual = false;
	deliver(garbage, sizeof(garbage));
	assert_int_equal(rig.n_bad[0], 1);
	assert_int_equal(rig.last[0].quality, Q_GARBLED);
	assert_int_equal(rig_bad(&rig, 2, 2), 0);
	assert_int_equal(rig.n_closes, 1);
	rig_run(&rig, rig.now_ns + 20 * MS);
	assert_int_equal(rig.n_opens, 2);
	assert_int_equal(rig.last[0].quality, Q_GOOD);
	assert_int_equal(rig.n_states, 0); /* it was away for a moment only */
	rig_done(&rig);
}

/* ---- whose answer ---------------------------------------------------------------------------------------------- */

static void
test_late_answer_with_tag_never_becomes_a_value(void **state)
{
	uint8_t late[64], right[64];
	size_t n_late, n_right;

	start("tagged", 1, 1, 1 * S);
	rig_run(&rig, rig.now_ns + 500 * MS);
	rig_forget(&rig);
	rig.is_manual = true;
	rig_run(&rig, rig.now_ns + 500 * MS);
	n_late = rig_answer(&rig, late);
	step_to(rig.now_ns + 100 * MS); /* timeout: the same again, with another tag */
	rig.salt = 5;
	n_right = rig_answer(&rig, right);
	deliver(late, n_late);
	assert_int_equal(rig.n_good[0], 0);
	assert_int_equal(rig_state(&rig, 0).stray, 1);
	deliver(right, n_right);
	assert_int_equal(rig.n_good[0], 1);
	assert_int_equal(rig.n_wrong, 0);
	deliver(right, n_right); /* once more */
	assert_int_equal(rig.n_good[0], 1);
	assert_int_equal(rig_state(&rig, 0).stray, 2);
	rig_done(&rig);
}

static void
test_quarantine_without_tag(void **state)
{
	uint8_t late[64];
	size_t n_late, n_asked;

	start("plain", 1, 1, 1 * S);
	rig_run(&rig, rig.now_ns + 500 * MS);
	rig_forget(&rig);
	rig.is_manual = true;
	rig_run(&rig, rig.now_ns + 500 * MS);
	n_late = rig_answer(&rig, late);
	step_to(rig.now_ns + 100 * MS);
	assert_string_equal(rig.order, "r"); /* nothing is asked */
	assert_wakes_in(200 * MS);
	rig.salt = 5;
	rig.now_ns += 150 * MS;
	deliver(late, n_late); /* here it is: the line is clean */
	assert_int_equal(rig.n_good[0], 0);
	assert_int_equal(rig_state(&rig, 0).stray, 1);
	assert_string_equal(rig.order, "rr");
	n_asked = rig_answer(&rig, late);
	deliver(late, n_asked);
	assert_int_equal(rig.n_good[0], 1);
	assert_int_equal(rig.n_wrong, 0);

	step_to(rig.wants.wake_ns); /* and when it never comes */
	step_to(rig.wants.wake_ns);
	assert_string_equal(rig.order, "rrr");
	assert_wakes_in(200 * MS);
	step_to(rig.wants.wake_ns);
	assert_string_equal(rig.order, "rrrr");
	rig_done(&rig);
}

/* An answer that is missing, or one too many, would shift all that follow. */
static void
test_out_of_step(void **state)
{
	uint8_t late[64];
	size_t n_late;

	start("turn", 1, 1, 1 * S);
	rig_run(&rig, rig.now_ns + 500 * MS);
	rig_forget(&rig);
	rig.is_manual = true;
	rig_run(&rig, rig.now_ns + 500 * MS);
	n_late = rig_answer(&rig, late);
	step_to(rig.now_ns + 100 * MS);
	rig.salt = 5;
	rig.now_ns += 150 * MS;
	deliver(late, n_late); /* late: it goes on */
	assert_int_equal(rig.n_good[0], 0);
	assert_int_equal(rig.n_closes, 0);
	assert_string_equal(rig.order, "rr");
	for (int i = 0; i < 5 && rig.n_closes == 0; i++) { /* that one never comes */
		assert_string_equal(rig.order, "rr");
		step_to(rig.wants.wake_ns);
	}
	assert_int_equal(rig.n_closes, 1);
	for (int i = 0; i < 20 && strlen(rig.order) < 3; i++)
		step_to(rig.wants.wake_ns);
	assert_string_equal(rig.order, "rrr");
	assert_int_equal(rig.n_closes, 1);
	n_late = rig_answer(&rig, late);
	deliver(late, n_late);
	assert_int_equal(rig.n_good[0], 1);
	assert_int_equal(rig.n_closes, 1);
	deliver(late, n_late); /* twice */
	assert_int_equal(rig.n_closes, 2);
	assert_int_equal(rig.n_wrong, 0);
	rig_done(&rig);
}

/* Behind a TCP port there may be a serial server: it goes on when the connection is lost. */
static void
test_late_answer_over_a_new_connection(void **state)
{
	static const char *const codecs[] = { "plain", "serial" };
	uint8_t late[64];
	size_t n_late;

	for (size_t i = 0; i < NELEM(codecs); i++) {
		start(codecs[i], 1, 1, 1 * S);
		rig_run(&rig, rig.now_ns + 1500 * MS);
		rig_forget(&rig);
		rig.is_manual = true;
		while (rig.order[0] == '\0')
			step_to(rig.wants.wake_ns);
		n_late = rig_answer(&rig, late);
		rig.is_open = false;
		link_closed(rig.link, Q_LINK_LOST, "cable", rig.now_ns);
		rig_take(&rig);
		assert_int_equal(rig.n_opens, 2);
		rig.salt = 5;
		step_to(rig.now_ns + 290 * MS);
		assert_string_equal(rig.order, i == 0 ? "rr" : "r");
		if (i == 1) {
			deliver(late, n_late);
			assert_int_equal(rig_state(&rig, 0).stray, 1);
			assert_string_equal(rig.order, "rr"); /* here it is: the line is clean */
			deliver(late, rig_answer(&rig, late));
			assert_int_equal(rig.n_good[0], 1);
		}
		assert_int_equal(rig.n_wrong, 0);
		rig_done(&rig);
	}
}

/* A tag that comes round before the late answer does is not given again until then. */
static void
test_few_tags(void **state)
{
	uint8_t late[64];
	unsigned lost, n = 0;
	size_t n_late;

	start("few", 1, 1, 10 * MS);
	rig_run(&rig, rig.now_ns + 505 * MS);
	rig_forget(&rig);
	rig.is_manual = true;
	while (rig.order[0] == '\0')
		step_to(rig.wants.wake_ns);
	n_late = rig_answer(&rig, late);
	lost = rig.asked[2] & 7;
	rig.is_manual = false;
	rig.salt = 5;
	step_to(rig.now_ns + 100 * MS);
	for (int64_t end_ns = rig.now_ns + 190 * MS; rig.now_ns < end_ns; n++) {
		rig_run(&rig, rig.now_ns + 10 * MS);
		assert_int_not_equal(rig.asked[2] & 7, lost);
	}
	assert_true(n > 8 && rig.n_good[0] > 8);
	deliver(late, n_late);
	assert_int_equal(rig_state(&rig, 0).stray, 1);
	assert_int_equal(rig.n_wrong, 0);
	rig_done(&rig);
}

static void
test_answers_in_pieces_and_in_lumps(void **state)
{
	uint8_t lump[256] = { 9, 0xFF, 0xFF, 0, 3, 0, 0, 0, 0 };
	size_t n;

	for (size_t piece = 1; piece < 30; piece++) {
		start("tagged", 1, 10, 100 * MS);
		rig.piece = piece;
		rig_run(&rig, rig.now_ns + 1 * S - 1);
		assert_int_equal(rig.n_good[9], 10);
		assert_int_equal(rig.n_wrong, 0);
		assert_int_equal(rig_state(&rig, 0).stray, 0);
		rig_done(&rig);
	}
	start("tagged", 1, 10, 100 * MS);
	rig_run(&rig, rig.now_ns + 50 * MS);
	rig.is_manual = true;
	rig_run(&rig, rig.now_ns + 50 * MS);
	n = rig_answer(
		&rig, lump + 9); /* a stray one, ours, ours once more, and the start of another */
	memcpy(lump + 9 + n, lump + 9, n);
	lump[9 + 2 * n] = 9;
	deliver(lump, 9 + 2 * n + 1);
	assert_int_equal(rig.n_good[0], 2);
	assert_int_equal(rig_state(&rig, 0).stray, 2);
	deliver(lump + 1, 8);
	assert_int_equal(rig_state(&rig, 0).stray, 3);
	rig_done(&rig);
}

static void
test_packets_are_whole_frames(void **state)
{
	uint8_t answer[64];
	size_t n;

	start("packets", 1, 3, 100 * MS);
	rig.is_manual = true;
	rig_run(&rig, rig.now_ns);
	n = rig_answer(&rig, answer);
	deliver(answer, n - 1); /* too short for the question: nothing is put together */
	assert_int_equal(rig_state(&rig, 0).stray, 1);
	deliver(answer, n);
	assert_int_equal(rig.n_good[2], 1);
	assert_int_equal(rig.n_wrong, 0);
	rig_done(&rig);
}

static void
test_identity_once_a_connection(void **state)
{
	start("tagged", 1, 1, 100 * MS);
	rig_run(&rig, rig.now_ns + 5 * S);
	assert_int_equal(rig_state(&rig, 0).requests, 51 + 2);
	link_closed(rig.link, Q_LINK_LOST, "pulled", rig.now_ns);
	rig_take(&rig);
	rig_forget(&rig);
	rig_run(&rig, rig.now_ns + 50 * MS);
	assert_string_equal(rig.order, "ii");
	rig_done(&rig);

	start("tagged", 1, 1, 100 * MS); /* a device that does not tell is left alone */
	rig.device[0].refuse_other = 1;
	rig_run(&rig, rig.now_ns + 50 * MS);
	link_closed(rig.link, Q_LINK_LOST, "pulled", rig.now_ns);
	rig_take(&rig);
	rig_run(&rig, rig.now_ns + 50 * MS);
	assert_string_equal(rig.order, "rir");
	assert_string_equal(rig_state(&rig, 0).identity, "");
	rig_done(&rig);
}

/* ---- writes ---------------------------------------------------------------------------------------------------- */

static void
order(uint32_t point, uint32_t tag)
{
	struct err err;

	assert_int_equal(
		link_write(rig.link, point, tag, (union value){ .i = 7 }, NULL, rig.now_ns, &err),
		0);
}

static void
test_writes_first_but_three_in_a_row(void **state)
{
	start("tagged", 1, 1, 10 * MS);
	rig.delay_ns = 10 * MS; /* a poll is always late */
	rig_run(&rig, rig.now_ns + 1 * S);
	rig_forget(&rig);
	for (uint32_t i = 0; i < 7; i++)
		order(0, i);
	rig_run(&rig, rig.now_ns + 105 * MS);
	assert_memory_equal(rig.order, "wwwrwwwrwr", 10);
	assert_int_equal(rig.n_written, 7);
	assert_int_equal(rig.verdict, Q_GOOD);
	assert_int_equal(rig.verdict_tag, 6);
	rig_done(&rig);
}

static void
test_write_verdicts(void **state)
{
	struct err err;

	start("tagged", 1, 1, 10 * S);
	rig_run(&rig, rig.now_ns + 1 * S);
	assert_int_equal(
		link_write(rig.link, 0, 1, (union value){ .i = 70000 }, NULL, rig.now_ns, &err),
		ERR_CONF);
	assert_int_equal(
		link_write(rig.link, 9, 1, (union value){ .i = 1 }, NULL, rig.now_ns, &err),
		ERR_CONF);
	order(0, 1); /* on the wire */
	for (uint32_t i = 2; i < 18; i++)
		order(0, i);
	assert_int_equal(
		link_write(rig.link, 0, 99, (union value){ .i = 1 }, NULL, rig.now_ns, &err),
		ERR_REFUSED);
	rig_take(&rig);
	rig_run(&rig, rig.now_ns + 1 * S);
	assert_int_equal(rig.n_written, 17);

	rig.device[0].refuse_other = 2;
	order(0, 29);
	rig_take(&rig);
	rig_run(&rig, rig.now_ns + 10 * MS);
	assert_int_equal(rig.verdict, Q_BAD_ADDRESS);
	rig.device[0].refuse_other = 0;

	rig.device[0].mood = RIG_BUSY;
	rig_forget(&rig);
	order(0, 30);
	rig_take(&rig);
	rig_run(&rig, rig.now_ns + 4 * S);
	assert_string_equal(rig.order, "wwwww");
	assert_int_equal(rig.verdict, Q_DEVICE_BUSY);

	rig_forget(&rig);
	order(0, 30);
	order(0, 30); /* behind one that waits: nothing to be done before that goes */
	rig_take(&rig);
	rig_run(&rig, rig.now_ns + 10 * MS);
	assert_string_equal(rig.order, "w");
	assert_true(rig.wants.wake_ns > rig.now_ns);
	rig_run(&rig, rig.now_ns + 10 * S);
	assert_int_equal(rig.n_written, 2);

	rig.device[0].mood = RIG_SILENT;
	rig_forget(&rig);
	order(0, 31);
	order(0, 32);
	rig_take(&rig);
	rig_run(&rig, rig.now_ns + 310 * MS);
	assert_string_equal(rig.order, "wwr");
	assert_int_equal(rig.n_written, 2);
	assert_int_equal(rig.verdict, Q_NO_ANSWER);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);

	rig.is_deaf = true;
	link_closed(rig.link, Q_LINK_LOST, "pulled", rig.now_ns);
	rig_take(&rig);
	rig_forget(&rig);
	order(0, 32); /* waiting for the next try */
	assert_int_equal(rig.n_written, 1);
	assert_int_equal(rig.verdict, Q_NO_LINK);
	rig_done(&rig);
}

/* What can only be written is never asked and never bad; all the rest goes on as without it. */
static void
order_once(uint32_t tag)
{
	struct err err;

	assert_int_equal(
		link_write_once(rig.link, 0, tag, (union value){ .i = 7 }, NULL, rig.now_ns, &err),
		0);
	rig_take(&rig);
}

/* What must not happen twice: never sent again, and told whether it provably did not happen. */
static void
test_write_once(void **state)
{
	static const struct {
		enum rig_mood mood;
		uint8_t refuses;
		enum link_once once;
	} rows[] = {
		{ RIG_WELL, 0, LINK_ONCE_DONE },
		{ RIG_WELL, 2, LINK_ONCE_NOT },
		{ RIG_BUSY, 0, LINK_ONCE_NOT },
		{ RIG_SILENT, 0, LINK_ONCE_UNKNOWN },
	};

	for (uint32_t i = 0; i < NELEM(rows); i++) {
		start("tagged", 1, 1, 10 * S);
		rig_run(&rig, rig.now_ns + 1 * S);
		rig.device[0].mood = rows[i].mood;
		rig.device[0].refuse_other = rows[i].refuses;
		rig_forget(&rig);
		order_once(i);
		rig_run(&rig, rig.now_ns + 4 * S);
		assert_int_equal(rig.n_once, 1);
		assert_int_equal(rig.n_written, 0);
		assert_int_equal(rig.once, rows[i].once);
		assert_int_equal(strspn(rig.order, "w"), 1);
		assert_null(strchr(rig.order + 1, 'w'));
		rig_done(&rig);
	}
}

/* It was on the wire when that was lost; and one that comes while nobody can be reached. */
static void
test_write_once_without_a_wire(void **state)
{
	start("tagged", 1, 1, 10 * S);
	rig_run(&rig, rig.now_ns + 1 * S);
	rig.device[0].mood = RIG_SILENT;
	order_once(1);
	link_closed(rig.link, Q_LINK_LOST, "pulled", rig.now_ns);
	assert_int_equal(rig.once, LINK_ONCE_UNKNOWN);
	link_closed(rig.link, Q_NO_LINK, "refused", rig.now_ns);
	rig.n_once = 0;
	order_once(2);
	assert_int_equal(rig.n_once, 1);
	assert_int_equal(rig.once, LINK_ONCE_NOT);
	rig_done(&rig);
}

static void
test_write_only(void **state)
{
	static const struct rig_point points[] = {
		{ 0, 100, 1, 100 * MS },
		{ 0, 101, 1 | RIG_WRITE_ONLY, 100 * MS },
		{ 0, 102, 1 | RIG_WRITE_ONLY, 10 * MS },
		{ 1, 7, 1 | RIG_WRITE_ONLY, 100 * MS },
	};

	rig_init(&rig, "tagged", 2, points, NELEM(points));
	rig_run(&rig, rig.now_ns + 1 * S);
	assert_int_equal(get_u16be(rig.asked + 5), 100);
	assert_int_equal(get_u16be(rig.asked + 7), 1);
	assert_in_range(rig.n_good[0], 9, 11);
	assert_int_equal(rig.device[1].n_questions, 0); /* nobody has anything to ask it */
	for (uint32_t i = 1; i < 4; i++) {
		order(i, i);
		rig_take(&rig);
		rig_run(&rig, rig.now_ns + 100 * MS);
		assert_int_equal(rig.verdict, Q_GOOD);
		assert_int_equal(rig.verdict_tag, i);
	}
	rig.device[0].mood = RIG_SILENT;
	rig_run(&rig, rig.now_ns + 5 * S);
	assert_int_equal(rig.last[0].quality, Q_NO_ANSWER);
	assert_int_equal(rig_good(&rig, 1, 3) + rig_bad(&rig, 1, 3), 0);
	rig_done(&rig);
}

/* A place that tells what a device is, read in several steps: only the last one has its value. */
static void
test_identity_in_steps(void **state)
{
	static const struct rig_point point = { 0, 100, 1, 100 * MS };
	struct image_instrument *ins;

	rig_init(&rig, "steps", 1, &point, 1);
	ins = (struct image_instrument *)(uintptr_t)image_instrument_at(rig.img, 0);
	ins->identify = IDENTIFY_POINT;
	ins->identify_address = 900;
	ins->identify_count = 1;
	ins->identify_value = VALUE_UINT;
	ins->identify_number = (double)rig_value(&rig, 900);
	link_free(rig.link);
	rig.link = link_new(rig.img, 0, rig_codec, &rig.sink, rig.now_ns);
	link_take(rig.link, &rig.wants);
	rig_run(&rig, rig.now_ns + 20 * MS);
	assert_int_equal(rig.n_states, 1);
	assert_int_equal(rig.state[0], INSTRUMENT_UP);
	assert_int_equal(rig.n_good[0], 1);
	assert_string_equal(rig.order, "rrrr");
	rig_done(&rig);
}

/* ---- secrets --------------------------------------------------------------------------------------------------- */

static struct board_trace last_line;

static void
keep_line(void *ctx, uint32_t instrument, const struct board_trace *line)
{
	if (line->kind == TRACE_RECEIVED)
		last_line = *line;
}

static struct codec with_password;
static char password_said[64];

static const struct codec *
find_with_password(const char *name)
{
	return &with_password;
}

static int
encode_with_password(const struct instrument *ins, const struct request *req, uint32_t tag,
	const struct vars *vars, uint8_t *out, size_t cap, struct err *err)
{
	snprintf(password_said, sizeof(password_said), "%s", ins->opts.text[0]);
	return rig_codec("tagged")->encode(ins, req, tag, vars, out, cap, err);
}

static struct secrets *
make_secrets(size_t at, const char *value)
{
	struct secrets *s = secrets_new();

	s->n = at + 1;
	for (size_t i = 0; i < s->n; i++) {
		strcpy(s->at[i].value, i == at ? value : "another one");
		s->at[i].n = strlen(s->at[i].value);
	}
	return s;
}

static void
name_secret(struct image *img, int64_t number)
{
	struct image_instrument *ins =
		(struct image_instrument *)(uintptr_t)image_instrument_at(img, 0);

	ins->opts[0] = number;
}

/* The owner gives up the old secrets; the unit that lives on has the new ones, wherever they stand. */
static void
test_a_reload_keeps_the_password(void **state)
{
	static const struct rig_point point = { 0, 100, 1, 100 * MS };
	static const struct opt opts[] = { { .name = "password", .type = OPT_SECRET },
		{ .name = NULL } };
	struct secrets *old = make_secrets(0, "Open-Sesame"), *new = make_secrets(2, "Open-Sesame");
	struct image *img;
	struct link *l;

	with_password = *rig_codec("tagged");
	with_password.opts = opts;
	with_password.encode = encode_with_password;
	rig_init(&rig, "tagged", 1, &point, 1);
	link_free(rig.link);
	name_secret(rig.img, 1);
	rig.link = link_new(rig.img, 0, find_with_password, &rig.sink, rig.now_ns);
	link_secrets(rig.link, old);
	rig_run(&rig, rig.now_ns + 50 * MS);
	assert_string_equal(password_said, "Open-Sesame");

	img = rig_image("tagged", 1, &point, 1, 0);
	name_secret(img, 3);
	l = link_new(img, 0, find_with_password, &rig.sink, rig.now_ns);
	link_secrets(l, new);
	assert_int_equal(link_adopt(l, rig.link, rig.now_ns), 1);
	link_free(rig.link);
	secrets_free(old);
	free(rig.img);
	rig.link = l;
	rig.img = img;
	password_said[0] = '\0';
	rig_take(&rig);
	rig_run(&rig, rig.now_ns + 150 * MS);
	assert_string_equal(password_said, "Open-Sesame");
	rig_done(&rig);
	secrets_free(new);
}

/* Whatever comes over a wire: its length in the trace does not tell that of a secret. */
static void
test_the_trace_has_no_secrets(void **state)
{
	static const struct rig_point point = { 0, 100, 1, 100 * MS };
	static const char *const values[] = { "Open-Sesame", "Open" };
	static struct secrets secrets;
	struct link_sink sink;

	rig_init(&rig, "tagged", 1, &point, 1);
	sink = rig.sink;
	sink.trace = keep_line;
	for (size_t i = 0; i < NELEM(values); i++) {
		uint8_t said[64] = {
			40
		}; /* a frame of the rig's protocol, whose first byte is its length */

		secrets.n = 1;
		secrets.at[0].n = strlen(values[i]);
		strcpy(secrets.at[0].value, values[i]);
		said[0] = (uint8_t)snprintf((char *)said + 6, 50, "you said %s!", values[i]) + 6;
		link_free(rig.link);
		rig.link = link_new(rig.img, 0, rig_codec, &sink, rig.now_ns);
		link_secrets(rig.link, &secrets);
		link_time(rig.link, rig.now_ns);
		link_take(rig.link, &rig.wants);
		assert_true(rig.wants.open);
		link_opened(rig.link, rig.now_ns);
		link_bytes(rig.link, said, said[0], rig.now_ns);
		said[said[0]] = '\0';
		assert_int_equal(last_line.n, 6 + strlen("you said ***!"));
		assert_memory_equal(last_line.bytes + 6, "you said ***!", strlen("you said ***!"));
	}
	rig_done(&rig);
}

/* ---- reload ---------------------------------------------------------------------------------------------------- */

/* Put a link made from a new image in the old one's place. */
static bool
reload_as(const char *codec, uint64_t hash_of_unit0)
{
	static struct rig_point points[4];
	struct image *img;
	struct link *l;
	bool is_kept;

	for (unsigned i = 0; i < 4; i++)
		points[i] = (struct rig_point){ i / 2, 100 + i % 2, 1, 100 * MS };
	img = rig_image(codec, 2, points, 4, hash_of_unit0);
	l = link_new(img, 0, rig_codec, &rig.sink, rig.now_ns);
	is_kept = link_adopt(l, rig.link, rig.now_ns);
	link_free(rig.link);
	free(rig.img);
	rig.link = l;
	rig.img = img;
	rig_take(&rig);
	return is_kept;
}

static bool
reload(uint64_t hash_of_unit0)
{
	return reload_as("tagged", hash_of_unit0);
}

/* It says what it is once, and not on each of its connections; after a silence it is asked anew. */
static void
test_identity_of_one_that_ends_each_connection(void **state)
{
	static const struct rig_point point = { 0, 100, 1, 100 * MS };
	struct image_instrument *ins;

	rig_init(&rig, "ends", 1, &point, 1);
	ins = (struct image_instrument *)(uintptr_t)image_instrument_at(rig.img, 0);
	ins->identify = IDENTIFY_POINT;
	ins->identify_address = 500;
	ins->identify_count = 1;
	ins->identify_value = VALUE_UINT;
	ins->identify_number = (double)rig_value(&rig, 500);
	link_free(rig.link);
	rig.link = link_new(rig.img, 0, rig_codec, &rig.sink, rig.now_ns);
	rig_run(&rig, rig.now_ns + 10 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_UP);
	assert_in_range(rig.n_good[0], 98, 100);
	assert_in_range(rig.device[0].n_questions, 99, 103);

	rig.device[0].mood = RIG_SILENT;
	rig_run(&rig, rig.now_ns + 5 * S);
	assert_int_equal(rig.state[0], INSTRUMENT_DOWN);
	rig.salt = 7; /* another device */
	rig.device[0].mood = RIG_WELL;
	rig_forget(&rig);
	rig_run(&rig, rig.now_ns + 10 * S);
	assert_int_equal(rig.last[0].quality, Q_WRONG_DEVICE);
	assert_int_equal(rig.n_good[0], 0);
	rig_done(&rig);
}

static void
test_reload_loses_no_poll(void **state)
{
	start("tagged", 2, 2, 100 * MS);
	rig.device[1].bad[101] = 2;
	rig_run(&rig, rig.now_ns + 1 * S + 1 * MS); /* a request is under way */
	assert_true(reload(0));
	assert_int_equal(rig.n_opens, 1);
	rig_run(&rig, rig.now_ns + 1 * S + 50 * MS);
	assert_int_equal(rig.n_good[0], 21);
	assert_int_equal(rig.n_good[2], 21);
	assert_int_equal(
		rig.n_bad[3], 2); /* what was learned is still known: it alone is asked again */
	assert_int_equal(rig.n_states, 2);
	assert_int_equal(rig_state(&rig, 0).stray, 0);
	assert_string_equal(rig_state(&rig, 0).identity, "rig 1");
	rig_done(&rig);
}

/* What decode() has learned of a device is what match() goes by, in the link that takes over as well. */
static void
test_reload_keeps_what_was_learned(void **state)
{
	start("learned", 2, 2, 100 * MS);
	rig_run(&rig, rig.now_ns + 1 * S + 1 * MS); /* a request is under way */
	assert_true(reload_as("learned", 0));
	rig_run(&rig, rig.now_ns + 1 * S);
	assert_true(
		reload_as("learned", 1234)); /* one starts anew; its answer under way is awaited */
	rig_run(&rig, rig.now_ns + 1 * S);
	assert_in_range(rig.n_good[2], 27, 28);
	assert_int_equal(rig_bad(&rig, 0, 4), 0);
	assert_int_equal(rig_state(&rig, 1).stray + rig_state(&rig, 1).timeouts, 0);
	rig_done(&rig);
}

static void
test_reload_of_one_instrument(void **state)
{
	uint8_t late[64];
	size_t n_late;

	start("tagged", 2, 2, 100 * MS);
	rig_run(&rig, rig.now_ns + 1 * S + 1 * MS); /* unit 0 is being asked */
	n_late = rig_answer(&rig, late);
	rig_forget(&rig);
	rig.state[0] = INSTRUMENT_STARTING;
	assert_true(reload(1234));
	assert_int_equal(rig.n_opens, 1); /* the wire is the same */
	deliver(late, n_late);
	assert_int_equal(rig.n_good[0], 0);
	rig_run(&rig, rig.now_ns + 1 * S);
	assert_in_range(rig.n_good[2], 10, 11); /* the other one went on */
	assert_in_range(rig.n_good[0], 10, 11);
	assert_int_equal(rig_state(&rig, 0).requests, rig_state(&rig, 0).answers);
	assert_int_equal(rig.n_states, 1); /* the changed one starts anew */
	assert_int_equal(rig.n_twice, 0);
	assert_int_equal(
		rig_state(&rig, 0).stray + rig_state(&rig, 1).stray, 1); /* its old answer */
	rig_done(&rig);
}

static void
test_reload_while_down(void **state)
{
	start("tagged", 2, 2, 100 * MS);
	rig_run(&rig, rig.now_ns);
	rig.is_deaf = true;
	link_closed(rig.link, Q_LINK_LOST, "pulled", rig.now_ns);
	rig_take(&rig);
	rig_run(&rig, rig.now_ns + 4 * S);
	rig.n_opens = 0;
	rig_forget(&rig);
	assert_false(reload(0));
	rig_run(&rig, rig.now_ns + 3 * S); /* the back-off goes on: tries at 3.5 and 7.5 s */
	assert_int_equal(rig.n_opens, 0);
	rig_run(&rig, rig.now_ns + 1 * S);
	assert_int_equal(rig.n_opens, 1);
	assert_int_equal(rig.n_states, 0);
	assert_int_equal(rig_bad(&rig, 0, 4), 0); /* nothing new to tell */
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_polls_keep_their_grid),
		cmocka_unit_test(test_late_polls_are_skipped_not_made_up_for),
		cmocka_unit_test(test_slow_polls_are_not_starved),
		cmocka_unit_test(test_silence_down_probe_up),
		cmocka_unit_test(test_all_requests_are_due_when_it_comes_back),
		cmocka_unit_test(test_dead_neighbour_costs_little),
		cmocka_unit_test(test_a_line_that_never_pauses_is_asked_all_the_same),
		cmocka_unit_test(test_a_mute_question_takes_no_device_down),
		cmocka_unit_test(test_a_mute_question_hides_no_death),
		cmocka_unit_test(test_mute_from_the_start),
		cmocka_unit_test(test_busy_gateway_and_nonsense),
		cmocka_unit_test(test_open_backs_off),
		cmocka_unit_test(test_first_try_fails),
		cmocka_unit_test(test_lost_wire_opens_at_once),
		cmocka_unit_test(test_half_a_frame_then_the_end),
		cmocka_unit_test(test_garbage_starts_the_wire_anew),
		cmocka_unit_test(test_late_answer_with_tag_never_becomes_a_value),
		cmocka_unit_test(test_quarantine_without_tag),
		cmocka_unit_test(test_out_of_step),
		cmocka_unit_test(test_late_answer_over_a_new_connection),
		cmocka_unit_test(test_few_tags),
		cmocka_unit_test(test_answers_in_pieces_and_in_lumps),
		cmocka_unit_test(test_packets_are_whole_frames),
		cmocka_unit_test(test_identity_once_a_connection),
		cmocka_unit_test(test_writes_first_but_three_in_a_row),
		cmocka_unit_test(test_write_verdicts),
		cmocka_unit_test(test_write_once),
		cmocka_unit_test(test_write_once_without_a_wire),
		cmocka_unit_test(test_write_only),
		cmocka_unit_test(test_identity_of_one_that_ends_each_connection),
		cmocka_unit_test(test_identity_in_steps),
		cmocka_unit_test(test_a_reload_keeps_the_password),
		cmocka_unit_test(test_the_trace_has_no_secrets),
		cmocka_unit_test(test_reload_loses_no_poll),
		cmocka_unit_test(test_reload_keeps_what_was_learned),
		cmocka_unit_test(test_reload_of_one_instrument),
		cmocka_unit_test(test_reload_while_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
