/* test_sequence_review.c - sequences in corners: holds of each kind and what leads out of them, what comes back, what must not move */
#include "sequence_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* RESUME after a `hold` of its own goes on behind it. */
static void
test_hold_statement(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r,
		"step 10 \"Go\"\n"
		"  hold \"look at it\"\n"
		"  set P = 1\n"
		"  if bed > 0 degC then hold until bed > 50 degC for 1 s timeout 1 h -> abort\n"
		"  set P = 2\n"
		"  wait 1 min\n"
		"end\n");
	sequence_start(&r);
	hand_run(&r, NS_PER_S);
	sequence_is_state(&r, "held");
	press(&r, COMMAND_SEQ_RESUME, "");
	hand_run(&r, NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 1);
	sequence_is_state(&r, "held");
	r.device[1].held[6] = 60;
	hand_run(&r, 3 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_int_equal(sequence_held(&r, 0, 3), 2);
	hand_done(&r);
}

/* Branches that did not end in time go on at RESUME; they are not forked once more. */
static void
test_join_that_holds(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "step 10 \"Go\"\n"
			   "  parallel\n"
			   "    do wait 4 s ; set P = 5 ; mark \"one\"\n"
			   "    do wait 4 s ; set N2 = 60 mL/min ; mark \"two\"\n"
			   "  join timeout 3 s -> hold\n"
			   "  mark \"joined\"\n"
			   "  wait 1 min\n"
			   "end\n");
	sequence_start(&r);
	hand_run(&r, 4 * NS_PER_S);
	sequence_is_state(&r, "held");
	press(&r, COMMAND_SEQ_RESUME, "");
	hand_run(&r, 2 * NS_PER_S);
	assert_int_equal(hand_count(&r, EVENT_SEQUENCE_MARK, "t"), 3);
	hand_run(&r, 5 * NS_PER_S);
	assert_int_equal(hand_count(&r, EVENT_SEQUENCE_MARK, "t"), 3);
	sequence_is_state(&r, "running");
	hand_done(&r);
}

/* A hold whose time is over and that skips, or leads on, is over. */
static void
test_hold_that_gives_up(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "step 10 \"Go\"\n"
			   "  repeat 2 as n\n"
			   "    wait until bed > 90 degC timeout 1 s else hold until bed > 80 degC "
			   "for 1 s timeout 2 s -> skip\n"
			   "  end\n"
			   "  set P = 1\n"
			   "  set T = 40 degC\n"
			   "  wait until bed > 90 degC timeout 1 s else hold until bed > 80 degC "
			   "for 1 s timeout 2 s -> step 30\n"
			   "end\n"
			   "step 30 \"End\" entry always\n"
			   "  set P = 3\n"
			   "  wait 1 min\n"
			   "end\n"
			   "on hold > 1 h -> abort\n");
	sequence_start(&r);
	hand_run(&r, 6700 * NS_PER_MS);
	assert_int_equal(sequence_held(&r, 0, 3), 1);
	sequence_is_state(&r, "running");
	hand_run(&r, 4 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 3);
	sequence_is_state(&r, "running");
	hand_done(&r);
}

/* An entry that is not true: what moves in the background stops, and goes on when it is entered. */
static void
test_entry_holds(void **state)
{
	struct hand_rig r = { 0 };
	int16_t stood;

	sequence_begin(&r, "step 10 \"Go\"\n"
			   "  set T = 30 degC\n"
			   "  wait 5 s\n"
			   "end\n"
			   "step 20 \"On\" entry when bed > 50 degC\n"
			   "  set P = 1\n"
			   "  wait 5 min\n"
			   "end\n"
			   "on hold > 1 h -> abort\n");
	sequence_start(&r);
	hand_run(&r, 6 * NS_PER_S);
	sequence_is_state(&r, "held");
	stood = sequence_held(&r, 0, 2);
	hand_run(&r, 5 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), stood);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_RESUME, "", "", NULL), VERDICT_REFUSED);
	r.device[1].held[6] = 60;
	hand_run(&r, NS_PER_S);
	press(&r, COMMAND_SEQ_RESUME, "");
	hand_run(&r, 35 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 1);
	assert_int_equal(sequence_held(&r, 0, 2), 30);
	hand_done(&r);
}

/* GO TO another step: what was on its way stays where it stopped, for good. */
static void
test_go_to_leaves_nothing_moving(void **state)
{
	struct hand_rig r = { 0 };
	int16_t stood;

	sequence_begin(&r, "step 10 \"Go\"\n"
			   "  set T = 60 degC\n"
			   "  wait 5 min\n"
			   "end\n"
			   "step 20 \"On\"\n"
			   "  set P = 2\n"
			   "end\n"
			   "step 30 \"End\" entry always\n"
			   "  set P = 3\n"
			   "  wait 5 min\n"
			   "end\n"
			   "on hold > 1 h -> abort\n");
	sequence_start(&r);
	hand_run(&r, 6 * NS_PER_S);
	press(&r, COMMAND_SEQ_GOTO, "30");
	hand_run(&r, NS_PER_S);
	press(&r, COMMAND_SEQ_RESUME, "");
	hand_run(&r, 2 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 3);
	stood = sequence_held(&r, 0, 2);
	hand_run(&r, 5 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), stood);
	press(&r, COMMAND_SEQ_PAUSE, "");
	hand_run(&r, NS_PER_S);
	press(&r, COMMAND_SEQ_RESUME, "");
	hand_run(&r, 10 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), stood);
	hand_done(&r);
}

/* GO TO a step that RESUME would not enter is refused at once. */
static void
test_go_to_the_first(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "step 10 \"Go\"\n"
			   "  set P = 1\n"
			   "end\n"
			   "step 20 \"On\"\n"
			   "  wait 5 min\n"
			   "end\n");
	sequence_start(&r);
	hand_run(&r, NS_PER_S);
	if (sequence_press(&r, COMMAND_SEQ_GOTO, "", "10", NULL) == VERDICT_VERIFIED)
		press(&r, COMMAND_SEQ_RESUME, "");
	hand_done(&r);
}

/* SAFE PAUSE of what would go on by itself: only a person ends it. */
static void
test_safe_pause_of_a_hold(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin_with(&r,
		"step 10 \"Go\"\n"
		"  set N2 = 50 mL/min, P = 7\n"
		"  wait until bed > 90 degC timeout 1 s else hold until bed > 50 degC for 1 s "
		"timeout 1 h -> abort\n"
		"  set P = 1\n"
		"end\n",
		"", "");
	sequence_start(&r);
	hand_run(&r, 3 * NS_PER_S);
	sequence_is_state(&r, "held");
	press(&r, COMMAND_SEQ_SAFE_PAUSE, "");
	hand_run(&r, 2 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 1, 0), 100);
	r.device[1].held[6] = 95;
	hand_run(&r, 5 * NS_PER_S);
	sequence_is_state(&r, "held");
	press(&r, COMMAND_SEQ_RESUME, "");
	hand_run(&r, 3 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 1, 0), 50);
	assert_int_equal(sequence_held(&r, 0, 3), 1);
	hand_done(&r);
}

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

/* The same of what protection had: it comes back in order, what burns behind what is inert. */
static void
test_after_a_safe_state(void **state)
{
	struct hand_rig r = { 0 };
	size_t from, n2 = 0, h2 = 0;

	sequence_begin(&r, "step 10 \"Go\"\n"
			   "  set N2 = 50 mL/min, V = open\n"
			   "  ramp H2 to 5 mL/min at 300 mL/min/min\n"
			   "  ramp T to 30 degC at 60 K/min\n"
			   "  wait 10 min\n"
			   "end\n"
			   "on hold > 1 h -> abort\n");
	sequence_start(&r);
	sequence_follow(&r, 40 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), 30);
	assert_int_equal(sequence_held(&r, 1, 4), 5);
	(void)sequence_press(&r, COMMAND_SAFE, "cold", "", NULL); /* it takes its time */
	sequence_follow(&r, 3 * NS_PER_S);
	sequence_is_state(&r, "held");
	assert_int_equal(sequence_held(&r, 1, 8), 0);
	assert_int_equal(sequence_press(&r, COMMAND_RELEASE, "cold", "", NULL), VERDICT_VERIFIED);
	hand_run(&r, NS_PER_S);
	from = r.n_writes;
	press(&r, COMMAND_SEQ_RESUME, "");
	sequence_follow(&r, 60 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_int_equal(sequence_held(&r, 1, 0), 50);
	assert_int_equal(sequence_held(&r, 1, 8), 1);
	assert_int_equal(sequence_held(&r, 1, 4), 5);
	assert_int_equal(sequence_held(&r, 0, 2), 30);
	for (size_t i = r.n_writes; i-- > from;) {
		if (r.writes[i].device == 1 && r.writes[i].address == 0)
			n2 = i;
		if (r.writes[i].device == 1 &&
			(r.writes[i].address == 4 || r.writes[i].address == 8))
			h2 = i;
	}
	assert_true(n2 < h2);
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

/* What does not come back holds it, and a hold does not last for ever. */
static void
test_restarting_fails(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin_with(&r,
		"step 10 \"Go\"\n"
		"  set N2 = 50 mL/min, T = 20 degC\n"
		"  wait 10 min\n"
		"end\n"
		"on hold > 1 min -> abort\n",
		"", "");
	sequence_start(&r);
	sequence_follow(&r, 22 * NS_PER_S);
	press(&r, COMMAND_SEQ_SAFE_PAUSE, "");
	sequence_follow(&r, 2 * NS_PER_S);
	r.device[1].refuses = true;
	press(&r, COMMAND_SEQ_RESUME, "");
	sequence_follow(&r, 5 * NS_PER_S);
	sequence_is_state(&r, "held");
	r.device[1].refuses = false;
	press(&r, COMMAND_SEQ_RESUME, "");
	sequence_follow(&r, 25 * NS_PER_S);
	sequence_is_state(&r, "running");
	assert_int_equal(sequence_held(&r, 1, 0), 50);
	press(&r, COMMAND_SEQ_SAFE_PAUSE, "");
	sequence_follow(&r, 2 * NS_PER_S);
	r.device[1].is_silent = true;
	press(&r, COMMAND_SEQ_RESUME, "");
	sequence_follow(&r, 130 * NS_PER_S);
	sequence_is_state(&r, "aborted");
	hand_done(&r);
}

/* ---- handlers -------------------------------------------------------------------------------------------------------------- */

/* A hold in the steps of `on hold` ends, too: in the safe state. */
static void
test_hold_while_stopping(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin_with(&r,
		"step 10 \"Go\"\n"
		"  set T = 20 degC\n"
		"  wait 10 min\n"
		"end\n"
		"step 30 \"End\" entry always\n"
		"  wait until bed > 90 degC timeout 1 s else hold \"not warm\"\n"
		"  set P = 3\n"
		"  wait 10 s\n"
		"end\n"
		"on hold > 10 s -> step 30\n",
		"", "");
	sequence_start(&r);
	sequence_follow(&r, 22 * NS_PER_S);
	press(&r, COMMAND_SEQ_PAUSE, "");
	sequence_follow(&r, 13 * NS_PER_S);
	sequence_is_state(&r, "held");
	press(&r, COMMAND_SEQ_RESUME, "");
	sequence_follow(&r, 500 * NS_PER_MS);
	sequence_is_state(&r, "stopping");
	sequence_follow(&r, 15 * NS_PER_S);
	assert_string_equal(hand_word(&r, "safe.cold"), "reached");
	sequence_is_state(&r, "aborted");
	hand_done(&r);
}

/* `on abort -> trip` latches as any other trip of a sequence. */
static void
test_abort_to_a_trip(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "step 10 \"Go\"\n"
			   "  set T = 20 degC\n"
			   "  wait 10 min\n"
			   "end\n"
			   "on abort -> trip cold\n"
			   "on hold > 1 h -> abort\n");
	sequence_start(&r);
	hand_run(&r, NS_PER_S);
	press(&r, COMMAND_SEQ_ABORT, "");
	hand_run(&r, 3 * NS_PER_S);
	sequence_is_state(&r, "aborted");
	assert_string_equal(hand_word(&r, "T.owner"), "trip");
	hand_done(&r);
}

/* ---- guards ---------------------------------------------------------------------------------------------------------------- */

/* What burns and was safe all the time holds nothing up. Guards act again at once. */
static void
test_nothing_burned(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "guard hot when bed > 100 degC for 500 ms -> trip cold\n"
			   "step 10 \"Go\" entry always\n"
			   "  ramp T to 40 degC at 60 K/min\n"
			   "  wait 10 min\n"
			   "end\n"
			   "on hold > 1 h -> abort\n"
			   "on power_loss\n  outage < 2 min -> ramp back at 6 K/min then continue\n"
			   "  otherwise -> trip cold\n");
	sequence_start(&r);
	sequence_follow(&r, 45 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), 40);
	r.device[0].held[1] = 10;
	hand_kill(&r, 60 * NS_PER_S);
	hand_run(&r, 8 * NS_PER_S);
	sequence_is_state(&r, "running");
	sequence_follow(&r, 20 * NS_PER_S);
	assert_in_range(sequence_held(&r, 0, 2), 11, 14); /* on its way */
	r.device[1].held[6] = 150;
	hand_run(&r, 4 * NS_PER_S);
	assert_string_equal(hand_word(&r, "T.owner"), "trip");
	assert_int_equal(sequence_held(&r, 0, 2), 0);
	sequence_is_state(&r, "aborted");
	hand_done(&r);
}

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

/* While it is paused nobody looks: what was quiet, or true, before does not count for that time. */
static void
test_pause_is_not_looked_at(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "step 10 \"Go\"\n"
			   "  wait stable bed within 2 K for 10 s timeout 5 min else skip\n"
			   "  set P = 1\n"
			   "  wait until bed > 10 degC for 10 s timeout 5 min else skip\n"
			   "  set P = 2\n"
			   "  wait 10 min\n"
			   "end\n");
	sequence_start(&r);
	hand_run(&r, 4 * NS_PER_S);
	press(&r, COMMAND_SEQ_PAUSE, "");
	hand_run(&r, NS_PER_S);
	r.device[1].held[6] = 90;
	hand_run(&r, 10 * NS_PER_S);
	r.device[1].held[6] = 20;
	hand_run(&r, NS_PER_S);
	press(&r, COMMAND_SEQ_RESUME, "");
	hand_run(&r, NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 0);
	hand_run(&r, 10 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 1);
	press(&r, COMMAND_SEQ_PAUSE, "");
	hand_run(&r, NS_PER_S);
	r.device[1].held[6] = 0;
	hand_run(&r, 10 * NS_PER_S);
	r.device[1].held[6] = 20;
	hand_run(&r, NS_PER_S);
	press(&r, COMMAND_SEQ_RESUME, "");
	hand_run(&r, NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 1);
	hand_run(&r, 10 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 2);
	hand_done(&r);
}

/* What an expression remembers it has seen since the turn began, not at its own statement alone. */
static void
test_rsd_of_a_turn(void **state)
{
	struct hand_rig r = { 0 };

	sequence_begin(&r, "step 10 \"Go\"\n"
			   "  repeat 2 as n\n"
			   "    wait 5 s\n"
			   "    if rsd(P, 3) > 5 % then mark \"scattered {n}\"\n"
			   "  end\n"
			   "  result m = mean(N2, 4 s)\n"
			   "  wait 10 min\n"
			   "end\n");
	sequence_start(&r);
	for (int k = 0; k < 60; k++) {
		r.device[0].held[3] = (int16_t)(k % 2 ? 40 : 20);
		hand_run(&r, 100 * NS_PER_MS);
	}
	assert_int_equal(hand_count(&r, EVENT_SEQUENCE_MARK, "t"), 1);
	hand_run(&r, 6 * NS_PER_S);
	assert_int_equal(hand_last(&r, EVENT_SEQUENCE_RESULT)->n_values, 1);
	hand_done(&r);
}

/* A text of a field is after a restart what it was. */
static void
test_long_text(void **state)
{
	struct hand_rig r = { 0 };
	char long_one[COMMAND_VALUE];

	memset(long_one, 'x', sizeof(long_one));
	long_one[sizeof(long_one) - 2] = 'y';
	long_one[sizeof(long_one) - 1] = '\0';
	sequence_begin(&r, "meta sample text\n"
			   "step 10 \"Go\"\n"
			   "  mark \"{sample}\"\n"
			   "  wait 3 s\n"
			   "  mark \"{sample}\"\n"
			   "  wait 10 min\n"
			   "end\n");
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_PREPARE, "t", "", NULL), VERDICT_VERIFIED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_ANSWER_FORM, "sample", long_one, NULL),
		VERDICT_VERIFIED);
	assert_int_equal(sequence_press(&r, COMMAND_SEQ_START, "t", "", NULL), VERDICT_VERIFIED);
	hand_run(&r, NS_PER_S);
	assert_string_equal(hand_last(&r, EVENT_SEQUENCE_MARK)->text, long_one);
	hand_kill(&r, NS_PER_S);
	hand_run(&r, 8 * NS_PER_S);
	assert_int_equal(hand_count(&r, EVENT_SEQUENCE_MARK, "t"), 2);
	assert_string_equal(hand_last(&r, EVENT_SEQUENCE_MARK)->text, long_one);
	hand_done(&r);
}

/* A small bench with these channels and a sequence that heats; ids by their names, as the supervisor gives them. */
static struct image *
small_bench(const char *channels, const char *step)
{
	char folder[] = "/tmp/mbc-review-XXXXXX", file[60], text[2000];
	struct image *img;
	FILE *f;

	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/t.seq", folder);
	f = fopen(file, "w");
	assert_non_null(f);
	fprintf(f,
		"sequence \"Test\" version 1\nneeds T\nstep 10 \"%s\"\n  set T = 60 degC\n"
		"  wait 10 min\nend\non hold > 1 h -> abort\n",
		step);
	fclose(f);
	snprintf(text, sizeof(text),
		"bench: b\nsequences: %s\nlinks:\n  l0: {tcp: \"127.0.0.1:1502\"}\ninstruments:\n"
		"  d0:\n    use: modbus\n    link: l0\n    every: 100 ms\n    timeout: 200 ms\n"
		"    channels:\n"
		"      a: {read: {holding: 2, type: int16}, write: {holding: 2}, unit: degC}\n"
		"      b: {read: {holding: 3, type: int16}, write: {holding: 3}, unit: degC}\n"
		"channels:\n%s"
		"safe_states:\n  cold: {order: [{set: T, to: 0 degC}]}\n",
		folder, channels);
	img = hand_compile(text);
	unlink(file);
	rmdir(folder);
	for (uint32_t i = 0; i < img->channels.n; i++) {
		struct image_channel *ch =
			(struct image_channel *)(uintptr_t)image_channel_at(img, i);
		uint32_t id = 0;

		for (const char *at = image_text(img, ch->name); *at != '\0'; at++)
			id = id * 31 + (uint8_t)*at;
		ch->id = id % 1000003 + 1;
	}
	return img;
}

#define T_CHANNEL "  T: {read: d0.a, write: d0.a, range: [0, 700], ramp: 60 K/min, hazard: heat}\n"
#define Q_CHANNEL "  Q: {read: d0.b, write: d0.b, range: [0, 700]}\n"

/* The bench, or the sequence, is another one when it starts again: nothing of it goes on, and what was hot is made safe. */
static void
test_another_bench(void **state)
{
	for (int k = 0; k < 3; k++) {
		struct hand_rig r = { 0 };
		struct image *old;

		hand_init(&r, small_bench(T_CHANNEL Q_CHANNEL, "Go"), 1);
		hand_run(&r, 3 * NS_PER_S);
		sequence_start(&r);
		hand_run(&r, 10 * NS_PER_S);
		assert_in_range(sequence_held(&r, 0, 2), 8, 11);
		old = r.img;
		r.img = k == 1 ? small_bench(Q_CHANNEL T_CHANNEL, "Go")
			       : small_bench(T_CHANNEL Q_CHANNEL, k == 0 ? "Go" : "Other");
		hand_kill(&r, 2 * NS_PER_S);
		hand_run(&r, 10 * NS_PER_S);
		if (k == 0) {
			sequence_is_state(&r, "running");
			assert_in_range(sequence_held(&r, 0, 2), 17, 24);
		} else {
			sequence_is_state(&r, "idle");
			assert_int_equal(hand_count(&r, EVENT_SEQUENCE_ABORTED, "sequence"), 1);
			assert_string_equal(hand_word(&r, "T.owner"), "safe_state");
			assert_int_equal(sequence_held(&r, 0, 2), 0);
		}
		assert_int_equal(writes_of(&r, 0, 3, 0), 0);
		hand_done(&r);
		free(old);
	}
}

/* A reload on the way to the safe state: it ends there. */
static void
test_reload_while_aborting(void **state)
{
	struct hand_rig r = { 0 };

	hand_init(&r, small_bench(T_CHANNEL Q_CHANNEL, "Go"), 1);
	hand_run(&r, 3 * NS_PER_S);
	sequence_start(&r);
	hand_run(&r, 5 * NS_PER_S);
	r.device[0].is_silent = true;
	press(&r, COMMAND_SEQ_ABORT, "");
	hand_run(&r, 300 * NS_PER_MS);
	sequence_is_state(&r, "aborting");
	hand_reload(&r, small_bench(T_CHANNEL Q_CHANNEL, "Go"));
	r.device[0].is_silent = false;
	hand_run(&r, 20 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 2), 0);
	sequence_is_state(&r, "aborted");
	hand_done(&r);
}

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

/* ---- amendments ---------------------------------------------------------------------------------------------------------- */

#define AMENDED(first, second, third, guard)                                                       \
	guard "step 10 \"One\"\n  " first "\n  wait 5 s\nend\n"                                    \
	      "step 20 \"Two\"\n  " second "\n  wait 5 s\nend\n"                                   \
	      "step 30 \"Three\"\n  " third "\n  wait 1 h\nend\n"

/* The image of a bench with this sequence; the caller's. */
static struct image *
image_with(const char *text)
{
	struct hand_rig other = { 0 };
	struct image *img;

	sequence_begin(&other, text);
	img = malloc(other.img->size);
	assert_non_null(img);
	memcpy(img, other.img, other.img->size);
	hand_done(&other);
	return img;
}

/* Steps that have not begun can be changed by new files; what has begun, and guards, cannot. */
static void
test_amendments(void **state)
{
	static const char *const refused[][2] = {
		{ AMENDED("set P = 9", "set P = 2", "set P = 3", ""), "step 10, which has begun" },
		{ AMENDED("set P = 1", "set P = 9", "set P = 3", ""), "step 20, which has begun" },
		{ AMENDED("set P = 1", "set P = 2", "set P = 3",
			  "guard hot when bed > 90 degC -> abort\n"),
			"guards, handlers" },
		{ AMENDED("set P = 1", "set P = 2", "set N2 = 3 mL/min", ""), "guards, handlers" },
		{ AMENDED("set P = 1", "set P = 2", "set P = 3", "") "on hold > 2 h -> abort\n",
			"guards, handlers" },
		{ AMENDED("set P = 1", "set P = 2", "set P = 3",
			  "") "on power_loss\n  outage < 1 min -> ask\n  otherwise -> trip "
			      "cold\nend\n",
			"guards, handlers" },
	};
	struct hand_rig r = { 0 };
	struct image *img;
	struct err err;

	sequence_begin(&r, AMENDED("set P = 1", "set P = 2", "set P = 3", ""));
	sequence_start(&r);
	sequence_follow(&r, 7 * NS_PER_S);
	assert_int_equal((int)hand_value(&r, "sequence.step"), 20);
	for (size_t i = 0; i < NELEM(refused); i++) {
		img = image_with(refused[i][0]);
		assert_int_equal(bench_may_adopt(r.bench, img, &err), ERR_REFUSED);
		if (strstr(err.msg, refused[i][1]) == NULL)
			fail_msg("%zu: %s", i, err.msg);
		free(img);
	}
	img = image_with(
		AMENDED("set P = 1", "set P = 2", "set P = 33\n  wait 2 s\n  set P = 44", ""));
	assert_int_equal(bench_may_adopt(r.bench, img, &err), 0);
	hand_reload(&r, img);
	assert_string_equal(hand_last(&r, EVENT_SEQUENCE_AMENDED)->text, "steps 30");
	sequence_follow(&r, NS_PER_S);
	sequence_is_state(&r, "running");
	hand_kill(&r, NS_PER_S);
	for (int i = 0; i < 200 && sequence_held(&r, 0, 3) != 33; i++)
		sequence_follow(&r, 100 * NS_PER_MS);
	assert_int_equal(sequence_held(&r, 0, 3), 33);
	sequence_follow(&r, 4 * NS_PER_S);
	assert_int_equal(sequence_held(&r, 0, 3), 44);
	sequence_is_state(&r, "running");
	hand_done(&r);
}

/* ---- records --------------------------------------------------------------------------------------------------------------- */

/* Of three the first is stopped, the second begun twice and stopped once, the third in nobody's mind; an end by ABORT is told by that alone. */
static void
test_records_left(void **state)
{
	static const char text[] = "step 10 \"Go\"\n"
				   "  record \"a\" every 1 s: bed\n"
				   "  record \"b\" every 1 s: bed\n"
				   "  record \"c\" every 2 s: bed\n"
				   "  wait 3 s\n"
				   "  stop record \"a\"\n"
				   "  stop record \"b\"\n"
				   "  wait 1 s\n"
				   "end\n";
	struct hand_rig r = { 0 };

	sequence_begin(&r, text);
	sequence_start(&r);
	hand_run(&r, 2 * NS_PER_S);
	hand_kill(&r, NS_PER_S);
	sequence_follow(&r, 20 * NS_PER_S);
	sequence_is_state(&r, "complete");
	assert_int_equal(hand_count(&r, EVENT_SEQUENCE_RECORD_LEFT, "t"), 1);
	sequence_start(&r);
	hand_run(&r, 2 * NS_PER_S);
	press(&r, COMMAND_SEQ_ABORT, "");
	hand_run(&r, 2 * NS_PER_S);
	assert_int_equal(hand_count(&r, EVENT_SEQUENCE_RECORD_LEFT, "t"), 1);
	hand_done(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hold_statement),
		cmocka_unit_test(test_join_that_holds),
		cmocka_unit_test(test_hold_that_gives_up),
		cmocka_unit_test(test_entry_holds),
		cmocka_unit_test(test_go_to_leaves_nothing_moving),
		cmocka_unit_test(test_go_to_the_first),
		cmocka_unit_test(test_safe_pause_of_a_hold),
		cmocka_unit_test(test_arrived_ramp_comes_back),
		cmocka_unit_test(test_after_a_safe_state),
		cmocka_unit_test(test_ramped_fuel_comes_back),
		cmocka_unit_test(test_restarting_fails),
		cmocka_unit_test(test_hold_while_stopping),
		cmocka_unit_test(test_abort_to_a_trip),
		cmocka_unit_test(test_nothing_burned),
		cmocka_unit_test(test_questions_in_turn),
		cmocka_unit_test(test_skipped_question),
		cmocka_unit_test(test_answer_that_skips),
		cmocka_unit_test(test_pause_is_not_looked_at),
		cmocka_unit_test(test_rsd_of_a_turn),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_another_bench),
		cmocka_unit_test(test_reload_while_aborting),
		cmocka_unit_test(test_busy_branch),
		cmocka_unit_test(test_limit_and_pause),
		cmocka_unit_test(test_pause_writes_nothing),
		cmocka_unit_test(test_amendments),
		cmocka_unit_test(test_records_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
