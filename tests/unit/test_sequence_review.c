/* test_sequence_review.c - sequences in corners: holds of each kind and what leads out of them, what comes back, what must not move */
#include "sequence_rig.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void
press(struct hand_rig *r, enum command_kind kind, const char *value)
{
	const char *why = "";

	if (sequence_press(r, kind, "", value, &why) != VERDICT_VERIFIED)
		fail_msg("refused: %s", why);
}

static size_t
writes_of(const struct hand_rig *r, unsigned device, uint32_t address, size_t from)
{
	size_t n = 0;

	for (size_t i = from; i < r->n_writes; i++)
		n += (unsigned)r->writes[i].device == device && r->writes[i].address == address;
	return n;
}

/* ---- holds ---------------------------------------------------------------------------------------------------------------- */

/* ---- what comes back ------------------------------------------------------------------------------------------------------- */

/* A ramp that has arrived is asked for once more when somebody moved it. */
static void
test_arrived_ramp_comes_back(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "step 10 \"Go\"\n"
			   "  ramp T to 30 degC at 60 K/min\n"
			   "  wait 10 min\n"
			   "end\n"
			   "on hold > 1 h -> abort\n");
	sequence_start(&r);
	sequence_follow(&r, 35 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), 30);
	assert_int_equal(sequence_press(&r, COMMAND_MODE, "T", "manual", NULL), VERDICT_VERIFIED);
	hand_run(&r, NS_PER_S);
	assert_int_equal(hand_set(&r, "T", "20"), VERDICT_VERIFIED);
	sequence_follow(&r, 15 * NS_PER_S);
	sequence_is_state(&r, "held");
	press(&r, COMMAND_SEQ_RESUME, "");
	sequence_follow(&r, 35 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), 30);
	hand_done(&r);
}

/* What burned by a ramp, and stayed safe over an outage, is there again when a person says so. */
static void
test_ramped_fuel_comes_back(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r,
		"step 10 \"Go\"\n"
		"  set V = open\n"
		"  ramp H2 to 5 mL/min at 300 mL/min/min\n"
		"  wait 10 min\n"
		"end\n"
		"on hold > 1 h -> abort\n"
		"on power_loss\n  outage < 2 min -> continue\n  otherwise -> trip cold\n");
	sequence_start(&r);
	hand_run(&r, 5 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 1, 4), 5);
	hand_kill(&r, 30 * NS_PER_S);
	hand_run(&r, 8 * NS_PER_S);
	sequence_is_state(&r, "held");
	assert_int_equal(sequence_held(&r, 1, 4), 0);
	press(&r, COMMAND_SEQ_RESUME, "");
	hand_run(&r, 8 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_int_equal(sequence_held(&r, 1, 8), 1);
	assert_int_equal(sequence_held(&r, 1, 4), 5);
	hand_done(&r);
}

/* ---- handlers -------------------------------------------------------------------------------------------------------------- */

/* ---- guards ---------------------------------------------------------------------------------------------------------------- */

/* ---- questions -------------------------------------------------------------------------------------------------------------- */

/* Each has its whole time, also when another one was asked before. */
static void
test_questions_in_turn(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "step 10 \"Go\"\n"
			   "  parallel\n"
			   "    do ask \"One?\" answers ok timeout 10 s -> abort\n"
			   "    do ask \"Two?\" answers ok timeout 10 s -> abort\n"
			   "  join timeout 1 h -> abort\n"
			   "  set P = 1\n"
			   "  wait 1 min\n"
			   "end\n");
	sequence_start(&r);
	hand_run(&r, 8 * NS_PER_S);
	press(&r, COMMAND_SEQ_REPLY, "ok");
	hand_run(&r, 5 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_string_equal(hand_last(&r, EVENT_SEQUENCE_ASKS)->text, "Two?");
	press(&r, COMMAND_SEQ_REPLY, "ok");
	hand_run(&r, NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 1);
	hand_done(&r);
}

/* A question that a guard skipped is not open any more: the next one is asked. */
static void
test_skipped_question(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "guard off when bed > 50 degC -> skip\n"
			   "step 10 \"Go\"\n"
			   "  repeat 2 as n\n"
			   "    ask \"Turn {n}?\" answers ok timeout 20 s -> abort\n"
			   "    set P = n\n"
			   "  end\n"
			   "  wait 1 min\n"
			   "end\n");
	sequence_start(&r);
	hand_run(&r, NS_PER_S);
	r.device[1].held[6] = 60;
	hand_run(&r, NS_PER_S);
	assert_string_equal(hand_last(&r, EVENT_SEQUENCE_ASKS)->text, "Turn 2?");
	press(&r, COMMAND_SEQ_REPLY, "ok");
	hand_run(&r, NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 2);
	hand_done(&r);
}

static void
test_answer_that_skips(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "step 10 \"Go\"\n"
			   "  repeat 2 as n\n"
			   "    ask \"Turn {n}?\" answers ok, skip timeout 20 s -> abort\n"
			   "    set P = n\n"
			   "  end\n"
			   "  wait 1 min\n"
			   "end\n");
	sequence_start(&r);
	hand_run(&r, NS_PER_S);
	press(&r, COMMAND_SEQ_REPLY, "skip");
	hand_run(&r, NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 0);
	press(&r, COMMAND_SEQ_REPLY, "ok");
	hand_run(&r, NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 2);
	hand_done(&r);
}

/* ---- what is remembered ------------------------------------------------------------------------------------------------------ */

/* Many statements that take no time do not keep another branch from what it has to do. */
static void
test_busy_branch(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "param k = 1\n"
			   "step 10 \"Go\"\n"
			   "  parallel\n"
			   "    do\n"
			   "      repeat 900 as a\n"
			   "        repeat 900 as b\n"
			   "          if k > 2 then mark \"never\"\n"
			   "        end\n"
			   "      end\n"
			   "    do wait 2 s ; set P = 1\n"
			   "  join timeout 1 h -> abort\n"
			   "end\n");
	sequence_start(&r);
	hand_run(&r, 3 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 1);
	hand_done(&r);
}

/* What is outside of its tighter limit can still be stopped where it is. */
static void
test_limit_and_pause(void **state)
{
	struct hand_rig r = { 0 };
	int16_t stood;

	sequence_begin(&r, "limit T 0 degC .. 30 degC\n"
			   "step 10 \"Go\"\n"
			   "  ramp T to 20 degC at 60 K/min\n"
			   "  wait 10 min\n"
			   "end\n"
			   "on hold > 1 h -> abort\n");
	(void)hand_set(&r, "T", "60"); /* on its way */
	sequence_follow(&r, 65 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), 60);
	sequence_start(&r);
	sequence_follow(&r, 5 * NS_PER_S);
	press(&r, COMMAND_SEQ_PAUSE, "");
	sequence_follow(&r, NS_PER_S);
	stood = sequence_held(&r, 0, 2);
	assert_in_range(stood, 50, 58);
	sequence_follow(&r, 5 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), stood);
	hand_done(&r);
}

/* Nothing is written where nothing moved. */
static void
test_pause_writes_nothing(void **state)
{
	struct hand_rig r = { 0 };
	size_t from;

	sequence_begin(&r, "step 10 \"Go\"\n"
			   "  set P = 1, V = open\n"
			   "  ramp T to 20 degC at 60 K/min\n"
			   "  wait 10 min\n"
			   "end\n"
			   "on hold > 1 h -> abort\n");
	sequence_start(&r);
	sequence_follow(&r, 25 * NS_PER_S);
	from = r.n_writes;
	press(&r, COMMAND_SEQ_PAUSE, "");
	sequence_follow(&r, NS_PER_S);
	press(&r, COMMAND_SEQ_RESUME, "");
	sequence_follow(&r, NS_PER_S);
	assert_int_equal(
		writes_of(&r, 0, 2, from) + writes_of(&r, 0, 3, from) + writes_of(&r, 1, 8, from),
		0);
	hand_done(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arrived_ramp_comes_back),
		cmocka_unit_test(test_ramped_fuel_comes_back),
		cmocka_unit_test(test_questions_in_turn),
		cmocka_unit_test(test_skipped_question),
		cmocka_unit_test(test_answer_that_skips),
		cmocka_unit_test(test_busy_branch),
		cmocka_unit_test(test_limit_and_pause),
		cmocka_unit_test(test_pause_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
