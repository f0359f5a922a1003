/* test_sequence_power.c - sequences after an outage: rows of power_loss, what stands, what comes back */
#include "sequence_rig.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Heats with hydrogen on; then these rows. */
#define HEATS(rows)                                                                                \
	"param rb = 30 K/min\n"                                                                    \
	"step 10 \"Purge\" entry always\n"                                                         \
	"  set N2 = 50 mL/min\n"                                                                   \
	"  wait 2 s\n"                                                                             \
	"end\n"                                                                                    \
	"step 20 \"Heat\" entry always\n"                                                          \
	"  set V = open\n"                                                                         \
	"  set H2 = 5 mL/min\n"                                                                    \
	"  ramp T to 60 degC at 60 K/min\n"                                                        \
	"  wait 1 h\n"                                                                             \
	"end\n"                                                                                    \
	"step 60 \"End\" entry always\n"                                                           \
	"  set V = closed, H2 = 0 mL/min, T = 0 degC\n"                                            \
	"  set N2 = 77 mL/min\n"                                                                   \
	"  wait 1 h\n"                                                                             \
	"end\n"                                                                                    \
	"on abort -> step 60\n"                                                                    \
	"on hold > 1 h -> abort\n"                                                                 \
	"on power_loss\n" rows

static void
heat(struct hand_rig *r, const char *text, const char *more, const char *d0_keys)
{
	sequence_begin_with(r, text, more, d0_keys);
	sequence_start(r);
	sequence_follow(r, 45 * NS_PER_S);
	sequence_is_state(r, "running");
	assert_int_equal((int)hand_value(r, "sequence.step"), 20);
	assert_in_range(sequence_held(r, 0, 2), 38, 48);
	assert_int_equal(sequence_held(r, 1, 8), 1);
	assert_int_equal(sequence_held(r, 1, 4), 5);
}

static size_t
writes_of(const struct hand_rig *r, unsigned device, uint32_t address, size_t from)
{
	size_t n = 0;

	for (size_t i = from; i < r->n_writes; i++)
		n += (unsigned)r->writes[i].device == device && r->writes[i].address == address;
	return n;
}

static const char *
told(const struct hand_rig *r, enum event_kind kind)
{
	const struct event *e = hand_last(r, kind);

	return e == NULL ? "" : e->text;
}

/* A first row that holds: all that it names comes back, the clock has stood, and it goes on. */
static void
test_continue(void **state)
{
	struct hand_rig r = { 0 };
	double before;

	heat(&r,
		HEATS("  outage < 2 min and abs(T - last(T)) < 20 K -> continue with V, H2\n"
		      "  otherwise -> trip cold\n"),
		"", "");
	before = hand_value(&r, "sequence.time");
	hand_kill(&r, 30 * NS_PER_S);
	sequence_follow(&r, 8 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_in_range((int)(hand_value(&r, "sequence.time") - before), 1, 8);
	assert_int_equal(sequence_held(&r, 1, 8), 1);
	assert_int_equal(sequence_held(&r, 1, 4), 5);
	assert_string_equal(hand_word(&r, "T.owner"), "sequence");
	if (strstr(told(&r, EVENT_SEQUENCE_INTERRUPTED), "goes on after 3") == NULL)
		fail_msg("told: %s", told(&r, EVENT_SEQUENCE_INTERRUPTED));
	sequence_follow(&r, 30 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), 60);
	hand_done(&r);
}

/* What may burn and is not named is safe, and the sequence waits. */
static void
test_fuel_waits_for_a_person(void **state)
{
	struct hand_rig r = { 0 };

	heat(&r, HEATS("  outage < 2 min -> continue\n  otherwise -> trip cold\n"), "", "");
	hand_kill(&r, 30 * NS_PER_S);
	sequence_follow(&r, 8 * NS_PER_S);
	sequence_is_state(&r, "held");
	assert_int_equal(sequence_held(&r, 1, 8), 0);
	assert_int_equal(sequence_held(&r, 1, 4), 0);
	assert_int_equal(sequence_held(&r, 1, 0), 50);
	assert_non_null(strstr(told(&r, EVENT_SEQUENCE_HELD), "stayed safe"));
	/* A person says that it goes on. */
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_RESUME, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, 30 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_int_equal(sequence_held(&r, 1, 8), 1);
	assert_int_equal(sequence_held(&r, 1, 4), 5);
	assert_int_equal(sequence_held(&r, 0, 2), 60);
	hand_done(&r);
}

/* The furnace has cooled meanwhile: it goes back to where it was, at the rate that was asked for. */
static void
test_ramp_back(void **state)
{
	struct hand_rig r = { 0 };
	int16_t was, now;

	heat(&r,
		HEATS("  outage < 10 s -> continue\n"
		      "  step == 20 -> ramp back at rb then continue with V, H2\n"
		      "  otherwise -> trip cold\n"),
		"", "");
	was = sequence_held(&r, 0, 2);
	r.device[0].held[1] = r.device[1].held[6] = 25;
	hand_kill(&r, 120 * NS_PER_S);
	hand_run(&r, 6 * NS_PER_S);
	now = sequence_held(&r, 0, 2);
	assert_in_range(now, 25, 30); /* from what is measured, 30 K/min */
	sequence_follow(&r, 20 * NS_PER_S);
	assert_in_range(sequence_held(&r, 0, 2), now + 8, now + 12);
	sequence_follow(&r, 90 * NS_PER_S);
	assert_true(was < 60);
	assert_int_equal(sequence_held(&r, 0, 2), 60);
	sequence_is_state(&r, "running");
	hand_done(&r);
}

/* A person is asked: all is safe meanwhile, over a kill, too, and comes back by RESUME. */
static void
test_ask(void **state)
{
	struct hand_rig r = { 0 };

	heat(&r, HEATS("  outage < 30 min and step == 20 -> ask\n  otherwise -> trip cold\n"), "",
		"");
	hand_kill(&r, 60 * NS_PER_S);
	sequence_follow(&r, 8 * NS_PER_S);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	sequence_is_state(&r, "held");
	assert_int_equal(sequence_held(&r, 1, 8), 0);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_SKIP, "", "", NULL), VERDICT_REFUSED);
	hand_kill(&r, 60 * NS_PER_S);
	sequence_follow(&r, 8 * NS_PER_S);
	sequence_is_state(&r, "held");
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_RESUME, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, 90 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_int_equal(sequence_held(&r, 1, 8), 1);
	assert_int_equal(sequence_held(&r, 0, 2), 60);
	hand_done(&r);
}

static void
test_ask_and_abort(void **state)
{
	struct hand_rig r = { 0 };

	heat(&r, HEATS("  outage < 30 min and step == 20 -> ask\n  otherwise -> trip cold\n"), "",
		"");
	hand_kill(&r, 60 * NS_PER_S);
	sequence_follow(&r, 8 * NS_PER_S);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_ABORT, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, 8 * NS_PER_S);
	sequence_is_state(&r, "aborted");
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	assert_int_equal(sequence_held(&r, 1, 8), 0);
	hand_done(&r);
}

/* No row before it holds; and of an outage of which nobody knows how long it was it is the one. */
static void
test_otherwise(void **state)
{
	for (int is_unknown = 0; is_unknown < 2; is_unknown++) {
		struct hand_rig r = { 0 };

		heat(&r,
			HEATS("  outage < 2 min and step == 20 -> continue with V, H2\n"
			      "  otherwise -> trip cold\n"),
			"", "");
		if (is_unknown != 0) {
			r.wall_is_bad = true;
			hand_reboot(&r, 20 * NS_PER_S);
		} else {
			hand_kill(&r, 200 * NS_PER_S);
		}
		sequence_follow(&r, 8 * NS_PER_S);
		sequence_is_state(&r, "aborted");
		assert_string_equal(hand_word(&r, "safe.cold"), "reached");
		assert_int_equal(sequence_held(&r, 1, 8), 0);
		assert_int_equal(sequence_held(&r, 0, 2), 0);
		hand_done(&r);
	}
}

/* The handler begins with what devices hold: nothing that was comes back, fuel is safe before it does anything. */
static void
test_abort_row(void **state)
{
	struct hand_rig r = { 0 };
	size_t from;

	heat(&r, HEATS("  outage < 10 s -> continue\n  otherwise -> abort\n"), "", "");
	r.device[1].held[0] = 3; /* the flow controller has lost power */
	from = r.n_writes;
	hand_kill(&r, 60 * NS_PER_S);
	sequence_follow(&r, 8 * NS_PER_S);
	assert_int_equal((int)hand_value(&r, "sequence.step"), 60);
	sequence_is_state(&r, "aborting");
	assert_int_equal(sequence_held(&r, 1, 8), 0);
	assert_int_equal(sequence_held(&r, 1, 4), 0);
	sequence_follow(&r, 60 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 1, 0), 77);
	assert_int_equal(writes_of(&r, 1, 0, from), 1); /* 50 was never written again */
	assert_int_equal(sequence_held(&r, 0, 2), 0);
	hand_done(&r);
}

/* A run that was paused is led on all the same. */
static void
test_step_row(void **state)
{
	for (int is_paused = 0; is_paused < 2; is_paused++) {
		struct hand_rig r = { 0 };

		heat(&r, HEATS("  outage < 10 s -> continue\n  otherwise -> step 60\n"), "", "");
		if (is_paused != 0)
			assert_int_equal(sequence_press(&r, COMMAND_SEQ_PAUSE, "", "", NULL),
				VERDICT_VERIFIED);
		sequence_follow(&r, 2 * NS_PER_S);
		hand_kill(&r, 60 * NS_PER_S);
		sequence_follow(&r, 10 * NS_PER_S);
		assert_int_equal((int)hand_value(&r, "sequence.step"), 60);
		sequence_is_state(&r, "running");
		assert_int_equal(sequence_held(&r, 1, 8), 0);
		assert_int_equal(sequence_held(&r, 1, 0), 77);
		hand_done(&r);
	}
}

static void
test_hold_row(void **state)
{
	struct hand_rig r = { 0 };

	heat(&r, HEATS("  outage < 10 s -> continue\n  otherwise -> hold \"was the trap cold?\"\n"),
		"", "");
	hand_kill(&r, 60 * NS_PER_S);
	sequence_follow(&r, 8 * NS_PER_S);
	sequence_is_state(&r, "held");
	assert_non_null(strstr(told(&r, EVENT_SEQUENCE_HELD), "was the trap cold?"));
	assert_int_equal(sequence_held(&r, 1, 8), 0);
	hand_done(&r);
}

/* A device that lost power under the hands of a controller that lives is an outage, too: of the rows of the sequence. */
static void
test_a_device_loses_power(void **state)
{
	struct hand_rig r = { 0 };
	double before;

	heat(&r,
		HEATS("  outage < 10 s and abs(T - last(T)) < 20 K -> ramp back at rb then "
		      "continue with V, H2\n"
		      "  otherwise -> trip cold\n"),
		"", "    uptime: up\n");
	before = hand_value(&r, "sequence.time");
	r.device[0].held[5] = 500;
	hand_run(&r, 2 * NS_PER_S);
	r.device[0].held[2] = 0; /* its setpoint is gone */
	r.device[0].held[5] = 1;
	hand_run(&r, 3 * NS_PER_S);
	assert_true(hand_count(&r, EVENT_DEVICE_LOST_POWER, "d0") > 0);
	sequence_is_state(&r, "running");
	assert_non_null(strstr(told(&r, EVENT_SEQUENCE_INTERRUPTED), "goes on"));
	assert_in_range(sequence_held(&r, 0, 2), 20, 60);
	assert_true(hand_value(&r, "sequence.time") - before < 5);
	sequence_follow(&r, 60 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), 60);
	hand_done(&r);
}

/* While mains is lost it stands, and is shown to; afterwards the rows decide. */
static void
test_mains(void **state)
{
	struct hand_rig r = { 0 };
	double clock;

	heat(&r, HEATS("  outage < 5 min -> continue with V, H2\n  otherwise -> trip cold\n"),
		"power: {mains: d2.mains}\n", "");
	r.device[2].held[10] = 0;
	hand_run(&r, 5 * NS_PER_S);
	clock = hand_value(&r, "sequence.time");
	hand_run(&r, 60 * NS_PER_S);
	sequence_is_state(&r, "held");
	assert_true(hand_value(&r, "sequence.time") - clock < 0.2);
	assert_int_equal(sequence_held(&r, 1, 8), 1);
	r.device[2].held[10] = 1;
	sequence_follow(&r, 60 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_int_equal(sequence_held(&r, 0, 2), 60);
	hand_done(&r);
}

/* SAFE PAUSE over a restart is still one. */
static void
test_safe_pause_over_a_kill(void **state)
{
	struct hand_rig r = { 0 };

	heat(&r, HEATS("  outage < 2 min -> continue with V, H2\n  otherwise -> trip cold\n"), "",
		"");
	assert_int_equal(
		sequence_press(&r, COMMAND_SEQ_SAFE_PAUSE, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, 5 * NS_PER_S);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	hand_kill(&r, 60 * NS_PER_S);
	sequence_follow(&r, 5 * NS_PER_S);
	sequence_is_state(&r, "held");
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_RESUME, "", "", NULL), VERDICT_VERIFIED);
	sequence_follow(&r, 100 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_int_equal(sequence_held(&r, 1, 8), 1);
	assert_int_equal(sequence_held(&r, 0, 2), 60);
	hand_done(&r);
}

/* A trip while it is being decided has the last word. */
static void
test_a_trip_meanwhile(void **state)
{
	struct hand_rig r = { 0 };

	heat(&r, HEATS("  outage < 2 min -> continue with V, H2\n  otherwise -> trip cold\n"), "",
		"");
	r.device[1].held[7] = 50;
	hand_kill(&r, 30 * NS_PER_S);
	sequence_follow(&r, 8 * NS_PER_S);
	sequence_is_state(&r, "aborted");
	assert_string_equal(hand_word(&r, "trip.leak"), "tripped");
	assert_int_equal(sequence_held(&r, 1, 8), 0);
	hand_done(&r);
}

/* What was quiet before an outage, or a pause, and is so behind it, was not looked at in between. */
static void
test_quiet_is_looked_at_anew(void **state)
{
	for (int is_pause = 0; is_pause < 2; is_pause++) {
		struct hand_rig r = { 0 };

		sequence_begin(&r, "step 10 \"Quiet\"\n"
				   "  set N2 = 50 mL/min\n"
				   "  wait stable N2 within 2 % for 10 s timeout 1 h else abort\n"
				   "  set P = 7\n"
				   "  wait 1 h\n"
				   "end\n");
		sequence_start(&r);
		sequence_follow(&r, 8 * NS_PER_S);
		if (is_pause != 0) {
			assert_int_equal(sequence_press(&r, COMMAND_SEQ_PAUSE, "", "", NULL),
				VERDICT_VERIFIED);
			sequence_follow(&r, 30 * NS_PER_S);
			assert_int_equal(sequence_press(&r, COMMAND_SEQ_RESUME, "", "", NULL),
				VERDICT_VERIFIED);
			sequence_follow(&r, NS_PER_S);
		} else {
			hand_kill(&r, 5 * NS_PER_S);
			sequence_follow(&r, 4 * NS_PER_S);
		}
		if (strcmp(hand_word(&r, "sequence.state"), "running") != 0)
			fail_msg("%d: %s", is_pause, told(&r, EVENT_SEQUENCE_HELD));
		sequence_follow(&r, 6 * NS_PER_S);
		assert_int_equal(sequence_held(&r, 0, 3), 0);
		sequence_follow(&r, 8 * NS_PER_S);
		assert_int_equal(sequence_held(&r, 0, 3), 7);
		hand_done(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_continue),
		cmocka_unit_test(test_fuel_waits_for_a_person),
		cmocka_unit_test(test_ramp_back),
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_ask_and_abort),
		cmocka_unit_test(test_otherwise),
		cmocka_unit_test(test_abort_row),
		cmocka_unit_test(test_step_row),
		cmocka_unit_test(test_hold_row),
		cmocka_unit_test(test_a_device_loses_power),
		cmocka_unit_test(test_mains),
		cmocka_unit_test(test_safe_pause_over_a_kill),
		cmocka_unit_test(test_a_trip_meanwhile),
		cmocka_unit_test(test_quiet_is_looked_at_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
